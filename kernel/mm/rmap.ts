// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/rmap.c (5.17): from a page to the vmas that may map it. What is
 * here is what keeps that relation: anon_vmas, their chains, counts of
 * mappings.
 * Port: how often an anon_vma is used is counted as 6.0 does it (2555283eb40d,
 * CVE-2022-42703), not by the one `degree` of 5.17: see anon_vma_clone().
 * Left out:
 * - walks of anonymous pages, which are not reclaimed, migrated or merged:
 *   rmap_walk_anon(), try_to_migrate(), page_make_device_exclusive(),
 *   make_device_exclusive_range(), page_mlock(), page_address_in_vma(), and all
 *   that is static under them;
 * - batched flushing of what is unmapped: try_to_unmap_flush() and its like,
 *   flush_tlb_batched_pending();
 * - huge pages: page_remove_anon_compound_rmap(), hugepage_add_anon_rmap(),
 *   hugepage_add_new_anon_rmap(); do_page_add_anon_rmap() and
 *   page_remove_file_rmap() are in their callers, for they do no more;
 * - counters of memory cgroups, mlocked pages, RMAP_EXCLUSIVE as a flag.
 *
 * Lock ordering in mm: deeper is taken later; in parentheses, where. What
 * lockdep sees on the stepper has to be in here, and the other way round, but
 * for lines with a star, which no scenario gets to, and page_lock, which
 * lockdep does not watch (tools/explore/outside/lock_order_test.ts).
 *
 * mm->mmap_lock
 *   mm->mmap_lock/1		(of the child: dup_mmap)
 *     mapping->i_mmap_rwsem	(dup_mmap_vmas, __vma_adjust, vma_link)
 *       anon_vma->rwsem	(__vma_adjust, take_rmap_locks)
 *         mm->page_table_lock	(__anon_vma_prepare, expand_downwards)
 *         pte_lock		(move_ptes, move_normal_pmd)
 *           pte_lock/1		(source after destination: copy_pte_range;
 *				 new after old: move_ptes, move_normal_pmd)
 *             pte_lock/2	(of the table that moves: move_normal_pmd)
 *         tasklist_lock *	(oom_kill_process, in anon_vma_clone)
 *           task->alloc_lock	(mm_update_next_owner)
 *   mm_all_locks_mutex		(mm_take_all_locks)
 *     mm->mmu_notifier_lock	(mm_take_all_locks)
 *       mapping->i_mmap_rwsem *	(vm_lock_mapping)
 *       anon_vma->rwsem	(vm_lock_anon_vma)
 *   mapping->invalidate_lock	(filemap_fault)
 *     mapping->i_pages_lock	(page_cache_ra_unbounded)
 *   page_lock			(filemap_fault, truncate_inode_pages)
 *     mapping->i_pages_lock	(add_to_page_cache_lru, delete_from_page_cache)
 *     mapping->i_mmap_rwsem	(unmap_mapping_folio, in truncate_inode_pages)
 *     pte_lock			(finish_fault, filemap_map_pages)
 *       page_wait_queue->lock	(unlock_page: do_wp_page, filemap_map_pages)
 *   inode_hash_lock		(iput, in remove_vma)
 * file->f_pos_lock		(vfs_read, vfs_write)
 *   mm->mmap_lock *		(m_start)
 *   tasklist_lock		(get_proc_task)
 *   task->alloc_lock		(get_task_mm)
 *   pte_lock			(smaps_pte_range)
 *   oom_adj_mutex *		(__set_oom_adj)
 *     tasklist_lock *		(__set_oom_adj)
 *       task->alloc_lock	(find_lock_task_mm)
 *   inode->i_rwsem *		(generic_file_write_iter)
 *     mm->mmap_lock *		(fault_in_readable)
 *     mapping->invalidate_lock *	(diskfs_setattr)
 *     mapping->i_mmap_rwsem	(unmap_mapping_range)
 *       pte_lock		(zap_pte_range)
 *     mapping->i_pages_lock	(delete_from_page_cache)
 * oom_lock			(__alloc_pages_may_oom)
 *   tasklist_lock		(select_bad_process)
 *     task->alloc_lock		(find_lock_task_mm)
 *   oom_reaper_lock		(wake_oom_reaper)
 *
 * Innermost, everywhere: zone->lock, kmem_cache_node->list_lock,
 * sem->wait_lock, percpu_counter->lock, subscriptions->lock,
 * mmu_mirror->lock, wait_queue_head->lock, lruvec->lru_lock,
 * bdi_writeback->list_lock.
 *
 * pte_lock is the lock of a table of any level, where each has its own.
 * mm->mmap_seq is not a lock: it is odd while mmap_lock is held for writing,
 * and nobody waits for it. A speculative fault holds no mmap_lock, tries the
 * pte_lock inside of an RCU read-side section (or with interrupts off), and
 * below it page_lock (do_wp_page), whose end may take the wait queue's lock.
 * One that copies on write tries mmu_notifier_lock before, for reading.
 */
