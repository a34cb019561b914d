// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/powerpc/include/asm/pgtable-types.h, and asm/task_size_64.h
 * (5.17) on where user memory ends: the types of entries. Their bits are in
 * asm/book3s/64/pgtable-bits.ts. Left out: 32-bit tasks.
 */
import { CONFIG_PPC_64K_PAGES } from "generated/autoconf.ts";
import { PTE_RPN_MASK } from "asm/book3s/64/pgtable-bits.ts";

export {
	__PAGETABLE_P4D_FOLDED,
	__PAGETABLE_PMD_FOLDED,
	__PAGETABLE_PUD_FOLDED,
	P4D_SIZE,
	PAGE_COPY,
	PAGE_COPY_X as PAGE_COPY_EXEC,
	PAGE_NONE,
	PAGE_READONLY,
	PAGE_READONLY_X as PAGE_READONLY_EXEC,
	PAGE_SHARED,
	PAGE_SHARED_X as PAGE_SHARED_EXEC,
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
} from "asm/book3s/64/pgtable-bits.ts";

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
/** A table of ptes by its entries, as a page may hold more than one. */
export type pgtable_t = pte_t;

/** End of user space, exclusive: 4 PiB, which is all that the tables reach, or
 *  128 TiB. Port: with pages of 4 KiB the kernel has half of that, as it is
 *  built for the hash MMU, too, which cannot do more; programs of x86-64 would
 *  not find their addresses. */
export const TASK_SIZE: number = CONFIG_PPC_64K_PAGES ? 2 ** 52 : 2 ** 47;
export const TASK_SIZE_MAX = TASK_SIZE;
/** Who does not ask for more gets addresses below this one, 128 TiB. */
export const DEFAULT_MAP_WINDOW = 2 ** 47;
export const STACK_TOP = DEFAULT_MAP_WINDOW;
/** Where mappings begin that are placed upwards. */
export const TASK_UNMAPPED_BASE = DEFAULT_MAP_WINDOW / 4;

export function pte_flags(pte: number): number {
	return pte & ~PTE_RPN_MASK;
}
