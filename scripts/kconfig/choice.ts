// SPDX-License-Identifier: GPL-2.0-only
//
// Choices: of the visible members exactly one is y. This is the choice part of Linux's
// scripts/kconfig/symbol.c as it is since 6.11, where members are bool and a choice has
// neither a name nor an "optional".

import { expr_calc_value } from "./expr.ts";
import type { Kconf, Menu, Sym } from "./lkc.ts";
import { no, S_DEF_USER, SYMBOL_DEF_USER, SYMBOL_VALID, SYMBOL_WRITE, yes } from "./lkc.ts";
import { menu_for_each_sub_entry, menu_next } from "./menu.ts";
import * as old from "./old/choice.ts";
import {
	prop_get_symbol,
	sym_calc_value,
	sym_calc_visibility,
	sym_clear_all_valid,
	sym_has_value,
	sym_is_choice,
	sym_set_tristate_value,
} from "./symbol.ts";

/** The first definition that has a prompt, or null. */
function sym_get_prompt_menu(sym: Sym): Menu | null {
	for (const menu of sym.menus) if (menu.prompt) return menu;
	return null;
}

/** The choice that a symbol with a prompt stands in, or null. */
export function sym_get_choice_menu(sym: Sym): Menu | null {
	let menu = sym_get_prompt_menu(sym)?.parent ?? null;
	while (menu && !menu.sym) menu = menu.parent;
	return menu?.sym && sym_is_choice(menu.sym) ? menu : null;
}

/** The first of the symbols inside a choice, in the order of the file, that is visible and `suits`. */
function find_member(choice: Menu, suits: (sym: Sym) => boolean): Sym | undefined {
	// No generator: as long as none is visible every member of a choice asks for all of them.
	for (let menu = menu_next(choice, choice); menu; menu = menu_next(menu, choice)) {
		const { sym } = menu;
		if (sym && sym.visible !== no && suits(sym)) return sym;
	}
	return undefined;
}

/** The member that is y while the user says nothing. */
export function sym_choice_default(kconf: Kconf, choice: Menu): Sym | null {
	if (kconf.rules.old_choices) return old.sym_choice_default(kconf, choice.sym as Sym);
	for (const prop of choice.sym?.prop ?? []) {
		if (prop.type !== "default") continue;
		prop.visible.tri = expr_calc_value(kconf, prop.visible.expr);
		const sym = prop.visible.tri === no ? null : prop_get_symbol(prop);
		if (sym && sym.visible !== no) return sym;
	}
	return find_member(choice, () => true) ?? null;
}

/** Decides which member is y: the heart of a choice. Returns null if none is visible. */
export function sym_calc_choice(kconf: Kconf, choice: Menu): Sym | null {
	if (kconf.rules.old_choices) return old_choice_value(kconf, choice.sym as Sym);
	const res =
		wanted_member(kconf, choice) ??
		default_member(kconf, choice) ??
		open_member(choice) ??
		// All were refused: the one that was refused first.
		choice.choice_members.findLast((sym) => sym.visible !== no) ??
		null;
	for (let menu = menu_next(choice, choice); menu; menu = menu_next(menu, choice)) {
		const { sym } = menu;
		if (!sym || sym.visible === no) continue;
		sym.curr.tri = sym === res ? yes : no;
		// As for other bools. The reference has none, and crashes if it becomes a string's default.
		sym.curr.val = "n";
		sym.flags |= SYMBOL_VALID | SYMBOL_WRITE;
	}
	return res;
}

/** Before 6.11: which member is y, if it is one. */
function old_choice_value(kconf: Kconf, choice: Sym): Sym | null {
	sym_calc_value(kconf, choice);
	return choice.curr.tri === yes ? old.choice_state(kconf, choice).curr : null;
}

/**
 * What the user said y to, the latest first. Visibilities are brought up to date up to there
 * and no further, as in the kernel.
 */
function wanted_member(kconf: Kconf, choice: Menu): Sym | undefined {
	for (const sym of choice.choice_members) {
		sym_calc_visibility(kconf, sym);
		if (sym.visible === no) continue;
		if (sym_has_value(sym) && sym.def[S_DEF_USER].tri === yes) return sym;
	}
	return undefined;
}

/** The default, unless the user said n to it. */
function default_member(kconf: Kconf, choice: Menu): Sym | undefined {
	const sym = sym_choice_default(kconf, choice);
	return sym && !(sym_has_value(sym) && sym.def[S_DEF_USER].tri === no) ? sym : undefined;
}

/** Something that the user said nothing about. */
function open_member(choice: Menu): Sym | undefined {
	return find_member(choice, (sym) => !sym_has_value(sym));
}

/** Puts a member in front of the others: it has the latest user value. */
export function choice_move_first(choice: Menu, sym: Sym): void {
	const at = choice.choice_members.indexOf(sym);
	if (at >= 0) choice.choice_members.splice(at, 1);
	choice.choice_members.unshift(sym);
}

/** The user picks a member; all other visible ones become n. */
export function choice_set_value(kconf: Kconf, choice: Menu, picked: Sym): void {
	if (kconf.rules.old_choices) {
		sym_set_tristate_value(kconf, picked, yes);
		return;
	}
	let changed = false;
	for (const { sym } of menu_for_each_sub_entry(choice)) {
		if (!sym || sym.visible === no) continue;
		const val = sym === picked ? yes : no;
		if (sym.curr.tri !== val) changed = true;
		sym.def[S_DEF_USER].tri = val;
		sym.flags |= SYMBOL_DEF_USER;
		choice_move_first(choice, sym);
	}
	if (changed) sym_clear_all_valid(kconf);
}
