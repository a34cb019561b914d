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

/** Does the owner of mm expect what came with a.b? */
export function mm_since(mm: mm_struct, a: number, b: number): boolean {
	return mm.kernel_version >= KERNEL_VERSION(a, b, 0);
}
