// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/srcu.h and srcutree.h (5.17): read sections in which a
 * task may sleep, each domain with readers of its own. The functions are in
 * kernel/rcu/srcutree.ts, which says what of it is there.
 * Port: the counts of the CPUs lie in the struct. A domain is a global
 * variable, DEFINE<srcu_struct>(), which needs no initialisation, as those of
 * DEFINE_SRCU() and DEFINE_STATIC_SRCU() do not; or it lies somewhere else and
 * is set up by init_srcu_struct().
 * Left out: dereferences of a domain (rcu_dereference() is used), the _notrace
 * variants, expedited grace periods, polling.
 */
import { CONFIG_DEBUG_VM } from "generated/autoconf.ts";
import { WARN_ON_ONCE } from "linux/bug.ts";
import { lock_acquire, lock_is_held, lock_release } from "linux/lockdep.ts";
import { __srcu_read_lock, __srcu_read_unlock } from "kernel/rcu/srcutree.ts";

/** What the readers of one CPU have counted. */
export interface srcu_data extends struct {
	/** sections begun, by index; its CPU only, read by who waits */
	srcu_lock_count: array<int, 2>;
	/** sections ended here, wherever they began; its CPU only, read by
	 *  who waits */
	srcu_unlock_count: array<int, 2>;
}

export interface srcu_struct extends struct {
	/** its lower bit is the index that readers take; srcu_gp_mutex, and
	 *  readers look without */
	srcu_idx: int;
	/** see kernel/rcu/rcu.ts; srcu_gp_mutex, and read without */
	srcu_gp_seq: int;
	/** 1: somebody makes a grace period, and guards the others; atomic */
	srcu_gp_mutex: int;
	sda: array<embed<srcu_data>, 64>; /* see srcu_data; by CPU */
}

/** In a section of the domain; true where no lockdep knows. */
export function srcu_read_lock_held(ssp: srcu_struct): boolean {
	return lock_is_held(ADDR(ssp.srcu_idx));
}

/** Begins a section, in which the task may sleep. They nest. The result is for
 *  srcu_read_unlock(), by the same task. */
export function srcu_read_lock(ssp: srcu_struct): number {
	const retval = __srcu_read_lock(ssp);

	/* No lock, so in no order with any. */
	lock_acquire(ADDR(ssp.srcu_idx), 0, 1, true);
	return retval;
}

export function srcu_read_unlock(ssp: srcu_struct, idx: number): void {
	if (CONFIG_DEBUG_VM)
		WARN_ON_ONCE((idx & ~0x1) !== 0, "srcu_read_unlock(): index");
	lock_release(ADDR(ssp.srcu_idx));
	__srcu_read_unlock(ssp, idx);
}

export {
	cleanup_srcu_struct,
	init_srcu_struct,
	synchronize_srcu,
} from "kernel/rcu/srcutree.ts";
