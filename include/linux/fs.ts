// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the part of include/linux/fs.h (5.17) that the page cache and the
 * mappings of files need: inode, address_space, file; and file_operations, as
 * far as a system call reaches one.
 * Port: the page cache is an array of radix-tree nodes (kernel/lib/xarray.ts).
 * A size is a double, which does not tear: no i_size_seqcount.
 */
import type { backing_dev_info } from "linux/backing-dev.ts";
import {
	atomic_cmpxchg,
	atomic_dec,
	atomic_inc,
	atomic_inc_unless_negative,
	atomic_read,
} from "linux/atomic.ts";
import { EBUSY, EPERM } from "linux/errno.ts";
import type { page, vm_area_struct } from "linux/mm_types.ts";
import { RB_EMPTY_ROOT } from "linux/rbtree.ts";
import {
	down_read, down_read_trylock, down_write, up_read, up_write,
} from "linux/rwsem.ts";
import type { rw_semaphore, spinlock_t } from "linux/spinlock_types.ts";
import type { atomic_t, list_head, rb_root_cached } from "linux/types.ts";
import type { mount } from "kernel/fs/namespace.ts";

export interface address_space extends struct {
	host: inode; /* constant */
	/** NULL: ->fault makes all its pages; constant once it is found */
	a_ops: rodata<address_space_operations>;
	/** root node of the page cache; i_pages_lock, walked under RCU */
	i_pages: int;
	i_pages_height: int; /* i_pages_lock */
	nrpages: ulong; /* i_pages_lock */
	i_pages_lock: embed<spinlock_t>; /* guards the page cache */
	/** guards what is behind the page cache: held to bring pages in */
	invalidate_lock: embed<rw_semaphore>;
	i_mmap: embed<rb_root_cached>; /* interval tree of vmas; i_mmap_rwsem */
	i_mmap_rwsem: embed<rw_semaphore>; /* guards i_mmap */
	/** VM_SHARED|VM_MAYWRITE mappings; atomic */
	i_mmap_writable: embed<atomic_t>;
	flags: ifdef<"CONFIG_MMU_NOTIFIER", int>; /* 1 << AS_*; atomic */
}

/** What a file system does for the page cache. */
export interface address_space_operations {
	/** Fills a locked page, which is unlocked when that is done, and up to
	 *  date then; 0, or an errno. file may be NULL. */
	readpage: (file: file, page: page) => number;
	/** Writes a locked page, which is clean by now, and PG_writeback until
	 *  that is done. It is unlocked at once. 0, or an errno. */
	writepage?: (page: page) => number;
	/** The page for a write of len bytes at pos, locked and referenced, or
	 *  ERR_PTR(). What of it the write leaves is up to date. */
	write_begin: (
		file: file, mapping: address_space, pos: number, len: number,
	) => page;
	/** `copied` bytes of it were written. The page is unlocked and given
	 *  back; returns how many count, or an errno. */
	write_end: (
		file: file, mapping: address_space, pos: number, len: number,
		copied: number, page: page,
	) => number;
}

/** linux/backing-dev.h: is there a disk that its pages go to? */
export function mapping_can_writeback(mapping: address_space): boolean {
	return !!mapping.a_ops && !!mapping.a_ops.writepage;
}

/** mapping->flags: mm_take_all_locks() has i_mmap_rwsem. */
export const AS_MM_ALL_LOCKS = 2;

export interface inode extends struct {
	i_ino: int; /* constant */
	/** atomic; the last one goes under inode_hash_lock */
	i_count: embed<atomic_t>;
	/** 0: without a name, freed at the last iput(); constant */
	i_nlink: int;
	i_flags: int; /* S_*: shmem, shm or regular; constant, but that
		       * sim_open() says S_SHM before anybody maps it */
	i_size: ulong; /* in bytes; i_rwsem, read without */
	/** of files by number: from here on there are zeroes, but where the
	 *  page cache has something else; i_rwsem, read without */
	i_valid: ulong;
	i_rwsem: embed<rw_semaphore>; /* guards the size, and who writes */
	i_op: rodata<inode_operations>; /* constant once it is found */
	/** NULL: open() of its file knows; constant once it is found */
	i_fop: rodata<file_operations>;
	i_sb: super_block; /* NULL: of no mounted file system; constant */
	i_data: embed<address_space>; /* see address_space */
	i_hash_next: inode; /* inode_hash_lock */
	/** I_*; bdi_writeback.list_lock, looked at without */
	i_state: ifdef<"CONFIG_PAGE_RECLAIM", int>;
	/** bdi_writeback's lists; its list_lock */
	i_io_list: ifdef<"CONFIG_PAGE_RECLAIM", embed<list_head>>;
	/** /proc: the number of the task that it is about; constant */
	i_private: ifdef<"CONFIG_PROC_FS", int>;
}

