// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests of what a program does with the contents of a file, that is of
 * fs/read_write.ts, fs/open.ts, fs/simfs.ts, and of mm/filemap.ts and
 * mm/truncate.ts what they stand on.
 */
import {
	EACCES, EBADF, EFAULT, EFBIG, EINVAL, ENXIO, EOPNOTSUPP,
} from "linux/errno.ts";
import { O_APPEND, O_RDONLY, O_RDWR, O_WRONLY } from "linux/fcntl.ts";
import {
	MAX_LFS_FILESIZE, SEEK_CUR, SEEK_DATA, SEEK_END, SEEK_HOLE, SEEK_SET,
} from "linux/fs.ts";
import {
	FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE,
} from "uapi/linux/falloc.ts";
import {
	MAP_FIXED, MAP_PRIVATE, MAP_SHARED, PROT_NONE, PROT_READ,
} from "linux/mman.ts";
import { BUS_ADRERR, SIGBUS } from "linux/signal.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import {
	__NR_close, __NR_fadvise64, __NR_fallocate, __NR_fsync,
	__NR_ftruncate, __NR_lseek,
	__NR_mmap, __NR_mprotect, __NR_munmap, __NR_pread64, __NR_pwrite64,
	__NR_read, __NR_sim_open, __NR_write,
} from "asm/unistd.ts";
import {
	KUNIT_ASSERT_EQ, KUNIT_ASSERT_GE, KUNIT_CASE, KUNIT_EXPECT_EQ,
	KUNIT_EXPECT_TRUE, type kunit, kunit_suite,
} from "kunit/test.ts";
import {
	user_load8, user_store8, user_syscall,
} from "kernel/entry/user.ts";
import { file_byte } from "kernel/fs/simfs.ts";
import { expect_signal } from "mm/fault_kunit_util.ts";
import {
	AREA, make_process, map_anon, RW, user_test_exit, user_test_init,
} from "mm/memory_kunit.ts";

const INO = 4713;
/** Where the file is mapped; and what read() and write() are given. */
const MAP = AREA;
const BUF = AREA + 0x10000000;
const BUF_PAGES = 4;

/** The file, at least as long; and the buffer. */
function open_file(test: kunit, size: number, flags: number = O_RDWR): number {
	make_process(test);
	map_anon(test, BUF, BUF_PAGES);
	const fd = user_syscall(__NR_sim_open, INO, flags, size);

	KUNIT_ASSERT_GE(test, fd, 0);
	return fd;
}

function map_fd(test: kunit, fd: number, pages: number, flags: number): void {
	KUNIT_ASSERT_EQ(test, user_syscall(__NR_mmap, MAP, pages * PAGE_SIZE,
		RW, flags | MAP_FIXED, fd, 0), MAP);
}

/** The buffer from at on is so many bytes of this value. */
function fill(value: number, count: number, at: number = BUF): void {
	for (let i = 0; i < count; i++) user_store8(at + i, value);
}

/** What the file has at an offset; -1 at its end. */
function byte_of(fd: number, offset: number): number {
	const n = user_syscall(__NR_pread64, fd, BUF + 100, 1, offset);

	return n === 1 ? user_load8(BUF + 100) : n === 0 ? -1 : n;
}

function size_of(fd: number): number {
	return user_syscall(__NR_lseek, fd, 0, SEEK_END);
}

