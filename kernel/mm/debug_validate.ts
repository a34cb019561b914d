// SPDX-License-Identifier: GPL-2.0-only
/**
 * Looks the whole memory manager over while nobody uses it: every address
 * space's vmas, its page tables, and what they add up to in struct pages and
 * counters. The kernel has parts of it (validate_mm(), page_table_check); as one
 * function it is this port's own, for tests (CONFIG_DEBUG_VM).
 */
import {
	p4d_none,
	p4d_offset,
	pmd_none,
	pmd_page,
	pmd_page_vaddr,
	pte_pfn,
	pte_present,
	pte_none,
	pte_protnone,
	pte_special,
	pte_write,
	pud_none,
} from "asm/pgtable.ts";
import type { pgd_t, pte_t } from "asm/pgtable_types.ts";
import {
	__PAGETABLE_PMD_FOLDED,
	__PAGETABLE_PUD_FOLDED,
	PAGE_SIZE,
	PGDIR_SIZE,
	PMD_SIZE,
	PMD_TABLE_SIZE,
	PTE_TABLE_SIZE,
	PTRS_PER_PGD,
	PTRS_PER_PMD,
	PTRS_PER_PTE,
	PTRS_PER_PUD,
	PUD_SIZE,
	PUD_TABLE_SIZE,
	TASK_SIZE,
} from "asm/pgtable_types.ts";
import { pfn_to_page } from "asm-generic/memory_model.ts";
import {
	CONFIG_MMU_NOTIFIER, CONFIG_SPECULATIVE_PAGE_FAULT,
} from "generated/autoconf.ts";
import { nr_cpu_ids } from "host/cpu.ts";
import { atomic_read } from "linux/atomic.ts";
import { is_zero_pfn, pmd_offset, pud_offset } from "linux/pgtable.ts";
import {
	MM_ANONPAGES,
	MM_FILEPAGES,
	MM_SHMEMPAGES,
	VM_SHARED,
	VM_WRITE,
	page_mapcount,
	ptlock_ptr,
	vm_end_gap,
	vm_start_gap,
	vma_is_accessible,
} from "linux/mm.ts";
import { spin_is_locked } from "linux/spinlock.ts";
import type { mm_struct, page, vm_area_struct } from "linux/mm_types.ts";
import { page_count } from "linux/page_ref.ts";
import { linear_page_index } from "linux/pagemap.ts";
import { PAGE_MAPPING_ANON, PageAnon, PageLocked, PageSwapBacked, PageTable } from "linux/page-flags.ts";
import { rb_first, rb_next } from "linux/rbtree.ts";
import { rwsem_is_locked } from "linux/rwsem.ts";
import { type task_struct, VMACACHE_SIZE } from "linux/sched.ts";
import { next_task, thread_group_leader } from "linux/sched/signal.ts";
import type { rb_node } from "linux/types.ts";
import { init_task } from "kernel/fork.ts";
import { idle_task } from "kernel/sched/core.ts";
import {
	type acct_census, is_page_of_vma, new_acct_census, validate_accounts, validate_users_of,
} from "mm/debug_validate_acct.ts";
import { count_anon_vmas, type rmap_census, validate_anon_vmas, vma_has_anon_vma } from "mm/debug_validate_rmap.ts";
import { validate_notifiers } from "mm/debug_validate_notifier.ts";

/** What the page tables of all address spaces were found to hold. */
interface census {
	problems: string[];
	rmap: rmap_census;
	acct: acct_census;
	/** Mappings by page frame, over all address spaces. */
	mapped: number[];
}

/** Problems found, one line each; none when all is well. Nothing may run in user
 *  or kernel mode on any other CPU meanwhile. */
