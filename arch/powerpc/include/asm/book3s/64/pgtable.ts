// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the second half of arch/powerpc/include/asm/book3s/64/pgtable.h
 * (5.17): what the bits of an entry mean, and the operations on live entries.
 * The first half is asm/book3s/64/pgtable-bits.ts. Left out: the hash MMU, huge
 * pages, soft-dirty, swap entries, userfaultfd write protection, kernel
 * mappings, memory that is not cached.
 *
 * Without _PAGE_PRESENT and with _PAGE_INVALID an entry is present, but not for
 * the hardware: so one is changed that a walker could set bits in.
 *
 * Port: `pte_t *` is the struct pointer type pte_t; a `pte_t` value is the
 * number that its one word holds. radix_enabled() is true.
 */
import { CONFIG_NUMA_BALANCING } from "generated/autoconf.ts";
import { VM_BUG_ON } from "linux/bug.ts";
import { pfn_to_page, page_to_pfn } from "asm-generic/memory_model.ts";
import type { mm_struct, page, vm_area_struct } from "linux/mm_types.ts";
import type { p4d_t, pmd_t, pte_t, pud_t } from "asm/pgtable_types.ts";
import {
	_PAGE_ACCESSED,
	_PAGE_CHG_MASK,
	_PAGE_DIRTY,
	_PAGE_INVALID,
	_PAGE_PRESENT,
	_PAGE_PRIVILEGED,
	_PAGE_PTE,
	_PAGE_READ,
	_PAGE_RW,
	_PAGE_RWX,
	_PAGE_SPECIAL,
	_PAGE_WRITE,
	PAGE_SHIFT,
	PMD_MASKED_BITS,
} from "asm/book3s/64/pgtable-bits.ts";
import {
	radix__pmd_bad,
	radix__pte_none,
	radix__pte_same,
	radix__pte_update,
	radix__ptep_get_and_clear_full,
} from "asm/book3s/64/radix.ts";

export {
	p4d_offset, pgd_bad, pgd_clear, pgd_none, pgd_present,
} from "asm-generic/pgtable-nop4d.ts";

/* ---- live entries; the page-table lock is held ---- */

/** Clear and set bits of an entry at once; what it was. */
export function pte_update(
	mm: mm_struct,
	addr: number,
	ptep: pte_t,
	clr: number,
	set: number,
): number {
	return radix__pte_update(mm, addr, ptep, clr, set);
}

/** Was the page used since the last time? */
export function ptep_test_and_clear_young(
	vma: vm_area_struct,
	addr: number,
	ptep: pte_t,
): boolean {
	if ((READ_ONCE(ptep.pte) & _PAGE_ACCESSED) === 0) return false;
	const old = pte_update(vma.vm_mm, addr, ptep, _PAGE_ACCESSED, 0);

	return (old & _PAGE_ACCESSED) !== 0;
}

/** The same: a translation that is cached may stay, and make the page look idle
 *  for a while. */
export { ptep_test_and_clear_young as ptep_clear_flush_young };

export function __pte_write(pte: number): boolean {
	return (pte & _PAGE_WRITE) !== 0;
}

/** Of an entry that forbids everything: it could be written to before it did.
 *  Then it lacks the bit that PROT_NONE has. */
export function pte_savedwrite(pte: number): boolean {
	if (!CONFIG_NUMA_BALANCING) return false;
	return (pte & (_PAGE_RWX | _PAGE_PRIVILEGED)) === 0;
}

export function pte_write(pte: number): boolean {
	return __pte_write(pte) || pte_savedwrite(pte);
}

export function pte_read(pte: number): boolean {
	return (pte & _PAGE_READ) !== 0;
}

export function ptep_set_wrprotect(
	mm: mm_struct,
	addr: number,
	ptep: pte_t,
): void {
	const pte = READ_ONCE(ptep.pte);

	if (__pte_write(pte)) pte_update(mm, addr, ptep, _PAGE_WRITE, 0);
	else if (pte_savedwrite(pte))
		pte_update(mm, addr, ptep, 0, _PAGE_PRIVILEGED);
}

