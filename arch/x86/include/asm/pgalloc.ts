// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/include/asm/pgalloc.h (5.17): installing tables.
 * Left out: paravirtual hooks, page-table isolation, kernel page tables.
 */
import type { mm_struct, page } from "linux/mm_types.ts";
import type { p4d_t, pmd_t, pud_t } from "asm/pgtable_types.ts";
import { _PAGE_TABLE } from "asm/pgtable_types.ts";
import { set_p4d, set_pmd, set_pud } from "asm/pgtable.ts";
import { page_to_phys } from "asm-generic/memory_model.ts";

export {
	___pmd_free_tlb as __pmd_free_tlb, ___pte_free_tlb as __pte_free_tlb,
	___pud_free_tlb as __pud_free_tlb, pgd_alloc, pgd_free, pte_alloc_one,
} from "../../mm/pgtable.ts";
export {
	pgtable_cache_init, pmd_alloc_one, pmd_free, pmd_pgtable, pte_free,
	pud_alloc_one, pud_free,
} from "asm-generic/pgalloc.ts";

/* From the moment of the store on every walker can reach the table. */

export function pmd_populate(_mm: mm_struct, pmd: pmd_t, pte: page): void {
	set_pmd(pmd, page_to_phys(pte) | _PAGE_TABLE);
}

export function pud_populate(_mm: mm_struct, pud: pud_t, pmd: pmd_t): void {
	set_pud(pud, uptr(pmd) | _PAGE_TABLE);
}

export function p4d_populate(_mm: mm_struct, p4d: p4d_t, pud: pud_t): void {
	set_p4d(p4d, uptr(pud) | _PAGE_TABLE);
}
