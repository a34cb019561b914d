// SPDX-License-Identifier: GPL-2.0-only
//
// Searches for a smallest set of values that reaches a goal. No counterpart in Linux. First
// a plan is followed until the engine agrees that the goal is reached; then what is not
// needed is dropped from it; then all smaller sets are gone through, as far as the budget
// allows. Nothing is returned that the engine has not confirmed.

import type { Kconf } from '../lkc.ts';
import type { Goal } from './goal.ts';
import { goal_holds, goal_value } from './goal.ts';
import {
	assignment_key,
	blame,
	first_steps,
	plan_values,
	planner,
} from './plan.ts';
import type { Assignment, Trial } from './trial.ts';
import { trial_begin, unmet_selects } from './trial.ts';

export interface Budget {
	/** How often the engine may recalculate for the proof that nothing smaller will do. */
	readonly trials: number;
	readonly milliseconds: number;
}

export const BUDGET: Budget = { trials: 2000, milliseconds: 500 };

export interface Solution {
	readonly set: readonly Assignment[];
	/** No smaller set reaches the goal. */
	readonly smallest: boolean;
	/** Symbols that are then selected although their dependencies are unmet. */
	readonly unmet: number;
}

export interface SearchResult {
	readonly solution: Solution | null;
	/** Without a solution: it has been shown that there is none. */
	readonly impossible: boolean;
	readonly reasons: readonly string[];
	readonly trials: number;
}

const ATTEMPTS = 8;
const ROUNDS = 16;

/** Looks for values that make the goal hold. The configuration is as before afterwards. */
export function search(kconf: Kconf, goal: Goal, budget: Budget = BUDGET): SearchResult {
	const trial = trial_begin(kconf);
	try {
		return run(trial, goal, budget);
	} finally {
		trial.end();
	}
}

function run(trial: Trial, goal: Goal, budget: Budget): SearchResult {
	const { kconf } = trial;
	trial.set([]);
	const reasons = blame_of(trial, goal);
	if (reasons) return { solution: null, impossible: true, reasons, trials: trial.count };
	const quest: Quest = { trial, goal, unmet: unmet_selects(kconf), clean: true };
	const { set, clash } = follow_plans(quest);
	let proof = prove(quest, (set?.length ?? ROUNDS + 1) - 1, budget);
	if (!set && !proof.set && quest.clean) {
		quest.clean = false;
		proof = prove(quest, ROUNDS, budget);
	}
	const best = proof.set ?? set;
	if (!best) {
		const why = clash ? [`it would need ${clash} to have two values at once`] : [];
		const impossible = proof.complete && proof.exhausted;
		return { solution: null, impossible, reasons: why, trials: trial.count };
	}
	const small = minimise(quest, best);
	trial.set(small);
	const unmet = Math.max(0, unmet_selects(kconf) - quest.unmet);
	const smallest = proof.complete || small.length === 1;
	return {
		solution: { set: small, smallest, unmet },
		impossible: false,
		reasons: [],
		trials: trial.count,
	};
}

/** What is looked for. */
interface Quest {
	readonly trial: Trial;
	readonly goal: Goal;
	/** Symbols that are selected in spite of unmet dependencies to begin with. */
	readonly unmet: number;
	/** There shall be no more of those. */
	clean: boolean;
}

/** Reasons if the goal cannot be reached whatever is set; else null. */
function blame_of(trial: Trial, goal: Goal): string[] | null {
	const { kconf } = trial;
	if (planner(kconf, trial.assigned)(goal).cost < Number.POSITIVE_INFINITY) return null;
	return blame(kconf, goal);
}

/** Does the goal hold, has every value been accepted, and are all selects in order? */
function reached({ trial, goal, clean, unmet }: Quest): boolean {
	if (!accepted(trial, goal)) return false;
	return !clean || unmet_selects(trial.kconf) <= unmet;
}

