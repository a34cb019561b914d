// SPDX-License-Identifier: GPL-2.0-only
//
// Tests of mconf without a terminal: keys go in, and screens are read as text.

import test from "ava";
import { get } from "../engine.ts";
import { session } from "./testutil.ts";

const KCONFIG = `mainmenu "Test"
config MODULES
	def_bool y
	modules
config ALPHA
	bool "alpha"
	help
	  About alpha.
config BETA
	tristate "beta"
	depends on ALPHA
config NUM
	int "number"
	range 2 64
	default 5
config TEXT
	string "text"
	default "abc"
menu "sub menu"
config GAMMA
	bool "gamma"
	depends on ALPHA && (NUM = 5 || TEXT = "x")
	select DELTA
choice
	prompt "which"
	default TWO
config ONE
	bool "one"
config TWO
	bool "two"
endchoice
comment "a remark"
endmenu
config DELTA
	tristate "delta"
menuconfig EPS
	bool "eps"
config ZETA
	bool "zeta"
	depends on EPS
menu "empty"
config ETA
	bool "eta"
	depends on n
endmenu
config HIDDEN
	def_bool y
	depends on ALPHA
`;

const start = (config = "", env = {}) => session({ Kconfig: KCONFIG, ".config": config }, env);

test("marks of the entries", (t) => {
	const s = start("CONFIG_ALPHA=y\nCONFIG_BETA=m\nCONFIG_GAMMA=y\nCONFIG_EPS=y\n");
	t.teardown(() => s.box.remove());
	t.deepEqual(s.list(), [
		"   [*] alpha",
		"   <M>   beta",
		"   (5) number (NEW)",
		"   (abc) text (NEW)",
		"       sub menu  --->",
		"   -*- delta",
		"   [*] eps  --->",
		"       empty  ----",
	]);
	t.regex(s.text(), /^ \.config - Test\n ─+\n/);
});

test("the first screen is that of the kernel", (t) => {
	const s = start();
	t.teardown(() => s.box.remove());
	const lines = s.text().split("\n");
	t.is(lines[2], `  ┌${"─".repeat(33)} Test ${"─".repeat(34)}┐`);
	t.is(lines[3], "  │  Arrow keys navigate the menu.  <Enter> selects submenus ---> (or empty │");
	t.is(lines[6], "  │  exit, <?> for Help, </> for Search.  Legend: [*] built-in  [ ]         │");
	t.is(lines[7], `  │ ┌${"─".repeat(69)}┐ │`);
	t.is(lines[20], "  │        <Select>    < Exit >    < Help >    < Save >    < Load >         │");
});

test("y, n, m and space set values", (t) => {
	const s = start();
	t.teardown(() => s.box.remove());
	s.press("y");
	t.is(s.line(), "[*] alpha");
	s.press("down", "m");
	t.is(s.line(), "<M>   beta");
	s.press(" ");
	t.is(s.line(), "<*>   beta");
	s.press(" ");
	t.is(s.line(), "< >   beta");
	s.press("up", "n");
	t.is(s.line(), "[ ] alpha");
	t.notRegex(s.text(), /beta/);
});

test("a letter goes to the next entry that has it as its hotkey", (t) => {
	const s = start();
	t.teardown(() => s.box.remove());
	s.press("e");
	t.is(s.line(), "[ ] eps (NEW)  ----");
	s.press("e");
	t.is(s.line(), "empty  ----");
	s.press("E");
	t.is(s.line(), "[ ] eps (NEW)  ----");
});

test("menus are entered and left, and the trail says where one is", (t) => {
	const s = start();
	t.teardown(() => s.box.remove());
	s.press("down", "down", "down", "enter");
	t.regex(s.text(), /\n → sub menu ─+\n/);
	t.deepEqual(s.list(), ["       which (two)  --->", "       *** a remark ***"]);
	s.press("escape");
	t.is(s.line(), "sub menu  --->");
	t.regex(s.text(), /^ \.config - Test\n ─+\n/);
});

