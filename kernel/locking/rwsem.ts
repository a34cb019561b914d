// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/locking/rwsem.c (5.17): reader/writer semaphores.
 *
 * The count word: bit 0 a writer holds it; bit 1 there are waiters; bit 2 the
 * first waiter claims the lock for itself (handoff); bits 8-30 the number of
 * readers, counting those that have added themselves and are about to back
 * out; bit 31 too many readers. All changes are atomic. A reader gets in with
 * one addition if no writer, no waiter and no handoff is there, so readers
 * queue behind a waiting writer.
 *
 * The owner word is the writer's task, or the last reader's with bit 0 set.
 * It is a hint: nobody follows the pointer.
 *
 * Port: spinners are bounded by a number of turns instead of by whether the
 * owner runs, and do not queue (no OSQ lock), so RWSEM_NONSPINNABLE is left
 * out. Those who wait in the queue also spin for a while before they park the
 * CPU. A wake queue is an array, since no more tasks than CPUs can sleep.
 * With PREEMPT_RT all that is another lock, kernel/locking/rwbase_rt.ts.
 * Left out: lock events, real-time tasks.
 */
import {
	CONFIG_ARCH_HOST_STEPPER,
	CONFIG_DEBUG_VM,
	CONFIG_PREEMPT_RT,
	CONFIG_RWSEM_STEPPED,
} from "generated/autoconf.ts";
import {
	lock_class,
	rwsem_down_read_step,
	rwsem_down_read_trylock_step,
	rwsem_down_write_step,
	rwsem_down_write_trylock_step,
	rwsem_downgrade_step,
	rwsem_up_read_step,
	rwsem_up_write_step,
} from "host/model.ts";
import { ktime_get_ns } from "host/cpu.ts";
import {
	atomic_add,
	atomic_add_return,
	atomic_andnot,
	atomic_cmpxchg,
	atomic_fetch_add,
	atomic_or,
	atomic_read,
	atomic_read_acquire,
	atomic_set,
} from "linux/atomic.ts";
import { BUG_ON, WARN_ON } from "linux/bug.ts";
import { EINTR } from "linux/errno.ts";
import { might_sleep } from "linux/kernel.ts";
import {
	lock_downgrade,
	lockdep_assert_held_write,
	lockdep_assert_raw_held,
	rwsem_acquire,
	rwsem_acquire_nest,
	rwsem_acquire_read,
	rwsem_release,
} from "linux/lockdep.ts";
import {
	INIT_LIST_HEAD,
	list_add_tail,
	list_del,
	list_empty,
	list_is_singular,
	list_move_tail,
} from "linux/list.ts";
import { init_rwbase_rt, WRITER_BIAS } from "linux/rwbase_rt.ts";
import {
	TASK_KILLABLE,
	TASK_RUNNING,
	TASK_UNINTERRUPTIBLE,
	type task_struct,
} from "linux/sched.ts";
import { get_task_struct, put_task_struct } from "linux/sched/task.ts";
import { cpu_relax } from "linux/smp.ts";
import {
	raw_spin_lock_irq,
	raw_spin_lock_init,
	raw_spin_lock_irqsave,
	raw_spin_unlock_irq,
	raw_spin_unlock_irqrestore,
} from "linux/spinlock.ts";
import type { rw_semaphore } from "linux/spinlock_types.ts";
import type { list_head } from "linux/types.ts";
import {
	__set_current_state,
	current,
	schedule_blocked_on,
	set_current_state,
	signal_pending_state,
	TASK_NORMAL,
	wake_up_process,
} from "kernel/sched/core.ts";
import {
	rwbase_read_lock,
	rwbase_read_trylock,
	rwbase_read_unlock,
	rwbase_write_downgrade,
	rwbase_write_lock,
	rwbase_write_trylock,
	rwbase_write_unlock,
} from "kernel/locking/rwbase_rt.ts";

/** Bit of the owner word: owned by readers, of which the task is one. */
const RWSEM_READER_OWNED = 1 << 0;

const RWSEM_UNLOCKED_VALUE = 0;
const RWSEM_WRITER_LOCKED = 1 << 0;
const RWSEM_FLAG_WAITERS = 1 << 1;
const RWSEM_FLAG_HANDOFF = 1 << 2;
const RWSEM_FLAG_READFAIL = 1 << 31;

