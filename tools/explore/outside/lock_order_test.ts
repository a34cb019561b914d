// SPDX-License-Identifier: GPL-2.0-only
/**
 * The lock order in the head of kernel/mm/rmap.ts is the one that lockdep sees while the scenarios' programs run:
 * each once, undisturbed, and those that meet at a page's lock with preemptions, too.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import test from "ava";
import { read_sources, words_of_code } from "../../../scripts/checkpatch/tree.ts";
import { here } from "../../lib/root.ts";
import { stepper_bundle } from "./explorer.ts";
import { disagreements, type Order, parse } from "./lock_order.ts";
import type { Listed } from "../protocol.ts";

const BUILD_MS = 600_000;
const RMAP = readFileSync(join(here(), "kernel/mm/rmap.ts"), "utf8");

interface Kernel {
	list: () => Listed[];
	lock_orders: (scenario: string, runs: number) => Order[];
}
/** Two that wait for one page: only with a preemption does one find the lock taken. */
const WAIT = /^(locked|file)-/;
/** Its scenarios run there alone, and take locks that others do not. */
const NOTIFIER = "notifier.config";

test.serial("what is written down is what lockdep sees", async (t) => {
	t.timeout(BUILD_MS);
	const seen: Order[] = [];
	for (const config of [undefined, NOTIFIER]) {
		const kernel = (await import(pathToFileURL(await stepper_bundle(undefined, config)).href)) as Kernel;
		for (const { name, only, configs } of kernel.list())
			if (config === undefined ? !only : only && configs.includes(config))
				seen.push(...kernel.lock_orders(name, WAIT.test(name) ? 20 : 1));
	}
	t.deepEqual([...new Set(disagreements(parse(RMAP), seen))], []);
});

test("the head of rmap.ts is understood, and the functions that it names are there", (t) => {
	const { nodes, innermost } = parse(RMAP);
	t.deepEqual(
		nodes.filter((n) => n.parent === undefined).map((n) => n.name),
		["mm->mmap_lock", "file->f_pos_lock", "oom_lock"],
	);
	t.true(nodes.length >= 15 && innermost.length >= 4);
	const words = words_of_code(read_sources(here()));
	for (const { name, parent, where } of nodes) {
		if (parent) t.regex(where, /\w+_\w+|\biput\b/, `${name}: where?`);
		for (const [word] of where.matchAll(/\b\w+_\w+\b/g)) t.true(words.has(word), `${name}: no ${word}()`);
	}
});

const TREE = `
 * Lock ordering in mm: deeper is taken later.
 *
 * mm->mmap_lock
 *   mm->mmap_lock/1	(of the child: dup_mmap)
 *     anon_vma->rwsem *	(one; and
 *				another)
 *       pte_lock
 *   page_lock		(filemap_fault)
 *     mapping->i_pages_lock
 *
 * Innermost, everywhere: zone->lock,
 * percpu_counter->lock.
 *
 * Some words of mm->mmap_lock.
 */`;
const order = (text: string): Order => {
	const [outer, inner] = text.split(" -> ");
	return { outer, inner };
};
const NEEDED = [
	"mm_struct.mmap_lock -> mm_struct.mmap_lock/1",
	"anon_vma.rwsem -> page.ptl",
	"address_space.i_pages_lock -> zone.lock",
].map(order);

test("a tree in a comment", (t) => {
	const { nodes, innermost } = parse(TREE);
	t.deepEqual(
		nodes.map((n) => [n.name, n.parent?.name, n.unseen]),
		[
			["mm->mmap_lock", undefined, false],
			["mm->mmap_lock/1", "mm->mmap_lock", false],
			["anon_vma->rwsem", "mm->mmap_lock/1", true],
			["pte_lock", "anon_vma->rwsem", false],
			["page_lock", "mm->mmap_lock", false],
			["mapping->i_pages_lock", "page_lock", false],
		],
	);
	t.deepEqual(innermost, ["zone->lock", "percpu_counter->lock"]);
	t.regex(nodes[2].where, /one; and[\s*]+another/);
	t.throws(() => disagreements(parse(TREE.replace("anon_vma->rwsem", "my->lock")), []), {
		message: /'my->lock'/,
	});
	t.throws(() => parse("nothing"));
});

test("lock order: what disagrees is told", (t) => {
	const of = (...seen: string[]) => disagreements(parse(TREE), [...NEEDED, ...seen.map(order)]);
	t.deepEqual(of(), []);
	t.deepEqual(of("mm_struct.mmap_lock -> page.ptl", "mm_struct.mmap_lock -> address_space.i_pages_lock"), []);
	t.deepEqual(of("page.ptl -> anon_vma.rwsem"), [
		"anon_vma.rwsem is taken inside of page.ptl, which is not written down",
	]);
	t.deepEqual(of("page.ptl -> address_space.i_pages_lock"), [
		"address_space.i_pages_lock is taken inside of page.ptl, which is not written down",
	]);
	t.deepEqual(of("page.ptl -> page.ptl/1"), ["page.ptl/1 is not written down, and taken inside of page.ptl"]);
	t.deepEqual(of("x.lock -> page.ptl"), ["x.lock is not written down, and page.ptl is taken inside of it"]);
	t.deepEqual(of("zone.lock -> percpu_counter.lock"), [
		"zone.lock is to be innermost, and percpu_counter.lock is taken inside of it",
	]);
	t.deepEqual(of("mm_struct.mmap_lock/1 -> anon_vma.rwsem"), [
		"mm_struct.mmap_lock/1 -> anon_vma.rwsem is seen: it needs no star",
	]);
	t.deepEqual(disagreements(parse(TREE), NEEDED.slice(1)), [
		"mm_struct.mmap_lock -> mm_struct.mmap_lock/1 is written down, and never seen",
	]);
});
