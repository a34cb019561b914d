// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/arm64/include/asm/setup.h and the part of asm/processor.h (5.17)
 * that is about how a CPU begins.
 */
export { cpu_init, setup_arch } from "../../kernel/setup.ts";
