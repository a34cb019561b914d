// SPDX-License-Identifier: GPL-2.0-only
//
// The entries of a menu as lines: "[*] prompt", "<M> prompt  --->", "(8) prompt (NEW)".
// Mirrors build_conf() of Linux's scripts/kconfig/mconf.c.

import { sym_calc_choice } from "../choice.ts";
import type { Kconf, Menu, Sym } from "../lkc.ts";
import { mod, no, S_BOOLEAN, S_TRISTATE, yes } from "../lkc.ts";
import { menu_get_prompt, menu_is_visible } from "../menu.ts";
import {
	sym_get_string_value,
	sym_get_tristate_value,
	sym_get_type,
	sym_has_value,
	sym_is_changeable,
	sym_is_choice,
} from "../symbol.ts";
import { to_text } from "../text.ts";

/**
 * One line. The tag says what can be done with it: m is a menu to enter, t something with
 * three values (or a choice), s something to type, X the chosen one of a radio list, and :
 * nothing at all.
 */
export interface Item {
	readonly text: string;
	readonly tag: "m" | "t" | "s" | "X" | ":" | " ";
	readonly menu: Menu;
}

/** How the tree is shown. */
export interface View {
	/** Show entries that cannot be changed now. */
	show_all: boolean;
	/** Show the whole tree as one list, in which menus are folded. */
	single_menu: boolean;
	/** The menus that are not folded. */
	readonly unfolded: Set<Menu>;
}

interface Builder {
	readonly kconf: Kconf;
	readonly view: View;
	readonly current: Menu;
	readonly items: Item[];
}

/** Does a menu have nothing in it that is shown? */
function menu_is_empty(kconf: Kconf, menu: Menu): boolean {
	for (let child = menu.list; child; child = child.next) {
		if (menu_is_visible(kconf, child)) return false;
	}
	return true;
}

/** Is the entry part of the list now? Its values are up to date afterwards. */
function is_shown(kconf: Kconf, view: View, menu: Menu): boolean {
	const visible = menu_is_visible(kconf, menu);
	return view.show_all ? menu.prompt !== null : visible;
}

/** The lines of a menu. */
export function build_conf(kconf: Kconf, view: View, current: Menu): Item[] {
	const b: Builder = { kconf, view, current, items: [] };
	build(b, current, 0);
	return b.items.map((item) => ({ ...item, text: to_text(item.text) }));
}

const blanks = (n: number): string => " ".repeat(Math.max(1, n));

/** One entry, and what is below it unless that is to be entered. */
function build(b: Builder, menu: Menu, indent: number): void {
	if (!is_shown(b.kconf, b.view, menu)) return;
	const deeper = menu.sym ? build_sym(b, menu, menu.sym, indent) : build_plain(b, menu, indent);
	if (deeper === null) return;
	for (let child = menu.list; child; child = child.next) build(b, child, deeper);
}

/** A menu or comment. Returns the indentation of what is below; null if that is hidden. */
function build_plain(b: Builder, menu: Menu, indent: number): number | null {
	const { items, view } = b;
	if (!menu.prompt || menu === b.current) return indent;
	const prompt = menu_get_prompt(menu);
	const pad = blanks(indent + 1);
	if (menu.prompt.type !== "menu") {
		items.push({ text: `   ${pad}*** ${prompt} ***`, tag: ":", menu });
		return indent + 2;
	}
	if (view.single_menu) {
		const open = view.unfolded.has(menu);
		items.push({ text: `${open ? "-->" : "++>"}${pad}${prompt}`, tag: "m", menu });
		return open ? indent + 2 : null;
	}
	items.push({ text: `   ${pad}${prompt}  ${arrow(b, menu)}`, tag: "m", menu });
	return null;
}

const arrow = (b: Builder, menu: Menu): string => (menu_is_empty(b.kconf, menu) ? "----" : "--->");

function build_sym(b: Builder, menu: Menu, sym: Sym, indent: number): number | null {
	const prompt = menu_get_prompt(menu);
	const pad = blanks(indent + 1);
	if (sym_is_choice(sym)) {
		build_choice(b, menu, pad);
		return null;
	}
	if (menu === b.current) {
		b.items.push({ text: `---${pad}${prompt}`, tag: ":", menu });
		return indent + 2;
	}
	const fresh = sym_has_value(sym) || !sym_is_changeable(sym) ? "" : " (NEW)";
	const type = sym_get_type(b.kconf, sym);
	if (type !== S_BOOLEAN && type !== S_TRISTATE) {
		const value = `(${sym_get_string_value(sym)})`;
		const text = `${value}${blanks(indent + 4 - value.length)}${prompt}${fresh}`;
		b.items.push({ text, tag: "s", menu });
		return indent + 2;
	}
	const is_menu = menu.prompt?.type === "menu";
	const below = is_menu ? `  ${arrow(b, menu)}` : "";
	const text = `${brackets(b.kconf, sym)}${pad}${prompt}${fresh}${below}`;
	b.items.push({ text, tag: "t", menu });
	return is_menu ? null : indent + 2;
}

/** The value, in brackets that say what may be done with it. */
export function brackets(kconf: Kconf, sym: Sym): string {
	const val = sym_get_tristate_value(sym);
	const tristate = sym_get_type(kconf, sym) === S_TRISTATE;
	const mark = val === no ? " " : val === mod && tristate ? "M" : "*";
	if (!sym_is_changeable(sym)) return `-${mark}-`;
	if (!tristate) return `[${mark}]`;
	return sym.rev_dep.tri === mod ? `{${mark}}` : `<${mark}>`;
}

function build_choice(b: Builder, menu: Menu, pad: string): void {
	const chosen = sym_calc_choice(b.kconf, menu);
	let shown: Menu | null = null;
	for (let child = menu.list; child; child = child.next) {
		if (menu_is_visible(b.kconf, child) && child.sym === chosen) shown = child;
	}
	const value = shown ? ` (${menu_get_prompt(shown)})  --->` : "";
	const text = `   ${pad}${menu_get_prompt(menu)}${value}`;
	b.items.push({ text, tag: shown ? "t" : ":", menu });
}

/** The lines of a radio list: the members of a choice. */
export function build_choice_items(kconf: Kconf, menu: Menu): Item[] {
	const items: Item[] = [];
	const chosen = sym_calc_choice(kconf, menu);
	for (let child = menu.list; child; child = child.next) {
		if (!menu_is_visible(kconf, child)) continue;
		const prompt = to_text(menu_get_prompt(child));
		if (!child.sym) items.push({ text: `*** ${prompt} ***`, tag: ":", menu: child });
		else items.push({ text: prompt, tag: child.sym === chosen ? "X" : " ", menu: child });
	}
	return items;
}

/** The value that <Space> goes on to: n, m, y, and n again, as far as allowed. */
export const NEXT_TRISTATE = [mod, yes, no] as const;
