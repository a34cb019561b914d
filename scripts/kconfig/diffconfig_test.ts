// SPDX-License-Identifier: GPL-2.0-only
//
// Tests of diffconfig.ts. With KCONFIG_TREE naming a kernel tree the output is compared with
// that of its scripts/diffconfig.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import test from "ava";
import { diffconfig_main } from "./diffconfig.ts";
import type { KconfHost } from "./lkc.ts";
import { ConfExit } from "./lkc.ts";
import { srand } from "./rand.ts";
import { sandbox } from "./testutil.ts";

/** Runs the command in a directory with the given files. */
function run(files: Record<string, string>, args: string[], env: KconfHost["env"] = {}) {
	const box = sandbox(files);
	const got = { code: 0, out: "", err: "" };
	try {
		diffconfig_main(args, {
			env,
			cwd: box.dir,
			out: (text) => (got.out += text),
			err: (text) => (got.err += text),
		});
	} catch (e) {
		if (!(e instanceof ConfExit)) throw e;
		got.code = e.code;
		got.err += e.message;
	} finally {
		box.remove();
	}
	return got;
}

const A = '# a comment\nCONFIG_SAME=y\nCONFIG_GONE="x=y"\nCONFIG_NR=8\n# CONFIG_Z is not set\n';
const B = "# CONFIG_NEW is not set\nCONFIG_NR=9\nCONFIG_Z=y\nCONFIG_SAME=y\nCONFIG_M=m\n";

test("removed, changed and new, each sorted", (t) => {
	const { out } = run({ A, B }, ["A", "B"]);
	t.is(out, '-GONE "x=y"\n NR 8 -> 9\n Z n -> y\n+M m\n+NEW n\n');
});

test("-m writes a fragment", (t) => {
	const { out } = run({ A, B }, ["-m", "A", "B"]);
	t.is(out, "CONFIG_NR=9\nCONFIG_Z=y\nCONFIG_M=m\n# CONFIG_NEW is not set\n");
	t.is(run({ A, B }, ["A", "-m", "B"]).out, out);
});

test("without files it is .config.old and .config", (t) => {
	t.is(run({ ".config.old": A, ".config": A }, []).out, "");
	t.regex(run({ ".config.old": A, ".config": B }, []).out, /NR 8 -> 9/);
	const dir = { "o/.config.old": A, "o/.config": B };
	t.regex(run(dir, [], { KBUILD_OUTPUT: "o" }).out, /NR 8 -> 9/);
	t.regex(run({ "c.old": A, c: B }, [], { KCONFIG_CONFIG: "c" }).out, /NR 8 -> 9/);
});

test("what is wrong is one line, and status 2", (t) => {
	t.like(run({ A }, ["A"]), { code: 2, err: "spf-diffconfig: give two files, or none (see spf-diffconfig -h)" });
	t.like(run({ A }, ["A", "B"]), { code: 2, err: "spf-diffconfig: B: No such file or directory" });
	t.like(run({ A }, ["-x"]), { code: 2, err: "spf-diffconfig: unknown option '-x' (see spf-diffconfig -h)" });
	const bad = run({ A, B: "CONFIG_X\n" }, ["A", "B"]);
	t.like(bad, { code: 2, out: "", err: "B:1: unexpected data: CONFIG_X" });
	t.regex(run({}, ["--help"]).out, /^Usage: spf-diffconfig/);
});

const tree = process.env.KCONFIG_TREE;

(tree ? test : test.skip)("the output of scripts/diffconfig (needs KCONFIG_TREE)", (t) => {
	const rand = srand(3);
	const pick = (n: number) => rand() % n;
	const config = () => {
		const names = Array.from({ length: 40 }, (_, i) => `CONFIG_${"XAQ_"[i % 4]}${i}`);
		const line = (name: string) =>
			[
				`${name}=y`,
				`${name}=m`,
				`# ${name} is not set`,
				`${name}="a = b"`,
				`${name}=${pick(3)}`,
				"",
				`# ${name}`,
			][pick(7)];
		return names
			.filter(() => pick(3) > 0)
			.map((name) => `${line(name)}\n`)
			.join("");
	};
	for (let round = 0; round < 25; round++) {
		const files = { A: config(), B: config() };
		const box = sandbox(files);
		for (const args of [
			["A", "B"],
			["-m", "A", "B"],
		]) {
			const want = spawnSync("python3", [join(tree as string, "scripts/diffconfig"), ...args], {
				cwd: box.dir,
				encoding: "utf8",
			});
			t.is(want.status, 0, want.stderr);
			t.is(run(files, args).out, want.stdout);
		}
		box.remove();
	}
});
