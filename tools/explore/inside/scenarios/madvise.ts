// SPDX-License-Identifier: GPL-2.0-only
/**
 * A page fault beside madvise() that changes entries under the read lock
 * (MADV_FREE, MADV_COLD), fills them (MADV_POPULATE_*), or changes vmas.
 */
import { MADV_COLD, MADV_FREE, MADV_PAGEOUT, MADV_POPULATE_WRITE, MADV_RANDOM, MADV_SEQUENTIAL } from "linux/mman.ts";
import {
	A,
	check_protected,
	check_that,
	fork,
	is_dirty,
	LEN,
	madvise,
	madvise_dontneed,
	map_written,
	mprotect,
	munmap,
	note,
	noted,
	on_cpu,
	PAGE,
	protect,
	read,
	type Scenario,
	store,
	untouched,
	V,
	write,
	written,
} from "../scenario.ts";

const PROT_RWX = 7;

/** The first page is written to and clean, and young: CPU 1 has looked at it since. CPU 0 has no translation. */
function clean(): void {
	written();
	madvise(A, LEN, MADV_FREE);
	on_cpu(1, () => read(A));
}
/** CPU 0 may write without a walk. */
function cached(): void {
	written();
	write(A, 2);
}
function check_dirty(): void {
	check_that(noted(0) === 1 && read(A) === V, "the write is lost");
	check_that(is_dirty(A), "a page that was written to is clean");
}

function free_and_look(): void {
	madvise(A, LEN, MADV_FREE);
	note(1, read(A));
}
function check_free(): void {
	check_that(noted(0) === 1 && read(A) === V, "the write is lost");
	check_that(noted(1) === V || is_dirty(A), "a page that was written to after MADV_FREE is clean");
}

