// SPDX-License-Identifier: GPL-2.0-only
/**
 * The OOM killer and its reaper, who takes the memory of a victim away while that is still on its way: it faults, it
 * ends, it unmaps, it is in the midst of a call.
 */
import { copy_from_user } from "asm/uaccess.ts";
import { user_task, user_write_file } from "kernel/entry/user.ts";
import { current } from "kernel/sched/core.ts";
import { GFP_KERNEL } from "linux/gfp.ts";
import { mmap_read_lock, mmap_read_unlock } from "linux/mmap_lock.ts";
import type { mm_struct } from "linux/mm_types.ts";
import { MMF_OOM_SKIP, MMF_OOM_VICTIM } from "linux/oom.ts";
import { down_write, up_write } from "linux/rwsem.ts";
import { mmdrop, mmgrab } from "linux/sched/mm.ts";
import { __oom_reap_task_mm, oom_control_init, oom_lock, oom_reaper, out_of_memory } from "mm/oom_kill.ts";
import {
	A,
	check_that,
	exit_group,
	in_kernel,
	LEN,
	load,
	map,
	munmap,
	note,
	noted,
	on_cpu,
	PAGE,
	parent_and_child,
	read,
	type Scenario,
	start_threads,
	store,
	untouched,
	user_idle,
	V,
	write,
	written,
} from "../scenario.ts";

/** Its process is a victim, and does not know it yet: no signal ends the programs before they begin. */
function victim(setup: () => void): () => void {
	return () => {
		setup();
		fetch_or(current().mm.flags, 1 << MMF_OOM_VICTIM);
	};
}

/** What oom_reap_task_mm() does when it has the lock. */
function reap(): void {
	in_kernel(() => {
		const mm = current().mm;

		mmap_read_lock(mm);
		__oom_reap_task_mm(mm);
		mmap_read_unlock(mm);
	});
}
function nothing_is_mapped(): void {
	check_that(read(A) === -1, "a page is mapped after the reaper");
}

/** An allocation that found nothing; the child on CPU 1 is whom it is to cost. */
function kill(times = 1): void {
	in_kernel(() => {
		for (let i = 0; i < times; i++) {
			down_write(oom_lock);
			out_of_memory(oom_control_init(GFP_KERNEL, 0));
			up_write(oom_lock);
		}
	});
}
function reaper(): void {
	in_kernel(oom_reaper);
}
/** A parent on CPU 0 with a page at A, a child on CPU 1 that has it, too, and one of its own. With threads their faults
 *  are speculative; a killed one that runs nowhere is ended by who killed it, and its end runs the reaper. */
function expensive_child(threads = false): void {
	parent_and_child(threads);
	on_cpu(1, () => {
		write(A + PAGE, 1);
		user_write_file("/proc/self/oom_score_adj", "1000");
	});
	user_write_file("/proc/sys/vm/oom_dump_tasks", "0");
}
function killed_child(): void {
	expensive_child();
	kill();
}
function parent_lives(): void {
	check_that(read(A) === 1, "the parent has lost its page");
}
/** The child is gone, and nothing else. */
function parent_is_left(): void {
	parent_lives();
	check_that(on_cpu(1, user_task) === 0, "the victim is still there");
}

/** Of process_mrelease(), which the port does not have, when it has found the memory of a process that is to end. */
function mrelease(): void {
	const mm = cast<mm_struct>(noted(8));

	in_kernel(() => {
		mmap_read_lock(mm);
		if ((READ_ONCE(mm.flags) & (1 << MMF_OOM_SKIP)) === 0) __oom_reap_task_mm(mm);
		mmap_read_unlock(mm);
		mmdrop(mm);
	});
}

interface buffer extends struct {
	byte: int /* CPU 1 only */;
}
const buffer = DEFINE<buffer>();

/** A byte at A, read by a call: -1 where the kernel may not read. */
function copy_in(): number {
	return in_kernel(() => (copy_from_user(ADDR(buffer.byte), A, 1) === 0 ? buffer.byte & 0xff : -1));
}

