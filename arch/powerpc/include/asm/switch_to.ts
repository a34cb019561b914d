// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/powerpc/include/asm/switch_to.h and of linux/sched/task.h (5.17)
 * the hooks for what of a thread is in the CPU: of that nothing is left here.
 */
import type { task_struct } from "linux/sched.ts";

export function switch_to(_prev: task_struct, _next: task_struct): void {}

export function copy_thread(_p: task_struct): void {}

export function flush_thread(): void {}
