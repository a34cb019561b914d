// SPDX-License-Identifier: GPL-2.0-only
/**
 * Speculative faults of files: of a page that is in the cache and not mapped, by ->fault, where a fault maps nothing
 * around it, or by ->map_pages. Something else keeps the page table, unless a scenario is about that.
 */
import { __NR_close, __NR_mmap, __NR_sim_open, __NR_sim_set_size } from "asm/unistd.ts";
import type { file } from "linux/fs.ts";
import { MADV_POPULATE_READ, MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED } from "linux/mman.ts";
import { put_page } from "linux/mm.ts";
import type { page } from "linux/mm_types.ts";
import { lock_page } from "linux/pagemap.ts";
import { flush_delayed_fput } from "kernel/fs/file_table.ts";
import { find_get_page, unlock_page } from "mm/filemap.ts";
import { fault_around_bytes_set } from "mm/memory.ts";
import {
	A,
	as_child,
	B,
	check_protected,
	check_that,
	drop_caches,
	fork,
	in_kernel,
	LEN,
	load,
	madvise,
	madvise_dontneed,
	map_written,
	mprotect,
	munmap,
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
	user_syscall,
	V,
	vma_at,
	write,
} from "../scenario.ts";

const INO = 4715;
const O_RDWR = 2;
const NEIGHBOUR = A + 8 * PAGE;
/** Notes of the set-up: the descriptor, and what the two pages say. */
const FD = 7;
const FIRST = 8;
const SECOND = 9;

interface held extends struct {
	page: page /* set-up only */;
}
const held = DEFINE<held>();

function map_fd(addr: number, flags: number): void {
	user_syscall(__NR_mmap, addr, LEN, PROT_RW, flags | MAP_FIXED, noted(FD), 0);
}
/** Two cached pages of a file at A, not mapped. A private mapping has an anon_vma, since A + PAGE was written to. */
function cached(n: number, flags: number, around: boolean): void {
	start_threads(n);
	fault_around_bytes_set(around ? 16 * PAGE : PAGE);
	note(FD, user_syscall(__NR_sim_open, INO, O_RDWR, LEN));
	map_fd(A, flags);
	note(FIRST, read(A));
	note(SECOND, read(A + PAGE));
	if (flags === MAP_PRIVATE) write(A + PAGE, 1);
	madvise_dontneed(A, LEN);
}
/** And the mapping has the last reference to the file, but for who waits for a grace period. */
function closed(n: number, flags: number, around: boolean): void {
	map_written_neighbour(() => cached(n, flags, around));
	user_syscall(__NR_close, noted(FD));
}
function map_written_neighbour(setup: () => void): void {
	setup();
	map_written(NEIGHBOUR, 1);
}
/** Unmaps the file; whoever is then to close it does so. */
function munmap_and_close(): void {
	note(1, munmap(A, LEN));
	in_kernel(flush_delayed_fput);
}
const at_first = () => noted(FIRST);
function check_file(): void {
	munmap(A, LEN);
	user_syscall(__NR_close, noted(FD));
	drop_caches();
}
function check_gone(): void {
	check_that(noted(1) === 0 && read(A) === -1, "a page is mapped after munmap");
	check_file();
}
const load_second = () => note(0, read(A + PAGE));
const store_second = () => note(0, write(A + PAGE, V) ? 1 : 0);

/** A fault beside munmap, and the close of the file: R17a. */
function beside_close(about: string, patch: string, flags: number, around: boolean, run: () => void): Scenario {
	return {
		about: `${about} beside the munmap that has the last reference to the file`,
		patch,
		invariant: "a file is not closed while a fault uses it",
		setup: () => closed(2, flags, around),
		cpus: [run, munmap_and_close],
		check: check_gone,
	};
}

