// SPDX-License-Identifier: GPL-2.0-only
/**
 * The arguments of a call as strace writes them: a tokenizer and an expression
 * parser, because they nest: structs, arrays, sets, strings with anything in
 * them, `3</path>`, comments, flags, and `{in} => {out}`.
 */

export type Value =
	| { kind: "number"; value: number }
	/** A name, such as NULL, PROT_READ or AT_FDCWD. */
	| { kind: "name"; name: string }
	| { kind: "string"; text: string; truncated: boolean }
	/** A file descriptor and what it is open on. */
	| { kind: "fd"; fd: Value; path: string }
	| { kind: "struct"; fields: { name: string; value: Value }[] }
	| { kind: "array"; items: Value[] }
	| { kind: "call"; name: string; args: Value[] }
	/** `a|b`, `a<<b`, `a && b`, … as C groups them; `=>` is what the call gave back. */
	| { kind: "binary"; op: string; left: Value; right: Value }
	| { kind: "unary"; op: string; of: Value }
	/** `...`: strace printed no more. */
	| { kind: "more" };

type Token =
	| { kind: "number"; value: number; text: string }
	| { kind: "name"; text: string }
	| { kind: "string"; text: string; truncated: boolean }
	| { kind: "path"; text: string }
	| { kind: "op"; text: string }
	| { kind: "end" };

/** Why a line cannot be read; the caller adds where. */
export class Malformed extends Error {}

/** What no register holds was not an argument, nor a result. */
export function number_of(text: string): number {
	const value = Number(text);
	/* The largest is rounded up. */
	if (Math.abs(value) <= 2 ** 64) return value;
	throw new Malformed(`no number of 64 bits: '${text.slice(0, 40)}'`);
}

/** So deep nests nothing that strace writes, and so long is no set of flags. */
const MOST_LEVELS = 64;
const MOST_OPERATORS = 512;

const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r", v: "\v", f: "\f" };
const OPERATORS = ["...", "=>", "<<", ">>", "&&", "||", "==", "!=", ">=", "<="];
const SINGLE = "()[]{},=|~+-*/&?:@!<>.%^";
const NAME = /[A-Za-z_$][A-Za-z0-9_$]*/y;
const NUMBER = /0x[0-9a-fA-F]+|[0-9]+(?:\.[0-9]+)?/y;

/** Cuts the text between the parentheses of a call into tokens. */
export class Lexer {
	#token?: Token;
	#level = 0;

	constructor(
		readonly text: string,
		public position: number,
	) {}

	peek(): Token {
		this.#token ??= this.#read();
		return this.#token;
	}

	next(): Token {
		const token = this.peek();
		this.#token = undefined;
		return token;
	}

	/** Takes the operator if it comes next. */
	take(op: string): boolean {
		const token = this.peek();
		if (token.kind !== "op" || token.text !== op) return false;
		this.#token = undefined;
		return true;
	}

	/** One bracket or sign deeper, for as long as `parse` takes. */
	deeper<T>(parse: () => T): T {
		if (++this.#level > MOST_LEVELS)
			throw new Malformed(`brackets or signs are nested more than ${MOST_LEVELS} deep`);
		const result = parse();
		this.#level--;
		return result;
	}

	/** What a regular expression with the flag y finds at the position. */
	#match(pattern: RegExp): string {
		pattern.lastIndex = this.position;
		const [text] = pattern.exec(this.text) ?? [""];
		this.position += text.length;
		return text;
	}

	expect(op: string): void {
		if (!this.take(op)) throw new Malformed(`'${op}' is missing before '${this.rest(20)}'`);
	}

	rest(length: number): string {
		return this.text.slice(this.position, this.position + length) || "end of line";
	}

	#read(): Token {
		const { text } = this;
		for (;;) {
			while (text[this.position] === " ") this.position++;
			if (!text.startsWith("/*", this.position)) break;
			const end = text.indexOf("*/", this.position + 2);
			if (end < 0) throw new Malformed("a comment does not end");
			this.position = end + 2;
		}
		if (this.position >= text.length) return { kind: "end" };
		const c = text[this.position];
		if (c === '"') return this.#string();
		if (c >= "0" && c <= "9") return this.#number();
		if (/[A-Za-z_]/.test(c)) {
			return { kind: "name", text: this.#match(NAME) };
		}
		/* `3</path>`: directly behind a number or name, unless it is `<<` or `<=`. */
		if (c === "<" && !/^<[<= ]/.test(text.slice(this.position, this.position + 2))) {
			return this.#path();
		}
		for (const op of OPERATORS)
			if (text.startsWith(op, this.position)) {
				this.position += op.length;
				return { kind: "op", text: op };
			}
		if (!SINGLE.includes(c)) throw new Malformed(`unexpected '${c}'`);
		this.position++;
		return { kind: "op", text: c };
	}

