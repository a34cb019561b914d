// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the part of include/linux/fs.h (5.17) that the page cache and the
 * mappings of files need: inode, address_space, file; and file_operations, as
 * far as a system call reaches one.
 * Port: a file's bytes are a function of inode number and offset, so "reading"
 * a page cannot fail and nothing is written back. The page cache is an array
 * of radix-tree nodes (see kernel/mm/filemap.ts).
 */
import {
	atomic_cmpxchg,
	atomic_dec,
	atomic_inc,
	atomic_inc_unless_negative,
	atomic_read,
} from "linux/atomic.ts";
import { EBUSY, EPERM } from "linux/errno.ts";
import { RB_EMPTY_ROOT } from "linux/rbtree.ts";
import { down_read, down_write, up_read, up_write } from "linux/rwsem.ts";
import type { rw_semaphore, spinlock_t } from "linux/spinlock_types.ts";
import type { atomic_t, rb_root_cached } from "linux/types.ts";

export interface address_space extends struct {
	host: inode; /* constant */
	/** root node of the page cache; i_pages_lock, walked under RCU */
	i_pages: int;
	i_pages_height: int; /* i_pages_lock */
	nrpages: ulong; /* i_pages_lock */
	i_pages_lock: embed<spinlock_t>; /* guards the page cache */
	i_mmap: embed<rb_root_cached>; /* interval tree of vmas; i_mmap_rwsem */
	i_mmap_rwsem: embed<rw_semaphore>; /* guards i_mmap */
	/** VM_SHARED|VM_MAYWRITE mappings; atomic */
	i_mmap_writable: embed<atomic_t>;
	flags: ifdef<"CONFIG_MMU_NOTIFIER", int>; /* 1 << AS_*; atomic */
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
	i_size: ulong; /* in bytes; file_lock, read without */
	i_data: embed<address_space>; /* see address_space */
	i_hash_next: inode; /* inode_hash_lock */
	/** /proc: the number of the task that it is about; constant */
	i_private: ifdef<"CONFIG_PROC_FS", int>;
}

export interface file extends struct {
	f_inode: inode; /* NULL: an anonymous one, as an event; constant */
	f_mapping: address_space; /* NULL without f_inode; constant */
	f_count: embed<atomic_t>; /* atomic */
	f_mode: int; /* FMODE_*; constant */
	f_op: rodata<file_operations>; /* NULL: only to be mapped; constant */
	/** whatever f_op wants, as seq_file does; constant once it is open */
	private_data: int;
	/** guards the position, and what private_data points at */
	f_pos_lock: ifdef<"CONFIG_PROC_FS", embed<rw_semaphore>>;
	f_pos: ifdef<"CONFIG_PROC_FS", ulong>; /* f_pos_lock */
	/** next on delayed_fput_list; atomic, by the list's head */
	f_llist: ifdef<"CONFIG_SPECULATIVE_FILE_FAULT", file>;
}

/** Where read() is to put what it has: linux/uio.h. On the stack of whoever
 *  reads, see copy_to_iter(). */
export interface iov_iter {
	addr: number; /* of the user, or of the kernel */
	count: number; /* bytes that are left */
	user: boolean;
}

/** What can be done to an open file besides mapping it. A file that has a
 *  position: all but open() are called with f_pos_lock held. release() is, when
 *  nobody else knows the file. */
export interface file_operations {
	open?: (inode: inode, file: file) => number;
	/** Of one without a position: into the user's buffer. */
	read?: (file: file, buf: number, count: number) => number;
	read_iter?: (file: file, to: iov_iter) => number;
	/** From user memory; or from text that the kernel has. */
	write?: (file: file, buf: number | string, count: number) => number;
	llseek?: (file: file, offset: number, whence: number) => number;
	unlocked_ioctl?: (file: file, cmd: number, arg: number) => number;
	/** The inode is NULL for an anonymous one. */
	release?: (inode: inode, file: file) => number;
}

export const SEEK_SET = 0;
export const SEEK_CUR = 1;
export const SEEK_END = 2;

export const FMODE_READ = 0x1;
export const FMODE_WRITE = 0x2;
export const FMODE_EXEC = 0x20;
/** i_flags: anonymous shared memory (the kernel's shmem), born zeroed. */
export const S_SHMEM = 0x1;
/** … a segment of System V (ipc/shm.ts). */
export const S_SHM = 0x2;

/* ---- address_space ---- */

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

/* ---- file ---- */

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
