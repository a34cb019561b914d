// SPDX-License-Identifier: GPL-2.0-only
/**
 * Whoever uses a page of a file beside reclaim of that page, which then is somebody else's: the CPU that reclaims
 * takes a new page, which is the one that it has freed. There is one page on the lists, so that a reclaim looks at
 * it once; the set-up has it as old as it has to be.
 */
import {
	__NR_close,
	__NR_fsync,
	__NR_mmap,
	__NR_pread64,
	__NR_pwrite64,
	__NR_sim_open,
	__NR_sim_set_size,
} from "asm/unistd.ts";
import { CONFIG_PAGE_RECLAIM } from "generated/autoconf.ts";
import { GFP_KERNEL } from "linux/gfp.ts";
import { MAP_FIXED, MAP_PRIVATE, MAP_SHARED } from "linux/mman.ts";
import { fault_around_bytes_set } from "mm/memory.ts";
import { try_to_free_pages } from "mm/vmscan.ts";
import { check_disk_unused, disk, disk_fd, new_disk_file } from "../disk_file.ts";
import {
	A,
	ages,
	B,
	check_that,
	drop_caches,
	in_kernel,
	load,
	madvise_dontneed,
	map,
	map_written,
	munmap,
	note,
	noted,
	PAGE,
	PROT_RW,
	read,
	type Scenario,
	start_threads,
	store,
	user_syscall,
	V,
	write,
} from "../scenario.ts";

const CONFIGS = ["reclaim.config"];
const INO = 4716;
const O_RDWR = 2;
const NEIGHBOUR = A + 8 * PAGE;
/** What CPU 0 reads into. */
const BUF = A + 9 * PAGE;
/** The page that the CPU that reclaims takes. */
const NEW = B + 8 * PAGE;
const FD = 7;
const FIRST = 8;
const SECOND_BYTE = 9;
const RECLAIMED = 1;
const OLD = 5;

/** What waits for memory does; then some of it is used. */
function reclaim(): void {
	if (CONFIG_PAGE_RECLAIM) {
		const freed = in_kernel(() => try_to_free_pages(0, GFP_KERNEL));

		note(RECLAIMED, freed);
	}
	write(NEW, 99);
}

/** A file of one page, which is mapped at A and was read. With `table` a fault has a page table. */
function one_page(flags: number, around: boolean, table: boolean): void {
	start_threads(2);
	ages();
	map(NEW, PAGE);
	map_written(B, 1);
	map_written(BUF, 1);
	if (!table) munmap(BUF, PAGE);
	fault_around_bytes_set(around ? 16 * PAGE : PAGE);
	note(FD, user_syscall(__NR_sim_open, INO, O_RDWR, PAGE));
	user_syscall(__NR_mmap, A, PAGE, PROT_RW, flags | MAP_FIXED, noted(FD), 0);
	if (table) map_written(NEIGHBOUR, 1);
	note(FIRST, read(A));
	note(SECOND_BYTE, read(A + 1));
}
/** And it is in the cache alone. */
function cached(flags: number, around: boolean, table = true): void {
	one_page(flags, around, table);
	madvise_dontneed(A, PAGE);
}
/** Or it is mapped, by an entry that nobody has used since reclaim has come by. */
function mapped(flags: number): void {
	one_page(flags, false, true);
	reclaim();
	check_that(noted(RECLAIMED) === 0, "the page has gone too early");
	munmap(NEW, PAGE);
	map(NEW, PAGE);
}
const at_first = () => noted(FIRST);
function check_file(): void {
	check_that(read(A) === at_first(), "the file has changed");
	check_that(read(NEW) === 99, "a page of the file is somebody's memory");
	munmap(A, PAGE);
	user_syscall(__NR_close, noted(FD));
	drop_caches();
}
function check_load(): void {
	check_that(noted(0) === at_first(), `the file says ${noted(0)}, and not ${at_first()}`);
	check_file();
}

/** A file on a disk, whose one page is mapped at A, and clean. */
function on_disk(): void {
	start_threads(2);
	ages();
	map(NEW, PAGE);
	const fd = new_disk_file();

	map_written(B, 1);
	write(B, OLD);
	user_syscall(__NR_pwrite64, fd, B, 1, 0);
	user_syscall(__NR_mmap, A, PAGE, PROT_RW, MAP_SHARED | MAP_FIXED, fd, 0);
	read(A);
	user_syscall(__NR_fsync, fd);
}
function check_disk(value: number): void {
	const { byte, dirty } = disk();

	check_that(read(NEW) === 99, "a page of the file is somebody's memory");
	check_that(byte === value || dirty, `the disk has ${byte}, and no page is dirty`);
	check_that(read(A) === value, "the file does not say what was written");
	munmap(A, PAGE);
	check_disk_unused();
}

