// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/slab_def.h (5.17), with array_cache and kmem_cache_node,
 * which the kernel keeps in mm/slab.c and mm/slab.h.
 * Port: there is one node, whose lists are embedded; the per-CPU arrays hang on
 * an array of pointers, as alloc_percpu() does not exist. Left out: shared and
 * alien arrays, colouring, off-slab management, sysfs, user-copy windows.
 */
import type { local_lock_t } from "linux/local_lock.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";
import type { list_head } from "linux/types.ts";

/** Length limits of the arrays below. */
export const KMEM_CACHE_NAMELEN = 24;
export const AC_MAX_ENTRIES = 120;
export const SLAB_NR_CPUS = 64;

/** Free objects that one CPU has at hand. All fields: its CPU
 *  only, with interrupts off, or who has claimed a CPU that is
 *  outside (cpu_claim_host()). */
export interface array_cache extends struct {
	avail: int; /* entries in use; a stack, the hottest object on top */
	limit: int; /* constant after creation */
	batchcount: int; /* objects moved from or to the lists at once; constant */
	touched: int; /* was refilled since the last look */
	/** guards the rest */
	lock: ifdef<"CONFIG_PREEMPT_RT", embed<local_lock_t>>;
	entry: array<int, 120>; /* object addresses */
}

/** The slabs of a cache. All fields: list_lock. */
export interface kmem_cache_node extends struct {
	list_lock: embed<spinlock_t>;
	slabs_partial: embed<list_head>; /* through page.lru */
	slabs_full: embed<list_head>;
	slabs_free: embed<list_head>;
	total_slabs: int; /* length of the three lists */
	free_slabs: int; /* length of slabs_free */
	free_objects: int; /* of all slabs; objects in CPU arrays are not free */
	/** beyond it, free slabs go back to the page allocator; constant after
	 *  creation */
	free_limit: int;
}

export interface kmem_cache extends struct {
	/* 1) Looked at by each alloc and free. */
	/** one for each CPU that exists; constant after creation */
	cpu_cache: array<array_cache, 64>;
	flags: int; /* SLAB_*; constant after creation */
	object_size: int; /* what the caller asked for; constant */
	size: int; /* distance of two objects; constant */
	num: int; /* objects in a slab; constant */
	gfporder: int; /* pages in a slab, as an order; constant */
	ctor: rodata<(objp: number) => void>; /* constant */
	/* 2) For the rare paths. */
	/** bytes of the index array at the end of a slab; constant */
	freelist_size: int;
	align: int; /* constant */
	/** of the pages that hold the array_caches; constant */
	cpu_cache_order: int;
	name: array<u8, 24>; /* NUL-terminated; constant */
	list: embed<list_head>; /* slab_caches; slab_lock */
	node: embed<kmem_cache_node>; /* see kmem_cache_node */
}