import type {
	anon_vma, anon_vma_chain, mm_struct, page, vm_area_struct,
} from "linux/mm_types.ts";
import type { kmem_cache } from "linux/slab_def.ts";
import type { rw_semaphore, spinlock_t } from "linux/spinlock_types.ts";
import { ENOMEM } from "linux/errno.ts";
import {
	BUG_ON, VM_BUG_ON, VM_BUG_ON_PAGE, VM_BUG_ON_VMA, VM_WARN_ON,
	WARN_ON_ONCE,
} from "linux/bug.ts";
import {
	atomic_dec_and_test, atomic_inc_not_zero, atomic_read, atomic_set,
} from "linux/atomic.ts";
import { __GFP_NOWARN, GFP_KERNEL, GFP_NOWAIT } from "linux/gfp.ts";
import {
	kmem_cache_alloc, kmem_cache_create, kmem_cache_free, SLAB_ACCOUNT,
	SLAB_PANIC, SLAB_TYPESAFE_BY_RCU,
} from "linux/slab.ts";
import { list_add, list_del } from "linux/list.ts";
import { RB_EMPTY_ROOT } from "linux/rbtree.ts";
import {
	down_read, down_read_trylock, down_write, init_rwsem, rwsem_is_locked,
	up_read, up_write,
} from "linux/rwsem.ts";
import { rcu_read_lock, rcu_read_unlock } from "linux/rcupdate.ts";
import { spin_lock, spin_unlock } from "linux/spinlock.ts";
import { cond_resched, might_sleep } from "linux/kernel.ts";
import {
	mmap_assert_locked, mmap_assert_write_locked,
} from "linux/mmap_lock.ts";
import {
	__SetPageSwapBacked, PAGE_MAPPING_ANON, PAGE_MAPPING_FLAGS, PageAnon,
	PageLocked,
} from "linux/page-flags.ts";
import {
	dec_mm_counter, mm_counter_file, page_mapped, pte_lockptr, put_page,
	update_hiwater_rss, VM_LOCKED, VM_SEQ_READ, VM_SHARED,
} from "linux/mm.ts";
import {
	linear_page_index, trylock_page, unlock_page,
} from "linux/pagemap.ts";
import { NR_ANON_MAPPED, NR_FILE_MAPPED } from "linux/mmzone.ts";
import { __dec_lruvec_page_state, __inc_lruvec_page_state } from "linux/vmstat.ts";
import {
	anon_vma_lock_write, anon_vma_unlock_read, anon_vma_unlock_write,
	get_anon_vma, put_anon_vma,
} from "linux/rmap.ts";
import {
	anon_vma_interval_tree_insert, anon_vma_interval_tree_remove,
	vma_interval_tree_iter_first, vma_interval_tree_iter_next,
} from "mm/interval_tree.ts";
import { vma_address } from "mm/internal.ts";
import {
	type address_space, i_mmap_lock_read, i_mmap_unlock_read,
} from "linux/fs.ts";
import {
	MMU_NOTIFY_CLEAR, MMU_NOTIFY_PROTECTION_PAGE,
	mmu_notifier_invalidate_range_end, mmu_notifier_invalidate_range_start,
	mmu_notifier_range_init, ptep_clear_flush_notify,
	ptep_clear_flush_young_notify,
} from "linux/mmu_notifier.ts";
import {
	pgd_offset, pmd_none_or_trans_huge_or_clear_bad, pmd_offset,
	pte_offset_map, ptep_get, pud_none_or_clear_bad, pud_offset,
} from "linux/pgtable.ts";
import { page_to_pfn } from "asm-generic/memory_model.ts";
import {
	p4d_none, p4d_offset, pte_dirty, pte_mkclean, pte_pfn, pte_present,
	pte_write, pte_wrprotect, set_pte_at,
} from "asm/pgtable.ts";
import { PAGE_SIZE, type pmd_t, type pte_t } from "asm/pgtable_types.ts";
import { set_page_dirty } from "mm/page-writeback.ts";
import { ptep_clear_flush } from "mm/pgtable-generic.ts";
import { find_mergeable_anon_vma } from "mm/mmap.ts";

export { anon_vma_prepare } from "linux/rmap.ts";

interface rmap_data extends struct {
	anon_vma_cachep: kmem_cache; /* constant after boot */
	anon_vma_chain_cachep: kmem_cache;
}
const data = DEFINE<rmap_data>();

