// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/memory.c (5.17 with V2.04, 05, 09, 14 to 21, 26, 27 and 31, and of
 * RFC.24, 26, 27 and 30): page tables as a whole - freeing, copying, zapping
 * them - and the page fault.
 * Left out, in the order of the kernel's file:
 * - disable_randmaps(), arch_faults_on_old_pte(),
 *   arch_wants_old_prefaulted_pte();
 * - counters of their own for tasks (SPLIT_RSS_COUNTING: add_mm_counter_fast()
 *   and its like, check_sync_rss_stat()), mm_trace_rss_stat();
 * - kernel page tables: __pte_alloc_kernel(), apply_to_page_range(),
 *   apply_to_existing_page_range() and what is under them;
 * - huge pages: vm_normal_page_pmd(), do_set_pmd(), deposit_prealloc_pte(),
 *   create_huge_pmd() and _pud(), wp_huge_pmd() and _pud(), and from
 *   process_huge_page() to copy_huge_page_from_user(); hugetlb;
 * - swap, migration and device entries: copy_nonpresent_pte(),
 *   restore_exclusive_pte(), try_restore_exclusive_pte(),
 *   remove_device_exclusive_entry(), all but the beginning of do_swap_page();
 * - mappings made by drivers: zap_vma_ptes(), __get_locked_pte(),
 *   vm_insert_page() to vmf_insert_mixed_mkwrite(), remap_pfn_range(),
 *   vm_iomap_memory(), follow_pte(), follow_pfn(), follow_phys(),
 *   generic_access_phys();
 * - the memory of others, and messages: access_process_vm(),
 *   access_remote_vm(), print_vma_addr(), __might_fault();
 * - __p4d_alloc(), as that level is folded; ptlock_cache_init(),
 *   ptlock_alloc(), ptlock_free(), as the lock is in struct page;
 * - everywhere: delay accounting, hardware poison.
 * handle_mm_fault() is an inline of mm.h (V2.09).
 */
