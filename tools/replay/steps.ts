// SPDX-License-Identifier: GPL-2.0-only
/** The lines of strace.txt as moments: when a thread entered a call, and when it left it. */
import type { Event } from "./strace.ts";

export interface Step {
	event: Event;
	line: number;
	time: number;
	enters: boolean;
	leaves: boolean;
}

/** The lines of the file, in order; a call on one line is one step. */
export function steps(events: Event[]): Step[] {
	const result: Step[] = [];
	for (const event of events) {
		if (event.kind !== "call") {
			result.push({ event, line: event.line, time: event.time, enters: false, leaves: false });
			continue;
		}
		const whole = event.lines === 1 && !event.unfinished;
		result.push({ event, line: event.line, time: event.entered, enters: true, leaves: whole });
		if (!whole && !event.unfinished)
			result.push({ event, line: event.last_line, time: event.left, enters: false, leaves: true });
	}
	return result.sort((a, b) => a.line - b.line);
}
