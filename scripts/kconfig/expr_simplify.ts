// SPDX-License-Identifier: GPL-2.0-only
//
// Shortens expressions without changing their value: the second half of Linux's
// scripts/kconfig/expr.c (expr_transform, expr_eliminate_dups, expr_eliminate_eq). Only two
// things depend on the result: the text of "Depends on" lines, and which entries the menu
// tree shows as a submenu of the entry above them.

import {
	expr_alloc_comp,
	expr_alloc_not,
	expr_alloc_symbol,
	expr_alloc_two,
	expr_is_yes,
	HAS_MORE,
	HAS_SYMBOLS,
	HAS_YN,
} from "./expr.ts";
import type { Expr, Kconf, Sym } from "./lkc.ts";
import { S_BOOLEAN, S_TRISTATE, SYMBOL_CONST } from "./lkc.ts";

/** What an operator does nothing with, as a symbol: y for and, n for or. */
function neutral(kconf: Kconf, type: "and" | "or"): Sym {
	return type === "and" ? kconf.symbol_yes : kconf.symbol_no;
}

/** What an operator cannot get away from: n for and, y for or. */
function absorbing(kconf: Kconf, type: "and" | "or"): Sym {
	return type === "and" ? kconf.symbol_no : kconf.symbol_yes;
}

/**
 * Drops the constants y and n out of ands and ors. As in the kernel only where this decides
 * about the whole expression; it stays as it is if just a part would become simpler.
 */
function eliminate_yn(kconf: Kconf, e: Expr): Expr {
	if (!(e.has & HAS_YN) || (e.type !== "and" && e.type !== "or")) return e;
	const l = eliminate_yn(kconf, e.left);
	const r = eliminate_yn(kconf, e.right);
	const end = absorbing(kconf, e.type);
	const unit = neutral(kconf, e.type);
	if (l.type === "symbol") {
		if (l.sym === end) return l;
		if (l.sym === unit) return r;
	}
	if (r.type === "symbol") {
		if (r.sym === end) return r;
		if (r.sym === unit) return l;
	}
	return e;
}

/** Two expressions that are being rewritten together. */
interface Pair {
	a: Expr;
	b: Expr;
}

/**
 * Applies `leaf` to every pair of terms of two chains of the same operator, and puts the
 * chains together again. True if one of them has changed.
 */
function pairwise(
	kconf: Kconf,
	type: "and" | "or",
	p: Pair,
	leaf: (kconf: Kconf, type: "and" | "or", p: Pair) => boolean,
): boolean {
	const { a, b } = p;
	// What has no symbol in common is not the same, and not about the same.
	if ((a.has & b.has & HAS_SYMBOLS) === 0) return false;
	if (a.type === type) {
		p.a = a.left;
		let changed = pairwise(kconf, type, p, leaf);
		const l = p.a;
		p.a = a.right;
		if (pairwise(kconf, type, p, leaf)) changed = true;
		p.a = l === a.left && p.a === a.right ? a : expr_alloc_two(type, l, p.a);
		return changed;
	}
	if (b.type === type) {
		p.b = b.left;
		let changed = pairwise(kconf, type, p, leaf);
		const l = p.b;
		p.b = b.right;
		if (pairwise(kconf, type, p, leaf)) changed = true;
		p.b = l === b.left && p.b === b.right ? b : expr_alloc_two(type, l, p.b);
		return changed;
	}
	return leaf(kconf, type, p);
}

/** Strikes out a term that both sides have, unless it is a constant that says so anyway. */
function strike(kconf: Kconf, type: "and" | "or", p: Pair): boolean {
	const { a, b } = p;
	if (a.type !== b.type) return false;
	if (a.type === "symbol" && (a.sym === kconf.symbol_yes || a.sym === kconf.symbol_no)) return false;
	if (!expr_eq(kconf, a, b)) return false;
	p.a = expr_alloc_symbol(neutral(kconf, type));
	p.b = p.a;
	return true;
}

/** Takes the terms that both expressions share out of both of them. */
export function expr_eliminate_eq(kconf: Kconf, first: Expr | null, second: Expr | null) {
	if (!first || !second) return [first, second] as const;
	const p: Pair = { a: first, b: second };
	const type_a = p.a.type;
	if (type_a === "and" || type_a === "or") pairwise(kconf, type_a, p, strike);
	const type_b = p.b.type;
	if (p.a.type !== type_b && (type_b === "and" || type_b === "or")) {
		pairwise(kconf, type_b, p, strike);
	}
	return [eliminate_yn(kconf, p.a), eliminate_yn(kconf, p.b)] as const;
}

