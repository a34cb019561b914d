// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/madvise.c (5.17): advice on the use of memory, some of which
 * throws it away; and the names of anonymous ranges.
 * Left out: swap-in and swap-out (swapin_walk_pmd_entry(),
 * force_shm_swapin_readahead(), madvise_pageout_page_range(),
 * can_do_pageout()), memory failure injection (madvise_inject_error()), huge
 * pages, userfaultfd, process_madvise(). hugepage_madvise() is of
 * mm/khugepaged.c, ksm_madvise() of mm/ksm.c.
 *
 * Port: nothing reclaims pages here. MADV_COLD and MADV_PAGEOUT make pages
 * old, MADV_FREE makes them clean and old; they stay, but pages of files until
 * memory is short (PAGE_RECLAIM). MADV_HUGEPAGE,
 * MADV_NOHUGEPAGE, MADV_MERGEABLE and MADV_UNMERGEABLE set their flags as a
 * kernel with huge pages and KSM does, as the flags decide which vmas can be
 * merged, and have no other effect.
 */
import { CONFIG_ANON_VMA_NAME } from "generated/autoconf.ts";
import {
	type mmu_gather, tlb_end_vma, tlb_remove_tlb_entry, tlb_start_vma,
} from "asm-generic/tlb.ts";
import { PAGE_ALIGN, PAGE_ALIGNED } from "asm-generic/page.ts";
import {
	pte_dirty, pte_mkclean, pte_mkold, pte_none, pte_present, pte_young,
	ptep_get_and_clear_full, set_pte_at,
} from "asm/pgtable.ts";
import { PAGE_SIZE, type pmd_t, type pte_t } from "asm/pgtable_types.ts";
import { store8 } from "host/door.ts";
import { current } from "kernel/sched/core.ts";
import {
	ANON_VMA_NAME_MAX_LEN, anon_vma_name_eq, anon_vma_name_get,
	anon_vma_name_put, anon_vma_name_reuse,
} from "linux/anon_vma_name.ts";
import { atomic_set } from "linux/atomic.ts";
import {
	EACCES, EAGAIN, EBADF, EFAULT, EINTR, EINVAL, ENOMEM,
} from "linux/errno.ts";
import { GFP_KERNEL } from "linux/gfp.ts";
import { cond_resched } from "linux/kernel.ts";
import { vma_policy } from "linux/mempolicy.ts";
import {
	MADV_COLD, MADV_DODUMP, MADV_DOFORK, MADV_DONTDUMP, MADV_DONTFORK,
	MADV_DONTNEED, MADV_DONTNEED_LOCKED, MADV_FREE, MADV_HUGEPAGE,
	MADV_KEEPONFORK, MADV_MERGEABLE, MADV_NOHUGEPAGE, MADV_NORMAL,
	MADV_PAGEOUT, MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_RANDOM,
	MADV_REMOVE, MADV_SEQUENTIAL, MADV_UNMERGEABLE, MADV_WILLNEED,
	MADV_WIPEONFORK,
} from "linux/mman.ts";
import {
	find_vma, is_droppable, page_mapcount, pte_lockptr, pte_offset_map_lock,
	pte_unmap_unlock, update_hiwater_rss, VM_DONTCOPY, VM_DONTDUMP,
	VM_HUGEPAGE, VM_IO, VM_LOCKED, VM_MAYSHARE, VM_MAYWRITE, VM_MERGEABLE,
	VM_NOHUGEPAGE, VM_PFNMAP, VM_RAND_READ, VM_SEQ_READ, VM_SHARED,
	VM_SPECIAL, VM_WIPEONFORK, VM_WRITE, vma_is_anonymous, vma_lookup,
} from "linux/mm.ts";
import type {
	anon_vma_name as anon_vma_name_t, mm_struct, vm_area_struct,
} from "linux/mm_types.ts";
import {
	mmap_assert_locked, mmap_assert_write_locked, mmap_read_lock,
	mmap_read_unlock, mmap_write_lock_killable, mmap_write_unlock,
} from "linux/mmap_lock.ts";
import { ulong_add_overflows } from "linux/overflow.ts";
import {
	ClearPageDirty, ClearPageReferenced, PageDirty,
} from "linux/page-flags.ts";
import { trylock_page, unlock_page } from "linux/pagemap.ts";
import { pmd_trans_unstable } from "linux/pgtable.ts";
import { pr_warn_once } from "linux/printk.ts";
import { kfree, kzalloc } from "linux/slab.ts";
import type { atomic_t } from "linux/types.ts";
import { mm_from_elsewhere, mm_since } from "linux/version.ts";
import { faultin_vma_page_range, type locked_t } from "mm/gup.ts";
import { vm_normal_page, zap_page_range } from "mm/memory.ts";
import {
	__split_vma, find_vma_prev, sysctl_max_map_count, vma_merge,
} from "mm/mmap.ts";
import { vfs_fallocate } from "kernel/fs/open.ts";
import { fput } from "kernel/fs/file_table.ts";
import { get_file } from "linux/fs.ts";
import {
	FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE,
} from "uapi/linux/falloc.ts";
import { tlb_finish_mmu, tlb_gather_mmu } from "mm/mmu_gather.ts";
import { type mm_walk, walk_page_range } from "mm/pagewalk.ts";
import { lru_add_drain } from "mm/swap.ts";
import { can_madv_lru_vma } from "mm/internal.ts";
import {
	mmu_notifier_invalidate_range_end, mmu_notifier_invalidate_range_start,
	mmu_notifier_range_init, MMU_NOTIFY_CLEAR,
} from "linux/mmu_notifier.ts";

