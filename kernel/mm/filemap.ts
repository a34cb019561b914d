// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/filemap.c (5.17): the page cache, the page lock, reads and writes
 * of files, and faults of their mappings.
 * Left out, by group:
 * - requests that must not wait, direct I/O, batches of pages, reads of pages
 *   for the kernel (read_cache_page()), seeking for data and holes;
 * - errors of writeback, private_2;
 * - removal and lookup of many pages at once (page_cache_delete_batch(),
 *   find_get_entries() and its like), shadow entries, replacement of a page;
 * - waiting in turn and for bits other than PG_locked
 *   (folio_wait_bit_common() and what is under it), or without sleeping;
 * - swap and migration entries, hardware poison, DAX, splice, folio_*() as
 *   names: those here are of mm/folio-compat.c and pagemap.h, for pages.
 *
 * A speculative fault (RFC.25, 28) takes what is in the cache, and waits for
 * nothing.
 * Lock ordering: mm/rmap.ts.
 */
import {
	mem_cgroup_charge, mem_cgroup_uncharge,
} from "linux/memcontrol.ts";
import type {
	address_space, file, file_ra_state, iov_iter, kiocb,
} from "linux/fs.ts";
import {
	filemap_invalidate_lock_shared, filemap_invalidate_unlock_shared,
	inode_lock, inode_unlock,
} from "linux/fs.ts";
import type { page, vm_area_struct, vm_fault, vm_operations_struct } from "linux/mm_types.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";
import type { list_head } from "linux/types.ts";
import type { task_struct } from "linux/sched.ts";
import {
	TASK_KILLABLE, TASK_RUNNING, TASK_UNINTERRUPTIBLE,
} from "linux/sched.ts";
import {
	EAGAIN, EEXIST, EFAULT, EINTR, EIO, ENOEXEC, ENOMEM,
} from "linux/errno.ts";
import { ERR_PTR, IS_ERR, PTR_ERR } from "linux/err.ts";
import { cond_resched } from "linux/kernel.ts";
import { VM_BUG_ON_PAGE } from "linux/bug.ts";
import {
	CONFIG_MEMCG,
	CONFIG_PAGE_RECLAIM,
	CONFIG_SPECULATIVE_FILE_BY_FAULT, CONFIG_SPECULATIVE_FILE_FAULT,
} from "generated/autoconf.ts";
import { alloc_page } from "linux/gfp.ts";
import { INIT_LIST_HEAD, list_add_tail, list_del } from "linux/list.ts";
import { spin_lock, spin_lock_init, spin_unlock } from "linux/spinlock.ts";
import { rcu_read_lock, rcu_read_unlock } from "linux/rcupdate.ts";
import { cpu_relax } from "linux/smp.ts";
import {
	__ClearPageLocked, __SetPageLocked, ClearPageDirty, ClearPageReclaim,
	PageDirty, PageLocked, PageReadahead, PageReclaim, PageSwapBacked,
	PageUptodate, PageWriteback,
	PG_locked, PG_waiters, PG_writeback, SetPageWaiters,
} from "linux/page-flags.ts";
import {
	FAULT_FLAG_KILLABLE, FAULT_FLAG_RETRY_NOWAIT, FAULT_FLAG_SPECULATIVE,
	FAULT_FLAG_TRIED, get_page, get_page_unless_zero, page_mapped,
	pte_map_lock, pte_unmap_unlock, put_page, VM_FAULT_LOCKED,
	VM_FAULT_MAJOR, VM_FAULT_NOPAGE, VM_FAULT_OOM, VM_FAULT_RETRY,
	VM_FAULT_SIGBUS, type vm_fault_t, VM_RAND_READ, VM_SEQ_READ,
} from "linux/mm.ts";
import { mmap_read_unlock } from "linux/mmap_lock.ts";
import {
	DEFINE_READAHEAD, i_size_read, lock_page, lock_page_killable,
	mapping_gfp_mask, page_cache_async_readahead, page_cache_sync_readahead,
	trylock_page,
} from "linux/pagemap.ts";
import { pte_index, ptep_get } from "linux/pgtable.ts";
import { pmd_none, pte_none } from "asm/pgtable.ts";
import { PAGE_SIZE, PTRS_PER_PTE } from "asm/pgtable_types.ts";
import { NR_FILE_PAGES, NR_SHMEM } from "linux/mmzone.ts";
import { __dec_lruvec_page_state, __inc_lruvec_page_state } from "linux/vmstat.ts";
import { trace_spf_vmf_notsup } from "trace/events/pagefault.ts";
import { count_vm_event, count_vm_spf_event } from "linux/vm_event.ts";
import { PGMAJFAULT, SPF_ABORT_FAULT } from "linux/vm_event_item.ts";
import { page_to_pfn } from "asm-generic/memory_model.ts";
import { current, fatal_signal_pending, io_schedule, set_current_state, wake_up_process } from "kernel/sched/core.ts";
import { __set_current_state } from "kernel/sched/core.ts";
import { fput } from "kernel/fs/file_table.ts";
import {
	XA_STATE, xa_erase, xa_find, xa_insert, xa_load, type xa_state, xarray_init, xas_find,
	xas_next_entry, xas_reload,
} from "kernel/lib/xarray.ts";
import { do_set_pte, init_zero_pfn, pmd_install } from "mm/memory.ts";
import {
	balance_dirty_pages_ratelimited, do_writepages, folio_account_cleaned,
	set_page_dirty, WB_SYNC_ALL,
} from "mm/page-writeback.ts";
import {
	do_page_cache_ra, page_cache_async_ra, page_cache_sync_ra,
} from "mm/readahead.ts";
import {
	folio_rotate_reclaimable, lru_cache_add, mark_page_accessed,
} from "mm/swap.ts";
import { generic_write_checks } from "kernel/fs/read_write.ts";
import {
	copy_page_from_iter_atomic, copy_page_to_iter,
	fault_in_iov_iter_readable, iov_iter_revert,
} from "kernel/lib/iov_iter.ts";
import { maybe_unlock_mmap_for_io } from "mm/internal.ts";

