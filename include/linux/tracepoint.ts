// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/tracepoint.h and tracepoint-defs.h (5.17): the key of
 * each trace point, and what somebody who does not listen pays for it.
 * Port: TRACE_EVENT() is written out in include/trace/events/, and there is one
 * listener, the ring buffer of kernel/trace. A trace point is known by its
 * number, which is its event's, too.
 *
 * Port: on the way of a fault the trace points of a system share a key, as
 * page_fault_user and page_fault_kernel do in Linux, and a branch that is
 * patched: kernel/jump_label.ts. It is looked at where it stands, without a
 * call: what is inlined is taken from what else can be.
 */
import { type static_key, static_key_false } from "linux/jump_label.ts";

/** kernel/trace/trace.h: numbers of entries that are no events come first. */
export const __TRACE_LAST_TYPE = 20;
/** As many events as there are keys for. */
export const NR_TRACEPOINTS = 16;

interface tracepoints extends struct {
	key: array<embed<static_key>, 16>; /* see static_key */
	/** how many events of each kind somebody listens to; atomic */
	page_fault: int;
	mmap_lock: int; /* atomic */
	handle_mm_fault: int; /* atomic */
}
export const tracepoints = DEFINE<tracepoints>();

export function tracepoint_key(type: number): static_key {
	return tracepoints.key[type - __TRACE_LAST_TYPE];
}

/** Does anybody listen? */
export function tracepoint_enabled(type: number): boolean {
	return static_key_false(tracepoint_key(type));
}
