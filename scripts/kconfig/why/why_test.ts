// SPDX-License-Identifier: GPL-2.0-only
//
// Tests of explain(), explain_text() and cycles() on small trees.

import test from "ava";
import { conf_read_simple } from "../confdata.ts";
import { get } from "../engine.ts";
import type { Kconf } from "../lkc.ts";
import { ConfExit, kconf_alloc } from "../lkc.ts";
import { conf_parse } from "../parser.ts";
import { sym_clear_all_valid } from "../symbol.ts";
import type { Sandbox } from "../testutil.ts";
import { sandbox } from "../testutil.ts";
import type { Explanation } from "../why.ts";
import { cycles, explain, explain_all, explain_text, find_symbol, fragment_text } from "../why.ts";
import { distance } from "./names.ts";

const boxes: Sandbox[] = [];
test.after.always(() => {
	for (const box of boxes) box.remove();
});

function open(kconfig: string, config: string): Kconf {
	const box = sandbox({ Kconfig: kconfig, ".config": config });
	box.env.ARCH = "x86";
	const kconf = box.parse();
	conf_read_simple(kconf, ".config");
	sym_clear_all_valid(kconf);
	// The files are looked into for what constants came from.
	boxes.push(box);
	return kconf;
}

interface Case {
	kconfig: string;
	config?: string;
	/** SYMBOL or SYMBOL=value. */
	ask: string;
	/** The lines of the fragment, in any order; null: there is none. */
	set: string[] | null;
	text: RegExp[];
}

const M = 'config MODULES\n\tbool "modules"\n\tmodules\n\tdefault y\n';
const bool = (name: string, ...rest: string[]): string =>
	`config ${name}\n\tbool "${name}"\n${rest.map((line) => `\t${line}\n`).join("")}`;
const tri = (name: string, ...rest: string[]): string => bool(name, ...rest).replace("bool", "tristate");
const int = (name: string, ...rest: string[]): string => bool(name, ...rest).replace("bool", "int");
const hidden = (name: string, ...rest: string[]): string =>
	`config ${name}\n\tbool\n${rest.map((line) => `\t${line}\n`).join("")}`;
const y = (...names: string[]): string => names.map((name) => `CONFIG_${name}=y\n`).join("");

/** X goes up to END, which follows from MAX. */
const MAX_END =
	bool("MAX") +
	hidden("END", "default 8192 if MAX", "default 512").replace("bool", "int") +
	int("X", "range 2 END");

