// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests of mm/filemap.ts, mm/shmem.ts and lib/xarray.ts: mappings of files,
 * the page cache behind them, fault-around.
 */
import {
	MADV_DONTNEED, MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED,
	PROT_READ,
} from "linux/mman.ts";
import { EFAULT, EINVAL } from "linux/errno.ts";
import { O_RDWR } from "linux/fcntl.ts";
import type { address_space } from "linux/fs.ts";
import { spin_lock, spin_unlock } from "linux/spinlock.ts";
import {
	get_mm_counter, MM_ANONPAGES, MM_FILEPAGES, MM_SHMEMPAGES, put_page,
} from "linux/mm.ts";
import type { vm_area_struct } from "linux/mm_types.ts";
import { lock_page } from "linux/pagemap.ts";
import { BUS_ADRERR, SIGBUS } from "linux/signal.ts";
import { PAGE_SIZE, PTRS_PER_PTE } from "asm/pgtable_types.ts";
import { pte_dirty, pte_write } from "asm/pgtable.ts";
import {
	KUNIT_ASSERT_EQ, KUNIT_ASSERT_GE, KUNIT_ASSERT_GT, KUNIT_ASSERT_NOT_NULL,
	KUNIT_CASE,
	KUNIT_EXPECT_EQ, KUNIT_EXPECT_FALSE,
	KUNIT_EXPECT_STREQ, KUNIT_EXPECT_TRUE,
	type kunit, kunit_suite,
} from "kunit/test.ts";
import {
	__NR_close, __NR_exit_group, __NR_fork, __NR_madvise, __NR_mmap,
	__NR_sim_open,
} from "asm/unistd.ts";
import {
	enter_from_user_mode, irqentry_exit_to_user_mode,
} from "kernel/entry/common.ts";
import { iput, new_inode } from "kernel/fs/inode.ts";
import {
	XA_STATE, xa_erase, xa_insert, xa_load, xas_find, xas_next_entry,
	xas_reload,
} from "kernel/lib/xarray.ts";
import { rcu_user_enter, rcu_user_exit } from "kernel/rcu.ts";
import { current } from "kernel/sched/core.ts";
import { run_task, user_load8, user_signal, user_store8, user_syscall } from "kernel/entry/user.ts";
import { file_byte } from "kernel/fs/simfs.ts";
import { find_get_page, unlock_page } from "mm/filemap.ts";
import { vma_address } from "mm/internal.ts";
import {
	fault_around_bytes_get, fault_around_bytes_set, unmap_mapping_folio,
	unmap_mapping_pages, unmap_mapping_range,
} from "mm/memory.ts";
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

/* A read maps what the window around it has in the cache, all of it after the
 * first read has brought its own in. */
