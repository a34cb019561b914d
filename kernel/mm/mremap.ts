// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/mremap.c (5.17): a mapping changes its size or its place, and its
 * page tables move along.
 * Left out: move_soft_dirty_pte(), move_huge_pud() and huge pages at large,
 * arch_supports_page_table_move() (x86 always does), hugetlb, userfaultfd, KSM,
 * MMU notifiers.
 * Port: an address space that asks for a newer kernel (see linux/version.ts)
 * gets that one's checks before anything else (check_mremap_params(), 6.15),
 * moves of several mappings (remap_move(), 6.17), and merges by growth (6.0).
 *
 * Moving whole page tables and speculative faults (not in v2 as posted, where
 * it is a bug): a fault commits under its page table's lock after a look at
 * mmap_seq, and every writer that changes a pte takes that lock. A move at pmd
 * level takes only the pmd's, so a fault that has just committed would write
 * its pte while the table goes elsewhere. Here move_normal_pmd() takes the
 * lock of the moved table as well: who committed before has finished and its
 * page moves along; who gets the lock after sees the odd mmap_seq and gives
 * up. Under a pud there would be up to PTRS_PER_PMD such locks, so with
 * CONFIG_SPECULATIVE_PAGE_FAULT puds are not moved; it falls back to pmds.
 */
import {
	CONFIG_MEM_SOFT_DIRTY, CONFIG_SPECULATIVE_PAGE_FAULT,
} from "generated/autoconf.ts";
import { offset_in_page, PAGE_ALIGN } from "asm-generic/page.ts";
import {
	p4d_offset, pmd_clear, pmd_none, pte_mksoft_dirty, pte_none,
	pte_present, ptep_get_and_clear, pud_clear, pud_none, pud_pgtable,
	set_pte_at,
} from "asm/pgtable.ts";
import { pmd_pgtable, pmd_populate, pud_populate } from "asm/pgalloc.ts";
import {
	__PAGETABLE_PMD_FOLDED, PAGE_SIZE, PMD_SIZE, type pmd_t, type pte_t,
	PUD_SIZE, type pud_t, TASK_SIZE,
} from "asm/pgtable_types.ts";
import { flush_tlb_range } from "asm/tlbflush.ts";
import { current } from "kernel/sched/core.ts";
import { VM_BUG_ON, WARN_ON_ONCE } from "linux/bug.ts";
import { ERR_PTR, IS_ERR, IS_ERR_VALUE, PTR_ERR } from "linux/err.ts";
import { EAGAIN, EFAULT, EINTR, EINVAL, ENOMEM } from "linux/errno.ts";
import { i_mmap_lock_write, i_mmap_unlock_write } from "linux/fs.ts";
import { cond_resched } from "linux/kernel.ts";
import { SINGLE_DEPTH_NESTING } from "linux/lockdep.ts";
import { vma_policy } from "linux/mempolicy.ts";
import {
	MAP_FIXED, MAP_SHARED, MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE,
	vm_acct_memory, vm_unacct_memory,
} from "linux/mman.ts";
import {
	find_vma, mm_populate, p4d_alloc, pmd_alloc, pmd_lock, pmd_lockptr,
	pte_alloc, pte_lockptr, pte_offset_map_lock, pte_unmap_unlock,
	pud_alloc,
	pud_lock,
	pud_lockptr, VM_ACCOUNT, VM_DONTEXPAND, VM_LOCKED, VM_LOCKED_CLEAR_MASK,
	VM_MAYSHARE, VM_PFNMAP, VM_SHARED, vma_adjust, vma_lookup, vma_pages,
} from "linux/mm.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import {
	mmap_assert_write_locked, mmap_read_unlock, mmap_write_lock_killable,
	mmap_write_unlock,
} from "linux/mmap_lock.ts";
import { ulong_add_overflows } from "linux/overflow.ts";
import {
	pgd_none_or_clear_bad, pgd_offset, pmd_offset, pte_offset_map, pte_unmap,
	pud_none_or_clear_bad, pud_offset, p4d_none_or_clear_bad,
} from "linux/pgtable.ts";
import { pr_warn_once } from "linux/printk.ts";
import { anon_vma_lock_write, anon_vma_unlock_write } from "linux/rmap.ts";
import { spin_lock_nested, spin_unlock } from "linux/spinlock.ts";
import type { atomic_t } from "linux/types.ts";
import { mm_since } from "linux/version.ts";
import {
	__do_munmap, copy_vma, type copy_vma_args, do_munmap, get_unmapped_area,
	may_expand_vm, mlock_future_check, sysctl_max_map_count, vma_merge,
	vm_stat_account,
} from "mm/mmap.ts";
import { anon_vma_name } from "mm/madvise.ts";
import { is_vm_shm } from "kernel/ipc/shm.ts";
import { unlink_anon_vmas } from "mm/rmap.ts";
import { security_vm_enough_memory_mm } from "mm/util.ts";
import {
	mmu_notifier_invalidate_range_end, mmu_notifier_invalidate_range_start,
	mmu_notifier_range_init, MMU_NOTIFY_UNMAP,
} from "linux/mmu_notifier.ts";

