// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/pgtable.h (5.17): the walk through the levels, and the
 * generic forms of operations that the architecture does not define itself.
 * Left out: huge pages (their predicates are constant here), soft-dirty, swap
 * entries, PFN tracking, kernel page tables.
 */
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import type { p4d_t, pgd_t, pmd_t, pte_t, pud_t } from "asm/pgtable_types.ts";
import {
	__PAGETABLE_PMD_FOLDED, __PAGETABLE_PUD_FOLDED, PAGE_SIZE, PGDIR_SIZE,
	PMD_SIZE, PTRS_PER_PGD, PTRS_PER_PMD, PTRS_PER_PTE, PTRS_PER_PUD,
	PUD_SIZE,
} from "asm/pgtable_types.ts";
import { pmd_offset as nopmd_pmd_offset } from "asm-generic/pgtable-nopmd.ts";
import { pud_offset as nopud_pud_offset } from "asm-generic/pgtable-nopud.ts";
import {
	p4d_bad, p4d_none, p4d_pgtable, pmd_bad, pmd_none, pmd_page_vaddr,
	ptep_get_and_clear, pud_bad, pud_none, pud_pgtable,
} from "asm/pgtable.ts";
import { memory_globals } from "mm/memory.ts";
import {
	p4d_clear_bad, pmd_clear_bad, pud_clear_bad,
} from "mm/pgtable-generic.ts";

/* Index of an address at each level: the division brings the bits down, and
 * the conversion to 32 bits keeps the ones that & needs. How many those are is
 * the architecture's: its tables have powers of two, one where a level is
 * folded. */

export function pte_index(address: number): number {
	return (address / PAGE_SIZE) & (PTRS_PER_PTE - 1);
}

export function pmd_index(address: number): number {
	return (address / PMD_SIZE) & (PTRS_PER_PMD - 1);
}

export function pud_index(address: number): number {
	return (address / PUD_SIZE) & (PTRS_PER_PUD - 1);
}

/** Index in the top level. */
export function pgd_index(address: number): number {
	return (address / PGDIR_SIZE) & (PTRS_PER_PGD - 1);
}

export function pte_offset_kernel(pmd: pmd_t, address: number): pte_t {
	return cast<pte_t>(
		pmd_page_vaddr(READ_ONCE(pmd.pmd)) + pte_index(address) * 4);
}

/** All memory is mapped: nothing to do but to find the entry. */
export function pte_offset_map(pmd: pmd_t, address: number): pte_t {
	return pte_offset_kernel(pmd, address);
}

/** pte_offset_map() through a pmd value that was read before. */
export function pte_offset_map_val(pmdval: number, address: number): pte_t {
	return cast<pte_t>(pmd_page_vaddr(pmdval) + pte_index(address) * 4);
}

export function pte_unmap(_pte: pte_t): void {}

export function pmd_offset(pud: pud_t, address: number): pmd_t {
	if (__PAGETABLE_PMD_FOLDED) return nopmd_pmd_offset(pud, address);
	return cast<pmd_t>(
		pud_pgtable(READ_ONCE(pud.pud)) + pmd_index(address) * 4);
}

export function pud_offset(p4d: p4d_t, address: number): pud_t {
	if (__PAGETABLE_PUD_FOLDED) return nopud_pud_offset(p4d, address);
	return cast<pud_t>(
		p4d_pgtable(READ_ONCE(p4d.p4d)) + pud_index(address) * 4);
}

/** The same two through a value that was read before, for a walk that
 *  nothing keeps from losing the entry behind its back. Of a folded level it is
 *  the entry, and to be read and looked at once more. */
export function pmd_offset_lockless(
	pudp: pud_t, pud: number, address: number,
): pmd_t {
	if (__PAGETABLE_PMD_FOLDED) return nopmd_pmd_offset(pudp, address);
	return cast<pmd_t>(pud_pgtable(pud) + pmd_index(address) * 4);
}

export function pud_offset_lockless(
	p4dp: p4d_t, p4d: number, address: number,
): pud_t {
	if (__PAGETABLE_PUD_FOLDED) return nopud_pud_offset(p4dp, address);
	return cast<pud_t>(p4d_pgtable(p4d) + pud_index(address) * 4);
}

export function pgd_offset_pgd(pgd: pgd_t, address: number): pgd_t {
	return ptr_add(pgd, pgd_index(address));
}

export function pgd_offset(mm: mm_struct, address: number): pgd_t {
	return pgd_offset_pgd(mm.pgd, address);
}

/** The value of an entry, read once. */
export function ptep_get(ptep: pte_t): number {
	return READ_ONCE(ptep.pte);
}

export function pmd_off(mm: mm_struct, address: number): pmd_t {
	const p4d = cast<p4d_t>(pgd_offset(mm, address));
	return pmd_offset(pud_offset(p4d, address), address);
}

/* ---- generic operations ---- */

