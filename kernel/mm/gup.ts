// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/gup.c (5.17): pages of user memory for who is not a user. They are
 * faulted in for their own sake (MAP_POPULATE, mlock and MADV_POPULATE_*); or
 * handed out with a reference (FOLL_GET) or a pin (FOLL_PIN), with mmap_lock
 * and, by fast GUP, without.
 * Left out: huge and compound pages (a page is its own head), device pages,
 * FOLL_REMOTE and its functions, marking pages dirty on their way back,
 * FOLL_NOWAIT, FOLL_DUMP, FOLL_SPLIT_PMD, FOLL_MIGRATION: nothing migrates, so
 * FOLL_LONGTERM asks for nothing that is not so already; gates, the results of
 * which are vmas, fixup_user_fault(), fault_in_readable() and its like,
 * page poisoning, secretmem; gup_fast_permitted(): access_ok() knows it all.
 *
 * Port: who only faults in does not ask for FOLL_TOUCH: nothing ages. What
 * hands out pages is there with CONFIG_GET_USER_PAGES only.
 */
import {
	CONFIG_ARCH_HAS_PKEYS, CONFIG_ARCH_HAS_PTE_SPECIAL,
	CONFIG_GET_USER_PAGES, CONFIG_HAVE_FAST_GUP, CONFIG_RCU_STEPPED,
} from "generated/autoconf.ts";
import { pfn_valid } from "asm-generic/memory_model.ts";
import { PAGE_ALIGNED, page_align_down } from "asm-generic/page.ts";
import { arch_vma_access_permitted } from "asm/mmu_context.ts";
import {
	type p4d_t, PAGE_SIZE, type pgd_t, type pmd_t, type pte_t, type pud_t,
} from "asm/pgtable_types.ts";
import {
	p4d_none, p4d_offset, pgd_none, pmd_none, pmd_present,
	pte_access_permitted, pte_dirty, pte_mkdirty, pte_mkyoung, pte_page,
	pte_pfn, pte_present, pte_protnone, pte_same, pte_special, pte_write,
	pud_none, pud_present, set_pte_at, update_mmu_cache,
} from "asm/pgtable.ts";
import { access_ok } from "asm/uaccess.ts";
import { current, fatal_signal_pending } from "kernel/sched/core.ts";
import {
	BUG, BUG_ON, VM_BUG_ON, VM_BUG_ON_VMA, WARN_ON, WARN_ON_ONCE,
} from "linux/bug.ts";
import { ERR_PTR, IS_ERR, PTR_ERR } from "linux/err.ts";
import {
	EBUSY, EEXIST, EFAULT, EINTR, EINVAL, ENOENT, ENOMEM,
} from "linux/errno.ts";
import { smp_mb } from "host/door.ts";
import { local_irq_restore, local_irq_save } from "linux/irqflags.ts";
import { cond_resched } from "linux/kernel.ts";
import {
	FAULT_FLAG_ALLOW_RETRY, FAULT_FLAG_KILLABLE, FAULT_FLAG_TRIED,
	FAULT_FLAG_WRITE, FOLL_COW, FOLL_FAST_ONLY, FOLL_FORCE, FOLL_GET,
	FOLL_LONGTERM, FOLL_MLOCK, FOLL_NOFAULT, FOLL_NUMA, FOLL_PIN,
	FOLL_POPULATE, FOLL_TOUCH, FOLL_TRIED, FOLL_WRITE,
	GUP_PIN_COUNTING_BIAS, handle_mm_fault, NO_REGS, pte_offset_map_lock,
	pte_lockptr, pte_unmap_unlock, put_page, try_get_page, VM_FAULT_ERROR,
	VM_FAULT_RETRY, VM_FAULT_WRITE, VM_IO, VM_LOCKONFAULT, VM_MAYREAD,
	VM_PFNMAP, VM_READ, VM_SHARED, VM_WRITE, vma_is_accessible, find_vma,
	vm_fault_to_errno, is_cow_mapping,
} from "linux/mm.ts";
import type { mm_struct, page, vm_area_struct } from "linux/mm_types.ts";
import {
	mmap_assert_locked, mmap_read_lock, mmap_read_lock_killable,
	mmap_read_unlock,
} from "linux/mmap_lock.ts";
import { NR_FOLL_PIN_ACQUIRED, NR_FOLL_PIN_RELEASED } from "linux/mmzone.ts";
import { ulong_add_overflows } from "linux/overflow.ts";
import { PageDirty, SetPageReferenced } from "linux/page-flags.ts";
import {
	page_ref_add, page_ref_add_unless, page_ref_count, page_ref_sub,
} from "linux/page_ref.ts";
import {
	is_zero_pfn, p4d_addr_end, pgd_addr_end, pgd_offset, pmd_addr_end,
	pmd_offset, pmd_offset_lockless, pte_offset_map_val, pte_unmap,
	ptep_get, pud_addr_end, pud_offset, pud_offset_lockless,
} from "linux/pgtable.ts";
import { rcu_read_lock, rcu_read_unlock } from "linux/rcupdate.ts";
import { MMF_HAS_PINNED } from "linux/sched/coredump.ts";
import { raw_read_seqcount, read_seqcount_retry } from "linux/seqlock.ts";
import { mm_since } from "linux/version.ts";
import { mod_node_page_state, page_pgdat } from "linux/vmstat.ts";
import { vm_normal_page } from "mm/memory.ts";
import { find_extend_vma } from "mm/mmap.ts";
import { set_page_dirty } from "mm/page-writeback.ts";
import { mark_page_accessed } from "mm/swap.ts";

