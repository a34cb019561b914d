// SPDX-License-Identifier: GPL-2.0-only
//
// Choices: of the visible members exactly one is y. This is the choice part of Linux's
// scripts/kconfig/symbol.c as it is since 6.11, where members are bool and a choice has
// neither a name nor an "optional".

import { expr_calc_value } from './expr.ts';
import type { Kconf, Menu, Sym, Tristate } from './lkc.ts';
import { no, S_DEF_USER, SYMBOL_DEF_USER, SYMBOL_VALID, SYMBOL_WRITE, yes } from './lkc.ts';
import { menu_for_each_sub_entry } from './menu.ts';
import {
	prop_get_symbol,
	sym_calc_visibility,
	sym_clear_all_valid,
	sym_has_value,
	sym_is_choice,
} from './symbol.ts';

/** The choice that a symbol with a prompt stands in, or null. */
export function sym_get_choice_menu(sym: Sym): Menu | null {
	let menu = sym.menus.find((m) => m.prompt)?.parent ?? null;
	while (menu && !menu.sym) menu = menu.parent;
	return menu?.sym && sym_is_choice(menu.sym) ? menu : null;
}

/** The symbols inside a choice, in the order of the file. */
function* members(choice: Menu): Generator<Sym> {
	for (const menu of menu_for_each_sub_entry(choice)) if (menu.sym) yield menu.sym;
}

/** The member that is y while the user says nothing. */
export function sym_choice_default(kconf: Kconf, choice: Menu): Sym | null {
	for (const prop of choice.sym?.prop ?? []) {
		if (prop.type !== 'default') continue;
		prop.visible.tri = expr_calc_value(kconf, prop.visible.expr);
		const sym = prop.visible.tri === no ? null : prop_get_symbol(prop);
		if (sym && sym.visible !== no) return sym;
	}
	for (const sym of members(choice)) if (sym.visible !== no) return sym;
	return null;
}

/** Decides which member is y: the heart of a choice. Returns null if none is visible. */
export function sym_calc_choice(kconf: Kconf, choice: Menu): Sym | null {
	for (const sym of choice.choice_members) sym_calc_visibility(kconf, sym);
	const res = pick(kconf, choice);
	for (const sym of members(choice)) {
		if (sym.visible === no) continue;
		sym.curr = { val: sym.curr.val, tri: sym === res ? yes : no };
		sym.flags |= SYMBOL_VALID | SYMBOL_WRITE;
	}
	return res;
}

function pick(kconf: Kconf, choice: Menu): Sym | null {
	const user = (sym: Sym): Tristate | undefined =>
		sym_has_value(sym) ? sym.def[S_DEF_USER].tri : undefined;
	const visible = choice.choice_members.filter((sym) => sym.visible !== no);
	// What the user said y to, the latest first.
	const wanted = visible.find((sym) => user(sym) === yes);
	if (wanted) return wanted;
	// The default, unless the user said n to it.
	const fallback = sym_choice_default(kconf, choice);
	if (fallback && user(fallback) !== no) return fallback;
	// Something the user said nothing about.
	for (const sym of members(choice)) {
		if (sym.visible !== no && !sym_has_value(sym)) return sym;
	}
	// All were refused: the one that was refused first.
	return visible.at(-1) ?? null;
}

/** Puts a member in front of the others: it has the latest user value. */
export function choice_move_first(choice: Menu, sym: Sym): void {
	const at = choice.choice_members.indexOf(sym);
	if (at >= 0) choice.choice_members.splice(at, 1);
	choice.choice_members.unshift(sym);
}

/** The user picks a member; all other visible ones become n. */
export function choice_set_value(kconf: Kconf, choice: Menu, picked: Sym): void {
	let changed = false;
	for (const sym of members(choice)) {
		if (sym.visible === no) continue;
		const val = sym === picked ? yes : no;
		if (sym.curr.tri !== val) changed = true;
		sym.def[S_DEF_USER].tri = val;
		sym.flags |= SYMBOL_DEF_USER;
		choice_move_first(choice, sym);
	}
	if (changed) sym_clear_all_valid(kconf);
}
