// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/read_write.c (5.17): read(), write(), those at a position of the
 * caller's own, lseek(), and kernel_read().
 * Left out: vectors, splice, copies from file to file, security, fsnotify,
 * locks and leases, asynchronous requests.
 */
import { load8 } from "host/door.ts";
import {
	EBADF, EFAULT, EFBIG, EINVAL, EIO, ENXIO, ESPIPE,
} from "linux/errno.ts";
import { O_APPEND } from "linux/fcntl.ts";
import {
	type file, FMODE_READ, FMODE_WRITE, type inode, IOCB_APPEND,
	type iov_iter, type kiocb, MAX_LFS_FILESIZE, SEEK_CUR, SEEK_DATA,
	SEEK_END, SEEK_HOLE, SEEK_SET,
} from "linux/fs.ts";
import { i_size_read } from "linux/pagemap.ts";
import { down_write, up_write } from "linux/rwsem.ts";
import { access_ok } from "asm/uaccess.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { fget, fput } from "./file_table.ts";

/** So that a count is never mistaken for an errno. */
const MAX_RW_COUNT = 0x7ffff000;

/** f_pos_lock is held. The new position, or an errno. */
export function vfs_setpos(
	file: file, offset: number, maxsize: number,
): number {
	if (offset < 0)
		return -EINVAL;
	if (offset > maxsize)
		return -EINVAL;
	file.f_pos = offset;
	return offset;
}

/** lseek() of a file whose end is eof: data up to there, and a hole behind. */
function generic_file_llseek_size(
	file: file, offset: number, whence: number, maxsize: number,
	eof: number,
): number {
	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_END:
		offset += eof;
		break;
	case SEEK_CUR:
		offset += file.f_pos;
		break;
	case SEEK_DATA:
		if (offset < 0 || offset >= eof)
			return -ENXIO;
		break;
	case SEEK_HOLE:
		if (offset < 0 || offset >= eof)
			return -ENXIO;
		offset = eof;
		break;
	default:
		return -EINVAL;
	}
	return vfs_setpos(file, offset, maxsize);
}

/** ->llseek() of files with contents. f_pos_lock is held. */
export function generic_file_llseek(
	file: file, offset: number, whence: number,
): number {
	return generic_file_llseek_size(file, offset, whence, MAX_LFS_FILESIZE,
		i_size_read(file.f_inode));
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

/** init_sync_kiocb() */
function init_sync_kiocb(filp: file, ki_pos: number): kiocb {
	return {
		ki_filp: filp,
		ki_pos,
		ki_flags: (filp.f_flags & O_APPEND) !== 0 ? IOCB_APPEND : 0,
	};
}

/** rw_verify_area(): is this a place to read from or write to? */
function rw_verify_area(pos: number, count: number): number {
	if (pos < 0)
		return -EINVAL;
	return pos + count > MAX_LFS_FILESIZE + PAGE_SIZE ? -EINVAL : 0;
}

/** Can something be read from this file, and at a position of one's own? */
function can_read(file: file): number {
	if ((file.f_mode & FMODE_READ) === 0)
		return -EBADF;
	return file.f_op && (file.f_op.read_iter || file.f_op.read) ?
		0 : -EINVAL;
}

function can_write(file: file): number {
	if ((file.f_mode & FMODE_WRITE) === 0)
		return -EBADF;
	return file.f_op && (file.f_op.write_iter || file.f_op.write) ?
		0 : -EINVAL;
}

/** At the file's position, which goes on. */
function vfs_read(file: file, to: iov_iter): number {
	let ret = can_read(file);

	if (ret !== 0)
		return ret;
	const f_op = file.f_op;

	if (f_op.read && to.user)
		return f_op.read(file, to.addr, to.count);
	if (!f_op.read_iter)
		return -EINVAL;
	down_write(file.f_pos_lock);
	const iocb = init_sync_kiocb(file, file.f_pos);

	ret = rw_verify_area(iocb.ki_pos, to.count);
	if (ret === 0) {
		ret = f_op.read_iter(iocb, to);
		file.f_pos = iocb.ki_pos;
	}
	up_write(file.f_pos_lock);
	return ret;
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
	let ret = can_write(file);

	if (ret !== 0)
		return ret;
	const f_op = file.f_op;

	down_write(file.f_pos_lock);
	if (f_op.write) {
		ret = f_op.write(file, buf, count);
	} else if (f_op.write_iter && typeof buf === "number") {
		const iocb = init_sync_kiocb(file, file.f_pos);

		ret = rw_verify_area(iocb.ki_pos, count);
		if (ret === 0) {
			ret = f_op.write_iter(iocb,
				{ addr: buf, count, user: true });
			file.f_pos = iocb.ki_pos;
		}
	} else {
		ret = -EINVAL;
	}
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

/** pread() and pwrite(): at pos, and the file's own position stays. */
function do_pread_pwrite(
	fd: number, buf: number, count: number, pos: number, write: boolean,
): number {
	if (pos < 0)
		return -EINVAL;
	const file = fget(fd);

	if (file === NULL)
		return -EBADF;
	const f_op = file.f_op;
	let ret = write ? can_write(file) : can_read(file);

	if (ret === 0 && !(write ? f_op.write_iter : f_op.read_iter))
		ret = -ESPIPE;
	if (ret === 0 && !access_ok(buf, count))
		ret = -EFAULT;
	if (ret === 0)
		ret = rw_verify_area(pos, count);
	if (ret === 0) {
		const iocb = init_sync_kiocb(file, pos);
		const iter = {
			addr: buf,
			count: Math.min(count, MAX_RW_COUNT),
			user: true,
		};

		ret = write ? f_op.write_iter!(iocb, iter) :
			f_op.read_iter!(iocb, iter);
	}
	fput(file);
	return ret;
}

export function sys_pread64(
	fd: number, buf: number, count: number, pos: number,
): number {
	return do_pread_pwrite(fd, buf, count, pos, false);
}

export function sys_pwrite64(
	fd: number, buf: number, count: number, pos: number,
): number {
	return do_pread_pwrite(fd, buf, count, pos, true);
}

/** Where a write goes, and how many bytes: 0, an errno, or more than 0. i_rwsem
 *  is held for writing. */
export function generic_write_checks(iocb: kiocb, from: iov_iter): number {
	const inode: inode = iocb.ki_filp.f_inode;

	if (from.count === 0)
		return 0;
	if ((iocb.ki_flags & IOCB_APPEND) !== 0)
		iocb.ki_pos = i_size_read(inode);
	if (iocb.ki_pos >= MAX_LFS_FILESIZE)
		return -EFBIG;
	from.count = Math.min(from.count, MAX_LFS_FILESIZE - iocb.ki_pos);
	return from.count;
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
