// SPDX-License-Identifier: GPL-2.0-only
//
// BusyBox's files: .config with a line for every symbol, include/autoconf.h with CONFIG_X,
// ENABLE_X, IF_X() and IF_NOT_X(), and .kconfig.d. Mirrors scripts/kconfig/confdata.c of BusyBox.

import { spawnSync } from "node:child_process";
import { renameSync, writeFileSync } from "node:fs";
import { conf_set_sym_val, conf_warning, escape_string_value } from "../confdata.ts";
import { EXPR_OR } from "../expr.ts";
import type { Kconf, Menu, Sym } from "../lkc.ts";
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
	SYMBOL_DEF_USER,
	SYMBOL_NO_WRITE,
	SYMBOL_VALID,
	SYMBOL_WRITE,
	yes,
} from "../lkc.ts";
import { menu_get_prompt, menu_is_visible, menu_next } from "../menu.ts";
import {
	for_all_symbols,
	sym_calc_value,
	sym_clear_all_valid,
	sym_find,
	sym_get_string_value,
	sym_get_type,
	sym_has_value,
	sym_is_choice,
	sym_is_choice_value,
	sym_string_within_range,
} from "../symbol.ts";
import { path_of, read_file } from "../text.ts";
import { choice_of, choice_state } from "./choice.ts";

/** Reads values out of a file; false if there is none. */
export function read_busybox_simple(kconf: Kconf, name: string): boolean {
	const text = read_file(kconf.host, name);
	if (text === null) return false;
	kconf.conf_warnings = 0;
	for (const sym of kconf.all) {
		sym.def[S_DEF_USER].val = "";
		sym.def[S_DEF_USER].tri = no;
		sym.flags &= ~(SYMBOL_DEF_USER | SYMBOL_VALID);
		if (!sym_is_choice(sym)) continue;
		sym.flags |= SYMBOL_DEF_USER;
		choice_state(kconf, sym).def[S_DEF_USER] = null;
	}
	for (const [i, line] of text.split("\n").entries()) {
		read_line(kconf, line, (what) => conf_warning(kconf, name, i + 1, what));
	}
	if (kconf.modules_sym) sym_calc_value(kconf, kconf.modules_sym);
	return true;
}

function read_line(kconf: Kconf, line: string, warn: (text: string) => void): void {
	if (line === "") return;
	const unset = /^#.CONFIG_([^ ]*) is not set/.exec(line);
	if (line.startsWith("#") && !unset) return;
	if (!unset && !line.startsWith("CONFIG_")) {
		warn("unexpected data");
		return;
	}
	const eq = line.indexOf("=");
	if (!unset && eq < 0) return;
	const name = unset ? (unset[1] as string) : line.slice("CONFIG_".length, eq);
	const sym = sym_find(kconf, name);
	if (!sym) {
		warn(`trying to assign nonexistent symbol ${name}`);
		return;
	}
	if (sym_has_value(sym)) warn(`trying to reassign symbol ${sym.name}`);
	else if (unset) {
		if (sym.type === S_BOOLEAN || sym.type === S_TRISTATE) sym.flags |= SYMBOL_DEF_USER;
	} else if (!set_value(sym, line.slice(eq + 1), warn)) return;
	if (sym_is_choice_value(sym)) member_set(kconf, sym, warn);
}

/** Stores a value; false if there is nothing more to do with the line. */
function set_value(sym: Sym, value: string, warn: (text: string) => void): boolean {
	const wrong = conf_set_sym_val(sym, S_DEF_USER, value);
	const number = sym.type === S_INT || sym.type === S_HEX;
	if (wrong !== null && !(number && value === "")) warn(wrong);
	return wrong === null || sym.type === S_BOOLEAN || sym.type === S_TRISTATE;
}

function member_set(kconf: Kconf, sym: Sym, warn: (text: string) => void): void {
	const choice = choice_of(sym);
	const own = sym.def[S_DEF_USER].tri;
	const of_choice = choice.def[S_DEF_USER];
	const clash = own === mod ? of_choice.tri === yes : own === yes && of_choice.tri !== no;
	if (clash) {
		warn(`${sym.name} creates inconsistent choice state`);
		choice.flags &= ~SYMBOL_DEF_USER;
	} else if (own === yes) choice_state(kconf, choice).def[S_DEF_USER] = sym;
	of_choice.tri = EXPR_OR(of_choice.tri, own);
}

