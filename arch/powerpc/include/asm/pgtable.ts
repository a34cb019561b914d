// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/powerpc/include/asm/pgtable.h (5.17): the operations on entries,
 * of the one family of processors that is ported, and those that all families
 * have. Left out: kernel mappings, what the memory of a mapping is like.
 */
export * from "asm/book3s/64/pgtable.ts";
export { ptep_set_access_flags, set_pte_at } from "../../mm/pgtable.ts";
export {
	ptep_modify_prot_commit,
	ptep_modify_prot_start,
} from "../../mm/book3s64/pgtable.ts";
/* linux/pgtable.h, without HAVE_ARCH_SOFT_DIRTY */
export {
	pte_clear_soft_dirty, pte_mksoft_dirty, pte_soft_dirty,
} from "asm-generic/soft_dirty.ts";
