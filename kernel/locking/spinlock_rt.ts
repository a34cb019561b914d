// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/locking/spinlock_rt.c (5.17): spinlock_t with PREEMPT_RT, an
 * rt_mutex that is locked as a spinlock would be.
 *
 * Who spins can neither be preempted nor moved to another CPU, nor does a grace
 * period end meanwhile. Here the holder may sleep; so that the rest stays true
 * it is in a section of RCU and may not migrate.
 * Port: with CONFIG_RTMUTEX_STEPPED the rt_mutex is one step. Left out:
 * rwlocks, of which there are none.
 */
import {
	CONFIG_ARCH_HOST_STEPPER,
	CONFIG_RTMUTEX_STEPPED,
} from "generated/autoconf.ts";
import {
	lock_class,
	lock_held_here,
	lockdep_acquire,
	lockdep_release,
	rtmutex_lock_step,
	rtmutex_trylock_step,
	rtmutex_unlock_step,
} from "host/model.ts";
import { BUG_ON } from "linux/bug.ts";
import { LD_WAIT_CONFIG } from "linux/lockdep_types.ts";
import { in_hardirq, migrate_disable, migrate_enable } from "linux/preempt.ts";
import { rcu_read_lock, rcu_read_unlock } from "linux/rcupdate.ts";
import { rt_mutex_base_is_locked } from "linux/rtmutex.ts";
import type { rt_mutex_base, spinlock_t } from "linux/spinlock_types.ts";
import {
	rt_mutex_cmpxchg_acquire,
	rt_mutex_cmpxchg_release,
	rt_mutex_slowtrylock,
	rt_mutex_slowunlock,
	rtlock_slowlock,
} from "kernel/locking/rtmutex.ts";
import {
	__rt_mutex_base_init,
	rt_mutex_owner,
} from "kernel/locking/rtmutex_common.ts";
import { current, rtlock_might_resched } from "kernel/sched/core.ts";

/* spin_acquire() and spin_release(): include/linux/lockdep.h */

function spin_acquire(
	lock: spinlock_t,
	subclass: number,
	trylock: boolean,
): void {
	if (CONFIG_ARCH_HOST_STEPPER) {
		lockdep_acquire(ADDR(lock.lock.owner), false, trylock, subclass,
			LD_WAIT_CONFIG);
	}
}

function spin_release(lock: spinlock_t): void {
	if (CONFIG_ARCH_HOST_STEPPER)
		lockdep_release(ADDR(lock.lock.owner));
}

function rtlock_lock(rtm: rt_mutex_base): void {
	if (CONFIG_RTMUTEX_STEPPED)
		rtmutex_lock_step(ADDR(rtm.owner));
	else if (!rt_mutex_cmpxchg_acquire(rtm, NULL, current()))
		rtlock_slowlock(rtm);
}

function __rt_spin_lock(lock: spinlock_t): void {
	rtlock_might_resched();
	rtlock_lock(lock.lock);
	rcu_read_lock();
	migrate_disable();
}

/** In a task, with nothing held that others spin for, and interrupts on. */
export function rt_spin_lock(lock: spinlock_t): void {
	spin_acquire(lock, 0, false);
	__rt_spin_lock(lock);
}

export function rt_spin_lock_nested(lock: spinlock_t, subclass: number): void {
	spin_acquire(lock, subclass, false);
	__rt_spin_lock(lock);
}

/** By who has locked it; interrupts may be off. */
export function rt_spin_unlock(lock: spinlock_t): void {
	spin_release(lock);
	migrate_enable();
	rcu_read_unlock();
	if (CONFIG_RTMUTEX_STEPPED)
		rtmutex_unlock_step(ADDR(lock.lock.owner));
	else if (!rt_mutex_cmpxchg_release(lock.lock, current(), NULL))
		rt_mutex_slowunlock(lock.lock);
}

/**
 * Never sleeps: at most it spins for wait_lock. So interrupts may be off, but
 * an interrupt must not do it: the owner would be the task that it came upon.
 * Port: the kernel says so in words, and checks it in rt_mutex_trylock() only.
 */
export function rt_spin_trylock(lock: spinlock_t): boolean {
	BUG_ON(in_hardirq(), "a spinlock that sleeps is tried in an interrupt");
	const rtm = lock.lock;
	const ret = CONFIG_RTMUTEX_STEPPED
		? rtmutex_trylock_step(ADDR(rtm.owner))
		: rt_mutex_cmpxchg_acquire(rtm, NULL, current()) ||
			rt_mutex_slowtrylock(rtm, true);

	if (ret) {
		spin_acquire(lock, 0, true);
		rcu_read_lock();
		migrate_disable();
	}
	return ret;
}

export function __rt_spin_lock_init(lock: spinlock_t, name?: string): void {
	if (CONFIG_ARCH_HOST_STEPPER)
		lock_class(ADDR(lock.lock.owner), name ?? "?");
	__rt_mutex_base_init(lock.lock);
}

/* include/linux/spinlock_rt.h */

export function rt_spin_is_locked(lock: spinlock_t): boolean {
	return rt_mutex_base_is_locked(lock.lock);
}

/** Port: by this task, where the kernel is content with anyone. */
export function assert_rt_spin_locked(lock: spinlock_t): void {
	BUG_ON(
		CONFIG_RTMUTEX_STEPPED
			? !lock_held_here(ADDR(lock.lock.owner))
			: rt_mutex_owner(lock.lock) !== current(),
		"spinlock not held",
	);
}
