// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the MMUs of all architectures here have in common: each CPU's TLB, which
 * is an array in RAM, and a look at the tables for checks. Mirrors no file of
 * the kernel, where an MMU is hardware.
 *
 * A translation is tagged with the number of its address space, so that a
 * switch of those empties nothing. The array is direct-mapped; on the stepper
 * any entry holds any translation, and none goes but by a flush, so that what
 * should have been flushed is there to be used.
 */
import {
	CONFIG_ARCH_HOST_STEPPER, CONFIG_HIGHMEM,
} from "generated/autoconf.ts";
import { BUG_ON } from "linux/bug.ts";
import {
	p4d_offset, p4d_present, pmd_present, pud_present,
} from "asm/pgtable.ts";
import type { p4d_t, pgd_t } from "asm/pgtable_types.ts";
import {
	pgd_offset_pgd, pmd_offset_lockless, pte_offset_map_val,
	pud_offset_lockless,
} from "linux/pgtable.ts";

export const TLB_ENTRIES = 256;

/** A cached translation. Valid while ctx_id is not 0. All fields: its CPU only;
 *  where a flush is broadcast, others read vpn and clear ctx_id. */
export interface tlb_entry extends struct {
	vpn: ulong; /* address / PAGE_SIZE */
	ctx_id: int; /* of the address space: ctx_id, ASID */
	pte: int; /* as it was when it was walked */
}

/** All fields: its CPU only, as in tlb_entry. */
export interface cpu_tlb extends struct {
	entry: array<embed<tlb_entry>, 256>;
	/* None is valid from here on. */
	used: ifdef<"CONFIG_ARCH_HOST_STEPPER", int>;
}
export const cpu_tlb = DEFINE_PER_CPU<cpu_tlb>();

/** Entries of a TLB that may be valid. */
export function tlb_used(tlb: cpu_tlb): number {
	if (CONFIG_ARCH_HOST_STEPPER) return tlb.used;
	return TLB_ENTRIES;
}

/** Where a page's translation is, or has its place; the stepper's goes into
 *  the first entry that is free, and no other one has to leave for it. */
export function tlb_slot(vpn: number, ctx_id: number): tlb_entry {
	const tlb = this_cpu(cpu_tlb);

	if (!CONFIG_ARCH_HOST_STEPPER)
		return tlb.entry[vpn & (TLB_ENTRIES - 1)];
	const used = tlb.used;
	let free = used;

	for (let i = 0; i < used; i++) {
		const e: tlb_entry = tlb.entry[i];
		const ctx = e.ctx_id;
		if (ctx === 0) free = i < free ? i : free;
		else if (ctx === ctx_id && e.vpn === vpn) return e;
	}
	BUG_ON(free === TLB_ENTRIES, "all TLB entries are in use");
	if (free === used) tlb.used = used + 1;
	return tlb.entry[free];
}

/** A word that has a frame in its upper bits, an entry or an address, as a
 *  number that is not negative. Without HIGHMEM it is none anyway. */
export function mmu_positive(word: number): number {
	return CONFIG_HIGHMEM ? word >>> 0 : word;
}

/** The entry that points to addr's table of ptes, in tables that nobody
 *  changes; 0: none. For checks. */
export function mmu_table(root: pgd_t, addr: number): number {
	const p4d: p4d_t = p4d_offset(pgd_offset_pgd(root, addr), addr);

	if (!p4d_present(p4d.p4d)) return 0;
	const pud = pud_offset_lockless(p4d, p4d.p4d, addr);

	if (!pud_present(pud.pud)) return 0;
	const pmd = pmd_offset_lockless(pud, pud.pud, addr);

	return pmd_present(pmd.pmd) ? pmd.pmd : 0;
}

/** The same of the entry behind addr, whatever it is. For checks. */
export function mmu_entry(root: pgd_t, addr: number): number {
	const pmdval = mmu_table(root, addr);

	return pmdval === 0 ? 0 : pte_offset_map_val(pmdval, addr).pte;
}

/** Which tables a CPU has cached, where its walks go through all levels each
 *  time: calls fn never. For checks. */
export function mmu_no_tables(
	_cpu: number,
	_fn: (addr: number, pmd: number, ctx_id: number) => void,
): void {}
