// SPDX-License-Identifier: GPL-2.0-only
//
// The ways to give a symbol a value, or to have the user see it. No counterpart in Linux.

import { expr_alloc_and, tristate_name } from "../expr.ts";
import type { Expr, Kconf, Property, Sym, Tristate } from "../lkc.ts";
import { mod, no, S_BOOLEAN, S_DEF_USER, S_TRISTATE, yes } from "../lkc.ts";
import { sym_calc_value, sym_get_type, sym_has_value, sym_is_choice } from "../symbol.ts";
import type { Decided } from "./demands.ts";
import { allowed, narrow } from "./demands.ts";
import type { Between, Goal } from "./goal.ts";
import { at_least, at_most, is_fixed, prompts_of } from "./goal.ts";
import { is_logical } from "./trial.ts";
import type { Way } from "./ways.ts";
import { choice_of, choice_ways, member_ways } from "./ways_choice.ts";

/** The ways to what the user may see of a symbol. */
export function vis_ways(kconf: Kconf, sym: Sym, { lo, hi }: Between): Way[] {
	const prompts = prompts_of(sym).map((prop) => prop.visible.expr);
	const none = hi < yes ? prompts.map((e) => at_most(e, hi)) : [];
	if (lo === no) return [{ needs: none }];
	const res = prompts.map((e) => ({ needs: [at_least(e, lo), ...none] }));
	const modules_off = lo === yes && no_modules(kconf, sym);
	if (modules_off) res.push(...prompts.map((e) => ({ needs: [at_least(e, mod), modules_off] })));
	return res;
}

/** Without modules, m counts as y: the goal that there are none, if that can make a difference. */
function no_modules(kconf: Kconf, sym: Sym): Goal | null {
	const { modules_sym } = kconf;
	if (!modules_sym || is_fixed(modules_sym)) return null;
	if (sym_get_type(kconf, sym) !== S_TRISTATE) return null;
	return { kind: "sym", sym: modules_sym, lo: no, hi: no };
}

export const visible = (sym: Sym, lo: Tristate): Goal => ({ kind: "vis", sym, lo, hi: yes });
export const hidden = (sym: Sym): Goal => ({ kind: "vis", sym, lo: no, hi: no });

/** Setting a value, unless it was decided otherwise; or nothing, if it is the user's already. */
export function user_way(kconf: Kconf, sym: Sym, value: string, needs: readonly Goal[], decided: Decided): Way[] {
	if (!allowed(sym, value, decided)) return [];
	if (decided.values.has(sym)) return [{ needs }];
	const own = is_logical(sym) ? tristate_name(sym.def[S_DEF_USER].tri) : sym.def[S_DEF_USER].val;
	// In a choice it is not enough to have been said: it has to be said last.
	if (sym_has_value(sym) && own === value && !choice_of(kconf, sym)) return [{ needs }];
	return [{ set: { sym, value }, needs }];
}

/** The ways to the value of a bool or tristate. */
export function sym_ways(kconf: Kconf, sym: Sym, bounds: Between, decided: Decided): Way[] {
	const want = narrow(sym, bounds, decided);
	if (!want || is_fixed(sym) || !is_logical(sym)) return [];
	sym_calc_value(kconf, sym);
	if (sym_is_choice(sym)) return choice_ways(kconf, sym, want, decided);
	if (choice_of(kconf, sym)) return member_ways(kconf, sym, want, decided);
	const make = sym.curr.tri > want.hi ? lower_ways : raise_ways;
	if (sym_get_type(kconf, sym) !== S_BOOLEAN) {
		const as_it_is = make(kconf, sym, want, false, [], decided);
		const modules_off = want.lo === yes && no_modules(kconf, sym);
		if (!modules_off) return as_it_is;
		return [...as_it_is, ...raise_ways(kconf, sym, want, true, [modules_off], decided)];
	}
	const lo = want.lo === mod ? yes : want.lo;
	const hi = want.hi === mod ? no : want.hi;
	const res = lo <= hi ? make(kconf, sym, { lo, hi }, true, [], decided) : [];
	const { modules_sym } = kconf;
	const m_would_do = want.lo <= mod && mod <= want.hi;
	if (sym.type === S_TRISTATE && m_would_do && modules_sym && !is_fixed(modules_sym)) {
		// A tristate can be m as soon as there are modules.
		const modules: Goal = { kind: "sym", sym: modules_sym, lo: mod, hi: yes };
		res.push(...make(kconf, sym, { lo: mod, hi: mod }, false, [modules], decided));
	}
	return res;
}

/** What is enough for a bool to be y: m counts as y there. */
function enough(as_bool: boolean, lo: Tristate): Tristate {
	return lo === yes && as_bool ? mod : lo;
}

