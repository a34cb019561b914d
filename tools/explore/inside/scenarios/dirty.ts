// SPDX-License-Identifier: GPL-2.0-only
/**
 * The accessed and dirty bits, which a CPU sets without a lock, beside those who change the entry or take it out.
 * The first page at A is mapped, writable and clean for CPU 0: shared memory that was only read, or what
 * MADV_FREE has left.
 */
import { __NR_mmap } from "asm/unistd.ts";
import {
	A,
	as_child,
	check_that,
	fork,
	in_kernel,
	LEN,
	madvise,
	madvise_dontneed,
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
	user_syscall,
	V,
	vma_at,
	write,
	written,
} from "../scenario.ts";
import { reclaim } from "../stores.ts";
import { current } from "kernel/sched/core.ts";
import { FAULT_FLAG_USER, handle_mm_fault, NO_REGS } from "linux/mm.ts";
import { MADV_COLD, MADV_FREE } from "linux/mman.ts";
import { mmap_read_lock, mmap_read_unlock } from "linux/mmap_lock.ts";

const MAP_FIXED_SHARED_ANON = 0x31;
const ELSEWHERE = A + 64 * PAGE;

function shared(): void {
	start_threads(2);
	user_syscall(__NR_mmap, A, LEN, PROT_RW, MAP_FIXED_SHARED_ANON, -1, 0);
	read(A);
	on_cpu(1, () => read(A));
}
/** Only CPU 1 has a translation of it. */
function shared_by_one(): void {
	start_threads(2);
	user_syscall(__NR_mmap, A, LEN, PROT_RW, MAP_FIXED_SHARED_ANON, -1, 0);
	on_cpu(1, () => read(A));
}
/** A read fault whose CPU had found no entry: since then somebody has made one. */
function late_read_fault(): void {
	in_kernel(() => {
		const mm = current().mm;

		mmap_read_lock(mm);
		note(1, handle_mm_fault(vma_at(A), A, FAULT_FLAG_USER, NO_REGS));
		mmap_read_unlock(mm);
	});
}
/** Both CPUs have written to it before. */
function freed(): void {
	written();
	write(A, 2);
	madvise(A, PAGE, MADV_FREE);
}

