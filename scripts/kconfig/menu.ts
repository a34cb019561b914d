// SPDX-License-Identifier: GPL-2.0-only
//
// The tree of entries: walking it, and finishing it after parsing. Mirrors Linux's
// scripts/kconfig/menu.c. Left out: the help texts with their locations (conf.ts prints what
// it needs).

import { sym_get_choice_menu } from "./choice.ts";
import {
	expr_alloc_and,
	expr_alloc_not,
	expr_alloc_or,
	expr_alloc_symbol,
	expr_alloc_two,
	expr_calc_value,
	expr_contains_symbol,
	expr_depends_symbol,
	expr_is_yes,
	HAS_M,
} from "./expr.ts";
import { expr_eliminate_dups, expr_eliminate_eq, expr_trans_compare, expr_transform } from "./expr_simplify.ts";
import type { Expr, Kconf, Menu, Property, Sym, SymbolType } from "./lkc.ts";
import { no, S_BOOLEAN, S_HEX, S_INT, S_STRING, S_TRISTATE, S_UNKNOWN, SYMBOL_DEF_USER, SYMBOL_WARNED } from "./lkc.ts";
import { menu_finalize as old_menu_finalize } from "./old/menu.ts";
import { prop_get_symbol, sym_calc_value, sym_get_tristate_value, sym_is_choice, sym_string_valid } from "./symbol.ts";

/** The entry after one, depth first; null when all below `root` have been. */
export function menu_next(menu: Menu, root: Menu | null): Menu | null {
	if (menu.list) return menu.list;
	let at: Menu | null = menu;
	while (at && at !== root && !at.next) at = at.parent;
	return at && at !== root ? at.next : null;
}

/** All nodes below one, depth first; the node itself is not among them. */
export function* menu_for_each_sub_entry(root: Menu): Generator<Menu> {
	for (let menu = menu_next(root, root); menu; menu = menu_next(menu, root)) yield menu;
}

/** All nodes of the tree, depth first. */
export function menu_for_each_entry(kconf: Kconf): Generator<Menu> {
	return menu_for_each_sub_entry(kconf.rootmenu);
}

/** A warning about an entry, at the place where it begins. */
export function menu_warn(kconf: Kconf, menu: Menu, text: string): void {
	kconf.host.err(`${menu.filename}:${menu.lineno}:warning: ${text}\n`);
}

/** A warning about a property, at its line. */
export function prop_warn(kconf: Kconf, prop: Property, text: string): void {
	kconf.host.err(`${prop.filename}:${prop.lineno}:warning: ${text}\n`);
}

/** In a condition, m is only as good as the modules are: m becomes m && MODULES. */
export function rewrite_m(kconf: Kconf, e: Expr | null): Expr | null {
	if (!e || !(e.has & HAS_M)) return e;
	switch (e.type) {
		case "not": {
			const inner = rewrite_m(kconf, e.expr) as Expr;
			return inner === e.expr ? e : expr_alloc_not(inner);
		}
		case "and":
		case "or": {
			const left = rewrite_m(kconf, e.left) as Expr;
			const right = rewrite_m(kconf, e.right) as Expr;
			return left === e.left && right === e.right ? e : expr_alloc_two(e.type, left, right);
		}
		case "symbol":
			if (e.sym !== kconf.symbol_mod || !kconf.modules_sym) return e;
			return expr_alloc_and(e, expr_alloc_symbol(kconf.modules_sym));
		default:
			return e;
	}
}

/** A condition of an entry, together with the conditions of everything around it. */
function combine(kconf: Kconf, outer: Expr | null, own: Expr | null): Expr | null {
	const dep = expr_transform(kconf, rewrite_m(kconf, own));
	return expr_eliminate_dups(kconf, expr_alloc_and(outer, dep));
}

