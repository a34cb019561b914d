// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors what arch/x86/include/asm/elf.h and asm/processor.h (5.17) say of the
 * layout of an address space, and of what the kernel maps into it.
 */
import { TASK_SIZE } from "asm/pgtable_types.ts";
export { gate_vma_line } from "../../entry/vsyscall/vsyscall_64.ts";
export { arch_pick_mmap_layout, arch_vma_name } from "../../mm/mmap.ts";

/* asm/processor.h: who has them otherwise says so there. */

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
