// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/swap.c, and free_page_and_swap_cache() of mm/swap_state.c (5.17):
 * the end of a page. Left out: the LRU lists and their per-CPU vectors, since
 * nothing is reclaimed (folio_activate(), folio_rotate_reclaimable(),
 * deactivate_page(), lru_add_drain_all(), pagevec lookups and the like),
 * compound pages, release_pages() in batches, device pages. The entrances
 * remain, so that callers read as they do in the kernel. No page is ever on a
 * list, so none is isolated on freeing.
 */
import { CONFIG_MEMCG } from "generated/autoconf.ts";
import type { page, vm_area_struct } from "linux/mm_types.ts";
import { VM_BUG_ON_PAGE } from "linux/bug.ts";
import { mem_cgroup_uncharge } from "linux/memcontrol.ts";
import { put_page } from "linux/mm.ts";
import {
	PageLRU, PageReferenced, SetPageReferenced,
} from "linux/page-flags.ts";
import { free_unref_page } from "mm/page_alloc.ts";

/** The last reference is gone: put_page() ends here. */
export function __put_page(page: page): void {
	VM_BUG_ON_PAGE(PageLRU(page), page, "page on an LRU list");
	if (CONFIG_MEMCG)
		mem_cgroup_uncharge(page);
	free_unref_page(page, 0);
}

/** A page was used. Only the first step of the kernel's aging is left. */
export function mark_page_accessed(page: page): void {
	if (!PageReferenced(page)) SetPageReferenced(page);
}

export function lru_cache_add(_page: page): void {}

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
