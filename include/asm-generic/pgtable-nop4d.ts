// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/asm-generic/pgtable-nop4d.h (5.17): an architecture without
 * p4d tables. The p4d is the pgd entry itself, so a pgd entry is never none and
 * never bad; the tests are made one level down.
 * Port: an architecture takes these functions by exporting them from its
 * asm/pgtable.ts, and says so by __PAGETABLE_P4D_FOLDED in its
 * asm/pgtable_types.ts.
 */
import type { p4d_t, pgd_t } from "asm/pgtable_types.ts";

export function pgd_none(_pgd: number): boolean {
	return false;
}

export function pgd_bad(_pgd: number): boolean {
	return false;
}

export function pgd_present(_pgd: number): boolean {
	return true;
}

export function pgd_clear(_pgd: pgd_t): void {}

export function p4d_offset(pgd: pgd_t, _address: number): p4d_t {
	return cast<p4d_t>(pgd);
}
