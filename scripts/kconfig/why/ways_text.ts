// SPDX-License-Identifier: GPL-2.0-only
//
// The ways to the text of an int, hex or string: where it comes from, and what the ranges
// make of it. No counterpart in Linux.

import { expr_alloc_comp, expr_print, strtoll } from "../expr.ts";
import type { CompareType, Expr, Kconf, Property, Sym } from "../lkc.ts";
import { mod, no, S_DEF_USER, S_HEX, S_INT } from "../lkc.ts";
import { prop_get_symbol, sym_has_value, sym_string_valid } from "../symbol.ts";
import type { Decided } from "./demands.ts";
import { allowed } from "./demands.ts";
import type { Goal, TextGoal } from "./goal.ts";
import { at_least, at_most, is_fixed, prompts_of } from "./goal.ts";
import { range_text } from "./origin.ts";
import { points_of } from "./points.ts";
import { number_text } from "./texts.ts";
import { is_logical, value_of } from "./trial.ts";
import type { Way } from "./ways.ts";
import { hidden, user_way, visible } from "./ways_symbol.ts";

/** One of the ranges, or none of them: what it takes that this is the one that counts. */
interface Passage {
	readonly range: { readonly prop: Property; readonly left: Sym; readonly right: Sym } | null;
	readonly needs: readonly Goal[];
}

/** No reason worth telling: there is a better one. */
const SILENT = "";

/** What a text is before the ranges are looked at: fixed, or that of another symbol. */
type Raw = string | Sym;

export function text_ways(kconf: Kconf, goal: TextGoal, decided: Decided): Way[] {
	const { sym, ok } = goal;
	if (is_fixed(sym) || is_logical(sym)) return [];
	const said = decided.values.get(sym);
	if (said !== undefined && !ok(said)) return [];
	const res: Way[] = [];
	const ways_over = passages(sym);
	const add = (raw: Raw, needs: readonly Goal[]): void => {
		for (const passage of ways_over)
			for (const more of outcomes(kconf, goal, raw, passage))
				res.push({ needs: [...needs, ...more] });
	};
	if (prompts_of(sym).length > 0) {
		const seen = visible(sym, mod);
		for (const value of to_try(kconf, goal)) {
			if (!allowed(sym, value, decided)) continue;
			for (const passage of when_seen(sym, ways_over)) {
				const needs = [seen, ...passage.needs, ...inside(kconf, sym, value, passage)];
				res.push(...user_way(kconf, sym, value, needs, decided));
			}
		}
		// A value that the file has, and that a range pulls to one of its ends.
		if (said === undefined && sym_has_value(sym)) add(sym.def[S_DEF_USER].val, [seen]);
	}
	const silent = sym_has_value(sym) ? [hidden(sym)] : [];
	const earlier: Goal[] = [];
	for (const prop of sym.prop) {
		if (prop.type !== "default") continue;
		const needs = [at_least(prop.visible.expr, mod), ...earlier, ...silent];
		add(raw_of(kconf, sym, prop_get_symbol(prop)), needs);
		earlier.push(at_most(prop.visible.expr, no));
	}
	add(nothing(kconf, sym), [...earlier, ...silent]);
	return res;
}

/** The value of a symbol to which nothing gives one. */
const nothing = ({ rules }: Kconf, { type }: Sym): string =>
	type === S_HEX ? rules.no_hex : type === S_INT ? rules.no_int : "";

function raw_of(kconf: Kconf, sym: Sym, source: Sym | null): Raw {
	if (!source) return nothing(kconf, sym);
	// For a bool this is n, whatever its value.
	if (is_logical(source)) return is_fixed(source) ? value_of(kconf, source) : "n";
	return is_fixed(source) ? value_of(kconf, source) : source;
}

function to_try(kconf: Kconf, { sym, ok, hints }: TextGoal): string[] {
	const own = sym_has_value(sym) ? [sym.def[S_DEF_USER].val] : [];
	const all = new Set([...own, ...hints, ...points_of(kconf).of(sym)]);
	return [...all].filter((value) => ok(value) && sym_string_valid(sym, value));
}

// --- ranges ------------------------------------------------------------------------------

/** The ranges in their order: one counts if the conditions of those before it are n. */
function passages(sym: Sym): Passage[] {
	const res: Passage[] = [];
	const earlier: Goal[] = [];
	if (sym.type === S_INT || sym.type === S_HEX)
		for (const prop of sym.prop) {
			if (prop.type !== "range" || prop.expr?.type !== "range") continue;
			const { left, right } = prop.expr;
			const counts = at_least(prop.visible.expr, mod);
			res.push({ range: { prop, left, right }, needs: [counts, ...earlier] });
			if (!prop.visible.expr) return res;
			earlier.push(at_most(prop.visible.expr, no));
		}
	res.push({ range: null, needs: earlier });
	return res;
}

