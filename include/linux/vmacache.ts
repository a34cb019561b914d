// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/vmacache.h (5.17): the per-thread cache of recently
 * looked-up vmas, valid while the mm's sequence number has not moved.
 */
import { CONFIG_SPECULATIVE_PAGE_FAULT } from "generated/autoconf.ts";
import type { mm_struct } from "linux/mm_types.ts";
import { type task_struct, VMACACHE_SIZE } from "linux/sched.ts";

export function vmacache_flush(tsk: task_struct): void {
	const cache = tsk.vmacache;

	for (let i = 0; i < VMACACHE_SIZE; i++)
		cache.vmas[i] = NULL;
}

/**
 * A vma left the tree: all caches of this mm's threads are stale. mmap_lock is
 * held for writing.
 * Port: the kernel's counter has 64 bits. With 32, a thread would have to sit
 * out exactly 2^32 invalidations to be fooled.
 */
export function vmacache_invalidate(mm: mm_struct): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		/*
		 * Port: a speculative lookup fills the cache with no lock held.
		 * What it finds after having read this number must not be the
		 * vma that was just unlinked. Pairs with the acquire in
		 * vmacache_valid(). In v2 both are plain, which is the same
		 * where stores stay in order.
		 */
		smp_store_release(mm.vmacache_seqnum, mm.vmacache_seqnum + 1);
	} else {
		mm.vmacache_seqnum++;
	}
}
