// SPDX-License-Identifier: GPL-2.0-only
//
// Where the present value of a symbol comes from: the steps of sym_calc_value() told in the
// order in which they counted. No counterpart in Linux.

import { sym_choice_default } from "../choice.ts";
import { expr_calc_value, expr_print, show_with_value, strtoll, tristate_name } from "../expr.ts";
import type { Kconf, Menu, Property, Sym, Tristate } from "../lkc.ts";
import { mod, no, S_BOOLEAN, S_DEF_USER, S_HEX, S_STRING, S_TRISTATE, S_UNKNOWN, yes } from "../lkc.ts";
import {
	prop_get_symbol,
	sym_calc_value,
	sym_get_default_prop,
	sym_get_type,
	sym_has_value,
	sym_string_within_range,
} from "../symbol.ts";
import { prompts_of } from "./goal.ts";
import { macro_text } from "./macros.ts";
import { is_logical, value_of } from "./trial.ts";
import { choice_of } from "./ways_choice.ts";

export type OriginKind =
	| "user"
	| "default"
	| "select"
	| "imply"
	| "choice"
	| "range"
	| "limit"
	| "ignored"
	| "none"
	| "undefined";

/** One thing that had a part in the value. */
export interface Origin {
	readonly kind: OriginKind;
	readonly text: string;
	/** FILE:LINE of the statement, if it is one. */
	readonly at: string | null;
}

/** One select or imply that names a symbol. */
export interface Selector {
	readonly sym: Sym;
	readonly prop: Property;
	/** What it demands now. */
	readonly value: Tristate;
}

export const place = (at: { filename: string; lineno: number }): string => `${at.filename}:${at.lineno}`;

/** All that select or imply a symbol, in the order of the files. */
export function selectors_of(kconf: Kconf, sym: Sym, type: "select" | "imply"): Selector[] {
	const res: Selector[] = [];
	for (const by of kconf.all) {
		for (const prop of by.prop) {
			if (prop.type !== type || prop_get_symbol(prop) !== sym) continue;
			sym_calc_value(kconf, by);
			const cond = expr_calc_value(kconf, prop.visible.expr);
			res.push({ sym: by, prop, value: by.curr.tri < cond ? by.curr.tri : cond });
		}
	}
	return res;
}

/** The user's value as it stands in the file, whether it counts or not. */
export function user_value(sym: Sym): string | null {
	if (!sym_has_value(sym)) return null;
	return is_logical(sym) ? tristate_name(sym.def[S_DEF_USER].tri) : sym.def[S_DEF_USER].val;
}

/** What made the value what it is, the weightiest first. */
export function origins(kconf: Kconf, sym: Sym): Origin[] {
	sym_calc_value(kconf, sym);
	if (sym.type === S_UNKNOWN) {
		return [{ kind: "undefined", text: "no Kconfig file defines it, so it is n", at: null }];
	}
	const choice = choice_of(kconf, sym);
	if (choice?.sym && kconf.rules.old_choices) sym_calc_value(kconf, choice.sym);
	if (choice?.sym?.curr.tri === mod) {
		return [
			...logical_origins(kconf, sym),
			{ kind: "choice", text: `${choice_text(choice)} is m`, at: place(choice) },
		];
	}
	if (choice) return [choice_origin(kconf, choice, sym)];
	return is_logical(sym) ? logical_origins(kconf, sym) : text_origins(kconf, sym);
}

export const choice_text = ({ prompt }: Menu): string => (prompt?.text ? `the choice "${prompt.text}"` : "the choice");

function choice_origin(kconf: Kconf, choice: Menu, sym: Sym): Origin {
	const at = place(choice);
	const kind = "choice";
	const chosen = choice.choice_members.find((member) => {
		sym_calc_value(kconf, member);
		return member.visible !== no && member.curr.tri === yes;
	});
	const name = choice_text(choice);
	if (!chosen && choice.sym && choice.sym.visible !== no && kconf.rules.old_choices) {
		return { kind, text: `nothing of ${name} is chosen`, at };
	}
	if (!chosen) return { kind, text: `not visible, nor is anything else of ${name}`, at };
	if (sym.visible === no) return { kind, text: `not visible; ${name} is ${chosen.name}`, at };
	if (chosen !== sym) return { kind, text: `${name} is ${chosen.name}`, at };
	if (user_value(sym) === "y") return { kind, text: "chosen in the configuration", at };
	const by_default = sym_choice_default(kconf, choice) === sym;
	return { kind, text: by_default ? "the choice's default" : "what is left of the choice", at };
}

function default_origin(kconf: Kconf, sym: Sym): Origin | null {
	const prop = sym_get_default_prop(kconf, sym);
	if (!prop) return null;
	const passed = sym.prop.filter((p) => p.type === "default").indexOf(prop);
	let text = `default ${expr_print(prop.expr, show_with_value)}`;
	if (passed > 0) text += `, as the conditions of ${count(passed, "default")} before it are n`;
	const from = macro_text(kconf, prop);
	if (from !== "") text += `, from ${from}`;
	return { kind: "default", text, at: place(prop) };
}

export const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;