import {
	CONFIG_ARCH_HAS_PKEYS,
	CONFIG_ARCH_HAS_PTE_SPECIAL, CONFIG_GET_USER_PAGES, CONFIG_MEMCG,
	CONFIG_MMU_GATHER_RCU_TABLE_FREE, CONFIG_MMU_NOTIFIER,
	CONFIG_NUMA_BALANCING, CONFIG_SPECULATIVE_FILE_BY_FAULT,
	CONFIG_SPECULATIVE_FILE_BY_MAP_PAGES, CONFIG_SPECULATIVE_FILE_FAULT,
	CONFIG_SPECULATIVE_PAGE_FAULT, CONFIG_TRACING,
} from "generated/autoconf.ts";
import type {
	address_space, mm_struct, page, vm_area_struct, vm_fault,
} from "linux/mm_types.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";
import type {
	p4d_t, pgd_t, pgtable_t, pmd_t, pte_t, pud_t,
} from "asm/pgtable_types.ts";
import {
	__PAGETABLE_PMD_FOLDED, __PAGETABLE_PUD_FOLDED, PAGE_SIZE, PGDIR_SIZE,
	PMD_SIZE, PTRS_PER_PTE, PUD_SIZE,
} from "asm/pgtable_types.ts";
import { arch_vma_access_permitted } from "asm/mmu_context.ts";
import type { pt_regs } from "asm/ptrace.ts";
import { EAGAIN, EINVAL, ENOMEM } from "linux/errno.ts";
import {
	BUG_ON, VM_BUG_ON, VM_BUG_ON_PAGE, VM_BUG_ON_VMA, WARN, WARN_ON_ONCE,
} from "linux/bug.ts";
import {
	spin_lock, spin_lock_nested, spin_trylock, spin_unlock,
} from "linux/spinlock.ts";
import { SINGLE_DEPTH_NESTING } from "linux/lockdep.ts";
import { rcu_read_lock, rcu_read_unlock } from "linux/rcupdate.ts";
import {
	raw_write_seqcount_begin, raw_write_seqcount_end,
} from "linux/seqlock.ts";
import { local_irq_disable, local_irq_enable } from "linux/irqflags.ts";
import { smp_mb, smp_wmb } from "host/door.ts";
import { text } from "host/text.ts";
import { current } from "kernel/sched/core.ts";
import { cond_resched, ULONG_MAX } from "linux/kernel.ts";
import { alloc_page_vma, get_zeroed_page, GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from "linux/gfp.ts";
import { __GFP_FS, __GFP_IO } from "linux/gfp.ts";
import {
	__SetPageUptodate, PageAnon, PageKsm, PageLocked, SetPageReserved,
} from "linux/page-flags.ts";
import { page_count } from "linux/page_ref.ts";
import { count_vm_event, count_vm_numa_event, count_vm_spf_event } from "linux/vm_event.ts";
import {
	NUMA_HINT_FAULTS, NUMA_HINT_FAULTS_LOCAL, PGFAULT, PGREUSE,
	SPF_ABORT_ANON_VMA, SPF_ABORT_FAULT, SPF_ABORT_PMD,
	SPF_ABORT_PTE_MAP_LOCK_PMD,
	SPF_ABORT_PTE_MAP_LOCK_PTL, SPF_ABORT_PTE_MAP_LOCK_SEQ1,
	SPF_ABORT_PTE_MAP_LOCK_SEQ2, SPF_ABORT_PUD, SPF_ABORT_SWAP,
	SPF_ABORT_USERFAULTFD, SPF_ATTEMPT_ANON, SPF_ATTEMPT_FILE,
	SPF_ATTEMPT_NUMA, SPF_ATTEMPT_PTE, SPF_ATTEMPT_WP,
} from "linux/vm_event_item.ts";
import {
	mmap_assert_locked, mmap_assert_write_locked, mmap_seq_read_check,
} from "linux/mmap_lock.ts";
import { virt_to_page, virt_to_pfn, pfn_to_page, pfn_valid } from "asm-generic/memory_model.ts";
import {
	add_mm_counter, dec_mm_counter_fast, FAULT_FLAG_MKWRITE,
	FAULT_FLAG_INSTRUCTION, FAULT_FLAG_REMOTE, FAULT_FLAG_SPECULATIVE,
	FAULT_FLAG_TRIED, FAULT_FLAG_USER, FAULT_FLAG_WRITE, get_page,
	inc_mm_counter_fast, is_cow_mapping, maybe_mkwrite, MM_ANONPAGES,
	mm_counter,
	mm_counter_file, mm_dec_nr_pmds, mm_dec_nr_ptes, mm_dec_nr_puds,
	mm_inc_nr_pmds, mm_inc_nr_ptes, mm_inc_nr_puds, NR_MM_COUNTERS,
	p4d_alloc, page_mapcount, page_needs_cow_for_dma, pmd_alloc, pmd_lock,
	pte_alloc, pte_alloc_map_lock, pte_lockptr, pte_lockptr_val,
	pte_map_lock,
	pte_offset_map_lock, pte_spinlock, pte_unmap_unlock, pud_alloc,
	pud_lock, put_page, sync_mm_rss, VM_FAULT_DONE_COW, VM_FAULT_ERROR,
	VM_FAULT_LOCKED, VM_FAULT_MAJOR, VM_FAULT_NOPAGE, VM_FAULT_OOM,
	VM_FAULT_RETRY, VM_FAULT_SIGBUS, VM_FAULT_SIGSEGV, type vm_fault_t,
	update_hiwater_rss, VM_FAULT_WRITE, VM_HUGETLB, VM_MIXEDMAP, VM_PFNMAP,
	VM_SEQ_READ, VM_SHARED, VM_UFFD_MISSING, VM_UFFD_WP, VM_WRITE,
	vma_can_speculate, vma_is_accessible, vma_is_anonymous, vma_pages,
} from "linux/mm.ts";
import {
	is_swap_pmd, is_zero_pfn, mm_forbids_zeropage,
	my_zero_pfn, p4d_addr_end,
	p4d_none_or_clear_bad, pgd_addr_end, pgd_none_or_clear_bad, pgd_offset,
	pmd_addr_end, pmd_devmap, pmd_devmap_trans_unstable,
	pmd_none_or_clear_bad, pmd_none_or_trans_huge_or_clear_bad, pmd_offset,
	pmd_offset_lockless, pmd_same, pmd_trans_huge, pmd_trans_unstable,
	pte_clear_not_present_full, pte_index, pte_offset_map,
	pte_offset_map_val, pte_savedwrite, pte_unmap, ptep_get,
	ptep_modify_prot_commit, ptep_modify_prot_start, pud_addr_end,
	pud_devmap, pud_none_or_clear_bad, pud_offset, pud_offset_lockless,
	pud_trans_huge, update_mmu_tlb,
} from "linux/pgtable.ts";
import {
	flush_tlb_fix_spurious_fault, mk_pte, p4d_bad, p4d_clear, p4d_none,
	p4d_offset, p4d_pgtable, p4d_present, pfn_pte, pgd_bad, pgd_none,
	pmd_clear, pmd_none, pte_clear_uffd_wp, pte_dirty,
	pte_mkclean, pte_mkdirty, pte_mkold, pte_mkspecial, pte_mkwrite,
	pte_mkyoung, pte_modify, pte_none, pte_pfn, pte_present, pte_protnone,
	pte_same, pte_special, pte_write, pte_wrprotect, pte_young,
	ptep_get_and_clear_full, ptep_set_access_flags, ptep_set_wrprotect,
	pud_bad, pud_clear, pud_none, pud_pgtable, pud_present, set_pte_at,
	update_mmu_cache,
} from "asm/pgtable.ts";
import {
	p4d_populate, pmd_alloc_one, pmd_free, pmd_pgtable, pmd_populate,
	pte_alloc_one, pte_free, pud_alloc_one, pud_free, pud_populate,
} from "asm/pgalloc.ts";
import { perf_sw_event } from "linux/perf_event.ts";
import {
	PERF_COUNT_SW_PAGE_FAULTS_MAJ, PERF_COUNT_SW_PAGE_FAULTS_MIN,
} from "uapi/linux/perf_event.ts";
import {
	trace_handle_mm_fault, trace_spf_pmd_changed, trace_spf_pte_lock,
	trace_spf_vma_noanon, trace_spf_vmf_changed, trace_spf_vmf_notsup,
} from "trace/events/pagefault.ts";
import { ptep_clear_flush } from "mm/pgtable-generic.ts";
import {
	__tlb_remove_page, type mmu_gather, pmd_free_tlb, pte_free_tlb,
	pud_free_tlb, tlb_change_page_size, tlb_end_vma, tlb_flush_mmu_tlbonly,
	tlb_remove_tlb_entry, tlb_start_vma,
} from "asm-generic/tlb.ts";
import {
	tlb_finish_mmu, tlb_flush_mmu, tlb_gather_mmu,
} from "mm/mmu_gather.ts";
import { flush_tlb_page } from "asm/tlbflush.ts";
import { mm_tlb_flush_pending } from "linux/mm_types.ts";
import { page_dup_rmap } from "linux/rmap.ts";
import {
	__anon_vma_prepare, page_add_file_rmap, page_add_new_anon_rmap,
	page_remove_rmap, unlink_anon_vmas,
} from "mm/rmap.ts";
import { unlink_file_vma } from "mm/mmap.ts";
import { lru_add_drain, lru_cache_add_inactive_or_unevictable, mark_page_accessed } from "mm/swap.ts";
import { linear_page_index, lock_page, mapping_gfp_mask, trylock_page } from "linux/pagemap.ts";
import { unlock_page } from "mm/filemap.ts";
import { set_page_dirty } from "mm/page-writeback.ts";
import {
	mem_cgroup_charge, mem_cgroup_enter_user_fault,
	mem_cgroup_exit_user_fault, mem_cgroup_oom_synchronize,
	task_in_memcg_oom,
} from "linux/memcontrol.ts";
import { check_stable_address_space } from "linux/oom.ts";
import {
	alloc_zeroed_user_highpage_movable, copy_user_highpage,
} from "linux/highmem.ts";
import {
	handle_userfault, userfaultfd_missing, userfaultfd_pte_wp, userfaultfd_wp,
} from "linux/userfaultfd_k.ts";
import {
	vma_interval_tree_iter_first, vma_interval_tree_iter_next,
} from "mm/interval_tree.ts";
import { i_mmap_lock_write, i_mmap_unlock_write } from "linux/fs.ts";
import { RB_EMPTY_ROOT } from "linux/rbtree.ts";
import type { rb_root_cached } from "linux/types.ts";
import {
	mmu_notifier_invalidate_range_end,
	mmu_notifier_invalidate_range_only_end,
	mmu_notifier_invalidate_range_start, type mmu_notifier_range,
	mmu_notifier_range_init, mmu_notifier_trylock, mmu_notifier_unlock,
	MMU_NOTIFY_CLEAR, MMU_NOTIFY_PROTECTION_PAGE, MMU_NOTIFY_UNMAP,
	ptep_clear_flush_notify, set_pte_at_notify,
} from "linux/mmu_notifier.ts";

export interface memory_data extends struct {
	zero_pfn: int; /* frame of the page of zeroes; constant after boot */
	fault_around: int; /* atomic; fault_around_bytes, 0: never set */
	/** 1 - sysctl_speculative_page_fault; atomic */
	speculative_off: ifdef<"CONFIG_SPECULATIVE_PAGE_FAULT", int>;
}
export const memory_globals = DEFINE<memory_data>();

/**
 * Port: the kernel's page of zeroes is part of its image; here it is the first
 * page that the allocator gives, and never given back.
 */
export function init_zero_pfn(): number {
	const addr = get_zeroed_page(GFP_KERNEL);

	BUG_ON(addr === 0, "no memory for the zero page");
	SetPageReserved(virt_to_page(addr));
	memory_globals.zero_pfn = virt_to_pfn(addr);
	return 0;
}

/* ---- freeing of page tables ---- */

/* free_*_range(): the caller holds mmap_lock for writing, or is the last user
 * (exit), or has detached the range under mmap_lock and downgraded. Nobody can
 * fault in the range any more; the CPU's own walkers and speculative faults
 * may still be inside the tables, which is why tables go through tlb. */

/** One table of ptes: out of its pmd entry, and to be freed after the flush. */
function free_pte_range(tlb: mmu_gather, pmd: pmd_t, addr: number): void {
	const token = pmd_pgtable(READ_ONCE(pmd.pmd));

	pmd_clear(pmd);
	pte_free_tlb(tlb, token, addr);
	mm_dec_nr_ptes(tlb.mm);
}

/** A bound of 0 from above means: none. */
function no_limit(ceiling: number): number {
	return ceiling === 0 ? Number.MAX_SAFE_INTEGER : ceiling;
}

/**
 * The tables of ptes under one pud entry, and then the table of pmds itself, if
 * there is one. The bounds are those of free_pgd_range().
 */
function free_pmd_range(
	tlb: mmu_gather, pud: pud_t, addr: number, end: number,
	floor: number, ceiling: number,
): void {
	let start = addr;
	let pmd = pmd_offset(pud, addr);
	do {
		const next = pmd_addr_end(addr, end);
		/* Our caller has made the range one of whole tables of ptes. */
		if (!pmd_none_or_clear_bad(pmd)) free_pte_range(tlb, pmd, addr);
		pmd = ptr_add(pmd, 1);
		addr = next;
	} while (addr !== end);
	if (__PAGETABLE_PMD_FOLDED) return;

	/* The table itself goes only if nothing else of its span is mapped. */
	start -= start % PUD_SIZE;
	if (start < floor) return;
	if (ceiling !== 0) {
		ceiling -= ceiling % PUD_SIZE;
		if (ceiling === 0) return;
	}
	if (end > no_limit(ceiling)) return;

	/* First out of reach for new walks, then to be freed when old ones are
	 * over: the flush, or a grace period, is what tlb waits for. */
	const table = cast<pmd_t>(pud_pgtable(READ_ONCE(pud.pud)));
	pud_clear(pud);
	pmd_free_tlb(tlb, table, start);
	mm_dec_nr_pmds(tlb.mm);
}

/** The same one level up: what is under a p4d entry, then the table of puds. */
function free_pud_range(
	tlb: mmu_gather, p4d: p4d_t, addr: number, end: number,
	floor: number, ceiling: number,
): void {
	let start = addr;
	let pud = pud_offset(p4d, addr);
	do {
		const next = pud_addr_end(addr, end);
		if (!pud_none_or_clear_bad(pud))
			free_pmd_range(tlb, pud, addr, next, floor, ceiling);
		pud = ptr_add(pud, 1);
		addr = next;
	} while (addr !== end);
	if (__PAGETABLE_PUD_FOLDED) return;

	start -= start % PGDIR_SIZE;
	if (start < floor) return;
	if (ceiling !== 0) {
		ceiling -= ceiling % PGDIR_SIZE;
		if (ceiling === 0) return;
	}
	if (end > no_limit(ceiling)) return;

	const table = cast<pud_t>(p4d_pgtable(READ_ONCE(p4d.p4d)));
	p4d_clear(p4d);
	pud_free_tlb(tlb, table, start);
	mm_dec_nr_puds(tlb.mm);
}

/** The p4d level is folded: it has one entry, and no table to free. */
function free_p4d_range(
	tlb: mmu_gather, pgd: pgd_t, addr: number, end: number,
	floor: number, ceiling: number,
): void {
	let p4d = p4d_offset(pgd, addr);
	do {
		const next = p4d_addr_end(addr, end);
		if (!p4d_none_or_clear_bad(p4d))
			free_pud_range(tlb, p4d, addr, next, floor, ceiling);
		p4d = ptr_add(p4d, 1);
		addr = next;
	} while (addr !== end);
}

/**
 * Free the tables that map nothing outside of [addr, end). floor and ceiling
 * are the nearest other mappings (ceiling 0: the top of the address space);
 * a table that reaches beyond them is in use and stays.
 */
export function free_pgd_range(
	tlb: mmu_gather, addr: number, end: number,
	floor: number, ceiling: number,
): void {
	/*
	 * Shrink the range to whole pte tables that lie between the two bounds,
	 * so that the levels above need to look at their own span only.
	 */
	addr -= addr % PMD_SIZE;
	if (addr < floor) {
		addr += PMD_SIZE;
		if (addr === 0) return;
	}
	if (ceiling !== 0) {
		ceiling -= ceiling % PMD_SIZE;
		if (ceiling === 0) return;
	}
	if (end > no_limit(ceiling)) end -= PMD_SIZE;
	if (addr > end - 1) return;

	tlb_change_page_size(tlb, PAGE_SIZE);
	let pgd = pgd_offset(tlb.mm, addr);
	do {
		const next = pgd_addr_end(addr, end);
		if (!pgd_none_or_clear_bad(pgd))
			free_p4d_range(tlb, pgd, addr, next, floor, ceiling);
		pgd = ptr_add(pgd, 1);
		addr = next;
	} while (addr !== end);
}

/**
 * Free the tables of a list of vmas that are off the tree already, or of a dead
 * address space, whose tree nobody walks. First each vma is hidden from rmap
 * and truncate, which could otherwise walk into it. For mmap_lock see
 * free_*_range() above; takes i_mmap_rwsem and the anon_vma's lock, one after
 * the other.
 */
export function free_pgtables(
	tlb: mmu_gather, vma: vm_area_struct, floor: number, ceiling: number,
): void {
	while (vma !== NULL) {
		let next = vma.vm_next;
		const addr = vma.vm_start;

		unlink_anon_vmas(vma);
		unlink_file_vma(vma);
		/* Neighbours that may share a table are freed in one go. */
		while (next !== NULL && next.vm_start <= vma.vm_end + PMD_SIZE) {
			vma = next;
			next = vma.vm_next;
			unlink_anon_vmas(vma);
			unlink_file_vma(vma);
		}
		free_pgd_range(tlb, addr, vma.vm_end, floor,
			next !== NULL ? next.vm_start : ceiling);
		vma = next;
	}
}

/**
 * Install a pte table unless somebody was faster. Holds mmap_lock, at least for
 * reading. Port: returns what is left of `pte` (NULL when it was installed),
 * where the kernel clears the caller's variable.
 */
export function pmd_install(
	mm: mm_struct, pmd: pmd_t, pte: pgtable_t,
): pgtable_t {
	const ptl = pmd_lock(mm, pmd);

	if (pmd_none(pmd.pmd)) {
		mm_inc_nr_ptes(mm);
		/*
		 * The zeroes of the table, and its lock, before the pointer to
		 * it. Pairs with the address dependency of everyone who reads
		 * the pmd without the lock: hardware and software walkers.
		 */
		smp_wmb();
		pmd_populate(mm, pmd, pte);
		pte = NULL;
	}
	spin_unlock(ptl);
	return pte;
}

/**
 * Give the pmd entry a table of ptes; 0 also if another fault was faster, whose
 * table is used then. Holds mmap_lock, at least for reading. A table is never
 * installed by a speculative fault: see __handle_mm_fault().
 */
export function __pte_alloc(mm: mm_struct, pmd: pmd_t): number {
	const table = pte_alloc_one(mm);
	if (table === NULL) return -ENOMEM;

	const left = pmd_install(mm, pmd, table);
	if (left !== NULL) pte_free(mm, left);
	return 0;
}

/* Counters are collected over one table and added once; the array is a local
 * of the loop over its entries. */

/** Nothing counted so far; by the index of mm->rss_stat. */
function init_rss_vec(): number[] {
	return [0, 0, 0, 0];
}

/** The sum of one table to the mm's counters, which other tables' faults add to
 *  at the same time: they are atomic. */
function add_mm_rss_vec(mm: mm_struct, rss: number[]): void {
	if (current().mm === mm) sync_mm_rss(mm);
	for (let i = 0; i < NR_MM_COUNTERS; i++) {
		if (rss[i] !== 0) add_mm_counter(mm, i, rss[i]);
	}
}

/** An entry that cannot be: say so, once for each kind, and count a warning. */
export function print_bad_pte(
	vma: vm_area_struct, addr: number, pte: number, _page: page,
): void {
	WARN(true, `BUG: Bad page map  pte:${(pte >>> 0).toString(16)}` +
		` addr:${addr.toString(16)} vm_flags:${vma.vm_flags.toString(16)}`);
}

/**
 * The struct page behind a present entry, or NULL where there is none to count
 * references on: the zero page, and special entries of PFN mappings.
 */
export function vm_normal_page(
	vma: vm_area_struct, addr: number, pte: number,
): page {
	const pfn = pte_pfn(pte);

	if (CONFIG_ARCH_HAS_PTE_SPECIAL) {
		if (pte_special(pte)) {
			if ((vma.vm_flags & (VM_PFNMAP | VM_MIXEDMAP)) !== 0)
				return NULL;
			if (is_zero_pfn(pfn)) return NULL;
			print_bad_pte(vma, addr, pte, NULL);
			return NULL;
		}
	} else {
		/* Without the bit, a PFN mapping is recognised by its layout:
		 * the frames are in the order of the addresses, from vm_pgoff
		 * on. */
		if ((vma.vm_flags & VM_MIXEDMAP) !== 0) {
			if (!pfn_valid(pfn)) return NULL;
		} else if ((vma.vm_flags & VM_PFNMAP) !== 0) {
			const off = (addr - vma.vm_start) / PAGE_SIZE;
			if (pfn === vma.vm_pgoff + off) return NULL;
			if (!is_cow_mapping(vma.vm_flags)) return NULL;
		}
		if (is_zero_pfn(pfn)) return NULL;
	}
	if (!pfn_valid(pfn)) {
		print_bad_pte(vma, addr, pte, NULL);
		return NULL;
	}
	return pfn_to_page(pfn);
}

/**
 * Before the entry of a page that nobody knew so far. Port: what was done to
 * the struct page comes first, also where a walk without locks goes on to
 * change that. The kernel has no barrier here, and trusts that plain accesses
 * are not late. Pairs with the address dependency of gup_pte_range().
 */
function publish_page(): void {
	smp_mb();
}

/* ---- copying of page tables: fork ---- */

/** A page that was allocated without the locks: for a copy, or NULL. */
interface copy_prealloc {
	page: page;
}

/**
 * A page that may be pinned stays with the parent, and the child has its copy
 * at once: else the first of the parent's writes would take it away from who
 * has pinned it. 0 if it was copied; 1: it need not be; -EAGAIN: it has to be,
 * and there is no page for it. Port: without userfaultfd, no entry has its bit.
 */
function copy_present_page(
	dst_vma: vm_area_struct, src_vma: vm_area_struct, dst_pte: pte_t,
	addr: number, rss: number[], prealloc: copy_prealloc, page: page,
): number {
	if (!page_needs_cow_for_dma(src_vma, page)) return 1;

	const new_page = prealloc.page;
	if (new_page === NULL) return -EAGAIN;
	prealloc.page = NULL;
	copy_user_highpage(new_page, page, addr, src_vma);
	__SetPageUptodate(new_page);
	page_add_new_anon_rmap(new_page, dst_vma, addr, false);
	lru_cache_add_inactive_or_unevictable(new_page, dst_vma);
	rss[mm_counter(new_page)]++;

	const pte = mk_pte(new_page, dst_vma.vm_page_prot);
	set_pte_at(dst_vma.vm_mm, addr, dst_pte,
		maybe_mkwrite(pte_mkdirty(pte), dst_vma));
	return 0;
}

/**
 * Copy one present entry. Both page-table locks are held. A page of a private
 * writable mapping becomes read-only in both address spaces, so that the first
 * write of either copies it. 0, or -EAGAIN: a page is needed in prealloc.
 */
function copy_present_pte(
	dst_vma: vm_area_struct, src_vma: vm_area_struct,
	dst_pte: pte_t, src_pte: pte_t, addr: number, rss: number[],
	prealloc: copy_prealloc,
): number {
	const src_mm = src_vma.vm_mm;
	const vm_flags = src_vma.vm_flags;
	/* A CPU may still set the dirty or the accessed bit in the parent's
	 * entry. Nothing is lost: that entry stays, and so does the bit. */
	let pte = ptep_get(src_pte);
	const page = vm_normal_page(src_vma, addr, pte);

	if (page !== NULL) {
		if (CONFIG_GET_USER_PAGES) {
			const ret = copy_present_page(dst_vma, src_vma, dst_pte,
				addr, rss, prealloc, page);
			if (ret <= 0) return ret;
		}
		get_page(page);
		page_dup_rmap(page, false);
		rss[mm_counter(page)]++;
	}
	/*
	 * Both sides read-only. The parent's threads can go on to write by what
	 * their TLBs have until dup_mmap() flushes; the faults that they take
	 * wait for mmap_lock, or abort, as long.
	 */
	if (is_cow_mapping(vm_flags) && pte_write(pte)) {
		ptep_set_wrprotect(src_mm, addr, src_pte);
		pte = pte_wrprotect(pte);
	}
	/* Of a shared page the parent's entry goes on to remember the write.
	 * The child's is old: it has not used the page. */
	if ((vm_flags & VM_SHARED) !== 0) pte = pte_mkclean(pte);
	pte = pte_mkold(pte);
	if (!userfaultfd_wp(dst_vma)) pte = pte_clear_uffd_wp(pte);
	set_pte_at(dst_vma.vm_mm, addr, dst_pte, pte);
	return 0;
}

/** A page for a copy, charged to the source's group: it cannot be had under the
 *  locks. */
function page_copy_prealloc(
	src_mm: mm_struct, vma: vm_area_struct, addr: number,
): page {
	const new_page = alloc_page_vma(GFP_HIGHUSER_MOVABLE, vma, addr);

	if (CONFIG_MEMCG && new_page !== NULL &&
		mem_cgroup_charge(new_page, src_mm, GFP_KERNEL) !== 0) {
		put_page(new_page);
		return NULL;
	}
	return new_page;
}

/**
 * Work units between two looks at whether somebody wants this CPU or a lock.
 * Port: 5.17 looks after 32 units, and goes on unless need_resched() or a
 * waiter for one of the locks says no. A task keeps its CPU here, so nobody
 * asks for it, and spinlocks do not count their waiters: the locks are dropped
 * after each batch, which is larger for that.
 */
const COPY_BATCH = 32 * 64;

/**
 * The entries of one table of ptes. mmap_lock of both sides is held for writing
 * (see copy_page_range()); the page-table locks are taken here: that of the
 * destination, which nobody else knows, and inside it that of the source, which
 * rmap walks and the hardware of other threads are working on.
 */
function copy_pte_range(
	dst_vma: vm_area_struct, src_vma: vm_area_struct,
	dst_pmd: pmd_t, src_pmd: pmd_t, addr: number, end: number,
): number {
	const dst_mm = dst_vma.vm_mm;
	const src_mm = src_vma.vm_mm;
	const prealloc: copy_prealloc = { page: NULL };

	/* Port: "again" in the kernel. The locks are dropped after a batch, so
	 * that waiters and interrupts get their turn. */
	for (;;) {
		const rss = init_rss_vec();
		let progress = 0;
		let ret = 0;
		let dst_pte = pte_alloc_map_lock(dst_mm, dst_pmd, addr);
		if (dst_pte === NULL) return -ENOMEM;
		const dst_ptl = pte_lockptr(dst_mm, dst_pmd);
		let src_pte = pte_offset_map(src_pmd, addr);
		const src_ptl = pte_lockptr(src_mm, src_pmd);
		spin_lock_nested(src_ptl, SINGLE_DEPTH_NESTING);
		do {
			if (progress >= COPY_BATCH) break;
			const pte = ptep_get(src_pte);
			if (pte_none(pte)) {
				progress++;
			} else {
				if (pte_present(pte)) {
					ret = copy_present_pte(dst_vma, src_vma,
						dst_pte, src_pte, addr, rss,
						prealloc);
					if (CONFIG_GET_USER_PAGES) {
						if (ret === -EAGAIN) break;
						if (prealloc.page !== NULL) {
							put_page(prealloc.page);
							prealloc.page = NULL;
						}
					}
				} else {
					print_bad_pte(src_vma, addr, pte, NULL);
				}
				progress += 8;
			}
			dst_pte = ptr_add(dst_pte, 1);
			src_pte = ptr_add(src_pte, 1);
			addr += PAGE_SIZE;
		} while (addr !== end);
		spin_unlock(src_ptl);
		pte_unmap(src_pte);
		add_mm_rss_vec(dst_mm, rss);
		pte_unmap_unlock(dst_pte, dst_ptl);
		cond_resched();
		if (CONFIG_GET_USER_PAGES) {
			if (ret === -EAGAIN) {
				prealloc.page = page_copy_prealloc(
					src_mm, src_vma, addr);
				if (prealloc.page === NULL) return -ENOMEM;
			}
		}
		if (addr === end) return 0;
	}
}

/** What is under one pud entry; tables that are missing are made. */
function copy_pmd_range(
	dst_vma: vm_area_struct, src_vma: vm_area_struct,
	dst_pud: pud_t, src_pud: pud_t, addr: number, end: number,
): number {
	let dst_pmd = pmd_alloc(dst_vma.vm_mm, dst_pud, addr);
	if (dst_pmd === NULL) return -ENOMEM;
	let src_pmd = pmd_offset(src_pud, addr);
	do {
		const next = pmd_addr_end(addr, end);
		/* Without a table here the child makes one when it faults. */
		if (!pmd_none_or_clear_bad(src_pmd)) {
			if (copy_pte_range(dst_vma, src_vma, dst_pmd, src_pmd,
				addr, next) !== 0)
				return -ENOMEM;
		}
		dst_pmd = ptr_add(dst_pmd, 1);
		src_pmd = ptr_add(src_pmd, 1);
		addr = next;
	} while (addr !== end);
	return 0;
}

/** What is under one p4d entry. */
function copy_pud_range(
	dst_vma: vm_area_struct, src_vma: vm_area_struct,
	dst_p4d: p4d_t, src_p4d: p4d_t, addr: number, end: number,
): number {
	let dst_pud = pud_alloc(dst_vma.vm_mm, dst_p4d, addr);
	if (dst_pud === NULL) return -ENOMEM;
	let src_pud = pud_offset(src_p4d, addr);
	do {
		const next = pud_addr_end(addr, end);
		if (!pud_none_or_clear_bad(src_pud)) {
			if (copy_pmd_range(dst_vma, src_vma, dst_pud, src_pud,
				addr, next) !== 0)
				return -ENOMEM;
		}
		dst_pud = ptr_add(dst_pud, 1);
		src_pud = ptr_add(src_pud, 1);
		addr = next;
	} while (addr !== end);
	return 0;
}

/** What is under one pgd entry; the level has one entry. */
function copy_p4d_range(
	dst_vma: vm_area_struct, src_vma: vm_area_struct,
	dst_pgd: pgd_t, src_pgd: pgd_t, addr: number, end: number,
): number {
	let dst_p4d = p4d_alloc(dst_vma.vm_mm, dst_pgd, addr);
	if (dst_p4d === NULL) return -ENOMEM;
	let src_p4d = p4d_offset(src_pgd, addr);
	do {
		const next = p4d_addr_end(addr, end);
		if (!p4d_none_or_clear_bad(src_p4d)) {
			if (copy_pud_range(dst_vma, src_vma, dst_p4d, src_p4d,
				addr, next) !== 0)
				return -ENOMEM;
		}
		dst_p4d = ptr_add(dst_p4d, 1);
		src_p4d = ptr_add(src_p4d, 1);
		addr = next;
	} while (addr !== end);
	return 0;
}

/**
 * Copy the page tables of src_vma for a fork. Holds mmap_lock of both address
 * spaces for writing, and the caller keeps that of the source until he has
 * flushed its TLBs: a CPU with a writable translation may write to a page that
 * is now shared.
 */
export function copy_page_range(
	dst_vma: vm_area_struct, src_vma: vm_area_struct,
): number {
	let addr = src_vma.vm_start;
	const end = src_vma.vm_end;
	const dst_mm = dst_vma.vm_mm;
	const src_mm = src_vma.vm_mm;

	/* What a fault can bring back from the file, the child faults in. */
	if ((src_vma.vm_flags & (VM_HUGETLB | VM_PFNMAP | VM_MIXEDMAP)) === 0 &&
		src_vma.anon_vma === NULL)
		return 0;

	/* Page tables of the parent are changed, by more than a fault would: no
	 * fault may run along, and V2's must notice. So must secondary MMUs:
	 * what they write to becomes read-only. */
	const is_cow = is_cow_mapping(src_vma.vm_flags);
	const range = mmu_notifier_range_init(MMU_NOTIFY_PROTECTION_PAGE, 0,
		src_vma, src_mm, addr, end);

	if (is_cow) {
		mmu_notifier_invalidate_range_start(range);
		mmap_assert_write_locked(src_mm);
		/* Whoever pins pages without mmap_lock looks for us: see
		 * lockless_pages_from_mm(). Readers do not wait for an even
		 * one, so preemption may stay on. */
		if (CONFIG_GET_USER_PAGES) {
			raw_write_seqcount_begin(src_mm.write_protect_seq);
			/*
			 * Port: either we see the pin, or who pins sees us. The
			 * kernel has a barrier between stores only, but has to
			 * look at a count after its store. Pairs with
			 * try_grab_compound_head().
			 */
			smp_mb();
		}
	}

	let ret = 0;
	let dst_pgd = pgd_offset(dst_mm, addr);
	let src_pgd = pgd_offset(src_mm, addr);
	do {
		const next = pgd_addr_end(addr, end);
		if (!pgd_none_or_clear_bad(src_pgd)) {
			if (copy_p4d_range(dst_vma, src_vma, dst_pgd, src_pgd,
				addr, next) !== 0) {
				ret = -ENOMEM;
				break;
			}
		}
		dst_pgd = ptr_add(dst_pgd, 1);
		src_pgd = ptr_add(src_pgd, 1);
		addr = next;
	} while (addr !== end);
	if (CONFIG_GET_USER_PAGES) {
		if (is_cow) raw_write_seqcount_end(src_mm.write_protect_seq);
	}
	if (is_cow) mmu_notifier_invalidate_range_end(range);
	return ret;
}

/* ---- zapping: unmap pages, keep the tables ---- */

/** Parameters of a zap that is limited to certain pages. */
export interface zap_details {
	zap_mapping: address_space; /* pages of this file only; NULL: all */
}

/**
 * Is this page to be left where it is? Only if the zap is for the pages of one
 * file, and this is none of them: a private copy, which belongs to its mapping
 * and not to the file. What has no struct page is never skipped.
 */
function zap_skip_check_mapping(
	details: zap_details | null, page: page,
): boolean {
	if (!details || page === NULL) return false;
	return details.zap_mapping !== NULL &&
		page.mapping !== uptr(details.zap_mapping);
}

/**
 * The entries of one table of ptes. Under its lock each is taken out by an
 * atomic exchange, so that the dirty bit that a CPU sets at the same moment is
 * either in what we get or makes that CPU fault. Pages and translations are
 * gathered in tlb; what was gathered is flushed, and freed, when there is no
 * more room for it, and at the end by our caller. Returns where it has stopped.
 */
function zap_pte_range(
	tlb: mmu_gather, vma: vm_area_struct, pmd: pmd_t,
	addr: number, end: number, details: zap_details | null,
): number {
	const mm = tlb.mm;

	tlb_change_page_size(tlb, PAGE_SIZE);
	/* Port: "again" in the kernel, which also comes here, with the lock
	 * dropped, after any entry where need_resched() says so. Nobody waits
	 * for this CPU: a task keeps it. */
	for (;;) {
		const rss = init_rss_vec();
		let force_flush = false;
		const start_pte = pte_offset_map_lock(mm, pmd, addr);
		const ptl = pte_lockptr(mm, pmd);
		let pte = start_pte;
		do {
			const old = ptep_get(pte);
			if (pte_none(old)) {
				/* nothing here */
			} else if (pte_present(old)) {
				const page = vm_normal_page(vma, addr, old);
				if (zap_skip_check_mapping(details, page)) {
					pte = ptr_add(pte, 1);
					addr += PAGE_SIZE;
					continue;
				}
				const ptent = ptep_get_and_clear_full(
					mm, addr, pte, tlb.fullmm);
				/* Other CPUs may go on to use the page until
				 * it is flushed: this is what to flush. */
				tlb_remove_tlb_entry(tlb, pte, addr);
				if (page !== NULL) {
					if (!PageAnon(page)) {
						/*
						 * The file must know of the
						 * write before the last
						 * translation that allows
						 * more of them is gone.
						 */
						if (pte_dirty(ptent)) {
							force_flush = true;
							set_page_dirty(page);
						}
						/*
						 * Truncation comes without
						 * mmap_lock: mprotect(), which
						 * keeps the bit, may write.
						 */
						if (pte_young(ptent) &&
						    (data_race(vma.vm_flags) &
						     VM_SEQ_READ) === 0)
							mark_page_accessed(page);
					}
					rss[mm_counter(page)]--;
					/* The reference is kept: it goes into
					 * the batch, and is dropped after the
					 * flush. */
					page_remove_rmap(page, false);
					if (page_mapcount(page) < 0)
						print_bad_pte(vma, addr, ptent,
							page);
					if (__tlb_remove_page(tlb, page)) {
						/* No room for the next one. */
						force_flush = true;
						addr += PAGE_SIZE;
						break;
					}
				}
			} else {
				print_bad_pte(vma, addr, old, NULL);
				pte_clear_not_present_full(mm, addr, pte,
					tlb.fullmm);
			}
			pte = ptr_add(pte, 1);
			addr += PAGE_SIZE;
		} while (addr !== end);

		add_mm_rss_vec(mm, rss);
		/* The TLB flush under the lock, the freeing of pages
		 * outside. */
		if (force_flush) tlb_flush_mmu_tlbonly(tlb);
		pte_unmap_unlock(start_pte, ptl);
		if (force_flush) tlb_flush_mmu(tlb);
		if (addr === end) return addr;
		cond_resched();
	}
}

/** What is under one pud entry. Returns where the next one begins, as do the
 *  two that follow. */
function zap_pmd_range(
	tlb: mmu_gather, vma: vm_area_struct, pud: pud_t,
	addr: number, end: number, details: zap_details | null,
): number {
	let pmd = pmd_offset(pud, addr);
	do {
		let next = pmd_addr_end(addr, end);
		/* mmap_lock may be held for reading only (MADV_DONTNEED): a
		 * fault can install a table here, but none goes away. */
		if (!pmd_none_or_trans_huge_or_clear_bad(pmd))
			next = zap_pte_range(tlb, vma, pmd, addr, next, details);
		cond_resched();
		pmd = ptr_add(pmd, 1);
		addr = next;
	} while (addr !== end);
	return addr;
}

/** What is under one p4d entry. */
function zap_pud_range(
	tlb: mmu_gather, vma: vm_area_struct, p4d: p4d_t,
	addr: number, end: number, details: zap_details | null,
): number {
	let pud = pud_offset(p4d, addr);
	do {
		let next = pud_addr_end(addr, end);
		if (!pud_none_or_clear_bad(pud))
			next = zap_pmd_range(tlb, vma, pud, addr, next, details);
		cond_resched();
		pud = ptr_add(pud, 1);
		addr = next;
	} while (addr !== end);
	return addr;
}

/** What is under one pgd entry. */
function zap_p4d_range(
	tlb: mmu_gather, vma: vm_area_struct, pgd: pgd_t,
	addr: number, end: number, details: zap_details | null,
): number {
	let p4d = p4d_offset(pgd, addr);
	do {
		let next = p4d_addr_end(addr, end);
		if (!p4d_none_or_clear_bad(p4d))
			next = zap_pud_range(tlb, vma, p4d, addr, next, details);
		p4d = ptr_add(p4d, 1);
		addr = next;
	} while (addr !== end);
	return addr;
}

/**
 * Unmap the pages of a part of one vma. What keeps the vma and its tables is
 * mmap_lock, held at least for reading; or that the vma was detached under it;
 * or, for a vma of a file, its i_mmap_rwsem, which free_pgtables() needs to
 * get past unlink_file_vma().
 */
export function unmap_page_range(
	tlb: mmu_gather, vma: vm_area_struct, addr: number, end: number,
	details: zap_details | null,
): void {
	BUG_ON(addr >= end, "unmap_page_range: empty range");
	tlb_start_vma(tlb, vma);
	let pgd = pgd_offset(vma.vm_mm, addr);
	do {
		let next = pgd_addr_end(addr, end);
		if (!pgd_none_or_clear_bad(pgd))
			next = zap_p4d_range(tlb, vma, pgd, addr, next, details);
		pgd = ptr_add(pgd, 1);
		addr = next;
	} while (addr !== end);
	tlb_end_vma(tlb, vma);
}

/** The part of [start_addr, end_addr) that is in this vma. */
function unmap_single_vma(
	tlb: mmu_gather, vma: vm_area_struct, start_addr: number,
	end_addr: number, details: zap_details | null,
): void {
	const start = Math.max(vma.vm_start, start_addr);
	const end = Math.min(vma.vm_end, end_addr);

	if (start >= vma.vm_end) return;
	if (end <= vma.vm_start) return;
	if (start !== end) unmap_page_range(tlb, vma, start, end, details);
}

/**
 * Unmap all of [start_addr, end_addr) in a list of vmas. The caller flushes by
 * tlb_finish_mmu() and only then frees tables and lets pages be reused.
 */
export function unmap_vmas(
	tlb: mmu_gather, vma: vm_area_struct,
	start_addr: number, end_addr: number,
): void {
	const range = mmu_notifier_range_init(MMU_NOTIFY_UNMAP, 0, vma,
		vma.vm_mm, start_addr, end_addr);
	mmu_notifier_invalidate_range_start(range);
	for (; vma !== NULL && vma.vm_start < end_addr; vma = vma.vm_next)
		unmap_single_vma(tlb, vma, start_addr, end_addr, null);
	mmu_notifier_invalidate_range_end(range);
}

/** Remove the pages of a range of vmas. Holds mmap_lock, at least for
 *  reading. */
export function zap_page_range(
	vma: vm_area_struct, start: number, size: number,
): void {
	const mm = vma.vm_mm;
	const end = start + size;

	lru_add_drain();
	const range = mmu_notifier_range_init(MMU_NOTIFY_CLEAR, 0, vma, mm,
		start, end);
	const tlb = tlb_gather_mmu(mm);
	update_hiwater_rss(mm);
	mmu_notifier_invalidate_range_start(range);
	for (; vma !== NULL && vma.vm_start < end; vma = vma.vm_next)
		unmap_single_vma(tlb, vma, start, end, null);
	mmu_notifier_invalidate_range_end(range);
	tlb_finish_mmu(tlb);
}

/** The same inside one vma; for locks see unmap_page_range(). */
export function zap_page_range_single(
	vma: vm_area_struct, address: number, size: number,
	details: zap_details | null,
): void {
	const end = address + size;

	lru_add_drain();
	const range = mmu_notifier_range_init(MMU_NOTIFY_CLEAR, 0, vma,
		vma.vm_mm, address, end);
	const tlb = tlb_gather_mmu(vma.vm_mm);
	update_hiwater_rss(vma.vm_mm);
	mmu_notifier_invalidate_range_start(range);
	unmap_single_vma(tlb, vma, address, end, details);
	mmu_notifier_invalidate_range_end(range);
	tlb_finish_mmu(tlb);
}

/* ---- speculation: the walk and the commit ---- */

/**
 * V2.14: keep page tables from being freed while the fault walks them without
 * mmap_lock. Tables that are freed after an RCU grace period need no more than
 * a read-side section. Otherwise they are freed once every CPU has answered the
 * TLB flush, and a CPU with interrupts off does not answer. Nothing else is
 * promised: entries may be cleared, and the fault validates what it has read.
 *
 * The kernel's fallback of RCU freeing, tlb_remove_table_sync_one(), sends an
 * interrupt and does not wait for readers: see tlb_remove_table_one() for why
 * a read-side section is enough here all the same.
 */
function speculative_page_walk_begin(): void {
	if (CONFIG_MMU_GATHER_RCU_TABLE_FREE) rcu_read_lock();
	else local_irq_disable();
}

/** V2.14. From here on the tables that were walked may be freed. */
function speculative_page_walk_end(): void {
	if (CONFIG_MMU_GATHER_RCU_TABLE_FREE) rcu_read_unlock();
	else local_irq_enable();
}

/**
 * Map (unless it is mapped) and lock the pte: pte_map_lock(), pte_spinlock()
 * (V2.17, 31). For a speculative fault this is the point where it commits. It
 * succeeds only if mmap_seq has not changed between the start of the fault and
 * a moment at which the page-table lock was held: a writer that comes later has
 * to take that lock before it can touch the entry, and finds our work complete.
 *
 * The order is what makes it right:
 * - the sequence is checked inside the walk section and before the first
 *   access: if it passes no writer has begun, so the tables that vmf points
 *   to were not freed, and from here on they cannot be;
 * - the pmd must still be the one that was walked;
 * - the lock is tried, not waited for: its holder may be waiting for this CPU
 *   to answer a TLB flush; and there is no second try, which could go on for
 *   ever against a stream of lockers;
 * - the sequence is checked again under the lock.
 *
 * Port: the kernel compares the pmd only where huge pages are configured. A
 * table that moves without its lock (mremap) also shows there.
 */
export function __pte_map_lock(vmf: vm_fault): boolean {
	const mm = vmf.vma.vm_mm;
	let pte = vmf.pte;

	if ((vmf.flags & FAULT_FLAG_SPECULATIVE) === 0) {
		vmf.ptl = pte_lockptr(mm, vmf.pmd);
		if (pte === NULL) vmf.pte = pte_offset_map(vmf.pmd, vmf.address);
		spin_lock(vmf.ptl);
		return true;
	}
	if (!CONFIG_SPECULATIVE_PAGE_FAULT) return false;

	speculative_page_walk_begin();
	fail: {
		if (!mmap_seq_read_check(mm, vmf.seq,
			SPF_ABORT_PTE_MAP_LOCK_SEQ1)) {
			trace_spf_vmf_changed(SPF_ABORT_PTE_MAP_LOCK_SEQ1, vmf);
			break fail;
		}
		const pmdval = READ_ONCE(vmf.pmd.pmd);
		if (!pmd_same(pmdval, vmf.orig_pmd)) {
			count_vm_spf_event(SPF_ABORT_PTE_MAP_LOCK_PMD);
			trace_spf_pmd_changed(SPF_ABORT_PTE_MAP_LOCK_PMD, vmf);
			break fail;
		}
		const ptl = pte_lockptr_val(mm, pmdval);
		if (pte === NULL) pte = pte_offset_map_val(pmdval, vmf.address);
		if (!spin_trylock(ptl)) {
			count_vm_spf_event(SPF_ABORT_PTE_MAP_LOCK_PTL);
			trace_spf_pte_lock(SPF_ABORT_PTE_MAP_LOCK_PTL, vmf);
			break fail;
		}
		unlock_fail: {
			if (!mmap_seq_read_check(mm, vmf.seq,
				SPF_ABORT_PTE_MAP_LOCK_SEQ2)) {
				trace_spf_vmf_changed(
					SPF_ABORT_PTE_MAP_LOCK_SEQ2, vmf);
				break unlock_fail;
			}
			/* The lock keeps the table: to free it a writer must
			 * zap it first. */
			speculative_page_walk_end();
			vmf.pte = pte;
			vmf.ptl = ptl;
			return true;
		} /* unlock_fail: */
		spin_unlock(ptl);
	} /* fail: */
	if (pte !== NULL) pte_unmap(pte);
	speculative_page_walk_end();
	return false;
}

/* ---- the page fault ---- */

/**
 * Was the entry all of orig_pte when that was read? We enter with pte mapped,
 * and return with it unmapped.
 * Port: always, as on x86-64. Only an entry of two words can be read half old
 * and half new, and has to be looked at again under its lock.
 */
function pte_unmap_same(vmf: vm_fault): boolean {
	pte_unmap(vmf.pte);
	vmf.pte = NULL;
	return true;
}

/** Copy the old page for the writer. Holds a reference to both. */
function cow_user_page(dst: page, src: page, vmf: vm_fault): boolean {
	/* Port: the kernel copies by the user address where a PFN mapping has
	 * no struct page. Only the zero page has none here, see the caller. */
	VM_BUG_ON(src === NULL, "cow_user_page without a page");
	copy_user_highpage(dst, src, vmf.address, vmf.vma);
	return true;
}

/** With which flags a fault of this vma allocates: those of its file, if it has
 *  one, and file systems may be entered, as user code holds none of their
 *  locks. */
function __get_fault_gfp_mask(vma: vm_area_struct): number {
	const vm_file = vma.vm_file;

	if (vm_file !== NULL)
		return mapping_gfp_mask(vm_file.f_mapping) | __GFP_FS | __GFP_IO;
	return GFP_KERNEL;
}

/**
 * Tell the file that the page is about to be written. On success, or
 * VM_FAULT_LOCKED, the page is locked and still belongs to its file; 0 means
 * that it was truncated meanwhile and the fault starts again.
 */
function do_page_mkwrite(vmf: vm_fault): vm_fault_t {
	const page = vmf.page;
	const old_flags = vmf.flags;
	const vm_ops = vmf.vma.vm_ops;

	vmf.flags = FAULT_FLAG_WRITE | FAULT_FLAG_MKWRITE;
	let ret = vm_ops.page_mkwrite!(vmf);
	vmf.flags = old_flags;
	if ((ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE)) !== 0) return ret;
	if ((ret & VM_FAULT_LOCKED) === 0) {
		lock_page(page);
		if (page.mapping === 0) {
			unlock_page(page);
			return 0;
		}
		ret |= VM_FAULT_LOCKED;
	} else {
		VM_BUG_ON_PAGE(!PageLocked(page), page);
	}
	return ret;
}