const cases: Record<string, Case> = {
	"visible and not set": {
		kconfig: bool("A"),
		ask: "A",
		set: ["CONFIG_A=y"],
		text: [
			/^A is n {2}\(bool "A", Kconfig:1\)\n {2}not set in the configuration, and no default applies\n\nIt is visible, and only has to be set\.\n\nTo have A=y/,
		],
	},
	"a prefix is fine": { kconfig: bool("A"), ask: "CONFIG_A", set: ["CONFIG_A=y"], text: [/^A is n/] },
	"already so": {
		kconfig: bool("A"),
		config: y("A"),
		ask: "A",
		set: null,
		text: [/^A is y.*\n {2}set to y in the configuration\n$/],
	},
	"dependencies, met and unmet": {
		kconfig: bool("A") + bool("B") + bool("C") + bool("X", "depends on A && B && C"),
		config: y("B"),
		ask: "X",
		set: ["CONFIG_A=y", "CONFIG_C=y", "CONFIG_X=y"],
		text: [
			/the prompt "X" needs \(Kconfig:8\)\n {4}unmet: A \[=n\] {2}can be set\n {4}unmet: C/,
			/met: B \[=y\]/,
			/3 values; fewer will not do/,
		],
	},
	"one of two": {
		kconfig: bool("A", "depends on UNDEFINED") + bool("B") + bool("X", "depends on A || B"),
		ask: "X",
		set: ["CONFIG_B=y", "CONFIG_X=y"],
		text: [/A \[=n\] \|\| B \[=n\] {2}one of these would do/, /unmet: UNDEFINED {2}not defined/],
	},
	"a user value that is ignored": {
		kconfig: bool("A") + bool("X", "depends on A"),
		config: y("X"),
		ask: "X",
		set: ["CONFIG_A=y"],
		text: [/the configuration says y, which is ignored, as the symbol is not visible/],
	},
	"not, and comparisons": {
		kconfig:
			bool("A") +
			`${'config N\n\tint "N"\n\tdefault 3\n\trange 1 9\n'}config S\n\tstring "S"\n` +
			bool("X", 'depends on !A && N > 5 && S = "on"'),
		config: y("A"),
		ask: "X",
		set: ["# CONFIG_A is not set", "CONFIG_N=6", 'CONFIG_S="on"', "CONFIG_X=y"],
		text: [/unmet: !A \[=y\] {2}can be turned off/],
	},
	"a contradiction": {
		kconfig: bool("A") + bool("X", "depends on A && !A"),
		ask: "X",
		set: null,
		text: [/There are no values with which to have X=y:\n {2}it would need A to have two values at once/],
	},
	"an undefined symbol": {
		kconfig: bool("X", "depends on ARM"),
		ask: "X",
		set: null,
		text: [/There are no values.*\n {2}ARM is not defined in these Kconfig files/],
	},
	"a constant": {
		kconfig: bool("X", 'depends on "x86" = "arm"'),
		ask: "X",
		set: null,
		text: [/cannot be true: both sides are constant/],
	},
	"no prompt, reached by a select": {
		kconfig: hidden("X") + bool("A", "select X"),
		ask: "X",
		set: ["CONFIG_A=y"],
		text: [/no prompt: only a select can set it\n {2}would be selected by A \[=n\] \(Kconfig:5\)/],
	},
	"no prompt, reached by a default": {
		kconfig: bool("A") + hidden("X", "default y if A"),
		ask: "X",
		set: ["CONFIG_A=y"],
		text: [/default y \[=y\], which needs \(Kconfig:5\)\n {4}unmet: A \[=n\]/],
	},
	"nothing can set it": {
		kconfig: hidden("X"),
		ask: "X",
		set: null,
		text: [/only selects and defaults could set it, and there are none/],
	},
	"held up by selects": {
		kconfig: bool("X") + bool("A", "select X") + hidden("B", "default y", "select X if C") + bool("C"),
		config: y("A", "C"),
		ask: "X=n",
		set: ["# CONFIG_A is not set", "# CONFIG_C is not set"],
		text: [/selected by A \[=y\] \(Kconfig:5\)/, /so it cannot be n/],
	},
	"a dependency that is only m": {
		kconfig: M + tri("A") + tri("X", "depends on A"),
		config: "CONFIG_A=m\nCONFIG_X=y\n",
		ask: "X",
		set: ["CONFIG_A=y"],
		text: [
			/^X is m.*\n {2}set to y in the configuration\n {2}the dependencies allow no more than m/,
			/unmet: A \[=m\] {2}can be set to y/,
		],
	},
	"m is the most there is": {
		kconfig: M + tri("X", "depends on m"),
		ask: "X",
		set: ["CONFIG_X=m"],
		text: [/It cannot be y.*; the most it can be is m\./],
	},
	"no modules": {
		kconfig: M + tri("X"),
		config: "# CONFIG_MODULES is not set\n",
		ask: "X=m",
		set: ["CONFIG_MODULES=y", "CONFIG_X=m"],
		text: [/it cannot be m without modules \(MODULES is n\)/],
	},
	"a choice": {
		kconfig: `choice\n\tprompt "which"\n${bool("A")}${bool("B")}endchoice\n`,
		config: y("A"),
		ask: "B",
		set: ["CONFIG_B=y"],
		text: [/the choice "which" is A \(Kconfig:1\)/, /CONFIG_B=y {2}\(and no other member of its choice\)/],
	},
	"a member that something else depends on": {
		kconfig: `choice\n\tprompt "which"\n${bool("A")}${bool("B")}endchoice\n${bool("X", "depends on !A")}`,
		ask: "X",
		set: ["CONFIG_B=y", "CONFIG_X=y"],
		text: [],
	},
	"visible if, and a prompt with a condition": {
		kconfig: `${bool("V")}${bool("P")}menu "m"\n\tvisible if V\nconfig X\n\tbool "X" if P\nendmenu\n`,
		ask: "X",
		set: ["CONFIG_V=y", "CONFIG_P=y", "CONFIG_X=y"],
		text: [/unmet: P \[=n\]/, /unmet: V \[=n\]/],
	},
	"a range": {
		kconfig: 'config X\n\tint "X"\n\trange 1 9\n\tdefault 5\n',
		config: "CONFIG_X=12\n",
		ask: "X=12",
		set: null,
		text: [/set to 12 in the configuration\n {2}12 is outside the range 1 to 9 \(Kconfig:3\)/],
	},
	"a range that can be left": {
		kconfig: bool("A", "default y") + int("X", "range 0 10 if A", "range 0 100", "default 5"),
		ask: "X=50",
		set: ["# CONFIG_A is not set", "CONFIG_X=50"],
		text: [/50 is outside the range 0 to 10 \(Kconfig:6\)/],
	},
	"outside of all ranges": {
		kconfig: `${bool("A", "default y")}config X\n\thex "X"\n\trange 0 0x10 if A\n\trange 0 0x20\n`,
		ask: "X=0x30",
		set: null,
		text: [
			/X=0x30:\n {2}X: 0x30 is outside the range 0 to 0x10 \(Kconfig:6\)\n/,
			/\n {2}X: 0x30 is outside the range 0 to 0x20 \(Kconfig:7\)\n$/,
		],
	},
	"an end of a range that follows from something else": {
		kconfig: MAX_END,
		ask: "X=1000",
		set: ["CONFIG_MAX=y", "CONFIG_X=1000"],
		text: [/1000 is outside the range 2 to 512 \[END\] \(Kconfig:9\)/, /changes: END 512 -> 8192/],
	},
	"an end of a range that no value reaches": {
		kconfig: MAX_END,
		ask: "X=9000",
		set: null,
		text: [
			/9000 is outside the range 2 to 512 \[END\] \(Kconfig:9\)\n/,
			/\n {2}END has no prompt, and its defaults are 8192, 512 \(Kconfig:5\)\n$/,
		],
	},
	"an end of a range that can be set": {
		kconfig: 'config END\n\tint "END"\n\tdefault 5\nconfig X\n\tint "X"\n\trange 1 END\n\tdefault 3\n',
		ask: "X=7",
		set: ["CONFIG_END=7", "CONFIG_X=7"],
		text: [/7 is outside the range 1 to 5 \[END\] \(Kconfig:6\)/],
	},
	"an end of a range that is not defined": {
		kconfig: 'config X\n\tint "X"\n\trange 0 NOWHERE\n',
		ask: "X=7",
		set: null,
		text: [/X=7:\n {2}X: 7 is outside the range 0 to NOWHERE \[not defined, and so 0\] \(Kconfig:3\)\n$/],
	},
	"a hex makes the other side unsigned": {
		kconfig:
			int("I", "default -1") +
			bool("H", "default 0x1").replace("bool", "hex") +
			bool("X", "depends on I < H"),
		ask: "X",
		set: ["CONFIG_I=0", "CONFIG_X=y"],
		text: [/unmet: I \[=-1\]<H \[=0x1\]/],
	},
	"both sides of a comparison have to change": {
		kconfig:
			bool("A") +
			int("L", "range 5 6 if A", "range 1 1", "default 1") +
			int("R", "depends on A") +
			bool("X", "depends on A && L < R && R < 7"),
		ask: "X",
		set: ["CONFIG_A=y", "CONFIG_R=6", "CONFIG_X=y"],
		text: [],
	},
	"a bool compared with a number": {
		kconfig: `${int("N", "default 0")}${bool("B")}${hidden("X", "default y", "depends on B > N && N = 0")}`,
		ask: "X",
		set: ["CONFIG_B=y"],
		text: [],
	},
	"a range that pulls a value to its end": {
		kconfig: `${bool("A")}config X\n\tint\n\tdefault 3\n\trange 7 9 if A\n`,
		ask: "X=7",
		set: ["CONFIG_A=y"],
		text: [],
	},
	"a number that cannot be seen": {
		kconfig: `${bool("A")}config X\n\tint "X"\n\tdepends on A\n`,
		ask: "X",
		set: ["CONFIG_A=y"],
		text: [/To see X, set/],
	},
	"of single values, that which takes the least away": {
		kconfig:
			["A", "B", "C"].map((name) => bool(name)).join("") +
			hidden("X", "default y", "depends on A && B && C") +
			bool("D", "depends on A") +
			bool("E", "depends on A") +
			bool("F", "depends on C"),
		config: y("A", "B", "C", "D", "E", "F"),
		ask: "X=n",
		set: ["# CONFIG_B is not set"],
		text: [
			/set \(1 value; 1 of what is on now is lost\):\n {2}# CONFIG_B is not set\n {2}turns off: X\n/,
			/Any set takes something away; none takes away less\.\n$/,
		],
	},
	"a set that keeps what is on, before a smaller one": {
		kconfig:
			bool("A") +
			bool("B") +
			bool("X", "depends on !A || B && C") +
			bool("C") +
			bool("D", "depends on A"),
		config: y("A", "D", "X"),
		ask: "X",
		set: ["CONFIG_B=y", "CONFIG_C=y"],
		text: [
			/2 values; fewer will not do and keep all that is on/,
			/Or, with 1 value, but not all of what is on now:\n {2}# CONFIG_A is not set\n {2}takes away what you have on: D\n/,
		],
	},
	"what is lost is mended": {
		kconfig: bool("L", "depends on !X || B") + bool("B") + bool("X", "select H") + hidden("H"),
		config: y("L"),
		ask: "X",
		set: ["CONFIG_B=y", "CONFIG_X=y"],
		text: [/\n {2}turns on: H\nOr, with 1 value/, /takes away what you have on: L\n/],
	},
	"any set takes something away": {
		kconfig: bool("L", "depends on !X") + bool("X") + "config N\n\tint\n\tdefault 3 if X\n\tdefault 2\n",
		config: y("L"),
		ask: "X",
		set: ["CONFIG_X=y"],
		text: [/takes away what you have on: L\n {2}changes: N 2 -> 3\n {2}Any set takes something away/],
	},
	"no modules, so m is y": {
		kconfig: M + tri("A", "depends on m"),
		config: "CONFIG_MODULES=y\nCONFIG_A=m\n",
		ask: "A=y",
		set: null,
		text: [/There are no values/],
	},
	"a tristate that is selected as m": {
		kconfig:
			M +
			`config T\n\ttristate\n` +
			tri("A", "select T", "depends on D") +
			`config D\n\ttristate\n\tdefault m\n`,
		config: "CONFIG_A=m\n",
		ask: "T=y",
		set: ["# CONFIG_MODULES is not set"],
		text: [],
	},
	"a constant default": {
		kconfig: `${hidden("H", "default n")}${bool("X", "depends on H")}`,
		ask: "X",
		set: null,
		text: [
			/There are no values with which to have X=y:\n {2}H has no prompt, and its default is n \(Kconfig:3\)/,
		],
	},
	"constant dependencies": {
		kconfig: `${hidden("H", "default y", "depends on n")}${bool("P", "depends on n")}${bool("X", "depends on H || P")}`,
		ask: "X",
		set: null,
		text: [
			/\n {2}H has no prompt, and its dependencies are n whatever is set \(Kconfig:3\)\n/,
			/\n {2}P is never visible: its dependencies are n whatever is set \(Kconfig:6\)\n/,
		],
	},
	"a number that only a default gives": {
		kconfig: `config N\n\tint\n\tdefault 5\n${bool("X", "depends on N > 7")}`,
		ask: "X",
		set: null,
		text: [/X=y:\n {2}N has no prompt, and its default is 5 \(Kconfig:3\)\n/],
	},
	"what a constant came from": {
		kconfig:
			"have-it = $(shell,echo n)\nname := $(ARCH)-gcc\n" +
			bool("P", "depends on $(have-it,$(name))") +
			'if "$(ARCH)" = "arm64"\n' +
			hidden("H", "def_bool $(shell,echo n)", "depends on P || y") +
			"endif\n" +
			bool("X", "depends on P || H"),
		ask: "X",
		set: null,
		text: [
			/P is never .*: depends on \$\(have-it,\$\(name\)\) with name := \$\(ARCH\)-gcc \(Kconfig:2\)/,
			/x86=arm64 cannot .* constant: if "\$\(ARCH\)" = "arm64" with ARCH=x86 \(Kconfig:6\)/,
		],
	},
	"a default that came from a command": {
		kconfig: hidden("H", "default $(shell,echo n)") + bool("X", "depends on H"),
		ask: "H",
		set: null,
		text: [
			/^H is n.*\n {2}default n \[=n\], from default \$\(shell,echo n\) \(Kconfig:3\)\n/,
			/its default is n \(Kconfig:3\): default \$\(shell,echo n\)\n$/,
		],
	},
	"an unmet constant": {
		kconfig: bool("X", "depends on $(shell,echo n) && \\\n\t\tX2") + bool("X2"),
		ask: "X",
		set: null,
		text: [/unmet: n \[=n\] {2}constant, from depends on \$\(shell,echo n\) && X2 \(Kconfig:3\)\n/],
	},
	"a symbol that nobody defines": {
		kconfig: bool("X", "depends on ARM"),
		ask: "ARM",
		set: null,
		text: [
			/^ARM is n {2}\(not defined\)\n/,
			/values with which to have ARM=y:\n {2}ARM is not defined in these Kconfig files\n$/,
		],
	},
	"more selects than a line holds": {
		kconfig:
			hidden("H") +
			[..."ABCDE"].map((name) => bool(name, "select H")).join("") +
			bool("X", "depends on !H"),
		config: y(..."ABCDE"),
		ask: "X",
		set: [..."ABCDE"].map((name) => `# CONFIG_${name} is not set`).concat("CONFIG_X=y"),
		text: [/unmet: !H \[=y\] {2}selected by A, B, C and 2 others\n/],
	},
	"numbers that come and go": {
		kconfig:
			bool("A") +
			'config N\n\tint "N"\n\tdefault 3\n\tdepends on A\nconfig S\n\tstring "S"\n\tdefault "s"\n\tdepends on !A\n',
		ask: "A",
		set: ["CONFIG_A=y"],
		text: [/\n {2}adds: N=3\n {2}drops: S\n$/],
	},
	"a default that holds": {
		kconfig: bool("A") + hidden("X", "default y", "depends on A"),
		config: y("A"),
		ask: "X=n",
		set: ["# CONFIG_A is not set"],
		text: [/\n {2}no prompt: its default sets it, as A \[=y\] \(Kconfig:5\)\n/],
	},
	"many selects": {
		kconfig: hidden("X") + [..."ABCDEFGHI"].map((name) => bool(name, "select X")).join(""),
		config: y(..."ABCDEFGHI"),
		ask: "X",
		set: null,
		text: [/selected by F .*\n {2}and 3 others\n$/],
	},
	"a member that is not visible": {
		kconfig: `${bool("E")}choice\n\tprompt "which"\n${bool("A")}${bool("B", "depends on E")}endchoice\n`,
		ask: "B",
		set: ["CONFIG_E=y", "CONFIG_B=y"],
		text: [/\n {2}not visible; the choice "which" is A \(Kconfig:3\)\n/],
	},
	"a transitional symbol": {
		kconfig: "config OLD\n\tbool\n\ttransitional\n",
		ask: "OLD",
		set: null,
		text: [/^OLD is n {2}\(transitional bool, Kconfig:1\)/, /only read from an old \.config/],
	},
	"promptless at the end of a chain": {
		kconfig:
			bool("A") +
			hidden("H1", "default y if A") +
			hidden("H2", "default H1") +
			bool("X", "depends on H2"),
		ask: "X",
		set: ["CONFIG_A=y", "CONFIG_X=y"],
		text: [/unmet: H2 \[=n\] {2}no prompt: only its default can set it/],
	},
};

