// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/entry/common.c (5.17): the way into the kernel and back.
 * Left out: tracing, seccomp, single-stepping, context tracking besides RCU,
 * task work.
 */
import {
	CONFIG_ARCH_HOST_STEPPER,
	CONFIG_DEFERRED_WORK,
	CONFIG_PREEMPT_RT,
} from "generated/autoconf.ts";
import { VM_BUG_ON } from "linux/bug.ts";
import { irqs_disabled } from "linux/irqflags.ts";
import { in_atomic } from "linux/preempt.ts";
import { type pt_regs, user_mode } from "asm/ptrace.ts";
import {
	rcu_check_callbacks,
	rcu_user_enter,
	rcu_user_exit,
} from "kernel/rcu.ts";
import { finish_killed_tasks } from "kernel/exit.ts";
import { current } from "kernel/sched/core.ts";
import { get_signal } from "kernel/signal.ts";
import { irq_poll } from "kernel/smp.ts";
import { run_scheduled_works } from "kernel/workqueue.ts";

/** First of all: RCU has to watch us before we may look at anything. */
export function enter_from_user_mode(): void {
	rcu_user_exit();
}

/** Last of all. */
function exit_to_user_mode(): void {
	rcu_user_enter();
}

export function syscall_enter_from_user_mode(): void {
	enter_from_user_mode();
}

/**
 * What has to be done before the return: interrupts, then others who are to run
 * on this CPU, then signals, until none of them has anything for us.
 * Port: others are tasks that the OOM killer has killed, and that run nowhere.
 */
function exit_to_user_mode_loop(): void {
	for (;;) {
		irq_poll();
		/* Of whoever is current by now: a signal may end a task. */
		const t = current();

		if (t.need_resched !== 0) {
			t.need_resched = 0;
			finish_killed_tasks();
		}
		if (READ_ONCE(t.pending) === 0)
			return;
		get_signal();
	}
}

/** We hold nothing any more: a quiescent point. */
function exit_to_user_mode_prepare(): void {
	VM_BUG_ON(in_atomic(), "return to user mode with a lock held");
	VM_BUG_ON(irqs_disabled(), "return to user mode with interrupts off");
	if (CONFIG_PREEMPT_RT) {
		VM_BUG_ON(current().migration_disabled !== 0,
			"return to user mode with a spinlock held");
	}
	exit_to_user_mode_loop();
	rcu_check_callbacks();
	if (CONFIG_DEFERRED_WORK && !CONFIG_ARCH_HOST_STEPPER)
		run_scheduled_works();
}

export function syscall_exit_to_user_mode(): void {
	exit_to_user_mode_prepare();
	exit_to_user_mode();
}

export function irqentry_enter_from_user_mode(): void {
	enter_from_user_mode();
}

export function irqentry_exit_to_user_mode(): void {
	exit_to_user_mode_prepare();
	exit_to_user_mode();
}

/** An exception: from user mode it is an entry, from the kernel it is not. */
export function irqentry_enter(regs: pt_regs): void {
	if (user_mode(regs))
		irqentry_enter_from_user_mode();
}

export function irqentry_exit(regs: pt_regs): void {
	if (user_mode(regs))
		irqentry_exit_to_user_mode();
}