interface mremap_data extends struct {
	duplicate_warned: embed<atomic_t>; /* atomic: pr_warn_once() */
}
const data = DEFINE<mremap_data>();

/** Port: of the third page-table lock, see move_normal_pmd(). */
const DOUBLE_DEPTH_NESTING = 2;

/** The pud entry for addr, or NULL if nothing is mapped around it. mmap_lock is
 *  held for writing, so tables neither come nor go. */
function get_old_pud(mm: mm_struct, addr: number): pud_t {
	const pgd = pgd_offset(mm, addr);

	if (pgd_none_or_clear_bad(pgd))
		return NULL;

	const p4d = p4d_offset(pgd, addr);

	if (p4d_none_or_clear_bad(p4d))
		return NULL;

	const pud = pud_offset(p4d, addr);

	if (pud_none_or_clear_bad(pud))
		return NULL;
	return pud;
}

/** The pmd entry for addr, or NULL if there is no table under it. */
function get_old_pmd(mm: mm_struct, addr: number): pmd_t {
	const pud = get_old_pud(mm, addr);

	if (pud === NULL)
		return NULL;

	const pmd = pmd_offset(pud, addr);

	if (pmd_none(READ_ONCE(pmd.pmd)))
		return NULL;
	return pmd;
}

/** The pud entry for addr, the tables above it being made. NULL: no memory. */
function alloc_new_pud(
	mm: mm_struct, _vma: vm_area_struct, addr: number,
): pud_t {
	const pgd = pgd_offset(mm, addr);
	const p4d = p4d_alloc(mm, pgd, addr);

	if (p4d === NULL)
		return NULL;
	return pud_alloc(mm, p4d, addr);
}

/** The pmd entry for addr, likewise. */
function alloc_new_pmd(
	mm: mm_struct, vma: vm_area_struct, addr: number,
): pmd_t {
	const pud = alloc_new_pud(mm, vma, addr);

	if (pud === NULL)
		return NULL;

	const pmd = pmd_alloc(mm, pud, addr);

	if (pmd === NULL)
		return NULL;
	return pmd;
}

/**
 * Keep rmap walks out of the vma: those by its file, and those by its anon_vma.
 * In the order in which __vma_adjust() takes the two.
 */
function take_rmap_locks(vma: vm_area_struct): void {
	if (vma.vm_file !== NULL)
		i_mmap_lock_write(vma.vm_file.f_mapping);
	if (vma.anon_vma !== NULL)
		anon_vma_lock_write(vma.anon_vma);
}

/** And let them in again. */
function drop_rmap_locks(vma: vm_area_struct): void {
	if (vma.anon_vma !== NULL)
		anon_vma_unlock_write(vma.anon_vma);
	if (vma.vm_file !== NULL)
		i_mmap_unlock_write(vma.vm_file.f_mapping);
}

/** What is at a new address is changed memory there. */
function move_soft_dirty_pte(pte: number): number {
	if (CONFIG_MEM_SOFT_DIRTY) {
		if (pte_present(pte))
			return pte_mksoft_dirty(pte);
	}
	return pte;
}

/**
 * Move the ptes of [old_addr, old_end), which lie in one page table.
 *
 * need_rmap_locks: a rmap walk must find each page at its old or at its new
 * place. If copy_vma() put the new vma behind the old one in the interval
 * tree, the walk comes by the new place last and finds what moved meanwhile;
 * page-table locks are enough. If not, the walk has to be kept out.
 */
