// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/mm_types.h at 5.17 with the v2 series: the structs of
 * the memory manager. "mmap_lock(w)" at a field: it is changed by who holds
 * that lock for writing, and read by who holds it at least for reading.
 * Left out: THP, hugetlb, AIO, KSM, zswap.
 */
import type { mem_cgroup } from "linux/memcontrol.ts";
import type { vm_fault_t } from "linux/mm.ts";
import type {
	rw_semaphore, seqcount_t, spinlock_t,
} from "linux/spinlock_types.ts";
import type { atomic_t, callback_head, list_head, rb_node, rb_root, rb_root_cached } from "linux/types.ts";
import type { address_space, file } from "linux/fs.ts";
import type {
	pgd_t, pgtable_t, pmd_t, pte_t, pud_t,
} from "asm/pgtable_types.ts";
import type { percpu_rw_semaphore } from "linux/percpu-rwsem.ts";
import type { mempolicy } from "linux/mempolicy.ts";
import type { task_struct } from "linux/sched.ts";
import type { mmu_notifier_subscriptions } from "mm/mmu_notifier.ts";

/** One for each page frame; the array is mem_map. */
export interface page extends struct {
	/** PG_*; atomic, plain while nobody else knows the page */
	flags: int;
	_refcount: embed<atomic_t>; /* atomic */
	/** page tables that map it, minus 1, or PG_buddy, PG_table;
	 *  atomic, plain while nobody else knows the page */
	_mapcount: embed<atomic_t>;
	/** PG_buddy: order, zone.lock; slab: cache, large kmalloc():
	 *  order, constant until freed */
	private: int;
	/** free: list of its order, zone.lock, or per_cpu_pages, its CPU
	 *  only; slab: the lists of its cache, list_lock; PG_lru: lruvec,
	 *  lru_lock, or who has taken it off */
	lru: embed<list_head>;
	/** address_space: page lock + i_pages_lock; anon_vma |
	 *  PAGE_MAPPING_ANON: page lock, or set before it is mapped */
	mapping: int;
	/** slab: its array of free indices; constant until freed */
	freelist: int;
	inuse: int; /* slab: objects handed out; list_lock of its cache */
	ptl: embed<spinlock_t>; /* PG_table: guards the entries of the table */
	/** offset in mapping, in pages; constant since mapping was set */
	index: ulong;
	/** table or slab: RCU, once it waits to be freed */
	rcu_head: embed<callback_head>;
	/** the group that it is charged to, 0: none; constant from its charge
	 *  to its last reference */
	memcg_data: ifdef<"CONFIG_MEMCG", int>;
	/** PG_table: how many tables are in it; atomic */
	pt_frag_refcount: ifdef<"CONFIG_PPC", embed<atomic_t>>;
}

export interface anon_vma_name extends struct {
	kref: embed<atomic_t>; /* atomic */
	/** ANON_VMA_NAME_MAX_LEN, NUL-terminated; constant */
	name: array<u8, 80>;
}

/** One range of a user address space with one set of permissions. Writers hold
 *  mmap_lock exclusively; readers hold it at least shared, or (speculative
 *  faults) read a copy that an unchanged mmap_seq has validated. */
export interface vm_area_struct extends struct {
	/* The first four fields are what a lookup touches. vm_rcu lies over the
	 * first of them once the vma is dead (V2.11): a late walker reads
	 * clobbered bounds, never another object. */
	vm_start: ulong; /* mmap_lock(w) */
	vm_end: ulong; /* first byte after; mmap_lock(w) */
	vm_next: vm_area_struct; /* sorted by address; mmap_lock(w) */
	vm_prev: vm_area_struct; /* mmap_lock(w) */
	vm_rb: embed<rb_node>; /* mm_rb; mmap_lock(w), walked under RCU */
	vm_mm: mm_struct; /* constant */
	/** largest free gap in this subtree of mm_rb, in bytes; mmap_lock(w) */
	rb_subtree_gap: ulong;
	vm_page_prot: int; /* mmap_lock(w) */
	vm_flags: int; /* mmap_lock(w) */
	shared_rb: embed<rb_node>; /* address_space.i_mmap; i_mmap_rwsem */
	shared_rb_subtree_last: ulong; /* i_mmap_rwsem */
	/** mmap_lock(w), or from empty mmap_lock(r) + page_table_lock */
	anon_vma_chain: embed<list_head>;
	/** mmap_lock(w), or from NULL mmap_lock(r) + page_table_lock */
	anon_vma: anon_vma;
	/** NULL: anonymous; constant once it is in mm_rb */
	vm_ops: rodata<vm_operations_struct>;
	vm_pgoff: ulong; /* offset in pages; mmap_lock(w) */
	vm_file: file; /* may be NULL; constant once it is in mm_rb */
	vm_private_data: int; /* special mappings: name; constant */
	/** NULL: the task's; mmap_lock(w), vma_can_speculate() without it */
	vm_policy: ifdef<"CONFIG_NUMA", mempolicy>;
	/** mmap_lock(w) */
	anon_name: ifdef<"CONFIG_ANON_VMA_NAME", anon_vma_name>;
	/** RCU, once it is out of mm_rb and waits to be freed */
	vm_rcu: ifdef<"CONFIG_SPECULATIVE_PAGE_FAULT", overlay<"vm_start", callback_head>>;
}

