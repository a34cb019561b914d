// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/powerpc/mm/pgtable-frag.c (5.17): tables of ptes as fragments of
 * pages. With pages of 4 KiB a table fills one, and there is one fragment to a
 * page. All tables of a page have one lock, that in its struct page. Left out:
 * kernel page tables.
 */
import { BUG_ON } from "linux/bug.ts";
import {
	atomic_dec_and_test, atomic_read, atomic_set, atomic_sub_and_test,
} from "linux/atomic.ts";
import {
	__free_page, __GFP_ACCOUNT, __GFP_ZERO, alloc_page, GFP_KERNEL,
} from "linux/gfp.ts";
import type { mm_struct } from "linux/mm_types.ts";
import { pgtable_pte_page_ctor, pgtable_pte_page_dtor } from "linux/mm.ts";
import { spin_lock, spin_unlock } from "linux/spinlock.ts";
import { page_address, virt_to_page } from "asm-generic/memory_model.ts";
import type { pte_t } from "asm/pgtable_types.ts";
import {
	PAGE_SIZE, PTE_FRAG_NR, PTE_FRAG_SIZE,
} from "asm/book3s/64/pgtable-bits.ts";

/** The address space dies: what it has not used of a page is not going to be.
 *  pte_frag: the first of those fragments. */
export function pte_frag_destroy(pte_frag: number): void {
	const page = virt_to_page(pte_frag);
	const count = (pte_frag % PAGE_SIZE) / PTE_FRAG_SIZE;

	/* drops the references that none was given away for */
	if (atomic_sub_and_test(PTE_FRAG_NR - count, page.pt_frag_refcount)) {
		pgtable_pte_page_dtor(page);
		__free_page(page);
	}
}

/** The next fragment of the page that mm has begun; NULL: there is none. Takes
 *  page_table_lock. */
function get_pte_from_cache(mm: mm_struct): pte_t {
	if (PTE_FRAG_NR === 1) return NULL;
	const context = mm.context;

	spin_lock(mm.page_table_lock);
	const ret = context.pte_frag;
	if (ret !== 0) {
		const next = ret + PTE_FRAG_SIZE;

		/* The last one of its page. */
		context.pte_frag = next % PAGE_SIZE === 0 ? 0 : next;
	}
	spin_unlock(mm.page_table_lock);
	return ret === 0 ? NULL : cast<pte_t>(ret);
}

/** A new page, and what is left of it for the next ones. Takes
 *  page_table_lock. */
function __alloc_for_ptecache(mm: mm_struct): pte_t {
	const page = alloc_page(GFP_KERNEL | __GFP_ZERO | __GFP_ACCOUNT);

	if (page === NULL) return NULL;
	if (!pgtable_pte_page_ctor(page)) {
		__free_page(page);
		return NULL;
	}
	atomic_set(page.pt_frag_refcount, 1);
	const ret = page_address(page);

	if (PTE_FRAG_NR === 1) return cast<pte_t>(ret);
	const context = mm.context;

	spin_lock(mm.page_table_lock);
	/* If somebody was faster this page is for one table alone. */
	if (context.pte_frag === 0) {
		atomic_set(page.pt_frag_refcount, PTE_FRAG_NR);
		context.pte_frag = ret + PTE_FRAG_SIZE;
	}
	spin_unlock(mm.page_table_lock);
	return cast<pte_t>(ret);
}

/** A table of zeroes; NULL without memory. */
export function pte_fragment_alloc(mm: mm_struct): pte_t {
	const pte = get_pte_from_cache(mm);

	return pte !== NULL ? pte : __alloc_for_ptecache(mm);
}

/** Nobody walks the table any more. The last one takes the page along. */
export function pte_fragment_free(table: pte_t): void {
	const page = virt_to_page(uptr(table));

	BUG_ON(
		atomic_read(page.pt_frag_refcount) <= 0,
		"pte_fragment_free: a page without tables",
	);
	if (atomic_dec_and_test(page.pt_frag_refcount)) {
		pgtable_pte_page_dtor(page);
		__free_page(page);
	}
}
