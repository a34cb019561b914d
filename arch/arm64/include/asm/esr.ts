// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/arm64/include/asm/esr.h (5.17): what the exception syndrome
 * register says of an instruction or data abort. Left out: all other classes
 * of exceptions, and the details of the instruction (ISV and what it makes
 * valid), which nobody decodes here.
 */

/* Exception classes: LOW is from user mode, CUR from the kernel itself. */
export const ESR_ELx_EC_IABT_LOW = 0x20;
export const ESR_ELx_EC_IABT_CUR = 0x21;
export const ESR_ELx_EC_DABT_LOW = 0x24;
export const ESR_ELx_EC_DABT_CUR = 0x25;

export const ESR_ELx_EC_SHIFT = 26;
export const ESR_ELx_EC_MASK = 0xfc000000 | 0;

/** Port: a register is a signed 32-bit integer here. */
export function ESR_ELx_EC(esr: number): number {
	return esr >>> ESR_ELx_EC_SHIFT;
}

/** The instruction has 32 bits. */
export const ESR_ELx_IL = 0x02000000;
/** The fault address is not valid. */
export const ESR_ELx_FnV = 0x400;
/** A cache maintenance instruction; WNR says nothing then. */
export const ESR_ELx_CM = 0x100;
/** The second stage refused a walk of the first one. */
export const ESR_ELx_S1PTW = 0x80;
/** A write, not a read. */
export const ESR_ELx_WNR = 0x40;

/* The fault status code: a type, and the level of the table. */
export const ESR_ELx_FSC = 0x3f;
export const ESR_ELx_FSC_TYPE = 0x3c;
export const ESR_ELx_FSC_LEVEL = 0x03;
/** An external abort. */
export const ESR_ELx_FSC_EXTABT = 0x10;
/** The entry has PTE_AF clear, and the hardware does not set it. */
export const ESR_ELx_FSC_ACCESS = 0x08;
/** There is no translation. */
export const ESR_ELx_FSC_FAULT = 0x04;
/** There is one, and it forbids the access. */
export const ESR_ELx_FSC_PERM = 0x0c;
/** Port: has no name in the kernel, which has only its place in fault_info. */
export const ESR_ELx_FSC_ALIGN = 0x21;
