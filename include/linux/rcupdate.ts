// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/rcupdate.h (5.17).
 * rcu_dereference() and rcu_assign_pointer() are built in (compiler.d.ts);
 * grace periods are in kernel/rcu.ts.
 * Left out: the bh flavour, tasks RCU, kvfree_rcu(). SRCU has its own header.
 */
import {
	CONFIG_DEBUG_ATOMIC_SLEEP,
	CONFIG_PREEMPT_RCU,
	CONFIG_RCU_STEPPED,
} from "generated/autoconf.ts";
import { rcu_read_depth, rcu_read_lock_step, rcu_read_unlock_step } from "host/model.ts";
import { BUG_ON } from "linux/bug.ts";
import { preempt_disable, preempt_enable, preemptible } from "linux/preempt.ts";
import { rcu_is_watching } from "kernel/rcu.ts";
import { current } from "kernel/sched/core.ts";

/** For assertions. All fields: its CPU only. */
interface rcu_reader extends struct {
	nesting: int;
}
const rcu_reader = DEFINE_PER_CPU<rcu_reader>();

/** __rcu_read_lock() of kernel/rcu/tree_plugin.h: sections are the task's. */
function rcu_preempt_read_enter(): void {
	const t = current();

	t.rcu_read_lock_nesting++;
	if (CONFIG_DEBUG_ATOMIC_SLEEP && !CONFIG_RCU_STEPPED)
		BUG_ON(!rcu_is_watching(), "rcu_read_lock() used illegally while idle");
}

function rcu_preempt_read_exit(): void {
	const t = current();

	t.rcu_read_lock_nesting--;
	if (CONFIG_DEBUG_ATOMIC_SLEEP && !CONFIG_RCU_STEPPED) {
		BUG_ON(t.rcu_read_lock_nesting < 0,
			"rcu_read_unlock() without rcu_read_lock()");
	}
}

/**
 * Sections nest. Nothing in one may sleep; with PREEMPT_RT spinlocks may,
 * which are for as long as the section of someone else at most.
 */
export function rcu_read_lock(): void {
	if (CONFIG_PREEMPT_RCU) {
		if (CONFIG_RCU_STEPPED)
			rcu_read_lock_step();
		rcu_preempt_read_enter();
		return;
	}
	preempt_disable();
	if (CONFIG_RCU_STEPPED)
		rcu_read_lock_step();
	if (CONFIG_DEBUG_ATOMIC_SLEEP && !CONFIG_RCU_STEPPED) {
		const r = this_cpu(rcu_reader);

		r.nesting++;
		BUG_ON(!rcu_is_watching(), "rcu_read_lock() used illegally while idle");
	}
}

export function rcu_read_unlock(): void {
	if (CONFIG_PREEMPT_RCU) {
		rcu_preempt_read_exit();
		if (CONFIG_RCU_STEPPED)
			rcu_read_unlock_step();
		return;
	}
	if (CONFIG_RCU_STEPPED)
		rcu_read_unlock_step();
	if (CONFIG_DEBUG_ATOMIC_SLEEP && !CONFIG_RCU_STEPPED) {
		const r = this_cpu(rcu_reader);

		r.nesting--;
		BUG_ON(r.nesting < 0, "rcu_read_unlock() without rcu_read_lock()");
	}
	preempt_enable();
}

/**
 * A section of what forbids preemption. Port: for preempt_disable() where it is
 * there to hold up a grace period; every CPU in the kernel does, but on the
 * stepper's own RCU only who says so.
 */
export function rcu_read_lock_sched(): void {
	preempt_disable();
	if (CONFIG_RCU_STEPPED)
		rcu_read_lock_step();
}

export function rcu_read_unlock_sched(): void {
	if (CONFIG_RCU_STEPPED)
		rcu_read_unlock_step();
	preempt_enable();
}

/** How deep in read-side sections we are; 0 where nobody counts. */
export function rcu_preempt_depth(): number {
	if (CONFIG_PREEMPT_RCU)
		return current().rcu_read_lock_nesting;
	if (CONFIG_RCU_STEPPED)
		return rcu_read_depth();
	if (CONFIG_DEBUG_ATOMIC_SLEEP)
		return this_cpu(rcu_reader).nesting;
	return 0;
}

/** For assertions: true where nobody counts, like without lockdep. */
export function rcu_read_lock_held(): boolean {
	if (CONFIG_PREEMPT_RCU)
		return current().rcu_read_lock_nesting !== 0;
	if (CONFIG_RCU_STEPPED)
		return rcu_read_depth() !== 0;
	if (CONFIG_DEBUG_ATOMIC_SLEEP)
		return this_cpu(rcu_reader).nesting !== 0;
	return true;
}

/** The same of any flavour. */
export function rcu_read_lock_any_held(): boolean {
	if (CONFIG_RCU_STEPPED)
		return rcu_read_depth() !== 0;
	return !preemptible();
}

export {
	call_rcu,
	rcu_barrier,
	rcu_is_watching,
	synchronize_rcu,
	synchronize_rcu as synchronize_rcu_expedited,
} from "kernel/rcu.ts";
