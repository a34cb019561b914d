// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/mlock.c (5.17): memory that stays.
 * Left out: CAP_IPC_LOCK, see linux/resource.ts; user_shm_lock() and
 * user_shm_unlock().
 *
 * Port: anonymous memory stays anyway, and reclaim of pages of files looks at
 * the vma (mm/rmap.ts). What is left is what can be seen: VM_LOCKED and its
 * merging and splitting, locked_vm, and that locking faults the pages in. Pages
 * are not marked and there is no unevictable list: hence no clear_page_mlock(),
 * mlock_vma_page(), munlock_vma_page() and what they stand on, down to
 * __munlock_pagevec_fill().
 */
import { offset_in_page, PAGE_ALIGN, page_align_down } from "asm-generic/page.ts";
import { PAGE_SIZE, TASK_SIZE } from "asm/pgtable_types.ts";
import { current } from "kernel/sched/core.ts";
import { VM_BUG_ON } from "linux/bug.ts";
import { EAGAIN, EFAULT, EINTR, EINVAL, ENOMEM, EPERM } from "linux/errno.ts";
import { cond_resched } from "linux/kernel.ts";
import { vma_policy } from "linux/mempolicy.ts";
import {
	MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT, MLOCK_ONFAULT,
} from "linux/mman.ts";
import {
	find_vma, is_droppable, mm_populate, VM_LOCKED, VM_LOCKED_CLEAR_MASK,
	VM_LOCKONFAULT, VM_SPECIAL,
} from "linux/mm.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import {
	mmap_assert_write_locked, mmap_write_lock_killable, mmap_write_unlock,
} from "linux/mmap_lock.ts";
import { ulong_add_overflows } from "linux/overflow.ts";
import { RLIM_INFINITY, rlimit, RLIMIT_MEMLOCK } from "linux/resource.ts";
import { mm_since } from "linux/version.ts";
import { __mm_populate } from "mm/gup.ts";
import { anon_vma_name } from "mm/madvise.ts";
import { split_vma, vma_merge } from "mm/mmap.ts";

/** May the task lock memory at all? Port: CAP_IPC_LOCK is not asked for, see
 *  linux/resource.ts. */
export function can_do_mlock(): boolean {
	return rlimit(RLIMIT_MEMLOCK) !== 0;
}

/** How many pages the process may lock. Port: without a limit as many as it
 *  asks for, which is what CAP_IPC_LOCK is for. */
function memlock_limit(): number {
	const limit = rlimit(RLIMIT_MEMLOCK);

	return limit === RLIM_INFINITY
		? Infinity
		: Math.floor(limit / PAGE_SIZE);
}

/** POSIX has other numbers for what a fault says. */
function __mlock_posix_error_return(retval: number): number {
	if (retval === -EFAULT)
		return -ENOMEM;
	if (retval === -ENOMEM)
		return -EAGAIN;
	return retval;
}

/** The pages of [start, end) may go again: the flag is the vma's, which the
 *  caller has cut to that range. mmap_lock is held for writing. */
export function munlock_vma_pages_range(
	vma: vm_area_struct, _start: number, _end: number,
): void {
	vma.vm_flags &= VM_LOCKED_CLEAR_MASK;
}

interface pprev_t {
	pprev: vm_area_struct;
}

/**
 * vma's part [start, end) gets newflags, which differ in VM_LOCKED and
 * VM_LOCKONFAULT: by merging, or by splitting it off. Pages are faulted in
 * later, when mmap_lock is not held for writing any more.
 */
