// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/proc/task_mmu.c (5.17): /proc/PID/maps, smaps, smaps_rollup and
 * clear_refs, and the lines of memory in status.
 * Left out: pagemap, numa_maps; huge pages, swap, pages that are pinned.
 * Port: there are no paths and no devices in RAM. A mapping of a file shows
 * device 00:00 and the number of its inode, by which the reader can put in
 * both. show_map() is the text in one go, under one hold of mmap_lock.
 */
import {
	CONFIG_ANON_VMA_NAME, CONFIG_MEM_SOFT_DIRTY,
} from "generated/autoconf.ts";
import { EINTR, EINVAL, ENOMEM, ESRCH } from "linux/errno.ts";
import { ERR_PTR, IS_ERR, PTR_ERR } from "linux/err.ts";
import {
	type file, type file_operations, file_inode, type inode, S_SHMEM,
} from "linux/fs.ts";
import { GFP_KERNEL } from "linux/gfp.ts";
import {
	find_vma, get_mm_counter, get_mm_hiwater_rss, get_mm_hiwater_vm,
	MM_ANONPAGES, MM_FILEPAGES, mm_pgtables_bytes, MM_SHMEMPAGES,
	MM_SWAPENTS, page_mapcount, pte_lockptr, pte_offset_map_lock,
	pte_unmap_unlock, reset_mm_hiwater_rss, VM_ACCOUNT, VM_DONTCOPY,
	VM_DONTDUMP, VM_DONTEXPAND, VM_EXEC, VM_GROWSDOWN, VM_HUGEPAGE, VM_IO,
	VM_LOCKED, VM_LOCKONFAULT, VM_MAYEXEC, VM_MAYREAD, VM_MAYSHARE,
	VM_MAYWRITE,
	VM_MERGEABLE, VM_MIXEDMAP, VM_NOHUGEPAGE, VM_NORESERVE, VM_PFNMAP,
	VM_RAND_READ, VM_READ, VM_SEQ_READ, VM_SHARED, VM_SOFTDIRTY,
	VM_UFFD_MISSING,
	VM_UFFD_WP, VM_WIPEONFORK, VM_WRITE,
} from "linux/mm.ts";
import {
	type anon_vma_name, dec_tlb_flush_pending, inc_tlb_flush_pending,
	type mm_struct, type page, type vm_area_struct,
} from "linux/mm_types.ts";
import {
	mmap_assert_locked, mmap_lock_is_contended, mmap_read_lock,
	mmap_read_lock_killable, mmap_read_unlock, mmap_write_lock_killable,
	mmap_write_unlock,
} from "linux/mmap_lock.ts";
import {
	ClearPageReferenced, PageAnon, PageDirty, PageReferenced,
	PageSwapBacked,
} from "linux/page-flags.ts";
import { page_count } from "linux/page_ref.ts";
import {
	pmd_trans_unstable, ptep_modify_prot_commit, ptep_modify_prot_start,
} from "linux/pgtable.ts";
import { arch_pkeys_enabled, vma_pkey } from "linux/pkeys.ts";
import type { task_struct } from "linux/sched.ts";
import { mmdrop, mmget_not_zero, mmgrab } from "linux/sched/mm.ts";
import { put_task_struct } from "linux/sched/task.ts";
import type { seq_file, seq_operations } from "linux/seq_file.ts";
import { kfree, kzalloc } from "linux/slab.ts";
import { cond_resched, ULONG_MAX } from "linux/kernel.ts";
import { mm_since } from "linux/version.ts";
import { PAGE_ALIGN, page_align_down } from "asm-generic/page.ts";
import {
	pte_clear_soft_dirty, pte_dirty, pte_present, pte_wrprotect, pte_young,
	ptep_test_and_clear_young,
} from "asm/pgtable.ts";
import { PAGE_SIZE, type pmd_t, type pte_t } from "asm/pgtable_types.ts";
import { arch_vma_name, gate_vma_line } from "asm/elf.ts";
import { flush_tlb_mm } from "asm/tlbflush.ts";
import { get_task_mm, mmput } from "kernel/fork.ts";
import { text_of } from "kernel/fs/libfs.ts";
import {
	seq_lseek, seq_open, seq_put_decimal_ull_width, seq_puts,
	seq_read_iter, seq_release, single_next, single_start, single_stop,
} from "kernel/fs/seq_file.ts";
import { vm_normal_page } from "mm/memory.ts";
import { vma_set_page_prot } from "mm/mmap.ts";
import { type mm_walk, walk_page_range, walk_page_vma } from "mm/pagewalk.ts";
import { get_proc_task } from "./base.ts";
import {
	mmu_notifier_invalidate_range_end, mmu_notifier_invalidate_range_start,
	mmu_notifier_range_init, MMU_NOTIFY_SOFT_DIRTY,
} from "linux/mmu_notifier.ts";

