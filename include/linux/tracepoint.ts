// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/tracepoint.h and tracepoint-defs.h (5.17): the key of
 * each trace point, and what somebody who does not listen pays for it.
 * Port: TRACE_EVENT() is written out in include/trace/events/, and there is one
 * listener, the ring buffer of kernel/trace. A trace point is known by its
 * number, which is its event's, too.
 */
import { type static_key, static_key_false } from "linux/jump_label.ts";

/** kernel/trace/trace.h: numbers of entries that are no events come first. */
export const __TRACE_LAST_TYPE = 20;
/** As many events as there are keys for. */
export const NR_TRACEPOINTS = 16;

interface tracepoints extends struct {
	key: array<embed<static_key>, 16>; /* see static_key */
}
const __tracepoints = DEFINE<tracepoints>();

export function tracepoint_key(type: number): static_key {
	return __tracepoints.key[type - __TRACE_LAST_TYPE];
}

/** Does anybody listen? */
export function tracepoint_enabled(type: number): boolean {
	return static_key_false(tracepoint_key(type));
}
