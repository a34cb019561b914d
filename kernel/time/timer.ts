// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors of kernel/time/timer.c (5.17) the sleeps that only time ends:
 * schedule_timeout_uninterruptible() and schedule_timeout_idle().
 * Port: there are no timers. The CPU looks at the clock until the time is
 * over, answers interrupts and counts as quiescent for RCU. On the stepper time
 * stands still: there a sleep ends when something has changed that its task
 * has looked at before.
 * Left out: timers, and every other function.
 */
import { ktime_get_ns } from "host/cpu.ts";
import { CONFIG_ARCH_HOST_STEPPER } from "generated/autoconf.ts";
import { might_sleep } from "linux/kernel.ts";
import { cpu_relax } from "linux/smp.ts";
import {
	rcu_check_callbacks, rcu_eqs_enter, rcu_eqs_exit, rcu_is_watching,
} from "kernel/rcu.ts";

/** Ticks in a second. */
export const HZ = 250;
const NSEC_PER_JIFFY = 1e9 / HZ;

/** For so many ticks. Nothing is held that others spin for. */
export function schedule_timeout_uninterruptible(timeout: number): void {
	might_sleep();
	if (CONFIG_ARCH_HOST_STEPPER) {
		cpu_relax(1);
		return;
	}
	const watching = rcu_is_watching();
	const end = ktime_get_ns() + timeout * NSEC_PER_JIFFY;

	if (watching)
		rcu_eqs_enter();
	for (let n = 0; ktime_get_ns() < end; n++) {
		rcu_check_callbacks();
		cpu_relax(n);
	}
	if (watching)
		rcu_eqs_exit();
}

/** The same; a task that sleeps so does not count as load. */
export function schedule_timeout_idle(timeout: number): void {
	schedule_timeout_uninterruptible(timeout);
}
