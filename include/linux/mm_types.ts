// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/mm_types.h at 5.17 with the v2 series: the structs of
 * the memory manager, fields grouped by the lock that guards them.
 * Left out: memory cgroups, THP, hugetlb, AIO, KSM, zswap, NUMA policies.
 */
import type { vm_fault_t } from "linux/mm.ts";
import type { rw_semaphore, spinlock_t } from "linux/spinlock_types.ts";
import type { atomic_t, callback_head, list_head, rb_node, rb_root, rb_root_cached } from "linux/types.ts";
import type { address_space, file } from "linux/fs.ts";
import type { pgd_t, pmd_t, pte_t, pud_t } from "asm/pgtable_types.ts";
import type { task_struct } from "linux/sched.ts";

/** One for each page frame; the array is mem_map. */
export interface page extends struct {
	flags: int; /* PG_*; atomic bit operations */
	_refcount: embed<atomic_t>;
	_mapcount: embed<atomic_t>; /* page tables that map it, minus 1; PTL or rmap rules */
	/* PG_buddy: order; PG_slab: kmem_cache address; page cache: 0; page table: pt_mm */
	private: int; /* owner of the page; zone->lock while PG_buddy */
	/* free: list of its order or pcp list; page cache: unused; slab: list of partial slabs */
	lru: embed<list_head>;
	mapping: int; /* address_space, or anon_vma | PAGE_MAPPING_ANON; page lock */
	freelist: int; /* PG_slab: its array of free indices; cache's list_lock */
	inuse: int; /* PG_slab: objects handed out; cache's list_lock */
	ptl: embed<spinlock_t>; /* PG_table: the split page-table lock */
	index: ulong; /* offset in mapping, in pages; page lock */
	rcu_head: embed<callback_head>; /* PG_table: freeing after a grace period */
}

export interface anon_vma_name extends struct {
	kref: embed<atomic_t>;
	name: array<u8, 80>; /* ANON_VMA_NAME_MAX_LEN, NUL-terminated; constant */
}

/** One range of a user address space with one set of permissions. Writers hold
 *  mmap_lock exclusively; readers hold it at least shared, or (speculative
 *  faults) read a copy that an unchanged mmap_seq has validated. */
export interface vm_area_struct extends struct {
	/* The first four fields are what a lookup touches. vm_rcu lies over the
	 * first of them once the vma is dead (V2.11): a late walker reads
	 * clobbered bounds, never another object. */
	vm_start: ulong; /* mmap_lock(w); stack growth: mmap_lock(r) + page_table_lock */
	vm_end: ulong; /* first byte after; as vm_start */
	vm_next: vm_area_struct; /* mmap_lock(w), sorted by address */
	vm_prev: vm_area_struct;
	vm_rb: embed<rb_node>; /* mm_rb; mmap_lock(w), walked under RCU */
	vm_mm: mm_struct; /* constant */
	/** Largest free gap in this subtree of mm_rb, in bytes: mmap_lock(w) or,
	 *  for stack growth, page_table_lock. */
	rb_subtree_gap: ulong;
	vm_page_prot: int; /* mmap_lock(w) */
	vm_flags: int; /* mmap_lock(w) */
	/** address_space.i_mmap; i_mmap_rwsem */
	shared_rb: embed<rb_node>;
	shared_rb_subtree_last: ulong; /* i_mmap_rwsem */
	anon_vma_chain: embed<list_head>; /* mmap_lock + page_table_lock */
	anon_vma: anon_vma; /* page_table_lock; set once under mmap_lock(r) */
	vm_ops: rodata<vm_operations_struct>; /* mmap_lock(w) */
	vm_pgoff: ulong; /* offset in pages; as vm_start */
	vm_file: file; /* mmap_lock(w); may be NULL */
	vm_private_data: int; /* vm_ops' own; special mappings: name */
	anon_name: ifdef<"CONFIG_ANON_VMA_NAME", anon_vma_name>; /* mmap_lock(w) */
	vm_rcu: ifdef<"CONFIG_SPECULATIVE_PAGE_FAULT", overlay<"vm_start", callback_head>>;
}

