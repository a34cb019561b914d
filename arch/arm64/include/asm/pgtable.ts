// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/arm64/include/asm/pgtable.h (5.17): what the bits of an entry
 * mean, and the arm64 forms of the operations on live entries.
 * Left out: huge and contiguous pages, kernel mappings and the barriers after
 * their entries, coherence of instruction caches (__sync_icache_dcache()),
 * memory tagging, swap entries, userfaultfd write protection (which this
 * architecture has not), arch_faults_on_old_pte() and
 * arch_wants_old_prefaulted_pte(), as in kernel/mm/memory.ts.
 *
 * Dirty is one of two things: PTE_DIRTY, which is software's, or PTE_WRITE
 * without PTE_RDONLY, which a walker may have made of it
 * (CONFIG_ARM64_HW_AFDBM). So a clean entry that may be written to is read-only
 * for the hardware.
 *
 * Port: `pte_t *` is the struct pointer type pte_t; a `pte_t` value is the
 * number that its one word holds. An atomic operation is fully ordered, also
 * where the kernel's is relaxed.
 */
import { CONFIG_DEBUG_VM } from "generated/autoconf.ts";
import { pfn_to_page, page_to_pfn } from "asm-generic/memory_model.ts";
import { atomic_read } from "linux/atomic.ts";
import { VM_WARN_ON_ONCE } from "linux/bug.ts";
import type { mm_struct, page, vm_area_struct } from "linux/mm_types.ts";
import { mm_tlb_flush_pending } from "linux/mm_types.ts";
import type { p4d_t, pmd_t, pte_t, pud_t } from "asm/pgtable_types.ts";
import {
	pud_bad as nopmd_pud_bad,
	pud_clear as nopmd_pud_clear,
	pud_none as nopmd_pud_none,
	pud_present as nopmd_pud_present,
} from "asm-generic/pgtable-nopmd.ts";
import {
	p4d_bad as nopud_p4d_bad,
	p4d_clear as nopud_p4d_clear,
	p4d_none as nopud_p4d_none,
	p4d_present as nopud_p4d_present,
} from "asm-generic/pgtable-nopud.ts";
import {
	__PAGETABLE_PMD_FOLDED,
	__PAGETABLE_PUD_FOLDED,
	P4D_TABLE_BIT,
	PAGE_SHIFT,
	PMD_TABLE_BIT,
	PTE_ADDR_MASK,
	PTE_AF,
	PTE_RDONLY,
	PTE_USER,
	PTE_UXN,
	PTE_VALID,
	PUD_TABLE_BIT,
} from "asm/pgtable-hwdef.ts";
import {
	PTE_DIRTY,
	PTE_PROT_NONE,
	PTE_SPECIAL,
	PTE_WRITE,
} from "asm/pgtable-prot.ts";
import { current } from "kernel/sched/core.ts";
import { flush_tlb_page_nosync } from "asm/tlbflush.ts";

export { ptep_set_access_flags } from "../../mm/fault.ts";
export {
	p4d_offset,
	pgd_bad,
	pgd_clear,
	pgd_none,
	pgd_present,
} from "asm-generic/pgtable-nop4d.ts";
export {
	pte_clear_savedwrite, pte_mk_savedwrite, pte_savedwrite,
	ptep_modify_prot_commit, ptep_modify_prot_start,
} from "asm-generic/pgtable.ts";

/** An access flag that the hardware has left alone is no fault's business:
 *  there is no old translation that would have to be forgotten. */
export function flush_tlb_fix_spurious_fault(
	_vma: vm_area_struct,
	_address: number,
): void {}

/* ---- entries: bits ---- */

export function pte_pfn(pte: number): number {
	return pte >>> PAGE_SHIFT;
}

export function pfn_pte(pfn: number, pgprot: number): number {
	return (pfn << PAGE_SHIFT) | pgprot;
}

export function pte_none(pte: number): boolean {
	return pte === 0;
}

export function pte_clear(_mm: mm_struct, _addr: number, ptep: pte_t): void {
	set_pte(ptep, 0);
}

export function pte_page(pte: number): page {
	return pfn_to_page(pte_pfn(pte));
}

export function mk_pte(page: page, pgprot: number): number {
	return pfn_pte(page_to_pfn(page), pgprot);
}

/** Present for the kernel: a PROT_NONE or NUMA-hinting entry is, too. */
export function pte_present(pte: number): boolean {
	return (pte & (PTE_VALID | PTE_PROT_NONE)) !== 0;
}

export function pte_young(pte: number): boolean {
	return (pte & PTE_AF) !== 0;
}

export function pte_special(pte: number): boolean {
	return (pte & PTE_SPECIAL) !== 0;
}

export function pte_write(pte: number): boolean {
	return (pte & PTE_WRITE) !== 0;
}

