// SPDX-License-Identifier: GPL-2.0-only
/** Traces made by hand, for tests. */
import type { Event, Trace } from "./recorded.ts";
import type { Values } from "./print_fmt.ts";

const SYSTEMS: [RegExp, string][] = [
	[/^mmap_lock_/, "mmap_lock"],
	[/^page_fault_(user|kernel)$/, "exceptions"],
	[/./, "pagefault"],
];

export function event(cpu: number, ts: number, name: string, values: Values = {}, more: Partial<Event> = {}): Event {
	const system = SYSTEMS.find(([pattern]) => pattern.test(name))?.[1] ?? "";
	return {
		cpu,
		ts,
		pid: cpu + 1,
		name,
		system,
		flags: 0,
		preempt_count: 0,
		values,
		lost: 0,
		text: () => "",
		...more,
	};
}

export function trace_of(events: Event[], cpus = 2): Trace {
	const buffers = Array.from({ length: cpus }, () => ({ pages: [], written: events.length / cpus, overrun: 0 }));
	return { events, formats: [], buffers, comm: (pid) => (pid === 0 ? "<idle>" : "prog") };
}

const MM = 0x1000;
/** mmap_lock's three events. */
export const lock = {
	wait: (cpu: number, ts: number, write: boolean, mm = MM) =>
		event(cpu, ts, "mmap_lock_start_locking", { mm, write: Number(write) }),
	got: (cpu: number, ts: number, write: boolean, success = true, mm = MM) =>
		event(cpu, ts, "mmap_lock_acquire_returned", { mm, write: Number(write), success: Number(success) }),
	gone: (cpu: number, ts: number, write: boolean, mm = MM) =>
		event(cpu, ts, "mmap_lock_released", { mm, write: Number(write) }),
};
