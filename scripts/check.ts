// SPDX-License-Identifier: GPL-2.0-only
/** `make check`: types, format and lint, the tree's own rules, commit subjects. `make test` begins with it. */
import { all_checks } from "./check/all.ts";
import { command } from "./lib/command.ts";
import { program } from "./lib/program.ts";
import { here } from "./lib/root.ts";

async function main(): Promise<number> {
	command("check", "Checks types, format, lint, and the rules of this tree.").parse();
	let status = 0;
	for await (const { name, problems, skipped } of all_checks(here())) {
		console.log(`  CHECK   ${name}${skipped ? `: skipped: ${skipped}` : ""}`);
		for (const problem of problems) console.log(problem);
		if (problems.length > 0) status = 1;
	}
	return status;
}

await program("check", main);
