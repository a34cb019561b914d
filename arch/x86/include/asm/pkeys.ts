// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/include/asm/pkeys.h (5.17): the 16 memory keys of an mm, and
 * which are given out.
 * Port: X86_FEATURE_OSPKE is the configuration's symbol: a CPU has keys if the
 * kernel does.
 */
import {
	CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS,
} from "generated/autoconf.ts";
import { EINVAL } from "linux/errno.ts";
import { vm_flags_pkey } from "linux/mm.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import { mmap_assert_write_locked } from "linux/mmap_lock.ts";
import { ARCH_DEFAULT_PKEY } from "linux/pkeys.ts";
import type { task_struct } from "linux/sched.ts";
import {
	__arch_override_mprotect_pkey, __arch_set_user_pkey_access,
	__execute_only_pkey,
} from "../../mm/pkeys.ts";
import { PKRU_BITS_PER_PKEY, read_pkru, write_pkru } from "asm/pkru.ts";
import { PKEY_ACCESS_MASK } from "linux/mman.ts";

export function arch_max_pkey(): number {
	return arch_pkeys_enabled() ? 16 : 1;
}

export function arch_pkeys_enabled(): boolean {
	return CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS;
}

/** The key for what of mm may only be executed, or -1. mmap_lock is held for
 *  writing, for this and what follows but for vma_pkey(). */
export function execute_only_pkey(mm: mm_struct): number {
	if (CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS)
		return __execute_only_pkey(mm);
	return ARCH_DEFAULT_PKEY;
}

/** Which key mprotect() is to give; pkey is what was asked for, -1: nothing. */
export function arch_override_mprotect_pkey(
	vma: vm_area_struct, prot: number, pkey: number,
): number {
	if (CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS)
		return __arch_override_mprotect_pkey(vma, prot, pkey);
	return 0;
}

function mm_set_pkey_allocated(mm: mm_struct, pkey: number): void {
	if (CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS)
		mm.context.pkey_allocation_map |= 1 << pkey;
}

export function mm_set_pkey_free(mm: mm_struct, pkey: number): void {
	if (CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS)
		mm.context.pkey_allocation_map &= ~(1 << pkey);
}

/**
 * Is it a key that the program has got by pkey_alloc(), or key 0? The one for
 * what may be executed only is in the map, but is nobody's to use.
 */
export function mm_pkey_is_allocated(mm: mm_struct, pkey: number): boolean {
	mmap_assert_write_locked(mm);
	if (pkey < 0 || pkey >= arch_max_pkey())
		return false;
	if (CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS) {
		if (pkey === mm.context.execute_only_pkey)
			return false;
		return (mm.context.pkey_allocation_map & (1 << pkey)) !== 0;
	}
	return pkey === ARCH_DEFAULT_PKEY;
}

/** The lowest free key, or -1. */
export function mm_pkey_alloc(mm: mm_struct): number {
	mmap_assert_write_locked(mm);
	if (CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS) {
		const map = mm.context.pkey_allocation_map;

		if (map === (1 << arch_max_pkey()) - 1)
			return -1;
		/* ffz() */
		const pkey = 31 - Math.clz32(~map & (map + 1));

		mm_set_pkey_allocated(mm, pkey);
		return pkey;
	}
	return -1;
}

/** 0, or -EINVAL for a key that is not given out. */
export function mm_pkey_free(mm: mm_struct, pkey: number): number {
	if (!mm_pkey_is_allocated(mm, pkey))
		return -EINVAL;
	mm_set_pkey_free(mm, pkey);
	return 0;
}

/** kernel/fpu/xstate.c: from now on current has the rights of init_val,
 *  PKEY_DISABLE_*, for pages of the key. 0, or an errno. */
export function arch_set_user_pkey_access(
	_tsk: task_struct, pkey: number, init_val: number,
): number {
	if (!arch_pkeys_enabled())
		return -EINVAL;
	return __arch_set_user_pkey_access(pkey, init_val);
}

/** The key of a mapping. */
export function vma_pkey(vma: vm_area_struct): number {
	return vm_flags_pkey(vma.vm_flags);
}

/** pkey_get() of a C library: RDPKRU, and of it the two bits of the key. */
export function user_pkey_rights(pkey: number): number {
	return (read_pkru() >>> (pkey * PKRU_BITS_PER_PKEY)) & PKEY_ACCESS_MASK;
}

/** pkey_set() of a C library: RDPKRU, the two bits of the key, WRPKRU. */
export function user_set_pkey_rights(pkey: number, rights: number): void {
	const shift = pkey * PKRU_BITS_PER_PKEY;

	write_pkru(((read_pkru() & ~(PKEY_ACCESS_MASK << shift)) |
		(rights << shift)) >>> 0);
}
