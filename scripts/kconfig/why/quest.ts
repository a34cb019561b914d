// SPDX-License-Identifier: GPL-2.0-only
//
// What is looked for, and whether the engine agrees that it has been found. No counterpart
// in Linux.

import type { Sym } from '../lkc.ts';
import { no } from '../lkc.ts';
import { sym_calc_value } from '../symbol.ts';
import type { Goal } from './goal.ts';
import { goal_holds, goal_value } from './goal.ts';
import type { Assignment, Trial } from './trial.ts';
import { unmet_selects } from './trial.ts';

/** What is looked for. */
export interface Quest {
	readonly trial: Trial;
	readonly goal: Goal;
	/** Symbols that are selected in spite of unmet dependencies to begin with. */
	readonly unmet: number;
	/** There shall be no more of those. */
	clean: boolean;
	/** These shall not become n. */
	readonly keep: ReadonlySet<Sym>;
}

/** Does the goal hold, has every value been accepted, and is everything else in order? */
export function reached(quest: Quest): boolean {
	if (!accepted(quest)) return false;
	const { kconf } = quest.trial;
	for (const sym of quest.keep) {
		sym_calc_value(kconf, sym);
		if (sym.curr.tri === no) return false;
	}
	return !quest.clean || unmet_selects(kconf) <= quest.unmet;
}

/** Does the goal hold, and has every value been accepted? */
export function accepted({ trial, goal }: Quest): boolean {
	const { kconf } = trial;
	if (!goal_holds(kconf, goal)) return false;
	for (const [sym, value] of trial.assigned) {
		if (!goal_holds(kconf, goal_value(sym, value))) return false;
	}
	return true;
}

/** A value that cannot be part of what is looked for. */
export const forbidden = ({ keep }: Quest, { sym, value }: Assignment): boolean =>
	value === 'n' && keep.has(sym);

/** Leaves out what is not needed, one value after the other. */
export function minimise(quest: Quest, set: readonly Assignment[]): Assignment[] {
	let small = [...set];
	for (let i = small.length - 1; i >= 0; i--) {
		const without = small.filter((_, at) => at !== i);
		quest.trial.set(without);
		if (reached(quest)) {
			small = without;
			i = small.length;
		}
	}
	return small;
}