/** With one reference, and its own root. NULL without memory. */
function anon_vma_alloc(): anon_vma {
	const anon_vma = kmem_cache_alloc<anon_vma>(data.anon_vma_cachep, GFP_KERNEL);

	if (anon_vma !== NULL) {
		atomic_set(anon_vma.refcount, 1);
		anon_vma.num_children = 0;
		anon_vma.num_active_vmas = 0;
		anon_vma.parent = anon_vma;
		anon_vma.root = anon_vma;
	}
	return anon_vma;
}

/** No reference is left. May sleep; called without the lock of the root. */
function anon_vma_free(anon_vma: anon_vma): void {
	VM_BUG_ON(atomic_read(anon_vma.refcount) !== 0, "anon_vma in use");
	/*
	 * Somebody may have found us by page_lock_anon_vma_read() and hold the
	 * lock still, without a reference. The drop of the last one was fully
	 * ordered, and came after the pages were unmapped. Pairs with the
	 * acquire of his down_read_trylock(): either he finds the page unmapped
	 * and lets go, or we see that the lock is taken and wait for him.
	 */
	might_sleep();
	const root = anon_vma.root;
	if (rwsem_is_locked(root.rwsem)) {
		anon_vma_lock_write(anon_vma);
		anon_vma_unlock_write(anon_vma);
	}
	kmem_cache_free(data.anon_vma_cachep, anon_vma);
}

/** The link between a vma and an anon_vma; NULL without memory. */
function anon_vma_chain_alloc(gfp: number): anon_vma_chain {
	return kmem_cache_alloc<anon_vma_chain>(data.anon_vma_chain_cachep, gfp);
}

/** It is on no list and in no tree. */
function anon_vma_chain_free(anon_vma_chain: anon_vma_chain): void {
	kmem_cache_free(data.anon_vma_chain_cachep, anon_vma_chain);
}

/** Holds the root's rwsem for writing; and of the vma's mm mmap_lock with
 *  page_table_lock, or mmap_lock for writing, or nobody knows the vma yet. */
function anon_vma_chain_link(
	vma: vm_area_struct, avc: anon_vma_chain, anon_vma: anon_vma,
): void {
	avc.vma = vma;
	avc.anon_vma = anon_vma;
	list_add(avc.same_vma, vma.anon_vma_chain);
	anon_vma_interval_tree_insert(avc, anon_vma.rb_root);
}

/**
 * Give the vma an anon_vma: a neighbour's, so that the two can merge one day,
 * or a new one. Holds mmap_lock at least for reading, by which the neighbours
 * stay; against another fault in the same vma page_table_lock decides.
 */
export function __anon_vma_prepare(vma: vm_area_struct): number {
	const mm: mm_struct = vma.vm_mm;

	mmap_assert_locked(mm);
	might_sleep();

	let avc = anon_vma_chain_alloc(GFP_KERNEL);
	if (avc === NULL) return -ENOMEM;

	/* Both allocations before the locks; what is not needed goes back. */
	let anon_vma = find_mergeable_anon_vma(vma);
	let allocated: anon_vma = NULL;
	if (anon_vma === NULL) {
		anon_vma = anon_vma_alloc();
		if (anon_vma === NULL) {
			anon_vma_chain_free(avc);
			return -ENOMEM;
		}
		anon_vma.num_children++; /* a root is a child of itself */
		allocated = anon_vma;
	}

	anon_vma_lock_write(anon_vma);
	/* The other faults of this mm, which hold mmap_lock for reading. */
	spin_lock(mm.page_table_lock);
	if (vma.anon_vma === NULL) {
		/* Pairs with the acquires in anon_vma_prepare(),
		 * wp_page_copy(), do_anonymous_page(), reusable_anon_vma():
		 * who sees it there does not take page_table_lock. Port: a
		 * plain store in the kernel, and a load with a dependency. */
		smp_store_release(vma.anon_vma, anon_vma);
		anon_vma_chain_link(vma, avc, anon_vma);
		anon_vma.num_active_vmas++;
		allocated = NULL;
		avc = NULL;
	}
	spin_unlock(mm.page_table_lock);
	anon_vma_unlock_write(anon_vma);

	/* Somebody was faster. */
	if (allocated !== NULL) put_anon_vma(allocated);
	if (avc !== NULL) anon_vma_chain_free(avc);
	return 0;
}

/* While a list of chains is walked the lock of the root is kept, since most
 * lists have one root; these two change it where they meet another. */

/** Hold the lock of anon_vma's root instead of that of `root` (NULL: of none);
 *  returns whose lock is held. */
function lock_anon_vma_root(root: anon_vma, anon_vma: anon_vma): anon_vma {
	const new_root = anon_vma.root;

	if (new_root !== root) {
		if (WARN_ON_ONCE(root !== NULL, "a vma with two roots"))
			up_write(root.rwsem);
		down_write(new_root.rwsem);
	}
	return new_root;
}

