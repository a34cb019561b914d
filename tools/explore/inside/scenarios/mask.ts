// SPDX-License-Identifier: GPL-2.0-only
/**
 * Which CPUs a flush is for, where an architecture remembers that: a CPU that runs an address space for the first
 * time, one that is asked to leave it for good, and one that comes back, beside who takes pages or tables away.
 */
import { trim_at_next_flush } from "asm/stepper.ts";
import {
	A,
	check_that,
	child_on,
	exit,
	exit_and_idle,
	fork,
	forked,
	LEN,
	madvise_dontneed,
	map,
	note,
	noted,
	on_cpu,
	PAGE,
	pid_of,
	read,
	run_task,
	type Scenario,
	start_threads,
	switch_to,
	thread,
	user_idle,
	write,
} from "../scenario.ts";
import { return_and_read, SPARE, spare_reads, unmap, unmapped, zap, zapped } from "./switch.ts";

function pages(): void {
	map(A, LEN);
	write(A + PAGE, 1);
	write(A, 1);
}
/** CPU 0 has another process, and has never run that of CPU 1, which has a second thread. */
function never_there(): void {
	start_threads(1);
	fork();
	const child = forked();

	on_cpu(1, () => {
		switch_to(child);
		pages();
		note(SPARE, thread());
	});
}

/** A process of one thread, on CPU 1. CPU 0 is idle, and has run a second thread of it that has read both pages. */
function alone(): void {
	start_threads(2);
	fork();
	on_cpu(1, pages);
	read(A);
	read(A + PAGE);
	exit_and_idle();
}
/** CPU 1 does something and lets go of the task, which CPU 0 perhaps gets. */
const hand_over = (fn: () => void) => [
	() => {
		note(2, run_task(pid_of(1)));
		note(0, noted(2) === 0 ? read(A) : 0);
	},
	() => {
		fn();
		user_idle();
	},
];
function take_back(): void {
	if (noted(2) === 0) user_idle();
	on_cpu(1, () => switch_to(pid_of(1)));
}

/** Threads on CPUs 0 and 1, one that runs nowhere, and a process beside them. CPU 0 has read both pages. */
function trimmed_next(): void {
	start_threads(2);
	fork();
	on_cpu(1, () => {
		pages();
		note(SPARE, thread());
	});
	read(A);
	read(A + PAGE);
	on_cpu(1, trim_at_next_flush);
}
/** The same, and CPU 0 has gone over to the other process. */
function away(): void {
	trimmed_next();
	switch_to(forked());
}