function ask(kconf: Kconf, text: string): Explanation {
	const [name, want] = text.split("=");
	return explain(kconf, name as string, want);
}

for (const [title, { kconfig, config = "", ask: asked, set, text }] of Object.entries(cases)) {
	test(title, (t) => {
		const kconf = open(kconfig, config);
		const before = new Map([...kconf.symbols.keys()].map((name) => [name, get(kconf, name)]));
		const ex = ask(kconf, asked);
		const lines = fragment_text(kconf, ex).split("\n").filter(Boolean).sort();
		t.deepEqual(lines, (set ?? []).sort());
		t.true(ex.holds || (ex.solution ? ex.solution.smallest : ex.impossible));
		const out = explain_text(kconf, ex);
		for (const pattern of text) t.regex(out, pattern);
		for (const [name, value] of before) t.is(get(kconf, name), value, `${name} is left changed`);
	});
}

test("a select of something whose own dependencies are unmet is the last resort", (t) => {
	const kconf = open(
		bool("D") + hidden("X", "depends on D") + bool("A", "select X") + bool("B", "depends on D", "select X"),
		"",
	);
	const { solution } = explain(kconf, "X");
	t.is(solution?.set.length, 2);
	t.is(solution?.unmet.length, 0);
});

test("what is newly selected in spite of its dependencies is named, also if another no longer is", (t) => {
	const kconf = open(
		bool("D") +
			hidden("X", "depends on D") +
			hidden("Z", "depends on D") +
			bool("OLD", "select Z", "depends on !A") +
			bool("A", "select X", "depends on !D"),
		y("OLD"),
	);
	const ex = explain(kconf, "A");
	t.deepEqual(
		ex.solution?.unmet.map(({ name }) => name),
		["X"],
	);
	t.regex(explain_text(kconf, ex), /\n {2}This selects X, whose own dependencies are unmet\.\n/);
});

