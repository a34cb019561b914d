// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests of mm/vmscan.ts, with the lists of mm/swap.ts, the walks of
 * mm/rmap.ts and the slow path of mm/page_alloc.ts: which pages of files go
 * where memory is short, and which stay. Mirrors no file of the kernel.
 */
import {
	CONFIG_BLK_DEV_RAM, CONFIG_DISKFS, CONFIG_HIGHMEM,
	CONFIG_VM_EVENT_COUNTERS,
} from "generated/autoconf.ts";
import { O_CREAT, O_RDWR } from "linux/fcntl.ts";
import type { address_space } from "linux/fs.ts";
import {
	__GFP_HIGHMEM, GFP_HIGHUSER, GFP_KERNEL, GFP_NOFS, GFP_NOWAIT,
} from "linux/gfp.ts";
import { INIT_LIST_HEAD, list_add, list_del, list_empty } from "linux/list.ts";
import {
	MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED, PROT_EXEC, PROT_READ,
} from "linux/mman.ts";
import { get_mm_counter, MM_FILEPAGES, put_page } from "linux/mm.ts";
import type { page } from "linux/mm_types.ts";
import {
	LRU_INACTIVE_FILE, MAX_NR_ZONES, WMARK_HIGH, WMARK_LOW, ZONE_HIGHMEM,
	ZONE_NORMAL,
} from "linux/mmzone.ts";
import {
	PageActive, PageDirty, PageLRU, PageReclaim, PageReferenced,
	PageWriteback, SetPageLRU, SetPageReclaim, TestClearPageLRU,
} from "linux/page-flags.ts";
import { lock_page, unlock_page } from "linux/pagemap.ts";
import type { list_head } from "linux/types.ts";
import {
	ALLOCSTALL_HIGH, ALLOCSTALL_NORMAL, PAGEOUTRUN, PGROTATED,
	PGSCAN_DIRECT, PGSCAN_SKIP_HIGH, PGSTEAL_DIRECT, PGSTEAL_FILE,
	PGSTEAL_KSWAPD,
} from "linux/vm_event_item.ts";
import { cpu_relax } from "linux/smp.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import {
	__NR_close, __NR_mlock, __NR_mmap, __NR_mount, __NR_munlock,
	__NR_openat, __NR_pread64, __NR_pwrite64, __NR_sim_open, __NR_umount2,
} from "asm/unistd.ts";
import {
	KUNIT_ASSERT_EQ, KUNIT_ASSERT_GE, KUNIT_ASSERT_NOT_NULL, KUNIT_CASE,
	KUNIT_EXPECT_EQ, KUNIT_EXPECT_FALSE, KUNIT_EXPECT_GT,
	KUNIT_EXPECT_PTR_EQ, KUNIT_EXPECT_TRUE, type kunit, kunit_skip,
	kunit_suite,
} from "kunit/test.ts";
import { blk_poll, brd_lookup_page } from "drivers/block/brd.ts";
import {
	user_load8, user_store8, user_syscall,
} from "kernel/entry/user.ts";
import { fget, fput } from "kernel/fs/file_table.ts";
import { file_byte } from "kernel/fs/simfs.ts";
import { current } from "kernel/sched/core.ts";
import { run_scheduled_works } from "kernel/workqueue.ts";
import { events, in_kernel } from "mm/fault_kunit_util.ts";
import { find_get_page } from "mm/filemap.ts";
import {
	AREA, make_process, map_anon, pte_of, RW, user_test_exit,
	user_test_init,
} from "mm/memory_kunit.ts";
import {
	__alloc_pages, __free_pages, node_zone, nr_free_pages, page_zonenum,
	wmark_pages, zone_watermark_ok,
} from "mm/page_alloc.ts";
import { clear_page_dirty_for_io } from "mm/page-writeback.ts";
import { try_to_free_pages, zone_reclaimable_pages } from "mm/vmscan.ts";
import { contig_page_data } from "mm/vmstat.ts";

const INO = 5151;
const BUF = AREA + 0x10000000;