/** Nobody has written: bytes are the file's own, up to its end. */
function reads(test: kunit): void {
	const fd = open_file(test, 2 * PAGE_SIZE + 10);

	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_read, fd, BUF, PAGE_SIZE + 5), PAGE_SIZE + 5);
	KUNIT_EXPECT_EQ(test, user_load8(BUF + PAGE_SIZE + 4),
		file_byte(INO, PAGE_SIZE + 4));
	/* From there, and no further than the end. */
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_read, fd, BUF, 3 * PAGE_SIZE),
		PAGE_SIZE + 5);
	KUNIT_EXPECT_EQ(test, user_load8(BUF + PAGE_SIZE + 4),
		file_byte(INO, 2 * PAGE_SIZE + 9));
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_read, fd, BUF, 1), 0);
	/* A position of one's own is nobody else's. */
	KUNIT_EXPECT_EQ(test, byte_of(fd, 7), file_byte(INO, 7));
	KUNIT_EXPECT_EQ(test, byte_of(fd, 2 * PAGE_SIZE + 10), -1);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_lseek, fd, 0, SEEK_CUR),
		2 * PAGE_SIZE + 10);
	/* Longer than whoever opened it first knew. */
	user_syscall(__NR_sim_open, INO, O_RDWR, 4 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, byte_of(fd, 2 * PAGE_SIZE + 9),
		file_byte(INO, 2 * PAGE_SIZE + 9));
	KUNIT_EXPECT_EQ(test, byte_of(fd, 2 * PAGE_SIZE + 20), 0);
	user_syscall(__NR_fadvise64, fd, 0, 0, 4);
	KUNIT_EXPECT_EQ(test, byte_of(fd, 2 * PAGE_SIZE + 20), 0);
	/* Half of the buffer is there. */
	user_syscall(__NR_munmap, BUF + PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pread64, fd,
		BUF + PAGE_SIZE - 8, 16, 0), 8);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pread64, fd,
		BUF + PAGE_SIZE, 16, 0), -EFAULT);
}

/** What is written is read, by way of a mapping, too. */
function writes(test: kunit): void {
	const fd = open_file(test, PAGE_SIZE);

	map_fd(test, fd, 2, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + 9), file_byte(INO, 9));
	fill(0x5a, 20);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pwrite64, fd, BUF, 20, 10), 20);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + 9), file_byte(INO, 9));
	KUNIT_EXPECT_EQ(test, user_load8(MAP + 10), 0x5a);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + 29), 0x5a);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + 30), file_byte(INO, 30));
	/* And the other way round. */
	KUNIT_EXPECT_TRUE(test, user_store8(MAP + 11, 0x77));
	KUNIT_EXPECT_EQ(test, byte_of(fd, 11), 0x77);
	/* Over the end, and over the edge of a page. */
	KUNIT_EXPECT_EQ(test, user_load8(MAP + PAGE_SIZE), -1);
	expect_signal(test, SIGBUS, MAP + PAGE_SIZE, BUS_ADRERR);
	user_syscall(__NR_lseek, fd, PAGE_SIZE - 5, SEEK_SET);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_write, fd, BUF, 20), 20);
	KUNIT_EXPECT_EQ(test, size_of(fd), PAGE_SIZE + 15);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + PAGE_SIZE + 14), 0x5a);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + PAGE_SIZE + 15), 0);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_fsync, fd), 0);
}

/** A write whose source is the page that it goes to, in memory or not. */
function writes_to_itself(test: kunit): void {
	const fd = open_file(test, 2 * PAGE_SIZE);

	map_fd(test, fd, 2, MAP_SHARED);
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_pwrite64, fd, MAP, PAGE_SIZE - 1, 1),
		PAGE_SIZE - 1);
	KUNIT_EXPECT_EQ(test, byte_of(fd, 0), file_byte(INO, 0));
	KUNIT_EXPECT_EQ(test, byte_of(fd, PAGE_SIZE + 1),
		file_byte(INO, PAGE_SIZE + 1));
	/* A source that ends in the middle. */
	fill(0x11, 10, BUF + PAGE_SIZE - 10);
	user_syscall(__NR_mprotect, BUF + PAGE_SIZE, PAGE_SIZE, PROT_NONE);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pwrite64, fd,
		BUF + PAGE_SIZE - 10, PAGE_SIZE, PAGE_SIZE), -EFAULT);
	KUNIT_EXPECT_EQ(test, byte_of(fd, PAGE_SIZE),
		file_byte(INO, PAGE_SIZE));
	/* What comes before it, where that is a page of the file by itself. */
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pwrite64, fd,
		BUF + PAGE_SIZE - 10, 20, PAGE_SIZE - 10), 10);
	KUNIT_EXPECT_EQ(test, byte_of(fd, PAGE_SIZE - 1), 0x11);
}

