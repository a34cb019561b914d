// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/arm64/kernel/entry-common.c (5.17): from an exception to what
 * handles it. Left out: all exceptions but aborts and the SVC instruction,
 * interrupt masks (DAIF), 32-bit tasks, debugging, hardening.
 * Port: aborts return whether the access is to be made again.
 */
import { irqentry_enter, irqentry_exit } from "kernel/entry/common.ts";
import type { pt_regs } from "asm/ptrace.ts";
import { do_mem_abort } from "../mm/fault.ts";

/** Of the kernel, which copies from or to user memory. */
export function el1_abort(regs: pt_regs, esr: number, far: number): boolean {
	irqentry_enter(regs);
	const again = do_mem_abort(far, esr, regs);
	irqentry_exit(regs);
	return again;
}

/** A load or a store of user mode. */
export function el0_da(regs: pt_regs, esr: number, far: number): boolean {
	irqentry_enter(regs);
	const again = do_mem_abort(far, esr, regs);
	irqentry_exit(regs);
	return again;
}

/** A fetch of an instruction. */
export function el0_ia(regs: pt_regs, esr: number, far: number): boolean {
	irqentry_enter(regs);
	const again = do_mem_abort(far, esr, regs);
	irqentry_exit(regs);
	return again;
}
