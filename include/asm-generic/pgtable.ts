// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors those parts of include/linux/pgtable.h (5.17) that an architecture
 * may have otherwise (#ifndef): changes of an entry in two steps, so that
 * hardware bits are not lost, and the write bit of NUMA hints.
 */
import type { vm_area_struct } from "linux/mm_types.ts";
import {
	pte_mkwrite, pte_write, pte_wrprotect, ptep_get_and_clear, set_pte_at,
} from "asm/pgtable.ts";
import type { pte_t } from "asm/pgtable_types.ts";

/** Takes the entry away: from here to the commit no walker can set a bit. */
export function ptep_modify_prot_start(
	vma: vm_area_struct, addr: number, ptep: pte_t,
): number {
	return ptep_get_and_clear(vma.vm_mm, addr, ptep);
}

export function ptep_modify_prot_commit(
	vma: vm_area_struct, addr: number, ptep: pte_t,
	_old_pte: number, pte: number,
): void {
	set_pte_at(vma.vm_mm, addr, ptep, pte);
}

/* A NUMA hint keeps the write bit in the entry, which no CPU can use. */

export function pte_savedwrite(pte: number): boolean {
	return pte_write(pte);
}

export function pte_mk_savedwrite(pte: number): number {
	return pte_mkwrite(pte);
}

export function pte_clear_savedwrite(pte: number): number {
	return pte_wrprotect(pte);
}
