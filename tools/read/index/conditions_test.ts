// SPDX-License-Identifier: GPL-2.0-only
/** Tests of which lines are there under which condition of a configuration. */
import test from "ava";
import { here } from "../../lib/root.ts";
import { holds } from "../page/holds.ts";
import { condition_of, conditions_of } from "./conditions.ts";
import { by_lines, lex } from "./lex.ts";
import { Sources } from "./source.ts";

const of = (text: string) => conditions_of(by_lines(lex(text, "ts")));
const condition = (text: string) => condition_of(text.match(/\w+|[<>]=?|&&|\|\||[!=]==|[^\s\w]/g) as string[]);

test("conditions are what the configuration says of them, or not known", (t) => {
	const values = { CONFIG_A: "y", CONFIG_N: "4" };
	const asked: [string, boolean | undefined][] = [
		["CONFIG_A", true],
		["CONFIG_B", false],
		["!CONFIG_A", false],
		["CONFIG_A && CONFIG_B", false],
		["CONFIG_B && x.y(1, 2)", false],
		["CONFIG_A && x", undefined],
		["CONFIG_A || x", true],
		["CONFIG_B || x", undefined],
		["!(CONFIG_A || x)", false],
		["!(CONFIG_A && x)", undefined],
		["CONFIG_N > 3", true],
		["CONFIG_N >= 5", false],
		["CONFIG_N === 4 && !CONFIG_B", true],
		["CONFIG_A ? x : y", undefined],
		["(CONFIG_A && CONFIG_B) || CONFIG_A", true],
		["(CONFIG_A) && (CONFIG_B)", false],
		["!CONFIG_A === x", undefined],
	];
	for (const [text, value] of asked) t.is(holds(condition(text), values), value, text);
});

test("what is there under a condition: branches, and what is behind one that leaves", (t) => {
	const lines = of(`function f(): void {
	if (CONFIG_A) {
		one();
		two();
	} else if (CONFIG_B && x)
		three();
	else
		four();
	if (CONFIG_C) five();
	const g = run(() => {
		if (!CONFIG_D)
			return;
		six();
	});
	for (const y of z) {
		if (CONFIG_E) {
			seven({ a: 1 });
			continue;
		}
		eight();
	}
	if (x) {
		if (CONFIG_F)
			nine(
				10);
	}
	switch (x) {
	case A:
		if (CONFIG_G)
			/* It says so. */
			return 11;
		break;
	case B: {
		if (!CONFIG_H) break;
		twelve();
	}
	}
	thirteen();
}
`);
	t.deepEqual(lines, [
		[3, 4, "CONFIG_A"],
		[6, 6, ["&&", "CONFIG_B", null]],
		[8, 8, ["!", ["&&", "CONFIG_B", null]]],
		[12, 12, ["!", "CONFIG_D"]],
		[13, 13, "CONFIG_D"],
		[17, 18, "CONFIG_E"],
		[20, 20, ["!", "CONFIG_E"]],
		[24, 25, "CONFIG_F"],
		[30, 31, "CONFIG_G"],
		[32, 32, ["!", "CONFIG_G"]],
		[35, 35, "CONFIG_H"],
	]);
});

test("in each file of the kernel, every if that asks for nothing but a symbol is found", (t) => {
	for (const { path, lines, tokens } of new Sources(here()).files.values()) {
		if (!path.endsWith(".ts")) continue;
		const from = new Set(conditions_of(tokens()).map(([line]) => line));
		lines.forEach((line, i) => {
			if (/^\t+(\} else )?if \(!?CONFIG_\w+\)( \{)?$/.test(line) && lines[i + 1].trim() !== "}")
				t.true(from.has(i + 2), `${path}:${i + 1}`);
		});
	}
});
