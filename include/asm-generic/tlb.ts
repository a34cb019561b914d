// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/asm-generic/tlb.h (5.17): the
 * state of an unmapping in progress. mm/mmu_gather.ts has the functions that
 * are not inline. Left out: page sizes other than one, huge pages, vma flags
 * for architectures that flush executable mappings differently, gathering
 * without pages.
 *
 * The order that all of this is for: (1) clear entries and unlink tables,
 * (2) flush TLBs, (3) only then free pages and tables. Between (1) and (3) a
 * CPU may still write to the pages and walk the tables.
 */
import type { mm_struct, page, vm_area_struct } from "linux/mm_types.ts";
import type { callback_head } from "linux/types.ts";
import type { pgtable_t, pmd_t, pte_t, pud_t } from "asm/pgtable_types.ts";
import {
	__PAGETABLE_PMD_FOLDED, __PAGETABLE_PUD_FOLDED, PAGE_SHIFT, PAGE_SIZE,
	PGDIR_SHIFT, PMD_SHIFT, PUD_SHIFT, TASK_SIZE,
} from "asm/pgtable_types.ts";
import { __pmd_free_tlb, __pte_free_tlb, __pud_free_tlb } from "asm/pgalloc.ts";
import { tlb_flush } from "asm/tlb.ts";
import { TLB_FLUSH_ALL } from "asm/tlbflush.ts";
import { __tlb_remove_page_size, tlb_flush_mmu } from "mm/mmu_gather.ts";
import { mmu_notifier_invalidate_range } from "linux/mmu_notifier.ts";

/** Tables in one batch: what is left of a page. */
export const MAX_TABLE_BATCH = (PAGE_SIZE - 12) / 4;

/** A page of tables to free; MMU_GATHER_TABLE_FREE. All fields:
 *  current only, which unmaps; then RCU, for the callback. */
export interface mmu_table_batch extends struct {
	rcu: embed<callback_head>; /* RCU, once the batch is handed over */
	nr: int; /* the unmapping CPU, then the callback */
	tables: array<page, 0>; /* as many as MAX_TABLE_BATCH */
}

/** Pages in one batch beyond the first. */
export const MAX_GATHER_BATCH = (PAGE_SIZE - 12) / 4;
/** Pages in the first one, which needs no allocation. */
export const MMU_GATHER_BUNDLE = 8;
/** Bound of one gathering, so that it does not hold up too many pages. Port: a
 *  page holds twice as many as the kernel's, one of 64 KiB more than that. */
export const MAX_GATHER_BATCH_COUNT =
	MAX_GATHER_BATCH < 10000 ? (10000 / MAX_GATHER_BATCH) | 0 : 1;

/** A page of pages to free. All fields: current only, which unmaps. */
export interface mmu_gather_batch extends struct {
	next: mmu_gather_batch;
	nr: int;
	max: int;
	pages: array<page, 0>; /* as many as MAX_GATHER_BATCH */
}

/**
 * On the stack of the one who unmaps.
 * Port: the first, small batch is an array of this object, not of RAM.
 */
export interface mmu_gather {
	mm: mm_struct;
	batch: mmu_table_batch;
	/** [start, end): what has to be flushed. */
	start: number;
	end: number;
	/** The whole address space dies: no need to flush precisely. */
	fullmm: boolean;
	need_flush_all: boolean;
	/** Tables were unlinked: CPUs may cache upper levels, too. */
	freed_tables: boolean;
	/* at which levels entries were cleared */
	cleared_ptes: boolean;
	cleared_pmds: boolean;
	cleared_puds: boolean;
	cleared_p4ds: boolean;
	batch_count: number;
	local_nr: number;
	local: page[];
	/** Further batches, and the one being filled (NULL: the local one). */
	first: mmu_gather_batch;
	active: mmu_gather_batch;
}

function __tlb_adjust_range(
	tlb: mmu_gather, address: number, range_size: number,
): void {
	if (address < tlb.start) tlb.start = address;
	if (address + range_size > tlb.end) tlb.end = address + range_size;
}

export function __tlb_reset_range(tlb: mmu_gather): void {
	if (tlb.fullmm) {
		tlb.start = TLB_FLUSH_ALL;
		tlb.end = TLB_FLUSH_ALL;
	} else {
		tlb.start = TASK_SIZE;
		tlb.end = 0;
	}
	tlb.freed_tables = false;
	tlb.cleared_ptes = false;
	tlb.cleared_pmds = false;
	tlb.cleared_puds = false;
	tlb.cleared_p4ds = false;
}

