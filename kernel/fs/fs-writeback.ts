// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/fs-writeback.c (5.17): inodes with dirty pages, and who writes
 * them back without being asked for one.
 * Port: there is one disk, and so one bdi_writeback, and all file systems that
 * write back are on it. The flusher is a work, of the CPU that wakes it, before
 * that returns to user mode; nothing wakes it after a while (dirtied_when,
 * wb_check_old_data_flush()). What i_lock guards of i_state is list_lock's. The
 * page cache has no tags: I_DIRTY_PAGES goes before pages are looked at, and
 * comes back with the next one that becomes dirty, or is skipped.
 * Left out: cgroups, dirty inodes and their times, parts of a file in turn
 * (b_more_io), work items with a number of pages, laptop mode.
 */
import { CONFIG_BLK_DEV_RAM } from "generated/autoconf.ts";
import { smp_mb } from "host/door.ts";
import type { inode } from "linux/fs.ts";
import { cond_resched, ULONG_MAX } from "linux/kernel.ts";
import {
	INIT_LIST_HEAD, list_add, list_del_init, list_empty, list_move,
	list_splice_tail_init,
} from "linux/list.ts";
import { cpu_relax } from "linux/smp.ts";
import { spin_lock, spin_lock_init, spin_unlock } from "linux/spinlock.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";
import type { list_head } from "linux/types.ts";
import { blk_poll } from "drivers/block/brd.ts";
import { rcu_check_callbacks } from "kernel/rcu.ts";
import {
	INIT_WORK, schedule_work, type work_struct,
} from "kernel/workqueue.ts";
import { do_writepages, WB_SYNC_ALL, WB_SYNC_NONE } from "mm/page-writeback.ts";

/* inode.i_state */
const I_DIRTY_PAGES = 1 << 2; /* some of its pages may be dirty */
const I_FREEING = 1 << 5; /* evict() has begun */
const I_SYNC = 1 << 7; /* its pages are being written; it stays */

interface bdi_writeback extends struct {
	list_lock: embed<spinlock_t>; /* guards the lists, and inode.i_state */
	b_dirty: embed<list_head>; /* inodes, the latest first; list_lock */
	b_io: embed<list_head>; /* inodes, to be written now; list_lock */
	dwork: embed<work_struct>; /* see work_struct */
}
const wb = DEFINE<bdi_writeback>();

function wb_inode(head: list_head): inode {
	return container_of<inode>(head.prev, "i_io_list");
}

/** Is there anything to do? A peek. */
function wb_has_dirty_io(): boolean {
	return !list_empty(wb.b_dirty) || !list_empty(wb.b_io);
}

/** Write what is dirty, soon. Any context. */
export function wb_start_background_writeback(): void {
	schedule_work(wb.dwork);
}

/** The disk does something, and whoever waits lets others, too. */
function wait_a_while(n: number): void {
	if (CONFIG_BLK_DEV_RAM) blk_poll();
	rcu_check_callbacks();
	cpu_relax(n);
}

/** evict() has begun: nobody finds the inode any more, and who has found it is
 *  done with it. No lock is held. */
export function inode_io_list_del(inode: inode): void {
	spin_lock(wb.list_lock);
	WRITE_ONCE(inode.i_state, inode.i_state | I_FREEING);
	list_del_init(inode.i_io_list);
	spin_unlock(wb.list_lock);
	inode_wait_for_writeback(inode);
}

/** Port: asks, and the disk meanwhile; the kernel sleeps. */
function inode_wait_for_writeback(inode: inode): void {
	/* Acquire; pairs with inode_sync_complete(). */
	for (let n = 0;
		(smp_load_acquire(inode.i_state) & I_SYNC) !== 0; n++)
		wait_a_while(n);
}

/** list_lock is held. From here on the inode may go. */
function inode_sync_complete(inode: inode): void {
	/* Pairs with inode_wait_for_writeback(). */
	smp_store_release(inode.i_state, inode.i_state & ~I_SYNC);
}

/** Port: all of them, however long they have been dirty. list_lock is held. */
function queue_io(): void {
	list_splice_tail_init(wb.b_dirty, wb.b_io);
}

