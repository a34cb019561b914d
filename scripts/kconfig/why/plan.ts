// SPDX-License-Identifier: GPL-2.0-only
//
// Estimates, over the ways of ways.ts, what it takes to reach a goal from the present
// values: a plan that is likely good, the complete list of first steps, and, where there is
// no way at all, the reason. No counterpart in Linux.

import { expr_print, tristate_name } from "../expr.ts";
import type { Expr, Kconf, Sym } from "../lkc.ts";
import { no, S_BOOLEAN, S_UNKNOWN, SYMBOL_CONST, yes } from "../lkc.ts";
import type { Decided } from "./demands.ts";
import { narrow } from "./demands.ts";
import type { Goal } from "./goal.ts";
import { goal_holds, is_fixed, prompts_of } from "./goal.ts";
import { dependency_macros, macro_text } from "./macros.ts";
import { count, place } from "./origin.ts";
import type { Assignment } from "./trial.ts";
import type { Way } from "./ways.ts";
import { ways } from "./ways.ts";

/** What to set in order to reach a goal; the cost counts a value as often as it is used. */
export interface Plan {
	readonly cost: number;
	readonly set: Assignment | null;
	readonly parts: readonly Plan[];
}

/** More defaults than this are counted, not listed. */
const MAX_DEFAULTS = 6;

const DONE: Plan = { cost: 0, set: null, parts: [] };
const NEVER: Plan = { cost: Number.POSITIVE_INFINITY, set: null, parts: [] };

export const assignment_key = ({ sym, value }: Assignment): string => `${sym.name}=${value}`;

/** Answers that are remembered, by the symbol or expression and the bounds asked for. */
interface Memo<T> {
	get(goal: Goal): T | undefined;
	put(goal: Goal, value: T): void;
}

/** What a goal is about and within which bounds; null for goals that only put others together. */
function memo_key(goal: Goal): { of: Expr | Sym; bounds: string | number } | null {
	if ("goals" in goal) return null;
	if (goal.kind === "text") return { of: goal.sym, bounds: goal.key };
	const of = goal.kind === "expr" ? goal.expr : goal.sym;
	return of && { of, bounds: goal.lo * 3 + goal.hi };
}

function memo<T>(): Memo<T> {
	const tables: Record<string, Map<Expr | Sym, Map<string | number, T>>> = {};
	return {
		get(goal) {
			const key = memo_key(goal);
			return key ? tables[goal.kind]?.get(key.of)?.get(key.bounds) : undefined;
		},
		put(goal, value) {
			const key = memo_key(goal);
			if (!key) return;
			tables[goal.kind] ??= new Map();
			const table = tables[goal.kind] as Map<Expr | Sym, Map<string | number, T>>;
			const row = table.get(key.of);
			if (row) row.set(key.bounds, value);
			else table.set(key.of, new Map([[key.bounds, value]]));
		},
	};
}

/** How much dearer a value is than others: what it takes away, and what has led nowhere. */
export type Penalty = (value: Assignment) => number;

/** A planner for the values of this moment; they must not change while it is used. */
export function planner(kconf: Kconf, decided: Decided, penalty: Penalty = () => 0): (goal: Goal) => Plan {
	const known = memo<Plan>();
	const of_way = (way: Way, limit: number): Plan => {
		let cost = way.set ? 1 + penalty(way.set) : 0;
		const parts: Plan[] = [];
		for (const need of way.needs) {
			if (cost >= limit) return NEVER;
			const part = plan(need);
			cost += part.cost;
			if (part.cost > 0) parts.push(part);
		}
		// What takes nothing and yet is not so now works in a way not understood here.
		return cost === 0 || cost >= limit ? NEVER : { cost, set: way.set ?? null, parts };
	};
	const plan = (goal: Goal): Plan => {
		if (goal_holds(kconf, goal)) return DONE;
		const before = known.get(goal);
		if (before) return before;
		known.put(goal, NEVER);
		let best = NEVER;
		for (const way of ways(kconf, goal, decided)) {
			const res = of_way(way, best.cost);
			if (res.cost < best.cost) best = res;
			if (best.cost <= 1) break;
		}
		known.put(goal, best);
		return best;
	};
	return plan;
}

