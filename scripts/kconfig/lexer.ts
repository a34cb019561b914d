// SPDX-License-Identifier: GPL-2.0-only
//
// Cuts Kconfig files into tokens, across "source", and expands $(…) on the way. Mirrors
// Linux's scripts/kconfig/lexer.l.

import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { Kconf } from './lkc.ts';
import { ConfExit } from './lkc.ts';
import type { Preprocessor } from './preprocess.ts';
import { expand_dollar, expand_one_token } from './preprocess.ts';

/** Words with a meaning. Anything else made of letters, digits, _ and - is a `word`. */
const KEYWORDS = new Set([
	'bool',
	'choice',
	'comment',
	'config',
	'def_bool',
	'def_tristate',
	'default',
	'depends',
	'endchoice',
	'endif',
	'endmenu',
	'help',
	'hex',
	'if',
	'imply',
	'int',
	'mainmenu',
	'menu',
	'menuconfig',
	'modules',
	'on',
	'prompt',
	'range',
	'rsource',
	'select',
	'source',
	'string',
	'tristate',
	'visible',
]);

/** Operators, longer ones first. */
const OPERATORS = ['||', '&&', '!=', '<=', '>=', ':=', '+=', '=', '<', '>', '!', '(', ')'];

/** A keyword or operator has itself as its type; the others carry a `value`. */
export interface Token {
	readonly type: string;
	readonly value: string;
}

const EOL: Token = { type: 'eol', value: '\n' };
const EOF: Token = { type: 'eof', value: '' };

interface Buffer {
	readonly filename: string;
	readonly text: string;
	pos: number;
	lineno: number;
	/** Line of the "source" statement that is being followed. */
	source_lineno: number;
}

export interface Lexer {
	readonly kconf: Kconf;
	/** The files being read, the current one last. */
	readonly stack: Buffer[];
	/** Where the current statement starts: what messages point at. */
	cur_filename: string;
	cur_lineno: number;
	prev_token: string;
	prev_prev_token: string;
	/** The next token is the rest of the line. */
	assign_val: boolean;
	pp: Preprocessor | null;
}

export function lexer_init(kconf: Kconf): Lexer {
	return {
		kconf,
		stack: [],
		cur_filename: '',
		cur_lineno: 0,
		prev_token: 'eol',
		prev_prev_token: 'eol',
		assign_val: false,
		pp: null,
	};
}

/** Reads a file as ./name, or else as $srctree/name. Null if there is none. */
export function zconf_fopen(kconf: Kconf, name: string): string | null {
	const { srctree } = kconf.host.env;
	const places = [resolve(kconf.host.cwd, name)];
	if (srctree && !isAbsolute(name)) places.push(resolve(kconf.host.cwd, srctree, name));
	for (const place of places) {
		try {
			return readFileSync(place, 'utf8');
		} catch {
			// Not there, or a directory: the next place.
		}
	}
	return null;
}

/** Opens the first file. */
export function zconf_initscan(lexer: Lexer, name: string): void {
	const text = zconf_fopen(lexer.kconf, name);
	if (text === null) throw new ConfExit(1, `can't find file ${name}`);
	push(lexer, name, text);
}

/** Follows a "source" statement. */
export function zconf_nextfile(lexer: Lexer, name: string): void {
	const here = top(lexer);
	here.source_lineno = lexer.cur_lineno;
	const text = zconf_fopen(lexer.kconf, name);
	if (text === null) {
		const at = `${lexer.cur_filename}:${lexer.cur_lineno}`;
		throw new ConfExit(1, `${at}: can't open file "${name}"`);
	}
	if (lexer.stack.some((buf) => buf.filename === name)) {
		let path = `Recursive inclusion detected.\nInclusion path:\n  current file : ${name}`;
		for (const buf of [...lexer.stack].reverse()) {
			path += `\n  included from: ${buf.filename}:${buf.source_lineno}`;
		}
		throw new ConfExit(1, path);
	}
	push(lexer, name, text);
}

/** The name of a file relative to the one that is being read. */
export function zconf_relative(lexer: Lexer, name: string): string {
	return join(dirname(lexer.cur_filename), name);
}

function push(lexer: Lexer, filename: string, text: string): void {
	lexer.stack.push({ filename, text, pos: 0, lineno: 1, source_lineno: 0 });
	lexer.cur_filename = filename;
	if (!lexer.kconf.files.includes(filename)) lexer.kconf.files.push(filename);
}

function top(lexer: Lexer): Buffer {
	return lexer.stack.at(-1) as Buffer;
}

function warn(lexer: Lexer, lineno: number, text: string): void {
	lexer.kconf.host.err(`${lexer.cur_filename}:${lineno}:warning: ${text}\n`);
}

/** The next token. Empty lines never reach the parser. */
export function yylex(lexer: Lexer): Token {
	const after_line = lexer.prev_token === 'eol' || lexer.prev_token === 'helptext';
	let token = scan(lexer);
	while (after_line && token.type === 'eol') token = scan(lexer);
	if (after_line && lexer.stack.length > 0) lexer.cur_lineno = top(lexer).lineno;
	const assigns = token.type === '=' || token.type === ':=' || token.type === '+=';
	if (lexer.prev_prev_token === 'eol' && lexer.prev_token === 'word' && assigns) {
		lexer.assign_val = true;
	}
	lexer.prev_prev_token = lexer.prev_token;
	lexer.prev_token = token.type;
	return token;
}

