// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors what arch/x86/include/asm/elf.h and asm/processor.h (5.17) say of the
 * layout of an address space, and of what the kernel maps into it.
 */
export { gate_vma_line } from "../../entry/vsyscall/vsyscall_64.ts";
export { arch_pick_mmap_layout, arch_vma_name } from "../../mm/mmap.ts";
