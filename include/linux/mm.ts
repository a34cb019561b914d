// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/mm.h (5.17 with V2.08, 09, 12 and 17), and of
 * mm_types.h the fault flags and results: flags of a vma, flags and results of
 * a fault, references to pages, counters of an mm, page-table locks.
 * Left out: compound and huge pages, page poisoning hooks,
 * NUMA node and cpupid in page.flags, memory failure, device memory, shrinkers,
 * per-task caching of the counters (SPLIT_RSS_COUNTING).
 */
import {
	CONFIG_ARCH_HAS_PKEYS, CONFIG_ARCH_HOST_STEPPER, CONFIG_MEM_SOFT_DIRTY,
	CONFIG_NR_CPUS, CONFIG_NUMA, CONFIG_PPC,
	CONFIG_SPECULATIVE_FILE_FAULT, CONFIG_SPECULATIVE_PAGE_FAULT,
	CONFIG_SPLIT_PTLOCK_CPUS,
} from "generated/autoconf.ts";
import {
	spin_is_locked, spin_lock, spin_lock_init, spin_unlock,
} from "linux/spinlock.ts";
import { VM_BUG_ON, VM_BUG_ON_PAGE } from "linux/bug.ts";
import { INIT_LIST_HEAD } from "linux/list.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";
import type {
	mm_struct, page, vm_area_struct, vm_fault, vm_operations_struct,
} from "linux/mm_types.ts";
import type { pt_regs } from "asm/ptrace.ts";
import type { p4d_t, pgd_t, pmd_t, pte_t, pud_t } from "asm/pgtable_types.ts";
import {
	__PAGETABLE_PMD_FOLDED, __PAGETABLE_PUD_FOLDED, PAGE_SIZE,
	PMD_TABLE_SIZE, PTE_TABLE_SIZE, PUD_TABLE_SIZE,
} from "asm/pgtable_types.ts";
import {
	p4d_none, pmd_none, pmd_page, pte_mkwrite, pud_none, p4d_offset,
} from "asm/pgtable.ts";
import {
	pmd_offset, pte_offset_kernel, pte_offset_map, pud_offset,
} from "linux/pgtable.ts";
import { virt_to_page } from "asm-generic/memory_model.ts";
import {
	__ClearPageTable, __SetPageTable, PageAnon, PageSwapBacked,
} from "linux/page-flags.ts";
import {
	page_ref_add_unless, page_ref_count, page_ref_dec_and_test, page_ref_inc,
} from "linux/page_ref.ts";
import { __find_vma, __vma_adjust, stack_guard_gap } from "mm/mmap.ts";
import { __put_page } from "mm/swap.ts";
import {
	__pmd_alloc, __pte_alloc, __pte_map_lock, __pud_alloc, do_handle_mm_fault,
} from "mm/memory.ts";
import { __mm_populate } from "mm/gup.ts";
import { mmap_assert_locked } from "linux/mmap_lock.ts";
import { MMF_HAS_PINNED } from "linux/sched/coredump.ts";
import { NR_PAGETABLE } from "linux/mmzone.ts";
import { mod_lruvec_page_state } from "linux/vmstat.ts";
import { EFAULT, ENOMEM } from "linux/errno.ts";

/* ---- vm_flags ---- */

export const VM_NONE = 0x00000000;
export const VM_READ = 0x00000001; /* currently permitted accesses */
export const VM_WRITE = 0x00000002;
export const VM_EXEC = 0x00000004;
export const VM_SHARED = 0x00000008;
export const VM_MAYREAD = 0x00000010; /* what mprotect() may permit */
export const VM_MAYWRITE = 0x00000020;
export const VM_MAYEXEC = 0x00000040;
export const VM_MAYSHARE = 0x00000080;
export const VM_GROWSDOWN = 0x00000100; /* a stack */
export const VM_UFFD_MISSING = 0x00000200; /* missing pages are reported */
export const VM_PFNMAP = 0x00000400; /* bare frames, without struct page */
export const VM_UFFD_WP = 0x00001000; /* write-protection is reported */
export const VM_LOCKED = 0x00002000;
export const VM_IO = 0x00004000;
export const VM_SEQ_READ = 0x00008000; /* madvise() */
export const VM_RAND_READ = 0x00010000;
export const VM_DONTCOPY = 0x00020000; /* not in the child of a fork */
export const VM_DONTEXPAND = 0x00040000; /* no mremap() growth */
export const VM_LOCKONFAULT = 0x00080000;
export const VM_ACCOUNT = 0x00100000;
export const VM_NORESERVE = 0x00200000;
export const VM_HUGETLB = 0; /* there are no huge pages of files */
export const VM_WIPEONFORK = 0x02000000; /* zeroes in the child of a fork */
export const VM_DONTDUMP = 0x04000000;
/* not looked at page by page since clear_refs */
export const VM_SOFTDIRTY = CONFIG_MEM_SOFT_DIRTY ? 0x08000000 : 0;
export const VM_MIXEDMAP = 0x10000000;
export const VM_HUGEPAGE = 0x20000000; /* MADV_HUGEPAGE */
export const VM_NOHUGEPAGE = 0x40000000;

