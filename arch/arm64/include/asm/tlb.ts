// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/arm64/include/asm/tlb.h and asm-generic/tlb.h's default (5.17):
 * how what was gathered is flushed, and tables on their way out. Left out:
 * hints of the level (tlb_get_level()).
 */
import type { mmu_gather } from "asm-generic/tlb.ts";
import { tlb_get_unmap_size } from "asm-generic/tlb.ts";
import { virt_to_page } from "asm-generic/memory_model.ts";
import type { page } from "linux/mm_types.ts";
import { pgtable_pmd_page_dtor, pgtable_pte_page_dtor } from "linux/mm.ts";
import type { pmd_t, pud_t } from "asm/pgtable_types.ts";
import { __flush_tlb_range, flush_tlb_mm } from "asm/tlbflush.ts";
import { tlb_remove_table } from "mm/mmu_gather.ts";
import { free_page_and_swap_cache } from "mm/swap.ts";

/** Would tables have to wait for a flush? The hardware walks them. */
export function tlb_needs_table_invalidate(): boolean {
	return true;
}

/** Is what tlb_remove_table() gets a struct page, so that it has room for a
 *  callback? */
export function tlb_table_is_page(): boolean {
	return true;
}

/** Nobody walks the table, its memory can go. */
export function __tlb_remove_table(table: page): void {
	free_page_and_swap_cache(table);
}

/** Flush what has been gathered. */
export function tlb_flush(tlb: mmu_gather): void {
	const last_level = !tlb.freed_tables;

	/*
	 * The address space dies: nobody will run with its ASID any more, and
	 * it is not given away again. Only walks through its tables count.
	 */
	if (tlb.fullmm) {
		if (!last_level) flush_tlb_mm(tlb.mm);
		return;
	}
	__flush_tlb_range(
		tlb.mm,
		tlb.start,
		tlb.end,
		tlb_get_unmap_size(tlb),
		last_level,
	);
}

/*
 * The lock in struct page is torn down before the table is freed. It stays a
 * free lock, and a late walker that takes it finds by mmap_seq that it is late.
 */

export function __pte_free_tlb(tlb: mmu_gather, pte: page): void {
	pgtable_pte_page_dtor(pte);
	tlb_remove_table(tlb, pte);
}

export function __pmd_free_tlb(tlb: mmu_gather, pmd: pmd_t): void {
	const page = virt_to_page(uptr(pmd));

	pgtable_pmd_page_dtor(page);
	tlb_remove_table(tlb, page);
}

export function __pud_free_tlb(tlb: mmu_gather, pud: pud_t): void {
	tlb_remove_table(tlb, virt_to_page(uptr(pud)));
}
