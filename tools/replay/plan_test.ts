// SPDX-License-Identifier: GPL-2.0-only
/** Tests of the parallel plan: every order that it allows ends in the same vmas
 *  with the same anon_vmas, by the rules of vma_sim.ts. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import fc from "fast-check";
import { dependencies, make_plan } from "./plan.ts";
import { EQUAL, TAIL } from "./plan_format.ts";
import { END, trace as make_trace, START } from "./testutil.ts";
import { load_trace, type Op, type Trace } from "./trace.ts";
import { VmaSim } from "./vma_sim.ts";

const SAMPLE = join(dirname(fileURLToPath(import.meta.url)), "sample");

/** Runs the operations in an order that the dependencies allow; `choose` picks
 *  one of the runnable. */
function run(trace: Trace, after: number[][], choose: (ready: number[]) => number): VmaSim {
	const sim = new VmaSim(trace, trace.model.id, true);
	const unmet = after.map((list) => list.length);
	const waiters: number[][] = after.map(() => []);
	for (const [i, list] of after.entries()) for (const earlier of list) waiters[earlier].push(i);
	const ready = unmet.flatMap((n, i) => (n === 0 ? [i] : []));
	let count = 0;
	while (ready.length > 0) {
		const [op] = ready.splice(choose(ready), 1);
		sim.run(trace.ops[op]);
		count++;
		for (const waiter of waiters[op]) if (--unmet[waiter] === 0) ready.push(waiter);
	}
	if (count !== trace.ops.length) throw new Error(`${trace.ops.length - count} operations never became runnable`);
	return sim;
}

const trace = load_trace(SAMPLE);
const after = dependencies(trace.ops);

test("the recorded order ends in the recorded maps", (t) => {
	const sim = new VmaSim(trace, trace.model.id, true);
	for (const op of trace.ops) sim.run(op);
	const recorded = trace.final
		.filter((line) => line.name !== "[vsyscall]")
		.map((line) => `${line.start.toString(16)}-${line.end.toString(16)}`);
	t.deepEqual(
		sim
			.maps()
			.split("\n")
			.map((line) => line.split(" ")[0]),
		recorded,
	);
});

test("no operation waits for a later one", (t) => {
	t.true(after.every((list, i) => list.every((earlier) => earlier < i)));
});

test("every order that is allowed ends in the same vmas and anon_vmas", (t) => {
	const sim = new VmaSim(trace, trace.model.id, true);
	for (const op of trace.ops) sim.run(op);
	const end = sim.state();
	t.is(run(trace, after, () => 0).state(), end);
	t.is(run(trace, after, (ready) => ready.length - 1).state(), end);
	for (const task of trace.tasks.keys()) {
		const last = (ready: number[]) =>
			Math.max(
				0,
				ready.findIndex((op) => trace.ops[op].task !== task),
			);
		t.is(run(trace, after, last).state(), end, `task ${task} as late as possible`);
	}
	fc.assert(
		fc.property(fc.infiniteStream(fc.nat()), (choices) => {
			const next = (ready: number[]) => choices.next().value % ready.length;
			return run(trace, after, next).state() === end;
		}),
		{ numRuns: 10 },
	);
});

/* ---- random programs of three threads on sixteen pages ---- */

const BASE = 0x100000;
const PAGES = 16;
const step = fc.record({
	thread: fc.integer({ min: 1, max: 3 }),
	what: fc.constantFrom(
		"mmap",
		"munmap",
		"rw",
		"r",
		"none",
		"fault",
		"fault",
		"fault",
		"dontneed",
		"dontfork",
		"bind",
		"unbind",
	),
	page: fc.integer({ min: 0, max: PAGES - 1 }),
	length: fc.integer({ min: 1, max: 6 }),
});
const program = fc.array(step, { minLength: 5, maxLength: 60 });

