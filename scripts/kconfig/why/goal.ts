// SPDX-License-Identifier: GPL-2.0-only
//
// Goals, and the ways to reach them: "this expression shall be at least m", "this symbol
// shall be n". A way is a list of smaller goals, and at most one value for the user to set.
// No counterpart in Linux: the rules are sym_calc_value() read backwards. They only have to
// be plausible, since whatever is found by them is tried out on the engine.

import { sym_get_choice_menu } from '../choice.ts';
import { expr_alloc_and, expr_calc_value, strtoll, tristate_name } from '../expr.ts';
import type { CompareType, Expr, Kconf, Property, Sym, Tristate } from '../lkc.ts';
import {
	mod,
	no,
	S_BOOLEAN,
	S_DEF_USER,
	S_HEX,
	S_INT,
	S_STRING,
	S_TRISTATE,
	S_UNKNOWN,
	SYMBOL_CONST,
	yes,
} from '../lkc.ts';
import {
	prop_get_symbol,
	sym_calc_value,
	sym_get_string_value,
	sym_get_type,
	sym_has_value,
	sym_string_within_range,
} from '../symbol.ts';
import type { Assignment } from './trial.ts';
import { is_logical, value_of } from './trial.ts';

/** A value between two bounds, both included. */
interface Between {
	readonly lo: Tristate;
	readonly hi: Tristate;
}

export type Goal =
	| ({ readonly kind: 'expr'; readonly expr: Expr | null } & Between)
	| ({ readonly kind: 'sym'; readonly sym: Sym } & Between)
	/** What the user may see of a symbol. */
	| ({ readonly kind: 'vis'; readonly sym: Sym } & Between)
	/** The text of an int, hex or string: any that passes `ok`; `tries` are some that do. */
	| {
			readonly kind: 'text';
			readonly sym: Sym;
			readonly ok: (text: string) => boolean;
			readonly tries: readonly string[];
	  };

/** Reaches a goal, once all needs are met and the value is set. */
export interface Way {
	readonly set?: Assignment;
	readonly needs: readonly Goal[];
}

/** What has been decided already may not be decided differently. */
export type Decided = ReadonlyMap<Sym, string>;

export const at_least = (expr: Expr | null, lo: Tristate): Goal => ({
	kind: 'expr',
	expr,
	lo,
	hi: yes,
});
export const at_most = (expr: Expr | null, hi: Tristate): Goal => ({
	kind: 'expr',
	expr,
	lo: no,
	hi,
});

/** The goal that a symbol has a value. */
export function goal_value(sym: Sym, value: string): Goal {
	if (is_logical(sym)) {
		const tri = 'nmy'.indexOf(value) as Tristate;
		return { kind: 'sym', sym, lo: tri, hi: tri };
	}
	return { kind: 'text', sym, ok: (text) => same_text(sym, text, value), tries: [value] };
}

function same_text(sym: Sym, a: string, b: string): boolean {
	if (a === b) return true;
	const base = sym.type === S_HEX ? 16 : sym.type === S_INT ? 10 : null;
	return base !== null && parse_number(a, base) === parse_number(b, base);
}

/** The prompts of a symbol: any that is visible makes it visible. */
export function prompts_of(sym: Sym): Property[] {
	return sym.prop.filter((prop) => prop.type === 'prompt' || prop.type === 'menu');
}

export function goal_holds(kconf: Kconf, goal: Goal): boolean {
	switch (goal.kind) {
		case 'expr': {
			const val = goal.expr ? expr_calc_value(kconf, goal.expr) : yes;
			return goal.lo <= val && val <= goal.hi;
		}
		case 'sym':
			sym_calc_value(kconf, goal.sym);
			return goal.lo <= goal.sym.curr.tri && goal.sym.curr.tri <= goal.hi;
		case 'vis':
			sym_calc_value(kconf, goal.sym);
			return goal.lo <= goal.sym.visible && goal.sym.visible <= goal.hi;
		default:
			return goal.ok(value_of(kconf, goal.sym));
	}
}

/** The ways to a goal that does not hold now. None: it cannot be reached. */
export function ways(kconf: Kconf, goal: Goal, decided: Decided): Way[] {
	switch (goal.kind) {
		case 'expr':
			return expr_ways(kconf, goal.expr, goal);
		case 'vis':
			return vis_ways(kconf, goal.sym, goal);
		case 'sym':
			return sym_ways(kconf, goal.sym, goal, decided);
		default:
			return text_ways(kconf, goal, decided);
	}
}

