// SPDX-License-Identifier: GPL-2.0-only
/**
 * The file system of those files that a program knows by number: sim_open() and
 * sim_set_size(). Mirrors no file of the kernel; its address space operations
 * stand where those of fs/libfs.c (5.17) do in ramfs.
 *
 * A file that nobody has written to is on no disk: its bytes are a function of
 * its number and their offset (file_byte), as what is in a recorded program's
 * files is not known. So a page is read by computing it, all at once
 * (dma_page), and is up to date then. What programs write stays in the page
 * cache: nothing is written back, and a dirty page is there until it is cut
 * off, or until the file is forgotten with all others that nobody uses
 * (sim_drop_caches()).
 * What was cut off, or skipped by a write, comes back as zeroes: i_valid.
 */
import {
	EBADF, EINVAL, ENOMEM, ENOSPC, EOPNOTSUPP,
} from "linux/errno.ts";
import { ERR_PTR, IS_ERR, PTR_ERR } from "linux/err.ts";
import {
	FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE,
} from "uapi/linux/falloc.ts";
import {
	O_ACCMODE, O_RDONLY, O_RDWR, O_SIM_SHM, O_WRONLY,
} from "linux/fcntl.ts";
import {
	type address_space, type address_space_operations, ATTR_SIZE, type file,
	type file_operations, FMODE_EXEC, FMODE_READ, FMODE_WRITE, i_size_write,
	type iattr, type inode, inode_lock, type inode_operations, inode_unlock,
	S_SHM,
} from "linux/fs.ts";
import type { page, vm_area_struct } from "linux/mm_types.ts";
import { put_page } from "linux/mm.ts";
import {
	PageLocked, PageUptodate, SetPageUptodate,
} from "linux/page-flags.ts";
import { i_size_read, unlock_page } from "linux/pagemap.ts";
import { VM_BUG_ON_PAGE } from "linux/bug.ts";
import { page_address } from "asm-generic/memory_model.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { dma_page, memset, smp_rmb, smp_wmb } from "host/door.ts";
import { shm_mmap } from "kernel/ipc/shm.ts";
import {
	generic_file_mmap, generic_file_read_iter, generic_file_write_iter,
	grab_cache_page_write_begin,
} from "mm/filemap.ts";
import { set_page_dirty } from "mm/page-writeback.ts";
import { truncate_pagecache_range, truncate_setsize } from "mm/truncate.ts";
import { alloc_fd, fget } from "./file.ts";
import { alloc_file, fput } from "./file_table.ts";
import { iget_locked, iput } from "./inode.ts";
import { noop_fsync } from "./libfs.ts";
import { do_truncate } from "./open.ts";
import { generic_file_llseek } from "./read_write.ts";

/* ---- what is in a file ---- */

/** What a file and the upper half of a word's number give to the word. */
function file_seed(ino: number, n: number): number {
	return Math.imul(ino ^ 0x9e3779b9, 0x85ebca6b) ^
		Math.imul((n / 2 ** 32) | 0, 0x27d4eb2f);
}

function file_mix(seed: number, low: number): number {
	let h = seed ^ Math.imul(low, 0xc2b2ae35);

	h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
	h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
	return h ^ (h >>> 15);
}

/** Word `n` of the file: a mix of both numbers in which no bit is constant. */
function file_word(ino: number, n: number): number {
	return file_mix(file_seed(ino, n), n | 0);
}

/** The byte at `offset` of file `ino`, before anybody has written to it. */
export function file_byte(ino: number, offset: number): number {
	const n = Math.floor(offset / 4);

	return (file_word(ino, n) >>> ((offset - n * 4) * 8)) & 0xff;
}

