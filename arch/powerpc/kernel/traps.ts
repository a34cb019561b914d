// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the part of arch/powerpc/kernel/traps.c (5.17) that sends signals for
 * exceptions. Left out: all exceptions themselves, oopses, what is printed.
 */
import { BUG_ON } from "linux/bug.ts";
import { force_sig_fault, force_sig_pkuerr } from "kernel/signal.ts";
import { type pt_regs, user_mode } from "asm/ptrace.ts";

/** The exception is the user's own doing. */
export function _exception(
	signr: number,
	regs: pt_regs,
	code: number,
	addr: number,
): void {
	BUG_ON(!user_mode(regs), "exception in the kernel");
	force_sig_fault(signr, code, addr);
}

/** The same, by the rights for a memory key. */
export function _exception_pkey(
	regs: pt_regs,
	addr: number,
	key: number,
): void {
	BUG_ON(!user_mode(regs), "exception in the kernel");
	force_sig_pkuerr(addr, key);
}
