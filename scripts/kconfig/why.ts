// SPDX-License-Identifier: GPL-2.0-only
//
// "Why is this symbol not y?", and what to set so that it is. No counterpart in Linux.
// explain() gives the answer as data, explain_text() as text for a terminal.

import type { Kconf, Sym } from "./lkc.ts";
import { ConfExit, mod, S_BOOLEAN, S_HEX, S_INT, S_STRING, S_TRISTATE, S_UNKNOWN, yes } from "./lkc.ts";
import { sym_calc_value, sym_string_valid } from "./symbol.ts";
import type { Goal } from "./why/goal.ts";
import { goal_value } from "./why/goal.ts";
import { nearest_names } from "./why/names.ts";
import type { Origin } from "./why/origin.ts";
import { origins, place } from "./why/origin.ts";
import type { Budget, Solution } from "./why/search.ts";
import { search } from "./why/search.ts";
import { is_logical, value_of } from "./why/trial.ts";
import type { Condition } from "./why/unmet.ts";
import { unmet } from "./why/unmet.ts";

export type { Cycle, CycleEdge } from "./why/cycles.ts";
export { cycles, cycles_text } from "./why/cycles.ts";
export type { Change } from "./why/effects.ts";
export type { Origin, OriginKind } from "./why/origin.ts";
export type { Budget, Solution } from "./why/search.ts";
export { explain_text, fragment_text } from "./why/text.ts";
export type { Assignment } from "./why/trial.ts";
export type { Condition, Term } from "./why/unmet.ts";

/** All there is to say about a symbol's value, and about another that it might have. */
export interface Explanation {
	readonly name: string;
	readonly sym: Sym;
	readonly type: string;
	readonly prompt: string | null;
	/** FILE:LINE of each definition. */
	readonly defined: readonly string[];
	readonly value: string;
	/** The value asked about; null: that it can be set at all. */
	readonly want: string | null;
	/** Set if the value asked about cannot be had, and `want` is the next best. */
	readonly instead_of: string | null;
	/** The symbol has the value already. */
	readonly holds: boolean;
	readonly origins: readonly Origin[];
	readonly unmet: readonly Condition[];
	/** What to set: rather more than something that takes away what the user has on. */
	readonly solution: Solution | null;
	/** A smaller set that does take something away. */
	readonly smaller: Solution | null;
	/** It has been shown that any set takes something away. */
	readonly loss_needed: boolean;
	readonly impossible: boolean;
	/** Why there is no solution. */
	readonly reasons: readonly string[];
}

/** The symbol of a name, with or without CONFIG_. Ends with ConfExit(2) if there is none. */
export function find_symbol(kconf: Kconf, name: string): Sym {
	const prefix = kconf.host.env.CONFIG_ ?? "CONFIG_";
	const plain = kconf.symbols.has(name) || !name.startsWith(prefix);
	const short = plain ? name : name.slice(prefix.length);
	const sym = kconf.symbols.get(short);
	if (sym) return sym;
	const near = nearest_names(kconf, short);
	const hint = near.length > 0 ? `did you mean ${near.join(", ")}?` : "nothing has a similar name";
	throw new ConfExit(2, `${short}: no such symbol in these Kconfig files; ${hint}`);
}

/** The value that is asked about when none is named: y, or for texts just that they be seen. */
function default_want(sym: Sym): string | null {
	return is_logical(sym) ? "y" : null;
}

function check_want(sym: Sym, want: string): void {
	if (sym.type === S_UNKNOWN) return;
	const good: Record<string, string> = {
		[S_BOOLEAN]: "y or n",
		[S_TRISTATE]: "y, m or n",
		[S_INT]: "a whole number",
		[S_HEX]: "a hexadecimal number",
		[S_STRING]: "any text",
	};
	const tri = is_logical(sym);
	const ok = tri ? /^[nmy]$/.test(want) : sym_string_valid(sym, want);
	if (ok && !(sym.type === S_BOOLEAN && want === "m")) return;
	throw new ConfExit(2, `${sym.name}=${want}: a ${sym.type} takes ${good[sym.type]}`);
}

function goal_of(sym: Sym, want: string | null): Goal {
	return want === null ? { kind: "vis", sym, lo: mod, hi: yes } : goal_value(sym, want);
}

/** Explains a symbol. `want` is the value asked about; `budget` limits the search. */
export function explain(kconf: Kconf, name: string | Sym, want?: string, budget?: Budget): Explanation {
	const sym = typeof name === "string" ? find_symbol(kconf, name) : name;
	if (want !== undefined) check_want(sym, want);
	let goal = want ?? default_want(sym);
	const value = value_of(kconf, sym);
	const prompt = sym.prop.find((prop) => prop.type === "prompt" || prop.type === "menu");
	const facts = {
		name: sym.name ?? "",
		sym,
		type: sym.type,
		prompt: prompt?.text ?? null,
		defined: sym.menus.map(place),
		value,
		origins: origins(kconf, sym),
	};
	const none = {
		solution: null,
		smaller: null,
		loss_needed: false,
		impossible: false,
		reasons: [],
		instead_of: null,
	};
	if (sym.type === S_UNKNOWN) {
		const reasons = [`${sym.name} is not defined in these Kconfig files`];
		return { ...facts, ...none, want: goal, holds: false, unmet: [], impossible: true, reasons };
	}
	sym_calc_value(kconf, sym);
	const holds = goal === null ? sym.visible > 0 : value === goal;
	if (holds) return { ...facts, ...none, want: goal, holds, unmet: [] };
	let found = search(kconf, goal_of(sym, goal), budget);
	let instead_of: string | null = null;
	// Nobody asked for y in particular: m is the most that some can be.
	if (want === undefined && sym.type === S_TRISTATE && !found.solution && value === "n") {
		const second = search(kconf, goal_of(sym, "m"), budget);
		if (second.solution) {
			instead_of = goal;
			goal = "m";
			found = { ...second, reasons: found.reasons };
		}
	}
	return { ...facts, ...found, want: goal, instead_of, holds, unmet: unmet(kconf, sym, goal) };
}
