// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/vmscan.c (5.17): where memory is short, pages of files go that
 * were not used lately. Of the lists the inactive one is looked at from its
 * end, and is filled from that of the active one. A page that is looked at is
 * nobody else's to take, locked, and has a reference.
 *
 * Port: anonymous pages, and those of shared memory, are on no list and stay,
 * as there is no swap. kswapd is a work: of the CPU whose allocation has found
 * the zone below its low watermark, before it returns to user mode. As no
 * thread writes back meanwhile, who reclaims directly writes a dirty page as
 * kswapd does (pageout()), and asks the disk where the kernel would wait for it
 * (reclaim_throttle()).
 * Pages that nobody can reclaim (of ramfs, or of locked memory) are on no list
 * of their own; they come round as active ones.
 * Left out: shrinkers, as no cache has one; reclaim for a memory cgroup; nodes,
 * watermark boosts, compaction; who used a page that was reclaimed
 * (mm/workingset.c); balance with anonymous pages; limits of how many pages are
 * taken off the lists at once, and of who may reclaim.
 */
import {
	CONFIG_BLK_DEV_RAM, CONFIG_HIGHMEM, CONFIG_MEMCG, CONFIG_PAGE_RECLAIM,
} from "generated/autoconf.ts";
import type { address_space } from "linux/fs.ts";
import type { page } from "linux/mm_types.ts";
import { VM_BUG_ON_PAGE } from "linux/bug.ts";
import { __GFP_FS, gfp_zone, GFP_KERNEL } from "linux/gfp.ts";
import { cond_resched } from "linux/kernel.ts";
import {
	INIT_LIST_HEAD, list_add, list_del, list_empty, list_move, list_splice,
} from "linux/list.ts";
import { mem_cgroup_uncharge } from "linux/memcontrol.ts";
import {
	get_page_unless_zero, page_mapped, put_page, put_page_testzero, VM_EXEC,
	VM_LOCKED,
} from "linux/mm.ts";
import {
	__clear_page_lru_flags, add_page_to_lru_list, lru_size_dec,
} from "linux/mm_inline.ts";
import {
	LRU_ACTIVE_FILE, LRU_INACTIVE_FILE, type lruvec,
	MAX_NR_ZONES, NR_LRU_LISTS, WMARK_HIGH, type zone, ZONE_HIGHMEM,
	ZONE_NORMAL,
} from "linux/mmzone.ts";
import {
	ClearPageActive, ClearPageReclaim, PageActive, PageDirty, PageLocked,
	PageLRU, PageReclaim, PageWriteback, SetPageActive, SetPageLRU,
	SetPageReclaim, SetPageReferenced, SetPageWorkingset, TestClearPageLRU,
	TestClearPageReferenced,
} from "linux/page-flags.ts";
import {
	page_ref_count, page_ref_freeze, page_ref_unfreeze,
} from "linux/page_ref.ts";
import { trylock_page, unlock_page } from "linux/pagemap.ts";
import { PF_KSWAPD } from "linux/sched.ts";
import {
	memalloc_noreclaim_restore, memalloc_noreclaim_save,
} from "linux/sched/mm.ts";
import { cpu_relax } from "linux/smp.ts";
import {
	spin_lock, spin_lock_init, spin_lock_irqsave, spin_unlock,
	spin_unlock_irqrestore,
} from "linux/spinlock.ts";
import type { list_head } from "linux/types.ts";
import { count_vm_event, count_vm_events } from "linux/vm_event.ts";
import {
	ALLOCSTALL_HIGH, ALLOCSTALL_NORMAL, PAGEOUTRUN, PGACTIVATE,
	PGDEACTIVATE, PGREFILL, PGSCAN_DIRECT, PGSCAN_FILE, PGSCAN_KSWAPD,
	PGSCAN_SKIP_HIGH, PGSTEAL_DIRECT, PGSTEAL_FILE, PGSTEAL_KSWAPD,
} from "linux/vm_event_item.ts";
import { PAGE_SHIFT } from "asm/pgtable_types.ts";
import { blk_poll } from "drivers/block/brd.ts";
import { wakeup_flusher_threads } from "kernel/fs/fs-writeback.ts";
import { rcu_check_callbacks } from "kernel/rcu.ts";
import { current } from "kernel/sched/core.ts";
import {
	INIT_WORK, schedule_work, type work_struct,
} from "kernel/workqueue.ts";
import { __delete_from_page_cache } from "mm/filemap.ts";
import {
	free_unref_page_list, MAX_RECLAIM_RETRIES, node_zone, page_zonenum,
	SWAP_CLUSTER_MAX, wmark_pages, zone_watermark_ok,
} from "mm/page_alloc.ts";
import { clear_page_dirty_for_io } from "mm/page-writeback.ts";
import { page_referenced, try_to_unmap } from "mm/rmap.ts";
import { contig_page_data } from "mm/vmstat.ts";

