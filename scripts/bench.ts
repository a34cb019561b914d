// SPDX-License-Identifier: GPL-2.0-only
/**
 * `make bench` (Documentation/bench.md): the same faults on the port and on this machine's kernel,
 * alternating in one run, so that both see the same neighbours; then faults
 * beside writers of several kinds, with speculation and without, again
 * alternating. Prints a table and writes bench.json, an array of {name,
 * port_ns, native_ns, ratio, …}.
 *
 * ns are a fault's, or a round's: medians over the rounds; a ratio is the
 * median of the rounds' ratios. The native half needs a C compiler; without
 * one its columns are null.
 */
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import Table from "cli-table3";
import { Machine } from "../arch/host/threads/machine.ts";
import type { Kind } from "../tools/bench/guest.ts";
import { bench_head } from "../tools/bench/head.ts";
import { median, median_ratio, shown } from "../tools/bench/numbers.ts";
import { explore_bench } from "../tools/explore/outside/bench.ts";
import { whole_number } from "../tools/lib/options.ts";
import {
	BESIDE_CPUS,
	type BesideRow,
	beside_table,
	beside_writers,
	gain,
	type LoopRow,
	loops_in_turn,
	loops_table,
} from "./lib/beside.ts";
import { command } from "./lib/command.ts";
import { run } from "./lib/child.ts";
import { make_directory, write_file } from "./lib/files.ts";
import { program } from "./lib/program.ts";
import { build_dir, here, output_dir } from "./lib/root.ts";
import { count } from "./lib/words.ts";
import { guest } from "./lib/guest.ts";
import { arch_asked, objtree } from "./lib/objtree.ts";

/* A fault's path is some hundred small functions, as the kernel's. Inlining more
 * of them than the optimiser's default of 920 bytecodes saves a fifth once it is
 * done; it takes so long that a replay, which runs once, is slower for it, and
 * so is the explorer's kernel, which is all calls. */
const V8_FLAG = "--max-inlined-bytecode-size-cumulative=4000";

const WARM_ROUNDS = 40;
/** Unless told otherwise. */
const ROUNDS = 15;
const MEM_MB = 256;
/** n: pages, or rounds of the last two; fork copies a process of `pages`. */
const CASES: { name: string; kind: Kind; n: number; pages?: number }[] = [
	{ name: "anon write fault", kind: "write", n: 2048 },
	{ name: "anon read fault", kind: "read", n: 2048 },
	{ name: "anon write fault on the zero page", kind: "wp", n: 2048 },
	{ name: "file read fault", kind: "file", n: 8192 },
	{ name: "file write-private fault", kind: "cow", n: 2048 },
	{ name: "mmap+munmap of one page", kind: "mmap", n: 2000 },
	{ name: "fork+exit of 1000 pages", kind: "fork", n: 10, pages: 1000 },
];
interface Row {
	name: string;
	port_ns: number | null;
	native_ns: number | null;
	/** native_ns / port_ns: above 1 the port is faster. */
	ratio: number | null;
	rounds: number;
	[detail: string]: string | number | null | (number | null)[];
}

/** native.c, compiled; undefined, and why on stderr, if it cannot be. */
async function native_program(): Promise<string | undefined> {
	const dir = join(build_dir(), "bench");
	const out = join(dir, "native");
	make_directory(dir);
	const compilers = [];
	for (const cc of ["cc", "gcc", "clang"]) {
		const compile = [cc, "-O2", "-o", out, join(here(), "tools/bench/native.c")];
		const made = await run(compile).catch(() => undefined);
		if (made?.status === 0) return out;
		if (made) compilers.push(cc);
	}
	process.stderr.write(
		compilers.length > 0
			? `bench: ${compilers.join(", ")} cannot compile native.c: only the port is measured\n`
			: "bench: no C compiler found: only the port is measured; install cc to compare\n",
	);
}

/** One measurement of this machine's kernel; null if it failed, and why on stderr. */
async function native_ns(native: string, arg: (typeof CASES)[number]): Promise<number | null> {
	const { status, stdout, stderr } = await run([native, arg.kind, String(arg.n), String(arg.pages ?? 0)]);
	if (status === 0 && Number(stdout) > 0) return Number(stdout);
	process.stderr.write(`bench: ${arg.name}: not compared: ${stderr.trim() || `native.c ends with ${status}`}\n`);
	return null;
}