/** Do two expressions say the same, term by term? */
export function expr_eq(kconf: Kconf, a: Expr | null, b: Expr | null): boolean {
	if (!a || !b) return expr_is_yes(kconf, a) && expr_is_yes(kconf, b);
	if (a === b) return true;
	if (a.type !== b.type) return false;
	if (a.type === "symbol") return b.type === "symbol" && a.sym === b.sym;
	if (a.type === "not") return b.type === "not" && expr_eq(kconf, a.expr, b.expr);
	if (a.type === "and" || a.type === "or") {
		const [x, y] = expr_eliminate_eq(kconf, a, b);
		return x?.type === "symbol" && y?.type === "symbol" && x.sym === y.sym;
	}
	if (b.type === "symbol" || b.type === "not" || b.type === "and" || b.type === "or") return false;
	return a.type === b.type && a.left === b.left && a.right === b.right;
}

/** The symbol that a simple statement is about: A, !A, A=x, A!=x; else null. */
function subject(e: Expr): Sym | null {
	if (e.type === "symbol") return e.sym;
	if (e.type === "=" || e.type === "!=") return e.left;
	if (e.type === "not" && e.expr.type === "symbol") return e.expr.sym;
	return null;
}

/** The constant of n, m, y that is neither of the two given, which must differ. */
function third(kconf: Kconf, a: Sym, b: Sym): Sym | null {
	const all = [kconf.symbol_no, kconf.symbol_mod, kconf.symbol_yes];
	if (a === b || !all.includes(a) || !all.includes(b)) return null;
	return all.find((sym) => sym !== a && sym !== b) ?? null;
}

/** One statement that says the same as `a || b`, or null. */
function join_or(kconf: Kconf, a: Expr, b: Expr): Expr | null {
	if (a.type === "symbol" && b.type === "symbol") return a.sym === b.sym ? a : null;
	if (expr_eq(kconf, a, b)) return a;
	const sym = subject(a);
	if (!sym || sym !== subject(b)) return null;
	if (sym.type === S_TRISTATE && a.type === "=" && b.type === "=") {
		const rest = third(kconf, a.right, b.right);
		return rest && expr_alloc_comp("!=", sym, rest);
	}
	const opposite = (a.type === "not" && b.type === "symbol") || (a.type === "symbol" && b.type === "not");
	if (sym.type === S_BOOLEAN && opposite) return expr_alloc_symbol(kconf.symbol_yes);
	return null;
}

/** One statement that says the same as `a && b`, or null. */
function join_and(kconf: Kconf, a: Expr, b: Expr): Expr | null {
	if (a.type === "symbol" && b.type === "symbol") return a.sym === b.sym ? a : null;
	if (expr_eq(kconf, a, b)) return a;
	const sym = subject(a);
	if (!sym || sym !== subject(b)) return null;
	if (sym.type !== S_BOOLEAN && sym.type !== S_TRISTATE) return null;
	return join_plain(kconf, sym, a, b) ?? join_plain(kconf, sym, b, a) ?? join_tri(kconf, sym, a, b);
}

/** A together with a comparison of A. */
function join_plain(kconf: Kconf, sym: Sym, plain: Expr, other: Expr): Expr | null {
	if (plain.type !== "symbol") return null;
	const is_yes = expr_alloc_comp("=", sym, kconf.symbol_yes);
	if (other.type === "=" && other.right === kconf.symbol_yes) return is_yes;
	if (other.type === "!=" && other.right === kconf.symbol_no) return plain;
	if (other.type === "!=" && other.right === kconf.symbol_mod) return is_yes;
	return null;
}

/** Two comparisons of the same tristate. */
function join_tri(kconf: Kconf, sym: Sym, a: Expr, b: Expr): Expr | null {
	if (sym.type !== S_TRISTATE) return null;
	if (a.type === "!=" && b.type === "!=") {
		const rest = third(kconf, a.right, b.right);
		return rest && expr_alloc_comp("=", sym, rest);
	}
	const [eq, ne] = a.type === "=" ? [a, b] : [b, a];
	if (eq.type !== "=" || ne.type !== "!=") return null;
	if (!(eq.right.flags & ne.right.flags & SYMBOL_CONST)) return null;
	return eq.right === ne.right ? expr_alloc_symbol(kconf.symbol_no) : eq;
}

