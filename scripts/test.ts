// SPDX-License-Identifier: GPL-2.0-only
/**
 * `make test`: runs every test under AVA, prints what failed and how, and ends
 * with the line `N passed, N failed`. Arguments are handed to AVA (files, -m).
 */
import { createInterface } from "node:readline";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { here } from "./lib/root.ts";

const root = here();
const ava = spawn(
	process.execPath,
	[join(root, "node_modules/ava/entrypoints/cli.mjs"), "--tap", ...process.argv.slice(2)],
	{ cwd: root, stdio: ["ignore", "pipe", "inherit"] },
);
const count = { passed: 0, failed: 0, skipped: 0 };
let failing = false;
for await (const line of createInterface({ input: ava.stdout })) {
	const [, not, name, directive] = /^(not )?ok \d+ - (.*?)(?: # (SKIP|TODO).*)?$/.exec(line) ?? [];
	if (name !== undefined) {
		failing = false;
		if (directive) {
			count.skipped++;
			console.log(`skipped ${name}`);
		} else if (not) {
			count.failed++;
			failing = true;
			console.log(`not ok ${name}`);
		} else {
			count.passed++;
			console.log(`ok ${name}`);
		}
	} else if (failing || /^#\s{2,}/.test(line)) {
		console.log(line);
	}
}
const code = await new Promise<number>((done) => ava.on("close", (c) => done(c ?? 1)));
if (code !== 0 && count.failed === 0) count.failed++; /* a file that did not load */
if (count.skipped) console.log(`${count.skipped} skipped: they say above what they need`);
console.log(`${count.passed} passed, ${count.failed} failed`);
process.exitCode = count.failed ? 1 : 0;
