// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/sched/core.c and idle.c, asm/current.h, wake_q.h and the
 * questions of include/linux/sched/signal.h (5.17).
 * Port: a task keeps its CPU while it sleeps, so schedule() parks the CPU
 * instead of running another task, and a wake-up kicks that CPU. Who runs in
 * user mode next is decided outside, which calls switch_to_task(). The hung
 * task detector of hung_task.c is here, as it needs a look now and then only.
 * `current` is a function. Left out: run queues, classes, priorities, load.
 */
import {
	CONFIG_ARCH_HOST_STEPPER,
	CONFIG_DEBUG_ATOMIC_SLEEP,
	CONFIG_PERF_EVENTS,
} from "generated/autoconf.ts";
import { smp_mb } from "host/door.ts";
import { ktime_get_ns, nr_cpu_ids, smp_processor_id } from "host/cpu.ts";
import { machine_sleeps } from "host/model.ts";
import { atomic_set } from "linux/atomic.ts";
import { BUG_ON } from "linux/bug.ts";
import {
	irqs_disabled,
	local_irq_restore,
	local_irq_save,
} from "linux/irqflags.ts";
import { INIT_LIST_HEAD } from "linux/list.ts";
import type { mm_struct } from "linux/mm_types.ts";
import { perf_event_task_switch } from "linux/perf_event.ts";
import { in_atomic, preempt_count } from "linux/preempt.ts";
import { rcu_preempt_depth } from "linux/rcupdate.ts";
import {
	TASK_INTERRUPTIBLE,
	TASK_RUNNING,
	TASK_UNINTERRUPTIBLE,
	TASK_WAKEKILL,
	type task_struct,
} from "linux/sched.ts";
import { mmdrop, mmgrab } from "linux/sched/mm.ts";
import { SIGKILL, sigmask } from "linux/signal.ts";
import { spin_lock_init } from "linux/spinlock.ts";
import type { rw_semaphore } from "linux/spinlock_types.ts";
import { __warn, panic } from "kernel/panic.ts";
import { rcu_check_callbacks } from "kernel/rcu.ts";
import { rcu_eqs_enter, rcu_eqs_exit, rcu_is_watching } from "kernel/rcu.ts";
import { cpu_kick, idle_finish, idle_prepare, idle_wait } from "kernel/smp.ts";
import { irq_poll } from "kernel/smp.ts";
import { process_scheduled_works, work_pending_on } from "kernel/workqueue.ts";
import { init_mm } from "mm/init-mm.ts";
import { enter_lazy_tlb, switch_mm_irqs_off } from "asm/mmu_context.ts";
import { switch_to } from "asm/switch_to.ts";

/** Port: of a run queue, what is left. Its own CPU only. */
interface rq extends struct {
	curr: task_struct; /* its CPU only */
	idle_stop: int; /* cpu_startup_entry() ends; atomic: set by anyone */
	/** its CPU only: what curr sleeps for; NULL: something else */
	blocked_on: rw_semaphore;
}
const runqueues = DEFINE_PER_CPU<rq>();
const idle_tasks = DEFINE_PER_CPU<task_struct>();

/** What TASK_NORMAL wakes. */
export const TASK_NORMAL = TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE;

/* ---- asm/current.h ---- */

export function current(): task_struct {
	return this_cpu(runqueues).curr;
}

export function get_current(): task_struct {
	return current();
}

export function idle_task(cpu: number): task_struct {
	return per_cpu(idle_tasks, cpu);
}

export function is_idle_task(p: task_struct): boolean {
	return p.pid === 0;
}

/* ---- include/linux/sched/signal.h ---- */

/** Any signal; all that exist here end the task. */
export function signal_pending(p: task_struct): boolean {
	return READ_ONCE(p.pending) !== 0;
}

export function __fatal_signal_pending(p: task_struct): boolean {
	return (READ_ONCE(p.pending) & sigmask(SIGKILL)) !== 0;
}

export function fatal_signal_pending(p: task_struct): boolean {
	return signal_pending(p) && __fatal_signal_pending(p);
}

/** Does a signal forbid p to sleep in this state? */
export function signal_pending_state(state: number, p: task_struct): boolean {
	if ((state & (TASK_INTERRUPTIBLE | TASK_WAKEKILL)) === 0)
		return false;
	if (!signal_pending(p))
		return false;
	return (state & TASK_INTERRUPTIBLE) !== 0 || __fatal_signal_pending(p);
}

/** Mark sig pending and end the sleeps that it ends. */
export function send_sig_bit(sig: number, p: task_struct): void {
	/* Orders the bit before the look at p's state in the wake-up. */
	fetch_or(p.pending, sigmask(sig));
	signal_wake_up(p, sig === SIGKILL);
}

export function signal_wake_up(p: task_struct, fatal: boolean): void {
	/* A task that runs in user mode notices at its next entry. */
	wake_up_state(p, TASK_INTERRUPTIBLE | (fatal ? TASK_WAKEKILL : 0));
}