export interface mm_struct extends struct {
	mmap: vm_area_struct; /* list of vmas, lowest first; mmap_lock(w) */
	mm_rb: embed<rb_root>; /* mmap_lock(w), walked under RCU */
	/** bumped when a vma dies; mmap_lock(w), looked at without (acquire) */
	vmacache_seqnum: int;
	map_count: int; /* number of vmas; mmap_lock(w) */
	/** top of the mmap area (top-down); constant after exec */
	mmap_base: ulong;
	mmap_legacy_base: ulong; /* bottom-up base; constant after exec */
	task_size: ulong; /* constant after exec */
	highest_vm_end: ulong; /* mmap_lock(w) */
	/** most pages there were, as far as was noted; atomic: one store of
	 *  two at a time may get lost */
	hiwater_rss: ulong;
	hiwater_vm: ulong; /* mmap_lock(w), looked at without */
	/** pages mapped; mmap_lock(w), and remove_vma_list() where the
	 *  lock was downgraded */
	total_vm: ulong;
	locked_vm: ulong; /* pages with VM_LOCKED; mmap_lock(w) */
	data_vm: ulong; /* as total_vm */
	exec_vm: ulong; /* as total_vm */
	stack_vm: ulong; /* as total_vm */
	def_flags: int; /* mmap_lock(w) */
	pgd: pgd_t; /* constant */
	/** tasks using the address space, mmget(); atomic */
	mm_users: embed<atomic_t>;
	/** references to the struct, mmgrab(); atomic */
	mm_count: embed<atomic_t>;
	pgtables_bytes: embed<atomic_t>; /* page-table memory; atomic */
	rss_stat: array<int, 4>; /* NR_MM_COUNTERS, in pages; atomic */
	/** guards upper page tables, anon_vma_chain */
	page_table_lock: embed<spinlock_t>;
	mmap_lock: embed<rw_semaphore>; /* guards what says so */
	/** Sequence of mmap writers, odd while one is inside (V2.10).
	 *  mmap_lock(w) to change, read by anyone with READ_ONCE. */
	mmap_seq: ifdef<"CONFIG_SPECULATIVE_PAGE_FAULT", int>;
	mmlist: embed<list_head>; /* nobody is on a list: no swap; constant */
	start_code: ulong; /* constant after exec */
	end_code: ulong; /* constant after exec */
	start_data: ulong; /* constant after exec */
	end_data: ulong; /* constant after exec */
	start_brk: ulong; /* constant after exec */
	brk: ulong; /* mmap_lock(w) */
	start_stack: ulong; /* constant after exec */
	/** Behave as this kernel, see linux/version.ts; 0: as 5.17.
	 *  current only: set while one task uses it, constant once there
	 *  are more. */
	kernel_version: int;
	/** Port: the lowest address for who does not say MAP_FIXED, and for who
	 *  does; 0: the kernel's own. As kernel_version. */
	min_addr: ulong; /* current only */
	min_fixed_addr: ulong; /* current only */
	/** Port: see mm_forbids_zeropage(). As kernel_version. */
	no_zeropage: int; /* current only */
	/** Port: nodes that policies may name, 0: one. As kernel_version. */
	nr_nodes: ifdef<"CONFIG_NUMA", int>; /* current only */
	flags: int; /* MMF_*; atomic */
	/** odd while a fork makes entries read-only; mmap_lock(w), read by who
	 *  pins pages without it */
	write_protect_seq: ifdef<"CONFIG_GET_USER_PAGES", embed<seqcount_t>>;
	owner: task_struct; /* tasklist_lock */
	/** whose limit its faults are under; tasklist_lock to change, read by
	 *  anyone */
	memcg: ifdef<"CONFIG_MEMCG", mem_cgroup>;
	context: embed<mm_context_t>; /* see mm_context_t */
	/** NULL: nobody ever subscribed; mm_take_all_locks(), then constant,
	 *  and looked at without (acquire) */
	notifier_subscriptions: ifdef<"CONFIG_MMU_NOTIFIER",
		mmu_notifier_subscriptions>;
	/** V2.23: keeps subscribers from coming while a speculative fault
	 *  notifies those that there are; constant */
	mmu_notifier_lock: ifdef<"CONFIG_MMU_NOTIFIER",
		ifdef<"CONFIG_SPECULATIVE_PAGE_FAULT", percpu_rw_semaphore>>;
	/** CPUs that may hold translations of this mm, one bit each (two
	 *  words); atomic */
	mm_cpumask: array<int, 2>;
	/** TLB flushes in flight; atomic, looked at under the ptl */
	tlb_flush_pending: embed<atomic_t>;
}

