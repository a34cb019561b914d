// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the part of mm/page-writeback.c (5.17) that marks pages dirty and
 * writes them back when somebody asks for it.
 * Where PAGE_RECLAIM is, dirty pages of files with a disk are counted, and who
 * writes while there are too many has them written back.
 * Left out: how fast disks and writers are, limits of their own for each, who
 * waits for writeback; errors of the disk's.
 * Port: the page cache has no tags. Who looks for dirty pages looks at all, and
 * pages that become dirty behind him are not his (tag_pages_for_writeback()).
 */
import { CONFIG_HIGHMEM, CONFIG_PAGE_RECLAIM } from "generated/autoconf.ts";
import { type address_space, mapping_can_writeback } from "linux/fs.ts";
import type { page } from "linux/mm_types.ts";
import { VM_BUG_ON_PAGE } from "linux/bug.ts";
import { cond_resched } from "linux/kernel.ts";
import { put_page } from "linux/mm.ts";
import { MAX_NR_ZONES, NR_FILE_DIRTY, WMARK_HIGH } from "linux/mmzone.ts";
import {
	ClearPageReclaim, PageAnon, PageDirty, PageLocked, PageReclaim,
	PageWriteback, TestClearPageDirty, TestSetPageDirty,
	TestSetPageWriteback,
} from "linux/page-flags.ts";
import { lock_page, unlock_page } from "linux/pagemap.ts";
import { rcu_read_lock, rcu_read_unlock } from "linux/rcupdate.ts";
import {
	__dec_lruvec_page_state, __inc_lruvec_page_state,
	global_node_page_state,
} from "linux/vmstat.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import {
	__mark_inode_dirty, wb_start_background_writeback, wb_writeback,
} from "kernel/fs/fs-writeback.ts";
import { xa_find } from "kernel/lib/xarray.ts";
import { find_get_page, wait_on_page_writeback } from "mm/filemap.ts";
import {
	node_zone, nr_free_highpages, nr_free_pages, totalreserve_pages,
	wmark_pages, zone_highmem,
} from "mm/page_alloc.ts";
import { page_mkclean } from "mm/rmap.ts";
import { zone_reclaimable_pages } from "mm/vmscan.ts";

/** Start it, but wait for nobody; or all that is dirty has to get there. */
export const WB_SYNC_NONE = 0;
export const WB_SYNC_ALL = 1;

/* Of the memory that could be had, in percent: from here on the flusher writes
 * dirty pages back, and from here on so does who writes. */
const dirty_background_ratio = 10;
const vm_dirty_ratio = 20;

/** Of those, at most total: what no pointer reaches. */
function highmem_dirtyable_memory(total: number): number {
	if (CONFIG_HIGHMEM) {
		const free = nr_free_highpages() -
			wmark_pages(zone_highmem, WMARK_HIGH);

		return Math.min(total, Math.max(0, free) +
			zone_reclaimable_pages(zone_highmem));
	}
	return 0;
}

/** Pages that are free, or could be, but for the reserve. What is dirty pins
 *  memory of the kernel's, so that high memory does not count
 *  (vm_highmem_is_dirtyable is 0). */
function global_dirtyable_memory(): number {
	let x = Math.max(1, nr_free_pages() - totalreserve_pages());

	for (let idx = 0; idx < MAX_NR_ZONES; idx++)
		x += zone_reclaimable_pages(node_zone(idx));
	return x - highmem_dirtyable_memory(x);
}

/**
 * The caller, who has written to a file, is to see that not all of memory gets
 * dirty. No lock is held but i_rwsem.
 * Port: the kernel has him sleep until the flusher has done enough, which here
 * may run on this very CPU; so he does it. What is on its way counts no more.
 */
export function balance_dirty_pages_ratelimited(
	mapping: address_space,
): void {
	if (!mapping_can_writeback(mapping)) return;
	const dirty = global_node_page_state(NR_FILE_DIRTY) * 100;
	const memory = global_dirtyable_memory();

	if (dirty > memory * vm_dirty_ratio) wb_writeback(WB_SYNC_NONE);
	else if (dirty > memory * dirty_background_ratio)
		wb_start_background_writeback();
}

