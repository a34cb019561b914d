// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/arm64/include/asm/pgtable-hwdef.h and page-def.h (5.17): the
 * geometry of tables, and the bits of an entry that the hardware looks at.
 * Left out: block and contiguous entries, attributes of memory, PTE_SHARED and
 * PTE_PXN (the kernel executes nothing that these tables map), stage 2,
 * all else of TCR_EL1, addresses of 52 bits.
 *
 * Port: an entry is one 32-bit word, so that it is atomic, with the frame in
 * the bits from PAGE_SHIFT on. So it is us who say where the bits are, all
 * below bit 12: those of the lower attributes are where the hardware has them;
 * UXN and DBM, of the upper ones, are in bits 2 and 3, which are the memory
 * attributes there. A table has as many entries as the real one and takes a
 * page, of which it uses half.
 */
import {
	CONFIG_ARM64_PAGE_SHIFT,
	CONFIG_ARM64_VA_BITS,
	CONFIG_PGTABLE_LEVELS,
} from "generated/autoconf.ts";

export const PAGE_SHIFT = CONFIG_ARM64_PAGE_SHIFT;
export const PAGE_SIZE: number = 2 ** PAGE_SHIFT;
export const VA_BITS = CONFIG_ARM64_VA_BITS;

/* Levels that there are not: asm-generic/pgtable-nop4d.ts and so on. */
export const __PAGETABLE_P4D_FOLDED: boolean = true;
export const __PAGETABLE_PUD_FOLDED: boolean = CONFIG_PGTABLE_LEVELS < 4;
export const __PAGETABLE_PMD_FOLDED: boolean = CONFIG_PGTABLE_LEVELS < 3;

/* Each level of tables brings PAGE_SHIFT - 3 bits of an address; level n, of 0
 * to 3, begins at bit (PAGE_SHIFT - 3) * (4 - n) + 3: ARM64_HW_PGTABLE_LEVEL_
 * SHIFT(n). The last is always 3, the first 4 - CONFIG_PGTABLE_LEVELS, which
 * has the bits that are left. */
const BITS = PAGE_SHIFT - 3;
export const PGDIR_SHIFT = BITS * CONFIG_PGTABLE_LEVELS + 3;
export const PUD_SHIFT = CONFIG_PGTABLE_LEVELS > 3 ? BITS * 3 + 3 : PGDIR_SHIFT;
export const PMD_SHIFT = CONFIG_PGTABLE_LEVELS > 2 ? BITS * 2 + 3 : PGDIR_SHIFT;
export const PTRS_PER_PTE = 2 ** BITS;
export const PTRS_PER_PMD = CONFIG_PGTABLE_LEVELS > 2 ? PTRS_PER_PTE : 1;
export const PTRS_PER_PUD = CONFIG_PGTABLE_LEVELS > 3 ? PTRS_PER_PTE : 1;
export const PTRS_PER_PGD = 2 ** (VA_BITS - PGDIR_SHIFT);
/* The room of a table in memory. */
export const PTE_TABLE_SIZE: number = PAGE_SIZE;
export const PMD_TABLE_SIZE: number = PAGE_SIZE;
export const PUD_TABLE_SIZE: number = PAGE_SIZE;
export const PMD_SIZE = 2 ** PMD_SHIFT;
export const PUD_SIZE = 2 ** PUD_SHIFT;
/** The p4d is folded into the pgd. */
export const P4D_SIZE = 2 ** PGDIR_SHIFT;
export const PGDIR_SIZE = 2 ** PGDIR_SHIFT;

/* Entries above the last level. */
export const PMD_TYPE_TABLE = 0x3;
export const PMD_TABLE_BIT = 0x2;
export const PUD_TYPE_TABLE = 0x3;
export const PUD_TABLE_BIT = 0x2;
export const P4D_TYPE_TABLE = 0x3;
export const P4D_TABLE_BIT = 0x2;

/* Entries of the last level. */
export const PTE_VALID = 0x001;
export const PTE_TYPE_PAGE = 0x003;
export const PTE_TABLE_BIT = 0x002;
/** Not to be executed in user mode. */
export const PTE_UXN = 0x004;
/** Dirty bit management: the hardware may clear PTE_RDONLY. */
export const PTE_DBM = 0x008;
/** AP[1]: accessible in user mode. */
export const PTE_USER = 0x040;
/** AP[2]: not to be written to. */
export const PTE_RDONLY = 0x080;
/** The access flag. */
export const PTE_AF = 0x400;
/** Not global: of one address space. */
export const PTE_NG = 0x800;
/* Of TCR_EL1; the positions are ours. */
/** The hardware sets PTE_AF, */
export const TCR_HA = 0x1;
/** and clears PTE_RDONLY where PTE_DBM is set. */
export const TCR_HD = 0x2;
/** What is no flag. */
export const PTE_ADDR_MASK = ~(PAGE_SIZE - 1);
