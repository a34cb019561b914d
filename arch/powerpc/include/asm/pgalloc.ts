// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/powerpc/include/asm/pgalloc.h (5.17): tables of ptes. Left out:
 * kernel page tables. All others are in asm/book3s/64/pgalloc.ts.
 */
import type { mm_struct } from "linux/mm_types.ts";
import type { pgtable_t } from "asm/pgtable_types.ts";
import {
	pte_fragment_alloc, pte_fragment_free,
} from "../../mm/pgtable-frag.ts";

export * from "asm/book3s/64/pgalloc.ts";

export function pte_alloc_one(mm: mm_struct): pgtable_t {
	return pte_fragment_alloc(mm);
}

/** A table that was never installed, or that nobody can walk any more. */
export function pte_free(_mm: mm_struct, ptepage: pgtable_t): void {
	pte_fragment_free(ptepage);
}
