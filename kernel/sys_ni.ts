// SPDX-License-Identifier: GPL-2.0-only
/** Mirrors kernel/sys_ni.c (5.17): system calls that do not exist. */
import { ENOSYS } from "linux/errno.ts";

export function sys_ni_syscall(): number {
	return -ENOSYS;
}
