// SPDX-License-Identifier: GPL-2.0-only
/**
 * Allocators whose per-CPU lists are empty, or are being emptied, so that the CPUs meet at the zone and at the lists of
 * slabs. What is lost, or given out twice, is seen by the counts at the end, by the allocators' own checks, and by a
 * look at the free lists.
 */
import type { kmem_cache } from "linux/slab_def.ts";
import { __free_pages, drain_all_pages, drain_local_pages, zone_normal } from "mm/page_alloc.ts";
import { alloc_pages, GFP_KERNEL } from "linux/gfp.ts";
import { PageBuddy } from "linux/page-flags.ts";
import {
	kmem_cache_alloc,
	kmem_cache_create,
	kmem_cache_destroy,
	kmem_cache_free,
	kmem_cache_shrink,
} from "mm/slab.ts";
import { type free_area, MAX_ORDER } from "linux/mmzone.ts";
import type { page } from "linux/mm_types.ts";
import { rcu_read_lock, rcu_read_unlock } from "linux/rcupdate.ts";
import { SLAB_TYPESAFE_BY_RCU } from "linux/slab.ts";
import type { list_head } from "linux/types.ts";
import {
	A,
	check_that,
	cold,
	in_kernel,
	LEN,
	map,
	munmap,
	note,
	noted,
	on_cpu,
	PAGE,
	read,
	type Scenario,
	start_threads,
	store,
	V,
	write,
} from "../scenario.ts";

interface cold_pages extends struct {
	mine: array<page, 4> /* by CPU */;
	object: array<int, 4> /* by CPU */;
	cache: kmem_cache /* set-up only */;
	published: int /* address of an object, or 0; RCU */;
}
interface first_word extends struct {
	word: int /* anyone */;
}
const w = DEFINE<cold_pages>();

function take(cpu: number, order = 0): void {
	const p = alloc_pages(GFP_KERNEL, order);

	check_that(p !== NULL, "no page is free");
	w.mine[cpu] = p;
}
function give(cpu: number, order = 0): void {
	__free_pages(w.mine[cpu], order);
}
/** Each CPU has a page, and nobody has any in stock: buddies, if the first two of a block are theirs. */
function two_owners(): void {
	cold();
	take(0);
	on_cpu(1, () => take(1));
	cold();
}
function give_to_zone(cpu: number): void {
	give(cpu);
	drain_local_pages();
}

/** The zone's lists and what it says of them. */
function check_zone(): void {
	let pages = 0;

	for (let order = 0; order < MAX_ORDER; order++) {
		const area: free_area = zone_normal.free_area[order];
		const head: list_head = area.free_list;
		let blocks = 0;

		for (let e: list_head = head.next; e !== head; e = e.next) {
			const p = container_of<page>(e, "lru");

			check_that(
				PageBuddy(p) && p.private === order,
				`a block in the list of order ${order} is of another`,
			);
			const next: list_head = e.next;

			check_that(next.prev === e, `the list of order ${order} is broken`);
			blocks++;
		}
		check_that(blocks === area.nr_free, `${blocks} blocks of order ${order}, counted as ${area.nr_free}`);
		pages += blocks << order;
	}
	const counted = zone_normal.nr_free_pages;

	check_that(pages === counted, `${pages} pages are free, counted as ${counted}`);
}
function check_pages(...owners: number[]): void {
	check_zone();
	for (const a of owners)
		for (const b of owners) check_that(a === b || w.mine[a] !== w.mine[b], "a page was given out twice");
	for (const a of owners) give(a);
}

const SIZE = 1024;

function take_object(cpu: number): void {
	w.object[cpu] = uptr(kmem_cache_alloc<struct>(w.cache, GFP_KERNEL));
}
function give_object(cpu: number): void {
	kmem_cache_free(w.cache, cast<struct>(w.object[cpu]));
}
function slab(): void {
	w.cache = kmem_cache_create("cold", SIZE, 0, 0);
}
/** Both CPUs have an object; one slab has both. */
function two_objects(): void {
	slab();
	take_object(0);
	on_cpu(1, () => take_object(1));
	cold();
}
function check_objects(...owners: number[]): void {
	for (const a of owners)
		for (const b of owners)
			check_that(a === b || w.object[a] !== w.object[b], "an object was given out twice");
	for (const a of owners) give_object(a);
	kmem_cache_destroy(w.cache);
	check_zone();
}

