// SPDX-License-Identifier: GPL-2.0-only
/**
 * In the place of arch/powerpc/include/asm/pkeys.h (5.17): that is for CPUs
 * that run the hash MMU (PPC_MEM_KEYS depends on PPC_64S_HASH_MMU). With radix
 * the kernel finds no keys, whatever the CPU (scan_pkey_feature()).
 */
export * from "asm-generic/pkeys.ts";
