// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/readahead.c (5.17): what of a file is read before anybody asks for
 * it, and when.
 * Left out: ->readpages() and ->readahead(), which nobody has here, so that
 * each page is read by ->readpage(); what grows a request (readahead_expand());
 * congestion; memalloc_nofs_save(): reclaim may write pages on the way, for
 * which no file system here takes invalidate_lock.
 *
 * file_ra_state says what was read last: size pages from start on, the last
 * async_size of them ahead of who asked. The first of those is marked
 * (PG_readahead): who comes to it has the next ones read, while there still are
 * some that he can go on with. So a speculative fault leaves it alone (RFC.25).
 * Where several read through one struct file, they spoil this for each other;
 * the mark finds the place again.
 *
 * Port: all of file_ra_state is written and read by marked accesses, as nobody
 * locks it. In the kernel these are plain, but for mmap_miss.
 * Lock ordering: mm/rmap.ts.
 */
import {
	type backing_dev_info, inode_to_bdi,
} from "linux/backing-dev.ts";
import { EBADF, EINVAL } from "linux/errno.ts";
import {
	type address_space, type file, type file_ra_state,
	filemap_invalidate_lock_shared, filemap_invalidate_unlock_shared,
	FMODE_RANDOM, FMODE_READ,
} from "linux/fs.ts";
import { alloc_page } from "linux/gfp.ts";
import { put_page } from "linux/mm.ts";
import type { page } from "linux/mm_types.ts";
import {
	ClearPageReadahead, PageWriteback, SetPageReadahead,
} from "linux/page-flags.ts";
import {
	i_size_read, type readahead_control, readahead_gfp_mask,
	readahead_index, readahead_page,
} from "linux/pagemap.ts";
import { rcu_read_lock, rcu_read_unlock } from "linux/rcupdate.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { fget, fput } from "kernel/fs/file_table.ts";
import { xa_load } from "kernel/lib/xarray.ts";
import { POSIX_FADV_WILLNEED, vfs_fadvise } from "mm/fadvise.ts";
import {
	add_to_page_cache_lru, page_cache_next_miss, page_cache_prev_miss,
} from "mm/filemap.ts";

/** Chunks of a large request. */
const CHUNK_PAGES = 2 * 1024 * 1024 / PAGE_SIZE;

/** The file is opened. */
export function file_ra_state_init(
	ra: file_ra_state, mapping: address_space,
): void {
	ra.start = 0;
	ra.size = 0;
	ra.async_size = 0;
	ra.ra_pages = inode_to_bdi(mapping.host).ra_pages as int;
	ra.mmap_miss = 0;
	ra.prev_pos = -1;
}

/** Have the pages read that the request has collected, which are locked and in
 *  the cache; and step over one that was there before. */
function read_pages(rac: readahead_control, skip_page: boolean): void {
	const a_ops = rac.mapping.a_ops;

	for (;;) {
		const page = readahead_page(rac);

		if (page === NULL)
			break;
		/* Unlocks it, now or when it is there. An error is for who
		 * finds it not up to date. */
		a_ops.readpage(rac.file, page);
		put_page(page);
	}
	if (skip_page)
		rac._index++;
}

/**
 * Those of nr_to_read pages that are not there: first they come into the cache,
 * locked, then they are read, so that no allocation lies between two reads. The
 * first of the last lookahead_size is marked, unless it was there. Does not ask
 * where the file ends; do_page_cache_ra() does. The file is referenced. Takes
 * invalidate_lock; may sleep.
 */
function page_cache_ra_unbounded(
	ractl: readahead_control, nr_to_read: number, lookahead_size: number,
): void {
	const mapping = ractl.mapping;
	const index = readahead_index(ractl);
	const gfp_mask = readahead_gfp_mask(mapping);

	filemap_invalidate_lock_shared(mapping);
	for (let i = 0; i < nr_to_read; i++) {
		rcu_read_lock();
		const present = xa_load(mapping, index + i) !== 0;

		rcu_read_unlock();
		if (present) {
			read_pages(ractl, true);
			i = ractl._index + ractl._nr_pages - index - 1;
			continue;
		}
		const page = alloc_page(gfp_mask);

		if (page === NULL)
			break;
		if (add_to_page_cache_lru(page, mapping, index + i,
			gfp_mask) < 0) {
			put_page(page);
			read_pages(ractl, true);
			i = ractl._index + ractl._nr_pages - index - 1;
			continue;
		}
		if (i === nr_to_read - lookahead_size)
			SetPageReadahead(page);
		ractl._nr_pages++;
	}
	read_pages(ractl, false);
	filemap_invalidate_unlock_shared(mapping);
}

