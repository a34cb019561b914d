// SPDX-License-Identifier: GPL-2.0-only
//
// The package as its users see it: its types, to a compiler that knows nothing of this tree.

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { build, third_party } from "./build.ts";
import { sandbox } from "./testutil.ts";

const here = import.meta.dirname;
const TSC = join(here, "../../node_modules/typescript/bin/tsc");

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

test("a place that cannot be written to is told in one line", (t) => {
	const box = sandbox({ file: "" });
	t.teardown(() => box.remove());
	const args = ["--import", import.meta.resolve("tsx"), join(here, "build.ts"), join(box.dir, "file/dist")];
	const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
	t.is(status, 2);
	t.regex(stderr, /^build: \S*\/file\/dist: cannot be written: Not a directory\n$/);
});

test("what is packed: commands, licences, a version of its own", async (t) => {
	const box = sandbox({ "pack/x": "", COPYING: "", Kconfig: 'config A\n\tbool "a"\n' });
	t.teardown(() => box.remove());
	const dir = join(box.dir, "pack");
	for (const name of ["package.json", "README.md"]) copyFileSync(join(here, name), join(dir, name));
	copyFileSync(join(here, "../../COPYING"), join(dir, "COPYING"));
	await build(join(dir, "dist"));
	const npm = spawnSync("npm", ["pack", "--ignore-scripts", "--json"], { cwd: dir, encoding: "utf8" });
	t.is(npm.status, 0, npm.stderr);
	const [{ files, version, filename }] = JSON.parse(npm.stdout);
	const names: string[] = files.map(({ path }: { path: string }) => path);
	for (const name of [
		"COPYING",
		"README.md",
		"package.json",
		"dist/THIRD-PARTY",
		"dist/index.mjs",
		"dist/mconf.mjs",
	])
		t.true(names.includes(name), name);
	t.false(names.includes("x"));
	t.not(version, JSON.parse(readFileSync(join(here, "../../package.json"), "utf8")).version);

	// As it is installed: no package of this tree is in reach.
	t.is(spawnSync("tar", ["xf", join(dir, filename)], { cwd: box.dir }).status, 0);
	rmSync(dir, { recursive: true });
	const { stdout, status } = spawnSync(
		process.execPath,
		[join(box.dir, "package/dist/spf-conf.mjs"), "--alldefconfig", "Kconfig"],
		{ cwd: box.dir, encoding: "utf8", env: { PATH: process.env.PATH } },
	);
	t.is(status, 0);
	t.regex(stdout, /configuration written/);

	// Each package that the bundles name in an import of their sources, with a text of its licence.
	const others = box.read("package/dist/THIRD-PARTY") ?? "";
	for (const name of ["commander", "string-width", "get-east-asian-width", "rolldown"]) {
		const part = others.split(/^-{80}$/m).find((text) => text.trimStart().startsWith(`${name} `)) ?? "";
		t.regex(part, /\(MIT\)\n\n[\s\S]*Permission is hereby granted/, name);
	}
});

test("a package whose licence has no text is not bundled", (t) => {
	const box = sandbox({ "package.json": '{ "name": "bare", "version": "1.0.0", "license": "MIT" }' });
	t.teardown(() => box.remove());
	t.throws(() => third_party([box.dir]), { message: /the licence of bare has no text/ });
});
