// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/page-flags.h (5.17): the bits of page.flags, the page
 * types, and their accessors. Left out: folios and compound pages (every page
 * is its own head), swap cache, huge pages, KSM, hwpoison, idle and young.
 *
 * page.flags is shared by everybody who has a reference: SetPageX() and
 * ClearPageX() are atomic. The variants with two underscores are plain; they
 * are for a page that nobody else can see yet, or any more.
 */
import type { page } from "linux/mm_types.ts";
import { smp_rmb, smp_wmb } from "host/door.ts";

/* Bit numbers. */
export const PG_locked = 0; /* I/O or a fault is at work; the page lock */
export const PG_referenced = 1;
export const PG_uptodate = 2; /* the contents are valid */
export const PG_dirty = 3;
export const PG_lru = 4;
export const PG_active = 5;
export const PG_workingset = 6;
export const PG_waiters = 7; /* somebody may be waiting for PG_locked */
export const PG_error = 8;
export const PG_slab = 9; /* belongs to a slab cache */
export const PG_owner_priv_1 = 10;
export const PG_arch_1 = 11;
export const PG_reserved = 12; /* kernel image, mem_map, zero page */
export const PG_private = 13;
export const PG_private_2 = 14;
export const PG_writeback = 15;
export const PG_head = 16;
export const PG_mappedtodisk = 17;
export const PG_reclaim = 18; /* written back, it is to go first */
export const PG_readahead = PG_reclaim; /* who comes here reads on */
export const PG_swapbacked = 19; /* anonymous or shmem */
export const PG_unevictable = 20;
export const PG_mlocked = 21;
export const __NR_PAGEFLAGS = 22;

export const PAGEFLAGS_MASK = (1 << __NR_PAGEFLAGS) - 1;

/** None of these may be set when a page is freed: it is still in use then. */
export const PAGE_FLAGS_CHECK_AT_FREE =
	(1 << PG_lru) |
	(1 << PG_locked) |
	(1 << PG_private) |
	(1 << PG_private_2) |
	(1 << PG_writeback) |
	(1 << PG_reserved) |
	(1 << PG_slab) |
	(1 << PG_active) |
	(1 << PG_unevictable) |
	(1 << PG_mlocked);

/** None at all may be set when a page is handed out. */
export const PAGE_FLAGS_CHECK_AT_PREP = PAGEFLAGS_MASK;

export function PageLocked(page: page): boolean {
	return (READ_ONCE(page.flags) & (1 << PG_locked)) !== 0;
}

export function __SetPageLocked(page: page): void {
	page.flags |= 1 << PG_locked;
}

export function __ClearPageLocked(page: page): void {
	page.flags &= ~(1 << PG_locked);
}

export function PageReadahead(page: page): boolean {
	return (READ_ONCE(page.flags) & (1 << PG_readahead)) !== 0;
}

export function SetPageReadahead(page: page): void {
	fetch_or(page.flags, 1 << PG_readahead);
}

export function ClearPageReadahead(page: page): void {
	fetch_and(page.flags, ~(1 << PG_readahead));
}

export function PageReclaim(page: page): boolean {
	return (READ_ONCE(page.flags) & (1 << PG_reclaim)) !== 0;
}

export function SetPageReclaim(page: page): void {
	fetch_or(page.flags, 1 << PG_reclaim);
}

export function ClearPageReclaim(page: page): void {
	fetch_and(page.flags, ~(1 << PG_reclaim));
}

export function PageWaiters(page: page): boolean {
	return (READ_ONCE(page.flags) & (1 << PG_waiters)) !== 0;
}

export function SetPageWaiters(page: page): void {
	fetch_or(page.flags, 1 << PG_waiters);
}

export function ClearPageWaiters(page: page): void {
	fetch_and(page.flags, ~(1 << PG_waiters));
}

export function PageError(page: page): boolean {
	return (READ_ONCE(page.flags) & (1 << PG_error)) !== 0;
}

export function SetPageError(page: page): void {
	fetch_or(page.flags, 1 << PG_error);
}

export function ClearPageError(page: page): void {
	fetch_and(page.flags, ~(1 << PG_error));
}

export function PageReferenced(page: page): boolean {
	return (READ_ONCE(page.flags) & (1 << PG_referenced)) !== 0;
}

export function SetPageReferenced(page: page): void {
	fetch_or(page.flags, 1 << PG_referenced);
}

export function ClearPageReferenced(page: page): void {
	fetch_and(page.flags, ~(1 << PG_referenced));
}

export function __SetPageReferenced(page: page): void {
	page.flags |= 1 << PG_referenced;
}

export function TestClearPageReferenced(page: page): boolean {
	const old = fetch_and(page.flags, ~(1 << PG_referenced));

	return (old & (1 << PG_referenced)) !== 0;
}

export function PageDirty(page: page): boolean {
	return (READ_ONCE(page.flags) & (1 << PG_dirty)) !== 0;
}

export function SetPageDirty(page: page): void {
	fetch_or(page.flags, 1 << PG_dirty);
}

