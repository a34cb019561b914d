// SPDX-License-Identifier: GPL-2.0-only
/**
 * A recording for a kernel whose pages are larger than the recording's, or whose
 * user memory is smaller. Each page of the recording becomes one page: all that
 * is counted in bytes is so many times as much. Where that leaves no room, gaps
 * that the program never uses are made shorter.
 *
 * That changes no answer. What touches still touches, and what has a hole
 * between has one of less than it had. A mapping is placed in the highest hole
 * that holds it: the holes above were too small and are no larger, and the one
 * that was taken is used, so it has kept its size.
 */
import { UserError } from "../lib/errors.ts";
import { PAGE_SIZE, PR_SET_VMA, page_down, STACK_LIMIT, TASK_SIZE } from "./abi.ts";
import { type MapsLine, VSYSCALL } from "./maps.ts";
import type { Image, Op, Trace } from "./trace.ts";
import { used_pages } from "./used.ts";

/** Of asm/pgtable_types.ts. */
export interface Geometry {
	PAGE_SIZE: number;
	TASK_SIZE: number;
}

/** Pages of a gap that are always kept: more than the guard gap below a stack, and than the scratch pages of tasks. */
const KEEP = 65536;

/** Pages from `from` on, up to the next piece, are at `to` on, and no more than `room` of them. */
interface Piece {
	from: number;
	to: number;
	room: number;
}

/** Where the pages go, of which there are `all`; the recording's end of user memory is the kernel's. */
function pieces_of(trace: Trace, all: number, page: number): Piece[] {
	const top = TASK_SIZE / PAGE_SIZE;
	if (all >= top) return [{ from: 0, to: 0, room: top }];
	const used = used_pages(trace);
	const gaps = [...used, [top, top]].map(([from], i) => from - (used[i - 1]?.[1] ?? 0));
	const kept = gaps.map((gap) => Math.min(gap, KEEP));
	const pages = used.reduce((sum, [from, to]) => sum + to - from, 0) + kept.reduce((sum, gap) => sum + gap, 0);
	if (pages > all)
		throw new UserError(
			`${trace.directory}: the program uses up to ${pages} pages of addresses, and this kernel ` +
				`has ${all}, of ${page} bytes; build one with smaller pages or more bits of an address`,
		);
	/* What is left over is where most was, so that both ends stay where they are. */
	kept[gaps.indexOf(Math.max(...gaps))] += all - pages;
	const pieces: Piece[] = [];
	let to = 0;
	gaps.forEach((_, i) => {
		const from = used[i - 1]?.[1] ?? 0;
		if (kept[i] > 0) pieces.push({ from, to, room: kept[i] });
		to += kept[i];
		const [start, end] = used[i] ?? [top, top];
		if (end > start) pieces.push({ from: start, to, room: end - start });
		to += end - start;
	});
	return pieces;
}

/** A stack of so many pages has to fit the limit, which is one of bytes. */
function check_stack(trace: Trace, scale: number): void {
	for (const image of trace.images) {
		const end = image.lines.find((line) => line.name === "[stack]")?.end ?? 0;
		const lowest = (low: number, op: Op) =>
			op.kind === "fault" && op.args[0] < end && op.args[0] >= end - STACK_LIMIT
				? Math.min(low, page_down(op.args[0]))
				: low;
		const pages = (end - trace.ops.reduce(lowest, end)) / PAGE_SIZE;
		const limit = STACK_LIMIT / (scale * PAGE_SIZE);
		if (pages > limit)
			throw new UserError(
				`${trace.directory}: the stack grows to ${pages} pages, and 8 MiB, its limit, ` +
					`are ${limit} of this kernel's; build one with smaller pages`,
			);
	}
}

/** Calls whose first two arguments are a range. */
const RANGES = new Set([
	...["munmap", "mprotect", "pkey_mprotect", "madvise", "mlock", "mlock2", "munlock", "msync"],
	...["mbind", "set_mempolicy_home_node"],
]);
const PLACES = new Set(["mmap", "mremap", "brk"]);

/** The trace as it is on a kernel: the same one, where pages and addresses are. */
export function fit_to(trace: Trace, { PAGE_SIZE: page, TASK_SIZE: end }: Geometry): Trace {
	const scale = page / PAGE_SIZE;
	if (scale === 1 && end >= TASK_SIZE) return trace;
	check_stack(trace, scale);
	const pieces = pieces_of(trace, Math.floor(end / page), page);
	/** An address; beyond user memory it stays so. */
	const at = (address: number): number => {
		if (!(address >= 0)) return address * scale;
		if (address >= 2 ** 63) return 2 ** 64 - (2 ** 64 - address) * scale;
		if (address >= TASK_SIZE) return end + (address - TASK_SIZE) * scale;
		const number = Math.floor(address / PAGE_SIZE);
		const { from, to, room } = pieces.findLast((piece) => piece.from <= number) as Piece;
		return (to + Math.min(number - from, room - 1)) * page + (address % PAGE_SIZE) * scale;
	};
	/** A length: that of a range, from an address on, or by itself. */
	const bytes = (length: number, from?: number): number =>
		from !== undefined && from + length < TASK_SIZE
			? at(from + length) - at(from)
			: at_most(length * scale);
	const at_most = (length: number) => Math.min(length, 2 ** 64 - 2048);
	const args_of = ({ kind, name, args: a }: Op): number[] => {
		if (kind === "fault" || name === "brk") return [at(a[0]), ...a.slice(1)];
		if (name === "mmap") return [at(a[0]), bytes(a[1]), a[2], a[3], a[4], at_most(a[5] * scale)];
		if (name === "mremap") return [at(a[0]), bytes(a[1]), bytes(a[2]), a[3], ...a.slice(4).map(at)];
		if (RANGES.has(name)) return [at(a[0]), bytes(a[1], a[0]), ...a.slice(2)];
		if (name === "get_mempolicy") return [a[0], a[1], a[2], at(a[3]), a[4]];
		if (name === "prctl" && a[0] === PR_SET_VMA)
			return [a[0], a[1], at(a[2]), bytes(a[3], a[2]), ...a.slice(4)];
		return a;
	};
	const op_of = (op: Op): Op => {
		const { value } = op.expected;
		const expected =
			value !== undefined && PLACES.has(op.name) ? { ...op.expected, value: at(value) } : op.expected;
		return { ...op, args: args_of(op), expected };
	};
	const range = ({ start, end: stop, offset }: { start: number; end: number; offset: number }) => ({
		start: at(start),
		end: at(start) + (stop - start) * scale,
		offset: offset * scale,
	});
	const image_of = ({ start_brk, lines, recorded }: Image): Image => ({
		start_brk: at(start_brk),
		lines: lines.map((line) => ({ ...line, ...range(line) })),
		recorded,
	});
	const final_of = (line: MapsLine): MapsLine => {
		if (line.name === VSYSCALL) return line;
		const scaled = range(line);
		const [start, stop, offset] = [scaled.start, scaled.end, scaled.offset].map((n) =>
			n.toString(16).padStart(8, "0"),
		);
		const text = line.text.replace(/^\S+ (\S+) \S+/, `${start}-${stop} $1 ${offset}`);
		return { ...line, ...scaled, text };
	};
	return {
		...trace,
		ops: trace.ops.map(op_of),
		images: trace.images.map(image_of),
		final: trace.final.map(final_of),
		files: trace.files.map((file) => ({ ...file, size: file.size * scale })),
		mmap_base: at(trace.mmap_base),
		/* A huge page of the kernel is another one. */
		aligns: false,
		fitted: { from: PAGE_SIZE, to: page },
	};
}
