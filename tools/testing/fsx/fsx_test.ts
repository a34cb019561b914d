// SPDX-License-Identifier: GPL-2.0-only
/**
 * Files of each kind on several CPUs at once: read, written, mapped, cut off, punched, written back and shared with
 * children, at random, against arrays of bytes; also where there is so little memory that it is reclaimed all the
 * time. At the end no file is in use, and all memory is back.
 *
 * SEED=n repeats the choices (not the timing), RUNS=n and STEPS=n set how much is done with each kind.
 */
import { join } from "node:path";
import test from "ava";
import { Machine } from "../../../arch/host/threads/machine.ts";
import { geometry, guest } from "../../../scripts/lib/guest.ts";
import { objtree } from "../../../scripts/lib/objtree.ts";
import { here } from "../../lib/root.ts";
import { kunit_config } from "../kunit/run.ts";
import { test_ram } from "../ram.ts";
import type * as Guest from "./guest.ts";

const SEED = Number(process.env.SEED ?? 20220128);
const RUNS = Number(process.env.RUNS ?? 1);
const STEPS = Number(process.env.STEPS ?? 300);

for (const [fs, config, cpus, pressure] of [
	["number", "default", 4, false],
	["ramfs", "debug", 2, false],
	["tmpfs", "debug", 2, false],
	["diskfs", "default", 4, false],
	["diskfs", "default", 4, true],
	["diskfs", "debug", 2, false],
	["diskfs", "debug", 2, true],
] as const)
	test.serial(`fsx: ${fs}, ${config}, ${cpus} CPUs${pressure ? ", memory is short" : ""}`, async (t) => {
		t.log(`SEED=${SEED}`);
		const vmlinux = await objtree(kunit_config(config));
		const mem = pressure ? 24 : test_ram((await geometry(vmlinux)).PAGE_SIZE);
		const messages: string[] = [];
		const machine = await Machine.boot({ vmlinux, cpus, mem, console: (text) => messages.push(text) });
		const module = await guest(join(here(), "tools/testing/fsx/guest.ts"), vmlinux);
		const on = <K extends keyof typeof Guest>(cpu: number, fn: K, arg?: Guest.Arg) =>
			machine.run({ cpu, module, fn, arg }) as Promise<ReturnType<(typeof Guest)[K]>>;

		try {
			const before = await on(0, "count");
			for (let run = 0; run < RUNS; run++) {
				const control = new SharedArrayBuffer(8);
				const arg: Guest.Arg = {
					control,
					seed: SEED + run,
					cpu: 0,
					cpus,
					steps: STEPS,
					fs,
					pressure,
					pids: [],
				};
				const where = `SEED=${SEED + run} STEPS=${STEPS}`;

				arg.pids = await on(0, "setup", arg);
				const freed = await on(0, "reclaimed");
				const problems = await Promise.all(
					arg.pids.slice(0, cpus).map((_, cpu) => on(cpu, "main", { ...arg, cpu })),
				);
				t.deepEqual(problems.flat(), [], where);
				t.is((await on(0, "reclaimed")) > freed, pressure, where);
				t.deepEqual(await on(0, "teardown", arg), [], where);
				t.deepEqual(await on(0, "count"), before, where);
			}
			t.deepEqual(messages, []);
		} catch (error) {
			const { message, where = "" } = error as { message: string; where?: string };
			t.fail([...messages, message, where].join("\n"));
		} finally {
			await machine.shutdown();
		}
	});
