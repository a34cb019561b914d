// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/mmu_notifier.h (5.17, with V2.23 and V2.25): who has
 * translations of an address space besides the CPUs is told before they become
 * wrong. See Documentation/mmu-notifiers.md.
 * Port: a range is an object on the stack of whoever changes something, made by
 * mmu_notifier_range_init(). Sequences have 32 bits.
 * Left out: what only huge pages and the aging of pages ask for
 * (pmdp_*_notify(), pudp_*_notify(), ptep_clear_young_notify()).
 */
import {
	CONFIG_MMU_NOTIFIER, CONFIG_SPECULATIVE_PAGE_FAULT,
} from "generated/autoconf.ts";
import { PAGE_SIZE, type pte_t } from "asm/pgtable_types.ts";
import { ptep_clear_flush_young, set_pte_at } from "asm/pgtable.ts";
import { GFP_KERNEL } from "linux/gfp.ts";
import type { interval_tree_node } from "linux/interval_tree.ts";
import { irqs_disabled } from "linux/irqflags.ts";
import { might_sleep } from "linux/kernel.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import { mmap_write_lock, mmap_write_unlock } from "linux/mmap_lock.ts";
import {
	percpu_down_read_trylock, percpu_free_rwsem, percpu_init_rwsem,
	type percpu_rw_semaphore, percpu_rwsem_async_destroy, percpu_up_read,
} from "linux/percpu-rwsem.ts";
import { in_atomic } from "linux/preempt.ts";
import { kfree, kzalloc } from "linux/slab.ts";
import type { callback_head, hlist_node } from "linux/types.ts";
import {
	__mmu_notifier_change_pte, __mmu_notifier_clear_flush_young,
	__mmu_notifier_clear_young, __mmu_notifier_invalidate_range,
	__mmu_notifier_invalidate_range_end,
	__mmu_notifier_invalidate_range_start, __mmu_notifier_release,
	__mmu_notifier_subscriptions_destroy, __mmu_notifier_test_young,
	mmu_notifier_get_locked,
} from "mm/mmu_notifier.ts";
import { ptep_clear_flush } from "mm/pgtable-generic.ts";

/* enum mmu_notifier_event: why */

/** munmap(), or mremap(), which moves. */
export const MMU_NOTIFY_UNMAP = 0;
/** Entries go, or become others: madvise(), copy on write and the like. */
export const MMU_NOTIFY_CLEAR = 1;
/** The rights of all of the range are vma->vm_page_prot now: mprotect(). */
export const MMU_NOTIFY_PROTECTION_VMA = 2;
/** Single entries lose rights, and only they tell which: fork(). */
export const MMU_NOTIFY_PROTECTION_PAGE = 3;
/** The same pages, which are write-protected to notice who writes. */
export const MMU_NOTIFY_SOFT_DIRTY = 4;
/** Nobody uses the address space any more. */
export const MMU_NOTIFY_RELEASE = 5;
export const MMU_NOTIFY_MIGRATE = 6;
export const MMU_NOTIFY_EXCLUSIVE = 7;

/** flags: callbacks may sleep. */
export const MMU_NOTIFIER_RANGE_BLOCKABLE = 1;

/** What a subscriber implements of it. All may run at once on several CPUs. */
export interface mmu_notifier_ops {
	/**
	 * The last user of the address space is gone, and its pages are about
	 * to be freed; or the subscriber leaves. Drop all translations, and
	 * make no new ones.
	 */
	release?: (subscription: mmu_notifier, mm: mm_struct) => void;
	/** Was the range used by the secondary MMU since the last time? Forget
	 *  it, and see to it that the next use is noticed. */
	clear_flush_young?: (subscription: mmu_notifier, mm: mm_struct,
		start: number, end: number) => number;
	/** The same, but translations may stay cached that do not notice. */
	clear_young?: (subscription: mmu_notifier, mm: mm_struct,
		start: number, end: number) => number;
	/** Was it used? */
	test_young?: (subscription: mmu_notifier, mm: mm_struct,
		address: number) => number;
	/** The entry is about to become pte; under its lock, between a start
	 *  and its end. */
	change_pte?: (subscription: mmu_notifier, mm: mm_struct,
		address: number, pte: number) => void;
	/**
	 * From here to invalidate_range_end() there may be no translation of
	 * the range: what there is goes, and none is made. The pages are still
	 * there. -EAGAIN if it had to sleep and must not; who may answer so has
	 * no invalidate_range_end(). Ranges may overlap.
	 */
	invalidate_range_start?: (subscription: mmu_notifier,
		range: mmu_notifier_range) => number;
	/** The page tables are as they shall be; the pages may be freed. */
	invalidate_range_end?: (subscription: mmu_notifier,
		range: mmu_notifier_range) => void;
	/**
	 * For who walks the CPU's own page tables: entries are gone, the pages
	 * are not yet, and what is cached of them has to go. Must not sleep.
	 */
	invalidate_range?: (subscription: mmu_notifier, mm: mm_struct,
		start: number, end: number) => void;
	/** A subscription for mmu_notifier_get(), or ERR_PTR(). */
	alloc_notifier?: (mm: mm_struct) => mmu_notifier;
	/** After the last mmu_notifier_put(), when no callback runs any more.
	 *  Must not sleep. */
	free_notifier?: (subscription: mmu_notifier) => void;
}

