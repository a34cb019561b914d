// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/rcu/tree.c, update.c and rcu_segcblist.c (5.17): grace periods
 * found by looking at every CPU's dyntick counter, and callbacks queued on the
 * CPU that calls call_rcu().
 *
 * A CPU in user mode, idle, asleep in schedule() or outside of the machine is
 * in an extended quiescent state (EQS), in which it may hold no reference:
 * its counter is even. A grace period has passed a CPU once its counter was
 * seen even, or different from the snapshot taken at the start.
 * With PREEMPT_RCU a task may sleep in a section, for a spinlock, and then its
 * CPU is not in an EQS: see schedule().
 * Port: there is no rcu_node tree and no grace-period kthread: each CPU runs
 * grace periods for its own callbacks, at its own quiescent points. Without
 * CONFIG_SMP every such point ends a grace period (tiny.c).
 * Left out: stall warnings, expedited grace periods, offloading, kvfree_rcu.
 */
import {
	CONFIG_DEBUG_ATOMIC_SLEEP,
	CONFIG_PREEMPT_RT,
	CONFIG_RCU_STEPPED,
	CONFIG_SMP,
} from "generated/autoconf.ts";
import {
	rcu_enqueue_step,
	rcu_gp_end_step,
	rcu_gp_start_step,
	rcu_offloaded,
	rcu_queued,
	rcu_take_step,
	rcu_taken,
} from "host/model.ts";
import { nr_cpu_ids, smp_processor_id } from "host/cpu.ts";
import { smp_mb } from "host/door.ts";
import { BUG_ON } from "linux/bug.ts";
import { local_irq_restore, local_irq_save } from "linux/irqflags.ts";
import { might_sleep } from "linux/kernel.ts";
import { lockdep_assert_irqs_disabled } from "linux/lockdep.ts";
import { in_atomic, preempt_disable, preempt_enable } from "linux/preempt.ts";
import { rcu_preempt_depth } from "linux/rcupdate.ts";
import { cpu_relax } from "linux/smp.ts";
import { TASK_RTLOCK_WAIT, type task_struct } from "linux/sched.ts";
import type { callback_head, rcu_head } from "linux/types.ts";
import {
	current,
	init_kthread,
	kthread_enter,
	kthread_leave,
} from "kernel/sched/core.ts";
import type { rt_mutex_waiter } from "kernel/locking/rtmutex_common.ts";
import { softlockup_check } from "kernel/locking/spinlock.ts";
import {
	cpu_claim_host,
	cpu_online,
	cpu_release_host,
	smp_call_function_single,
	smp_send_reschedule,
} from "kernel/smp.ts";

/** Bit of rcu_data.dynticks: RCU watches this CPU. */
const RCU_DYNTICKS_IDX = 0x1;
/** Callbacks invoked at one quiescent point … */
const BLIMIT = 32;
/** … unless more than this many are queued. */
const QHIMARK = 10000;

/** The dyntick counters at the start of a grace period, by CPU.
 *  All fields: its CPU only, as rcu_data; or current only, on its
 *  stack. */
interface rcu_snap extends struct {
	cpu: int; /* CPUs below have passed */
	dynticks: array<int, 64>;
}

/** A list of callbacks in the order they were queued. All fields:
 *  its CPU only, as rcu_data. */
interface rcu_cblist extends struct {
	head: callback_head;
	tail: callback_head; /* undefined while head is NULL */
}

/** All fields: its CPU only, with interrupts disabled, or who has
 *  claimed a CPU that is outside (cpu_claim_host()). */
interface rcu_data extends struct {
	dynticks: int; /* its CPU only (atomic to end an EQS), read by all */
	/** callbacks on the lists and running; its CPU only, peeked at by
	 *  rcu_barrier() */
	n_cbs: int;
	next: embed<rcu_cblist>; /* not yet waiting */
	wait: embed<rcu_cblist>; /* for the grace period of `snap` */
	done: embed<rcu_cblist>; /* may be invoked */
	snap: embed<rcu_snap>;
	barrier_seq_snap: int; /* last rcu_barrier() that asked; written by its CPU */
	barrier_head: embed<callback_head>; /* rcu_barrier()'s, one at a time */
}
const rcu_data = DEFINE_PER_CPU<rcu_data>();

