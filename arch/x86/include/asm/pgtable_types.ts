// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/include/asm/pgtable_types.h (5.17): entries of the four
 * levels and their bits.
 * Port: an entry is one 32-bit word, so that it is atomic: frame number in bits
 * 12-31, and NX, which real entries keep in bit 63, in bit 11. A table has 512
 * entries like the real one and takes a page, whose upper half stays unused.
 * Four levels: the p4d is folded, see asm-generic/pgtable-nop4d.ts.
 */
import type { page } from "linux/mm_types.ts";

import {
	CONFIG_MEM_SOFT_DIRTY, CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS,
} from "generated/autoconf.ts";

export interface pte_t extends struct {
	pte: int;
}
export interface pmd_t extends struct {
	pmd: int;
}
export interface pud_t extends struct {
	pud: int;
}
export interface p4d_t extends struct {
	p4d: int;
}
export interface pgd_t extends struct {
	pgd: int;
}

export const _PAGE_PRESENT = 0x001;
export const _PAGE_RW = 0x002;
export const _PAGE_USER = 0x004;
export const _PAGE_ACCESSED = 0x020;
export const _PAGE_DIRTY = 0x040;
export const _PAGE_PSE = 0x080;
/** Not present for the MMU, present for the kernel (NUMA hints, PROT_NONE). */
export const _PAGE_PROTNONE = 0x100;
export const _PAGE_SPECIAL = 0x200;
export const _PAGE_UFFD_WP = 0x400;
export const _PAGE_NX = 0x800;

/* The memory key: bits 59-62 of real entries. Port: these are bits of caching
 * attributes, which nothing has here, and of frames beyond all RAM. */
const _PAGE_PKEY_BIT0 = 0x008;
const _PAGE_PKEY_BIT1 = 0x010;
const _PAGE_PKEY_BIT2 = 0x080;
const _PAGE_PKEY_BIT3 = 0x80000000 | 0;
export const _PAGE_PKEY_MASK = CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS
	? _PAGE_PKEY_BIT0 | _PAGE_PKEY_BIT1 | _PAGE_PKEY_BIT2 | _PAGE_PKEY_BIT3
	: 0;
/** Written since clear_refs; real entries have it in bit 11. */
export const _PAGE_SOFT_DIRTY = CONFIG_MEM_SOFT_DIRTY ? 0x40000000 : 0;

export const PAGE_SHIFT = 12;
export const PAGE_SIZE: number = 2 ** PAGE_SHIFT;
export const PTE_FLAGS_MASK =
	(PAGE_SIZE - 1) | _PAGE_PKEY_MASK | _PAGE_SOFT_DIRTY;
export const PTE_PFN_MASK = ~PTE_FLAGS_MASK;

export const _PAGE_TABLE = _PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_DIRTY;
/** What pte_modify() keeps of the old entry. */
export const _PAGE_CHG_MASK = PTE_PFN_MASK | _PAGE_ACCESSED | _PAGE_DIRTY |
	_PAGE_SPECIAL | _PAGE_UFFD_WP | _PAGE_SOFT_DIRTY;

export const PAGE_NONE = _PAGE_PROTNONE | _PAGE_ACCESSED;
export const PAGE_SHARED = _PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_NX;
export const PAGE_SHARED_EXEC = _PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED;
export const PAGE_COPY = _PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED | _PAGE_NX;
export const PAGE_COPY_EXEC = _PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED;
export const PAGE_READONLY = PAGE_COPY;
export const PAGE_READONLY_EXEC = PAGE_COPY_EXEC;

export const __PAGETABLE_P4D_FOLDED: boolean = true;
export const __PAGETABLE_PUD_FOLDED: boolean = false;
export const __PAGETABLE_PMD_FOLDED: boolean = false;
export const PMD_SHIFT = 21;
export const PUD_SHIFT = 30;
export const PGDIR_SHIFT = 39;
export const PMD_SIZE = 0x200000;
export const PUD_SIZE = 0x40000000;
export const P4D_SIZE = 0x8000000000;
export const PGDIR_SIZE = 0x8000000000;
/* The room of a table in memory. */
export const PTE_TABLE_SIZE: number = PAGE_SIZE;
export const PMD_TABLE_SIZE: number = PAGE_SIZE;
export const PUD_TABLE_SIZE: number = PAGE_SIZE;
export const PTRS_PER_PTE = 512;
export const PTRS_PER_PMD = 512;
export const PTRS_PER_PUD = 512;
export const PTRS_PER_PGD = 512;
/** End of user space, exclusive: 47 bits minus the guard page. */
export const TASK_SIZE = 0x7ffffffff000;
export const TASK_SIZE_MAX = TASK_SIZE;
export const STACK_TOP = TASK_SIZE;
/** Where mappings begin that are placed upwards: at a third, rounded up. */
export const TASK_UNMAPPED_BASE = 0x2aaaaaaab000;

/** A table of ptes by its page. */
export type pgtable_t = page;

export function pte_flags(pte: number): number {
	return pte & PTE_FLAGS_MASK;
}

/** The bits of a key in an entry. */
export function pkey_pte_flags(pkey: number): number {
	return (((pkey & 3) << 3) | ((pkey & 4) << 5) | ((pkey & 8) << 28)) &
		_PAGE_PKEY_MASK;
}

/** The key of an entry. */
export function pte_flags_pkey(pte: number): number {
	const flags = pte & _PAGE_PKEY_MASK;

	return ((flags >>> 3) & 3) | ((flags >>> 5) & 4) | ((flags >>> 28) & 8);
}
