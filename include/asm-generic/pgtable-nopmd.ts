// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/asm-generic/pgtable-nopmd.h (5.17): no pmd tables, so two
 * levels. The pmd is the pud entry, which is the pgd entry.
 * Port: see asm-generic/pgtable-nopud.ts; the constant is
 * __PAGETABLE_PMD_FOLDED.
 */
import type { pmd_t, pud_t } from "asm/pgtable_types.ts";

export function pud_none(_pud: number): boolean {
	return false;
}

export function pud_bad(_pud: number): boolean {
	return false;
}

export function pud_present(_pud: number): boolean {
	return true;
}

export function pud_clear(_pud: pud_t): void {}

export function pud_populate(_pud: pud_t, _pmd: pmd_t): void {}

export function pmd_offset(pud: pud_t, _address: number): pmd_t {
	return cast<pmd_t>(pud);
}
