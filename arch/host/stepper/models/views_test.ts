// SPDX-License-Identifier: GPL-2.0-only
/** Pages that are written whole, under the kernel's memory model. tools/litmus holds all else against herd7. */
import test from "ava";
import { PAGE_SHIFT } from "asm/pgtable_types.ts";
import { Views } from "./views.ts";

const WRITER = 0;
const READER = 1;
const PAGE = 5;
const GARBAGE = -1;

/** One CPU clears a page and shows it to another by a pointer. Which values may a word of it have there? */
function shown(wmb: boolean, through: "the pointer" | "another pointer"): { values: number[]; overlooked: boolean } {
	const lk = new Views(2);
	const pointer = lk.loc(0);
	const word = lk.loc(GARBAGE, PAGE);
	lk.begin_page(PAGE);
	lk.store_whole(WRITER, [word], [0]);
	if (wmb) lk.wmb(WRITER);
	lk.store(WRITER, pointer, 0, through === "the pointer" ? (PAGE << PAGE_SHIFT) | 0x67 : 1, false);
	lk.load(READER, pointer, 0, false);
	const overlooked = lk.overlooks(READER, word);
	const values = [];
	for (let choice = lk.loads(READER, word) - 1; choice >= 0; choice--) {
		const mark = lk.mark();
		values.push(lk.load(READER, word, choice, false));
		lk.undo_to(mark);
	}
	return { values, overlooked };
}

test("who follows a pointer into a page that was cleared finds it so, if a write barrier was between", (t) => {
	t.deepEqual(shown(true, "the pointer"), { values: [0], overlooked: false });
});

test("without a write barrier what the free page held may be read, and a plain load races", (t) => {
	t.deepEqual(shown(false, "the pointer"), { values: [GARBAGE, 0], overlooked: true });
});

test("without a dependency the writer's barrier orders nothing for the reader", (t) => {
	t.deepEqual(shown(true, "another pointer"), { values: [GARBAGE, 0], overlooked: true });
});

test("a loop that looks at one old value does not turn for ever", (t) => {
	const lk = new Views(2);
	const flag = lk.loc(0);
	lk.store(WRITER, flag, 0, 1, false);
	let turns = 0;
	for (; lk.loads(READER, flag) === 2; turns++) t.is(lk.load(READER, flag, 1, false), 0);
	t.is(turns, 12);
	t.is(lk.load(READER, flag, 0, false), 1);
});

test("of two full fences neither is first until an access tells them apart, and then for good", (t) => {
	const lk = new Views(2);
	const [x, y] = [lk.loc(0), lk.loc(0)];
	lk.store(WRITER, x, 0, 1, false);
	lk.store(READER, y, 0, 1, false);
	lk.mb(WRITER);
	lk.mb(READER);
	/* Either may read what the other has overwritten; who does so was first. */
	t.deepEqual([lk.loads(WRITER, y), lk.loads(READER, x)], [2, 2]);
	const mark = lk.mark();
	lk.load(READER, x, 1, false);
	t.is(lk.loads(WRITER, y), 1);
	lk.undo_to(mark);
	lk.load(WRITER, y, 1, false);
	t.is(lk.loads(READER, x), 1);
});

test("what a pointer told is taken back with the load of it", (t) => {
	const lk = new Views(2);
	const pointer = lk.loc(0);
	const word = lk.loc(GARBAGE, PAGE);
	lk.begin_page(PAGE);
	lk.store_whole(WRITER, [word], [0]);
	lk.wmb(WRITER);
	lk.store(WRITER, pointer, 0, PAGE << PAGE_SHIFT, false);
	const mark = lk.mark();
	lk.load(READER, pointer, 0, false);
	t.is(lk.loads(READER, word), 1);
	lk.undo_to(mark);
	t.is(lk.loads(READER, word), 2);
});
