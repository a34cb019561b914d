// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors what of arch/x86/kernel/process.c and process_64.c (5.17) is left
 * when there are no registers but one: PKRU goes from thread to thread, to a
 * new thread, and is as it was at boot for a new program.
 */
import {
	CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS,
} from "generated/autoconf.ts";
import { PF_KTHREAD, type task_struct } from "linux/sched.ts";
import {
	pkru_get_init_value, pkru_write_default, read_pkru, write_pkru,
} from "asm/pkru.ts";

/** Of fork: p is a copy of current, which nobody knows yet. */
export function copy_thread(p: task_struct): void {
	if (CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS) {
		/* current's own is in the CPU. */
		p.pkru = (p.flags & PF_KTHREAD) !== 0
			? pkru_get_init_value()
			: read_pkru();
	}
}

/** Of execve: current has left its old program behind. */
export function flush_thread(): void {
	pkru_write_default();
}

/** Save prev's PKRU and load next's, both of this CPU. */
function x86_pkru_load(prev: task_struct, next: task_struct): void {
	if (CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS) {
		prev.pkru = read_pkru();
		write_pkru(next.pkru);
	}
}

/** prev leaves the CPU to next. Interrupts are off. Port: of the kernel's the
 *  part that is not the stack. */
export function switch_to(prev: task_struct, next: task_struct): void {
	x86_pkru_load(prev, next);
}
