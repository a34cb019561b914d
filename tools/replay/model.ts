// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a recording says about an address space at each moment: which ranges
 * are mapped, how, and whether they have an anon_vma. It is not a kernel: it
 * follows the calls that succeeded. The merge of the recording uses it to
 * order calls that overlapped in time, to tell what a fault was for, and to
 * find what a call can influence (see Documentation/replay.md).
 */
import {
	MMAP_BASE,
	PAGE_SIZE,
	PMD_SIZE,
	PROT_EXEC,
	PROT_READ,
	PROT_WRITE,
	page_down,
	page_up,
	STACK_LIMIT,
	TASK_SIZE,
} from "./abi.ts";
import type { Limits } from "./limits.ts";
import { RangeMap, type Shown } from "./ranges.ts";

export const SHARED = 1 << 0;
export const GROWSDOWN = 1 << 1;
export const NORESERVE = 1 << 2;
/** Charged as private writable memory once; the kernel's VM_ACCOUNT. */
export const ACCOUNT = 1 << 3;
export const LOCKED = 1 << 4;
export const DONTFORK = 1 << 5;
export const WIPEONFORK = 1 << 6;
/** madvise() flags without a name of their own here start at this bit. */
export const ADVICE_SHIFT = 8;

/** Where MAP_32BIT memory is. */
const LOW_32BIT = 0x40000000;
const HIGH_32BIT = 0x80000000;

/** `file` of memory without one, and of [vdso] and its like. */
export const ANONYMOUS = -1;
export const SPECIAL = -2;

export interface Area {
	prot: number;
	flags: number;
	/** Index of a file, ANONYMOUS or SPECIAL. */
	file: number;
	/** Which open file: mappings of two of them never merge. */
	opened: string;
	/** Offset in the file of the first byte; how far it was moved from where its
	 *  page offsets are at home, if anonymous. */
	offset: number;
	/** Has an anon_vma for sure. */
	anon: boolean;
	/** The operation since which it has: the first fault, or a merge with memory
	 *  that had one; -1 if that was before a fork. */
	founder: number;
	name: string;
	/** Of memory, "" if it has none. */
	policy: string;
}

export type AreaRange = Shown<Area>;

export class AddressSpace {
	readonly areas = new RangeMap<Area>((area, range, at) => ({
		...area,
		offset: area.file >= 0 ? area.offset + (at - range.start) : area.offset,
	}));
	/** Areas that touch and could ever merge or share an anon_vma, as one: what no change
	 *  of permissions can join is what differs by file. */
	private readonly runs = new RangeMap<string>((file) => file);
	brk = 0;
	start_brk = 0;
	/** Where top-down mappings begin. */
	mmap_base = MMAP_BASE;
	/** What shmat() has mapped, by address. */
	readonly attached = new Map<number, { length: number; id: number }>();
	/** How large a stack may become. */
	stack_limit = STACK_LIMIT;
	/** Of the process; none where they are not known. */
	limits?: Limits;
	/** What mseal() was called for. */
	readonly sealed = new RangeMap<true>(() => true);
	/** Memory of it was locked. */
	locks = false;
	/** Bytes of what io_setup() has mapped, by address. */
	readonly rings = new Map<number, number>();
	/** The operation that is taking effect. */
	op = -1;
	/** A copy made by fork: its areas may have more than one anon_vma, and the
	 *  kernel merges those less. */
	forked = false;
	/** Pages of private writable files that a read has mapped, by page number. */
	readonly read_mapped = new Set<number>();

	constructor(readonly id: number) {}

	fork(id: number): AddressSpace {
		const child = this.without_areas(id);
		child.forked = true;
		for (const { start, end, value } of this.areas) {
			if (value.flags & DONTFORK) continue;
			const anon = value.anon && !(value.flags & WIPEONFORK);
			child.put(start, end, { ...value, flags: value.flags & ~LOCKED, anon, founder: -1 });
		}
		for (const page of this.read_mapped) child.read_mapped.add(page);
		return child;
	}

	private without_areas(id: number): AddressSpace {
		const copy = new AddressSpace(id);
		copy.brk = this.brk;
		copy.start_brk = this.start_brk;
		copy.mmap_base = this.mmap_base;
		copy.stack_limit = this.stack_limit;
		copy.limits = this.limits;
		for (const [address, segment] of this.attached) copy.attached.set(address, segment);
		copy.sealed.become(this.sealed);
		for (const [address, length] of this.rings) copy.rings.set(address, length);
		return copy;
	}

