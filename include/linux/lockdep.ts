// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the assertions of include/linux/lockdep.h (5.17). The order of
 * locks is not recorded here; these only say that a lock is held at all.
 */
import { CONFIG_DEBUG_SPINLOCK, CONFIG_DEBUG_VM } from "generated/autoconf.ts";
import { WARN_ON } from "linux/bug.ts";
import { irqs_disabled } from "linux/irqflags.ts";
import { rwsem_is_locked } from "linux/rwsem.ts";
import { assert_spin_locked } from "linux/spinlock.ts";
import type { rw_semaphore, spinlock_t } from "linux/spinlock_types.ts";
import { rwsem_is_write_locked } from "kernel/locking/rwsem.ts";

export const SINGLE_DEPTH_NESTING = 1;

export function lockdep_assert_held(lock: spinlock_t): void {
	if (CONFIG_DEBUG_SPINLOCK)
		assert_spin_locked(lock);
}

/** Port: the macro takes any lock; a semaphore has its own three. */
export function lockdep_assert_rwsem_held(sem: rw_semaphore): void {
	if (CONFIG_DEBUG_VM)
		WARN_ON(!rwsem_is_locked(sem), "rwsem not held");
}

export function lockdep_assert_held_write(sem: rw_semaphore): void {
	if (CONFIG_DEBUG_VM)
		WARN_ON(!rwsem_is_write_locked(sem), "rwsem not held for writing");
}

export function lockdep_assert_held_read(sem: rw_semaphore): void {
	if (CONFIG_DEBUG_VM) {
		WARN_ON(
			!rwsem_is_locked(sem) || rwsem_is_write_locked(sem),
			"rwsem not held for reading",
		);
	}
}

export function lockdep_assert_irqs_disabled(): void {
	if (CONFIG_DEBUG_VM)
		WARN_ON(!irqs_disabled(), "interrupts are enabled");
}

export function lockdep_assert_irqs_enabled(): void {
	if (CONFIG_DEBUG_VM)
		WARN_ON(irqs_disabled(), "interrupts are disabled");
}