export function pte_hw_dirty(pte: number): boolean {
	return pte_write(pte) && (pte & PTE_RDONLY) === 0;
}

export function pte_sw_dirty(pte: number): boolean {
	return (pte & PTE_DIRTY) !== 0;
}

export function pte_dirty(pte: number): boolean {
	return pte_sw_dirty(pte) || pte_hw_dirty(pte);
}

export function pte_valid(pte: number): boolean {
	return (pte & PTE_VALID) !== 0;
}

/** May a CPU have the translation cached? While a flush is pending, also of
 *  what is not valid any more. */
export function pte_accessible(mm: mm_struct, pte: number): boolean {
	return mm_tlb_flush_pending(mm) ? pte_present(pte) : pte_valid(pte);
}

/** May the user access the page, for writing if `write`? Not if it may only be
 *  executed. For who walks without mmap_lock. */
export function pte_access_permitted(pte: number, write: boolean): boolean {
	if ((pte & (PTE_VALID | PTE_USER)) !== (PTE_VALID | PTE_USER))
		return false;
	return !write || pte_write(pte);
}

export function pte_mkwrite(pte: number): number {
	return (pte | PTE_WRITE) & ~PTE_RDONLY;
}

export function pte_mkclean(pte: number): number {
	return (pte & ~PTE_DIRTY) | PTE_RDONLY;
}

export function pte_mkdirty(pte: number): number {
	return pte_write(pte)
		? (pte | PTE_DIRTY) & ~PTE_RDONLY
		: pte | PTE_DIRTY;
}

/** What the hardware's bits say of dirt is kept in PTE_DIRTY. */
export function pte_wrprotect(pte: number): number {
	if (pte_hw_dirty(pte)) pte = pte_mkdirty(pte);
	return (pte & ~PTE_WRITE) | PTE_RDONLY;
}

export function pte_mkold(pte: number): number {
	return pte & ~PTE_AF;
}

export function pte_mkyoung(pte: number): number {
	return pte | PTE_AF;
}

export function pte_mkspecial(pte: number): number {
	return pte | PTE_SPECIAL;
}

/* asm-generic/pgtable_uffd.h: no entry is write-protected by userfaultfd. */

export function pte_uffd_wp(_pte: number): boolean {
	return false;
}

export function pte_clear_uffd_wp(pte: number): number {
	return pte;
}

/* ---- live entries ---- */

/** One aligned word: a walker sees the old entry or the new one. */
export function set_pte(ptep: pte_t, pte: number): void {
	WRITE_ONCE(ptep.pte, pte);
}

/** A valid entry that is replaced by another one by a plain store must not be
 *  one in which a walker can set a bit: it would be lost. */
function __check_racy_pte_update(
	mm: mm_struct,
	ptep: pte_t,
	pte: number,
): void {
	if (!CONFIG_DEBUG_VM) return;
	const old_pte = READ_ONCE(ptep.pte);

	if (!pte_valid(old_pte) || !pte_valid(pte)) return;
	if (mm !== current().active_mm && atomic_read(mm.mm_users) <= 1) return;
	VM_WARN_ON_ONCE(!pte_young(pte), "racy clearing of an access flag");
	VM_WARN_ON_ONCE(
		pte_write(old_pte) && !pte_dirty(pte),
		"racy clearing of a dirty state",
	);
}

export function set_pte_at(
	mm: mm_struct,
	_addr: number,
	ptep: pte_t,
	pte: number,
): void {
	__check_racy_pte_update(mm, ptep, pte);
	set_pte(ptep, pte);
}

export function pte_same(a: number, b: number): boolean {
	return a === b;
}

export function pte_protnone(pte: number): boolean {
	return (pte & (PTE_VALID | PTE_PROT_NONE)) === PTE_PROT_NONE;
}

/* ---- upper levels; each has the shape of a page-table pointer ---- */

export function pmd_none(pmd: number): boolean {
	return pmd === 0;
}

export function pmd_bad(pmd: number): boolean {
	return (pmd & PMD_TABLE_BIT) === 0;
}

export function pmd_present(pmd: number): boolean {
	return pte_present(pmd);
}

export function set_pmd(pmdp: pmd_t, pmd: number): void {
	WRITE_ONCE(pmdp.pmd, pmd);
}

export function pmd_clear(pmdp: pmd_t): void {
	set_pmd(pmdp, 0);
}

export function pmd_pfn(pmd: number): number {
	return pmd >>> PAGE_SHIFT;
}

/** Physical, virtual address and pointer of a table are one number. */
export function pmd_page_vaddr(pmd: number): number {
	return pmd & PTE_ADDR_MASK;
}

export function pmd_page(pmd: number): page {
	return pfn_to_page(pmd_pfn(pmd));
}

export function pud_none(pud: number): boolean {
	if (__PAGETABLE_PMD_FOLDED) return nopmd_pud_none(pud);
	return pud === 0;
}

