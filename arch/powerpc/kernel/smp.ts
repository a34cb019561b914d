// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/powerpc/kernel/smp.c (5.17): how a CPU other than the first
 * comes up. Left out: everything about real hardware, and interrupts, which are
 * in kernel/smp.ts.
 * Port: CPUs are started one after the other, by whoever made the machine, when
 * start_kernel() is through. Its idle task and its queues were set up by then.
 */
import { BUG_ON } from "linux/bug.ts";
import { smp_processor_id } from "host/cpu.ts";
import { current, is_idle_task } from "kernel/sched/core.ts";
import { cpu_init } from "./setup_64.ts";

/** What a new CPU runs first. RCU watches it. */
export function start_secondary(): void {
	BUG_ON(smp_processor_id() === 0, "start_secondary: on the boot CPU");
	BUG_ON(!is_idle_task(current()), "start_secondary: not idle");
	cpu_init();
}
