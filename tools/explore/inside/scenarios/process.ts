// SPDX-License-Identifier: GPL-2.0-only
/**
 * Two processes beside each other: a parent on CPU 0 and its child on CPU 1, which share pages until one of
 * them writes, goes, or forks again.
 */
import { __NR_fork, __NR_kill, __NR_madvise, __NR_vfork, __NR_wait4 } from "asm/unistd.ts";
import {
	A,
	as_child,
	as_task,
	B,
	become_newborn,
	check_that,
	exec,
	exit,
	exit_group,
	fork,
	forked,
	know_all_tasks,
	LEN,
	madvise_dontneed,
	map,
	mprotect,
	munmap,
	note,
	noted,
	on_cpu,
	PAGE,
	parent_and_child,
	pid_of,
	PROT_READ,
	PROT_RW,
	read,
	run_task,
	type Scenario,
	start_process,
	start_threads,
	store,
	switch_to,
	two_pages,
	user_idle,
	user_syscall,
	V,
	write,
} from "../scenario.ts";

const MADV_DONTFORK = 10;
const MADV_WIPEONFORK = 18;

/** What the child writes, beside what the parent writes. */
const W = 0x57;

const SIGKILL = 9;
const SIGUSR1 = 10;

function kill_parent(): void {
	note(1, user_syscall(__NR_kill, pid_of(0), SIGKILL));
}
function child_writes(): void {
	note(1, write(A + 8, W) ? 1 : 0);
}
/** A process on CPU 0 with a page at A; CPU 1 is idle. */
function alone(): void {
	start_threads(2);
	on_cpu(1, () => {
		exit();
		user_idle();
	});
	map(A, LEN);
	write(A, 1);
	know_all_tasks();
}
/** The same without any munmap before, which is what numbers the caches of vmas; CPU 1 has a child that it runs. */
function fresh_and_child(): void {
	/* Of these only the warm lists are needed. */
	start_threads(2);
	user_idle();
	start_process();
	map(A, LEN);
	write(A, 1);
	as_task(fork(), () => {});
}
function vfork(): void {
	note(0, user_syscall(__NR_vfork));
	note(2, read(A));
}
/** The child ran in the memory of its parent, which waited for it. */
function parent_waited(): void {
	check_that(noted(0) > 0, "vfork fails");
	check_that(noted(2) === W && read(A) === W, "the parent has not waited for its child");
}

/** The parent has written its own page, and sees nothing of the child. */
function parent_has_its_own(): void {
	check_that(noted(0) === 1 && read(A) === V && read(A + 8) === 0, "the parent's write is lost");
}

/** A child that does something which ends in a signal, and a parent that kills it. */
function killed(about: string, run: () => void): Scenario {
	return {
		about: `${about}, and SIGKILL beside: who sends it waits for the end`,
		patch: "none: kernel/signal.c get_signal(), force_sig_fault()",
		invariant: "no SIGKILL is lost",
		setup: parent_and_child,
		cpus: [
			() => {
				user_syscall(__NR_kill, forked(), SIGKILL);
				note(0, user_syscall(__NR_wait4, -1, 0, 0));
			},
			() => {
				run();
				user_idle();
			},
		],
		check: () => check_that(noted(0) === forked(), "wait4 does not return the child"),
	};
}

