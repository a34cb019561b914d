// SPDX-License-Identifier: GPL-2.0-only
/** The command line of `spf series`. What reads the marks is loaded when it is asked for. */
import type { Command } from "commander";

export function add_series(program: Command): void {
	program.command("series")
		.description("the patches of the series, and what is here of each")
		.argument("[patch...]", "patches to be told of in full, as V2.13 (default: a table of all)")
		.option("--json", "print them as a JSON array, with functions, tests, scenarios and mutants")
		.addHelpText(
			"after",
			"\nV2 is what is ported, and of RFC the faults of files; it has swap, too. D12 and D2 have\n" +
				"another design.\n" +
				"Exit status: 0, or 2 for a patch that there is not.",
		)
		.action(async (names: string[], o: { json?: boolean }) => {
			const { series } = await import("./print.ts");
			process.stdout.write(series(names, o.json ?? false));
		});
}
