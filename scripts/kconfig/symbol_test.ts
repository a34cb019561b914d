// SPDX-License-Identifier: GPL-2.0-only
//
// Tests of symbol.ts, choice.ts and expr.ts: every rule by which a symbol gets its value.

import test from "ava";
import { expr_alloc_symbol, expr_contains_symbol, expr_print } from "./expr.ts";
import { sandbox, values } from "./testutil.ts";

const MODULES = 'config MODULES\n\tbool "modules"\n\tdefault y\n\tmodules\n';

test("the first default whose condition holds counts", (t) => {
	const text = "config A\n\tint\n\tdefault 1 if n\n\tdefault 2 if y\n\tdefault 3\n";
	t.deepEqual(values(text, "", "A"), ["2"]);
});

test("without a default a visible symbol has the value of its type", (t) => {
	const text = 'config I\n\tint "i"\nconfig H\n\thex "h"\nconfig S\n\tstring "s"\n';
	t.deepEqual(values(`${text}config B\n\tbool "b"\n`, "", "I", "H", "S", "B"), ["0", "0x0", "", "n"]);
});

test("the user decides if the prompt is visible, the default if not", (t) => {
	const text = 'config X\n\tbool "x"\nconfig A\n\tbool "a" if X\n\tdefault y\n';
	t.deepEqual(values(text, "CONFIG_X=y\n# CONFIG_A is not set\n", "A"), ["n"]);
	t.deepEqual(values(text, "# CONFIG_A is not set\n", "A"), ["y"]);
});

test("depends on hides the prompt and the defaults", (t) => {
	const text = 'config X\n\tbool "x"\nconfig A\n\tbool "a"\n\tdepends on X\n\tdefault y\n';
	t.deepEqual(values(text, "CONFIG_A=y\n", "A"), ["n"]);
	t.deepEqual(values(text, "CONFIG_X=y\n", "A"), ["y"]);
});

test("if and menu hand their conditions down", (t) => {
	const inner = "config A\n\tdef_bool y\n";
	t.deepEqual(values(`if X\n${inner}endif\n`, "", "A"), ["n"]);
	t.deepEqual(values(`menu "m"\n\tdepends on X\n${inner}endmenu\n`, "", "A"), ["n"]);
});

test("visible if hides prompts only", (t) => {
	const text = 'menu "m"\n\tvisible if n\nconfig A\n\tbool "a"\n\tdefault y\nendmenu\n';
	t.deepEqual(values(text, "# CONFIG_A is not set\n", "A"), ["y"]);
});

test("several definitions: defaults in order, dependencies ORed", (t) => {
	const text = "config A\n\tbool\n\tdepends on n\n\tdefault n\nconfig A\n\tdepends on y\n\tdefault y\n";
	t.deepEqual(values(text, "", "A"), ["y"]);
});

test("select forces, and does not ask for dependencies", (t) => {
	const box = sandbox({
		Kconfig: 'config A\n\tdef_bool y\n\tselect B\nconfig B\n\tbool "b"\n\tdepends on X\n',
	});
	const { code, err } = box.conf("--alldefconfig", "Kconfig");
	t.is(code, 0);
	t.is(
		err,
		"\nWARNING: unmet direct dependencies detected for B\n" +
			"  Depends on [n]: X\n  Selected by [y]:\n  - A [=y]\n",
	);
	t.regex(box.read(".config") ?? "", /^CONFIG_B=y$/m);
	box.remove();
});

test("select with a condition", (t) => {
	const text = (cond: string) => `config A\n\tdef_bool y\n\tselect B if ${cond}\nconfig B\n\tbool "b"\n`;
	t.deepEqual(values(text("n"), "", "B"), ["n"]);
	t.deepEqual(values(text("y"), "# CONFIG_B is not set\n", "B"), ["y"]);
});

test("imply raises the default, but the user and the dependencies can refuse", (t) => {
	const text = (dep: string) => `config A\n\tdef_bool y\n\timply B\nconfig B\n\tbool "b"\n\tdepends on ${dep}\n`;
	t.deepEqual(values(text("y"), "", "B"), ["y"]);
	t.deepEqual(values(text("y"), "# CONFIG_B is not set\n", "B"), ["n"]);
	t.deepEqual(values(text("n"), "", "B"), ["n"]);
});

test("range pulls values to its ends", (t) => {
	const text = 'config A\n\tint "a"\n\trange 2 10\nconfig H\n\thex "h"\n\trange 0x10 0x20\n';
	t.deepEqual(values(text, "CONFIG_A=99\nCONFIG_H=0X5\n", "A", "H"), ["10", "0x10"]);
	t.deepEqual(values(text, "CONFIG_A=-1\n", "A", "H"), ["2", "0x10"]);
	t.deepEqual(values(text, "CONFIG_A=7\nCONFIG_H=1f\n", "A", "H"), ["7", "1f"]);
});

