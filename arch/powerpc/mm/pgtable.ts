// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/powerpc/mm/pgtable.c (5.17): entries that are set or relaxed.
 * Left out: coherence of instruction caches (set_pte_filter(),
 * set_access_flags_filter(), which do nothing with radix), huge pages, kernel
 * mappings, walks with interrupts off (__find_linux_pte(), which nobody makes
 * here).
 */
import { CONFIG_DEBUG_VM } from "generated/autoconf.ts";
import { BUG_ON, VM_WARN_ON_ONCE } from "linux/bug.ts";
import { pte_lockptr } from "linux/mm.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import { pgd_offset, pmd_offset, pud_offset } from "linux/pgtable.ts";
import { assert_spin_locked } from "linux/spinlock.ts";
import type { p4d_t, pte_t } from "asm/pgtable_types.ts";
import { _PAGE_PTE } from "asm/book3s/64/pgtable-bits.ts";
import {
	p4d_none,
	pmd_none,
	pmd_present,
	pte_hw_valid,
	pte_protnone,
	pte_same,
	pud_none,
} from "asm/book3s/64/pgtable.ts";
import { p4d_offset } from "asm-generic/pgtable-nop4d.ts";
import { radix__set_pte_at } from "asm/book3s/64/radix.ts";
import { init_mm } from "mm/init-mm.ts";
import { radix__ptep_set_access_flags } from "./book3s64/radix_pgtable.ts";

/** Store an entry where the hardware had none that it could use, as nobody
 *  flushes for it. Holds the page-table lock, or the page table is new. */
export function set_pte_at(
	_mm: mm_struct,
	_addr: number,
	ptep: pte_t,
	pte: number,
): void {
	if (CONFIG_DEBUG_VM) {
		const old = READ_ONCE(ptep.pte);

		VM_WARN_ON_ONCE(
			pte_hw_valid(old) && !pte_protnone(old),
			"set_pte_at: the hardware may use what is there",
		);
		VM_WARN_ON_ONCE(
			(pte & _PAGE_PTE) === 0,
			"set_pte_at: an entry that looks like a table",
		);
	}
	radix__set_pte_at(ptep, pte);
}

/**
 * Access flag, dirty state and rights of a present entry, only ever to more
 * than there was. A walker may do the same at the same time. Holds the
 * page-table lock.
 * @returns whether the entry differed.
 */
export function ptep_set_access_flags(
	vma: vm_area_struct,
	address: number,
	ptep: pte_t,
	entry: number,
	_dirty: boolean,
): boolean {
	const changed = !pte_same(READ_ONCE(ptep.pte), entry);

	if (changed) {
		if (CONFIG_DEBUG_VM) assert_pte_locked(vma.vm_mm, address);
		radix__ptep_set_access_flags(vma, ptep, entry, address);
	}
	return changed;
}

/** DEBUG_VM: the lock of the table in which addr has its entry is held. */
export function assert_pte_locked(mm: mm_struct, addr: number): void {
	if (mm === init_mm) return;
	const p4d: p4d_t = p4d_offset(pgd_offset(mm, addr), addr);

	BUG_ON(p4d_none(READ_ONCE(p4d.p4d)), "assert_pte_locked: no p4d");
	const pud = pud_offset(p4d, addr);

	BUG_ON(pud_none(READ_ONCE(pud.pud)), "assert_pte_locked: no pud");
	const pmd = pmd_offset(pud, addr);
	const pmdval = READ_ONCE(pmd.pmd);

	if (pmd_none(pmdval)) return;
	BUG_ON(!pmd_present(pmdval), "assert_pte_locked: no pmd");
	assert_spin_locked(pte_lockptr(mm, pmd));
}
