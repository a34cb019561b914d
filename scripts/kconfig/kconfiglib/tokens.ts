// SPDX-License-Identifier: GPL-2.0-only
//
// Cuts a line into tokens, as Kconfiglib does: its first word says what follows.

import { release } from "node:os";
import { expand_macro, expand_vars, type Macros, parse_assignment } from "./macro.ts";
import { fail, KSymbol, warn } from "./model.ts";

/** A keyword or an operator. */
export class Word {
	readonly is: string;
	constructor(is: string) {
		this.is = is;
	}
}

/** A text where one is expected. */
export class Text {
	readonly text: string;
	constructor(text: string) {
		this.text = text;
	}
}

export type Token = Word | Text | KSymbol;

const NAMES =
	"allnoconfig_y bool choice comment config def_bool def_hex def_int def_string def_tristate default " +
	"defconfig_list depends endchoice endif endmenu env help hex if imply int mainmenu menu menuconfig modules " +
	"on option optional orsource osource prompt range rsource select source string tristate visible";
const words = new Map(NAMES.split(" ").map((name) => [name, new Word(name)]));
const word = (is: string): Word => words.get(is) as Word;
const KEYWORDS: ReadonlyMap<string, Word> = new Map([
	...words,
	["---help---", word("help")],
	["boolean", word("bool")],
	["grsource", word("orsource")],
	["gsource", word("osource")],
]);

const OPERATORS = ["&&", "||", "!=", "<=", ">=", "=", "!", "(", ")", "<", ">"].map((is) => new Word(is));

/** After these a text is expected, with or without quotes. */
const BEFORE_TEXT: ReadonlySet<string> = new Set(
	"bool choice comment hex int mainmenu menu orsource osource prompt rsource source string tristate".split(" "),
);

const FIRST = /[ \t\n\v\f\r]*([A-Za-z0-9_$-]+)[ \t\n\v\f\r]*/y;
const NAME = /([A-Za-z0-9_$/.-]+)[ \t\n\v\f\r]*/y;
const SPACE = /[ \t\n\v\f\r]*/y;

function match(re: RegExp, s: string, at: number): RegExpExecArray | null {
	re.lastIndex = at;
	return re.exec(s);
}

/** A name in which something has to be expanded. */
function expand_name(mx: Macros, line: string, pos: number): { name: string; s: string; end: number } {
	let s = line;
	let end = pos;
	for (;;) {
		while (end < s.length && /[A-Za-z0-9_$/.-]/.test(s[end] as string) && !s.startsWith("$(", end)) end++;
		if (!s.startsWith("$(", end)) break;
		({ s, end } = expand_macro(mx, s, end, []));
	}
	const name = s.slice(pos, end);
	if (name.trim() === "") bad(mx, line, "macro expanded to blank string");
	return { name, s, end: end + (match(SPACE, s, end)?.[0].length ?? 0) };
}

/** What is between quotes, and the line after it. */
function scan_string(mx: Macros, line: string, pos: number): { text: string; s: string; end: number } {
	const quote = line[pos] as string;
	if (!line.includes("$") && !line.includes("\\")) {
		const end = line.indexOf(quote, pos + 1) + 1;
		if (end === 0) bad(mx, line, "unterminated string");
		return { text: line.slice(pos + 1, end - 1), s: line, end };
	}
	let s = line;
	let i = pos + 1;
	for (; s[i] !== quote; ) {
		if (i >= s.length) bad(mx, line, "unterminated string");
		if (s[i] === "\\") {
			s = s.slice(0, i) + s.slice(i + 1);
			i++;
		} else if (s.startsWith("$(", i)) ({ s, end: i } = expand_macro(mx, s, i, []));
		else i++;
	}
	const raw = s.slice(pos + 1, i).replaceAll("$UNAME_RELEASE", release);
	return { text: expand_vars(mx, raw), s, end: i + 1 };
}

export function bad(mx: Macros, line: string, what: string): never {
	fail(mx.loc, `couldn't parse '${line.trim()}': ${what}`);
}

function lookup(mx: Macros, name: string, constant: boolean): KSymbol {
	const { k } = mx;
	const table = constant || name === "n" || name === "m" || name === "y" ? k.constants : k.syms;
	let sym = table.get(name);
	if (!sym) {
		sym = new KSymbol(name, constant, k.n);
		table.set(name, sym);
	}
	return sym;
}

/** The constant of a text. */
export const constant_of = (mx: Macros, text: string): KSymbol => lookup(mx, text, true);

/** The tokens of a line; none for one that is empty, a comment, or an assignment, which is done. */
export function tokenize(mx: Macros, line: string): Token[] {
	const first = match(FIRST, line, 0);
	if (!first) {
		if (/^[ \t\n\v\f\r]*(#|$)/.test(line)) return [];
		bad(mx, line, "unknown token at start of line");
	}
	const start = KEYWORDS.get(first[1] as string);
	if (!start) {
		if (/^[ \t\n-]*help[ \t\n-]*$/.test(line)) return [word("help")];
		parse_assignment(mx, line);
		return [];
	}
	const tokens: Token[] = [start];
	let s = line;
	for (let i = first[0].length; i < s.length; ) {
		const last = tokens.at(-1);
		const wants_text = last instanceof Word && BEFORE_TEXT.has(last.is);
		const found = match(NAME, s, i);
		if (found) {
			const name = found[1] as string;
			const keyword = KEYWORDS.get(name);
			i += found[0].length;
			if (keyword) tokens.push(keyword);
			else if (wants_text) {
				if (last.is !== "choice")
					warn(
						mx.k,
						`style: quotes recommended around '${name}' in '${line.trim()}'`,
						mx.loc,
					);
				tokens.push(new Text(name));
			} else if (name.includes("$")) {
				const out = expand_name(mx, s, i - found[0].length);
				({ s, end: i } = out);
				tokens.push(lookup(mx, out.name, false));
			} else tokens.push(lookup(mx, name, false));
			continue;
		}
		const c = s[i] as string;
		if (c === "#") break;
		if (c === '"' || c === "'") {
			const out = scan_string(mx, s, i);
			({ s, end: i } = out);
			tokens.push(
				wants_text || start.is === "option" ? new Text(out.text) : constant_of(mx, out.text),
			);
		} else {
			const op = OPERATORS.find(({ is }) => s.startsWith(is, i));
			if (!op) bad(mx, line, "unknown tokens in line");
			i += op.is.length;
			tokens.push(op);
		}
		i += match(SPACE, s, i)?.[0].length ?? 0;
	}
	return tokens;
}