function move_ptes(
	vma: vm_area_struct, old_pmd: pmd_t, old_addr: number, old_end: number,
	_new_vma: vm_area_struct, new_pmd: pmd_t, new_addr: number,
	need_rmap_locks: boolean,
): void {
	const mm: mm_struct = vma.vm_mm;
	const len = old_end - old_addr;
	let force_flush = false;

	if (need_rmap_locks)
		take_rmap_locks(vma);

	/*
	 * The order of the two locks does not matter: only a writer of
	 * mmap_lock takes two, and we are the one.
	 */
	let old_pte: pte_t = pte_offset_map_lock(mm, old_pmd, old_addr);
	const old_ptl = pte_lockptr(mm, old_pmd);
	let new_pte: pte_t = pte_offset_map(new_pmd, new_addr);
	const new_ptl = pte_lockptr(mm, new_pmd);

	if (new_ptl !== old_ptl)
		spin_lock_nested(new_ptl, SINGLE_DEPTH_NESTING);

	while (old_addr < old_end) {
		if (!pte_none(READ_ONCE(old_pte.pte))) {
			const pte = ptep_get_and_clear(mm, old_addr, old_pte);

			/*
			 * The TLB must be flushed before either lock is
			 * dropped: the old one for who cleans the page and
			 * looks at this pte, the new one so that the page is
			 * not freed while it can still be reached at the old
			 * address.
			 */
			if (pte_present(pte))
				force_flush = true;
			set_pte_at(mm, new_addr, new_pte,
				move_soft_dirty_pte(pte));
		}
		old_pte = ptr_add(old_pte, 1);
		old_addr += PAGE_SIZE;
		new_pte = ptr_add(new_pte, 1);
		new_addr += PAGE_SIZE;
	}

	if (force_flush)
		flush_tlb_range(vma, old_end - len, old_end);
	if (new_ptl !== old_ptl)
		spin_unlock(new_ptl);
	pte_unmap(new_pte);
	pte_unmap_unlock(old_pte, old_ptl);
	if (need_rmap_locks)
		drop_rmap_locks(vma);
}

/** Move a whole table of ptes. The rmap locks are held. */
function move_normal_pmd(
	vma: vm_area_struct, old_addr: number, _new_addr: number,
	old_pmd: pmd_t, new_pmd: pmd_t,
): boolean {
	const mm: mm_struct = vma.vm_mm;

	/*
	 * The destination was unmapped, which frees its tables. Where an
	 * execve() moves its stack within one pmd that need not be so.
	 */
	if (WARN_ON_ONCE(!pmd_none(READ_ONCE(new_pmd.pmd)), "move_normal_pmd"))
		return false;

	/* As for the order of these locks see move_ptes(). */
	const old_ptl = pmd_lock(mm, old_pmd);
	const new_ptl = pmd_lockptr(mm, new_pmd);

	if (new_ptl !== old_ptl)
		spin_lock_nested(new_ptl, SINGLE_DEPTH_NESTING);

	/*
	 * Port: keep speculative faults out of the table; see the head. Its
	 * lock is of one class with the other two, which may be two.
	 */
	const pte_ptl = pte_lockptr(mm, old_pmd);
	const lock_ptes = CONFIG_SPECULATIVE_PAGE_FAULT &&
		pte_ptl !== old_ptl && pte_ptl !== new_ptl;

	if (lock_ptes)
		spin_lock_nested(pte_ptl, DOUBLE_DEPTH_NESTING);

	/*
	 * Take it out, and put it in. Threads may use the old addresses by
	 * their TLBs until the flush, which is before the locks are dropped:
	 * after that the range may be somebody else's.
	 */
	const pmd = READ_ONCE(old_pmd.pmd);

	pmd_clear(old_pmd);
	VM_BUG_ON(!pmd_none(READ_ONCE(new_pmd.pmd)), "move_normal_pmd: race");
	pmd_populate(mm, new_pmd, pmd_pgtable(pmd));
	flush_tlb_range(vma, old_addr, old_addr + PMD_SIZE);

	if (lock_ptes)
		spin_unlock(pte_ptl);
	if (new_ptl !== old_ptl)
		spin_unlock(new_ptl);
	spin_unlock(old_ptl);
	return true;
}

/** Move a whole table of pmds, likewise. */
function move_normal_pud(
	vma: vm_area_struct, old_addr: number, _new_addr: number,
	old_pud: pud_t, new_pud: pud_t,
): boolean {
	const mm: mm_struct = vma.vm_mm;

	/* Port: not against speculative faults; see the head. And not where
	 * puds are folded into the pgd with the pmds. */
	if (CONFIG_SPECULATIVE_PAGE_FAULT || __PAGETABLE_PMD_FOLDED)
		return false;
	if (WARN_ON_ONCE(!pud_none(READ_ONCE(new_pud.pud)), "move_normal_pud"))
		return false;

	const old_ptl = pud_lock(mm, old_pud);
	const new_ptl = pud_lockptr(mm, new_pud);

	if (new_ptl !== old_ptl)
		spin_lock_nested(new_ptl, SINGLE_DEPTH_NESTING);

	const pud = READ_ONCE(old_pud.pud);

	pud_clear(old_pud);
	VM_BUG_ON(!pud_none(READ_ONCE(new_pud.pud)), "move_normal_pud: race");
	pud_populate(mm, new_pud, cast<pmd_t>(pud_pgtable(pud)));
	flush_tlb_range(vma, old_addr, old_addr + PUD_SIZE);

	if (new_ptl !== old_ptl)
		spin_unlock(new_ptl);
	spin_unlock(old_ptl);
	return true;
}

/** What may be moved at once. Port: without huge ones. */
const NORMAL_PMD = 0;
const NORMAL_PUD = 2;

