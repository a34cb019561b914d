// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests of what is mounted: fs/namespace.ts, fs/namei.ts, fs/libfs.ts,
 * fs/ramfs, mm/shmem.ts and fs/diskfs, with drivers/block/brd.ts and the
 * writeback of mm/page-writeback.ts, mm/filemap.ts and mm/rmap.ts under it.
 */
import { CONFIG_DISKFS, CONFIG_PAGE_RECLAIM } from "generated/autoconf.ts";
import {
	EBUSY, EEXIST, EFAULT, EFBIG, EINVAL, EISDIR, ENAMETOOLONG, ENODEV,
	ENOENT, EOPNOTSUPP,
} from "linux/errno.ts";
import {
	O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC,
} from "linux/fcntl.ts";
import type { address_space, inode } from "linux/fs.ts";
import {
	MADV_REMOVE, MAP_FIXED, MAP_PRIVATE, MAP_SHARED, MS_SYNC,
} from "linux/mman.ts";
import { put_page } from "linux/mm.ts";
import type { page } from "linux/mm_types.ts";
import { PageDirty, PageUptodate, PageWriteback } from "linux/page-flags.ts";
import { lock_page, unlock_page } from "linux/pagemap.ts";
import { BUS_ADRERR, SIGBUS } from "linux/signal.ts";
import {
	FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE,
} from "uapi/linux/falloc.ts";
import { NR_FILE_DIRTY } from "linux/mmzone.ts";
import { load8 } from "host/door.ts";
import { page_address } from "asm-generic/memory_model.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { pte_dirty, pte_write } from "asm/pgtable.ts";
import {
	__NR_close, __NR_fadvise64, __NR_fallocate, __NR_fsync, __NR_ftruncate,
	__NR_madvise, __NR_memfd_create, __NR_mincore, __NR_mmap, __NR_mount,
	__NR_msync,
	__NR_munmap, __NR_openat, __NR_pread64, __NR_pwrite64, __NR_sync,
	__NR_umount2,
	__NR_unlinkat,
} from "asm/unistd.ts";
import {
	KUNIT_ASSERT_EQ, KUNIT_ASSERT_GE, KUNIT_ASSERT_NOT_NULL, KUNIT_CASE,
	KUNIT_EXPECT_EQ, KUNIT_EXPECT_FALSE, KUNIT_EXPECT_GT,
	KUNIT_EXPECT_TRUE, type kunit,
	kunit_skip, kunit_suite,
} from "kunit/test.ts";
import { brd_lookup_page } from "drivers/block/brd.ts";
import {
	user_load8, user_store8, user_syscall,
} from "kernel/entry/user.ts";
import { fget, fput } from "kernel/fs/file_table.ts";
import { wakeup_flusher_threads } from "kernel/fs/fs-writeback.ts";
import { rcu_user_enter, rcu_user_exit } from "kernel/rcu.ts";
import { expect_signal } from "mm/fault_kunit_util.ts";
import {
	__filemap_fdatawrite_range, find_get_page, wait_on_page_writeback,
} from "mm/filemap.ts";
import {
	AREA, make_process, map_anon, pte_of, RW, user_test_exit,
	user_test_init,
} from "mm/memory_kunit.ts";
import { nr_free_pages } from "mm/page_alloc.ts";
import { WB_SYNC_NONE } from "mm/page-writeback.ts";
import { global_node_page_state_snapshot } from "mm/vmstat.ts";

const MAP = AREA;
const BUF = AREA + 0x10000000;
const MNT = "/mnt";

/** A user's copy of a name, the nth. */
function name_at(text: string, n: number = 0): number {
	const at = BUF + 3 * PAGE_SIZE + n * 128;

	for (let i = 0; i < text.length; i++)
		user_store8(at + i, text.charCodeAt(i));
	user_store8(at + text.length, 0);
	return at;
}

function mount(type: string): number {
	return user_syscall(__NR_mount, 0, name_at(MNT), name_at(type, 1), 0);
}

function umount(): number {
	return user_syscall(__NR_umount2, name_at(MNT), 0);
}

