// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/highmem.h (5.17): pages of user memory, cleared and
 * copied. All of RAM is mapped, so there is nothing to kmap.
 */
import type { page, vm_area_struct } from "linux/mm_types.ts";
import { __GFP_ZERO, alloc_page_vma, GFP_HIGHUSER_MOVABLE } from "linux/gfp.ts";
import { page_address } from "asm-generic/memory_model.ts";
import { clear_page, copy_page, memset } from "host/door.ts";

export function clear_user_highpage(page: page, _vaddr: number): void {
	clear_page(page_address(page));
}

/** A zeroed page for vaddr of vma, or NULL. */
export function alloc_zeroed_user_highpage_movable(
	vma: vm_area_struct, vaddr: number,
): page {
	return alloc_page_vma(GFP_HIGHUSER_MOVABLE | __GFP_ZERO, vma, vaddr);
}

/** The source may be written by other CPUs meanwhile: the copy then is some
 *  mixture, as it is with a real copy loop. */
export function copy_user_highpage(
	to: page, from: page, _vaddr: number, _vma: vm_area_struct,
): void {
	copy_page(page_address(to), page_address(from));
}

/** Bytes start to end - 1 of the page become zeroes. */
export function zero_user_segment(
	page: page, start: number, end: number,
): void {
	memset(page_address(page) + start, 0, end - start);
}
