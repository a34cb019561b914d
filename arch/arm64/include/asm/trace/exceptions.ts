// SPDX-License-Identifier: GPL-2.0-only
/** Mirrors no file of the kernel: this architecture has no trace points of its
 *  own at 5.17. */
import type { trace_event_call } from "linux/trace_events.ts";

export function arch_trace_events(): trace_event_call[] {
	return [];
}
