// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/page_alloc.c (5.17): the buddy allocator, the per-CPU page lists
 * in front of it, watermarks, and the entry points of page allocation.
 *
 * Port: one node with one zone, or two with HIGHMEM; one migrate type. An
 * allocation that finds its zones empty reclaims pages of files (PAGE_RECLAIM),
 * gathers the pages of all CPUs' lists once, then asks the OOM killer, then
 * fails with NULL.
 * Left out, by group: compound and huge pages; migrate types and page blocks
 * (move_freepages() to __rmqueue_fallback()), highatomic reserves; CMA and
 * alloc_contig_range(); compaction; deferred initialisation, memory hotplug and
 * poisoned pages off the lists; nodes found at boot, NUMA zone lists, cpusets;
 * guard pages; fault injection (should_fail_alloc_page()); retries for
 * compaction and cpusets, watermark boosting; the bulk allocator, page_frag,
 * alloc_pages_exact();
 * alloc_large_system_hash(); show_free_areas(), sysctls, boot parameters.
 * Small inlines of mm.h, mmzone.h and swap.h whose data is here are here, too.
 */
import { clear_page } from "host/door.ts";
import { nr_cpu_ids, smp_processor_id } from "host/cpu.ts";
import {
	flatmem,
	page_address,
	page_to_pfn,
	pfn_to_page,
	pfn_valid,
	virt_to_page,
} from "asm-generic/memory_model.ts";
import { PAGE_SHIFT, PAGE_SIZE } from "asm/pgtable_types.ts";
import {
	CONFIG_DEBUG_VM,
	CONFIG_HIGHMEM,
	CONFIG_MEMCG,
	CONFIG_PAGE_POISONING,
	CONFIG_PAGE_RECLAIM,
	CONFIG_PREEMPT_RT,
	CONFIG_SMP,
} from "generated/autoconf.ts";
import { should_fail_alloc_page } from "kernel/lib/fault-inject.ts";
import { __warn, panic } from "kernel/panic.ts";
import { printk } from "kernel/printk.ts";
import {
	cpu_claim_host,
	cpu_release_host,
	smp_call_function,
} from "kernel/smp.ts";
import { BUG_ON, VM_BUG_ON_PAGE, WARN_ON_ONCE } from "linux/bug.ts";
import {
	__GFP_ATOMIC,
	__GFP_DIRECT_RECLAIM,
	__GFP_HIGH,
	__GFP_HIGHMEM,
	__GFP_KSWAPD_RECLAIM,
	__GFP_MEMALLOC,
	__GFP_NOFAIL,
	__GFP_NOMEMALLOC,
	__GFP_NORETRY,
	__GFP_NOWARN,
	__GFP_RETRY_MAYFAIL,
	__GFP_ZERO,
	gfp_zone,
	type gfp_t,
} from "linux/gfp.ts";
import { local_irq_restore, local_irq_save } from "linux/irqflags.ts";
import { kasan_poison_pages, kasan_unpoison_pages } from "linux/kasan.ts";
import {
	INIT_LIST_HEAD,
	list_add,
	list_add_tail,
	list_del,
	list_empty,
} from "linux/list.ts";
import { memblock_alloc } from "mm/memblock.ts";
import type { page } from "linux/mm_types.ts";
import {
	type free_area,
	MAX_NR_ZONES,
	MAX_ORDER,
	NR_LRU_LISTS,
	NR_PCP_LISTS,
	NR_WMARK,
	type per_cpu_pages,
	WMARK_HIGH,
	WMARK_LOW,
	WMARK_MIN,
	type zone,
	ZONE_HIGHMEM,
	ZONE_NORMAL,
} from "linux/mmzone.ts";
import { tsk_is_oom_victim } from "linux/oom.ts";
import { rcu_barrier } from "linux/rcupdate.ts";
import {
	oom_control_init, oom_lock, oom_wait, out_of_memory,
} from "mm/oom_kill.ts";
import { down_write_trylock, up_write } from "linux/rwsem.ts";
import { schedule_timeout_uninterruptible } from "kernel/time/timer.ts";
import {
	__ClearPageBuddy,
	__SetPageBuddy,
	PAGE_FLAGS_CHECK_AT_FREE,
	PAGE_FLAGS_CHECK_AT_PREP,
	PageBuddy,
	PageMappingFlags,
} from "linux/page-flags.ts";
import { page_ref_count, page_ref_dec_and_test, set_page_count } from "linux/page_ref.ts";
import { clamp, cond_resched, might_sleep_if } from "linux/kernel.ts";
import { PF_MEMALLOC } from "linux/sched.ts";
import {
	memalloc_noreclaim_restore, memalloc_noreclaim_save,
} from "linux/sched/mm.ts";
import { current } from "kernel/sched/core.ts";
import { local_lock, local_unlock } from "linux/local_lock.ts";
import {
	spin_lock,
	spin_lock_init,
	spin_lock_irqsave,
	spin_unlock,
	spin_unlock_irqrestore,
} from "linux/spinlock.ts";
import type { list_head } from "linux/types.ts";
import { count_vm_events } from "linux/vm_event.ts";
import { PGALLOC_HIGH, PGALLOC_NORMAL, PGFREE } from "linux/vm_event_item.ts";
import {
	__find_buddy_pfn,
	ALLOC_HARDER,
	ALLOC_HIGH,
	ALLOC_NO_WATERMARKS,
	ALLOC_OOM,
	ALLOC_WMARK_LOW,
	ALLOC_WMARK_MASK,
	ALLOC_WMARK_MIN,
	buddy_order,
	set_page_refcounted,
} from "mm/internal.ts";
import {
	__kernel_poison_pages,
	__kernel_unpoison_pages,
} from "mm/page_poison.ts";

import {
	try_to_free_pages, wakeup_kswapd, zone_reclaimable_pages,
} from "mm/vmscan.ts";

/** Why a block is being freed: nothing special, or in no hurry to be reused. */
type fpi_t = number;
const FPI_NONE = 0;
const FPI_TO_TAIL = 2;

/** Orders up to this one are expected to be served; above, failing is fine. */
export const PAGE_ALLOC_COSTLY_ORDER = 3;

interface page_alloc_data extends struct {
	totalram_pages: int; /* given to the allocator; constant after boot */
	/** high watermarks and lowmem_reserve; constant after boot */
	totalreserve_pages: int;
	min_free_kbytes: int; /* constant after boot */
}
const page_alloc = DEFINE<page_alloc_data>();

/** The zones: a node's node_zones[]. The second is empty where all of RAM has
 *  pointers. */
export const zone_normal = DEFINE<zone>();
export const zone_highmem = DEFINE<zone>();
/** zone->per_cpu_pageset. */
export const pageset = DEFINE_PER_CPU<per_cpu_pages>();
export const pageset_highmem = DEFINE_PER_CPU<per_cpu_pages>();

/** &NODE_DATA(0)->node_zones[idx]. */
export function node_zone(idx: number): zone {
	if (CONFIG_HIGHMEM) {
		if (idx === ZONE_HIGHMEM) return zone_highmem;
	}
	return zone_normal;
}

