// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors what arch/powerpc/include/asm/elf.h and asm/processor.h (5.17) say of
 * the layout of an address space, and of what the kernel maps into it.
 */
import type { vm_area_struct } from "linux/mm_types.ts";

export {
	arch_get_mmap_32bit_base,
	arch_get_mmap_base,
	arch_get_mmap_end,
	arch_pick_mmap_layout,
} from "../../mm/mmap.ts";

/** A name for what has no file: all of ours have ->name, so there is none. */
export function arch_vma_name(_vma: vm_area_struct): string {
	return "";
}

/** The line of the gate vma in /proc/PID/maps: there is none. */
export function gate_vma_line(): string {
	return "";
}