interface madvise_data extends struct {
	populate_warned: embed<atomic_t>; /* atomic: pr_warn_once() */
}
const data = DEFINE<madvise_data>();

/** What a visit may change: the vma before the next one, NULL if mmap_lock
 *  was dropped and it has to be looked up. */
interface pprev_t {
	pprev: vm_area_struct;
}

/** Any advice that changes vmas needs to write; who only touches pages does
 *  with reading, and so runs along with faults. */
function madvise_need_mmap_write(behavior: number): boolean {
	switch (behavior) {
	case MADV_REMOVE:
	case MADV_WILLNEED:
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_COLD:
	case MADV_PAGEOUT:
	case MADV_FREE:
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		return false;
	default:
		return true;
	}
}

/** One reference to a new copy of the name; NULL if there is no memory. What is
 *  longer than the limit is cut off. */
export function anon_vma_name_alloc(name: string): anon_vma_name_t {
	if (CONFIG_ANON_VMA_NAME) {
		const anon_name = kzalloc<anon_vma_name_t>(
			sizeof<anon_vma_name_t>(), GFP_KERNEL);

		if (anon_name !== NULL) {
			const base = ADDR(anon_name.name);
			const n = Math.min(name.length, ANON_VMA_NAME_MAX_LEN - 1);

			atomic_set(anon_name.kref, 1);
			for (let i = 0; i < n; i++)
				store8(base + i, name.charCodeAt(i) & 0xff);
		}
		return anon_name;
	}
	return NULL;
}

/** Called when the last reference is gone. */
export function anon_vma_name_free(anon_name: anon_vma_name_t): void {
	kfree(anon_name);
}

/** The name of a vma, NULL if it has none or is a file's. The caller holds
 *  mmap_lock. */
export function anon_vma_name(vma: vm_area_struct): anon_vma_name_t {
	if (CONFIG_ANON_VMA_NAME) {
		mmap_assert_locked(vma.vm_mm);
		if (vma.vm_file !== NULL)
			return NULL;
		return vma.anon_name;
	}
	return NULL;
}

/** mmap_lock is held for writing. */
function replace_anon_vma_name(
	vma: vm_area_struct, anon_name: anon_vma_name_t,
): number {
	if (CONFIG_ANON_VMA_NAME) {
		const orig_name = anon_vma_name(vma);

		if (anon_name === NULL) {
			vma.anon_name = NULL;
			anon_vma_name_put(orig_name);
			return 0;
		}
		if (anon_vma_name_eq(orig_name, anon_name))
			return 0;

		vma.anon_name = anon_vma_name_reuse(anon_name);
		anon_vma_name_put(orig_name);
	}
	return 0;
}

/**
 * vma's part [start, end) gets new flags and a name: by merging, or by
 * splitting it off. Called with mmap_lock held for writing, and with a
 * reference to anon_name: merging may free the vma that has the other.
 */