export const scenarios: Record<string, Scenario> = {
	"cow-both": {
		about: "parent and child write to a page that they share: one copies, the other may take it over",
		patch: "V2.26 mm: implement speculative handling in wp_page_copy()",
		invariant: "each writes to a page of its own",
		setup: () => parent_and_child(true),
		cpus: [store, child_writes],
		check() {
			parent_has_its_own();
			check_that(noted(1) === 1, "the child's write fails");
			as_child(() => {
				check_that(read(A) === 1 && read(A + 8) === W, "the child's page is not what it wrote");
			});
		},
	},
	"cow-child-munmap": {
		about: "a write to a page that a child has, too, beside the child's munmap of it",
		patch: "none: mm/memory.c do_wp_page()",
		invariant: "the writer has a page of its own, the other is freed once",
		setup: parent_and_child,
		cpus: [store, () => note(1, munmap(A, LEN))],
		check() {
			parent_has_its_own();
			check_that(noted(1) === 0, "munmap fails");
		},
	},
	"cow-child-exit": {
		about: "a write to a page that a child has, too, beside the end of the child",
		patch: "none: mm/memory.c do_wp_page(), mm/mmap.c exit_mmap()",
		invariant: "the writer has a page of its own, nothing is left of the child",
		setup: () => parent_and_child(true),
		cpus: [store, exit_group],
		check: parent_has_its_own,
	},
	"cow-last-reference": {
		about: "a write to a shared page beside MADV_DONTNEED of it, and munmap by the child that has it, too",
		patch: "none: mm/memory.c do_wp_page()",
		invariant: "the source of a copy stays until it is copied",
		setup() {
			start_threads(2);
			map(A, LEN);
			on_cpu(1, () => write(A, 1));
			fork();
		},
		cpus: [
			store,
			() => {
				madvise_dontneed(A, LEN);
				switch_to(forked());
				munmap(A, LEN);
			},
		],
		check() {
			const v = read(A);

			check_that(noted(0) === 1 && (v === V || v === 0), "the page has what was given up");
		},
	},
	"fork-reuse": {
		about: "a write to a page that is the process's alone and yet read-only, beside fork, which shares it",
		patch: "none: mm/memory.c do_wp_page(), copy_present_pte()",
		invariant: "nobody takes a page for his own that a child has, too",
		setup() {
			two_pages(2);
			write(A, 1);
			/* The entry stays read-only until somebody writes. */
			mprotect(A, LEN, PROT_READ);
			mprotect(A, LEN, PROT_RW);
		},
		cpus: [store, () => note(1, fork())],
		check() {
			check_that(noted(0) === 1 && read(A) === V, "the parent's write is lost");
			check_that(noted(1) > 0, "fork fails");
			const child = as_child(() => read(A));

			check_that(child === V || child === 1, "the child sees a page of nobody");
			write(A, 3);
			check_that(as_child(() => read(A)) === child, "the child sees the parent's write");
			as_child(() => write(A, W));
			check_that(read(A) === 3, "the parent sees the child's write");
		},
	},
	"fork-fork": {
		about: "parent and child fork at once: both get children in one family of anon_vmas",
		patch: "none: mm/rmap.c anon_vma_fork()",
		invariant: "all of them are counted, and every page is found",
		setup: parent_and_child,
		cpus: [() => note(0, user_syscall(__NR_fork)), () => note(1, user_syscall(__NR_fork))],
		check() {
			check_that(noted(0) > 0 && noted(1) > 0, "a fork fails");
			as_task(noted(0), () => write(A, V));
			as_task(noted(1), () => write(A, W));
			check_that(read(A) === 1, "the parent sees a write");
			check_that(as_task(noted(0), () => read(A)) === V, "a write is lost");
		},
	},
	"fork-exit": {
		about: "a fork beside the end of another child: its anon_vma goes as a new one comes",
		patch: "none: mm/rmap.c anon_vma_fork(), unlink_anon_vmas()",
		invariant: "all of them are counted, and every page is found",
		setup: parent_and_child,
		cpus: [() => note(0, user_syscall(__NR_fork)), exit_group],
		check() {
			check_that(noted(0) > 0, "fork fails");
			check_that(as_task(noted(0), () => read(A)) === 1, "the child sees a page of nobody");
		},
	},
	"fork-wipe": {
		about: "fork of a mapping that the child gets empty, beside a write to it",
		patch: "none: kernel/fork.c dup_mmap(), VM_WIPEONFORK",
		invariant: "the child has no page of it, and a write there makes one that is found",
		setup() {
			two_pages(2);
			write(A, 1);
			user_syscall(__NR_madvise, A, LEN, MADV_WIPEONFORK);
		},
		cpus: [store, () => note(1, fork())],
		check() {
			check_that(noted(0) === 1 && read(A) === V, "the parent's write is lost");
			as_child(() => check_that(read(A) === 0 && write(A, W), "the child has a page of its parent"));
			check_that(read(A) === V, "the parent sees the child's write");
		},
	},
	"fork-wipe-write": {
		about: "the first write of a child to a mapping that it got empty, beside its parent's munmap of it",
		patch: "none: kernel/fork.c dup_mmap(), VM_WIPEONFORK; mm/rmap.c",
		invariant: "a child's page is found by an anon_vma of its own",
		setup() {
			start_threads(1);
			map(A, LEN);
			write(A, 1);
			user_syscall(__NR_madvise, A, LEN, MADV_WIPEONFORK);
			fork();
			as_child(() => read(A + PAGE));
		},
		cpus: [() => munmap(A, LEN), child_writes],
		check() {
			as_child(() => {
				check_that(
					noted(1) === 1 && read(A + 8) === W && read(A) === 0,
					"the child's write is lost",
				);
			});
		},
	},
	"fork-dontfork": {
		about: "fork of a process with a mapping that the child does not get, beside a write to it",
		patch: "none: kernel/fork.c dup_mmap(), VM_DONTCOPY",
		invariant: "the child has nothing there, and its page is still the parent's alone",
		setup() {
			two_pages(2);
			write(A, 1);
			user_syscall(__NR_madvise, A, PAGE, MADV_DONTFORK);
		},
		cpus: [store, () => note(1, fork())],
		check() {
			check_that(noted(0) === 1 && read(A) === V, "the parent's write is lost");
			as_child(() => {
				check_that(read(A) === -1 && read(A + PAGE) === 1, "the child has what it should not");
			});
		},
	},
	"fork-vma-cache": {
		about: "a child's first fault beside the munmap of the same mapping by its parent",
		patch: "none: kernel/fork.c copy_mm(), mm/vmacache.c",
		invariant: "no task looks up a vma of another address space",
		setup: fresh_and_child,
		cpus: [() => note(0, munmap(A, LEN)), child_writes],
		check() {
			check_that(noted(0) === 0 && read(A) === -1, "munmap fails");
			as_child(() => {
				check_that(
					noted(1) === 1 && read(A) === 1 && read(A + 8) === W,
					"the child's write is lost",
				);
			});
		},
	},
	"vfork-exit": {
		about: "vfork: the child writes to the memory of its parent, which waits until it ends",
		patch: "none: kernel/fork.c wait_for_vfork_done(), complete_vfork_done()",
		invariant: "the parent goes on when the child has let go of its memory",
		setup: alone,
		cpus: [
			vfork,
			() => {
				become_newborn();
				write(A, W);
				exit_group();
			},
		],
		check: parent_waited,
	},
	"vfork-exec": {
		about: "vfork: the child writes to the memory of its parent, which waits until it has its own",
		patch: "none: kernel/fork.c wait_for_vfork_done(), fs/exec.c exec_mmap()",
		invariant: "the parent goes on when the child has let go of its memory",
		setup: alone,
		cpus: [
			vfork,
			() => {
				become_newborn();
				write(A, W);
				note(1, exec());
			},
		],
		check() {
			parent_waited();
			check_that(noted(1) === 0, "exec fails");
			check_that(on_cpu(1, () => read(A)) === -1, "the child still has its parent's memory");
		},
	},
	"exec-parent": {
		about: "exec of a child beside its parent's write to a page that they share until then",
		patch: "none: fs/exec.c exec_mmap(), mm/memory.c do_wp_page()",
		invariant: "the writer has a page of its own, nothing is left of the old address space",
		setup: parent_and_child,
		cpus: [store, () => note(1, exec())],
		check() {
			parent_has_its_own();
			check_that(
				noted(1) === 0 && on_cpu(1, () => read(A)) === -1,
				"the child still has its old memory",
			);
		},
	},
	"exec-vma-cache": {
		about: "a fault right after exec where there was a mapping before, beside the parent's munmap",
		patch: "none: fs/exec.c exec_mmap(), mm/vmacache.c",
		invariant: "no task looks up a vma of another address space",
		setup() {
			fresh_and_child();
			on_cpu(1, () => write(A + PAGE, 1));
		},
		cpus: [
			() => note(0, munmap(A, LEN)),
			() => {
				note(1, exec());
				note(2, read(A));
			},
		],
		check() {
			check_that(noted(0) === 0 && noted(1) === 0, "a call fails");
			check_that(noted(2) === -1, "the child still has its old memory");
		},
	},
	"exec-thread": {
		about: "exec of a thread beside another thread's write: that one dies, and so does its memory",
		patch: "none: fs/exec.c de_thread(), exec_mmap()",
		invariant: "one thread is left, with nothing of what was",
		setup: () => two_pages(2),
		cpus: [
			() => note(0, exec()),
			() => {
				write(A, V);
				user_idle();
			},
		],
		check() {
			check_that(noted(0) === 0, `exec returns ${noted(0)}`);
			check_that(read(A) === -1, "the process still has its old memory");
			check_that(run_task(pid_of(1)) !== 0, "the other thread is still there");
		},
	},
	"wait-exit": {
		about: "a parent that waits for its child beside the end of it",
		patch: "none: kernel/exit.c do_wait(), exit_notify()",
		invariant: "the parent is woken, and the child is reaped once",
		setup: parent_and_child,
		cpus: [() => note(0, user_syscall(__NR_wait4, -1, 0, 0)), exit_group],
		check() {
			check_that(noted(0) === forked(), "wait4 does not return the child");
			check_that(read(A) === 1, "the parent has lost its memory");
		},
	},
	"exit-exit": {
		about: "parent and child end at once: who ends first leaves the other a corpse, or an orphan",
		patch: "none: kernel/exit.c exit_notify()",
		invariant: "each is reaped once, and nothing is left of them",
		setup: parent_and_child,
		cpus: [exit_group, exit_group],
	},
	"fork-killed": {
		about: "a fork beside the end of its process by SIGKILL, in the midst of it",
		patch: "none: kernel/fork.c dup_mmap(), copy_process()",
		invariant: "what was made of the child is undone, or the child is whole",
		setup: parent_and_child,
		cpus: [() => note(0, fork()), kill_parent],
	},
	"signal-killed": killed("a process that takes another signal", () =>
		user_syscall(__NR_kill, forked(), SIGUSR1),
	),
	"segv-killed": { ...killed("a process whose access is refused", () => read(B)), models: ["sc"] },
	"vfork-killed": {
		about: "a vfork beside the end of its process by SIGKILL: it does not wait for its child any more",
		patch: "none: kernel/fork.c wait_for_vfork_done()",
		invariant: "the child does not touch a parent that is gone",
		setup: parent_and_child,
		cpus: [() => note(0, user_syscall(__NR_vfork)), kill_parent],
	},
	"fault-killed": {
		about: "a write fault beside the end of its process by SIGKILL",
		patch: "V2.13 x86/mm: attempt speculative mm faults first",
		invariant: "nothing is left of the process",
		setup: () => parent_and_child(true),
		cpus: [store, kill_parent],
	},
	"vfork-exit-exit": {
		about: "vfork: the child ends, and so does its parent as soon as it may go on",
		patch: "none: kernel/fork.c complete_vfork_done()",
		invariant: "who wakes its parent holds on to it",
		setup: alone,
		cpus: [
			() => {
				note(0, user_syscall(__NR_vfork));
				exit_group();
				user_idle();
			},
			() => {
				become_newborn();
				exit_group();
				user_idle();
			},
		],
	},
};
