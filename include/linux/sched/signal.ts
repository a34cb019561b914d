// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/sched/signal.h (5.17): walks over the tasks, and the
 * thread groups they form.
 * Port: init_task.tasks links all threads, not the group leaders alone.
 * Left out: of signal_struct all but what is counted for getrusage(), and
 * limits.
 */
import { type pt_regs, user_mode } from "asm/ptrace.ts";
import {
	get_mm_hiwater_rss, VM_FAULT_RETRY, type vm_fault_t,
} from "linux/mm.ts";
import type { mem_cgroup } from "linux/memcontrol.ts";
import type { mm_struct } from "linux/mm_types.ts";
import type { rlimit_struct } from "linux/resource.ts";
import type { atomic_t } from "linux/types.ts";
import { assert_spin_locked } from "linux/spinlock.ts";
import type { task_struct } from "linux/sched.ts";
import { init_task, tasklist_lock } from "kernel/fork.ts";
import {
	current, fatal_signal_pending, signal_pending,
} from "kernel/sched/core.ts";

/** What the threads of a process have in common: numbers of those that are
 *  gone, and with a c of its children that it has waited for. */
export interface signal_struct extends struct {
	sigcnt: embed<atomic_t>; /* atomic; threads that are not freed yet */
	nvcsw: int; /* tasklist_lock, like all that follows */
	nivcsw: int; /* tasklist_lock */
	cnvcsw: int; /* tasklist_lock */
	cnivcsw: int; /* tasklist_lock */
	min_flt: int; /* tasklist_lock */
	maj_flt: int; /* tasklist_lock */
	cmin_flt: int; /* tasklist_lock */
	cmaj_flt: int; /* tasklist_lock */
	maxrss: int; /* pages, of address spaces that it has left; as nvcsw */
	cmaxrss: int; /* tasklist_lock */
	rlim: array<embed<rlimit_struct>, 16>; /* see rlimit_struct */
	/** of an OOM victim, with a reference, else NULL; atomic, set once */
	oom_mm: mm_struct;
	/** oom_adj_mutex to change, read by anyone */
	oom_score_adj: int;
	/** tasklist_lock to change, read by anyone */
	memcg: ifdef<"CONFIG_MEMCG", mem_cgroup>;
}

/** mm.h: most pages of mm, if that is more. */
export function setmax_mm_hiwater_rss(
	maxrss: number, mm: mm_struct,
): number {
	return Math.max(maxrss, get_mm_hiwater_rss(mm));
}

/**
 * A fault is to be made again: should it be left for a signal instead? Any
 * signal ends an access of the user's, a fatal one every access.
 */
export function fault_signal_pending(
	fault_flags: vm_fault_t, regs: pt_regs,
): boolean {
	if ((fault_flags & VM_FAULT_RETRY) === 0)
		return false;
	return fatal_signal_pending(current()) ||
		(user_mode(regs) && signal_pending(current()));
}

/** for (p = next_task(init_task); p !== init_task; p = next_task(p)) is the
 *  kernel's for_each_process_thread(); tasklist_lock is held. */
export function next_task(p: task_struct): task_struct {
	return container_of<task_struct>(p.tasks.next, "tasks");
}

export function same_thread_group(p1: task_struct, p2: task_struct): boolean {
	return p1.tgid === p2.tgid;
}

export function thread_group_leader(p: task_struct): boolean {
	return p.group_leader === p;
}

/** Is p the only one of its thread group? tasklist_lock is held. */
export function thread_group_empty(p: task_struct): boolean {
	assert_spin_locked(tasklist_lock);
	for (let t = next_task(init_task); t !== init_task; t = next_task(t)) {
		if (same_thread_group(t, p) && t !== p)
			return false;
	}
	return true;
}
