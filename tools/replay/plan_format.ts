// SPDX-License-Identifier: GPL-2.0-only
/**
 * The plan of a replay as the CPUs see it: flat arrays in shared memory. Which
 * of them are constant and which are changed, and how, is said at each.
 */
import type { Kind } from "./trace.ts";

export const KIND: Record<Kind, number> = { exec: 0, call: 1, clone: 2, wait: 3, exit: 4, fault: 5 };
export const ACCESS = { read: 0, write: 1, exec: 2 };

/** Bits of Plan.flags. */
export const LAST = 1;
export const SNAPSHOT = 2;
export const PLACED = 4;
/** The kernel, left alone, would place the mapping elsewhere. */
export const GIVEN = 8;
export const EXPECT_SIGNAL = 16;

/** Words of Plan.control. */
export const HEAD = 0;
export const TAIL = 1;
export const DONE = 2;
export const STOP = 3;
export const CONTROL_WORDS = 16;

/** Values of Plan.state. */
export const NOT_RUN = 0;
export const EQUAL = 1;
export const DIFFERENT = 2;

/** The argument is memory that strace has read, or that the call writes to: on a page of the task's own. No
 *  argument of 64 bits is that. */
export const IN_PAGE = -(2 ** 64);

/** What a fault is of. */
export const MEMORY = ["anonymous", "file-read", "file-write-private", "shared"] as const;
export type Memory = (typeof MEMORY)[number];

/** Values of Plan.speculation. From ABORTED + 1 on: given up for that one of REASONS. */
export const NO_FAULT = 0;
export const NO_ATTEMPT = 1;
export const SUCCEEDED = 2;
/** Given up for a signal, to be taken again after it; the kernel does not count it as aborted. */
export const INTERRUPTED = 3;
export const ABORTED = 4;

/** Everything that crosses to the CPUs: numbers in shared memory. */
export interface Plan {
	count: number;
	/* constant */
	kind: Uint8Array;
	task: Int32Array;
	nr: Int32Array;
	flags: Uint8Array;
	access: Uint8Array;
	/** Of a fault: index of MEMORY. */
	memory: Uint8Array;
	/** Six for each operation. */
	args: Float64Array;
	/** Index of the open file that mmap takes, or -1. */
	opened: Int32Array;
	/** Task that clone makes or wait reaps, image of an exec, string of a call. */
	object: Int32Array;
	/** Recorded result: a value, -errno, or NaN where there is nothing to compare. */
	expected: Float64Array;
	/** waiters[first_waiter[op]] to waiters[first_waiter[op + 1] - 1]. */
	first_waiter: Int32Array;
	waiters: Int32Array;
	/** The same task's next operation, or -1. */
	next: Int32Array;
	/** Eight numbers a line: start, end, prot, shared, offset, open file, name, more flags of mmap(). */
	image_lines: Float64Array;
	/** Two numbers an image: start_brk, index of its first line. */
	images: Float64Array;
	/** Four numbers an open file: inode, size, a System V segment, opened to write too. */
	open_files: Float64Array;
	/* changed by the CPUs */
	/** Unmet dependencies; atomic. */
	unmet: Int32Array;
	/** Runnable operations, plus 1, in the order in which they became so; atomic. */
	queue: Int32Array;
	control: Int32Array;
	/** Kernel's pid of each task. */
	pids: Int32Array;
	/** Descriptor of each open file. */
	fds: Int32Array;
	/** What each operation returned, and how that compares. */
	result: Float64Array;
	state: Uint8Array;
	/** What became of a fault. */
	speculation: Uint8Array;
	/** Nanoseconds that each operation took. */
	latency: Float64Array;
	/** When it began, in milliseconds since the epoch, and on which CPU. */
	begun: Float64Array;
	cpu: Uint8Array;
	/** What is in memory of the program for prctl, mbind and their like; constant. */
	strings: string[];
	/** Large mappings are aligned, as on the kernel that recorded. */
	aligns: boolean;
	/** KERNEL_VERSION() that the program was recorded on. */
	kernel_version: number;
	/** Where top-down mappings begin. */
	mmap_base: number;
	/** Where the program has nothing at any time; a page of the kernel for each task. */
	scratch: number;
	/** The lowest addresses; 0 and 0: the kernel's own. */
	min_addr: number;
	min_fixed_addr: number;
	/** Memory that is only read takes pages. */
	no_zeropage: boolean;
	/** Nodes with memory of the recorded machine. */
	nodes: number;
}

/** Names in images that mean something to the guest, by number. */
export const SPECIAL_NAMES = ["", "[stack]", "[vdso]", "[vvar]", "[vvar_vclock]", "[heap]"];
export function special_id(name: string): number {
	return Math.max(0, SPECIAL_NAMES.indexOf(name));
}

/** A plan as it was before it was run: what CPUs change is made anew. */
export function fresh(plan: Plan): Plan {
	return {
		...plan,
		unmet: shared_copy(plan.unmet),
		queue: shared_copy(plan.queue),
		control: shared_copy(plan.control),
		pids: shared_copy(plan.pids),
		fds: shared_copy(plan.fds),
		result: shared_copy(plan.result),
		state: shared_copy(plan.state),
		latency: shared_copy(plan.latency),
		begun: shared_copy(plan.begun),
		cpu: shared_copy(plan.cpu),
	};
}

function shared_copy<T extends Int32Array | Float64Array | Uint8Array>(array: T): T {
	const buffer = new SharedArrayBuffer(array.byteLength);
	const copy = new (array.constructor as new (buffer: SharedArrayBuffer) => T)(buffer);
	copy.set(array);
	return copy;
}
