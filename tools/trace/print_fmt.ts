// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a format file says of how its event is printed: a format of printf and
 * its arguments, in the C that such files are made of. Becomes a function.
 */
import { UserError } from "../lib/errors.ts";
import type { Value } from "./format_file.ts";

export type Values = Record<string, Value>;
export type Print = (values: Values) => string;
type Expr = (values: Values) => Value;

const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|(0x[0-9a-fA-F]+|\d+)|(REC->\w+)|(\w+)|(.))/gy;

function tokens(text: string): string[] {
	return [...text.matchAll(TOKEN)].map((m) => m[0].trim()).filter((token) => token !== "");
}

const unquote = (token: string): string =>
	token.slice(1, -1).replace(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c === "t" ? "\t" : c));

class Parser {
	#at = 0;
	constructor(
		readonly text: string,
		readonly all: string[],
	) {}

	get next(): string {
		return this.all[this.#at] ?? "";
	}
	take(): string {
		return this.all[this.#at++] ?? "";
	}
	expect(token: string): void {
		if (this.take() !== token) throw new UserError(`print fmt: expected ${token}: ${this.text}`);
	}

	/** a ? b : c, or less. */
	expr(): Expr {
		const condition = this.primary();
		if (this.next !== "?") return condition;
		this.take();
		const yes = this.expr();
		this.expect(":");
		const no = this.expr();
		return (values) => (condition(values) ? yes(values) : no(values));
	}

	primary(): Expr {
		const token = this.take();
		if (token.startsWith("REC->")) return (values) => values[token.slice(5)];
		if (token.startsWith('"')) return () => unquote(token);
		if (/^\d/.test(token)) return () => Number(token);
		if (token === "(") {
			/* A cast to a pointer changes nothing here. */
			if (/^[a-z_]\w*$/.test(this.next)) {
				while (this.take() !== ")");
				return this.primary();
			}
			const inner = this.expr();
			this.expect(")");
			return inner;
		}
		if (token === "__get_str") {
			this.expect("(");
			const name = this.take();
			this.expect(")");
			return (values) => values[name];
		}
		if (token === "__print_flags") return this.flags();
		throw new UserError(`print fmt: '${token}' is not known: ${this.text}`);
	}

	/** __print_flags(value, delimiter, { mask, name }, …), as trace_print_flags_seq() does it. */
	flags(): Expr {
		this.expect("(");
		const value = this.expr();
		this.expect(",");
		const delimiter = unquote(this.take());
		const table: [number, string][] = [];
		while (this.next === ",") {
			this.take();
			this.expect("{");
			const mask = Number(this.take());
			this.expect(",");
			table.push([mask, unquote(this.take())]);
			this.expect("}");
		}
		this.expect(")");
		return (values) => {
			let rest = Number(value(values));
			const names: string[] = [];
			for (const [mask, name] of table) {
				if (rest === 0 || (rest & mask) !== mask) continue;
				names.push(name);
				rest = (rest & ~mask) >>> 0;
			}
			if (rest !== 0) names.push(`0x${rest.toString(16)}`);
			return names.join(delimiter);
		};
	}
}

const hex = (value: Value): string => Number(value).toString(16);

/** The conversions that events use; %p as with nohash-ptr, %ps of an address that is no function's. */
function conversion(spec: string): (value: Value) => string {
	switch (spec) {
		case "%s":
			return String;
		case "%p":
			return (value) => hex(value).padStart(16, "0");
		case "%ps":
			return (value) => `0x${hex(value)}`;
		default:
			return /x$/.test(spec) ? hex : String;
	}
}

export function parse_print_fmt(text: string): Print {
	const parser = new Parser(text, tokens(text));
	const pieces = unquote(parser.take()).split(/(%ps|%p|%l{0,2}[dux]|%s|%%)/);
	const print: ((values: Values) => string)[] = pieces.map((piece, i) => {
		if (i % 2 === 0) return () => piece;
		if (piece === "%%") return () => "%";
		parser.expect(",");
		const arg = parser.expr();
		const convert = conversion(piece);
		return (values) => convert(arg(values));
	});
	if (parser.next !== "") throw new UserError(`print fmt: '${parser.next}' is too much: ${text}`);
	return (values) => print.map((piece) => piece(values)).join("");
}
