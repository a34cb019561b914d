// SPDX-License-Identifier: GPL-2.0-only
/**
 * Faults that meet a locked page of a file: the first time they drop mmap_lock
 * while they wait, and start again (VM_FAULT_RETRY). Somebody who is not a fault
 * holds the lock from the set-up on, as who reads or writes the page would.
 */
import { __NR_close, __NR_mmap, __NR_sim_open } from "asm/unistd.ts";
import { MADV_POPULATE_READ, MAP_FIXED, MAP_PRIVATE } from "linux/mman.ts";
import type { file } from "linux/fs.ts";
import { put_page } from "linux/mm.ts";
import type { page } from "linux/mm_types.ts";
import { lock_page } from "linux/pagemap.ts";
import { find_get_page, unlock_page } from "mm/filemap.ts";
import {
	A,
	check_that,
	drop_caches,
	exit_group,
	load,
	madvise,
	madvise_dontneed,
	map,
	map_file,
	map_written,
	mlock,
	mprotect,
	munmap,
	note,
	noted,
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
} from "../scenario.ts";

const ENOMEM = 12;
const O_RDWR = 2;
const INO = 4713;
const NEIGHBOUR = A + 8 * PAGE;

interface locked extends struct {
	page: page /* set-up only */;
}
const locked = DEFINE<locked>();

/** A page of a file at A, in the cache and not mapped; and something else that keeps its page table. */
function unmapped(n: number, shared = false): void {
	start_threads(n);
	map_written(NEIGHBOUR, 1);
	map_file(A, PAGE, PROT_RW, shared);
	note(8, read(A));
	madvise_dontneed(A, PAGE);
}
/** The same, and somebody has locked the page. */
function with_lock(n: number, shared = false): void {
	unmapped(n, shared);
	hold_lock();
}
function hold_lock(): void {
	const file: file = vma_at(A).vm_file;

	locked.page = find_get_page(file.f_mapping, 0);
	lock_page(locked.page);
}
function unlock(): void {
	unlock_page(locked.page);
	put_page(locked.page);
}
/** The first page of the file that is open as noted. */
function map_page(addr: number): void {
	user_syscall(__NR_mmap, addr, PAGE, PROT_RW, MAP_PRIVATE | MAP_FIXED, noted(9), 0);
}
/** Beside a fault that waits for the page. */
function munmap_then_unlock(): void {
	note(1, munmap(A, PAGE));
	unlock();
}
function gone(): void {
	check_that(noted(1) === 0 && read(A) === -1, "a page is mapped after munmap");
	check_file();
}
function read_or_gone(): void {
	check_that(noted(0) === noted(8) || noted(0) === -1, "a value from nowhere");
	gone();
}
function check_file(): void {
	munmap(A, PAGE);
	drop_caches();
}

/** A cached, locked page of a file is to be mapped at A, where there is no page table. */
function fresh_with_lock(): void {
	start_threads(2);
	map_file(A, PAGE, PROT_RW, false);
	note(8, read(A));
	munmap(A, PAGE);
	map_file(A, PAGE, PROT_RW, false);
	hold_lock();
}

