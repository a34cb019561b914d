// SPDX-License-Identifier: GPL-2.0-only
/**
 * A sorted list of ranges that do not overlap, each with a value. It is kept in
 * pieces of bounded length, so that a change costs the same however long it is.
 */

export interface Range<T> {
	start: number;
	/** First byte after. */
	end: number;
	value: T;
}

interface Piece<T> {
	items: Range<T>[];
	/** The largest gap below one of the items; -1: to be found out. */
	gap: number;
}

/** Where a range is: in which piece, and at which place of it. */
type Place = [piece: number, item: number];

const MOST = 256;

export class RangeMap<T> implements Iterable<Range<T>> {
	/** None is empty. */
	#pieces: Piece<T>[] = [];

	/** `copy` makes the second value when a range is cut in two. */
	constructor(readonly copy: (value: T, from: Range<T>, at: number) => T) {}

	*[Symbol.iterator](): Iterator<Range<T>> {
		for (const { items } of this.#pieces) yield* items;
	}

	clear(): void {
		this.#pieces = [];
	}

	/** Becomes what another one is, with values of its own. */
	become(other: RangeMap<T>, copy: (value: T) => T): void {
		this.#pieces = other.#pieces.map(({ items, gap }) => ({
			items: items.map(({ start, end, value }) => ({ start, end, value: copy(value) })),
			gap,
		}));
	}

	/** The first range that ends above `address`. */
	above(address: number): Range<T> | undefined {
		const [piece, item] = this.#find(address);
		return this.#pieces[piece]?.items[item];
	}

	/** The last range that ends at `address` or below. */
	below(address: number): Range<T> | undefined {
		const [piece, item] = this.#find(address);
		if (item > 0) return this.#pieces[piece].items[item - 1];
		return this.#pieces[piece - 1]?.items.at(-1);
	}

	at(address: number): Range<T> | undefined {
		const range = this.above(address);
		return range && range.start <= address ? range : undefined;
	}

	/** The ranges that have a byte in [start, end). */
	overlapping(start: number, end: number): Range<T>[] {
		const result: Range<T>[] = [];
		let [piece, item] = this.#find(start);
		for (; piece < this.#pieces.length; piece++, item = 0)
			for (const { items } = this.#pieces[piece]; item < items.length; item++) {
				if (items[item].start >= end) return result;
				result.push(items[item]);
			}
		return result;
	}

	/** Cuts the range that `address` lies inside of, so that one begins there. */
	cut(address: number): void {
		const [piece, item] = this.#find(address);
		const range = this.#pieces[piece]?.items[item];
		if (!range || range.start >= address) return;
		const upper = { start: address, end: range.end, value: this.copy(range.value, range, address) };
		range.end = address;
		this.#insert([piece, item + 1], upper);
	}

	/** The ranges inside [start, end), after cutting at both ends. */
	cut_out(start: number, end: number): Range<T>[] {
		this.cut(start);
		this.cut(end);
		return this.overlapping(start, end);
	}

	remove(start: number, end: number): Range<T>[] {
		this.cut(start);
		this.cut(end);
		const removed: Range<T>[] = [];
		let [piece, item] = this.#find(start);
		while (piece < this.#pieces.length) {
			const { items } = this.#pieces[piece];
			let to = item;
			while (to < items.length && items[to].start < end) to++;
			if (to === item) break;
			for (const range of items.splice(item, to - item)) removed.push(range);
			this.#changed(piece);
			/* Nothing is left of it: the next one takes its place. */
			if (items.length === 0) this.#pieces.splice(piece, 1);
			else if (item < items.length) break;
			else piece++;
			item = 0;
		}
		return removed;
	}

	/** Puts a range where nothing is left of what was there. */
	set(start: number, end: number, value: T): Range<T> {
		this.remove(start, end);
		const range = { start, end, value };
		this.#insert(this.#find(start), range);
		return range;
	}

	/** Joins a range with the next one, whose value is lost. */
	join(range: Range<T>, next: Range<T>): void {
		const { end } = next;
		this.remove(next.start, end);
		range.end = end;
		this.#changed(this.#find(range.start)[0]);
	}

	/** The highest place in [low, high) where nothing is for so many bytes. */
	highest_gap(low: number, high: number, length: number): number | undefined {
		let top = high;
		for (let n = this.#pieces.length - 1; n >= 0; n--) {
			const piece = this.#pieces[n];
			const { items } = piece;
			const below = this.#pieces[n - 1]?.items.at(-1)?.end ?? 0;
			if (piece.gap < 0) piece.gap = largest_gap(items, below);
			/* The gap above the last item belongs to the piece above, or to none. */
			const last = items[items.length - 1].end;
			if (n === this.#pieces.length - 1 && top - Math.max(last, low) >= length) return top - length;
			if (piece.gap >= length)
				for (let i = items.length - 1; i >= 0; i--) {
					top = Math.min(top, items[i].start);
					const from = Math.max(i > 0 ? items[i - 1].end : below, low);
					if (top - from >= length) return top - length;
				}
			top = Math.min(top, items[0].start);
		}
		return this.#pieces.length === 0 && high - low >= length ? high - length : undefined;
	}

	#find(address: number): Place {
		let low = 0;
		let high = this.#pieces.length;
		while (low < high) {
			const middle = (low + high) >>> 1;
			const { items } = this.#pieces[middle];
			if (items[items.length - 1].end > address) high = middle;
			else low = middle + 1;
		}
		const piece = low;
		if (piece === this.#pieces.length) return [piece, 0];
		const { items } = this.#pieces[piece];
		low = 0;
		high = items.length;
		while (low < high) {
			const middle = (low + high) >>> 1;
			if (items[middle].end > address) high = middle;
			else low = middle + 1;
		}
		return [piece, low];
	}

	#insert([piece, item]: Place, range: Range<T>): void {
		if (piece === this.#pieces.length) {
			if (piece === 0) {
				this.#pieces.push({ items: [range], gap: -1 });
				return;
			}
			piece--;
			item = this.#pieces[piece].items.length;
		}
		const { items } = this.#pieces[piece];
		items.splice(item, 0, range);
		this.#changed(piece);
		if (items.length > MOST) this.#pieces.splice(piece + 1, 0, { items: items.splice(MOST / 2), gap: -1 });
	}

	/** The gaps below its items, and below the next piece, are others now. */
	#changed(piece: number): void {
		for (const n of [piece, piece + 1]) {
			const there = this.#pieces[n];
			if (there) there.gap = -1;
		}
	}
}

function largest_gap<T>(items: Range<T>[], below: number): number {
	let gap = 0;
	let end = below;
	for (const range of items) {
		gap = Math.max(gap, range.start - end);
		end = range.end;
	}
	return gap;
}
