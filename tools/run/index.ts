// SPDX-License-Identifier: GPL-2.0-only
/** The command line of `spf run`. What runs the program is loaded when it is asked to. */
import type { Command } from "commander";
import { whole_number } from "../lib/options.ts";
import { mem_option } from "../lib/ram.ts";
import { collect } from "../lib/proc.ts";

export interface RunOptions {
	vmlinux?: string;
	off?: boolean;
	mem?: string;
	repeat?: string;
	json?: boolean;
	proc?: string[];
}

export function add_run(program: Command): void {
	program.command("run")
		.description("run a small program of your own on the kernel, its threads at once")
		.argument("<program>", "a JavaScript module, see Documentation/run.md")
		.option("--off", "on a kernel without speculative page faults")
		.option("--vmlinux <file>", "the kernel (default: one is built in build/default)")
		.option("--mem <MiB>", "memory of the machine (default: 256)")
		.option("--repeat <n>", "run it n times on one machine, and add up the counters")
		.option("--proc <file>", "print a file of /proc after check(): smaps, vmstat, ...", collect)
		.option("--json", "print one JSON object")
		.addHelpText(
			"after",
			"\nExit status: 0 if the program ended; 1 if one of its functions threw,\n" +
				"or the kernel warned or died; 2 for mistakes in options or the program.",
		)
		.action(async (file: string, options: RunOptions) => {
			mem_option(options.mem, undefined, 32);
			const repeat = whole_number("--repeat", options.repeat) ?? 1;
			const { run } = await import("./run.ts");
			process.exitCode = await run(file, { ...options, repeat });
		});
}