/** And let go of the last one. */
function unlock_anon_vma_root(root: anon_vma): void {
	if (root !== NULL) up_write(root.rwsem);
}

/**
 * Attach dst to all anon_vmas that src is attached to. Holds mmap_lock of both
 * for writing, and takes the root's rwsem. A dst without an anon_vma (a fork)
 * may take over one that has no vma of its own left and no more than one child:
 * that keeps endless forking from making the tree deeper for ever.
 *
 * Port: 5.17 asks for the sum of the two to be below two, thinking that an
 * anon_vma on the chain that is not src's own has a child at least. But taking
 * one over makes no child, so its sum may be one by a vma that uses it, and it
 * was given to a second one. Two vmas with one anon_vma merge without a look at
 * the rest of their chains: a page could come to a vma that the page's anon_vma
 * does not lead to.
 */
export function anon_vma_clone(
	dst: vm_area_struct, src: vm_area_struct,
): number {
	let root: anon_vma = NULL;
	const head = src.anon_vma_chain;

	mmap_assert_write_locked(src.vm_mm);
	for (let pos = head.prev; pos !== head; pos = pos.prev) {
		const pavc = container_of<anon_vma_chain>(pos, "same_vma");

		/*
		 * Under the root's lock no memory is waited for: to free some,
		 * pages are unmapped, which takes the same lock. If there is
		 * none at hand, let the lock go and wait then; mmap_lock keeps
		 * the chains of src as they are.
		 */
		let avc = anon_vma_chain_alloc(GFP_NOWAIT | __GFP_NOWARN);
		if (avc === NULL) {
			unlock_anon_vma_root(root);
			root = NULL;
			avc = anon_vma_chain_alloc(GFP_KERNEL);
		}
		if (avc === NULL) {
			/*
			 * dst is not counted yet among the vmas of its
			 * anon_vma, and must not be counted out by unlinking.
			 */
			dst.anon_vma = NULL;
			unlink_anon_vmas(dst);
			return -ENOMEM;
		}
		const anon_vma = pavc.anon_vma;
		root = lock_anon_vma_root(root, anon_vma);
		anon_vma_chain_link(dst, avc, anon_vma);

		/* The root itself is never reused: as its own child it has two
		 * of them, once there is somebody who could take it over. */
		if (dst.anon_vma === NULL && src.anon_vma !== NULL &&
			anon_vma.num_children < 2 &&
			anon_vma.num_active_vmas === 0)
			dst.anon_vma = anon_vma;
	}
	/* Counted under the root's lock, as all who count it hold. */
	const used = dst.anon_vma;
	if (used !== NULL) used.num_active_vmas++;
	unlock_anon_vma_root(root);
	return 0;
}

/**
 * Attach the child's vma to the parent's anon_vmas, where pages from before the
 * fork are found, and give it one of its own for pages from after. Holds
 * mmap_lock of the parent for writing; nobody else knows the child yet.
 */
export function anon_vma_fork(
	vma: vm_area_struct, pvma: vm_area_struct,
): number {
	/* No pages, nothing to share. */
	if (pvma.anon_vma === NULL) return 0;

	/* So that anon_vma_clone() may find one to reuse. */
	vma.anon_vma = NULL;
	if (anon_vma_clone(vma, pvma) !== 0) return -ENOMEM;
	if (vma.anon_vma !== NULL) return 0;

	const anon_vma = anon_vma_alloc();
	if (anon_vma === NULL) {
		unlink_anon_vmas(vma);
		return -ENOMEM;
	}
	const avc = anon_vma_chain_alloc(GFP_KERNEL);
	if (avc === NULL) {
		put_anon_vma(anon_vma);
		unlink_anon_vmas(vma);
		return -ENOMEM;
	}

	/* The root's lock is used for the new one as well, so it has to live as
	 * long. */
	const parent: anon_vma = pvma.anon_vma;
	anon_vma.root = parent.root;
	/* It needs no reference: our vma has a link in its tree, and as long
	 * as that is not empty it stays. */
	anon_vma.parent = parent;
	get_anon_vma(anon_vma.root);
	vma.anon_vma = anon_vma;
	anon_vma.num_active_vmas++;
	anon_vma_lock_write(anon_vma);
	anon_vma_chain_link(vma, avc, anon_vma);
	parent.num_children++;
	anon_vma_unlock_write(anon_vma);
	return 0;
}

/**
 * Detach the vma from all its anon_vmas. It is off the tree of the mm, or its
 * mmap_lock is held for writing, or nobody knows it yet. Takes the root's
 * rwsem, and may sleep.
 */
