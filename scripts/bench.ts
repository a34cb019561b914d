// SPDX-License-Identifier: GPL-2.0-only
/**
 * `make bench`: the same faults on the port and on this machine's kernel,
 * alternating in one run, so that both see the same neighbours; then faults
 * beside a thread that maps and unmaps, with speculation and without, again
 * alternating. Prints a table and writes bench.json, an array of {name,
 * port_ns, native_ns, ratio, …}.
 *
 * ns are a fault's, or a round's: medians over the rounds; a ratio is the
 * median of the rounds' ratios. The native half needs a C compiler; without
 * one its columns are null.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import Table from "cli-table3";
import { $ } from "zx";
import { Machine } from "../arch/host/threads/machine.ts";
import type { Crowd, Kind } from "../tools/bench/guest.ts";
import { explore_bench } from "../tools/explore/outside/bench.ts";
import { here } from "./lib/root.ts";
import { guest } from "./lib/guest.ts";
import { objtree } from "./lib/objtree.ts";

/* A fault's path is some hundred small functions, as the kernel's. Inlining more
 * of them than the optimiser's default of 920 bytecodes saves a fifth once it is
 * done; it takes so long that a replay, which runs once, is slower for it, and
 * so is the explorer's kernel, which is all calls. */
const V8_FLAG = "--max-inlined-bytecode-size-cumulative=4000";

const WARM_ROUNDS = 40;
const ROUNDS = 15;
const MEM_MB = 256;
/** n: pages, or rounds of the last two; fork copies a process of `pages`. */
const CASES: { name: string; kind: Kind; n: number; pages?: number }[] = [
	{ name: "anon write fault", kind: "write", n: 2048 },
	{ name: "anon read fault", kind: "read", n: 2048 },
	{ name: "anon write fault on the zero page", kind: "wp", n: 2048 },
	{ name: "file read fault", kind: "file", n: 8192 },
	{ name: "mmap+munmap of one page", kind: "mmap", n: 2000 },
	{ name: "fork+exit of 1000 pages", kind: "fork", n: 10, pages: 1000 },
];
const FAULTER_PAGES = 8192;
const FAULTERS = Math.max(1, Math.min(availableParallelism(), 8) - 1);

interface Row {
	name: string;
	port_ns: number;
	native_ns: number | null;
	/** native_ns / port_ns: above 1 the port is faster. */
	ratio: number | null;
	rounds: number;
	[detail: string]: string | number | null;
}

const median = (a: number[]) => [...a].sort((x, y) => x - y)[a.length >> 1];
const median_ratio = (a: number[], b: number[]) => median(a.map((x, i) => x / b[i]));

async function native_program(): Promise<string | undefined> {
	const out = join(here(), "build/bench/native");
	mkdirSync(join(here(), "build/bench"), { recursive: true });
	for (const cc of ["cc", "gcc", "clang"]) {
		const run = await $({
			quiet: true,
		})`${cc} -O2 -o ${out} ${join(here(), "tools/bench/native.c")}`.nothrow();
		if (run.exitCode === 0) return out;
	}
	process.stderr.write("bench: no C compiler found: install cc to measure this machine's kernel too\n");
}

/** Boots, and has the host's kernel hand out all of the RAM before we measure. */
async function boot(vmlinux: string, cpus: number): Promise<Machine> {
	const machine = await Machine.boot({ vmlinux, cpus, mem: MEM_MB });
	const words = new Int32Array(machine.memory.buffer);
	for (let i = 0; i < words.length; i += 1024) Atomics.add(words, i, 0);
	return machine;
}

async function against_native(vmlinux: string, module: string): Promise<Row[]> {
	const native = await native_program();
	const machine = await boot(vmlinux, 1);
	const rows: Row[] = [];
	for (const { name, ...arg } of CASES) {
		const port = async () => (await machine.run({ cpu: 0, module, fn: "main", arg })) as number;
		const host = async () =>
			Number((await $({ quiet: true })`${native} ${arg.kind} ${arg.n} ${arg.pages ?? 0}`).stdout);
		for (let i = 0; i < WARM_ROUNDS; i++) await port(); /* until it is compiled */
		const port_ns: number[] = [];
		const native_ns: number[] = [];
		for (let i = 0; i < ROUNDS; i++) {
			port_ns.push(await port());
			if (native) native_ns.push(await host());
		}
		rows.push({
			name,
			port_ns: median(port_ns),
			native_ns: native ? median(native_ns) : null,
			ratio: native ? median_ratio(native_ns, port_ns) : null,
			rounds: ROUNDS,
			...arg,
		});
	}
	await machine.shutdown();
	return rows;
}

