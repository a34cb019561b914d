// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors what of arch/x86/kernel/setup.c and cpu/common.c (5.17) is left when
 * there is no hardware to find: the state that each CPU starts with.
 * Port: RAM is found by the boot allocator itself (kernel/mm/memblock.ts).
 */
import { CONFIG_NR_CPUS } from "generated/autoconf.ts";
import { BUG_ON } from "linux/bug.ts";
import { nr_cpu_ids } from "host/cpu.ts";
import { ram_size } from "host/door.ts";
import { PTE_FLAGS_MASK } from "asm/pgtable_types.ts";
import { initialize_tlbstate_and_flush } from "arch/x86/mm/tlb.ts";
import { pkru_write_default } from "asm/pkru.ts";

export function setup_arch(): void {
	BUG_ON(nr_cpu_ids() > CONFIG_NR_CPUS, "more CPUs than CONFIG_NR_CPUS");
	BUG_ON(((ram_size() - 1) & PTE_FLAGS_MASK & ~0xfff) !== 0,
		"more RAM than the frame of an entry has bits for");
}

/** PKRU as it is for a new program. */
function setup_pku(): void {
	pkru_write_default();
}

/** On each CPU, as soon as it has a task: an empty TLB, init_mm
 *  loaded. */
export function cpu_init(): void {
	initialize_tlbstate_and_flush();
	setup_pku();
}
