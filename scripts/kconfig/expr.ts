// SPDX-License-Identifier: GPL-2.0-only
//
// Expressions over symbols: building, evaluating and printing them. Mirrors Linux's
// scripts/kconfig/expr.c. Left out: its hash table of unique nodes (a node caches its value
// instead). The algebra that shortens expressions is in expr_simplify.ts.

import type { CompareType, Expr, Kconf, Sym, SymbolType, Tristate } from "./lkc.ts";
import { mod, no, S_BOOLEAN, S_HEX, S_INT, S_STRING, S_TRISTATE, S_UNKNOWN, yes } from "./lkc.ts";
import { sym_calc_value, sym_get_string_value } from "./symbol.ts";

export const EXPR_AND = (a: Tristate, b: Tristate): Tristate => (a < b ? a : b);
export const EXPR_OR = (a: Tristate, b: Tristate): Tristate => (a > b ? a : b);
const EXPR_NOT = (a: Tristate): Tristate => (2 - a) as Tristate;

/** In `has` of an expression: y or n as such. */
export const HAS_YN = 1;
/** m as such. */
export const HAS_M = 2;
/** More than symbols and what joins them by && and ||. */
export const HAS_MORE = 4;
/** The constants above, and all other symbols, each by one of the bits that are left. */
export const HAS_SYMBOLS = 0x7fffffff & ~HAS_MORE;

/**
 * The bit of a symbol in `has`. Others share it, so only its absence says something; but that
 * spares most walks through an expression.
 */
export function expr_has(sym: Sym): number {
	if (sym.serial >= 0) return 8 << (sym.serial % 28);
	return sym.name === "m" ? HAS_M : HAS_YN;
}

/** The expression that a symbol is by itself; always the same one for a symbol. */
export function expr_alloc_symbol(sym: Sym): Expr {
	sym.expr ??= { type: "symbol", sym, val: no, val_gen: 0, has: expr_has(sym), settled: true, checked: 0 };
	return sym.expr;
}

/** !expr */
export function expr_alloc_not(expr: Expr): Expr {
	return { type: "not", expr, val: no, val_gen: 0, has: expr.has | HAS_MORE, settled: false, checked: 0 };
}

/** left && right, or left || right. */
export function expr_alloc_two(type: "and" | "or", left: Expr, right: Expr): Expr {
	return { type, left, right, val: no, val_gen: 0, has: left.has | right.has, settled: false, checked: 0 };
}

/** A comparison of two symbols, or the two limits of a range. */
export function expr_alloc_comp(type: CompareType | "range", left: Sym, right: Sym): Expr {
	const has = expr_has(left) | expr_has(right) | HAS_MORE;
	return { type, left, right, val: no, val_gen: 0, has, settled: false, checked: 0 };
}

/** a && b, where null means "no condition". */
export function expr_alloc_and(a: Expr | null, b: Expr | null): Expr | null {
	if (!a) return b;
	return b ? expr_alloc_two("and", a, b) : a;
}

/** a || b, where null means "nothing yet", not "always". */
export function expr_alloc_or(a: Expr | null, b: Expr | null): Expr | null {
	if (!a) return b;
	return b ? expr_alloc_two("or", a, b) : a;
}

/** Is there no condition, or is it the constant y? Others that are y now do not count. */
export function expr_is_yes(kconf: Kconf, e: Expr | null): boolean {
	return !e || (e.type === "symbol" && e.sym === kconf.symbol_yes);
}

/** The value of an expression; no expression at all is y. */
export function expr_calc_value(kconf: Kconf, e: Expr | null): Tristate {
	if (!e) return yes;
	if (e.val_gen !== kconf.generation) {
		const val = calc(kconf, e);
		e.val = val;
		e.val_gen = kconf.generation;
	}
	return e.val;
}

/** Forgets the values of all expressions. */
export function expr_invalidate_all(kconf: Kconf): void {
	kconf.generation++;
}

function calc(kconf: Kconf, e: Expr): Tristate {
	switch (e.type) {
		case "symbol":
			sym_calc_value(kconf, e.sym);
			return e.sym.curr.tri;
		case "and":
		case "or":
			return calc_chain(kconf, e);
		case "not":
			return EXPR_NOT(expr_calc_value(kconf, e.expr));
		case "range":
			return no;
		default:
			return calc_compare(kconf, e.type, e.left, e.right);
	}
}

