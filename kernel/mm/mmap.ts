// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/mmap.c (5.17 with V2.12 and 24): the list and the tree of vmas,
 * how they are found, made, merged, split and taken away.
 * Left out:
 * - arch_mmap_check(), arch_filter_pgprot(), vm_pgprot_modify() (see below),
 *   file_mmap_size_max();
 * - sys_old_mmap(), sys_remap_file_pages(), install_special_mapping() in its
 *   old form and __install_special_mapping();
 * - expand_upwards(): no machine here has stacks that grow upwards; the boot
 *   parameter stack_guard_gap=;
 * - init_user_reserve(), init_admin_reserve(), init_reserve_notifier();
 * - everywhere: hugetlb, userfaultfd, uprobes, perf
 *   events, security modules; the legacy (bottom-up) layout as a choice.
 *
 * Port: an out-parameter is a field of a vma_links or populate object that the
 * caller made. vm_page_prot has no cache attributes to keep, so it is always
 * vm_get_page_prot() of the flags. Tasks are the superuser as far as limits on
 * locked memory go, but do not map below mmap_min_addr.
 */
import { mm_is_oom_victim, MMF_OOM_SKIP } from "linux/oom.ts";
import { __oom_reap_task_mm } from "mm/oom_kill.ts";
import {
	CONFIG_ANON_VMA_NAME, CONFIG_ARCH_HAS_PKEYS, CONFIG_DEBUG_VM_RB,
	CONFIG_DEFAULT_MMAP_MIN_ADDR, CONFIG_MEM_SOFT_DIRTY,
	CONFIG_MMU_NOTIFIER, CONFIG_SPECULATIVE_PAGE_FAULT,
} from "generated/autoconf.ts";
import type { mmu_gather } from "asm-generic/tlb.ts";
import {
	offset_in_page, PAGE_ALIGN, page_align_down, PHYS_PFN,
} from "asm-generic/page.ts";
import { arch_vm_get_page_prot } from "asm/mman.ts";
import {
	PAGE_COPY, PAGE_COPY_EXEC, PAGE_NONE, PAGE_READONLY,
	PAGE_READONLY_EXEC, PAGE_SHARED, PAGE_SHARED_EXEC, PAGE_SIZE, TASK_SIZE,
} from "asm/pgtable_types.ts";
import {
	arch_get_mmap_32bit_base, arch_get_mmap_base, arch_get_mmap_end,
} from "asm/elf.ts";
import { arch_exit_mmap } from "asm/mmu_context.ts";
import { vm_area_alloc, vm_area_dup, vm_area_free } from "kernel/fork.ts";
import { fget, fput } from "kernel/fs/file_table.ts";
import { rb_first, rb_last, rb_next, rb_prev } from "kernel/lib/rbtree.ts";
import { current, signal_pending } from "kernel/sched/core.ts";
import { anon_vma_name_eq } from "linux/anon_vma_name.ts";
import {
	BUG, BUG_ON, VM_BUG_ON, VM_BUG_ON_MM, VM_BUG_ON_VMA, VM_WARN_ON,
	WARN_ON_ONCE,
} from "linux/bug.ts";
import { ERR_PTR, IS_ERR_VALUE } from "linux/err.ts";
import {
	EACCES, EAGAIN, EBADF, EEXIST, EFAULT, EINTR, EINVAL, ENODEV, ENOMEM,
	EOPNOTSUPP, EOVERFLOW, EPERM,
} from "linux/errno.ts";
import {
	type address_space, AS_MM_ALL_LOCKS, call_mmap, type file, FMODE_READ,
	FMODE_WRITE, get_file, i_mmap_lock_write, i_mmap_unlock_write,
	mapping_allow_writable, mapping_map_writable, mapping_unmap_writable,
} from "linux/fs.ts";
import { __GFP_ZERO, alloc_page, GFP_KERNEL } from "linux/gfp.ts";
import { list_is_singular } from "linux/list.ts";
import {
	calc_vm_flag_bits, calc_vm_prot_bits, LEGACY_MAP_MASK, MAP_ANONYMOUS,
	MAP_DROPPABLE, MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_HUGE_SHIFT,
	MAP_HUGETLB, MAP_LOCKED, MAP_NONBLOCK, MAP_NORESERVE, MAP_POPULATE,
	MAP_PRIVATE, MAP_SHARED, MAP_SHARED_VALIDATE, MAP_TYPE,
	OVERCOMMIT_GUESS,
	OVERCOMMIT_NEVER, PROT_EXEC, PROT_READ, PROT_WRITE, vm_committed_as,
	vm_unacct_memory,
} from "linux/mman.ts";
import {
	find_vma_intersection, get_page, vm_end_gap, VM_ACCESS_FLAGS,
	VM_ACCOUNT, VM_DATA_DEFAULT_FLAGS, VM_DONTEXPAND, VM_DROPPABLE, VM_EXEC,
	type vm_fault_t, VM_GROWSDOWN, VM_GROWSUP, VM_LOCKED,
	VM_LOCKED_CLEAR_MASK, VM_MAYEXEC, VM_MAYREAD, VM_MAYSHARE, VM_MAYWRITE,
	VM_NORESERVE, VM_READ, VM_SHARED, VM_SOFTDIRTY, VM_SPECIAL,
	vm_start_gap,
	VM_WRITE, vma_is_accessible, vma_is_anonymous, vma_pages,
	vma_set_anonymous, mm_populate, find_vma, update_hiwater_rss,
	update_hiwater_vm, vma_adjust,
} from "linux/mm.ts";
import type {
	anon_vma, anon_vma_chain, anon_vma_name as anon_vma_name_t, mm_struct,
	page, vm_area_struct, vm_fault,
} from "linux/mm_types.ts";
import {
	__mmap_seq_write_lock, __mmap_seq_write_unlock, mmap_assert_locked,
	mmap_assert_write_locked, mmap_read_lock, mmap_read_unlock,
	mmap_write_downgrade, mmap_write_lock, mmap_write_lock_killable,
	mmap_write_unlock,
} from "linux/mmap_lock.ts";
import {
	type mempolicy, mpol_equal, mpol_put, vma_dup_policy, vma_policy,
} from "linux/mempolicy.ts";
import { ulong_add_overflows } from "linux/overflow.ts";
import { ARCH_DEFAULT_PKEY, execute_only_pkey } from "linux/pkeys.ts";
import { percpu_counter_init } from "linux/percpu_counter.ts";
import { cond_resched, might_sleep } from "linux/kernel.ts";
import { pr_emerg } from "linux/printk.ts";
import {
	RB_EMPTY_ROOT, rb_left_link, type rb_link, rb_link_node,
	rb_link_node_rcu, rb_parent, rb_right_link,
} from "linux/rbtree.ts";
import { rb_erase_augmented, rb_insert_augmented } from "linux/rbtree_augmented.ts";
import {
	check_data_rlimit, rlimit, RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK,
	rlimit_max, RLIMIT_STACK,
} from "linux/resource.ts";
import {
	anon_vma_lock_read, anon_vma_lock_write, anon_vma_merge,
	anon_vma_unlock_read, anon_vma_unlock_write,
} from "linux/rmap.ts";
import { spin_lock, spin_unlock } from "linux/spinlock.ts";
import type { list_head, rb_node, rb_root } from "linux/types.ts";
import { mm_from_elsewhere, mm_since } from "linux/version.ts";
import { vmacache_invalidate } from "linux/vmacache.ts";
import { populate_vma_page_range } from "mm/gup.ts";
import { thp_get_unmapped_area, thp_wants_alignment } from "mm/huge_memory.ts";
import {
	anon_vma_interval_tree_insert, anon_vma_interval_tree_remove,
	anon_vma_interval_tree_verify, vma_interval_tree_insert,
	vma_interval_tree_remove,
} from "mm/interval_tree.ts";
import { anon_vma_name } from "mm/madvise.ts";
import { free_pgtables, unmap_vmas } from "mm/memory.ts";
import { can_do_mlock } from "mm/mlock.ts";
import {
	tlb_finish_mmu, tlb_gather_mmu, tlb_gather_mmu_fullmm,
} from "mm/mmu_gather.ts";
import { anon_vma_clone, anon_vma_prepare, unlink_anon_vmas } from "mm/rmap.ts";
import { shmem_zero_setup } from "mm/shmem.ts";
import { lru_add_drain } from "mm/swap.ts";
import {
	__vma_link_list, __vma_unlink_list, security_vm_enough_memory_mm,
	vm_mmap_pgoff,
} from "mm/util.ts";
import { vmacache_find, vmacache_update } from "mm/vmacache.ts";
import {
	is_data_mapping, is_exec_mapping, is_stack_mapping,
	munlock_vma_pages_all,
} from "mm/internal.ts";
import { FIRST_USER_ADDRESS, USER_PGTABLES_CEILING } from "linux/pgtable.ts";
import { mmu_notifier_release } from "linux/mmu_notifier.ts";
import { mmu_notifier_init } from "mm/mmu_notifier.ts";
import { percpu_down_write, percpu_up_write } from "linux/percpu-rwsem.ts";
import {
	down_write, down_write_nest_lock, init_rwsem, up_write,
} from "linux/rwsem.ts";
import type { rw_semaphore } from "linux/spinlock_types.ts";

/** vm.mmap_min_addr: what a NULL pointer may hit must stay unmapped. Port: a
 *  program may expect another machine's, see linux/version.ts. */
function mmap_min_addr(mm: mm_struct): number {
	return mm.min_addr !== 0 ? mm.min_addr : CONFIG_DEFAULT_MMAP_MIN_ADDR;
}
/** And the lowest address that a task may ask for. */
function min_fixed_addr(mm: mm_struct): number {
	return mm.min_addr !== 0
		? mm.min_fixed_addr : CONFIG_DEFAULT_MMAP_MIN_ADDR;
}
/** vm.max_map_count. */
export const sysctl_max_map_count = 65530;
/** vm.overcommit_memory: the heuristic, see __vm_enough_memory(). */
export const sysctl_overcommit_memory: number = OVERCOMMIT_GUESS;

/** No limit: above every address. */
const ULONG_MAX = 9223372036854775808;
/** MAX_LFS_FILESIZE, rounded down to a page so that it is exact. */
const MAX_LFS_FILESIZE = 9223372036854771712;

/** Where a new vma goes: out-parameters of find_vma_links(). */
export interface vma_links {
	pprev: vm_area_struct; /* the one before, or NULL */
	rb_link: rb_link; /* the empty link in the tree */
	rb_parent: rb_node; /* and the node that it is in */
}

/** To be filled by find_vma_links(). */
export function new_vma_links(): vma_links {
	return { pprev: NULL, rb_link: NULL, rb_parent: NULL };
}

/**
 * Protection bits of an entry for the low four flags of a vma, and for its
 * memory key. A private mapping is never writable by itself: the first write
 * faults and copies.
 * Port: chosen, where the kernel looks it up in protection_map[], which holds
 * the same values as __P and __S.
 */
export function vm_get_page_prot(vm_flags: number): number {
	const prot = protection_map(vm_flags);

	if (CONFIG_ARCH_HAS_PKEYS)
		return prot | arch_vm_get_page_prot(vm_flags);
	return prot;
}

function protection_map(vm_flags: number): number {
	const exec = (vm_flags & VM_EXEC) !== 0;

	if ((vm_flags & VM_ACCESS_FLAGS) === 0) return PAGE_NONE;
	if ((vm_flags & VM_WRITE) === 0)
		return exec ? PAGE_READONLY_EXEC : PAGE_READONLY;
	if ((vm_flags & VM_SHARED) === 0)
		return exec ? PAGE_COPY_EXEC : PAGE_COPY;
	return exec ? PAGE_SHARED_EXEC : PAGE_SHARED;
}

/** The protection of a vma's ptes follows its flags; a mapping that wants to
 *  know about writes starts read-only. mmap_lock is held for writing. */
export function vma_set_page_prot(vma: vm_area_struct): void {
	let vm_flags = vma.vm_flags;
	let vm_page_prot = vm_get_page_prot(vm_flags);

	if (vma_wants_writenotify(vma, vm_page_prot)) {
		vm_flags &= ~VM_SHARED;
		vm_page_prot = vm_get_page_prot(vm_flags);
	}
	/* Some read vma->vm_page_prot without mmap_lock. */
	WRITE_ONCE(vma.vm_page_prot, vm_page_prot);
}

/** Requires i_mmap_rwsem of the file's mapping. */
function __remove_shared_vm_struct(
	vma: vm_area_struct, _file: file, mapping: address_space,
): void {
	if ((vma.vm_flags & VM_SHARED) !== 0)
		mapping_unmap_writable(mapping);
	vma_interval_tree_remove(vma, mapping.i_mmap);
}

/** Take a file's vma out of the file's interval tree, to hide it from rmap
 *  and truncation before its page tables are freed. */
export function unlink_file_vma(vma: vm_area_struct): void {
	const file: file = vma.vm_file;

	if (file !== NULL) {
		const mapping: address_space = file.f_mapping;

		i_mmap_lock_write(mapping);
		__remove_shared_vm_struct(vma, file, mapping);
		i_mmap_unlock_write(mapping);
	}
}

/** Close and free a vma that is out of list and tree; returns the next. RFC.23:
 *  the file's reference goes with it, in vm_area_free(). */
function remove_vma(vma: vm_area_struct): vm_area_struct {
	const next: vm_area_struct = vma.vm_next;
	const vm_ops = vma.vm_ops;

	might_sleep();
	if (vm_ops && vm_ops.close)
		vm_ops.close(vma);
	mpol_put(vma_policy(vma));
	vm_area_free(vma);
	return next;
}