function random_trace(steps: { thread: number; what: string; page: number; length: number }[]): Trace {
	const lines = steps.map(({ thread, what, page, length }) => {
		const start = `0x${(BASE + page * 4096).toString(16)}`;
		const bytes = length * 4096;
		switch (what) {
			case "mmap":
				return `${thread} mmap(${start}, ${bytes}, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = ${start}`;
			case "munmap":
				return `${thread} munmap(${start}, ${bytes}) = 0`;
			case "fault":
				return `fault ${thread} ${start.slice(2)}`;
			case "dontneed":
			case "dontfork":
				return `${thread} madvise(${start}, ${bytes}, MADV_${what.toUpperCase()}) = 0`;
			case "bind":
				return `${thread} mbind(${start}, ${bytes}, MPOL_BIND, [0x1], 64, 0) = 0`;
			case "unbind":
				return `${thread} mbind(${start}, ${bytes}, MPOL_DEFAULT, NULL, 0, 0) = 0`;
			default:
				return `${thread} mprotect(${start}, ${bytes}, ${{ rw: "PROT_READ|PROT_WRITE", r: "PROT_READ", none: "PROT_NONE" }[what]}) = 0`;
		}
	});
	const threads = [2, 3].map(
		(pid) =>
			`1 clone3({flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND, exit_signal=0} => {parent_tid=[${pid}]}, 88) = ${pid}`,
	);
	const whole = `1 mmap(0x${BASE.toString(16)}, ${PAGES * 4096}, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = 0x${BASE.toString(16)}`;
	const ends = [3, 2].map((pid) => `${pid} exit(0) = ?\n${pid} +++ exited with 0 +++`);
	return make_trace([START, ...threads, whole, ...lines, ...ends, END].join("\n"));
}

/** How many of a few orders end in another state than the recorded one. */
function wrong_orders(trace: Trace, after: number[][], choices: fc.Stream<number>): number {
	const sim = new VmaSim(trace, trace.model.id);
	for (const op of trace.ops) sim.run(op);
	const end = sim.state();
	const task_last = (task: number) => (ready: number[]) =>
		Math.max(
			0,
			ready.findIndex((op) => trace.ops[op].task !== task),
		);
	const random = (ready: number[]) => choices.next().value % ready.length;
	const chosen = [
		(ready: number[]) => ready.length - 1,
		task_last(0),
		task_last(1),
		task_last(2),
		random,
		random,
	];
	return chosen.filter((choose) => {
		try {
			return run(trace, after, choose).state() !== end;
		} catch {
			return true; /* a fault found no vma */
		}
	}).length;
}

test("random programs: every order ends like the recorded one", (t) => {
	fc.assert(
		fc.property(program, fc.infiniteStream(fc.nat()), (steps, choices) => {
			const random = random_trace(steps);
			return wrong_orders(random, dependencies(random.ops), choices) === 0;
		}),
		{ numRuns: 400 },
	);
	t.pass();
});

/* Each kind of constraint is needed: without it random programs go wrong. */
const weakened: [string, (op: Op) => Op][] = [
	["neighbours", (op) => ({ ...op, footprint: { ...op.footprint, influence: [] } })],
	[
		"founders",
		(op) =>
			op.kind === "fault"
				? { ...op, after: [], footprint: { ...op.footprint, layout: false, influence: [] } }
				: op,
	],
];
for (const [what, weaken] of weakened)
	test(`without the constraints on ${what} the end is not always the same`, (t) => {
		const wrong = fc.sample(program, { numRuns: 200, seed: 1 }).some((steps) => {
			const random = random_trace(steps);
			/* Program order stays: only what the constraint adds goes. */
			const ops = random.ops.map(weaken);
			const last = new Map<number, number>();
			ops.forEach((op, i) => {
				const previous =
					last.get(op.task) ??
					(random.ops[i].after.length > 0 ? Math.min(...random.ops[i].after) : -1);
				ops[i] = { ...op, after: [...op.after, previous] };
				last.set(op.task, i);
			});
			return (
				wrong_orders(random, dependencies(ops), fc.sample(fc.infiniteStream(fc.nat()), 1)[0]) >
				0
			);
		});
		t.true(wrong);
	});

test("the arrays say what the lists say", (t) => {
	const plan = make_plan(trace);
	t.is(plan.count, trace.ops.length);
	t.is(plan.state.indexOf(EQUAL), -1);
	t.is(plan.control[TAIL], after.filter((list) => list.length === 0).length);
	for (const [i, list] of after.entries()) t.is(plan.unmet[i], list.length);
	const waiters = after.map((_, i) => [...plan.waiters.subarray(plan.first_waiter[i], plan.first_waiter[i + 1])]);
	for (const [i, list] of after.entries()) for (const earlier of list) t.true(waiters[earlier].includes(i));
	for (const [i, next] of plan.next.entries()) if (next >= 0) t.is(trace.ops[next].task, trace.ops[i].task);
});