export const scenarios: Record<string, Scenario> = {
	"locked-read-munmap": {
		about: "a read fault that waits for a locked page without mmap_lock, and munmap meanwhile",
		patch: "none: arch/x86/mm/fault.c, VM_FAULT_RETRY; mm/filemap.c filemap_fault()",
		invariant: "after the wait nothing is used that mmap_lock has kept",
		setup: () => with_lock(2),
		cpus: [load, munmap_then_unlock],
		check: read_or_gone,
	},
	"locked-write-munmap": {
		about: "a write fault of a private mapping that waits for a locked page, and munmap meanwhile",
		patch: "none: mm/memory.c do_cow_fault(), VM_FAULT_RETRY",
		invariant: "what was made ready for the copy is freed",
		setup: () => with_lock(2),
		cpus: [store, munmap_then_unlock],
		check: gone,
	},
	"locked-shared-write-munmap": {
		about: "a write fault of a shared mapping that waits for a locked page, and munmap meanwhile",
		patch: "none: mm/memory.c do_shared_fault(), VM_FAULT_RETRY",
		invariant: "a fault that has to start again goes on with nothing that it has found",
		setup: () => with_lock(2, true),
		cpus: [store, munmap_then_unlock],
		check: gone,
	},
	"locked-read-map": {
		about: "a read fault that waits for a locked page, and meanwhile anonymous memory comes in its place",
		patch: "none: arch/x86/mm/fault.c, VM_FAULT_RETRY",
		invariant: "what is read is of the mapping that is there",
		setup: () => with_lock(2),
		cpus: [
			() => note(0, read(A)),
			() => {
				map(A, PAGE);
				unlock();
			},
		],
		check() {
			check_that(noted(0) === noted(8) || noted(0) === 0, "a value from nowhere");
			check_that(read(A) === 0, "the old page is mapped in the new place");
			check_file();
		},
	},
	"locked-write-mprotect": {
		about: "a write fault that waits for a locked page, and mprotect to read-only meanwhile",
		patch: "none: arch/x86/mm/fault.c, VM_FAULT_RETRY",
		invariant: "permissions are looked at again after the wait",
		setup: () => with_lock(2),
		cpus: [
			store,
			() => {
				note(1, mprotect(A, PAGE, PROT_READ));
				unlock();
			},
		],
		check() {
			check_that(noted(1) === 0 && !write(A, 2), "the page is writable after mprotect");
			check_that(read(A) === (noted(0) === 1 ? V : noted(8)), "the write is lost");
			check_file();
		},
	},
	"locked-read": {
		about: "a read fault that waits for a locked page beside the one who unlocks it",
		patch: "none: mm/filemap.c unlock_page(), wait_on_page_locked()",
		invariant: "who waits is woken up",
		setup: () => with_lock(2),
		cpus: [() => note(0, read(A)), unlock],
		check() {
			check_that(noted(0) === noted(8), "a value from nowhere");
			check_file();
		},
	},
	"locked-read-read": {
		about: "two faults that wait for one locked page",
		patch: "none: mm/filemap.c wake_up_page()",
		invariant: "both are woken up, and map the page once each",
		setup: () => with_lock(3),
		cpus: [() => note(0, read(A)), () => note(1, read(A)), unlock],
		check() {
			check_that(noted(0) === noted(8) && noted(1) === noted(8), "a value from nowhere");
			check_file();
		},
	},
	"locked-shared-write": {
		about: "a write to a shared page that is mapped read-only, and which somebody else has locked",
		patch: "none: mm/filemap.c filemap_page_mkwrite(), mm/memory.c wp_page_shared()",
		invariant: "the write is in the file",
		setup() {
			with_lock(2, true);
			unlock();
			/* Mapped, and not writable yet. */
			read(A);
			lock_page(locked.page);
		},
		cpus: [store, () => unlock_page(locked.page)],
		check() {
			check_that(noted(0) === 1, "the write fails");
			map_file(A, PAGE, PROT_READ, false);
			check_that(read(A) === V, "the write is lost");
			check_file();
		},
	},
	"locked-shared-dontneed": {
		about: "a write to a shared page that waits for its lock, and MADV_DONTNEED meanwhile, which unmaps it",
		patch: "none: mm/memory.c finish_mkwrite_fault()",
		invariant: "the entry is compared after the wait",
		setup() {
			with_lock(2, true);
			unlock();
			read(A);
			lock_page(locked.page);
		},
		cpus: [
			store,
			() => {
				note(1, madvise_dontneed(A, PAGE));
				unlock_page(locked.page);
			},
		],
		check() {
			check_that(noted(0) === 1 && noted(1) === 0 && read(A) === V, "the write is lost");
			check_file();
		},
	},
	"locked-exit": {
		about: "a fault that waits for a locked page, and the end of its process",
		patch: "none: mm/filemap.c __lock_page_killable(), arch/x86/mm/fault.c",
		invariant: "who waits ends, and holds nothing",
		setup: () => with_lock(2),
		cpus: [
			() => {
				read(A);
			},
			() => {
				exit_group();
				unlock();
			},
		],
		check: drop_caches,
	},
	"locked-populate-map": {
		about: "MADV_POPULATE_READ that waits for a locked page, and meanwhile other memory comes in its place",
		patch: "none: mm/madvise.c madvise_populate(), madvise_walk_vmas()",
		invariant: "after the wait nothing is used that mmap_lock has kept",
		setup: () => with_lock(2),
		cpus: [
			() => note(0, madvise(A, PAGE, MADV_POPULATE_READ)),
			() => {
				map(A, PAGE);
				unlock();
			},
		],
		check() {
			check_that(noted(0) === 0 && read(A) === 0, "the new mapping is not there");
			check_file();
		},
	},
	"locked-populate-munmap": {
		about: "MADV_POPULATE_READ that waits for a locked page without mmap_lock, and munmap meanwhile",
		patch: "none: mm/madvise.c madvise_populate()",
		invariant: "after the wait the vma is looked up again",
		setup: () => with_lock(2),
		cpus: [() => note(0, madvise(A, PAGE, MADV_POPULATE_READ)), munmap_then_unlock],
		check() {
			check_that(noted(1) === 0 && read(A) === -1, "a page is mapped after munmap");
			check_that(noted(0) === 0 || noted(0) === -ENOMEM, "MADV_POPULATE_READ answers something else");
			check_file();
		},
	},
	"locked-mlock-munmap": {
		about: "mlock that waits for a locked page without mmap_lock, and munmap of it meanwhile",
		patch: "none: mm/gup.c __mm_populate()",
		invariant: "after the wait the vma is looked up again",
		setup: () => with_lock(2),
		cpus: [() => note(0, mlock(A, PAGE)), munmap_then_unlock],
		check() {
			check_that(noted(1) === 0 && read(A) === -1, "a page is mapped after munmap");
			check_that(noted(0) === 0 || noted(0) === -ENOMEM, "mlock answers something else");
			check_file();
		},
	},
	"file-read-read": {
		about: "two read faults of a page that is cached and not mapped: one may find it locked by the other",
		patch: "none: mm/filemap.c next_uptodate_page()",
		invariant: "each gives back what it has taken",
		setup: () => unmapped(2),
		cpus: [() => note(0, read(A)), () => note(1, read(A))],
		check() {
			check_that(noted(0) === noted(8) && noted(1) === noted(8), "a value from nowhere");
			check_file();
		},
	},
	"file-cow-munmap": {
		about: "two faults of a page, of which one may wait for the other, beside munmap",
		patch: "none: VM_FAULT_RETRY",
		invariant: "after the wait nothing is used that mmap_lock has kept",
		setup: () => unmapped(3),
		cpus: [() => note(0, read(A)), () => note(2, write(A + 8, V) ? 1 : 0), () => note(1, munmap(A, PAGE))],
		check: gone,
	},
	"file-split": {
		about: "a read fault of a file's page beside mprotect of the page before, which makes three vmas of one",
		patch: "none: mm/mmap.c __vma_adjust(), i_mmap_rwsem",
		invariant: "each maps its part of the file, and the file knows of them",
		setup() {
			start_threads(2);
			map_file(A, 3 * PAGE, PROT_RW, true);
			note(8, read(A + 16 * PAGE));
			madvise_dontneed(A, 3 * PAGE);
		},
		cpus: [() => note(0, read(A + 16 * PAGE)), () => note(1, mprotect(A + PAGE, PAGE, PROT_READ))],
		check() {
			check_that(noted(0) === noted(8) && noted(1) === 0 && !write(A + PAGE, 1), "a call fails");
			munmap(A, 3 * PAGE);
			drop_caches();
		},
	},
	"file-map-next": {
		about: "a read fault of a file's page beside a second mapping of it right behind, which is no continuation",
		patch: "none: mm/mmap.c can_vma_merge_after(), vm_pgoff",
		invariant: "two mappings of one page are two vmas",
		setup() {
			start_threads(2);
			note(9, user_syscall(__NR_sim_open, INO, O_RDWR, PAGE));
			map_page(A);
			note(8, read(A));
			madvise_dontneed(A, PAGE);
		},
		cpus: [() => note(0, read(A)), () => map_page(A + PAGE)],
		check() {
			check_that(noted(0) === noted(8) && read(A + PAGE) === noted(8), "a value from nowhere");
			munmap(A, 2 * PAGE);
			user_syscall(__NR_close, noted(9));
			drop_caches();
		},
	},
	"file-first-read": {
		about: "two read faults of a page that is not in the cache",
		patch: "none: mm/filemap.c page_cache_read()",
		invariant: "there is one page, and nobody sees it before it is read",
		setup() {
			start_threads(2);
			map_file(A, PAGE, PROT_RW, false);
		},
		cpus: [() => note(0, read(A)), () => note(1, read(A))],
		check() {
			check_that(noted(0) === noted(1) && read(A) === noted(0), "a value from nowhere");
			check_file();
		},
	},
	"locked-read-munmap-fresh": {
		about: "locked-read-munmap where no page table is there, nor anything that would keep one",
		patch: "none: arch/x86/mm/fault.c, VM_FAULT_RETRY; mm/memory.c do_fault(), prealloc_pte",
		invariant: "after the wait nothing is used that mmap_lock has kept",
		setup: fresh_with_lock,
		cpus: [load, munmap_then_unlock],
		check: read_or_gone,
	},
	"locked-write-munmap-fresh": {
		about: "locked-write-munmap where no page table is there, nor anything that would keep one",
		patch: "none: mm/memory.c do_cow_fault(), prealloc_pte, VM_FAULT_RETRY",
		invariant: "what was made ready for the copy is freed",
		setup: fresh_with_lock,
		cpus: [store, munmap_then_unlock],
		check: gone,
	},
};
