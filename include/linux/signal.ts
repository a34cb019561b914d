// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/signal.h and uapi/asm-generic/{signal,siginfo}.h (5.17):
 * the signals and codes that memory management can raise.
 * Left out: sets, queues, handlers, all other signals.
 */
export const SIGHUP = 1;
export const SIGILL = 4;
export const SIGTRAP = 5;
export const SIGBUS = 7;
export const SIGKILL = 9;
export const SIGSEGV = 11;
export const SIGCHLD = 17;
export const _NSIG = 32;

/* si_code of SIGSEGV */
export const SEGV_MAPERR = 1; /* no mapping at the address */
export const SEGV_ACCERR = 2; /* a mapping that forbids the access */
export const SEGV_BNDERR = 3; /* an address that nothing can be mapped at */
export const SEGV_PKUERR = 4; /* a memory key does */
/* si_code of SIGBUS */
export const BUS_ADRALN = 1;
export const BUS_ADRERR = 2; /* nothing behind the address: past the end */
export const BUS_OBJERR = 3;
/* si_code of a signal that the kernel sends by itself */
export const SI_USER = 0;
export const SI_KERNEL = 0x80;

/** The signal's bit in task_struct.pending. */
export function sigmask(sig: number): number {
	return 1 << (sig - 1);
}
