// SPDX-License-Identifier: GPL-2.0-only
//
// Tests of menu_help.ts: the text about an entry, as the kernel's conf prints it on "?".

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { load } from "./engine.ts";
import type { Kconf, Menu } from "./lkc.ts";
import { no } from "./lkc.ts";
import { menu_for_each_entry } from "./menu.ts";
import type { JumpKey } from "./menu_help.ts";
import { get_relations_str, menu_get_ext_help, next_jump_key } from "./menu_help.ts";
import { sym_calc_value, sym_find } from "./symbol.ts";
import { sandbox } from "./testutil.ts";

const KCONFIG = `mainmenu "Test"
config MODULES
	bool "modules"
	default y
	modules

config LOW
	int "low"
	default 3

config NUM
	int "a number" if X || Y
	range LOW 10 if X
	range 1 99
	default 5
	help
	  A number.

	  Two paragraphs.

config X
	tristate "x"
	select SEL if NUM=5
	select SEL2
	imply IMP
	imply IMP2 if Y

config Y
	bool "y"
	select SEL

config SEL
	tristate "selected" if !X
	depends on Y || X="m"
config SEL
	default y if LOW > 3
config SEL2
	tristate
config IMP
	tristate "implied"
config IMP2
	tristate "implied 2"

menu "outer menu"
	depends on MODULES
	visible if Y || X
menu "inner"
choice
	prompt "a choice"
	depends on X || Y
	default C2
	help
	  Choice help
config C1
	bool "c1"
config C2
	bool "c2"
endchoice
config STR
	string "a string"
	default "foo \\"bar\\""
menu "l3"
menu "l4"
menu "l5"
menu "l6"
menu "l7"
menu "l8"
config DEEP
	bool "deep"
	depends on STR != "" && (X || !Y) && m
endmenu
endmenu
endmenu
endmenu
endmenu
endmenu
endmenu
endmenu
config TWICE
	bool "first place"
	depends on X
config TWICE
	bool "second place" if Y
	help
	  Said here.
`;

function loaded(config: string): Kconf {
	const box = sandbox({ Kconfig: KCONFIG, ".config": config });
	try {
		const kconf = box.parse();
		load(kconf, ".config");
		for (const sym of kconf.all) sym_calc_value(kconf, sym);
		return kconf;
	} finally {
		box.remove();
	}
}

function help(kconf: Kconf, name: string, definition = 0): string {
	return menu_get_ext_help(kconf, sym_find(kconf, name)?.menus[definition] as Menu);
}

test("help, value, the range that applies, and where it is", (t) => {
	t.is(
		help(loaded("CONFIG_X=m\n"), "NUM"),
		`CONFIG_NUM:

A number.

Two paragraphs.

Symbol: NUM [=5]
Type  : integer
Range : [LOW [=3] 10]
Defined at Kconfig:11
  Prompt: a number
  Visible if: X [=m] || Y [=n]
  Location:
    -> a number (NUM [=5])


`,
	);
	t.regex(help(loaded("CONFIG_Y=y\n"), "NUM"), /\nRange : \[1 99\]\n/);
});

test("what a symbol selects and implies, and who does so to it", (t) => {
	const kconf = loaded("CONFIG_X=m\n");
	t.regex(help(kconf, "X"), /\nSelects: SEL \[=m\] && SEL2 \[=m\]\nImplies: IMP .* IMP2 \[=n\]\n/);
	const by = help(kconf, "SEL");
	t.true(by.includes("\nSelected by [m]:\n  - X [=m] && NUM [=5]=5\nSelected by [n]:\n  - Y [=n]\n"));
	t.true(help(kconf, "IMP").endsWith("\nImplied by [m]:\n  - X [=m]\n\n\n"));
});

test("definitions with a prompt come before those without", (t) => {
	const text = help(loaded("CONFIG_X=m\n"), "SEL");
	const order = [...text.matchAll(/Defined at Kconfig:(\d+)\n( {2}\w+)/g)].map((m) => m[2]);
	t.deepEqual(order, ["  Prompt"]);
	const at = text.indexOf("Defined at", text.indexOf("Location:"));
	t.regex(text.slice(at), /^Defined at Kconfig:\d+\nSelected by/);
});