/** a && b && …, or a || b || …, which may be thousands of terms long, from the left. */
function calc_chain(kconf: Kconf, e: Expr & { type: "and" | "or" }): Tristate {
	const { type } = e;
	const chain = [e];
	let { left } = e;
	while (left.type === type && left.val_gen !== kconf.generation) {
		chain.push(left);
		left = left.left;
	}
	let val = expr_calc_value(kconf, left);
	for (let i = chain.length - 1; i >= 0; i--) {
		const at = chain[i] as typeof e;
		const right = expr_calc_value(kconf, at.right);
		val = type === "and" ? EXPR_AND(val, right) : EXPR_OR(val, right);
		at.val = val;
		at.val_gen = kconf.generation;
	}
	return val;
}

function calc_compare(kconf: Kconf, type: CompareType, left: Sym, right: Sym): Tristate {
	sym_calc_value(kconf, left);
	sym_calc_value(kconf, right);
	const l = sym_get_string_value(left);
	const r = sym_get_string_value(right);
	// In 2.6 everything was a text.
	const texts = kconf.rules.ancient;
	const res = compare_values(l, texts ? S_STRING : left.type, r, texts ? S_STRING : right.type);
	return holds(type, res) ? yes : no;
}

function holds(type: CompareType, res: number): boolean {
	switch (type) {
		case "=":
			return res === 0;
		case "!=":
			return res !== 0;
		case "<":
			return res < 0;
		case "<=":
			return res <= 0;
		case ">":
			return res > 0;
		case ">=":
			return res >= 0;
	}
}

/**
 * Orders two values. They compare as numbers if both read as one and at least one of the
 * two symbols is not a string; otherwise as strings. Hex is unsigned, and makes the other
 * side unsigned.
 */
export function compare_values(l: string, lt: SymbolType, r: string, rt: SymbolType): number {
	if (lt !== S_STRING || rt !== S_STRING) {
		const ln = expr_parse_string(l, lt);
		const rn = expr_parse_string(r, rt);
		if (ln !== null && rn !== null) {
			const unsigned = lt === S_HEX || rt === S_HEX;
			const a = unsigned ? BigInt.asUintN(64, ln) : ln;
			const b = unsigned ? BigInt.asUintN(64, rn) : rn;
			return a < b ? -1 : a > b ? 1 : 0;
		}
	}
	return l < r ? -1 : l > r ? 1 : 0;
}

const INT64_MAX = (1n << 63n) - 1n;
const INT64_MIN = -(1n << 63n);
const UINT64_MAX = (1n << 64n) - 1n;

/** The longest number that a text begins with, as strtoll() finds it: sign, digits. */
const NUMBER: Readonly<Record<10 | 16 | 0, RegExp>> = {
	10: /^[ \t\n\v\f\r]*([+-]?)([0-9]+)/,
	16: /^[ \t\n\v\f\r]*([+-]?)(0[xX][0-9a-fA-F]+|[0-9a-fA-F]+)/,
	0: /^[ \t\n\v\f\r]*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)/,
};

/** That number and where it ends; null if there is none. */
function scan_number(str: string, base: 10 | 16 | 0): { value: bigint; end: number } | null {
	const m = NUMBER[base].exec(str);
	if (!m) return null;
	let digits = m[2] as string;
	if (base === 16 && !/^0x/i.test(digits)) digits = `0x${digits}`;
	else if (base === 10) digits = digits.replace(/^0+(?=[0-9])/, "");
	else if (base === 0 && /^0[0-7]/.test(digits)) digits = `0o${digits.slice(1)}`;
	const value = BigInt(digits);
	return { value: m[1] === "-" ? -value : value, end: m[0].length };
}

/** strtoll(): 0 for a text that begins with no number, the nearest end if it is too big. */
export function strtoll(str: string, base: 10 | 16 | 0): bigint {
	const value = scan_number(str, base)?.value ?? 0n;
	return value > INT64_MAX ? INT64_MAX : value < INT64_MIN ? INT64_MIN : value;
}

