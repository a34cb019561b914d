// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the part of include/linux/pgtable.h (5.17) for architectures without
 * HAVE_ARCH_SOFT_DIRTY: nothing is remembered of writes since clear_refs.
 */
export function pte_soft_dirty(_pte: number): boolean {
	return false;
}

export function pte_mksoft_dirty(pte: number): number {
	return pte;
}

export function pte_clear_soft_dirty(pte: number): number {
	return pte;
}
