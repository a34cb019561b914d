// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/slab_def.h (5.17), with array_cache and kmem_cache_node,
 * which the kernel keeps in mm/slab.c and mm/slab.h.
 * Port: there is one node, whose lists are embedded; the per-CPU arrays hang on
 * an array of pointers, as alloc_percpu() does not exist. Left out: shared and
 * alien arrays, colouring, off-slab management, sysfs, user-copy windows.
 */
import type { spinlock_t } from "linux/spinlock_types.ts";
import type { list_head } from "linux/types.ts";

/** Length limits of the arrays below. */
export const KMEM_CACHE_NAMELEN = 24;
export const AC_MAX_ENTRIES = 120;
export const SLAB_NR_CPUS = 64;

/** Free objects that one CPU has at hand. Owned by its CPU, interrupts off. */
export interface array_cache extends struct {
	avail: int; /* entries in use; a stack, the hottest object on top */
	limit: int; /* constant after creation */
	batchcount: int; /* objects moved from or to the lists at once; constant */
	touched: int; /* was refilled since the last look */
	entry: array<int, 120>; /* object addresses */
}

/** The slabs of a cache. Everything here: list_lock. */
export interface kmem_cache_node extends struct {
	list_lock: embed<spinlock_t>;
	slabs_partial: embed<list_head>; /* through page.lru */
	slabs_full: embed<list_head>;
	slabs_free: embed<list_head>;
	total_slabs: int; /* length of the three lists */
	free_slabs: int; /* length of slabs_free */
	free_objects: int; /* of all slabs; objects in CPU arrays are not free */
	free_limit: int; /* beyond it, free slabs go back to the page allocator */
}

export interface kmem_cache extends struct {
	/* 1) Looked at by each alloc and free; constant after creation. */
	cpu_cache: array<array_cache, 64>; /* one for each CPU that exists */
	flags: int; /* SLAB_* */
	object_size: int; /* what the caller asked for */
	size: int; /* distance of two objects */
	num: int; /* objects in a slab */
	gfporder: int; /* pages in a slab, as an order */
	ctor: rodata<(objp: number) => void>;
	/* 2) For the rare paths; constant after creation. */
	freelist_size: int; /* bytes of the index array at the end of a slab */
	align: int;
	cpu_cache_order: int; /* of the pages that hold the array_caches */
	name: array<u8, 24>; /* NUL-terminated */
	/* 3) */
	list: embed<list_head>; /* slab_caches; slab_mutex */
	node: embed<kmem_cache_node>;
}