const RWSEM_READER_SHIFT = 8;
const RWSEM_READER_BIAS = 1 << RWSEM_READER_SHIFT;
const RWSEM_READER_MASK = ~(RWSEM_READER_BIAS - 1);
const RWSEM_WRITER_MASK = RWSEM_WRITER_LOCKED;
const RWSEM_LOCK_MASK = RWSEM_WRITER_MASK | RWSEM_READER_MASK;
const RWSEM_READ_FAILED_MASK =
	RWSEM_WRITER_MASK |
	RWSEM_FLAG_WAITERS |
	RWSEM_FLAG_HANDOFF |
	RWSEM_FLAG_READFAIL;

const RWSEM_WAITING_FOR_WRITE = 0;
const RWSEM_WAITING_FOR_READ = 1;

/** What the one who wakes knows: anything; only readers may be woken; the
 *  lock is reader-owned by the one who wakes. */
const RWSEM_WAKE_ANY = 0;
const RWSEM_WAKE_READERS = 1;
const RWSEM_WAKE_READ_OWNED = 2;

/** After this long the first waiter sets the handoff bit. */
const RWSEM_WAIT_TIMEOUT_NS = 4e6;
/** Readers woken at once: so many that the count cannot overflow. */
const MAX_READERS_WAKEUP = 0x100;
/** Turns that somebody spins before sleeping, which costs as much as some
 *  hundreds of them. Time stands still on the stepper, where a turn is a wait:
 *  nobody would ever get to sleep. */
const RWSEM_SPIN_TURNS = CONFIG_ARCH_HOST_STEPPER ? 0 : 256;

/** On the sleeper's kernel stack. */
interface rwsem_waiter extends struct {
	list: embed<list_head>; /* wait_lock */
	/** wait_lock; a reader's becomes NULL (release) when it owns the
	 *  lock */
	task: task_struct;
	type: int; /* constant */
	handoff_set: int; /* wait_lock */
	timeout: ulong; /* constant */
}

/** Tasks to wake once wait_lock is dropped. All fields: current only. */
interface wake_q_head extends struct {
	n: int;
	tasks: array<task_struct, 64>; /* each with a reference of ours */
}

/** The reference keeps the task until wake_up_q(), should it wake before. */
function wake_q_add(head: wake_q_head, task: task_struct): void {
	BUG_ON(head.n >= 64, "more sleepers than CPUs");
	get_task_struct(task);
	head.tasks[head.n] = task;
	head.n++;
}

function wake_q_empty(head: wake_q_head): boolean {
	return head.n === 0;
}

function wake_up_q(head: wake_q_head): void {
	for (let i = 0; i < head.n; i++) {
		const task: task_struct = head.tasks[i];

		wake_up_process(task);
		put_task_struct(task);
	}
	head.n = 0;
}

function rwsem_set_owner(sem: rw_semaphore): void {
	WRITE_ONCE(sem.owner, uptr(current()));
}

function rwsem_clear_owner(sem: rw_semaphore): void {
	WRITE_ONCE(sem.owner, 0);
}

function __rwsem_set_reader_owned(
	sem: rw_semaphore,
	owner: task_struct,
): void {
	WRITE_ONCE(sem.owner, uptr(owner) | RWSEM_READER_OWNED);
}

function rwsem_set_reader_owned(sem: rw_semaphore): void {
	__rwsem_set_reader_owned(sem, current());
}

/** Only who is named there takes its name out, and only for debugging. */
function rwsem_clear_reader_owned(sem: rw_semaphore): void {
	if (CONFIG_DEBUG_VM) {
		const val = uptr(current()) | RWSEM_READER_OWNED;

		if (READ_ONCE(sem.owner) === val)
			cmpxchg(sem.owner, val, RWSEM_READER_OWNED);
	}
}

/** For assertions: does a writer hold it? */
export function rwsem_is_write_locked(sem: rw_semaphore): boolean {
	if (CONFIG_PREEMPT_RT) {
		return atomic_read(sem.rwbase.readers) ===
			(CONFIG_RWSEM_STEPPED
				? RWSEM_WRITER_LOCKED
				: WRITER_BIAS);
	}
	return (atomic_read(sem.count) & RWSEM_WRITER_MASK) !== 0;
}

/**
 * The fast path of readers. Returns 0 if we own it, or else the count (which
 * then cannot be 0), with our bias in it.
 */
