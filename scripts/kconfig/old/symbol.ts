// SPDX-License-Identifier: GPL-2.0-only
//
// The values of symbols as Linux's scripts/kconfig/symbol.c found them before 6.11, when
// choices were symbols too.

import { EXPR_AND, EXPR_OR, expr_calc_value, strtoll, tristate_name } from "../expr.ts";
import type { ExprValue, Kconf, Sym, Tristate } from "../lkc.ts";
import {
	mod,
	no,
	S_BOOLEAN,
	S_DEF_USER,
	S_HEX,
	S_INT,
	S_STRING,
	S_TRISTATE,
	SYMBOL_DEF_USER,
	SYMBOL_NEED_SET_CHOICE_VALUES,
	SYMBOL_NO_WRITE,
	SYMBOL_VALID,
	SYMBOL_WRITE,
	yes,
} from "../lkc.ts";
import {
	prop_get_symbol,
	range_of,
	sym_calc_value,
	sym_clear_all_valid,
	sym_get_default_prop,
	sym_get_type,
	sym_has_value,
	sym_is_choice,
	sym_is_choice_value,
	sym_warn_unmet_dep,
} from "../symbol.ts";
import * as ancient from "./ancient.ts";
import { choice_of, choice_state, set_all_choice_values, sym_calc_choice } from "./choice.ts";

const is_logical = (sym: Sym): boolean => sym.type === S_BOOLEAN || sym.type === S_TRISTATE;

/** May the user change the value? That of a choice, too. */
export function sym_is_changeable(sym: Sym): boolean {
	return sym.visible > sym.rev_dep.tri;
}

/** Recalculates who may see the symbol, and what others demand of it. */
export function sym_calc_visibility(kconf: Kconf, sym: Sym): void {
	const choice = sym_is_choice_value(sym) && !kconf.rules.ancient ? choice_of(sym) : null;
	let tri: Tristate = no;
	for (const prop of sym.prop) {
		if (prop.type !== "prompt" && prop.type !== "menu" && prop.type !== "comment") continue;
		let own = expr_calc_value(kconf, prop.visible.expr);
		// What can be m at most is out of the question while one member has to be y.
		if (choice && sym.type === S_TRISTATE && own === mod && choice.curr.tri === yes) own = no;
		prop.visible.tri = own;
		tri = EXPR_OR(tri, own);
	}
	sym.visible = tri === mod && (sym.type !== S_TRISTATE || kconf.modules_val === no) ? yes : tri;
	if (sym_is_choice_value(sym)) return;
	calc_dep(kconf, sym, sym.dir_dep, yes);
	calc_dep(kconf, sym, sym.rev_dep, no);
	calc_dep(kconf, sym, sym.implied, no, kconf.rules.imply_not_m && sym.dir_dep.tri === no);
}

function calc_dep(kconf: Kconf, sym: Sym, dep: ExprValue, absent: Tristate, never = false): void {
	const tri = dep.expr && !never ? expr_calc_value(kconf, dep.expr) : absent;
	dep.tri = tri === mod && sym_get_type(kconf, sym) === S_BOOLEAN ? yes : tri;
}

/** Brings the value up to date. The caller has seen that it is not. */
export function calc_value(kconf: Kconf, sym: Sym): void {
	if (sym_is_choice_value(sym) && sym.flags & SYMBOL_NEED_SET_CHOICE_VALUES) {
		sym.flags &= ~SYMBOL_NEED_SET_CHOICE_VALUES;
		sym_calc_value(kconf, choice_of(sym));
	}
	sym.flags |= SYMBOL_VALID;
	const { curr } = sym;
	const { no_int, no_hex } = kconf.rules;
	const logical = is_logical(sym);
	if (!logical && sym.type !== S_INT && sym.type !== S_HEX && sym.type !== S_STRING) {
		curr.val = sym.name ?? "";
		curr.tri = no;
		return;
	}
	if (!kconf.rules.ancient || !sym_is_choice_value(sym)) sym.flags &= ~SYMBOL_WRITE;
	sym_calc_visibility(kconf, sym);
	if (sym.visible !== no) sym.flags |= SYMBOL_WRITE;
	// This is what a recursive calculation gets to see.
	curr.val = logical ? "n" : sym.type === S_INT ? no_int : sym.type === S_HEX ? no_hex : "";
	curr.tri = no;
	const choice = sym_is_choice(sym) ? choice_state(kconf, sym) : null;
	if (choice) choice.curr = null;
	if (logical) curr.tri = calc_tristate(kconf, sym);
	else calc_string(kconf, sym);
	if (choice && curr.tri === yes) choice.curr = sym_calc_choice(kconf, sym);
	validate_range(kconf, sym);
	if (sym === kconf.modules_sym) kconf.modules_val = curr.tri;
	for (const member of choice?.members ?? []) {
		if (sym.flags & SYMBOL_WRITE && (member.visible !== no || kconf.rules.ancient))
			member.flags |= SYMBOL_WRITE;
	}
	if (sym.flags & SYMBOL_NO_WRITE) sym.flags &= ~SYMBOL_WRITE;
	if (choice && sym.flags & SYMBOL_NEED_SET_CHOICE_VALUES) set_all_choice_values(kconf, sym);
}