/** Pages, shown in kB. */
function SEQ_PUT_PAGES(m: seq_file, str: string, val: number): void {
	seq_put_decimal_ull_width(m, str, val * (PAGE_SIZE / 1024), 8);
}

/** The lines Vm* and Rss* of /proc/PID/status. */
export function task_mem(m: seq_file, mm: mm_struct): void {
	const anon = get_mm_counter(mm, MM_ANONPAGES);
	const file = get_mm_counter(mm, MM_FILEPAGES);
	const shmem = get_mm_counter(mm, MM_SHMEMPAGES);
	/* As they are, without a lock: such a look is never of one moment. */
	const total_vm = data_race(mm.total_vm);
	const exec = data_race(mm.exec_vm) * PAGE_SIZE;
	const total_rss = anon + file + shmem;
	const text = Math.min(exec, PAGE_ALIGN(mm.end_code) -
		page_align_down(mm.start_code));

	SEQ_PUT_PAGES(m, "VmPeak:\t",
		Math.max(total_vm, get_mm_hiwater_vm(mm)));
	SEQ_PUT_PAGES(m, " kB\nVmSize:\t", total_vm);
	SEQ_PUT_PAGES(m, " kB\nVmLck:\t", data_race(mm.locked_vm));
	SEQ_PUT_PAGES(m, " kB\nVmPin:\t", 0);
	SEQ_PUT_PAGES(m, " kB\nVmHWM:\t",
		Math.max(total_rss, get_mm_hiwater_rss(mm)));
	SEQ_PUT_PAGES(m, " kB\nVmRSS:\t", total_rss);
	SEQ_PUT_PAGES(m, " kB\nRssAnon:\t", anon);
	SEQ_PUT_PAGES(m, " kB\nRssFile:\t", file);
	SEQ_PUT_PAGES(m, " kB\nRssShmem:\t", shmem);
	SEQ_PUT_PAGES(m, " kB\nVmData:\t", data_race(mm.data_vm));
	SEQ_PUT_PAGES(m, " kB\nVmStk:\t", data_race(mm.stack_vm));
	SEQ_PUT_DEC(m, " kB\nVmExe:\t", text);
	SEQ_PUT_DEC(m, " kB\nVmLib:\t", exec - text);
	SEQ_PUT_DEC(m, " kB\nVmPTE:\t", mm_pgtables_bytes(mm));
	SEQ_PUT_PAGES(m, " kB\nVmSwap:\t", get_mm_counter(mm, MM_SWAPENTS));
	seq_puts(m, " kB\n");
}

export function task_vsize(mm: mm_struct): number {
	return PAGE_SIZE * data_race(mm.total_vm);
}

/** In pages. Port: out-parameters become fields. */
export interface statm {
	size: number;
	resident: number;
	shared: number;
	text: number;
	data: number;
}

export function task_statm(mm: mm_struct): statm {
	const shared = get_mm_counter(mm, MM_FILEPAGES) +
		get_mm_counter(mm, MM_SHMEMPAGES);

	return {
		size: data_race(mm.total_vm),
		resident: shared + get_mm_counter(mm, MM_ANONPAGES),
		shared,
		text: (PAGE_ALIGN(mm.end_code) -
			page_align_down(mm.start_code)) / PAGE_SIZE,
		data: data_race(mm.data_vm) + data_race(mm.stack_vm),
	};
}

/* ---- maps and smaps: one record for each vma ---- */

/** What an open file of these is about. */
interface proc_maps_private extends struct {
	/** mm_count, from open() to release(); constant */
	mm: mm_struct;
	/** between start() and stop(), with mm_users and mmap_lock;
	 *  f_pos_lock of the file */
	task: task_struct;
}

/** The record of the gate vma, which no mm has; and its index, which is its
 *  address, and that of what is behind it. */
const GATE_VMA = 1;
const GATE_ADDR = 0xffffffffff600000;
const NO_ADDR = -1;

