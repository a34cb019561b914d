// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/asm-generic/memory_model.h (5.17) for FLATMEM, with the
 * address helpers of linux/mm.h and asm/page.h that go with it: frame number,
 * struct page and address of a page, each from each.
 * Port: RAM starts at 0 and is mapped one to one, so __va() and __pa() are the
 * identity. mem_map, which the kernel defines in mm/memory.c, is here.
 */
import { CONFIG_DEBUG_VM } from "generated/autoconf.ts";
import type { page } from "linux/mm_types.ts";
import { PAGE_SHIFT, PAGE_SIZE } from "asm/pgtable_types.ts";
import { BUG_ON } from "linux/bug.ts";

export interface mem_map_data extends struct {
	mem_map: page; /* struct page of frame 0; constant after boot */
	max_mapnr: int; /* frames in mem_map; constant after boot */
}
/** The one array of struct page, set up by free_area_init(). */
export const flatmem = DEFINE<mem_map_data>();

export function pfn_valid(pfn: number): boolean {
	return pfn >= 0 && pfn < flatmem.max_mapnr;
}

export function pfn_to_page(pfn: number): page {
	if (CONFIG_DEBUG_VM) BUG_ON(!pfn_valid(pfn), "pfn_to_page: no such frame");
	return ptr_add<page>(flatmem.mem_map, pfn);
}

export function page_to_pfn(page: page): number {
	return ptr_diff<page>(page, flatmem.mem_map);
}

/** The kernel's address of the page; also its physical address. */
export function page_address(page: page): number {
	return page_to_pfn(page) * PAGE_SIZE;
}

export function page_to_virt(page: page): number {
	return page_address(page);
}

export function page_to_phys(page: page): number {
	return page_address(page);
}

export function virt_to_pfn(addr: struct | number): number {
	return (addr as number) >>> PAGE_SHIFT;
}

/** The struct page of the frame that an address of RAM lies in. */
export function virt_to_page(addr: struct | number): page {
	return pfn_to_page(virt_to_pfn(addr));
}

export function __pa(addr: struct | number): number {
	return addr as number;
}

export function __va(paddr: number): number {
	return paddr;
}
