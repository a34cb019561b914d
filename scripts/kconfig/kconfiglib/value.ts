// SPDX-License-Identifier: GPL-2.0-only
//
// Values by Kconfiglib's rules: visibility, defaults, selects, ranges, and choices with a mode.

import type { Expr, Klib, Loc, Tri, Type } from "./model.ts";
import { expr_text, split } from "./expr.ts";
import { Choice, KSymbol, name_and_loc, nothing_cached, py_int, warn } from "./model.ts";

const LETTERS = ["n", "m", "y"] as const;
const TRI: Readonly<Record<string, Tri>> = { n: 0, m: 1, y: 2 };
const min = (a: Tri, b: Tri): Tri => (a < b ? a : b);
const max = (a: Tri, b: Tri): Tri => (a > b ? a : b);

export const is_logical = ({ type }: { type: Type }): boolean => type === "bool" || type === "tristate";

/** What has been calculated of an item, empty if it is stale. */
function cache(k: Klib, item: KSymbol | Choice) {
	if (item.cached.gen !== k.gen) item.cached = { ...nothing_cached(), gen: k.gen };
	return item.cached;
}

/** The type as it acts: without modules, or in a choice that is y, a tristate is a bool. */
function type_of(k: Klib, item: KSymbol | Choice): Type {
	if (item.type !== "tristate") return item.type;
	const in_y = item instanceof KSymbol && item.choice && choice_mode(k, item.choice) === 2;
	return in_y || tri_value(k, k.modules) === 0 ? "bool" : "tristate";
}

/** The value of a condition: 0, 1, 2 for n, m, y. */
export function expr_value(k: Klib, expr: Expr): Tri {
	if (expr instanceof KSymbol) return tri_value(k, expr);
	if (expr instanceof Choice) return choice_mode(k, expr);
	switch (expr.op) {
		case "&&": {
			const a = expr_value(k, expr.a);
			return a === 0 ? 0 : min(a, expr_value(k, expr.b));
		}
		case "||": {
			const a = expr_value(k, expr.a);
			return a === 2 ? 2 : max(a, expr_value(k, expr.b));
		}
		case "!":
			return (2 - expr_value(k, expr.a)) as Tri;
		default:
			return relation(expr.op, compare(k, expr.a, expr.b)) ? 2 : 0;
	}
}

function relation(op: string, comp: number): boolean {
	if (op === "=") return comp === 0;
	if (op === "!=") return comp !== 0;
	if (op === "<") return comp < 0;
	if (op === "<=") return comp <= 0;
	return op === ">" ? comp > 0 : comp >= 0;
}

const order = (a: string | bigint, b: string | bigint): number => (a > b ? 1 : a < b ? -1 : 0);

const BASE: Readonly<Partial<Record<Type, 10 | 16>>> = { int: 10, hex: 16 };

function to_number(k: Klib, sym: KSymbol): bigint | null {
	return is_logical(sym) ? BigInt(tri_value(k, sym)) : py_int(str_value(k, sym), BASE[sym.type] ?? 0);
}

function compare(k: Klib, a: KSymbol, b: KSymbol): number {
	if (a.type !== "string" || b.type !== "string") {
		const x = to_number(k, a);
		const y = x === null ? null : to_number(k, b);
		if (x !== null && y !== null) return order(x, y);
	}
	return order(str_value(k, a), str_value(k, b));
}

/** The highest value that the user could give. */
export function visibility(k: Klib, item: KSymbol | Choice): Tri {
	const known = cache(k, item).vis;
	if (known !== null) return known;
	const vis = calc_visibility(k, item);
	cache(k, item).vis = vis;
	return vis;
}

function calc_visibility(k: Klib, item: KSymbol | Choice): Tri {
	let vis: Tri = 0;
	for (const { prompt } of item.nodes) if (prompt) vis = max(vis, expr_value(k, prompt.cond));
	if (item instanceof KSymbol && item.choice) {
		const { choice } = item;
		if (choice.type === "tristate" && item.type !== "tristate" && choice_mode(k, choice) !== 2) return 0;
		if (item.type === "tristate" && vis === 1 && choice_mode(k, choice) === 2) return 0;
	}
	return vis === 1 && type_of(k, item) !== "tristate" ? 2 : vis;
}

/** The mode of a choice; that of one that is not optional is at least m. */
export function choice_mode(k: Klib, choice: Choice): Tri {
	const wanted = max(choice.optional ? 0 : 1, choice.user_value ?? 0);
	const mode = min(wanted, visibility(k, choice));
	return mode === 1 && type_of(k, choice) === "bool" ? 2 : mode;
}

