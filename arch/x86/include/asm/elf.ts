// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors what arch/x86/include/asm/elf.h and asm/processor.h (5.17) say of the
 * layout of an address space, and of what the kernel maps into it.
 */
import { TASK_SIZE } from "asm/pgtable_types.ts";
import { MAP_32BIT, MAP_FIXED } from "linux/mman.ts";
export { gate_vma_line } from "../../entry/vsyscall/vsyscall_64.ts";
export { arch_pick_mmap_layout, arch_vma_name } from "../../mm/mmap.ts";

/* asm/processor.h: who has them otherwise says so there. */

/** find_start_end() of kernel/sys_x86_64.c: MAP_32BIT is for addresses of the
 *  second GiB, from its begin upwards. 0: for all others. */
export function arch_get_mmap_32bit_base(flags: number): number {
	return (flags & MAP_32BIT) !== 0 ? 0x40000000 : 0;
}

/** Where the area for mappings ends at the top. */
export function arch_get_mmap_end(
	_addr: number, _len: number, flags: number,
): number {
	return (flags & (MAP_32BIT | MAP_FIXED)) === MAP_32BIT
		? 0x80000000 : TASK_SIZE;
}

/** And where those begin that are placed downwards. */
export function arch_get_mmap_base(_mmap_end: number, base: number): number {
	return base;
}
