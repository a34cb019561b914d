// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/fadvise.c (5.17): posix_fadvise(). Left out: pipes, DAX, 32-bit
 * calls, congestion.
 * Port: no f_lock, as f_mode is changed by atomic operations.
 */
import { EBADF, EINVAL } from "linux/errno.ts";
import { inode_to_bdi, noop_backing_dev_info } from "linux/backing-dev.ts";
import { type file, FMODE_RANDOM } from "linux/fs.ts";
import { ULONG_MAX } from "linux/kernel.ts";
import { DEFINE_READAHEAD, i_size_read } from "linux/pagemap.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { fget, fput } from "kernel/fs/file_table.ts";
import { __filemap_fdatawrite_range } from "mm/filemap.ts";
import { WB_SYNC_NONE } from "mm/page-writeback.ts";
import { force_page_cache_ra } from "mm/readahead.ts";
import { invalidate_mapping_pages } from "mm/truncate.ts";

const POSIX_FADV_NORMAL = 0;
const POSIX_FADV_RANDOM = 1;
const POSIX_FADV_SEQUENTIAL = 2;
export const POSIX_FADV_WILLNEED = 3;
const POSIX_FADV_DONTNEED = 4;
const POSIX_FADV_NOREUSE = 5;

/** Pages from those of the first byte to those of the last are read soon. */
function fadvise_willneed(file: file, offset: number, endbyte: number): void {
	const start_index = Math.floor(offset / PAGE_SIZE);
	const end_index = Math.floor(endbyte / PAGE_SIZE);

	force_page_cache_ra(DEFINE_READAHEAD(file, file.f_ra, file.f_mapping,
		start_index), end_index - start_index + 1);
}

/** What can be had again of the bytes up to endbyte leaves the cache. */
function fadvise_dontneed(file: file, offset: number, endbyte: number): void {
	const mapping = file.f_mapping;

	__filemap_fdatawrite_range(mapping, offset, endbyte, WB_SYNC_NONE);
	/* Whole pages only; what there is of the file's last is one. */
	const start_index = Math.ceil(offset / PAGE_SIZE);
	const end_index = endbyte === i_size_read(mapping.host) - 1 ?
		Math.floor(endbyte / PAGE_SIZE) :
		Math.floor((endbyte + 1) / PAGE_SIZE) - 1;

	if (end_index >= start_index)
		invalidate_mapping_pages(mapping, start_index, end_index);
}

/** No lock is held. */
function generic_fadvise(
	file: file, offset: number, len: number, advice: number,
): number {
	const mapping = file.f_mapping;
	const ra = file.f_ra;

	if (mapping === NULL || len < 0)
		return -EINVAL;
	if (!(advice >= 0 && advice <= POSIX_FADV_NOREUSE))
		return -EINVAL;
	const bdi = inode_to_bdi(mapping.host);

	/* There is nowhere to read them from again. */
	if (bdi === noop_backing_dev_info)
		return 0;
	/* The last byte; 0 is up to the end. */
	const endbyte = len === 0 ? ULONG_MAX : offset + len - 1;

	switch (advice) {
	case POSIX_FADV_NORMAL:
		WRITE_ONCE(ra.ra_pages, bdi.ra_pages as int);
		fetch_and(file.f_mode, ~FMODE_RANDOM);
		break;
	case POSIX_FADV_RANDOM:
		fetch_or(file.f_mode, FMODE_RANDOM);
		break;
	case POSIX_FADV_SEQUENTIAL:
		WRITE_ONCE(ra.ra_pages, 2 * bdi.ra_pages as int);
		fetch_and(file.f_mode, ~FMODE_RANDOM);
		break;
	case POSIX_FADV_WILLNEED:
		fadvise_willneed(file, offset, endbyte);
		break;
	case POSIX_FADV_DONTNEED:
		fadvise_dontneed(file, offset, endbyte);
	}
	return 0;
}

/** Port: every file has the same. */
export function vfs_fadvise(
	file: file, offset: number, len: number, advice: number,
): number {
	return generic_fadvise(file, offset, len, advice);
}

export function sys_fadvise64(
	fd: number, offset: number, len: number, advice: number,
): number {
	const file = fget(fd);

	if (file === NULL)
		return -EBADF;
	const ret = vfs_fadvise(file, offset, len, advice);

	fput(file);
	return ret;
}