/** We enter with the page locked and referenced, and return with it unlocked.
 *  Port: no writeback, so nothing is throttled and no time stamp moves. */
function fault_dirty_shared_page(vmf: vm_fault): vm_fault_t {
	const page = vmf.page;

	set_page_dirty(page);
	VM_BUG_ON_PAGE(PageAnon(page), page);
	unlock_page(page);
	return 0;
}

/**
 * The page is ours alone, or shared anyway: make the entry writable. We enter
 * with the pte mapped and locked, and return with neither.
 */
function wp_page_reuse(vmf: vm_fault): void {
	const vma = vmf.vma;
	let entry = pte_mkyoung(vmf.orig_pte);

	entry = maybe_mkwrite(pte_mkdirty(entry), vma);
	if (ptep_set_access_flags(vma, vmf.address, vmf.pte, entry, true))
		update_mmu_cache(vma, vmf.address, vmf.pte);
	pte_unmap_unlock(vmf.pte, vmf.ptl);
	count_vm_event(PGREUSE);
}

/**
 * Break copy-on-write: give the writer a page of its own (V2.26, 31). We enter
 * with the pte neither mapped nor locked (vmf->pte is NULL), with a reference
 * to the old page if there is one, and with mmap_lock held for reading or
 * speculatively. We return with mmap_lock as it was, nothing locked, the
 * reference dropped.
 *
 * The copy is made without the lock: the old page cannot change under us as it
 * is mapped read-only, and if it was reused or replaced meanwhile the entry is
 * another one than orig_pte, and the copy is thrown away.
 */