/** The mm of a file's task, kept from going away but not from being emptied;
 *  NULL: it has none. -ESRCH without the task. */
function proc_mem_open(inode: inode): mm_struct {
	const task = get_proc_task(inode);

	if (task === NULL)
		return ERR_PTR(-ESRCH);
	const mm = get_task_mm(task);

	put_task_struct(task);
	if (mm !== NULL) {
		mmgrab(mm);
		mmput(mm);
	}
	return mm;
}

function tail_vma(): number {
	return gate_vma_line() === "" ? 0 : GATE_VMA;
}

function m_start(m: seq_file): number {
	const priv = cast<proc_maps_private>(m.private);
	const last_addr = m.index;
	const mm = priv.mm;

	if (last_addr === NO_ADDR)
		return 0;
	priv.task = get_proc_task(m.file.f_inode);
	if (priv.task === NULL)
		return -ESRCH;
	if (mm === NULL || !mmget_not_zero(mm)) {
		put_task_struct(priv.task);
		priv.task = NULL;
		return 0;
	}
	if (mmap_read_lock_killable(mm) !== 0) {
		mmput(mm);
		put_task_struct(priv.task);
		priv.task = NULL;
		return -EINTR;
	}
	const vma = find_vma(mm, last_addr);

	return vma !== NULL ? uptr(vma) : tail_vma();
}

function m_next(m: seq_file, v: number): number {
	if (v === GATE_VMA) {
		m.index = NO_ADDR;
		return 0;
	}
	const vma = cast<vm_area_struct>(v);
	const next: vm_area_struct = vma.vm_next;

	if (next !== NULL) {
		m.index = next.vm_start;
		return uptr(next);
	}
	m.index = tail_vma() !== 0 ? GATE_ADDR : NO_ADDR;
	return tail_vma();
}

function m_stop(m: seq_file, _v: number): void {
	const priv = cast<proc_maps_private>(m.private);

	if (priv.task === NULL)
		return;
	mmap_read_unlock(priv.mm);
	mmput(priv.mm);
	put_task_struct(priv.task);
	priv.task = NULL;
}

function do_maps_open(
	inode: inode, file: file, op: seq_operations,
): number {
	const priv = kzalloc<proc_maps_private>(
		sizeof<proc_maps_private>(), GFP_KERNEL);

	if (priv === NULL)
		return -ENOMEM;
	const mm = proc_mem_open(inode);
	const error = IS_ERR(mm) ? PTR_ERR(mm) : seq_open(file, op);

	if (error) {
		if (!IS_ERR(mm) && mm !== NULL)
			mmdrop(mm);
		kfree(priv);
		return error;
	}
	priv.mm = mm;
	cast<seq_file>(file.private_data).private = uptr(priv);
	return 0;
}

function proc_map_release(inode: inode, file: file): number {
	const priv = cast<proc_maps_private>(
		cast<seq_file>(file.private_data).private);

	if (priv.mm !== NULL)
		mmdrop(priv.mm);
	kfree(priv);
	return seq_release(inode, file);
}

/** Column of the names, counted from 0: what seq_setwidth() is told. */
const NAME_COLUMN = 72;

/** The initial stack: of a program's other stacks nothing is known. */
function is_stack(vma: vm_area_struct): boolean {
	const mm = vma.vm_mm;

	return vma.vm_start <= mm.start_stack && vma.vm_end >= mm.start_stack;
}

/** Port: since 6.6 a neighbour that only touches the heap is not called so. */
function is_heap(mm: mm_struct, vma: vm_area_struct): boolean {
	if (mm_since(mm, 6, 6))
		return vma.vm_start < mm.brk && vma.vm_end > mm.start_brk;
	return vma.vm_start <= mm.brk && vma.vm_end >= mm.start_brk;
}

/** %0*lx of a number that a double holds exactly. */
function hex(n: number, width: number): string {
	return n.toString(16).padStart(width, "0");
}

function show_vma_header_prefix(start: number, end: number, flags: number,
		pgoff: number, dev: string, ino: number): string {
	return hex(start, 8) + "-" + hex(end, 8) + " " +
		((flags & VM_READ) !== 0 ? "r" : "-") +
		((flags & VM_WRITE) !== 0 ? "w" : "-") +
		((flags & VM_EXEC) !== 0 ? "x" : "-") +
		((flags & VM_MAYSHARE) !== 0 ? "s" : "p") +
		" " + hex(pgoff, 8) + " " + dev + " " + ino + " ";
}

