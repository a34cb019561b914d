// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/debugfs/file.c, and of mm/memory.c fault_around_debugfs() (5.17):
 * /sys/kernel/debug/fault_around_bytes, and gup_test, which is mm/gup_test.c's.
 * Left out: every other file, and directories.
 */
import { CONFIG_GUP_TEST } from "generated/autoconf.ts";
import { EINVAL } from "linux/errno.ts";
import type { file, file_operations, iov_iter, kiocb } from "linux/fs.ts";
import type { dentry } from "kernel/fs/open.ts";
import { kstrtol, read_text, text_of } from "kernel/fs/libfs.ts";
import { gup_test_fops } from "mm/gup_test.ts";
import { fault_around_bytes_get, fault_around_bytes_set } from "mm/memory.ts";

function fault_around_bytes_read(iocb: kiocb, to: iov_iter): number {
	return read_text(iocb, to, `${fault_around_bytes_get()}\n`);
}

/** simple_attr_write(): an unsigned number, which the setter may refuse. */
function fault_around_bytes_write(
	_file: file, buf: number | string, count: number,
): number {
	const text = text_of(buf, count);

	if (typeof text === "number")
		return text;
	const val = kstrtol(text);

	if (val === null || val < 0)
		return -EINVAL;
	return fault_around_bytes_set(val) || count;
}

const fault_around_bytes_fops: file_operations = RODATA({
	read_iter: fault_around_bytes_read,
	write: fault_around_bytes_write,
});

/** What a name is in debugfs, where it is mounted; null: nothing. */
export function debugfs_lookup(name: string): dentry | null {
	if (CONFIG_GUP_TEST) {
		if (name === "/sys/kernel/debug/gup_test")
			return { fops: gup_test_fops, pid: 0 };
	}
	return name === "/sys/kernel/debug/fault_around_bytes"
		? { fops: fault_around_bytes_fops, pid: 0 }
		: null;
}
