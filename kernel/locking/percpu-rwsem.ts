// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/locking/percpu-rwsem.c (5.17, with V2.22). The barriers are
 * A to D as there, and each says which one it pairs with.
 * Port: lists and works of the kernel's image are set up when they are used
 * first. The list of those to be destroyed is guarded with interrupts off;
 * V2.22 leaves them on, though an interrupt may drop the last reference, too.
 */
import { nr_cpu_ids } from "host/cpu.ts";
import { smp_mb } from "host/door.ts";
import {
	atomic_read,
	atomic_read_acquire,
	atomic_set,
	atomic_set_release,
	atomic_xchg,
} from "linux/atomic.ts";
import { might_sleep } from "linux/kernel.ts";
import {
	INIT_LIST_HEAD,
	list_add_tail,
	list_del_init,
	list_splice_init,
} from "linux/list.ts";
import { lock_acquire, lock_release } from "linux/lockdep.ts";
import {
	type percpu_rw_semaphore,
	percpu_rwsem_count,
} from "linux/percpu-rwsem.ts";
import {
	rcu_sync_dtor,
	rcu_sync_enter,
	rcu_sync_exit,
	rcu_sync_init,
} from "linux/rcu_sync.ts";
import { rcu_read_lock_sched, rcu_read_unlock_sched } from "linux/rcupdate.ts";
import {
	finish_rcuwait,
	prepare_to_rcuwait,
	rcuwait_init,
	rcuwait_wake_up,
} from "linux/rcuwait.ts";
import { TASK_RUNNING, TASK_UNINTERRUPTIBLE } from "linux/sched.ts";
import { get_task_struct, put_task_struct } from "linux/sched/task.ts";
import { kfree } from "linux/slab.ts";
import {
	spin_lock_irq,
	spin_lock_irqsave,
	spin_unlock_irq,
	spin_unlock_irqrestore,
} from "linux/spinlock.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";
import type { list_head } from "linux/types.ts";
import {
	__add_wait_queue_entry_tail,
	__wake_up_common_lock,
	init_wait_func,
	init_waitqueue_head,
	type wait_queue_entry,
	WQ_FLAG_CUSTOM,
	WQ_FLAG_EXCLUSIVE,
} from "linux/wait.ts";
import {
	__set_current_state,
	schedule,
	set_current_state,
	TASK_NORMAL,
	wake_up_process,
} from "kernel/sched/core.ts";
import {
	INIT_WORK,
	schedule_work,
	type work_struct,
} from "kernel/workqueue.ts";

export function __percpu_init_rwsem(sem: percpu_rw_semaphore): number {
	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++)
		sem.read_count[cpu] = 0;
	rcu_sync_init(sem.rss);
	rcuwait_init(sem.writer);
	init_waitqueue_head(sem.waiters);
	atomic_set(sem.block, 0);
	return 0;
}

/** Nobody holds it, and nobody comes; the memory is the caller's again. May
 *  sleep, for a grace period: see percpu_rwsem_async_destroy(). */
export function percpu_free_rwsem(sem: percpu_rw_semaphore): void {
	rcu_sync_dtor(sem.rss);
}

/** We are in a section of rcu_read_lock_sched(). */
function __percpu_down_read_trylock(sem: percpu_rw_semaphore): boolean {
	percpu_rwsem_count(sem, 1);

	/*
	 * A: either we see block, or who has set it sees us in the count. Who
	 * has looked at the counts already misses nothing, for we take ours
	 * back at once. Pairs with D in percpu_down_write().
	 */
	smp_mb();

	/* The section begins here: pairs with percpu_up_write(). */
	if (atomic_read_acquire(sem.block) === 0)
		return true;

	percpu_rwsem_count(sem, -1);

	/* Who has set it may have seen us: let him look again. */
	rcuwait_wake_up(sem.writer);

	return false;
}

function __percpu_down_write_trylock(sem: percpu_rw_semaphore): boolean {
	if (atomic_read(sem.block) !== 0)
		return false;

	return atomic_xchg(sem.block, 1) === 0;
}

function __percpu_rwsem_trylock(
	sem: percpu_rw_semaphore,
	reader: boolean,
): boolean {
	if (reader) {
		rcu_read_lock_sched();
		const ret = __percpu_down_read_trylock(sem);

		rcu_read_unlock_sched();
		return ret;
	}
	return __percpu_down_write_trylock(sem);
}

/**
 * Readers and writers queue in one row, all of them exclusive. A waker takes
 * the lock for the first one, and for all readers behind it up to a writer, or
 * until that fails. The lock of the queue is held.
 */
const percpu_rwsem_wake_function = RODATA((
	wq_entry: wait_queue_entry,
	_mode: number,
	_wake_flags: number,
	key: number,
): number => {
	const sem = cast<percpu_rw_semaphore>(key);
	const reader = (wq_entry.flags & WQ_FLAG_CUSTOM) !== 0;

	/* Who did not queue may be faster. Then that is all. */
	if (!__percpu_rwsem_trylock(sem, reader))
		return 1;

	/* Once private is NULL the entry is gone, and maybe its task. */
	const p = get_task_struct(wq_entry.private);

	list_del_init(wq_entry.entry);
	/* Pairs with percpu_rwsem_wait(). */
	smp_store_release(wq_entry.private, NULL);

	wake_up_process(p);
	put_task_struct(p);

	return reader ? 0 : 1;
});

