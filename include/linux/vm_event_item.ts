// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/vm_event_item.h (5.17 with V2.13, 31 and RFC.35): the
 * events that are counted, in the kernel's order. vmstat_text in mm/vmstat.ts
 * has the same order, and init_mm_internals() compares the lengths.
 * Left out: every item that nothing here counts (swap, reclaim, compaction,
 * huge pages, migration, …).
 *
 * Port: an enum's #ifdefs become running sums. An item of a configuration
 * symbol must only be named inside `if (CONFIG_…)`; its value means nothing
 * where the symbol is off.
 */
import {
	CONFIG_HIGHMEM,
	CONFIG_NUMA_BALANCING,
	CONFIG_PAGE_RECLAIM,
	CONFIG_SPECULATIVE_FILE_FAULT,
	CONFIG_SPECULATIVE_PAGE_FAULT,
	CONFIG_SPECULATIVE_PAGE_FAULT_STATS,
} from "generated/autoconf.ts";

/* FOR_ALL_ZONES(): one item for each zone. */
const NR_ZONES = CONFIG_HIGHMEM ? 2 : 1;
export const PGALLOC_NORMAL = 0;
export const PGALLOC_HIGH = 1;
export const ALLOCSTALL_NORMAL = NR_ZONES + 0;
export const ALLOCSTALL_HIGH = NR_ZONES + 1;
export const PGSCAN_SKIP_NORMAL = 2 * NR_ZONES + 0;
export const PGSCAN_SKIP_HIGH = 2 * NR_ZONES + 1;
const FREE_BASE = CONFIG_PAGE_RECLAIM ? (CONFIG_HIGHMEM ? 6 : 2) : NR_ZONES;
export const PGFREE = FREE_BASE + 0;
export const PGACTIVATE = FREE_BASE + 1;
export const PGDEACTIVATE = FREE_BASE + 2;
const LAZY_BASE = FREE_BASE + (CONFIG_PAGE_RECLAIM ? 3 : 1);
export const PGLAZYFREE = LAZY_BASE + 0;
export const PGFAULT = LAZY_BASE + 1;
export const PGMAJFAULT = LAZY_BASE + 2;
export const PGREFILL = LAZY_BASE + 3;
const REUSE_BASE = LAZY_BASE + (CONFIG_PAGE_RECLAIM ? 4 : 3);
export const PGREUSE = REUSE_BASE + 0;
export const PGSTEAL_KSWAPD = REUSE_BASE + 1;
export const PGSTEAL_DIRECT = REUSE_BASE + 2;
export const PGSCAN_KSWAPD = REUSE_BASE + 3;
export const PGSCAN_DIRECT = REUSE_BASE + 4;
export const PGSCAN_FILE = REUSE_BASE + 5;
export const PGSTEAL_FILE = REUSE_BASE + 6;
export const PAGEOUTRUN = REUSE_BASE + 7;
export const PGROTATED = REUSE_BASE + 8;
const OOM_BASE = REUSE_BASE + (CONFIG_PAGE_RECLAIM ? 9 : 1);
export const OOM_KILL = OOM_BASE + 0;

const NUMA_BASE = OOM_BASE + 1;
export const NUMA_PTE_UPDATES = NUMA_BASE + 0;
export const NUMA_HINT_FAULTS = NUMA_BASE + 1;
export const NUMA_HINT_FAULTS_LOCAL = NUMA_BASE + 2;

const SPF_BASE = NUMA_BASE + (CONFIG_NUMA_BALANCING ? 3 : 0);
export const SPF_ATTEMPT = SPF_BASE + 0; /* V2.13 */
export const SPF_ABORT = SPF_BASE + 1; /* V2.13 */

/** V2.31. */
const SPF_STATS_BASE = SPF_BASE + (CONFIG_SPECULATIVE_PAGE_FAULT ? 2 : 0);
export const SPF_ABORT_ODD = SPF_STATS_BASE + 0;
export const SPF_ABORT_UNMAPPED = SPF_STATS_BASE + 1;
export const SPF_ABORT_NO_SPECULATE = SPF_STATS_BASE + 2;
export const SPF_ABORT_VMA_COPY = SPF_STATS_BASE + 3;
export const SPF_ABORT_ACCESS_ERROR = SPF_STATS_BASE + 4;
export const SPF_ABORT_PUD = SPF_STATS_BASE + 5;
export const SPF_ABORT_PMD = SPF_STATS_BASE + 6;
export const SPF_ABORT_ANON_VMA = SPF_STATS_BASE + 7;
export const SPF_ABORT_PTE_MAP_LOCK_SEQ1 = SPF_STATS_BASE + 8;
export const SPF_ABORT_PTE_MAP_LOCK_PMD = SPF_STATS_BASE + 9;
export const SPF_ABORT_PTE_MAP_LOCK_PTL = SPF_STATS_BASE + 10;
export const SPF_ABORT_PTE_MAP_LOCK_SEQ2 = SPF_STATS_BASE + 11;
export const SPF_ABORT_USERFAULTFD = SPF_STATS_BASE + 12;
export const SPF_ABORT_FAULT = SPF_STATS_BASE + 13;
export const SPF_ABORT_SWAP = SPF_STATS_BASE + 14;
export const SPF_ATTEMPT_ANON = SPF_STATS_BASE + 15;
export const SPF_ATTEMPT_NUMA = SPF_STATS_BASE + 16;
export const SPF_ATTEMPT_PTE = SPF_STATS_BASE + 17;
export const SPF_ATTEMPT_WP = SPF_STATS_BASE + 18;
export const SPF_ATTEMPT_FILE = SPF_STATS_BASE + 19; /* RFC.35 */

export const NR_VM_EVENT_ITEMS =
	SPF_STATS_BASE + (CONFIG_SPECULATIVE_PAGE_FAULT_STATS
		? CONFIG_SPECULATIVE_FILE_FAULT ? 20 : 19
		: 0);
