// SPDX-License-Identifier: GPL-2.0-only
/** The command line of `spf replay`. What replays is loaded when it is asked to. */
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { whole_number } from "../lib/options.ts";
import { collect } from "../lib/proc.ts";
import { mem_option } from "../lib/ram.ts";

const SAMPLE = fileURLToPath(new URL("sample", import.meta.url));

export interface ReplayOptions {
	check?: boolean;
	cpus?: string;
	mem?: string;
	vmlinux?: string;
	maps?: boolean;
	proc?: string[];
	json?: boolean;
	repeat?: string;
	warm?: boolean;
	trace?: string;
	compare?: boolean;
	locks?: boolean;
}

export function add_replay(program: Command): void {
	program.command("replay")
		.description("replay a recording on the kernel: compare what comes out, or measure")
		.argument("[directory]", "a recording (default: the sample that comes with spf)", SAMPLE)
		.option("--check", "one CPU, in recorded order; the kernel places mappings itself")
		.option("--cpus <n>", "number of CPUs (default: as many as this machine has)")
		.option("--mem <MiB>", "memory of the machine (default: CONFIG_PHYS_MEM_MB)")
		.option(
			"--vmlinux <file>",
			"the kernel (default: vmlinux.mjs of this tree, else one is built in build/default)",
		)
		.option("--repeat <n>", "replay n times on one machine, each compared; report the last")
		.option("--warm", "each time once before, not shown: what it reads of files is in the page cache then")
		.option("--trace <file>", "write down trace points' events; .json, .dat: see spf trace --help")
		.option("--compare", "with and without speculation, on 1 to as many CPUs, in turn: a table of medians")
		.option("--locks", "who waited for whom for mmap_lock: calls, threads, addresses, times")
		.option("--maps", "print the program's maps at its end")
		.option(
			"--proc <file>",
			"print a file of /proc at the program's end, of each process: smaps, vmstat, ...",
			collect,
		)
		.option("--json", "print one JSON object")
		.addHelpText(
			"after",
			"\nExit status: 0 if everything came out as recorded, 1 if not, 2 for mistakes in options or files.",
		)
		.action(async (directory: string, options: ReplayOptions) => {
			/* Numbers that make no sense for any kernel come first. */
			for (const name of ["cpus", "repeat"] as const) whole_number(`--${name}`, options[name]);
			mem_option(options.mem);
			if (options.compare) {
				const { compare } = await import("./compare_sides.ts");
				process.exitCode = await compare(directory, options);
				return;
			}
			(await import("../../arch/host/threads/machine.ts")).start_thread();
			const { replay } = await import("./run.ts");
			process.exitCode = await replay(directory, options);
		});
}
