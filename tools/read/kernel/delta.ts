// SPDX-License-Identifier: GPL-2.0-only
/** Kernels from what a build has written, and what one has that another one has not. */
import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { decodedMappings, TraceMap } from "@jridgewell/trace-mapping";
import type { Names } from "../../../scripts/cc/unit.ts";
import { edits_between } from "./edits.ts";
import { type Delta, type Kernel, names_text, places_text, type Segment, with_moves } from "./kernel.ts";

/** A bundle with what lies beside it; its sources lie below root. `files`: numbers that files have already. */
export function read_kernel(bundle: string, root: string, files: readonly string[] = []): Kernel {
	const map = new TraceMap(readFileSync(`${bundle}.map`, "utf8"));
	const all = [...files];
	const number_of = (file: string) => (all.includes(file) ? all.indexOf(file) : all.push(file) - 1);
	const numbers = map.sources.map((s) => number_of(relative(root, resolve(dirname(bundle), s ?? ""))));
	const code = readFileSync(bundle, "utf8").split("\n");
	const mappings = decodedMappings(map);
	const places = code.map((_, i) => {
		const known = (mappings[i] ?? []).filter((s) => s.length > 1) as [number, number, number, number][];
		if (known.length === 0) return "";
		const [[, first, line]] = known;
		return places_text(
			numbers[first],
			line + 1,
			known.map(
				([at, source, l, column]): Segment =>
					source === first
						? [at, l - line, column]
						: [at, l + 1, column, numbers[source]],
			),
		);
	});
	const names: string[] = [];
	const of_files: Record<string, Names> = JSON.parse(readFileSync(`${bundle}.names.json`, "utf8"));
	for (const [file, of] of Object.entries(of_files)) {
		const lines = new Map<number, [number, string][]>();
		for (const [place, name] of Object.entries(of)) {
			const [line, column] = place.split(":").map(Number);
			lines.set(line, [...(lines.get(line) ?? []), [column, name]]);
		}
		for (const [line, of_line] of [...lines].sort(([a], [b]) => a - b))
			names.push(names_text(number_of(file), line, of_line));
	}
	return { code, files: all, places, names, sources: {} };
}

/** What `k` has that the base has not; `sources` are changed in it. Their files have the same numbers. */
export function delta_of(base: Kernel, k: Kernel, sources: Kernel["sources"]): Delta {
	return {
		files: k.files.slice(base.files.length),
		code: edits_between(base.code, k.code),
		places: edits_between(with_moves(base.places, base.files, sources), k.places),
		names: edits_between(with_moves(base.names, base.files, sources), k.names),
		sources,
	};
}
