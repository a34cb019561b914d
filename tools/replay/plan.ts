// SPDX-License-Identifier: GPL-2.0-only
/**
 * Makes of a trace what CPUs can consume: flat arrays in shared memory, and
 * for each operation the number of earlier ones that it waits for and the list
 * of later ones that wait for it. An operation may run when its number is 0.
 *
 * Why the constraints below leave exactly one possible end state is argued in
 * Documentation/replay.md, "Why the end is always the same".
 */

import {
	ACCESS,
	CONTROL_WORDS,
	EXPECT_SIGNAL,
	GIVEN,
	KIND,
	LAST,
	MEMORY,
	PLACED,
	type Plan,
	SNAPSHOT,
	special_id,
	TAIL,
} from "./plan_format.ts";
import { RangeMap } from "./ranges.ts";
import { is_segment } from "./shm.ts";
import type { Op, Trace } from "./trace.ts";
import { unused } from "./used.ts";

interface DirectState {
	/** Last operation that changed the layout or took pages away here. */
	layout: number;
	/** Faults since, at most one for each task: program order implies the rest. */
	readers: number[];
}

interface MmState {
	direct: RangeMap<DirectState>;
	influence: RangeMap<number>;
	/** Last operation on all of the mm. */
	whole: number;
	brk: number;
	/** Operations on no range, such as brk(NULL), since `whole`. */
	loose: number[];
}

/** The operations that each one waits for. */
export function dependencies(ops: Op[]): number[][] {
	const mms = new Map<number, MmState>();
	return ops.map((op, index) => {
		const after = new Set(op.after);
		let mm = mms.get(op.mm);
		if (!mm) {
			mm = {
				direct: new RangeMap(({ layout, readers }) => ({ layout, readers: [...readers] })),
				influence: new RangeMap((n) => n),
				whole: -1,
				brk: -1,
				loose: [],
			};
			mms.set(op.mm, mm);
		}
		order_in_mm(ops, op, index, mm, after);
		after.delete(-1);
		return [...after].sort((a, b) => a - b);
	});
}

function order_in_mm(ops: Op[], op: Op, index: number, mm: MmState, after: Set<number>): void {
	const { footprint } = op;
	if (footprint.whole) {
		/* Waits for everything in the mm, and everything later waits for it. */
		after.add(mm.whole).add(mm.brk);
		for (const { value } of mm.direct) {
			after.add(value.layout);
			for (const reader of value.readers) after.add(reader);
		}
		for (const { value } of mm.influence) after.add(value);
		for (const loose of mm.loose) after.add(loose);
		mm.direct.clear();
		mm.influence.clear();
		mm.loose.length = 0;
		mm.whole = index;
		mm.brk = index;
		return;
	}
	if (footprint.brk) {
		after.add(mm.brk);
		mm.brk = index;
	}
	if (footprint.direct.length === 0) {
		after.add(mm.whole);
		mm.loose.push(index);
	}
	for (const [start, end] of footprint.direct) {
		after.add(mm.whole);
		if (footprint.layout) {
			for (const { value } of mm.direct.overlapping(start, end)) {
				after.add(value.layout);
				for (const reader of value.readers) if (reader !== index) after.add(reader);
			}
			mm.direct.set(start, end, { layout: index, readers: [] });
			continue;
		}
		const found = mm.direct.at(start);
		if (found) {
			after.add(found.value.layout);
			const [{ value }] = mm.direct.cut_out(start, end);
			value.readers = value.readers.filter((reader) => ops[reader].task !== op.task);
			value.readers.push(index);
		} else mm.direct.set(start, end, { layout: -1, readers: [index] });
	}
	for (const [start, end] of footprint.influence) {
		after.add(mm.whole);
		for (const { value } of mm.influence.overlapping(start, end)) if (value !== index) after.add(value);
	}
	for (const [start, end] of footprint.influence) mm.influence.set(start, end, index);
	after.delete(index);
}

const shared = <T>(make: new (buffer: SharedArrayBuffer) => T, bytes: number, count: number): T =>
	new make(new SharedArrayBuffer(bytes * count));