function mlock_fixup(
	vma: vm_area_struct, prev: pprev_t, start: number, end: number,
	newflags: number,
): number {
	const mm: mm_struct = vma.vm_mm;
	const lock = (newflags & VM_LOCKED) !== 0;
	const old_flags = vma.vm_flags;
	let ret = 0;

	mmap_assert_write_locked(mm);
	/* Special mappings are neither locked nor counted. */
	if (newflags === old_flags || (old_flags & VM_SPECIAL) !== 0) {
		prev.pprev = vma;
		return 0;
	}
	/* Port: since 6.11 nor is what may be dropped. */
	if (mm_since(mm, 6, 11) && is_droppable(old_flags)) {
		prev.pprev = vma;
		return 0;
	}

	const pgoff = vma.vm_pgoff + (start - vma.vm_start) / PAGE_SIZE;
	/* A neighbour that is locked in the same way takes the range; else it
	 * is split off. */
	const merged = vma_merge(mm, prev.pprev, start, end, newflags,
		vma.anon_vma, vma.vm_file, pgoff, vma_policy(vma),
		anon_vma_name(vma));

	if (merged !== NULL) {
		vma = merged;
	} else {
		if (start !== vma.vm_start)
			ret = split_vma(mm, vma, start, true);
		if (ret === 0 && end !== vma.vm_end)
			ret = split_vma(mm, vma, end, false);
		if (ret !== 0) {
			prev.pprev = vma;
			return ret;
		}
	}

	/* Keep track of the amount of locked memory. */
	let nr_pages = (end - start) / PAGE_SIZE;

	if (!lock)
		nr_pages = -nr_pages;
	else if ((old_flags & VM_LOCKED) !== 0)
		nr_pages = 0;
	mm.locked_vm += nr_pages;

	/* Pages that are faulted in from here on see the flag; those that are
	 * there already are gone over by the populating that follows. */
	if (lock)
		vma.vm_flags = newflags;
	else
		munlock_vma_pages_range(vma, start, end);
	prev.pprev = vma;
	return 0;
}

/** `flags` is VM_LOCKED, with VM_LOCKONFAULT or without, or 0. A hole ends it
 *  with -ENOMEM; what came before the hole is done. */
function apply_vma_lock_flags(
	start: number, len: number, flags: number,
): number {
	VM_BUG_ON(offset_in_page(start) !== 0, "mlock: start");
	VM_BUG_ON(len !== PAGE_ALIGN(len), "mlock: len");

	if (ulong_add_overflows(start, len))
		return -EINVAL;
	const end = start + len;

	if (end === start)
		return 0;

	let vma = find_vma(current().mm, start);

	if (vma === NULL || vma.vm_start > start)
		return -ENOMEM;

	const prev: pprev_t = {
		pprev: start > vma.vm_start ? vma : vma.vm_prev,
	};

	/* From vma to vma, each of which begins where the last one ended. */
	for (let nstart = start; ; ) {
		const newflags = (vma.vm_flags & VM_LOCKED_CLEAR_MASK) | flags;
		const tmp = Math.min(vma.vm_end, end);
		const error = mlock_fixup(vma, prev, nstart, tmp, newflags);

		if (error)
			return error;
		nstart = tmp;
		if (nstart < prev.pprev.vm_end)
			nstart = prev.pprev.vm_end;
		if (nstart >= end)
			return 0;
		vma = prev.pprev.vm_next;
		if (vma === NULL || vma.vm_start !== nstart)
			return -ENOMEM;
	}
}

/** The whole pages that [start, start + len) touches. A sum that wraps is cut
 *  to what a 64-bit register would hold. */
function page_span(start: number, len: number): number {
	const span = len + offset_in_page(start);

	return ulong_add_overflows(span, PAGE_SIZE - 1) ? 0 : PAGE_ALIGN(span);
}

/** How many pages of [start, start + len) are locked already. mmap_lock is
 *  held. */
function count_mm_mlocked_page_nr(
	mm: mm_struct, start: number, len: number,
): number {
	const end = start + len;
	let count = 0;

	for (let vma = find_vma(mm, start); vma !== NULL; vma = vma.vm_next) {
		if (end <= vma.vm_start)
			break;
		if ((vma.vm_flags & VM_LOCKED) !== 0)
			count += Math.min(vma.vm_end, end) -
				Math.max(vma.vm_start, start);
	}
	return count / PAGE_SIZE;
}

/**
 * mlock() and mlock2(). Called without locks: mmap_lock is taken for writing
 * for the vmas, and released before the pages are faulted in, which takes it
 * for reading as any fault does. What was locked stays so if that fails.
 */
