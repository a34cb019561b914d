// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/smp.c (5.17) and the IPI vectors of arch/x86/kernel/smp.c.
 * Port: an interrupt is a bit in the target's `pending` word, polled where
 * interrupts are enabled. A CPU that sleeps does so on its `wake_seq` word.
 *
 * A CPU whose worker runs neither kernel nor user program is outside of the
 * machine (CPU_HOST). It is treated like an offline CPU: requests to it are
 * dropped, nobody waits for it, and when it comes back it starts with an
 * empty TLB, as one that comes online. Others may claim it meanwhile, to look
 * after what it left behind (RCU callbacks, page lists).
 * Left out: the workqueue-like irq_work, csd lock debugging, CPU hotplug.
 */
import {
	CONFIG_ARCH_HOST_STEPPER,
	CONFIG_DEFERRED_WORK,
	CONFIG_SMP,
	CONFIG_TRACING,
} from "generated/autoconf.ts";
import { smp_mb } from "host/door.ts";
import {
	answer_step,
	await_step,
	ipi_done_step,
	ipi_pending_step,
} from "host/model.ts";
import {
	cpu_park,
	cpu_pause,
	cpu_unpark,
	nr_cpu_ids,
	smp_processor_id,
} from "host/cpu.ts";
import { BUG_ON, WARN_ON_ONCE } from "linux/bug.ts";
import { ENXIO } from "linux/errno.ts";
import {
	arch_irq_entry,
	arch_irq_return,
	arch_local_irq_restore,
	arch_local_save_flags,
	irqs_disabled,
	local_irq_disable,
	local_irq_restore,
	local_irq_save,
} from "linux/irqflags.ts";
import {
	HARDIRQ_OFFSET,
	in_atomic,
	in_hardirq,
	preempt_count_add,
	preempt_count_sub,
} from "linux/preempt.ts";
import {
	CSD_FLAG_LOCK,
	type call_single_data_t,
	cpu_relax,
	type smp_call_func_t,
	type smp_cond_func_t,
} from "linux/smp.ts";
import { softlockup_check } from "kernel/locking/spinlock.ts";
import { rcu_check_callbacks, rcu_irq_enter, rcu_irq_exit } from "kernel/rcu.ts";
import { run_scheduled_works } from "./workqueue.ts";
import { sync_core } from "./jump_label.ts";
import { cpu_init } from "asm/setup.ts";

/* States of a CPU. */
const CPU_HOST = 0; /* outside of the machine */
const CPU_ONLINE = 1; /* in the kernel, in user mode, or idle */
const CPU_CLAIMED = 2; /* outside, and another CPU looks after its data */

/* Bits of `pending`. */
const IPI_CALL_FUNC = 0x1;
const IPI_RESCHEDULE = 0x2;
const IPI_MISSED = 0x4; /* requests were dropped while it was outside */

interface cpu_ipi extends struct {
	pending: int; /* IPI_*; set by all, taken by the owner; atomic */
	/** changes with each kick; the owner sleeps on it; atomic */
	wake_seq: int;
	/** the owner sleeps or is about to; its CPU only, read by wakers */
	parked: int;
	state: int; /* CPU_*; atomic */
	/** pushed by all, newest first; atomic */
	call_single_queue: call_single_data_t;
}
const ipi = DEFINE_PER_CPU<cpu_ipi>();

/** The requests this CPU sends, one for each target. */
interface call_function_data extends struct {
	/** by target; see call_single_data_t */
	csd: array<embed<call_single_data_t>, 64>;
}
const cfd_data = DEFINE_PER_CPU<call_function_data>();

/* ---- interrupts: the side that takes them ---- */

/**
 * Take what is pending. The caller has interrupts enabled: local_irq_enable(),
 * the return to user mode, between two user instructions.
 */
export function irq_poll(): void {
	/* The stepper interrupts a CPU wherever it may be interrupted. */
	if (CONFIG_SMP && !CONFIG_ARCH_HOST_STEPPER) {
		if (READ_ONCE(this_cpu(ipi).pending) !== 0)
			handle_ipi();
	}
}