/** One page of write_cache_pages(), which is referenced. 0, or an errno. */
function write_cache_page(
	mapping: address_space, page: page, sync_mode: number,
): number {
	lock_page(page);
	go: {
		/* Cut off meanwhile, or written by somebody else. */
		if (page.mapping !== uptr(mapping)) break go;
		if (!PageDirty(page)) break go;
		if (PageWriteback(page)) {
			if (sync_mode === WB_SYNC_NONE) {
				/* Next time. */
				if (CONFIG_PAGE_RECLAIM)
					__mark_inode_dirty(mapping.host);
				break go;
			}
			wait_on_page_writeback(page);
		}
		VM_BUG_ON_PAGE(PageWriteback(page), page);
		if (!clear_page_dirty_for_io(page)) break go;
		/* Unlocks it. */
		return mapping.a_ops.writepage!(page);
	} /* go: */
	unlock_page(page);
	return 0;
}

/** The dirty pages of bytes start to end, in order. The first error. */
function write_cache_pages(
	mapping: address_space, start: number, end: number, sync_mode: number,
): number {
	const last = Math.floor(end / PAGE_SIZE);
	let index = Math.floor(start / PAGE_SIZE);
	let ret = 0;

	for (;;) {
		rcu_read_lock();
		index = xa_find(mapping, index, last);
		rcu_read_unlock();
		if (index < 0) return ret;
		const page = find_get_page(mapping, index);
		if (page !== NULL) {
			if (PageDirty(page)) {
				const error = write_cache_page(mapping, page,
					sync_mode);
				if (ret === 0) ret = error;
			}
			put_page(page);
		}
		index++;
		cond_resched();
	}
}

/** No lock is held. */
export function do_writepages(
	mapping: address_space, start: number, end: number, sync_mode: number,
): number {
	return write_cache_pages(mapping, start, end, sync_mode);
}

/** A page of the mapping's has become dirty. */
function folio_account_dirtied(page: page, mapping: address_space): void {
	if (!mapping_can_writeback(mapping)) return;
	__inc_lruvec_page_state(page, NR_FILE_DIRTY);
	__mark_inode_dirty(mapping.host);
}

/** Or it is clean, or gone. */
export function folio_account_cleaned(
	page: page, mapping: address_space,
): void {
	if (mapping_can_writeback(mapping))
		__dec_lruvec_page_state(page, NR_FILE_DIRTY);
}

/** True if the page was clean. The caller holds the page lock, or the PTL of
 *  a mapping of the page, either of which keeps the page in its file. */
export function set_page_dirty(page: page): boolean {
	/* It is not the next to go any more, once it was written. */
	if (CONFIG_PAGE_RECLAIM) {
		if (PageReclaim(page)) ClearPageReclaim(page);
	}
	if (PageDirty(page)) return false;
	if (TestSetPageDirty(page)) return false;
	if (CONFIG_PAGE_RECLAIM) {
		const mapping = cast<address_space>(
			PageAnon(page) ? 0 : page.mapping);

		if (mapping !== NULL) folio_account_dirtied(page, mapping);
	}
	return true;
}

/**
 * A locked page is to be written: it is clean from here on, and who wants to
 * write to it asks first. False if it was clean.
 *
 * First no entry of a page table can be written by, and what that says goes to
 * the page; then the page's bit is cleared. The other way round a write by such
 * an entry would be lost in between.
 */
export function clear_page_dirty_for_io(page: page): boolean {
	VM_BUG_ON_PAGE(!PageLocked(page), page);
	if (page_mkclean(page) !== 0) set_page_dirty(page);
	if (!TestClearPageDirty(page)) return false;
	if (CONFIG_PAGE_RECLAIM)
		folio_account_cleaned(page, cast<address_space>(page.mapping));
	return true;
}

/** The page is locked, and is to be written. */
export function set_page_writeback(page: page): void {
	const old = TestSetPageWriteback(page);

	VM_BUG_ON_PAGE(old, page, "written twice at once");
}