/** Returns the break, new or (on any failure) old. */
export function sys_brk(brk: number): number {
	const mm: mm_struct = current().mm;
	let downgraded = false;

	if (mmap_write_lock_killable(mm))
		return -EINTR;

	const origbrk = mm.brk;

	/* Whatever cannot be done is answered by the break as it is. */
	if (brk < mm.start_brk) {
		mmap_write_unlock(mm);
		return origbrk;
	}
	if (check_data_rlimit(rlimit(RLIMIT_DATA), brk, mm.start_brk,
		mm.end_data, mm.start_data)) {
		mmap_write_unlock(mm);
		return origbrk;
	}

	/* The break is exact, the mapping is of whole pages. */
	const newbrk = PAGE_ALIGN(brk);
	const oldbrk = PAGE_ALIGN(mm.brk);

	if (oldbrk === newbrk) {
		/* Within the last page: no mapping changes. */
		mm.brk = brk;
	} else if (brk <= mm.brk) {
		/* Port: since 6.1 there has to be something to unmap. */
		if (mm_since(mm, 6, 1) &&
		    find_vma_intersection(mm, newbrk, oldbrk) === NULL) {
			mmap_write_unlock(mm);
			return origbrk;
		}
		/*
		 * Giving memory back is never refused. mm->brk changes while
		 * the lock is still held for writing; if unmapping fails, it
		 * goes back.
		 */
		mm.brk = brk;
		const ret = __do_munmap(mm, newbrk, oldbrk - newbrk, true);

		if (ret < 0) {
			mm.brk = origbrk;
			mmap_write_unlock(mm);
			return origbrk;
		}
		downgraded = ret === 1;
	} else {
		/* Keep a page between the heap and what comes after it. */
		const next = find_vma(mm, oldbrk);

		if ((next !== NULL && newbrk + PAGE_SIZE > vm_start_gap(next)) ||
		    do_brk_flags(oldbrk, newbrk - oldbrk, 0) < 0) {
			mmap_write_unlock(mm);
			return origbrk;
		}
		mm.brk = brk;
	}

	/* After mlockall(MCL_FUTURE) the new pages are there at once; to fault
	 * them in takes the lock anew. */
	const populate = newbrk > oldbrk && (mm.def_flags & VM_LOCKED) !== 0;

	if (downgraded)
		mmap_read_unlock(mm);
	else
		mmap_write_unlock(mm);
	if (populate)
		mm_populate(oldbrk, newbrk - oldbrk);
	return brk;
}

/** Free bytes in front of vma, guard gaps taken off on both sides. */
function vma_compute_gap(vma: vm_area_struct): number {
	let gap = vm_start_gap(vma);

	/* vm_start and vm_end do not change between the two readings: we are
	 * under mmap_lock(w), or under page_table_lock for stack growth. */
	if (vma.vm_prev !== NULL) {
		const prev_end = vm_end_gap(vma.vm_prev);

		if (gap > prev_end)
			gap -= prev_end;
		else
			gap = 0;
	}
	return gap;
}

/** The vma whose node in the tree this is. */
function vma_of(rb: rb_node): vm_area_struct {
	return container_of<vm_area_struct>(rb, "vm_rb");
}

/** The largest gap in front of a vma of this subtree: its own, or what its two
 *  children have written down. */
function vma_compute_subtree_gap(vma: vm_area_struct): number {
	const rb: rb_node = vma.vm_rb;
	let max = vma_compute_gap(vma);

	if (rb.rb_left !== NULL) {
		const subtree_gap = vma_of(rb.rb_left).rb_subtree_gap;

		if (subtree_gap > max)
			max = subtree_gap;
	}
	if (rb.rb_right !== NULL) {
		const subtree_gap = vma_of(rb.rb_right).rb_subtree_gap;

		if (subtree_gap > max)
			max = subtree_gap;
	}
	return max;
}

/** Check the tree against itself: order, gaps, and the same number of nodes in
 *  both directions. Returns that number, or -1. */
function browse_rb(mm: mm_struct): number {
	const root: rb_root = mm.mm_rb;
	let pn: rb_node = NULL;
	let i = 0;
	let j = 0;
	let bug = false;
	let prev = 0;
	let pend = 0;

	for (let nd = rb_first(root); nd !== NULL; nd = rb_next(nd)) {
		const vma = vma_of(nd);

		if (vma.vm_start < prev) {
			pr_emerg(`vm_start ${vma.vm_start.toString(16)} < ` +
				`prev ${prev.toString(16)}`);
			bug = true;
		}
		if (vma.vm_start < pend) {
			pr_emerg(`vm_start ${vma.vm_start.toString(16)} < ` +
				`pend ${pend.toString(16)}`);
			bug = true;
		}
		if (vma.vm_start > vma.vm_end) {
			pr_emerg(`vm_start ${vma.vm_start.toString(16)} > ` +
				`vm_end ${vma.vm_end.toString(16)}`);
			bug = true;
		}
		/* A stack may be growing under the read lock. */
		spin_lock(mm.page_table_lock);
		if (vma.rb_subtree_gap !== vma_compute_subtree_gap(vma)) {
			pr_emerg(`free gap ${vma.rb_subtree_gap.toString(16)}, ` +
				`correct ${vma_compute_subtree_gap(vma).toString(16)}`);
			bug = true;
		}
		spin_unlock(mm.page_table_lock);
		i++;
		pn = nd;
		prev = vma.vm_start;
		pend = vma.vm_end;
	}
	for (let nd = pn; nd !== NULL; nd = rb_prev(nd))
		j++;
	if (i !== j) {
		pr_emerg(`backwards ${j}, forwards ${i}`);
		bug = true;
	}
	return bug ? -1 : i;
}

/** All gaps but that of `ignore` are right: what rebalancing relies on. */
function validate_mm_rb(root: rb_root, ignore: vm_area_struct): void {
	if (CONFIG_DEBUG_VM_RB) {
		for (let nd = rb_first(root); nd !== NULL; nd = rb_next(nd)) {
			const vma = vma_of(nd);

			VM_BUG_ON_VMA(vma !== ignore &&
				vma.rb_subtree_gap !== vma_compute_subtree_gap(vma),
				vma, "wrong gap");
		}
	}
}

/** List, tree, gaps and counters agree. mmap_lock is held in either mode. */
function validate_mm(mm: mm_struct): void {
	if (CONFIG_DEBUG_VM_RB) {
		let bug = false;
		let i = 0;
		let highest_address = 0;
		let vma: vm_area_struct = mm.mmap;

		while (vma !== NULL) {
			const anon: anon_vma = vma.anon_vma;

			if (anon !== NULL) {
				const head = vma.anon_vma_chain;

				anon_vma_lock_read(anon);
				for (let p = head.next; p !== head; p = p.next)
					anon_vma_interval_tree_verify(
						container_of<anon_vma_chain>(p, "same_vma"));
				anon_vma_unlock_read(anon);
			}
			/* The list is in the order of addresses, so the last
			 * one says it. */
			highest_address = vm_end_gap(vma);
			vma = vma.vm_next;
			i++;
		}
		if (i !== mm.map_count) {
			pr_emerg(`map_count ${mm.map_count} vm_next ${i}`);
			bug = true;
		}
		if (highest_address !== mm.highest_vm_end) {
			pr_emerg(`mm->highest_vm_end ${mm.highest_vm_end.toString(16)}, ` +
				`found ${highest_address.toString(16)}`);
			bug = true;
		}
		i = browse_rb(mm);
		if (i !== mm.map_count) {
			if (i !== -1)
				pr_emerg(`map_count ${mm.map_count} rb ${i}`);
			bug = true;
		}
		VM_BUG_ON_MM(bug, mm, "validate_mm");
	}
}

/* What RB_DECLARE_CALLBACKS_MAX makes of vma_compute_gap(): rb_subtree_gap is
 * the largest gap of the subtree. */

/** From rb upwards, until a node has the right value already: above it nothing
 *  changes, since those above look at the values of their children only. */
function vma_gap_callbacks_propagate(rb: rb_node, stop: rb_node): void {
	while (rb !== stop) {
		const vma = vma_of(rb);
		const max = vma_compute_subtree_gap(vma);

		if (vma.rb_subtree_gap === max)
			break;
		vma.rb_subtree_gap = max;
		rb = rb_parent(rb);
	}
}

/** A node takes the place of another one, with the same subtree. */
function vma_gap_callbacks_copy(rb_old: rb_node, rb_new: rb_node): void {
	const new_vma = vma_of(rb_new);

	new_vma.rb_subtree_gap = vma_of(rb_old).rb_subtree_gap;
}

/** rb_new has come up to where rb_old was, and has the same vmas below; rb_old
 *  went down, and has others. */
function vma_gap_callbacks_rotate(rb_old: rb_node, rb_new: rb_node): void {
	const old_vma = vma_of(rb_old);
	const new_vma = vma_of(rb_new);

	new_vma.rb_subtree_gap = old_vma.rb_subtree_gap;
	old_vma.rb_subtree_gap = vma_compute_subtree_gap(old_vma);
}

const vma_gap_callbacks = {
	propagate: vma_gap_callbacks_propagate,
	copy: vma_gap_callbacks_copy,
	rotate: vma_gap_callbacks_rotate,
};

/** vma's gap, or its predecessor's end, changed: correct it and all above. */
function vma_gap_update(vma: vm_area_struct): void {
	vma_gap_callbacks_propagate(vma.vm_rb, NULL);
}

/** The node is linked at a leaf; make the tree balanced. */
function vma_rb_insert(vma: vm_area_struct, root: rb_root): void {
	/* Rebalancing copies gaps: all of them have to be right. */
	validate_mm_rb(root, NULL);
	rb_insert_augmented(vma.vm_rb, root, vma_gap_callbacks);
}

/** Out of the tree. The gap of the vma behind it, which is longer now, is for
 *  the caller to correct. */
function __vma_rb_erase(vma: vm_area_struct, root: rb_root): void {
	/*
	 * A lock-free walker that stands on this node goes on over its links,
	 * which stay: into the tree, or into a part that was the tree. Its
	 * result does not survive the check of mmap_seq.
	 */
	rb_erase_augmented(vma.vm_rb, root, vma_gap_callbacks);
}

/** The same for __vma_adjust(), in the middle of which one gap is wrong. */
function vma_rb_erase_ignore(
	vma: vm_area_struct, root: rb_root, ignore: vm_area_struct,
): void {
	/*
	 * All gaps but one must be consistent: the neighbour that took over
	 * vma's range may have changed already.
	 */
	validate_mm_rb(root, ignore);
	__vma_rb_erase(vma, root);
}

/** The same where no bounds have changed: only the vma itself, which goes, may
 *  have a gap that is not what its neighbours say. */
function vma_rb_erase(vma: vm_area_struct, root: rb_root): void {
	vma_rb_erase_ignore(vma, root, vma);
}

/**
 * The interval trees of the anon_vmas are sorted by vm_pgoff and the length of
 * the vma: take all its chains out before those change, and put them back
 * after. The root anon_vma is locked for writing over both.
 */
function anon_vma_interval_tree_pre_update_vma(vma: vm_area_struct): void {
	const head = vma.anon_vma_chain;

	for (let p = head.next; p !== head; p = p.next) {
		const avc = container_of<anon_vma_chain>(p, "same_vma");

		anon_vma_interval_tree_remove(avc, avc.anon_vma.rb_root);
	}
}

/** Back into them, after the change. The same lock, still held. */
function anon_vma_interval_tree_post_update_vma(vma: vm_area_struct): void {
	const head = vma.anon_vma_chain;

	for (let p = head.next; p !== head; p = p.next) {
		const avc = container_of<anon_vma_chain>(p, "same_vma");

		anon_vma_interval_tree_insert(avc, avc.anon_vma.rb_root);
	}
}

/** The place for [addr, end) in list and tree; -ENOMEM if something is there. */
function find_vma_links(
	mm: mm_struct, addr: number, end: number, links: vma_links,
): number {
	let link: rb_link = mm.mm_rb;
	let parent: rb_node = NULL;
	let rb_before: rb_node = NULL;

	mmap_assert_locked(mm);
	/* Down to the empty link where [addr, end) belongs: left of what ends
	 * behind addr, right of all others, the last of which is before it. */
	while (link.rb_node !== NULL) {
		parent = link.rb_node;
		const vma_tmp = vma_of(parent);

		if (vma_tmp.vm_end > addr) {
			/* There is something in the way. */
			if (vma_tmp.vm_start < end)
				return -ENOMEM;
			link = rb_left_link(parent);
		} else {
			rb_before = parent;
			link = rb_right_link(parent);
		}
	}
	links.pprev = rb_before !== NULL ? vma_of(rb_before) : NULL;
	links.rb_link = link;
	links.rb_parent = parent;
	return 0;
}

/** The vma after `vma`; the first of all after NULL. */
export function vma_next(mm: mm_struct, vma: vm_area_struct): vm_area_struct {
	if (vma === NULL)
		return mm.mmap;
	return vma.vm_next;
}

/** Unmap whatever is in [start, start + len), and find the place for a new
 *  vma there. mmap_lock is held for writing, and stays so. */
function munmap_vma_range(
	mm: mm_struct, start: number, len: number, links: vma_links,
): number {
	while (find_vma_links(mm, start, start + len, links) !== 0)
		if (do_munmap(mm, start, len))
			return -ENOMEM;
	return 0;
}

/** Pages of [addr, end) that are mapped already. */
function count_vma_pages_range(
	mm: mm_struct, addr: number, end: number,
): number {
	let vma = find_vma_intersection(mm, addr, end);
	let nr_pages: number;

	if (vma === NULL)
		return 0;
	nr_pages = PHYS_PFN(Math.min(end, vma.vm_end) -
		Math.max(addr, vma.vm_start));

	/* Those that follow begin in the range. */
	for (vma = vma.vm_next; vma !== NULL; vma = vma.vm_next) {
		if (vma.vm_start >= end)
			break;
		nr_pages += PHYS_PFN(Math.min(end, vma.vm_end) - vma.vm_start);
	}
	return nr_pages;
}

/** vma is in the list; hang it into the tree. mmap_lock of its mm is held for
 *  writing. */
export function __vma_link_rb(
	_mm: mm_struct, vma: vm_area_struct, rb_link: rb_link, rb_parent: rb_node,
): void {
	const mm: mm_struct = vma.vm_mm;

	/* The gap behind the new vma is the next one's. */
	if (vma.vm_next !== NULL)
		vma_gap_update(vma.vm_next);
	else
		mm.highest_vm_end = vm_end_gap(vma);

	/*
	 * On the way down the gaps could not be updated, since vma->vm_prev was
	 * not known. So it goes in with a gap of 0, which is consistent with
	 * what is above; then its gap is set and passed upwards; and only then,
	 * with all gaps right, the tree is rebalanced.
	 */
	if (CONFIG_SPECULATIVE_PAGE_FAULT)
		/*
		 * Port: published with release semantics, so that a lock-free
		 * walk finds an initialised node; pairs with the
		 * rcu_dereference()s in __find_vma(). v2 has a plain store
		 * here, which is the same where stores stay in order.
		 */
		rb_link_node_rcu(vma.vm_rb, rb_parent, rb_link);
	else
		rb_link_node(vma.vm_rb, rb_parent, rb_link);
	vma.rb_subtree_gap = 0;
	vma_gap_update(vma);
	vma_rb_insert(vma, mm.mm_rb);
}

/** Requires i_mmap_rwsem of the file's mapping, if there is a file. */
function __vma_link_file(vma: vm_area_struct): void {
	const file: file = vma.vm_file;

	if (file !== NULL) {
		const mapping: address_space = file.f_mapping;

		if ((vma.vm_flags & VM_SHARED) !== 0)
			mapping_allow_writable(mapping);
		vma_interval_tree_insert(vma, mapping.i_mmap);
	}
}

/** Into the list and the tree, but not into the file's mappings. mmap_lock is
 *  held for writing. */
