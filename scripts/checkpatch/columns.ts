// SPDX-License-Identifier: GPL-2.0-only
/**
 * How long a line may be: 80 columns in files that are read beside the C that
 * they mirror, 120 elsewhere. A tab goes to the next multiple of 8, as in the
 * kernel. Old files have longer lines; a list says how many each, and can only
 * get shorter: more is an error, and so is fewer, until the list says so.
 */
import { EXCEPTIONS, UPDATE } from "./exceptions.ts";
import type { Tree } from "./tree.ts";

const PORTED = /^(include|kernel|drivers|arch\/(x86|powerpc|arm64))\//;

export function limit(path: string): number {
	return PORTED.test(path) ? 80 : 120;
}

export function columns(line: string): number {
	let at = 0;
	for (const c of line) at = c === "\t" ? at - (at % 8) + 8 : at + 1;
	return at;
}

/** Numbers of the lines that are too long. */
export function long_lines(path: string, text: string): number[] {
	const most = limit(path);
	return text.split("\n").flatMap((line, i) => (columns(line) > most ? [i + 1] : []));
}

/** The list as it could be now; it never allows more than it did. */
export function shrink_columns(tree: Tree, allowed: Record<string, number>): Record<string, number> {
	const now = Object.entries(allowed).map(([path, n]) => [
		path,
		Math.min(n, long_lines(path, tree.get(path) ?? "").length),
	]);
	return Object.fromEntries(now.filter(([, n]) => n !== 0));
}

export function check_columns(tree: Tree, allowed: Record<string, number>): string[] {
	const found: string[] = [];
	for (const path of new Set([...tree.keys(), ...Object.keys(allowed)])) {
		const long = long_lines(path, tree.get(path) ?? "");
		const may = allowed[path] ?? 0;
		const lines = `${path}: ${long.length} lines over ${limit(path)} columns`;
		if (long.length < may)
			found.push(`${lines}, and ${EXCEPTIONS} still allows ${may}: lower it by ${UPDATE}`);
		else if (long.length > may && may === 0)
			found.push(...long.map((line) => `${path}:${line}: more than ${limit(path)} columns`));
		else if (long.length > may)
			found.push(`${lines}, and no more than ${may} are allowed: ${long.join(", ")}`);
	}
	return found;
}