/** The same, but not behind the page with the file's last byte. */
export function do_page_cache_ra(
	ractl: readahead_control, nr_to_read: number, lookahead_size: number,
): void {
	const index = readahead_index(ractl);
	const isize = i_size_read(ractl.mapping.host);

	if (isize === 0)
		return;
	const end_index = Math.floor((isize - 1) / PAGE_SIZE);

	if (index > end_index)
		return;
	if (nr_to_read > end_index - index)
		nr_to_read = end_index - index + 1;
	page_cache_ra_unbounded(ractl, nr_to_read, lookahead_size);
}

/** So many pages, as far as one request may go, whatever was read before. */
export function force_page_cache_ra(
	ractl: readahead_control, nr_to_read: number,
): void {
	const mapping = ractl.mapping;
	const bdi = inode_to_bdi(mapping.host);
	const ra = ractl.ra;
	let index = readahead_index(ractl);

	if (!mapping.a_ops || !mapping.a_ops.readpage)
		return;

	nr_to_read = Math.min(nr_to_read,
		Math.max(bdi.io_pages, READ_ONCE(ra.ra_pages)));
	while (nr_to_read > 0) {
		const this_chunk = Math.min(CHUNK_PAGES, nr_to_read);

		ractl._index = index;
		do_page_cache_ra(ractl, this_chunk, 0);
		index += this_chunk;
		nr_to_read -= this_chunk;
	}
}

/** The first window for a request of so many pages: 4 times as large if that is
 *  small, twice in the middle, and not over max. */
function get_init_ra_size(size: number, max: number): number {
	let newsize = 1;

	while (newsize < size)
		newsize *= 2;
	if (newsize <= Math.floor(max / 32))
		return newsize * 4;
	return newsize <= Math.floor(max / 4) ? newsize * 2 : max;
}

/** The window after one of cur pages. */
function get_next_ra_size(cur: number, max: number): number {
	if (cur < Math.floor(max / 16))
		return 4 * cur;
	return cur <= Math.floor(max / 2) ? 2 * cur : max;
}

/** How many pages before index are in the cache, one after the other. */
function count_history_pages(
	mapping: address_space, index: number, max: number,
): number {
	rcu_read_lock();
	const head = page_cache_prev_miss(mapping, index - 1, max);

	rcu_read_unlock();
	return index - 1 - head;
}

/** A window: what file_ra_state is to say. */
interface ra_window {
	start: number;
	size: number;
	async_size: number;
}

/** What the cache says: more pages before index than are asked for are a
 *  stream, those from the file's beginning a long one; fewer are nothing. */
function try_context_readahead(
	mapping: address_space, index: number, req_size: number, max: number,
): ra_window | undefined {
	let size = count_history_pages(mapping, index, max);

	if (size <= req_size)
		return undefined;
	if (size >= index)
		size *= 2;
	return {
		start: index,
		size: Math.min(size + req_size, max),
		async_size: 1,
	};
}

/** At the beginning of a file, or of a stream. */
function initial_readahead(
	index: number, req_size: number, max: number,
): ra_window {
	const size = get_init_ra_size(req_size, max);

	return {
		start: index,
		size,
		async_size: size > req_size ? size - req_size : size,
	};
}

/** From start on: the window after one of cur pages. */
function next_readahead(start: number, cur: number, max: number): ra_window {
	const size = get_next_ra_size(cur, max);

	return { start, size, async_size: size };
}

/**
 * The window for a request that misses its page, or finds it marked. undefined:
 * a single small read, for which the state of others is not to be touched.
 * Port: with ondemand_readahead() one function in the kernel, of jumps.
 */