/** Sleeps until the lock is ours: taken here, or for us by a waker. */
function percpu_rwsem_wait(sem: percpu_rw_semaphore, reader: boolean): void {
	const wq_entry = STACK<wait_queue_entry>();

	init_wait_func(wq_entry, percpu_rwsem_wake_function);

	spin_lock_irq(sem.waiters.lock);
	/* Under the lock of the queue: if this fails, who unlocks later finds
	 * us in it. */
	const wait = !__percpu_rwsem_trylock(sem, reader);

	if (wait) {
		wq_entry.flags =
			WQ_FLAG_EXCLUSIVE | (reader ? WQ_FLAG_CUSTOM : 0);
		__add_wait_queue_entry_tail(sem.waiters, wq_entry);
	}
	spin_unlock_irq(sem.waiters.lock);

	while (wait) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		/* Pairs with percpu_rwsem_wake_function(). */
		if (smp_load_acquire(wq_entry.private) === NULL)
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
}

/** A writer is or was about: the slow way. We are in a section of
 *  rcu_read_lock_sched(), and again when we return. */
export function __percpu_down_read(
	sem: percpu_rw_semaphore,
	try_: boolean,
): boolean {
	if (__percpu_down_read_trylock(sem))
		return true;

	if (try_)
		return false;

	rcu_read_unlock_sched();
	percpu_rwsem_wait(sem, true);
	rcu_read_lock_sched();

	return true;
}

/**
 * Is no reader inside? Once that is so it stays so: who comes and counts sees
 * block, which is set, and takes it back. A reader may come on one CPU and go
 * on another, so only the sum says something.
 */
function readers_active_check(sem: percpu_rw_semaphore): boolean {
	let sum = 0;

	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++)
		sum = (sum + READ_ONCE(sem.read_count[cpu])) | 0;
	if (sum !== 0)
		return false;

	/* C: all that they did in there; pairs with B in percpu_up_read(). */
	smp_mb();

	return true;
}

/** For writing. May sleep, for a grace period at least if no other writer was
 *  here just before. */
export function percpu_down_write(sem: percpu_rw_semaphore): void {
	might_sleep();
	lock_acquire(ADDR(sem.block.counter), 0, 0, false);

	/* Readers go the slow way from here on. */
	rcu_sync_enter(sem.rss);

	/* One writer at a time, and no new readers. */
	if (!__percpu_down_write_trylock(sem))
		percpu_rwsem_wait(sem, false);

	/* D is the exchange that has set block, a full barrier: who does not
	 * see block is in the counts; pairs with A in
	 * __percpu_down_read_trylock(). */

	/* Until the last reader has gone: rcuwait_wait_event(). */
	prepare_to_rcuwait(sem.writer);
	for (;;) {
		/* Pairs with rcuwait_wake_up(). */
		set_current_state(TASK_UNINTERRUPTIBLE);
		if (readers_active_check(sem))
			break;
		schedule();
	}
	finish_rcuwait(sem.writer);
}

export function percpu_up_write(sem: percpu_rw_semaphore): void {
	lock_release(ADDR(sem.block.counter));

	/*
	 * Readers may come, by the slow way still: that has an acquire, by
	 * which they see what was written. The fast one has not, so it has to
	 * wait for a grace period. Pairs with __percpu_down_read_trylock().
	 */
	atomic_set_release(sem.block, 0);

	/* Whoever waits. */
	__wake_up_common_lock(sem.waiters, TASK_NORMAL, 1, uptr(sem));

	/* Counts writers, so it need not be under the lock. */
	rcu_sync_exit(sem.rss);
}

/* ---- destruction where nobody may sleep ---- */

/** V2.22. */
interface percpu_rwsem_destroy extends struct {
	list: embed<list_head>; /* destroy_list_lock */
	destroy_list_lock: embed<spinlock_t>; /* guards list */
	/** see work_struct; made by who needs it first: destroy_list_lock */
	work: embed<work_struct>;
}
const destroy = DEFINE<percpu_rwsem_destroy>();

/** V2.22. Process context, nothing held. */
function destroy_list_work(_arg: number): number {
	const to_destroy = STACK<list_head>();

	INIT_LIST_HEAD(to_destroy);
	const flags = spin_lock_irqsave(destroy.destroy_list_lock);

	list_splice_init(destroy.list, to_destroy);
	spin_unlock_irqrestore(destroy.destroy_list_lock, flags);

	let n = 0;
	let pos: list_head = to_destroy.next;

	while (pos !== to_destroy) {
		const next: list_head = pos.next;
		const sem = container_of<percpu_rw_semaphore>(
			pos, "destroy_list_entry");

		percpu_free_rwsem(sem);
		kfree(sem);
		pos = next;
		n++;
	}
	return n;
}
const destroy_list_workfn = RODATA(destroy_list_work);

/** V2.22: percpu_free_rwsem() and kfree(), a little later: also where nobody
 *  may sleep, but a spinlock can be taken. Nobody waits for the semaphore. */
export function percpu_rwsem_async_destroy(sem: percpu_rw_semaphore): void {
	const flags = spin_lock_irqsave(destroy.destroy_list_lock);

	if (destroy.list.next === NULL) {
		INIT_LIST_HEAD(destroy.list);
		INIT_WORK(destroy.work, destroy_list_workfn, 0);
	}
	list_add_tail(sem.destroy_list_entry, destroy.list);
	spin_unlock_irqrestore(destroy.destroy_list_lock, flags);
	schedule_work(destroy.work);
}
