// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/powerpc/include/asm/book3s/64/radix-4k.h (5.17): how many bits
 * of an address each level of tables brings, with pages of 4 KiB.
 */
export const RADIX_PTE_INDEX_SIZE = 9;
export const RADIX_PMD_INDEX_SIZE = 9;
export const RADIX_PUD_INDEX_SIZE = 9;
export const RADIX_PGD_INDEX_SIZE = 13;
