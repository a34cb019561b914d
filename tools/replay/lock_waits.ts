// SPDX-License-Identifier: GPL-2.0-only
/**
 * Who waited for whom for mmap_lock: the waits that the trace points show, by
 * the operations of the recording that were under way on their CPUs.
 */
import Table from "cli-table3";
import { count } from "../../scripts/lib/words.ts";
import type { Event } from "../trace/recorded.ts";
import { hist_rows } from "../trace/hist.ts";
import { find_spans, type Span } from "../trace/spans.ts";
import type { Plan } from "./plan_format.ts";
import type { Op, Trace } from "./trace.ts";

/** An operation, as one finds it in the recording. */
export interface Doer {
	/** `file:line`. */
	where: string;
	/** Of the thread, when it was recorded. */
	pid: number;
	/** The call, or what a fault was for. */
	what: string;
	address: number;
	write: boolean;
}

export interface LockWait {
	ns: number;
	waiter: Doer;
	/** Who held it for the longest part of the wait; where only readers held it, the writer ahead of this one. */
	holder: Doer;
}

/** Times of operations and of events have no more digits than this, in ms. */
const SLACK_MS = 0.001;

/** What was under way on a CPU, by the time. */
class Timeline {
	private readonly ops: number[][] = [];

	constructor(private readonly plan: Plan) {
		for (let i = 0; i < plan.count; i++) if (plan.begun[i] > 0) (this.ops[plan.cpu[i]] ??= []).push(i);
		for (const list of this.ops) list?.sort((a, b) => plan.begun[a] - plan.begun[b]);
	}

	at(cpu: number, ms: number): number | undefined {
		const { begun, latency } = this.plan;
		const list = this.ops[cpu] ?? [];
		let [low, high] = [0, list.length];
		while (low < high) {
			const middle = (low + high) >> 1;
			if (begun[list[middle]] <= ms + SLACK_MS) low = middle + 1;
			else high = middle;
		}
		const op = list[low - 1];
		return op !== undefined && ms <= begun[op] + latency[op] / 1e6 + SLACK_MS ? op : undefined;
	}
}

function doer(trace: Trace, op: Op, write: boolean): Doer {
	const what = op.kind === "fault" ? `${op.access} fault` : op.name;
	return {
		where: `${op.file}:${op.line}`,
		pid: trace.tasks[op.task].pid,
		what,
		address: op.args[0] ?? 0,
		write,
	};
}

/** Of the spans that overlap a wait and keep it waiting, the longest part. */
function kept_by(wait: Span, others: Span[]): Span | undefined {
	let best: Span | undefined;
	let most = 0;
	for (const other of others) {
		if (other.cpu === wait.cpu || !(wait.write || other.write)) continue;
		const part = Math.min(other.end, wait.end) - Math.max(other.begin, wait.begin);
		if (part <= most) continue;
		most = part;
		best = other;
	}
	return best;
}

/** `origin`: when the machine was booted, in ms since the epoch, which is 0 of the events' clock. */
export function lock_waits(trace: Trace, plan: Plan, events: Event[], origin: number): LockWait[] {
	const timeline = new Timeline(plan);
	const { spans } = find_spans(events);
	const by_mm = new Map<number | undefined, { waits: Span[]; holds: Span[] }>();
	for (const span of spans) {
		if (span.kind === "fault" || !span.last) continue;
		const all = by_mm.get(span.mm) ?? { waits: [], holds: [] };
		by_mm.set(span.mm, all);
		(span.kind === "wait" ? all.waits : all.holds).push(span);
	}
	const result: LockWait[] = [];
	const of = (span: Span): Doer | undefined => {
		const op = timeline.at(span.cpu, origin + span.begin / 1e6);
		return op === undefined ? undefined : doer(trace, trace.ops[op], span.write === true);
	};
	for (const { waits, holds } of by_mm.values()) {
		const [near_holds, near_waits] = [sweep(holds), sweep(waits)];
		for (const wait of waits) {
			const writers = () => near_waits(wait).filter((w) => w.write && w.begin < wait.begin);
			const keeper = kept_by(wait, near_holds(wait)) ?? kept_by(wait, writers());
			const waiter = keeper && of(wait);
			const holder = keeper && of(keeper);
			if (waiter && holder) result.push({ ns: wait.end - wait.begin, waiter, holder });
		}
	}
	return result.sort((a, b) => b.ns - a.ns);
}

/** Those that overlap a span; asked in the order of their beginnings, as the list is. */
function sweep(spans: Span[]): (span: Span) => Span[] {
	let open: Span[] = [];
	let next = 0;
	return ({ begin, end }) => {
		for (; next < spans.length && spans[next].begin < end; next++) open.push(spans[next]);
		open = open.filter((span) => span.end > begin);
		return open;
	};
}

/** How many are shown one by one. */
const SHOWN = 10;
const us = (ns: number) => (ns / 1000).toFixed(1);
const side = ({ what, write }: Doer) => `${what}${write ? " (write)" : ""}`;

/** A table by calls, histograms, and the longest waits one by one. */
export function* lock_lines(waits: LockWait[]): Generator<string> {
	const total = waits.reduce((sum, { ns }) => sum + ns, 0);
	yield `mmap_lock: ${count(waits.length, "wait")} for another thread, ${us(total)} us`;
	if (waits.length === 0) return;
	const pairs = new Map<string, LockWait[]>();
	for (const wait of waits) {
		const key = `${side(wait.waiter)}\n${side(wait.holder)}`;
		pairs.set(key, [...(pairs.get(key) ?? []), wait]);
	}
	const table = new Table({
		head: ["waited", "for", "times", "total us", "longest us"],
		colAligns: ["left", "left", "right", "right", "right"],
		style: { head: [], border: [], compact: true },
	});
	const sum = (list: LockWait[]) => list.reduce((all, { ns }) => all + ns, 0);
	for (const [key, list] of [...pairs].sort((a, b) => sum(b[1]) - sum(a[1])))
		table.push([...key.split("\n"), list.length, us(sum(list)), us(list[0].ns)]);
	yield* table.toString().split("\n");
	for (const write of [false, true]) {
		const times = waits.filter(({ waiter }) => waiter.write === write).map(({ ns }) => ns / 1000);
		if (times.length === 0) continue;
		yield `usecs to ${write ? "write" : "read"}:`;
		yield* hist_rows(times);
	}
	const show = ({ where, pid, what, address }: Doer) => `${where} ${pid} ${what} 0x${address.toString(16)}`;
	for (const { ns, waiter, holder } of waits.slice(0, SHOWN))
		yield `${us(ns)} us: ${show(waiter)} for ${show(holder)}`;
	if (waits.length > SHOWN) yield `… and ${waits.length - SHOWN} shorter ones (see --json)`;
}
