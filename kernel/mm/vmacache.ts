// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/vmacache.c (5.17). Left out: hit counters, vmacache_find_exact()
 * (for machines without an MMU).
 *
 * Called with mmap_lock held, or under rcu_read_lock() by a speculative fault.
 * Then a cached vma may be dead already, but not freed before the fault's
 * read-side section ends: it was still in the tree when the sequence number
 * was compared. What it says counts only after mmap_seq_read_check().
 */
import { CONFIG_SPECULATIVE_PAGE_FAULT } from "generated/autoconf.ts";
import { WARN_ON_ONCE } from "linux/bug.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import { current } from "kernel/sched/core.ts";
import { PF_KTHREAD, VMACACHE_BITS, VMACACHE_SIZE } from "linux/sched.ts";
import { vmacache_flush } from "linux/vmacache.ts";
import { PMD_SIZE } from "asm/pgtable_types.ts";

const VMACACHE_MASK = (1 << VMACACHE_BITS) - 1;

/** Slot for an address: neighbours of one page-table page share it. */
function VMACACHE_HASH(addr: number): number {
	return (addr / PMD_SIZE) & VMACACHE_MASK;
}

/** The cache is of current->mm; somebody else's mm is not looked up in it. */
function vmacache_valid_mm(mm: mm_struct): boolean {
	const tsk = current();

	return tsk.mm === mm && (tsk.flags & PF_KTHREAD) === 0;
}

/** Remember the vma for addr's slot, if mm is our own. */
export function vmacache_update(addr: number, newvma: vm_area_struct): void {
	/* Without mmap_lock it may just be born; the sequence tells later. */
	if (vmacache_valid_mm(data_race(newvma.vm_mm))) {
		const cache = current().vmacache;

		cache.vmas[VMACACHE_HASH(addr)] = newvma;
	}
}

/**
 * Is what the task has cached of this mm? If vmas have gone from it since, the
 * cache is emptied, and is as new as the sequence number that was read first.
 */
function vmacache_valid(mm: mm_struct): boolean {
	if (!vmacache_valid_mm(mm))
		return false;

	const curr = current();
	const cache = curr.vmacache;
	let seqnum: number;

	if (CONFIG_SPECULATIVE_PAGE_FAULT)
		/* Pairs with the release in vmacache_invalidate(). */
		seqnum = smp_load_acquire(mm.vmacache_seqnum);
	else
		seqnum = mm.vmacache_seqnum;
	if (seqnum !== cache.seqnum) {
		/* Vmas have gone since it was filled: start anew. */
		cache.seqnum = seqnum;
		vmacache_flush(curr);
		return false;
	}
	return true;
}

/** A cached vma that contains addr, or NULL. Slots of other addresses are
 *  looked at, too: a large vma is found by the one where it was cached. */
export function vmacache_find(mm: mm_struct, addr: number): vm_area_struct {
	if (!vmacache_valid(mm))
		return NULL;

	const cache = current().vmacache;
	let idx = VMACACHE_HASH(addr);

	for (let i = 0; i < VMACACHE_SIZE; i++) {
		const vma: vm_area_struct = cache.vmas[idx];

		if (vma !== NULL) {
			if (WARN_ON_ONCE(data_race(vma.vm_mm) !== mm,
				"vmacache: vma of another mm"))
				break;
			/* The bounds may be moving; see the head of the file. */
			if (data_race(vma.vm_start) <= addr &&
			    data_race(vma.vm_end) > addr)
				return vma;
		}
		if (++idx === VMACACHE_SIZE)
			idx = 0;
	}
	return NULL;
}
