// SPDX-License-Identifier: GPL-2.0-only
/** What the source calls a place, given where it is accessed. */
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

/** The field or argument at a place of the source, or the address. */
export function name_of_access(file: string, line: number, column: number, addr: number): string {
	const text = line_of(file, line).slice(Math.max(0, column - 1));
	const [, inner] = /^\w+\(\s*([\w.[\]]+)/.exec(text) ?? [];
	const [plain] = /^[\w.[\]]+/.exec(text) ?? [];
	return inner ?? (plain?.includes(".") ? plain : addr.toString(16));
}
