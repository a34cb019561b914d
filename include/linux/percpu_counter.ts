// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/percpu_counter.h (5.17): a counter that is cheap to
 * change and, read without a sum, off by at most batch * CPUs.
 */
import type { raw_spinlock_t } from "linux/spinlock_types.ts";
import {
	__percpu_counter_compare,
	__percpu_counter_sum as percpu_counter_sum,
	percpu_counter_add_batch,
	percpu_counter_batch,
	percpu_counter_init,
	percpu_counter_set,
	percpu_counter_sync,
} from "kernel/lib/percpu_counter.ts";

export interface percpu_counter extends struct {
	count: ulong; /* lock, peeked at without */
	lock: embed<raw_spinlock_t>; /* guards count */
	/** not yet in count; each its CPU only, with interrupts off; sums
	 *  read them, too */
	counters: array<int, 64>;
}

export function percpu_counter_add(fbc: percpu_counter, amount: number): void {
	percpu_counter_add_batch(fbc, amount, percpu_counter_batch());
}

export function percpu_counter_sub(fbc: percpu_counter, amount: number): void {
	percpu_counter_add(fbc, -amount);
}

export function percpu_counter_inc(fbc: percpu_counter): void {
	percpu_counter_add(fbc, 1);
}

export function percpu_counter_dec(fbc: percpu_counter): void {
	percpu_counter_add(fbc, -1);
}

/** Approximate: what has been folded in. A racing read is as good as any. */
export function percpu_counter_read(fbc: percpu_counter): number {
	return READ_ONCE(fbc.count);
}

/** For counters that cannot be negative but whose approximation can. */
export function percpu_counter_read_positive(fbc: percpu_counter): number {
	const ret = READ_ONCE(fbc.count);

	return ret >= 0 ? ret : 0;
}

export function percpu_counter_sum_positive(fbc: percpu_counter): number {
	const ret = percpu_counter_sum(fbc);

	return ret < 0 ? 0 : ret;
}

export function percpu_counter_compare(
	fbc: percpu_counter,
	rhs: number,
): number {
	return __percpu_counter_compare(fbc, rhs, percpu_counter_batch());
}

export {
	percpu_counter_add_batch,
	percpu_counter_init,
	percpu_counter_set,
	percpu_counter_sum,
	percpu_counter_sync,
};