export function debug_validate(): string[] {
	const c: census = { problems: [], rmap: new Map(), acct: new_acct_census(), mapped: [] };
	const seen: mm_struct[] = [];
	let task: task_struct = next_task(init_task);
	for (; task !== init_task; task = next_task(task)) {
		const mm: mm_struct = task.mm;
		if (mm === NULL || seen.includes(mm)) continue;
		seen.push(mm);
		validate_quiet(c, mm);
		validate_users(c, mm);
		validate_vmas(c, mm);
		validate_vma_tree(c, mm);
		validate_accounts(c.acct, mm, c.problems);
		validate_page_tables(c, mm);
	}
	for (task = next_task(init_task); task !== init_task; task = next_task(task))
		if (task.mm !== NULL) validate_vmacache(c, task);
	validate_anon_vmas(c.rmap, c.problems);
	validate_users_of(c.acct, c.problems);
	for (const key of Object.keys(c.mapped)) {
		const pfn = Number(key);
		const page = pfn_to_page(pfn);
		const n = c.mapped[pfn];
		const where = `pfn ${pfn.toString(16)}`;
		if (page_mapcount(page) !== n)
			c.problems.push(`${where}: mapcount ${page_mapcount(page)}, mapped ${n} times`);
		if (PageLocked(page)) c.problems.push(`${where}: is locked`);
		/* A page-cache page has the cache's own reference. */
		const expected = n + (PageAnon(page) ? 0 : 1);
		if (page_count(page) !== expected)
			c.problems.push(`${where}: count ${page_count(page)}, expected ${expected}`);
	}
	return c.problems;
}

/** Nobody is inside: locks are free, and all flushes are done. */
function validate_quiet(c: census, mm: mm_struct): void {
	if (rwsem_is_locked(mm.mmap_lock)) c.problems.push("mmap_lock is held");
	if (spin_is_locked(mm.page_table_lock)) c.problems.push("page_table_lock is held");
	if (CONFIG_SPECULATIVE_PAGE_FAULT && (mm.mmap_seq & 1) !== 0)
		c.problems.push(`mmap_seq ${mm.mmap_seq} is odd`);
	const flushes = atomic_read(mm.tlb_flush_pending);
	if (flushes !== 0) c.problems.push(`tlb_flush_pending ${flushes}`);
}

/** mm_users are tasks. mm_count: one for all of them, one for each task without
 *  memory that has borrowed it (lazy TLB), and one for each process that was
 *  killed for it. */
function validate_users(c: census, mm: mm_struct): void {
	let users = 0;
	let lazy = 0;
	let victims = 0;
	for (let t = next_task(init_task); t !== init_task; t = next_task(t)) {
		if (t.mm === mm) users++;
		else if (t.mm === NULL && t.active_mm === mm) lazy++;
		if (thread_group_leader(t) && t.signal.oom_mm === mm) victims++;
	}
	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
		const idle = idle_task(cpu);
		if (idle !== NULL && idle.active_mm === mm) lazy++;
	}
	const mm_users = atomic_read(mm.mm_users);
	if (mm_users !== users) c.problems.push(`mm_users ${mm_users}, ${users} tasks`);
	const owner: task_struct = mm.owner;
	if (owner !== NULL && !is_user_of(mm, owner))
		c.problems.push("mm->owner is no task of this mm");
	const others = CONFIG_MMU_NOTIFIER ?
		validate_notifiers(mm, c.problems) : 0;
	const mm_count = atomic_read(mm.mm_count);
	if (mm_count !== lazy + victims + others + 1) {
		c.problems.push(`mm_count ${mm_count}, ${lazy} lazy users, ` +
			`${victims} OOM victims, ${others} subscribers`);
	}
}

/** Compared by address: it may be free, and must not be looked at then. */
function is_user_of(mm: mm_struct, task: task_struct): boolean {
	for (let t = next_task(init_task); t !== init_task; t = next_task(t))
		if (t === task) return t.mm === mm;
	return false;
}