// --- expressions -------------------------------------------------------------------------

function expr_ways(kconf: Kconf, e: Expr | null, { lo, hi }: Between): Way[] {
	if (!e) return [];
	switch (e.type) {
		case 'symbol':
			return [{ needs: [{ kind: 'sym', sym: e.sym, lo, hi }] }];
		case 'not':
			return [
				{
					needs: [
						{ kind: 'expr', expr: e.expr, lo: (2 - hi) as Tristate, hi: (2 - lo) as Tristate },
					],
				},
			];
		case 'and':
			return either(lo > no, hi < yes, [e.left, e.right], (x) => at_least(x, lo), (x) => at_most(x, hi));
		case 'or':
			return either(hi < yes, lo > no, [e.left, e.right], (x) => at_most(x, hi), (x) => at_least(x, lo));
		case 'range':
			return [];
		default:
			// A comparison is y or n, never m.
			if (lo > no && hi < yes) return [];
			return compare_ways(kconf, lo > no ? e.type : OPPOSITE[e.type], e.left, e.right);
	}
}

/** All sides have to be `strict`, and one of them `loose`. */
function either(
	is_strict: boolean,
	is_loose: boolean,
	sides: Expr[],
	strict: (e: Expr) => Goal,
	loose: (e: Expr) => Goal,
): Way[] {
	const all = is_strict ? sides.map(strict) : [];
	if (!is_loose) return [{ needs: all }];
	return sides.map((side) => ({ needs: [...all, loose(side)] }));
}

const OPPOSITE: Readonly<Record<CompareType, CompareType>> = {
	'=': '!=',
	'!=': '=',
	'<': '>=',
	'>=': '<',
	'>': '<=',
	'<=': '>',
};
const MIRRORED: Readonly<Record<CompareType, CompareType>> = {
	'=': '=',
	'!=': '!=',
	'<': '>',
	'>=': '<=',
	'>': '<',
	'<=': '>=',
};

/** A constant, or a name that nobody defines. */
export const is_fixed = (sym: Sym): boolean =>
	(sym.flags & SYMBOL_CONST) !== 0 || sym.type === S_UNKNOWN;

function compare_ways(kconf: Kconf, type: CompareType, left: Sym, right: Sym): Way[] {
	if (is_fixed(left) && is_fixed(right)) return [];
	const as_tri = (sym: Sym): boolean =>
		is_logical(sym) || ['n', 'm', 'y'].includes(value_of(kconf, sym));
	if (as_tri(left) && as_tri(right)) return compare_tri_ways(kconf, type, left, right);
	const res: Way[] = [];
	const side = (sym: Sym, op: CompareType, other: Sym): void => {
		if (is_fixed(sym) || is_logical(sym)) return;
		const text = value_of(kconf, other);
		const ok = (own: string): boolean => holds(op, compare_texts(sym, own, other, text));
		const tries = near(sym, text).filter(ok);
		if (tries.length > 0) res.push({ needs: [{ kind: 'text', sym, ok, tries }] });
	};
	side(left, type, right);
	side(right, MIRRORED[type], left);
	return res;
}

function compare_tri_ways(kconf: Kconf, type: CompareType, left: Sym, right: Sym): Way[] {
	const possible = (sym: Sym): Tristate[] => {
		if (is_fixed(sym)) return ['nmy'.indexOf(value_of(kconf, sym)) as Tristate];
		return sym.type === S_TRISTATE ? [no, mod, yes] : [no, yes];
	};
	const res: Way[] = [];
	for (const l of possible(left)) {
		for (const r of possible(right)) {
			if (!holds(type, l - r)) continue;
			const needs: Goal[] = [];
			if (!is_fixed(left)) needs.push({ kind: 'sym', sym: left, lo: l, hi: l });
			if (!is_fixed(right)) needs.push({ kind: 'sym', sym: right, lo: r, hi: r });
			res.push({ needs });
		}
	}
	return res;
}

function holds(type: CompareType, order: number): boolean {
	switch (type) {
		case '=':
			return order === 0;
		case '!=':
			return order !== 0;
		case '<':
			return order < 0;
		case '<=':
			return order <= 0;
		case '>':
			return order > 0;
		default:
			return order >= 0;
	}
}