/** Port: told by where the page is, not by bits of page->flags. */
export function page_zonenum(page: page): number {
	if (CONFIG_HIGHMEM) {
		if (page_to_pfn(page) >= zone_highmem.zone_start_pfn)
			return ZONE_HIGHMEM;
	}
	return ZONE_NORMAL;
}

export function page_zone(page: page): zone {
	return node_zone(page_zonenum(page));
}

/** per_cpu_ptr(zone->per_cpu_pageset, cpu). */
export function zone_pageset(zone: zone, cpu: number): per_cpu_pages {
	if (CONFIG_HIGHMEM) {
		if (zone === zone_highmem) return per_cpu(pageset_highmem, cpu);
	}
	return per_cpu(pageset, cpu);
}

/** this_cpu_ptr(zone->per_cpu_pageset). */
function this_zone_pageset(zone: zone): per_cpu_pages {
	if (CONFIG_HIGHMEM) {
		if (zone === zone_highmem) return this_cpu(pageset_highmem);
	}
	return this_cpu(pageset);
}

/** __count_zid_vm_events(PGALLOC, …): an event that each zone has. */
function count_pgalloc(zone: zone, delta: number): void {
	if (CONFIG_HIGHMEM) {
		if (zone === zone_highmem) {
			count_vm_events(PGALLOC_HIGH, delta);
			return;
		}
	}
	count_vm_events(PGALLOC_NORMAL, delta);
}

export function totalram_pages(): number {
	return page_alloc.totalram_pages;
}

export function totalreserve_pages(): number {
	return page_alloc.totalreserve_pages;
}

/**
 * Report a page in a state that it cannot be in, and make sure it is never
 * used again: its count and type are left such that nobody will free it.
 */
function bad_page(page: page, reason: string): void {
	__warn(
		`BUG: Bad page state in pfn ${page_to_pfn(page).toString(16)}: ` +
			`refcount:${data_race(page._refcount.counter)} ` +
			`mapcount:${data_race(page._mapcount.counter) + 1} ` +
			`mapping:${(data_race(page.mapping) >>> 0).toString(16)} ` +
			`flags:0x${(data_race(page.flags) >>> 0).toString(16)}; ` +
			`page dumped because: ${reason}`,
	);
	/* page_mapcount_reset(): leave no trace that trips the next check. */
	page._mapcount.counter = -1;
}

function order_to_pindex(order: number): number {
	if (CONFIG_DEBUG_VM)
		BUG_ON(order > PAGE_ALLOC_COSTLY_ORDER, "order has no pcp list");
	return order;
}

function pindex_to_order(pindex: number): number {
	return pindex;
}

function pcp_allowed_order(order: number): boolean {
	return order <= PAGE_ALLOC_COSTLY_ORDER;
}

function free_the_page(page: page, order: number): void {
	if (pcp_allowed_order(order))
		free_unref_page(page, order);
	else
		__free_pages_ok(page, order, FPI_NONE);
}

/** zone->lock is held. */
function set_buddy_order(page: page, order: number): void {
	page.private = order;
	__SetPageBuddy(page);
}

/**
 * Is buddy a free block of this order, as page is about to be? zone->lock is
 * held, so that the answer lasts: a page becomes or stops being a buddy under
 * it only.
 */
function page_is_buddy(page: page, buddy: page, order: number): boolean {
	if (!PageBuddy(buddy))
		return false;
	if (buddy_order(buddy) !== order)
		return false;
	/* The zone's end need not be a multiple of the largest block. */
	if (page_zonenum(page) !== page_zonenum(buddy))
		return false;
	if (CONFIG_DEBUG_VM) {
		VM_BUG_ON_PAGE(page_ref_count(buddy) !== 0, buddy);
		VM_BUG_ON_PAGE(page === buddy, page);
	}
	return true;
}

function add_to_free_list(page: page, zone: zone, order: number): void {
	const area: free_area = zone.free_area[order];

	list_add(page.lru, area.free_list);
	area.nr_free++;
}

function add_to_free_list_tail(page: page, zone: zone, order: number): void {
	const area: free_area = zone.free_area[order];

	list_add_tail(page.lru, area.free_list);
	area.nr_free++;
}

function del_page_from_free_list(page: page, zone: zone, order: number): void {
	const area: free_area = zone.free_area[order];

	list_del(page.lru);
	__ClearPageBuddy(page);
	page.private = 0;
	area.nr_free--;
}

/** zone->lock is held; readers of the counter need not. */
function __mod_zone_freepage_state(zone: zone, nr_pages: number): void {
	WRITE_ONCE(zone.nr_free_pages, zone.nr_free_pages + nr_pages);
}

/**
 * Is the block above the merged one free as well? Then the two may soon merge
 * into one of the next order, and ours had better be reused last.
 */
function buddy_merge_likely(
	pfn: number,
	buddy_pfn: number,
	page: page,
	order: number,
): boolean {
	if (order >= MAX_ORDER - 2)
		return false;

	const combined_pfn = buddy_pfn & pfn;
	const higher_page: page = ptr_add<page>(page, combined_pfn - pfn);
	const higher_pfn = __find_buddy_pfn(combined_pfn, order + 1);
	if (!pfn_valid(higher_pfn))
		return false;
	const higher_buddy: page = ptr_add<page>(
		higher_page,
		higher_pfn - combined_pfn,
	);
	return page_is_buddy(higher_page, higher_buddy, order + 1);
}

/**
 * Give a block back to the buddy lists: as long as its buddy is free too, take
 * that off its list and go on with the two as one block of the next order.
 *
 * We enter with zone->lock held and interrupts off, and return so. The first
 * page has no type, no references, and is on no list.
 */
function __free_one_page(
	page: page,
	pfn: number,
	zone: zone,
	order: number,
	fpi_flags: fpi_t,
): void {
	let buddy_pfn = 0;

	if (CONFIG_DEBUG_VM) {
		VM_BUG_ON_PAGE((pfn & ((1 << order) - 1)) !== 0, page);
		VM_BUG_ON_PAGE(PageBuddy(page), page);
	}
	__mod_zone_freepage_state(zone, 1 << order);

	while (order < MAX_ORDER - 1) {
		buddy_pfn = __find_buddy_pfn(pfn, order);
		/* Port: the end of RAM need not be a multiple of the largest
		 * block. */
		if (!pfn_valid(buddy_pfn))
			break;
		const buddy: page = ptr_add<page>(page, buddy_pfn - pfn);
		if (!page_is_buddy(page, buddy, order))
			break;

		del_page_from_free_list(buddy, zone, order);
		const combined_pfn = buddy_pfn & pfn;
		page = ptr_add<page>(page, combined_pfn - pfn);
		pfn = combined_pfn;
		order++;
	}

	set_buddy_order(page, order);

	const to_tail =
		(fpi_flags & FPI_TO_TAIL) !== 0 ||
		buddy_merge_likely(pfn, buddy_pfn, page, order);
	if (to_tail)
		add_to_free_list_tail(page, zone, order);
	else
		add_to_free_list(page, zone, order);
}

