// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/sched/coredump.h (5.17): bits of mm_struct.flags.
 * Left out: all about dumps; MMF_UNSTABLE and MMF_OOM_VICTIM are in
 * linux/oom.ts.
 */

/** Some page of it has been pinned (FOLL_PIN), and may still be. */
export const MMF_HAS_PINNED = 28;
