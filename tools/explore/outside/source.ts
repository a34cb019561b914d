// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the source calls a place, given where it is accessed. A source map points
 * at the expression or at a token in front of it, and now and then behind its
 * first word: so the expression is looked for from there on, on the same line.
 */
import { readFileSync } from "node:fs";

const files = new Map<string, string[]>();

export function lines_of(file: string): string[] {
	let lines = files.get(file);
	if (!lines) {
		try {
			lines = readFileSync(file, "utf8").split("\n");
		} catch {
			lines = [];
		}
		files.set(file, lines);
	}
	return lines;
}

/** What a line belongs to, for functions that have no name of their own: `const f = RODATA(() => …)`. */
export function enclosing(file: string, line: number): string | undefined {
	const lines = lines_of(file);
	for (let i = line - 1; i >= 0; i--) {
		const [, name] = /^(?:export )?(?:const|function) (\w+)/.exec(lines[i] ?? "") ?? [];
		if (name) return name;
	}
}

/** Where a bracket that opens at `from` closes; the end of the text if it does not. */
function closing(text: string, from: number): number {
	for (let i = from, depth = 0; i < text.length; i++) {
		if (/[([]/.test(text[i])) depth++;
		else if (/[)\]]/.test(text[i]) && --depth === 0) return i + 1;
	}
	return text.length;
}
/** What is computed in brackets says little, and is long. */
const brief = (index: string) => (/^\[[\w.]*\]$/.test(index) ? index : "[…]");

interface Path {
	text: string;
	/** It names a field or an element. */
	field: boolean;
	end: number;
}
/** `a.b[i].c`, or `this_cpu(a).b`, at a place of a line. */
function path_at(text: string, from: number): Path | undefined {
	const [word] = /^[A-Za-z_]\w*/.exec(text.slice(from)) ?? [];
	if (!word) return;
	let end = from + word.length;
	let path = word;
	let field = false;
	if (/^(this|per)_cpu$/.test(word) && text[end] === "(") {
		end = closing(text, end);
		path = text.slice(from, end);
	}
	for (;;) {
		if (text[end] === "[") {
			const to = closing(text, end);
			path += brief(text.slice(end, to));
			field ||= to > end + 1;
			end = to;
			continue;
		}
		const [dot] = /^\.\w+/.exec(text.slice(end)) ?? [];
		if (!dot) break;
		path += dot;
		field = true;
		end += dot.length;
	}
	return { text: path, field, end };
}

/** The field or argument that a line names from a column on, if any. */
export function name_in_line(text: string, column: number): string | undefined {
	let from = Math.max(0, column - 1);
	/* Behind its first word: go back to that. */
	if (text[from] === ".") from -= /[\w[\].]*$/.exec(text.slice(0, from))?.[0].length ?? 0;
	const direct = path_at(text, from);
	if (direct?.field && text[direct.end] !== "(") return direct.text;
	const [, called] = /^(\w+)\(/.exec(text.slice(from)) ?? [];
	if (called === "struct_copy") return /,\s*(\w+)/.exec(text.slice(from))?.[1];
	if (called !== undefined) {
		/* A helper: which field of its argument it is about, its callers know. */
		const open = from + called.length + 1;
		const argument = path_at(text, open + (/^\s*/.exec(text.slice(open))?.[0].length ?? 0));
		if (argument) return argument.text;
	}
	for (const { index } of text.slice(from).matchAll(/\b[A-Za-z_]/g)) {
		const path = path_at(text, from + index);
		if (path?.field && text[path.end] !== "(") return path.text;
	}
}

/** The field or argument at a place of the source, or the address. */
export function name_of_access(file: string, line: number, column: number, addr: number): string {
	return name_in_line(lines_of(file)[line - 1] ?? "", column) ?? addr.toString(16);
}