function open_number(test: kunit, ino: number, pages: number): number {
	const fd = user_syscall(__NR_sim_open, ino, O_RDWR, pages * PAGE_SIZE);

	KUNIT_ASSERT_GE(test, fd, 0);
	return fd;
}

/** A process with a file by number. */
function with_file(test: kunit, pages: number): number {
	make_process(test);
	map_anon(test, BUF, 2);
	return open_number(test, INO, pages);
}

function map_fd(
	test: kunit, fd: number, pages: number, flags: number, prot = RW,
): void {
	KUNIT_ASSERT_EQ(test, user_syscall(__NR_mmap, AREA, pages * PAGE_SIZE,
		prot, flags | MAP_FIXED, fd, 0), AREA);
}

/** One byte of each page, by read(). */
function read_pages(fd: number, pages: number): void {
	for (let i = 0; i < pages; i++)
		user_syscall(__NR_pread64, fd, BUF, 1, i * PAGE_SIZE);
}

function byte_of(fd: number, offset: number): number {
	const n = user_syscall(__NR_pread64, fd, BUF, 1, offset);

	return n === 1 ? user_load8(BUF) : -1;
}

/** What fn says of a page of the file, or `none` if it is not in the cache. */
function of_page<T>(
	fd: number, index: number, none: T, fn: (page: page) => T,
): T {
	return in_kernel(() => {
		const file = fget(fd);
		const page = find_get_page(file.f_mapping, index);
		const ret = page === NULL ? none : fn(page);

		if (page !== NULL) put_page(page);
		fput(file);
		return ret;
	});
}

function cached(fd: number, index: number): boolean {
	return of_page(fd, index, false, () => true);
}

function cached_pages(fd: number, pages: number): number {
	let n = 0;

	for (let i = 0; i < pages; i++) n += cached(fd, i) ? 1 : 0;
	return n;
}

function reclaim(gfp = GFP_HIGHUSER): number {
	return in_kernel(() => try_to_free_pages(0, gfp));
}

/** What is on its way to the disk gets there, however long that takes. */
function wait_for_disk(): void {
	for (let n = 1; blk_poll(); n++)
		cpu_relax(n);
}

/** All that can be had. */
function reclaim_all(gfp = GFP_HIGHUSER): void {
	for (let idle = 0; idle < 8; ) {
		if (reclaim(gfp) === 0) idle++;
		else idle = 0;
		if (CONFIG_BLK_DEV_RAM) in_kernel(wait_for_disk);
	}
}

/** Pages on the lists. */
function reclaimable_pages(): number {
	let n = 0;

	for (let idx = 0; idx < MAX_NR_ZONES; idx++)
		n += zone_reclaimable_pages(node_zone(idx));
	return n;
}

/** Pages that were read go, and are read again. */
function clean_pages_go(test: kunit): void {
	const fd = with_file(test, 64);
	const before = CONFIG_VM_EVENT_COUNTERS ? events(PGSTEAL_DIRECT) : 0;

	read_pages(fd, 64);
	KUNIT_EXPECT_EQ(test, cached_pages(fd, 64), 64);
	KUNIT_EXPECT_TRUE(test, of_page(fd, 0, false, PageLRU));
	KUNIT_EXPECT_FALSE(test, of_page(fd, 0, true, PageActive));
	const free = nr_free_pages();

	KUNIT_EXPECT_GT(test, reclaim(), 0);
	reclaim_all();
	KUNIT_EXPECT_EQ(test, cached_pages(fd, 64), 0);
	KUNIT_EXPECT_EQ(test, in_kernel(reclaimable_pages), 0);
	if (CONFIG_VM_EVENT_COUNTERS) {
		KUNIT_EXPECT_GT(test, events(PGSTEAL_DIRECT), before + 63);
		KUNIT_EXPECT_GT(test, events(PGSCAN_DIRECT),
			events(PGSTEAL_DIRECT) - 1);
		KUNIT_EXPECT_EQ(test, events(PGSTEAL_FILE),
			events(PGSTEAL_DIRECT) + events(PGSTEAL_KSWAPD));
	}
	KUNIT_EXPECT_GT(test, nr_free_pages() + 64, free);
	KUNIT_EXPECT_EQ(test, byte_of(fd, 5), file_byte(INO, 5));
	user_syscall(__NR_close, fd);
}

