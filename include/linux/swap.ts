// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the part of include/linux/swap.h (5.17) that is left without swap
 * and reclaim: freeing pages, and the entrances of the LRU.
 */
export {
	free_page_and_swap_cache, lru_add_drain, lru_add_drain_all,
	lru_cache_add, lru_cache_add_inactive_or_unevictable,
	mark_page_accessed,
} from "mm/swap.ts";
