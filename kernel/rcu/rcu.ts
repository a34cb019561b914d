// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/rcu/rcu.h (5.17) in what counts grace periods: the two lower
 * bits of a sequence say how far the current one has got, the others how many
 * there were.
 * Port: a sequence has 32 bits, and the functions that store to one take its
 * value and return the new one, which the caller stores.
 */
import { WARN_ON_ONCE } from "linux/bug.ts";

export const RCU_SEQ_CTR_SHIFT = 2;
export const RCU_SEQ_STATE_MASK = (1 << RCU_SEQ_CTR_SHIFT) - 1;

/** 0: no grace period is under way. */
export function rcu_seq_state(s: number): number {
	return s & RCU_SEQ_STATE_MASK;
}

export function rcu_seq_set_state(s: number, newstate: number): number {
	WARN_ON_ONCE((newstate & ~RCU_SEQ_STATE_MASK) !== 0, "rcu_seq: state");
	return (s & ~RCU_SEQ_STATE_MASK) + newstate | 0;
}

/** The value after the grace period of this one. */
export function rcu_seq_endval(s: number): number {
	return (s | RCU_SEQ_STATE_MASK) + 1 | 0;
}

/** The value that tells, when it is reached, that a whole grace period has
 *  passed since this one was read. */
export function rcu_seq_snap(s: number): number {
	return (s + 2 * RCU_SEQ_STATE_MASK + 1 | 0) & ~RCU_SEQ_STATE_MASK;
}

/** Has a sequence, which is s now, reached that value? */
export function rcu_seq_done(s: number, snap: number): boolean {
	return (s - snap | 0) >= 0;
}