/* ---- writeback ---- */

/** Write what is dirty of the bytes start to end. With WB_SYNC_ALL all that was
 *  dirty when we came is on its way. No lock is held. */
export function __filemap_fdatawrite_range(
	mapping: address_space, start: number, end: number, sync_mode: number,
): number {
	if (!mapping.a_ops || !mapping.a_ops.writepage) return 0;
	return do_writepages(mapping, start, end, sync_mode);
}

/** Wait for what is on its way of the bytes start_byte to end_byte. */
export function filemap_fdatawait_range(
	mapping: address_space, start_byte: number, end_byte: number,
): void {
	const end = Math.floor(end_byte / PAGE_SIZE);
	let index = Math.floor(start_byte / PAGE_SIZE);

	for (;;) {
		rcu_read_lock();
		index = xa_find(mapping, index, end);
		rcu_read_unlock();
		if (index < 0) return;
		const page = find_get_page(mapping, index);
		if (page !== NULL) {
			wait_on_page_writeback(page);
			put_page(page);
		}
		index++;
		cond_resched();
	}
}

/** Both. Port: without errors of the disk's, as it has none. */
export function filemap_write_and_wait_range(
	mapping: address_space, lstart: number, lend: number,
): number {
	const err = __filemap_fdatawrite_range(mapping, lstart, lend,
		WB_SYNC_ALL);

	filemap_fdatawait_range(mapping, lstart, lend);
	return err;
}

export function file_write_and_wait_range(
	file: file, lstart: number, lend: number,
): number {
	return filemap_write_and_wait_range(file.f_mapping, lstart, lend);
}

/* ---- the page cache ---- */

/** Page lock and i_pages_lock held. The cache's reference is the caller's now. */
export function __delete_from_page_cache(page: page): void {
	const mapping = cast<address_space>(page.mapping);

	VM_BUG_ON_PAGE(page_mapped(page), page, "deleting a mapped page");
	xa_erase(mapping, page.index);
	/* Leave page->index: truncation may look at it without the lock. */
	WRITE_ONCE(page.mapping, 0);
	mapping.nrpages--;
	__dec_lruvec_page_state(page, NR_FILE_PAGES);
	if (PageSwapBacked(page)) __dec_lruvec_page_state(page, NR_SHMEM);
}

/** Page lock held. */
export function delete_from_page_cache(page: page): void {
	const mapping = cast<address_space>(page.mapping);

	VM_BUG_ON_PAGE(!PageLocked(page), page);
	spin_lock(mapping.i_pages_lock);
	__delete_from_page_cache(page);
	spin_unlock(mapping.i_pages_lock);
	if (PageDirty(page)) {
		ClearPageDirty(page);
		if (CONFIG_PAGE_RECLAIM) folio_account_cleaned(page, mapping);
	}
	put_page(page);
}

/** Adds a locked page, with a reference for the cache. */
export function __add_to_page_cache_locked(
	page: page, mapping: address_space, offset: number, gfp: number,
): number {
	VM_BUG_ON_PAGE(!PageLocked(page), page);
	get_page(page);
	page.mapping = uptr(mapping);
	page.index = offset;

	if (CONFIG_MEMCG) {
		const charged = mem_cgroup_charge(page, NULL, gfp);

		if (charged !== 0) {
			page.mapping = 0;
			put_page(page);
			return charged;
		}
	}
	spin_lock(mapping.i_pages_lock);
	const error = xa_insert(mapping, offset, uptr(page));
	if (error === 0) {
		mapping.nrpages++;
		__inc_lruvec_page_state(page, NR_FILE_PAGES);
		if (PageSwapBacked(page)) __inc_lruvec_page_state(page, NR_SHMEM);
	}
	spin_unlock(mapping.i_pages_lock);
	if (error !== 0) {
		if (CONFIG_MEMCG) mem_cgroup_uncharge(page);
		page.mapping = 0;
		put_page(page);
	}
	return error;
}

/** The page is nobody else's; on success it is locked, and in the cache. */
export function add_to_page_cache_lru(
	page: page, mapping: address_space, offset: number, gfp_mask: number,
): number {
	__SetPageLocked(page);
	const ret = __add_to_page_cache_locked(page, mapping, offset, gfp_mask);
	if (ret !== 0) __ClearPageLocked(page);
	else lru_cache_add(page);
	return ret;
}

/* ---- the page lock: waiting ---- */

const PAGE_WAIT_TABLE_SIZE = 256;

/** A sleeper, on its own kernel stack. */
interface wait_page_queue extends struct {
	entry: embed<list_head>; /* the queue's lock */
	page: page; /* constant */
	task: task_struct; /* constant */
}

