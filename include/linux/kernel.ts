// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/kernel.h, minmax.h, math.h and align.h (5.17), as far
 * as they are not the language's own.
 * Port: the arguments may be user addresses, doubles above 2^32, so nothing
 * here uses bit operations.
 */
import { CONFIG_DEBUG_ATOMIC_SLEEP } from "generated/autoconf.ts";
import { __might_sleep } from "kernel/sched/core.ts";

export const INT_MAX = 0x7fffffff;
export const INT_MIN = -0x80000000;
export const UINT_MAX = 0xffffffff;
/** Exact in a double, and above every user address and page offset. */
export const ULONG_MAX = 0x1fffffffffffff;

/** A caller that might sleep says so, even when it will not this time. */
export function might_sleep(): void {
	if (CONFIG_DEBUG_ATOMIC_SLEEP)
		__might_sleep();
}

export function might_sleep_if(cond: boolean): void {
	if (CONFIG_DEBUG_ATOMIC_SLEEP) {
		if (cond)
			__might_sleep();
	}
}

/** A place where a preemptible kernel might switch; here it only asserts. */
export function cond_resched(): number {
	might_sleep();
	return 0;
}

export function min(a: number, b: number): number {
	return a < b ? a : b;
}

export function max(a: number, b: number): number {
	return a > b ? a : b;
}

export function min3(a: number, b: number, c: number): number {
	return min(min(a, b), c);
}

export function max3(a: number, b: number, c: number): number {
	return max(max(a, b), c);
}

export function clamp(val: number, lo: number, hi: number): number {
	return min(max(val, lo), hi);
}

export function DIV_ROUND_UP(n: number, d: number): number {
	return Math.ceil(n / d);
}

export function round_up(x: number, y: number): number {
	return Math.ceil(x / y) * y;
}

export function round_down(x: number, y: number): number {
	return x - (x % y);
}

export function ALIGN(x: number, a: number): number {
	return round_up(x, a);
}

export function ALIGN_DOWN(x: number, a: number): number {
	return round_down(x, a);
}

export function IS_ALIGNED(x: number, a: number): boolean {
	return x % a === 0;
}

export { panic } from "kernel/panic.ts";