/** The TLBs only: what was gathered is kept. May be called with a PTL held. */
export function tlb_flush_mmu_tlbonly(tlb: mmu_gather): void {
	if (!(tlb.freed_tables || tlb.cleared_ptes || tlb.cleared_pmds ||
		tlb.cleared_puds || tlb.cleared_p4ds))
		return;
	tlb_flush(tlb);
	mmu_notifier_invalidate_range(tlb.mm, tlb.start, tlb.end);
	__tlb_reset_range(tlb);
}

/** Gather the page, whose reference becomes ours. True: there is no room for
 *  another one, and the caller has to tlb_flush_mmu(). */
export function __tlb_remove_page(tlb: mmu_gather, page: page): boolean {
	return __tlb_remove_page_size(tlb, page, PAGE_SIZE);
}

/** The same, for who holds no lock and can have it flushed here. */
export function tlb_remove_page(tlb: mmu_gather, page: page): void {
	if (__tlb_remove_page(tlb, page)) tlb_flush_mmu(tlb);
}

/** Pages have one size. */
export function tlb_change_page_size(
	_tlb: mmu_gather, _page_size: number,
): void {}

/** The smallest level at which something was cleared, as a power of two. */
export function tlb_get_unmap_shift(tlb: mmu_gather): number {
	if (tlb.cleared_ptes) return PAGE_SHIFT;
	if (tlb.cleared_pmds) return PMD_SHIFT;
	if (tlb.cleared_puds) return PUD_SHIFT;
	/* P4D_SHIFT is the same: that level is folded. */
	if (tlb.cleared_p4ds) return PGDIR_SHIFT;
	return PAGE_SHIFT;
}

/** The same as a number of bytes. */
export function tlb_get_unmap_size(tlb: mmu_gather): number {
	return 2 ** tlb_get_unmap_shift(tlb);
}

export function tlb_start_vma(_tlb: mmu_gather, _vma: vm_area_struct): void {}
export function tlb_end_vma(_tlb: mmu_gather, _vma: vm_area_struct): void {}

/* ---- what was cleared ---- */

export function tlb_flush_pte_range(
	tlb: mmu_gather, address: number, size: number,
): void {
	__tlb_adjust_range(tlb, address, size);
	tlb.cleared_ptes = true;
}

export function tlb_flush_pmd_range(
	tlb: mmu_gather, address: number, size: number,
): void {
	__tlb_adjust_range(tlb, address, size);
	tlb.cleared_pmds = true;
}

export function tlb_flush_pud_range(
	tlb: mmu_gather, address: number, size: number,
): void {
	__tlb_adjust_range(tlb, address, size);
	tlb.cleared_puds = true;
}

export function tlb_flush_p4d_range(
	tlb: mmu_gather, address: number, size: number,
): void {
	__tlb_adjust_range(tlb, address, size);
	tlb.cleared_p4ds = true;
}

/** A pte was cleared: remember its address for the flush. */
export function tlb_remove_tlb_entry(
	tlb: mmu_gather, _ptep: pte_t, address: number,
): void {
	tlb_flush_pte_range(tlb, address, PAGE_SIZE);
}

/*
 * Tables: each is unlinked already, and freed after the flush. Whatever it
 * mapped was cleared before and is in the range by its own, so the range needs
 * no more than a page of it, by which the upper levels are forgotten. A folded
 * level has no tables.
 */

export function pte_free_tlb(
	tlb: mmu_gather, table: pgtable_t, address: number,
): void {
	tlb_flush_pmd_range(tlb, address, PAGE_SIZE);
	tlb.freed_tables = true;
	__pte_free_tlb(tlb, table);
}

export function pmd_free_tlb(
	tlb: mmu_gather, pmdp: pmd_t, address: number,
): void {
	if (__PAGETABLE_PMD_FOLDED) return;
	tlb_flush_pud_range(tlb, address, PAGE_SIZE);
	tlb.freed_tables = true;
	__pmd_free_tlb(tlb, pmdp);
}

export function pud_free_tlb(
	tlb: mmu_gather, pudp: pud_t, address: number,
): void {
	if (__PAGETABLE_PUD_FOLDED) return;
	tlb_flush_p4d_range(tlb, address, PAGE_SIZE);
	tlb.freed_tables = true;
	__pud_free_tlb(tlb, pudp);
}
