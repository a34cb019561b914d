// SPDX-License-Identifier: GPL-2.0-only
//
// Tests of the examples.

import { spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { parse } from "../index.ts";
import { sandbox } from "../testutil.ts";
import { find_symbol } from "./find_symbol.ts";
import { merge_config } from "./merge_config.ts";
import { print_tree } from "./print_tree.ts";

const KCONFIG = `menu "m"
config A
	bool "a"
	select H if B
config B
	bool "b"
	depends on A
endmenu
config H
	bool
	default n
config N
	int "n"
	range 1 9 if B
	default 5
`;

test("the examples say what is so", (t) => {
	const box = sandbox({
		Kconfig: KCONFIG,
		one: "CONFIG_A=y\nCONFIG_N=7\n",
		two: "CONFIG_N=8\nCONFIG_H=n\nCONFIG_X=y\n",
	});
	t.teardown(() => box.remove());
	const kconfig = parse("Kconfig", { env: {}, cwd: box.dir });
	t.deepEqual(print_tree(kconfig.top), [
		'menu "m" Kconfig:1',
		'  A=n "a" Kconfig:2',
		'    B=n "b" Kconfig:5',
		"H=n Kconfig:9",
		'N=5 "n" Kconfig:12',
	]);
	t.deepEqual(merge_config(kconfig, "out", ["one", "two"]), [
		"two:1:warning: override: reassigning to symbol N",
		"X=y: there is no such symbol",
	]);
	t.regex(box.read("out") ?? "", /CONFIG_A=y\n# CONFIG_B is not set\n# end of m\n\nCONFIG_N=8\n$/);
	t.true(kconfig.symbol("B")?.set("y"));
	const lines = find_symbol(kconfig, "H");
	t.is(lines[0], "H is y, a bool; can be set to: -");
	t.true(lines.includes("selected by A if B (Kconfig:4)"), lines.join("\n"));
	t.true(lines.includes("default n (Kconfig:11)"));
	t.true(lines.includes("mentioned by A"));
	t.true(find_symbol(kconfig, "N").includes("range 1 9 if B (Kconfig:14)"));
	t.deepEqual(find_symbol(kconfig, "NOWHERE"), []);
});

const here = import.meta.dirname;
const run = (cwd: string, full: boolean, file: string, ...args: string[]) => {
	const out = full ? openSync("/dev/full", "w") : "pipe";
	const loader = import.meta.resolve("tsx");
	const res = spawnSync(process.execPath, ["--import", loader, join(here, file), ...args], {
		cwd,
		stdio: ["ignore", out, "pipe"],
		encoding: "utf8",
	});
	if (typeof out === "number") closeSync(out);
	return res;
};

test("as programs they print it, and end with a line when something is wrong", (t) => {
	const box = sandbox({ Kconfig: KCONFIG, bad: "config\n", one: "CONFIG_A=y\n" });
	t.teardown(() => box.remove());
	const { status, stdout } = run(box.dir, false, "../example.ts", "one", "A");
	t.is(status, 0);
	t.regex(stdout, /^\S[^\n]*: 1 symbols are y\nA is y, could be n\/y \(Kconfig:2\)\nand now it is n;/);
	t.is(run(box.dir, false, "find_symbol.ts", "X").stdout, "X: nobody names it\n");
	const bad = run(box.dir, false, "print_tree.ts", "bad");
	t.is(bad.status, 1);
	t.regex(bad.stderr, /^(bad:1: [^\n]*\n)+$/);
	if (!existsSync("/dev/full")) return;
	for (const [file = "", ...args] of [["../example.ts"], ["print_tree.ts"], ["find_symbol.ts", "A"]]) {
		const full = run(box.dir, true, file, ...args);
		t.is(full.status, 2, file);
		t.regex(full.stderr, /^\w+\.ts: standard output: No space left on device\n$/);
	}
});
