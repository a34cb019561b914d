// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/open.c and the way from a name to a file in fs/namei.c (5.17), for
 * the names that there are: those of files in /proc and in /sys/kernel/debug.
 * Left out: directories, what stands on a disk, relative names, permissions.
 * Tasks are the superuser, who may open anything in any way.
 */
import { CONFIG_DEBUG_FS } from "generated/autoconf.ts";
import { load8 } from "host/door.ts";
import {
	EFAULT, EINVAL, ENAMETOOLONG, ENFILE, ENOENT, ENOMEM,
} from "linux/errno.ts";
import { ERR_PTR, IS_ERR, PTR_ERR } from "linux/err.ts";
import { O_ACCMODE, O_RDONLY, O_WRONLY } from "linux/fcntl.ts";
import {
	type file, type file_operations, FMODE_READ, FMODE_WRITE, type inode,
} from "linux/fs.ts";
import { init_rwsem } from "linux/rwsem.ts";
import { copy_from_user } from "asm/uaccess.ts";
import { debugfs_lookup } from "./debugfs/file.ts";
import { alloc_fd } from "./file.ts";
import { alloc_file, fput } from "./file_table.ts";
import { iput, new_inode } from "./inode.ts";
import { proc_lookup } from "./proc/base.ts";

/** As PATH_MAX, which no name here comes near to. All fields: current only. */
interface name_buffer extends struct {
	c: array<u8, 64>;
}
const NAME_MAX = 64;

/** What a name stands for: the file's operations, and for whom. */
export interface dentry {
	fops: file_operations;
	pid: number;
}

/** A user's name of a file, or an errno. */
function getname(filename: number): string | number {
	const buf = STACK<name_buffer>();
	const base = ADDR(buf.c);
	let name = "";

	for (let i = 0; i < NAME_MAX; i++) {
		if (copy_from_user(base, filename + i, 1) !== 0)
			return -EFAULT;
		const ch = load8(base);

		if (ch === 0)
			return name === "" ? -ENOENT : name;
		name += String.fromCharCode(ch);
	}
	return -ENAMETOOLONG;
}

/** An inode and a file for it; the name was found. ERR_PTR() if not. */
function do_dentry_open(dentry: dentry, mode: number): file {
	const inode: inode = new_inode();

	if (inode === NULL)
		return ERR_PTR(-ENOMEM);
	inode.i_private = dentry.pid;
	const f = alloc_file(inode, mode);

	if (IS_ERR(f)) {
		iput(inode);
		return ERR_PTR(-ENFILE);
	}
	init_rwsem(f.f_pos_lock);
	f.f_pos = 0;
	f.private_data = 0;
	if (dentry.fops.open) {
		const error = dentry.fops.open(inode, f);

		if (error) {
			fput(f);
			return ERR_PTR(error);
		}
	}
	f.f_op = dentry.fops;
	return f;
}

/** The file of that name, opened; or ERR_PTR(). Given back by fput(). */
export function filp_open(name: string, flags: number): file {
	const acc = flags & O_ACCMODE;
	const mode = (acc !== O_WRONLY ? FMODE_READ : 0) |
		(acc !== O_RDONLY ? FMODE_WRITE : 0);

	if (acc === O_ACCMODE)
		return ERR_PTR(-EINVAL);
	let dentry = proc_lookup(name);

	if (CONFIG_DEBUG_FS)
		dentry ??= debugfs_lookup(name);

	if (dentry === null)
		return ERR_PTR(-ENOENT);
	return do_dentry_open(dentry, mode);
}

/** dfd is where a relative name would begin. */
export function sys_openat(
	_dfd: number, filename: number, flags: number, _mode: number,
): number {
	const name = getname(filename);

	if (typeof name === "number")
		return name;
	const f = filp_open(name, flags);

	if (IS_ERR(f))
		return PTR_ERR(f);
	const fd = alloc_fd(f);

	if (fd < 0)
		fput(f);
	return fd;
}
