// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/wait.h and kernel/sched/wait.c (5.17): queues of
 * sleeping tasks.
 * Port: wait_event(wq, condition) is a macro around the condition; a caller
 * writes its loop: prepare_to_wait(), look, schedule(), finish_wait().
 * Port: waiters of wake_up() have no wake function and are not exclusive; those
 * of __wake_up_common_lock() may be and have.
 * Left out: bit waits, timeouts.
 */
import {
	INIT_LIST_HEAD,
	list_add,
	list_add_tail,
	list_del_init,
	list_empty,
} from "linux/list.ts";
import { TASK_RUNNING, type task_struct } from "linux/sched.ts";
import {
	spin_lock_init,
	spin_lock_irqsave,
	spin_unlock_irqrestore,
} from "linux/spinlock.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";
import type { list_head } from "linux/types.ts";
import {
	__set_current_state,
	current,
	set_current_state,
	TASK_NORMAL,
	try_to_wake_up,
} from "kernel/sched/core.ts";

export interface wait_queue_head extends struct {
	lock: embed<spinlock_t>; /* guards head */
	head: embed<list_head>; /* lock, peeked at by waitqueue_active() */
}

/* wait_queue_entry.flags */
export const WQ_FLAG_EXCLUSIVE = 0x01;
export const WQ_FLAG_CUSTOM = 0x08;

/** What a waker does for a waiter, under the lock of the head: negative ends
 *  the wake-up, 0 is for nothing, else an exclusive one counts. */
export type wait_queue_func_t = (
	wq_entry: wait_queue_entry,
	mode: number,
	wake_flags: number,
	key: number,
) => number;

/** On the sleeper's stack. */
export interface wait_queue_entry extends struct {
	flags: int; /* WQ_FLAG_*; constant */
	/** constant, or as func says */
	private: task_struct;
	/** constant; NULL: default_wake_function() */
	func: rodata<wait_queue_func_t>;
	entry: embed<list_head>; /* lock of the head */
}

export function init_waitqueue_head(wq: wait_queue_head): void {
	spin_lock_init(wq.lock);
	INIT_LIST_HEAD(wq.head);
}

export function init_wait(wait: wait_queue_entry): void {
	wait.private = current();
	INIT_LIST_HEAD(wait.entry);
}

/** DEFINE_WAIT_FUNC(): a waiter who is woken by a function of its own. */
export function init_wait_func(
	wait: wait_queue_entry,
	func: wait_queue_func_t,
): void {
	init_wait(wait);
	wait.func = func;
}

/** Without the lock: the caller has a full barrier after its condition. */
export function waitqueue_active(wq: wait_queue_head): boolean {
	return !list_empty(wq.head);
}

/** Behind all others. The lock is held. */
export function __add_wait_queue_entry_tail(
	wq: wait_queue_head,
	wait: wait_queue_entry,
): void {
	list_add_tail(wait.entry, wq.head);
}

/**
 * Join the queue (once) and announce the sleep; the condition is looked at
 * afterwards. Pairs with the barrier of the wake-up.
 */
export function prepare_to_wait(
	wq: wait_queue_head,
	wait: wait_queue_entry,
	state: number,
): void {
	const flags = spin_lock_irqsave(wq.lock);

	if (list_empty(wait.entry))
		list_add(wait.entry, wq.head);
	set_current_state(state);
	spin_unlock_irqrestore(wq.lock, flags);
}

/** The sleep is over: leave the queue, under the lock so that no waker still
 *  looks at our entry when we return. */
export function finish_wait(wq: wait_queue_head, wait: wait_queue_entry): void {
	__set_current_state(TASK_RUNNING);

	const flags = spin_lock_irqsave(wq.lock);

	list_del_init(wait.entry);
	spin_unlock_irqrestore(wq.lock, flags);
}

/** Wake all; they stay on the queue until they leave it themselves. */
export function __wake_up(wq: wait_queue_head, mode: number): void {
	const flags = spin_lock_irqsave(wq.lock);

	for (
		let pos: list_head = wq.head.next;
		pos !== wq.head;
		pos = pos.next
	) {
		const wait = container_of<wait_queue_entry>(pos, "entry");

		try_to_wake_up(wait.private, mode);
	}
	spin_unlock_irqrestore(wq.lock, flags);
}

export function wake_up_all(wq: wait_queue_head): void {
	__wake_up(wq, TASK_NORMAL);
}

export function wake_up(wq: wait_queue_head): void {
	__wake_up(wq, TASK_NORMAL);
}

/**
 * Ask waiters from the first one on, until one says that it is enough or so
 * many exclusive ones were woken. The lock is held. A function may take its
 * entry out, and must not touch others.
 */
function __wake_up_common(
	wq: wait_queue_head,
	mode: number,
	nr_exclusive: number,
	key: number,
): void {
	let pos: list_head = wq.head.next;

	while (pos !== wq.head) {
		const next: list_head = pos.next;
		const curr = container_of<wait_queue_entry>(pos, "entry");
		/* Once it was woken the entry may be gone. */
		const flags = curr.flags;
		const func = curr.func;
		const ret = func === NULL
			? Number(try_to_wake_up(curr.private, mode))
			: func(curr, mode, 0, key);

		if (ret < 0)
			break;
		if (ret !== 0 && (flags & WQ_FLAG_EXCLUSIVE) !== 0 &&
		    --nr_exclusive === 0)
			break;
		pos = next;
	}
}

/** __wake_up() for waiters who have functions, which get the key. */
export function __wake_up_common_lock(
	wq: wait_queue_head,
	mode: number,
	nr_exclusive: number,
	key: number,
): void {
	const flags = spin_lock_irqsave(wq.lock);

	__wake_up_common(wq, mode, nr_exclusive, key);
	spin_unlock_irqrestore(wq.lock, flags);
}

/** The lock is held. */
export function wake_up_locked(wq: wait_queue_head): void {
	__wake_up_common(wq, TASK_NORMAL, 1, 0);
}
