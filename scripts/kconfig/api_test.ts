// SPDX-License-Identifier: GPL-2.0-only
//
// Tests of the library's view of a tree: entries, symbols, choices, expressions, configurations.

import { join } from "node:path";
import test from "ava";
import { type Choice, type Kconfig, KconfigError, parse, type Symbol as KconfigSymbol } from "./index.ts";
import { type Sandbox, sandbox } from "./testutil.ts";

const KCONFIG = `mainmenu "Top"
cc := gcc
flags = $(cc) -O2

config MODULES
	bool "modules"
	modules

menu "Buses"
	visible if !HIDE

source "sub/Kconfig"

config USB
	tristate "usb"
	depends on PCI
	select BASE if PCI
	imply EXTRA
	help
	  Help of USB.

comment "no pci"
	depends on !PCI

endmenu

config HIDE
	bool "hide"

config BASE
	tristate

config EXTRA
	bool "extra"

config N
	int "n"
	range 1 LIMIT if PCI
	range 0 9
	default 3 if USB
	default 5

config LIMIT
	int
	default 7

choice
	prompt "which"
	default C2

config C1
	bool "c1"

config C2
	bool "c2"

endchoice
`;

const SUB = 'config PCI\n\tbool "pci"\n\tdefault y if $(shell,echo y)\n';

function open(t: { teardown(work: () => void): void }, files: Record<string, string> = {}): [Kconfig, Sandbox] {
	const box = sandbox({ Kconfig: KCONFIG, "sub/Kconfig": SUB, ...files });
	t.teardown(() => box.remove());
	return [parse("Kconfig", { env: { HOME: "/" }, cwd: box.dir }), box];
}

test("the menu tree: kinds, places, parents, help", (t) => {
	const [kconfig] = open(t);
	const { top } = kconfig;
	t.is(top.prompt, "Top");
	t.is(top.parent, null);
	t.deepEqual(
		top.children.map(({ kind, prompt }) => [kind, prompt]),
		[
			["symbol", "modules"],
			["menu", "Buses"],
			["symbol", "hide"],
			["symbol", null],
			["symbol", "extra"],
			["symbol", "n"],
			["symbol", null],
			["choice", "which"],
		],
	);
	const [menu] = kconfig.menus;
	t.is(menu?.visible_if?.text, "!HIDE");
	t.true(menu?.is_menuconfig);
	const [pci] = menu?.children ?? [];
	t.is(pci?.symbol?.name, "PCI");
	t.deepEqual(pci?.at, { file: "sub/Kconfig", line: 1 });
	t.deepEqual(pci?.included_from, [{ file: "Kconfig", line: 12 }]);
	// What depends on a symbol and follows it is below it.
	t.deepEqual(
		pci?.children.map(({ prompt }) => prompt),
		["usb"],
	);
	const [usb] = pci?.children ?? [];
	t.is(usb?.parent, pci);
	t.is(usb?.help, "Help of USB.\n");
	t.is(usb?.depends?.text, "PCI");
	t.is(usb?.prompt_condition?.text, "PCI && !HIDE");
	t.deepEqual([...(usb?.referenced ?? [])].sort(), ["BASE", "EXTRA", "HIDE", "PCI"]);
	t.deepEqual(
		kconfig.comments.map(({ prompt, visible }) => [prompt, visible]),
		[["no pci", false]],
	);
	t.is([...top.walk()].length, 13);
});

