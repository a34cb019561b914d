// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/mm_inline.h (5.17): the lists of an lruvec.
 * Left out: lists of anonymous and of unevictable pages, names of anonymous
 * mappings (mm/madvise.ts), pending TLB flushes (linux/mm_types.ts).
 */
import { CONFIG_HIGHMEM } from "generated/autoconf.ts";
import type { page } from "linux/mm_types.ts";
import {
	LRU_ACTIVE_FILE, LRU_INACTIVE_FILE, type lruvec, NR_LRU_BASE, type zone,
} from "linux/mmzone.ts";
import { VM_BUG_ON_PAGE } from "linux/bug.ts";
import { list_add, list_add_tail, list_del } from "linux/list.ts";
import {
	__ClearPageActive, __ClearPageLRU, PageActive, PageLRU, PageSwapBacked,
} from "linux/page-flags.ts";
import { __mod_lruvec_page_state } from "linux/vmstat.ts";
import { page_zone } from "mm/page_alloc.ts";

/** May the page be had again from a file? */
export function page_is_file_lru(page: page): boolean {
	return !PageSwapBacked(page);
}

/** lru_lock is held. Port: the size is counted as for a memory cgroup. */
function update_lru_size(
	lruvec: lruvec, page: page, lru: number, nr_pages: number,
): void {
	WRITE_ONCE(lruvec.lru_size[lru], lruvec.lru_size[lru] + nr_pages);
	if (CONFIG_HIGHMEM) {
		/* __mod_zone_page_state(zone, NR_ZONE_LRU_BASE + lru, …) */
		const zone: zone = page_zone(page);

		WRITE_ONCE(zone.nr_lru_pages[lru],
			zone.nr_lru_pages[lru] + nr_pages);
	}
	__mod_lruvec_page_state(page, NR_LRU_BASE + lru, nr_pages);
}

/** The page is free, or about to be: off the lists, which the caller does. */
export function __clear_page_lru_flags(page: page): void {
	VM_BUG_ON_PAGE(!PageLRU(page), page);
	__ClearPageLRU(page);
	__ClearPageActive(page);
}

/** Which list is the page's? */
function page_lru(page: page): number {
	return PageActive(page) ? LRU_ACTIVE_FILE : LRU_INACTIVE_FILE;
}

/** lru_lock is held, for these three. */
export function add_page_to_lru_list(page: page, lruvec: lruvec): void {
	const lru = page_lru(page);

	update_lru_size(lruvec, page, lru, 1);
	list_add(page.lru, lruvec.lists[lru]);
}

/** As the next one that reclaim finds. */
export function add_page_to_lru_list_tail(page: page, lruvec: lruvec): void {
	const lru = page_lru(page);

	update_lru_size(lruvec, page, lru, 1);
	list_add_tail(page.lru, lruvec.lists[lru]);
}

export function del_page_from_lru_list(page: page, lruvec: lruvec): void {
	list_del(page.lru);
	update_lru_size(lruvec, page, page_lru(page), -1);
}

/** The same for a page that goes to the caller's list. */
export function lru_size_dec(lruvec: lruvec, page: page): void {
	update_lru_size(lruvec, page, page_lru(page), -1);
}