	map(start: number, end: number, area: Partial<Area>): void {
		if (start >= end) return;
		this.unmap(start, end);
		const value: Area = {
			prot: 0,
			flags: 0,
			file: ANONYMOUS,
			opened: "",
			offset: 0,
			anon: false,
			founder: -1,
			name: "",
			policy: "",
			...area,
		};
		value.flags |= account(value);
		this.put(start, end, value);
		this.merge(start, end);
	}

	unmap(start: number, end: number): void {
		this.areas.remove(start, end);
		this.runs.remove(start, end);
		this.forget_pages(start, end);
	}

	/** Puts an area where nothing is. */
	private put(start: number, end: number, area: Area): AreaRange {
		const file = `${area.file} ${area.opened}`;
		let run = this.runs.set(start, end, file);
		const before = this.runs.below(start);
		const after = this.runs.above(end);
		if (after && after.start === end && after.value === file) run = this.runs.join(run, after);
		if (before && before.end === start && before.value === file) this.runs.join(before, run);
		return this.areas.set(start, end, area);
	}

	/** The stack grows down to `start`. */
	grow(stack: AreaRange, start: number): AreaRange {
		const { end, value } = stack;
		this.areas.remove(stack.start, end);
		this.put(start, stack.start, value);
		return this.areas.set(start, end, { ...value });
	}

	/** What munmap and MADV_DONTNEED do to the pages. */
	forget_pages(start: number, end: number): void {
		const from = start / PAGE_SIZE;
		const to = end / PAGE_SIZE;
		if (to - from < this.read_mapped.size)
			for (let page = from; page < to; page++) this.read_mapped.delete(page);
		else for (const page of this.read_mapped) if (page >= from && page < to) this.read_mapped.delete(page);
	}

	/** Changes every area in the range; `stop_at_hole` as mprotect does. */
	change(start: number, end: number, how: (area: Area) => void, stop_at_hole = false): void {
		let next = start;
		for (const range of this.areas.cut_out(start, end)) {
			if (stop_at_hole && range.start !== next) break;
			next = range.end;
			how(range.value);
			range.value.flags |= account(range.value);
		}
		this.merge(start, end);
	}

	move(from: number, old_length: number, to: number, length: number, keep: boolean): void {
		/* Of equal length it may be several mappings, with holes: what lies where a hole goes stays. */
		const parts =
			old_length === length
				? this.areas
						.overlapping(from, from + length)
						.map(({ start, end }) => [
							Math.max(start, from),
							Math.min(end, from + length),
						])
				: [];
		if (parts.length > 1 || (parts.length === 1 && parts[0][1] < from + length)) {
			for (const [start, end] of parts)
				this.move(start, end - start, to + (start - from), end - start, keep);
			return;
		}
		const source = this.areas.at(from)?.value;
		if (!source || length === 0) return;
		const moved = { ...source };
		if (source.file >= 0) moved.offset += from - this.areas.at(from)!.start;
		if (!keep) this.unmap(from, from + old_length);
		this.unmap(to, to + length);
		/* The pages keep their place in the file of origin: offset of the old
		 * address. An anonymous area that moved merges only with itself. */
		if (moved.file === ANONYMOUS && moved.anon) moved.offset += to - from;
		this.put(to, to + length, moved);
		this.merge(to, to + length);
	}

	/**
	 * Joins neighbours where the kernel surely has: private anonymous memory
	 * of equal flags in an mm that is no copy, at most one side with an
	 * anon_vma. Joining too little only costs parallelism; joining too much
	 * would lose a founder.
	 */
	private merge(start: number, end: number): void {
		if (this.forked) return;
		let a = this.areas.below(start) ?? this.areas.above(start);
		while (a && a.start <= end) {
			const b = this.areas.above(a.end);
			if (!b) break;
			if (a.end !== b.start || !mergeable(a.value, b.value)) {
				a = b;
				continue;
			}
			const anon = b.value.anon;
			const joined = this.areas.join(a, b);
			/* One side gets the other's anon_vma, from this operation on: a fault
			 * that came before it would make one of its own. */
			if (joined.value.anon !== anon) {
				joined.value.anon = true;
				joined.value.founder = this.op;
			}
			a = joined;
		}
	}