test("a symbol: dependencies, selects, ranges, defaults, and who mentions it", (t) => {
	const [kconfig] = open(t);
	const symbol = (name: string) => kconfig.symbol(name) ?? (t.fail(name) as never);
	const usb = symbol("USB");
	t.is(usb.direct_dependencies?.text, "PCI");
	t.deepEqual(
		usb.selects.map(({ target, condition, active, at }) => [target, condition?.text, active, at]),
		[["BASE", "PCI", true, { file: "Kconfig", line: 17 }]],
	);
	t.deepEqual(
		usb.implies.map(({ target }) => target),
		["EXTRA"],
	);
	t.deepEqual(
		symbol("BASE").selected_by.map(({ by, at }) => [by, at.line]),
		[[usb, 17]],
	);
	t.deepEqual(
		symbol("EXTRA").implied_by.map(({ by }) => by),
		[usb],
	);
	t.deepEqual(symbol("BASE").implied_by, []);
	const n = symbol("N");
	t.deepEqual(
		n.ranges.map(({ low, high, active, condition }) => [low, high, active, condition?.text]),
		[
			["1", "LIMIT", true, "PCI"],
			["0", "9", true, undefined],
		],
	);
	t.deepEqual(
		n.defaults.map(({ value, active }) => [value.text, active]),
		[
			["3", false],
			["5", true],
		],
	);
	t.is(n.default_value, "5");
	t.deepEqual(
		symbol("PCI").referenced_by.map(({ name }) => name),
		["USB", "N"],
	);
	t.deepEqual([...n.referenced].sort(), ["LIMIT", "PCI", "USB"]);
	t.deepEqual([usb.visibility, usb.config_line], ["y", "# CONFIG_USB is not set"]);
	t.is(symbol("BASE").config_line, "");
	t.is(n.config_line, "CONFIG_N=5");
});

test("where a value comes from", (t) => {
	const [kconfig] = open(t);
	const kinds = (name: string) => kconfig.symbol(name)?.origins.map(({ kind }) => kind);
	t.deepEqual(kinds("N"), ["default"]);
	t.deepEqual(kconfig.symbol("N")?.origins[0]?.at, "Kconfig:41");
	t.true(kconfig.symbol("USB")?.set("y"));
	t.true(kinds("BASE")?.includes("select"));
	t.true(kinds("EXTRA")?.includes("imply"));
	t.true(kinds("USB")?.includes("user"));
	t.true(kinds("C2")?.includes("choice"));
	t.is(kconfig.symbol("BASE")?.value, "y");
	kconfig.unset();
	t.is(kconfig.symbol("USB")?.user_value, null);
	t.is(kconfig.symbol("BASE")?.value, "n");
});

test("a value that does not come out has a reason, and changes nothing", (t) => {
	const [kconfig] = open(t);
	const set = (name: string, value: string) => kconfig.symbol(name)?.try_set(value);
	t.deepEqual(set("USB", "y"), { ok: true, value: "y", reason: null });
	t.deepEqual(set("N", "4"), { ok: true, value: "4", reason: null });
	for (const [name, value, reason] of [
		["N", "8", /range/],
		["N", "x", /int|number/],
		["BASE", "n", /USB/],
		["HIDE", "m", /m/],
		["C1", "n", /./],
	] as const) {
		const result = set(name, value);
		if (name === "C1") t.true(result?.ok);
		else {
			t.false(result?.ok, `${name}=${value}`);
			t.regex(result?.reason ?? "", reason);
		}
	}
	t.true(kconfig.symbol("PCI")?.set("n"));
	t.regex(set("USB", "y")?.reason ?? "", /PCI/);
	t.is(kconfig.symbol("N")?.value, "4");
});

test("choices", (t) => {
	const [kconfig] = open(t);
	const [choice] = kconfig.choices;
	t.is(kconfig.choices.length, 1);
	const [c1, c2] = choice?.members ?? [];
	t.is(choice?.prompt, "which");
	t.is(choice?.mode, "y");
	t.is(choice?.selection, c2);
	t.is(c1?.choice, choice);
	t.true(choice?.select(c1 as never));
	t.is(choice?.selection, c1);
	t.is(choice?.default_selection, c2);
	t.false(choice?.select(kconfig.symbol("HIDE") as never));
	choice?.unset();
	t.is(choice?.selection, c2);
	t.is(kconfig.symbol("HIDE")?.choice, null);
	t.is(choice?.node.choice, choice);
});

