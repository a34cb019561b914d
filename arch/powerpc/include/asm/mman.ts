// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/powerpc/include/asm/mman.h (5.17). Left out: PROT_SAO, and
 * memory keys, see asm/pkeys.ts.
 */
export * from "asm-generic/mman.ts";
