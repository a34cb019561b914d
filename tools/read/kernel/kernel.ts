// SPDX-License-Identifier: GPL-2.0-only
/**
 * A stepper's kernel as a page runs it: the lines of its bundle, where each comes from, and what the source
 * calls what is accessed there. One with a mutant is what differs from another one: a few KB.
 */
import type { Origins } from "../../explore/outside/places.ts";

/** From line `at` on (counted from 0) so many lines of the old text are gone, and others have come. */
export type Edit = readonly [at: number, gone: number, come: readonly string[]];

export interface Kernel {
	code: readonly string[];
	/** From the top of the tree. */
	files: readonly string[];
	/** Of each line of the code: file, line and segments, see places_text(). */
	places: readonly string[];
	/** Of each line of a source that has accesses: file, line and names. */
	names: readonly string[];
	/** Lines of sources that are not those of the tree. */
	sources: Readonly<Record<string, readonly Edit[]>>;
}

/** A kernel in terms of another one. */
export interface Delta {
	/** Behind those of the other one. */
	files: readonly string[];
	code: readonly Edit[];
	places: readonly Edit[];
	names: readonly Edit[];
	sources: Readonly<Record<string, readonly Edit[]>>;
}

/** Column in the code, line (from the first segment's on) and column in the source; its file, if it is another one. */
export type Segment = readonly [at: number, line: number, column: number, file?: number];

export const places_text = (file: number, line: number, segments: readonly Segment[]): string =>
	`${file}|${line}|${segments.map((s) => s.join(",")).join(";")}`;
export const names_text = (file: number, line: number, names: readonly [column: number, name: string][]): string =>
	`${file}|${line}|${JSON.stringify(names)}`;

function parsed(text: string): { file: number; line: number; rest: string } {
	const [, file, line, rest] = /^(\d+)\|(\d+)\|(.*)$/s.exec(text) ?? [];
	return { file: Number(file), line: Number(line), rest };
}

export function edited(lines: readonly string[], edits: readonly Edit[]): string[] {
	const out: string[] = [];
	let from = 0;
	for (const [at, gone, come] of edits) {
		for (; from < at; from++) out.push(lines[from]);
		out.push(...come);
		from = at + gone;
	}
	for (; from < lines.length; from++) out.push(lines[from]);
	return out;
}

/** Where a line (counted from 1) is after the edits. */
function moved(line: number, edits: readonly Edit[]): number {
	let to = line;
	for (const [at, gone, come] of edits) if (line > at) to += come.length - gone;
	return to;
}

/** The line of the tree that a line is after the edits; none: it is not in the tree. */
export function line_in_tree(line: number, edits: readonly Edit[]): number | undefined {
	let shift = 0;
	for (const [at, gone, come] of edits) {
		const from = at + shift;
		if (line <= from) break;
		if (line <= from + come.length) return undefined;
		shift += come.length - gone;
	}
	return line - shift;
}

/** Lines about places of a kernel as they are where sources have changed. */
export function with_moves(texts: readonly string[], files: readonly string[], sources: Kernel["sources"]): string[] {
	const changed = new Map(Object.entries(sources).map(([file, edits]) => [files.indexOf(file), edits]));
	return texts.map((text) => {
		const edits = changed.get(Number(text.slice(0, text.indexOf("|"))));
		if (text === "" || !edits) return text;
		const { file, line, rest } = parsed(text);
		return `${file}|${moved(line, edits)}|${rest}`;
	});
}

export function derived(base: Kernel, d: Delta): Kernel {
	return {
		code: edited(base.code, d.code),
		files: [...base.files, ...d.files],
		places: edited(with_moves(base.places, base.files, d.sources), d.places),
		names: edited(with_moves(base.names, base.files, d.sources), d.names),
		sources: d.sources,
	};
}

/** Where a place of its code comes from; `lines_of`: of the tree as it is. */
export function origins_of(
	k: Kernel,
	bundle: string,
	lines_of: (file: string) => readonly string[],
): Origins & { file_of: (line: number) => string | undefined } {
	const names = new Map<string, Map<number, string>>();
	for (const text of k.names) {
		const { file, line, rest } = parsed(text);
		names.set(`${k.files[file]}:${line}`, new Map(JSON.parse(rest)));
	}
	return {
		bundle,
		find(line, column) {
			const text = k.places[line - 1];
			if (!text) return undefined;
			const { file, line: first, rest } = parsed(text);
			const segments = rest.split(";").map((s) => s.split(",").map(Number));
			const s = segments.findLast(([at]) => at <= column - 1);
			if (!s) return undefined;
			const other = s.length > 3;
			return {
				file: k.files[other ? s[3] : file],
				line: (other ? 0 : first) + s[1],
				column: s[2] + 1,
			};
		},
		name_of: (file, line, column) => names.get(`${file}:${line}`)?.get(column),
		lines_of: (file) => edited(lines_of(file), k.sources[file] ?? []),
		file_of(line) {
			const text = k.places[line - 1];
			return text ? k.files[parsed(text).file] : undefined;
		},
	};
}

/** The configuration that most mutants are of: the stepper's own. */
export const USUAL = undefined;
const PREFIX = "kernel-";
export const base_name = (config: string | undefined): string =>
	`${PREFIX}${(config ?? "stepper.config").replace(/\.config$/, "")}`;
export const config_of = (name: string): string | undefined =>
	name === base_name(USUAL) ? USUAL : `${name.slice(PREFIX.length)}.config`;
export const is_base = (name: string): boolean => name.startsWith(PREFIX);
