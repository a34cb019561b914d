// SPDX-License-Identifier: GPL-2.0-only
/**
 * The `spf` command. Each subcommand lives in a directory of its own and is
 * added here. A user's mistake is one line on stderr and exit code 2.
 */
import { Command, CommanderError } from "commander";
import { UserError } from "./replay/errors.ts";

type Add = (program: Command) => void;

/** Loads what adds a subcommand. Only that of the one asked for is needed, and most take long. */
const SUBCOMMANDS: Readonly<Record<string, () => Promise<Add>>> = {
	record: async () => (await import("./record/index.ts")).add_record,
	replay: async () => (await import("./replay/index.ts")).add_replay,
	explore: async () => (await import("./explore/index.ts")).add_explore,
	litmus: async () => (await import("./litmus/index.ts")).add_litmus,
	kconfig: async () => (await import("./kconfig/index.ts")).add_kconfig,
};

/** The command line with one subcommand, or with all if it is none of them: for help, and for mistakes. */
export async function make_program(name?: string): Promise<Command> {
	const program = new Command("spf")
		.description("Linux's speculative page faults, replayed on an executable kernel")
		.enablePositionalOptions()
		.showHelpAfterError(false)
		.exitOverride();
	const wanted = name !== undefined && Object.hasOwn(SUBCOMMANDS, name) ? [SUBCOMMANDS[name]] : Object.values(SUBCOMMANDS);
	for (const load of wanted) (await load())(program);
	for (const command of program.commands) command.exitOverride();
	return program;
}

/** Runs a command line; the result is the exit code. */
export async function main(args: string[]): Promise<number> {
	try {
		await (await make_program(args[0])).parseAsync(args, { from: "user" });
		return Number(process.exitCode ?? 0);
	} catch (error) {
		/* commander has said what is wrong; --help and --version are no errors. */
		if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
		if (!(error instanceof UserError)) throw error;
		process.stderr.write(`spf: ${error.message}\n`);
		return 2;
	}
}