/** The page's part of the file, as nobody has written to it. */
function simfs_fill_page(page: page): void {
	const inode = cast<address_space>(page.mapping).host;
	const pos = page.index * PAGE_SIZE;
	const size = i_size_read(inode);

	/* Pairs with simfs_cut(): who sees the file longer than it was, sees
	 * up to where it is what it was. */
	smp_rmb();
	const valid = Math.min(size, READ_ONCE(inode.i_valid));
	const left = Math.max(0, Math.min(PAGE_SIZE, valid - pos));
	const first = pos / 4;
	/* No page has words on both sides of a multiple of 2^32. */
	const seed = file_seed(inode.i_ino, first);
	const low = (first as int) | 0;
	const whole = left >> 2;
	const last = (1 << (left % 4 * 8)) - 1;

	dma_page(page_address(page), (i: number): number =>
		i < whole ? file_mix(seed, low + i) :
		i === whole ? file_mix(seed, low + i) & last : 0);
}

function simfs_readpage(_file: file, page: page): number {
	VM_BUG_ON_PAGE(!PageLocked(page), page);
	simfs_fill_page(page);
	SetPageUptodate(page);
	unlock_page(page);
	return 0;
}

/** From here on there are zeroes, for good. i_rwsem is held for writing; before
 *  the size changes. */
function simfs_cut(inode: inode, size: number): void {
	if (size >= inode.i_valid)
		return;
	WRITE_ONCE(inode.i_valid, size);
	/* Pairs with simfs_fill_page(). */
	smp_wmb();
}

/** simple_write_begin(), where a part of the page may be kept. */
function simfs_write_begin(
	_file: file, mapping: address_space, pos: number, len: number,
): page {
	const page = grab_cache_page_write_begin(mapping,
		Math.floor(pos / PAGE_SIZE));

	if (page === NULL)
		return ERR_PTR(-ENOMEM);
	if (!PageUptodate(page) && len !== PAGE_SIZE) {
		simfs_fill_page(page);
		SetPageUptodate(page);
	}
	return page;
}

/** simple_write_end(). A page that was to be written as a whole, and was not,
 *  does not count. */
function simfs_write_end(
	_file: file, mapping: address_space, pos: number, len: number,
	copied: number, page: page,
): number {
	const inode = mapping.host;

	if (!PageUptodate(page)) {
		if (copied === len)
			SetPageUptodate(page);
		else
			copied = 0;
	}
	if (copied !== 0) {
		const size = inode.i_size;

		if (pos + copied > size) {
			simfs_cut(inode, size);
			i_size_write(inode, pos + copied);
		}
		set_page_dirty(page);
	}
	unlock_page(page);
	put_page(page);
	return copied;
}

const simfs_aops: address_space_operations = RODATA({
	readpage: simfs_readpage,
	write_begin: simfs_write_begin,
	write_end: simfs_write_end,
});

/** simple_setattr(). i_rwsem is held for writing. */
function simfs_setattr(inode: inode, attr: iattr): number {
	if ((attr.ia_valid & ATTR_SIZE) !== 0) {
		simfs_cut(inode, Math.min(inode.i_size, attr.ia_size));
		truncate_setsize(inode, attr.ia_size);
	}
	return 0;
}

const simfs_inode_operations: inode_operations = RODATA({
	setattr: simfs_setattr,
});

/** Zeroes from start up to end. There is no disk that could have a hole, so
 *  they are kept like what is written; -ENOSPC where there is no memory for
 *  them. i_rwsem is held for writing. */
function simfs_zero_range(inode: inode, start: number, end: number): number {
	const mapping = inode.i_data;

	while (start < end) {
		const offset = start % PAGE_SIZE;
		const len = Math.min(PAGE_SIZE - offset, end - start);
		const page = simfs_write_begin(NULL, mapping, start, len);

		if (IS_ERR(page))
			return -ENOSPC;
		memset(page_address(page) + offset, 0, len);
		simfs_write_end(NULL, mapping, start, len, len, page);
		start += len;
	}
	return 0;
}

/** Where i_valid says that there are zeroes, a hole is what is not in the page
 *  cache. i_rwsem is held for writing. */
