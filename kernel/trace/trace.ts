// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/trace/trace.c (5.17): an event's entry between the trace point
 * and the ring buffer, and the buffers' life.
 * Left out: tracers, their files, options, names of tasks, and all output,
 * which is made outside of what is in the buffers.
 */
import { nr_cpu_ids } from "host/cpu.ts";
import { irqs_disabled } from "linux/irqflags.ts";
import { HARDIRQ_MASK, PREEMPT_MASK, preempt_count } from "linux/preempt.ts";
import {
	TRACE_FLAG_HARDIRQ,
	TRACE_FLAG_IRQS_OFF,
	type trace_entry,
} from "linux/trace_events.ts";
import { current } from "kernel/sched/core.ts";
import {
	ring_buffer_commit,
	ring_buffer_reserve,
	ring_buffers,
} from "./ring_buffer.ts";

/** irqs_disabled() and preempt_count() as an entry has them. */
function tracing_gen_ctx_flags(entry: trace_entry): void {
	const pc = preempt_count();
	let flags = 0;

	if (irqs_disabled())
		flags |= TRACE_FLAG_IRQS_OFF;
	if ((pc & HARDIRQ_MASK) !== 0)
		flags |= TRACE_FLAG_HARDIRQ;
	entry.flags = flags as int;
	entry.preempt_count = Math.min(pc & PREEMPT_MASK, 0xf) as int;
}

/**
 * An entry of that type and size with its head filled in; NULL without a
 * buffer. trace_event_buffer_commit() has to follow, with nothing in between
 * that could take an interrupt.
 */
export function trace_event_buffer_reserve(
	type: number, size: number,
): trace_entry {
	const entry = cast<trace_entry>(ring_buffer_reserve(size));

	if (entry === NULL)
		return NULL;
	entry.type = type as int;
	tracing_gen_ctx_flags(entry);
	entry.pid = current().pid;
	return entry;
}

export function trace_event_buffer_commit(): void {
	ring_buffer_commit();
}

/** Where the outside finds a CPU's buffer in RAM: addresses of the words. */
export interface trace_buffer {
	pages: number;
	nr_pages: number;
	head: number;
	tail: number;
	entries: number; /* a double */
	overrun: number; /* a double */
}

/** tracefs's per_cpu/cpuN/trace_pipe_raw: all of them, while they last. */
export function trace_buffers(): trace_buffer[] {
	const buffers: trace_buffer[] = [];

	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
		const rb = per_cpu(ring_buffers, cpu);

		buffers.push({
			pages: rb.pages,
			nr_pages: rb.nr_pages,
			head: ADDR(rb.head),
			tail: ADDR(rb.tail),
			entries: ADDR(rb.entries),
			overrun: ADDR(rb.overrun),
		});
	}
	return buffers;
}