test("a radio list chooses a member", (t) => {
	const s = start();
	t.teardown(() => s.box.remove());
	s.press("down", "down", "down", "enter", "enter");
	t.is(s.line(), "(X) two");
	s.press("up", " ");
	t.is(get(s.app.kconf, "ONE"), "y");
	t.is(s.line(), "which (one)  --->");
});

test("a number out of range is refused, and the range is said", (t) => {
	const s = start();
	t.teardown(() => s.box.remove());
	s.press("down", "enter", "backspace", "'65", "enter");
	t.regex(s.text(), /You have made an invalid entry\..*\n.*It has to be from 2 to 64\./);
	s.press("enter", "ctrl-u", "'64", "enter");
	t.is(s.line(), "(64) number");
});

test("the input line can be edited in the middle", (t) => {
	const s = start();
	t.teardown(() => s.box.remove());
	s.press("down", "down", "enter", "home", "right", "delete", "'漢é", "end", "'!", "tab", "o");
	t.is(s.line(), "(a漢éc!) text");
});

test("help on an entry, and the overview where there is none", (t) => {
	const s = start();
	t.teardown(() => s.box.remove());
	s.press("?");
	t.regex(s.text(), /CONFIG_ALPHA:.*\n.*\n.*About alpha\.(.*\n)+.*Symbol: ALPHA \[=n\]/);
	s.press("q", "s", "end", "?");
	t.regex(s.text(), / README /);
});

test("z shows what is hidden", (t) => {
	const s = start();
	t.teardown(() => s.box.remove());
	s.press("Z");
	t.true(s.list().includes("   - -   beta"));
	s.press("Z");
	t.false(s.list().includes("   - -   beta"));
});

test("search shows relations, and its keys lead there and back", (t) => {
	const s = start("CONFIG_ALPHA=y\n");
	t.teardown(() => s.box.remove());
	s.press("/", "'config_^gam", "enter");
	t.regex(s.text(), /\n → Search \(config_\^gam\) ─/);
	t.regex(s.text(), /Symbol: GAMMA \[=n\]/);
	t.regex(s.text(), /\(1\) {3}-> gamma \(GAMMA \[=n\]\)/);
	s.press("1");
	t.is(s.line(), "[ ] gamma (NEW)");
	t.regex(s.text(), /\n → sub menu ─/);
	s.press("y", "escape");
	t.regex(s.text(), /Symbol: GAMMA \[=y\]/);
	s.press("escape");
	t.regex(s.text(), /^ \.config - Test\n ─+\n/);
});

test("search for what is no expression finds nothing", (t) => {
	const s = start();
	t.teardown(() => s.box.remove());
	s.press("/", "'(", "enter");
	t.regex(s.text(), /No matches found\./);
});

test("jump: words from names and prompts, in any order", (t) => {
	const s = start();
	t.teardown(() => s.box.remove());
	s.press("J", "'mark other");
	t.deepEqual(s.list(), ["mark other"]);
	t.regex(s.text(), /nothing found/);
	s.press("ctrl-u", "'ARK rem");
	t.deepEqual(s.list().slice(1), ['comment "a remark"']);
	s.press("ctrl-u", "'config_eta");
	t.deepEqual(s.list().slice(1), ['ETA [=n] "eta"', 'BETA [=n] "beta"', 'ZETA [=n] "zeta"']);
	s.press("ctrl-u", "'(");
	t.regex(s.text(), /not a regular expression/);
});

test("jump to something hidden shows what is hidden", (t) => {
	const s = start();
	t.teardown(() => s.box.remove());
	s.press("J", "'gamma", "enter");
	t.is(s.line(), "- - gamma");
	t.true(s.app.view.show_all);
	s.press("escape");
	t.regex(s.text(), /^ \.config - Test\n ─+\n/);
});

