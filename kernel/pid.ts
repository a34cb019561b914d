// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/pid.c (5.17): numbers for tasks, and tasks by number.
 * Left out: struct pid and its references, namespaces, process groups and
 * sessions, pidfds.
 * Port: one hash table of tasks, linked through task_struct.pid_chain and
 * guarded by tasklist_lock, in place of an IDR walked under RCU.
 */
import { VM_BUG_ON } from "linux/bug.ts";
import { EAGAIN } from "linux/errno.ts";
import type { task_struct } from "linux/sched.ts";
import { assert_spin_locked, spin_lock, spin_unlock } from "linux/spinlock.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";
import { tasklist_lock } from "kernel/fork.ts";

const PID_MAX = 32768;
/** Where numbers start again once PID_MAX was reached. */
const RESERVED_PIDS = 300;
const PID_HASH_SIZE = 256;

interface pid_namespace extends struct {
	pidmap_lock: embed<spinlock_t>; /* guards numbers */
	last_pid: int; /* pidmap_lock */
	pid_allocated: int; /* pidmap_lock */
	pidmap: array<int, 1024>; /* a bit for each number; pidmap_lock */
	pid_hash: array<task_struct, 256>; /* tasklist_lock */
}
const init_pid_ns = DEFINE<pid_namespace>();

export function free_pid(nr: number): void {
	const ns = init_pid_ns;

	spin_lock(ns.pidmap_lock);
	VM_BUG_ON((ns.pidmap[nr >> 5] & (1 << (nr & 31))) === 0);
	ns.pidmap[nr >> 5] &= ~(1 << (nr & 31));
	ns.pid_allocated--;
	spin_unlock(ns.pidmap_lock);
}

/** The next free number, cyclically, or -EAGAIN. */
export function alloc_pid(): number {
	const ns = init_pid_ns;
	let retval = -EAGAIN;

	spin_lock(ns.pidmap_lock);
	let nr = ns.last_pid;
	for (let i = 0; i < PID_MAX; i++) {
		nr++;
		if (nr >= PID_MAX)
			nr = RESERVED_PIDS;
		if ((ns.pidmap[nr >> 5] & (1 << (nr & 31))) === 0) {
			ns.pidmap[nr >> 5] |= 1 << (nr & 31);
			ns.last_pid = nr;
			ns.pid_allocated++;
			retval = nr;
			break;
		}
	}
	spin_unlock(ns.pidmap_lock);
	return retval;
}

/** Make task findable by its pid. tasklist_lock is held. */
export function attach_pid(task: task_struct): void {
	assert_spin_locked(tasklist_lock);
	const slot = task.pid & (PID_HASH_SIZE - 1);

	task.pid_chain = init_pid_ns.pid_hash[slot];
	init_pid_ns.pid_hash[slot] = task;
}

/** The opposite; the number stays taken until free_pid(). */
export function detach_pid(task: task_struct): void {
	assert_spin_locked(tasklist_lock);
	const slot = task.pid & (PID_HASH_SIZE - 1);
	let prev: task_struct = NULL;

	let t: task_struct = init_pid_ns.pid_hash[slot];

	for (; t !== NULL; t = t.pid_chain) {
		if (t === task) {
			if (prev !== NULL)
				prev.pid_chain = t.pid_chain;
			else
				init_pid_ns.pid_hash[slot] = t.pid_chain;
			t.pid_chain = NULL;
			return;
		}
		prev = t;
	}
	VM_BUG_ON(true, "detach_pid: not hashed");
}

/** tasklist_lock is held; to keep the task beyond it, get_task_struct(). */
export function find_task_by_vpid(vnr: number): task_struct {
	assert_spin_locked(tasklist_lock);
	let t: task_struct = init_pid_ns.pid_hash[vnr & (PID_HASH_SIZE - 1)];

	while (t !== NULL && t.pid !== vnr)
		t = t.pid_chain;
	return t;
}

/** At boot: number 0 is the idle tasks'. */
export function pid_idr_init(): void {
	init_pid_ns.pidmap[0] = 1;
	init_pid_ns.last_pid = 0;
}