function __vma_link(
	mm: mm_struct, vma: vm_area_struct, prev: vm_area_struct,
	rb_link: rb_link, rb_parent: rb_node,
): void {
	__vma_link_list(mm, vma, prev);
	__vma_link_rb(mm, vma, rb_link, rb_parent);
}

/** A new vma joins the mm, and its file's mappings. mmap_lock is held for
 *  writing; takes i_mmap_rwsem of the file. */
function vma_link(
	mm: mm_struct, vma: vm_area_struct, prev: vm_area_struct,
	rb_link: rb_link, rb_parent: rb_node,
): void {
	let mapping: address_space = NULL;

	if (vma.vm_file !== NULL) {
		mapping = vma.vm_file.f_mapping;
		i_mmap_lock_write(mapping);
	}
	__vma_link(mm, vma, prev, rb_link, rb_parent);
	__vma_link_file(vma);
	if (mapping !== NULL)
		i_mmap_unlock_write(mapping);
	mm.map_count++;
	validate_mm(mm);
}

/** Helper for __vma_adjust(): the file's tree has vma already. */
function __insert_vm_struct(mm: mm_struct, vma: vm_area_struct): void {
	const links = new_vma_links();

	if (find_vma_links(mm, vma.vm_start, vma.vm_end, links) !== 0)
		BUG("__insert_vm_struct: overlap");
	__vma_link(mm, vma, links.pprev, links.rb_link, links.rb_parent);
	mm.map_count++;
}

/** Out of the list and the tree. mmap_lock is held for writing: a speculative
 *  walk may still come upon the vma, which RCU keeps, and is told by mmap_seq.
 *  */
function __vma_unlink(
	mm: mm_struct, vma: vm_area_struct, ignore: vm_area_struct,
): void {
	vma_rb_erase_ignore(vma, mm.mm_rb, ignore);
	__vma_unlink_list(mm, vma);
	/* No task may find it in its cache any more. */
	vmacache_invalidate(mm);
}

/**
 * Change the bounds of a vma, and of its neighbour so that they still meet.
 * Bounds and vm_pgoff are keys of the interval trees that rmap and truncation
 * search: so they change with i_mmap_rwsem and the anon_vma's lock held, as far
 * as the vma has them. `insert` (a split) joins in the same section, and a
 * neighbour that a merge takes over leaves in it. Only where two go (case 6)
 * there are two sections, and between them a rmap walk sees the first gone.
 * mmap_lock is held for writing, before and after.
 */
export function __vma_adjust(
	vma: vm_area_struct, start: number, end: number, pgoff: number,
	insert: vm_area_struct, expand: vm_area_struct,
): number {
	const mm: mm_struct = vma.vm_mm;
	let next: vm_area_struct = vma.vm_next;
	let mapping: address_space = NULL;
	const file: file = vma.vm_file;
	let start_changed = false;
	let end_changed = false;
	let adjust_next = 0;
	let remove_next = 0;

	mmap_assert_write_locked(mm);
	if (next !== NULL && insert === NULL) {
		let exporter: vm_area_struct = NULL;
		let importer: vm_area_struct = NULL;

		if (end >= next.vm_end) {
			/*
			 * vma expands over all of next, and perhaps over the
			 * one after it too: cases 1, 6, 7 and 8 of vma_merge().
			 */
			if (next === expand) {
				/*
				 * Case 8: next expands downwards over vma, so
				 * it is vma that goes; they change places.
				 */
				VM_WARN_ON(end !== next.vm_end, "case 8: end");
				remove_next = 3;
				VM_WARN_ON(file !== next.vm_file, "case 8: file");
				const tmp = vma;

				vma = next;
				next = tmp;
			} else {
				VM_WARN_ON(expand !== vma, "expand is not vma");
				/* 2: case 6; 1: cases 1 and 7. */
				remove_next = end > next.vm_end ? 2 : 1;
				VM_WARN_ON(remove_next === 2 &&
					end !== next.vm_next.vm_end, "case 6: end");
				/* Case 6 needs two passes: first only to
				 * next. */
				end = next.vm_end;
			}
			exporter = next;
			importer = vma;
			/* If next has no anon_vma, the one after it may. */
			if (remove_next === 2 && next.anon_vma === NULL)
				exporter = next.vm_next;
		} else if (end > next.vm_start) {
			/* vma expands over a part of next: case 5. */
			adjust_next = end - next.vm_start;
			exporter = next;
			importer = vma;
			VM_WARN_ON(expand !== importer, "case 5: expand");
		} else if (end < vma.vm_end) {
			/*
			 * vma shrinks and nothing is inserted: it gives its end
			 * to next, case 4.
			 */
			adjust_next = -(vma.vm_end - end);
			exporter = vma;
			importer = next;
			VM_WARN_ON(expand !== importer, "case 4: expand");
		}

		/*
		 * Pages pass from one to the other: the importer must be
		 * reachable from their anon_vma, by a rmap walk at any time.
		 */
		if (exporter !== NULL && exporter.anon_vma !== NULL &&
		    importer.anon_vma === NULL) {
			/* Set first: anon_vma_clone() counts it there. If it
			 * fails, it takes that back. */
			importer.anon_vma = exporter.anon_vma;
			const error = anon_vma_clone(importer, exporter);

			if (error)
				return error;
		}
	}

	for (;;) {
		if (file !== NULL) {
			mapping = file.f_mapping;
			i_mmap_lock_write(mapping);
			if (insert !== NULL)
				/*
				 * In the file's tree first: later, when vma has
				 * shrunk, pages would be mapped by nobody for a
				 * moment.
				 */
				__vma_link_file(insert);
		}

		let anon: anon_vma = vma.anon_vma;

		if (anon === NULL && adjust_next !== 0)
			anon = next.anon_vma;
		/*
		 * Rmap walks come by the file or by the anon_vma. Both are kept
		 * out, and the vmas are out of both trees while their keys
		 * change.
		 */
		if (anon !== NULL) {
			VM_WARN_ON(adjust_next !== 0 && next.anon_vma !== NULL &&
				anon !== next.anon_vma, "two anon_vmas");
			anon_vma_lock_write(anon);
			anon_vma_interval_tree_pre_update_vma(vma);
			if (adjust_next !== 0)
				anon_vma_interval_tree_pre_update_vma(next);
		}

		/* Out of the file's tree as well, likewise. */
		if (file !== NULL) {
			vma_interval_tree_remove(vma, mapping.i_mmap);
			if (adjust_next !== 0)
				vma_interval_tree_remove(next, mapping.i_mmap);
		}

		/*
		 * The change itself. Nobody but the holders of the locks above
		 * and of mmap_lock may rely on any of it; a speculative fault
		 * that copies the vma now is stopped by mmap_seq.
		 */
		if (start !== vma.vm_start) {
			vma.vm_start = start;
			start_changed = true;
		}
		if (end !== vma.vm_end) {
			vma.vm_end = end;
			end_changed = true;
		}
		vma.vm_pgoff = pgoff;
		/* The neighbour gives or takes as much, at its start. */
		if (adjust_next !== 0) {
			next.vm_start += adjust_next;
			next.vm_pgoff += adjust_next / PAGE_SIZE;
		}

		if (file !== NULL) {
			if (adjust_next !== 0)
				vma_interval_tree_insert(next, mapping.i_mmap);
			vma_interval_tree_insert(vma, mapping.i_mmap);
		}

		if (remove_next !== 0) {
			/*
			 * vma covers what was next's by now: next leaves the
			 * tree before the locks are dropped. After the swap of
			 * case 8 vma is the one whose start has changed
			 * already, so its gap is not to be looked at.
			 */
			if (remove_next !== 3)
				__vma_unlink(mm, next, next);
			else
				__vma_unlink(mm, next, vma);
			if (file !== NULL)
				__remove_shared_vm_struct(next, file, mapping);
		} else if (insert !== NULL) {
			/* A split: insert joins before or after vma. */
			__insert_vm_struct(mm, insert);
		} else {
			/* Only bounds have moved: the gap in front of vma, if
			 * its start did, and the one behind it, which is the
			 * next one's, if its end did. */
			if (start_changed)
				vma_gap_update(vma);
			if (end_changed) {
				if (next === NULL)
					mm.highest_vm_end = vm_end_gap(vma);
				else if (adjust_next === 0)
					vma_gap_update(next);
			}
		}

		if (anon !== NULL) {
			anon_vma_interval_tree_post_update_vma(vma);
			if (adjust_next !== 0)
				anon_vma_interval_tree_post_update_vma(next);
			anon_vma_unlock_write(anon);
		}

		if (file !== NULL)
			i_mmap_unlock_write(mapping);

		if (remove_next === 0)
			break;

		/* next is in no tree and no list: its references go, and what
		 * leads to its pages leads to vma by now. */
		if (file !== NULL) {
			/* RFC.23: vm_area_free() gives it back. */
			VM_BUG_ON_VMA(file !== next.vm_file, next,
				"merged with another file's");
		}
		if (next.anon_vma !== NULL)
			anon_vma_merge(vma, next);
		mm.map_count--;
		mpol_put(vma_policy(next));
		vm_area_free(next);
		/*
		 * Whose gap is stale? vma grew upwards over next: the one that
		 * follows now. In case 8 vma (swapped) grew downwards: its own.
		 */
		if (remove_next !== 3)
			next = vma.vm_next;
		else
			next = vma;
		if (remove_next === 2) {
			/* Case 6, second pass: the one after next goes too. */
			remove_next = 1;
			end = next.vm_end;
			continue;
		}
		if (next !== NULL) {
			vma_gap_update(next);
		} else {
			VM_WARN_ON(remove_next === 3, "case 8 at the end");
			mm.highest_vm_end = vm_end_gap(vma);
		}
		break;
	}
	validate_mm(mm);
	return 0;
}

/** Could a range with these properties be part of vma? A vma whose owner
 *  wants to hear of its end (->close) stays as it is. */
function is_mergeable_vma(
	vma: vm_area_struct, file: file, vm_flags: number,
	anon_name: anon_vma_name_t,
): boolean {
	/* The same in everything that a fault or a flag of the vma decides;
	 * whether pages are soft-dirty is tracked page by page anyway. */
	if (((vma.vm_flags ^ vm_flags) & ~VM_SOFTDIRTY) !== 0)
		return false;
	if (vma.vm_file !== file)
		return false;

	const vm_ops = vma.vm_ops;

	if (vm_ops && vm_ops.close)
		return false;
	if (CONFIG_ANON_VMA_NAME) {
		if (!anon_vma_name_eq(anon_vma_name(vma), anon_name))
			return false;
	}
	return true;
}

/**
 * Pages of the two must be found from one anon_vma. A vma that has none takes
 * the other's; but not when that one came by a fork (its chain has more than
 * one link): sharing then costs more in anon_vma lock contention than merging
 * saves.
 */
function is_mergeable_anon_vma(
	anon_vma1: anon_vma, anon_vma2: anon_vma, vma: vm_area_struct,
	lend: boolean,
): boolean {
	/* An empty chain is not singular. */
	if (lend && anon_vma2 === NULL)
		return true;
	if ((anon_vma1 === NULL || anon_vma2 === NULL) &&
	    (vma === NULL || list_is_singular(vma.anon_vma_chain)))
		return true;
	return anon_vma1 === anon_vma2;
}

/**
 * Port: since 6.16 a range that has an anon_vma also merges with a vma that has
 * none and takes it over. Where the range is (part of) a vma already, that one
 * must not have come by a fork. Up to then such a range does not merge, since
 * the empty chain of the vma is not singular.
 */
function can_lend_anon_vma(
	mm: mm_struct, prev: vm_area_struct, area: vm_area_struct, addr: number,
	end: number,
): boolean {
	if (!mm_since(mm, 6, 16))
		return false;

	let vma: vm_area_struct = NULL;

	if (prev !== NULL && addr < prev.vm_end)
		vma = prev;
	else if (area !== NULL && area.vm_start < end)
		vma = area;
	return vma === NULL || vma.anon_vma === NULL ||
		list_is_singular(vma.anon_vma_chain);
}

/** Can a range that ends where vma starts, at file offset vm_pgoff, become its
 *  beginning? Who calls it has compared the addresses. */
function can_vma_merge_before(
	vma: vm_area_struct, vm_flags: number, anon_vma: anon_vma, file: file,
	vm_pgoff: number, anon_name: anon_vma_name_t, lend: boolean,
): boolean {
	if (is_mergeable_vma(vma, file, vm_flags, anon_name) &&
	    is_mergeable_anon_vma(anon_vma, vma.anon_vma, vma, lend)) {
		if (vma.vm_pgoff === vm_pgoff)
			return true;
	}
	return false;
}

/** The same for a range that starts where vma ends. */
function can_vma_merge_after(
	vma: vm_area_struct, vm_flags: number, anon_vma: anon_vma, file: file,
	vm_pgoff: number, anon_name: anon_vma_name_t, lend: boolean,
): boolean {
	if (is_mergeable_vma(vma, file, vm_flags, anon_name) &&
	    is_mergeable_anon_vma(anon_vma, vma.anon_vma, vma, lend)) {
		const vm_pglen = vma_pages(vma);

		if (vma.vm_pgoff + vm_pglen === vm_pgoff)
			return true;
	}
	return false;
}

/**
 * The range [addr, end) is to have these properties: can it be had by moving
 * the bounds of its neighbours? The numbers are the kernel's names for the
 * cases. P and N are the vmas before and after the start of the range.
 *
 * Nothing is mapped there (mmap, brk, mremap to a new place), and
 *   1  it closes the hole between P and N: P takes it, and N, which goes;
 *   2  it fits behind P only: P takes it;
 *   3  it fits before N only: N takes it.
 * It is part of a vma (mprotect, madvise, mlock), and is
 *   4  the end of P, and fits N behind: N takes it from P;
 *   5  the beginning of N, and fits P: P takes it from N.
 * It is all of the vma N, behind which X is, and fits
 *   6  P and X: P takes both, and both go;
 *   7  P only: P takes N, which goes;
 *   8  X only: X takes N, which goes.
 *
 * In case 8 it matters that the one removed is N and not X: whoever walks the
 * page tables with only the rmap locks takes the protection from the vma that
 * stays, so the properties must be X's all the time.
 *
 * Returns the vma that contains the range now, or NULL: not possible, or no
 * memory, which comes to the same. mmap_lock is held for writing.
 */