export const scenarios: Record<string, Scenario> = {
	"tlb-free": {
		about: "a write through the TLB beside MADV_FREE, which makes the page clean",
		patch: "none: mm/madvise.c madvise_free_pte_range()",
		invariant: "a write that comes after MADV_FREE makes the page dirty again",
		setup: cached,
		cpus: [store, free_and_look],
		check: check_free,
	},
	"fault-free": {
		about: "a first write to a clean page beside MADV_FREE of it",
		patch: "none: mm/madvise.c madvise_free_pte_range()",
		invariant: "a write that comes after MADV_FREE makes the page dirty again",
		setup: clean,
		cpus: [store, free_and_look],
		check: check_free,
	},
	"fault-cold": {
		about: "a first write to a clean page beside MADV_COLD, which makes its entry old",
		patch: "none: mm/madvise.c madvise_cold_or_pageout_pte_range()",
		invariant: "the dirty bit that the walker sets is not lost",
		setup: clean,
		cpus: [store, () => note(1, madvise(A, LEN, MADV_COLD))],
		check() {
			check_that(noted(1) === 0, "MADV_COLD fails");
			check_dirty();
		},
	},
	"fault-mprotect-dirty": {
		about: "a first write to a clean page beside mprotect, after which it is still writable",
		patch: "none: mm/mprotect.c change_pte_range()",
		invariant: "the dirty bit that the walker sets is not lost",
		setup: clean,
		cpus: [store, () => note(1, mprotect(A, LEN, PROT_RWX))],
		check() {
			check_that(noted(1) === 0, "mprotect fails");
			check_dirty();
		},
	},
	"dontneed-dirty": {
		about: "a first write to a clean page, in whose entry the walker sets a bit, beside MADV_DONTNEED",
		patch: "none: arch/x86/mm/mmu.ts mmu_walk()",
		invariant: "an entry that was taken out does not come back",
		setup: clean,
		cpus: [
			store,
			() => {
				madvise_dontneed(A, LEN);
				note(1, read(A));
			},
		],
		check() {
			check_that(
				noted(0) === 1 && (noted(1) === 0 || noted(1) === V),
				"the page has what was given up",
			);
			check_that(read(A) === V || (read(A) === 0 && noted(1) === 0), "the write went elsewhere");
		},
	},
	"fork-dirty": {
		about: "a first write to a clean page beside fork, which makes its entry read-only",
		patch: "none: mm/memory.c copy_present_pte(), ptep_set_wrprotect()",
		invariant: "the dirty bit that the walker sets is not lost",
		setup: clean,
		cpus: [store, () => note(1, fork())],
		check() {
			check_that(noted(1) > 0, "fork fails");
			check_dirty();
		},
	},
	"free-dontneed": {
		about: "MADV_FREE beside MADV_DONTNEED of the same page, both with the lock for reading",
		patch: "none: mm/madvise.c madvise_free_pte_range()",
		invariant: "a page that was given up does not come back",
		setup: written,
		cpus: [
			() => note(0, madvise(A, LEN, MADV_FREE)),
			() => {
				madvise_dontneed(A, LEN);
				note(1, read(A));
			},
		],
		check() {
			check_that(noted(0) === 0 && noted(1) === 0, "a page is there after MADV_DONTNEED");
			check_that(read(A) === 0, "a page comes back");
		},
	},
	"cold-free": {
		about: "MADV_COLD beside MADV_FREE of the same page",
		patch: "none: mm/madvise.c",
		invariant: "the page is still there, and clean",
		setup: written,
		cpus: [() => note(0, madvise(A, LEN, MADV_COLD)), () => note(1, madvise(A, LEN, MADV_FREE))],
		check() {
			check_that(
				noted(0) === 0 && noted(1) === 0 && !is_dirty(A) && read(A) === 1,
				"the page is lost, or dirty",
			);
		},
	},
	"pageout-munmap": {
		about: "MADV_PAGEOUT beside the munmap of its page",
		patch: "none: mm/madvise.c madvise_cold_or_pageout_pte_range()",
		invariant: "after munmap nothing is mapped there",
		setup: written,
		cpus: [() => note(0, madvise(A, LEN, MADV_PAGEOUT)), () => note(1, munmap(A, LEN))],
		check() {
			check_that(noted(1) === 0 && read(A) === -1, "a page is mapped after munmap");
			check_that(noted(0) === 0 || noted(0) === -12, "MADV_PAGEOUT answers something else");
		},
	},
	"fault-populate": {
		about: "a write fault on the page that MADV_POPULATE_WRITE brings in",
		patch: "V2.18 mm: implement speculative handling in do_anonymous_page()",
		invariant: "both have one page",
		setup: untouched,
		cpus: [store, () => note(1, madvise(A, LEN, MADV_POPULATE_WRITE))],
		check() {
			check_that(noted(0) === 1 && noted(1) === 0 && read(A) === V, "the write is lost");
		},
	},
	"populate-munmap": {
		about: "MADV_POPULATE_WRITE beside the munmap of its range",
		patch: "none: mm/madvise.c madvise_populate()",
		invariant: "after munmap nothing is mapped there",
		setup: untouched,
		cpus: [() => note(0, madvise(A, LEN, MADV_POPULATE_WRITE)), () => note(1, munmap(A, LEN))],
		check() {
			check_that(noted(1) === 0 && read(A) === -1, "a page is mapped after munmap");
			check_that(noted(0) === 0 || noted(0) === -12, "MADV_POPULATE_WRITE answers something else");
		},
	},
	"fault-advice-split": {
		about: "a write fault beside advice for the other half of its vma, which splits it",
		patch: "V2.10 mm: add per-mm mmap sequence counter",
		invariant: "the write is not lost",
		setup: untouched,
		cpus: [store, () => note(1, madvise(A + PAGE, PAGE, MADV_RANDOM))],
		check() {
			check_that(
				noted(0) === 1 && noted(1) === 0 && read(A) === V && read(A + PAGE) === 1,
				"the write is lost",
			);
		},
	},
	"fault-advice-several": {
		about: "a write fault in the first of three vmas beside advice that makes one of all, over a gap",
		patch: "none: mm/madvise.c madvise_walk_vmas()",
		invariant: "what is mapped takes the advice, what is not is answered with ENOMEM",
		setup() {
			untouched();
			madvise(A + PAGE, PAGE, MADV_SEQUENTIAL);
			map_written(A + LEN + PAGE, 3);
		},
		cpus: [store, () => note(1, madvise(A, 2 * LEN, MADV_RANDOM))],
		check() {
			check_that(noted(0) === 1 && read(A) === V && read(A + LEN + PAGE) === 3, "the write is lost");
			check_that(noted(1) === -12, "the gap is not reported");
			check_that(read(A + LEN) === -1 && read(A + PAGE) === 1, "the gap is filled");
		},
	},
	"dontneed-munmap": {
		about: "MADV_DONTNEED of three pages beside the munmap of the one in the middle",
		patch: "none: mm/madvise.c madvise_walk_vmas()",
		invariant: "the pages on both sides are given up",
		setup() {
			untouched();
			map_written(A + LEN, 3);
		},
		cpus: [() => note(0, madvise_dontneed(A, LEN + PAGE)), () => note(1, munmap(A + PAGE, PAGE))],
		check() {
			check_that(noted(1) === 0 && (noted(0) === 0 || noted(0) === -12), "a call fails");
			check_that(read(A) === 0 && read(A + PAGE) === -1 && read(A + LEN) === 0, "a page is left");
		},
	},
	"free-mprotect": {
		about: "MADV_FREE beside mprotect to read-only of its page, and a write",
		patch: "none: mm/madvise.c madvise_free_pte_range()",
		invariant: "after mprotect(PROT_READ) nobody writes",
		setup: written,
		cpus: [
			() => {
				madvise(A, LEN, MADV_FREE);
				note(0, write(A, V) ? 1 : 0);
			},
			protect,
		],
		check() {
			check_protected(1);
		},
	},
};
