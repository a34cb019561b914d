// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/mprotect.c (5.17): new permissions for a range, in its vmas and
 * in its ptes.
 * Left out: huge pages (pmd_none_or_clear_bad_unless_trans_huge() is plain
 * pmd_none_or_clear_bad()), swap and migration entries, userfaultfd
 * write-protection, the look at bare frames before they become
 * inaccessible (prot_none_pte_entry() and what goes with it).
 */
import {
	CONFIG_MMU_NOTIFIER, CONFIG_NUMA_BALANCING,
} from "generated/autoconf.ts";
import { offset_in_page, PAGE_ALIGN } from "asm-generic/page.ts";
import {
	p4d_offset, pte_dirty, pte_mkwrite, pte_modify, pte_present,
	pte_protnone, pte_soft_dirty, pte_write,
} from "asm/pgtable.ts";
import {
	type p4d_t, PAGE_SIZE, type pgd_t, type pmd_t, type pte_t, type pud_t,
} from "asm/pgtable_types.ts";
import { flush_tlb_range } from "asm/tlbflush.ts";
import { current } from "kernel/sched/core.ts";
import { atomic_read } from "linux/atomic.ts";
import { BUG_ON, VM_WARN_ON } from "linux/bug.ts";
import { EACCES, EINTR, EINVAL, ENOMEM, ENOSPC } from "linux/errno.ts";
import { cond_resched } from "linux/kernel.ts";
import { vma_policy } from "linux/mempolicy.ts";
import {
	arch_validate_prot, calc_vm_prot_bits, PKEY_ACCESS_MASK,
	PROT_GROWSDOWN, PROT_GROWSUP, vm_unacct_memory,
} from "linux/mman.ts";
import {
	find_vma, is_cow_mapping, MM_CP_DIRTY_ACCT, MM_CP_PROT_NUMA,
	pte_lockptr, pte_offset_map_lock, pte_unmap_unlock, VM_ACCESS_FLAGS,
	VM_ACCOUNT, VM_EXEC, VM_FLAGS_CLEAR, VM_GROWSDOWN, VM_GROWSUP,
	VM_HUGETLB, VM_LOCKED, VM_NORESERVE, VM_READ, VM_SHARED, VM_SOFTDIRTY,
	VM_WRITE, vma_is_anonymous,
} from "linux/mm.ts";
import {
	dec_tlb_flush_pending, inc_tlb_flush_pending, type mm_struct,
	type vm_area_struct,
} from "linux/mm_types.ts";
import {
	mmap_assert_locked, mmap_assert_write_locked, mmap_write_lock,
	mmap_write_lock_killable, mmap_write_unlock,
} from "linux/mmap_lock.ts";
import { ulong_add_overflows } from "linux/overflow.ts";
import { PageDirty, PageKsm, PageSwapBacked } from "linux/page-flags.ts";
import {
	p4d_addr_end, p4d_none_or_clear_bad, pgd_addr_end,
	pgd_none_or_clear_bad, pgd_offset, pmd_addr_end, pmd_none_or_clear_bad,
	pmd_offset, pmd_trans_unstable, pte_mk_savedwrite,
	ptep_modify_prot_commit, ptep_modify_prot_start, pud_addr_end,
	pud_none_or_clear_bad, pud_offset,
} from "linux/pgtable.ts";
import {
	arch_override_mprotect_pkey, arch_set_user_pkey_access, mm_pkey_alloc,
	mm_pkey_free, mm_pkey_is_allocated,
} from "linux/pkeys.ts";
import { mm_since } from "linux/version.ts";
import { anon_vma_name } from "mm/madvise.ts";
import { vm_normal_page } from "mm/memory.ts";
import {
	may_expand_vm, split_vma, vm_stat_account, vma_merge, vma_set_page_prot,
	vma_wants_writenotify,
} from "mm/mmap.ts";
import { populate_vma_page_range } from "mm/gup.ts";
import { security_vm_enough_memory_mm } from "mm/util.ts";
import { page_count } from "linux/page_ref.ts";
import {
	mmu_notifier_invalidate_range_end, mmu_notifier_invalidate_range_start,
	type mmu_notifier_range, mmu_notifier_range_init,
	MMU_NOTIFY_PROTECTION_VMA,
} from "linux/mmu_notifier.ts";

