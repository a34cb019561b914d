// SPDX-License-Identifier: GPL-2.0-only
/** The command line of `spf litmus`. What runs the programs is loaded when it is asked to. */
import { availableParallelism } from "node:os";
import type { Command } from "commander";
import { MODELS } from "../explore/outside/types.ts";
import { one_of, whole_number } from "../lib/options.ts";

export function add_litmus(program: Command): void {
	program.command("litmus")
		.description("compare the memory models with expected outcomes of litmus programs")
		.argument("<file>", "JSON lines: a program and its final states each")
		.option("--model <model>", "sc, tso or lkmm (default: all that the file has results for)")
		.option("--jobs <n>", "cores to use (default: all)")
		.addHelpText(
			"after",
			"\nExit status: 0 if all sets of final states are equal, 1 if not, 2 for mistakes in options or files.",
		)
		.action(async (file: string, o: { model?: string; jobs?: string }) => {
			const model = one_of("--model", o.model, MODELS);
			const jobs = whole_number("--jobs", o.jobs) ?? availableParallelism();
			const { litmus } = await import("./litmus.ts");
			process.exitCode = await litmus(file, model, jobs);
		});
}