/** The values of a plan, those that make others possible first. Null: it contradicts itself. */
export function plan_values(plan: Plan): { values: Assignment[]; clash: Sym | null } {
	const values = new Map<Sym, string>();
	const seen = new Set<Plan>();
	let clash: Sym | null = null;
	const walk = (p: Plan): void => {
		if (seen.has(p)) return;
		seen.add(p);
		for (const part of p.parts) walk(part);
		if (!p.set) return;
		const { sym, value } = p.set;
		const other = values.get(sym);
		if (other !== undefined && other !== value) clash ??= sym;
		else values.set(sym, value);
	};
	walk(plan);
	return { values: [...values].map(([sym, value]) => ({ sym, value })), clash };
}

type Steps = ReadonlyMap<string, Assignment>;
const NO_STEPS: Steps = new Map();

function common(a: Steps, b: Steps): Steps {
	return new Map([...a].filter(([key]) => b.has(key)));
}

/**
 * The values of which one must be in any set that reaches the goal and that has what is set
 * now; and if `last`, the values that could do it alone.
 */
export function first_steps(kconf: Kconf, decided: Decided, goal: Goal, last: boolean): Steps {
	const known = memo<Steps>();
	const of_way = (way: Way): Steps => {
		const unmet = way.needs.filter((need) => !goal_holds(kconf, need));
		if (unmet.length === 0) {
			return way.set ? new Map([[assignment_key(way.set), way.set]]) : NO_STEPS;
		}
		if (last && way.set) return NO_STEPS;
		let res: Steps | null = null;
		for (const need of unmet) {
			const own = steps(need);
			if (own.size === 0) return NO_STEPS;
			if (!res) res = own;
			else if (last) res = common(res, own);
			else if (own.size < res.size) res = own;
			if (res.size === 0) return NO_STEPS;
		}
		return res ?? NO_STEPS;
	};
	const steps = (at: Goal): Steps => {
		const before = known.get(at);
		if (before) return before;
		known.put(at, NO_STEPS);
		const found: Steps[] = [];
		for (const way of ways(kconf, at, decided)) {
			const own = of_way(way);
			if (own.size > 0) found.push(own);
		}
		const res = found.length === 1 ? (found[0] as Steps) : new Map(found.flatMap((s) => [...s]));
		known.put(at, res);
		return res;
	};
	return goal_holds(kconf, goal) ? NO_STEPS : steps(goal);
}

/** Why a goal cannot be reached by any value: the conditions that nothing can change. */
export function blame(kconf: Kconf, goal: Goal, decided: Decided): string[] {
	const plan = planner(kconf, decided);
	const found = new Set<string>();
	const seen = new Set<Expr | Sym>();
	// Constants are traced through the symbol whose condition they are part of.
	const walk = (at: Goal, above: Sym | null): void => {
		const owner = at.kind === "sym" || at.kind === "vis" || at.kind === "text" ? at.sym : above;
		const of = at.kind === "vis" ? null : memo_key(at)?.of;
		if (of && seen.has(of)) return;
		if (of) seen.add(of);
		if (goal_holds(kconf, at) || plan(at).cost < NEVER.cost) return;
		const all = ways(kconf, at, decided);
		if (all.length === 0) found.add(contradiction(at, decided) || dead_end(kconf, at, owner));
		for (const way of all) {
			const bad = way.needs.find(
				(need) => !goal_holds(kconf, need) && plan(need).cost === NEVER.cost,
			);
			const fixed = bad?.kind === "expr" && is_constant(bad.expr);
			if (fixed && at.kind === "sym") found.add(constant_default(kconf, at.sym));
			else if (fixed && at.kind === "vis") found.add(constant_prompt(kconf, at.sym));
			else if (bad) {
				const because = bad.kind === "text" ? bad.because : undefined;
				if (because) found.add(because);
				if (because !== "") walk(bad, owner);
			}
		}
	};
	walk(goal, null);
	return [...found].filter(Boolean);
}

export const two_values = (name: string): string => `it would need ${name} to have two values at once`;

/** What is asked for needs the opposite of something else that is asked for. */
function contradiction(goal: Goal, decided: Decided): string {
	if (goal.kind !== "sym" || narrow(goal.sym, goal, decided)) return "";
	const { name } = goal.sym;
	const other = decided.demands.bounds.get(goal.sym);
	if (!other) return two_values(name ?? "");
	const bool = goal.sym.type === S_BOOLEAN;
	const need =
		goal.lo > no ? (bool || goal.lo === yes ? "y" : "on") : bool || goal.hi === no ? "n" : "no more than m";
	const asked = other.lo === other.hi ? tristate_name(other.lo) : "on";
	return `it would need ${name} to be ${need}, which is asked to be ${asked}`;
}