function validate_vmas(c: census, mm: mm_struct): void {
	let n = 0;
	let total = 0;
	let prev: vm_area_struct = NULL;
	for (let vma: vm_area_struct = mm.mmap; vma; vma = vma.vm_next) {
		const where = `vma ${vma.vm_start.toString(16)}-${vma.vm_end.toString(16)}`;
		if (vma.vm_mm !== mm) c.problems.push(`${where}: of another mm`);
		if (vma.vm_prev !== prev) c.problems.push(`${where}: vm_prev is wrong`);
		if (vma.vm_start >= vma.vm_end) c.problems.push(`${where}: empty`);
		if (prev && prev.vm_end > vma.vm_start) c.problems.push(`${where}: overlaps`);
		if (vma.vm_start % PAGE_SIZE || vma.vm_end % PAGE_SIZE)
			c.problems.push(`${where}: not on page bounds`);
		count_anon_vmas(c.rmap, vma, c.problems);
		total += (vma.vm_end - vma.vm_start) / PAGE_SIZE;
		n++;
		prev = vma;
	}
	if (mm.map_count !== n) c.problems.push(`map_count ${mm.map_count}, ${n} vmas`);
	if (mm.total_vm !== total) c.problems.push(`total_vm ${mm.total_vm}, ${total} pages`);
	const highest = prev ? vm_end_gap(prev) : 0;
	if (mm.highest_vm_end !== highest)
		c.problems.push(`highest_vm_end ${mm.highest_vm_end.toString(16)}, the last vma ends at ${highest.toString(16)}`);
}

/** The tree has the vmas of the list in the same order, and finds the gaps. */
function validate_vma_tree(c: census, mm: mm_struct): void {
	let vma: vm_area_struct = mm.mmap;
	const gap_below = (rb: rb_node) => (rb === NULL ? 0 : container_of<vm_area_struct>(rb, "vm_rb").rb_subtree_gap);
	for (let rb = rb_first(mm.mm_rb); rb !== NULL; rb = rb_next(rb)) {
		const at = container_of<vm_area_struct>(rb, "vm_rb");
		const where = `vma ${at.vm_start.toString(16)}`;
		if (at !== vma) {
			c.problems.push(`${where}: the tree and the list differ`);
			return;
		}
		const below = vma.vm_prev === NULL ? 0 : vm_end_gap(vma.vm_prev);
		const gap = Math.max(0, vm_start_gap(vma) - below, gap_below(rb.rb_left), gap_below(rb.rb_right));
		if (vma.rb_subtree_gap !== gap)
			c.problems.push(`${where}: rb_subtree_gap ${vma.rb_subtree_gap.toString(16)}, found ${gap.toString(16)}`);
		vma = vma.vm_next;
	}
	if (vma !== NULL) c.problems.push(`vma ${vma.vm_start.toString(16)}: is not in the tree`);
}

/** What a task's cache still answers with is mapped. */
function validate_vmacache(c: census, task: task_struct): void {
	const mm: mm_struct = task.mm;
	const cache = task.vmacache;
	if (cache.seqnum !== mm.vmacache_seqnum) return;
	for (let i = 0; i < VMACACHE_SIZE; i++) {
		const cached: vm_area_struct = cache.vmas[i];
		let vma: vm_area_struct = mm.mmap;
		while (vma !== NULL && vma !== cached) vma = vma.vm_next;
		if (cached !== NULL && vma === NULL)
			c.problems.push(`task ${task.pid}: vmacache has ${uptr(cached).toString(16)}, which is not mapped`);
	}
}

function vma_at(mm: mm_struct, addr: number): vm_area_struct {
	for (let vma: vm_area_struct = mm.mmap; vma; vma = vma.vm_next)
		if (addr < vma.vm_end) return addr >= vma.vm_start ? vma : NULL;
	return NULL;
}

