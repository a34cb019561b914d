// SPDX-License-Identifier: GPL-2.0-only
/** The table of perf stat. The texts are perf 6.1's for the same numbers, without the blanks at the ends of lines. */
import test from "ava";
import { csv_lines, stat_lines } from "./format.ts";

const one = {
	name: "true",
	events: [
		{ name: "page-faults", values: [52] },
		{ name: "minor-faults", values: [51] },
		{ name: "major-faults", values: [1] },
	],
	elapsed_ns: [15903387],
	time_ns: 670316,
};
const three = {
	name: "true",
	events: [
		{ name: "page-faults", values: [47, 46, 48] },
		{ name: "major-faults", values: [0, 0, 0] },
	],
	elapsed_ns: [13.3e6, 18.669e6, 7.931e6],
	time_ns: 528113,
};

test("one run", (t) => {
	t.is(
		[...stat_lines(one)].join("\n"),
		`
 Performance counter stats for 'true':

                52      page-faults
                51      minor-faults
                 1      major-faults

       0.015903387 seconds time elapsed
`,
	);
});

test("several: means, and how sure they are", (t) => {
	t.is(
		[...stat_lines(three)].join("\n"),
		`
 Performance counter stats for 'true' (3 runs):

                47      page-faults                                                          ( +-  1.23% )
                 0      major-faults

           0.01330 +- 0.00310 seconds time elapsed  ( +- 23.31% )
`,
	);
});

test("-x: fields", (t) => {
	t.deepEqual([...csv_lines(one, ",")].slice(0, 2), [
		"52,,page-faults,670316,100.00,,",
		"51,,minor-faults,670316,100.00,,",
	]);
	t.deepEqual(
		[...csv_lines(three, ",")],
		["47,,page-faults,1.23%,528113,100.00,,", "0,,major-faults,0.00%,528113,100.00,,"],
	);
});

test("an event that the kernel has not", (t) => {
	const events = [{ name: "speculative-faults", values: [-2] }];
	t.regex([...stat_lines({ ...one, events })][3], /^ {3}<not supported> {6}speculative-faults$/);
	t.deepEqual([...csv_lines({ ...one, events }, ";")], ["<not supported>;;speculative-faults;0;100.00;;"]);
});
