// SPDX-License-Identifier: GPL-2.0-only
/** The table of bloat-o-meter. With KCONFIG_TREE naming a kernel tree it is
 *  compared with that of its scripts/bloat-o-meter, over equal output of nm. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { bloat_o_meter, percent } from "./bloat-o-meter.ts";

/** Writes files into a new directory, which goes with the test. */
function directory(t: { teardown(fn: () => void): void }, files: Record<string, string>): string {
	const dir = mkdtempSync(join(tmpdir(), "bloat-"));
	t.teardown(() => rmSync(dir, { recursive: true }));
	for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
	return dir;
}

test("grown, shrunk, new, gone, in the kernel's table", (t) => {
	const dir = directory(t, {
		"System.map":
			"00000000 0000000a T stays\n00000010 00000010 T grows\n00000020 00000020 B data$1\n00000040 00000004 R gone\n",
		new: "00000000 0000000a T stays\n00000010 00000018 T grows\n00000020 00000010 B data$2\n00000040 00000001 T fresh\n",
		"vmlinux.mjs": "",
	});
	const table =
		"add/remove: 1/1 grow/shrink: 1/1 up/down: 9/-20 (-11)\n" +
		"Function                                     old     new   delta\n" +
		"grows                                         16      24      +8\n" +
		"fresh                                          -       1      +1\n" +
		"gone                                           4       -      -4\n" +
		"data                                          32      16     -16\n" +
		"Total: Before=62, After=51, chg -17.74%\n";
	t.is(bloat_o_meter(join(dir, "System.map"), join(dir, "new"), {}), table);
	t.is(bloat_o_meter(dir, join(dir, "new"), {}), table);
	t.is(bloat_o_meter(join(dir, "vmlinux.mjs"), join(dir, "new"), {}), table);
	const text = bloat_o_meter(dir, join(dir, "new"), { t: true });
	t.regex(text, /up\/down: 9\/0 \(9\)/);
	t.notRegex(text, /data/);
	t.deepEqual(
		bloat_o_meter(dir, dir, { c: true })
			.match(/^\w.* old {5}new {3}delta$/gm)
			?.map((l) => l.slice(0, 8).trim()),
		["Function", "Data", "RO Data"],
	);
});

test("what cannot be compared is named", (t) => {
	const dir = directory(t, { empty: "", "vmlinux.mjs": "" });
	t.throws(() => bloat_o_meter(join(dir, "nowhere"), dir, {}), { message: /nowhere: no such file or directory/ });
	t.throws(() => bloat_o_meter(dir, dir, {}), { message: /there is no .*System\.map; build it first/ });
	t.throws(() => bloat_o_meter(join(dir, "empty"), dir, {}), { message: /no symbols/ });
});

test("percentages round as C's do", (t) => {
	t.deepEqual([0, 0.125, 0.375, -0.125, 2.675, 100, 12.5, -0.001, 1 / 3].map(percent), [
		"+0.00%",
		"+0.12%",
		"+0.38%",
		"-0.12%",
		"+2.67%",
		"+100.00%",
		"+12.50%",
		"-0.00%",
		"+0.33%",
	]);
});

const tree = process.env.KCONFIG_TREE;

(tree ? test : test.skip)("the table of scripts/bloat-o-meter (needs KCONFIG_TREE)", (t) => {
	let seed = 1;
	const pick = (n: number) => (seed = (seed * 48271) % 0x7fffffff) % n;
	const table = () => {
		const lines: string[] = [];
		for (let i = 0; i < 60; i++) {
			const name = ["fn", "__mod_x", "static.", "linux_banner"][Math.max(0, pick(12) - 8)] + i;
			if (pick(3) > 0)
				lines.push(
					`${(8 * (1 + pick(9))).toString(16).padStart(16, "0")} ${"tTdDbBrRvVwWU"[i % 13]} ${name}`,
				);
		}
		return `${lines.join("\n")}\n`;
	};
	for (let round = 0; round < 20; round++) {
		const dir = directory(t, { a: table(), b: table(), "fake-nm": '#!/bin/sh\ncat "$2"\n' });
		chmodSync(join(dir, "fake-nm"), 0o755);
		for (const option of ["", "c", "d", "t"]) {
			const args = [
				join(tree as string, "scripts/bloat-o-meter"),
				...(option ? [`-${option}`] : []),
				"-p",
				`${dir}/fake-`,
				"a",
				"b",
			];
			const want = spawnSync("python3", args, { cwd: dir, encoding: "utf8" });
			t.is(want.status, 0, want.stderr);
			t.is(
				bloat_o_meter(join(dir, "a"), join(dir, "b"), option ? { [option]: true } : {}),
				want.stdout,
			);
		}
	}
});
