// SPDX-License-Identifier: GPL-2.0-only
//
// Goals: "this expression shall be at least m", "this symbol shall be n"; and whether one
// holds. No counterpart in Linux.

import { expr_calc_value } from "../expr.ts";
import type { Expr, Kconf, Property, Sym, Tristate } from "../lkc.ts";
import { no, S_UNKNOWN, SYMBOL_CONST, yes } from "../lkc.ts";
import { sym_calc_value } from "../symbol.ts";
import { same_text } from "./texts.ts";
import type { Assignment } from "./trial.ts";
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
	/** The text of an int, hex or string: any that passes `ok`. */
	| TextGoal
	/** All of these, or at least one. */
	| { readonly kind: "all" | "some"; readonly goals: readonly Goal[] };

export interface TextGoal {
	readonly kind: "text";
	readonly sym: Sym;
	readonly ok: (text: string) => boolean;
	/** Says what passes: goals for one symbol with the same key are the same. */
	readonly key: string;
	/** What is tried first. */
	readonly hints: readonly string[];
	/** The reason, if nothing can reach it. */
	readonly because?: string;
}

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
	return { kind: "text", sym, ok: (text) => same_text(sym, text, value), key: `= ${value}`, hints: [value] };
}

/** Several goals at once; one alone stays what it is. */
export function goal_all(goals: readonly Goal[]): Goal {
	const [first, ...more] = goals;
	return first && more.length === 0 ? first : { kind: "all", goals };
}

/** The symbols that a goal is about, as far as it names any. */
export function goal_symbols(goal: Goal): Sym[] {
	if (goal.kind === "expr") return [];
	return "goals" in goal ? goal.goals.flatMap(goal_symbols) : [goal.sym];
}

/** The texts that a goal asks for. */
export function goal_wishes(goal: Goal): Assignment[] {
	if ("goals" in goal) return goal.goals.flatMap(goal_wishes);
	return goal.kind === "text" ? goal.hints.map((value) => ({ sym: goal.sym, value })) : [];
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
		case "text":
			return goal.ok(value_of(kconf, goal.sym));
		case "all":
			return goal.goals.every((part) => goal_holds(kconf, part));
		default:
			return goal.goals.some((part) => goal_holds(kconf, part));
	}
}