function ondemand_window(
	ractl: readahead_control, hit_readahead_marker: boolean,
	req_size: number, max_pages: number,
): ra_window | undefined {
	const ra = ractl.ra;
	const index = readahead_index(ractl);
	const mapping = ractl.mapping;

	if (index === 0)
		return initial_readahead(index, req_size, max_pages);

	/* Where a stream is expected to come to. */
	const start = READ_ONCE(ra.start);
	const size = READ_ONCE(ra.size);

	if (index === start + size - READ_ONCE(ra.async_size) ||
	    index === start + size)
		return next_readahead(start + size, size, max_pages);

	/* The mark of a window that the state does not tell of any more: as far
	 * as there are pages, it was. */
	if (hit_readahead_marker) {
		rcu_read_lock();
		const miss = page_cache_next_miss(mapping, index + 1,
			max_pages);

		rcu_read_unlock();
		if (miss === 0 || miss - index > max_pages)
			return undefined;
		return next_readahead(miss, miss - index + req_size, max_pages);
	}
	if (req_size > max_pages)
		return initial_readahead(index, req_size, max_pages);

	/* The page of the last read, or the one behind it. */
	const prev_pos = READ_ONCE(ra.prev_pos);
	const ahead = index - Math.floor(prev_pos / PAGE_SIZE);

	if (prev_pos >= 0 && ahead >= 0 && ahead <= 1)
		return initial_readahead(index, req_size, max_pages);
	return try_context_readahead(mapping, index, req_size, max_pages);
}

/** What is to be read for a request of req_size pages, and ahead of it. */
function ondemand_readahead(
	ractl: readahead_control, hit_readahead_marker: boolean,
	req_size: number,
): void {
	const bdi: backing_dev_info = inode_to_bdi(ractl.mapping.host);
	const ra = ractl.ra;
	const index = readahead_index(ractl);
	let max_pages: number = READ_ONCE(ra.ra_pages);

	if (req_size > max_pages && bdi.io_pages > max_pages)
		max_pages = Math.min(req_size, bdi.io_pages);
	const window = ondemand_window(ractl, hit_readahead_marker, req_size,
		max_pages);

	if (window === undefined) {
		if (!hit_readahead_marker)
			do_page_cache_ra(ractl, req_size, 0);
		return;
	}
	/* This request would hit the mark that it makes: the next window is
	 * part of this one. */
	if (index === window.start && window.size === window.async_size) {
		const add_pages = get_next_ra_size(window.size, max_pages);

		if (window.size + add_pages <= max_pages) {
			window.async_size = add_pages;
			window.size += add_pages;
		} else {
			window.size = max_pages;
			window.async_size = Math.floor(max_pages / 2);
		}
	}
	WRITE_ONCE(ra.start, window.start);
	WRITE_ONCE(ra.size, window.size as int);
	WRITE_ONCE(ra.async_size, window.async_size as int);
	ractl._index = window.start;
	do_page_cache_ra(ractl, window.size, window.async_size);
}

/** A page was not there, of req_count that are wanted from it on. */
export function page_cache_sync_ra(
	ractl: readahead_control, req_count: number,
): void {
	const file = ractl.file;
	let do_forced_ra = file !== NULL &&
		(READ_ONCE(file.f_mode) & FMODE_RANDOM) !== 0;

	if (READ_ONCE(ractl.ra.ra_pages) === 0) {
		if (file === NULL)
			return;
		req_count = 1;
		do_forced_ra = true;
	}
	if (do_forced_ra)
		force_page_cache_ra(ractl, req_count);
	else
		ondemand_readahead(ractl, false, req_count);
}

/** A page is marked, and req_count are wanted from it on. */
export function page_cache_async_ra(
	ractl: readahead_control, page: page, req_count: number,
): void {
	if (READ_ONCE(ractl.ra.ra_pages) === 0)
		return;
	/* The bit means something else then (PG_reclaim). */
	if (PageWriteback(page))
		return;
	ClearPageReadahead(page);
	ondemand_readahead(ractl, true, req_count);
}

function ksys_readahead(file: file, offset: number, count: number): number {
	if ((file.f_mode & FMODE_READ) === 0)
		return -EBADF;
	if (file.f_mapping === NULL || !file.f_mapping.a_ops)
		return -EINVAL;
	return vfs_fadvise(file, offset, count, POSIX_FADV_WILLNEED);
}

export function sys_readahead(
	fd: number, offset: number, count: number,
): number {
	const file = fget(fd);

	if (file === NULL)
		return -EBADF;
	const ret = ksys_readahead(file, offset, count);

	fput(file);
	return ret;
}
