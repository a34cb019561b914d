// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors what of arch/powerpc/kernel/interrupt.c, exceptions-64s.S and
 * asm/interrupt.h (5.17) leads to the handlers of system calls and of storage
 * interrupts. Left out: all others, soft masks of interrupts, KUAP, tracing,
 * 32-bit tasks, transactions, stack randomisation.
 * Port: interrupts return whether the access is to be made again.
 */
import { ENOSYS, ERESTARTNOINTR, ESRCH } from "linux/errno.ts";
import {
	irqentry_enter,
	irqentry_exit,
	syscall_enter_from_user_mode,
	syscall_exit_to_user_mode,
} from "kernel/entry/common.ts";
import { sys_call, sys_call_without_mm } from "kernel/entry/syscall.ts";
import { current, is_idle_task } from "kernel/sched/core.ts";
import {
	INTERRUPT_DATA_STORAGE, INTERRUPT_INST_STORAGE,
} from "asm/interrupt.ts";
import type { pt_regs } from "asm/ptrace.ts";
import { DSISR_SRR1_MATCH_64S } from "asm/reg.ts";
import { do_bad_segment_interrupt, do_page_fault } from "../mm/fault.ts";

/**
 * One system call of the task that runs on this CPU. Returns what r3 would
 * hold, negative where the kernel would set the overflow bit: a value, an
 * address, or a negative errno.
 * Port: a CPU that runs no task makes no system calls (-ESRCH), and a task that
 * never called sim_exec() has no memory to manage. The call is restarted here,
 * not by the signal's return.
 */
export function system_call_exception(
	r0: number,
	r3: number,
	r4: number,
	r5: number,
	r6: number,
	r7: number,
	r8: number,
): number {
	for (;;) {
		const tsk = current();

		if (is_idle_task(tsk)) return -ESRCH;

		syscall_enter_from_user_mode();
		const ret =
			tsk.mm === NULL && !sys_call_without_mm(r0)
				? -ENOSYS
				: sys_call(tsk, r0, r3, r4, r5, r6, r7, r8);
		/* Hands out the signals for which the call wants to be
		 * restarted. */
		syscall_exit_to_user_mode();
		if (ret !== -ERESTARTNOINTR || current() !== tsk) return ret;
	}
}

/** 0x300: a load or store, of user mode or of a copy by the kernel. */
export function data_access(
	regs: pt_regs,
	dar: number,
	dsisr: number,
): boolean {
	irqentry_enter(regs);
	const again = do_page_fault(regs, dar, dsisr, INTERRUPT_DATA_STORAGE);
	irqentry_exit(regs);
	return again;
}

/** 0x400: a fetch of an instruction at nip. Of SRR1 what DSISR would have. */
export function instruction_access(
	regs: pt_regs,
	nip: number,
	srr1: number,
): boolean {
	irqentry_enter(regs);
	const again = do_page_fault(
		regs,
		nip,
		srr1 & DSISR_SRR1_MATCH_64S,
		INTERRUPT_INST_STORAGE,
	);
	irqentry_exit(regs);
	return again;
}

/** 0x380 and 0x480: with radix, an address that no table can translate. */
export function segment_interrupt(
	regs: pt_regs,
	dar: number,
	trap: number,
): boolean {
	irqentry_enter(regs);
	const again = do_bad_segment_interrupt(regs, dar, trap);
	irqentry_exit(regs);
	return again;
}
