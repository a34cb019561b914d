// SPDX-License-Identifier: GPL-2.0-only
/**
 * NUMA hints: entries that were made inaccessible, under the read lock, so that
 * the next access tells who it is. That fault is speculative, too.
 */
import { CONFIG_NUMA_BALANCING } from "generated/autoconf.ts";
import { current } from "kernel/sched/core.ts";
import { mmap_read_lock, mmap_read_unlock } from "linux/mmap_lock.ts";
import { change_prot_numa } from "mm/mempolicy.ts";
import {
	A,
	as_child,
	B,
	check_protected,
	check_that,
	drop_caches,
	fork,
	is_dirty,
	LEN,
	load,
	madvise,
	madvise_dontneed,
	map_file,
	mprotect,
	mremap,
	munmap,
	note,
	noted,
	on_cpu,
	PAGE,
	PROT_NONE,
	PROT_READ,
	PROT_RW,
	protect,
	read,
	type Scenario,
	start_threads,
	store,
	two_pages,
	V,
	write,
	written,
} from "../scenario.ts";
import { find_vma } from "linux/mm.ts";

const MADV_FREE = 8;

/** Of task_numa_work(), which the port does not have: the vma at A, if it is there. */
function hint(): void {
	const mm = current().mm;

	mmap_read_lock(mm);
	const vma = find_vma(mm, A);

	if (vma !== NULL && vma.vm_start <= A) change_prot_numa(vma, A, Math.min(vma.vm_end, A + LEN));
	mmap_read_unlock(mm);
}
/** Two pages with hints, of which the first has a 1. */
function hinted(): void {
	written();
	hint();
}

