// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/rwsem.h (5.17): sleeping reader/writer locks. The
 * struct is in spinlock_types.ts, the functions in kernel/locking/rwsem.ts and,
 * with PREEMPT_RT, kernel/locking/rwbase_rt.ts.
 */
import {
	CONFIG_ARCH_HOST_STEPPER,
	CONFIG_PREEMPT_RT,
	CONFIG_RWSEM_STEPPED,
} from "generated/autoconf.ts";
import { lockdep_held } from "host/model.ts";
import { list_empty } from "linux/list.ts";
import {
	rw_base_is_contended,
	rw_base_is_locked,
} from "linux/rwbase_rt.ts";
import type { rw_semaphore } from "linux/spinlock_types.ts";

export const RWSEM_UNLOCKED_VALUE = 0;

/**
 * Held by anyone, reading or writing; stale as soon as it is known. Port: to
 * who holds it, it is no news, so that the stepper has no step for it.
 */
export function rwsem_is_locked(sem: rw_semaphore): boolean {
	if (CONFIG_ARCH_HOST_STEPPER) {
		if (lockdep_held(uptr(sem)) > 0)
			return true;
	}
	if (CONFIG_PREEMPT_RT) {
		if (CONFIG_RWSEM_STEPPED)
			return READ_ONCE(sem.rwbase.readers.counter) !== 0;
		return rw_base_is_locked(sem.rwbase);
	}
	return (READ_ONCE(sem.count.counter) & ~0x6) !== 0;
}

/** Does anyone wait? Without the lock, so only good for a hint. */
export function rwsem_is_contended(sem: rw_semaphore): boolean {
	if (CONFIG_PREEMPT_RT)
		return rw_base_is_contended(sem.rwbase);
	return !list_empty(sem.wait_list);
}

/** Port: the word that counts who holds it, for messages. */
export function rwsem_word(sem: rw_semaphore): number {
	return CONFIG_PREEMPT_RT
		? data_race(sem.rwbase.readers.counter)
		: data_race(sem.count.counter);
}

export {
	__init_rwsem,
	__init_rwsem as init_rwsem,
	down_read,
	down_read_killable,
	down_read_non_owner,
	down_read_trylock,
	down_write,
	down_write_killable,
	down_write_nest_lock,
	down_write_nested,
	down_write_trylock,
	downgrade_write,
	up_read,
	up_read_non_owner,
	up_write,
} from "kernel/locking/rwsem.ts";