test("modules that go are told", (t) => {
	const kconf = open(
		M +
			tri("A") +
			tri("B") +
			hidden("T").replace("bool", "tristate") +
			tri("S", "select T", "depends on D") +
			hidden("D", "default m").replace("bool", "tristate"),
		"CONFIG_MODULES=y\nCONFIG_A=m\nCONFIG_B=m\nCONFIG_S=m\n",
	);
	const text = explain_text(kconf, explain(kconf, "T", "y"));
	t.regex(text, /\n {2}takes away modules: MODULES becomes n; \d symbols that are m become y\n/);
});

test("several symbols: one set for all, or none", (t) => {
	const kconf = open(
		M + bool("A") + bool("X", "depends on A") + bool("Z", "depends on !A") + tri("T", "depends on m"),
		"",
	);
	const all = (...names: string[]) =>
		explain_all(
			kconf,
			names.map((name) => ({ sym: find_symbol(kconf, name) })),
		);
	t.is(fragment_text(kconf, all("X", "A")), "CONFIG_A=y\nCONFIG_X=y\n");
	const none = all("X", "Z");
	t.true(none.impossible);
	t.is(fragment_text(kconf, none), "");
	t.deepEqual(
		all("A", "X", "Z").reasons,
		[
			"X=y and Z=y exclude each other: it would need A to have two values at once",
			"A=y and Z=y exclude each other: it would need A to be n, which is asked to be y",
		].reverse(),
	);
	const less = all("X", "T");
	t.is(fragment_text(kconf, less), "CONFIG_A=y\nCONFIG_X=y\nCONFIG_T=m\n");
	t.deepEqual(
		less.parts.map(({ want, instead_of }) => [want, instead_of]),
		[
			["y", null],
			["m", "y"],
		],
	);
});

