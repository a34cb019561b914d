// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/entry/common.c (5.17): the SYSCALL instruction.
 * Left out: 32-bit entries (int80, SYSENTER), the x32 table, stack
 * randomisation, Xen.
 */
import { ENOSYS, ERESTARTNOINTR, ESRCH } from "linux/errno.ts";
import {
	syscall_enter_from_user_mode,
	syscall_exit_to_user_mode,
} from "kernel/entry/common.ts";
import { current, is_idle_task } from "kernel/sched/core.ts";
import { sys_call, sys_call_without_mm } from "kernel/entry/syscall.ts";

/**
 * One system call of the task that runs on this CPU. Returns what RAX would
 * hold: a value, an address, or a negative errno.
 * Port: a CPU that runs no task makes no system calls (-ESRCH), and a task that
 * never called sim_exec() has no memory to manage (-ENOSYS).
 */
export function do_syscall_64(nr: number, a0: number, a1: number, a2: number,
		a3: number, a4: number, a5: number): number {
	for (;;) {
		const tsk = current();

		if (is_idle_task(tsk))
			return -ESRCH;

		syscall_enter_from_user_mode();
		let ret: number;
		if (tsk.mm === NULL && !sys_call_without_mm(nr))
			ret = -ENOSYS;
		else
			ret = sys_call(tsk, nr, a0, a1, a2, a3, a4, a5);
		/* Hands out the signals for which the call wants to be
		 * restarted. */
		syscall_exit_to_user_mode();
		if (ret !== -ERESTARTNOINTR || current() !== tsk)
			return ret;
	}
}