export function unlink_anon_vmas(vma: vm_area_struct): void {
	let root: anon_vma = NULL;
	const head = vma.anon_vma_chain;
	let next = head.next;

	for (let pos = next; pos !== head; pos = next) {
		const avc = container_of<anon_vma_chain>(pos, "same_vma");
		const anon_vma: anon_vma = avc.anon_vma;

		next = pos.next;
		root = lock_anon_vma_root(root, anon_vma);
		anon_vma_interval_tree_remove(avc, anon_vma.rb_root);

		/* An empty one is left on the list, and freed below, outside of
		 * the lock that lives in the root. */
		if (RB_EMPTY_ROOT(anon_vma.rb_root.rb_root)) {
			const parent: anon_vma = anon_vma.parent;
			parent.num_children--;
			continue;
		}
		list_del(avc.same_vma);
		anon_vma_chain_free(avc);
	}
	const own: anon_vma = vma.anon_vma;
	if (own !== NULL) {
		own.num_active_vmas--;
		/* The vma may live on (mremap with MREMAP_DONTUNMAP). */
		vma.anon_vma = NULL;
	}
	unlock_anon_vma_root(root);

	next = head.next;
	for (let pos = next; pos !== head; pos = next) {
		const avc = container_of<anon_vma_chain>(pos, "same_vma");
		const anon_vma: anon_vma = avc.anon_vma;

		next = pos.next;
		VM_WARN_ON(anon_vma.num_children !== 0, "anon_vma: children");
		VM_WARN_ON(anon_vma.num_active_vmas !== 0, "anon_vma: vmas");
		put_anon_vma(anon_vma);
		list_del(avc.same_vma);
		anon_vma_chain_free(avc);
	}
}

/** The memory of an anon_vma is reused under RCU without this being run. */
const anon_vma_ctor = RODATA((object: number): void => {
	const anon_vma = cast<anon_vma>(object);

	init_rwsem(anon_vma.rwsem);
	atomic_set(anon_vma.refcount, 0);
	anon_vma.rb_root.rb_root.rb_node = NULL;
	anon_vma.rb_root.rb_leftmost = NULL;
});

/** At boot: the caches. That of anon_vmas keeps a freed one an anon_vma for as
 *  long as RCU readers may look at it. */
export function anon_vma_init(): void {
	data.anon_vma_cachep = kmem_cache_create("anon_vma", sizeof<anon_vma>(),
		0, SLAB_TYPESAFE_BY_RCU | SLAB_PANIC | SLAB_ACCOUNT, anon_vma_ctor);
	data.anon_vma_chain_cachep = kmem_cache_create("anon_vma_chain",
		sizeof<anon_vma_chain>(), 0, SLAB_PANIC | SLAB_ACCOUNT);
}

/**
 * The anon_vma of a page, with a reference, for somebody who holds none of the
 * locks that keep it. The page may be unmapped meanwhile: the memory is that of
 * some anon_vma at all times (SLAB_TYPESAFE_BY_RCU), and if the page is mapped
 * after the reference was taken, it is that of the page.
 */
export function page_get_anon_vma(page: page): anon_vma {
	rcu_read_lock();
	const anon_mapping = READ_ONCE(page.mapping);
	if ((anon_mapping & PAGE_MAPPING_FLAGS) !== PAGE_MAPPING_ANON ||
		!page_mapped(page)) {
		rcu_read_unlock();
		return NULL;
	}
	const anon_vma = cast<anon_vma>(anon_mapping - PAGE_MAPPING_ANON);
	if (!atomic_inc_not_zero(anon_vma.refcount)) {
		rcu_read_unlock();
		return NULL;
	}
	/* Still mapped: then it was never freed. Otherwise it may be another's. */
	if (!page_mapped(page)) {
		rcu_read_unlock();
		put_anon_vma(anon_vma);
		return NULL;
	}
	rcu_read_unlock();
	return anon_vma;
}

/**
 * The same, but with the lock held for reading, for a walk. Where the lock is
 * free that takes one atomic operation, and no reference: while the page is
 * mapped its anon_vma stays, and who frees it later waits for the lock in
 * anon_vma_free(). Only to sleep for the lock it takes a reference.
 */