interface rcu_state extends struct {
	barrier_mutex: int; /* one rcu_barrier() at a time; atomic */
	barrier_sequence: int; /* number of the current one; barrier_mutex */
	/** callbacks it still waits for, plus 1; atomic */
	barrier_cpu_count: int;
}
const rcu_state = DEFINE<rcu_state>();

/* ---- extended quiescent states ---- */

/** Does RCU watch this CPU, so that it may hold references? */
export function rcu_is_watching(): boolean {
	if (CONFIG_RCU_STEPPED)
		return true;
	if (CONFIG_SMP)
		return (this_cpu(rcu_data).dynticks & RCU_DYNTICKS_IDX) !== 0;
	return true;
}

/**
 * Go quiescent. Release: accesses of the sections before stay before.
 * Port: fully ordered in the kernel, for the sake of what idle does next. Here
 * whoever looks at a condition before it sleeps has a barrier of its own, see
 * idle_prepare(). Nobody but this CPU writes the counter.
 */
export function rcu_eqs_enter(): void {
	if (CONFIG_SMP && !CONFIG_RCU_STEPPED) {
		const rdp = this_cpu(rcu_data);

		if (CONFIG_DEBUG_ATOMIC_SLEEP) {
			BUG_ON(
				(rdp.dynticks & RCU_DYNTICKS_IDX) === 0,
				"rcu_eqs_enter() while not watching",
			);
			BUG_ON(rcu_preempt_depth() !== 0, "EQS in a read-side section");
		}
		/* Pairs with the acquire in rcu_gp_done(). */
		smp_store_release(rdp.dynticks, rdp.dynticks + 1);
	}
}

/** Be watched again. Fully ordered: sections begin after, and see what was
 *  done before a grace period that met us quiescent. */
export function rcu_eqs_exit(): void {
	if (CONFIG_SMP && !CONFIG_RCU_STEPPED) {
		const rdp = this_cpu(rcu_data);

		/* With a result: without one it would order nothing. Pairs
		 * with the barrier in rcu_gp_start(). */
		const seq = fetch_add(rdp.dynticks, 1);

		if (CONFIG_DEBUG_ATOMIC_SLEEP) {
			BUG_ON(
				(seq & RCU_DYNTICKS_IDX) !== 0,
				"rcu_eqs_exit() while watching",
			);
		}
	}
}

/** The last thing in the kernel before user mode, and the first after. */
export function rcu_user_enter(): void {
	rcu_eqs_enter();
}

export function rcu_user_exit(): void {
	rcu_eqs_exit();
}

/** An interrupt may come from anywhere. Returns what rcu_irq_exit() takes:
 *  whether it came from an EQS. */
export function rcu_irq_enter(): boolean {
	if (rcu_is_watching())
		return false;
	rcu_eqs_exit();
	return true;
}

export function rcu_irq_exit(eqs: boolean): void {
	if (eqs)
		rcu_eqs_enter();
}

/** Report one quiescent state from the middle of the kernel. */
export function rcu_momentary_dyntick_idle(): void {
	if (CONFIG_SMP) {
		const rdp = this_cpu(rcu_data);

		/* Even and odd again in one step; does nothing to an EQS.
		 * Fully ordered, by the barriers: nobody wants the result. */
		if ((rdp.dynticks & RCU_DYNTICKS_IDX) !== 0) {
			/* As rcu_eqs_enter(): pairs with rcu_gp_done(). */
			smp_mb();
			fetch_add(rdp.dynticks, 2);
			/* As rcu_eqs_exit(): pairs with rcu_gp_start(). */
			smp_mb();
		}
	}
}

/* ---- grace periods ---- */

