// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/include/asm/trap_pf.h (5.17): bits of the error code that
 * the CPU pushes for a page fault.
 */

/** 0: no page found; 1: protection fault */
export const X86_PF_PROT = 0x1;
/** 0: read access; 1: write access */
export const X86_PF_WRITE = 0x2;
/** 0: kernel-mode access; 1: user-mode access */
export const X86_PF_USER = 0x4;
/** 1: use of a reserved bit detected */
export const X86_PF_RSVD = 0x8;
/** 1: fault was an instruction fetch */
export const X86_PF_INSTR = 0x10;
/** 1: protection keys block access */
export const X86_PF_PK = 0x20;
