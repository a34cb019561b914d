// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/powerpc/include/asm/tlbflush.h and asm/book3s/64/tlbflush.h
 * (5.17): the ways to flush, of the one MMU that is ported, radix. Left out:
 * kernel ranges, huge pages, disable_tlbie (without `tlbie`, CPUs would be
 * interrupted), accelerators.
 */
export {
	radix__flush_all_mm as flush_all_mm,
	radix__flush_tlb_all as flush_tlb_all,
	radix__flush_tlb_mm as flush_tlb_mm,
	radix__flush_tlb_page as flush_tlb_page,
	radix__flush_tlb_range as flush_tlb_range,
	radix__local_flush_tlb_mm as local_flush_tlb_mm,
	TLB_FLUSH_ALL,
} from "../../mm/book3s64/radix_tlb.ts";
export { tlbiel_all } from "../../mm/tlb.ts";
