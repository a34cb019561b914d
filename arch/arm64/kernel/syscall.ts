// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/arm64/kernel/syscall.c and sys.c (5.17): the SVC instruction,
 * and mmap() with an offset in bytes. Left out: 32-bit tasks, tracing, the
 * table of calls (kernel/entry/syscall.ts), stack randomisation, SVE.
 */
import { EINVAL, ENOSYS, ERESTARTNOINTR, ESRCH } from "linux/errno.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import type { task_struct } from "linux/sched.ts";
import {
	syscall_enter_from_user_mode,
	syscall_exit_to_user_mode,
} from "kernel/entry/common.ts";
import { current, is_idle_task } from "kernel/sched/core.ts";
import { sys_call, sys_call_without_mm } from "kernel/entry/syscall.ts";
import { ksys_mmap_pgoff } from "mm/mmap.ts";

export function sys_mmap(
	addr: number,
	len: number,
	prot: number,
	flags: number,
	fd: number,
	off: number,
): number {
	if (off % PAGE_SIZE !== 0) return -EINVAL;
	return ksys_mmap_pgoff(addr, len, prot, flags, fd, off / PAGE_SIZE);
}

/** Port: a task that never called sim_exec() has no memory to manage. */
function invoke_syscall(
	tsk: task_struct,
	scno: number,
	a0: number,
	a1: number,
	a2: number,
	a3: number,
	a4: number,
	a5: number,
): number {
	if (tsk.mm === NULL && !sys_call_without_mm(scno)) return -ENOSYS;
	return sys_call(tsk, scno, a0, a1, a2, a3, a4, a5);
}

/**
 * One system call of the task that runs on this CPU. Returns what X0 would
 * hold: a value, an address, or a negative errno.
 * Port: a CPU that runs no task makes no system calls (-ESRCH). The call is
 * restarted here, not by the signal's return.
 */
export function do_el0_svc(
	scno: number,
	a0: number,
	a1: number,
	a2: number,
	a3: number,
	a4: number,
	a5: number,
): number {
	for (;;) {
		const tsk = current();

		if (is_idle_task(tsk)) return -ESRCH;

		syscall_enter_from_user_mode();
		const ret = invoke_syscall(tsk, scno, a0, a1, a2, a3, a4, a5);
		/* Hands out the signals for which the call wants to be
		 * restarted. */
		syscall_exit_to_user_mode();
		if (ret !== -ERESTARTNOINTR || current() !== tsk) return ret;
	}
}
