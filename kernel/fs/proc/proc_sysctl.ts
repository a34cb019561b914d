// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/proc/proc_sysctl.c (5.17): /proc/sys, whose entries are in
 * kernel/sysctl.ts. Left out: directories, registration, notification.
 */
import { EINVAL } from "linux/errno.ts";
import type { file, file_operations, iov_iter, kiocb } from "linux/fs.ts";
import type { dentry } from "kernel/fs/open.ts";
import {
	ctl_tables, type ctl_table, proc_dointvec_parse,
} from "kernel/sysctl.ts";
import { read_text, text_of } from "kernel/fs/libfs.ts";

function table_of(file: file): ctl_table {
	return ctl_tables()[file.f_inode.i_private];
}

function proc_sys_read(iocb: kiocb, to: iov_iter): number {
	return read_text(iocb, to, `${table_of(iocb.ki_filp).get()}\n`);
}

/** A number from the start of the file. Port: at another position nothing is
 *  written, with success, as with SYSCTL_WRITES_STRICT. */
function proc_sys_write(
	file: file, buf: number | string, count: number,
): number {
	if (file.f_pos !== 0)
		return count;
	const text = text_of(buf, count);

	if (typeof text === "number")
		return text;
	const val = proc_dointvec_parse(text);

	if (val === null)
		return -EINVAL;
	table_of(file).set(val);
	file.f_pos += count;
	return count;
}

const proc_sys_file_operations: file_operations = RODATA({
	read_iter: proc_sys_read,
	write: proc_sys_write,
});

export function proc_sys_lookup(name: string): dentry | null {
	const tables = ctl_tables();

	for (let i = 0; i < tables.length; i++) {
		if (name === `/proc/sys/${tables[i].procname}`)
			return { fops: proc_sys_file_operations, pid: i };
	}
	return null;
}