/** The NUL-terminated name; it is constant while somebody refers to it. */
function anon_name_text(anon_name: anon_vma_name): string {
	let text = "";

	for (let i = 0; anon_name.name[i] !== 0; i++)
		text += String.fromCharCode(anon_name.name[i]);
	return text;
}

function vma_name(mm: mm_struct, vma: vm_area_struct): string {
	if (vma.vm_ops !== NULL && vma.vm_ops.name) {
		const name = vma.vm_ops.name(vma);

		if (name)
			return name;
	}
	const name = arch_vma_name(vma);
	if (name !== "")
		return name;
	if (is_heap(mm, vma))
		return "[heap]";
	if (is_stack(vma))
		return "[stack]";
	if (CONFIG_ANON_VMA_NAME) {
		if (vma.anon_name !== NULL)
			return "[anon:" + anon_name_text(vma.anon_name) + "]";
	}
	return "";
}

/** One line, without its end. mmap_lock is held at least shared. */
function map_vma_text(vma: vm_area_struct): string {
	const mm = vma.vm_mm;
	const file = vma.vm_file;
	let ino = 0;
	let pgoff = 0;
	let dev = "00:00";
	let name = "";

	mmap_assert_locked(mm);
	if (file !== NULL) {
		const inode = file_inode(file);

		ino = inode.i_ino;
		pgoff = vma.vm_pgoff * PAGE_SIZE;
		if ((inode.i_flags & S_SHMEM) !== 0) {
			dev = "00:01";
			name = "/dev/zero (deleted)";
		}
	} else {
		name = vma_name(mm, vma);
	}

	const text = show_vma_header_prefix(vma.vm_start, vma.vm_end,
		vma.vm_flags, pgoff, dev, ino);
	/* seq_pad(): at least one space more, up to the column. */
	return name === "" ? text : text.padEnd(NAME_COLUMN) + " " + name;
}

/** All lines, each with its end. Takes mmap_lock(r); the caller has a
 *  reference to mm's users. */
export function show_map(mm: mm_struct): string {
	let text = "";

	mmap_read_lock(mm);
	for (let vma = mm.mmap; vma !== NULL; vma = vma.vm_next)
		text += map_vma_text(vma) + "\n";
	mmap_read_unlock(mm);
	const gate = gate_vma_line();

	return gate === "" ? text : text + gate + "\n";
}

function show_map_vma(m: seq_file, v: number): void {
	seq_puts(m, (v === GATE_VMA
		? gate_vma_line()
		: map_vma_text(cast<vm_area_struct>(v))) + "\n");
}

/** Port: show_map() of the kernel. */
function m_show(m: seq_file, v: number): number {
	show_map_vma(m, v);
	return 0;
}

const proc_pid_maps_op: seq_operations = RODATA({
	start: m_start,
	next: m_next,
	stop: m_stop,
	show: m_show,
});

function pid_maps_open(inode: inode, file: file): number {
	return do_maps_open(inode, file, proc_pid_maps_op);
}

export const proc_pid_maps_operations: file_operations = RODATA({
	open: pid_maps_open,
	read_iter: seq_read_iter,
	llseek: seq_lseek,
	release: proc_map_release,
});

/* ---- smaps ---- */

/** Bits of a proportional size behind the point. */
const PSS_SHIFT = 12;

interface mem_size_stats {
	resident: number;
	shared_clean: number;
	shared_dirty: number;
	private_clean: number;
	private_dirty: number;
	referenced: number;
	anonymous: number;
	lazyfree: number;
	/* in bytes << PSS_SHIFT */
	pss: number;
	pss_anon: number;
	pss_file: number;
	pss_shmem: number;
	pss_locked: number;
}

function new_mem_size_stats(): mem_size_stats {
	return {
		resident: 0,
		shared_clean: 0,
		shared_dirty: 0,
		private_clean: 0,
		private_dirty: 0,
		referenced: 0,
		anonymous: 0,
		lazyfree: 0,
		pss: 0,
		pss_anon: 0,
		pss_file: 0,
		pss_shmem: 0,
		pss_locked: 0,
	};
}

