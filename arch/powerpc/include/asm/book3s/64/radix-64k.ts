// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/powerpc/include/asm/book3s/64/radix-64k.h (5.17): how many bits
 * of an address each level of tables brings, with pages of 64 KiB. A table of
 * ptes maps as much as with 4 KiB, so that the upper levels are the same.
 */
export const RADIX_PTE_INDEX_SIZE = 5;
export const RADIX_PMD_INDEX_SIZE = 9;
export const RADIX_PUD_INDEX_SIZE = 9;
export const RADIX_PGD_INDEX_SIZE = 13;
