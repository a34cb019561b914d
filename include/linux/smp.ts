// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/smp.h and smp_types.h (5.17): calling functions on
 * other CPUs. The functions are in kernel/smp.ts.
 * Port: a cpumask is passed as its two words. cpu_relax() is here, since it
 * takes interrupts; its argument counts the turns of the caller's loop from 0,
 * or is left out.
 */
import { CONFIG_ARCH_HOST_STEPPER, CONFIG_SMP } from "generated/autoconf.ts";
import { await_step } from "host/model.ts";
import { cpu_pause, smp_processor_id } from "host/cpu.ts";
import { irq_poll_enabled } from "kernel/smp.ts";

export type smp_call_func_t = rodata<(info: number) => void>;
export type smp_cond_func_t = (cpu: number, info: number) => boolean;

/** csd.u_flags: the request is under way, the struct may not be reused. */
export const CSD_FLAG_LOCK = 0x01;

/** One request to one CPU. All fields: its CPU only, that is the
 *  sender's while CSD_FLAG_LOCK is clear, the target's from the
 *  push on its queue until it clears CSD_FLAG_LOCK. */
export interface call_single_data_t extends struct {
	llist: call_single_data_t; /* next on the target's queue */
	u_flags: int; /* CSD_FLAG_LOCK; cleared with release by the target */
	func: rodata<smp_call_func_t>;
	info: int;
}

/**
 * One turn of a busy-wait loop. Answers interrupts if they are enabled, so
 * that two CPUs that wait for each other's answers both get them.
 */
export function cpu_relax(n: number = -1): void {
	if (CONFIG_ARCH_HOST_STEPPER) {
		await_step(n);
		return;
	}
	if (CONFIG_SMP)
		irq_poll_enabled();
	cpu_pause(n < 0 ? 0 : n);
}

/** preempt_disable() would come first in the kernel; a task keeps its CPU. */
export function get_cpu(): number {
	return smp_processor_id();
}

export function put_cpu(): void {}

export { raw_smp_processor_id, smp_processor_id };
function raw_smp_processor_id(): number {
	return smp_processor_id();
}

export {
	on_each_cpu,
	on_each_cpu_cond_mask,
	on_each_cpu_mask,
	smp_call_function,
	smp_call_function_many,
	smp_call_function_single,
	smp_send_reschedule,
} from "kernel/smp.ts";
