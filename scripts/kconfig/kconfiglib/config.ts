// SPDX-License-Identifier: GPL-2.0-only
//
// Configuration files as Kconfiglib reads and writes them.

import { existsSync, renameSync } from "node:fs";
import { isAbsolute } from "node:path";
import { escape_string_value, strerror, unquote } from "../confdata.ts";
import { put_file } from "../put_file.ts";
import { bytes_exit, path_of, read_bytes, to_bytes } from "../text.ts";
import { type Klib, KSymbol, type Loc, type MenuNode, name_and_loc, type Tri, warn } from "./model.ts";
import {
	expr_value,
	is_logical,
	is_written,
	selection_from_defaults,
	set_mode,
	set_value,
	str_default,
	str_value,
	tri_value,
	visibility,
} from "./value.ts";

export const config_filename = (k: Klib): string => to_bytes(k.host.env.KCONFIG_CONFIG ?? ".config");

/** What stands at the top of a file: nothing, unless the environment says it. */
const header = (k: Klib): string => to_bytes(k.host.env.KCONFIG_CONFIG_HEADER ?? "");

function find(k: Klib, name: string): string | null {
	const places = [path_of(k.host, name)];
	if (k.srctree !== "" && !isAbsolute(name)) places.push(path_of(k.host, `${to_bytes(k.srctree)}/${name}`));
	return places.find((path) => existsSync(path)) ?? null;
}

/** Merges a file into what is set. Throws what node:fs throws. */
function read_config(k: Klib, path: string, name: string): void {
	const prefix = k.prefix.replace(/[^\w]/g, "\\$&");
	const set = new RegExp(`^${prefix}([^=]+)=(.*)`, "s");
	const unset = new RegExp(`^# ${prefix}([^ ]+) is not set`);
	const lines = read_bytes(path).split(/\r\n|\n|\r/);
	for (const [i, raw] of lines.entries()) {
		const line = raw.replace(/[ \t\n\v\f\r]+$/, "");
		const at: Loc = { file: name, line: i + 1 };
		const [, set_name, text = ""] = set.exec(line) ?? [];
		const sym_name = set_name ?? unset.exec(line)?.[1];
		if (sym_name === undefined) {
			if (line !== "" && !/^[ \t\n\v\f\r]*#/.test(line))
				warn(k, `ignoring malformed line '${line}'`, at);
			continue;
		}
		const sym = k.syms.get(sym_name);
		if (!sym || sym.nodes.length === 0) {
			if (k.host.env.KCONFIG_WARN_UNDEF_ASSIGN === "y") {
				const what = `attempt to assign the value '${set_name === undefined ? "n" : text}'`;
				warn(k, `${what} to the undefined symbol ${sym_name}`, at);
			}
			continue;
		}
		const value = set_name === undefined ? (is_logical(sym) ? "n" : null) : value_of(k, sym, text, at);
		if (value === null) continue;
		if (sym.was_set) {
			const old = typeof sym.user_value === "number" ? "nmy"[sym.user_value] : sym.user_value;
			warn(
				k,
				`${name_and_loc(sym)} set more than once. Old value "${old}", new value "${value}".`,
				at,
			);
		}
		set_value(k, sym, value);
	}
}

/** The value that a line gives to a symbol; null, with a warning, if it is none. */
function value_of(k: Klib, sym: KSymbol, text: string, at: Loc): string | null {
	if (sym.type === "string") {
		const value = /^"((?:[^\\"]|\\.)*)"/s.test(text) ? unquote(text) : null;
		if (value === null)
			warn(
				k,
				`malformed string literal in assignment to ${name_and_loc(sym)}. Assignment ignored.`,
				at,
			);
		return value;
	}
	if (!is_logical(sym)) return text;
	const letter = text.charAt(0);
	const good = sym.type === "bool" ? "yn" : "ymn";
	if (letter === "" || !good.includes(letter)) {
		const what = `'${text}' is not a valid value for the ${sym.type} symbol ${name_and_loc(sym)}`;
		warn(k, `${what}. Assignment ignored.`, at);
		return null;
	}
	if (sym.choice && letter !== "n") {
		const { user_value } = sym.choice;
		if (user_value !== null && "nmy"[user_value] !== letter)
			warn(k, "both m and y assigned to symbols within the same choice", at);
		set_mode(k, sym.choice, "nmy".indexOf(letter) as Tri, at);
	}
	return letter;
}

