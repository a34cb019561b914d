// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/mincore.c (5.17): which pages of a range are in memory.
 * Left out: huge pages (mincore_hugetlb()) and swap, and with it migration
 * entries; can_do_mincore(): everybody may ask about every file, as the
 * superuser may. mincore_one() takes the place of the callbacks of a walk,
 * mincore_pte_range() and mincore_unmapped_range().
 */
import { EAGAIN, EFAULT, EINVAL, ENOMEM } from "linux/errno.ts";
import type { address_space } from "linux/fs.ts";
import { GFP_USER, __get_free_page, free_page } from "linux/gfp.ts";
import { find_vma, pte_lockptr, put_page } from "linux/mm.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import { mmap_read_lock, mmap_read_unlock } from "linux/mmap_lock.ts";
import { PageUptodate } from "linux/page-flags.ts";
import {
	pgd_offset,
	pmd_none_or_trans_huge_or_clear_bad,
	pmd_offset,
	pte_offset_map,
	ptep_get,
	pud_none_or_clear_bad,
	pud_offset,
} from "linux/pgtable.ts";
import { spin_lock, spin_unlock } from "linux/spinlock.ts";
import { PAGE_ALIGN } from "asm-generic/page.ts";
import { p4d_none, p4d_offset, pte_none, pte_present } from "asm/pgtable.ts";
import { type pmd_t, PAGE_SIZE, TASK_SIZE } from "asm/pgtable_types.ts";
import { copy_to_user } from "asm/uaccess.ts";
import { store8 } from "host/door.ts";
import { current } from "kernel/sched/core.ts";
import { find_get_page } from "mm/filemap.ts";

/** Is the file's page in the page cache, and filled? Asked without its lock:
 *  the answer is old when it arrives anyway. */
function mincore_page(mapping: address_space, index: number): number {
	let present = 0;
	const page = find_get_page(mapping, index);

	if (page !== NULL) {
		present = PageUptodate(page) ? 1 : 0;
		put_page(page);
	}
	return present;
}

/** What no page table entry maps may still be cached for its file. */
function __mincore_unmapped(addr: number, vma: vm_area_struct): number {
	if (vma.vm_file === NULL)
		return 0;
	const pgoff = vma.vm_pgoff + (addr - vma.vm_start) / PAGE_SIZE;

	return mincore_page(vma.vm_file.f_mapping, pgoff);
}

/** The page table for addr, or NULL. */
function mincore_pmd(mm: mm_struct, addr: number): pmd_t {
	const p4d = p4d_offset(pgd_offset(mm, addr), addr);

	if (p4d_none(p4d.p4d))
		return NULL;
	const pud = pud_offset(p4d, addr);
	if (pud_none_or_clear_bad(pud))
		return NULL;
	const pmd = pmd_offset(pud, addr);
	return pmd_none_or_trans_huge_or_clear_bad(pmd) ? NULL : pmd;
}

/** Port: one page, where the kernel walks a range by callbacks. */
function mincore_one(mm: mm_struct, vma: vm_area_struct, addr: number): number {
	const pmd = mincore_pmd(mm, addr);

	if (pmd === NULL)
		return __mincore_unmapped(addr, vma);
	const ptl = pte_lockptr(mm, pmd);

	spin_lock(ptl);
	const pte = ptep_get(pte_offset_map(pmd, addr));
	spin_unlock(ptl);
	if (pte_none(pte))
		return __mincore_unmapped(addr, vma);
	return pte_present(pte) ? 1 : 0;
}

/**
 * One byte at vec for each page, as far as the first vma and `pages` go.
 * mmap_lock is held at least shared. Returns how many pages, or -ENOMEM where
 * nothing is mapped.
 */
function do_mincore(addr: number, pages: number, vec: number): number {
	const mm = current().mm;
	const vma = find_vma(mm, addr);

	if (vma === NULL || addr < vma.vm_start)
		return -ENOMEM;
	const end = Math.min(vma.vm_end, addr + pages * PAGE_SIZE);
	let n = 0;

	for (; addr < end; addr += PAGE_SIZE) {
		store8(vec + n, mincore_one(mm, vma, addr));
		n++;
	}
	return n;
}

export function sys_mincore(start: number, len: number, vec: number): number {
	if (start % PAGE_SIZE !== 0)
		return -EINVAL;
	/* access_ok(), of the range and of the vector */
	if (len > TASK_SIZE || start > TASK_SIZE - len)
		return -ENOMEM;
	let pages = PAGE_ALIGN(len) / PAGE_SIZE;
	if (pages > TASK_SIZE || vec > TASK_SIZE - pages)
		return -EFAULT;

	const tmp = __get_free_page(GFP_USER);
	if (tmp === 0)
		return -EAGAIN;

	let retval = 0;
	while (pages > 0) {
		/* As many as the buffer has bytes; the lock is not held while
		 * we write to the user, which may fault. */
		mmap_read_lock(current().mm);
		retval = do_mincore(start, Math.min(pages, PAGE_SIZE), tmp);
		mmap_read_unlock(current().mm);

		if (retval <= 0)
			break;
		if (copy_to_user(vec, tmp, retval) !== 0) {
			retval = -EFAULT;
			break;
		}
		pages -= retval;
		vec += retval;
		start += retval * PAGE_SIZE;
		retval = 0;
	}
	free_page(tmp);
	return retval;
}