function open(name: string, flags: number = O_RDWR | O_CREAT): number {
	return user_syscall(__NR_openat, 0, name_at(name), flags, 0);
}

function unlink(name: string): number {
	return user_syscall(__NR_unlinkat, 0, name_at(name), 0);
}

function mounted(test: kunit, type: string): void {
	make_process(test);
	map_anon(test, BUF, 4);
	KUNIT_ASSERT_EQ(test, mount(type), 0);
}

function map_fd(test: kunit, fd: number, pages: number, flags: number): void {
	KUNIT_ASSERT_EQ(test, user_syscall(__NR_mmap, MAP, pages * PAGE_SIZE,
		RW, flags | MAP_FIXED, fd, 0), MAP);
}

function byte_of(fd: number, offset: number): number {
	const n = user_syscall(__NR_pread64, fd, BUF + 100, 1, offset);

	return n === 1 ? user_load8(BUF + 100) : n === 0 ? -1 : n;
}

function write_byte(fd: number, offset: number, value: number): number {
	user_store8(BUF, value);
	return user_syscall(__NR_pwrite64, fd, BUF, 1, offset);
}

/** Files by name: made, found, gone, and what their names may not be. */
function names(test: kunit): void {
	mounted(test, "ramfs");
	KUNIT_EXPECT_EQ(test, mount("ramfs"), -EBUSY);
	KUNIT_EXPECT_EQ(test, open("/mnt/a", O_RDWR), -ENOENT);
	KUNIT_EXPECT_EQ(test, open("/mnt/", O_RDONLY), -EISDIR);
	KUNIT_EXPECT_EQ(test, open(`/mnt/${"x".repeat(32)}`), -ENAMETOOLONG);
	KUNIT_EXPECT_EQ(test, open("/mnt2/a"), -ENOENT);
	/* A name that does not begin with a mount is of nothing. */
	KUNIT_EXPECT_EQ(test, open("a"), -ENOENT);
	KUNIT_EXPECT_EQ(test, open("/a"), -ENOENT);
	KUNIT_EXPECT_EQ(test, unlink("a"), -ENOENT);
	const fd = open("/mnt/a", O_RDWR | O_CREAT | O_EXCL);
	KUNIT_ASSERT_GE(test, fd, 0);
	KUNIT_EXPECT_EQ(test, open("/mnt/a", O_RDWR | O_CREAT | O_EXCL),
		-EEXIST);
	KUNIT_EXPECT_EQ(test, write_byte(fd, 10, 5), 1);
	const other = open("/mnt/a", O_RDONLY);
	KUNIT_EXPECT_EQ(test, byte_of(other, 10), 5);
	KUNIT_EXPECT_EQ(test, byte_of(other, 9), 0);
	KUNIT_EXPECT_EQ(test, byte_of(other, 11), -1);
	/* A file without a name is still one. */
	KUNIT_EXPECT_EQ(test, unlink("/mnt/a"), 0);
	KUNIT_EXPECT_EQ(test, unlink("/mnt/a"), -ENOENT);
	KUNIT_EXPECT_EQ(test, byte_of(other, 10), 5);
	KUNIT_EXPECT_EQ(test, umount(), -EBUSY);
	user_syscall(__NR_close, fd);
	user_syscall(__NR_close, other);
	/* Empty again. */
	const b = open("/mnt/b");
	write_byte(b, 0, 1);
	user_syscall(__NR_close, b);
	const c = open("/mnt/b", O_RDWR | O_TRUNC);
	KUNIT_EXPECT_EQ(test, byte_of(c, 0), -1);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_fallocate, c, 0, 0, 1),
		-EOPNOTSUPP);
	user_syscall(__NR_close, c);
	KUNIT_EXPECT_EQ(test, umount(), 0);
	KUNIT_EXPECT_EQ(test, umount(), -EINVAL);
	KUNIT_EXPECT_EQ(test, mount("nofs"), -ENODEV);
}

/** Who maps a file uses what it is on (R17b): until it is unmapped, and not a
 *  grace period longer. */
