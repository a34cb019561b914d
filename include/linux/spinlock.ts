// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/spinlock.h, spinlock_api_smp.h, spinlock_api_up.h and
 * spinlock_rt.h (5.17). The contended path is in kernel/locking/spinlock.ts,
 * what spinlock_t is with PREEMPT_RT in kernel/locking/spinlock_rt.ts.
 * Port: a raw_spinlock_t is a test-and-set word, which says who holds it. With
 * CONFIG_SMP=n it is only the preemption count. Left out: rwlocks, bit locks,
 * the bottom-half variants.
 */
import {
	CONFIG_ARCH_HOST_STEPPER,
	CONFIG_DEBUG_SPINLOCK,
	CONFIG_PREEMPT_RT,
	CONFIG_SMP,
} from "generated/autoconf.ts";
import { smp_processor_id } from "host/cpu.ts";
import {
	lock_class,
	lock_held_here,
	lock_subclass,
	spin_lock_step,
	spin_trylock_step,
	spin_unlock_step,
} from "host/model.ts";
import { BUG_ON } from "linux/bug.ts";
import { local_irq_disable, local_irq_enable } from "linux/irqflags.ts";
import { local_irq_restore, local_irq_save } from "linux/irqflags.ts";
import { preempt_disable, preempt_enable } from "linux/preempt.ts";
import type { raw_spinlock_t, spinlock_t } from "linux/spinlock_types.ts";
import {
	debug_spin_lock_after,
	debug_spin_lock_before,
	debug_spin_unlock,
	spin_lock_slowpath,
} from "kernel/locking/spinlock.ts";
import {
	__rt_spin_lock_init,
	assert_rt_spin_locked,
	rt_spin_is_locked,
	rt_spin_lock,
	rt_spin_lock_nested,
	rt_spin_trylock,
	rt_spin_unlock,
} from "kernel/locking/spinlock_rt.ts";

/* ---- raw_spinlock_t ---- */

/** The name is the machine's business: the build adds it, as Linux's macro does. */
export function raw_spin_lock_init(lock: raw_spinlock_t, name?: string): void {
	lock.slock = 0;
	if (CONFIG_ARCH_HOST_STEPPER)
		lock_class(ADDR(lock.slock), name ?? "?");
	if (CONFIG_DEBUG_SPINLOCK)
		lock.owner_cpu = 0;
}

/** The lock word itself; the caller has preemption disabled. */
export function do_raw_spin_lock(lock: raw_spinlock_t): void {
	if (CONFIG_ARCH_HOST_STEPPER) {
		spin_lock_step(ADDR(lock.slock));
	} else if (CONFIG_SMP) {
		if (CONFIG_DEBUG_SPINLOCK)
			debug_spin_lock_before(lock);
		/* Acquire; pairs with the release in do_raw_spin_unlock(). */
		if (cmpxchg(lock.slock, 0, smp_processor_id() + 1) !== 0)
			spin_lock_slowpath(lock);
		if (CONFIG_DEBUG_SPINLOCK)
			debug_spin_lock_after(lock);
	}
}

export function do_raw_spin_trylock(lock: raw_spinlock_t): boolean {
	if (CONFIG_ARCH_HOST_STEPPER)
		return spin_trylock_step(ADDR(lock.slock));
	if (CONFIG_SMP) {
		/* Look first: a failing cmpxchg would take the cache line.
		 * Acquire; pairs with the release in do_raw_spin_unlock(). */
		if (
			READ_ONCE(lock.slock) !== 0 ||
			cmpxchg(lock.slock, 0, smp_processor_id() + 1) !== 0
		)
			return false;
		if (CONFIG_DEBUG_SPINLOCK)
			debug_spin_lock_after(lock);
	}
	return true;
}

export function do_raw_spin_unlock(lock: raw_spinlock_t): void {
	if (CONFIG_ARCH_HOST_STEPPER) {
		spin_unlock_step(ADDR(lock.slock));
	} else if (CONFIG_SMP) {
		if (CONFIG_DEBUG_SPINLOCK)
			debug_spin_unlock(lock);
		/*
		 * Pairs with the exchange of the next one to take the lock:
		 * do_raw_spin_lock(), do_raw_spin_trylock(),
		 * spin_lock_slowpath().
		 */
		smp_store_release(lock.slock, 0);
	}
}

export function raw_spin_lock(lock: raw_spinlock_t): void {
	preempt_disable();
	do_raw_spin_lock(lock);
}

export function raw_spin_lock_irq(lock: raw_spinlock_t): void {
	local_irq_disable();
	preempt_disable();
	do_raw_spin_lock(lock);
}

/** Returns the interrupt flags, which raw_spin_unlock_irqrestore() takes. */
export function raw_spin_lock_irqsave(lock: raw_spinlock_t): number {
	const flags = local_irq_save();

	preempt_disable();
	do_raw_spin_lock(lock);
	return flags;
}

export function raw_spin_trylock(lock: raw_spinlock_t): boolean {
	preempt_disable();
	if (do_raw_spin_trylock(lock))
		return true;
	preempt_enable();
	return false;
}

export function raw_spin_unlock(lock: raw_spinlock_t): void {
	do_raw_spin_unlock(lock);
	preempt_enable();
}

export function raw_spin_unlock_irq(lock: raw_spinlock_t): void {
	do_raw_spin_unlock(lock);
	preempt_enable();
	local_irq_enable();
}

