// SPDX-License-Identifier: GPL-2.0-only
//
// Shortens expressions as Linux's scripts/kconfig/expr.c did before 6.12: in place, on trees
// whose nodes nothing else refers to. What a step leaves behind, the next one finds, and so
// the results are not always those of expr_simplify.ts.

import {
	expr_alloc_and,
	expr_alloc_comp,
	expr_alloc_not,
	expr_alloc_symbol,
	expr_alloc_two,
	expr_contains_symbol,
	expr_symbols,
	HAS_MORE,
} from "../expr.ts";
import type { CompareType, Expr, Kconf, Sym } from "../lkc.ts";
import { S_BOOLEAN, S_TRISTATE, S_UNKNOWN, SYMBOL_CONST } from "../lkc.ts";

/** A node that can be changed. `sym` and `other` are of symbols and comparisons. */
interface Node {
	type: Expr["type"];
	left: Node | null;
	right: Node | null;
	sym: Sym | null;
	other: Sym | null;
}

/** A place that holds a node: what a pointer to a pointer is. */
interface Place {
	node: Node;
}

/** The left or right side of a node as a place. */
class Side implements Place {
	private readonly of: Node;
	private readonly side: "left" | "right";
	constructor(of: Node, side: "left" | "right") {
		this.of = of;
		this.side = side;
	}
	get node(): Node {
		return this.of[this.side] as Node;
	}
	set node(node: Node) {
		this.of[this.side] = node;
	}
}

const symbol = (sym: Sym): Node => ({ type: "symbol", left: null, right: null, sym, other: null });
const not = (left: Node): Node => ({ type: "not", left, right: null, sym: null, other: null });
const comp = (type: CompareType, sym: Sym, other: Sym): Node => ({ type, left: null, right: null, sym, other });
const two = (type: "and" | "or", left: Node, right: Node): Node => ({ type, left, right, sym: null, other: null });

function thaw(e: Expr): Node {
	switch (e.type) {
		case "symbol":
			return symbol(e.sym);
		case "not":
			return not(thaw(e.expr));
		case "and":
		case "or":
			return two(e.type, thaw(e.left), thaw(e.right));
		default:
			return { type: e.type, left: null, right: null, sym: e.left, other: e.right };
	}
}

function freeze(n: Node): Expr {
	switch (n.type) {
		case "symbol":
			return expr_alloc_symbol(n.sym as Sym);
		case "not":
			return expr_alloc_not(freeze(n.left as Node));
		case "and":
		case "or":
			return expr_alloc_two(n.type, freeze(n.left as Node), freeze(n.right as Node));
		default:
			return expr_alloc_comp(n.type, n.sym as Sym, n.other as Sym);
	}
}

function copy(n: Node): Node {
	return { ...n, left: n.left && copy(n.left), right: n.right && copy(n.right) };
}

function become(n: Node, what: Node): Node {
	return Object.assign(n, what);
}

/** How often something has been joined or struck out. */
let trans_count = 0;

const is_sym = (n: Node | null, sym: Sym): boolean => n?.type === "symbol" && n.sym === sym;

function eliminate_yn(kconf: Kconf, n: Node): Node {
	if (n.type !== "and" && n.type !== "or") return n;
	const end = n.type === "and" ? kconf.symbol_no : kconf.symbol_yes;
	const unit = n.type === "and" ? kconf.symbol_yes : kconf.symbol_no;
	n.left = eliminate_yn(kconf, n.left as Node);
	n.right = eliminate_yn(kconf, n.right as Node);
	if (is_sym(n.left, end) || is_sym(n.right, end)) return become(n, symbol(end));
	if (is_sym(n.left, unit)) return become(n, n.right);
	if (is_sym(n.right, unit)) return become(n, n.left);
	return n;
}

