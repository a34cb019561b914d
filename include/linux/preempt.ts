// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/preempt.h (5.17): the count that forbids sleeping, one
 * word for each CPU, with interrupt nesting in bits 16-19.
 * Port: the kernel is not preemptible (a task keeps its CPU), so the count
 * decides nothing; it makes rcu_read_lock() and held spinlocks visible to
 * might_sleep() and schedule(). With PREEMPT_RT it counts raw spinlocks
 * only. There are no softirqs and no NMIs.
 */
import { CONFIG_DEBUG_ATOMIC_SLEEP } from "generated/autoconf.ts";
import { BUG_ON } from "linux/bug.ts";
import { irqs_disabled } from "linux/irqflags.ts";
import { current } from "kernel/sched/core.ts";

export const PREEMPT_OFFSET = 1;
export const HARDIRQ_SHIFT = 16;
export const HARDIRQ_OFFSET = 1 << HARDIRQ_SHIFT;
export const HARDIRQ_MASK = 0xf << HARDIRQ_SHIFT;
export const PREEMPT_MASK = 0xff;

/** All fields: its CPU only. */
interface preempt_data extends struct {
	count: int;
}
export const __preempt_count = DEFINE_PER_CPU<preempt_data>();

export function preempt_count(): number {
	return this_cpu(__preempt_count).count;
}

export function preempt_count_add(val: number): void {
	const p = this_cpu(__preempt_count);

	p.count += val;
}

export function preempt_count_sub(val: number): void {
	const p = this_cpu(__preempt_count);

	p.count -= val;
	if (CONFIG_DEBUG_ATOMIC_SLEEP)
		BUG_ON(p.count < 0, "preempt_count underflow");
}

export function preempt_disable(): void {
	const p = this_cpu(__preempt_count);

	p.count++;
}

export function preempt_enable(): void {
	const p = this_cpu(__preempt_count);

	p.count--;
	if (CONFIG_DEBUG_ATOMIC_SLEEP)
		BUG_ON(p.count < 0, "preempt_count underflow");
}

/**
 * With PREEMPT_RT: the task may sleep, but not go on elsewhere. Port: it keeps
 * its CPU anyway; the count is for checks.
 */
export function migrate_disable(): void {
	const p = current();

	p.migration_disabled++;
}

export function migrate_enable(): void {
	const p = current();

	p.migration_disabled--;
	if (CONFIG_DEBUG_ATOMIC_SLEEP)
		BUG_ON(p.migration_disabled < 0, "migrate_enable() underflow");
}

export function hardirq_count(): number {
	return preempt_count() & HARDIRQ_MASK;
}

export function in_hardirq(): boolean {
	return hardirq_count() !== 0;
}

export function in_irq(): boolean {
	return hardirq_count() !== 0;
}

export function in_interrupt(): boolean {
	return hardirq_count() !== 0;
}

export function in_task(): boolean {
	return hardirq_count() === 0;
}

/** Does the caller hold something that forbids sleeping? */
export function in_atomic(): boolean {
	return preempt_count() !== 0;
}

export function preemptible(): boolean {
	return preempt_count() === 0 && !irqs_disabled();
}