interface wait_queue_head extends struct {
	lock: embed<spinlock_t>;
	head: embed<list_head>;
}
interface filemap_data extends struct {
	page_wait_table: array<embed<wait_queue_head>, 256>;
}
const data = DEFINE<filemap_data>();

/**
 * Boot: before the first page is locked.
 * Port: also what the kernel's initcalls and radix_tree_init() do at about this
 * time: the nodes of the cache, and the page of zeroes.
 */
export function pagecache_init(): void {
	xarray_init();
	init_zero_pfn();
	for (let i = 0; i < PAGE_WAIT_TABLE_SIZE; i++) {
		const q: wait_queue_head = data.page_wait_table[i];
		spin_lock_init(q.lock);
		INIT_LIST_HEAD(q.head);
	}
}

function page_waitqueue(page: page): wait_queue_head {
	return data.page_wait_table[
		(Math.imul(page_to_pfn(page), 0x61c88647) >>> 24) &
		(PAGE_WAIT_TABLE_SIZE - 1)];
}

/** Everybody who waits for this page tries again. It may be free by now. */
export function wake_up_page(page: page): void {
	const q = page_waitqueue(page);
	const head = q.head;

	spin_lock(q.lock);
	for (let pos = head.next; pos !== head; pos = pos.next) {
		const wait = container_of<wait_page_queue>(pos, "entry");
		if (wait.page === page) wake_up_process(wait.task);
	}
	spin_unlock(q.lock);
}

/**
 * Fully ordered, so releases: pairs with trylock_page().
 * Port: PG_waiters goes in the same operation; whoever still wants to be woken
 * next time sets it again. In Linux folio_wake_bit() clears it afterwards, of a
 * page that truncation may have freed meanwhile (fault_dirty_shared_page() has
 * no reference any more).
 */
export function unlock_page(page: page): void {
	VM_BUG_ON_PAGE(!PageLocked(page), page, "unlock of an unlocked page");
	const old = fetch_and(
		page.flags, ~((1 << PG_locked) | (1 << PG_waiters)));
	if ((old & (1 << PG_waiters)) !== 0) wake_up_page(page);
}

/**
 * PG_writeback goes, and who waits for that goes on. Fully ordered, as
 * unlock_page(), and pairs with folio_wait_bit_common().
 */
export function end_page_writeback(page: page): void {
	VM_BUG_ON_PAGE(!PageWriteback(page), page);
	if (CONFIG_PAGE_RECLAIM) {
		if (PageReclaim(page)) {
			ClearPageReclaim(page);
			folio_rotate_reclaimable(page);
		}
	}
	const old = fetch_and(
		page.flags, ~((1 << PG_writeback) | (1 << PG_waiters)));
	if ((old & (1 << PG_waiters)) !== 0) wake_up_page(page);
}

/** Sleep in `state` until the page is locked by us, or for PG_writeback until
 *  it is not set; 0, or -EINTR. The page stays one. */
function folio_wait_bit_common(
	page: page, bit_nr: number, state: number,
): number {
	const q = page_waitqueue(page);
	const wait = STACK<wait_page_queue>();
	let ret = 0;

	wait.page = page;
	wait.task = current();
	spin_lock(q.lock);
	list_add_tail(wait.entry, q.head);
	spin_unlock(q.lock);
	for (;;) {
		/*
		 * First say that we are going to sleep and that we wait, then
		 * look: pairs with unlock_page(), which clears PG_locked and
		 * looks at PG_waiters in one operation.
		 */
		set_current_state(state);
		SetPageWaiters(page);
		if (bit_nr === PG_locked ?
			trylock_page(page) : !PageWriteback(page)) break;
		if (state === TASK_KILLABLE && fatal_signal_pending(current())) {
			ret = -EINTR;
			break;
		}
		io_schedule();
	}
	__set_current_state(TASK_RUNNING);
	spin_lock(q.lock);
	list_del(wait.entry);
	spin_unlock(q.lock);
	return ret;
}

/** The caller has a reference, or the page locked. */
export function wait_on_page_writeback(page: page): void {
	while (PageWriteback(page))
		folio_wait_bit_common(page, PG_writeback, TASK_UNINTERRUPTIBLE);
}

export function __lock_page(page: page): void {
	folio_wait_bit_common(page, PG_locked, TASK_UNINTERRUPTIBLE);
}

export function __lock_page_killable(page: page): number {
	return folio_wait_bit_common(page, PG_locked, TASK_KILLABLE);
}

/* ---- lookups ---- */

/**
 * The page at offset with a reference, or NULL; no lock. The page may leave the
 * cache and be freed between the load and the reference: then the slot has
 * changed, and we look again. RCU keeps the nodes.
 */
export function find_get_page(mapping: address_space, offset: number): page {
	rcu_read_lock();
	for (let n = 0; ; n++) {
		const page = cast<page>(xa_load(mapping, offset));
		if (page === NULL) {
			rcu_read_unlock();
			return NULL;
		}
		if (!get_page_unless_zero(page)) {
			/* It is about to leave: __remove_mapping(). */
			cpu_relax(n);
			continue;
		}
		if (xa_load(mapping, offset) === uptr(page)) {
			rcu_read_unlock();
			return page;
		}
		put_page(page);
	}
}

/**
 * Where there is no page at index, or behind it: so far at least there are
 * some. Looks at max of them; if all are there, the last one is it (of 5.17;
 * later it was the one behind that). RCU read-side.
 */
export function page_cache_next_miss(
	mapping: address_space, index: number, max: number,
): number {
	for (let n = 1; n < max && xa_load(mapping, index) !== 0; n++) index++;
	return index;
}

