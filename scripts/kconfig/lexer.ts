// SPDX-License-Identifier: GPL-2.0-only
//
// Cuts Kconfig files into tokens, across "source", and expands $(…) on the way. Mirrors
// Linux's scripts/kconfig/lexer.l. Texts are bytes, one to a character (see text.ts).

import { end_of_line, type HelpSource, indentation } from "./help.ts";
import type { Rules } from "./compat.ts";
import type { Kconf } from "./lkc.ts";
import { ConfExit } from "./lkc.ts";
import { glob } from "./old/glob.ts";
import { sym_expand_string_value } from "./old/parser.ts";
import type { Preprocessor } from "./preprocess.ts";
import { expand_dollar, expand_one_token } from "./preprocess.ts";
import { bytes_exit, read_file } from "./text.ts";

/** A word with a meaning, and what it means. */
interface Keyword {
	readonly word: string;
	readonly type: string;
}

/**
 * Keywords by first letter and length, so that none is cut out of the text in vain. The array has no
 * holes: V8 looks those up as in a hash table.
 */
type Keywords = readonly (readonly Keyword[] | undefined)[];

function keyword_table(words: Readonly<Record<string, string>>): Keywords {
	const table: (Keyword[] | undefined)[] = Array(128 * 16).fill(undefined);
	for (const [word, type] of Object.entries(words)) {
		const at = word.charCodeAt(0) * 16 + word.length;
		table[at] = [...(table[at] ?? []), { word, type }];
	}
	return table;
}

/** The tables that have been made. */
const TABLES = new Map<Rules, Keywords>();

function keywords_of(rules: Rules): Keywords {
	const table = TABLES.get(rules) ?? keyword_table(rules.words);
	TABLES.set(rules, table);
	return table;
}

/** What has a meaning within a line, where that is another matter. */
const WITHIN = keyword_table({ if: "if", on: "on" });

function keyword(lx: Lexer, pos: number, end: number): string {
	if (end - pos > 15) return "";
	const table = lx.zconf && within_line(lx) ? WITHIN : lx.keywords;
	const words = table[lx.text.charCodeAt(pos) * 16 + end - pos];
	if (!words) return "";
	for (const { word, type } of words) if (lx.text.startsWith(word, pos)) return type;
	return "";
}

const within_line = (lx: Lexer): boolean => lx.prev_token !== "eol" && lx.prev_token !== "helptext";

/** What a character can begin. */
const WORD = 1;
const BLANK = 2;
const NEWLINE = 3;
const QUOTE = 4;
const COMMENT = 5;
const DOLLAR = 6;
const BACKSLASH = 7;
const OPERATOR = 8;

const CLASS = new Uint8Array(256);
for (const c of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") {
	CLASS[c.charCodeAt(0)] = WORD;
}
for (const c of " \t") CLASS[c.charCodeAt(0)] = BLANK;
for (const c of "\"'") CLASS[c.charCodeAt(0)] = QUOTE;
for (const c of "|&=!<>():+") CLASS[c.charCodeAt(0)] = OPERATOR;
CLASS["\n".charCodeAt(0)] = NEWLINE;
CLASS["#".charCodeAt(0)] = COMMENT;
CLASS["$".charCodeAt(0)] = DOLLAR;
CLASS["\\".charCodeAt(0)] = BACKSLASH;

const LF = 10;
const EQUALS = 61;
const DOT = 46;
const SLASH = 47;

/** A file that a "source" statement interrupts. */
interface Buffer {
	readonly filename: string;
	readonly text: string;
	readonly pos: number;
	readonly lineno: number;
	/** Line of the "source" statement that is being followed. */
	readonly source_lineno: number;
}