const DEFAULTS = new WeakMap<Property, Expr | null>();

/** What a default is worth: its value, as far as its condition allows. */
function default_value(prop: Property): Expr | null {
	let e = DEFAULTS.get(prop);
	if (e === undefined) {
		e = expr_alloc_and(prop.visible.expr, prop.expr);
		DEFAULTS.set(prop, e);
	}
	return e;
}

/** The user's y becomes m by being visible up to m only. */
function clamped_way(sym: Sym, { lo, hi }: Between, limit: readonly Goal[]): Way[] {
	if (lo > mod || hi !== mod || !sym_has_value(sym)) return [];
	return [{ needs: [{ kind: "vis", sym, lo: mod, hi: mod }, ...limit] }];
}

function raise_ways(
	kconf: Kconf,
	sym: Sym,
	{ lo, hi }: Between,
	as_bool: boolean,
	extra: readonly Goal[],
	decided: Decided,
): Way[] {
	const res: Way[] = [];
	const low = enough(as_bool, lo);
	const limit = hi < yes && sym.rev_dep.expr ? [at_most(sym.rev_dep.expr, hi), ...extra] : extra;
	if (prompts_of(sym).length > 0) {
		for (let u = lo; u <= hi; u++) {
			if (u === mod && as_bool) continue;
			const needs = [visible(sym, enough(as_bool, u)), ...limit];
			res.push(...user_way(kconf, sym, tristate_name(u), needs, decided));
		}
		// The m of the file counts as y.
		if (as_bool && hi === yes && sym_has_value(sym) && sym.def[S_DEF_USER].tri === mod) {
			res.push({ needs: [visible(sym, mod), ...limit] });
		}
		res.push(...clamped_way(sym, { lo, hi }, limit));
	}
	if (sym.rev_dep.expr) res.push({ needs: [at_least(sym.rev_dep.expr, low), ...limit] });
	const silent = sym_has_value(sym) ? [hidden(sym), ...limit] : limit;
	const earlier: Goal[] = [];
	for (const prop of sym.prop) {
		if (prop.type !== "default") continue;
		const here: Goal = { kind: "expr", expr: default_value(prop), lo: low, hi };
		res.push({ needs: [here, ...earlier, ...silent] });
		earlier.push(at_most(prop.visible.expr, no));
	}
	if (sym.implied.expr) {
		const implied = at_least(sym.implied.expr, low);
		res.push({ needs: [implied, at_least(sym.dir_dep.expr, low), ...silent] });
	}
	return res;
}

function lower_ways(
	kconf: Kconf,
	sym: Sym,
	{ lo, hi }: Between,
	as_bool: boolean,
	extra: readonly Goal[],
	decided: Decided,
): Way[] {
	const res: Way[] = [];
	const limit = sym.rev_dep.expr ? [at_most(sym.rev_dep.expr, hi), ...extra] : extra;
	if (prompts_of(sym).length > 0) {
		for (let u: number = hi; u >= lo; u--) {
			if (u === mod && as_bool) continue;
			const least = enough(as_bool, Math.max(u, mod) as Tristate);
			const needs = [visible(sym, least), ...limit];
			res.push(...user_way(kconf, sym, tristate_name(u as Tristate), needs, decided));
		}
		res.push(...clamped_way(sym, { lo, hi }, limit));
	}
	// A select that demands less than it does now, whatever the user has said.
	if (lo > no && sym.rev_dep.expr) {
		res.push({ needs: [at_least(sym.rev_dep.expr, enough(as_bool, lo)), ...limit] });
	}
	const silent = sym_has_value(sym) ? [hidden(sym), ...limit] : limit;
	const implied: Goal[] = sym.implied.expr ? [at_most(sym.implied.expr, hi)] : [];
	const defaults = sym.prop.filter((prop) => prop.type === "default");
	if (defaults.length === 0 || lo === no) {
		// Without its dependencies there is neither default nor imply.
		const off = defaults.map((prop) => at_most(prop.visible.expr, no));
		res.push({ needs: [...off, ...implied, ...silent] });
		if (sym.dir_dep.expr) res.push({ needs: [at_most(sym.dir_dep.expr, hi), ...silent] });
	}
	const earlier: Goal[] = [];
	for (const prop of defaults) {
		const first = at_least(prop.visible.expr, mod);
		const value: Goal = { kind: "expr", expr: default_value(prop), lo: enough(as_bool, lo), hi };
		res.push({ needs: [first, value, ...earlier, ...implied, ...silent] });
		earlier.push(at_most(prop.visible.expr, no));
	}
	return res;
}
