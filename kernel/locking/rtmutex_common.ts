// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/locking/rtmutex_common.h (5.17): the waiters of an rt_mutex.
 * Left out: proxy locking, for futexes; ww_mutexes; deadlines;
 * CONFIG_DEBUG_RT_MUTEXES.
 */
import { BUG_ON } from "linux/bug.ts";
import { RB_CLEAR_NODE, RB_EMPTY_ROOT, rb_first_cached } from "linux/rbtree.ts";
import { RT_MUTEX_HAS_WAITERS } from "linux/rtmutex.ts";
import { TASK_RTLOCK_WAIT, type task_struct } from "linux/sched.ts";
import { raw_spin_lock_init } from "linux/spinlock.ts";
import type { rt_mutex_base } from "linux/spinlock_types.ts";
import type { rb_node } from "linux/types.ts";
import { TASK_NORMAL } from "kernel/sched/core.ts";

/** A task that waits, on its kernel stack. */
export interface rt_mutex_waiter extends struct {
	tree_entry: embed<rb_node>; /* wait_lock of the lock */
	/** on the owner's pi_waiters, if it is the first of the lock;
	 *  pi_lock of the owner */
	pi_tree_entry: embed<rb_node>;
	task: task_struct; /* constant while queued */
	lock: rt_mutex_base; /* constant while queued */
	wake_state: int; /* constant */
	/** wait_lock of the lock; while on pi_waiters also its pi_lock */
	prio: int;
}

/**
 * Whom to wake when wait_lock is dropped: nobody, or one who waits for a
 * spinlock, or one who waits for another lock. All fields: current only.
 */
export interface rt_wake_q_head extends struct {
	rtlock_task: task_struct; /* with a reference of ours */
	task: task_struct; /* the same */
}

export function rt_mutex_has_waiters(lock: rt_mutex_base): boolean {
	return !RB_EMPTY_ROOT(lock.waiters.rb_root);
}

/** Without the lock, and so without a look into the first one's waiter. */
export function rt_mutex_waiter_is_top_waiter(
	lock: rt_mutex_base,
	waiter: rt_mutex_waiter,
): boolean {
	const tree = lock.waiters;
	const leftmost: rb_node = READ_ONCE(tree.rb_leftmost);

	return leftmost !== NULL && leftmost === waiter.tree_entry;
}

/** The first one, NULL if there is none. wait_lock is held. */
export function rt_mutex_top_waiter(lock: rt_mutex_base): rt_mutex_waiter {
	const leftmost = rb_first_cached(lock.waiters);

	if (leftmost === NULL)
		return NULL;
	const w = container_of<rt_mutex_waiter>(leftmost, "tree_entry");

	BUG_ON(w.lock !== lock, "a waiter of another lock");
	return w;
}

/** p->pi_lock is held. */
export function task_has_pi_waiters(p: task_struct): boolean {
	return !RB_EMPTY_ROOT(p.pi_waiters.rb_root);
}

/** There is one. p->pi_lock is held. */
export function task_top_pi_waiter(p: task_struct): rt_mutex_waiter {
	const first = rb_first_cached(p.pi_waiters);

	return container_of<rt_mutex_waiter>(first, "pi_tree_entry");
}

export function rt_mutex_owner(lock: rt_mutex_base): task_struct {
	return cast<task_struct>(READ_ONCE(lock.owner) & ~RT_MUTEX_HAS_WAITERS);
}

/** Stop when no priority changes any more; or go on, to find a deadlock. */
export const RT_MUTEX_MIN_CHAINWALK = 0;
export const RT_MUTEX_FULL_CHAINWALK = 1;

export function __rt_mutex_base_init(lock: rt_mutex_base): void {
	const tree = lock.waiters;

	raw_spin_lock_init(lock.wait_lock);
	tree.rb_root.rb_node = NULL;
	tree.rb_leftmost = NULL;
	lock.owner = 0;
}

export function rt_mutex_init_waiter(waiter: rt_mutex_waiter): void {
	RB_CLEAR_NODE(waiter.pi_tree_entry);
	RB_CLEAR_NODE(waiter.tree_entry);
	waiter.wake_state = TASK_NORMAL;
	waiter.task = NULL;
}

export function rt_mutex_init_rtlock_waiter(waiter: rt_mutex_waiter): void {
	rt_mutex_init_waiter(waiter);
	waiter.wake_state = TASK_RTLOCK_WAIT;
}