/** One reclaim. */
interface scan_control {
	nr_to_reclaim: number;
	gfp_mask: number;
	/** The highest zone whose pages help. */
	reclaim_idx: number;
	/** So many pages of each list are looked at: 1 of 2^priority. */
	priority: number;
	may_deactivate: boolean;
	force_deactivate: boolean;
	/** Active pages were left alone. */
	skipped_deactivate: boolean;
	nr_scanned: number;
	nr_reclaimed: number;
	nr_writeback: number; /* pages that their disk has */
	nr_unqueued_dirty: number; /* dirty ones that it has not */
}

const DEF_PRIORITY = 12;

interface vmscan_data extends struct {
	kswapd_work: embed<work_struct>; /* see work_struct */
	/** times in a row that kswapd has found nothing; atomic: who loses
	 *  one of two comes once more */
	kswapd_failures: int;
	/** the highest zone that somebody wanted it for since it began, even
	 *  where it was not woken then, as in the kernel; atomic */
	kswapd_highest_zoneidx: ifdef<"CONFIG_HIGHMEM", int>;
}
const vmscan = DEFINE<vmscan_data>();

function current_is_kswapd(): boolean {
	return (current().flags & PF_KSWAPD) !== 0;
}

/** zone_page_state(zone, NR_ZONE_LRU_BASE + lru). A value that is a moment old
 *  is as good. */
function zone_lru_pages(zone: zone, lru: number): number {
	if (CONFIG_HIGHMEM)
		return READ_ONCE(zone.nr_lru_pages[lru]);
	return READ_ONCE(contig_page_data.__lruvec.lru_size[lru]);
}

/** What reclaim could have, if all of it were clean and unused. */
export function zone_reclaimable_pages(zone: zone): number {
	return zone_lru_pages(zone, LRU_INACTIVE_FILE) +
		zone_lru_pages(zone, LRU_ACTIVE_FILE);
}

/** Pages on a list, of zones up to zone_idx. */
function lruvec_lru_size(lru: number, zone_idx: number): number {
	let size = 0;

	for (let zid = 0; zid <= zone_idx; zid++)
		size += zone_lru_pages(node_zone(zid), lru);
	return size;
}

/** Nobody uses the page but its file and who has taken it off the list. */
function is_page_cache_freeable(page: page): boolean {
	return page_ref_count(page) === 2;
}

/**
 * What can be freed is on its way to the disk: wait until some of it is there.
 * Port: the reasons of the kernel's are this one.
 */
function reclaim_throttle(): void {
	if (CONFIG_BLK_DEV_RAM) {
		for (let n = 1; n <= SWAP_CLUSTER_MAX && blk_poll(); n++) {
			rcu_check_callbacks();
			cpu_relax(n);
		}
	}
}

/* What has become of a page that was to be written. */
const PAGE_KEEP = 0; /* nothing: it is locked */
const PAGE_ACTIVATE = 1; /* cannot be: it is locked */
const PAGE_SUCCESS = 2; /* it is on its way, and unlocked */
const PAGE_CLEAN = 3; /* it was clean: it is locked */

/** The page is locked and dirty, and was unmapped. */
function pageout(page: page, mapping: address_space): number {
	if (!is_page_cache_freeable(page)) return PAGE_KEEP;
	if (!mapping.a_ops.writepage) return PAGE_ACTIVATE;
	if (!clear_page_dirty_for_io(page)) return PAGE_CLEAN;
	SetPageReclaim(page);
	/* Unlocks it; we have a reference. */
	mapping.a_ops.writepage(page);
	/* Written at once, or not at all. */
	if (!PageWriteback(page)) ClearPageReclaim(page);
	return PAGE_SUCCESS;
}

