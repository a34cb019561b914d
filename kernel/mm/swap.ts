// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/swap.c, and free_page_and_swap_cache() of mm/swap_state.c (5.17):
 * the end of a page, and how lately it was used.
 * Port: only pages of files are on the lists, and with PAGE_RECLAIM alone:
 * there is no swap. A page goes there at once, not by way of a vector of its
 * CPU, so that there is nothing to be drained. The entrances remain, so that
 * callers read as they do in the kernel.
 * Left out: what there is of vectors, deactivate_page() and its like, compound
 * pages, release_pages() in batches, device pages.
 */
import { CONFIG_MEMCG, CONFIG_PAGE_RECLAIM } from "generated/autoconf.ts";
import type { page, vm_area_struct } from "linux/mm_types.ts";
import { VM_BUG_ON_PAGE } from "linux/bug.ts";
import { mem_cgroup_uncharge } from "linux/memcontrol.ts";
import { put_page } from "linux/mm.ts";
import {
	__clear_page_lru_flags, add_page_to_lru_list, add_page_to_lru_list_tail,
	del_page_from_lru_list, page_is_file_lru,
} from "linux/mm_inline.ts";
import {
	ClearPageActive, ClearPageReferenced, PageActive, PageDirty,
	PageLocked, PageLRU, PageReferenced, SetPageActive, SetPageLRU,
	SetPageReferenced, TestClearPageLRU,
} from "linux/page-flags.ts";
import { spin_lock_irqsave, spin_unlock_irqrestore } from "linux/spinlock.ts";
import { count_vm_event } from "linux/vm_event.ts";
import { PGACTIVATE, PGROTATED } from "linux/vm_event_item.ts";
import { page_pgdat } from "linux/vmstat.ts";
import { free_unref_page } from "mm/page_alloc.ts";

/** Nobody has a reference, so that nobody else takes the page off its list:
 *  isolate_lru_pages() takes one first. */
function __page_cache_release(page: page): void {
	if (!PageLRU(page)) return;
	const lruvec = page_pgdat(page).__lruvec;
	const flags = spin_lock_irqsave(lruvec.lru_lock);

	del_page_from_lru_list(page, lruvec);
	__clear_page_lru_flags(page);
	spin_unlock_irqrestore(lruvec.lru_lock, flags);
}

/** The last reference is gone: put_page() ends here. */
export function __put_page(page: page): void {
	if (CONFIG_PAGE_RECLAIM) __page_cache_release(page);
	VM_BUG_ON_PAGE(PageLRU(page), page, "page on an LRU list");
	if (CONFIG_MEMCG)
		mem_cgroup_uncharge(page);
	free_unref_page(page, 0);
}

/**
 * Writeback of the page has ended, and reclaim had wanted it: it is the next
 * one that reclaim finds, though that had put it out of its way, to the active
 * ones. PG_writeback is still set, which keeps the page.
 */
export function folio_rotate_reclaimable(page: page): void {
	if (PageLocked(page) || PageDirty(page)) return;
	if (!TestClearPageLRU(page)) return;
	const lruvec = page_pgdat(page).__lruvec;
	const flags = spin_lock_irqsave(lruvec.lru_lock);

	/* pagevec_move_tail_fn() */
	del_page_from_lru_list(page, lruvec);
	ClearPageActive(page);
	add_page_to_lru_list_tail(page, lruvec);
	SetPageLRU(page);
	spin_unlock_irqrestore(lruvec.lru_lock, flags);
	count_vm_event(PGROTATED);
}

/** From the inactive list to the active one. The caller has a reference. Who
 *  clears PG_lru has the page: it is on its list, but nobody else takes it. */
function folio_activate(page: page): void {
	if (PageActive(page) || !TestClearPageLRU(page)) return;
	const lruvec = page_pgdat(page).__lruvec;
	const flags = spin_lock_irqsave(lruvec.lru_lock);

	if (!PageActive(page)) {
		del_page_from_lru_list(page, lruvec);
		SetPageActive(page);
		add_page_to_lru_list(page, lruvec);
		count_vm_event(PGACTIVATE);
	}
	SetPageLRU(page);
	spin_unlock_irqrestore(lruvec.lru_lock, flags);
}

/**
 * A page was used:
 * inactive, unreferenced	->	inactive, referenced
 * inactive, referenced		->	active, unreferenced
 * active, unreferenced		->	active, referenced
 */
export function mark_page_accessed(page: page): void {
	if (!PageReferenced(page)) {
		SetPageReferenced(page);
	} else if (CONFIG_PAGE_RECLAIM) {
		if (!PageActive(page)) {
			folio_activate(page);
			ClearPageReferenced(page);
		}
	}
}

/** A page that is new in its file, and locked. */
export function lru_cache_add(page: page): void {
	if (CONFIG_PAGE_RECLAIM) {
		if (!page_is_file_lru(page)) return;
		const lruvec = page_pgdat(page).__lruvec;
		const flags = spin_lock_irqsave(lruvec.lru_lock);

		VM_BUG_ON_PAGE(PageLRU(page), page, "added twice");
		add_page_to_lru_list(page, lruvec);
		SetPageLRU(page);
		spin_unlock_irqrestore(lruvec.lru_lock, flags);
	}
}

/** A new anonymous page: to the inactive list, or none of them if mlocked. */
export function lru_cache_add_inactive_or_unevictable(
	_page: page, _vma: vm_area_struct,
): void {}

/** What waits in this CPU's vectors, to the lists. */
export function lru_add_drain(): void {}

export function lru_add_drain_all(): void {}

/** There is no swap cache to leave first. */
export function free_page_and_swap_cache(page: page): void {
	put_page(page);
}
