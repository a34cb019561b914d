// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/include/uapi/asm/mman.h (5.17): a memory key on its way to
 * the flags of a vma, and from there to the bits of an entry.
 */
import { pkey_vm_flags, vm_flags_pkey } from "linux/mm.ts";
import { pkey_pte_flags } from "asm/pgtable_types.ts";

export function arch_calc_vm_prot_bits(_prot: number, pkey: number): number {
	return pkey_vm_flags(pkey);
}

export function arch_vm_get_page_prot(vm_flags: number): number {
	return pkey_pte_flags(vm_flags_pkey(vm_flags));
}
