// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/percpu-rwsem.h (5.17, with the series): a sleeping
 * reader/writer lock whose readers touch nothing but a count of their own CPU,
 * while a writer pays with a grace period.
 * Port: the counts of the CPUs lie in the struct, so that nothing is allocated.
 * Left out: semaphores that are made by the compiler (DEFINE_PERCPU_RWSEM), and
 * percpu_rwsem_acquire() and _release(), for locks that change hands.
 */
import { lock_class } from "host/model.ts";
import { smp_processor_id } from "host/cpu.ts";
import { smp_mb } from "host/door.ts";
import {
	CONFIG_ARCH_HOST_STEPPER,
	CONFIG_DEBUG_VM,
} from "generated/autoconf.ts";
import { WARN_ON } from "linux/bug.ts";
import { might_sleep } from "linux/kernel.ts";
import { lock_acquire, lock_is_held, lock_release } from "linux/lockdep.ts";
import { rcu_sync_is_idle, type rcu_sync } from "linux/rcu_sync.ts";
import { rcu_read_lock_sched, rcu_read_unlock_sched } from "linux/rcupdate.ts";
import { type rcuwait, rcuwait_wake_up } from "linux/rcuwait.ts";
import type { atomic_t, list_head } from "linux/types.ts";
import type { wait_queue_head } from "linux/wait.ts";
import {
	__percpu_down_read,
	__percpu_init_rwsem,
} from "kernel/locking/percpu-rwsem.ts";

export interface percpu_rw_semaphore extends struct {
	rss: embed<rcu_sync>; /* see rcu_sync */
	/** readers that came less readers that left, by CPU; each its CPU
	 *  only; a writer reads them, too */
	read_count: array<int, 64>;
	writer: embed<rcuwait>; /* see rcuwait; who has set block */
	waiters: embed<wait_queue_head>; /* see wait_queue_head */
	/** V2.22: nobody waits any more; destroy_list_lock */
	destroy_list_entry: overlay<"waiters", list_head>;
	block: embed<atomic_t>; /* 1: a writer is there; atomic */
}

/**
 * this_cpu_add(*sem->read_count, n). Preemption is disabled. Port: a load and
 * a store, as on most machines, without turning interrupts off, since none
 * takes such a semaphore.
 */
export function percpu_rwsem_count(sem: percpu_rw_semaphore, n: number): void {
	const cpu = smp_processor_id();

	WRITE_ONCE(sem.read_count[cpu], sem.read_count[cpu] + n);
}

/** For reading. May sleep. */
export function percpu_down_read(sem: percpu_rw_semaphore): void {
	might_sleep();
	lock_acquire(ADDR(sem.block.counter), 0, 0, true);

	/*
	 * A section that a writer's grace period waits for. With no writer
	 * about nothing has to be ordered: he begins to look at the counts when
	 * the section is over, and sees ours; and what he did before is seen by
	 * a section that begins after a grace period.
	 */
	rcu_read_lock_sched();
	if (rcu_sync_is_idle(sem.rss))
		percpu_rwsem_count(sem, 1);
	else
		__percpu_down_read(sem, false); /* has a full barrier */
	rcu_read_unlock_sched();
}

/** True if it is held for reading. From anywhere but an interrupt. */
export function percpu_down_read_trylock(sem: percpu_rw_semaphore): boolean {
	let ret = true;

	/* As in percpu_down_read(). */
	rcu_read_lock_sched();
	if (rcu_sync_is_idle(sem.rss))
		percpu_rwsem_count(sem, 1);
	else
		ret = __percpu_down_read(sem, true); /* has a full barrier */
	rcu_read_unlock_sched();

	if (ret)
		lock_acquire(ADDR(sem.block.counter), 0, 1, true);
	return ret;
}

/** Maybe on another CPU than the one that it was taken on. */
export function percpu_up_read(sem: percpu_rw_semaphore): void {
	lock_release(ADDR(sem.block.counter));

	/* As in percpu_down_read(). */
	rcu_read_lock_sched();
	if (rcu_sync_is_idle(sem.rss)) {
		percpu_rwsem_count(sem, -1);
	} else {
		/* B: who sees the count sees all that was done under the lock;
		 * pairs with C in readers_active_check(). */
		smp_mb();
		percpu_rwsem_count(sem, -1);
		rcuwait_wake_up(sem.writer);
	}
	rcu_read_unlock_sched();
}

/** 0, or an errno. Port: never -ENOMEM. The name is the machine's business: the
 *  build adds it, as Linux's macro does. */
export function percpu_init_rwsem(
	sem: percpu_rw_semaphore,
	name?: string,
): number {
	if (CONFIG_ARCH_HOST_STEPPER)
		lock_class(ADDR(sem.block.counter), name ?? "?");
	return __percpu_init_rwsem(sem);
}

/** By the running task; true where no lockdep knows. */
export function percpu_rwsem_is_held(sem: percpu_rw_semaphore): boolean {
	return lock_is_held(ADDR(sem.block.counter));
}

export function percpu_rwsem_assert_held(sem: percpu_rw_semaphore): void {
	if (CONFIG_DEBUG_VM)
		WARN_ON(!percpu_rwsem_is_held(sem), "percpu_rwsem not held");
}

export {
	percpu_down_write,
	percpu_free_rwsem,
	percpu_rwsem_async_destroy,
	percpu_up_write,
} from "kernel/locking/percpu-rwsem.ts";
