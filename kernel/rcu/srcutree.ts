// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/rcu/srcutree.c (5.17) as far as MMU notifiers use it: sections
 * of readers, and who waits until those that run now are over. A reader counts
 * itself on its CPU when it comes and when it goes, in one of two pairs of
 * counts. Who waits looks at the pair that is not in use any more, flips the
 * index so that new readers take it, and looks at the other one. The barriers
 * are A to E as there.
 * Port: there is no tree of nodes and no work queue: whoever waits makes the
 * grace period himself, one at a time, unless another one has made a whole one
 * since he came. He looks again and again while readers are there, and holds up
 * no grace period of RCU meanwhile. Without CONFIG_SMP it is the same, and not
 * srcutiny.c.
 * Left out: callbacks (call_srcu(), srcu_barrier()), expedited grace periods,
 * polling, counters that wrap beside a reader that was preempted.
 */
import { CONFIG_ARCH_HOST_STEPPER } from "generated/autoconf.ts";
import { lock_class, lockdep_held } from "host/model.ts";
import { nr_cpu_ids, smp_processor_id } from "host/cpu.ts";
import { smp_mb } from "host/door.ts";
import { BUG_ON, WARN_ON } from "linux/bug.ts";
import { might_sleep } from "linux/kernel.ts";
import { rcu_preempt_depth } from "linux/rcupdate.ts";
import { cpu_relax } from "linux/smp.ts";
import type { srcu_data, srcu_struct } from "linux/srcu.ts";
import { softlockup_check } from "kernel/locking/spinlock.ts";
import {
	rcu_check_callbacks,
	rcu_eqs_enter,
	rcu_eqs_exit,
	rcu_is_watching,
} from "kernel/rcu.ts";
import {
	rcu_seq_done,
	rcu_seq_endval,
	rcu_seq_set_state,
	rcu_seq_snap,
	rcu_seq_state,
} from "kernel/rcu/rcu.ts";

/* The state of srcu_gp_seq. */
const SRCU_STATE_IDLE = 0;
const SRCU_STATE_SCAN1 = 1; /* until the index that is not in use is free */
const SRCU_STATE_SCAN2 = 2; /* after the flip: until the other one is */

/** Port: nothing is allocated, so this is always 0. The name is the machine's
 *  business: the build adds it, as Linux's macro does. */
export function init_srcu_struct(ssp: srcu_struct, name?: string): number {
	if (CONFIG_ARCH_HOST_STEPPER)
		lock_class(ADDR(ssp.srcu_idx), name ?? "?");
	struct_zero(ssp);
	return 0;
}

function srcu_readers_lock_idx(ssp: srcu_struct, idx: number): number {
	let sum = 0;

	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
		const cpuc: srcu_data = ssp.sda[cpu];

		sum = (sum + READ_ONCE(cpuc.srcu_lock_count[idx])) | 0;
	}
	return sum;
}

function srcu_readers_unlock_idx(ssp: srcu_struct, idx: number): number {
	let sum = 0;

	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
		const cpuc: srcu_data = ssp.sda[cpu];

		sum = (sum + READ_ONCE(cpuc.srcu_unlock_count[idx])) | 0;
	}
	return sum;
}

/**
 * Was there a moment without a reader of that index? Those who have loaded the
 * index, and not counted themselves yet, are not seen; see srcu_flip().
 */
function srcu_readers_active_idx_check(ssp: srcu_struct, idx: number): boolean {
	const unlocks = srcu_readers_unlock_idx(ssp, idx);

	/*
	 * A: whom we have seen go, we see come. And with B it is store
	 * buffering: either a reader sees what was stored before the grace
	 * period, or we see it come. With C: what is done after the grace
	 * period is not seen by a section that we have seen the end of. Pairs
	 * with __srcu_read_lock() and __srcu_read_unlock().
	 */
	smp_mb();

	return srcu_readers_lock_idx(ssp, idx) === unlocks;
}

/** Any reader at all, for who is about to free the domain. */
function srcu_readers_active(ssp: srcu_struct): boolean {
	const begun = srcu_readers_lock_idx(ssp, 0) +
		srcu_readers_lock_idx(ssp, 1);
	const ended = srcu_readers_unlock_idx(ssp, 0) +
		srcu_readers_unlock_idx(ssp, 1);

	return ((begun - ended) | 0) !== 0;
}

/** Nobody uses the domain any more. */
export function cleanup_srcu_struct(ssp: srcu_struct): void {
	WARN_ON(srcu_readers_active(ssp), "cleanup_srcu_struct() with readers");
	WARN_ON(
		rcu_seq_state(READ_ONCE(ssp.srcu_gp_seq)) !== SRCU_STATE_IDLE,
		"cleanup_srcu_struct() in a grace period",
	);
}

