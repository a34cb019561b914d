// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the part of mm/shmem.c (5.17) behind MAP_SHARED|MAP_ANONYMOUS: a file
 * without a name whose pages are born zeroed.
 * Left out: tmpfs as a file system (all inode, directory, xattr, export and
 * mount operations, read, write, fallocate, truncate), swap (shmem_writepage(),
 * shmem_unuse() and their like), huge pages, seals, memory policies, quotas,
 * shmem_lock(), userfaultfd.
 */
import type { address_space, file, file_operations, inode } from "linux/fs.ts";
import { FMODE_READ, FMODE_WRITE, S_SHMEM } from "linux/fs.ts";
import type { vm_area_struct, vm_fault, vm_operations_struct, page } from "linux/mm_types.ts";
import { ENOSPC } from "linux/errno.ts";
import { ERR_PTR, IS_ERR, PTR_ERR } from "linux/err.ts";
import { __GFP_ZERO, alloc_page } from "linux/gfp.ts";
import { __SetPageSwapBacked, SetPageUptodate } from "linux/page-flags.ts";
import { vm_unacct_memory } from "linux/mman.ts";
import { put_page, VM_NORESERVE, VM_FAULT_LOCKED, VM_FAULT_OOM, VM_FAULT_SIGBUS, type vm_fault_t } from "linux/mm.ts";
import { i_size_read, mapping_gfp_mask } from "linux/pagemap.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { ENOMEM } from "linux/errno.ts";
import { add_to_page_cache_lru, filemap_map_pages, find_lock_page } from "mm/filemap.ts";
import { current } from "kernel/sched/core.ts";
import { security_vm_enough_memory_mm } from "mm/util.ts";
import { alloc_file, fput } from "kernel/fs/file_table.ts";
import { iput, new_inode } from "kernel/fs/inode.ts";

/** The page at index, locked and referenced, made if there is none; NULL
 *  without memory. */
function shmem_getpage(mapping: address_space, index: number): page {
	for (;;) {
		const found = find_lock_page(mapping, index);
		if (found !== NULL) return found;

		const page = alloc_page(mapping_gfp_mask(mapping) | __GFP_ZERO);
		if (page === NULL) return NULL;
		/* Counts as shmem, not as file, in rss; before others see
		 * it. */
		__SetPageSwapBacked(page);
		SetPageUptodate(page);
		const error = add_to_page_cache_lru(page, mapping, index,
			mapping_gfp_mask(mapping));
		if (error === 0) return page;
		put_page(page);
		if (error === -ENOMEM) return NULL;
	}
}

/**
 * Is there memory for a file of `size` bytes?
 * Port: only what no machine has is refused (see mm/util.ts), so nothing stays
 * accounted that the end of the inode would have to give back.
 */
function shmem_acct_size(flags: number, size: number): number {
	if ((flags & VM_NORESERVE) !== 0) return 0;
	const pages = Math.ceil(size / PAGE_SIZE);
	const error = security_vm_enough_memory_mm(current().mm, pages);

	if (error === 0) vm_unacct_memory(pages);
	return error;
}

/** mmap_lock is held for reading, before and after. */
export function shmem_fault(vmf: vm_fault): vm_fault_t {
	const file: file = vmf.vma.vm_file;
	const mapping = file.f_mapping;

	if (vmf.pgoff >= Math.ceil(i_size_read(mapping.host) / PAGE_SIZE))
		return VM_FAULT_SIGBUS;
	vmf.page = shmem_getpage(mapping, vmf.pgoff);
	return vmf.page === NULL ? VM_FAULT_OOM : VM_FAULT_LOCKED;
}

/** No page_mkwrite: nothing is written back, and nobody needs to be told. */
export const shmem_vm_ops: vm_operations_struct = RODATA({
	fault: shmem_fault,
	map_pages: filemap_map_pages,
});

export function shmem_mmap(_file: file, vma: vm_area_struct): number {
	vma.vm_ops = shmem_vm_ops;
	return 0;
}

const shmem_file_operations: file_operations = RODATA({
	mmap: shmem_mmap,
});

function shmem_get_inode(): inode {
	const inode = new_inode();

	if (inode !== NULL) inode.i_flags = S_SHMEM;
	return inode;
}

/** An unlinked file of `size` bytes, or an error pointer. `flags` are those of
 *  the vma that it is for. */
export function shmem_kernel_file_setup(size: number, flags: number): file {
	if (shmem_acct_size(flags, size)) return ERR_PTR(-ENOMEM);

	const inode = shmem_get_inode();

	if (inode === NULL) return ERR_PTR(-ENOSPC);
	inode.i_size = size;
	const res = alloc_file(inode, FMODE_READ | FMODE_WRITE);
	if (IS_ERR(res)) iput(inode);
	else res.f_op = shmem_file_operations;
	return res;
}

/** Put shared memory behind an anonymous shared mapping. mmap_lock is held for
 *  writing. */
export function shmem_zero_setup(vma: vm_area_struct): number {
	const size = vma.vm_end - vma.vm_start;
	const file = shmem_kernel_file_setup(size, vma.vm_flags);

	if (IS_ERR(file)) return PTR_ERR(file);
	if (vma.vm_file !== NULL) fput(vma.vm_file);
	vma.vm_file = file;
	vma.vm_ops = shmem_vm_ops;
	return 0;
}