/** How far from old_addr both places stay within one such entry. */
function get_extent(
	entry: number, old_addr: number, old_end: number, new_addr: number,
): number {
	const size = entry === NORMAL_PMD ? PMD_SIZE : PUD_SIZE;
	let next = (Math.floor(old_addr / size) + 1) * size;
	let extent = next - old_addr;

	if (extent > old_end - old_addr)
		extent = old_end - old_addr;
	next = (Math.floor(new_addr / size) + 1) * size;
	if (extent > next - new_addr)
		extent = next - new_addr;
	return extent;
}

/**
 * Move the table below one entry, if that can be done in one step; false: it is
 * to be done piece by piece. mmap_lock is held for writing; the rmap locks are
 * taken here if need_rmap_locks, and dropped again.
 */
function move_pgt_entry(
	entry: number, vma: vm_area_struct, old_addr: number, new_addr: number,
	old_entry: struct, new_entry: struct,
	need_rmap_locks: boolean,
): boolean {
	let moved = false;

	/* As for why see move_ptes(). */
	if (need_rmap_locks)
		take_rmap_locks(vma);
	switch (entry) {
	case NORMAL_PMD:
		moved = move_normal_pmd(vma, old_addr, new_addr,
			cast<pmd_t>(old_entry), cast<pmd_t>(new_entry));
		break;
	case NORMAL_PUD:
		moved = move_normal_pud(vma, old_addr, new_addr,
			cast<pud_t>(old_entry), cast<pud_t>(new_entry));
		break;
	default:
		WARN_ON_ONCE(true, "move_pgt_entry: unknown entry");
		break;
	}
	if (need_rmap_locks)
		drop_rmap_locks(vma);
	return moved;
}

/**
 * Move the page tables of old_len bytes from old_addr in vma to new_addr in
 * new_vma. Returns how many bytes were moved: fewer if a table could not be
 * allocated. mmap_lock is held for writing; both vmas are linked, and rmap
 * walks may come by at any time.
 */
export function move_page_tables(
	vma: vm_area_struct, old_addr: number, new_vma: vm_area_struct,
	new_addr: number, len: number, need_rmap_locks: boolean,
): number {
	const mm: mm_struct = vma.vm_mm;
	const old_end = old_addr + len;
	let extent: number;

	mmap_assert_write_locked(mm);
	const range = mmu_notifier_range_init(MMU_NOTIFY_UNMAP, 0, vma, mm,
		old_addr, old_end);
	mmu_notifier_invalidate_range_start(range);
	for (; old_addr < old_end; old_addr += extent, new_addr += extent) {
		cond_resched();

		/* Can a whole pud go? */
		extent = get_extent(NORMAL_PUD, old_addr, old_end, new_addr);

		const old_pud = get_old_pud(mm, old_addr);

		if (old_pud === NULL)
			continue;

		const new_pud = alloc_new_pud(mm, vma, new_addr);

		if (new_pud === NULL)
			break;
		if (extent === PUD_SIZE) {
			if (move_pgt_entry(NORMAL_PUD, vma, old_addr, new_addr,
				old_pud, new_pud, true))
				continue;
		}

		/* Or a whole pmd? */
		extent = get_extent(NORMAL_PMD, old_addr, old_end, new_addr);

		const old_pmd = get_old_pmd(mm, old_addr);

		if (old_pmd === NULL)
			continue;

		const new_pmd = alloc_new_pmd(mm, vma, new_addr);

		if (new_pmd === NULL)
			break;
		if (extent === PMD_SIZE) {
			if (move_pgt_entry(NORMAL_PMD, vma, old_addr, new_addr,
				old_pmd, new_pmd, true))
				continue;
		}

		if (pte_alloc(new_vma.vm_mm, new_pmd))
			break;
		move_ptes(vma, old_pmd, old_addr, old_addr + extent, new_vma,
			new_pmd, new_addr, need_rmap_locks);
	}
	mmu_notifier_invalidate_range_end(range);
	return len + old_addr - old_end; /* what was moved */
}

/** Out-parameter: the new range is VM_LOCKED and has to be faulted in. */
interface mremap_state {
	locked: boolean;
}

/**
 * To a new place, which is free: make a vma there, move the page tables, unmap
 * the old place. Returns new_addr or an errno, and then everything is where it
 * was. mmap_lock is held for writing, and stays so.
 */
