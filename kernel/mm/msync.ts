// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/msync.c (5.17).
 */
import { EBUSY, EINVAL, ENOMEM } from "linux/errno.ts";
import { get_file } from "linux/fs.ts";
import { VM_LOCKED, VM_SHARED, find_vma_intersection } from "linux/mm.ts";
import { mmap_read_lock, mmap_read_unlock } from "linux/mmap_lock.ts";
import { ulong_add_overflows, ULONG_RANGE } from "linux/overflow.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { fput } from "kernel/fs/file_table.ts";
import { vfs_fsync_range } from "kernel/fs/sync.ts";
import { current } from "kernel/sched/core.ts";

const MS_ASYNC = 1; /* start writing back */
const MS_INVALIDATE = 2; /* forget other mappings' copies */
const MS_SYNC = 4; /* and wait for it */

/** Every page of [start, start + len) has to be mapped; a hole is -ENOMEM, but
 *  only once what comes behind it is dealt with. */
export function sys_msync(start: number, len: number, flags: number): number {
	const mm = current().mm;
	let unmapped_error = 0;

	if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) !== 0)
		return -EINVAL;
	if (start % PAGE_SIZE !== 0)
		return -EINVAL;
	if ((flags & MS_ASYNC) !== 0 && (flags & MS_SYNC) !== 0)
		return -EINVAL;

	/* A length that rounding up takes to 2^64 is 0. */
	len = Math.ceil(len / PAGE_SIZE) * PAGE_SIZE;
	if (len >= ULONG_RANGE)
		len = 0;
	if (ulong_add_overflows(start, len))
		return -ENOMEM;
	const end = start + len;
	if (end === start)
		return 0;

	mmap_read_lock(mm);
	let error = 0;
	for (;;) {
		const vma = find_vma_intersection(mm, start, end);

		if (vma === NULL) {
			error = -ENOMEM;
			break;
		}
		if (start < vma.vm_start) {
			/* What would be started behind the hole is nothing, so
			 * the answer is known. */
			if (flags === MS_ASYNC) {
				error = -ENOMEM;
				break;
			}
			unmapped_error = -ENOMEM;
			start = vma.vm_start;
		}
		if ((flags & MS_INVALIDATE) !== 0 && (vma.vm_flags & VM_LOCKED) !== 0) {
			error = -EBUSY;
			break;
		}
		const file = vma.vm_file;
		const fstart = (start - vma.vm_start) +
			vma.vm_pgoff * PAGE_SIZE;
		const fend = fstart + (Math.min(end, vma.vm_end) - start) - 1;

		start = vma.vm_end;
		if ((flags & MS_SYNC) !== 0 && file !== NULL &&
		    (vma.vm_flags & VM_SHARED) !== 0) {
			/* That may take long: not with the lock held. */
			get_file(file);
			mmap_read_unlock(mm);
			error = vfs_fsync_range(file, fstart, fend);
			fput(file);
			if (error !== 0 || start >= end)
				return error !== 0 ? error : unmapped_error;
			mmap_read_lock(mm);
			continue;
		}
		if (start >= end) {
			error = unmapped_error;
			break;
		}
	}
	mmap_read_unlock(mm);
	return error;
}
