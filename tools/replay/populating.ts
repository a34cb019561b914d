// SPDX-License-Identifier: GPL-2.0-only
/**
 * Calls that fault memory in: that comes after their effect on mappings, and
 * takes long. What other threads map meanwhile may have been faulted in, too,
 * and then has an anon_vma; whether it was is not recorded.
 */
import { MADV, MAP_LOCKED, MAP_POPULATE, MCL_CURRENT, MLOCK_ONFAULT, TASK_SIZE } from "./abi.ts";
import { pages } from "./model.ts";
import type { Call } from "./strace.ts";
import type { Thread } from "./threads.ts";
import type { Op } from "./trace.ts";
import { number } from "./values.ts";

export const POPULATED = "what was faulted in of memory that was mapped meanwhile";

/** Calls after which there is memory to fault in. */
const MAPS = new Set(["mmap", "brk", "mremap", "mprotect", "pkey_mprotect"]);

/** What a call faults in, if it does. */
function populated({ name, args, result }: Call): [number, number] | undefined {
	if (result.errno || result.value === undefined) return undefined;
	const [first, length, third, flags] = args.map((arg) => number(arg));
	switch (name) {
		case "mlockall":
			return first & MCL_CURRENT ? [0, TASK_SIZE] : undefined;
		case "mlock":
			return pages(first, length);
		case "mlock2":
			return third & MLOCK_ONFAULT ? undefined : pages(first, length);
		case "madvise":
			return third === MADV.MADV_POPULATE_READ || third === MADV.MADV_POPULATE_WRITE
				? pages(first, length)
				: undefined;
		case "mmap":
			return flags & (MAP_POPULATE | MAP_LOCKED) ? pages(result.value, length) : undefined;
	}
	return undefined;
}

export class Populating {
	private readonly under_way = new Map<number, { thread: Thread; range: [number, number] }>();

	/** A thread is inside of a call from now on … */
	enter(call: Call, thread: Thread): void {
		const range = populated(call);
		if (range) this.under_way.set(call.pid, { thread, range });
		else this.leave(call);
	}

	/** … until now. */
	leave({ pid }: Call): void {
		this.under_way.delete(pid);
	}

	/** Is memory of what another thread has just done in the reach of such a call? */
	reaches(op: Op, by: Thread): boolean {
		if (!MAPS.has(op.name) || !op.footprint.layout) return false;
		return [...this.under_way.values()].some(
			({ thread, range: [start, end] }) =>
				thread !== by &&
				thread.mm === by.mm &&
				op.footprint.direct.some(([from, to]) => from < end && start < to),
		);
	}
}
