// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/powerpc/include/asm/tlb.h (5.17): how what was gathered is
 * flushed, and tables on their way out. Left out: mm_is_thread_local() and
 * mm_is_core_local(), which only the hash MMU and the embedded family ask:
 * radix has flush_type_needed() for it.
 */
export { __tlb_remove_table } from "../../mm/book3s64/pgtable.ts";
export { radix__tlb_flush as tlb_flush } from "../../mm/book3s64/radix_tlb.ts";

/** Is what tlb_remove_table() gets a struct page, so that it has room for a
 *  callback? A table is told by its address, and may share its page. */
export function tlb_table_is_page(): boolean {
	return false;
}

/** Would tables have to wait for a flush? The hardware walks them, and caches
 *  where they are. */
export function tlb_needs_table_invalidate(): boolean {
	return true;
}
