// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/atomic/atomic-instrumented.h and -fallback.h (5.17)
 * for atomic_t. Value-returning operations are fully ordered, as are those of
 * x86 that return nothing; the _relaxed/_acquire/_release forms only exist
 * where a caller wants to say which it needs.
 * Port: atomic_long_t is atomic_t, since 32 bits is the one atomic size. An
 * `int` field that is not an atomic_t takes fetch_add()/cmpxchg() directly.
 */
import type { atomic_t } from "linux/types.ts";

export function atomic_read(v: atomic_t): number {
	return READ_ONCE(v.counter);
}

export function atomic_read_acquire(v: atomic_t): number {
	return smp_load_acquire(v.counter);
}

export function atomic_set(v: atomic_t, i: number): void {
	WRITE_ONCE(v.counter, i);
}

export function atomic_set_release(v: atomic_t, i: number): void {
	smp_store_release(v.counter, i);
}

export function atomic_add(i: number, v: atomic_t): void {
	fetch_add(v.counter, i);
}

export function atomic_add_return(i: number, v: atomic_t): number {
	return (fetch_add(v.counter, i) + i) | 0;
}

export function atomic_fetch_add(i: number, v: atomic_t): number {
	return fetch_add(v.counter, i);
}

export function atomic_sub(i: number, v: atomic_t): void {
	fetch_add(v.counter, -i);
}

export function atomic_sub_return(i: number, v: atomic_t): number {
	return (fetch_add(v.counter, -i) - i) | 0;
}

export function atomic_fetch_sub(i: number, v: atomic_t): number {
	return fetch_add(v.counter, -i);
}

export function atomic_inc(v: atomic_t): void {
	fetch_add(v.counter, 1);
}

export function atomic_inc_return(v: atomic_t): number {
	return (fetch_add(v.counter, 1) + 1) | 0;
}

export function atomic_fetch_inc(v: atomic_t): number {
	return fetch_add(v.counter, 1);
}

export function atomic_dec(v: atomic_t): void {
	fetch_add(v.counter, -1);
}

export function atomic_dec_return(v: atomic_t): number {
	return (fetch_add(v.counter, -1) - 1) | 0;
}

export function atomic_fetch_dec(v: atomic_t): number {
	return fetch_add(v.counter, -1);
}

export function atomic_and(i: number, v: atomic_t): void {
	fetch_and(v.counter, i);
}

export function atomic_fetch_and(i: number, v: atomic_t): number {
	return fetch_and(v.counter, i);
}

export function atomic_andnot(i: number, v: atomic_t): void {
	fetch_and(v.counter, ~i);
}

export function atomic_fetch_andnot(i: number, v: atomic_t): number {
	return fetch_and(v.counter, ~i);
}

export function atomic_or(i: number, v: atomic_t): void {
	fetch_or(v.counter, i);
}

export function atomic_fetch_or(i: number, v: atomic_t): number {
	return fetch_or(v.counter, i);
}

export function atomic_xchg(v: atomic_t, new_: number): number {
	return xchg(v.counter, new_);
}

/** Returns what was there: the exchange took place if that is `old`. */
export function atomic_cmpxchg(v: atomic_t, old: number, new_: number): number {
	return cmpxchg(v.counter, old, new_);
}

export function atomic_sub_and_test(i: number, v: atomic_t): boolean {
	return fetch_add(v.counter, -i) === i;
}

export function atomic_dec_and_test(v: atomic_t): boolean {
	return fetch_add(v.counter, -1) === 1;
}

export function atomic_inc_and_test(v: atomic_t): boolean {
	return fetch_add(v.counter, 1) === -1;
}

export function atomic_add_negative(i: number, v: atomic_t): boolean {
	return ((fetch_add(v.counter, i) + i) | 0) < 0;
}

/** Adds unless the value is u; returns the value before, ordered if it added. */
export function atomic_fetch_add_unless(
	v: atomic_t,
	a: number,
	u: number,
): number {
	let c = READ_ONCE(v.counter);

	while (c !== u) {
		const old = cmpxchg(v.counter, c, (c + a) | 0);

		if (old === c)
			break;
		c = old;
	}
	return c;
}

export function atomic_add_unless(v: atomic_t, a: number, u: number): boolean {
	return atomic_fetch_add_unless(v, a, u) !== u;
}

export function atomic_inc_not_zero(v: atomic_t): boolean {
	return atomic_add_unless(v, 1, 0);
}

export function atomic_inc_unless_negative(v: atomic_t): boolean {
	let c = READ_ONCE(v.counter);

	while (c >= 0) {
		const old = cmpxchg(v.counter, c, (c + 1) | 0);

		if (old === c)
			return true;
		c = old;
	}
	return false;
}

export function atomic_dec_if_positive(v: atomic_t): number {
	let c = READ_ONCE(v.counter);

	while (c > 0) {
		const old = cmpxchg(v.counter, c, c - 1);

		if (old === c)
			break;
		c = old;
	}
	return (c - 1) | 0;
}

/* include/linux/atomic/atomic-long.h */
export {
	atomic_add as atomic_long_add,
	atomic_add_return as atomic_long_add_return,
	atomic_cmpxchg as atomic_long_cmpxchg,
	atomic_dec as atomic_long_dec,
	atomic_fetch_add as atomic_long_fetch_add,
	atomic_inc as atomic_long_inc,
	atomic_read as atomic_long_read,
	atomic_set as atomic_long_set,
	atomic_sub as atomic_long_sub,
	atomic_sub_return as atomic_long_sub_return,
};
