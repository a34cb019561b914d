// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/shmem.c (5.17): files in memory, whose pages are born zeroed, as
 * what is behind MAP_SHARED|MAP_ANONYMOUS, as tmpfs, and by memfd_create().
 * Left out: directories, attributes, mount options, swap (shmem_writepage(),
 * shmem_unuse() and their like), huge pages, seals, memory policies, quotas,
 * shmem_lock(), userfaultfd; who faults in a hole that is being made
 * (shmem_falloc) finds a new page, and does not wait.
 */
import {
	type address_space, type address_space_operations, type file,
	type file_operations, type file_system_type, FMODE_READ, FMODE_WRITE,
	i_size_write, type inode, inode_lock, type inode_operations,
	inode_unlock, type iov_iter, type kiocb, S_SHMEM, type super_block,
} from "linux/fs.ts";
import {
	FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE,
} from "uapi/linux/falloc.ts";
import type { vm_area_struct, vm_fault, vm_operations_struct, page } from "linux/mm_types.ts";
import {
	EFAULT, EINVAL, EIO, ENOMEM, ENOSPC, EOPNOTSUPP,
} from "linux/errno.ts";
import { ERR_PTR, IS_ERR, PTR_ERR } from "linux/err.ts";
import { __GFP_ZERO, alloc_page } from "linux/gfp.ts";
import { __SetPageSwapBacked, SetPageUptodate } from "linux/page-flags.ts";
import { vm_unacct_memory } from "linux/mman.ts";
import { put_page, VM_NORESERVE, VM_FAULT_LOCKED, VM_FAULT_OOM, VM_FAULT_SIGBUS, type vm_fault_t } from "linux/mm.ts";
import { cond_resched } from "linux/kernel.ts";
import { O_RDWR } from "linux/fcntl.ts";
import { i_size_read, mapping_gfp_mask, unlock_page } from "linux/pagemap.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import {
	add_to_page_cache_lru, delete_from_page_cache, filemap_map_pages,
	find_lock_page, generic_file_write_iter,
} from "mm/filemap.ts";
import { set_page_dirty } from "mm/page-writeback.ts";
import { truncate_pagecache_range } from "mm/truncate.ts";
import { copy_page_to_iter, iov_iter_zero } from "kernel/lib/iov_iter.ts";
import { alloc_fd } from "kernel/fs/file.ts";
import { getname } from "kernel/fs/namei.ts";
import { generic_file_llseek } from "kernel/fs/read_write.ts";
import { current } from "kernel/sched/core.ts";
import { security_vm_enough_memory_mm } from "mm/util.ts";
import { alloc_file, fput } from "kernel/fs/file_table.ts";
import { noop_fsync, simple_setattr } from "kernel/fs/libfs.ts";
import { iput, new_inode } from "kernel/fs/inode.ts";

/* What shmem_getpage() is asked for. */
const SGP_READ = 0; /* not behind the end, and nothing is made */
const SGP_CACHE = 1; /* not behind the end */
const SGP_WRITE = 2; /* wherever */

/**
 * The page at index, locked and referenced, made if there is none and that is
 * wanted: NULL for a hole. ERR_PTR(): -ENOMEM, or -EINVAL behind the end.
 */
function shmem_getpage(
	mapping: address_space, index: number, sgp: number,
): page {
	const inode = mapping.host;

	for (;;) {
		if (sgp !== SGP_WRITE && index >= shmem_pages(inode))
			return ERR_PTR(-EINVAL);
		const found = find_lock_page(mapping, index);
		if (found !== NULL || sgp === SGP_READ) return found;

		const page = alloc_page(mapping_gfp_mask(mapping) | __GFP_ZERO);
		if (page === NULL) return ERR_PTR(-ENOMEM);
		/* Counts as shmem, not as file, in rss; before others see
		 * it. */
		__SetPageSwapBacked(page);
		SetPageUptodate(page);
		const error = add_to_page_cache_lru(page, mapping, index,
			mapping_gfp_mask(mapping));
		if (error === 0) {
			/* Cut off since we looked? Who cuts off from now on
			 * waits for our lock. */
			if (sgp === SGP_WRITE || index < shmem_pages(inode))
				return page;
			delete_from_page_cache(page);
			unlock_page(page);
			put_page(page);
			return ERR_PTR(-EINVAL);
		}
		put_page(page);
		if (error === -ENOMEM) return ERR_PTR(-ENOMEM);
	}
}

