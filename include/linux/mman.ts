// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/mman.h (5.17): overcommit accounting and the way from
 * the user's PROT_ and MAP_ bits to VM_ flags.
 * Left out: the overcommit knobs of /proc/sys/vm.
 */
import {
	VM_EXEC, VM_GROWSDOWN, VM_LOCKED, VM_NOHUGEPAGE, VM_READ, VM_WRITE,
} from "linux/mm.ts";
import type { mm_struct } from "linux/mm_types.ts";
import { arch_calc_vm_prot_bits } from "asm/mman.ts";
import { mm_since } from "linux/version.ts";
import type { percpu_counter } from "linux/percpu_counter.ts";
import { percpu_counter_add } from "linux/percpu_counter.ts";
import {
	MAP_32BIT, MAP_ANONYMOUS, MAP_DENYWRITE, MAP_EXECUTABLE, MAP_FIXED,
	MAP_GROWSDOWN, MAP_HUGETLB, MAP_LOCKED, MAP_NONBLOCK, MAP_NORESERVE,
	MAP_POPULATE, MAP_PRIVATE, MAP_SHARED, MAP_STACK, MAP_UNINITIALIZED,
	PROT_EXEC, PROT_READ, PROT_SEM, PROT_WRITE,
} from "../uapi/linux/mman.ts";

export * from "../uapi/linux/mman.ts";

/** What mmap() with MAP_SHARED has always accepted; MAP_SHARED_VALIDATE
 *  refuses all others. */
export const LEGACY_MAP_MASK = MAP_SHARED | MAP_PRIVATE | MAP_FIXED |
	MAP_ANONYMOUS | MAP_DENYWRITE | MAP_EXECUTABLE | MAP_UNINITIALIZED |
	MAP_GROWSDOWN | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE |
	MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB | MAP_32BIT;

/** Pages that user space may come to need: all VM_ACCOUNT ranges together. */
export const vm_committed_as = DEFINE<percpu_counter>();

export function vm_acct_memory(pages: number): void {
	percpu_counter_add(vm_committed_as, pages);
}

export function vm_unacct_memory(pages: number): void {
	vm_acct_memory(-pages);
}

/** Does the machine know these protection bits? */
export function arch_validate_prot(prot: number, _addr: number): boolean {
	return (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM)) === 0;
}

export function calc_vm_prot_bits(prot: number, pkey: number): number {
	return ((prot & PROT_READ) !== 0 ? VM_READ : 0) |
		((prot & PROT_WRITE) !== 0 ? VM_WRITE : 0) |
		((prot & PROT_EXEC) !== 0 ? VM_EXEC : 0) |
		arch_calc_vm_prot_bits(prot, pkey);
}

/**
 * Port: since 6.7 MAP_STACK means VM_NOHUGEPAGE. There are no huge pages here,
 * but the flag keeps a stack from being merged with other memory.
 */
export function calc_vm_flag_bits(mm: mm_struct, flags: number): number {
	return ((flags & MAP_GROWSDOWN) !== 0 ? VM_GROWSDOWN : 0) |
		((flags & MAP_LOCKED) !== 0 ? VM_LOCKED : 0) |
		((flags & MAP_STACK) !== 0 && mm_since(mm, 6, 7) ? VM_NOHUGEPAGE : 0);
}
