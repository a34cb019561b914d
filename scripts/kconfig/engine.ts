// SPDX-License-Identifier: GPL-2.0-only
//
// The engine's parts put together for programs that work on its own structures: the tools
// and tests of this directory. What other programs use is index.ts. No counterpart in Linux.

import { choice_set_value, sym_get_choice_menu } from "./choice.ts";
import { conf_get_configname, conf_read, conf_write } from "./confdata.ts";
import { process_host } from "./host.ts";
import type { Compat, Kconf, KconfHost, Sym } from "./lkc.ts";
import { COMPAT_7_2, ConfExit, kconf_alloc, no, S_DEF_USER, yes } from "./lkc.ts";
import { conf_parse } from "./parser.ts";
import {
	sym_calc_value,
	sym_clear_all_valid,
	sym_find,
	sym_get_string_value,
	sym_set_string_value,
	sym_set_tristate_value,
} from "./symbol.ts";
import { to_bytes, to_text } from "./text.ts";

export type { Kconf } from "./lkc.ts";
export { process_host } from "./host.ts";
export { ConfExit } from "./lkc.ts";

/** Reads a Kconfig file with everything it sources. Throws ConfExit on errors. */
export function parse(file: string, overrides: Partial<KconfHost> = {}, compat: Compat = COMPAT_7_2): Kconf {
	const kconf = kconf_alloc(process_host(overrides), compat);
	conf_parse(kconf, to_bytes(file));
	if (kconf.modules_sym) sym_calc_value(kconf, kconf.modules_sym);
	return kconf;
}

/** Reads values from a .config. Without a name it is the one that the environment names. */
export function load(kconf: Kconf, file?: string): void {
	const name = file === undefined ? null : to_bytes(file);
	if (!conf_read(kconf, name)) {
		throw new ConfExit(2, `cannot read ${file ?? to_text(conf_get_configname(kconf))}`);
	}
}

/** The symbol of a name, without the CONFIG_ prefix; undefined if no file mentions it. */
export function find(kconf: Kconf, name: string): Sym | undefined {
	return sym_find(kconf, to_bytes(name));
}

/** The current value as text: y, m, n, a number or a string. Unknown symbols are n. */
export function get(kconf: Kconf, name: string): string {
	const sym = find(kconf, name);
	if (!sym) return "n";
	sym_calc_value(kconf, sym);
	return to_text(sym_get_string_value(sym));
}

/** Sets a symbol's value; y to a member of a choice takes it from the others. */
export function assign(kconf: Kconf, sym: Sym, value: string): boolean {
	sym_calc_value(kconf, sym);
	const choice = sym_get_choice_menu(sym);
	if (!choice || !/^y/i.test(value)) return sym_set_string_value(kconf, sym, value);
	const undo = kconf.rules.old_choices ? choose_one(kconf, choice.sym as Sym) : () => {};
	sym_calc_value(kconf, sym);
	if (sym.visible === no) {
		undo();
		return sym_set_string_value(kconf, sym, value);
	}
	choice_set_value(kconf, choice, sym);
	return true;
}

/** Before 6.11 a choice has a value, which has to be y before a member can be. Returns what takes that back. */
function choose_one(kconf: Kconf, choice: Sym): () => void {
	const { flags } = choice;
	const user = choice.def[S_DEF_USER].tri;
	sym_calc_value(kconf, choice);
	if (choice.curr.tri === yes || !sym_set_tristate_value(kconf, choice, yes)) return () => {};
	return () => {
		choice.flags = flags;
		choice.def[S_DEF_USER].tri = user;
		sym_clear_all_valid(kconf);
		sym_calc_value(kconf, choice);
	};
}

/** Sets the user's value. False if the symbol does not exist or cannot take the value now. */
export function set(kconf: Kconf, name: string, value: string): boolean {
	const sym = find(kconf, name);
	return sym !== undefined && assign(kconf, sym, to_bytes(value));
}

/** Writes a .config. Nothing is printed. */
export function write(kconf: Kconf, file: string): void {
	const silent = kconf.silent;
	kconf.silent = true;
	try {
		conf_write(kconf, to_bytes(file));
	} finally {
		kconf.silent = silent;
	}
}
