// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the first half of arch/powerpc/include/asm/book3s/64/pgtable.h and of
 * radix.h (5.17): the bits of an entry, protections, the geometry of tables.
 * Left out: the hash MMU, kernel mappings, memory that is not cached or ordered
 * otherwise (_PAGE_SAO, _PAGE_NON_IDEMPOTENT, _PAGE_TOLERANT), _PAGE_DEVMAP,
 * _PAGE_SOFT_DIRTY, keys in entries, which radix has not.
 *
 * Port: an entry is one 32-bit word, so that it is atomic, with the frame in
 * the bits from PAGE_SHIFT to 31. The others are where they are in the lower
 * half of the real one; the three of its top are in the places of _PAGE_SAO,
 * _PAGE_NON_IDEMPOTENT and _RPAGE_RSV1. A table has as many entries as the real
 * one, and its place in memory is as large: it uses half.
 */
import {
	CONFIG_PPC_64K_PAGES, CONFIG_PPC_PAGE_SHIFT,
} from "generated/autoconf.ts";
import {
	RADIX_PGD_INDEX_SIZE as PGD_4K,
	RADIX_PMD_INDEX_SIZE as PMD_4K,
	RADIX_PTE_INDEX_SIZE as PTE_4K,
	RADIX_PUD_INDEX_SIZE as PUD_4K,
} from "asm/book3s/64/radix-4k.ts";
import {
	RADIX_PGD_INDEX_SIZE as PGD_64K,
	RADIX_PMD_INDEX_SIZE as PMD_64K,
	RADIX_PTE_INDEX_SIZE as PTE_64K,
	RADIX_PUD_INDEX_SIZE as PUD_64K,
} from "asm/book3s/64/radix-64k.ts";

export const PAGE_SHIFT = CONFIG_PPC_PAGE_SHIFT;
export const PAGE_SIZE: number = 2 ** PAGE_SHIFT;

const RADIX_PTE_INDEX_SIZE: number = CONFIG_PPC_64K_PAGES ? PTE_64K : PTE_4K;
const RADIX_PMD_INDEX_SIZE: number = CONFIG_PPC_64K_PAGES ? PMD_64K : PMD_4K;
const RADIX_PUD_INDEX_SIZE: number = CONFIG_PPC_64K_PAGES ? PUD_64K : PUD_4K;
const RADIX_PGD_INDEX_SIZE: number = CONFIG_PPC_64K_PAGES ? PGD_64K : PGD_4K;

/* What the hardware looks at. */
export const _PAGE_EXEC = 0x001;
export const _PAGE_WRITE = 0x002;
export const _PAGE_READ = 0x004;
export const _PAGE_RW = _PAGE_READ | _PAGE_WRITE;
export const _PAGE_RWX = _PAGE_READ | _PAGE_WRITE | _PAGE_EXEC;
/** For the kernel only. */
export const _PAGE_PRIVILEGED = 0x008;
/** A page, not a table. */
export const _PAGE_PTE = 0x020;
/** There is a translation. */
export const _PAGE_PRESENT = 0x040;
/** C: changed, that is, written to. */
export const _PAGE_DIRTY = 0x080;
/** R: referenced. */
export const _PAGE_ACCESSED = 0x100;

/* Software's. */
/** Without _PAGE_PRESENT: present all the same, but the hardware is to keep its
 *  hands off while the entry is changed. */
export const _PAGE_INVALID = 0x010;
export const _PAGE_SPECIAL = 0x400;

/** The number of the page, as an address. */
export const PTE_RPN_MASK = -PAGE_SIZE;

/** What stays when the protection changes. */
export const _PAGE_CHG_MASK =
	PTE_RPN_MASK | _PAGE_DIRTY | _PAGE_ACCESSED | _PAGE_SPECIAL | _PAGE_PTE;

const _PAGE_BASE = _PAGE_PRESENT | _PAGE_ACCESSED;

