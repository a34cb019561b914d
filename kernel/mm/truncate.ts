// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the part of mm/truncate.c (5.17) that files need which become
 * shorter, get holes, or go.
 * Left out: invalidation of pages that are in use (invalidate_inode_pages2()),
 * shadow entries, laundering.
 */
import { i_size_write, type address_space, type inode } from "linux/fs.ts";
import { zero_user_segment } from "linux/highmem.ts";
import { PAGE_ALIGN, page_align_down } from "asm-generic/page.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { cond_resched } from "linux/kernel.ts";
import { rcu_read_lock, rcu_read_unlock } from "linux/rcupdate.ts";
import { VM_BUG_ON_PAGE } from "linux/bug.ts";
import type { page } from "linux/mm_types.ts";
import { PageDirty, PageLocked, PageWriteback } from "linux/page-flags.ts";
import { lock_page, trylock_page } from "linux/pagemap.ts";
import { page_mapped, put_page } from "linux/mm.ts";
import { unmap_mapping_folio, unmap_mapping_range } from "mm/memory.ts";
import {
	delete_from_page_cache, find_get_page, find_lock_page, unlock_page,
	wait_on_page_writeback,
} from "mm/filemap.ts";
import { remove_mapping } from "mm/vmscan.ts";
import { xa_find } from "kernel/lib/xarray.ts";

/** Page is locked, and about to leave the cache: a fault that had looked before
 *  it became too long may have mapped it. Port: without private data, dirty
 *  counts and mappedtodisk. */
function truncate_cleanup_folio(folio: page): void {
	VM_BUG_ON_PAGE(!PageLocked(folio), folio);
	if (page_mapped(folio))
		unmap_mapping_folio(folio);
}

/** A locked page leaves the cache if it is clean and nobody uses it. */
function invalidate_inode_page(mapping: address_space, page: page): boolean {
	if (page.mapping !== uptr(mapping)) return false;
	if (PageDirty(page) || PageWriteback(page)) return false;
	if (page_mapped(page)) return false;
	return remove_mapping(mapping, page);
}

/** The part of a locked page that lies in [start, end] becomes zeroes; a page
 *  that does as a whole is the caller's to take out. */
function truncate_inode_partial_folio(
	folio: page, start: number, end: number,
): void {
	const pos = folio.index * PAGE_SIZE;
	const from = Math.max(0, start - pos);
	const to = end === -1 ? PAGE_SIZE : Math.min(PAGE_SIZE, end + 1 - pos);

	wait_on_page_writeback(folio);
	zero_user_segment(folio, from, to);
}

/** The page at index, if it is in the cache. */
function truncate_partial_page(
	mapping: address_space, index: number, lstart: number, lend: number,
): void {
	const folio = find_lock_page(mapping, index);

	if (folio === NULL) return;
	truncate_inode_partial_folio(folio, lstart, lend);
	unlock_page(folio);
	put_page(folio);
}

/**
 * Every page of [lstart, lend] out of the cache; of those that are in it in
 * part, this part becomes zeroes. lend -1 is the end of all files. Who maps a
 * private copy keeps it. Called without locks that come after that of a page.
 */
export function truncate_inode_pages_range(
	mapping: address_space, lstart: number, lend: number,
): void {
	const end = lend === -1 ? 2 ** 42 + 1 :
		Math.floor((lend + 1) / PAGE_SIZE);
	const first = Math.floor(lstart / PAGE_SIZE);
	let index = Math.ceil(lstart / PAGE_SIZE);

	if (lstart % PAGE_SIZE !== 0)
		truncate_partial_page(mapping, first, lstart, lend);
	if ((lend + 1) % PAGE_SIZE !== 0 &&
	    (end !== first || lstart % PAGE_SIZE === 0))
		truncate_partial_page(mapping, end, lstart, lend);
	while (index < end) {
		rcu_read_lock();
		index = xa_find(mapping, index, end - 1);
		rcu_read_unlock();
		if (index < 0) return;
		const page = find_get_page(mapping, index);
		if (page !== NULL) {
			lock_page(page);
			if (page.mapping === uptr(mapping)) {
				wait_on_page_writeback(page);
				truncate_cleanup_folio(page);
				delete_from_page_cache(page);
			}
			unlock_page(page);
			put_page(page);
		}
		index++;
		cond_resched();
	}
}

/** The same up to the end of all files. */
export function truncate_inode_pages(
	mapping: address_space, lstart: number,
): void {
	truncate_inode_pages_range(mapping, lstart, -1);
}

/** Before the inode goes. */
export function truncate_inode_pages_final(mapping: address_space): void {
	truncate_inode_pages(mapping, 0);
}

/**
 * Those pages from start to end out of the cache that can be had again, and
 * that nobody uses: none that is locked, dirty, being written, or mapped.
 * Returns how many. No lock is held, and none is waited for.
 */
export function invalidate_mapping_pages(
	mapping: address_space, start: number, end: number,
): number {
	let count = 0;
	let index = start;

	for (;;) {
		rcu_read_lock();
		index = xa_find(mapping, index, end);
		rcu_read_unlock();
		if (index < 0) return count;
		const page = find_get_page(mapping, index);
		if (page !== NULL) {
			if (trylock_page(page)) {
				if (invalidate_inode_page(mapping, page))
					count++;
				unlock_page(page);
			}
			put_page(page);
		}
		index++;
		cond_resched();
	}
}

/**
 * The file ends at newsize from now on: what is mapped behind it goes, private
 * copies as well. i_size was set before: a fault that found the old one has its
 * page locked until it is mapped, so that whoever comes too late for the first
 * unmapping is met page by page, and with a private copy by the second.
 * Called without locks, in process context: it may sleep for a page.
 */
export function truncate_pagecache(inode: inode, newsize: number): void {
	const mapping = inode.i_data;
	const holebegin = PAGE_ALIGN(newsize);

	unmap_mapping_range(mapping, holebegin, 0, true);
	truncate_inode_pages(mapping, newsize);
	unmap_mapping_range(mapping, holebegin, 0, true);
}

/** The file is newsize bytes long from now on. i_rwsem is held for writing.
 *  Port: where it grows nothing has to be done, as a block is a page
 *  (pagecache_isize_extended()). */
export function truncate_setsize(inode: inode, newsize: number): void {
	const oldsize = inode.i_size;

	i_size_write(inode, newsize);
	if (newsize < oldsize) truncate_pagecache(inode, newsize);
}

/**
 * Before a hole is made of the bytes lstart to lend: whole pages are unmapped,
 * but private copies stay, and leave the cache; the rest becomes zeroes. i_rwsem
 * is held for writing.
 */
export function truncate_pagecache_range(
	inode: inode, lstart: number, lend: number,
): void {
	const mapping = inode.i_data;
	const unmap_start = PAGE_ALIGN(lstart);
	const unmap_end = page_align_down(lend + 1) - 1;

	/* One that is mapped anew is met under its lock. */
	if (unmap_end > unmap_start)
		unmap_mapping_range(mapping, unmap_start,
			1 + unmap_end - unmap_start, false);
	truncate_inode_pages_range(mapping, lstart, lend);
}
