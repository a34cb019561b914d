// SPDX-License-Identifier: GPL-2.0-only
//
// Symbols: looking them up, calculating and changing their values. Mirrors Linux's
// scripts/kconfig/symbol.c. Left out: searching by pattern. The choice part is in choice.ts,
// the search for dependency loops in symbol_check.ts.

import { choice_set_value, sym_calc_choice, sym_get_choice_menu } from "./choice.ts";
import {
	EXPR_AND,
	EXPR_OR,
	expr_calc_value,
	expr_invalidate_all,
	expr_print,
	expr_print_revdep,
	show_with_value,
	strtoll,
	tristate_name,
} from "./expr.ts";
import type { ExprValue, Kconf, Property, Sym, SymbolType, Tristate } from "./lkc.ts";
import {
	mod,
	no,
	S_BOOLEAN,
	S_DEF_USER,
	S_HEX,
	S_INT,
	S_STRING,
	S_TRISTATE,
	SYMBOL_CHOICE,
	SYMBOL_CONST,
	SYMBOL_DEF_USER,
	SYMBOL_TRANS,
	SYMBOL_VALID,
	SYMBOL_WRITE,
	sym_init,
	yes,
} from "./lkc.ts";
import * as old from "./old/symbol.ts";

/** The type as it acts: without modules a tristate is a bool. */
export function sym_get_type(kconf: Kconf, sym: Sym): SymbolType {
	if (sym.type !== S_TRISTATE) return sym.type;
	// A member of a choice can be a tristate before 6.11.
	const of_many = sym.in_choice !== null && sym.visible === yes;
	return kconf.modules_val === no || of_many ? S_BOOLEAN : S_TRISTATE;
}

export const sym_is_choice = (sym: Sym): boolean => (sym.flags & SYMBOL_CHOICE) !== 0;
export const sym_is_choice_value = (sym: Sym): boolean => sym.in_choice !== null;
export const sym_has_value = (sym: Sym): boolean => (sym.flags & SYMBOL_DEF_USER) !== 0;
export const sym_get_tristate_value = (sym: Sym): Tristate => sym.curr.tri;

/** May the user change the value at all? */
export function sym_is_changeable(sym: Sym): boolean {
	return !sym_is_choice(sym) && sym.visible > sym.rev_dep.tri;
}

/** The value that was calculated last, as text. */
export function sym_get_string_value(sym: Sym): string {
	const is_tri = sym.type === S_BOOLEAN || sym.type === S_TRISTATE;
	return is_tri ? tristate_name(sym.curr.tri) : sym.curr.val;
}

/** Makes a symbol that no table of names has. */
export function sym_new(kconf: Kconf, name: string | null, flags: number): Sym {
	const sym = sym_init(name, kconf.all.length, flags);
	kconf.all.push(sym);
	return sym;
}

/** Finds or makes a symbol. `is_const` is for words in quotes; null makes a choice. */
export function sym_lookup(kconf: Kconf, name: string | null, is_const = false): Sym {
	if (name === "y") return kconf.symbol_yes;
	if (name === "m") return kconf.symbol_mod;
	if (name === "n") return kconf.symbol_no;
	const table = is_const ? kconf.constants : kconf.symbols;
	const known = name === null ? undefined : table.get(name);
	if (known) return known;
	const flags = name === null ? SYMBOL_CHOICE : is_const ? SYMBOL_CONST : 0;
	const sym = sym_new(kconf, name, flags);
	if (name !== null) table.set(name, sym);
	return sym;
}

/**
 * Every symbol, constant and choice in the order of the reference's hash table: by list, the
 * newest first in each. auto.conf has this order, and so have messages.
 */
export function for_all_symbols(kconf: Kconf): readonly Sym[] {
	if (kconf.hashed.length !== kconf.all.length) {
		for (const sym of kconf.all) if (sym.bucket < 0) sym.bucket = kconf.rules.bucket(sym.name);
		kconf.hashed = [...kconf.all].sort((a, b) => a.bucket - b.bucket || b.serial - a.serial);
	}
	return kconf.hashed;
}

/** The symbol of a name, if any file mentions it. */
export function sym_find(kconf: Kconf, name: string): Sym | undefined {
	if (name === "y") return kconf.symbol_yes;
	if (name === "m") return kconf.symbol_mod;
	if (name === "n") return kconf.symbol_no;
	return kconf.symbols.get(name);
}

/** The symbol that a default, select or imply names, if it names just one. */
export function prop_get_symbol(prop: Property): Sym | null {
	return prop.expr?.type === "symbol" ? prop.expr.sym : null;
}

