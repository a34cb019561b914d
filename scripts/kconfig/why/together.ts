// SPDX-License-Identifier: GPL-2.0-only
//
// The answer to a question about one symbol or several, which are then to have their values
// at once. No counterpart in Linux.

import type { Kconf, Sym } from "../lkc.ts";
import { ConfExit, mod, S_TRISTATE, S_UNKNOWN, yes } from "../lkc.ts";
import type { Explanation } from "./facts.ts";
import { check_want, default_want, facts, goal_of, NO_ANSWER } from "./facts.ts";
import type { Goal } from "./goal.ts";
import { goal_all, goal_holds } from "./goal.ts";
import type { Budget, SearchResult, Solution } from "./search.ts";
import { search } from "./search.ts";
import { wish_text } from "./text.ts";

/** One of the symbols asked about; without a value it is y, or for texts any. */
export interface Question {
	readonly sym: Sym;
	readonly want?: string;
}

/** Several symbols, and one answer for all of them. */
export interface Together extends SearchResult {
	/** Each for itself; only one that is asked about alone has an answer of its own. */
	readonly parts: readonly Explanation[];
	/** All have the values already. */
	readonly holds: boolean;
}

/** Explains symbols that are all to have their values at once. */
export function explain_all(kconf: Kconf, questions: readonly Question[], budget?: Budget): Together {
	const asked = merge_questions(questions);
	for (const { sym, want } of asked) if (want !== undefined) check_want(sym, want);
	const parts = asked.map(({ sym, want }) => facts(kconf, sym, want ?? default_want(sym)));
	if (parts.every(({ holds }) => holds)) return { ...NO_ANSWER, parts, holds: true };
	const undefined_ = parts.filter(({ sym, holds }) => sym.type === S_UNKNOWN && !holds);
	if (undefined_.length > 0) {
		const reasons = undefined_.map(({ name }) => `${name} is not defined in these Kconfig files`);
		return answer(parts, { ...NO_ANSWER, impossible: true, reasons });
	}
	const goals = parts.filter(({ sym }) => sym.type !== S_UNKNOWN).map(({ sym, want }) => goal_of(sym, want));
	const found = search(kconf, goal_all(goals), budget);
	if (found.solution) return answer(parts, found);
	// Nobody asked for y in particular: m is the most that some can be.
	const open = (i: number): boolean => asked[i]?.want === undefined && asked[i]?.sym.type === S_TRISTATE;
	if (parts.some(({ value }, i) => open(i) && value === "n")) {
		const relaxed = parts.map(({ sym, want }, i) => (open(i) ? at_least_m(sym) : goal_of(sym, want)));
		const second = search(kconf, goal_all(relaxed), budget);
		const { solution } = second;
		if (solution) {
			const less = parts.map((part, i) => {
				const value = open(i) ? value_with(part, solution) : part.want;
				if (value === part.want) return part;
				return { ...part, ...facts(kconf, part.sym, value), instead_of: part.want };
			});
			return answer(less, { ...second, reasons: found.reasons });
		}
	}
	if (parts.length === 1) return answer(parts, found);
	return answer(parts, { ...found, ...conflict(kconf, parts, found, budget) });
}

const at_least_m = (sym: Sym): Goal => ({ kind: "sym", sym, lo: mod, hi: yes });

/** The value that a symbol has with a solution. */
function value_with({ sym, value }: Explanation, { changes }: Solution): string {
	return changes.find((change) => change.sym === sym)?.after ?? value;
}

/** Each symbol once. Asked for with two values, it is an error of the user's. */
function merge_questions(questions: readonly Question[]): Question[] {
	const seen = new Map<Sym, Question>();
	for (const question of questions) {
		const before = seen.get(question.sym);
		const [a, b] = [before?.want, question.want].map((want) => want ?? default_want(question.sym));
		if (before && a !== b) {
			throw new ConfExit(
				2,
				`${question.sym.name}: asked for as ${a} and as ${b}; it can only have one value`,
			);
		}
		if (!before || before.want === undefined) seen.set(question.sym, question);
	}
	return [...seen.values()];
}

function answer(parts: readonly Explanation[], found: SearchResult): Together {
	const [only, ...more] = parts;
	const own = only && more.length === 0 ? [{ ...only, ...found }] : parts;
	return { ...found, parts: own, holds: false };
}

/** Why there are no values for several symbols at once: those that cannot be had, alone or as a pair. */
function conflict(
	kconf: Kconf,
	parts: readonly Explanation[],
	found: SearchResult,
	budget?: Budget,
): Pick<SearchResult, "impossible" | "reasons"> {
	const goals = parts.map(({ sym, want }) => goal_of(sym, want));
	const try_some = (some: readonly number[]): SearchResult =>
		search(kconf, goal_all(some.map((i) => goals[i] as Goal)), budget);
	const name = (i: number): string => wish_text(parts[i] as Explanation);
	const reasons: string[] = [];
	let impossible = found.impossible;
	parts.forEach((_, i) => {
		const alone = try_some([i]);
		if (alone.solution || goal_holds(kconf, goals[i] as Goal)) return;
		if (alone.impossible) impossible = true;
		const why = alone.reasons.length > 0 ? `: ${alone.reasons.join("; ")}` : "";
		reasons.push(`${name(i)} ${alone.impossible ? "cannot be had" : "was not found"} by itself${why}`);
	});
	if (reasons.length > 0) return { impossible, reasons };
	if (parts.length === 2) return { impossible, reasons: ["each can be had by itself", ...found.reasons] };
	for (let i = 0; i < parts.length; i++)
		for (let j = 0; j < i; j++) {
			const both = try_some([j, i]);
			if (both.solution) continue;
			if (both.impossible) impossible = true;
			const why = both.reasons.length > 0 ? `: ${both.reasons.join("; ")}` : "";
			const what = both.impossible ? "exclude each other" : "were not found together";
			reasons.push(`${name(j)} and ${name(i)} ${what}${why}`);
		}
	if (reasons.length === 0) reasons.push("any two of them can be had together", ...found.reasons);
	return { impossible, reasons };
}