/* Port: bits 32 to 36 of the kernel's are where 32 bits have room: the first
 * three, and the other two, in places of flags that nothing here has (hugetlb,
 * VM_SYNC, VM_ARCH_1, VM_MERGEABLE, and one that is nobody's). Bit 31: a field
 * of type int holds it as a negative number. */
export const VM_HIGH_ARCH_0 = 0x00400000;
export const VM_HIGH_ARCH_1 = 0x00800000;
export const VM_HIGH_ARCH_2 = 0x01000000;
export const VM_HIGH_ARCH_3 = 0x80000000 | 0;
export const VM_HIGH_ARCH_4 = 0x00000800;

/* The number of a memory key: four bits, and five on powerpc. */
export const VM_PKEY_BIT0 = CONFIG_ARCH_HAS_PKEYS ? VM_HIGH_ARCH_0 : 0;
export const VM_PKEY_BIT1 = CONFIG_ARCH_HAS_PKEYS ? VM_HIGH_ARCH_1 : 0;
export const VM_PKEY_BIT2 = CONFIG_ARCH_HAS_PKEYS ? VM_HIGH_ARCH_2 : 0;
export const VM_PKEY_BIT3 = CONFIG_ARCH_HAS_PKEYS ? VM_HIGH_ARCH_3 : 0;
export const VM_PKEY_BIT4 =
	CONFIG_ARCH_HAS_PKEYS && CONFIG_PPC ? VM_HIGH_ARCH_4 : 0;
/** MADV_MERGEABLE. Port: its bit is a key's; where five bits have keys there is
 *  none left, and the advice is taken without effect. */
export const VM_MERGEABLE = CONFIG_PPC ? 0 : VM_HIGH_ARCH_4;
/** MAP_DROPPABLE: what the kernel may drop when memory is short; since 6.11.
 *  Port: a bit of its own is not left. These are what it brings with it, and
 *  nobody else has all of them at once by a single call. */
export const VM_DROPPABLE = VM_NORESERVE | VM_WIPEONFORK | VM_DONTDUMP;

export function is_droppable(vm_flags: number): boolean {
	return (vm_flags & VM_DROPPABLE) === VM_DROPPABLE;
}

/** Port: in asm/pkeys.h in the kernel, with the same bits. */
export const ARCH_VM_PKEY_FLAGS = VM_PKEY_BIT0 | VM_PKEY_BIT1 |
	VM_PKEY_BIT2 | VM_PKEY_BIT3 | VM_PKEY_BIT4;

/** The key among the flags of a vma. Port: a shift by VM_PKEY_SHIFT, were the
 *  bits side by side. */
export function vm_flags_pkey(vm_flags: number): number {
	const flags = vm_flags & ARCH_VM_PKEY_FLAGS;

	return ((flags >>> 22) & 7) | ((flags >>> 28) & 8) |
		((flags >>> 7) & 16);
}

/** And the flags for a key. */
export function pkey_vm_flags(pkey: number): number {
	return (((pkey & 7) << 22) | ((pkey & 8) << 28) | ((pkey & 16) << 7)) &
		ARCH_VM_PKEY_FLAGS;
}

export const VM_GROWSUP = VM_NONE;
export const VM_STACK = VM_GROWSDOWN;

/** Bits of a stack that execve() has not finished yet. */
export const VM_STACK_INCOMPLETE_SETUP = VM_RAND_READ | VM_SEQ_READ;

/** No task here has READ_IMPLIES_EXEC. */
export const VM_DATA_FLAGS_TSK_EXEC =
	VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
export const VM_DATA_DEFAULT_FLAGS = VM_DATA_FLAGS_TSK_EXEC;
export const VM_STACK_DEFAULT_FLAGS = VM_DATA_DEFAULT_FLAGS;
export const VM_STACK_FLAGS = VM_STACK | VM_STACK_DEFAULT_FLAGS | VM_ACCOUNT;