/** Mapped nowhere, of no mapping, without references and without these flags? */
function page_expected_state(page: page, check_flags: number): boolean {
	if (page._mapcount.counter !== -1)
		return false;
	return (
		(page.mapping |
			page_ref_count(page) |
			(CONFIG_MEMCG ? page.memcg_data : 0) |
			(page.flags & check_flags)) ===
		0
	);
}

function page_bad_reason(page: page, flags: number): string {
	let bad_reason = "";

	if (page._mapcount.counter !== -1)
		bad_reason = "nonzero mapcount";
	if (page.mapping !== 0)
		bad_reason = "non-NULL mapping";
	if (page_ref_count(page) !== 0)
		bad_reason = "nonzero _refcount";
	if (CONFIG_MEMCG) {
		if (page.memcg_data !== 0)
			bad_reason = "page still charged to cgroup";
	}
	if ((page.flags & flags) !== 0) {
		if (flags === PAGE_FLAGS_CHECK_AT_PREP)
			bad_reason = "PAGE_FLAGS_CHECK_AT_PREP flag(s) set";
		else
			bad_reason = "PAGE_FLAGS_CHECK_AT_FREE flag(s) set";
	}
	return bad_reason;
}

function check_free_page_bad(page: page): void {
	bad_page(page, page_bad_reason(page, PAGE_FLAGS_CHECK_AT_FREE));
}

/** Returns whether the page is bad, as does every check_…() below. */
function check_free_page(page: page): boolean {
	if (page_expected_state(page, PAGE_FLAGS_CHECK_AT_FREE))
		return false;
	check_free_page_bad(page);
	return true;
}

function kernel_init_free_pages(page: page, numpages: number): void {
	let addr = page_address(page);

	for (let i = 0; i < numpages; i++) {
		clear_page(addr);
		addr += PAGE_SIZE;
	}
}

/**
 * Bring a block into the state in which pages are free: no flags, no mapping,
 * poisoned. Returns false, and the block must be leaked, if it is not fit.
 */
function free_pages_prepare(
	page: page,
	order: number,
	check_free: boolean,
): boolean {
	let bad = false;

	/* Tail pages first, if there are any. */
	if (order > 0) {
		for (let i = 1; i < 1 << order; i++) {
			const p: page = ptr_add<page>(page, i);

			if (check_free_page(p)) {
				bad = true;
				continue;
			}
			p.flags &= ~PAGE_FLAGS_CHECK_AT_PREP;
		}
	}
	/* An anonymous page keeps its anon_vma until here; see
	 * page_remove_rmap(). */
	if (PageMappingFlags(page))
		page.mapping = 0;
	if (check_free && check_free_page(page))
		bad = true;
	if (bad)
		return false;

	page.flags &= ~PAGE_FLAGS_CHECK_AT_PREP;

	if (CONFIG_PAGE_POISONING)
		__kernel_poison_pages(page, 1 << order);
	kasan_poison_pages(page, order);
	return true;
}

/*
 * Where a page is checked depends on the configuration. With DEBUG_VM on each
 * way out of and into the per-CPU lists; without, once when it is freed and
 * once when a list is refilled.
 */
function free_pcp_prepare(page: page, order: number): boolean {
	return free_pages_prepare(page, order, true);
}

/** Called when a page leaves a per-CPU list for the zone. */
function bulkfree_pcp_prepare(page: page): boolean {
	if (CONFIG_DEBUG_VM)
		return check_free_page(page);
	return false;
}

/**
 * Move about count pages from the lists of this CPU to the zone, from each list
 * in turn, and more from one the longer the others are found empty: the last
 * ones of a list are the coldest.
 *
 * We enter with interrupts off, and return so; takes zone->lock.
 */
function free_pcppages_bulk(
	zone: zone,
	count: number,
	pcp: per_cpu_pages,
): void {
	let pindex = 0;
	let batch_free = 0;
	let nr_freed = 0;
	const head = STACK<list_head>();

	/* The lists may hold fewer pages; looking for more would not end. */
	count = Math.min(pcp.count, count);
	INIT_LIST_HEAD(head);
	while (count > 0) {
		let list: list_head;

		do {
			batch_free++;
			if (++pindex === NR_PCP_LISTS)
				pindex = 0;
			list = pcp.lists[pindex];
		} while (list_empty(list));

		/* This is the only list with pages. Free them all. */
		if (batch_free === NR_PCP_LISTS)
			batch_free = count;

		const order = pindex_to_order(pindex);
		do {
			const page = container_of<page>(list.prev, "lru");

			/* Off the list before the zone, whose lists use lru
			 * too. */
			list_del(page.lru);
			nr_freed += 1 << order;
			count -= 1 << order;

			if (bulkfree_pcp_prepare(page))
				continue;

			/* The order travels in a field that a free page does
			 * not use. */
			page.index = order;
			list_add_tail(page.lru, head);
		} while (count > 0 && --batch_free > 0 && !list_empty(list));
	}
	pcp.count -= nr_freed;

	spin_lock(zone.lock);
	let entry: list_head = head.next;
	while (entry !== head) {
		const page = container_of<page>(entry, "lru");

		entry = entry.next;
		__free_one_page(page, page_to_pfn(page), zone, page.index, FPI_NONE);
	}
	spin_unlock(zone.lock);
}

/** First state of a struct page: one reference, which boot code drops. */
function __init_single_page(page: page): void {
	struct_zero(page);
	set_page_count(page, 1);
	page._mapcount.counter = -1;
	INIT_LIST_HEAD(page.lru);
}

function __free_pages_ok(page: page, order: number, fpi_flags: fpi_t): void {
	const pfn = page_to_pfn(page);

	if (!free_pages_prepare(page, order, true))
		return;

	const zone = page_zone(page);
	const flags = spin_lock_irqsave(zone.lock);
	__free_one_page(page, pfn, zone, order, fpi_flags);
	spin_unlock_irqrestore(zone.lock, flags);

	count_vm_events(PGFREE, 1 << order);
}

/** Boot hands a block over: drop the references of __init_single_page(). */
export function __free_pages_core(page: page, order: number): void {
	const nr_pages = 1 << order;

	for (let i = 0; i < nr_pages; i++) {
		const p: page = ptr_add<page>(page, i);

		p.flags = 0;
		set_page_count(p, 0);
	}
	const zone = page_zone(page);
	zone.managed_pages += nr_pages;
	/* To the tail, so that the blocks come out in the order of
	 * addresses. */
	__free_pages_ok(page, order, FPI_TO_TAIL);
}

export function memblock_free_pages(
	page: page,
	_pfn: number,
	order: number,
): void {
	__free_pages_core(page, order);
}

/**
 * Cut a block of order high down to order low: the upper halves go back to the
 * lists, the caller keeps the first pages. zone->lock is held.
 */
function expand(zone: zone, page: page, low: number, high: number): void {
	let size = 1 << high;

	while (high > low) {
		high--;
		size >>= 1;

		const half: page = ptr_add<page>(page, size);
		add_to_free_list(half, zone, high);
		set_buddy_order(half, high);
	}
}

