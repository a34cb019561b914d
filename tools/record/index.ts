// SPDX-License-Identifier: GPL-2.0-only
/** The command line of `spf record`. What records is loaded when it is asked to. */
import type { Command } from "commander";
import { count } from "../../scripts/lib/words.ts";
import { UserError } from "../lib/errors.ts";
import { whole_number } from "../lib/options.ts";
import { collect } from "../lib/proc.ts";

interface Options {
	output?: string;
	force?: boolean;
	pid?: string;
	faults: boolean;
	env?: string[];
	hold?: string;
}

/** Where the recording goes, and the command. */
function words_of(words: string[], { output, pid }: Options): [directory: string, command: string[]] {
	const [directory, command] = output === undefined ? [words[0], words.slice(1)] : [output, words];
	if (directory === undefined || directory === "")
		throw new UserError("record: no directory; say 'spf record DIR -- COMMAND'");
	if (pid === undefined && command.length === 0)
		throw new UserError("record: no command; say 'spf record DIR -- COMMAND'");
	if (pid !== undefined && command.length > 0)
		throw new UserError(`record: -p ${pid} and a command ('${command[0]}'); leave out one of the two`);
	return [directory, command];
}

export function add_record(program: Command): void {
	program.command("record")
		.description("run a program once and write down what it does to its memory (needs strace and perf)")
		.usage("[options] <directory> -- <command...>")
		.argument("[words...]", "where the recording goes, then '--', the program and its arguments")
		.option("-o, --output <directory>", "where the recording goes; then all words are the command")
		.option("-p, --pid <pid>", "record a program that runs already, until Ctrl-C")
		.option("-E, --env <name=value>", "in the environment of the program only", collect)
		.option(
			"--hold <ms>",
			"how long each process waits for us after an execve and before its end (default: 60)",
		)
		.option("--no-faults", "without perf: system calls only")
		.option("--force", "write over an earlier recording")
		.addHelpText(
			"after",
			"\nCtrl-C is handed on to the program, and the recording is finished when it has ended." +
				"\n\nExamples:\n  $ spf record /tmp/ls -- ls -l\n  $ spf record /tmp/server -p 1234" +
				"\n  $ spf replay --check /tmp/ls",
		)
		.action(async (words: string[], options: Options) => {
			const pid = whole_number("--pid", options.pid);
			const hold = whole_number("--hold", options.hold, { most: 60_000, why: "a minute" });
			const [directory, command] = words_of(words, options);
			const wrong = options.env?.find((pair) => !/^[^=]+=/.test(pair));
			if (wrong !== undefined) throw new UserError(`--env ${wrong}: expected NAME=VALUE`);
			const { record } = await import("./record.ts");
			const { faults, force, env } = options;
			const { trace, notes } = await record({ directory, command, pid, force, faults, env, hold });
			const found = trace.ops.filter((op) => op.kind === "fault").length;
			for (const note of notes) process.stderr.write(`spf: ${note}\n`);
			process.stdout.write(
				`${directory}: ${count(trace.lines, "line")} of system calls and ${count(found, "page fault")} of ${count(trace.tasks.length, "thread")}\n`,
			);
		});
}