test("a choice has no symbol to speak of", (t) => {
	const kconf = loaded("CONFIG_X=m\n");
	const choice = [...menu_for_each_entry(kconf)].find((menu) => menu.sym?.name === null);
	t.is(
		menu_get_ext_help(kconf, choice as Menu),
		`Choice help
Defined at Kconfig:48
  Prompt: a choice
  Depends on: MODULES [=y] && (X [=m] || Y [=n])
  Location:
    -> outer menu
      -> inner
        -> a choice (<choice> [=n])


`,
	);
});

test("of a deep location the last eight levels are shown", (t) => {
	const lines = help(loaded("CONFIG_X=m\n"), "DEEP").split("\n");
	const from = lines.indexOf("  Location:") + 1;
	t.is(lines[from], "    -> inner");
	t.is(lines[from + 7], `${" ".repeat(18)}-> deep (DEEP [=n])`);
	t.is(lines[from + 8], "");
});

test("$CONFIG_ is the prefix above the help", (t) => {
	const box = sandbox({ Kconfig: 'config A\n\tbool "a"\n\thelp\n\t  Text\n' });
	t.teardown(() => box.remove());
	box.env.CONFIG_ = "BR2_";
	t.regex(help(box.parse(), "A"), /^BR2_A:\n\nText\n/);
});

test("a jump key stands before the innermost entry that is shown", (t) => {
	const kconf = loaded("CONFIG_X=m\n");
	const syms = ["DEEP", "SEL2", "TWICE", "SEL"].map((name) => kconf.symbols.get(name));
	const jumps: JumpKey[] = [];
	const text = get_relations_str(kconf, syms as NonNullable<(typeof syms)[0]>[], jumps);
	// SEL2 has no prompt, and the second prompt of TWICE is not shown without Y.
	t.deepEqual(
		jumps.map(({ key, target }) => `${key} ${target.prompt?.text}`),
		["1 deep", "2 first place", "3 selected"],
	);
	for (const { key, offset } of jumps) t.is(text.slice(offset, offset + 3), `(${key})`);
	t.true(text.includes(`\n(1)${" ".repeat(15)}-> deep (DEEP [=n])\n`));
});

test("jump keys go from 1 to 9 and begin again", (t) => {
	t.is(next_jump_key(""), "1");
	t.is(next_jump_key("1"), "2");
	t.is(next_jump_key("9"), "1");
});

test("nothing found", (t) => t.is(get_relations_str(loaded(""), []), "No matches found.\n"));

const reference = join(process.env.KCONFIG_TREE ?? "", "scripts/kconfig/conf");
const have = process.env.KCONFIG_TREE !== undefined && existsSync(reference);
if (!have) console.log("menu_help: KCONFIG_TREE names no tree with a built conf: not compared");

for (const config of ["", "CONFIG_X=m\n", "CONFIG_Y=y\n"]) {
	(have ? test : test.skip)(`conf says the same: ${JSON.stringify(config)}`, (t) => {
		const box = sandbox({ Kconfig: KCONFIG, ".config": config });
		t.teardown(() => box.remove());
		const { stdout } = spawnSync(reference, ["--oldaskconfig", "Kconfig"], {
			cwd: box.dir,
			env: { srctree: box.dir },
			input: "?\n\n".repeat(100),
			encoding: "utf8",
		});
		const kconf = loaded(config);
		const asked = [...menu_for_each_entry(kconf)].filter(
			({ sym, prompt }) =>
				sym &&
				prompt &&
				!sym.in_choice &&
				prompt.visible.tri !== no &&
				sym.visible > sym.rev_dep.tri,
		);
		t.true(asked.length >= 5);
		for (const menu of asked) t.true(stdout.includes(`\n${menu_get_ext_help(kconf, menu)}\n`));
	});
}