function eliminate_eq_places(kconf: Kconf, type: "and" | "or", a: Place, b: Place): void {
	for (const [p, q] of [
		[a, b],
		[b, a],
	] as const) {
		if (p.node.type !== type) continue;
		for (const side of ["left", "right"] as const) {
			const inner = new Side(p.node, side);
			if (p === a) eliminate_eq_places(kconf, type, inner, q);
			else eliminate_eq_places(kconf, type, q, inner);
		}
		return;
	}
	const { symbol_yes, symbol_no } = kconf;
	for (const sym of [symbol_yes, symbol_no]) if (is_sym(a.node, sym) && is_sym(b.node, sym)) return;
	if (!equal(kconf, a.node, b.node)) return;
	trans_count++;
	const neutral = type === "and" ? symbol_yes : symbol_no;
	a.node = symbol(neutral);
	b.node = symbol(neutral);
}

function eliminate_eq(kconf: Kconf, a: Place, b: Place): void {
	const { type } = a.node;
	if (type === "and" || type === "or") eliminate_eq_places(kconf, type, a, b);
	const other = b.node.type;
	if (a.node.type !== other && (other === "and" || other === "or")) eliminate_eq_places(kconf, other, a, b);
	a.node = eliminate_yn(kconf, a.node);
	b.node = eliminate_yn(kconf, b.node);
}

function equal(kconf: Kconf, a: Node, b: Node): boolean {
	if (a.type !== b.type) return false;
	switch (a.type) {
		case "symbol":
			return a.sym === b.sym;
		case "not":
			return equal(kconf, a.left as Node, b.left as Node);
		case "and":
		case "or": {
			const x = { node: copy(a) };
			const y = { node: copy(b) };
			const count = trans_count;
			eliminate_eq(kconf, x, y);
			trans_count = count;
			return x.node.type === "symbol" && y.node.type === "symbol" && x.node.sym === y.node.sym;
		}
		case "range":
			return false;
		default:
			return a.sym === b.sym && a.other === b.other;
	}
}

const SIMPLE: ReadonlySet<string> = new Set(["=", "!=", "symbol", "not"]);

/** The symbol that two simple statements are both about, or null. */
function common_symbol(a: Node, b: Node): Sym | null {
	if (!SIMPLE.has(a.type) || !SIMPLE.has(b.type)) return null;
	const inner = a.left;
	if (inner && (inner.type === "not" || !SIMPLE.has(inner.type))) return null;
	if (b.left && b.left.type !== "symbol") return null;
	const sym = inner ? inner.sym : a.sym;
	if (!sym || sym !== (b.left ? b.left.sym : b.sym)) return null;
	return sym.type === S_BOOLEAN || sym.type === S_TRISTATE ? sym : null;
}

/** Whichever of y, m, n is neither of two; null unless they are two of them. */
function third(kconf: Kconf, a: Sym | null, b: Sym | null): Sym | null {
	const all = [kconf.symbol_no, kconf.symbol_mod, kconf.symbol_yes];
	if (a === b || !a || !b || !all.includes(a) || !all.includes(b)) return null;
	return all.find((sym) => sym !== a && sym !== b) ?? null;
}

function join_or(kconf: Kconf, a: Node, b: Node): Node | null {
	if (equal(kconf, a, b)) return copy(a);
	const sym = common_symbol(a, b);
	if (!sym) return null;
	if (sym.type === S_TRISTATE && a.type === "=" && b.type === "=") {
		const rest = third(kconf, a.other, b.other);
		if (rest) return comp("!=", sym, rest);
	}
	const opposite = (n: Node, m: Node) => n.type === "not" && n.left?.type === "symbol" && m.type === "symbol";
	if (sym.type === S_BOOLEAN && (opposite(a, b) || opposite(b, a))) return symbol(kconf.symbol_yes);
	return null;
}