/** A subscription to all of an address space. */
export interface mmu_notifier extends struct {
	/** on mmu_notifier_subscriptions.list: its lock, walked under SRCU */
	hlist: embed<hlist_node>;
	ops: rodata<mmu_notifier_ops>; /* constant */
	mm: mm_struct; /* constant */
	rcu: embed<callback_head>; /* put_data.lock, after the last put */
	users: int; /* mmu_notifier_subscriptions.lock */
}

export interface mmu_interval_notifier_ops {
	/**
	 * There may be no translation of the range any more when it returns.
	 * Calls mmu_interval_set_seq(cur_seq) under the subscriber's lock, in
	 * any case. May sleep, if the range may; false if it had to and may
	 * not.
	 */
	invalidate: (interval_sub: mmu_interval_notifier,
		range: mmu_notifier_range, cur_seq: number) => boolean;
}

/** A subscription to a part of an address space. */
export interface mmu_interval_notifier extends struct {
	/** mmu_notifier_subscriptions.lock, while its sequence is even */
	interval_tree: embed<interval_tree_node>;
	ops: rodata<mmu_interval_notifier_ops>; /* constant */
	mm: mm_struct; /* constant */
	deferred_item: embed<hlist_node>; /* mmu_notifier_subscriptions.lock */
	/** of the last invalidation, odd; the subscriber's lock, and looked at
	 *  without (READ_ONCE) */
	invalidate_seq: int;
}

export interface mmu_notifier_range {
	vma: vm_area_struct; /* the first one; NULL: it is about more */
	mm: mm_struct;
	start: number;
	end: number;
	flags: number; /* MMU_NOTIFIER_RANGE_* */
	event: number; /* MMU_NOTIFY_* */
	owner: number; /* whose doing it is, if that is somebody's; else 0 */
}

/** Does anybody have to be told? Under what keeps subscribers from coming:
 *  mmap_lock, a lock of the rmap, or mmu_notifier_lock. */
export function mm_has_notifiers(mm: mm_struct): boolean {
	if (!CONFIG_MMU_NOTIFIER) return false;
	return mm.notifier_subscriptions !== NULL;
}

/** The one subscription with these ops, which is made if there is none; or
 *  ERR_PTR(). May sleep. To be given back by mmu_notifier_put(). */
export function mmu_notifier_get(
	ops: rodata<mmu_notifier_ops>, mm: mm_struct,
): mmu_notifier {
	mmap_write_lock(mm);
	const ret = mmu_notifier_get_locked(ops, mm);
	mmap_write_unlock(mm);
	return ret;
}

/** By ->invalidate(), always, under the lock of mmu_interval_read_retry(). */
export function mmu_interval_set_seq(
	interval_sub: mmu_interval_notifier, cur_seq: number,
): void {
	WRITE_ONCE(interval_sub.invalidate_seq, cur_seq);
}

/** Has something been invalidated since mmu_interval_read_begin() returned seq?
 *  Under the lock of ->invalidate(). Then what was found is worth nothing. */
export function mmu_interval_read_retry(
	interval_sub: mmu_interval_notifier, seq: number,
): boolean {
	return interval_sub.invalidate_seq !== seq;
}

