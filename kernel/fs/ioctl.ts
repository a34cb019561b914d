// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/ioctl.c (5.17): ioctl(), where the file itself knows what to do.
 * Left out: the commands that are the same for all files.
 */
import { EBADF, ENOTTY } from "linux/errno.ts";
import { fget, fput } from "./file_table.ts";

export function sys_ioctl(fd: number, cmd: number, arg: number): number {
	const file = fget(fd);

	if (file === NULL)
		return -EBADF;
	const f_op = file.f_op;
	const ret = f_op && f_op.unlocked_ioctl
		? f_op.unlocked_ioctl(file, cmd, arg)
		: -ENOTTY;
	fput(file);
	return ret;
}
