// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/locking/rwbase_rt.c (5.17): read/write semaphores with
 * PREEMPT_RT, on top of an rt_mutex.
 *
 * A writer takes the rt_mutex, takes READER_BIAS away from the number of
 * readers, so that no more come in by the fast path, waits until the last one
 * has left, and sets WRITER_BIAS. A reader comes in by an addition while the
 * bias is there; else it takes wait_lock of the rt_mutex and looks whether a
 * writer is inside yet: if not, it still comes in, else it waits for the
 * rt_mutex, of which it lets go again at once.
 *
 * So readers pass a writer that waits, and a writer may starve. Writers inherit
 * priority from who waits for them; readers do not, being many.
 *
 * Port: in C the file is included twice; here as for semaphores, since there
 * are no rwlocks. What is called rwbase_rtmutex_…() there is written out.
 */
import {
	atomic_add,
	atomic_add_return,
	atomic_cmpxchg,
	atomic_dec_and_test,
	atomic_inc,
	atomic_read,
	atomic_read_acquire,
	atomic_set,
} from "linux/atomic.ts";
import { EINTR } from "linux/errno.ts";
import { lockdep_assert_raw_held } from "linux/lockdep.ts";
import { preempt_disable } from "linux/preempt.ts";
import { rcu_read_lock, rcu_read_unlock } from "linux/rcupdate.ts";
import { READER_BIAS, WRITER_BIAS } from "linux/rwbase_rt.ts";
import { TASK_RUNNING } from "linux/sched.ts";
import { put_task_struct, tryget_task_struct } from "linux/sched/task.ts";
import {
	raw_spin_lock_irq,
	raw_spin_lock_irqsave,
	raw_spin_unlock_irq,
	raw_spin_unlock_irqrestore,
} from "linux/spinlock.ts";
import type { rwbase_rt } from "linux/spinlock_types.ts";
import {
	__rt_mutex_lock,
	__rt_mutex_slowlock_locked,
	__rt_mutex_trylock,
	__rt_mutex_unlock,
	rt_mutex_wake_q_add_task,
	rt_mutex_wake_up_q,
} from "kernel/locking/rtmutex.ts";
import {
	rt_mutex_owner,
	type rt_wake_q_head,
} from "kernel/locking/rtmutex_common.ts";
import {
	__set_current_state,
	current,
	schedule,
	set_current_state,
	signal_pending_state,
} from "kernel/sched/core.ts";

/** The fast path: no writer wants it. */
export function rwbase_read_trylock(rwb: rwbase_rt): boolean {
	let r = atomic_read(rwb.readers);

	while (r < 0) {
		/* Acquire; pairs with __rwbase_write_unlock(). */
		const seen = atomic_cmpxchg(rwb.readers, r, (r + 1) | 0);

		if (seen === r)
			return true;
		r = seen;
	}
	return false;
}

function __rwbase_read_lock(rwb: rwbase_rt, state: number): number {
	const rtm = rwb.rtmutex;

	raw_spin_lock_irq(rtm.wait_lock);
	/* No writer is inside yet. */
	if (atomic_read(rwb.readers) !== WRITER_BIAS) {
		atomic_inc(rwb.readers);
		raw_spin_unlock_irq(rtm.wait_lock);
		return 0;
	}

	/*
	 * With wait_lock held all the way into the queue: were it dropped, the
	 * writer could leave, and the next one come and wait for readers; we
	 * would queue behind that one, and so behind readers who need not end.
	 */
	const ret = __rt_mutex_slowlock_locked(rtm, state);

	/* We own the rt_mutex, so there is no writer. */
	if (ret === 0)
		atomic_inc(rwb.readers);
	raw_spin_unlock_irq(rtm.wait_lock);
	if (ret === 0)
		__rt_mutex_unlock(rtm);
	return ret;
}

/** 0, or -EINTR if a signal that the state admits ends the sleep. */
export function rwbase_read_lock(rwb: rwbase_rt, state: number): number {
	if (rwbase_read_trylock(rwb))
		return 0;
	return __rwbase_read_lock(rwb, state);
}

