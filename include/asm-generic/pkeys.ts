// SPDX-License-Identifier: GPL-2.0-only
/**
 * Memory keys of an architecture that has none: there is key 0, and it takes
 * nothing away. Mirrors the #else of include/linux/pkeys.h (5.17), and of
 * asm-generic/mman-common.h and linux/mman.h what goes with it.
 */
import { EINVAL } from "linux/errno.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import type { task_struct } from "linux/sched.ts";

/** How many keys there are, key 0 included. */
export function arch_max_pkey(): number {
	return 1;
}

/** The key for what of mm may only be executed, or -1. mmap_lock is held for
 *  writing, for this and the next four. */
export function execute_only_pkey(_mm: mm_struct): number {
	return 0;
}

/** Which key mprotect() is to give; pkey is what was asked for, -1: nothing. */
export function arch_override_mprotect_pkey(
	_vma: vm_area_struct, _prot: number, _pkey: number,
): number {
	return 0;
}

/** Is it a key that the program has got by pkey_alloc(), or key 0? */
export function mm_pkey_is_allocated(_mm: mm_struct, pkey: number): boolean {
	return pkey === 0;
}

/** A free key, or -1. */
export function mm_pkey_alloc(_mm: mm_struct): number {
	return -1;
}

/** 0, or -EINVAL for a key that is not given out. */
export function mm_pkey_free(_mm: mm_struct, _pkey: number): number {
	return -EINVAL;
}

/** From now on current has the rights of init_val, PKEY_DISABLE_*, for pages of
 *  the key. 0, or an errno. */
export function arch_set_user_pkey_access(
	_tsk: task_struct, _pkey: number, _init_val: number,
): number {
	return 0;
}

/** The key of a mapping. */
export function vma_pkey(_vma: vm_area_struct): number {
	return 0;
}

export function arch_pkeys_enabled(): boolean {
	return false;
}

/** The user's instructions that read and write the rights of one key, as
 *  pkey_get() and pkey_set() of a C library do: PKEY_DISABLE_*. */
export function user_pkey_rights(_pkey: number): number {
	return 0;
}

export function user_set_pkey_rights(_pkey: number, _rights: number): void {}
