// SPDX-License-Identifier: GPL-2.0-only
/** Against a plain array of cells, with more ranges than go into one piece. */
import test from "ava";
import fc from "fast-check";
import { RangeMap } from "./ranges.ts";

const CELLS = 4000;

/** What a sorted array of cells says of the same question. */
class Cells {
	readonly cells = new Array<number>(CELLS).fill(0);

	set(start: number, end: number, value: number): void {
		this.cells.fill(value, start, end);
	}

	highest_gap(low: number, high: number, length: number): number | undefined {
		for (let start = high - length; start >= low; start--)
			if (this.cells.slice(start, start + length).every((cell) => cell === 0)) return start;
		return undefined;
	}
}

const step = fc.record({
	what: fc.constantFrom("set", "set", "remove", "cut", "join", "gap"),
	start: fc.nat(CELLS - 1),
	length: fc.integer({ min: 1, max: 40 }),
});

test("the same as cells, whatever is set, cut, joined and removed", (t) => {
	fc.assert(
		fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
			const map = new RangeMap<number>((n) => n);
			const cells = new Cells();
			let value = 0;
			const set = (start: number, end: number) => {
				map.set(start, end, ++value);
				cells.set(start, end, value);
			};
			for (let start = 0; start < CELLS; start += 3) set(start, start + 2);
			for (const { what, start, length } of steps) {
				const end = Math.min(start + length * (what === "remove" ? 30 : 1), CELLS);
				if (what === "set") set(start, end);
				else if (what === "cut") map.cut(start);
				else if (what === "remove") {
					map.remove(start, end);
					cells.set(start, end, 0);
				} else if (what === "join") {
					const [range, next] = [
						map.above(start),
						map.above(map.above(start)?.end ?? CELLS),
					];
					if (!range || next?.start !== range.end) continue;
					cells.set(next.start, next.end, range.value);
					map.join(range, next);
				} else {
					const high = Math.min(start + 1000, CELLS);
					t.is(
						map.highest_gap(start, high, length),
						cells.highest_gap(start, high, length),
					);
				}
			}
			const found = new Array<number>(CELLS).fill(0);
			let last = 0;
			for (const range of map) {
				t.true(last <= range.start && range.start < range.end);
				last = range.end;
				found.fill(range.value, range.start, range.end);
				t.is(map.at(range.start), range);
				t.is(map.above(range.start), range);
				t.is(map.below(range.end), range);
			}
			t.deepEqual(found, cells.cells);
		}),
		{ numRuns: 60, seed: 7 },
	);
});

const change = fc.record({
	map: fc.nat(),
	what: fc.constantFrom("set", "remove", "change", "join", "copy"),
	start: fc.nat(400),
	length: fc.integer({ min: 1, max: 30 }),
});

/** All that can be seen of a map. */
const seen = (map: RangeMap<{ n: number }>) => JSON.stringify([...map, map.highest_gap(0, 500, 7)]);

test("a copy and what it was made of: what is done to one does not show in another", (t) => {
	fc.assert(
		fc.property(fc.array(change, { minLength: 5, maxLength: 40 }), (changes) => {
			const empty = () => new RangeMap<{ n: number }>(({ n }) => ({ n }));
			/* Each beside one that never had anything in common with another. */
			const maps: [copied: RangeMap<{ n: number }>, alone: RangeMap<{ n: number }>][] = [
				[empty(), empty()],
			];
			for (const map of maps[0])
				for (let start = 0; start < 400; start += 3) map.set(start, start + 2, { n: start });
			for (const [n, { map, what, start, length }] of changes.entries()) {
				const both = maps[map % maps.length];
				const end = start + length;
				if (what === "copy") {
					const [copied, alone] = [empty(), empty()];
					copied.become(both[0]);
					for (const { start, end, value } of both[1])
						alone.set(start, end, { ...value });
					maps.push([copied, alone]);
				} else
					for (const map of both) {
						const [range, next] = [
							map.above(start),
							map.above(map.above(start)?.end ?? 500),
						];
						if (what === "set") map.set(start, end, { n });
						else if (what === "remove") map.remove(start, end);
						else if (what === "change")
							for (const { value } of map.cut_out(start, end)) value.n = n;
						else if (range && next?.start === range.end)
							map.join(range, next).value.n = n;
						else if (range) map.own(range).value.n = n;
					}
			}
			for (const [copied, alone] of maps) t.is(seen(copied), seen(alone));
		}),
		{ numRuns: 200, seed: 7 },
	);
});