/** The same at index, or before it; -1: there is none before the first. */
export function page_cache_prev_miss(
	mapping: address_space, index: number, max: number,
): number {
	for (let n = 1; n < max && index >= 0 &&
		xa_load(mapping, index) !== 0; n++) index--;
	return index;
}

/** The same, locked, and still in the cache. */
export function find_lock_page(mapping: address_space, offset: number): page {
	for (;;) {
		const page = find_get_page(mapping, offset);
		if (page === NULL) return NULL;
		lock_page(page);
		if (page.mapping === uptr(mapping)) return page;
		unlock_page(page);
		put_page(page);
	}
}

/* What pagecache_get_page() is to do. */
export const FGP_LOCK = 0x2;
export const FGP_CREAT = 0x4;
/** A new page is not to be locked. */
const FGP_FOR_MMAP = 0x40;

/** The page at index with a reference, and locked with FGP_LOCK. NULL: it is
 *  not there, or with FGP_CREAT that there is no memory. A new one is locked,
 *  but with FGP_FOR_MMAP, and not up to date. */
export function pagecache_get_page(
	mapping: address_space, index: number, fgp_flags: number, gfp: number,
): page {
	for (;;) {
		let page = (fgp_flags & FGP_LOCK) !== 0 ?
			find_lock_page(mapping, index) :
			find_get_page(mapping, index);
		if (page !== NULL || (fgp_flags & FGP_CREAT) === 0) return page;

		page = alloc_page(gfp);
		if (page === NULL) return NULL;
		const err = add_to_page_cache_lru(page, mapping, index, gfp);
		if (err === 0) {
			if ((fgp_flags & FGP_FOR_MMAP) !== 0) unlock_page(page);
			return page;
		}
		put_page(page);
		if (err !== -EEXIST) return NULL;
	}
}

/** The page at index, locked, for a write; NULL without memory. */
export function grab_cache_page_write_begin(
	mapping: address_space, index: number,
): page {
	return pagecache_get_page(mapping, index, FGP_LOCK | FGP_CREAT,
		mapping_gfp_mask(mapping));
}

/* ---- read() ---- */

/** Has the page read, which is locked, and waits until it is there. 0, or an
 *  errno. */
function filemap_read_page(
	file: file, mapping: address_space, page: page,
): number {
	let error = mapping.a_ops.readpage(file, page);

	if (error !== 0) return error;
	error = lock_page_killable(page);
	if (error !== 0) return error;
	unlock_page(page);
	return PageUptodate(page) ? 0 : -EIO;
}

/** A page that was found is not up to date: read it, or wait for who does. 0,
 *  -EAGAIN: look for it again, or another errno; then it was given back. */
function filemap_update_page(
	iocb: kiocb, mapping: address_space, page: page,
): number {
	let error = -EAGAIN;

	filemap_invalidate_lock_shared(mapping);
	if (trylock_page(page)) {
		if (page.mapping === 0) {
			unlock_page(page);
		} else if (PageUptodate(page)) {
			unlock_page(page);
			error = 0;
		} else {
			error = filemap_read_page(iocb.ki_filp, mapping, page);
		}
		filemap_invalidate_unlock_shared(mapping);
	} else {
		/* This is where one waits for what was read ahead. */
		filemap_invalidate_unlock_shared(mapping);
		error = lock_page_killable(page);
		if (error === 0) {
			unlock_page(page);
			error = -EAGAIN;
		}
	}
	if (error !== 0) put_page(page);
	return error;
}

/**
 * Bring in the page at index, where even read-ahead has not. invalidate_lock:
 * not while what is behind the page goes. With a reference, or ERR_PTR(),
 * -EEXIST if somebody else was first.
 */
function filemap_create_folio(
	file: file, mapping: address_space, index: number,
): page {
	const page = alloc_page(mapping_gfp_mask(mapping));

	if (page === NULL) return ERR_PTR(-ENOMEM);
	filemap_invalidate_lock_shared(mapping);
	let error = add_to_page_cache_lru(page, mapping, index,
		mapping_gfp_mask(mapping));
	if (error === 0) error = filemap_read_page(file, mapping, page);
	filemap_invalidate_unlock_shared(mapping);
	if (error === 0) return page;
	put_page(page);
	return ERR_PTR(error);
}

/**
 * The page at the request's position, up to date and with a reference, or
 * ERR_PTR(). Port: one at a time.
 */
function filemap_get_pages(iocb: kiocb, iter: iov_iter): page {
	const filp = iocb.ki_filp;
	const mapping = filp.f_mapping;
	const ra = filp.f_ra;
	const index = Math.floor(iocb.ki_pos / PAGE_SIZE);
	const count = Math.ceil((iocb.ki_pos + iter.count) / PAGE_SIZE) - index;

	for (;;) {
		if (fatal_signal_pending(current())) return ERR_PTR(-EINTR);
		let page = find_get_page(mapping, index);
		if (page === NULL) {
			page_cache_sync_readahead(mapping, ra, filp, index,
				count);
			page = find_get_page(mapping, index);
		}
		if (page === NULL) {
			page = filemap_create_folio(filp, mapping, index);
			if (IS_ERR(page) && PTR_ERR(page) === -EEXIST)
				continue;
			return page;
		}
		/* filemap_readahead() */
		if (PageReadahead(page))
			page_cache_async_readahead(mapping, ra, filp, page,
				index, count);
		if (PageUptodate(page)) return page;
		const err = filemap_update_page(iocb, mapping, page);
		if (err === 0) return page;
		if (err !== -EAGAIN) return ERR_PTR(err);
	}
}

