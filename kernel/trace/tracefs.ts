// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the outside does to tracing, in the place of tracefs: buffer_size_kb,
 * set_event, format files, per_cpu/cpuN/trace_pipe_raw. Mirrors no file of the
 * kernel. All functions are called in the kernel, with nothing held.
 */
import { trace_buffers } from "kernel/trace/trace.ts";
import { ring_buffer_alloc, ring_buffer_free } from "./ring_buffer.ts";
import {
	event_format,
	ftrace_set_clr_event,
	trace_event_calls,
} from "./trace_events.ts";

/** What a trace tells: where it is written to, and how it is read. */
export interface trace_info {
	buffers: ReturnType<typeof trace_buffers>;
	/** Texts of the format files of all events, by system:name. */
	formats: Record<string, string>;
}

/**
 * Buffers of nr_pages of 4 KiB for each CPU, a power of two from 2 to 1024, and
 * the events of these names turned on. No trace is under way. Or a number, and
 * then all is as before: -ENOMEM, or -EINVAL with a name that is none.
 */
export function trace_start(
	events: string[], nr_pages: number,
): trace_info | number {
	let ret = ring_buffer_alloc(nr_pages);

	if (ret < 0)
		return ret;
	for (const name of events) {
		ret = ftrace_set_clr_event(name, true);
		if (ret < 0) {
			trace_stop();
			trace_free();
			return ret;
		}
	}
	const formats: Record<string, string> = {};

	for (const call of trace_event_calls())
		formats[`${call.system}:${call.name}`] = event_format(call);
	return { buffers: trace_buffers(), formats };
}

/** All events off. What is in the buffers stays until trace_free(). */
export function trace_stop(): void {
	ftrace_set_clr_event("*", false);
}

/** After trace_stop(), when no CPU is at an event any more. */
export function trace_free(): void {
	ring_buffer_free();
}
