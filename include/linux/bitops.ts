// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/bitops.h, its asm-generic parts and log2.h (5.17) for
 * 32-bit words.
 * Port: an operation on a bit in memory takes a struct's field in the kernel;
 * fields cannot be passed, so the atomic ones take an atomic_t, and other
 * words use fetch_or()/fetch_and() directly.
 */
import type { atomic_t } from "linux/types.ts";

export const BITS_PER_LONG = 32;

export function BIT(nr: number): number {
	return 1 << nr;
}

export function BIT_MASK(nr: number): number {
	return 1 << (nr & 31);
}

export function BIT_WORD(nr: number): number {
	return nr >>> 5;
}

export function set_bit(nr: number, p: atomic_t): void {
	fetch_or(p.counter, 1 << nr);
}

export function clear_bit(nr: number, p: atomic_t): void {
	fetch_and(p.counter, ~(1 << nr));
}

export function test_bit(nr: number, p: atomic_t): boolean {
	return (READ_ONCE(p.counter) & (1 << nr)) !== 0;
}

/** Fully ordered; returns whether the bit was set before. */
export function test_and_set_bit(nr: number, p: atomic_t): boolean {
	return (fetch_or(p.counter, 1 << nr) & (1 << nr)) !== 0;
}

export function test_and_clear_bit(nr: number, p: atomic_t): boolean {
	return (fetch_and(p.counter, ~(1 << nr)) & (1 << nr)) !== 0;
}

/** Number of the lowest bit set; undefined for 0. */
export function __ffs(word: number): number {
	return 31 - Math.clz32(word & -word);
}

/** As __ffs(), counted from 1; 0 if no bit is set. */
export function ffs(word: number): number {
	return word === 0 ? 0 : __ffs(word) + 1;
}

/** Number of the highest bit set, counted from 1; 0 if no bit is set. */
export function fls(word: number): number {
	return 32 - Math.clz32(word);
}

export function __fls(word: number): number {
	return 31 - Math.clz32(word);
}

export function hweight32(w: number): number {
	w -= (w >>> 1) & 0x55555555;
	w = (w & 0x33333333) + ((w >>> 2) & 0x33333333);
	w = (w + (w >>> 4)) & 0x0f0f0f0f;
	return Math.imul(w, 0x01010101) >>> 24;
}

export function ilog2(n: number): number {
	return 31 - Math.clz32(n);
}

export function is_power_of_2(n: number): boolean {
	return n !== 0 && (n & (n - 1)) === 0;
}

export function roundup_pow_of_two(n: number): number {
	return n <= 1 ? 1 : 1 << fls(n - 1);
}

export function rounddown_pow_of_two(n: number): number {
	return 1 << (fls(n) - 1);
}
