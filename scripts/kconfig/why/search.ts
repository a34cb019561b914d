// SPDX-License-Identifier: GPL-2.0-only
//
// Searches for a smallest set of values that reaches a goal. No counterpart in Linux. First
// a plan is followed until the engine agrees that the goal is reached; then what is not
// needed is dropped from it; then all smaller sets are gone through, as far as the budget
// allows. Nothing is returned that the engine has not confirmed.

import type { Kconf, Sym } from "../lkc.ts";
import { demands_of } from "./demands.ts";
import type { Change, Values } from "./effects.ts";
import { all_values, changes, kept_by_user } from "./effects.ts";
import { follow_plans, ROUNDS } from "./follow.ts";
import type { Goal } from "./goal.ts";
import { goal_symbols, goal_wishes } from "./goal.ts";
import { blame, first_steps, planner } from "./plan.ts";
import { points_begin } from "./points.ts";
import type { Budget, Proof } from "./prove.ts";
import { prove } from "./prove.ts";
import type { Quest } from "./quest.ts";
import { decided_in, minimise, newly_unmet, reached } from "./quest.ts";
import type { Assignment, Trial } from "./trial.ts";
import { trial_begin, unmet_selects } from "./trial.ts";

export type { Budget } from "./prove.ts";

export const BUDGET: Budget = { trials: 2000, milliseconds: 500 };

/** Of more single values than this only the first are compared. */
const MAX_COMPARED = 16;
/** How often less loss is looked for than what was found last. */
const LESS_LOSS = 8;
const ALL = Number.POSITIVE_INFINITY;

export interface Solution {
	readonly set: readonly Assignment[];
	/** No smaller set reaches the goal; or none that keeps as much, if another one does. */
	readonly smallest: boolean;
	/** Symbols that are then selected although their dependencies are unmet, and are not so now. */
	readonly unmet: readonly Sym[];
	/** All symbols that then have another value. */
	readonly changes: readonly Change[];
	/** How much of what the user has on becomes n. */
	readonly lost: number;
	readonly lossless: boolean;
}