function madvise_update_vma(
	vma: vm_area_struct, prev: pprev_t, start: number, end: number,
	new_flags: number, anon_name: anon_vma_name_t,
): number {
	const mm: mm_struct = vma.vm_mm;
	let error: number;

	mmap_assert_write_locked(mm);
	if (new_flags === vma.vm_flags &&
	    anon_vma_name_eq(anon_vma_name(vma), anon_name)) {
		prev.pprev = vma;
		return 0;
	}

	const pgoff = vma.vm_pgoff + (start - vma.vm_start) / PAGE_SIZE;
	const merged = vma_merge(mm, prev.pprev, start, end, new_flags,
		vma.anon_vma, vma.vm_file, pgoff, vma_policy(vma), anon_name);

	/* Like mprotect_fixup(): a neighbour takes the range, or it becomes a
	 * vma of its own by one split or two. */
	if (merged !== NULL) {
		prev.pprev = vma = merged;
	} else {
		prev.pprev = vma;
		if (start !== vma.vm_start) {
			if (mm.map_count >= sysctl_max_map_count)
				return -ENOMEM;
			error = __split_vma(mm, vma, start, true);
			if (error)
				return error;
		}
		if (end !== vma.vm_end) {
			if (mm.map_count >= sysctl_max_map_count)
				return -ENOMEM;
			error = __split_vma(mm, vma, end, false);
			if (error)
				return error;
		}
	}

	/* None of these flags is in a pte, so nothing else has to change. */
	vma.vm_flags = new_flags;
	if (vma.vm_file === NULL) {
		error = replace_anon_vma_name(vma, anon_name);
		if (error)
			return error;
	}
	return 0;
}

/**
 * Schedule the reading of a range. Port: there is no swap, and the pages of a
 * file are made when they are first needed, so nothing is gained by doing it
 * earlier; the kernel would drop mmap_lock for it.
 */
function madvise_willneed(
	vma: vm_area_struct, prev: pprev_t, _start: number, _end: number,
): number {
	prev.pprev = vma;
	return 0;
}

/** MADV_COLD and MADV_PAGEOUT: the pages of this table grow old, where nobody
 *  else maps them. */
function madvise_cold_or_pageout_pte_range(
	pmd: pmd_t, addr: number, end: number, walk: mm_walk<mmu_gather>,
): number {
	const tlb = walk.private;
	const vma = walk.vma;
	const mm = walk.mm;

	if (pmd_trans_unstable(pmd))
		return 0;

	let pte: pte_t = pte_offset_map_lock(mm, pmd, addr);
	const ptl = pte_lockptr(mm, pmd);

	for (; addr < end; pte = ptr_add(pte, 1), addr += PAGE_SIZE) {
		let ptent = READ_ONCE(pte.pte);

		if (pte_none(ptent) || !pte_present(ptent))
			continue;

		const page = vm_normal_page(vma, addr, ptent);

		/* Who else maps it may need it: it is not ours to make old. */
		if (page === NULL || page_mapcount(page) !== 1)
			continue;
		/* Only what changes is taken out, and has to be flushed: a CPU
		 * with a translation does not set the bit again. */
		if (pte_young(ptent)) {
			ptent = ptep_get_and_clear_full(mm, addr, pte,
				tlb.fullmm);
			ptent = pte_mkold(ptent);
			set_pte_at(mm, addr, pte, ptent);
			tlb_remove_tlb_entry(tlb, pte, addr);
		}
		/* The page is not to be activated when it is next looked at. */
		ClearPageReferenced(page);
	}
	pte_unmap_unlock(pte, ptl);
	cond_resched();
	return 0;
}

/** All tables of the range, with its translations gathered for one flush. */
function madvise_cold_page_range(
	tlb: mmu_gather, vma: vm_area_struct, addr: number, end: number,
): void {
	tlb_start_vma(tlb, vma);
	walk_page_range(vma, addr, end, madvise_cold_or_pageout_pte_range, tlb);
	tlb_end_vma(tlb, vma);
}

/** MADV_COLD. mmap_lock is held for reading, as for all that follow here that
 *  only touch pages. */
function madvise_cold(
	vma: vm_area_struct, prev: pprev_t, start_addr: number, end_addr: number,
): number {
	prev.pprev = vma;
	if (!can_madv_lru_vma(vma))
		return -EINVAL;
	lru_add_drain();

	const tlb = tlb_gather_mmu(vma.vm_mm);

	madvise_cold_page_range(tlb, vma, start_addr, end_addr);
	tlb_finish_mmu(tlb);
	return 0;
}

