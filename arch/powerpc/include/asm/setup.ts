// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/powerpc/include/asm/setup.h and asm/mmu.h (5.17): how a CPU
 * begins.
 */
export { cpu_init, setup_arch } from "../../kernel/setup_64.ts";