function check_new_page_bad(page: page): void {
	bad_page(page, page_bad_reason(page, PAGE_FLAGS_CHECK_AT_PREP));
}

function check_new_page(page: page): boolean {
	if (page_expected_state(page, PAGE_FLAGS_CHECK_AT_PREP))
		return false;
	check_new_page_bad(page);
	return true;
}

/** Called when a per-CPU list is refilled from the zone. */
function check_pcp_refill(page: page): boolean {
	return check_new_page(page);
}

/** Called when a page leaves a per-CPU list for its new owner. */
function check_new_pcp(page: page): boolean {
	if (CONFIG_DEBUG_VM)
		return check_new_page(page);
	return false;
}

function check_new_pages(page: page, order: number): boolean {
	for (let i = 0; i < 1 << order; i++) {
		if (check_new_page(ptr_add<page>(page, i)))
			return true;
	}
	return false;
}

/** The order is the reverse of free_pages_prepare()'s. */
function post_alloc_hook(page: page, order: number, gfp_flags: gfp_t): void {
	page.private = 0;
	set_page_refcounted(page);

	if (CONFIG_PAGE_POISONING)
		__kernel_unpoison_pages(page, 1 << order);
	kasan_unpoison_pages(page, order);
	if ((gfp_flags & __GFP_ZERO) !== 0)
		kernel_init_free_pages(page, 1 << order);
}

function prep_new_page(page: page, order: number, gfp_flags: gfp_t): void {
	post_alloc_hook(page, order, gfp_flags);
}

/** The first block of the smallest order that fits. zone->lock is held. */
function __rmqueue_smallest(zone: zone, order: number): page {
	for (
		let current_order = order;
		current_order < MAX_ORDER;
		current_order++
	) {
		const area: free_area = zone.free_area[current_order];

		if (list_empty(area.free_list))
			continue;
		const page = container_of<page>(area.free_list.next, "lru");
		del_page_from_free_list(page, zone, current_order);
		expand(zone, page, order, current_order);
		return page;
	}
	return NULL;
}

/** With one migrate type there is nothing to steal from and no fallback. */
function __rmqueue(zone: zone, order: number): page {
	return __rmqueue_smallest(zone, order);
}

/**
 * Move up to count blocks from the zone to a per-CPU list, under one hold of
 * zone->lock. We enter with interrupts off. Returns how many it were.
 */
function rmqueue_bulk(
	zone: zone,
	order: number,
	count: number,
	list: list_head,
): number {
	let i = 0;
	let allocated = 0;

	spin_lock(zone.lock);
	for (; i < count; i++) {
		const page = __rmqueue(zone, order);

		if (page === NULL)
			break;
		if (check_pcp_refill(page))
			continue;
		/*
		 * Blocks that were split come out by ascending address. Keep
		 * them so, for callers that like to get neighbours.
		 */
		list_add_tail(page.lru, list);
		allocated++;
	}
	/* Bad pages are gone from the zone too, hence i and not allocated. */
	__mod_zone_freepage_state(zone, -(i << order));
	spin_unlock(zone.lock);
	return allocated;
}

/**
 * This CPU's lists are ours: local_lock_irqsave(&pagesets.lock). With
 * PREEMPT_RT by a lock that sleeps, else interrupts are off; in this file
 * "interrupts are off" means either.
 */
function pagesets_lock(): number {
	if (CONFIG_PREEMPT_RT) {
		local_lock(this_cpu(pageset).lock);
		return 0;
	}
	return local_irq_save();
}

function pagesets_unlock(flags: number): void {
	if (CONFIG_PREEMPT_RT)
		local_unlock(this_cpu(pageset).lock);
	else
		local_irq_restore(flags);
}

/**
 * All lists of a CPU to the zone. The CPU is this one, or one that cannot run
 * meanwhile; with PREEMPT_RT any, since there is a lock.
 */
function drain_pages_zone(cpu: number, zone: zone): void {
	const pcp = zone_pageset(zone, cpu);

	if (CONFIG_PREEMPT_RT) {
		const lock = per_cpu(pageset, cpu).lock;

		local_lock(lock);
		if (pcp.count !== 0)
			free_pcppages_bulk(zone, pcp.count, pcp);
		local_unlock(lock);
		return;
	}
	const flags = local_irq_save();

	if (pcp.count !== 0)
		free_pcppages_bulk(zone, pcp.count, pcp);
	local_irq_restore(flags);
}

function drain_pages(cpu: number): void {
	for (let idx = 0; idx < MAX_NR_ZONES; idx++)
		drain_pages_zone(cpu, node_zone(idx));
}

/** Spill this CPU's lists. */
export function drain_local_pages(): void {
	drain_pages(smp_processor_id());
}

function drain_local_pages_ipi(_info: number): void {
	drain_local_pages();
}
const drain_local_pages_func = RODATA(drain_local_pages_ipi);

/**
 * Spill the lists of all CPUs. We enter with interrupts on, and wait for the
 * others. Port: by interrupt, where the kernel queues work; a CPU that is
 * outside of the machine is kept there while we spill its lists for it. With
 * PREEMPT_RT no interrupt could, as the zone's lock sleeps: we spill all.
 */
export function drain_all_pages(): void {
	if (CONFIG_PREEMPT_RT) {
		for (let cpu = 0; cpu < nr_cpu_ids(); cpu++)
			drain_pages(cpu);
		return;
	}
	drain_local_pages();
	if (CONFIG_SMP) {
		smp_call_function(drain_local_pages_func, 0, true);
		for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
			if (cpu_claim_host(cpu)) {
				drain_pages(cpu);
				cpu_release_host(cpu);
			}
		}
	}
}

function free_unref_page_prepare(page: page, order: number): boolean {
	return free_pcp_prepare(page, order);
}

/** How many pages to give back now that the lists are full. */
function nr_pcp_free(pcp: per_cpu_pages, high: number, batch: number): number {
	/* No lists wanted, or not set up yet: keep none. */
	if (high < batch)
		return 1;

	/* Leave a batch for the next allocations. */
	const min_nr_free = batch;
	const max_nr_free = high - batch;

	/*
	 * A CPU that frees and frees without an allocation in between, as the
	 * exit of a large process does, frees twice as many each time.
	 */
	batch <<= pcp.free_factor;
	if (batch < max_nr_free)
		pcp.free_factor++;
	return Math.max(min_nr_free, Math.min(batch, max_nr_free));
}

function nr_pcp_high(pcp: per_cpu_pages): number {
	return pcp.high;
}

/** Interrupts are off. */
function free_unref_page_commit(page: page, order: number): void {
	const zone = page_zone(page);
	const pcp = this_zone_pageset(zone);

	/* Port: 5.17 counts a block once whatever its order; 6.0 mended
	 * that. */
	count_vm_events(PGFREE, 1 << order);
	list_add(page.lru, pcp.lists[order_to_pindex(order)]);
	pcp.count += 1 << order;
	const high = nr_pcp_high(pcp);
	if (pcp.count >= high) {
		const batch = pcp.batch;

		free_pcppages_bulk(
			zone,
			nr_pcp_free(pcp, high, batch),
			pcp,
		);
	}
}