export function page_lock_anon_vma_read(page: page): anon_vma {
	rcu_read_lock();
	const anon_mapping = READ_ONCE(page.mapping);
	if ((anon_mapping & PAGE_MAPPING_FLAGS) !== PAGE_MAPPING_ANON ||
		!page_mapped(page)) {
		rcu_read_unlock();
		return NULL;
	}
	const anon_vma = cast<anon_vma>(anon_mapping - PAGE_MAPPING_ANON);
	/* Set before the page could be mapped, by a CPU that we may share no
	 * lock with yet: the fault can have found it in a copy of the vma. */
	const root = READ_ONCE(anon_vma.root);
	const sem: rw_semaphore = root.rwsem;

	/* The acquire pairs with the last put_anon_vma(): anon_vma_free(). */
	if (down_read_trylock(sem)) {
		const mapped = page_mapped(page);

		if (!mapped) up_read(sem);
		rcu_read_unlock();
		return mapped ? anon_vma : NULL;
	}
	if (!atomic_inc_not_zero(anon_vma.refcount)) {
		rcu_read_unlock();
		return NULL;
	}
	/* As in page_get_anon_vma(): it may be another page's by now. */
	if (!page_mapped(page)) {
		rcu_read_unlock();
		put_anon_vma(anon_vma);
		return NULL;
	}
	rcu_read_unlock();
	/* Port: anon_vma_lock_read() would read the root once more, unmarked.
	 * From the lock on that is ordered. */
	down_read(sem);
	if (atomic_dec_and_test(anon_vma.refcount)) {
		/* Ours was the last reference: the page is gone. The lock has
		 * to go before the rest, which takes it for writing. */
		anon_vma_unlock_read(anon_vma);
		__put_anon_vma(anon_vma);
		return NULL;
	}
	return anon_vma;
}

/** The end of the walk. */
export function page_unlock_anon_vma_read(anon_vma: anon_vma): void {
	anon_vma_unlock_read(anon_vma);
}

/** What a walk is to do with each vma that may map the page. */
interface rmap_walk_control<T> {
	arg: T;
	/** False ends the walk. i_mmap_rwsem is held. */
	rmap_one: (
		page: page, vma: vm_area_struct, address: number, arg: T,
	) => boolean;
	/** No vma that is left can matter. */
	done?: (page: page) => boolean;
}

/** The pmd for address, if there is a page table below it; or NULL. */
function mm_find_pmd(mm: mm_struct, address: number): pmd_t {
	const p4d = p4d_offset(pgd_offset(mm, address), address);

	if (p4d_none(p4d.p4d)) return NULL;
	const pud = pud_offset(p4d, address);
	if (pud_none_or_clear_bad(pud)) return NULL;
	const pmd = pmd_offset(pud, address);
	return pmd_none_or_trans_huge_or_clear_bad(pmd) ? NULL : pmd;
}

/**
 * page_vma_mapped_walk(): the entry of a page in vma, at address, with the lock
 * of its table held; or NULL, without. i_mmap_rwsem is held, which keeps the
 * page table. Port: there is one at most.
 */
function page_vma_mapped(
	page: page, vma: vm_area_struct, address: number,
): pte_map {
	const mm = vma.vm_mm;
	const pmd = mm_find_pmd(mm, address);

	if (pmd === NULL) return { pte: NULL, ptl: NULL };
	const ptl = pte_lockptr(mm, pmd);
	const pte = pte_offset_map(pmd, address);

	spin_lock(ptl);
	const entry = ptep_get(pte);
	if (pte_present(entry) && pte_pfn(entry) === page_to_pfn(page))
		return { pte, ptl };
	spin_unlock(ptl);
	return { pte: NULL, ptl: NULL };
}

interface pte_map {
	pte: pte_t;
	ptl: spinlock_t;
}

interface page_referenced_arg {
	referenced: number;
	vm_flags: number; /* of those by which it was */
}

function page_referenced_one(
	page: page, vma: vm_area_struct, address: number,
	pra: page_referenced_arg,
): boolean {
	const { pte, ptl } = page_vma_mapped(page, vma, address);

	if (pte === NULL) return true;
	/* mmap_lock is not held: mlock() and mprotect() may write. */
	const vm_flags = data_race(vma.vm_flags);
	if ((vm_flags & VM_LOCKED) !== 0) {
		spin_unlock(ptl);
		pra.vm_flags |= VM_LOCKED;
		return false;
	}
	const young = ptep_clear_flush_young_notify(vma, address, pte);

	spin_unlock(ptl);
	/* Who reads sequentially does not come back. */
	if (young && (vm_flags & VM_SEQ_READ) === 0) {
		pra.referenced++;
		pra.vm_flags |= vm_flags;
	}
	return true;
}

/**
 * By how many entries of page tables was the page used since the last time, and
 * by vmas with what flags? is_locked: the caller has it locked.
 */
export function page_referenced(
	page: page, is_locked: boolean,
): page_referenced_arg {
	const arg = { referenced: 0, vm_flags: 0 };

	if (!page_mapped(page)) return arg;
	if (!is_locked && !trylock_page(page))
		return { referenced: 1, vm_flags: 0 };
	rmap_walk_file(page, { rmap_one: page_referenced_one, arg });
	if (!is_locked) unlock_page(page);
	return arg;
}

