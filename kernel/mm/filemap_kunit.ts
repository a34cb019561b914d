// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests of mm/filemap.ts, mm/shmem.ts and lib/xarray.ts: mappings of files,
 * the page cache behind them, fault-around.
 */
import {
	MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED, PROT_READ,
} from "linux/mman.ts";
import { O_RDWR } from "linux/fcntl.ts";
import type { address_space } from "linux/fs.ts";
import { spin_lock, spin_unlock } from "linux/spinlock.ts";
import { get_mm_counter, MM_ANONPAGES, MM_FILEPAGES, MM_SHMEMPAGES } from "linux/mm.ts";
import { BUS_ADRERR, SIGBUS } from "linux/signal.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { pte_dirty, pte_write } from "asm/pgtable.ts";
import {
	KUNIT_ASSERT_EQ, KUNIT_ASSERT_GE, KUNIT_ASSERT_GT, KUNIT_ASSERT_NOT_NULL,
	KUNIT_CASE,
	KUNIT_EXPECT_EQ, KUNIT_EXPECT_FALSE, KUNIT_EXPECT_NE, KUNIT_EXPECT_TRUE,
	type kunit, kunit_suite,
} from "kunit/test.ts";
import { __NR_close, __NR_exit_group, __NR_fork, __NR_mmap, __NR_sim_open } from "asm/unistd.ts";
import {
	enter_from_user_mode, irqentry_exit_to_user_mode,
} from "kernel/entry/common.ts";
import { iput, new_inode } from "kernel/fs/inode.ts";
import { xa_erase, xa_insert, xa_load } from "kernel/lib/xarray.ts";
import { current } from "kernel/sched/core.ts";
import { run_task, user_load8, user_signal, user_store8, user_syscall } from "arch/x86/kernel/user.ts";
import { file_byte } from "mm/filemap.ts";
import { AREA, make_process, page_of, pte_of, RW, user_test_exit, user_test_init } from "mm/memory_kunit.ts";

const INO = 4711;
const OTHER = AREA + 0x10000000;

function map_file(
	test: kunit, addr: number, pages: number, prot: number, flags: number,
	file_pages: number, pgoff = 0,
): void {
	const fd = user_syscall(__NR_sim_open, INO, O_RDWR, file_pages * PAGE_SIZE);

	KUNIT_ASSERT_GE(test, fd, 0);
	KUNIT_ASSERT_EQ(test, user_syscall(__NR_mmap, addr, pages * PAGE_SIZE,
		prot, flags | MAP_FIXED, fd, pgoff * PAGE_SIZE), addr);
	user_syscall(__NR_close, fd);
}

function rss(member: number): number {
	return get_mm_counter(current().mm, member);
}

/* A read maps what the 64 KiB around it have in the cache, all of them after
 * the first read has brought its window in. */
