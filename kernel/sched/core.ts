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
	CONFIG_BLK_DEV_RAM,
	CONFIG_DEBUG_ATOMIC_SLEEP,
	CONFIG_PERF_EVENTS,
	CONFIG_PREEMPT_RCU,
	CONFIG_PREEMPT_RT,
	CONFIG_RT_MUTEXES,
} from "generated/autoconf.ts";
import { smp_mb } from "host/door.ts";
import { ktime_get_ns, nr_cpu_ids, smp_processor_id } from "host/cpu.ts";
import { machine_sleeps } from "host/model.ts";
import { atomic_set } from "linux/atomic.ts";
import { BUG_ON } from "linux/bug.ts";
import { EFAULT, EINVAL, ESRCH } from "linux/errno.ts";
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
	TASK_RTLOCK_WAIT,
	TASK_RUNNING,
	TASK_UNINTERRUPTIBLE,
	TASK_WAKEKILL,
	PF_KTHREAD,
	type task_struct,
} from "linux/sched.ts";
import { mmdrop, mmgrab } from "linux/sched/mm.ts";
import { rwsem_word } from "linux/rwsem.ts";
import { MAX_RT_PRIO } from "linux/sched/prio.ts";
import { get_task_struct, put_task_struct } from "linux/sched/task.ts";

import { SIGKILL, sigmask } from "linux/signal.ts";
import { cpu_relax } from "linux/smp.ts";
import {
	raw_spin_lock,
	raw_spin_lock_irqsave,
	raw_spin_unlock,
	raw_spin_unlock_irqrestore,
	spin_lock,
	spin_lock_init,
	spin_unlock,
} from "linux/spinlock.ts";
import type { rw_semaphore } from "linux/spinlock_types.ts";
import { blk_poll } from "drivers/block/brd.ts";
import { __warn, panic } from "kernel/panic.ts";
import { rcu_check_callbacks } from "kernel/rcu.ts";
import { rcu_eqs_enter, rcu_eqs_exit, rcu_is_watching } from "kernel/rcu.ts";
import { cpu_kick, idle_finish, idle_prepare, idle_wait } from "kernel/smp.ts";
import { irq_poll } from "kernel/smp.ts";
import { process_scheduled_works, work_pending_on } from "kernel/workqueue.ts";
import {
	SCHED_BATCH,
	SCHED_FIFO,
	SCHED_IDLE,
	SCHED_NORMAL,
	SCHED_RR,
} from "uapi/linux/sched.ts";
import { sched_init_task, tasklist_lock } from "kernel/fork.ts";
import { rt_mutex_adjust_pi } from "kernel/locking/rtmutex.ts";
import { find_task_by_vpid } from "kernel/pid.ts";
import { get_user, put_user } from "asm/uaccess.ts";
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

/**
 * With PREEMPT_RT: about to sleep for a spinlock, in whatever state the task
 * is. A wake-up for that state goes to saved_state meanwhile. Interrupts are
 * off, as in the next one.
 */
export function current_save_and_set_rtlock_wait_state(): void {
	const p = current();

	raw_spin_lock(p.pi_lock);
	p.saved_state = p.__state;
	WRITE_ONCE(p.__state, TASK_RTLOCK_WAIT);
	raw_spin_unlock(p.pi_lock);
}

/** It has the lock. */
export function current_restore_rtlock_saved_state(): void {
	const p = current();

	raw_spin_lock(p.pi_lock);
	WRITE_ONCE(p.__state, p.saved_state);
	p.saved_state = TASK_RUNNING;
	raw_spin_unlock(p.pi_lock);
}

export function task_is_running(p: task_struct): boolean {
	return READ_ONCE(p.__state) === TASK_RUNNING;
}

/* ---- kernel/sched/core.c ---- */

/**
 * Does p sleep in one of the states? If it was about to, and now sleeps for a
 * spinlock first, it is woken by not going back to that state. p->pi_lock is
 * held. Port: success is the result; whether p is to be woken tells its state.
 */
function ttwu_state_match(p: task_struct, state: number): boolean {
	if ((READ_ONCE(p.__state) & state) !== 0)
		return true;
	if ((p.saved_state & state) === 0)
		return false;
	p.saved_state = TASK_RUNNING;
	return true;
}

/** try_to_wake_up() with PREEMPT_RT, where pi_lock is needed. */
function rt_try_to_wake_up(p: task_struct, state: number): boolean {
	const flags = raw_spin_lock_irqsave(p.pi_lock);

	/* Pairs with set_current_state(): the condition before the state. */
	smp_mb();
	const success = ttwu_state_match(p, state);

	if (success && (READ_ONCE(p.__state) & state) !== 0) {
		const cpu = READ_ONCE(p.on_cpu) - 1;

		WRITE_ONCE(p.__state, TASK_RUNNING);
		if (cpu >= 0)
			cpu_kick(cpu);
	}
	raw_spin_unlock_irqrestore(p.pi_lock, flags);
	return success;
}

/**
 * Wake p if it sleeps in one of the states. Everything the caller did before
 * is seen by p when it wakes. Returns whether this call woke it.
 */
