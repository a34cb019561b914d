// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a strategy is: it says who makes each step, and after an execution
 * goes back to where the next one departs from it (host/engine.ts, pop_to).
 */
import type { Strategy } from "host/engine.ts";
import type { Loan } from "../../protocol.ts";

export interface Search extends Strategy {
	name: string;
	/** next() returns false only when everything was explored. */
	exhaustive: boolean;
	/** What was lent is gone already. */
	nothing?: boolean;
	/** Goes back to where the next execution begins; false: there is none. */
	next(): boolean;
	/** A part of what is left, for another core; undefined: there is none. */
	lend?(): Loan | undefined;
	/** How many executions there may be in all, after so many; undefined: unknown. */
	estimate(executions: number): number | undefined;
}
