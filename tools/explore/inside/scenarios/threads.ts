// SPDX-License-Identifier: GPL-2.0-only
/** Thread groups of three, threads that are born in a program, two who wait for one child, words of thread ids. */
import { __NR_clone, __NR_set_tid_address, __NR_wait4 } from "asm/unistd.ts";
import { init_task } from "kernel/fork.ts";
import { current } from "kernel/sched/core.ts";
import { next_task } from "linux/sched/signal.ts";
import {
	CLONE_CHILD_CLEARTID,
	CLONE_CHILD_SETTID,
	CLONE_PARENT_SETTID,
	CLONE_VFORK,
	CLONE_VM,
} from "uapi/linux/sched.ts";
import { user_load32 } from "kernel/entry/user.ts";
import {
	A,
	as_task,
	become_newborn,
	check_that,
	exec,
	exit_and_idle,
	exit_group,
	fork,
	forked,
	know_all_tasks,
	map,
	munmap,
	note,
	noted,
	on_cpu,
	PAGE,
	pid_of,
	read,
	run_task,
	type Scenario,
	start_threads,
	store,
	two_pages,
	user_idle,
	user_syscall,
	V,
	write,
} from "../scenario.ts";

const SIGCHLD = 17;
const CLONE_THREAD = 0x10f00;

/** A page at A with a word that is not 0; CPU 1 is idle, and knows who is there. */
function one_and_a_word(): void {
	start_threads(2);
	on_cpu(1, exit_and_idle);
	map(A, PAGE);
	write(A, 1);
	know_all_tasks();
}
/** Two threads, and a child that has ended. */
function two_and_a_corpse(): void {
	two_pages(2);
	fork();
	const me = current().pid;
	run_task(forked());
	exit_group();
	run_task(me);
}
function wait(place: number): void {
	note(place, user_syscall(__NR_wait4, -1, 0, 1));
}
/** Whoever lives is its user; see also debug_validate(). */
function check_owner(cpu: number): void {
	on_cpu(cpu, () => check_that(current().mm.owner === current(), "the owner of the memory has ended"));
}
/** Nobody of CPU 0's process can run any more. */
function check_all_dead(): void {
	for (let t = next_task(init_task); t !== init_task; t = next_task(t))
		if (t.tgid === pid_of(0))
			check_that(run_task(t.pid) !== 0, "a thread of a process that has ended can run");
}

