// SPDX-License-Identifier: GPL-2.0-only
/** KUnit tests of mm/madvise.ts, and of mm/mlock.ts, which splits alike. */
import { CONFIG_ANON_VMA_NAME, CONFIG_PPC } from "generated/autoconf.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { current } from "kernel/sched/core.ts";
import {
	KUNIT_CASE, KUNIT_EXPECT_EQ, KUNIT_EXPECT_STREQ, type kunit, kunit_skip,
	kunit_suite,
} from "kunit/test.ts";
import { anon_vma_name_put } from "linux/anon_vma_name.ts";
import { EINVAL, ENOMEM } from "linux/errno.ts";
import {
	MADV_DODUMP, MADV_DOFORK, MADV_DONTDUMP, MADV_DONTFORK, MADV_DONTNEED,
	MADV_DONTNEED_LOCKED, MADV_FREE, MADV_KEEPONFORK, MADV_MERGEABLE,
	MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_UNMERGEABLE,
	MAP_ANONYMOUS, MAP_DROPPABLE, MAP_FIXED, MCL_CURRENT, MCL_FUTURE,
	MLOCK_ONFAULT, PROT_NONE,
} from "linux/mman.ts";
import {
	get_mm_counter, MM_ANONPAGES, VM_DONTCOPY, VM_LOCKED,
} from "linux/mm.ts";
import type { mm_struct } from "linux/mm_types.ts";
import { mmap_write_lock, mmap_write_unlock } from "linux/mmap_lock.ts";
import { KERNEL_VERSION } from "linux/version.ts";
import {
	anon_vma_name_alloc, madvise_set_anon_name, sys_madvise,
} from "mm/madvise.ts";
import {
	sys_mlock, sys_mlock2, sys_mlockall, sys_munlock, sys_munlockall,
} from "mm/mlock.ts";
import { ksys_mmap_pgoff, sys_munmap } from "mm/mmap.ts";
import {
	addr_of, layout, map, mm_test_exit, mm_test_init, RW, touch,
} from "mm/mmap_kunit_util.ts";

function madvise(from: number, to: number, behavior: number): number {
	return sys_madvise(addr_of(from), (to - from) * PAGE_SIZE, behavior);
}

function rss(): number {
	return get_mm_counter(current().mm, MM_ANONPAGES);
}

function dontneed(test: kunit): void {
	map(0, 8);
	for (let i = 0; i < 8; i++)
		touch(i, true);
	KUNIT_EXPECT_EQ(test, rss(), 8);
	KUNIT_EXPECT_EQ(test, madvise(2, 5, MADV_DONTNEED), 0);
	KUNIT_EXPECT_EQ(test, rss(), 5);
	KUNIT_EXPECT_EQ(test, madvise(0, 8, MADV_FREE), 0);
	KUNIT_EXPECT_EQ(test, rss(), 5);
	KUNIT_EXPECT_STREQ(test, layout(), "0-8 rw");
}

function flags_split_and_merge(test: kunit): void {
	const mm: mm_struct = current().mm;

	map(0, 8);
	KUNIT_EXPECT_EQ(test, madvise(2, 4, MADV_DONTFORK), 0);
	KUNIT_EXPECT_STREQ(test, layout(), "0-2 rw, 2-4 rw, 4-8 rw");
	KUNIT_EXPECT_EQ(test, mm.mmap.vm_next.vm_flags & VM_DONTCOPY, VM_DONTCOPY);
	KUNIT_EXPECT_EQ(test, madvise(2, 4, MADV_DOFORK), 0);
	KUNIT_EXPECT_STREQ(test, layout(), "0-8 rw");
	KUNIT_EXPECT_EQ(test, madvise(0, 8, MADV_DONTDUMP), 0);
	KUNIT_EXPECT_EQ(test, madvise(0, 3, MADV_DODUMP), 0);
	KUNIT_EXPECT_STREQ(test, layout(), "0-3 rw, 3-8 rw");
}

