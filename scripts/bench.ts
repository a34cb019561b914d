// SPDX-License-Identifier: GPL-2.0-only
/**
 * `make bench`: the same faults on the port and on this machine's kernel,
 * alternating in one run, so that both see the same neighbours. Prints a table
 * and writes bench.json, an array of {name, port_ns, native_ns, ratio, rounds}.
 *
 * ns are a fault's: medians over the rounds. The native half needs a C compiler;
 * without one its columns are null.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Table from "cli-table3";
import { $ } from "zx";
import { Machine } from "../arch/host/threads/machine.ts";
import type { Kind } from "../tools/bench/guest.ts";
import { here } from "./cc/program.ts";
import { guest } from "./lib/guest.ts";
import { objtree } from "./lib/objtree.ts";

const PAGES = 8192;
const ROUNDS = 15;
const MEM_MB = 256;
const CASES: { name: string; kind: Kind }[] = [
	{ name: "anon write fault", kind: "write" },
	{ name: "anon read fault", kind: "read" },
	{ name: "anon write fault on the zero page", kind: "wp" },
];

const median = (a: number[]) => [...a].sort((x, y) => x - y)[a.length >> 1];

async function native_program(): Promise<string | undefined> {
	const out = join(here(), "build/bench/native");
	mkdirSync(join(here(), "build/bench"), { recursive: true });
	for (const cc of ["cc", "gcc", "clang"]) {
		const run = await $({ quiet: true })`${cc} -O2 -o ${out} ${join(here(), "tools/bench/native.c")}`.nothrow();
		if (run.exitCode === 0) return out;
	}
	process.stderr.write("bench: no C compiler found: install cc to measure this machine's kernel too\n");
}

const native = await native_program();
const vmlinux = await objtree({ name: "bench", verbose: true });
const module = await guest(join(here(), "tools/bench/guest.ts"));
const machine = await Machine.boot({ vmlinux, cpus: 1, mem: MEM_MB });
const port = (kind: Kind) => machine.run({ cpu: 0, module, fn: "main", arg: { kind, pages: PAGES } });
const rows = [];
for (const { name, kind } of CASES) {
	for (let i = 0; i < 5; i++) await port(kind); /* until it is compiled */
	const port_ns: number[] = [];
	const native_ns: number[] = [];
	for (let i = 0; i < ROUNDS; i++) {
		port_ns.push((await port(kind)) as number);
		if (native) native_ns.push(Number((await $({ quiet: true })`${native} ${kind} ${PAGES}`).stdout));
	}
	const p = median(port_ns);
	const n = native ? median(native_ns) : null;
	rows.push({ name, port_ns: p, native_ns: n, ratio: n === null ? null : n / p, pages: PAGES, rounds: ROUNDS });
}
await machine.shutdown();

const table = new Table({ head: ["", "port ns", "native ns", "native/port"] });
for (const r of rows)
	table.push([r.name, r.port_ns.toFixed(0), r.native_ns?.toFixed(0) ?? "-", r.ratio?.toFixed(2) ?? "-"]);
console.log(table.toString());
writeFileSync("bench.json", `${JSON.stringify(rows, null, "\t")}\n`);
