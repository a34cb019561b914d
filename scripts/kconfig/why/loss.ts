// SPDX-License-Identifier: GPL-2.0-only
//
// An estimate of what a value takes away from the user, without setting it: all that stands
// or falls with it. No counterpart in Linux. What a set really takes away is counted on the
// engine (effects.ts).

import type { Expr, Kconf, Sym } from "../lkc.ts";
import { no, yes } from "../lkc.ts";
import { prop_get_symbol, sym_calc_value, sym_is_choice } from "../symbol.ts";
import { prompts_of } from "./goal.ts";
import type { Assignment } from "./trial.ts";
import { is_logical } from "./trial.ts";
import { choice_of } from "./ways_choice.ts";

/** What hangs on a symbol: those that need it on, or off, and those that it selects. */
interface Hangers {
	readonly on: Sym[];
	readonly off: Sym[];
	readonly selects: Sym[];
}

const HANGERS = new WeakMap<Kconf, Map<Sym, Hangers>>();

/** For values of the present configuration: how many of `keep` are lost with each of them. */
export function loss_estimate(kconf: Kconf, keep: ReadonlySet<Sym>): (value: Assignment) => number {
	const hangers = hangers_of(kconf);
	const known = new Map<Sym, Map<string, number>>();
	return ({ sym, value }) => {
		if (!is_logical(sym)) return 0;
		const row = known.get(sym) ?? new Map<string, number>();
		known.set(sym, row);
		let count = row.get(value);
		if (count === undefined) {
			count = fall(kconf, hangers, sym, value, keep);
			row.set(value, count);
		}
		return count;
	};
}

function fall(
	kconf: Kconf,
	hangers: ReadonlyMap<Sym, Hangers>,
	sym: Sym,
	value: string,
	keep: ReadonlySet<Sym>,
): number {
	const gone = new Set<Sym>();
	const left = new Map<Sym, number>();
	const queue: Sym[] = [];
	const lose = (each: Sym): void => {
		if (gone.has(each) || each.curr.tri === no) return;
		gone.add(each);
		queue.push(each);
	};
	if (value === "n") lose(sym);
	else {
		for (const each of hangers.get(sym)?.off ?? []) lose(each);
		const choice = value === "y" ? choice_of(kconf, sym) : null;
		for (const other of choice?.choice_members ?? []) if (other !== sym) lose(other);
	}
	for (let at = queue.shift(); at; at = queue.shift()) {
		const own = hangers.get(at);
		for (const each of own?.on ?? []) lose(each);
		for (const each of own?.selects ?? []) {
			const rest = (left.get(each) ?? supporters(each)) - 1;
			left.set(each, rest);
			if (rest <= 0) lose(each);
		}
	}
	gone.delete(sym);
	let count = value === "n" && keep.has(sym) ? 1 : 0;
	for (const each of gone) if (keep.has(each)) count++;
	return count;
}

/** How much holds a symbol up that is selected: its selects, and what the user or a default says. */
function supporters(sym: Sym): number {
	const own = sym.prop.some(({ type }) => type === "prompt" || type === "menu" || type === "default") ? 1 : 0;
	return operands(sym.rev_dep.expr, "or").filter((e) => e.val !== no).length + own;
}

function operands(e: Expr | null, type: "and" | "or"): Expr[] {
	if (!e) return [];
	return e.type === type ? [...operands(e.left, type), ...operands(e.right, type)] : [e];
}

/** What a symbol, or a choice that is one, needs. */
function depends_on(sym: Sym): Expr | null {
	return sym_is_choice(sym) ? (prompts_of(sym)[0]?.visible.expr ?? null) : sym.dir_dep.expr;
}

function hangers_of(kconf: Kconf): Map<Sym, Hangers> {
	const before = HANGERS.get(kconf);
	if (before) return before;
	const res = new Map<Sym, Hangers>();
	const of = (sym: Sym): Hangers => {
		let own = res.get(sym);
		if (!own) {
			own = { on: [], off: [], selects: [] };
			res.set(sym, own);
		}
		return own;
	};
	for (const sym of kconf.all) {
		if (!is_logical(sym)) continue;
		sym_calc_value(kconf, sym);
		for (const e of operands(depends_on(sym), "and")) {
			if (e.type === "symbol") of(e.sym).on.push(sym);
			else if (e.type === "not" && e.expr.type === "symbol") of(e.expr.sym).off.push(sym);
			else if (e.type === "=" && is_logical(e.left) && e.right.curr.tri === yes)
				of(e.left).on.push(sym);
		}
		for (const prop of sym.prop) {
			const target = prop.type === "select" ? prop_get_symbol(prop) : null;
			if (target) of(sym).selects.push(target);
		}
	}
	HANGERS.set(kconf, res);
	return res;
}
