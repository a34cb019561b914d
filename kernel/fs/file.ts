// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/file.c (5.17), with open() of fs/open.c: file descriptors.
 * Left out: resizing, close-on-exec, dup, and lookups without the lock.
 * Port: one table for all tasks, which the programs outside share out. A file
 * is named by its inode's number, and comes into being when first opened.
 */
import { EBADF, EINVAL, EMFILE, ENOMEM } from "linux/errno.ts";
import { IS_ERR, PTR_ERR } from "linux/err.ts";
import {
	O_ACCMODE, O_RDONLY, O_RDWR, O_SIM_SHM, O_WRONLY,
} from "linux/fcntl.ts";
import {
	FMODE_EXEC,
	FMODE_READ,
	FMODE_WRITE,
	get_file,
	type file,
	type inode,
	S_SHM,
} from "linux/fs.ts";
import { spin_lock, spin_lock_init, spin_unlock } from "linux/spinlock.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";
import { truncate_pagecache } from "mm/truncate.ts";
import { alloc_file, fput } from "./file_table.ts";
import { iget_locked, iput } from "./inode.ts";

const NR_OPEN = 1024;

interface files_struct extends struct {
	file_lock: embed<spinlock_t>; /* guards descriptors, inode.i_size */
	next_fd: int; /* none below it is free; file_lock */
	fd: array<file, 1024>; /* file_lock */
}
const init_files = DEFINE<files_struct>();

/** The lowest free descriptor, for this file, whose reference it takes over. */
export function alloc_fd(file: file): number {
	const files = init_files;
	let error = -EMFILE;

	spin_lock(files.file_lock);
	for (let fd = files.next_fd; fd < NR_OPEN; fd++) {
		if (files.fd[fd] === NULL) {
			files.fd[fd] = file;
			files.next_fd = fd + 1;
			error = fd;
			break;
		}
	}
	spin_unlock(files.file_lock);
	return error;
}

export function close_fd(fd: number): number {
	const files = init_files;

	if (!(fd >= 0 && fd < NR_OPEN) || fd !== (fd | 0))
		return -EBADF;
	spin_lock(files.file_lock);
	const file: file = files.fd[fd];
	if (file !== NULL) {
		files.fd[fd] = NULL;
		if (fd < files.next_fd)
			files.next_fd = fd;
	}
	spin_unlock(files.file_lock);
	if (file === NULL)
		return -EBADF;
	fput(file);
	return 0;
}

/** The file behind a descriptor, with a reference, or NULL. */
export function fget(fd: number): file {
	const files = init_files;

	if (!(fd >= 0 && fd < NR_OPEN) || fd !== (fd | 0))
		return NULL;
	spin_lock(files.file_lock);
	const file: file = files.fd[fd];
	if (file !== NULL)
		get_file(file);
	spin_unlock(files.file_lock);
	return file;
}

/** A file is as long as the largest size that it was opened with, or as
 *  sim_set_size() has made it since. */
export function i_size_grow(inode: inode, size: number): void {
	spin_lock(init_files.file_lock);
	if (size > inode.i_size)
		inode.i_size = size;
	spin_unlock(init_files.file_lock);
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

	const inode = iget_locked(ino);
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
	const fd = alloc_fd(file);
	if (fd < 0)
		fput(file);
	return fd;
}

/**
 * truncate_setsize(): an open file is size bytes long from now on.
 * Port: in place of ftruncate(), without inode_lock(): of two that do it at
 * once the later size is that of the file, and all behind the smaller one goes.
 */
export function sys_sim_set_size(fd: number, size: number): number {
	if (!(size >= 0) || size % 1 !== 0)
		return -EINVAL;
	const file = fget(fd);
	if (file === NULL)
		return -EBADF;
	const sized = !file.f_op;
	if (sized) {
		const inode = file.f_inode;

		spin_lock(init_files.file_lock);
		const oldsize = inode.i_size;
		WRITE_ONCE(inode.i_size, size);
		spin_unlock(init_files.file_lock);
		if (size < oldsize)
			truncate_pagecache(inode, size);
	}
	fput(file);
	return sized ? 0 : -EINVAL;
}

export function sys_close(fd: number): number {
	return close_fd(fd);
}

export function fd_table_init(): void {
	spin_lock_init(init_files.file_lock);
}