function rwsem_read_trylock(sem: rw_semaphore): number {
	/* Acquire; pairs with __up_write() and __downgrade_write(). */
	const cnt = atomic_add_return(RWSEM_READER_BIAS, sem.count);

	WARN_ON(cnt < 0, "rwsem: too many readers");
	if ((cnt & RWSEM_READ_FAILED_MASK) === 0) {
		rwsem_set_reader_owned(sem);
		return 0;
	}
	return cnt;
}

function rwsem_write_trylock(sem: rw_semaphore): boolean {
	/* Acquire; pairs with the release in __up_read() and __up_write(). */
	const old = atomic_cmpxchg(
		sem.count,
		RWSEM_UNLOCKED_VALUE,
		RWSEM_WRITER_LOCKED,
	);

	if (old !== RWSEM_UNLOCKED_VALUE)
		return false;
	rwsem_set_owner(sem);
	return true;
}

export function __init_rwsem(sem: rw_semaphore, name?: string): void {
	if (CONFIG_ARCH_HOST_STEPPER)
		lock_class(uptr(sem), name ?? "?");
	if (CONFIG_PREEMPT_RT) {
		init_rwbase_rt(sem.rwbase);
		/* In one step it is the word that it is without PREEMPT_RT. */
		if (CONFIG_RWSEM_STEPPED) {
			atomic_set(sem.rwbase.readers, RWSEM_UNLOCKED_VALUE);
		}
		return;
	}
	atomic_set(sem.count, RWSEM_UNLOCKED_VALUE);
	raw_spin_lock_init(sem.wait_lock);
	INIT_LIST_HEAD(sem.wait_list);
	sem.owner = 0;
}

function rwsem_first_waiter(sem: rw_semaphore): rwsem_waiter {
	const list = sem.wait_list;

	return container_of<rwsem_waiter>(list.next, "list");
}

/** wait_lock is held. */
function rwsem_add_waiter(sem: rw_semaphore, waiter: rwsem_waiter): void {
	lockdep_assert_raw_held(sem.wait_lock);
	list_add_tail(waiter.list, sem.wait_list);
}

/** The last one to leave takes the flags with it. wait_lock is held. */
function rwsem_del_waiter(sem: rw_semaphore, waiter: rwsem_waiter): void {
	lockdep_assert_raw_held(sem.wait_lock);
	list_del(waiter.list);
	if (!list_empty(sem.wait_list))
		return;
	atomic_andnot(RWSEM_FLAG_HANDOFF | RWSEM_FLAG_WAITERS, sem.count);
}

/**
 * Decide who of the queue goes next, and put them on wake_q.
 * We enter with wait_lock held, the queue not empty and, for
 * RWSEM_WAKE_READ_OWNED, with a reader's share of the lock. A writer at the
 * front is only woken: it takes the lock itself. Readers are given the lock
 * here, all that are in the queue, since the next ones would have to wait for
 * the writers between them otherwise.
 */