/** The member that is y, if the mode is. */
export function selection(k: Klib, choice: Choice): KSymbol | null {
	if (choice_mode(k, choice) !== 2) return null;
	const { user_selection } = choice;
	if (user_selection && visibility(k, user_selection) > 0) return user_selection;
	return selection_from_defaults(k, choice);
}

/** The member that would be y if the user said nothing. */
export function selection_from_defaults(k: Klib, choice: Choice): KSymbol | null {
	for (const { value, cond } of choice.defaults) {
		if (value instanceof KSymbol && expr_value(k, cond) > 0 && visibility(k, value) > 0) return value;
	}
	return choice.syms.find((sym) => visibility(k, sym) > 0) ?? null;
}

/** n, m or y as a number. */
export function tri_value(k: Klib, sym: KSymbol): Tri {
	if (sym.constant && sym.name in TRI) return TRI[sym.name] as Tri;
	const known = cache(k, sym).tri;
	if (known !== null) return known;
	if (!is_logical(sym)) {
		const where = "is being evaluated in a logical context somewhere";
		const what = `The ${sym.type} symbol ${name_and_loc(sym)} ${where}`;
		if (sym.type !== "unknown") warn(k, `${what}. It will always evaluate to n.`);
		cache(k, sym).tri = 0;
		return 0;
	}
	const vis = visibility(k, sym);
	cache(k, sym).write = vis > 0;
	const tri = sym.choice ? member_value(k, sym, sym.choice, vis) : plain_value(k, sym, vis);
	cache(k, sym).tri = tri;
	return tri;
}

function member_value(k: Klib, sym: KSymbol, choice: Choice, vis: Tri): Tri {
	if (vis === 2) return selection(k, choice) === sym ? 2 : 0;
	return vis > 0 && sym.user_value ? 1 : 0;
}

/** A select that overrules dependencies. */
function warn_unmet(k: Klib, sym: KSymbol): void {
	if (!k.warn) return;
	const met = expr_value(k, sym.direct_dep);
	const letter = (expr: Expr): string => LETTERS[expr_value(k, expr)];
	let text =
		`${name_and_loc(sym)} has direct dependencies ${expr_text(sym.direct_dep)} ` +
		`with value ${LETTERS[met]}, ` +
		`but is currently being ${letter(sym.rev_dep)}-selected by the following symbols:`;
	for (const select of split(sym.rev_dep, "||")) {
		if (expr_value(k, select) <= met) continue;
		const by = split(select, "&&")[0] as KSymbol;
		text += `\n - ${name_and_loc(by)}, with value ${str_value(k, by)}, direct dependencies `;
		text += `${expr_text(by.direct_dep)} (value: ${letter(by.direct_dep)})`;
		if (!("op" in select) || select.op !== "&&") continue;
		text += `, and select condition ${expr_text(select.b)} (value: ${letter(select.b)})`;
	}
	warn(k, text);
}

function plain_value(k: Klib, sym: KSymbol, vis: Tri): Tri {
	const cached = cache(k, sym);
	let val: Tri = 0;
	if (vis > 0 && sym.user_value !== null) val = min(sym.user_value as Tri, vis);
	else {
		for (const { value, cond } of sym.defaults) {
			const dep = expr_value(k, cond);
			if (dep === 0) continue;
			val = min(expr_value(k, value), dep);
			if (val > 0) cached.write = true;
			break;
		}
		const implied = expr_value(k, sym.weak_rev_dep);
		if (implied > 0 && expr_value(k, sym.direct_dep) > 0) {
			val = max(implied, val);
			cached.write = true;
		}
	}
	const selected = expr_value(k, sym.rev_dep);
	if (selected > 0) {
		if (expr_value(k, sym.direct_dep) < selected) warn_unmet(k, sym);
		val = max(selected, val);
		cached.write = true;
	}
	const raise = val === 1 && (type_of(k, sym) === "bool" || expr_value(k, sym.weak_rev_dep) === 2);
	return raise ? 2 : val;
}

/** The value as text. A name that nobody defines is its own. */
export function str_value(k: Klib, sym: KSymbol): string {
	if (is_logical(sym)) return LETTERS[tri_value(k, sym)];
	if (sym.type === "unknown") return sym.name;
	const known = cache(k, sym).str;
	if (known !== null) return known;
	const vis = visibility(k, sym);
	cache(k, sym).write = vis > 0;
	const str = sym.type === "string" ? text_value(k, sym, vis) : number_value(k, sym, vis);
	if (sym.hidden) cache(k, sym).write = false;
	cache(k, sym).str = str;
	return str;
}