/** Free a block whose last reference is gone. */
export function free_unref_page(page: page, order: number): void {
	if (!free_unref_page_prepare(page, order))
		return;

	const flags = pagesets_lock();
	free_unref_page_commit(page, order);
	pagesets_unlock(flags);
}

/** How many pages free_unref_page_list() frees with interrupts off at a time. */
export const SWAP_CLUSTER_MAX = 32;

/** Free all order-0 pages of a list that is linked through lru. */
export function free_unref_page_list(list: list_head): void {
	let batch_count = 0;

	/* Prepare pages for freeing; those that are bad drop out. */
	let entry: list_head = list.next;
	while (entry !== list) {
		const page = container_of<page>(entry, "lru");

		entry = entry.next;
		if (!free_unref_page_prepare(page, 0))
			list_del(page.lru);
	}

	let flags = pagesets_lock();
	entry = list.next;
	while (entry !== list) {
		const page = container_of<page>(entry, "lru");

		entry = entry.next;
		/*
		 * Port: the kernel relinks lru without unlinking it, and leaves
		 * the caller's list head dangling. So do we.
		 */
		free_unref_page_commit(page, 0);

		/* Do not keep interrupts off for too long. */
		if (++batch_count === SWAP_CLUSTER_MAX) {
			pagesets_unlock(flags);
			batch_count = 0;
			flags = pagesets_lock();
		}
	}
	pagesets_unlock(flags);
}

/**
 * Make the pages of a block independent: each gets a reference of its own, and
 * is freed alone.
 */
export function split_page(page: page, order: number): void {
	if (CONFIG_DEBUG_VM)
		VM_BUG_ON_PAGE(page_ref_count(page) === 0, page);
	for (let i = 1; i < 1 << order; i++)
		set_page_refcounted(ptr_add<page>(page, i));
}

/** list_empty() of a list that only this CPU has: nothing to mark. */
function pcp_list_empty(list: list_head): boolean {
	return list.next === list;
}

/** Remove a block from a per-CPU list, refilling it. Interrupts are off. */
function __rmqueue_pcplist(
	zone: zone,
	order: number,
	pcp: per_cpu_pages,
	list: list_head,
): page {
	let page: page;

	do {
		if (pcp_list_empty(list)) {
			let batch = pcp.batch;

			/* The batch is in pages; blocks are fewer, but more
			 * than one. */
			if (batch > 1)
				batch = Math.max(batch >> order, 2);
			const alloced = rmqueue_bulk(zone, order, batch, list);

			pcp.count += alloced << order;
			if (pcp_list_empty(list))
				return NULL;
		}

		page = container_of<page>(list.next, "lru");
		list_del(page.lru);
		pcp.count -= 1 << order;
	} while (check_new_pcp(page));
	return page;
}

function rmqueue_pcplist(zone: zone, order: number): page {
	const flags = pagesets_lock();
	const pcp = this_zone_pageset(zone);

	/* An allocation: the CPU is not only freeing. */
	pcp.free_factor >>= 1;
	const list: list_head = pcp.lists[order_to_pindex(order)];
	const page = __rmqueue_pcplist(zone, order, pcp, list);
	if (page !== NULL)
		count_pgalloc(zone, 1 << order);
	pagesets_unlock(flags);
	return page;
}

/** Take a block from the CPU's list or, for high orders, from the zone. */
function rmqueue(zone: zone, order: number): page {
	let page: page;

	if (pcp_allowed_order(order))
		return rmqueue_pcplist(zone, order);

	do {
		const flags = spin_lock_irqsave(zone.lock);

		page = __rmqueue(zone, order);
		if (page !== NULL)
			__mod_zone_freepage_state(zone, -(1 << order));
		spin_unlock_irqrestore(zone.lock, flags);
		if (page === NULL)
			return NULL;
	} while (check_new_pages(page, order));

	count_pgalloc(zone, 1 << order);
	return page;
}

export function wmark_pages(zone: zone, i: number): number {
	return zone._watermark[i];
}

/** Pages of the zone that are not for who could have those of a zone up to
 *  highest_zoneidx. */
export function zone_lowmem_reserve(z: zone, highest_zoneidx: number): number {
	if (CONFIG_HIGHMEM) return z.lowmem_reserve[highest_zoneidx];
	return 0;
}

/**
 * Would the zone, with free_pages in it, still be above mark after serving this
 * order, and has it a block that is large enough? Who may dip into the reserve
 * sees a lower mark.
 */
function __zone_watermark_ok(
	z: zone,
	order: number,
	mark: number,
	highest_zoneidx: number,
	alloc_flags: number,
	free_pages: number,
): boolean {
	let min = mark;
	const alloc_harder = (alloc_flags & (ALLOC_HARDER | ALLOC_OOM)) !== 0;

	/* May go negative, which is fine. */
	free_pages -= (1 << order) - 1;

	if ((alloc_flags & ALLOC_HIGH) !== 0)
		min -= min >> 1;
	if (alloc_harder) {
		/*
		 * A victim of the OOM killer will soon give back more than it
		 * takes, so it may go further.
		 */
		if ((alloc_flags & ALLOC_OOM) !== 0)
			min -= min >> 1;
		else
			min -= min >> 2;
	}

	if (CONFIG_HIGHMEM) min += zone_lowmem_reserve(z, highest_zoneidx);
	if (free_pages <= min)
		return false;
	if (order === 0)
		return true;

	/* Peeks at the lists without zone->lock: the answer is a hint. */
	for (let o = order; o < MAX_ORDER; o++) {
		if (data_race(z.free_area[o].nr_free) !== 0)
			return true;
	}
	return false;
}

export function zone_watermark_ok(
	z: zone,
	order: number,
	mark: number,
	highest_zoneidx: number,
	alloc_flags: number,
): boolean {
	/* A value that is a moment old is as good. */
	return __zone_watermark_ok(
		z,
		order,
		mark,
		highest_zoneidx,
		alloc_flags,
		data_race(z.nr_free_pages),
	);
}

function zone_watermark_fast(
	z: zone,
	order: number,
	mark: number,
	highest_zoneidx: number,
	alloc_flags: number,
): boolean {
	/* As above; the pages on CPU lists are not counted as free either. */
	const free_pages = data_race(z.nr_free_pages);

	/* Order 0 needs no look at the lists. */
	if (order === 0) {
		let reserved = mark;

		if (CONFIG_HIGHMEM)
			reserved += zone_lowmem_reserve(z, highest_zoneidx);
		if (free_pages > reserved)
			return true;
	}
	return __zone_watermark_ok(z, order, mark, highest_zoneidx, alloc_flags,
		free_pages);
}

/** Go through the zones, from the highest that may be had, and try to
 *  allocate. */
