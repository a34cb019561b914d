// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/fadvise.c (5.17): posix_fadvise(). Port: what is read ahead does
 * not depend on what was said of a file, only of a mapping (madvise()), so that
 * most advice is only looked at.
 */
import { EBADF, EINVAL } from "linux/errno.ts";
import type { file } from "linux/fs.ts";
import { ULONG_MAX } from "linux/kernel.ts";
import { i_size_read } from "linux/pagemap.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { fget, fput } from "kernel/fs/file_table.ts";
import { __filemap_fdatawrite_range } from "mm/filemap.ts";
import { WB_SYNC_NONE } from "mm/page-writeback.ts";
import { invalidate_mapping_pages } from "mm/truncate.ts";

const POSIX_FADV_DONTNEED = 4;
const POSIX_FADV_NOREUSE = 5;

/** No lock is held. */
function generic_fadvise(
	file: file, offset: number, len: number, advice: number,
): number {
	const mapping = file.f_mapping;

	if (mapping === NULL || len < 0)
		return -EINVAL;
	if (!(advice >= 0 && advice <= POSIX_FADV_NOREUSE))
		return -EINVAL;
	if (advice !== POSIX_FADV_DONTNEED)
		return 0;

	/* The last byte; 0 is up to the end. */
	const endbyte = len === 0 ? ULONG_MAX : offset + len - 1;

	__filemap_fdatawrite_range(mapping, offset, endbyte, WB_SYNC_NONE);
	/* Whole pages only; what there is of the file's last is one. */
	const start_index = Math.ceil(offset / PAGE_SIZE);
	const end_index = endbyte === i_size_read(mapping.host) - 1 ?
		Math.floor(endbyte / PAGE_SIZE) :
		Math.floor((endbyte + 1) / PAGE_SIZE) - 1;

	if (end_index >= start_index)
		invalidate_mapping_pages(mapping, start_index, end_index);
	return 0;
}

export function sys_fadvise64(
	fd: number, offset: number, len: number, advice: number,
): number {
	const file = fget(fd);

	if (file === NULL)
		return -EBADF;
	const ret = generic_fadvise(file, offset, len, advice);

	fput(file);
	return ret;
}