test("jump to a member of a choice opens the choice", (t) => {
	const s = start();
	t.teardown(() => s.box.remove());
	s.press("J", "'^one$", "enter");
	t.is(s.line(), "( ) one");
	s.press(" ");
	t.is(s.line(), "which (one)  --->");
});

test("jump to what has no prompt gives information", (t) => {
	const s = start();
	t.teardown(() => s.box.remove());
	s.press("J", "'hidden", "enter");
	t.regex(s.text(), /Symbol: {4}HIDDEN/);
	t.regex(s.text(), /cannot be set: there is no prompt/);
});

test("information marks the term that is not met", (t) => {
	const s = start();
	t.teardown(() => s.box.remove());
	s.press("J", "'gamma", "f2");
	t.regex(s.text(), /\[n\] {4}ALPHA \[=n\] {3}<--/);
	t.regex(s.text(), /\[y\] && \(NUM \[=5\]=5 \|\| TEXT \[=abc\]=x\)/);
});

test("why: what is proposed can be set", (t) => {
	const s = start();
	t.teardown(() => s.box.remove());
	s.press("Z", "down", "down", "down", "down", "enter", "W");
	t.regex(s.text(), /Why is GAMMA as it is\?/);
	t.regex(s.text(), /CONFIG_ALPHA=y\s.*\n.*CONFIG_GAMMA=y\s/);
	t.regex(s.text(), /\n {2}<S> set these values/);
	s.press("s");
	t.regex(
		s.text(),
		/Set these values\?.*\n.*CONFIG_ALPHA=y\s.*\n.*CONFIG_GAMMA=y\s.*\n.*2 other symbols will change\./,
	);
	t.is(get(s.app.kconf, "ALPHA"), "n");
	s.press("n");
	t.regex(s.text(), /Why is GAMMA/);
	t.is(get(s.app.kconf, "ALPHA"), "n");
	s.press("s", "y");
	t.is(s.line(), "[*] gamma");
	for (const name of ["ALPHA", "GAMMA", "DELTA", "HIDDEN"]) t.is(get(s.app.kconf, name), "y");
	s.press("escape", "escape", "y");
	t.regex(s.box.read(".config") ?? "", /^CONFIG_ALPHA=y\n(.*\n)*CONFIG_GAMMA=y$/m);
});

test("why: what is y is asked about n, and about other values", (t) => {
	const s = start("CONFIG_ALPHA=y\nCONFIG_GAMMA=y\n");
	t.teardown(() => s.box.remove());
	s.press("J", "'^delta$", "f3");
	t.regex(s.text(), /DELTA is y.*\n.*selected by GAMMA/);
	t.regex(s.text(), /To have DELTA=n, set/);
	s.press("m");
	t.regex(s.text(), /To have DELTA=m, set/);
	s.press("escape");
	t.regex(s.text(), /Jump to symbol/);
	s.press("f3", "s", "y");
	t.is(s.line(), "< > delta (NEW)");
	t.is(get(s.app.kconf, "DELTA"), "n");
});

test("why: a choice, and a member of it", (t) => {
	const s = start();
	t.teardown(() => s.box.remove());
	s.press("J", "'^one$", "f3", "s", "y");
	t.is(s.line(), "(X) one");
	t.is(get(s.app.kconf, "TWO"), "n");
	s.press("escape", "W");
	t.regex(s.text(), /│ +Choice +│/);
});

test("information has the way by which a file came to be read", (t) => {
	const s = session({
		Kconfig: 'mainmenu "Test"\n\nsource "a/Kconfig"\n',
		"a/Kconfig": 'config A\n\tbool "a"\nsource "a/b/Kconfig"\n',
		"a/b/Kconfig": 'config B\n\tbool "b"\n',
	});
	t.teardown(() => s.box.remove());
	s.press("down", "I");
	const [from] = /Defined at[\s\S]*included[^\n]*/.exec(s.text()) ?? [""];
	const lines = from.split("\n").map((line) => line.replace(/[ │]+/g, " ").trim());
	const way = ["included from a/Kconfig:3", "included from Kconfig:3"];
	t.deepEqual(lines, ["Defined at a/b/Kconfig:1", ...way]);
	s.press("q", "up", "I");
	t.regex(s.text(), /included from Kconfig:3 .*\n.*Prompt/);
});

