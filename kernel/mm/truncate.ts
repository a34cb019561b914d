// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the part of mm/truncate.c (5.17) that files need which become
 * shorter, or go.
 * Left out: partial pages (truncate_inode_partial_folio() clears what is behind
 * the end; here it is a function of the offset as before), holes
 * (truncate_pagecache_range()), invalidation (invalidate_*()), shadow entries,
 * laundering.
 */
import type { address_space, inode } from "linux/fs.ts";
import { PAGE_ALIGN } from "asm-generic/page.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { cond_resched } from "linux/kernel.ts";
import { rcu_read_lock, rcu_read_unlock } from "linux/rcupdate.ts";
import { VM_BUG_ON_PAGE } from "linux/bug.ts";
import type { page } from "linux/mm_types.ts";
import { PageLocked } from "linux/page-flags.ts";
import { lock_page } from "linux/pagemap.ts";
import { page_mapped, put_page } from "linux/mm.ts";
import { unmap_mapping_folio, unmap_mapping_range } from "mm/memory.ts";
import { delete_from_page_cache, find_get_page, unlock_page } from "mm/filemap.ts";
import { xa_find } from "kernel/lib/xarray.ts";

/** Page is locked, and about to leave the cache: a fault that had looked before
 *  it became too long may have mapped it. Port: without private data, dirty
 *  counts and mappedtodisk. */
function truncate_cleanup_folio(folio: page): void {
	VM_BUG_ON_PAGE(!PageLocked(folio), folio);
	if (page_mapped(folio))
		unmap_mapping_folio(folio);
}

/** Every page from lstart on out of the cache. Who maps a private copy keeps
 *  it. Called without locks that come after that of a page. */
export function truncate_inode_pages(
	mapping: address_space, lstart: number,
): void {
	let index = Math.ceil(lstart / PAGE_SIZE);

	for (;;) {
		rcu_read_lock();
		index = xa_find(mapping, index, 2 ** 42);
		rcu_read_unlock();
		if (index < 0) return;
		const page = find_get_page(mapping, index);
		if (page !== NULL) {
			lock_page(page);
			if (page.mapping === uptr(mapping)) {
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

export function truncate_inode_pages_final(mapping: address_space): void {
	truncate_inode_pages(mapping, 0);
}
