// SPDX-License-Identifier: GPL-2.0-only
/**
 * Faults beside writers (tools/bench/beside.ts) on two kernels in turn, with
 * speculation and without, so that a busy moment of this machine hits both.
 */
import { join } from "node:path";
import Table from "cli-table3";
import type { Machine } from "../../arch/host/threads/machine.ts";
import { median, shown } from "../../tools/bench/numbers.ts";
import { type Beside, LOOPS, type LoopName, type Workload, workloads } from "../../tools/bench/workloads.ts";
import { guest } from "./guest.ts";
import { here } from "./root.ts";

const FAULTERS = 1;
/** CPUs that the machines need. */
export const BESIDE_CPUS = FAULTERS + Math.max(...workloads.map((w) => w.writers));
const PAGES = 512;
const WARM_ROUNDS = 3;

/** Of one kernel, medians over the rounds: a fault's time, and that of each writer's turn, in ns; null: none. */
export interface Times {
	fault: number | null;
	writers: (number | null)[];
}
export interface BesideRow {
	workload: Workload;
	on: Times;
	off: Times;
}

/** One run of a workload. */
async function run(machine: Machine, module: string, workload: Workload, writers: number): Promise<Times> {
	const shared = new Int32Array(new SharedArrayBuffer(8));
	const arg: Beside = { workload, shared, faulters: FAULTERS, pages: PAGES, times: 16 };
	const pids = (await machine.run({ cpu: 0, module, fn: "start", arg })) as number[];
	const turns = pids.map((pid, nr) =>
		machine.run({ cpu: nr, module, fn: nr < writers ? "writer" : "faulter", arg: { ...arg, pid, nr } }),
	) as Promise<number>[];
	const ns = await Promise.all(turns);
	await machine.run({ cpu: 0, module, fn: "end" });
	return { fault: median(ns.slice(writers)), writers: ns.slice(0, writers) };
}

/** What each machine's rounds gave, after those for V8. */
async function in_turn<T>(machines: Machine[], rounds: number, one: (machine: Machine) => Promise<T>): Promise<T[][]> {
	const results: T[][] = machines.map(() => []);
	for (let i = -WARM_ROUNDS; i < rounds; i++)
		for (const [k, machine] of machines.entries()) {
			const result = await one(machine);
			if (i >= 0) results[k].push(result);
		}
	return results;
}

/** All workloads; `on` and `off` have BESIDE_CPUS CPUs, and are kernels of the architecture of `vmlinux`. */
export async function beside_writers(on: Machine, off: Machine, vmlinux: string, rounds: number): Promise<BesideRow[]> {
	const module = await guest(join(here(), "tools/bench/beside.ts"), vmlinux);
	const rows: BesideRow[] = [];
	for (const { name, writers } of workloads) {
		const times = await in_turn([on, off], rounds, (machine) => run(machine, module, name, writers));
		const of = (k: number): Times => ({
			fault: median(times[k].map((t) => t.fault)),
			writers: Array.from({ length: writers }, (_, w) => median(times[k].map((t) => t.writers[w]))),
		});
		rows.push({ workload: name, on: of(0), off: of(1) });
	}
	return rows;
}

/** Of one of will-it-scale's loops, by two threads: a page's time on each kernel, in ns. */
export interface LoopRow {
	loop: LoopName;
	on: number | null;
	off: number | null;
}

async function run_loop(machine: Machine, module: string, loop: LoopName): Promise<number | null> {
	const shared = new Int32Array(new SharedArrayBuffer(8));
	const pids = (await machine.run({ cpu: 0, module, fn: "start_loop" })) as number[];
	const threads = pids.map((pid, nr) => {
		const arg = { loop, pid, nr, shared, pages: PAGES, times: 16 };
		return machine.run({ cpu: nr, module, fn: "loop", arg });
	}) as Promise<number>[];
	const ns = await Promise.all(threads);
	await machine.run({ cpu: 0, module, fn: "end" });
	return median(ns);
}

/** All loops, on two kernels in turn: see beside_writers(). */
export async function loops_in_turn(on: Machine, off: Machine, vmlinux: string, rounds: number): Promise<LoopRow[]> {
	const module = await guest(join(here(), "tools/bench/beside.ts"), vmlinux);
	const rows: LoopRow[] = [];
	for (const loop of LOOPS) {
		const times = await in_turn([on, off], rounds, (machine) => run_loop(machine, module, loop));
		rows.push({ loop, on: median(times[0]), off: median(times[1]) });
	}
	return rows;
}

export function loops_table(rows: LoopRow[]): string {
	const table = new Table({
		head: ["2 threads, as will-it-scale's", "on ns", "off ns", "off/on"],
		colAligns: ["left", "right", "right", "right"],
		style: { head: [], border: [], compact: true },
	});
	for (const { loop, on, off } of rows) table.push([loop, shown(on, 0), shown(off, 0), shown(gain(on, off), 2)]);
	return table.toString();
}

/** off / on: above 1 it is faster with speculation. */
export const gain = (on: number | null, off: number | null) => (on && off ? off / on : null);

export function beside_table(rows: BesideRow[]): string {
	const table = new Table({
		head: ["a write fault beside", "on us", "off us", "off/on", "writer's turn, on us", "off us", "off/on"],
		colAligns: ["left", "right", "right", "right", "right", "right", "right"],
		style: { head: [], border: [], compact: true },
	});
	const us = (ns: number | null) => shown(ns === null ? null : ns / 1000, ns !== null && ns < 100_000 ? 1 : 0);
	for (const { workload, on, off } of rows)
		table.push([
			workload,
			us(on.fault),
			us(off.fault),
			shown(gain(on.fault, off.fault), 2),
			on.writers.map(us).join(", "),
			off.writers.map(us).join(", "),
			on.writers.map((t, i) => shown(gain(t, off.writers[i]), 2)).join(", "),
		]);
	return table.toString();
}