/**
 * The page leaves the cache if nobody but that and the caller has a reference,
 * and it is clean; then nobody has. It is locked, and was unmapped.
 *
 * Who looks pages up without a lock takes a reference first, and looks then
 * whether it is still there: the count becomes 0 before the slot does, so that
 * he either comes in time for us to see him, or too late to get one. Dirty is
 * looked at after that: who made the page dirty had a reference, which he may
 * have given back since (set_page_dirty(); put_page()).
 */
function __remove_mapping(mapping: address_space, page: page): boolean {
	VM_BUG_ON_PAGE(!PageLocked(page), page);
	VM_BUG_ON_PAGE(page.mapping !== uptr(mapping), page);
	spin_lock(mapping.i_pages_lock);
	if (!page_ref_freeze(page, 2)) {
		spin_unlock(mapping.i_pages_lock);
		return false;
	}
	if (PageDirty(page)) {
		page_ref_unfreeze(page, 2);
		spin_unlock(mapping.i_pages_lock);
		return false;
	}
	__delete_from_page_cache(page);
	spin_unlock(mapping.i_pages_lock);
	return true;
}

/** The same; the caller has the last reference afterwards. */
export function remove_mapping(mapping: address_space, page: page): boolean {
	if (!__remove_mapping(mapping, page)) return false;
	page_ref_unfreeze(page, 1);
	return true;
}

/* What is to be done with a page, by how it was used. */
const PAGEREF_RECLAIM = 0;
const PAGEREF_RECLAIM_CLEAN = 1; /* but it is not written for that */
const PAGEREF_KEEP = 2; /* until we come again */
const PAGEREF_ACTIVATE = 3;

/** The page is locked. What was known of its use is forgotten. */
function page_check_references(page: page): number {
	const { referenced: referenced_ptes, vm_flags } =
		page_referenced(page, true);
	const referenced_page = TestClearPageReferenced(page);

	/* try_to_unmap() will not, and then it is active. */
	if ((vm_flags & VM_LOCKED) !== 0) return PAGEREF_RECLAIM;
	if (referenced_ptes !== 0) {
		/* Any mapping begins with a fault, which is one use. */
		SetPageReferenced(page);
		if (referenced_page || referenced_ptes > 1)
			return PAGEREF_ACTIVATE;
		if ((vm_flags & VM_EXEC) !== 0) return PAGEREF_ACTIVATE;
		return PAGEREF_KEEP;
	}
	return referenced_page ? PAGEREF_RECLAIM_CLEAN : PAGEREF_RECLAIM;
}

/* What shrink_page() has done with a page that it was given. */
const PAGE_FREED = 0; /* it has no reference, and is unlocked */
const PAGE_LOCKED = 1; /* to be kept, and locked */
const PAGE_UNLOCKED = 2; /* to be kept */

/**
 * One page of shrink_page_list(), locked, off the lists, and with a reference
 * of ours. Sets PG_active where it is to be.
 */
function shrink_page(page: page, sc: scan_control): number {
	const may_enter_fs = (sc.gfp_mask & __GFP_FS) !== 0;
	const mapping = cast<address_space>(page.mapping);

	VM_BUG_ON_PAGE(PageActive(page), page);
	sc.nr_scanned++;
	activate_locked: {
		if (PageWriteback(page)) {
			/* When that has ended it is the next one. */
			SetPageReclaim(page);
			sc.nr_writeback++;
			break activate_locked;
		}
		if (PageDirty(page)) sc.nr_unqueued_dirty++;
		const references = page_check_references(page);

		if (references === PAGEREF_ACTIVATE) break activate_locked;
		if (references === PAGEREF_KEEP) return PAGE_LOCKED;
		/* Truncated: the last reference is ours, or somebody's. */
		if (mapping === NULL) return PAGE_LOCKED;
		if (page_mapped(page)) {
			try_to_unmap(page, 0);
			if (page_mapped(page)) break activate_locked;
		}
		if (PageDirty(page)) {
			/* Not the first time that we come by: the flusher
			 * writes more than one. */
			if (!PageReclaim(page)) {
				SetPageReclaim(page);
				break activate_locked;
			}
			if (references === PAGEREF_RECLAIM_CLEAN)
				return PAGE_LOCKED;
			if (!may_enter_fs) return PAGE_LOCKED;
			switch (pageout(page, mapping)) {
			case PAGE_KEEP:
				return PAGE_LOCKED;
			case PAGE_ACTIVATE:
				break activate_locked;
			case PAGE_SUCCESS:
				sc.nr_writeback++;
				/* Port: nothing is written at once. */
				return PAGE_UNLOCKED;
			}
		}
		if (!__remove_mapping(mapping, page)) return PAGE_LOCKED;
		unlock_page(page);
		return PAGE_FREED;
	} /* activate_locked: */
	SetPageActive(page);
	count_vm_event(PGACTIVATE);
	return PAGE_LOCKED;
}