function wp_page_copy(vmf: vm_fault): vm_fault_t {
	const vma = vmf.vma;
	const mm = vma.vm_mm;
	const old_page = vmf.page;
	let new_page: page = NULL;
	let page_copied = false;
	let range: mmu_notifier_range;
	let ret: vm_fault_t = VM_FAULT_OOM;

	out: { out_free_new: { out_notify: {
		/* Another fault may set it: pairs with the release in
		 * __anon_vma_prepare(). Port: a plain load in the kernel. */
		if (smp_load_acquire(vma.anon_vma) === NULL) {
			if (CONFIG_SPECULATIVE_PAGE_FAULT) {
				/* To find or make one takes the neighbours,
				 * which only mmap_lock holds still. */
				if ((vmf.flags & FAULT_FLAG_SPECULATIVE) !== 0) {
					count_vm_spf_event(SPF_ABORT_ANON_VMA);
					trace_spf_vma_noanon(SPF_ABORT_ANON_VMA,
						vmf);
					ret = VM_FAULT_RETRY;
					break out;
				}
			}
			if (__anon_vma_prepare(vma) !== 0) break out;
		}

		/* Of the page of zeroes no copy is needed: new memory is
		 * zeroed. */
		if (is_zero_pfn(pte_pfn(vmf.orig_pte))) {
			new_page = alloc_zeroed_user_highpage_movable(vma,
				vmf.address);
			if (new_page === NULL) break out;
		} else {
			new_page = alloc_page_vma(GFP_HIGHUSER_MOVABLE, vma,
				vmf.address);
			if (new_page === NULL) break out;
			if (!cow_user_page(new_page, old_page, vmf)) {
				put_page(new_page);
				if (old_page !== NULL) put_page(old_page);
				return 0;
			}
		}
		if (CONFIG_MEMCG && mem_cgroup_charge(new_page, mm,
			GFP_KERNEL) !== 0)
			break out_free_new;
		/* Publishes the contents by the smp_wmb() in it. Pairs with the
		 * address dependency of whoever finds the page in the table. */
		__SetPageUptodate(new_page);

		/* V2.26: without mmap_lock somebody could subscribe between
		 * start and end, and be told of the end alone. */
		if (CONFIG_MMU_NOTIFIER && CONFIG_SPECULATIVE_PAGE_FAULT) {
			if ((vmf.flags & FAULT_FLAG_SPECULATIVE) !== 0 &&
				!mmu_notifier_trylock(mm)) {
				ret = VM_FAULT_RETRY;
				break out_free_new;
			}
		}
		range = mmu_notifier_range_init(MMU_NOTIFY_CLEAR, 0, vma, mm,
			vmf.address, vmf.address + PAGE_SIZE);
		mmu_notifier_invalidate_range_start(range);

		/* V2.26: where a speculative fault commits; if it cannot, the
		 * copy was in vain and the classic fault makes another one. */
		if (!pte_map_lock(vmf)) {
			ret = VM_FAULT_RETRY;
			if (CONFIG_MMU_NOTIFIER) break out_notify;
			break out_free_new;
		}
		if (pte_same(ptep_get(vmf.pte), vmf.orig_pte)) {
			/* A file's page was counted as such; anonymous for
			 * anonymous changes nothing; the page of zeroes was not
			 * counted. */
			if (old_page !== NULL) {
				if (!PageAnon(old_page)) {
					dec_mm_counter_fast(mm,
						mm_counter_file(old_page));
					inc_mm_counter_fast(mm, MM_ANONPAGES);
				}
			} else {
				inc_mm_counter_fast(mm, MM_ANONPAGES);
			}
			let entry = mk_pte(new_page, vma.vm_page_prot);
			entry = maybe_mkwrite(pte_mkdirty(entry), vma);
			/*
			 * Away with the old translation on every CPU before the
			 * new one appears: else one thread could write the new
			 * page and another still read the old one.
			 */
			if (CONFIG_MMU_NOTIFIER)
				ptep_clear_flush_notify(vma, vmf.address,
					vmf.pte);
			else
				ptep_clear_flush(vma, vmf.address, vmf.pte);
			page_add_new_anon_rmap(new_page, vma, vmf.address,
				false);
			lru_cache_add_inactive_or_unevictable(new_page, vma);
			if (CONFIG_GET_USER_PAGES) publish_page();
			if (CONFIG_MMU_NOTIFIER)
				set_pte_at_notify(mm, vmf.address, vmf.pte,
					entry);
			else
				set_pte_at(mm, vmf.address, vmf.pte, entry);
			update_mmu_cache(vma, vmf.address, vmf.pte);
			if (old_page !== NULL) {
				/*
				 * The mapping count only drops now: while the
				 * old page was mapped twice nobody took it for
				 * his own and wrote to it under the eyes of a
				 * CPU not flushed yet.
				 */
				page_remove_rmap(old_page, false);
			}
			/* It is the old one that is let go below. */
			new_page = old_page;
			page_copied = true;
		} else {
			update_mmu_tlb(vma, vmf.address, vmf.pte);
		}
		if (new_page !== NULL) put_page(new_page);
		pte_unmap_unlock(vmf.pte, vmf.ptl);
		/* ->invalidate_range() was called under the lock. */
		mmu_notifier_invalidate_range_only_end(range);
		if (CONFIG_MMU_NOTIFIER && CONFIG_SPECULATIVE_PAGE_FAULT) {
			if ((vmf.flags & FAULT_FLAG_SPECULATIVE) !== 0)
				mmu_notifier_unlock(mm);
		}
		if (old_page !== NULL) put_page(old_page);
		return page_copied ? VM_FAULT_WRITE : 0;
	} /* out_notify: */
		mmu_notifier_invalidate_range_only_end(range);
		if (CONFIG_MMU_NOTIFIER && CONFIG_SPECULATIVE_PAGE_FAULT) {
			if ((vmf.flags & FAULT_FLAG_SPECULATIVE) !== 0)
				mmu_notifier_unlock(mm);
		}
	} /* out_free_new: */
		put_page(new_page);
	} /* out: */
	if (old_page !== NULL) put_page(old_page);
	return ret;
}