export const VM_ACCESS_FLAGS = VM_READ | VM_WRITE | VM_EXEC;
/** Neither merged nor locked. */
export const VM_SPECIAL = VM_IO | VM_DONTEXPAND | VM_PFNMAP | VM_MIXEDMAP;
export const VM_NO_KHUGEPAGED = VM_SPECIAL | VM_HUGETLB;
/** What mlockall() may have put into mm->def_flags and a vma starts with. */
export const VM_INIT_DEF_MASK = VM_NOHUGEPAGE;
export const VM_LOCKED_MASK = VM_LOCKED | VM_LOCKONFAULT;
export const VM_LOCKED_CLEAR_MASK = ~(VM_LOCKED | VM_LOCKONFAULT);
export const VM_ARCH_CLEAR = VM_NONE;
export const VM_FLAGS_CLEAR = ARCH_VM_PKEY_FLAGS | VM_ARCH_CLEAR;

/* ---- the fault: what is asked (mm_types.h) ---- */

export const FAULT_FLAG_WRITE = 0x1;
export const FAULT_FLAG_MKWRITE = 0x2;
export const FAULT_FLAG_ALLOW_RETRY = 0x4; /* mmap_lock may be dropped */
export const FAULT_FLAG_RETRY_NOWAIT = 0x8;
export const FAULT_FLAG_KILLABLE = 0x10;
export const FAULT_FLAG_TRIED = 0x20; /* second time */
export const FAULT_FLAG_USER = 0x40;
export const FAULT_FLAG_REMOTE = 0x80;
export const FAULT_FLAG_INSTRUCTION = 0x100;
export const FAULT_FLAG_INTERRUPTIBLE = 0x200;
/** V2.08: mmap_lock is not held; vma is a copy, checked by mmap_seq. */
export const FAULT_FLAG_SPECULATIVE = 0x400;
export const FAULT_FLAG_DEFAULT =
	FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_KILLABLE | FAULT_FLAG_INTERRUPTIBLE;

export function fault_flag_allow_retry_first(flags: number): boolean {
	return (flags & (FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_TRIED)) ===
		FAULT_FLAG_ALLOW_RETRY;
}

/** Of trace_events.h: a mask and its name. */
type trace_print_flags = readonly [mask: number, name: string];

/** Names of the flags, for trace points. */
export const FAULT_FLAG_TRACE: trace_print_flags[] = [
	[FAULT_FLAG_WRITE, "WRITE"],
	[FAULT_FLAG_MKWRITE, "MKWRITE"],
	[FAULT_FLAG_ALLOW_RETRY, "ALLOW_RETRY"],
	[FAULT_FLAG_RETRY_NOWAIT, "RETRY_NOWAIT"],
	[FAULT_FLAG_KILLABLE, "KILLABLE"],
	[FAULT_FLAG_TRIED, "TRIED"],
	[FAULT_FLAG_USER, "USER"],
	[FAULT_FLAG_REMOTE, "REMOTE"],
	[FAULT_FLAG_INSTRUCTION, "INSTRUCTION"],
	[FAULT_FLAG_INTERRUPTIBLE, "INTERRUPTIBLE"],
];

/** V2.08's. Port: a list of its own, which the others leave out. */
export const FAULT_FLAG_TRACE_SPECULATIVE: trace_print_flags[] = [
	[FAULT_FLAG_SPECULATIVE, "SPECULATIVE"],
];

/* ---- and what is answered ---- */

export type vm_fault_t = number;

export const VM_FAULT_OOM = 0x000001;
export const VM_FAULT_SIGBUS = 0x000002;
export const VM_FAULT_MAJOR = 0x000004;
export const VM_FAULT_WRITE = 0x000008;
export const VM_FAULT_HWPOISON = 0x000010;
export const VM_FAULT_HWPOISON_LARGE = 0x000020;
export const VM_FAULT_SIGSEGV = 0x000040;
export const VM_FAULT_NOPAGE = 0x000100; /* ->fault installed the pte itself */
export const VM_FAULT_LOCKED = 0x000200; /* ->fault returns the page locked */
export const VM_FAULT_RETRY = 0x000400; /* start again; see the arch code */
export const VM_FAULT_FALLBACK = 0x000800;
export const VM_FAULT_DONE_COW = 0x001000;
export const VM_FAULT_NEEDDSYNC = 0x002000;
export const VM_FAULT_ERROR =
	VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV | VM_FAULT_HWPOISON |
	VM_FAULT_HWPOISON_LARGE | VM_FAULT_FALLBACK;

export const VM_FAULT_RESULT_TRACE: trace_print_flags[] = [
	[VM_FAULT_OOM, "OOM"],
	[VM_FAULT_SIGBUS, "SIGBUS"],
	[VM_FAULT_MAJOR, "MAJOR"],
	[VM_FAULT_WRITE, "WRITE"],
	[VM_FAULT_HWPOISON, "HWPOISON"],
	[VM_FAULT_HWPOISON_LARGE, "HWPOISON_LARGE"],
	[VM_FAULT_SIGSEGV, "SIGSEGV"],
	[VM_FAULT_NOPAGE, "NOPAGE"],
	[VM_FAULT_LOCKED, "LOCKED"],
	[VM_FAULT_RETRY, "RETRY"],
	[VM_FAULT_FALLBACK, "FALLBACK"],
	[VM_FAULT_DONE_COW, "DONE_COW"],
	[VM_FAULT_NEEDDSYNC, "NEEDDSYNC"],
];

