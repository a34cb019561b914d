// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/mm_inline.h (5.17): the names of anonymous vmas.
 * Left out: the lists of reclaim, of which there are none.
 */
export * from "linux/anon_vma_name.ts";
