// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/locking/rtmutex.c (5.17): locks whose owner inherits the
 * priority of who waits for them.
 *
 * The owner word is the owner's task, with bit 0 (RT_MUTEX_HAS_WAITERS) set
 * while somebody waits. While the bit is clear the lock is taken and released
 * by one compare and exchange; once it is set, only under wait_lock. The bit
 * alone: the lock is free, and its first waiter has been woken to take it. It
 * is set for a moment without waiters, too, where somebody who has wait_lock
 * is about to look, or is on his way out: see fixup_rt_mutex_waiters().
 *
 * Waiters are in a tree by priority. The first waiter of each lock that a task
 * owns is on the task's own tree, pi_waiters, and lends its priority to the
 * task. Who owns a lock and waits for another one passes on what it has: the
 * chain is walked one lock at a time, see rt_mutex_adjust_prio_chain().
 *
 * Lock order: wait_lock, pi_lock.
 *
 * Port: the C file is compiled three times, with and without sleeping
 * spinlocks; here who wants to steal says whether for one. What the scheduler
 * cannot do: a task that sleeps keeps its CPU, so a priority does not decide
 * who runs, and an owner that was boosted runs no sooner. It decides who gets a
 * lock next, who may steal it, and what owners inherit. An owner "runs on a
 * CPU" while its state is TASK_RUNNING; who spins for it does so for a number
 * of turns. Each atomic is a full barrier.
 * Left out: ww_mutexes, deadlines, proxy locking, timeouts,
 * CONFIG_DEBUG_RT_MUTEXES.
 */
import { CONFIG_ARCH_HOST_STEPPER, CONFIG_SMP } from "generated/autoconf.ts";
import { WARN } from "linux/bug.ts";
import { EDEADLK, EINTR } from "linux/errno.ts";
import { lockdep_assert_raw_held } from "linux/lockdep.ts";
import { preempt_disable, preempt_enable } from "linux/preempt.ts";
import { printk } from "linux/printk.ts";
import {
	RB_CLEAR_NODE,
	RB_EMPTY_NODE,
	rb_add_cached,
	rb_erase_cached,
} from "linux/rbtree.ts";
import { rcu_read_lock, rcu_read_unlock } from "linux/rcupdate.ts";
import { RT_MUTEX_HAS_WAITERS } from "linux/rtmutex.ts";
import {
	TASK_INTERRUPTIBLE,
	TASK_RTLOCK_WAIT,
	TASK_RUNNING,
	type task_struct,
} from "linux/sched.ts";
import { DEFAULT_PRIO, rt_prio } from "linux/sched/prio.ts";
import { get_task_struct, put_task_struct } from "linux/sched/task.ts";
import { cpu_relax } from "linux/smp.ts";
import {
	raw_spin_lock,
	raw_spin_lock_irq,
	raw_spin_lock_irqsave,
	raw_spin_trylock,
	raw_spin_unlock,
	raw_spin_unlock_irq,
	raw_spin_unlock_irqrestore,
} from "linux/spinlock.ts";
import type { rt_mutex_base } from "linux/spinlock_types.ts";
import type { rb_node } from "linux/types.ts";
import {
	RT_MUTEX_FULL_CHAINWALK,
	RT_MUTEX_MIN_CHAINWALK,
	rt_mutex_has_waiters,
	rt_mutex_init_rtlock_waiter,
	rt_mutex_init_waiter,
	rt_mutex_owner,
	rt_mutex_top_waiter,
	type rt_mutex_waiter,
	rt_mutex_waiter_is_top_waiter,
	type rt_wake_q_head,
	task_has_pi_waiters,
	task_top_pi_waiter,
} from "kernel/locking/rtmutex_common.ts";
import {
	__set_current_state,
	current,
	current_restore_rtlock_saved_state,
	current_save_and_set_rtlock_wait_state,
	rt_mutex_setprio,
	schedule,
	schedule_rtlock,
	set_current_state,
	signal_pending_state,
	TASK_NORMAL,
	wake_up_state,
} from "kernel/sched/core.ts";

