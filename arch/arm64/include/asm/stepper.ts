// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the stepper machine and the explorer have to know of the processor: how
 * it orders accesses, what it lacks, and how the bits of an entry are called.
 * The kernel has no such header; pte_bits is in the place of mm/ptdump.c.
 */
import {
	PTE_AF,
	PTE_NG,
	PTE_RDONLY,
	PTE_USER,
	PTE_UXN,
	PTE_VALID,
} from "asm/pgtable-hwdef.ts";
import {
	PTE_DIRTY,
	PTE_PROT_NONE,
	PTE_SPECIAL,
	PTE_WRITE,
} from "asm/pgtable-prot.ts";

/** The memory models that a kernel of it is run under, the strongest first. */
export const memory_models: readonly ("sc" | "tso" | "lkmm")[] = [
	"sc",
	"lkmm",
];

/** Why there is not what a scenario is about; undefined: there is. */
export function lacks(feature: string): string | undefined {
	if (feature === "mm_cpumask" || feature === "mask_trim")
		return "a flush is broadcast, so nobody keeps a mask of CPUs";
	if (feature === "tlb_gen")
		return "a flush is broadcast, so nobody has to catch up";
	return undefined;
}

export function trim_at_next_flush(): void {}

/** A bit; what is said where it is set, and where it is not. */
export const pte_bits: readonly [number, string, string][] = [
	[PTE_VALID, "", "!VALID"],
	[PTE_RDONLY, "RO", "RW"],
	[PTE_USER, "", "!USR"],
	[PTE_AF, "AF", ""],
	[PTE_WRITE, "WRITE", ""],
	[PTE_DIRTY, "DIRTY", ""],
	[PTE_PROT_NONE, "PROT_NONE", ""],
	[PTE_SPECIAL, "SPECIAL", ""],
	[PTE_NG, "", "!NG"],
	[PTE_UXN, "UXN", ""],
];

/** Functions that every instruction, system call and fault comes through. */
export const entry_functions: readonly string[] = [
	"do_el0_svc",
	"invoke_syscall",
	"el0_da",
	"el0_ia",
	"do_mem_abort",
];
