// SPDX-License-Identifier: GPL-2.0-only
//
// What is looked for, and whether the engine agrees that it has been found. No counterpart
// in Linux.

import type { Sym } from "../lkc.ts";
import { mod, no, yes } from "../lkc.ts";
import { sym_calc_value } from "../symbol.ts";
import type { Goal } from "./goal.ts";
import { goal_holds, goal_value } from "./goal.ts";
import type { Assignment, Trial } from "./trial.ts";
import { unmet_selects } from "./trial.ts";

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

/** What is still to be done: the goal, a value that was not accepted, or one that was lost. */
export function pending({ trial, goal, keep }: Quest): Goal | null {
	const { kconf } = trial;
	if (!goal_holds(kconf, goal)) return goal;
	for (const [sym, value] of trial.assigned) {
		const own = goal_value(sym, value);
		if (!goal_holds(kconf, own)) return own;
	}
	for (const sym of keep) {
		sym_calc_value(kconf, sym);
		if (sym.curr.tri === no) return { kind: "sym", sym, lo: mod, hi: yes };
	}
	return null;
}

/** Is nothing left to be done, and are all selects in order? */
export function reached(quest: Quest): boolean {
	if (pending(quest)) return false;
	return !quest.clean || unmet_selects(quest.trial.kconf) <= quest.unmet;
}

/** A value that cannot be part of what is looked for. */
export const forbidden = ({ keep }: Quest, { sym, value }: Assignment): boolean => value === "n" && keep.has(sym);

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
