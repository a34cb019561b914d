// SPDX-License-Identifier: GPL-2.0-only
/**
 * The `spf` command. Each subcommand lives in a directory of its own and is
 * added here. A user's mistake is one line on stderr and exit code 2.
 */
import { Command } from "commander";
import { mannered } from "../scripts/lib/command.ts";
import { announce_builds } from "../scripts/lib/objtree.ts";
import { mind_output, outcome } from "../scripts/lib/program.ts";
import { add_explore } from "./explore/outside/index.ts";
import { add_kconfig } from "./kconfig/index.ts";
import { add_litmus } from "./litmus/index.ts";
import { add_read } from "./read/index.ts";
import { add_record } from "./record/index.ts";
import { add_replay } from "./replay/index.ts";
import { add_run } from "./run/index.ts";
import { add_series } from "./series/index.ts";
import { add_stat } from "./stat/index.ts";
import { add_trace } from "./trace/index.ts";

const SUBCOMMANDS: readonly ((program: Command) => void)[] = [
	add_record,
	add_replay,
	add_run,
	add_stat,
	add_trace,
	add_explore,
	add_litmus,
	add_series,
	add_kconfig,
	add_read,
];

/** The command line with all subcommands. What does their work is only loaded by the one that is run. */
export function make_program(): Command {
	const spf = new Command("spf")
		.description("Linux's speculative page faults, replayed on an executable kernel")
		.enablePositionalOptions()
		.showHelpAfterError(false);
	for (const add of SUBCOMMANDS) add(spf);
	return mannered(spf);
}

/** Runs a command line; the result is the exit status. */
export function main(args: string[]): Promise<number> {
	mind_output("spf");
	announce_builds((dir) => void process.stderr.write(`spf: building a kernel in ${dir}\n`));
	return outcome("spf", async () => {
		await make_program().parseAsync(args, { from: "user" });
	});
}
