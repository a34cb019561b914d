// SPDX-License-Identifier: GPL-2.0-only
/** Where page faults went: the sums, and what they are of a program whose faults are known. */
import test from "ava";
import { REASONS } from "../lib/reasons.ts";
import { ABORTED, INTERRUPTED, MEMORY, NO_ATTEMPT, NO_FAULT, SUCCEEDED } from "./plan_format.ts";
import { speculation_of, speculation_table } from "./speculation.ts";

const file = MEMORY.indexOf("file-read");
const anonymous = MEMORY.indexOf("anonymous");
const pmd = ABORTED + 1 + REASONS.indexOf("SPF_ABORT_PMD");

test("each fault counts once, under what it is of", (t) => {
	const memory = Uint8Array.of(file, file, file, file, file, anonymous, anonymous);
	const speculation = Uint8Array.of(NO_FAULT, SUCCEEDED, pmd, ABORTED, INTERRUPTED, NO_ATTEMPT, SUCCEEDED);
	const all = speculation_of({ count: 7, memory, speculation });
	t.deepEqual(all["file-read"], {
		...{ faults: 4, attempts: 4, successes: 1, interrupted: 1 },
		aborts: { SPF_ABORT_PMD: 1, "": 1 },
	});
	t.deepEqual(all.anonymous, { faults: 2, attempts: 1, successes: 1, interrupted: 0, aborts: {} });
	t.deepEqual(all.shared, { faults: 0, attempts: 0, successes: 0, interrupted: 0, aborts: {} });
	t.regex(speculation_table(all), /^file-read +4 +4 +1 +PMD 1, \(not counted\) 1, \(for a signal\) 1$/m);
});

test("without an attempt there is no table", (t) => {
	const all = speculation_of({ count: 1, memory: Uint8Array.of(file), speculation: Uint8Array.of(NO_ATTEMPT) });
	t.is(speculation_table(all), "");
});