/** Locks that a chain may have before the walk gives up. */
const max_lock_depth = 1024;
/** Turns that somebody spins for an owner that runs; see rwsem.ts. */
const RTMUTEX_SPIN_TURNS = CONFIG_ARCH_HOST_STEPPER ? 0 : 256;

/** wait_lock is held, or nobody else knows of the lock. */
function rt_mutex_set_owner(lock: rt_mutex_base, owner: task_struct): void {
	const bit = rt_mutex_has_waiters(lock) ? RT_MUTEX_HAS_WAITERS : 0;

	WRITE_ONCE(lock.owner, uptr(owner) | bit);
}

/** wait_lock is held. */
function clear_rt_mutex_waiters(lock: rt_mutex_base): void {
	WRITE_ONCE(lock.owner, READ_ONCE(lock.owner) & ~RT_MUTEX_HAS_WAITERS);
}

/**
 * Take the bit away again if nobody waits. Only if it is set: then nobody can
 * change the word but us, who hold wait_lock. Were it stored whatever it is,
 * the owner could release the lock between the load and the store, by its
 * compare and exchange, and the store would bring the owner back.
 */
function fixup_rt_mutex_waiters(lock: rt_mutex_base): void {
	if (rt_mutex_has_waiters(lock))
		return;

	const owner = READ_ONCE(lock.owner);

	if ((owner & RT_MUTEX_HAS_WAITERS) !== 0)
		WRITE_ONCE(lock.owner, owner & ~RT_MUTEX_HAS_WAITERS);
}

/** The fast path: the lock is free and nobody waits. */
export function rt_mutex_cmpxchg_acquire(
	lock: rt_mutex_base,
	old: task_struct,
	new_: task_struct,
): boolean {
	/* Pairs with rt_mutex_cmpxchg_release() and, by wait_lock, with
	 * mark_wakeup_next_waiter(). */
	return cmpxchg(lock.owner, uptr(old), uptr(new_)) === uptr(old);
}

export function rt_mutex_cmpxchg_release(
	lock: rt_mutex_base,
	old: task_struct,
	new_: task_struct,
): boolean {
	/* Pairs with rt_mutex_cmpxchg_acquire(). */
	return cmpxchg(lock.owner, uptr(old), uptr(new_)) === uptr(old);
}

/** From here on everybody has to take wait_lock, which we hold. */
function mark_rt_mutex_waiters(lock: rt_mutex_base): void {
	for (;;) {
		const owner = READ_ONCE(lock.owner);
		const marked = owner | RT_MUTEX_HAS_WAITERS;

		if (cmpxchg(lock.owner, owner, marked) === owner)
			return;
	}
}

/**
 * Nobody waits: clear the bit, drop wait_lock, then release the lock as if the
 * fast path had been taken. False if somebody has come to wait meanwhile. The
 * lock may be gone once it is released, so wait_lock is dropped before.
 */
function unlock_rt_mutex_safe(lock: rt_mutex_base, flags: number): boolean {
	const owner = rt_mutex_owner(lock);

	clear_rt_mutex_waiters(lock);
	raw_spin_unlock_irqrestore(lock.wait_lock, flags);
	return rt_mutex_cmpxchg_release(lock, owner, NULL);
}

/** All who are no real-time task wait as equals. */
function __waiter_prio(task: task_struct): number {
	const prio = READ_ONCE(task.prio);

	return rt_prio(prio) ? prio : DEFAULT_PRIO;
}

function waiter_update_prio(
	waiter: rt_mutex_waiter,
	task: task_struct,
): void {
	waiter.prio = __waiter_prio(task);
}

/** Port: by their priorities, which is all that is compared. */
function rt_mutex_waiter_less(left: number, right: number): boolean {
	return left < right;
}

function rt_mutex_waiter_equal(left: number, right: number): boolean {
	return left === right;
}

/**
 * May who has this priority take a lock that is free before its first waiter?
 * Who is more important may. Of equals, for a spinlock, who runs already; but
 * not a real-time task, whose equals could wait for ever.
 */
