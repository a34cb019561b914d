// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests of mm/readahead.ts, and of who uses it: reads, faults, and what
 * posix_fadvise(), readahead() and madvise() say.
 */
import { CONFIG_DISKFS } from "generated/autoconf.ts";
import { EBADF, EINVAL } from "linux/errno.ts";
import { O_CREAT, O_RDWR, O_WRONLY } from "linux/fcntl.ts";
import type { file } from "linux/fs.ts";
import {
	MADV_RANDOM, MADV_SEQUENTIAL, MAP_FIXED, MAP_SHARED,
} from "linux/mman.ts";
import { put_page } from "linux/mm.ts";
import { PageLocked, PageReadahead, PageUptodate } from "linux/page-flags.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import {
	__NR_close, __NR_fadvise64, __NR_madvise, __NR_mmap, __NR_mount,
	__NR_munmap, __NR_openat, __NR_pread64, __NR_pwrite64, __NR_readahead,
	__NR_sim_open, __NR_umount2, __NR_unlinkat,
} from "asm/unistd.ts";
import {
	KUNIT_ASSERT_EQ, KUNIT_ASSERT_GE, KUNIT_CASE, KUNIT_EXPECT_EQ,
	KUNIT_EXPECT_FALSE, KUNIT_EXPECT_STREQ, KUNIT_EXPECT_TRUE, type kunit,
	kunit_skip, kunit_suite,
} from "kunit/test.ts";
import { user_load8, user_store8, user_syscall } from "kernel/entry/user.ts";
import { fget, fput } from "kernel/fs/file_table.ts";
import { file_byte } from "kernel/fs/simfs.ts";
import { in_kernel } from "mm/fault_kunit_util.ts";
import { POSIX_FADV_WILLNEED } from "mm/fadvise.ts";
import { find_get_page } from "mm/filemap.ts";
import { fault_around_bytes_set } from "mm/memory.ts";
import {
	AREA, make_process, map_anon, RW, user_test_exit, user_test_init,
} from "mm/memory_kunit.ts";

const PAGES = 256;
const BUF = AREA + 0x10000000;
const POSIX_FADV_NORMAL = 0;
const POSIX_FADV_RANDOM = 1;
const POSIX_FADV_SEQUENTIAL = 2;
const POSIX_FADV_DONTNEED = 4;

/** No other test's, so that none of it is in the cache. */
const INO = 4720;

/** A process, and a file of which nothing is in the cache. */
function open_file(test: kunit): number {
	make_process(test);
	map_anon(test, BUF, 64);
	const fd = user_syscall(__NR_sim_open, INO, O_RDWR, PAGES * PAGE_SIZE);

	KUNIT_ASSERT_GE(test, fd, 0);
	user_syscall(__NR_fadvise64, fd, 0, 0, POSIX_FADV_DONTNEED);
	KUNIT_ASSERT_EQ(test, runs(fd), "");
	return fd;
}

function of_file<T>(fd: number, fn: (file: file) => T): T {
	return in_kernel(() => {
		const file = fget(fd);
		const ret = fn(file);

		fput(file);
		return ret;
	});
}

/** What of the file is in the cache, and which pages are marked: "0-9 !3". */
function runs(fd: number): string {
	const there: boolean[] = [];
	const marks: number[] = [];

	of_file(fd, (file) => {
		for (let i = 0; i <= PAGES; i++) {
			const page = find_get_page(file.f_mapping, i);

			there[i] = page !== NULL;
			if (page !== NULL) {
				if (PageReadahead(page)) marks.push(i);
				put_page(page);
			}
		}
	});
	let text = "";
	let first = -1;

	for (let i = 0; i <= PAGES; i++) {
		if (there[i] && first < 0) first = i;
		if (!there[i] && first >= 0) {
			text += ` ${first}-${i - 1}`;
			first = -1;
		}
	}
	return [text.trim(), ...marks.map((i) => `!${i}`)].join(" ").trim();
}

