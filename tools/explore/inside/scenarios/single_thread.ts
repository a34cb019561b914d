// SPDX-License-Identifier: GPL-2.0-only
/**
 * V2.28 and 29: a process with one thread has no speculative faults, and frees its vmas at once. What is asked is
 * mm_users, which others raise for a while, too: /proc, and whoever else has got hold of the address space.
 */
import { slab_caches_in_use } from "mm/slab.ts";
import { all_vm_events } from "mm/vmstat.ts";
import { CONFIG_VM_EVENT_COUNTERS } from "generated/autoconf.ts";
import { get_task_mm, mmput, tasklist_lock } from "kernel/fork.ts";
import { find_task_by_vpid } from "kernel/pid.ts";
import { SPF_ABORT, SPF_ATTEMPT } from "linux/vm_event_item.ts";
import { get_task_struct, put_task_struct } from "linux/sched/task.ts";
import { spin_lock, spin_unlock } from "linux/spinlock.ts";
import {
	A,
	check_that,
	in_kernel,
	LEN,
	munmap,
	note,
	noted,
	PAGE,
	pid_of,
	read,
	type Scenario,
	store,
	two_pages,
	V,
	vma_at,
} from "../scenario.ts";

/** Places for what is noted. */
const ATTEMPTS = 2;
const ABORTS = 3;
const UNMAPPED = 4;
const FREED = 5;

function count(item: number): number {
	return CONFIG_VM_EVENT_COUNTERS ? all_vm_events()[item] : 0;
}
function alone(): void {
	two_pages(1);
	note(ATTEMPTS, count(SPF_ATTEMPT));
	note(ABORTS, count(SPF_ABORT));
}
function attempts(): number {
	return count(SPF_ATTEMPT) - noted(ATTEMPTS);
}

/** What a file of /proc/PID does first and last: read_lock and the rest would only be more of it. */
function visit(): void {
	spin_lock(tasklist_lock);
	const tsk = find_task_by_vpid(pid_of(0));

	get_task_struct(tsk);
	spin_unlock(tasklist_lock);
	const mm = get_task_mm(tsk);

	put_task_struct(tsk);
	mmput(mm);
}
function store_and_unmap(): void {
	store();
	check_that(read(A) === V, "the store is lost");
	note(UNMAPPED, munmap(A, LEN));
}
const vmas = (): number => slab_caches_in_use().vm_area_struct;
/** The same, and how many vmas there are less at once: a table may wait for a grace period, a vma may not. */
function store_unmap_and_look(): void {
	const before = in_kernel(vmas);

	store_and_unmap();
	note(FREED, before - in_kernel(vmas));
}
function check(): void {
	check_that(noted(0) === 1 && noted(UNMAPPED) === 0, "a store or munmap fails");
	check_that(vma_at(A) === NULL && read(A + PAGE) === -1, "a page is left");
	check_that(count(SPF_ABORT) === noted(ABORTS), "a fault was aborted, and nobody was there to abort it");
}

export const scenarios: Record<string, Scenario> = {
	"single-thread": {
		about: "the only thread of a process faults and unmaps, and nobody else looks at it",
		patch: "V2.28, V2.29",
		invariant: "no fault is speculative, and no vma waits for a grace period",
		setup: alone,
		cpus: [store_unmap_and_look, () => in_kernel(() => {})],
		check() {
			check();
			check_that(attempts() === 0, "a single thread has a speculative fault");
			check_that(noted(FREED) === 1, "a vma of a single thread waits for a grace period");
		},
	},
	"single-thread-visited": {
		about: "the only thread of a process faults and unmaps, while somebody takes hold of its mm",
		patch: "V2.28, V2.29 (Gorman's remark on mm_users)",
		invariant: "that may make a fault speculative and a vma wait, which costs time and nothing else",
		setup: alone,
		cpus: [store_and_unmap, () => in_kernel(visit)],
		check() {
			check();
			check_that(attempts() <= 1, "more faults than one are speculative");
		},
	},
};