/** The same where interrupts may be disabled: in busy-wait loops. */
export function irq_poll_enabled(): void {
	if (CONFIG_SMP && !CONFIG_ARCH_HOST_STEPPER) {
		if (READ_ONCE(this_cpu(ipi).pending) !== 0 && !irqs_disabled())
			handle_ipi();
	}
}

/** This CPU was outside: what it missed meanwhile, a flush or a change of the
 *  code, it makes up for. */
function start_afresh(): void {
	cpu_init();
	if (CONFIG_TRACING)
		sync_core();
}

/**
 * The interrupt. Requests run with interrupts disabled, in hardirq context,
 * and RCU watches even if we interrupted user mode or an idle CPU.
 */
function handle_ipi(): void {
	const p = this_cpu(ipi);
	const flags = arch_local_save_flags();

	local_irq_disable();
	const eqs = rcu_irq_enter();

	preempt_count_add(HARDIRQ_OFFSET);
	for (;;) {
		/* Pairs with send_ipi(): a request is queued before its bit. */
		const pending = xchg(p.pending, 0);

		if (pending === 0)
			break;
		if ((pending & IPI_MISSED) !== 0)
			start_afresh();
		if ((pending & IPI_CALL_FUNC) !== 0)
			flush_smp_call_function_queue();
	}
	preempt_count_sub(HARDIRQ_OFFSET);

	rcu_irq_exit(eqs);
	arch_local_irq_restore(flags);
	/*
	 * Softirqs, of which RCU's is the only one. A CPU that was in an EQS is
	 * in no kernel code that could not bear a callback; and a program may
	 * stay in user mode for as long as it likes.
	 */
	if (eqs)
		rcu_check_callbacks();
}

/** Port: the same on the stepper, which keeps this CPU's task from running. */
export function smp_handle_ipi(): void {
	const p = this_cpu(ipi);
	const flags = arch_local_save_flags();

	arch_irq_entry();
	const eqs = rcu_irq_enter();

	preempt_count_add(HARDIRQ_OFFSET);
	for (;;) {
		const pending = xchg(p.pending, 0);

		if (pending === 0)
			break;
		if ((pending & IPI_MISSED) !== 0)
			start_afresh();
		if ((pending & IPI_CALL_FUNC) !== 0)
			flush_smp_call_function_queue();
	}
	preempt_count_sub(HARDIRQ_OFFSET);
	rcu_irq_exit(eqs);
	arch_irq_return(flags);
	if (eqs)
		rcu_check_callbacks();
	ipi_done_step(ADDR(p.pending));
}

/* ---- interrupts: the side that sends them ---- */

/** End cpu's sleep, or keep it from falling asleep. */
export function cpu_kick(cpu: number): void {
	if (CONFIG_SMP) {
		const t = per_cpu(ipi, cpu);

		/*
		 * What it waits for, then the bump, then the look whether it
		 * sleeps: pairs with idle_prepare(). By barriers, as an atomic
		 * without result has no order.
		 */
		smp_mb();
		fetch_add(t.wake_seq, 1);
		/* Pairs with idle_prepare(), too. */
		smp_mb();
		if (READ_ONCE(t.parked) !== 0)
			cpu_unpark(ADDR(t.wake_seq));
	}
}

function send_ipi(cpu: number, bit: number): void {
	const t = per_cpu(ipi, cpu);

	/*
	 * With another bit set it has been kicked, and has not looked yet. But
	 * for IPI_MISSED: cpu_outside() sets that without a kick, and the CPU may
	 * have come in and fallen asleep just before.
	 */
	const old = fetch_or(t.pending, bit);

	if (CONFIG_ARCH_HOST_STEPPER) {
		if ((old & ~IPI_MISSED) === 0)
			ipi_pending_step(cpu);
	} else if ((old & ~IPI_MISSED) === 0)
		cpu_kick(cpu);
}

export function smp_send_reschedule(cpu: number): void {
	if (CONFIG_SMP)
		send_ipi(cpu, IPI_RESCHEDULE);
}

/**
 * Sleeping: prepare, look at the condition, wait, finish. prepare's full
 * barrier pairs with that of cpu_kick(): a waker that finds us not parked
 * made its condition true before we look.
 */
