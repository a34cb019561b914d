// SPDX-License-Identifier: GPL-2.0-only
/**
 * The `spf` command. Each subcommand lives in a directory of its own and is
 * added here. A user's mistake is one line on stderr and exit code 2.
 */
import { Command, CommanderError } from "commander";
import { add_explore } from "./explore/outside/index.ts";
import { add_kconfig } from "./kconfig/index.ts";
import { add_litmus } from "./litmus/index.ts";
import { add_record } from "./record/index.ts";
import { UserError } from "./lib/errors.ts";
import { add_replay } from "./replay/index.ts";
import { add_run } from "./run/index.ts";

const SUBCOMMANDS: readonly ((program: Command) => void)[] = [
	add_record,
	add_replay,
	add_run,
	add_explore,
	add_litmus,
	add_kconfig,
];

/** The command line with all subcommands. What does their work is only loaded by the one that is run. */
export function make_program(): Command {
	const program = new Command("spf")
		.description("Linux's speculative page faults, replayed on an executable kernel")
		.enablePositionalOptions()
		.showHelpAfterError(false)
		.exitOverride();
	for (const add of SUBCOMMANDS) add(program);
	for (const command of program.commands) command.exitOverride();
	return program;
}

/** Runs a command line; the result is the exit code. */
export async function main(args: string[]): Promise<number> {
	try {
		await make_program().parseAsync(args, { from: "user" });
		return Number(process.exitCode ?? 0);
	} catch (error) {
		/* commander has said what is wrong; --help and --version are no errors. */
		if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
		if (!(error instanceof UserError)) throw error;
		process.stderr.write(`spf: ${error.message}\n`);
		return 2;
	}
}
