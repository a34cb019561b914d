// SPDX-License-Identifier: GPL-2.0-only
//
// The ways to the value of a member of a choice; and of a choice, which before 6.11 is a symbol
// that its members depend on, and which their values decide about. No counterpart in Linux.

import { sym_get_choice_menu } from "../choice.ts";
import { EXPR_OR, expr_alloc_and, expr_alloc_two, tristate_name } from "../expr.ts";
import type { Expr, Kconf, Menu, Property, Sym, Tristate } from "../lkc.ts";
import { mod, no, S_BOOLEAN, S_DEF_USER, S_TRISTATE, SYMBOL_OPTIONAL, yes } from "../lkc.ts";
import { sym_get_type, sym_has_value } from "../symbol.ts";
import type { Decided } from "./demands.ts";
import type { Between, Goal } from "./goal.ts";
import { at_least, is_fixed, prompts_of } from "./goal.ts";
import type { Way } from "./ways.ts";
import { hidden, user_way, visible } from "./ways_symbol.ts";

/** The choice that a symbol is a member of, or null. */
export function choice_of(kconf: Kconf, sym: Sym): Menu | null {
	return kconf.rules.old_choices ? sym.in_choice : sym_get_choice_menu(sym);
}

/** A member is y by being picked, and n by another's being picked. */
export function member_ways(kconf: Kconf, sym: Sym, { lo, hi }: Between, decided: Decided): Way[] {
	if (kconf.rules.old_choices) return old_member_ways(kconf, sym, { lo, hi }, decided);
	if (lo > no) {
		const seen = visible(sym, mod);
		// One that comes into sight may be the default, or be all that is left.
		const unsaid = sym.visible === no ? [{ needs: [seen] }] : [];
		return hi < yes ? [] : [...user_way(kconf, sym, "y", [seen], decided), ...unsaid];
	}
	const res: Way[] = [];
	for (const other of sym.in_choice?.choice_members ?? []) {
		if (other !== sym) res.push(...user_way(kconf, other, "y", [visible(other, mod)], decided));
	}
	res.push(...user_way(kconf, sym, "n", [visible(sym, mod)], decided), { needs: [hidden(sym)] });
	return res;
}

// --- before 6.11 -------------------------------------------------------------------------

const OWN = new WeakMap<Property, Expr | null>();

/** What a prompt of a member needs besides its choice. */
export function own_condition(choice: Sym, prop: Property): Expr | null {
	let e = OWN.get(prop);
	if (e === undefined) {
		e = without(prop.visible.expr, choice);
		OWN.set(prop, e);
	}
	return e;
}

function without(e: Expr | null, choice: Sym): Expr | null {
	if (!e) return null;
	if (e.type === "symbol") return e.sym === choice ? null : e;
	if (e.type === "=") return e.left === choice ? null : e;
	if (e.type !== "and" && e.type !== "or") return e;
	const [left, right] = [without(e.left, choice), without(e.right, choice)];
	if (e.type === "and") return expr_alloc_and(left, right);
	return left && right ? expr_alloc_two("or", left, right) : null;
}

/** That a choice can be y, as far as that does not depend on its members. */
const seen_as_y = (choice: Sym): Goal => visible(choice, choice.type === S_TRISTATE ? yes : mod);

/** What it takes, one way for each prompt, that a member can have a value in its choice. */
function member_needs(choice: Sym, sym: Sym, value: Tristate): Goal[][] {
	const whole = value === yes && sym.type === S_TRISTATE ? yes : mod;
	const of_choice = value === yes ? seen_as_y(choice) : visible(choice, mod);
	return prompts_of(sym).map((prop) => [of_choice, at_least(own_condition(choice, prop), whole)]);
}

const members_of = (sym: Sym): readonly Sym[] => sym.in_choice?.choice_members ?? [];

/** Setting a member to y, whatever its choice is now. */
const pick_ways = (kconf: Kconf, choice: Sym, sym: Sym, decided: Decided): Way[] =>
	member_needs(choice, sym, yes).flatMap((needs) => user_way(kconf, sym, "y", needs, decided));

