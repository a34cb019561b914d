// SPDX-License-Identifier: GPL-2.0-only
//
// Answers every open question at once: allnoconfig, allyesconfig, alldefconfig, randconfig
// and the like. Mirrors conf_set_all_new_symbols() of Linux's scripts/kconfig/conf.c.

import { strtoll } from "./expr.ts";
import type { Kconf, KconfHost, Menu, Sym, Tristate } from "./lkc.ts";
import { ConfExit, mod, no, S_BOOLEAN, S_DEF_USER, S_TRISTATE, SYMBOL_DEF_USER, yes } from "./lkc.ts";
import { menu_for_each_entry, menu_for_each_sub_entry } from "./menu.ts";
import { set_all_new_symbols } from "./old/conf_all.ts";
import { srand } from "./rand.ts";
import { sym_clear_all_valid, sym_get_type, sym_has_value, sym_is_choice, sym_is_choice_value } from "./symbol.ts";

export type DefMode = "default" | "yes" | "mod" | "no" | "random";

/** Percentages: a bool is y, a tristate is y, a tristate is m. */
export interface Probability {
	pby: number;
	pty: number;
	ptm: number;
}

const OUT_OF_RANGE = "KCONFIG_PROBABILITY: Numerical result out of range";

/** $KCONFIG_PROBABILITY: "N", "Y:M" of tristates, or "N:Y:M", as strtol() reads them. */
function probability(kconf: Kconf): Probability {
	const p: number[] = [];
	let env = kconf.host.env.KCONFIG_PROBABILITY ?? "";
	while (env !== "" && p.length < 3) {
		const m = /^[ \t\n\v\f\r]*([+-]?[0-9]+)/.exec(env);
		const value = m ? Number(m[1]) : 0;
		if (value < 0 || value > 100) throw new ConfExit(1, OUT_OF_RANGE);
		p.push(value);
		env = env.slice(m?.[0].length ?? 0);
		if (env.startsWith(":")) env = env.slice(1);
	}
	const [a, b, c] = p;
	let res: Probability = { pby: 50, pty: 33, ptm: 33 };
	if (a !== undefined && b !== undefined && c !== undefined) res = { pby: a, pty: b, ptm: c };
	else if (a !== undefined && b !== undefined) res = { pby: a + b, pty: a, ptm: b };
	else if (a !== undefined) res = { pby: a, pty: a - Math.trunc(a / 2), ptm: Math.trunc(a / 2) };
	if (res.pty + res.ptm > 100) throw new ConfExit(1, OUT_OF_RANGE);
	return res;
}

/** $KCONFIG_SEED as C reads it (0x…, 0…, decimal), or one from the clock; it is printed. */
export function set_randconfig_seed(host: KconfHost, as_error = false): () => number {
	const env = host.env.KCONFIG_SEED ?? "";
	let seed = /^[ \t\n\v\f\r]*[+-]?(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)$/i.test(env)
		? Number(BigInt.asUintN(32, strtoll(env, 0)))
		: undefined;
	if (seed === undefined) {
		const now = Date.now();
		seed = Math.imul(Math.trunc(now / 1000) + 1, (now % 1000) * 1000 + 1) >>> 0;
	}
	const text = `KCONFIG_SEED=0x${seed.toString(16).toUpperCase()}\n`;
	if (as_error) host.err(text);
	else host.out(text);
	return srand(seed);
}

function set_user(sym: Sym, val: Tristate): void {
	sym.def[S_DEF_USER].tri = val;
	sym.flags |= SYMBOL_DEF_USER;
}

/** Gives every visible or invisible question without an answer the same kind of answer. */
export function conf_set_all_new_symbols(kconf: Kconf, mode: DefMode, rand?: () => number): void {
	const p = mode === "random" ? probability(kconf) : null;
	if (kconf.rules.old_choices) {
		set_all_new_symbols(kconf, mode, p, rand);
		return;
	}
	for (const menu of menu_for_each_entry(kconf)) {
		const { sym } = menu;
		if (!sym || !menu.prompt || sym_has_value(sym) || sym_is_choice_value(sym)) continue;
		if (sym.type !== S_BOOLEAN && sym.type !== S_TRISTATE) continue;
		if (sym_is_choice(sym)) {
			if (rand) randomize_choice_values(menu, rand);
		} else if (mode === "yes") set_user(sym, yes);
		else if (mode === "mod") set_user(sym, mod);
		else if (mode === "no") set_user(sym, no);
		else if (p && rand) set_user(sym, random_value(sym, p, rand() % 100));
	}
	sym_clear_all_valid(kconf);
}

export function random_value(sym: Sym, p: Probability, draw: number): Tristate {
	if (sym.type !== S_TRISTATE) return draw < p.pby ? yes : no;
	return draw < p.pty ? yes : draw < p.pty + p.ptm ? mod : no;
}

/**
 * Puts the members that nothing was said about in a random order of preference. One that the
 * files name twice counts twice, until it has been drawn; then a draw may hit nobody.
 */
function randomize_choice_values(choice: Menu, rand: () => number): void {
	const open = (): Sym[] =>
		[...menu_for_each_sub_entry(choice)].flatMap(({ sym }) => (sym && !sym_has_value(sym) ? [sym] : []));
	for (let cnt = open().length; cnt > 0; cnt--) {
		const sym = open()[rand() % cnt];
		if (!sym) continue;
		set_user(sym, yes);
		// Behind everything that $KCONFIG_ALLCONFIG asked for.
		choice.choice_members = choice.choice_members.filter((other) => other !== sym);
		choice.choice_members.push(sym);
	}
}

/** Turns one answer into another for all tristates. */
export function conf_rewrite_tristates(kconf: Kconf, from: Tristate, to: Tristate): void {
	for (const sym of kconf.all) {
		if (sym_get_type(kconf, sym) !== S_TRISTATE) continue;
		if (sym.def[S_DEF_USER].tri === from) sym.def[S_DEF_USER].tri = to;
	}
	sym_clear_all_valid(kconf);
}