export const scenarios: Record<string, Scenario> = {
	"dirty-read-fault": {
		about: "the first store to a shared page, without a fault, beside a read fault that finds its entry",
		patch: "none: mm/memory.c handle_pte_fault(), arch/x86/mm/pgtable.c ptep_set_access_flags()",
		invariant: "a dirty bit that the CPU sets is not lost",
		setup: shared_by_one,
		cpus: [late_read_fault, () => note(0, write(A, V) ? 1 : 0)],
		check() {
			check_that(noted(0) === 1 && read(A) === V, "the write is lost");
		},
	},
	"dirty-mprotect": {
		about: "the first store to a shared page, which needs no fault, beside mprotect to read-only and back",
		patch: "none: mm/mprotect.c change_pte_range()",
		invariant: "a dirty bit that the CPU sets is not lost",
		setup: shared,
		cpus: [
			store,
			() => {
				mprotect(A, LEN, PROT_READ);
				mprotect(A, LEN, PROT_RW);
			},
		],
		check() {
			check_that(read(A) === (noted(0) === 1 ? V : 0), "the write is lost");
		},
	},
	"dirty-dontneed": {
		about: "the first store to a shared page that was read, which needs no fault, beside MADV_DONTNEED",
		patch: "none: mm/memory.c zap_pte_range()",
		invariant: "an entry that was taken out does not come back, and the file is told that it was dirty",
		setup: shared,
		cpus: [store, () => madvise_dontneed(A, LEN)],
		check() {
			check_that(noted(0) === 1 && read(A) === V, "the write is lost");
		},
	},
	"dirty-mremap": {
		about: "the first store to a shared page that was read, which needs no fault, beside mremap of it",
		patch: "none: mm/mremap.c move_ptes()",
		invariant: "the dirty bit goes along with the entry",
		setup: shared,
		cpus: [store, () => note(1, mremap(A, LEN, ELSEWHERE))],
		check() {
			check_that(read(ELSEWHERE) === (noted(0) === 1 ? V : 0), "the write is lost");
		},
	},
	"accessed-munmap": {
		about: "a load by a CPU that has to set the accessed bit beside munmap",
		patch: "none: mm/memory.c zap_pte_range()",
		invariant: "an entry that was taken out does not come back",
		setup() {
			freed();
		},
		cpus: [() => note(0, read(A)), () => note(1, munmap(A, LEN))],
		check() {
			check_that(noted(0) === 2 || noted(0) === -1, "a value from nowhere");
			check_that(noted(1) === 0 && read(A) === -1, "a page is mapped after munmap");
		},
	},
	"lazyfree-write": {
		configs: ["noafdbm.config"],
		about: "a store of another thread beside MADV_FREE, and one after it",
		patch: "none: mm/madvise.c madvise_free_pte_range()",
		invariant: "what is written after MADV_FREE is kept",
		setup() {
			written();
			write(A, 2);
		},
		cpus: [
			store,
			() => {
				madvise(A, PAGE, MADV_FREE);
				note(1, write(A + 8, V) ? 1 : 0);
			},
		],
		check() {
			reclaim(A, PAGE);
			check_that(noted(1) === 1 && read(A + 8) === V, "a write is lost that came after MADV_FREE");
			check_that(read(A) === V, "the page has what was given up");
		},
	},
	"lazyfree-mprotect": {
		configs: ["noafdbm.config"],
		about: "a store to a page that MADV_FREE has made clean beside mprotect to read-only",
		patch: "none: mm/mprotect.c change_pte_range()",
		invariant: "what is written after MADV_FREE is kept",
		setup: freed,
		cpus: [store, () => mprotect(A, LEN, PROT_READ)],
		check() {
			reclaim(A, PAGE);
			check_that(noted(0) === 0 || read(A) === V, "a write is lost that came after MADV_FREE");
		},
	},
	"lazyfree-cold": {
		configs: ["noafdbm.config"],
		about: "a store to a page that MADV_FREE has made clean, and a load has made young, beside MADV_COLD",
		patch: "none: mm/madvise.c madvise_cold_or_pageout_pte_range()",
		invariant: "a dirty bit that the CPU sets is not lost",
		setup() {
			freed();
			on_cpu(1, () => read(A));
		},
		cpus: [store, () => madvise(A, PAGE, MADV_COLD)],
		check() {
			reclaim(A, PAGE);
			check_that(noted(0) === 1 && read(A) === V, "a write is lost that came after MADV_FREE");
		},
	},
	"lazyfree-dontneed": {
		about: "a store to a page that MADV_FREE has made clean beside MADV_DONTNEED",
		patch: "none: mm/memory.c zap_pte_range()",
		invariant: "an entry that was taken out does not come back",
		setup: freed,
		cpus: [store, () => madvise_dontneed(A, LEN)],
		check() {
			const v = read(A);

			check_that(v === V || v === 0, "the page has what was given up");
		},
	},
	"lazyfree-fork": {
		configs: ["noafdbm.config"],
		about: "a store to a page that MADV_FREE has made clean beside fork, which takes its write bit",
		patch: "none: mm/memory.c copy_present_pte()",
		invariant: "a dirty bit that the CPU sets is not lost, and none comes into an entry that is read-only",
		setup: freed,
		cpus: [store, () => note(1, fork())],
		check() {
			reclaim(A, PAGE);
			check_that(noted(0) === 1 && read(A) === V, "a write is lost that came after MADV_FREE");
			const child = as_child(() => read(A));

			check_that(child === V || child === 2, "the child sees a page of nobody");
		},
	},
};
