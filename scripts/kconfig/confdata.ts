// SPDX-License-Identifier: GPL-2.0-only
//
// Reads and writes configuration files: .config and defconfig. Mirrors the first part of
// Linux's scripts/kconfig/confdata.c; the files for the build are in conf_auto.ts.

import {
	existsSync,
	mkdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { choice_move_first, sym_choice_default, sym_get_choice_menu } from './choice.ts';
import { expr_invalidate_all } from './expr.ts';
import { zconf_fopen } from './lexer.ts';
import type { DefSource, Kconf, Menu, Sym, Tristate } from './lkc.ts';
import {
	ConfExit,
	mod,
	no,
	S_BOOLEAN,
	S_DEF_USER,
	S_STRING,
	S_TRISTATE,
	S_UNKNOWN,
	SYMBOL_DEF_AUTO,
	SYMBOL_DEF_USER,
	SYMBOL_VALID,
	SYMBOL_WRITE,
	SYMBOL_WRITTEN,
	yes,
} from './lkc.ts';
import { menu_for_each_entry, menu_get_prompt, menu_is_visible } from './menu.ts';
import {
	sym_calc_value,
	sym_clear_all_valid,
	sym_find,
	sym_get_string_default,
	sym_get_string_value,
	sym_has_value,
	sym_is_changeable,
	sym_is_choice,
	sym_string_valid,
} from './symbol.ts';

/** The prefix of every name in the files. $CONFIG_ overrides it, even with nothing. */
export function config_prefix(kconf: Kconf): string {
	return kconf.host.env.CONFIG_ ?? 'CONFIG_';
}

export function conf_get_configname(kconf: Kconf): string {
	return kconf.host.env.KCONFIG_CONFIG ?? '.config';
}

/** A warning about the file that is being read. With KCONFIG_WERROR it becomes an error. */
function conf_warning(kconf: Kconf, file: string, lineno: number, text: string): void {
	kconf.host.err(`${file}:${lineno}:warning: ${text}\n`);
	kconf.conf_warnings++;
}

export function conf_errors(kconf: Kconf): boolean {
	return kconf.conf_warnings > 0 && kconf.host.env.KCONFIG_WERROR !== undefined;
}

export function conf_message(kconf: Kconf, text: string): void {
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
	for (const [i, raw] of text.split('\n').entries()) {
		const line = raw.replace(/\r$/, '');
		if (line === '') continue;
		const lineno = i + 1;
		if (line.startsWith('#')) {
			const unset = ' is not set';
			if (!line.startsWith(`# ${prefix}`) || !line.endsWith(unset)) continue;
			const name = line.slice(2 + prefix.length, -unset.length);
			if (!name.includes(' ')) yield { lineno, name, value: 'n', text: line };
			continue;
		}
		const eq = line.indexOf('=');
		if (!line.startsWith(prefix) || eq < prefix.length) {
			bad(lineno, line);
			continue;
		}
		const name = line.slice(prefix.length, eq);
		yield { lineno, name, value: line.slice(eq + 1), text: line };
	}
}

/** The text inside the quotes, with \x read as x. Null if the closing quote is missing. */
export function unquote(value: string): string | null {
	let out = '';
	for (let i = 1; i < value.length; i++) {
		const c = value[i] as string;
		if (c === '"') return out;
		if (c === '\\') i++;
		out += value[i] ?? '';
	}
	return null;
}

const LETTER: Readonly<Record<string, Tristate>> = { y: yes, m: mod, n: no };

/** Stores a value that was read. Returns what is wrong with it, or null. */
function conf_set_sym_val(sym: Sym, def: DefSource, value: string): string | null {
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
		if (inner === null) return 'invalid string found';
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

/**
 * Finds the file to read: the one asked for, or the user's, or a base for it. The user's is
 * never looked for in $srctree: that one belongs to another build directory.
 */
function conf_open(kconf: Kconf, name: string | null): ConfFile | null {
	if (name !== null) {
		const text = zconf_fopen(kconf, name);
		return text === null ? null : { name, text };
	}
	const own = conf_get_configname(kconf);
	const path = resolve(kconf.host.cwd, own);
	if (statSync(path, { throwIfNoEntry: false })?.isFile()) {
		return { name: own, text: with_file(own, () => readFileSync(path, 'utf8')) };
	}
	kconf.conf_changed = true;
	for (const base of (kconf.host.env.KCONFIG_DEFCONFIG_LIST ?? '').split(/\s+/)) {
		const found = base === '' ? null : zconf_fopen(kconf, base);
		if (found === null) continue;
		conf_message(kconf, `using defaults found in ${base}`);
		return { name: base, text: found };
	}
	return null;
}

/** Forgets the values of a source, and with the user's all calculated ones. */
function conf_forget(kconf: Kconf, def: DefSource): void {
	const flag = def === S_DEF_USER ? SYMBOL_DEF_USER : SYMBOL_DEF_AUTO;
	for (const sym of kconf.all) {
		sym.flags &= ~flag;
		sym.def[def] = { val: '', tri: no };
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
): void {
	kconf.conf_warnings = 0;
	conf_forget(kconf, def);
	const warn = (at: number, text: string) => conf_warning(kconf, file.name, at, text);
	const flag = def === S_DEF_USER ? SYMBOL_DEF_USER : SYMBOL_DEF_AUTO;
	const lines = conf_lines(file.text, config_prefix(kconf), (at, line) =>
		warn(at, `unexpected data: ${line}`),
	);
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

/** The same for contents that are at hand; `name` is for messages. */
export function conf_read_text(kconf: Kconf, file: ConfFile): void {
	conf_read_file(kconf, file, S_DEF_USER);
	if (kconf.modules_sym) sym_calc_value(kconf, kconf.modules_sym);
	let unsaved = 0;
	for (const sym of kconf.all) {
		sym_calc_value(kconf, sym);
		if (!sym_is_choice(sym) && differs_from_file(sym)) unsaved++;
	}
	// Values of symbols that are out of sight are forgotten, so that they count as new when
	// they come into sight. Not if the file does not fit the Kconfig files anyway.
	for (const sym of kconf.all) {
		if (unsaved === 0 && sym_has_value(sym) && sym.visible === no) {
			sym.flags &= ~SYMBOL_DEF_USER;
		}
	}
	if (unsaved > 0 || kconf.conf_warnings > 0) kconf.conf_changed = true;
}

function differs_from_file(sym: Sym): boolean {
	const written = (sym.flags & SYMBOL_WRITE) !== 0;
	if (!sym_has_value(sym)) return written;
	if (!written) return true;
	if (sym.type === S_BOOLEAN || sym.type === S_TRISTATE) {
		return sym.def[S_DEF_USER].tri !== sym.curr.tri;
	}
	return sym.def[S_DEF_USER].val !== sym.curr.val;
}

// --- writing -----------------------------------------------------------------------------

export function escape_string_value(text: string): string {
	return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** The line of a symbol in a .config; empty for a symbol that has none. */
export function symbol_for_dotconfig(kconf: Kconf, sym: Sym): string {
	if (sym.type === S_UNKNOWN) return '';
	const name = `${config_prefix(kconf)}${sym.name}`;
	const val = sym_get_string_value(sym);
	const is_tri = sym.type === S_BOOLEAN || sym.type === S_TRISTATE;
	if (is_tri && val === 'n') return `# ${name} is not set\n`;
	return `${name}=${sym.type === S_STRING ? escape_string_value(val) : val}\n`;
}

/** The line of a symbol as --listnewconfig prints it. */
export function symbol_for_listconfig(kconf: Kconf, sym: Sym): string {
	const val = sym_get_string_value(sym);
	const text = sym.type === S_STRING ? escape_string_value(val) : val;
	return `${config_prefix(kconf)}${sym.name}=${text}\n`;
}

export function conf_heading(kconf: Kconf): string[] {
	const title = kconf.rootmenu.prompt?.text ?? '';
	return ['', 'Automatically generated file; DO NOT EDIT.', title, ''];
}

function heading_text(kconf: Kconf): string {
	return conf_heading(kconf)
		.map((line) => (line === '' ? '#\n' : `# ${line}\n`))
		.join('');
}

/** What a .config has to say about the current values. */
export function conf_text(kconf: Kconf): string {
	if (!kconf.conf_changed) sym_clear_all_valid(kconf);
	const state = { text: heading_text(kconf), need_newline: false };
	for (let menu = kconf.rootmenu.list; menu; menu = menu.next) write_menu(kconf, menu, state);
	for (const sym of kconf.all) sym.flags &= ~SYMBOL_WRITTEN;
	return state.text;
}

interface WriteState {
	text: string;
	/** A menu has ended: leave an empty line before the next symbol. */
	need_newline: boolean;
}

function write_menu(kconf: Kconf, menu: Menu, state: WriteState): void {
	const { sym } = menu;
	if (!sym) {
		if (menu_is_visible(kconf, menu)) {
			state.text += `\n#\n# ${menu_get_prompt(menu)}\n#\n`;
			state.need_newline = false;
		}
	} else if (!sym_is_choice(sym) && !(sym.flags & SYMBOL_WRITTEN)) {
		sym_calc_value(kconf, sym);
		if (sym.flags & SYMBOL_WRITE) {
			if (state.need_newline) state.text += '\n';
			state.need_newline = false;
			sym.flags |= SYMBOL_WRITTEN;
			state.text += symbol_for_dotconfig(kconf, sym);
		}
	}
	for (let child = menu.list; child; child = child.next) write_menu(kconf, child, state);
	if (!sym && menu.prompt?.type === 'menu' && menu_is_visible(kconf, menu)) {
		state.text += `# end of ${menu_get_prompt(menu)}\n`;
		state.need_newline = true;
	}
}

/** Runs a file operation; a failure becomes one clear line and exit status 2. */
export function with_file<T>(name: string, work: () => T): T {
	try {
		return work();
	} catch (e) {
		const { code, message } = e as NodeJS.ErrnoException;
		const reasons: Record<string, string> = {
			EACCES: 'Permission denied',
			EISDIR: 'Is a directory',
			ENOENT: 'No such file or directory',
			ENOTDIR: 'Not a directory',
			ENOSPC: 'No space left on device',
			EROFS: 'Read-only file system',
		};
		throw new ConfExit(2, `${name}: ${reasons[code ?? ''] ?? message}`);
	}
}

/** Writes the values to a .config, unless it says the same already. */
export function conf_write(kconf: Kconf, name: string = conf_get_configname(kconf)): void {
	if (name === '') throw new ConfExit(2, 'config name is empty');
	const path = resolve(kconf.host.cwd, name);
	const text = conf_text(kconf);
	with_file(name, () => {
		if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
			throw Object.assign(new Error(), { code: 'EISDIR' });
		}
		mkdirSync(dirname(path), { recursive: true });
		if (kconf.host.env.KCONFIG_OVERWRITECONFIG) {
			writeFileSync(path, text);
			conf_message(kconf, `configuration written to ${name}`);
		} else if (existsSync(path) && readFileSync(path, 'utf8') === text) {
			conf_message(kconf, `No change to ${name}`);
		} else {
			replace_file(path, text, `${path}.old`);
			conf_message(kconf, `configuration written to ${name}`);
		}
	});
	kconf.conf_changed = false;
}

/** Puts new contents in place in one step, and keeps the old ones under another name. */
export function replace_file(path: string, text: string, oldname?: string): void {
	const tmp = `${path}.${process.pid}.tmp`;
	try {
		writeFileSync(tmp, text);
		if (oldname && existsSync(path)) renameSync(path, oldname);
		renameSync(tmp, path);
	} finally {
		rmSync(tmp, { force: true });
	}
}

/** What a defconfig has to say: only what differs from the defaults. */
export function conf_defconfig_text(kconf: Kconf): string {
	let text = '';
	sym_clear_all_valid(kconf);
	const seen = new Set<Sym>();
	for (const { sym } of menu_for_each_entry(kconf)) {
		if (!sym || sym_is_choice(sym)) continue;
		sym_calc_value(kconf, sym);
		if (!(sym.flags & SYMBOL_WRITE) || seen.has(sym)) continue;
		seen.add(sym);
		if (!sym_is_changeable(sym)) continue;
		if (sym_get_string_value(sym) === sym_get_string_default(kconf, sym)) continue;
		const choice = sym_get_choice_menu(sym);
		if (choice && sym.curr.tri === yes && sym_choice_default(kconf, choice) === sym) continue;
		text += symbol_for_dotconfig(kconf, sym);
	}
	return text;
}

export function conf_write_defconfig(kconf: Kconf, name: string): void {
	const path = resolve(kconf.host.cwd, name);
	const text = conf_defconfig_text(kconf);
	with_file(name, () => writeFileSync(path, text));
}
