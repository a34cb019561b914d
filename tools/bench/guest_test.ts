// SPDX-License-Identifier: GPL-2.0-only
/** Every case of `make bench`, short: it runs to its end. */
import { join } from "node:path";
import test from "ava";
import { Machine } from "../../arch/host/threads/machine.ts";
import { here } from "../lib/root.ts";
import { guest } from "../../scripts/lib/guest.ts";
import { objtree } from "../../scripts/lib/objtree.ts";
import type { Crowd, Kind } from "./guest.ts";

test("the cases of the bench run, alone and beside a writer", async (t) => {
	t.timeout(240_000);
	const vmlinux = await objtree({ name: "kunit-default", fragments: ["kunit.config"] });
	const module = await guest(join(here(), "tools/bench/guest.ts"));
	const machine = await Machine.boot({ vmlinux, cpus: 2, mem: 64 });
	t.teardown(() => machine.shutdown());
	for (const kind of ["write", "read", "wp", "file", "mmap", "fork"] satisfies Kind[]) {
		const ns = await machine.run({ cpu: 0, module, fn: "main", arg: { kind, n: 64, pages: 20 } });
		t.true((ns as number) > 0, kind);
	}
	const crowd: Crowd = { shared: new Int32Array(new SharedArrayBuffer(64)), faulters: 1, pages: 64 };
	const pids = (await machine.run({ cpu: 0, module, fn: "crowd", arg: crowd })) as number[];
	const turns = await Promise.all(
		pids.map((pid, cpu) =>
			machine.run({ cpu, module, fn: cpu === 0 ? "mapper" : "faulter", arg: { ...crowd, pid } }),
		),
	);
	t.is(turns.length, 2);
	await machine.run({ cpu: 0, module, fn: "disperse" });
});