function smaps_page_accumulate(
	mss: mem_size_stats, page: page, size: number, pss: number,
	dirty: boolean, locked: boolean, private_: boolean,
): void {
	mss.pss += pss;
	if (PageAnon(page))
		mss.pss_anon += pss;
	else if (PageSwapBacked(page))
		mss.pss_shmem += pss;
	else
		mss.pss_file += pss;
	if (locked)
		mss.pss_locked += pss;

	if (dirty || PageDirty(page)) {
		if (private_)
			mss.private_dirty += size;
		else
			mss.shared_dirty += size;
	} else if (private_) {
		mss.private_clean += size;
	} else {
		mss.shared_clean += size;
	}
}

function smaps_account(
	mss: mem_size_stats, page: page, young: boolean, dirty: boolean,
	locked: boolean,
): void {
	const size = PAGE_SIZE;

	if (PageAnon(page)) {
		mss.anonymous += size;
		if (!PageSwapBacked(page) && !dirty && !PageDirty(page))
			mss.lazyfree += size;
	}
	mss.resident += size;
	if (young || PageReferenced(page))
		mss.referenced += size;

	/* A page with one reference is mapped once: here. */
	if (page_count(page) === 1) {
		smaps_page_accumulate(mss, page, size, size * 2 ** PSS_SHIFT,
			dirty, locked, true);
		return;
	}
	/* Others may map or unmap it just now: nearly right is good enough. */
	const mapcount = page_mapcount(page);
	let pss = size * 2 ** PSS_SHIFT;

	if (mapcount >= 2)
		pss = Math.floor(pss / mapcount);
	smaps_page_accumulate(mss, page, size, pss, dirty, locked,
		mapcount < 2);
}

function smaps_pte_entry(
	pte: pte_t, addr: number, walk: mm_walk<mem_size_stats>,
): void {
	const vma = walk.vma;
	const ptent = READ_ONCE(pte.pte);

	if (!pte_present(ptent))
		return;
	const page = vm_normal_page(vma, addr, ptent);

	if (page === NULL)
		return;
	smaps_account(walk.private, page, pte_young(ptent), pte_dirty(ptent),
		(vma.vm_flags & VM_LOCKED) !== 0);
}

function smaps_pte_range(
	pmd: pmd_t, addr: number, end: number, walk: mm_walk<mem_size_stats>,
): number {
	const mm: mm_struct = walk.vma.vm_mm;

	if (!pmd_trans_unstable(pmd)) {
		let pte: pte_t = pte_offset_map_lock(mm, pmd, addr);
		const ptl = pte_lockptr(mm, pmd);

		for (; addr !== end; pte = ptr_add(pte, 1), addr += PAGE_SIZE)
			smaps_pte_entry(pte, addr, walk);
		pte_unmap_unlock(pte, ptl);
	}
	cond_resched();
	return 0;
}

/** By the number of the bit; the bits of a memory key come out elsewhere. */
function mnemonics(): [number, string][] {
	return [
		[VM_READ, "rd"],
		[VM_WRITE, "wr"],
		[VM_EXEC, "ex"],
		[VM_SHARED, "sh"],
		[VM_MAYREAD, "mr"],
		[VM_MAYWRITE, "mw"],
		[VM_MAYEXEC, "me"],
		[VM_MAYSHARE, "ms"],
		[VM_GROWSDOWN, "gd"],
		[VM_UFFD_MISSING, "um"],
		[VM_PFNMAP, "pf"],
		[VM_UFFD_WP, "uw"],
		[VM_LOCKED, "lo"],
		[VM_IO, "io"],
		[VM_SEQ_READ, "sr"],
		[VM_RAND_READ, "rr"],
		[VM_DONTCOPY, "dc"],
		[VM_DONTEXPAND, "de"],
		[VM_LOCKONFAULT, "??"],
		[VM_ACCOUNT, "ac"],
		[VM_NORESERVE, "nr"],
		[VM_WIPEONFORK, "wf"],
		[VM_DONTDUMP, "dd"],
		[VM_SOFTDIRTY, "sd"],
		[VM_MIXEDMAP, "mm"],
		[VM_HUGEPAGE, "hg"],
		[VM_NOHUGEPAGE, "nh"],
		[VM_MERGEABLE, "mg"],
	];
}

function show_smap_vma_flags(m: seq_file, vm_flags: number): void {
	let text = "VmFlags: ";

	for (const [flag, mnemonic] of mnemonics()) {
		if ((vm_flags & flag) !== 0)
			text += mnemonic + " ";
	}
	seq_puts(m, text + "\n");
}

