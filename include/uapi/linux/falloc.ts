// SPDX-License-Identifier: GPL-2.0-only
/** Mirrors include/uapi/linux/falloc.h (5.17): what fallocate() is to do. */

/** The size of the file stays. */
export const FALLOC_FL_KEEP_SIZE = 0x01;
/** Give up the range: zeroes are left. */
export const FALLOC_FL_PUNCH_HOLE = 0x02;
export const FALLOC_FL_COLLAPSE_RANGE = 0x08;
export const FALLOC_FL_ZERO_RANGE = 0x10;
export const FALLOC_FL_INSERT_RANGE = 0x20;
export const FALLOC_FL_UNSHARE_RANGE = 0x40;

export const FALLOC_FL_SUPPORTED_MASK = FALLOC_FL_KEEP_SIZE |
	FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_ZERO_RANGE |
	FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE;
