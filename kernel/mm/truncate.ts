// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the part of mm/truncate.c (5.17) that an inode's end needs.
 * Left out: partial truncation (truncate_inode_partial_folio(),
 * truncate_pagecache(), truncate_setsize() and their like), invalidation
 * (invalidate_*()), shadow entries, laundering. A file does not
 * shrink while it lives, so nothing mapped is ever truncated.
 */
import type { address_space } from "linux/fs.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { cond_resched } from "linux/kernel.ts";
import { rcu_read_lock, rcu_read_unlock } from "linux/rcupdate.ts";
import { lock_page } from "linux/pagemap.ts";
import { put_page } from "linux/mm.ts";
import { delete_from_page_cache, find_get_page, unlock_page } from "mm/filemap.ts";
import { xa_find } from "kernel/lib/xarray.ts";

/** Every page out of the cache. Nobody maps the file or has it open. */
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
			if (page.mapping === uptr(mapping))
				delete_from_page_cache(page);
			unlock_page(page);
			put_page(page);
		}
		index++;
		cond_resched();
	}
}

export function truncate_inode_pages_final(mapping: address_space): void {
	truncate_inode_pages(mapping, 0);
}