/* ---- vmas ---- */

/** What a vma has until mmap() decides: operations, but none of them. */
const dummy_vm_ops: vm_operations_struct = RODATA({});

export function vma_init(vma: vm_area_struct, mm: mm_struct): void {
	struct_zero(vma);
	vma.vm_mm = mm;
	vma.vm_ops = dummy_vm_ops;
	INIT_LIST_HEAD(vma.anon_vma_chain);
}

export function vma_set_anonymous(vma: vm_area_struct): void {
	vma.vm_ops = NULL;
}

export function vma_is_anonymous(vma: vm_area_struct): boolean {
	return !vma.vm_ops;
}

/**
 * RFC.30: would a speculative fault with these flags get anywhere? Writers may
 * be changing the vma: the answer counts if mmap_seq stays the same.
 * Port: the loads are marked, as a writer may have just linked the vma.
 */
export function vma_can_speculate(
	vma: vm_area_struct, flags: number,
): boolean {
	/*
	 * Memory would be taken by the vma's own policy, for which a copy of
	 * the vma is no reference: mbind() frees it. Unlike V2.19 (R30).
	 */
	if (CONFIG_NUMA) {
		if (data_race(vma.vm_policy) !== NULL) return false;
	}

	const vm_ops = data_race(vma.vm_ops);

	if (!vm_ops) return true;
	if (!CONFIG_SPECULATIVE_FILE_FAULT) return false;
	if (!vm_ops.speculative) return false;
	if ((flags & FAULT_FLAG_WRITE) === 0) return true;
	/* The file of a shared page is told of the write, and may sleep. */
	return (data_race(vma.vm_flags) & VM_SHARED) === 0;
}

/** A stack that execve() is moving: its pages must not migrate. */
export function vma_is_temporary_stack(vma: vm_area_struct): boolean {
	if ((vma.vm_flags & (VM_GROWSDOWN | VM_GROWSUP)) === 0) return false;
	return (vma.vm_flags & VM_STACK_INCOMPLETE_SETUP) ===
		VM_STACK_INCOMPLETE_SETUP;
}

export function vma_is_accessible(vma: vm_area_struct): boolean {
	return (vma.vm_flags & VM_ACCESS_FLAGS) !== 0;
}

/* ---- references to pages ---- */

/** Drop one; true for the last, whose caller then owns the page alone. */
export function put_page_testzero(page: page): boolean {
	VM_BUG_ON_PAGE(page_ref_count(page) === 0, page, "put of a free page");
	return page_ref_dec_and_test(page);
}

/** For a lookup: only a page that somebody else holds, too. */
export function get_page_unless_zero(page: page): boolean {
	return page_ref_add_unless(page, 1, 0);
}

/** Page tables that map the page. */
export function page_mapcount(page: page): number {
	return READ_ONCE(page._mapcount.counter) + 1;
}

export function page_mapped(page: page): boolean {
	return READ_ONCE(page._mapcount.counter) >= 0;
}

export function total_mapcount(page: page): number {
	return page_mapcount(page);
}

export function page_mapcount_reset(page: page): void {
	WRITE_ONCE(page._mapcount.counter, -1);
}

export function maybe_mkwrite(pte: number, vma: vm_area_struct): number {
	return (vma.vm_flags & VM_WRITE) !== 0 ? pte_mkwrite(pte) : pte;
}

/** The caller holds a reference, or a lock that keeps one alive. */
export function get_page(page: page): void {
	VM_BUG_ON_PAGE(page_ref_count(page) <= 0, page, "get of a free page");
	page_ref_inc(page);
}

/** False when the count has run into the negative, that is, overflowed. */
export function try_get_page(page: page): boolean {
	if (page_ref_count(page) <= 0) return false;
	page_ref_inc(page);
	return true;
}

export function put_page(page: page): void {
	if (put_page_testzero(page)) __put_page(page);
}

/** As many references is one pin (FOLL_PIN). */
export const GUP_PIN_COUNTING_BIAS = 1 << 10;

/** Might the page be pinned? It may be that it only has as many references; if
 *  not, it is not. A count that has overflown is a high one. */
export function page_maybe_dma_pinned(page: page): boolean {
	return page_ref_count(page) >>> 0 >= GUP_PIN_COUNTING_BIAS;
}

/** Private and possibly writable one day: writes to its pages copy them. */
export function is_cow_mapping(flags: number): boolean {
	return (flags & (VM_SHARED | VM_MAYWRITE)) === VM_MAYWRITE;
}