/** Remember where every CPU is. */
function rcu_gp_start(snap: rcu_snap): void {
	/*
	 * The caller's updates (its unlinking) before the reads: a CPU seen in
	 * an EQS sees them when it leaves. Pairs with the full barriers in
	 * rcu_eqs_exit() and rcu_momentary_dyntick_idle().
	 */
	smp_mb();
	snap.cpu = 0;
	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++)
		snap.dynticks[cpu] = READ_ONCE(per_cpu(rcu_data, cpu).dynticks);
}

/** Has every other CPU been quiescent since? The caller is, by calling. */
function rcu_gp_done(snap: rcu_snap): boolean {
	const me = smp_processor_id();

	for (; snap.cpu < nr_cpu_ids(); snap.cpu++) {
		const cpu = snap.cpu;
		const old = snap.dynticks[cpu];

		if (cpu === me || (old & RCU_DYNTICKS_IDX) === 0)
			continue;
		/* Acquire; pairs with rcu_eqs_enter() and
		 * rcu_momentary_dyntick_idle() on that CPU. */
		if (smp_load_acquire(per_cpu(rcu_data, cpu).dynticks) === old)
			return false;
	}
	/* All accesses of their sections come before what is freed next, also
	 * where rcu_gp_start() met an EQS. Pairs with rcu_eqs_enter(). */
	smp_mb();
	return true;
}

/**
 * Wait until all read-side sections that run now are over. May sleep, and
 * must not be called from one. We count as quiescent ourselves while we wait,
 * so two callers do not wait for each other.
 */
export function synchronize_rcu(): void {
	might_sleep();
	BUG_ON(rcu_preempt_depth() !== 0, "synchronize_rcu() in a section");
	if (CONFIG_RCU_STEPPED) {
		rcu_gp_start_step();
		rcu_gp_end_step();
		return;
	}
	/* The caller is in no section, and nobody else is there. */
	if (!CONFIG_SMP || nr_cpu_ids() === 1)
		return;

	const snap = STACK<rcu_snap>();
	const watching = rcu_is_watching();
	let start = 0;

	rcu_gp_start(snap);
	if (watching)
		rcu_eqs_enter();
	for (let n = 0; !rcu_gp_done(snap); n++) {
		cpu_relax(n);
		/* The first CPU that has not passed yet. */
		start = softlockup_check(n, start, uptr(snap), snap.cpu);
	}
	if (watching)
		rcu_eqs_exit();
}

/* ---- callbacks ---- */

function rcu_cblist_enqueue(list: rcu_cblist, head: callback_head): void {
	head.next = NULL;
	if (list.head === NULL) {
		list.head = head;
	} else {
		const tail: callback_head = list.tail;

		tail.next = head;
	}
	list.tail = head;
}

/** Append all of `from` to `to`; from is empty afterwards. */
function rcu_cblist_splice(to: rcu_cblist, from: rcu_cblist): void {
	if (from.head === NULL)
		return;
	if (to.head === NULL) {
		to.head = from.head;
	} else {
		const tail: callback_head = to.tail;

		tail.next = from.head;
	}
	to.tail = from.tail;
	from.head = NULL;
	from.tail = NULL;
}

function rcu_cblist_dequeue(list: rcu_cblist): callback_head {
	const head: callback_head = list.head;

	if (head !== NULL)
		list.head = head.next;
	return head;
}

/**
 * Have func(head) called after a grace period, on a CPU that may be another
 * one, in a context that must not sleep. Callable from anywhere.
 */
export function call_rcu(
	head: rcu_head,
	func: rodata<(head: rcu_head) => void>,
): void {
	if (CONFIG_RCU_STEPPED) {
		head.func = func;
		rcu_enqueue_step(uptr(head));
		return;
	}

	const flags = local_irq_save();
	const rdp = this_cpu(rcu_data);

	head.func = func;
	rcu_cblist_enqueue(rdp.next, head);
	rdp.n_cbs++;
	local_irq_restore(flags);
}

