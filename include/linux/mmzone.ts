// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/mmzone.h (5.17): free areas, per-CPU page lists, zone.
 * Port: one node with one zone (ZONE_NORMAL), or two with HIGHMEM, and one
 * migrate type.
 */
import {
	CONFIG_GET_USER_PAGES, CONFIG_HIGHMEM, CONFIG_PAGE_RECLAIM,
} from "generated/autoconf.ts";
import type { local_lock_t } from "linux/local_lock.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";
import type { list_head } from "linux/types.ts";

export const MAX_ORDER = 11;
/** Orders that have per-CPU lists: 0 … PAGE_ALLOC_COSTLY_ORDER. */
export const NR_PCP_LISTS = 4;
export const WMARK_MIN = 0;
export const WMARK_LOW = 1;
export const WMARK_HIGH = 2;
export const NR_WMARK = 3;

/* zone_type. */
export const ZONE_NORMAL = 0;
/** Frames that no pointer reaches: for the contents of users' pages. */
export const ZONE_HIGHMEM = 1;
export const MAX_NR_ZONES = CONFIG_HIGHMEM ? 2 : 1;

/* zone_stat_item: what is counted for each zone (the ones in use here). */
export const NR_FREE_PAGES = 0;
export const NR_VM_ZONE_STAT_ITEMS = 1;

/* node_stat_item: what is counted for each node, likewise. */
export const NR_LRU_BASE = 0;
export const NR_INACTIVE_FILE = NR_LRU_BASE + 0; /* as lru_list */
export const NR_ACTIVE_FILE = NR_LRU_BASE + 1;
const SLAB_BASE = CONFIG_PAGE_RECLAIM ? 2 : 0;
export const NR_SLAB_UNRECLAIMABLE_B = SLAB_BASE + 0; /* in bytes */
export const NR_ANON_MAPPED = SLAB_BASE + 1; /* anonymous pages mapped */
export const NR_FILE_MAPPED = SLAB_BASE + 2; /* page cache pages mapped */
export const NR_FILE_PAGES = SLAB_BASE + 3;
export const NR_FILE_DIRTY = SLAB_BASE + 4; /* of files with a disk */
const SHMEM_BASE = SLAB_BASE + (CONFIG_PAGE_RECLAIM ? 5 : 4);
export const NR_SHMEM = SHMEM_BASE + 0;
export const NR_PAGETABLE = SHMEM_BASE + 1; /* pages used for page tables */
/* Pins: pin_user_pages() and unpin_user_page(). */
export const NR_FOLL_PIN_ACQUIRED = SHMEM_BASE + 2;
export const NR_FOLL_PIN_RELEASED = SHMEM_BASE + 3;
export const NR_VM_NODE_STAT_ITEMS =
	SHMEM_BASE + (CONFIG_GET_USER_PAGES ? 4 : 2);

/* lru_list. Port: pages without a file are on no list. */
export const LRU_ACTIVE = 1;
export const LRU_INACTIVE_FILE = 0;
export const LRU_ACTIVE_FILE = LRU_INACTIVE_FILE + LRU_ACTIVE;
export const NR_LRU_LISTS = 2;

/** Pages by how lately they were used, the latest first. Port: one for the
 *  node, whatever group they are charged to. */
export interface lruvec extends struct {
	lru_lock: embed<spinlock_t>; /* guards the lists, and page.lru */
	lists: array<embed<list_head>, 2>; /* lru_lock */
	/** pages on each; lru_lock, peeked at without */
	lru_size: array<int, 2>;
}

/** A memory node. There is one, contig_page_data of mm/vmstat.ts. */
export interface pglist_data extends struct {
	vm_stat: array<int, 11>; /* NR_VM_NODE_STAT_ITEMS; atomic */
	/** see lruvec */
	__lruvec: ifdef<"CONFIG_PAGE_RECLAIM", embed<lruvec>>;
}

/** What a CPU has not yet added to vm_stat. */
export interface per_cpu_nodestat extends struct {
	stat_threshold: int; /* beyond +-this, add; constant after boot */
	vm_node_stat_diff: array<int, 11>; /* its CPU only; sums read it, too */
}

export interface free_area extends struct {
	free_list: embed<list_head>; /* zone.lock */
	nr_free: int; /* blocks; zone.lock */
}

/** All fields: its CPU only, with interrupts off, or who has
 *  claimed a CPU that is outside (cpu_claim_host()). */
export interface per_cpu_pages extends struct {
	count: int; /* pages on all lists */
	high: int; /* above it, give back a batch */
	batch: int; /* pages moved from or to the zone at once */
	free_factor: int; /* batch is scaled up by it while there are only frees */
	lists: array<embed<list_head>, 4>;
	/** pagesets.lock: that of ZONE_NORMAL guards the rest, of all zones */
	lock: ifdef<"CONFIG_PREEMPT_RT", embed<local_lock_t>>;
}

export interface zone extends struct {
	lock: embed<spinlock_t>; /* guards free pages and their counts */
	free_area: array<embed<free_area>, 11>; /* lock */
	_watermark: array<int, 3>; /* pages; constant after boot */
	/** pages that stay when an allocation that may have a zone up to this
	 *  index falls back to us; constant after boot */
	lowmem_reserve: ifdef<"CONFIG_HIGHMEM", array<int, 2>>;
	zone_start_pfn: int; /* constant after boot */
	spanned_pages: int; /* constant after boot */
	managed_pages: int; /* constant after boot */
	/** pages in the buddy lists; lock, peeked at without */
	nr_free_pages: int;
	/** our pages on each of the lruvec's lists (NR_ZONE_INACTIVE_FILE, …);
	 *  lru_lock, peeked at without */
	nr_lru_pages: ifdef<"CONFIG_HIGHMEM", array<int, 2>>;
}