/** Hands the dependencies of a node down to one child and to what is stated there. */
function propagate(kconf: Kconf, parent: Menu, menu: Menu): void {
	menu.dep = combine(kconf, parent.dep, menu.dep);
	const props = menu.sym ? menu.sym.prop : menu.prompt ? [menu.prompt] : [];
	for (const prop of props) {
		// The properties of other definitions are done where those stand.
		if (prop.menu !== menu) continue;
		prop.visible.expr = combine(kconf, menu.dep, prop.visible.expr);
		if (!menu.sym || (prop.type !== "select" && prop.type !== "imply")) continue;
		const target = prop_get_symbol(prop);
		if (!target) continue;
		const by = expr_alloc_and(expr_alloc_symbol(menu.sym), prop.visible.expr);
		const dep = prop.type === "select" ? target.rev_dep : target.implied;
		dep.expr = expr_alloc_or(dep.expr, by);
	}
}

/** Moves the entries that follow a symbol and depend on it into a submenu of it. */
function make_submenu(kconf: Kconf, parent: Menu, sym: Sym): void {
	const simple = (e: Expr | null): Expr | null =>
		expr_eliminate_dups(kconf, expr_transform(kconf, expr_trans_compare(kconf, e, true)));
	let basedep: Expr | null = null;
	let last: Menu | null = null;
	for (let menu = parent.next; menu; menu = menu.next) {
		const dep = menu.prompt ? menu.prompt.visible.expr : menu.dep;
		if (!expr_contains_symbol(dep, sym)) break;
		if (!expr_depends_symbol(kconf, dep, sym)) {
			// It still belongs here if nothing of the symbol's own conditions is missing in it.
			basedep ??= simple(parent.prompt?.visible.expr ?? null);
			const [, rest] = expr_eliminate_eq(kconf, simple(dep), basedep);
			if (!expr_is_yes(kconf, rest)) break;
		}
		finalize(kconf, menu, false);
		menu.parent = parent;
		last = menu;
	}
	if (last) {
		parent.list = parent.next;
		parent.next = last.next;
		last.next = null;
	}
	sym.dir_dep.expr = expr_alloc_or(sym.dir_dep.expr, parent.dep);
}

/** Lifts the children of a node without a prompt (an "if" block) up to the node's level. */
export function flatten_one(parent: Menu, menu: Menu): void {
	if (!menu.list || menu.prompt) return;
	let last = menu.list;
	last.parent = parent;
	while (last.next) {
		last = last.next;
		last.parent = parent;
	}
	last.next = menu.next;
	menu.next = menu.list;
	menu.list = null;
}

function finalize(kconf: Kconf, parent: Menu, inside_choice: boolean): void {
	const { sym } = parent;
	if (parent.list) {
		for (let menu: Menu | null = parent.list; menu; menu = menu.next) {
			propagate(kconf, parent, menu);
		}
		const is_choice = sym !== null && sym_is_choice(sym);
		for (let menu: Menu | null = parent.list; menu; menu = menu.next) {
			finalize(kconf, menu, is_choice);
		}
	} else if (!inside_choice && sym) {
		make_submenu(kconf, parent, sym);
	}
	for (let menu = parent.list; menu; menu = menu.next) flatten_one(parent, menu);
	if (sym && !(sym.flags & SYMBOL_WARNED)) {
		if (sym.type === S_UNKNOWN) menu_warn(kconf, parent, "config symbol defined without type");
		sym_check_prop(kconf, sym);
		sym.flags |= SYMBOL_WARNED;
	}
}

/** Completes the tree after parsing: dependencies, reverse dependencies, submenus. */
export function menu_finalize(kconf: Kconf): void {
	if (kconf.rules.old_choices) old_menu_finalize(kconf, kconf.rootmenu);
	else finalize(kconf, kconf.rootmenu, false);
}

const is_number = (sym: Sym, value: Sym): boolean =>
	value.type === S_INT ||
	value.type === S_HEX ||
	(value.type === S_UNKNOWN && sym_string_valid(sym, value.name ?? ""));