/** Adds up what is mapped in vma from start on, 0: all of it. mmap_lock is
 *  held. */
function smap_gather_stats(
	vma: vm_area_struct, mss: mem_size_stats, start: number,
): void {
	if (start >= vma.vm_end)
		return;
	if (start === 0)
		walk_page_vma(vma, smaps_pte_range, mss);
	else
		walk_page_range(vma, start, vma.vm_end, smaps_pte_range, mss);
}

/** Bytes, shown in kB. */
function SEQ_PUT_DEC(m: seq_file, str: string, val: number): void {
	seq_put_decimal_ull_width(m, str, Math.floor(val / 1024), 8);
}

function pss_bytes(pss: number): number {
	return Math.floor(pss / 2 ** PSS_SHIFT);
}

/** What smaps and smaps_rollup both show. */
function __show_smap(
	m: seq_file, mss: mem_size_stats, rollup_mode: boolean,
): void {
	SEQ_PUT_DEC(m, "Rss:            ", mss.resident);
	SEQ_PUT_DEC(m, " kB\nPss:            ", pss_bytes(mss.pss));
	if (rollup_mode) {
		SEQ_PUT_DEC(m, " kB\nPss_Anon:       ",
			pss_bytes(mss.pss_anon));
		SEQ_PUT_DEC(m, " kB\nPss_File:       ",
			pss_bytes(mss.pss_file));
		SEQ_PUT_DEC(m, " kB\nPss_Shmem:      ",
			pss_bytes(mss.pss_shmem));
	}
	SEQ_PUT_DEC(m, " kB\nShared_Clean:   ", mss.shared_clean);
	SEQ_PUT_DEC(m, " kB\nShared_Dirty:   ", mss.shared_dirty);
	SEQ_PUT_DEC(m, " kB\nPrivate_Clean:  ", mss.private_clean);
	SEQ_PUT_DEC(m, " kB\nPrivate_Dirty:  ", mss.private_dirty);
	SEQ_PUT_DEC(m, " kB\nReferenced:     ", mss.referenced);
	SEQ_PUT_DEC(m, " kB\nAnonymous:      ", mss.anonymous);
	SEQ_PUT_DEC(m, " kB\nLazyFree:       ", mss.lazyfree);
	/* There are no huge pages of any kind, and no swap. */
	SEQ_PUT_DEC(m, " kB\nAnonHugePages:  ", 0);
	SEQ_PUT_DEC(m, " kB\nShmemPmdMapped: ", 0);
	SEQ_PUT_DEC(m, " kB\nFilePmdMapped:  ", 0);
	SEQ_PUT_DEC(m, " kB\nShared_Hugetlb: ", 0);
	seq_put_decimal_ull_width(m, " kB\nPrivate_Hugetlb: ", 0, 7);
	SEQ_PUT_DEC(m, " kB\nSwap:           ", 0);
	SEQ_PUT_DEC(m, " kB\nSwapPss:        ", 0);
	SEQ_PUT_DEC(m, " kB\nLocked:         ", pss_bytes(mss.pss_locked));
	seq_puts(m, " kB\n");
}

/** Port: the gate vma is a line and nothing else here; in the kernel it is a
 *  vma without an mm, whose tables are not looked at either. */
function show_smap(m: seq_file, v: number): number {
	const mss = new_mem_size_stats();
	let size = PAGE_SIZE;
	let flags = VM_EXEC;
	let pkey = 0;

	if (v !== GATE_VMA) {
		const vma = cast<vm_area_struct>(v);

		smap_gather_stats(vma, mss, 0);
		size = vma.vm_end - vma.vm_start;
		flags = vma.vm_flags;
		pkey = vma_pkey(vma);
	}
	show_map_vma(m, v);
	SEQ_PUT_DEC(m, "Size:           ", size);
	SEQ_PUT_DEC(m, " kB\nKernelPageSize: ", PAGE_SIZE);
	SEQ_PUT_DEC(m, " kB\nMMUPageSize:    ", PAGE_SIZE);
	seq_puts(m, " kB\n");
	__show_smap(m, mss, false);
	seq_puts(m, "THPeligible:    0\n");
	if (arch_pkeys_enabled())
		seq_puts(m, `ProtectionKey:  ${pkey.toString().padStart(8)}\n`);
	show_smap_vma_flags(m, flags);
	return 0;
}

