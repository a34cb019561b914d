// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/include/asm/tlb.h (5.17): how what was gathered is flushed.
 */
import type { mmu_gather } from "asm-generic/tlb.ts";
import { tlb_get_unmap_shift } from "asm-generic/tlb.ts";
import type { page } from "linux/mm_types.ts";
import { free_page_and_swap_cache } from "mm/swap.ts";
import { flush_tlb_mm_range, TLB_FLUSH_ALL } from "asm/tlbflush.ts";

/** Would a batch of tables have to wait for a flush? x86 walks by hardware. */
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
	let start = 0;
	let end = TLB_FLUSH_ALL;

	if (!tlb.fullmm && !tlb.need_flush_all) {
		start = tlb.start;
		end = tlb.end;
	}
	flush_tlb_mm_range(tlb.mm, start, end, tlb_get_unmap_shift(tlb),
		tlb.freed_tables);
}