export interface Lexer {
	readonly kconf: Kconf;
	readonly keywords: Keywords;
	/** What of the rules matters for every word: see compat.ts. */
	readonly zconf: boolean;
	readonly macros: boolean;
	pp: Preprocessor | null;
	/** The token that yylex() found: a keyword or operator has itself as its type. */
	type: string;
	/** The text of a `word`, `quoted` or `assign_val`. */
	value: string;
	/** The file that is being read. */
	text: string;
	pos: number;
	lineno: number;
	/** The files around it. */
	readonly stack: Buffer[];
	/** Where the current statement starts: what messages point at. */
	cur_filename: string;
	cur_lineno: number;
	/** The file that the current statement was begun in; before 6.9 messages name that. */
	pos_filename: string;
	prev_token: string;
	prev_prev_token: string;
	/** The next token is the rest of the line. */
	assign_val: boolean;
}

/** A lexer without a file. */
export function lexer_init(kconf: Kconf): Lexer {
	const { rules } = kconf;
	return {
		kconf,
		keywords: keywords_of(rules),
		zconf: rules.zconf,
		macros: rules.macros,
		pp: null,
		type: "eof",
		value: "",
		text: "",
		pos: 0,
		lineno: 1,
		stack: [],
		cur_filename: "",
		cur_lineno: 0,
		pos_filename: "",
		prev_token: "eol",
		prev_prev_token: "eol",
		assign_val: false,
	};
}

function enter(lx: Lexer, filename: string, text: string): void {
	lx.text = text;
	lx.pos = 0;
	lx.lineno = 1;
	lx.cur_filename = filename;
}

/** What the reference's scanner says when it is given a directory. */
function not_a_file(): never {
	throw new ConfExit(2, "input in flex scanner failed");
}

/** Opens the first file. */
export function zconf_initscan(lx: Lexer, name: string): void {
	const text = read_file(lx.kconf.host, name, not_a_file);
	if (text === null) throw bytes_exit(1, `can't find file ${name}`);
	lx.kconf.included.set(name, null);
	lx.kconf.files.push(name);
	enter(lx, name, text);
}

/** Follows a "source" statement. */
export function zconf_nextfiles(lx: Lexer, name: string): void {
	const { rules, host } = lx.kconf;
	if (rules.symbols_in_names) zconf_nextfile(lx, sym_expand_string_value(lx.kconf, name));
	else if (!rules.source_glob) zconf_nextfile(lx, name);
	// What is on top is read first.
	else for (const found of glob(host, name).reverse()) zconf_nextfile(lx, found);
}

function zconf_nextfile(lx: Lexer, name: string): void {
	const at = `${lx.cur_filename}:${lx.cur_lineno}`;
	const text = read_file(lx.kconf.host, name, not_a_file);
	if (text === null) throw bytes_exit(1, `${at}: can't open file "${name}"`);
	lx.stack.push({
		filename: lx.cur_filename,
		text: lx.text,
		pos: lx.pos,
		lineno: lx.lineno,
		source_lineno: lx.cur_lineno,
	});
	if (lx.stack.some((buf) => buf.filename === name)) {
		let path = `Recursive inclusion detected.\nInclusion path:\n  current file : ${name}`;
		for (const buf of [...lx.stack].reverse()) {
			path += `\n  included from: ${buf.filename}:${buf.source_lineno}`;
			if (lx.kconf.rules.old_choices && buf.filename === name) break;
		}
		throw bytes_exit(1, path);
	}
	const first = lx.kconf.included.get(name);
	if (first && !lx.kconf.rules.source_again) {
		const again = `${at}: error: repeated inclusion of ${name}`;
		const note = `${first.filename}:${first.lineno}: note: location of first inclusion of ${name}`;
		throw bytes_exit(1, `${again}\n${note}`);
	}
	if (!first) {
		lx.kconf.included.set(name, { filename: lx.cur_filename, lineno: lx.cur_lineno });
		lx.kconf.files.push(name);
	}
	enter(lx, name, text);
}

function zconf_endfile(lx: Lexer): void {
	const buf = lx.stack.pop() as Buffer;
	lx.text = buf.text;
	lx.pos = buf.pos;
	lx.lineno = buf.lineno;
	lx.cur_filename = buf.filename;
}