function read_at(test: kunit, fd: number, index: number, pages = 1): void {
	const bytes = pages === 1 ? 1 : pages * PAGE_SIZE;

	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pread64, fd, BUF, bytes,
		index * PAGE_SIZE), bytes);
	KUNIT_EXPECT_EQ(test, user_load8(BUF),
		file_byte(INO, index * PAGE_SIZE));
}

function done(test: kunit, fd: number): void {
	fault_around_bytes_set(65536);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_close, fd), 0);
}

/** A stream: each window is as large again, up to 32 pages, and is read when
 *  its predecessor's mark is come to. */
function stream(test: kunit): void {
	const fd = open_file(test);
	const steps: [number, string][] = [
		[0, "0-3 !1"],
		[1, "0-11 !4"],
		[2, "0-11 !4"],
		[4, "0-27 !12"],
		[12, "0-59 !28"],
		[28, "0-91 !60"],
		[60, "0-123 !92"],
	];

	for (const [index, expected] of steps) {
		read_at(test, fd, index);
		KUNIT_EXPECT_STREQ(test, runs(fd), expected);
	}
	done(test, fd);
}

/** A page that nothing leads to is read alone; with the next it is a stream. */
function random_then_stream(test: kunit): void {
	const fd = open_file(test);

	read_at(test, fd, 100);
	KUNIT_EXPECT_STREQ(test, runs(fd), "100-100");
	read_at(test, fd, 50, 2);
	KUNIT_EXPECT_STREQ(test, runs(fd), "50-51 100-100");
	read_at(test, fd, 52);
	KUNIT_EXPECT_STREQ(test, runs(fd), "50-55 100-100 !53");
	done(test, fd);
}

/** What is in the cache tells of a stream that the file's state does not: pages
 *  that lead to one, and marks. */
function context(test: kunit): void {
	const fd = open_file(test);

	user_syscall(__NR_readahead, fd, 10 * PAGE_SIZE, 4 * PAGE_SIZE);
	KUNIT_EXPECT_STREQ(test, runs(fd), "10-13");
	read_at(test, fd, 14);
	KUNIT_EXPECT_STREQ(test, runs(fd), "10-18 !18");
	/* Another stream takes the state away; the mark is still there. */
	read_at(test, fd, 0);
	KUNIT_EXPECT_STREQ(test, runs(fd), "0-3 10-18 !1 !18");
	read_at(test, fd, 18);
	KUNIT_EXPECT_STREQ(test, runs(fd), "0-3 10-22 !1 !19");
	done(test, fd);
}

/** A read as long as a window, which comes to the mark within it, and one at
 *  the end of the file. */
function large_and_last(test: kunit): void {
	const fd = open_file(test);

	read_at(test, fd, 0, 32);
	KUNIT_EXPECT_STREQ(test, runs(fd), "0-63 !32");
	read_at(test, fd, PAGES - 2, 2);
	KUNIT_EXPECT_STREQ(test, runs(fd), "0-63 254-255 !32");
	user_syscall(__NR_readahead, fd, PAGES * PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_STREQ(test, runs(fd), "0-63 254-255 !32");
	done(test, fd);
}

/** posix_fadvise(), and readahead(). */
function advice(test: kunit): void {
	const fd = open_file(test);

	user_syscall(__NR_fadvise64, fd, 0, 0, POSIX_FADV_RANDOM);
	read_at(test, fd, 0);
	read_at(test, fd, 1, 3);
	KUNIT_EXPECT_STREQ(test, runs(fd), "0-3");
	user_syscall(__NR_fadvise64, fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	KUNIT_EXPECT_EQ(test, of_file(fd, (file) => file.f_ra.ra_pages), 64);
	user_syscall(__NR_fadvise64, fd, 0, 0, POSIX_FADV_DONTNEED);
	read_at(test, fd, 0, 20);
	KUNIT_EXPECT_STREQ(test, runs(fd), "0-63 !20");
	user_syscall(__NR_fadvise64, fd, 0, 0, POSIX_FADV_NORMAL);
	KUNIT_EXPECT_EQ(test, of_file(fd, (file) => file.f_ra.ra_pages), 32);
	user_syscall(__NR_fadvise64, fd, 0, 0, POSIX_FADV_DONTNEED);
	/* The pages of the first and of the last byte; one request at most. */
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_fadvise64, fd,
		7 * PAGE_SIZE + 9, PAGE_SIZE, POSIX_FADV_WILLNEED), 0);
	KUNIT_EXPECT_STREQ(test, runs(fd), "7-8");
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_readahead, fd, 0, 2 ** 30), 0);
	KUNIT_EXPECT_STREQ(test, runs(fd), "0-31");
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_readahead, fd + 1, 0, 1),
		-EBADF);
	const wronly = user_syscall(__NR_sim_open, INO, O_WRONLY, 0);

	KUNIT_EXPECT_EQ(test, user_syscall(__NR_readahead, wronly, 0, 1),
		-EBADF);
	user_syscall(__NR_close, wronly);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_readahead, fd, 0, -1), -EINVAL);
	done(test, fd);
}

