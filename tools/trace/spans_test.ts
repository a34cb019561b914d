// SPDX-License-Identifier: GPL-2.0-only
/** What lasts, and who was in whose way; and what becomes of it in Chrome's JSON. */
import test from "ava";
import { perfetto_events, perfetto_lines, type Slice } from "./perfetto.ts";
import { find_spans } from "./spans.ts";
import { event, lock, trace_of } from "./testutil.ts";

const SPEC = 0x400;
const RETRY = 0x400;

/** CPU 0 writes; CPU 1 runs into it, and then does it with the lock; a second fault is done without. */
const EVENTS = [
	lock.wait(0, 10, true),
	lock.got(0, 20, true),
	event(1, 30, "page_fault_entry", { address: 0x1000 }),
	event(1, 35, "page_fault_user", { address: 0x1000 }),
	event(1, 40, "spf_vma_changed", { caller: 1 }),
	lock.wait(1, 50, false),
	lock.gone(0, 60, true),
	lock.got(1, 70, false),
	event(1, 80, "handle_mm_fault", { flags: 0, result: 0 }),
	lock.gone(1, 90, false),
	event(1, 100, "page_fault_exit", { address: 0x1000 }),
	event(1, 110, "page_fault_entry", { address: 0x2000 }),
	event(1, 120, "handle_mm_fault", { flags: SPEC, result: 0 }),
	event(1, 130, "page_fault_exit", { address: 0x2000 }),
];

test("faults, waits, holds; and the writer that a fault ran into", (t) => {
	const { spans, retries, loose } = find_spans(EVENTS);
	t.deepEqual(
		spans.map((s) => [s.kind, s.cpu, s.begin, s.end, s.speculative ?? s.write]),
		[
			["wait", 0, 10, 20, true],
			["hold", 0, 20, 60, true],
			["fault", 1, 30, 100, false],
			["wait", 1, 50, 70, false],
			["hold", 1, 70, 90, false],
			["fault", 1, 110, 130, true],
		],
	);
	t.deepEqual(loose, []);
	t.is(retries.length, 1);
	t.is(retries[0].writer, spans[1]);
});

test("a writer that was gone before, one of another mm, and a reason that is no writer's are not blamed", (t) => {
	const fault = [
		event(1, 30, "page_fault_entry"),
		event(1, 40, "spf_vma_changed", { caller: 2 }),
		lock.wait(1, 50, false),
	];
	const before = find_spans([lock.wait(0, 1, true), lock.got(0, 2, true), lock.gone(0, 3, true), ...fault]);
	t.is(before.retries[0].writer, undefined);
	const other = find_spans([lock.wait(0, 1, true, 9), lock.got(0, 2, true, true, 9), ...fault]);
	t.is(other.retries[0].writer, undefined);
	const [entry, , wait] = fault;
	const pmd = find_spans([lock.got(0, 2, true), entry, event(1, 40, "spf_pmd_changed"), wait]);
	t.is(pmd.retries[0].writer, undefined);
});

test("a failed trylock holds nothing; a downgrade ends one hold and begins another", (t) => {
	const { spans } = find_spans([
		lock.wait(0, 1, false),
		lock.got(0, 2, false, false),
		lock.wait(0, 3, true),
		lock.got(0, 4, true),
		lock.got(0, 5, false),
		lock.gone(0, 6, false),
	]);
	t.deepEqual(
		spans.map((s) => [s.kind, s.begin, s.end, s.write]),
		[
			["wait", 1, 2, false],
			["wait", 3, 4, true],
			["hold", 4, 5, true],
			["hold", 5, 6, false],
		],
	);
});

/** What keeps a viewer from dropping one of them: they lie in each other, and arrows begin and end in slices. */
function problems(events: Slice[]): string[] {
	const found: string[] = [];
	const slices = events.filter((e) => e.ph === "X") as Required<Slice>[];
	for (const a of slices)
		for (const b of slices)
			if (
				a !== b &&
				a.tid === b.tid &&
				a.ts < b.ts &&
				b.ts < a.ts + a.dur &&
				b.ts + b.dur > a.ts + a.dur
			)
				found.push(`${a.name} and ${b.name} overlap`);
	for (const e of events.filter((e) => e.ph === "s" || e.ph === "f") as Required<Slice>[])
		if (!slices.some((s) => s.tid === e.tid && s.ts <= e.ts && e.ts <= s.ts + s.dur))
			found.push(`arrow ${e.id} hangs in the air`);
	const ids = (ph: string) => events.filter((e) => e.ph === ph).map((e) => e.id);
	if (ids("s").join() !== ids("f").join()) found.push("an arrow has one end");
	for (const e of events)
		if (e.ph !== "M" && !(typeof e.ts === "number" && e.ts >= 0 && (e.dur ?? 0) >= 0))
			found.push(`${e.name}: no time`);
	return found;
}

test("Chrome's JSON: nothing is left out, slices nest, arrows have two ends", (t) => {
	const events = perfetto_events(trace_of(EVENTS));
	t.deepEqual(problems(events), []);
	const count = (ph: string) => events.filter((e) => e.ph === ph).length;
	/* Each slice is a beginning and an end. */
	t.is(
		count("X") + count("X") + count("i"),
		EVENTS.length + 2,
		"waits end where holds begin: one event for both",
	);
	t.deepEqual(
		events.filter((e) => e.ph === "s" || e.ph === "f").map((e) => [e.ph, e.tid, e.ts]),
		[
			["s", 0, 0.02],
			["f", 1, 0.04],
		],
	);
	t.deepEqual(events.find((e) => e.name === "spf_vma_changed")?.args?.reason, "SPF_ABORT_ODD");
	const { traceEvents } = JSON.parse([...perfetto_lines(trace_of(EVENTS))].join("\n"));
	t.deepEqual(traceEvents, JSON.parse(JSON.stringify(events)));
});

test("holds that overlap get a track of their own; ends without a beginning are instants", (t) => {
	const events = perfetto_events(
		trace_of([
			lock.gone(0, 5, false, 7),
			lock.wait(0, 10, true, 1),
			lock.got(0, 11, true, true, 1),
			lock.wait(0, 20, true, 2),
			lock.got(0, 21, true, true, 2),
			lock.gone(0, 30, true, 1),
			lock.gone(0, 40, true, 2),
			lock.wait(1, 50, true, 3),
			event(1, 60, "handle_mm_fault", { flags: 0, result: RETRY }),
		]),
	);
	t.deepEqual(problems(events), []);
	t.deepEqual(
		events.filter((e) => e.ph === "X").map((e) => e.tid),
		[0, 0, 0, 1000, 1],
	);
	t.true(events.some((e) => e.ph === "i" && e.name === "mmap_lock_released"));
	t.is(events.find((e) => e.ph === "X" && e.tid === 1)?.args?.unfinished, true);
});
