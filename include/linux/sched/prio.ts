// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/sched/prio.h, and of sched/rt.h rt_prio() (5.17): a
 * low number is a high priority. 0 to 99 are those of real-time tasks, 100 to
 * 139 those of the others by nice value.
 */
export const MAX_NICE = 19;
export const MIN_NICE = -20;
export const NICE_WIDTH = MAX_NICE - MIN_NICE + 1;
export const MAX_RT_PRIO = 100;
export const MAX_PRIO = MAX_RT_PRIO + NICE_WIDTH;
export const DEFAULT_PRIO = MAX_RT_PRIO + NICE_WIDTH / 2;

export function rt_prio(prio: number): boolean {
	return prio < MAX_RT_PRIO;
}
