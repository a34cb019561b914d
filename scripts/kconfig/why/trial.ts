// SPDX-License-Identifier: GPL-2.0-only
//
// Trying values out: sets symbols as if a .config said so, lets the engine recalculate, and
// takes everything back; or sets them for good. No counterpart in Linux. What the engine
// prints while trying is swallowed, and its counters are put back.

import { choice_move_first } from "../choice.ts";
import type { Kconf, Menu, Sym, SymbolValue, Tristate } from "../lkc.ts";
import {
	S_BOOLEAN,
	S_DEF_USER,
	S_TRISTATE,
	SYMBOL_CONST,
	SYMBOL_DEF_USER,
	SYMBOL_TRANS,
	SYMBOL_VALID,
} from "../lkc.ts";
import { sym_calc_value, sym_clear_all_valid, sym_get_string_value } from "../symbol.ts";
import type { SavedChoice } from "./trial_choice.ts";
import { renew_choices, restore_choice, save_choice, settle_choice } from "./trial_choice.ts";
import { choice_of } from "./ways_choice.ts";

/** One value that the user would set. */
export interface Assignment {
	readonly sym: Sym;
	/** y, m, n, or the text of an int, hex or string. */
	readonly value: string;
}

interface Saved {
	readonly sym: Sym;
	readonly def: SymbolValue;
	readonly flag: number;
}

/** A configuration on which values can be tried; `end()` leaves it as it was found. */
export interface Trial {
	readonly kconf: Kconf;
	/** What is set at the moment. */
	readonly assigned: Map<Sym, string>;
	/** How often values were set and everything recalculated. */
	count: number;
	/** Replaces what is set at the moment. */
	set(assignments: readonly Assignment[]): void;
	end(): void;
}

export const is_logical = (sym: Sym): boolean => sym.type === S_BOOLEAN || sym.type === S_TRISTATE;

/** The value now, as a .config would say it, without quotes. */
export function value_of(kconf: Kconf, sym: Sym): string {
	sym_calc_value(kconf, sym);
	return sym_get_string_value(sym);
}

const save = (sym: Sym): Saved => ({
	sym,
	def: { ...sym.def[S_DEF_USER] },
	flag: sym.flags & SYMBOL_DEF_USER,
});

/** Begins to try values. Nothing else may change the configuration until the end. */
export function trial_begin(kconf: Kconf): Trial {
	const { conf_changed, sym_warnings, conf_warnings } = kconf;
	const { err, out } = kconf.host;
	const saved: Saved[] = [];
	// A transitional symbol hands its value on for good when that is calculated.
	const receivers = kconf.all.some((sym) => sym.flags & SYMBOL_TRANS) ? kconf.all.map(save) : [];
	const orders = new Map<Menu, Sym[]>();
	const choices: SavedChoice[] = [];
	kconf.host.err = () => {};
	kconf.host.out = () => {};
	const restore = (): void => {
		for (const { sym, def, flag } of [...saved.reverse(), ...receivers]) {
			sym.def[S_DEF_USER] = { ...def };
			sym.flags = (sym.flags & ~SYMBOL_DEF_USER) | flag;
		}
		for (const [choice, order] of orders) choice.choice_members = order;
		for (const choice of choices) restore_choice(kconf, choice);
		saved.length = 0;
		choices.length = 0;
		orders.clear();
	};
	return {
		kconf,
		assigned: new Map(),
		count: 0,
		set(assignments) {
			restore();
			this.assigned.clear();
			for (const assignment of assignments) {
				const { sym, value } = assignment;
				saved.push(save(sym));
				const choice = choice_of(kconf, sym);
				if (choice && !orders.has(choice)) {
					orders.set(choice, [...choice.choice_members]);
					if (kconf.rules.old_choices)
						choices.push(save_choice(kconf, choice.sym as Sym));
				}
				this.assigned.set(sym, value);
			}
			assign(kconf, assignments);
			this.count++;
			recalculate(kconf);
		},
		end() {
			restore();
			recalculate(kconf);
			kconf.host.err = err;
			kconf.host.out = out;
			kconf.conf_changed = conf_changed;
			kconf.sym_warnings = sym_warnings;
			kconf.conf_warnings = conf_warnings;
		},
	};
}

/** Sets values for good, as if a .config said so: some can only be seen because of others. */
export function commit(kconf: Kconf, assignments: readonly Assignment[]): void {
	assign(kconf, assignments);
	recalculate(kconf);
}

function assign(kconf: Kconf, assignments: readonly Assignment[]): void {
	const members = new Map<Menu, Sym[]>();
	for (const { sym, value } of assignments) {
		sym.def[S_DEF_USER] = user_value(sym, value);
		sym.flags |= SYMBOL_DEF_USER;
		const choice = choice_of(kconf, sym);
		if (!choice) continue;
		if (kconf.rules.old_choices) members.set(choice, [...(members.get(choice) ?? []), sym]);
		else choice_move_first(choice, sym);
	}
	for (const [choice, set] of members) settle_choice(kconf, choice.sym as Sym, set);
}

function user_value(sym: Sym, value: string): SymbolValue {
	if (!is_logical(sym)) return { val: value, tri: 0 };
	return { val: "", tri: "nmy".indexOf(value) as Tristate };
}

/** Calculated values go stale; those of constants are what they are. */
function recalculate(kconf: Kconf): void {
	renew_choices(kconf);
	sym_clear_all_valid(kconf);
	for (const sym of [kconf.symbol_yes, kconf.symbol_mod, kconf.symbol_no]) {
		if (sym.flags & SYMBOL_CONST) sym.flags |= SYMBOL_VALID;
	}
}

/** The symbols that are selected although their own dependencies are unmet. */
export function unmet_selects(kconf: Kconf): Set<Sym> {
	const found = new Set<Sym>();
	for (const sym of kconf.all) {
		if (sym.name === null || !is_logical(sym) || sym.flags & SYMBOL_CONST) continue;
		sym_calc_value(kconf, sym);
		if (sym.in_choice === null && sym.rev_dep.tri > sym.dir_dep.tri) found.add(sym);
	}
	return found;
}
