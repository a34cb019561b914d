// SPDX-License-Identifier: GPL-2.0-only
/** What shows that a piece of our source is needed: mutants that take something of it out, and unit tests. */
import { load_mutant, type Mutant, mutant_names } from "../../explore/outside/mutant.ts";
import type { Definition, Sources } from "../index/source.ts";
import { read_blocks } from "../mail/diff.ts";
import { line_of } from "../mail/lines.ts";
import type { Hunk } from "../mail/types.ts";

/** Where a hunk is in a file, which has grown since it was made: as `patch` finds it. */
function place_of(hunk: Hunk, lines: readonly string[]): number {
	const old = hunk.rows.filter((r) => r.kind !== "+").map((r) => r.text);
	const fits = (at: number) => at > 0 && old.every((text, i) => lines[at - 1 + i] === text);
	for (let far = 0; far < lines.length; far++)
		for (const at of [hunk.old[0] - far, hunk.old[0] + far]) if (fits(at)) return at;
	return hunk.old[0];
}

/** The lines of ours that a hunk of a mutant changes. */
function lines_of(hunk: Hunk, lines: readonly string[]): number[] {
	let at = place_of(hunk, lines);
	return hunk.rows.flatMap((r) => {
		if (r.kind === "+") return [at];
		at++;
		return r.kind === "-" ? [at - 1] : [];
	});
}

export class Mutants {
	readonly all: Mutant[];
	/** File → mutants with the lines that they change. */
	readonly #places = new Map<string, { mutant: Mutant; lines: number[] }[]>();
	#tests?: Map<string, Definition[]>;
	constructor(private readonly sources: Sources) {
		this.all = mutant_names()
			.map((name) => load_mutant(name))
			.filter((m) => m.not_here === undefined);
		for (const mutant of this.all)
			for (const b of read_blocks(mutant.diff.split("\n").map(line_of)))
				if (b.kind === "hunk") {
					const { path } = b.file;
					const lines = lines_of(b, sources.files.get(path)?.lines ?? []);
					this.#places.set(path, [...(this.#places.get(path) ?? []), { mutant, lines }]);
				}
	}
	of(regions: readonly Definition[]): Mutant[] {
		const found = regions.flatMap((d) =>
			(this.#places.get(d.file) ?? [])
				.filter(({ lines }) => lines.some((n) => n >= d.line && n <= d.end))
				.map(({ mutant }) => mutant),
		);
		return [...new Set(found)];
	}
	/** Unit tests that name one of these functions. */
	tests_of(regions: readonly Definition[]): Definition[] {
		this.#tests ??= unit_tests(this.sources);
		const found = regions
			.filter((d) => d.kind === "function")
			.flatMap((d) => this.#tests?.get(d.name) ?? []);
		return [...new Set(found)];
	}
}

function unit_tests(sources: Sources): Map<string, Definition[]> {
	const found = new Map<string, Definition[]>();
	for (const file of sources.files.values()) {
		if (!file.path.endsWith("_kunit.ts")) continue;
		for (const d of file.definitions) {
			if (d.kind !== "function" || !/\(test: kunit\): void/.test(d.signature)) continue;
			const tokens = file
				.tokens()
				.slice(d.line - 1, d.end)
				.flat();
			for (const name of new Set(tokens.filter((t) => t.kind === "id").map((t) => t.text)))
				found.set(name, [...(found.get(name) ?? []), d]);
		}
	}
	return found;
}
