// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/include/asm/tlbflush.h (5.17): what each CPU knows about
 * the address spaces in its TLB, and the ways to flush. The functions are in
 * arch/x86/mm/tlb.ts. Left out: isolation, CR4 shadow, batched reclaim.
 */
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import { PAGE_SHIFT, PAGE_SIZE } from "asm/pgtable_types.ts";
import { flush_tlb_mm_range } from "../../mm/tlb.ts";

export {
	flush_tlb_all, flush_tlb_local, flush_tlb_mm_range, flush_tlb_one_user,
	leave_mm,
} from "../../mm/tlb.ts";

/** "Everything", as the end of a range. */
export const TLB_FLUSH_ALL = Number.MAX_SAFE_INTEGER;

export function flush_tlb_mm(mm: mm_struct): void {
	flush_tlb_mm_range(mm, 0, TLB_FLUSH_ALL, 0, true);
}

export function flush_tlb_range(
	vma: vm_area_struct, start: number, end: number,
): void {
	flush_tlb_mm_range(vma.vm_mm, start, end, PAGE_SHIFT, false);
}

export function flush_tlb_page(vma: vm_area_struct, a: number): void {
	flush_tlb_mm_range(vma.vm_mm, a, a + PAGE_SIZE, PAGE_SHIFT, false);
}

/**
 * A flush is about to be asked for: the entries have been changed. Fully
 * ordered: whoever sees the new generation also sees the changed entries, and
 * we see every CPU that could have seen the old ones. Pairs with the barriers
 * in switch_mm_irqs_off().
 */
export function inc_mm_tlb_gen(mm: mm_struct): number {
	const context = mm.context;

	return (fetch_add(context.tlb_gen.counter, 1) + 1) | 0;
}
