// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/kernel/sys_x86_64.c (5.17): mmap() with an offset in bytes.
 * Port: the search for a free place is the generic one of kernel/mm/mmap.ts,
 * to which the one of x86-64 comes down without address hints beyond 47 bits
 * and cache-colour alignment; as for MAP_32BIT see asm/elf.ts.
 */
import { EINVAL } from "linux/errno.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { ksys_mmap_pgoff } from "mm/mmap.ts";

export function sys_mmap(addr: number, len: number, prot: number,
		flags: number, fd: number, off: number): number {
	if (off % PAGE_SIZE !== 0)
		return -EINVAL;
	return ksys_mmap_pgoff(addr, len, prot, flags, fd, off / PAGE_SIZE);
}
