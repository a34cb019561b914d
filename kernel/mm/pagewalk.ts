// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/pagewalk.c (5.17) as far as madvise() and /proc walk page tables:
 * a callback for each page table of a range.
 * Left out: callbacks for other levels and for holes (walk_pte_range() among
 * them), huge pages and hugetlb, walk_page_range_novma(), walk_page_mapping(),
 * a walk over several vmas.
 */
import { p4d_offset } from "asm/pgtable.ts";
import type { p4d_t, pgd_t, pmd_t, pud_t } from "asm/pgtable_types.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import { mmap_assert_locked } from "linux/mmap_lock.ts";
import {
	p4d_addr_end, p4d_none_or_clear_bad, pgd_addr_end,
	pgd_none_or_clear_bad, pgd_offset, pmd_addr_end, pmd_none_or_clear_bad,
	pmd_offset, pud_addr_end, pud_none_or_clear_bad, pud_offset,
} from "linux/pgtable.ts";

/** Called for each pmd that has a table, with the part of the range that it
 *  covers. A result other than 0 ends the walk. */
export type pmd_entry_t<P> = (
	pmd: pmd_t, addr: number, next: number, walk: mm_walk<P>,
) => number;

export interface mm_walk<P> {
	mm: mm_struct;
	vma: vm_area_struct;
	pmd_entry: pmd_entry_t<P>;
	private: P; /* the caller's */
}

function walk_pmd_range<P>(
	pud: pud_t, addr: number, end: number, walk: mm_walk<P>,
): number {
	let pmd: pmd_t = pmd_offset(pud, addr);
	let next: number;

	for (; addr !== end; pmd = ptr_add(pmd, 1), addr = next) {
		next = pmd_addr_end(addr, end);
		if (pmd_none_or_clear_bad(pmd))
			continue;

		const pmd_entry = walk.pmd_entry;
		const err = pmd_entry(pmd, addr, next, walk);

		if (err)
			return err;
	}
	return 0;
}

function walk_pud_range<P>(
	p4d: p4d_t, addr: number, end: number, walk: mm_walk<P>,
): number {
	let pud: pud_t = pud_offset(p4d, addr);
	let next: number;

	for (; addr !== end; pud = ptr_add(pud, 1), addr = next) {
		next = pud_addr_end(addr, end);
		if (pud_none_or_clear_bad(pud))
			continue;

		const err = walk_pmd_range(pud, addr, next, walk);

		if (err)
			return err;
	}
	return 0;
}

function walk_p4d_range<P>(
	pgd: pgd_t, addr: number, end: number, walk: mm_walk<P>,
): number {
	let p4d: p4d_t = p4d_offset(pgd, addr);
	let next: number;

	for (; addr !== end; p4d = ptr_add(p4d, 1), addr = next) {
		next = p4d_addr_end(addr, end);
		if (p4d_none_or_clear_bad(p4d))
			continue;

		const err = walk_pud_range(p4d, addr, next, walk);

		if (err)
			return err;
	}
	return 0;
}

/** All of vma. mmap_lock is held. */
export function walk_page_vma<P>(
	vma: vm_area_struct, pmd_entry: pmd_entry_t<P>, private_: P,
): number {
	return walk_page_range(vma, vma.vm_start, vma.vm_end, pmd_entry,
		private_);
}

/** Walk [start, end), which is all in vma. mmap_lock is held. */
export function walk_page_range<P>(
	vma: vm_area_struct, start: number, end: number,
	pmd_entry: pmd_entry_t<P>, private_: P,
): number {
	const mm: mm_struct = vma.vm_mm;
	const walk: mm_walk<P> = { mm, vma, pmd_entry, private: private_ };
	let addr = start;
	let pgd: pgd_t = pgd_offset(mm, addr);
	let next: number;

	mmap_assert_locked(mm);
	for (; addr !== end; pgd = ptr_add(pgd, 1), addr = next) {
		next = pgd_addr_end(addr, end);
		if (pgd_none_or_clear_bad(pgd))
			continue;

		const err = walk_p4d_range(pgd, addr, next, walk);

		if (err)
			return err;
	}
	return 0;
}