function umount_after_munmap(test: kunit): void {
	mounted(test, "ramfs");
	const fd = open("/mnt/a");

	user_syscall(__NR_ftruncate, fd, PAGE_SIZE);
	map_fd(test, fd, 1, MAP_SHARED);
	user_store8(MAP, 1);
	user_syscall(__NR_close, fd);
	KUNIT_EXPECT_EQ(test, umount(), -EBUSY);
	user_syscall(__NR_munmap, MAP, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, umount(), 0);
}

/** A file in memory: zeroes up to its end, holes that are punched by way of a
 *  mapping, and nothing behind the end. */
function in_memory(test: kunit, fd: number): void {
	const vec = BUF + 200;

	KUNIT_EXPECT_EQ(test, byte_of(fd, 0), -1);
	user_syscall(__NR_ftruncate, fd, 2 * PAGE_SIZE + 10);
	map_fd(test, fd, 4, MAP_SHARED);
	/* A hole that is read by read() stays one. */
	KUNIT_EXPECT_EQ(test, byte_of(fd, 5), 0);
	user_syscall(__NR_mincore, MAP, 3 * PAGE_SIZE, vec);
	KUNIT_EXPECT_EQ(test, user_load8(vec), 0);
	KUNIT_EXPECT_TRUE(test, user_store8(MAP, 1));
	KUNIT_EXPECT_EQ(test, write_byte(fd, PAGE_SIZE, 2), 1);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + PAGE_SIZE), 2);
	KUNIT_EXPECT_EQ(test, byte_of(fd, 0), 1);
	user_syscall(__NR_mincore, MAP, 3 * PAGE_SIZE, vec);
	KUNIT_EXPECT_EQ(test, user_load8(vec), 1);
	KUNIT_EXPECT_EQ(test, user_load8(vec + 1), 1);
	KUNIT_EXPECT_EQ(test, user_load8(vec + 2), 0);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + 3 * PAGE_SIZE), -1);
	expect_signal(test, SIGBUS, MAP + 3 * PAGE_SIZE, BUS_ADRERR);
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_madvise, MAP, PAGE_SIZE, MADV_REMOVE), 0);
	user_syscall(__NR_mincore, MAP, 3 * PAGE_SIZE, vec);
	KUNIT_EXPECT_EQ(test, user_load8(vec), 0);
	KUNIT_EXPECT_EQ(test, user_load8(MAP), 0);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + PAGE_SIZE), 2);
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_ftruncate, fd, PAGE_SIZE + 1), 0);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + 2 * PAGE_SIZE), -1);
	expect_signal(test, SIGBUS, MAP + 2 * PAGE_SIZE, BUS_ADRERR);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_fallocate, fd, 0, 0,
		3 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + 2 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, byte_of(fd, 3 * PAGE_SIZE), -1);
	user_syscall(__NR_munmap, MAP, 4 * PAGE_SIZE);
	user_syscall(__NR_close, fd);
}

function memfd(test: kunit): void {
	make_process(test);
	map_anon(test, BUF, 4);
	const fd = user_syscall(__NR_memfd_create, name_at("x"), 0);

	KUNIT_ASSERT_GE(test, fd, 0);
	in_memory(test, fd);
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_memfd_create, name_at("x"), 64), -EINVAL);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_memfd_create, 1, 0), -EFAULT);
}

function tmpfs(test: kunit): void {
	mounted(test, "tmpfs");
	in_memory(test, open("/mnt/a"));
	KUNIT_EXPECT_EQ(test, umount(), 0);
}

function need_diskfs(test: kunit): void {
	if (!CONFIG_DISKFS) kunit_skip(test, "needs DISKFS");
}

function mapping_of(fd: number): address_space {
	const file = fget(fd);
	const mapping = file.f_mapping;

	fput(file);
	return mapping;
}