export function vma_merge(
	mm: mm_struct, prev: vm_area_struct, addr: number, end: number,
	vm_flags: number, anon_vma: anon_vma, file: file, pgoff: number,
	policy: mempolicy, anon_name: anon_vma_name_t,
): vm_area_struct {
	const pglen = (end - addr) / PAGE_SIZE;
	let err: number;

	mmap_assert_write_locked(mm);
	/* Mappings of devices and the like are never merged. */
	if ((vm_flags & VM_SPECIAL) !== 0)
		return NULL;

	let next = vma_next(mm, prev);
	let area = next;

	if (area !== NULL && area.vm_end === end) /* cases 6, 7, 8 */
		next = next.vm_next;

	/* What the caller must have seen to. */
	VM_WARN_ON(prev !== NULL && addr <= prev.vm_start, "vma_merge: prev");
	VM_WARN_ON(area !== NULL && end > area.vm_end, "vma_merge: area");
	VM_WARN_ON(addr >= end, "vma_merge: empty");

	/*
	 * From here on with the neighbours as they will be: first the one
	 * before, which if it fits decides between four cases, since the one
	 * behind may fit as well; then the one behind alone.
	 */
	const lend = can_lend_anon_vma(mm, prev, area, addr, end);

	/* Does it fit behind the one before? */
	if (prev !== NULL && prev.vm_end === addr &&
	    mpol_equal(vma_policy(prev), policy) &&
	    can_vma_merge_after(prev, vm_flags, anon_vma, file, pgoff,
		anon_name, lend)) {
		/* And does the one behind fit, too? */
		if (next !== NULL && end === next.vm_start &&
		    mpol_equal(policy, vma_policy(next)) &&
		    can_vma_merge_before(next, vm_flags, anon_vma, file,
			pgoff + pglen, anon_name, lend) &&
		    is_mergeable_anon_vma(prev.anon_vma, next.anon_vma, NULL,
			false)) {
			/* cases 1, 6 */
			err = __vma_adjust(prev, prev.vm_start, next.vm_end,
				prev.vm_pgoff, NULL, prev);
		} else {
			/* cases 2, 5, 7 */
			err = __vma_adjust(prev, prev.vm_start, end,
				prev.vm_pgoff, NULL, prev);
		}
		if (err)
			return NULL;
		return prev;
	}

	/* Or does it fit before the one behind only? */
	if (next !== NULL && end === next.vm_start &&
	    mpol_equal(policy, vma_policy(next)) &&
	    can_vma_merge_before(next, vm_flags, anon_vma, file, pgoff + pglen,
		anon_name, lend)) {
		if (prev !== NULL && addr < prev.vm_end) {
			/* case 4 */
			err = __vma_adjust(prev, prev.vm_start, addr,
				prev.vm_pgoff, NULL, next);
		} else {
			/* The vma that begins the range is the one that is
			 * adjusted, and in case 8 the one that goes. */
			/* cases 3, 8 */
			err = __vma_adjust(area, addr, next.vm_end,
				next.vm_pgoff - pglen, NULL, next);
			/* In case 3 area is next and this changes nothing;
			 * in case 8 area is gone and next is where it was. */
			area = next;
		}
		if (err)
			return NULL;
		return area;
	}
	return NULL;
}

/** Are a and b, neighbours, so much alike that one day they might be merged?
 *  Access flags do not count: mprotect() changes them. */
function anon_vma_compatible(a: vm_area_struct, b: vm_area_struct): boolean {
	return a.vm_end === b.vm_start &&
		mpol_equal(vma_policy(a), vma_policy(b)) &&
		a.vm_file === b.vm_file &&
		((a.vm_flags ^ b.vm_flags) &
			~(VM_ACCESS_FLAGS | VM_SOFTDIRTY)) === 0 &&
		b.vm_pgoff === a.vm_pgoff + (b.vm_start - a.vm_start) / PAGE_SIZE;
}

/**
 * The anon_vma of `old`, one of a and b, if it may serve the other. We may hold
 * mmap_lock for reading only: a concurrent fault may just be setting it. Once
 * set it stays while anybody holds the lock for reading. Its chain may still be
 * without its first entry then, which is as good as one with too many.
 * Port: READ_ONCE in the kernel, and a plain look at the chain. The acquire
 * pairs with the release in __anon_vma_prepare().
 */
function reusable_anon_vma(
	old: vm_area_struct, a: vm_area_struct, b: vm_area_struct,
): anon_vma {
	if (anon_vma_compatible(a, b)) {
		const anon: anon_vma = smp_load_acquire(old.anon_vma);
		const chain = old.anon_vma_chain;
		const first = data_race(chain.next);

		if (anon !== NULL && first !== chain && first === data_race(chain.prev))
			return anon;
	}
	return NULL;
}

/**
 * vma gets its first anonymous page: rather than a new anon_vma take that of a
 * neighbour, so that the two can be merged later. It looks at the neighbours,
 * which is why a speculative fault cannot do it: mmap_lock is held.
 */
export function find_mergeable_anon_vma(vma: vm_area_struct): anon_vma {
	let anon: anon_vma = NULL;

	if (vma.vm_next !== NULL) {
		anon = reusable_anon_vma(vma.vm_next, vma, vma.vm_next);
		if (anon !== NULL)
			return anon;
	}
	if (vma.vm_prev !== NULL)
		anon = reusable_anon_vma(vma.vm_prev, vma.vm_prev, vma);
	return anon;
}

/** A hint below the lowest address that may be mapped means that address. */
function round_hint_to_min(mm: mm_struct, hint: number): number {
	hint = page_align_down(hint);
	if (hint !== 0 && hint < mmap_min_addr(mm))
		return PAGE_ALIGN(mmap_min_addr(mm));
	return hint;
}

/** -EAGAIN if locking `len` more bytes were against RLIMIT_MEMLOCK. */
export function mlock_future_check(
	mm: mm_struct, flags: number, len: number,
): number {
	if ((flags & VM_LOCKED) !== 0) {
		const locked = Math.floor(len / PAGE_SIZE) + mm.locked_vm;

		if (locked > Math.floor(rlimit(RLIMIT_MEMLOCK) / PAGE_SIZE))
			return -EAGAIN;
	}
	return 0;
}

/** Offsets of a file end at MAX_LFS_FILESIZE. Port: all files are regular. */
function file_mmap_ok(_file: file, pgoff: number, len: number): boolean {
	if (len > MAX_LFS_FILESIZE)
		return false;
	return pgoff <= (MAX_LFS_FILESIZE - len) / PAGE_SIZE;
}

/** Out-parameter of do_mmap(): bytes that the caller is to fault in. */
export interface populate_t {
	populate: number;
}

/** The caller holds mmap_lock of current->mm for writing. */
export function do_mmap(
	file: file, addr: number, len: number, prot: number, flags: number,
	pgoff: number, populate: populate_t,
): number {
	const mm: mm_struct = current().mm;

	populate.populate = 0;
	mmap_assert_write_locked(mm);
	if (len === 0)
		return -EINVAL;

	/* MAP_FIXED_NOREPLACE is MAP_FIXED that does not unmap. */
	if ((flags & MAP_FIXED_NOREPLACE) !== 0)
		flags |= MAP_FIXED;
	if ((flags & MAP_FIXED) === 0)
		addr = round_hint_to_min(mm, addr);

	/* Rounding up wraps to 0 for the last page's worth of lengths. */
	if (ulong_add_overflows(len, PAGE_SIZE - 1))
		return -ENOMEM;
	len = PAGE_ALIGN(len);

	/* The offset in bytes must fit into 64 bits. */
	if (ulong_add_overflows(pgoff, len / PAGE_SIZE))
		return -EOVERFLOW;

	/* One more may be too many; a replacement is refused, too. */
	if (mm.map_count > sysctl_max_map_count)
		return -ENOMEM;

	addr = get_unmapped_area(file, addr, len, pgoff, flags);
	if (IS_ERR_VALUE(addr))
		return addr;

	/* get_unmapped_area() has given the address as it is: the place may be
	 * taken. */
	if ((flags & MAP_FIXED_NOREPLACE) !== 0) {
		if (find_vma_intersection(mm, addr, addr + len) !== NULL)
			return -EEXIST;
	}

	/* What may be executed only has a key of its own, where there are keys
	 * left. */
	let pkey = ARCH_DEFAULT_PKEY;

	if (prot === PROT_EXEC)
		pkey = Math.max(execute_only_pkey(mm), ARCH_DEFAULT_PKEY);

	/*
	 * What is asked for, and VM_MAY*, what mprotect() may grant later: all,
	 * until the file below says otherwise. def_flags is what mlockall() and
	 * prctl() want of new mappings.
	 */
	let vm_flags = calc_vm_prot_bits(prot, pkey) |
		calc_vm_flag_bits(mm, flags) | mm.def_flags |
		VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;

	if ((flags & MAP_LOCKED) !== 0)
		if (!can_do_mlock())
			return -EPERM;
	if (mlock_future_check(mm, vm_flags, len))
		return -EAGAIN;

	if (file !== NULL) {
		/* What is no file has no ->mmap. */
		if (!file.f_op || !file.f_op.mmap)
			return -ENODEV;
		if (!file_mmap_ok(file, pgoff, len))
			return -EOVERFLOW;

		const type = flags & MAP_TYPE;

		if (type !== MAP_SHARED && type !== MAP_SHARED_VALIDATE &&
		    type !== MAP_PRIVATE)
			return -EINVAL;
		if (type !== MAP_PRIVATE) {
			/* Plain MAP_SHARED ignores flags that it does not
			 * know; MAP_SHARED_VALIDATE is there to refuse them. */
			if (type === MAP_SHARED)
				flags &= LEGACY_MAP_MASK;
			if ((flags & ~(LEGACY_MAP_MASK | MAP_TYPE)) !== 0)
				return -EOPNOTSUPP;
			if ((prot & PROT_WRITE) !== 0) {
				if ((file.f_mode & FMODE_WRITE) === 0)
					return -EACCES;
			}
			vm_flags |= VM_SHARED | VM_MAYSHARE;
			/* What can never be written is as good as private. */
			if ((file.f_mode & FMODE_WRITE) === 0)
				vm_flags &= ~(VM_MAYWRITE | VM_SHARED);
		}
		if ((file.f_mode & FMODE_READ) === 0)
			return -EACCES;
		if ((vm_flags & (VM_GROWSDOWN | VM_GROWSUP)) !== 0)
			return -EINVAL;
	} else {
		switch (flags & MAP_TYPE) {
		case MAP_SHARED:
			if ((vm_flags & (VM_GROWSDOWN | VM_GROWSUP)) !== 0)
				return -EINVAL;
			/* The offset is in an object that is just being
			 * made. */
			pgoff = 0;
			vm_flags |= VM_SHARED | VM_MAYSHARE;
			break;
		case MAP_PRIVATE:
			/* So that neighbours can be merged: offset =
			 * address. */
			pgoff = PHYS_PFN(addr);
			break;
		case MAP_DROPPABLE: /* Port: came later */
			if (!mm_since(mm, 6, 11) ||
			    (flags & (MAP_LOCKED | MAP_HUGETLB)) !== 0 ||
			    (vm_flags & (VM_GROWSDOWN | VM_GROWSUP)) !== 0)
				return -EINVAL;
			vm_flags |= VM_DROPPABLE;
			pgoff = PHYS_PFN(addr);
			break;
		default:
			return -EINVAL;
		}
	}

	/* MAP_NORESERVE is honoured where overcommit is allowed. */
	if ((flags & MAP_NORESERVE) !== 0) {
		if (sysctl_overcommit_memory !== OVERCOMMIT_NEVER)
			vm_flags |= VM_NORESERVE;
	}

	addr = mmap_region(file, addr, len, vm_flags, pgoff);
	/* Pages are faulted in by our caller, when he has released the lock. */
	if (!IS_ERR_VALUE(addr) &&
	    ((vm_flags & VM_LOCKED) !== 0 ||
		(flags & (MAP_POPULATE | MAP_NONBLOCK)) === MAP_POPULATE))
		populate.populate = len;
	return addr;
}

/**
 * Why a mapping of huge pages fails. Port: they are not configured; a program
 * from elsewhere expects that they are, of 2 MiB and 1 GiB, and that none was
 * reserved. What is found out last, when the place is free already.
 */
function hugetlb_error(flags: number, addr: number, len: number): number {
	const mm: mm_struct = current().mm;
	const shift = (flags >>> MAP_HUGE_SHIFT) || 21;
	const type = flags & MAP_TYPE;

	if (!mm_from_elsewhere(mm) || (shift !== 21 && shift !== 30))
		return -EINVAL;
	if (len === 0 || (type !== MAP_SHARED && type !== MAP_PRIVATE))
		return -EINVAL;
	if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) === 0)
		return -ENOMEM;

	const end = addr + Math.ceil(len / 2 ** shift) * 2 ** shift;

	if (end > TASK_SIZE)
		return -ENOMEM;
	if (addr % 2 ** shift !== 0)
		return -EINVAL;
	if ((flags & MAP_FIXED_NOREPLACE) === 0) {
		vm_munmap(addr, end - addr);
		return -ENOMEM;
	}
	mmap_read_lock(mm);
	const taken = find_vma_intersection(mm, addr, end) !== NULL;

	mmap_read_unlock(mm);
	return taken ? -EEXIST : -ENOMEM;
}

/** mmap() with the offset in pages. Called without locks. */
export function ksys_mmap_pgoff(
	addr: number, len: number, prot: number, flags: number, fd: number,
	pgoff: number,
): number {
	let file: file = NULL;

	if ((flags & MAP_ANONYMOUS) === 0) {
		file = fget(fd);
		if (file === NULL)
			return -EBADF;
		/* There are no files of huge pages. */
		if ((flags & MAP_HUGETLB) !== 0) {
			fput(file);
			return -EINVAL;
		}
	} else if ((flags & MAP_HUGETLB) !== 0) {
		return hugetlb_error(flags, addr, len);
	}

	const retval = vm_mmap_pgoff(file, addr, len, prot, flags, pgoff);

	if (file !== NULL)
		fput(file);
	return retval;
}

/** The system call of that name; x86-64 has sys_mmap() in front of it. */
export function sys_mmap_pgoff(
	addr: number, len: number, prot: number, flags: number, fd: number,
	pgoff: number,
): number {
	return ksys_mmap_pgoff(addr, len, prot, flags, fd, pgoff);
}

/**
 * Should a shared writable mapping start out read-only, so that the first
 * write to each page faults? vm_page_prot is passed because it need not be in
 * the vma yet.
 * Port: nothing is written back, so no mapping tracks its dirty pages; what
 * is left is the backer's wish to be told (->page_mkwrite).
 */
export function vma_wants_writenotify(
	vma: vm_area_struct, _vm_page_prot: number,
): boolean {
	const vm_flags = vma.vm_flags;
	const vm_ops = vma.vm_ops;

	/* Private or not writable: the write bit is off already. */
	if ((vm_flags & (VM_WRITE | VM_SHARED)) !== (VM_WRITE | VM_SHARED))
		return false;
	/* Has the backer asked to be told of the first write? */
	if (vm_ops && vm_ops.page_mkwrite)
		return true;
	/* Is it to be known of each page whether it was written? */
	if (CONFIG_MEM_SOFT_DIRTY)
		return (vm_flags & VM_SOFTDIRTY) === 0;
	return false;
}

