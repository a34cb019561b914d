// SPDX-License-Identifier: GPL-2.0-only
/** Tests of who waited for whom, on a trace of two CPUs that is written here. */
import test from "ava";
import type { Event } from "../trace/recorded.ts";
import { lock_lines, lock_waits } from "./lock_waits.ts";
import { make_plan } from "./plan.ts";
import { END, START, trace } from "./testutil.ts";

const ORIGIN = 1_700_000_000_000;

/** Times in microseconds. */
function event(cpu: number, us: number, what: "start_locking" | "acquire_returned" | "released", write = 1): Event {
	const name = `mmap_lock_${what}`;
	const values = { mm: 1, write, success: 1 };
	const rest = { pid: 0, system: "mmap_lock", flags: 0, preempt_count: 0, lost: 0, text: () => "" };
	return { cpu, ts: us * 1000, name, values, ...rest };
}

const recorded = trace(`${START}
1 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7fc9000
1 munmap(0x7ffff7fca000, 4096) = 0
touch 1 write 7ffff7fc9000
${END}`);

/** Puts an operation on a CPU from one time to another. */
function with_times(times: [name: string, cpu: number, from: number, to: number][]) {
	const plan = make_plan(recorded);
	for (const [name, cpu, from, to] of times) {
		const op = recorded.ops.findIndex((o) => o.name === name);
		plan.cpu[op] = cpu;
		plan.begun[op] = ORIGIN + from / 1000;
		plan.latency[op] = (to - from) * 1000;
	}
	return plan;
}
const PLAN = with_times([
	["munmap", 0, 100, 400],
	["fault", 1, 150, 500],
]);

test("a reader that waits for a writer", (t) => {
	const events = [
		event(0, 110, "start_locking"),
		event(0, 112, "acquire_returned"),
		event(1, 160, "start_locking", 0),
		event(0, 390, "released"),
		event(1, 400, "acquire_returned", 0),
		event(1, 410, "released", 0),
	];
	const waits = lock_waits(recorded, PLAN, events, ORIGIN);
	t.is(waits.length, 1);
	t.is(waits[0].ns, 240_000);
	t.like(waits[0].waiter, { pid: 1, what: "write fault", address: 0x7ffff7fc9000, write: false });
	t.regex(waits[0].waiter.where, /^faults\.txt:1$/);
	t.like(waits[0].holder, { pid: 1, what: "munmap", address: 0x7ffff7fca000, write: true });
	const text = [...lock_lines(waits)].join("\n");
	t.regex(text, /^mmap_lock: 1 wait for another thread, 240\.0 us\n/);
	t.regex(text, /│ write fault │ munmap \(write\) │ +1 │ +240\.0 │ +240\.0 │/);
	t.regex(text, /usecs to read:\n\[128, 256\) +1 \|/);
	t.false(text.includes("usecs to write"));
	t.regex(
		text,
		/240\.0 us: faults\.txt:1 1 write fault 0x7ffff7fc9000 for strace\.txt:4 1 munmap 0x7ffff7fca000/,
	);
});

test("a reader behind a writer that waits itself", (t) => {
	const events = [
		event(0, 90, "start_locking", 0),
		event(0, 91, "acquire_returned", 0),
		event(2, 140, "start_locking"),
		event(1, 160, "start_locking", 0),
		event(0, 390, "released", 0),
		event(2, 395, "acquire_returned"),
		event(2, 399, "released"),
		event(1, 400, "acquire_returned", 0),
		event(1, 410, "released", 0),
	];
	const plan = with_times([
		["mmap", 0, 80, 395],
		["munmap", 2, 130, 400],
		["fault", 1, 150, 500],
	]);
	const waits = lock_waits(recorded, plan, events, ORIGIN);
	t.deepEqual(
		waits.map(({ waiter, holder }) => [waiter.what, holder.what]),
		[
			["munmap", "mmap"],
			["write fault", "munmap"],
		],
	);
});

test("readers do not wait for each other, nor anybody for another memory or what was before", (t) => {
	const lock = (cpu: number, from: number, to: number, write: number, mm: number) =>
		(["start_locking", "acquire_returned", "released"] as const).map((what, i) => {
			const e = event(cpu, [from, to, to + 5][i], what, write);
			return { ...e, values: { ...e.values, mm } };
		});
	const all = (...parts: Event[][]) => parts.flat().sort((a, b) => a.ts - b.ts);
	const waits = (events: Event[]) => lock_waits(recorded, PLAN, events, ORIGIN).length;
	t.is(waits(all(lock(0, 110, 200, 0, 1), lock(1, 160, 203, 0, 1))), 0);
	t.is(waits(all(lock(0, 110, 200, 1, 2), lock(1, 160, 203, 0, 1))), 0);
	t.is(waits(all(lock(0, 110, 150, 1, 1), lock(1, 160, 203, 0, 1))), 0);
	t.is(waits(all(lock(0, 110, 200, 1, 1), lock(1, 160, 203, 0, 1))), 1);
	/* Nobody of the recording was there. */
	t.is(waits(all(lock(0, 910, 1000, 1, 1), lock(1, 960, 1003, 0, 1))), 0);
	t.deepEqual([...lock_lines([])], ["mmap_lock: 0 waits for another thread, 0.0 us"]);
});