export function raw_spin_unlock_irqrestore(
	lock: raw_spinlock_t,
	flags: number,
): void {
	do_raw_spin_unlock(lock);
	preempt_enable();
	local_irq_restore(flags);
}

/** Held by anyone. Without SMP nothing is written down, hence false. */
export function raw_spin_is_locked(lock: raw_spinlock_t): boolean {
	if (CONFIG_SMP)
		return READ_ONCE(lock.slock) !== 0;
	return false;
}

/** On the stepper and with CONFIG_DEBUG_SPINLOCK held by this CPU, else by
 *  anyone. */
export function assert_raw_spin_locked(lock: raw_spinlock_t): void {
	if (CONFIG_ARCH_HOST_STEPPER) {
		BUG_ON(!lock_held_here(ADDR(lock.slock)), "spinlock not held");
	} else if (CONFIG_SMP) {
		BUG_ON(READ_ONCE(lock.slock) === 0, "spinlock not held");
		if (CONFIG_DEBUG_SPINLOCK) {
			BUG_ON(
				lock.owner_cpu !== smp_processor_id() + 1,
				"spinlock held by another CPU",
			);
		}
	}
}

/* ---- spinlock_t ---- */

/* Without PREEMPT_RT the same as above, written out: nothing is called between
 * the caller and the lock. */

/** As raw_spin_lock_init(). */
export function spin_lock_init(lock: spinlock_t, name?: string): void {
	if (CONFIG_PREEMPT_RT) {
		__rt_spin_lock_init(lock, name);
		return;
	}
	if (CONFIG_ARCH_HOST_STEPPER)
		lock_class(ADDR(lock.rlock.slock), name ?? "?");
	lock.rlock.slock = 0;
	if (CONFIG_DEBUG_SPINLOCK)
		lock.rlock.owner_cpu = 0;
}

/** May sleep with PREEMPT_RT, as all that follow but the trylocks. */
export function spin_lock(lock: spinlock_t): void {
	if (CONFIG_PREEMPT_RT) {
		rt_spin_lock(lock);
		return;
	}
	preempt_disable();
	do_raw_spin_lock(lock.rlock);
}

/** The subclass tells lockdep that two locks of a class nest on purpose. */
export function spin_lock_nested(lock: spinlock_t, subclass: number): void {
	if (CONFIG_PREEMPT_RT) {
		rt_spin_lock_nested(lock, subclass);
		return;
	}
	if (CONFIG_ARCH_HOST_STEPPER)
		lock_subclass(subclass);
	spin_lock(lock);
}

/** With PREEMPT_RT interrupts stay as they are, here and in what follows. */
export function spin_lock_irq(lock: spinlock_t): void {
	if (CONFIG_PREEMPT_RT) {
		rt_spin_lock(lock);
		return;
	}
	local_irq_disable();
	preempt_disable();
	do_raw_spin_lock(lock.rlock);
}

/** Returns the interrupt flags, which spin_unlock_irqrestore() takes. */
export function spin_lock_irqsave(lock: spinlock_t): number {
	if (CONFIG_PREEMPT_RT) {
		rt_spin_lock(lock);
		return 0;
	}
	const flags = local_irq_save();

	preempt_disable();
	do_raw_spin_lock(lock.rlock);
	return flags;
}

export function spin_trylock(lock: spinlock_t): boolean {
	if (CONFIG_PREEMPT_RT)
		return rt_spin_trylock(lock);
	preempt_disable();
	if (do_raw_spin_trylock(lock.rlock))
		return true;
	preempt_enable();
	return false;
}

export function spin_trylock_irq(lock: spinlock_t): boolean {
	if (CONFIG_PREEMPT_RT)
		return rt_spin_trylock(lock);
	local_irq_disable();
	if (spin_trylock(lock))
		return true;
	local_irq_enable();
	return false;
}

export function spin_unlock(lock: spinlock_t): void {
	if (CONFIG_PREEMPT_RT) {
		rt_spin_unlock(lock);
		return;
	}
	do_raw_spin_unlock(lock.rlock);
	preempt_enable();
}

export function spin_unlock_irq(lock: spinlock_t): void {
	if (CONFIG_PREEMPT_RT) {
		rt_spin_unlock(lock);
		return;
	}
	do_raw_spin_unlock(lock.rlock);
	preempt_enable();
	local_irq_enable();
}

export function spin_unlock_irqrestore(lock: spinlock_t, flags: number): void {
	if (CONFIG_PREEMPT_RT) {
		rt_spin_unlock(lock);
		return;
	}
	do_raw_spin_unlock(lock.rlock);
	preempt_enable();
	local_irq_restore(flags);
}

/** Held by anyone. Without SMP nothing is written down, hence false. */
export function spin_is_locked(lock: spinlock_t): boolean {
	if (CONFIG_PREEMPT_RT)
		return rt_spin_is_locked(lock);
	return raw_spin_is_locked(lock.rlock);
}

export function spin_is_contended(_lock: spinlock_t): boolean {
	return false;
}

/** On the stepper and with CONFIG_DEBUG_SPINLOCK held by this CPU, else by
 *  anyone. */
export function assert_spin_locked(lock: spinlock_t): void {
	if (CONFIG_PREEMPT_RT) {
		assert_rt_spin_locked(lock);
		return;
	}
	assert_raw_spin_locked(lock.rlock);
}

/** Port: the word by which machines and tools know the lock. */
export function spin_lock_word(lock: spinlock_t): number {
	return CONFIG_PREEMPT_RT
		? ADDR(lock.lock.owner)
		: ADDR(lock.rlock.slock);
}