	#string(): Token {
		const { text } = this;
		let result = "";
		let i = this.position + 1;
		for (; text[i] !== '"'; i++) {
			if (i >= text.length) throw new Malformed("a string does not end");
			if (text[i] !== "\\") {
				result += text[i];
				continue;
			}
			i++;
			const code = /^(?:x[0-9a-f]{2}|[0-7]{1,3})/.exec(text.slice(i, i + 3))?.[0];
			if (code) {
				const value =
					code[0] === "x" ? Number.parseInt(code.slice(1), 16) : Number.parseInt(code, 8);
				result += String.fromCharCode(value);
				i += code.length - 1;
			} else result += ESCAPES[text[i]] ?? text[i] ?? "";
		}
		i++;
		const truncated = text.startsWith("...", i);
		this.position = truncated ? i + 3 : i;
		return { kind: "string", text: result, truncated };
	}

	#number(): Token {
		const text = this.#match(NUMBER);
		const octal = /^0[0-7]+$/.test(text);
		return { kind: "number", text, value: octal ? Number.parseInt(text, 8) : number_of(text) };
	}

	/** A path may hold `<` and `>` itself, escaped by strace as \74 and \76. */
	#path(): Token {
		/* `->` in sockets: `3<TCP:[127.0.0.1:1->127.0.0.1:2]>`. */
		let end = this.position;
		do {
			end = this.text.indexOf(">", end + 1);
			if (end < 0) throw new Malformed("the path of a file descriptor does not end");
		} while (this.text[end - 1] === "-");
		let path = this.text.slice(this.position + 1, end);
		end++;
		/* A device: `</dev/null<char 1:3>>`. */
		if (path.includes("<") && this.text[end] === ">") {
			path = path.slice(0, path.indexOf("<"));
			end++;
		}
		if (this.text.startsWith("(deleted)", end)) {
			path += " (deleted)";
			end += "(deleted)".length;
		}
		this.position = end;
		const unescaped = path.replace(/\\([0-7]{1,3})/g, (_, code) =>
			String.fromCharCode(Number.parseInt(code, 8)),
		);
		return { kind: "path", text: unescaped };
	}
}

/** Operators as tightly as they bind, as in C; `=>` and `:` are strace's own. */
const BINDING = new Map(
	[
		["=>"],
		["?", ":"],
		["||"],
		["&&"],
		["|"],
		["^"],
		["&"],
		["==", "!="],
		[">=", "<="],
		["<<", ">>"],
		["+", "-"],
		["*", "/", "%"],
		["@"],
	].flatMap((ops, level) => ops.map((op): [string, number] => [op, level])),
);

export function parse_expression(lexer: Lexer, level = 0): Value {
	let left = parse_unary(lexer);
	for (let n = 0; ; n++) {
		const token = lexer.peek();
		const binds = token.kind === "op" ? BINDING.get(token.text) : undefined;
		if (token.kind !== "op" || binds === undefined || binds < level) return left;
		if (n === MOST_OPERATORS) throw new Malformed(`more than ${MOST_OPERATORS} operators in one argument`);
		lexer.next();
		left = { kind: "binary", op: token.text, left, right: parse_expression(lexer, binds + 1) };
	}
}

function parse_unary(lexer: Lexer): Value {
	for (const op of ["~", "-", "+", "!", "&"])
		if (lexer.take(op)) {
			const of = lexer.deeper(() => parse_unary(lexer));
			if (op === "-" && of.kind === "number") return { kind: "number", value: -of.value };
			return { kind: "unary", op, of };
		}
	return parse_primary(lexer);
}

function parse_primary(lexer: Lexer): Value {
	const token = lexer.next();
	let value: Value;
	switch (token.kind) {
		case "number":
			value = { kind: "number", value: token.value };
			break;
		case "string":
			return { kind: "string", text: token.text, truncated: token.truncated };
		case "name":
			value = { kind: "name", name: token.text };
			if (lexer.take("("))
				value = {
					kind: "call",
					name: token.text,
					args: lexer.deeper(() => parse_list(lexer, ")")),
				};
			break;
		case "op":
			if (token.text === "{") return lexer.deeper(() => parse_struct(lexer));
			if (token.text === "[")
				return { kind: "array", items: lexer.deeper(() => parse_list(lexer, "]")) };
			if (token.text === "...") return { kind: "more" };
			if (token.text === "(") {
				const inner = lexer.deeper(() => parse_expression(lexer));
				lexer.expect(")");
				return inner;
			}
			if (token.text === "?") return { kind: "name", name: "?" };
			throw new Malformed(`unexpected '${token.text}'`);
		case "path":
			throw new Malformed(`'<${token.text}>' without a file descriptor`);
		case "end":
			throw new Malformed("the line ends inside the arguments");
	}
	const after = lexer.peek();
	if (after.kind !== "path") return value;
	lexer.next();
	return { kind: "fd", fd: value, path: after.text };
}

/** Items up to the closing bracket, separated by commas or, in sets, by spaces. */
function parse_list(lexer: Lexer, close: string): Value[] {
	const items: Value[] = [];
	while (!lexer.take(close)) {
		if (lexer.peek().kind === "end") throw new Malformed(`'${close}' is missing`);
		items.push(parse_field(lexer).value);
		lexer.take(",");
	}
	return items;
}

/** `name=value`, or a value. */
function parse_field(lexer: Lexer): { name: string; value: Value } {
	const value = parse_expression(lexer);
	if (!lexer.take("=")) return { name: "", value };
	/* [0]=… in arrays, `a.b=` in structs with members of members. */
	const name = value.kind === "name" ? value.name : "";
	return { name, value: parse_expression(lexer) };
}

function parse_struct(lexer: Lexer): Value {
	const fields: { name: string; value: Value }[] = [];
	while (!lexer.take("}")) {
		if (lexer.peek().kind === "end") throw new Malformed("'}' is missing");
		fields.push(parse_field(lexer));
		lexer.take(",");
	}
	return { kind: "struct", fields };
}

/** Arguments from just behind `(`; stops behind the closing one or at the end
 *  of an unfinished line. */
export function parse_arguments(lexer: Lexer, cut: boolean): Value[] {
	const args: Value[] = [];
	while (!lexer.take(")")) {
		if (lexer.peek().kind === "end") {
			if (cut) return args;
			throw new Malformed("')' is missing");
		}
		args.push(parse_field(lexer).value);
		if (lexer.take(",")) continue;
		const token = lexer.peek();
		const ends = (token.kind === "op" && token.text === ")") || (cut && token.kind === "end");
		if (!ends) throw new Malformed(`',' or ')' is missing before '${lexer.rest(20)}'`);
	}
	return args;
}
