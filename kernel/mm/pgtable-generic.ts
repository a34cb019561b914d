// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/pgtable-generic.c (5.17): what to do about corrupt entries, and
 * operations on an entry that flush.
 * Left out: huge pages (pmdp_*(), pudp_*(), pgtable_trans_huge_*()),
 * pgd_clear_bad() (no pgd is bad), and what x86 has a form of its own for.
 */
import { WARN } from "linux/bug.ts";
import type { vm_area_struct } from "linux/mm_types.ts";
import type { p4d_t, pmd_t, pte_t, pud_t } from "asm/pgtable_types.ts";
import {
	p4d_clear, pmd_clear, pte_accessible, ptep_get_and_clear, pud_clear,
} from "asm/pgtable.ts";
import { flush_tlb_page } from "asm/tlbflush.ts";

/* An entry that is neither none nor a table is corruption: report it, and
 * clear it, leaking whatever it meant. */

export function p4d_clear_bad(p4d: p4d_t): void {
	WARN(true, `bad p4d ${(p4d.p4d >>> 0).toString(16)}`);
	p4d_clear(p4d);
}

export function pud_clear_bad(pud: pud_t): void {
	WARN(true, `bad pud ${(pud.pud >>> 0).toString(16)}`);
	pud_clear(pud);
}

export function pmd_clear_bad(pmd: pmd_t): void {
	WARN(true, `bad pmd ${(pmd.pmd >>> 0).toString(16)}`);
	pmd_clear(pmd);
}

/** Take the entry away and wait until no CPU has it cached. Holds the PTL,
 *  with interrupts enabled. */
export function ptep_clear_flush(
	vma: vm_area_struct, address: number, ptep: pte_t,
): number {
	const mm = vma.vm_mm;
	const pte = ptep_get_and_clear(mm, address, ptep);

	if (pte_accessible(mm, pte)) flush_tlb_page(vma, address);
	return pte;
}
