// SPDX-License-Identifier: GPL-2.0-only
/** The command line of `spf trace`. What traces is loaded when it is asked to. */
import { type Command, InvalidArgumentError } from "commander";

export interface TraceCommand {
	event?: string[];
	format?: string;
	output?: string;
	bufferSize?: string;
	cpus?: string;
	mem?: string;
	vmlinux?: string;
}

/** One more of an option that may be there several times, and have several values at once. */
function more(value: string, all: string[] = []): string[] {
	const names = value.split(",");
	if (names.includes("")) throw new InvalidArgumentError("an event has a name");
	return [...all, ...names];
}

export function add_trace(program: Command): void {
	program.command("trace")
		.description("run a recording or a program of your own, and write down its trace points' events")
		.argument("<what>", "a recording's directory, or a program: see Documentation/run.md")
		.option("-e, --event <event>", "SYSTEM:EVENT, or either, with * for any text (default: all)", more)
		.option("--format <format>", "ftrace, perfetto, hist or dat (default: by the name of -o, else ftrace)")
		.option("-o, --output <file>", "instead of the standard output; FILE.json is perfetto, FILE.dat dat")
		.option("-b, --buffer-size <KiB>", "of each CPU's buffer (default: 1024)")
		.option("--cpus <n>", "number of CPUs, of a recording (default: as many as this machine has)")
		.option("--mem <MiB>", "memory of the machine")
		.option("--vmlinux <file>", "a kernel with CONFIG_TRACING (default: one is built in build/tracing)")
		.addHelpText(
			"after",
			"\nFormats:\n" +
				"  ftrace    text, as the file trace of Linux has it\n" +
				"  perfetto  JSON for ui.perfetto.dev: a track for each CPU\n" +
				"  hist      histograms of times, as bpftrace prints them\n" +
				"  dat       trace.dat, for trace-cmd and KernelShark\n" +
				"\nExit status: 0; 1 if the program threw, the recording came out otherwise, or the\n" +
				"kernel died; 2 for mistakes in options or files.",
		)
		.action(async (what: string, options: TraceCommand) => {
			const { trace } = await import("./trace.ts");
			process.exitCode = await trace(what, options);
		});
}