function get_page_from_freelist(
	gfp_mask: gfp_t,
	order: number,
	alloc_flags: number,
): page {
	const highest_zoneidx = gfp_zone(gfp_mask);

	for (let idx = highest_zoneidx; idx >= ZONE_NORMAL; idx--) {
		const zone = node_zone(idx);
		const mark = wmark_pages(zone, alloc_flags & ALLOC_WMARK_MASK);

		if (!zone_watermark_fast(zone, order, mark, highest_zoneidx,
			alloc_flags)) {
			if ((alloc_flags & ALLOC_NO_WATERMARKS) === 0)
				continue;
		}

		const page = rmqueue(zone, order);
		if (page !== NULL) {
			prep_new_page(page, order, gfp_mask);
			return page;
		}
	}
	return NULL;
}

export function warn_alloc(gfp_mask: gfp_t, order: number): void {
	if ((gfp_mask & __GFP_NOWARN) !== 0)
		return;
	printk(
		`page allocation failure: order:${order}, ` +
			`mode:0x${gfp_mask.toString(16)}, free:${nr_free_pages()}` +
			(CONFIG_HIGHMEM ? `,high:${nr_free_highpages()}` : ""),
	);
}

/**
 * The last resort. Port: returns did_some_progress, and no page: the caller
 * tries again anyway.
 */
function __alloc_pages_may_oom(gfp_mask: gfp_t, order: number): boolean {
	/* The OOM killer does not help with orders that reclaim cannot
	 * serve. */
	if (order > PAGE_ALLOC_COSTLY_ORDER)
		return false;
	if ((gfp_mask & __GFP_RETRY_MAYFAIL) !== 0)
		return false;

	/* Who fails here leaves it to who is at it. */
	if (!down_write_trylock(oom_lock)) {
		schedule_timeout_uninterruptible(1);
		return true;
	}
	const oc = oom_control_init(gfp_mask, order);
	const progress = out_of_memory(oc);

	up_write(oom_lock);
	if (progress)
		oom_wait();
	return progress;
}

/** How many pages were reclaimed. What that allocates has all reserves. */
function __perform_reclaim(gfp_mask: gfp_t, order: number): number {
	const noreclaim_flag = memalloc_noreclaim_save();
	const progress = try_to_free_pages(order, gfp_mask);

	memalloc_noreclaim_restore(noreclaim_flag);
	return progress;
}

/** What one allocation has come to so far. */
interface alloc_context {
	did_some_progress: number; /* pages reclaimed last */
	no_progress_loops: number;
}

/**
 * Reclaim, and try again. Pages hide from an allocation in the lists of CPUs,
 * and behind grace periods: page tables and slabs.
 * Port: the kernel's reclaim takes long enough for RCU to get to them.
 */
function __alloc_pages_direct_reclaim(
	gfp_mask: gfp_t,
	order: number,
	alloc_flags: number,
	ac: alloc_context,
): page {
	if (CONFIG_PAGE_RECLAIM) {
		ac.did_some_progress = __perform_reclaim(gfp_mask, order);
		if (ac.did_some_progress !== 0) {
			drain_all_pages();
			return get_page_from_freelist(gfp_mask, order,
				alloc_flags);
		}
	}
	drain_all_pages();
	const page = get_page_from_freelist(gfp_mask, order, alloc_flags);
	if (page !== NULL)
		return page;

	rcu_barrier();
	/* The callbacks have run on the CPUs that queued them. */
	drain_all_pages();
	return get_page_from_freelist(gfp_mask, order, alloc_flags);
}

function gfp_to_alloc_flags(gfp_mask: gfp_t): number {
	let alloc_flags = ALLOC_WMARK_MIN;

	if ((gfp_mask & __GFP_HIGH) !== 0)
		alloc_flags |= ALLOC_HIGH;
	if ((gfp_mask & __GFP_ATOMIC) !== 0) {
		/* Not for callers who said that they can do without. */
		if ((gfp_mask & __GFP_NOMEMALLOC) === 0)
			alloc_flags |= ALLOC_HARDER;
	}
	return alloc_flags;
}

/** What of the reserve the context is entitled to: 0, or alloc flags. */
function __gfp_pfmemalloc_flags(gfp_mask: gfp_t): number {
	if ((gfp_mask & __GFP_NOMEMALLOC) !== 0)
		return 0;
	if ((gfp_mask & __GFP_MEMALLOC) !== 0)
		return ALLOC_NO_WATERMARKS;
	if (CONFIG_PAGE_RECLAIM) {
		if ((current().flags & PF_MEMALLOC) !== 0)
			return ALLOC_NO_WATERMARKS;
	}
	if (tsk_is_oom_victim(current()))
		return ALLOC_OOM;
	return 0;
}

/** So often reclaim may find nothing. */
export const MAX_RECLAIM_RETRIES = 16;

/** Is it worth while to reclaim once more, before somebody is killed? If all
 *  that is on the lists would do, and we have not looked too often. */
function should_reclaim_retry(
	gfp_mask: gfp_t,
	order: number,
	alloc_flags: number,
	ac: alloc_context,
): boolean {
	const highest_zoneidx = gfp_zone(gfp_mask);

	if (ac.did_some_progress !== 0 && order <= PAGE_ALLOC_COSTLY_ORDER)
		ac.no_progress_loops = 0;
	else
		ac.no_progress_loops++;
	if (ac.no_progress_loops > MAX_RECLAIM_RETRIES)
		return false;
	let ret = false;

	for (let idx = highest_zoneidx; !ret && idx >= ZONE_NORMAL; idx--) {
		const zone = node_zone(idx);
		const available = zone_reclaimable_pages(zone) +
			READ_ONCE(zone.nr_free_pages);

		ret = __zone_watermark_ok(zone, order,
			wmark_pages(zone, WMARK_MIN), highest_zoneidx,
			alloc_flags, available);
	}
	cond_resched();
	return ret;
}

/**
 * The first attempt, at the low watermark, has failed. Try the min watermark,
 * then the reserves if we may, then other CPUs' lists, then the OOM killer.
 */
