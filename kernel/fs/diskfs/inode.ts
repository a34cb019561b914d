// SPDX-License-Identifier: GPL-2.0-only
/**
 * A file system on the disk in RAM (drivers/block/brd.ts): where the kernel has
 * fs/ext4/inode.c, file.c and super.c, and fs/buffer.c (5.17), this is what a
 * page fault, a write and a truncation need of them. Mirrors no file.
 *
 * A file's blocks lie one after the other on a disk that is large enough for
 * all of them, and those that were never written are holes: a block's number
 * says whose it is, and there is nothing to be looked up. Names and sizes are
 * written when the file system is unmounted, to block 0. Left out: a journal,
 * and all that makes a disk whole again when the machine has stopped.
 *
 * mapping->invalidate_lock keeps pages out of the cache whose blocks are being
 * freed: who brings one in, or makes it writable, holds it for reading; so does
 * who maps what is around a fault, if he gets it at once (RFC.27).
 * Lock ordering: i_rwsem, mmap_lock, invalidate_lock, page lock.
 */
import { CONFIG_SPECULATIVE_FILE_FAULT } from "generated/autoconf.ts";
import { load8, store8 } from "host/door.ts";
import { default_backing_dev_info } from "linux/backing-dev.ts";
import { EBUSY, EFBIG, ENOMEM, ENOSPC, EOPNOTSUPP } from "linux/errno.ts";
import { ERR_PTR, IS_ERR } from "linux/err.ts";
import {
	type address_space, type address_space_operations, ATTR_SIZE, type file,
	type file_operations, type file_system_type, filemap_invalidate_lock,
	filemap_invalidate_lock_shared, filemap_invalidate_trylock_shared,
	filemap_invalidate_unlock, filemap_invalidate_unlock_shared,
	i_size_write, type iattr, type inode, inode_lock,
	type inode_operations, inode_unlock,
	type super_block,
} from "linux/fs.ts";
import { clear_user_highpage, zero_user_segment } from "linux/highmem.ts";
import { ULONG_MAX } from "linux/kernel.ts";
import {
	FAULT_FLAG_SPECULATIVE, put_page, VM_FAULT_LOCKED, VM_FAULT_NOPAGE,
	VM_FAULT_RETRY, VM_FAULT_SIGBUS, type vm_fault_t,
} from "linux/mm.ts";
import type {
	page, vm_area_struct, vm_fault, vm_operations_struct,
} from "linux/mm_types.ts";
import { PageUptodate, SetPageUptodate } from "linux/page-flags.ts";
import { i_size_read, lock_page, unlock_page } from "linux/pagemap.ts";
import type { list_head } from "linux/types.ts";
import { count_vm_spf_event } from "linux/vm_event.ts";
import { SPF_ABORT_FAULT } from "linux/vm_event_item.ts";
import { trace_spf_vmf_notsup } from "trace/events/pagefault.ts";
import {
	FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE,
} from "uapi/linux/falloc.ts";
import { page_address } from "asm-generic/memory_model.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import {
	type bio, brd_free_pages, brd_insert_page, brd_lookup_page, REQ_OP_READ,
	REQ_OP_WRITE, submit_bio,
} from "drivers/block/brd.ts";
import { iput, new_inode } from "kernel/fs/inode.ts";
import {
	D_NAME_MAX, d_add, type dentry, simple_write_end,
} from "kernel/fs/libfs.ts";
import { generic_file_llseek } from "kernel/fs/read_write.ts";
import {
	end_page_writeback, file_write_and_wait_range, filemap_fault,
	filemap_map_pages, filemap_write_and_wait_range, generic_file_read_iter,
	generic_file_write_iter, grab_cache_page_write_begin,
} from "mm/filemap.ts";
import { set_page_dirty, set_page_writeback } from "mm/page-writeback.ts";
import { truncate_pagecache_range, truncate_setsize } from "mm/truncate.ts";

/** So long is a file at most, in blocks: behind that is another one's. */
const FILE_BLOCKS = 2 ** 20;
/** The same in bytes. Port: in the kernel it is the super block's. */
const s_maxbytes = FILE_BLOCKS * PAGE_SIZE;
/** i_flags: its blocks are kept when the inode goes from memory. */
const S_ON_DISK = 0x100;

interface diskfs_data extends struct {
	mounted: int; /* atomic */
	next_ino: int; /* atomic */
}
const data = DEFINE<diskfs_data>();

/* ---- blocks ---- */

/** diskfs_get_block(): where page `index` of the file is. */
function block_of(inode: inode, index: number): number {
	return inode.i_ino * FILE_BLOCKS + index;
}

