// SPDX-License-Identifier: GPL-2.0-only
//
// Finishes the tree of entries as Linux's scripts/kconfig/menu.c did before 6.11: choices hand
// down their own value as a dependency, and their members are found here, and not by the
// parser.

import {
	expr_alloc_and,
	expr_alloc_comp,
	expr_alloc_or,
	expr_alloc_symbol,
	expr_contains_symbol,
	expr_depends_symbol,
	expr_is_yes,
} from "../expr.ts";
import { expr_trans_compare } from "../expr_simplify.ts";
import type { Expr, Kconf, Menu, Sym } from "../lkc.ts";
import { S_TRISTATE, S_UNKNOWN, SYMBOL_OPTIONAL, SYMBOL_WARNED } from "../lkc.ts";
import { flatten_one, menu_set_type, menu_warn, prop_warn, rewrite_m, sym_check_prop } from "../menu.ts";
import { prop_get_symbol, sym_is_choice } from "../symbol.ts";
import { choice_state } from "./choice.ts";
import { combine, rest_of, simplify } from "./expr_simplify.ts";

/** Hands the dependencies of a node down to one child and to what is stated there. */
function propagate(kconf: Kconf, parentdep: Expr | null, menu: Menu): void {
	const { sym } = menu;
	menu.dep = combine(kconf, parentdep, rewrite_m(kconf, menu.dep));
	const bools = kconf.rules.trans_bool && sym !== null && sym.type !== S_TRISTATE;
	for (const prop of sym ? sym.prop : menu.prompt ? [menu.prompt] : []) {
		if (prop.menu !== menu) continue;
		prop.visible.expr = combine(kconf, menu.dep, rewrite_m(kconf, prop.visible.expr), bools);
		if (!sym || (prop.type !== "select" && prop.type !== "imply")) continue;
		const target = prop_get_symbol(prop);
		if (!target) continue;
		const by = expr_alloc_and(expr_alloc_symbol(sym), prop.visible.expr);
		const dep = prop.type === "select" ? target.rev_dep : target.implied;
		dep.expr = expr_alloc_or(dep.expr, by);
	}
}

/** A choice and its members have one type, if one of them says so. */
function choice_types(kconf: Kconf, choice: Menu, sym: Sym): void {
	const children: Menu[] = [];
	for (let menu = choice.list; menu; menu = menu.next) if (menu.sym) children.push(menu);
	const typed = children.find((menu) => menu.sym?.type !== S_UNKNOWN)?.sym;
	if (sym.type === S_UNKNOWN && typed) menu_set_type(kconf, choice, typed.type);
	for (const menu of children) if (menu.sym?.type === S_UNKNOWN) menu_set_type(kconf, menu, sym.type);
}

/** Moves the entries that follow a symbol and depend on it into a submenu of it. */
function make_submenu(kconf: Kconf, parent: Menu, sym: Sym): void {
	const simple = (e: Expr | null): Expr => simplify(kconf, expr_trans_compare(kconf, e, true));
	let basedep: Expr | null = null;
	let last: Menu | null = null;
	for (let menu = parent.next; menu; menu = menu.next) {
		const dep = menu.prompt ? menu.prompt.visible.expr : menu.dep;
		if (!expr_contains_symbol(dep, sym)) break;
		if (!expr_depends_symbol(kconf, dep, sym)) {
			basedep ??= simple(parent.prompt?.visible.expr ?? null);
			if (!expr_is_yes(kconf, rest_of(kconf, simple(dep), basedep))) break;
		}
		menu_finalize(kconf, menu);
		menu.parent = parent;
		last = menu;
	}
	if (last) {
		parent.list = parent.next;
		parent.next = last.next;
		last.next = null;
	}
	if (!kconf.rules.ancient) sym.dir_dep.expr = expr_alloc_or(sym.dir_dep.expr, parent.dep);
}

/** Makes a member of a child of a choice. */
function add_member(kconf: Kconf, choice: Menu, of: Sym, menu: Menu, sym: Sym): void {
	if (!menu.prompt) menu_warn(kconf, menu, "choice value must have a prompt");
	for (const prop of sym.prop) {
		if (prop.type === "default") prop_warn(kconf, prop, "defaults for choice values not supported");
		if (prop.menu === menu || prop.type !== "prompt" || prop.menu.parent?.sym === of) continue;
		prop_warn(kconf, prop, "choice value used outside its choice group");
	}
	if (of.type === S_TRISTATE && sym.type !== S_TRISTATE) {
		// A bool can be y only if it is the one member that is.
		const only = expr_alloc_comp("=", of, kconf.symbol_yes);
		menu.dep = expr_alloc_and(only, menu.dep);
		for (const prop of sym.prop) {
			if (prop.menu === menu) prop.visible.expr = expr_alloc_and(only, prop.visible.expr);
		}
	}
	sym.in_choice = choice;
	const { members } = choice_state(kconf, of);
	members.push(sym);
	// One list for all nodes of a choice that has a name.
	choice.choice_members = members;
}

/** Completes the part of the tree below an entry, and the entry. */
export function menu_finalize(kconf: Kconf, parent: Menu): void {
	const { sym } = parent;
	const choice = sym && sym_is_choice(sym) ? sym : null;
	if (parent.list) {
		if (choice) choice_types(kconf, parent, choice);
		const of_prompt = kconf.rules.menu_prompt_dep && parent.prompt;
		const own = of_prompt ? of_prompt.visible.expr : parent.dep;
		const parentdep = choice ? expr_alloc_symbol(choice) : own;
		for (let menu: Menu | null = parent.list; menu; menu = menu.next) propagate(kconf, parentdep, menu);
		for (let menu: Menu | null = parent.list; menu; menu = menu.next) menu_finalize(kconf, menu);
	} else if (sym) {
		make_submenu(kconf, parent, sym);
	}
	for (let menu = parent.list; menu; menu = menu.next) {
		if (choice && menu.sym && !menu.sym.in_choice) add_member(kconf, parent, choice, menu, menu.sym);
		flatten_one(parent, menu);
	}
	if (!sym) return;
	if (!(sym.flags & SYMBOL_WARNED)) {
		if (sym.type === S_UNKNOWN) menu_warn(kconf, parent, "config symbol defined without type");
		if (choice && !parent.prompt) menu_warn(kconf, parent, "choice must have a prompt");
		sym_check_prop(kconf, sym);
		sym.flags |= SYMBOL_WARNED;
	}
	// A choice that is seen, and not optional, cannot be n.
	if (choice && !(sym.flags & SYMBOL_OPTIONAL) && parent.prompt) {
		const seen = expr_alloc_and(parent.prompt.visible.expr, expr_alloc_symbol(kconf.symbol_mod));
		sym.rev_dep.expr = expr_alloc_or(sym.rev_dep.expr, seen);
	}
}