/** The last page of a list, as its oldest. */
function lru_to_page(head: list_head): page {
	return container_of<page>(head.prev, "lru");
}

/**
 * Free what can be of a list of pages, which nobody else has, and which have a
 * reference of ours each. What is left is on the list. How many were freed.
 */
function shrink_page_list(page_list: list_head, sc: scan_control): number {
	const ret_pages = STACK<list_head>();
	const free_pages = STACK<list_head>();
	let nr_reclaimed = 0;

	INIT_LIST_HEAD(ret_pages);
	INIT_LIST_HEAD(free_pages);
	while (!list_empty(page_list)) {
		const page = lru_to_page(page_list);

		cond_resched();
		list_del(page.lru);
		if (trylock_page(page)) {
			const done = shrink_page(page, sc);

			if (done === PAGE_FREED) {
				nr_reclaimed++;
				if (CONFIG_MEMCG) mem_cgroup_uncharge(page);
				list_add(page.lru, free_pages);
				continue;
			}
			if (done === PAGE_LOCKED) unlock_page(page);
		}
		list_add(page.lru, ret_pages);
		VM_BUG_ON_PAGE(PageLRU(page), page);
	}
	free_unref_page_list(free_pages);
	list_splice(ret_pages, page_list);
	return nr_reclaimed;
}

/**
 * Up to nr_to_scan pages from the end of a list of the lruvec's to dst, with a
 * reference each. lru_lock is held. Those stay that nobody refers to any more,
 * or that somebody else is about to take, and those of zones that would not
 * help. Port: returns both how many were looked at, and how many are on dst.
 */
function isolate_lru_pages(
	nr_to_scan: number, lruvec: lruvec, dst: list_head, sc: scan_control,
	lru: number,
): { nr_scanned: number; nr_taken: number } {
	const src: list_head = lruvec.lists[lru];
	const pages_skipped = STACK<list_head>();
	let nr_skipped = 0;
	let nr_taken = 0;
	let scan = 0;

	INIT_LIST_HEAD(pages_skipped);
	/* What is skipped does not count towards nr_to_scan: the list may hold
	 * little else. */
	while (scan < nr_to_scan && !list_empty(src)) {
		const page = lru_to_page(src);

		if (CONFIG_HIGHMEM) {
			if (page_zonenum(page) > sc.reclaim_idx) {
				list_move(page.lru, pages_skipped);
				nr_skipped++;
				continue;
			}
		}
		scan++;
		if (!get_page_unless_zero(page)) {
			list_move(page.lru, src);
			continue;
		}
		if (!TestClearPageLRU(page)) {
			/* Not the last one: who has cleared it has another. */
			put_page(page);
			list_move(page.lru, src);
			continue;
		}
		lru_size_dec(lruvec, page);
		list_move(page.lru, dst);
		nr_taken++;
	}
	if (CONFIG_HIGHMEM) {
		/* To the other end, where the next batch does not meet them at
		 * once. */
		list_splice(pages_skipped, src);
		count_vm_events(PGSCAN_SKIP_HIGH, nr_skipped);
	}
	return { nr_scanned: scan + nr_skipped, nr_taken };
}

/**
 * Back to the lruvec's lists, by what the pages are now. lru_lock is held.
 * Those that have lost their last reference meanwhile are left on the list.
 */
