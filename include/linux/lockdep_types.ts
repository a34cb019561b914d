// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors enum lockdep_wait_type of include/linux/lockdep_types.h (5.17): how
 * one waits for a lock, and so within which others it may be taken. A lock of a
 * higher type is not taken while one of a lower type is held.
 */
/** Spins: raw_spinlock_t, and spinlock_t without PREEMPT_RT. */
export const LD_WAIT_SPIN = 2;
/** Spins or, with PREEMPT_RT, sleeps: spinlock_t. */
export const LD_WAIT_CONFIG = 3;
/** Sleeps: semaphores. */
export const LD_WAIT_SLEEP = 4;
