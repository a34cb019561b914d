// SPDX-License-Identifier: GPL-2.0-only
/** The command line of `spf litmus`. What runs the programs is loaded when it is asked to. */
import { availableParallelism } from "node:os";
import type { Command } from "commander";
import { MODELS } from "../explore/outside/types.ts";
import { one_of, whole_number } from "../lib/options.ts";

export function add_litmus(program: Command): void {
	program.command("litmus")
		.description("run litmus tests on the kernel's primitives under a memory model")
		.argument("<file...>", "herd7's tests (.litmus), directories of them, or JSON lines (.jsonl)")
		.option(
			"--model <model>",
			"sc, tso or lkmm (default: lkmm; of JSON lines all that there are results for)",
		)
		.option("--budget <n>", "most executions of a .litmus test (default: 200,000)")
		.option("--jobs <n>", "cores to use (default: all)")
		.addHelpText(
			"after",
			"\nExit status: 0 if all comes out as the files say, 1 if not, 2 for mistakes in options and\n" +
				"files, and for what is not supported in one.",
		)
		.action(async (files: string[], o: { model?: string; jobs?: string; budget?: string }) => {
			const model = one_of("--model", o.model, MODELS);
			const jobs = whole_number("--jobs", o.jobs) ?? availableParallelism();
			const { litmus } = await import("./litmus.ts");
			process.exitCode = await litmus(files, model, jobs, whole_number("--budget", o.budget));
		});
}
