// SPDX-License-Identifier: GPL-2.0-only
/**
 * Which line of ours says the same as which of a hunk: C and TypeScript are
 * compared by what they name, in order. A line is a bag of identifiers and of a
 * few words that mean the same in both; the best way through both is the one
 * whose lines have most in common.
 */
import { language_of, lex_rows, type Token } from "../index/lex.ts";
import type { Definition, Sources } from "../index/source.ts";
import type { Hunk } from "../mail/types.ts";
import { is_flat, type Owner, owners } from "./owners.ts";

/** Of a hunk's row and a line of a file. */
export interface Link {
	row: number;
	file: string;
	line: number;
}

const SAME = new Set("return if else while for switch case break continue goto do".split(" "));
/** Below that two lines are not the same thing. */
const LEAST = 0.4;

type Bag = Map<string, number>;

function bag_of(tokens: readonly Token[]): Bag {
	const bag: Bag = new Map();
	for (const { kind, text } of tokens) {
		if (kind !== "id" && kind !== "num" && !(kind === "key" && SAME.has(text))) continue;
		const word =
			kind === "num"
				? String(Number(text.replace(/[uUlL]+$/, "")) || text)
				: text.replace(/^\$+/, "");
		bag.set(word, (bag.get(word) ?? 0) + 1);
	}
	return bag;
}

/** How often a word is: what is in every line says little. */
function weights(bags: readonly Bag[]): (word: string) => number {
	const lines = new Map<string, number>();
	for (const bag of bags) for (const word of bag.keys()) lines.set(word, (lines.get(word) ?? 0) + 1);
	return (word) => (SAME.has(word) ? 0.3 : 1) / Math.log2(1 + (lines.get(word) ?? 1));
}

function alike(a: Bag, b: Bag, weight: (word: string) => number): number {
	let both = 0;
	let all = 0;
	for (const [word, n] of a) {
		const w = weight(word);
		all += w * n;
		both += w * Math.min(n, b.get(word) ?? 0);
	}
	for (const [word, n] of b) all += weight(word) * n;
	return all === 0 ? 0 : (2 * both) / all;
}

/** The pairs of the best way through both, first by first. */
function best_way(a: readonly Bag[], b: readonly Bag[]): [number, number][] {
	const weight = weights([...a, ...b]);
	const width = b.length + 1;
	const best = new Float64Array((a.length + 1) * width);
	const pair = new Float64Array((a.length + 1) * width);
	for (let i = a.length - 1; i >= 0; i--)
		for (let j = b.length - 1; j >= 0; j--) {
			const at = i * width + j;
			const like = a[i].size === 0 || b[j].size === 0 ? 0 : alike(a[i], b[j], weight);
			pair[at] = like >= LEAST ? like + best[at + width + 1] : 0;
			best[at] = Math.max(pair[at], best[at + width], best[at + 1]);
		}
	const found: [number, number][] = [];
	for (let i = 0, j = 0; i < a.length && j < b.length; ) {
		const at = i * width + j;
		if (pair[at] > 0 && pair[at] === best[at]) found.push([i++, j++]);
		else if (best[at + width] >= best[at + 1]) i++;
		else j++;
	}
	return found;
}

/** A line that names nothing ("return;", "break;") is only where the lines around it say so. */
function steady(links: Link[], bare: ReadonlySet<number>): Link[] {
	return links.filter(
		(l) =>
			!bare.has(l.row) ||
			links.some(
				(o) =>
					o !== l &&
					!bare.has(o.row) &&
					o.file === l.file &&
					Math.abs(o.row - l.row) <= 2 &&
					Math.abs(o.line - l.line) <= 4,
			),
	);
}