/** Holds the page table's lock over the range, so that a fault sees each pte
 *  either before or after. Returns the number of ptes that it changed. */
function change_pte_range(
	vma: vm_area_struct, pmd: pmd_t, addr: number, end: number,
	newprot: number, cp_flags: number,
): number {
	const mm: mm_struct = vma.vm_mm;
	const dirty_accountable = (cp_flags & MM_CP_DIRTY_ACCT) !== 0;
	let pages = 0;

	/*
	 * NUMA hinting comes with mmap_lock held for reading only: then the pmd
	 * could change under us, were there huge pages.
	 */
	if (pmd_trans_unstable(pmd))
		return 0;

	let pte: pte_t = pte_offset_map_lock(mm, pmd, addr);
	const ptl = pte_lockptr(mm, pmd);

	for (; addr !== end; pte = ptr_add(pte, 1), addr += PAGE_SIZE) {
		let oldpte = READ_ONCE(pte.pte);

		if (!pte_present(oldpte))
			continue;

		let preserve_write = false;

		if (CONFIG_NUMA_BALANCING) {
			if ((cp_flags & MM_CP_PROT_NUMA) !== 0) {
				if (numa_skip(vma, addr, oldpte))
					continue;
				/* do_numa_page() is to give it back. */
				preserve_write = pte_write(oldpte);
			}
		}

		/* Taken out, changed, put back: the dirty and accessed bits
		 * that the hardware sets up to that moment are in what we get,
		 * and meanwhile it finds nothing and faults, which waits for
		 * us. */
		oldpte = ptep_modify_prot_start(vma, addr, pte);
		let ptent = pte_modify(oldpte, newprot);

		if (preserve_write)
			ptent = pte_mk_savedwrite(ptent);
		/* No write fault to learn what is known: it is dirty, and soft
		 * dirty if somebody asks for that. */
		if (dirty_accountable && pte_dirty(ptent) &&
			(pte_soft_dirty(ptent) ||
			(vma.vm_flags & VM_SOFTDIRTY) === 0))
			ptent = pte_mkwrite(ptent);
		ptep_modify_prot_commit(vma, addr, pte, oldpte, ptent);
		pages++;
	}
	pte_unmap_unlock(pte, ptl);
	return pages;
}

/** Pages for which a NUMA hint would bring nothing. */
function numa_skip(
	vma: vm_area_struct, addr: number, oldpte: number,
): boolean {
	const mm: mm_struct = vma.vm_mm;

	/* It is a hint already: nothing to flush. */
	if (pte_protnone(oldpte))
		return true;

	const page = vm_normal_page(vma, addr, oldpte);

	/* The zero page, and what is not memory. */
	if (page === NULL || PageKsm(page))
		return true;
	/* Copy-on-write pages that are shared, or looked at by somebody. */
	if (is_cow_mapping(vma.vm_flags) && page_count(page) !== 1)
		return true;
	/* Dirty file pages cannot all be migrated. */
	if (!PageSwapBacked(page) && PageDirty(page))
		return true;
	/* A single-threaded task on the node of its page. Port: the only
	 * one. */
	if ((vma.vm_flags & VM_SHARED) === 0 && atomic_read(mm.mm_users) === 1)
		return true;
	return false;
}

/** What is under one pud entry. Returns how many ptes were changed, as do those
 *  above it. */
