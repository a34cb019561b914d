// SPDX-License-Identifier: GPL-2.0-only
/** `make check`: types, lint, and the tree's own rules. */
import { join } from "node:path";
import { $ } from "zx";
import { here } from "./lib/root.ts";
import { checkpatch } from "./checkpatch.ts";
import { objtree } from "./lib/objtree.ts";

$.cwd = here();
$.verbose = false;
/* The types of generated files come from configured trees: one for each machine. */
const vmlinux = await objtree({ name: "default" });
await objtree({ name: "stepper", fragments: ["stepper.config"] });
const generated = join(vmlinux, "../include/generated");
await $`mkdir -p include/generated && cp ${generated}/autoconf.ts ${generated}/asm-offsets.ts include/generated/`;
let failed = false;
const checks = [
	() => $`tsc -p tsconfig.json`.nothrow(),
	() => $`tsc -p tools/explore/inside/tsconfig.json`.nothrow(),
	() => $`biome lint --diagnostic-level=warn .`.nothrow(),
];
for (const run of checks) {
	const { exitCode, stdout, stderr } = await run();
	if (exitCode === 0) continue;
	process.stdout.write(stdout + stderr);
	failed = true;
}
for (const problem of checkpatch(here())) {
	console.log(problem);
	failed = true;
}
process.exitCode = failed ? 1 : 0;