export function ClearPageDirty(page: page): void {
	fetch_and(page.flags, ~(1 << PG_dirty));
}

export function TestSetPageDirty(page: page): boolean {
	return (fetch_or(page.flags, 1 << PG_dirty) & (1 << PG_dirty)) !== 0;
}

export function TestClearPageDirty(page: page): boolean {
	const old = fetch_and(page.flags, ~(1 << PG_dirty));

	return (old & (1 << PG_dirty)) !== 0;
}

export function PageLRU(page: page): boolean {
	return (READ_ONCE(page.flags) & (1 << PG_lru)) !== 0;
}

export function SetPageLRU(page: page): void {
	fetch_or(page.flags, 1 << PG_lru);
}

export function ClearPageLRU(page: page): void {
	fetch_and(page.flags, ~(1 << PG_lru));
}

export function __ClearPageLRU(page: page): void {
	page.flags &= ~(1 << PG_lru);
}

export function TestClearPageLRU(page: page): boolean {
	return (fetch_and(page.flags, ~(1 << PG_lru)) & (1 << PG_lru)) !== 0;
}

export function PageActive(page: page): boolean {
	return (READ_ONCE(page.flags) & (1 << PG_active)) !== 0;
}

export function SetPageActive(page: page): void {
	fetch_or(page.flags, 1 << PG_active);
}

export function ClearPageActive(page: page): void {
	fetch_and(page.flags, ~(1 << PG_active));
}

export function __ClearPageActive(page: page): void {
	page.flags &= ~(1 << PG_active);
}

export function TestClearPageActive(page: page): boolean {
	const old = fetch_and(page.flags, ~(1 << PG_active));

	return (old & (1 << PG_active)) !== 0;
}

export function PageWorkingset(page: page): boolean {
	return (READ_ONCE(page.flags) & (1 << PG_workingset)) !== 0;
}

export function SetPageWorkingset(page: page): void {
	fetch_or(page.flags, 1 << PG_workingset);
}

export function ClearPageWorkingset(page: page): void {
	fetch_and(page.flags, ~(1 << PG_workingset));
}

export function TestClearPageWorkingset(page: page): boolean {
	const old = fetch_and(page.flags, ~(1 << PG_workingset));

	return (old & (1 << PG_workingset)) !== 0;
}

export function PageSlab(page: page): boolean {
	return (READ_ONCE(page.flags) & (1 << PG_slab)) !== 0;
}

export function __SetPageSlab(page: page): void {
	page.flags |= 1 << PG_slab;
}

export function __ClearPageSlab(page: page): void {
	page.flags &= ~(1 << PG_slab);
}

export function PageReserved(page: page): boolean {
	return (READ_ONCE(page.flags) & (1 << PG_reserved)) !== 0;
}

export function SetPageReserved(page: page): void {
	fetch_or(page.flags, 1 << PG_reserved);
}

export function ClearPageReserved(page: page): void {
	fetch_and(page.flags, ~(1 << PG_reserved));
}

export function __SetPageReserved(page: page): void {
	page.flags |= 1 << PG_reserved;
}

export function __ClearPageReserved(page: page): void {
	page.flags &= ~(1 << PG_reserved);
}

export function PageSwapBacked(page: page): boolean {
	return (READ_ONCE(page.flags) & (1 << PG_swapbacked)) !== 0;
}

export function SetPageSwapBacked(page: page): void {
	fetch_or(page.flags, 1 << PG_swapbacked);
}

export function ClearPageSwapBacked(page: page): void {
	fetch_and(page.flags, ~(1 << PG_swapbacked));
}

export function __SetPageSwapBacked(page: page): void {
	page.flags |= 1 << PG_swapbacked;
}

export function __ClearPageSwapBacked(page: page): void {
	page.flags &= ~(1 << PG_swapbacked);
}

export function PagePrivate(page: page): boolean {
	return (READ_ONCE(page.flags) & (1 << PG_private)) !== 0;
}

export function SetPagePrivate(page: page): void {
	fetch_or(page.flags, 1 << PG_private);
}

export function ClearPagePrivate(page: page): void {
	fetch_and(page.flags, ~(1 << PG_private));
}

export function PageWriteback(page: page): boolean {
	return (READ_ONCE(page.flags) & (1 << PG_writeback)) !== 0;
}

export function TestSetPageWriteback(page: page): boolean {
	const old = fetch_or(page.flags, 1 << PG_writeback);

	return (old & (1 << PG_writeback)) !== 0;
}

export function TestClearPageWriteback(page: page): boolean {
	const old = fetch_and(page.flags, ~(1 << PG_writeback));

	return (old & (1 << PG_writeback)) !== 0;
}

export function PageUnevictable(page: page): boolean {
	return (READ_ONCE(page.flags) & (1 << PG_unevictable)) !== 0;
}

export function SetPageUnevictable(page: page): void {
	fetch_or(page.flags, 1 << PG_unevictable);
}

export function ClearPageUnevictable(page: page): void {
	fetch_and(page.flags, ~(1 << PG_unevictable));
}

