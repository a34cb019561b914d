// SPDX-License-Identifier: GPL-2.0-only
/** Every case of `make bench`, short: it runs to its end. */
import { join } from "node:path";
import test from "ava";
import { Machine } from "../../arch/host/threads/machine.ts";
import { here } from "../lib/root.ts";
import { guest } from "../../scripts/lib/guest.ts";
import { objtree } from "../../scripts/lib/objtree.ts";
import { type Beside, LOOPS, workloads } from "./workloads.ts";
import type { Kind } from "./guest.ts";
import type { Counters } from "../run/guest.ts";

const kernel = () => objtree({ name: "kunit-default", fragments: ["kunit.config"] });

/** Pages that were ever given out, and that the page cache has. */
async function pages(machine: Machine): Promise<{ given: number; cached: number }> {
	const module = await guest(join(here(), "tools/run/guest.ts"), await kernel());
	const { vmstat } = (await machine.run({ cpu: 0, module, fn: "counters" })) as Counters;
	return { given: vmstat.pgalloc_normal, cached: vmstat.nr_file_pages };
}

/** Each page that is touched is one of the process's own. */
const WRITES = new Set<Kind>(["write", "wp", "cow"]);

test("the cases of the bench run alone", async (t) => {
	t.timeout(240_000);
	const module = await guest(join(here(), "tools/bench/guest.ts"), await kernel());
	const machine = await Machine.boot({ vmlinux: await kernel(), cpus: 1, mem: 64 });
	t.teardown(() => machine.shutdown());
	for (const kind of ["write", "read", "wp", "file", "cow", "mmap", "fork"] satisfies Kind[]) {
		const { given, cached } = await pages(machine);
		const ns = await machine.run({ cpu: 0, module, fn: "main", arg: { kind, n: 64, pages: 20 } });
		t.true((ns as number) > 0, kind);
		const after = await pages(machine);
		t.is(after.cached - cached, kind === "file" ? 64 : 0, kind);
		if (WRITES.has(kind)) t.true(after.given - given >= 64, kind);
		else if (kind === "read") t.true(after.given - given < 64, kind);
	}
});

test("a fault beside each kind of writer has a time, and so has the writer", async (t) => {
	t.timeout(240_000);
	const module = await guest(join(here(), "tools/bench/beside.ts"), await kernel());
	const machine = await Machine.boot({ vmlinux: await kernel(), cpus: 4, mem: 128 });
	t.teardown(() => machine.shutdown());
	for (const { name: workload, writers } of workloads) {
		const shared = new Int32Array(new SharedArrayBuffer(8));
		const arg: Beside = { workload, shared, faulters: 2, pages: 64, times: 2 };
		const pids = (await machine.run({ cpu: 0, module, fn: "start", arg })) as number[];
		t.is(pids.length, writers + 2);
		const ns = await Promise.all(
			pids.map((pid, nr) =>
				machine.run({
					cpu: nr,
					module,
					fn: nr < writers ? "writer" : "faulter",
					arg: { ...arg, pid, nr },
				}),
			),
		);
		t.true(
			ns.every((time) => (time as number) > 0),
			workload,
		);
		await machine.run({ cpu: 0, module, fn: "end" });
	}
});

test("will-it-scale's loops have a time", async (t) => {
	t.timeout(240_000);
	const module = await guest(join(here(), "tools/bench/beside.ts"), await kernel());
	const machine = await Machine.boot({ vmlinux: await kernel(), cpus: 2, mem: 64 });
	t.teardown(() => machine.shutdown());
	for (const loop of LOOPS) {
		const { given, cached } = await pages(machine);
		const shared = new Int32Array(new SharedArrayBuffer(8));
		const pids = (await machine.run({ cpu: 0, module, fn: "start_loop" })) as number[];
		const ns = await Promise.all(
			pids.map((pid, nr) =>
				machine.run({
					cpu: nr,
					module,
					fn: "loop",
					arg: { loop, pid, nr, shared, pages: 64, times: 2 },
				}),
			),
		);
		t.true(
			ns.every((time) => (time as number) > 0),
			loop,
		);
		await machine.run({ cpu: 0, module, fn: "end" });
		/* Two threads touch 64 pages three times; the second loop's files are those of the third. */
		const after = await pages(machine);
		t.is(after.cached - cached, loop === "page_fault2" ? 128 : 0, loop);
		t.is(after.given - given >= 384, loop !== "page_fault3", loop);
	}
});