/** What was read twice is active, and outlives what was read once. */
function used_twice_stays(test: kunit): void {
	const fd = with_file(test, 4);
	const other = open_number(test, INO + 1, 128);

	reclaim_all();
	read_pages(fd, 4);
	KUNIT_EXPECT_TRUE(test, of_page(fd, 3, false, PageReferenced));
	KUNIT_EXPECT_FALSE(test, of_page(fd, 3, true, PageActive));
	read_pages(fd, 4);
	KUNIT_EXPECT_TRUE(test, of_page(fd, 3, false, PageActive));
	KUNIT_EXPECT_FALSE(test, of_page(fd, 3, true, PageReferenced));
	read_pages(other, 128);
	reclaim();
	KUNIT_EXPECT_EQ(test, cached_pages(fd, 4), 4);
	KUNIT_EXPECT_GT(test, 128 - cached_pages(other, 128), 31);
	/* But not for ever. */
	reclaim_all();
	KUNIT_EXPECT_EQ(test, cached_pages(fd, 4), 0);
	user_syscall(__NR_close, fd);
	user_syscall(__NR_close, other);
}

/** Who maps a page and has used it keeps it one time, and not twice. */
function mapped_pages_go(test: kunit): void {
	const fd = with_file(test, 8);

	map_fd(test, fd, 8, MAP_SHARED, PROT_READ);
	for (let i = 0; i < 8; i++) user_load8(AREA + i * PAGE_SIZE);
	const mm = current().mm;

	KUNIT_EXPECT_EQ(test, get_mm_counter(mm, MM_FILEPAGES), 8);
	/* At the end of the list once is not enough: all were used. */
	reclaim_all();
	KUNIT_EXPECT_EQ(test, get_mm_counter(mm, MM_FILEPAGES), 0);
	KUNIT_EXPECT_EQ(test, pte_of(AREA), 0);
	KUNIT_EXPECT_EQ(test, cached_pages(fd, 8), 0);
	for (let i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, user_load8(AREA + i * PAGE_SIZE + 7),
			file_byte(INO, i * PAGE_SIZE + 7));
	user_syscall(__NR_close, fd);
}

/** Code that was executed is active after the first time. */
function code_is_active(test: kunit): void {
	const fd = with_file(test, 1);
	const other = open_number(test, INO + 1, 128);

	reclaim_all();
	map_fd(test, fd, 1, MAP_PRIVATE, PROT_READ | PROT_EXEC);
	user_load8(AREA);
	read_pages(other, 128);
	/* It is the oldest page, and is looked at first. */
	KUNIT_EXPECT_GT(test, reclaim(), 0);
	KUNIT_EXPECT_TRUE(test, of_page(fd, 0, false, PageActive));
	KUNIT_EXPECT_TRUE(test, pte_of(AREA) !== 0);
	user_syscall(__NR_close, fd);
	user_syscall(__NR_close, other);
}

