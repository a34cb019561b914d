// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/pagemap.h (5.17): offsets into files, the page lock,
 * entries of the page cache, requests to read ahead. Left out: folios (one page
 * each here), dirty and private state.
 */
import type { page, vm_area_struct } from "linux/mm_types.ts";
import type {
	address_space, file, file_ra_state, inode,
} from "linux/fs.ts";
import {
	__GFP_NORETRY, __GFP_NOWARN, GFP_HIGHUSER_MOVABLE,
} from "linux/gfp.ts";
import { rcu_read_lock, rcu_read_unlock } from "linux/rcupdate.ts";
import { PG_locked, PageLocked } from "linux/page-flags.ts";
import { VM_BUG_ON_PAGE } from "linux/bug.ts";
import { might_sleep } from "linux/kernel.ts";
import { page_align_down } from "asm-generic/page.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { xa_load } from "kernel/lib/xarray.ts";
import { __lock_page, __lock_page_killable } from "mm/filemap.ts";
import { page_cache_async_ra, page_cache_sync_ra } from "mm/readahead.ts";

export { find_get_page, find_lock_page, unlock_page } from "mm/filemap.ts";

export function mapping_gfp_mask(_mapping: address_space): number {
	return GFP_HIGHUSER_MOVABLE;
}

/** Nobody waits for what is read ahead: memory is not worth much trouble. */
export function readahead_gfp_mask(mapping: address_space): number {
	return mapping_gfp_mask(mapping) | __GFP_NORETRY | __GFP_NOWARN;
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

/** A request to read ahead, of pages one after the other. On the stack of who
 *  makes it. */
export interface readahead_control {
	file: file; /* NULL: of no open file */
	mapping: address_space;
	ra: file_ra_state;
	_index: number; /* of the first page */
	_nr_pages: number; /* so many are in the cache, locked */
}

export function DEFINE_READAHEAD(
	file: file, ra: file_ra_state, mapping: address_space, index: number,
): readahead_control {
	return { file, mapping, ra, _index: index, _nr_pages: 0 };
}

export function readahead_index(rac: readahead_control): number {
	return rac._index;
}

/** The request's next page, with the reference of whoever has put it in, which
 *  is the caller's now; it is locked. NULL: there are no more. Port: counted
 *  off at once, as batches are not left half done. */
export function readahead_page(rac: readahead_control): page {
	if (rac._nr_pages === 0) return NULL;
	rcu_read_lock();
	const page = cast<page>(xa_load(rac.mapping, rac._index));
	rcu_read_unlock();
	VM_BUG_ON_PAGE(!PageLocked(page), page);
	rac._nr_pages--;
	rac._index++;
	return page;
}

/** The page at index is not there, of req_count that are wanted from it on. */
export function page_cache_sync_readahead(
	mapping: address_space, ra: file_ra_state, file: file, index: number,
	req_count: number,
): void {
	page_cache_sync_ra(DEFINE_READAHEAD(file, ra, mapping, index),
		req_count);
}

/** The page at index is marked, and req_count are wanted from it on. */
export function page_cache_async_readahead(
	mapping: address_space, ra: file_ra_state, file: file, page: page,
	index: number, req_count: number,
): void {
	page_cache_async_ra(DEFINE_READAHEAD(file, ra, mapping, index), page,
		req_count);
}