function validate_page_tables(c: census, mm: mm_struct): void {
	const rss = [0, 0, 0, 0];
	let tables = 0; /* bytes */
	for (let i = 0; i < PTRS_PER_PGD && i * PGDIR_SIZE < TASK_SIZE; i++) {
		const p4d = p4d_offset(ptr_add<pgd_t>(mm.pgd, i), i * PGDIR_SIZE);
		if (p4d_none(p4d.p4d)) continue;
		if (!__PAGETABLE_PUD_FOLDED) tables += PUD_TABLE_SIZE;
		for (let j = 0; j < PTRS_PER_PUD; j++) {
			const in_pgd = i * PGDIR_SIZE + j * PUD_SIZE;
			const pud = pud_offset(p4d, in_pgd);
			if (pud_none(pud.pud)) continue;
			if (!__PAGETABLE_PMD_FOLDED) tables += PMD_TABLE_SIZE;
			for (let k = 0; k < PTRS_PER_PMD; k++) {
				const base = in_pgd + k * PMD_SIZE;
				const pmd = pmd_offset(pud, base).pmd;
				if (pmd_none(pmd)) continue;
				tables += PTE_TABLE_SIZE;
				validate_table_page(c, pmd_page(pmd));
				validate_table(c, mm, pmd, base, rss);
			}
		}
	}
	for (const kind of [MM_FILEPAGES, MM_ANONPAGES, MM_SHMEMPAGES])
		if (mm.rss_stat[kind] !== rss[kind])
			c.problems.push(`rss_stat[${kind}] ${mm.rss_stat[kind]}, ${rss[kind]} pages mapped`);
	const bytes = atomic_read(mm.pgtables_bytes);
	if (bytes !== tables)
		c.problems.push(`pgtables_bytes ${bytes}, tables of ${tables}`);
}

function validate_table_page(c: census, table: page): void {
	const where = `page table ${uptr(table).toString(16)}`;
	if (!PageTable(table)) c.problems.push(`${where}: is no page table`);
	if (spin_is_locked(ptlock_ptr(table))) c.problems.push(`${where}: its lock is held`);
}

function validate_table(c: census, mm: mm_struct, pmd: number, base: number, rss: number[]): void {
	const ptes = cast<pte_t>(pmd_page_vaddr(pmd));
	let vma: vm_area_struct = NULL;
	for (let i = 0; i < PTRS_PER_PTE; i++) {
		const pte = ptr_add<pte_t>(ptes, i).pte;
		if (pte_none(pte)) continue;
		const addr = base + i * PAGE_SIZE;
		const where = `pte ${pte.toString(16)} at ${addr.toString(16)}`;
		if (addr >= TASK_SIZE) c.problems.push(`${where}: beyond user space`);
		if (vma === NULL || addr >= vma.vm_end) vma = vma_at(mm, addr);
		if (vma === NULL) {
			c.problems.push(`${where}: in no vma`);
			continue;
		}
		if (!pte_present(pte)) {
			c.problems.push(`${where}: neither none nor present`);
			continue;
		}
		if (pte_write(pte) && (vma.vm_flags & VM_WRITE) === 0)
			c.problems.push(`${where}: writable in a read-only vma`);
		if (!pte_protnone(pte) && !vma_is_accessible(vma))
			c.problems.push(`${where}: accessible in a vma that is not`);
		const pfn = pte_pfn(pte);
		if (pte_special(pte)) {
			if (is_zero_pfn(pfn) && pte_write(pte)) c.problems.push(`${where}: writable zero page`);
			continue;
		}
		const page = pfn_to_page(pfn);
		c.mapped[pfn] = (c.mapped[pfn] ?? 0) + 1;
		rss[PageAnon(page) ? MM_ANONPAGES : PageSwapBacked(page) ? MM_SHMEMPAGES : MM_FILEPAGES]++;
		if (PageAnon(page)) {
			if (vma.anon_vma === NULL) c.problems.push(`${where}: anonymous page, vma without anon_vma`);
			/* Where the reverse mapping looks for it. */
			const index = linear_page_index(vma, addr);
			if (page.index !== index)
				c.problems.push(`${where}: page index ${page.index.toString(16)}, in its vma ${index.toString(16)}`);
			if (!vma_has_anon_vma(vma, page.mapping - PAGE_MAPPING_ANON)) c.problems.push(`${where}: vma is not in the page's anon_vma`);
			if (pte_write(pte) && page_mapcount(page) !== 1)
				c.problems.push(`${where}: writable, mapped ${page_mapcount(page)} times`);
		} else {
			if (pte_write(pte) && (vma.vm_flags & VM_SHARED) === 0)
				c.problems.push(`${where}: writable file page in a private vma`);
			if (!is_page_of_vma(vma, addr, page.mapping, page.index))
				c.problems.push(`${where}: page ${page.index.toString(16)} of a file, not the one that its vma maps there`);
		}
	}
}
