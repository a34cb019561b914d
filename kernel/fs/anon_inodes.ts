// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/anon_inodes.c (5.17): descriptors of what is no file.
 * Port: there is no inode that all of them share; f_inode is NULL.
 */
import { IS_ERR, PTR_ERR } from "linux/err.ts";
import type { file_operations } from "linux/fs.ts";
import { alloc_fd } from "./file.ts";
import { alloc_file, fput } from "./file_table.ts";

/**
 * A descriptor for priv, which fops.release() gets when it is closed; or an
 * errno, and then release() is not called. May sleep.
 */
export function anon_inode_getfd(
	fops: file_operations, priv: number, mode: number,
): number {
	const file = alloc_file(NULL, mode);

	if (IS_ERR(file))
		return PTR_ERR(file);
	file.f_op = fops;
	file.private_data = priv as int;
	const fd = alloc_fd(file);
	if (fd < 0) {
		file.f_op = NULL;
		fput(file);
	}
	return fd;
}
