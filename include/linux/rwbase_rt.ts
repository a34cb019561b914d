// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/rwbase_rt.h (5.17): what a read/write semaphore is
 * with PREEMPT_RT. Locking is in kernel/locking/rwbase_rt.ts.
 */
import { atomic_read, atomic_set } from "linux/atomic.ts";
import { rt_mutex_base_init } from "linux/rtmutex.ts";
import type { rwbase_rt } from "linux/spinlock_types.ts";

/** Readers may come in by an addition. */
export const READER_BIAS = 1 << 31;
/** A writer is inside. */
export const WRITER_BIAS = 1 << 30;

export function init_rwbase_rt(rwb: rwbase_rt): void {
	rt_mutex_base_init(rwb.rtmutex);
	atomic_set(rwb.readers, READER_BIAS);
}

export function rw_base_is_locked(rwb: rwbase_rt): boolean {
	return atomic_read(rwb.readers) !== READER_BIAS;
}

/** Does a writer wait for readers, or is one inside? */
export function rw_base_is_contended(rwb: rwbase_rt): boolean {
	return atomic_read(rwb.readers) > 0;
}