/**
 * Copy from the page cache what a request is about, and bring in what is not
 * there. No lock is held. Bytes that were read; an errno if none were.
 */
function filemap_read(iocb: kiocb, iter: iov_iter): number {
	const filp = iocb.ki_filp;
	const inode = filp.f_mapping.host;
	const ra = filp.f_ra;
	const prev = Math.floor(READ_ONCE(ra.prev_pos) / PAGE_SIZE);
	let already_read = 0;
	let error = 0;

	do {
		cond_resched();
		if (iocb.ki_pos >= i_size_read(inode)) break;
		const page = filemap_get_pages(iocb, iter);
		if (IS_ERR(page)) {
			error = PTR_ERR(page);
			break;
		}
		/* The size counts once the page is up to date: what it then
		 * has behind the end is not copied. */
		const isize = i_size_read(inode);
		const offset = iocb.ki_pos % PAGE_SIZE;
		const bytes = Math.min(isize - iocb.ki_pos, iter.count,
			PAGE_SIZE - offset);
		if (bytes <= 0) {
			put_page(page);
			break;
		}
		/* A page that is read bit by bit is used once. */
		if (already_read !== 0 ||
			Math.floor(iocb.ki_pos / PAGE_SIZE) !== prev)
			mark_page_accessed(page);
		const copied = copy_page_to_iter(page, offset, bytes, iter);
		put_page(page);
		already_read += copied;
		iocb.ki_pos += copied;
		WRITE_ONCE(ra.prev_pos, iocb.ki_pos);
		if (copied < bytes) error = -EFAULT;
	} while (iter.count !== 0 && error === 0);
	return already_read !== 0 ? already_read : error;
}

/** ->read_iter() of files in the page cache. */
export function generic_file_read_iter(
	iocb: kiocb, iter: iov_iter,
): number {
	return iter.count === 0 ? 0 : filemap_read(iocb, iter);
}

/* ---- faults ---- */

/** So many faults more that missed than that hit: read-around does not help. */
const MMAP_LOTSAMISS = 100;

/** A fault has found its page: one miss less. Others may do the same. */
function mmap_miss_dec(ra: file_ra_state): void {
	const mmap_miss = READ_ONCE(ra.mmap_miss);

	if (mmap_miss !== 0) WRITE_ONCE(ra.mmap_miss, mmap_miss - 1 as int);
}

/** Is the page locked now? If not, mmap_lock may have been dropped: for a file
 *  that is returned in pin, or since the task is killed. */
function lock_page_maybe_drop_mmap(
	vmf: vm_fault, page: page, pin: { fpin: file },
): boolean {
	if (trylock_page(page)) return true;
	/* VM_FAULT_RETRY with mmap_lock held: so it is with this flag. */
	if ((vmf.flags & FAULT_FLAG_RETRY_NOWAIT) !== 0) return false;
	pin.fpin = maybe_unlock_mmap_for_io(vmf, pin.fpin);
	if ((vmf.flags & FAULT_FLAG_KILLABLE) === 0) {
		lock_page(page);
		return true;
	}
	if (lock_page_killable(page) === 0) return true;
	/* Who called looks for fatal signals where mmap_lock was dropped. */
	if (pin.fpin === NULL) mmap_read_unlock(vmf.vma.vm_mm);
	return false;
}

/**
 * A miss: read around it, or from it on if the program said that it reads
 * sequentially, or nothing but it if at random (the caller does that). Returns
 * the file, with a reference, if mmap_lock was dropped.
 */
function do_sync_mmap_readahead(vmf: vm_fault): file {
	const file: file = vmf.vma.vm_file;
	const ra = file.f_ra;
	const vm_flags = vmf.vma.vm_flags;
	const ra_pages: number = READ_ONCE(ra.ra_pages);
	const ractl = DEFINE_READAHEAD(file, ra, file.f_mapping, vmf.pgoff);

	if ((vm_flags & VM_RAND_READ) !== 0 || ra_pages === 0) return NULL;
	if ((vm_flags & VM_SEQ_READ) !== 0) {
		const fpin = maybe_unlock_mmap_for_io(vmf, NULL);

		page_cache_sync_ra(ractl, ra_pages);
		return fpin;
	}
	let mmap_miss: number = READ_ONCE(ra.mmap_miss);

	if (mmap_miss < MMAP_LOTSAMISS * 10)
		WRITE_ONCE(ra.mmap_miss, ++mmap_miss as int);
	if (mmap_miss > MMAP_LOTSAMISS) return NULL;

	const fpin = maybe_unlock_mmap_for_io(vmf, NULL);
	const start = Math.max(0, vmf.pgoff - Math.floor(ra_pages / 2));
	const async_size = Math.floor(ra_pages / 4);

	WRITE_ONCE(ra.start, start);
	WRITE_ONCE(ra.size, ra_pages as int);
	WRITE_ONCE(ra.async_size, async_size as int);
	ractl._index = start;
	do_page_cache_ra(ractl, ra_pages, async_size);
	return fpin;
}

/** A hit: if the page is marked, the next ones are read. Returns as
 *  do_sync_mmap_readahead(). */