function rwsem_mark_wake(
	sem: rw_semaphore,
	wake_type: number,
	wake_q: wake_q_head,
): void {
	lockdep_assert_raw_held(sem.wait_lock);
	let waiter = rwsem_first_waiter(sem);
	let oldcount: number;
	let woken = 0;
	let adjustment = 0;

	if (waiter.type === RWSEM_WAITING_FOR_WRITE) {
		/*
		 * READERS and READ_OWNED: the lock is held by readers, so the
		 * writer would find it taken.
		 */
		if (wake_type === RWSEM_WAKE_ANY)
			wake_q_add(wake_q, waiter.task);
		return;
	}

	/* No more readers if there are too many already. */
	if (atomic_read(sem.count) < 0)
		return;

	/*
	 * A writer may steal the lock until we hold a share of it: take one for
	 * the first reader before we give out any.
	 */
	if (wake_type !== RWSEM_WAKE_READ_OWNED) {
		adjustment = RWSEM_READER_BIAS;
		oldcount = atomic_fetch_add(adjustment, sem.count);
		if ((oldcount & RWSEM_WRITER_MASK) !== 0) {
			/*
			 * Stolen. If that has gone on for too long, set the
			 * handoff bit together with giving the share back.
			 */
			if (ktime_get_ns() > waiter.timeout) {
				if ((oldcount & RWSEM_FLAG_HANDOFF) === 0)
					adjustment -= RWSEM_FLAG_HANDOFF;
				waiter.handoff_set = 1;
			}
			atomic_add(-adjustment, sem.count);
			return;
		}
		/* Tell spinners early. */
		__rwsem_set_reader_owned(sem, waiter.task);
	}

	/*
	 * First pass: gather the readers. They keep sleeping, as their task
	 * pointers are still set.
	 */
	const wlist = STACK<list_head>();

	INIT_LIST_HEAD(wlist);
	for (
		let pos: list_head = sem.wait_list.next, next: list_head;
		pos !== sem.wait_list;
		pos = next
	) {
		next = pos.next;
		waiter = container_of<rwsem_waiter>(pos, "list");
		if (waiter.type === RWSEM_WAITING_FOR_WRITE)
			continue;

		woken++;
		list_move_tail(pos, wlist);
		if (woken >= MAX_READERS_WAKEUP)
			break;
	}

	adjustment = woken * RWSEM_READER_BIAS - adjustment;

	oldcount = atomic_read(sem.count);
	if (list_empty(sem.wait_list)) {
		/* Nobody is left to wait or to hand over to. */
		adjustment -= RWSEM_FLAG_WAITERS;
		if ((oldcount & RWSEM_FLAG_HANDOFF) !== 0)
			adjustment -= RWSEM_FLAG_HANDOFF;
	} else if (woken !== 0) {
		/* The first waiter was a reader and has what it claimed. */
		if ((oldcount & RWSEM_FLAG_HANDOFF) !== 0)
			adjustment -= RWSEM_FLAG_HANDOFF;
	}

	if (adjustment !== 0)
		atomic_add(adjustment, sem.count);

	/*
	 * Second pass, when the count is right: let them go. A reader that finds
	 * its task pointer NULL owns the lock and may leave at once, and its
	 * waiter with it; so the reference comes first.
	 */
	for (
		let pos: list_head = wlist.next, next: list_head;
		pos !== wlist;
		pos = next
	) {
		next = pos.next;
		waiter = container_of<rwsem_waiter>(pos, "list");
		wake_q_add(wake_q, waiter.task);
		/* Pairs with the acquire in rwsem_down_read_slowpath(). */
		smp_store_release(waiter.task, NULL);
	}
}

/**
 * A writer in the queue tries to take the lock. wait_lock is held; if we
 * return true, the waiter is off the queue and we own the lock.
 */
function rwsem_try_write_lock(
	sem: rw_semaphore,
	waiter: rwsem_waiter,
): boolean {
	lockdep_assert_raw_held(sem.wait_lock);
	const first = rwsem_first_waiter(sem);
	let count = atomic_read(sem.count);
	let new_: number;

	for (;;) {
		const has_handoff = (count & RWSEM_FLAG_HANDOFF) !== 0;

		if (has_handoff) {
			/* It is claimed by the one at the front: give way to it. */
			if (first.handoff_set !== 0 && waiter !== first)
				return false;
			/* Whoever is at the front now inherits the claim. */
			if (waiter === first)
				waiter.handoff_set = 1;
		}

		new_ = count;
		if ((count & RWSEM_LOCK_MASK) !== 0) {
			if (has_handoff || ktime_get_ns() <= waiter.timeout)
				return false;
			new_ |= RWSEM_FLAG_HANDOFF;
		} else {
			new_ |= RWSEM_WRITER_LOCKED;
			new_ &= ~RWSEM_FLAG_HANDOFF;
			if (list_is_singular(sem.wait_list))
				new_ &= ~RWSEM_FLAG_WAITERS;
		}

		/* Acquire; pairs with __up_read() and __up_write(). */
		const seen = atomic_cmpxchg(sem.count, count, new_);

		if (seen === count)
			break;
		count = seen;
	}

	/* Either we claimed the lock, or we have it. */
	if ((new_ & RWSEM_FLAG_HANDOFF) !== 0) {
		waiter.handoff_set = 1;
		return false;
	}

	/* The flags were dealt with above, so not rwsem_del_waiter(). */
	list_del(waiter.list);
	rwsem_set_owner(sem);
	return true;
}

