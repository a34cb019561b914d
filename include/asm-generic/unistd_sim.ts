// SPDX-License-Identifier: GPL-2.0-only
/**
 * System calls that no Linux has, by which a program says what its recording
 * says: the same numbers on all architectures. Mirrors no file of the kernel.
 */

/** sim_open(ino, O_*, size): a descriptor for the file of that number, which
 *  is made if need be, and is at least that long from now on. */
export const __NR_sim_open = 1000;
/** sim_set_size(fd, size): make the file that long. */
export const __NR_sim_set_size = 1001;
/** sim_exec(start_brk, stack_start, stack_end, mmap_base): a new address space
 *  that holds nothing but a stack, with an empty heap. mmap_base: where
 *  mappings begin, downwards; 0 is the architecture's choice. */
export const __NR_sim_exec = 1002;
/** sim_special(addr, len, SPECIAL_MAPPING_*): [vvar], [vvar_vclock], [vdso]. */
export const __NR_sim_special = 1003;
/** sim_drop_caches(): forget all files that nobody uses. */
export const __NR_sim_drop_caches = 1004;
/** fork() and vfork(), of architectures that have no number for them. */
export const __NR_sim_fork = 1005;
export const __NR_sim_vfork = 1006;
/** sim_mirror_open(addr, len, MIRROR_*): a descriptor for a device that
 *  translates these addresses; see uapi/linux/mmu_mirror.ts. */
export const __NR_sim_mirror_open = 1007;
/** sim_mirror_access(fd, MIRROR_LOAD or _STORE, addr, value): the device
 *  accesses a byte. */
export const __NR_sim_mirror_access = 1008;