/** Port: there is nowhere to put pages to; they grow old as by MADV_COLD. */
function madvise_pageout(
	vma: vm_area_struct, prev: pprev_t, start_addr: number, end_addr: number,
): number {
	return madvise_cold(vma, prev, start_addr, end_addr);
}

/** MADV_FREE: pages of this table become clean, so that they could be freed
 *  without being saved; writing to one takes that back. */
function madvise_free_pte_range(
	pmd: pmd_t, addr: number, end: number, walk: mm_walk<mmu_gather>,
): number {
	const tlb = walk.private;
	const vma = walk.vma;
	const mm = walk.mm;

	if (pmd_trans_unstable(pmd))
		return 0;

	let pte: pte_t = pte_offset_map_lock(mm, pmd, addr);
	const ptl = pte_lockptr(mm, pmd);

	for (; addr !== end; pte = ptr_add(pte, 1), addr += PAGE_SIZE) {
		let ptent = READ_ONCE(pte.pte);

		if (pte_none(ptent) || !pte_present(ptent))
			continue;

		const page = vm_normal_page(vma, addr, ptent);

		if (page === NULL)
			continue;
		/* A dirty page has contents that are nowhere else: whether they
		 * are ours to give up is asked under the page lock, which under
		 * the lock of the table can only be tried. */
		if (PageDirty(page)) {
			if (!trylock_page(page))
				continue;
			/* Shared with another process: it is not ours to
			 * give up. */
			if (page_mapcount(page) !== 1) {
				unlock_page(page);
				continue;
			}
			ClearPageDirty(page);
			unlock_page(page);
		}
		if (pte_young(ptent) || pte_dirty(ptent)) {
			/*
			 * Some architectures flush when the dirty bit goes, so
			 * it is taken out, changed and put back.
			 */
			ptent = ptep_get_and_clear_full(mm, addr, pte,
				tlb.fullmm);
			ptent = pte_mkold(ptent);
			ptent = pte_mkclean(ptent);
			set_pte_at(mm, addr, pte, ptent);
			tlb_remove_tlb_entry(tlb, pte, addr);
		}
	}
	pte_unmap_unlock(pte, ptl);
	cond_resched();
	return 0;
}

/** MADV_FREE of a part of one vma: its pages may go, but need not. */
function madvise_free_single_vma(
	vma: vm_area_struct, start_addr: number, end_addr: number,
): number {
	/* It works for anonymous memory only. */
	if (!vma_is_anonymous(vma))
		return -EINVAL;

	const start = Math.max(vma.vm_start, start_addr);

	if (start >= vma.vm_end)
		return -EINVAL;

	const end = Math.min(vma.vm_end, end_addr);

	if (end <= vma.vm_start)
		return -EINVAL;

	const range = mmu_notifier_range_init(MMU_NOTIFY_CLEAR, 0, vma,
		vma.vm_mm, start, end);

	lru_add_drain();

	const tlb = tlb_gather_mmu(vma.vm_mm);
	update_hiwater_rss(vma.vm_mm);

	mmu_notifier_invalidate_range_start(range);
	tlb_start_vma(tlb, vma);
	walk_page_range(vma, start, end, madvise_free_pte_range, tlb);
	tlb_end_vma(tlb, vma);
	mmu_notifier_invalidate_range_end(range);
	tlb_finish_mmu(tlb);
	return 0;
}

/**
 * Throw the pages away: the next access finds zeroes, or the file's bytes.
 * With mmap_lock held for reading, so faults on the very range may run along;
 * the page-table lock decides which comes first for each page.
 */
function madvise_dontneed_single_vma(
	vma: vm_area_struct, start: number, end: number,
): number {
	zap_page_range(vma, start, end - start);
	return 0;
}

/** MADV_DONTNEED and MADV_FREE, which are refused in the same places. */
function madvise_dontneed_free(
	vma: vm_area_struct, prev: pprev_t, start: number, end: number,
	behavior: number,
): number {
	prev.pprev = vma;
	if (behavior === MADV_DONTNEED_LOCKED) {
		if ((vma.vm_flags & (VM_PFNMAP | VM_IO)) !== 0)
			return -EINVAL;
		return madvise_dontneed_single_vma(vma, start, end);
	}
	if (!can_madv_lru_vma(vma))
		return -EINVAL;
	if (behavior === MADV_DONTNEED)
		return madvise_dontneed_single_vma(vma, start, end);
	if (behavior === MADV_FREE)
		return madvise_free_single_vma(vma, start, end);
	return -EINVAL;
}

