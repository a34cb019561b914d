// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/powerpc/mm/book3s64/mmu_context.c (5.17): the PID of an address
 * space, and the process table, by which the MMU finds the tables that belong
 * to a PID. Left out: the hash MMU, accelerators, CPU hotplug.
 *
 * A PID is given away again when its address space is gone. Nobody has
 * translations by it then: exit_mmap() has flushed, and nobody has run with it
 * since.
 */
import { WARN_ON_ONCE } from "linux/bug.ts";
import { atomic_set, atomic_sub_and_test } from "linux/atomic.ts";
import { ENOSPC } from "linux/errno.ts";
import { __free_page } from "linux/gfp.ts";
import { pgtable_pmd_page_dtor } from "linux/mm.ts";
import type { mm_struct } from "linux/mm_types.ts";
import {
	spin_lock_irqsave, spin_unlock_irqrestore,
} from "linux/spinlock.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";
import type { task_struct } from "linux/sched.ts";
import { virt_to_page } from "asm-generic/memory_model.ts";
import type { pgd_t } from "asm/pgtable_types.ts";
import {
	PAGE_SIZE, PMD_FRAG_NR, PMD_FRAG_SIZE,
} from "asm/book3s/64/pgtable-bits.ts";
import { pte_frag_destroy } from "../pgtable-frag.ts";

/** Bits of a PID. Port: of the 20 that POWER9 has; firmware may say less. */
const mmu_pid_bits = 12;
/** The first one for users: 0 is the kernel's. */
const mmu_base_pid = 1;

/** Of one PID. */
interface prtb_entry extends struct {
	/** Its tables, NULL: none. Atomic: who has the PID stores, the
	 *  MMU reads. */
	prtb0: pgd_t;
}

interface mmu_context_data extends struct {
	lock: embed<spinlock_t>; /* guards used */
	used: array<int, 128>; /* a bit for each PID that is given away; lock */
	process_tb: array<embed<prtb_entry>, 4096>; /* see prtb_entry */
}
const data = DEFINE<mmu_context_data>();

/** The registers that the MMU works by. All fields: its CPU only, with
 *  interrupts off. */
export interface mmu_registers extends struct {
	pid: int; /* SPRN_PID; 0: the kernel's, which has nothing for users */
	loaded_mm: mm_struct; /* whose that is, for checks */
	no_rc: int; /* the MMU does not set R and C itself, but faults */
}
export const mmu_registers = DEFINE_PER_CPU<mmu_registers>();

/** For tests: the kernel has to be right with a MMU that does less. */
export function set_no_rc(no_rc: boolean): void {
	this_cpu(mmu_registers).no_rc = no_rc ? 1 : 0;
}

/** What the MMU finds in the process table. */
export function process_table_root(pid: number): pgd_t {
	const e: prtb_entry = data.process_tb[pid];

	return READ_ONCE(e.prtb0);
}

function set_process_table(pid: number, root: pgd_t): void {
	const e: prtb_entry = data.process_tb[pid];

	WRITE_ONCE(e.prtb0, root);
}

/** The lowest PID that is free, or -ENOSPC. Port: where the kernel has an IDA,
 *  bits do. */
function alloc_context_id(min_id: number, max_id: number): number {
	const flags = spin_lock_irqsave(data.lock);
	let index = -ENOSPC;

	for (let id = min_id; id <= max_id && index < 0; id++) {
		const word = id >> 5;

		if (data.used[word] === -1) {
			id |= 31;
			continue;
		}
		if ((data.used[word] & (1 << (id & 31))) !== 0) continue;
		data.used[word] |= 1 << (id & 31);
		index = id;
	}
	spin_unlock_irqrestore(data.lock, flags);
	return index;
}

function free_context_id(id: number): void {
	const flags = spin_lock_irqsave(data.lock);

	data.used[id >> 5] &= ~(1 << (id & 31));
	spin_unlock_irqrestore(data.lock, flags);
}

function radix__init_new_context(mm: mm_struct): number {
	const max_id = 2 ** mmu_pid_bits - 1;
	const index = alloc_context_id(mmu_base_pid, max_id);

	if (index < 0) return index;
	/* Before a CPU has the PID: the switch is a full barrier. */
	set_process_table(index, mm.pgd);
	return index;
}

/** A fresh mm; 0 or -ENOSPC. */
export function init_new_context(_tsk: task_struct, mm: mm_struct): number {
	const index = radix__init_new_context(mm);

	if (index < 0) return index;
	const context = mm.context;

	context.ctx_id = index;
	context.pte_frag = 0;
	context.pmd_frag = 0;
	atomic_set(context.active_cpus, 0);
	return 0;
}

/** What mm has not used of a page of tables is not going to be. */
function pmd_frag_destroy(pmd_frag: number): void {
	const page = virt_to_page(pmd_frag);
	const count = (pmd_frag % PAGE_SIZE) / PMD_FRAG_SIZE;

	if (atomic_sub_and_test(PMD_FRAG_NR - count, page.pt_frag_refcount)) {
		pgtable_pmd_page_dtor(page);
		__free_page(page);
	}
}

function destroy_pagetable_cache(mm: mm_struct): void {
	const context = mm.context;

	if (context.pte_frag !== 0) pte_frag_destroy(context.pte_frag);
	if (context.pmd_frag !== 0) pmd_frag_destroy(context.pmd_frag);
}

/** Nobody has a reference to the mm any more. If it has run, exit_mmap() has
 *  taken it out of the process table. */
export function destroy_context(mm: mm_struct): void {
	const context = mm.context;

	set_process_table(context.ctx_id, NULL);
	free_context_id(context.ctx_id);
	context.ctx_id = 0;
}

/**
 * No task uses mm: its PID leads nowhere from here on. The flush of all that is
 * in TLBs comes behind, in exit_mmap(). Fragments may still be in use.
 */
export function arch_exit_mmap(mm: mm_struct): void {
	destroy_pagetable_cache(mm);
	set_process_table(mm.context.ctx_id, NULL);
}

/** By the PID from now on. Interrupts are off. */
export function radix__switch_mmu_context(
	_prev: mm_struct,
	next: mm_struct,
): void {
	const regs = this_cpu(mmu_registers);

	WARN_ON_ONCE(
		next.context.ctx_id < 0,
		"radix__switch_mmu_context: no PID",
	);
	regs.pid = next.context.ctx_id;
	regs.loaded_mm = next;
}