/** Gives the symbol of an entry its type; a second, different one is ignored. */
export function menu_set_type(kconf: Kconf, menu: Menu, type: SymbolType): void {
	const { sym } = menu;
	if (!sym || sym.type === type) return;
	if (sym.type === S_UNKNOWN) {
		sym.type = type;
		return;
	}
	const name = sym.name ?? "<choice>";
	menu_warn(kconf, menu, `ignoring type redefinition of '${name}' from '${sym.type}' to '${type}'`);
}

/** Warns of statements that make no sense for the symbol's type. */
export function sym_check_prop(kconf: Kconf, sym: Sym): void {
	const numeric = sym.type === S_INT || sym.type === S_HEX;
	for (const prop of sym.prop) {
		if (prop.type === "default") check_default(kconf, sym, prop);
		if (prop.type === "select" || prop.type === "imply") check_select(kconf, sym, prop);
		if (prop.type === "range" && prop.expr?.type === "range") {
			if (!numeric) prop_warn(kconf, prop, "range is only allowed for int or hex symbols");
			if (!is_number(sym, prop.expr.left) || !is_number(sym, prop.expr.right)) {
				prop_warn(kconf, prop, "range is invalid");
			}
		}
	}
}

function check_default(kconf: Kconf, sym: Sym, prop: Property): void {
	const numeric = sym.type === S_INT || sym.type === S_HEX;
	const value = prop_get_symbol(prop);
	if (!value) {
		if (numeric || sym.type === S_STRING) {
			const what = `default for config symbol '${sym.name}' must be a single symbol`;
			prop_warn(kconf, prop, what);
		}
		return;
	}
	if (numeric && !is_number(sym, value)) {
		prop_warn(kconf, prop, `'${sym.name}': number is invalid`);
	}
	const of = kconf.rules.old_choices ? value.in_choice : sym_get_choice_menu(value);
	if (sym_is_choice(sym) && of?.sym !== sym) {
		const what = `choice default symbol '${value.name}' is not contained in the choice`;
		prop_warn(kconf, prop, what);
	}
}

function check_select(kconf: Kconf, sym: Sym, prop: Property): void {
	const target = prop_get_symbol(prop);
	const logical = (s: Sym): boolean => s.type === S_BOOLEAN || s.type === S_TRISTATE;
	if (!logical(sym)) {
		const what = `config symbol '${sym.name}' uses ${prop.type}, but is not bool or tristate`;
		prop_warn(kconf, prop, what);
	} else if (target && target.type !== S_UNKNOWN && !logical(target)) {
		const only = `'${prop.type}' only accept arguments of bool and tristate type`;
		prop_warn(kconf, prop, `'${target.name}' has wrong type. ${only}`);
	}
}

/** Is the entry shown now? A bool with visible entries below it is, even if unreachable. */
export function menu_is_visible(kconf: Kconf, menu: Menu): boolean {
	const { prompt, sym } = menu;
	if (!prompt) return false;
	if (menu.visibility && expr_calc_value(kconf, menu.visibility) === no) return false;
	if (sym) sym_calc_value(kconf, sym);
	else prompt.visible.tri = expr_calc_value(kconf, prompt.visible.expr);
	if (prompt.visible.tri !== no) return true;
	if (!sym || sym_get_tristate_value(sym) === no) return false;
	for (let child = menu.list; child; child = child.next) {
		if (!menu_is_visible(kconf, child)) continue;
		if (kconf.rules.old_choices && !kconf.rules.ancient) sym.flags |= SYMBOL_DEF_USER;
		return true;
	}
	return false;
}

/** What an entry is called: its prompt, else its symbol. */
export function menu_get_prompt(menu: Menu): string {
	return menu.prompt?.text ?? menu.sym?.name ?? "";
}

/** The entry itself if it is a menu, else the nearest around it, or the root. */
export function menu_get_menu_or_parent_menu(kconf: Kconf, menu: Menu): Menu {
	let at: Menu = menu;
	while (at !== kconf.rootmenu && at.prompt?.type !== "menu") at = at.parent ?? kconf.rootmenu;
	return at;
}