/** Locked memory, a private copy, and a page that somebody holds, stay. */
function some_pages_stay(test: kunit): void {
	const fd = with_file(test, 4);

	map_fd(test, fd, 4, MAP_PRIVATE);
	KUNIT_ASSERT_EQ(test, user_syscall(__NR_mlock, AREA, PAGE_SIZE), 0);
	user_store8(AREA + PAGE_SIZE, 42);
	const held = in_kernel(() => {
		const file = fget(fd);
		const page = find_get_page(file.f_mapping, 1);

		fput(file);
		return page;
	});

	KUNIT_ASSERT_NOT_NULL(test, held);
	/* VM_LOCKED copies it. */
	user_load8(AREA + 2 * PAGE_SIZE);
	const locked = pte_of(AREA);

	reclaim_all();
	KUNIT_EXPECT_EQ(test, pte_of(AREA), locked);
	KUNIT_EXPECT_EQ(test, user_load8(AREA + PAGE_SIZE), 42);
	KUNIT_EXPECT_TRUE(test, cached(fd, 1));
	KUNIT_EXPECT_FALSE(test, cached(fd, 2));
	in_kernel(() => put_page(held));
	user_syscall(__NR_munlock, AREA, PAGE_SIZE);
	reclaim_all();
	KUNIT_EXPECT_FALSE(test, cached(fd, 1));
	KUNIT_EXPECT_EQ(test, user_load8(AREA + PAGE_SIZE), 42);
	user_syscall(__NR_close, fd);
}

/** A page of a shared locked mapping is the file's, and stays in it. */
function locked_file_pages_stay(test: kunit): void {
	const fd = with_file(test, 2);

	map_fd(test, fd, 2, MAP_SHARED, PROT_READ);
	KUNIT_ASSERT_EQ(test, user_syscall(__NR_mlock, AREA, 2 * PAGE_SIZE), 0);
	reclaim_all();
	KUNIT_EXPECT_EQ(test, cached_pages(fd, 2), 2);
	KUNIT_EXPECT_TRUE(test, pte_of(AREA) !== 0);
	user_syscall(__NR_munlock, AREA, 2 * PAGE_SIZE);
	reclaim_all();
	KUNIT_EXPECT_EQ(test, cached_pages(fd, 2), 0);
	KUNIT_EXPECT_EQ(test, pte_of(AREA), 0);
	user_syscall(__NR_close, fd);
}

/** What was written by a mapping is the page's to know when that goes; and
 *  where there is no disk, the page is all there is. */
function dirty_bit_is_kept(test: kunit): void {
	const fd = with_file(test, 1);

	map_fd(test, fd, 1, MAP_SHARED);
	const value = (file_byte(INO, 3) + 1) & 0xff;

	user_store8(AREA + 3, value);
	reclaim_all();
	KUNIT_EXPECT_TRUE(test, of_page(fd, 0, false, PageDirty));
	KUNIT_EXPECT_EQ(test, byte_of(fd, 3), value);
	KUNIT_EXPECT_EQ(test, user_load8(AREA + 3), value);
	user_syscall(__NR_close, fd);
}

/** Memory that is shared is on no list, as there is no swap. */
function shared_memory_stays(test: kunit): void {
	make_process(test);
	map_fd(test, -1, 4, MAP_SHARED | MAP_ANONYMOUS);
	user_store8(AREA, 77);
	reclaim_all();
	KUNIT_EXPECT_TRUE(test, pte_of(AREA) !== 0);
	KUNIT_EXPECT_EQ(test, user_load8(AREA), 77);
}

/** A user's copy of a name, the nth. */
function name_at(text: string, n: number = 0): number {
	const at = BUF + PAGE_SIZE + n * 128;

	for (let i = 0; i <= text.length; i++)
		user_store8(at + i, text.charCodeAt(i) || 0);
	return at;
}

/** A file on a disk, with that many pages that were written to. */
function with_disk_file(test: kunit, pages: number): number {
	if (!CONFIG_DISKFS) kunit_skip(test, "needs DISKFS");
	make_process(test);
	map_anon(test, BUF, 2);
	KUNIT_ASSERT_EQ(test, user_syscall(__NR_mount, 0, name_at("/mnt"),
		name_at("diskfs", 1), 0), 0);
	const fd = user_syscall(__NR_openat, 0, name_at("/mnt/a"),
		O_RDWR | O_CREAT, 0);

	KUNIT_ASSERT_GE(test, fd, 0);
	for (let i = 0; i < pages; i++) {
		user_store8(BUF, i + 1);
		user_syscall(__NR_pwrite64, fd, BUF, 1, i * PAGE_SIZE);
	}
	return fd;
}