test("choices before 6.11 are values of their own", (t) => {
	const box = sandbox({
		Kconfig:
			"config MODULES\n\tbool\n\tdefault y\n\tmodules\n" +
			'choice\n\ttristate "c"\n\tdefault B\nconfig A\n\ttristate "a"\n' +
			'config B\n\ttristate "b"\nendchoice\n' +
			"config NO\n\tbool\n" +
			'choice NAMED\n\tbool "d"\n\toptional\nconfig D\n\tbool "d"\n' +
			'config E\n\tbool "e"\n\tdepends on NO\nendchoice\n',
	});
	t.teardown(() => box.remove());
	const kconfig = parse(join(box.dir, "Kconfig"), { compat: "5.17", env: {} });
	const [c, d] = kconfig.choices as [Choice, Choice];
	const state = () => [c, d].map((x) => [x.mode, x.selection?.name, ...x.members.map((m) => m.value)].join(" "));
	/* As --alldefconfig of 5.17's conf, and its --olddefconfig with CONFIG_A=y and CONFIG_D=y. */
	const at_first = ["m  n n", "n  n n"];
	t.deepEqual(state(), at_first);
	t.true(c.select(c.members[0] as KconfigSymbol));
	t.true(d.select(d.members[0] as KconfigSymbol));
	t.deepEqual(state(), ["y A y n", "y D y n"]);
	c.unset();
	d.unset();
	t.deepEqual(state(), at_first);
	t.false(d.select(d.members[1] as KconfigSymbol));
	t.deepEqual(state(), at_first, "what cannot be chosen changes nothing");
});

test("an expression as text, and nothing of it stays", (t) => {
	const [kconfig] = open(t);
	const names = () => [...kconfig.symbols()].map(({ name }) => name);
	const before = names();
	t.is(kconfig.eval_string("PCI && !HIDE"), "y");
	t.is(kconfig.eval_string("N > 4 && (USB || N = 5)"), "y");
	t.is(kconfig.eval_string("NOWHERE"), "n");
	t.is(kconfig.eval_string('NOWHERE = "NOWHERE"'), "y");
	t.is(kconfig.symbol("NOWHERE"), undefined);
	// In a condition m is only as good as the modules are.
	t.is(kconfig.eval_string("m"), "n");
	t.is(kconfig.eval_string('"$(cc)" = "gcc"'), "y");
	const expr = kconfig.expression("PCI && (USB || HIDE) && N != 5");
	t.deepEqual(expr.split("&&").map(String), ["PCI", "USB || HIDE", "N!=5"]);
	t.deepEqual(expr.names, ["PCI", "USB", "HIDE", "N"]);
	t.is(expr.value, "n");
	for (const text of ["", "A &&", "(A", "A B", "= y", "if"]) {
		const failed = t.throws(() => kconfig.eval_string(text), { instanceOf: KconfigError }, text);
		t.is(failed?.code, 2);
	}
	t.deepEqual(names(), before);
	t.is(kconfig.take_messages(), "");
});

test("variables and environment", (t) => {
	const [kconfig] = open(t);
	t.deepEqual(
		[...kconfig.variables],
		[
			["cc", { value: "gcc", recursive: false }],
			["flags", { value: "$(cc) -O2", recursive: true }],
		],
	);
	t.is(kconfig.environment.size, 0);
});

test("configurations are loaded, merged, and forgotten", (t) => {
	const [kconfig, box] = open(t, {
		base: "CONFIG_N=4\nCONFIG_NOWHERE=y\nCONFIG_USB=y\n",
		more: "CONFIG_N=6\nCONFIG_HIDE=x\n# CONFIG_ELSEWHERE is not set\n",
	});
	t.deepEqual(kconfig.load("base"), []);
	t.deepEqual(kconfig.unknown_assignments, [{ name: "NOWHERE", value: "y", line: 2 }]);
	t.deepEqual(kconfig.load("more", { replace: false }), [
		"more:1:warning: override: reassigning to symbol N",
		"more:2:warning: symbol value 'x' invalid for HIDE",
	]);
	t.deepEqual([kconfig.symbol("N")?.value, kconfig.symbol("USB")?.value], ["6", "y"]);
	t.deepEqual(
		kconfig.unknown_assignments.map(({ name }) => name),
		["NOWHERE", "ELSEWHERE"],
	);
	t.regex(kconfig.config(), /^CONFIG_N=6$/m);
	t.regex(kconfig.autoconf(), /^#define CONFIG_N 6$/m);
	kconfig.write("out");
	t.is(box.read("out"), kconfig.config());
	kconfig.load("more");
	t.deepEqual([kconfig.symbol("USB")?.value, kconfig.unknown_assignments.length], ["n", 1]);
	t.throws(() => kconfig.load("nowhere", { replace: false }), { instanceOf: KconfigError });
});
