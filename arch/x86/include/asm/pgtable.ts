// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/include/asm/pgtable.h and pgtable_64.h (5.17): what the bits
 * of an entry mean, and the x86 forms of the operations on live entries.
 * Left out: huge pages, shadow stacks, encryption,
 * paravirtual page tables.
 *
 * Port: `pte_t *` is the struct pointer type pte_t; a `pte_t` value is the
 * number that its one word holds. An entry in use by a CPU is also written by
 * that CPU's page walker (accessed and dirty, by cmpxchg), so whoever replaces
 * a live entry does it with an atomic read-modify-write.
 */
import {
	CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS,
} from "generated/autoconf.ts";
import { pfn_to_page, page_to_pfn } from "asm-generic/memory_model.ts";
import { __pkru_allows_pkey } from "asm/mmu_context.ts";
import type { mm_struct, page, vm_area_struct } from "linux/mm_types.ts";
import { mm_tlb_flush_pending } from "linux/mm_types.ts";
import type { p4d_t, pmd_t, pte_t, pud_t } from "asm/pgtable_types.ts";
import {
	_PAGE_ACCESSED, _PAGE_CHG_MASK, _PAGE_DIRTY, _PAGE_NX, _PAGE_PRESENT,
	_PAGE_PROTNONE, _PAGE_RW, _PAGE_SOFT_DIRTY, _PAGE_SPECIAL, _PAGE_TABLE,
	_PAGE_UFFD_WP,
	_PAGE_USER, PAGE_SHIFT, PTE_FLAGS_MASK, PTE_PFN_MASK, pte_flags_pkey,
} from "asm/pgtable_types.ts";

export {
	ptep_clear_flush_young, ptep_set_access_flags,
	ptep_test_and_clear_young,
} from "../../mm/pgtable.ts";
export {
	p4d_offset, pgd_bad, pgd_clear, pgd_none, pgd_present,
} from "asm-generic/pgtable-nop4d.ts";
export {
	pte_clear_savedwrite, pte_mk_savedwrite, pte_savedwrite,
	ptep_modify_prot_commit, ptep_modify_prot_start,
} from "asm-generic/pgtable.ts";

/* ---- live entries: stores ---- */

/** One aligned word: a walker sees the old entry or the new one. */
export function set_pte(ptep: pte_t, pte: number): void {
	WRITE_ONCE(ptep.pte, pte);
}

export function set_pmd(pmdp: pmd_t, pmd: number): void {
	WRITE_ONCE(pmdp.pmd, pmd);
}

export function set_p4d(p4dp: p4d_t, p4d: number): void {
	WRITE_ONCE(p4dp.p4d, p4d);
}

export function p4d_clear(p4dp: p4d_t): void {
	WRITE_ONCE(p4dp.p4d, 0);
}

export function set_pud(pudp: pud_t, pud: number): void {
	WRITE_ONCE(pudp.pud, pud);
}

export function pud_clear(pudp: pud_t): void {
	WRITE_ONCE(pudp.pud, 0);
}

export function pte_clear(_mm: mm_struct, _addr: number, ptep: pte_t): void {
	WRITE_ONCE(ptep.pte, 0);
}

export function pmd_clear(pmdp: pmd_t): void {
	WRITE_ONCE(pmdp.pmd, 0);
}

/* ---- entries: bits ---- */

export function pte_dirty(pte: number): boolean {
	return (pte & _PAGE_DIRTY) !== 0;
}

export function pte_young(pte: number): boolean {
	return (pte & _PAGE_ACCESSED) !== 0;
}

export function pte_write(pte: number): boolean {
	return (pte & _PAGE_RW) !== 0;
}

export function pte_exec(pte: number): boolean {
	return (pte & _PAGE_NX) === 0;
}

export function pte_special(pte: number): boolean {
	return (pte & _PAGE_SPECIAL) !== 0;
}

export function pte_pfn(pte: number): number {
	return (pte & PTE_PFN_MASK) >>> PAGE_SHIFT;
}

export function pmd_pfn(pmd: number): number {
	return pmd >>> PAGE_SHIFT;
}

export function pte_page(pte: number): page {
	return pfn_to_page(pte_pfn(pte));
}

export function pte_uffd_wp(pte: number): boolean {
	return (pte & _PAGE_UFFD_WP) !== 0;
}

export function pte_mkuffd_wp(pte: number): number {
	return pte_wrprotect(pte | _PAGE_UFFD_WP);
}

export function pte_clear_uffd_wp(pte: number): number {
	return pte & ~_PAGE_UFFD_WP;
}

export function pte_mkclean(pte: number): number {
	return pte & ~_PAGE_DIRTY;
}

export function pte_mkold(pte: number): number {
	return pte & ~_PAGE_ACCESSED;
}

export function pte_wrprotect(pte: number): number {
	return pte & ~_PAGE_RW;
}

export function pte_mkexec(pte: number): number {
	return pte & ~_PAGE_NX;
}

export function pte_mkdirty(pte: number): number {
	return pte | _PAGE_DIRTY | _PAGE_SOFT_DIRTY;
}

export function pte_mkyoung(pte: number): number {
	return pte | _PAGE_ACCESSED;
}

export function pte_mkwrite(pte: number): number {
	return pte | _PAGE_RW;
}

export function pte_mkspecial(pte: number): number {
	return pte | _PAGE_SPECIAL;
}

export function pte_soft_dirty(pte: number): boolean {
	return (pte & _PAGE_SOFT_DIRTY) !== 0;
}

