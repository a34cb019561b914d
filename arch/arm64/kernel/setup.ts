// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors what of arch/arm64/kernel/setup.c and mm/proc.S (5.17) is left when
 * there is no hardware to find: the state that each CPU starts with.
 * Port: RAM is found by the boot allocator itself (kernel/mm/memblock.ts).
 */
import { CONFIG_ARM64_HW_AFDBM, CONFIG_NR_CPUS } from "generated/autoconf.ts";
import { BUG_ON } from "linux/bug.ts";
import { nr_cpu_ids } from "host/cpu.ts";
import { TCR_HA, TCR_HD } from "asm/pgtable-hwdef.ts";
import { set_tcr } from "../mm/context.ts";
import { local_flush_tlb_all } from "asm/tlbflush.ts";

export function setup_arch(): void {
	BUG_ON(nr_cpu_ids() > CONFIG_NR_CPUS, "more CPUs than CONFIG_NR_CPUS");
}

/** __cpu_setup(): on each CPU, as soon as it has a task, and when it was away:
 *  an empty TLB. It has missed no flush, but that is how a CPU comes up. */
export function cpu_init(): void {
	local_flush_tlb_all();
	/* Port: by __cpu_setup() and cpu_enable_hw_dbm(), of CPUs that can. */
	set_tcr(CONFIG_ARM64_HW_AFDBM ? TCR_HA | TCR_HD : 0);
}