/* ---- include/linux/sched.h ---- */

/** For a state that is about to be left anyway: no order. */
export function __set_current_state(state: number): void {
	const p = current();

	WRITE_ONCE(p.__state, state);
}

/**
 * Announce the sleep, then look at the condition. The full barrier pairs with
 * that of try_to_wake_up(): either we see the condition, or the waker our state.
 */
export function set_current_state(state: number): void {
	const p = current();

	xchg(p.__state, state);
}

export function task_is_running(p: task_struct): boolean {
	return READ_ONCE(p.__state) === TASK_RUNNING;
}

/* ---- kernel/sched/core.c ---- */

/**
 * Wake p if it sleeps in one of the states. Everything the caller did before
 * is seen by p when it wakes. Returns whether this call woke it.
 */
export function try_to_wake_up(p: task_struct, state: number): boolean {
	/* Pairs with set_current_state(): the condition before the state. */
	smp_mb();

	let old = READ_ONCE(p.__state);

	while ((old & state) !== 0) {
		/* The task may exit once it runs: its CPU is read before. */
		const cpu = READ_ONCE(p.on_cpu) - 1;
		const seen = cmpxchg(p.__state, old, TASK_RUNNING);

		if (seen === old) {
			if (cpu >= 0)
				cpu_kick(cpu);
			return true;
		}
		old = seen;
	}
	return false;
}

export function wake_up_process(p: task_struct): boolean {
	return try_to_wake_up(p, TASK_NORMAL);
}

export function wake_up_state(p: task_struct, state: number): boolean {
	return try_to_wake_up(p, state);
}

/**
 * Make next the current task of this CPU: context_switch().
 * We enter as prev, in the kernel with nothing held; we return as next.
 * A task without an mm borrows the active_mm of the one before it.
 */
export function switch_to_task(next: task_struct): void {
	const rq = this_cpu(runqueues);
	const prev = rq.curr;
	let prev_mm: mm_struct = NULL;

	if (prev === next)
		return;
	BUG_ON(in_atomic(), "switch_to_task() while atomic");
	/* Acquire: all that its last CPU did to it comes before; pairs with the
	 * release of switch_to_task() there. */
	BUG_ON(
		smp_load_acquire(next.on_cpu) !== 0,
		"switch_to_task() to a task that runs on another CPU",
	);

	const flags = local_irq_save();

	if (next.mm === NULL) {
		const mm = prev.active_mm;

		enter_lazy_tlb(mm, next);
		next.active_mm = mm;
		if (prev.mm !== NULL)
			mmgrab(mm);
		else
			prev.active_mm = NULL;
	} else {
		switch_mm_irqs_off(prev.active_mm, next.mm, next);
		next.active_mm = next.mm;
		if (prev.mm === NULL) {
			/* The reference that prev borrowed, dropped below. */
			prev_mm = prev.active_mm;
			prev.active_mm = NULL;
		}
	}
	switch_to(prev, next);
	rq.curr = next;
	WRITE_ONCE(next.on_cpu, smp_processor_id() + 1);
	/* prev may run elsewhere from here on: all we did to it comes before.
	 * Pairs with the acquire of switch_to_task() there. */
	smp_store_release(prev.on_cpu, 0);
	local_irq_restore(flags);
	if (CONFIG_PERF_EVENTS)
		perf_event_task_switch(prev, next);

	if (prev_mm !== NULL)
		mmdrop(prev_mm);
}

function schedule_debug(): void {
	if (in_atomic() || irqs_disabled()) {
		panic(
			`BUG: scheduling while atomic: pid ${current().pid}` +
				`, preempt_count 0x${preempt_count().toString(16)}` +
				`, irqs_disabled ${irqs_disabled() ? 1 : 0}`,
		);
	}
}

/** sysctl_hung_task_timeout_secs */
const HUNG_TASK_NS = 120e9;

/** Number of the CPU that runs the task at that address; -1: none does. */
function cpu_of_task(task: number): number {
	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
		/* Racy, and good enough for the last words. */
		if (uptr(data_race(per_cpu(runqueues, cpu).curr)) === task)
			return cpu;
	}
	return -1;
}

/**
 * kernel/hung_task.c: nobody waits for a lock for minutes, or it is a deadlock.
 * Other sleeps, such as wait4()'s, may last.
 */
function check_hung_task(p: task_struct, start: number): void {
	const sem: rw_semaphore = this_cpu(runqueues).blocked_on;

	if (sem === NULL || ktime_get_ns() - start < HUNG_TASK_NS)
		return;
	/* The owner is an address and a bit: see kernel/locking/rwsem.ts. */
	const owner = READ_ONCE(sem.owner);
	const cpu = cpu_of_task(owner & ~1);

	panic(
		`hung_task: task ${p.pid} on CPU#${smp_processor_id()} blocked` +
			` for more than ${HUNG_TASK_NS / 1e9} seconds` +
			` [rwsem ${uptr(sem).toString(16)}` +
			` count ${(sem.count.counter >>> 0).toString(16)}` +
			` of a ${(owner & 1) !== 0 ? "reader" : "writer"}` +
			`${cpu < 0 ? " on no CPU" : ` on CPU#${cpu}`}]`,
	);
}