/** A place of a `struct page **`: the pages that are handed out. All fields:
 *  current only. */
export interface page_ptr extends struct {
	page: page;
}

/** In- and out-parameter: is mmap_lock still held? */
export interface locked_t {
	locked: boolean;
}

/* ---- references and pins ---- */

/** put_page(), refs times. */
function put_page_refs(page: page, refs: number): void {
	VM_BUG_ON(page_ref_count(page) < refs, "put_page_refs: too many");
	if (refs > 1)
		page_ref_sub(page, refs - 1);
	put_page(page);
}

/**
 * References to a page that was found in a table which may change at any time:
 * only if somebody else holds one, too. NULL if not. The page may belong to
 * anybody by now, and the caller has to look at the entry again.
 */
function try_get_compound_head(page: page, refs: number): page {
	if (WARN_ON_ONCE(page_ref_count(page) < 0, "get of an overflown page"))
		return NULL;
	/* page_cache_add_speculative() */
	if (!page_ref_add_unless(page, refs, 0))
		return NULL;
	return page;
}

/**
 * The same for FOLL_GET or FOLL_PIN, one of which is set. A pin counts as
 * GUP_PIN_COUNTING_BIAS references. NULL if the page could not be had.
 */
function try_grab_compound_head(
	page: page, refs: number, flags: number,
): page {
	if ((flags & FOLL_GET) !== 0)
		return try_get_compound_head(page, refs);
	if ((flags & FOLL_PIN) !== 0) {
		page = try_get_compound_head(page, refs);
		if (page === NULL)
			return NULL;
		page_ref_add(page, refs * (GUP_PIN_COUNTING_BIAS - 1));
		/* Port: the pin, then the look at the entry and for a fork; in
		 * the kernel, too, since 6.1. Pairs with copy_page_range(). */
		smp_mb();
		mod_node_page_state(page_pgdat(page), NR_FOLL_PIN_ACQUIRED,
			refs);
		return page;
	}
	WARN_ON_ONCE(true, "try_grab_compound_head: neither GET nor PIN");
	return NULL;
}

/** Give back what try_grab_compound_head() has got. */
function put_compound_head(page: page, refs: number, flags: number): void {
	if ((flags & FOLL_PIN) !== 0) {
		mod_node_page_state(page_pgdat(page), NR_FOLL_PIN_RELEASED,
			refs);
		refs *= GUP_PIN_COUNTING_BIAS;
	}
	put_page_refs(page, refs);
}

/**
 * The same for a page that cannot go away, as the lock of a table that maps it
 * is held. Nothing to do without FOLL_GET and FOLL_PIN. False: there are too
 * many references.
 */
function try_grab_page(page: page, flags: number): boolean {
	WARN_ON_ONCE((flags & (FOLL_GET | FOLL_PIN)) === (FOLL_GET | FOLL_PIN),
		"try_grab_page: both GET and PIN");
	if ((flags & FOLL_GET) !== 0)
		return try_get_page(page);
	if ((flags & FOLL_PIN) !== 0) {
		if (WARN_ON_ONCE(page_ref_count(page) <= 0,
			"pin of a free page"))
			return false;
		page_ref_add(page, GUP_PIN_COUNTING_BIAS);
		mod_node_page_state(page_pgdat(page), NR_FOLL_PIN_ACQUIRED, 1);
	}
	return true;
}

/** Give back a page of pin_user_pages() and its like. */
export function unpin_user_page(page: page): void {
	put_compound_head(page, 1, FOLL_PIN);
}

/** All of an array. */
export function unpin_user_pages(pages: page_ptr, npages: number): void {
	if (WARN_ON(npages < 0, "unpin_user_pages: an errno"))
		return;
	for (let i = 0; i < npages; i++)
		put_compound_head(ptr_add(pages, i).page, 1, FOLL_PIN);
}

/** From now on a fork of mm looks whether pages are pinned. Never taken back,
 *  and not stored again, as that would move the cache line about. */
function mm_set_has_pinned_flag(mm: mm_struct): void {
	if ((READ_ONCE(mm.flags) & (1 << MMF_HAS_PINNED)) === 0)
		fetch_or(mm.flags, 1 << MMF_HAS_PINNED);
}

