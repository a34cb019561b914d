// SPDX-License-Identifier: GPL-2.0-only
//
// Reads configuration files as Linux's scripts/kconfig/confdata.c did before 6.11: what a
// member of a choice gets decides about the choice, too.

import type { ConfFile } from "../confdata.ts";
import { conf_set_sym_val, conf_warning, config_prefix, unquote } from "../confdata.ts";
import { EXPR_OR, expr_calc_value } from "../expr.ts";
import type { DefSource, Kconf, Sym } from "../lkc.ts";
import {
	ConfExit,
	mod,
	no,
	S_BOOLEAN,
	S_DEF_USER,
	S_HEX,
	S_INT,
	S_STRING,
	S_TRISTATE,
	S_UNKNOWN,
	SYMBOL_DEF_AUTO,
	SYMBOL_DEF_USER,
	SYMBOL_NO_WRITE,
	SYMBOL_VALID,
	SYMBOL_WRITE,
	yes,
} from "../lkc.ts";
import {
	for_all_symbols,
	prop_get_symbol,
	sym_calc_value,
	sym_find,
	sym_get_string_value,
	sym_has_value,
	sym_is_choice,
	sym_is_choice_value,
	sym_lookup,
	sym_string_within_range,
} from "../symbol.ts";
import { choice_of, choice_state } from "./choice.ts";

interface Reader {
	readonly kconf: Kconf;
	readonly name: string;
	readonly def: DefSource;
	readonly flag: number;
	readonly gone: (name: string) => void;
	lineno: number;
}

function warn(r: Reader, text: string): void {
	conf_warning(r.kconf, r.name, r.lineno, text);
}

/** The value was overruled: in coreboot only a notice. */
function overrides(r: Reader, text: string): void {
	if (r.kconf.rules.reassign === "warning") warn(r, text);
	else r.kconf.host.err(`${r.name}:${r.lineno}:notice: ${text}\n`);
}

function forget(kconf: Kconf, def: DefSource, flag: number): void {
	for (const sym of kconf.all) {
		sym.flags &= ~(flag | SYMBOL_VALID);
		sym.def[def].val = "";
		sym.def[def].tri = no;
		if (!sym_is_choice(sym)) continue;
		sym.flags |= flag;
		const state = choice_state(kconf, sym);
		state.def[def] = null;
		if (def === S_DEF_USER) state.inconsistent = false;
	}
}

/** Reads values out of a file. `gone` is told of symbols that no longer exist. */
export function conf_read_file(
	kconf: Kconf,
	file: ConfFile,
	def: DefSource,
	gone: (name: string) => void,
	merge: boolean,
): void {
	const flag = def === S_DEF_USER ? SYMBOL_DEF_USER : SYMBOL_DEF_AUTO;
	const r: Reader = { kconf, name: file.name, def, flag, gone, lineno: 0 };
	kconf.conf_warnings = 0;
	if (!merge) forget(kconf, def, flag);
	const lines = file.text.split("\n");
	for (const [i, line] of lines.entries()) {
		r.lineno = i + 1;
		// Only a newline takes a carriage return with it.
		const ended = i < lines.length - 1;
		if (ended || line !== "") read_line(r, ended && line.endsWith("\r") ? line.slice(0, -1) : line);
	}
	if (kconf.rules.werror === "read" && kconf.conf_warnings > 0 && kconf.host.env.KCONFIG_WERROR !== undefined) {
		throw new ConfExit(1);
	}
}

function read_line(r: Reader, line: string): void {
	const prefix = config_prefix(r.kconf);
	const lines = r.kconf.rules.config_lines;
	if (line === "") return;
	if (line.startsWith("#")) {
		if (lines !== "lax" && line[1] !== " ") return;
		if (!line.startsWith(prefix, 2)) return;
		const end = line.indexOf(" ", 2 + prefix.length);
		const rest = end < 0 ? "" : line.slice(end + 1);
		if (lines === "exact" ? rest !== "is not set" : !rest.startsWith("is not set")) return;
		unset_line(r, line.slice(2 + prefix.length, end));
		return;
	}
	const eq = line.indexOf("=", prefix.length);
	if (!line.startsWith(prefix) || (eq < 0 && lines === "exact")) warn(r, `unexpected data: ${line}`);
	else if (eq >= 0) set_line(r, line.slice(prefix.length, eq), line.slice(eq + 1));
}

function unset_line(r: Reader, name: string): void {
	if (r.kconf.rules.config_lines !== "lax") {
		set_line(r, name, "n");
		return;
	}
	const user = r.def === S_DEF_USER;
	const sym = user ? sym_find(r.kconf, name) : sym_lookup(r.kconf, name);
	if (!sym) {
		unknown(r, name);
		return;
	}
	if (!user && sym.type === S_UNKNOWN) sym.type = S_BOOLEAN;
	if (sym.flags & r.flag) overrides(r, `override: reassigning to symbol ${sym.name}`);
	if (sym.type === S_BOOLEAN || sym.type === S_TRISTATE) {
		sym.def[r.def].tri = no;
		sym.flags |= r.flag;
	}
	member_set(r, sym);
}