interface Bags {
	row: number;
	kind: string;
	bag: Bag;
}
class Linker {
	readonly found = new Map<number, Link>();
	readonly #taken = new Set<string>();
	readonly #sides: Bags[][];
	readonly #flat: boolean;
	constructor(
		hunk: Hunk,
		private readonly sources: Sources,
	) {
		this.#flat = is_flat(hunk.rows);
		const language = language_of(hunk.file.path);
		const rows = hunk.rows
			.map((r, row) => ({ ...r, row }))
			.filter((r) => r.kind !== "comment" && r.kind !== "\\");
		this.#sides = ["-", "+"].map((other) => {
			const mine = rows.filter((r) => r.kind !== other);
			const tokens = lex_rows(
				mine.map((r) => r.text),
				language,
			);
			return mine.map(({ row, kind }, i) => ({ row, kind, bag: bag_of(tokens[i]) }));
		});
	}
	/** How many rows it gives a line. What is new or stays goes before what is gone; `others` are not its. */
	add({ file, line: first, end }: Definition, others: ReadonlySet<number> = new Set()): number {
		const lines =
			this.sources.files
				.get(file)
				?.tokens()
				.slice(first - 1, end)
				.map(bag_of) ?? [];
		const before = this.found.size;
		this.#sides.forEach((all, old) => {
			const side = all.filter((r) => !others.has(r.row));
			const pairs = best_way(
				side.map((r) => r.bag),
				lines,
			);
			for (const [a, b] of pairs) {
				const { row, kind, bag } = side[a];
				const line = first + b;
				if (
					this.found.has(row) ||
					this.#taken.has(`${file}:${line}`) ||
					(old === 1 && kind !== "-")
				)
					continue;
				/* Without indentation a short line may be any. */
				if (this.#flat && bag.size < 2) continue;
				this.found.set(row, { row, file, line });
				this.#taken.add(`${file}:${line}`);
			}
		});
		return this.found.size - before;
	}
	/** Rows that name nothing. */
	bare(): Set<number> {
		return new Set(
			this.#sides
				.flat()
				.filter((r) => [...r.bag.keys()].every((w) => SAME.has(w)))
				.map((r) => r.row),
		);
	}
	/** Rows that say something and have no line. */
	left(): Bag {
		const all: Bag = new Map();
		for (const { row, bag } of this.#sides[0])
			if (!this.found.has(row)) for (const word of bag.keys()) all.set(word, 1);
		return all;
	}
}

export interface Aligned {
	regions: Definition[];
	links: Link[];
}

/** A part of a function may be one of its own here: it is called there, and has what no line was found for. */
const HELPERS = 2;
const LEAST_LINES = 3;

/** Links of a hunk with all of its regions. A row has one line. */
export function align(hunk: Hunk, regions: readonly Definition[], sources: Sources): Aligned {
	const linker = new Linker(hunk, sources);
	const { of } = owners(hunk);
	const named = (o: Owner | undefined) =>
		regions.find((r) => o && (r.name === o.name || r.name === `CONFIG_${o.name}`));
	for (const region of regions) {
		/* A prototype has one line; what is another's is not this one's. */
		const others = of.flatMap((o, row) => {
			const whose = named(o);
			return whose &&
				(whose !== region ||
					(o?.kind === "prototype" &&
						of.some((x) => x?.name === o.name && x.kind !== "prototype")))
				? [row]
				: [];
		});
		linker.add(region, new Set(others));
	}
	const all = [...regions];
	for (const region of regions.filter((r) => r.kind === "function")) {
		const file = sources.files.get(region.file);
		const called = new Set(
			file
				?.tokens()
				.slice(region.line - 1, region.end)
				.flatMap((l) => l.filter((t) => t.kind === "id").map((t) => t.text)),
		);
		const left = linker.left();
		const helpers = (file?.definitions ?? [])
			.filter(
				(d) =>
					d.kind === "function" &&
					called.has(d.name) &&
					!all.includes(d) &&
					!left.has(d.name),
			)
			.map((d) => {
				const words = new Set(
					file
						?.tokens()
						.slice(d.line - 1, d.end)
						.flatMap((l) => l.map((t) => t.text)),
				);
				return { d, hits: [...left.keys()].filter((w) => words.has(w)).length };
			})
			.filter(({ hits }) => hits >= 2 * LEAST_LINES && hits * 3 >= left.size)
			.sort((a, b) => b.hits - a.hits);
		for (const { d } of helpers.slice(0, HELPERS)) if (linker.add(d) >= LEAST_LINES) all.push(d);
	}
	const links = [...linker.found.values()].sort((a, b) => a.row - b.row);
	return { regions: all, links: steady(links, linker.bare()) };
}
