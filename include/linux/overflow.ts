// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the use of include/linux/overflow.h (5.17) in the memory manager.
 * Port: an unsigned long of user space arrives as a double below 2^64. Sums
 * do not wrap, so where the kernel looks for a sum that is smaller than its
 * parts, or for a length that rounding made zero, these ask for 2^64.
 */

export const ULONG_RANGE = 18446744073709551616;

/** Would a + b wrap in 64 bits? The sum may round up to 2^64, so it is not made:
 *  the distance of the larger one to 2^64 is exact where it matters. */
export function ulong_add_overflows(a: number, b: number): boolean {
	return a >= b ? a - ULONG_RANGE + b >= 0 : b - ULONG_RANGE + a >= 0;
}
