// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/mmu_gather.c (5.17): collect what an unmapping takes away, flush
 * the TLBs, free. Left out: CONFIG_MMU_GATHER_NO_GATHER, page sizes other than
 * one, MMU notifiers.
 *
 * Page tables go one of three ways:
 * - neither option: like pages, once every CPU has answered the flush;
 * - MMU_GATHER_TABLE_FREE: in batches of their own, after the flush;
 * - MMU_GATHER_RCU_TABLE_FREE with it: those batches wait for a grace period,
 *   for walkers that do not stop interrupts but are RCU readers.
 */
import {
	CONFIG_MMU_GATHER_RCU_TABLE_FREE, CONFIG_MMU_GATHER_TABLE_FREE,
	CONFIG_SPECULATIVE_PAGE_FAULT,
} from "generated/autoconf.ts";
import type { mm_struct, page } from "linux/mm_types.ts";
import {
	dec_tlb_flush_pending, inc_tlb_flush_pending, mm_tlb_flush_nested,
} from "linux/mm_types.ts";
import type { callback_head } from "linux/types.ts";
import {
	MAX_GATHER_BATCH, MAX_GATHER_BATCH_COUNT, MAX_TABLE_BATCH,
	type mmu_gather, MMU_GATHER_BUNDLE, type mmu_gather_batch,
	type mmu_table_batch, __tlb_reset_range, tlb_flush_mmu_tlbonly,
	tlb_remove_page,
} from "asm-generic/tlb.ts";
import {
	__tlb_remove_table, tlb_needs_table_invalidate, tlb_table_is_page,
} from "asm/tlb.ts";
import { BUG_ON, VM_BUG_ON, VM_BUG_ON_PAGE } from "linux/bug.ts";
import { __get_free_page, __GFP_NOWARN, free_page, GFP_NOWAIT } from "linux/gfp.ts";
import { call_rcu, synchronize_rcu } from "linux/rcupdate.ts";
import { smp_call_function } from "linux/smp.ts";
import { cond_resched } from "linux/kernel.ts";
import { free_page_and_swap_cache } from "mm/swap.ts";

/** Room for more pages? False: flush now. */
function tlb_next_batch(tlb: mmu_gather): boolean {
	const active = tlb.active;
	const next = active === NULL ? tlb.first : active.next;

	if (next !== NULL) {
		tlb.active = next;
		return true;
	}
	if (tlb.batch_count === MAX_GATHER_BATCH_COUNT) return false;

	/* The PTL is held: no waiting, and no harm without, as we can flush. */
	const addr = __get_free_page(GFP_NOWAIT | __GFP_NOWARN);
	if (addr === 0) return false;
	const batch = cast<mmu_gather_batch>(addr);
	tlb.batch_count++;
	batch.next = NULL;
	batch.nr = 0;
	batch.max = MAX_GATHER_BATCH;
	if (active === NULL) tlb.first = batch;
	else active.next = batch;
	tlb.active = batch;
	return true;
}

/** After the flush: nobody can reach the pages any more. */
function tlb_batch_pages_flush(tlb: mmu_gather): void {
	const local = tlb.local;

	for (let i = 0; i < tlb.local_nr; i++) free_page_and_swap_cache(local[i]);
	tlb.local_nr = 0;
	/* The batches are kept, empty, for what is still to come. */
	for (let batch = tlb.first; batch !== NULL; batch = batch.next) {
		const nr = batch.nr;
		if (nr === 0) break;
		for (let i = 0; i < nr; i++)
			free_page_and_swap_cache(batch.pages[i]);
		batch.nr = 0;
		cond_resched();
	}
	tlb.active = NULL;
}

/** The pages that the batches are made of, when nothing is in them any more. */
function tlb_batch_list_free(tlb: mmu_gather): void {
	let next: mmu_gather_batch;

	for (let batch = tlb.first; batch !== NULL; batch = next) {
		next = batch.next;
		free_page(uptr(batch));
	}
	tlb.first = NULL;
}

/**
 * Add a page to the batches. True when it was the last one for which there is
 * room. Called with the PTL held: nothing waits here, not for memory either.
 * Port: all pages have one size.
 */
export function __tlb_remove_page_size(
	tlb: mmu_gather, page: page, _page_size: number,
): boolean {
	const batch = tlb.active;

	VM_BUG_ON(tlb.end === 0, "page gathered without a range to flush");
	if (batch === NULL) {
		const local = tlb.local;
		local[tlb.local_nr] = page;
		tlb.local_nr++;
		if (tlb.local_nr === MMU_GATHER_BUNDLE) return !tlb_next_batch(tlb);
		return false;
	}
	const nr = batch.nr;
	VM_BUG_ON_PAGE(nr >= batch.max, page, "a batch is too full");
	batch.pages[nr] = page;
	batch.nr = nr + 1;
	if (nr + 1 === batch.max) return !tlb_next_batch(tlb);
	return false;
}

/* ---- tables ----
 *
 * By their pages, or by what else the architecture tells them by: it is only
 * kept here, and given back to __tlb_remove_table(). */

/** The tables of a batch, and the page that lists them. */
function __tlb_remove_table_free(batch: mmu_table_batch): void {
	for (let i = 0; i < batch.nr; i++) __tlb_remove_table(batch.tables[i]);
	free_page(uptr(batch));
}

const tlb_remove_table_smp_sync = RODATA((_info: number): void => {
	/* That it runs is all there is to it. */
});

/**
 * Wait until every CPU has taken an interrupt: whoever walks tables with
 * interrupts off has finished then.
 */
export function tlb_remove_table_sync_one(): void {
	smp_call_function(tlb_remove_table_smp_sync, 0, true);
}