export function idle_prepare(): number {
	const p = this_cpu(ipi);

	xchg(p.parked, 1);
	/* Who sees the bump of a kick sees the condition that was made true
	 * before it; pairs with cpu_kick(). */
	return smp_load_acquire(p.wake_seq);
}

/** Returns on a kick, on an interrupt, or spuriously. */
export function idle_wait(seq: number): void {
	const p = this_cpu(ipi);

	if (READ_ONCE(p.pending) === 0)
		cpu_park(ADDR(p.wake_seq), seq);
	else /* an interrupt comes first: our caller looks again after it */
		cpu_relax();
}

export function idle_finish(): void {
	const p = this_cpu(ipi);

	WRITE_ONCE(p.parked, 0);
}

/* ---- in and out of the machine ---- */

/**
 * Take what is pending, at the door. Not left to the stepper's interrupt: the
 * bit that cpu_outside() sets comes without one.
 */
function door_poll(): void {
	const p = this_cpu(ipi);

	if (CONFIG_SMP && READ_ONCE(p.pending) !== 0) {
		handle_ipi();
		if (CONFIG_ARCH_HOST_STEPPER)
			ipi_done_step(ADDR(p.pending));
	}
}

/** Is cpu in the machine, so that it answers? */
export function cpu_online(cpu: number): boolean {
	return READ_ONCE(per_cpu(ipi, cpu).state) === CPU_ONLINE;
}

/**
 * Leave the machine. We enter in user mode's state (RCU does not watch), with
 * nothing held, and must not touch the kernel until cpu_leave_host().
 */
export function cpu_enter_host(): void {
	const p = this_cpu(ipi);

	BUG_ON(in_atomic() || irqs_disabled(), "cpu_enter_host() while atomic");
	rcu_check_callbacks();
	if (CONFIG_DEFERRED_WORK && !CONFIG_ARCH_HOST_STEPPER) {
		/* What a callback has queued just now. */
		const eqs = rcu_irq_enter();

		run_scheduled_works();
		rcu_irq_exit(eqs);
	}
	for (;;) {
		door_poll();
		/* The state, then a last look. Pairs with send_ipi(), after
		 * which csd_lock_wait() looks at our state. */
		xchg(p.state, CPU_HOST);
		if (READ_ONCE(p.pending) === 0)
			return;
		cpu_leave_host();
	}
}

/** Come (back) into the machine, and first take what is pending. */
export function cpu_leave_host(): void {
	const p = this_cpu(ipi);

	/* Whoever claimed us is about to let go: pairs with cpu_release_host().
	 * The state, then the bits: pairs with cpu_outside(). */
	let start = 0;

	for (
		let n = 0;
		cmpxchg(p.state, CPU_HOST, CPU_ONLINE) !== CPU_HOST;
		n++
	) {
		if (CONFIG_ARCH_HOST_STEPPER)
			await_step(n);
		else
			cpu_pause(n);
		start = softlockup_check(n, start, ADDR(p.state), -1);
	}
	door_poll();
}

/**
 * Is cpu outside, and sure to start afresh when it comes back? The bit, then
 * the state; the target stores its state, then reads the bits: one of the two
 * sees the other.
 */
function cpu_outside(cpu: number): boolean {
	const t = per_cpu(ipi, cpu);

	if (READ_ONCE(t.state) === CPU_ONLINE)
		return false;
	fetch_or(t.pending, IPI_MISSED);
	return READ_ONCE(t.state) !== CPU_ONLINE;
}

/**
 * Keep a CPU that is outside there, to work on its per-CPU data. False if it
 * is in the machine or already claimed. Short: it waits for us at the door.
 */
export function cpu_claim_host(cpu: number): boolean {
	if (CONFIG_SMP) {
		const t = per_cpu(ipi, cpu);

		/* Acquire; pairs with the exchange in cpu_enter_host() and the
		 * release in cpu_release_host(). */
		return cmpxchg(t.state, CPU_HOST, CPU_CLAIMED) === CPU_HOST;
	}
	return false;
}