/**
 * The file agreed to the write: make the entry writable. We enter with the page
 * locked and the pte neither mapped nor locked, and return so; NOPAGE means
 * that somebody was faster.
 */
export function finish_mkwrite_fault(vmf: vm_fault): vm_fault_t {
	WARN_ON_ONCE((vmf.vma.vm_flags & VM_SHARED) === 0,
		"finish_mkwrite_fault: private mapping");
	vmf.ptl = pte_lockptr(vmf.vma.vm_mm, vmf.pmd);
	vmf.pte = pte_offset_map_lock(vmf.vma.vm_mm, vmf.pmd, vmf.address);
	if (!pte_same(ptep_get(vmf.pte), vmf.orig_pte)) {
		update_mmu_tlb(vmf.vma, vmf.address, vmf.pte);
		pte_unmap_unlock(vmf.pte, vmf.ptl);
		return VM_FAULT_NOPAGE;
	}
	wp_page_reuse(vmf);
	return 0;
}

/** A write to a shared frame without struct page: nobody to ask. V2.27: not by
 *  a speculative fault, since it has a file. Enters with the pte locked,
 *  returns with it unlocked. */
function wp_pfn_shared(vmf: vm_fault): vm_fault_t {
	if (CONFIG_SPECULATIVE_PAGE_FAULT)
		VM_BUG_ON((vmf.flags & FAULT_FLAG_SPECULATIVE) !== 0);
	wp_page_reuse(vmf);
	return VM_FAULT_WRITE;
}

/** A first write to a page of a shared file mapping; V2.27 as before. Enters
 *  with the pte locked, returns with it unlocked, and waits in between. */
function wp_page_shared(vmf: vm_fault): vm_fault_t {
	const vma = vmf.vma;
	const page = vmf.page;
	let ret = VM_FAULT_WRITE;

	if (CONFIG_SPECULATIVE_PAGE_FAULT)
		VM_BUG_ON((vmf.flags & FAULT_FLAG_SPECULATIVE) !== 0);
	get_page(page);
	const vm_ops = vma.vm_ops;
	if (vm_ops && vm_ops.page_mkwrite) {
		/* The file may wait, so not under the lock. Afterwards the
		 * entry is compared, in finish_mkwrite_fault(). */
		pte_unmap_unlock(vmf.pte, vmf.ptl);
		let tmp = do_page_mkwrite(vmf);
		if (tmp === 0 || (tmp & (VM_FAULT_ERROR | VM_FAULT_NOPAGE)) !== 0) {
			put_page(page);
			return tmp;
		}
		tmp = finish_mkwrite_fault(vmf);
		if ((tmp & (VM_FAULT_ERROR | VM_FAULT_NOPAGE)) !== 0) {
			unlock_page(page);
			put_page(page);
			return tmp;
		}
	} else {
		wp_page_reuse(vmf);
		lock_page(page);
	}
	ret |= fault_dirty_shared_page(vmf);
	put_page(page);
	return ret;
}

/**
 * A write to a present page that is mapped read-only (V2.26, 27, 31): take the
 * page over if nobody else has it, else copy it.
 * In: mmap_lock held for reading, or a speculation; the pte mapped and its lock
 * held. Out: mmap_lock as before; the pte let go of, map and lock.
 */
function do_wp_page(vmf: vm_fault): vm_fault_t {
	const vma = vmf.vma;

	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		if ((vmf.flags & FAULT_FLAG_SPECULATIVE) !== 0)
			count_vm_spf_event(SPF_ATTEMPT_WP);
	}
	if (userfaultfd_pte_wp(vma, ptep_get(vmf.pte))) {
		pte_unmap_unlock(vmf.pte, vmf.ptl);
		if (CONFIG_SPECULATIVE_PAGE_FAULT) {
			if ((vmf.flags & FAULT_FLAG_SPECULATIVE) !== 0) {
				count_vm_spf_event(SPF_ABORT_USERFAULTFD);
				trace_spf_vmf_notsup(SPF_ABORT_USERFAULTFD,
					vmf);
				return VM_FAULT_RETRY;
			}
		}
		return handle_userfault(vmf, VM_UFFD_WP);
	}
	/* Somebody is protecting the range: do not copy what a CPU with an old
	 * translation may still be writing. */
	if (userfaultfd_wp(vma) && mm_tlb_flush_pending(vma.vm_mm))
		flush_tlb_page(vma, vmf.address);

	vmf.page = vm_normal_page(vma, vmf.address, vmf.orig_pte);
	const page = vmf.page;
	const shared_write = (vma.vm_flags & (VM_WRITE | VM_SHARED)) ===
		(VM_WRITE | VM_SHARED);
	if (page === NULL) {
		if (shared_write) return wp_pfn_shared(vmf);
		pte_unmap_unlock(vmf.pte, vmf.ptl);
		vmf.pte = NULL;
		return wp_page_copy(vmf);
	}

	/*
	 * An anonymous page is taken over only if this is the sole reference
	 * there is, which the page lock then confirms: a fork or a lookup in
	 * progress has one, too. In doubt we copy; and the page lock is never
	 * waited for, speculative or not.
	 */
	copy: {
		if (PageAnon(page)) {
			if (PageKsm(page) || page_count(page) !== 1) break copy;
			if (!trylock_page(page)) break copy;
			if (PageKsm(page) || page_mapcount(page) !== 1 ||
				page_count(page) !== 1) {
				unlock_page(page);
				break copy;
			}
			unlock_page(page);
			wp_page_reuse(vmf);
			return VM_FAULT_WRITE;
		} else if (shared_write) {
			return wp_page_shared(vmf);
		}
	} /* copy: */
	/* The copy is made without the lock; the reference keeps the source. */
	get_page(page);
	pte_unmap_unlock(vmf.pte, vmf.ptl);
	vmf.pte = NULL;
	return wp_page_copy(vmf);
}

/* ---- unmapping what is mapped of a file, wherever that is ---- */

/** i_mmap_rwsem is held for writing, which keeps the vma and its bounds;
 *  mmap_lock is not: faults may come by, and lose their pages to us or not. */
function unmap_mapping_range_vma(
	vma: vm_area_struct, start_addr: number, end_addr: number,
	details: zap_details,
): void {
	zap_page_range_single(vma, start_addr, end_addr - start_addr, details);
}

/** The part of each vma that maps pages first_index to last_index of the file.
 *  i_mmap_rwsem is held for writing. */
function unmap_mapping_range_tree(
	root: rb_root_cached, first_index: number, last_index: number,
	details: zap_details,
): void {
	let vma = vma_interval_tree_iter_first(root, first_index, last_index);

	while (vma !== NULL) {
		const vba = vma.vm_pgoff;
		const vea = vba + vma_pages(vma) - 1;
		const zba = Math.max(first_index, vba);
		const zea = Math.min(last_index, vea);

		unmap_mapping_range_vma(vma,
			(zba - vba) * PAGE_SIZE + vma.vm_start,
			(zea - vba + 1) * PAGE_SIZE + vma.vm_start, details);
		vma = vma_interval_tree_iter_next(vma, first_index, last_index);
	}
}

/**
 * Unmap one page of a file, which the caller has locked, so that no fault maps
 * it again: for truncation and invalidation, of a page that came back after its
 * range was unmapped. Private copies stay. Takes i_mmap_rwsem for writing.
 * Port: a folio is one page.
 */
export function unmap_mapping_folio(folio: page): void {
	const mapping = cast<address_space>(folio.mapping);
	const details: zap_details = { zap_mapping: mapping };
	const first_index = folio.index;
	const last_index = first_index;

	VM_BUG_ON_PAGE(!PageLocked(folio), folio);
	i_mmap_lock_write(mapping);
	if (!RB_EMPTY_ROOT(mapping.i_mmap.rb_root))
		unmap_mapping_range_tree(mapping.i_mmap, first_index,
			last_index, details);
	i_mmap_unlock_write(mapping);
}

/**
 * Unmap nr pages of a file from index `start` on, or all from there if nr is 0,
 * in every address space. even_cows: private copies as well, as truncation
 * wants it; invalidation leaves a program its own data. Called without
 * mmap_lock; takes i_mmap_rwsem for writing. A page that is not locked may be
 * mapped anew as soon as we are past it.
 */
