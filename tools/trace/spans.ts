// SPDX-License-Identifier: GPL-2.0-only
/**
 * What lasts, made of events that mark its ends: page faults, waits for mmap_lock, holds of it; and what
 * speculation gave up, with the writer that was in its way.
 */
import type { Event } from "./recorded.ts";

export interface Span {
	kind: "fault" | "wait" | "hold";
	cpu: number;
	begin: number;
	/** Of what was under way when the trace ended, its last event's time. */
	end: number;
	first: Event;
	/** Undefined: the trace ended before. */
	last?: Event;
	/** Of waits and holds: for writing, and of what. */
	write?: boolean;
	mm?: number;
	/** Of a fault: it was done without mmap_lock; what was given up before. */
	speculative?: boolean;
	retries: Retry[];
}

export interface Retry {
	event: Event;
	fault?: Span;
	/** The address space: what the fault locks next. */
	mm?: number;
	/** The hold of mmap_lock that it ran into, where a writer was the cause. */
	writer?: Span;
}

export interface Spans {
	spans: Span[];
	retries: Retry[];
	/** Ends of what began before the trace, or whose beginning was overwritten. */
	loose: Event[];
}

const SPECULATIVE = 0x400;
const VM_FAULT_RETRY = 0x400;

/** What a CPU is in: the innermost last. */
class Cpu {
	readonly open: Span[] = [];
	constructor(
		readonly all: Spans,
		readonly cpu: number,
	) {}

	begin(kind: Span["kind"], first: Event, more: Partial<Span> = {}): Span {
		const span: Span = { kind, cpu: this.cpu, begin: first.ts, end: first.ts, first, retries: [], ...more };
		this.open.push(span);
		this.all.spans.push(span);
		return span;
	}

	/** The innermost of that kind ends. */
	end(kind: Span["kind"], last: Event, mm?: number): Span | undefined {
		const at = this.open.findLastIndex((s) => s.kind === kind && (mm === undefined || s.mm === mm));
		if (at < 0) {
			this.all.loose.push(last);
			return undefined;
		}
		const [span] = this.open.splice(at, 1);
		span.end = last.ts;
		span.last = last;
		return span;
	}

	get fault(): Span | undefined {
		return this.open.findLast((s) => s.kind === "fault");
	}

	/** What is open was lost with events that would have ended it. */
	lose(): void {
		this.open.length = 0;
	}
}

function take(cpu: Cpu, event: Event): void {
	const mm = event.values.mm as number;
	const write = event.values.write === 1;
	switch (event.name) {
		case "page_fault_entry":
			cpu.begin("fault", event);
			return;
		case "page_fault_exit":
			cpu.end("fault", event);
			return;
		case "mmap_lock_start_locking":
			for (const retry of cpu.fault?.retries ?? []) retry.mm ??= mm;
			cpu.begin("wait", event, { write, mm });
			return;
		case "mmap_lock_acquire_returned": {
			/* A writer that becomes a reader has not waited. */
			const waited = cpu.open.findLast((s) => s.kind === "wait" && s.mm === mm);
			if (waited) cpu.end("wait", event, mm);
			else cpu.end("hold", event, mm);
			if (event.values.success === 1) cpu.begin("hold", event, { write, mm });
			return;
		}
		case "mmap_lock_released":
			cpu.end("hold", event, mm);
			return;
		case "handle_mm_fault": {
			const { fault } = cpu;
			const { flags, result } = event.values as { flags: number; result: number };
			if (fault && (result & VM_FAULT_RETRY) === 0) fault.speculative = (flags & SPECULATIVE) !== 0;
			return;
		}
	}
	if (event.system === "pagefault" && event.name.startsWith("spf_")) {
		const { fault } = cpu;
		const retry: Retry = { event, fault };
		fault?.retries.push(retry);
		cpu.all.retries.push(retry);
	}
}

/** The last of them, in the order of their time, that began by then. */
function last_before(holds: Span[], ts: number): Span | undefined {
	let [low, high] = [0, holds.length];
	while (low < high) {
		const middle = (low + high) >> 1;
		if (holds[middle].begin <= ts) low = middle + 1;
		else high = middle;
	}
	return holds[low - 1];
}

/** Writers exclude each other: the last that came before the fault gave up is the one, unless it was gone before
 *  the fault began. */
function find_writers({ spans, retries }: Spans): void {
	const holds = new Map<number | undefined, Span[]>();
	for (const span of spans) {
		if (span.kind !== "hold" || !span.write) continue;
		const same = holds.get(span.mm);
		if (same) same.push(span);
		else holds.set(span.mm, [span]);
	}
	for (const retry of retries) {
		const { event, fault, mm } = retry;
		if (event.name !== "spf_vma_changed") continue;
		const writer = last_before(holds.get(mm) ?? [], event.ts);
		if (writer && writer.end >= (fault?.begin ?? event.ts)) retry.writer = writer;
	}
}

export function find_spans(events: Event[]): Spans {
	const all: Spans = { spans: [], retries: [], loose: [] };
	const cpus = new Map<number, Cpu>();
	for (const event of events) {
		let cpu = cpus.get(event.cpu);
		if (!cpu) cpus.set(event.cpu, (cpu = new Cpu(all, event.cpu)));
		if (event.lost > 0) cpu.lose();
		take(cpu, event);
	}
	const end = events.at(-1)?.ts ?? 0;
	for (const cpu of cpus.values()) for (const span of cpu.open) span.end = end;
	find_writers(all);
	return all;
}