/** What was read ahead of a file, through one struct file: mm/readahead.ts.
 *  All fields: a hint, by marked accesses. */
export interface file_ra_state extends struct {
	start: ulong; /* where the last window began, in pages */
	size: int; /* of it, in pages */
	async_size: int; /* so many of those are ahead of who asked */
	ra_pages: int; /* the largest window */
	mmap_miss: int; /* faults that had to wait, less those that had not */
	prev_pos: ulong; /* behind the last byte of the last read; -1: none */
}

export interface file extends struct {
	f_inode: inode; /* NULL: an anonymous one, as an event; constant */
	f_mapping: address_space; /* NULL without f_inode; constant */
	f_mnt: mount; /* with a reference; NULL: not by a mount; constant */
	f_count: embed<atomic_t>; /* atomic */
	f_mode: int; /* FMODE_*; constant, but for FMODE_RANDOM: atomic */
	f_flags: int; /* O_*; constant once it is open */
	f_op: rodata<file_operations>; /* NULL until open; constant then */
	/** whatever f_op wants, as seq_file does; constant once it is open */
	private_data: int;
	/** guards the position, and what private_data points at */
	f_pos_lock: embed<rw_semaphore>;
	f_pos: ulong; /* f_pos_lock */
	f_ra: embed<file_ra_state>; /* see file_ra_state */
	/** next on delayed_fput_list; atomic, by the list's head */
	f_llist: ifdef<"CONFIG_SPECULATIVE_FILE_FAULT", file>;
}

/** A read or a write that is under way. On the stack of whoever does it. */
export interface kiocb {
	ki_filp: file;
	ki_pos: number;
	ki_flags: number; /* IOCB_* */
}

export const IOCB_APPEND = 0x2;

/** Where read() is to put what it has, or write() finds it: linux/uio.h. On the
 *  stack of whoever reads or writes, see copy_to_iter(). */
export interface iov_iter {
	addr: number; /* of the user, or of the kernel */
	count: number; /* bytes that are left */
	user: boolean;
}

/** What can be done to an open file. Who uses or moves its position holds
 *  f_pos_lock: read(), write(), llseek(). release() is called when nobody else
 *  knows the file. */
export interface file_operations {
	open?: (inode: inode, file: file) => number;
	/** Of one without a position: into the user's buffer. */
	read?: (file: file, buf: number, count: number) => number;
	read_iter?: (iocb: kiocb, to: iov_iter) => number;
	/** From user memory; or from text that the kernel has. At the file's
	 *  position. */
	write?: (file: file, buf: number | string, count: number) => number;
	write_iter?: (iocb: kiocb, from: iov_iter) => number;
	llseek?: (file: file, offset: number, whence: number) => number;
	/** mmap_lock is held for writing. */
	mmap?: (file: file, vma: vm_area_struct) => number;
	/** What was written up to `end`, the last byte, is safe afterwards. */
	fsync?: (file: file, start: number, end: number) => number;
	fallocate?: (
		file: file, mode: number, offset: number, len: number,
	) => number;
	unlocked_ioctl?: (file: file, cmd: number, arg: number) => number;
	/** The inode is NULL for an anonymous one. */
	release?: (inode: inode, file: file) => number;
}

/** A file system that is mounted. Port: it has one directory, that of its
 *  root, and is mounted once. */
export interface super_block extends struct {
	s_type: rodata<file_system_type>; /* constant */
	/** guards the directory; in the kernel its inode's i_rwsem */
	s_root_rwsem: embed<rw_semaphore>;
	s_root: embed<list_head>; /* dentries; s_root_rwsem */
	s_bdi: rodata<backing_dev_info>; /* constant once it is mounted */
}

export interface file_system_type {
	name: string;
	/** The file system is there from now on: 0, or an errno. */
	fill_super: (sb: super_block) => number;
	/** A new file, with one reference; NULL without memory. */
	create: (sb: super_block) => inode;
	/** Before its directory goes: all that was written is to be kept. */
	put_super?: (sb: super_block) => void;
	/** An inode without a page goes. */
	evict_inode?: (inode: inode) => void;
}

