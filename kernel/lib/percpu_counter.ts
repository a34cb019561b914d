// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors lib/percpu_counter.c (5.17).
 * Port: the parts of the CPUs lie in the struct. Left out: CPU hotplug, the
 * list of all counters.
 */
import { nr_cpu_ids, smp_processor_id } from "host/cpu.ts";
import { local_irq_restore, local_irq_save } from "linux/irqflags.ts";
import { max } from "linux/kernel.ts";
import type { percpu_counter } from "linux/percpu_counter.ts";
import {
	raw_spin_lock,
	raw_spin_lock_init,
	raw_spin_lock_irqsave,
	raw_spin_unlock,
	raw_spin_unlock_irqrestore,
} from "linux/spinlock.ts";

/** How far a CPU may be off before it takes the lock. */
export function percpu_counter_batch(): number {
	return max(32, nr_cpu_ids() * 2);
}

export function percpu_counter_init(fbc: percpu_counter, amount: number): void {
	raw_spin_lock_init(fbc.lock);
	fbc.count = amount;
	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++)
		fbc.counters[cpu] = 0;
}

/** Not meant to race with additions. */
export function percpu_counter_set(fbc: percpu_counter, amount: number): void {
	const flags = raw_spin_lock_irqsave(fbc.lock);

	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++)
		WRITE_ONCE(fbc.counters[cpu], 0);
	WRITE_ONCE(fbc.count, amount);
	raw_spin_unlock_irqrestore(fbc.lock, flags);
}

export function percpu_counter_add_batch(
	fbc: percpu_counter,
	amount: number,
	batch: number,
): void {
	const cpu = smp_processor_id();
	const flags = local_irq_save();
	/* Only this CPU writes it, with interrupts off. */
	const count = fbc.counters[cpu] + amount;

	if (count >= batch || count <= -batch) {
		raw_spin_lock(fbc.lock);
		WRITE_ONCE(fbc.count, fbc.count + count);
		WRITE_ONCE(fbc.counters[cpu], 0);
		raw_spin_unlock(fbc.lock);
	} else {
		WRITE_ONCE(fbc.counters[cpu], count);
	}
	local_irq_restore(flags);
}

/** Fold in this CPU's part. */
export function percpu_counter_sync(fbc: percpu_counter): void {
	const cpu = smp_processor_id();
	const flags = raw_spin_lock_irqsave(fbc.lock);

	WRITE_ONCE(fbc.count, fbc.count + fbc.counters[cpu]);
	WRITE_ONCE(fbc.counters[cpu], 0);
	raw_spin_unlock_irqrestore(fbc.lock, flags);
}

/** Exact as long as nobody adds meanwhile. */
export function __percpu_counter_sum(fbc: percpu_counter): number {
	const flags = raw_spin_lock_irqsave(fbc.lock);
	let ret = fbc.count;

	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++)
		ret += READ_ONCE(fbc.counters[cpu]);
	raw_spin_unlock_irqrestore(fbc.lock, flags);
	return ret;
}

/** -1, 0 or 1; sums up only if the approximation is too near to rhs. */
export function __percpu_counter_compare(
	fbc: percpu_counter,
	rhs: number,
	batch: number,
): number {
	let count = READ_ONCE(fbc.count);

	if (Math.abs(count - rhs) <= batch * nr_cpu_ids())
		count = __percpu_counter_sum(fbc);
	return count > rhs ? 1 : count < rhs ? -1 : 0;
}
