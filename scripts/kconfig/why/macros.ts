// SPDX-License-Identifier: GPL-2.0-only
//
// What a constant stood for before the macros were expanded: the engine keeps the values only,
// so the statement is looked up in its file. No counterpart in Linux.

import type { Kconf } from "../lkc.ts";
import { read_file } from "../text.ts";
import { ELLIPSIS } from "./names.ts";

interface Place {
	readonly filename: string;
	readonly lineno: number;
}

/** More of a statement than this is cut off. */
const MAX_LENGTH = 110;
/** Of a block only so many statements are told. */
const MAX_STATEMENTS = 3;

const FILES = new WeakMap<Kconf, Map<string, readonly string[]>>();

function lines_of(kconf: Kconf, file: string): readonly string[] {
	let files = FILES.get(kconf);
	if (!files) {
		files = new Map();
		FILES.set(kconf, files);
	}
	let lines = files.get(file);
	if (!lines) {
		lines = read_file(kconf.host, file)?.split("\n") ?? [];
		files.set(file, lines);
	}
	return lines;
}

const continued = (line: string | undefined): boolean => line?.endsWith("\\") ?? false;

/** The statement that a line is part of, as it is written, on one line. */
function statement(kconf: Kconf, { filename, lineno }: Place): string {
	// What is there before any file is read has no line.
	if (lineno < 1) return "";
	const lines = lines_of(kconf, filename);
	let at = lineno - 1;
	while (at > 0 && continued(lines[at - 1])) at--;
	let text = "";
	for (; at < lines.length; at++) {
		const line = lines[at] as string;
		text += ` ${(continued(line) ? line.slice(0, -1) : line).trim()}`;
		if (!continued(line)) break;
	}
	return text.trim();
}

/** A statement with macros in it, and what its variables are; empty if it has none. */
export function macro_text(kconf: Kconf, at: Place): string {
	const text = statement(kconf, at);
	if (!text.includes("$(")) return "";
	const known = new Set<string>();
	for (const [, name] of text.matchAll(/\$\(([\w-]+)\)/g)) {
		if (name && name !== "srctree") known.add(definition(kconf, name));
	}
	known.delete("");
	return known.size > 0 ? `${cut(text)} with ${[...known].join(", ")}` : cut(text);
}

const cut = (text: string): string => (text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}${ELLIPSIS}` : text);

/** The same with its place. */
const macro_at = (kconf: Kconf, at: Place): string => {
	const text = macro_text(kconf, at);
	return text === "" ? "" : `${text} (${at.filename}:${at.lineno})`;
};

/** What a macro or a variable is: a line of the Kconfig files, or of the environment. */
function definition(kconf: Kconf, name: string): string {
	const begins = new RegExp(`^\\s*${name}\\s*[:+]?=`);
	for (const file of kconf.files) {
		const at = lines_of(kconf, file).findIndex((line) => begins.test(line));
		if (at < 0) continue;
		const text = statement(kconf, { filename: file, lineno: at + 1 });
		return `${cut(text)} (${file}:${at + 1})`;
	}
	const value = kconf.env_used.get(name);
	return value === undefined ? "" : `${name}=${value}`;
}

/**
 * The dependencies of an entry, its own and those of the blocks that it stands in, that have
 * macros in them.
 */
export function dependency_macros(kconf: Kconf, menu: Place): string[] {
	const found: string[] = [];
	for (const { filename, lineno } of [menu, ...blocks_around(kconf, menu)]) {
		const lines = lines_of(kconf, filename);
		const is_if = /^\s*if\b/.test(lines[lineno - 1] ?? "");
		for (const line of is_if ? [lineno] : depends_lines(lines, lineno)) {
			const text = macro_at(kconf, { filename, lineno: line });
			if (text !== "") found.push(text);
		}
	}
	const shown = found.slice(0, MAX_STATEMENTS);
	if (found.length > shown.length) shown.push(ELLIPSIS);
	return shown;
}

/**
 * The if, menu and choice statements that an entry stands in, also where its file was sourced.
 * Text that is indented may be help, and is not looked at.
 */
function blocks_around(kconf: Kconf, entry: Place): Place[] {
	const found: Place[] = [];
	for (let at: Place | null = entry; at; at = kconf.included.get(at.filename) ?? null) {
		const { filename, lineno }: Place = at;
		const lines = lines_of(kconf, filename);
		let closed = 0;
		for (let line = lineno - 1; line > 0; line--) {
			const text = lines[line - 1] as string;
			if (/^(endif|endmenu|endchoice)\b/.test(text)) closed++;
			else if (/^(if|menu|choice)\b/.test(text) && closed-- <= 0) {
				closed = 0;
				found.push({ filename, lineno: line });
			}
		}
	}
	return found;
}

/** The lines behind that of an entry that begin a dependency, up to the next entry or the help. */
function depends_lines(lines: readonly string[], lineno: number): number[] {
	const found: number[] = [];
	for (let at = lineno; at < lines.length; at++) {
		const line = (lines[at] as string).trim();
		if (ENTRY.test(line)) break;
		if (DEPENDS.test(line) && !continued(lines[at - 1])) found.push(at + 1);
	}
	return found;
}

const ENTRY = /^(config|menuconfig|choice|endchoice|comment|menu|endmenu|if|endif|source|mainmenu|help)\b/;
const DEPENDS = /^(depends\s+on|visible\s+if|(bool|tristate|int|hex|string|prompt)\b.*\sif\b)/;
