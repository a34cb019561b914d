// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/open.c (5.17): open(), of files in /proc, in /sys/kernel/debug, in
 * /sys/fs/cgroup, and in what is mounted (fs/namei.ts); ftruncate() and
 * fallocate().
 * Left out: directories, what stands on a disk, relative names, permissions.
 * Tasks are the superuser, who may open anything in any way.
 */
import {
	CONFIG_DEBUG_FS, CONFIG_MEMCG, CONFIG_PROC_FS,
} from "generated/autoconf.ts";
import {
	EBADF, EFBIG, EINVAL, ENFILE, ENODEV, ENOENT, ENOMEM, EOPNOTSUPP,
} from "linux/errno.ts";
import { ERR_PTR, IS_ERR, PTR_ERR } from "linux/err.ts";
import { O_ACCMODE, O_RDONLY, O_WRONLY } from "linux/fcntl.ts";
import {
	ATTR_SIZE, type file, type file_operations, FMODE_READ, FMODE_WRITE,
	type inode, inode_lock, inode_unlock, MAX_LFS_FILESIZE,
} from "linux/fs.ts";
import {
	FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE, FALLOC_FL_KEEP_SIZE,
	FALLOC_FL_PUNCH_HOLE, FALLOC_FL_SUPPORTED_MASK, FALLOC_FL_ZERO_RANGE,
} from "uapi/linux/falloc.ts";
import { cgroup_lookup } from "kernel/cgroup/cgroup.ts";
import { debugfs_lookup } from "./debugfs/file.ts";
import { alloc_fd, fget } from "./file.ts";
import { alloc_file, fput } from "./file_table.ts";
import { iput, new_inode } from "./inode.ts";
import { getname, path_openat } from "./namei.ts";
import { proc_lookup } from "./proc/base.ts";

/** The file is so long from now on. Takes i_rwsem. Port: no dentry. */
export function do_truncate(inode: inode, length: number): number {
	if (length < 0)
		return -EINVAL;
	if (length > MAX_LFS_FILESIZE)
		return -EFBIG;
	if (!inode.i_op)
		return -EINVAL;
	inode_lock(inode);
	/* notify_change() */
	const ret = inode.i_op.setattr(inode,
		{ ia_valid: ATTR_SIZE, ia_size: length });

	inode_unlock(inode);
	return ret;
}

export function sys_ftruncate(fd: number, length: number): number {
	if (length < 0)
		return -EINVAL;
	const file = fget(fd);

	if (file === NULL)
		return -EBADF;
	let error = -EINVAL;

	if (file.f_inode !== NULL && (file.f_mode & FMODE_WRITE) !== 0)
		error = do_truncate(file.f_inode, length);
	fput(file);
	return error;
}

/** No lock is held. */
export function vfs_fallocate(
	file: file, mode: number, offset: number, len: number,
): number {
	if (offset < 0 || len <= 0)
		return -EINVAL;
	if ((mode & ~FALLOC_FL_SUPPORTED_MASK) !== 0)
		return -EOPNOTSUPP;
	if ((mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) ===
	    (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		return -EOPNOTSUPP;
	/* A hole behind the end would make the file longer. */
	if ((mode & FALLOC_FL_PUNCH_HOLE) !== 0 &&
	    (mode & FALLOC_FL_KEEP_SIZE) === 0)
		return -EOPNOTSUPP;
	const moves = FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE;
	if ((mode & moves) !== 0 && (mode & (mode - 1)) !== 0)
		return -EINVAL;
	if ((file.f_mode & FMODE_WRITE) === 0)
		return -EBADF;
	if (file.f_inode === NULL)
		return -ENODEV;
	if (offset + len > MAX_LFS_FILESIZE)
		return -EFBIG;
	if (!file.f_op || !file.f_op.fallocate)
		return -EOPNOTSUPP;
	return file.f_op.fallocate(file, mode, offset, len);
}

export function sys_fallocate(
	fd: number, mode: number, offset: number, len: number,
): number {
	const file = fget(fd);

	if (file === NULL)
		return -EBADF;
	const error = vfs_fallocate(file, mode, offset, len);

	fput(file);
	return error;
}

/** What a name stands for: the file's operations, and for whom. */
export interface dentry {
	fops: file_operations;
	pid: number;
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
	const mounted = path_openat(name, flags, mode);

	if (mounted !== NULL)
		return mounted;
	if (!CONFIG_PROC_FS)
		return ERR_PTR(-ENOENT);
	let dentry = proc_lookup(name);

	if (CONFIG_DEBUG_FS)
		dentry ??= debugfs_lookup(name);
	if (CONFIG_MEMCG)
		dentry ??= cgroup_lookup(name);

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
