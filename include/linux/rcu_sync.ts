// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/rcu_sync.h (5.17): tells readers whether they may take
 * a way that is fast because no updater is about. The functions are in
 * kernel/rcu/sync.ts.
 */
import { CONFIG_DEBUG_VM } from "generated/autoconf.ts";
import { WARN_ON_ONCE } from "linux/bug.ts";
import { rcu_read_lock_any_held } from "linux/rcupdate.ts";
import type { rcu_head } from "linux/types.ts";
import type { wait_queue_head } from "linux/wait.ts";

export interface rcu_sync extends struct {
	/** GP_*, see kernel/rcu/sync.ts; lock of gp_wait, and readers look at
	 *  it under RCU */
	gp_state: int;
	gp_count: int; /* updaters that have entered; lock of gp_wait */
	gp_wait: embed<wait_queue_head>; /* guards the other fields */
	cb_head: embed<rcu_head>; /* RCU: one at a time, by gp_state */
}

/**
 * May a reader take its fast way? In an RCU section of any flavour: the answer
 * holds as long as that lasts.
 */
export function rcu_sync_is_idle(rsp: rcu_sync): boolean {
	if (CONFIG_DEBUG_VM) {
		WARN_ON_ONCE(!rcu_read_lock_any_held(),
			"suspicious rcu_sync_is_idle() usage");
	}
	return READ_ONCE(rsp.gp_state) === 0; /* GP_IDLE */
}

export {
	rcu_sync_dtor,
	rcu_sync_enter,
	rcu_sync_enter_start,
	rcu_sync_exit,
	rcu_sync_init,
} from "kernel/rcu/sync.ts";
