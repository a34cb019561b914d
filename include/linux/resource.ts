// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/uapi/linux/resource.h, asm-generic/resource.h and rlimit() of
 * include/linux/sched/signal.h (5.17), as far as memory is limited.
 * Port: a process that is not a copy has the limits of a fresh one of the
 * superuser: a stack of 8 MiB, everything else unlimited. They are set by
 * prctl(PR_SIM_RLIMIT), see kernel/sys.ts. Whoever has CAP_IPC_LOCK is not
 * limited by RLIMIT_MEMLOCK: that is the same as no such limit.
 */

import { ENOSPC } from "linux/errno.ts";
import type { signal_struct } from "linux/sched/signal.ts";
import { current } from "kernel/sched/core.ts";

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
export const RLIM_NLIMITS = 16;
export const _STK_LIM = 8 * 1024 * 1024;

/** In bytes. All fields: atomic: one store each, of who is limited. Port: in
 *  Linux they are written under task_lock() of the group's leader. */
export interface rlimit_struct extends struct {
	rlim_cur: ulong;
	rlim_max: ulong;
}

/** Of INIT_RLIMITS. */
function init_rlimit(limit: number): number {
	return limit === RLIMIT_STACK ? _STK_LIM : RLIM_INFINITY;
}

/** copy_signal(): those of the parent. Port: idle tasks have none. */
export function copy_rlimits(sig: signal_struct, parent: signal_struct): void {
	for (let i = 0; i < RLIM_NLIMITS; i++) {
		const rlim: rlimit_struct = sig.rlim[i];

		if (parent === NULL) {
			rlim.rlim_cur = init_rlimit(i);
			rlim.rlim_max = RLIM_INFINITY;
			continue;
		}
		const old: rlimit_struct = parent.rlim[i];

		rlim.rlim_cur = READ_ONCE(old.rlim_cur);
		rlim.rlim_max = READ_ONCE(old.rlim_max);
	}
}

/** What the running process may have of it. Port: idle tasks belong to none. */
export function rlimit(limit: number): number {
	const sig = current().signal;

	if (sig === NULL)
		return init_rlimit(limit);

	const rlim: rlimit_struct = sig.rlim[limit];

	return READ_ONCE(rlim.rlim_cur);
}

/** As far as it may ask for itself. */
export function rlimit_max(limit: number): number {
	const sig = current().signal;

	if (sig === NULL)
		return RLIM_INFINITY;

	const rlim: rlimit_struct = sig.rlim[limit];

	return READ_ONCE(rlim.rlim_max);
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