/** Take the entry away; what a walker did up to that moment is in it. */
export function ptep_get_and_clear(
	mm: mm_struct,
	addr: number,
	ptep: pte_t,
): number {
	return pte_update(mm, addr, ptep, -1, 0);
}

/** full: nobody runs in the address space any more. */
export function ptep_get_and_clear_full(
	mm: mm_struct,
	addr: number,
	ptep: pte_t,
	full: boolean,
): number {
	if (full) return radix__ptep_get_and_clear_full(mm, addr, ptep, full);
	return ptep_get_and_clear(mm, addr, ptep);
}

export function pte_clear(mm: mm_struct, addr: number, ptep: pte_t): void {
	pte_update(mm, addr, ptep, -1, 0);
}

/* ---- bits ---- */

export function pte_dirty(pte: number): boolean {
	return (pte & _PAGE_DIRTY) !== 0;
}

export function pte_young(pte: number): boolean {
	return (pte & _PAGE_ACCESSED) !== 0;
}

export function pte_special(pte: number): boolean {
	return (pte & _PAGE_SPECIAL) !== 0;
}

/** Present, and permits nothing: PROT_NONE, or a NUMA hint. */
export function pte_protnone(pte: number): boolean {
	return (
		(pte & (_PAGE_PRESENT | _PAGE_PTE | _PAGE_RWX)) ===
		(_PAGE_PRESENT | _PAGE_PTE)
	);
}

export function pte_mk_savedwrite(pte: number): number {
	VM_BUG_ON(
		(pte & (_PAGE_PRESENT | _PAGE_RWX | _PAGE_PRIVILEGED)) !==
			(_PAGE_PRESENT | _PAGE_PRIVILEGED),
		"pte_mk_savedwrite: not an entry of PROT_NONE",
	);
	return pte & ~_PAGE_PRIVILEGED;
}

export function pte_clear_savedwrite(pte: number): number {
	VM_BUG_ON(!pte_protnone(pte), "pte_clear_savedwrite: not PROT_NONE");
	return pte | _PAGE_PRIVILEGED;
}

/** May the hardware use it? That of PROT_NONE, too: it finds no permission. */
export function pte_hw_valid(pte: number): boolean {
	return (
		(pte & (_PAGE_PRESENT | _PAGE_PTE)) ===
		(_PAGE_PRESENT | _PAGE_PTE)
	);
}

/** Present for the kernel: also what the hardware must not use just now. */
export function pte_present(pte: number): boolean {
	if (pte_hw_valid(pte)) return true;
	return (
		(pte & (_PAGE_INVALID | _PAGE_PTE)) ===
		(_PAGE_INVALID | _PAGE_PTE)
	);
}

/** May a CPU have the translation cached? asm-generic: who knows. */
export function pte_accessible(_mm: mm_struct, _pte: number): boolean {
	return true;
}

export function pte_user(pte: number): boolean {
	return (pte & _PAGE_PRIVILEGED) === 0;
}

/** May the user access the page, for writing if `write`? PROT_NONE has no
 *  _PAGE_READ. For who walks without mmap_lock. */
export function pte_access_permitted(pte: number, write: boolean): boolean {
	if (!pte_present(pte) || !pte_user(pte) || !pte_read(pte)) return false;
	return !write || pte_write(pte);
}

export function pfn_pte(pfn: number, pgprot: number): number {
	return (pfn << PAGE_SHIFT) | pgprot | _PAGE_PTE;
}

export function pte_pfn(pte: number): number {
	return pte >>> PAGE_SHIFT;
}

export function pte_page(pte: number): page {
	return pfn_to_page(pte_pfn(pte));
}

export function mk_pte(page: page, pgprot: number): number {
	return pfn_pte(page_to_pfn(page), pgprot);
}

export function pte_wrprotect(pte: number): number {
	if (pte_savedwrite(pte)) return pte_clear_savedwrite(pte);
	return pte & ~_PAGE_WRITE;
}

