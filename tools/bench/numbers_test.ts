// SPDX-License-Identifier: GPL-2.0-only
/** Tests of numbers.ts: whatever was measured, no Infinity and no NaN comes out. */
import test from "ava";
import { each, median, median_ratio, shown } from "./numbers.ts";

test("medians leave out what is no number", (t) => {
	t.is(median([3, 1, 2]), 2);
	t.is(median([Number.NaN, 5, null, Number.POSITIVE_INFINITY]), 5);
	t.is(median([]), null);
	t.is(median([null]), null);
});

test("a ratio needs two times that are not 0", (t) => {
	t.is(median_ratio([2, 4, 9], [1, 2, 3]), 2);
	t.is(median_ratio([2], [0]), null);
	t.is(median_ratio([0], [2]), null);
	t.is(median_ratio([null, 6], [2, 3]), 2);
	t.is(median_ratio([2, 2], [1]), 2);
	t.is(median_ratio([], []), null);
});

test("time for each of none", (t) => {
	t.is(each(10, 2), 5);
	t.is(each(10, 0), null);
});

test("what is not known is a dash", (t) => {
	t.is(shown(1.25, 1), "1.3");
	for (const v of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY]) t.is(shown(v, 0), "-");
});
