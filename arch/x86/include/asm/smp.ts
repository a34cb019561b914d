// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/include/asm/smp.h (5.17): where a CPU other than the first
 * one begins.
 */
export { start_secondary } from "../../kernel/smpboot.ts";