/**
 * page_mkclean_one(): the page's entry in vma, at address, becomes clean and
 * read-only. 1 if it was not. i_mmap_rwsem is held, which keeps the page table.
 */
function page_mkclean_one(
	page: page, vma: vm_area_struct, address: number,
): number {
	const mm = vma.vm_mm;
	const pmd = mm_find_pmd(mm, address);
	let cleaned = 0;

	if (pmd === NULL) return 0;
	const range = mmu_notifier_range_init(MMU_NOTIFY_PROTECTION_PAGE, 0,
		vma, mm, address, address + PAGE_SIZE);

	mmu_notifier_invalidate_range_start(range);
	const ptl = pte_lockptr(mm, pmd);
	const pte = pte_offset_map(pmd, address);

	spin_lock(ptl);
	let entry = ptep_get(pte);
	if (pte_present(entry) && pte_pfn(entry) === page_to_pfn(page) &&
		(pte_dirty(entry) || pte_write(entry))) {
		/* Through "none": a bit that the hardware sets meanwhile is
		 * not lost, and no CPU writes by what it remembers. */
		entry = ptep_clear_flush_notify(vma, address, pte);
		entry = pte_mkclean(pte_wrprotect(entry));
		set_pte_at(mm, address, pte, entry);
		cleaned = 1;
	}
	spin_unlock(ptl);
	mmu_notifier_invalidate_range_end(range);
	return cleaned;
}

/**
 * In every address space that shares the page, its entry becomes clean and
 * read-only; how many were not. The page is locked. Takes i_mmap_rwsem.
 * Port: without rmap_walk_file().
 */
export function page_mkclean(page: page): number {
	let cleaned = 0;

	VM_BUG_ON_PAGE(!PageLocked(page), page);
	if (!page_mapped(page) || PageAnon(page)) return 0;
	const mapping = cast<address_space>(page.mapping);
	i_mmap_lock_read(mapping);
	let vma = vma_interval_tree_iter_first(mapping.i_mmap, page.index,
		page.index);
	while (vma !== NULL) {
		/* A private one never maps it writable. */
		if ((vma.vm_flags & VM_SHARED) !== 0)
			cleaned += page_mkclean_one(page, vma,
				vma_address(page, vma));
		vma = vma_interval_tree_iter_next(vma, page.index, page.index);
	}
	i_mmap_unlock_read(mapping);
	return cleaned;
}

/**
 * One mapping of the page goes, and what was written by it is the page's to
 * know. Not if its memory is locked.
 */
function try_to_unmap_one(
	page: page, vma: vm_area_struct, address: number, _flags: number,
): boolean {
	const mm = vma.vm_mm;
	const range = mmu_notifier_range_init(MMU_NOTIFY_CLEAR, 0, vma, mm,
		address, address + PAGE_SIZE);
	let ret = true;

	mmu_notifier_invalidate_range_start(range);
	const { pte, ptl } = page_vma_mapped(page, vma, address);
	if (pte !== NULL) {
		/* As in page_referenced_one(). */
		if ((data_race(vma.vm_flags) & VM_LOCKED) !== 0) {
			ret = false;
		} else {
			const pteval = ptep_clear_flush(vma, address, pte);

			/* No CPU sets the bit any more: the entry is gone. */
			if (pte_dirty(pteval)) set_page_dirty(page);
			/* Before there are fewer. */
			update_hiwater_rss(mm);
			dec_mm_counter(mm, mm_counter_file(page));
			page_remove_rmap(page, false);
			put_page(page);
		}
		spin_unlock(ptl);
	}
	mmu_notifier_invalidate_range_end(range);
	return ret;
}

function page_not_mapped(page: page): boolean {
	return !page_mapped(page);
}

/** Take a page of a file out of all page tables, as far as that can be; who
 *  wants to know looks at page_mapped(). The page is locked, and the caller has
 *  a reference. Port: TLBs are flushed at once, not in batches. */
export function try_to_unmap(page: page, flags: number): void {
	rmap_walk_file(page, {
		rmap_one: try_to_unmap_one,
		arg: flags,
		done: page_not_mapped,
	});
}

/**
 * Every vma that may map the page. The page is locked, which keeps it in its
 * file, and that. Takes i_mmap_rwsem.
 */
