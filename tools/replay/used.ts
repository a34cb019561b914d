// SPDX-License-Identifier: GPL-2.0-only
/** Which addresses the recorded program has in use at some time, and where none are. */
import { PAGE_SIZE, page_down, page_up, TASK_SIZE } from "./abi.ts";
import { VSYSCALL } from "./maps.ts";
import type { Trace } from "./trace.ts";

export type Range = [from: number, to: number];

/** The pages that the program has in use at some time, in order; what touches is one. */
export function used_pages(trace: Trace): Range[] {
	const ranges: Range[] = [];
	const use = (start: number, end: number) => {
		if (start < TASK_SIZE)
			add(ranges, page_down(start) / PAGE_SIZE, page_up(Math.min(end, TASK_SIZE)) / PAGE_SIZE);
	};
	use(trace.mmap_base - 1, trace.mmap_base);
	let start_brk = 0;
	for (const op of trace.ops) {
		const { value } = op.expected;
		if (op.kind === "exec") {
			const image = trace.images[op.image];
			start_brk = image.start_brk;
			for (const line of image.lines) use(line.start, line.end);
		} else if (op.kind === "fault") use(op.args[0], op.args[0] + 1);
		else if (value !== undefined && op.name === "mmap") use(value, value + op.args[1]);
		else if (value !== undefined && op.name === "mremap") use(value, value + op.args[2]);
		else if (value !== undefined && op.name === "brk") use(Math.min(start_brk, value), value + 1);
	}
	for (const line of trace.final) if (line.name !== VSYSCALL) use(line.start, line.end);
	return joined(ranges);
}

/** What touches the last one becomes part of it: most of what a program touches follows what it touched before. */
function add(ranges: Range[], from: number, to: number): void {
	const last = ranges.at(-1);
	if (last && from <= last[1] && last[0] <= to) {
		last[0] = Math.min(last[0], from);
		last[1] = Math.max(last[1], to);
	} else ranges.push([from, to]);
}

function joined(ranges: Range[]): Range[] {
	const joined: Range[] = [];
	for (const [from, to] of ranges.sort((a, b) => a[0] - b[0])) add(joined, from, to);
	return joined;
}

/** Above what no program may map. */
const LOWEST = 0x20000;
/** The largest page of a kernel. Mappings that are so far apart have nothing to do with each other. */
const PAGE = 0x10000;

/** Where so many pages of any kernel's are that the program never has in use, nor asks for: the lowest. */
export function unused(trace: Trace, pages: number): number {
	const used = used_pages(trace);
	const both = used.map(([from, to]): Range => [from, to]);
	for (const { footprint } of trace.ops)
		for (const [start, end] of footprint.direct) add(both, start / PAGE_SIZE, Math.ceil(end / PAGE_SIZE));
	const start = first_gap(joined(both), pages);
	/* Who asks for all that there is leaves nothing. */
	return start < TASK_SIZE ? start : first_gap(used, pages);
}

function first_gap(used: Range[], pages: number): number {
	let start = LOWEST;
	for (const [from, to] of used) {
		if (start + (pages + 1) * PAGE <= from * PAGE_SIZE) break;
		start = Math.max(start, (Math.ceil((to * PAGE_SIZE) / PAGE) + 1) * PAGE);
	}
	return start;
}
