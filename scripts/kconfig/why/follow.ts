// SPDX-License-Identifier: GPL-2.0-only
//
// Follows plans on the engine until one of them leads to the goal. No counterpart in Linux.

import type { Goal } from "./goal.ts";
import { loss_estimate } from "./loss.ts";
import { assignment_key, blame, plan_values, planner, two_values } from "./plan.ts";
import type { Quest } from "./quest.ts";
import { decided_in, minimise, pending } from "./quest.ts";
import type { Assignment } from "./trial.ts";

const ATTEMPTS = 8;
/** Each adds to the values what the plan, made anew, still asks for. */
export const ROUNDS = 16;
/** What a value costs that cannot be part of the answer: more than any way around it. */
const FORBIDDEN = 50;
/** What each thing costs that is lost: more than some values more. */
const LOST = 4;

export interface Followed {
	readonly set: Assignment[] | null;
	/** Why the first that led nowhere did so. */
	readonly reasons: readonly string[];
}

/** Follows the best plan; where it leads nowhere, its values become dearer for the next. */
export function follow_plans(quest: Quest): Followed {
	const { trial, keep } = quest;
	const { kconf } = trial;
	const penalties = new Map<string, number>();
	const losses = quest.may_lose > 0 ? loss_estimate(kconf, keep) : null;
	const penalty = (value: Assignment): number => {
		const learnt = penalties.get(assignment_key(value)) ?? 0;
		if (losses) return learnt + LOST * losses(value);
		return learnt + (value.value === "n" && keep.has(value.sym) ? FORBIDDEN : 0);
	};
	let clash: string | null = null;
	let reasons: string[] = [];
	const dearer = (value: Assignment, by: number): void => {
		const key = assignment_key(value);
		penalties.set(key, (penalties.get(key) ?? 0) + by);
	};
	for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
		const set: Assignment[] = [];
		trial.set(set);
		let now = pending(quest);
		let culprit: Assignment | null = null;
		for (let round = 0; round < ROUNDS && now; round++) {
			const next = plan_values(planner(kconf, decided_in(quest), penalty)(now));
			clash ??= next.clash?.name ?? null;
			if (next.values.length === 0) {
				culprit = undecided(quest, now);
				clash ??= culprit?.sym.name ?? null;
				if (reasons.length === 0) reasons = blame(kconf, now, decided_in(quest));
				break;
			}
			set.push(...next.values);
			trial.set(set);
			now = pending(quest);
		}
		if (!now) return { set: minimise(quest, set), reasons };
		if (culprit) dearer(culprit, 3);
		else for (const value of set) dearer(value, 1);
	}
	return { set: null, reasons: reasons.length > 0 || !clash ? reasons : [two_values(clash)] };
}

/** What was set already, and what the goal now needs with another value. */
function undecided({ trial, demands }: Quest, goal: Goal): Assignment | null {
	const free = plan_values(planner(trial.kconf, { values: new Map(), demands })(goal)).values;
	for (const { sym, value } of free) {
		const before = trial.assigned.get(sym);
		if (before !== undefined && before !== value) return { sym, value: before };
	}
	return null;
}
