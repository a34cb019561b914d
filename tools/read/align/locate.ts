// SPDX-License-Identifier: GPL-2.0-only
/** Where a hunk is at home here: the functions, structs, constants and entries that are its own. */
import { lex } from "../index/lex.ts";
import type { Definition, SourceFile, Sources } from "../index/source.ts";
import type { Hunk } from "../mail/types.ts";
import { Homes, left_out } from "./homes.ts";
import { type Owner, owners, section_owner } from "./owners.ts";

export interface Place {
	/** The file of the kernel is here. */
	ported: boolean;
	/** Where in our source; none: see why. */
	regions: Definition[];
	/** By its name; by the identifiers that both have, where none is told; beside it, where it is not here. */
	by?: "name" | "identifiers" | "neighbour";
	/** Why there is no region, or not for all of it. */
	reason: string;
	/** What of the kernel it changes. */
	changed: Owner[];
	files: string[];
}

/** Identifiers that say nothing of where they are. */
const COMMON = new Set(
	"i n ret err error size len flags lock unlock mm vma page vmf struct addr address start end".split(" "),
);

export class Locator {
	readonly homes: Homes;
	/** How many functions have an identifier. */
	readonly #spread = new Map<string, number>();
	readonly #words = new Map<Definition, Set<string>>();
	readonly #prepared = new Set<string>();
	constructor(readonly sources: Sources) {
		this.homes = new Homes(sources);
	}

	locate(hunk: Hunk): Place {
		const files = this.homes.of(hunk.file.path);
		const { changed, near } = owners(hunk);
		const place: Place = { ported: files.length > 0, regions: [], reason: "", changed, files };
		if (hunk.file.path === "") place.reason = "no head says which file it is of";
		const section = section_owner(hunk.section);
		const around = changed.length > 0 || !section ? changed : [section];
		const missing: Owner[] = [];
		for (const owner of around) {
			if (owner.kind === "include") continue;
			const d = this.find(owner, files);
			if (d) add(place.regions, d);
			else missing.push(owner);
		}
		/* Constants and fields: what is an enum there has no name here. */
		const plain = missing.some((o) => o.kind === "struct" || o.kind === "data");
		if (place.regions.length === 0 || plain) {
			const added = this.named(hunk, files, false);
			for (const d of added.length > 0 || !plain ? added : this.named(hunk, files, true))
				add(place.regions, d);
		}
		if (place.regions.length === 0 && changed.length > 0 && changed.every((o) => o.kind === "include"))
			for (const file of files.slice(0, 1)) {
				const d = imports_of(this.sources.files.get(file) as SourceFile);
				if (d) place.regions.push(d);
			}
		if (place.regions.length > 0) place.by = "name";
		else if (missing.length === 0) {
			/* Only where nobody is named: another function that looks like it is not it. */
			const d = this.by_identifiers(hunk, files);
			if (d) place.regions.push(d);
			if (d) place.by = "identifiers";
		}
		if (place.regions.length === 0)
			for (const owner of near) {
				const d = owner.kind === "include" ? undefined : this.find(owner, files);
				if (d && files.includes(d.file)) add(place.regions, d);
				if (d) place.by = "neighbour";
			}
		place.regions = merged(place.regions);
		if (place.reason === "") place.reason = this.why(place, missing, hunk);
		return place;
	}

	/** A definition of that name: in the file of the kernel's, or of those the one that is nearest to it. */
	find({ kind, name }: Owner, files: string[]): Definition | undefined {
		const wanted = kind === "config" ? `CONFIG_${name}` : name;
		const all = (this.sources.definitions.get(wanted) ?? []).filter((d) => d.kind !== "field");
		const there = all.find((d) => files.includes(d.file));
		if (there || files.length === 0) return there ?? (all.length === 1 ? all[0] : undefined);
		const near = files[0].split("/");
		const common = (d: Definition) => d.file.split("/").findIndex((part, i) => part !== near[i]);
		/* Of another architecture it is another function. */
		const arch = /^arch\/\w+\//.exec(files[0])?.[0];
		const may = all.filter(
			(d) =>
				!/^arch\//.test(d.file) ||
				(arch ? d.file.startsWith(arch) : /^arch\/x86\//.test(d.file)),
		);
		return may.sort((a, b) => common(b) - common(a))[0];
	}

	/** Constants, fields and entries that its changed lines name first. */
	private named(hunk: Hunk, files: string[], context: boolean): Definition[] {
		const found: Definition[] = [];
		const kconfig = /(^|\/)Kconfig/.test(hunk.file.path);
		const section = section_owner(hunk.section);
		for (const row of hunk.rows) {
			if (row.kind !== "+" && row.kind !== "-" && !(context && row.kind === " ")) continue;
			if (kconfig) {
				for (const [, name] of row.text.matchAll(/\b([A-Z][A-Z0-9_]{3,})\b/g)) {
					const d = this.find({ kind: "config", name }, files);
					if (d && files.includes(d.file)) found.push(d);
				}
				continue;
			}
			const told = /^\s*\*\s*@([A-Z][A-Z0-9_]+)\b/.exec(row.text)?.[1];
			const m = /^\s+(?:[A-Z_][A-Z0-9_]+\s*[,=]|.*?\b(\w+)(?:\[[^\]]*\])?\s*;|([A-Z]\w+),?)/.exec(
				row.text,
			);
			const name = /^\s+([A-Z_][A-Z0-9_]+)\s*([,=]|$|\/\*)/.exec(row.text)?.[1] ?? told ?? m?.[1];
			if (!name || !/\.h$|\.c$/.test(hunk.file.path)) continue;
			for (const d of this.sources.definitions.get(name) ?? [])
				if (
					files.includes(d.file) &&
					(d.kind === "constant" ||
						(d.kind === "field" && (!section || d.of === section.name)))
				)
					found.push(
						d.kind === "field"
							? (this.find({ kind: "struct", name: d.of as string }, files) ??
									d)
							: d,
					);
		}
		return found;
	}

