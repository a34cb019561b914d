// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/refcount.h and lib/refcount.c (5.17): reference counts
 * that saturate instead of wrapping, and warn about use after free.
 * Port: a refcount_t is an atomic_t.
 */
import { atomic_cmpxchg, atomic_read, atomic_set } from "linux/atomic.ts";
import { WARN_ONCE } from "linux/bug.ts";
import type { atomic_t } from "linux/types.ts";

export type refcount_t = atomic_t;

export const REFCOUNT_MAX = 0x7fffffff;
/** Far from both ends: no number of late gets and puts brings it to zero. */
export const REFCOUNT_SATURATED = -0x40000000;

function refcount_warn_saturate(r: refcount_t, text: string): void {
	atomic_set(r, REFCOUNT_SATURATED);
	WARN_ONCE(true, text);
}

export function refcount_set(r: refcount_t, n: number): void {
	atomic_set(r, n);
}

export function refcount_read(r: refcount_t): number {
	return atomic_read(r);
}

/** False if the object was already dying. */
export function refcount_add_not_zero(i: number, r: refcount_t): boolean {
	let old = atomic_read(r);

	while (old !== 0) {
		const seen = atomic_cmpxchg(r, old, (old + i) | 0);

		if (seen === old)
			break;
		old = seen;
	}
	if (old < 0 || old + i > REFCOUNT_MAX)
		refcount_warn_saturate(r, "refcount_t: saturated; leaking memory.");
	return old !== 0;
}

export function refcount_add(i: number, r: refcount_t): void {
	const old = fetch_add(r.counter, i);

	if (old === 0)
		refcount_warn_saturate(r, "refcount_t: addition on 0; use-after-free.");
	else if (old < 0 || old + i > REFCOUNT_MAX)
		refcount_warn_saturate(r, "refcount_t: saturated; leaking memory.");
}

export function refcount_inc_not_zero(r: refcount_t): boolean {
	return refcount_add_not_zero(1, r);
}

export function refcount_inc(r: refcount_t): void {
	refcount_add(1, r);
}

/** True for the one who dropped the last reference and must free. */
export function refcount_sub_and_test(i: number, r: refcount_t): boolean {
	const old = fetch_add(r.counter, -i);

	if (old > 0 && old === i)
		return true;
	if (old <= 0 || old - i < 0)
		refcount_warn_saturate(r, "refcount_t: underflow; use-after-free.");
	return false;
}

export function refcount_dec_and_test(r: refcount_t): boolean {
	return refcount_sub_and_test(1, r);
}

export function refcount_dec(r: refcount_t): void {
	if (fetch_add(r.counter, -1) <= 1) {
		refcount_warn_saturate(
			r,
			"refcount_t: decrement hit 0; leaking memory.",
		);
	}
}
