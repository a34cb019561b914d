// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the part of arch/powerpc/mm/book3s64/radix_pgtable.c (5.17) that
 * changes entries of users. Left out: kernel mappings, which are most of it,
 * huge pages, and the care for accelerators that translate addresses
 * (`copros`), before which an entry must be invalid while it is relaxed.
 */
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import type { pte_t } from "asm/pgtable_types.ts";
import {
	_PAGE_ACCESSED,
	_PAGE_DIRTY,
	_PAGE_EXEC,
	_PAGE_RW,
} from "asm/book3s/64/pgtable-bits.ts";
import { __radix_pte_update } from "asm/book3s/64/radix.ts";
import { set_pte_at } from "../pgtable.ts";

/**
 * Only to more. Nothing is flushed: a CPU with a translation that permits less
 * faults by it, and the architecture has it look at the entry again then. Holds
 * the page-table lock.
 */
export function radix__ptep_set_access_flags(
	_vma: vm_area_struct,
	ptep: pte_t,
	entry: number,
	_address: number,
): void {
	const set =
		entry & (_PAGE_DIRTY | _PAGE_ACCESSED | _PAGE_RW | _PAGE_EXEC);

	__radix_pte_update(ptep, 0, set);
}

/** The entry is one that the hardware does not use, see
 *  ptep_modify_prot_start(). */
export function radix__ptep_modify_prot_commit(
	mm: mm_struct,
	addr: number,
	ptep: pte_t,
	pte: number,
): void {
	set_pte_at(mm, addr, ptep, pte);
}
