// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors what arch/arm64/include/asm/elf.h and asm/processor.h (5.17) say of
 * the layout of an address space, which is the generic one, and of what the
 * kernel maps into it.
 */
import { TASK_SIZE } from "asm/pgtable_types.ts";
import type { vm_area_struct } from "linux/mm_types.ts";

export { arch_pick_mmap_layout } from "mm/util.ts";

/** A name for what has no file: all of ours have ->name, so there is none. */
export function arch_vma_name(_vma: vm_area_struct): string {
	return "";
}

/** The line of the gate vma in /proc/PID/maps: 64-bit tasks have none. */
export function gate_vma_line(): string {
	return "";
}

/* asm/processor.h: who has them otherwise says so there. */

/** There is no MAP_32BIT. */
export function arch_get_mmap_32bit_base(_flags: number): number {
	return 0;
}

/** Where the area for mappings ends at the top. */
export function arch_get_mmap_end(
	_addr: number, _len: number, _flags: number,
): number {
	return TASK_SIZE;
}

/** And where those begin that are placed downwards. */
export function arch_get_mmap_base(_mmap_end: number, base: number): number {
	return base;
}
