// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/mm/pgtable.c (5.17): the root of an address space, and page
 * tables on their way out. Left out: preallocated pmds, the pgd list (the
 * kernel has no mappings of its own in these tables), isolation, fixmap.
 */
import type { mm_struct, page } from "linux/mm_types.ts";
import type { pgd_t, pmd_t, pud_t } from "asm/pgtable_types.ts";
import { __get_free_page, free_page } from "linux/gfp.ts";
import {
	__pte_alloc_one, GFP_PGTABLE_USER,
} from "asm-generic/pgalloc.ts";
import { pgtable_pmd_page_dtor, pgtable_pte_page_dtor } from "linux/mm.ts";
import { virt_to_page } from "asm-generic/memory_model.ts";
import type { mmu_gather } from "asm-generic/tlb.ts";
import { tlb_remove_table } from "mm/mmu_gather.ts";

export function pte_alloc_one(mm: mm_struct): page {
	return __pte_alloc_one(mm, GFP_PGTABLE_USER);
}

/*
 * The lock in struct page is torn down before the table is freed. It stays a
 * free lock, and a late walker that takes it finds by mmap_seq that it is late.
 */

export function ___pte_free_tlb(tlb: mmu_gather, pte: page): void {
	pgtable_pte_page_dtor(pte);
	tlb_remove_table(tlb, pte);
}

export function ___pmd_free_tlb(tlb: mmu_gather, pmd: pmd_t): void {
	const table = virt_to_page(uptr(pmd));

	pgtable_pmd_page_dtor(table);
	tlb_remove_table(tlb, table);
}

export function ___pud_free_tlb(tlb: mmu_gather, pud: pud_t): void {
	tlb_remove_table(tlb, virt_to_page(uptr(pud)));
}

/** NULL without memory. */
export function pgd_alloc(_mm: mm_struct): pgd_t {
	const pgd = __get_free_page(GFP_PGTABLE_USER);

	return pgd === 0 ? NULL : cast<pgd_t>(pgd);
}

/** The last reference to the mm is gone: no CPU has the table loaded. */
export function pgd_free(_mm: mm_struct, pgd: pgd_t): void {
	free_page(uptr(pgd));
}