function rt_mutex_steal(
	prio: number,
	top_waiter: rt_mutex_waiter,
	rtlock: boolean,
): boolean {
	if (rt_mutex_waiter_less(prio, top_waiter.prio))
		return true;
	if (!rtlock || rt_prio(prio))
		return false;
	return rt_mutex_waiter_equal(prio, top_waiter.prio);
}

function __waiter_less(a: rb_node, b: rb_node): boolean {
	return rt_mutex_waiter_less(
		container_of<rt_mutex_waiter>(a, "tree_entry").prio,
		container_of<rt_mutex_waiter>(b, "tree_entry").prio);
}

/** Behind its equals. wait_lock is held. */
function rt_mutex_enqueue(
	lock: rt_mutex_base,
	waiter: rt_mutex_waiter,
): void {
	rb_add_cached(waiter.tree_entry, lock.waiters, __waiter_less);
}

/** wait_lock is held. */
function rt_mutex_dequeue(
	lock: rt_mutex_base,
	waiter: rt_mutex_waiter,
): void {
	if (RB_EMPTY_NODE(waiter.tree_entry))
		return;
	rb_erase_cached(waiter.tree_entry, lock.waiters);
	RB_CLEAR_NODE(waiter.tree_entry);
}

function __pi_waiter_less(a: rb_node, b: rb_node): boolean {
	return rt_mutex_waiter_less(
		container_of<rt_mutex_waiter>(a, "pi_tree_entry").prio,
		container_of<rt_mutex_waiter>(b, "pi_tree_entry").prio);
}

/** task->pi_lock is held, as in the next two. */
function rt_mutex_enqueue_pi(
	task: task_struct,
	waiter: rt_mutex_waiter,
): void {
	rb_add_cached(waiter.pi_tree_entry, task.pi_waiters, __pi_waiter_less);
}

function rt_mutex_dequeue_pi(
	task: task_struct,
	waiter: rt_mutex_waiter,
): void {
	if (RB_EMPTY_NODE(waiter.pi_tree_entry))
		return;
	rb_erase_cached(waiter.pi_tree_entry, task.pi_waiters);
	RB_CLEAR_NODE(waiter.pi_tree_entry);
}

/** Give p the priority of its first waiter, if that is higher than its own. */
function rt_mutex_adjust_prio(p: task_struct): void {
	lockdep_assert_raw_held(p.pi_lock);
	let pi_task: task_struct = NULL;

	if (task_has_pi_waiters(p)) {
		const top = task_top_pi_waiter(p);

		pi_task = top.task;
	}
	rt_mutex_setprio(p, pi_task);
}

/** The reference keeps the task until rt_mutex_wake_up_q(). */
export function rt_mutex_wake_q_add_task(
	wqh: rt_wake_q_head,
	task: task_struct,
	wake_state: number,
): void {
	get_task_struct(task);
	if (wake_state === TASK_RTLOCK_WAIT)
		wqh.rtlock_task = task;
	else
		wqh.task = task;
}

function rt_mutex_wake_q_add(wqh: rt_wake_q_head, w: rt_mutex_waiter): void {
	rt_mutex_wake_q_add_task(wqh, w.task, w.wake_state);
}

/** Wake who is there. Preemption is off when we enter and on afterwards. */
export function rt_mutex_wake_up_q(wqh: rt_wake_q_head): void {
	if (wqh.rtlock_task !== NULL) {
		wake_up_state(wqh.rtlock_task, TASK_RTLOCK_WAIT);
		put_task_struct(wqh.rtlock_task);
		wqh.rtlock_task = NULL;
	}
	if (wqh.task !== NULL) {
		wake_up_state(wqh.task, TASK_NORMAL);
		put_task_struct(wqh.task);
		wqh.task = NULL;
	}
	/* Pairs with preempt_disable() in mark_wakeup_next_waiter(). */
	preempt_enable();
}

function rt_mutex_cond_detect_deadlock(
	_waiter: rt_mutex_waiter,
	chwalk: number,
): boolean {
	return chwalk === RT_MUTEX_FULL_CHAINWALK;
}

