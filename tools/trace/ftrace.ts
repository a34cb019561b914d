// SPDX-License-Identifier: GPL-2.0-only
/** A trace as Linux's file "trace" has it, 5.17, with the tracer nop: see kernel/trace/trace.c and trace_output.c. */
import type { Event, Trace } from "./recorded.ts";

const HEADER = [
	"#                                _-----=> irqs-off/BH-disabled",
	"#                               / _----=> need-resched",
	"#                              | / _---=> hardirq/softirq",
	"#                              || / _--=> preempt-depth",
	"#                              ||| / _-=> migrate-disable",
	"#                              |||| /     delay",
	"#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION",
	"#              | |         |   |||||     |         |",
];

const IRQS_OFF = 0x01;
const HARDIRQ = 0x08;

/** irqs-off, need-resched, hardirq/softirq, preempt-depth, migrate-disable. */
function latency({ flags, preempt_count }: Event): string {
	const depth = preempt_count & 0xf;
	const migrate = preempt_count >> 4;
	return [
		flags & IRQS_OFF ? "d" : ".",
		".",
		flags & HARDIRQ ? "h" : ".",
		depth ? depth.toString(16) : ".",
		migrate ? migrate.toString(16) : ".",
	].join("");
}

/** Seconds and microseconds, rounded as ns2usecs() does. */
export function seconds(ts: number): string {
	const usecs = Math.floor((ts + 500) / 1000);
	return `${String(Math.floor(usecs / 1e6)).padStart(5)}.${String(usecs % 1e6).padStart(6, "0")}`;
}

export function ftrace_line(event: Event, comm: string): string {
	const { cpu, pid, name, ts } = event;
	return (
		`${comm.padStart(16)}-${String(pid).padEnd(7)} [${String(cpu).padStart(3, "0")}] ` +
		`${latency(event)} ${seconds(ts)}: ${name}: ${event.text()}`
	);
}

export function* ftrace_lines({ events, buffers, comm }: Trace): Generator<string> {
	const written = buffers.reduce((sum, b) => sum + b.written, 0);
	const overrun = buffers.some((b) => b.overrun > 0);
	yield "# tracer: nop";
	yield "#";
	yield `# entries-in-buffer/entries-written: ${events.length}/${written}   #P:${buffers.length}`;
	yield "#";
	yield* HEADER;
	const started = new Set<number>();
	for (const [i, event] of events.entries()) {
		/* Where events are missing it is said from when on a CPU's are there. */
		if (overrun && !started.has(event.cpu) && i > 0) yield `##### CPU ${event.cpu} buffer started ####`;
		started.add(event.cpu);
		if (event.lost > 0) yield `CPU:${event.cpu} [LOST ${event.lost} EVENTS]`;
		yield ftrace_line(event, comm(event.pid));
	}
}
