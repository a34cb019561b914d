// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/read_write.c (5.17): read().
 * Left out: everything else; positions, as nothing that can be read here has
 * one. The contents of regular files are mapped, never read.
 */
import { EBADF, EFAULT, EINVAL } from "linux/errno.ts";
import { type file, FMODE_READ } from "linux/fs.ts";
import { access_ok } from "asm/uaccess.ts";
import { fget, fput } from "./file_table.ts";

/** No single transfer is longer: INT_MAX without the last page's part. */
const MAX_RW_COUNT = 0x7ffff000;

function vfs_read(file: file, buf: number, count: number): number {
	const f_op = file.f_op;

	if ((file.f_mode & FMODE_READ) === 0)
		return -EBADF;
	if (!f_op || !f_op.read)
		return -EINVAL;
	if (!access_ok(buf, count))
		return -EFAULT;
	return f_op.read(file, buf, Math.min(count, MAX_RW_COUNT));
}

export function sys_read(fd: number, buf: number, count: number): number {
	const file = fget(fd);

	if (file === NULL)
		return -EBADF;
	const ret = vfs_read(file, buf, count);
	fput(file);
	return ret;
}