function calc_tristate(kconf: Kconf, sym: Sym): Tristate {
	let tri: Tristate;
	if (sym_is_choice_value(sym) && sym.visible === yes) {
		tri = choice_state(kconf, choice_of(sym)).curr === sym ? yes : no;
	} else if (kconf.rules.ancient) {
		tri = ancient.calc_tristate(kconf, sym);
	} else {
		const own = sym.visible !== no && sym_has_value(sym);
		tri = own ? EXPR_AND(sym.def[S_DEF_USER].tri, sym.visible) : calc_default(kconf, sym);
		if (sym.dir_dep.tri < sym.rev_dep.tri) sym_warn_unmet_dep(kconf, sym);
		tri = EXPR_OR(tri, sym.rev_dep.tri);
	}
	const forced = kconf.rules.imply_not_m && sym.implied.tri === yes;
	return tri === mod && (forced || sym_get_type(kconf, sym) === S_BOOLEAN) ? yes : tri;
}

function calc_default(kconf: Kconf, sym: Sym): Tristate {
	if (sym.rev_dep.tri !== no) sym.flags |= SYMBOL_WRITE;
	if (sym_is_choice(sym)) return no;
	let tri: Tristate = no;
	const prop = sym_get_default_prop(kconf, sym);
	if (prop) {
		tri = EXPR_AND(expr_calc_value(kconf, prop.expr), prop.visible.tri);
		if (tri !== no) sym.flags |= SYMBOL_WRITE;
	}
	if (sym.implied.tri === no) return tri;
	sym.flags |= SYMBOL_WRITE;
	tri = EXPR_OR(tri, sym.implied.tri);
	return kconf.rules.imply_not_m ? tri : EXPR_AND(tri, sym.dir_dep.tri);
}

function calc_string(kconf: Kconf, sym: Sym): void {
	if (sym.visible !== no && sym_has_value(sym)) {
		sym.curr.val = sym.def[S_DEF_USER].val;
		return;
	}
	const prop = sym_get_default_prop(kconf, sym);
	const source = prop && prop_get_symbol(prop);
	if (!source) return;
	sym.flags |= SYMBOL_WRITE;
	sym_calc_value(kconf, source);
	sym.curr.val = source.curr.val;
}

function validate_range(kconf: Kconf, sym: Sym): void {
	if (sym.type !== S_INT && sym.type !== S_HEX) return;
	const range = range_of(kconf, sym);
	if (!range) return;
	const val = strtoll(sym.curr.val, sym.type === S_HEX ? 16 : 10);
	let source = range.left;
	let end = range.low();
	if (val >= end) {
		source = range.right;
		end = range.high();
		if (val <= end) return;
	}
	if (!kconf.rules.range_as_number) sym.curr.val = source.curr.val;
	else sym.curr.val = sym.type === S_INT ? `${end}` : `0x${BigInt.asUintN(64, end).toString(16)}`;
}

/** Could the user set this value now? The caller has looked at type and visibility. */
export function tristate_within_range(kconf: Kconf, sym: Sym, val: Tristate): boolean {
	if (kconf.rules.imply_not_m && sym.implied.tri === yes && val === mod) return false;
	if (sym_is_choice_value(sym) && sym.visible === yes) return val === yes;
	return val >= sym.rev_dep.tri && val <= sym.visible;
}

/** Stores the user's value, which is a possible one. */
export function set_tristate_value(kconf: Kconf, sym: Sym, val: Tristate): void {
	const oldval = sym.curr.tri;
	sym.flags |= SYMBOL_DEF_USER;
	if (sym_is_choice_value(sym) && val === yes) {
		// With this, all members have been answered for.
		const choice = choice_of(sym);
		const state = choice_state(kconf, choice);
		state.def[S_DEF_USER] = sym;
		choice.flags |= SYMBOL_DEF_USER;
		for (const member of state.members) if (member.visible !== no) member.flags |= SYMBOL_DEF_USER;
	}
	sym.def[S_DEF_USER].tri = val;
	if (oldval !== val) sym_clear_all_valid(kconf);
}

/** The value that the symbol would have if the user had said nothing about it. */
export function get_string_default(kconf: Kconf, sym: Sym): string {
	sym_calc_visibility(kconf, sym);
	const { modules_sym } = kconf;
	if (modules_sym) sym_calc_value(kconf, modules_sym);
	const prop = sym_get_default_prop(kconf, sym);
	if (!is_logical(sym)) {
		const source = prop && prop_get_symbol(prop);
		if (source) sym_calc_value(kconf, source);
		const text = source?.curr.val ?? "";
		if (text !== "") return text;
		return sym.type === S_INT ? kconf.rules.no_int : sym.type === S_HEX ? kconf.rules.no_hex : "";
	}
	let tri: Tristate = prop ? EXPR_AND(expr_calc_value(kconf, prop.expr), prop.visible.tri) : no;
	tri = EXPR_OR(tri, sym.rev_dep.tri);
	if (tri === mod && !sym_is_choice_value(sym) && modules_sym?.curr.tri === no) tri = yes;
	if (tri === mod && sym.type === S_BOOLEAN) tri = yes;
	return tristate_name(EXPR_OR(tri, sym.implied.tri));
}