/* ---- with mmap_lock: look a page up ---- */

/** An entry without a struct page, which can be used but not handed out. The
 *  lock of its table is held. */
function follow_pfn_pte(
	vma: vm_area_struct, address: number, ptep: pte_t, flags: number,
): number {
	if ((flags & FOLL_GET) !== 0)
		return -EFAULT;
	if ((flags & FOLL_TOUCH) !== 0) {
		const pte = ptep_get(ptep);
		let entry = pte;

		if ((flags & FOLL_WRITE) !== 0)
			entry = pte_mkdirty(entry);
		entry = pte_mkyoung(entry);
		if (!pte_same(pte, entry)) {
			set_pte_at(vma.vm_mm, address, ptep, entry);
			update_mmu_cache(vma, address, ptep);
		}
	}
	return -EEXIST;
}

/** Writable, or, by force, a private copy: COW was broken, and it is dirty. */
function can_follow_write_pte(pte: number, flags: number): boolean {
	return pte_write(pte) || ((flags & FOLL_FORCE) !== 0 &&
		(flags & FOLL_COW) !== 0 && pte_dirty(pte));
}

/**
 * The page at address, with what `flags` ask for; NULL: there is none that they
 * can use as it is, and a fault has to help. Or ERR_PTR(); -EEXIST: it has no
 * struct page. mmap_lock is held for this and what is below.
 */
function follow_page_pte(
	vma: vm_area_struct, address: number, pmd: pmd_t, flags: number,
): page {
	const mm: mm_struct = vma.vm_mm;
	const ptep: pte_t = pte_offset_map_lock(mm, pmd, address);
	const ptl = pte_lockptr(mm, pmd);
	const pte = ptep_get(ptep);

	/* A NUMA hint is for its owner to take; forcing looks through it. */
	if (!pte_present(pte) ||
		((flags & FOLL_NUMA) !== 0 && pte_protnone(pte)) ||
		((flags & FOLL_WRITE) !== 0 &&
			!can_follow_write_pte(pte, flags))) {
		pte_unmap_unlock(ptep, ptl);
		return NULL;
	}

	let page: page = vm_normal_page(vma, address, pte);

	if (page === NULL) {
		if (is_zero_pfn(pte_pfn(pte))) {
			page = pte_page(pte);
		} else {
			const ret = follow_pfn_pte(vma, address, ptep, flags);

			pte_unmap_unlock(ptep, ptl);
			return ERR_PTR(ret);
		}
	}
	if (CONFIG_GET_USER_PAGES) {
		if (!try_grab_page(page, flags)) {
			pte_unmap_unlock(ptep, ptl);
			return ERR_PTR(-ENOMEM);
		}
		if ((flags & FOLL_TOUCH) !== 0) {
			if ((flags & FOLL_WRITE) !== 0 &&
				!pte_dirty(pte) && !PageDirty(page))
				set_page_dirty(page);
			/* The entry stays as it is: to make it young would take
			 * an atomic operation. */
			mark_page_accessed(page);
		}
	}
	pte_unmap_unlock(ptep, ptl);
	return page;
}

function follow_pmd_mask(
	vma: vm_area_struct, address: number, pud: pud_t, flags: number,
): page {
	const pmd = pmd_offset(pud, address);

	if (pmd_none(READ_ONCE(pmd.pmd)))
		return NULL;
	return follow_page_pte(vma, address, pmd, flags);
}

function follow_pud_mask(
	vma: vm_area_struct, address: number, p4d: p4d_t, flags: number,
): page {
	const pud = pud_offset(p4d, address);

	if (pud_none(READ_ONCE(pud.pud)))
		return NULL;
	return follow_pmd_mask(vma, address, pud, flags);
}

function follow_p4d_mask(
	vma: vm_area_struct, address: number, pgd: pgd_t, flags: number,
): page {
	const p4d = p4d_offset(pgd, address);

	if (p4d_none(READ_ONCE(p4d.p4d)))
		return NULL;
	return follow_pud_mask(vma, address, p4d, flags);
}

function follow_page_mask(
	vma: vm_area_struct, address: number, flags: number,
): page {
	const pgd = pgd_offset(vma.vm_mm, address);

	return follow_p4d_mask(vma, address, pgd, flags);
}

/** What is asked for one page, which faults may change. */
interface gup_state {
	flags: number; /* FOLL_* */
}

/**
 * One fault as user space would have taken it. mmap_lock is held on entry; on
 * return too, unless -EBUSY with locked.locked false.
 */
