// SPDX-License-Identifier: GPL-2.0-only
/**
 * Marks of patches in the tree: `V2.17`, `V2.04, 05, 18 and 31`, `V2.14 to 16`. In sources they stand in comments, and
 * are about the declaration that the comment belongs to: the one that follows, or the one that it is in. A comment at
 * the head of a file is about no declaration. `unlike D2.20` speaks of a patch that is not followed.
 */

export const SERIES = ["V2", "RFC", "D12", "D2"] as const;
export type Series = (typeof SERIES)[number];

/** A patch, as its mark is written. */
export type Mark = string;

export function mark_of(series: string, number: number): Mark {
	return `${series}.${String(number).padStart(2, "0")}`;
}

const LIST = /(?<!\bunlike )\b(V2|RFC|D12|D2)\.(\d\d)\b((?:(?:, | and | to )\d\d\b)*)/gi;

/** The marks of a text, each once. */
export function marks_in(text: string): Mark[] {
	const found = new Set<Mark>();
	for (const [, series, first, rest] of text.matchAll(LIST)) {
		let last = Number(first);
		found.add(mark_of(series, last));
		for (const [, how, digits] of rest.matchAll(/(, | and | to )(\d\d)/g)) {
			const next = Number(digits);
			for (let n = how === " to " ? last + 1 : next; n <= next; n++) found.add(mark_of(series, n));
			last = next;
		}
	}
	return [...found];
}

export interface Marked {
	name: string;
	marks: Mark[];
}

/** What a comment says, in one line. */
const flat = (comment: string): string => comment.replace(/\s*\n[ \t]*(?:\*|\/\/|#)?[ \t]*/g, " ");

const COMMENT = /\/\*[\s\S]*?\*\/|\/\/[^\n]*(?:\n[ \t]*\/\/[^\n]*)*/g;
const DECLARATION = /^(?:export )?(?:function|interface|const|type) (\w+)/gm;
const TEST = /^\t?test(?:\.\w+)?\(\s*["'`](.*?)["'`],/gm;
const KCONFIG_COMMENT = /^[ \t]*#[^\n]*(?:\n[ \t]*#[^\n]*)*/gm;
const ENTRY = /^(?:menu)?config (\w+)/gm;

interface Spot {
	at: number;
	name: string;
}

/** Gives each comment's marks to its declaration. */
function attribute(text: string, comment: RegExp, spots: Spot[]): Marked[] {
	const found = new Map<string, Set<Mark>>();
	for (const match of text.matchAll(comment)) {
		const marks = marks_in(flat(match[0]));
		/* The head of a file stands on its second line at the latest. */
		if (marks.length === 0 || text.slice(0, match.index).split("\n").length <= 2) continue;
		const at_line_start = match.index === 0 || text[match.index - 1] === "\n";
		const outside = at_line_start && !/^[ \t]/.test(match[0]);
		const spot = outside
			? spots.find((s) => s.at > match.index)
			: spots.findLast((s) => s.at < match.index);
		if (spot === undefined) continue;
		const all = found.get(spot.name) ?? new Set();
		for (const mark of marks) all.add(mark);
		found.set(spot.name, all);
	}
	return [...found].map(([name, marks]) => ({ name, marks: [...marks] }));
}

const spots_of = (text: string, pattern: RegExp): Spot[] =>
	[...text.matchAll(pattern)].map((m) => ({ at: m.index, name: m[1] }));

/** Declarations of a source that have marks. */
export function marked_declarations(text: string): Marked[] {
	return attribute(text, COMMENT, spots_of(text, DECLARATION));
}

/** AVA tests that have marks. */
export function marked_tests(text: string): Marked[] {
	return attribute(text, COMMENT, spots_of(text, TEST));
}

/** Entries of a Kconfig file. */
export function marked_symbols(text: string): Marked[] {
	return attribute(text, KCONFIG_COMMENT, spots_of(text, ENTRY));
}

/** "5.17 with V2.02 and 31": the patches that the head of a ported file claims. */
export function claimed(text: string): Mark[] {
	const head = /^\/\/ SPDX[^\n]*\n(\/\*\*[\s\S]*?\*\/)/.exec(text)?.[1] ?? "";
	return marks_in(/\(5\.17,? with ([^)]*)\)/.exec(flat(head))?.[1] ?? "");
}

/** The cases of a file of unit tests, as `make kunit` calls them, by the functions that they are. */
export function kunit_cases(text: string): Map<string, string> {
	const cases = new Map<string, string>();
	for (const [, suite, body] of text.matchAll(/kunit_suite\(\{\s*name: "([^"]+)"([\s\S]*?)\n\}\)/g))
		for (const [, name, fn] of body.matchAll(/KUNIT_CASE(?:_PARAM)?\(\s*"([^"]+)",\s*(\w+)/g))
			cases.set(fn, `${suite}.${name}`);
	return cases;
}

/** `"name": …`, `name: {`, `[`name-${i}`]: …`, `...(CONFIG_X ? { "name": …`, and `scenarios[…] = {`. */
const SCENARIO =
	/^(\t{1,4})(?:\.\.\.\(\w+ \? \{ )?(?:(?:scenarios)?\[?["'`]([\w/${}.-]+)["'`]\]?(?:: | = \{)|(\w+): \{$)/;

/** The scenarios of a file, with the marks that their text has, in `patch` or in a comment. */
function scenarios(text: string): Marked[] {
	const found: Marked[] = [];
	let depth: number | undefined;
	for (const line of text.slice(Math.max(0, text.indexOf("export const scenarios"))).split("\n")) {
		const [, tabs, quoted, name = quoted] = SCENARIO.exec(line) ?? [];
		if (name !== undefined && (depth === undefined || tabs.length === depth)) {
			depth = tabs.length;
			found.push({ name, marks: [] });
		}
		const last = found.at(-1);
		if (last !== undefined) last.marks.push(...marks_in(line).filter((m) => !last.marks.includes(m)));
	}
	return found;
}

/** Scenarios of a file that have marks. */
export function marked_scenarios(text: string): Marked[] {
	return scenarios(text).filter(({ marks }) => marks.length > 0);
}

export function scenario_names(text: string): string[] {
	return scenarios(text).map(({ name }) => name);
}