/** What p waits for, or NULL. p->pi_lock is held. */
function task_blocked_on_lock(p: task_struct): rt_mutex_base {
	const waiter: rt_mutex_waiter = p.pi_blocked_on;

	return waiter !== NULL ? waiter.lock : NULL;
}

/**
 * Pass a changed priority on along the chain of owners that wait themselves,
 * and look whether it comes back to where it began. Returns 0 or -EDEADLK, and
 * drops the caller's reference to task.
 *
 * task: the owner of orig_lock. next_lock: what it waited for when its pi_lock
 * was dropped; only compared. orig_waiter: who has come to wait for orig_lock,
 * NULL if one has left or only task's own priority has changed. top_task: on
 * whose behalf.
 *
 * Nothing is held on entry. Of each link of the chain pi_lock comes first,
 * then by a trylock the wait_lock of what it waits for, against their order.
 * Between two links nothing but a reference is held, and all may have changed:
 * then the walk ends, since who changed it has looked after the rest.
 */
function rt_mutex_adjust_prio_chain(
	task: task_struct,
	chwalk: number,
	orig_lock: rt_mutex_base,
	next_lock: rt_mutex_base,
	orig_waiter: rt_mutex_waiter,
	top_task: task_struct,
): number {
	const detect_deadlock = orig_waiter !== NULL &&
		rt_mutex_cond_detect_deadlock(orig_waiter, chwalk);
	let top_waiter = orig_waiter;
	let requeue = true;

	for (let depth = 1, n = 0; ; ) {
		if (depth > max_lock_depth) {
			printk(`Maximum lock depth ${max_lock_depth} reached` +
				` task: ${top_task.pid}`);
			put_task_struct(task);
			return -EDEADLK;
		}

		/* [1] The reference keeps the task. */
		raw_spin_lock_irq(task.pi_lock);

		/* [2] What it waits for. */
		let waiter: rt_mutex_waiter = task.pi_blocked_on;

		/* [3] The end of the chain, or another chain. */
		if (waiter === NULL)
			break;
		if (orig_waiter !== NULL && rt_mutex_owner(orig_lock) === NULL)
			break;
		if (next_lock !== waiter.lock)
			break;
		if (top_waiter !== NULL) {
			if (!task_has_pi_waiters(task))
				break;
			/* Others lend it more than we do. */
			if (top_waiter !== task_top_pi_waiter(task)) {
				if (!detect_deadlock)
					break;
				requeue = false;
			}
		}
		if (rt_mutex_waiter_equal(waiter.prio, __waiter_prio(task))) {
			if (!detect_deadlock)
				break;
			requeue = false;
		}

		/* [4] The next lock. [5] Against the order: only try. */
		const lock: rt_mutex_base = waiter.lock;

		if (!raw_spin_trylock(lock.wait_lock)) {
			raw_spin_unlock_irq(task.pi_lock);
			cpu_relax(n++);
			continue;
		}

		/* [6] Back where we began. */
		if (lock === orig_lock || rt_mutex_owner(lock) === top_task) {
			raw_spin_unlock(lock.wait_lock);
			raw_spin_unlock_irq(task.pi_lock);
			put_task_struct(task);
			return -EDEADLK;
		}

		if (!requeue) {
			/* Only to find a deadlock. [8] to [10] */
			raw_spin_unlock(task.pi_lock);
			put_task_struct(task);
			if (rt_mutex_owner(lock) === NULL) {
				raw_spin_unlock_irq(lock.wait_lock);
				return 0;
			}
			task = get_task_struct(rt_mutex_owner(lock));
			raw_spin_lock(task.pi_lock);
			/* [12] Before its locks are dropped. */
			next_lock = task_blocked_on_lock(task);
			top_waiter = rt_mutex_top_waiter(lock);
			/* [13] */
			raw_spin_unlock(task.pi_lock);
			raw_spin_unlock_irq(lock.wait_lock);
			if (next_lock === NULL) {
				put_task_struct(task);
				return 0;
			}
			depth++;
			continue;
		}

		const prerequeue_top_waiter = rt_mutex_top_waiter(lock);

		/* [7] To its new place among those who wait. */
		rt_mutex_dequeue(lock, waiter);
		waiter_update_prio(waiter, task);
		rt_mutex_enqueue(lock, waiter);

		/* [8] */
		raw_spin_unlock(task.pi_lock);
		put_task_struct(task);

		/* [9] Nobody owns it: whoever is first now has to come. */
		if (rt_mutex_owner(lock) === NULL) {
			const first = rt_mutex_top_waiter(lock);

			if (prerequeue_top_waiter !== first)
				wake_up_state(first.task, first.wake_state);
			raw_spin_unlock_irq(lock.wait_lock);
			return 0;
		}

		/* [10] */
		task = get_task_struct(rt_mutex_owner(lock));
		raw_spin_lock(task.pi_lock);

		/* [11] Its first waiter may be another one. */
		if (waiter === rt_mutex_top_waiter(lock)) {
			rt_mutex_dequeue_pi(task, prerequeue_top_waiter);
			rt_mutex_enqueue_pi(task, waiter);
			rt_mutex_adjust_prio(task);
		} else if (prerequeue_top_waiter === waiter) {
			rt_mutex_dequeue_pi(task, waiter);
			waiter = rt_mutex_top_waiter(lock);
			rt_mutex_enqueue_pi(task, waiter);
			rt_mutex_adjust_prio(task);
		}

		/* [12] */
		next_lock = task_blocked_on_lock(task);
		top_waiter = rt_mutex_top_waiter(lock);

		/* [13] */
		raw_spin_unlock(task.pi_lock);
		raw_spin_unlock_irq(lock.wait_lock);

		if (
			next_lock === NULL ||
			(!detect_deadlock && waiter !== top_waiter)
		) {
			put_task_struct(task);
			return 0;
		}
		depth++;
	}
	raw_spin_unlock_irq(task.pi_lock);
	put_task_struct(task);
	return 0;
}

