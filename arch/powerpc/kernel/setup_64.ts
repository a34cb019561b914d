// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors what of arch/powerpc/kernel/setup_64.c and radix__early_init_mmu()
 * (5.17) is left when there is no hardware to find: the state that each CPU
 * starts with.
 * Port: RAM is found by the boot allocator itself (kernel/mm/memblock.ts).
 */
import { CONFIG_NR_CPUS } from "generated/autoconf.ts";
import { BUG_ON } from "linux/bug.ts";
import { nr_cpu_ids } from "host/cpu.ts";
import { tlbiel_all } from "asm/tlbflush.ts";
import { set_no_rc } from "../mm/book3s64/mmu_context.ts";

export function setup_arch(): void {
	BUG_ON(nr_cpu_ids() > CONFIG_NR_CPUS, "more CPUs than CONFIG_NR_CPUS");
}

/** early_setup_secondary(): on each CPU, as soon as it has a task, and when it
 *  was away: an empty TLB. It has missed no `tlbie`, but perhaps the interrupt
 *  of exit_flush_lazy_tlbs(). */
export function cpu_init(): void {
	tlbiel_all();
	set_no_rc(false);
}