function read_fault_around(test: kunit): void {
	make_process(test);
	map_file(test, AREA, 64, PROT_READ, MAP_PRIVATE, 64);
	const at = AREA + 20 * PAGE_SIZE + 123;

	KUNIT_EXPECT_EQ(test, user_load8(at), file_byte(INO, 20 * PAGE_SIZE + 123));
	/* The first one came by ->fault; its neighbour's fault maps around. */
	KUNIT_EXPECT_EQ(test, user_load8(AREA + 21 * PAGE_SIZE),
		file_byte(INO, 21 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, rss(MM_FILEPAGES), 16);
	for (let i = 16; i < 32; i++)
		KUNIT_EXPECT_NE(test, pte_of(AREA + i * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, pte_of(AREA + 15 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, pte_of(AREA + 32 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, user_load8(AREA + 31 * PAGE_SIZE),
		file_byte(INO, 31 * PAGE_SIZE));
}

function private_write_copies(test: kunit): void {
	make_process(test);
	map_file(test, AREA, 4, RW, MAP_PRIVATE, 4);
	map_file(test, OTHER, 4, PROT_READ, MAP_PRIVATE, 4);
	const byte = file_byte(INO, PAGE_SIZE + 1);

	/* with no page there yet, and over one that was read */
	KUNIT_EXPECT_TRUE(test, user_store8(AREA, 1));
	KUNIT_EXPECT_EQ(test, user_load8(AREA + PAGE_SIZE + 1), byte);
	KUNIT_EXPECT_TRUE(test, user_store8(AREA + PAGE_SIZE, 2));
	KUNIT_EXPECT_EQ(test, user_load8(AREA + PAGE_SIZE), 2);
	KUNIT_EXPECT_EQ(test, user_load8(AREA + PAGE_SIZE + 1), byte);
	KUNIT_EXPECT_EQ(test, user_load8(OTHER), file_byte(INO, 0));
	KUNIT_EXPECT_EQ(test, user_load8(OTHER + PAGE_SIZE),
		file_byte(INO, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, rss(MM_ANONPAGES), 2);
}

function shared_write_is_shared(test: kunit): void {
	make_process(test);
	map_file(test, AREA, 4, RW, MAP_SHARED, 4);
	map_file(test, OTHER, 4, PROT_READ, MAP_SHARED, 4);
	/* Read first: the entry is read-only until the file was told. */
	user_load8(AREA);
	KUNIT_EXPECT_FALSE(test, pte_write(pte_of(AREA)));
	const byte = (file_byte(INO, 5) + 1) & 0xff;
	KUNIT_EXPECT_TRUE(test, user_store8(AREA + 5, byte));
	KUNIT_EXPECT_TRUE(test, pte_write(pte_of(AREA)) && pte_dirty(pte_of(AREA)));
	KUNIT_EXPECT_EQ(test, user_load8(OTHER + 5), byte);
	KUNIT_EXPECT_EQ(test, uptr(page_of(AREA)), uptr(page_of(OTHER)));
	/* Written first. */
	KUNIT_EXPECT_TRUE(test, user_store8(AREA + 3 * PAGE_SIZE, 77));
	KUNIT_EXPECT_EQ(test, user_load8(OTHER + 3 * PAGE_SIZE), 77);
	/* Leave the file as the others expect it. */
	user_store8(AREA + 5, byte - 1);
	user_store8(AREA + 3 * PAGE_SIZE, file_byte(INO, 3 * PAGE_SIZE));
}

function beyond_the_end(test: kunit): void {
	make_process(test);
	map_file(test, AREA, 4, PROT_READ, MAP_PRIVATE, 2, 1000);
	KUNIT_EXPECT_EQ(test, user_load8(AREA), -1);
	const sig = user_signal();
	KUNIT_EXPECT_EQ(test, sig !== null ? sig.signo : 0, SIGBUS);
	KUNIT_EXPECT_EQ(test, sig !== null ? sig.code : 0, BUS_ADRERR);
}

function shared_anonymous(test: kunit): void {
	const parent = make_process(test);

	KUNIT_ASSERT_EQ(test, user_syscall(__NR_mmap, AREA, 4 * PAGE_SIZE, RW,
		MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0), AREA);
	KUNIT_EXPECT_EQ(test, user_load8(AREA), 0);
	const child = user_syscall(__NR_fork);
	KUNIT_ASSERT_GT(test, child, 0);
	KUNIT_EXPECT_TRUE(test, user_store8(AREA, 5));
	KUNIT_EXPECT_EQ(test, rss(MM_SHMEMPAGES), 1);
	KUNIT_ASSERT_EQ(test, run_task(child), 0);
	KUNIT_EXPECT_EQ(test, user_load8(AREA), 5);
	KUNIT_EXPECT_TRUE(test, user_store8(AREA + PAGE_SIZE, 6));
	user_syscall(__NR_exit_group, 0);
	KUNIT_ASSERT_EQ(test, run_task(parent), 0);
	KUNIT_EXPECT_EQ(test, user_load8(AREA + PAGE_SIZE), 6);
}

/** A tree that begins with a page far behind its start ends as well. */
function far_page_first(test: kunit): void {
	enter_from_user_mode();
	const inode = new_inode();

	KUNIT_ASSERT_NOT_NULL(test, inode);
	const xa: address_space = inode.i_data;

	spin_lock(xa.i_pages_lock);
	KUNIT_EXPECT_EQ(test, xa_insert(xa, 5000, 16), 0);
	KUNIT_EXPECT_EQ(test, xa_insert(xa, 300000, 32), 0);
	KUNIT_EXPECT_EQ(test, xa_load(xa, 5000), 16);
	KUNIT_EXPECT_EQ(test, xa_load(xa, 300000), 32);
	KUNIT_EXPECT_EQ(test, xa_load(xa, 0), 0);
	KUNIT_EXPECT_EQ(test, xa_erase(xa, 300000), 32);
	KUNIT_EXPECT_EQ(test, xa_erase(xa, 5000), 16);
	KUNIT_EXPECT_EQ(test, xa.i_pages, 0);
	spin_unlock(xa.i_pages_lock);
	iput(inode);
	irqentry_exit_to_user_mode();
}

export const filemap_test_suite = kunit_suite({
	name: "filemap",
	init: user_test_init,
	exit: user_test_exit,
	test_cases: [
		KUNIT_CASE("read_fault_around", read_fault_around),
		KUNIT_CASE("private_write_copies", private_write_copies),
		KUNIT_CASE("shared_write_is_shared", shared_write_is_shared),
		KUNIT_CASE("beyond_the_end", beyond_the_end),
		KUNIT_CASE("shared_anonymous", shared_anonymous),
		KUNIT_CASE("far_page_first", far_page_first),
	],
});
