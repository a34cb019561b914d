// SPDX-License-Identifier: GPL-2.0-only
/**
 * KUnit tests of mm/page_alloc.ts: that blocks come out right, go back
 * whole, and that the reserve is kept for those who may use it.
 */
import { load32, memset, store32 } from "host/door.ts";
import { nr_cpu_ids, smp_processor_id } from "host/cpu.ts";
import {
	page_address,
	page_to_pfn,
	pfn_to_page,
	virt_to_page,
} from "asm-generic/memory_model.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { CONFIG_HIGHMEM, CONFIG_PAGE_POISONING } from "generated/autoconf.ts";
import { warn_count } from "kernel/panic.ts";
import { work_on_cpu } from "kernel/workqueue.ts";
import {
	type cpu_works, need_cpu, start_on_others, wait_for_others,
} from "kernel/lib/kunit/cpus.ts";
import {
	KUNIT_ASSERT_NOT_NULL,
	KUNIT_CASE,
	KUNIT_CASE_PARAM,
	KUNIT_EXPECT_EQ,
	KUNIT_EXPECT_FALSE,
	KUNIT_EXPECT_GE,
	KUNIT_EXPECT_GT,
	KUNIT_EXPECT_LE,
	KUNIT_EXPECT_NULL,
	KUNIT_EXPECT_PTR_EQ,
	KUNIT_EXPECT_STREQ,
	KUNIT_EXPECT_TRUE,
	type kunit,
	kunit_skip,
	kunit_suite,
} from "kunit/test.ts";
import {
	__free_page,
	__free_pages,
	__get_free_page,
	__GFP_HIGH,
	__GFP_HIGHMEM,
	__GFP_MEMALLOC,
	__GFP_NOWARN,
	__GFP_ZERO,
	alloc_page,
	alloc_pages,
	drain_all_pages,
	free_page,
	get_zeroed_page,
	GFP_ATOMIC,
	GFP_KERNEL,
	GFP_NOWAIT,
	type gfp_t,
} from "linux/gfp.ts";
import { INIT_LIST_HEAD, list_add, list_del, list_empty } from "linux/list.ts";
import type { page } from "linux/mm_types.ts";
import {
	MAX_NR_ZONES, MAX_ORDER, WMARK_MIN, type zone, ZONE_HIGHMEM,
	ZONE_NORMAL,
} from "linux/mmzone.ts";
import { PageBuddy } from "linux/page-flags.ts";
import { page_ref_count, page_ref_dec_and_test, set_page_count } from "linux/page_ref.ts";
import type { list_head } from "linux/types.ts";
import {
	free_unref_page_list,
	is_free_buddy_page,
	node_zone,
	nr_free_pages,
	nr_free_pcp_pages,
	page_zonenum,
	pageset,
	si_meminfo,
	split_page,
	totalhigh_pages,
	wmark_pages,
	zone_highmem,
	zone_lowmem_reserve,
	zone_normal,
} from "mm/page_alloc.ts";
import { max_low_pfn } from "mm/memblock.ts";

/** All pages that nobody owns. */
function unused_pages(): number {
	return nr_free_pages() + nr_free_pcp_pages();
}

function conversions(test: kunit): void {
	const page = alloc_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	const addr = page_address(page);

	KUNIT_EXPECT_EQ(test, addr % PAGE_SIZE, 0);
	KUNIT_EXPECT_PTR_EQ(test, pfn_to_page(page_to_pfn(page)), page);
	KUNIT_EXPECT_PTR_EQ(test, virt_to_page(addr), page);
	KUNIT_EXPECT_PTR_EQ(test, virt_to_page(addr + PAGE_SIZE - 1), page);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 1);
	KUNIT_EXPECT_FALSE(test, PageBuddy(page));
	__free_page(page);
}

function zeroed(test: kunit): void {
	const dirty = __get_free_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, dirty);
	memset(dirty, 0x5a, PAGE_SIZE);
	free_page(dirty);

	/* The page that was freed last comes first, so this is the dirty one. */
	const addr = get_zeroed_page(GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, addr, dirty);
	let set = 0;
	for (let i = 0; i < PAGE_SIZE; i += 4)
		set |= load32(addr + i);
	KUNIT_EXPECT_EQ(test, set, 0);
	free_page(addr);
	free_page(0);
}