function read_fault_around(test: kunit): void {
	make_process(test);
	/* Which the default is not for every page size. */
	fault_around_bytes_set(16 * PAGE_SIZE);
	map_file(test, AREA, 64, PROT_READ, MAP_PRIVATE, 64);
	const at = AREA + 20 * PAGE_SIZE + 123;

	KUNIT_EXPECT_EQ(test, user_load8(at), file_byte(INO, 20 * PAGE_SIZE + 123));
	/* All but the one at which to read on, of the 32 around the first. */
	KUNIT_EXPECT_EQ(test, user_load8(AREA + 21 * PAGE_SIZE),
		file_byte(INO, 21 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, rss(MM_FILEPAGES), 15);
	for (let i = 16; i < 32; i++)
		KUNIT_EXPECT_EQ(test, pte_of(AREA + i * PAGE_SIZE) === 0,
			i === 28);
	KUNIT_EXPECT_EQ(test, pte_of(AREA + 15 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, pte_of(AREA + 32 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, user_load8(AREA + 31 * PAGE_SIZE),
		file_byte(INO, 31 * PAGE_SIZE));
	fault_around_bytes_set(65536);
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

/** A cursor goes over holes and from node to node, and stops at the end. */
function cursor(test: kunit): void {
	enter_from_user_mode();
	const inode = new_inode();

	KUNIT_ASSERT_NOT_NULL(test, inode);
	const xa: address_space = inode.i_data;
	const indices = [3, 4, 62, 63, 64, 70, 4095, 4096, 300000];

	spin_lock(xa.i_pages_lock);
	for (const i of indices)
		KUNIT_EXPECT_EQ(test, xa_insert(xa, i, (i + 1) * 16), 0);
	const xas = XA_STATE(xa, 4);
	let seen = "";
	let entry = xas_find(xas, 4096);

	while (entry !== 0) {
		KUNIT_EXPECT_EQ(test, entry, (xas.xa_index + 1) * 16);
		KUNIT_EXPECT_EQ(test, xas_reload(xas), entry);
		seen += ` ${xas.xa_index}`;
		entry = xas_next_entry(xas, 4096);
	}
	KUNIT_EXPECT_EQ(test, seen, " 4 62 63 64 70 4095 4096");
	KUNIT_EXPECT_EQ(test, xas_find(XA_STATE(xa, 4097), 299999), 0);
	KUNIT_EXPECT_EQ(test, xas_find(XA_STATE(xa, 300001), 2 ** 42), 0);
	/* What goes while a cursor is there is not found again. */
	const at = XA_STATE(xa, 70);
	KUNIT_EXPECT_EQ(test, xas_find(at, 100), 71 * 16);
	for (const i of indices)
		KUNIT_EXPECT_EQ(test, xa_erase(xa, i), (i + 1) * 16);
	KUNIT_EXPECT_EQ(test, xas_reload(at), 0);
	KUNIT_EXPECT_EQ(test, xas_next_entry(at, 4096), 0);
	spin_unlock(xa.i_pages_lock);
	iput(inode);
	irqentry_exit_to_user_mode();
}

/** Present entries among the pages from addr on, as the digits 0 and 1. */
function present(addr: number, pages: number): string {
	let text = "";

	for (let i = 0; i < pages; i++)
		text += pte_of(addr + i * PAGE_SIZE) === 0 ? "0" : "1";
	return text;
}

/** How much one read maps, and what is refused. */
function fault_around_is_set(test: kunit): void {
	make_process(test);
	map_file(test, AREA, 64, PROT_READ, MAP_PRIVATE, 64);
	for (let i = 0; i < 64; i++) user_load8(AREA + i * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, fault_around_bytes_get(), 65536);
	const sizes: [number, number][] = [
		[4 * PAGE_SIZE, 4], [7 * PAGE_SIZE, 4], [8 * PAGE_SIZE, 8],
		[PAGE_SIZE, 1], [1, 1], [0, 1],
		[PTRS_PER_PTE * PAGE_SIZE, Math.min(PTRS_PER_PTE, 64)],
	];

	for (const [bytes, pages] of sizes) {
		KUNIT_EXPECT_EQ(test, fault_around_bytes_set(bytes), 0);
		user_syscall(__NR_madvise, AREA, 64 * PAGE_SIZE, MADV_DONTNEED);
		user_load8(AREA + 9 * PAGE_SIZE);
		const at = 9 - 9 % pages;
		KUNIT_EXPECT_STREQ(test, present(AREA, 64), "0".repeat(at) +
			"1".repeat(pages) + "0".repeat(64 - at - pages));
	}
	KUNIT_EXPECT_EQ(test, fault_around_bytes_set(
		(PTRS_PER_PTE + 1) * PAGE_SIZE), -EINVAL);
	KUNIT_EXPECT_EQ(test, fault_around_bytes_get(),
		PTRS_PER_PTE * PAGE_SIZE);
	fault_around_bytes_set(65536);
}

/** A shared mapping of file pages 0 to 7, and a private one of 2 to 9 with
 *  copies of 3 and 7. Returns the file's mapping; we are in the kernel then. */
function two_mappings(test: kunit): address_space {
	make_process(test);
	map_file(test, AREA, 8, PROT_READ, MAP_SHARED, 16);
	map_file(test, OTHER, 8, RW, MAP_PRIVATE, 16, 2);
	for (let i = 0; i < 8; i++) {
		user_load8(AREA + i * PAGE_SIZE);
		user_load8(OTHER + i * PAGE_SIZE);
	}
	user_store8(OTHER + PAGE_SIZE, 1);
	user_store8(OTHER + 5 * PAGE_SIZE, 2);
	rcu_user_exit();
	let vma: vm_area_struct = current().mm.mmap;

	while (vma.vm_start !== AREA) vma = vma.vm_next;
	return vma.vm_file.f_mapping;
}

/** What is present, and whether the counters say the same. */
function expect_mapped(test: kunit, shared: string, priv: string): void {
	rcu_user_enter();
	KUNIT_EXPECT_STREQ(test, present(AREA, 8), shared);
	KUNIT_EXPECT_STREQ(test, present(OTHER, 8), priv);
	KUNIT_EXPECT_EQ(test, rss(MM_FILEPAGES) + rss(MM_ANONPAGES),
		(shared + priv).replaceAll("0", "").length);
	rcu_user_exit();
}

function unmap_of_a_file(test: kunit): void {
	const mapping = two_mappings(test);

	expect_mapped(test, "11111111", "11111111");
	/* Pages 3 to 6; the copies are the program's own. */
	unmap_mapping_pages(mapping, 3, 4, false);
	expect_mapped(test, "11100001", "11000111");
	/* A byte of page 3 and one of page 4: and now the copies, too. */
	unmap_mapping_range(mapping, 4 * PAGE_SIZE - 1, 2, true);
	expect_mapped(test, "11100001", "10000111");
	/* One page. */
	const page = find_get_page(mapping, 2);
	KUNIT_ASSERT_NOT_NULL(test, page);
	lock_page(page);
	unmap_mapping_folio(page);
	unlock_page(page);
	put_page(page);
	expect_mapped(test, "11000001", "00000111");
	/* From page 7 to the end. */
	unmap_mapping_pages(mapping, 7, 0, false);
	expect_mapped(test, "11000000", "00000100");
	unmap_mapping_range(mapping, 0, 0, true);
	expect_mapped(test, "00000000", "00000000");
	rcu_user_enter();
	/* All can be had again: the file's, for the copies are gone. */
	KUNIT_EXPECT_EQ(test, user_load8(AREA + 3 * PAGE_SIZE),
		file_byte(INO, 3 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, user_load8(OTHER + PAGE_SIZE),
		file_byte(INO, 3 * PAGE_SIZE));
}

/** Where a page is in a vma, and that it is nowhere else. */
function address_of_a_page(test: kunit): void {
	const mapping = two_mappings(test);
	let vma: vm_area_struct = current().mm.mmap;

	while (vma.vm_start !== OTHER) vma = vma.vm_next;
	const expected = [
		-EFAULT, -EFAULT, OTHER, OTHER + PAGE_SIZE,
	];
	for (let index = 0; index < expected.length; index++) {
		const page = find_get_page(mapping, index);
		KUNIT_EXPECT_EQ(test, vma_address(page, vma), expected[index]);
		put_page(page);
	}
	const page = find_get_page(mapping, 7);
	const own: number = page.index;
	page.index = 9;
	KUNIT_EXPECT_EQ(test, vma_address(page, vma), OTHER + 7 * PAGE_SIZE);
	page.index = 10;
	KUNIT_EXPECT_EQ(test, vma_address(page, vma), -EFAULT);
	page.index = own;
	put_page(page);
	rcu_user_enter();
}

export const filemap_test_suite = kunit_suite({
	name: "filemap",
	init: user_test_init,
	exit: user_test_exit,
	test_cases: [
		KUNIT_CASE("read_fault_around", read_fault_around),
		KUNIT_CASE("fault_around_is_set", fault_around_is_set),
		KUNIT_CASE("unmap_of_a_file", unmap_of_a_file),
		KUNIT_CASE("address_of_a_page", address_of_a_page),
		KUNIT_CASE("private_write_copies", private_write_copies),
		KUNIT_CASE("shared_write_is_shared", shared_write_is_shared),
		KUNIT_CASE("beyond_the_end", beyond_the_end),
		KUNIT_CASE("shared_anonymous", shared_anonymous),
		KUNIT_CASE("far_page_first", far_page_first),
		KUNIT_CASE("cursor", cursor),
	],
});