/** All of the file at AREA; a fault maps nothing but its page. */
function map_all(test: kunit, fd: number): void {
	fault_around_bytes_set(PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, user_syscall(__NR_mmap, AREA, PAGES * PAGE_SIZE,
		RW, MAP_SHARED | MAP_FIXED, fd, 0), AREA);
}

function touch(test: kunit, index: number): void {
	KUNIT_EXPECT_EQ(test, user_load8(AREA + index * PAGE_SIZE),
		file_byte(INO, index * PAGE_SIZE));
}

/** A fault reads around its page; whoever comes to the mark has the next ones
 *  read; and so the program says otherwise. */
function faults(test: kunit): void {
	const fd = open_file(test);

	map_all(test, fd);
	touch(test, 40);
	KUNIT_EXPECT_STREQ(test, runs(fd), "24-55 !48");
	touch(test, 47);
	KUNIT_EXPECT_STREQ(test, runs(fd), "24-55 !48");
	touch(test, 48);
	KUNIT_EXPECT_STREQ(test, runs(fd), "24-87 !56");
	user_syscall(__NR_madvise, AREA, PAGES * PAGE_SIZE, MADV_RANDOM);
	touch(test, 100);
	KUNIT_EXPECT_STREQ(test, runs(fd), "24-87 100-100 !56");
	touch(test, 56);
	KUNIT_EXPECT_STREQ(test, runs(fd), "24-87 100-100 !56");
	user_syscall(__NR_madvise, AREA, PAGES * PAGE_SIZE, MADV_SEQUENTIAL);
	touch(test, 0);
	KUNIT_EXPECT_STREQ(test, runs(fd), "0-87 100-100 !16 !56");
	done(test, fd);
}

/** A file whose faults miss a hundred times more than they hit is not read
 *  ahead any more, until they hit again. */
function misses(test: kunit): void {
	const fd = open_file(test);
	const missed = (): number =>
		of_file(fd, (file) => file.f_ra.mmap_miss);

	map_all(test, fd);
	touch(test, 0);
	KUNIT_EXPECT_EQ(test, missed(), 1);
	touch(test, 1);
	KUNIT_EXPECT_EQ(test, missed(), 0);
	of_file(fd, (file) => {
		const ra = file.f_ra;

		ra.mmap_miss = 100 as int;
	});
	touch(test, 200);
	KUNIT_EXPECT_EQ(test, missed(), 101);
	KUNIT_EXPECT_STREQ(test, runs(fd), "0-31 200-200 !24");
	/* Two pages that are there, around the one of the fault. */
	fault_around_bytes_set(4 * PAGE_SIZE);
	touch(test, 4);
	KUNIT_EXPECT_EQ(test, missed(), 97);
	done(test, fd);
}

const MNT = BUF + 63 * PAGE_SIZE;

function name_at(text: string, n: number): number {
	for (let i = 0; i <= text.length; i++)
		user_store8(MNT + n * 64 + i, text.charCodeAt(i) || 0);
	return MNT + n * 64;
}