/** The last reader out wakes the writer, who owns the rt_mutex. */
function __rwbase_read_unlock(rwb: rwbase_rt, state: number): void {
	const rtm = rwb.rtmutex;
	const wqh = STACK<rt_wake_q_head>();

	raw_spin_lock_irq(rtm.wait_lock);
	/*
	 * It may be inside already, or have been killed; then it is woken for
	 * nothing. It may even let go of the rt_mutex, by the fast path, and
	 * end. Port: in Linux a task's last reference goes a grace period
	 * later, which waits for us as interrupts are off (rcu_users); here
	 * RCU keeps its memory alone.
	 */
	rcu_read_lock();
	const owner = rt_mutex_owner(rtm);

	if (owner !== NULL && tryget_task_struct(owner)) {
		rt_mutex_wake_q_add_task(wqh, owner, state);
		put_task_struct(owner);
	}
	rcu_read_unlock();
	preempt_disable();
	raw_spin_unlock_irq(rtm.wait_lock);
	rt_mutex_wake_up_q(wqh);
}

export function rwbase_read_unlock(rwb: rwbase_rt, state: number): void {
	/* 0 only if a writer has taken the bias away. Release; pairs with
	 * __rwbase_write_trylock(). */
	if (atomic_dec_and_test(rwb.readers))
		__rwbase_read_unlock(rwb, state);
}

/** wait_lock of the rt_mutex is held, and dropped. */
function __rwbase_write_unlock(
	rwb: rwbase_rt,
	bias: number,
	flags: number,
): void {
	const rtm = rwb.rtmutex;

	/* Release; pairs with rwbase_read_trylock(). */
	atomic_add_return((READER_BIAS - bias) | 0, rwb.readers);
	raw_spin_unlock_irqrestore(rtm.wait_lock, flags);
	__rt_mutex_unlock(rtm);
}

export function rwbase_write_unlock(rwb: rwbase_rt): void {
	const rtm = rwb.rtmutex;
	const flags = raw_spin_lock_irqsave(rtm.wait_lock);

	__rwbase_write_unlock(rwb, WRITER_BIAS, flags);
}

/** We stay, as a reader. */
export function rwbase_write_downgrade(rwb: rwbase_rt): void {
	const rtm = rwb.rtmutex;
	const flags = raw_spin_lock_irqsave(rtm.wait_lock);

	__rwbase_write_unlock(rwb, WRITER_BIAS - 1, flags);
}

/** The rt_mutex is ours and wait_lock is held: is the last reader gone? */
function __rwbase_write_trylock(rwb: rwbase_rt): boolean {
	lockdep_assert_raw_held(rwb.rtmutex.wait_lock);
	/* Pairs with rwbase_read_unlock(). */
	if (atomic_read_acquire(rwb.readers) === 0) {
		atomic_set(rwb.readers, WRITER_BIAS);
		return true;
	}
	return false;
}

/** 0, or -EINTR if a signal that the state admits ends the sleep. */
export function rwbase_write_lock(rwb: rwbase_rt, state: number): number {
	const rtm = rwb.rtmutex;

	if (__rt_mutex_lock(rtm, state) !== 0)
		return -EINTR;

	/* From here on readers take the slow path. */
	atomic_add(-READER_BIAS | 0, rwb.readers);

	let flags = raw_spin_lock_irqsave(rtm.wait_lock);

	if (!__rwbase_write_trylock(rwb)) {
		set_current_state(state);
		for (;;) {
			if (signal_pending_state(state, current())) {
				__set_current_state(TASK_RUNNING);
				__rwbase_write_unlock(rwb, 0, flags);
				return -EINTR;
			}
			if (__rwbase_write_trylock(rwb))
				break;
			raw_spin_unlock_irqrestore(rtm.wait_lock, flags);
			schedule();
			flags = raw_spin_lock_irqsave(rtm.wait_lock);
			set_current_state(state);
		}
		__set_current_state(TASK_RUNNING);
	}
	raw_spin_unlock_irqrestore(rtm.wait_lock, flags);
	return 0;
}

export function rwbase_write_trylock(rwb: rwbase_rt): boolean {
	const rtm = rwb.rtmutex;

	if (!__rt_mutex_trylock(rtm))
		return false;

	atomic_add(-READER_BIAS | 0, rwb.readers);

	const flags = raw_spin_lock_irqsave(rtm.wait_lock);

	if (__rwbase_write_trylock(rwb)) {
		raw_spin_unlock_irqrestore(rtm.wait_lock, flags);
		return true;
	}
	__rwbase_write_unlock(rwb, 0, flags);
	return false;
}