export const scenarios: Record<string, Scenario> = {
	"cold-alloc-alloc": {
		about: "two CPUs without free pages that allocate one each",
		patch: "none: mm/page_alloc.c rmqueue_bulk()",
		invariant: "each page is given out once, and what is left of a block is free",
		setup: cold,
		cpus: [() => take(0), () => take(1)],
		check: () => check_pages(0, 1),
	},
	"cold-alloc-free": {
		about: "a CPU without free pages that allocates one beside a CPU that gives one back to the zone",
		patch: "none: mm/page_alloc.c free_pcppages_bulk()",
		invariant: "each page is given out once, and what is free is as large as it can be",
		setup() {
			two_owners();
			give(0);
			cold();
		},
		cpus: [() => take(0), () => give_to_zone(1)],
		check: () => check_pages(0),
	},
	"cold-free-free": {
		about: "two CPUs that give the two halves of a block back to the zone",
		patch: "none: mm/page_alloc.c __free_one_page()",
		invariant: "buddies become one block",
		setup: two_owners,
		cpus: [() => give_to_zone(0), () => give_to_zone(1)],
		check: () => check_pages(),
	},
	"cold-alloc-drain": {
		about: "a CPU that allocates beside one that has all per-CPU lists emptied, by interrupt",
		patch: "none: mm/page_alloc.c rmqueue_pcplist(), drain_all_pages()",
		invariant: "a CPU's lists do not change under it",
		setup() {
			two_owners();
			/* One that CPU 0 has in stock. */
			take(2);
			give(2);
		},
		cpus: [
			() => {
				give(0);
				take(0);
			},
			drain_all_pages,
		],
		check: () => check_pages(0, 1),
	},
	"cold-alloc-large": {
		about: "an allocation that is too large for the per-CPU lists beside a small one, and its end",
		patch: "none: mm/page_alloc.c rmqueue(), __free_pages_ok()",
		invariant: "each page is given out once",
		setup: cold,
		cpus: [
			() => take(0),
			() => {
				take(1, 4);
				give(1, 4);
			},
		],
		check: () => check_pages(0),
	},
	"cold-slab-alloc-alloc": {
		about: "two CPUs without objects of a cache that has no slab",
		patch: "none: mm/slab.c cache_alloc_refill(), cache_grow_end()",
		invariant: "each object is given out once",
		setup() {
			slab();
			cold();
		},
		cpus: [() => take_object(0), () => take_object(1)],
		check: () => check_objects(0, 1),
	},
	"cold-slab-alloc-free": {
		about: "a CPU without objects that allocates one beside one that gives one back and shrinks the cache",
		patch: "none: mm/slab.c free_block(), drain_freelist()",
		invariant: "each object is given out once, and no slab goes that has one in use",
		setup() {
			two_objects();
			give_object(0);
			cold();
		},
		cpus: [
			() => take_object(0),
			() => {
				give_object(1);
				kmem_cache_shrink(w.cache);
			},
		],
		check: () => check_objects(0),
	},
	"cold-slab-free-free": {
		about: "two CPUs that give the objects of one slab back, of which one lets the cache shrink",
		patch: "none: mm/slab.c drain_one(), drain_freelist()",
		invariant: "a slab goes once",
		setup: two_objects,
		cpus: [
			() => {
				give_object(0);
				kmem_cache_shrink(w.cache);
			},
			() => give_object(1),
		],
		check: () => check_objects(),
	},
	"cold-fault-fault": {
		about: "the first write faults of two pages, on CPUs without pages in stock",
		patch: "none: mm/page_alloc.c below do_anonymous_page()",
		invariant: "both writes are there, in two pages",
		/* Thousands of words that both CPUs touch, under locks: histories of these would take minutes. */
		models: ["sc", "tso"],
		setup() {
			start_threads(2);
			map(A, LEN);
			drain_all_pages();
		},
		cpus: [store, () => note(1, write(A + PAGE, 2) ? 1 : 0)],
		check() {
			check_that(noted(0) === 1 && noted(1) === 1, "a write fails");
			check_that(read(A) === V && read(A + PAGE) === 2, "a write is lost");
			check_zone();
		},
	},
	"cold-fault-munmap": {
		about: "a write fault beside munmap of its neighbour, on CPUs without pages and objects",
		patch: "none: mm/page_alloc.c, mm/slab.c below do_anonymous_page() and munmap()",
		invariant: "the write is there, the neighbour is gone",
		setup() {
			start_threads(2);
			map(A, LEN);
			write(A + PAGE, 1);
			cold();
		},
		cpus: [store, () => note(1, munmap(A + PAGE, PAGE))],
		check() {
			check_that(noted(0) === 1 && read(A) === V, "the write is lost");
			check_that(noted(1) === 0 && read(A + PAGE) === -1, "the neighbour is still there");
			check_zone();
		},
	},
	"cold-typesafe-shrink": {
		about: "type-safe memory is freed, and its slab, too, beside who looks at it in an RCU section",
		patch: "none: mm/slab.c slab_destroy(), SLAB_TYPESAFE_BY_RCU",
		invariant: "the slab of type-safe objects is freed after a grace period",
		setup() {
			start_threads(2);
			w.cache = kmem_cache_create("typesafe", SIZE, 0, SLAB_TYPESAFE_BY_RCU);
			take_object(1);
			w.published = w.object[1];
		},
		cpus: [
			() =>
				in_kernel(() => {
					rcu_read_lock();
					const p = READ_ONCE(w.published);

					if (p !== 0) note(0, READ_ONCE(cast<first_word>(p).word));
					rcu_read_unlock();
				}),
			() =>
				in_kernel(() => {
					WRITE_ONCE(w.published, 0);
					give_object(1);
					kmem_cache_shrink(w.cache);
				}),
		],
		check: () => kmem_cache_destroy(w.cache),
	},
};