function warn(lx: Lexer, lineno: number, text: string): void {
	lx.kconf.host.err(`${lx.cur_filename}:${lineno}:warning: ${text}\n`);
}

/** Finds the next token. Empty lines never reach the parser. */
export function yylex(lx: Lexer): void {
	const prev = lx.prev_token;
	lx.type = scan(lx);
	if (prev === "eol" || prev === "helptext") {
		while (lx.type === "eol") lx.type = scan(lx);
		lx.cur_lineno = lx.lineno;
		lx.pos_filename = lx.type === "eof" ? "<none>" : lx.cur_filename;
	} else if (prev === "word" && lx.prev_prev_token === "eol") {
		lx.assign_val = lx.type === "=" || lx.type === ":=" || lx.type === "+=";
	}
	lx.prev_prev_token = prev;
	lx.prev_token = lx.type;
}

function scan(lx: Lexer): string {
	if (lx.assign_val) {
		const type = scan_assign_val(lx);
		if (type !== "") return type;
	}
	for (;;) {
		const { text, pos } = lx;
		if (pos >= text.length) return end_of_file(lx);
		switch (CLASS[text.charCodeAt(pos)]) {
			case WORD: {
				let end = pos + 1;
				while (CLASS[text.charCodeAt(end)] === WORD) end++;
				if (lx.zconf) end = bare_end(lx, pos);
				if (CLASS[text.charCodeAt(end)] === DOLLAR && lx.macros) {
					if (scan_expanded(lx)) return "word";
					break;
				}
				lx.pos = end;
				const type = keyword(lx, pos, end);
				if (type !== "") return type;
				lx.value = text.slice(pos, end);
				return "word";
			}
			case BLANK: {
				let end = pos + 1;
				while (CLASS[text.charCodeAt(end)] === BLANK) end++;
				lx.pos = end;
				break;
			}
			case NEWLINE:
				lx.pos++;
				lx.lineno++;
				return "eol";
			case QUOTE:
				return scan_string(lx, text.charCodeAt(pos));
			case COMMENT:
				lx.pos = end_of_line(text, pos);
				break;
			case DOLLAR:
				if (!lx.macros) ignore(lx);
				else if (scan_expanded(lx)) return "word";
				break;
			case OPERATOR: {
				const op = operator(text, pos);
				if (op === "") {
					ignore(lx);
					break;
				}
				lx.pos += op.length;
				return op;
			}
			case BACKSLASH:
				if (text.charCodeAt(pos + 1) === LF) {
					lx.pos += 2;
					lx.lineno++;
				} else {
					ignore(lx);
				}
				break;
			default: {
				const end = lx.zconf ? bare_end(lx, pos) : pos;
				if (end === pos) {
					ignore(lx);
					break;
				}
				if (CLASS[text.charCodeAt(end)] === DOLLAR && lx.macros) {
					if (scan_expanded(lx)) return "word";
					break;
				}
				lx.pos = end;
				lx.value = text.slice(pos, end);
				return "word";
			}
		}
	}
}

/** The end of a word by the rules of zconf.l; the same position if none begins there. */
function bare_end(lx: Lexer, pos: number): number {
	const { text } = lx;
	const within = within_line(lx);
	let end = pos;
	for (;;) {
		const c = text.charCodeAt(end);
		if (CLASS[c] !== WORD && !(within && (c === SLASH || c === DOT))) return end;
		end++;
	}
}

/** The rest of the line behind an assignment operator; '' if there is nothing on it. */
function scan_assign_val(lx: Lexer): string {
	const { text } = lx;
	lx.assign_val = false;
	while (CLASS[text.charCodeAt(lx.pos)] === BLANK) lx.pos++;
	const end = end_of_line(text, lx.pos);
	if (end === lx.pos) return "";
	lx.value = text.slice(lx.pos, end);
	lx.pos = end;
	return "assign_val";
}