test("much that is lost: the set that takes less away comes first, with the numbers", (t) => {
	const names = [..."DEFGHIJK"];
	const kconf = open(
		bool("NET") +
			names.map((name) => bool(name, "depends on NET")).join("") +
			bool("P", "depends on NET", "select X") +
			bool("Q", "depends on NET", "select X") +
			hidden("X"),
		y("NET", ...names, "P", "Q"),
	);
	const text = explain_text(kconf, explain(kconf, "X", "n"));
	t.regex(text, /and lose as little; 2 of what is on now are lost\):\n {2}# CONFIG_P .*\n {2}# CONFIG_Q /);
	t.regex(
		text,
		/none takes away less\.\nOr, with 1 value, but 11 of what is on now are lost:\n {2}# CONFIG_NET /,
	);
});

test("unknown symbols and values are one line that helps", (t) => {
	const kconf = open(M + bool("ALPHA_BETA") + tri("T") + 'config N\n\tint "N"\n', "");
	const error = t.throws(() => find_symbol(kconf, "CONFIG_ALPHA_BTEA"), { instanceOf: ConfExit });
	t.is(error?.code, 2);
	t.is(error?.message, "ALPHA_BTEA: no such symbol in these Kconfig files; did you mean ALPHA_BETA?");
	t.throws(() => explain(kconf, "ALPHA_BETA", "m"), { message: "ALPHA_BETA=m: a bool takes y or n" });
	t.throws(() => explain(kconf, "T", "yes"), { message: /takes y, m or n/ });
	t.throws(() => explain(kconf, "N", "y"), { message: /takes a whole number/ });
});

