// SPDX-License-Identifier: GPL-2.0-only
//
// The second half of merge_config: compares what was asked for with the configuration that
// came out, and gives the reason for each difference in one line. Linux's merge_config.sh
// names the differences only.

import { sym_get_choice_menu } from "./choice.ts";
import { read_config_file } from "./config_file.ts";
import { conf_lines, unquote } from "./confdata.ts";
import { expr_calc_value, expr_print, show_with_value } from "./expr.ts";
import { find, load, parse } from "./engine.ts";
import type { Expr, Kconf, KconfHost, Menu, Sym, Tristate } from "./lkc.ts";
import {
	ConfExit,
	S_BOOLEAN,
	S_HEX,
	S_INT,
	S_STRING,
	S_TRISTATE,
	S_UNKNOWN,
	SYMBOL_CONST,
	SYMBOL_WRITE,
} from "./lkc.ts";
import { menu_for_each_sub_entry } from "./menu.ts";
import type { MergeLine } from "./merge_config.ts";
import { merge_lines } from "./merge_config.ts";
import { sym_calc_value, sym_get_string_value, sym_string_valid, sym_string_within_range } from "./symbol.ts";
import { to_text } from "./text.ts";
import { explain } from "./why.ts";

const is_tri = (sym: Sym): boolean => sym.type === S_BOOLEAN || sym.type === S_TRISTATE;

/** The operands of a chain of the same operator, without those that come again. */
function operands(e: Expr | null, type: "and" | "or"): Expr[] {
	if (!e) return [];
	if (e.type !== type) return [e];
	return [...operands(e.left, type), ...operands(e.right, type)];
}

/** The terms of a condition that keep it below a value, with the values in them. */
function unmet(kconf: Kconf, e: Expr | null, wanted: Tristate): string {
	const terms = operands(e, "and").filter((term) => expr_calc_value(kconf, term) < wanted);
	return [...new Set(terms.map((term) => expr_print(term, show_with_value, "and")))].join(" && ");
}

/** The terms of a reverse dependency that lift a symbol above a value. */
function selectors(kconf: Kconf, e: Expr | null, wanted: Tristate): string {
	const terms = operands(e, "or").filter((term) => expr_calc_value(kconf, term) > wanted);
	return terms.map((term) => expr_print(term, show_with_value, "or")).join(" || ");
}

const TRI: Readonly<Record<string, Tristate>> = { n: 0, m: 1, y: 2 };

/** The value that a line gives: what is behind "=", or n. */
function value_of(line: string): string {
	const eq = line.indexOf("=");
	return eq < 0 ? "n" : line.slice(eq + 1);
}

/** A value as conf reads it; null if it is none for the symbol. Only the first letter of y, m and n counts. */
function read_value(sym: Sym, value: string): string | null {
	if (is_tri(sym)) {
		const letter = value.charAt(0);
		return letter in TRI && !(sym.type === S_BOOLEAN && letter === "m") ? letter : null;
	}
	if (sym.type === S_STRING) return value.startsWith('"') ? unquote(value) : null;
	return sym_string_valid(sym, value) ? value : null;
}

const no_value = (sym: Sym, value: string): string => `'${value}' is not a value for a symbol of type ${sym.type}`;

/** Why a symbol of the configuration does not have the value that was asked for. */
export function reason(kconf: Kconf, sym: Sym | undefined, value: string): string {
	if (!sym || sym.type === S_UNKNOWN) return "there is no such symbol";
	sym_calc_value(kconf, sym);
	const text = read_value(sym, value);
	if (text === null) return no_value(sym, value);
	if (text === sym_get_string_value(sym) && sym.flags & SYMBOL_WRITE) {
		return "it has that value, which is written otherwise";
	}
	const wanted = is_tri(sym) ? (TRI[text] ?? 2) : 2;
	if (is_tri(sym) && sym.curr.tri > wanted) return why_more(kconf, sym, wanted);
	return why_less(kconf, sym, wanted, text);
}

/** The member of a choice that is y, in words. */
function chosen(choice: Menu): string {
	const members = [...menu_for_each_sub_entry(choice)].map((menu) => menu.sym);
	const picked = members.find((sym) => sym?.curr.tri === 2);
	return `only one of the choice is y, ${picked?.name ?? "none so far"}`;
}

const LATER = "a later line says otherwise";

function why_more(kconf: Kconf, sym: Sym, wanted: Tristate): string {
	const by = selectors(kconf, sym.rev_dep.expr, wanted);
	if (by !== "") return `selected by ${by}`;
	if (sym_get_choice_menu(sym)) return "one of the choice has to be y";
	if (!has_prompt(sym)) return "it has no prompt: other symbols decide its value";
	// What cannot be seen cannot be lowered either.
	const hidden = sym.visible === 0 ? why_hidden(kconf, sym, 1) : "";
	if (hidden !== "") return hidden;
	if (wanted === 1 && sym.type === S_TRISTATE && kconf.modules_val === 0) {
		const modules = kconf.modules_sym;
		return modules && !(modules.flags & SYMBOL_CONST)
			? `m needs ${show_with_value(modules)}`
			: "m needs modules, and no symbol stands for them";
	}
	return LATER;
}

const has_prompt = (sym: Sym): boolean => sym.prop.some((prop) => prop.type === "prompt" || prop.type === "menu");