/**
 * Take the lock for task if that may have it now. waiter: it is queued with
 * that, or NULL. wait_lock is held, with interrupts off. Where it says false
 * and there is an owner, the bit is left set: the caller sees to that.
 */
function try_to_take_rt_mutex(
	lock: rt_mutex_base,
	task: task_struct,
	waiter: rt_mutex_waiter,
	rtlock: boolean,
): boolean {
	lockdep_assert_raw_held(lock.wait_lock);
	mark_rt_mutex_waiters(lock);

	if (rt_mutex_owner(lock) !== NULL)
		return false;

	if (waiter !== NULL) {
		const top_waiter = rt_mutex_top_waiter(lock);

		if (
			waiter !== top_waiter &&
			!rt_mutex_steal(waiter.prio, top_waiter, rtlock)
		)
			return false;
		rt_mutex_dequeue(lock, waiter);
	} else if (rt_mutex_has_waiters(lock)) {
		if (!rt_mutex_steal(__waiter_prio(task),
				rt_mutex_top_waiter(lock), rtlock))
			return false;
	} else {
		rt_mutex_set_owner(lock, task);
		return true;
	}

	raw_spin_lock(task.pi_lock);
	task.pi_blocked_on = NULL;
	/* Who still waits lends to the new owner. */
	if (rt_mutex_has_waiters(lock))
		rt_mutex_enqueue_pi(task, rt_mutex_top_waiter(lock));
	raw_spin_unlock(task.pi_lock);

	rt_mutex_set_owner(lock, task);
	return true;
}

/**
 * Queue the waiter, and lend the task's priority to the owner and along its
 * chain. wait_lock is held, and dropped meanwhile if there is a chain. Returns
 * 0 or -EDEADLK; then, too, the waiter may be queued.
 */
