// SPDX-License-Identifier: GPL-2.0-only
/**
 * What include/linux/mman.h (5.17) takes where an architecture has no bits of
 * its own among PROT_* and those of an entry.
 */

export function arch_calc_vm_prot_bits(_prot: number, _pkey: number): number {
	return 0;
}

export function arch_vm_get_page_prot(_vm_flags: number): number {
	return 0;
}