const tlb_remove_table_rcu = RODATA((head: callback_head): void => {
	__tlb_remove_table_free(container_of<mmu_table_batch>(head, "rcu"));
});

const tlb_remove_table_one_rcu = RODATA((head: callback_head): void => {
	__tlb_remove_table(container_of<page>(head, "rcu_head"));
});

/** After the flush: at once, or when a grace period is over. */
function tlb_remove_table_free(batch: mmu_table_batch): void {
	if (CONFIG_MMU_GATHER_RCU_TABLE_FREE)
		call_rcu(batch.rcu, tlb_remove_table_rcu);
	else __tlb_remove_table_free(batch);
}

/** CPUs that have the table's upper levels cached forget them first. */
function tlb_table_invalidate(tlb: mmu_gather): void {
	if (tlb_needs_table_invalidate()) tlb_flush_mmu_tlbonly(tlb);
}

/**
 * No memory for a batch: one table by itself.
 * Port: the kernel interrupts all CPUs and frees at once, which is right for
 * walkers with interrupts off. With RCU freeing a speculative fault is an RCU
 * reader that does take interrupts, and would have the table freed under it.
 * struct page has room for a callback, so that the table waits like the others.
 * Where more tables share a page there is none, and we wait for them.
 */
function tlb_remove_table_one(table: page): void {
	if (!tlb_table_is_page()) {
		synchronize_rcu();
		__tlb_remove_table(table);
		return;
	}
	if (CONFIG_SPECULATIVE_PAGE_FAULT && CONFIG_MMU_GATHER_RCU_TABLE_FREE) {
		call_rcu(table.rcu_head, tlb_remove_table_one_rcu);
		return;
	}
	if (CONFIG_MMU_GATHER_RCU_TABLE_FREE) tlb_remove_table_sync_one();
	__tlb_remove_table(table);
}

/** Hand over the tables gathered so far. */
function tlb_table_flush(tlb: mmu_gather): void {
	if (CONFIG_MMU_GATHER_TABLE_FREE) {
		const batch = tlb.batch;
		if (batch !== NULL) {
			tlb_table_invalidate(tlb);
			tlb_remove_table_free(batch);
			tlb.batch = NULL;
		}
	}
}

/** The table is unlinked, and its reference becomes ours. */
export function tlb_remove_table(tlb: mmu_gather, table: page): void {
	if (!CONFIG_MMU_GATHER_TABLE_FREE) {
		tlb_remove_page(tlb, table);
		return;
	}
	if (tlb.batch === NULL) {
		/* Nobody waits for memory in order to give memory back. */
		const addr = __get_free_page(GFP_NOWAIT | __GFP_NOWARN);
		if (addr === 0) {
			tlb_table_invalidate(tlb);
			tlb_remove_table_one(table);
			return;
		}
		const fresh = cast<mmu_table_batch>(addr);
		fresh.nr = 0;
		tlb.batch = fresh;
	}
	const batch = tlb.batch;
	const nr = batch.nr;
	batch.tables[nr] = table;
	batch.nr = nr + 1;
	if (nr + 1 === MAX_TABLE_BATCH) tlb_table_flush(tlb);
}

/* ---- flushing ---- */

/** A new gathering has no tables. */
function tlb_table_init(tlb: mmu_gather): void {
	if (CONFIG_MMU_GATHER_TABLE_FREE) tlb.batch = NULL;
}

/** Free what is gathered; the TLBs have been flushed. */
function tlb_flush_mmu_free(tlb: mmu_gather): void {
	tlb_table_flush(tlb);
	tlb_batch_pages_flush(tlb);
}

/** Flush, free, and go on gathering. Called without the PTL: it may wait. */
export function tlb_flush_mmu(tlb: mmu_gather): void {
	tlb_flush_mmu_tlbonly(tlb);
	tlb_flush_mmu_free(tlb);
}

/** A gathering with nothing in it. From here to tlb_finish_mmu() others are
 *  told that a flush is pending, see mm_tlb_flush_pending(). */
function __tlb_gather_mmu(mm: mm_struct, fullmm: boolean): mmu_gather {
	const tlb: mmu_gather = {
		mm,
		batch: NULL,
		start: 0,
		end: 0,
		fullmm,
		need_flush_all: false,
		freed_tables: false,
		cleared_ptes: false,
		cleared_pmds: false,
		cleared_puds: false,
		cleared_p4ds: false,
		batch_count: 0,
		local_nr: 0,
		local: [NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL],
		first: NULL,
		active: NULL,
	};
	tlb_table_init(tlb);
	__tlb_reset_range(tlb);
	inc_tlb_flush_pending(mm);
	return tlb;
}

/** Start to unmap a part of mm. Port: returns the object that the kernel's
 *  caller passes in. */
export function tlb_gather_mmu(mm: mm_struct): mmu_gather {
	return __tlb_gather_mmu(mm, false);
}

/** Start to unmap all of mm, which nobody uses any more. */
export function tlb_gather_mmu_fullmm(mm: mm_struct): mmu_gather {
	return __tlb_gather_mmu(mm, true);
}

/** Flush, free, done. */
export function tlb_finish_mmu(tlb: mmu_gather): void {
	/*
	 * Another unmapping runs in parallel, both under the read lock. It may
	 * have cleared entries that we found empty, and not have flushed yet;
	 * our caller must be able to rely on a flush when we return. What it
	 * has cleared we do not know: flush everything.
	 */
	if (mm_tlb_flush_nested(tlb.mm)) {
		tlb.fullmm = true;
		__tlb_reset_range(tlb);
		tlb.freed_tables = true;
	}
	tlb_flush_mmu(tlb);
	BUG_ON(tlb.local_nr !== 0, "tlb_finish_mmu: pages left");
	tlb_batch_list_free(tlb);
	dec_tlb_flush_pending(tlb.mm);
}
