// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the part of mm/gup.c (5.17) that faults in pages for their own sake:
 * MAP_POPULATE, mlock and MADV_POPULATE_*.
 * Left out: everything that hands out the pages, which is most of the file:
 * get_user_pages(), pin_user_pages() and their kinds, and giving such pages
 * back; fast GUP, without locks; __get_user_pages_locked(), fixup_user_fault(),
 * fault_in_readable() and its like, get_dump_page(); page poisoning, gates.
 *
 * Port: follow_page() takes the place of follow_page_mask() and what is under
 * it: it answers whether there is a page, and returns none.
 */
import { CONFIG_ARCH_HAS_PKEYS } from "generated/autoconf.ts";
import { PAGE_ALIGNED } from "asm-generic/page.ts";
import { arch_vma_access_permitted } from "asm/mmu_context.ts";
import { PAGE_SIZE, type pte_t } from "asm/pgtable_types.ts";
import {
	p4d_none, p4d_offset, pmd_none, pte_dirty, pte_present, pte_protnone,
	pte_write, pud_none,
} from "asm/pgtable.ts";
import { current, fatal_signal_pending } from "kernel/sched/core.ts";
import { BUG, VM_BUG_ON, VM_BUG_ON_VMA } from "linux/bug.ts";
import { EBUSY, EFAULT, EINTR, EINVAL, ENOENT } from "linux/errno.ts";
import { cond_resched } from "linux/kernel.ts";
import {
	FAULT_FLAG_ALLOW_RETRY, FAULT_FLAG_KILLABLE, FAULT_FLAG_WRITE,
	handle_mm_fault, NO_REGS, pte_offset_map_lock, pte_lockptr,
	pte_unmap_unlock, VM_FAULT_ERROR, VM_FAULT_RETRY, VM_FAULT_WRITE, VM_IO,
	VM_LOCKONFAULT, VM_MAYREAD, VM_PFNMAP, VM_READ, VM_SHARED, VM_WRITE,
	vma_is_accessible, find_vma, vm_fault_to_errno, is_cow_mapping,
} from "linux/mm.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import {
	mmap_assert_locked, mmap_read_lock, mmap_read_unlock,
} from "linux/mmap_lock.ts";
import { pgd_offset, pmd_offset, pud_offset } from "linux/pgtable.ts";
import { mm_since } from "linux/version.ts";

const FOLL_WRITE = 0x01;
const FOLL_FORCE = 0x10; /* also what the flags forbid but could allow */
const FOLL_POPULATE = 0x40; /* fault it in */
const FOLL_MLOCK = 0x1000; /* for mlock: without the above, only what is there */
const FOLL_COW = 0x4000; /* internal: the fault has broken COW */

/** In- and out-parameter: is mmap_lock still held? */
export interface locked_t {
	locked: boolean;
}

/** Is there a page at address that `flags` can use as it is? */
function follow_page(
	vma: vm_area_struct, address: number, flags: number,
): boolean {
	const mm: mm_struct = vma.vm_mm;
	const p4d = p4d_offset(pgd_offset(mm, address), address);

	if (p4d_none(READ_ONCE(p4d.p4d)))
		return false;
	const pud = pud_offset(p4d, address);

	if (pud_none(READ_ONCE(pud.pud)))
		return false;
	const pmd = pmd_offset(pud, address);

	if (pmd_none(READ_ONCE(pmd.pmd)))
		return false;

	const ptep: pte_t = pte_offset_map_lock(mm, pmd, address);
	const pte = READ_ONCE(ptep.pte);
	let ok = pte_present(pte);

	/* A NUMA hint is for its owner to take; forcing looks through it. */
	if (ok && pte_protnone(pte) && (flags & FOLL_FORCE) === 0)
		ok = false;
	/* For writing it must be writable, or a private copy already. */
	if (ok && (flags & FOLL_WRITE) !== 0)
		ok = pte_write(pte) || ((flags & FOLL_FORCE) !== 0 &&
			(flags & FOLL_COW) !== 0 && pte_dirty(pte));
	pte_unmap_unlock(ptep, pte_lockptr(mm, pmd));
	return ok;
}

/** State of one __get_user_pages(), which faults may change. */
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
	if ((flags & FOLL_WRITE) !== 0)
		fault_flags |= FAULT_FLAG_WRITE;
	if (locked !== null)
		fault_flags |= FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_KILLABLE;

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
 * Make sure of nr_pages pages from start, all in vma. Returns how many there
 * are, or an errno if not even the first. The caller holds mmap_lock; it was
 * dropped on return if locked.locked is false.
 */
function __get_user_pages(
	vma: vm_area_struct, start: number, nr_pages: number, gup_flags: number,
	locked: locked_t | null,
): number {
	const state: gup_state = { flags: gup_flags };
	let ret = check_vma_flags(vma, gup_flags);
	let i = 0;

	if (ret)
		return ret;
	/* Page by page: is it there, and as it is wanted? If not, one fault,
	 * and look again: it may have been taken away at once. */
	while (i < nr_pages) {
		/* A fatal signal ends it, with what there is so far. */
		if (fatal_signal_pending(current())) {
			ret = -EINTR;
			break;
		}
		cond_resched();
		if (!follow_page(vma, start, state.flags)) {
			ret = faultin_page(vma, start, state, locked);
			if (ret === 0)
				continue;
			if (ret === -EBUSY) {
				ret = 0;
				break;
			}
			if (ret !== -ENOENT)
				break;
			ret = 0;
		}
		state.flags &= ~FOLL_COW;
		i++;
		start += PAGE_SIZE;
	}
	return i !== 0 ? i : ret;
}

/**
 * Fault in [start, end) of vma, as mlock and MAP_POPULATE want it. We enter
 * with mmap_lock held; if `locked` is given, it may be dropped, which is said
 * there. Returns the number of pages, or an errno.
 */
export function populate_vma_page_range(
	vma: vm_area_struct, start: number, end: number, locked: locked_t | null,
): number {
	const nr_pages = (end - start) / PAGE_SIZE;
	let gup_flags = FOLL_POPULATE | FOLL_MLOCK;

	VM_BUG_ON(!PAGE_ALIGNED(start), "populate: start");
	VM_BUG_ON(!PAGE_ALIGNED(end), "populate: end");
	VM_BUG_ON_VMA(start < vma.vm_start, vma, "populate: below");
	VM_BUG_ON_VMA(end > vma.vm_end, vma, "populate: above");
	mmap_assert_locked(vma.vm_mm);

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
	return __get_user_pages(vma, start, nr_pages, gup_flags, locked);
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
	const nr_pages = (end - start) / PAGE_SIZE;
	let gup_flags = 0;

	VM_BUG_ON(!PAGE_ALIGNED(start), "faultin: start");
	VM_BUG_ON(!PAGE_ALIGNED(end), "faultin: end");
	VM_BUG_ON_VMA(start < vma.vm_start, vma, "faultin: below");
	VM_BUG_ON_VMA(end > vma.vm_end, vma, "faultin: above");
	mmap_assert_locked(vma.vm_mm);

	if (write)
		gup_flags |= FOLL_WRITE;
	/*
	 * Permissions were not checked by anybody yet. A vma that can never be
	 * populated is the caller's mistake, not a fault's.
	 */
	if (check_vma_flags(vma, gup_flags))
		return -EINVAL;
	return __get_user_pages(vma, start, nr_pages, gup_flags, locked);
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

