// SPDX-License-Identifier: GPL-2.0-only
/**
 * The anon_vmas of a family of processes, whose interval trees all of them change, and a walk from a page to the places
 * where it is mapped. The port has no such walk (nothing reclaims or migrates): the one here stands for all of them.
 */
import { p4d_offset, p4d_present, pmd_present, pte_page, pte_present, pud_present } from "asm/pgtable.ts";
import { current } from "kernel/sched/core.ts";
import { get_page, pte_lockptr_val, put_page } from "linux/mm.ts";
import type { anon_vma_chain, mm_struct, page, vm_area_struct } from "linux/mm_types.ts";
import { pgd_offset, pmd_offset_lockless, pte_offset_map_val, pud_offset_lockless } from "linux/pgtable.ts";
import { spin_lock, spin_unlock } from "linux/spinlock.ts";
import { anon_vma_interval_tree_iter_first, anon_vma_interval_tree_iter_next } from "mm/interval_tree.ts";
import { page_lock_anon_vma_read, page_unlock_anon_vma_read } from "mm/rmap.ts";
import {
	A,
	as_task,
	B,
	check_that,
	child_on,
	exit_group,
	fork,
	in_kernel,
	LEN,
	map,
	mprotect,
	mremap,
	munmap,
	note,
	noted,
	on_cpu,
	PAGE,
	parent_and_child,
	PROT_READ,
	PROT_RW,
	read,
	type Scenario,
	start_threads,
	store,
	switch_to,
	user_idle,
	V,
	write,
} from "../scenario.ts";
import { vma_address } from "mm/internal.ts";
import { EFAULT } from "linux/errno.ts";

/** Another protection than its neighbour's makes a page a vma of its own; and it can still be written. */
const PROT_RWX = 7;
const W = 0x57;

/* ---- from a page to where it is mapped ---- */

/** The page at an address, NULL if there is none. Somebody keeps the tables. */
function page_at(mm: mm_struct, addr: number): page {
	const p4d = p4d_offset(pgd_offset(mm, addr), addr);
	const p4dval = READ_ONCE(p4d.p4d);

	if (!p4d_present(p4dval)) return NULL;
	const pud = pud_offset_lockless(p4d, p4dval, addr);
	const pudval = READ_ONCE(pud.pud);

	if (!pud_present(pudval)) return NULL;
	const pmd = pmd_offset_lockless(pud, pudval, addr);
	const pmdval = READ_ONCE(pmd.pmd);

	if (!pmd_present(pmdval)) return NULL;
	const ptl = pte_lockptr_val(mm, pmdval);

	spin_lock(ptl);
	const pte = READ_ONCE(pte_offset_map_val(pmdval, addr).pte);
	const found: page = pte_present(pte) ? pte_page(pte) : NULL;

	spin_unlock(ptl);
	return found;
}

/** rmap_walk_anon() with page_vma_mapped_walk(): how many entries map the page. The caller has a reference to it. */
function mappings(page: page): number {
	const anon_vma = page_lock_anon_vma_read(page);

	if (anon_vma === NULL) return 0;
	let n = 0;
	let avc: anon_vma_chain = anon_vma_interval_tree_iter_first(anon_vma.rb_root, page.index, page.index);

	while (avc !== NULL) {
		const vma: vm_area_struct = avc.vma;
		const address = vma_address(page, vma);

		if (address !== -EFAULT && page_at(vma.vm_mm, address) === page) n++;
		avc = anon_vma_interval_tree_iter_next(avc, page.index, page.index);
	}
	page_unlock_anon_vma_read(anon_vma);
	return n;
}

/** The page that a walk looks for, with a reference until it has been looked for. */
const PAGE_OF = 8;
function keep_page(addr: number): void {
	in_kernel(() => {
		const page = page_at(current().mm, addr);

		get_page(page);
		note(PAGE_OF, uptr(page));
	});
}
/** A program: notes in how many places a walk has found it. */
function count(): void {
	in_kernel(() => {
		const page = cast<page>(noted(PAGE_OF));

		note(2, mappings(page));
		put_page(page);
	});
}
/** It may find a page twice while a vma becomes two, or two become one, but it must find it. */
function found(): void {
	check_that(noted(2) >= 1, "a walk misses the page");
}