/** The block is there afterwards, or -ENOSPC. */
function get_block_create(inode: inode, index: number): number {
	return brd_insert_page(block_of(inode, index)) !== 0 ? -ENOSPC : 0;
}

/** Blocks first to last are holes from now on. invalidate_lock is held for
 *  writing, and no page of theirs is in the cache; or the inode goes. */
function free_blocks(inode: inode, first: number, last: number): void {
	if (first <= last)
		brd_free_pages(block_of(inode, first),
			block_of(inode, Math.min(last, FILE_BLOCKS - 1)));
}

/* ---- address space operations ---- */

const end_buffer_async_read = RODATA((bio: bio): void => {
	const page = bio.bi_page;

	SetPageUptodate(page);
	unlock_page(page);
});

const end_buffer_async_write = RODATA((bio: bio): void => {
	end_page_writeback(bio.bi_page);
});

function diskfs_readpage(_file: file, page: page): number {
	const inode = cast<address_space>(page.mapping).host;
	const block = block_of(inode, page.index);
	let error = 0;

	if (brd_lookup_page(block) !== NULL) {
		error = submit_bio(REQ_OP_READ, page, block,
			end_buffer_async_read);
	} else {
		clear_user_highpage(page, 0);
		SetPageUptodate(page);
		unlock_page(page);
	}
	if (error !== 0)
		unlock_page(page);
	return error;
}

/** The page is locked, and not dirty any more. What a program has written
 *  behind the end of the file does not get to the disk. */
function diskfs_writepage(page: page): number {
	const inode = cast<address_space>(page.mapping).host;
	const left = i_size_read(inode) - page.index * PAGE_SIZE;

	if (left <= 0) {
		unlock_page(page);
		return 0;
	}
	if (left < PAGE_SIZE)
		zero_user_segment(page, left, PAGE_SIZE);
	set_page_writeback(page);
	unlock_page(page);
	const error = submit_bio(REQ_OP_WRITE, page,
		block_of(inode, page.index), end_buffer_async_write);

	if (error !== 0) {
		set_page_dirty(page);
		end_page_writeback(page);
	}
	return error;
}

/** A page of the cache, locked and up to date; or ERR_PTR(). invalidate_lock is
 *  held, or i_rwsem for writing. */
function read_locked_page(
	file: file, mapping: address_space, index: number,
): page {
	for (;;) {
		const page = grab_cache_page_write_begin(mapping, index);

		if (page === NULL)
			return ERR_PTR(-ENOMEM);
		if (PageUptodate(page))
			return page;
		/* Unlocks it, when it is there. */
		const error = diskfs_readpage(file, page);

		if (error === 0) {
			lock_page(page);
			if (page.mapping === uptr(mapping) &&
			    PageUptodate(page))
				return page;
			unlock_page(page);
		}
		put_page(page);
		if (error !== 0)
			return ERR_PTR(error);
	}
}

function diskfs_write_begin(
	file: file, mapping: address_space, pos: number, len: number,
): page {
	if (pos >= s_maxbytes)
		return ERR_PTR(-EFBIG);
	const index = Math.floor(pos / PAGE_SIZE);
	const page = len === PAGE_SIZE ?
		grab_cache_page_write_begin(mapping, index) :
		read_locked_page(file, mapping, index);

	if (page === NULL)
		return ERR_PTR(-ENOMEM);
	if (!IS_ERR(page) && get_block_create(mapping.host, index) !== 0) {
		unlock_page(page);
		put_page(page);
		return ERR_PTR(-ENOSPC);
	}
	return page;
}

/** A page that was to be written as a whole and was not, is not up to date: it
 *  does not count. */
function diskfs_write_end(
	file: file, mapping: address_space, pos: number, len: number,
	copied: number, page: page,
): number {
	if (copied < len && !PageUptodate(page)) {
		unlock_page(page);
		put_page(page);
		return 0;
	}
	return simple_write_end(file, mapping, pos, len, copied, page);
}

const diskfs_aops: address_space_operations = RODATA({
	readpage: diskfs_readpage,
	writepage: diskfs_writepage,
	write_begin: diskfs_write_begin,
	write_end: diskfs_write_end,
});

/* ---- sizes and holes ---- */

/** block_truncate_page(): bytes from `from` up to `to`, of one page, become
 *  zeroes on the disk, too. invalidate_lock is held for writing. */
function zero_partial_page(
	mapping: address_space, from: number, to: number,
): number {
	const index = Math.floor(from / PAGE_SIZE);
	const inode = mapping.host;

	if (brd_lookup_page(block_of(inode, index)) === NULL)
		return 0;
	const page = read_locked_page(NULL, mapping, index);

	if (IS_ERR(page))
		return -ENOMEM;
	const pos = index * PAGE_SIZE;

	zero_user_segment(page, from - pos, Math.min(PAGE_SIZE, to - pos));
	set_page_dirty(page);
	unlock_page(page);
	put_page(page);
	return 0;
}

