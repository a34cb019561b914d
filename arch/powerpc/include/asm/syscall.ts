// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/powerpc/include/asm/syscall.h and syscalls.h (5.17): the entry
 * point of system calls, by the name that all architectures have here, and
 * those of them that are the architecture's own.
 */
export { system_call_exception as do_syscall } from "../../kernel/interrupt.ts";
export { sys_mmap } from "../../kernel/syscalls.ts";