function move_vma(
	vma: vm_area_struct, old_addr: number, old_len: number, new_len: number,
	new_addr: number, state: mremap_state, flags: number,
): number {
	const mm: mm_struct = vma.vm_mm;
	const vm_flags = vma.vm_flags;
	const vm_ops = vma.vm_ops;
	let to_account = new_len - old_len;
	let excess = 0;
	let split = false;
	let err = 0;

	/* do_munmap() below may make three of one: see that it can. */
	if (mm.map_count >= sysctl_max_map_count - 3)
		return -ENOMEM;

	if ((flags & MREMAP_DONTUNMAP) !== 0)
		to_account = new_len;

	if (vm_ops && vm_ops.may_split) {
		if (vma.vm_start !== old_addr)
			err = vm_ops.may_split(vma, old_addr);
		if (!err && vma.vm_end !== old_addr + old_len)
			err = vm_ops.may_split(vma, old_addr + old_len);
		if (err)
			return err;
	}

	if ((vm_flags & VM_ACCOUNT) !== 0) {
		if (security_vm_enough_memory_mm(mm, to_account / PAGE_SIZE))
			return -ENOMEM;
	}

	/* The pages keep their index, so the new vma begins at the same offset
	 * of file or anon_vma as the old range. */
	const new_pgoff = vma.vm_pgoff + (old_addr - vma.vm_start) / PAGE_SIZE;
	const copy: copy_vma_args = { vma, need_rmap_locks: false };
	const new_vma = copy_vma(copy, new_addr, new_len, new_pgoff);

	vma = copy.vma;
	if (new_vma === NULL) {
		if ((vm_flags & VM_ACCOUNT) !== 0)
			vm_unacct_memory(to_account / PAGE_SIZE);
		return -ENOMEM;
	}

	/* Both vmas are there, and lead to the same anon_vmas: wherever a page
	 * is at any moment of the move, one of them tells. */
	const moved_len = move_page_tables(vma, old_addr, new_vma, new_addr,
		old_len, copy.need_rmap_locks);

	if (moved_len < old_len)
		err = -ENOMEM;
	else if (vm_ops && vm_ops.mremap)
		err = vm_ops.mremap(new_vma);

	if (err) {
		/*
		 * Move back what was moved, for which the tables are still
		 * there, and unmap the new place instead of the old one.
		 */
		move_page_tables(new_vma, new_addr, vma, old_addr, moved_len, true);
		/* Port: what it would have grown by is not given back below,
		 * where VM_ACCOUNT is hidden; the kernel forgets it. */
		if ((vm_flags & VM_ACCOUNT) !== 0 &&
		    (flags & MREMAP_DONTUNMAP) === 0)
			vm_unacct_memory(to_account / PAGE_SIZE);
		vma = new_vma;
		old_len = new_len;
		old_addr = new_addr;
		new_addr = err;
	}

	/* Hide VM_ACCOUNT, so that do_munmap() does not give back what the new
	 * place goes on using. */
	if ((vm_flags & VM_ACCOUNT) !== 0 && (flags & MREMAP_DONTUNMAP) === 0) {
		vma.vm_flags &= ~VM_ACCOUNT;
		excess = vma.vm_end - vma.vm_start - old_len;
		if (old_addr > vma.vm_start && old_addr + old_len < vma.vm_end)
			split = true;
	}

	/* Also after a failure: do_munmap() will take off as much. */
	const hiwater_vm = mm.hiwater_vm;

	vm_stat_account(mm, vma.vm_flags, new_len / PAGE_SIZE);

	if (!err && (flags & MREMAP_DONTUNMAP) !== 0) {
		/*
		 * The old vma stays, empty, and unlocked in any case. Port: of
		 * one that moves in part the rest is counted out, too.
		 */
		if ((vm_flags & VM_LOCKED) !== 0)
			mm.locked_vm -= vma_pages(vma) - old_len / PAGE_SIZE;
		vma.vm_flags &= VM_LOCKED_CLEAR_MASK;
		/*
		 * None of its pages is left, so it needs no anon_vma. That a
		 * speculative fault looks at the anon_vma of its own copy is
		 * harmless: it had to commit before the pages were moved.
		 */
		if (new_vma !== vma && vma.vm_start === old_addr &&
		    vma.vm_end === old_addr + old_len)
			unlink_anon_vmas(vma);
		/* As it is not unmapped, locked_vm does not change. */
		return new_addr;
	}

	/* The old place is empty by now (or after a failure the new one): this
	 * takes away the vma and the tables that are left. */
	if (do_munmap(mm, old_addr, old_len) < 0) {
		/*
		 * No memory to split: get the accounts right at least. Port:
		 * and say so in what is left, in two pieces if only the second
		 * split has failed; else it would never be given back.
		 */
		if ((vm_flags & VM_ACCOUNT) !== 0 &&
		    (flags & MREMAP_DONTUNMAP) === 0) {
			const rest: vm_area_struct = vma.vm_next;

			vm_acct_memory(old_len / PAGE_SIZE);
			vma.vm_flags |= VM_ACCOUNT;
			if (rest !== NULL && rest.vm_start < old_addr + old_len)
				rest.vm_flags |= VM_ACCOUNT;
		}
		excess = 0;
	}
	/* What is moved was never there twice. */
	WRITE_ONCE(mm.hiwater_vm, hiwater_vm);

	if ((vm_flags & VM_LOCKED) !== 0) {
		mm.locked_vm += new_len / PAGE_SIZE;
		state.locked = true;
	}

	/* Restore VM_ACCOUNT of the one or two pieces that are left. */
	if (excess !== 0) {
		vma.vm_flags |= VM_ACCOUNT;
		if (split) {
			const rest: vm_area_struct = vma.vm_next;

			rest.vm_flags |= VM_ACCOUNT;
		}
	}
	return new_addr;
}

