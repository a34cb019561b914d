// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/arm64/include/asm/tlbflush.h (5.17): the ways to flush. No CPU
 * is interrupted for any of them. Left out: kernel ranges, hints of the level,
 * the second ASID of page-table isolation. Port: `dsb ishst`, by which walkers
 * see the changed tables, is in the instruction that follows it: see
 * arch/arm64/mm/tlb.ts.
 */
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import { PAGE_SIZE, PTRS_PER_PTE } from "asm/pgtable-hwdef.ts";
import {
	dsb_ish,
	tlbi_asid,
	tlbi_local,
	tlbi_page,
	tlbi_range,
} from "../../mm/tlb.ts";

/** "Everything", as the end of a range. */
export const TLB_FLUSH_ALL = Number.MAX_SAFE_INTEGER;

/** The tag of an address space's translations. */
function ASID(mm: mm_struct): number {
	return mm.context.ctx_id;
}

/** This CPU alone. */
export function local_flush_tlb_all(): void {
	tlbi_local();
}

/** Everything, everywhere. */
export function flush_tlb_all(): void {
	tlbi_asid(0);
	dsb_ish();
}

export function flush_tlb_mm(mm: mm_struct): void {
	tlbi_asid(ASID(mm));
	dsb_ish();
}

/** A page, and nobody waits for accesses that use the old translation. */
export function flush_tlb_page_nosync(
	vma: vm_area_struct,
	uaddr: number,
): void {
	tlbi_page(Math.floor(uaddr / PAGE_SIZE), ASID(vma.vm_mm));
}

export function flush_tlb_page(vma: vm_area_struct, uaddr: number): void {
	flush_tlb_page_nosync(vma, uaddr);
	dsb_ish();
}

/** More than that is flushed by forgetting the whole address space. */
const MAX_TLBI_OPS = PTRS_PER_PTE;

/** [start, end) in steps of stride. Port: takes the mm, of the vma that the
 *  kernel's asks for nothing else. */
export function __flush_tlb_range(
	mm: mm_struct,
	start: number,
	end: number,
	stride: number,
	_last_level: boolean,
): void {
	start = Math.floor(start / stride) * stride;
	end = Math.ceil(end / stride) * stride;
	if (end - start >= MAX_TLBI_OPS * stride) {
		flush_tlb_mm(mm);
		return;
	}
	tlbi_range(
		start / PAGE_SIZE,
		(end - start) / stride,
		stride / PAGE_SIZE,
		ASID(mm),
	);
	dsb_ish();
}

/** Of a vma; tables may be about to move, so not the last level alone. */
export function flush_tlb_range(
	vma: vm_area_struct,
	start: number,
	end: number,
): void {
	__flush_tlb_range(vma.vm_mm, start, end, PAGE_SIZE, false);
}