/** The first property of a kind whose condition holds. */
function first_visible(kconf: Kconf, sym: Sym, type: Property["type"]): Property | null {
	for (const prop of sym.prop) {
		if (prop.type !== type) continue;
		prop.visible.tri = expr_calc_value(kconf, prop.visible.expr);
		if (prop.visible.tri !== no) return prop;
	}
	return null;
}

function sym_get_range_val(kconf: Kconf, sym: Sym, base: 10 | 16): bigint {
	sym_calc_value(kconf, sym);
	const own = sym.type === S_INT ? 10 : sym.type === S_HEX ? 16 : base;
	return strtoll(sym.curr.val, own);
}

/** The range that applies to an int or hex symbol. The ends are not looked at before they count. */
export function range_of(kconf: Kconf, sym: Sym) {
	const prop = first_visible(kconf, sym, "range");
	if (prop?.expr?.type !== "range") return null;
	const { left, right } = prop.expr;
	const base = sym.type === S_HEX ? 16 : 10;
	const low = (): bigint => sym_get_range_val(kconf, left, base);
	const high = (): bigint => sym_get_range_val(kconf, right, base);
	return { left, right, low, high };
}

/** The range that applies to an int or hex symbol, as numbers. */
export function sym_get_range(kconf: Kconf, sym: Sym) {
	const range = range_of(kconf, sym);
	return range && { ...range, low: range.low(), high: range.high() };
}

/** Pulls a value outside its range to the nearer end (the low one if both are passed). */
function sym_validate_range(kconf: Kconf, sym: Sym): void {
	if (sym.type !== S_INT && sym.type !== S_HEX) return;
	const range = range_of(kconf, sym);
	if (!range) return;
	const val = strtoll(sym.curr.val, sym.type === S_HEX ? 16 : 10);
	if (val < range.low()) sym.curr.val = range.left.curr.val;
	else if (val > range.high()) sym.curr.val = range.right.curr.val;
}

/** Recalculates who may see the symbol, and what others demand of it. */
export function sym_calc_visibility(kconf: Kconf, sym: Sym): void {
	if (kconf.rules.old_choices) {
		old.sym_calc_visibility(kconf, sym);
		return;
	}
	if (sym.flags & SYMBOL_TRANS) {
		sym.visible = yes;
		return;
	}
	let tri: Tristate = no;
	for (const prop of sym.prop) {
		if (prop.type !== "prompt" && prop.type !== "menu" && prop.type !== "comment") continue;
		prop.visible.tri = expr_calc_value(kconf, prop.visible.expr);
		tri = EXPR_OR(tri, prop.visible.tri);
	}
	sym.visible = tri === mod && sym_get_type(kconf, sym) !== S_TRISTATE ? yes : tri;
	if (sym_is_choice_value(sym)) return;
	calc_dep(kconf, sym, sym.dir_dep, yes);
	calc_dep(kconf, sym, sym.rev_dep, no);
	calc_dep(kconf, sym, sym.implied, no);
}

function calc_dep(kconf: Kconf, sym: Sym, dep: ExprValue, absent: Tristate): void {
	const tri = dep.expr ? expr_calc_value(kconf, dep.expr) : absent;
	dep.tri = tri === mod && sym_get_type(kconf, sym) === S_BOOLEAN ? yes : tri;
}

/** Says that something is selected whose own dependencies are not met. */
export function sym_warn_unmet_dep(kconf: Kconf, sym: Sym): void {
	const depends = expr_print(sym.dir_dep.expr, show_with_value);
	let text = `\nWARNING: unmet direct dependencies detected for ${sym.name}\n`;
	text += `  Depends on [${sym.dir_dep.tri === mod ? "m" : "n"}]: ${depends}\n`;
	for (const want of [yes, mod] as const) {
		const by = expr_print_revdep(kconf, sym.rev_dep.expr, want);
		if (by) text += `  Selected by [${tristate_name(want)}]:\n${by}`;
	}
	kconf.host.err(text);
	kconf.sym_warnings++;
}

/** What a symbol of a type is worth while nothing gives it a value. */
const NOTHING: Readonly<Partial<Record<SymbolType, string>>> = {
	[S_INT]: "0",
	[S_HEX]: "0x0",
	[S_STRING]: "",
	[S_BOOLEAN]: "n",
	[S_TRISTATE]: "n",
};

