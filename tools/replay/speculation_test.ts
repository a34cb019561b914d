// SPDX-License-Identifier: GPL-2.0-only
/** Where page faults went: the sums, and what they are of a program whose faults are known. */
import test from "ava";
import { REASONS } from "../lib/reasons.ts";
import { after_access, before_access, open_attempts } from "./attempts.ts";
import type { User } from "./guest.ts";
import { ABORTED, INTERRUPTED, MEMORY, NO_ATTEMPT, NO_FAULT, SUCCEEDED } from "./plan_format.ts";
import { speculation_of, speculation_table } from "./speculation.ts";

const file = MEMORY.indexOf("file-read");
const anonymous = MEMORY.indexOf("anonymous");
const pmd = ABORTED + 1 + REASONS.indexOf("SPF_ABORT_PMD");

test("what became of an access, by the kernel's counters", (t) => {
	const names = [...REASONS, "spf_abort", "spf_attempt", "pgfault"];
	const counted = names.map(() => 0);
	const user = {
		user_vm_event_names: () => names,
		user_vm_event: (item: number) => counted[item],
	} as unknown as User;
	const attempts = open_attempts(user);
	const outcome = (signal: boolean, ...events: string[]) => {
		before_access(user, attempts);
		for (const name of events) counted[names.indexOf(name)]++;
		return after_access(user, attempts, signal);
	};
	t.is(outcome(false), NO_FAULT);
	t.is(outcome(false, "pgfault"), NO_ATTEMPT);
	t.is(outcome(false, "pgfault", "spf_attempt"), SUCCEEDED);
	t.is(outcome(true, "spf_attempt", "SPF_ABORT_VMA_COPY"), INTERRUPTED);
	t.is(outcome(false, "pgfault", "spf_attempt", "spf_abort", "SPF_ABORT_PMD"), pmd, "its own reason");
	t.is(outcome(true, "pgfault", "spf_attempt"), SUCCEEDED, "a signal without a reason is the fault's result");
	t.is(outcome(false, "spf_attempt", "spf_abort"), ABORTED);
});

test("each fault counts once, under what it is of", (t) => {
	const memory = Uint8Array.of(file, file, file, file, file, anonymous, anonymous);
	const speculation = Uint8Array.of(NO_FAULT, SUCCEEDED, pmd, ABORTED, INTERRUPTED, NO_ATTEMPT, SUCCEEDED);
	const counted = { pgfault: 9, spf_attempt: 8, spf_abort: 4, SPF_ABORT_PMD: 2, SPF_ABORT_ODD: 1 };
	const all = speculation_of({ count: 7, memory, speculation }, counted);
	t.deepEqual(all["file-read"], {
		...{ faults: 4, attempts: 4, successes: 1, interrupted: 1 },
		aborts: { SPF_ABORT_PMD: 1, "": 1 },
	});
	t.deepEqual(all.anonymous, { faults: 2, attempts: 1, successes: 1, interrupted: 0, aborts: {} });
	t.deepEqual(all.shared, { faults: 0, attempts: 0, successes: 0, interrupted: 0, aborts: {} });
	const rest = { faults: 3, attempts: 3, successes: 1, interrupted: 0 };
	t.deepEqual(all["in calls, again"], { ...rest, aborts: { SPF_ABORT_PMD: 1, SPF_ABORT_ODD: 1 } });
	t.regex(speculation_table(all), /^in calls, again +3 +3 +1 +ODD 1, PMD 1$/m);
	t.regex(speculation_table(all), /\n1 fault not tried, of processes with one thread$/);
	t.regex(speculation_table(all), /^file-read +4 +4 +1 +PMD 1, \(not counted\) 1, \(for a signal\) 1$/m);
});

test("without an attempt there is no table", (t) => {
	const all = speculation_of(
		{ count: 1, memory: Uint8Array.of(file), speculation: Uint8Array.of(NO_ATTEMPT) },
		{},
	);
	t.is(speculation_table(all), "");
});
