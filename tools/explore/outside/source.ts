// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the source calls a place, given where it is accessed. The compiler has
 * written it down beside the bundle (scripts/cc/names.ts), by the places that
 * the bundle's source map leads to.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Names } from "../../../scripts/cc/unit.ts";

/** By absolute path of a source, of all bundles so far. */
const known = new Map<string, Names>();

/** Gets to know the names of a bundle, whose sources lie below root. */
export function load_names(bundle: string, root: string): void {
	/* A bundle that no build of ours made has none. */
	if (!existsSync(`${bundle}.names.json`)) return;
	const names: Record<string, Names> = JSON.parse(readFileSync(`${bundle}.names.json`, "utf8"));
	for (const [file, of] of Object.entries(names)) known.set(join(root, file), of);
}

/** The access or the argument at a place of the source, or the address. */
export function name_of_access(file: string, line: number, column: number, addr: number): string {
	return known.get(file)?.[`${line}:${column}`] ?? addr.toString(16);
}

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
