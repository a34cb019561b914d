// SPDX-License-Identifier: GPL-2.0-only
/** An anonymous page fault beside munmap, beside other faults, and beside the end of its process. */
import {
	A,
	B,
	check_that,
	exit,
	exit_group,
	LEN,
	load,
	map,
	map_written,
	mprotect,
	munmap,
	note,
	noted,
	PAGE,
	PROT_READ,
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

const PROT_RWX = 7;
/** In the same page table as A. */
const NEIGHBOUR = A + 4 * PAGE;

/** Where page tables are made of what munmap() of A frees: a page, its table and a list of that. */
const TABLES = B + 0x200000;
const TABLE = 0x200000;
const FREED = 3;

function beside_neighbour(): void {
	untouched();
	map_written(NEIGHBOUR, 1);
}
/** And munmap of both may downgrade mmap_lock: what comes next is not the stack. */
function below_another(): void {
	beside_neighbour();
	map(B, PAGE);
}

export const scenarios: Record<string, Scenario> = {
	"fault-munmap": {
		about: "an anonymous fault beside the munmap of its page, which frees all page tables above it",
		patch: "V2.17 mm: add pte_map_lock() and pte_spinlock()",
		invariant: "after munmap nothing is mapped there",
		setup: untouched,
		cpus: [store, () => note(1, munmap(A, LEN))],
		check() {
			check_that(noted(1) === 0, "munmap fails");
			check_that(read(A) === -1, "a page is mapped after munmap");
		},
		quick: true,
		configs: ["ipitables.config"],
	},
	"fault-munmap-neighbour": {
		about: "a fault beside the munmap of the neighbour that shares nothing but the page tables above",
		patch: "V2.14 mm: add speculative_page_walk_begin() and speculative_page_walk_end()",
		invariant: "a page table is not freed while a fault fills it",
		setup() {
			untouched();
			map_written(B, 1);
		},
		cpus: [store, () => munmap(B, PAGE)],
		check() {
			check_that(noted(0) === 1 && read(A) === V, "the write is lost");
			check_that(read(B) === -1, "the neighbour is still there");
		},
		configs: ["ipitables.config"],
	},
	"fault-munmap-shared-table": {
		about: "a fault beside the munmap of a neighbour in the same page table, which stays",
		patch: "V2.10 mm: add per-mm mmap sequence counter; downgraded munmap",
		invariant: "a page table that is still needed is not freed",
		setup: below_another,
		cpus: [store, () => note(1, munmap(NEIGHBOUR, PAGE))],
		check() {
			check_that(noted(0) === 1 && read(A) === V, "the write is lost");
			check_that(noted(1) === 0 && read(NEIGHBOUR) === -1, "the neighbour is still there");
		},
	},
	"fault-munmap-kept-table": {
		about: "a fault beside the munmap of its page, where the page table stays for a neighbour",
		patch: "V2.17 mm: add pte_map_lock() and pte_spinlock()",
		invariant: "after munmap nothing is mapped there",
		setup: beside_neighbour,
		cpus: [store, () => note(1, munmap(A, LEN))],
		check() {
			check_that(noted(1) === 0, "munmap fails");
			check_that(read(A) === -1, "a page is mapped after munmap");
			check_that(read(NEIGHBOUR) === 1, "the neighbour is gone");
		},
	},
	"fault-munmap-downgraded": {
		about: "a fault beside the munmap of its page, which frees it and its page table under the read lock",
		patch: "V2.10 mm: add per-mm mmap sequence counter; downgraded munmap",
		invariant: "after munmap nothing is mapped there",
		setup() {
			untouched();
			map(B, PAGE);
		},
		cpus: [store, () => note(1, munmap(A, LEN))],
		check() {
			check_that(noted(1) === 0, "munmap fails");
			check_that(read(A) === -1, "a page is mapped after munmap");
		},
		configs: ["ipitables.config"],
	},
	"munmap-downgraded": {
		about: "a fault beside munmap, and a second writer that comes while the first still frees under the read lock",
		patch: "V2.10 mm: add per-mm mmap sequence counter",
		invariant: "the sequence is odd exactly while a writer is inside",
		setup() {
			untouched();
			map(B, PAGE);
		},
		cpus: [
			store,
			() => {
				munmap(A, LEN);
				note(1, munmap(B, PAGE));
			},
		],
		check() {
			check_that(noted(1) === 0, "the second munmap fails");
			check_that(read(A) === -1, "a page is mapped after munmap");
		},
	},
	"fault-reuse": {
		about: "a fault beside the munmap of its page and a new mapping in its place",
		patch: "V2.11 mm: rcu safe vma freeing",
		invariant: "what is read is of the mapping that is there",
		setup: written,
		cpus: [
			load,
			() => {
				munmap(A, LEN);
				map(A, LEN, PROT_READ);
			},
		],
		check() {
			check_that(noted(0) === 1 || noted(0) === 0 || noted(0) === -1, "a page of nobody was read");
			check_that(!write(A, 2), "the new mapping is writable");
		},
	},
	"fault-munmap-new-tables": {
		about: "a fault beside the munmap of its page, whose page table becomes another one",
		patch: "V2.17 mm: add pte_map_lock() and pte_spinlock(); R27",
		invariant: "nobody holds the lock of a page table that is free",
		setup() {
			beside_neighbour();
			for (let i = 1; i <= FREED; i++) map(TABLES + i * TABLE, PAGE);
			/* The table stays, and so do those above. */
			munmap(NEIGHBOUR, PAGE);
		},
		cpus: [
			store,
			() => {
				munmap(A, LEN);
				for (let i = 1; i <= FREED; i++) read(TABLES + i * TABLE);
			},
		],
		check() {
			check_that(read(A) === -1, "a page is mapped after munmap");
		},
		configs: ["ipitables.config"],
	},
	"fault-fault": {
		about: "the same write fault on two CPUs",
		patch: "V2.18 mm: implement speculative handling in do_anonymous_page()",
		invariant: "both write to one page",
		setup: untouched,
		cpus: [store, () => note(1, write(A + 8, V) ? 1 : 0)],
		check() {
			check_that(noted(0) === 1 && noted(1) === 1, "a write fails");
			check_that(read(A) === V && read(A + 8) === V, "a write is lost");
		},
		quick: true,
	},
	"fault-fault-tables": {
		about: "two write faults below two page tables, whose locks do not keep them apart",
		patch: "V2.18 mm: implement speculative handling in do_anonymous_page()",
		invariant: "both pages are counted",
		setup() {
			start_threads(2);
			map(A, TABLE + LEN);
			write(A + PAGE, 1);
			write(A + TABLE + PAGE, 1);
		},
		cpus: [store, () => note(1, write(A + TABLE, V) ? 1 : 0)],
		check() {
			check_that(noted(0) === 1 && noted(1) === 1, "a write fails");
			check_that(read(A) === V && read(A + TABLE) === V, "a write is lost");
		},
	},
	"fault-fault-first": {
		about: "the first two faults of a mapping: both want an anon_vma and a page table",
		patch: "none: mm/rmap.c __anon_vma_prepare(), mm/memory.c __pte_alloc()",
		invariant: "there is one of each, and who uses the other's sees it whole",
		setup() {
			start_threads(2);
			map(A, LEN);
		},
		cpus: [store, () => note(1, write(A + 8, V) ? 1 : 0)],
		check() {
			check_that(noted(0) === 1 && noted(1) === 1, "a write fails");
			check_that(read(A) === V && read(A + 8) === V, "a write is lost");
		},
	},
	"fault-anon-vma-shared": {
		about: "the first writes to two mappings side by side, of which one takes over the anon_vma of the other",
		patch: "none: mm/rmap.c __anon_vma_prepare()",
		invariant: "who sees an anon_vma sees what is in it",
		setup() {
			start_threads(2);
			map(A, LEN);
			mprotect(A + PAGE, PAGE, PROT_RWX);
		},
		cpus: [store, () => note(1, write(A + PAGE, V) ? 1 : 0)],
		check() {
			check_that(noted(0) === 1 && noted(1) === 1, "a write fails");
			check_that(read(A) === V && read(A + PAGE) === V, "a write is lost");
		},
	},
	"fault-anon-vma": {
		about: "the first two writes to a mapping that was read before: there is a page table, and no anon_vma",
		patch: "V2.18 mm: implement speculative handling in do_anonymous_page()",
		invariant: "an anon_vma is made with mmap_lock held",
		setup() {
			start_threads(2);
			map(A, LEN);
			read(A + PAGE);
		},
		cpus: [store, () => note(1, write(A + 8, V) ? 1 : 0)],
		check() {
			check_that(noted(0) === 1 && noted(1) === 1, "a write fails");
			check_that(read(A) === V && read(A + 8) === V, "a write is lost");
		},
	},
	"first-fault-munmap": {
		about: "the first fault below an entry for a page table beside the munmap of its page",
		patch: "V2.16 mm: implement speculative handling in __handle_mm_fault()",
		invariant: "a table that is installed is freed with the mapping",
		setup() {
			start_threads(2);
			map(A, LEN);
			/* The table above, and none for A. */
			map_written(B, 1);
		},
		cpus: [store, () => note(1, munmap(A, LEN))],
		check() {
			check_that(noted(1) === 0, "munmap fails");
			check_that(read(A) === -1, "a page is mapped after munmap");
		},
	},
	"fault-fault-munmap": {
		about: "two faulting CPUs beside one munmap",
		patch: "V2.17 mm: add pte_map_lock() and pte_spinlock()",
		invariant: "after munmap nothing is mapped there",
		setup: () => two_pages(3),
		cpus: [store, () => note(2, write(A + 8, V) ? 1 : 0), () => munmap(A, LEN)],
		check() {
			check_that(read(A) === -1, "a page is mapped after munmap");
		},
	},
	"fault-exit": {
		about: "a fault beside the end of the process by the other thread",
		patch: "V2.28 mm: disable speculative faults for single threaded user space",
		invariant: "nothing is left of the address space",
		setup: untouched,
		cpus: [
			() => {
				write(A, V);
			},
			exit_group,
		],
	},
	"fault-thread-exit": {
		about: "a fault beside the end of the only other thread, which makes the process single-threaded",
		patch: "V2.28 mm: disable speculative faults for single threaded user space",
		invariant: "the write is not lost, the address space stays",
		setup: untouched,
		cpus: [store, exit],
		check() {
			check_that(noted(0) === 1 && read(A) === V, "the write is lost");
		},
	},
};