/** Move callbacks on as far as grace periods have got. Interrupts disabled. */
function rcu_advance_cbs(rdp: rcu_data): void {
	lockdep_assert_irqs_disabled();
	const wait = rdp.wait;
	const next = rdp.next;

	if (wait.head !== NULL && rcu_gp_done(rdp.snap))
		rcu_cblist_splice(rdp.done, wait);
	if (wait.head === NULL && next.head !== NULL) {
		rcu_cblist_splice(wait, next);
		rcu_gp_start(rdp.snap);
		/* All others may be quiescent at this moment already. */
		if (rcu_gp_done(rdp.snap))
			rcu_cblist_splice(rdp.done, wait);
	}
}

/**
 * A callback has run. It counts until now: rcu_barrier() takes a CPU without
 * callbacks for one that has invoked them all. With interrupts off, since one
 * may queue a callback.
 */
function rcu_cblist_done(rdp: rcu_data): void {
	const flags = local_irq_save();

	/* Pairs with rcu_barrier(): what the callback did comes before. */
	smp_store_release(rdp.n_cbs, rdp.n_cbs - 1);
	local_irq_restore(flags);
}

/** With bottom halves off in the kernel: it must not sleep. With PREEMPT_RT
 *  that leaves spinlocks to it. */
function rcu_invoke_callback(head: callback_head): void {
	const func = head.func;

	if (CONFIG_PREEMPT_RT) {
		func(head);
		return;
	}
	preempt_disable();
	func(head);
	preempt_enable();
}

/** Invoke callbacks whose grace period is over: a batch, or all if many. */
function rcu_do_batch(rdp: rcu_data): void {
	let limit = rdp.n_cbs > QHIMARK ? rdp.n_cbs : BLIMIT;

	for (; limit > 0; limit--) {
		const flags = local_irq_save();
		const head = rcu_cblist_dequeue(rdp.done);

		local_irq_restore(flags);
		if (head === NULL)
			break;

		rcu_invoke_callback(head);
		rcu_cblist_done(rdp);
	}
}

/** By CPU, the task that invokes its callbacks with PREEMPT_RT. */
const rcu_cpu_kthread_task = DEFINE_PER_CPU<task_struct>();

/**
 * May callbacks be invoked here? Port: rcuc is no thread of its own, it runs
 * on top of the task that we came upon, which goes on once they have returned.
 * Not upon rcuc, which sleeps in a callback. Nor upon a task that sleeps for a
 * spinlock: if its turn comes it alone can take the lock, and a callback that
 * is queued behind it would wait for ever. Whoever holds the lock does not wait
 * for a callback, so ours come later.
 */
function rcu_cpu_kthread_may_run(): boolean {
	const p = current();
	const waiter: rt_mutex_waiter = p.pi_blocked_on;

	if (p === this_cpu(rcu_cpu_kthread_task))
		return false;
	return waiter === NULL || waiter.wake_state !== TASK_RTLOCK_WAIT;
}

/**
 * The thread rcuc of this CPU, with PREEMPT_RT: callbacks may sleep for a
 * spinlock, while the task that we came upon may be asleep itself, for
 * something that no holder of a spinlock waits for.
 */
function rcu_cpu_kthread(rdp: rcu_data): void {
	const kthread = this_cpu(rcu_cpu_kthread_task);

	if (kthread.static_prio === 0)
		init_kthread(kthread);
	const prev = kthread_enter(kthread);

	rcu_do_batch(rdp);
	kthread_leave(kthread, prev);
}

/**
 * A quiescent point of this CPU: return to user mode, idle, about to sleep.
 * We enter outside of any read-side section, with interrupts enabled, and
 * may be in an EQS; callbacks run watched.
 */
export function rcu_check_callbacks(): void {
	if (CONFIG_RCU_STEPPED)
		return;
	const rdp = this_cpu(rcu_data);

	if (rdp.n_cbs === 0)
		return;
	if (CONFIG_PREEMPT_RT && !rcu_cpu_kthread_may_run())
		return;
	if (CONFIG_DEBUG_ATOMIC_SLEEP)
		BUG_ON(in_atomic(), "rcu_check_callbacks() while atomic");

	const flags = local_irq_save();

	rcu_advance_cbs(rdp);
	local_irq_restore(flags);
	if (rdp.done.head === NULL)
		return;

	const eqs = rcu_irq_enter();

	if (CONFIG_PREEMPT_RT)
		rcu_cpu_kthread(rdp);
	else
		rcu_do_batch(rdp);
	rcu_irq_exit(eqs);
}

