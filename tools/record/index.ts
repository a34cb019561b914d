// SPDX-License-Identifier: GPL-2.0-only
/** The command line of `spf record`. What records is loaded when it is asked to. */
import type { Command } from "commander";
import { count } from "../../scripts/lib/words.ts";
import { UserError } from "../lib/errors.ts";

export function add_record(program: Command): void {
	program.command("record")
		.description("run a program once and write down what it does to its memory (needs strace and perf)")
		.usage("[options] <directory> -- <command...>")
		.argument("<words...>", "where the recording goes, then '--', the program and its arguments")
		.option("-o, --output <directory>", "where the recording goes; then all words are the command")
		.option("--force", "write over an earlier recording")
		.addHelpText("after", "\nExample:\n  $ spf record /tmp/ls -- ls -l\n  $ spf replay --check /tmp/ls")
		.action(async (words: string[], options: { output?: string; force?: boolean }) => {
			const [directory, command] =
				options.output === undefined ? [words[0], words.slice(1)] : [options.output, words];
			if (command.length === 0)
				throw new UserError("record: no command; say 'spf record DIR -- COMMAND'");
			const { record } = await import("./record.ts");
			const trace = await record({ directory, command, force: options.force });
			const faults = trace.ops.filter((op) => op.kind === "fault").length;
			process.stdout.write(
				`${directory}: ${count(trace.lines, "line")} of system calls and ${count(faults, "page fault")} of ${count(trace.tasks.length, "thread")}\n`,
			);
		});
}
