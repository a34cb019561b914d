// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/slab.h (5.17): flags of a cache, and the inline ways
 * into mm/slab.ts. Left out: node-aware and bulk variants, memory accounting,
 * kvmalloc, user-copy windows.
 */
import type { kmem_cache } from "linux/slab_def.ts";
import { type gfp_t, __GFP_ZERO } from "linux/gfp.ts";
import { kmalloc, kmem_cache_alloc } from "mm/slab.ts";

export type { kmem_cache } from "linux/slab_def.ts";
/* What C declares here with `extern`. */
export {
	kfree,
	kmalloc,
	kmem_cache_alloc,
	kmem_cache_create,
	kmem_cache_destroy,
	kmem_cache_free,
	kmem_cache_shrink,
	kmem_cache_size,
	ksize,
} from "mm/slab.ts";

/** Verify the poison of free objects (set by the allocator itself). */
export const SLAB_CONSISTENCY_CHECKS = 0x00000100;
/** Fill free objects with POISON_FREE; dropped where it cannot be done. */
export const SLAB_POISON = 0x00000800;
/** Start every object on its own cache line, or share one evenly. */
export const SLAB_HWCACHE_ALIGN = 0x00002000;
/** No creation failure is survivable. */
export const SLAB_PANIC = 0x00040000;
/**
 * The *pages* of the cache are given back after a grace period. An object may
 * be freed and handed out again at any time, but within an RCU read-side
 * section a pointer to it always points to some object of this type: the
 * reader has to verify that it is still the one it was looking for. Such a
 * cache is never poisoned, and its constructor runs once for each slab.
 */
export const SLAB_TYPESAFE_BY_RCU = 0x00080000;
export const SLAB_ACCOUNT = 0x04000000;

/** kmalloc(0)'s result: not NULL, and no access through it is valid. */
export const ZERO_SIZE_PTR = 16;

export function ZERO_OR_NULL_PTR(x: struct | number): boolean {
	return (x as number) <= ZERO_SIZE_PTR;
}

export const L1_CACHE_BYTES = 64;
export const ARCH_KMALLOC_MINALIGN = 8;
export const KMALLOC_SHIFT_LOW = 5;
/** Largest size that has a cache. Port: above it kmalloc() takes whole pages,
 *  where mm/slab.c has caches up to the largest block. */
export const KMALLOC_SHIFT_HIGH = 11;
export const KMALLOC_MIN_SIZE = 1 << KMALLOC_SHIFT_LOW;
export const KMALLOC_MAX_CACHE_SIZE = 1 << KMALLOC_SHIFT_HIGH;

export function kmem_cache_zalloc<T extends struct>(
	k: kmem_cache,
	flags: gfp_t,
): T {
	return kmem_cache_alloc<T>(k, flags | __GFP_ZERO);
}

/** `n * size` bytes; no overflow is possible, as both are exact doubles. */
export function kmalloc_array<T extends struct>(
	n: number,
	size: number,
	flags: gfp_t,
): T {
	return kmalloc<T>(n * size, flags);
}

export function kcalloc<T extends struct>(
	n: number,
	size: number,
	flags: gfp_t,
): T {
	return kmalloc<T>(n * size, flags | __GFP_ZERO);
}

export function kzalloc<T extends struct>(size: number, flags: gfp_t): T {
	return kmalloc<T>(size, flags | __GFP_ZERO);
}
