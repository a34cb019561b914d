// SPDX-License-Identifier: GPL-2.0-only
/** The ledger of patches: what is a mark and whose, that the page is up to date, and what the command says. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { read_sources } from "../../scripts/checkpatch/tree.ts";
import { here } from "../lib/root.ts";
import { claimed, mark_of, marked_declarations, marked_scenarios, marked_symbols, marks_in } from "./marks.ts";
import { PAGE, series_page } from "./page.ts";
import { all_patches, type Patch } from "./series.ts";

const patches = all_patches();
const title_of = new Map(patches.map((p) => [mark_of(p.series, p.number), p.title]));
const sources = read_sources(here());

function spf(...args: string[]): { status: number | null; stdout: string; stderr: string } {
	return spawnSync(process.execPath, [join(here(), "bin/spf.mjs"), ...args], { cwd: "/", encoding: "utf8" });
}

test("the page is what the marks say", (t) => {
	t.is(readFileSync(join(here(), PAGE), "utf8"), series_page(), `${PAGE} is out of date: run 'make series'`);
});

test("all patches: 35, 37, 31 and 20, each here or left out for a reason", (t) => {
	const numbers = (series: string) => patches.filter((p) => p.series === series).map((p) => p.number);
	for (const [series, n] of Object.entries({ V2: 35, RFC: 37, D12: 31, D2: 20 }))
		t.deepEqual(
			numbers(series),
			Array.from({ length: n }, (_, i) => i + 1),
		);
	for (const p of patches)
		t.true(
			p.functions.length > 0 || p.left_out !== null,
			`${p.series} ${p.number}: nothing, and no reason`,
		);
});

test("what the head of a file claims has a mark in it", (t) => {
	let claims = 0;
	for (const [path, text] of sources) {
		const has = new Set(marked_declarations(text).flatMap(({ marks }) => marks));
		for (const mark of claimed(text)) {
			claims++;
			t.true(has.has(mark), `${path}: its head says ${mark}, and no function has that mark`);
		}
	}
	t.true(claims > 20);
});

test("scenarios call patches by their marks, and their titles right", (t) => {
	for (const [path, text] of sources) {
		if (!path.startsWith("tools/explore/inside/scenarios/")) continue;
		t.notRegex(text, /\bv2 \d+\/35\b/, `${path}: say V2.nn`);
		for (const [, mark, title] of text.matchAll(/patch: "((?:V2|RFC)\.\d\d) ([^";]+)/g))
			t.true(title_of.get(mark)?.startsWith(title), `${path}: ${mark} is not called '${title}'`);
	}
});

test("the glossary has the same titles", (t) => {
	const rows = readFileSync(join(here(), "Documentation/glossary.md"), "utf8").matchAll(
		/^\| (V2\.\d\d) \| (.*?) (?:\(Suren Baghdasaryan\) )?\|/gm,
	);
	for (const [, mark, title] of rows) t.is(title, (title_of.get(mark) ?? "").replace(/\.$/, ""));
});

test("marks: lists, ranges, and patches that are not followed", (t) => {
	t.deepEqual(marks_in("V2.04, 05 and 31: it"), ["V2.04", "V2.05", "V2.31"]);
	t.deepEqual(marks_in("V2.14 to 16, 19; D12.28"), ["V2.14", "V2.15", "V2.16", "V2.19", "D12.28"]);
	t.deepEqual(marks_in("Unlike D2.20: with 24 pages; V2.1, V1.02, R31"), []);
	t.deepEqual(marks_in("V2.35, in 2022, on 64 bits"), ["V2.35"]);
});

test("whose a mark is: what its comment stands before, or in", (t) => {
	const text = `// SPDX
/** Mirrors a.c (5.17 with V2.01 and
 *  02). V2.03 is elsewhere. */
import { b } from "${"b"}.ts";

/** It has V2.04,
 *  05. */
export function c(): void {
	/* V2.06. */
	d();
}
interface e {
	f: int; /* V2.07 */
}
`;
	t.deepEqual(marked_declarations(text), [
		{ name: "c", marks: ["V2.04", "V2.05", "V2.06"] },
		{ name: "e", marks: ["V2.07"] },
	]);
	t.deepEqual(claimed(text), ["V2.01", "V2.02"]);
	t.deepEqual(marked_symbols("config A\n\tbool\n\n# V2.08.\nconfig B\n\t# V2.09.\n\tselect C\n"), [
		{ name: "B", marks: ["V2.08", "V2.09"] },
	]);
	const scenarios = [
		"/** V2.10 */",
		"export const scenarios = {",
		'\t"g": {',
		'\t\tpatch: "V2.11 x",',
		"\t},",
		'\t"h": {',
		'\t\tpatch: "none",',
	].join("\n");
	t.deepEqual(marked_scenarios(scenarios), [{ name: "g", marks: ["V2.11"] }]);
});

test("spf series: a table, one patch, JSON", (t) => {
	const table = spf("series");
	t.is(table.status, 0);
	t.regex(table.stdout, /^V2\.17 .* mm: add pte_map_lock\(\) and pte_spinlock\(\)$/m);
	t.is(table.stdout.trimEnd().split("\n").length, 1 + patches.length);
	const one = spf("series", "v2.17");
	t.is(one.status, 0);
	t.regex(one.stdout, /^V2\.17 .*\nMessage-Id: 20220128131006\.67712-18-michel@lespinasse\.org\nfunctions:\n/);
	t.regex(one.stdout, /^ {2}kernel\/mm\/memory\.ts#__pte_map_lock$/m);
	const json: Patch[] = JSON.parse(spf("series", "--json").stdout);
	t.deepEqual(json, patches);
});

for (const [args, message] of [
	[["D12.32"], "spf: D12.32: D12 has patches 01 to 31\n"],
	[["V3.01"], "spf: V3.01: no patch is called so; say V2.13, or one of V2, RFC, D12, D2\n"],
	[["--frobnicate"], "spf: unknown option '--frobnicate'\n"],
] as [string[], string][])
	test(`spf series ${args.join(" ")}`, (t) => {
		const { status, stdout, stderr } = spf("series", ...args);
		t.deepEqual([status, stdout, stderr], [2, "", message]);
	});
