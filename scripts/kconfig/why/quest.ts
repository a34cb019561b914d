// SPDX-License-Identifier: GPL-2.0-only
//
// What is looked for, and whether the engine agrees that it has been found. No counterpart
// in Linux.

import type { Sym } from "../lkc.ts";
import { mod, no, S_BOOLEAN, S_TRISTATE, yes } from "../lkc.ts";
import { sym_calc_value } from "../symbol.ts";
import type { Decided, Demands } from "./demands.ts";
import type { Goal } from "./goal.ts";
import { at_least, at_most, goal_holds, goal_value } from "./goal.ts";
import type { Assignment, Trial } from "./trial.ts";
import { unmet_selects } from "./trial.ts";

/** What is looked for. */
export interface Quest {
	readonly trial: Trial;
	readonly goal: Goal;
	/** Symbols that are selected in spite of unmet dependencies to begin with. */
	readonly unmet: ReadonlySet<Sym>;
	/** There shall be no more of those. */
	clean: boolean;
	/** These shall not become n, but for so many. */
	readonly keep: ReadonlySet<Sym>;
	readonly may_lose: number;
	/** What follows from the goal and from what has to be kept. */
	readonly demands: Demands;
}

export const decided_in = ({ trial, demands }: Quest): Decided => ({ values: trial.assigned, demands });

/** What is still to be done: the goal, a value that was not accepted, what was lost, a select to mend. */
export function pending(quest: Quest): Goal | null {
	const { trial, goal, keep, may_lose, clean } = quest;
	const { kconf } = trial;
	if (!goal_holds(kconf, goal)) return goal;
	for (const [sym, value] of trial.assigned) {
		const own = goal_value(sym, value);
		if (!goal_holds(kconf, own)) return own;
	}
	// Of one more than may be lost, at least one has to stay.
	const lost: Goal[] = [];
	for (const sym of keep) {
		sym_calc_value(kconf, sym);
		if (sym.curr.tri !== no) continue;
		lost.push({ kind: "sym", sym, lo: mod, hi: yes });
		if (lost.length > may_lose) return { kind: "some", goals: lost };
	}
	const [unmet] = clean ? newly_unmet(quest) : [];
	return unmet ? met(unmet) : null;
}

/** That a symbol's own dependencies allow what its selects demand. */
function met({ type, dir_dep, rev_dep }: Sym): Goal {
	const goals: Goal[] = [at_most(rev_dep.expr, no), at_least(dir_dep.expr, type === S_BOOLEAN ? mod : yes)];
	if (type === S_TRISTATE) {
		goals.push({ kind: "all", goals: [at_most(rev_dep.expr, mod), at_least(dir_dep.expr, mod)] });
	}
	return { kind: "some", goals };
}

/** Symbols that are now selected in spite of unmet dependencies, and were not before. */
export const newly_unmet = ({ trial, unmet }: Quest): Sym[] =>
	[...unmet_selects(trial.kconf)].filter((sym) => !unmet.has(sym));

/** Is nothing left to be done? */
export const reached = (quest: Quest): boolean => pending(quest) === null;

/** A value that cannot be part of what is looked for. */
export function forbidden({ keep, may_lose, trial }: Quest, { sym, value }: Assignment): boolean {
	if (value !== "n" || !keep.has(sym)) return false;
	let lost = 1;
	for (const [other, text] of trial.assigned) if (text === "n" && keep.has(other)) lost++;
	return lost > may_lose;
}

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