export interface SearchResult {
	/** The one that takes the least away, as far as was found. */
	readonly solution: Solution | null;
	/** A smaller one, if there is one that takes more away. */
	readonly smaller: Solution | null;
	/** The solution is not lossless, and it has been shown that none is. */
	readonly loss_needed: boolean;
	/** It has been shown that none takes less away. */
	readonly least_loss: boolean;
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

const NOTHING = { solution: null, smaller: null, loss_needed: false, least_loss: false, impossible: false };

/** What a search is about, whatever may be lost. */
interface Search {
	readonly trial: Trial;
	readonly goal: Goal;
	readonly unmet: ReadonlySet<Sym>;
	readonly before: Values;
	readonly kept: ReadonlySet<Sym>;
	readonly budget: Budget;
}

function run(trial: Trial, goal: Goal, budget: Budget): SearchResult {
	const { kconf } = trial;
	trial.set([]);
	points_begin(kconf, goal_wishes(goal));
	const decided = { values: trial.assigned, demands: demands_of(kconf, goal, []) };
	if (planner(kconf, decided)(goal).cost === Number.POSITIVE_INFINITY) {
		return { ...NOTHING, impossible: true, reasons: blame(kconf, goal, decided) };
	}
	const all: Search = {
		trial,
		goal,
		unmet: unmet_selects(kconf),
		before: all_values(kconf),
		kept: kept_by_user(kconf, goal_symbols(goal)),
		budget,
	};
	const first = find_set(all, quest_of(all, ALL));
	if (!first.solution) {
		return { ...NOTHING, impossible: first.impossible, reasons: first.reasons };
	}
	const done = { ...NOTHING, solution: first.solution, reasons: [] };
	if (first.solution.lossless) return { ...done, least_loss: true };
	// An unmet dependency weighs more than a loss.
	const clean = first.solution.unmet.length === 0;
	const good = ({ solution }: Found): boolean => solution !== null && !(clean && solution.unmet.length > 0);
	const none = find_set(all, quest_of(all, 0));
	const [least, proved] = good(none)
		? [none.solution as Solution, true]
		: find_less(all, first.solution, none.impossible ? 1 : 0);
	const smaller = first.solution.set.length < least.set.length ? first.solution : null;
	return { ...done, solution: least, smaller, loss_needed: none.impossible, least_loss: proved };
}

const quest_of = ({ trial, goal, unmet, kept }: Search, may_lose: number): Quest => ({
	trial,
	goal,
	unmet,
	clean: true,
	keep: may_lose === ALL ? new Set() : kept,
	may_lose,
	demands: demands_of(trial.kconf, goal, may_lose === 0 ? kept : []),
});

/** A set that takes less away than another; and whether it has been shown that none takes less. */
function find_less(all: Search, first: Solution, shown: number): [Solution, boolean] {
	const clean = first.unmet.length === 0;
	let best = first;
	const better = (set: readonly Assignment[], lose: number): void => {
		const solution = solution_of(all, set, { ...quest_of(all, lose), clean });
		if (solution.lost < best.lost) best = solution;
	};
	for (let i = 0; i < LESS_LOSS && best.lost > Math.max(shown, 1); i++) {
		const lose = best.lost - 1;
		const quest = { ...quest_of(all, lose), clean };
		const { set } = follow_plans(quest);
		if (!set) break;
		better(set, lose);
		if (best.lost > lose) break;
	}
	let floor = shown;
	const end = performance.now() + all.budget.milliseconds;
	while (floor > 0 && floor < best.lost) {
		const quest = { ...quest_of(all, floor), clean };
		const milliseconds = end - performance.now();
		const proof = milliseconds > 0 ? prove(quest, ROUNDS, { ...all.budget, milliseconds }) : null;
		if (proof?.set) better(proof.set, floor);
		if (proof?.set || !proof?.complete || !proof.exhausted) break;
		floor++;
	}
	if (best === first) return [first, floor >= best.lost];
	// Its size comes last.
	const quest = { ...quest_of(all, best.lost), clean };
	const proof = prove(quest, best.set.length - 1, all.budget);
	const small = proof.set ? solution_of(all, proof.set, quest) : best;
	return [{ ...small, smallest: proof.complete || small.set.length === 1 }, floor >= best.lost];
}

interface Found {
	readonly solution: Solution | null;
	/** It has been shown that there is none. */
	readonly impossible: boolean;
	readonly reasons: readonly string[];
}

function find_set(all: Search, quest: Quest): Found {
	let { set, reasons } = follow_plans(quest);
	const smaller = (): Proof => prove(quest, (set?.length ?? ROUNDS + 1) - 1, all.budget);
	let proof = smaller();
	if (!set && !proof.set) {
		quest.clean = false;
		set = follow_plans(quest).set;
		proof = smaller();
	}
	const best = proof.set ?? set;
	if (!best) return { solution: null, impossible: proof.complete && proof.exhausted, reasons };
	const small = least_loss(quest, minimise(quest, best), all.before, all.kept);
	const solution = solution_of(all, small, quest);
	return {
		solution: { ...solution, smallest: proof.complete || small.length === 1 },
		impossible: false,
		reasons,
	};
}

/** What a set does. */
function solution_of({ trial, before, kept }: Search, set: readonly Assignment[], quest: Quest): Solution {
	trial.set(set);
	const changed = changes(trial, before, kept);
	const lost = changed.filter((change) => change.lost).length;
	return { set, smallest: false, unmet: newly_unmet(quest), changes: changed, lost, lossless: lost === 0 };
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
	const steps = [...first_steps(trial.kconf, decided_in(quest), goal, true).values()];
	for (const step of steps.slice(0, MAX_COMPARED)) {
		const weight = weigh([step]);
		if (!weight || weight.lost > least.lost) continue;
		if (weight.lost === least.lost && weight.all >= least.all) continue;
		least = weight;
		best = [step];
	}
	return best;
}