function faultin_page(
	vma: vm_area_struct, address: number, state: gup_state, locked: locked_t | null,
): number {
	const flags = state.flags;
	let fault_flags = 0;

	/* mlock2(MLOCK_ONFAULT): what is not there is not brought in. */
	if ((flags & (FOLL_POPULATE | FOLL_MLOCK)) === FOLL_MLOCK)
		return -ENOENT;
	if (CONFIG_GET_USER_PAGES) {
		if ((flags & FOLL_NOFAULT) !== 0)
			return -EFAULT;
	}
	if ((flags & FOLL_WRITE) !== 0)
		fault_flags |= FAULT_FLAG_WRITE;
	if (locked !== null)
		fault_flags |= FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_KILLABLE;
	if (CONFIG_GET_USER_PAGES) {
		if ((flags & FOLL_TRIED) !== 0)
			fault_flags |= FAULT_FLAG_TRIED;
	}

	/* Never speculatively: mmap_lock is held anyway. No registers: the
	 * fault is not one of the task's own accesses. */
	const ret = handle_mm_fault(vma, address, fault_flags, NO_REGS);

	if ((ret & VM_FAULT_ERROR) !== 0) {
		const err = vm_fault_to_errno(ret);

		if (err)
			return err;
		BUG("faultin_page: unknown error");
	}
	/* The lock was dropped, and so the vma may be gone: our caller starts
	 * anew where we stopped. */
	if ((ret & VM_FAULT_RETRY) !== 0) {
		if (locked !== null)
			locked.locked = false;
		return -EBUSY;
	}
	/* COW is broken, though the vma does not allow the pte to be
	 * writable. */
	if ((ret & VM_FAULT_WRITE) !== 0 && (vma.vm_flags & VM_WRITE) === 0)
		state.flags |= FOLL_COW;
	return 0;
}

/** May these pages be asked for in this way at all? 0 or -EFAULT. mmap_lock is
 *  held. */
function check_vma_flags(vma: vm_area_struct, gup_flags: number): number {
	const vm_flags = vma.vm_flags;

	if ((vm_flags & (VM_IO | VM_PFNMAP)) !== 0)
		return -EFAULT;
	if ((gup_flags & FOLL_WRITE) !== 0) {
		if ((vm_flags & VM_WRITE) === 0) {
			if ((gup_flags & FOLL_FORCE) === 0)
				return -EFAULT;
			/* Forced writes go to private copies only. */
			if (!is_cow_mapping(vm_flags))
				return -EFAULT;
		}
	} else if ((vm_flags & VM_READ) === 0) {
		if ((gup_flags & FOLL_FORCE) === 0)
			return -EFAULT;
		/* Is there any way to read it? */
		if ((vm_flags & VM_MAYREAD) === 0)
			return -EFAULT;
	}
	/* Nothing here is about the fetching of instructions, or remote. */
	if (CONFIG_ARCH_HAS_PKEYS) {
		if (!arch_vma_access_permitted(vma,
			(gup_flags & FOLL_WRITE) !== 0, false, false))
			return -EFAULT;
	}
	return 0;
}

/**
 * nr_pages pages from start: they are there, and, if pages is not NULL, handed
 * out there as FOLL_GET or FOLL_PIN says. Returns how many, which may be fewer,
 * or an errno if there is not even the first. mmap_lock of mm is held; if
 * `locked` is given, it may have been dropped on return, which is said there.
 */
function __get_user_pages(
	mm: mm_struct, start: number, nr_pages: number, gup_flags: number,
	pages: page_ptr, locked: locked_t | null,
): number {
	const state: gup_state = { flags: gup_flags };
	let vma: vm_area_struct = NULL;
	let ret = 0;
	let i = 0;

	VM_BUG_ON((pages !== NULL) !==
		((gup_flags & (FOLL_GET | FOLL_PIN)) !== 0),
		"gup: pages and flags");
	/* Who forces is no user of the page, whom the hint would be for. */
	if ((gup_flags & FOLL_FORCE) === 0)
		gup_flags |= FOLL_NUMA;
	while (i < nr_pages) {
		if (vma === NULL || start >= vma.vm_end) {
			vma = find_extend_vma(mm, start);
			ret = vma === NULL ? -EFAULT :
				check_vma_flags(vma, gup_flags);
			if (ret)
				break;
		}
		const page: page = get_one_page(vma, start, gup_flags, state,
			locked);

		if (IS_ERR(page)) {
			ret = PTR_ERR(page);
			/* What is not there, or has no struct page, counts. */
			if (ret !== -ENOENT && ret !== -EEXIST)
				break;
		} else if (pages !== NULL) {
			const place = ptr_add(pages, i);

			place.page = page;
		}
		i++;
		start += PAGE_SIZE;
	}
	if (i !== 0)
		return i;
	return ret === -EBUSY ? 0 : ret;
}

/**
 * Port: what is between "retry" and "next_page" of __get_user_pages(). Is the
 * page there, and as it is wanted? If not, one fault, and look again: it may
 * have been taken away at once. ERR_PTR(-EBUSY): the lock was dropped.
 */
