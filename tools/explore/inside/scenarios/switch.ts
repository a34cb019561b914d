// SPDX-License-Identifier: GPL-2.0-only
/**
 * A CPU that changes its task, and with it its address space, beside another one that takes pages or tables away
 * from the one that it leaves, comes back to, or only borrows (lazy TLB). A translation may stay in a TLB over all
 * that: then the CPU has to find out what it missed.
 */
import {
	A,
	check_that,
	exit,
	exit_group,
	fork,
	forked,
	LEN,
	madvise_dontneed,
	map,
	munmap,
	note,
	noted,
	on_cpu,
	PAGE,
	pid_of,
	protect,
	read,
	run_task,
	type Scenario,
	signal,
	start_threads,
	switch_to,
	thread,
	user_idle,
	V,
	wait_for,
	write,
} from "../scenario.ts";

/** A thread that runs nowhere in the beginning. */
export const SPARE = 8;

/** Threads on CPUs 0 and 1, one that does not run, and a process beside them. CPU 0 has a translation of A. */
function cached(): void {
	start_threads(2);
	fork();
	note(SPARE, thread());
	/* What the child does not have. */
	map(A, LEN);
	write(A + PAGE, 1);
	write(A, 1);
}
/** CPU 0 has gone over to the other process. */
function away(): void {
	cached();
	switch_to(forked());
}
/** CPU 0 is idle and has the address space of its last task, which has ended. */
function lazy(): void {
	cached();
	exit();
}

export function return_and_read(): void {
	switch_to(pid_of(0));
	note(0, read(A));
}
export function spare_reads(): void {
	switch_to(noted(SPARE));
	note(0, read(A));
}
export function zap(): void {
	note(1, madvise_dontneed(A, PAGE));
}
export function unmap(): void {
	note(1, munmap(A, LEN));
}

export function zapped(): void {
	check_that(noted(1) === 0, "madvise fails");
	check_that(noted(0) === 1 || noted(0) === 0, "a page of nobody was read");
	check_that(on_cpu(1, () => read(A)) === 0, "the page has what was given up");
}
export function unmapped(): void {
	check_that(noted(1) === 0, "munmap fails");
	check_that(noted(0) === 1 || noted(0) === -1, "a page of nobody was read");
	check_that(on_cpu(1, () => read(A)) === -1, "a page is mapped after munmap");
}

/** Nobody runs any of the threads. */
function both_idle(): void {
	cached();
	on_cpu(1, user_idle);
	user_idle();
}

