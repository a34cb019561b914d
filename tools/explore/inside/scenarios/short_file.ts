// SPDX-License-Identifier: GPL-2.0-only
/** Mappings that are longer than their file, shared memory that is no file's, and calls that only look. */
import { __NR_close, __NR_mincore, __NR_mmap, __NR_msync, __NR_sim_open, __NR_sim_set_size } from "asm/unistd.ts";
import { MADV_RANDOM, MADV_WILLNEED, MAP_FIXED, MAP_PRIVATE, MAP_SHARED, MS_SYNC } from "linux/mman.ts";
import {
	A,
	as_child,
	check_protected,
	check_that,
	drop_caches,
	fork,
	LEN,
	madvise,
	madvise_dontneed,
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
	protect,
	read,
	resize,
	type Scenario,
	start_threads,
	store,
	user_syscall,
	V,
	write,
	written,
} from "../scenario.ts";

const ENOMEM = 12;
const O_RDWR = 2;
const INO = 4712;
/** Where mincore() puts its answer. */
const VEC = A + 64 * PAGE;

/** The file, at least as long. */
function open(size: number): number {
	return user_syscall(__NR_sim_open, INO, O_RDWR, size);
}
/** Two pages at A of a file that has one. */
function short(flags: number): void {
	start_threads(2);
	const fd = open(PAGE);

	user_syscall(__NR_mmap, A, LEN, PROT_RW, flags | MAP_FIXED, fd, 0);
	user_syscall(__NR_close, fd);
	note(8, read(A));
}
/** Two pages at A that children share, too; the second one is there. */
function shmem(): void {
	start_threads(2);
	/* What keeps the page table. */
	map_written(VEC, 7);
	mmap(A, LEN, PROT_RW, MAP_SHARED | MAP_FIXED);
	write(A + PAGE, 1);
}
function check_file(): void {
	munmap(A, LEN);
	drop_caches();
}
/** Who asks about pages that somebody else unmaps. */
function beside_munmap(about: string, patch: string, ask: () => number): Scenario {
	return {
		about: `${about} beside munmap`,
		patch,
		invariant: "the answer is that of before or after",
		setup() {
			written();
			map_written(VEC, 7);
		},
		cpus: [() => note(0, ask()), () => note(1, munmap(A, LEN))],
		check() {
			check_that(noted(1) === 0 && read(A) === -1, "a page is mapped after munmap");
			check_that(noted(0) === 0 || noted(0) === -ENOMEM, "the answer is something else");
			check_that(
				noted(0) !== 0 || read(VEC) === 7 || read(VEC) === 1,
				"the page is said not to be there",
			);
		},
	};
}

/** Two pages at A of a file of two, which becomes one page shorter beside what is done with the second. */
function shrinks(flags: number, about: string, run: () => number, before?: () => void): Scenario {
	return {
		about: `${about} beside a file's becoming shorter`,
		patch: "none: mm/truncate.c truncate_pagecache(), mm/memory.c unmap_mapping_range(), mm/filemap.c",
		invariant: "behind the end there is nothing for anybody, and no page is lost",
		setup() {
			start_threads(2);
			note(7, open(LEN));
			user_syscall(__NR_mmap, A, LEN, PROT_RW, flags | MAP_FIXED, noted(7), 0);
			/* The second page is not read ahead. */
			madvise(A, LEN, MADV_RANDOM);
			note(8, read(A));
			before?.();
		},
		cpus: [() => note(0, run()), () => note(1, user_syscall(__NR_sim_set_size, noted(7), PAGE))],
		check() {
			check_that(noted(1) === 0 && noted(0) >= -1, "a call fails");
			check_that(read(A) === noted(8) || read(A) === -1, "the page before the end is lost");
			check_that(read(A + PAGE) === -1, "there is a page behind the end");
			user_syscall(__NR_close, noted(7));
			check_file();
		},
	};
}
const write_second = () => (write(A + PAGE, V) ? 1 : 0);
const read_second = () => void read(A + PAGE);

