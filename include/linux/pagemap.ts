// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/pagemap.h (5.17): offsets into files, the page lock,
 * entries of the page cache. Left out: folios (one page each here), readahead
 * control, dirty and private state.
 */
import type { page, vm_area_struct } from "linux/mm_types.ts";
import type { address_space, inode } from "linux/fs.ts";
import { GFP_HIGHUSER_MOVABLE } from "linux/gfp.ts";
import { PG_locked, PageLocked } from "linux/page-flags.ts";
import { might_sleep } from "linux/kernel.ts";
import { page_align_down } from "asm-generic/page.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { __lock_page, __lock_page_killable } from "mm/filemap.ts";

export { find_get_page, find_lock_page, unlock_page } from "mm/filemap.ts";

export function mapping_gfp_mask(_mapping: address_space): number {
	return GFP_HIGHUSER_MOVABLE;
}

/** The offset of address in the file (or the anonymous space) of vma. */
export function linear_page_index(
	vma: vm_area_struct, address: number,
): number {
	return (page_align_down(address) - vma.vm_start) / PAGE_SIZE +
		vma.vm_pgoff;
}

/** A double does not tear; the size only grows. */
export function i_size_read(inode: inode): number {
	return data_race(inode.i_size);
}

/** Never sleeps, never spins. Acquires: pairs with unlock_page(). */
export function trylock_page(page: page): boolean {
	return (fetch_or(page.flags, 1 << PG_locked) & (1 << PG_locked)) === 0;
}

/** Sleeps until the page is ours. */
export function lock_page(page: page): void {
	might_sleep();
	if (!trylock_page(page)) __lock_page(page);
}

/** 0, or -EINTR if the task was killed first. */
export function lock_page_killable(page: page): number {
	might_sleep();
	return trylock_page(page) ? 0 : __lock_page_killable(page);
}

export function page_is_locked(page: page): boolean {
	return PageLocked(page);
}
