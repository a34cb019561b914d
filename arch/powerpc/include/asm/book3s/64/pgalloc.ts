// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/powerpc/include/asm/book3s/64/pgalloc.h (5.17): installing
 * tables, the upper ones of them, and tables on their way out. Left out: the
 * hash MMU, kernel page tables, accounting of what is mapped one to one.
 */
import type { mmu_gather } from "asm-generic/tlb.ts";
import {
	__GFP_ACCOUNT, __GFP_RETRY_MAYFAIL, __GFP_ZERO, free_pages, GFP_KERNEL,
} from "linux/gfp.ts";
import type { mm_struct } from "linux/mm_types.ts";
import {
	kmem_cache_alloc, kmem_cache_create, kmem_cache_free, SLAB_PANIC,
} from "linux/slab.ts";
import type { kmem_cache } from "linux/slab_def.ts";
import { __get_free_pages } from "mm/page_alloc.ts";
import type {
	p4d_t, pgd_t, pgtable_t, pmd_t, pud_t,
} from "asm/pgtable_types.ts";
import {
	PAGE_SHIFT,
	PGD_TABLE_SHIFT,
	PGD_VAL_BITS,
	PMD_INDEX,
	PMD_VAL_BITS,
	PTE_INDEX,
	PUD_INDEX,
	PUD_TABLE_SIZE,
	PUD_VAL_BITS,
} from "asm/book3s/64/pgtable-bits.ts";
import {
	pmd_page_vaddr, set_p4d, set_pmd, set_pud,
} from "asm/book3s/64/pgtable.ts";
import {
	pgtable_free_tlb, pmd_fragment_alloc, pmd_fragment_free,
} from "../../../../mm/book3s64/pgtable.ts";

const PGALLOC_GFP = GFP_KERNEL | __GFP_ZERO | __GFP_ACCOUNT;
/** One page of 64 KiB, or 16 of 4 KiB. */
const PGD_ORDER = PGD_TABLE_SHIFT - PAGE_SHIFT;

interface pgtable_caches extends struct {
	pud: kmem_cache; /* PGT_CACHE(PUD_CACHE_INDEX); constant after boot */
}
const pgtable_cache = DEFINE<pgtable_caches>();

/** mm/init-common.c: boot, when there are slabs. */
export function pgtable_cache_init(): void {
	pgtable_cache.pud = kmem_cache_create(
		"pgtable-2^9",
		PUD_TABLE_SIZE,
		PUD_TABLE_SIZE,
		SLAB_PANIC,
	);
}

/** NULL without memory. */
export function pgd_alloc(_mm: mm_struct): pgd_t {
	const pgd = __get_free_pages(
		PGALLOC_GFP | __GFP_RETRY_MAYFAIL,
		PGD_ORDER,
	);

	return pgd === 0 ? NULL : cast<pgd_t>(pgd);
}

/** Nobody refers to the mm any more, so no CPU has the table loaded. */
export function pgd_free(_mm: mm_struct, pgd: pgd_t): void {
	free_pages(uptr(pgd), PGD_ORDER);
}

/* From the moment of the store on every walker can reach the table. */

export function p4d_populate(_mm: mm_struct, p4d: p4d_t, pud: pud_t): void {
	set_p4d(p4d, uptr(pud) | PGD_VAL_BITS);
}

/** A table of zeroes; NULL without memory. Port: zeroed when it is handed out,
 *  not by the constructor of its slab. */
export function pud_alloc_one(_mm: mm_struct, _addr: number): pud_t {
	return kmem_cache_alloc<pud_t>(pgtable_cache.pud, PGALLOC_GFP);
}

export function __pud_free(pud: pud_t): void {
	kmem_cache_free(pgtable_cache.pud, pud);
}

export function pud_free(_mm: mm_struct, pud: pud_t): void {
	__pud_free(pud);
}

export function pud_populate(_mm: mm_struct, pud: pud_t, pmd: pmd_t): void {
	set_pud(pud, uptr(pmd) | PUD_VAL_BITS);
}

export function __pud_free_tlb(tlb: mmu_gather, pud: pud_t): void {
	pgtable_free_tlb(tlb, uptr(pud), PUD_INDEX);
}

export function pmd_alloc_one(mm: mm_struct, addr: number): pmd_t {
	return pmd_fragment_alloc(mm, addr);
}

export function pmd_free(_mm: mm_struct, pmd: pmd_t): void {
	pmd_fragment_free(pmd);
}

export function __pmd_free_tlb(tlb: mmu_gather, pmd: pmd_t): void {
	pgtable_free_tlb(tlb, uptr(pmd), PMD_INDEX);
}

export function pmd_populate(
	_mm: mm_struct,
	pmd: pmd_t,
	pte_page: pgtable_t,
): void {
	set_pmd(pmd, uptr(pte_page) | PMD_VAL_BITS);
}

/** asm/book3s/pgalloc.h: the table behind an entry. */
export function pmd_pgtable(pmd: number): pgtable_t {
	return cast<pgtable_t>(pmd_page_vaddr(pmd));
}

export function __pte_free_tlb(tlb: mmu_gather, table: pgtable_t): void {
	pgtable_free_tlb(tlb, uptr(table), PTE_INDEX);
}
