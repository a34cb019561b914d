// SPDX-License-Identifier: GPL-2.0-only
//
// What else changes when a set of values is applied. No counterpart in Linux.

import type { Kconf, Sym } from "../lkc.ts";
import { no, S_DEF_USER, S_UNKNOWN, SYMBOL_WRITE } from "../lkc.ts";
import { sym_calc_value, sym_has_value } from "../symbol.ts";
import { prompts_of } from "./goal.ts";
import type { Trial } from "./trial.ts";
import { is_logical, value_of } from "./trial.ts";
import { choice_of } from "./ways_choice.ts";

/** One symbol whose value becomes another. */
export interface Change {
	readonly sym: Sym;
	/** Null for an int, hex or string that the file does not have. */
	readonly before: string | null;
	readonly after: string | null;
	/** The user had it on, and it becomes n. */
	readonly lost: boolean;
	/** Its value is part of the set. */
	readonly set: boolean;
}

/** The values of all symbols. */
export type Values = ReadonlyMap<Sym, string | null>;

function written_value(kconf: Kconf, sym: Sym): string | null {
	const value = value_of(kconf, sym);
	return is_logical(sym) || sym.flags & SYMBOL_WRITE ? value : null;
}

export function all_values(kconf: Kconf): Values {
	const values = new Map<Sym, string | null>();
	for (const sym of kconf.symbols.values()) {
		if (sym.type !== S_UNKNOWN) values.set(sym, written_value(kconf, sym));
	}
	return values;
}

/**
 * What the user has set to y or m, sees, and has. The other members of the choice of a symbol
 * that is asked about have to go in any case.
 */
export function kept_by_user(kconf: Kconf, asked: readonly Sym[]): Set<Sym> {
	const choices = new Set(asked.map((sym) => choice_of(kconf, sym)));
	const kept = new Set<Sym>();
	for (const sym of kconf.symbols.values()) {
		if (asked.includes(sym) || !is_logical(sym) || prompts_of(sym).length === 0) continue;
		if (!sym_has_value(sym) || sym.def[S_DEF_USER].tri === no) continue;
		const choice = choice_of(kconf, sym);
		if (choice && choices.has(choice)) continue;
		sym_calc_value(kconf, sym);
		if (sym.visible !== no && sym.curr.tri !== no) kept.add(sym);
	}
	return kept;
}

/** What has changed since `before`, for the values that are being tried. */
export function changes(trial: Trial, before: Values, kept: ReadonlySet<Sym>): Change[] {
	const found: Change[] = [];
	for (const [sym, old] of before) {
		const after = written_value(trial.kconf, sym);
		if (after === old) continue;
		const lost = after === "n" && kept.has(sym);
		found.push({ sym, before: old, after, lost, set: trial.assigned.has(sym) });
	}
	return found;
}
