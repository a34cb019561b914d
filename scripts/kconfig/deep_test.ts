// SPDX-License-Identifier: GPL-2.0-only
//
// Very deep, very long and very repetitive input: it ends as with the reference, whose parser
// has room for 10,000 symbols, and if this is too much for the stack of JavaScript there is
// one line that says so. Nothing takes exponential time.

import test from "ava";
import { sandbox } from "./testutil.ts";

const PROMPT = 'config A\n\tbool "a"\n';

/** What is n deep, and the largest n that bison's parser has room for. */
const LIMITS: Readonly<Record<string, [number, (n: number) => string]>> = {
	brackets: [9991, (n) => `${PROMPT}\tdepends on ${"(".repeat(n)}B${")".repeat(n)}\n`],
	negations: [9992, (n) => `${PROMPT}\tdepends on ${"!".repeat(n)}B\n`],
	"negations of a comparison": [9990, (n) => `${PROMPT}\tdepends on ${"!".repeat(n)}B=C\n`],
	"brackets in a condition": [9990, (n) => `${PROMPT}\tdefault y if ${"(".repeat(n)}B${")".repeat(n)}\n`],
	"brackets behind if": [9994, (n) => `if ${"(".repeat(n)}B${")".repeat(n)}\nendif\n`],
	"brackets behind or": [3330, (n) => `${PROMPT}\tdepends on ${"C||(".repeat(n)}B${")".repeat(n)}\n`],
	ifs: [4997, (n) => "if A\n".repeat(n) + "endif\n".repeat(n)],
	"ifs around a config": [4996, (n) => `${"if B\n".repeat(n)}${PROMPT}${"endif\n".repeat(n)}`],
	menus: [4997, (n) => 'menu "m"\n'.repeat(n) + "endmenu\n".repeat(n)],
	"menus around a config": [4996, (n) => `${'menu "m"\n'.repeat(n)}${PROMPT}${"endmenu\n".repeat(n)}`],
	"ifs in a choice": [
		4996,
		(n) => `choice\n\tprompt "c"\n${"if A\n".repeat(n)}${"endif\n".repeat(n)}endchoice\n`,
	],
};

const TOO_DEEP = "for the stack; a larger one: node --stack-size=7000\n";

for (const [what, [limit, text]] of Object.entries(LIMITS)) {
	test(`${what}: ${limit}, but no more`, (t) => {
		for (const n of [limit, limit + 1, 100_000]) {
			const box = sandbox({ Kconfig: text(n) });
			const { code, err } = box.conf("--alldefconfig", "Kconfig");
			t.is(/memory exhausted/.test(err), n > limit, String(n));
			t.true(code === 0 || (code === 2 && err.endsWith(TOO_DEEP)), err.slice(-200));
			box.remove();
		}
	});
}

const list = (n: number, line: (i: number) => string, join = ""): string =>
	Array.from({ length: n }, (_, i) => line(i)).join(join);

const bools = (n: number): string => list(n, (i) => `config S${i}\n\tbool "s${i}"\n`);

/** What is long, but must not be slow. */
const LONG: Readonly<Record<string, string>> = {
	"50,000 selects of one symbol": `config T\n\tbool\n${list(50_000, (i) => `config S${i}\n\tdef_bool y\n\tselect T\n`)}`,
	"50,000 selects in a row": list(50_000, (i) => `config S${i}\n\tbool "s"\n\tselect S${i + 1}\n`),
	"50,000 dependencies in a row": `config S0\n\tbool "s"\n${list(50_000, (i) => `config S${i + 1}\n\tbool "s"\n\tdepends on S${i}\n`)}`,
	"50,000 defaults in a row": list(50_000, (i) => `config S${i}\n\tdef_bool S${i + 1}\n`),
	"an or of 3,000 symbols": `${bools(3000)}config T\n\tbool "t"\n\tdepends on ${list(3000, (i) => `S${i}`, " || ")}\n`,
	"an and of 50,000 symbols": `config T\n\tbool "t"\n\tdepends on ${list(50_000, (i) => `S${i}`, " && ")}\n`,
	"negations of ands of ors": `${bools(12)}config T\n\tbool "t"\n\tdepends on ${"!(".repeat(1000)}S0${list(1000, (i) => ` && S${(i % 10) + 1} || S0)`)}\n`,
	"a string of a million characters": `config A\n\tstring "${"x".repeat(1_000_000)}"\n`,
	"a function that calls itself": 'f = $(f,$(1)x)\nconfig A\n\tstring "$(f,a)"\n',
	"text that doubles 18 times": `A0 = x\n${list(18, (i) => `A${i + 1} = $(A${i})$(A${i})\n`)}config A\n\tstring "$(A18)"\n`,
};

for (const [what, text] of Object.entries(LONG)) {
	test(what, (t) => {
		const box = sandbox({ Kconfig: text });
		const { code, err } = box.conf("--alldefconfig", "Kconfig");
		t.true(code < 2 || err.endsWith(TOO_DEEP), err.slice(-200));
		box.remove();
	});
}
