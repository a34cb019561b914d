// SPDX-License-Identifier: GPL-2.0-only
/** `make check`: types, format and lint, the tree's own rules, commit subjects. `make test` begins with it. */
import { all_checks } from "./check/all.ts";
import { here } from "./lib/root.ts";

for await (const { name, problems, skipped } of all_checks(here())) {
	console.log(`  CHECK   ${name}${skipped ? `: not looked at: ${skipped}` : ""}`);
	for (const problem of problems) console.log(problem);
	if (problems.length > 0) process.exitCode = 1;
}