/** Fault a range in. The lock may be dropped meanwhile, and the vma go. */
function madvise_populate(
	vma: vm_area_struct, prev: pprev_t, start: number, end: number,
	behavior: number,
): number {
	const write = behavior === MADV_POPULATE_WRITE;
	const mm: mm_struct = vma.vm_mm;
	const state: locked_t = { locked: true };

	prev.pprev = vma;
	while (start < end) {
		/* It may have been split or unmapped while the lock was free,
		 * and what is there now need not be what was asked about. */
		if (vma === NULL || start >= vma.vm_end) {
			vma = vma_lookup(mm, start);
			if (vma === NULL)
				return -ENOMEM;
		}

		const tmp_end = Math.min(end, vma.vm_end);
		const pages = faultin_vma_page_range(vma, start, tmp_end, write,
			state);

		/* Our caller wants the lock back, and no pointer that is from
		 * before. */
		if (!state.locked) {
			mmap_read_lock(mm);
			state.locked = true;
			prev.pprev = NULL;
			vma = NULL;
		}
		if (pages < 0) {
			switch (pages) {
			case -EINTR:
			case -EINVAL: /* permissions, or not to be populated */
			case -EFAULT: /* SIGBUS or SIGSEGV */
			case -ENOMEM:
				return pages;
			default:
				pr_warn_once(data.populate_warned,
					`madvise_populate: returned ${pages}`);
				return -ENOMEM;
			}
		}
		start += pages * PAGE_SIZE;
	}
	return 0;
}

/** Since 6.9 a range is populated page by page, whatever it spans: the first
 *  hole ends it, and is not passed over. */
function madvise_populate_range(
	mm: mm_struct, start: number, end: number, behavior: number,
): number {
	while (start < end) {
		const vma = vma_lookup(mm, start);

		if (vma === NULL)
			return -ENOMEM;

		const tmp = Math.min(end, vma.vm_end);
		const error = madvise_populate(vma, { pprev: NULL }, start, tmp,
			behavior);

		if (error)
			return error;
		start = tmp;
	}
	return 0;
}

/** Free what is behind the pages, too: a hole in the file. mmap_lock is held
 *  for reading, and was given up meanwhile. */
function madvise_remove(
	vma: vm_area_struct, prev: pprev_t, start: number, end: number,
): number {
	const mm = vma.vm_mm;

	prev.pprev = NULL; /* tell madvise_walk_vmas() that we drop the lock */
	if ((vma.vm_flags & VM_LOCKED) !== 0)
		return -EINVAL;
	const f = vma.vm_file;

	if (f === NULL)
		return -EINVAL;
	/* Port: since 6.7 a mapping that might be writable is enough. */
	const writable = VM_SHARED |
		(mm_since(mm, 6, 7) ? VM_MAYWRITE : VM_WRITE);

	if ((vma.vm_flags & writable) !== writable)
		return -EACCES;
	const offset = start - vma.vm_start + vma.vm_pgoff * PAGE_SIZE;

	/* The file's lock comes before ours. */
	get_file(f);
	mmap_read_unlock(mm);
	const error = vfs_fallocate(f,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
		end - start);

	fput(f);
	mmap_read_lock(mm);
	return error;
}

/** MADV_HUGEPAGE and MADV_NOHUGEPAGE, from mm/khugepaged.c: the flags. */
function hugepage_madvise(vm_flags: number, advice: number): number {
	if (advice === MADV_HUGEPAGE)
		return (vm_flags & ~VM_NOHUGEPAGE) | VM_HUGEPAGE;
	return (vm_flags & ~VM_HUGEPAGE) | VM_NOHUGEPAGE;
}

/** MADV_MERGEABLE and MADV_UNMERGEABLE, from mm/ksm.c: the flag. Port: nobody
 *  looks for pages that are the same. */
function ksm_madvise(mm: mm_struct, vm_flags: number, advice: number): number {
	if (advice === MADV_UNMERGEABLE)
		return vm_flags & ~VM_MERGEABLE;
	if (mm_since(mm, 6, 11) && is_droppable(vm_flags))
		return vm_flags;
	if ((vm_flags & (VM_SHARED | VM_MAYSHARE | VM_SPECIAL)) !== 0)
		return vm_flags;
	return vm_flags | VM_MERGEABLE;
}

