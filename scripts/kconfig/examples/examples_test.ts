// SPDX-License-Identifier: GPL-2.0-only
//
// Tests of the examples.

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