function simfs_punch_hole(inode: inode, start: number, end: number): number {
	const middle = Math.min(end, inode.i_size, inode.i_valid);

	if (end > middle)
		truncate_pagecache_range(inode, Math.max(start, middle),
			end - 1);
	return simfs_zero_range(inode, start, middle);
}

/** A hole becomes zeroes, and nothing has to be allocated in advance. */
function simfs_fallocate(
	file: file, mode: number, offset: number, len: number,
): number {
	const inode = file.f_inode;
	let error = 0;

	if ((mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) !== 0)
		return -EOPNOTSUPP;
	inode_lock(inode);
	if ((mode & FALLOC_FL_PUNCH_HOLE) !== 0) {
		error = simfs_punch_hole(inode, offset, offset + len);
	} else if ((mode & FALLOC_FL_KEEP_SIZE) === 0 &&
		   offset + len > inode.i_size) {
		simfs_cut(inode, inode.i_size);
		i_size_write(inode, offset + len);
	}
	inode_unlock(inode);
	return error;
}

function simfs_mmap(file: file, vma: vm_area_struct): number {
	return (file.f_inode.i_flags & S_SHM) !== 0 ?
		shm_mmap(file, vma) : generic_file_mmap(file, vma);
}

const simfs_file_operations: file_operations = RODATA({
	read_iter: generic_file_read_iter,
	write_iter: generic_file_write_iter,
	llseek: generic_file_llseek,
	mmap: simfs_mmap,
	fsync: noop_fsync,
	fallocate: simfs_fallocate,
});

/* ---- the system calls ---- */

/** A file is as long as the largest size that it was opened with, or as a
 *  program has made it since. What it is longer by is not known either, unless
 *  it was cut off before; or it ended within a page, which may be in the cache:
 *  then there are zeroes. */
function i_size_grow(inode: inode, size: number): void {
	inode_lock(inode);
	if (size > inode.i_size) {
		if (inode.i_size % PAGE_SIZE !== 0)
			simfs_cut(inode, inode.i_size);
		i_size_write(inode, size);
	}
	inode_unlock(inode);
}

/**
 * Open the file with inode number ino, at least size bytes long.
 * Port: in place of open(path): the number takes the place of the name.
 */
export function sys_sim_open(ino: number, flags: number, size: number): number {
	if (!(ino > 0) || ino !== (ino | 0) || !(size >= 0) || size % 1 !== 0)
		return -EINVAL;
	let mode = FMODE_EXEC;

	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		mode |= FMODE_READ;
		break;
	case O_WRONLY:
		mode |= FMODE_WRITE;
		break;
	case O_RDWR:
		mode |= FMODE_READ | FMODE_WRITE;
		break;
	default:
		return -EINVAL;
	}

	const inode = iget_locked(ino, simfs_inode_operations, simfs_aops);
	if (inode === NULL)
		return -ENOMEM;
	i_size_grow(inode, size);
	if ((flags & O_SIM_SHM) !== 0)
		inode.i_flags |= S_SHM;

	const file = alloc_file(inode, mode);
	if (IS_ERR(file)) {
		iput(inode);
		return PTR_ERR(file);
	}
	file.f_op = simfs_file_operations;
	file.f_flags = flags & ~O_SIM_SHM;
	const fd = alloc_fd(file);
	if (fd < 0)
		fput(file);
	return fd;
}

/** An open file is size bytes long from now on: ftruncate() of one that need
 *  not be open for writing. */
export function sys_sim_set_size(fd: number, size: number): number {
	if (!(size >= 0) || size % 1 !== 0)
		return -EINVAL;
	const file = fget(fd);

	if (file === NULL)
		return -EBADF;
	let error = -EINVAL;

	if (file.f_op === simfs_file_operations)
		error = do_truncate(file.f_inode, size);
	fput(file);
	return error;
}