test("a text of a thousand characters can be pasted", (t) => {
	const s = start();
	t.teardown(() => s.box.remove());
	s.press("down", "down", "enter", `'${"ä b".repeat(333)}`, "enter");
	t.is(get(s.app.kconf, "TEXT"), `abc${"ä b".repeat(333)}`);
	s.press("J", `'${"eps ".repeat(250)}`);
	t.deepEqual(s.list().slice(1), ['EPS [=n] "eps"']);
});

test("a help text of 20,000 lines", (t) => {
	const lines = Array.from({ length: 20_000 }, (_, i) => `\t  line ${i}\n`).join("");
	const s = session({ Kconfig: `config A\n\tbool "a"\n\thelp\n${lines}` });
	t.teardown(() => s.box.remove());
	s.press("?");
	t.regex(s.text(), / line 0 /);
	s.press("end");
	t.regex(s.text(), /\(100%\)/);
	s.press("pageup", "pageup");
	t.regex(s.text(), / line 199\d\d /);
});

test("single menu mode unfolds", (t) => {
	const s = start("", { MENUCONFIG_MODE: "single_menu" });
	t.teardown(() => s.box.remove());
	s.press("down", "down", "down");
	t.is(s.line(), "++> sub menu");
	s.press("enter");
	t.is(s.line(), "--> sub menu");
	t.true(s.list().includes("         which (two)  --->"));
	s.press("enter");
	t.is(s.line(), "++> sub menu");
});

test("nothing changed: the end asks nothing", (t) => {
	const s = start();
	t.teardown(() => s.box.remove());
	s.app.kconf.conf_changed = false;
	s.press("escape");
	t.is(s.ending?.code, 0);
	t.regex(s.ending?.out ?? "", /^\n\n\*\*\* End of the configuration\.\n/);
});

test("saving at the end", (t) => {
	const s = start();
	t.teardown(() => s.box.remove());
	s.press("y", "escape");
	t.regex(s.text(), /Do you wish to save your new configuration\?/);
	s.press("escape");
	t.is(s.line(), "[*] alpha");
	s.press("escape", "y");
	t.is(s.ending?.code, 0);
	t.true(s.ending?.out.startsWith("configuration written to .config\n\n*** End"));
	t.regex(s.box.read(".config") ?? "", /^CONFIG_ALPHA=y$/m);
});

test("not saving at the end", (t) => {
	const s = start("# before\n");
	t.teardown(() => s.box.remove());
	s.press("y", "escape", "n");
	t.deepEqual(s.ending, { code: 0, out: "", err: "\n\nYour configuration changes were NOT saved.\n\n" });
	t.is(s.box.read(".config"), "# before\n");
});

test("ctrl-c asks, and ends when pressed again", (t) => {
	const s = start();
	t.teardown(() => s.box.remove());
	s.press("y");
	s.interrupt();
	t.regex(s.text(), /Do you wish to save/);
	s.press("escape");
	t.is(s.line(), "[*] alpha");
	s.interrupt();
	s.interrupt();
	t.is(s.ending?.code, 130);
});

test("save to another file, and load it", (t) => {
	const s = start();
	t.teardown(() => s.box.remove());
	s.press("y", "left", "left", "enter", "ctrl-u", "'other", "enter");
	t.regex(s.text(), /configuration written to other/);
	s.press("enter", "n", "left", "enter", "enter");
	t.is(s.line(), "[*] alpha");
	t.regex(s.text(), /^ other - Test\n/);
	s.press("left", "enter", "ctrl-u", "'none", "enter");
	t.regex(s.text(), /File does not exist!/);
});