function task_blocks_on_rt_mutex(
	lock: rt_mutex_base,
	waiter: rt_mutex_waiter,
	task: task_struct,
	chwalk: number,
): number {
	lockdep_assert_raw_held(lock.wait_lock);
	const owner = rt_mutex_owner(lock);
	let top_waiter = waiter;
	let chain_walk = false;

	/* Early, so that nobody who comes meanwhile is told of it instead. */
	if (owner === task)
		return -EDEADLK;

	raw_spin_lock(task.pi_lock);
	waiter.task = task;
	waiter.lock = lock;
	waiter_update_prio(waiter, task);
	if (rt_mutex_has_waiters(lock))
		top_waiter = rt_mutex_top_waiter(lock);
	rt_mutex_enqueue(lock, waiter);
	task.pi_blocked_on = waiter;
	raw_spin_unlock(task.pi_lock);

	if (owner === NULL)
		return 0;

	raw_spin_lock(owner.pi_lock);
	if (waiter === rt_mutex_top_waiter(lock)) {
		rt_mutex_dequeue_pi(owner, top_waiter);
		rt_mutex_enqueue_pi(owner, waiter);
		rt_mutex_adjust_prio(owner);
		if (owner.pi_blocked_on !== NULL)
			chain_walk = true;
	} else if (rt_mutex_cond_detect_deadlock(waiter, chwalk)) {
		chain_walk = true;
	}
	const next_lock = task_blocked_on_lock(owner);
	raw_spin_unlock(owner.pi_lock);

	if (!chain_walk || next_lock === NULL)
		return 0;

	/* It cannot go away as long as it owns a lock whose wait_lock is held.
	 * rt_mutex_adjust_prio_chain() drops the reference. */
	get_task_struct(owner);
	raw_spin_unlock_irq(lock.wait_lock);

	const res = rt_mutex_adjust_prio_chain(owner, chwalk, lock, next_lock,
		waiter, task);

	raw_spin_lock_irq(lock.wait_lock);
	return res;
}

/**
 * Give back what the first waiter lent us, and have it woken. It stays queued,
 * and the bit set, until it has taken the lock itself. wait_lock is held;
 * preemption is off afterwards, until rt_mutex_wake_up_q().
 */
function mark_wakeup_next_waiter(
	wqh: rt_wake_q_head,
	lock: rt_mutex_base,
): void {
	const cur = current();

	raw_spin_lock(cur.pi_lock);
	const waiter = rt_mutex_top_waiter(lock);

	rt_mutex_dequeue_pi(cur, waiter);
	rt_mutex_adjust_prio(cur);
	WRITE_ONCE(lock.owner, RT_MUTEX_HAS_WAITERS);
	preempt_disable();
	rt_mutex_wake_q_add(wqh, waiter);
	raw_spin_unlock(cur.pi_lock);
}

function __rt_mutex_slowtrylock(
	lock: rt_mutex_base,
	rtlock: boolean,
): boolean {
	const ret = try_to_take_rt_mutex(lock, current(), NULL, rtlock);

	fixup_rt_mutex_waiters(lock);
	return ret;
}

/** Callable with interrupts off, but not from an interrupt: the task that it
 *  came upon would be the owner. */
export function rt_mutex_slowtrylock(
	lock: rt_mutex_base,
	rtlock: boolean,
): boolean {
	if (rt_mutex_owner(lock) !== NULL)
		return false;

	const flags = raw_spin_lock_irqsave(lock.wait_lock);
	const ret = __rt_mutex_slowtrylock(lock, rtlock);

	raw_spin_unlock_irqrestore(lock.wait_lock, flags);
	return ret;
}

export function __rt_mutex_trylock(lock: rt_mutex_base): boolean {
	if (rt_mutex_cmpxchg_acquire(lock, NULL, current()))
		return true;
	return rt_mutex_slowtrylock(lock, false);
}

/** Somebody waits, or is about to. */
export function rt_mutex_slowunlock(lock: rt_mutex_base): void {
	let flags = raw_spin_lock_irqsave(lock.wait_lock);

	while (!rt_mutex_has_waiters(lock)) {
		/* Drops wait_lock. */
		if (unlock_rt_mutex_safe(lock, flags))
			return;
		flags = raw_spin_lock_irqsave(lock.wait_lock);
	}

	const wqh = STACK<rt_wake_q_head>();

	mark_wakeup_next_waiter(wqh, lock);
	raw_spin_unlock_irqrestore(lock.wait_lock, flags);
	rt_mutex_wake_up_q(wqh);
}

