// SPDX-License-Identifier: GPL-2.0-only
/** The glossary has every mark that stands in the code, and what it says to be somewhere is there. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { read_sources } from "./checkpatch/tree.ts";
import { here } from "./lib/root.ts";

const root = here();
const page = (name: string) => readFileSync(join(root, "Documentation", name), "utf8");
const GLOSSARY = page("glossary.md");
/** First cells of its tables: words and marks. */
const entries = new Set([...GLOSSARY.matchAll(/^\| ([^|]+?) \|/gm)].map(([, cell]) => cell));

/** Marks of patches and R numbers, in mutants and scenarios, and where they stand. */
function marks(): Map<string, string> {
	const found = new Map<string, string>();
	const mutants = join(root, "tools/explore/mutants");
	const texts = new Map(read_sources(root));
	for (const name of readdirSync(mutants))
		texts.set(`tools/explore/mutants/${name}`, readFileSync(join(mutants, name), "utf8"));
	for (const name of readdirSync(join(root, "Documentation"))) texts.set(`Documentation/${name}`, page(name));
	for (const [path, text] of texts) {
		for (const [mark] of text.matchAll(/\bV2\.\d\d\b/g)) found.set(mark, path);
		if (/^tools\/explore\/(mutants|inside\/scenarios)\//.test(path))
			for (const [mark] of text.matchAll(/\bR\d{1,2}\b/g)) found.set(mark, path);
	}
	return found;
}

test("every mark is explained", (t) => {
	const found = marks();
	t.true(found.size > 30, "marks were found");
	for (const [mark, path] of found) t.true(entries.has(mark), `${path} has ${mark}, the glossary does not`);
});

test("every R number that is explained is used", (t) => {
	const found = marks();
	for (const entry of entries) if (/^R\d+$/.test(entry)) t.true(found.has(entry), entry);
});

test("patches: all 35, in order", (t) => {
	t.deepEqual(
		[...GLOSSARY.matchAll(/^\| (V2\.\d\d) \|/gm)].map(([, mark]) => mark),
		Array.from({ length: 35 }, (_, i) => `V2.${String(i + 1).padStart(2, "0")}`),
	);
});

test("what is named in the two pages is there", (t) => {
	const words = new Set([...read_sources(root).values()].flatMap((text) => text.match(/\w+/g) ?? []));
	for (const name of ["glossary.md", "speculative-faults.md"]) {
		const text = page(name);
		for (const [, path] of text.matchAll(/`((?:arch|include|kernel|tools)\/[\w./-]+)`/g))
			t.true(existsSync(join(root, path)), `${name}: ${path}`);
		for (const [, path] of text.matchAll(/\]\(([\w./-]+)\)/g))
			t.true(existsSync(join(root, "Documentation", path)), `${name}: ${path}`);
		for (const [, word] of text.matchAll(/`(\w+)\(\)`/g))
			if (!/^(mmap|munmap|mprotect|mremap)$/.test(word))
				t.true(words.has(word), `${name}: ${word}()`);
		for (const [word] of text.matchAll(/\bSPF_\w+/g)) t.true(words.has(word), `${name}: ${word}`);
	}
});
