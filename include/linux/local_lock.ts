// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors what include/linux/local_lock_internal.h (5.17) is with PREEMPT_RT:
 * what belongs to a CPU is guarded by a spinlock, where others turn interrupts
 * off.
 * Port: so another CPU may take it, too, as local_lock_irqsave_on() of the RT
 * patch set did. Without PREEMPT_RT there are no such locks, and callers turn
 * interrupts off themselves.
 */
import { migrate_disable, migrate_enable } from "linux/preempt.ts";
import { spin_lock, spin_unlock } from "linux/spinlock.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";

export type local_lock_t = spinlock_t;

export function local_lock(lock: local_lock_t): void {
	migrate_disable();
	spin_lock(lock);
}

export function local_unlock(lock: local_lock_t): void {
	spin_unlock(lock);
	migrate_enable();
}