/** A writer that is not in the queue tries, unless someone has a claim. */
function rwsem_try_write_lock_unqueued(sem: rw_semaphore): boolean {
	let count = atomic_read(sem.count);

	while ((count & (RWSEM_LOCK_MASK | RWSEM_FLAG_HANDOFF)) === 0) {
		/* Acquire; pairs with __up_read() and __up_write(). */
		const seen = atomic_cmpxchg(
			sem.count,
			count,
			count | RWSEM_WRITER_LOCKED,
		);

		if (seen === count) {
			rwsem_set_owner(sem);
			return true;
		}
		count = seen;
	}
	return false;
}

/** Spin for a bounded time for the lock to become free. */
function rwsem_optimistic_spin(sem: rw_semaphore): boolean {
	for (let n = 0; n < RWSEM_SPIN_TURNS; n++) {
		if (rwsem_try_write_lock_unqueued(sem))
			return true;
		/* Behind a claim there is nothing to hope for. */
		if ((atomic_read(sem.count) & RWSEM_FLAG_HANDOFF) !== 0)
			return false;
		cpu_relax(n);
	}
	return false;
}

/**
 * After our bias was added and the fast path failed. Returns 0 with the lock
 * held, or -EINTR without.
 */
function rwsem_down_read_slowpath(
	sem: rw_semaphore,
	count: number,
	state: number,
): number {
	let adjustment = -RWSEM_READER_BIAS;
	const rcnt = count >>> RWSEM_READER_SHIFT;
	const waiter = STACK<rwsem_waiter>();
	const wake_q = STACK<wake_q_head>();

	/*
	 * A steady stream of readers would starve the writers in the queue, so
	 * a lock that readers own already is not stolen.
	 */
	const reader_owned =
		(READ_ONCE(sem.owner) & RWSEM_READER_OWNED) !== 0 &&
		rcnt > 1 &&
		(count & RWSEM_WRITER_LOCKED) === 0;

	/* Steal: no writer inside and no claim; our bias is in the count. */
	if (
		!reader_owned &&
		(count & (RWSEM_WRITER_LOCKED | RWSEM_FLAG_HANDOFF)) === 0
	) {
		rwsem_set_reader_owned(sem);

		/* The first one in takes the other readers along. */
		if (rcnt === 1 && (count & RWSEM_FLAG_WAITERS) !== 0) {
			raw_spin_lock_irq(sem.wait_lock);
			if (!list_empty(sem.wait_list))
				rwsem_mark_wake(sem, RWSEM_WAKE_READ_OWNED, wake_q);
			raw_spin_unlock_irq(sem.wait_lock);
			wake_up_q(wake_q);
		}
		return 0;
	}

	waiter.task = current();
	waiter.type = RWSEM_WAITING_FOR_READ;
	waiter.timeout = ktime_get_ns() + RWSEM_WAIT_TIMEOUT_NS;
	waiter.handoff_set = 0;

	raw_spin_lock_irq(sem.wait_lock);
	if (list_empty(sem.wait_list)) {
		/*
		 * Nobody waits. If the writer is gone meanwhile, the bias that
		 * we added is a share of the lock. Acquire, as the addition saw
		 * the writer; pairs with the release in __up_write().
		 */
		if ((atomic_read_acquire(sem.count) & RWSEM_WRITER_MASK) === 0) {
			raw_spin_unlock_irq(sem.wait_lock);
			rwsem_set_reader_owned(sem);
			return 0;
		}
		adjustment += RWSEM_FLAG_WAITERS;
	}
	rwsem_add_waiter(sem, waiter);

	/* Now waiting: give the bias back. */
	count = atomic_add_return(adjustment, sem.count);

	/*
	 * If the lock is free, wake whoever is at the front. If readers hold it
	 * and we are the first to wait, wake ourselves to join them.
	 */
	if (
		(count & RWSEM_LOCK_MASK) === 0 ||
		((count & RWSEM_WRITER_MASK) === 0 &&
			(adjustment & RWSEM_FLAG_WAITERS) !== 0)
	)
		rwsem_mark_wake(sem, RWSEM_WAKE_ANY, wake_q);

	raw_spin_unlock_irq(sem.wait_lock);
	wake_up_q(wake_q);

	/* Port: the lock may be given to us sooner than we could fall asleep. */
	for (let n = 0; n < RWSEM_SPIN_TURNS; n++) {
		if (READ_ONCE(waiter.task) === NULL)
			break;
		cpu_relax(n);
	}

	for (;;) {
		set_current_state(state);
		/* Acquire; pairs with the release in rwsem_mark_wake(). */
		if (smp_load_acquire(waiter.task) === NULL)
			break;
		if (signal_pending_state(state, current())) {
			raw_spin_lock_irq(sem.wait_lock);
			if (waiter.task !== NULL) {
				rwsem_del_waiter(sem, waiter);
				raw_spin_unlock_irq(sem.wait_lock);
				__set_current_state(TASK_RUNNING);
				return -EINTR;
			}
			/* Given to us just now: ordered by wait_lock. */
			raw_spin_unlock_irq(sem.wait_lock);
			break;
		}
		schedule_blocked_on(sem);
	}

	__set_current_state(TASK_RUNNING);
	return 0;
}

