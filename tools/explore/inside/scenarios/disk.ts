// SPDX-License-Identifier: GPL-2.0-only
/**
 * Files that have a disk behind their pages: faults beside writeback, beside read-ahead and holes, and beside the
 * end of the file system. The disk is done with a request as soon as somebody waits for it.
 */
import { __NR_close, __NR_fallocate, __NR_fsync, __NR_ftruncate, __NR_mmap, __NR_readahead } from "asm/unistd.ts";
import { MAP_FIXED, MAP_SHARED } from "linux/mman.ts";
import {
	check_disk_unused,
	disk,
	disk_fd,
	mount_disk,
	new_disk_file,
	open_disk_file,
	umount_disk,
} from "../disk_file.ts";
import {
	A,
	check_that,
	LEN,
	madvise_dontneed,
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

const CONFIGS = ["diskfs.config"];
const PUNCH_HOLE_KEEP_SIZE = 3;
/** A byte that is on the disk, and not V. */
const OLD = 5;

/** One page of a file at A, which says OLD on the disk; is it in the page cache, and mapped? */
function on_disk(cached: boolean): void {
	start_threads(2);
	const fd = new_disk_file();

	user_syscall(__NR_ftruncate, fd, PAGE);
	user_syscall(__NR_mmap, A, PAGE, PROT_RW, MAP_SHARED | MAP_FIXED, fd, 0);
	write(A, OLD);
	user_syscall(__NR_fsync, fd);
	if (cached) return;
	/* Another mount has nothing in the cache. */
	munmap(A, PAGE);
	user_syscall(__NR_close, fd);
	umount_disk();
	mount_disk();
	user_syscall(__NR_mmap, A, PAGE, PROT_RW, MAP_SHARED | MAP_FIXED, open_disk_file(), 0);
}
function punch(): void {
	note(1, user_syscall(__NR_fallocate, disk_fd(), PUNCH_HOLE_KEEP_SIZE, 0, PAGE));
}
function check_punched(): void {
	check_that(noted(1) === 0 && (noted(0) === OLD || noted(0) === 0), "a value from nowhere");
	check_that(read(A) === 0, "what was in the hole is still there");
	check_unmount();
}
function check_unmount(): void {
	munmap(A, LEN);
	check_disk_unused();
}

export const scenarios: Record<string, Scenario> = {
	"disk-write-fsync": {
		about: "a write to a shared mapping, which may be writable already, beside fsync",
		patch: "none: mm/page-writeback.c clear_page_dirty_for_io(), mm/rmap.c page_mkclean()",
		invariant: "what is written is on the disk, or the page is dirty",
		setup() {
			on_disk(true);
			write(A, OLD + 1);
		},
		cpus: [store, () => note(1, user_syscall(__NR_fsync, disk_fd()))],
		check() {
			const { byte, dirty } = disk();

			check_that(noted(0) === 1 && noted(1) === 0 && read(A) === V, "a call fails");
			check_that(byte === V || dirty, `the disk has ${byte}, and the page is clean`);
			check_unmount();
		},
		configs: CONFIGS,
		only: true,
	},
	"disk-mkwrite-fsync": {
		about: "a write to a page of a shared mapping, read-only since it was written back, beside fsync",
		patch: "none: ->page_mkwrite, mm/page-writeback.c",
		invariant: "what is written is on the disk, or the page is dirty",
		setup: () => on_disk(true),
		cpus: [store, () => note(1, user_syscall(__NR_fsync, disk_fd()))],
		check() {
			const { byte, dirty } = disk();

			check_that(noted(0) === 1 && noted(1) === 0 && read(A) === V, "a call fails");
			check_that(byte === V || dirty, `the disk has ${byte}, and the page is clean`);
			check_unmount();
		},
		configs: CONFIGS,
		only: true,
	},
	"disk-read-punch": {
		about: "the first read of a page beside the hole that is made of it",
		patch: "RFC.31 ext4: implement speculative fault handling",
		invariant: "behind the hole there are zeroes, and what is read is of before or after",
		setup: () => on_disk(false),
		cpus: [() => note(0, read(A)), punch],
		check: check_punched,
		configs: CONFIGS,
		only: true,
	},
	"disk-around-punch": {
		about: "a read fault that maps what is around, a page of the cache, beside the hole that is made of it",
		patch: "RFC.27 mm: implement speculative handling in do_fault_around()",
		invariant: "who maps pages lets go of invalidate_lock, for which nobody waits in an RCU section",
		setup() {
			on_disk(true);
			madvise_dontneed(A, PAGE);
			map_written(A + 8 * PAGE, 1);
		},
		cpus: [() => note(0, read(A)), punch],
		check: check_punched,
		configs: CONFIGS,
		only: true,
	},
	"disk-read-ahead": {
		about: "the first read of a page, which reads around it, beside readahead() of the same page",
		patch: "none: mm/readahead.c page_cache_ra_unbounded()",
		invariant: "one of them brings the page in, and who finds it not yet read waits",
		setup: () => on_disk(false),
		cpus: [() => note(0, read(A)), () => note(1, user_syscall(__NR_readahead, disk_fd(), 0, PAGE))],
		check() {
			check_that(noted(1) === 0 && noted(0) === OLD, "a value from nowhere");
			check_unmount();
		},
		configs: CONFIGS,
		only: true,
	},
	"disk-ahead-truncate": {
		about: "readahead() of a page beside the truncation that cuts it off",
		patch: "none: mm/readahead.c page_cache_ra_unbounded()",
		invariant: "what was cut off does not come back; that a page of zeroes stays behind the end is no harm",
		setup: () => on_disk(false),
		cpus: [
			() => note(0, user_syscall(__NR_readahead, disk_fd(), 0, PAGE)),
			() => note(1, user_syscall(__NR_ftruncate, disk_fd(), 0)),
		],
		check() {
			check_that(noted(0) === 0 && noted(1) === 0, "a call fails");
			user_syscall(__NR_ftruncate, disk_fd(), PAGE);
			check_that(read(A) === 0, "what was cut off is still there");
			check_unmount();
		},
		configs: CONFIGS,
		only: true,
	},
	"disk-umount": {
		about: "munmap of the last mapping of a file, and umount, beside a fault elsewhere",
		patch: "RFC.23 mm: rcu safe vma->vm_file freeing",
		invariant: "who has unmapped all can unmount",
		setup() {
			on_disk(true);
			user_syscall(__NR_close, disk_fd());
			map_written(A + 8 * PAGE, 1);
		},
		cpus: [
			() => {
				munmap(A, PAGE);
				note(0, umount_disk());
			},
			() => note(1, read(A + 8 * PAGE + 100)),
		],
		check() {
			check_that(noted(0) === 0, `umount returns ${noted(0)}`);
			mount_disk();
			check_unmount();
		},
		configs: CONFIGS,
		only: true,
	},
};