export function cpu_release_host(cpu: number): void {
	const t = per_cpu(ipi, cpu);

	/* What we did to its data comes before. Pairs with cpu_leave_host()
	 * and cpu_claim_host(). */
	smp_store_release(t.state, CPU_HOST);
}

/** Drop the requests of a CPU that left before it saw them. */
function cancel_requests(cpu: number): void {
	const t = per_cpu(ipi, cpu);

	fetch_or(t.pending, IPI_MISSED);
	let csd: call_single_data_t = xchg(t.call_single_queue, NULL);

	while (csd !== NULL) {
		/* Once unlocked it is its sender's again. */
		const next: call_single_data_t = csd.llist;

		csd_unlock(csd);
		csd = next;
	}
}

/* ---- kernel/smp.c ---- */

/**
 * Wait until the target has run the request. Interrupts are enabled, so two
 * CPUs that call each other both get their answers.
 */
function csd_lock_wait(csd: call_single_data_t, cpu: number): void {
	let start = 0;

	if (CONFIG_ARCH_HOST_STEPPER)
		answer_step(ADDR(csd.u_flags), CSD_FLAG_LOCK);
	/* Acquire: what func did comes before; pairs with csd_unlock(). */
	for (
		let n = 0;
		(smp_load_acquire(csd.u_flags) & CSD_FLAG_LOCK) !== 0;
		n++
	) {
		if (!cpu_online(cpu) && cpu_claim_host(cpu)) {
			cancel_requests(cpu);
			cpu_release_host(cpu);
		}
		cpu_relax(n);
		start = softlockup_check(n, start, uptr(csd), cpu);
	}
}

/** Own csd, once its last use is over. */
function csd_lock(csd: call_single_data_t, cpu: number): void {
	csd_lock_wait(csd, cpu);
	csd.u_flags |= CSD_FLAG_LOCK;
}

function csd_unlock(csd: call_single_data_t): void {
	/* Release: func and our reads of csd come before. Pairs with the
	 * acquire in csd_lock_wait(). */
	smp_store_release(csd.u_flags, 0);
}

/** Push csd on cpu's queue and interrupt it. */
function generic_exec_single(cpu: number, csd: call_single_data_t): void {
	const t = per_cpu(ipi, cpu);

	for (;;) {
		const first: call_single_data_t = READ_ONCE(t.call_single_queue);

		csd.llist = first;
		/* Publishes csd; pairs with the exchange by which
		 * flush_smp_call_function_queue() or cancel_requests() take the
		 * queue. */
		if (cmpxchg(t.call_single_queue, first, csd) === first)
			break;
	}
	send_ipi(cpu, IPI_CALL_FUNC);
}

/** On the target, in the interrupt: run everything, oldest first. */
function flush_smp_call_function_queue(): void {
	const p = this_cpu(ipi);
	let entry: call_single_data_t = xchg(p.call_single_queue, NULL);
	let head: call_single_data_t = NULL;

	while (entry !== NULL) {
		const next: call_single_data_t = entry.llist;

		entry.llist = head;
		head = entry;
		entry = next;
	}
	while (head !== NULL) {
		const csd = head;
		const func = csd.func;

		head = csd.llist;
		func(csd.info);
		csd_unlock(csd);
	}
}

function run_local(func: smp_call_func_t, info: number): void {
	const flags = local_irq_save();

	func(info);
	local_irq_restore(flags);
}

/**
 * Run func(info) on one CPU, in interrupt context; on our own one here, with
 * interrupts disabled. func is RODATA. Interrupts are enabled. Returns
 * -ENXIO if the CPU is outside of the machine; with wait false it may still
 * leave before it runs func.
 */
export function smp_call_function_single(
	cpu: number,
	func: smp_call_func_t,
	info: number,
	wait: boolean,
): number {
	if (cpu === smp_processor_id()) {
		run_local(func, info);
		return 0;
	}
	if (!CONFIG_SMP || cpu >= nr_cpu_ids())
		return -ENXIO;

	WARN_ON_ONCE(irqs_disabled(), "smp_call_function_single: irqs disabled");
	WARN_ON_ONCE(in_hardirq(), "smp_call_function_single: in interrupt");
	if (!cpu_online(cpu))
		return -ENXIO;

	const csd: call_single_data_t = this_cpu(cfd_data).csd[cpu];

	csd_lock(csd, cpu);
	csd.func = func;
	csd.info = info;
	generic_exec_single(cpu, csd);
	if (wait)
		csd_lock_wait(csd, cpu);
	return 0;
}

