// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/arm64/include/asm/mman.h (5.17). Left out: BTI and MTE, which
 * are all that is in it.
 */
export * from "asm-generic/mman.ts";