/**
 * Take over the callbacks that a CPU left behind when it went outside of the
 * machine, as the kernel does for an offline CPU. They wait once more here,
 * which is safe and keeps their order.
 */
function rcutree_migrate_callbacks(cpu: number): void {
	const rdp = per_cpu(rcu_data, cpu);

	if (READ_ONCE(rdp.n_cbs) === 0 || !cpu_claim_host(cpu))
		return;

	const flags = local_irq_save();
	const mine = this_cpu(rcu_data);

	rcu_cblist_splice(mine.next, rdp.done);
	rcu_cblist_splice(mine.next, rdp.wait);
	rcu_cblist_splice(mine.next, rdp.next);
	mine.n_cbs += rdp.n_cbs;
	rdp.n_cbs = 0;
	local_irq_restore(flags);
	cpu_release_host(cpu);
}

/* ---- rcu_barrier() ---- */

const rcu_barrier_callback = RODATA((_head: callback_head): void => {
	/* What callbacks before it did. Pairs with rcu_barrier()'s wait. */
	smp_mb();
	fetch_add(rcu_state.barrier_cpu_count, -1);
});

/** Queue the barrier's callback behind all that this CPU has queued. Once for
 *  each barrier: its struct must not be queued twice. */
function rcu_barrier_entrain(): void {
	const rdp = this_cpu(rcu_data);

	if (rdp.barrier_seq_snap === READ_ONCE(rcu_state.barrier_sequence))
		return;
	if (rdp.n_cbs !== 0) {
		fetch_add(rcu_state.barrier_cpu_count, 1);
		call_rcu(rdp.barrier_head, rcu_barrier_callback);
	}
	WRITE_ONCE(rdp.barrier_seq_snap, READ_ONCE(rcu_state.barrier_sequence));
}

const rcu_barrier_handler = RODATA((_info: number): void => {
	rcu_barrier_entrain();
});

/** Turns of rcu_barrier()'s last loop between two interrupts that it sends. */
const BARRIER_KICK_TURNS = 256;

/**
 * Wait for others without holding up their grace periods or our callbacks.
 * For the parameters and the result see softlockup_check().
 */
function rcu_barrier_relax(
	n: number,
	start: number,
	addr: number,
	cpu: number,
): number {
	rcu_momentary_dyntick_idle();
	rcu_check_callbacks();
	cpu_relax(n);
	return softlockup_check(n, start, addr, cpu);
}

/**
 * One more look at the other CPUs while rcu_barrier() waits for their callbacks.
 * Returns one of those that have any, or -1.
 */
function rcu_barrier_poke(n: number): number {
	const me = smp_processor_id();
	let busy = -1;

	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
		if (cpu === me)
			continue;
		/* It may have left with the callback we wait for. */
		rcutree_migrate_callbacks(cpu);
		if (READ_ONCE(per_cpu(rcu_data, cpu).n_cbs) === 0)
			continue;
		busy = cpu;
		/* In user mode it gets to its callbacks by interrupts only. */
		if (n % BARRIER_KICK_TURNS === BARRIER_KICK_TURNS - 1)
			smp_send_reschedule(cpu);
	}
	return busy;
}

/** Wait for callbacks, for a grace period, and invoke them: nocb_cb_wait(). */
function rcu_nocb_batch(): void {
	const n = rcu_take_step();

	rcu_gp_start_step();
	rcu_gp_end_step();
	for (let i = 0; i < n; i++) {
		const head: callback_head = cast(rcu_taken(i));
		rcu_invoke_callback(head);
	}
}

/** Port: on the stepper all callbacks are offloaded to one thread, as with
 *  CONFIG_RCU_NOCB_CPU. Never returns. */
export function rcu_nocb_kthread(): void {
	for (;;)
		rcu_nocb_batch();
}

