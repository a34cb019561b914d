// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/init-mm.c (5.17): the address space of kernel threads and idle
 * CPUs. It has no vmas, and no page tables either: the kernel here does not
 * run on translated addresses.
 */
import { atomic_set } from "linux/atomic.ts";
import { INIT_LIST_HEAD } from "linux/list.ts";
import type { mm_struct } from "linux/mm_types.ts";
import { mmap_init_lock } from "linux/mmap_lock.ts";
import { spin_lock_init } from "linux/spinlock.ts";

export const init_mm = DEFINE<mm_struct>();

/** Boot, before the first CPU goes idle on it. */
export function init_mm_init(): void {
	/* One user more than there are, so that it never goes away. */
	atomic_set(init_mm.mm_users, 2);
	atomic_set(init_mm.mm_count, 1);
	mmap_init_lock(init_mm);
	spin_lock_init(init_mm.page_table_lock);
	INIT_LIST_HEAD(init_mm.mmlist);
}
