// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/arm64/include/asm/pgtable-prot.h (5.17): the bits of an entry
 * that are software's, and the protections. Left out: kernel mappings, devices,
 * PTE_DEVMAP, execute-only pages (PAGE_EXECONLY, for CPUs with EPAN; on others
 * the kernel makes them readable), BTI, memory tagging.
 * Port: the software bits are those that the hardware's leave free, see
 * asm/pgtable-hwdef.ts.
 */
import {
	PTE_AF,
	PTE_DBM,
	PTE_NG,
	PTE_RDONLY,
	PTE_TYPE_PAGE,
	PTE_USER,
	PTE_UXN,
	PTE_VALID,
} from "asm/pgtable-hwdef.ts";

/** May be written to; with PTE_RDONLY it is clean, without it dirty. */
export const PTE_WRITE = PTE_DBM;
/** Dirty, whatever the hardware's bits say. */
export const PTE_DIRTY = 0x010;
export const PTE_SPECIAL = 0x020;
/** Only where PTE_VALID is clear: present for the kernel. */
export const PTE_PROT_NONE = 0x100;

const _PROT_DEFAULT = PTE_TYPE_PAGE | PTE_AF;
const _PAGE_DEFAULT = _PROT_DEFAULT;

export const PAGE_NONE =
	(_PAGE_DEFAULT & ~PTE_VALID) |
	PTE_PROT_NONE |
	PTE_RDONLY |
	PTE_NG |
	PTE_UXN;
/* What is shared and may be written to is clean at first. */
export const PAGE_SHARED =
	_PAGE_DEFAULT | PTE_USER | PTE_RDONLY | PTE_NG | PTE_UXN | PTE_WRITE;
export const PAGE_SHARED_EXEC =
	_PAGE_DEFAULT | PTE_USER | PTE_RDONLY | PTE_NG | PTE_WRITE;
export const PAGE_READONLY =
	_PAGE_DEFAULT | PTE_USER | PTE_RDONLY | PTE_NG | PTE_UXN;
export const PAGE_READONLY_EXEC =
	_PAGE_DEFAULT | PTE_USER | PTE_RDONLY | PTE_NG;
/* Port: names that other architectures have for private mappings. */
export const PAGE_COPY = PAGE_READONLY;
export const PAGE_COPY_EXEC = PAGE_READONLY_EXEC;