export const scenarios: Record<string, Scenario> = {
	"switch-dontneed": {
		about: "a CPU that comes back to an address space, with translations of it, beside MADV_DONTNEED there",
		patch: "none: arch/x86/mm/tlb.c switch_mm_irqs_off()",
		invariant: "a CPU either is interrupted for a flush or sees its generation",
		setup: away,
		cpus: [return_and_read, zap],
		check: zapped,
	},
	"switch-after-dontneed": {
		about: "a CPU that comes back to an address space after it has heard that MADV_DONTNEED there is over",
		patch: "none: arch/x86/mm/tlb.c switch_mm_irqs_off()",
		invariant: "a flush that is over is seen by who comes after it",
		setup: away,
		cpus: [
			() => {
				wait_for(0);
				return_and_read();
			},
			() => {
				zap();
				signal(0);
			},
		],
		check() {
			zapped();
			check_that(noted(0) === 0, "the old page is seen after MADV_DONTNEED has returned");
		},
	},
	"switch-munmap": {
		about: "a CPU that comes back to an address space beside a munmap there that frees page tables",
		patch: "none: arch/x86/mm/tlb.c switch_mm_irqs_off()",
		invariant: "a CPU either is interrupted for a flush or sees its generation",
		setup: away,
		cpus: [return_and_read, unmap],
		check: unmapped,
	},
	"switch-away-dontneed": {
		about: "a CPU that goes over to another process and comes back beside MADV_DONTNEED in the first one",
		patch: "none: arch/x86/mm/tlb.c switch_mm_irqs_off()",
		invariant: "what a CPU missed while it was away is flushed when it comes back",
		setup: cached,
		cpus: [
			() => {
				switch_to(forked());
				return_and_read();
			},
			zap,
		],
		check: zapped,
	},
	"switch-mprotect": {
		about: "a CPU that comes back to an address space, and writes, beside mprotect to read-only there",
		patch: "none: arch/x86/mm/tlb.c switch_mm_irqs_off()",
		invariant: "after mprotect(PROT_READ) nobody writes",
		setup: away,
		cpus: [
			() => {
				switch_to(pid_of(0));
				note(0, write(A, V) ? 1 : 0);
			},
			protect,
		],
		check() {
			check_that(noted(1) === (noted(0) === 1 ? V : 1), "a write after mprotect");
		},
	},
	"lazy-dontneed": {
		about: "an idle CPU goes on in the address space that it has borrowed beside MADV_DONTNEED there",
		patch: "none: arch/x86/mm/tlb.c switch_mm_irqs_off(), lazy TLB",
		invariant: "a CPU either is interrupted for a flush or sees its generation",
		setup: lazy,
		cpus: [spare_reads, zap],
		check: zapped,
	},
	"lazy-munmap": {
		about: "an idle CPU goes on in the address space that it has borrowed beside munmap, with tables",
		patch: "none: arch/x86/mm/tlb.c flush_tlb_func(), lazy TLB",
		invariant: "no walker is in a page table that is free",
		setup: lazy,
		cpus: [spare_reads, unmap],
		check: unmapped,
	},
	"lazy-twice": {
		needs: ["tlb_gen"],
		about: "an idle CPU goes on in the address space that it has borrowed beside two MADV_DONTNEED there",
		patch: "none: arch/x86/mm/tlb.c switch_mm_irqs_off(), flush_tlb_func()",
		invariant: "a CPU that has caught up with a generation has flushed all up to it",
		setup: lazy,
		cpus: [
			() => {
				spare_reads();
				note(2, read(A + PAGE));
			},
			() => {
				madvise_dontneed(A + PAGE, PAGE);
				zap();
			},
		],
		check() {
			zapped();
			check_that(noted(2) === 1 || noted(2) === 0, "a page of nobody was read");
		},
	},
	"lazy-exit": {
		about: "the end of an address space that an idle CPU has borrowed, and leaves for another task",
		patch: "none: kernel/sched/core.c context_switch(), mmdrop()",
		invariant: "tables of a borrowed address space stay until all have let go of it",
		setup: lazy,
		cpus: [
			() => {
				switch_to(forked());
				note(0, read(A));
			},
			() => {
				exit_group();
				user_idle();
			},
		],
		check() {
			check_that(noted(0) === -1, "a task sees another's memory");
		},
	},
	"lazy-idle": {
		about: "an idle CPU lets go of the address space that it has borrowed beside munmap, with tables",
		patch: "none: arch/x86/mm/tlb.c leave_mm(), flush_tlb_func()",
		invariant: "no walker is in a page table that is free",
		setup: lazy,
		cpus: [user_idle, unmap],
		check() {
			check_that(noted(1) === 0 && on_cpu(1, () => read(A)) === -1, "munmap fails");
		},
	},
	"exit-dontneed": {
		about: "the end of a thread, whose CPU goes on with another one of the process, beside MADV_DONTNEED",
		patch: "none: arch/x86/mm/tlb.c enter_lazy_tlb(), switch_mm_irqs_off()",
		invariant: "a CPU either is interrupted for a flush or sees its generation",
		setup: cached,
		cpus: [
			() => {
				exit();
				spare_reads();
			},
			zap,
		],
		check: zapped,
	},
	"flush-flush": {
		about: "two CPUs that have translations of two pages take away one each",
		patch: "none: arch/x86/mm/tlb.c flush_tlb_func()",
		invariant: "a CPU that has caught up with a generation has flushed all up to it",
		setup() {
			start_threads(2);
			map(A, LEN);
			for (let cpu = 0; cpu < 2; cpu++)
				on_cpu(cpu, () => {
					write(A, 1);
					write(A + PAGE, 1);
				});
		},
		cpus: [() => note(0, madvise_dontneed(A, PAGE)), () => note(1, madvise_dontneed(A + PAGE, PAGE))],
		check() {
			check_that(noted(0) === 0 && noted(1) === 0, "madvise fails");
			check_that(read(A) === 0 && read(A + PAGE) === 0, "a page has what was given up");
			on_cpu(1, () => {
				check_that(read(A) === 0 && read(A + PAGE) === 0, "a page has what was given up");
			});
		},
	},
	"switch-one-task": {
		about: "two CPUs want to go on with one task",
		patch: "none: kernel/exit.ts task_claim()",
		invariant: "a task runs on one CPU",
		setup: cached,
		cpus: [() => note(0, run_task(noted(SPARE))), () => note(1, run_task(noted(SPARE)))],
		check() {
			check_that((noted(0) === 0) !== (noted(1) === 0), "a task is on two CPUs, or on none");
		},
	},
	"switch-over": {
		about: "a CPU takes a task that another one is about to leave",
		patch: "none: kernel/sched/core.c finish_task(), on_cpu",
		invariant: "a task is taken when its last CPU has done with it",
		setup: cached,
		cpus: [
			() => switch_to(forked()),
			() => {
				note(1, run_task(pid_of(0)));
				note(2, read(A));
			},
		],
		check() {
			check_that(noted(2) === 1, "a task has lost its memory");
		},
	},
	"idle-killed": {
		about: "a CPU leaves its task, and borrows its address space, beside the end of the process",
		patch: "none: kernel/exit.ts task_unclaim(); kernel/sched/core.c context_switch()",
		invariant: "every thread of a process that ends comes to its end, and nobody touches what has",
		setup() {
			start_threads(2);
			fork();
		},
		cpus: [
			user_idle,
			() => {
				exit_group();
				user_idle();
			},
		],
		check() {
			check_that(run_task(pid_of(0)) !== 0, "a killed task is still there");
		},
	},
	"switch-both": {
		needs: ["mm_cpumask"],
		about: "two idle CPUs come to one address space at once, and one of them gives a page up",
		patch: "none: arch/x86/mm/tlb.c switch_mm_irqs_off(), mm_cpumask()",
		invariant: "each CPU that has an address space is in its cpumask",
		setup: both_idle,
		cpus: [
			return_and_read,
			() => {
				switch_to(pid_of(1));
				zap();
			},
		],
		check: zapped,
	},
	"switch-both-munmap": {
		needs: ["mm_cpumask"],
		about: "two idle CPUs come to one address space at once, and one of them unmaps, page table and all",
		patch: "none: arch/x86/mm/tlb.c switch_mm_irqs_off(), mm_cpumask()",
		invariant: "each CPU that has an address space is in its cpumask",
		setup: both_idle,
		cpus: [
			return_and_read,
			() => {
				switch_to(pid_of(1));
				unmap();
			},
		],
		check: unmapped,
	},
	"switch-apart": {
		needs: ["mm_cpumask"],
		about: "a CPU comes to an address space as another one leaves it, comes back and gives a page up",
		patch: "none: arch/x86/mm/tlb.c switch_mm_irqs_off(), mm_cpumask()",
		invariant: "who leaves takes nobody else out of the cpumask",
		setup() {
			cached();
			user_idle();
		},
		cpus: [
			return_and_read,
			() => {
				user_idle();
				switch_to(pid_of(1));
				zap();
			},
		],
		check: zapped,
	},
};
