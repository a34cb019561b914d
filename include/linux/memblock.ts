// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/memblock.h (5.17): declares what mm/memblock.ts has.
 */
export {
	memblock_alloc,
	memblock_end_of_DRAM,
	memblock_free_all,
	memblock_init,
} from "mm/memblock.ts";
