// SPDX-License-Identifier: GPL-2.0-only
//
// What has to be so in the end, whatever else is set: no way that needs the opposite leads
// anywhere. No counterpart in Linux.

import type { Kconf, Sym, Tristate } from "../lkc.ts";
import { mod, no, yes } from "../lkc.ts";
import type { Between, Goal } from "./goal.ts";
import { is_logical } from "./trial.ts";
import { choice_of } from "./ways_choice.ts";

/** What has been set, and what is demanded of symbols besides. */
export interface Decided {
	readonly values: ReadonlyMap<Sym, string>;
	readonly demands: Demands;
}

export interface Demands {
	readonly bounds: ReadonlyMap<Sym, Between>;
	readonly texts: ReadonlyMap<Sym, (text: string) => boolean>;
}

export const NOTHING_DECIDED: Decided = {
	values: new Map(),
	demands: { bounds: new Map(), texts: new Map() },
};

/** What a goal demands, and that nothing of `keep` becomes n. */
export function demands_of(kconf: Kconf, goal: Goal, keep: Iterable<Sym>): Demands {
	const bounds = new Map<Sym, Between>();
	const texts = new Map<Sym, (text: string) => boolean>();
	const demand = (sym: Sym, { lo, hi }: Between): void => {
		const before = bounds.get(sym);
		bounds.set(sym, before ? common({ lo, hi }, before) : { lo, hi });
	};
	for (const sym of keep) demand(sym, { lo: mod, hi: yes });
	for (const part of goal.kind === "all" ? goal.goals : [goal]) {
		if (part.kind === "text") texts.set(part.sym, part.ok);
		if (part.kind !== "sym") continue;
		demand(part.sym, part);
		// Before 6.11 several can be m.
		if (part.lo === no || (kconf.rules.old_choices && part.lo === mod)) continue;
		for (const other of choice_of(kconf, part.sym)?.choice_members ?? [])
			if (other !== part.sym) demand(other, { lo: no, hi: no });
	}
	return { bounds, texts };
}

const common = (a: Between, b: Between): Between => ({
	lo: Math.max(a.lo, b.lo) as Tristate,
	hi: Math.min(a.hi, b.hi) as Tristate,
});

/** What is left of the bounds of a goal; null: nothing. */
export function narrow(sym: Sym, want: Between, { values, demands }: Decided): Between | null {
	let res = want;
	const bounds = demands.bounds.get(sym);
	if (bounds) res = common(res, bounds);
	const said = values.get(sym);
	const tri = said === undefined ? null : ("nmy".indexOf(said) as Tristate);
	if (tri !== null) res = common(res, { lo: tri, hi: tri });
	return res.lo <= res.hi ? res : null;
}

/** May a symbol get a value? */
export function allowed(sym: Sym, value: string, { values, demands }: Decided): boolean {
	const before = values.get(sym);
	if (before !== undefined && before !== value) return false;
	if (!is_logical(sym)) return demands.texts.get(sym)?.(value) ?? true;
	const bounds = demands.bounds.get(sym);
	const tri = "nmy".indexOf(value);
	return !bounds || (bounds.lo <= tri && tri <= bounds.hi);
}