/** The vma at addr, if its part of old_len bytes may become new_len; or an
 *  error pointer. mmap_lock is held for writing. */
function vma_to_resize(
	addr: number, old_len: number, new_len: number, flags: number,
): vm_area_struct {
	const mm: mm_struct = current().mm;
	const vma = vma_lookup(mm, addr);

	if (vma === NULL)
		return ERR_PTR(-EFAULT);

	/* old_len 0 duplicates a shared mapping. Of a private one it would be
	 * another, unrelated mapping, which nobody can mean. */
	if (old_len === 0 && (vma.vm_flags & (VM_SHARED | VM_MAYSHARE)) === 0) {
		pr_warn_once(data.duplicate_warned,
			`${current().pid}: mremap of 0 private bytes`);
		return ERR_PTR(-EINVAL);
	}
	if ((flags & MREMAP_DONTUNMAP) !== 0 &&
	    (vma.vm_flags & (VM_DONTEXPAND | VM_PFNMAP)) !== 0)
		return ERR_PTR(-EINVAL);

	/* Not across the end of the vma. */
	if (old_len > vma.vm_end - addr)
		return ERR_PTR(-EFAULT);
	if (new_len === old_len)
		return vma;

	/* Would the offset of the new end wrap? */
	const pgoff = (addr - vma.vm_start) / PAGE_SIZE + vma.vm_pgoff;

	if (ulong_add_overflows(pgoff, new_len / PAGE_SIZE))
		return ERR_PTR(-EINVAL);
	if ((vma.vm_flags & (VM_DONTEXPAND | VM_PFNMAP)) !== 0)
		return ERR_PTR(-EFAULT);
	if (mlock_future_check(mm, vma.vm_flags, new_len - old_len))
		return ERR_PTR(-EAGAIN);
	if (!may_expand_vm(mm, vma.vm_flags, (new_len - old_len) / PAGE_SIZE))
		return ERR_PTR(-ENOMEM);
	return vma;
}

/** MREMAP_FIXED or MREMAP_DONTUNMAP: in place is not enough. mmap_lock is held
 *  for writing, and stays so. */
function mremap_to(
	addr: number, old_len: number, new_addr: number, new_len: number,
	state: mremap_state, flags: number,
): number {
	const mm: mm_struct = current().mm;
	let ret: number;

	if (offset_in_page(new_addr))
		return -EINVAL;
	if (new_len > TASK_SIZE || new_addr > TASK_SIZE - new_len)
		return -EINVAL;
	/* Old and new place must not overlap. */
	if (addr + old_len > new_addr && new_addr + new_len > addr)
		return -EINVAL;

	/* Port: since 6.17 what is bound to fail unmaps nothing. */
	if (mm_since(mm, 6, 17)) {
		const old_vma = vma_to_resize(addr, Math.min(old_len, new_len),
			new_len, flags);

		if (IS_ERR(old_vma))
			return PTR_ERR(old_vma);
	}

	/*
	 * move_vma() gives up if it is within 3 of the limit. It must not do so
	 * after we have unmapped things here, two splits in the worst case, or
	 * the caller of a failed mremap() would not know what is left.
	 */
	if (mm.map_count + 2 >= sysctl_max_map_count - 3)
		return -ENOMEM;

	if ((flags & MREMAP_FIXED) !== 0) {
		ret = do_munmap(mm, new_addr, new_len);
		if (ret)
			return ret;
	}
	if (old_len > new_len) {
		ret = do_munmap(mm, addr + new_len, old_len - new_len);
		if (ret)
			return ret;
		old_len = new_len;
	}

	const vma = vma_to_resize(addr, old_len, new_len, flags);

	if (IS_ERR(vma))
		return PTR_ERR(vma);

	/* The old range stays, so all of it is more. */
	if ((flags & MREMAP_DONTUNMAP) !== 0 &&
	    !may_expand_vm(mm, vma.vm_flags, old_len / PAGE_SIZE))
		return -ENOMEM;

	let map_flags = 0;

	if ((flags & MREMAP_FIXED) !== 0)
		map_flags |= MAP_FIXED;
	if ((vma.vm_flags & VM_MAYSHARE) !== 0)
		map_flags |= MAP_SHARED;

	ret = get_unmapped_area(vma.vm_file, new_addr, new_len,
		vma.vm_pgoff + (addr - vma.vm_start) / PAGE_SIZE, map_flags);
	if (IS_ERR_VALUE(ret))
		return ret;
	/* new_addr was but a hint. */
	if ((flags & MREMAP_FIXED) === 0)
		new_addr = ret;
	return move_vma(vma, addr, old_len, new_len, new_addr, state, flags);
}

