// SPDX-License-Identifier: GPL-2.0-only
//
// Searches for a smallest set of values that reaches a goal. No counterpart in Linux. First
// a plan is followed until the engine agrees that the goal is reached; then what is not
// needed is dropped from it; then all smaller sets are gone through, as far as the budget
// allows. Nothing is returned that the engine has not confirmed.

import type { Kconf, Sym } from "../lkc.ts";
import type { Change, Values } from "./effects.ts";
import { all_values, changes, kept_by_user } from "./effects.ts";
import { follow_plans, ROUNDS } from "./follow.ts";
import type { Goal } from "./goal.ts";
import { blame, first_steps, planner } from "./plan.ts";
import type { Budget } from "./prove.ts";
import { prove } from "./prove.ts";
import type { Quest } from "./quest.ts";
import { minimise, reached } from "./quest.ts";
import type { Assignment, Trial } from "./trial.ts";
import { trial_begin, unmet_selects } from "./trial.ts";

export type { Budget } from "./prove.ts";

export const BUDGET: Budget = { trials: 2000, milliseconds: 500 };

/** Of more single values than this only the first are compared. */
const MAX_COMPARED = 16;

export interface Solution {
	readonly set: readonly Assignment[];
	/** No smaller set reaches the goal; or none that keeps as much, if another one does. */
	readonly smallest: boolean;
	/** Symbols that are then selected although their dependencies are unmet. */
	readonly unmet: number;
	/** All symbols that then have another value. */
	readonly changes: readonly Change[];
	/** Nothing that the user has on becomes n. */
	readonly lossless: boolean;
}

export interface SearchResult {
	/** One that is lossless before one that is not. */
	readonly solution: Solution | null;
	/** A smaller one, if there is one that is not lossless. */
	readonly smaller: Solution | null;
	/** The solution is not lossless, and it has been shown that none is. */
	readonly loss_needed: boolean;
	/** Without a solution: it has been shown that there is none. */
	readonly impossible: boolean;
	readonly reasons: readonly string[];
}

/** Looks for values that make the goal hold. The configuration is as before afterwards. */
export function search(kconf: Kconf, goal: Goal, budget: Budget = BUDGET): SearchResult {
	const trial = trial_begin(kconf);
	try {
		return run(trial, goal, budget);
	} finally {
		trial.end();
	}
}

const NOTHING = { solution: null, smaller: null, loss_needed: false, impossible: false };

function run(trial: Trial, goal: Goal, budget: Budget): SearchResult {
	const { kconf } = trial;
	trial.set([]);
	if (planner(kconf, trial.assigned)(goal).cost === Number.POSITIVE_INFINITY) {
		return { ...NOTHING, impossible: true, reasons: blame(kconf, goal) };
	}
	const before = all_values(kconf);
	const kept = kept_by_user(kconf, goal.kind === "expr" ? null : goal.sym);
	const unmet = unmet_selects(kconf);
	const find = (keep: ReadonlySet<Sym>): Found =>
		find_set({ trial, goal, unmet, clean: true, keep }, before, kept, budget);

	const first = find(new Set());
	if (!first.solution) {
		const reasons = first.clash ? [`it would need ${first.clash} to have two values at once`] : [];
		return { ...NOTHING, impossible: first.impossible, reasons };
	}
	const done = { ...NOTHING, solution: first.solution, reasons: [] };
	if (first.solution.lossless) return done;
	const second = find(kept);
	if (!second.solution) return { ...done, loss_needed: second.impossible };
	// An unmet dependency weighs more than a loss.
	if (second.solution.unmet > first.solution.unmet) return done;
	const smaller = first.solution.set.length < second.solution.set.length;
	return { ...done, solution: second.solution, smaller: smaller ? first.solution : null };
}

interface Found {
	readonly solution: Solution | null;
	/** It has been shown that there is none. */
	readonly impossible: boolean;
	readonly clash: string | null;
}

function find_set(quest: Quest, before: Values, kept: ReadonlySet<Sym>, budget: Budget): Found {
	const { trial } = quest;
	const { set, clash } = follow_plans(quest);
	let proof = prove(quest, (set?.length ?? ROUNDS + 1) - 1, budget);
	if (!set && !proof.set && quest.clean) {
		quest.clean = false;
		proof = prove(quest, ROUNDS, budget);
	}
	const best = proof.set ?? set;
	if (!best) return { solution: null, impossible: proof.complete && proof.exhausted, clash };
	const small = least_loss(quest, minimise(quest, best), before, kept);
	trial.set(small);
	const changed = changes(trial, before, kept);
	const solution = {
		set: small,
		smallest: proof.complete || small.length === 1,
		unmet: Math.max(0, unmet_selects(trial.kconf) - quest.unmet),
		changes: changed,
		lossless: !changed.some(({ lost }) => lost),
	};
	return { solution, impossible: false, clash };
}

/** Where one value does it, but takes something away: of all such the one that takes the least. */
function least_loss(
	quest: Quest,
	set: readonly Assignment[],
	before: Values,
	kept: ReadonlySet<Sym>,
): readonly Assignment[] {
	const { trial, goal } = quest;
	const weigh = (values: readonly Assignment[]): { lost: number; all: number } | null => {
		trial.set(values);
		if (!reached(quest)) return null;
		const found = changes(trial, before, kept);
		return { lost: found.filter(({ lost }) => lost).length, all: found.length };
	};
	let least = set.length === 1 ? weigh(set) : null;
	if (!least || least.lost === 0) return set;
	let best = set;
	trial.set([]);
	const steps = [...first_steps(trial.kconf, trial.assigned, goal, true).values()];
	for (const step of steps.slice(0, MAX_COMPARED)) {
		const weight = weigh([step]);
		if (!weight || weight.lost > least.lost) continue;
		if (weight.lost === least.lost && weight.all >= least.all) continue;
		least = weight;
		best = [step];
	}
	return best;
}
