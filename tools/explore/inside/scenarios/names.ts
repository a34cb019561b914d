// SPDX-License-Identifier: GPL-2.0-only
/** Names of anonymous ranges, which split and merge vmas and are counted by them, beside faults and other calls. */
import { __NR_prctl } from "asm/unistd.ts";
import { CONFIG_ANON_VMA_NAME } from "generated/autoconf.ts";
import { MADV_RANDOM } from "linux/mman.ts";
import type { anon_vma_name } from "linux/mm_types.ts";
import { PR_SET_VMA, PR_SET_VMA_ANON_NAME } from "linux/prctl.ts";
import {
	A,
	as_child,
	check_that,
	fork,
	LEN,
	madvise,
	map,
	map_written,
	mprotect,
	mremap,
	munmap,
	note,
	noted,
	on_cpu,
	PAGE,
	PROT_READ,
	PROT_RW,
	read,
	type Scenario,
	start_threads,
	store,
	untouched,
	user_syscall,
	V,
	vma_at,
	write,
} from "../scenario.ts";

/** A page with the two names, of one letter each. */
const TEXT = A + 64 * PAGE;
const X = TEXT;
const Y = TEXT + 2;

function text(): void {
	map_written(TEXT, 0x78);
	write(Y, 0x79);
	/* Both CPUs have a translation. */
	on_cpu(1, () => read(TEXT));
}
function named(): void {
	untouched();
	text();
}
/** 0 takes the name away. */
function name(addr: number, len: number, string: number): number {
	return user_syscall(__NR_prctl, PR_SET_VMA, PR_SET_VMA_ANON_NAME, addr, len, string);
}
/** The letter that the range at addr is named by; 0: it has no name. */
function name_at(addr: number): number {
	const anon_name: anon_vma_name = vma_at(addr).anon_name;

	return anon_name === NULL ? 0 : anon_name.name[0];
}

/** Beside store(): what was named makes one vma of two. */
function check_one(): void {
	check_that(noted(0) === 1 && noted(1) === 0 && read(A) === V, "the write is lost");
	check_that(vma_at(A) === vma_at(A + PAGE) && name_at(A) === 0x78, "the two are not one");
}

