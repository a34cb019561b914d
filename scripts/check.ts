// SPDX-License-Identifier: GPL-2.0-only
/** `make check`: types, lint, and the tree's own rules. */
import { join } from "node:path";
import { $ } from "zx";
import { here } from "./cc/program.ts";
import { checkpatch } from "./checkpatch.ts";
import { objtree } from "./lib/objtree.ts";

$.cwd = here();
$.verbose = false;
/* The types of generated files come from a configured tree. */
const vmlinux = await objtree({ name: "default" });
const generated = join(vmlinux, "../include/generated");
await $`mkdir -p include/generated && cp ${generated}/autoconf.ts ${generated}/asm-offsets.ts include/generated/`;
let failed = false;
for (const run of [() => $`tsc -p tsconfig.json`.nothrow(), () => $`biome lint --diagnostic-level=warn .`.nothrow()]) {
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
