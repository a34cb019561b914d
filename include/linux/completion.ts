// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/completion.h and kernel/sched/completion.c (5.17).
 * Left out: timeouts, interruptible waits, complete() that is counted by
 * several waiters at once (each wakes all, and they compete for the count).
 */
import { EINTR } from "linux/errno.ts";
import { INT_MAX, might_sleep } from "linux/kernel.ts";
import { TASK_KILLABLE, TASK_UNINTERRUPTIBLE } from "linux/sched.ts";
import { spin_lock_irqsave, spin_unlock_irqrestore } from "linux/spinlock.ts";
import {
	finish_wait,
	init_wait,
	init_waitqueue_head,
	prepare_to_wait,
	type wait_queue_entry,
	type wait_queue_head,
	wake_up_all,
} from "linux/wait.ts";
import { current, schedule, signal_pending_state } from "kernel/sched/core.ts";

export interface completion extends struct {
	done: int; /* INT_MAX: completed for all, for ever; lock of wait */
	wait: embed<wait_queue_head>; /* see wait_queue_head */
}

export function init_completion(x: completion): void {
	x.done = 0;
	init_waitqueue_head(x.wait);
}

/** Between two uses: nobody waits for it, and nobody completes it. */
export function reinit_completion(x: completion): void {
	x.done = 0;
}

function add_done(x: completion, all: boolean): void {
	const wq = x.wait;
	const flags = spin_lock_irqsave(wq.lock);

	if (all)
		x.done = INT_MAX;
	else if (x.done !== INT_MAX)
		x.done++;
	spin_unlock_irqrestore(wq.lock, flags);
}

export function complete(x: completion): void {
	add_done(x, false);
	wake_up_all(x.wait);
}

export function complete_all(x: completion): void {
	add_done(x, true);
	wake_up_all(x.wait);
}

/** Takes one count if there is one. */
export function try_wait_for_completion(x: completion): boolean {
	const wq = x.wait;
	const flags = spin_lock_irqsave(wq.lock);
	const ret = x.done !== 0;

	if (ret && x.done !== INT_MAX)
		x.done--;
	spin_unlock_irqrestore(wq.lock, flags);
	return ret;
}

function wait_for_common(x: completion, state: number): number {
	const wait = STACK<wait_queue_entry>();
	let ret = 0;

	might_sleep();
	init_wait(wait);
	for (;;) {
		prepare_to_wait(x.wait, wait, state);
		if (try_wait_for_completion(x))
			break;
		if (signal_pending_state(state, current())) {
			ret = -EINTR;
			break;
		}
		schedule();
	}
	finish_wait(x.wait, wait);
	return ret;
}

export function wait_for_completion(x: completion): void {
	wait_for_common(x, TASK_UNINTERRUPTIBLE);
}

/** Returns 0, or -EINTR if the task is being killed. */
export function wait_for_completion_killable(x: completion): number {
	return wait_for_common(x, TASK_KILLABLE);
}
