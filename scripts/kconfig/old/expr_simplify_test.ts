// SPDX-License-Identifier: GPL-2.0-only
//
// What combine() shares instead of making it short once more says the same, text for text.

import test from "ava";
import { expr_alloc_comp, expr_alloc_not, expr_alloc_symbol, expr_alloc_two, expr_print } from "../expr.ts";
import { parse } from "../engine.ts";
import type { Expr, Kconf } from "../lkc.ts";
import { sandbox, xorshift } from "../testutil.ts";
import { combine, combine_anew } from "./expr_simplify.ts";

/** A few symbols of each type, and one of which nothing is known, so that many terms can be joined. */
const TREE = `
config MODULES
	bool "modules"
	modules
config A
	bool "a"
config B
	bool "b"
config T
	tristate "t"
config U
	tristate "u"
	depends on NOT_DEFINED
`;

const SEED = Number(process.env.SEED ?? 1);

function random_expr(kconf: Kconf, rand: () => number, depth: number): Expr {
	const names = ["A", "B", "T", "U", "NOT_DEFINED"];
	const sym = kconf.symbols.get(names[rand() % names.length] as string);
	if (!sym) throw new Error("no such symbol");
	const constants = [kconf.symbol_yes, kconf.symbol_mod, kconf.symbol_no];
	const constant = constants[rand() % 3] as typeof sym;
	switch (depth === 0 ? 5 + (rand() % 5) : rand() % 10) {
		case 0:
		case 1:
		case 2:
			return expr_alloc_two(
				"and",
				random_expr(kconf, rand, depth - 1),
				random_expr(kconf, rand, depth - 1),
			);
		case 3:
			return expr_alloc_two(
				"or",
				random_expr(kconf, rand, depth - 1),
				random_expr(kconf, rand, depth - 1),
			);
		case 4:
			return expr_alloc_not(random_expr(kconf, rand, depth - 1));
		case 5:
			return expr_alloc_not(expr_alloc_symbol(sym));
		case 6:
			return expr_alloc_comp(rand() % 2 ? "=" : "!=", sym, constant);
		case 7:
			return rand() % 4 ? expr_alloc_symbol(sym) : expr_alloc_symbol(constant);
		default:
			return expr_alloc_symbol(sym);
	}
}

test(`SEED=${SEED}: combine: with and without sharing, entry in entry in entry`, (t) => {
	const box = sandbox({ Kconfig: TREE });
	const kconf = parse("Kconfig", { cwd: box.dir, env: {}, out: () => {} }, "5.17");
	box.remove();
	const rand = xorshift(SEED);
	let shared = 0;
	for (let i = 0; i < 4000; i++) {
		let outer: Expr | null = null;
		for (let depth = 0; depth < 4; depth++) {
			const bools = rand() % 2 === 0;
			const own = rand() % 3 === 0 ? null : random_expr(kconf, rand, rand() % 3);
			const want = combine_anew(kconf, outer, own, bools);
			const got = combine(kconf, outer, own, bools);
			const of = `${expr_print(outer)} and ${expr_print(own)}, bools ${bools}, turn ${i}`;
			t.is(got && expr_print(got), want && expr_print(want), of);
			if (outer && (got === outer || (got?.type === "and" && got.left === outer))) shared++;
			outer = got;
		}
	}
	t.true(shared > 1000, `shared ${shared} times`);
});