export function unmap_mapping_pages(
	mapping: address_space, start: number, nr: number, even_cows: boolean,
): void {
	const zap_mapping: address_space = even_cows ? NULL : mapping;
	const details: zap_details = { zap_mapping };
	let last_index = start + nr - 1;

	if (last_index < start) last_index = ULONG_MAX;
	i_mmap_lock_write(mapping);
	if (!RB_EMPTY_ROOT(mapping.i_mmap.rb_root))
		unmap_mapping_range_tree(mapping.i_mmap, start, last_index,
			details);
	i_mmap_unlock_write(mapping);
}

/** The same in bytes: pages that the hole touches go as a whole, and holelen 0
 *  means up to the end of the file. */
export function unmap_mapping_range(
	mapping: address_space, holebegin: number, holelen: number,
	even_cows: boolean,
): void {
	unmap_mapping_pages(mapping, Math.floor(holebegin / PAGE_SIZE),
		Math.ceil(holelen / PAGE_SIZE), even_cows);
}

/**
 * An entry that is neither none nor present (V2.21, 31).
 * In: the pte mapped, its lock free. Out: the pte not mapped.
 * A speculative fault leaves at once: whatever stands in the entry (a swap or
 * migration entry) may wait on locks found through page tables.
 * Port: there is no swap, so such an entry is corruption. With it, this is the
 * place of a speculative fault that finds its page in the swap cache: unlike
 * RFC.21 and what enables that, none does.
 */
function do_swap_page(vmf: vm_fault): vm_fault_t {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		if ((vmf.flags & FAULT_FLAG_SPECULATIVE) !== 0) {
			pte_unmap(vmf.pte);
			count_vm_spf_event(SPF_ABORT_SWAP);
			trace_spf_vmf_notsup(SPF_ABORT_SWAP, vmf);
			return VM_FAULT_RETRY;
		}
	}
	if (!pte_unmap_same(vmf)) return 0;
	print_bad_pte(vmf.vma, vmf.address, vmf.orig_pte, NULL);
	return VM_FAULT_SIGBUS;
}

/**
 * First touch of anonymous memory (V2.04, 05, 18, 31). A read gets the page of
 * zeroes, which nobody may write to; a write a page of its own.
 * In and out: mmap_lock held for reading, or a speculation; no pte mapped, no
 * lock of one held.
 *
 * All that may wait or fail is done before the lock of the table is taken:
 * memory, and the anon_vma, by which the page can be found again. Then, under
 * it, the entry has to be empty still.
 */
function do_anonymous_page(vmf: vm_fault): vm_fault_t {
	const vma = vmf.vma;
	let page: page = NULL;
	let entry: number;
	let ret: vm_fault_t = 0;

	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		if ((vmf.flags & FAULT_FLAG_SPECULATIVE) !== 0)
			count_vm_spf_event(SPF_ATTEMPT_ANON);
	}
	/* A shared mapping has a file behind it, or at least operations. */
	if ((vma.vm_flags & VM_SHARED) !== 0) return VM_FAULT_SIGBUS;

	/*
	 * Port: v2 as posted does the following two steps for speculative
	 * faults as well. But vmf->pmd is outside of any walk section here:
	 * munmap() may have freed the table it lies in, and a table allocated
	 * now would be written into whatever that memory is by now. The
	 * speculative walk found a table below a pmd which is no huge page, and
	 * pte_map_lock() will find out whether that is still so.
	 */
	if (!CONFIG_SPECULATIVE_PAGE_FAULT ||
		(vmf.flags & FAULT_FLAG_SPECULATIVE) === 0) {
		if (pte_alloc(vma.vm_mm, vmf.pmd)) return VM_FAULT_OOM;
		if (pmd_trans_unstable(vmf.pmd)) return 0;
	}

	if ((vmf.flags & FAULT_FLAG_WRITE) === 0 &&
		!mm_forbids_zeropage(vma.vm_mm)) {
		/* A read needs no memory: `page` stays NULL. */
		entry = pte_mkspecial(
			pfn_pte(my_zero_pfn(vmf.address), vma.vm_page_prot));
	} else {
		/* Another fault may set it: pairs with the release in
		 * __anon_vma_prepare(). Port: a plain load in the kernel. */
		if (smp_load_acquire(vma.anon_vma) === NULL) {
			if (CONFIG_SPECULATIVE_PAGE_FAULT) {
				if ((vmf.flags & FAULT_FLAG_SPECULATIVE) !== 0) {
					count_vm_spf_event(SPF_ABORT_ANON_VMA);
					trace_spf_vma_noanon(SPF_ABORT_ANON_VMA,
						vmf);
					return VM_FAULT_RETRY;
				}
			}
			if (__anon_vma_prepare(vma) !== 0) return VM_FAULT_OOM;
		}
		page = alloc_zeroed_user_highpage_movable(vma, vmf.address);
		if (page === NULL) return VM_FAULT_OOM;
		if (CONFIG_MEMCG && mem_cgroup_charge(page, vma.vm_mm,
			GFP_KERNEL) !== 0) {
			put_page(page);
			return VM_FAULT_OOM;
		}
		/*
		 * The smp_wmb() in it orders the zeroes before the entry that
		 * shows the page to other threads. Pairs with the address
		 * dependency of their walks.
		 */
		__SetPageUptodate(page);
		entry = mk_pte(page, vma.vm_page_prot);
		if ((vma.vm_flags & VM_WRITE) !== 0)
			entry = pte_mkwrite(pte_mkdirty(entry));
	}

	release: { unlock: {
		/* V2.18: where a speculative fault commits. The page that it
		 * brings was seen by nobody, and goes back if it cannot. */
		if (!pte_map_lock(vmf)) {
			ret = VM_FAULT_RETRY;
			break release;
		}
		if (!pte_none(ptep_get(vmf.pte))) {
			/* Another thread faulted the same page in: fine. */
			update_mmu_tlb(vma, vmf.address, vmf.pte);
			break unlock;
		}
		/* The OOM reaper may have emptied the address space under its
		 * users: they must not take zeroes for what they had
		 * written. */
		ret = check_stable_address_space(vma.vm_mm);
		if (ret !== 0) break unlock;
		/* Under the lock, so that a range registered meanwhile is
		 * noticed. */
		if (userfaultfd_missing(vma)) {
			pte_unmap_unlock(vmf.pte, vmf.ptl);
			if (page !== NULL) put_page(page);
			if (CONFIG_SPECULATIVE_PAGE_FAULT) {
				if ((vmf.flags & FAULT_FLAG_SPECULATIVE) !== 0) {
					count_vm_spf_event(SPF_ABORT_USERFAULTFD);
					trace_spf_vmf_notsup(
						SPF_ABORT_USERFAULTFD, vmf);
					return VM_FAULT_RETRY;
				}
			}
			return handle_userfault(vmf, VM_UFFD_MISSING);
		}
		/* Counted and findable before it is mapped: who walks from the
		 * page to its mappings may come as soon as the lock is free. */
		if (page !== NULL) {
			inc_mm_counter_fast(vma.vm_mm, MM_ANONPAGES);
			page_add_new_anon_rmap(page, vma, vmf.address, false);
			lru_cache_add_inactive_or_unevictable(page, vma);
		}
		if (CONFIG_GET_USER_PAGES) publish_page();
		set_pte_at(vma.vm_mm, vmf.address, vmf.pte, entry);
		/* No flush: nothing was present, and x86 caches no such
		 * entry. */
		update_mmu_cache(vma, vmf.address, vmf.pte);
		pte_unmap_unlock(vmf.pte, vmf.ptl);
		return 0;
	} /* unlock: */
		pte_unmap_unlock(vmf.pte, vmf.ptl);
	} /* release: */
	if (page !== NULL) put_page(page);
	return ret;
}

/**
 * RFC.24: ->fault for a speculative fault. The sequence says that the vma which
 * we have a copy of was mapped when the RCU section had begun; so its file, to
 * which it has a reference, is not closed before the section ends (RFC.23). A
 * table is not allocated: there is one, or we would not be here.
 * Port: a function of its own. SPF_ABORT_FAULT counts ->fault's giving up, too,
 * which has no counter of its own in the series.
 */
function speculative_fault(vmf: vm_fault): vm_fault_t {
	const vma = vmf.vma;
	const vm_ops = vma.vm_ops;
	let ret = VM_FAULT_RETRY;

	rcu_read_lock();
	if (!mmap_seq_read_check(vma.vm_mm, vmf.seq, SPF_ABORT_FAULT)) {
		trace_spf_vmf_changed(SPF_ABORT_FAULT, vmf);
	} else {
		ret = vm_ops.fault!(vmf);
		if ((ret & VM_FAULT_RETRY) !== 0) {
			count_vm_spf_event(SPF_ABORT_FAULT);
			trace_spf_vmf_notsup(SPF_ABORT_FAULT, vmf);
		}
	}
	rcu_read_unlock();
	return ret;
}

/**
 * Ask the file for its page. mmap_lock is held for reading, and may have been
 * dropped and the fault be VM_FAULT_RETRY on return; or the fault is
 * speculative (RFC.24), and there is nothing to drop. On success vmf->page is
 * locked and referenced.
 */
function __do_fault(vmf: vm_fault): vm_fault_t {
	const vma = vmf.vma;
	let ret: vm_fault_t;

	if (CONFIG_SPECULATIVE_FILE_BY_FAULT &&
		(vmf.flags & FAULT_FLAG_SPECULATIVE) !== 0) {
		ret = speculative_fault(vmf);
	} else {
		/*
		 * The table is allocated before the page is locked: an
		 * allocation that waits for writeback of that very page would
		 * never end.
		 */
		if (pmd_none(READ_ONCE(vmf.pmd.pmd)) &&
			vmf.prealloc_pte === NULL) {
			vmf.prealloc_pte = pte_alloc_one(vma.vm_mm);
			if (vmf.prealloc_pte === NULL) return VM_FAULT_OOM;
		}
		const vm_ops = vma.vm_ops;
		ret = vm_ops.fault!(vmf);
	}
	if ((ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE | VM_FAULT_RETRY |
		VM_FAULT_DONE_COW)) !== 0)
		return ret;
	if ((ret & VM_FAULT_LOCKED) === 0) lock_page(vmf.page);
	else VM_BUG_ON_PAGE(!PageLocked(vmf.page), vmf.page);
	return ret;
}

/** Install one page, faulted or mapped around the fault. Holds the PTL. */
export function do_set_pte(vmf: vm_fault, page: page, addr: number): void {
	const vma = vmf.vma;
	const write = (vmf.flags & FAULT_FLAG_WRITE) !== 0;
	let entry = mk_pte(page, vma.vm_page_prot);

	if (write) entry = maybe_mkwrite(pte_mkdirty(entry), vma);
	if (write && (vma.vm_flags & VM_SHARED) === 0) {
		/* The private copy of do_cow_fault(). */
		inc_mm_counter_fast(vma.vm_mm, MM_ANONPAGES);
		page_add_new_anon_rmap(page, vma, addr, false);
		lru_cache_add_inactive_or_unevictable(page, vma);
	} else {
		inc_mm_counter_fast(vma.vm_mm, mm_counter_file(page));
		page_add_file_rmap(page, false);
	}
	if (CONFIG_GET_USER_PAGES) publish_page();
	set_pte_at(vma.vm_mm, addr, vmf.pte, entry);
}

/**
 * The last step of a file fault: map vmf->page, or for a private write
 * vmf->cow_page. We enter with the page locked and the pte neither mapped nor
 * locked, and return so. NOPAGE: another thread was faster. (V2.15 changes a
 * comment here.)
 * RFC.26: where a speculative fault commits; RETRY if it cannot. It looks at no
 * pmd without that, nor makes a table.
 */
export function finish_fault(vmf: vm_fault): vm_fault_t {
	const vma = vmf.vma;
	let page: page;
	let ret: vm_fault_t = 0;

	if ((vmf.flags & FAULT_FLAG_WRITE) !== 0 &&
		(vma.vm_flags & VM_SHARED) === 0)
		page = vmf.cow_page;
	else
		page = vmf.page;

	if ((vma.vm_flags & VM_SHARED) === 0) {
		ret = check_stable_address_space(vma.vm_mm);
		if (ret !== 0) return ret;
	}
	if (!CONFIG_SPECULATIVE_FILE_BY_FAULT ||
		(vmf.flags & FAULT_FLAG_SPECULATIVE) === 0) {
		if (pmd_none(READ_ONCE(vmf.pmd.pmd))) {
			if (vmf.prealloc_pte !== NULL) {
				vmf.prealloc_pte = pmd_install(vma.vm_mm,
					vmf.pmd, vmf.prealloc_pte);
			} else if (pte_alloc(vma.vm_mm, vmf.pmd)) {
				return VM_FAULT_OOM;
			}
		}
		if (pmd_devmap_trans_unstable(vmf.pmd)) return 0;
	}
	if (!pte_map_lock(vmf)) return VM_FAULT_RETRY;
	ret = 0;
	/* Somebody may have been here since we looked: then it is his page that
	 * is mapped, and ours is the caller's to drop. */
	if (pte_none(ptep_get(vmf.pte))) do_set_pte(vmf, page, vmf.address);
	else ret = VM_FAULT_NOPAGE;
	update_mmu_tlb(vma, vmf.address, vmf.pte);
	pte_unmap_unlock(vmf.pte, vmf.ptl);
	return ret;
}

/** D12.31: vm.speculative_page_fault. Port: a variable in the kernel, kept the
 *  other way round, as none here begins with 1. */
export function sysctl_speculative_page_fault(): number {
	return 1 - READ_ONCE(memory_globals.speculative_off);
}