export function __rt_mutex_unlock(lock: rt_mutex_base): void {
	if (rt_mutex_cmpxchg_release(lock, current(), NULL))
		return;
	rt_mutex_slowunlock(lock);
}

/** Worth another try? Else the caller sleeps. */
function rtmutex_spin_on_owner(
	lock: rt_mutex_base,
	waiter: rt_mutex_waiter,
	owner: task_struct,
): boolean {
	if (!CONFIG_SMP || RTMUTEX_SPIN_TURNS === 0)
		return false;
	let res = false;

	/* The owner's task stays what it is as long as it is the owner; after
	 * that RCU keeps its memory. */
	rcu_read_lock();
	for (let n = 0; n < RTMUTEX_SPIN_TURNS; n++) {
		if (owner !== rt_mutex_owner(lock)) {
			res = true;
			break;
		}
		if (
			READ_ONCE(owner.__state) !== TASK_RUNNING ||
			!rt_mutex_waiter_is_top_waiter(lock, waiter)
		)
			break;
		cpu_relax(n);
	}
	rcu_read_unlock();
	return res;
}

/**
 * Give up: leave the queue, and take back what was lent. wait_lock is held, and
 * dropped meanwhile if there is a chain.
 */
function remove_waiter(lock: rt_mutex_base, waiter: rt_mutex_waiter): void {
	lockdep_assert_raw_held(lock.wait_lock);
	const is_top_waiter = waiter === rt_mutex_top_waiter(lock);
	const owner = rt_mutex_owner(lock);
	const cur = current();

	raw_spin_lock(cur.pi_lock);
	rt_mutex_dequeue(lock, waiter);
	cur.pi_blocked_on = NULL;
	raw_spin_unlock(cur.pi_lock);

	if (owner === NULL || !is_top_waiter)
		return;

	raw_spin_lock(owner.pi_lock);
	rt_mutex_dequeue_pi(owner, waiter);
	if (rt_mutex_has_waiters(lock))
		rt_mutex_enqueue_pi(owner, rt_mutex_top_waiter(lock));
	rt_mutex_adjust_prio(owner);
	const next_lock = task_blocked_on_lock(owner);
	raw_spin_unlock(owner.pi_lock);

	if (next_lock === NULL)
		return;

	/* rt_mutex_adjust_prio_chain() drops it. */
	get_task_struct(owner);
	raw_spin_unlock_irq(lock.wait_lock);
	rt_mutex_adjust_prio_chain(owner, RT_MUTEX_MIN_CHAINWALK, lock,
		next_lock, NULL, cur);
	raw_spin_lock_irq(lock.wait_lock);
}

/** Until we have it, or a signal ends the sleep. wait_lock is held. */
function rt_mutex_slowlock_block(
	lock: rt_mutex_base,
	state: number,
	waiter: rt_mutex_waiter,
): number {
	let ret = 0;

	for (;;) {
		if (try_to_take_rt_mutex(lock, current(), waiter, false))
			break;
		if (signal_pending_state(state, current())) {
			ret = -EINTR;
			break;
		}
		const owner: task_struct = waiter === rt_mutex_top_waiter(lock)
			? rt_mutex_owner(lock)
			: NULL;

		raw_spin_unlock_irq(lock.wait_lock);
		if (
			owner === NULL ||
			!rtmutex_spin_on_owner(lock, waiter, owner)
		)
			schedule();
		raw_spin_lock_irq(lock.wait_lock);
		set_current_state(state);
	}
	__set_current_state(TASK_RUNNING);
	return ret;
}

/** Who did not ask for detection sleeps for ever. */
function rt_mutex_handle_deadlock(res: number, detect_deadlock: number): void {
	if (res !== -EDEADLK || detect_deadlock !== RT_MUTEX_MIN_CHAINWALK)
		return;
	WARN(true, "rtmutex deadlock detected");
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		schedule();
	}
}

/** wait_lock is held. Port: exported, so that a test can ask for detection, as
 *  futexes do. */