export interface mm_struct extends struct {
	/* mmap_lock(w) to change, (r) to read */
	mmap: vm_area_struct; /* list of vmas, lowest first */
	mm_rb: embed<rb_root>;
	vmacache_seqnum: int; /* bumped when a vma dies; per-thread caches compare */
	map_count: int; /* number of vmas */
	mmap_base: ulong; /* top of the mmap area (top-down) */
	mmap_legacy_base: ulong; /* bottom-up base */
	task_size: ulong; /* constant */
	highest_vm_end: ulong;
	total_vm: ulong; /* pages mapped */
	locked_vm: ulong; /* pages with VM_LOCKED */
	data_vm: ulong;
	exec_vm: ulong;
	stack_vm: ulong;
	def_flags: int;
	pgd: pgd_t; /* constant */
	/* atomics */
	mm_users: embed<atomic_t>; /* tasks using the address space, mmget() */
	mm_count: embed<atomic_t>; /* references to the struct, mmgrab() */
	pgtables_bytes: embed<atomic_t>; /* page-table memory, in bytes */
	rss_stat: array<int, 4>; /* NR_MM_COUNTERS; RMW, in pages */
	/* locks */
	page_table_lock: embed<spinlock_t>; /* upper page tables, anon_vma_chain, growth */
	mmap_lock: embed<rw_semaphore>;
	/** Sequence of mmap writers, odd while one is inside (V2.10). Written by
	 *  the holder of mmap_lock(w); read by anyone with READ_ONCE. */
	mmap_seq: ifdef<"CONFIG_SPECULATIVE_PAGE_FAULT", int>;
	mmlist: embed<list_head>; /* mmlist_lock */
	/* arg_lock's fields of the kernel; here mmap_lock(w) */
	start_code: ulong;
	end_code: ulong;
	start_data: ulong;
	end_data: ulong;
	start_brk: ulong;
	brk: ulong;
	start_stack: ulong;
	/** Behave as this kernel, see linux/version.ts; 0: as 5.17. Set while one
	 *  task uses it. */
	kernel_version: int;
	flags: int; /* MMF_*; atomic bit operations */
	owner: task_struct;
	context: embed<mm_context_t>;
	/** CPUs that may hold translations of this mm, one bit each (two words). */
	mm_cpumask: array<int, 2>;
	/** Batches of TLB flushes in flight, for mm_tlb_flush_nested(). */
	tlb_flush_pending: embed<atomic_t>;
}

export interface mm_context_t extends struct {
	ctx_id: int; /* unique, constant: a TLB entry is tagged with it */
	tlb_gen: embed<atomic_t>; /* bumped by each flush */
}

export interface anon_vma extends struct {
	root: anon_vma; /* constant after set-up */
	rwsem: embed<rw_semaphore>; /* of the root: guards rb_root of the whole tree */
	refcount: embed<atomic_t>;
	/* What decides whether it may be taken over by a fork; as rb_root. */
	num_children: int; /* anon_vmas with this parent; a root is one itself */
	num_active_vmas: int; /* vmas whose anon_vma is this one */
	parent: anon_vma;
	rb_root: embed<rb_root_cached>; /* interval tree of chains; root's rwsem */
}

/** Links one vma with one anon_vma. */
export interface anon_vma_chain extends struct {
	vma: vm_area_struct;
	anon_vma: anon_vma;
	same_vma: embed<list_head>; /* mmap_lock & page_table_lock */
	rb: embed<rb_node>; /* anon_vma->rwsem */
	rb_subtree_last: ulong;
	/** What the tree was sorted by at insertion. */
	cached_vma_start: ifdef<"CONFIG_DEBUG_VM_RB", ulong>;
	cached_vma_last: ifdef<"CONFIG_DEBUG_VM_RB", ulong>;
}

/** State of one fault, on the fault's own stack: no other CPU sees it. */
export interface vm_fault {
	vma: vm_area_struct; /* speculative: a copy on the kernel stack */
	gfp_mask: number;
	pgoff: number; /* logical page offset of the fault in vma's file */
	address: number; /* page-aligned */
	real_address: number;
	flags: number; /* FAULT_FLAG_* */
	seq: number; /* mmap_seq at the start, when speculative (V2.16) */
	orig_pmd: number; /* value of *pmd, when speculative */
	pud: pud_t;
	pmd: pmd_t;
	orig_pte: number; /* value of *pte when the fault was looked at */
	cow_page: page;
	page: page; /* ->fault's result */
	pte: pte_t; /* NULL, or mapped */
	ptl: spinlock_t; /* the page-table lock that goes with pte */
	prealloc_pte: page;
}

export interface vm_operations_struct {
	open?: (vma: vm_area_struct) => void; /* mmap_lock(w) */
	close?: (vma: vm_area_struct) => void;
	may_split?: (vma: vm_area_struct, addr: number) => number;
	mremap?: (vma: vm_area_struct) => number;
	fault?: (vmf: vm_fault) => vm_fault_t; /* mmap_lock(r) */
	map_pages?: (vmf: vm_fault, start_pgoff: number, end_pgoff: number) => vm_fault_t;
	page_mkwrite?: (vmf: vm_fault) => vm_fault_t;
	name?: (vma: vm_area_struct) => string;
}

export type { address_space, file };

/* ---- mm->tlb_flush_pending: unmappers between clearing and flushing ---- */

/** Before the first page-table entry is changed, without the PTL. */
export function inc_tlb_flush_pending(mm: mm_struct): void {
	/*
	 * The increment is fully ordered and the entry changes under the PTL:
	 * whoever sees the changed entry by taking that lock also sees the
	 * count. Pairs with the PTL in mm_tlb_flush_pending()'s callers.
	 */
	fetch_add(mm.tlb_flush_pending.counter, 1);
}

/** After the flush. */
export function dec_tlb_flush_pending(mm: mm_struct): void {
	/* Fully ordered: nobody who reads 0 can still meet a stale TLB. */
	fetch_add(mm.tlb_flush_pending.counter, -1);
}

/** Holds the PTL of the entry in question. */
export function mm_tlb_flush_pending(mm: mm_struct): boolean {
	return READ_ONCE(mm.tlb_flush_pending.counter) !== 0;
}

/** Is somebody else at it, too? Holds a pending flush of its own. */
export function mm_tlb_flush_nested(mm: mm_struct): boolean {
	return READ_ONCE(mm.tlb_flush_pending.counter) > 1;
}
