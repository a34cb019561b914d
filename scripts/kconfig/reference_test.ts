// SPDX-License-Identifier: GPL-2.0-only
//
// The reference's own tests (KCONFIG_TREE/scripts/kconfig/tests, for pytest), with this
// engine in the place of the command. KCONFIG_COMPAT says whose tests they are.

import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { build } from "rolldown";
import { COMPAT_7_2 } from "./lkc.ts";

const TREE = process.env.KCONFIG_TREE;
const COMPAT = process.env.KCONFIG_COMPAT ?? COMPAT_7_2;

/** What keeps the tests from being run, or null. */
function missing(): string | null {
	if (!TREE) return "KCONFIG_TREE names no kernel tree";
	if (!existsSync(join(TREE, "scripts/kconfig/tests/conftest.py"))) return `${TREE} has no tests`;
	return spawnSync("python3", ["-m", "pytest", "--version"]).status === 0 ? null : "there is no pytest";
}

const wrapper = (bundle: string): string =>
	`#!/bin/sh\nexec "${process.execPath}" "${bundle}" --compat ${COMPAT} "$@"\n`;

/**
 * The tests type newlines for as long as the command lives. 6.12's stumble if it ends while
 * they do, which is certain if it needs some time to start.
 */
const PLUGIN = `import subprocess

class Patient:
    def __init__(self, file):
        self.file = file

    def quietly(self, what, *args):
        try:
            what(*args)
        except BrokenPipeError:
            pass

    def write(self, data):
        self.quietly(self.file.write, data)

    def flush(self):
        self.quietly(self.file.flush)

    def close(self):
        self.quietly(self.file.close)

class Popen(subprocess.Popen):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.stdin:
            self.stdin = Patient(self.stdin)

subprocess.Popen = Popen
`;

const why_not = missing();

(why_not ? test.skip : test)(`the reference's own tests pass (skipped: ${why_not ?? "no"})`, async (t) => {
	t.timeout(300_000);
	const dir = mkdtempSync(join(tmpdir(), "kconfig-"));
	try {
		const bundle = join(dir, "spf-conf.mjs");
		const input = fileURLToPath(new URL("spf-conf.ts", import.meta.url));
		await build({ input, platform: "node", output: { file: bundle, format: "esm" } });
		const own = join(dir, "scripts/kconfig");
		mkdirSync(own, { recursive: true });
		cpSync(join(TREE as string, "scripts/kconfig/tests"), join(own, "tests"), { recursive: true });
		writeFileSync(join(own, "conf"), wrapper(bundle));
		chmodSync(join(own, "conf"), 0o755);
		writeFileSync(join(dir, "patient.py"), PLUGIN);
		const args = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "patient", "scripts/kconfig/tests"];
		const env = { ...process.env, PYTHONPATH: dir };
		const run = spawnSync("python3", args, { cwd: dir, env, encoding: "utf8" });
		t.log(run.stdout.trim().split("\n").at(-1));
		t.is(run.status, 0, run.stdout + run.stderr);
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
});