/** Returns 0 with the lock held, or -EINTR without. */
function rwsem_down_write_slowpath(sem: rw_semaphore, state: number): number {
	/* Spin first, and steal the lock if it becomes free. */
	if (rwsem_optimistic_spin(sem))
		return 0;

	const waiter = STACK<rwsem_waiter>();
	const wake_q = STACK<wake_q_head>();

	waiter.task = current();
	waiter.type = RWSEM_WAITING_FOR_WRITE;
	waiter.timeout = ktime_get_ns() + RWSEM_WAIT_TIMEOUT_NS;
	waiter.handoff_set = 0;

	raw_spin_lock_irq(sem.wait_lock);
	rwsem_add_waiter(sem, waiter);

	if (rwsem_first_waiter(sem) !== waiter) {
		/*
		 * Others are ahead of us. If no writer holds the lock, either it
		 * is free (and the front may have a claim, but sleeps), or
		 * readers have it and readers in the queue can join them.
		 */
		const count = atomic_read(sem.count);

		if ((count & RWSEM_WRITER_MASK) === 0) {
			rwsem_mark_wake(
				sem,
				(count & RWSEM_READER_MASK) !== 0
					? RWSEM_WAKE_READERS
					: RWSEM_WAKE_ANY,
				wake_q,
			);
			if (!wake_q_empty(wake_q)) {
				/* Waking takes long: not under wait_lock. */
				raw_spin_unlock_irq(sem.wait_lock);
				wake_up_q(wake_q);
				raw_spin_lock_irq(sem.wait_lock);
			}
		}
	} else {
		atomic_or(RWSEM_FLAG_WAITERS, sem.count);
	}

	/* Wait until we can take it. wait_lock is held at the top. */
	set_current_state(state);
	for (;;) {
		if (rwsem_try_write_lock(sem, waiter))
			break;

		raw_spin_unlock_irq(sem.wait_lock);

		/*
		 * No schedule() here: a signal that came earlier has set our
		 * state back already, one that comes later will.
		 */
		if (signal_pending_state(state, current())) {
			__set_current_state(TASK_RUNNING);
			raw_spin_lock_irq(sem.wait_lock);
			rwsem_del_waiter(sem, waiter);
			if (!list_empty(sem.wait_list))
				rwsem_mark_wake(sem, RWSEM_WAKE_ANY, wake_q);
			raw_spin_unlock_irq(sem.wait_lock);
			wake_up_q(wake_q);
			return -EINTR;
		}

		/*
		 * With our claim on it, nobody else takes the lock once it is
		 * free: worth some spinning.
		 */
		let free = false;

		if (waiter.handoff_set !== 0) {
			for (let n = 0; n < RWSEM_SPIN_TURNS && !free; n++) {
				cpu_relax(n);
				free = (atomic_read(sem.count) & RWSEM_LOCK_MASK) === 0;
			}
		}
		if (!free) {
			schedule_blocked_on(sem);
			set_current_state(state);
		}
		raw_spin_lock_irq(sem.wait_lock);
	}
	__set_current_state(TASK_RUNNING);
	raw_spin_unlock_irq(sem.wait_lock);
	return 0;
}

/** The lock was released and there are waiters. Takes wait_lock, inside of
 *  whatever the caller holds. */
function rwsem_wake(sem: rw_semaphore): void {
	const wake_q = STACK<wake_q_head>();
	const flags = raw_spin_lock_irqsave(sem.wait_lock);

	if (!list_empty(sem.wait_list))
		rwsem_mark_wake(sem, RWSEM_WAKE_ANY, wake_q);

	raw_spin_unlock_irqrestore(sem.wait_lock, flags);
	wake_up_q(wake_q);
}

