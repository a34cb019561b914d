// SPDX-License-Identifier: GPL-2.0-only
//
// Goes through all sets of values that could lead to the goal, the smaller ones first. No
// counterpart in Linux.

import { assignment_key, first_steps } from "./plan.ts";
import { points_of } from "./points.ts";
import type { Quest } from "./quest.ts";
import { decided_in, forbidden, pending, reached } from "./quest.ts";
import type { Assignment } from "./trial.ts";

export interface Budget {
	/** How often the engine may recalculate for the proof that nothing smaller will do. */
	readonly trials: number;
	readonly milliseconds: number;
}

export interface Proof {
	/** All sets up to the size asked for have been gone through. */
	complete: boolean;
	/** There were no more sets of any size to try. */
	exhausted: boolean;
	set: Assignment[] | null;
}

/** Goes through all sets of at most `size` values, the smaller ones first. */
export function prove(quest: Quest, size: number, budget: Budget): Proof {
	const { trial } = quest;
	const trials_end = trial.count + budget.trials;
	const time_end = performance.now() + budget.milliseconds;
	const proof: Proof = { complete: true, exhausted: false, set: null };
	const spent = (ahead: number): boolean => {
		if (trial.count + ahead > trials_end || performance.now() > time_end) proof.complete = false;
		return !proof.complete;
	};
	const points = points_of(trial.kconf);
	points.doubt = false;
	for (let depth = 1; depth <= size && !proof.exhausted; depth++) {
		const seen = new Set<string>();
		let cut = false;
		const go = (set: Assignment[], left: number): Assignment[] | null => {
			if (spent(0)) return null;
			trial.set(set);
			if (set.length > 0 && reached(quest)) return set;
			if (left === 0) {
				cut = true;
				return null;
			}
			const now = pending(quest);
			if (!now) return null;
			// On the last level only what does it alone counts, so that others remain unseen.
			if (left === 1) cut = true;
			const steps = first_steps(trial.kconf, decided_in(quest), now, left === 1);
			if (spent(steps.size)) return null;
			for (const step of steps.values()) {
				if (forbidden(quest, step)) continue;
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
		if (proof.set && points.doubt && depth > 1) proof.complete = false;
		if (proof.set || !proof.complete) return proof;
		proof.exhausted = !cut;
	}
	if (points.doubt) proof.complete = false;
	return proof;
}
