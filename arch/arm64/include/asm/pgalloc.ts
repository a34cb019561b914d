// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/arm64/include/asm/pgalloc.h and mm/pgd.c (5.17): installing
 * tables, and the root of an address space. Left out: roots smaller than a
 * page, tables that the kernel alone may walk (PMD_TABLE_PXN), kernel page
 * tables.
 */
import type { mm_struct, page } from "linux/mm_types.ts";
import type { p4d_t, pgd_t, pmd_t, pud_t } from "asm/pgtable_types.ts";
import {
	__PAGETABLE_PMD_FOLDED,
	__PAGETABLE_PUD_FOLDED,
	P4D_TYPE_TABLE,
	PMD_TYPE_TABLE,
	PUD_TYPE_TABLE,
} from "asm/pgtable-hwdef.ts";
import { set_p4d, set_pmd, set_pud } from "asm/pgtable.ts";
import { __get_free_page, free_page } from "linux/gfp.ts";
import { __pte_alloc_one, GFP_PGTABLE_USER } from "asm-generic/pgalloc.ts";
import { page_to_phys } from "asm-generic/memory_model.ts";
import {
	pud_populate as nopmd_pud_populate,
} from "asm-generic/pgtable-nopmd.ts";
import {
	p4d_populate as nopud_p4d_populate,
} from "asm-generic/pgtable-nopud.ts";

export { __pmd_free_tlb, __pte_free_tlb, __pud_free_tlb } from "asm/tlb.ts";
export {
	pgtable_cache_init,
	pmd_alloc_one,
	pmd_free,
	pmd_pgtable,
	pte_free,
	pud_alloc_one,
	pud_free,
} from "asm-generic/pgalloc.ts";

export function pte_alloc_one(mm: mm_struct): page {
	return __pte_alloc_one(mm, GFP_PGTABLE_USER);
}

/* From the moment of the store on every walker can reach the table. */

export function p4d_populate(_mm: mm_struct, p4d: p4d_t, pud: pud_t): void {
	if (__PAGETABLE_PUD_FOLDED) nopud_p4d_populate(p4d, pud);
	else set_p4d(p4d, uptr(pud) | P4D_TYPE_TABLE);
}

export function pud_populate(_mm: mm_struct, pud: pud_t, pmd: pmd_t): void {
	if (__PAGETABLE_PMD_FOLDED) nopmd_pud_populate(pud, pmd);
	else set_pud(pud, uptr(pmd) | PUD_TYPE_TABLE);
}

export function pmd_populate(_mm: mm_struct, pmd: pmd_t, pte: page): void {
	set_pmd(pmd, page_to_phys(pte) | PMD_TYPE_TABLE);
}

/** NULL without memory. */
export function pgd_alloc(_mm: mm_struct): pgd_t {
	const pgd = __get_free_page(GFP_PGTABLE_USER);

	return pgd === 0 ? NULL : cast<pgd_t>(pgd);
}

/** Nobody refers to the mm any more, so no CPU has the table loaded. */
export function pgd_free(_mm: mm_struct, pgd: pgd_t): void {
	free_page(uptr(pgd));
}