function join_and(kconf: Kconf, a: Node, b: Node): Node | null {
	if (equal(kconf, a, b)) return copy(a);
	const sym = common_symbol(a, b);
	if (!sym) return null;
	const { symbol_yes, symbol_mod, symbol_no } = kconf;
	const beside = (type: CompareType, other: Sym): boolean =>
		(a.type === "symbol" && b.type === type && b.other === other) ||
		(b.type === "symbol" && a.type === type && a.other === other);
	if (beside("=", symbol_yes)) return comp("=", sym, symbol_yes);
	if (beside("!=", symbol_no)) return symbol(sym);
	if (beside("!=", symbol_mod)) return comp("=", sym, symbol_yes);
	if (sym.type !== S_TRISTATE) return null;
	for (const [eq, ne] of [
		[a, b],
		[b, a],
	] as const) {
		if (eq.type !== "=" || ne.type !== "!=") continue;
		const [is, is_not] = [eq.other as Sym, ne.other as Sym];
		if (is.flags & is_not.flags & SYMBOL_CONST) {
			return is === is_not ? symbol(symbol_no) : comp("=", sym, is);
		}
	}
	if (a.type !== "!=" || b.type !== "!=") return null;
	const rest = third(kconf, a.other, b.other);
	return rest && comp("=", sym, rest);
}

function eliminate_dups_places(kconf: Kconf, type: "and" | "or", a: Place, b: Place): void {
	if (a.node.type === type) {
		eliminate_dups_places(kconf, type, new Side(a.node, "left"), b);
		eliminate_dups_places(kconf, type, new Side(a.node, "right"), b);
		return;
	}
	if (b.node.type === type) {
		eliminate_dups_places(kconf, type, a, new Side(b.node, "left"));
		eliminate_dups_places(kconf, type, a, new Side(b.node, "right"));
		return;
	}
	if (a.node === b.node) return;
	const inner = a.node.type;
	if (inner === "and" || inner === "or") eliminate_dups_places(kconf, inner, a, a);
	const both = (type === "and" ? join_and : join_or)(kconf, a.node, b.node);
	if (!both) return;
	a.node = symbol(type === "and" ? kconf.symbol_yes : kconf.symbol_no);
	b.node = both;
	trans_count++;
}

function eliminate_dups(kconf: Kconf, start: Node): Node {
	const place = { node: start };
	const count = trans_count;
	for (;;) {
		trans_count = 0;
		const { type } = place.node;
		if (type === "and" || type === "or") eliminate_dups_places(kconf, type, place, place);
		if (trans_count === 0) break;
		place.node = eliminate_yn(kconf, place.node);
	}
	trans_count = count;
	return place.node;
}

const NEGATED = { "=": "!=", "!=": "=", "<": ">=", ">=": "<", "<=": ">", ">": "<=" } as const;

function transform(kconf: Kconf, n: Node): Node {
	if (n.left) n.left = transform(kconf, n.left);
	if (n.right) n.right = transform(kconf, n.right);
	if (n.type === "=" || n.type === "!=") return transform_bool(kconf, n, n.type);
	return n.type === "not" ? transform_not(kconf, n) : n;
}

function transform_bool(kconf: Kconf, n: Node, type: "=" | "!="): Node {
	const sym = n.sym as Sym;
	if (sym.type !== S_BOOLEAN) return n;
	if (n.other === kconf.symbol_mod) {
		const forced = type === "=" ? kconf.symbol_no : kconf.symbol_yes;
		kconf.host.out(`boolean symbol ${sym.name} tested for 'm'? test forced to '${forced.name}'\n`);
		return become(n, symbol(forced));
	}
	if (n.other !== kconf.symbol_yes && n.other !== kconf.symbol_no) return n;
	const positive = (type === "=") === (n.other === kconf.symbol_yes);
	return become(n, positive ? symbol(sym) : not(symbol(sym)));
}

