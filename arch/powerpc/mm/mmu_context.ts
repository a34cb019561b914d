// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/powerpc/mm/mmu_context.c (5.17): a CPU goes on with another
 * address space. Left out: other families, vector streams, membarrier.
 */
import { VM_BUG_ON } from "linux/bug.ts";
import { smp_processor_id } from "host/cpu.ts";
import { smp_mb } from "host/door.ts";
import { irqs_disabled } from "linux/irqflags.ts";
import type { mm_struct } from "linux/mm_types.ts";
import type { task_struct } from "linux/sched.ts";
import {
	cpumask_set_cpu, cpumask_test_cpu, inc_mm_active_cpus,
} from "asm/mmu_context.ts";
import { radix__switch_mmu_context } from "./book3s64/mmu_context.ts";

/** Load next. Interrupts are off. */
export function switch_mm_irqs_off(
	prev: mm_struct,
	next: mm_struct,
	_tsk: task_struct,
): void {
	VM_BUG_ON(!irqs_disabled(), "switch_mm_irqs_off: interrupts are on");
	if (!cpumask_test_cpu(smp_processor_id(), next)) {
		cpumask_set_cpu(smp_processor_id(), next);
		inc_mm_active_cpus(next);
		/*
		 * In the mask, then the PID by which the MMU begins to walk:
		 * who does not find us there has changed his entries before.
		 * Pairs with the one in radix__flush_tlb_mm() and its like.
		 */
		smp_mb();
	}
	/* Nothing to load. */
	if (prev === next) return;
	radix__switch_mmu_context(prev, next);
}