/** Apply advice to a part of one vma. mmap_lock is held as
 *  madvise_need_mmap_write() says. */
function madvise_vma_behavior(
	vma: vm_area_struct, prev: pprev_t, start: number, end: number,
	behavior: number,
): number {
	let new_flags = vma.vm_flags;

	/* First what touches pages and is done with that; the others change
	 * flags, for which there is one way below. */
	switch (behavior) {
	case MADV_REMOVE:
		return madvise_remove(vma, prev, start, end);
	case MADV_WILLNEED:
		return madvise_willneed(vma, prev, start, end);
	case MADV_COLD:
		return madvise_cold(vma, prev, start, end);
	case MADV_PAGEOUT:
		return madvise_pageout(vma, prev, start, end);
	case MADV_FREE:
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
		return madvise_dontneed_free(vma, prev, start, end, behavior);
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		return madvise_populate(vma, prev, start, end, behavior);
	case MADV_NORMAL:
		new_flags = new_flags & ~VM_RAND_READ & ~VM_SEQ_READ;
		break;
	case MADV_SEQUENTIAL:
		new_flags = (new_flags & ~VM_RAND_READ) | VM_SEQ_READ;
		break;
	case MADV_RANDOM:
		new_flags = (new_flags & ~VM_SEQ_READ) | VM_RAND_READ;
		break;
	case MADV_DONTFORK:
		new_flags |= VM_DONTCOPY;
		break;
	case MADV_DOFORK:
		if ((vma.vm_flags & VM_IO) !== 0)
			return -EINVAL;
		new_flags &= ~VM_DONTCOPY;
		break;
	case MADV_WIPEONFORK:
		/* For private anonymous memory only. */
		if (vma.vm_file !== NULL || (vma.vm_flags & VM_SHARED) !== 0)
			return -EINVAL;
		new_flags |= VM_WIPEONFORK;
		break;
	case MADV_KEEPONFORK:
		if (mm_since(vma.vm_mm, 6, 11) && is_droppable(new_flags))
			return -EINVAL;
		new_flags &= ~VM_WIPEONFORK;
		break;
	case MADV_DONTDUMP:
		new_flags |= VM_DONTDUMP;
		break;
	case MADV_DODUMP:
		if ((new_flags & VM_SPECIAL) !== 0)
			return -EINVAL;
		if (mm_since(vma.vm_mm, 6, 11) && is_droppable(new_flags))
			return -EINVAL;
		new_flags &= ~VM_DONTDUMP;
		break;
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
		new_flags = hugepage_madvise(new_flags, behavior);
		break;
	case MADV_MERGEABLE:
	case MADV_UNMERGEABLE:
		new_flags = ksm_madvise(vma.vm_mm, new_flags, behavior);
		break;
	default:
		break;
	}

	const anon_name = anon_vma_name(vma);

	/* The name stays what it is; merging may free the vma that has it. */
	anon_vma_name_get(anon_name);
	const error = madvise_update_vma(vma, prev, start, end, new_flags,
		anon_name);

	anon_vma_name_put(anon_name);
	/* madvise() tells a shortage of kernel memory from a hole. */
	return error === -ENOMEM ? -EAGAIN : error;
}

/** What do_madvise() accepts; the rest is -EINVAL before anything is done. */
function madvise_behavior_valid(mm: mm_struct, behavior: number): boolean {
	switch (behavior) {
	case MADV_DONTNEED_LOCKED: /* Port: came later */
		return mm_since(mm, 5, 18);
	case MADV_MERGEABLE:
	case MADV_UNMERGEABLE:
		return mm_from_elsewhere(mm);
	case MADV_DOFORK:
	case MADV_DONTFORK:
	case MADV_NORMAL:
	case MADV_SEQUENTIAL:
	case MADV_RANDOM:
	case MADV_REMOVE:
	case MADV_WILLNEED:
	case MADV_DONTNEED:
	case MADV_FREE:
	case MADV_COLD:
	case MADV_PAGEOUT:
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
	case MADV_WIPEONFORK:
	case MADV_KEEPONFORK:
		return true;
	default:
		return false;
	}
}

/**
 * Visit the vmas of [start, end), each with its part of the range. Parts that
 * are not mapped are passed over, and answered with -ENOMEM at the end; that
 * is not as mlock() has it. Stops at the first error of a visit.
 */
