// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/seqlock.h (5.17): sequence counters and sequential
 * locks. Writers exclude each other by a lock; readers copy, then check that
 * no writer was inside, and try again otherwise.
 * Left out: the variants that name an associated lock, the reader that takes
 * the lock.
 */
import { smp_rmb, smp_wmb } from "host/door.ts";
import { preempt_disable, preempt_enable } from "linux/preempt.ts";
import { cpu_relax } from "linux/smp.ts";
import { spin_lock, spin_lock_init, spin_lock_irqsave } from "linux/spinlock.ts";
import { spin_unlock, spin_unlock_irqrestore } from "linux/spinlock.ts";
import type {
	seqcount_latch_t,
	seqcount_t,
	seqlock_t,
} from "linux/spinlock_types.ts";

export function seqcount_init(s: seqcount_t): void {
	s.sequence = 0;
}

/** Waits for an even count. The reads that follow come after. */
export function read_seqcount_begin(s: seqcount_t): number {
	let seq = READ_ONCE(s.sequence);

	for (let n = 0; (seq & 1) !== 0; n++) {
		cpu_relax(n);
		seq = READ_ONCE(s.sequence);
	}
	/* Pairs with the smp_wmb() of raw_write_seqcount_end(). */
	smp_rmb();
	return seq;
}

export function raw_read_seqcount(s: seqcount_t): number {
	const seq = READ_ONCE(s.sequence);

	/* Pairs with the smp_wmb() of raw_write_seqcount_end(). */
	smp_rmb();
	return seq;
}

/** Does not wait: with a writer inside, read_seqcount_retry() will fail. */
export function raw_seqcount_begin(s: seqcount_t): number {
	return raw_read_seqcount(s) & ~1;
}

/** True if what was read since the begin must be thrown away. */
export function read_seqcount_retry(s: seqcount_t, start: number): boolean {
	/* Pairs with the smp_wmb() of raw_write_seqcount_begin(). */
	smp_rmb();
	return READ_ONCE(s.sequence) !== start;
}

export function raw_write_seqcount_begin(s: seqcount_t): void {
	/* Only the writer stores, so its own load may be plain. */
	WRITE_ONCE(s.sequence, (s.sequence + 1) | 0);
	/* Odd before data; pairs with read_seqcount_retry(). */
	smp_wmb();
}

export function raw_write_seqcount_end(s: seqcount_t): void {
	/* Data before even; pairs with read_seqcount_begin(). */
	smp_wmb();
	WRITE_ONCE(s.sequence, (s.sequence + 1) | 0);
}

/** The caller excludes other writers. A reader that interrupts us hangs. */
export function write_seqcount_begin(s: seqcount_t): void {
	preempt_disable();
	raw_write_seqcount_begin(s);
}

export function write_seqcount_end(s: seqcount_t): void {
	raw_write_seqcount_end(s);
	preempt_enable();
}

/** Make all readers inside fail, without a write section. */
export function write_seqcount_invalidate(s: seqcount_t): void {
	/* What was stored before is seen by who begins with the new count.
	 * Pairs with read_seqcount_begin(). */
	smp_wmb();
	WRITE_ONCE(s.sequence, (s.sequence + 2) | 0);
}

export function seqcount_latch_init(s: seqcount_latch_t): void {
	seqcount_init(s.seqcount);
}

/** The lower bit is the index of the copy to read. Port: that the copy is read
 *  afterwards is an address dependency, and said as one. */
export function raw_read_seqcount_latch(s: seqcount_latch_t): number {
	/* Pairs with the first barrier of raw_write_seqcount_latch(). */
	return rcu_dereference(s.seqcount.sequence);
}

/** True if the copy may have changed meanwhile. */
export function read_seqcount_latch_retry(
	s: seqcount_latch_t,
	start: number,
): boolean {
	return read_seqcount_retry(s.seqcount, start);
}

/**
 * Readers take the other copy from here on: who writes changes copy 0 after the
 * first call, copy 1 after the second one, and nobody interrupts him for good.
 * The caller excludes other writers.
 */
export function raw_write_seqcount_latch(s: seqcount_latch_t): void {
	const c = s.seqcount;

	/* The copy that was changed, before readers are sent to it; pairs with
	 * raw_read_seqcount_latch(). */
	smp_wmb();
	WRITE_ONCE(c.sequence, (c.sequence + 1) | 0);
	/* Readers are sent away before the copy is changed; pairs with
	 * read_seqcount_latch_retry(). */
	smp_wmb();
}

export function seqlock_init(sl: seqlock_t): void {
	spin_lock_init(sl.lock);
	seqcount_init(sl.seqcount);
}

export function read_seqbegin(sl: seqlock_t): number {
	return read_seqcount_begin(sl.seqcount);
}

export function read_seqretry(sl: seqlock_t, start: number): boolean {
	return read_seqcount_retry(sl.seqcount, start);
}

export function write_seqlock(sl: seqlock_t): void {
	spin_lock(sl.lock);
	raw_write_seqcount_begin(sl.seqcount);
}

export function write_sequnlock(sl: seqlock_t): void {
	raw_write_seqcount_end(sl.seqcount);
	spin_unlock(sl.lock);
}

export function write_seqlock_irqsave(sl: seqlock_t): number {
	const flags = spin_lock_irqsave(sl.lock);

	raw_write_seqcount_begin(sl.seqcount);
	return flags;
}

export function write_sequnlock_irqrestore(sl: seqlock_t, flags: number): void {
	raw_write_seqcount_end(sl.seqcount);
	spin_unlock_irqrestore(sl.lock, flags);
}