export const scenarios: Record<string, Scenario> = {
	"join-dontneed": {
		needs: ["mm_cpumask"],
		about: "a CPU runs a process for the first time beside MADV_DONTNEED of its other thread",
		patch: "none: switch_mm_irqs_off(), mm_cpumask()",
		invariant: "each CPU that has an address space is in its cpumask",
		setup: never_there,
		cpus: [spare_reads, zap],
		check: zapped,
	},
	"join-munmap": {
		needs: ["mm_cpumask"],
		about: "a CPU runs a process for the first time beside the munmap, with tables, of its other thread",
		patch: "none: switch_mm_irqs_off(), mm_cpumask()",
		invariant: "each CPU that has an address space is in its cpumask",
		setup: never_there,
		cpus: [spare_reads, unmap],
		check: unmapped,
	},
	"join-alone": {
		needs: ["mm_cpumask"],
		about: "two CPUs run a process for the first time; one gives a page up when the other may be gone",
		patch: "none: switch_mm_irqs_off(), mm_cpumask()",
		invariant: "each CPU that has an address space is in its cpumask",
		setup() {
			start_threads(1);
			pages();
			child_on(1);
			const child = fork();

			/* Where it touches nothing. */
			on_cpu(2, () => {
				switch_to(child);
				note(SPARE, thread());
				user_idle();
			});
		},
		cpus: [
			() => {
				switch_to(forked());
				note(0, read(A));
				exit_and_idle();
			},
			() => {
				switch_to(noted(SPARE));
				zap();
			},
		],
		check: zapped,
	},
	"alone-dontneed": {
		about: "the only thread gives a page up and goes to an idle CPU that had run a second one",
		patch: "none: arch/powerpc/mm/book3s64/radix_tlb.c exit_flush_lazy_tlbs(), do_exit_flush_lazy_tlb()",
		invariant: "who leaves a cpumask has no translation left",
		setup: alone,
		cpus: hand_over(zap),
		check() {
			take_back();
			zapped();
		},
	},
	"alone-twice": {
		about: "the only thread gives two pages up, and goes to another CPU after the one or after the other",
		patch: "none: arch/powerpc/mm/book3s64/radix_tlb.c flush_type_needed(); arch/x86/mm/tlb.c",
		invariant: "each flush is for whoever may have translations by then",
		setup: alone,
		cpus: [
			() => {
				note(2, run_task(pid_of(1)));
				note(0, noted(2) === 0 ? madvise_dontneed(A, PAGE) : 0);
				user_idle();
			},
			() => {
				note(1, madvise_dontneed(A + PAGE, PAGE));
				user_idle();
				note(3, run_task(pid_of(1)));
				note(4, noted(3) === 0 ? read(A + PAGE) : 0);
				user_idle();
			},
		],
		check() {
			check_that(noted(0) === 0 && noted(1) === 0, "madvise fails");
			check_that(noted(4) === 0, "the page has what was given up");
			on_cpu(1, () => switch_to(pid_of(1)));
			check_that(on_cpu(1, () => read(A + PAGE)) === 0, "the page has what was given up");
		},
	},
	"alone-exit": {
		about: "the second thread ends, and its CPU takes another process, beside MADV_DONTNEED of the first",
		patch: "none: arch/powerpc/mm/book3s64/radix_tlb.c exit_lazy_flush_tlb()",
		invariant: "a borrowed address space is let go of once",
		setup() {
			start_threads(2);
			fork();
			on_cpu(1, pages);
			read(A);
		},
		cpus: [
			() => {
				exit();
				switch_to(forked());
			},
			zap,
		],
		check() {
			check_that(noted(1) === 0 && on_cpu(1, () => read(A)) === 0, "the page has what was given up");
		},
	},
	"trim-dontneed": {
		needs: ["mask_trim"],
		about: "a CPU comes back to a process beside a flush that asks who may leave its cpumask",
		patch: "none: arch/powerpc/mm/book3s64/radix_tlb.c flush_type_needed(), exit_lazy_flush_tlb()",
		invariant: "each CPU that has an address space is in its cpumask, or has no translation",
		setup: away,
		cpus: [return_and_read, zap],
		check: zapped,
	},
	"trim-twice": {
		needs: ["mask_trim"],
		about: "a CPU that runs a process beside two flushes there; the first asks who may leave its cpumask",
		patch: "none: arch/powerpc/mm/book3s64/radix_tlb.c exit_lazy_flush_tlb()",
		invariant: "who is asked to leave a cpumask and runs the process stays",
		setup: trimmed_next,
		cpus: [
			() => note(0, read(A + PAGE)),
			() => {
				zap();
				note(2, madvise_dontneed(A + PAGE, PAGE));
			},
		],
		check() {
			check_that(noted(2) === 0 && read(A + PAGE) === 0, "the page has what was given up");
			zapped();
		},
	},
	"trim-lazy": {
		needs: ["mask_trim"],
		about: "an idle CPU goes on in what it has borrowed beside a flush that asks it to leave",
		patch: "none: arch/powerpc/mm/book3s64/radix_tlb.c exit_lazy_flush_tlb()",
		invariant: "each CPU that has an address space is in its cpumask, or has no translation",
		setup() {
			trimmed_next();
			exit_and_idle();
		},
		cpus: [spare_reads, zap],
		check: zapped,
	},
	"trim-munmap": {
		needs: ["mask_trim"],
		about: "a CPU comes back to a process beside munmap, with tables, that asks who may leave its cpumask",
		patch: "none: arch/powerpc/mm/book3s64/radix_tlb.c flush_type_needed(), exit_lazy_flush_tlb()",
		invariant: "who is not in the cpumask has no translation and no table",
		setup: away,
		cpus: [return_and_read, unmap],
		check: unmapped,
	},
	"trim-fork": {
		needs: ["mask_trim"],
		about: "a CPU leaves a process for its last one beside a flush that asks who may leave its cpumask",
		patch: "none: arch/powerpc/mm/book3s64/radix_tlb.c exit_lazy_flush_tlb()",
		invariant: "a borrowed address space is let go of once",
		setup: trimmed_next,
		cpus: [
			() => {
				user_idle();
				switch_to(forked());
				note(0, read(A) === -1 ? 0 : 2);
			},
			zap,
		],
		check: zapped,
	},
	"pid-reused": {
		about: "the end of a process beside a fork; the child may get its PID, on a CPU that knew the first",
		patch: "none: arch/powerpc/mm/book3s64/mmu_context.c destroy_context(); mm/mmap.c exit_mmap()",
		invariant: "a number is given to another address space when no translation by it is left",
		setup() {
			start_threads(2);
			child_on(2);
			on_cpu(1, pages);
			read(A);
			on_cpu(1, exit_and_idle);
			on_cpu(2, user_idle);
			on_cpu(1, () => switch_to(forked()));
		},
		cpus: [
			exit_and_idle,
			() => {
				const pid = fork();

				switch_to(pid);
				map(A, PAGE);
				note(0, read(A));
			},
		],
		check() {
			check_that(noted(0) === 0, "a task sees another's memory");
		},
	},
};