function madvise_walk_vmas<A>(
	mm: mm_struct, start: number, end: number, arg: A,
	visit: (
		vma: vm_area_struct, prev: pprev_t, start: number, end: number,
		arg: A,
	) => number,
): number {
	let unmapped_error = 0;
	const found = find_vma_prev(mm, start);
	let vma = found.vma;
	const prev: pprev_t = { pprev: found.pprev };

	if (vma !== NULL && start > vma.vm_start)
		prev.pprev = vma;

	for (;;) {
		/* Something is left to do. */
		if (vma === NULL)
			return -ENOMEM;

		/* vma is the first that ends behind start. */
		if (start < vma.vm_start) {
			unmapped_error = -ENOMEM;
			start = vma.vm_start;
			if (start >= end)
				break;
		}

		/* start lies in vma. */
		const tmp = Math.min(vma.vm_end, end);
		const error = visit(vma, prev, start, tmp, arg);

		if (error)
			return error;
		start = tmp;
		/* It may have been merged with what follows. */
		if (prev.pprev !== NULL && start < prev.pprev.vm_end)
			start = prev.pprev.vm_end;
		if (start >= end)
			break;
		if (prev.pprev !== NULL)
			vma = prev.pprev.vm_next;
		else /* the lock was dropped */
			vma = find_vma(mm, start);
	}
	return unmapped_error;
}

/** The name for a part of one vma. mmap_lock is held for writing. */
function madvise_vma_anon_name(
	vma: vm_area_struct, prev: pprev_t, start: number, end: number,
	anon_name: anon_vma_name_t,
): number {
	/* A file's mapping has the name of the file. */
	if (vma.vm_file !== NULL)
		return -EBADF;

	const error = madvise_update_vma(vma, prev, start, end, vma.vm_flags,
		anon_name);

	return error === -ENOMEM ? -EAGAIN : error;
}

/** prctl(PR_SET_VMA_ANON_NAME). mmap_lock is held for writing. */
export function madvise_set_anon_name(
	mm: mm_struct, start: number, len_in: number, anon_name: anon_vma_name_t,
): number {
	if (CONFIG_ANON_VMA_NAME) {
		if (!PAGE_ALIGNED(start))
			return -EINVAL;
		/* Does rounding, or the end of the range, wrap? */
		if (ulong_add_overflows(len_in, PAGE_SIZE - 1))
			return -EINVAL;

		const len = PAGE_ALIGN(len_in);

		if (ulong_add_overflows(start, len))
			return -EINVAL;
		if (len === 0)
			return 0;
		return madvise_walk_vmas(mm, start, start + len, anon_name,
			madvise_vma_anon_name);
	}
	return -EINVAL;
}

/**
 * Advice is taken seriously: -EINVAL for what is not known, -ENOMEM where
 * parts of the range are not mapped (after the rest was done), -EAGAIN when
 * kernel memory is short, -EBADF, -EACCES as the advice has it.
 */
export function do_madvise(
	mm: mm_struct, start: number, len_in: number, behavior: number,
): number {
	if (!madvise_behavior_valid(mm, behavior))
		return -EINVAL;
	if (!PAGE_ALIGNED(start))
		return -EINVAL;
	/* Does rounding, or the end of the range, wrap? */
	if (ulong_add_overflows(len_in, PAGE_SIZE - 1))
		return -EINVAL;

	const len = PAGE_ALIGN(len_in);

	if (ulong_add_overflows(start, len))
		return -EINVAL;
	const end = start + len;

	if (end === start)
		return 0;

	const write = madvise_need_mmap_write(behavior);

	if (write) {
		if (mmap_write_lock_killable(mm))
			return -EINTR;
	} else {
		mmap_read_lock(mm);
	}

	const populates = behavior === MADV_POPULATE_READ ||
		behavior === MADV_POPULATE_WRITE;
	const error = populates && mm_since(mm, 6, 9)
		? madvise_populate_range(mm, start, end, behavior)
		: madvise_walk_vmas(mm, start, end, behavior,
			madvise_vma_behavior);

	if (write)
		mmap_write_unlock(mm);
	else
		mmap_read_unlock(mm);
	return error;
}

/** Called without locks; see do_madvise(). */
export function sys_madvise(
	start: number, len_in: number, behavior: number,
): number {
	return do_madvise(current().mm, start, len_in, behavior);
}
