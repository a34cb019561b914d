// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the second half of arch/powerpc/include/asm/book3s/64/radix.h (5.17):
 * entries as the radix MMU has them. The bits are in
 * asm/book3s/64/pgtable-bits.ts. Left out: huge pages, kernel mappings, memory
 * hotplug.
 */
import { CONFIG_DEBUG_VM } from "generated/autoconf.ts";
import type { mm_struct } from "linux/mm_types.ts";
import type { pte_t } from "asm/pgtable_types.ts";
import {
	RADIX_PMD_BAD_BITS,
	RADIX_PTE_NONE_MASK,
} from "asm/book3s/64/pgtable-bits.ts";
import { assert_pte_locked } from "../../../../mm/pgtable.ts";

/** Port: `ldarx` and `stdcx.`, which the barriers around them make one atomic
 *  operation, are a fully ordered cmpxchg. */
export function __radix_pte_update(
	ptep: pte_t,
	clr: number,
	set: number,
): number {
	let pte = READ_ONCE(ptep.pte);

	for (;;) {
		const old_pte = pte;

		/* Atomic: pairs with the one in mmu_walk(). */
		pte = cmpxchg(ptep.pte, old_pte, (old_pte & ~clr) | set);
		if (pte === old_pte) return old_pte;
	}
}

/** Holds the page-table lock. */
export function radix__pte_update(
	mm: mm_struct,
	addr: number,
	ptep: pte_t,
	clr: number,
	set: number,
): number {
	const old_pte = __radix_pte_update(ptep, clr, set);

	if (CONFIG_DEBUG_VM) assert_pte_locked(mm, addr);
	return old_pte;
}

/** full: no walker is left that could set a bit meanwhile. */
export function radix__ptep_get_and_clear_full(
	mm: mm_struct,
	addr: number,
	ptep: pte_t,
	full: boolean,
): number {
	if (!full) return radix__pte_update(mm, addr, ptep, -1, 0);
	const old_pte = ptep.pte;

	ptep.pte = 0;
	return old_pte;
}

export function radix__pte_same(pte_a: number, pte_b: number): boolean {
	return pte_a === pte_b;
}

export function radix__pte_none(pte: number): boolean {
	return (pte & ~RADIX_PTE_NONE_MASK) === 0;
}

/**
 * Without the `ptesync` that the architecture suggests: who walks before the
 * store is seen faults, and finds the entry then. One aligned word: a walker
 * sees the old entry or the new one.
 */
export function radix__set_pte_at(ptep: pte_t, pte: number): void {
	WRITE_ONCE(ptep.pte, pte);
}

/** The same of all upper levels. */
export function radix__pmd_bad(pmd: number): boolean {
	return (pmd & RADIX_PMD_BAD_BITS) !== 0;
}