/** A hint without the lock: true is for sure. Pairs with nothing: it only
 *  saves work. */
export function mmu_interval_check_retry(
	interval_sub: mmu_interval_notifier, seq: number,
): boolean {
	return READ_ONCE(interval_sub.invalidate_seq) !== seq;
}

export function mmu_notifier_range_blockable(
	range: mmu_notifier_range,
): boolean {
	if (!CONFIG_MMU_NOTIFIER) return true;
	return (range.flags & MMU_NOTIFIER_RANGE_BLOCKABLE) !== 0;
}

/** exit_mmap(): nobody is left who could use the address space. May sleep. */
export function mmu_notifier_release(mm: mm_struct): void {
	if (CONFIG_MMU_NOTIFIER) {
		if (mm_has_notifiers(mm)) __mmu_notifier_release(mm);
	}
}

export function mmu_notifier_clear_flush_young(
	mm: mm_struct, start: number, end: number,
): number {
	if (!CONFIG_MMU_NOTIFIER || !mm_has_notifiers(mm)) return 0;
	return __mmu_notifier_clear_flush_young(mm, start, end);
}

export function mmu_notifier_clear_young(
	mm: mm_struct, start: number, end: number,
): number {
	if (!CONFIG_MMU_NOTIFIER || !mm_has_notifiers(mm)) return 0;
	return __mmu_notifier_clear_young(mm, start, end);
}

export function mmu_notifier_test_young(
	mm: mm_struct, address: number,
): number {
	if (!CONFIG_MMU_NOTIFIER || !mm_has_notifiers(mm)) return 0;
	return __mmu_notifier_test_young(mm, address);
}

export function mmu_notifier_change_pte(
	mm: mm_struct, address: number, pte: number,
): void {
	if (CONFIG_MMU_NOTIFIER) {
		if (mm_has_notifiers(mm))
			__mmu_notifier_change_pte(mm, address, pte);
	}
}

/** Before anything changes. Nobody comes and nobody is missed until the end:
 *  see mm_has_notifiers(). Callbacks may sleep. */
export function mmu_notifier_invalidate_range_start(
	range: mmu_notifier_range,
): void {
	if (CONFIG_MMU_NOTIFIER) {
		might_sleep();
		if (mm_has_notifiers(range.mm)) {
			range.flags |= MMU_NOTIFIER_RANGE_BLOCKABLE;
			__mmu_notifier_invalidate_range_start(range);
		}
	}
}

/** The same for who must not sleep: -EAGAIN if somebody would have to, and then
 *  there is no end. */
export function mmu_notifier_invalidate_range_start_nonblock(
	range: mmu_notifier_range,
): number {
	if (CONFIG_MMU_NOTIFIER) {
		if (mm_has_notifiers(range.mm)) {
			range.flags &= ~MMU_NOTIFIER_RANGE_BLOCKABLE;
			return __mmu_notifier_invalidate_range_start(range);
		}
	}
	return 0;
}

/** All has changed, and what CPUs have cached of it is about to be flushed. */
export function mmu_notifier_invalidate_range_end(
	range: mmu_notifier_range,
): void {
	if (CONFIG_MMU_NOTIFIER) {
		if (mmu_notifier_range_blockable(range)) might_sleep();
		if (mm_has_notifiers(range.mm))
			__mmu_notifier_invalidate_range_end(range, false);
	}
}

/** The same where ->invalidate_range() was called under the lock of the page
 *  table: see ptep_clear_flush_notify(). */
export function mmu_notifier_invalidate_range_only_end(
	range: mmu_notifier_range,
): void {
	if (CONFIG_MMU_NOTIFIER) {
		if (mm_has_notifiers(range.mm))
			__mmu_notifier_invalidate_range_end(range, true);
	}
}

export function mmu_notifier_invalidate_range(
	mm: mm_struct, start: number, end: number,
): void {
	if (CONFIG_MMU_NOTIFIER) {
		if (mm_has_notifiers(mm))
			__mmu_notifier_invalidate_range(mm, start, end);
	}
}

