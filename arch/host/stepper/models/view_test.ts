// SPDX-License-Identifier: GPL-2.0-only
/** Sets of stores, against maps from places to positions; and that a set to which nothing is added stays itself. */
import test from "ava";
import {
	also,
	also_one,
	both,
	each_newer,
	everywhere,
	join,
	type Message,
	NONE,
	NOTHING,
	plus,
	plus_all,
	pos,
	type Reach,
	UNKNOWN,
	type View,
} from "./view.ts";

const PLACES = 100;
const SEED = Number(process.env.SEED ?? 1);
let state = SEED;
/** Below n. */
function draw(n: number): number {
	state = (Math.imul(state, 1664525) + 1013904223) | 0;
	return ((state >>> 8) % n) | 0;
}
/** By place, the messages from position 0 on. */
const history: Message[][] = Array.from({ length: PLACES }, (_, at) =>
	Array.from({ length: 5 }, (_, p) => ({
		...{ at, event: -1, pos: p, value: p, by: 0, view: NOTHING, reach: UNKNOWN },
		...{ of: undefined, whole: false, fences: NONE, old: NONE },
	})),
);
const message = () => history[draw(PLACES)][draw(5)];
function view(): View {
	let v = NOTHING;
	for (let n = draw(60); n > 0; n--) v = plus(v, message());
	return v;
}
const numbers = (v: View | undefined) => Array.from({ length: PLACES }, (_, x) => pos(v, x));
const later = (a: number[], b: number[]) => a.map((p, x) => Math.max(p, b[x]));
/** How far CPU t is. */
const reached = (r: Reach, t: number) => later(numbers(r[0]), numbers(r[t + 1]));

test(`SEED=${SEED}: sets of stores`, (t) => {
	for (let turn = 0; turn < 500; turn++) {
		const [a, b, m] = [view(), view(), message()];
		const was = numbers(a);
		const union = join(a, b);
		t.deepEqual(numbers(union), later(was, numbers(b)));
		t.is(join(a, b), union, "the same union once more");
		t.is(join(union, b), union);
		t.is(join(union, a), union);
		const one = plus(a, m);
		t.deepEqual(
			numbers(one),
			was.map((p, x) => (x === m.at ? Math.max(p, m.pos) : p)),
		);
		t.is(plus(one, m), one);
		const last = [...new Set([draw(PLACES), draw(PLACES), draw(PLACES)])].map((x) => history[x][4]);
		t.deepEqual(
			numbers(plus_all(a, last)),
			was.map((p, x) => (last.some((l) => l.at === x) ? 4 : p)),
		);
		const newer: number[] = [];
		each_newer(union, a, (x, from, to) => {
			t.is(from, was[x]);
			newer[x] = to;
		});
		t.deepEqual(
			numbers(union),
			was.map((p, x) => newer[x] ?? p),
		);
		t.deepEqual(numbers(a), was, "nothing has changed it");
	}
});

test(`SEED=${SEED}: what has propagated to whom`, (t) => {
	for (let turn = 0; turn < 500; turn++) {
		const r: Reach = [view(), view(), view()];
		const [v, m] = [view(), message()];
		const more = also(r, 1, v);
		t.deepEqual(reached(more, 1), later(reached(r, 1), numbers(v)));
		t.deepEqual(reached(more, 0), reached(r, 0), "others have not heard of it");
		t.is(also(more, 1, v), more);
		const one = also_one(r, 1, m);
		t.deepEqual(reached(one, 1), reached(plus_all_reach(r, m), 1));
		t.is(also_one(one, 1, m), one);
		const union = both(r, more);
		for (const cpu of [0, 1]) t.deepEqual(reached(union, cpu), later(reached(r, cpu), reached(more, cpu)));
		t.is(both(union, more), union);
		const all = everywhere(r, 1, v);
		for (const cpu of [0, 1])
			t.deepEqual(reached(all, cpu), later(later(reached(r, cpu), reached(r, 1)), numbers(v)));
		t.is(everywhere(all, 1, v), all);
	}
});
/** m has come to CPU 1, said in another way. */
function plus_all_reach(r: Reach, m: Message): Reach {
	return [r[0], r[1], pos(r[2], m.at) < m.pos ? plus(r[2], m) : r[2]];
}
