// SPDX-License-Identifier: GPL-2.0-only
//
// What the front ends say about an entry: its help, its symbol's type and value, where it
// is defined and found, what it depends on, and who selects it. Mirrors the second half of
// Linux's scripts/kconfig/menu.c, and the jump keys of mnconf-common.c. As there, the values
// printed are those last calculated: who wants fresh ones calculates them before.

import { config_prefix } from "./confdata.ts";
import { expr_calc_value, expr_is_yes, expr_print } from "./expr.ts";
import { expr_eq } from "./expr_simplify.ts";
import type { Expr, Kconf, Menu, Property, Sym, Tristate } from "./lkc.ts";
import { mod, no, S_HEX, S_INT, S_UNKNOWN, yes } from "./lkc.ts";
import { menu_get_prompt, menu_is_visible } from "./menu.ts";
import { sym_get_string_value } from "./symbol.ts";

const NO_HELP = "There is no help available for this option.";

/** How many levels of a location are shown, counted from the entry upwards. */
const LOCATION_DEPTH = 8;

/** A place in the text that a key leads away from. */
export interface JumpKey {
	/** Where the line begins in the text. */
	readonly offset: number;
	readonly target: Menu;
	/** '1' to '9', over and over. */
	readonly key: string;
}

/** The text so far, and the jump keys in it if they are wanted. */
interface Gstr {
	readonly kconf: Kconf;
	s: string;
	readonly jumps: JumpKey[] | null;
	/** Where expressions are broken into lines; 0 is nowhere. */
	readonly max_width: number;
}

/** The key for the entry after the one that has the given key. */
export function next_jump_key(key: string): string {
	return key >= "1" && key < "9" ? String(Number(key) + 1) : "1";
}

/** Sets symbols apart from what is between them in the text of an expression. */
const MARK = "\0";
/** The pieces between symbols. No piece is broken. */
const OPERATORS = /<choice>| \|\| | && |!=|<=|>=|[()<>=! [\]]/g;

/** Adds a piece of an expression, on a new line if it does not fit on this one. */
function add_piece(r: Gstr, piece: string, value: string | null): void {
	const size = piece.length + (value === null ? 0 : 4 + value.length);
	// The end of the line before counts as part of the line.
	const used = r.s.length - Math.max(0, r.s.lastIndexOf("\n"));
	if (r.max_width > 0 && used + size > r.max_width) r.s += "\\\n";
	r.s += piece;
}

/** Adds an expression, each symbol with its value behind it. */
function expr_gstr_print(r: Gstr, e: Expr | null): void {
	const syms: Sym[] = [];
	const text = expr_print(e, (sym) => {
		if (sym.name === null) return "<choice>";
		syms.push(sym);
		return MARK;
	});
	for (const [i, between] of text.split(MARK).entries()) {
		if (i > 0) {
			const sym = syms[i - 1] as Sym;
			const value = sym_get_string_value(sym);
			add_piece(r, sym.name as string, value);
			if (sym.type !== S_UNKNOWN) r.s += ` [=${value}]`;
		}
		for (const piece of e ? (between.match(OPERATORS) ?? []) : ["y"]) add_piece(r, piece, null);
	}
}

function get_dep_str(r: Gstr, e: Expr | null, prefix: string): void {
	if (expr_is_yes(r.kconf, e)) return;
	r.s += prefix;
	expr_gstr_print(r, e);
	r.s += "\n";
}

/** The entry and what encloses it, and the innermost of them that is shown now. */
function get_location(kconf: Kconf, menu: Menu) {
	const path: Menu[] = [];
	let shown: Menu | null = null;
	let at: Menu | null = menu;
	const { location } = kconf.rules;
	if (location === "main menu" || location === "short") at = menu.parent;
	for (; at && path.length < LOCATION_DEPTH; at = at.parent) {
		if (at === kconf.rootmenu && location !== "main menu") break;
		path.unshift(at);
		// To ask is what brings values up to date. Older releases asked for every entry of the path.
		if ((!shown || location !== "with entry") && menu_is_visible(kconf, at)) shown ??= at;
	}
	return { path, shown };
}

function get_location_str(r: Gstr, menu: Menu): void {
	const { path, shown } = get_location(r.kconf, menu);
	if (path.length === 0 && r.kconf.rules.location === "short") return;
	r.s += "  Location:\n";
	for (const [depth, at] of path.entries()) {
		let indent = 2 * depth + 4;
		if (r.jumps && at === shown) {
			const key = next_jump_key(r.jumps.at(-1)?.key ?? "");
			r.jumps.push({ offset: r.s.length, target: at, key });
			r.s += `(${key})`;
			indent -= 3;
		}
		r.s += " ".repeat(indent);
		r.s += at === r.kconf.rootmenu ? "Main menu" : `-> ${menu_get_prompt(at)}`;
		if (at.sym) r.s += ` (${at.sym.name ?? "<choice>"} [=${sym_get_string_value(at.sym)}])`;
		r.s += "\n";
	}
}

