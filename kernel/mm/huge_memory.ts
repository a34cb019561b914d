// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors thp_get_unmapped_area() of mm/huge_memory.c, the one part of it that
 * can be seen without huge pages: large mappings start where a huge page could.
 *
 * Port: in 5.17 only some files ask for it. Since 6.7 all large mappings of
 * files are placed so, and anonymous ones whose length is a multiple of
 * PMD_SIZE. Programs that were recorded on such a kernel get the same addresses
 * with prctl(PR_SIM_THP_ALIGN, 1); the default is 5.17's placement.
 */
import { PAGE_SIZE, PMD_SIZE } from "asm/pgtable_types.ts";
import { IS_ERR_VALUE } from "linux/err.ts";
import type { file } from "linux/fs.ts";
import { MAP_SHARED } from "linux/mman.ts";
import { arch_get_unmapped_area_topdown } from "mm/mmap.ts";

/** prctl(): arg2 is 0 or 1. It is for all tasks. */
export const PR_SIM_THP_ALIGN = 0x53504601;

interface huge_memory_data extends struct {
	align: int; /* set before any program runs */
}
const huge_memory = DEFINE<huge_memory_data>();

export function set_thp_align(align: boolean): void {
	WRITE_ONCE(huge_memory.align, align ? 1 : 0);
}

/** Does a mapping without a wish of its own get aligned? */
export function thp_wants_alignment(
	file: file, addr: number, len: number, flags: number,
): boolean {
	if (READ_ONCE(huge_memory.align) === 0)
		return false;
	if (file !== NULL)
		return true;
	/* Shared memory decides for itself, and wants no huge pages. */
	if ((flags & MAP_SHARED) !== 0)
		return false;
	return addr === 0 && len % PMD_SIZE === 0;
}

/** Ask for PMD_SIZE more, and take the part that is aligned like the offset.
 *  0: not worth it, or no room for so much. */
function __thp_get_unmapped_area(
	filp: file, addr: number, len: number, off: number, flags: number,
	size: number,
): number {
	const off_end = off + len;
	const off_align = Math.ceil(off / size) * size;

	/* Does a whole huge page fit in at all? */
	if (off_end <= off_align || off_end - off_align < size)
		return 0;

	const len_pad = len + size;
	let ret = arch_get_unmapped_area_topdown(filp, addr, len_pad,
		Math.floor(off / PAGE_SIZE), flags);

	/* The padding may be what is too much: try without it. */
	if (IS_ERR_VALUE(ret))
		return 0;
	/* The hint was free: it is not second-guessed. */
	if (ret === addr)
		return addr;

	const off_sub = (((off - ret) % size) + size) % size;

	/* From the top down: the padding is on the other side. */
	if (off_sub === 0)
		return ret + size;
	ret += off_sub;
	return ret;
}

export function thp_get_unmapped_area(
	filp: file, addr: number, len: number, pgoff: number, flags: number,
): number {
	const ret = __thp_get_unmapped_area(filp, addr, len, pgoff * PAGE_SIZE,
		flags, PMD_SIZE);

	if (ret !== 0)
		return ret;
	return arch_get_unmapped_area_topdown(filp, addr, len, pgoff, flags);
}