function change_pmd_range(
	vma: vm_area_struct, pud: pud_t, addr: number, end: number,
	newprot: number, cp_flags: number,
): number {
	let pmd: pmd_t = pmd_offset(pud, addr);
	let pages = 0;
	let next: number;
	let range: mmu_notifier_range | null = null;

	for (; addr !== end; pmd = ptr_add(pmd, 1), addr = next) {
		next = pmd_addr_end(addr, end);
		if (!pmd_none_or_clear_bad(pmd)) {
			/* From the first table on: where there is none, nobody
			 * has translations. */
			if (CONFIG_MMU_NOTIFIER && range === null) {
				range = mmu_notifier_range_init(
					MMU_NOTIFY_PROTECTION_VMA, 0, vma,
					vma.vm_mm, addr, end);
				mmu_notifier_invalidate_range_start(range);
			}
			pages += change_pte_range(vma, pmd, addr, next, newprot,
				cp_flags);
		}
		cond_resched();
	}
	if (CONFIG_MMU_NOTIFIER && range !== null)
		mmu_notifier_invalidate_range_end(range);
	return pages;
}

/** What is under one p4d entry. */
function change_pud_range(
	vma: vm_area_struct, p4d: p4d_t, addr: number, end: number,
	newprot: number, cp_flags: number,
): number {
	let pud: pud_t = pud_offset(p4d, addr);
	let pages = 0;
	let next: number;

	for (; addr !== end; pud = ptr_add(pud, 1), addr = next) {
		next = pud_addr_end(addr, end);
		if (pud_none_or_clear_bad(pud))
			continue;
		pages += change_pmd_range(vma, pud, addr, next, newprot, cp_flags);
	}
	return pages;
}

/** What is under one pgd entry. */
function change_p4d_range(
	vma: vm_area_struct, pgd: pgd_t, addr: number, end: number,
	newprot: number, cp_flags: number,
): number {
	let p4d: p4d_t = p4d_offset(pgd, addr);
	let pages = 0;
	let next: number;

	for (; addr !== end; p4d = ptr_add(p4d, 1), addr = next) {
		next = p4d_addr_end(addr, end);
		if (p4d_none_or_clear_bad(p4d))
			continue;
		pages += change_pud_range(vma, p4d, addr, next, newprot, cp_flags);
	}
	return pages;
}

/**
 * [addr, end) in one vma, and the flush: when it returns no CPU has more rights
 * than newprot gives. mmap_lock is held, see change_protection().
 */
function change_protection_range(
	vma: vm_area_struct, addr: number, end: number, newprot: number,
	cp_flags: number,
): number {
	const mm: mm_struct = vma.vm_mm;
	const start = addr;
	let pgd: pgd_t = pgd_offset(mm, addr);
	let pages = 0;
	let next: number;

	BUG_ON(addr >= end, "change_protection_range: empty");
	/*
	 * From the first pte that loses a permission to the end of the flush,
	 * stale translations may be in use: who looks at ptes meanwhile is
	 * told.
	 */
	inc_tlb_flush_pending(mm);
	for (; addr !== end; pgd = ptr_add(pgd, 1), addr = next) {
		next = pgd_addr_end(addr, end);
		if (pgd_none_or_clear_bad(pgd))
			continue;
		pages += change_p4d_range(vma, pgd, addr, next, newprot, cp_flags);
	}
	/* What was not there is in no TLB. */
	if (pages !== 0)
		flush_tlb_range(vma, start, end);
	dec_tlb_flush_pending(mm);
	return pages;
}

/** All present ptes of [start, end) get newprot. mmap_lock is held: for
 *  writing, or for reading with MM_CP_PROT_NUMA. */
export function change_protection(
	vma: vm_area_struct, start: number, end: number, newprot: number,
	cp_flags: number,
): number {
	mmap_assert_locked(vma.vm_mm);
	return change_protection_range(vma, start, end, newprot, cp_flags);
}

/** In- and out-parameter: the vma before the next one to look at. */
export interface pprev_t {
	pprev: vm_area_struct;
}

/** vma's part [start, end) gets newflags: by merging, or by splitting it off.
 *  mmap_lock is held for writing. */