export const scenarios: Record<string, Scenario> = {
	"shrink-read": shrinks(MAP_SHARED, "a read of a page", () => read(A + PAGE)),
	"shrink-write": shrinks(MAP_SHARED, "a write to a page", write_second),
	"shrink-cow": shrinks(MAP_PRIVATE, "a write to a page of a private mapping", write_second),
	"shrink-cow-mapped": shrinks(
		MAP_PRIVATE,
		"a write to a page of a private mapping that was read",
		write_second,
		read_second,
	),
	"shrink-munmap": shrinks(MAP_SHARED, "munmap", () => munmap(A, LEN), read_second),
	"shrink-fork": shrinks(
		MAP_PRIVATE,
		"fork",
		() => (fork() > 0 ? 0 : -2),
		() => write(A + PAGE, V),
	),
	"shrink-mprotect": shrinks(
		MAP_SHARED,
		"mprotect to read-only",
		() => mprotect(A, LEN, PROT_READ),
		() => write(A + PAGE, V),
	),
	"short-read-grow": {
		about: "a read behind the end of a file beside its growth",
		patch: "none: mm/filemap.c filemap_fault()",
		invariant: "there is nothing behind the end, and after it the file's page",
		setup: () => short(MAP_SHARED),
		cpus: [
			() => note(0, read(A + PAGE)),
			() => {
				const fd = open(LEN);
				note(1, user_syscall(__NR_close, fd));
			},
		],
		check() {
			check_that(noted(1) === 0 && read(A) === noted(8), "a call fails");
			check_that(noted(0) === -1 || noted(0) === read(A + PAGE), "a value from nowhere");
			check_file();
		},
	},
	"short-write-munmap": {
		about: "a write to a private mapping behind the end of its file, for which a copy was made ready, beside munmap",
		patch: "none: mm/memory.c do_cow_fault()",
		invariant: "the write fails, and what was made ready is freed",
		setup: () => short(MAP_PRIVATE),
		cpus: [() => note(0, write(A + PAGE, V) ? 1 : 0), () => note(1, munmap(A, LEN))],
		check() {
			check_that(
				noted(0) === 0 && noted(1) === 0 && read(A) === -1,
				"a write behind the end of the file",
			);
			check_file();
		},
	},
	"short-write-shared": {
		about: "a write to a shared mapping behind the end of its file beside one before it",
		patch: "none: mm/memory.c do_shared_fault()",
		invariant: "one fails, the other is in the file",
		setup() {
			short(MAP_SHARED);
			madvise_dontneed(A, LEN);
		},
		cpus: [store, () => note(1, write(A + PAGE, V) ? 1 : 0)],
		check() {
			check_that(noted(0) === 1 && noted(1) === 0 && read(A) === V, "the write is lost");
			check_file();
		},
	},
	"shmem-fault-fault": {
		about: "the first two writes to a page of shared memory, which both make a page for it",
		patch: "none: mm/shmem.c shmem_getpage()",
		invariant: "there is one page, and both writes are in it",
		setup: shmem,
		cpus: [store, () => note(1, write(A + 1, V) ? 1 : 0)],
		check() {
			check_that(
				noted(0) === 1 && noted(1) === 1 && read(A) === V && read(A + 1) === V,
				"a write is lost",
			);
		},
	},
	"shmem-munmap": {
		about: "the first write to a page of shared memory beside the munmap that ends it",
		patch: "none: mm/shmem.c shmem_fault(), kernel/fs/inode.ts iput()",
		invariant: "the last user frees what is there",
		setup: shmem,
		cpus: [store, () => note(1, munmap(A, LEN))],
		check() {
			check_that(noted(1) === 0 && read(A) === -1, "a page is mapped after munmap");
		},
	},
	"shmem-fork": {
		about: "the first write to a page of shared memory beside fork",
		patch: "none: mm/memory.c copy_page_range()",
		invariant: "the child sees it, whenever it came",
		setup: shmem,
		cpus: [store, () => note(1, fork())],
		check() {
			check_that(noted(0) === 1 && noted(1) > 0 && read(A) === V, "the write is lost");
			check_that(
				as_child(() => read(A)) === V && as_child(() => read(A + PAGE)) === 1,
				"the child has another page",
			);
		},
	},
	"shmem-mprotect": {
		about: "the first write to a page of shared memory beside mprotect to read-only",
		patch: "none: mm/mprotect.c mprotect_fixup()",
		invariant: "after mprotect(PROT_READ) nobody writes",
		setup: shmem,
		cpus: [store, protect],
		check() {
			check_protected(0);
		},
	},
	"shmem-grow": {
		about: "a write to shared memory beside mremap, which makes the mapping larger than what it maps",
		patch: "none: mm/shmem.c shmem_fault()",
		invariant: "there is nothing behind the end",
		setup: shmem,
		cpus: [
			store,
			() => {
				note(2, resize(A, LEN, LEN + PAGE));
				note(1, write(A + LEN, V) ? 1 : 0);
			},
		],
		check() {
			check_that(noted(2) === A && noted(1) === 0, "a write behind the end");
			check_that(noted(0) === 1 && read(A) === V && read(A + PAGE) === 1, "the write is lost");
		},
	},
	"shmem-dontneed": {
		about: "a write to shared memory beside MADV_DONTNEED, which gives up the mapping of it and not the memory",
		patch: "none: mm/memory.c zap_pte_range()",
		invariant: "the write is not lost",
		setup() {
			shmem();
			on_cpu(1, () => write(A, 1));
		},
		cpus: [store, () => note(1, madvise_dontneed(A, LEN))],
		check() {
			check_that(
				noted(0) === 1 && noted(1) === 0 && read(A) === V && read(A + PAGE) === 1,
				"the write is lost",
			);
		},
	},
	"mincore-munmap": beside_munmap("mincore", "none: mm/mincore.c", () => user_syscall(__NR_mincore, A, LEN, VEC)),
	"msync-munmap": beside_munmap("msync", "none: mm/msync.c", () => user_syscall(__NR_msync, A, LEN, MS_SYNC)),
	"willneed-munmap": beside_munmap("MADV_WILLNEED", "none: mm/madvise.c", () => madvise(A, LEN, MADV_WILLNEED)),
};