/** Which conditions keep the user from setting the symbol; empty if none does. */
function why_hidden(kconf: Kconf, sym: Sym, wanted: Tristate): string {
	const missing = unmet(kconf, sym.dir_dep.expr, wanted);
	if (missing !== "") return `depends on ${missing}`;
	for (const prop of sym.prop) {
		if (prop.type !== "prompt" && prop.type !== "menu") continue;
		const terms = unmet(kconf, prop.visible.expr, wanted);
		if (terms !== "") return `its prompt is there only if ${terms}`;
	}
	return "";
}

function why_less(kconf: Kconf, sym: Sym, wanted: Tristate, text: string): string {
	const missing = unmet(kconf, sym.dir_dep.expr, is_tri(sym) ? wanted : 1);
	if (missing !== "") return `depends on ${missing}`;
	if (!has_prompt(sym)) return "it has no prompt: other symbols decide its value";
	const hidden = why_hidden(kconf, sym, is_tri(sym) ? wanted : 1);
	if (hidden !== "") return hidden;
	const choice = sym_get_choice_menu(sym);
	if (choice) return chosen(choice);
	const range = range_of(kconf, sym);
	if (range && !sym_string_within_range(kconf, sym, text)) return `out of range ${range}`;
	return LATER;
}

/** The range of a number that counts now. */
function range_of(kconf: Kconf, sym: Sym): string | null {
	if (sym.type !== S_INT && sym.type !== S_HEX) return null;
	for (const { type, expr, visible } of sym.prop) {
		if (type !== "range" || expr?.type !== "range") continue;
		if (expr_calc_value(kconf, visible.expr) === 0) continue;
		const [low, high] = [expr.left, expr.right].map((end) => sym_get_string_value(end));
		return `[${low}, ${high}]`;
	}
	return null;
}

/**
 * Is everything in a fragment something that the symbols could be, now or under other
 * conditions? Throws ConfExit for the first line that is not.
 */
export function check_fragment(host: KconfHost, fragment: string, text: string): void {
	const kconf = quiet_parse(host, host.env.KBUILD_KCONFIG || "Kconfig");
	const prefix = host.env.CONFIG_ ?? "CONFIG_";
	const refusal = (lineno: number, what: string) => new ConfExit(2, `${fragment}:${lineno}: ${to_text(what)}`);
	const bad = (lineno: number, line: string) => {
		throw refusal(lineno, `unexpected data: ${line}`);
	};
	for (const line of conf_lines(text, prefix, bad)) {
		const sym = find(kconf, line.name);
		if (!sym || sym.type === S_UNKNOWN) {
			throw refusal(line.lineno, `there is no symbol ${prefix}${line.name}`);
		}
		const value = is_tri(sym) && !(line.value in TRI) ? null : read_value(sym, line.value);
		const name = `${prefix}${line.name}`;
		if (value === null) throw refusal(line.lineno, `${name}: ${no_value(sym, line.value)}`);
		const never = out_of_all_ranges(kconf, sym, value);
		if (never !== "") throw refusal(line.lineno, `${name}=${value} can never be: ${never}`);
	}
}

/** Why a number cannot be had whatever else is set; empty if it can. */
function out_of_all_ranges(kconf: Kconf, sym: Sym, value: string): string {
	if (sym.type !== S_INT && sym.type !== S_HEX) return "";
	if (!sym.prop.some(({ type }) => type === "range")) return "";
	const { impossible, reasons } = explain(kconf, sym, value);
	return impossible ? reasons.join("; ").replaceAll(`${sym.name}: `, "") : "";
}

/** Parses once more, without the warnings that the command itself has printed. */
function quiet_parse(host: KconfHost, kconfig: string): Kconf {
	return parse(kconfig, { ...host, out: () => {}, err: () => {} });
}

interface Check {
	readonly kconfig: string;
	readonly config: string;
	readonly wanted: readonly MergeLine[];
	readonly prefix: string;
}

/** Prints every wanted value that the configuration does not have; true if there is none. */
export function check_result(host: KconfHost, check: Check): boolean {
	const { prefix, wanted, config } = check;
	const final = new Map<string, string>();
	const text = read_config_file(host, config, "spf-merge-config");
	for (const line of merge_lines(text, prefix)) {
		if (line.name !== null) final.set(line.name, line.text);
	}
	let kconf: Kconf | undefined;
	for (const line of wanted) {
		if (line.name === null) continue;
		const requested = line.text.replace(/\s+#.*/, "");
		const actual = final.get(line.name) ?? "";
		if (requested === actual || line.text === actual || same(requested, actual)) continue;
		if (!kconf) {
			kconf = quiet_parse(host, check.kconfig);
			load(kconf, config);
		}
		const what =
			actual === ""
				? `Value requested for ${line.name} not in final .config`
				: `${line.name} differs:`;
		host.out(`WARNING: ${what}\nRequested value: ${requested}\nActual value:    ${actual}\n`);
		const sym = find(kconf, line.name.slice(prefix.length));
		host.out(`Reason:          ${reason(kconf, sym, value_of(line.text))}\n`);
	}
	return kconf === undefined;
}

/** "=n" and "is not set" are the same, and so is not being there at all. */
function same(requested: string, actual: string): boolean {
	if (!requested.endsWith("=n") && !requested.endsWith(" is not set")) return false;
	return actual === "" || actual.endsWith(" is not set");
}
