// SPDX-License-Identifier: GPL-2.0-only
/** KUnit tests of mm/mremap.ts: growing, shrinking, moving, and its errors. */
import { PAGE_SIZE, PMD_SIZE, TASK_SIZE } from "asm/pgtable_types.ts";
import { sys_close } from "kernel/fs/file.ts";
import { sys_sim_open } from "kernel/fs/simfs.ts";
import { current } from "kernel/sched/core.ts";
import {
	KUNIT_CASE, KUNIT_EXPECT_EQ, KUNIT_EXPECT_STREQ, type kunit, kunit_suite,
} from "kunit/test.ts";
import { EFAULT, EINVAL, ENOMEM } from "linux/errno.ts";
import { O_RDWR, O_SIM_SHM } from "linux/fcntl.ts";
import {
	MAP_FIXED, MAP_SHARED, MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE,
	PROT_NONE, PROT_READ,
} from "linux/mman.ts";
import { get_mm_counter, MM_ANONPAGES } from "linux/mm.ts";
import type { mm_struct } from "linux/mm_types.ts";
import { KERNEL_VERSION } from "linux/version.ts";
import { ksys_mmap_pgoff, sys_munmap } from "mm/mmap.ts";
import {
	addr_of, layout, map, mm_test_exit, mm_test_init, RW, touch,
} from "mm/mmap_kunit_util.ts";
import { sys_mprotect } from "mm/mprotect.ts";
import { sys_mremap } from "mm/mremap.ts";

function mremap(
	at: number, old_pages: number, new_pages: number, flags: number,
	to: number,
): number {
	return sys_mremap(addr_of(at), old_pages * PAGE_SIZE,
		new_pages * PAGE_SIZE, flags, addr_of(to));
}

function in_place(test: kunit): void {
	map(0, 4);
	KUNIT_EXPECT_EQ(test, mremap(0, 4, 6, 0, 0), addr_of(0));
	KUNIT_EXPECT_STREQ(test, layout(), "0-6 rw");
	KUNIT_EXPECT_EQ(test, mremap(0, 6, 2, 0, 0), addr_of(0));
	KUNIT_EXPECT_STREQ(test, layout(), "0-2 rw");
	KUNIT_EXPECT_EQ(test, mremap(0, 2, 2, 0, 0), addr_of(0));
	map(3, 4, PROT_READ);
	KUNIT_EXPECT_EQ(test, mremap(0, 2, 4, 0, 0), -ENOMEM);
}

function fixed(test: kunit): void {
	const mm: mm_struct = current().mm;

	map(0, 4);
	touch(1, true);
	touch(3, true);
	KUNIT_EXPECT_EQ(test, mremap(0, 4, 4, MREMAP_MAYMOVE | MREMAP_FIXED, 100),
		addr_of(100));
	KUNIT_EXPECT_STREQ(test, layout(), "100-104 rw");
	KUNIT_EXPECT_EQ(test, get_mm_counter(mm, MM_ANONPAGES), 2);
	KUNIT_EXPECT_EQ(test, mm.total_vm, 4);
	/* A part of it, out of the middle. */
	KUNIT_EXPECT_EQ(test, mremap(101, 2, 2, MREMAP_MAYMOVE | MREMAP_FIXED, 0),
		addr_of(0));
	KUNIT_EXPECT_STREQ(test, layout(), "0-2 rw, 100-101 rw, 103-104 rw");
	KUNIT_EXPECT_EQ(test, get_mm_counter(mm, MM_ANONPAGES), 2);
}

/** Whole page tables move at once. */
function whole_tables(test: kunit): void {
	const mm: mm_struct = current().mm;
	const pages = PMD_SIZE / PAGE_SIZE;

	map(0, 2 * pages);
	for (let i = 0; i < 2 * pages; i += 16)
		touch(i, true);
	const rss = get_mm_counter(mm, MM_ANONPAGES);

	KUNIT_EXPECT_EQ(test, mremap(0, 2 * pages, 2 * pages,
		MREMAP_MAYMOVE | MREMAP_FIXED, 4 * pages), addr_of(4 * pages));
	KUNIT_EXPECT_EQ(test, get_mm_counter(mm, MM_ANONPAGES), rss);
	/* What was there is there: touching it brings nothing new. */
	touch(4 * pages + 16, true);
	KUNIT_EXPECT_EQ(test, get_mm_counter(mm, MM_ANONPAGES), rss);
	touch(4 * pages + 17, true);
	KUNIT_EXPECT_EQ(test, get_mm_counter(mm, MM_ANONPAGES), rss + 1);
}