/** What fn says of the file's page in the cache, in the kernel. */
function of_page<T>(
	test: kunit, fd: number, index: number, fn: (page: page) => T,
): T {
	rcu_user_exit();
	const page = find_get_page(mapping_of(fd), index);

	KUNIT_ASSERT_NOT_NULL(test, page);
	const ret = fn(page);

	put_page(page);
	rcu_user_enter();
	return ret;
}

function on_disk(test: kunit, fd: number, index: number): boolean {
	return of_page(test, fd, index, (page): boolean => {
		const mapping = cast<address_space>(page.mapping);
		const inode: inode = mapping.host;

		return brd_lookup_page(inode.i_ino * 2 ** 20 + index) !== NULL;
	});
}

/** The first byte of a page, as the disk has it. */
function disk_byte(test: kunit, fd: number, index: number): number {
	return of_page(test, fd, index, (page): number => {
		const mapping = cast<address_space>(page.mapping);
		const inode: inode = mapping.host;
		const block = brd_lookup_page(inode.i_ino * 2 ** 20 + index);

		return block === NULL ? -1 : load8(page_address(block));
	});
}

/** All of it, and the disk is empty. */
function unmount_empty(test: kunit, name: string): void {
	for (let fd = 0; fd < 4; fd++) user_syscall(__NR_close, fd);
	KUNIT_EXPECT_EQ(test, unlink(name), 0);
	KUNIT_EXPECT_EQ(test, umount(), 0);
}

/** What is written is there when the file system is mounted once more. */
function disk_keeps(test: kunit): void {
	need_diskfs(test);
	mounted(test, "diskfs");
	let fd = open("/mnt/a");

	KUNIT_EXPECT_EQ(test, write_byte(fd, 2 * PAGE_SIZE + 5, 42), 1);
	KUNIT_EXPECT_EQ(test, write_byte(fd, 3, 43), 1);
	KUNIT_EXPECT_TRUE(test, of_page(test, fd, 0, PageDirty));
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_fsync, fd), 0);
	KUNIT_EXPECT_FALSE(test, of_page(test, fd, 0, PageDirty));
	KUNIT_EXPECT_FALSE(test, of_page(test, fd, 0, PageWriteback));
	KUNIT_EXPECT_EQ(test, write_byte(fd, 4, 44), 1);
	user_syscall(__NR_close, fd);
	KUNIT_EXPECT_EQ(test, umount(), 0);
	KUNIT_ASSERT_EQ(test, mount("diskfs"), 0);
	/* There is one disk. */
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_mount, 0, name_at("/mnt2"),
		name_at("diskfs", 1), 0), -EBUSY);
	fd = open("/mnt/a", O_RDWR);
	KUNIT_ASSERT_GE(test, fd, 0);
	KUNIT_EXPECT_EQ(test, byte_of(fd, 3), 43);
	KUNIT_EXPECT_EQ(test, byte_of(fd, 4), 44);
	KUNIT_EXPECT_EQ(test, byte_of(fd, PAGE_SIZE), 0);
	map_fd(test, fd, 4, MAP_PRIVATE);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + 2 * PAGE_SIZE + 5), 42);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + 3 * PAGE_SIZE), -1);
	expect_signal(test, SIGBUS, MAP + 3 * PAGE_SIZE, BUS_ADRERR);
	user_syscall(__NR_munmap, MAP, 4 * PAGE_SIZE);
	unmount_empty(test, "/mnt/a");
}

/** A shared page is clean and read-only once it is being written back, and
 *  dirty as soon as somebody writes to it again. */