export const scenarios: Record<string, Scenario> = !CONFIG_ANON_VMA_NAME
	? {}
	: {
			"fault-name": {
				about: "a write fault beside the naming of its page, which splits the vma",
				patch: "V2.10 mm: add per-mm mmap sequence counter",
				invariant: "the write is not lost",
				setup: named,
				cpus: [store, () => note(1, name(A, PAGE, X))],
				check() {
					check_that(
						noted(0) === 1 && noted(1) === 0 && read(A) === V,
						"the write is lost",
					);
					check_that(
						name_at(A) === 0x78 && name_at(A + PAGE) === 0,
						"the range has another name",
					);
				},
			},
			"fault-name-merge": {
				about: "a write fault beside the naming of its page as its neighbour is, which makes one vma of two",
				patch: "V2.11 mm: rcu safe vma freeing",
				invariant: "the write is not lost, and a name lives as long as it is used",
				setup() {
					named();
					name(A + PAGE, PAGE, X);
				},
				cpus: [store, () => note(1, name(A, PAGE, X))],
				check: check_one,
			},
			"fault-name-advice": {
				about: "a write fault beside advice that makes one vma of two with the same name, of which one name is freed",
				patch: "none: mm/madvise.c madvise_update_vma()",
				invariant: "a name lives as long as it is used",
				setup() {
					named();
					name(A, PAGE, X);
					name(A + PAGE, PAGE, Y);
					madvise(A, PAGE, MADV_RANDOM);
					/* Another name with the same letters. */
					name(A + PAGE, PAGE, X);
				},
				cpus: [store, () => note(1, madvise(A + PAGE, PAGE, MADV_RANDOM))],
				check: check_one,
			},
			"name-name": {
				about: "two names for ranges that overlap",
				patch: "none: mm/madvise.c madvise_set_anon_name()",
				invariant: "each page has the name that came last",
				setup() {
					named();
					map_written(A + LEN, 3);
				},
				cpus: [() => note(0, name(A, LEN, X)), () => note(1, name(A + PAGE, LEN, Y))],
				check() {
					check_that(noted(0) === 0 && noted(1) === 0, "prctl fails");
					const middle = name_at(A + PAGE);

					check_that(
						name_at(A) === 0x78 && name_at(A + LEN) === 0x79,
						"a page has another name",
					);
					check_that(
						middle === 0x78 || middle === 0x79,
						"the page that both named has another name",
					);
				},
			},
			"name-munmap": {
				about: "taking a name away beside the munmap of its range, whoever has the last reference",
				patch: "none: mm/madvise.c replace_anon_vma_name()",
				invariant: "a name is freed once",
				setup() {
					named();
					name(A, LEN, X);
				},
				cpus: [() => note(0, name(A, PAGE, 0)), () => note(1, munmap(A, LEN))],
				check() {
					check_that(
						noted(1) === 0 && (noted(0) === 0 || noted(0) === -12),
						"a call fails",
					);
					check_that(read(A) === -1, "a page is mapped after munmap");
				},
			},
			"name-split": {
				about: "naming beside mprotect of the other half of a named vma",
				patch: "none: kernel/fork.c vm_area_dup(), dup_anon_vma_name()",
				invariant: "each vma has a reference to its name",
				setup() {
					named();
					name(A, LEN, X);
				},
				cpus: [
					() => note(0, name(A, PAGE, Y)),
					() => note(1, mprotect(A + PAGE, PAGE, PROT_READ)),
				],
				check() {
					check_that(noted(0) === 0 && noted(1) === 0, "a call fails");
					check_that(
						name_at(A) === 0x79 && name_at(A + PAGE) === 0x78,
						"a page has another name",
					);
				},
			},
			"fault-name-mprotect": {
				about: "a write fault beside mprotect that makes a named page as its nameless neighbour is, but for the name",
				patch: "none: mm/mprotect.c mprotect_fixup()",
				invariant: "two vmas with other names do not become one",
				setup() {
					named();
					name(A + PAGE, PAGE, X);
					mprotect(A + PAGE, PAGE, PROT_READ);
				},
				cpus: [store, () => note(1, mprotect(A + PAGE, PAGE, PROT_RW))],
				check() {
					check_that(
						noted(0) === 1 && noted(1) === 0 && read(A) === V,
						"the write is lost",
					);
					check_that(
						name_at(A) === 0 && name_at(A + PAGE) === 0x78 && write(A + PAGE, 2),
						"a page has another name",
					);
				},
			},
			"fault-name-move": {
				about: "a write fault beside mremap that brings a named page next to a nameless one",
				patch: "none: mm/mmap.c copy_vma()",
				invariant: "the name goes with the page",
				setup() {
					named();
					/* Never touched, or it could not become one with another. */
					map(TEXT + 2 * PAGE, PAGE);
					name(TEXT + 2 * PAGE, PAGE, X);
				},
				cpus: [store, () => note(1, mremap(TEXT + 2 * PAGE, PAGE, A + LEN))],
				check() {
					check_that(
						noted(0) === 1 &&
							noted(1) === A + LEN &&
							read(A) === V &&
							read(A + LEN) === 0,
						"the write is lost",
					);
					check_that(
						name_at(A) === 0 && name_at(A + LEN) === 0x78,
						"a page has another name",
					);
				},
			},
			"name-fork": {
				about: "taking a name away beside fork, whose child has a reference to it",
				patch: "none: kernel/fork.c dup_mmap()",
				invariant: "the child's range has the name as it was at the fork",
				setup() {
					start_threads(2);
					map_written(A, 1);
					text();
					name(A, PAGE, X);
				},
				cpus: [() => note(0, name(A, PAGE, 0)), () => note(1, fork())],
				check() {
					check_that(noted(0) === 0 && noted(1) > 0 && name_at(A) === 0, "a call fails");
					const child = as_child(() => name_at(A));

					check_that(child === 0 || child === 0x78, "the child has another name");
				},
			},
		};