/** i_rwsem is held for writing. */
function diskfs_setattr(inode: inode, attr: iattr): number {
	const mapping = inode.i_data;
	const size = attr.ia_size;
	let error = 0;

	if ((attr.ia_valid & ATTR_SIZE) === 0)
		return 0;
	if (size > s_maxbytes)
		return -EFBIG;
	filemap_invalidate_lock(mapping);
	if (size < inode.i_size && size % PAGE_SIZE !== 0)
		error = zero_partial_page(mapping, size, ULONG_MAX);
	if (error === 0) {
		truncate_setsize(inode, size);
		free_blocks(inode, Math.ceil(size / PAGE_SIZE), FILE_BLOCKS);
	}
	filemap_invalidate_unlock(mapping);
	return error;
}

const diskfs_file_inode_operations: inode_operations = RODATA({
	setattr: diskfs_setattr,
});

/** Both locks are held for writing. */
function diskfs_punch_hole(inode: inode, offset: number, end: number): number {
	const mapping = inode.i_data;
	const first = Math.ceil(offset / PAGE_SIZE);
	const last = Math.floor(end / PAGE_SIZE) - 1;
	let error = 0;

	if (offset % PAGE_SIZE !== 0)
		error = zero_partial_page(mapping, offset, end);
	if (error === 0 && end % PAGE_SIZE !== 0 && last + 1 >= first)
		error = zero_partial_page(mapping, (last + 1) * PAGE_SIZE, end);
	if (error !== 0)
		return error;
	truncate_pagecache_range(inode, offset, end - 1);
	free_blocks(inode, first, last);
	return 0;
}

function diskfs_fallocate(
	file: file, mode: number, offset: number, len: number,
): number {
	const inode = file.f_inode;
	const mapping = inode.i_data;
	let error = 0;

	if ((mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) !== 0)
		return -EOPNOTSUPP;
	if (offset + len > s_maxbytes)
		return -EFBIG;
	inode_lock(inode);
	if ((mode & FALLOC_FL_PUNCH_HOLE) !== 0) {
		const end = Math.min(offset + len,
			Math.ceil(inode.i_size / PAGE_SIZE) * PAGE_SIZE);

		if (offset < end) {
			filemap_invalidate_lock(mapping);
			error = diskfs_punch_hole(inode, offset, end);
			filemap_invalidate_unlock(mapping);
		}
	} else if ((mode & FALLOC_FL_KEEP_SIZE) === 0 &&
		   offset + len > inode.i_size) {
		i_size_write(inode, offset + len);
	}
	inode_unlock(inode);
	return error;
}

/* ---- faults ---- */

/**
 * xfs_filemap_map_pages(): what is mapped around a fault is not being punched
 * out. As filemap_map_pages(). RFC.27: in an RCU section nobody waits for the
 * lock.
 */
function diskfs_filemap_map_pages(
	vmf: vm_fault, start_pgoff: number, end_pgoff: number,
): vm_fault_t {
	const file: file = vmf.vma.vm_file;
	const mapping = file.f_mapping;

	if (!filemap_invalidate_trylock_shared(mapping)) {
		if (CONFIG_SPECULATIVE_FILE_FAULT) {
			if ((vmf.flags & FAULT_FLAG_SPECULATIVE) !== 0) {
				count_vm_spf_event(SPF_ABORT_FAULT);
				trace_spf_vmf_notsup(SPF_ABORT_FAULT, vmf);
				return VM_FAULT_RETRY;
			}
		}
		return 0;
	}
	const ret = filemap_map_pages(vmf, start_pgoff, end_pgoff);

	filemap_invalidate_unlock_shared(mapping);
	return ret;
}

/** ext4_page_mkwrite(): a shared page becomes writable, for which it needs its
 *  block. We return with it locked, and dirty. */
function diskfs_page_mkwrite(vmf: vm_fault): vm_fault_t {
	const page = vmf.page;
	const file: file = vmf.vma.vm_file;
	const inode = file.f_inode;
	const mapping = inode.i_data;
	let ret: vm_fault_t = VM_FAULT_LOCKED;

	filemap_invalidate_lock_shared(mapping);
	lock_page(page);
	if (page.mapping !== uptr(mapping) ||
	    page.index * PAGE_SIZE >= i_size_read(inode))
		ret = VM_FAULT_NOPAGE;
	else if (get_block_create(inode, page.index) !== 0)
		ret = VM_FAULT_SIGBUS;
	if (ret === VM_FAULT_LOCKED)
		set_page_dirty(page);
	else
		unlock_page(page);
	filemap_invalidate_unlock_shared(mapping);
	return ret;
}