function dontunmap(test: kunit): void {
	const mm: mm_struct = current().mm;

	map(0, 2);
	touch(0, true);
	KUNIT_EXPECT_EQ(test, mremap(0, 2, 2,
		MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, 10), addr_of(10));
	KUNIT_EXPECT_STREQ(test, layout(), "0-2 rw, 10-12 rw");
	KUNIT_EXPECT_EQ(test, get_mm_counter(mm, MM_ANONPAGES), 1);
	KUNIT_EXPECT_EQ(test, mm.total_vm, 4);
	touch(0, true);
	KUNIT_EXPECT_EQ(test, get_mm_counter(mm, MM_ANONPAGES), 2);
}

function errors(test: kunit): void {
	map(0, 4);
	KUNIT_EXPECT_EQ(test, mremap(0, 4, 4, 8, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, mremap(0, 4, 4, MREMAP_FIXED, 8), -EINVAL);
	KUNIT_EXPECT_EQ(test, mremap(0, 4, 5, MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
		8), -EINVAL);
	KUNIT_EXPECT_EQ(test, mremap(0, 4, 0, MREMAP_MAYMOVE, 8), -EINVAL);
	KUNIT_EXPECT_EQ(test,
		sys_mremap(addr_of(0) + 1, PAGE_SIZE, PAGE_SIZE, 0, 0),
		-EINVAL);
	KUNIT_EXPECT_EQ(test, mremap(9, 1, 2, MREMAP_MAYMOVE, 0), -EFAULT);
	KUNIT_EXPECT_EQ(test, mremap(0, 5, 6, MREMAP_MAYMOVE, 0), -EFAULT);
	/* Source and destination overlap. */
	KUNIT_EXPECT_EQ(test, mremap(0, 4, 4, MREMAP_MAYMOVE | MREMAP_FIXED, 2),
		-EINVAL);
	/* Private memory cannot be duplicated. */
	KUNIT_EXPECT_EQ(test, mremap(0, 0, 4, MREMAP_MAYMOVE, 0), -EINVAL);
	KUNIT_EXPECT_STREQ(test, layout(), "0-4 rw");
}

const MOVE = MREMAP_MAYMOVE | MREMAP_FIXED;

/** 6.0: what grows up to something alike becomes one with it. */
function newer_growth(test: kunit): void {
	const mm: mm_struct = current().mm;

	for (const version of [0, KERNEL_VERSION(6, 0, 0)]) {
		mm.kernel_version = version;
		map(0, 2);
		map(4, 6);
		KUNIT_EXPECT_EQ(test, mremap(0, 2, 4, 0, 0), addr_of(0));
		KUNIT_EXPECT_STREQ(test, layout(),
			version === 0 ? "0-4 rw, 4-6 rw" : "0-6 rw");
		KUNIT_EXPECT_EQ(test, mm.total_vm, 6);
		sys_munmap(addr_of(0), 8 * PAGE_SIZE);
	}
}

/** 6.15 and 6.17: wrong arguments come before wrong addresses. */
function newer_errors(test: kunit): void {
	const mm: mm_struct = current().mm;
	const misplaced = () => sys_mremap(addr_of(9), PAGE_SIZE, PAGE_SIZE,
		MOVE, addr_of(20) + 1);

	KUNIT_EXPECT_EQ(test, misplaced(), -EFAULT);
	KUNIT_EXPECT_EQ(test, mremap(9, 4, 4, MOVE, 11), -EFAULT);
	mm.kernel_version = KERNEL_VERSION(6, 15, 0);
	KUNIT_EXPECT_EQ(test, misplaced(), -EINVAL);
	KUNIT_EXPECT_EQ(test, mremap(9, 4, 4, MOVE, 11), -EFAULT);
	mm.kernel_version = KERNEL_VERSION(6, 17, 0);
	KUNIT_EXPECT_EQ(test, mremap(9, 4, 4, MOVE, 11), -EINVAL);
	KUNIT_EXPECT_EQ(test, sys_mremap(addr_of(9), PAGE_SIZE,
		TASK_SIZE + PAGE_SIZE, 0, 0), -EINVAL);
	/* As many pages, though not as many bytes. */
	map(0, 1);
	KUNIT_EXPECT_EQ(test, sys_mremap(addr_of(0), 1, 2,
		MOVE | MREMAP_DONTUNMAP, addr_of(4)), addr_of(4));
}

/** 6.17: a move that fails for a reason known before leaves all as it was. */
function newer_failure(test: kunit): void {
	const mm: mm_struct = current().mm;

	for (const version of [0, KERNEL_VERSION(6, 17, 0)]) {
		mm.kernel_version = version;
		map(0, 4);
		map(10, 16);
		KUNIT_EXPECT_EQ(test, mremap(0, 5, 6, MOVE, 10), -EFAULT);
		KUNIT_EXPECT_STREQ(test, layout(),
			version === 0 ? "0-4 rw" : "0-4 rw, 10-16 rw");
		sys_munmap(addr_of(0), 16 * PAGE_SIZE);
	}
}

/** 6.17: several mappings, and the holes between them. */
function newer_moves(test: kunit): void {
	const mm: mm_struct = current().mm;

	map(0, 4);
	map(6, 8, PROT_READ);
	map(8, 9, PROT_NONE);
	touch(1, true);
	KUNIT_EXPECT_EQ(test, mremap(1, 10, 10, MOVE, 20), -EFAULT);
	KUNIT_EXPECT_STREQ(test, layout(), "0-4 rw, 6-8 r, 8-9 -");

	mm.kernel_version = KERNEL_VERSION(6, 17, 0);
	KUNIT_EXPECT_EQ(test, mremap(4, 4, 4, MOVE, 20), -EFAULT);
	KUNIT_EXPECT_EQ(test, mremap(1, 10, 10, MOVE, 20), addr_of(20));
	KUNIT_EXPECT_STREQ(test, layout(),
		"0-1 rw, 20-23 rw, 25-27 r, 27-28 -");
	KUNIT_EXPECT_EQ(test, get_mm_counter(mm, MM_ANONPAGES), 1);
	KUNIT_EXPECT_EQ(test, mm.total_vm, 7);
	/* Of other lengths one mapping at a time is moved. */
	KUNIT_EXPECT_EQ(test, mremap(20, 8, 9, MOVE, 40), -EFAULT);
	KUNIT_EXPECT_STREQ(test, layout(),
		"0-1 rw, 20-23 rw, 25-27 r, 27-28 -");
}

/** Map pages [from, to) of a System V segment. */
function attach(from: number, to: number): number {
	const length = (to - from) * PAGE_SIZE;
	const fd = sys_sim_open(4712, O_RDWR | O_SIM_SHM, length);
	const ret = ksys_mmap_pgoff(addr_of(from), length, RW,
		MAP_SHARED | MAP_FIXED, fd, 0);

	sys_close(fd);
	return ret;
}

/** A segment merges with nothing, and 6.17 does not move it with others. */
function segments(test: kunit): void {
	const mm: mm_struct = current().mm;

	KUNIT_EXPECT_EQ(test, attach(0, 4), addr_of(0));
	sys_mprotect(addr_of(1), PAGE_SIZE, PROT_READ);
	sys_mprotect(addr_of(1), PAGE_SIZE, RW);
	KUNIT_EXPECT_STREQ(test, layout(), "0-1 rw, 1-2 rw, 2-4 rw");

	mm.kernel_version = KERNEL_VERSION(6, 17, 0);
	KUNIT_EXPECT_EQ(test, mremap(0, 4, 4, MOVE, 20), -EFAULT);
	KUNIT_EXPECT_STREQ(test, layout(), "0-1 rw, 1-2 rw, 2-4 rw");
	KUNIT_EXPECT_EQ(test, mremap(2, 2, 2, MOVE, 20), addr_of(20));
	map(18, 20);
	/* What came before it has moved. */
	KUNIT_EXPECT_EQ(test, mremap(18, 4, 4, MOVE, 40), -EFAULT);
	KUNIT_EXPECT_STREQ(test, layout(),
		"0-1 rw, 1-2 rw, 20-22 rw, 40-42 rw");
}

export const mremap_test_suite = kunit_suite({
	name: "mremap",
	init: mm_test_init,
	exit: mm_test_exit,
	test_cases: [
		KUNIT_CASE("in_place", in_place),
		KUNIT_CASE("fixed", fixed),
		KUNIT_CASE("whole_tables", whole_tables),
		KUNIT_CASE("dontunmap", dontunmap),
		KUNIT_CASE("errors", errors),
		KUNIT_CASE("newer_growth", newer_growth),
		KUNIT_CASE("newer_errors", newer_errors),
		KUNIT_CASE("newer_failure", newer_failure),
		KUNIT_CASE("newer_moves", newer_moves),
		KUNIT_CASE("segments", segments),
	],
});