/** Is an expression made of constants only? */
function is_constant(e: Expr | null): boolean {
	if (e?.type === "and" || e?.type === "or") return is_constant(e.left) && is_constant(e.right);
	return e?.type === "symbol" && (e.sym.flags & SYMBOL_CONST) !== 0;
}

/** Dependencies that are n whatever is set, mostly for the answer of a command. */
function constant_prompt(kconf: Kconf, sym: Sym): string {
	const prop = prompts_of(sym)[0];
	if (!prop) return "";
	const why = sources(dependency_macros(kconf, prop.menu));
	return `${sym.name} is never visible: its dependencies are n whatever is set (${place(prop)})${why}`;
}

/** A default that is a constant: mostly the answer of a command, such as a test of the compiler. */
function constant_default(kconf: Kconf, sym: Sym): string {
	const prop = sym.prop.find(({ type }) => type === "default");
	if (!prop || prompts_of(sym).length > 0) return "";
	if (is_constant(prop.visible.expr)) {
		const why = sources(dependency_macros(kconf, prop.menu));
		return `${sym.name} has no prompt, and its dependencies are n whatever is set (${place(prop)})${why}`;
	}
	const from = macro_text(kconf, prop);
	const own = `its default is ${expr_print(prop.expr)} (${place(prop)})`;
	return `${sym.name} has no prompt, and ${own}${sources(from === "" ? [] : [from])}`;
}

/** Where constants came from. */
const sources = (macros: readonly string[]): string => (macros.length > 0 ? `: ${macros.join("; ")}` : "");

function dead_end(kconf: Kconf, goal: Goal, owner: Sym | null): string {
	if ("goals" in goal) return "";
	if (goal.kind === "expr") {
		const { expr } = goal;
		if (expr && expr.type !== "symbol" && "right" in expr && "name" in expr.left) {
			const undef = [expr.left, expr.right as Sym].find(
				(sym) => sym.type === S_UNKNOWN && !(sym.flags & SYMBOL_CONST),
			);
			const what = `${expr_print(expr)} cannot be ${goal.lo > 0 ? "true" : "false"}`;
			if (undef) return `${what}: ${undef.name} is not defined`;
			const macros = owner?.menus.flatMap((menu) => dependency_macros(kconf, menu)) ?? [];
			const compared = macros.filter((text) => text.includes("="));
			return `${what}: both sides are constant${sources(compared)}`;
		}
		return goal.lo > 0 || !expr ? "" : `${expr_print(expr)} is always y`;
	}
	const { sym } = goal;
	const { name } = sym;
	if (goal.kind === "vis") return `${name} has no prompt`;
	if (goal.kind === "text" && goal.because !== undefined && is_fixed(sym)) return goal.because;
	// What the constant stands for is told by what it is the condition of.
	if (sym.flags & SYMBOL_CONST) return "";
	if (sym.type === S_UNKNOWN) return `${name} is not defined in these Kconfig files`;
	if (goal.kind === "text") return text_dead_end(kconf, sym);
	if (prompts_of(sym).length > 0) return `${name} cannot have such a value`;
	const wish = goal.lo > 0 ? (goal.lo === yes ? "y" : "on") : "off";
	return `${name} has no prompt, and no default or select can turn it ${wish}`;
}

function text_dead_end(kconf: Kconf, sym: Sym): string {
	if (prompts_of(sym).length > 0) return `${sym.name} cannot have such a value`;
	const defaults = sym.prop.filter(({ type }) => type === "default");
	const [prop] = defaults;
	if (!prop) return `${sym.name} has no prompt, and no default with a value that would do`;
	const texts = [...new Set(defaults.map(({ expr }) => expr_print(expr)))];
	const rest = texts.length - MAX_DEFAULTS;
	const shown = `${texts.slice(0, MAX_DEFAULTS).join(", ")}${rest > 0 ? ` and ${count(rest, "other")}` : ""}`;
	const what = texts.length > 1 ? `defaults are ${shown}` : `default is ${shown}`;
	const from = texts.length > 1 ? "" : macro_text(kconf, prop);
	return `${sym.name} has no prompt, and its ${what} (${place(prop)})${sources(from === "" ? [] : [from])}`;
}
