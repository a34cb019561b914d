// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/include/asm/switch_to.h, and of linux/sched/task.h (5.17)
 * the hooks for what of a thread is in the CPU.
 */
export {
	copy_thread, flush_thread, switch_to,
} from "../../kernel/process.ts";
