// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/mm/pkeys.c (5.17): the key for what may be executed only,
 * and which key mprotect() gives. With arch_set_user_pkey_access() of
 * arch/x86/kernel/fpu/xstate.c.
 * Left out: init_pkru as a boot parameter and a file.
 */
import {
	CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS,
} from "generated/autoconf.ts";
import { EINVAL } from "linux/errno.ts";
import { VM_ACCESS_FLAGS, VM_EXEC } from "linux/mm.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import {
	PKEY_DISABLE_ACCESS, PKEY_DISABLE_WRITE, PROT_EXEC,
} from "linux/mman.ts";
import { mmap_assert_write_locked } from "linux/mmap_lock.ts";
import { ARCH_DEFAULT_PKEY } from "linux/pkeys.ts";
import {
	arch_max_pkey, execute_only_pkey, mm_pkey_alloc, mm_set_pkey_free,
	vma_pkey,
} from "asm/pkeys.ts";
import {
	__pkru_allows_read, PKRU_AD_BIT, PKRU_BITS_PER_PKEY, PKRU_WD_BIT,
	read_pkru, write_pkru,
} from "asm/pkru.ts";

/** The mm's key for what may be executed only: no access to data. -1 if all
 *  keys are taken. mmap_lock is held for writing. */
export function __execute_only_pkey(mm: mm_struct): number {
	if (CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS) {
		let execute_only_pkey = mm.context.execute_only_pkey;
		let need_to_set_mm_pkey = false;

		mmap_assert_write_locked(mm);
		if (execute_only_pkey === -1) {
			execute_only_pkey = mm_pkey_alloc(mm);
			if (execute_only_pkey < 0)
				return -1;
			need_to_set_mm_pkey = true;
		}
		/* This thread has it set up: who may not read may not write. */
		if (!need_to_set_mm_pkey &&
		    !__pkru_allows_read(read_pkru(), execute_only_pkey))
			return execute_only_pkey;

		/* The other threads have what they had, which from an execve()
		 * on is the same. */
		const ret = __arch_set_user_pkey_access(execute_only_pkey,
			PKEY_DISABLE_ACCESS);

		if (ret) {
			mm_set_pkey_free(mm, execute_only_pkey);
			return -1;
		}
		if (need_to_set_mm_pkey)
			mm.context.execute_only_pkey = execute_only_pkey;
		return execute_only_pkey;
	}
	return ARCH_DEFAULT_PKEY;
}

function vma_is_pkey_exec_only(vma: vm_area_struct): boolean {
	if (CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS) {
		const mm: mm_struct = vma.vm_mm;

		/* What may be executed, and nothing else ... */
		if ((vma.vm_flags & VM_ACCESS_FLAGS) !== VM_EXEC)
			return false;
		/* ... by way of the key, and not because somebody gave it
		 * another one. */
		return vma_pkey(vma) === mm.context.execute_only_pkey;
	}
	return false;
}

/** Which key mprotect() gives to vma, with pkey: pkey_mprotect() does. */
export function __arch_override_mprotect_pkey(
	vma: vm_area_struct, prot: number, pkey: number,
): number {
	/* It was asked for. */
	if (pkey !== -1)
		return pkey;
	if (prot === PROT_EXEC) {
		pkey = execute_only_pkey(vma.vm_mm);
		if (pkey > 0)
			return pkey;
	} else if (vma_is_pkey_exec_only(vma)) {
		/* It is not execute-only any longer. */
		return ARCH_DEFAULT_PKEY;
	}
	/* A plain mprotect() leaves the key alone. */
	return vma_pkey(vma);
}

/** The rights of current, which is the one that runs: PKRU is its own. */
export function __arch_set_user_pkey_access(
	pkey: number, init_val: number,
): number {
	const pkey_shift = pkey * PKRU_BITS_PER_PKEY;
	let new_pkru_bits = 0;

	if (pkey >= arch_max_pkey())
		return -EINVAL;
	if ((init_val & PKEY_DISABLE_ACCESS) !== 0)
		new_pkru_bits |= PKRU_AD_BIT;
	if ((init_val & PKEY_DISABLE_WRITE) !== 0)
		new_pkru_bits |= PKRU_WD_BIT;

	const old_pkru = read_pkru() &
		~((PKRU_AD_BIT | PKRU_WD_BIT) << pkey_shift);

	write_pkru((old_pkru | (new_pkru_bits << pkey_shift)) >>> 0);
	return 0;
}
