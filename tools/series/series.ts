// SPDX-License-Identifier: GPL-2.0-only
/**
 * What is here of each patch of the four series: functions, tests, scenarios and mutants that have its mark. Titles,
 * and why a patch is not here, are in patches.json.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { all_paths } from "../../scripts/checkpatch/tree.ts";
import { UserError } from "../lib/errors.ts";
import { here } from "../lib/root.ts";
import {
	kunit_cases,
	type Mark,
	type Marked,
	mark_of,
	marked_declarations,
	marked_scenarios,
	marked_symbols,
	marked_tests,
	marks_in,
	SERIES,
	type Series,
} from "./marks.ts";

export interface Patch {
	series: Series;
	number: number;
	title: string;
	message_id: string;
	/** Declarations that carry it, as file#name. */
	functions: string[];
	/** SUITE.CASE of `make kunit`, or file: title of an AVA test. */
	tests: string[];
	scenarios: string[];
	mutants: string[];
	/** Why it is not here, or what of it is not. */
	left_out: string | null;
}

export interface Posting {
	series: Series;
	/** Author, title and date of its cover letter. */
	name: string;
	/** Of patch %, the cover letter being the first. */
	message_id: string;
	patches: { title: string; left_out?: string; in_part?: string }[];
}

export function postings(): Posting[] {
	return JSON.parse(readFileSync(join(here(), "tools/series/patches.json"), "utf8"));
}

const MUTANTS = "tools/explore/mutants";
const SCENARIOS = "tools/explore/inside/scenarios/";
type Links = Pick<Patch, "functions" | "tests" | "scenarios" | "mutants">;

/** Marks of a file, and what they make of its names. */
function links_of(path: string, text: string): [keyof Links, Marked[]] {
	if (path.startsWith(SCENARIOS)) return ["scenarios", marked_scenarios(text)];
	if (path.endsWith("_kunit.ts")) {
		const cases = kunit_cases(text);
		return [
			"tests",
			marked_declarations(text).map(({ name, marks }) => {
				const called = cases.get(name);
				if (called === undefined)
					throw new UserError(
						`${path}: ${name}() has ${marks.join(", ")} and is no test; mark one`,
					);
				return { name: called, marks };
			}),
		];
	}
	if (path.endsWith("_test.ts"))
		return ["tests", marked_tests(text).map(({ name, marks }) => ({ name: `${path}: ${name}`, marks }))];
	const marked = /(^|\/)Kconfig[\w.]*$/.test(path) ? marked_symbols(text) : marked_declarations(text);
	return ["functions", marked.map(({ name, marks }) => ({ name: `${path}#${name}`, marks }))];
}

/** Files that may have marks of their own: not these, whose examples are marks. */
const has_marks = (path: string): boolean =>
	(path.endsWith(".ts") || /(^|\/)Kconfig[\w.]*$/.test(path)) && !path.startsWith("tools/series/");

function all_links(): Map<Mark, Links> {
	const links = new Map<Mark, Links>();
	const add = (mark: Mark, kind: keyof Links, name: string) => {
		const of = links.get(mark) ?? { functions: [], tests: [], scenarios: [], mutants: [] };
		of[kind].push(name);
		links.set(mark, of);
	};
	for (const path of all_paths(here()).filter(has_marks)) {
		const text = readFileSync(join(here(), path), "utf8");
		if (marks_in(text).length === 0) continue;
		const [kind, marked] = links_of(path, text);
		for (const { name, marks } of marked) for (const mark of marks) add(mark, kind, name);
	}
	for (const file of readdirSync(join(here(), MUTANTS)).sort()) {
		const line = /^Patch: (.*)$/m.exec(readFileSync(join(here(), MUTANTS, file), "utf8"))?.[1] ?? "";
		if (file.endsWith(".patch"))
			for (const mark of marks_in(line)) add(mark, "mutants", file.slice(0, -".patch".length));
	}
	return links;
}

/** All patches, in the order of patches.json. A mark of none of them is a mistake. */
export function all_patches(): Patch[] {
	const links = all_links();
	const patches = postings().flatMap(({ series, message_id, patches }) =>
		patches.map(({ title, left_out, in_part }, i): Patch => {
			const mark = mark_of(series, i + 1);
			const of = links.get(mark) ?? { functions: [], tests: [], scenarios: [], mutants: [] };
			links.delete(mark);
			return {
				series,
				number: i + 1,
				title,
				message_id: message_id.replace("%", String(i + 2)),
				...of,
				left_out: (of.functions.length > 0 ? in_part : left_out) ?? null,
			};
		}),
	);
	for (const [mark, { functions, tests, scenarios, mutants }] of links) {
		const [where] = [...functions, ...tests, ...scenarios, ...mutants];
		throw new UserError(`${where}: ${mark} is no patch of tools/series/patches.json`);
	}
	return patches;
}

/** The patch that a user names: V2.13, v2.13. */
export function patch_named(name: string): Patch {
	const [, series, digits] = /^(\w+)\.(\d{1,2})$/.exec(name.toUpperCase()) ?? [];
	if (series === undefined || !SERIES.some((s) => s === series))
		throw new UserError(`${name}: no patch is called so; say V2.13, or one of ${SERIES.join(", ")}`);
	const all = all_patches().filter((p) => p.series === series);
	const patch = all.find((p) => p.number === Number(digits));
	if (patch === undefined)
		throw new UserError(`${name}: ${series} has patches 01 to ${String(all.length).padStart(2, "0")}`);
	return patch;
}
