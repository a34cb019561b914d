// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/trace/trace_clock.c (5.17): what time events have.
 * Port: on threads there is one clock for all CPUs. On the stepper time stands
 * still, so it is the steps that the machine has made: the same in each run of
 * the same schedule.
 */
import { trace_time_ns } from "host/cpu.ts";

/** In whole nanoseconds; or steps. Never goes back on one CPU. */
export function trace_clock_local(): number {
	return Math.floor(trace_time_ns());
}
