// SPDX-License-Identifier: GPL-2.0-only
//
// "Why is this symbol not y?", and what to set so that it is. No counterpart in Linux.
// explain() gives the answer as data, explain_text() as text for a terminal; explain_all()
// and explain_all_text() do so for several symbols at once.

import type { Kconf, Sym } from "./lkc.ts";
import type { Explanation } from "./why/facts.ts";
import { find_symbol } from "./why/facts.ts";
import type { Budget } from "./why/search.ts";
import { explain_all } from "./why/together.ts";

export type { Cycle, CycleEdge } from "./why/cycles.ts";
export { cycles, cycles_text } from "./why/cycles.ts";
export type { Change } from "./why/effects.ts";
export type { Explanation } from "./why/facts.ts";
export { find_symbol } from "./why/facts.ts";
export type { Origin, OriginKind } from "./why/origin.ts";
export type { Budget, Solution } from "./why/search.ts";
export { explain_all_text, explain_text, fragment_text, wish_text } from "./why/text.ts";
export type { Question, Together } from "./why/together.ts";
export { explain_all } from "./why/together.ts";
export type { Assignment } from "./why/trial.ts";
export type { Condition, Term } from "./why/unmet.ts";

/** Explains a symbol. `want` is the value asked about; `budget` limits the search. */
export function explain(kconf: Kconf, name: string | Sym, want?: string, budget?: Budget): Explanation {
	const sym = typeof name === "string" ? find_symbol(kconf, name) : name;
	const { parts } = explain_all(kconf, [{ sym, want }], budget);
	return parts[0] as Explanation;
}