function get_one_page(
	vma: vm_area_struct, start: number, gup_flags: number, state: gup_state,
	locked: locked_t | null,
): page {
	state.flags = gup_flags;
	for (;;) {
		/* A fatal signal ends it, with what there is so far. */
		if (fatal_signal_pending(current()))
			return ERR_PTR(-EINTR);
		cond_resched();
		const page: page = follow_page_mask(vma, start, state.flags);

		if (page !== NULL)
			return page;
		const ret = faultin_page(vma, start, state, locked);

		if (ret)
			return ERR_PTR(ret);
	}
}

/**
 * The same, until all pages are there: where a fault has dropped mmap_lock it
 * is taken again, and the page asked for by itself. mmap_lock is held for
 * reading on entry. On return, `locked` says whether it is held; it is not if
 * it was let go of in between, as what the caller knew is old.
 */
function __get_user_pages_locked(
	mm: mm_struct, start: number, nr_pages: number, pages: page_ptr,
	locked: locked_t | null, flags: number,
): number {
	if (locked !== null)
		BUG_ON(!locked.locked, "gup: not locked");
	if ((flags & FOLL_PIN) !== 0)
		mm_set_has_pinned_flag(mm);
	/* Who wants pages and does not pin them wants references. */
	if (pages !== NULL && (flags & FOLL_PIN) === 0)
		flags |= FOLL_GET;

	let pages_done = 0;
	let lock_dropped = false;

	for (;;) {
		let ret = __get_user_pages(mm, start, nr_pages, flags, pages,
			locked);

		if (locked === null)
			return ret;
		if (ret > 0) {
			nr_pages -= ret;
			pages_done += ret;
			if (nr_pages === 0)
				break;
		}
		if (locked.locked) {
			if (pages_done === 0)
				pages_done = ret;
			break;
		}
		BUG_ON(ret < 0, "gup: an errno without the lock");
		if (pages !== NULL)
			pages = ptr_add(pages, ret);
		start += ret * PAGE_SIZE;
		lock_dropped = true;

		/* The page that a fault was begun for, until it is there. */
		do {
			if (fatal_signal_pending(current())) {
				ret = -EINTR;
				break;
			}
			ret = mmap_read_lock_killable(mm);
			if (ret)
				break;
			locked.locked = true;
			ret = __get_user_pages(mm, start, 1, flags | FOLL_TRIED,
				pages, locked);
		} while (!locked.locked);
		if (ret !== 1) {
			if (pages_done === 0)
				pages_done = ret;
			break;
		}
		nr_pages--;
		pages_done++;
		if (nr_pages === 0)
			break;
		if (pages !== NULL)
			pages = ptr_add(pages, 1);
		start += PAGE_SIZE;
	}
	if (lock_dropped && locked !== null && locked.locked) {
		mmap_read_unlock(mm);
		locked.locked = false;
	}
	return pages_done;
}

/**
 * Fault in [start, end) of vma, as mlock and MAP_POPULATE want it. We enter
 * with mmap_lock held; if `locked` is given, it may be dropped, which is said
 * there. Returns the number of pages, or an errno.
 */
export function populate_vma_page_range(
	vma: vm_area_struct, start: number, end: number, locked: locked_t | null,
): number {
	const mm = vma.vm_mm;
	const nr_pages = (end - start) / PAGE_SIZE;
	let gup_flags = FOLL_POPULATE | FOLL_MLOCK;

	VM_BUG_ON(!PAGE_ALIGNED(start), "populate: start");
	VM_BUG_ON(!PAGE_ALIGNED(end), "populate: end");
	VM_BUG_ON_VMA(start < vma.vm_start, vma, "populate: below");
	VM_BUG_ON_VMA(end > vma.vm_end, vma, "populate: above");
	mmap_assert_locked(mm);

	if ((vma.vm_flags & VM_LOCKONFAULT) !== 0) {
		/* Port: since 5.18 such a vma is not looked at at all. */
		if (mm_since(vma.vm_mm, 5, 18))
			return nr_pages;
		gup_flags &= ~FOLL_POPULATE;
	}
	/*
	 * Writable private memory is touched by writing, to have the copy now.
	 * Shared memory is not: it would be dirty for nothing.
	 */
	if ((vma.vm_flags & (VM_WRITE | VM_SHARED)) === VM_WRITE)
		gup_flags |= FOLL_WRITE;
	/* mlock succeeds where anything at all is permitted. */
	if (vma_is_accessible(vma))
		gup_flags |= FOLL_FORCE;
	return __get_user_pages(mm, start, nr_pages, gup_flags, NULL, locked);
}

/**
 * Fault in [start, end) of vma readable or writable, as MADV_POPULATE_READ and
 * _WRITE want it: with the vma's permissions, and no other side effect.
 * Locks as populate_vma_page_range().
 */