function do_async_mmap_readahead(vmf: vm_fault, page: page): file {
	const file: file = vmf.vma.vm_file;
	const ra = file.f_ra;
	const ra_pages: number = READ_ONCE(ra.ra_pages);

	if ((vmf.vma.vm_flags & VM_RAND_READ) !== 0 || ra_pages === 0)
		return NULL;
	mmap_miss_dec(ra);
	if (!PageReadahead(page)) return NULL;
	const ractl = DEFINE_READAHEAD(file, ra, file.f_mapping, vmf.pgoff);
	const fpin = maybe_unlock_mmap_for_io(vmf, NULL);

	page_cache_async_ra(ractl, page, ra_pages);
	return fpin;
}

/**
 * RFC.25: what a speculative fault may do of filemap_fault(): take a page that
 * is in the cache, up to date, not locked by anybody, before the end of the
 * file, and at which nobody is to read on. In all other cases VM_FAULT_RETRY,
 * and the classic fault finds out what is to be done or said: SIGBUS, too.
 * RCU read-side, and mmap_lock is not held: nothing here sleeps. The page lock
 * is tried, so that we return with VM_FAULT_LOCKED as filemap_fault() does.
 * Port: a function of its own; and the patch forgets the reference wherever it
 * gives up after the lookup (R18), so that the page can never be reclaimed.
 */
function filemap_fault_speculative(
	vmf: vm_fault, mapping: address_space,
): vm_fault_t {
	const offset = vmf.pgoff;
	const file: file = vmf.vma.vm_file;
	const ra = file.f_ra;
	const page = find_get_page(mapping, offset);

	if (page === NULL) return VM_FAULT_RETRY;
	put: {
		if (PageReadahead(page)) break put;
		if (!trylock_page(page)) break put;
		page_unlock: {
			/* Truncated meanwhile? From here on it cannot be. */
			if (page.mapping !== uptr(mapping)) break page_unlock;
			VM_BUG_ON_PAGE(page.index !== offset, page);
			if (!PageUptodate(page)) break page_unlock;
			/* Never an error on the strength of a speculation. */
			if (offset >= max_idx(mapping)) break page_unlock;
			/* Twice, if finish_fault() gives up, as the classic
			 * fault then does it, too: it is a hint. */
			if ((vmf.vma.vm_flags & VM_RAND_READ) === 0 &&
				READ_ONCE(ra.ra_pages) !== 0)
				mmap_miss_dec(ra);
			vmf.page = page;
			return VM_FAULT_LOCKED;
		} /* page_unlock: */
		unlock_page(page);
	} /* put: */
	put_page(page);
	return VM_FAULT_RETRY;
}

/** What a fault has on its way through filemap_fault(). */
interface fault_way {
	page: page; /* with a reference, or NULL */
	fpin: file; /* with a reference: mmap_lock was dropped; or NULL */
	mapping_locked: boolean; /* invalidate_lock is held for reading */
}

/** The end of filemap_fault(), but where it has the page. */
function filemap_fault_out(
	way: fault_way, mapping: address_space, ret: vm_fault_t,
): vm_fault_t {
	if (way.page !== NULL) put_page(way.page);
	if (way.mapping_locked) filemap_invalidate_unlock_shared(mapping);
	/* Last: it may be what keeps the mapping. */
	if (way.fpin !== NULL) fput(way.fpin);
	return ret;
}

/**
 * The page of a file for a fault. We enter with mmap_lock held for reading. We
 * return with VM_FAULT_LOCKED, vmf->page being locked and referenced; or an
 * error; or VM_FAULT_RETRY, when mmap_lock was dropped to read, or to wait for
 * the page: then it is there when the fault is tried again, most likely.
 * RFC.25: or the fault is speculative, and we are in an RCU section.
 * Port: "retry_find" and "out_retry" are jumps in the kernel.
 */