export function pte_mksoft_dirty(pte: number): number {
	return pte | _PAGE_SOFT_DIRTY;
}

export function pte_clear_soft_dirty(pte: number): number {
	return pte & ~_PAGE_SOFT_DIRTY;
}

export function pfn_pte(pfn: number, pgprot: number): number {
	return (pfn << PAGE_SHIFT) | pgprot;
}

/** Change the protection; frame, accessed, dirty and special stay. */
export function pte_modify(pte: number, newprot: number): number {
	return (pte & _PAGE_CHG_MASK) | (newprot & ~_PAGE_CHG_MASK);
}

export function pte_none(pte: number): boolean {
	return pte === 0;
}

export function pte_same(a: number, b: number): boolean {
	return a === b;
}

/** Present for the kernel: a PROT_NONE or NUMA-hinting entry is, too. */
export function pte_present(pte: number): boolean {
	return (pte & (_PAGE_PRESENT | _PAGE_PROTNONE)) !== 0;
}

/**
 * May a CPU still have the translation cached? A PROT_NONE entry may, while
 * the flush that follows its change has not happened.
 */
export function pte_accessible(mm: mm_struct, a: number): boolean {
	if ((a & _PAGE_PRESENT) !== 0) return true;
	return (a & _PAGE_PROTNONE) !== 0 && mm_tlb_flush_pending(mm);
}

export function pmd_present(pmd: number): boolean {
	return (pmd & (_PAGE_PRESENT | _PAGE_PROTNONE)) !== 0;
}

export function pte_protnone(pte: number): boolean {
	return (pte & (_PAGE_PROTNONE | _PAGE_PRESENT)) === _PAGE_PROTNONE;
}

/** May the user access the page, for writing if `write`, by its entry and, on
 *  this CPU, by the key of it? For who walks without mmap_lock. */
export function pte_access_permitted(pte: number, write: boolean): boolean {
	const need = _PAGE_PRESENT | _PAGE_USER | (write ? _PAGE_RW : 0);

	if ((pte & need) !== need) return false;
	if (CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS)
		return __pkru_allows_pkey(pte_flags_pkey(pte), write);
	return true;
}

/* ---- upper levels; each has the shape of a page-table pointer ---- */

export function pmd_none(pmd: number): boolean {
	return pmd === 0;
}

/** Physical, virtual address and pointer of a table are one number. */
export function pmd_page_vaddr(pmd: number): number {
	return pmd & PTE_PFN_MASK;
}

function table_bad(entry: number): boolean {
	return (entry & PTE_FLAGS_MASK & ~_PAGE_USER) !==
		(_PAGE_TABLE & ~_PAGE_USER);
}

export function pmd_page(pmd: number): page {
	return pfn_to_page(pmd >>> PAGE_SHIFT);
}

export function mk_pte(page: page, pgprot: number): number {
	return pfn_pte(page_to_pfn(page), pgprot);
}

export function pmd_bad(pmd: number): boolean {
	return table_bad(pmd);
}

export function pud_none(pud: number): boolean {
	return pud === 0;
}

export function pud_present(pud: number): boolean {
	return (pud & _PAGE_PRESENT) !== 0;
}

export function pud_pgtable(pud: number): number {
	return pud & PTE_PFN_MASK;
}

export function pud_page(pud: number): page {
	return pfn_to_page(pud >>> PAGE_SHIFT);
}

export function pud_bad(pud: number): boolean {
	return table_bad(pud);
}

export function p4d_none(p4d: number): boolean {
	return p4d === 0;
}

export function p4d_present(p4d: number): boolean {
	return (p4d & _PAGE_PRESENT) !== 0;
}

export function p4d_pgtable(p4d: number): number {
	return p4d & PTE_PFN_MASK;
}

export function p4d_bad(p4d: number): boolean {
	return table_bad(p4d);
}

/* ---- live entries: what has to be atomic ---- */

export function set_pte_at(
	_mm: mm_struct, _addr: number, ptep: pte_t, pte: number,
): void {
	WRITE_ONCE(ptep.pte, pte);
}

/** Take the entry away; bits that a walker sets up to that moment are in it.
 *  Atomic against, and ordered with, the cmpxchg in mmu_walk(). */
export function ptep_get_and_clear(
	_mm: mm_struct, _addr: number, ptep: pte_t,
): number {
	return xchg(ptep.pte, 0);
}

/** full: the address space dies and no CPU walks it any more. */
export function ptep_get_and_clear_full(
	mm: mm_struct, addr: number, ptep: pte_t, full: boolean,
): number {
	if (full) {
		const pte = ptep.pte;
		WRITE_ONCE(ptep.pte, 0);
		return pte;
	}
	return ptep_get_and_clear(mm, addr, ptep);
}

/** One bit, by an atomic operation: a walker may be setting another one by the
 *  cmpxchg in mmu_walk(). */
export function ptep_set_wrprotect(
	_mm: mm_struct, _addr: number, ptep: pte_t,
): void {
	fetch_and(ptep.pte, ~_PAGE_RW);
}

/** A fault drops the faulting translation from the TLB by itself. */
export function flush_tlb_fix_spurious_fault(
	_vma: vm_area_struct, _address: number,
): void {}

/** The walker reads memory: there is no second page table to update. */
export function update_mmu_cache(
	_vma: vm_area_struct, _addr: number, _ptep: pte_t,
): void {}