/** RFC.31: ->fault can be speculative. Port: since 5.15 ext4's, too, is
 *  filemap_fault(), so that there is nothing left to be tried in it. */
const diskfs_file_vm_ops: vm_operations_struct = RODATA(
	CONFIG_SPECULATIVE_FILE_FAULT
		? {
			fault: filemap_fault,
			map_pages: diskfs_filemap_map_pages,
			page_mkwrite: diskfs_page_mkwrite,
			speculative: true,
		}
		: {
			fault: filemap_fault,
			map_pages: diskfs_filemap_map_pages,
			page_mkwrite: diskfs_page_mkwrite,
		},
);

function diskfs_file_mmap(_file: file, vma: vm_area_struct): number {
	vma.vm_ops = diskfs_file_vm_ops;
	return 0;
}

function diskfs_sync_file(file: file, start: number, end: number): number {
	return file_write_and_wait_range(file, start, end);
}

const diskfs_file_operations: file_operations = RODATA({
	read_iter: generic_file_read_iter,
	write_iter: generic_file_write_iter,
	llseek: generic_file_llseek,
	mmap: diskfs_file_mmap,
	fsync: diskfs_sync_file,
	fallocate: diskfs_fallocate,
});

/* ---- the super block ---- */

function diskfs_iget(sb: super_block, ino: number): inode {
	const inode = new_inode();

	if (inode === NULL)
		return NULL;
	const mapping = inode.i_data;

	inode.i_sb = sb;
	inode.i_ino = ino as int;
	mapping.a_ops = diskfs_aops;
	inode.i_op = diskfs_file_inode_operations;
	inode.i_fop = diskfs_file_operations;
	return inode;
}

function diskfs_create(sb: super_block): inode {
	return diskfs_iget(sb, fetch_add(data.next_ino, 1) + 1);
}

/** An entry of the directory, in block 0. All fields: constant. */
interface diskfs_dirent extends struct {
	size: ulong;
	ino: int; /* 0: there are no more */
	name: array<u8, 32>;
}

const DIRENTS = 64;

/** Port: it is read at once, as nobody waits for anything yet. */
function diskfs_fill_super(sb: super_block): number {
	if (xchg(data.mounted, 1) !== 0)
		return -EBUSY;
	sb.s_bdi = default_backing_dev_info;
	const block = brd_lookup_page(0);

	if (block === NULL)
		return 0;
	let entry = cast<diskfs_dirent>(page_address(block));

	for (; entry.ino !== 0; entry = ptr_add(entry, 1)) {
		const base = ADDR(entry.name);
		const inode = diskfs_iget(sb, entry.ino);
		let name = "";

		for (let i = 0; load8(base + i) !== 0; i++)
			name += String.fromCharCode(load8(base + i));
		/* What there is no memory for is not found until next time. */
		if (inode === NULL)
			break;
		i_size_write(inode, entry.size);
		if (d_add(sb, name, inode) !== 0) {
			inode.i_flags |= S_ON_DISK;
			iput(inode);
		}
	}
	return 0;
}

/** Names and sizes to the disk, and what was written to the files. */
function diskfs_put_super(sb: super_block): void {
	const root = sb.s_root;
	let n = 0;

	brd_free_pages(0, 0);
	for (let pos: list_head = root.next; pos !== root; pos = pos.next) {
		const dentry = container_of<dentry>(pos, "d_child");
		const inode = dentry.d_inode;

		filemap_write_and_wait_range(inode.i_data, 0, ULONG_MAX);
		if (n === DIRENTS || brd_insert_page(0) !== 0)
			continue;
		inode.i_flags |= S_ON_DISK;
		const first = cast<diskfs_dirent>(
			page_address(brd_lookup_page(0)));
		const entry = ptr_add(first, n);

		entry.ino = inode.i_ino;
		entry.size = inode.i_size;
		for (let i = 0; i < D_NAME_MAX; i++)
			store8(ADDR(entry.name) + i,
				load8(ADDR(dentry.d_name) + i));
		n++;
	}
	WRITE_ONCE(data.mounted, 0);
}

function diskfs_evict_inode(inode: inode): void {
	if ((inode.i_flags & S_ON_DISK) === 0)
		free_blocks(inode, 0, FILE_BLOCKS);
}

export const diskfs_fs_type: file_system_type = RODATA({
	name: "diskfs",
	fill_super: diskfs_fill_super,
	create: diskfs_create,
	put_super: diskfs_put_super,
	evict_inode: diskfs_evict_inode,
});
