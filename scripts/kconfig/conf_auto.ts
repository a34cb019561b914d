// SPDX-License-Identifier: GPL-2.0-only
//
// The files that a build reads: include/config/auto.conf for make, autoconf.h for C,
// rustc_cfg for Rust, and the empty files in include/config/ whose dates tell what has
// changed. Mirrors the second part of Linux's scripts/kconfig/confdata.c. An addition is
// $KCONFIG_AUTOTS, which names a file of TypeScript constants to write. There is no #ifdef
// in TypeScript, so it states every symbol that the Kconfig files know, the n ones too.

import { closeSync, existsSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { CommentStyle } from "./confdata.ts";
import {
	comment_style_c,
	comment_style_pound,
	conf_heading,
	conf_read_simple,
	config_prefix,
	escape_string_value,
	FileError,
	strerror,
} from "./confdata.ts";
import type { Kconf, Sym } from "./lkc.ts";
import {
	S_BOOLEAN,
	S_DEF_AUTO,
	S_HEX,
	S_INT,
	S_STRING,
	S_TRISTATE,
	S_UNKNOWN,
	SYMBOL_CONST,
	SYMBOL_DEF_AUTO,
	SYMBOL_NO_WRITE,
	SYMBOL_WRITE,
} from "./lkc.ts";
import { autoconf_cmd_text as old_autoconf_cmd_text, write_split } from "./old/conf_auto.ts";
import { for_all_symbols, sym_calc_value, sym_get_string_value } from "./symbol.ts";
import { make_parent_dir, path_of, read_bytes, to_bytes, to_text } from "./text.ts";

function name_from_env(kconf: Kconf, variable: string, otherwise: string): string {
	return to_bytes(kconf.host.env[variable] ?? otherwise);
}

const conf_get_autoconfig_name = (kconf: Kconf): string =>
	name_from_env(kconf, "KCONFIG_AUTOCONFIG", "include/config/auto.conf");
const conf_get_autoheader_name = (kconf: Kconf): string =>
	name_from_env(kconf, "KCONFIG_AUTOHEADER", "include/generated/autoconf.h");
const conf_get_rustccfg_name = (kconf: Kconf): string =>
	name_from_env(kconf, "KCONFIG_RUSTCCFG", "include/generated/rustc_cfg");

/** coreboot also writes what is n, if it is asked to. */
const with_negatives = (kconf: Kconf): boolean =>
	kconf.rules.coreboot_files && kconf.host.env.KCONFIG_NEGATIVES !== undefined;

const is_tri = (sym: Sym): boolean => sym.type === S_BOOLEAN || sym.type === S_TRISTATE;

/** A hex number always with its 0x. */
function prefixed(sym: Sym, val: string): string {
	return sym.type === S_HEX && !/^0x/i.test(val) ? `0x${val}` : val;
}

/** A line of auto.conf: no n, and strings without quotes. */
function symbol_for_autoconf(prefix: string, sym: Sym, val: string): string {
	return is_tri(sym) && val === "n" ? "" : `${prefix}${sym.name}=${val}\n`;
}

/** A line of autoconf.h. */
function symbol_for_c(prefix: string, sym: Sym, val: string): string {
	const name = `#define ${prefix}${sym.name}`;
	if (is_tri(sym)) return val === "n" ? "" : `${name}${val === "m" ? "_MODULE" : ""} 1\n`;
	return `${name} ${sym.type === S_STRING ? escape_string_value(val) : prefixed(sym, val)}\n`;
}

/** The lines of rustc_cfg: everything is a string, and what is not n is also there bare. */
function symbol_for_rustccfg(prefix: string, sym: Sym, val: string): string {
	if (is_tri(sym) && val === "n") return "";
	const name = `--cfg=${prefix}${sym.name}`;
	const bare = is_tri(sym) ? `${name}\n` : "";
	return `${bare}${name}=${escape_string_value(prefixed(sym, val))}\n`;
}

type Printer = (prefix: string, sym: Sym, val: string) => string;

function autoconf_text(kconf: Kconf, printer: Printer, style: CommentStyle | null): string {
	const parts = style ? [conf_heading(kconf, style)] : [];
	const prefix = config_prefix(kconf);
	const all = with_negatives(kconf);
	for (const sym of for_all_symbols(kconf)) {
		if (!(sym.flags & SYMBOL_WRITE) && !(all && sym.type !== S_STRING)) continue;
		if (sym.name === null || sym.type === S_UNKNOWN) continue;
		parts.push(printer(prefix, sym, sym_get_string_value(sym)));
	}
	return parts.join("");
}

/** autoconf.h with the current values. */
export function autoconf_header_text(kconf: Kconf): string {
	for (const sym of for_all_symbols(kconf)) sym_calc_value(kconf, sym);
	const line = kconf.rules.coreboot_files ? symbol_for_coreboot : symbol_for_c;
	const lines = negatives(line, kconf, (symbol) => `#define ${symbol} 0\n`);
	return autoconf_text(kconf, lines, comment_style_c);
}

function declaration(kconf: Kconf, sym: Sym): string {
	const name = `${config_prefix(kconf)}${sym.name}`.replace(/[^A-Za-z0-9_$]/g, "_");
	const val = sym_get_string_value(sym);
	if (is_tri(sym)) return `export const ${name}: boolean = ${sym.curr.tri > 0};\n`;
	if (sym.type !== S_INT && sym.type !== S_HEX) {
		return `export const ${name}: string = ${to_bytes(JSON.stringify(to_text(val)))};\n`;
	}
	return `export const ${name}: number = ${prefixed(sym, val)};\n`;
}

/** The same lines where n is said, too. */
function negatives(printer: Printer, kconf: Kconf, otherwise: (name: string) => string): Printer {
	if (!with_negatives(kconf)) return printer;
	return (prefix, sym, val) =>
		is_tri(sym) && val === "n" ? otherwise(`${prefix}${sym.name}`) : printer(prefix, sym, val);
}

/** A line of coreboot's autoconf.h, where a number is never empty. */
function symbol_for_coreboot(prefix: string, sym: Sym, val: string): string {
	const number = sym.type === S_INT || sym.type === S_HEX;
	return number && val === "" ? `#define ${prefix}${sym.name} 0\n` : symbol_for_c(prefix, sym, val);
}

/** One TypeScript constant for every symbol that has a type, in alphabetical order. */
function autots_text(kconf: Kconf): string {
	let text = "// SPDX-License-Identifier: GPL-2.0-only\n//\n";
	text += "// Automatically generated file; DO NOT EDIT.\n";
	text += `// ${kconf.rootmenu.prompt?.text ?? ""}\n`;
	text += "// Written by scripts/kconfig/conf.ts --syncconfig.\n\n";
	const known = kconf.all.filter(
		(sym) => sym.name !== null && sym.type !== S_UNKNOWN && !(sym.flags & SYMBOL_CONST),
	);
	known.sort((a, b) => ((a.name as string) < (b.name as string) ? -1 : 1));
	for (const sym of known) {
		sym_calc_value(kconf, sym);
		text += declaration(kconf, sym);
	}
	return text;
}

/** auto.conf.cmd: on what auto.conf depends, for make. */
function autoconf_cmd_text(kconf: Kconf, name: string): string {
	if (kconf.rules.old_choices) return old_autoconf_cmd_text(kconf, name);
	const files = kconf.files.map((file) => `\t${file} \\\n`).join("");
	let text = `autoconfig := ${name}\n\ndeps_config := \\\n${files}\n`;
	text += "$(autoconfig): $(deps_config)\n$(deps_config): ;\n";
	for (const [key, value] of kconf.env_used) {
		text += `\nifneq "$(${key})" "${value}"\n$(autoconfig): FORCE\nendif\n`;
	}
	return text;
}

/** Did the value change since the last auto.conf? */
function changed(sym: Sym): boolean {
	const had = (sym.flags & SYMBOL_DEF_AUTO) !== 0;
	if (!(sym.flags & SYMBOL_WRITE)) return had;
	const old = sym.def[S_DEF_AUTO];
	if (is_tri(sym)) return had ? sym.curr.tri !== old.tri : sym.curr.tri !== 0;
	return !had || sym_get_string_value(sym) !== old.val;
}

/** Touches NAME beside auto.conf for every symbol whose value has changed. */
function conf_touch_deps(kconf: Kconf): void {
	const name = conf_get_autoconfig_name(kconf);
	const { old_choices, coreboot_files } = kconf.rules;
	const beside = name.slice(0, name.lastIndexOf("/") + 1);
	const dir = coreboot_files ? name_from_env(kconf, "KCONFIG_SPLITCONFIG", "include/config/") : beside;
	const touch = (symbol: string): boolean => {
		try {
			closeSync(openSync(path_of(kconf.host, `${dir}${symbol}`), "w", 0o644));
			return true;
		} catch {
			return false;
		}
	};
	// What is gone is of no importance, not even if it cannot be touched.
	conf_read_simple(kconf, name, S_DEF_AUTO, touch);
	if (old_choices && kconf.modules_sym) sym_calc_value(kconf, kconf.modules_sym);
	for (const sym of for_all_symbols(kconf)) {
		if (old_choices) sym_calc_value(kconf, sym);
		if (sym.name === null || sym.flags & SYMBOL_NO_WRITE) continue;
		if (changed(sym) && !touch(sym.name)) throw new FileError();
	}
}

/** Puts a new file in place in one step. */
function write_file(kconf: Kconf, name: string, text: string): void {
	const path = path_of(kconf.host, name);
	make_parent_dir(path);
	const tmp = `${path}.tmp`;
	try {
		writeFileSync(tmp, text, "latin1");
		renameSync(tmp, path);
	} catch (e) {
		// Not half of it either, if it is not a directory of that name that is in the way.
		if ((e as NodeJS.ErrnoException).code === "ENOSPC") rmSync(tmp, { force: true });
		throw e;
	}
}

/** The same, but the file keeps its date if nothing in it changes. */
function update_file(kconf: Kconf, name: string, text: string): void {
	const path = path_of(kconf.host, name);
	if (!existsSync(path) || read_bytes(path) !== text) write_file(kconf, name, text);
}

/**
 * Writes the files for the build. Without `overwrite` only if there are none yet. auto.conf
 * comes last: its date tells make that all is up to date. Throws FileError.
 */
export function conf_write_autoconf(kconf: Kconf, overwrite: boolean): void {
	const { auto, old_choices } = kconf.rules;
	const name = conf_get_autoconfig_name(kconf);
	if (auto === "none" || (auto === "split" && !overwrite)) return;
	if (auto !== "split" && !overwrite && existsSync(path_of(kconf.host, name))) return;
	const autots = kconf.host.env.KCONFIG_AUTOTS;
	try {
		if (auto === "split") {
			write_split(kconf, changed);
			return;
		}
		write_file(kconf, `${name}.cmd`, autoconf_cmd_text(kconf, name));
		if (!old_choices) for (const sym of for_all_symbols(kconf)) sym_calc_value(kconf, sym);
		conf_touch_deps(kconf);
		write_file(kconf, conf_get_autoheader_name(kconf), autoconf_header_text(kconf));
		const rust = autoconf_text(kconf, symbol_for_rustccfg, null);
		if (auto === "rust") write_file(kconf, conf_get_rustccfg_name(kconf), rust);
		if (autots) update_file(kconf, to_bytes(autots), autots_text(kconf));
		const make_lines = negatives(symbol_for_autoconf, kconf, (symbol) => `${symbol}=n\n`);
		write_file(kconf, name, autoconf_text(kconf, make_lines, comment_style_pound));
	} catch (e) {
		if ((e as NodeJS.ErrnoException).code === undefined) throw e;
		throw new FileError(`fopen: ${strerror(e)}`);
	}
}
