// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/sched/mm.h (5.17): the two reference counts of an
 * address space, and the scope in which memory is freed.
 * Left out: the other memalloc_*_save/restore scopes, memory cgroups,
 * membarrier.
 */
import {
	atomic_dec_and_test,
	atomic_inc,
	atomic_inc_not_zero,
} from "linux/atomic.ts";
import type { mm_struct } from "linux/mm_types.ts";
import { PF_MEMALLOC, type task_struct } from "linux/sched.ts";
import { __mmdrop } from "kernel/fork.ts";
import { current } from "kernel/sched/core.ts";

/**
 * Pin the struct mm_struct, not the address space: mm_count. Its vmas may go
 * away at any time, the struct and its page-table root stay. A lazy CPU holds
 * one, and all of mm_users together hold one.
 */
export function mmgrab(mm: mm_struct): void {
	atomic_inc(mm.mm_count);
}

export function mmdrop(mm: mm_struct): void {
	/*
	 * The decrement is fully ordered. That is what a membarrier() of the
	 * kernel needs between a CPU's last use of an mm and its return to
	 * user mode with another one.
	 */
	if (atomic_dec_and_test(mm.mm_count))
		__mmdrop(mm);
}

/**
 * Pin the address space: mm_users. The caller has a reference already; to make
 * one out of a bare pointer is mmget_not_zero(). Given back with mmput().
 */
export function mmget(mm: mm_struct): void {
	atomic_inc(mm.mm_users);
}

export function mmget_not_zero(mm: mm_struct): boolean {
	return atomic_inc_not_zero(mm.mm_users);
}

/** Is tsk in a vfork(), that is, does it run on its parent's address space
 *  while the parent waits? A racing exec makes the answer stale at once. */
export function in_vfork(tsk: task_struct): boolean {
	const parent = READ_ONCE(tsk.vfork_parent);

	return parent !== NULL && parent.mm === tsk.mm;
}

/** From here to the restore whatever current allocates does not reclaim, and
 *  has all reserves. Returns what the restore is to be given. */
export function memalloc_noreclaim_save(): number {
	const task = current();
	const flags = task.flags & PF_MEMALLOC;

	task.flags |= PF_MEMALLOC;
	return flags;
}

export function memalloc_noreclaim_restore(flags: number): void {
	const task = current();

	task.flags = (task.flags & ~PF_MEMALLOC) | flags;
}
