// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/oom.h, and of linux/sched/coredump.h the two mm flags
 * that the OOM killer owns (5.17). Left out: memory cgroups, score adjustment.
 */
import { CONFIG_DEBUG_VM } from "generated/autoconf.ts";
import { WARN_ON } from "linux/bug.ts";
import { VM_FAULT_SIGBUS } from "linux/mm.ts";
import type { mm_struct } from "linux/mm_types.ts";
import type { task_struct } from "linux/sched.ts";

export { out_of_memory, pagefault_out_of_memory } from "mm/oom_kill.ts";

/* Bit numbers in mm->flags. */
export const MMF_UNSTABLE = 22; /* its pages are being taken away */
export const MMF_OOM_VICTIM = 25;

/** Is the task's address space one that the OOM killer has chosen? */
export function tsk_is_oom_victim(tsk: task_struct): boolean {
	if (tsk === NULL)
		return false;
	const mm: mm_struct = tsk.mm;

	return mm !== NULL && mm_is_oom_victim(mm);
}

export function mm_is_oom_victim(mm: mm_struct): boolean {
	return (READ_ONCE(mm.flags) & (1 << MMF_OOM_VICTIM)) !== 0;
}

/**
 * Would a new page in this address space stand for one that the reaper has
 * just taken? Then the program must not see it: it would read zeroes where its
 * data was. The page-table lock is held, which orders the test against a
 * reaper that sets the flag before it takes the first page.
 *
 * Port: returns a vm_fault_t. There is no reaper, so nobody sets the flag yet.
 */
export function check_stable_address_space(mm: mm_struct): number {
	const unstable = (READ_ONCE(mm.flags) & (1 << MMF_UNSTABLE)) !== 0;

	if (unstable) {
		if (CONFIG_DEBUG_VM)
			WARN_ON(!mm_is_oom_victim(mm), "unstable, but no OOM victim");
		return VM_FAULT_SIGBUS;
	}
	return 0;
}