export function faultin_vma_page_range(
	vma: vm_area_struct, start: number, end: number, write: boolean,
	locked: locked_t,
): number {
	const mm = vma.vm_mm;
	const nr_pages = (end - start) / PAGE_SIZE;
	let gup_flags = 0;

	VM_BUG_ON(!PAGE_ALIGNED(start), "faultin: start");
	VM_BUG_ON(!PAGE_ALIGNED(end), "faultin: end");
	VM_BUG_ON_VMA(start < vma.vm_start, vma, "faultin: below");
	VM_BUG_ON_VMA(end > vma.vm_end, vma, "faultin: above");
	mmap_assert_locked(mm);

	if (write)
		gup_flags |= FOLL_WRITE;
	/*
	 * Permissions were not checked by anybody yet. A vma that can never be
	 * populated is the caller's mistake, not a fault's.
	 */
	if (check_vma_flags(vma, gup_flags))
		return -EINVAL;
	return __get_user_pages(mm, start, nr_pages, gup_flags, NULL, locked);
}

/**
 * Fault in a range that may span several vmas, each according to its flags.
 * Takes mmap_lock for reading; called without it. The address space may have
 * changed since the caller released the lock: what is not there is skipped.
 */
export function __mm_populate(
	start: number, len: number, ignore_errors: boolean,
): number {
	const mm: mm_struct = current().mm;
	const end = start + len;
	const state: locked_t = { locked: false };
	let vma: vm_area_struct = NULL;
	let nend: number;
	let ret = 0;

	for (let nstart = start; nstart < end; nstart = nend) {
		/* The first vma of what is left. */
		if (!state.locked) {
			state.locked = true;
			mmap_read_lock(mm);
			vma = find_vma(mm, nstart);
		} else if (nstart >= vma.vm_end) {
			vma = vma.vm_next;
		}
		if (vma === NULL || vma.vm_start >= end)
			break;

		/* Its intersection with the range. */
		nend = Math.min(end, vma.vm_end);
		if ((vma.vm_flags & (VM_IO | VM_PFNMAP)) !== 0)
			continue;
		if (nstart < vma.vm_start)
			nstart = vma.vm_start;

		/* As many as could be had in one go; after a wait it goes on
		 * with a vma that is looked up again. */
		ret = populate_vma_page_range(vma, nstart, nend, state);
		if (ret < 0) {
			if (ignore_errors) {
				ret = 0;
				continue; /* with the next vma */
			}
			break;
		}
		nend = nstart + ret * PAGE_SIZE;
		ret = 0;
	}
	if (state.locked)
		mmap_read_unlock(mm);
	return ret; /* 0 or negative */
}

/* ---- with mmap_lock: for who wants the pages ---- */

/** FOLL_PIN and FOLL_LONGTERM are pin_user_pages*()'s. */
function is_valid_gup_flags(gup_flags: number): boolean {
	return !WARN_ON_ONCE((gup_flags & (FOLL_PIN | FOLL_LONGTERM)) !== 0,
		"get_user_pages with flags of pin_user_pages");
}

/**
 * nr_pages pages of current from start, with a reference each: how many, or an
 * errno. Any access to them is a user's in kind: FOLL_WRITE, for one, breaks
 * COW first. Given back by put_page(). mmap_lock is held, and stays so.
 */
export function get_user_pages(
	start: number, nr_pages: number, gup_flags: number, pages: page_ptr,
): number {
	if (!is_valid_gup_flags(gup_flags))
		return -EINVAL;
	return __get_user_pages_locked(current().mm, start, nr_pages, pages,
		null, gup_flags | FOLL_TOUCH);
}

/** The same without mmap_lock, which is taken for reading. */
export function get_user_pages_unlocked(
	start: number, nr_pages: number, pages: page_ptr, gup_flags: number,
): number {
	const mm: mm_struct = current().mm;
	const state: locked_t = { locked: true };

	mmap_read_lock(mm);
	const ret = __get_user_pages_locked(mm, start, nr_pages, pages, state,
		gup_flags | FOLL_TOUCH);

	if (state.locked)
		mmap_read_unlock(mm);
	return ret;
}

/* ---- fast GUP: without mmap_lock ---- */

/** In- and out-parameter: how many pages there are so far. */
interface gup_nr {
	nr: number;
}

/*
 * The walk takes no lock at all. Interrupts are off, which keeps tables where
 * they are: those that are freed after an RCU grace period, as a CPU with
 * interrupts off is in none; and those that are freed once all CPUs have
 * answered an interrupt. rcu_read_lock() would do for the first kind only (see
 * speculative_page_walk_begin()), and not keep out who splits a huge page.
 *
 * An entry may change at any time, the page may be freed, and be anybody's. So:
 * a reference, unless there are none; then the entry once more. If it is the
 * same, the page was mapped when it was referenced. What comes between, and is
 * undone, nobody may rely on: see do_wp_page(), and page_ref_add_unless().
 *
 * Each function answers whether to go on; if not, mmap_lock may help.
 */
