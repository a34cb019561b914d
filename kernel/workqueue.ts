// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the part of kernel/workqueue.c (5.17) that runs a function in process
 * context: on a given CPU, by schedule_work_on(), flush_work() and
 * work_on_cpu(), or soon, by schedule_work().
 * Port: the worker of a CPU is its idle loop, so only a CPU in
 * cpu_startup_entry() takes work of others. With CONFIG_DEFERRED_WORK a CPU
 * also works off what it has queued for itself before it returns to user mode
 * or leaves the machine, by whichever task runs there; on the stepper, whoever
 * calls process_scheduled_works() does. A work's function returns a number.
 * Left out: queues other than the per-CPU one, delayed work, cancelling.
 */
import { CONFIG_DEFERRED_WORK } from "generated/autoconf.ts";
import { nr_cpu_ids, smp_processor_id } from "host/cpu.ts";
import { BUG_ON } from "linux/bug.ts";
import { EINVAL } from "linux/errno.ts";
import { might_sleep } from "linux/kernel.ts";
import { cpu_relax } from "linux/smp.ts";
import {
	raw_spin_lock_init,
	raw_spin_lock_irqsave,
	raw_spin_unlock_irqrestore,
} from "linux/spinlock.ts";
import type { raw_spinlock_t } from "linux/spinlock_types.ts";
import { softlockup_check } from "kernel/locking/spinlock.ts";
import { rcu_check_callbacks, rcu_eqs_enter, rcu_eqs_exit } from "kernel/rcu.ts";
import { rcu_is_watching } from "kernel/rcu.ts";
import { cpu_kick } from "kernel/smp.ts";

export type work_func_t = rodata<(arg: number) => number>;

const WORK_IDLE = 0; /* done, or never queued */
const WORK_PENDING = 1; /* queued or running */
const WORK_QUEUED = 2; /* by schedule_work(): once it runs, it can be again */

export interface work_struct extends struct {
	entry: work_struct; /* next on its CPU's list; lock of the pool */
	/** WORK_*; atomic: set by the queuer, cleared by the worker */
	state: int;
	func: rodata<work_func_t>; /* constant while queued */
	arg: int; /* constant while queued */
	/** as state: the worker's until it is done, then the queuer's */
	result: int;
}

interface worker_pool extends struct {
	lock: embed<raw_spinlock_t>; /* guards the list */
	head: work_struct; /* lock, peeked at by the idle loop */
	tail: work_struct; /* lock */
}
const worker_pools = DEFINE_PER_CPU<worker_pool>();

/** Boot, CPU 0: the queues of all CPUs. Port: they are empty as they are, and
 *  only a lockdep wants to know their locks. */
export function workqueue_init_early(): void {
	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++)
		raw_spin_lock_init(per_cpu(worker_pools, cpu).lock);
}

/** func is RODATA; arg is 32 bits, an address for instance. */
export function INIT_WORK(
	work: work_struct,
	func: work_func_t,
	arg: number,
): void {
	work.entry = NULL;
	work.state = WORK_IDLE;
	work.func = func;
	work.arg = arg;
}

/** False if it was queued already. Another CPU has to be in its idle loop. */
export function schedule_work_on(cpu: number, work: work_struct): boolean {
	if (xchg(work.state, WORK_PENDING) !== WORK_IDLE)
		return false;
	insert_work(cpu, work);
	return true;
}

/**
 * Have it run soon, from anywhere. False if that is to happen anyway: the
 * function has not begun, and will see what was done before this call. Port:
 * its runs may overlap, and flush_work() does not know it.
 */
export function schedule_work(work: work_struct): boolean {
	if (xchg(work.state, WORK_QUEUED) !== WORK_IDLE)
		return false;
	insert_work(smp_processor_id(), work);
	return true;
}

function insert_work(cpu: number, work: work_struct): void {
	const pool = per_cpu(worker_pools, cpu);
	const flags = raw_spin_lock_irqsave(pool.lock);

	work.entry = NULL;
	if (pool.head === NULL) {
		WRITE_ONCE(pool.head, work);
	} else {
		const tail: work_struct = pool.tail;

		tail.entry = work;
	}
	pool.tail = work;
	raw_spin_unlock_irqrestore(pool.lock, flags);
	cpu_kick(cpu);
}

/** Without the lock: for the idle loop, which looks again before it sleeps. */
export function work_pending_on(cpu: number): boolean {
	return READ_ONCE(per_cpu(worker_pools, cpu).head) !== NULL;
}

/** Run what is queued here, oldest first. Process context, nothing held. */
export function process_scheduled_works(): void {
	const pool = this_cpu(worker_pools);

	for (;;) {
		const flags = raw_spin_lock_irqsave(pool.lock);
		const work: work_struct = pool.head;

		if (work !== NULL)
			WRITE_ONCE(pool.head, work.entry);
		raw_spin_unlock_irqrestore(pool.lock, flags);
		if (work === NULL)
			return;

		const func = work.func;

		if (CONFIG_DEFERRED_WORK &&
		    READ_ONCE(work.state) === WORK_QUEUED) {
			const arg = work.arg;

			/* A full barrier: who does not queue it any more is
			 * seen by func. Pairs with schedule_work(). */
			xchg(work.state, WORK_IDLE);
			func(arg);
			continue;
		}
		work.result = func(work.arg);
		/* Pairs with flush_work(); the struct is the queuer's again. */
		smp_store_release(work.state, WORK_IDLE);
	}
}

/** Before a CPU leaves the kernel. Process context, nothing held. */
export function run_scheduled_works(): void {
	if (CONFIG_DEFERRED_WORK && work_pending_on(smp_processor_id()))
		process_scheduled_works();
}

/**
 * Wait until work is done; returns what its function did. We take interrupts
 * and do not hold up grace periods. Work for our own CPU is run here.
 */
export function flush_work(work: work_struct): number {
	might_sleep();

	const watching = rcu_is_watching();

	if (work_pending_on(smp_processor_id()))
		process_scheduled_works();
	if (watching)
		rcu_eqs_enter();
	let start = 0;
	/* Acquire; pairs with the release in process_scheduled_works(). */
	for (
		let n = 0;
		smp_load_acquire(work.state) !== WORK_IDLE;
		n++
	) {
		rcu_check_callbacks();
		cpu_relax(n);
		start = softlockup_check(n, start, uptr(work), -1);
	}
	if (watching)
		rcu_eqs_exit();
	return work.result;
}

/** Run fn(arg) in process context on cpu and return its result. */
export function work_on_cpu(
	cpu: number,
	fn: work_func_t,
	arg: number,
): number {
	if (cpu >= nr_cpu_ids())
		return -EINVAL;
	BUG_ON(cpu < 0, "work_on_cpu: bad CPU");

	const work = STACK<work_struct>();

	INIT_WORK(work, fn, arg);
	schedule_work_on(cpu, work);
	return flush_work(work);
}
