// SPDX-License-Identifier: GPL-2.0-only
/** An anonymous page fault beside those who take pages away and hold the lock for reading only. */
import { MMU_GATHER_BUNDLE } from "asm-generic/tlb.ts";
import {
	A,
	check_that,
	LEN,
	madvise_dontneed,
	map,
	mmap,
	munmap,
	note,
	noted,
	PAGE,
	PROT_RW,
	read,
	type Scenario,
	start_threads,
	store,
	two_pages,
	untouched,
	V,
	write,
	written,
} from "../scenario.ts";

/** What a page table maps. */
const TABLE = 0x200000;
const MAP_FIXED_SHARED_ANON = 0x31;

/** So many pages of shared memory, all written: their entries are dirty, and are flushed before the lock is let go. */
function shared_written(pages: number): void {
	check_that(mmap(A, pages * PAGE, PROT_RW, MAP_FIXED_SHARED_ANON) === A, "mmap fails");
	for (let i = 0; i < pages; i++) write(A + i * PAGE, i + 1);
}
const MANY = MMU_GATHER_BUNDLE + 4;

export const scenarios: Record<string, Scenario> = {
	"zap-many": {
		about: "munmap of more dirty shared pages than a gather has room for",
		patch: "none: mm/memory.c zap_pte_range(), mm/mmu_gather.c tlb_next_batch()",
		invariant: "nothing is freed, and nobody sleeps, while the lock of the page table is held",
		setup() {
			start_threads(1);
			/* What is gathered fits into the gather itself, just, or needs a page more for its list. */
			for (const pages of [MMU_GATHER_BUNDLE - 1, MMU_GATHER_BUNDLE, MMU_GATHER_BUNDLE + 1]) {
				shared_written(pages);
				madvise_dontneed(A, pages * PAGE);
				check_that(read(A) === 1, "a shared page is lost");
				munmap(A, pages * PAGE);
			}
			shared_written(MANY);
		},
		cpus: [() => note(0, munmap(A, MANY * PAGE))],
		check() {
			check_that(noted(0) === 0 && read(A) === -1, "a page is mapped after munmap");
		},
	},
	"fault-dontneed": {
		about: "a write fault beside MADV_DONTNEED of its page, which does not take the lock for writing",
		patch: "V2.17 mm: add pte_map_lock() and pte_spinlock()",
		invariant: "the page has what was written, or zeroes",
		setup: written,
		cpus: [store, () => madvise_dontneed(A, LEN)],
		check() {
			const v = read(A);

			check_that(v === V || v === 0, "the page has what was given up");
		},
	},
	"fault-dontneed-tables": {
		about: "a write fault beside MADV_DONTNEED of a page below another page table",
		patch: "V2.18 mm: implement speculative handling in do_anonymous_page()",
		invariant: "the page that came and the one that went are counted",
		setup() {
			start_threads(2);
			map(A, TABLE + LEN);
			write(A + PAGE, 1);
			write(A + TABLE, 1);
		},
		cpus: [store, () => note(1, madvise_dontneed(A + TABLE, PAGE))],
		check() {
			check_that(noted(0) === 1 && noted(1) === 0, "a call fails");
			check_that(read(A) === V && read(A + TABLE) === 0, "a write is lost, or a page stays");
		},
	},
	"fault-dontneed-absent": {
		about: "a write fault on a page that was never touched beside MADV_DONTNEED of it",
		patch: "V2.17 mm: add pte_map_lock() and pte_spinlock()",
		invariant: "the page has what was written, or zeroes",
		setup: untouched,
		cpus: [store, () => note(1, madvise_dontneed(A, LEN))],
		check() {
			const v = read(A);

			check_that(noted(0) === 1 && noted(1) === 0, "a call fails");
			check_that(v === V || v === 0, "a value from nowhere");
		},
	},
	"fault-dontneed-twice": {
		about: "a write fault beside two MADV_DONTNEED in a row, which change no sequence and take its page-table lock each",
		patch: "V2.17 mm: add pte_map_lock() and pte_spinlock(); R24",
		invariant: "a fault does not wait for the lock again and again",
		setup: untouched,
		cpus: [
			store,
			() => {
				madvise_dontneed(A, LEN);
				madvise_dontneed(A, LEN);
			},
		],
		check() {
			const v = read(A);

			check_that(noted(0) === 1 && (v === V || v === 0), "the write is lost");
		},
	},
	"zap-zap": {
		about: "two MADV_DONTNEED, which take the lock for reading, beside a fault",
		patch: "V2.10 mm: add per-mm mmap sequence counter; R8",
		invariant: "the sequence is even while no writer is inside",
		setup: () => two_pages(3),
		cpus: [store, () => madvise_dontneed(A, LEN), () => madvise_dontneed(A, LEN)],
		check() {
			const v = read(A);

			check_that(v === V || v === 0, "a value from nowhere");
		},
	},
};
