// SPDX-License-Identifier: GPL-2.0-only
/**
 * `make bench`: the same faults on the port and on this machine's kernel,
 * alternating in one run, so that both see the same neighbours; then faults
 * beside writers of several kinds, with speculation and without, again
 * alternating. Prints a table and writes bench.json, an array of {name,
 * port_ns, native_ns, ratio, …}.
 *
 * ns are a fault's, or a round's: medians over the rounds; a ratio is the
 * median of the rounds' ratios. The native half needs a C compiler; without
 * one its columns are null.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import Table from "cli-table3";
import { $ } from "zx";
import { Machine } from "../arch/host/threads/machine.ts";
import type { Kind } from "../tools/bench/guest.ts";
import { explore_bench } from "../tools/explore/outside/bench.ts";
import { BESIDE_CPUS, type BesideRow, beside_table, beside_writers } from "./lib/beside.ts";
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
interface Row {
	name: string;
	port_ns: number;
	native_ns: number | null;
	/** native_ns / port_ns: above 1 the port is faster. */
	ratio: number | null;
	rounds: number;
	[detail: string]: string | number | null | number[];
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

/** Two rows for each workload: with speculation, and without. */
function spf_rows(rows: BesideRow[]): Row[] {
	const common = { native_ns: null, ratio: null, rounds: ROUNDS };
	return rows.flatMap(({ workload, on, off }) =>
		Object.entries({ on, off }).map(([state, { fault, writers }]) => ({
			name: `anon write fault beside ${workload}, spf ${state}`,
			port_ns: fault,
			off_over_this: off.fault / fault,
			writers_ns: writers,
			...common,
		})),
	);
}

/* Before the flag is set: it is for all that is compiled from then on. */
const explorer = await explore_bench();
setFlagsFromString(V8_FLAG);

const vmlinux = await objtree({ name: "bench", verbose: true });
const nospf = await objtree({ name: "bench-nospf", fragments: ["nospf.config"], verbose: true });
const module = await guest(join(here(), "tools/bench/guest.ts"));
const alone = await against_native(vmlinux, module);
const [on, off] = await Promise.all([vmlinux, nospf].map((bundle) => boot(bundle, BESIDE_CPUS)));
const beside = await beside_writers(on, off, ROUNDS);
await Promise.all([on.shutdown(), off.shutdown()]);

const table = new Table({
	head: ["", "port ns", "native ns", "native/port"],
	colAligns: ["left", "right", "right", "right"],
	style: { head: [], border: [], compact: true },
});
for (const r of alone)
	table.push([r.name, r.port_ns.toFixed(0), r.native_ns?.toFixed(0) ?? "-", r.ratio?.toFixed(2) ?? "-"]);
console.log(`\nmedians of ${ROUNDS} rounds, once everything is compiled (with V8's ${V8_FLAG}):\n${table}`);
console.log(`\n${beside_table(beside)}`);

const searches = new Table({
	head: ["explorer, SC", "cores", "executions/s", "accesses/s"],
	colAligns: ["left", "right", "right", "right"],
	style: { head: [], border: [], compact: true },
});
for (const r of explorer) searches.push([r.name, r.cores, r.executions_per_s, r.accesses_per_s]);
console.log(`\n${searches}`);
writeFileSync("bench.json", `${JSON.stringify([...alone, ...spf_rows(beside), ...explorer], null, "\t")}\n`);