/** Private writable memory may need as many pages as it has; all other can be
 *  dropped and read again. */
function accountable_mapping(_file: file, vm_flags: number): boolean {
	return (vm_flags & (VM_NORESERVE | VM_SHARED | VM_WRITE)) === VM_WRITE;
}

/**
 * What a mapping at [addr, end) replaces is cut out of its vmas and asked about
 * before it is unmapped, as since 6.12: if that fails, nothing is lost, but the
 * cuts stay. 0 or an errno. mmap_lock is held for writing.
 */
function mmap_region_prepare(
	mm: mm_struct, addr: number, end: number, vm_flags: number, file: file,
): number {
	const pglen = (end - addr) / PAGE_SIZE;
	const vma = find_vma_intersection(mm, addr, end);
	let nr_pages = 0;
	let nr_accounted = 0;

	if (vma !== NULL) {
		if (addr > vma.vm_start) {
			if (end < vma.vm_end &&
			    mm.map_count >= sysctl_max_map_count)
				return -ENOMEM;
			const error = __split_vma(mm, vma, addr, true);

			if (error)
				return error;
		}
		const last = find_vma(mm, end - 1);

		if (last !== NULL && last.vm_start < end && last.vm_end > end) {
			const error = __split_vma(mm, last, end, false);

			if (error)
				return error;
		}
		for (let v = find_vma(mm, addr); v !== NULL &&
			v.vm_start < end; v = v.vm_next) {
			nr_pages += vma_pages(v);
			if ((v.vm_flags & VM_ACCOUNT) !== 0)
				nr_accounted += vma_pages(v);
		}
	}
	if (!may_expand_vm(mm, vm_flags, pglen - nr_pages))
		return -ENOMEM;
	if (accountable_mapping(file, vm_flags)) {
		const charged = pglen - nr_accounted;

		if (security_vm_enough_memory_mm(mm, charged))
			return -ENOMEM;
		/* Only asked: who maps it charges all of it. */
		vm_unacct_memory(charged);
	}
	return 0;
}

/** mmap_lock is held for writing; addr and len have been checked. */
export function mmap_region(
	file: file, addr: number, len: number, vm_flags: number, pgoff: number,
): number {
	const mm: mm_struct = current().mm;
	const links = new_vma_links();
	let vma: vm_area_struct;
	let error: number;
	let charged = 0;

	if (mm_since(mm, 6, 12)) {
		error = mmap_region_prepare(mm, addr, addr + len, vm_flags,
			file);
		if (error)
			return error;
	}

	/* RLIMIT_AS and RLIMIT_DATA. */
	if (!may_expand_vm(mm, vm_flags, len / PAGE_SIZE)) {
		/* MAP_FIXED may replace what is there: take that off. */
		const nr_pages = count_vma_pages_range(mm, addr, addr + len);

		if (!may_expand_vm(mm, vm_flags, len / PAGE_SIZE - nr_pages))
			return -ENOMEM;
	}

	/* Away with what is there; then there is a place. */
	if (munmap_vma_range(mm, addr, len, links))
		return -ENOMEM;

	/* Who may write privately commits as much memory. */
	if (accountable_mapping(file, vm_flags)) {
		charged = len / PAGE_SIZE;
		if (security_vm_enough_memory_mm(mm, charged))
			return -ENOMEM;
		vm_flags |= VM_ACCOUNT;
	}

	/* Maybe a neighbour can take it. */
	vma = vma_merge(mm, links.pprev, addr, addr + len, vm_flags, NULL, file,
		pgoff, NULL, NULL);
	if (vma === NULL) {
		/*
		 * A vma of its own. Nobody else sees it before vma_link(), so
		 * it is filled in without locks.
		 */
		vma = vm_area_alloc(mm);
		if (vma === NULL) {
			if (charged !== 0)
				vm_unacct_memory(charged);
			return -ENOMEM;
		}
		vma.vm_start = addr;
		vma.vm_end = addr + len;
		vma.vm_flags = vm_flags;
		vma.vm_page_prot = vm_get_page_prot(vm_flags);
		vma.vm_pgoff = pgoff;

		if (file !== NULL) {
			/* Counted for the file before ->mmap, in which it could
			 * be sealed against writing; the link counts for
			 * good. */
			if ((vm_flags & VM_SHARED) !== 0) {
				error = mapping_map_writable(file.f_mapping);
				if (error)
					return free_vma(vma, charged, error);
			}
			vma.vm_file = get_file(file);
			error = call_mmap(file, vma);
			if (error) {
				fput(vma.vm_file);
				vma.vm_file = NULL;
				/* Undo what ->mmap may have mapped. */
				unmap_region(mm, vma, links.pprev, vma.vm_start,
					vma.vm_end);
				if ((vm_flags & VM_SHARED) !== 0)
					mapping_unmap_writable(file.f_mapping);
				return free_vma(vma, 0, error);
			}
			/* Port: no ->mmap moves a mapping or changes flags. */
			WARN_ON_ONCE(addr !== vma.vm_start, "->mmap moved vma");
			WARN_ON_ONCE(vm_flags !== vma.vm_flags, "->mmap flags");
		} else if ((vm_flags & VM_SHARED) !== 0) {
			error = shmem_zero_setup(vma);
			if (error)
				return free_vma(vma, charged, error);
		} else {
			vma_set_anonymous(vma);
		}

		vma_link(mm, vma, links.pprev, links.rb_link, links.rb_parent);
		/* The link counts the writable mapping itself: drop ours. */
		if (file !== NULL && (vm_flags & VM_SHARED) !== 0)
			mapping_unmap_writable(file.f_mapping);
	}

	vm_stat_account(mm, vm_flags, len / PAGE_SIZE);
	if ((vm_flags & VM_LOCKED) !== 0) {
		if ((vm_flags & VM_SPECIAL) !== 0)
			vma.vm_flags &= VM_LOCKED_CLEAR_MASK;
		else
			mm.locked_vm += len / PAGE_SIZE;
	}
	/*
	 * New memory is soft dirty as a whole, and what it was merged with is
	 * too, as there is no telling them apart.
	 */
	if (CONFIG_MEM_SOFT_DIRTY)
		vma.vm_flags |= VM_SOFTDIRTY;
	/* Only now is it known whether the backer wants to hear of writes. */
	vma_set_page_prot(vma);
	return addr;
}

/** The error path of mmap_region(). RFC.23: the file has its reference back. */
function free_vma(
	vma: vm_area_struct, charged: number, error: number,
): number {
	VM_BUG_ON_VMA(vma.vm_file !== NULL, vma, "free_vma() with a file");
	vm_area_free(vma);
	if (charged !== 0)
		vm_unacct_memory(charged);
	return error;
}

/** What vm_unmapped_area() looks for; on the caller's stack. */
export interface vm_unmapped_area_info {
	flags: number;
	length: number;
	low_limit: number;
	high_limit: number;
	align_mask: number; /* 0, or a power of two minus 1 */
	align_offset: number;
}
export const VM_UNMAPPED_AREA_TOPDOWN = 1;

/** (offset - gap) & mask, for a gap that does not fit 32 bits. */
function align_delta(offset: number, gap: number, mask: number): number {
	const size = mask + 1;
	const delta = (offset - gap) % size;

	return delta < 0 ? delta + size : delta;
}

/**
 * The lowest gap that is large enough: descend into a subtree only where
 * rb_subtree_gap promises one, left before right. A gap counts if it reaches
 * from gap_start <= high_limit to gap_end >= low_limit.
 */
function unmapped_area(info: vm_unmapped_area_info): number {
	const mm: mm_struct = current().mm;
	let gap_start = 0;
	let gap_end = 0;

	/* Long enough, however the gap begins. */
	const length = info.length + info.align_mask;

	/* What a gap has to reach to hold that. */
	if (info.high_limit < length)
		return -ENOMEM;
	const high_limit = info.high_limit - length;

	if (info.low_limit > high_limit)
		return -ENOMEM;
	const low_limit = info.low_limit + length;

	let found = false;

	/* Is there such a gap at all before any vma? */
	if (!RB_EMPTY_ROOT(mm.mm_rb) &&
	    vma_of(mm.mm_rb.rb_node).rb_subtree_gap >= length) {
		let vma = vma_of(mm.mm_rb.rb_node);

		search: while (true) {
			/* Lower gaps first, if one is that large. */
			gap_end = vm_start_gap(vma);
			if (gap_end >= low_limit && vma.vm_rb.rb_left !== NULL) {
				const left = vma_of(vma.vm_rb.rb_left);

				if (left.rb_subtree_gap >= length) {
					vma = left;
					continue;
				}
			}
			gap_start = vma.vm_prev !== NULL
				? vm_end_gap(vma.vm_prev) : 0;
			for (;;) {
				/* Will the gap in front of this vma do? */
				if (gap_start > high_limit)
					return -ENOMEM;
				if (gap_end >= low_limit && gap_end > gap_start &&
				    gap_end - gap_start >= length) {
					found = true;
					break search;
				}
				/* Then the higher ones. */
				if (vma.vm_rb.rb_right !== NULL) {
					const right = vma_of(vma.vm_rb.rb_right);

					if (right.rb_subtree_gap >= length) {
						vma = right;
						continue search;
					}
				}
				/* Back up to the next candidate: the first
				 * parent that we are left of. */
				for (;;) {
					const rb: rb_node = vma.vm_rb;
					const parent = rb_parent(rb);

					if (parent === NULL)
						break search;
					vma = vma_of(parent);
					if (rb === vma.vm_rb.rb_left)
						break;
				}
				gap_start = vm_end_gap(vma.vm_prev);
				gap_end = vm_start_gap(vma);
			}
		}
	}

	if (!found) {
		/* The gap behind the last vma, which belongs to no node. */
		gap_start = mm.highest_vm_end;
		gap_end = ULONG_MAX; /* only for the assertion below */
		if (gap_start > high_limit)
			return -ENOMEM;
	}

	/* It may begin below what is allowed; then align. */
	if (gap_start < info.low_limit)
		gap_start = info.low_limit;
	gap_start += align_delta(info.align_offset, gap_start, info.align_mask);

	VM_BUG_ON(gap_start + info.length > info.high_limit, "unmapped_area");
	VM_BUG_ON(gap_start + info.length > gap_end, "unmapped_area: gap");
	return gap_start;
}

/** The highest gap that is large enough: the mirror image. */
function unmapped_area_topdown(info: vm_unmapped_area_info): number {
	const mm: mm_struct = current().mm;
	let gap_start: number;
	let gap_end: number;

	/* Long enough, however the gap begins. */
	const length = info.length + info.align_mask;

	/* Likewise; see unmapped_area(). */
	gap_end = info.high_limit;
	if (gap_end < length)
		return -ENOMEM;
	const high_limit = gap_end - length;

	if (info.low_limit > high_limit)
		return -ENOMEM;
	const low_limit = info.low_limit + length;

	/* Behind all vmas is the highest gap. */
	gap_start = mm.highest_vm_end;
	if (gap_start > high_limit) {
		/* Is there such a gap at all before any vma? */
		if (RB_EMPTY_ROOT(mm.mm_rb))
			return -ENOMEM;

		let vma = vma_of(mm.mm_rb.rb_node);

		if (vma.rb_subtree_gap < length)
			return -ENOMEM;

		search: while (true) {
			/* Higher gaps first, if one is that large. */
			gap_start = vma.vm_prev !== NULL
				? vm_end_gap(vma.vm_prev) : 0;
			if (gap_start <= high_limit &&
			    vma.vm_rb.rb_right !== NULL) {
				const right = vma_of(vma.vm_rb.rb_right);

				if (right.rb_subtree_gap >= length) {
					vma = right;
					continue;
				}
			}
			for (;;) {
				/* Will the gap in front of this vma do? */
				gap_end = vm_start_gap(vma);
				if (gap_end < low_limit)
					return -ENOMEM;
				if (gap_start <= high_limit &&
				    gap_end > gap_start &&
				    gap_end - gap_start >= length)
					break search;
				/* Then the lower ones. */
				if (vma.vm_rb.rb_left !== NULL) {
					const left = vma_of(vma.vm_rb.rb_left);

					if (left.rb_subtree_gap >= length) {
						vma = left;
						continue search;
					}
				}
				/* Back up to the first parent that we are
				 * right of. */
				for (;;) {
					const rb: rb_node = vma.vm_rb;
					const parent = rb_parent(rb);

					if (parent === NULL)
						return -ENOMEM;
					vma = vma_of(parent);
					if (rb === vma.vm_rb.rb_right)
						break;
				}
				gap_start = vma.vm_prev !== NULL
					? vm_end_gap(vma.vm_prev) : 0;
			}
		}
		/* It may end above what is allowed. */
		if (gap_end > info.high_limit)
			gap_end = info.high_limit;
	}

	/* The highest address in it that fits, aligned downwards. */
	gap_end -= info.length;
	gap_end -= align_delta(gap_end, info.align_offset, info.align_mask);

	VM_BUG_ON(gap_end < info.low_limit, "unmapped_area_topdown");
	VM_BUG_ON(gap_end < gap_start, "unmapped_area_topdown: gap");
	return gap_end;
}

/**
 * The highest gap as 6.1 and later look for it (with the correction of 6.3,
 * which 6.1 has got as well): guard gaps do not count at first. If the gap that
 * is found turns out to be in front of a stack and too near to it, all that is
 * as near is passed over, and so are smaller gaps there.
 */
function unmapped_area_topdown_by_size(info: vm_unmapped_area_info): number {
	const mm: mm_struct = current().mm;
	const length = info.length + info.align_mask;
	const low_limit = Math.max(info.low_limit, mmap_min_addr(mm));
	let high_limit = info.high_limit;

	if (high_limit - low_limit < length)
		return -ENOMEM;

	/* vma is what is above the gap. */
	const found = find_vma_prev(mm, high_limit - 1);
	let vma = found.vma;
	let prev = found.pprev;

	for (;;) {
		const gap_end = vma !== NULL
			? Math.min(vma.vm_start, high_limit) : high_limit;
		const gap_start = prev !== NULL
			? Math.max(prev.vm_end, low_limit) : low_limit;

		if (gap_end - low_limit < length)
			return -ENOMEM;
		if (gap_end - gap_start >= length) {
			if (vma === NULL || vm_start_gap(vma) >= gap_end) {
				const gap = gap_end - info.length;

				return gap - align_delta(gap,
					info.align_offset, info.align_mask);
			}
			/* Once more, from there. */
			high_limit = vm_start_gap(vma);
			if (high_limit > gap_start)
				continue;
		}
		if (prev === NULL)
			return -ENOMEM;
		vma = prev;
		prev = vma.vm_prev;
	}
}

/** Is the stack the only mapping that grows down, and too far away to matter?
 *  Then both ways find the same. */