	/** The function of the file that has most of what the hunk names, weighed by how rare it is. */
	private by_identifiers(hunk: Hunk, files: string[]): Definition | undefined {
		if (files.length === 0) return undefined;
		for (const file of files) this.prepare(file);
		const wanted = new Map<string, number>();
		for (const row of hunk.rows) {
			if (row.kind === "comment" || /^\s*(\*|\/\*|#\s*include)/.test(row.text)) continue;
			const weight = row.kind === " " ? 0.5 : 1;
			for (const t of lex(row.text, "c"))
				if (t.kind === "id" && !COMMON.has(t.text))
					wanted.set(t.text, Math.max(weight, wanted.get(t.text) ?? 0));
		}
		let best: Definition | undefined;
		let most = 0;
		for (const file of files)
			for (const d of this.sources.files.get(file)?.definitions ?? []) {
				const words = this.#words.get(d);
				if (!words) continue;
				let score = 0;
				let hits = 0;
				for (const [word, weight] of wanted) {
					if (!words.has(word)) continue;
					hits++;
					score += weight / Math.log2(1 + (this.#spread.get(word) ?? 1));
				}
				score /= Math.sqrt(8 + d.end - d.line);
				if (hits >= 3 && hits * 3 >= wanted.size && score > most) {
					most = score;
					best = d;
				}
			}
		return best;
	}
	private prepare(path: string): void {
		const file = this.sources.files.get(path);
		if (!file || this.#prepared.has(path)) return;
		this.#prepared.add(path);
		for (const d of file.definitions) {
			if (d.kind !== "function" && d.kind !== "struct") continue;
			const words = new Set<string>();
			for (const tokens of file.tokens().slice(d.line - 1, d.end))
				for (const t of tokens) if (t.kind === "id") words.add(t.text);
			this.#words.set(d, words);
			for (const word of words) this.#spread.set(word, (this.#spread.get(word) ?? 0) + 1);
		}
	}

	private why(place: Place, missing: Owner[], hunk: Hunk): string {
		const { files, regions } = place;
		if (files.length === 0 && regions.length === 0) return `${hunk.file.path} is not ported`;
		const reasons: string[] = [];
		for (const { name, kind } of missing) {
			const said = files
				.map((f) => left_out(this.sources.files.get(f) as never, name))
				.find((text) => text !== undefined);
			if (said) reasons.push(`${name} is left out: "${said}"`);
			else if (kind !== "prototype" || place.by !== "name") reasons.push(`there is no ${name} here`);
		}
		if (reasons.length > 0) return reasons.join("; ");
		if (regions.length > 0 && place.by !== "neighbour") return "";
		return "nothing that it changes has a name here";
	}
}

/** Constants that stand near each other are one place. */
function merged(regions: Definition[]): Definition[] {
	const found: Definition[] = [];
	for (const d of regions) {
		const near = found.find(
			(f) =>
				f.kind === "constant" &&
				d.kind === "constant" &&
				f.file === d.file &&
				d.line <= f.end + 12 &&
				d.end >= f.line - 12,
		);
		if (!near) {
			found.push(d.kind === "constant" ? { ...d } : d);
			continue;
		}
		const [first, last] = [near, d].sort((a, b) => a.line - b.line);
		near.name = `${first.name.split(" ")[0]} … ${last.name.split(" ").at(-1)}`;
		near.from = Math.min(near.from, d.from);
		near.line = Math.min(near.line, d.line);
		near.end = Math.max(near.end, d.end);
	}
	return found;
}

/** What a file imports, for hunks that only include. */
function imports_of(file: SourceFile): Definition | undefined {
	const first = file.lines.findIndex((l) => l.startsWith("import "));
	if (first < 0) return undefined;
	const last = file.lines.findLastIndex((l) => /^(import .*|\} )from ".*";/.test(l));
	return {
		name: "imports",
		kind: "type",
		file: file.path,
		line: first + 1,
		end: last + 1,
		from: first + 1,
		signature: "import",
		comment: "",
	};
}

function add(list: Definition[], d: Definition): void {
	if (!list.includes(d)) list.push(d);
}
