// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/sched/task.h (5.17): references to a task, the lock
 * of its mm pointer, and the arguments of kernel_clone().
 * Left out: everything for kernel threads, ptrace, pidfds, cgroups, namespaces.
 */
import { CONFIG_PREEMPT_RT } from "generated/autoconf.ts";
import {
	atomic_dec_and_test,
	atomic_inc,
	atomic_inc_not_zero,
} from "linux/atomic.ts";
import { spin_lock, spin_unlock } from "linux/spinlock.ts";
import type { task_struct } from "linux/sched.ts";
import { __put_task_struct, __put_task_struct_rcu } from "kernel/fork.ts";

/**
 * What fork, vfork, clone and clone3 boil down to.
 * Port: a plain object on the caller's side of the call, seen by one CPU.
 */
export interface kernel_clone_args {
	flags: number; /* CLONE_*, without CSIGNAL */
	child_tid: number;
	parent_tid: number;
	exit_signal: number;
	stack: number;
	stack_size: number;
	tls: number;
}

export function get_task_struct(t: task_struct): task_struct {
	atomic_inc(t.usage);
	return t;
}

/** Of a task that RCU keeps and that may have ended. Port: later kernels have
 *  it. */
export function tryget_task_struct(t: task_struct): boolean {
	return atomic_inc_not_zero(t.usage);
}

export function put_task_struct(t: task_struct): void {
	if (!atomic_dec_and_test(t.usage))
		return;
	if (CONFIG_PREEMPT_RT)
		__put_task_struct_rcu(t);
	else
		__put_task_struct(t);
}

/** Keeps t.mm from changing. Nests inside tasklist_lock, never around it. */
export function task_lock(t: task_struct): void {
	spin_lock(t.alloc_lock);
}

export function task_unlock(t: task_struct): void {
	spin_unlock(t.alloc_lock);
}
