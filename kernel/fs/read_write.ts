// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/read_write.c (5.17): read(), write(), lseek(), and kernel_read().
 * Left out: positions of one's own (pread(), pwrite()), vectors, splice,
 * copies from file to file, security, fsnotify.
 * Port: a file that is named by a number (sim_open()) has no operations: it is
 * there to be mapped.
 */
import { CONFIG_PROC_FS } from "generated/autoconf.ts";
import { load8 } from "host/door.ts";
import { EBADF, EFAULT, EINVAL, EIO, ESPIPE } from "linux/errno.ts";
import {
	type file, FMODE_READ, FMODE_WRITE, type iov_iter,
} from "linux/fs.ts";
import { down_write, up_write } from "linux/rwsem.ts";
import { access_ok } from "asm/uaccess.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { fget, fput } from "./file_table.ts";

/** So that a count is never mistaken for an errno. */
const MAX_RW_COUNT = 0x7ffff000;

function vfs_read(file: file, to: iov_iter): number {
	if ((file.f_mode & FMODE_READ) === 0)
		return -EBADF;
	const f_op = file.f_op;

	if (f_op && f_op.read && to.user)
		return f_op.read(file, to.addr, to.count);
	if (CONFIG_PROC_FS) {
		if (f_op && f_op.read_iter) {
			down_write(file.f_pos_lock);
			const ret = f_op.read_iter(file, to);

			up_write(file.f_pos_lock);
			return ret;
		}
	}
	return -EINVAL;
}

/** For the kernel itself: count bytes to addr. */
export function kernel_read(
	file: file, addr: number, count: number,
): number {
	return vfs_read(file, { addr, count, user: false });
}

/** And text from the kernel. */
export function kernel_write(file: file, text: string): number {
	return vfs_write(file, text, text.length);
}

function vfs_write(
	file: file, buf: number | string, count: number,
): number {
	if ((file.f_mode & FMODE_WRITE) === 0)
		return -EBADF;
	if (!file.f_op || !file.f_op.write)
		return -EINVAL;
	down_write(file.f_pos_lock);
	const ret = file.f_op.write(file, buf, count);

	up_write(file.f_pos_lock);
	return ret;
}

export function sys_read(fd: number, buf: number, count: number): number {
	const file = fget(fd);

	if (file === NULL)
		return -EBADF;
	let ret = -EFAULT;

	if (access_ok(buf, count))
		ret = vfs_read(file, {
			addr: buf,
			count: Math.min(count, MAX_RW_COUNT),
			user: true,
		});
	fput(file);
	return ret;
}

export function sys_write(fd: number, buf: number, count: number): number {
	const file = fget(fd);

	if (file === NULL)
		return -EBADF;
	let ret = -EFAULT;

	if (access_ok(buf, count))
		ret = vfs_write(file, buf, Math.min(count, MAX_RW_COUNT));
	fput(file);
	return ret;
}

export function sys_lseek(fd: number, offset: number, whence: number): number {
	const file = fget(fd);

	if (file === NULL)
		return -EBADF;
	let ret = -ESPIPE;

	if (file.f_op && file.f_op.llseek) {
		down_write(file.f_pos_lock);
		ret = file.f_op.llseek(file, offset, whence);
		up_write(file.f_pos_lock);
	}
	fput(file);
	return ret;
}

/** All of the file from where it is, as text, by way of a page at buf; or an
 *  errno. */
export function read_all(file: file, buf: number): string | number {
	let text = "";

	for (;;) {
		const n = kernel_read(file, buf, PAGE_SIZE);

		if (n < 0)
			return n;
		if (n === 0)
			return text;
		if (n > PAGE_SIZE)
			return -EIO;
		for (let i = 0; i < n; i++)
			text += String.fromCharCode(load8(buf + i));
	}
}
