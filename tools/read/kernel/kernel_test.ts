// SPDX-License-Identifier: GPL-2.0-only
/** Tests of kernels as pages have them: one that is another one but for what differs, and its places. */
import test from "ava";
import { delta_of } from "./delta.ts";
import { edits_between } from "./edits.ts";
import { derived, edited, type Kernel, line_in_tree, names_text, origins_of, places_text } from "./kernel.ts";

/** All texts of at most four lines, each one of two. */
const TEXTS = [0, 1, 2, 3, 4].flatMap((n) =>
	Array.from({ length: 2 ** n }, (_, bits) => Array.from({ length: n }, (_, i) => "ab"[(bits >> i) & 1])),
);

test("what differs between two texts makes the one of the other", (t) => {
	for (const a of TEXTS) for (const b of TEXTS) t.deepEqual(edited(a, edits_between(a, b)), b, `${a} ${b}`);
});

const BEFORE = Array.from({ length: 30 }, (_, i) => `line ${i + 1}`);
/** Line 3 is gone, and two have come behind line 20. */
const AFTER = [...BEFORE.slice(0, 2), ...BEFORE.slice(3, 20), "x", "y", ...BEFORE.slice(20)];
const sources = { "kernel/x.ts": edits_between(BEFORE, AFTER) };
const kernel = (line_of: (line: number) => number, more: Partial<Kernel> = {}): Kernel => ({
	code: ["a(b);", "", "c();"],
	files: ["kernel/x.ts", "kernel/y.ts"],
	places: [
		places_text(0, line_of(10), [
			[0, 0, 1],
			[2, 1, 5],
		]),
		"",
		places_text(1, 7, [
			[0, 0, 0],
			[1, 25, 4, 0],
		]),
	],
	names: [names_text(0, line_of(25), [[6, "mm.mmap_seq"]]), names_text(1, 7, [[1, "pmd.pmd"]])],
	sources: {},
	...more,
});

test("a kernel with a mutant is what differs: that lines have moved is no difference", (t) => {
	const base = kernel((line) => line);
	const k = kernel((line) => (line > 20 ? line + 1 : line - 1), { code: ["a(b);", "", "d();"], sources });
	const delta = delta_of(base, k, sources);
	t.deepEqual([delta.code, delta.places, delta.names], [[[2, 1, ["d();"]]], [], []]);
	t.deepEqual(derived(base, delta), k);
	const other = kernel((line) => line, { files: [...base.files, "kernel/z.ts"], places: ["", "", "2|1|0,0,0"] });
	t.deepEqual(derived(base, delta_of(base, other, {})), other);
});

test("where a place of a kernel comes from", (t) => {
	const k = kernel((line) => line, { sources });
	const of = origins_of(k, "b", () => BEFORE);
	t.deepEqual(of.find(1, 1), { file: "kernel/x.ts", line: 10, column: 2 });
	t.deepEqual(of.find(1, 4), { file: "kernel/x.ts", line: 11, column: 6 });
	t.is(of.find(2, 1), undefined);
	t.deepEqual(of.find(3, 2), { file: "kernel/x.ts", line: 25, column: 5 });
	t.is(of.name_of("kernel/x.ts", 25, 6), "mm.mmap_seq");
	t.deepEqual(of.lines_of("kernel/x.ts"), AFTER);
});

test("a line of what has changed, in the tree", (t) => {
	AFTER.forEach((text, i) => {
		const line = line_in_tree(i + 1, sources["kernel/x.ts"]);
		t.is(line && BEFORE[line - 1], /^line/.test(text) ? text : undefined, text);
	});
});
