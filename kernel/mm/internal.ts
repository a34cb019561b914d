// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/internal.h (5.17) as far as the page allocator shares things with
 * the rest of mm: buddy arithmetic, allocation flags.
 * Left out: what belongs to reclaim, compaction, memory hotplug and readahead.
 */
import { BUG_ON, VM_BUG_ON_PAGE } from "linux/bug.ts";
import type { page } from "linux/mm_types.ts";
import { PageBuddy } from "linux/page-flags.ts";
import { page_ref_count, set_page_count } from "linux/page_ref.ts";
import { CONFIG_DEBUG_VM } from "generated/autoconf.ts";

/** From free to used: the count of a page nobody refers to becomes 1. */
export function set_page_refcounted(page: page): void {
	if (CONFIG_DEBUG_VM)
		VM_BUG_ON_PAGE(page_ref_count(page) !== 0, page);
	set_page_count(page, 1);
}

/** Order of a free block, from its first page. zone->lock is held. */
export function buddy_order(page: page): number {
	if (CONFIG_DEBUG_VM)
		BUG_ON(!PageBuddy(page), "buddy_order: not a buddy");
	return page.private;
}

/**
 * The block that a block of this order was split from has two halves, whose
 * frame numbers differ in bit `order` alone.
 */
export function __find_buddy_pfn(page_pfn: number, order: number): number {
	return page_pfn ^ (1 << order);
}

/* What an allocation may do; the low bits are the index of its watermark. */
export const ALLOC_WMARK_MIN = 0;
export const ALLOC_WMARK_LOW = 1;
export const ALLOC_WMARK_HIGH = 2;
export const ALLOC_WMARK_MASK = 0x03;
/** Do not look at watermarks at all. */
export const ALLOC_NO_WATERMARKS = 0x04;
/** The caller is being killed for memory: half of the reserve is its. */
export const ALLOC_OOM = 0x08;
/** Try harder: a quarter of the reserve. */
export const ALLOC_HARDER = 0x10;
/** __GFP_HIGH: half of the reserve. */
export const ALLOC_HIGH = 0x20;
