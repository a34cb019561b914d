// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/signal.c (5.17) as far as memory faults and killing need it.
 * Left out: queues, siginfo but for the faulting address, handlers and masks,
 * stopping, tracing, job control, core dumps.
 * Port: task_struct.pending has one bit for each signal. SIGKILL is acted upon
 * in the kernel. All others are handed to the program at the return to user
 * mode: it has a handler for each of them, and asks by user_signal().
 */
import { CONFIG_ARCH_HAS_PKEYS } from "generated/autoconf.ts";
import { smp_rmb } from "host/door.ts";
import { EINVAL, ESRCH } from "linux/errno.ts";
import {
	SEGV_PKUERR, SIGKILL, SIGSEGV, _NSIG, sigmask,
} from "linux/signal.ts";
import { PF_EXITING, type task_struct } from "linux/sched.ts";
import { next_task, same_thread_group } from "linux/sched/signal.ts";
import { assert_spin_locked, spin_lock, spin_unlock } from "linux/spinlock.ts";
import { init_task, tasklist_lock } from "kernel/fork.ts";
import { do_group_exit, finish_killed_tasks } from "kernel/exit.ts";
import { find_task_by_vpid } from "kernel/pid.ts";
import {
	current,
	fatal_signal_pending,
	signal_wake_up,
} from "kernel/sched/core.ts";

/**
 * t is to die with that code, unless it is to die already. tasklist_lock is
 * held.
 * Port: the code is in each thread, not in a struct that the group shares.
 */
function mark_killed(t: task_struct, exit_code: number): void {
	assert_spin_locked(tasklist_lock);
	if ((READ_ONCE(t.pending) & sigmask(SIGKILL)) === 0)
		t.exit_code = exit_code;
	fetch_or(t.pending, sigmask(SIGKILL));
	signal_wake_up(t, true);
}

/**
 * All threads of p's group but p itself are to die. tasklist_lock is held: no
 * thread can be added that we would not see. Returns how many there are.
 */
export function zap_other_threads(p: task_struct, exit_code: number): number {
	assert_spin_locked(tasklist_lock);
	let count = 0;

	for (let t = next_task(init_task); t !== init_task; t = next_task(t)) {
		if (!same_thread_group(t, p) || t === p)
			continue;
		count++;
		/* Who is on the way out has no use for it. */
		if ((t.flags & PF_EXITING) === 0)
			mark_killed(t, exit_code);
	}
	return count;
}

/** Send sig to t's process; tasklist_lock is held. SIGKILL hits every thread,
 *  anything else waits in t. */
function complete_signal(sig: number, t: task_struct): void {
	assert_spin_locked(tasklist_lock);
	if (sig === SIGKILL) {
		zap_other_threads(t, sig);
		mark_killed(t, sig);
		return;
	}
	fetch_or(t.pending, sigmask(sig));
	signal_wake_up(t, false);
}

/** From within the kernel, to p's process. tasklist_lock is held. Port: in the
 *  kernel it is siglock, which is taken here. */
export function do_send_sig_info(sig: number, p: task_struct): void {
	assert_spin_locked(tasklist_lock);
	if ((p.flags & PF_EXITING) === 0)
		complete_signal(sig, p);
}

/** The same, to a task that somebody keeps from going away. Takes
 *  tasklist_lock. */
export function send_sig(sig: number, p: task_struct): number {
	spin_lock(tasklist_lock);
	do_send_sig_info(sig, p);
	spin_unlock(tasklist_lock);
	return 0;
}

/**
 * A fault of current's own making that no handler can be spared: the address
 * and the code are noted for user_signal().
 */
export function force_sig_fault(
	sig: number, code: number, addr: number,
): number {
	const t = current();

	t.fault_address = addr;
	t.fault_code = code;
	fetch_or(t.pending, sigmask(sig));
	return 0;
}

/** The access was forbidden by the rights of current for that memory key. */
export function force_sig_pkuerr(addr: number, pkey: number): number {
	if (CONFIG_ARCH_HAS_PKEYS)
		current().fault_pkey = pkey;
	return force_sig_fault(SIGSEGV, SEGV_PKUERR, addr);
}

/**
 * On the way to user mode with a signal pending: hand it to the program, which
 * finds it by user_signal(), or die of it.
 * Port: returns in both cases; if the task died, current is the idle task. So
 * callers look at current() anew.
 */
export function get_signal(): void {
	const t = current();

	if (fatal_signal_pending(t)) {
		/* Pairs with the fetch_or() in mark_killed(). */
		smp_rmb();
		do_group_exit(t.exit_code);
		return;
	}
	/* A SIGKILL that comes just now stays, for the next look. */
	const sig = fetch_and(t.pending, sigmask(SIGKILL));

	t.delivered |= sig & ~sigmask(SIGKILL);
}

export function sys_kill(pid: number, sig: number): number {
	if (sig < 0 || sig > _NSIG || sig !== (sig | 0))
		return -EINVAL;
	spin_lock(tasklist_lock);
	const p = find_task_by_vpid(pid);
	if (p === NULL) {
		spin_unlock(tasklist_lock);
		return -ESRCH;
	}
	/* Signal 0 only asks whether there is such a process. */
	if (sig !== 0 && (p.flags & PF_EXITING) === 0)
		complete_signal(sig, p);
	spin_unlock(tasklist_lock);

	/* What runs nowhere would never come to it. */
	if (sig === SIGKILL)
		finish_killed_tasks();
	return 0;
}