/** Boots, and has the host's kernel hand out all of the RAM before we measure. */
async function boot(vmlinux: string, cpus: number): Promise<Machine> {
	const machine = await Machine.boot({ vmlinux, cpus, mem: MEM_MB });
	const words = new Int32Array(machine.memory.buffer);
	for (let i = 0; i < words.length; i += 1024) Atomics.add(words, i, 0);
	return machine;
}

async function against_native(vmlinux: string, module: string, rounds: number): Promise<Row[]> {
	const program = await native_program();
	const machine = await boot(vmlinux, 1);
	const rows: Row[] = [];
	for (const c of CASES) {
		const { name, ...arg } = c;
		const port = async () => (await machine.run({ cpu: 0, module, fn: "main", arg })) as number;
		for (let i = 0; i < WARM_ROUNDS; i++) await port(); /* until it is compiled */
		const native = program && (await native_ns(program, c)) !== null ? program : undefined;
		const ours: number[] = [];
		const theirs: (number | null)[] = [];
		for (let i = 0; i < rounds; i++) {
			ours.push(await port());
			theirs.push(native ? await native_ns(native, c) : null);
		}
		rows.push({
			name,
			port_ns: median(ours),
			native_ns: median(theirs),
			ratio: median_ratio(theirs, ours),
			rounds,
			...arg,
		});
	}
	await machine.shutdown();
	return rows;
}

/** Two rows for each workload: with speculation, and without. */
function spf_rows(rows: BesideRow[], rounds: number): Row[] {
	return rows.flatMap(({ workload, on, off }) =>
		Object.entries({ on, off }).map(([state, { fault, writers }]) => ({
			name: `anon write fault beside ${workload}, spf ${state}`,
			port_ns: fault,
			native_ns: null,
			ratio: null,
			rounds,
			off_over_this: gain(fault, off.fault),
			writers_ns: writers,
		})),
	);
}

function loop_rows(rows: LoopRow[], rounds: number): Row[] {
	return rows.flatMap(({ loop, on, off }) =>
		Object.entries({ on, off }).map(([state, ns]) => ({
			name: `${loop}, 2 threads, spf ${state}`,
			port_ns: ns,
			native_ns: null,
			ratio: null,
			rounds,
			off_over_this: gain(ns, off),
		})),
	);
}

async function main(): Promise<void> {
	const bench = command("bench", "Measures the same faults on the port and on this machine's kernel.")
		.option("--rounds <n>", "that count, of each measurement", String(ROUNDS))
		.parse();
	const rounds = whole_number("--rounds", bench.opts().rounds) ?? ROUNDS;
	console.log(bench_head());

	/* Before the flag is set: it is for all that is compiled from then on. */
	const explorer = await explore_bench();
	setFlagsFromString(V8_FLAG);

	const tell = (text: string) => void process.stderr.write(text);
	const arch = arch_asked();
	const vmlinux = await objtree({ name: "bench", arch, tell });
	const nospf = await objtree({ name: "bench-nospf", fragments: ["nospf.config"], arch, tell });
	const module = await guest(join(here(), "tools/bench/guest.ts"), vmlinux);
	const alone = await against_native(vmlinux, module, rounds);
	const [on, off] = await Promise.all([vmlinux, nospf].map((bundle) => boot(bundle, BESIDE_CPUS)));
	const beside = await beside_writers(on, off, vmlinux, rounds);
	const loops = await loops_in_turn(on, off, vmlinux, rounds);
	await Promise.all([on.shutdown(), off.shutdown()]);

	const table = new Table({
		head: ["", "port ns", "native ns", "native/port"],
		colAligns: ["left", "right", "right", "right"],
		style: { head: [], border: [], compact: true },
	});
	for (const r of alone) table.push([r.name, shown(r.port_ns, 0), shown(r.native_ns, 0), shown(r.ratio, 2)]);
	console.log(
		`\nmedians of ${count(rounds, "round")}, once everything is compiled (with V8's ${V8_FLAG}):\n${table}`,
	);
	console.log(`\n${beside_table(beside)}`);
	console.log(`\n${loops_table(loops)}`);

	const searches = new Table({
		head: ["explorer, SC", "cores", "executions/s", "accesses/s"],
		colAligns: ["left", "right", "right", "right"],
		style: { head: [], border: [], compact: true },
	});
	for (const r of explorer)
		searches.push([r.name, r.cores, shown(r.executions_per_s, 0), shown(r.accesses_per_s, 0)]);
	console.log(`\n${searches}`);
	const all = [...alone, ...spf_rows(beside, rounds), ...loop_rows(loops, rounds), ...explorer];
	write_file(join(output_dir(), "bench.json"), `${JSON.stringify(all, null, "\t")}\n`);
}

await program("bench", main);
