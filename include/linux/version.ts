// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/generated/uapi/linux/version.h: numbers of kernel versions.
 * Port: the code is 5.17's. A program that was recorded on a newer kernel can
 * ask its address space to behave as that one does, where the difference can
 * be seen; Documentation/newer-kernels.md has the list.
 */
import type { mm_struct } from "linux/mm_types.ts";

export function KERNEL_VERSION(a: number, b: number, c: number): number {
	return a * 65536 + b * 256 + c;
}

/** prctl(): arg2 is the KERNEL_VERSION() to behave as, 0 for our own. Children
 *  and programs that are executed inherit it. */
export const PR_SIM_KERNEL_VERSION = 0x53504602;

/** prctl(): arg2 is the lowest address that mmap() chooses or takes as a hint,
 *  arg3 the lowest for MAP_FIXED: the superuser's may be lower. 0 and 0: what
 *  the kernel was configured for. Inherited likewise. */
export const PR_SIM_MMAP_MIN_ADDR = 0x53504603;

/** prctl(): arg2 is how many nodes have memory, from 1 to 32, as mbind() and
 *  its like see it. Inherited likewise. */
export const PR_SIM_NUMA_NODES = 0x53504605;

/** prctl(): arg2 is 1 if there is no page of zeroes for users: what is only
 *  read takes a page of its own. Inherited likewise. */
export const PR_SIM_NO_ZEROPAGE = 0x53504606;

/** prctl(): of limit arg2, arg3 is the soft limit and arg4 the hard one, in
 *  bytes: setrlimit(), without a struct in the user's memory. */
export const PR_SIM_RLIMIT = 0x53504604;

/** Does the owner of mm expect what came with a.b? */
export function mm_since(mm: mm_struct, a: number, b: number): boolean {
	return mm.kernel_version >= KERNEL_VERSION(a, b, 0);
}

/** Does the owner of mm come from another kernel? That one was configured by a
 *  distributor, with huge pages and KSM; ours is without. */
export function mm_from_elsewhere(mm: mm_struct): boolean {
	return mm.kernel_version !== 0;
}