function beside(
	about: string,
	invariant: string,
	setup: () => void,
	run: () => void,
	check: () => void,
	patch = "none: mm/vmscan.c shrink_page_list()",
): Scenario {
	return {
		about: `${about} beside reclaim of the page`,
		patch,
		invariant,
		setup,
		cpus: [run, reclaim],
		check,
		configs: CONFIGS,
		only: true,
	};
}
const FILES_PAGE = "what is read is the file's page, and never whose the page becomes";

export const scenarios: Record<string, Scenario> = {
	"reclaim-read": beside(
		"a speculative read of a page that is not mapped, by ->fault,",
		FILES_PAGE,
		() => cached(MAP_SHARED, false),
		load,
		check_load,
		"RFC.25 mm: implement speculative handling in filemap_fault()",
	),
	"reclaim-around": beside(
		"a speculative read of a page that is not mapped, by ->map_pages,",
		FILES_PAGE,
		() => cached(MAP_SHARED, true),
		load,
		check_load,
		"RFC.28 mm: implement speculative handling in filemap_map_pages()",
	),
	"reclaim-cow": beside(
		"a speculative first write to a private mapping",
		"the copy is of the file's page",
		() => cached(MAP_PRIVATE, false),
		store,
		() => {
			check_that(noted(0) === 1 && read(A) === V, "the write is lost");
			check_that(read(A + 1) === noted(SECOND_BYTE), "the copy is of another page");
			munmap(A, PAGE);
			check_that(read(NEW) === 99, "a page of the file is somebody's memory");
			user_syscall(__NR_close, noted(FD));
			drop_caches();
		},
		"RFC.30 mm: enable speculative fault handling only for multithreaded user space",
	),
	"reclaim-classic": beside(
		"a read without a page table, which is classic,",
		FILES_PAGE,
		() => cached(MAP_SHARED, false, false),
		load,
		check_load,
		"none: mm/filemap.c filemap_fault()",
	),
	"reclaim-load": beside(
		"a load by an entry that is there, and may be remembered,",
		FILES_PAGE,
		() => mapped(MAP_SHARED),
		load,
		check_load,
		"none: mm/rmap.c try_to_unmap_one()",
	),
	"reclaim-pread": beside(
		"read()",
		FILES_PAGE,
		() => cached(MAP_SHARED, false),
		() => note(0, user_syscall(__NR_pread64, noted(FD), BUF, 1, 0) === 1 ? read(BUF) : -1),
		check_load,
		"none: mm/filemap.c filemap_read()",
	),
	"reclaim-truncate": beside(
		"truncation of the file, which then grows again,",
		"behind the end there are zeroes, and the page is freed once",
		() => cached(MAP_SHARED, false),
		() => {
			note(0, user_syscall(__NR_sim_set_size, noted(FD), 0));
			note(2, user_syscall(__NR_sim_set_size, noted(FD), PAGE));
		},
		() => {
			check_that(noted(0) === 0 && noted(2) === 0, "a call fails");
			note(FIRST, 0);
			check_file();
		},
		"none: mm/truncate.c, mm/vmscan.c __remove_mapping()",
	),
	"reclaim-munmap": beside(
		"munmap of the page",
		"the page is unmapped once",
		() => mapped(MAP_SHARED),
		() => note(0, munmap(A, PAGE)),
		() => {
			check_that(noted(0) === 0 && read(A) === -1, "munmap fails");
			check_that(read(NEW) === 99, "a page of the file is somebody's memory");
			user_syscall(__NR_close, noted(FD));
			drop_caches();
		},
		"none: mm/rmap.c try_to_unmap()",
	),
	"reclaim-write": beside(
		"a write to a shared mapping of a page on a disk",
		"what is written is on the disk, or the page is there, and dirty",
		() => {
			on_disk();
			reclaim();
			munmap(NEW, PAGE);
			map(NEW, PAGE);
		},
		store,
		() => {
			check_that(noted(0) === 1, "the write fails");
			check_disk(V);
		},
		"none: mm/rmap.c try_to_unmap_one(), mm/vmscan.c __remove_mapping()",
	),
	"reclaim-pwrite": beside(
		"write() to a page on a disk",
		"what is written is on the disk, or the page is there, and dirty",
		() => {
			on_disk();
			write(B, V);
			madvise_dontneed(A, PAGE);
		},
		() => note(0, user_syscall(__NR_pwrite64, disk_fd(), B, 1, 0)),
		() => {
			check_that(noted(0) === 1, "the write fails");
			check_disk(V);
		},
		"none: mm/filemap.c generic_perform_write()",
	),
	"reclaim-fsync": beside(
		"fsync of a page that was written",
		"what is written is on the disk, or the page is there, and dirty",
		() => {
			on_disk();
			write(A, V);
			madvise_dontneed(A, PAGE);
		},
		() => note(0, user_syscall(__NR_fsync, disk_fd())),
		() => {
			check_that(noted(0) === 0, "fsync fails");
			check_disk(V);
		},
		"none: mm/vmscan.c shrink_page_list(), mm/page-writeback.c",
	),
};