export const scenarios: Record<string, Scenario> = !CONFIG_NUMA_BALANCING
	? {}
	: {
			"numa-hint": {
				about: "a write beside a NUMA hint for its page",
				patch: "V2.20, 27: do_numa_page(), handle_pte_fault()",
				invariant: "the write is not lost, and the page stays dirty",
				setup: written,
				cpus: [store, hint],
				check() {
					check_that(noted(0) === 1 && read(A) === V && is_dirty(A), "the write is lost");
				},
			},
			"numa-hint-dirty": {
				about: "a first write to a clean page beside a NUMA hint for it",
				patch: "none: mm/mprotect.c change_pte_range()",
				invariant: "the dirty bit that the walker sets is not lost",
				setup() {
					written();
					madvise(A, LEN, MADV_FREE);
					on_cpu(1, () => read(A));
				},
				cpus: [store, hint],
				check() {
					check_that(noted(0) === 1 && read(A) === V && is_dirty(A), "the write is lost");
				},
			},
			"numa-numa": {
				about: "two writes to a page that has a hint",
				patch: "V2.20 mm: implement speculative handling in do_numa_page()",
				invariant: "both write to the page",
				setup: hinted,
				cpus: [store, () => note(1, write(A + 8, V) ? 1 : 0)],
				check() {
					check_that(
						noted(0) === 1 && noted(1) === 1 && read(A) === V && read(A + 8) === V,
						"a write is lost",
					);
				},
			},
			"numa-munmap": {
				about: "a write to a page that has a hint beside the munmap of it",
				patch: "V2.20 mm: implement speculative handling in do_numa_page()",
				invariant: "after munmap nothing is mapped there",
				setup: hinted,
				cpus: [store, () => note(1, munmap(A, LEN))],
				check() {
					check_that(noted(1) === 0 && read(A) === -1, "a page is mapped after munmap");
				},
				configs: ["ipitables.config"],
			},
			"numa-mprotect": {
				about: "a write to a page that has a hint, and remembers that it was writable, beside mprotect to read-only",
				patch: "V2.20 mm: implement speculative handling in do_numa_page()",
				invariant: "after mprotect(PROT_READ) nobody writes",
				setup: hinted,
				cpus: [store, protect],
				check() {
					check_protected(1);
				},
			},
			"numa-mprotect-none": {
				about: "a read of a page that has a hint beside mprotect to PROT_NONE, whose entries look like one",
				patch: "V2.20 mm: implement speculative handling in do_numa_page()",
				invariant: "after mprotect(PROT_NONE) nobody reads",
				setup: hinted,
				cpus: [load, () => note(1, mprotect(A, LEN, PROT_NONE))],
				check() {
					check_that(
						noted(1) === 0 && (noted(0) === 1 || noted(0) === -1),
						"a call fails",
					);
					check_that(read(A) === -1, "the page can be read after mprotect");
					mprotect(A, LEN, PROT_RW);
					check_that(read(A) === 1, "the page is lost");
				},
			},
			"numa-dontneed": {
				about: "a write to a page that has a hint beside MADV_DONTNEED of it",
				patch: "V2.20 mm: implement speculative handling in do_numa_page()",
				invariant: "the page has what was written, or zeroes",
				setup: hinted,
				cpus: [store, () => note(1, madvise_dontneed(A, LEN))],
				check() {
					const v = read(A);

					check_that(noted(0) === 1 && noted(1) === 0, "a call fails");
					check_that(v === V || v === 0, "the page has what was given up");
				},
			},
			"numa-fork": {
				about: "a write to a page that has a hint beside fork, which shares it for copy-on-write",
				patch: "V2.20 mm: implement speculative handling in do_numa_page()",
				invariant: "parent and child do not see each other's writes after fork",
				setup: hinted,
				cpus: [store, () => note(1, fork())],
				check() {
					check_that(
						noted(0) === 1 && noted(1) > 0 && read(A) === V,
						"the write is lost",
					);
					const child = as_child(() => read(A));

					check_that(child === V || child === 1, "the child sees a page of nobody");
					write(A, 3);
					check_that(
						as_child(() => read(A)) === child,
						"the child sees the parent's write",
					);
				},
			},
			"numa-hint-dontneed": {
				about: "a NUMA hint beside MADV_DONTNEED of its page, both under the read lock",
				patch: "none: mm/mprotect.c change_pte_range()",
				invariant: "an entry that was taken out does not come back",
				setup: written,
				cpus: [hint, () => note(1, madvise_dontneed(A, LEN))],
				check() {
					check_that(
						noted(1) === 0 && read(A) === 0,
						"a page is there that was given up",
					);
				},
			},
			"numa-hint-cow": {
				about: "a copy-on-write fault beside a NUMA hint for its page",
				patch: "none: mm/mprotect.c change_pte_range()",
				invariant: "the write goes to the copy",
				setup() {
					written();
					fork();
					on_cpu(1, () => read(A));
				},
				cpus: [store, hint],
				check() {
					check_that(noted(0) === 1 && read(A) === V, "the write is lost");
					check_that(as_child(() => read(A)) === 1, "the child sees the parent's write");
				},
			},
			"numa-file-private": {
				about: "a write to a private mapping of a file beside a NUMA hint for its page, which must not be written to",
				patch: "none: mm/mprotect.c change_pte_range(), mm/memory.c do_numa_page()",
				invariant: "the write goes to a copy",
				setup() {
					start_threads(2);
					map_file(A, PAGE, PROT_RW, false);
					note(8, read(A));
				},
				cpus: [store, hint],
				check() {
					check_that(noted(0) === 1 && read(A) === V, "the write is lost");
					map_file(A, PAGE, PROT_READ, true);
					check_that(read(A) === noted(8), "a private write reached the file");
					munmap(A, PAGE);
					drop_caches();
				},
			},
			"numa-mremap": {
				about: "a write to a page that has a hint beside its move by mremap",
				patch: "V2.20 mm: implement speculative handling in do_numa_page()",
				invariant: "a write before the move is seen after it, a write after it fails",
				setup: hinted,
				cpus: [store, () => note(1, mremap(A, LEN, B))],
				check() {
					check_that(noted(1) === B && read(A) === -1, "the old address is still mapped");
					check_that(
						read(B) === (noted(0) === 1 ? V : 1) && read(B + PAGE) === 1,
						"the write is lost",
					);
				},
			},
			"numa-stale-tlb": {
				about: "a NUMA hint beside a CPU that may write to the page, and one that takes the hint before the flush",
				patch: "none: mm/mprotect.c change_protection_range()",
				invariant: "who writes, writes to the page",
				setup() {
					two_pages(3);
					write(A, 1);
				},
				cpus: [store, hint, () => note(2, write(A + 8, V) ? 1 : 0)],
				check() {
					check_that(
						noted(0) === 1 && noted(2) === 1 && read(A) === V && read(A + 8) === V,
						"a write is lost",
					);
				},
			},
		};