/** Has a fork to copy the page at once, as a device may be using it? The caller
 *  is in the write section of write_protect_seq: see copy_page_range(). */
export function page_needs_cow_for_dma(
	vma: vm_area_struct, page: page,
): boolean {
	if (!is_cow_mapping(vma.vm_flags)) return false;
	const mm = vma.vm_mm;

	if ((READ_ONCE(mm.flags) & (1 << MMF_HAS_PINNED)) === 0) return false;
	return page_maybe_dma_pinned(page);
}

/* ---- the fault's ways in ---- */

/**
 * V2.09. We enter with mmap_lock held for reading; see do_handle_mm_fault() for
 * how we return. A fault that is not speculative has no sequence to compare.
 */
export function handle_mm_fault(
	vma: vm_area_struct, address: number, flags: number, regs: pt_regs,
): vm_fault_t {
	return do_handle_mm_fault(vma, address, flags, 0, regs);
}

/** For regs: the fault belongs to no access of the task (NULL in C). */
export const NO_REGS = 0;

/* ---- counters of an mm; each is one atomic word ---- */

export const MM_FILEPAGES = 0;
export const MM_ANONPAGES = 1;
export const MM_SWAPENTS = 2;
export const MM_SHMEMPAGES = 3;
export const NR_MM_COUNTERS = 4;

export function get_mm_counter(mm: mm_struct, member: number): number {
	const val = READ_ONCE(mm.rss_stat[member]);

	/* A reader that runs while counts move may see a sum below zero. */
	return val < 0 ? 0 : val;
}

export function add_mm_counter(
	mm: mm_struct, member: number, value: number,
): void {
	fetch_add(mm.rss_stat[member], value);
}

export function inc_mm_counter(mm: mm_struct, member: number): void {
	fetch_add(mm.rss_stat[member], 1);
}

export function dec_mm_counter(mm: mm_struct, member: number): void {
	fetch_add(mm.rss_stat[member], -1);
}

export function add_mm_counter_fast(
	mm: mm_struct, member: number, value: number,
): void {
	fetch_add(mm.rss_stat[member], value);
}

export function inc_mm_counter_fast(mm: mm_struct, member: number): void {
	fetch_add(mm.rss_stat[member], 1);
}

export function dec_mm_counter_fast(mm: mm_struct, member: number): void {
	fetch_add(mm.rss_stat[member], -1);
}

export function mm_counter_file(page: page): number {
	return PageSwapBacked(page) ? MM_SHMEMPAGES : MM_FILEPAGES;
}

export function mm_counter(page: page): number {
	return PageAnon(page) ? MM_ANONPAGES : mm_counter_file(page);
}

export function get_mm_rss(mm: mm_struct): number {
	return get_mm_counter(mm, MM_FILEPAGES) +
		get_mm_counter(mm, MM_ANONPAGES) +
		get_mm_counter(mm, MM_SHMEMPAGES);
}

/* ---- how much there was at most ---- */

export function get_mm_hiwater_rss(mm: mm_struct): number {
	return Math.max(data_race(mm.hiwater_rss), get_mm_rss(mm));
}

export function get_mm_hiwater_vm(mm: mm_struct): number {
	return Math.max(data_race(mm.hiwater_vm), data_race(mm.total_vm));
}

/**
 * Before pages are taken away. Who does so beside us may store a smaller one.
 * Port: not on the stepper: nothing depends on it, and each look at the
 * counters would be explored beside each page that comes.
 */
export function update_hiwater_rss(mm: mm_struct): void {
	if (CONFIG_ARCH_HOST_STEPPER) return;
	const rss = get_mm_rss(mm);

	if (data_race(mm.hiwater_rss) < rss) WRITE_ONCE(mm.hiwater_rss, rss);
}

/** Before vmas are taken away. mmap_lock is held for writing, or it was and
 *  has been downgraded: total_vm may grow, by a stack. Port: likewise. */
export function update_hiwater_vm(mm: mm_struct): void {
	if (CONFIG_ARCH_HOST_STEPPER) return;
	const total_vm = data_race(mm.total_vm);

	if (mm.hiwater_vm < total_vm) WRITE_ONCE(mm.hiwater_vm, total_vm);
}

export function reset_mm_hiwater_rss(mm: mm_struct): void {
	WRITE_ONCE(mm.hiwater_rss, get_mm_rss(mm));
}

/**
 * Add what the task has counted for mm to mm's own counters. Port: nothing:
 * tasks do not count for themselves (SPLIT_RSS_COUNTING is off), every change
 * goes to the mm at once.
 */
export function sync_mm_rss(_mm: mm_struct): void {}

/* ---- page tables: memory, allocation ---- */

