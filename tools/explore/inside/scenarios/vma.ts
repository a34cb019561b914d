// SPDX-License-Identifier: GPL-2.0-only
/** An anonymous page fault beside calls that change its vma: protection, bounds, neighbours. */
import {
	A,
	check_protected,
	check_that,
	LEN,
	load,
	map,
	map_stack,
	map_written,
	mprotect,
	note,
	noted,
	PAGE,
	PROT_READ,
	PROT_RW,
	protect,
	read,
	type Scenario,
	start_threads,
	store,
	two_pages,
	untouched,
	V,
	write,
} from "../scenario.ts";

export const scenarios: Record<string, Scenario> = {
	"fault-mprotect-ro": {
		about: "a write fault beside mprotect to read-only",
		patch: "V2.10 mm: add per-mm mmap sequence counter",
		invariant: "after mprotect(PROT_READ) nobody writes",
		setup: untouched,
		cpus: [store, protect],
		check() {
			check_protected(0);
		},
	},
	"fault-mprotect-rw": {
		about: "a read fault beside mprotect to read-write, and a write after it",
		patch: "V2.10 mm: add per-mm mmap sequence counter",
		invariant: "after mprotect(PROT_READ|PROT_WRITE) a write succeeds",
		setup: () => two_pages(2, PROT_READ),
		cpus: [
			load,
			() => {
				mprotect(A, LEN, PROT_RW);
				note(1, write(A, V) ? 1 : 0);
			},
		],
		check() {
			check_that(noted(1) === 1, "a write fails that is allowed");
			check_that(noted(0) === 0 || noted(0) === V, "a value from nowhere");
			check_that(read(A) === V, "a write is lost");
		},
	},
	"fault-split": {
		about: "a fault beside a split of its vma",
		patch: "V2.13 x86/mm: attempt speculative mm faults first",
		invariant: "the write is not lost, the protection is that of the page",
		setup: untouched,
		cpus: [store, () => mprotect(A + PAGE, PAGE, PROT_READ)],
		check() {
			check_that(noted(0) === 1 && read(A) === V, "the write is lost");
			check_that(!write(A + PAGE, 1), "the other half is still writable");
		},
	},
	"fault-merge": {
		about: "a fault beside the merge of its vma with the next one, which dies",
		patch: "V2.11 mm: rcu safe vma freeing",
		invariant: "the write is not lost",
		setup() {
			untouched();
			mprotect(A + PAGE, PAGE, PROT_READ);
		},
		cpus: [() => note(0, read(A)), () => mprotect(A + PAGE, PAGE, PROT_RW)],
		check() {
			check_that(noted(0) === 0, "a read fails");
			check_that(write(A + PAGE, V), "the merged part is not writable");
		},
	},
	"fault-merge-lend": {
		about: "the first fault of a vma beside mmap of the gap behind it: the vma after the gap lends its anon_vma",
		patch: "V2.11 mm: rcu safe vma freeing; anon_vma_clone() in __vma_adjust()",
		invariant: "pages that come to a vma by a merge are found through its anon_vma",
		setup() {
			start_threads(2);
			map_written(A + LEN, 1);
			map(A, PAGE);
		},
		cpus: [store, () => map(A + PAGE, PAGE)],
		check() {
			check_that(noted(0) === 1 && read(A) === V, "the write is lost");
			check_that(
				read(A + PAGE) === 0 && read(A + LEN) === 1 && write(A + LEN, 2),
				"the page of the other vma is lost",
			);
		},
	},
	"stack-expand": {
		about: "a fault on a stack beside its growth by another thread, which changes vm_start and vm_pgoff under the read lock",
		patch: "none: expand_downwards(), R29",
		invariant: "a page has the index of its address",
		setup() {
			start_threads(2);
			map_stack(A + 0x100000, LEN);
			write(A + 0x100000 + PAGE, 1);
		},
		cpus: [
			() => note(0, write(A + 0x100000, V) ? 1 : 0),
			() => note(1, write(A + 0x100000 - PAGE, V) ? 1 : 0),
		],
		check() {
			check_that(noted(0) === 1 && noted(1) === 1, "a write to the stack fails");
			check_that(read(A + 0x100000) === V && read(A + 0x100000 - PAGE) === V, "a write is lost");
		},
	},
};