/** The next vma to add up, and from where. */
interface rollup_place {
	vma: vm_area_struct;
	last_vma_end: number;
}

/**
 * Somebody waits for mmap_lock to write: let him have it, and find the place
 * again. The vma that was added up last ended at last_vma_end: it may be gone
 * (then the next one is the next), as it was, or part of one that goes on
 * beyond, of which the rest is added here. -EINTR: the lock is not held.
 */
function rollup_let_writer(
	mm: mm_struct, place: rollup_place, mss: mem_size_stats,
): number {
	mmap_read_unlock(mm);
	if (mmap_read_lock_killable(mm) !== 0)
		return -EINTR;
	const vma = find_vma(mm, place.last_vma_end - 1);

	place.vma = vma;
	if (vma === NULL || vma.vm_start >= place.last_vma_end)
		return 0;
	if (vma.vm_end > place.last_vma_end)
		smap_gather_stats(vma, mss, place.last_vma_end);
	place.vma = vma.vm_next;
	return 0;
}

/** A writer that waits may pass on the way: mmap_lock_is_contended(). */
function show_smaps_rollup(m: seq_file, _v: number): number {
	const priv = cast<proc_maps_private>(m.private);
	const task = get_proc_task(m.file.f_inode);
	const mm = priv.mm;
	let ret = 0;

	if (task === NULL)
		return -ESRCH;
	if (mm === NULL || !mmget_not_zero(mm)) {
		put_task_struct(task);
		return -ESRCH;
	}
	if (mmap_read_lock_killable(mm) === 0) {
		const mss = new_mem_size_stats();
		const place: rollup_place = { vma: mm.mmap, last_vma_end: 0 };

		while (place.vma !== NULL && ret === 0) {
			const vma = place.vma;

			smap_gather_stats(vma, mss, 0);
			place.last_vma_end = vma.vm_end;
			if (mmap_lock_is_contended(mm))
				ret = rollup_let_writer(mm, place, mss);
			else
				place.vma = vma.vm_next;
		}
		if (ret === 0) {
			show_rollup(m, mm, place.last_vma_end, mss);
			mmap_read_unlock(mm);
		}
	} else {
		ret = -EINTR;
	}
	mmput(mm);
	put_task_struct(task);
	return ret;
}

/** mmap_lock is held. Port: an mm whose last vma was taken away meanwhile
 *  begins at 0; the kernel would look into a vma that is not there. */
function show_rollup(
	m: seq_file, mm: mm_struct, end: number, mss: mem_size_stats,
): void {
	const first: vm_area_struct = mm.mmap;
	const start = first !== NULL ? first.vm_start : 0;
	const line = show_vma_header_prefix(start, end, 0, 0, "00:00", 0);

	seq_puts(m, line.padEnd(NAME_COLUMN) + " [rollup]\n");
	__show_smap(m, mss, true);
}

const proc_pid_smaps_op: seq_operations = RODATA({
	start: m_start,
	next: m_next,
	stop: m_stop,
	show: show_smap,
});

function pid_smaps_open(inode: inode, file: file): number {
	return do_maps_open(inode, file, proc_pid_smaps_op);
}

const smaps_rollup_op: seq_operations = RODATA({
	start: single_start,
	next: single_next,
	stop: single_stop,
	show: show_smaps_rollup,
});

function smaps_rollup_open(inode: inode, file: file): number {
	return do_maps_open(inode, file, smaps_rollup_op);
}

export const proc_pid_smaps_operations: file_operations = RODATA({
	open: pid_smaps_open,
	read_iter: seq_read_iter,
	llseek: seq_lseek,
	release: proc_map_release,
});
export const proc_pid_smaps_rollup_operations: file_operations = RODATA({
	open: smaps_rollup_open,
	read_iter: seq_read_iter,
	llseek: seq_lseek,
	release: proc_map_release,
});

/* ---- clear_refs ---- */

const CLEAR_REFS_ALL = 1;
const CLEAR_REFS_ANON = 2;
const CLEAR_REFS_MAPPED = 3;
const CLEAR_REFS_SOFT_DIRTY = 4;
const CLEAR_REFS_MM_HIWATER_RSS = 5;

