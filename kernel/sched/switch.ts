// SPDX-License-Identifier: GPL-2.0-only
/**
 * A CPU goes from one task to another. Mirrors no file of the kernel: who runs
 * next is decided outside, by run_task(), so this stands in the place of
 * schedule() and of what follows it there, schedule_tail() and
 * idle_task_exit() (kernel/sched/core.c, 5.17). There are no registers.
 */
import { EAGAIN, EBUSY, ESRCH } from "linux/errno.ts";
import { local_irq_disable, local_irq_enable } from "linux/irqflags.ts";
import { TASK_NEW, type task_struct } from "linux/sched.ts";
import { mmdrop, mmgrab } from "linux/sched/mm.ts";
import { get_task_struct, put_task_struct } from "linux/sched/task.ts";
import { spin_lock, spin_unlock } from "linux/spinlock.ts";
import { smp_processor_id } from "host/cpu.ts";
import { put_user } from "asm/uaccess.ts";
import { task_claim, task_unclaim } from "kernel/exit.ts";
import { tasklist_lock } from "kernel/fork.ts";
import { find_task_by_vpid } from "kernel/pid.ts";
import {
	current,
	idle_task,
	is_idle_task,
	switch_to_task,
} from "kernel/sched/core.ts";
import { init_mm } from "mm/init-mm.ts";
import { switch_mm_irqs_off } from "asm/mmu_context.ts";

/** The first steps of a new task, in its own context: schedule_tail(). */
function ret_from_fork(tsk: task_struct): void {
	const tidptr = tsk.set_child_tid;

	tsk.set_child_tid = 0;
	put_user(tsk.pid, tidptr);
}

/** The CPU leaves its task, if it runs one, for its idle task. */
function leave_task(): void {
	const prev = current();

	if (is_idle_task(prev))
		return;
	switch_to_task(idle_task(smp_processor_id()));
	task_unclaim(prev);
}

/**
 * Let this CPU run the task with that number: 0, or -ESRCH if there is none,
 * -EBUSY if it is on another CPU, -EAGAIN if it cannot run (it is dead, or
 * being born). In the kernel, with nothing held.
 */
export function schedule_to(pid: number): number {
	const prev = current();

	spin_lock(tasklist_lock);
	const next = find_task_by_vpid(pid);
	if (next === NULL) {
		spin_unlock(tasklist_lock);
		return -ESRCH;
	}
	if (next === prev) {
		spin_unlock(tasklist_lock);
		return 0;
	}
	get_task_struct(next);
	spin_unlock(tasklist_lock);

	let ret = 0;
	if (task_claim(next)) {
		/* It would have gone on, had nobody decided otherwise. */
		if (!is_idle_task(prev))
			prev.nivcsw++;
		switch_to_task(next);
		if (!is_idle_task(prev))
			task_unclaim(prev);
		if (next.set_child_tid !== 0)
			ret_from_fork(next);
	} else {
		/* It may just be ending, run by who found it killed. */
		const busy = READ_ONCE(next.exit_state) === 0 &&
			READ_ONCE(next.__state) !== TASK_NEW;

		ret = busy ? -EBUSY : -EAGAIN;
	}
	put_task_struct(next);
	return ret;
}

/**
 * Let this CPU run nothing, and let go of the address space that it would keep
 * as a lazy user: idle_task_exit().
 */
export function schedule_idle(): void {
	leave_task();

	const idle = current();

	/* From the look on: an interrupt may let go of what is borrowed, too,
	 * as do_exit_flush_lazy_tlb() of powerpc does. */
	local_irq_disable();
	const mm = idle.active_mm;
	if (mm === init_mm) {
		local_irq_enable();
		return;
	}
	mmgrab(init_mm);
	switch_mm_irqs_off(mm, init_mm, idle);
	idle.active_mm = init_mm;
	local_irq_enable();
	mmdrop(mm);
}