/** A change of what is known of an inode. */
export interface iattr {
	ia_valid: number; /* ATTR_* */
	ia_size: number;
}

export const ATTR_SIZE = 1 << 3;

export interface inode_operations {
	/** i_rwsem is held for writing. */
	setattr: (inode: inode, attr: iattr) => number;
}

export const SEEK_SET = 0;
export const SEEK_CUR = 1;
export const SEEK_END = 2;
export const SEEK_DATA = 3; /* the next offset with data */
export const SEEK_HOLE = 4; /* the next hole, or the end */

/** MAX_LFS_FILESIZE: a page more can be numbered. */
export const MAX_LFS_FILESIZE = 2 ** 52;

export const FMODE_READ = 0x1;
export const FMODE_WRITE = 0x2;
export const FMODE_EXEC = 0x20;
/** What is read is read at random. */
export const FMODE_RANDOM = 0x1000;
/** i_flags: anonymous shared memory (the kernel's shmem), born zeroed. */
export const S_SHMEM = 0x1;
/** … a segment of System V (ipc/shm.ts). */
export const S_SHM = 0x2;

/* ---- address_space ---- */

/** i_rwsem is held; and nothing that a fault takes. */
export function filemap_invalidate_lock(mapping: address_space): void {
	down_write(mapping.invalidate_lock);
}

export function filemap_invalidate_unlock(mapping: address_space): void {
	up_write(mapping.invalidate_lock);
}

export function filemap_invalidate_lock_shared(mapping: address_space): void {
	down_read(mapping.invalidate_lock);
}

export function filemap_invalidate_trylock_shared(
	mapping: address_space,
): boolean {
	return down_read_trylock(mapping.invalidate_lock);
}

export function filemap_invalidate_unlock_shared(
	mapping: address_space,
): void {
	up_read(mapping.invalidate_lock);
}

export function i_mmap_lock_write(mapping: address_space): void {
	down_write(mapping.i_mmap_rwsem);
}

export function i_mmap_unlock_write(mapping: address_space): void {
	up_write(mapping.i_mmap_rwsem);
}

export function i_mmap_lock_read(mapping: address_space): void {
	down_read(mapping.i_mmap_rwsem);
}

export function i_mmap_unlock_read(mapping: address_space): void {
	up_read(mapping.i_mmap_rwsem);
}

/** Might the file be mapped by anybody? A peek: it decides nothing alone. */
export function mapping_mapped(mapping: address_space): boolean {
	return !RB_EMPTY_ROOT(mapping.i_mmap.rb_root);
}

/** Could the pages change under a reader by way of a shared mapping? */
export function mapping_writably_mapped(mapping: address_space): boolean {
	return atomic_read(mapping.i_mmap_writable) > 0;
}

/* i_mmap_writable: positive counts writable shared mappings, negative counts
 * those who deny them. */

export function mapping_map_writable(mapping: address_space): number {
	return atomic_inc_unless_negative(mapping.i_mmap_writable) ? 0 : -EPERM;
}

export function mapping_unmap_writable(mapping: address_space): void {
	atomic_dec(mapping.i_mmap_writable);
}

export function mapping_deny_writable(mapping: address_space): number {
	const v = mapping.i_mmap_writable;

	for (;;) {
		const c = atomic_read(v);

		if (c > 0)
			return -EBUSY;
		if (atomic_cmpxchg(v, c, c - 1) === c)
			return 0;
	}
}

/** One more, where there is one already: fork and split of a mapping. */
export function mapping_allow_writable(mapping: address_space): void {
	atomic_inc(mapping.i_mmap_writable);
}

/* ---- inode ---- */

export function inode_lock(inode: inode): void {
	down_write(inode.i_rwsem);
}

export function inode_unlock(inode: inode): void {
	up_write(inode.i_rwsem);
}

/** i_rwsem is held for writing, or nobody else knows the inode. */
export function i_size_write(inode: inode, i_size: number): void {
	WRITE_ONCE(inode.i_size, i_size);
}

/* ---- file ---- */

/** mmap_lock is held for writing; the file can be mapped. */
export function call_mmap(file: file, vma: vm_area_struct): number {
	return file.f_op.mmap!(file, vma);
}

/** A further reference by somebody who already holds one. */
export function get_file(f: file): file {
	atomic_inc(f.f_count);
	return f;
}

export function file_count(f: file): number {
	return atomic_read(f.f_count);
}

export function file_inode(f: file): inode {
	return f.f_inode;
}
