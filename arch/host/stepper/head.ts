// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where the stepper machine starts (the place of head.S): boots all CPUs one
 * after the other. The entry of the bundle is what explores on it.
 */
import * as user from "kernel/entry/user.ts";
import { mmu_own } from "asm/mmu.ts";
import { CONFIG_NR_CPUS } from "generated/autoconf.ts";
import { set_console } from "host/cpu.ts";
import { on_cpu, set_irq_handler } from "host/quiet.ts";
import { restore_ram, snapshot_ram } from "host/ram.ts";
import { exempt, set_guessed } from "host/sharing.ts";
import { nr_cpus, set_nr_cpus } from "host/state.ts";
import { irq_flags } from "linux/irqflags.ts";
import { MAX_NR_ZONES } from "linux/mmzone.ts";
import { __preempt_count } from "linux/preempt.ts";
import { secondary_start, start_kernel } from "kernel/init/main.ts";
import { node_zone } from "kernel/mm/page_alloc.ts";
import { cpu_enter_host, cpu_leave_host, smp_handle_ipi } from "kernel/smp.ts";

export { user };

let booted: Int32Array | undefined;

/** Boots `cpus` CPUs, once; a later call goes back to where that ended. */
export function boot(cpus: number, console_fn: (text: string) => void): void {
	set_console(console_fn);
	if (booted) {
		restore_ram(booted);
		return;
	}
	if (cpus > CONFIG_NR_CPUS) throw new RangeError(`${cpus} CPUs, but CONFIG_NR_CPUS is ${CONFIG_NR_CPUS}`);
	set_nr_cpus(cpus);
	set_irq_handler(smp_handle_ipi);
	on_cpu(0, start_kernel);
	for (let cpu = 1; cpu < cpus; cpu++) on_cpu(cpu, secondary_start);
	for (let cpu = 0; cpu < nr_cpus; cpu++) {
		/* A CPU's own: its translations and flags are no place to meet. */
		mmu_own(cpu, exempt);
		exempt(uptr(per_cpu(irq_flags, cpu)), 4);
		exempt(uptr(per_cpu(__preempt_count, cpu)), 4);
	}
	/* An allocation looks without a zone's lock whether memory runs out, which no scenario comes near. */
	for (let idx = 0; idx < MAX_NR_ZONES; idx++) set_guessed(ADDR(node_zone(idx).nr_free_pages));
	booted = snapshot_ram();
}

/** Runs fn as the outside of a CPU does: it comes into the machine, and leaves. */
export function run(cpu: number, fn: (u: typeof user, arg: unknown) => unknown, arg?: unknown): unknown {
	return on_cpu(cpu, () => {
		cpu_leave_host();
		const result = fn(user, arg);
		cpu_enter_host();
		return result;
	});
}
