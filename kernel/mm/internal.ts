// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/internal.h (5.17): what the files of mm/ share among themselves.
 * Here: vmas by kind, where a vma maps a page, buddy arithmetic, allocation
 * flags.
 * Left out: folios and readahead, reclaim and its throttling, page isolation,
 * compaction (compact_control, pageblock_pfn_to_page()), page migration and
 * munlock of single pages, mem_map across sections, mminit checks, NUMA
 * reclaim, batched unmapping, vmap. unmap_mapping_folio() is with its like in
 * mm/memory.ts.
 */
import { EFAULT } from "linux/errno.ts";
import { BUG_ON, VM_BUG_ON_PAGE } from "linux/bug.ts";
import { type file, get_file } from "linux/fs.ts";
import {
	fault_flag_allow_retry_first, FAULT_FLAG_RETRY_NOWAIT, VM_EXEC,
	VM_HUGETLB, VM_IO, VM_LOCKED, VM_PFNMAP, VM_SHARED, VM_STACK, VM_WRITE,
} from "linux/mm.ts";
import type { page, vm_area_struct, vm_fault } from "linux/mm_types.ts";
import { mmap_read_unlock } from "linux/mmap_lock.ts";
import { PageBuddy, PageKsm } from "linux/page-flags.ts";
import { page_ref_count, set_page_count } from "linux/page_ref.ts";
import { CONFIG_DEBUG_VM } from "generated/autoconf.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { munlock_vma_pages_range } from "mm/mlock.ts";

/** Locked pages, bare frames and huge pages are not on the lists of reclaim. */
export function can_madv_lru_vma(vma: vm_area_struct): boolean {
	return (vma.vm_flags &
		(VM_LOCKED | VM_PFNMAP | VM_IO | VM_HUGETLB)) === 0;
}

/** From free to used: the count of a page nobody refers to becomes 1. */
export function set_page_refcounted(page: page): void {
	if (CONFIG_DEBUG_VM)
		VM_BUG_ON_PAGE(page_ref_count(page) !== 0, page);
	set_page_count(page, 1);
}

/**
 * The block that a block of this order was split from has two halves, whose
 * frame numbers differ in bit `order` alone.
 */
export function __find_buddy_pfn(page_pfn: number, order: number): number {
	return page_pfn ^ (1 << order);
}

/** Order of a free block, from its first page. zone->lock is held. */
export function buddy_order(page: page): number {
	if (CONFIG_DEBUG_VM)
		BUG_ON(!PageBuddy(page), "buddy_order: not a buddy");
	return page.private;
}

/* To which of the mm's counters does a vma with these flags belong? */

export function is_exec_mapping(flags: number): boolean {
	return (flags & (VM_EXEC | VM_WRITE | VM_STACK)) === VM_EXEC;
}

export function is_stack_mapping(flags: number): boolean {
	return (flags & VM_STACK) === VM_STACK;
}

export function is_data_mapping(flags: number): boolean {
	return (flags & (VM_WRITE | VM_SHARED | VM_STACK)) === VM_WRITE;
}

/** All of the vma may go from memory again. mmap_lock is held for writing, or
 *  the mm has no user left. */
export function munlock_vma_pages_all(vma: vm_area_struct): void {
	munlock_vma_pages_range(vma, vma.vm_start, vma.vm_end);
}

/**
 * Where the vma maps the page, by the page's index, or -EFAULT if that is
 * beyond it. Whether the page is there is for the page table to say. Called
 * with the lock of the interval tree that the vma was found in: it keeps the
 * bounds. Port: without compound pages, which may begin before the vma does.
 */
export function vma_address(page: page, vma: vm_area_struct): number {
	/* The index of such a page is that of nobody's mapping. */
	VM_BUG_ON_PAGE(PageKsm(page), page);
	if (page.index < vma.vm_pgoff)
		return -EFAULT;

	const address = vma.vm_start + (page.index - vma.vm_pgoff) * PAGE_SIZE;

	return address >= vma.vm_end ? -EFAULT : address;
}

/**
 * Out of the way of writers while a fault waits: drop mmap_lock, if the fault
 * may be tried again and nobody asked not to wait. We enter with it held for
 * reading. Returns the file, with a reference in place of the vma's, and
 * mmap_lock released; or NULL, and it is still held. fpin, if not NULL, says
 * that this was done before.
 */
export function maybe_unlock_mmap_for_io(vmf: vm_fault, fpin: file): file {
	if (fpin !== NULL)
		return fpin;
	if (fault_flag_allow_retry_first(vmf.flags) &&
	    (vmf.flags & FAULT_FLAG_RETRY_NOWAIT) === 0) {
		fpin = get_file(vmf.vma.vm_file);
		mmap_read_unlock(vmf.vma.vm_mm);
	}
	return fpin;
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
