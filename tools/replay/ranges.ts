// SPDX-License-Identifier: GPL-2.0-only
/**
 * A sorted list of ranges that do not overlap, each with a value. It is kept in
 * pieces of bounded length, so that a change costs the same however long it is,
 * and so that a copy has in common what neither has changed. What is only asked
 * for may belong to a copy as well: a range is changed after cut_out(), set(),
 * join() or own() has returned it.
 */

export interface Range<T> {
	start: number;
	/** First byte after. */
	end: number;
	value: T;
}

/** A range that may belong to a copy, too. */
export type Shown<T> = Readonly<Omit<Range<T>, "value">> & { readonly value: Readonly<T> };

interface Piece<T> {
	items: Range<T>[];
	/** The largest gap between two of the items; -1: to be found out. */
	gap: number;
	/** Of a copy, too, or it was. */
	shared: boolean;
}

/** Where a range is: in which piece, and at which place of it. */
type Place = [piece: number, item: number];

const MOST = 32;

export class RangeMap<T> implements Iterable<Shown<T>> {
	/** None is empty. */
	#pieces: Piece<T>[] = [];

	/** `copy` makes a second value: of what begins at `at`, when a range is cut in two or gets an owner. */
	constructor(readonly copy: (value: T, from: Range<T>, at: number) => T) {}

	*[Symbol.iterator](): Iterator<Shown<T>> {
		for (const { items } of this.#pieces) yield* items;
	}

	clear(): void {
		this.#pieces = [];
	}

	/** Becomes what another one is. */
	become(other: RangeMap<T>): void {
		for (const piece of other.#pieces) piece.shared = true;
		this.#pieces = [...other.#pieces];
	}

	/** The first range that ends above `address`. */
	above(address: number): Shown<T> | undefined {
		const [piece, item] = this.#find(address);
		return this.#pieces[piece]?.items[item];
	}

	/** The last range that ends at `address` or below. */
	below(address: number): Shown<T> | undefined {
		const [piece, item] = this.#find(address);
		if (item > 0) return this.#pieces[piece].items[item - 1];
		return this.#pieces[piece - 1]?.items.at(-1);
	}

	at(address: number): Shown<T> | undefined {
		const range = this.above(address);
		return range && range.start <= address ? range : undefined;
	}

	/** The ranges that have a byte in [start, end). */
	overlapping(start: number, end: number): Shown<T>[] {
		return this.#overlapping(start, end);
	}

	#overlapping(start: number, end: number): Range<T>[] {
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
		const start = this.#pieces[piece]?.items[item].start;
		if (start === undefined || start >= address) return;
		const range = this.#own(piece)[item];
		const upper = { start: address, end: range.end, value: this.copy(range.value, range, address) };
		range.end = address;
		this.#insert([piece, item + 1], upper);
	}

	/** The ranges inside [start, end), after cutting at both ends: to be changed. */
	cut_out(start: number, end: number): Range<T>[] {
		this.cut(start);
		this.cut(end);
		const [first] = this.#find(start);
		for (let n = first; n < this.#pieces.length && this.#pieces[n].items[0].start < end; n++) this.#own(n);
		return this.#overlapping(start, end);
	}

	remove(start: number, end: number): Range<T>[] {
		this.cut(start);
		this.cut(end);
		const removed: Range<T>[] = [];
		let [piece, item] = this.#find(start);
		while (piece < this.#pieces.length) {
			const there = this.#pieces[piece].items;
			let to = item;
			while (to < there.length && there[to].start < end) to++;
			if (to === item) break;
			const items = this.#own(piece);
			for (const range of items.splice(item, to - item)) removed.push(range);
			this.#pieces[piece].gap = -1;
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
	join(range: Shown<T>, next: Shown<T>): Range<T> {
		const { end } = next;
		this.remove(next.start, end);
		const joined = this.own(range);
		joined.end = end;
		this.#pieces[this.#find(joined.start)[0]].gap = -1;
		return joined;
	}

	/** The same range, to be changed. */
	own(range: Shown<T>): Range<T> {
		const [piece, item] = this.#find(range.start);
		return this.#own(piece)[item];
	}

	/** The highest place in [low, high) where nothing is for so many bytes. */
	highest_gap(low: number, high: number, length: number): number | undefined {
		let top = high;
		for (let n = this.#pieces.length - 1; n >= 0; n--) {
			const piece = this.#pieces[n];
			const { items } = piece;
			if (top - Math.max(items[items.length - 1].end, low) >= length) return top - length;
			if (piece.gap < 0) piece.gap = largest_gap(items);
			if (piece.gap >= length)
				for (let i = items.length - 1; i > 0; i--) {
					top = Math.min(top, items[i].start);
					if (top - Math.max(items[i - 1].end, low) >= length) return top - length;
				}
			top = Math.min(top, items[0].start);
		}
		return top - low >= length ? top - length : undefined;
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

	/** The items of a piece, after which no other map has them. */
	#own(n: number): Range<T>[] {
		const piece = this.#pieces[n];
		if (!piece.shared) return piece.items;
		const items = piece.items.map((range) => {
			const { start, end, value } = range;
			return { start, end, value: this.copy(value, range, start) };
		});
		this.#pieces[n] = { items, gap: piece.gap, shared: false };
		return items;
	}

	#insert([piece, item]: Place, range: Range<T>): void {
		if (piece === this.#pieces.length) {
			if (piece === 0) {
				this.#pieces.push({ items: [range], gap: -1, shared: false });
				return;
			}
			piece--;
			item = this.#pieces[piece].items.length;
		}
		const items = this.#own(piece);
		items.splice(item, 0, range);
		this.#pieces[piece].gap = -1;
		if (items.length <= MOST) return;
		this.#pieces.splice(piece + 1, 0, { items: items.splice(MOST / 2), gap: -1, shared: false });
	}
}

function largest_gap<T>(items: Range<T>[]): number {
	let gap = 0;
	for (let i = 1; i < items.length; i++) gap = Math.max(gap, items[i].start - items[i - 1].end);
	return gap;
}