function gup_pte_range(
	pmdval: number, addr: number, end: number, flags: number,
	pages: page_ptr, n: gup_nr,
): boolean {
	/* What an entry does not say, only the vma knows. */
	if (!CONFIG_ARCH_HAS_PTE_SPECIAL)
		return false;

	let ptep = pte_offset_map_val(pmdval, addr);

	do {
		const pte = ptep_get(ptep);

		if (pte_protnone(pte))
			break;
		if (!pte_access_permitted(pte, (flags & FOLL_WRITE) !== 0))
			break;
		if (pte_special(pte))
			break;
		VM_BUG_ON(!pfn_valid(pte_pfn(pte)), "gup_pte_range: no page");
		const page: page = pte_page(pte);
		const head = try_grab_compound_head(page, 1, flags);

		if (head === NULL)
			break;
		if (pte !== ptep_get(ptep)) {
			put_compound_head(head, 1, flags);
			break;
		}
		SetPageReferenced(page);
		const place = ptr_add(pages, n.nr);

		place.page = page;
		n.nr++;
		ptep = ptr_add(ptep, 1);
		addr += PAGE_SIZE;
	} while (addr !== end);
	pte_unmap(ptep);
	return addr === end;
}

function gup_pmd_range(
	pudp: pud_t, pud: number, addr: number, end: number, flags: number,
	pages: page_ptr, n: gup_nr,
): boolean {
	let pmdp = pmd_offset_lockless(pudp, pud, addr);

	do {
		const pmd = READ_ONCE(pmdp.pmd);
		const next = pmd_addr_end(addr, end);

		if (!pmd_present(pmd))
			return false;
		if (!gup_pte_range(pmd, addr, next, flags, pages, n))
			return false;
		pmdp = ptr_add(pmdp, 1);
		addr = next;
	} while (addr !== end);
	return true;
}

function gup_pud_range(
	p4dp: p4d_t, p4d: number, addr: number, end: number, flags: number,
	pages: page_ptr, n: gup_nr,
): boolean {
	let pudp = pud_offset_lockless(p4dp, p4d, addr);

	do {
		const pud = READ_ONCE(pudp.pud);
		const next = pud_addr_end(addr, end);

		if (!pud_present(pud))
			return false;
		if (!gup_pmd_range(pudp, pud, addr, next, flags, pages, n))
			return false;
		pudp = ptr_add(pudp, 1);
		addr = next;
	} while (addr !== end);
	return true;
}

function gup_p4d_range(
	pgdp: pgd_t, addr: number, end: number, flags: number,
	pages: page_ptr, n: gup_nr,
): boolean {
	let p4dp = p4d_offset(pgdp, addr);

	do {
		const p4d = READ_ONCE(p4dp.p4d);
		const next = p4d_addr_end(addr, end);

		if (p4d_none(p4d))
			return false;
		if (!gup_pud_range(p4dp, p4d, addr, next, flags, pages, n))
			return false;
		p4dp = ptr_add(p4dp, 1);
		addr = next;
	} while (addr !== end);
	return true;
}

function gup_pgd_range(
	addr: number, end: number, flags: number, pages: page_ptr, n: gup_nr,
): void {
	let pgdp = pgd_offset(current().mm, addr);

	do {
		const pgd = READ_ONCE(pgdp.pgd);
		const next = pgd_addr_end(addr, end);

		if (pgd_none(pgd))
			return;
		if (!gup_p4d_range(pgdp, addr, next, flags, pages, n))
			return;
		pgdp = ptr_add(pgdp, 1);
		addr = next;
	} while (addr !== end);
}

/** The rest, with mmap_lock. Port: nothing migrates, so FOLL_LONGTERM is no
 *  reason to hold on to it. */
function __gup_longterm_unlocked(
	start: number, nr_pages: number, gup_flags: number, pages: page_ptr,
): number {
	return get_user_pages_unlocked(start, nr_pages, pages,
		gup_flags & ~FOLL_LONGTERM);
}

/** As many pages as can be had without a lock, from start on. */
function lockless_pages_from_mm(
	start: number, end: number, gup_flags: number, pages: page_ptr,
): number {
	if (!CONFIG_HAVE_FAST_GUP)
		return 0;

	const mm: mm_struct = current().mm;
	const n: gup_nr = { nr: 0 };
	let seq = 0;

	/* Is there a fork? It looks for pins as it makes entries read-only. */
	if (CONFIG_GET_USER_PAGES) {
		if ((gup_flags & FOLL_PIN) !== 0) {
			seq = raw_read_seqcount(mm.write_protect_seq);
			if ((seq & 1) !== 0)
				return 0;
		}
	}
	const flags = local_irq_save();

	/* Port: a CPU with interrupts off is a reader of RCU; where that is one
	 * step each, somebody has to say so. */
	if (CONFIG_RCU_STEPPED)
		rcu_read_lock();
	gup_pgd_range(start, end, gup_flags, pages, n);
	if (CONFIG_RCU_STEPPED)
		rcu_read_unlock();
	local_irq_restore(flags);
	/*
	 * Or was there one? It may have looked before the pin was there, and
	 * made the entry read-only after we looked at that: then parent and
	 * child share the page, and the first write of the parent would take it
	 * away from who has pinned it. Pairs with copy_page_range().
	 */
	if (CONFIG_GET_USER_PAGES) {
		if ((gup_flags & FOLL_PIN) !== 0 &&
			read_seqcount_retry(mm.write_protect_seq, seq)) {
			unpin_user_pages(pages, n.nr);
			return 0;
		}
	}
	return n.nr;
}