export const PAGE_NONE = _PAGE_BASE | _PAGE_PRIVILEGED;
export const PAGE_SHARED = _PAGE_BASE | _PAGE_RW;
export const PAGE_SHARED_X = _PAGE_BASE | _PAGE_RW | _PAGE_EXEC;
export const PAGE_COPY = _PAGE_BASE | _PAGE_READ;
export const PAGE_COPY_X = _PAGE_BASE | _PAGE_READ | _PAGE_EXEC;
export const PAGE_READONLY = _PAGE_BASE | _PAGE_READ;
export const PAGE_READONLY_X = _PAGE_BASE | _PAGE_READ | _PAGE_EXEC;

/* ---- geometry ---- */

export const __PAGETABLE_P4D_FOLDED: boolean = true;
export const __PAGETABLE_PUD_FOLDED: boolean = false;
export const __PAGETABLE_PMD_FOLDED: boolean = false;
export const PTRS_PER_PTE = 2 ** RADIX_PTE_INDEX_SIZE;
export const PTRS_PER_PMD = 2 ** RADIX_PMD_INDEX_SIZE;
export const PTRS_PER_PUD = 2 ** RADIX_PUD_INDEX_SIZE;
export const PTRS_PER_PGD = 2 ** RADIX_PGD_INDEX_SIZE;
export const PMD_SHIFT = PAGE_SHIFT + RADIX_PTE_INDEX_SIZE;
export const PMD_SIZE = 2 ** PMD_SHIFT;
export const PUD_SHIFT = PMD_SHIFT + RADIX_PMD_INDEX_SIZE;
export const PUD_SIZE = 2 ** PUD_SHIFT;
export const PGDIR_SHIFT = PUD_SHIFT + RADIX_PUD_INDEX_SIZE;
export const PGDIR_SIZE = 2 ** PGDIR_SHIFT;
/** The p4d is folded into the pgd. */
export const P4D_SIZE = PGDIR_SIZE;
/** End of what the tables can translate. */
export const RADIX_PGTABLE_RANGE = PGDIR_SIZE * PTRS_PER_PGD;

/* Of an entry above the last level: the hardware is told the size of the table
 * that it points to. */
export const PMD_VAL_BITS = _PAGE_PRESENT | RADIX_PTE_INDEX_SIZE;
export const PUD_VAL_BITS = _PAGE_PRESENT | RADIX_PMD_INDEX_SIZE;
export const PGD_VAL_BITS = _PAGE_PRESENT | RADIX_PUD_INDEX_SIZE;
/** Such an entry has none of these: a page, and what is reserved. */
export const RADIX_PMD_BAD_BITS = _PAGE_PTE | 0x080;
/** What of such an entry is no address. */
export const PMD_MASKED_BITS = 0xff;

/** Empty is empty: the hardware may write R and C back to it. */
export const RADIX_PTE_NONE_MASK = _PAGE_DIRTY | _PAGE_ACCESSED;

/* The room of a table in memory. */
export const PTE_TABLE_SIZE: number = 2 ** (RADIX_PTE_INDEX_SIZE + 3);
export const PMD_TABLE_SIZE: number = 2 ** (RADIX_PMD_INDEX_SIZE + 3);
export const PUD_TABLE_SIZE: number = 2 ** (RADIX_PUD_INDEX_SIZE + 3);
export const PGD_TABLE_SHIFT = RADIX_PGD_INDEX_SIZE + 3;

/* Tables of ptes and pmds that are smaller than a page share one; tables of
 * puds come from a slab. */
export const PTE_FRAG_SIZE: number = PTE_TABLE_SIZE;
export const PTE_FRAG_NR: number = PAGE_SIZE / PTE_FRAG_SIZE;
export const PMD_FRAG_SIZE: number = PMD_TABLE_SIZE;
export const PMD_FRAG_NR: number = PAGE_SIZE / PMD_FRAG_SIZE;

/** Which kind of table a pointer is one to, in its lowest bits. */
export const PTE_INDEX = 0;
export const PMD_INDEX = 1;
export const PUD_INDEX = 2;
export const MAX_PGTABLE_INDEX_SIZE = 0xf;
