// SPDX-License-Identifier: GPL-2.0-only
/** A sorted list of ranges that do not overlap, each with a value. */

export interface Range<T> {
	start: number;
	/** First byte after. */
	end: number;
	value: T;
}

export class RangeMap<T> {
	readonly ranges: Range<T>[] = [];

	/** `copy` makes the second value when a range is cut in two. */
	constructor(readonly copy: (value: T, from: Range<T>, at: number) => T) {}

	/** Index of the first range that ends above `address`. */
	index(address: number): number {
		let low = 0;
		let high = this.ranges.length;
		while (low < high) {
			const middle = (low + high) >>> 1;
			if (this.ranges[middle].end > address) high = middle;
			else low = middle + 1;
		}
		return low;
	}

	at(address: number): Range<T> | undefined {
		const range = this.ranges[this.index(address)];
		return range && range.start <= address ? range : undefined;
	}

	/** The ranges that have a byte in [start, end). */
	overlapping(start: number, end: number): Range<T>[] {
		const result: Range<T>[] = [];
		for (let i = this.index(start); i < this.ranges.length; i++) {
			if (this.ranges[i].start >= end) break;
			result.push(this.ranges[i]);
		}
		return result;
	}

	/** Cuts the range that `address` lies inside of, so that one begins there. */
	cut(address: number): void {
		const i = this.index(address);
		const range = this.ranges[i];
		if (!range || range.start >= address) return;
		const upper = { start: address, end: range.end, value: this.copy(range.value, range, address) };
		range.end = address;
		this.ranges.splice(i + 1, 0, upper);
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
		const from = this.index(start);
		let to = from;
		while (to < this.ranges.length && this.ranges[to].start < end) to++;
		return this.ranges.splice(from, to - from);
	}

	/** Puts a range where nothing is left of what was there. */
	set(start: number, end: number, value: T): Range<T> {
		this.remove(start, end);
		const range = { start, end, value };
		this.ranges.splice(this.index(start), 0, range);
		return range;
	}
}