	/** [start, end) grown by every area that it touches or abuts through areas
	 *  that could ever merge or share an anon_vma, and by one page. */
	island(start: number, end: number): [number, number] {
		let low = start - PAGE_SIZE;
		let high = end + PAGE_SIZE;
		const first = this.runs.above(low);
		if (first && first.start < start) low = Math.min(low, first.start);
		const last = this.runs.above(high - 1);
		if (last && last.start < high) high = Math.max(high, last.end);
		return [low - PAGE_SIZE, high + PAGE_SIZE];
	}

	/** The area that a fault at `address` grows, if any. */
	stack_above(address: number): AreaRange | undefined {
		const range = this.areas.above(address);
		if (!range || !(range.value.flags & GROWSDOWN) || range.start <= address) return undefined;
		return range.end - page_down(address) <= this.stack_limit ? range : undefined;
	}

	/** A copy to try calls on, as there are many: without what only the plan needs. Where it merges the kernel
	 *  might not. */
	trial(): AddressSpace {
		const copy = this.without_areas(-1);
		copy.areas.become(this.areas);
		return copy;
	}

	/** Where top-down mmap puts `length` bytes: the highest hole below the base; `freed`: if that were free. */
	place(length: number, freed?: [number, number]): number | undefined {
		const place = this.areas.highest_gap(PAGE_SIZE * 16, this.mmap_base, length);
		if (!freed) return place;
		const [start, end] = freed;
		const low = this.areas.at(start - 1) ? start : (this.areas.below(start)?.end ?? 0);
		const above = Math.max(this.areas.above(end)?.start ?? this.mmap_base, end);
		const made = Math.min(above, this.mmap_base) - length;
		return made >= low && made > (place ?? 0) ? made : place;
	}

	/** Where the free place that `address` is in ends. */
	hole_end(address: number): number {
		const next = this.areas.above(address);
		return Math.min(next?.start ?? this.mmap_base, Math.max(address, this.mmap_base));
	}

	/** Where MAP_32BIT puts `length` bytes: from the second GiB upwards. */
	place_32bit(length: number): number | undefined {
		let low = LOW_32BIT;
		for (const { start, end } of this.areas) {
			if (end <= low) continue;
			if (start - low >= length) break;
			low = Math.max(low, end);
		}
		return low + length <= HIGH_32BIT ? low : undefined;
	}

	/** Where a kernel that aligns large mappings for huge pages puts them: 5.18
	 *  and newer for files, 6.7 and newer for anonymous memory. */
	place_aligned(length: number, offset: number, freed?: [number, number]): number | undefined {
		const aligned = Math.ceil(offset / PMD_SIZE) * PMD_SIZE;
		if (offset + length - aligned < PMD_SIZE) return undefined;
		const padded = this.place(length + PMD_SIZE, freed);
		if (padded === undefined) return undefined;
		const shift = (((offset - padded) % PMD_SIZE) + PMD_SIZE) % PMD_SIZE;
		return padded + (shift === 0 ? PMD_SIZE : shift);
	}

	/** Lines as /proc/PID/maps has them, merged as far as it can be told. */
	summary(): { start: number; end: number; permissions: string }[] {
		return [...this.areas].map(({ start, end, value }) => ({
			start,
			end,
			permissions: permissions(value),
		}));
	}
}

export function permissions({ prot, flags }: Area): string {
	return (
		(prot & PROT_READ ? "r" : "-") +
		(prot & PROT_WRITE ? "w" : "-") +
		(prot & PROT_EXEC ? "x" : "-") +
		(flags & SHARED ? "s" : "p")
	);
}

function account(area: Area): number {
	if (!(area.prot & PROT_WRITE) || area.flags & (SHARED | NORESERVE)) return 0;
	return ACCOUNT;
}

function mergeable(a: Area, b: Area): boolean {
	return (
		a.file === ANONYMOUS &&
		b.file === ANONYMOUS &&
		a.prot === b.prot &&
		a.flags === b.flags &&
		!(a.flags & SHARED) &&
		a.offset === b.offset &&
		a.name === b.name &&
		a.policy === b.policy &&
		!(a.anon && b.anon)
	);
}

/** Rounds a range to pages, like every call does; empty if it wraps around. */
export function pages(start: number, length: number): [number, number] {
	if (start + length >= 2 ** 64) return [page_down(start), page_down(start)];
	const end = Math.min(page_up(start + length), TASK_SIZE);
	return [page_down(start), Math.max(end, page_down(start))];
}