/** One callback of rcu_barrier() on the stepper. */
interface rcu_nocb_barrier extends struct {
	head: embed<callback_head>; /* see callback_head */
	done: int; /* atomic: set by the callback */
}
const rcu_nocb_barrier_callback = RODATA((head: callback_head): void => {
	const b = container_of<rcu_nocb_barrier>(head, "head");

	/* Pairs with rcu_nocb_barrier(). */
	smp_store_release(b.done, 1);
});

/** Until the thread has invoked a callback that is queued now. */
function rcu_nocb_barrier(): void {
	const b = STACK<rcu_nocb_barrier>();

	call_rcu(b.head, rcu_nocb_barrier_callback);
	/* Pairs with rcu_nocb_barrier_callback(). */
	for (let n = 0; smp_load_acquire(b.done) === 0; n++)
		cpu_relax(n);
}

/**
 * Wait until all callbacks queued before are done, on all CPUs. CPUs in the
 * machine are asked to queue one more and report; those outside cannot run
 * theirs, so we adopt them. May sleep.
 * Port: the stepper's thread takes all that is queued at once, and invokes it
 * in any order; what it takes next comes after that. Where it does not run,
 * beside set-ups and checks, or is the caller, they are invoked here.
 */
export function rcu_barrier(): void {
	if (CONFIG_RCU_STEPPED) {
		if (rcu_offloaded()) {
			rcu_nocb_barrier();
			rcu_nocb_barrier();
			return;
		}
		while (rcu_queued() !== 0)
			rcu_nocb_batch();
		return;
	}
	might_sleep();
	BUG_ON(rcu_preempt_depth() !== 0, "rcu_barrier() in a section");

	const mutex = ADDR(rcu_state.barrier_mutex);
	let start = 0;

	for (
		let n = 0;
		cmpxchg(rcu_state.barrier_mutex, 0, 1) !== 0;
		n++
	)
		start = rcu_barrier_relax(n, start, mutex, -1);

	const me = smp_processor_id();

	/* The 1 keeps the count up until all have been asked. */
	WRITE_ONCE(rcu_state.barrier_cpu_count, 1);
	const seq = (rcu_state.barrier_sequence + 1) | 0;

	WRITE_ONCE(rcu_state.barrier_sequence, seq);
	/* The new number before anyone is asked. Pairs with the interrupt by
	 * which rcu_barrier_entrain() comes to read it. That callbacks of which
	 * the caller knows are counted below is seen to by the exchange above. */
	smp_mb();
	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
		if (cpu === me)
			continue;

		const rdp = per_cpu(rcu_data, cpu);

		start = 0;
		/*
		 * Ask or adopt. It may come or go in between, so look again.
		 * Acquire: without callbacks, it has done what they do; pairs
		 * with rcu_cblist_done().
		 */
		for (
			let n = 0;
			smp_load_acquire(rdp.n_cbs) !== 0 &&
			READ_ONCE(rdp.barrier_seq_snap) !== seq;
			n++
		) {
			if (cpu_online(cpu))
				smp_call_function_single(cpu, rcu_barrier_handler, 0, true);
			else
				rcutree_migrate_callbacks(cpu);
			start = rcu_barrier_relax(n, start, uptr(rdp), cpu);
		}
	}
	/* Ours last: what was adopted is before it. */
	rcu_barrier_entrain();
	fetch_add(rcu_state.barrier_cpu_count, -1);

	start = 0;
	/* Acquire; pairs with rcu_barrier_callback(). */
	for (
		let n = 0;
		smp_load_acquire(rcu_state.barrier_cpu_count) !== 0;
		n++
	) {
		const busy = rcu_barrier_poke(n);

		start = rcu_barrier_relax(n, start, mutex, busy);
	}
	/* Pairs with the exchange by which the next rcu_barrier() gets in. */
	smp_store_release(rcu_state.barrier_mutex, 0);
}

/** Callbacks not yet invoked, on all CPUs; for tests and leak checks. */
export function rcu_pending_callbacks(): number {
	if (CONFIG_RCU_STEPPED)
		return rcu_queued();
	let n = 0;

	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++)
		n += READ_ONCE(per_cpu(rcu_data, cpu).n_cbs);
	return n;
}
