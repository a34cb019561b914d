// SPDX-License-Identifier: GPL-2.0-only
/**
 * The searches themselves: those that leave schedules out are held against one
 * that makes every schedule there is, on random programs; those that draw are
 * looked at in what they draw.
 */
import { pathToFileURL } from "node:url";
import test from "ava";
import type { LitmusOp } from "../protocol.ts";
import { stepper_bundle } from "./explorer.ts";
import type { Model } from "./types.ts";

type Search = object;
interface Pct {
	priorities: readonly number[];
	pick(enabled: number, running: number): number;
	next(): boolean;
}
interface Kernel {
	litmus_states: (
		cpus: LitmusOp[][],
		model: Model,
		places: string[],
		max: number,
		search: () => Search,
	) => { states: string[]; executions: number };
	dpor: () => Search;
	bound: (limit: number) => Search;
	every: () => Search;
	pct: (seed: number, depth: number) => Pct;
	random_numbers: (seed: number) => () => number;
	nth_bit: (mask: number, k: number) => number;
	count_bits: (mask: number) => number;
}
const kernel = (await import(pathToFileURL(await stepper_bundle()).href)) as Kernel;

const SEED = Number(process.env.SEED ?? 1);
const RUNS = Number(process.env.RUNS ?? 40);
/** More schedules than this are not made one by one. */
const MOST = 200_000;

/** A program of so many CPUs and operations on two words and a lock. */
function program(next: () => number, cpus: number, operations: number): LitmusOp[][] {
	let value = 1;
	return Array.from({ length: cpus }, () => {
		const ops: LitmusOp[] = [];
		let reg = 0;
		let held = false;
		for (let i = 0; i < operations; i++) {
			const loc = next() % 2 ? "x" : "y";
			const kind = next() % 10;
			if (kind < 3) ops.push({ op: "READ_ONCE", loc, reg: `r${reg++}` });
			else if (kind < 6) ops.push({ op: "WRITE_ONCE", loc, value: value++ });
			else if (kind === 6) ops.push({ op: "smp_mb" });
			else if (kind === 7) ops.push({ op: "atomic_inc", loc });
			else if (kind === 8 && next() % 2)
				ops.push({ op: "xchg", loc, value: value++, reg: `r${reg++}` });
			else if (kind === 8)
				ops.push({ op: "cmpxchg", loc, old: next() % 2, value: value++, reg: `r${reg++}` });
			else {
				ops.push({ op: held ? "spin_unlock" : "spin_lock", lock: "l" });
				held = !held;
			}
		}
		if (held) ops.push({ op: "spin_unlock", lock: "l" });
		return ops;
	});
}

for (const model of ["sc", "tso", "lkmm"] as const) {
	test(`${model}: DPOR and the bounded search end in all states that every schedule together ends in`, (t) => {
		t.log(`SEED=${SEED}`);
		const next = kernel.random_numbers(SEED);
		let compared = 0;
		for (let run = 0; run < RUNS; run++) {
			const [cpus, operations] = run % 4 === 0 ? [3, 3] : [2, model === "sc" ? 5 : 4];
			const p = program(next, cpus, operations);
			const of = (search: () => Search) => kernel.litmus_states(p, model, ["x", "y"], MOST, search);
			const all = of(kernel.every);
			if (all.executions >= MOST) continue;
			compared++;
			const dpor = of(kernel.dpor);
			const bounded = of(() => kernel.bound(1000));
			t.deepEqual(dpor.states, all.states, JSON.stringify(p));
			t.deepEqual(bounded.states, all.states, JSON.stringify(p));
			t.true(dpor.executions <= all.executions && bounded.executions <= all.executions);
		}
		t.true(compared > RUNS / 2, `${compared} of ${RUNS} were small enough`);
	});
}

test("a bound is no more than what it says: without preemptions CPUs run one after the other", (t) => {
	const write = (loc: string, value: number): LitmusOp => ({ op: "WRITE_ONCE", loc, value });
	const read = (loc: string, reg: string): LitmusOp => ({ op: "READ_ONCE", loc, reg });
	const cpus = [
		[write("x", 1), read("y", "r0")],
		[write("y", 1), read("x", "r0")],
	];
	const states = (model: Model, limit: number) =>
		kernel
			.litmus_states(cpus, model, ["x", "y"], MOST, () => kernel.bound(limit))
			.states.map((s) => s.replace(/ x.*/, ""));
	t.deepEqual(states("sc", 0), ["0:r0=0 1:r0=1", "0:r0=1 1:r0=0"]);
	/* Before anybody runs the first stores are in their buffers, which costs nothing. */
	t.deepEqual(states("tso", 0), ["0:r0=0 1:r0=1", "0:r0=1 1:r0=0", "0:r0=1 1:r0=1"]);
	t.deepEqual(states("sc", 3), ["0:r0=0 1:r0=1", "0:r0=1 1:r0=0", "0:r0=1 1:r0=1"]);
	/* A store that stays in its buffer is one, and shows without another. */
	t.true(states("tso", 1).includes("0:r0=0 1:r0=0"));
});

test("PCT draws another order of all contexts each time, the same for a seed", (t) => {
	const draw = (seed: number) => {
		const p = kernel.pct(seed, 3);
		return Array.from({ length: 50 }, () => {
			const priorities = [...p.priorities];
			t.is(new Set(priorities).size, priorities.length);
			t.true(priorities.every((x) => x >= 3));
			p.next();
			return priorities.join(" ");
		});
	};
	t.deepEqual(draw(7), draw(7));
	t.notDeepEqual(draw(7), draw(8));
	t.is(new Set(draw(7)).size, 50);
	/* Each context is the first one now and then. */
	const p = kernel.pct(1, 3);
	const firsts = new Set<number>();
	for (let i = 0; i < 200; i++, p.next()) firsts.add(p.pick(0b1011, -1));
	t.deepEqual([...firsts].sort(), [0, 1, 3]);
	t.is(p.pick(0, -1), -1);
});

test("a random walk takes each of those that can with the same chance", (t) => {
	t.deepEqual(
		[0, 1, 2].map((k) => kernel.nth_bit(0b10110, k)),
		[1, 2, 4],
	);
	t.is(kernel.count_bits(0b10110), 3);
	const next = kernel.random_numbers(3);
	const hits = [0, 0, 0];
	for (let i = 0; i < 3000; i++) hits[next() % 3]++;
	t.true(
		hits.every((h) => h > 850 && h < 1150),
		hits.join(" "),
	);
});
