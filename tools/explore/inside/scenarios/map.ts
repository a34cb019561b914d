// SPDX-License-Identifier: GPL-2.0-only
/** A page fault beside calls that make mappings: over it, next to it, the heap; and such calls beside each other. */
import {
	A,
	B,
	brk,
	check_that,
	LEN,
	map,
	map_stack,
	map_written,
	mprotect,
	munmap,
	note,
	noted,
	on_cpu,
	PAGE,
	PROT_READ,
	read,
	type Scenario,
	start_threads,
	store,
	untouched,
	V,
	write,
	written,
} from "../scenario.ts";

/** On the page table of B. */
const ABOVE = B + 16 * PAGE;

/** Two pages of heap above the break as it was, the first one written. */
function heap(): void {
	untouched();
	const start = brk(0);

	note(8, start);
	brk(start + LEN);
	on_cpu(1, () => write(start, 1));
}

export const scenarios: Record<string, Scenario> = {
	"fault-map-over": {
		about: "a write fault beside mmap over its page, which unmaps what was there",
		patch: "V2.10 mm: add per-mm mmap sequence counter",
		invariant: "the new mapping has zeroes, or what was written after it came",
		setup: written,
		cpus: [
			store,
			() => {
				map(A, LEN);
				note(1, read(A));
			},
		],
		check() {
			check_that(noted(0) === 1, "a write fails");
			check_that(noted(1) === 0 || noted(1) === V, "the new mapping has a page of the old one");
			const v = read(A);

			check_that(v === V || (v === 0 && noted(1) === 0), "the write is lost");
			check_that(read(A + PAGE) === 0, "a page of the old mapping is still there");
		},
	},
	"fault-map-over-ro": {
		about: "a write fault beside mmap of a read-only mapping over its page",
		patch: "V2.10 mm: add per-mm mmap sequence counter",
		invariant: "nobody writes to a read-only mapping",
		setup: untouched,
		cpus: [
			store,
			() => {
				map(A, LEN, PROT_READ);
				note(1, read(A));
			},
		],
		check() {
			check_that(noted(1) === 0 && read(A) === 0, "a write reached the new mapping");
			check_that(!write(A, 1), "the new mapping is writable");
		},
	},
	"fault-map-next": {
		about: "a write fault beside mmap right behind its vma, which then grows over it",
		patch: "V2.11 mm: rcu safe vma freeing",
		invariant: "both writes are there, at one vma",
		setup: untouched,
		cpus: [store, () => note(1, map_written(A + LEN, 2) ? 1 : 0)],
		check() {
			check_that(noted(0) === 1 && read(A) === V, "the write is lost");
			check_that(noted(1) === 1 && read(A + LEN) === 2, "a write to the new page is lost");
		},
	},
	"fault-map-between": {
		about: "a write fault beside mmap of the gap between its vma and the next one, which all become one",
		patch: "V2.11 mm: rcu safe vma freeing",
		invariant: "the write is not lost",
		setup() {
			untouched();
			map_written(A + LEN + PAGE, 3);
		},
		cpus: [store, () => map(A + LEN, PAGE)],
		check() {
			check_that(noted(0) === 1 && read(A) === V, "the write is lost");
			check_that(read(A + LEN) === 0 && read(A + LEN + PAGE) === 3, "a neighbour's page is lost");
		},
	},
	"fault-brk": {
		about: "a write fault on the heap beside brk, which takes its page away",
		patch: "V2.10 mm: add per-mm mmap sequence counter",
		invariant: "above the break nothing is mapped",
		setup: heap,
		cpus: [() => note(0, write(noted(8) + PAGE, V) ? 1 : 0), () => note(1, brk(noted(8) + PAGE))],
		check() {
			check_that(noted(1) === noted(8) + PAGE, "brk fails");
			check_that(read(noted(8)) === 1, "what stays below the break is lost");
			check_that(read(noted(8) + PAGE) === -1, "a page is mapped above the break");
		},
	},
	"fault-brk-grow": {
		about: "a write fault on the heap beside brk, which makes it grow",
		patch: "V2.10 mm: add per-mm mmap sequence counter",
		invariant: "the writes are not lost",
		setup: heap,
		cpus: [
			() => note(0, write(noted(8) + PAGE, V) ? 1 : 0),
			() => {
				brk(noted(8) + 2 * LEN);
				note(1, write(noted(8) + LEN, 2) ? 1 : 0);
			},
		],
		check() {
			check_that(
				noted(0) === 1 && read(noted(8) + PAGE) === V && read(noted(8)) === 1,
				"the write is lost",
			);
			check_that(noted(1) === 1 && read(noted(8) + LEN) === 2, "the heap has not grown");
		},
	},
	"munmap-munmap": {
		about: "two munmaps that overlap, each downgraded",
		patch: "V2.10 mm: add per-mm mmap sequence counter; downgraded munmap",
		invariant: "what both unmapped is freed once",
		setup() {
			written();
			map_written(A + LEN, 1);
			/* Below a stack munmap does not downgrade. */
			map(B, PAGE);
		},
		cpus: [() => note(0, munmap(A, LEN)), () => note(1, munmap(A + PAGE, LEN))],
		check() {
			check_that(noted(0) === 0 && noted(1) === 0, "munmap fails");
			check_that(
				read(A) === -1 && read(A + PAGE) === -1 && read(A + LEN) === -1,
				"a page is still mapped",
			);
		},
	},
	"munmap-stack": {
		about: "the munmap of a read-only mapping beside the growth of a stack into its place",
		patch: "V2.10 mm: add per-mm mmap sequence counter; downgraded munmap",
		invariant: "a stack does not grow into what is still being unmapped",
		setup() {
			untouched();
			map(B, LEN, PROT_READ);
			map_stack(B + LEN + PAGE, PAGE);
			write(B + LEN + PAGE, 1);
			read(B + PAGE);
		},
		cpus: [() => note(0, munmap(B, LEN)), () => note(1, write(B + PAGE, V) ? 1 : 0)],
		check() {
			check_that(noted(0) === 0, "munmap fails");
			if (noted(1) === 1) check_that(read(B + PAGE) === V, "the write to the stack is lost");
			else check_that(write(B + PAGE, V), "the stack does not grow into what is free");
		},
	},
	"munmap-stack-fault": {
		about: "a fault on a stack beside its growth by another thread and the munmap of something else",
		patch: "none: expand_downwards(), R29; downgraded munmap",
		invariant: "a page has the index of its address",
		setup() {
			start_threads(3);
			map_stack(B, LEN);
			write(B + PAGE, 1);
			map_written(ABOVE, 1);
			map(ABOVE + LEN, PAGE);
		},
		cpus: [
			() => note(0, write(B, V) ? 1 : 0),
			() => note(1, write(B - PAGE, V) ? 1 : 0),
			() => note(2, munmap(ABOVE, PAGE)),
		],
		check() {
			check_that(noted(0) === 1 && noted(1) === 1 && noted(2) === 0, "a call fails");
			check_that(read(B) === V && read(B - PAGE) === V && read(ABOVE) === -1, "a write is lost");
		},
	},
	"fault-munmap-middle": {
		about: "a write fault beside the munmap of the page in the middle of its vma, of which two remain",
		patch: "V2.11 mm: rcu safe vma freeing",
		invariant: "what is above has its pages and their indices",
		setup() {
			untouched();
			map_written(A + LEN, 3);
		},
		cpus: [store, () => note(1, munmap(A + PAGE, PAGE))],
		check() {
			check_that(noted(0) === 1 && read(A) === V, "the write is lost");
			check_that(noted(1) === 0 && read(A + PAGE) === -1, "the page is still there");
			check_that(read(A + LEN) === 3 && write(A + LEN + 1, 4), "a page above is lost");
		},
	},
	"fault-split-head": {
		about: "a write fault on the third page of a vma beside mprotect of the first one",
		patch: "V2.10 mm: add per-mm mmap sequence counter",
		invariant: "the write is not lost, the protection is that of the page",
		setup() {
			untouched();
			map(A + LEN, LEN);
		},
		cpus: [() => note(0, write(A + LEN, V) ? 1 : 0), () => mprotect(A, PAGE, PROT_READ)],
		check() {
			check_that(noted(0) === 1 && read(A + LEN) === V && read(A + PAGE) === 1, "the write is lost");
			check_that(!write(A, 1), "the first page is still writable");
		},
	},
	"map-map": {
		about: "two mmaps of neighbouring places, which merge in either order",
		patch: "none: vma_merge()",
		invariant: "both are there",
		setup: untouched,
		cpus: [() => note(0, map_written(B, 1) ? 1 : 0), () => note(1, map_written(B + PAGE, 2) ? 1 : 0)],
		check() {
			check_that(noted(0) === 1 && noted(1) === 1, "a write fails");
			check_that(read(B) === 1 && read(B + PAGE) === 2, "a write is lost");
			check_that(on_cpu(1, () => read(B)) === 1, "the other CPU sees another page");
		},
	},
};