export function __rt_mutex_slowlock(
	lock: rt_mutex_base,
	state: number,
	chwalk: number,
	waiter: rt_mutex_waiter,
): number {
	lockdep_assert_raw_held(lock.wait_lock);
	if (try_to_take_rt_mutex(lock, current(), NULL, false))
		return 0;

	set_current_state(state);
	let ret = task_blocks_on_rt_mutex(lock, waiter, current(), chwalk);

	if (ret === 0)
		ret = rt_mutex_slowlock_block(lock, state, waiter);
	if (ret !== 0) {
		__set_current_state(TASK_RUNNING);
		remove_waiter(lock, waiter);
		rt_mutex_handle_deadlock(ret, chwalk);
	}
	fixup_rt_mutex_waiters(lock);
	return ret;
}

export function __rt_mutex_slowlock_locked(
	lock: rt_mutex_base,
	state: number,
): number {
	const waiter = STACK<rt_mutex_waiter>();

	rt_mutex_init_waiter(waiter);
	return __rt_mutex_slowlock(lock, state, RT_MUTEX_MIN_CHAINWALK, waiter);
}

function rt_mutex_slowlock(lock: rt_mutex_base, state: number): number {
	const flags = raw_spin_lock_irqsave(lock.wait_lock);
	const ret = __rt_mutex_slowlock_locked(lock, state);

	raw_spin_unlock_irqrestore(lock.wait_lock, flags);
	return ret;
}

/** 0, or -EINTR if a signal ends the sleep. */
export function __rt_mutex_lock(lock: rt_mutex_base, state: number): number {
	if (rt_mutex_cmpxchg_acquire(lock, NULL, current()))
		return 0;
	return rt_mutex_slowlock(lock, state);
}

/**
 * For a spinlock: whatever state the task was about to sleep in is kept, and a
 * wake-up that comes meanwhile goes there. wait_lock is held.
 */
function rtlock_slowlock_locked(lock: rt_mutex_base): void {
	lockdep_assert_raw_held(lock.wait_lock);
	if (try_to_take_rt_mutex(lock, current(), NULL, true))
		return;

	const waiter = STACK<rt_mutex_waiter>();

	rt_mutex_init_rtlock_waiter(waiter);
	current_save_and_set_rtlock_wait_state();
	task_blocks_on_rt_mutex(lock, waiter, current(),
		RT_MUTEX_MIN_CHAINWALK);

	for (;;) {
		if (try_to_take_rt_mutex(lock, current(), waiter, true))
			break;

		const owner: task_struct = waiter === rt_mutex_top_waiter(lock)
			? rt_mutex_owner(lock)
			: NULL;

		raw_spin_unlock_irq(lock.wait_lock);
		if (
			owner === NULL ||
			!rtmutex_spin_on_owner(lock, waiter, owner)
		)
			schedule_rtlock();
		raw_spin_lock_irq(lock.wait_lock);
		set_current_state(TASK_RTLOCK_WAIT);
	}
	current_restore_rtlock_saved_state();
	fixup_rt_mutex_waiters(lock);
}

export function rtlock_slowlock(lock: rt_mutex_base): void {
	const flags = raw_spin_lock_irqsave(lock.wait_lock);

	rtlock_slowlock_locked(lock);
	raw_spin_unlock_irqrestore(lock.wait_lock, flags);
}

/** p's own priority has changed: tell whoever it waits for. rtmutex_api.c. */
export function rt_mutex_adjust_pi(task: task_struct): void {
	const flags = raw_spin_lock_irqsave(task.pi_lock);
	const waiter: rt_mutex_waiter = task.pi_blocked_on;

	if (
		waiter === NULL ||
		rt_mutex_waiter_equal(waiter.prio, __waiter_prio(task))
	) {
		raw_spin_unlock_irqrestore(task.pi_lock, flags);
		return;
	}
	const next_lock: rt_mutex_base = waiter.lock;

	raw_spin_unlock_irqrestore(task.pi_lock, flags);

	/* rt_mutex_adjust_prio_chain() drops it. */
	get_task_struct(task);
	rt_mutex_adjust_prio_chain(task, RT_MUTEX_MIN_CHAINWALK, NULL,
		next_lock, NULL, task);
}
