// SPDX-License-Identifier: GPL-2.0-only
//
// Answers every open question at once, as conf_set_all_new_symbols() of Linux's
// scripts/kconfig/conf.c did before 6.11: symbols that nobody can see get an answer too, in
// the order of the hash table.

import type { DefMode, Probability } from "../conf_all.ts";
import { random_value } from "../conf_all.ts";
import type { Kconf, Sym } from "../lkc.ts";
import {
	mod,
	no,
	S_BOOLEAN,
	S_DEF_USER,
	S_TRISTATE,
	SYMBOL_ALLNOCONFIG_Y,
	SYMBOL_DEF_USER,
	SYMBOL_NEED_SET_CHOICE_VALUES,
	SYMBOL_VALID,
	yes,
} from "../lkc.ts";
import {
	for_all_symbols,
	sym_calc_value,
	sym_clear_all_valid,
	sym_get_type,
	sym_has_value,
	sym_is_choice,
	sym_is_choice_value,
} from "../symbol.ts";
import { choice_state, set_all_choice_values } from "./choice.ts";

/** The same again, until a random round changes nothing any more. */
export function set_all_new_symbols(kconf: Kconf, mode: DefMode, p: Probability | null, rand?: () => number): void {
	if (!p || !rand) set_all(kconf, mode, () => no);
	else while (set_all(kconf, mode, (sym) => random_value(sym, p, rand() % 100), rand));
}

const FIXED = { yes, mod, no } as const;

function set_all(kconf: Kconf, mode: DefMode, draw: (sym: Sym) => 0 | 1 | 2, rand?: () => number): boolean {
	let changed = false;
	for (const sym of for_all_symbols(kconf)) {
		if (sym_has_value(sym) || sym.flags & SYMBOL_VALID) continue;
		const type = sym_get_type(kconf, sym);
		if (type !== S_BOOLEAN && type !== S_TRISTATE) continue;
		changed = true;
		if (mode === "default") continue;
		const kept = mode === "no" && sym.flags & SYMBOL_ALLNOCONFIG_Y;
		sym.def[S_DEF_USER].tri = mode === "random" ? draw(sym) : kept ? yes : FIXED[mode];
		if (!(sym_is_choice(sym) && mode === "random")) sym.flags |= SYMBOL_DEF_USER;
	}
	sym_clear_all_valid(kconf);
	for (const sym of rand ? [] : for_all_symbols(kconf)) {
		if (sym_is_choice_value(sym) || (sym_is_choice(sym) && !sym_has_value(sym))) {
			sym.flags |= SYMBOL_NEED_SET_CHOICE_VALUES;
		}
	}
	for (const choice of for_all_symbols(kconf)) {
		if (sym_has_value(choice) || !sym_is_choice(choice)) continue;
		sym_calc_value(kconf, choice);
		if (!rand) {
			set_all_choice_values(kconf, choice);
			changed = true;
		} else {
			const drawn = randomize_choice_values(kconf, choice, rand);
			changed = kconf.rules.zconf ? drawn : changed || drawn;
		}
	}
	return changed;
}

/** Lets chance decide which member is y; says whether there was anything to decide. */
function randomize_choice_values(kconf: Kconf, choice: Sym, rand: () => number): boolean {
	if (choice.curr.tri !== yes) return false;
	const state = choice_state(kconf, choice);
	const picked = state.members[rand() % state.members.length] as Sym;
	for (const sym of state.members) {
		sym.def[S_DEF_USER].tri = sym === picked ? yes : no;
		sym.flags = (sym.flags | SYMBOL_DEF_USER) & ~SYMBOL_VALID;
	}
	state.def[S_DEF_USER] = picked;
	choice.flags = (choice.flags | SYMBOL_DEF_USER) & ~SYMBOL_VALID;
	return true;
}