/** Reads a configuration and calculates all values; without a name .config, or nothing. */
export function read_busybox(kconf: Kconf, name: string | null): boolean {
	const found = name ?? (read_file(kconf.host, ".config") === null ? "/dev/null" : ".config");
	if (name === null) kconf.host.out(`#\n# using defaults found in ${found}\n#\n`);
	if (!read_busybox_simple(kconf, found)) return false;
	let unsaved = false;
	for (const sym of for_all_symbols(kconf)) {
		sym_calc_value(kconf, sym);
		if (!sym_is_choice(sym) && !(sym.flags & SYMBOL_NO_WRITE) && differs(sym)) unsaved = true;
		if (sym_has_value(sym) && !sym_is_choice_value(sym)) forget_unseen(kconf, sym);
		if (!sym_is_choice(sym)) continue;
		const { members } = choice_state(kconf, sym);
		if (members.some((member) => member.visible !== no && !sym_has_value(member)))
			sym.flags &= ~SYMBOL_DEF_USER;
	}
	kconf.conf_changed = unsaved || kconf.conf_warnings > 0;
	return true;
}

function differs(sym: Sym): boolean {
	const written = (sym.flags & SYMBOL_WRITE) !== 0;
	if (!sym_has_value(sym) || !written) return sym_has_value(sym) || written;
	const { tri, val } = sym.def[S_DEF_USER];
	return sym.type === S_BOOLEAN || sym.type === S_TRISTATE ? tri !== sym.curr.tri : val !== sym.curr.val;
}

function forget_unseen(kconf: Kconf, sym: Sym): void {
	const { val } = sym.def[S_DEF_USER];
	if (sym.visible === no) sym.flags &= ~SYMBOL_DEF_USER;
	if (sym.type !== S_STRING && sym.type !== S_INT && sym.type !== S_HEX) return;
	if (!sym_string_within_range(kconf, sym, val)) sym.flags &= ~(SYMBOL_DEF_USER | SYMBOL_VALID);
}

const WEEKDAYS = "SunMonTueWedThuFriSat";
const MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";
const two = (n: number): string => String(n).padStart(2, "0");

/** A time as ctime() writes it. */
function ctime(t: Date): string {
	const day = WEEKDAYS.slice(3 * t.getDay(), 3 * t.getDay() + 3);
	const month = MONTHS.slice(3 * t.getMonth(), 3 * t.getMonth() + 3);
	const time = `${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
	return `${day} ${month} ${String(t.getDate()).padStart(2)} ${time} ${t.getFullYear()}\n`;
}

/** The same for the header, with the name of the time zone, which only the system knows. */
function timestamp(t: Date): string {
	const date = `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())}`;
	const { stdout } = spawnSync("date", ["-d", `@${Math.floor(t.getTime() / 1000)}`, "+ %Z"], {
		encoding: "latin1",
	});
	return `${date} ${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}${(stdout ?? "").trimEnd()}`;
}

interface Texts {
	config: string;
	header: string;
}

function heading(kconf: Kconf): Texts {
	const { env } = kconf.host;
	const epoch = env.SOURCE_DATE_EPOCH;
	const now = epoch ? new Date(1000 * Number.parseInt(epoch, 10)) : new Date();
	const stamp = !env.KCONFIG_NOTIMESTAMP;
	const version = sym_find(kconf, "KERNELVERSION");
	if (version) sym_calc_value(kconf, version);
	const of = version ? sym_get_string_value(version) : "";
	const dated = stamp ? `# ${ctime(now)}` : "";
	const title = `# Automatically generated make config: don't edit\n# Busybox version: ${of}\n`;
	const config = `#\n${title}${dated}#\n`;
	const define = `#define AUTOCONF_TIMESTAMP "${stamp ? timestamp(now) : ""}"\n`;
	const comment = ` * Automatically generated C config: don't edit\n * Busybox version: ${of}\n`;
	return { config, header: `/*\n${comment} */\n${define}\n` };
}