/** Pages that the file has, the last one in part. */
function shmem_pages(inode: inode): number {
	return Math.ceil(i_size_read(inode) / PAGE_SIZE);
}

/**
 * Is there memory for a file of `size` bytes?
 * Port: only what no machine has is refused (see mm/util.ts), so nothing stays
 * accounted that the end of the inode would have to give back.
 */
function shmem_acct_size(flags: number, size: number): number {
	if ((flags & VM_NORESERVE) !== 0) return 0;
	const pages = Math.ceil(size / PAGE_SIZE);
	const error = security_vm_enough_memory_mm(current().mm, pages);

	if (error === 0) vm_unacct_memory(pages);
	return error;
}

/** mmap_lock is held for reading, before and after. */
export function shmem_fault(vmf: vm_fault): vm_fault_t {
	const file: file = vmf.vma.vm_file;
	const page = shmem_getpage(file.f_mapping, vmf.pgoff, SGP_CACHE);

	if (IS_ERR(page))
		return PTR_ERR(page) === -ENOMEM ?
			VM_FAULT_OOM : VM_FAULT_SIGBUS;
	vmf.page = page;
	return VM_FAULT_LOCKED;
}

/** No page_mkwrite: nothing is written back, and nobody needs to be told. */
export const shmem_vm_ops: vm_operations_struct = RODATA({
	fault: shmem_fault,
	map_pages: filemap_map_pages,
});

export function shmem_mmap(_file: file, vma: vm_area_struct): number {
	vma.vm_ops = shmem_vm_ops;
	return 0;
}

/** ->read_iter(): a hole is zeroes, and stays one. */
function shmem_file_read_iter(iocb: kiocb, to: iov_iter): number {
	const mapping = iocb.ki_filp.f_mapping;
	const inode = mapping.host;
	let retval = 0;

	while (to.count !== 0) {
		const page = shmem_getpage(mapping,
			Math.floor(iocb.ki_pos / PAGE_SIZE), SGP_READ);

		/* Behind the end. */
		if (IS_ERR(page)) break;
		if (page !== NULL) unlock_page(page);
		const offset = iocb.ki_pos % PAGE_SIZE;
		const nr = Math.min(PAGE_SIZE - offset, to.count,
			i_size_read(inode) - iocb.ki_pos);
		let ret = 0;

		if (nr > 0)
			ret = page !== NULL ?
				copy_page_to_iter(page, offset, nr, to) :
				iov_iter_zero(nr, to);
		if (page !== NULL) put_page(page);
		if (nr <= 0) break;
		retval += ret;
		iocb.ki_pos += ret;
		if (ret < nr)
			return retval !== 0 ? retval : -EFAULT;
		cond_resched();
	}
	return retval;
}

/** Port: a page is born up to date. */
function shmem_write_begin(
	_file: file, mapping: address_space, pos: number, _len: number,
): page {
	return shmem_getpage(mapping, Math.floor(pos / PAGE_SIZE), SGP_WRITE);
}

function shmem_write_end(
	_file: file, mapping: address_space, pos: number, _len: number,
	copied: number, page: page,
): number {
	const inode = mapping.host;

	if (pos + copied > inode.i_size)
		i_size_write(inode, pos + copied);
	set_page_dirty(page);
	unlock_page(page);
	put_page(page);
	return copied;
}

/** Nobody reads by it: what is not there is a hole. */
function shmem_readpage(_file: file, page: page): number {
	unlock_page(page);
	return -EIO;
}

const shmem_aops: address_space_operations = RODATA({
	readpage: shmem_readpage,
	write_begin: shmem_write_begin,
	write_end: shmem_write_end,
});