/** this_cpu_inc() of a count: only its CPU stores, and no interrupt reads. */
export function __srcu_read_lock(ssp: srcu_struct): number {
	const idx = READ_ONCE(ssp.srcu_idx) & 0x1;
	const sdp: srcu_data = ssp.sda[smp_processor_id()];

	WRITE_ONCE(sdp.srcu_lock_count[idx], sdp.srcu_lock_count[idx] + 1 | 0);
	/* B: the section stays behind the count. Pairs with
	 * srcu_readers_active_idx_check() and srcu_flip(). */
	smp_mb();
	return idx;
}

/** Maybe on another CPU than the one that the section began on. */
export function __srcu_read_unlock(ssp: srcu_struct, idx: number): void {
	/* C: the section stays before the count. Pairs with
	 * srcu_readers_active_idx_check() and srcu_flip(). */
	smp_mb();
	const sdp: srcu_data = ssp.sda[smp_processor_id()];

	WRITE_ONCE(sdp.srcu_unlock_count[idx],
		sdp.srcu_unlock_count[idx] + 1 | 0);
}

/** Whom we wait for: nobody knows on which CPU. */
function srcu_relax(ssp: srcu_struct, n: number, start: number): number {
	rcu_check_callbacks();
	cpu_relax(n);
	return softlockup_check(n, start, uptr(ssp), -1);
}

/** Until an index has no reader. Port: the kernel looks a few times, and then
 *  has a work look again later. */
function try_check_zero(ssp: srcu_struct, idx: number): void {
	let start = 0;

	for (let n = 0; !srcu_readers_active_idx_check(ssp, idx); n++)
		start = srcu_relax(ssp, n, start);
}

/** From now on readers take the other index. */
function srcu_flip(ssp: srcu_struct): void {
	/*
	 * E: whose count we have seen, in the look before, had loaded the old
	 * index; who loads the new one was not counted then. Pairs with B in
	 * __srcu_read_lock() and C in __srcu_read_unlock().
	 */
	smp_mb();

	WRITE_ONCE(ssp.srcu_idx, ssp.srcu_idx + 1 | 0);

	/*
	 * D: if we miss that a reader goes, its next section has the new index.
	 * So each reader keeps us from an end at most once. Pairs with C in
	 * __srcu_read_unlock().
	 */
	smp_mb();
}

/** A whole grace period; srcu_gp_mutex is held. */
function srcu_advance_state(ssp: srcu_struct): void {
	/* rcu_seq_start() */
	WRITE_ONCE(ssp.srcu_gp_seq, ssp.srcu_gp_seq + 1 | 0);
	/* The beginning before all looks. Pairs with synchronize_srcu(), which
	 * asks for an end that comes after a later beginning. */
	smp_mb();
	WARN_ON(rcu_seq_state(ssp.srcu_gp_seq) !== SRCU_STATE_SCAN1,
		"srcu: two grace periods at once");

	try_check_zero(ssp, 1 ^ (ssp.srcu_idx & 1));
	srcu_flip(ssp);
	WRITE_ONCE(ssp.srcu_gp_seq,
		rcu_seq_set_state(ssp.srcu_gp_seq, SRCU_STATE_SCAN2));
	try_check_zero(ssp, 1 ^ (ssp.srcu_idx & 1));

	/* rcu_seq_end(): the looks before the end. Pairs with
	 * synchronize_srcu() of who finds it done. */
	smp_mb();
	WRITE_ONCE(ssp.srcu_gp_seq, rcu_seq_endval(ssp.srcu_gp_seq));
}

/**
 * Wait until all sections of the domain that run now are over. May sleep, and
 * must not be called from one, nor with what a reader in one waits for.
 */
export function synchronize_srcu(ssp: srcu_struct): void {
	might_sleep();
	BUG_ON(rcu_preempt_depth() !== 0, "synchronize_srcu() under RCU");
	if (CONFIG_ARCH_HOST_STEPPER) {
		BUG_ON(lockdep_held(ADDR(ssp.srcu_idx)) > 0,
			"synchronize_srcu() in a section");
	}

	/* What the caller stored, then the sequence: the grace period begins
	 * after both. Pairs with srcu_advance_state(). */
	smp_mb();
	const s = rcu_seq_snap(READ_ONCE(ssp.srcu_gp_seq));
	const watching = rcu_is_watching();
	let start = 0;

	if (watching)
		rcu_eqs_enter();
	/* Acquire; pairs with the release below. */
	for (let n = 0; cmpxchg(ssp.srcu_gp_mutex, 0, 1) !== 0; n++)
		start = srcu_relax(ssp, n, start);
	if (!rcu_seq_done(READ_ONCE(ssp.srcu_gp_seq), s))
		srcu_advance_state(ssp);
	/* Pairs with the exchange of synchronize_srcu() elsewhere. */
	smp_store_release(ssp.srcu_gp_mutex, 0);
	if (watching)
		rcu_eqs_exit();
	/* What comes after the grace period stays there, also if another one
	 * has made it: pairs with srcu_advance_state(). */
	smp_mb();
}