/** Any int, of which 0 is off. Faults that are under way go on. */
export function set_sysctl_speculative_page_fault(val: number): void {
	WRITE_ONCE(memory_globals.speculative_off, (1 - val) | 0);
}

/** Until somebody sets it; a power of two, as all its values. */
const FAULT_AROUND_DEFAULT = 65536;

/** Bytes around a read fault to map if they are in the page cache. No lock: a
 *  fault goes by what it reads first. Port: a variable in the kernel. */
export function fault_around_bytes_get(): number {
	const bytes = READ_ONCE(memory_globals.fault_around);

	return bytes === 0 ? FAULT_AROUND_DEFAULT : bytes;
}

/**
 * Whatever is asked for is rounded down to a power of two, and up to a page;
 * -EINVAL if one page table could not hold it.
 * Port: its file is in kernel/fs/debugfs/file.ts.
 */
export function fault_around_bytes_set(val: number): number {
	if (Math.floor(val / PAGE_SIZE) > PTRS_PER_PTE) return -EINVAL;

	let bytes = PAGE_SIZE;
	while (bytes * 2 <= val) bytes *= 2;
	WRITE_ONCE(memory_globals.fault_around, bytes);
	return 0;
}

/**
 * Map the pages around the fault that are in the page cache anyway: the window
 * is fault_around_bytes, aligned to that, but within the vma and the pte table.
 * We return as ->map_pages does: NOPAGE if the faulting page was among them.
 * RFC.27: ->map_pages runs in an RCU section. In it a speculative fault first
 * sees to it that the vma is there, for the file's sake: see
 * speculative_fault(). It has a table.
 */
function do_fault_around(vmf: vm_fault): vm_fault_t {
	const vma = vmf.vma;
	const fault_around_bytes = fault_around_bytes_get();
	const nr_pages = fault_around_bytes / PAGE_SIZE;
	/* The window is the same for all faults in it, so that one of them is
	 * enough; it is cut where the vma and the table of ptes end. */
	const aligned = vmf.address - vmf.address % fault_around_bytes;
	const address = Math.max(aligned, vma.vm_start);
	const off = (vmf.address - address) / PAGE_SIZE;
	const start_pgoff = vmf.pgoff - off;
	const end_pgoff = Math.min(
		start_pgoff - pte_index(address) + PTRS_PER_PTE - 1,
		vma_pages(vma) + vma.vm_pgoff - 1,
		start_pgoff + nr_pages - 1);

	/* In the RCU section no memory can be waited for: the table that it may
	 * take is made here. */
	if ((!CONFIG_SPECULATIVE_FILE_FAULT ||
		(vmf.flags & FAULT_FLAG_SPECULATIVE) === 0) &&
		pmd_none(READ_ONCE(vmf.pmd.pmd))) {
		vmf.prealloc_pte = pte_alloc_one(vma.vm_mm);
		if (vmf.prealloc_pte === NULL) return VM_FAULT_OOM;
	}
	rcu_read_lock();
	if (CONFIG_SPECULATIVE_FILE_FAULT) {
		if ((vmf.flags & FAULT_FLAG_SPECULATIVE) !== 0 &&
			!mmap_seq_read_check(vma.vm_mm, vmf.seq,
				SPF_ABORT_FAULT)) {
			trace_spf_vmf_changed(SPF_ABORT_FAULT, vmf);
			rcu_read_unlock();
			return VM_FAULT_RETRY;
		}
	}
	const vm_ops = vma.vm_ops;
	const ret = vm_ops.map_pages!(vmf, start_pgoff, end_pgoff);
	rcu_read_unlock();
	return ret;
}

/**
 * Is this as far as a speculative fault goes, which only maps what is around?
 * Port: Matthew Wilcox's answer to RFC.24 was that ->map_pages is the ->fault
 * that does not wait, and enough. It is a choice here, to compare the two.
 */
function only_map_pages(vmf: vm_fault): boolean {
	if ((vmf.flags & FAULT_FLAG_SPECULATIVE) !== 0) {
		count_vm_spf_event(SPF_ABORT_FAULT);
		trace_spf_vmf_notsup(SPF_ABORT_FAULT, vmf);
		return true;
	}
	return false;
}

/**
 * A read of a file's page, or of a shared one that is written to later. Maps
 * what is in the page cache anyway, and asks the file only if the page itself
 * is not among it. Locks as do_fault().
 */
function do_read_fault(vmf: vm_fault): vm_fault_t {
	const vm_ops = vmf.vma.vm_ops;
	let ret: vm_fault_t = 0;

	if (vm_ops.map_pages && fault_around_bytes_get() > PAGE_SIZE) {
		ret = do_fault_around(vmf);
		if (ret !== 0) return ret;
	}
	if (CONFIG_SPECULATIVE_FILE_BY_MAP_PAGES && only_map_pages(vmf))
		return VM_FAULT_RETRY;
	ret = __do_fault(vmf);
	if ((ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE | VM_FAULT_RETRY)) !== 0)
		return ret;
	ret |= finish_fault(vmf);
	unlock_page(vmf.page);
	if ((ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE | VM_FAULT_RETRY)) !== 0)
		put_page(vmf.page);
	return ret;
}

/**
 * A write to a private mapping of a file: the copy is made at once, and the
 * file's page is never mapped. The memory for it is there before the file is
 * asked, since a locked page is not to wait for an allocation. Locks as
 * do_fault(). RFC.30: a speculative fault needs an anon_vma that is there.
 */
function do_cow_fault(vmf: vm_fault): vm_fault_t {
	const vma = vmf.vma;

	if (CONFIG_SPECULATIVE_FILE_BY_MAP_PAGES && only_map_pages(vmf))
		return VM_FAULT_RETRY;
	/* Another fault may set it: pairs with the release in
	 * __anon_vma_prepare(). Port: a plain load in the kernel. */
	if (smp_load_acquire(vma.anon_vma) === NULL) {
		if (CONFIG_SPECULATIVE_FILE_BY_FAULT) {
			if ((vmf.flags & FAULT_FLAG_SPECULATIVE) !== 0) {
				count_vm_spf_event(SPF_ABORT_ANON_VMA);
				trace_spf_vma_noanon(SPF_ABORT_ANON_VMA, vmf);
				return VM_FAULT_RETRY;
			}
		}
		if (__anon_vma_prepare(vma) !== 0) return VM_FAULT_OOM;
	}
	vmf.cow_page = alloc_page_vma(GFP_HIGHUSER_MOVABLE, vma,
		vmf.address);
	if (vmf.cow_page === NULL) return VM_FAULT_OOM;
	if (CONFIG_MEMCG && mem_cgroup_charge(vmf.cow_page, vma.vm_mm,
		GFP_KERNEL) !== 0) {
		put_page(vmf.cow_page);
		return VM_FAULT_OOM;
	}

	let ret = __do_fault(vmf);
	if ((ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE | VM_FAULT_RETRY)) !== 0) {
		put_page(vmf.cow_page);
		return ret;
	}
	if ((ret & VM_FAULT_DONE_COW) !== 0) return ret;

	copy_user_highpage(vmf.cow_page, vmf.page, vmf.address, vma);
	__SetPageUptodate(vmf.cow_page);
	ret |= finish_fault(vmf);
	unlock_page(vmf.page);
	put_page(vmf.page);
	if ((ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE | VM_FAULT_RETRY)) !== 0)
		put_page(vmf.cow_page);
	return ret;
}

/**
 * A write to a shared mapping: the file is told (->page_mkwrite) before the
 * page can be written to, and the page is dirty afterwards. Locks as
 * do_fault(). RFC.30: never speculatively, as the file may sleep.
 */
function do_shared_fault(vmf: vm_fault): vm_fault_t {
	const vm_ops = vmf.vma.vm_ops;

	if (CONFIG_SPECULATIVE_PAGE_FAULT)
		VM_BUG_ON((vmf.flags & FAULT_FLAG_SPECULATIVE) !== 0);
	let ret = __do_fault(vmf);
	if ((ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE | VM_FAULT_RETRY)) !== 0)
		return ret;
	if (vm_ops.page_mkwrite) {
		/* Not under the page lock, which the file takes itself, perhaps
		 * after others that come first. */
		unlock_page(vmf.page);
		const tmp = do_page_mkwrite(vmf);
		if (tmp === 0 || (tmp & (VM_FAULT_ERROR | VM_FAULT_NOPAGE)) !== 0) {
			put_page(vmf.page);
			return tmp;
		}
	}
	ret |= finish_fault(vmf);
	if ((ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE | VM_FAULT_RETRY)) !== 0) {
		unlock_page(vmf.page);
		put_page(vmf.page);
		return ret;
	}
	ret |= fault_dirty_shared_page(vmf);
	return ret;
}

/**
 * First touch of memory that has operations (V2.19: never speculatively; but
 * RFC.30, 35: if they say so). We enter with mmap_lock held for reading, or
 * speculatively, and pte neither mapped nor locked; we return likewise, except
 * that with VM_FAULT_RETRY mmap_lock may have been dropped.
 */
function do_fault(vmf: vm_fault): vm_fault_t {
	const vma = vmf.vma;
	const vm_mm = vma.vm_mm;
	const vm_ops = vma.vm_ops;
	let ret: vm_fault_t;

	if (CONFIG_SPECULATIVE_FILE_FAULT) {
		if ((vmf.flags & FAULT_FLAG_SPECULATIVE) !== 0)
			count_vm_spf_event(SPF_ATTEMPT_FILE);
	}
	if (!vm_ops.fault) {
		if (CONFIG_SPECULATIVE_PAGE_FAULT)
			VM_BUG_ON((vmf.flags & FAULT_FLAG_SPECULATIVE) !== 0);
		/* Fine if somebody has put a page there meanwhile. */
		if (pmd_none(READ_ONCE(vmf.pmd.pmd))) {
			ret = VM_FAULT_SIGBUS;
		} else {
			vmf.ptl = pte_lockptr(vm_mm, vmf.pmd);
			vmf.pte = pte_offset_map_lock(vm_mm, vmf.pmd, vmf.address);
			ret = pte_none(ptep_get(vmf.pte)) ?
				VM_FAULT_SIGBUS : VM_FAULT_NOPAGE;
			pte_unmap_unlock(vmf.pte, vmf.ptl);
		}
	} else if ((vmf.flags & FAULT_FLAG_WRITE) === 0) {
		ret = do_read_fault(vmf);
	} else if ((vma.vm_flags & VM_SHARED) === 0) {
		ret = do_cow_fault(vmf);
	} else {
		ret = do_shared_fault(vmf);
	}
	/* vm_mm, not vma: that may be gone if mmap_lock was dropped. */
	if (vmf.prealloc_pte !== NULL) {
		pte_free(vm_mm, vmf.prealloc_pte);
		vmf.prealloc_pte = NULL;
	}
	return ret;
}

/** What mpol_misplaced() answers when the page is where it belongs. */
const NUMA_NO_NODE = -1;

/** Takes a reference and counts the hint. There is one node: nowhere to go. */
function numa_migrate_prep(
	page: page, _vma: vm_area_struct, _addr: number,
): number {
	get_page(page);
	count_vm_numa_event(NUMA_HINT_FAULTS);
	count_vm_numa_event(NUMA_HINT_FAULTS_LOCAL);
	return NUMA_NO_NODE;
}

/**
 * A NUMA hint (V2.20, 31): the entry was made inaccessible to see who uses it.
 * Nothing is waited for, so a speculative fault may do it. In: the pte mapped,
 * its lock free. Out: the pte not mapped, and its lock free.
 */
function do_numa_page(vmf: vm_fault): vm_fault_t {
	const vma = vmf.vma;
	const was_writable = pte_savedwrite(vmf.orig_pte);

	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		if ((vmf.flags & FAULT_FLAG_SPECULATIVE) !== 0)
			count_vm_spf_event(SPF_ATTEMPT_NUMA);
	}
	/* The entry was looked at without the lock. */
	if (!pte_spinlock(vmf)) return VM_FAULT_RETRY;
	if (!pte_same(ptep_get(vmf.pte), vmf.orig_pte)) {
		pte_unmap_unlock(vmf.pte, vmf.ptl);
		return 0;
	}

	/* Whose page is it, and should it be elsewhere? Asked of the entry as
	 * it will be, for as it is it looks like one without access. */
	let old_pte = ptep_get(vmf.pte);
	let pte = pte_modify(old_pte, vma.vm_page_prot);
	const page = vm_normal_page(vma, vmf.address, pte);
	if (page !== NULL) {
		const target_nid = numa_migrate_prep(page, vma, vmf.address);
		VM_BUG_ON(target_nid !== NUMA_NO_NODE, "a second NUMA node");
		put_page(page);
	}

	/* Make it accessible again. In two steps, between which the entry is
	 * empty: a bit that the hardware sets meanwhile is not lost. */
	old_pte = ptep_modify_prot_start(vma, vmf.address, vmf.pte);
	pte = pte_mkyoung(pte_modify(old_pte, vma.vm_page_prot));
	if (was_writable) pte = pte_mkwrite(pte);
	ptep_modify_prot_commit(vma, vmf.address, vmf.pte, old_pte, pte);
	update_mmu_cache(vma, vmf.address, vmf.pte);
	pte_unmap_unlock(vmf.pte, vmf.ptl);
	return 0;
}

/**
 * What an entry needs, whichever architecture reports the fault (V2.15, 19, 21,
 * 27, 31). We enter with mmap_lock held for reading, or speculatively; pte is
 * mapped and orig_pte its value, or pte is NULL where there is none. Afterwards
 * it is not mapped.
 *
 * orig_pte was read without the lock. Who decides by it compares it with the
 * entry once he has the lock, and if it is another one by then, somebody else
 * has served the fault or changed the mapping: back to the user, who faults
 * again if there is still a reason.
 */
