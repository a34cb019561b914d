// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/arm64/include/asm/pgtable-types.h, and of asm/processor.h and
 * asm/memory.h (5.17) where user memory ends: the types of entries. Their bits
 * are in asm/pgtable-hwdef.ts and asm/pgtable-prot.ts. Left out: 32-bit tasks.
 */
import type { page } from "linux/mm_types.ts";
import { PTE_ADDR_MASK, VA_BITS } from "asm/pgtable-hwdef.ts";

export {
	__PAGETABLE_P4D_FOLDED,
	__PAGETABLE_PMD_FOLDED,
	__PAGETABLE_PUD_FOLDED,
	P4D_SIZE,
	PAGE_SHIFT,
	PAGE_SIZE,
	PGDIR_SHIFT,
	PGDIR_SIZE,
	PMD_SHIFT,
	PMD_SIZE,
	PMD_TABLE_SIZE,
	PTE_TABLE_SIZE,
	PTRS_PER_PGD,
	PTRS_PER_PMD,
	PTRS_PER_PTE,
	PTRS_PER_PUD,
	PUD_SHIFT,
	PUD_SIZE,
	PUD_TABLE_SIZE,
} from "asm/pgtable-hwdef.ts";
export {
	PAGE_COPY,
	PAGE_COPY_EXEC,
	PAGE_NONE,
	PAGE_READONLY,
	PAGE_READONLY_EXEC,
	PAGE_SHARED,
	PAGE_SHARED_EXEC,
} from "asm/pgtable-prot.ts";

/** All fields: the ptl, and atomic where a walker may be. */
export interface pte_t extends struct {
	pte: int;
}
/** All fields: the lock of the table; walkers read it. */
export interface pmd_t extends struct {
	pmd: int;
}
/** All fields: the lock of the table; walkers read it. */
export interface pud_t extends struct {
	pud: int;
}
/** All fields: the lock of the table; walkers read it. */
export interface p4d_t extends struct {
	p4d: int;
}
/** All fields: the lock of the table; walkers read it. */
export interface pgd_t extends struct {
	pgd: int;
}
/** A table of ptes by its page. */
export type pgtable_t = page;

/** End of user space, exclusive. */
export const TASK_SIZE = 2 ** VA_BITS;
export const TASK_SIZE_MAX = TASK_SIZE;
export const STACK_TOP = TASK_SIZE;
/** Where mappings begin that are placed upwards. */
export const TASK_UNMAPPED_BASE = TASK_SIZE / 4;

export function pte_flags(pte: number): number {
	return pte & ~PTE_ADDR_MASK;
}
