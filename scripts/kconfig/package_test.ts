// SPDX-License-Identifier: GPL-2.0-only
//
// The package as its users see it: its types, to a compiler that knows nothing of this tree.

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import test from "ava";
import { sandbox } from "./testutil.ts";

const here = import.meta.dirname;
const TSC = createRequire(import.meta.url).resolve("typescript/bin/tsc");

/** What has to compile, and a line that has not to: without types everything does. */
const USE = `import { type Explanation, KconfigError, parse, type Symbol } from 'spf-kconfig';
const kconfig = parse('Kconfig', { compat: '7.2' });
const a: Symbol | undefined = kconfig.symbol('A');
export const why: Explanation = kconfig.explain('A');
export const values: string[] = [...kconfig.symbols()].map(({ value }) => value);
export const failed = (e: unknown): number => (e instanceof KconfigError ? e.code : 0);
// @ts-expect-error
export const wrong: number | undefined = a?.value;
`;

test("the declarations can be used by a consumer", (t) => {
	const box = sandbox({ "package.json": '{ "type": "module" }', "use.ts": USE });
	t.teardown(() => box.remove());
	const tsc = (cwd: string, ...args: string[]) =>
		spawnSync(process.execPath, [TSC, ...args], { cwd, encoding: "utf8" });
	const installed = join(box.dir, "node_modules/spf-kconfig");
	mkdirSync(installed, { recursive: true });
	copyFileSync(join(here, "package.json"), join(installed, "package.json"));
	const types = tsc(here, "-p", "tsconfig.types.json", "--outDir", join(installed, "dist/types"));
	t.is(types.stdout, "");
	const how = ["--strict", "--noEmit", "--target", "es2022", "--module", "nodenext"];
	t.is(tsc(box.dir, ...how, "use.ts").stdout, "");
});
