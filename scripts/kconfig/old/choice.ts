// SPDX-License-Identifier: GPL-2.0-only
//
// Choices as they were before 6.11: a choice is a symbol, n or m or y. While it is y, one of
// its members is; while it is m, the members are tristates of their own.

import { expr_calc_value } from "../expr.ts";
import type { ChoiceState, Kconf, Sym } from "../lkc.ts";
import { no, S_DEF_USER, SYMBOL_CHOICE, SYMBOL_DEF_USER, SYMBOL_NO_WRITE, SYMBOL_VALID } from "../lkc.ts";
import { SYMBOL_NEED_SET_CHOICE_VALUES } from "../lkc.ts";
import { prop_get_symbol, sym_has_value, sym_new } from "../symbol.ts";
import { sym_calc_visibility } from "./symbol.ts";

/** The symbol of a choice; one that has a name is the same wherever it is named. */
export function sym_lookup_choice(kconf: Kconf, name: string | null): Sym {
	for (const choice of kconf.choices.keys()) if (name !== null && choice.name === name) return choice;
	const sym = sym_new(kconf, name, SYMBOL_CHOICE | SYMBOL_NO_WRITE);
	kconf.choices.set(sym, { members: [], curr: null, def: [null, null], inconsistent: false });
	return sym;
}

/** What a choice has besides being a symbol. */
export function choice_state(kconf: Kconf, choice: Sym): ChoiceState {
	return kconf.choices.get(choice) as ChoiceState;
}

/** The choice that a symbol is a member of. */
export function choice_of(sym: Sym): Sym {
	return sym.in_choice?.sym as Sym;
}

/** The member that a choice has by default: the first visible one that is named, or at all. */
export function sym_choice_default(kconf: Kconf, choice: Sym): Sym | null {
	for (const prop of choice.prop) {
		if (prop.type !== "default") continue;
		prop.visible.tri = expr_calc_value(kconf, prop.visible.expr);
		const sym = prop.visible.tri === no ? null : prop_get_symbol(prop);
		if (sym && sym.visible !== no) return sym;
	}
	return choice_state(kconf, choice).members.find((sym) => sym.visible !== no) ?? null;
}

/** The member that is y while the choice is. Without any the choice is n. */
export function sym_calc_choice(kconf: Kconf, choice: Sym): Sym | null {
	const state = choice_state(kconf, choice);
	let answered = sym_has_value(choice);
	for (const sym of state.members) {
		sym_calc_visibility(kconf, sym);
		if (sym.visible !== no && !sym_has_value(sym)) answered = false;
	}
	// New members ask the question anew.
	if (!answered) choice.flags &= ~SYMBOL_DEF_USER;
	const wanted = state.def[S_DEF_USER];
	if (wanted && wanted.visible !== no) return wanted;
	const found = sym_choice_default(kconf, choice);
	if (!found) choice.curr.tri = no;
	return found;
}

/** Members that nobody has said anything about are refused. */
export function set_all_choice_values(kconf: Kconf, choice: Sym): void {
	for (const sym of choice_state(kconf, choice).members) {
		if (!sym_has_value(sym)) sym.def[S_DEF_USER].tri = no;
	}
	choice.flags |= SYMBOL_DEF_USER;
	choice.flags &= ~(SYMBOL_VALID | SYMBOL_NEED_SET_CHOICE_VALUES);
}
