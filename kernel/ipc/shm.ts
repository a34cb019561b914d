// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors of ipc/shm.c (5.17) what a mapping of a System V segment is: one
 * whose vm_operations have a close(), so that it merges with nothing, not even
 * with what it was split from.
 * Port: a segment is a file that sim_open() names (O_SIM_SHM), and shmat() and
 * shmdt() are mmap() and munmap(). Left out: shmget(), shmctl() and their keys,
 * permissions and limits, namespaces, segments of huge pages, and how many are
 * attached, for which nobody asks.
 */
import type { file } from "linux/fs.ts";
import { mmap_assert_locked } from "linux/mmap_lock.ts";
import type {
	vm_area_struct, vm_fault, vm_operations_struct,
} from "linux/mm_types.ts";
import type { vm_fault_t } from "linux/mm.ts";
import { generic_file_vm_ops } from "mm/filemap.ts";

/** One more is attached. mmap_lock is held for writing. */
function shm_open(vma: vm_area_struct): void {
	mmap_assert_locked(vma.vm_mm);
}

/** One less. mmap_lock is held, or nobody is left who could take it. */
function shm_close(_vma: vm_area_struct): void {}

/** The segment's own file has the pages. mmap_lock is held for reading. */
function shm_fault(vmf: vm_fault): vm_fault_t {
	return generic_file_vm_ops.fault!(vmf);
}

const shm_vm_ops: vm_operations_struct = RODATA({
	open: shm_open,
	close: shm_close,
	fault: shm_fault,
});

/** Called with mmap_lock held for writing. */
export function shm_mmap(_file: file, vma: vm_area_struct): number {
	vma.vm_ops = shm_vm_ops;
	return 0;
}

/** Is it a mapping of a segment? */
export function is_vm_shm(vma: vm_area_struct): boolean {
	return vma.vm_ops === shm_vm_ops;
}