function one_stack_above(mm: mm_struct, limit: number): boolean {
	const last = find_vma(mm, mm.highest_vm_end - PAGE_SIZE);

	return last !== NULL && (last.vm_flags & VM_GROWSDOWN) !== 0 &&
		vma_pages(last) === mm.stack_vm && vm_start_gap(last) >= limit;
}

/** An address where nothing is mapped for info.length bytes, or -ENOMEM. */
export function vm_unmapped_area(info: vm_unmapped_area_info): number {
	if ((info.flags & VM_UNMAPPED_AREA_TOPDOWN) !== 0) {
		const mm: mm_struct = current().mm;

		if (mm_since(mm, 6, 1) && !one_stack_above(mm, info.high_limit))
			return unmapped_area_topdown_by_size(info);
		return unmapped_area_topdown(info);
	}
	return unmapped_area(info);
}

/** Is the hint free, guard gaps included? */
function hint_is_free(
	mm: mm_struct, addr: number, len: number, mmap_end: number,
): boolean {
	/* A stack above needs its gap; so would one below that grew upwards. */
	const vma = find_vma_prev(mm, addr);
	const prev = vma.pprev;

	/* mmap() has brought it up to mmap_min_addr; mremap() has not, and
	 * get_unmapped_area() will ask. */
	return mmap_end - len >= addr && addr >= min_fixed_addr(mm) &&
		(vma.vma === NULL || addr + len <= vm_start_gap(vma.vma)) &&
		(prev === NULL || addr >= vm_end_gap(prev));
}

/** Bottom-up: the lowest free address above mmap_legacy_base. */
export function arch_get_unmapped_area(
	_filp: file, addr: number, len: number, _pgoff: number, flags: number,
): number {
	const mm: mm_struct = current().mm;
	const mmap_end = arch_get_mmap_end(addr, len, flags);

	if (len > mmap_end - mmap_min_addr(mm))
		return -ENOMEM;
	if ((flags & MAP_FIXED) !== 0)
		return addr;
	if (addr !== 0) {
		addr = PAGE_ALIGN(addr);
		if (hint_is_free(mm, addr, len, mmap_end))
			return addr;
	}
	return vm_unmapped_area({
		flags: 0,
		length: len,
		low_limit: arch_get_mmap_32bit_base(flags) || mm.mmap_legacy_base,
		high_limit: mmap_end,
		align_mask: 0,
		align_offset: 0,
	});
}

/** Top-down: the highest free address below mmap_base. */
export function arch_get_unmapped_area_topdown(
	filp: file, addr: number, len: number, pgoff: number, flags: number,
): number {
	const mm: mm_struct = current().mm;
	const mmap_end = arch_get_mmap_end(addr, len, flags);

	/* Could it fit into an empty one? */
	if (len > mmap_end - mmap_min_addr(mm))
		return -ENOMEM;
	/* As it is, for better or worse: what is there is the caller's to
	 * unmap. */
	if ((flags & MAP_FIXED) !== 0)
		return addr;
	if (arch_get_mmap_32bit_base(flags) !== 0)
		return arch_get_unmapped_area(filp, addr, len, pgoff, flags);
	/* The hint is taken if it can be. */
	if (addr !== 0) {
		addr = PAGE_ALIGN(addr);
		if (hint_is_free(mm, addr, len, mmap_end))
			return addr;
	}
	addr = vm_unmapped_area({
		flags: VM_UNMAPPED_AREA_TOPDOWN,
		length: len,
		low_limit: Math.max(PAGE_SIZE, mmap_min_addr(mm)),
		high_limit: arch_get_mmap_base(mmap_end, mm.mmap_base),
		align_mask: 0,
		align_offset: 0,
	});
	/*
	 * A failure may mean that the gap between mmap_base and the stack is
	 * all that is left: try again bottom-up, which reaches it.
	 */
	if (IS_ERR_VALUE(addr)) {
		VM_BUG_ON(addr !== -ENOMEM, "unmapped_area error");
		addr = arch_get_unmapped_area(filp, 0, len, pgoff, flags);
	}
	return addr;
}

/**
 * Where a mapping of len bytes goes. Nothing is reserved: mmap_lock, held for
 * writing, keeps the place free.
 * Port: the layout is always top-down, so arch_get_unmapped_area_topdown()
 * takes the place of mm->get_unmapped_area; no shared memory has a wish of its
 * own, and of files see mm/huge_memory.ts.
 */
export function get_unmapped_area(
	file: file, addr: number, len: number, pgoff: number, flags: number,
): number {
	/* Below here sums of addresses do not wrap. */
	if (len > TASK_SIZE)
		return -ENOMEM;

	/* Who finds the place answers with an address or an errno; it is not
	 * believed, but looked at. */
	if (thp_wants_alignment(file, addr, len, flags))
		addr = thp_get_unmapped_area(file, addr, len,
			file !== NULL ? pgoff : 0, flags);
	else
		addr = arch_get_unmapped_area_topdown(file, addr, len, pgoff,
			flags);
	if (IS_ERR_VALUE(addr))
		return addr;
	if (addr > TASK_SIZE - len)
		return -ENOMEM;
	if (offset_in_page(addr))
		return -EINVAL;
	/* security_mmap_addr(). */
	if (addr < min_fixed_addr(current().mm))
		return -EPERM;
	return addr;
}

/**
 * The first vma with addr < vm_end, NULL if none. Asserts nothing (V2.12): the
 * caller holds mmap_lock, or it is a speculative fault that holds
 * rcu_read_lock() only. Then the tree may be rotated under the walk: it ends
 * all the same, on a vma that was in the tree during this read-side section,
 * perhaps not on the right one. mmap_seq tells whether to believe it.
 */
export function __find_vma(mm: mm_struct, addr: number): vm_area_struct {
	let vma: vm_area_struct = vmacache_find(mm, addr);

	if (vma !== NULL)
		return vma;

	/* The links pair with rb_link_node_rcu() in __vma_link_rb(). The bounds
	 * race with writers and with growing stacks: see above. */
	let rb_node: rb_node = rcu_dereference(mm.mm_rb.rb_node);

	while (rb_node !== NULL) {
		const tmp = vma_of(rb_node);

		if (data_race(tmp.vm_end) > addr) {
			vma = tmp;
			if (data_race(tmp.vm_start) <= addr)
				break;
			rb_node = rcu_dereference(rb_node.rb_left);
		} else {
			rb_node = rcu_dereference(rb_node.rb_right);
		}
	}
	if (vma !== NULL)
		vmacache_update(addr, vma);
	return vma;
}

/** Same as find_vma(), and also the vma before it, which is the last one of
 *  all where find_vma() is NULL. */
export function find_vma_prev(
	mm: mm_struct, addr: number,
): { vma: vm_area_struct; pprev: vm_area_struct } {
	const vma = find_vma(mm, addr);

	if (vma !== NULL)
		return { vma, pprev: vma.vm_prev };

	/* Behind everything: the one before it is the last of the tree. */

	const rb_node = rb_last(mm.mm_rb);

	return { vma, pprev: rb_node !== NULL ? vma_of(rb_node) : NULL };
}

/** May a stack become `size` bytes by `grow` more pages? */
function acct_stack_growth(
	vma: vm_area_struct, size: number, grow: number,
): number {
	const mm: mm_struct = vma.vm_mm;

	/* RLIMIT_AS. */
	if (!may_expand_vm(mm, vma.vm_flags, grow))
		return -ENOMEM;
	/* RLIMIT_STACK. */
	if (size > rlimit(RLIMIT_STACK))
		return -ENOMEM;
	/* RLIMIT_MEMLOCK. */
	if (mlock_future_check(mm, vma.vm_flags, grow * PAGE_SIZE))
		return -ENOMEM;
	/* Overcommit, the last since it accounts. Port: not for a vma that
	 * gives nothing back when it goes. The kernel asks for each, and that
	 * stays committed for good. */
	if ((vma.vm_flags & VM_ACCOUNT) !== 0 &&
	    security_vm_enough_memory_mm(mm, grow))
		return -ENOMEM;
	return 0;
}

/**
 * vma is the first one after address: let it grow downwards to include it.
 * mmap_lock is held, and stays as it is. In 5.17 it is held for reading, so
 * that others may be doing the same, and all that is done here is right with
 * that. Port: page faults come with it held for writing, see
 * do_user_addr_fault().
 */
export function expand_downwards(
	vma: vm_area_struct, address: number,
): number {
	const mm: mm_struct = vma.vm_mm;
	let error = 0;

	mmap_assert_locked(mm);

	address = page_align_down(address);
	if (address < mmap_min_addr(mm))
		return -EPERM;

	/* Below the stack stays a gap that is never mapped, so that who runs
	 * over its end faults. Another stack below keeps its own. */
	const prev: vm_area_struct = vma.vm_prev;

	if (prev !== NULL && (prev.vm_flags & VM_GROWSDOWN) === 0 &&
	    vma_is_accessible(prev)) {
		if (address - prev.vm_end < stack_guard_gap)
			return -ENOMEM;
	}

	/* Without an anon_vma its lock would lock nothing, and two who grow the
	 * stack of one vma would not meet. */
	if (anon_vma_prepare(vma))
		return -ENOMEM;

	/*
	 * mmap_lock keeps vm_start from changing by writers, other than us; the
	 * anon_vma's lock keeps others from growing the same stack.
	 */
	anon_vma_lock_write(READ_ONCE(vma.anon_vma));

	/* It may have grown while we waited for the lock. */
	if (address < vma.vm_start) {
		const size = vma.vm_end - address;
		const grow = (vma.vm_start - address) / PAGE_SIZE;

		/* The pages keep their index, so vm_pgoff falls with vm_start;
		 * below 0 it could not. */
		error = -ENOMEM;
		if (grow <= vma.vm_pgoff) {
			error = acct_stack_growth(vma, size, grow);
			if (error === 0) {
				/*
				 * vma_gap_update() cannot be done by two at
				 * once. Not all growing vmas of an mm share
				 * the anon_vma's lock, so page_table_lock
				 * keeps them apart.
				 */
				spin_lock(mm.page_table_lock);
				if ((vma.vm_flags & VM_LOCKED) !== 0)
					mm.locked_vm += grow;
				vm_stat_account(mm, vma.vm_flags, grow);
				anon_vma_interval_tree_pre_update_vma(vma);
				/*
				 * Port: vm_start and vm_pgoff change together,
				 * and a speculative fault copies both with no
				 * lock at all; one old and one new would give
				 * a page the wrong index. So the sequence is
				 * odd meanwhile: it is, if a writer calls. For
				 * a reader we make it odd, and are alone with
				 * it: the read lock excludes writers,
				 * page_table_lock other growing stacks. v2 does
				 * not have this.
				 */
				const even = CONFIG_SPECULATIVE_PAGE_FAULT &&
					(mm.mmap_seq & 1) === 0;

				if (even)
					__mmap_seq_write_lock(mm);
				vma.vm_start = address;
				vma.vm_pgoff -= grow;
				if (even)
					__mmap_seq_write_unlock(mm);
				anon_vma_interval_tree_post_update_vma(vma);
				vma_gap_update(vma);
				spin_unlock(mm.page_table_lock);
			}
		}
	}
	anon_vma_unlock_write(READ_ONCE(vma.anon_vma));
	validate_mm(mm);
	return error;
}

/** Bytes that stay free below a stack: 256 pages. */
export const stack_guard_gap = 256 * PAGE_SIZE;

/** The direction in which stacks grow. Locks as expand_downwards(). */
export function expand_stack(vma: vm_area_struct, address: number): number {
	return expand_downwards(vma, address);
}

/** The vma at addr, a stack being grown where that brings it there. The
 *  caller holds mmap_lock: as for expand_downwards(). */
export function find_extend_vma(mm: mm_struct, addr: number): vm_area_struct {
	addr = page_align_down(addr);

	const vma = find_vma(mm, addr);

	if (vma === NULL)
		return NULL;
	if (vma.vm_start <= addr)
		return vma;
	if ((vma.vm_flags & VM_GROWSDOWN) === 0)
		return NULL;

	const start = vma.vm_start;

	if (expand_stack(vma, addr))
		return NULL;
	if ((vma.vm_flags & VM_LOCKED) !== 0)
		populate_vma_page_range(vma, addr, start, null);
	return vma;
}

/**
 * The vmas of a list that is out of the mm: account and free them. mmap_lock
 * is held for writing, or for reading by who held it for writing before.
 */
function remove_vma_list(mm: mm_struct, vma: vm_area_struct): void {
	let nr_accounted = 0;

	update_hiwater_vm(mm);
	do {
		const nrpages = vma_pages(vma);

		if ((vma.vm_flags & VM_ACCOUNT) !== 0)
			nr_accounted += nrpages;
		/*
		 * Port: the kernel takes no lock here. After a downgrade a
		 * stack of this mm that grows under the read lock, as in 5.17,
		 * would account at the same time, and one of the two changes of
		 * total_vm be lost; growth accounts under page_table_lock.
		 */
		spin_lock(mm.page_table_lock);
		vm_stat_account(mm, vma.vm_flags, -nrpages);
		spin_unlock(mm.page_table_lock);
		vma = remove_vma(vma);
	} while (vma !== NULL);
	vm_unacct_memory(nr_accounted);
	validate_mm(mm);
}

/**
 * Take the pages out of [start, end), and page tables that serve nobody any
 * more. `vma` is the first of the range, already off the tree; prev is the one
 * before it that stays. mmap_lock is held, perhaps downgraded.
 */
function unmap_region(
	mm: mm_struct, vma: vm_area_struct, prev: vm_area_struct, start: number,
	end: number,
): void {
	const next = vma_next(mm, prev);

	lru_add_drain();

	const tlb: mmu_gather = tlb_gather_mmu(mm);

	update_hiwater_rss(mm);
	/*
	 * Pages first, then tables, which no other vma uses: the bounds are
	 * those of the neighbours that stay. tlb_finish_mmu() flushes, and only
	 * then frees what was gathered.
	 */
	unmap_vmas(tlb, vma, start, end);
	free_pgtables(tlb, vma,
		prev !== NULL ? prev.vm_end : FIRST_USER_ADDRESS,
		next !== NULL ? next.vm_start : USER_PGTABLES_CEILING);
	tlb_finish_mmu(tlb);
}

/**
 * Cut the vmas from `vma` to the last one that starts before end out of list
 * and tree, into a list of their own. Returns whether mmap_lock may be
 * downgraded while they are unmapped.
 */
