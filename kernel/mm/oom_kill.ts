// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/oom_kill.c (5.17) with sysctl_oom_kill_allocating_task set: when
 * memory is gone, the task that asks for more is killed, with all threads of
 * its process. Left out: choosing a victim by badness (oom_badness() to
 * select_bad_process()), the reaper and process_mrelease(), memory cgroups,
 * cpusets, notifiers, oom_killer_disable(), dumps of the tasks' state.
 * Port: that choice needs no walk over the tasks of other CPUs, and makes the
 * victim the same in every replay of a trace.
 */
import { CONFIG_FAULT_INJECTION } from "generated/autoconf.ts";
import { printk } from "kernel/printk.ts";
import { current, fatal_signal_pending } from "kernel/sched/core.ts";
import { send_sig } from "kernel/signal.ts";
import { __GFP_FS, __GFP_NOFAIL, type gfp_t } from "linux/gfp.ts";
import type { mm_struct } from "linux/mm_types.ts";
import { MMF_OOM_VICTIM, tsk_is_oom_victim } from "linux/oom.ts";
import type { task_struct } from "linux/sched.ts";
import { SIGKILL } from "linux/signal.ts";
import { count_vm_event } from "linux/vm_event.ts";
import { OOM_KILL } from "linux/vm_event_item.ts";

/** From now on its allocations may use half of the reserve. */
function mark_oom_victim(tsk: task_struct): void {
	const mm: mm_struct = tsk.mm;

	fetch_or(mm.flags, 1 << MMF_OOM_VICTIM);
}

function __oom_kill_process(victim: task_struct, message: string): void {
	count_vm_event(OOM_KILL);
	mark_oom_victim(victim);
	send_sig(SIGKILL, victim);
	printk(`${message}: Killed process ${victim.tgid}`);
}

function oom_kill_process(victim: task_struct, message: string): void {
	__oom_kill_process(victim, message);
}

/**
 * Memory is exhausted. Returns whether something was done about it, so that
 * the allocation is worth another attempt; the task that we kill gets that
 * attempt from the reserve, and dies on its way back to user mode.
 */
export function out_of_memory(gfp_mask: gfp_t, order: number): boolean {
	const tsk = current();

	/* A task that is about to die anyway needs no killing, only memory. */
	if (tsk === NULL || tsk.mm === NULL)
		return false;
	if (fatal_signal_pending(tsk)) {
		if (tsk_is_oom_victim(tsk))
			return false;
		mark_oom_victim(tsk);
		return true;
	}

	/*
	 * Callers that hold file system locks must not wait for an exit. Port:
	 * the kernel lets them try again, for reclaim may help; here they fail.
	 */
	if ((gfp_mask & (__GFP_FS | __GFP_NOFAIL)) === 0)
		return false;

	oom_kill_process(tsk, `Out of memory (order ${order})`);
	return true;
}

/**
 * A page fault returned VM_FAULT_OOM. The allocation has called out_of_memory()
 * if it was allowed to, so there is nothing left but to let the task take the
 * fault again, or die of its signal.
 */
export function pagefault_out_of_memory(): void {
	const tsk = current();

	if (fatal_signal_pending(tsk))
		return;
	/* Port: what has failed only because it was told to is to be tried
	 * again, as the kernel tries whatever has failed. */
	if (CONFIG_FAULT_INJECTION)
		return;
	/*
	 * Port: a fault that failed without killing anybody, since its kind of
	 * allocation does not, would be taken again for ever: no one reclaims.
	 */
	oom_kill_process(tsk, "Out of memory in a page fault");
}