export function mprotect_fixup(
	vma: vm_area_struct, prev: pprev_t, start: number, end: number,
	newflags: number,
): number {
	const mm: mm_struct = vma.vm_mm;
	const oldflags = vma.vm_flags;
	const nrpages = (end - start) / PAGE_SIZE;
	let charged = 0;
	let error: number;

	mmap_assert_write_locked(mm);
	if (newflags === oldflags) {
		prev.pprev = vma;
		return 0;
	}

	/*
	 * A private mapping that becomes writable commits memory; that it was
	 * given back when it stops to be writable is not tracked.
	 */
	if ((newflags & VM_WRITE) !== 0) {
		/* Check the limits where the range turns into data. */
		if (!may_expand_vm(mm, newflags, nrpages) &&
		    may_expand_vm(mm, oldflags, nrpages))
			return -ENOMEM;
		if ((oldflags & (VM_ACCOUNT | VM_WRITE | VM_HUGETLB | VM_SHARED |
			VM_NORESERVE)) === 0) {
			charged = nrpages;
			if (security_vm_enough_memory_mm(mm, charged))
				return -ENOMEM;
			newflags |= VM_ACCOUNT;
		}
	} else if (mm_since(mm, 6, 7) && (oldflags & VM_ACCOUNT) !== 0 &&
		   vma_is_anonymous(vma) && vma.anon_vma === NULL) {
		/* Port: since 6.7 it is tracked where no page was ever used. */
		newflags &= ~VM_ACCOUNT;
	}

	/* First try to merge with the previous or next vma. */
	const pgoff = vma.vm_pgoff + (start - vma.vm_start) / PAGE_SIZE;
	const merged = vma_merge(mm, prev.pprev, start, end, newflags,
		vma.anon_vma, vma.vm_file, pgoff, vma_policy(vma),
		anon_vma_name(vma));

	if (merged !== NULL) {
		prev.pprev = vma = merged;
		VM_WARN_ON(((vma.vm_flags ^ newflags) & ~VM_SOFTDIRTY) !== 0,
			"mprotect_fixup: merged flags");
	} else {
		prev.pprev = vma;
		if (start !== vma.vm_start) {
			error = split_vma(mm, vma, start, true);
			if (error) {
				vm_unacct_memory(charged);
				return error;
			}
		}
		if (end !== vma.vm_end) {
			error = split_vma(mm, vma, end, false);
			if (error) {
				vm_unacct_memory(charged);
				return error;
			}
		}
	}

	if ((oldflags & VM_ACCOUNT) !== 0 && (newflags & VM_ACCOUNT) === 0)
		vm_unacct_memory(nrpages);

	/*
	 * vm_flags and vm_page_prot change under the lock held for writing; a
	 * speculative fault that has copied them fails its check.
	 */
	vma.vm_flags = newflags;
	const dirty_accountable = vma_wants_writenotify(vma, vma.vm_page_prot);

	vma_set_page_prot(vma);
	change_protection(vma, start, end, vma.vm_page_prot,
		dirty_accountable ? MM_CP_DIRTY_ACCT : 0);

	/* Locked private memory becomes writable: copy it now, not at the
	 * first write. */
	if ((oldflags & (VM_WRITE | VM_SHARED | VM_LOCKED)) === VM_LOCKED &&
	    (newflags & VM_WRITE) !== 0)
		populate_vma_page_range(vma, start, end, null);

	vm_stat_account(mm, oldflags, -nrpages);
	vm_stat_account(mm, newflags, nrpages);
	return 0;
}

/** pkey: the memory key that the range gets; -1: a plain mprotect(). */
function do_mprotect_pkey(
	start: number, len: number, prot: number, pkey: number,
): number {
	const mm: mm_struct = current().mm;
	const grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);

	prot &= ~(PROT_GROWSDOWN | PROT_GROWSUP);
	if (grows === (PROT_GROWSDOWN | PROT_GROWSUP)) /* can't be both */
		return -EINVAL;
	if (offset_in_page(start))
		return -EINVAL;
	if (len === 0)
		return 0;
	len = PAGE_ALIGN(len);
	/* A length that wraps to 0 counts as well. */
	if (ulong_add_overflows(start, len))
		return -ENOMEM;
	const end = start + len;

	if (!arch_validate_prot(prot, start))
		return -EINVAL;
	if (mmap_write_lock_killable(mm))
		return -EINTR;

	/* Only keys that the program has been given. */
	const error = pkey !== -1 && !mm_pkey_is_allocated(mm, pkey)
		? -EINVAL
		: do_mprotect_locked(mm, start, end, prot, pkey, grows);

	mmap_write_unlock(mm);
	return error;
}

