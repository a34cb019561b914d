// SPDX-License-Identifier: GPL-2.0-only
/** Tests of `spf replay --compare`: what its table is made of. That it runs is tested with the sample. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import test from "ava";
import { objtree } from "../../scripts/lib/objtree.ts";
import { here } from "../lib/root.ts";
import { cpu_counts, type Row, row_of, table_of } from "./compare_sides.ts";
import type { Report } from "./report.ts";

test("1, 2, 4, … and the last one", (t) => {
	t.deepEqual(cpu_counts(1), [1]);
	t.deepEqual(cpu_counts(2), [1, 2]);
	t.deepEqual(cpu_counts(8), [1, 2, 4, 8]);
	t.deepEqual(cpu_counts(6), [1, 2, 4, 6]);
});

test("medians of each column", (t) => {
	const report = (n: number) =>
		({
			cpus: 2,
			speculative: true,
			elapsed_ns: n * 1e6,
			kernel_ns: n * 2e6,
			faults: { latency: { mean_ns: n * 1000 } },
			vmstat: { pgfault: 100 * n, pgmajfault: n, spf_attempt: 50 * n, spf_abort: 10 * n },
			mmap_lock_wait: { read_ns: n * 3e6, reads: n, write_ns: n * 4e6, writes: 2 * n },
		}) as unknown as Report;
	const row = row_of([report(9), report(1), report(2)]);
	t.like(row, { elapsed_ns: 2e6, kernel_ns: 4e6, speculated: 80, gave_up: 20, major: 2, faults: 200 });
	const cells = table_of([row, { ...row, speculative: false }])
		.split("\n")
		.filter((line) => line.startsWith("│"))
		.map((line) => line.split("│").map((cell) => cell.trim()));
	const [on, off] = cells.slice(-2);
	t.deepEqual(on.slice(1, -1), "2,on,2.00,4.00,2.0,200,80,20,2,6.00 (2),8.00 (4)".split(","));
	t.deepEqual(off.slice(7, 9), ["-", "-"]);
});

test("the sample, on both kernels", async (t) => {
	for (const tree of [{ name: "default" }, { name: "nospf", fragments: ["nospf.config"] }]) await objtree(tree);
	const args = [join(here(), "bin/spf.mjs"), "replay", "--compare", "--cpus", "2", "--repeat", "1", "--json"];
	const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
	t.is(status, 0, stderr);
	const { rounds, rows } = JSON.parse(stdout) as { rounds: number; rows: Row[] };
	t.is(rounds, 1);
	const sides = [
		[1, true],
		[1, false],
		[2, true],
		[2, false],
	];
	t.deepEqual(
		rows.map(({ cpus, speculative }) => [cpus, speculative]),
		sides,
	);
	for (const row of rows) t.true(row.kernel_ns > 0 && row.faults > 900 && row.speculated > 0 === row.speculative);
});