/** A symbol's value as a number for comparisons, or null if it is not one. */
function expr_parse_string(str: string, type: SymbolType): bigint | null {
	if (type === S_BOOLEAN || type === S_TRISTATE) return BigInt("nmy".indexOf(str));
	const found = scan_number(str, type === S_INT ? 10 : type === S_HEX ? 16 : 0);
	if (!found || found.end !== str.length) return null;
	const { value } = found;
	if (type === S_HEX) return value > UINT64_MAX || -value > UINT64_MAX ? null : value;
	return value > INT64_MAX || value < INT64_MIN ? null : value;
}

/** Does the expression mention the symbol at all? */
export function expr_contains_symbol(e: Expr | null, sym: Sym): boolean {
	if (!e || (e.has & expr_has(sym)) === 0) return false;
	switch (e.type) {
		case "and":
		case "or":
			return expr_contains_symbol(e.left, sym) || expr_contains_symbol(e.right, sym);
		case "not":
			return expr_contains_symbol(e.expr, sym);
		case "symbol":
			return e.sym === sym;
		case "range":
			return false;
		default:
			return e.left === sym || e.right === sym;
	}
}

/** Is the expression n whenever the symbol is n, for an obvious reason? */
export function expr_depends_symbol(kconf: Kconf, e: Expr | null, sym: Sym): boolean {
	if (!e || (e.has & expr_has(sym)) === 0) return false;
	switch (e.type) {
		case "and":
			return expr_depends_symbol(kconf, e.left, sym) || expr_depends_symbol(kconf, e.right, sym);
		case "symbol":
			return e.sym === sym;
		case "=":
			return e.left === sym && (e.right === kconf.symbol_yes || e.right === kconf.symbol_mod);
		case "!=":
			return e.left === sym && e.right === kconf.symbol_no;
		default:
			return false;
	}
}

/** Every symbol of an expression, constants included, left to right. */
export function* expr_symbols(e: Expr | null): Generator<Sym> {
	if (!e) return;
	switch (e.type) {
		case "symbol":
			yield e.sym;
			break;
		case "not":
			yield* expr_symbols(e.expr);
			break;
		case "and":
		case "or":
			yield* expr_symbols(e.left);
			yield* expr_symbols(e.right);
			break;
		default:
			yield e.left;
			yield e.right;
	}
}

/** How tightly an operator binds; a looser one inside a tighter one takes brackets. */
const BINDING: Readonly<Record<string, number>> = { or: 1, and: 2, not: 3, "=": 4, "!=": 4 };
const binding = (type: string): number => BINDING[type] ?? 5;

/** The text of an expression; `show` writes one symbol of it. */
export function expr_print(
	e: Expr | null,
	show: (sym: Sym) => string = (sym) => sym.name ?? "<choice>",
	outer = "",
): string {
	if (!e) return "y";
	const text = print_inner(e, show);
	return outer !== "" && binding(e.type) < binding(outer) ? `(${text})` : text;
}

function print_inner(e: Expr, show: (sym: Sym) => string): string {
	switch (e.type) {
		case "symbol":
			return show(e.sym);
		case "not":
			return `!${expr_print(e.expr, show, "not")}`;
		case "and":
			return `${expr_print(e.left, show, "and")} && ${expr_print(e.right, show, "and")}`;
		case "or":
			return `${expr_print(e.left, show, "or")} || ${expr_print(e.right, show, "or")}`;
		case "range":
			return `[${show(e.left)} ${show(e.right)}]`;
		default:
			return `${show(e.left)}${e.type}${show(e.right)}`;
	}
}

/** A symbol with its value behind it, as in "FOO [=y]". */
export function show_with_value(sym: Sym): string {
	if (sym.name === null) return "<choice>";
	return sym.type === S_UNKNOWN ? sym.name : `${sym.name} [=${sym_get_string_value(sym)}]`;
}

/** The terms of a reverse dependency that have the given value, one to a line. */
export function expr_print_revdep(kconf: Kconf, e: Expr | null, want: Tristate): string {
	if (!e) return "";
	if (e.type === "or") {
		return expr_print_revdep(kconf, e.left, want) + expr_print_revdep(kconf, e.right, want);
	}
	return expr_calc_value(kconf, e) === want ? `  - ${expr_print(e, show_with_value)}\n` : "";
}

export const tristate_name = (tri: Tristate): "n" | "m" | "y" => (tri === yes ? "y" : tri === mod ? "m" : "n");
