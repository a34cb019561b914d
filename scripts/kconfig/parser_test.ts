// SPDX-License-Identifier: GPL-2.0-only
//
// Tests of parser.ts: the grammar, and every kind of error with its line and exit status.

import test from "ava";
import { expr_print } from "./expr.ts";
import { find } from "./engine.ts";
import { diagnostics, sandbox } from "./testutil.ts";

/** "Depends on" of symbol A, as the engine prints it. */
function depends(expr: string): string {
	const box = sandbox({ Kconfig: `config A\n\tint\n\tdepends on ${expr}\n` });
	const kconf = box.parse();
	box.remove();
	return expr_print(find(kconf, "A")?.dir_dep.expr ?? null);
}

test("|| binds looser than &&, that looser than !", (t) => {
	t.is(depends("X || Y && !Z"), "X || Y && !Z");
	t.is(depends("(X || Y) && Z"), "(X || Y) && Z");
	t.is(depends("!X = y"), "X!=y");
	t.is(depends("!(X && Y)"), "!X || !Y");
});

test("what is said twice is kept once", (t) => {
	t.is(depends("X && Y && X"), "Y && X");
	t.is(depends("X || n"), "X");
	t.is(depends("X && y"), "X");
});

const SYNTAX: [string, string][] = [
	['bool "a" "b"', 'config A\n\tbool "a" "b"\n'],
	["a menu without quotes", "menu x\nendmenu\n"],
	["a select of a string", 'config A\n\tbool\n\tselect "B"\n'],
	["if without an expression", "if\nendif\n"],
	["a comparison of brackets", "config A\n\tbool\n\tdepends on (X) = y\n"],
	["a chain of comparisons", "config A\n\tbool\n\tdepends on X = Y = Z\n"],
	["visible if in a config", "config A\n\tbool\n\tvisible if X\n"],
	["a second mainmenu", 'mainmenu "a"\nmainmenu "b"\n'],
];

for (const [what, text] of SYNTAX) {
	test(`syntax error: ${what}`, (t) => {
		const { code, err } = diagnostics(text);
		t.is(code, 1);
		t.regex(err, /^Kconfig:\d+: syntax error\nKconfig:\d+: (invalid|unknown) statement/m);
	});
}

test("several errors are reported in one run", (t) => {
	const { code, err } = diagnostics("foo\nconfig A\n\tbool\n\nbar baz\n");
	t.is(code, 1);
	t.regex(err, /Kconfig:1: unknown statement "foo"\n/);
	t.regex(err, /Kconfig:5: unknown statement "bar"\n/);
});

test("a block that is ended by another end", (t) => {
	const { code, err } = diagnostics("if X\nendmenu\n");
	t.is(code, 1);
	t.regex(err, /^Kconfig:2: unexpected 'menu' within if block\n/);
});

test("a block without an end", (t) => {
	const { code, err } = diagnostics('menu "m"\nconfig A\n\tbool\n');
	t.is(code, 1);
	t.regex(err, /Kconfig:1: missing end statement for this entry\n/);
});

test("a file that is not there", (t) => {
	const { code, err } = diagnostics('\nsource "nowhere/Kconfig"\n');
	t.is(code, 1);
	t.is(err, 'Kconfig:2: can\'t open file "nowhere/Kconfig"\n');
});

test("a file that includes itself", (t) => {
	const { code, err } = diagnostics('source "Kconfig"\n');
	t.is(code, 1);
	t.regex(err, /^Recursive inclusion detected\.\nInclusion path:\n {2}current file : Kconfig\n/);
});

test("a loop of dependencies is explained", (t) => {
	const text = 'config A\n\tbool "a"\n\tdepends on B\nconfig B\n\tbool "b"\n\tdepends on A\n';
	const { code, err } = diagnostics(text);
	t.is(code, 1);
	t.regex(err, /^error: recursive dependency detected!\n/);
	t.regex(err, /\tsymbol A depends on B\n\tsymbol B depends on A\n/);
});

test("a condition that led to no loop is looked at again as that of a choice", (t) => {
	const X = 'config X\n\tbool "x"\n';
	const { err } = diagnostics(
		`${X}config Y\n\tbool "y"\n\tdepends on X\nchoice\n\tprompt "c"\n\tdepends on X\n${X}endchoice\n`,
	);
	t.regex(err, /^unexpected recursive dependency error$/m);
});

test("members of a choice: bool, with a prompt, without a default", (t) => {
	const choice = (member: string) => `choice\n\tprompt "c"\nconfig A\n${member}endchoice\n`;
	t.regex(diagnostics(choice("\tbool\n")).err, /error: choice member must have a prompt/);
	t.regex(diagnostics(choice('\tint "a"\n')).err, /error: choice member must be bool/);
	const preset = diagnostics(choice('\tbool "a"\n\tdefault y\n'));
	t.regex(preset.err, /^Kconfig:5: error: defaults for choice values not supported\n/);
	t.is(preset.code, 1);
	t.regex(diagnostics("choice\nendchoice\n").err, /error: choice must have a prompt/);
});

test("warnings do not end the command", (t) => {
	const text = 'config A\n\tbool "a"\n\tint\nconfig B\n\tint "b"\n\tselect A\n\trange x 3\nconfig C\n';
	const { code, err } = diagnostics(text);
	t.is(code, 0);
	t.regex(err, /Kconfig:1:warning: ignoring type redefinition of 'A' from 'bool' to 'integer'/);
	t.regex(err, /Kconfig:6:warning: config symbol 'B' uses select, but is not bool or tristate/);
	t.regex(err, /Kconfig:7:warning: range is invalid/);
	t.regex(err, /Kconfig:8:warning: config symbol defined without type/);
});

test("source looks in $srctree too", (t) => {
	const box = sandbox({
		"tree/Kconfig": 'source "sub/Kconfig"\n',
		"tree/sub/Kconfig": "config DEEP\n\tdef_bool y\n",
	});
	box.env = { srctree: "tree" };
	const kconf = box.parse();
	t.deepEqual(kconf.files, ["Kconfig", "sub/Kconfig"]);
	t.truthy(find(kconf, "DEEP"));
	box.remove();
});

test("entries that depend on the one above become its submenu", (t) => {
	const box = sandbox({
		Kconfig: 'config A\n\tbool "a"\nconfig B\n\tbool "b"\n\tdepends on A\nconfig C\n\tbool "c"\n',
	});
	const kconf = box.parse();
	const a = find(kconf, "A")?.menus[0];
	t.is(a?.list?.sym?.name, "B");
	t.is(a?.next?.sym?.name, "C");
	box.remove();
});

test("macros: errors say where", (t) => {
	t.is(diagnostics("X = $(X)\nconfig $(X)\n").code, 1);
	t.regex(diagnostics("X = $(X)\nconfig $(X)\n").err, /Recursive variable 'X' references itself/);
	t.is(diagnostics("\n$(error-if,y,no good)\n").err, "Kconfig:2: no good\n");
	t.regex(diagnostics("A := $(shell)\n").err, /too few function arguments passed to 'shell'/);
	t.is(diagnostics("A := $(shell,echo a; echo b)\n$(info,<$(A)>)\n").out, "<a b>\n");
});
