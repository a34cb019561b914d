// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/uapi/linux/resource.h, asm-generic/resource.h and rlimit() of
 * include/linux/sched/signal.h (5.17), as far as memory is limited.
 * Port: the limits are those of a fresh task of the superuser: a stack of
 * 8 MiB, everything else unlimited. setrlimit() is left out.
 */

import { ENOSPC } from "linux/errno.ts";

/* Whom getrusage() is about. */
export const RUSAGE_SELF = 0;
export const RUSAGE_CHILDREN = -1;
export const RUSAGE_BOTH = -2; /* wait4() */
export const RUSAGE_THREAD = 1;

export const RLIMIT_DATA = 2;
export const RLIMIT_STACK = 3;
export const RLIMIT_MEMLOCK = 8;
export const RLIMIT_AS = 9;
/** 2^63: above every address, and exact in a double. */
export const RLIM_INFINITY = 9223372036854775808;
export const _STK_LIM = 8 * 1024 * 1024;

export function rlimit(limit: number): number {
	return limit === RLIMIT_STACK ? _STK_LIM : RLIM_INFINITY;
}

/** May a heap from `start` reach to `new_`, next to the data segment? */
export function check_data_rlimit(
	rlim: number, new_: number, start: number,
	end_data: number, start_data: number,
): number {
	if (rlim < RLIM_INFINITY) {
		if (new_ - start + (end_data - start_data) > rlim)
			return -ENOSPC;
	}
	return 0;
}