function transform_not(kconf: Kconf, n: Node): Node {
	const inner = n.left as Node;
	switch (inner.type) {
		case "not":
			return transform(kconf, inner.left as Node);
		case "and":
		case "or": {
			const turned = inner.type === "and" ? "or" : "and";
			return transform(kconf, two(turned, not(inner.left as Node), not(inner.right as Node)));
		}
		case "symbol":
			if (inner.sym === kconf.symbol_yes) return symbol(kconf.symbol_no);
			if (inner.sym === kconf.symbol_no) return symbol(kconf.symbol_yes);
			return inner.sym === kconf.symbol_mod ? inner : n;
		case "range":
			return n;
		default:
			inner.type = NEGATED[inner.type];
			return inner;
	}
}

function trans_bool(kconf: Kconf, n: Node): void {
	if (n.left) trans_bool(kconf, n.left);
	if (n.right) trans_bool(kconf, n.right);
	if (n.type === "!=" && n.sym?.type === S_TRISTATE && n.other === kconf.symbol_no) become(n, symbol(n.sym));
}

/** Would trans_bool() find something to change? */
function has_unequal(e: Expr): boolean {
	if (!(e.has & HAS_MORE)) return false;
	if (e.type === "and" || e.type === "or") return has_unequal(e.left) || has_unequal(e.right);
	return e.type === "not" ? has_unequal(e.expr) : e.type === "!=";
}

/**
 * Is nothing known yet of the type of one of the symbols? What can be joined depends on types, and
 * members of a choice may get theirs late.
 */
function has_untyped(e: Expr): boolean {
	for (const sym of expr_symbols(e)) if (sym.type === S_UNKNOWN && !(sym.flags & SYMBOL_CONST)) return true;
	return false;
}

/**
 * Does a condition consist of symbols and negated symbols, each one once, none of them in `outer`?
 * Then there is nothing in it to make short, with `outer` or without.
 */
function is_apart(outer: Expr | null, own: Expr, seen: Sym[]): boolean {
	if (own.type === "and") return is_apart(outer, own.left, seen) && is_apart(outer, own.right, seen);
	const one = own.type === "not" ? own.expr : own;
	if (one.type !== "symbol") return false;
	const { sym } = one;
	if (sym.flags & SYMBOL_CONST || seen.includes(sym) || expr_contains_symbol(outer, sym)) return false;
	seen.push(sym);
	return true;
}

/**
 * A condition together with what is around it, made short. What is short already is not copied, so
 * that entries with the same conditions share them, and their values.
 */
export function combine(kconf: Kconf, outer: Expr | null, own: Expr | null, bools = false): Expr | null {
	if ((!outer || (outer.settled && !(bools && has_unequal(outer)))) && (!own || is_apart(outer, own, []))) {
		const both = expr_alloc_and(outer, own);
		if (both) both.settled = true;
		return both;
	}
	const short = combine_anew(kconf, outer, own, bools);
	// What trans_bool() has rewritten may be joined after all.
	if (short && !bools && !(short.has & HAS_MORE && has_untyped(short))) short.settled = true;
	return short;
}

/** The same, with nothing shared. */
export function combine_anew(kconf: Kconf, outer: Expr | null, own: Expr | null, bools: boolean): Expr | null {
	const dep = own && transform(kconf, thaw(own));
	const around = outer && thaw(outer);
	const both = around && dep ? two("and", around, dep) : (around ?? dep);
	if (!both) return null;
	const short = eliminate_dups(kconf, both);
	if (bools) trans_bool(kconf, short);
	return freeze(short);
}

/** The same expression, made short. */
export function simplify(kconf: Kconf, e: Expr): Expr {
	return freeze(eliminate_dups(kconf, transform(kconf, thaw(e))));
}

/** What is left of the second one when all that both share is taken out of them. */
export function rest_of(kconf: Kconf, first: Expr, second: Expr): Expr {
	const a = { node: thaw(first) };
	const b = { node: thaw(second) };
	eliminate_eq(kconf, a, b);
	return freeze(b.node);
}

/** Do two expressions say the same? */
export function expr_eq(kconf: Kconf, a: Expr, b: Expr): boolean {
	return equal(kconf, thaw(a), thaw(b));
}
