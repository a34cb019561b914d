// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/kasan.h (5.17) for the generic mode: the hooks that the
 * allocators call. mm/kasan.ts has the bodies; without CONFIG_KASAN nothing of
 * either is left. Left out: tag-based modes, stack and global redzones, the
 * quarantine, allocation stacks.
 */
import { CONFIG_KASAN } from "generated/autoconf.ts";
import type { page } from "linux/mm_types.ts";
import {
	__kasan_poison_object,
	__kasan_poison_pages,
	__kasan_poison_slab,
	__kasan_slab_free,
	__kasan_unpoison_pages,
	__kasan_unpoison_range,
} from "mm/kasan.ts";

/** Smallest unit that can be allowed or forbidden. */
export const KASAN_GRANULE_SIZE = 8;

export function kasan_unpoison_range(addr: number, size: number): void {
	if (CONFIG_KASAN)
		__kasan_unpoison_range(addr, size);
}

/** The pages of a block become free. */
export function kasan_poison_pages(page: page, order: number): void {
	if (CONFIG_KASAN)
		__kasan_poison_pages(page, order);
}

/** The pages of a block are handed out. */
export function kasan_unpoison_pages(page: page, order: number): void {
	if (CONFIG_KASAN)
		__kasan_unpoison_pages(page, order);
}

/** A block becomes a slab: nobody may touch an object before it is allocated. */
export function kasan_poison_slab(addr: number, size: number): void {
	if (CONFIG_KASAN)
		__kasan_poison_slab(addr, size);
}

/** Its constructor may touch an object that is not allocated. */
export function kasan_unpoison_object_data(addr: number, size: number): void {
	if (CONFIG_KASAN)
		__kasan_unpoison_range(addr, size);
}

export function kasan_poison_object_data(addr: number, size: number): void {
	if (CONFIG_KASAN)
		__kasan_poison_object(addr, size);
}

/** An object is handed out. */
export function kasan_slab_alloc(addr: number, size: number): void {
	if (CONFIG_KASAN)
		__kasan_unpoison_range(addr, size);
}

/**
 * An object becomes free. Objects of SLAB_TYPESAFE_BY_RCU caches stay readable:
 * touching a free one within a grace period is what they are for. Port: where
 * the machine counts RCU sections, only in one. (Linux has SLUB_RCU_DEBUG for
 * that since 6.12.)
 */
export function kasan_slab_free(
	addr: number,
	size: number,
	typesafe_by_rcu: boolean,
): void {
	if (CONFIG_KASAN)
		__kasan_slab_free(addr, size, typesafe_by_rcu);
}