export function pte_mkclean(pte: number): number {
	return pte & ~_PAGE_DIRTY;
}

export function pte_mkold(pte: number): number {
	return pte & ~_PAGE_ACCESSED;
}

/** What can be written to can be read. */
export function pte_mkwrite(pte: number): number {
	return pte | _PAGE_RW;
}

export function pte_mkdirty(pte: number): number {
	return pte | _PAGE_DIRTY;
}

export function pte_mkyoung(pte: number): number {
	return pte | _PAGE_ACCESSED;
}

export function pte_mkspecial(pte: number): number {
	return pte | _PAGE_SPECIAL;
}

/** Change the protection; frame, R, C and special stay. */
export function pte_modify(pte: number, newprot: number): number {
	return (pte & _PAGE_CHG_MASK) | newprot;
}

/* asm-generic/pgtable_uffd.h: no entry is write-protected by userfaultfd. */

export function pte_uffd_wp(_pte: number): boolean {
	return false;
}

export function pte_clear_uffd_wp(pte: number): number {
	return pte;
}

export function pte_same(a: number, b: number): boolean {
	return radix__pte_same(a, b);
}

export function pte_none(pte: number): boolean {
	return radix__pte_none(pte);
}

/* ---- upper levels; an entry has the address of a table, its size, and
 * _PAGE_PRESENT ---- */

export function set_pmd(pmdp: pmd_t, pmd: number): void {
	WRITE_ONCE(pmdp.pmd, pmd);
}

export function pmd_clear(pmdp: pmd_t): void {
	set_pmd(pmdp, 0);
}

export function pmd_none(pmd: number): boolean {
	return pmd === 0;
}

export function pmd_present(pmd: number): boolean {
	return (pmd & (_PAGE_PRESENT | _PAGE_INVALID)) !== 0;
}

export function pmd_bad(pmd: number): boolean {
	return radix__pmd_bad(pmd);
}

/** Physical, virtual address and pointer of a table are one number. */
export function pmd_page_vaddr(pmd: number): number {
	return pmd & ~PMD_MASKED_BITS;
}

/** The page that the table is in, perhaps with others. */
export function pmd_page(pmd: number): page {
	return pfn_to_page(pmd >>> PAGE_SHIFT);
}

export function set_pud(pudp: pud_t, pud: number): void {
	WRITE_ONCE(pudp.pud, pud);
}

export function pud_clear(pudp: pud_t): void {
	set_pud(pudp, 0);
}

export function pud_none(pud: number): boolean {
	return pud === 0;
}

export function pud_present(pud: number): boolean {
	return (pud & _PAGE_PRESENT) !== 0;
}

export function pud_bad(pud: number): boolean {
	return radix__pmd_bad(pud);
}

export function pud_pgtable(pud: number): number {
	return pud & ~PMD_MASKED_BITS;
}

export function pud_page(pud: number): page {
	return pfn_to_page(pud >>> PAGE_SHIFT);
}

export function set_p4d(p4dp: p4d_t, p4d: number): void {
	WRITE_ONCE(p4dp.p4d, p4d);
}

export function p4d_clear(p4dp: p4d_t): void {
	set_p4d(p4dp, 0);
}

export function p4d_none(p4d: number): boolean {
	return p4d === 0;
}

export function p4d_present(p4d: number): boolean {
	return (p4d & _PAGE_PRESENT) !== 0;
}

export function p4d_bad(p4d: number): boolean {
	return radix__pmd_bad(p4d);
}

export function p4d_pgtable(p4d: number): number {
	return p4d & ~PMD_MASKED_BITS;
}

/* asm/book3s/64/tlbflush.h and asm/book3s/pgtable.h */

/** Who only relaxes an entry leaves old translations alone: a CPU that faults
 *  by one looks at the entry again. */
export function flush_tlb_fix_spurious_fault(
	_vma: vm_area_struct,
	_address: number,
): void {}

/** Radix walks memory: nothing to be loaded beforehand. */
export function update_mmu_cache(
	_vma: vm_area_struct,
	_addr: number,
	_ptep: pte_t,
): void {}