export function pud_bad(pud: number): boolean {
	if (__PAGETABLE_PMD_FOLDED) return nopmd_pud_bad(pud);
	return (pud & PUD_TABLE_BIT) === 0;
}

export function pud_present(pud: number): boolean {
	if (__PAGETABLE_PMD_FOLDED) return nopmd_pud_present(pud);
	return pte_present(pud);
}

export function set_pud(pudp: pud_t, pud: number): void {
	WRITE_ONCE(pudp.pud, pud);
}

export function pud_clear(pudp: pud_t): void {
	if (__PAGETABLE_PMD_FOLDED) nopmd_pud_clear(pudp);
	else set_pud(pudp, 0);
}

export function pud_pgtable(pud: number): number {
	return pud & PTE_ADDR_MASK;
}

export function pud_page(pud: number): page {
	return pfn_to_page(pud >>> PAGE_SHIFT);
}

export function p4d_none(p4d: number): boolean {
	if (__PAGETABLE_PUD_FOLDED) return nopud_p4d_none(p4d);
	return p4d === 0;
}

export function p4d_bad(p4d: number): boolean {
	if (__PAGETABLE_PUD_FOLDED) return nopud_p4d_bad(p4d);
	return (p4d & P4D_TABLE_BIT) === 0;
}

export function p4d_present(p4d: number): boolean {
	if (__PAGETABLE_PUD_FOLDED) return nopud_p4d_present(p4d);
	return p4d !== 0;
}

export function set_p4d(p4dp: p4d_t, p4d: number): void {
	WRITE_ONCE(p4dp.p4d, p4d);
}

export function p4d_clear(p4dp: p4d_t): void {
	if (__PAGETABLE_PUD_FOLDED) nopud_p4d_clear(p4dp);
	else set_p4d(p4dp, 0);
}

export function p4d_pgtable(p4d: number): number {
	return p4d & PTE_ADDR_MASK;
}

/* ---- changes ---- */

/** Change the protection; frame, access flag, dirt and special stay. */
export function pte_modify(pte: number, newprot: number): number {
	const mask =
		PTE_USER |
		PTE_UXN |
		PTE_RDONLY |
		PTE_PROT_NONE |
		PTE_VALID |
		PTE_WRITE;

	if (pte_hw_dirty(pte)) pte = pte_mkdirty(pte);
	return (pte & ~mask) | (newprot & mask);
}

/* What a walker may change meanwhile (PTE_AF, PTE_RDONLY, in mmu_walk()) has to
 * be in what is stored: a cmpxchg that begins again where it was. */

/** Was the page used since the last time? Holds the page-table lock. */
export function ptep_test_and_clear_young(
	_vma: vm_area_struct,
	_address: number,
	ptep: pte_t,
): boolean {
	let pte = READ_ONCE(ptep.pte);

	for (;;) {
		const old_pte = pte;

		pte = cmpxchg(ptep.pte, old_pte, pte_mkold(old_pte));
		if (pte === old_pte) return pte_young(pte);
	}
}

/**
 * The same, and no CPU keeps a translation that would not set the flag again.
 * Nobody waits for that: whoever still uses it makes the page look idle for a
 * while, and no more.
 */
export function ptep_clear_flush_young(
	vma: vm_area_struct,
	address: number,
	ptep: pte_t,
): boolean {
	const young = ptep_test_and_clear_young(vma, address, ptep);

	if (young) flush_tlb_page_nosync(vma, address);
	return young;
}

/** Take the entry away; what a walker did up to that moment is in it. */
export function ptep_get_and_clear(
	_mm: mm_struct,
	_address: number,
	ptep: pte_t,
): number {
	return xchg(ptep.pte, 0);
}

/** asm-generic: the architecture makes no use of `full`. */
export function ptep_get_and_clear_full(
	mm: mm_struct,
	address: number,
	ptep: pte_t,
	_full: boolean,
): number {
	return ptep_get_and_clear(mm, address, ptep);
}

/** A dirty state that is the hardware's goes to PTE_DIRTY. */
export function ptep_set_wrprotect(
	_mm: mm_struct,
	_address: number,
	ptep: pte_t,
): void {
	let pte = READ_ONCE(ptep.pte);

	for (;;) {
		const old_pte = pte;

		pte = cmpxchg(ptep.pte, old_pte, pte_wrprotect(old_pte));
		if (pte === old_pte) return;
	}
}

/** The walker reads memory: a fault that comes too early is taken again. */
export function update_mmu_cache(
	_vma: vm_area_struct,
	_addr: number,
	_ptep: pte_t,
): void {}

/* linux/pgtable.h, without HAVE_ARCH_SOFT_DIRTY */
export {
	pte_clear_soft_dirty, pte_mksoft_dirty, pte_soft_dirty,
} from "asm-generic/soft_dirty.ts";
