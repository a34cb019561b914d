// SPDX-License-Identifier: GPL-2.0-only
/**
 * The words of a litmus test as herd7 reads it. "(*" begins a comment outside
 * of the programs' bodies only: inside, C's do, and READ_ONCE(*x) is none.
 */
import { at, type UserError } from "../lib/errors.ts";

interface Token {
	text: string;
	line: number;
	/** Where it begins and ends. */
	start: number;
	end: number;
}

const WORD = new RegExp(
	[
		"0[xX][0-9a-fA-F]+|\\d+|[A-Za-z_]\\w*",
		"/\\\\|\\\\/|=>|<>",
		"->|\\+\\+|--|<<=|>>=|<=|>=|==|!=|&&|\\|\\||<<|>>|[-+*/%&|^]=|[-+*/%&|^~!<>=(){}[\\],;:.?#]",
	].join("|"),
	"y",
);
const SPACE = /\s+/y;
const C_COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;

export class Tokens {
	#pos = 0;
	#line = 1;
	#next: Token | undefined;
	/** Inside of a body. */
	body = false;

	constructor(
		readonly file: string,
		readonly text: string,
	) {}

	/** A mistake at the next word, or at a line. */
	mistake(what: string, line = this.peek().line): UserError {
		return at(this.file, line, what);
	}
	position(): number {
		return this.#pos;
	}
	/** Goes on behind a place of the text. */
	jump(pos: number): void {
		this.#line += this.text.slice(this.#pos, pos).split("\n").length - 1;
		this.#pos = pos;
		this.#next = undefined;
	}
	#match(re: RegExp): string | undefined {
		re.lastIndex = this.#pos;
		return re.exec(this.text)?.[0];
	}
	/** Behind space and comments. */
	skip(): void {
		for (;;) {
			let found = this.#match(SPACE) ?? this.#match(C_COMMENT);
			if (found === undefined && !this.body && this.text.startsWith("(*", this.#pos)) {
				let depth = 0;
				let end = this.#pos;
				do {
					const m = /\(\*|\*\)/g;
					m.lastIndex = end;
					const mark = m.exec(this.text);
					if (!mark) throw at(this.file, this.#line, "this comment does not end");
					depth += mark[0] === "(*" ? 1 : -1;
					end = m.lastIndex;
				} while (depth > 0);
				found = this.text.slice(this.#pos, end);
			}
			if (found === undefined) return;
			this.#line += found.split("\n").length - 1;
			this.#pos += found.length;
		}
	}
	/** The next word; "" at the end. */
	peek(): Token {
		if (this.#next) return this.#next;
		this.skip();
		const start = this.#pos;
		const line = this.#line;
		if (start === this.text.length) return { text: "", line, start, end: start };
		const text = this.#match(WORD);
		if (text === undefined) throw at(this.file, line, `'${this.text[start]}' is not understood here`);
		this.#next = { text, line, start, end: start + text.length };
		return this.#next;
	}
	take(): Token {
		const token = this.peek();
		this.#pos = token.end;
		this.#next = undefined;
		return token;
	}
	/** Takes the next word if it is this one. */
	on(text: string): boolean {
		if (this.peek().text !== text) return false;
		this.take();
		return true;
	}
	want(text: string): Token {
		const token = this.take();
		if (token.text === text) return token;
		throw this.mistake(`'${text}' is expected, and not ${shown(token.text)}`, token.line);
	}
	name(what: string): string {
		const { text, line } = this.take();
		if (/^[A-Za-z_]/.test(text)) return text;
		throw this.mistake(`${what} is expected, and not ${shown(text)}`, line);
	}
}

export const shown = (text: string): string => (text === "" ? "the end of the file" : `'${text}'`);
