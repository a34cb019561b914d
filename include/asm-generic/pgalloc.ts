// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/asm-generic/pgalloc.h (5.17): pages for page tables.
 * Left out: kernel page tables, high memory. A table is a page with PG_table
 * and, at the two lowest levels, the lock of its entries in its struct page.
 */
import { __GFP_ACCOUNT, __GFP_ZERO, alloc_page, GFP_KERNEL } from "linux/gfp.ts";
import type { mm_struct, page } from "linux/mm_types.ts";
import { pmd_page } from "asm/pgtable.ts";
import type { pgtable_t, pmd_t, pud_t } from "asm/pgtable_types.ts";
import {
	pgtable_pmd_page_ctor, pgtable_pmd_page_dtor, pgtable_pte_page_ctor,
	pgtable_pte_page_dtor, put_page,
} from "linux/mm.ts";
import { page_address, virt_to_page } from "asm-generic/memory_model.ts";

export const GFP_PGTABLE_KERNEL = GFP_KERNEL | __GFP_ZERO;
export const GFP_PGTABLE_USER = GFP_PGTABLE_KERNEL | __GFP_ACCOUNT;

export function __pte_alloc_one(_mm: mm_struct, gfp: number): page {
	const pte = alloc_page(gfp);

	if (pte === NULL) return NULL;
	if (!pgtable_pte_page_ctor(pte)) {
		put_page(pte);
		return NULL;
	}
	return pte;
}

/** linux/pgtable.h: the table behind an entry. */
export function pmd_pgtable(pmd: number): pgtable_t {
	return pmd_page(pmd);
}

/** Boot, when there are slabs: those that tables come from, if any do. */
export function pgtable_cache_init(): void {}

/** A table that was never installed, or that nobody can walk any more. */
export function pte_free(_mm: mm_struct, pte_page: page): void {
	pgtable_pte_page_dtor(pte_page);
	put_page(pte_page);
}

export function pmd_alloc_one(_mm: mm_struct, _addr: number): pmd_t {
	const table = alloc_page(GFP_PGTABLE_USER);

	if (table === NULL) return NULL;
	if (!pgtable_pmd_page_ctor(table)) {
		put_page(table);
		return NULL;
	}
	return cast<pmd_t>(page_address(table));
}

export function pmd_free(_mm: mm_struct, pmd: pmd_t): void {
	const table = virt_to_page(uptr(pmd));

	pgtable_pmd_page_dtor(table);
	put_page(table);
}

export function pud_alloc_one(_mm: mm_struct, _addr: number): pud_t {
	const table = alloc_page(GFP_PGTABLE_USER);

	if (table === NULL) return NULL;
	return cast<pud_t>(page_address(table));
}

export function pud_free(_mm: mm_struct, pud: pud_t): void {
	put_page(virt_to_page(uptr(pud)));
}
