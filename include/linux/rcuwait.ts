// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/rcuwait.h (5.17): one task that waits, and is woken
 * without a lock.
 * Port: rcuwait_wait_event() is a macro around the condition; a caller writes
 * its loop: prepare_to_rcuwait(), then set_current_state(), look and
 * schedule() until it is so, then finish_rcuwait().
 */
import { TASK_RUNNING, type task_struct } from "linux/sched.ts";
import { __set_current_state, current } from "kernel/sched/core.ts";

export interface rcuwait extends struct {
	/** RCU; not NULL from before the waiter looks at its condition until
	 *  it has seen it; its callers exclude each other */
	task: task_struct;
}

export function rcuwait_init(w: rcuwait): void {
	w.task = NULL;
}

/** Stale as soon as it is known. */
export function rcuwait_active(w: rcuwait): boolean {
	return READ_ONCE(w.task) !== NULL;
}

/** One at a time: whose lock that is, is the caller's business. */
export function prepare_to_rcuwait(w: rcuwait): void {
	/* Pairs with rcuwait_wake_up(). */
	rcu_assign_pointer(w.task, current());
}

export function finish_rcuwait(w: rcuwait): void {
	/* As above: pairs with rcuwait_wake_up(). */
	rcu_assign_pointer(w.task, NULL);
	__set_current_state(TASK_RUNNING);
}

export { rcuwait_wake_up } from "kernel/exit.ts";
