// SPDX-License-Identifier: GPL-2.0-only
//
// Tests of is_main.ts: each command of package.json, started as npm installs it.

import { spawnSync } from "node:child_process";
import { readFileSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import test from "ava";
import { sandbox } from "./testutil.ts";

const here = import.meta.dirname;
const { bin } = JSON.parse(readFileSync(join(here, "package.json"), "utf8")) as {
	bin: Record<string, string>;
};

for (const [name, file] of Object.entries(bin)) {
	test(`${name} runs when it is started by a link`, (t) => {
		const box = sandbox();
		const link = join(box.dir, `${name}.ts`);
		symlinkSync(join(here, `${basename(file, ".mjs")}.ts`), link);
		const tsx = import.meta.resolve("tsx");
		const args = ["--import", tsx, link, "-h"];
		const { stdout } = spawnSync(process.execPath, args, { cwd: box.dir, encoding: "utf8" });
		t.regex(stdout, /^usage/im);
		box.remove();
	});
}
