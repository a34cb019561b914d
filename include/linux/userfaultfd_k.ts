// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the part of include/linux/userfaultfd_k.h (5.17) that the fault path
 * asks. There is no userfaultfd(2), and nothing but a test sets the vma flags.
 * Port: a range that has them behaves as with UFFD_FEATURE_SIGBUS: a fault to
 * be reported is a SIGBUS, and nobody sleeps.
 */
import type { vm_area_struct, vm_fault } from "linux/mm_types.ts";
import {
	VM_FAULT_SIGBUS, type vm_fault_t, VM_UFFD_MISSING, VM_UFFD_WP,
} from "linux/mm.ts";
import { pte_uffd_wp } from "asm/pgtable.ts";

export function userfaultfd_missing(vma: vm_area_struct): boolean {
	return (vma.vm_flags & VM_UFFD_MISSING) !== 0;
}

export function userfaultfd_wp(vma: vm_area_struct): boolean {
	return (vma.vm_flags & VM_UFFD_WP) !== 0;
}

export function userfaultfd_pte_wp(vma: vm_area_struct, pte: number): boolean {
	return userfaultfd_wp(vma) && pte_uffd_wp(pte);
}

export function userfaultfd_armed(vma: vm_area_struct): boolean {
	return (vma.vm_flags & (VM_UFFD_MISSING | VM_UFFD_WP)) !== 0;
}

/** Never called for a speculative fault, which does not hold mmap_lock. */
export function handle_userfault(_vmf: vm_fault, _reason: number): vm_fault_t {
	return VM_FAULT_SIGBUS;
}