/** What is said of a symbol that is not n: its value, and that it is enabled. */
function enabled(name: string, value: string): string {
	const yes = `# define IF_${name}(...) __VA_ARGS__`;
	return (
		`#define CONFIG_${name} ${value}\n#define ENABLE_${name} 1\n` +
		`#ifdef MAKE_SUID\n${yes} "CONFIG_${name}"\n#else\n${yes}\n#endif\n#define IF_NOT_${name}(...)\n`
	);
}

function symbol_texts(kconf: Kconf, sym: Sym): Texts {
	const name = sym.name as string;
	const type = sym_get_type(kconf, sym);
	const val = sym_get_string_value(sym);
	if (type === S_BOOLEAN || type === S_TRISTATE) {
		if (val === "m") return { config: `CONFIG_${name}=m\n`, header: `#define CONFIG_${name}_MODULE 1\n` };
		if (val === "y") return { config: `CONFIG_${name}=y\n`, header: enabled(name, "1") };
		const not = `#define IF_${name}(...)\n#define IF_NOT_${name}(...) __VA_ARGS__\n`;
		const off = `#define ENABLE_${name} 0\n${not}`;
		return { config: `# CONFIG_${name} is not set\n`, header: `#undef CONFIG_${name}\n${off}` };
	}
	if (type === S_STRING) {
		const text = escape_string_value(val);
		return { config: `CONFIG_${name}=${text}\n`, header: enabled(name, text) };
	}
	if (type !== S_INT && type !== S_HEX) return { config: "", header: "" };
	const bare = type === S_HEX && !/^0x/i.test(val);
	const text = bare ? val : val || "0";
	return { config: `CONFIG_${name}=${text}\n`, header: enabled(name, bare ? `0x${text}` : text) };
}

function entry_texts(kconf: Kconf, menu: Menu): Texts | null {
	const { sym } = menu;
	if (sym && sym_is_choice(sym)) return null;
	if (sym) {
		sym_calc_value(kconf, sym);
		return symbol_texts(kconf, sym);
	}
	if (!menu_is_visible(kconf, menu)) return null;
	const title = menu_get_prompt(menu);
	return { config: `\n#\n# ${title}\n#\n`, header: `\n/*\n * ${title}\n */\n` };
}

function dep_text(kconf: Kconf): string {
	const files = [...kconf.files].reverse().join(" \\\n\t");
	const both = ".config include/autoconf.h: $(deps_config)\n\ninclude/autoconf.h: .config\n";
	return `deps_config := \\\n\t${files}\n\n${both}\n$(deps_config):\n`;
}

/** Moves a file; that it cannot be moved is of no account. */
function move(from: string, to: string): void {
	try {
		renameSync(from, to);
	} catch (e) {
		if ((e as NodeJS.ErrnoException).code === undefined) throw e;
	}
}

/** Writes the configuration, the header, and what they depend on. */
export function write_busybox(kconf: Kconf): void {
	const path = (name: string): string => path_of(kconf.host, name);
	const texts = heading(kconf);
	if (!kconf.conf_changed) sym_clear_all_valid(kconf);
	for (let menu = kconf.rootmenu.list; menu; menu = menu_next(menu, null)) {
		const more = entry_texts(kconf, menu);
		texts.config += more?.config ?? "";
		texts.header += more?.header ?? "";
	}
	const tmp = path(`.tmpconfig.${process.pid}`);
	try {
		writeFileSync(tmp, texts.config, "latin1");
		writeFileSync(path(".kconfig.d"), dep_text(kconf), "latin1");
		writeFileSync(path(".tmpconfig.h"), texts.header, "latin1");
		move(path(".tmpconfig.h"), path("include/autoconf.h"));
		move(path(".config"), path(".config.old"));
		renameSync(tmp, path(".config"));
	} catch (e) {
		if ((e as NodeJS.ErrnoException).code === undefined) throw e;
		throw new ConfExit(1, "\n*** Error during writing of the configuration.\n");
	}
	kconf.conf_changed = false;
}