/**
 * Let vma end at `end`, where nothing else is. Port: since 6.0 it merges with
 * what follows there, if that is alike. 0 or an errno.
 */
function vma_extend(vma: vm_area_struct, end: number): number {
	const vm_ops = vma.vm_ops;

	if (!mm_since(vma.vm_mm, 6, 0) || (vm_ops && vm_ops.close))
		return vma_adjust(vma, vma.vm_start, end, vma.vm_pgoff, NULL);
	/* vma_merge() may free what follows, and never vma itself. */
	return vma_merge(vma.vm_mm, vma, vma.vm_end, end, vma.vm_flags,
		vma.anon_vma, vma.vm_file, vma.vm_pgoff +
			(vma.vm_end - vma.vm_start) / PAGE_SIZE,
		vma_policy(vma), anon_vma_name(vma)) === NULL ? -ENOMEM : 0;
}

/** Is there room behind vma for delta bytes more? */
function vma_expandable(vma: vm_area_struct, delta: number): boolean {
	const end = vma.vm_end + delta;

	if (vma.vm_next !== NULL && vma.vm_next.vm_start < end)
		return false;
	return !IS_ERR_VALUE(get_unmapped_area(NULL, vma.vm_start,
		end - vma.vm_start, 0, MAP_FIXED));
}

/**
 * What 6.15 and later (those of a range: 6.17) look at before they take the
 * lock, and so before they know whether anything is mapped; without what 5.17
 * looks at before that, too. The lengths are in whole pages, old_len 0 where
 * that wraps. 0 or an errno.
 */
function check_mremap_params(
	mm: mm_struct, addr: number, old_len: number, new_len: number,
	flags: number, new_addr: number,
): number {
	const all_at_once = mm_since(mm, 6, 17);

	if (all_at_once && new_len > TASK_SIZE)
		return -EINVAL;
	/* The rest is about a new address, which is used with these two. */
	if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) === 0)
		return 0;
	if (all_at_once &&
	    new_addr > TASK_SIZE - new_len)
		return -EINVAL;
	if (offset_in_page(new_addr))
		return -EINVAL;
	if ((flags & MREMAP_DONTUNMAP) !== 0 && old_len !== new_len)
		return -EINVAL;
	if (all_at_once &&
	    addr + old_len > new_addr && new_addr + new_len > addr)
		return -EINVAL;
	if (mm.map_count + 2 >= sysctl_max_map_count - 3)
		return -ENOMEM;
	return 0;
}

/**
 * May the mapping be one of several that mremap() moves? Port: not, since 6.17,
 * where a driver places mappings by itself, which might not obey MREMAP_FIXED:
 * System V segments are all that there is of them.
 */
function vma_multi_allowed(vma: vm_area_struct): boolean {
	return !is_vm_shm(vma);
}

/**
 * Since 6.17: to a new place with all mappings of the range, as far apart from
 * each other as they were. Nothing is undone if one cannot go, so those before
 * it have moved. The range has to begin in a mapping; it may end in a hole.
 * mmap_lock is held for writing, and stays so.
 */
function remap_move(
	mm: mm_struct, start: number, len: number, new_addr: number,
	state: mremap_state, flags: number,
): number {
	const end = start + len;
	let vma = find_vma(mm, start);
	let target = new_addr;
	let last_end = start;
	let ret = -EFAULT;

	if (vma === NULL || vma.vm_start > start)
		return -EFAULT;
	while (vma !== NULL && vma.vm_start < end) {
		const addr = Math.max(vma.vm_start, start);
		const vma_end: number = vma.vm_end;
		const part = Math.min(vma_end, end) - addr;

		if (!vma_multi_allowed(vma) && (addr > start || vma_end < end))
			return -EFAULT;
		if (addr > start)
			target += vma.vm_start - last_end;
		last_end = vma_end;

		const moved = mremap_to(addr, part, target, part, state, flags);

		if (IS_ERR_VALUE(moved))
			return moved;
		if (addr === start)
			ret = moved;
		target = moved + part;
		vma = find_vma(mm, vma_end);
	}
	return ret;
}

/**
 * Grow, shrink or move a mapping. Shrinking ends with mmap_lock downgraded
 * while the pages are freed.
 */
