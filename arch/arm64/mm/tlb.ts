// SPDX-License-Identifier: GPL-2.0-only
/**
 * The instructions that maintain the TLBs of all CPUs. Mirrors no file of the
 * kernel, where this is hardware: the Arm Architecture Reference Manual,
 * section "TLB maintenance". asm/tlbflush.ts gives the instructions; how they
 * are made of loads and stores is in asm-generic/tlb_broadcast.ts. The tag is
 * the ASID.
 *
 * A `tlbi ...is` is broadcast: it takes entries out of the arrays of all CPUs,
 * and interrupts none of them. When the `dsb ish` after it is through, no CPU
 * uses an old translation any more, also not in an access that was under way.
 */
import { cpu_tlb } from "asm-generic/mmu.ts";
import {
	drop_all, drop_page, wait_for_accesses,
} from "asm-generic/tlb_broadcast.ts";
import { CONFIG_ARCH_HOST_STEPPER } from "generated/autoconf.ts";
import { nr_cpu_ids } from "host/cpu.ts";
import { tlb_drop_step } from "host/model.ts";

/** tlbi rvae1is: n pages from vpn on, each `stride` pages after the last. */
export function tlbi_range(
	vpn: number,
	n: number,
	stride: number,
	ctx_id: number,
): void {
	wait_for_accesses();
	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
		const tlb = per_cpu(cpu_tlb, cpu);

		if (CONFIG_ARCH_HOST_STEPPER) tlb_drop_step(cpu);
		for (let i = 0; i < n; i++)
			drop_page(tlb, vpn + i * stride, ctx_id);
	}
}

/** tlbi vae1is: one page. */
export function tlbi_page(vpn: number, ctx_id: number): void {
	tlbi_range(vpn, 1, 1, ctx_id);
}

/** tlbi aside1is: an address space; tlbi vmalle1is, with 0: everything. */
export function tlbi_asid(ctx_id: number): void {
	wait_for_accesses();
	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
		if (CONFIG_ARCH_HOST_STEPPER) tlb_drop_step(cpu);
		drop_all(per_cpu(cpu_tlb, cpu), ctx_id);
	}
}

/** tlbi vmalle1: everything, of this CPU alone. */
export function tlbi_local(): void {
	drop_all(this_cpu(cpu_tlb), 0);
}

/** dsb ish: what was taken out is not in use any more. */
export function dsb_ish(): void {
	wait_for_accesses();
}
