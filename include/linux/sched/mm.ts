// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/sched/mm.h (5.17): the two reference counts of an
 * address space.
 * Left out: memalloc_*_save/restore scopes, memory cgroups, membarrier.
 */
import {
	atomic_dec_and_test,
	atomic_inc,
	atomic_inc_not_zero,
} from "linux/atomic.ts";
import type { mm_struct } from "linux/mm_types.ts";
import type { task_struct } from "linux/sched.ts";
import { __mmdrop } from "kernel/fork.ts";

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
