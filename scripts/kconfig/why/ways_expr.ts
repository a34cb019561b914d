// SPDX-License-Identifier: GPL-2.0-only
//
// The ways to make an expression true, false or m. No counterpart in Linux.

import { tristate_name } from "../expr.ts";
import type { CompareType, Expr, Kconf, Sym, Tristate } from "../lkc.ts";
import { mod, no, S_TRISTATE, yes } from "../lkc.ts";
import type { Between, Goal } from "./goal.ts";
import { at_least, at_most, is_fixed } from "./goal.ts";
import { compare_texts, near, same_text } from "./texts.ts";
import { is_logical, value_of } from "./trial.ts";
import type { Way } from "./ways.ts";

/** The ways to an expression between two bounds. */
export function expr_ways(kconf: Kconf, e: Expr | null, { lo, hi }: Between): Way[] {
	if (!e) return [];
	switch (e.type) {
		case "symbol":
			return [{ needs: [{ kind: "sym", sym: e.sym, lo, hi }] }];
		case "not":
			return [
				{
					needs: [
						{
							kind: "expr",
							expr: e.expr,
							lo: (2 - hi) as Tristate,
							hi: (2 - lo) as Tristate,
						},
					],
				},
			];
		case "and":
			return either(
				lo > no,
				hi < yes,
				[e.left, e.right],
				(x) => at_least(x, lo),
				(x) => at_most(x, hi),
			);
		case "or":
			return either(
				hi < yes,
				lo > no,
				[e.left, e.right],
				(x) => at_most(x, hi),
				(x) => at_least(x, lo),
			);
		case "range":
			return [];
		default:
			// A comparison is y or n, never m.
			if (lo > no && hi < yes) return [];
			return compare_ways(kconf, lo > no ? e.type : OPPOSITE[e.type], e.left, e.right);
	}
}

/** All sides have to be `strict`, and one of them `loose`. */
function either(
	is_strict: boolean,
	is_loose: boolean,
	sides: Expr[],
	strict: (e: Expr) => Goal,
	loose: (e: Expr) => Goal,
): Way[] {
	const all = is_strict ? sides.map(strict) : [];
	if (!is_loose) return [{ needs: all }];
	return sides.map((side) => ({ needs: [...all, loose(side)] }));
}

const OPPOSITE: Readonly<Record<CompareType, CompareType>> = {
	"=": "!=",
	"!=": "=",
	"<": ">=",
	">=": "<",
	">": "<=",
	"<=": ">",
};
const MIRRORED: Readonly<Record<CompareType, CompareType>> = {
	"=": "=",
	"!=": "!=",
	"<": ">",
	">=": "<=",
	">": "<",
	"<=": ">=",
};

function compare_ways(kconf: Kconf, type: CompareType, left: Sym, right: Sym): Way[] {
	if (is_fixed(left) && is_fixed(right)) return [];
	// The constants among them: up to 5.17 they compare as texts.
	if (is_logical(left) && is_logical(right) && !kconf.rules.ancient)
		return compare_tri_ways(kconf, type, left, right);
	const res: Way[] = [];
	const side = (sym: Sym, op: CompareType, other: Sym): void => {
		if (is_fixed(sym)) return;
		const text = value_of(kconf, other);
		const ok = (own: string): boolean => holds(op, compare_texts(kconf, sym, own, other, text));
		if (is_logical(sym)) res.push(...tri_ways(sym, ok));
		else {
			const key = `${op} ${other.type} ${text}`;
			res.push({ needs: [{ kind: "text", sym, ok, key, hints: near(sym, text) }] });
		}
	};
	side(left, type, right);
	side(right, MIRRORED[type], left);
	// Both may have to change: then one of them is no longer what it is.
	const moves = [left, right].filter((sym) => !is_fixed(sym));
	if (moves.length < 2) return res;
	for (const sym of moves) {
		const now = value_of(kconf, sym);
		if (is_logical(sym)) res.push(...tri_ways(sym, (own) => own !== now));
		else {
			const ok = (own: string): boolean => !same_text(sym, own, now);
			res.push({ needs: [{ kind: "text", sym, ok, key: `other than ${now}`, hints: [] }] });
		}
	}
	return res;
}

/** A bool or tristate with any of the values that pass. */
function tri_ways(sym: Sym, ok: (value: string) => boolean): Way[] {
	const all = [no, mod, yes] as const;
	return all
		.filter((tri) => ok(tristate_name(tri)))
		.map((tri) => ({ needs: [{ kind: "sym", sym, lo: tri, hi: tri }] }));
}

function compare_tri_ways(kconf: Kconf, type: CompareType, left: Sym, right: Sym): Way[] {
	const possible = (sym: Sym): Tristate[] => {
		if (is_fixed(sym)) return ["nmy".indexOf(value_of(kconf, sym)) as Tristate];
		return sym.type === S_TRISTATE ? [no, mod, yes] : [no, yes];
	};
	const res: Way[] = [];
	for (const l of possible(left)) {
		for (const r of possible(right)) {
			if (!holds(type, l - r)) continue;
			const needs: Goal[] = [];
			if (!is_fixed(left)) needs.push({ kind: "sym", sym: left, lo: l, hi: l });
			if (!is_fixed(right)) needs.push({ kind: "sym", sym: right, lo: r, hi: r });
			res.push({ needs });
		}
	}
	return res;
}

function holds(type: CompareType, order: number): boolean {
	switch (type) {
		case "=":
			return order === 0;
		case "!=":
			return order !== 0;
		case "<":
			return order < 0;
		case "<=":
			return order <= 0;
		case ">":
			return order > 0;
		default:
			return order >= 0;
	}
}