/** Is cpu's bit set in a mask of two words? */
export function cpumask_test_cpu(
	cpu: number,
	mask_lo: number,
	mask_hi: number,
): boolean {
	return ((cpu < 32 ? mask_lo >>> cpu : mask_hi >>> (cpu - 32)) & 1) !== 0;
}

/**
 * Run func(info) on all other CPUs of the mask for which cond_func, if any,
 * says so. With wait, all have run it when we return, or are outside. We must
 * not be called with interrupts disabled or from an interrupt: two CPUs that
 * did would wait for each other for ever.
 */
function smp_call_function_many_cond(
	mask_lo: number,
	mask_hi: number,
	func: smp_call_func_t,
	info: number,
	wait: boolean,
	cond_func?: smp_cond_func_t,
): void {
	if (CONFIG_SMP) {
		const this_cpu_nr = smp_processor_id();
		const cfd = this_cpu(cfd_data);
		let sent_lo = 0;
		let sent_hi = 0;

		BUG_ON(irqs_disabled(), "smp_call_function_many: irqs disabled");
		BUG_ON(in_hardirq(), "smp_call_function_many: in interrupt");

		for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
			if (cpu === this_cpu_nr)
				continue;
			if (!cpumask_test_cpu(cpu, mask_lo, mask_hi))
				continue;
			if (cond_func !== undefined && !cond_func(cpu, info))
				continue;
			if (cpu_outside(cpu))
				continue;

			const csd: call_single_data_t = cfd.csd[cpu];

			csd_lock(csd, cpu);
			csd.func = func;
			csd.info = info;
			generic_exec_single(cpu, csd);
			if (cpu < 32)
				sent_lo |= 1 << cpu;
			else
				sent_hi |= 1 << (cpu - 32);
		}
		if (!wait || (sent_lo | sent_hi) === 0)
			return;
		for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
			if (cpumask_test_cpu(cpu, sent_lo, sent_hi)) {
				const csd: call_single_data_t = cfd.csd[cpu];

				csd_lock_wait(csd, cpu);
			}
		}
	}
}

export function smp_call_function_many(
	mask_lo: number,
	mask_hi: number,
	func: smp_call_func_t,
	info: number,
	wait: boolean,
): void {
	smp_call_function_many_cond(mask_lo, mask_hi, func, info, wait);
}

/** On all other CPUs. */
export function smp_call_function(
	func: smp_call_func_t,
	info: number,
	wait: boolean,
): void {
	smp_call_function_many_cond(-1, -1, func, info, wait);
}

/** On the CPUs of the mask, this one included if it is in there. */
export function on_each_cpu_cond_mask(
	cond_func: smp_cond_func_t | undefined,
	func: smp_call_func_t,
	info: number,
	wait: boolean,
	mask_lo: number,
	mask_hi: number,
): void {
	const cpu = smp_processor_id();

	smp_call_function_many_cond(
		mask_lo,
		mask_hi,
		func,
		info,
		wait,
		cond_func,
	);
	if (
		cpumask_test_cpu(cpu, mask_lo, mask_hi) &&
		(cond_func === undefined || cond_func(cpu, info))
	)
		run_local(func, info);
}

export function on_each_cpu_mask(
	mask_lo: number,
	mask_hi: number,
	func: smp_call_func_t,
	info: number,
	wait: boolean,
): void {
	on_each_cpu_cond_mask(undefined, func, info, wait, mask_lo, mask_hi);
}

export function on_each_cpu(
	func: smp_call_func_t,
	info: number,
	wait: boolean,
): void {
	on_each_cpu_mask(-1, -1, func, info, wait);
}

export { cpu_idle_poll } from "kernel/sched/core.ts";
