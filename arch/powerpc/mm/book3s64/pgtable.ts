// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/powerpc/mm/book3s64/pgtable.c (5.17): tables of pmds as
 * fragments of pages, tables on their way out, and a change of protection in
 * two steps. Left out: kernel mappings, partitions of hypervisors, huge pages,
 * and with them serialize_against_pte_lookup(): that interrupts all CPUs that
 * have the mm, for who walks tables with interrupts off. It is called where a
 * pmd stops to be a huge page or begins to be one, and nowhere else.
 */
import { BUG_ON } from "linux/bug.ts";
import { atomic_dec_and_test, atomic_read, atomic_set } from "linux/atomic.ts";
import {
	__free_page, __GFP_ACCOUNT, __GFP_ZERO, alloc_page, GFP_KERNEL,
} from "linux/gfp.ts";
import type { mm_struct, page, vm_area_struct } from "linux/mm_types.ts";
import { pgtable_pmd_page_ctor, pgtable_pmd_page_dtor } from "linux/mm.ts";
import { spin_lock, spin_unlock } from "linux/spinlock.ts";
import type { mmu_gather } from "asm-generic/tlb.ts";
import { page_address, virt_to_page } from "asm-generic/memory_model.ts";
import type { pmd_t, pte_t, pud_t } from "asm/pgtable_types.ts";
import {
	_PAGE_INVALID,
	_PAGE_PRESENT,
	MAX_PGTABLE_INDEX_SIZE,
	PAGE_SIZE,
	PMD_FRAG_NR,
	PMD_FRAG_SIZE,
	PMD_INDEX,
	PTE_INDEX,
	PUD_INDEX,
} from "asm/book3s/64/pgtable-bits.ts";
import { __pud_free } from "asm/pgalloc.ts";
import { pte_update } from "asm/book3s/64/pgtable.ts";
import { tlb_remove_table } from "mm/mmu_gather.ts";
import { pte_fragment_free } from "../pgtable-frag.ts";
import { radix__ptep_modify_prot_commit } from "./radix_pgtable.ts";

/** The next fragment of the page that mm has begun; NULL: there is none. Takes
 *  page_table_lock. */
function get_pmd_from_cache(mm: mm_struct): pmd_t {
	if (PMD_FRAG_NR === 1) return NULL;
	const context = mm.context;

	spin_lock(mm.page_table_lock);
	const ret = context.pmd_frag;
	if (ret !== 0) {
		const next = ret + PMD_FRAG_SIZE;

		/* The last one of its page. */
		context.pmd_frag = next % PAGE_SIZE === 0 ? 0 : next;
	}
	spin_unlock(mm.page_table_lock);
	return ret === 0 ? NULL : cast<pmd_t>(ret);
}

/** A new page, and what is left of it for the next ones. Takes
 *  page_table_lock. */
function __alloc_for_pmdcache(mm: mm_struct): pmd_t {
	const page = alloc_page(GFP_KERNEL | __GFP_ACCOUNT | __GFP_ZERO);

	if (page === NULL) return NULL;
	if (!pgtable_pmd_page_ctor(page)) {
		__free_page(page);
		return NULL;
	}
	atomic_set(page.pt_frag_refcount, 1);
	const ret = page_address(page);

	if (PMD_FRAG_NR === 1) return cast<pmd_t>(ret);
	const context = mm.context;

	spin_lock(mm.page_table_lock);
	/* If somebody was faster this page is for one table alone. */
	if (context.pmd_frag === 0) {
		atomic_set(page.pt_frag_refcount, PMD_FRAG_NR);
		context.pmd_frag = ret + PMD_FRAG_SIZE;
	}
	spin_unlock(mm.page_table_lock);
	return cast<pmd_t>(ret);
}

/** A table of zeroes; NULL without memory. */
export function pmd_fragment_alloc(mm: mm_struct, _vmaddr: number): pmd_t {
	const pmd = get_pmd_from_cache(mm);

	return pmd !== NULL ? pmd : __alloc_for_pmdcache(mm);
}

/** Nobody walks the table any more. The last one takes the page along. */
export function pmd_fragment_free(pmd: pmd_t): void {
	const page = virt_to_page(uptr(pmd));

	BUG_ON(
		atomic_read(page.pt_frag_refcount) <= 0,
		"pmd_fragment_free: a page without tables",
	);
	if (atomic_dec_and_test(page.pt_frag_refcount)) {
		pgtable_pmd_page_dtor(page);
		__free_page(page);
	}
}

function pgtable_free(table: number, index: number): void {
	switch (index) {
		case PTE_INDEX:
			pte_fragment_free(cast<pte_t>(table));
			break;
		case PMD_INDEX:
			pmd_fragment_free(cast<pmd_t>(table));
			break;
		case PUD_INDEX:
			__pud_free(cast<pud_t>(table));
			break;
		default:
			BUG_ON(true, "pgtable_free: no kind of table");
	}
}

/** The table is unlinked: free it when nobody walks it any more. What kind of
 *  table it is goes along in its address, whose low bits are zeroes. Port: as a
 *  pointer to a struct page, which it is not. */
export function pgtable_free_tlb(
	tlb: mmu_gather,
	table: number,
	index: number,
): void {
	BUG_ON(index > MAX_PGTABLE_INDEX_SIZE);
	tlb_remove_table(tlb, cast<page>(table | index));
}

/** Nobody does: a grace period is over. */
export function __tlb_remove_table(_table: page): void {
	const table = uptr(_table) & ~MAX_PGTABLE_INDEX_SIZE;
	const index = uptr(_table) & MAX_PGTABLE_INDEX_SIZE;

	pgtable_free(table, index);
}

/**
 * The hardware is to keep its hands off the entry until the commit, so that no
 * R and no C is lost; for everybody else it stays present. Holds the page-table
 * lock.
 */
export function ptep_modify_prot_start(
	vma: vm_area_struct,
	addr: number,
	ptep: pte_t,
): number {
	return pte_update(vma.vm_mm, addr, ptep, _PAGE_PRESENT, _PAGE_INVALID);
}

export function ptep_modify_prot_commit(
	vma: vm_area_struct,
	addr: number,
	ptep: pte_t,
	_old_pte: number,
	pte: number,
): void {
	radix__ptep_modify_prot_commit(vma.vm_mm, addr, ptep, pte);
}