const BLANK = /(?:[ \t]+|#[^\n]*|\\\n)+/y;
const WORD = /[A-Za-z0-9_$-]+/y;
const REST = /[ \t]*([^ \t\n][^\n]*)?/y;

/** Matches at the current position and moves behind it. */
function take(buf: Buffer, re: RegExp): RegExpExecArray | null {
	re.lastIndex = buf.pos;
	const m = re.exec(buf.text);
	if (m) buf.pos = re.lastIndex;
	return m;
}

function scan(lexer: Lexer): Token {
	for (;;) {
		const buf = top(lexer);
		if (lexer.assign_val) {
			lexer.assign_val = false;
			const value = take(buf, REST)?.[1];
			if (value !== undefined) return { type: 'assign_val', value };
		}
		const blank = take(buf, BLANK);
		if (blank) buf.lineno += count_lines(blank[0]);
		if (buf.pos >= buf.text.length) return end_of_file(lexer);
		const token = scan_one(lexer, buf);
		if (token) return token;
	}
}

function count_lines(text: string): number {
	return text.split('\n').length - 1;
}

function end_of_file(lexer: Lexer): Token {
	const buf = top(lexer);
	if (lexer.prev_token !== 'eol' && lexer.prev_token !== 'helptext') {
		warn(lexer, buf.lineno, 'no new line at end of file');
	}
	if (lexer.stack.length === 1) return EOF;
	lexer.stack.pop();
	lexer.cur_filename = top(lexer).filename;
	return EOL;
}

/** One token, or null if there was only something to skip. */
function scan_one(lexer: Lexer, buf: Buffer): Token | null {
	const c = buf.text[buf.pos] as string;
	if (c === '\n') {
		buf.pos++;
		buf.lineno++;
		return EOL;
	}
	if (c === '"' || c === "'") return scan_string(lexer, buf, c);
	const start = buf.pos;
	const word = take(buf, WORD)?.[0];
	if (word !== undefined) {
		if (word.includes('$')) return scan_expanded(lexer, buf, start);
		return { type: KEYWORDS.has(word) ? word : 'word', value: word };
	}
	const op = OPERATORS.find((text) => buf.text.startsWith(text, buf.pos));
	if (op) {
		buf.pos += op.length;
		return { type: op, value: op };
	}
	const whole = String.fromCodePoint(buf.text.codePointAt(buf.pos) as number);
	warn(lexer, buf.lineno, `ignoring unsupported character '${whole}'`);
	buf.pos += whole.length;
	return null;
}

function rest_of_line(buf: Buffer): string {
	const end = buf.text.indexOf('\n', buf.pos);
	return end < 0 ? buf.text.slice(buf.pos) : buf.text.slice(buf.pos, end);
}

/** A word with $(…) in it. It never becomes a keyword, and vanishes if it is empty. */
function scan_expanded(lexer: Lexer, buf: Buffer, start: number): Token | null {
	buf.pos = start;
	const pp = lexer.pp;
	if (!pp) throw new ConfExit(1, 'no preprocessor');
	const { out, end } = expand_one_token(pp, rest_of_line(buf), 0);
	buf.pos = start + end;
	return out === '' ? null : { type: 'word', value: out };
}

function scan_string(lexer: Lexer, buf: Buffer, quote: string): Token {
	let value = '';
	buf.pos++;
	while (buf.pos < buf.text.length) {
		const c = buf.text[buf.pos] as string;
		if (c === '\n') {
			warn(lexer, lexer.cur_lineno, 'multi-line strings not supported');
			break;
		}
		buf.pos++;
		if (c === quote) break;
		if (c === '$' && lexer.pp) {
			const { out, end } = expand_dollar(lexer.pp, rest_of_line(buf), 0);
			value += out;
			buf.pos += end;
		} else if (c === '\\') {
			const next = buf.text[buf.pos];
			if (next !== undefined && next !== '\n') {
				value += next;
				buf.pos++;
			}
		} else {
			value += c;
		}
	}
	return { type: 'quoted', value };
}

function indentation(blank: string): number {
	let column = 0;
	for (const c of blank) column = c === '\t' ? (column & ~7) + 8 : column + 1;
	return column;
}

/**
 * Reads a help text: all lines that are indented at least as far as its first one. To be
 * called when the line of the keyword has been read.
 */
export function zconf_starthelp(lexer: Lexer): string {
	const buf = top(lexer);
	let text = '';
	let first = 0;
	while (buf.pos < buf.text.length) {
		const line = rest_of_line(buf);
		const body = line.trimStart();
		const blank = line.slice(0, line.length - body.length);
		if (body !== '') {
			const column = indentation(blank);
			if (first !== 0 && column < first) break;
			if (first === 0) first = column;
			text += ' '.repeat(Math.max(0, column - first)) + body.replace(/[ \t]+$/, '');
		}
		buf.pos += line.length;
		if (buf.pos >= buf.text.length) break;
		// A newline before a line that starts at the margin belongs to nothing.
		buf.pos++;
		buf.lineno++;
		if (/[^ \t\n]/.test(buf.text[buf.pos] ?? ' ')) break;
		text += '\n';
	}
	lexer.cur_lineno = buf.lineno;
	lexer.prev_prev_token = lexer.prev_token;
	lexer.prev_token = 'helptext';
	return text;
}
