// SPDX-License-Identifier: GPL-2.0-only
/**
 * Primitives that this machine makes in one step each, in the place of the
 * kernel's own code for them: a lock is disabled while it is held, a grace
 * period while its readers are inside, a busy-wait loop until something that
 * it looks at has changed. The kernel calls them with CONFIG_ARCH_HOST_STEPPER.
 */
import { LD_WAIT_SLEEP, LD_WAIT_SPIN } from "linux/lockdep_types.ts";
import { private_lock_order, shared_lock, shared_release } from "./access.ts";
import { fail } from "./failure.ts";
import { ACQ, DOWNGRADE, RACQ, REL, RREL, RTRY, TRY } from "./kinds.ts";
import { log_result, logged, rerunning } from "./log.ts";
import { check } from "./oracles/kasan.ts";
import { heed, watch } from "./oracles/oracle.ts";
import {
	await_answer_step,
	await_step as await_turn,
	enqueue_step,
	gp_end_step,
	gp_fence_step,
	gp_start_step,
	ipi_done,
	ipi_step,
	irq_step,
	order_mb,
	pwc_step,
	pwci_step,
	queued,
	rcu_depth,
	rcu_lock_step,
	rcu_unlock_step,
	take_step,
	taken,
	tlb_step,
	tlbi_step,
} from "./primitives.ts";
import { HEAP32, page_stored, poke } from "./ram.ts";
import { touch } from "./sharing.ts";
import { current_context, current_cpu, exploring, in_irq, in_rcu_thread, irq_off } from "./state.ts";
import { witnessed } from "./witness.ts";

/* ---- locks ---- */

let subclass = 0;

/** A spinlock, with the subclass that was said before. */
function note_acquire(p: number, trylock: boolean): void {
	const nested = subclass;
	subclass = 0;
	note_lock(p, false, trylock, nested, LD_WAIT_SPIN);
}
function note_lock(p: number, read: boolean, trylock: boolean, nested: number, wait: number, nest = false): void {
	if (!exploring()) return;
	const again = rerunning();
	const lock = { p, read, trylock, subclass: nested, nest, irqs_off: irq_off(), in_irq: in_irq(), wait, again };
	for (const o of watch.acquire) heed(o.acquire(current_context(), lock));
}
function note_release(p: number): void {
	if (!exploring()) return;
	for (const o of watch.release) heed(o.release(current_context(), p));
}
/* Sleeping locks tell of themselves: see linux/lockdep.ts. */
export function lockdep_acquire(
	p: number,
	read: boolean,
	trylock: boolean,
	nested: number,
	wait: number,
	nest = false,
): void {
	note_lock(p, read, trylock, nested, wait, nest);
}
export function lockdep_release(p: number): void {
	note_release(p);
}
/** Who holds it for writing, holds it for reading. */
export function lockdep_downgrade(p: number): void {
	note_release(p);
	note_lock(p, true, true, 0, LD_WAIT_SLEEP);
}

/** Word of a lock that nobody else uses: no step. `fn` as for shared_lock(). */
function private_lock(w: number, kind: number, fn: (old: number) => number, acquire: boolean): boolean {
	const v = fn(HEAP32[w]);
	const got = !Number.isNaN(v);
	witnessed(acquire ? "lock" : "unlock", w * 4, HEAP32[w], v);
	if (got) {
		poke(w, v);
		private_lock_order(w, kind, acquire);
	} else if (kind === ACQ || kind === RACQ)
		fail(
			"deadlock",
			`${lock_names.get(w * 4) ?? (w * 4).toString(16)} is taken twice, or by nobody who runs`,
		);
	return got;
}
function lock_op(p: number, kind: number, fn: (old: number) => number, acquire: boolean): boolean {
	if (rerunning()) return logged() !== 0;
	check(p, 4);
	const w = p >> 2;
	const got =
		exploring() && touch(w, true) ? shared_lock(kind, w, fn, acquire) : private_lock(w, kind, fn, acquire);
	log_result(got ? 1 : 0);
	return got;
}

