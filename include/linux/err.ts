// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/err.h (5.17): error numbers carried by pointers. The
 * last page of the 32-bit address space is never RAM, so a pointer in it is an
 * error. A pointer field may read back signed or unsigned; `| 0` makes both
 * the negative errno again.
 */

export const MAX_ERRNO = 4095;

/** Of a user's address or length, or an errno in its place. Port: those are
 *  never negative, and their low 32 bits may be anything. */
export function IS_ERR_VALUE(x: number): boolean {
	return x < 0 && x >= -MAX_ERRNO;
}

export function ERR_PTR(error: number): any {
	return error;
}

export function PTR_ERR(ptr: struct): number {
	return uptr(ptr) | 0;
}

export function IS_ERR(ptr: struct): boolean {
	return IS_ERR_VALUE(uptr(ptr) | 0);
}

export function IS_ERR_OR_NULL(ptr: struct): boolean {
	return uptr(ptr) === 0 || IS_ERR_VALUE(uptr(ptr) | 0);
}

/** An error pointer handed on under another pointer type. */
export function ERR_CAST(ptr: struct): any {
	return ptr;
}

export function PTR_ERR_OR_ZERO(ptr: struct): number {
	return IS_ERR(ptr) ? PTR_ERR(ptr) : 0;
}