/** `in_order`: one CPU does everything in the recorded order, and nothing has to wait. */
export function make_plan(trace: Trace, in_order = false): Plan {
	const { ops, tasks, files, open_files, images } = trace;
	const count = ops.length;
	const after = in_order ? ops.map((): number[] => []) : dependencies(ops);
	const edges = after.reduce((sum, list) => sum + list.length, 0);
	const lines = images.reduce((sum, image) => sum + image.lines.length, 0);
	const i32 = (n: number) => shared(Int32Array, 4, n);
	const f64 = (n: number) => shared(Float64Array, 8, n);
	const u8 = (n: number) => shared(Uint8Array, 1, n);
	const plan: Plan = {
		count,
		kind: u8(count),
		task: i32(count),
		nr: i32(count),
		flags: u8(count),
		access: u8(count),
		memory: u8(count),
		args: f64(count * 6),
		opened: i32(count),
		object: i32(count),
		expected: f64(count),
		first_waiter: i32(count + 1),
		waiters: i32(edges),
		next: i32(count).fill(-1),
		image_lines: f64(lines * 8),
		images: f64((images.length + 1) * 2),
		open_files: f64(open_files.length * 4),
		unmet: i32(count),
		queue: i32(count),
		control: i32(CONTROL_WORDS),
		pids: i32(tasks.length),
		fds: i32(open_files.length).fill(-1),
		result: f64(count).fill(Number.NaN),
		state: u8(count),
		speculation: u8(count),
		latency: f64(count),
		begun: f64(count),
		cpu: u8(count),
		strings: [],
		aligns: trace.aligns,
		scratch: unused(trace, tasks.length),
		kernel_version: trace.kernel_version,
		mmap_base: trace.mmap_base,
		/* With larger pages these are no pages. */
		min_addr: trace.fitted ? 0 : trace.min_addr,
		min_fixed_addr: trace.fitted ? 0 : trace.min_fixed_addr,
		nodes: trace.nodes,
		no_zeropage: trace.zero_page === false,
	};
	const last_of_task = new Map<number, number>();
	ops.forEach((op, i) => {
		plan.kind[i] = KIND[op.kind];
		plan.task[i] = op.task;
		plan.nr[i] = op.nr;
		plan.flags[i] =
			(op.last ? LAST : 0) |
			(op.snapshot ? SNAPSHOT : 0) |
			(op.placed ? PLACED : 0) |
			(op.given || (trace.aligns ? op.not_aligned : op.aligned) ? GIVEN : 0) |
			(op.expected.signal ? EXPECT_SIGNAL : 0);
		plan.access[i] = ACCESS[op.access ?? "read"];
		plan.memory[i] = MEMORY.indexOf(op.memory ?? "anonymous");
		plan.args.set(op.args.slice(0, 6), i * 6);
		plan.opened[i] = op.opened;
		plan.object[i] =
			op.kind === "exec"
				? op.image
				: op.text === undefined
					? op.child
					: plan.strings.push(op.text) - 1;
		const { errno, value } = op.expected;
		plan.expected[i] = errno !== undefined ? -errno : (value ?? Number.NaN);
		const previous = last_of_task.get(op.task);
		if (previous !== undefined) plan.next[previous] = i;
		last_of_task.set(op.task, i);
	});
	fill_waiters(plan, after);
	let line = 0;
	images.forEach((image, n) => {
		plan.images[n * 2] = image.start_brk;
		plan.images[n * 2 + 1] = line;
		for (const l of image.lines) {
			const values = [
				l.start,
				l.end,
				l.prot,
				l.shared ? 1 : 0,
				l.offset,
				l.opened,
				special_id(l.name),
				l.more_flags,
			];
			plan.image_lines.set(values, line++ * 8);
		}
	});
	plan.images[images.length * 2 + 1] = line;
	open_files.forEach(({ file, writable }, n) => {
		const { inode, size, path } = files[file];
		plan.open_files.set([inode, size, is_segment(path) ? 1 : 0, writable ? 1 : 0], n * 4);
	});
	return plan;
}

/** The lists of waiters, and who has to wait for how many. */
function fill_waiters(plan: Plan, after: number[][]): void {
	after.forEach((list, i) => {
		plan.unmet[i] = list.length;
		for (const earlier of list) plan.first_waiter[earlier + 1]++;
	});
	for (let i = 0; i < plan.count; i++) plan.first_waiter[i + 1] += plan.first_waiter[i];
	const next = plan.first_waiter.slice();
	after.forEach((list, i) => {
		for (const earlier of list) plan.waiters[next[earlier]++] = i;
	});
	/* What waits for nothing begins. */
	for (let i = 0; i < plan.count; i++) if (plan.unmet[i] === 0) plan.queue[plan.control[TAIL]++] = i + 1;
}
