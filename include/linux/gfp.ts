// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/gfp.h (5.17): the flags that say what an allocation may
 * do to get its pages, and the inline ways into mm/page_alloc.ts.
 * Left out: migrate types, zone tables, nodes, reclaim hooks, CMA, the
 * bulk allocator. Of the zone modifiers __GFP_HIGHMEM means something.
 */
import { CONFIG_HIGHMEM, CONFIG_NUMA } from "generated/autoconf.ts";
import type { page, vm_area_struct } from "linux/mm_types.ts";
import { ZONE_HIGHMEM, ZONE_NORMAL } from "linux/mmzone.ts";
import { alloc_pages_vma } from "mm/mempolicy.ts";
import {
	__alloc_pages,
	__free_pages,
	__get_free_pages,
	free_pages,
} from "mm/page_alloc.ts";

/* What C declares here with `extern`. */
export {
	__alloc_pages,
	__free_pages,
	__get_free_pages,
	drain_all_pages,
	drain_local_pages,
	free_pages,
	get_zeroed_page,
} from "mm/page_alloc.ts";

export type gfp_t = number;

/* Zone modifiers. */
export const __GFP_DMA = 0x01; /* no effect */
/** The caller needs no pointer to the page. */
export const __GFP_HIGHMEM = 0x02;
export const __GFP_DMA32 = 0x04; /* no effect */
/* Mobility hints: no effect with one migrate type. */
export const __GFP_MOVABLE = 0x08;
export const __GFP_RECLAIMABLE = 0x10;
/** The caller is important: it may dip below the min watermark. */
export const __GFP_HIGH = 0x20;
export const __GFP_IO = 0x40;
export const __GFP_FS = 0x80;
/** The pages are returned zeroed. */
export const __GFP_ZERO = 0x100;
/** The caller cannot sleep and may use a part of the reserve. */
export const __GFP_ATOMIC = 0x200;
/** The caller may sleep in direct reclaim. */
export const __GFP_DIRECT_RECLAIM = 0x400;
export const __GFP_KSWAPD_RECLAIM = 0x800;
export const __GFP_WRITE = 0x1000;
/** No report when the allocation fails. */
export const __GFP_NOWARN = 0x2000;
export const __GFP_RETRY_MAYFAIL = 0x4000;
/** The allocation must not fail; here it panics rather than loop for ever. */
export const __GFP_NOFAIL = 0x8000;
/** Give up early: no OOM killer. */
export const __GFP_NORETRY = 0x10000;
/** No watermark applies: the caller frees more than it takes. */
export const __GFP_MEMALLOC = 0x20000;
export const __GFP_COMP = 0x40000;
/** The reserve is off limits, whatever the context. */
export const __GFP_NOMEMALLOC = 0x80000;
export const __GFP_HARDWALL = 0x100000;
export const __GFP_THISNODE = 0x200000;
export const __GFP_ACCOUNT = 0x400000;
export const __GFP_ZEROTAGS = 0x800000;
export const __GFP_SKIP_KASAN_POISON = 0x1000000;
export const __GFP_NOLOCKDEP = 0x2000000;
export const __GFP_BITS_SHIFT = 26;
export const __GFP_BITS_MASK = (1 << __GFP_BITS_SHIFT) - 1;

export const __GFP_RECLAIM = __GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM;

/* Combinations that callers use. */
export const GFP_ATOMIC = __GFP_HIGH | __GFP_ATOMIC | __GFP_KSWAPD_RECLAIM;
export const GFP_KERNEL = __GFP_RECLAIM | __GFP_IO | __GFP_FS;
export const GFP_KERNEL_ACCOUNT = GFP_KERNEL | __GFP_ACCOUNT;
export const GFP_NOWAIT = __GFP_KSWAPD_RECLAIM;
export const GFP_NOIO = __GFP_RECLAIM;
export const GFP_NOFS = __GFP_RECLAIM | __GFP_IO;
export const GFP_USER = __GFP_RECLAIM | __GFP_IO | __GFP_FS | __GFP_HARDWALL;
export const GFP_HIGHUSER = GFP_USER | __GFP_HIGHMEM;
export const GFP_HIGHUSER_MOVABLE =
	GFP_HIGHUSER | __GFP_MOVABLE | __GFP_SKIP_KASAN_POISON;

/** May the allocation sleep? */
export function gfpflags_allow_blocking(gfp_flags: gfp_t): boolean {
	return (gfp_flags & __GFP_DIRECT_RECLAIM) !== 0;
}

/** Index of the highest zone that pages may come from. */
export function gfp_zone(flags: gfp_t): number {
	return CONFIG_HIGHMEM && (flags & __GFP_HIGHMEM) !== 0
		? ZONE_HIGHMEM : ZONE_NORMAL;
}

export function alloc_pages(gfp_mask: gfp_t, order: number): page {
	return __alloc_pages(gfp_mask, order);
}

/** A page for addr of vma, from where its policy says. mmap_lock is held, or
 *  vma is a speculative fault's copy of one that has none. */
export function alloc_page_vma(
	gfp_mask: gfp_t, vma: vm_area_struct, addr: number,
): page {
	if (CONFIG_NUMA)
		return alloc_pages_vma(gfp_mask, 0, vma, addr);
	return __alloc_pages(gfp_mask, 0);
}

export function alloc_page(gfp_mask: gfp_t): page {
	return __alloc_pages(gfp_mask, 0);
}

/** The address of one page, or 0. */
export function __get_free_page(gfp_mask: gfp_t): number {
	return __get_free_pages(gfp_mask, 0);
}

export function __free_page(page: page): void {
	__free_pages(page, 0);
}

export function free_page(addr: number): void {
	free_pages(addr, 0);
}