/** Brings `curr`, `visible` and SYMBOL_WRITE up to date, unless they are already. */
export function sym_calc_value(kconf: Kconf, sym: Sym): void {
	if (sym.flags & SYMBOL_VALID) return;
	if (kconf.rules.old_choices) {
		old.calc_value(kconf, sym);
		return;
	}
	sym.flags |= SYMBOL_VALID;
	const nothing = NOTHING[sym.type];
	const { curr } = sym;
	if (nothing === undefined) {
		// An undefined symbol is n in logic, and its own name in comparisons.
		curr.val = sym.name ?? "";
		curr.tri = no;
		return;
	}
	sym.flags &= ~SYMBOL_WRITE;
	sym_calc_visibility(kconf, sym);
	if (sym.visible !== no) sym.flags |= SYMBOL_WRITE;

	// This is what a recursive calculation gets to see.
	curr.val = nothing;
	curr.tri = no;
	const logical = sym.type === S_BOOLEAN || sym.type === S_TRISTATE;
	const prop = logical ? calc_tristate(kconf, sym) : calc_string(kconf, sym);
	if (prop && !sym_has_value(sym)) take_over(sym, prop);
	if (!logical) sym_validate_range(kconf, sym);
	if (sym === kconf.modules_sym) kconf.modules_val = curr.tri;
	if (sym_is_choice(sym) || sym.flags & SYMBOL_TRANS) sym.flags &= ~SYMBOL_WRITE;
}

/** A value that comes from a transitional symbol of the .config counts as the user's own. */
function take_over(sym: Sym, prop: Property): void {
	const source = prop_get_symbol(prop);
	if (!source || !(source.flags & SYMBOL_TRANS) || !sym_has_value(source)) return;
	sym.def[S_DEF_USER].val = sym.curr.val;
	sym.def[S_DEF_USER].tri = sym.curr.tri;
	sym.flags |= SYMBOL_DEF_USER;
}

/** Calculates a bool or tristate; returns the default that was looked at, if one was. */
function calc_tristate(kconf: Kconf, sym: Sym): Property | null {
	const { curr } = sym;
	let prop: Property | null = null;
	let tri: Tristate;
	const choice = sym_get_choice_menu(sym);
	if (choice) {
		sym_calc_choice(kconf, choice);
		tri = curr.tri;
	} else {
		if (sym.visible !== no && sym_has_value(sym)) {
			tri = EXPR_AND(sym.def[S_DEF_USER].tri, sym.visible);
		} else {
			if (sym.rev_dep.tri !== no) sym.flags |= SYMBOL_WRITE;
			prop = sym_is_choice(sym) ? null : sym_get_default_prop(kconf, sym);
			tri = calc_default(kconf, sym, prop);
		}
		if (sym.rev_dep.tri > sym.dir_dep.tri) sym_warn_unmet_dep(kconf, sym);
		tri = EXPR_OR(tri, sym.rev_dep.tri);
	}
	curr.tri = tri === mod && sym_get_type(kconf, sym) === S_BOOLEAN ? yes : tri;
	return prop;
}

/** The value of a bool or tristate without the user: default, raised by imply. */
function calc_default(kconf: Kconf, sym: Sym, prop: Property | null): Tristate {
	let tri: Tristate = no;
	if (prop) {
		tri = EXPR_AND(expr_calc_value(kconf, prop.expr), prop.visible.tri);
		if (tri !== no) sym.flags |= SYMBOL_WRITE;
	}
	if (sym.implied.tri !== no && !sym_is_choice(sym)) {
		sym.flags |= SYMBOL_WRITE;
		tri = EXPR_AND(EXPR_OR(tri, sym.implied.tri), sym.dir_dep.tri);
	}
	return tri;
}

/** Calculates an int, hex or string; returns the default that was looked at, if one was. */
function calc_string(kconf: Kconf, sym: Sym): Property | null {
	if (sym.visible !== no && sym_has_value(sym)) {
		sym.curr.val = sym.def[S_DEF_USER].val;
		return null;
	}
	const prop = sym_get_default_prop(kconf, sym);
	const source = prop && prop_get_symbol(prop);
	if (source) {
		sym.flags |= SYMBOL_WRITE;
		sym_calc_value(kconf, source);
		// Not sym_get_string_value(): for a bool this is "n" whatever its value, as in the kernel.
		sym.curr.val = source.curr.val;
	}
	return prop;
}

/** Makes every value be calculated anew when it is next asked for. */
export function sym_clear_all_valid(kconf: Kconf): void {
	for (const sym of kconf.all) sym.flags &= ~SYMBOL_VALID;
	expr_invalidate_all(kconf);
	kconf.conf_changed = true;
	if (kconf.modules_sym) sym_calc_value(kconf, kconf.modules_sym);
}

/** Could the user set this value now? */
export function sym_tristate_within_range(kconf: Kconf, sym: Sym, val: Tristate): boolean {
	const type = sym_get_type(kconf, sym);
	if (sym.visible === no) return false;
	if (type !== S_BOOLEAN && type !== S_TRISTATE) return false;
	if (type === S_BOOLEAN && val === mod) return false;
	if (sym.visible <= sym.rev_dep.tri) return false;
	if (kconf.rules.old_choices) return old.tristate_within_range(kconf, sym, val);
	return val >= sym.rev_dep.tri && val <= sym.visible;
}