function handle_pte_fault(vmf: vm_fault): vm_fault_t {
	if (vmf.pte === NULL) {
		if (vma_is_anonymous(vmf.vma)) return do_anonymous_page(vmf);
		return do_fault(vmf);
	}
	if (!pte_present(vmf.orig_pte)) return do_swap_page(vmf);
	if (CONFIG_NUMA_BALANCING) {
		if (pte_protnone(vmf.orig_pte) && vma_is_accessible(vmf.vma))
			return do_numa_page(vmf);
	}

	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		if ((vmf.flags & FAULT_FLAG_SPECULATIVE) !== 0)
			count_vm_spf_event(SPF_ATTEMPT_PTE);
	}
	/*
	 * The entry is there and of the right kind: what can be missing is the
	 * right to write, or the accessed or dirty bit on a CPU that leaves
	 * them to us. From here on under the lock; V2.27: for a speculative
	 * fault this is where it commits.
	 */
	if (!pte_spinlock(vmf)) return VM_FAULT_RETRY;
	let entry = vmf.orig_pte;
	unlock: {
		if (!pte_same(ptep_get(vmf.pte), entry)) {
			update_mmu_tlb(vmf.vma, vmf.address, vmf.pte);
			break unlock;
		}
		const write = (vmf.flags & FAULT_FLAG_WRITE) !== 0;
		if (write) {
			/* The vma permits it, or we would not be here: so it is
			 * copy on write, or a file that wants to be told. */
			if (!pte_write(entry)) return do_wp_page(vmf);
			entry = pte_mkdirty(entry);
		}
		entry = pte_mkyoung(entry);
		if (ptep_set_access_flags(vmf.vma, vmf.address, vmf.pte, entry,
			write)) {
			update_mmu_cache(vmf.vma, vmf.address, vmf.pte);
		} else {
			/*
			 * Nothing to change: the fault came from an old
			 * translation, which only matters where it forbade more
			 * than the entry.
			 */
			if ((vmf.flags & FAULT_FLAG_TRIED) !== 0) break unlock;
			if (write)
				flush_tlb_fix_spurious_fault(vmf.vma,
					vmf.address);
		}
	} /* unlock: */
	pte_unmap_unlock(vmf.pte, vmf.ptl);
	return 0;
}

/**
 * Find the entry (V2.15, 16, 31). We enter with mmap_lock held for reading, and
 * allocate what is missing of the tables above the entry's; or the fault is
 * speculative, and all tables have to be there. A speculative fault must not
 * allocate one: it could be installed after free_pgtables() has passed, and
 * nobody would free it. So each pmd entry sees at least one fault that is not.
 *
 * Port: RFC.30 asks the file of a speculative fault for gfp_mask, too, and may
 * find it freed: nothing keeps it yet, see speculative_fault(). Such a fault
 * allocates nothing for the file, and does not need to know.
 */
function __handle_mm_fault(
	vma: vm_area_struct, address: number, flags: number, seq: number,
): vm_fault_t {
	/* One literal with all fields: its shape never changes. */
	const base = address - (address & (PAGE_SIZE - 1));
	const gfp_mask = CONFIG_SPECULATIVE_FILE_FAULT &&
		(flags & FAULT_FLAG_SPECULATIVE) !== 0
		? 0 : __get_fault_gfp_mask(vma);
	const vmf: vm_fault = CONFIG_SPECULATIVE_PAGE_FAULT ? {
		vma,
		gfp_mask,
		pgoff: linear_page_index(vma, base),
		address: base,
		real_address: address,
		flags,
		seq,
		orig_pmd: 0,
		pud: NULL,
		pmd: NULL,
		orig_pte: 0,
		cow_page: NULL,
		page: NULL,
		pte: NULL,
		ptl: NULL,
		prealloc_pte: NULL,
	} : {
		vma,
		gfp_mask,
		pgoff: linear_page_index(vma, base),
		address: base,
		real_address: address,
		flags,
		pud: NULL,
		pmd: NULL,
		orig_pte: 0,
		cow_page: NULL,
		page: NULL,
		pte: NULL,
		ptl: NULL,
		prealloc_pte: NULL,
	} as unknown as vm_fault;
	const mm = vma.vm_mm;

	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		if ((flags & FAULT_FLAG_SPECULATIVE) !== 0) {
			if (!speculative_page_walk(vmf, mm, address)) {
				trace_spf_vmf_notsup(vmf.pmd === NULL ?
					SPF_ABORT_PUD : SPF_ABORT_PMD, vmf);
				return VM_FAULT_RETRY;
			}
			return handle_pte_fault(vmf);
		}
	}

	/* mmap_lock is held: what is found or made here stays. Two faults may
	 * make the same table, and one of them takes back his. */
	const pgd = pgd_offset(mm, address);
	const p4d = p4d_alloc(mm, pgd, address);
	if (p4d === NULL) return VM_FAULT_OOM;
	vmf.pud = pud_alloc(mm, p4d, address);
	if (vmf.pud === NULL) return VM_FAULT_OOM;
	vmf.pmd = pmd_alloc(mm, vmf.pud, address);
	if (vmf.pmd === NULL) return VM_FAULT_OOM;

	if (pmd_none(READ_ONCE(vmf.pmd.pmd))) {
		/*
		 * The table comes later, in case a huge page (or a file's
		 * map_pages) wants to do without.
		 */
		vmf.pte = NULL;
	} else {
		/* Without huge pages the table stays while we hold
		 * mmap_lock. */
		if (pmd_devmap_trans_unstable(vmf.pmd)) return 0;
		vmf.pte = pte_offset_map(vmf.pmd, vmf.address);
		/*
		 * Read once, without the lock: everything that follows decides
		 * by this value, and compares it under the lock.
		 */
		vmf.orig_pte = READ_ONCE(vmf.pte.pte);
		if (pte_none(vmf.orig_pte)) {
			pte_unmap(vmf.pte);
			vmf.pte = NULL;
		}
	}
	return handle_pte_fault(vmf);
}

/**
 * Port: the speculative half of __handle_mm_fault() of V2.16, apart so that
 * neither half is too long for the compiler. Each level is read once, and the
 * step down uses what was read: entries can be cleared under a walker.
 */
function speculative_page_walk(
	vmf: vm_fault, mm: mm_struct, address: number,
): boolean {
	speculative_page_walk_begin();
	spf_fail: {
		const pgd = pgd_offset(mm, address);
		const pgdval = READ_ONCE(pgd.pgd);
		if (pgd_none(pgdval) || pgd_bad(pgdval)) {
			count_vm_spf_event(SPF_ABORT_PUD);
			break spf_fail;
		}
		const p4d = p4d_offset(pgd, address);
		const p4dval = READ_ONCE(p4d.p4d);
		if (p4d_none(p4dval) || p4d_bad(p4dval)) {
			count_vm_spf_event(SPF_ABORT_PUD);
			break spf_fail;
		}
		vmf.pud = pud_offset_lockless(p4d, p4dval, address);
		const pudval = READ_ONCE(vmf.pud.pud);
		if (pud_none(pudval) || pud_bad(pudval) ||
			pud_trans_huge(pudval) || pud_devmap(pudval)) {
			count_vm_spf_event(SPF_ABORT_PUD);
			break spf_fail;
		}
		vmf.pmd = pmd_offset_lockless(vmf.pud, pudval, address);
		vmf.orig_pmd = READ_ONCE(vmf.pmd.pmd);
		/*
		 * pmd_none() may be the middle of a collapse into a huge page.
		 * It may also be the plain first touch, and see above why that
		 * is not for us.
		 */
		if (pmd_none(vmf.orig_pmd) || is_swap_pmd(vmf.orig_pmd) ||
			pmd_trans_huge(vmf.orig_pmd) || pmd_devmap(vmf.orig_pmd)) {
			count_vm_spf_event(SPF_ABORT_PMD);
			break spf_fail;
		}
		/*
		 * The pointer stays in vmf beyond this section, where the table
		 * may be freed: __pte_map_lock() decides whether it can be used
		 * again.
		 */
		vmf.pte = pte_offset_map_val(vmf.orig_pmd, address);
		vmf.orig_pte = READ_ONCE(vmf.pte.pte);
		if (pte_none(vmf.orig_pte)) {
			pte_unmap(vmf.pte);
			vmf.pte = NULL;
		}
		speculative_page_walk_end();
		return true;
	} /* spf_fail: */
	speculative_page_walk_end();
	return false;
}

/** Major and minor faults of the task, once for each fault that is done. */
function mm_account_fault(
	regs: pt_regs, address: number, flags: number, ret: vm_fault_t,
): void {
	/* Unsuccessful, or to be tried again: not accounted yet. */
	if ((ret & (VM_FAULT_ERROR | VM_FAULT_RETRY)) !== 0) return;

	const major = (ret & VM_FAULT_MAJOR) !== 0 ||
		(flags & FAULT_FLAG_TRIED) !== 0;
	const tsk = current();
	if (major) tsk.maj_flt++;
	else tsk.min_flt++;
	/* Without registers the fault belongs to no access of the task:
	 * performance events are not told. */
	if (regs === 0) return;
	if (major)
		perf_sw_event(PERF_COUNT_SW_PAGE_FAULTS_MAJ, 1, regs, address);
	else
		perf_sw_event(PERF_COUNT_SW_PAGE_FAULTS_MIN, 1, regs, address);
}

/**
 * The fault, as the architecture and who faults pages in ask for it (V2.09, 16,
 * 19, RFC.30). We enter with mmap_lock held for reading; or, if flags has
 * FAULT_FLAG_SPECULATIVE, without it, vma being a copy that was valid at the
 * even mmap_seq `seq`. If VM_FAULT_RETRY is returned mmap_lock may have been
 * dropped; a speculative fault then has mapped nothing, or some pages around,
 * and is to be repeated with the lock. Otherwise mmap_lock is as it was.
 * Port: the task's state is left alone, since nobody here says that he is going
 * to sleep and then touches user memory.
 */
export function do_handle_mm_fault(
	vma: vm_area_struct, address: number, flags: number,
	seq: number, regs: pt_regs,
): vm_fault_t {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		if ((flags & FAULT_FLAG_SPECULATIVE) !== 0)
			VM_BUG_ON_VMA(!vma_can_speculate(vma, flags), vma);
		else
			mmap_assert_locked(vma.vm_mm);
	} else {
		mmap_assert_locked(vma.vm_mm);
	}
	/* An aborted attempt and its repetition count as two. */
	count_vm_event(PGFAULT);
	if (CONFIG_ARCH_HAS_PKEYS) {
		if (!arch_vma_access_permitted(vma,
			(flags & FAULT_FLAG_WRITE) !== 0,
			(flags & FAULT_FLAG_INSTRUCTION) !== 0,
			(flags & FAULT_FLAG_REMOTE) !== 0))
			return VM_FAULT_SIGSEGV;
	}
	/* Who faults in user mode holds no other locks, and may wait for memory
	 * of his group once the fault has ended. */
	if (CONFIG_MEMCG && (flags & FAULT_FLAG_USER) !== 0)
		mem_cgroup_enter_user_fault();
	const ret = __handle_mm_fault(vma, address, flags, seq);
	if (CONFIG_MEMCG && (flags & FAULT_FLAG_USER) !== 0) {
		mem_cgroup_exit_user_fault();
		/* A charge has failed, and the fault went well without. */
		if (task_in_memcg_oom(current()) && (ret & VM_FAULT_OOM) === 0)
			mem_cgroup_oom_synchronize(false);
	}
	mm_account_fault(regs, address, flags, ret);
	if (CONFIG_TRACING && text.handle_mm_fault)
		trace_handle_mm_fault(vma.vm_mm, address, flags, ret);
	return ret;
}

/* ---- upper page tables; the p4d level is folded, others may be ---- */

/** Holds mmap_lock, at least for reading; page_table_lock decides races. */
export function __pud_alloc(
	mm: mm_struct, p4d: p4d_t, address: number,
): number {
	if (__PAGETABLE_PUD_FOLDED) return 0;
	const table = pud_alloc_one(mm, address);
	if (table === NULL) return -ENOMEM;

	spin_lock(mm.page_table_lock);
	if (!p4d_present(p4d.p4d)) {
		mm_inc_nr_puds(mm);
		/* The zeroes of the table before the pointer to it. Pairs with
		 * the address dependency of walkers, as in pmd_install(). */
		smp_wmb();
		p4d_populate(mm, p4d, table);
		spin_unlock(mm.page_table_lock);
	} else {
		spin_unlock(mm.page_table_lock);
		pud_free(mm, table);
	}
	return 0;
}

/** As __pud_alloc(), one level down. Against other faults: the pud's lock. */
export function __pmd_alloc(
	mm: mm_struct, pud: pud_t, address: number,
): number {
	if (__PAGETABLE_PMD_FOLDED) return 0;
	const table = pmd_alloc_one(mm, address);
	if (table === NULL) return -ENOMEM;

	const ptl: spinlock_t = pud_lock(mm, pud);
	if (!pud_present(pud.pud)) {
		mm_inc_nr_pmds(mm);
		/* The zeroes of the table before the pointer to it. Pairs with
		 * the address dependency of walkers, as in pmd_install(). */
		smp_wmb();
		pud_populate(mm, pud, table);
		spin_unlock(ptl);
	} else {
		spin_unlock(ptl);
		pmd_free(mm, table);
	}
	return 0;
}