test("comparisons: numbers as numbers, strings as strings, n < m < y", (t) => {
	const check = (cond: string) =>
		values(
			'config I\n\tint\n\tdefault 10\nconfig S\n\tstring\n\tdefault "9"\n' +
				`config T\n\tstring\n\tdefault "10"\nconfig H\n\thex\n\tdefault 0xA\n` +
				`config A\n\tdef_bool ${cond}\n`,
			"",
			"A",
		)[0];
	t.is(check("I = 10"), "y");
	t.is(check("I > 9"), "y");
	t.is(check('I = "0xA"'), "y");
	t.is(check('"9" < "10"'), "y");
	t.is(check("S < T"), "n");
	t.is(check("H = I"), "y");
	t.is(check("n < m"), "y");
	t.is(check("I >= 10"), "y");
	t.is(check("I <= 9"), "n");
	t.is(check('UNDEFINED = "UNDEFINED"'), "y");
	t.is(check("UNDEFINED"), "n");
	t.is(check("!UNDEFINED"), "y");
});

test("tristate logic: and is min, or is max, not is 2 - x", (t) => {
	const check = (cond: string) => values(`${MODULES}config A\n\ttristate\n\tdefault ${cond}\n`, "", "A")[0];
	t.is(check("m && y"), "m");
	t.is(check("m || n"), "m");
	t.is(check("!m"), "m");
	t.is(check("y && n"), "n");
});

test("without modules a tristate is a bool, and m in a condition is n", (t) => {
	const text = "config A\n\tdef_tristate m\nconfig B\n\tdef_bool y if m\n";
	t.deepEqual(values(text, "", "A", "B"), ["y", "n"]);
	t.deepEqual(values(MODULES + text, "", "A", "B"), ["m", "y"]);
});

test("a dependency of m limits a tristate and not a bool", (t) => {
	const text = `${MODULES}config M\n\tdef_tristate m\n`;
	const entry = (type: string) => `config A\n\t${type} "a"\n\tdepends on M\n`;
	t.deepEqual(values(text + entry("tristate"), "CONFIG_A=y\n", "A"), ["m"]);
	t.deepEqual(values(text + entry("bool"), "CONFIG_A=y\n", "A"), ["y"]);
});

const CHOICE =
	'config X\n\tbool "x"\nchoice\n\tprompt "c"\n\tdefault C2\nconfig C1\n\tbool "1"\n' +
	'config C2\n\tbool "2"\nconfig C3\n\tbool "3" if X\nendchoice\n';
const choice = (config: string) => values(CHOICE, config, "C1", "C2", "C3").join("");

test("choice: the default, or the first that is visible", (t) => {
	t.is(choice(""), "nyn");
	const no_default = CHOICE.replace("\tdefault C2\n", "");
	t.is(values(no_default, "", "C1", "C2", "C3").join(""), "ynn");
});

test("choice: the last y in the file wins", (t) => {
	t.is(choice("CONFIG_C1=y\n"), "ynn");
	t.is(choice("CONFIG_C1=y\nCONFIG_C2=y\n"), "nyn");
	t.is(choice("CONFIG_C2=y\nCONFIG_C1=y\n"), "ynn");
});

test("choice: a member out of sight is passed over", (t) => {
	t.is(choice("CONFIG_C3=y\n"), "nyn");
	t.is(choice("CONFIG_X=y\nCONFIG_C3=y\n"), "nny");
});

test("choice: n to the default takes what nothing was said about, then the first n", (t) => {
	t.is(choice("# CONFIG_C2 is not set\n"), "ynn");
	t.is(choice("# CONFIG_C1 is not set\n# CONFIG_C2 is not set\n"), "ynn");
	t.is(choice("# CONFIG_C2 is not set\n# CONFIG_C1 is not set\n"), "nyn");
});

test("a string whose default is a member of a choice is n, as with any other bool", (t) => {
	const text = 'choice\n\tprompt "c"\nconfig A\n\tbool "a"\nendchoice\nconfig S\n\tstring\n\tdefault A\n';
	t.deepEqual(values(text, "", "A", "S"), ["y", "n"]);
});

test("the upper end of a range has no value before it is looked at", (t) => {
	const box = sandbox({
		Kconfig: 'config A\n\thex\nconfig B\n\tint "b"\n\trange 100 A\n',
	});
	t.regex(box.conf("--helpnewconfig", "Kconfig").out, /^Range : \[100 A \[=\(null\)\]\]$/m);
	box.remove();
});

test("symbols that share a bit in expressions are not taken for each other", (t) => {
	const configs = Array.from({ length: 90 }, (_, i) => `config S${i}\n\tbool "s${i}"\n`).join("");
	const terms = Array.from({ length: 90 }, (_, i) => `S${i}`).join(" && ");
	const box = sandbox({ Kconfig: `${configs}config T\n\tbool "t"\n\tdepends on ${terms} && S0 && y\n` });
	const kconf = box.parse();
	const syms = kconf.all.filter(({ name }) => name?.startsWith("S"));
	for (const a of syms) {
		for (const b of syms) t.is(expr_contains_symbol(expr_alloc_symbol(a), b), a === b);
	}
	// Its last S0 is the one that stays.
	const text = expr_print(kconf.symbols.get("T")?.dir_dep.expr ?? null);
	t.deepEqual(text.split(" && ").sort(), terms.split(" && ").sort());
	box.remove();
});
