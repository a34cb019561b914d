// SPDX-License-Identifier: GPL-2.0-only
//
// The statements that only older trees have, and symbols that are there before any file is
// read: what Linux's scripts/kconfig/zconf.y and symbol.c had and have no more.

import { release } from "node:os";
import { expr_alloc_symbol } from "../expr.ts";
import type { Kconf, Property, Sym } from "../lkc.ts";
import { S_STRING, SYMBOL_ALLNOCONFIG_Y, SYMBOL_NO_WRITE, SYMBOL_OPTIONAL } from "../lkc.ts";
import { menu_warn } from "../menu.ts";
import type { Parser } from "../parser.ts";
import {
	accept,
	config_option,
	depends_or_help,
	expect,
	peek,
	prompt_option,
	shift,
	symbol_option,
	zconf_error,
} from "../parser.ts";
import { sym_calc_value, sym_find, sym_get_string_value, sym_lookup } from "../symbol.ts";
import { to_bytes } from "../text.ts";

/** One attribute of a choice; false if the next line is none. */
export function choice_option(p: Parser, type: string): boolean {
	switch (type) {
		case "bool":
		case "tristate":
			return config_option(p, type);
		case "prompt":
			prompt_option(p);
			return true;
		case "optional":
			shift(p);
			expect(p, "eol");
			if (p.current_entry.sym) p.current_entry.sym.flags |= SYMBOL_OPTIONAL;
			return true;
		case "default":
			symbol_option(p, "default");
			return true;
		default:
			return depends_or_help(p, type);
	}
}

/** option modules, option defconfig_list, option env="NAME", option allnoconfig_y */
export function option_stmt(p: Parser): void {
	shift(p);
	while (peek(p) === "word") {
		const name = shift(p);
		let arg: string | null = null;
		if (accept(p, "=")) arg = peek(p) === "word" ? shift(p) : expect(p, "quoted");
		menu_add_option(p, name, arg);
	}
	expect(p, "eol");
}

function menu_add_option(p: Parser, name: string, arg: string | null): void {
	const { kconf, current_entry } = p;
	const sym = current_entry.sym as Sym;
	switch (name) {
		case "modules":
			if (kconf.modules_sym) {
				const by = `already defined by symbol '${kconf.modules_sym.name}'`;
				zconf_error(p, `symbol '${sym.name}' redefines option 'modules' ${by}`);
			}
			kconf.modules_sym = sym;
			break;
		case "defconfig_list":
			kconf.defconfig_list ??= sym;
			if (kconf.defconfig_list !== sym) zconf_error(p, "trying to redefine defconfig symbol");
			kconf.defconfig_list.flags |= SYMBOL_NO_WRITE;
			break;
		case "allnoconfig_y":
			sym.flags |= SYMBOL_ALLNOCONFIG_Y;
			break;
		case "env":
			if (kconf.rules.symbols_in_names) add_env(p, sym, arg ?? "");
			else ignore_option(p, name);
			break;
		default:
			ignore_option(p, name);
	}
}

function ignore_option({ kconf, lexer }: Parser, name: string): void {
	kconf.host.err(`${lexer.cur_filename}:${lexer.cur_lineno}: warning: ignoring unknown option ${name}\n`);
}

/** A symbol that has the value of an environment variable. */
function add_env(p: Parser, sym: Sym, env: string): void {
	const { kconf, current_entry } = p;
	sym.flags |= SYMBOL_NO_WRITE;
	const old = kconf.env_symbols.get(sym);
	if (old !== undefined) {
		if (old !== env) menu_warn(kconf, current_entry, `redefining environment symbol from ${old}`);
		return;
	}
	kconf.env_symbols.set(sym, env);
	// The name of the variable is a constant among the others.
	sym_lookup(kconf, env, true);
	const value = kconf.host.env[env];
	if (value === undefined) menu_warn(kconf, current_entry, `environment variable ${env} undefined`);
	else add_default(kconf, sym, to_bytes(value), current_entry);
}

function add_default(kconf: Kconf, sym: Sym, value: string, menu: Property["menu"] | null): void {
	const { filename, lineno } = menu ?? kconf.rootmenu;
	sym.prop.push({
		type: "default",
		text: "",
		visible: { expr: null, tri: 0 },
		expr: expr_alloc_symbol(sym_lookup(kconf, value, true)),
		// Of no entry: its condition is nobody's.
		menu: kconf.rootmenu,
		filename,
		lineno,
	});
}

/** Makes the symbols that are there from the beginning. */
export function sym_init(kconf: Kconf): void {
	const { rules, host } = kconf;
	const known: [string, string | undefined][] = [];
	if (rules.ancient) known.push(["ARCH", host.env.ARCH], ["KERNELVERSION", host.env.KERNELVERSION]);
	if (rules.ancient || rules.symbols_in_names) known.push(["UNAME_RELEASE", release()]);
	for (const [name, value] of known) {
		const sym = sym_lookup(kconf, name);
		sym.type = S_STRING;
		sym.flags |= SYMBOL_NO_WRITE;
		if (value !== undefined) add_default(kconf, sym, to_bytes(value), null);
	}
	if (rules.ancient) kconf.modules_sym = sym_lookup(kconf, "MODULES");
}

/** Puts the values of symbols into a text that names them with "$". */
export function sym_expand_string_value(kconf: Kconf, text: string): string {
	return text.replace(/\$([A-Za-z0-9_]*)/g, (_, name: string) => {
		const sym = sym_find(kconf, name);
		if (!sym) return "";
		sym_calc_value(kconf, sym);
		return sym_get_string_value(sym);
	});
}

/** The title may name symbols, too. */
export function expand_title(kconf: Kconf): void {
	const { prompt } = kconf.rootmenu;
	if (prompt && kconf.rules.symbols_in_names) prompt.text = sym_expand_string_value(kconf, prompt.text);
}
