// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/memcontrol.h (5.17): to whom a page is charged. What is
 * left out is named in mm/memcontrol.ts. All of it is behind CONFIG_MEMCG.
 */
import { WARN_ON } from "linux/bug.ts";
import type { gfp_t } from "linux/gfp.ts";
import type { mm_struct, page } from "linux/mm_types.ts";
import type { page_counter } from "linux/page_counter.ts";
import type { task_struct } from "linux/sched.ts";
import { current } from "kernel/sched/core.ts";
import {
	__mem_cgroup_charge, __mem_cgroup_uncharge,
} from "mm/memcontrol.ts";

export { mem_cgroup_oom_synchronize } from "mm/memcontrol.ts";

/* Places in mem_cgroup.memory_events. */
export const MEMCG_MAX = 0; /* an attempt to go beyond the limit */
export const MEMCG_OOM = 1; /* nothing could be had any more */
export const MEMCG_OOM_KILL = 2; /* processes killed for it */
export const MEMCG_NR_MEMORY_EVENTS = 3;

export interface mem_cgroup extends struct {
	memory: embed<page_counter>; /* see page_counter */
	parent: mem_cgroup; /* NULL: the root; constant after boot */
	/** somebody deals with its limit, or with that of one above;
	 *  memcg_oom_lock */
	oom_lock: bool;
	/** how many wait, or kill; memcg_oom_lock, looked at without */
	under_oom: int;
	/** 1: faults wait at the limit, and nobody is killed; atomic: marked,
	 *  as whoever writes the file holds no lock */
	oom_kill_disable: int;
	memory_events: array<int, 3>; /* MEMCG_*; atomic */
}

/** To whom it is charged; NULL: to nobody. */
export function page_memcg(page: page): mem_cgroup {
	return cast<mem_cgroup>(page.memcg_data);
}

/**
 * Charge a new page to the group of mm, before anybody else can find it; mm is
 * NULL for a page of the cache, which is charged to current's. 0, or -ENOMEM:
 * then it may have been tried to help by killing somebody. May sleep, and take
 * oom_lock. Given back with the page's last reference.
 */
export function mem_cgroup_charge(
	page: page, mm: mm_struct, gfp: gfp_t,
): number {
	return __mem_cgroup_charge(page, mm, gfp);
}

/** The page's last reference is gone, or it was not put to use. */
export function mem_cgroup_uncharge(page: page): void {
	__mem_cgroup_uncharge(page);
}

/** A fault of user mode begins: it may wait for memory at its end. */
export function mem_cgroup_enter_user_fault(): void {
	const tsk = current();

	WARN_ON(tsk.in_user_fault !== 0);
	tsk.in_user_fault = 1;
}

export function mem_cgroup_exit_user_fault(): void {
	const tsk = current();

	WARN_ON(tsk.in_user_fault === 0);
	tsk.in_user_fault = 0;
}

/** Has a charge of this fault failed that it is to wait for? p is current. */
export function task_in_memcg_oom(p: task_struct): boolean {
	return p.memcg_in_oom !== NULL;
}
