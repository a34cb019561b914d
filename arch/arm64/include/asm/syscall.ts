// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/arm64/include/asm/syscall.h (5.17): the entry point of system
 * calls, by the name that all architectures have here, and those of them that
 * are the architecture's own.
 */
export { do_el0_svc as do_syscall, sys_mmap } from "../../kernel/syscall.ts";