const orders = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

/** A block is aligned to its size, is ours alone, and comes back whole. */
function order_n(test: kunit, order: number): void {
	const before = unused_pages();
	const page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, order);
	if (page === NULL)
		kunit_skip(test, "no block of this order");

	const pfn = page_to_pfn(page);
	KUNIT_EXPECT_EQ(test, pfn & ((1 << order) - 1), 0);
	KUNIT_EXPECT_EQ(test, unused_pages(), before - (1 << order));
	for (let i = 0; i < 1 << order; i++) {
		const p: page = ptr_add<page>(page, i);

		KUNIT_EXPECT_FALSE(test, PageBuddy(p));
		KUNIT_EXPECT_EQ(test, page_ref_count(p), i === 0 ? 1 : 0);
	}
	__free_pages(page, order);
	KUNIT_EXPECT_EQ(test, unused_pages(), before);
}

function too_large(test: kunit): void {
	KUNIT_EXPECT_NULL(test, alloc_pages(GFP_KERNEL | __GFP_NOWARN, MAX_ORDER));
}

/** As many blocks of each order as fit a number: free_area, in a word each. */
function free_area_counts(zone: zone): number[] {
	const counts: number[] = [];

	for (let order = 0; order < MAX_ORDER; order++)
		counts.push(zone.free_area[order].nr_free);
	return counts;
}

/** Those of all zones. */
function node_free_area_counts(): number[] {
	const counts: number[] = [];

	for (let idx = 0; idx < MAX_NR_ZONES; idx++)
		counts.push(...free_area_counts(node_zone(idx)));
	return counts;
}

/** With all pages back, the free blocks are those of before. */
function merge(test: kunit): void {
	const n = 200;
	drain_all_pages();
	const before = free_area_counts(zone_normal);
	const free_before = nr_free_pages();

	const pages: page[] = [];
	for (let i = 0; i < n; i++) {
		const page = alloc_page(GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, page);
		pages.push(page);
	}
	/* Odd ones first: no block is whole before the second half. */
	for (let i = 1; i < n; i += 2)
		__free_page(pages[i]);
	for (let i = 0; i < n; i += 2)
		__free_page(pages[i]);

	drain_all_pages();
	KUNIT_EXPECT_EQ(test, nr_free_pages(), free_before);
	const after = free_area_counts(zone_normal);
	for (let order = 0; order < MAX_ORDER; order++)
		KUNIT_EXPECT_EQ(test, after[order], before[order]);
}

function split(test: kunit): void {
	const before = unused_pages();
	const page = alloc_pages(GFP_KERNEL, 3);
	KUNIT_ASSERT_NOT_NULL(test, page);

	split_page(page, 3);
	for (let i = 0; i < 8; i++) {
		const p: page = ptr_add<page>(page, i);

		KUNIT_EXPECT_EQ(test, page_ref_count(p), 1);
		__free_page(p);
	}
	KUNIT_EXPECT_EQ(test, unused_pages(), before);
	drain_all_pages();
	KUNIT_EXPECT_TRUE(test, is_free_buddy_page(page));
}

/** Allocate all that these flags can get; the pages go on list. */
function hoard(list: list_head, gfp: gfp_t): number {
	let n = 0;

	for (;;) {
		const page = alloc_page(gfp | __GFP_NOWARN);

		if (page === NULL)
			return n;
		list_add(page.lru, list);
		n++;
	}
}

function unhoard(list: list_head): void {
	let entry: list_head = list.next;

	while (entry !== list) {
		const page = container_of<page>(entry, "lru");

		entry = entry.next;
		/* put_page(), but for the last step, which the list does. */
		if (!page_ref_dec_and_test(page))
			list_del(page.lru);
	}
	free_unref_page_list(list);
	INIT_LIST_HEAD(list);
}

/**
 * Who may sleep or not, but has no claim to the reserve, stops at the min
 * watermark. GFP_ATOMIC goes further, __GFP_MEMALLOC to the end.
 */