const take_spin = (old: number) => (old === 0 ? current_cpu() + 1 : NaN);

export function spin_lock_step(p: number): void {
	note_acquire(p, false);
	lock_op(p, ACQ, take_spin, true);
}
export function spin_trylock_step(p: number): boolean {
	const nested = subclass;
	subclass = 0;
	const got = lock_op(p, TRY, take_spin, true);
	subclass = nested;
	if (got) note_acquire(p, true);
	return got;
}
export function spin_unlock_step(p: number): void {
	note_release(p);
	rtmutex_unlock_step(p);
}
/* A spinlock of PREEMPT_RT: the same steps, but it tells of itself, as semaphores do. */
export function rtmutex_lock_step(p: number): void {
	lock_op(p, ACQ, take_spin, true);
}
export function rtmutex_trylock_step(p: number): boolean {
	return lock_op(p, TRY, take_spin, true);
}
export function rtmutex_unlock_step(p: number): void {
	if (rerunning()) {
		logged();
		return;
	}
	check(p, 4);
	if (HEAP32[p >> 2] === 0) fail("panic", `spinlock already unlocked, lock: ${p.toString(16)}`);
	if (exploring() && touch(p >> 2, true)) shared_release(p >> 2);
	else {
		witnessed("unlock", p, HEAP32[p >> 2], 0);
		poke(p >> 2, 0);
		private_lock_order(p >> 2, REL, false);
	}
	log_result(0);
}

/* The count word as rwsem.c keeps it while nobody queues: bit 0 a writer,
 * readers in units of 256. */
const WRITER = 1;
const READER = 256;

export function rwsem_down_read_step(p: number): void {
	lock_op(p, RACQ, (old) => ((old & WRITER) === 0 ? old + READER : NaN), true);
}
export function rwsem_down_read_trylock_step(p: number): boolean {
	return lock_op(p, RTRY, (old) => ((old & WRITER) === 0 ? old + READER : NaN), true);
}
export function rwsem_down_write_step(p: number): void {
	lock_op(p, ACQ, (old) => (old === 0 ? WRITER : NaN), true);
}
export function rwsem_down_write_trylock_step(p: number): boolean {
	return lock_op(p, TRY, (old) => (old === 0 ? WRITER : NaN), true);
}
export function rwsem_up_read_step(p: number): void {
	lock_op(
		p,
		RREL,
		(old) => {
			if (old < READER)
				fail("panic", `up_read() of an rwsem without readers, count ${old.toString(16)}`);
			return old - READER;
		},
		false,
	);
}
export function rwsem_up_write_step(p: number): void {
	lock_op(
		p,
		REL,
		(old) => {
			if ((old & WRITER) === 0)
				fail("panic", `up_write() of an rwsem without a writer, count ${old.toString(16)}`);
			return old & ~WRITER;
		},
		false,
	);
}
export function rwsem_downgrade_step(p: number): void {
	lock_op(
		p,
		DOWNGRADE,
		(old) => {
			if ((old & WRITER) === 0)
				fail(
					"panic",
					`downgrade_write() of an rwsem without a writer, count ${old.toString(16)}`,
				);
			return (old & ~WRITER) + READER;
		},
		true,
	);
}

export function lock_class(p: number, name: string): void {
	lock_names.set(p, name);
	for (const o of watch.name) o.name(p, name);
}
/** Names of locks by address: the last one that was given. */
export const lock_names = new Map<number, string>();
/** Does this CPU hold the spinlock? Not a step: nobody else can change that. */
export function lock_held_here(p: number): boolean {
	if (rerunning()) return logged() !== 0;
	return log_result(HEAP32[p >> 2] === current_cpu() + 1 ? 1 : 0) !== 0;
}
/**
 * How the running context holds the semaphore at p: 1 for writing, 2 for reading,
 * 0 not at all, -1 nobody keeps watch. No step: nobody else can change that.
 */