function internal_get_user_pages_fast(
	start: number, nr_pages: number, gup_flags: number, pages: page_ptr,
): number {
	if (WARN_ON_ONCE((gup_flags & ~(FOLL_WRITE | FOLL_LONGTERM |
		FOLL_FORCE | FOLL_PIN | FOLL_GET | FOLL_FAST_ONLY |
		FOLL_NOFAULT)) !== 0, "fast GUP: flags"))
		return -EINVAL;
	/* Port: 5.17 promises this, and then walks on as far as it goes. */
	if (nr_pages <= 0)
		return 0;
	if ((gup_flags & FOLL_PIN) !== 0)
		mm_set_has_pinned_flag(current().mm);

	start = page_align_down(start);
	const len = nr_pages * PAGE_SIZE;

	if (ulong_add_overflows(start, len))
		return 0;
	if (!access_ok(start, len))
		return -EFAULT;

	const nr_pinned = lockless_pages_from_mm(start, start + len, gup_flags,
		pages);

	if (nr_pinned === nr_pages || (gup_flags & FOLL_FAST_ONLY) !== 0)
		return nr_pinned;

	const ret = __gup_longterm_unlocked(start + nr_pinned * PAGE_SIZE,
		nr_pages - nr_pinned, gup_flags, ptr_add(pages, nr_pinned));

	/* What there is already is the caller's to give back. */
	if (ret < 0)
		return nr_pinned !== 0 ? nr_pinned : ret;
	return ret + nr_pinned;
}

/** As many references as can be had at once: also with interrupts off, and by
 *  who must not wait. Never an errno. */
export function get_user_pages_fast_only(
	start: number, nr_pages: number, gup_flags: number, pages: page_ptr,
): number {
	return Math.max(0, internal_get_user_pages_fast(start, nr_pages,
		gup_flags | FOLL_GET | FOLL_FAST_ONLY, pages));
}

/**
 * get_user_pages() without mmap_lock, which is taken only where pages cannot be
 * had otherwise. Returns how many, or an errno if there are none.
 */
export function get_user_pages_fast(
	start: number, nr_pages: number, gup_flags: number, pages: page_ptr,
): number {
	if (!is_valid_gup_flags(gup_flags))
		return -EINVAL;
	return internal_get_user_pages_fast(start, nr_pages,
		gup_flags | FOLL_GET, pages);
}

/**
 * The same with a pin: for a device that is going to read or write the page.
 * Given back by unpin_user_page().
 *
 * What a pin is good for: after a fork the page is still the parent's, which
 * copies it for the child at once (copy_present_page()). What it is not good
 * for, in 5.17: a page that was read-only when it was pinned, without
 * FOLL_WRITE, is one that a write of the user takes away, as it may be shared
 * already; and so is any by what makes an entry read-only besides fork.
 */
export function pin_user_pages_fast(
	start: number, nr_pages: number, gup_flags: number, pages: page_ptr,
): number {
	if (WARN_ON_ONCE((gup_flags & FOLL_GET) !== 0, "pin with FOLL_GET"))
		return -EINVAL;
	return internal_get_user_pages_fast(start, nr_pages,
		gup_flags | FOLL_PIN, pages);
}

/** get_user_pages_fast_only() with a pin. */
export function pin_user_pages_fast_only(
	start: number, nr_pages: number, gup_flags: number, pages: page_ptr,
): number {
	if (WARN_ON_ONCE((gup_flags & FOLL_GET) !== 0, "pin with FOLL_GET"))
		return 0;
	return Math.max(0, internal_get_user_pages_fast(start, nr_pages,
		gup_flags | FOLL_PIN | FOLL_FAST_ONLY, pages));
}

/** get_user_pages() with a pin. */
export function pin_user_pages(
	start: number, nr_pages: number, gup_flags: number, pages: page_ptr,
): number {
	if (WARN_ON_ONCE((gup_flags & FOLL_GET) !== 0, "pin with FOLL_GET"))
		return -EINVAL;
	return __get_user_pages_locked(current().mm, start, nr_pages, pages,
		null, gup_flags | FOLL_PIN);
}