export function mm_pgtables_bytes_init(mm: mm_struct): void {
	WRITE_ONCE(mm.pgtables_bytes.counter, 0);
}

export function mm_pgtables_bytes(mm: mm_struct): number {
	return READ_ONCE(mm.pgtables_bytes.counter);
}

/* The room of a table in memory; a folded level has none. */

export function mm_inc_nr_ptes(mm: mm_struct): void {
	fetch_add(mm.pgtables_bytes.counter, PTE_TABLE_SIZE);
}

export function mm_dec_nr_ptes(mm: mm_struct): void {
	fetch_add(mm.pgtables_bytes.counter, -PTE_TABLE_SIZE);
}

export function mm_inc_nr_pmds(mm: mm_struct): void {
	if (__PAGETABLE_PMD_FOLDED) return;
	fetch_add(mm.pgtables_bytes.counter, PMD_TABLE_SIZE);
}

export function mm_dec_nr_pmds(mm: mm_struct): void {
	if (__PAGETABLE_PMD_FOLDED) return;
	fetch_add(mm.pgtables_bytes.counter, -PMD_TABLE_SIZE);
}

export function mm_inc_nr_puds(mm: mm_struct): void {
	if (__PAGETABLE_PUD_FOLDED) return;
	fetch_add(mm.pgtables_bytes.counter, PUD_TABLE_SIZE);
}

export function mm_dec_nr_puds(mm: mm_struct): void {
	if (__PAGETABLE_PUD_FOLDED) return;
	fetch_add(mm.pgtables_bytes.counter, -PUD_TABLE_SIZE);
}

/** Folded: the pgd entry is the p4d entry. */
export function p4d_alloc(
	_mm: mm_struct, pgd: pgd_t, address: number,
): p4d_t {
	return p4d_offset(pgd, address);
}

/** NULL without memory. Holds mmap_lock, at least for reading. */
export function pud_alloc(
	mm: mm_struct, p4d: p4d_t, address: number,
): pud_t {
	if (p4d_none(READ_ONCE(p4d.p4d)) && __pud_alloc(mm, p4d, address) !== 0)
		return NULL;
	return pud_offset(p4d, address);
}

export function pmd_alloc(
	mm: mm_struct, pud: pud_t, address: number,
): pmd_t {
	if (pud_none(READ_ONCE(pud.pud)) && __pmd_alloc(mm, pud, address) !== 0)
		return NULL;
	return pmd_offset(pud, address);
}

/* ---- page-table locks: one for each pte and pmd table, or one per mm ---- */

export const USE_SPLIT_PTE_PTLOCKS = CONFIG_NR_CPUS >= CONFIG_SPLIT_PTLOCK_CPUS;
/** Folded pmds are in the pgd, which has no lock of its own. */
export const USE_SPLIT_PMD_PTLOCKS =
	USE_SPLIT_PTE_PTLOCKS && !__PAGETABLE_PMD_FOLDED;

export function ptlock_ptr(page: page): spinlock_t {
	return page.ptl;
}

/** The lock of the table that a pmd entry points to. */
export function pte_lockptr(mm: mm_struct, pmd: pmd_t): spinlock_t {
	if (USE_SPLIT_PTE_PTLOCKS) {
		const table = pmd_page(READ_ONCE(pmd.pmd));
		return table.ptl;
	}
	return mm.page_table_lock;
}

/** pte_lockptr() through a pmd value read before: what a walk without
 *  mmap_lock needs, since the entry itself may be cleared meanwhile. */
export function pte_lockptr_val(mm: mm_struct, pmdval: number): spinlock_t {
	if (USE_SPLIT_PTE_PTLOCKS) {
		const table = pmd_page(pmdval);
		return table.ptl;
	}
	return mm.page_table_lock;
}

export function ptlock_init(page: page): boolean {
	/*
	 * The lock lives in struct page, not in memory of its own: it stays
	 * valid as long as the table does, also for a speculative fault that
	 * reaches it late.
	 */
	VM_BUG_ON_PAGE(spin_is_locked(page.ptl), page, "ptl in use");
	spin_lock_init(page.ptl);
	return true;
}

/** Port: counted by the CPU for itself, which is nothing to explore. */
function account_table(page: page, n: number): void {
	if (!CONFIG_ARCH_HOST_STEPPER)
		mod_lruvec_page_state(page, NR_PAGETABLE, n);
}

export function pgtable_pte_page_ctor(page: page): boolean {
	if (!ptlock_init(page)) return false;
	__SetPageTable(page);
	account_table(page, 1);
	return true;
}

