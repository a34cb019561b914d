// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a program has stored is known to the kernel: some entry that maps the
 * page is dirty, or the page itself is. If not, reclaim throws the page away,
 * and with it the store, as soon as it looks for memory.
 *
 * The machine remembers the pages to which user mode has stored since they
 * were free (ram.ts). But for files on a disk nothing is written back, so nobody
 * makes a page clean but MADV_FREE, and only anonymous ones: what it leaves is up to reclaim(),
 * which does what Linux would do with it, so that the program sees what is lost.
 */
import { mmu_entry, mmu_lookup } from "asm/mmu.ts";
import { pte_dirty, pte_page, pte_pfn, pte_present } from "asm/pgtable.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { pfn_to_page } from "asm-generic/memory_model.ts";
import { stored_frames } from "host/ram.ts";
import { init_task } from "kernel/fork.ts";
import { current } from "kernel/sched/core.ts";
import type { address_space } from "linux/fs.ts";
import type { mm_struct, page, vm_area_struct } from "linux/mm_types.ts";
import { page_mapped } from "linux/mm.ts";
import { PageAnon, PageDirty } from "linux/page-flags.ts";
import { next_task } from "linux/sched/signal.ts";
import { check_that, lazyfree, madvise_dontneed } from "./scenario.ts";

/** Reclaim, in need of memory: what is mapped in the range, and clean, goes. Undisturbed. */
export function reclaim(addr: number, len: number): void {
	for (const end = addr + len; addr < end; addr += PAGE_SIZE) {
		const pte = mmu_lookup(current().mm.pgd, addr);

		if (pte === 0 || pte_dirty(pte) || PageDirty(pte_page(pte))) continue;
		madvise_dontneed(addr, PAGE_SIZE);
	}
}

/** Frames that the address space maps, and those that a dirty entry of it does. */
function note_mapped(mm: mm_struct, mapped: Set<number>, dirty: Set<number>): void {
	for (let vma: vm_area_struct = mm.mmap; vma !== NULL; vma = vma.vm_next) {
		for (let addr = vma.vm_start; addr < vma.vm_end; addr += PAGE_SIZE) {
			const pte = mmu_entry(mm.pgd, addr);

			/* Also one that is kept while nobody may use it, as by PROT_NONE. */
			if (!pte_present(pte)) continue;
			mapped.add(pte_pfn(pte));
			if (pte_dirty(pte)) dirty.add(pte_pfn(pte));
		}
	}
}

/** Is there a disk for what is in this file? */
function written_back(mapping: address_space): boolean {
	const a_ops = mapping.a_ops;

	return Boolean(a_ops && a_ops.writepage);
}

/** At the end of an execution. */
export function check_stores(): void {
	const mapped = new Set<number>();
	const dirty = new Set<number>();

	for (let t = next_task(init_task); t !== init_task; t = next_task(t)) {
		if (t.mm !== NULL) note_mapped(t.mm, mapped, dirty);
	}
	for (const frame of stored_frames()) {
		const page: page = pfn_to_page(frame);
		const anon = PageAnon(page);

		/* Nobody's any more, though somebody has a reference. */
		if (anon ? !page_mapped(page) || lazyfree() : page.mapping === 0) continue;
		/* It may have been written back: scenarios/disk.ts asks the disk. */
		if (!anon && written_back(cast<address_space>(page.mapping))) continue;
		const where = (frame * PAGE_SIZE).toString(16);

		/* What it maps is left with it, and no store is lost. */
		check_that(
			!anon || mapped.has(frame),
			`the page at ${where} is mapped in an address space that no task has, and that is left`,
		);
		check_that(
			dirty.has(frame) || PageDirty(page),
			`a store to the page at ${where} is lost: neither the page nor an entry that maps it is dirty`,
		);
	}
}
