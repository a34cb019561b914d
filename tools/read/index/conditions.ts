// SPDX-License-Identifier: GPL-2.0-only
/**
 * Which lines of a file of ours are there under a condition of the configuration only: what follows an `if`, its
 * `else`, and what is behind an `if` that leaves. Kernel code names its symbols in no other statement.
 */
import type { Condition, Conditional } from "../page/data.ts";
import { symbols_of } from "../page/holds.ts";
import type { Token } from "./lex.ts";

interface Placed {
	text: string;
	/** Counted from 1. */
	line: number;
}

const SYMBOL = /^CONFIG_\w+$/;
const OPEN: Record<string, string> = { "(": ")", "{": "}", "[": "]" };
const LEAVES = new Set(["return", "continue", "break", "throw"]);

/** The parts between operators that are in no brackets. */
function split(tokens: readonly string[], by: string): string[][] {
	const parts: string[][] = [[]];
	let depth = 0;
	for (const text of tokens) {
		if (text in OPEN) depth++;
		else if (/^[)}\]]$/.test(text)) depth--;
		if (depth === 0 && text === by) parts.push([]);
		else (parts.at(-1) as string[]).push(text);
	}
	return parts;
}
const in_brackets = (tokens: readonly string[]): boolean => {
	let depth = 0;
	return tokens.every((text, i) => {
		if (text === "(") depth++;
		else if (text === ")") depth--;
		return depth > 0 || i === tokens.length - 1;
	});
};

/** Of the expression that these tokens are; null where it asks for something else. */
export function condition_of(tokens: readonly string[]): Condition {
	if (split(tokens, "?").length > 1) return null;
	for (const op of ["||", "&&"] as const) {
		const parts = split(tokens, op);
		if (parts.length > 1) return [op, ...parts.map(condition_of)];
	}
	const [first, op, number] = tokens;
	if (first === "(" && in_brackets(tokens)) return condition_of(tokens.slice(1, -1));
	if (first === "!" && (tokens.length === 2 || (op === "(" && in_brackets(tokens.slice(1)))))
		return negated(condition_of(tokens.slice(1)));
	if (!SYMBOL.test(first ?? "")) return null;
	if (tokens.length === 1) return first;
	if (tokens.length === 3 && /^([<>]=?|[!=]==)$/.test(op) && /^\d+$/.test(number)) return [op, first, number];
	return null;
}
const negated = (c: Condition): Condition => (c !== null && typeof c !== "string" && c[0] === "!" ? c[1] : ["!", c]);
const asks = (c: Condition): boolean => symbols_of(c).length > 0;

class Reader {
	readonly found: Conditional[] = [];
	constructor(private readonly tokens: readonly Placed[]) {}

	private text(at: number): string {
		return this.tokens[at]?.text ?? "";
	}
	/** Behind the bracket that closes the one at a place. */
	private closed(at: number): number {
		const open = this.text(at);
		let depth = 0;
		for (let i = at; i < this.tokens.length; i++) {
			if (this.text(i) === open) depth++;
			else if (this.text(i) === OPEN[open] && --depth === 0) return i + 1;
		}
		return this.tokens.length;
	}
	private note(from: number, to: number, condition: Condition): void {
		if (from <= to && asks(condition)) this.found.push([from, to, condition]);
	}
	/** Statements up to the bracket that closes them, or to the end; where they end. */
	block(at: number): number {
		while (at < this.tokens.length && this.text(at) !== "}") at = this.statement(at);
		return at;
	}
	/** The same, but no farther than to the next case. */
	private rest(at: number): number {
		while (at < this.tokens.length && !/^(\}|case|default)$/.test(this.text(at))) at = this.statement(at);
		return at;
	}
	/** Behind it. */
	private statement(at: number): number {
		if (this.text(at) === "{") return this.block(at + 1) + 1;
		if (this.text(at) === "case" || this.text(at) === "default") return this.label(at);
		if (this.text(at) === "if" && this.text(at + 1) === "(") return this.conditional(at);
		for (let i = at; i < this.tokens.length; ) {
			const text = this.text(i);
			if (text === "{") {
				i = this.block(i + 1) + 1;
				/* A body ends what it is of, unless it is of an expression. */
				if (!/^[;,).:?[&|=]/.test(this.text(i))) return i;
			} else if (text === "(" || text === "[") i = this.inside(i);
			else if (text === ";") return i + 1;
			else if (text === "}") return i;
			else i++;
		}
		return this.tokens.length;
	}
	private label(at: number): number {
		while (at < this.tokens.length && this.text(at) !== ":") at++;
		return at + 1;
	}
	/** What is in brackets may have functions in it. */
	private inside(at: number): number {
		const end = this.closed(at);
		for (let i = at + 1; i < end - 1; i++) if (this.text(i) === "{") i = this.block(i + 1);
		return end;
	}
	private conditional(at: number): number {
		const behind = this.closed(at + 1);
		const condition = condition_of(this.tokens.slice(at + 2, behind - 1).map((t) => t.text));
		const end = this.branch(behind, condition);
		if (this.text(end) === "else") return this.branch(end + 1, negated(condition));
		/* What leaves if it is so: the rest of the block is there if it is not. */
		const first = this.text(behind) === "{" ? this.last_statement(behind + 1, end - 1) : behind;
		if (!LEAVES.has(this.text(first)) || !asks(condition)) return end;
		const rest = this.rest(end);
		const to = (this.tokens[rest]?.line ?? 0) - 1;
		this.note((this.tokens[end - 1]?.line ?? 0) + 1, to, negated(condition));
		return rest;
	}
	/** A statement that is there under a condition: its lines, but not those of who asks. */
	private branch(at: number, condition: Condition): number {
		const before = this.tokens[at - 1].line;
		const end = this.statement(at);
		if (this.text(at) === "{")
			this.note(this.tokens[at].line + 1, (this.tokens[end - 1]?.line ?? 0) - 1, condition);
		else if ((this.tokens[at]?.line ?? 0) > before)
			this.note(before + 1, this.tokens[end - 1].line, condition);
		return end;
	}
	private last_statement(from: number, to: number): number {
		const reader = new Reader(this.tokens.slice(0, to));
		let at = from;
		for (let next = reader.statement(at); next < to; next = reader.statement(at)) at = next;
		return at;
	}
}

/** From where to where, in lines, and under what condition. Inner ones follow or precede those around them. */
export function conditions_of(lines: readonly (readonly Token[])[]): Conditional[] {
	const tokens = lines.flatMap((line, i) =>
		line.filter((t) => t.kind !== "ws" && t.kind !== "com").map(({ text }) => ({ text, line: i + 1 })),
	);
	const reader = new Reader(tokens);
	for (let at = 0; at < tokens.length; ) at = reader.block(at) + 1;
	return reader.found.sort(([a, b], [c, d]) => a - c || d - b);
}
