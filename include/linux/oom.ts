// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/oom.h and uapi/linux/oom.h, and of
 * linux/sched/coredump.h the mm flags that the OOM killer owns (5.17).
 * Left out: cpusets and memory policies, notifiers, oom_killer_disable(),
 * oom_adj, set_current_oom_origin().
 */
import { CONFIG_DEBUG_VM } from "generated/autoconf.ts";
import { WARN_ON } from "linux/bug.ts";
import type { gfp_t } from "linux/gfp.ts";
import type { mem_cgroup } from "linux/memcontrol.ts";
import { VM_FAULT_SIGBUS } from "linux/mm.ts";
import type { mm_struct } from "linux/mm_types.ts";
import type { task_struct } from "linux/sched.ts";

export { out_of_memory, pagefault_out_of_memory } from "mm/oom_kill.ts";

/* Bit numbers in mm->flags. */
/** Nothing is to be had from it: reaped, or past what exit_mmap() reaps. */
export const MMF_OOM_SKIP = 21;
export const MMF_UNSTABLE = 22; /* its pages are being taken away */
export const MMF_OOM_VICTIM = 25;
export const MMF_OOM_REAP_QUEUED = 26; /* the reaper knows of it */
export const MMF_MULTIPROCESS = 27; /* several thread groups may share it */

/* What signal_struct.oom_score_adj may be: thousandths of the memory. */
/** Not to be killed at all. */
export const OOM_SCORE_ADJ_MIN = -1000;
export const OOM_SCORE_ADJ_MAX = 1000;

/** Of a long: what oom_badness() says of a task that cannot be killed. */
export const LONG_MIN = -Number.MAX_SAFE_INTEGER;

/**
 * Who needs memory, and who was found to pay for it.
 * Port: a plain object, on the stack of who asks.
 */
export interface oom_control {
	/** MEMCG: the group whose limit was hit; NULL: memory is gone. */
	memcg: mem_cgroup;
	gfp_mask: gfp_t;
	order: number;
	totalpages: number; /* that badness is measured by */
	/** With a reference; NULL: nobody. */
	chosen: task_struct;
	chosen_points: number;
	/** A victim is still on its way out. Port: chosen is -1 for that. */
	abort: boolean;
}

/** Is the task's process one that the OOM killer has chosen? */
export function tsk_is_oom_victim(tsk: task_struct): boolean {
	return tsk.signal !== NULL && READ_ONCE(tsk.signal.oom_mm) !== NULL;
}

/**
 * The flag outlives the task: exit_mmap() asks when nobody uses the mm any
 * more.
 */
export function mm_is_oom_victim(mm: mm_struct): boolean {
	return (READ_ONCE(mm.flags) & (1 << MMF_OOM_VICTIM)) !== 0;
}

/**
 * Would a new page in this address space stand for one that the reaper has
 * just taken? Then the program must not see it: it would read zeroes where its
 * data was. The page-table lock is held, which orders the test against a
 * reaper that sets the flag before it takes the first page.
 *
 * Port: returns a vm_fault_t.
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
