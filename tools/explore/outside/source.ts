// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a bundle was made of, from what lies beside it: its source map, and what the source calls each access,
 * which the compiler has written down (scripts/cc/names.ts) by the places that the map leads to.
 */
import { existsSync, readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { here } from "../../lib/root.ts";
import type { Names } from "../../../scripts/cc/unit.ts";
import { type Origins, Sources } from "./places.ts";

/** Where the sources of a bundle are: of a mutant, those that it changes. */
function root_of(bundle: string): string {
	const [copy] = /^.*\/build\/mutants\/[^/]+\/src(?=\/)/.exec(bundle) ?? [];
	return copy ?? here();
}

/** What its accesses are called, by file. A bundle that no build of ours made has no names. */
function names_of(bundle: string): Record<string, Names> {
	const file = `${bundle}.names.json`;
	return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
}

function origins_of(bundle: string): Origins {
	const root = root_of(bundle);
	const names = names_of(bundle);
	const map = new SourceMap(JSON.parse(readFileSync(`${bundle}.map`, "utf8")));
	return {
		bundle,
		find(line, column) {
			const entry = map.findEntry(line - 1, column - 1) as {
				originalSource?: string;
				originalLine?: number;
				originalColumn?: number;
			};
			if (!entry.originalSource) return undefined;
			return {
				file: relative(root, resolve(dirname(bundle), entry.originalSource)),
				line: (entry.originalLine ?? 0) + 1,
				column: (entry.originalColumn ?? 0) + 1,
			};
		},
		name_of: (file, line, column) => names[file]?.[`${line}:${column}`],
		lines_of: (file) => lines_below(root, file),
	};
}

export const sources_of = (bundle: string): Sources => new Sources(origins_of(bundle));

/** Lines of a source of a kernel; what a mutant does not change is where the tree has it. */
export function lines_below(root: string, file: string): string[] {
	const own = join(root, file);
	const lines = files.get(own) ?? read_lines(own) ?? read_lines(join(here(), file)) ?? [];
	files.set(own, lines);
	return lines;
}

const files = new Map<string, string[]>();

function read_lines(file: string): string[] | undefined {
	try {
		return readFileSync(file, "utf8").split("\n");
	} catch {
		return undefined;
	}
}