/** The value of the first default whose condition holds. */
function default_of(k: Klib, sym: KSymbol): string | null {
	for (const { value, cond } of sym.defaults) {
		if (expr_value(k, cond) === 0) continue;
		return value instanceof KSymbol ? str_value(k, value) : "";
	}
	return null;
}

function text_value(k: Klib, sym: KSymbol, vis: Tri): string {
	if (vis > 0 && sym.user_value !== null) return String(sym.user_value);
	const value = default_of(k, sym);
	if (value !== null) cache(k, sym).write = true;
	return value ?? "";
}

function number_value(k: Klib, sym: KSymbol, vis: Tri): string {
	const base = BASE[sym.type] as 10 | 16;
	const show = (n: bigint): string =>
		base === 10 ? String(n) : n < 0n ? `-0x${(-n).toString(16)}` : `0x${n.toString(16)}`;
	const active = sym.ranges.find(({ cond }) => expr_value(k, cond) > 0);
	const limit = (end: KSymbol): bigint => py_int(str_value(k, end), base) ?? 0n;
	const [low, high] = active ? active.value.map(limit) : [];
	const inside = (n: bigint): boolean => low === undefined || high === undefined || (low <= n && n <= high);
	if (vis > 0 && sym.user_value) {
		const user = String(sym.user_value);
		const number = py_int(user, base) ?? 0n;
		if (inside(number)) return user;
		const range = `([${show(low as bigint)}, ${show(high as bigint)}])`;
		warn(
			k,
			`user value ${show(number)} on the ${sym.type} symbol ${name_and_loc(sym)} ` +
				`ignored due to being outside the active range ${range} -- falling back on defaults`,
		);
	}
	const value = default_of(k, sym);
	if (value !== null) cache(k, sym).write = true;
	const number = py_int(value ?? "", base) ?? 0n;
	if (inside(number)) return value ?? "";
	const clamped = show(number < (low as bigint) ? (low as bigint) : (high as bigint));
	if (value !== null) {
		const range = `([${show(low as bigint)}, ${show(high as bigint)}])`;
		const what = `default value ${number} on ${name_and_loc(sym)} clamped to ${clamped}`;
		warn(k, `${what} due to being outside the active range ${range}`);
	}
	return clamped;
}

/** Does a .config have a line for it? */
export function is_written(k: Klib, sym: KSymbol): boolean {
	str_value(k, sym);
	return cache(k, sym).write;
}

/** The value without the user, by which a minimal configuration leaves it out. */
export function str_default(k: Klib, sym: KSymbol): string {
	if (!is_logical(sym)) return sym.type === "unknown" ? "" : (default_of(k, sym) ?? "");
	if (sym.choice) return "n";
	let val: Tri = 0;
	for (const { value, cond } of sym.defaults) {
		const dep = expr_value(k, cond);
		if (dep === 0) continue;
		val = min(expr_value(k, value), dep);
		break;
	}
	val = max(max(expr_value(k, sym.rev_dep), expr_value(k, sym.weak_rev_dep)), val);
	return LETTERS[val === 1 && type_of(k, sym) === "bool" ? 2 : val];
}

/** Sets the user's value, if it is one of the type. Nothing is calculated. */
export function set_value(k: Klib, sym: KSymbol, given: Tri | string): boolean {
	const value = is_logical(sym) && typeof given === "string" && given in TRI ? (TRI[given] as Tri) : given;
	const text = typeof value === "string";
	const ok =
		(sym.type === "bool" && (value === 0 || value === 2)) ||
		(sym.type === "tristate" && !text) ||
		(text && sym.type === "string") ||
		(text && sym.type === "int" && py_int(value, 10) !== null) ||
		(text && sym.type === "hex" && (py_int(value, 16) ?? -1n) >= 0n);
	if (!ok) {
		const shown = text ? `'${value}'` : LETTERS[value];
		warn(
			k,
			`the value ${shown} is invalid for ${name_and_loc(sym)}, which has type ${sym.type} ` +
				"-- assignment ignored",
		);
		return false;
	}
	sym.user_value = value;
	sym.was_set = true;
	if (sym.choice && value === 2) {
		sym.choice.user_selection = sym;
		sym.choice.was_set = true;
	}
	k.gen++;
	return true;
}

/** Sets the mode of a choice. */
export function set_mode(k: Klib, choice: Choice, value: Tri, at?: Loc): void {
	if (choice.user_value !== value && (choice.type !== "bool" || value !== 1) && choice.type !== "unknown") {
		choice.user_value = value;
		k.gen++;
	} else if (choice.user_value !== value)
		warn(k, `the value ${LETTERS[value]} is invalid for ${name_and_loc(choice)} -- assignment ignored`, at);
	choice.was_set = true;
}
