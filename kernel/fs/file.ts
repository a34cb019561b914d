// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/file.c (5.17): file descriptors.
 * Left out: close-on-exec, dup, and lookups without the lock.
 * Port: one table for all tasks, which the programs outside share out. It grows
 * by parts, and what has its place in it keeps it.
 */
import { EBADF, EMFILE, ENOMEM } from "linux/errno.ts";
import { get_file, type file } from "linux/fs.ts";
import { GFP_KERNEL } from "linux/gfp.ts";
import { kfree, kzalloc } from "linux/slab.ts";
import {
	assert_spin_locked, spin_lock, spin_lock_init, spin_unlock,
} from "linux/spinlock.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";
import { fput } from "./file_table.ts";

/* Descriptors that there is always room for, and those of a part. */
const NR_FIRST = 1024;
const NR_PART = 256;
const NR_OPEN = NR_FIRST + 64 * NR_PART;

interface fd_part extends struct {
	used: int; /* descriptors that are taken; file_lock */
	fd: array<file, 256>; /* file_lock */
}
interface files_struct extends struct {
	file_lock: embed<spinlock_t>; /* guards descriptors */
	next_fd: int; /* none below it is free; file_lock */
	fd: array<file, 1024>; /* file_lock */
	parts: array<fd_part, 64>; /* while one of it is taken; file_lock */
}
const init_files = DEFINE<files_struct>();

const part_of = (fd: number): number => Math.floor((fd - NR_FIRST) / NR_PART);

/** What a descriptor names, or NULL. file_lock is held. */
function file_at(fd: number): file {
	if (fd < NR_FIRST)
		return init_files.fd[fd];
	const part = init_files.parts[part_of(fd)];
	return part === NULL ? NULL : part.fd[(fd - NR_FIRST) % NR_PART];
}

/** A part with no descriptor taken, or NULL without memory. file_lock is held,
 *  and dropped meanwhile. */
function new_part(): fd_part {
	const files = init_files;

	assert_spin_locked(files.file_lock);
	spin_unlock(files.file_lock);
	const part = kzalloc<fd_part>(sizeof<fd_part>(), GFP_KERNEL);
	spin_lock(files.file_lock);
	return part;
}

/** The descriptor names a file from now on, or nothing (NULL). file_lock is
 *  held. Returns the part that is not used any more, or NULL. */
function install(fd: number, file: file): fd_part {
	const files = init_files;

	if (fd < NR_FIRST) {
		files.fd[fd] = file;
		return NULL;
	}
	const part = files.parts[part_of(fd)];
	part.fd[(fd - NR_FIRST) % NR_PART] = file;
	part.used += file === NULL ? -1 : 1;
	if (part.used > 0)
		return NULL;
	files.parts[part_of(fd)] = NULL;
	return part;
}

/** The lowest free descriptor, for this file, whose reference it takes over. */
export function alloc_fd(file: file): number {
	const files = init_files;
	let error = -EMFILE;
	let spare: fd_part = NULL;

	spin_lock(files.file_lock);
	for (let fd = files.next_fd; fd < NR_OPEN; fd++) {
		if (fd >= NR_FIRST && files.parts[part_of(fd)] === NULL) {
			if (spare === NULL) {
				spare = new_part();
				if (spare === NULL) {
					error = -ENOMEM;
					break;
				}
				/* A lower one may be free by now. */
				fd = files.next_fd - 1;
				continue;
			}
			files.parts[part_of(fd)] = spare;
			spare = NULL;
		}
		if (file_at(fd) === NULL) {
			install(fd, file);
			files.next_fd = fd + 1;
			error = fd;
			break;
		}
	}
	spin_unlock(files.file_lock);
	if (spare !== NULL)
		kfree(spare);
	return error;
}

export function close_fd(fd: number): number {
	const files = init_files;

	if (!(fd >= 0 && fd < NR_OPEN) || fd !== (fd | 0))
		return -EBADF;
	spin_lock(files.file_lock);
	const file = file_at(fd);
	let unused: fd_part = NULL;
	if (file !== NULL) {
		unused = install(fd, NULL);
		if (fd < files.next_fd)
			files.next_fd = fd;
	}
	spin_unlock(files.file_lock);
	if (file === NULL)
		return -EBADF;
	if (unused !== NULL)
		kfree(unused);
	fput(file);
	return 0;
}

/** The file behind a descriptor, with a reference, or NULL. */
export function fget(fd: number): file {
	const files = init_files;

	if (!(fd >= 0 && fd < NR_OPEN) || fd !== (fd | 0))
		return NULL;
	spin_lock(files.file_lock);
	const file = file_at(fd);
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