test("what cannot be written is said", (t) => {
	const s = start();
	t.teardown(() => s.box.remove());
	s.box.put("dir/file", "");
	s.press("left", "left", "enter", "ctrl-u", "'dir", "enter");
	t.regex(s.text(), /Can't create file!.*\n.*dir: Is a directory/);
});

test("wrong lines of the configuration file are shown first", (t) => {
	const s = start("rubbish\n");
	t.teardown(() => s.box.remove());
	t.regex(s.text(), /Warnings(.*\n)+.*\.config:1:warning: unexpected data: rubbish/);
	t.regex(s.box.printed.err, /unexpected data: rubbish/);
	s.press("enter");
	t.is(s.line(), "[ ] alpha (NEW)");
});

test("unmet dependencies are shown once, when they arise", (t) => {
	const text = `config A\n\tbool "a"\nconfig B\n\tbool "b"\n\tselect C\nconfig C\n\tbool "c"\n\tdepends on A\n`;
	const s = session({ Kconfig: text });
	t.teardown(() => s.box.remove());
	s.press("b", " ");
	t.regex(s.text(), /WARNING: unmet direct dependencies detected for C/);
	s.press("enter", "n", "y");
	t.is(s.line(), "[*] b");
});

for (const [rows, cols] of [
	[12, 52],
	[18, 60],
	[19, 80],
	[50, 200],
] as const) {
	test(`every box fits on ${cols}x${rows}`, (t) => {
		const s = start("CONFIG_ALPHA=y\n");
		t.teardown(() => s.box.remove());
		s.size = { rows, cols };
		const fits = (what: RegExp): void => {
			const lines = s.text().split("\n");
			t.regex(s.text(), what);
			t.is(lines.length, rows);
			t.true(lines.some((line) => /┌.*┐/.test(line)) && lines.some((line) => /└.*┘/.test(line)));
		};
		fits(/<Select>/);
		s.press("?");
		fits(/< Exit >/);
		s.press("q", "down", "down", "enter");
		fits(/< {2}Ok {2}>/);
		s.press("escape", "J", "'^two$");
		fits(/TWO \[=y\] "two"/);
		s.press("enter");
		fits(/\(X\) two/);
		s.press("escape", "escape", "escape");
		fits(/< Yes >/);
	});
}

test("a screen that is too small says so, and takes no keys", (t) => {
	const s = start();
	t.teardown(() => s.box.remove());
	s.size = { rows: 11, cols: 80 };
	t.is(s.text().trim(), "Too small: needs 52x12");
	s.press("y");
	t.is(get(s.app.kconf, "ALPHA"), "n");
});

test("the list scrolls, and keeps its place when the screen changes", (t) => {
	const many = Array.from({ length: 40 }, (_, i) => `config S${i}\n\tbool "1 ${i}"\n`).join("");
	const s = session({ Kconfig: many });
	t.teardown(() => s.box.remove());
	t.regex(s.text(), /↓\(\+\)/);
	s.press("pagedown", "pagedown", "down");
	const line = s.line();
	t.regex(s.text(), /↑\(-\)/);
	s.size = { rows: 40, cols: 100 };
	t.is(s.line(), line);
	s.press("home");
	t.is(s.line(), "[ ] 1 0 (NEW)");
	s.press("end");
	t.is(s.line(), "[ ] 1 39 (NEW)");
});

test("a long prompt of wide characters is cut between characters", (t) => {
	const s = session({ Kconfig: `config A\n\tbool "x${"漢".repeat(60)}"\n` });
	t.teardown(() => s.box.remove());
	for (const line of s
		.text()
		.split("\n")
		.filter((text) => text.includes("漢"))) {
		const wide = [...line].filter((ch) => ch === "漢").length;
		t.is(line.length + wide, 77);
		t.true(line.endsWith("│ │"));
	}
});
