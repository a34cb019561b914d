// SPDX-License-Identifier: GPL-2.0-only
/** Calls that make, change or take away several vmas, beside a fault or beside each other; the heap; stacks. */
import { MAP_FIXED_NOREPLACE, MAP_PRIVATE } from "linux/mman.ts";
import {
	A,
	B,
	brk,
	check_that,
	LEN,
	map,
	map_stack,
	map_written,
	mmap,
	mprotect,
	munmap,
	note,
	noted,
	on_cpu,
	PAGE,
	PROT_READ,
	PROT_RW,
	read,
	type Scenario,
	STACK_TOP,
	start_threads,
	untouched,
	V,
	write,
} from "../scenario.ts";

const ENOMEM = 12;
const EEXIST = 17;
const PROT_RWX = 7;
const STACK_AT = A + 0x300000;

/** A heap of one page, written. */
function heap(): void {
	untouched();
	note(8, brk(0));
	brk(noted(8) + PAGE);
	write(noted(8), 1);
}
/** Two vmas of one page each at A, both written. */
function two(): void {
	untouched();
	write(A, 2);
	mprotect(A + PAGE, PAGE, PROT_RWX);
}
/** An address that fits into a note. */
function page_below_top(addr: number): number {
	check_that(addr > 0 && addr < STACK_TOP, "mmap fails");
	return (STACK_TOP - addr) / PAGE;
}