function exhaustion(test: kunit): void {
	const list = STACK<list_head>();
	const mark = wmark_pages(zone_normal, WMARK_MIN);
	const before = unused_pages();

	INIT_LIST_HEAD(list);
	const normal = hoard(list, GFP_NOWAIT);
	const left = zone_normal.nr_free_pages;
	KUNIT_EXPECT_GT(test, normal, 0);
	KUNIT_EXPECT_LE(test, left, mark);

	const high = hoard(list, GFP_NOWAIT | __GFP_HIGH);
	KUNIT_EXPECT_GT(test, high, 0);
	KUNIT_EXPECT_LE(test, zone_normal.nr_free_pages, mark - (mark >> 1));

	const atomic = hoard(list, GFP_ATOMIC);
	KUNIT_EXPECT_GE(test, atomic, 1);
	KUNIT_EXPECT_GT(test, zone_normal.nr_free_pages, 0);

	hoard(list, GFP_NOWAIT | __GFP_MEMALLOC);
	KUNIT_EXPECT_EQ(test, zone_normal.nr_free_pages, 0);
	KUNIT_EXPECT_NULL(test, alloc_page(GFP_NOWAIT | __GFP_NOWARN));

	KUNIT_EXPECT_FALSE(test, list_empty(list));
	unhoard(list);
	KUNIT_EXPECT_EQ(test, unused_pages(), before);
}

/** Users' pages are high ones first, the kernel's never. Those who find none
 *  leave some low memory, and all pages go back where they came from. */
function highmem(test: kunit): void {
	if (!CONFIG_HIGHMEM)
		kunit_skip(test, "needs HIGHMEM");
	if (totalhigh_pages() === 0)
		kunit_skip(test, "needs high memory");
	const list = STACK<list_head>();
	const user = GFP_NOWAIT | __GFP_HIGHMEM;

	drain_all_pages();
	const low = zone_normal.nr_free_pages;
	const high = zone_highmem.nr_free_pages;
	const blocks = node_free_area_counts();

	const pages = [alloc_page(GFP_KERNEL), alloc_page(user)];
	KUNIT_ASSERT_NOT_NULL(test, pages[0]);
	KUNIT_ASSERT_NOT_NULL(test, pages[1]);
	KUNIT_EXPECT_EQ(test, page_zonenum(pages[0]), ZONE_NORMAL);
	KUNIT_EXPECT_EQ(test, page_zonenum(pages[1]), ZONE_HIGHMEM);
	KUNIT_EXPECT_GE(test, page_to_pfn(pages[1]), max_low_pfn());
	for (const page of pages) __free_page(page);

	INIT_LIST_HEAD(list);
	hoard(list, user);
	KUNIT_EXPECT_LE(test, zone_highmem.nr_free_pages,
		wmark_pages(zone_highmem, WMARK_MIN));
	KUNIT_EXPECT_GT(test, low, zone_normal.nr_free_pages);
	/* The kernel still has what is reserved for it. */
	const reserve = zone_lowmem_reserve(zone_normal, ZONE_HIGHMEM);
	const kernel = hoard(list, GFP_NOWAIT);
	KUNIT_EXPECT_GT(test, reserve, 0);
	KUNIT_EXPECT_GT(test, kernel + this_cpu(pageset).batch, reserve);
	KUNIT_EXPECT_LE(test, zone_normal.nr_free_pages,
		wmark_pages(zone_normal, WMARK_MIN));

	unhoard(list);
	drain_all_pages();
	KUNIT_EXPECT_EQ(test, zone_normal.nr_free_pages, low);
	KUNIT_EXPECT_EQ(test, zone_highmem.nr_free_pages, high);
	KUNIT_EXPECT_STREQ(test, node_free_area_counts().join(), blocks.join());
}

/** Runs on other CPUs: pages of all zones come and go. */
function alloc_and_free(_seed: number): number {
	for (let i = 0; i < 10000; i++) {
		const page = alloc_page(GFP_NOWAIT | __GFP_HIGHMEM);

		if (page === NULL) return -1;
		__free_page(page);
	}
	return 0;
}
const alloc_and_free_func = RODATA(alloc_and_free);