/** Those that can count while the symbol is seen: none behind one that has no other condition than that. */
function when_seen(sym: Sym, all: readonly Passage[]): readonly Passage[] {
	const always = all.findIndex(({ range }) => {
		const conditions = conjuncts(range?.prop.visible.expr ?? null);
		return (
			range &&
			prompts_of(sym).every(({ visible: { expr } }) => {
				const met = conjuncts(expr);
				return [...conditions].every((text) => met.has(text));
			})
		);
	});
	return always < 0 ? all : all.slice(0, always + 1);
}

/** The operands of a chain of &&, as text. */
function conjuncts(e: Expr | null): Set<string> {
	if (!e) return new Set();
	if (e.type !== "and") return new Set([expr_print(e)]);
	return new Set([...conjuncts(e.left), ...conjuncts(e.right)]);
}

/** An end of a range as a number, in the way of sym_get_range_val(). */
const end_value = (sym: Sym, end: Sym, text: string): bigint =>
	strtoll(text, end.type === S_INT ? 10 : end.type === S_HEX ? 16 : sym.type === S_HEX ? 16 : 10);

const own_value = (sym: Sym, text: string): bigint => strtoll(text, sym.type === S_HEX ? 16 : 10);

type Test = (end: bigint, val: bigint) => boolean;
const TESTS: Readonly<Record<"<" | "<=" | ">" | ">=", Test>> = {
	"<": (end, val) => end < val,
	"<=": (end, val) => end <= val,
	">": (end, val) => end > val,
	">=": (end, val) => end >= val,
};

/** That an end of a range is less or more than a number, and passes `ok` besides. */
function end_goal(
	sym: Sym,
	end: Sym,
	op: keyof typeof TESTS,
	text: string,
	because: string,
	also?: TextGoal,
): TextGoal {
	const val = own_value(sym, text);
	const ok = (t: string): boolean => TESTS[op](end_value(sym, end, t), val) && (also?.ok(t) ?? true);
	const key = `${op} ${val} ${sym.type}${also ? ` and ${also.key}` : ""}`;
	return { kind: "text", sym: end, ok, key, hints: [...(also?.hints ?? []), text], because };
}

/** The goal for an end of a range whose number is taken, not its text. */
function as_number(goal: TextGoal, end: Sym): TextGoal {
	const ok = (text: string): boolean => goal.ok(number_text(goal.sym, end_value(goal.sym, end, text)));
	return { ...goal, ok, key: `${goal.key} as a number` };
}

/** That a number is not outside of a range. */
function inside(kconf: Kconf, sym: Sym, text: string, { range }: Passage): Goal[] {
	if (!range) return [];
	const because = `${sym.name}: ${text} is outside the range ${range_text(kconf, range.prop)}`;
	return [end_goal(sym, range.left, "<=", text, because), end_goal(sym, range.right, ">=", text, because)];
}

/** How a text that is there before the ranges can pass them, or be pulled to what is wanted. */
function outcomes(kconf: Kconf, goal: TextGoal, raw: Raw, passage: Passage): Goal[][] {
	const { sym } = goal;
	const { range, needs } = passage;
	const res: Goal[][] = [];
	const compare = (left: Sym, op: CompareType, right: Sym): Goal =>
		at_least(expr_alloc_comp(op, left, right), mod);
	if (typeof raw === "string") {
		if (goal.ok(raw)) res.push([...needs, ...inside(kconf, sym, raw, passage)]);
	} else {
		const ends = range ? [compare(range.left, "<=", raw), compare(range.right, ">=", raw)] : [];
		// Who can set a symbol does not look at its defaults first.
		const because = prompts_of(sym).length > 0 ? SILENT : goal.because;
		res.push([...needs, { ...goal, sym: raw, because }, ...ends]);
	}
	if (!range) return res;
	const pulled = (end: Sym, op: "<" | ">"): void => {
		const there = kconf.rules.range_as_number ? as_number(goal, end) : goal;
		if (typeof raw === "string") res.push([...needs, end_goal(sym, end, op, raw, SILENT, there)]);
		else res.push([...needs, { ...there, sym: end, because: SILENT }, compare(end, op, raw)]);
	};
	pulled(range.left, ">");
	pulled(range.right, "<");
	return res;
}