/** A user's value that had no say, since the symbol cannot be seen. */
function ignored(sym: Sym): Origin[] {
	const user = user_value(sym);
	if (user === null || sym.visible !== no || prompts_of(sym).length === 0) return [];
	const same = is_logical(sym) ? tristate_name(sym.curr.tri) === user : sym.curr.val === user;
	if (same) return [];
	const text = `the configuration says ${user}, which is ignored, as the symbol is not visible`;
	return [{ kind: "ignored", text, at: null }];
}

function logical_origins(kconf: Kconf, sym: Sym): Origin[] {
	const res: Origin[] = [];
	const { tri } = sym.curr;
	const user = sym.visible !== no && sym_has_value(sym);
	for (const { sym: by, prop, value } of selectors_of(kconf, sym, "select")) {
		if (value === no) continue;
		res.push({ kind: "select", text: `selected by ${show_with_value(by)}`, at: place(prop) });
	}
	const forced = res.length > 0 && tri === sym.rev_dep.tri;
	const own = user ? own_tristate(kconf, sym) : null;
	if (user && !(forced && own?.tri !== tri)) {
		res.unshift({ kind: "user", text: `set to ${user_value(sym)} in the configuration`, at: null });
		if (own?.limited) {
			const text = `the dependencies allow no more than ${tristate_name(sym.visible)}`;
			res.push({ kind: "limit", text, at: null });
		}
	} else if (user) {
		res.push({
			kind: "ignored",
			text: `the configuration says ${user_value(sym)}, which is less than that`,
			at: null,
		});
	} else if (!forced) {
		const prop = default_origin(kconf, sym);
		if (prop) res.push(prop);
		for (const { sym: by, prop: at, value } of selectors_of(kconf, sym, "imply")) {
			if (value === no) continue;
			const text = `implied by ${show_with_value(by)}`;
			res.push({ kind: "imply", text, at: place(at) });
		}
	}
	if (sym.type === S_TRISTATE && sym_get_type(kconf, sym) === S_BOOLEAN && tri === yes) {
		const name = kconf.modules_sym?.name;
		const text = `there are no modules${name && name !== "n" ? ` (${name} is n)` : ""}: m counts as y`;
		res.push({ kind: "limit", text, at: null });
	}
	res.push(...ignored(sym));
	if (res.length === 0) res.push(nothing(sym));
	return res;
}

function own_tristate(kconf: Kconf, sym: Sym): { tri: Tristate; limited: boolean } {
	const said = sym.def[S_DEF_USER].tri;
	const tri = said < sym.visible ? said : sym.visible;
	const as_bool = tri === mod && sym_get_type(kconf, sym) === S_BOOLEAN;
	return { tri: as_bool ? yes : tri, limited: said > sym.visible };
}

function nothing(sym: Sym): Origin {
	const text =
		sym.visible !== no
			? "not set in the configuration, and no default applies"
			: prompts_of(sym).length > 0
				? "not visible, and nothing else sets it"
				: "no default applies, and nothing selects it";
	return { kind: "none", text, at: null };
}

function text_origins(kconf: Kconf, sym: Sym): Origin[] {
	const res: Origin[] = [];
	const value = value_of(kconf, sym);
	let source: string | null = null;
	if (sym.visible !== no && sym_has_value(sym)) {
		source = user_value(sym);
		const text = sym.type === S_STRING ? `"${source}"` : source;
		res.push({ kind: "user", text: `set to ${text} in the configuration`, at: null });
	} else {
		const prop = default_origin(kconf, sym);
		if (prop) res.push(prop);
		const from = sym_get_default_prop(kconf, sym);
		const of = from && prop_get_symbol(from);
		if (of) {
			sym_calc_value(kconf, of);
			source = of.curr.val;
		}
	}
	const range = range_of(kconf, sym);
	if (range && source !== null && source !== value && !sym_string_within_range(kconf, sym, source)) {
		const text = `${source} is outside the range ${range.text}`;
		res.push({ kind: "range", text, at: range.at });
	}
	res.push(...ignored(sym));
	if (res.length === 0) res.push(nothing(sym));
	return res;
}

/** The range that applies, as text. */
export function range_of(kconf: Kconf, sym: Sym): { text: string; at: string } | null {
	const prop = sym.prop.find((p) => p.type === "range" && expr_calc_value(kconf, p.visible.expr) !== no);
	return prop ? { text: bounds_text(kconf, prop), at: place(prop) } : null;
}

/** A range with its values of now, with the names of what can change, and its place. */
export const range_text = (kconf: Kconf, prop: Property): string => `${bounds_text(kconf, prop)} (${place(prop)})`;

const NUMBER = /^-?(?:0[xX])?[0-9a-fA-F]+$/;

function bounds_text(kconf: Kconf, prop: Property): string {
	if (prop.expr?.type !== "range") return "";
	const end = (sym: Sym): string => {
		const text = value_of(kconf, sym);
		if (sym.type !== S_UNKNOWN) return `${text} [${sym.name}]`;
		if (NUMBER.test(text)) return text;
		return `${text} [not defined, and so ${strtoll(text, prop.menu.sym?.type === S_HEX ? 16 : 10)}]`;
	};
	return `${end(prop.expr.left)} to ${end(prop.expr.right)}`;
}
