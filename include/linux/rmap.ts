// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/rmap.h (5.17): references to and locks of anon_vmas.
 * The structs are in linux/mm_types.ts. Walks are in mm/rmap.ts.
 */
import type {
	anon_vma, page, vm_area_struct,
} from "linux/mm_types.ts";
import { VM_BUG_ON_VMA } from "linux/bug.ts";
import {
	down_read, down_write, up_read, up_write,
} from "linux/rwsem.ts";
import { __anon_vma_prepare, __put_anon_vma, unlink_anon_vmas } from "mm/rmap.ts";

/** Keep the struct: for somebody who found it under a lock or RCU. */
export function get_anon_vma(anon_vma: anon_vma): void {
	fetch_add(anon_vma.refcount.counter, 1);
}

export function put_anon_vma(anon_vma: anon_vma): void {
	if (fetch_add(anon_vma.refcount.counter, -1) === 1)
		__put_anon_vma(anon_vma);
}

/* The lock is the root's: one for all anon_vmas that forks have made of one. */

export function anon_vma_lock_write(anon_vma: anon_vma): void {
	const root = anon_vma.root;
	down_write(root.rwsem);
}

export function anon_vma_unlock_write(anon_vma: anon_vma): void {
	const root = anon_vma.root;
	up_write(root.rwsem);
}

export function anon_vma_lock_read(anon_vma: anon_vma): void {
	const root = anon_vma.root;
	down_read(root.rwsem);
}

export function anon_vma_unlock_read(anon_vma: anon_vma): void {
	const root = anon_vma.root;
	up_read(root.rwsem);
}

/**
 * Make sure that vma has an anon_vma. Holds mmap_lock, for reading at least:
 * a neighbour's may be taken, and the neighbours must not go away. So not for
 * a speculative fault.
 */
export function anon_vma_prepare(vma: vm_area_struct): number {
	/* Another fault may set it, under page_table_lock. Pairs with the
	 * release in __anon_vma_prepare(). Port: marked. */
	if (smp_load_acquire(vma.anon_vma) !== NULL) return 0;
	return __anon_vma_prepare(vma);
}

/** next is being merged into vma, which has the same anon_vma. */
export function anon_vma_merge(
	vma: vm_area_struct, next: vm_area_struct,
): void {
	VM_BUG_ON_VMA(vma.anon_vma !== next.anon_vma, vma);
	unlink_anon_vmas(next);
}

/** One more page table maps the page: fork. */
export function page_dup_rmap(page: page, _compound: boolean): void {
	fetch_add(page._mapcount.counter, 1);
}