function rmap_walk_file<T>(page: page, rwc: rmap_walk_control<T>): void {
	VM_BUG_ON_PAGE(!PageLocked(page), page);
	VM_BUG_ON_PAGE(PageAnon(page), page);
	const mapping = cast<address_space>(page.mapping);

	if (mapping === NULL) return;
	i_mmap_lock_read(mapping);
	let vma = vma_interval_tree_iter_first(mapping.i_mmap, page.index,
		page.index);
	while (vma !== NULL) {
		const address = vma_address(page, vma);

		cond_resched();
		if (!rwc.rmap_one(page, vma, address, rwc.arg)) break;
		if (rwc.done && rwc.done(page)) break;
		vma = vma_interval_tree_iter_next(vma, page.index, page.index);
	}
	i_mmap_unlock_read(mapping);
}

/**
 * The page was copied-on-write to be ours alone: from now on it is found by our
 * own anon_vma, and not by the forefather's whose tree we share. Page lock
 * held.
 */
export function page_move_anon_rmap(page: page, vma: vm_area_struct): void {
	const anon_vma = vma.anon_vma;

	VM_BUG_ON_PAGE(!PageLocked(page), page);
	VM_BUG_ON_VMA(anon_vma === NULL, vma);
	/* One store: a reader finds flag and pointer together. */
	WRITE_ONCE(page.mapping, uptr(anon_vma) + PAGE_MAPPING_ANON);
}

/** exclusive: nobody but this vma's process can map the page. */
function __page_set_anon_rmap(
	page: page, vma: vm_area_struct, address: number, exclusive: boolean,
): void {
	/* Set for good, maybe by another fault just now. Port: marked. */
	let anon_vma: anon_vma = READ_ONCE(vma.anon_vma);

	BUG_ON(anon_vma === NULL, "anonymous page in a vma without anon_vma");
	if (PageAnon(page)) return;
	/* Otherwise the oldest of the family, from which all are reached. */
	if (!exclusive) anon_vma = anon_vma.root;
	page.index = linear_page_index(vma, address);
	WRITE_ONCE(page.mapping, uptr(anon_vma) + PAGE_MAPPING_ANON);
}

/** What a page that is mapped already must agree with: a vma of its family, and
 *  the place in it that its index says. */
function __page_check_anon_rmap(
	page: page, vma: vm_area_struct, address: number,
): void {
	const anon_vma = cast<anon_vma>(page.mapping - PAGE_MAPPING_ANON);
	const own = vma.anon_vma;

	VM_BUG_ON_PAGE(anon_vma.root !== own.root, page, "another family's page");
	VM_BUG_ON_PAGE(page.index !== linear_page_index(vma, address), page);
}

/** Another mapping of an anonymous page. Holds the PTL, and the page lock. */
export function page_add_anon_rmap(
	page: page, vma: vm_area_struct, address: number, _compound: boolean,
): void {
	VM_BUG_ON_PAGE(!PageLocked(page), page);
	const first = fetch_add(page._mapcount.counter, 1) === -1;

	if (first) __inc_lruvec_page_state(page, NR_ANON_MAPPED);
	if (first) __page_set_anon_rmap(page, vma, address, false);
	else __page_check_anon_rmap(page, vma, address);
}

/**
 * The first mapping of a page that nobody else knows yet. Holds the PTL; the
 * page lock is not needed for that reason. The vma may be the copy that a
 * speculative fault made: its bounds do not change any more, and the address
 * was inside of them when it was made.
 */
export function page_add_new_anon_rmap(
	page: page, vma: vm_area_struct, address: number, _compound: boolean,
): void {
	VM_BUG_ON_VMA(address < vma.vm_start || address >= vma.vm_end, vma,
		"page_add_new_anon_rmap: outside of the vma");
	__SetPageSwapBacked(page);
	/* From -1 to 0, and nobody else can see it. */
	WRITE_ONCE(page._mapcount.counter, 0);
	__inc_lruvec_page_state(page, NR_ANON_MAPPED);
	__page_set_anon_rmap(page, vma, address, true);
}

/** Another mapping of a page-cache page. Holds the PTL. */
export function page_add_file_rmap(page: page, _compound: boolean): void {
	if (fetch_add(page._mapcount.counter, 1) !== -1) return;
	__inc_lruvec_page_state(page, NR_FILE_MAPPED);
}

/** One mapping less. Holds the PTL. page->mapping stays until the page is
 *  freed: a racing page_get_anon_vma() would not survive less. */
export function page_remove_rmap(page: page, _compound: boolean): void {
	if (fetch_add(page._mapcount.counter, -1) !== 0) return;
	__dec_lruvec_page_state(page,
		PageAnon(page) ? NR_ANON_MAPPED : NR_FILE_MAPPED);
}

/** The last reference is gone, so no vma and no child is left. */
export function __put_anon_vma(anon_vma: anon_vma): void {
	const root = anon_vma.root;

	anon_vma_free(anon_vma);
	if (root !== anon_vma &&
		fetch_add(root.refcount.counter, -1) === 1)
		anon_vma_free(root);
}