/** schedule() of a task that waits for a lock. */
export function schedule_blocked_on(sem: rw_semaphore): void {
	const rq = this_cpu(runqueues);

	rq.blocked_on = sem;
	schedule();
	rq.blocked_on = NULL;
}

/**
 * Sleep until someone sets our state to TASK_RUNNING; return at once if it is.
 * May return early for a signal that the state admits; callers loop.
 * The CPU answers interrupts meanwhile, and counts as quiescent for RCU.
 */
export function schedule(): void {
	const p = current();

	schedule_debug();
	if (signal_pending_state(READ_ONCE(p.__state), p)) {
		__set_current_state(TASK_RUNNING);
		return;
	}

	const watching = rcu_is_watching();

	if (watching)
		rcu_eqs_enter();
	const start = ktime_get_ns();

	p.nvcsw++;
	while (READ_ONCE(p.__state) !== TASK_RUNNING) {
		irq_poll();
		rcu_check_callbacks();
		check_hung_task(p, start);

		/* Announced first, then looked again: pairs with cpu_kick(). */
		const seq = idle_prepare();

		if (READ_ONCE(p.__state) !== TASK_RUNNING)
			idle_wait(seq);
		idle_finish();
	}
	if (watching)
		rcu_eqs_exit();
	irq_poll();
	/* Pairs with the full barrier of try_to_wake_up(). */
	smp_mb();
}

/**
 * CONFIG_DEBUG_ATOMIC_SLEEP: complain if the caller may not sleep. Warned
 * about like in the kernel, which goes on.
 */
export function __might_sleep(): void {
	if (CONFIG_DEBUG_ATOMIC_SLEEP) {
		if (!in_atomic() && !irqs_disabled())
			return;
		const p = current();
		const text =
			"BUG: sleeping function called from invalid context\n" +
			`in_atomic(): ${in_atomic() ? 1 : 0}, ` +
			`irqs_disabled(): ${irqs_disabled() ? 1 : 0}, ` +
			`pid: ${p !== NULL ? p.pid : 0}\n` +
			`preempt_count: ${preempt_count().toString(16)}, expected: 0\n` +
			`RCU nest depth: ${rcu_preempt_depth()}, expected: 0`;

		if (CONFIG_ARCH_HOST_STEPPER)
			machine_sleeps(text);
		__warn(text);
	}
}

/** Set up the task that a CPU is when it is no other; nobody frees it. */
export function init_idle(idle: task_struct, cpu: number): void {
	const rq = per_cpu(runqueues, cpu);

	idle.__state = TASK_RUNNING;
	idle.on_cpu = cpu + 1;
	atomic_set(idle.usage, 2);
	spin_lock_init(idle.alloc_lock);
	INIT_LIST_HEAD(idle.tasks);
	idle.group_leader = idle;
	idle.parent = idle;
	mmgrab(init_mm);
	idle.active_mm = init_mm;
	rq.curr = idle;
}

/** Boot, CPU 0, before anything takes a lock that sleeps. For all CPUs. */
export function sched_init(): void {
	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++)
		init_idle(per_cpu(idle_tasks, cpu), cpu);
}

/* ---- kernel/sched/idle.c ---- */

/**
 * One turn of the idle loop: interrupts, work for this CPU, RCU callbacks,
 * then a sleep until something comes (or a while has passed).
 * We enter in an extended quiescent state and return in one.
 */
export function cpu_idle_poll(): void {
	irq_poll();
	if (work_pending_on(smp_processor_id())) {
		rcu_eqs_exit();
		process_scheduled_works();
		rcu_eqs_enter();
	}
	rcu_check_callbacks();

	const seq = idle_prepare();

	/* Pairs with cpu_kick(): queued before the kick, looked for after. */
	if (!work_pending_on(smp_processor_id()) && !idle_stopped())
		idle_wait(seq);
	idle_finish();
	irq_poll();
}

function idle_stopped(): boolean {
	return READ_ONCE(this_cpu(runqueues).idle_stop) !== 0;
}

/** The idle loop of a CPU that waits for work, until cpu_idle_stop(). */
export function cpu_startup_entry(): void {
	const rq = this_cpu(runqueues);

	while (!idle_stopped())
		cpu_idle_poll();
	WRITE_ONCE(rq.idle_stop, 0);
}

/** Make a CPU's cpu_startup_entry() return. */
export function cpu_idle_stop(cpu: number): void {
	const rq = per_cpu(runqueues, cpu);

	xchg(rq.idle_stop, 1);
	cpu_kick(cpu);
}
