// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the page arithmetic of include/linux/mm.h, pfn.h and
 * asm-generic/page.h (5.17): rounding of user addresses to pages.
 * Left out: virt_to_page() and friends, see asm-generic/memory_model.ts.
 *
 * Port: a user address is a double. Bit operators see only its low 32 bits,
 * which is all that an offset inside a page (or inside a power of two up to
 * 2^31) needs; everything above is subtraction and division, which are exact.
 */
import { PAGE_SIZE } from "asm/pgtable_types.ts";

/** addr & ~PAGE_MASK. */
export function offset_in_page(addr: number): number {
	return addr & (PAGE_SIZE - 1);
}

/** addr & PAGE_MASK. */
export function page_align_down(addr: number): number {
	return addr - (addr & (PAGE_SIZE - 1));
}

/** The first page boundary at or after addr. */
export function PAGE_ALIGN(addr: number): number {
	const offset = addr & (PAGE_SIZE - 1);
	return offset === 0 ? addr : addr - offset + PAGE_SIZE;
}

export function PAGE_ALIGNED(addr: number): boolean {
	return (addr & (PAGE_SIZE - 1)) === 0;
}

/** addr >> PAGE_SHIFT, of a page-aligned or any other address. */
export function PHYS_PFN(addr: number): number {
	return (addr - (addr & (PAGE_SIZE - 1))) / PAGE_SIZE;
}

/** pfn << PAGE_SHIFT. */
export function PFN_PHYS(pfn: number): number {
	return pfn * PAGE_SIZE;
}

/** Pages that a byte count needs. */
export function PFN_UP(size: number): number {
	return Math.ceil(size / PAGE_SIZE);
}

/** Rounding to a power of two of at most 2^31; see ALIGN_DOWN in align.h. */
export function align_down(addr: number, size: number): number {
	return addr - ((addr & (size - 1)) >>> 0);
}

/** ALIGN of align.h. */
export function align_up(addr: number, size: number): number {
	return align_down(addr + size - 1, size);
}