/** V2.23: false if there is no memory for the lock. Nobody knows mm yet. */
export function mmu_notifier_subscriptions_init(mm: mm_struct): boolean {
	if (CONFIG_MMU_NOTIFIER) {
		if (CONFIG_SPECULATIVE_PAGE_FAULT) {
			mm.mmu_notifier_lock = kzalloc<percpu_rw_semaphore>(
				sizeof<percpu_rw_semaphore>(), GFP_KERNEL);
			if (mm.mmu_notifier_lock === NULL) return false;
			if (percpu_init_rwsem(mm.mmu_notifier_lock) !== 0) {
				kfree(mm.mmu_notifier_lock);
				return false;
			}
		}
		mm.notifier_subscriptions = NULL;
	}
	return true;
}

/**
 * V2.23: nobody has a reference to mm any more. To destroy the lock may take a
 * grace period: where nobody may sleep, a worker does it (V2.22, R22). Port:
 * interrupts that are off are asked for, too. A CPU lets go of the address
 * space that it has borrowed with interrupts off, where v2 as posted would
 * sleep.
 */
export function mmu_notifier_subscriptions_destroy(mm: mm_struct): void {
	if (CONFIG_MMU_NOTIFIER) {
		if (mm_has_notifiers(mm))
			__mmu_notifier_subscriptions_destroy(mm);
		if (CONFIG_SPECULATIVE_PAGE_FAULT) {
			if (!in_atomic() && !irqs_disabled()) {
				percpu_free_rwsem(mm.mmu_notifier_lock);
				kfree(mm.mmu_notifier_lock);
			} else {
				percpu_rwsem_async_destroy(
					mm.mmu_notifier_lock);
			}
		}
	}
}

export function mmu_notifier_range_init(
	event: number, flags: number, vma: vm_area_struct, mm: mm_struct,
	start: number, end: number,
): mmu_notifier_range {
	return { vma, mm, start, end, flags, event, owner: 0 };
}

/** Was the page used by this entry since the last time, or by who walks the
 *  CPUs' tables? The lock of the table is held. */
export function ptep_clear_flush_young_notify(
	vma: vm_area_struct, address: number, ptep: pte_t,
): boolean {
	const young = ptep_clear_flush_young(vma, address, ptep);

	if (!CONFIG_MMU_NOTIFIER) return young;
	const others = mmu_notifier_clear_flush_young(vma.vm_mm, address,
		address + PAGE_SIZE) !== 0;
	return young || others;
}

/** The entry goes, from the CPUs' TLBs and from who walks their tables. The
 *  lock of the table is held. Returns what it was. */
export function ptep_clear_flush_notify(
	vma: vm_area_struct, address: number, ptep: pte_t,
): number {
	const pte = ptep_clear_flush(vma, address, ptep);

	mmu_notifier_invalidate_range(vma.vm_mm, address, address + PAGE_SIZE);
	return pte;
}

/**
 * The entry was cleared and flushed, and becomes pte. Secondary MMUs first: one
 * that went on to map the old page would read what it was, when a CPU has
 * written to the new one. The lock of the table is held.
 */
export function set_pte_at_notify(
	mm: mm_struct, address: number, ptep: pte_t, pte: number,
): void {
	mmu_notifier_change_pte(mm, address, pte);
	set_pte_at(mm, address, ptep, pte);
}

/* ---- V2.25: for speculative faults, which hold neither mmap_lock nor one of
 * the rmap's locks, but must not miss who comes between start and end ---- */

/** False: somebody registers, and the fault has to be tried again. */
export function mmu_notifier_trylock(mm: mm_struct): boolean {
	if (CONFIG_MMU_NOTIFIER && CONFIG_SPECULATIVE_PAGE_FAULT)
		return percpu_down_read_trylock(mm.mmu_notifier_lock);
	return true;
}

export function mmu_notifier_unlock(mm: mm_struct): void {
	if (CONFIG_MMU_NOTIFIER && CONFIG_SPECULATIVE_PAGE_FAULT)
		percpu_up_read(mm.mmu_notifier_lock);
}

export {
	__mmu_notifier_register,
	mmu_interval_notifier_insert,
	mmu_interval_notifier_insert_locked,
	mmu_interval_notifier_remove,
	mmu_interval_read_begin,
	mmu_notifier_get_locked,
	mmu_notifier_put,
	mmu_notifier_range_update_to_read_only,
	mmu_notifier_register,
	mmu_notifier_synchronize,
	mmu_notifier_unregister,
} from "mm/mmu_notifier.ts";