export function __ClearPageUnevictable(page: page): void {
	page.flags &= ~(1 << PG_unevictable);
}

export function TestClearPageUnevictable(page: page): boolean {
	const old = fetch_and(page.flags, ~(1 << PG_unevictable));

	return (old & (1 << PG_unevictable)) !== 0;
}

export function PageMlocked(page: page): boolean {
	return (READ_ONCE(page.flags) & (1 << PG_mlocked)) !== 0;
}

export function SetPageMlocked(page: page): void {
	fetch_or(page.flags, 1 << PG_mlocked);
}

export function ClearPageMlocked(page: page): void {
	fetch_and(page.flags, ~(1 << PG_mlocked));
}

export function __ClearPageMlocked(page: page): void {
	page.flags &= ~(1 << PG_mlocked);
}

export function TestSetPageMlocked(page: page): boolean {
	const old = fetch_or(page.flags, 1 << PG_mlocked);

	return (old & (1 << PG_mlocked)) !== 0;
}

export function TestClearPageMlocked(page: page): boolean {
	const old = fetch_and(page.flags, ~(1 << PG_mlocked));

	return (old & (1 << PG_mlocked)) !== 0;
}

/**
 * Are the contents of the page valid? A true answer orders the caller's reads
 * of the contents after it.
 */
export function PageUptodate(page: page): boolean {
	const ret = (READ_ONCE(page.flags) & (1 << PG_uptodate)) !== 0;
	/* Pairs with the write barrier in SetPageUptodate(). */
	if (ret) smp_rmb();
	return ret;
}

/** As SetPageUptodate(), for a page that nobody else can see yet. */
export function __SetPageUptodate(page: page): void {
	/* Pairs with the read barrier in PageUptodate(). */
	smp_wmb();
	page.flags |= 1 << PG_uptodate;
}

/**
 * Publish the contents: whoever sees the bit, or the PTE that is set later,
 * sees what was written to the page before.
 */
export function SetPageUptodate(page: page): void {
	/* Pairs with the read barrier in PageUptodate(). */
	smp_wmb();
	fetch_or(page.flags, 1 << PG_uptodate);
}

export function ClearPageUptodate(page: page): void {
	fetch_and(page.flags, ~(1 << PG_uptodate));
}

/* ---- page.mapping ---- */

/** Set in page.mapping: the rest is an anon_vma, not an address_space. */
export const PAGE_MAPPING_ANON = 0x1;
export const PAGE_MAPPING_MOVABLE = 0x2;
export const PAGE_MAPPING_FLAGS = PAGE_MAPPING_ANON | PAGE_MAPPING_MOVABLE;

/*
 * These race with page_move_anon_rmap(), which replaces one anon_vma by
 * another: the flags stay the same while the page is in use.
 */
export function PageMappingFlags(page: page): boolean {
	return (data_race(page.mapping) & PAGE_MAPPING_FLAGS) !== 0;
}

export function PageAnon(page: page): boolean {
	return (data_race(page.mapping) & PAGE_MAPPING_ANON) !== 0;
}

/** There is no KSM. */
export function PageKsm(_page: page): boolean {
	return false;
}

/* Without huge pages every page is its own head. */
export function PageCompound(_page: page): boolean {
	return false;
}

export function PageTransCompound(_page: page): boolean {
	return false;
}

export function compound_head(page: page): page {
	return page;
}

/* ---- page types ----
 * A page that can never be mapped into user space uses its _mapcount for a
 * type. The value is negative, so that page_mapped() is false; a type is
 * present when its bit is CLEAR, so that -1 means no type at all.
 */
export const PAGE_TYPE_BASE = 0xf0000000 | 0;
export const PG_buddy = 0x80; /* in the buddy allocator; page.private: order */
export const PG_offline = 0x100;
export const PG_table = 0x200; /* a page table */
export const PG_guard = 0x400;
/** Types reserve this much below -1 against stray decrements. */
export const PAGE_MAPCOUNT_RESERVE = -128;

/* A buddy comes and goes under zone->lock; who looks without it takes a guess. */
export function PageType(page: page, flag: number): boolean {
	return (
		(data_race(page._mapcount.counter) & (PAGE_TYPE_BASE | flag)) ===
		PAGE_TYPE_BASE
	);
}

export function page_has_type(page: page): boolean {
	return data_race(page._mapcount.counter) < PAGE_MAPCOUNT_RESERVE;
}

export function PageBuddy(page: page): boolean {
	return PageType(page, PG_buddy);
}

/** zone->lock is held: only the buddy allocator makes and unmakes buddies. */
export function __SetPageBuddy(page: page): void {
	page._mapcount.counter &= ~PG_buddy;
}

export function __ClearPageBuddy(page: page): void {
	page._mapcount.counter |= PG_buddy;
}

export function PageTable(page: page): boolean {
	return PageType(page, PG_table);
}

export function __SetPageTable(page: page): void {
	page._mapcount.counter &= ~PG_table;
}

export function __ClearPageTable(page: page): void {
	page._mapcount.counter |= PG_table;
}