/** Sets the user's value; false if it is not allowed. */
export function sym_set_tristate_value(kconf: Kconf, sym: Sym, val: Tristate): boolean {
	const oldval = sym_get_tristate_value(sym);
	const same = kconf.rules.old_choices && oldval === val;
	if (!same && !sym_tristate_within_range(kconf, sym, val)) return false;
	if (kconf.rules.old_choices) {
		old.set_tristate_value(kconf, sym, val);
		return true;
	}
	sym.def[S_DEF_USER].tri = val;
	sym.flags |= SYMBOL_DEF_USER;
	if (oldval !== val) sym_clear_all_valid(kconf);
	return true;
}

const FIRST_LETTER: Readonly<Record<string, Tristate>> = { y: yes, m: mod, n: no };

function tristate_letter(str: string): Tristate | undefined {
	return FIRST_LETTER[str.charAt(0).toLowerCase()];
}

/** Is the text a value of the symbol's type? */
export function sym_string_valid(sym: Sym, str: string): boolean {
	switch (sym.type) {
		case S_STRING:
			return true;
		case S_INT:
			return /^-?(0|[1-9][0-9]*)$/.test(str);
		case S_HEX:
			return /^(0[xX])?[0-9a-fA-F]+$/.test(str);
		case S_BOOLEAN:
		case S_TRISTATE:
			return tristate_letter(str) !== undefined;
		default:
			return false;
	}
}

/** Is the text a value that the user could set now? */
export function sym_string_within_range(kconf: Kconf, sym: Sym, str: string): boolean {
	if (!sym_string_valid(sym, str)) return false;
	if (sym.type === S_INT || sym.type === S_HEX) {
		const range = range_of(kconf, sym);
		if (!range) return true;
		const val = strtoll(str, sym.type === S_HEX ? 16 : 10);
		return val >= range.low() && val <= range.high();
	}
	const tri = tristate_letter(str);
	return sym.type === S_STRING || (tri !== undefined && sym_tristate_within_range(kconf, sym, tri));
}

/** Sets the user's value from text, for a symbol of any type; false if not allowed. */
export function sym_set_string_value(kconf: Kconf, sym: Sym, str: string): boolean {
	if (sym.type === S_BOOLEAN || sym.type === S_TRISTATE) {
		const tri = tristate_letter(str);
		return tri !== undefined && sym_set_tristate_value(kconf, sym, tri);
	}
	if (!sym_string_within_range(kconf, sym, str)) return false;
	const hex = sym.type === S_HEX && !/^0x/i.test(str);
	const had = sym_has_value(sym);
	sym.flags |= SYMBOL_DEF_USER;
	if (had && !hex && sym.def[S_DEF_USER].val === str) return true;
	sym.def[S_DEF_USER].val = hex ? `0x${str}` : str;
	sym_clear_all_valid(kconf);
	return true;
}

/** Sets the next of n, m, y that is allowed, or chooses a choice's member; returns it. */
export function sym_toggle_tristate_value(kconf: Kconf, sym: Sym): Tristate {
	const choice = kconf.rules.old_choices ? null : sym_get_choice_menu(sym);
	if (choice) {
		choice_set_value(kconf, choice, sym);
		return yes;
	}
	const oldval = sym_get_tristate_value(sym);
	let newval = oldval;
	do {
		newval = newval === yes ? no : ((newval + 1) as Tristate);
		if (sym_set_tristate_value(kconf, sym, newval)) break;
	} while (oldval !== newval);
	return newval;
}

/** The value that the symbol would have if the user had said nothing about it. */
export function sym_get_string_default(kconf: Kconf, sym: Sym): string {
	if (kconf.rules.old_choices) return old.get_string_default(kconf, sym);
	sym_calc_visibility(kconf, sym);
	if (kconf.modules_sym) sym_calc_value(kconf, kconf.modules_sym);
	const prop = first_visible(kconf, sym, "default");
	if (sym.type !== S_BOOLEAN && sym.type !== S_TRISTATE) {
		const source = prop && prop_get_symbol(prop);
		if (source) sym_calc_value(kconf, source);
		const text = source?.curr.val ?? "";
		return text || (NOTHING[sym.type] ?? "");
	}
	let tri: Tristate = prop ? EXPR_AND(expr_calc_value(kconf, prop.expr), prop.visible.tri) : no;
	tri = EXPR_OR(tri, sym.rev_dep.tri);
	if (tri === mod && (sym.type === S_BOOLEAN || kconf.modules_sym?.curr.tri === no)) tri = yes;
	return tristate_name(EXPR_OR(tri, sym.implied.tri));
}

/** The default of a property list, for callers that walk properties themselves. */
export function sym_get_default_prop(kconf: Kconf, sym: Sym): Property | null {
	return first_visible(kconf, sym, "default");
}