/** A writer became a reader: readers at the front may come along. */
function rwsem_downgrade_wake(sem: rw_semaphore): void {
	const wake_q = STACK<wake_q_head>();
	const flags = raw_spin_lock_irqsave(sem.wait_lock);

	if (!list_empty(sem.wait_list))
		rwsem_mark_wake(sem, RWSEM_WAKE_READ_OWNED, wake_q);

	raw_spin_unlock_irqrestore(sem.wait_lock, flags);
	wake_up_q(wake_q);
}

function __down_read_common(sem: rw_semaphore, state: number): number {
	if (CONFIG_RWSEM_STEPPED) {
		rwsem_down_read_step(uptr(sem));
		return 0;
	}
	if (CONFIG_PREEMPT_RT)
		return rwbase_read_lock(sem.rwbase, state);
	const count = rwsem_read_trylock(sem);

	if (count !== 0)
		return rwsem_down_read_slowpath(sem, count, state);
	return 0;
}

function __down_read_trylock(sem: rw_semaphore): boolean {
	if (CONFIG_RWSEM_STEPPED) {
		return rwsem_down_read_trylock_step(uptr(sem));
	}
	if (CONFIG_PREEMPT_RT)
		return rwbase_read_trylock(sem.rwbase);
	let tmp = atomic_read(sem.count);

	while ((tmp & RWSEM_READ_FAILED_MASK) === 0) {
		/* Acquire; pairs with __up_write() and __downgrade_write(). */
		const seen = atomic_cmpxchg(
			sem.count,
			tmp,
			(tmp + RWSEM_READER_BIAS) | 0,
		);

		if (seen === tmp) {
			rwsem_set_reader_owned(sem);
			return true;
		}
		tmp = seen;
	}
	return false;
}

function __down_write_common(sem: rw_semaphore, state: number): number {
	if (CONFIG_RWSEM_STEPPED) {
		rwsem_down_write_step(uptr(sem));
		return 0;
	}
	if (CONFIG_PREEMPT_RT)
		return rwbase_write_lock(sem.rwbase, state);
	if (!rwsem_write_trylock(sem))
		return rwsem_down_write_slowpath(sem, state);
	return 0;
}

function __up_read(sem: rw_semaphore): void {
	if (CONFIG_RWSEM_STEPPED) {
		rwsem_up_read_step(uptr(sem));
		return;
	}
	if (CONFIG_PREEMPT_RT) {
		rwbase_read_unlock(sem.rwbase, TASK_NORMAL);
		return;
	}
	if (CONFIG_DEBUG_VM) {
		WARN_ON(
			(atomic_read(sem.count) & RWSEM_READER_MASK) === 0,
			"up_read() of a semaphore that no reader holds",
		);
	}
	rwsem_clear_reader_owned(sem);
	/* Release; pairs with the acquire of the next writer, in
	 * rwsem_write_trylock() or rwsem_try_write_lock(). */
	const tmp = atomic_add_return(-RWSEM_READER_BIAS, sem.count);

	/* The last one out, with waiters and no writer, wakes. */
	if (
		(tmp & (RWSEM_LOCK_MASK | RWSEM_FLAG_WAITERS)) ===
		RWSEM_FLAG_WAITERS
	)
		rwsem_wake(sem);
}

function __up_write(sem: rw_semaphore): void {
	if (CONFIG_RWSEM_STEPPED) {
		rwsem_up_write_step(uptr(sem));
		return;
	}
	if (CONFIG_PREEMPT_RT) {
		rwbase_write_unlock(sem.rwbase);
		return;
	}
	if (CONFIG_DEBUG_VM) {
		WARN_ON(
			READ_ONCE(sem.owner) !== uptr(current()),
			"up_write() by another task",
		);
	}
	rwsem_clear_owner(sem);
	/* Release; pairs with the acquire of whoever is next, a reader in
	 * rwsem_read_trylock() or a writer in rwsem_write_trylock(). */
	const tmp = atomic_fetch_add(-RWSEM_WRITER_LOCKED, sem.count);

	if ((tmp & RWSEM_FLAG_WAITERS) !== 0)
		rwsem_wake(sem);
}