export function pgtable_pte_page_dtor(page: page): void {
	/*
	 * Without speculation nobody can hold the lock any more. With it, a
	 * fault that lost its race may have it for the moment that it takes to
	 * see that mmap_seq has changed.
	 */
	if (!CONFIG_SPECULATIVE_PAGE_FAULT)
		VM_BUG_ON_PAGE(spin_is_locked(page.ptl), page, "ptl held");
	__ClearPageTable(page);
	account_table(page, -1);
}

/**
 * Map and lock. Port: the macro also stores the lock for the caller, who here
 * gets it from pte_lockptr(mm, pmd); the pmd cannot change under mmap_lock.
 */
export function pte_offset_map_lock(
	mm: mm_struct, pmd: pmd_t, address: number,
): pte_t {
	const ptl = pte_lockptr(mm, pmd);
	const pte = pte_offset_map(pmd, address);

	spin_lock(ptl);
	return pte;
}

export function pte_unmap_unlock(_pte: pte_t, ptl: spinlock_t): void {
	spin_unlock(ptl);
}

/** True on failure, like the kernel's non-zero. */
export function pte_alloc(mm: mm_struct, pmd: pmd_t): boolean {
	return pmd_none(READ_ONCE(pmd.pmd)) && __pte_alloc(mm, pmd) !== 0;
}

export function pte_alloc_map(
	mm: mm_struct, pmd: pmd_t, address: number,
): pte_t {
	return pte_alloc(mm, pmd) ? NULL : pte_offset_map(pmd, address);
}

/** NULL without memory, and then nothing is locked. */
export function pte_alloc_map_lock(
	mm: mm_struct, pmd: pmd_t, address: number,
): pte_t {
	return pte_alloc(mm, pmd) ? NULL : pte_offset_map_lock(mm, pmd, address);
}

export function pte_alloc_kernel_address(pmd: pmd_t, address: number): pte_t {
	return pte_offset_kernel(pmd, address);
}

/** The page that the pmd table lies in, which holds the lock of its entries. */
function pmd_to_page(pmd: pmd_t): page {
	return virt_to_page(uptr(pmd));
}

export function pmd_lockptr(mm: mm_struct, pmd: pmd_t): spinlock_t {
	if (USE_SPLIT_PMD_PTLOCKS) {
		const table = pmd_to_page(pmd);
		return table.ptl;
	}
	return mm.page_table_lock;
}

export function pmd_lock(mm: mm_struct, pmd: pmd_t): spinlock_t {
	const ptl = pmd_lockptr(mm, pmd);

	spin_lock(ptl);
	return ptl;
}

export function pgtable_pmd_page_ctor(page: page): boolean {
	if (!ptlock_init(page)) return false;
	__SetPageTable(page);
	account_table(page, 1);
	return true;
}

export function pgtable_pmd_page_dtor(page: page): void {
	VM_BUG_ON_PAGE(spin_is_locked(page.ptl), page, "table is locked");
	__ClearPageTable(page);
	account_table(page, -1);
}

export function pud_lockptr(mm: mm_struct, _pud: pud_t): spinlock_t {
	return mm.page_table_lock;
}

export function pud_lock(mm: mm_struct, pud: pud_t): spinlock_t {
	const ptl = pud_lockptr(mm, pud);

	spin_lock(ptl);
	return ptl;
}

/* ---- lock the faulting entry, if the fault is still valid ---- */

/**
 * Map and lock the pte at vmf->address (V2.17). We enter with vmf->pte NULL.
 * On success we return with vmf->pte mapped and vmf->ptl held. A speculative
 * fault returns false, with nothing locked or mapped, when it cannot be sure
 * that no writer has changed the address space; every other fault succeeds.
 */
export function pte_map_lock(vmf: vm_fault): boolean {
	VM_BUG_ON(vmf.pte !== NULL, "pte_map_lock: pte is mapped");
	if (CONFIG_SPECULATIVE_PAGE_FAULT) return __pte_map_lock(vmf);
	vmf.ptl = pte_lockptr(vmf.vma.vm_mm, vmf.pmd);
	vmf.pte = pte_offset_map(vmf.pmd, vmf.address);
	spin_lock(vmf.ptl);
	return true;
}

/** The same (V2.17), for a pte that is mapped already (vmf->pte is not NULL).
 *  On failure it is unmapped, but the pointer stays, for the caller to forget.
 */
export function pte_spinlock(vmf: vm_fault): boolean {
	VM_BUG_ON(vmf.pte === NULL, "pte_spinlock: pte is not mapped");
	if (CONFIG_SPECULATIVE_PAGE_FAULT) return __pte_map_lock(vmf);
	vmf.ptl = pte_lockptr(vmf.vma.vm_mm, vmf.pmd);
	spin_lock(vmf.ptl);
	return true;
}

/* ---- vmas ---- */

