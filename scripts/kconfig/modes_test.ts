// SPDX-License-Identifier: GPL-2.0-only
//
// A whole kernel tree, mode by mode, against its own conf: what is printed, the exit status,
// and every file that is written, those in include/config/ too, have to be the same. Needs
// KCONFIG_TREE, a tree in which "make defconfig" has built conf; ARCH chooses (x86), and
// RUNS says how many seeds and random .configs there are (2).

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { rolldown } from "rolldown";
import { tree_environment } from "./testutil.ts";

const TREE = process.env.KCONFIG_TREE ?? "";
const REFERENCE = join(TREE, "scripts/kconfig/conf");
const RUNS = Number(process.env.RUNS ?? 2);

if (!TREE || !existsSync(REFERENCE)) {
	test.skip("a kernel tree in all modes (needs KCONFIG_TREE with a built conf)", () => {});
} else {
	compare_all();
}

/** All files below a directory, with their contents. */
function files(dir: string): Record<string, string> {
	const found: Record<string, string> = {};
	for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
		const path = join(entry.parentPath, entry.name);
		if (entry.isFile()) found[path.slice(dir.length + 1)] = readFileSync(path, "latin1");
	}
	return found;
}

function compare_all(): void {
	const home = mkdtempSync(join(tmpdir(), "kconfig-modes-"));
	const ours = join(home, "spf-conf.mjs");
	const tree_env = tree_environment(TREE);
	const env = { ...process.env, ...tree_env, XDG_CACHE_HOME: join(home, "cache") };
	let count = 0;

	const run = (command: readonly string[], base: string | null, more: Record<string, string>) => {
		const dir = join(home, `${count++}`);
		mkdirSync(dir);
		if (base !== null) writeFileSync(join(dir, ".config"), base, "latin1");
		const [program, ...args] = command as [string, ...string[]];
		const { status, stdout, stderr } = spawnSync(program, [...args, "Kconfig"], {
			cwd: dir,
			env: { ...env, ...more },
			encoding: "latin1",
			stdio: ["ignore", "pipe", "pipe"],
			maxBuffer: 1 << 28,
		});
		const result = { status, stdout, stderr, files: files(dir) };
		rmSync(dir, { recursive: true });
		return result;
	};
	const node = [process.execPath, ours];

	/** Both programs with the same arguments; returns the .config they made. */
	const same = (name: string, args: string[], base: () => string | null, more = {}) => {
		test.serial(name, (t) => {
			t.timeout(120_000);
			const config = base();
			const want = run([REFERENCE, ...args], config, more);
			const got = run([...node, ...args], config, more);
			t.is(got.status, want.status);
			t.is(got.stderr, want.stderr);
			t.is(got.stdout, want.stdout);
			t.deepEqual(Object.keys(got.files).sort(), Object.keys(want.files).sort());
			for (const [file, text] of Object.entries(want.files)) t.is(got.files[file], text, file);
		});
	};

	test.before(async () => {
		const made = await rolldown({ input: join(import.meta.dirname, "spf-conf.ts"), platform: "node" });
		await made.write({ file: ours, format: "esm", codeSplitting: false });
		await made.close();
	});
	test.after.always(() => rmSync(home, { recursive: true, force: true }));

	const none = () => null;
	for (const mode of ["allnoconfig", "allyesconfig", "allmodconfig", "alldefconfig"]) {
		same(mode, [`--${mode}`], none);
	}
	const configs = join(TREE, "arch", tree_env.SRCARCH as string, "configs");
	for (const name of existsSync(configs) ? readdirSync(configs) : []) {
		same(`defconfig=${name}`, [`--defconfig=${join(configs, name)}`], none);
	}
	for (let seed = 1; seed <= RUNS; seed++) {
		same(`randconfig, seed ${seed}`, ["--randconfig"], none, { KCONFIG_SEED: `${seed}` });
	}

	/** What the reference makes of a seed, with every third line left out. */
	const random = (seed: number) => () => {
		const made = run([REFERENCE, "-s", "--randconfig"], null, { KCONFIG_SEED: `${seed}` });
		const lines = (made.files[".config"] ?? "").split("\n");
		return lines.filter((_, i) => (i + seed) % 3 !== 0).join("\n");
	};
	for (let seed = 101; seed <= 100 + RUNS; seed++) {
		same(`olddefconfig of seed ${seed}`, ["--olddefconfig"], random(seed));
	}
	for (const mode of ["savedefconfig=d", "listnewconfig", "helpnewconfig", "syncconfig", "oldconfig"]) {
		same(`${mode} of seed 7`, [`--${mode}`], random(7));
	}
	for (const mode of ["yes2modconfig", "mod2yesconfig", "mod2noconfig", "oldaskconfig"]) {
		same(`${mode} of seed 8`, [`--${mode}`], random(8));
	}
}