/** A process that walks on CPU 0, and a relative of it on CPU 1 that has the same page at A. */
function related(): void {
	parent_and_child();
	keep_page(A);
}
/** The same where only the relative has the page: it has written to it. */
function of_the_child(): void {
	parent_and_child();
	on_cpu(1, () => {
		write(A, W);
		keep_page(A);
	});
}
/** Two processes of one family, each with two written pages that are one vma. */
function two_vmas(): void {
	parent_and_child();
	write(A + PAGE, 2);
	on_cpu(1, () => {
		write(A, W);
		write(A + PAGE, W);
	});
}
function both_kept_their_pages(): void {
	check_that(read(A) === 1 && read(A + PAGE) === 2, "the parent has lost a page");
	on_cpu(1, () => check_that(read(A) === W && read(A + PAGE) === W, "the child has lost a page"));
}
function split(): void {
	mprotect(A + PAGE, PAGE, PROT_RWX);
}
function merge(): void {
	mprotect(A + PAGE, PAGE, PROT_RW);
}

export const scenarios: Record<string, Scenario> = {
	"split-split": {
		about: "parent and child split a vma at once: both vmas are in one interval tree, whose keys change",
		patch: "none: mm/mmap.c __vma_adjust(), mm/rmap.c anon_vma_clone()",
		invariant: "the interval tree of an anon_vma is changed under its lock",
		setup: two_vmas,
		cpus: [split, split],
		check: both_kept_their_pages,
	},
	"split-merge": {
		about: "a parent splits a vma beside its child, which merges two",
		patch: "none: mm/mmap.c __vma_adjust(), mm/rmap.c unlink_anon_vmas()",
		invariant: "the interval tree of an anon_vma is changed under its lock",
		setup() {
			two_vmas();
			on_cpu(1, split);
		},
		cpus: [split, merge],
		check: both_kept_their_pages,
	},
	"split-fork": {
		about: "a parent splits a vma beside its child, which forks",
		patch: "none: mm/mmap.c __vma_adjust(), mm/rmap.c anon_vma_fork()",
		invariant: "the interval tree of an anon_vma is changed under its lock",
		setup: two_vmas,
		cpus: [split, () => note(1, fork())],
		check() {
			both_kept_their_pages();
			check_that(
				as_task(noted(1), () => read(A)) === W,
				"the grandchild has not the page of its parent",
			);
		},
	},
	"split-exit": {
		about: "a parent splits a vma beside the end of its child",
		patch: "none: mm/mmap.c __vma_adjust(), mm/rmap.c unlink_anon_vmas()",
		invariant: "the interval tree of an anon_vma is changed under its lock",
		setup: two_vmas,
		cpus: [split, () => munmap(A, LEN)],
		check() {
			check_that(read(A) === 1 && read(A + PAGE) === 2, "the parent has lost a page");
		},
	},
	"move-move": {
		about: "parent and child move a vma at once",
		patch: "none: mm/mmap.c copy_vma(), mm/mremap.c move_ptes()",
		invariant: "the interval tree of an anon_vma is changed under its lock",
		setup: two_vmas,
		cpus: [() => mremap(A, PAGE, B), () => mremap(A + PAGE, PAGE, B)],
		check() {
			check_that(
				read(B) === 1 && read(A + PAGE) === 2 && read(A) === -1,
				"the parent has lost a page",
			);
			on_cpu(1, () => {
				check_that(
					read(A) === W && read(B) === W && read(A + PAGE) === -1,
					"the child has lost a page",
				);
			});
		},
	},
	"first-cow-cow": {
		about: "the first two writes to a mapping that has the zero page twice: both faults want an anon_vma",
		patch: "none: mm/memory.c wp_page_copy(), mm/rmap.c __anon_vma_prepare()",
		invariant: "there is one, and who uses the other's sees it whole",
		setup() {
			start_threads(2);
			map(A, LEN);
			read(A);
			read(A + PAGE);
		},
		cpus: [store, () => note(1, write(A + PAGE, W) ? 1 : 0)],
		check() {
			check_that(noted(0) === 1 && noted(1) === 1, "a write fails");
			check_that(read(A) === V && read(A + PAGE) === W, "a write is lost");
		},
	},
	"anon-vma-reuse": {
		about: "a fork and a merge in a family where children took over anon_vmas",
		patch: "none: mm/rmap.c anon_vma_clone(); CVE-2022-42703",
		invariant: "two vmas with one anon_vma have the same chain",
		setup() {
			start_threads(1);
			map(A, LEN);
			write(A, 1);
			write(A + PAGE, 1);
			const first = fork();
			const second = as_task(first, fork);

			/* The first one's anon_vma has a child and no vma; the third takes it over. */
			as_task(first, () => munmap(A, LEN));
			const third = as_task(second, fork);

			/* Two vmas in the third one, and so two new anon_vmas in its child. */
			as_task(second, split);
			as_task(third, split);
			const fourth = as_task(third, fork);

			as_task(fourth, () => {
				write(A, V);
				write(A + PAGE, V);
			});
			/* Both vmas of the fourth know the second's anon_vma: no vma, no child. */
			as_task(second, () => munmap(A, LEN));
			as_task(fourth, () => {});
		},
		cpus: [
			store,
			() => {
				note(1, fork());
				switch_to(noted(1));
				merge();
			},
		],
		check() {
			check_that(noted(0) === 1 && read(A) === V && read(A + PAGE) === 1, "the write is lost");
			as_task(noted(1), () => {
				check_that(read(A) === V && read(A + PAGE) === V, "a page is lost by a merge");
			});
		},
	},
	"walk-split": {
		about: "a walk that looks for the mapping of a page beside a split of the vma that has it",
		patch: "none: mm/rmap.c rmap_walk_anon(), mm/mmap.c __vma_adjust()",
		invariant: "a walk finds a page wherever its vma ends",
		setup: of_the_child,
		cpus: [count, split],
		check: found,
	},
	"walk-merge": {
		about: "a walk that looks for the mapping of a page beside a merge, in which the vma that has it dies",
		patch: "none: mm/rmap.c rmap_walk_anon(), mm/mmap.c __vma_adjust()",
		invariant: "a walk finds a page wherever its vma ends",
		setup() {
			parent_and_child();
			on_cpu(1, () => {
				write(A, W);
				write(A + PAGE, W);
				split();
				keep_page(A + PAGE);
			});
		},
		cpus: [count, merge],
		check: found,
	},
	"walk-move": {
		about: "a walk from a page beside its move to a place behind the old one in the tree",
		patch: "none: mm/rmap.c rmap_walk_anon(), mm/mremap.c move_ptes(), mm/mmap.c copy_vma()",
		invariant: "a walk finds a page at its old place or at its new one",
		setup: of_the_child,
		cpus: [count, () => mremap(A, PAGE, B)],
		check: found,
	},
	"walk-move-back": {
		about: "a walk from a page beside its move to a place before the old one in the tree",
		patch: "none: mm/rmap.c rmap_walk_anon(), mm/mremap.c move_ptes(), need_rmap_locks",
		invariant: "a walk finds a page at its old place or at its new one",
		setup() {
			parent_and_child();
			on_cpu(1, () => {
				write(A, W);
				write(A + PAGE, W);
				keep_page(A + PAGE);
				/* The page before it waits there, and the two merge again. */
				mremap(A, PAGE, B);
			});
		},
		cpus: [count, () => mremap(A + PAGE, PAGE, B + PAGE)],
		check: found,
	},
	"walk-move-table": {
		about: "a walk that looks for the mapping of a page beside the move of its whole page table",
		patch: "none: mm/rmap.c rmap_walk_anon(), mm/mremap.c take_rmap_locks()",
		invariant: "a walk finds a page at its old place or at its new one",
		setup() {
			start_threads(2);
			map(A, 0x200000);
			write(A, W);
			keep_page(A);
		},
		cpus: [count, () => mremap(A, 0x200000, A + 0x40000000)],
		check() {
			found();
			check_that(read(A + 0x40000000) === W && read(A) === -1, "the page was not moved");
		},
	},
	"walk-munmap": {
		about: "a walk from a page beside the munmap of one of its mappings, with the page tables",
		patch: "none: mm/rmap.c rmap_walk_anon(), mm/memory.c free_pgtables()",
		invariant: "page tables of a vma stay while a walk holds the lock of its anon_vma",
		setup: related,
		cpus: [count, () => munmap(A, LEN)],
		check() {
			check_that(noted(2) === 1 || noted(2) === 2, "a walk misses a mapping that stays");
		},
	},
	"walk-exit": {
		about: "a walk that looks for the only mapping of a page beside the end of the process that has it",
		patch: "none: mm/rmap.c page_get_anon_vma(), rmap_walk_anon(), mm/mmap.c exit_mmap()",
		invariant: "what a walk stands on stays while it holds the lock",
		setup: of_the_child,
		cpus: [
			count,
			() => {
				exit_group();
				user_idle();
			},
		],
		check() {
			check_that(noted(2) === 0 || noted(2) === 1, "a walk finds the page where it is not");
		},
	},
	"walk-fork": {
		about: "a walk that looks for the mappings of a page beside fork, which makes another one",
		patch: "none: mm/rmap.c rmap_walk_anon(), anon_vma_fork()",
		invariant: "the interval tree of an anon_vma is changed under its lock",
		setup: of_the_child,
		cpus: [count, () => note(1, fork())],
		check() {
			check_that(
				noted(1) > 0 && (noted(2) === 1 || noted(2) === 2),
				"a walk misses a mapping that stays",
			);
		},
	},
	"walk-cow": {
		about: "a walk that looks for the mappings of a page beside a write that takes one of them away",
		patch: "none: mm/rmap.c rmap_walk_anon(), mm/memory.c wp_page_copy()",
		invariant: "a walk finds all mappings that stay",
		setup: related,
		cpus: [count, () => write(A, W)],
		check() {
			check_that(noted(2) === 1 || noted(2) === 2, "a walk misses a mapping that stays");
		},
	},
	"walk-first-fault": {
		about: "a walk from the page of a fault that has found an anon_vma beside the one that has made it",
		patch: "none: mm/rmap.c __anon_vma_prepare()",
		invariant: "the interval tree of an anon_vma is changed under its lock",
		setup() {
			start_threads(2);
			map(A, LEN);
			read(A);
		},
		cpus: [
			store,
			() => {
				write(A + PAGE, W);
				keep_page(A + PAGE);
				count();
			},
		],
		check() {
			found();
			check_that(noted(0) === 1 && read(A) === V && read(A + PAGE) === W, "a write is lost");
		},
	},
	"merge-borrowed": {
		about: "a child writes next to a mapping from its parent, and the two merge; the parent writes",
		patch: "none: mm/rmap.c find_mergeable_anon_vma(), anon_vma_fork()",
		invariant: "only an anon_vma that a vma has alone is lent to its neighbour",
		setup() {
			start_threads(1);
			map(A, LEN);
			mprotect(A, PAGE, PROT_READ);
			write(A + PAGE, 1);
			child_on(1);
			on_cpu(1, () => mprotect(A, PAGE, PROT_RW));
		},
		cpus: [
			() => note(0, write(A + PAGE + 8, V) ? 1 : 0),
			() => {
				note(1, write(A, W) ? 1 : 0);
				/* With the same flags, they merge. */
				mprotect(A + PAGE, PAGE, PROT_READ);
				mprotect(A + PAGE, PAGE, PROT_RW);
				write(A + PAGE + 16, W);
			},
		],
		check() {
			check_that(noted(0) === 1 && read(A + PAGE + 8) === V, "the parent's write is lost");
			on_cpu(1, () => {
				check_that(noted(1) === 1 && read(A) === W, "the child's write is lost");
				check_that(
					read(A + PAGE) === 1 && read(A + PAGE + 8) === 0,
					"the child has another page",
				);
			});
		},
	},
	"walk-reuse": {
		about: "a walk beside munmap, and a first write elsewhere that gets the same anon_vma anew",
		patch: "none: mm/rmap.c page_lock_anon_vma_read()",
		invariant: "a walk looks again whether the page is mapped, and lets go of what may be another's",
		setup() {
			start_threads(2);
			map(A, LEN);
			map(B, PAGE);
			write(A, 1);
			keep_page(A);
		},
		cpus: [
			count,
			() => {
				note(1, munmap(A, LEN));
				write(B, V);
			},
		],
		check() {
			check_that(noted(1) === 0 && read(A) === -1 && read(B) === V, "the write is lost");
		},
	},
};
