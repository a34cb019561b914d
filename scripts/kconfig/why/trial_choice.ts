// SPDX-License-Identifier: GPL-2.0-only
//
// What values that are tried make of choices by the rules from before 6.11, where a choice has
// a value of its own, which reading a .config adds up from those of its members. No counterpart
// in Linux; see member_set() of old/confdata.ts.

import { EXPR_AND, EXPR_OR } from "../expr.ts";
import type { Kconf, Sym, SymbolValue, Tristate } from "../lkc.ts";
import { mod, no, S_DEF_USER, SYMBOL_DEF_USER, yes } from "../lkc.ts";
import { choice_state } from "../old/choice.ts";
import { sym_has_value } from "../symbol.ts";

/** What the user has said of a choice. */
export interface SavedChoice {
	readonly choice: Sym;
	readonly def: SymbolValue;
	readonly picked: Sym | null;
	readonly flag: number;
	readonly inconsistent: boolean;
}

export function save_choice(kconf: Kconf, choice: Sym): SavedChoice {
	const { def, inconsistent } = choice_state(kconf, choice);
	const flag = choice.flags & SYMBOL_DEF_USER;
	return { choice, def: { ...choice.def[S_DEF_USER] }, picked: def[S_DEF_USER], flag, inconsistent };
}

export function restore_choice(kconf: Kconf, { choice, def, picked, flag, inconsistent }: SavedChoice): void {
	choice.def[S_DEF_USER] = { ...def };
	choice.flags = (choice.flags & ~SYMBOL_DEF_USER) | flag;
	const state = choice_state(kconf, choice);
	state.def[S_DEF_USER] = picked;
	state.inconsistent = inconsistent;
}

/**
 * What a choice is after some of its members have been set, wherever their lines stand: with y
 * anywhere it is y, also if m follows, which conf lets pass with a warning, depending on the order.
 */
export function settle_choice(kconf: Kconf, choice: Sym, set: readonly Sym[]): void {
	const state = choice_state(kconf, choice);
	const own = choice.def[S_DEF_USER];
	// The menus can set a choice to m by itself.
	const most = own.tri === mod ? mod : yes;
	const rest = state.members.filter((sym) => sym_has_value(sym) && !set.includes(sym));
	const said = (sym: Sym): Tristate => sym.def[S_DEF_USER].tri;
	const picks = (sym: Sym): boolean => said(sym) === yes;
	const before = state.def[S_DEF_USER];
	const kept = before && rest.includes(before) && picks(before) ? before : rest.findLast(picks);
	const first = rest.findIndex(picks);
	state.inconsistent = most === yes && first >= 0 && rest.findLastIndex((sym) => said(sym) === mod) > first;
	state.def[S_DEF_USER] = set.findLast(picks) ?? kept ?? null;
	own.tri = no;
	for (const sym of rest) own.tri = EXPR_OR(own.tri, EXPR_AND(said(sym), most));
	for (const sym of set) own.tri = EXPR_OR(own.tri, said(sym));
	choice.flags = state.inconsistent ? choice.flags & ~SYMBOL_DEF_USER : choice.flags | SYMBOL_DEF_USER;
}

/**
 * Calculating a choice that has a new member takes away what the user has said of it, so that
 * it is asked about. The values are those before that.
 */
export function renew_choices(kconf: Kconf): void {
	for (const [choice, { inconsistent }] of kconf.choices) if (!inconsistent) choice.flags |= SYMBOL_DEF_USER;
}