export function sys_mremap(
	addr: number, old_len: number, new_len: number, flags: number,
	new_addr: number,
): number {
	const mm: mm_struct = current().mm;
	const state: mremap_state = { locked: false };
	const newer = mm_since(mm, 6, 15);

	if ((flags & ~(MREMAP_FIXED | MREMAP_MAYMOVE | MREMAP_DONTUNMAP)) !== 0)
		return -EINVAL;
	if ((flags & MREMAP_FIXED) !== 0 && (flags & MREMAP_MAYMOVE) === 0)
		return -EINVAL;
	/* Who keeps the old place moves, and changes no size. Port: since 6.17
	 * a size in pages, see below. */
	if ((flags & MREMAP_DONTUNMAP) !== 0 &&
	    ((flags & MREMAP_MAYMOVE) === 0 ||
		(old_len !== new_len && !(newer && mm_since(mm, 6, 17)))))
		return -EINVAL;
	if (offset_in_page(addr))
		return -EINVAL;

	/* A length that rounding would wrap is a length of 0: for the old one
	 * that has a meaning, for the new one it has not. */
	if (new_len === 0 || ulong_add_overflows(new_len, PAGE_SIZE - 1))
		return -EINVAL;
	old_len = ulong_add_overflows(old_len, PAGE_SIZE - 1)
		? 0 : PAGE_ALIGN(old_len);
	new_len = PAGE_ALIGN(new_len);

	if (newer) {
		const err = check_mremap_params(mm, addr, old_len, new_len,
			flags, new_addr);

		if (err)
			return err;
	}

	if (mmap_write_lock_killable(mm))
		return -EINTR;

	/* Shrinking in place: what is too much is unmapped. */
	if (vma_lookup(mm, addr) !== NULL && old_len >= new_len &&
	    (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) === 0) {
		const retval = __do_munmap(mm, addr + new_len,
			old_len - new_len, true);

		if (retval === 1)
			mmap_read_unlock(mm);
		else
			mmap_write_unlock(mm);
		/* With equal lengths there was nothing to unmap. */
		if (retval < 0 && old_len !== new_len)
			return retval;
		return addr;
	}

	const moved = mremap_locked(mm, addr, old_len, new_len, flags, new_addr,
		state);

	mmap_write_unlock(mm);
	if (offset_in_page(moved))
		state.locked = false;
	if (state.locked && new_len > old_len)
		mm_populate(moved + old_len, new_len - old_len);
	return moved;
}

/** sys_mremap() where it does not shrink. Port: a function of its own, as it
 *  leaves by `goto out` there. mmap_lock is held for writing. */
function mremap_locked(
	mm: mm_struct, addr: number, old_len: number, new_len: number,
	flags: number, new_addr: number, state: mremap_state,
): number {
	/* Port: 5.17 returns EFAULT without the minus here, which a program
	 * takes for an address; corrected in 5.18. */
	if (vma_lookup(mm, addr) === NULL)
		return -EFAULT;
	if ((flags & MREMAP_FIXED) !== 0 && old_len === new_len &&
	    mm_since(mm, 6, 17))
		return remap_move(mm, addr, old_len, new_addr, state, flags);
	if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) !== 0)
		return mremap_to(addr, old_len, new_addr, new_len, state, flags);

	/* It has to grow. */
	const vma = vma_to_resize(addr, old_len, new_len, flags);

	if (IS_ERR(vma))
		return PTR_ERR(vma);

	/* It ends where the vma does: can that end move? */
	if (old_len === vma.vm_end - addr &&
	    vma_expandable(vma, new_len - old_len)) {
		const pages = (new_len - old_len) / PAGE_SIZE;

		if ((vma.vm_flags & VM_ACCOUNT) !== 0) {
			if (security_vm_enough_memory_mm(mm, pages))
				return -ENOMEM;
		}
		if (vma_extend(vma, addr + new_len)) {
			if ((vma.vm_flags & VM_ACCOUNT) !== 0)
				vm_unacct_memory(pages);
			return -ENOMEM;
		}
		vm_stat_account(mm, vma.vm_flags, pages);
		if ((vma.vm_flags & VM_LOCKED) !== 0) {
			mm.locked_vm += pages;
			state.locked = true;
		}
		return addr;
	}

	/* Neither shrunk nor grown in place: move it, if we may. */
	if ((flags & MREMAP_MAYMOVE) === 0)
		return -ENOMEM;

	const map_flags = (vma.vm_flags & VM_MAYSHARE) !== 0 ? MAP_SHARED : 0;

	new_addr = get_unmapped_area(vma.vm_file, 0, new_len,
		vma.vm_pgoff + (addr - vma.vm_start) / PAGE_SIZE, map_flags);
	if (IS_ERR_VALUE(new_addr))
		return new_addr;
	return move_vma(vma, addr, old_len, new_len, new_addr, state, flags);
}
