// SPDX-License-Identifier: GPL-2.0-only
//
// Which numbers and texts are worth trying for a symbol: between two that the Kconfig files
// name, all are alike. No counterpart in Linux.

import type { Expr, Kconf, Sym } from "../lkc.ts";
import { S_STRING, S_UNKNOWN } from "../lkc.ts";
import { prop_get_symbol, sym_has_value, sym_string_valid } from "../symbol.ts";
import { is_fixed, prompts_of } from "./goal.ts";
import { number_text, number_value } from "./texts.ts";
import type { Assignment } from "./trial.ts";
import { is_logical } from "./trial.ts";

/** Symbols whose values are compared with each other, or handed on, and what they are compared with. */
interface Group {
	readonly members: Set<Sym>;
	readonly constants: Set<string>;
	/** Texts in it are compared for their order. */
	ordered: boolean;
}

/** What is worth trying at the moment. */
export interface Points {
	/** Something may have been left out since this was last set to false. */
	doubt: boolean;
	of(sym: Sym): readonly string[];
}

/** More values than this are not tried for one symbol. */
const MAX_VALUES = 60;
/** Of symbols that are compared with each other more than this are not told apart. */
const MAX_APART = 3;

const GROUPS = new WeakMap<Kconf, ReadonlyMap<Sym, Group>>();
const CURRENT = new WeakMap<Kconf, Points>();

/** Begins a search for `wanted` values; points_of() is then about it. */
export function points_begin(kconf: Kconf, wanted: readonly Assignment[]): Points {
	let groups = GROUPS.get(kconf);
	if (!groups) {
		groups = find_groups(kconf);
		GROUPS.set(kconf, groups);
	}
	const points = make_points(groups, wanted);
	CURRENT.set(kconf, points);
	return points;
}

export const points_of = (kconf: Kconf): Points => CURRENT.get(kconf) ?? points_begin(kconf, []);

function make_points(groups: ReadonlyMap<Sym, Group>, wanted: readonly Assignment[]): Points {
	const known = new Map<Sym, readonly string[]>();
	const extra = new Map<Group, string[]>();
	for (const { sym, value } of wanted) {
		const group = groups.get(sym);
		if (group) extra.set(group, [...(extra.get(group) ?? []), value]);
	}
	// What a file said before anything is tried.
	const said = new Map<Group, string[]>();
	for (const group of new Set(groups.values())) {
		const own = [...group.members].filter(sym_has_value).map((sym) => sym.def[0].val);
		said.set(group, own);
	}
	return {
		doubt: false,
		of(sym) {
			const group = groups.get(sym);
			const before = known.get(sym);
			const apart = group ? [...group.members].filter((m) => prompts_of(m).length > 0).length : 1;
			const all =
				before ??
				values(
					sym,
					[
						...(group?.constants ?? []),
						...(group ? (said.get(group) ?? []) : []),
						...((group && extra.get(group)) ?? []),
					],
					Math.min(apart, MAX_APART),
				);
			known.set(sym, all);
			if (apart > MAX_APART || all.length > MAX_VALUES || (sym.type === S_STRING && group?.ordered))
				this.doubt = true;
			return all.slice(0, MAX_VALUES);
		},
	};
}

function values(sym: Sym, constants: readonly string[], apart: number): string[] {
	if (sym.type === S_STRING) return [...new Set(["", ...constants, `${constants.join("")}x`])];
	const numbers = new Set<bigint>([0n]);
	for (const text of constants) for (const n of number_value(sym, text)) numbers.add(n);
	const res = new Set<string>();
	const add = (n: bigint): void => {
		const text = number_text(sym, n);
		if (sym_string_valid(sym, text)) res.add(text);
	};
	for (const n of numbers) add(n);
	for (let i = 1n; i <= apart; i++)
		for (const n of numbers) {
			add(n - i);
			add(n + i);
		}
	return [...res];
}

// --- groups ------------------------------------------------------------------------------

function find_groups(kconf: Kconf): ReadonlyMap<Sym, Group> {
	const groups = new Map<Sym, Group>();
	const group_of = (sym: Sym): Group => {
		let group = groups.get(sym);
		if (!group) {
			group = { members: new Set([sym]), constants: new Set(), ordered: false };
			groups.set(sym, group);
		}
		return group;
	};
	const note = (sym: Sym, other: Sym): void => {
		if (is_fixed(sym) || is_logical(sym)) return;
		const group = group_of(sym);
		if (is_fixed(other)) group.constants.add(other.name ?? "");
		else if (is_logical(other)) for (const text of ["n", "m", "y"]) group.constants.add(text);
		else if (!group.members.has(other)) unite(groups, group, group_of(other));
	};
	const relate = (left: Sym, right: Sym, ordered: boolean): void => {
		note(left, right);
		note(right, left);
		for (const sym of [left, right]) {
			const group = groups.get(sym);
			if (group && ordered) group.ordered = true;
		}
	};
	const seen = new Set<Expr>();
	const walk = (e: Expr | null): void => {
		if (!e || e.type === "symbol" || seen.has(e)) return;
		seen.add(e);
		if (e.type === "not") walk(e.expr);
		else if (e.type === "and" || e.type === "or") {
			walk(e.left);
			walk(e.right);
		} else relate(e.left as Sym, e.right as Sym, e.type !== "=" && e.type !== "!=");
	};
	for (const sym of kconf.all) {
		walk(sym.dir_dep.expr);
		walk(sym.rev_dep.expr);
		walk(sym.implied.expr);
		for (const prop of sym.prop) {
			walk(prop.visible.expr);
			if (prop.expr?.type === "range") {
				relate(sym, prop.expr.left, true);
				relate(sym, prop.expr.right, true);
			} else walk(prop.expr);
			const source =
				prop.type === "default" && !is_logical(sym) && sym.type !== S_UNKNOWN
					? prop_get_symbol(prop)
					: null;
			if (source) note(sym, source);
			if (source) note(source, sym);
		}
	}
	return groups;
}

function unite(groups: Map<Sym, Group>, into: Group, from: Group): void {
	for (const sym of from.members) {
		into.members.add(sym);
		groups.set(sym, into);
	}
	for (const text of from.constants) into.constants.add(text);
	into.ordered ||= from.ordered;
}
