// SPDX-License-Identifier: GPL-2.0-only
//
// The files for the build as they were before: auto.conf.cmd of 5.x and 6.x, and all of
// 4.x's, where include/config/ has a directory for every "_" of a name, and tristate.conf.

import { closeSync, openSync, renameSync, writeFileSync } from "node:fs";
import {
	conf_get_configname,
	conf_heading,
	conf_read_simple,
	config_prefix,
	escape_string_value,
} from "../confdata.ts";
import { comment_style_pound, FileError } from "../confdata.ts";
import type { Kconf, Sym } from "../lkc.ts";
import {
	S_BOOLEAN,
	S_DEF_AUTO,
	S_HEX,
	S_STRING,
	S_TRISTATE,
	S_UNKNOWN,
	SYMBOL_NO_WRITE,
	SYMBOL_WRITE,
} from "../lkc.ts";
import { for_all_symbols, sym_calc_value, sym_clear_all_valid, sym_get_string_value } from "../symbol.ts";
import { make_parent_dir, path_of, to_bytes } from "../text.ts";

const is_tri = (sym: Sym): boolean => sym.type === S_BOOLEAN || sym.type === S_TRISTATE;

function env_lines(kconf: Kconf, name: string): string {
	const { env } = kconf.host;
	const used = kconf.rules.symbols_in_names
		? [...kconf.env_symbols.values()].map((key) => [key, to_bytes(env[key] ?? "")]).reverse()
		: [...kconf.env_used];
	return used.map(([key, value]) => `ifneq "$(${key})" "${value}"\n${name}: FORCE\nendif\n`).join("");
}

/** auto.conf.cmd: on what auto.conf depends, for make. */
export function autoconf_cmd_text(kconf: Kconf, name: string): string {
	const files = [...kconf.files].reverse();
	const split = kconf.rules.auto === "split";
	const list = split ? `\t${files.join(" \\\n\t")}\n` : files.map((file) => `\t${file} \\\n`).join("");
	const target = split ? `${name}: \\\n\t$(deps_config)` : `${name}: $(deps_config)`;
	return `deps_config := \\\n${list}\n${target}\n\n${env_lines(kconf, name)}\n$(deps_config): ;\n`;
}

/** How auto.conf, tristate.conf and autoconf.h say what a symbol is worth. */
const LINES: Readonly<Record<string, (name: string, sym: Sym, val: string) => string>> = {
	conf: (name, sym, val) => (is_tri(sym) && val === "n" ? "" : `${name}=${val}\n`),
	tristate: (name, sym, val) =>
		sym.type === S_TRISTATE && val !== "n" ? `${name}=${val.charAt(0).toUpperCase()}\n` : "",
	header(name, sym, val) {
		if (is_tri(sym)) return val === "n" ? "" : `#define ${name}${val === "m" ? "_MODULE" : ""} 1\n`;
		const hex = sym.type === S_HEX && !/^0x/i.test(val);
		return `#define ${name} ${hex ? "0x" : ""}${val}\n`;
	},
};

/** A string as a file shows it. U-Boot has left its escapes out. */
export function quoted(kconf: Kconf, text: string): string {
	return kconf.rules.name === "u-boot" ? `"${text}"` : escape_string_value(text);
}

/** The comment in a C file, with an empty line above and below the text. */
const COMMENT_C = { prefix: "/*\n *", decoration: " *", postfix: " *\n */" };

function text_of(kconf: Kconf, kind: "conf" | "tristate" | "header"): string {
	const parts = [conf_heading(kconf, kind === "header" ? COMMENT_C : comment_style_pound)];
	const prefix = config_prefix(kconf);
	for (const sym of for_all_symbols(kconf)) {
		sym_calc_value(kconf, sym);
		if (!(sym.flags & SYMBOL_WRITE) || sym.name === null || sym.type === S_UNKNOWN) continue;
		const val = sym_get_string_value(sym);
		const shown = sym.type === S_STRING ? quoted(kconf, val) : val;
		parts.push(LINES[kind]?.(`${prefix}${sym.name}`, sym, shown) ?? "");
	}
	return parts.join("");
}

/** Puts a file in place in one step. Where a directory is made for it depends on the rules. */
function put(kconf: Kconf, name: string, text: string): void {
	const path = path_of(kconf.host, name);
	if (kconf.rules.macros) make_parent_dir(path);
	writeFileSync(`${path}.tmp`, text, "latin1");
	renameSync(`${path}.tmp`, path);
}

function touch_all(kconf: Kconf, name: string, changed: (sym: Sym) => boolean): void {
	const { macros } = kconf.rules;
	const dir = macros ? "include/config/" : name.slice(0, name.lastIndexOf("/") + 1);
	conf_read_simple(kconf, name, S_DEF_AUTO);
	if (kconf.modules_sym) sym_calc_value(kconf, kconf.modules_sym);
	for (const sym of for_all_symbols(kconf)) {
		sym_calc_value(kconf, sym);
		if (sym.flags & SYMBOL_NO_WRITE || sym.name === null || !changed(sym)) continue;
		const path = path_of(kconf.host, `${dir}${sym.name.toLowerCase().replaceAll("_", "/")}.h`);
		make_parent_dir(path);
		closeSync(openSync(path, "w", 0o644));
	}
}

/** Writes them all. Throws what node:fs throws, or FileError. */
export function write_split(kconf: Kconf, changed: (sym: Sym) => boolean): void {
	const { env } = kconf.host;
	const { macros } = kconf.rules;
	const own = conf_get_configname(kconf);
	const dir = macros ? "" : own.slice(0, own.lastIndexOf("/") + 1);
	const name = to_bytes(env.KCONFIG_AUTOCONFIG ?? (macros ? "include/config/auto.conf" : ""));
	if (name === "") throw new FileError();
	sym_clear_all_valid(kconf);
	put(kconf, macros ? "include/config/auto.conf.cmd" : `${dir}.config.cmd`, autoconf_cmd_text(kconf, name));
	touch_all(kconf, name, changed);
	const conf = text_of(kconf, "conf");
	const tristate = text_of(kconf, "tristate");
	put(kconf, to_bytes(env.KCONFIG_AUTOHEADER ?? "include/generated/autoconf.h"), text_of(kconf, "header"));
	put(kconf, to_bytes(env.KCONFIG_TRISTATE ?? "include/config/tristate.conf"), tristate);
	put(kconf, name, conf);
}
