// SPDX-License-Identifier: GPL-2.0-only
/** Mirrors no file of the kernel: of asm/trace.h (5.17) nothing is about memory
 *  management. */
import type { trace_event_call } from "linux/trace_events.ts";

export function arch_trace_events(): trace_event_call[] {
	return [];
}