function detach_vmas_to_be_unmapped(
	mm: mm_struct, vma: vm_area_struct, prev: vm_area_struct, end: number,
): boolean {
	let tail_vma: vm_area_struct;

	/*
	 * vma and those behind it stay linked to each other, as the list that
	 * the caller goes on with; the mm's list is closed over the hole.
	 */
	vma.vm_prev = NULL;
	do {
		vma_rb_erase(vma, mm.mm_rb);
		mm.map_count--;
		tail_vma = vma;
		vma = vma.vm_next;
	} while (vma !== NULL && vma.vm_start < end);
	if (prev !== NULL)
		prev.vm_next = vma;
	else
		mm.mmap = vma;
	if (vma !== NULL) {
		vma.vm_prev = prev;
		vma_gap_update(vma);
	} else {
		mm.highest_vm_end = prev !== NULL ? vm_end_gap(prev) : 0;
	}
	tail_vma.vm_next = NULL;

	/* No task may find it in its cache any more. */
	vmacache_invalidate(mm);

	/*
	 * A neighbour that grows under the read lock would do so into the range
	 * that we are still unmapping. So stay the writer. (Port: page faults
	 * grow a stack under the write lock; other callers need not.)
	 */
	if (vma !== NULL && (vma.vm_flags & VM_GROWSDOWN) !== 0)
		return false;
	if (prev !== NULL && (prev.vm_flags & VM_GROWSUP) !== 0)
		return false;
	return true;
}

/** Cut vma in two at addr, without a look at the number of mappings; the new
 *  one is below or above. mmap_lock is held for writing. */
export function __split_vma(
	mm: mm_struct, vma: vm_area_struct, addr: number, new_below: boolean,
): number {
	const vm_ops = vma.vm_ops;
	let err: number;

	mmap_assert_write_locked(mm);
	if (vm_ops && vm_ops.may_split) {
		err = vm_ops.may_split(vma, addr);
		if (err)
			return err;
	}

	/* All that may fail is done before the vma that is there is touched. */
	const new_ = vm_area_dup(vma);

	if (new_ === NULL)
		return -ENOMEM;
	if (new_below) {
		new_.vm_end = addr;
	} else {
		new_.vm_start = addr;
		new_.vm_pgoff += (addr - vma.vm_start) / PAGE_SIZE;
	}

	err = vma_dup_policy(vma, new_);
	if (err) {
		new_.vm_file = NULL; /* RFC.23: no reference yet */
		vm_area_free(new_);
		return err;
	}
	/* Pages of its half were made with vma's anon_vmas, and must be found
	 * in it through them. */
	err = anon_vma_clone(new_, vma);
	if (err) {
		mpol_put(vma_policy(new_));
		new_.vm_file = NULL; /* RFC.23: no reference yet */
		vm_area_free(new_);
		return err;
	}
	if (new_.vm_file !== NULL)
		get_file(new_.vm_file);
	if (vm_ops && vm_ops.open)
		vm_ops.open(new_);

	/* vma shrinks and new_ joins in one go: between them nothing is open,
	 * neither for rmap walks nor, by mmap_seq, for faults. */
	if (new_below)
		err = vma_adjust(vma, addr, vma.vm_end, vma.vm_pgoff +
			(addr - new_.vm_start) / PAGE_SIZE, new_);
	else
		err = vma_adjust(vma, vma.vm_start, addr, vma.vm_pgoff, new_);
	if (err === 0)
		return 0;

	/* No memory for it: as if nothing had been. */
	if (vm_ops && vm_ops.close)
		vm_ops.close(new_);
	if (new_.vm_file !== NULL)
		fput(new_.vm_file);
	unlink_anon_vmas(new_);
	mpol_put(vma_policy(new_));
	new_.vm_file = NULL; /* RFC.23: given back above */
	vm_area_free(new_);
	return err;
}

/** Split a vma in two, either the lower or the upper half a new one. */
export function split_vma(
	mm: mm_struct, vma: vm_area_struct, addr: number, new_below: boolean,
): number {
	if (mm.map_count >= sysctl_max_map_count)
		return -ENOMEM;
	return __split_vma(mm, vma, addr, new_below);
}

/** VM_LOCKED ends for all vmas from `start` that begin below `limit`. */
function unlock_range(start: vm_area_struct, limit: number): void {
	const mm: mm_struct = start.vm_mm;
	let tmp = start;

	while (tmp !== NULL && tmp.vm_start < limit) {
		if ((tmp.vm_flags & VM_LOCKED) !== 0) {
			mm.locked_vm -= vma_pages(tmp);
			munlock_vma_pages_all(tmp);
		}
		tmp = tmp.vm_next;
	}
}

/**
 * Unmap [start, start + len): split what it cuts, detach, unmap, free.
 * We enter with mmap_lock held for writing. We return a negative errno or 0
 * with it so held, or, if `downgrade` and nothing speaks against it, 1 with it
 * held for reading: zapping the pages and freeing the tables of what nobody
 * can find any more needs no more than that. mmap_seq is even again by then:
 * a speculative fault that starts now does not find the vmas, and one that
 * started before fails its check.
 */
export function __do_munmap(
	mm: mm_struct, start: number, len: number, downgrade: boolean,
): number {
	if (offset_in_page(start) || start > TASK_SIZE || len > TASK_SIZE - start)
		return -EINVAL;
	len = PAGE_ALIGN(len);
	const end = start + len;

	if (len === 0)
		return -EINVAL;
	mmap_assert_write_locked(mm);

	/* The first vma that has a part of it. */
	let vma = find_vma_intersection(mm, start, end);

	if (vma === NULL)
		return 0;
	let prev: vm_area_struct = vma.vm_prev;

	/*
	 * Split now, before anything is torn down. __split_vma() lets map_count
	 * exceed its limit: unmapping is to help those who are at it. But two
	 * splits of one vma would leave it exceeded.
	 */
	if (start > vma.vm_start) {
		if (end < vma.vm_end && mm.map_count >= sysctl_max_map_count)
			return -ENOMEM;
		const error = __split_vma(mm, vma, start, false);

		if (error)
			return error;
		prev = vma;
	}

	/* The same at the other end. */
	const last = find_vma(mm, end);

	if (last !== NULL && end > last.vm_start) {
		const error = __split_vma(mm, last, end, true);

		if (error)
			return error;
	}
	/* The splits may have put another vma where the first one was. */
	vma = vma_next(mm, prev);

	/* While it still counts in locked_vm. */
	if (mm.locked_vm !== 0)
		unlock_range(vma, end);

	/* Out of list and tree. */
	if (!detach_vmas_to_be_unmapped(mm, vma, prev, end))
		downgrade = false;
	if (downgrade)
		mmap_write_downgrade(mm);

	unmap_region(mm, vma, prev, start, end);
	/* And the vmas themselves. */
	remove_vma_list(mm, vma);
	return downgrade ? 1 : 0;
}

/** __do_munmap() that leaves mmap_lock as it is, held for writing. */
export function do_munmap(mm: mm_struct, start: number, len: number): number {
	return __do_munmap(mm, start, len, false);
}

/** Takes mmap_lock of the current mm for writing, and has released it on
 *  return, in whichever mode it was by then. */
function __vm_munmap(start: number, len: number, downgrade: boolean): number {
	const mm: mm_struct = current().mm;

	if (mmap_write_lock_killable(mm))
		return -EINTR;

	/* Faults elsewhere go on from the moment that the vmas are out. */
	let ret = __do_munmap(mm, start, len, downgrade);

	/* 1 says that the lock is held for reading now; users see 0. */
	if (ret === 1) {
		mmap_read_unlock(mm);
		ret = 0;
	} else {
		mmap_write_unlock(mm);
	}
	return ret;
}

/** For callers in the kernel, who do not profit from a downgrade. */
export function vm_munmap(start: number, len: number): number {
	return __vm_munmap(start, len, false);
}

/** Lets faults in other places run along while the pages are freed. */
export function sys_munmap(addr: number, len: number): number {
	return __vm_munmap(addr, len, true);
}

/**
 * Another part of the file for a part of a shared mapping: mmap() over it, as
 * nothing else since 4.0.
 */
export function sys_remap_file_pages(
	start: number, size: number, prot: number, pgoff: number, flags: number,
): number {
	const mm: mm_struct = current().mm;
	const out: populate_t = { populate: 0 };

	if (prot !== 0)
		return -EINVAL;
	start = page_align_down(start);
	size = page_align_down(size);
	if (size === 0 || ulong_add_overflows(start, size) ||
	    ulong_add_overflows(pgoff, size / PAGE_SIZE))
		return -EINVAL;
	if (mmap_write_lock_killable(mm))
		return -EINTR;

	const ret = remap_file_pages_locked(mm, start, size, pgoff, flags, out);

	mmap_write_unlock(mm);
	if (out.populate !== 0)
		mm_populate(ret, out.populate);
	return IS_ERR_VALUE(ret) ? ret : 0;
}

/** Port: a function of its own, as it leaves by `goto out` there. mmap_lock is
 *  held for writing. */
function remap_file_pages_locked(
	mm: mm_struct, start: number, size: number, pgoff: number,
	flags: number, out: populate_t,
): number {
	const vma = find_vma(mm, start);

	if (vma === NULL || vma.vm_start > start ||
	    (vma.vm_flags & VM_SHARED) === 0)
		return -EINVAL;
	/* It may have become several, but all of one kind. */
	for (let prev = vma; start + size > prev.vm_end; ) {
		const next: vm_area_struct = prev.vm_next;

		if (next === NULL || next.vm_start !== prev.vm_end ||
		    next.vm_file !== vma.vm_file ||
		    next.vm_flags !== vma.vm_flags)
			return -EINVAL;
		prev = next;
	}

	const prot = ((vma.vm_flags & VM_READ) !== 0 ? PROT_READ : 0) |
		((vma.vm_flags & VM_WRITE) !== 0 ? PROT_WRITE : 0) |
		((vma.vm_flags & VM_EXEC) !== 0 ? PROT_EXEC : 0);

	flags = (flags & MAP_NONBLOCK) | MAP_SHARED | MAP_FIXED |
		MAP_POPULATE;
	if ((vma.vm_flags & VM_LOCKED) !== 0)
		flags |= MAP_LOCKED;

	/* The mapping may go, and the file must not go with it. */
	const file = get_file(vma.vm_file);
	const ret = do_mmap(file, start, size, prot, flags, pgoff, out);

	fput(file);
	return ret;
}

/** The heap's part of mmap_region(): anonymous, at a given place. Both bounds
 *  are aligned; mmap_lock is held for writing. */
function do_brk_flags(addr: number, len: number, flags: number): number {
	const mm: mm_struct = current().mm;
	const links = new_vma_links();
	const pgoff = addr / PAGE_SIZE;

	/* Nobody has asked for other flags so far. */
	if ((flags & ~VM_EXEC) !== 0)
		return -EINVAL;
	flags |= VM_DATA_DEFAULT_FLAGS | VM_ACCOUNT | mm.def_flags;

	/* Asked for what it refuses, not for the address. */
	const mapped_addr = get_unmapped_area(NULL, addr, len, 0, MAP_FIXED);

	if (IS_ERR_VALUE(mapped_addr))
		return mapped_addr;

	const error = mlock_future_check(mm, mm.def_flags, len);

	if (error)
		return error;

	/* Away with what is there; then there is a place. */
	if (munmap_vma_range(mm, addr, len, links))
		return -ENOMEM;

	/* With what was cleared taken off. */
	if (!may_expand_vm(mm, flags, len / PAGE_SIZE))
		return -ENOMEM;
	if (mm.map_count > sysctl_max_map_count)
		return -ENOMEM;
	if (security_vm_enough_memory_mm(mm, len / PAGE_SIZE))
		return -ENOMEM;

	/*
	 * Mostly the heap as it is takes it. Port: since 6.1 a neighbour only
	 * does if it reaches into the heap: a .bss that ends where the heap
	 * starts stays apart from it.
	 */
	const prev = links.pprev;
	let vma: vm_area_struct = NULL;

	/* Whichever way it goes, the pages are charged by now. */
	if (!mm_since(mm, 6, 1) ||
	    (prev !== NULL && prev.vm_end > mm.start_brk))
		vma = vma_merge(mm, prev, addr, addr + len, flags, NULL, NULL,
			pgoff, NULL, NULL);

	if (vma === NULL) {
		vma = vm_area_alloc(mm);
		if (vma === NULL) {
			vm_unacct_memory(len / PAGE_SIZE);
			return -ENOMEM;
		}
		vma_set_anonymous(vma);
		vma.vm_start = addr;
		vma.vm_end = addr + len;
		vma.vm_pgoff = pgoff;
		vma.vm_flags = flags;
		vma.vm_page_prot = vm_get_page_prot(flags);
		vma_link(mm, vma, links.pprev, links.rb_link, links.rb_parent);
	}
	/* Merged or not, the mm has as much more. */
	mm.total_vm += len / PAGE_SIZE;
	mm.data_vm += len / PAGE_SIZE;
	if ((flags & VM_LOCKED) !== 0)
		mm.locked_vm += len / PAGE_SIZE;
	if (CONFIG_MEM_SOFT_DIRTY)
		vma.vm_flags |= VM_SOFTDIRTY;
	return 0;
}

/** For exec: anonymous memory behind a segment (.bss), or an empty heap. */
export function vm_brk_flags(
	addr: number, request: number, flags: number,
): number {
	const mm: mm_struct = current().mm;
	const len = PAGE_ALIGN(request);

	if (len === 0)
		return 0;
	if (mmap_write_lock_killable(mm))
		return -EINTR;

	const ret = do_brk_flags(addr, len, flags);
	const populate = (mm.def_flags & VM_LOCKED) !== 0;

	mmap_write_unlock(mm);
	if (populate && ret === 0)
		mm_populate(addr, len);
	return ret;
}

/** The same for data, which is never executable. */
export function vm_brk(addr: number, len: number): number {
	return vm_brk_flags(addr, len, 0);
}

/**
 * The last user is gone: unmap and free everything. Nobody else can find this
 * mm to fault in it, yet the lock is held for writing over the freeing of page
 * tables, as their rule says.
 */
export function exit_mmap(mm: mm_struct): void {
	let nr_accounted = 0;

	/* Nobody uses it any more: who has translations of it drops them. */
	mmu_notifier_release(mm);

	if (mm_is_oom_victim(mm)) {
		/*
		 * Do here what the reaper would, without a lock as nobody else
		 * is left, and have it, and the OOM killer, forget this mm. The
		 * write lock below waits until it is out of here, if it is in.
		 * Before unlock_range(): the reaper goes by VM_LOCKED.
		 */
		__oom_reap_task_mm(mm);
		fetch_or(mm.flags, 1 << MMF_OOM_SKIP);
	}

	/* No signal may cut this wait short: all of the mm would leak. */
	mmap_write_lock(mm);
	if (mm.locked_vm !== 0)
		unlock_range(mm.mmap, ULONG_MAX);
	arch_exit_mmap(mm);

	let vma: vm_area_struct = mm.mmap;

	if (vma === NULL) {
		/* dup_mmap() may have failed before the first vma. */
		mmap_write_unlock(mm);
		return;
	}

	lru_add_drain();

	/* All at once, and nobody has translations of it but this CPU and those
	 * that are lazy: one flush for everything. */
	const tlb: mmu_gather = tlb_gather_mmu_fullmm(mm);

	unmap_vmas(tlb, vma, 0, ULONG_MAX);
	free_pgtables(tlb, vma, FIRST_USER_ADDRESS, USER_PGTABLES_CEILING);
	tlb_finish_mmu(tlb);

	/* Nothing maps their pages any more: close and free. */
	while (vma !== NULL) {
		if ((vma.vm_flags & VM_ACCOUNT) !== 0)
			nr_accounted += vma_pages(vma);
		vma = remove_vma(vma);
		cond_resched();
	}
	mm.mmap = NULL;
	mmap_write_unlock(mm);
	vm_unacct_memory(nr_accounted);
}

