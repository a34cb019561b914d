// SPDX-License-Identifier: GPL-2.0-only
/** The command line of `spf explore`. What explores is loaded when it is asked to. */
import type { Command } from "commander";

/** Exit status: nothing failed, but there are schedules that were not looked at. */
export const NOT_ALL_SEEN = 3;

export interface Options {
	list?: boolean;
	arch?: string;
	model?: string;
	mutant?: string;
	config?: string;
	bound?: string;
	strategy?: string;
	seed?: string;
	count?: string;
	budget?: string;
	seconds?: string;
	max?: string;
	jobs?: string;
	replay?: string;
	json?: boolean;
	html?: string;
	coverage?: string | boolean;
	quick?: boolean;
	quiet?: boolean;
	all?: boolean;
}

export function add_explore(program: Command): void {
	program.command("explore")
		.description("run every interleaving of a scenario on the stepper machine")
		.argument("[scenario...]", "names; 'random': programs made at random (default: all)")
		.option("--list", "name the scenarios, and what each is about")
		.option("--arch <arch>", "the kernel's architecture, a directory of arch/ (default: make's, or x86)")
		.option(
			"--model <model>",
			"sc, tso or lkmm (default: all that the architecture and the scenario are for)",
		)
		.option("--mutant <name>", "on a kernel with this patch: a name of tools/explore/mutants, or a file")
		.option(
			"--config <fragment>",
			"on a kernel configured with this fragment of configs/ or arch/ARCH/configs/, too (default: those that a scenario asks for)",
		)
		.option("--bound <n>", "only schedules with at most n preemptions")
		.option(
			"--strategy <name>",
			"dpor, bound, pct or random (default: few preemptions, then dpor, then bounds)",
		)
		.option("--seed <n>", "of pct and random; the number of the first program made at random (default: 1)")
		.option("--count <n>", "how many programs made at random")
		.option(
			"--budget <n>",
			"executions of each search, those cut off included (default: 400000; fewer where all scenarios are searched)",
		)
		.option("--seconds <n>", "of the clock, for each scenario under a model (default: no limit)")
		.option("--max <n>", "complete executions of each scenario under a model")
		.option("--jobs <n>", "cores to use (default: all)")
		.option(
			"--coverage [file]",
			"which statements of the kernel scenarios execute; of a file, which none does",
		)
		.option("--quick", "only the scenarios that `make test` runs")
		.option("--replay <string>", "repeat one execution of one scenario")
		.option("--json", "print one JSON object for each scenario and model")
		.option("--all", "print all steps of a failure, also those that no other CPU sees")
		.option("--html <file>", "write failures as a page to step through")
		.option("--quiet", "only print failures")
		.addHelpText(
			"after",
			"\nExit status: 0 if every schedule was seen and none failed, 1 if one failed, 2 for mistakes in options,\n3 if nothing failed and not every schedule was seen.",
		)
		.action(async (scenarios: string[], o: Options) => {
			const { run } = await import("./run.ts");
			process.exitCode = await run(scenarios, o);
		});
}
