// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors of fs/namei.c (5.17) names that a user gives, and the files of what
 * is mounted: open() and unlink().
 * Left out: directories, links, relative names, permissions, renaming.
 */
import { load8 } from "host/door.ts";
import {
	EEXIST, EFAULT, EISDIR, ENAMETOOLONG, ENOENT, ENOMEM,
} from "linux/errno.ts";
import { ERR_PTR, IS_ERR, PTR_ERR } from "linux/err.ts";
import { O_CREAT, O_EXCL, O_TRUNC } from "linux/fcntl.ts";
import {
	type file, FMODE_EXEC, FMODE_WRITE, type inode, type super_block,
} from "linux/fs.ts";
import { down_write, up_write } from "linux/rwsem.ts";
import { copy_from_user } from "asm/uaccess.ts";
import { alloc_file, fput } from "./file_table.ts";
import { ihold, iput } from "./inode.ts";
import {
	D_NAME_MAX, d_add, d_unlink, type dentry, simple_lookup,
} from "./libfs.ts";
import { lookup_mnt, type mount, mntput } from "./namespace.ts";
import { do_truncate } from "./open.ts";

/** As PATH_MAX, which no name here comes near to. All fields: current only. */
interface name_buffer extends struct {
	c: array<u8, 64>;
}
const NAME_MAX = 64;

/** A user's name of a file, or an errno. */
export function getname(filename: number): string | number {
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

/**
 * The inode of that name, with a reference; made with O_CREAT if there is none.
 * ERR_PTR() if that is not to be. Takes s_root_rwsem.
 */
function lookup_open(sb: super_block, name: string, flags: number): inode {
	const type = sb.s_type;

	if (name === "")
		return ERR_PTR(-EISDIR);
	if (name.length >= D_NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	down_write(sb.s_root_rwsem);
	const dentry: dentry = simple_lookup(sb, name);
	let inode: inode;

	if (dentry !== NULL) {
		inode = dentry.d_inode;
		if ((flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL))
			inode = ERR_PTR(-EEXIST);
		else
			ihold(inode);
	} else if ((flags & O_CREAT) === 0) {
		inode = ERR_PTR(-ENOENT);
	} else {
		inode = type.create(sb);
		if (inode === NULL) {
			inode = ERR_PTR(-ENOMEM);
		} else if (d_add(sb, name, inode) === 0) {
			ihold(inode);
		} else {
			iput(inode);
			inode = ERR_PTR(-ENOMEM);
		}
	}
	up_write(sb.s_root_rwsem);
	return inode;
}

/** An open file of a mounted file system; NULL: the name is of none, and
 *  ERR_PTR() if it cannot be opened. */
export function path_openat(name: string, flags: number, mode: number): file {
	const mnt: mount = lookup_mnt(name);

	if (mnt === NULL)
		return NULL;
	const inode = lookup_open(mnt.mnt_sb,
		name.slice(name.lastIndexOf("/") + 1), flags);

	if (IS_ERR(inode)) {
		mntput(mnt);
		return ERR_PTR(PTR_ERR(inode));
	}
	const file = alloc_file(inode, mode | FMODE_EXEC);

	if (IS_ERR(file)) {
		iput(inode);
		mntput(mnt);
		return file;
	}
	file.f_mnt = mnt;
	file.f_op = inode.i_fop;
	file.f_flags = flags;
	/* handle_truncate() */
	if ((flags & O_TRUNC) !== 0 && (mode & FMODE_WRITE) !== 0) {
		const error = do_truncate(inode, 0);

		if (error !== 0) {
			fput(file);
			return ERR_PTR(error);
		}
	}
	return file;
}

/** The name goes; the file with it, unless it is in use. */
export function sys_unlinkat(
	_dfd: number, pathname: number, _flag: number,
): number {
	const name = getname(pathname);

	if (typeof name === "number")
		return name;
	const mnt: mount = lookup_mnt(name);

	if (mnt === NULL)
		return -ENOENT;
	const sb = mnt.mnt_sb;

	down_write(sb.s_root_rwsem);
	const dentry: dentry = simple_lookup(sb,
		name.slice(name.lastIndexOf("/") + 1));
	const inode: inode = dentry !== NULL ? d_unlink(dentry) : NULL;

	up_write(sb.s_root_rwsem);
	/* May write and wait: not under the directory's lock. */
	if (inode !== NULL)
		iput(inode);
	mntput(mnt);
	return inode !== NULL ? 0 : -ENOENT;
}
