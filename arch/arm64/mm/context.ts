// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/arm64/mm/context.c (5.17): which tables a CPU walks, and the
 * ASIDs that tell the translations of address spaces from each other.
 * Left out: errata, tasks that pin an ASID, the number of bits, isolation.
 *
 * Port: an ASID has 31 bits and is given away once, when the mm is made. So
 * there is no generation and no rollover (new_context(), flush_context(),
 * check_update_reserved_asid()): of an ASID that is used no more, entries may
 * stay in TLBs, and nobody will ask for them.
 */
import { CONFIG_DEBUG_VM } from "generated/autoconf.ts";
import { BUG_ON } from "linux/bug.ts";
import type { mm_struct } from "linux/mm_types.ts";
import type { pgd_t } from "asm/pgtable_types.ts";
import { init_mm } from "mm/init-mm.ts";

interface asid_data extends struct {
	last: int; /* given away; 0 is nobody's; atomic */
}
const asids = DEFINE<asid_data>();

/** The registers that the MMU works by. All fields: its CPU only, with
 *  interrupts off. */
export interface mmu_registers extends struct {
	ttbr0: pgd_t; /* what is walked; NULL: nothing */
	tcr: int; /* TCR_HA, TCR_HD: what of entries is changed by hardware */
	asid: int; /* and how it is tagged what was found */
	loaded_mm: mm_struct; /* whose that is; init_mm or NULL: nobody's */
}
export const mmu_registers = DEFINE_PER_CPU<mmu_registers>();

/**
 * mm/proc.S: what a CPU does by itself is set up when it comes up. Also for
 * tests: the kernel has to be right with a CPU that does less.
 */
export function set_tcr(tcr: number): void {
	this_cpu(mmu_registers).tcr = tcr;
}

/** An ASID for a fresh mm. */
export function new_context(mm: mm_struct): void {
	const asid = fetch_add(asids.last, 1) + 1;

	if (CONFIG_DEBUG_VM) BUG_ON(asid <= 0, "all ASIDs are given away");
	mm.context.ctx_id = asid;
}

/** cpu_set_reserved_ttbr0(): walk nothing. */
export function cpu_set_reserved_ttbr0(): void {
	const regs = this_cpu(mmu_registers);

	regs.ttbr0 = NULL;
	regs.asid = 0;
	regs.loaded_mm = init_mm;
}

/** Walk mm's tables from now on. Interrupts are off. */
export function check_and_switch_context(mm: mm_struct): void {
	const regs = this_cpu(mmu_registers);

	/* cpu_switch_mm() */
	regs.ttbr0 = mm.pgd;
	regs.asid = mm.context.ctx_id;
	regs.loaded_mm = mm;
}
