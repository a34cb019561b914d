// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/lockdep.h (5.17): assertions that a lock is held, and
 * what sleeping locks say of themselves to kernel/locking/lockdep.c.
 * Port: the order of locks is watched on the stepper machine only, where a
 * lock's first word takes the place of its lockdep_map. Spinlocks tell it in
 * their own steps.
 */
import {
	CONFIG_ARCH_HOST_STEPPER,
	CONFIG_DEBUG_SPINLOCK,
	CONFIG_DEBUG_VM,
} from "generated/autoconf.ts";
import {
	lockdep_acquire,
	lockdep_downgrade,
	lockdep_held,
	lockdep_release,
} from "host/model.ts";
import { WARN_ON } from "linux/bug.ts";
import { irqs_disabled } from "linux/irqflags.ts";
import { LD_WAIT_SLEEP } from "linux/lockdep_types.ts";
import { rwsem_is_locked } from "linux/rwsem.ts";
import { assert_raw_spin_locked, assert_spin_locked } from "linux/spinlock.ts";
import type {
	raw_spinlock_t,
	rw_semaphore,
	spinlock_t,
} from "linux/spinlock_types.ts";
import { rwsem_is_write_locked } from "kernel/locking/rwsem.ts";

export const SINGLE_DEPTH_NESTING = 1;

export function lockdep_assert_held(lock: spinlock_t): void {
	if (CONFIG_DEBUG_SPINLOCK)
		assert_spin_locked(lock);
}

/** Any lock that sleeps, by the word that stands for its lockdep_map; trylock
 *  also where the order does not matter. */
export function lock_acquire(
	dep_map: number,
	subclass: number,
	trylock: number,
	read: boolean,
): void {
	if (CONFIG_ARCH_HOST_STEPPER)
		lockdep_acquire(dep_map, read, trylock !== 0, subclass,
			LD_WAIT_SLEEP);
}

export function lock_release(dep_map: number): void {
	if (CONFIG_ARCH_HOST_STEPPER)
		lockdep_release(dep_map);
}

/** By the running task; true where no lockdep knows. */
export function lock_is_held(dep_map: number): boolean {
	if (CONFIG_ARCH_HOST_STEPPER)
		return lockdep_held(dep_map) !== 0;
	return true;
}

/** Port: the macro takes any lock. */
export function lockdep_assert_raw_held(lock: raw_spinlock_t): void {
	if (CONFIG_DEBUG_SPINLOCK)
		assert_raw_spin_locked(lock);
}

/** About to be locked for writing; a trylock says so when it has succeeded. */
export function rwsem_acquire(
	sem: rw_semaphore,
	subclass: number,
	trylock: number,
): void {
	if (CONFIG_ARCH_HOST_STEPPER) {
		lockdep_acquire(uptr(sem), false, trylock !== 0, subclass,
			LD_WAIT_SLEEP);
	}
}

/** For writing, one of several of its class. */
export function rwsem_acquire_nest(sem: rw_semaphore): void {
	if (CONFIG_ARCH_HOST_STEPPER) {
		lockdep_acquire(uptr(sem), false, false, 0, LD_WAIT_SLEEP,
			true);
	}
}

export function rwsem_acquire_read(
	sem: rw_semaphore,
	subclass: number,
	trylock: number,
): void {
	if (CONFIG_ARCH_HOST_STEPPER) {
		lockdep_acquire(uptr(sem), true, trylock !== 0, subclass,
			LD_WAIT_SLEEP);
	}
}

export function rwsem_release(sem: rw_semaphore): void {
	if (CONFIG_ARCH_HOST_STEPPER)
		lockdep_release(uptr(sem));
}

export function lock_downgrade(sem: rw_semaphore): void {
	if (CONFIG_ARCH_HOST_STEPPER)
		lockdep_downgrade(uptr(sem));
}

/* What lockdep_held() says of the running task and a lock. */
const HELD_WRITE = 1;
const HELD_READ = 2;

/**
 * How the running task holds it. Where no lockdep knows: how anyone does, for
 * all that its word tells.
 */
function rwsem_held(sem: rw_semaphore): number {
	const held = CONFIG_ARCH_HOST_STEPPER
		? lockdep_held(uptr(sem))
		: -1;

	if (held >= 0)
		return held;
	if (rwsem_is_write_locked(sem))
		return HELD_WRITE;
	return rwsem_is_locked(sem) ? HELD_READ : 0;
}

/** Port: the macro takes any lock; a semaphore has its own three. */
export function lockdep_assert_rwsem_held(sem: rw_semaphore): void {
	if (CONFIG_DEBUG_VM)
		WARN_ON(rwsem_held(sem) === 0, "rwsem not held");
}

export function lockdep_assert_held_write(sem: rw_semaphore): void {
	if (CONFIG_DEBUG_VM) {
		WARN_ON(rwsem_held(sem) !== HELD_WRITE,
			"rwsem not held for writing");
	}
}

export function lockdep_assert_held_read(sem: rw_semaphore): void {
	if (CONFIG_DEBUG_VM) {
		WARN_ON(rwsem_held(sem) !== HELD_READ,
			"rwsem not held for reading");
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