function writeback(test: kunit): void {
	need_diskfs(test);
	mounted(test, "diskfs");
	const fd = open("/mnt/a");

	user_syscall(__NR_ftruncate, fd, 2 * PAGE_SIZE);
	map_fd(test, fd, 2, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_load8(MAP), 0);
	KUNIT_EXPECT_FALSE(test, pte_write(pte_of(MAP)));
	KUNIT_EXPECT_FALSE(test, on_disk(test, fd, 0));
	KUNIT_EXPECT_TRUE(test, user_store8(MAP, 7));
	/* It has its block from here on. */
	KUNIT_EXPECT_TRUE(test, on_disk(test, fd, 0));
	KUNIT_EXPECT_TRUE(test, pte_write(pte_of(MAP)));
	rcu_user_exit();
	__filemap_fdatawrite_range(mapping_of(fd), 0, 2 * PAGE_SIZE - 1,
		WB_SYNC_NONE);
	rcu_user_enter();
	KUNIT_EXPECT_FALSE(test, pte_write(pte_of(MAP)));
	KUNIT_EXPECT_FALSE(test, pte_dirty(pte_of(MAP)));
	KUNIT_EXPECT_FALSE(test, of_page(test, fd, 0, PageDirty));
	KUNIT_EXPECT_TRUE(test, user_store8(MAP, 8));
	KUNIT_EXPECT_TRUE(test, of_page(test, fd, 0, PageDirty));
	of_page(test, fd, 0, wait_on_page_writeback);
	KUNIT_EXPECT_FALSE(test, of_page(test, fd, 0, PageWriteback));
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_msync, MAP, 2 * PAGE_SIZE, MS_SYNC), 0);
	KUNIT_EXPECT_FALSE(test, of_page(test, fd, 0, PageDirty));
	user_syscall(__NR_munmap, MAP, 2 * PAGE_SIZE);
	unmount_empty(test, "/mnt/a");
}

/** What is dirty is written without being asked for by name: by sync(), by the
 *  flusher, and by who makes too much of memory dirty. */
function flusher(test: kunit): void {
	need_diskfs(test);
	if (!CONFIG_PAGE_RECLAIM)
		kunit_skip(test, "needs PAGE_RECLAIM");
	mounted(test, "diskfs");
	const a = open("/mnt/a");
	const b = open("/mnt/b");
	const dirty = () => global_node_page_state_snapshot(NR_FILE_DIRTY);

	KUNIT_EXPECT_EQ(test, dirty(), 0);
	write_byte(a, 0, 1);
	write_byte(b, PAGE_SIZE, 2);
	KUNIT_EXPECT_EQ(test, dirty(), 2);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_sync), 0);
	KUNIT_EXPECT_EQ(test, dirty(), 0);
	KUNIT_EXPECT_FALSE(test, of_page(test, a, 0, PageDirty));
	KUNIT_EXPECT_FALSE(test, of_page(test, b, 1, PageWriteback));
	KUNIT_EXPECT_EQ(test, disk_byte(test, b, 1), 2);

	/* Dirty once more, by a mapping, and by its entry alone at first. */
	map_fd(test, a, 1, MAP_SHARED);
	user_store8(MAP, 3);
	rcu_user_exit();
	wakeup_flusher_threads();
	rcu_user_enter();
	/* The work runs before we are in user mode again. */
	user_syscall(__NR_sync);
	KUNIT_EXPECT_FALSE(test, pte_write(pte_of(MAP)));
	KUNIT_EXPECT_EQ(test, disk_byte(test, a, 0), 3);
	/* What is cut off is not written, nor counted. */
	user_store8(MAP, 4);
	KUNIT_EXPECT_EQ(test, dirty(), 1);
	user_syscall(__NR_ftruncate, a, 0);
	KUNIT_EXPECT_EQ(test, dirty(), 0);
	user_syscall(__NR_munmap, MAP, PAGE_SIZE);

	/* A fifth of memory at most. */
	const pages = nr_free_pages() >> 2;
	let most = 0;

	for (let i = 0; i < pages; i++) {
		write_byte(b, i * PAGE_SIZE, i & 0xff);
		most = Math.max(most, dirty());
	}
	KUNIT_EXPECT_GT(test, most, 0);
	KUNIT_EXPECT_GT(test, pages * 0.9, most);
	user_syscall(__NR_sync);
	KUNIT_EXPECT_EQ(test, dirty(), 0);
	for (let i = 0; i < pages; i += 97)
		KUNIT_EXPECT_EQ(test, disk_byte(test, b, i), i & 0xff);
	user_syscall(__NR_close, a);
	unlink("/mnt/a");
	unmount_empty(test, "/mnt/b");
}

