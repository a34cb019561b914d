// SPDX-License-Identifier: GPL-2.0-only
/** An anonymous page fault beside one call that changes what it relies on. */
import {
	A, B, check_that, fork, forked, madvise_dontneed, map, map_stack, mprotect, mremap, munmap, note, noted, on_cpu, PAGE,
	PROT_READ, PROT_RW, read, run_task, type Scenario, start_threads, write, exit_group,
} from "../scenario.ts";

const V = 0x41;
const LEN = 2 * PAGE;

/**
 * n threads, and two pages at A: the first was never touched, the second was
 * written, so that there are a page table and an anon_vma: what a speculative
 * fault asks for.
 */
function threads(n: number, prot = PROT_RW): void {
	start_threads(n);
	map(A, LEN);
	write(A + PAGE, 1);
	if (prot !== PROT_RW)
		mprotect(A, LEN, prot);
}
const two_threads = () => threads(2);
/** The first page is there as well, written by CPU 1: CPU 0 has no translation. */
function written(): void {
	two_threads();
	on_cpu(1, () => write(A, 1));
}
const store = () => note(0, write(A, V) ? 1 : 0);
const load = () => note(0, read(A));

export const scenarios: Record<string, Scenario> = {
	"fault-munmap": {
		about: "an anonymous fault beside the munmap of its page",
		patch: "v2 09/31 mm: add do_handle_mm_fault(), 11/31 mm: rcu safe vma freeing",
		invariant: "after munmap nothing is mapped there",
		setup: two_threads,
		cpus: [store, () => note(1, munmap(A, LEN))],
		check() {
			check_that(noted(1) === 0, "munmap fails");
			check_that(read(A) === -1, "a page is mapped after munmap");
		},
		quick: true,
	},
	"fault-mprotect-ro": {
		about: "a write fault beside mprotect to read-only",
		patch: "v2 07/31 mm: add mmap_seq lock; mm/mprotect.c",
		invariant: "after mprotect(PROT_READ) nobody writes",
		setup: two_threads,
		cpus: [store, () => { mprotect(A, LEN, PROT_READ); note(1, read(A)); }],
		check() {
			/* A write that was not seen right after the change came never. */
			check_that(noted(1) === (noted(0) === 1 ? V : 0), "a write after mprotect");
			check_that(!write(A, 2), "the page is writable after mprotect");
		},
	},
	"fault-mprotect-rw": {
		about: "a read fault beside mprotect to read-write, and a write after it",
		patch: "v2 07/31 mm: add mmap_seq lock; mm/mprotect.c",
		invariant: "after mprotect(PROT_READ|PROT_WRITE) a write succeeds",
		setup: () => threads(2, PROT_READ),
		cpus: [load, () => { mprotect(A, LEN, PROT_RW); note(1, write(A, V) ? 1 : 0); }],
		check() {
			check_that(noted(1) === 1, "a write fails that is allowed");
			check_that(noted(0) === 0 || noted(0) === V, "a value from nowhere");
			check_that(read(A) === V, "a write is lost");
		},
	},
	"stack-expand": {
		about: "a fault on a stack beside its growth by another thread, which changes vm_start and vm_pgoff under the read lock",
		patch: "v2 11/31 and expand_downwards(); R29",
		invariant: "a page has the index of its address",
		setup() {
			start_threads(2);
			map_stack(A + 0x100000, LEN);
			write(A + 0x100000 + PAGE, 1);
		},
		cpus: [() => note(0, write(A + 0x100000, V) ? 1 : 0), () => note(1, write(A + 0x100000 - PAGE, V) ? 1 : 0)],
		check() {
			check_that(noted(0) === 1 && noted(1) === 1, "a write to the stack fails");
			check_that(read(A + 0x100000) === V && read(A + 0x100000 - PAGE) === V, "a write is lost");
		},
	},
	"zap-zap": {
		about: "two MADV_DONTNEED, which take the lock for reading, beside a fault",
		patch: "v2 05/31; writers are counted under the write lock only; R8",
		invariant: "the sequence is even while no writer is inside",
		setup: () => threads(3),
		cpus: [store, () => madvise_dontneed(A, LEN), () => madvise_dontneed(A, LEN)],
		check() {
			const v = read(A);

			check_that(v === V || v === 0, "a value from nowhere");
		},
		bound: 2,
	},
	"munmap-downgraded": {
		about: "a fault beside munmap, and a second writer that comes while the first still frees under the read lock",
		patch: "v2 06/31 mm: mmap_write_downgrade() ends the sequence",
		invariant: "the sequence is odd exactly while a writer is inside",
		setup() {
			two_threads();
			map(B, PAGE);
		},
		cpus: [store, () => { munmap(A, LEN); note(1, munmap(B, PAGE)); }],
		check() {
			check_that(noted(1) === 0, "the second munmap fails");
			check_that(read(A) === -1, "a page is mapped after munmap");
		},
	},
	"fault-munmap-neighbour": {
		about: "a fault beside the munmap of the neighbour that shares nothing but the page tables above",
		patch: "v2 09/31 mm: add do_handle_mm_fault(); free_pgtables()",
		invariant: "a page table is not freed while a fault fills it",
		setup() {
			two_threads();
			map(B, PAGE);
			write(B, 1);
		},
		cpus: [store, () => munmap(B, PAGE)],
		check() {
			check_that(noted(0) === 1 && read(A) === V, "the write is lost");
			check_that(read(B) === -1, "the neighbour is still there");
		},
	},
	"fault-mremap": {
		about: "a read of a page beside its move by mremap",
		patch: "v2 27/31 mm: mremap's page-table moves under the sequence",
		invariant: "the page is at the old address or at the new one, with what was in it",
		setup: written,
		cpus: [() => note(0, read(A)), () => mremap(A, LEN, B)],
		check() {
			check_that(noted(0) === 1 || noted(0) === -1, "another page was seen at the old address");
			check_that(read(A) === -1, "the old address is still mapped");
			check_that(read(B) === 1, "the page was lost");
		},
	},
	"fault-mremap-absent": {
		about: "a write fault on a page that was never touched beside its move",
		patch: "v2 27/31 mm: mremap's page-table moves under the sequence",
		invariant: "a write before the move is seen after it, a write after it fails",
		setup: two_threads,
		cpus: [store, () => mremap(A, LEN, B)],
		check() {
			check_that(read(A) === -1, "the old address is still mapped");
			check_that(read(B) === (noted(0) === 1 ? V : 0), "the write is lost");
		},
	},
	"fault-fork": {
		about: "a write to a page beside fork, which shares it for copy-on-write",
		patch: "v2 09/31; mm/memory.c copy_page_range() under the sequence",
		invariant: "parent and child do not see each other's writes after fork",
		setup: written,
		cpus: [store, () => fork()],
		check() {
			check_that(read(A) === V, "the parent's write is lost");
			/* CPU 1 becomes the child. */
			on_cpu(1, () => { run_task(forked()); });
			const child = on_cpu(1, () => read(A));

			check_that(child === V || child === 1, "the child sees a page of nobody");
			write(A, 3);
			check_that(on_cpu(1, () => read(A)) === child, "the child sees the parent's write");
		},
	},
	"fault-dontneed": {
		about: "a write fault beside MADV_DONTNEED of its page, which does not take the lock for writing",
		patch: "v2 09/31 mm: add do_handle_mm_fault(); mm/madvise.c",
		invariant: "the page has what was written, or zeroes",
		setup: written,
		cpus: [store, () => madvise_dontneed(A, LEN)],
		check() {
			const v = read(A);

			check_that(v === V || v === 0, "the page has what was given up");
		},
	},
	"fault-fault": {
		about: "the same write fault on two CPUs",
		patch: "v2 16/31 mm: implement speculative handling in do_anonymous_page()",
		invariant: "both write to one page",
		setup: two_threads,
		cpus: [store, () => note(1, write(A + 1, V) ? 1 : 0)],
		check() {
			check_that(noted(0) === 1 && noted(1) === 1, "a write fails");
			check_that(read(A) === V && read(A + 1) === V, "a write is lost");
		},
		quick: true,
	},
	"fault-fault-first": {
		about: "the first two faults of a mapping: both want an anon_vma and a page table",
		patch: "none: mm/rmap.c __anon_vma_prepare(), mm/memory.c __pte_alloc()",
		invariant: "there is one of each, and who uses the other's sees it whole",
		setup() {
			start_threads(2);
			map(A, LEN);
		},
		cpus: [store, () => note(1, write(A + 1, V) ? 1 : 0)],
		check() {
			check_that(noted(0) === 1 && noted(1) === 1, "a write fails");
			check_that(read(A) === V && read(A + 1) === V, "a write is lost");
		},
	},
	"fault-split": {
		about: "a fault beside a split of its vma",
		patch: "v2 12/31 mm: separate mmap locked assertion from find_vma; __vma_adjust()",
		invariant: "the write is not lost, the protection is that of the page",
		setup: two_threads,
		cpus: [store, () => mprotect(A + PAGE, PAGE, PROT_READ)],
		check() {
			check_that(noted(0) === 1 && read(A) === V, "the write is lost");
			check_that(!write(A + PAGE, 1), "the other half is still writable");
		},
	},
	"fault-merge": {
		about: "a fault beside the merge of its vma with the next one, which dies",
		patch: "v2 11/31 mm: rcu safe vma freeing; __vma_adjust()",
		invariant: "the write is not lost",
		setup() {
			two_threads();
			mprotect(A + PAGE, PAGE, PROT_READ);
		},
		cpus: [() => note(0, read(A)), () => mprotect(A + PAGE, PAGE, PROT_RW)],
		check() {
			check_that(noted(0) === 0, "a read fails");
			check_that(write(A + PAGE, V), "the merged part is not writable");
		},
	},
	"fault-exit": {
		about: "a fault beside the end of the process by the other thread",
		patch: "v2 28/31; mm/mmap.c exit_mmap()",
		invariant: "nothing is left of the address space",
		setup: two_threads,
		cpus: [() => { write(A, V); }, exit_group],
	},
	"fault-reuse": {
		about: "a fault beside the munmap of its page and a new mapping in its place",
		patch: "v2 11/31 mm: rcu safe vma freeing",
		invariant: "what is read is of the mapping that is there",
		setup: written,
		cpus: [load, () => { munmap(A, LEN); map(A, LEN, PROT_READ); }],
		check() {
			check_that(noted(0) === 1 || noted(0) === 0 || noted(0) === -1, "a page of nobody was read");
			check_that(!write(A, 2), "the new mapping is writable");
		},
	},
	"fault-fault-munmap": {
		about: "two faulting CPUs beside one munmap",
		patch: "v2 09/31 mm: add do_handle_mm_fault()",
		invariant: "after munmap nothing is mapped there",
		setup: () => threads(3),
		cpus: [store, () => note(2, write(A + 1, V) ? 1 : 0), () => munmap(A, LEN)],
		check() {
			check_that(read(A) === -1, "a page is mapped after munmap");
		},
		bound: 2,
	},
	"cow-munmap": {
		about: "a copy-on-write fault beside the munmap of its page",
		patch: "v2 20/31 mm: implement speculative handling in wp_page_copy()",
		invariant: "after munmap nothing is mapped there",
		setup() {
			written();
			fork();
		},
		cpus: [store, () => munmap(A, LEN)],
		check() {
			check_that(read(A) === -1, "a page is mapped after munmap");
		},
	},
	"tlb-munmap": {
		about: "user accesses through the TLB beside munmap, which flushes it",
		patch: "none: arch/x86/mm/tlb.c",
		invariant: "no access reaches a page after it is free",
		setup() {
			written();
			/* CPU 0 needs no walk for it. */
			write(A, 2);
		},
		cpus: [store, () => munmap(A, LEN)],
		check() {
			check_that(read(A) === -1, "a page is mapped after munmap");
		},
	},
};
