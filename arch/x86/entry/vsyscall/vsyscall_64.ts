// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors of arch/x86/entry/vsyscall/vsyscall_64.c (5.17) the gate area.
 * Left out: everything else; nobody calls it.
 */
import { PAGE_SIZE } from "asm/pgtable_types.ts";

/** The gate vma: the page of old system calls, execute-only, outside of every
 *  mm. Its address is beyond what is an address here; only its line is seen. */
const VSYSCALL_ADDR = 0xffffffffff600000;

/** The line of the gate vma in /proc/PID/maps, without its end. */
export function gate_vma_line(): string {
	const range = VSYSCALL_ADDR.toString(16) + "-" +
		(VSYSCALL_ADDR + PAGE_SIZE).toString(16);

	return (range + " --xp 00000000 00:00 0 ").padEnd(72) + " [vsyscall]";
}