/** The part of do_mprotect_pkey() that holds mmap_lock for writing. */
function do_mprotect_locked(
	mm: mm_struct, start: number, end: number, prot: number, pkey: number,
	grows: number,
): number {
	let vma = find_vma(mm, start);

	if (vma === NULL)
		return -ENOMEM;
	if ((grows & PROT_GROWSDOWN) !== 0) {
		/* From the beginning of the stack. */
		if (vma.vm_start >= end)
			return -ENOMEM;
		start = vma.vm_start;
		if ((vma.vm_flags & VM_GROWSDOWN) === 0)
			return -EINVAL;
	} else {
		if (vma.vm_start > start)
			return -ENOMEM;
		if ((grows & PROT_GROWSUP) !== 0) {
			end = vma.vm_end;
			if ((vma.vm_flags & VM_GROWSUP) === 0)
				return -EINVAL;
		}
	}

	const prev: pprev_t = {
		pprev: start > vma.vm_start ? vma : vma.vm_prev,
	};

	for (let nstart = start; ; ) {
		/* Here vma->vm_start <= nstart < vma->vm_end. What is not
		 * passed is taken away. */
		const new_vma_pkey = arch_override_mprotect_pkey(vma, prot,
			pkey);
		const newflags = calc_vm_prot_bits(prot, new_vma_pkey) |
			(vma.vm_flags &
			~(VM_READ | VM_WRITE | VM_EXEC | VM_FLAGS_CLEAR));

		/* The VM_MAY bits lie four above those that they allow. */
		if ((newflags & ~(newflags >> 4) & VM_ACCESS_FLAGS) !== 0)
			return -EACCES;

		const tmp = Math.min(vma.vm_end, end);
		const error = mprotect_fixup(vma, prev, nstart, tmp, newflags);

		if (error)
			return error;
		nstart = tmp;
		/* It may have been merged with more than was asked for. */
		if (nstart < prev.pprev.vm_end)
			nstart = prev.pprev.vm_end;
		if (nstart >= end)
			return 0;
		vma = prev.pprev.vm_next;
		if (vma === NULL || vma.vm_start !== nstart)
			return -ENOMEM;
	}
}

/** Called without locks. */
export function sys_mprotect(start: number, len: number, prot: number): number {
	return do_mprotect_pkey(start, len, prot, -1);
}

/** As mprotect(), and the range gets a key. */
export function sys_pkey_mprotect(
	start: number, len: number, prot: number, pkey: number,
): number {
	return do_mprotect_pkey(start, len, prot, pkey);
}

/** A key that nothing has yet, and for it the rights of init_val for the
 *  calling thread. The other threads keep theirs. */
export function sys_pkey_alloc(flags: number, init_val: number): number {
	const mm: mm_struct = current().mm;

	if (flags !== 0)
		return -EINVAL;
	if ((init_val & ~PKEY_ACCESS_MASK) !== 0)
		return -EINVAL;

	mmap_write_lock(mm);
	const pkey = mm_pkey_alloc(mm);
	let ret = -ENOSPC;

	if (pkey !== -1) {
		ret = arch_set_user_pkey_access(current(), pkey, init_val);
		if (ret)
			mm_pkey_free(mm, pkey);
		else
			ret = pkey;
	}
	mmap_write_unlock(mm);
	return ret;
}

/** What has the key keeps it, and no thread's rights change. */
export function sys_pkey_free(pkey: number): number {
	const mm: mm_struct = current().mm;

	mmap_write_lock(mm);
	const ret = mm_pkey_free(mm, pkey);

	mmap_write_unlock(mm);
	return ret;
}
