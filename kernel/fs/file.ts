// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/file.c (5.17): file descriptors.
 * Left out: resizing, close-on-exec, dup, and lookups without the lock.
 * Port: one table for all tasks, which the programs outside share out.
 */
import { EBADF, EMFILE } from "linux/errno.ts";
import { get_file, type file } from "linux/fs.ts";
import { spin_lock, spin_lock_init, spin_unlock } from "linux/spinlock.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";
import { fput } from "./file_table.ts";

const NR_OPEN = 1024;

interface files_struct extends struct {
	file_lock: embed<spinlock_t>; /* guards descriptors */
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

export function sys_close(fd: number): number {
	return close_fd(fd);
}

export function fd_table_init(): void {
	spin_lock_init(init_files.file_lock);
}