/** One round: CPU 0 maps and unmaps until the others have had their faults. */
async function beside_writer(machine: Machine, module: string): Promise<{ fault: number; writer: number }> {
	const crowd: Crowd = {
		shared: new Int32Array(new SharedArrayBuffer(64)),
		faulters: FAULTERS,
		pages: FAULTER_PAGES,
	};
	const pids = (await machine.run({ cpu: 0, module, fn: "crowd", arg: crowd })) as number[];
	const turns = pids.map((pid, cpu) =>
		machine.run({ cpu, module, fn: cpu === 0 ? "mapper" : "faulter", arg: { ...crowd, pid } }),
	) as Promise<number>[];
	const [writer, ...faults] = await Promise.all(turns);
	await machine.run({ cpu: 0, module, fn: "disperse" });
	return { fault: median(faults), writer };
}

async function spf_on_off(on: string, off: string, module: string): Promise<Row[]> {
	const machines = [await boot(on, FAULTERS + 1), await boot(off, FAULTERS + 1)];
	const fault: number[][] = [[], []];
	const writer: number[][] = [[], []];
	for (let i = -5; i < ROUNDS; i++) {
		for (const k of [0, 1]) {
			const turn = await beside_writer(machines[k], module);
			if (i < 0) continue;
			fault[k].push(turn.fault);
			writer[k].push(turn.writer);
		}
	}
	await Promise.all(machines.map((m) => m.shutdown()));
	const common = { native_ns: null, ratio: null, rounds: ROUNDS, faulters: FAULTERS };
	return ["on", "off"].flatMap((state, k) => [
		{
			name: `anon write fault beside mmap+munmap, spf ${state}`,
			port_ns: median(fault[k]),
			off_over_this: median_ratio(fault[1], fault[k]),
			...common,
		},
		{
			name: `mmap+munmap beside faults, spf ${state}`,
			port_ns: median(writer[k]),
			off_over_this: median_ratio(writer[1], writer[k]),
			...common,
		},
	]);
}

/* Before the flag is set: it is for all that is compiled from then on. */
const explorer = await explore_bench();
setFlagsFromString(V8_FLAG);

const vmlinux = await objtree({ name: "bench", verbose: true });
const nospf = await objtree({ name: "bench-nospf", fragments: ["nospf.config"], verbose: true });
const module = await guest(join(here(), "tools/bench/guest.ts"));
const rows = [...(await against_native(vmlinux, module)), ...(await spf_on_off(vmlinux, nospf, module))];

const table = new Table({
	head: ["", "port ns", "native ns", "native/port", "spf off/this"],
	colAligns: ["left", "right", "right", "right", "right"],
	style: { head: [], border: [], compact: true },
});
for (const r of rows)
	table.push([
		r.name,
		r.port_ns.toFixed(0),
		r.native_ns?.toFixed(0) ?? "-",
		r.ratio?.toFixed(2) ?? "-",
		typeof r.off_over_this === "number" ? r.off_over_this.toFixed(2) : "-",
	]);
console.log(`\nmedians of ${ROUNDS} rounds, once everything is compiled (with V8's ${V8_FLAG}):\n${table}`);

const searches = new Table({
	head: ["explorer, SC", "cores", "executions/s", "accesses/s"],
	colAligns: ["left", "right", "right", "right"],
	style: { head: [], border: [], compact: true },
});
for (const r of explorer) searches.push([r.name, r.cores, r.executions_per_s, r.accesses_per_s]);
console.log(`\n${searches}`);
writeFileSync("bench.json", `${JSON.stringify([...rows, ...explorer], null, "\t")}\n`);
