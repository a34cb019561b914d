// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the part of arch/powerpc/include/asm/reg.h (5.17) that says what was
 * wrong with an access: DSISR for data, and for instructions those bits of SRR1
 * that are at the same places. Left out: all other registers, and bits that
 * only hypervisors see.
 */
export const DSISR_BAD_DIRECT_ST = 0x80000000 | 0;
/** There is no translation. */
export const DSISR_NOHPTE = 0x40000000;
export const DSISR_ATTR_CONFLICT = 0x20000000;
/** Of SRR1: the page must not be executed. */
export const DSISR_NOEXEC_OR_G = 0x10000000;
/** There is one, and it forbids the access. */
export const DSISR_PROTFAULT = 0x08000000;
export const DSISR_BADACCESS = 0x04000000;
/** A store, not a load. */
export const DSISR_ISSTORE = 0x02000000;
/** The page's key forbids the access (hash MMU). */
export const DSISR_KEYFAULT = 0x00200000;
export const DSISR_BAD_EXT_CTRL = 0x00100000;
export const DSISR_UNSUPP_MMU = 0x00080000;
/** The entry wants its R or C bit set, and the hardware did not. */
export const DSISR_SET_RC = 0x00040000;
export const DSISR_PRTABLE_FAULT = 0x00020000;
export const DSISR_ICSWX_NO_CT = 0x00004000;
export const DSISR_BAD_COPYPASTE = 0x00000008;
export const DSISR_BAD_AMO = 0x00000004;
export const DSISR_BAD_CI_LDST = 0x00000002;

const DSISR_BAD_FAULT_32S =
	DSISR_BAD_DIRECT_ST | DSISR_BADACCESS | DSISR_BAD_EXT_CTRL;
/** Nothing that a page could be brought in for. */
export const DSISR_BAD_FAULT_64S =
	DSISR_BAD_FAULT_32S |
	DSISR_ATTR_CONFLICT |
	DSISR_UNSUPP_MMU |
	DSISR_PRTABLE_FAULT |
	DSISR_ICSWX_NO_CT |
	DSISR_BAD_COPYPASTE |
	DSISR_BAD_AMO |
	DSISR_BAD_CI_LDST;

/** What DSISR has of SRR1 after an instruction storage interrupt. */
export const DSISR_SRR1_MATCH_64S =
	DSISR_NOHPTE |
	DSISR_NOEXEC_OR_G |
	DSISR_PROTFAULT |
	DSISR_KEYFAULT |
	DSISR_UNSUPP_MMU |
	DSISR_SET_RC |
	DSISR_PRTABLE_FAULT;
