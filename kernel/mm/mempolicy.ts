// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors one function of mm/mempolicy.c (5.17): marking ptes so that the next
 * access tells who uses the page. Everything else there is about policies of
 * which memory to take, and there is one node.
 */
import { CONFIG_NUMA_BALANCING } from "generated/autoconf.ts";
import { PAGE_NONE } from "asm/pgtable_types.ts";
import { MM_CP_PROT_NUMA } from "linux/mm.ts";
import type { vm_area_struct } from "linux/mm_types.ts";
import { count_vm_events } from "linux/vm_event.ts";
import { NUMA_PTE_UPDATES } from "linux/vm_event_item.ts";
import { change_protection } from "mm/mprotect.ts";

/** Make the present ptes of a range hints. mmap_lock is held, for reading is
 *  enough: a concurrent fault is ordered by the page-table lock. */
export function change_prot_numa(
	vma: vm_area_struct, addr: number, end: number,
): number {
	if (CONFIG_NUMA_BALANCING) {
		const nr_updated = change_protection(vma, addr, end, PAGE_NONE,
			MM_CP_PROT_NUMA);

		if (nr_updated !== 0)
			count_vm_events(NUMA_PTE_UPDATES, nr_updated);
		return nr_updated;
	}
	return 0;
}
