// SPDX-License-Identifier: GPL-2.0-only
/** Pages that are shared until somebody writes: fork, and the zero page. */
import {
	A,
	as_child,
	check_that,
	child_on,
	fork,
	LEN,
	madvise_dontneed,
	map,
	munmap,
	note,
	noted,
	on_cpu,
	PAGE,
	read,
	run_task,
	type Scenario,
	start_threads,
	store,
	thread,
	two_pages,
	untouched,
	V,
	write,
	written,
} from "../scenario.ts";

/** Says that something has been written. */
const FLAG = A + 8 * PAGE;
/** To look at the zero page through. */
const ZEROES = A + 16 * PAGE;

/** A child has the first page as well; CPU 0 has no translation of it. */
function shared(): void {
	written();
	fork();
}
/** CPU 0 has a written page; two threads of its child, on CPUs 1 and 2, have it, too, and one of them has read it. */
function read_by_child(): void {
	start_threads(1);
	map(A, LEN);
	write(A, 1);
	child_on(1);
	const sibling = on_cpu(1, thread);

	on_cpu(2, () => {
		run_task(sibling);
		read(A);
	});
}

export const scenarios: Record<string, Scenario> = {
	"fault-fork": {
		about: "a write to a page beside fork, which shares it for copy-on-write",
		patch: "V2.27 mm: implement and enable speculative fault handling in handle_pte_fault()",
		invariant: "parent and child do not see each other's writes after fork",
		setup: written,
		cpus: [store, () => fork()],
		check() {
			check_that(read(A) === V, "the parent's write is lost");
			const child = as_child(() => read(A));

			check_that(child === V || child === 1, "the child sees a page of nobody");
			write(A, 3);
			check_that(as_child(() => read(A)) === child, "the child sees the parent's write");
		},
	},
	"cow-munmap": {
		about: "a copy-on-write fault beside the munmap of its page",
		patch: "V2.26 mm: implement speculative handling in wp_page_copy()",
		invariant: "after munmap nothing is mapped there",
		setup: shared,
		cpus: [store, () => munmap(A, LEN)],
		check() {
			check_that(read(A) === -1, "a page is mapped after munmap");
		},
	},
	"cow-fork": {
		about: "a copy-on-write fault on a page that a child has, too, beside another fork",
		patch: "V2.26 mm: implement speculative handling in wp_page_copy()",
		invariant: "a child has the page as it was at its fork",
		setup: shared,
		cpus: [store, () => note(1, fork())],
		check() {
			check_that(noted(0) === 1 && read(A) === V, "the parent's write is lost");
			check_that(noted(1) > 0, "fork fails");
			const child = as_child(() => read(A));

			check_that(child === V || child === 1, "the child sees a page of nobody");
		},
	},
	"cow-read": {
		about: "a copy-on-write fault beside a read of the page by another thread, which has a translation of it",
		patch: "V2.26 mm: implement speculative handling in wp_page_copy()",
		invariant: "all threads see one page",
		setup: shared,
		cpus: [store, () => note(1, read(A))],
		check() {
			check_that(noted(1) === 1 || noted(1) === V, "a value from nowhere");
			check_that(on_cpu(1, () => read(A)) === V, "another thread does not see the write");
		},
	},
	"cow-write-read": {
		about: "a copy-on-write fault beside a write to the copy, and a third thread that hears of that",
		patch: "V2.26 mm: implement speculative handling in wp_page_copy()",
		invariant: "who has heard of a write sees it: no old translation is left when the copy is mapped",
		/* Under lkmm programs' stores and loads have no order of their own. */
		models: ["sc", "tso"],
		setup() {
			start_threads(3);
			map(A, LEN);
			map(FLAG, PAGE);
			write(A, 1);
			write(FLAG, 0);
			fork();
			on_cpu(1, () => write(FLAG, 0));
			on_cpu(2, () => note(2, read(A) + read(FLAG)));
		},
		cpus: [
			() => note(0, write(A + 8, V) ? 1 : 0),
			() => note(1, write(A, V) && write(FLAG, 1) ? 1 : 0),
			() => note(2, read(FLAG) === 1 ? read(A) : V),
		],
		check() {
			check_that(noted(0) === 1 && noted(1) === 1, "a write fails");
			check_that(noted(2) === V, "a thread that has heard of a write does not see it");
		},
	},
	"cow-dontneed": {
		about: "a copy-on-write fault beside MADV_DONTNEED of its page",
		patch: "V2.26 mm: implement speculative handling in wp_page_copy()",
		invariant: "the page has what was written, or zeroes",
		setup: shared,
		cpus: [store, () => madvise_dontneed(A, LEN)],
		check() {
			const v = read(A);

			check_that(v === V || v === 0, "the page has what was given up");
		},
	},
	"cow-cow": {
		about: "two copy-on-write faults on one page, which a child has, too",
		patch: "V2.26 mm: implement speculative handling in wp_page_copy()",
		invariant: "both write to one copy, the child sees neither",
		setup: shared,
		cpus: [store, () => note(1, write(A + 8, V) ? 1 : 0)],
		check() {
			check_that(noted(0) === 1 && noted(1) === 1, "a write fails");
			check_that(read(A) === V && read(A + 8) === V, "a write is lost");
			as_child(() => {
				check_that(read(A) === 1 && read(A + 8) === 0, "the child sees a write of its parent");
			});
		},
	},
	"zero-cow": {
		about: "two write faults on a page of which both CPUs have the zero page",
		patch: "V2.26 mm: implement speculative handling in wp_page_copy()",
		invariant: "both write to one page, and not to the zero page",
		setup() {
			untouched();
			read(A);
			on_cpu(1, () => read(A));
			map(ZEROES, PAGE);
		},
		cpus: [store, () => note(1, write(A + 8, V) ? 1 : 0)],
		check() {
			check_that(noted(0) === 1 && noted(1) === 1, "a write fails");
			check_that(read(A) === V && read(A + 8) === V, "a write is lost");
			check_that(read(ZEROES) === 0 && read(ZEROES + 1) === 0, "the zero page was written to");
		},
	},
	"zero-fault": {
		about: "a read fault, which maps the zero page, beside a write fault",
		patch: "V2.18 mm: implement speculative handling in do_anonymous_page()",
		invariant: "the write is not lost",
		setup: untouched,
		cpus: [() => note(0, read(A)), () => note(1, write(A, V) ? 1 : 0)],
		check() {
			check_that(noted(0) === 0 || noted(0) === V, "a value from nowhere");
			check_that(noted(1) === 1 && read(A) === V, "the write is lost");
		},
	},
	"fork-stale-tlb": {
		about: "fork beside a CPU that may write to a page, and one that faults on it when it may not any more",
		patch: "V2.10 mm: add per-mm mmap sequence counter; D12.18; R10",
		invariant: "no page is copied while somebody can still write to it",
		setup() {
			two_pages(3);
			write(A, 1);
		},
		cpus: [store, () => note(1, fork()), () => note(2, write(A + 8, V) ? 1 : 0)],
		check() {
			check_that(noted(0) === 1 && noted(1) > 0 && noted(2) === 1, "a call fails");
			check_that(read(A) === V && read(A + 8) === V, "a write is lost");
		},
	},
	"cow-dontneed-read": {
		about: "a write to a page that a child has, too, and gives up; its other thread has a translation",
		patch: "none: do_wp_page(), zap_pte_range()",
		invariant: "a page is taken over only when nobody can read it any more",
		setup: read_by_child,
		cpus: [store, () => note(1, madvise_dontneed(A, PAGE)), () => note(2, read(A))],
		check() {
			check_that(noted(0) === 1 && read(A) === V && noted(1) === 0, "the write is lost");
			check_that(noted(2) === 1 || noted(2) === 0, "the child sees what its parent writes");
		},
	},
	"cow-munmap-read": {
		about: "a write to a page that a child has, too, and unmaps; its other thread has a translation",
		patch: "none: do_wp_page(), unmap_region()",
		invariant: "a page is taken over only when nobody can read it any more",
		setup: read_by_child,
		cpus: [store, () => note(1, munmap(A, LEN)), () => note(2, read(A))],
		check() {
			check_that(noted(0) === 1 && read(A) === V && noted(1) === 0, "the write is lost");
			check_that(noted(2) === 1 || noted(2) === -1, "the child sees what its parent writes");
		},
	},
};