function end_disk_file(test: kunit, fd: number): void {
	user_syscall(__NR_close, fd);
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_umount2, name_at("/mnt"), 0), 0);
}

/** What is dirty gets to the disk, and then the page goes. */
function dirty_pages_are_written(test: kunit): void {
	const fd = with_disk_file(test, 16);

	KUNIT_EXPECT_TRUE(test, of_page(fd, 0, false, PageDirty));
	/* Not by who must not call into a file system. */
	reclaim_all(GFP_NOFS | __GFP_HIGHMEM);
	KUNIT_EXPECT_EQ(test, cached_pages(fd, 16), 16);
	KUNIT_EXPECT_TRUE(test, of_page(fd, 0, false, PageDirty));
	reclaim_all();
	KUNIT_EXPECT_EQ(test, cached_pages(fd, 16), 0);
	for (let i = 0; i < 16; i++)
		KUNIT_EXPECT_EQ(test, byte_of(fd, i * PAGE_SIZE), i + 1);
	end_disk_file(test, fd);
}

/** By a mapping: the page table's bit alone says so. */
function mapped_dirty_pages_are_written(test: kunit): void {
	const fd = with_disk_file(test, 4);

	map_fd(test, fd, 4, MAP_SHARED);
	for (let i = 0; i < 4; i++) user_store8(AREA + i * PAGE_SIZE, 100 + i);
	reclaim_all();
	KUNIT_EXPECT_EQ(test, pte_of(AREA), 0);
	KUNIT_EXPECT_EQ(test, cached_pages(fd, 4), 0);
	for (let i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, user_load8(AREA + i * PAGE_SIZE),
			100 + i);
	user_syscall(__NR_mmap, AREA, 4 * PAGE_SIZE, RW,
		MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0);
	end_disk_file(test, fd);
}

/** All that reclaim can take is dirty: then the flusher is to write it. A page
 *  that somebody else has taken from the lists counts for nothing. */
function flusher_is_woken(test: kunit): void {
	const fd = with_disk_file(test, 0);
	const other = open_number(test, INO + 1, 1);

	reclaim_all();
	read_pages(other, 1);
	user_store8(BUF, 1);
	user_syscall(__NR_pwrite64, fd, BUF, 1, 0);
	of_page(other, 0, undefined, (page) => {
		KUNIT_EXPECT_TRUE(test, TestClearPageLRU(page));
		KUNIT_EXPECT_EQ(test,
			try_to_free_pages(0, GFP_NOFS | __GFP_HIGHMEM), 0);
		SetPageLRU(page);
	});
	KUNIT_EXPECT_TRUE(test, of_page(fd, 0, false, PageDirty));
	in_kernel(run_scheduled_works);
	KUNIT_EXPECT_FALSE(test, of_page(fd, 0, true, PageDirty));
	user_syscall(__NR_close, other);
	end_disk_file(test, fd);
}

/** What was written for reclaim is the next to go, though it was active. */
function written_page_is_next(test: kunit): void {
	const fd = with_disk_file(test, 2);
	const other = open_number(test, INO + 1, 4);

	read_pages(other, 4);
	read_pages(fd, 2);
	read_pages(fd, 2);
	KUNIT_EXPECT_TRUE(test, of_page(fd, 0, false, PageActive));
	const rotated = CONFIG_VM_EVENT_COUNTERS ? events(PGROTATED) : 0;

	of_page(fd, 0, undefined, (page) => {
		lock_page(page);
		KUNIT_EXPECT_TRUE(test, clear_page_dirty_for_io(page));
		SetPageReclaim(page);
		const mapping = cast<address_space>(page.mapping);

		if (mapping.a_ops.writepage) mapping.a_ops.writepage(page);
		KUNIT_EXPECT_TRUE(test, PageWriteback(page));
		wait_for_disk();
		KUNIT_EXPECT_FALSE(test, PageWriteback(page));
		KUNIT_EXPECT_FALSE(test, PageReclaim(page));
		KUNIT_EXPECT_FALSE(test, PageActive(page));
		const list: list_head =
			contig_page_data.__lruvec.lists[LRU_INACTIVE_FILE];

		KUNIT_EXPECT_PTR_EQ(test, list.prev, page.lru);
	});
	if (CONFIG_VM_EVENT_COUNTERS)
		KUNIT_EXPECT_EQ(test, events(PGROTATED), rotated + 1);
	user_syscall(__NR_close, other);
	end_disk_file(test, fd);
}