function join(kconf: Kconf, type: "and" | "or", p: Pair): boolean {
	const both = (type === "and" ? join_and : join_or)(kconf, p.a, p.b);
	if (!both) return false;
	p.a = expr_alloc_symbol(neutral(kconf, type));
	p.b = both;
	return true;
}

/** Joins terms that repeat or complete each other, until nothing more can be joined. */
export function expr_eliminate_dups(kconf: Kconf, e: Expr | null): Expr | null {
	if (!e) return null;
	let cur: Expr = e;
	let joined = true;
	while (joined && !cur.settled) {
		joined = false;
		if (cur.type === "and" || cur.type === "or") {
			const { type } = cur;
			const left = expr_eliminate_dups(kconf, cur.left) as Expr;
			const right = expr_eliminate_dups(kconf, cur.right) as Expr;
			const p: Pair = { a: left, b: right };
			joined = pairwise(kconf, type, p, join);
			if (p.a !== cur.left || p.b !== cur.right) cur = expr_alloc_two(type, p.a, p.b);
		}
		cur = eliminate_yn(kconf, cur);
	}
	cur.settled = true;
	return cur;
}

const NEGATED = { "=": "!=", "!=": "=", "<": ">=", ">=": "<", "<=": ">", ">": "<=" } as const;

/** Moves negations inwards, and writes comparisons of a bool as the bool itself. */
export function expr_transform(kconf: Kconf, e: Expr | null): Expr | null {
	if (!e || !(e.has & HAS_MORE)) return e;
	switch (e.type) {
		case "and":
		case "or": {
			// The right one first: what is printed on the way comes in this order.
			const r = expr_transform(kconf, e.right) as Expr;
			const l = expr_transform(kconf, e.left) as Expr;
			return l === e.left && r === e.right ? e : expr_alloc_two(e.type, l, r);
		}
		case "not":
			return transform_not(kconf, expr_transform(kconf, e.expr) as Expr);
		case "=":
		case "!=":
			return transform_bool(kconf, e.type, e.left, e.right) ?? e;
		default:
			return e;
	}
}

function transform_bool(kconf: Kconf, type: "=" | "!=", left: Sym, right: Sym): Expr | null {
	if (left.type !== S_BOOLEAN) return null;
	const itself = expr_alloc_symbol(left);
	if (right === kconf.symbol_mod) {
		const forced = type === "=" ? kconf.symbol_no : kconf.symbol_yes;
		kconf.host.out(`boolean symbol ${left.name} tested for 'm'? test forced to '${forced.name}'\n`);
		return expr_alloc_symbol(forced);
	}
	if (right !== kconf.symbol_yes && right !== kconf.symbol_no) return null;
	const positive = (type === "=") === (right === kconf.symbol_yes);
	return positive ? itself : expr_alloc_not(itself);
}

function transform_not(kconf: Kconf, inner: Expr): Expr {
	switch (inner.type) {
		case "not":
			return inner.expr;
		case "and":
		case "or": {
			const turned = inner.type === "and" ? "or" : "and";
			const l = transform_not(kconf, inner.left);
			return expr_alloc_two(turned, l, transform_not(kconf, inner.right));
		}
		case "symbol":
			if (inner.sym === kconf.symbol_yes) return expr_alloc_symbol(kconf.symbol_no);
			if (inner.sym === kconf.symbol_no) return expr_alloc_symbol(kconf.symbol_yes);
			if (inner.sym === kconf.symbol_mod) return inner;
			return expr_alloc_not(inner);
		case "range":
			return inner;
		default:
			return expr_alloc_comp(NEGATED[inner.type], inner.left, inner.right);
	}
}

/** Rewrites an expression into "its value is, or is not, n", which is y or n only. */
export function expr_trans_compare(kconf: Kconf, e: Expr | null, is_not_n: boolean): Expr {
	const { symbol_no } = kconf;
	if (!e) {
		const n = expr_alloc_symbol(symbol_no);
		return is_not_n ? expr_alloc_not(n) : n;
	}
	switch (e.type) {
		case "and":
		case "or": {
			const l = expr_trans_compare(kconf, e.left, false);
			const r = expr_trans_compare(kconf, e.right, false);
			const is_n = expr_alloc_two(e.type === "and" ? "or" : "and", l, r);
			return is_not_n ? expr_alloc_not(is_n) : is_n;
		}
		case "not":
			return expr_trans_compare(kconf, e.expr, !is_not_n);
		case "symbol":
			return expr_alloc_comp(is_not_n ? "!=" : "=", e.sym, symbol_no);
		default:
			return is_not_n ? e : expr_alloc_not(e);
	}
}