function get_prompt_str(r: Gstr, prop: Property): void {
	const { menu } = prop;
	r.s += `  Prompt: ${prop.text}\n`;
	get_dep_str(r, menu.dep, "  Depends on: ");
	// Mostly the prompt is visible whenever the dependencies are met; then once is enough.
	if (!expr_eq(r.kconf, menu.dep, prop.visible.expr)) {
		get_dep_str(r, prop.visible.expr, "  Visible if: ");
	}
	get_location_str(r, menu);
}

function get_range_prop(kconf: Kconf, sym: Sym): Property | undefined {
	return sym.prop.find((prop) => {
		if (prop.type !== "range") return false;
		prop.visible.tri = expr_calc_value(kconf, prop.visible.expr);
		return prop.visible.tri !== no;
	});
}

function get_symbol_props_str(r: Gstr, sym: Sym, type: "select" | "imply", prefix: string): void {
	const props = sym.prop.filter((prop) => prop.type === type);
	for (const [i, prop] of props.entries()) {
		r.s += i === 0 ? prefix : " && ";
		expr_gstr_print(r, prop.expr);
	}
	if (props.length > 0) r.s += "\n";
}

/** The terms of a reverse dependency that have a value, one to a line under a title. */
function get_revdep_str(r: Gstr, e: Expr | null, verb: string): void {
	let title = "";
	const terms = (e: Expr, want: Tristate): void => {
		if (e.type === "or") {
			terms(e.left, want);
			terms(e.right, want);
		} else if (expr_calc_value(r.kconf, e) === want) {
			if (title !== "") add_piece(r, title, null);
			title = "";
			add_piece(r, "  - ", null);
			expr_gstr_print(r, e);
			add_piece(r, "\n", null);
		}
	};
	for (const want of e ? ([yes, mod, no] as const) : []) {
		title = `${verb} by [${"nmy"[want]}]:\n`;
		terms(e as Expr, want);
	}
}

/** The rest of it as it was before 5.6: one place, and conditions of the entry. */
function get_short_str(r: Gstr, sym: Sym): void {
	for (const prop of sym.prop) {
		if (prop.type !== "prompt" && prop.type !== "menu") continue;
		r.s += `Prompt: ${prop.text}\n`;
		get_location_str(r, prop.menu);
	}
	const entry = sym.prop.find((prop) => prop.type === "symbol");
	if (entry) {
		r.s += `  Defined at ${entry.menu.filename}:${entry.menu.lineno}\n`;
		get_dep_str(r, entry.visible.expr, "  Depends on: ");
	}
	get_symbol_props_str(r, sym, "select", "  Selects: ");
	get_revdep_str(r, sym.rev_dep.expr, "  Selected");
	get_symbol_props_str(r, sym, "imply", "  Implies: ");
	get_revdep_str(r, sym.implied.expr, "  Implied");
	r.s += "\n\n";
}

function get_symbol_str(r: Gstr, sym: Sym): void {
	if (sym.name !== null) {
		r.s += `Symbol: ${sym.name} [=${sym_get_string_value(sym)}]\nType  : ${sym.type}\n`;
		const range = sym.type === S_INT || sym.type === S_HEX ? get_range_prop(r.kconf, sym) : undefined;
		if (range) {
			r.s += "Range : ";
			expr_gstr_print(r, range.expr);
			r.s += "\n";
		}
	}
	if (r.kconf.rules.location === "short") {
		get_short_str(r, sym);
		return;
	}
	const get_def_str = (menu: Menu): string => `Defined at ${menu.filename}:${menu.lineno}\n`;
	for (const menu of sym.menus) {
		if (!menu.prompt) continue;
		r.s += get_def_str(menu);
		get_prompt_str(r, menu.prompt);
	}
	for (const menu of sym.menus) {
		if (menu.prompt) continue;
		r.s += get_def_str(menu);
		get_dep_str(r, menu.dep, "  Depends on: ");
	}
	get_symbol_props_str(r, sym, "select", "Selects: ");
	get_revdep_str(r, sym.rev_dep.expr, "Selected");
	get_symbol_props_str(r, sym, "imply", "Implies: ");
	get_revdep_str(r, sym.implied.expr, "Implied");
	r.s += "\n\n";
}

/**
 * What there is to say about each of the symbols. With `jumps`, every location that can be
 * gone to gets a key in front, and the list receives where it is and what it leads to.
 */
export function get_relations_str(kconf: Kconf, syms: readonly Sym[], jumps: JumpKey[] | null = null): string {
	const r: Gstr = { kconf, s: "", jumps, max_width: 0 };
	for (const sym of syms) get_symbol_str(r, sym);
	return syms.length > 0 ? r.s : "No matches found.\n";
}

/**
 * The help of an entry, followed by what there is to say about its symbol. With `max_width`,
 * long expressions are broken into lines of at most that length.
 */
export function menu_get_ext_help(kconf: Kconf, menu: Menu, max_width = 0): string {
	const r: Gstr = { kconf, s: "", jumps: null, max_width };
	const { sym } = menu;
	if (menu.help !== null && sym?.name) r.s += `${config_prefix(kconf)}${sym.name}:\n\n`;
	r.s += `${menu.help ?? NO_HELP}\n`;
	if (sym) get_symbol_str(r, sym);
	return r.s;
}
