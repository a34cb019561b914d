// SPDX-License-Identifier: GPL-2.0-only
//
// Goals: "this expression shall be at least m", "this symbol shall be n"; and whether one
// holds. No counterpart in Linux.

import { expr_calc_value } from "../expr.ts";
import type { Expr, Kconf, Property, Sym, Tristate } from "../lkc.ts";
import { no, S_UNKNOWN, SYMBOL_CONST, yes } from "../lkc.ts";
import { sym_calc_value } from "../symbol.ts";
import { same_text } from "./texts.ts";
import { is_logical, value_of } from "./trial.ts";

/** A value between two bounds, both included. */
export interface Between {
	readonly lo: Tristate;
	readonly hi: Tristate;
}

export type Goal =
	| ({ readonly kind: "expr"; readonly expr: Expr | null } & Between)
	| ({ readonly kind: "sym"; readonly sym: Sym } & Between)
	/** What the user may see of a symbol. */
	| ({ readonly kind: "vis"; readonly sym: Sym } & Between)
	/** The text of an int, hex or string: any that passes `ok`; `tries` are some that do. */
	| {
			readonly kind: "text";
			readonly sym: Sym;
			readonly ok: (text: string) => boolean;
			readonly tries: readonly string[];
	  };

export const at_least = (expr: Expr | null, lo: Tristate): Goal => ({
	kind: "expr",
	expr,
	lo,
	hi: yes,
});
export const at_most = (expr: Expr | null, hi: Tristate): Goal => ({
	kind: "expr",
	expr,
	lo: no,
	hi,
});

/** The goal that a symbol has a value. */
export function goal_value(sym: Sym, value: string): Goal {
	if (is_logical(sym)) {
		const tri = "nmy".indexOf(value) as Tristate;
		return { kind: "sym", sym, lo: tri, hi: tri };
	}
	return { kind: "text", sym, ok: (text) => same_text(sym, text, value), tries: [value] };
}

/** The prompts of a symbol: any that is visible makes it visible. */
export function prompts_of(sym: Sym): Property[] {
	return sym.prop.filter((prop) => prop.type === "prompt" || prop.type === "menu");
}

/** A constant, or a name that nobody defines. */
export const is_fixed = (sym: Sym): boolean => (sym.flags & SYMBOL_CONST) !== 0 || sym.type === S_UNKNOWN;

export function goal_holds(kconf: Kconf, goal: Goal): boolean {
	switch (goal.kind) {
		case "expr": {
			const val = goal.expr ? expr_calc_value(kconf, goal.expr) : yes;
			return goal.lo <= val && val <= goal.hi;
		}
		case "sym":
			sym_calc_value(kconf, goal.sym);
			return goal.lo <= goal.sym.curr.tri && goal.sym.curr.tri <= goal.hi;
		case "vis":
			sym_calc_value(kconf, goal.sym);
			return goal.lo <= goal.sym.visible && goal.sym.visible <= goal.hi;
		default:
			return goal.ok(value_of(kconf, goal.sym));
	}
}