export const scenarios: Record<string, Scenario> = {
	"fault-oom-reap": {
		about: "a fault beside the OOM reaper, who marks the address space, then takes its pages",
		patch: "V2.18 mm: implement speculative handling in do_anonymous_page()",
		invariant: "nobody sees zeroes where the reaper took a page",
		setup: victim(written),
		cpus: [load, reap],
		check() {
			check_that(noted(0) === 1 || noted(0) === -1, "zeroes are read where a page was taken");
			nothing_is_mapped();
		},
	},
	"fault-oom-reap-absent": {
		about: "a write fault on a page that was never touched beside the OOM reaper",
		patch: "V2.18 mm: implement speculative handling in do_anonymous_page()",
		invariant: "after the reaper nothing is mapped",
		setup: victim(untouched),
		cpus: [store, reap],
		check: nothing_is_mapped,
	},
	"fault-oom-reap-classic": {
		about: "a write fault that holds mmap_lock for reading, as it is the first one, beside the OOM reaper",
		patch: "none: mm/memory.c do_anonymous_page(), mm/oom_kill.c __oom_reap_task_mm()",
		invariant: "the program finds what it wrote, or nothing",
		setup: victim(() => {
			start_threads(2);
			map(A, LEN);
		}),
		cpus: [store, reap],
		/* Where the reaper finds no table it takes no lock, so that under lkmm the fault may not see the mark
		 * yet: of what was not there nothing is lost. */
		check() {
			const v = read(A);

			check_that(v === -1 || v === V, "a value from nowhere");
		},
	},
	"oom-kill-fault": {
		about: "a write fault of a process that the OOM killer chooses and the reaper empties meanwhile",
		patch: "none: mm/oom_kill.c __oom_kill_process(), oom_reap_task()",
		invariant: "the victim dies, its memory is free, and nobody else is touched",
		setup: () => expensive_child(true),
		cpus: [
			() => {
				kill();
				reaper();
			},
			() => {
				write(A, V);
				read(A);
				user_idle();
			},
		],
		check: parent_is_left,
		models: ["sc"],
	},
	"oom-kill-twice": {
		about: "memory is gone once more before the victim has let go of its own",
		patch: "none: mm/oom_kill.c out_of_memory(), oom_evaluate_task()",
		invariant: "one victim at a time: nobody else is killed while that one still has memory",
		setup: () => expensive_child(),
		cpus: [() => kill(2)],
		/* The child's program does nothing, and so has not met its signal. */
		check: parent_lives,
	},
	"oom-victim-exit": {
		about: "the end of a victim beside the OOM reaper, which has a reference to the struct only",
		patch: "none: mm/mmap.c exit_mmap(), mm/oom_kill.c oom_reap_task_mm()",
		invariant: "who takes the lock after the end of an address space finds nothing in it",
		setup: killed_child,
		cpus: [
			reaper,
			() => {
				read(A);
				user_idle();
			},
		],
		check: parent_is_left,
	},
	"oom-reap-exit": {
		about: "the end of a process beside process_mrelease(), which has a reference to the struct only",
		patch: "none: mm/mmap.c exit_mmap(), mm/oom_kill.c process_mrelease()",
		invariant: "who takes the lock after the end of an address space finds nothing in it",
		setup() {
			parent_and_child();
			mmgrab(current().mm);
			note(8, uptr(current().mm));
		},
		cpus: [
			() => {
				exit_group();
				user_idle();
			},
			mrelease,
		],
	},
	"oom-reap-munmap": {
		about: "munmap by a victim beside the OOM reaper: both take pages with the lock held for reading",
		patch: "none: mm/mmap.c __do_munmap(), mm/oom_kill.c oom_reap_task_mm()",
		invariant: "each page is freed once, and the reaper does not wait for the lock",
		setup: killed_child,
		cpus: [
			reaper,
			() => {
				note(1, munmap(A, LEN));
				user_idle();
			},
		],
		check() {
			check_that(noted(1) === 0, "munmap fails");
			parent_is_left();
		},
	},
	"oom-reap-copy-in": {
		about: "a call of a victim that reads the program's memory beside the OOM reaper",
		patch: "none: mm/memory.c do_anonymous_page(), linux/oom.h check_stable_address_space()",
		invariant: "the call gets what the program wrote, or fails",
		setup: killed_child,
		cpus: [
			reaper,
			() => {
				note(1, copy_in());
				user_idle();
			},
		],
		check() {
			check_that(noted(1) === 1 || noted(1) === -1, "zeroes are read where a page was taken");
			parent_is_left();
		},
	},
};