/** How two texts compare: as numbers where both are, like the engine. */
function compare_texts(a: Sym, a_text: string, b: Sym, b_text: string): number {
	const number = (sym: Sym, text: string): bigint | null =>
		parse_number(text, sym.type === S_HEX ? 16 : sym.type === S_INT ? 10 : 0);
	if (a.type !== S_STRING || b.type !== S_STRING) {
		const x = number(a, a_text);
		const y = number(b, b_text);
		if (x !== null && y !== null) return x < y ? -1 : x > y ? 1 : 0;
	}
	return a_text < b_text ? -1 : a_text > b_text ? 1 : 0;
}

const NUMBER: Readonly<Record<10 | 16 | 0, RegExp>> = {
	10: /^-?\d+$/,
	16: /^-?(?:0[xX])?[0-9a-fA-F]+$/,
	0: /^-?(?:0[xX][0-9a-fA-F]+|\d+)$/,
};

/** A text as a number, or null if it is none. */
function parse_number(text: string, base: 10 | 16 | 0): bigint | null {
	return NUMBER[base].test(text) ? strtoll(text, base) : null;
}

/** Texts at, just below and just above another. */
function near(sym: Sym, text: string): string[] {
	if (sym.type === S_STRING) return [text, '', `${text}x`];
	const val = parse_number(text, sym.type === S_HEX ? 16 : 0);
	if (val === null) return [];
	const show = (n: bigint): string => (sym.type === S_HEX ? `0x${n.toString(16)}` : `${n}`);
	const all = [val, val + 1n, val - 1n];
	return (sym.type === S_HEX ? all.filter((n) => n >= 0n) : all).map(show);
}

// --- symbols -----------------------------------------------------------------------------

function vis_ways(kconf: Kconf, sym: Sym, { lo, hi }: Between): Way[] {
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
	return { kind: 'sym', sym: modules_sym, lo: no, hi: no };
}

const visible = (sym: Sym, lo: Tristate): Goal => ({ kind: 'vis', sym, lo, hi: yes });
const hidden = (sym: Sym): Goal => ({ kind: 'vis', sym, lo: no, hi: no });

/** Setting a value, unless it was decided otherwise; or nothing, if it is the user's already. */
function user_way(sym: Sym, value: string, needs: readonly Goal[], decided: Decided): Way[] {
	const before = decided.get(sym);
	if (before !== undefined) return before === value ? [{ needs }] : [];
	const own = is_logical(sym)
		? tristate_name(sym.def[S_DEF_USER].tri)
		: sym.def[S_DEF_USER].val;
	// In a choice it is not enough to have been said: it has to be said last.
	if (sym_has_value(sym) && own === value && !sym_get_choice_menu(sym)) return [{ needs }];
	return [{ set: { sym, value }, needs }];
}

