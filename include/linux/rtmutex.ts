// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/rtmutex.h (5.17): mutexes with priority inheritance,
 * for kernel code that asks for them by name. The struct rt_mutex_base is in
 * spinlock_types.ts, the functions in kernel/locking/rtmutex_api.ts.
 */
import type { rt_mutex_base } from "linux/spinlock_types.ts";

/** Bit 0 of the owner word: see kernel/locking/rtmutex.ts. */
export const RT_MUTEX_HAS_WAITERS = 1;

export interface rt_mutex extends struct {
	rtmutex: embed<rt_mutex_base>; /* see rt_mutex_base */
}

export function rt_mutex_base_is_locked(lock: rt_mutex_base): boolean {
	return (READ_ONCE(lock.owner) & ~RT_MUTEX_HAS_WAITERS) !== 0;
}

export {
	__rt_mutex_init,
	__rt_mutex_init as rt_mutex_init,
	rt_mutex_base_init,
	rt_mutex_lock,
	rt_mutex_lock_killable,
	rt_mutex_trylock,
	rt_mutex_unlock,
} from "kernel/locking/rtmutex_api.ts";
