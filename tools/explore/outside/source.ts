// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the source calls a place, given where it is accessed. A source map points
 * at the expression or at a token in front of it, and now and then behind its
 * first word: so the expression is looked for from there on, on the same line.
 */
import { readFileSync } from "node:fs";

const files = new Map<string, string[]>();

function line_of(file: string, line: number): string {
	let lines = files.get(file);
	if (!lines) {
		try {
			lines = readFileSync(file, "utf8").split("\n");
		} catch {
			lines = [];
		}
		files.set(file, lines);
	}
	return lines[line - 1] ?? "";
}

const WORD = String.raw`(?:\b(?:this|per)_cpu\([\w, ]+\)|[A-Za-z_]\w*)(?:\[\w+\])?`;
const FIELD = new RegExp(String.raw`^${WORD}(?:\.\w+(?:\[\w+\])?)+`);
const ANY_FIELD = new RegExp(String.raw`${WORD}(?:\.\w+(?:\[\w+\])?)+`);
const CALL = /^(\w+)\(\s*([\w.[\]]+)/;

/** The field or argument that a line names from a column on, if any. */
export function name_in_line(text: string, column: number): string | undefined {
	let from = Math.max(0, column - 1);
	/* Behind its first word: go back to that. */
	if (text[from] === ".") from -= /[\w[\].]*$/.exec(text.slice(0, from))?.[0].length ?? 0;
	const rest = text.slice(from);
	const [direct] = FIELD.exec(rest) ?? [];
	if (direct && rest[direct.length] !== "(") return direct;
	const [, called, argument] = CALL.exec(rest) ?? [];
	if (called === "struct_copy") return /,\s*(\w+)/.exec(rest)?.[1];
	/* A helper: which field of its argument it is about, its callers know. */
	if (argument !== undefined) return argument;
	return ANY_FIELD.exec(rest)?.[0];
}

/** The field or argument at a place of the source, or the address. */
export function name_of_access(file: string, line: number, column: number, addr: number): string {
	return name_in_line(line_of(file, line), column) ?? addr.toString(16);
}
