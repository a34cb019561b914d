// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/include/asm/syscall.h (5.17): the entry point of system
 * calls, by the name that all architectures have here, and those of them that
 * are the architecture's own.
 */
export { do_syscall_64 as do_syscall } from "../../entry/common.ts";
export { sys_mmap } from "../../kernel/sys_x86_64.ts";