function do_mlock(start: number, len: number, flags: number): number {
	const mm: mm_struct = current().mm;
	let error = -ENOMEM;

	if (!can_do_mlock())
		return -EPERM;

	len = page_span(start, len);
	start = page_align_down(start);

	const lock_limit = memlock_limit();
	let locked = len / PAGE_SIZE;

	if (mmap_write_lock_killable(mm))
		return -EINTR;

	locked += mm.locked_vm;
	/* What is locked already does not count twice. */
	if (locked > lock_limit)
		locked -= count_mm_mlocked_page_nr(mm, start, len);
	if (locked <= lock_limit)
		error = apply_vma_lock_flags(start, len, flags);

	mmap_write_unlock(mm);
	if (error)
		return error;

	error = __mm_populate(start, len, false);
	if (error)
		return __mlock_posix_error_return(error);
	return 0;
}

/** All pages of the range are there when it returns. */
export function sys_mlock(start: number, len: number): number {
	return do_mlock(start, len, VM_LOCKED);
}

/** MLOCK_ONFAULT: those that are there, and others from when they come. */
export function sys_mlock2(start: number, len: number, flags: number): number {
	let vm_flags = VM_LOCKED;

	if ((flags & ~MLOCK_ONFAULT) !== 0)
		return -EINVAL;
	if ((flags & MLOCK_ONFAULT) !== 0)
		vm_flags |= VM_LOCKONFAULT;
	return do_mlock(start, len, vm_flags);
}

/** The range may go again. Takes mmap_lock for writing. */
export function sys_munlock(start: number, len: number): number {
	const mm: mm_struct = current().mm;

	len = page_span(start, len);
	start = page_align_down(start);

	if (mmap_write_lock_killable(mm))
		return -EINTR;

	const ret = apply_vma_lock_flags(start, len, 0);

	mmap_write_unlock(mm);
	return ret;
}

/**
 * All mappings, those to come (def_flags), or both. munlockall() is this with
 * no flags. Called with mmap_lock held for writing.
 */
function apply_mlockall_flags(flags: number): number {
	const mm: mm_struct = current().mm;
	let to_add = 0;

	mm.def_flags &= VM_LOCKED_CLEAR_MASK;
	if ((flags & MCL_FUTURE) !== 0) {
		mm.def_flags |= VM_LOCKED;
		if ((flags & MCL_ONFAULT) !== 0)
			mm.def_flags |= VM_LOCKONFAULT;
		if ((flags & MCL_CURRENT) === 0)
			return 0;
	}
	if ((flags & MCL_CURRENT) !== 0) {
		to_add |= VM_LOCKED;
		if ((flags & MCL_ONFAULT) !== 0)
			to_add |= VM_LOCKONFAULT;
	}

	const prev: pprev_t = { pprev: NULL };
	let vma: vm_area_struct = mm.mmap;

	while (vma !== NULL) {
		const newflags = (vma.vm_flags & VM_LOCKED_CLEAR_MASK) | to_add;

		/* Errors are of no interest: as much as possible. */
		mlock_fixup(vma, prev, vma.vm_start, vma.vm_end, newflags);
		cond_resched();
		vma = prev.pprev.vm_next;
	}
	return 0;
}

/** Everything there is, everything to come, or both. Takes mmap_lock for
 *  writing, then faults in as mlock() does, but reports no failure of it. */
export function sys_mlockall(flags: number): number {
	const mm: mm_struct = current().mm;

	if (flags === 0 ||
	    (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) !== 0 ||
	    flags === MCL_ONFAULT)
		return -EINVAL;
	if (!can_do_mlock())
		return -EPERM;

	const lock_limit = memlock_limit();

	if (mmap_write_lock_killable(mm))
		return -EINTR;

	let ret = -ENOMEM;

	if ((flags & MCL_CURRENT) === 0 || mm.total_vm <= lock_limit)
		ret = apply_mlockall_flags(flags);

	mmap_write_unlock(mm);
	if (ret === 0 && (flags & MCL_CURRENT) !== 0)
		mm_populate(0, TASK_SIZE);
	return ret;
}

/** The end of it, for what there is and for what is to come. */
export function sys_munlockall(): number {
	const mm: mm_struct = current().mm;

	if (mmap_write_lock_killable(mm))
		return -EINTR;

	const ret = apply_mlockall_flags(0);

	mmap_write_unlock(mm);
	return ret;
}
