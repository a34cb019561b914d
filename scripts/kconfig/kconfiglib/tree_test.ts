// SPDX-License-Identifier: GPL-2.0-only
//
// A whole tree by Kconfiglib's rules against that library's own scripts: what is printed, the exit
// status, and every file that is written have to be the same. Needs KCONFIGLIB, the directory of
// the library, and KCONFIG_FOREIGN, the tree; KCONFIG_ROOT names its first file, KCONFIG_BASE
// configurations (with a space between them). What its files ask for is in the environment. RUNS
// says how many random configurations there are (4), SEED which (1).

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import test from "ava";
import { rolldown } from "rolldown";

const { KCONFIGLIB, KCONFIG_FOREIGN, KCONFIG_ROOT = "Kconfig", KCONFIG_BASE = "" } = process.env;
const RUNS = Number(process.env.RUNS ?? 4);
const SEED = Number(process.env.SEED ?? 1);

if (!KCONFIGLIB || !KCONFIG_FOREIGN)
	test.skip("a tree for Kconfiglib (needs KCONFIGLIB and KCONFIG_FOREIGN)", () => {});
else compare(resolve(KCONFIGLIB), resolve(KCONFIG_FOREIGN));

/** A configuration with a third of its lines left out, and half of the others with another value. */
function changed(config: string, seed: number): string {
	let x = (seed * 2654435761) >>> 0;
	const rand = (n: number): number => {
		x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
		return Math.floor((x / 2 ** 32) * n);
	};
	const other = (line: string): string => {
		const [, off, name = off, value = "n"] = /^(?:# (\w+) is not set|(\w+)=(.*))$/.exec(line) ?? [];
		if (name === undefined || rand(2) === 0) return line;
		if (/^[nmy]$/.test(value)) return rand(2) ? `${name}=${"nmy"[rand(3)]}` : `# ${name} is not set`;
		if (value.startsWith("0x")) return `${name}=0x${rand(1 << 16).toString(16)}`;
		if (/^-?\d+$/.test(value)) return `${name}=${rand(3000) - 9}`;
		return `${name}="${rand(9)}"`;
	};
	const lines = config.split("\n").filter(() => rand(3) > 0);
	return `${lines.map(other).join("\n")}\n`;
}

function compare(library: string, tree: string): void {
	const home = mkdtempSync(join(tmpdir(), "kconfiglib-tree-"));
	const ours = join(home, "spf-conf.mjs");
	let count = 0;

	const run = (program: string, args: readonly string[], base: string | null) => {
		const dir = join(home, `${count++}`);
		mkdirSync(dir);
		if (base !== null) writeFileSync(join(dir, ".config"), base);
		const { status, stdout, stderr } = spawnSync(program, args, {
			cwd: dir,
			env: { ...process.env, srctree: tree },
			encoding: "utf8",
			maxBuffer: 1 << 28,
		});
		const files = Object.fromEntries(
			readdirSync(dir).map((name) => [name, readFileSync(join(dir, name), "utf8")]),
		);
		rmSync(dir, { recursive: true });
		return { status, stdout, stderr, files };
	};
	const theirs = (mode: string, base: string | null) => {
		const [name, file] = mode.split("=");
		const args = file === undefined ? [] : name === "savedefconfig" ? ["--out", file] : [file];
		const kconfig =
			name === "defconfig" || name === "savedefconfig" ? ["--kconfig", KCONFIG_ROOT] : [KCONFIG_ROOT];
		return run("python3", [join(library, `${name}.py`), ...kconfig, ...args], base);
	};
	const same = (title: string, mode: string, base: () => string | null) =>
		test.serial(title, (t) => {
			t.timeout(240_000);
			const config = base();
			const want = theirs(mode, config);
			t.false(/^Traceback/m.test(want.stderr), want.stderr);
			const args = [ours, "--compat", "kconfiglib", `--${mode}`, KCONFIG_ROOT];
			t.deepEqual(run(process.execPath, args, config), want);
		});

	test.before(async () => {
		const made = await rolldown({ input: join(import.meta.dirname, "../spf-conf.ts"), platform: "node" });
		await made.write({ file: ours, format: "esm", codeSplitting: false });
		await made.close();
	});
	test.after.always(() => rmSync(home, { recursive: true, force: true }));

	for (const mode of ["alldefconfig", "allnoconfig", "allyesconfig", "allmodconfig"])
		same(mode, mode, () => null);
	for (const file of KCONFIG_BASE.split(" ").filter(Boolean)) {
		const path = resolve(file);
		if (existsSync(path)) same(`defconfig=${file}`, `defconfig=${path}`, () => null);
		else test(`${file} is there`, (t) => t.fail());
	}
	for (let seed = SEED; seed < SEED + RUNS; seed++) {
		const mode = seed % 2 ? "allyesconfig" : "alldefconfig";
		const base = () => changed(theirs(mode, null).files[".config"] ?? "", seed);
		same(`olddefconfig, seed ${seed}`, "olddefconfig", base);
		same(`savedefconfig, seed ${seed}`, "savedefconfig=min", base);
	}
}
