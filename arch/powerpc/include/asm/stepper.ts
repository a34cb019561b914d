// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the stepper machine and the explorer have to know of the processor: how
 * it orders accesses, what it lacks, and how the bits of an entry are called.
 * The kernel has no such header; pte_bits is in the place of
 * mm/ptdump/book3s64.c.
 */
import {
	_PAGE_ACCESSED,
	_PAGE_DIRTY,
	_PAGE_EXEC,
	_PAGE_INVALID,
	_PAGE_PRESENT,
	_PAGE_PRIVILEGED,
	_PAGE_PTE,
	_PAGE_READ,
	_PAGE_SPECIAL,
	_PAGE_WRITE,
} from "asm/book3s/64/pgtable-bits.ts";

export {
	trim_at_next_flush,
} from "../../mm/book3s64/radix_tlb.ts";

/** The memory models that a kernel of it is run under, the strongest first. */
export const memory_models: readonly ("sc" | "tso" | "lkmm")[] = [
	"sc",
	"lkmm",
];

/** Why there is not what a scenario is about; undefined: there is. */
export function lacks(feature: string): string | undefined {
	if (feature === "tlb_gen")
		return "a flush is broadcast, so nobody has to catch up";
	return undefined;
}

/** A bit; what is said where it is set, and where it is not. */
export const pte_bits: readonly [number, string, string][] = [
	[_PAGE_PRESENT, "", "!PRESENT"],
	[_PAGE_INVALID, "INVALID", ""],
	[_PAGE_PTE, "", "!PTE"],
	[_PAGE_PRIVILEGED, "PRIVILEGED", ""],
	[_PAGE_READ, "R", ""],
	[_PAGE_WRITE, "W", ""],
	[_PAGE_EXEC, "X", ""],
	[_PAGE_ACCESSED, "ACCESSED", ""],
	[_PAGE_DIRTY, "DIRTY", ""],
	[_PAGE_SPECIAL, "SPECIAL", ""],
];

/** Functions that every instruction, system call and fault comes through. */
export const entry_functions: readonly string[] = [
	"system_call_exception",
	"data_access",
	"instruction_access",
	"do_page_fault",
	"__do_page_fault",
	"___do_page_fault",
];