/** Cut off and punched, in memory and on the disk. */
function disk_holes(test: kunit): void {
	need_diskfs(test);
	mounted(test, "diskfs");
	const fd = open("/mnt/a");

	for (let i = 0; i < 4; i++) {
		write_byte(fd, i * PAGE_SIZE + 10, i + 1);
		write_byte(fd, i * PAGE_SIZE + 20, i + 11);
	}
	user_syscall(__NR_fsync, fd);
	map_fd(test, fd, 4, MAP_SHARED);
	for (let i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test,
			user_load8(MAP + i * PAGE_SIZE + 10), i + 1);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_fallocate, fd,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 15,
		2 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + 10), 1);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + 20), 0);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + PAGE_SIZE + 10), 0);
	KUNIT_EXPECT_FALSE(test, on_disk(test, fd, 1));
	KUNIT_EXPECT_EQ(test, user_load8(MAP + 2 * PAGE_SIZE + 10), 0);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + 2 * PAGE_SIZE + 20), 13);
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_ftruncate, fd, 2 * PAGE_SIZE + 15), 0);
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_ftruncate, fd, 4 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + 2 * PAGE_SIZE + 20), 0);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + 3 * PAGE_SIZE + 10), 0);
	KUNIT_EXPECT_TRUE(test, of_page(test, fd, 3, PageUptodate));
	KUNIT_EXPECT_FALSE(test, on_disk(test, fd, 3));
	user_syscall(__NR_munmap, MAP, 4 * PAGE_SIZE);
	/* Once more from the disk. */
	user_syscall(__NR_close, fd);
	KUNIT_EXPECT_EQ(test, umount(), 0);
	KUNIT_ASSERT_EQ(test, mount("diskfs"), 0);
	const again = open("/mnt/a", O_RDWR);

	KUNIT_EXPECT_EQ(test, byte_of(again, 10), 1);
	KUNIT_EXPECT_EQ(test, byte_of(again, 20), 0);
	KUNIT_EXPECT_EQ(test, byte_of(again, 2 * PAGE_SIZE + 20), 0);
	KUNIT_EXPECT_EQ(test, byte_of(again, 4 * PAGE_SIZE), -1);
	unmount_empty(test, "/mnt/a");
}

/** Pages that can be had again leave memory when they are not needed, and are
 *  the same when they come back; dirty ones, and those in use, stay. */
function not_needed(test: kunit): void {
	need_diskfs(test);
	mounted(test, "diskfs");
	const fd = open("/mnt/a");
	const cached = (index: number): boolean => {
		rcu_user_exit();
		const page = find_get_page(mapping_of(fd), index);

		if (page !== NULL) put_page(page);
		rcu_user_enter();
		return page !== NULL;
	};

	for (let i = 0; i < 3; i++) write_byte(fd, i * PAGE_SIZE, i + 1);
	/* It is only being written by that. */
	user_syscall(__NR_fadvise64, fd, 0, 0, 4);
	KUNIT_EXPECT_TRUE(test, cached(0));
	user_syscall(__NR_fsync, fd);
	map_fd(test, fd, 3, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_load8(MAP + PAGE_SIZE), 2);
	user_syscall(__NR_munmap, MAP, PAGE_SIZE);
	user_syscall(__NR_munmap, MAP + 2 * PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_fadvise64, fd, 0, 0, 4), 0);
	KUNIT_EXPECT_FALSE(test, cached(0));
	KUNIT_EXPECT_TRUE(test, cached(1));
	KUNIT_EXPECT_EQ(test, byte_of(fd, 0), 1);
	KUNIT_EXPECT_TRUE(test, cached(0));
	/* Of a page that the file ends in, all that there is is a whole. */
	write_byte(fd, 3 * PAGE_SIZE + 9, 4);
	user_syscall(__NR_fsync, fd);
	user_syscall(__NR_fadvise64, fd, 0, 3 * PAGE_SIZE + 9, 4);
	KUNIT_EXPECT_TRUE(test, cached(3));
	user_syscall(__NR_fadvise64, fd, 0, 3 * PAGE_SIZE + 10, 4);
	KUNIT_EXPECT_FALSE(test, cached(3));
	KUNIT_EXPECT_EQ(test, byte_of(fd, 3 * PAGE_SIZE + 9), 4);
	KUNIT_EXPECT_EQ(test, byte_of(fd, 0), 1);
	/* Parts of pages stay. */
	user_syscall(__NR_fadvise64, fd, 1, PAGE_SIZE, 4);
	KUNIT_EXPECT_TRUE(test, cached(0));
	user_syscall(__NR_fadvise64, fd, 0, PAGE_SIZE, 4);
	KUNIT_EXPECT_FALSE(test, cached(0));
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_fadvise64, fd, 0, -1, 4),
		-EINVAL);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_fadvise64, fd, 0, 0, 6),
		-EINVAL);
	user_syscall(__NR_munmap, MAP, 3 * PAGE_SIZE);
	unmount_empty(test, "/mnt/a");
}