function unknown(r: Reader, name: string): void {
	const { kconf } = r;
	if (r.def !== S_DEF_USER) {
		r.gone(name);
		return;
	}
	if (kconf.rules.warn_unknown && kconf.host.env.KCONFIG_WARN_UNKNOWN_SYMBOLS !== undefined) {
		warn(r, `unknown symbol: ${name}`);
	}
	kconf.conf_changed = true;
}

function set_line(r: Reader, name: string, value: string): void {
	const { kconf } = r;
	const split = kconf.rules.auto === "split";
	const sym = sym_find(kconf, name) ?? (split && r.def !== S_DEF_USER ? sym_lookup(kconf, name) : undefined);
	if (!sym) {
		unknown(r, name);
		return;
	}
	// One that no file knows any more has had a value: so it has changed.
	const forgotten = split && r.def !== S_DEF_USER && sym.type === S_UNKNOWN;
	if (forgotten) sym.type = S_STRING;
	if (sym.flags & r.flag) overrides(r, `override: reassigning to symbol ${sym.name}`);
	const text = split && sym.type === S_STRING ? unquoted(r, value, forgotten) : value;
	if (text === null) return;
	const wrong = conf_set_sym_val(sym, r.def, text);
	if (wrong === null) member_set(r, sym);
	else if (r.def === S_DEF_USER) warn(r, wrong);
}

/** A string is in quotes in auto.conf, too, where the files for the build are split. */
function unquoted(r: Reader, value: string, forgotten: boolean): string | null {
	if (!value.startsWith('"')) return forgotten ? value : value === "" || r.def === S_DEF_USER ? value : null;
	if (r.kconf.rules.name === "u-boot") {
		const whole = value.length > 1 && value.endsWith('"');
		if (!whole && r.def === S_DEF_USER) warn(r, "invalid string found");
		if (!whole) return null;
		const inner = value.slice(1, -1);
		return r.def === S_DEF_USER ? `"${inner.replace(/["\\]/g, "\\$&")}"` : inner;
	}
	return r.def === S_DEF_USER ? value : unquote(value);
}

/** What a member of a choice gets decides about the choice. */
function member_set(r: Reader, sym: Sym): void {
	if (!sym_is_choice_value(sym)) return;
	const choice = choice_of(sym);
	const state = choice_state(r.kconf, choice);
	const own = sym.def[r.def].tri;
	const of_choice = choice.def[r.def];
	if (own === mod && of_choice.tri === yes) {
		warn(r, `${sym.name} creates inconsistent choice state`);
		choice.flags &= ~r.flag;
		if (r.def === S_DEF_USER) state.inconsistent = true;
	}
	if (own === yes) {
		if (of_choice.tri !== no) overrides(r, `override: ${sym.name} changes choice state`);
		state.def[r.def] = sym;
	}
	of_choice.tri = EXPR_OR(of_choice.tri, own);
}

/** Calculates all values after reading, and forgets answers that do not count any more. */
export function conf_read_done(kconf: Kconf): void {
	if (kconf.modules_sym) sym_calc_value(kconf, kconf.modules_sym);
	let unsaved = kconf.conf_warnings > 0;
	let differs = false;
	for (const sym of for_all_symbols(kconf)) {
		sym_calc_value(kconf, sym);
		if (!sym_is_choice(sym) && !(sym.flags & SYMBOL_NO_WRITE) && differs_from_file(sym)) differs = true;
	}
	for (const sym of for_all_symbols(kconf)) {
		if (!sym_has_value(sym) || sym_is_choice_value(sym)) continue;
		// What nobody sees will be asked for as new, should it be seen.
		if (sym.visible === no && !differs) sym.flags &= ~SYMBOL_DEF_USER;
		if (sym.type !== S_STRING && sym.type !== S_INT && sym.type !== S_HEX) continue;
		if (sym_string_within_range(kconf, sym, sym.def[S_DEF_USER].val)) continue;
		sym.flags &= ~SYMBOL_VALID;
		if (kconf.rules.forget_range) sym.flags &= ~SYMBOL_DEF_USER;
		differs = true;
	}
	unsaved ||= differs;
	if (unsaved) kconf.conf_changed = true;
}

function differs_from_file(sym: Sym): boolean {
	const written = (sym.flags & SYMBOL_WRITE) !== 0;
	if (!sym_has_value(sym)) return written;
	if (!written) return true;
	const { tri, val } = sym.def[S_DEF_USER];
	const logical = sym.type === S_BOOLEAN || sym.type === S_TRISTATE;
	return logical ? tri !== sym.curr.tri : val !== sym_get_string_value(sym);
}

/** The files that "option defconfig_list" names, as far as their conditions hold. */
export function* defconfig_list(kconf: Kconf): Generator<string> {
	for (const prop of kconf.defconfig_list?.prop ?? []) {
		if (prop.type !== "default") continue;
		prop.visible.tri = expr_calc_value(kconf, prop.visible.expr);
		const sym = prop.visible.tri === no ? null : prop_get_symbol(prop);
		if (!sym) continue;
		sym_calc_value(kconf, sym);
		yield sym_get_string_value(sym);
	}
}