/** __vma_adjust() that merges nothing. mmap_lock is held for writing. */
export function vma_adjust(
	vma: vm_area_struct, start: number, end: number, pgoff: number,
	insert: vm_area_struct,
): number {
	return __vma_adjust(vma, start, end, pgoff, insert, NULL);
}

/** Fault in what is mapped at [addr, addr + len), as far as that goes. Called
 *  without mmap_lock, which it takes for reading. */
export function mm_populate(addr: number, len: number): void {
	__mm_populate(addr, len, true);
}

/* ---- lookups; mmap_lock is held, at least for reading ---- */

/** V2.12: __find_vma() for those who hold mmap_lock, in either mode. */
export function find_vma(mm: mm_struct, addr: number): vm_area_struct {
	mmap_assert_locked(mm);
	return __find_vma(mm, addr);
}

/** The lowest vma that overlaps [start_addr, end_addr), or NULL. */
export function find_vma_intersection(
	mm: mm_struct, start_addr: number, end_addr: number,
): vm_area_struct {
	const vma = find_vma(mm, start_addr);

	if (vma !== NULL && end_addr <= vma.vm_start) return NULL;
	return vma;
}

/** The vma that contains addr, or NULL. */
export function vma_lookup(mm: mm_struct, addr: number): vm_area_struct {
	const vma = find_vma(mm, addr);

	if (vma !== NULL && addr < vma.vm_start) return NULL;
	return vma;
}

/** Start of the vma together with the gap kept below a stack. */
export function vm_start_gap(vma: vm_area_struct): number {
	let vm_start = vma.vm_start;

	if ((vma.vm_flags & VM_GROWSDOWN) !== 0) {
		vm_start -= stack_guard_gap;
		if (vm_start < 0) vm_start = 0;
	}
	return vm_start;
}

/** Stacks that grow up do not exist here. */
export function vm_end_gap(vma: vm_area_struct): number {
	return vma.vm_end;
}

export function vma_pages(vma: vm_area_struct): number {
	return (vma.vm_end - vma.vm_start) / PAGE_SIZE;
}

/** The vma that is exactly [vm_start, vm_end), or NULL. */
export function find_exact_vma(
	mm: mm_struct, vm_start: number, vm_end: number,
): vm_area_struct {
	const vma = find_vma(mm, vm_start);

	if (vma !== NULL && (vma.vm_start !== vm_start || vma.vm_end !== vm_end))
		return NULL;
	return vma;
}

export function range_in_vma(
	vma: vm_area_struct, start: number, end: number,
): boolean {
	return vma !== NULL && vma.vm_start <= start && end <= vma.vm_end;
}

/* ---- flags of get_user_pages() and the like, those that are in use ---- */

export const FOLL_WRITE = 0x01; /* for writing: COW is broken */
export const FOLL_TOUCH = 0x02; /* the page is marked as used */
export const FOLL_GET = 0x04; /* with a reference, put_page() */
export const FOLL_FORCE = 0x10; /* also what the flags forbid but could allow */
export const FOLL_POPULATE = 0x40; /* fault it in, with FOLL_MLOCK */
export const FOLL_NOFAULT = 0x80; /* do not fault it in */
export const FOLL_NUMA = 0x200; /* a NUMA hint has to be taken first */
export const FOLL_TRIED = 0x800; /* once more, after mmap_lock was dropped */
/** For mlock: without FOLL_POPULATE, only what is there. */
export const FOLL_MLOCK = 0x1000;
export const FOLL_COW = 0x4000; /* internal: the fault has broken COW */
export const FOLL_LONGTERM = 0x10000; /* who knows for how long */
export const FOLL_PIN = 0x40000; /* with a pin, unpin_user_page() */
export const FOLL_FAST_ONLY = 0x80000; /* fast GUP: never with mmap_lock */

/** The errno of a fault that the kernel asked for, 0 if it did not fail. Port:
 *  without FOLL_HWPOISON, by which memory failure is told apart. */
export function vm_fault_to_errno(vm_fault: number): number {
	if ((vm_fault & VM_FAULT_OOM) !== 0)
		return -ENOMEM;
	if ((vm_fault & (VM_FAULT_HWPOISON | VM_FAULT_HWPOISON_LARGE)) !== 0)
		return -EFAULT;
	if ((vm_fault & (VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV)) !== 0)
		return -EFAULT;
	return 0;
}

/* ---- flags of change_protection() ---- */

export const MM_CP_DIRTY_ACCT = 0x1;
export const MM_CP_PROT_NUMA = 0x2;
export const MM_CP_UFFD_WP = 0x4;
export const MM_CP_UFFD_WP_RESOLVE = 0x8;
export const MM_CP_UFFD_WP_ALL = MM_CP_UFFD_WP | MM_CP_UFFD_WP_RESOLVE;