function old_member_ways(kconf: Kconf, sym: Sym, { lo, hi }: Between, decided: Decided): Way[] {
	const choice = sym.in_choice?.sym as Sym;
	const res: Way[] = [];
	const is = (low: Tristate, high: Tristate): Goal => ({ kind: "sym", sym: choice, lo: low, hi: high });
	if (hi === yes) {
		res.push(...pick_ways(kconf, choice, sym, decided));
		// One that comes into sight may be the default, or have been picked before.
		if (sym.visible !== yes) res.push(...member_needs(choice, sym, yes).map((needs) => ({ needs })));
		if (sym.visible !== yes) res.push({ needs: [is(yes, yes), visible(sym, mod)] });
	}
	if (lo <= mod && hi >= mod && sym.type === S_TRISTATE && choice.type === S_TRISTATE) {
		for (const [, own] of member_needs(choice, sym, mod)) {
			const needs = [is(mod, mod), own as Goal];
			res.push(...user_way(kconf, sym, "m", needs, decided));
			if (sym_has_value(sym) && sym.def[S_DEF_USER].tri !== no) res.push({ needs });
		}
	}
	if (lo > no) return res;
	for (const other of members_of(sym)) {
		if (other === sym) continue;
		res.push(...pick_ways(kconf, choice, other, decided));
		if (other.visible === no) res.push({ needs: [visible(other, mod)] });
	}
	res.push(...user_way(kconf, sym, "n", [visible(sym, mod)], decided));
	res.push({ needs: [hidden(sym)] }, { needs: [is(no, mod)] });
	return res;
}

/** The ways to the value of a choice. */
export function choice_ways(kconf: Kconf, choice: Sym, want: Between, decided: Decided): Way[] {
	const members = choice.menus[0]?.choice_members ?? [];
	return choice.curr.tri < want.lo
		? raise_choice(kconf, choice, members, want, decided)
		: lower_choice(kconf, choice, members, want, decided);
}

/** What else m takes: that there are modules. */
function modules_on(kconf: Kconf, choice: Sym): Goal[] | null {
	if (choice.type !== S_TRISTATE) return null;
	if (sym_get_type(kconf, choice) !== S_BOOLEAN) return [];
	const { modules_sym } = kconf;
	return modules_sym && !is_fixed(modules_sym) ? [{ kind: "sym", sym: modules_sym, lo: mod, hi: yes }] : null;
}

function raise_choice(
	kconf: Kconf,
	choice: Sym,
	members: readonly Sym[],
	{ lo, hi }: Between,
	decided: Decided,
): Way[] {
	const res: Way[] = [];
	const optional = (choice.flags & SYMBOL_OPTIONAL) !== 0;
	if (hi === yes) {
		const any: Goal = {
			kind: "some",
			goals: members.flatMap((sym) =>
				member_needs(choice, sym, yes).map((goals) => ({ kind: "all", goals }) as Goal),
			),
		};
		const said = members.reduce<Tristate>((tri, sym) => EXPR_OR(tri, said_of(sym)), no);
		if (!optional || said !== no) res.push({ needs: [seen_as_y(choice), any] });
		for (const sym of members) res.push(...pick_ways(kconf, choice, sym, decided));
	}
	const modules = modules_on(kconf, choice);
	if (lo > mod || !modules) return res;
	const seen: Goal = hi === yes ? visible(choice, mod) : { kind: "vis", sym: choice, lo: mod, hi: mod };
	if (!optional) res.push({ needs: [visible(choice, mod), ...modules] });
	res.push({ needs: [seen, ...modules] });
	for (const sym of members)
		for (const needs of member_needs(choice, sym, mod))
			res.push(...user_way(kconf, sym, "m", [...needs, ...modules], decided));
	return res;
}

/** What the user has said of a member. */
const said_of = (sym: Sym): Tristate => (sym_has_value(sym) ? sym.def[S_DEF_USER].tri : no);

function lower_choice(
	kconf: Kconf,
	choice: Sym,
	members: readonly Sym[],
	{ lo, hi }: Between,
	decided: Decided,
): Way[] {
	const res: Way[] = [];
	const to = (sym: Sym, tri: Tristate, needs: readonly Goal[]): void => {
		res.push(...user_way(kconf, sym, tristate_name(tri), needs, decided));
	};
	const modules = modules_on(kconf, choice);
	if (lo <= mod && hi >= mod && modules) {
		res.push({ needs: [{ kind: "vis", sym: choice, lo: mod, hi: mod }, ...modules] });
		if (modules.length > 0) res.push({ needs: modules });
		for (const sym of members) {
			if (said_of(sym) !== yes) continue;
			to(sym, no, modules);
			if (sym.type === S_TRISTATE) to(sym, mod, modules);
		}
	}
	if (lo > no) return res;
	res.push({ needs: [hidden(choice)] });
	if (choice.flags & SYMBOL_OPTIONAL) for (const sym of members) if (said_of(sym) !== no) to(sym, no, []);
	// Without a member in sight there is nothing that it could be y by.
	if (members.length > 0) res.push({ needs: members.map(hidden_by_itself(choice)) });
	return res;
}

const hidden_by_itself =
	(choice: Sym) =>
	(sym: Sym): Goal => ({
		kind: "all",
		goals: prompts_of(sym).map((prop) => ({
			kind: "expr",
			expr: own_condition(choice, prop),
			lo: no,
			hi: no,
		})),
	});
