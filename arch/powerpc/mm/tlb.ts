// SPDX-License-Identifier: GPL-2.0-only
/**
 * The instructions that maintain TLBs. Mirrors no file of the kernel, where
 * this is hardware: the Power ISA 3.0, Book III, section "Storage Control
 * Instructions". mm/book3s64/radix_tlb.ts gives the instructions; how they are
 * made of loads and stores is in asm-generic/tlb_broadcast.ts. The tag is the
 * PID.
 *
 * `tlbie` is broadcast: it takes entries out of the arrays of all CPUs, and
 * interrupts none of them. When the `eieio; tlbsync; ptesync` after it is
 * through, no CPU uses an old translation any more, also not in an access that
 * was under way. `tlbiel` is for this CPU alone.
 *
 * Beside the TLB each CPU has a page walk cache: which tables of ptes the upper
 * levels lead to. An instruction names by RIC which of the two it means.
 */
import { CONFIG_ARCH_HOST_STEPPER } from "generated/autoconf.ts";
import { cpu_tlb } from "asm-generic/mmu.ts";
import {
	drop_all, drop_page, wait_for_accesses,
} from "asm-generic/tlb_broadcast.ts";
import { nr_cpu_ids } from "host/cpu.ts";
import { pwc_drop_step, tlb_drop_step } from "host/model.ts";
import { BUG_ON } from "linux/bug.ts";

export const RIC_FLUSH_TLB = 0;
export const RIC_FLUSH_PWC = 1;
export const RIC_FLUSH_ALL = 2;

export const PWC_ENTRIES = CONFIG_ARCH_HOST_STEPPER ? 64 : 16;

/** Where the table of ptes of a part of an address space is. Valid while ctx_id
 *  is not 0. All fields: its CPU only; others clear ctx_id. */
export interface pwc_entry extends struct {
	region: ulong; /* address / PMD_SIZE */
	ctx_id: int; /* PID */
	pmd: int; /* the entry that points to the table */
}

/** All fields: its CPU only, as in pwc_entry. */
export interface cpu_pwc extends struct {
	entry: array<embed<pwc_entry>, 64>; /* PWC_ENTRIES are used */
}
export const cpu_pwc = DEFINE_PER_CPU<cpu_pwc>();

/** Where a part's table is in the cache of this CPU, or has its place. As with
 *  translations the stepper forgets none but by an invalidation. */
export function pwc_slot(region: number, pid: number): pwc_entry {
	const pwc = this_cpu(cpu_pwc);

	if (!CONFIG_ARCH_HOST_STEPPER)
		return pwc.entry[region & (PWC_ENTRIES - 1)];
	let free = PWC_ENTRIES;

	for (let i = PWC_ENTRIES - 1; i >= 0; i--) {
		const e: pwc_entry = pwc.entry[i];

		if (e.ctx_id === 0) free = i;
		else if (e.ctx_id === pid && e.region === region) return e;
	}
	BUG_ON(free === PWC_ENTRIES, "all of the page walk cache is in use");
	return pwc.entry[free];
}

/** The page walk cache of one CPU; pid 0: all of it. */
function drop_pwc(pwc: cpu_pwc, pid: number): void {
	for (let i = 0; i < PWC_ENTRIES; i++) {
		const e: pwc_entry = pwc.entry[i];

		if (pid === 0 || READ_ONCE(e.ctx_id) === pid)
			WRITE_ONCE(e.ctx_id, 0);
	}
}

/**
 * Before an invalidation: the tables were changed, and whoever walks them from
 * here on sees that. Accesses that are under way, which may still bring in what
 * is old, come to their end.
 */
export function ptesync(): void {
	wait_for_accesses();
}

/** tlbie, RIC=0, IS=0: n pages from vpn on, each `stride` pages after the last.
 *  After ptesync(). */
export function tlbie_va(
	vpn: number,
	n: number,
	stride: number,
	pid: number,
): void {
	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
		const tlb = per_cpu(cpu_tlb, cpu);

		if (CONFIG_ARCH_HOST_STEPPER) tlb_drop_step(cpu);
		for (let i = 0; i < n; i++)
			drop_page(tlb, vpn + i * stride, pid);
	}
}

/** tlbie, IS=1: all of a PID; 0 is IS=3, all of everybody. After ptesync(). */
export function tlbie_pid(pid: number, ric: number): void {
	if (ric !== RIC_FLUSH_TLB) {
		for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
			if (CONFIG_ARCH_HOST_STEPPER) pwc_drop_step(cpu);
			drop_pwc(per_cpu(cpu_pwc, cpu), pid);
		}
		/* Who went on from where an entry has led to puts what he finds
		 * into his TLB: that comes before what follows. */
		wait_for_accesses();
	}
	if (ric !== RIC_FLUSH_PWC) {
		for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
			if (CONFIG_ARCH_HOST_STEPPER) tlb_drop_step(cpu);
			drop_all(per_cpu(cpu_tlb, cpu), pid);
		}
	}
}

/** `eieio; tlbsync; ptesync`: what was taken out is not in use any more. */
export function tlbsync(): void {
	wait_for_accesses();
}

/** tlbiel, RIC=0, IS=0: the same pages, of this CPU alone, which is in no
 *  access. */
export function tlbiel_va(
	vpn: number,
	n: number,
	stride: number,
	pid: number,
): void {
	const tlb = this_cpu(cpu_tlb);

	for (let i = 0; i < n; i++) drop_page(tlb, vpn + i * stride, pid);
}

/** tlbiel, IS=1. Port: of all sets of the TLB at once. */
export function tlbiel_pid(pid: number, ric: number): void {
	if (ric !== RIC_FLUSH_TLB) drop_pwc(this_cpu(cpu_pwc), pid);
	if (ric !== RIC_FLUSH_PWC) drop_all(this_cpu(cpu_tlb), pid);
}

/** tlbiel, IS=3: everything, whosesoever, of this CPU. */
export function tlbiel_all(): void {
	tlbiel_pid(0, RIC_FLUSH_ALL);
}