function move_pages_to_lru(lruvec: lruvec, list: list_head): number {
	const pages_to_free = STACK<list_head>();
	let nr_moved = 0;

	INIT_LIST_HEAD(pages_to_free);
	while (!list_empty(list)) {
		const page = lru_to_page(list);

		VM_BUG_ON_PAGE(PageLRU(page), page);
		list_del(page.lru);
		/* First that: who gives back the last reference from here on
		 * takes it off the list, and waits for the lock. */
		SetPageLRU(page);
		if (put_page_testzero(page)) {
			__clear_page_lru_flags(page);
			list_add(page.lru, pages_to_free);
			continue;
		}
		add_page_to_lru_list(page, lruvec);
		nr_moved++;
	}
	list_splice(pages_to_free, list);
	return nr_moved;
}

/** What move_pages_to_lru() has left. */
function free_unref_pages(list: list_head): void {
	if (CONFIG_MEMCG) {
		for (let pos: list_head = list.next; pos !== list;
			pos = pos.next)
			mem_cgroup_uncharge(container_of<page>(pos, "lru"));
	}
	free_unref_page_list(list);
}

/** How many of the oldest nr_to_scan pages of the inactive list were freed. */
function shrink_inactive_list(
	nr_to_scan: number, lruvec: lruvec, sc: scan_control,
): number {
	const page_list = STACK<list_head>();
	const kswapd = current_is_kswapd();

	INIT_LIST_HEAD(page_list);
	let flags = spin_lock_irqsave(lruvec.lru_lock);
	const { nr_scanned, nr_taken } = isolate_lru_pages(nr_to_scan, lruvec,
		page_list, sc, LRU_INACTIVE_FILE);

	count_vm_events(kswapd ? PGSCAN_KSWAPD : PGSCAN_DIRECT, nr_scanned);
	count_vm_events(PGSCAN_FILE, nr_scanned);
	spin_unlock_irqrestore(lruvec.lru_lock, flags);
	if (nr_taken === 0) return 0;

	sc.nr_unqueued_dirty = 0;
	const nr_reclaimed = shrink_page_list(page_list, sc);

	/* The flusher does not keep up with who writes. */
	if (sc.nr_unqueued_dirty === nr_taken) wakeup_flusher_threads();
	flags = spin_lock_irqsave(lruvec.lru_lock);
	move_pages_to_lru(lruvec, page_list);
	count_vm_events(kswapd ? PGSTEAL_KSWAPD : PGSTEAL_DIRECT, nr_reclaimed);
	count_vm_events(PGSTEAL_FILE, nr_reclaimed);
	spin_unlock_irqrestore(lruvec.lru_lock, flags);
	free_unref_pages(page_list);
	return nr_reclaimed;
}

/**
 * The oldest nr_to_scan pages of the active list become inactive, but those of
 * code that was executed since we came last.
 */
function shrink_active_list(
	nr_to_scan: number, lruvec: lruvec, sc: scan_control,
): void {
	const l_hold = STACK<list_head>();
	const l_active = STACK<list_head>();
	const l_inactive = STACK<list_head>();

	INIT_LIST_HEAD(l_hold);
	INIT_LIST_HEAD(l_active);
	INIT_LIST_HEAD(l_inactive);
	let flags = spin_lock_irqsave(lruvec.lru_lock);
	const { nr_scanned } = isolate_lru_pages(nr_to_scan, lruvec, l_hold, sc,
		LRU_ACTIVE_FILE);

	count_vm_events(PGREFILL, nr_scanned);
	spin_unlock_irqrestore(lruvec.lru_lock, flags);

	while (!list_empty(l_hold)) {
		const page = lru_to_page(l_hold);

		cond_resched();
		list_del(page.lru);
		const { referenced, vm_flags } = page_referenced(page, false);

		if (referenced !== 0 && (vm_flags & VM_EXEC) !== 0) {
			list_add(page.lru, l_active);
			continue;
		}
		/* Nobody else changes that while it is off the lists. */
		ClearPageActive(page);
		SetPageWorkingset(page);
		list_add(page.lru, l_inactive);
	}

	flags = spin_lock_irqsave(lruvec.lru_lock);
	move_pages_to_lru(lruvec, l_active);
	count_vm_events(PGDEACTIVATE, move_pages_to_lru(lruvec, l_inactive));
	spin_unlock_irqrestore(lruvec.lru_lock, flags);
	free_unref_pages(l_active);
	free_unref_pages(l_inactive);
}

