// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/asm-generic/pgtable-nopud.h (5.17): no pud tables either, so
 * three levels. The pud is the p4d entry, and with it the pgd entry.
 * Port: which levels there are is a constant, so that an architecture whose
 * configuration decides it asks for __PAGETABLE_PUD_FOLDED in its own functions
 * and calls these; C includes this file or does not. What is the same for all
 * of them is where it is used: pud_addr_end() in linux/pgtable.ts,
 * pud_free_tlb() in asm-generic/tlb.ts. No pud is ever allocated.
 */
import type { p4d_t, pud_t } from "asm/pgtable_types.ts";

export function p4d_none(_p4d: number): boolean {
	return false;
}

export function p4d_bad(_p4d: number): boolean {
	return false;
}

export function p4d_present(_p4d: number): boolean {
	return true;
}

export function p4d_clear(_p4d: p4d_t): void {}

export function p4d_populate(_p4d: p4d_t, _pud: pud_t): void {}

export function pud_offset(p4d: p4d_t, _address: number): pud_t {
	return cast<pud_t>(p4d);
}
