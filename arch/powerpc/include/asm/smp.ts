// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/powerpc/include/asm/smp.h (5.17): where a CPU other than the
 * first one begins, by the name that all architectures have here.
 */
export { start_secondary } from "../../kernel/smp.ts";