function mount(test: kunit, type: string): number {
	make_process(test);
	map_anon(test, BUF, 64);
	KUNIT_ASSERT_EQ(test, user_syscall(__NR_mount, 0, name_at("/mnt", 0),
		name_at(type, 1), 0), 0);
	const fd = user_syscall(__NR_openat, 0, name_at("/mnt/a", 2),
		O_RDWR | O_CREAT, 0);

	for (let i = 0; i < 64; i++) {
		user_store8(BUF, i + 1);
		user_syscall(__NR_pwrite64, fd, BUF, 1, i * PAGE_SIZE);
	}
	return fd;
}

function umount(test: kunit): void {
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_unlinkat, 0,
		name_at("/mnt/a", 2), 0), 0);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_umount2, name_at("/mnt", 0),
		0), 0);
}

/** What is nowhere but in memory is not read, nor thrown away. */
function memory_only(test: kunit): void {
	const fd = mount(test, "ramfs");

	KUNIT_EXPECT_EQ(test, of_file(fd, (file) => file.f_ra.ra_pages), 0);
	user_syscall(__NR_pwrite64, fd, BUF, 1, 200 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_readahead, fd,
		100 * PAGE_SIZE, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pread64, fd, BUF, 1,
		120 * PAGE_SIZE), 1);
	KUNIT_EXPECT_STREQ(test, runs(fd), "0-63 120-120 200-200");
	user_syscall(__NR_close, fd);
	umount(test);
}

/** A disk takes its time: a read waits for its page, but not for the pages that
 *  are read ahead, for which the next one does. */
function disk(test: kunit): void {
	if (!CONFIG_DISKFS)
		kunit_skip(test, "needs DISKFS");
	const first = mount(test, "diskfs");

	user_syscall(__NR_close, first);
	user_syscall(__NR_umount2, name_at("/mnt", 0), 0);
	KUNIT_ASSERT_EQ(test, user_syscall(__NR_mount, 0, name_at("/mnt", 0),
		name_at("diskfs", 1), 0), 0);
	const fd = user_syscall(__NR_openat, 0, name_at("/mnt/a", 2), O_RDWR,
		0);
	const state = (index: number): [boolean, boolean] =>
		of_file(fd, (file) => {
			const page = find_get_page(file.f_mapping, index);
			const ret: [boolean, boolean] =
				[PageLocked(page), PageUptodate(page)];

			put_page(page);
			return ret;
		});

	KUNIT_EXPECT_EQ(test, user_syscall(__NR_readahead, fd, 0,
		8 * PAGE_SIZE), 0);
	KUNIT_EXPECT_STREQ(test, runs(fd), "0-7");
	const [locked, uptodate] = state(7);

	KUNIT_EXPECT_TRUE(test, locked);
	KUNIT_EXPECT_FALSE(test, uptodate);
	for (const i of [7, 0, 20]) {
		KUNIT_EXPECT_EQ(test, user_syscall(__NR_pread64, fd, BUF, 1,
			i * PAGE_SIZE), 1);
		KUNIT_EXPECT_EQ(test, user_load8(BUF), i + 1);
		KUNIT_EXPECT_TRUE(test, state(i)[1]);
	}
	map_all(test, fd);
	KUNIT_EXPECT_EQ(test, user_load8(AREA + 40 * PAGE_SIZE), 41);
	KUNIT_EXPECT_EQ(test, user_load8(AREA + 55 * PAGE_SIZE), 56);
	fault_around_bytes_set(65536);
	user_syscall(__NR_munmap, AREA, PAGES * PAGE_SIZE);
	user_syscall(__NR_close, fd);
	umount(test);
}

export const readahead_test_suite = kunit_suite({
	name: "readahead",
	init: user_test_init,
	exit: user_test_exit,
	test_cases: [
		KUNIT_CASE("stream", stream),
		KUNIT_CASE("random_then_stream", random_then_stream),
		KUNIT_CASE("context", context),
		KUNIT_CASE("large_and_last", large_and_last),
		KUNIT_CASE("advice", advice),
		KUNIT_CASE("faults", faults),
		KUNIT_CASE("misses", misses),
		KUNIT_CASE("memory_only", memory_only),
		KUNIT_CASE("disk", disk),
	],
});