/** Where a file ends on the disk its neighbour begins. */
function disk_limit(test: kunit): void {
	need_diskfs(test);
	mounted(test, "diskfs");
	const limit = 2 ** 20 * PAGE_SIZE;
	const fd = open("/mnt/a");
	const other = open("/mnt/b");

	KUNIT_EXPECT_EQ(test, write_byte(other, 0, 9), 1);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_fsync, other), 0);
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_ftruncate, fd, limit + 1), -EFBIG);
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_fallocate, fd, 0, limit, 1), -EFBIG);
	KUNIT_EXPECT_EQ(test, write_byte(fd, limit, 1), -EFBIG);
	KUNIT_EXPECT_EQ(test, byte_of(fd, limit), -1);
	/* The last byte that there can be. */
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pwrite64, fd, BUF, 2,
		limit - 1), 1);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_ftruncate, fd, limit), 0);
	KUNIT_EXPECT_EQ(test, byte_of(fd, limit - 1), 1);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_fsync, fd), 0);
	KUNIT_EXPECT_EQ(test, byte_of(other, 0), 9);
	KUNIT_EXPECT_EQ(test, unlink("/mnt/b"), 0);
	unmount_empty(test, "/mnt/a");
}

/** The page lock is waited for in the same queue as writeback. */
function waits(test: kunit): void {
	need_diskfs(test);
	mounted(test, "diskfs");
	const fd = open("/mnt/a");

	write_byte(fd, 0, 1);
	rcu_user_exit();
	const page = find_get_page(mapping_of(fd), 0);
	KUNIT_ASSERT_NOT_NULL(test, page);
	__filemap_fdatawrite_range(mapping_of(fd), 0, 0, WB_SYNC_NONE);
	lock_page(page);
	wait_on_page_writeback(page);
	KUNIT_EXPECT_FALSE(test, PageWriteback(page));
	unlock_page(page);
	put_page(page);
	rcu_user_enter();
	unmount_empty(test, "/mnt/a");
}

/** Descriptors and mounts are nobody's: they outlive the process. */
function close_all(test: kunit): void {
	for (let fd = 0; fd < 4; fd++) user_syscall(__NR_close, fd);
	user_syscall(__NR_munmap, MAP, 16 * PAGE_SIZE);
	umount();
	user_test_exit(test);
}

export const mount_test_suite = kunit_suite({
	name: "mount",
	init: user_test_init,
	exit: close_all,
	test_cases: [
		KUNIT_CASE("names", names),
		KUNIT_CASE("umount_after_munmap", umount_after_munmap),
		KUNIT_CASE("memfd", memfd),
		KUNIT_CASE("tmpfs", tmpfs),
		KUNIT_CASE("disk_keeps", disk_keeps),
		KUNIT_CASE("writeback", writeback),
		KUNIT_CASE("flusher", flusher),
		KUNIT_CASE("disk_holes", disk_holes),
		KUNIT_CASE("not_needed", not_needed),
		KUNIT_CASE("disk_limit", disk_limit),
		KUNIT_CASE("waits", waits),
	],
});