function __alloc_pages_slowpath(gfp_mask: gfp_t, order: number): page {
	const can_direct_reclaim = (gfp_mask & __GFP_DIRECT_RECLAIM) !== 0;
	const costly_order = order > PAGE_ALLOC_COSTLY_ORDER;
	let alloc_flags = gfp_to_alloc_flags(gfp_mask);

	/* The caller promised to sleep if needed, and not to. */
	if (
		WARN_ON_ONCE(
			(gfp_mask & __GFP_ATOMIC) !== 0 && can_direct_reclaim,
			"__GFP_ATOMIC with __GFP_DIRECT_RECLAIM",
		)
	)
		gfp_mask &= ~__GFP_ATOMIC;

	const ac = { did_some_progress: 0, no_progress_loops: 0 };

	if (CONFIG_PAGE_RECLAIM) {
		if ((gfp_mask & __GFP_KSWAPD_RECLAIM) !== 0)
			wakeup_kswapd(order, gfp_zone(gfp_mask));
	}
	let page = get_page_from_freelist(gfp_mask, order, alloc_flags);
	if (page !== NULL)
		return page;

	for (;;) {
		const reserve_flags = __gfp_pfmemalloc_flags(gfp_mask);
		if (reserve_flags !== 0)
			alloc_flags = reserve_flags;

		page = get_page_from_freelist(gfp_mask, order, alloc_flags);
		if (page !== NULL)
			return page;

		/* The caller is not willing to wait. */
		if (!can_direct_reclaim)
			break;

		/* It is reclaim that allocates. */
		if (CONFIG_PAGE_RECLAIM) {
			if ((current().flags & PF_MEMALLOC) !== 0)
				break;
		}

		page = __alloc_pages_direct_reclaim(gfp_mask, order,
			alloc_flags, ac);
		if (page !== NULL)
			return page;

		if ((gfp_mask & __GFP_NORETRY) !== 0)
			break;
		if (costly_order && (gfp_mask & __GFP_RETRY_MAYFAIL) === 0)
			break;

		if (CONFIG_PAGE_RECLAIM) {
			if (should_reclaim_retry(gfp_mask, order, alloc_flags,
				ac))
				continue;
		}
		const progress = __alloc_pages_may_oom(gfp_mask, order);

		/* A victim that found nothing in the reserve must not loop. */
		if (tsk_is_oom_victim(current()) &&
		    (alloc_flags === ALLOC_OOM ||
		     (gfp_mask & __GFP_NOMEMALLOC) !== 0))
			break;
		if (!progress)
			break;
		ac.no_progress_loops = 0;
	}

	if ((gfp_mask & __GFP_NOFAIL) !== 0) {
		/* Who cannot wait cannot insist, and large blocks are not to be
		 * had by waiting. */
		WARN_ON_ONCE(!can_direct_reclaim, "__GFP_NOFAIL cannot wait");
		WARN_ON_ONCE(costly_order, "__GFP_NOFAIL of a large block");
		/*
		 * Port: the kernel loops until reclaim or an exiting victim
		 * frees something. Here nobody would: one last look below all
		 * watermarks, then it is the deadlock that it would be there.
		 */
		page = get_page_from_freelist(gfp_mask, order, ALLOC_NO_WATERMARKS);
		if (page !== NULL)
			return page;
		panic("System is deadlocked on memory");
	}
	warn_alloc(gfp_mask, order);
	return NULL;
}

/**
 * The heart of page allocation: 1 << order pages, physically contiguous and
 * aligned to their size, with one reference on the first; or NULL.
 *
 * Context: any, if gfp lacks __GFP_DIRECT_RECLAIM; else one that may sleep.
 */
export function __alloc_pages(gfp: gfp_t, order: number): page {
	if (order >= MAX_ORDER) {
		WARN_ON_ONCE((gfp & __GFP_NOWARN) === 0, "page order too large");
		return NULL;
	}

	/* prepare_alloc_pages() */
	might_sleep_if((gfp & __GFP_DIRECT_RECLAIM) !== 0);
	if (should_fail_alloc_page(gfp))
		return NULL;

	const page = get_page_from_freelist(gfp, order, ALLOC_WMARK_LOW);
	if (page !== NULL)
		return page;
	return __alloc_pages_slowpath(gfp, order);
}

/** As above, but the address. Not for __GFP_HIGHMEM, which may have none. */
export function __get_free_pages(gfp_mask: gfp_t, order: number): number {
	const page = __alloc_pages(gfp_mask & ~__GFP_HIGHMEM, order);

	if (page === NULL)
		return 0;
	return page_address(page);
}

export function get_zeroed_page(gfp_mask: gfp_t): number {
	return __get_free_pages(gfp_mask | __GFP_ZERO, 0);
}

/** Drop the caller's reference to a block; the last one frees it. */
export function __free_pages(page: page, order: number): void {
	if (CONFIG_DEBUG_VM)
		VM_BUG_ON_PAGE(page_ref_count(page) === 0, page);
	if (page_ref_dec_and_test(page))
		free_the_page(page, order);
}

export function free_pages(addr: number, order: number): void {
	if (addr !== 0)
		__free_pages(virt_to_page(addr), order);
}

/** Pages above the high watermark, of the zones that the kernel has its own
 *  memory from: what allocations may use freely. */
export function nr_free_buffer_pages(): number {
	const zone = zone_normal;
	const high = wmark_pages(zone, WMARK_HIGH);

	return zone.managed_pages > high ? zone.managed_pages - high : 0;
}

/** Pages in the buddy lists. */
export function nr_free_pages(): number {
	let sum = 0;

	for (let idx = 0; idx < MAX_NR_ZONES; idx++)
		sum += READ_ONCE(node_zone(idx).nr_free_pages);
	return sum;
}

/** Of those, what no pointer reaches. */
export function nr_free_highpages(): number {
	if (CONFIG_HIGHMEM)
		return READ_ONCE(zone_highmem.nr_free_pages);
	return 0;
}

/** Pages without pointers that the allocator was given. */
export function totalhigh_pages(): number {
	if (CONFIG_HIGHMEM)
		return zone_highmem.managed_pages;
	return 0;
}

/**
 * Port: pages on the per-CPU lists. Together with nr_free_pages() these are all
 * pages that nobody owns; exact while no CPU allocates or frees.
 */
export function nr_free_pcp_pages(): number {
	let sum = 0;

	for (let idx = 0; idx < MAX_NR_ZONES; idx++) {
		for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
			const pcp = zone_pageset(node_zone(idx), cpu);

			sum += READ_ONCE(pcp.count);
		}
	}
	return sum;
}

export interface sysinfo {
	totalram: number;
	freeram: number;
	totalhigh: number; /* of totalram */
	freehigh: number; /* of freeram */
	mem_unit: number;
}

export function si_meminfo(): sysinfo {
	return {
		totalram: totalram_pages(),
		freeram: nr_free_pages(),
		totalhigh: totalhigh_pages(),
		freehigh: nr_free_highpages(),
		mem_unit: PAGE_SIZE,
	};
}

/** Pages that go to or come from the zone at once: a quarter per mille. */
function zone_batchsize(zone: zone): number {
	let batch = Math.min(zone.managed_pages >> 10, (1024 * 1024) / PAGE_SIZE);

	batch >>= 2;
	if (batch < 1)
		batch = 1;
	/*
	 * One less than a power of two: with a power of two, one CPU that
	 * allocates and one that frees tend to share the same cache colours.
	 */
	batch += batch >> 1;
	return (1 << (31 - Math.clz32(batch))) - 1;
}

/** The CPUs' lists together may hold as much as the low watermark. */
function zone_highsize(zone: zone, batch: number): number {
	const total_pages = wmark_pages(zone, WMARK_LOW);
	const high = Math.floor(total_pages / nr_cpu_ids());

	/* Room for a few batches, even on small machines. */
	return Math.max(high, batch << 2);
}

/** Sizes that make the lists a pass-through until memory is set up. */
const BOOT_PAGESET_HIGH = 0;
const BOOT_PAGESET_BATCH = 1;

function per_cpu_pages_init(pcp: per_cpu_pages): void {
	pcp.count = 0;
	pcp.free_factor = 0;
	for (let pindex = 0; pindex < NR_PCP_LISTS; pindex++)
		INIT_LIST_HEAD(pcp.lists[pindex]);
	if (CONFIG_PREEMPT_RT)
		spin_lock_init(pcp.lock);
	pcp.high = BOOT_PAGESET_HIGH;
	pcp.batch = BOOT_PAGESET_BATCH;
}