/** A vma made by hand joins the mm, if its range is free. mmap_lock is held
 *  for writing. */
export function insert_vm_struct(mm: mm_struct, vma: vm_area_struct): number {
	const links = new_vma_links();

	mmap_assert_write_locked(mm);
	if (find_vma_links(mm, vma.vm_start, vma.vm_end, links) !== 0)
		return -ENOMEM;
	if ((vma.vm_flags & VM_ACCOUNT) !== 0 &&
	    security_vm_enough_memory_mm(mm, vma_pages(vma)))
		return -ENOMEM;

	/*
	 * vm_pgoff of anonymous memory means nothing until the first fault,
	 * but merging compares it: make it the address, as do_mmap() does.
	 */
	if (vma_is_anonymous(vma)) {
		BUG_ON(vma.anon_vma !== NULL, "insert_vm_struct: anon_vma");
		vma.vm_pgoff = vma.vm_start / PAGE_SIZE;
	}
	vma_link(mm, vma, links.pprev, links.rb_link, links.rb_parent);
	return 0;
}

/** In- and out-parameters of copy_vma(). */
export interface copy_vma_args {
	vma: vm_area_struct; /* changes if it was merged with the copy */
	need_rmap_locks: boolean;
}

/**
 * For mremap(): a vma at addr like args.vma, to move its pages to. It may be
 * merged into one that is there. need_rmap_locks: a rmap walk that goes
 * upwards through the interval tree could meet the new place first and then
 * the old one, and miss pages that move meanwhile.
 * mmap_lock is held for writing. NULL: out of memory.
 */
export function copy_vma(
	args: copy_vma_args, addr: number, len: number, pgoff: number,
): vm_area_struct {
	let vma = args.vma;
	const vma_start = vma.vm_start;
	const mm: mm_struct = vma.vm_mm;
	const links = new_vma_links();
	let faulted_in_anon_vma = true;

	mmap_assert_write_locked(mm);

	/*
	 * Anonymous memory that was never touched can take the offset of its
	 * new place, which makes a merge there more likely.
	 */
	if (vma_is_anonymous(vma) && vma.anon_vma === NULL) {
		pgoff = addr / PAGE_SIZE;
		faulted_in_anon_vma = false;
	}

	/* The properties are the source's, and so is the anon_vma: the pages
	 * that are going to be moved here must be found through it. */
	if (find_vma_links(mm, addr, addr + len, links) !== 0)
		return NULL; /* the caller has made room */
	let new_vma = vma_merge(mm, links.pprev, addr, addr + len, vma.vm_flags,
		vma.anon_vma, vma.vm_file, pgoff, vma_policy(vma),
		anon_vma_name(vma));

	if (new_vma !== NULL) {
		/* Was the source merged into it as well? */
		if (vma_start >= new_vma.vm_start && vma_start < new_vma.vm_end) {
			/*
			 * Only if it was never faulted in: otherwise the
			 * offsets of source and destination could not both be
			 * linear.
			 */
			VM_BUG_ON_VMA(faulted_in_anon_vma, new_vma, "copy_vma");
			args.vma = vma = new_vma;
		}
		args.need_rmap_locks = new_vma.vm_pgoff <= vma.vm_pgoff;
		return new_vma;
	}

	/* No neighbour takes it: a copy, with all that vma has, elsewhere. */
	new_vma = vm_area_dup(vma);
	if (new_vma === NULL)
		return NULL;
	new_vma.vm_start = addr;
	new_vma.vm_end = addr + len;
	new_vma.vm_pgoff = pgoff;
	if (vma_dup_policy(vma, new_vma)) {
		new_vma.vm_file = NULL; /* RFC.23: no reference yet */
		vm_area_free(new_vma);
		return NULL;
	}
	if (anon_vma_clone(new_vma, vma)) {
		mpol_put(vma_policy(new_vma));
		new_vma.vm_file = NULL; /* RFC.23: no reference yet */
		vm_area_free(new_vma);
		return NULL;
	}
	if (new_vma.vm_file !== NULL)
		get_file(new_vma.vm_file);

	const vm_ops = new_vma.vm_ops;

	if (vm_ops && vm_ops.open)
		vm_ops.open(new_vma);
	/* In the tree of their anon_vma it is behind vma: its offset is the
	 * same or larger, and it came later. A walk comes by it last. */
	vma_link(mm, new_vma, links.pprev, links.rb_link, links.rb_parent);
	args.need_rmap_locks = false;
	return new_vma;
}

/** Would npages more be against the limits? */
export function may_expand_vm(
	mm: mm_struct, flags: number, npages: number,
): boolean {
	if (mm.total_vm + npages > rlimit(RLIMIT_AS) / PAGE_SIZE)
		return false;
	/* Port: without ignore_rlimit_data and its warning. */
	if (is_data_mapping(flags) &&
	    mm.data_vm + npages > rlimit(RLIMIT_DATA) / PAGE_SIZE) {
		/* Valgrind sets the soft limit to 0 and means nothing by it. */
		const most = rlimit_max(RLIMIT_DATA) / PAGE_SIZE;

		return rlimit(RLIMIT_DATA) === 0 &&
			mm.data_vm + npages <= most;
	}
	return true;
}

/** npages more (or less) of this kind. mmap_lock is held for writing, or
 *  page_table_lock by expand_downwards() and remove_vma_list(). */
export function vm_stat_account(
	mm: mm_struct, flags: number, npages: number,
): void {
	WRITE_ONCE(mm.total_vm, READ_ONCE(mm.total_vm) + npages);
	if (is_exec_mapping(flags))
		mm.exec_vm += npages;
	else if (is_stack_mapping(flags))
		mm.stack_vm += npages;
	else if (is_data_mapping(flags))
		mm.data_vm += npages;
}

/* ---- special mappings: pages that the kernel lends to every program ---- */

/** vm_private_data of a special mapping. Port: a name's number stands for the
 *  kernel's struct vm_special_mapping. */
export const SPECIAL_MAPPING_VVAR = 1;
export const SPECIAL_MAPPING_VVAR_VCLOCK = 2;
export const SPECIAL_MAPPING_VDSO = 3;
export const SPECIAL_MAPPING_VSYSCALL = 4;
const special_mapping_names = [
	"", "[vvar]", "[vvar_vclock]", "[vdso]", "[vsyscall]",
];

interface special_mapping_data extends struct {
	page: page; /* constant after mmap_init() */
}
const special_mapping = DEFINE<special_mapping_data>();

/** Having it stops merging of special mappings. */
function special_mapping_close(_vma: vm_area_struct): void {}

/** For /proc/PID/maps. */
function special_mapping_name(vma: vm_area_struct): string {
	return special_mapping_names[vma.vm_private_data];
}

/** Port: no code in it, so nobody has to know where it went. */
function special_mapping_mremap(new_vma: vm_area_struct): number {
	if (WARN_ON_ONCE(current().mm !== new_vma.vm_mm, "another mm's vdso"))
		return -EFAULT;
	return 0;
}

/** A vdso moves as a whole or not at all. */
function special_mapping_split(_vma: vm_area_struct, _addr: number): number {
	return -EINVAL;
}

/** Port: one zeroed page takes the place of all of them. */
function special_mapping_fault(vmf: vm_fault): vm_fault_t {
	const page: page = special_mapping.page;

	get_page(page);
	vmf.page = page;
	return 0;
}

export const special_mapping_vmops = RODATA({
	close: special_mapping_close,
	fault: special_mapping_fault,
	mremap: special_mapping_mremap,
	name: special_mapping_name,
	may_split: special_mapping_split,
});

/** Is this the special mapping `spec`, and not another one or a file? */
export function vma_is_special_mapping(
	vma: vm_area_struct, spec: number,
): boolean {
	return vma.vm_private_data === spec &&
		vma.vm_ops === special_mapping_vmops;
}

/** Called with mmap_lock held for writing. */
export function _install_special_mapping(
	mm: mm_struct, addr: number, len: number, vm_flags: number, spec: number,
): vm_area_struct {
	const vma = vm_area_alloc(mm);

	if (vma === NULL)
		return ERR_PTR(-ENOMEM);
	vma.vm_start = addr;
	vma.vm_end = addr + len;
	vma.vm_flags = (vm_flags | mm.def_flags | VM_DONTEXPAND |
		VM_SOFTDIRTY) & VM_LOCKED_CLEAR_MASK;
	vma.vm_page_prot = vm_get_page_prot(vma.vm_flags);
	vma.vm_ops = special_mapping_vmops;
	vma.vm_private_data = spec;

	const ret = insert_vm_struct(mm, vma);

	if (ret) {
		vm_area_free(vma);
		return ERR_PTR(ret);
	}
	vm_stat_account(mm, vma.vm_flags, len / PAGE_SIZE);
	return vma;
}

/* ---- all locks of an address space, for mmu_notifier_register() ---- */

interface mm_all_locks_data extends struct {
	/** guards locks of a class that are taken without an order: one task
	 *  at a time. Port: a mutex in the kernel. */
	mm_all_locks_mutex: embed<rw_semaphore>;
}
const mm_all_locks = DEFINE<mm_all_locks_data>();

/** Bit 0 of the root of the tree says that we have the lock: other vmas may
 *  have the same one. Only who holds mm_all_locks_mutex changes it. */
const MM_ALL_LOCKS = 1;

function vm_lock_anon_vma(mm: mm_struct, anon_vma: anon_vma): void {
	const root: anon_vma = anon_vma.root;
	const tree = root.rb_root.rb_root;

	/* Others may change the tree, but not the bit. */
	if ((uptr(READ_ONCE(tree.rb_node)) & MM_ALL_LOCKS) !== 0)
		return;
	down_write_nest_lock(root.rwsem, mm.mmap_lock);
	/* Now it is ours, and nobody looks at the tree without the lock. */
	tree.rb_node = cast<rb_node>(uptr(tree.rb_node) | MM_ALL_LOCKS);
}

function vm_lock_mapping(mm: mm_struct, mapping: address_space): void {
	if ((READ_ONCE(mapping.flags) & (1 << AS_MM_ALL_LOCKS)) !== 0)
		return;
	/* Atomic, as others may change other bits. */
	fetch_or(mapping.flags, 1 << AS_MM_ALL_LOCKS);
	down_write_nest_lock(mapping.i_mmap_rwsem, mm.mmap_lock);
}

/**
 * Keep everybody away from the page tables of mm: system calls, faults,
 * truncation, walks from a page to its mappings. mmap_lock is held for writing,
 * and not let go of before mm_drop_all_locks() has returned. V2.24: speculative
 * faults that notify others are kept away by mmu_notifier_lock; those that do
 * not, go on. 0, or -EINTR with a signal. It may take very many locks.
 *
 * The order is that in the head of mm/rmap.ts. Locks of one class are taken in
 * any order, as nobody else takes two of them, and nobody else is here.
 * Port: mmap_lock is asserted, where the kernel tries to get it once more.
 */
export function mm_take_all_locks(mm: mm_struct): number {
	mmap_assert_write_locked(mm);
	down_write(mm_all_locks.mm_all_locks_mutex);
	if (CONFIG_SPECULATIVE_PAGE_FAULT)
		percpu_down_write(mm.mmu_notifier_lock);

	out_unlock: {
		for (let vma = mm.mmap; vma !== NULL; vma = vma.vm_next) {
			if (signal_pending(current()))
				break out_unlock;
			if (vma.vm_file !== NULL)
				vm_lock_mapping(mm, vma.vm_file.f_mapping);
		}
		for (let vma = mm.mmap; vma !== NULL; vma = vma.vm_next) {
			if (signal_pending(current()))
				break out_unlock;
			if (vma.anon_vma === NULL)
				continue;
			for (let pos: list_head = vma.anon_vma_chain.next;
			     pos !== vma.anon_vma_chain; pos = pos.next)
				vm_lock_anon_vma(mm, avc_of(pos).anon_vma);
		}
		return 0;
	} /* out_unlock: */
	mm_drop_all_locks(mm);
	return -EINTR;
}

function avc_of(pos: list_head): anon_vma_chain {
	return container_of<anon_vma_chain>(pos, "same_vma");
}

function vm_unlock_anon_vma(anon_vma: anon_vma): void {
	const root: anon_vma = anon_vma.root;
	const tree = root.rb_root.rb_root;
	const node = uptr(READ_ONCE(tree.rb_node));

	if ((node & MM_ALL_LOCKS) === 0)
		return;
	/* Before the lock is free: who walks the tree never meets it. */
	tree.rb_node = cast<rb_node>(node & ~MM_ALL_LOCKS);
	up_write(root.rwsem);
}

function vm_unlock_mapping(mapping: address_space): void {
	if ((READ_ONCE(mapping.flags) & (1 << AS_MM_ALL_LOCKS)) === 0)
		return;
	i_mmap_unlock_write(mapping);
	fetch_and(mapping.flags, ~(1 << AS_MM_ALL_LOCKS));
}

/** mmap_lock is held for writing still. */
export function mm_drop_all_locks(mm: mm_struct): void {
	mmap_assert_write_locked(mm);
	for (let vma = mm.mmap; vma !== NULL; vma = vma.vm_next) {
		if (vma.anon_vma !== NULL) {
			for (let pos: list_head = vma.anon_vma_chain.next;
			     pos !== vma.anon_vma_chain; pos = pos.next)
				vm_unlock_anon_vma(avc_of(pos).anon_vma);
		}
		if (vma.vm_file !== NULL)
			vm_unlock_mapping(vma.vm_file.f_mapping);
	}

	if (CONFIG_SPECULATIVE_PAGE_FAULT)
		percpu_up_write(mm.mmu_notifier_lock);
	up_write(mm_all_locks.mm_all_locks_mutex);
}

/** Boot: the counter of committed memory, and the page of the vdso. */
export function mmap_init(): void {
	if (CONFIG_MMU_NOTIFIER) {
		init_rwsem(mm_all_locks.mm_all_locks_mutex);
		mmu_notifier_init();
	}
	percpu_counter_init(vm_committed_as, 0);
	special_mapping.page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	BUG_ON(special_mapping.page === NULL, "mmap_init: no page");
}