/** The next write is to fault, so that it is noticed. */
function clear_soft_dirty(
	vma: vm_area_struct, addr: number, pte: pte_t,
): void {
	if (CONFIG_MEM_SOFT_DIRTY) {
		if (!pte_present(READ_ONCE(pte.pte)))
			return;
		const old_pte = ptep_modify_prot_start(vma, addr, pte);
		const ptent = pte_clear_soft_dirty(pte_wrprotect(old_pte));

		ptep_modify_prot_commit(vma, addr, pte, old_pte, ptent);
	}
}

function clear_refs_pte_range(
	pmd: pmd_t, addr: number, end: number, walk: mm_walk<number>,
): number {
	const vma = walk.vma;
	const mm: mm_struct = vma.vm_mm;

	if (pmd_trans_unstable(pmd))
		return 0;
	let pte: pte_t = pte_offset_map_lock(mm, pmd, addr);
	const ptl = pte_lockptr(mm, pmd);

	for (; addr !== end; pte = ptr_add(pte, 1), addr += PAGE_SIZE) {
		if (walk.private === CLEAR_REFS_SOFT_DIRTY) {
			clear_soft_dirty(vma, addr, pte);
			continue;
		}
		const ptent = READ_ONCE(pte.pte);

		if (!pte_present(ptent))
			continue;
		const page = vm_normal_page(vma, addr, ptent);

		if (page === NULL)
			continue;
		ptep_test_and_clear_young(vma, addr, pte);
		ClearPageReferenced(page);
	}
	pte_unmap_unlock(pte, ptl);
	cond_resched();
	return 0;
}

/** Is vma to be left out? */
function clear_refs_test_walk(vma: vm_area_struct, type: number): boolean {
	if ((vma.vm_flags & VM_PFNMAP) !== 0)
		return true;
	if (type === CLEAR_REFS_ANON)
		return vma.vm_file !== NULL;
	return type === CLEAR_REFS_MAPPED && vma.vm_file === NULL;
}

/** mmap_lock is held for writing. */
function clear_refs(mm: mm_struct, type: number): void {
	if (type === CLEAR_REFS_MM_HIWATER_RSS) {
		reset_mm_hiwater_rss(mm);
		return;
	}
	const range = mmu_notifier_range_init(MMU_NOTIFY_SOFT_DIRTY, 0, NULL,
		mm, 0, ULONG_MAX);
	if (type === CLEAR_REFS_SOFT_DIRTY) {
		/* No longer dirty as a whole, but page by page. */
		for (let vma = mm.mmap; vma !== NULL; vma = vma.vm_next) {
			if ((vma.vm_flags & VM_SOFTDIRTY) === 0)
				continue;
			vma.vm_flags &= ~VM_SOFTDIRTY;
			vma_set_page_prot(vma);
		}
		inc_tlb_flush_pending(mm);
		mmu_notifier_invalidate_range_start(range);
	}
	for (let vma = mm.mmap; vma !== NULL; vma = vma.vm_next) {
		if (!clear_refs_test_walk(vma, type))
			walk_page_vma(vma, clear_refs_pte_range, type);
	}
	if (type === CLEAR_REFS_SOFT_DIRTY) {
		mmu_notifier_invalidate_range_end(range);
		flush_tlb_mm(mm);
		dec_tlb_flush_pending(mm);
	}
}

function clear_refs_write(
	file: file, buf: number | string, count: number,
): number {
	const text = text_of(buf, Math.min(count, 12));

	if (typeof text === "number")
		return text;
	const word = text.replaceAll("\0", "").trim();

	if (!/^[+-]?[0-9]+$/.test(word))
		return -EINVAL;
	const type = Number(word);

	if (type < CLEAR_REFS_ALL || type > CLEAR_REFS_MM_HIWATER_RSS)
		return -EINVAL;
	const task = get_proc_task(file_inode(file));

	if (task === NULL)
		return -ESRCH;
	const mm = get_task_mm(task);

	if (mm !== NULL) {
		if (mmap_write_lock_killable(mm) !== 0) {
			count = -EINTR;
		} else {
			clear_refs(mm, type);
			mmap_write_unlock(mm);
		}
		mmput(mm);
	}
	put_task_struct(task);
	return count;
}

/** noop_llseek() */
function clear_refs_llseek(
	file: file, _offset: number, _whence: number,
): number {
	return file.f_pos;
}

export const proc_clear_refs_operations: file_operations = RODATA({
	write: clear_refs_write,
	llseek: clear_refs_llseek,
});