/** A hole, in place of whole pages; or memory for all of the range. */
function shmem_fallocate(
	file: file, mode: number, offset: number, len: number,
): number {
	const inode = file.f_inode;
	let error = 0;

	if ((mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) !== 0)
		return -EOPNOTSUPP;
	inode_lock(inode);
	if ((mode & FALLOC_FL_PUNCH_HOLE) !== 0)
		truncate_pagecache_range(inode, offset, offset + len - 1);
	else
		error = shmem_allocate(inode, mode, offset, offset + len);
	inode_unlock(inode);
	return error;
}

/** i_rwsem is held for writing. */
function shmem_allocate(
	inode: inode, mode: number, start: number, end: number,
): number {
	const mapping = inode.i_data;
	const last = Math.ceil(end / PAGE_SIZE);

	for (let index = Math.floor(start / PAGE_SIZE); index < last; index++) {
		const page = shmem_getpage(mapping, index, SGP_WRITE);

		/* Port: what there is already stays. */
		if (IS_ERR(page)) return -ENOSPC;
		unlock_page(page);
		put_page(page);
	}
	if ((mode & FALLOC_FL_KEEP_SIZE) === 0 && end > inode.i_size)
		i_size_write(inode, end);
	return 0;
}

const shmem_file_operations: file_operations = RODATA({
	mmap: shmem_mmap,
	llseek: generic_file_llseek,
	read_iter: shmem_file_read_iter,
	write_iter: generic_file_write_iter,
	fsync: noop_fsync,
	fallocate: shmem_fallocate,
});

const shmem_inode_operations: inode_operations = RODATA({
	setattr: simple_setattr,
});

function shmem_get_inode(sb: super_block): inode {
	const inode = new_inode();

	if (inode === NULL) return NULL;
	const mapping = inode.i_data;

	inode.i_sb = sb;
	mapping.a_ops = shmem_aops;
	inode.i_op = shmem_inode_operations;
	inode.i_fop = shmem_file_operations;
	return inode;
}

function shmem_fill_super(_sb: super_block): number {
	return 0;
}

export const shmem_fs_type: file_system_type = RODATA({
	name: "tmpfs",
	fill_super: shmem_fill_super,
	create: shmem_get_inode,
});

/** An unlinked file of `size` bytes, or an error pointer. `flags` are those of
 *  the vma that it is for. */
function __shmem_file_setup(
	size: number, flags: number, i_flags: number,
): file {
	if (shmem_acct_size(flags, size)) return ERR_PTR(-ENOMEM);

	const inode = shmem_get_inode(NULL);

	if (inode === NULL) return ERR_PTR(-ENOSPC);
	inode.i_flags = i_flags as int;
	inode.i_size = size;
	const res = alloc_file(inode, FMODE_READ | FMODE_WRITE);
	if (IS_ERR(res)) iput(inode);
	else res.f_op = shmem_file_operations;
	return res;
}

/** The same for the kernel: maps shows no name of it. */
export function shmem_kernel_file_setup(size: number, flags: number): file {
	return __shmem_file_setup(size, flags, S_SHMEM);
}

/** Put shared memory behind an anonymous shared mapping. mmap_lock is held for
 *  writing. */
export function shmem_zero_setup(vma: vm_area_struct): number {
	const size = vma.vm_end - vma.vm_start;
	const file = shmem_kernel_file_setup(size, vma.vm_flags);

	if (IS_ERR(file)) return PTR_ERR(file);
	if (vma.vm_file !== NULL) fput(vma.vm_file);
	vma.vm_file = file;
	vma.vm_ops = shmem_vm_ops;
	return 0;
}

const MFD_CLOEXEC = 0x1;
const MFD_ALLOW_SEALING = 0x2;

/** A descriptor for an unlinked file, empty at first, which is by nobody else's
 *  name. Port: without seals, and nobody asks for its name. */
export function sys_memfd_create(uname: number, flags: number): number {
	if ((flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING)) !== 0)
		return -EINVAL;
	const name = getname(uname);

	/* The empty one is as good as another. */
	if (name === -EFAULT)
		return name;
	const file = __shmem_file_setup(0, VM_NORESERVE, 0);

	if (IS_ERR(file)) return PTR_ERR(file);
	file.f_flags = O_RDWR;
	const fd = alloc_fd(file);

	if (fd < 0) fput(file);
	return fd;
}