/** Reads a configuration; returns the message. Ends with ConfExit(1) if it cannot be read. */
export function load_config(k: Klib, name: string, replace: boolean): string {
	const path = find(k, name);
	if (path === null) {
		const tree = k.srctree === "" ? "unset or blank" : `set to '${k.srctree}'`;
		const hint = `Check that the $srctree environment variable (${tree}) is set correctly.`;
		throw bytes_exit(1, `Could not open '${name}' (ENOENT: No such file or directory). ${hint}`);
	}
	if (replace) for (const item of [...k.defined, ...k.choices]) item.was_set = false;
	try {
		read_config(k, path, name);
	} catch (e) {
		if ((e as NodeJS.ErrnoException).code === undefined) throw e;
		throw bytes_exit(1, `Could not open '${name}' (${strerror(e)})`);
	}
	if (replace) {
		for (const sym of k.defined) if (!sym.was_set) sym.user_value = null;
		for (const choice of k.choices) {
			if (choice.was_set) continue;
			choice.user_value = null;
			choice.user_selection = null;
		}
		k.gen++;
	}
	return `${replace ? "Loaded" : "Merged"} configuration '${name}'`;
}

/** The user's configuration, or what "option defconfig_list" names; returns the message. */
export function load_standard(k: Klib): string {
	const name = config_filename(k);
	if (find(k, name) !== null) return load_config(k, name, true);
	for (const { value, cond } of k.defconfig_list?.defaults ?? []) {
		if (!(value instanceof KSymbol) || expr_value(k, cond) === 0) continue;
		const base = str_value(k, value);
		if (find(k, base) === null) continue;
		load_config(k, base, true);
		return `Loaded default configuration '${base}' (no '${name}')`;
	}
	return `Using default symbol values (no '${name}')`;
}

/** The line of a symbol with its newline; "" if it has none. */
function config_string(k: Klib, sym: KSymbol): string {
	const value = str_value(k, sym);
	if (!is_written(k, sym) || sym.type === "unknown") return "";
	const name = `${k.prefix}${sym.name}`;
	if (is_logical(sym) && value === "n") return `# ${name} is not set\n`;
	return `${name}=${sym.type === "string" ? escape_string_value(value) : value}\n`;
}

/** The text of a .config. */
export function config_text(k: Klib): string {
	const parts = [header(k)];
	const seen = new Set<KSymbol>();
	let gap = false;
	const shown = (entry: MenuNode): boolean => expr_value(k, entry.dep) > 0 && expr_value(k, entry.visibility) > 0;
	const begin = (entry: MenuNode): void => {
		const { item } = entry;
		if (item instanceof KSymbol) {
			if (seen.has(item)) return;
			seen.add(item);
			const line = config_string(k, item);
			if (line === "") return;
			parts.push(gap ? `\n${line}` : line);
			gap = false;
		} else if ((item === "menu" && shown(entry)) || (item === "comment" && expr_value(k, entry.dep) > 0)) {
			parts.push(`\n#\n# ${entry.prompt?.text}\n#\n`);
			gap = false;
		}
	};
	const walk = (first: MenuNode | null): void => {
		for (let entry = first; entry; entry = entry.next) {
			begin(entry);
			if (!entry.list) continue;
			walk(entry.list);
			if (entry.item !== "menu" || !shown(entry)) continue;
			parts.push(`# end of ${entry.prompt?.text}\n`);
			gap = true;
		}
	};
	walk(k.top.list);
	return parts.join("");
}

/** The text of a minimal configuration: what differs from the defaults. */
export function min_config_text(k: Klib): string {
	const parts = [header(k)];
	for (const sym of k.defined) {
		const { choice } = sym;
		if (!choice && visibility(k, sym) <= expr_value(k, sym.rev_dep)) continue;
		if (str_value(k, sym) === str_default(k, sym)) continue;
		const by_default =
			choice &&
			!choice.optional &&
			selection_from_defaults(k, choice) === sym &&
			sym.type === "bool" &&
			tri_value(k, sym) === 2;
		if (!by_default) parts.push(config_string(k, sym));
	}
	return parts.join("");
}

/** Writes a text, unless the file has it already; with `old` what was there is kept. False if it has. */
export function write_text(k: Klib, name: string, text: string, old: boolean): boolean {
	const path = path_of(k.host, name);
	try {
		if (existsSync(path) && read_bytes(path) === text) return false;
	} catch {
		// What cannot be read is written.
	}
	try {
		if (old && existsSync(path)) renameSync(path, `${path}.old`);
		put_file(path, text);
	} catch (e) {
		if ((e as NodeJS.ErrnoException).code === undefined) throw e;
		throw bytes_exit(1, `${name}: ${strerror(e)}`);
	}
	return true;
}