export function lockdep_held(p: number): number {
	if (rerunning()) return logged();
	const oracle = exploring() ? watch.how_held[0] : undefined;
	return log_result(oracle ? oracle.how_held(current_context(), p) : -1);
}
export function lock_subclass(n: number): void {
	subclass = n;
}

/* ---- RCU ---- */

/** The machine's own steps that return nothing: one log entry each. */
function logged_step(fn: () => void): void {
	if (rerunning()) {
		logged();
		return;
	}
	fn();
	log_result(0);
}
export function rcu_read_lock_step(): void {
	if (exploring()) logged_step(rcu_lock_step);
}
export function rcu_read_unlock_step(): void {
	if (exploring()) logged_step(rcu_unlock_step);
}
export function rcu_read_depth(): number {
	if (rerunning()) return logged();
	return log_result(rcu_depth());
}
/* Without exploration nobody reads, so that a grace period is over at once. */
export function rcu_gp_start_step(): void {
	if (!exploring()) return;
	order_mb();
	logged_step(gp_start_step);
}
export function rcu_gp_end_step(): void {
	if (!exploring()) return;
	logged_step(gp_end_step);
	logged_step(gp_fence_step);
}
export function rcu_enqueue_step(head: number): void {
	logged_step(() => enqueue_step(head));
}
export function rcu_take_step(): number {
	if (rerunning()) return logged();
	return log_result(take_step());
}
export function rcu_taken(i: number): number {
	if (rerunning()) return logged();
	return log_result(taken(i));
}
/** Does a thread invoke callbacks, and another one than who asks? */
export function rcu_offloaded(): boolean {
	if (rerunning()) return logged() !== 0;
	return log_result(exploring() && !in_rcu_thread() ? 1 : 0) !== 0;
}
export function rcu_queued(): number {
	if (rerunning()) return logged();
	return log_result(queued());
}

/* ---- interrupts ---- */

export function irq_disable_step(): void {
	if (exploring()) logged_step(() => irq_step(true));
}
export function irq_enable_step(): void {
	if (!exploring()) return;
	if (!rerunning()) for (const o of watch.irqs_on) heed(o.irqs_on(current_context()));
	logged_step(() => irq_step(false));
}
/** One user access is not interrupted between its translation and its use. */
export function insn_begin_step(): void {
	irq_disable_step();
}
export function insn_end_step(): void {
	irq_enable_step();
}
/** It is a store, to that physical address. */
export function insn_store_step(p: number): void {
	logged_step(() => page_stored(p));
}
/** Where a flush is broadcast: this CPU is about to look at its translations, or to put one there; */
export function tlb_use_step(): void {
	if (exploring()) logged_step(tlb_step);
}
/** some are about to be taken out of a CPU's. */
export function tlb_drop_step(cpu: number): void {
	if (exploring()) logged_step(() => tlbi_step(cpu));
}
/** The same of its page walk cache, where it has one. */
export function pwc_use_step(): void {
	if (exploring()) logged_step(pwc_step);
}
export function pwc_drop_step(cpu: number): void {
	if (exploring()) logged_step(() => pwci_step(cpu));
}
export function ipi_pending_step(cpu: number): void {
	logged_step(() => ipi_step(cpu));
}
/** Unless one has come since the word was looked at last. */
export function ipi_done_step(pending: number): void {
	logged_step(() => {
		if (HEAP32[pending >> 2] === 0) ipi_done();
	});
}

/* ---- the rest ---- */

export function await_step(turn: number): void {
	if (!exploring()) fail("panic", "a busy-wait loop outside of an exploration");
	logged_step(() => await_turn(turn));
}
export function answer_step(p: number, value: number): void {
	if (exploring()) logged_step(() => await_answer_step(p, value));
}
/** Where nobody looks on, it is a warning like others. */
export function machine_sleeps(text: string): void {
	if (exploring()) for (const o of watch.sleeps) heed(o.sleeps(current_context(), text));
}
export function machine_warn(text: string): void {
	fail("warning", text);
}
