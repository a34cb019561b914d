// SPDX-License-Identifier: GPL-2.0-only
/**
 * A trace as Chrome's JSON, which Perfetto's viewer opens: a track for each CPU, with faults, waits for mmap_lock
 * and holds of it as slices that lie in each other, all other events as instants, and an arrow from the writer to
 * each fault that gave up speculation because of it.
 */
import { REASONS } from "../lib/reasons.ts";
import type { Event, Trace } from "./recorded.ts";
import { find_spans, type Retry, type Span } from "./spans.ts";

/** What the format has, as far as it is used here. Times are microseconds. */
export interface Slice {
	ph: "X" | "i" | "s" | "f" | "M";
	name: string;
	pid: number;
	tid: number;
	ts?: number;
	dur?: number;
	cat?: string;
	id?: number;
	/** Of an instant: its thread's; of an arrow's end: it points to the slice around it. */
	s?: "t";
	bp?: "e";
	args?: Record<string, unknown>;
}

/** The one process: the machine. */
const MACHINE = 1;
/** Slices that do not lie in each other get a second track of their CPU. */
const SECOND = 1000;

const us = (ns: number): number => ns / 1000;

function name_of(span: Span): string {
	switch (span.kind) {
		case "fault":
			return span.speculative ? "page fault, speculative" : "page fault";
		case "wait":
			return `wait for mmap_lock (${span.write ? "write" : "read"})`;
		case "hold":
			return `mmap_lock (${span.write ? "write" : "read"})`;
	}
}

function track(span: Span, second: Set<Span>): number {
	return second.has(span) ? SECOND + span.cpu : span.cpu;
}

function slice(span: Span, tid: number): Slice {
	const { begin, end, first, mm } = span;
	return {
		ph: "X",
		name: name_of(span),
		cat: span.kind,
		pid: MACHINE,
		tid,
		ts: us(begin),
		dur: us(end - begin),
		args: {
			task: first.pid,
			...(mm === undefined ? {} : { mm: `0x${mm.toString(16)}` }),
			...(span.kind === "fault" ? { address: `0x${Number(first.values.address).toString(16)}` } : {}),
			...(span.last ? {} : { unfinished: true }),
		},
	};
}

/** Those that overlap another one of their CPU without lying in it, or it in them. */
function crossing(spans: Span[]): Set<Span> {
	const open = new Map<number, Span[]>();
	const found = new Set<Span>();
	for (const span of spans) {
		const stack = open.get(span.cpu) ?? [];
		while (stack.length > 0 && (stack.at(-1) as Span).end <= span.begin) stack.pop();
		if (stack.length > 0 && (stack.at(-1) as Span).end < span.end) found.add(span);
		else stack.push(span);
		open.set(span.cpu, stack);
	}
	return found;
}

function instant(event: Event): Slice {
	const { name, cpu, ts, system, values } = event;
	const reason = name.startsWith("spf_") ? { reason: REASONS[Number(values.caller) - 1] } : {};
	const args = { text: event.text(), task: event.pid, ...reason };
	return { ph: "i", s: "t", name, cat: system, pid: MACHINE, tid: cpu, ts: us(ts), args };
}

function arrow({ event, writer }: Retry, id: number, second: Set<Span>): Slice[] {
	if (!writer) return [];
	const both = { name: "gave up because of", cat: "retry", pid: MACHINE, id };
	return [
		{ ph: "s", ...both, tid: track(writer, second), ts: us(writer.begin) },
		{ ph: "f", bp: "e", ...both, tid: event.cpu, ts: us(event.ts) },
	];
}

function names(cpus: number, second: boolean): Slice[] {
	const name = (tid: number, text: string): Slice => ({
		ph: "M",
		name: "thread_name",
		pid: MACHINE,
		tid,
		args: { name: text },
	});
	const all: Slice[] = [{ ph: "M", name: "process_name", pid: MACHINE, tid: 0, args: { name: "CPUs" } }];
	for (let cpu = 0; cpu < cpus; cpu++) {
		all.push(name(cpu, `CPU ${cpu}`));
		if (second) all.push(name(SECOND + cpu, `CPU ${cpu}, overlapping`));
	}
	return all;
}

/** Marks of slices are in them, and nothing else is left out. */
const MARKS = new Set([
	"page_fault_entry",
	"page_fault_exit",
	"mmap_lock_start_locking",
	"mmap_lock_acquire_returned",
	"mmap_lock_released",
]);

export function perfetto_events({ events, buffers }: Trace): Slice[] {
	const { spans, retries, loose } = find_spans(events);
	const second = crossing(spans);
	return [
		...names(buffers.length, second.size > 0),
		...spans.map((span) => slice(span, track(span, second))),
		...events.filter((event) => !MARKS.has(event.name)).map(instant),
		...loose.map(instant),
		...retries.flatMap((retry, id) => arrow(retry, id, second)),
	];
}

/** One event a line. */
export function* perfetto_lines(trace: Trace): Generator<string> {
	const events = perfetto_events(trace);
	const overrun = trace.buffers.reduce((sum, b) => sum + b.overrun, 0);
	yield '{"displayTimeUnit":"ns","traceEvents":[';
	for (const [i, event] of events.entries()) yield `${JSON.stringify(event)}${i < events.length - 1 ? "," : ""}`;
	yield `],"metadata":{"clock-domain":"boot","overrun":${overrun}}}`;
}