function shrink_list(
	lru: number, nr_to_scan: number, lruvec: lruvec, sc: scan_control,
): number {
	if (lru !== LRU_ACTIVE_FILE)
		return shrink_inactive_list(nr_to_scan, lruvec, sc);
	if (sc.may_deactivate)
		shrink_active_list(nr_to_scan, lruvec, sc);
	else
		sc.skipped_deactivate = true;
	return 0;
}

/**
 * The inactive list is to be large enough that a page on it has a chance to be
 * used again; but what is active is to have most of large memory.
 */
function inactive_is_low(): boolean {
	const all = MAX_NR_ZONES - 1;
	const inactive = lruvec_lru_size(LRU_INACTIVE_FILE, all);
	const active = lruvec_lru_size(LRU_ACTIVE_FILE, all);
	const gb = (inactive + active) >> (30 - PAGE_SHIFT);
	const inactive_ratio = gb !== 0 ? Math.floor(Math.sqrt(10 * gb)) : 1;

	return inactive * inactive_ratio < active;
}

/** Port: get_scan_count() is one shift, as there are no anonymous pages. */
function shrink_lruvec(lruvec: lruvec, sc: scan_control): void {
	const nr: number[] = [];
	/* At first a whole round: a batch saves the next ones. */
	const all = !current_is_kswapd() && sc.priority === DEF_PRIORITY;
	let nr_reclaimed = 0;

	for (let lru = 0; lru < NR_LRU_LISTS; lru++)
		nr.push(lruvec_lru_size(lru, sc.reclaim_idx) >> sc.priority);
	while (nr[LRU_INACTIVE_FILE] !== 0 || nr[LRU_ACTIVE_FILE] !== 0) {
		for (let lru = 0; lru < NR_LRU_LISTS; lru++) {
			const nr_to_scan = Math.min(nr[lru], SWAP_CLUSTER_MAX);

			if (nr_to_scan === 0) continue;
			nr[lru] -= nr_to_scan;
			nr_reclaimed += shrink_list(lru, nr_to_scan, lruvec,
				sc);
		}
		cond_resched();
		if (nr_reclaimed >= sc.nr_to_reclaim && !all) break;
	}
	sc.nr_reclaimed += nr_reclaimed;
}

function shrink_node(sc: scan_control): void {
	const nr_reclaimed = sc.nr_reclaimed;

	sc.nr_writeback = 0;
	sc.may_deactivate = sc.force_deactivate || inactive_is_low();
	shrink_lruvec(contig_page_data.__lruvec, sc);
	if (sc.nr_writeback !== 0) reclaim_throttle();
	/* There is something to be had again. */
	if (sc.nr_reclaimed !== nr_reclaimed)
		WRITE_ONCE(vmscan.kswapd_failures, 0);
}

/** __count_zid_vm_events(ALLOCSTALL, zid, 1). */
function count_allocstall(zid: number): void {
	if (CONFIG_HIGHMEM) {
		if (zid === ZONE_HIGHMEM) {
			count_vm_event(ALLOCSTALL_HIGH);
			return;
		}
	}
	count_vm_event(ALLOCSTALL_NORMAL);
}

function do_try_to_free_pages(sc: scan_control): number {
	for (;;) {
		count_allocstall(sc.reclaim_idx);
		do {
			sc.nr_scanned = 0;
			shrink_node(sc);
			if (sc.nr_reclaimed >= sc.nr_to_reclaim) break;
		} while (--sc.priority >= 0);
		if (sc.nr_reclaimed !== 0 || !sc.skipped_deactivate)
			return sc.nr_reclaimed;
		/* Active pages before the OOM killer. */
		sc.priority = DEF_PRIORITY;
		sc.force_deactivate = true;
		sc.skipped_deactivate = false;
	}
}

function scan_control_init(
	nr_to_reclaim: number, gfp_mask: number, reclaim_idx: number,
): scan_control {
	return {
		nr_to_reclaim, gfp_mask, reclaim_idx, priority: DEF_PRIORITY,
		may_deactivate: false, force_deactivate: false,
		skipped_deactivate: false, nr_scanned: 0, nr_reclaimed: 0,
		nr_writeback: 0, nr_unqueued_dirty: 0,
	};
}

