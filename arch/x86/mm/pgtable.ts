// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/mm/pgtable.c (5.17): the root of an address space, and page
 * tables on their way out. Left out: preallocated pmds, the pgd list (the
 * kernel has no mappings of its own in these tables), isolation, fixmap, huge
 * pages and mappings, paravirtual tables, ___p4d_free_tlb() (that level is
 * folded), reserve_top_address().
 */
import type { mm_struct, page, vm_area_struct } from "linux/mm_types.ts";
import type { pgd_t, pmd_t, pte_t, pud_t } from "asm/pgtable_types.ts";
import { __get_free_page, free_page } from "linux/gfp.ts";
import {
	__pte_alloc_one, GFP_PGTABLE_USER,
} from "asm-generic/pgalloc.ts";
import { pgtable_pmd_page_dtor, pgtable_pte_page_dtor } from "linux/mm.ts";
import { virt_to_page } from "asm-generic/memory_model.ts";
import type { mmu_gather } from "asm-generic/tlb.ts";
import { tlb_remove_table } from "mm/mmu_gather.ts";
import { pte_young, set_pte } from "asm/pgtable.ts";
import { _PAGE_ACCESSED } from "asm/pgtable_types.ts";

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

/** Nobody refers to the mm any more, so no CPU has the table loaded. */
export function pgd_free(_mm: mm_struct, pgd: pgd_t): void {
	free_page(uptr(pgd));
}

/**
 * Raise the permissions of a present entry. Holds the page-table lock.
 * Only a write fault (dirty) stores: accessed is set by the walker itself.
 * @returns whether the entry differed.
 */
export function ptep_set_access_flags(
	_vma: vm_area_struct, _address: number, ptep: pte_t,
	entry: number, dirty: boolean,
): boolean {
	/* Marked: another CPU's walker may be setting a bit. It is one that
	 * entry has, so nothing is lost. */
	const changed = READ_ONCE(ptep.pte) !== entry;

	if (changed && dirty) set_pte(ptep, entry);
	return changed;
}

/** Was the page used since the last time? Atomic against the cmpxchg in
 *  mmu_walk(). Holds the page-table lock. */
export function ptep_test_and_clear_young(
	_vma: vm_area_struct, _addr: number, ptep: pte_t,
): boolean {
	if (!pte_young(READ_ONCE(ptep.pte))) return false;
	return (fetch_and(ptep.pte, ~_PAGE_ACCESSED) & _PAGE_ACCESSED) !== 0;
}

/**
 * x86 does not flush here: a stale accessed bit in a TLB only makes the page
 * look idle for a while, and flushing each time would cost more than that.
 */
export function ptep_clear_flush_young(
	vma: vm_area_struct, address: number, ptep: pte_t,
): boolean {
	return ptep_test_and_clear_young(vma, address, ptep);
}
