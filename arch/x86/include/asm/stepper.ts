// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the stepper machine and the explorer have to know of the processor: how
 * it orders accesses, what it lacks, and how the bits of an entry are called.
 * The kernel has no such header; pte_bits is in the place of
 * mm/dump_pagetables.c.
 */
import {
	_PAGE_ACCESSED, _PAGE_DIRTY, _PAGE_NX, _PAGE_PRESENT, _PAGE_PROTNONE,
	_PAGE_RW, _PAGE_SPECIAL, _PAGE_UFFD_WP, _PAGE_USER,
} from "asm/pgtable_types.ts";

/** The memory models that a kernel of it is run under, the strongest first. */
export const memory_models: readonly ("sc" | "tso" | "lkmm")[] =
	["sc", "tso", "lkmm"];

/** Why there is not what a scenario is about; undefined: there is. */
export function lacks(feature: string): string | undefined {
	if (feature === "mask_trim")
		return "a CPU leaves a mask by itself, and is not asked to";
	return undefined;
}

export function trim_at_next_flush(): void {}

/** A bit; what is said where it is set, and where it is not. */
export const pte_bits: readonly [number, string, string][] = [
	[_PAGE_PRESENT, "", "!P"],
	[_PAGE_RW, "RW", "RO"],
	[_PAGE_USER, "", "!US"],
	[_PAGE_ACCESSED, "A", ""],
	[_PAGE_DIRTY, "D", ""],
	[_PAGE_PROTNONE, "PROTNONE", ""],
	[_PAGE_SPECIAL, "SPECIAL", ""],
	[_PAGE_UFFD_WP, "UFFD_WP", ""],
	[_PAGE_NX, "NX", ""],
];

/** Functions that every instruction, system call and fault comes through. */
export const entry_functions: readonly string[] =
	["do_syscall_64", "exc_page_fault"];