/** Shorter and longer again: what was cut off is zeroes. */
function truncates(test: kunit): void {
	const fd = open_file(test, 3 * PAGE_SIZE);

	map_fd(test, fd, 3, MAP_SHARED);
	for (let i = 0; i < 3; i++) user_load8(MAP + i * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_ftruncate, fd, PAGE_SIZE + 100), 0);
	KUNIT_EXPECT_EQ(test, size_of(fd), PAGE_SIZE + 100);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + PAGE_SIZE + 99),
		file_byte(INO, PAGE_SIZE + 99));
	KUNIT_EXPECT_EQ(test, user_load8(MAP + PAGE_SIZE + 100), 0);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + 2 * PAGE_SIZE), -1);
	expect_signal(test, SIGBUS, MAP + 2 * PAGE_SIZE, BUS_ADRERR);
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_ftruncate, fd, 3 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + 2 * PAGE_SIZE + 3), 0);
	KUNIT_EXPECT_EQ(test, byte_of(fd, PAGE_SIZE + 100), 0);
	KUNIT_EXPECT_EQ(test, byte_of(fd, PAGE_SIZE + 99),
		file_byte(INO, PAGE_SIZE + 99));
	/* A write behind the end leaves zeroes before it. */
	fill(0x33, 1);
	user_syscall(__NR_ftruncate, fd, 10);
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_pwrite64, fd, BUF, 1, 2 * PAGE_SIZE), 1);
	KUNIT_EXPECT_EQ(test, size_of(fd), 2 * PAGE_SIZE + 1);
	KUNIT_EXPECT_EQ(test, byte_of(fd, 9), file_byte(INO, 9));
	KUNIT_EXPECT_EQ(test, byte_of(fd, 10), 0);
	KUNIT_EXPECT_EQ(test, byte_of(fd, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, byte_of(fd, 2 * PAGE_SIZE), 0x33);
}

/** A private copy behind the end goes with it, one before it stays. */
function truncates_copies(test: kunit): void {
	const fd = open_file(test, 2 * PAGE_SIZE);

	map_fd(test, fd, 2, MAP_PRIVATE);
	user_store8(MAP, 1);
	user_store8(MAP + PAGE_SIZE, 2);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_ftruncate, fd, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, user_load8(MAP), 1);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + PAGE_SIZE), -1);
	expect_signal(test, SIGBUS, MAP + PAGE_SIZE, BUS_ADRERR);
}

function punches_holes(test: kunit): void {
	const fd = open_file(test, 4 * PAGE_SIZE);
	const punch = (offset: number, len: number): number =>
		user_syscall(__NR_fallocate, fd,
			FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
			len);

	map_fd(test, fd, 4, MAP_SHARED);
	user_load8(MAP + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, punch(PAGE_SIZE - 3, PAGE_SIZE + 6), 0);
	for (const [offset, hole] of [[PAGE_SIZE - 4, 0], [PAGE_SIZE - 3, 1],
		[PAGE_SIZE, 1], [2 * PAGE_SIZE - 1, 1], [2 * PAGE_SIZE + 2, 1],
		[2 * PAGE_SIZE + 3, 0]]) {
		const byte = hole ? 0 : file_byte(INO, offset);

		KUNIT_EXPECT_EQ(test, user_load8(MAP + offset), byte);
		KUNIT_EXPECT_EQ(test, byte_of(fd, offset), byte);
	}
	KUNIT_EXPECT_EQ(test, size_of(fd), 4 * PAGE_SIZE);
	/* In what was written behind what nobody knows. */
	user_syscall(__NR_ftruncate, fd, 2 * PAGE_SIZE);
	fill(0x44, PAGE_SIZE);
	user_syscall(__NR_pwrite64, fd, BUF, PAGE_SIZE, 2 * PAGE_SIZE);
	user_syscall(__NR_pwrite64, fd, BUF, PAGE_SIZE, 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, punch(2 * PAGE_SIZE + 8, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + 2 * PAGE_SIZE + 7), 0x44);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + 2 * PAGE_SIZE + 8), 0);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + 3 * PAGE_SIZE + 7), 0);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + 3 * PAGE_SIZE + 8), 0x44);
	KUNIT_EXPECT_EQ(test, punch(0, 100 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, size_of(fd), 4 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + 3 * PAGE_SIZE + 8), 0);
	/* Without a hole the file becomes longer. */
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_fallocate, fd, 0, 0, 5 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, size_of(fd), 5 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, byte_of(fd, 5 * PAGE_SIZE - 1), 0);
}