export const scenarios: Record<string, Scenario> = {
	"brk-brk": {
		about: "two brks that make the heap grow",
		patch: "none: mm/mmap.c sys_brk()",
		invariant: "the heap ends at the break",
		setup: heap,
		cpus: [() => note(0, brk(noted(8) + 2 * PAGE)), () => note(1, brk(noted(8) + 3 * PAGE))],
		check() {
			const now = brk(0);

			check_that(noted(0) === noted(8) + 2 * PAGE && noted(1) === noted(8) + 3 * PAGE, "brk fails");
			check_that(now === noted(0) || now === noted(1), "the break is elsewhere");
			check_that(
				read(noted(8)) === 1 && read(now - PAGE) === 0 && read(now) === -1,
				"the heap does not end at the break",
			);
		},
	},
	"brk-shrink-grow": {
		about: "a brk that makes the heap shrink, which ends under the read lock, beside one that makes it grow",
		patch: "V2.10 mm: add per-mm mmap sequence counter; downgraded munmap",
		invariant: "the heap ends at the break, and what comes anew is zero",
		setup() {
			heap();
			brk(noted(8) + 2 * PAGE);
			write(noted(8) + PAGE, 2);
		},
		cpus: [() => note(0, brk(noted(8) + PAGE)), () => note(1, brk(noted(8) + 3 * PAGE))],
		check() {
			const now = brk(0);

			check_that(noted(0) === noted(8) + PAGE && noted(1) === noted(8) + 3 * PAGE, "brk fails");
			check_that(read(noted(8)) === 1 && read(now) === -1, "the heap does not end at the break");
			if (now === noted(1))
				check_that(
					read(noted(8) + PAGE) === 0 && read(noted(8) + LEN) === 0,
					"an old page is in the new heap",
				);
		},
	},
	"brk-map": {
		about: "a brk that makes the heap grow beside mmap right above it",
		patch: "none: mm/mmap.c sys_brk()",
		invariant: "the heap does not grow into a mapping",
		setup: heap,
		cpus: [() => note(0, brk(noted(8) + 3 * PAGE)), () => note(1, map_written(noted(8) + LEN, 4) ? 1 : 0)],
		check() {
			check_that(noted(1) === 1 && read(noted(8) + LEN) === 4, "the write is lost");
			check_that(
				noted(0) === noted(8) + PAGE || noted(0) === noted(8) + 3 * PAGE,
				"brk answers something else",
			);
		},
	},
	"map-anywhere": {
		about: "two mmaps that take what place there is",
		patch: "none: mm/mmap.c vm_unmapped_area()",
		invariant: "they get two places",
		setup: untouched,
		cpus: [
			() => note(0, page_below_top(mmap(0, PAGE, PROT_RW, MAP_PRIVATE))),
			() => note(1, page_below_top(mmap(0, PAGE, PROT_READ, MAP_PRIVATE))),
		],
		check() {
			const at = [0, 1].map((cpu) => STACK_TOP - noted(cpu) * PAGE);

			check_that(at[0] !== at[1], "two mappings are at one place");
			check_that(
				write(at[0], 1) && read(at[1]) === 0 && !write(at[1], 1),
				"a mapping is not what was asked for",
			);
		},
	},
	"map-noreplace": {
		about: "two mmaps of one place that take it only if it is free",
		patch: "none: mm/mmap.c do_mmap(), MAP_FIXED_NOREPLACE",
		invariant: "one gets it",
		setup: untouched,
		cpus: [
			() => note(0, mmap(B, PAGE, PROT_RW, MAP_PRIVATE | MAP_FIXED_NOREPLACE)),
			() => note(1, mmap(B, LEN, PROT_READ, MAP_PRIVATE | MAP_FIXED_NOREPLACE)),
		],
		check() {
			const first = noted(0) === B;

			check_that(
				first ? noted(1) === -EEXIST : noted(0) === -EEXIST && noted(1) === B,
				"both have it, or nobody",
			);
			check_that(
				write(B, 1) === first && read(B + PAGE) === (first ? -1 : 0),
				"the mapping is not what was asked for",
			);
		},
	},
	"fault-map-several": {
		about: "a write fault beside mmap over two vmas, of which it is in the second",
		patch: "V2.10 mm: add per-mm mmap sequence counter",
		invariant: "the new mapping has zeroes, or what was written after it came",
		setup: two,
		cpus: [() => note(0, write(A + PAGE, V) ? 1 : 0), () => map(A, LEN)],
		check() {
			const v = read(A + PAGE);

			check_that(noted(0) === 1 && (v === V || v === 0), "the new mapping has a page of the old one");
			check_that(read(A) === 0, "an old page is left");
		},
	},
	"fault-munmap-several": {
		about: "a write fault beside the munmap of the half of a vma that it is in, and half of the one before",
		patch: "V2.10 mm: add per-mm mmap sequence counter; downgraded munmap",
		invariant: "after munmap nothing is mapped there, and the rest is",
		setup() {
			start_threads(2);
			map(A, 2 * LEN);
			write(A, 1);
			write(A + LEN, 3);
			mprotect(A + LEN, LEN, PROT_RWX);
		},
		cpus: [() => note(0, write(A + LEN, V) ? 1 : 0), () => note(1, munmap(A + PAGE, LEN))],
		check() {
			check_that(noted(1) === 0, "munmap fails");
			check_that(read(A + PAGE) === -1 && read(A + LEN) === -1, "a page is mapped after munmap");
			check_that(read(A) === 1 && read(A + LEN + PAGE) === 0, "a page is lost that was to stay");
		},
	},
	"fault-mprotect-several": {
		about: "a write fault in the second of two vmas beside mprotect of both and of a gap behind, which fails there",
		patch: "none: mm/mprotect.c do_mprotect_pkey()",
		invariant: "what is before the gap is changed, and nobody writes there",
		setup: two,
		cpus: [
			() => note(0, write(A + PAGE, V) ? 1 : 0),
			() => {
				note(2, mprotect(A, LEN + PAGE, PROT_READ));
				note(1, read(A + PAGE));
			},
		],
		check() {
			check_that(noted(2) === -ENOMEM, "the gap is not reported");
			check_that(noted(1) === (noted(0) === 1 ? V : 1), "a write after mprotect");
			check_that(
				!write(A, 5) && !write(A + PAGE, 5) && read(A) === 2,
				"a page is writable after mprotect",
			);
		},
	},
	"mprotect-mprotect": {
		about: "two mprotects of ranges that overlap, which split and merge in either order",
		patch: "none: mm/mprotect.c mprotect_fixup()",
		invariant: "each page has the protection that came last",
		setup() {
			untouched();
			map_written(A + LEN, 3);
		},
		cpus: [() => note(0, mprotect(A, LEN, PROT_READ)), () => note(1, mprotect(A + PAGE, LEN, PROT_RWX))],
		check() {
			check_that(noted(0) === 0 && noted(1) === 0, "mprotect fails");
			check_that(
				!write(A, 5) && write(A + LEN, 5) && read(A + PAGE) === 1,
				"a page has another protection",
			);
		},
	},
	"stack-map": {
		about: "the growth of a stack beside mmap a little below it",
		patch: "none: mm/mmap.c expand_downwards()",
		invariant: "a stack keeps its distance from what is below",
		setup() {
			start_threads(2);
			map_stack(STACK_AT, PAGE);
			write(STACK_AT, 1);
		},
		cpus: [
			() => note(0, write(STACK_AT - PAGE, V) ? 1 : 0),
			() => map(STACK_AT - 2 * LEN, PAGE, PROT_READ),
		],
		check() {
			check_that(read(STACK_AT - PAGE) === (noted(0) === 1 ? V : -1), "the write is lost");
			check_that(
				!write(STACK_AT - LEN, 1) && read(STACK_AT) === 1,
				"the stack grows right up to a mapping",
			);
		},
	},
	"stack-stack": {
		about: "the growth of one stack by two threads, to two places",
		patch: "none: mm/mmap.c expand_downwards()",
		invariant: "it has grown to the lower one, and both writes are there",
		setup() {
			start_threads(2);
			map_stack(STACK_AT, PAGE);
			write(STACK_AT, 1);
		},
		cpus: [
			() => note(0, write(STACK_AT - PAGE, V) ? 1 : 0),
			() => note(1, write(STACK_AT - LEN, V) ? 1 : 0),
		],
		check() {
			check_that(noted(0) === 1 && noted(1) === 1, "a write fails");
			check_that(
				read(STACK_AT - PAGE) === V && read(STACK_AT - LEN) === V && read(STACK_AT) === 1,
				"a write is lost",
			);
		},
	},
	"stacks-of-two": {
		about: "the growth of two stacks, which have no lock of their own in common",
		patch: "none: mm/mmap.c expand_downwards(), page_table_lock",
		invariant: "both are counted",
		setup() {
			start_threads(2);
			map_stack(STACK_AT, PAGE);
			map_stack(STACK_AT + 0x200000, PAGE);
			write(STACK_AT, 1);
			write(STACK_AT + 0x200000, 1);
		},
		cpus: [
			() => note(0, write(STACK_AT - PAGE, V) ? 1 : 0),
			() => note(1, write(STACK_AT + 0x200000 - PAGE, V) ? 1 : 0),
		],
		check() {
			check_that(noted(0) === 1 && noted(1) === 1, "a write fails");
			check_that(
				read(STACK_AT - PAGE) === V && read(STACK_AT + 0x200000 - PAGE) === V,
				"a write is lost",
			);
		},
	},
	"stack-munmap-all": {
		about: "the growth of a stack, for which mmap_lock is dropped and taken anew, beside the munmap of it",
		patch: "none: arch/x86/mm/fault.c lock_mm_and_find_vma()",
		invariant: "the stack is looked up again",
		setup() {
			start_threads(2);
			map_stack(STACK_AT, PAGE);
			write(STACK_AT, 1);
		},
		cpus: [() => note(0, write(STACK_AT - PAGE, V) ? 1 : 0), () => note(1, munmap(STACK_AT, PAGE))],
		check() {
			check_that(noted(1) === 0 && read(STACK_AT) === -1, "a page is mapped after munmap");
			check_that(read(STACK_AT - PAGE) === (noted(0) === 1 ? V : -1), "the write is lost");
		},
	},
	"stack-munmap-top": {
		about: "the growth of a stack beside the munmap of all of it but one page",
		patch: "none: mm/mmap.c expand_downwards(), __split_vma()",
		invariant: "a page has the index of its address",
		setup() {
			start_threads(2);
			map_stack(STACK_AT, LEN);
			write(STACK_AT, 1);
			write(STACK_AT + PAGE, 2);
		},
		cpus: [() => note(0, write(STACK_AT - PAGE, V) ? 1 : 0), () => note(1, munmap(STACK_AT + PAGE, PAGE))],
		check() {
			check_that(noted(0) === 1 && noted(1) === 0, "a call fails");
			check_that(
				read(STACK_AT - PAGE) === V && read(STACK_AT) === 1 && read(STACK_AT + PAGE) === -1,
				"a write is lost",
			);
		},
	},
	"map-below": {
		about: "a write fault beside mmap right in front of its vma, which grows downwards over it",
		patch: "none: mm/mmap.c vma_merge(), case 3",
		invariant: "a page has the index of its address",
		setup() {
			start_threads(2);
			map(B + PAGE, LEN);
			write(B + PAGE, 2);
		},
		cpus: [() => note(0, write(B + LEN, V) ? 1 : 0), () => note(1, map_written(B, 1) ? 1 : 0)],
		check() {
			check_that(noted(0) === 1 && noted(1) === 1, "a write fails");
			check_that(read(B) === 1 && read(B + PAGE) === 2 && read(B + LEN) === V, "a write is lost");
			check_that(on_cpu(1, () => read(B + PAGE)) === 2, "the other CPU sees another page");
		},
	},
	"mprotect-shift": {
		about: "a write fault at the border of two vmas beside mprotect that moves the border",
		patch: "none: mm/mmap.c vma_merge(), cases 4 and 5",
		invariant: "a page has the index of its address",
		setup() {
			start_threads(2);
			map(A, 2 * LEN);
			write(A + PAGE, 1);
			write(A + LEN, 2);
			mprotect(A + LEN, LEN, PROT_READ);
		},
		cpus: [
			() => note(0, write(A, V) ? 1 : 0),
			() => {
				note(1, mprotect(A + PAGE, PAGE, PROT_READ));
				note(2, mprotect(A + PAGE, LEN, PROT_RW));
			},
		],
		check() {
			check_that(noted(0) === 1 && noted(1) === 0 && noted(2) === 0, "a call fails");
			check_that(read(A) === V && read(A + PAGE) === 1 && read(A + LEN) === 2, "a page is lost");
			check_that(write(A + LEN, 4) && !write(A + LEN + PAGE, 4), "a page has another protection");
		},
	},
};
