// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/rcu/sync.c (5.17): readers are sent from their fast way to a
 * slow one and back, each time with a grace period in between, and with none
 * where one updater follows another.
 */
import { WARN_ON_ONCE } from "linux/bug.ts";
import { call_rcu, rcu_barrier, synchronize_rcu } from "linux/rcupdate.ts";
import type { rcu_sync } from "linux/rcu_sync.ts";
import { TASK_UNINTERRUPTIBLE } from "linux/sched.ts";
import {
	spin_lock_irq,
	spin_lock_irqsave,
	spin_unlock_irq,
	spin_unlock_irqrestore,
} from "linux/spinlock.ts";
import type { rcu_head } from "linux/types.ts";
import {
	finish_wait,
	init_wait,
	init_waitqueue_head,
	prepare_to_wait,
	type wait_queue_entry,
	wake_up_locked,
} from "linux/wait.ts";
import { schedule } from "kernel/sched/core.ts";

/* rcu_sync.gp_state */
export const GP_IDLE = 0; /* readers are on the fast way */
export const GP_ENTER = 1; /* an updater waits until none is there any more */
export const GP_PASSED = 2; /* none is */
export const GP_EXIT = 3; /* the last one has left, a grace period is needed */
export const GP_REPLAY = 4; /* and so did another one that entered meanwhile */

/** Without readers or updates yet. */
export function rcu_sync_init(rsp: rcu_sync): void {
	struct_zero(rsp);
	init_waitqueue_head(rsp.gp_wait);
}

/** Right after rcu_sync_init(): one updater is in, for good, so that enter and
 *  exit of others have nothing to wait for. */
export function rcu_sync_enter_start(rsp: rcu_sync): void {
	rsp.gp_count++;
	rsp.gp_state = GP_PASSED;
}

function rcu_sync_call(rsp: rcu_sync): void {
	call_rcu(rsp.cb_head, rcu_sync_func);
}

/**
 * A grace period has passed since the state became GP_ENTER, GP_EXIT or
 * GP_REPLAY: all readers see that it did. A callback, or called by
 * rcu_sync_enter(); nothing is held.
 */
const rcu_sync_func = RODATA((rhp: rcu_head): void => {
	const rsp = container_of<rcu_sync>(rhp, "cb_head");

	const state = READ_ONCE(rsp.gp_state);

	WARN_ON_ONCE(state === GP_IDLE || state === GP_PASSED,
		"rcu_sync_func() after no change");

	const flags = spin_lock_irqsave(rsp.gp_wait.lock);

	if (rsp.gp_count !== 0) {
		/* Since then none began on the fast way. That holds also if it
		 * was an exit, and somebody has entered meanwhile. */
		WRITE_ONCE(rsp.gp_state, GP_PASSED);
		wake_up_locked(rsp.gp_wait);
	} else if (rsp.gp_state === GP_REPLAY) {
		/* The last exit was in the middle of it: wait once more. */
		WRITE_ONCE(rsp.gp_state, GP_EXIT);
		rcu_sync_call(rsp);
	} else {
		/* Whoever reads from now on sees all that updaters did. */
		WRITE_ONCE(rsp.gp_state, GP_IDLE);
	}
	spin_unlock_irqrestore(rsp.gp_wait.lock, flags);
});

/**
 * No reader is on the fast way when this returns, nor until rcu_sync_exit().
 * May sleep.
 */
export function rcu_sync_enter(rsp: rcu_sync): void {
	spin_lock_irq(rsp.gp_wait.lock);
	const gp_state = rsp.gp_state;

	if (gp_state === GP_IDLE) {
		WRITE_ONCE(rsp.gp_state, GP_ENTER);
		WARN_ON_ONCE(rsp.gp_count !== 0,
			"rcu_sync: idle with updaters");
	}
	rsp.gp_count++;
	spin_unlock_irq(rsp.gp_wait.lock);

	if (gp_state === GP_IDLE) {
		/* What call_rcu() would do, but sooner. */
		synchronize_rcu();
		rcu_sync_func(rsp.cb_head);
		return;
	}

	const wait = STACK<wait_queue_entry>();

	init_wait(wait);
	for (;;) {
		prepare_to_wait(rsp.gp_wait, wait, TASK_UNINTERRUPTIBLE);
		if (READ_ONCE(rsp.gp_state) >= GP_PASSED)
			break;
		schedule();
	}
	finish_wait(rsp.gp_wait, wait);
}

/** An updater has done what it entered for. Readers may be fast again a grace
 *  period after the last one; does not wait for that. */
export function rcu_sync_exit(rsp: rcu_sync): void {
	WARN_ON_ONCE(READ_ONCE(rsp.gp_state) === GP_IDLE ||
		READ_ONCE(rsp.gp_count) === 0,
		"rcu_sync_exit() without an updater");

	spin_lock_irq(rsp.gp_wait.lock);
	rsp.gp_count--;
	if (rsp.gp_count === 0) {
		if (rsp.gp_state === GP_PASSED) {
			WRITE_ONCE(rsp.gp_state, GP_EXIT);
			rcu_sync_call(rsp);
		} else if (rsp.gp_state === GP_EXIT) {
			/* A callback is under way: it will queue itself. */
			WRITE_ONCE(rsp.gp_state, GP_REPLAY);
		}
	}
	spin_unlock_irq(rsp.gp_wait.lock);
}

/** Nobody enters any more; afterwards no callback is under way, and the memory
 *  can be freed. May sleep. */
export function rcu_sync_dtor(rsp: rcu_sync): void {
	WARN_ON_ONCE(READ_ONCE(rsp.gp_count) !== 0 ||
		READ_ONCE(rsp.gp_state) === GP_PASSED,
		"rcu_sync_dtor() with updaters");

	spin_lock_irq(rsp.gp_wait.lock);
	/* The callback shall not queue itself again. */
	if (rsp.gp_state === GP_REPLAY)
		WRITE_ONCE(rsp.gp_state, GP_EXIT);
	const gp_state = rsp.gp_state;

	spin_unlock_irq(rsp.gp_wait.lock);

	if (gp_state !== GP_IDLE) {
		rcu_barrier();
		WARN_ON_ONCE(READ_ONCE(rsp.gp_state) !== GP_IDLE,
			"rcu_sync_dtor() beside its callback");
	}
}
