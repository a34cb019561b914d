// SPDX-License-Identifier: GPL-2.0-only
//
// A page about one entry that answers more than its help: where the value comes from, what
// it may be, and which term of a condition is not met. After the symbol information of
// Kconfiglib's menuconfig; the kernel's mconf has nothing like it.

import { expr_calc_value, expr_is_yes, expr_print, show_with_value, tristate_name } from "../expr.ts";
import type { Expr, Kconf, Menu, Property, Sym } from "../lkc.ts";
import { mod, no, S_BOOLEAN, S_HEX, S_INT, S_TRISTATE, S_UNKNOWN, yes } from "../lkc.ts";
import { menu_get_prompt, menu_is_visible } from "../menu.ts";
import {
	sym_calc_value,
	sym_get_string_value,
	sym_get_type,
	sym_has_value,
	sym_is_changeable,
	sym_is_choice,
	sym_is_choice_value,
	sym_tristate_within_range,
} from "../symbol.ts";
import { to_text } from "../text.ts";

/** The terms of a chain of one operator. */
function split_expr(e: Expr, type: "and" | "or"): Expr[] {
	return e.type === type ? [...split_expr(e.left, type), ...split_expr(e.right, type)] : [e];
}

/** A symbol with its value; one that no Kconfig file defines is marked. */
function show(sym: Sym): string {
	if (sym.name === null) return "<choice>";
	const undefined_name = sym.type === S_UNKNOWN && sym.menus.length === 0 && /^[A-Z]/.test(sym.name);
	return undefined_name ? `${sym.name} (undefined)` : show_with_value(sym);
}

const value_of = (kconf: Kconf, e: Expr | null): string => tristate_name(expr_calc_value(kconf, e));

/**
 * A condition, each term of its outermost operator on a line of its own with its value. What
 * keeps it from being y is marked.
 */
export function condition_lines(kconf: Kconf, e: Expr | null, indent: string): string[] {
	if (!e || expr_is_yes(kconf, e)) return [`${indent}(nothing)`];
	const type = e.type === "or" ? "or" : "and";
	const terms = split_expr(e, type);
	return terms.map((term, i) => {
		const sign = i === 0 ? "   " : type === "or" ? "|| " : "&& ";
		const val = value_of(kconf, term);
		const mark = type === "and" && val !== "y" ? "   <--" : "";
		const text = expr_print(term, show, terms.length > 1 ? type : "");
		return `${indent}[${val}] ${sign}${text}${mark}`;
	});
}

const holds = (kconf: Kconf, prop: Property): boolean => expr_calc_value(kconf, prop.visible.expr) !== no;

/** Why the symbol has the value that it has, in a few words. */
function value_origin(kconf: Kconf, sym: Sym): string {
	const logical = sym.type === S_BOOLEAN || sym.type === S_TRISTATE;
	if (sym.type === S_UNKNOWN) return "not defined by any Kconfig file";
	// Before 6.11 the members of a choice that is m have values of their own.
	if (sym_is_choice_value(sym) && sym.in_choice?.sym?.curr.tri !== mod) {
		return sym.visible === no ? "the choice is not open" : "by the choice that it is part of";
	}
	const user = sym.visible !== no && sym_has_value(sym);
	if (logical && sym.rev_dep.tri !== no && sym.rev_dep.tri === sym.curr.tri) {
		return "selected by other symbols, see below";
	}
	if (user) return "set by the user";
	const prop = sym.prop.find((p) => p.type === "default" && holds(kconf, p));
	if (logical && sym.implied.tri !== no && sym.curr.tri !== no && !prop) {
		return "implied by other symbols, see below";
	}
	if (prop) return `default, ${prop.filename}:${prop.lineno}`;
	if (sym.dir_dep.tri === no) return "what it depends on is not met, see below";
	return "there is no default that applies";
}

/** What the user could set now. */
function possible(kconf: Kconf, sym: Sym): string {
	const menu = sym.menus.find((m) => m.prompt);
	if (!menu) return "cannot be set: there is no prompt, only defaults and selects count";
	if (sym.visible === no) return "cannot be set now: the prompt is not visible";
	if (!sym_is_changeable(sym)) return "cannot be changed now: other symbols select it";
	const type = sym_get_type(kconf, sym);
	if (type !== S_BOOLEAN && type !== S_TRISTATE) return `any ${type} in range`;
	const all = ([no, mod, yes] as const).filter((v) => sym_tristate_within_range(kconf, sym, v));
	return all.map(tristate_name).join(", ");
}