/** Who drains all lists meets those who use theirs, in all zones. */
function drain_beside_users(test: kunit): void {
	need_cpu(test);
	const before = unused_pages();
	const others = STACK<cpu_works>();

	start_on_others(others, alloc_and_free_func);
	for (let n = 0; n < 5000; n++) drain_all_pages();
	KUNIT_EXPECT_EQ(test, wait_for_others(others), 0);
	drain_all_pages();
	KUNIT_EXPECT_EQ(test, nr_free_pcp_pages(), 0);
	KUNIT_EXPECT_EQ(test, unused_pages(), before);
}

/** A page that is freed while something still refers to it is kept away. */
function bad_state(test: kunit): void {
	const before = unused_pages();
	const warnings = warn_count();
	const page = alloc_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);

	page.mapping = 0x40;
	__free_page(page);
	KUNIT_EXPECT_EQ(test, warn_count(), warnings + 1);
	KUNIT_EXPECT_EQ(test, unused_pages(), before - 1);

	/* Mend it, so that nothing is lost. */
	page.mapping = 0;
	set_page_count(page, 1);
	__free_page(page);
	KUNIT_EXPECT_EQ(test, unused_pages(), before);
}

/** A store to a free page is found when the page is handed out. */
function poisoning(test: kunit): void {
	if (!CONFIG_PAGE_POISONING)
		kunit_skip(test, "CONFIG_PAGE_POISONING is off");

	const warnings = warn_count();
	const addr = __get_free_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, addr);
	free_page(addr);
	store32(addr + 128, 1);
	KUNIT_EXPECT_EQ(test, __get_free_page(GFP_KERNEL | __GFP_ZERO), addr);
	KUNIT_EXPECT_EQ(test, warn_count(), warnings + 1);
	free_page(addr);
}

/** Runs on another CPU: allocate, and give each second page back. */
function alloc_chain(n: number): number {
	let chain = 0;

	for (let i = 0; i < n; i++) {
		const addr = __get_free_page(GFP_KERNEL);
		const other = __get_free_page(GFP_KERNEL);

		if (addr === 0 || other === 0)
			return 0;
		store32(addr, chain);
		chain = addr;
		free_page(other);
	}
	return chain;
}
const alloc_chain_func = RODATA(alloc_chain);

/** Pages of one CPU that are freed on another. */
function other_cpus(test: kunit): void {
	if (nr_cpu_ids() < 2)
		kunit_skip(test, "needs two CPUs");

	const before = unused_pages();
	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
		if (cpu === smp_processor_id())
			continue;
		let addr = work_on_cpu(cpu, alloc_chain_func, 300);
		KUNIT_EXPECT_TRUE(test, addr !== 0);
		let n = 0;
		while (addr !== 0) {
			const next = load32(addr);

			free_page(addr);
			addr = next;
			n++;
		}
		KUNIT_EXPECT_EQ(test, n, 300);
	}
	KUNIT_EXPECT_EQ(test, unused_pages(), before);
	drain_all_pages();
	KUNIT_EXPECT_EQ(test, nr_free_pcp_pages(), 0);
	KUNIT_EXPECT_EQ(test, si_meminfo().freeram, before);
}

export const page_alloc_test_suite = kunit_suite({
	name: "page_alloc",
	test_cases: [
		KUNIT_CASE("conversions", conversions),
		KUNIT_CASE("zeroed", zeroed),
		KUNIT_CASE_PARAM("order", order_n, orders, (n) => `order-${n}`),
		KUNIT_CASE("too_large", too_large),
		KUNIT_CASE("merge", merge),
		KUNIT_CASE("highmem", highmem),
		KUNIT_CASE("split", split),
		KUNIT_CASE("exhaustion", exhaustion),
		KUNIT_CASE("bad_state", bad_state),
		KUNIT_CASE("poisoning", poisoning),
		KUNIT_CASE("other_cpus", other_cpus),
		KUNIT_CASE("drain_beside_users", drain_beside_users),
	],
});
