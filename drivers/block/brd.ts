// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors drivers/block/brd.c, and of block/blk-core.c and blk-mq.c (5.17) the
 * way of a request: a disk in RAM, which takes LATENCY for each page, one after
 * the other. Blocks are pages, and one that nobody has written to is a hole.
 * Left out: partitions, segments, merging, several disks, flushes, errors.
 *
 * Port: there is no interrupt that could say that a request is done. Who waits
 * for a page asks the disk (io_schedule()): blk_poll() is as for REQ_POLLED. On
 * the stepper, where time stands still, what was submitted is done as soon as
 * somebody asks.
 */
import { CONFIG_ARCH_HOST_STEPPER } from "generated/autoconf.ts";
import { clear_page, copy_page, smp_mb } from "host/door.ts";
import { ktime_get_ns } from "host/cpu.ts";
import { ENOMEM } from "linux/errno.ts";
import type { address_space } from "linux/fs.ts";
import { __free_page, __GFP_ZERO, alloc_page, GFP_NOIO } from "linux/gfp.ts";
import type { page } from "linux/mm_types.ts";
import { PageWaiters } from "linux/page-flags.ts";
import { rcu_read_lock, rcu_read_unlock } from "linux/rcupdate.ts";
import { kfree, kmalloc } from "linux/slab.ts";
import { spin_lock, spin_lock_init, spin_unlock } from "linux/spinlock.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";
import { page_address } from "asm-generic/memory_model.ts";
import { xa_erase, xa_find, xa_insert, xa_load } from "kernel/lib/xarray.ts";
import { wake_up_page } from "mm/filemap.ts";

/** Of one page, in ns. */
const LATENCY = 20_000;

export const REQ_OP_READ = 0;
export const REQ_OP_WRITE = 1;

/** A request for one page. */
export interface bio extends struct {
	bi_next: bio; /* queue_lock */
	bi_opf: int; /* REQ_OP_*; constant */
	bi_page: page; /* locked, or PG_writeback; constant */
	bi_sector: ulong; /* number of the block; constant */
	bi_end: ulong; /* when it is done, in ns; constant */
	/** The bio is gone afterwards; constant */
	bi_end_io: rodata<(bio: bio) => void>;
}

interface brd_device extends struct {
	queue_lock: embed<spinlock_t>; /* guards the queue */
	head: bio; /* queue_lock, peeked at without */
	tail: bio; /* queue_lock */
	busy_until: ulong; /* in ns; queue_lock */
	/** its blocks, as page cache of nobody; i_pages_lock, RCU */
	brd_pages: embed<address_space>;
}
const brd = DEFINE<brd_device>();

/* ---- blocks ---- */

/** The page of a block, or NULL. It stays as long as nobody frees the block:
 *  the file system knows. */
export function brd_lookup_page(sector: number): page {
	rcu_read_lock();
	const page = cast<page>(xa_load(brd.brd_pages, sector));

	rcu_read_unlock();
	return page;
}

/** Make the block, if there is none, of zeroes. 0, or -ENOMEM: the disk is
 *  full. May sleep. */
export function brd_insert_page(sector: number): number {
	const blocks = brd.brd_pages;

	if (brd_lookup_page(sector) !== NULL)
		return 0;
	const page = alloc_page(GFP_NOIO | __GFP_ZERO);

	if (page === NULL)
		return -ENOMEM;
	spin_lock(blocks.i_pages_lock);
	const error = xa_insert(blocks, sector, uptr(page));

	spin_unlock(blocks.i_pages_lock);
	if (error !== 0)
		__free_page(page);
	return error === -ENOMEM ? error : 0;
}

/** Blocks from sector up to `last` are holes from now on. Nobody reads or
 *  writes them. */
export function brd_free_pages(sector: number, last: number): void {
	const blocks = brd.brd_pages;

	for (;;) {
		spin_lock(blocks.i_pages_lock);
		const found = xa_find(blocks, sector, last);
		const page = cast<page>(
			found < 0 ? 0 : xa_erase(blocks, found));

		spin_unlock(blocks.i_pages_lock);
		if (found < 0)
			return;
		__free_page(page);
		sector = found + 1;
	}
}

/** The transfer itself: what a disk does by DMA. */
function brd_do_bvec(bio: bio): void {
	const block = brd_lookup_page(bio.bi_sector);
	const mem = page_address(bio.bi_page);

	if (bio.bi_opf === REQ_OP_WRITE)
		copy_page(page_address(block), mem);
	else if (block === NULL)
		clear_page(mem);
	else
		copy_page(mem, page_address(block));
}

/* ---- requests ---- */

/**
 * Complete what is done, whoever has submitted it. No spinlock is held. True
 * if there is more, which is not done yet.
 */
export function blk_poll(): boolean {
	for (;;) {
		if (READ_ONCE(brd.head) === NULL)
			return false;
		spin_lock(brd.queue_lock);
		const bio: bio = brd.head;

		if (bio === NULL || (!CONFIG_ARCH_HOST_STEPPER &&
			bio.bi_end > ktime_get_ns())) {
			spin_unlock(brd.queue_lock);
			return bio !== NULL;
		}
		WRITE_ONCE(brd.head, bio.bi_next);
		spin_unlock(brd.queue_lock);

		const end_io = bio.bi_end_io;

		brd_do_bvec(bio);
		end_io(bio);
		kfree(bio);
	}
}

/**
 * Read or write a page, which is locked or under writeback until end_io() is
 * called: by us or by anybody else, now or later. 0, or -ENOMEM; then it is not
 * called. A block that is written is there. May sleep.
 */
export function submit_bio(
	opf: number, page: page, sector: number,
	end_io: rodata<(bio: bio) => void>,
): number {
	const bio = kmalloc<bio>(sizeof<bio>(), GFP_NOIO);

	if (bio === NULL)
		return -ENOMEM;
	bio.bi_next = NULL;
	bio.bi_opf = opf as int;
	bio.bi_page = page;
	bio.bi_sector = sector;
	bio.bi_end_io = end_io;
	spin_lock(brd.queue_lock);
	const now = ktime_get_ns();

	brd.busy_until = Math.max(brd.busy_until, now) + LATENCY;
	bio.bi_end = brd.busy_until;
	if (brd.head === NULL) {
		WRITE_ONCE(brd.head, bio);
	} else {
		const tail: bio = brd.tail;

		tail.bi_next = bio;
	}
	brd.tail = bio;
	spin_unlock(brd.queue_lock);
	/* Who slept for the page before there was something to ask for: either
	 * we see that he waits, or he sees the request in io_schedule(). Full;
	 * pairs with folio_wait_bit_common(), where SetPageWaiters() is. */
	smp_mb();
	if (PageWaiters(page))
		wake_up_page(page);
	return 0;
}

export function brd_init(): void {
	spin_lock_init(brd.queue_lock);
	spin_lock_init(brd.brd_pages.i_pages_lock);
}