/** The operator at a position; '' for half of one. */
function operator(text: string, pos: number): string {
	const c = text[pos] as string;
	const next = text.charCodeAt(pos + 1);
	switch (c) {
		case "(":
		case ")":
		case "=":
			return c;
		case "<":
		case ">":
		case "!":
			return next === EQUALS ? `${c}=` : c;
		case ":":
		case "+":
			return next === EQUALS ? `${c}=` : "";
		default:
			return text[pos + 1] === c ? c + c : "";
	}
}

function ignore(lx: Lexer): void {
	if (!lx.kconf.rules.ancient) warn(lx, lx.lineno, `ignoring unsupported character '${lx.text[lx.pos]}'`);
	lx.pos++;
}

function end_of_file(lx: Lexer): string {
	if (within_line(lx) && !lx.zconf) {
		warn(lx, lx.lineno, "no new line at end of file");
	}
	if (lx.stack.length === 0) return "eof";
	zconf_endfile(lx);
	return "eol";
}

/** A word with $(…) in it. It never becomes a keyword; false if it comes out empty. */
function scan_expanded(lx: Lexer): boolean {
	const line = lx.text.slice(lx.pos, end_of_line(lx.text, lx.pos));
	const { out, end } = expand_one_token(lx.pp as Preprocessor, line, 0);
	lx.pos += end;
	lx.value = out;
	return out !== "";
}

function scan_string(lx: Lexer, quote: number): string {
	const { text } = lx;
	let value = "";
	let pos = lx.pos + 1;
	let start = pos;
	for (; pos < text.length; pos++) {
		const c = text.charCodeAt(pos);
		if (c === quote) break;
		const kind = CLASS[c];
		if (kind === NEWLINE) {
			warn(lx, lx.cur_lineno, "multi-line strings not supported");
			break;
		}
		if (kind === DOLLAR && lx.macros) {
			const line = text.slice(pos + 1, end_of_line(text, pos));
			const { out, end } = expand_dollar(lx.pp as Preprocessor, line, 0);
			value += text.slice(start, pos) + out;
			start = pos + 1 + end;
			pos = start - 1;
		} else if (kind === BACKSLASH) {
			value += text.slice(start, pos);
			start = pos + 1;
			if (text.charCodeAt(start) !== LF) pos++;
		}
	}
	lx.value = value + text.slice(start, pos);
	lx.pos = text.charCodeAt(pos) === quote ? pos + 1 : Math.min(pos, text.length);
	return "quoted";
}

/**
 * Reads a help text: all lines that are indented at least as far as its first one. To be
 * called when the line of the keyword has been read.
 */
export function zconf_starthelp(lx: Lexer): HelpSource {
	const { text } = lx;
	const start = lx.pos;
	let pos = start;
	let stop = -1;
	let first = 0;
	let blank = true;
	while (pos < text.length) {
		let body = pos;
		while (CLASS[text.charCodeAt(body)] === BLANK) body++;
		const eol = end_of_line(text, body);
		if (body < eol) {
			const column = indentation(text, pos, body);
			if (first !== 0 && body > pos && column < first) {
				// The blanks are used up, the line itself is not.
				stop = pos;
				pos = body;
				break;
			}
			if (first === 0) first = column;
			if (blank) blank = !/[^ \f\r\v\t]/.test(text.slice(body, eol));
		}
		pos = eol;
		if (pos >= text.length) break;
		pos++;
		lx.lineno++;
		const next = CLASS[text.charCodeAt(pos)];
		// A newline before a line that starts at the margin belongs to nothing.
		if (pos < text.length && next !== BLANK && next !== NEWLINE) {
			stop = pos - 1;
			break;
		}
	}
	lx.pos = pos;
	lx.cur_lineno = lx.lineno;
	lx.prev_prev_token = lx.prev_token;
	lx.prev_token = "helptext";
	return { text, start, end: stop < 0 ? pos : stop, blank };
}
