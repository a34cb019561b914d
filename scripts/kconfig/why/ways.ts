// SPDX-License-Identifier: GPL-2.0-only
//
// The ways to reach a goal. A way is a list of smaller goals, and at most one value for the
// user to set. No counterpart in Linux: the rules are sym_calc_value() read backwards. They
// only have to be plausible, since whatever is found by them is tried out on the engine.

import type { Kconf } from "../lkc.ts";
import type { Decided } from "./demands.ts";
import type { Goal } from "./goal.ts";
import type { Assignment } from "./trial.ts";
import { expr_ways } from "./ways_expr.ts";
import { sym_ways, vis_ways } from "./ways_symbol.ts";
import { text_ways } from "./ways_text.ts";

/** Reaches a goal, once all needs are met and the value is set. */
export interface Way {
	readonly set?: Assignment;
	readonly needs: readonly Goal[];
}

/** The ways to a goal that does not hold now. None: it cannot be reached. */
export function ways(kconf: Kconf, goal: Goal, decided: Decided): Way[] {
	switch (goal.kind) {
		case "expr":
			return expr_ways(kconf, goal.expr, goal);
		case "vis":
			return vis_ways(kconf, goal.sym, goal);
		case "sym":
			return sym_ways(kconf, goal.sym, goal, decided);
		case "text":
			return text_ways(kconf, goal, decided);
		case "all":
			return [{ needs: goal.goals }];
		default:
			return goal.goals.map((part) => ({ needs: [part] }));
	}
}
