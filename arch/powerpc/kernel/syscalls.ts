// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the part of arch/powerpc/kernel/syscalls.c (5.17) that is about
 * memory. Left out: mmap2(), which only 32-bit tasks have.
 */
import { EINVAL } from "linux/errno.ts";
import { arch_validate_prot } from "linux/mman.ts";
import { PAGE_SHIFT } from "asm/pgtable_types.ts";
import { ksys_mmap_pgoff } from "mm/mmap.ts";

function do_mmap2(
	addr: number,
	len: number,
	prot: number,
	flags: number,
	fd: number,
	off: number,
	shift: number,
): number {
	/* Others ignore the bits that they do not know. */
	if (!arch_validate_prot(prot, addr)) return -EINVAL;
	if (off % 2 ** shift !== 0) return -EINVAL;
	return ksys_mmap_pgoff(addr, len, prot, flags, fd, off / 2 ** shift);
}

export function sys_mmap(
	addr: number,
	len: number,
	prot: number,
	flags: number,
	fd: number,
	offset: number,
): number {
	return do_mmap2(addr, len, prot, flags, fd, offset, PAGE_SHIFT);
}
