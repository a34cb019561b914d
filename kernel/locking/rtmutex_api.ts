// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/locking/rtmutex_api.c (5.17): rt_mutexes for who asks for
 * them by name. rt_mutex_adjust_pi() is in rtmutex.ts, which has what it needs.
 * Left out: the variants for futexes, interruptible locking, mutexes of
 * PREEMPT_RT (there are no mutexes), max_lock_depth as a sysctl.
 */
import { CONFIG_ARCH_HOST_STEPPER } from "generated/autoconf.ts";
import { lock_class, lockdep_acquire, lockdep_release } from "host/model.ts";
import { might_sleep } from "linux/kernel.ts";
import { LD_WAIT_SLEEP } from "linux/lockdep_types.ts";
import type { rt_mutex } from "linux/rtmutex.ts";
import { TASK_KILLABLE, TASK_UNINTERRUPTIBLE } from "linux/sched.ts";
import type { rt_mutex_base } from "linux/spinlock_types.ts";
import {
	__rt_mutex_lock,
	__rt_mutex_trylock,
	__rt_mutex_unlock,
} from "kernel/locking/rtmutex.ts";
import { __rt_mutex_base_init } from "kernel/locking/rtmutex_common.ts";

/* mutex_acquire() and mutex_release() */

/** By this lockdep knows it; its first word is that of wait_lock. */
function dep_map(lock: rt_mutex): number {
	return ADDR(lock.rtmutex.owner);
}

function mutex_acquire(lock: rt_mutex, trylock: boolean): void {
	if (CONFIG_ARCH_HOST_STEPPER)
		lockdep_acquire(dep_map(lock), false, trylock, 0,
			LD_WAIT_SLEEP);
}

function mutex_release(lock: rt_mutex): void {
	if (CONFIG_ARCH_HOST_STEPPER)
		lockdep_release(dep_map(lock));
}

function __rt_mutex_lock_common(lock: rt_mutex, state: number): number {
	might_sleep();
	mutex_acquire(lock, false);
	const ret = __rt_mutex_lock(lock.rtmutex, state);

	if (ret !== 0)
		mutex_release(lock);
	return ret;
}

export function rt_mutex_base_init(rtb: rt_mutex_base): void {
	__rt_mutex_base_init(rtb);
}

/** Nothing is held that others spin for. */
export function rt_mutex_lock(lock: rt_mutex): void {
	__rt_mutex_lock_common(lock, TASK_UNINTERRUPTIBLE);
}

/** Returns 0, or -EINTR without the lock if the task is being killed. */
export function rt_mutex_lock_killable(lock: rt_mutex): number {
	return __rt_mutex_lock_common(lock, TASK_KILLABLE);
}

/** In a task; but that may hold what others spin for. */
export function rt_mutex_trylock(lock: rt_mutex): boolean {
	const ret = __rt_mutex_trylock(lock.rtmutex);

	if (ret)
		mutex_acquire(lock, true);
	return ret;
}

/** By the owner. */
export function rt_mutex_unlock(lock: rt_mutex): void {
	mutex_release(lock);
	__rt_mutex_unlock(lock.rtmutex);
}

export function __rt_mutex_init(lock: rt_mutex, name?: string): void {
	if (CONFIG_ARCH_HOST_STEPPER)
		lock_class(dep_map(lock), name ?? "?");
	__rt_mutex_base_init(lock.rtmutex);
}