/**
 * Direct reclaim, by who could not allocate: how many pages were freed. May
 * sleep; no lock is held that comes after i_mmap_rwsem.
 */
export function try_to_free_pages(_order: number, gfp_mask: number): number {
	const sc = scan_control_init(SWAP_CLUSTER_MAX, gfp_mask,
		gfp_zone(gfp_mask));

	return do_try_to_free_pages(sc);
}

/** Has one of the zones up to highest_zoneidx enough for an allocation of this
 *  order, and a reserve? */
function pgdat_balanced(order: number, highest_zoneidx: number): boolean {
	for (let i = 0; i <= highest_zoneidx; i++) {
		const zone = node_zone(i);
		const mark = wmark_pages(zone, WMARK_HIGH);

		if (zone_watermark_ok(zone, order, mark, highest_zoneidx, 0))
			return true;
	}
	return false;
}

/** False if more than was wanted was looked at. */
function kswapd_shrink_node(sc: scan_control): boolean {
	sc.nr_to_reclaim = 0;
	for (let z = 0; z <= sc.reclaim_idx; z++) {
		const zone = node_zone(z);

		if (zone.managed_pages !== 0)
			sc.nr_to_reclaim += Math.max(SWAP_CLUSTER_MAX,
				wmark_pages(zone, WMARK_HIGH));
	}
	shrink_node(sc);
	return sc.nr_scanned < sc.nr_to_reclaim;
}

/** Until there is enough in a zone up to highest_zoneidx, or nothing more is
 *  found. */
function balance_pgdat(highest_zoneidx: number): void {
	const sc = scan_control_init(0, GFP_KERNEL, highest_zoneidx);

	count_vm_event(PAGEOUTRUN);
	do {
		const nr_reclaimed = sc.nr_reclaimed;

		if (pgdat_balanced(0, highest_zoneidx)) return;
		sc.nr_scanned = 0;
		const raise_priority = kswapd_shrink_node(sc);

		if (raise_priority || sc.nr_reclaimed === nr_reclaimed)
			sc.priority--;
	} while (sc.priority >= 1);
	if (sc.nr_reclaimed === 0) fetch_add(vmscan.kswapd_failures, 1);
}

/** For which zones kswapd was woken. Who asks for more of them meanwhile wakes
 *  it once more. */
function kswapd_highest_zoneidx(): number {
	if (CONFIG_HIGHMEM)
		return xchg(vmscan.kswapd_highest_zoneidx, ZONE_NORMAL);
	return ZONE_NORMAL;
}

/** The work. Process context, nothing held. */
const kswapd = RODATA((_arg: number): number => {
	const task = current();
	const noreclaim = memalloc_noreclaim_save();

	task.flags |= PF_KSWAPD;
	balance_pgdat(kswapd_highest_zoneidx());
	task.flags &= ~PF_KSWAPD;
	memalloc_noreclaim_restore(noreclaim);
	return 0;
});

/** The zones up to highest_zoneidx are below their low watermarks. Any context.
 *  Where there is nothing to be had, direct reclaim finds out when that
 *  changes. */
export function wakeup_kswapd(order: number, highest_zoneidx: number): void {
	if (CONFIG_HIGHMEM) {
		if (highest_zoneidx === ZONE_HIGHMEM)
			WRITE_ONCE(vmscan.kswapd_highest_zoneidx, ZONE_HIGHMEM);
	}
	if (READ_ONCE(vmscan.kswapd_failures) >= MAX_RECLAIM_RETRIES) return;
	if (pgdat_balanced(order, highest_zoneidx)) return;
	schedule_work(vmscan.kswapd_work);
}

/** Boot, CPU 0. Port: and what lruvec_init() does, in the kernel's mmzone.c. */
export function kswapd_init(): void {
	if (CONFIG_PAGE_RECLAIM) {
		const lruvec = contig_page_data.__lruvec;

		spin_lock_init(lruvec.lru_lock);
		for (let lru = 0; lru < NR_LRU_LISTS; lru++)
			INIT_LIST_HEAD(lruvec.lists[lru]);
		INIT_WORK(vmscan.kswapd_work, kswapd, 0);
	}
}