function positions(test: kunit): void {
	const fd = open_file(test, 100);
	const rows = [
		[0, SEEK_SET, 0], [70, SEEK_SET, 70], [-20, SEEK_CUR, 50],
		[-51, SEEK_CUR, -EINVAL], [5, SEEK_END, 105],
		[-101, SEEK_END, -EINVAL], [3, SEEK_DATA, 3],
		[3, SEEK_HOLE, 100], [100, SEEK_DATA, -ENXIO],
		[100, SEEK_HOLE, -ENXIO], [0, 9, -EINVAL],
		[MAX_LFS_FILESIZE + 1, SEEK_SET, -EINVAL],
	];

	for (const [offset, whence, ret] of rows)
		KUNIT_EXPECT_EQ(test,
			user_syscall(__NR_lseek, fd, offset, whence), ret);
	/* To the end, wherever the position is. */
	const end = user_syscall(__NR_sim_open, INO, O_WRONLY | O_APPEND, 0);

	fill(0x66, 2);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_write, end, BUF, 2), 2);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_lseek, end, 0, SEEK_CUR), 102);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pwrite64, end, BUF, 1, 0), 1);
	KUNIT_EXPECT_EQ(test, size_of(fd), 103);
	KUNIT_EXPECT_EQ(test, byte_of(fd, 0), file_byte(INO, 0));
	KUNIT_EXPECT_EQ(test, byte_of(fd, 102), 0x66);
}

function refusals(test: kunit): void {
	const fd = open_file(test, PAGE_SIZE, O_RDONLY);
	const out = user_syscall(__NR_sim_open, INO, O_WRONLY, 0);
	const rows: [number, number[], number][] = [
		[__NR_read, [99, BUF, 1], -EBADF],
		[__NR_read, [out, BUF, 1], -EBADF],
		[__NR_write, [fd, BUF, 1], -EBADF],
		[__NR_pread64, [fd, BUF, 1, -1], -EINVAL],
		[__NR_pread64, [fd, BUF, 1, 2 * MAX_LFS_FILESIZE], -EINVAL],
		[__NR_pwrite64, [out, BUF, 1, MAX_LFS_FILESIZE], -EFBIG],
		[__NR_ftruncate, [fd, 0], -EINVAL],
		[__NR_ftruncate, [out, -1], -EINVAL],
		[__NR_ftruncate, [out, 2 * MAX_LFS_FILESIZE], -EFBIG],
		[__NR_fsync, [99], -EBADF],
		[__NR_fallocate, [fd, 0, 0, 1], -EBADF],
		[__NR_fallocate, [out, 0, 0, 0], -EINVAL],
		[__NR_fallocate, [out, 0, -1, 1], -EINVAL],
		[__NR_fallocate, [out, FALLOC_FL_PUNCH_HOLE, 0, 1],
			-EOPNOTSUPP],
		[__NR_fallocate, [out, FALLOC_FL_COLLAPSE_RANGE, 0, 1],
			-EOPNOTSUPP],
		[__NR_fallocate, [out, 0, MAX_LFS_FILESIZE, 1], -EFBIG],
	];

	for (const [nr, args, ret] of rows)
		KUNIT_EXPECT_EQ(test, user_syscall(nr, ...args), ret);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_read, fd, BUF, 0), 0);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_mmap, 0, PAGE_SIZE, PROT_READ,
		MAP_SHARED, out, 0), -EACCES);
	user_syscall(__NR_close, fd);
}

/** Descriptors are nobody's: they outlive the process. */
function close_all(test: kunit): void {
	for (let fd = 0; fd < 4; fd++) user_syscall(__NR_close, fd);
	user_test_exit(test);
}

export const read_write_test_suite = kunit_suite({
	name: "read_write",
	init: user_test_init,
	exit: close_all,
	test_cases: [
		KUNIT_CASE("reads", reads),
		KUNIT_CASE("writes", writes),
		KUNIT_CASE("writes_to_itself", writes_to_itself),
		KUNIT_CASE("truncates", truncates),
		KUNIT_CASE("truncates_copies", truncates_copies),
		KUNIT_CASE("punches_holes", punches_holes),
		KUNIT_CASE("positions", positions),
		KUNIT_CASE("refusals", refusals),
	],
});
