// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors of include/linux/backing-dev.h, backing-dev-defs.h and
 * mm/backing-dev.c (5.17) what read-ahead asks of the device under a file.
 * Left out: writeback, congestion, /sys/class/bdi.
 */
import { type inode, S_SHMEM } from "linux/fs.ts";

export interface backing_dev_info {
	/** read ahead at most, in pages; 0: not at all */
	ra_pages: number;
	/** the largest request that the device is glad of, in pages */
	io_pages: number;
}

/** 128 KiB. */
const VM_READAHEAD_PAGES = 32;

/** As bdi_alloc() makes them: of a disk. */
export const default_backing_dev_info: backing_dev_info = RODATA({
	ra_pages: VM_READAHEAD_PAGES,
	io_pages: VM_READAHEAD_PAGES,
});

/** Of files that are nowhere but in memory. */
export const noop_backing_dev_info: backing_dev_info = RODATA({
	ra_pages: 0,
	io_pages: 0,
});

/** Port: of no mounted file system are shared memory, and files by number
 *  (fs/simfs.ts), which are taken for files on a disk. */
export function inode_to_bdi(inode: inode): backing_dev_info {
	const sb = inode.i_sb;

	if (sb !== NULL)
		return sb.s_bdi;
	return (inode.i_flags & S_SHMEM) !== 0 ?
		noop_backing_dev_info : default_backing_dev_info;
}
