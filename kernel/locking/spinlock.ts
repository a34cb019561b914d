// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/locking/spinlock.c, qspinlock.c's slow path and
 * spinlock_debug.c (5.17).
 * Port: a test-and-set lock has no queue, hence no fairness; those who wait
 * only read until it looks free. The soft lockup detector of watchdog.c is
 * here: a CPU that spins for 20 seconds takes the machine down. That is long
 * even where the host has fewer cores than we have CPUs, since those who spin
 * give their core away now and then.
 */
import { CONFIG_DEBUG_SPINLOCK } from "generated/autoconf.ts";
import { ktime_get_ns, smp_processor_id } from "host/cpu.ts";
import { BUG_ON } from "linux/bug.ts";
import { cpu_relax } from "linux/smp.ts";
import type { raw_spinlock_t } from "linux/spinlock_types.ts";
import { panic } from "kernel/panic.ts";

const SOFTLOCKUP_NS = 20e9;
/** Turns of a loop between two looks at the clock; a power of 2. */
const SOFTLOCKUP_TURNS = 1024;

/**
 * For busy-wait loops: turn n of a loop that waits for the word at addr, and for
 * `cpu` to change it; -1: it is not known who will.
 * `start` is 0 or what the last call returned; hand back the result.
 */
export function softlockup_check(
	n: number,
	start: number,
	addr: number,
	cpu: number,
): number {
	if ((n & (SOFTLOCKUP_TURNS - 1)) !== SOFTLOCKUP_TURNS - 1)
		return start;

	const now = ktime_get_ns();

	if (start === 0)
		return now;
	if (now - start > SOFTLOCKUP_NS) {
		panic(
			`watchdog: BUG: soft lockup - CPU#${smp_processor_id()}` +
				` stuck for ${Math.floor((now - start) / 1e9)}s!` +
				` [lock ${addr.toString(16)}` +
				`${cpu < 0 ? "" : ` of CPU#${cpu}`}]`,
		);
	}
	return start;
}

/**
 * The lock is taken by someone. Interrupts are as the caller had them: where
 * they are on, we answer while we spin, or a holder that waits for our answer
 * would wait for ever.
 */
export function spin_lock_slowpath(lock: raw_spinlock_t): void {
	const mine = smp_processor_id() + 1;
	let start = 0;

	for (let n = 0; ; n++) {
		const holder = READ_ONCE(lock.slock);

		/* Acquire; pairs with the release in do_raw_spin_unlock(). */
		if (holder === 0 && cmpxchg(lock.slock, 0, mine) === 0)
			return;
		cpu_relax(n);
		start = softlockup_check(n, start, uptr(lock), holder - 1);
	}
}

export function debug_spin_lock_before(lock: raw_spinlock_t): void {
	if (CONFIG_DEBUG_SPINLOCK) {
		/* Races with other holders, but only we write our own number. */
		BUG_ON(
			data_race(lock.owner_cpu) === smp_processor_id() + 1,
			`spinlock recursion on CPU#${smp_processor_id()},` +
				` lock: ${uptr(lock).toString(16)}`,
		);
	}
}

export function debug_spin_lock_after(lock: raw_spinlock_t): void {
	if (CONFIG_DEBUG_SPINLOCK)
		WRITE_ONCE(lock.owner_cpu, smp_processor_id() + 1);
}

export function debug_spin_unlock(lock: raw_spinlock_t): void {
	if (CONFIG_DEBUG_SPINLOCK) {
		BUG_ON(
			READ_ONCE(lock.slock) === 0,
			`spinlock already unlocked, lock: ${uptr(lock).toString(16)}`,
		);
		BUG_ON(
			lock.owner_cpu !== smp_processor_id() + 1,
			`spinlock wrong CPU, lock: ${uptr(lock).toString(16)}`,
		);
		WRITE_ONCE(lock.owner_cpu, 0);
	}
}
