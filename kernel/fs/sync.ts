// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/sync.c (5.17): sync(), fsync() and fdatasync().
 * Left out: syncfs(), sync_file_range().
 */
import { CONFIG_PAGE_RECLAIM } from "generated/autoconf.ts";
import { EBADF, EINVAL } from "linux/errno.ts";
import type { file } from "linux/fs.ts";
import { ULONG_MAX } from "linux/kernel.ts";
import { fget, fput } from "./file_table.ts";
import { sync_inodes_sb } from "./fs-writeback.ts";

/** Everything. Port: without PAGE_RECLAIM nobody knows which files have dirty
 *  pages; then only fsync() and umount() write them. */
export function sys_sync(): number {
	if (CONFIG_PAGE_RECLAIM)
		sync_inodes_sb();
	return 0;
}

/** What was written to the file up to `end`, the last byte, is safe afterwards.
 *  No lock is held. 0, or an errno. */
export function vfs_fsync_range(
	file: file, start: number, end: number,
): number {
	if (!file.f_op || !file.f_op.fsync)
		return -EINVAL;
	return file.f_op.fsync(file, start, end);
}

export function vfs_fsync(file: file): number {
	return vfs_fsync_range(file, 0, ULONG_MAX);
}

export function sys_fsync(fd: number): number {
	const file = fget(fd);

	if (file === NULL)
		return -EBADF;
	const ret = vfs_fsync(file);

	fput(file);
	return ret;
}

/** Sizes go with the data. */
export function sys_fdatasync(fd: number): number {
	return sys_fsync(fd);
}