function accepted(trial: Trial, goal: Goal): boolean {
	const { kconf } = trial;
	if (!goal_holds(kconf, goal)) return false;
	for (const [sym, value] of trial.assigned) {
		if (!goal_holds(kconf, goal_value(sym, value))) return false;
	}
	return true;
}

/** Follows the best plan; where it leads nowhere, its values become dearer for the next. */
function follow_plans(quest: Quest) {
	const { trial, goal } = quest;
	const { kconf } = trial;
	const penalties = new Map<string, number>();
	let fallback: Assignment[] | null = null;
	let clash: string | null = null;
	const dearer = (value: Assignment, by: number): void => {
		const key = assignment_key(value);
		penalties.set(key, (penalties.get(key) ?? 0) + by);
	};
	for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
		const set: Assignment[] = [];
		trial.set(set);
		let done = goal_holds(kconf, goal);
		let culprit: Assignment | null = null;
		for (let round = 0; round < ROUNDS && !done; round++) {
			const next = plan_values(planner(kconf, trial.assigned, penalties)(goal));
			clash ??= next.clash?.name ?? null;
			if (next.values.length === 0) {
				culprit = undecided(trial, goal);
				clash ??= culprit?.sym.name ?? null;
				break;
			}
			set.push(...next.values);
			trial.set(set);
			done = goal_holds(kconf, goal);
		}
		if (done) {
			if (reached(quest)) return { set: minimise(quest, set), clash };
			const small = minimise({ ...quest, clean: false }, set);
			trial.set(small);
			if (accepted(trial, goal)) fallback ??= small;
		}
		if (culprit) dearer(culprit, 3);
		else for (const value of set) dearer(value, 1);
	}
	if (fallback) quest.clean = false;
	return { set: fallback, clash };
}

/** What was set already, and what the goal now needs with another value. */
function undecided(trial: Trial, goal: Goal): Assignment | null {
	const free = plan_values(planner(trial.kconf, new Map())(goal)).values;
	for (const { sym, value } of free) {
		const before = trial.assigned.get(sym);
		if (before !== undefined && before !== value) return { sym, value: before };
	}
	return null;
}

/** Leaves out what is not needed, one value after the other. */
function minimise(quest: Quest, set: readonly Assignment[]): Assignment[] {
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

interface Proof {
	/** All sets up to the size asked for have been gone through. */
	complete: boolean;
	/** There were no more sets of any size to try. */
	exhausted: boolean;
	set: Assignment[] | null;
}

/** Goes through all sets of at most `size` values, the smaller ones first. */
function prove(quest: Quest, size: number, budget: Budget): Proof {
	const { trial, goal } = quest;
	const trials_end = trial.count + budget.trials;
	const time_end = performance.now() + budget.milliseconds;
	const proof: Proof = { complete: true, exhausted: false, set: null };
	const spent = (ahead: number): boolean => {
		if (trial.count + ahead > trials_end || performance.now() > time_end) proof.complete = false;
		return !proof.complete;
	};
	for (let depth = 1; depth <= size && !proof.exhausted; depth++) {
		const seen = new Set<string>();
		let cut = false;
		const go = (set: Assignment[], left: number): Assignment[] | null => {
			if (spent(0)) return null;
			trial.set(set);
			if (set.length > 0 && reached(quest)) return set;
			// What would put its selects in order is not known here.
			if (left > 0 && goal_holds(trial.kconf, goal)) proof.complete = false;
			if (left === 0) {
				cut = true;
				return null;
			}
			// On the last level only what does it alone counts, so that others remain unseen.
			if (left === 1) cut = true;
			const steps = first_steps(trial.kconf, trial.assigned, goal, left === 1);
			if (spent(steps.size)) return null;
			for (const step of steps.values()) {
				const next = [...set, step];
				const key = next.map(assignment_key).sort().join();
				if (seen.has(key)) continue;
				seen.add(key);
				const found = go(next, left - 1);
				if (found || !proof.complete) return found;
			}
			return null;
		};
		proof.set = go([], depth);
		if (proof.set || !proof.complete) return proof;
		proof.exhausted = !cut;
	}
	return proof;
}