/** I_SYNC is set, which keeps the inode; no lock is held. 0, or an errno. */
function __writeback_single_inode(inode: inode, sync_mode: number): number {
	spin_lock(wb.list_lock);
	WRITE_ONCE(inode.i_state, inode.i_state & ~I_DIRTY_PAGES);
	spin_unlock(wb.list_lock);
	/* Either we see a page that became dirty, or who made it so sees that
	 * the flag has gone: pairs with __mark_inode_dirty(). */
	smp_mb();
	return do_writepages(inode.i_data, 0, ULONG_MAX, sync_mode);
}

/** Dirty again meanwhile, or done with. list_lock is held. */
function requeue_inode(inode: inode): void {
	if ((inode.i_state & I_FREEING) !== 0) return;
	if ((inode.i_state & I_DIRTY_PAGES) !== 0)
		list_move(inode.i_io_list, wb.b_dirty);
	else
		list_del_init(inode.i_io_list);
}

/** What is on b_io, the oldest first. list_lock is held, and dropped for each
 *  inode. 0, or the first errno. */
function writeback_sb_inodes(sync_mode: number): number {
	let ret = 0;

	while (!list_empty(wb.b_io)) {
		const inode = wb_inode(wb.b_io);

		if ((inode.i_state & I_SYNC) !== 0) {
			/* Somebody is at it; his pages have to be there, too,
			 * if all are to be. */
			if (sync_mode === WB_SYNC_ALL) {
				spin_unlock(wb.list_lock);
				wait_a_while(1);
				spin_lock(wb.list_lock);
			} else {
				list_move(inode.i_io_list, wb.b_dirty);
			}
			continue;
		}
		WRITE_ONCE(inode.i_state, inode.i_state | I_SYNC);
		spin_unlock(wb.list_lock);
		const error = __writeback_single_inode(inode, sync_mode);

		if (ret === 0) ret = error;
		cond_resched();
		spin_lock(wb.list_lock);
		requeue_inode(inode);
		inode_sync_complete(inode);
	}
	return ret;
}

/** All that is dirty now. No lock is held. 0, or the first errno. */
export function wb_writeback(sync_mode: number): number {
	spin_lock(wb.list_lock);
	queue_io();
	const ret = writeback_sb_inodes(sync_mode);

	spin_unlock(wb.list_lock);
	return ret;
}

/** The flusher. Process context, nothing held. */
const wb_workfn = RODATA((_arg: number): number => {
	return wb_writeback(WB_SYNC_NONE);
});

/** Reclaim finds nothing but dirty pages, or somebody wants all written. */
export function wakeup_flusher_threads(): void {
	if (wb_has_dirty_io()) wb_start_background_writeback();
}

/**
 * A page of the inode has become dirty: the caller has it locked, or the lock
 * of a page table that maps it, either of which keeps the inode. Any context
 * that may take a spinlock.
 */
export function __mark_inode_dirty(inode: inode): void {
	/* First the page, then the flag. Pairs with
	 * __writeback_single_inode(). */
	smp_mb();
	if ((READ_ONCE(inode.i_state) & I_DIRTY_PAGES) !== 0) return;
	spin_lock(wb.list_lock);
	if ((inode.i_state & (I_DIRTY_PAGES | I_FREEING)) === 0) {
		WRITE_ONCE(inode.i_state, inode.i_state | I_DIRTY_PAGES);
		/* Who writes it puts it where it belongs. */
		if ((inode.i_state & I_SYNC) === 0)
			list_add(inode.i_io_list, wb.b_dirty);
	}
	spin_unlock(wb.list_lock);
}

/** All that was written before is on the disk afterwards. No lock is held.
 *  Port: of all file systems at once. */
export function sync_inodes_sb(): number {
	const ret = wb_writeback(WB_SYNC_ALL);

	/* wait_sb_inodes(): what others have on its way, too. */
	if (CONFIG_BLK_DEV_RAM) {
		for (let n = 1; blk_poll(); n++) {
			rcu_check_callbacks();
			cpu_relax(n);
		}
	}
	return ret;
}

/** Boot, CPU 0. */
export function wb_init(): void {
	spin_lock_init(wb.list_lock);
	INIT_LIST_HEAD(wb.b_dirty);
	INIT_LIST_HEAD(wb.b_io);
	INIT_WORK(wb.dwork, wb_workfn, 0);
}
