// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/include/asm/trap_pf.h (5.17): bits of the error code that
 * the CPU pushes for a page fault.
 */

/** The entry is there and forbids the access; without it there is none. */
export const X86_PF_PROT = 0x1;
/** It was a write. */
export const X86_PF_WRITE = 0x2;
/** It was made in user mode. */
export const X86_PF_USER = 0x4;
/** A table has a bit set that must be clear. */
export const X86_PF_RSVD = 0x8;
/** It was to fetch an instruction. */
export const X86_PF_INSTR = 0x10;
/** A protection key forbids it. */
export const X86_PF_PK = 0x20;
