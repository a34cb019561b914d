// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/poison.h (5.17): the bytes that dead memory is filled
 * with. LIST_POISON1 and 2 are in linux/list.ts.
 */

/** mm/page_poison.ts: a free page. */
export const PAGE_POISON = 0xaa;

/* mm/slab.ts: an object that was handed out and never written; a free one; and
 * the last byte of either. */
export const POISON_INUSE = 0x5a;
export const POISON_FREE = 0x6b;
export const POISON_END = 0xa5;