export function try_to_wake_up(p: task_struct, state: number): boolean {
	if (CONFIG_PREEMPT_RT)
		return rt_try_to_wake_up(p, state);
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

/** The same for a task that waits for an rt_mutex, of whatever lock. */
function check_hung_rt_task(p: task_struct, start: number): void {
	const waiter = p.pi_blocked_on;

	if (waiter === NULL || ktime_get_ns() - start < HUNG_TASK_NS)
		return;
	const lock = waiter.lock;
	const cpu = cpu_of_task(READ_ONCE(lock.owner) & ~1);

	panic(
		`hung_task: task ${p.pid} on CPU#${smp_processor_id()}` +
			` blocked for more than ${HUNG_TASK_NS / 1e9}` +
			` seconds [rt_mutex ${uptr(lock).toString(16)}` +
			` of a task` +
			`${cpu < 0 ? " on no CPU" : ` on CPU#${cpu}`}]`,
	);
}

/**
 * kernel/hung_task.c: nobody waits for a lock for minutes, or it is a deadlock.
 * Other sleeps, such as wait4()'s, may last.
 */
function check_hung_task(p: task_struct, start: number): void {
	if (CONFIG_PREEMPT_RT) {
		check_hung_rt_task(p, start);
		return;
	}
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
			` count ${(rwsem_word(sem) >>> 0).toString(16)}` +
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
 * schedule() of a task that waits for a page which a disk may have in hand.
 * Port: as nobody else may be there to ask the disk, we do that while it is
 * busy.
 */
export function io_schedule(): void {
	if (CONFIG_BLK_DEV_RAM) {
		if (blk_poll()) {
			rcu_check_callbacks();
			cpu_relax(1);
			return;
		}
	}
	schedule();
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

	/* A reader of PREEMPT_RCU that sleeps is one still: it keeps its CPU
	 * watched, and so holds up grace periods. Linux puts it on the list of
	 * blocked readers in rcu_note_context_switch(), and frees the CPU. */
	const reader = CONFIG_PREEMPT_RCU && p.rcu_read_lock_nesting !== 0;
	const watching = rcu_is_watching() && !reader;

	if (watching)
		rcu_eqs_enter();
	const start = ktime_get_ns();

	p.nvcsw++;
	while (READ_ONCE(p.__state) !== TASK_RUNNING) {
		irq_poll();
		/* A callback may want a spinlock that we hold. */
		if (!reader)
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

/** Sleep for a spinlock, with PREEMPT_RT: no state admits a signal. */
export function schedule_rtlock(): void {
	schedule();
}

/**
 * CONFIG_DEBUG_ATOMIC_SLEEP: complain if the caller may not sleep. Warned
 * about like in the kernel, which goes on.
 */
export function __might_sleep(): void {
	__might_resched(0);
}

/** As that; but a section of RCU is fine if it is one of so many. */
function __might_resched(rcu_depth: number): void {
	if (CONFIG_DEBUG_ATOMIC_SLEEP) {
		const nested = CONFIG_PREEMPT_RCU &&
			rcu_preempt_depth() !== rcu_depth;

		if (!in_atomic() && !irqs_disabled() && !nested)
			return;
		const p = current();
		const text =
			"BUG: sleeping function called from invalid context\n" +
			`in_atomic(): ${in_atomic() ? 1 : 0}, ` +
			`irqs_disabled(): ${irqs_disabled() ? 1 : 0}, ` +
			`pid: ${p !== NULL ? p.pid : 0}\n` +
			`preempt_count: ${preempt_count().toString(16)}, expected: 0\n` +
			`RCU nest depth: ${rcu_preempt_depth()}` +
			`, expected: ${rcu_depth}`;

		if (CONFIG_ARCH_HOST_STEPPER)
			machine_sleeps(text);
		__warn(text);
	}
}

/** A spinlock of PREEMPT_RT may be taken in a section of RCU: spinlock_rt.c. */
export function rtlock_might_resched(): void {
	if (CONFIG_DEBUG_ATOMIC_SLEEP)
		__might_resched(rcu_preempt_depth());
}

/* ---- priorities ---- */

/** What a task goes by whose first waiter is pi_task, or NULL. */
function __rt_effective_prio(pi_task: task_struct, prio: number): number {
	if (pi_task === NULL)
		return prio;
	return Math.min(prio, READ_ONCE(pi_task.prio));
}

/**
 * p inherits from pi_task, or from nobody (NULL). p->pi_lock is held, and the
 * wait_lock under which pi_task waits.
 * Port: there is no run queue to move p in. A CPU's idle task inherits, too:
 * it does what kernel threads do in Linux, see cpu_idle_poll().
 */
export function rt_mutex_setprio(p: task_struct, pi_task: task_struct): void {
	const prio = __rt_effective_prio(pi_task, p.normal_prio);

	p.pi_top_task = pi_task;
	WRITE_ONCE(p.prio, prio);
}

/* Without deadlines, and without nice values, which nobody sets. */

function rt_policy(policy: number): boolean {
	return policy === SCHED_FIFO || policy === SCHED_RR;
}

function valid_policy(policy: number): boolean {
	return policy === SCHED_NORMAL || policy === SCHED_BATCH ||
		policy === SCHED_IDLE || rt_policy(policy);
}

/** What sched_setparam() passes: the policy stays. */
const SETPARAM_POLICY = -1;

/**
 * Give p a policy and a priority of its own. What it inherits it keeps if that
 * is more, and whoever it waits for hears of the change. 0 or -EINVAL.
 * Port: kernel/sched/core.c takes a sched_attr.
 */
function __sched_setscheduler(
	p: task_struct,
	policy: number,
	sched_priority: number,
): number {
	const flags = raw_spin_lock_irqsave(p.pi_lock);

	if (policy === SETPARAM_POLICY)
		policy = p.policy;
	if (
		!valid_policy(policy) ||
		sched_priority < 0 ||
		sched_priority > MAX_RT_PRIO - 1 ||
		rt_policy(policy) !== (sched_priority !== 0)
	) {
		raw_spin_unlock_irqrestore(p.pi_lock, flags);
		return -EINVAL;
	}
	p.policy = policy;
	p.rt_priority = sched_priority;
	p.normal_prio = rt_policy(policy)
		? MAX_RT_PRIO - 1 - sched_priority
		: p.static_prio;
	WRITE_ONCE(p.prio, __rt_effective_prio(p.pi_top_task, p.normal_prio));
	raw_spin_unlock_irqrestore(p.pi_lock, flags);

	rt_mutex_adjust_pi(p);
	return 0;
}

/** For the kernel itself. */
export function sched_setscheduler_nocheck(
	p: task_struct,
	policy: number,
	sched_priority: number,
): number {
	return __sched_setscheduler(p, policy, sched_priority);
}

/** With a reference; 0 is current, NULL: there is none. */
function find_process_by_pid(pid: number): task_struct {
	if (pid === 0)
		return get_task_struct(current());
	spin_lock(tasklist_lock);
	const p = find_task_by_vpid(pid);

	if (p !== NULL)
		get_task_struct(p);
	spin_unlock(tasklist_lock);
	return p;
}

/** Port: there are no users, so that everybody may. */
function do_sched_setscheduler(
	pid: number,
	policy: number,
	param: number,
): number {
	if (param === 0 || pid < 0)
		return -EINVAL;
	/* struct sched_param is an int. */
	const { value, error } = get_user(param);

	if (error !== 0)
		return -EFAULT;
	const p = find_process_by_pid(pid);

	if (p === NULL)
		return -ESRCH;
	const retval = __sched_setscheduler(p, policy, value);

	put_task_struct(p);
	return retval;
}

export function sys_sched_setscheduler(
	pid: number,
	policy: number,
	param: number,
): number {
	if (policy < 0)
		return -EINVAL;
	return do_sched_setscheduler(pid, policy, param);
}

export function sys_sched_setparam(pid: number, param: number): number {
	return do_sched_setscheduler(pid, SETPARAM_POLICY, param);
}

export function sys_sched_getscheduler(pid: number): number {
	if (pid < 0)
		return -EINVAL;
	const p = find_process_by_pid(pid);

	if (p === NULL)
		return -ESRCH;
	const policy = data_race(p.policy);

	put_task_struct(p);
	return policy;
}

export function sys_sched_getparam(pid: number, param: number): number {
	if (param === 0 || pid < 0)
		return -EINVAL;
	const p = find_process_by_pid(pid);

	if (p === NULL)
		return -ESRCH;
	const priority = data_race(p.rt_priority);

	put_task_struct(p);
	return put_user(priority, param) !== 0 ? -EFAULT : 0;
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
	if (CONFIG_RT_MUTEXES)
		sched_init_task(idle);
	rq.curr = idle;
}

/** A thread of the kernel that runs on a CPU while its task sleeps, or idles:
 *  see rcu_cpu_kthread(). Nobody frees it. */
export function init_kthread(p: task_struct): void {
	p.flags = PF_KTHREAD;
	atomic_set(p.usage, 2);
	spin_lock_init(p.alloc_lock);
	INIT_LIST_HEAD(p.tasks);
	p.group_leader = p;
	p.parent = p;
	sched_init_task(p);
}

/** Run as p on this CPU, in the address space of who did. Returns that one. */
export function kthread_enter(p: task_struct): task_struct {
	const rq = this_cpu(runqueues);
	const prev = rq.curr;
	/* An interrupt may let go of what is borrowed. */
	const flags = local_irq_save();

	p.mm = prev.mm;
	p.active_mm = prev.active_mm;
	p.__state = TASK_RUNNING;
	WRITE_ONCE(p.on_cpu, smp_processor_id() + 1);
	rq.curr = p;
	local_irq_restore(flags);
	return prev;
}

export function kthread_leave(p: task_struct, prev: task_struct): void {
	const rq = this_cpu(runqueues);
	const flags = local_irq_save();

	prev.active_mm = p.active_mm;
	rq.curr = prev;
	p.mm = NULL;
	p.active_mm = NULL;
	local_irq_restore(flags);
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
