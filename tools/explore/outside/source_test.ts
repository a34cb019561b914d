// SPDX-License-Identifier: GPL-2.0-only
/** What an access is called, given its place in the source. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { here } from "../../lib/root.ts";
import { lines_below, sources_of } from "./source.ts";

test("names are those that the compiler wrote down; without one, the address", (t) => {
	const dir = mkdtempSync(join(tmpdir(), "spf-names-"));
	const bundle = join(dir, "vmlinux.mjs");
	const stack = (column: number) => `    at f (${bundle}:1:${column})`;
	/* Columns 1 and 9 of the first line: columns 7 and 8 of line 3. */
	const map = { version: 3, sources: [join(here(), "kernel/mm/x.ts")], names: [], mappings: "AAEM,QAAC" };
	writeFileSync(`${bundle}.map`, JSON.stringify(map));
	writeFileSync(`${bundle}.names.json`, JSON.stringify({ "kernel/mm/x.ts": { "3:7": "mm.mmap_seq" } }));
	const sources = sources_of(bundle);
	rmSync(dir, { recursive: true });
	t.like(sources.place(stack(9)), { file: "kernel/mm/x.ts", line: 3, func: "f" });
	t.is(sources.access_name(stack(1), 0x1000), "mm.mmap_seq");
	t.is(sources.access_name(stack(9), 0x1000), "1000");
	t.is(sources.access_name("    at f (/other.mjs:1:1)", 0x1000), "1000");
});

test("what a mutant changes is read beside it, the rest in the tree", (t) => {
	const root = mkdtempSync(join(tmpdir(), "spf-sources-"));
	t.teardown(() => rmSync(root, { recursive: true }));
	writeFileSync(join(root, "Kconfig"), "changed\n");
	t.deepEqual(lines_below(root, "Kconfig"), ["changed", ""]);
	t.deepEqual(lines_below(root, "Makefile"), readFileSync(join(here(), "Makefile"), "utf8").split("\n"));
	t.deepEqual(lines_below(root, "neither"), []);
});
