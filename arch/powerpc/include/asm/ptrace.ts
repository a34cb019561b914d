// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the part of arch/powerpc/include/asm/ptrace.h (5.17) that fault
 * handling asks. Port: there are no saved registers; of them all that is left
 * is MSR_PR, whether the interrupt came from user mode. What the hardware has
 * put into DAR and DSISR, and the vector (TRAP()), are arguments of the
 * handlers.
 */

/** 0: no registers, the fault is nobody's (mm_account_fault). */
export type pt_regs = number;
export const REGS_KERNEL = 1;
export const REGS_USER = 2;

export function user_mode(regs: pt_regs): boolean {
	return regs === REGS_USER;
}