/** A page that somebody has locked is not waited for. */
function locked_page_is_skipped(test: kunit): void {
	const fd = with_file(test, 1);

	read_pages(fd, 1);
	in_kernel(() => {
		const file = fget(fd);
		const mapping: address_space = file.f_mapping;
		const page = find_get_page(mapping, 0);

		lock_page(page);
		put_page(page);
		for (let n = 0; n < 4; n++) try_to_free_pages(0, GFP_HIGHUSER);
		KUNIT_EXPECT_EQ(test, page.mapping, uptr(mapping));
		unlock_page(page);
		fput(file);
	});
	reclaim_all();
	KUNIT_EXPECT_FALSE(test, cached(fd, 0));
	user_syscall(__NR_close, fd);
}

/** Takes pages until fn says that it is enough; gives them back. */
function take_pages(fn: () => boolean, then: () => void): void {
	const taken = STACK<list_head>();

	INIT_LIST_HEAD(taken);
	while (!fn()) {
		const page = __alloc_pages(GFP_HIGHUSER, 0);

		if (page === NULL) break;
		list_add(page.lru, taken);
	}
	then();
	while (!list_empty(taken)) {
		const page = container_of<page>(taken.next, "lru");

		list_del(page.lru);
		__free_pages(page, 0);
	}
}

function with_pages_taken(fn: () => boolean, then: () => void): void {
	in_kernel(() => take_pages(fn, then));
}

/** Is a zone above its mark, for a user's page? */
function above(mark: number): boolean {
	for (let idx = 0; idx < MAX_NR_ZONES; idx++) {
		const zone = node_zone(idx);

		if (zone_watermark_ok(zone, 0, wmark_pages(zone, mark),
			MAX_NR_ZONES - 1, 0))
			return true;
	}
	return false;
}

function user_stalls(): number {
	if (CONFIG_HIGHMEM) return events(ALLOCSTALL_HIGH);
	return events(ALLOCSTALL_NORMAL);
}

/** Below the low watermark kswapd runs; who takes more than there is reclaims,
 *  and nobody is killed. */
function allocations_reclaim(test: kunit): void {
	if (!CONFIG_VM_EVENT_COUNTERS)
		kunit_skip(test, "needs VM_EVENT_COUNTERS");
	const pages = 1024;
	const fd = with_file(test, pages);

	read_pages(fd, pages);
	const runs = events(PAGEOUTRUN);
	const by_kswapd = events(PGSTEAL_KSWAPD);

	with_pages_taken(() => !above(WMARK_LOW), () => {
		/* One more, which finds that. */
		__free_pages(__alloc_pages(GFP_HIGHUSER, 0), 0);
		run_scheduled_works();
		KUNIT_EXPECT_EQ(test, events(PAGEOUTRUN), runs + 1);
		KUNIT_EXPECT_GT(test, events(PGSTEAL_KSWAPD), by_kswapd);
		KUNIT_EXPECT_TRUE(test, above(WMARK_HIGH));
	});
	KUNIT_EXPECT_GT(test, cached_pages(fd, pages), 0);
	KUNIT_EXPECT_GT(test, pages, cached_pages(fd, pages));

	read_pages(fd, pages);
	const stalls = user_stalls();

	with_pages_taken(() => user_stalls() !== stalls, () => {});
	KUNIT_EXPECT_GT(test, user_stalls(), stalls);
	in_kernel(run_scheduled_works);
	KUNIT_EXPECT_EQ(test, byte_of(fd, 9), file_byte(INO, 9));
	user_syscall(__NR_close, fd);
}