function zone_set_pageset_high_and_batch(zone: zone): void {
	const new_batch = Math.max(1, zone_batchsize(zone));
	const new_high = zone_highsize(zone, new_batch);

	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
		const pcp = zone_pageset(zone, cpu);

		pcp.batch = new_batch;
		pcp.high = new_high;
	}
}

/** Give the per-CPU lists their sizes. Boot, with watermarks set. */
export function setup_per_cpu_pageset(): void {
	for (let idx = 0; idx < MAX_NR_ZONES; idx++)
		zone_set_pageset_high_and_batch(node_zone(idx));
}

/** The frames from start_pfn up to end_pfn are the zone's, and none is free. */
function zone_init_internals(
	zone: zone,
	start_pfn: number,
	end_pfn: number,
): void {
	spin_lock_init(zone.lock);
	zone.zone_start_pfn = start_pfn;
	zone.spanned_pages = end_pfn - start_pfn;
	zone.managed_pages = 0;
	zone.nr_free_pages = 0;
	for (let order = 0; order < MAX_ORDER; order++) {
		const area: free_area = zone.free_area[order];

		INIT_LIST_HEAD(area.free_list);
		area.nr_free = 0;
	}
	for (let i = 0; i < NR_WMARK; i++)
		zone._watermark[i] = 0;
	if (CONFIG_HIGHMEM) {
		for (let idx = 0; idx < MAX_NR_ZONES; idx++)
			zone.lowmem_reserve[idx] = 0;
		for (let lru = 0; lru < NR_LRU_LISTS; lru++)
			zone.nr_lru_pages[lru] = 0;
	}
	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++)
		per_cpu_pages_init(zone_pageset(zone, cpu));
}

/**
 * Set up the zones and mem_map, with all pages reserved: one reference each,
 * which mem_init() drops of those that are free. Boot, CPU 0. max_zone_pfn says
 * where each zone ends; the next one begins there.
 */
export function free_area_init(max_zone_pfn: number[]): void {
	const max_pfn = max_zone_pfn[MAX_NR_ZONES - 1];

	/* alloc_node_mem_map() */
	flatmem.mem_map = cast<page>(memblock_alloc(max_pfn * sizeof<page>(), 64));
	flatmem.max_mapnr = max_pfn;
	for (let pfn = 0; pfn < max_pfn; pfn++)
		__init_single_page(pfn_to_page(pfn));

	let start_pfn = 0;

	for (let idx = 0; idx < MAX_NR_ZONES; idx++) {
		zone_init_internals(node_zone(idx), start_pfn,
			max_zone_pfn[idx]);
		start_pfn = max_zone_pfn[idx];
	}
}

/** Called by mem_init() with what memblock has handed over. */
export function totalram_pages_add(count: number): void {
	page_alloc.totalram_pages += count;
}

/** What no user is to have: of each zone the high watermark, and what it keeps
 *  from those who could have pages of a higher one. */
function calculate_totalreserve_pages(): void {
	let reserve_pages = 0;

	for (let i = 0; i < MAX_NR_ZONES; i++) {
		const zone = node_zone(i);
		let max = 0;

		for (let j = i; CONFIG_HIGHMEM && j < MAX_NR_ZONES; j++)
			max = Math.max(max, zone_lowmem_reserve(zone, j));
		max += wmark_pages(zone, WMARK_HIGH);
		reserve_pages += Math.min(max, zone.managed_pages);
	}
	page_alloc.totalreserve_pages = reserve_pages;
}

/** sysctl_lowmem_reserve_ratio[ZONE_NORMAL]; that of the highest zone has no
 *  meaning. */
const lowmem_reserve_ratio = 32;

/**
 * Who could have pages of ZONE_HIGHMEM, and finds none, leaves some of
 * ZONE_NORMAL to the kernel: one for each 32 that are above.
 */
function setup_per_zone_lowmem_reserve(): void {
	if (CONFIG_HIGHMEM)
		zone_normal.lowmem_reserve[ZONE_HIGHMEM] = Math.floor(
			zone_highmem.managed_pages / lowmem_reserve_ratio);
	calculate_totalreserve_pages();
}

/** Ten thousandths of the zone between two watermarks. */
const watermark_scale_factor = 10;

function __setup_per_zone_wmarks(): void {
	const pages_min = page_alloc.min_free_kbytes >> (PAGE_SHIFT - 10);

	for (let idx = 0; idx < MAX_NR_ZONES; idx++) {
		const zone = node_zone(idx);
		/* By size, of all but ZONE_HIGHMEM: there is one. */
		const share = Math.floor(pages_min * zone.managed_pages /
			zone_normal.managed_pages);
		let min_pages = share;

		/* Who may dip into the reserve does not need that zone. */
		if (CONFIG_HIGHMEM) {
			if (idx === ZONE_HIGHMEM)
				min_pages = clamp(zone.managed_pages >> 10,
					SWAP_CLUSTER_MAX, 128);
		}
		zone._watermark[WMARK_MIN] = min_pages;
		const tmp = Math.max(
			share >> 2,
			Math.floor((zone.managed_pages *
				watermark_scale_factor) / 10000),
		);
		zone._watermark[WMARK_LOW] = min_pages + tmp;
		zone._watermark[WMARK_HIGH] = min_pages + tmp * 2;
	}

	calculate_totalreserve_pages();
}

export function setup_per_zone_wmarks(): void {
	__setup_per_zone_wmarks();
}

/**
 * min_free_kbytes = 4 * sqrt(lowmem_kbytes), within 128 kB and 256 MB: 16 MB
 * of memory keep 512 kB, 1 GB keeps 4 MB.
 */
function calculate_min_free_kbytes(): void {
	const lowmem_kbytes = nr_free_buffer_pages() * (PAGE_SIZE >> 10);
	const new_min_free_kbytes = Math.floor(Math.sqrt(lowmem_kbytes * 16));

	page_alloc.min_free_kbytes = Math.max(
		128,
		Math.min(new_min_free_kbytes, 262144),
	);
}

export function init_per_zone_wmark_min(): void {
	calculate_min_free_kbytes();
	setup_per_zone_wmarks();
	if (CONFIG_HIGHMEM) setup_per_zone_lowmem_reserve();
}

/** Is the page free, and in the buddy lists? Takes zone->lock. */
export function is_free_buddy_page(page: page): boolean {
	const zone = page_zone(page);
	const pfn = page_to_pfn(page);
	const flags = spin_lock_irqsave(zone.lock);
	let order: number;

	for (order = 0; order < MAX_ORDER; order++) {
		const page_head: page = ptr_add<page>(page, -(pfn & ((1 << order) - 1)));

		if (PageBuddy(page_head) && buddy_order(page_head) >= order)
			break;
	}
	spin_unlock_irqrestore(zone.lock, flags);
	return order < MAX_ORDER;
}
