// SPDX-License-Identifier: GPL-2.0-only
//
// Reads and writes configuration files: .config and defconfig. Mirrors the first part of
// Linux's scripts/kconfig/confdata.c; the files for the build are in conf_auto.ts.

import { renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { choice_move_first, sym_choice_default, sym_get_choice_menu } from "./choice.ts";
import { expr_invalidate_all, tristate_name } from "./expr.ts";
import type { DefSource, Kconf, Menu, Sym, Tristate } from "./lkc.ts";
import {
	mod,
	no,
	S_BOOLEAN,
	S_DEF_USER,
	S_STRING,
	S_TRISTATE,
	S_UNKNOWN,
	SYMBOL_DEF_AUTO,
	SYMBOL_DEF_USER,
	SYMBOL_OPTIONAL,
	SYMBOL_VALID,
	SYMBOL_WRITE,
	SYMBOL_WRITTEN,
	yes,
} from "./lkc.ts";
import { menu_get_prompt, menu_is_visible, menu_next } from "./menu.ts";
import { quoted } from "./old/conf_auto.ts";
import { conf_read_done, defconfig_list, conf_read_file as old_conf_read_file } from "./old/confdata.ts";
import { put_file } from "./put_file.ts";
import {
	for_all_symbols,
	sym_calc_value,
	sym_clear_all_valid,
	sym_find,
	sym_get_string_default,
	sym_get_string_value,
	sym_has_value,
	sym_is_changeable,
	sym_is_choice,
	sym_string_valid,
} from "./symbol.ts";
import { bytes_exit, make_parent_dir, path_of, read_bytes, read_file, to_bytes } from "./text.ts";

/** The prefix of every name in the files. $CONFIG_ overrides it, even with nothing. */
export function config_prefix(kconf: Kconf): string {
	const { prefix, prefix_fixed } = kconf.rules;
	return prefix_fixed ? prefix : (kconf.host.env.CONFIG_ ?? prefix);
}

/** The file that holds the configuration: $KCONFIG_CONFIG, or .config. */
export function conf_get_configname(kconf: Kconf): string {
	return to_bytes(kconf.host.env[kconf.rules.config_variable] ?? ".config");
}

/** A warning about the file that is being read. With KCONFIG_WERROR it becomes an error. */
export function conf_warning(kconf: Kconf, file: string, lineno: number, text: string): void {
	kconf.host.err(`${file}:${lineno}:warning: ${text}\n`);
	kconf.conf_warnings++;
}

/** Is what was warned of while reading an error, by KCONFIG_WERROR? */
export function conf_errors(kconf: Kconf): boolean {
	return kconf.rules.werror === "all" && kconf.conf_warnings > 0 && kconf.host.env.KCONFIG_WERROR !== undefined;
}

function conf_message(kconf: Kconf, text: string): void {
	if (!kconf.silent) kconf.host.out(`#\n# ${text}\n#\n`);
}

// --- reading -----------------------------------------------------------------------------

/** One assignment of a configuration file. "# CONFIG_X is not set" has the value n. */
export interface ConfLine {
	readonly lineno: number;
	readonly name: string;
	readonly value: string;
	readonly text: string;
}

/** Finds the assignments of a configuration file; `bad` is called for lines without sense. */
export function* conf_lines(
	text: string,
	prefix: string,
	bad: (lineno: number, line: string) => void = () => {},
): Generator<ConfLine> {
	const lines = text.split("\n");
	// What follows the last newline keeps its carriage return.
	for (const [i, raw] of lines.entries()) {
		const line = i < lines.length - 1 && raw.endsWith("\r") ? raw.slice(0, -1) : raw;
		if (line === "") continue;
		const lineno = i + 1;
		if (line.startsWith("#")) {
			const unset = " is not set";
			if (!line.startsWith(`# ${prefix}`) || !line.endsWith(unset)) continue;
			const name = line.slice(2 + prefix.length, -unset.length);
			if (!name.includes(" ")) yield { lineno, name, value: "n", text: line };
			continue;
		}
		const eq = line.indexOf("=", prefix.length);
		if (!line.startsWith(prefix) || eq < 0) {
			bad(lineno, line);
			continue;
		}
		const name = line.slice(prefix.length, eq);
		yield { lineno, name, value: line.slice(eq + 1), text: line };
	}
}

/** The text inside the quotes, with \x read as x. Null if the closing quote is missing. */
export function unquote(value: string): string | null {
	let out = "";
	for (let i = 1; i < value.length; i++) {
		const c = value[i] as string;
		if (c === '"') return out;
		if (c === "\\") i++;
		out += value[i] ?? "";
	}
	return null;
}

const LETTER: Readonly<Record<string, Tristate>> = { y: yes, m: mod, n: no };

/** Stores a value that was read. Returns what is wrong with it, or null. */
export function conf_set_sym_val(sym: Sym, def: DefSource, value: string): string | null {
	const flag = def === S_DEF_USER ? SYMBOL_DEF_USER : SYMBOL_DEF_AUTO;
	if (sym.type === S_UNKNOWN) return null;
	if (sym.type === S_BOOLEAN || sym.type === S_TRISTATE) {
		const tri = LETTER[value.charAt(0)];
		if (tri === undefined || (tri === mod && sym.type === S_BOOLEAN)) {
			return `symbol value '${value}' invalid for ${sym.name}`;
		}
		sym.def[def].tri = tri;
		sym.flags |= flag;
		return null;
	}
	let text = value;
	if (sym.type === S_STRING && def === S_DEF_USER) {
		if (!value.startsWith('"')) return null;
		const inner = unquote(value);
		if (inner === null) return "invalid string found";
		text = inner;
	}
	if (!sym_string_valid(sym, text)) return `symbol value '${text}' invalid for ${sym.name}`;
	sym.def[def].val = text;
	sym.flags |= flag;
	return null;
}

/** A configuration file that has been read in, but not yet understood. */
export interface ConfFile {
	readonly name: string;
	readonly text: string;
}

/** Finds the file to read: the one asked for, or the user's, or a base for it. */
function conf_open(kconf: Kconf, name: string | null): ConfFile | null {
	const { host } = kconf;
	const own = name ?? conf_get_configname(kconf);
	const text = read_file(host, own);
	if (text !== null) return { name: own, text };
	if (name !== null) return null;
	kconf.conf_changed = true;
	const { zconf, config_lines, old_choices } = kconf.rules;
	const named = to_bytes(host.env.KCONFIG_DEFCONFIG_LIST ?? "").split(/[ \t\n\v\f\r]+/);
	for (const base of zconf ? defconfig_list(kconf) : named) {
		const found = base === "" ? null : read_file(host, base);
		if (found === null) continue;
		conf_message(kconf, `using defaults found in ${base}`);
		// Once messages named the file that was not found.
		return { name: old_choices && !zconf && config_lines !== "by_value" ? own : base, text: found };
	}
	return null;
}

/** Forgets the values of a source, and with the user's all calculated ones. */
function conf_forget(kconf: Kconf, def: DefSource): void {
	const flag = def === S_DEF_USER ? SYMBOL_DEF_USER : SYMBOL_DEF_AUTO;
	for (const sym of kconf.all) {
		sym.flags &= ~flag;
		sym.def[def].val = "";
		sym.def[def].tri = no;
		if (def === S_DEF_USER) sym.flags &= ~SYMBOL_VALID;
	}
	if (def === S_DEF_USER) expr_invalidate_all(kconf);
}

/**
 * Reads values out of a file, without calculating anything. `gone` is told of symbols in an
 * old auto.conf that no longer exist. False if there is no file.
 */
export function conf_read_simple(
	kconf: Kconf,
	name: string | null,
	def: DefSource = S_DEF_USER,
	gone: (name: string) => void = () => {},
): boolean {
	const file = conf_open(kconf, name);
	if (!file) return false;
	conf_read_file(kconf, file, def, gone);
	return true;
}

function conf_read_file(
	kconf: Kconf,
	file: ConfFile,
	def: DefSource,
	gone: (name: string) => void = () => {},
	merge = false,
): void {
	if (kconf.rules.old_choices) {
		old_conf_read_file(kconf, file, def, gone, merge);
		return;
	}
	kconf.conf_warnings = 0;
	if (!merge) conf_forget(kconf, def);
	const warn = (at: number, text: string) => conf_warning(kconf, file.name, at, text);
	const flag = def === S_DEF_USER ? SYMBOL_DEF_USER : SYMBOL_DEF_AUTO;
	const lines = conf_lines(file.text, config_prefix(kconf), (at, line) => warn(at, `unexpected data: ${line}`));
	for (const line of lines) {
		const sym = sym_find(kconf, line.name);
		if (!sym) {
			if (def !== S_DEF_USER) gone(line.name);
			else {
				if (kconf.host.env.KCONFIG_WARN_UNKNOWN_SYMBOLS !== undefined) {
					warn(line.lineno, `unknown symbol: ${line.name}`);
				}
				kconf.conf_changed = true;
			}
			continue;
		}
		if (sym.flags & flag) warn(line.lineno, `override: reassigning to symbol ${sym.name}`);
		const wrong = conf_set_sym_val(sym, def, line.value);
		if (wrong !== null) {
			if (def === S_DEF_USER) warn(line.lineno, wrong);
			continue;
		}
		// The member of a choice that was assigned last wins.
		const choice = def === S_DEF_USER ? sym_get_choice_menu(sym) : null;
		if (choice) choice_move_first(choice, sym);
	}
}

/** Reads a .config and calculates all values. False if there is no file. */
export function conf_read(kconf: Kconf, name: string | null): boolean {
	kconf.conf_changed = false;
	const file = conf_open(kconf, name);
	if (file) conf_read_text(kconf, file);
	else if (kconf.modules_sym) sym_calc_value(kconf, kconf.modules_sym);
	return file !== null;
}

/** The same over what has been read or set before. No counterpart in Linux. */
export function conf_merge(kconf: Kconf, name: string | null): boolean {
	const file = conf_open(kconf, name);
	if (!file) return false;
	conf_read_text(kconf, file, true);
	return true;
}

/** The same for contents that are at hand; `name` is for messages. */
export function conf_read_text(kconf: Kconf, file: ConfFile, merge = false): void {
	conf_read_file(kconf, file, S_DEF_USER, () => {}, merge);
	if (merge) sym_clear_all_valid(kconf);
	if (kconf.rules.old_choices) {
		conf_read_done(kconf);
		return;
	}
	if (kconf.modules_sym) sym_calc_value(kconf, kconf.modules_sym);
	for (const sym of for_all_symbols(kconf)) {
		sym_calc_value(kconf, sym);
		if (!sym_is_choice(sym) && differs_from_file(sym)) kconf.conf_changed = true;
	}
	if (kconf.conf_warnings > 0) kconf.conf_changed = true;
}

function differs_from_file(sym: Sym): boolean {
	const written = (sym.flags & SYMBOL_WRITE) !== 0;
	if (!sym_has_value(sym)) return written;
	return !written || sym_get_user_value_string(sym) !== sym_get_string_value(sym);
}

// --- writing -----------------------------------------------------------------------------

/** A string as it stands in a .config, with its quotes. */
export function escape_string_value(text: string): string {
	return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** The line of a symbol in a .config; empty for a symbol that has none. */
function symbol_for_dotconfig(kconf: Kconf, sym: Sym): string {
	if (sym.type === S_UNKNOWN) return "";
	const name = `${config_prefix(kconf)}${sym.name}`;
	const val = sym_get_string_value(sym);
	const is_tri = sym.type === S_BOOLEAN || sym.type === S_TRISTATE;
	if (is_tri && val === "n") return `# ${name} is not set\n`;
	return `${name}=${sym.type === S_STRING ? quoted(kconf, val) : val}\n`;
}

/** The line of a symbol as --listnewconfig prints it. */
export function symbol_for_listconfig(kconf: Kconf, sym: Sym): string {
	if (sym.type === S_UNKNOWN) return "";
	const val = sym_get_string_value(sym);
	const text = sym.type === S_STRING ? escape_string_value(val) : val;
	return `${config_prefix(kconf)}${sym.name}=${text}\n`;
}

/** How a kind of file marks its first lines: at the top, before each line, at the end. */
export interface CommentStyle {
	readonly prefix: string;
	readonly decoration: string;
	readonly postfix: string;
}

export const comment_style_pound: CommentStyle = { prefix: "#", decoration: "#", postfix: "#" };
export const comment_style_c: CommentStyle = { prefix: "/*", decoration: " *", postfix: " */" };

/** The comment that a generated file begins with. */
export function conf_heading(kconf: Kconf, style: CommentStyle): string {
	const title = kconf.rootmenu.prompt?.text ?? "";
	const lines = ["Automatically generated file; DO NOT EDIT.", title];
	const body = lines.map((line) => `${style.decoration} ${line}\n`).join("");
	return `${style.prefix}\n${body}${style.postfix}\n`;
}

function sym_get_user_value_string(sym: Sym): string {
	const { tri, val } = sym.def[S_DEF_USER];
	return sym.type === S_BOOLEAN || sym.type === S_TRISTATE ? tristate_name(tri) : val;
}

/** Collects what KCONFIG_WARN_CHANGED_INPUT asks for: values that Kconfig has overruled. */
class ChangedInput {
	private text = "";
	private readonly on: boolean;
	private readonly kconf: Kconf;

	constructor(kconf: Kconf) {
		this.kconf = kconf;
		this.on = kconf.rules.warn_changed && Boolean(kconf.host.env.KCONFIG_WARN_CHANGED_INPUT);
	}

	look_at(sym: Sym): void {
		if (!this.on || !sym_has_value(sym) || sym.type === S_UNKNOWN) return;
		const user = sym_get_user_value_string(sym);
		const now = sym_get_string_value(sym);
		if (user === now) return;
		this.text ||= "warning: user-provided values changed by Kconfig:\n";
		this.text += `  ${config_prefix(this.kconf)}${sym.name}: ${user} -> ${now}\n`;
	}

	report(): void {
		if (this.text !== "") this.kconf.host.err(this.text);
	}
}

/** What a .config has to say about the current values. */
function conf_text(kconf: Kconf, changed: ChangedInput): string {
	if (!kconf.conf_changed) sym_clear_all_valid(kconf);
	const parts = [conf_heading(kconf, comment_style_pound)];
	for (const sym of kconf.all) sym.flags &= ~SYMBOL_WRITTEN;
	/** A menu has ended: leave an empty line before the next symbol. */
	let need_newline = false;

	const begin = (menu: Menu): void => {
		const { sym } = menu;
		if (!sym) {
			if (!menu_is_visible(kconf, menu)) return;
			parts.push(`\n#\n# ${menu_get_prompt(menu)}\n#\n`);
			need_newline = false;
		} else if (!sym_is_choice(sym) && !(sym.flags & SYMBOL_WRITTEN)) {
			sym_calc_value(kconf, sym);
			changed.look_at(sym);
			sym.flags |= SYMBOL_WRITTEN;
			if (!(sym.flags & SYMBOL_WRITE)) return;
			if (need_newline) parts.push("\n");
			need_newline = false;
			parts.push(symbol_for_dotconfig(kconf, sym));
		}
	};
	const { end_of_menu, end_of_comment } = kconf.rules;
	const end = (menu: Menu): void => {
		if (!end_of_menu || menu.sym || !menu_is_visible(kconf, menu)) return;
		// Once it was every entry around others that had one, a comment with some behind it, too.
		if (end_of_comment ? !menu.list : menu.prompt?.type !== "menu") return;
		parts.push(`# end of ${menu_get_prompt(menu)}\n`);
		need_newline = true;
	};
	for (let menu = kconf.rootmenu.list; menu; ) {
		begin(menu);
		if (menu.list) {
			menu = menu.list;
			continue;
		}
		end(menu);
		while (!menu.next && menu.parent && menu.parent !== kconf.rootmenu) {
			menu = menu.parent;
			end(menu);
		}
		menu = menu.next;
	}
	return parts.join("");
}

/** The text of a .config with the current values. */
export function conf_text_now(kconf: Kconf): string {
	return conf_text(kconf, new ChangedInput(kconf));
}

/** A file operation that fails: the program says so, and goes on to its own message. */
export class FileError extends Error {}

const REASONS: Readonly<Record<string, string>> = {
	EACCES: "Permission denied",
	EISDIR: "Is a directory",
	ENOENT: "No such file or directory",
	ENOTDIR: "Not a directory",
	ENOSPC: "No space left on device",
	EPERM: "Operation not permitted",
	EROFS: "Read-only file system",
};

/** What C says of an error. */
export function strerror(e: unknown): string {
	const { code, message } = e as NodeJS.ErrnoException;
	return REASONS[code ?? ""] ?? message;
}

/** Runs a file operation; a failure becomes one clear line and exit status 2. */
export function with_file<T>(name: string, work: () => T): T {
	try {
		return work();
	} catch (e) {
		if ((e as NodeJS.ErrnoException).code === undefined) throw e;
		throw bytes_exit(2, `${name}: ${strerror(e)}`);
	}
}

/** Writes the values to a .config, unless it says the same already. */
export function conf_write(kconf: Kconf, name: string = conf_get_configname(kconf)): void {
	const { host } = kconf;
	if (name === "") throw new FileError("config name is empty");
	const path = path_of(host, name);
	const changed = new ChangedInput(kconf);
	let same = false;
	try {
		if (is_dir(path)) throw new FileError(`${name}: Is a directory`);
		make_parent_dir(path);
		const text = conf_text(kconf, changed);
		if (host.env.KCONFIG_OVERWRITECONFIG) put_file(path, text);
		else same = !replace_file(path, text, kconf.rules.end_of_menu);
	} catch (e) {
		if ((e as NodeJS.ErrnoException).code === undefined) throw e;
		throw new FileError(`${name}: ${strerror(e)}`);
	}
	changed.report();
	conf_message(kconf, same ? `No change to ${name}` : `configuration written to ${name}`);
	kconf.conf_changed = false;
}

function is_dir(path: string): boolean {
	return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The contents of a file, or null. */
function contents(path: string): string | null {
	try {
		return read_bytes(path);
	} catch {
		return null;
	}
}

/** Puts new contents in place in one step, and keeps the old as .old. False if they are the same. */
function replace_file(path: string, text: string, keep: boolean): boolean {
	const old = contents(path);
	if (keep && old === text) return false;
	const tmp = `${path}.${process.pid}.tmp`;
	try {
		writeFileSync(tmp, text, "latin1");
		if (old !== null) renameSync(path, `${path}.old`);
		renameSync(tmp, path);
	} catch (e) {
		rmSync(tmp, { force: true });
		throw e;
	}
	return true;
}

/** What a defconfig has to say: only what differs from the defaults. */
export function conf_defconfig_text(kconf: Kconf): string {
	const changed = new ChangedInput(kconf);
	const text = defconfig_text(kconf, changed);
	changed.report();
	return text;
}

function defconfig_text(kconf: Kconf, changed: ChangedInput): string {
	const parts: string[] = [];
	sym_clear_all_valid(kconf);
	for (const sym of kconf.all) sym.flags &= ~SYMBOL_WRITTEN;
	for (let menu = kconf.rootmenu.list; menu; menu = menu_next(menu, null)) {
		const { sym } = menu;
		if (!sym || sym_is_choice(sym) || sym.flags & SYMBOL_WRITTEN) continue;
		sym_calc_value(kconf, sym);
		changed.look_at(sym);
		sym.flags |= SYMBOL_WRITTEN;
		if (!(sym.flags & SYMBOL_WRITE) || !sym_is_changeable(sym)) continue;
		if (sym_get_string_value(sym) === sym_get_string_default(kconf, sym)) continue;
		const choice = kconf.rules.old_choices ? sym.in_choice : sym_get_choice_menu(sym);
		if (choice && is_choice_default(kconf, choice, sym)) continue;
		parts.push(symbol_for_dotconfig(kconf, sym));
	}
	return parts.join("");
}

/** Is it y without having to be set? Not if all members of the choice may be n. */
function is_choice_default(kconf: Kconf, choice: Menu, sym: Sym): boolean {
	if (choice.sym && choice.sym.flags & SYMBOL_OPTIONAL) return false;
	return sym.type === S_BOOLEAN && sym.curr.tri === yes && sym_choice_default(kconf, choice) === sym;
}

/** Writes what differs from the defaults. Throws FileError, without a text, if it cannot. */
export function conf_write_defconfig(kconf: Kconf, name: string): void {
	const path = path_of(kconf.host, name);
	try {
		put_file(path, conf_defconfig_text(kconf));
	} catch (e) {
		if ((e as NodeJS.ErrnoException).code === undefined) throw e;
		throw new FileError();
	}
}