export interface mm_context_t extends struct {
	ctx_id: int; /* unique: a TLB entry is tagged with it; constant */
	tlb_gen: embed<atomic_t>; /* bumped by each flush; atomic */
	/** keys that are given out, one bit each; mmap_lock(w) */
	pkey_allocation_map: ifdef<"CONFIG_ARCH_HAS_PKEYS", int>;
	/** key of what may be executed only, -1: none yet; mmap_lock(w) */
	execute_only_pkey: ifdef<"CONFIG_ARCH_HAS_PKEYS", int>;
	/** CPUs in mm_cpumask; atomic */
	active_cpus: ifdef<"CONFIG_PPC", embed<atomic_t>>;
	/** the first fragments of the pages of tables that are begun, 0: of
	 *  none; page_table_lock */
	pte_frag: ifdef<"CONFIG_PPC", int>;
	pmd_frag: ifdef<"CONFIG_PPC", int>; /* as pte_frag */
}

export interface anon_vma extends struct {
	root: anon_vma; /* constant once a vma has it */
	/** guards all trees below a root; used in the root only */
	rwsem: embed<rw_semaphore>;
	refcount: embed<atomic_t>; /* atomic */
	/** anon_vmas with this parent; a root is one; rwsem of root */
	num_children: int;
	/** vmas whose anon_vma is this one; rwsem of root */
	num_active_vmas: int;
	parent: anon_vma; /* constant once a vma has it */
	/** interval tree of chains; rwsem of root */
	rb_root: embed<rb_root_cached>;
}

/** Links one vma with one anon_vma. */
export interface anon_vma_chain extends struct {
	vma: vm_area_struct; /* constant once linked */
	anon_vma: anon_vma; /* constant once linked */
	/** on vm_area_struct.anon_vma_chain; guarded as that is:
	 *  mmap_lock(w), or from empty mmap_lock(r) + page_table_lock */
	same_vma: embed<list_head>;
	rb: embed<rb_node>; /* rwsem of anon_vma's root */
	rb_subtree_last: ulong; /* as rb */
	/* What the tree was sorted by at insertion. */
	cached_vma_start: ifdef<"CONFIG_DEBUG_VM_RB", ulong>; /* as rb */
	cached_vma_last: ifdef<"CONFIG_DEBUG_VM_RB", ulong>; /* as rb */
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
	prealloc_pte: pgtable_t;
}

export interface vm_operations_struct {
	/* mmap_lock is held for writing; close: or downgraded, or nobody is
	 * left. */
	open?: (vma: vm_area_struct) => void;
	close?: (vma: vm_area_struct) => void;
	may_split?: (vma: vm_area_struct, addr: number) => number;
	mremap?: (vma: vm_area_struct) => number;
	/* At least for reading, but see `speculative`. map_pages is called in
	 * an RCU section. */
	fault?: (vmf: vm_fault) => vm_fault_t;
	map_pages?: (vmf: vm_fault, start_pgoff: number, end_pgoff: number) => vm_fault_t;
	page_mkwrite?: (vmf: vm_fault) => vm_fault_t;
	/**
	 * RFC.29: fault and map_pages may be called with
	 * FAULT_FLAG_SPECULATIVE: in an RCU section and without mmap_lock, so
	 * they must not sleep then.
	 */
	speculative?: boolean;
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