function value_lines(kconf: Kconf, sym: Sym): string[] {
	sym_calc_value(kconf, sym);
	const lines = [
		`Symbol:    ${sym.name}`,
		`Type:      ${sym.type}`,
		`Value:     ${sym_get_string_value(sym)}   (${value_origin(kconf, sym)})`,
		`Possible:  ${possible(kconf, sym)}`,
	];
	for (const prop of sym.prop) {
		if (prop.type !== "range" || (sym.type !== S_INT && sym.type !== S_HEX)) continue;
		lines.push(`Range:     ${with_condition(kconf, prop)}`);
	}
	return lines;
}

function with_condition(kconf: Kconf, prop: Property): string {
	const text = expr_print(prop.expr, show);
	if (expr_is_yes(kconf, prop.visible.expr)) return text;
	const val = value_of(kconf, prop.visible.expr);
	return `${text}   if [${val}] ${expr_print(prop.visible.expr, show)}`;
}

function property_lines(kconf: Kconf, sym: Sym): string[] {
	const lines: string[] = [];
	const list = (title: string, type: Property["type"]): void => {
		const props = sym.prop.filter((prop) => prop.type === type);
		if (props.length === 0) return;
		lines.push("", `${title}:`);
		for (const prop of props) lines.push(`    ${with_condition(kconf, prop)}`);
	};
	list("Defaults, of which the first that applies counts", "default");
	list("Selects", "select");
	list("Implies", "imply");
	const reverse = (title: string, e: Expr | null): void => {
		if (!e) return;
		lines.push("", `${title}:`);
		const terms = split_expr(e, "or").map((term) => ({ term, val: expr_calc_value(kconf, term) }));
		terms.sort((a, b) => b.val - a.val);
		for (const { term, val } of terms) {
			lines.push(`    [${tristate_name(val)}] ${expr_print(term, show)}`);
		}
	};
	reverse("Selected by", sym.rev_dep.expr);
	reverse("Implied by", sym.implied.expr);
	return lines;
}

/** How the file that an entry is in came to be read: the "source" statements, inner ones first. */
function include_lines(kconf: Kconf, menu: Menu): string[] {
	const lines: string[] = [];
	let at = kconf.included.get(menu.filename);
	for (; at; at = kconf.included.get(at.filename)) {
		lines.push(`  included from ${at.filename}:${at.lineno}`);
	}
	return lines;
}

function definition_lines(kconf: Kconf, menu: Menu): string[] {
	const lines = ["", `Defined at ${menu.filename}:${menu.lineno}`, ...include_lines(kconf, menu)];
	if (menu.prompt) {
		const shown = menu_is_visible(kconf, menu) ? "" : "   (not visible now)";
		lines.push(`  Prompt: ${menu.prompt.text}${shown}`);
	} else lines.push("  No prompt.");
	const path: string[] = [];
	for (let at = menu.parent; at && at !== kconf.rootmenu; at = at.parent) {
		if (at.prompt) path.unshift(menu_get_prompt(at));
	}
	lines.push(`  Menu:   ${["(top)", ...path].join(" > ")}`);
	lines.push("  Depends on:", ...condition_lines(kconf, menu.dep, "    "));
	const { prompt } = menu;
	const own = prompt && expr_print(prompt.visible.expr) !== expr_print(menu.dep);
	if (own) lines.push("  Visible if:", ...condition_lines(kconf, prompt.visible.expr, "    "));
	return lines;
}

/** The page about an entry. */
export function info_text(kconf: Kconf, menu: Menu): string {
	for (const sym of kconf.all) sym_calc_value(kconf, sym);
	const { sym } = menu;
	const lines: string[] = [];
	if (sym && !sym_is_choice(sym)) lines.push(...value_lines(kconf, sym));
	else lines.push(`${sym ? "Choice" : menu.prompt?.type === "comment" ? "Comment" : "Menu"}`);
	for (const at of sym?.menus.length ? sym.menus : [menu]) {
		lines.push(...definition_lines(kconf, at));
	}
	if (sym) lines.push(...property_lines(kconf, sym));
	const help = menu.help ?? sym?.menus.find((m) => m.help !== null)?.help;
	if (help)
		lines.push(
			"",
			"Help:",
			...help
				.trimEnd()
				.split("\n")
				.map((line) => `    ${line}`),
		);
	return to_text(`${lines.join("\n")}\n`);
}