function __downgrade_write(sem: rw_semaphore): void {
	if (CONFIG_RWSEM_STEPPED) {
		rwsem_downgrade_step(uptr(sem));
		return;
	}
	if (CONFIG_PREEMPT_RT) {
		rwbase_write_downgrade(sem.rwbase);
		return;
	}
	if (CONFIG_DEBUG_VM) {
		WARN_ON(
			READ_ONCE(sem.owner) !== uptr(current()),
			"downgrade_write() by another task",
		);
	}
	/* Release; pairs with rwsem_read_trylock(): what we wrote is seen by
	 * the readers that come in now. */
	const tmp = atomic_fetch_add(
		-RWSEM_WRITER_LOCKED + RWSEM_READER_BIAS,
		sem.count,
	);

	rwsem_set_reader_owned(sem);
	if ((tmp & RWSEM_FLAG_WAITERS) !== 0)
		rwsem_downgrade_wake(sem);
}

/** Lock for reading. May sleep, like all that follow but the trylocks. */
export function down_read(sem: rw_semaphore): void {
	might_sleep();
	rwsem_acquire_read(sem, 0, 0);
	__down_read_common(sem, TASK_UNINTERRUPTIBLE);
}

/** Returns 0, or -EINTR without the lock if the task is being killed. */
export function down_read_killable(sem: rw_semaphore): number {
	might_sleep();
	rwsem_acquire_read(sem, 0, 0);
	const ret = __down_read_common(sem, TASK_KILLABLE);

	if (ret !== 0)
		rwsem_release(sem);
	return ret;
}

/** True if it was locked. */
export function down_read_trylock(sem: rw_semaphore): boolean {
	const ret = __down_read_trylock(sem);

	if (ret)
		rwsem_acquire_read(sem, 0, 1);
	return ret;
}

export function down_write(sem: rw_semaphore): void {
	might_sleep();
	rwsem_acquire(sem, 0, 0);
	__down_write_common(sem, TASK_UNINTERRUPTIBLE);
}

export function down_write_killable(sem: rw_semaphore): number {
	might_sleep();
	rwsem_acquire(sem, 0, 0);
	const ret = __down_write_common(sem, TASK_KILLABLE);

	if (ret !== 0)
		rwsem_release(sem);
	return ret;
}

function __down_write_trylock(sem: rw_semaphore): boolean {
	if (CONFIG_RWSEM_STEPPED) {
		return rwsem_down_write_trylock_step(uptr(sem));
	}
	if (CONFIG_PREEMPT_RT)
		return rwbase_write_trylock(sem.rwbase);
	return rwsem_write_trylock(sem);
}

export function down_write_trylock(sem: rw_semaphore): boolean {
	const ret = __down_write_trylock(sem);

	if (ret)
		rwsem_acquire(sem, 0, 1);
	return ret;
}

export function up_read(sem: rw_semaphore): void {
	rwsem_release(sem);
	__up_read(sem);
}

export function up_write(sem: rw_semaphore): void {
	rwsem_release(sem);
	__up_write(sem);
}

/** From writer to reader without letting another writer in. */
export function downgrade_write(sem: rw_semaphore): void {
	lock_downgrade(sem);
	__downgrade_write(sem);
}

/** For a lock that another task will release. */
export function down_read_non_owner(sem: rw_semaphore): void {
	might_sleep();
	__down_read_common(sem, TASK_UNINTERRUPTIBLE);
	/* The owner is unknown. */
	if (!CONFIG_RWSEM_STEPPED && !CONFIG_PREEMPT_RT)
		WRITE_ONCE(sem.owner, RWSEM_READER_OWNED);
}

export function down_write_nested(sem: rw_semaphore, subclass: number): void {
	might_sleep();
	rwsem_acquire(sem, subclass, 0);
	__down_write_common(sem, TASK_UNINTERRUPTIBLE);
}

/** One of several of its class, in any order: nest_lock, which is held, keeps
 *  others from doing the same. */
export function down_write_nest_lock(
	sem: rw_semaphore, nest_lock: rw_semaphore,
): void {
	might_sleep();
	lockdep_assert_held_write(nest_lock);
	rwsem_acquire_nest(sem);
	__down_write_common(sem, TASK_UNINTERRUPTIBLE);
}

export function up_read_non_owner(sem: rw_semaphore): void {
	__up_read(sem);
}