function sym_ways(kconf: Kconf, sym: Sym, want: Between, decided: Decided): Way[] {
	if (is_fixed(sym) || !is_logical(sym)) return [];
	sym_calc_value(kconf, sym);
	if (sym_get_choice_menu(sym)) return member_ways(sym, want, decided);
	const make = sym.curr.tri > want.hi ? lower_ways : raise_ways;
	if (sym_get_type(kconf, sym) !== S_BOOLEAN) {
		const as_it_is = make(sym, want, false, [], decided);
		const modules_off = want.lo === yes && no_modules(kconf, sym);
		if (!modules_off) return as_it_is;
		return [...as_it_is, ...raise_ways(sym, want, true, [modules_off], decided)];
	}
	const lo = want.lo === mod ? yes : want.lo;
	const hi = want.hi === mod ? no : want.hi;
	const res = lo <= hi ? make(sym, { lo, hi }, true, [], decided) : [];
	const { modules_sym } = kconf;
	const m_would_do = want.lo <= mod && mod <= want.hi;
	if (sym.type === S_TRISTATE && m_would_do && modules_sym && !is_fixed(modules_sym)) {
		// A tristate can be m as soon as there are modules.
		const modules: Goal = { kind: 'sym', sym: modules_sym, lo: mod, hi: yes };
		res.push(...make(sym, { lo: mod, hi: mod }, false, [modules], decided));
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
	return [{ needs: [{ kind: 'vis', sym, lo: mod, hi: mod }, ...limit] }];
}

function raise_ways(
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
			res.push(...user_way(sym, tristate_name(u), needs, decided));
		}
		res.push(...clamped_way(sym, { lo, hi }, limit));
	}
	if (sym.rev_dep.expr) res.push({ needs: [at_least(sym.rev_dep.expr, low), ...limit] });
	const silent = sym_has_value(sym) ? [hidden(sym), ...limit] : limit;
	const earlier: Goal[] = [];
	for (const prop of sym.prop) {
		if (prop.type !== 'default') continue;
		const here: Goal = { kind: 'expr', expr: default_value(prop), lo: low, hi };
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
			res.push(...user_way(sym, tristate_name(u as Tristate), needs, decided));
		}
		res.push(...clamped_way(sym, { lo, hi }, limit));
	}
	// A select that demands less than it does now, whatever the user has said.
	if (lo > no && sym.rev_dep.expr) {
		res.push({ needs: [at_least(sym.rev_dep.expr, enough(as_bool, lo)), ...limit] });
	}
	const silent = sym_has_value(sym) ? [hidden(sym), ...limit] : limit;
	const implied: Goal[] = sym.implied.expr ? [at_most(sym.implied.expr, hi)] : [];
	const defaults = sym.prop.filter((prop) => prop.type === 'default');
	if (defaults.length === 0 || lo === no) {
		// Without its dependencies there is neither default nor imply.
		const off = defaults.map((prop) => at_most(prop.visible.expr, no));
		res.push({ needs: [...off, ...implied, ...silent] });
		if (sym.dir_dep.expr) res.push({ needs: [at_most(sym.dir_dep.expr, hi), ...silent] });
	}
	const earlier: Goal[] = [];
	for (const prop of defaults) {
		const first = at_least(prop.visible.expr, mod);
		const value: Goal = { kind: 'expr', expr: default_value(prop), lo: enough(as_bool, lo), hi };
		res.push({ needs: [first, value, ...earlier, ...implied, ...silent] });
		earlier.push(at_most(prop.visible.expr, no));
	}
	return res;
}

/** A member of a choice is y by being picked, and n by another's being picked. */
function member_ways(sym: Sym, { lo, hi }: Between, decided: Decided): Way[] {
	if (lo > no) {
		const seen = visible(sym, mod);
		// One that comes into sight may be the default, or be all that is left.
		const unsaid = sym.visible === no ? [{ needs: [seen] }] : [];
		return hi < yes ? [] : [...user_way(sym, 'y', [seen], decided), ...unsaid];
	}
	const res: Way[] = [];
	for (const other of sym.in_choice?.choice_members ?? []) {
		if (other !== sym) res.push(...user_way(other, 'y', [visible(other, mod)], decided));
	}
	res.push(...user_way(sym, 'n', [visible(sym, mod)], decided), { needs: [hidden(sym)] });
	return res;
}

function text_ways(kconf: Kconf, goal: Goal & { kind: 'text' }, decided: Decided): Way[] {
	const { sym, ok, tries } = goal;
	if (is_fixed(sym) || is_logical(sym)) return [];
	const res: Way[] = [];
	const ranges = sym.prop.filter((prop) => prop.type === 'range');
	if (prompts_of(sym).length > 0) {
		for (const value of tries) {
			const fits = ranges.length === 0 || sym_string_within_range(kconf, sym, value);
			const other = ranges
				.filter((prop) => expr_calc_value(kconf, prop.visible.expr) !== no)
				.map((prop) => at_most(prop.visible.expr, no));
			const needs = [visible(sym, mod), ...(fits ? [] : other)];
			res.push(...user_way(sym, value, needs, decided));
		}
	}
	const silent = sym_has_value(sym) ? [hidden(sym)] : [];
	const earlier: Goal[] = [];
	for (const prop of sym.prop) {
		if (prop.type !== 'default') continue;
		const source = prop_get_symbol(prop);
		if (source) {
			const value: Goal[] = is_fixed(source)
				? []
				: [{ kind: 'text', sym: source, ok, tries }];
			sym_calc_value(kconf, source);
			if (value.length > 0 || ok(sym_get_string_value(source))) {
				res.push({ needs: [at_least(prop.visible.expr, mod), ...value, ...earlier, ...silent] });
			}
		}
		earlier.push(at_most(prop.visible.expr, no));
	}
	return res;
}
