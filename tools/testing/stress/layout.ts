// SPDX-License-Identifier: GPL-2.0-only
/** What the two sides of the stress test agree on: addresses, control words. The addresses are the kernel's, as the
 *  guest is bundled for it; the other side has no use for them. */
import { PAGE_SIZE as PAGE, PUD_SIZE, STACK_TOP } from "asm/pgtable_types.ts";

export { PAGE };
/** Pages that belong to one CPU alone; its neighbour's begin where they end. */
export const OWN_PAGES = 40;
/** First page of CPU 0's: the ranges lie across where a table of pmds ends, so
 *  that page tables of two levels are made and freed in between. */
export const OWN = PUD_SIZE - OWN_PAGES * PAGE;
/** Pages where every CPU does as it likes; right below OWN. */
export const COMMON_PAGES = 16;
export const COMMON = OWN - COMMON_PAGES * PAGE;
/** Always mapped and writable: each CPU has one word in each page. */
export const COUNTER_PAGES = 8;
export const COUNTERS = STACK_TOP - 2 ** 32;
/** The stack has room to grow by this many pages. */
export const STACK_PAGES = 64;
export const STACK: [number, number] = [STACK_TOP - 33 * PAGE, STACK_TOP];
export const START_BRK = PUD_SIZE / 2;
export const HEAP_PAGES = 16;

/* Words of the control array. */
export const STOP = 0; /* not 0: end at once, somebody failed */
export const ARRIVED = 1; /* CPUs at the barrier */
export const GENERATION = 2; /* barriers passed */
export const FINISHED = 3; /* CPUs that are through */
export const VFORK = 4; /* not 0: a CPU is about to sleep in vfork() */
/** Children handed to a CPU: one slot for each, 0: free. */
export const MAILBOX = 8;
export const CONTROL_WORDS = MAILBOX + 64;

/** Where vfork() leaves the number of the child: behind everybody's words. */
export const VFORK_PID = COUNTERS + PAGE - 4;

export interface Arg {
	control: SharedArrayBuffer;
	seed: number;
	cpu: number;
	cpus: number;
	/** Operations of each CPU. */
	steps: number;
	/** Number of the CPU that ends all others by exit_group(), or -1: each
	 *  thread ends by itself. */
	killer: number;
	/** Tasks of the process, by CPU. */
	pids: number[];
}
