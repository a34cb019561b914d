// SPDX-License-Identifier: GPL-2.0-only
/** Histograms by powers of two, and counts, as bpftrace prints its maps. */
import type { Trace } from "./recorded.ts";
import { find_spans } from "./spans.ts";

const BAR = 52;
const SUFFIXES = ["", "K", "M", "G", "T"];

/** 4096 as 4K. */
function short(n: number): string {
	let power = 0;
	while (n >= 1024 && n % 1024 === 0 && power < SUFFIXES.length - 1) {
		n /= 1024;
		power++;
	}
	return `${n}${SUFFIXES[power]}`;
}

/** hist()'s: (..., 0), [0], [1], [2, 4), … */
function bucket(n: number): number {
	if (n < 0) return 0;
	return n < 1 ? 1 : 2 + Math.floor(Math.log2(n));
}

function range(index: number): string {
	if (index === 0) return "(..., 0)";
	if (index === 1) return "[0]";
	if (index === 2) return "[1]";
	const low = 2 ** (index - 2);
	return `[${short(low)}, ${short(2 * low)})`;
}

/** The rows of a map of type hist(). Values are whole numbers. */
export function hist_rows(values: readonly number[]): string[] {
	const counts: number[] = [];
	for (const n of values) {
		const at = bucket(Math.floor(n));
		counts[at] = (counts[at] ?? 0) + 1;
	}
	const first = counts.findIndex((n) => n > 0);
	const most = counts.reduce((max, n) => Math.max(max, n), 0);
	const rows: string[] = [];
	for (let i = first; i >= 0 && i < counts.length; i++) {
		const n = counts[i] ?? 0;
		const bar = "@".repeat(Math.floor((n * BAR) / most));
		rows.push(`${range(i).padEnd(16)}${String(n).padStart(8)} |${bar.padEnd(BAR)}|`);
	}
	return rows;
}

const usecs = (from: number, to: number): number => (to - from) / 1000;

function push(map: Map<string, number[]>, key: string, value: number): void {
	const values = map.get(key);
	if (values) values.push(value);
	else map.set(key, [value]);
}

/** How long faults, waits and holds took in microseconds; how often a reason to give up came. */
export function* hist_lines(trace: Trace): Generator<string> {
	const { spans, retries } = find_spans(trace.events);
	const times = new Map<string, number[]>();
	for (const span of spans) {
		if (!span.last) continue;
		const key =
			span.kind === "fault"
				? `@fault_usecs[${span.speculative ? "speculative" : "mmap_lock"}]`
				: `@mmap_lock_${span.kind}_usecs[${span.write ? "write" : "read"}]`;
		push(times, key, usecs(span.begin, span.end));
	}
	const counts = new Map<string, number>();
	for (const { event } of retries) counts.set(event.name, (counts.get(event.name) ?? 0) + 1);
	/* As bpftrace: a map with counts has the least first. */
	for (const [name, n] of [...counts].sort((a, b) => a[1] - b[1])) yield `@retries[${name}]: ${n}`;
	if (counts.size > 0) yield "";
	for (const key of [...times.keys()].sort()) {
		yield `${key}: `;
		yield* hist_rows(times.get(key) as number[]);
		yield "";
	}
}