export const scenarios: Record<string, Scenario> = {
	"exec-third-thread": {
		about: "exec by a thread whose leader has ended, beside a third thread that is still in user mode",
		patch: "none: fs/exec.c de_thread()",
		invariant: "who takes the leader's place is alone",
		setup() {
			start_threads(3);
			exit_and_idle();
		},
		cpus: [() => {}, () => note(1, exec()), user_idle],
		check() {
			check_that(noted(1) === 0, `exec returns ${noted(1)}`);
			check_that(run_task(pid_of(2)) !== 0, "the third thread is still there");
		},
	},
	"clone-exit-group": {
		about: "the birth of a thread beside the end of its process by another thread",
		patch: "none: kernel/fork.c copy_process()",
		invariant: "who is born while the others are killed is killed, too, or never born",
		setup: () => start_threads(2),
		cpus: [
			() => {
				user_syscall(__NR_clone, CLONE_THREAD, 0);
				user_idle();
			},
			() => {
				exit_group();
				user_idle();
			},
		],
		check: check_all_dead,
		models: ["sc"],
	},
	"wait-wait": {
		about: "two threads that wait for one child, which has ended",
		patch: "none: kernel/exit.c wait_task_zombie()",
		invariant: "one of them reaps it",
		setup: two_and_a_corpse,
		cpus: [() => wait(0), () => wait(1)],
		check() {
			check_that(
				(noted(0) === forked()) !== (noted(1) === forked()),
				"the child was reaped twice, or never",
			);
		},
	},
	"owner-exit-exit": {
		about: "two of three threads end, of whom one owns the memory",
		patch: "none: kernel/exit.c mm_update_next_owner()",
		invariant: "the owner of an address space is one who uses it",
		setup: () => start_threads(3),
		cpus: [exit_and_idle, exit_and_idle, () => {}],
		check: () => check_owner(2),
	},
	"vfork-cleartid": {
		about: "vfork with CLONE_CHILD_CLEARTID: the parent reads the word as soon as it may go on",
		patch: "none: kernel/fork.c mm_release()",
		invariant: "the child is done with the memory of its parent before that goes on",
		setup: one_and_a_word,
		cpus: [
			() => {
				note(
					0,
					user_syscall(
						__NR_clone,
						CLONE_VFORK | CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD,
						0,
						0,
						A,
					),
				);
				note(2, read(A));
			},
			() => {
				become_newborn();
				exit_and_idle();
			},
		],
		check() {
			check_that(noted(0) > 0 && noted(2) === 0, "the word is not cleared");
		},
	},
	"vfork-exec-cleartid": {
		about: "vfork with CLONE_CHILD_CLEARTID and exec: the parent reads the word as soon as it may go on",
		patch: "none: kernel/fork.c exec_mm_release()",
		invariant: "the child is done with the memory of its parent before that goes on",
		setup: one_and_a_word,
		cpus: [
			() => {
				note(
					0,
					user_syscall(
						__NR_clone,
						CLONE_VFORK | CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD,
						0,
						0,
						A,
					),
				);
				note(2, read(A));
			},
			() => {
				become_newborn();
				note(1, exec());
			},
		],
		check() {
			check_that(noted(0) > 0 && noted(1) === 0 && noted(2) === 0, "the word is not cleared");
		},
	},
	"clone-settid": {
		about: "the birth of a thread with words for its id, for its parent and for itself",
		patch: "none: kernel/fork.c kernel_clone(), schedule_tail()",
		invariant: "each sees its word set when it goes on",
		setup: one_and_a_word,
		cpus: [
			() => {
				const flags = CLONE_THREAD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID;
				const pid = user_syscall(__NR_clone, flags, 0, A + 8, A + 16);

				note(0, pid);
				note(2, user_load32(A + 8));
			},
			() => {
				become_newborn();
				note(1, user_load32(A + 16));
			},
		],
		check() {
			check_that(
				noted(0) > 0 && noted(2) === noted(0),
				"the parent does not see the id of its thread",
			);
			check_that(noted(1) === noted(0), "the thread does not see its id");
		},
	},
	"cleartid-munmap": {
		about: "the end of a thread that clears its word beside the munmap of it",
		patch: "none: kernel/fork.c mm_release()",
		invariant: "the word is cleared, or it is not there any more",
		setup() {
			two_pages(2);
			on_cpu(1, () => user_syscall(__NR_set_tid_address, A + PAGE));
		},
		cpus: [() => note(0, munmap(A + PAGE, PAGE)), exit_and_idle],
		check() {
			check_that(noted(0) === 0 && read(A + PAGE) === -1, "a page is mapped after munmap");
		},
	},
	"cleartid-fault": {
		about: "the end of a thread that clears its word in a page that is not there yet, beside a write to it",
		patch: "none: kernel/fork.c mm_release()",
		invariant: "neither write is lost",
		setup() {
			two_pages(2);
			on_cpu(1, () => user_syscall(__NR_set_tid_address, A + 8));
		},
		cpus: [store, exit_and_idle],
		check() {
			check_that(noted(0) === 1 && read(A) === V && read(A + 8) === 0, "a write is lost");
		},
	},
	"born-beside-corpse": {
		about: "a thread waits for a child that has ended, beside the birth of another child",
		patch: "none: kernel/exit.c do_wait()",
		invariant: "who is reaped is the one that has ended",
		setup: two_and_a_corpse,
		cpus: [() => note(0, user_syscall(__NR_clone, SIGCHLD)), () => wait(1)],
		check() {
			check_that(noted(1) === forked(), "the child that has ended is not reaped");
			check_that(noted(0) > 0, "clone fails");
			check_that(as_task(noted(0), () => read(A + PAGE)) === 1, "the new child does not live");
		},
	},
};