export function filemap_fault(vmf: vm_fault): vm_fault_t {
	const file: file = vmf.vma.vm_file;
	const mapping = file.f_mapping;
	const index = vmf.pgoff;
	let ret: vm_fault_t = 0;

	if (CONFIG_SPECULATIVE_FILE_BY_FAULT) {
		if ((vmf.flags & FAULT_FLAG_SPECULATIVE) !== 0)
			return filemap_fault_speculative(vmf, mapping);
	}

	/* Beyond the end of the file there is nothing to map. */
	if (index >= max_idx(mapping)) return VM_FAULT_SIGBUS;

	const way: fault_way = {
		page: find_get_page(mapping, index),
		fpin: NULL,
		mapping_locked: false,
	};
	if (way.page !== NULL) {
		if ((vmf.flags & FAULT_FLAG_TRIED) === 0)
			way.fpin = do_async_mmap_readahead(vmf, way.page);
		if (!PageUptodate(way.page)) {
			filemap_invalidate_lock_shared(mapping);
			way.mapping_locked = true;
		}
	} else {
		count_vm_event(PGMAJFAULT);
		ret = VM_FAULT_MAJOR;
		way.fpin = do_sync_mmap_readahead(vmf);
	}
	for (;;) {
		if (way.page === NULL) {
			/* See filemap_create_folio(). */
			if (!way.mapping_locked)
				filemap_invalidate_lock_shared(mapping);
			way.mapping_locked = true;
			way.page = pagecache_get_page(mapping, index,
				FGP_CREAT | FGP_FOR_MMAP,
				mapping_gfp_mask(mapping));
			if (way.page === NULL)
				return filemap_fault_out(way, mapping,
					way.fpin === NULL ? VM_FAULT_OOM :
					ret | VM_FAULT_RETRY);
		}
		const page = way.page;

		if (!lock_page_maybe_drop_mmap(vmf, page, way))
			return filemap_fault_out(way, mapping,
				ret | VM_FAULT_RETRY);
		/* Truncated meanwhile? */
		const there = page.mapping === uptr(mapping);

		if (there && PageUptodate(page)) break;
		if (!there || !way.mapping_locked) {
			/* It was up to date before it was locked, and is not
			 * any more: once more, beside nobody who punches. */
			unlock_page(page);
			put_page(page);
			way.page = NULL;
			continue;
		}
		/* "page_not_uptodate": its read has failed, or nobody has begun
		 * it: once, and here. */
		way.fpin = maybe_unlock_mmap_for_io(vmf, way.fpin);
		const error = filemap_read_page(file, mapping, page);

		if (way.fpin !== NULL)
			return filemap_fault_out(way, mapping,
				ret | VM_FAULT_RETRY);
		put_page(page);
		way.page = NULL;
		if (error !== 0)
			return filemap_fault_out(way, mapping,
				VM_FAULT_SIGBUS);
	}
	const page = way.page;

	VM_BUG_ON_PAGE(page.index !== index, page);
	if (way.fpin !== NULL) {
		unlock_page(page);
		return filemap_fault_out(way, mapping, ret | VM_FAULT_RETRY);
	}
	if (way.mapping_locked) filemap_invalidate_unlock_shared(mapping);
	/* Under the page lock, against truncation. */
	if (index >= max_idx(mapping)) {
		unlock_page(page);
		put_page(page);
		return VM_FAULT_SIGBUS;
	}
	vmf.page = page;
	return ret | VM_FAULT_LOCKED;
}

/** Install the table that do_fault_around() has allocated, if it is needed. */
function filemap_map_pmd(vmf: vm_fault): void {
	const mm = vmf.vma.vm_mm;

	if (pmd_none(READ_ONCE(vmf.pmd.pmd)))
		vmf.prealloc_pte = pmd_install(mm, vmf.pmd, vmf.prealloc_pte);
}

/** Pages that the file has, the last one in part. */
function max_idx(mapping: address_space): number {
	return Math.ceil(i_size_read(mapping.host) / PAGE_SIZE);
}

/** This page, or the next that can be mapped at once: there, up to date and not
 *  locked, nor one at which to read on. It is returned locked and referenced,
 *  and xas is where it was found. RCU read-side. */
function next_uptodate_page(
	page: page, mapping: address_space, xas: xa_state, end_pgoff: number,
): page {
	for (; page !== NULL;
		page = cast<page>(xas_next_entry(xas, end_pgoff))) {
		if (PageLocked(page)) continue;
		if (!get_page_unless_zero(page)) continue;
		/* Is it this file's, now that it stays a page? */
		if (xas_reload(xas) === uptr(page) && PageUptodate(page) &&
			!PageReadahead(page) && trylock_page(page)) {
			if (page.mapping === uptr(mapping) &&
				PageUptodate(page) &&
				xas.xa_index < max_idx(mapping))
				return page;
			unlock_page(page);
		}
		put_page(page);
	}
	return NULL;
}

function first_map_page(
	mapping: address_space, xas: xa_state, end_pgoff: number,
): page {
	return next_uptodate_page(cast<page>(xas_find(xas, end_pgoff)),
		mapping, xas, end_pgoff);
}

function next_map_page(
	mapping: address_space, xas: xa_state, end_pgoff: number,
): page {
	return next_uptodate_page(cast<page>(xas_next_entry(xas, end_pgoff)),
		mapping, xas, end_pgoff);
}

/**
 * Map what the cache has of [start_pgoff, end_pgoff]; sleeps for nothing. We
 * are in an RCU section (RFC.27, 28), with the pte neither mapped nor locked,
 * and return so. VM_FAULT_NOPAGE if the faulting page was among it; 0 if it was
 * not, or VM_FAULT_RETRY for a speculative fault: ->fault would not find it
 * either, or has nothing to do with the entry that is there.
 */
export function filemap_map_pages(
	vmf: vm_fault, start_pgoff: number, end_pgoff: number,
): vm_fault_t {
	const vma = vmf.vma;
	const file: file = vma.vm_file;
	const mapping = file.f_mapping;
	const xas = XA_STATE(mapping, start_pgoff);
	const speculative = CONFIG_SPECULATIVE_FILE_FAULT &&
		(vmf.flags & FAULT_FLAG_SPECULATIVE) !== 0;
	const ra = file.f_ra;
	let mmap_miss: number = READ_ONCE(ra.mmap_miss);
	let ret: vm_fault_t = speculative ? VM_FAULT_RETRY : 0;

	let page = first_map_page(mapping, xas, end_pgoff);
	if (page === NULL) return map_pages_failed(vmf, ret);
	if (!speculative) filemap_map_pmd(vmf);

	/* Where a speculative fault commits, for all pages around it, too: the
	 * sequence says that no writer was there. */
	if (!pte_map_lock(vmf)) {
		unlock_page(page);
		put_page(page);
		return VM_FAULT_RETRY;
	}
	/* That entry is the fault's own, so we count from there. */
	let addr = vmf.address;
	let last_pgoff = vmf.pgoff;
	VM_BUG_ON_PAGE(pte_index(addr) - last_pgoff + end_pgoff >=
		PTRS_PER_PTE, page);
	VM_BUG_ON_PAGE(pte_index(addr) - last_pgoff + start_pgoff < 0, page);
	do {
		addr += (xas.xa_index - last_pgoff) * PAGE_SIZE;
		vmf.pte = ptr_add(vmf.pte, xas.xa_index - last_pgoff);
		last_pgoff = xas.xa_index;
		if (mmap_miss > 0) mmap_miss--;
		if (pte_none(ptep_get(vmf.pte))) {
			/* This is what the fault was about. */
			if (vmf.address === addr) ret = VM_FAULT_NOPAGE;
			/* The reference is the page table's now. */
			do_set_pte(vmf, page, addr);
			unlock_page(page);
		} else {
			unlock_page(page);
			put_page(page);
		}
		page = next_map_page(mapping, xas, end_pgoff);
	} while (page !== NULL);
	pte_unmap_unlock(vmf.pte, vmf.ptl);
	vmf.pte = NULL;
	/* What others counted meanwhile is lost: it is a hint. */
	WRITE_ONCE(ra.mmap_miss, mmap_miss as int);
	return map_pages_failed(vmf, ret);
}