/** A fault of the second page beside the file's becoming one page long, and then two again. */
function beside_truncate(about: string, flags: number, around: boolean, run: () => void, fill = false): Scenario {
	return {
		about: `${about} beside truncation of the file, which then grows again`,
		patch: "RFC.25 mm: implement speculative handling in filemap_fault()",
		invariant: "what is mapped is the file's page",
		setup() {
			map_written_neighbour(() => cached(2, flags, around));
			if (!fill) return;
			/* In the page, and nowhere else. */
			map_fd(B, MAP_SHARED);
			write(B + PAGE, V);
		},
		cpus: [
			run,
			() => {
				note(1, user_syscall(__NR_sim_set_size, noted(FD), PAGE));
				note(2, user_syscall(__NR_sim_set_size, noted(FD), LEN));
			},
		],
		check() {
			check_that(noted(1) === 0 && noted(2) === 0, "a call fails");
			if (fill)
				check_that(
					read(A + PAGE) === read(B + PAGE),
					"a page that has left the file is mapped",
				);
			check_that(read(A) === at_first(), "the page before the end is lost");
			munmap(B, LEN);
			check_file();
		},
	};
}

export const scenarios: Record<string, Scenario> = {
	"spf-read-close": beside_close(
		"a read fault, which asks the file",
		"RFC.24 mm: implement speculative handling in __do_fault()",
		MAP_SHARED,
		false,
		load,
	),
	"spf-around-close": beside_close(
		"a read fault, which maps what is around,",
		"RFC.27 mm: implement speculative handling in do_fault_around()",
		MAP_SHARED,
		true,
		load,
	),
	"spf-cow-close": beside_close(
		"a write fault of a private mapping",
		"RFC.23 mm: rcu safe vma->vm_file freeing",
		MAP_PRIVATE,
		false,
		store,
	),
	"spf-read-tables": {
		about: "a read fault of a file beside the munmap that frees all page tables above it",
		patch: "RFC.26 mm: implement speculative fault handling in finish_fault()",
		invariant: "after munmap nothing is mapped there, and no table is looked at that is free",
		setup: () => cached(2, MAP_SHARED, false),
		cpus: [load, () => note(1, munmap(A, LEN))],
		check: check_gone,
	},
	"spf-around-tables": {
		about: "a read fault that maps what is around beside the munmap that frees all page tables above it",
		patch: "RFC.28 mm: implement speculative handling in filemap_map_pages()",
		invariant: "after munmap nothing is mapped there, and no table is looked at that is free",
		setup: () => cached(2, MAP_SHARED, true),
		cpus: [load, () => note(1, munmap(A, LEN))],
		check: check_gone,
	},
	"spf-read-truncate": beside_truncate("a read fault", MAP_SHARED, false, load_second, true),
	"spf-around-truncate": beside_truncate("a read fault that maps around", MAP_SHARED, true, load_second, true),
	"spf-cow-truncate": beside_truncate("a write fault of a private mapping", MAP_PRIVATE, false, store_second),
	"spf-read-locked": {
		about: "a read fault of a page that somebody else has locked beside the one who unlocks it",
		patch: "RFC.25 mm: implement speculative handling in filemap_fault()",
		invariant: "a speculative fault does not wait, and leaves no reference behind",
		setup() {
			map_written_neighbour(() => cached(2, MAP_SHARED, false));
			const file: file = vma_at(A).vm_file;

			held.page = find_get_page(file.f_mapping, 0);
			lock_page(held.page);
		},
		cpus: [
			load,
			() => {
				unlock_page(held.page);
				put_page(held.page);
			},
		],
		check() {
			check_that(noted(0) === at_first(), "a value from nowhere");
			check_file();
		},
	},
	"spf-read-read": {
		about: "two read faults of one page, of which each may find it locked by the other",
		patch: "RFC.26 mm: implement speculative fault handling in finish_fault()",
		invariant: "one maps it, the other gives back what it has taken",
		setup: () => map_written_neighbour(() => cached(2, MAP_SHARED, false)),
		cpus: [load, () => note(1, read(A))],
		check() {
			check_that(noted(0) === at_first() && noted(1) === at_first(), "a value from nowhere");
			check_file();
		},
	},
	"spf-cow-cow": {
		about: "two write faults of one page of a private mapping",
		patch: "RFC.30 mm: enable speculative fault handling for supported file types.",
		invariant: "both write to one copy",
		setup: () => map_written_neighbour(() => cached(2, MAP_PRIVATE, false)),
		cpus: [store, () => note(1, write(A + 8, V) ? 1 : 0)],
		check() {
			check_that(noted(0) === 1 && noted(1) === 1, "a write fails");
			check_that(read(A) === V && read(A + 8) === V, "a write is lost");
			check_file();
		},
	},
	"spf-cow-first": {
		about: "the first two write faults of a private mapping of a file, without an anon_vma",
		patch: "RFC.30 mm: enable speculative fault handling for supported file types.",
		invariant: "an anon_vma is made with mmap_lock held",
		setup() {
			map_written_neighbour(() => cached(2, MAP_SHARED, false));
			map_fd(A, MAP_PRIVATE);
		},
		cpus: [store, () => note(1, write(A + PAGE, V) ? 1 : 0)],
		check() {
			check_that(noted(0) === 1 && noted(1) === 1, "a write fails");
			check_that(read(A) === V && read(A + PAGE) === V, "a write is lost");
			check_file();
		},
	},
	"spf-cow-mprotect": {
		about: "a write fault of a private mapping of a file beside mprotect to read-only",
		patch: "RFC.30 mm: enable speculative fault handling for supported file types.",
		invariant: "after mprotect(PROT_READ) nobody writes",
		setup: () => map_written_neighbour(() => cached(2, MAP_PRIVATE, false)),
		cpus: [store, protect],
		check() {
			check_protected(at_first());
			check_file();
		},
	},
	"spf-read-mprotect": {
		about: "a read fault that maps around beside mprotect, which makes two vmas of one",
		patch: "RFC.27 mm: implement speculative handling in do_fault_around()",
		invariant: "what is mapped is what the vma that it is in permits",
		setup: () => map_written_neighbour(() => cached(2, MAP_SHARED, true)),
		cpus: [load, () => note(1, mprotect(A + PAGE, PAGE, 0))],
		check() {
			check_that(noted(0) === at_first() && noted(1) === 0, "a value from nowhere");
			check_that(read(A + PAGE) === -1, "a page can be read after mprotect(PROT_NONE)");
			check_file();
		},
	},
	"spf-cow-fork": {
		about: "a write fault of a private mapping of a file beside fork",
		patch: "RFC.30 mm: enable speculative fault handling for supported file types.",
		invariant: "parent and child do not see each other's writes after fork",
		setup: () => map_written_neighbour(() => cached(2, MAP_PRIVATE, false)),
		cpus: [store, () => note(1, fork())],
		check() {
			check_that(noted(0) === 1 && read(A) === V, "the parent's write is lost");
			const child = as_child(() => read(A));

			check_that(child === V || child === at_first(), "the child sees a page of nobody");
			write(A, 3);
			check_that(as_child(() => read(A)) === child, "the child sees the parent's write");
			as_child(() => munmap(A, LEN));
			check_file();
		},
	},
	"spf-around-zap": {
		about: "a read fault that maps around beside MADV_DONTNEED, under the read lock",
		patch: "RFC.28 mm: implement speculative handling in filemap_map_pages()",
		invariant: "a page has as many references as entries",
		setup() {
			map_written_neighbour(() => cached(2, MAP_SHARED, true));
			madvise(A + PAGE, PAGE, MADV_POPULATE_READ);
			madvise_dontneed(A, PAGE);
		},
		cpus: [load, () => note(1, madvise_dontneed(A, LEN))],
		check() {
			check_that(noted(0) === at_first() && noted(1) === 0, "a value from nowhere");
			check_that(read(A + PAGE) === noted(SECOND), "a page is lost");
			check_file();
		},
	},
	"spf-read-remap": {
		about: "a read fault of a file beside another mapping that takes its place",
		patch: "RFC.26 mm: implement speculative fault handling in finish_fault()",
		invariant: "what is read is of the mapping that is there",
		setup: () => map_written_neighbour(() => cached(2, MAP_SHARED, false)),
		cpus: [load, () => map_written_over()],
		check() {
			check_that(noted(0) === at_first() || noted(0) === 0, "a value from nowhere");
			check_that(read(A) === 0, "the old page is mapped in the new place");
			check_file();
		},
	},
};
function map_written_over(): void {
	user_syscall(__NR_mmap, A, LEN, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0);
}