/** All of high memory but its reserve. */
function take_highmem(): page[] {
	const taken: page[] = [];

	for (;;) {
		const page = __alloc_pages(GFP_NOWAIT | __GFP_HIGHMEM, 0);

		if (page_zonenum(page) !== ZONE_HIGHMEM) {
			__free_pages(page, 0);
			return taken;
		}
		taken.push(page);
	}
}

/** Who needs memory with a pointer gets nothing from that which has none, but
 *  what lies behind it on the lists. */
function other_zones_are_skipped(test: kunit): void {
	if (!CONFIG_HIGHMEM || !CONFIG_VM_EVENT_COUNTERS)
		kunit_skip(test, "needs HIGHMEM and VM_EVENT_COUNTERS");
	const high = with_file(test, 32);
	const low = open_number(test, INO + 1, 32);

	reclaim_all();
	read_pages(high, 32);
	for (let n = 0; n < 4; n++)
		KUNIT_EXPECT_EQ(test, reclaim(GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, cached_pages(high, 32), 32);

	const taken = in_kernel(take_highmem);

	read_pages(low, 32);
	in_kernel(() => {
		for (const page of taken) __free_pages(page, 0);
	});
	KUNIT_EXPECT_EQ(test, of_page(high, 0, -1, page_zonenum), ZONE_HIGHMEM);
	KUNIT_EXPECT_EQ(test, of_page(low, 0, -1, page_zonenum), ZONE_NORMAL);
	const skipped = events(PGSCAN_SKIP_HIGH);

	reclaim_all(GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, cached_pages(low, 32), 0);
	KUNIT_EXPECT_EQ(test, cached_pages(high, 32), 32);
	KUNIT_EXPECT_GT(test, events(PGSCAN_SKIP_HIGH), skipped);
	reclaim_all();
	KUNIT_EXPECT_EQ(test, cached_pages(high, 32), 0);
	user_syscall(__NR_close, low);
	user_syscall(__NR_close, high);
}

/** The blocks are the disk's, and not of any list. */
function blocks_stay(test: kunit): void {
	const fd = with_disk_file(test, 1);

	reclaim_all();
	KUNIT_EXPECT_FALSE(test, cached(fd, 0));
	const block = in_kernel(() => {
		const file = fget(fd);
		const inode = file.f_inode;
		const page = brd_lookup_page(inode.i_ino * 2 ** 20);

		fput(file);
		return page;
	});

	KUNIT_ASSERT_NOT_NULL(test, block);
	KUNIT_EXPECT_FALSE(test, PageLRU(block));
	end_disk_file(test, fd);
}

export const vmscan_test_suite = kunit_suite({
	name: "vmscan",
	init: user_test_init,
	exit: user_test_exit,
	test_cases: [
		KUNIT_CASE("clean_pages_go", clean_pages_go),
		KUNIT_CASE("used_twice_stays", used_twice_stays),
		KUNIT_CASE("mapped_pages_go", mapped_pages_go),
		KUNIT_CASE("code_is_active", code_is_active),
		KUNIT_CASE("some_pages_stay", some_pages_stay),
		KUNIT_CASE("locked_file_pages_stay", locked_file_pages_stay),
		KUNIT_CASE("dirty_bit_is_kept", dirty_bit_is_kept),
		KUNIT_CASE("shared_memory_stays", shared_memory_stays),
		KUNIT_CASE("dirty_pages_are_written", dirty_pages_are_written),
		KUNIT_CASE("mapped_dirty_pages_are_written",
			mapped_dirty_pages_are_written),
		KUNIT_CASE("flusher_is_woken", flusher_is_woken),
		KUNIT_CASE("written_page_is_next", written_page_is_next),
		KUNIT_CASE("locked_page_is_skipped", locked_page_is_skipped),
		KUNIT_CASE("other_zones_are_skipped", other_zones_are_skipped),
		KUNIT_CASE("blocks_stay", blocks_stay),
		KUNIT_CASE("allocations_reclaim", allocations_reclaim),
	],
});