export function ptep_clear(mm: mm_struct, addr: number, ptep: pte_t): void {
	ptep_get_and_clear(mm, addr, ptep);
}

export function pte_clear_not_present_full(
	_mm: mm_struct, _address: number, ptep: pte_t, _full: boolean,
): void {
	WRITE_ONCE(ptep.pte, 0);
}

/** A fault lost a race to another one: nothing is needed, the next access
 *  walks the table again. */
export function update_mmu_tlb(
	_vma: vm_area_struct, _address: number, _ptep: pte_t,
): void {}

export function pmd_same(a: number, b: number): boolean {
	return a === b;
}

/* ---- ends of the part of [addr, end) that one entry covers ---- */

export function pgd_addr_end(addr: number, end: number): number {
	const next = (Math.floor(addr / PGDIR_SIZE) + 1) * PGDIR_SIZE;
	return next < end ? next : end;
}

/** [address, end) up to the next entry of the p4d, which covers all of it. */
export function p4d_addr_end(_address: number, end: number): number {
	return end;
}

/* A folded level has one entry, which covers all of it. */

/** Does & see all bits below a pud's? It has 32 of an address. */
const PUD_IN_32_BITS = PUD_SIZE <= 2 ** 31;

export function pud_addr_end(addr: number, end: number): number {
	if (__PAGETABLE_PUD_FOLDED) return end;
	const next = PUD_IN_32_BITS ?
		addr - (addr & (PUD_SIZE - 1)) + PUD_SIZE :
		(Math.floor(addr / PUD_SIZE) + 1) * PUD_SIZE;
	return next < end ? next : end;
}

export function pmd_addr_end(addr: number, end: number): number {
	if (__PAGETABLE_PMD_FOLDED) return end;
	const next = addr - (addr & (PMD_SIZE - 1)) + PMD_SIZE;
	return next < end ? next : end;
}

/* ---- "none or bad": the test that every walker makes on its way down ---- */

export function pgd_none_or_clear_bad(_pgd: pgd_t): boolean {
	return false;
}

export function p4d_none_or_clear_bad(p4d: p4d_t): boolean {
	const val = READ_ONCE(p4d.p4d);

	if (p4d_none(val)) return true;
	if (p4d_bad(val)) {
		p4d_clear_bad(p4d);
		return true;
	}
	return false;
}

export function pud_none_or_clear_bad(pud: pud_t): boolean {
	const val = READ_ONCE(pud.pud);

	if (pud_none(val)) return true;
	if (pud_bad(val)) {
		pud_clear_bad(pud);
		return true;
	}
	return false;
}

export function pmd_none_or_clear_bad(pmd: pmd_t): boolean {
	const val = READ_ONCE(pmd.pmd);

	if (pmd_none(val)) return true;
	if (pmd_bad(val)) {
		pmd_clear_bad(pmd);
		return true;
	}
	return false;
}

/**
 * With mmap_lock held for reading only, a pmd can become a table under us but
 * (without huge pages) never stop to be one: one read decides.
 */
export function pmd_none_or_trans_huge_or_clear_bad(pmd: pmd_t): boolean {
	return pmd_none_or_clear_bad(pmd);
}

/** Always stable without huge pages; see do_anonymous_page() for who asks. */
export function pmd_trans_unstable(_pmd: pmd_t): boolean {
	return false;
}

export function pmd_devmap_trans_unstable(pmd: pmd_t): boolean {
	return pmd_trans_unstable(pmd);
}

export function pmd_trans_huge(_pmd: number): boolean {
	return false;
}

export function pud_trans_huge(_pud: number): boolean {
	return false;
}

export function pmd_devmap(_pmd: number): boolean {
	return false;
}

export function pud_devmap(_pud: number): boolean {
	return false;
}

/** A migration entry at pmd level; there is none without huge pages. */
export function is_swap_pmd(_pmd: number): boolean {
	return false;
}

/* Changes in two steps, and the write bit of NUMA hints, which architectures
 * may have otherwise. */
export {
	pte_clear_savedwrite, pte_mk_savedwrite, pte_savedwrite,
	ptep_modify_prot_commit, ptep_modify_prot_start,
} from "asm/pgtable.ts";

/* ---- the page of zeroes that untouched memory reads ---- */

export function is_zero_pfn(pfn: number): boolean {
	return pfn === memory_globals.zero_pfn;
}

export function my_zero_pfn(_addr: number): number {
	return memory_globals.zero_pfn;
}

/** May reads of mm's anonymous memory not share the page of zeroes? Port: an
 *  architecture's own in Linux; here what the program was recorded on. */
export function mm_forbids_zeropage(mm: mm_struct): boolean {
	return mm.no_zeropage !== 0;
}

/** The lowest address that page tables of user memory cover. */
export const FIRST_USER_ADDRESS = 0;

/** Bound of free_pgtables() from above. 0: up to the top, so that the table
 *  of the last mapping, which a real bound would cut through, goes as well. */
export const USER_PGTABLES_CEILING = 0;