/** A program from elsewhere has KSM, and what came after 5.17. */
function newer_advice(test: kunit): void {
	const mm: mm_struct = current().mm;
	const whole = CONFIG_PPC ? "0-8 rw" : "0-2 rw, 2-8 rw";

	map(0, 8);
	KUNIT_EXPECT_EQ(test, madvise(0, 2, MADV_DONTNEED_LOCKED), -EINVAL);
	mm.kernel_version = KERNEL_VERSION(5, 18, 0);
	KUNIT_EXPECT_EQ(test, madvise(0, 2, MADV_MERGEABLE), 0);
	KUNIT_EXPECT_STREQ(test, layout(), whole);
	KUNIT_EXPECT_EQ(test, madvise(0, 2, MADV_UNMERGEABLE), 0);
	KUNIT_EXPECT_STREQ(test, layout(), "0-8 rw");
	KUNIT_EXPECT_EQ(test, sys_mlock(addr_of(0), 8 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, madvise(0, 2, MADV_DONTNEED), -EINVAL);
	KUNIT_EXPECT_EQ(test, madvise(0, 2, MADV_DONTNEED_LOCKED), 0);
	KUNIT_EXPECT_EQ(test, rss(), 6);
}

/** Holes end the populating of 6.9; memory that is not to be read ends
 *  mlock2() for who is older than 5.18 only. */
function newer_populate(test: kunit): void {
	const mm: mm_struct = current().mm;

	for (const version of [0, KERNEL_VERSION(6, 9, 0)]) {
		mm.kernel_version = version;
		map(0, 2);
		map(4, 6);
		KUNIT_EXPECT_EQ(test, madvise(0, 6, MADV_POPULATE_WRITE),
			-ENOMEM);
		KUNIT_EXPECT_EQ(test, rss(), version === 0 ? 4 : 2);
		sys_munmap(addr_of(0), 8 * PAGE_SIZE);
	}
	map(0, 2, PROT_NONE);
	KUNIT_EXPECT_EQ(test,
		sys_mlock2(addr_of(0), 2 * PAGE_SIZE, MLOCK_ONFAULT), 0);
	mm.kernel_version = 0;
	KUNIT_EXPECT_EQ(test,
		sys_mlock2(addr_of(0), 2 * PAGE_SIZE, MLOCK_ONFAULT), -ENOMEM);
}

/** 6.11: memory that may be dropped is neither locked nor kept for anybody. */
function droppable(test: kunit): void {
	const mm: mm_struct = current().mm;
	const drop = () => ksys_mmap_pgoff(addr_of(0), 4 * PAGE_SIZE, RW,
		MAP_DROPPABLE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	KUNIT_EXPECT_EQ(test, drop(), -EINVAL);
	mm.kernel_version = KERNEL_VERSION(6, 11, 0);
	KUNIT_EXPECT_EQ(test, drop(), addr_of(0));
	map(4, 6);
	KUNIT_EXPECT_STREQ(test, layout(), "0-4 rw, 4-6 rw");
	KUNIT_EXPECT_EQ(test, madvise(0, 1, MADV_KEEPONFORK), -EINVAL);
	KUNIT_EXPECT_EQ(test, madvise(0, 1, MADV_DODUMP), -EINVAL);
	KUNIT_EXPECT_EQ(test, sys_mlock(addr_of(0), 4 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, mm.locked_vm, 0);
}

function holes_and_errors(test: kunit): void {
	map(0, 2);
	map(4, 6);
	touch(5, true);
	/* The hole is told, but only when the rest was done. */
	KUNIT_EXPECT_EQ(test, madvise(0, 6, MADV_DONTNEED), -ENOMEM);
	KUNIT_EXPECT_EQ(test, rss(), 0);
	KUNIT_EXPECT_EQ(test, madvise(8, 9, MADV_DONTNEED), -ENOMEM);
	KUNIT_EXPECT_EQ(test, madvise(0, 0, MADV_DONTNEED), 0);
	KUNIT_EXPECT_EQ(test, madvise(0, 1, MADV_MERGEABLE), -EINVAL);
	KUNIT_EXPECT_EQ(test, madvise(0, 1, 12345), -EINVAL);
	KUNIT_EXPECT_EQ(test,
		sys_madvise(addr_of(0) + 1, PAGE_SIZE, MADV_DONTNEED),
		-EINVAL);
	KUNIT_EXPECT_EQ(test, sys_madvise(addr_of(0), 18446744073709549568,
		MADV_DONTNEED), -EINVAL);
}

function populate(test: kunit): void {
	map(0, 4);
	KUNIT_EXPECT_EQ(test, madvise(0, 2, MADV_POPULATE_READ), 0);
	KUNIT_EXPECT_EQ(test, rss(), 0); /* the zero page */
	KUNIT_EXPECT_EQ(test, madvise(0, 4, MADV_POPULATE_WRITE), 0);
	KUNIT_EXPECT_EQ(test, rss(), 4);
	map(6, 7, PROT_NONE);
	KUNIT_EXPECT_EQ(test, madvise(6, 7, MADV_POPULATE_READ), -EINVAL);
}

function names(test: kunit): void {
	if (CONFIG_ANON_VMA_NAME) {
		const mm: mm_struct = current().mm;
		const a = anon_vma_name_alloc("a");
		const also_a = anon_vma_name_alloc("a");

		map(0, 8);
		mmap_write_lock(mm);
		KUNIT_EXPECT_EQ(test, madvise_set_anon_name(mm, addr_of(0),
			2 * PAGE_SIZE, a), 0);
		KUNIT_EXPECT_EQ(test, madvise_set_anon_name(mm, addr_of(4),
			2 * PAGE_SIZE, a), 0);
		KUNIT_EXPECT_STREQ(test, layout(),
			"0-2 rw, 2-4 rw, 4-6 rw, 6-8 rw");
		/* Names are compared by their letters. */
		KUNIT_EXPECT_EQ(test, madvise_set_anon_name(mm, addr_of(2),
			2 * PAGE_SIZE, also_a), 0);
		KUNIT_EXPECT_STREQ(test, layout(), "0-6 rw, 6-8 rw");
		KUNIT_EXPECT_EQ(test, madvise_set_anon_name(mm, addr_of(0),
			8 * PAGE_SIZE, NULL), 0);
		KUNIT_EXPECT_STREQ(test, layout(), "0-8 rw");
		mmap_write_unlock(mm);
		anon_vma_name_put(a);
		anon_vma_name_put(also_a);
	} else {
		kunit_skip(test, "CONFIG_ANON_VMA_NAME is not set");
	}
}

function mlock(test: kunit): void {
	const mm: mm_struct = current().mm;

	map(0, 8);
	KUNIT_EXPECT_EQ(test, sys_mlock(addr_of(2) + 100, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, mm.locked_vm, 2); /* it touches two pages */
	KUNIT_EXPECT_EQ(test, rss(), 2);
	KUNIT_EXPECT_STREQ(test, layout(), "0-2 rw, 2-4 rw, 4-8 rw");
	KUNIT_EXPECT_EQ(test, sys_mlock2(addr_of(4), 2 * PAGE_SIZE, 1), 0);
	KUNIT_EXPECT_EQ(test, mm.locked_vm, 4);
	KUNIT_EXPECT_EQ(test, rss(), 2); /* MLOCK_ONFAULT brings nothing in */
	KUNIT_EXPECT_EQ(test, sys_mlock2(addr_of(0), PAGE_SIZE, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, madvise(2, 4, MADV_DONTNEED), -EINVAL);
	KUNIT_EXPECT_EQ(test, sys_munlock(addr_of(0), 8 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, mm.locked_vm, 0);
	/* 0-2 was never touched and 2-4 has an anon_vma: in 5.17 a vma without
	 * one does not take over one that has. */
	KUNIT_EXPECT_STREQ(test, layout(), "0-2 rw, 2-8 rw");
	KUNIT_EXPECT_EQ(test, sys_mlock(addr_of(7), 2 * PAGE_SIZE), -ENOMEM);
}

function mlockall(test: kunit): void {
	const mm: mm_struct = current().mm;

	map(0, 3);
	KUNIT_EXPECT_EQ(test, sys_mlockall(0), -EINVAL);
	KUNIT_EXPECT_EQ(test, sys_mlockall(MCL_CURRENT | MCL_FUTURE), 0);
	KUNIT_EXPECT_EQ(test, mm.locked_vm, 3);
	KUNIT_EXPECT_EQ(test, rss(), 3);
	map(10, 12);
	KUNIT_EXPECT_EQ(test, mm.locked_vm, 5);
	KUNIT_EXPECT_EQ(test, rss(), 5);
	KUNIT_EXPECT_EQ(test, sys_munlockall(), 0);
	KUNIT_EXPECT_EQ(test, mm.locked_vm, 0);
	KUNIT_EXPECT_EQ(test, mm.mmap.vm_flags & VM_LOCKED, 0);
	map(20, 21);
	KUNIT_EXPECT_EQ(test, mm.locked_vm, 0);
}

export const madvise_test_suite = kunit_suite({
	name: "madvise",
	init: mm_test_init,
	exit: mm_test_exit,
	test_cases: [
		KUNIT_CASE("dontneed", dontneed),
		KUNIT_CASE("flags_split_and_merge", flags_split_and_merge),
		KUNIT_CASE("holes_and_errors", holes_and_errors),
		KUNIT_CASE("populate", populate),
		KUNIT_CASE("names", names),
		KUNIT_CASE("mlock", mlock),
		KUNIT_CASE("mlockall", mlockall),
		KUNIT_CASE("newer_advice", newer_advice),
		KUNIT_CASE("newer_populate", newer_populate),
		KUNIT_CASE("droppable", droppable),
	],
});
