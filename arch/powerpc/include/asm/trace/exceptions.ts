// SPDX-License-Identifier: GPL-2.0-only
/** In the place of asm/trace.h (5.17), where no trace point is one of faults.
 *  Left out: what it has of the hash MMU (hash_fault), of TLB maintenance
 *  (tlbie, tlbia), and of what has nothing to do with memory. */
import type { trace_event_call } from "linux/trace_events.ts";

export function arch_trace_events(): trace_event_call[] {
	return [];
}
