// SPDX-License-Identifier: GPL-2.0-only
/** The command line of `spf stat`. What counts is loaded when it is asked to. */
import type { Command } from "commander";

export interface StatCommand {
	event?: string[];
	repeat?: string;
	fieldSeparator?: string;
	output?: string;
	cpus?: string;
	mem?: string;
	vmlinux?: string;
	off?: boolean;
}

export function add_stat(program: Command): void {
	program.command("stat")
		.description("run a recording or a program of your own, and count its page faults as perf stat does")
		.argument("<what>", "a recording's directory, or a program: see Documentation/run.md")
		.option(
			"-e, --event <list>",
			"page-faults, minor-faults, major-faults, speculative-faults (default: all)",
			(value: string, all: string[] = []) => [...all, ...value.split(",")],
		)
		.option("-r, --repeat <n>", "run it n times on one machine: means and their deviation")
		.option("-x, --field-separator <text>", "lines for other programs, as perf stat -x prints them")
		.option("-o, --output <file>", "instead of stderr, where perf stat prints it")
		.option("--cpus <n>", "number of CPUs, of a recording (default: as many as this machine has)")
		.option("--mem <MiB>", "memory of the machine")
		.option("--off", "on a kernel without speculative page faults")
		.option("--vmlinux <file>", "a kernel with CONFIG_PERF_EVENTS (default: one is built in build/default)")
		.addHelpText(
			"after",
			"\nExit status: 0; 1 if the program threw, the recording came out otherwise, or the\n" +
				"kernel died; 2 for mistakes in options or files.",
		)
		.action(async (what: string, options: StatCommand) => {
			const { stat } = await import("./stat.ts");
			process.exitCode = await stat(what, options);
		});
}