/** Counts a speculative fault that is given up, with the pte not locked.
 *  Port: see __do_fault(). */
function map_pages_failed(vmf: vm_fault, ret: vm_fault_t): vm_fault_t {
	if (CONFIG_SPECULATIVE_FILE_FAULT) {
		if (ret === VM_FAULT_RETRY) {
			count_vm_spf_event(SPF_ABORT_FAULT);
			trace_spf_vmf_notsup(SPF_ABORT_FAULT, vmf);
		}
	}
	return ret;
}

/** A shared page becomes writable: it is dirty from here on. We return with the
 *  page locked, or NOPAGE if it has left the file. */
export function filemap_page_mkwrite(vmf: vm_fault): vm_fault_t {
	const page = vmf.page;
	const file: file = vmf.vma.vm_file;
	const mapping = file.f_mapping;

	lock_page(page);
	if (page.mapping !== uptr(mapping)) {
		unlock_page(page);
		return VM_FAULT_NOPAGE;
	}
	set_page_dirty(page);
	return VM_FAULT_LOCKED;
}

/** Mappings of regular files. RFC.29: filemap_fault() can be speculative. */
export const generic_file_vm_ops: vm_operations_struct = RODATA(
	CONFIG_SPECULATIVE_FILE_FAULT
		? {
			fault: filemap_fault,
			map_pages: filemap_map_pages,
			page_mkwrite: filemap_page_mkwrite,
			speculative: true,
		}
		: {
			fault: filemap_fault,
			map_pages: filemap_map_pages,
			page_mkwrite: filemap_page_mkwrite,
		},
);

/** ->mmap(). mmap_lock is held for writing. */
export function generic_file_mmap(file: file, vma: vm_area_struct): number {
	const mapping = file.f_mapping;

	if (!mapping.a_ops) return -ENOEXEC;
	vma.vm_ops = generic_file_vm_ops;
	return 0;
}

/* ---- write() ---- */

/**
 * Copy to the page cache what is to be written at pos, page by page. i_rwsem is
 * held for writing. Bytes that were written, or an errno if none were.
 *
 * The user's page is brought in before the file's is locked, as it may be the
 * same one; what it loses meanwhile is brought in again.
 */
function generic_perform_write(
	file: file, i: iov_iter, pos: number,
): number {
	const mapping = file.f_mapping;
	const a_ops = mapping.a_ops;
	let written = 0;
	let status = 0;
	let short = 0;

	do {
		const offset = pos % PAGE_SIZE;
		/* What was copied in vain has to do, or this might not end. */
		const bytes = short !== 0 ? short :
			Math.min(PAGE_SIZE - offset, i.count);

		if (fault_in_iov_iter_readable(i, bytes) !== 0) {
			status = -EFAULT;
			break;
		}
		if (fatal_signal_pending(current())) {
			status = -EINTR;
			break;
		}
		const page = a_ops.write_begin(file, mapping, pos, bytes);
		if (IS_ERR(page)) {
			status = PTR_ERR(page);
			break;
		}
		const copied = copy_page_from_iter_atomic(page, offset,
			bytes, i);

		status = a_ops.write_end(file, mapping, pos, bytes, copied,
			page);
		if (status !== copied)
			iov_iter_revert(i, copied - Math.max(status, 0));
		if (status < 0) break;
		cond_resched();
		short = status === 0 ? copied : 0;
		pos += status;
		written += status;
		if (CONFIG_PAGE_RECLAIM)
			balance_dirty_pages_ratelimited(mapping);
	} while (i.count !== 0);
	return written !== 0 ? written : status;
}

/** The same at the position of a request, which goes on. */
function __generic_file_write_iter(iocb: kiocb, from: iov_iter): number {
	const written = generic_perform_write(iocb.ki_filp, from, iocb.ki_pos);

	if (written > 0) iocb.ki_pos += written;
	return written;
}

/** ->write_iter() of files in the page cache. Takes i_rwsem. */
export function generic_file_write_iter(
	iocb: kiocb, from: iov_iter,
): number {
	const inode = iocb.ki_filp.f_inode;

	inode_lock(inode);
	let ret = generic_write_checks(iocb, from);
	if (ret > 0) ret = __generic_file_write_iter(iocb, from);
	inode_unlock(inode);
	return ret;
}