test("distance of names", (t) => {
	t.is(distance("ABC", "ABC", 9), 0);
	t.is(distance("ABC", "ACB", 9), 1);
	t.is(distance("ABC", "AXC", 9), 1);
	t.is(distance("ABC", "ABCD", 9), 1);
	t.is(distance("ABC", "XYZ", 2), 2);
});

function loops(kconfig: string): string[][] {
	const box = sandbox({ Kconfig: kconfig });
	const kconf = kconf_alloc({ env: {}, cwd: box.dir, out: () => {}, err: () => {} });
	try {
		conf_parse(kconf, "Kconfig");
	} catch (error) {
		if (!(error instanceof ConfExit)) throw error;
	} finally {
		box.remove();
	}
	return cycles(kconf).map((cycle) => cycle.map((e) => `${e.from} ${e.how} ${e.to} (${e.at})`).sort());
}

test("a dependency loop is shown without what only leads to it", (t) => {
	const found = loops(
		bool("START", "depends on A") +
			bool("A", "depends on B") +
			bool("B") +
			bool("C", "select B", "depends on A"),
	);
	t.deepEqual(found, [
		["A depends on B (Kconfig:4)", "B is selected by C (Kconfig:11)", "C depends on A (Kconfig:9)"],
	]);
});

test("a loop through a choice, through a default, and none", (t) => {
	const choice = `choice\n\tprompt "c"\n\tdepends on X\n${bool("A")}${bool("B")}endchoice\n${bool("X", "depends on A")}`;
	t.is(loops(choice).length, 1);
	t.deepEqual(loops(hidden("A", "default B") + hidden("B", "default A")), [
		["A has a default with B (Kconfig:3)", "B has a default with A (Kconfig:6)"],
	]);
	t.deepEqual(loops(bool("A") + bool("B", "depends on A")), []);
});
