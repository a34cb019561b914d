// SPDX-License-Identifier: GPL-2.0-only
/**
 * Threads on all CPUs, one address space: faults, mmap, munmap, mprotect, mremap,
 * madvise, brk, stack growth, fork, thread exit and group exit at random. Every
 * byte that a CPU wrote for itself must be there when it looks, and after the
 * last exit all memory must be back.
 *
 * SEED=n repeats the choices (not the timing), RUNS=n and STEPS=n set how much is
 * done for each configuration.
 */
import { join } from "node:path";
import test from "ava";
import { Machine } from "../../../arch/host/threads/machine.ts";
import { here } from "../../lib/root.ts";
import { ARM64_64K, KUNIT_CONFIGS, kunit_config, OTHERS } from "../kunit/run.ts";
import { geometry, guest } from "../../../scripts/lib/guest.ts";
import { test_ram } from "../ram.ts";
import { IPI_TABLES } from "../trees.ts";
import { type ObjtreeOptions, objtree } from "../../../scripts/lib/objtree.ts";
import type * as Guest from "./guest.ts";
import { type Arg, CONTROL_WORDS } from "./layout.ts";

const SEED = Number(process.env.SEED ?? 20220128);
const RUNS = Number(process.env.RUNS ?? 1);
const STEPS = Number(process.env.STEPS ?? 600);

/** The trees of the unit tests are used again where there is one. */
const CONFIGS: { name: string; tree: string; fragments: string[]; spf: boolean; arch?: string; cpus?: number[] }[] = [
	/* No flush is an interrupt there, and the walkers write to entries in use. */
	...[...OTHERS, ARM64_64K].map(({ name, arch, fragments }) => ({
		name: `${arch} ${name}`,
		arch,
		tree: name,
		fragments: fragments ?? [],
		spf: true,
		cpus: [4],
	})),
	{ name: "default", tree: "kunit-default", fragments: ["kunit.config"], spf: true },
	{ name: "debug", tree: "kunit-debug", fragments: KUNIT_CONFIGS.debug, spf: true },
	{ name: "nospf", tree: "kunit-nospf", fragments: KUNIT_CONFIGS.nospf, spf: false },
	{
		name: "tables freed after IPIs",
		tree: IPI_TABLES.name,
		fragments: IPI_TABLES.fragments,
		spf: true,
	},
];

interface Host {
	machine: Machine;
	messages: string[];
	on<K extends keyof typeof Guest>(cpu: number, fn: K, arg?: Arg): Promise<ReturnType<(typeof Guest)[K]>>;
}

/** Boots, does what it is asked, and says what the kernel had to say if it died. */
async function boot(vmlinux: string, cpus: number, mem: number, fn: (host: Host) => Promise<void>): Promise<void> {
	const messages: string[] = [];
	const machine = await Machine.boot({ vmlinux, cpus, mem, console: (text) => messages.push(text) });
	const module = await guest(SOURCE, vmlinux);
	const on: Host["on"] = (cpu, fn, arg) => machine.run({ cpu, module, fn, arg }) as never;
	try {
		await fn({ machine, messages, on });
	} catch (error) {
		const { message, where = "" } = error as { message: string; where?: string };
		throw new Error([...messages, message, where].join("\n"), { cause: error });
	} finally {
		await machine.shutdown();
	}
}

const SOURCE = join(here(), "tools/testing/stress/guest.ts");

for (const { name, tree, fragments, spf, arch, cpus: counts = [2, 4] } of CONFIGS)
	for (const cpus of counts)
		test.serial(`stress: ${name}, ${cpus} CPUs`, async (t) => {
			t.log(`SEED=${SEED}`);
			const vmlinux = await objtree({ name: tree, fragments, arch });
			await boot(
				vmlinux,
				cpus,
				test_ram((await geometry(vmlinux)).PAGE_SIZE),
				async ({ messages, on }) => {
					const before = await on(0, "count");
					let vmstat = "";
					for (let run = 0; run < RUNS; run++) {
						const control = new SharedArrayBuffer(CONTROL_WORDS * 4);
						/* Every second run ends by exit_group() in the middle of it all. */
						const killer = run % 2 === 1 ? run % cpus : -1;
						const arg: Arg = {
							control,
							seed: SEED + run,
							cpu: 0,
							cpus,
							steps: STEPS,
							killer,
							pids: [],
						};
						arg.pids = await on(0, "setup", arg);
						const results = await Promise.all(
							arg.pids.map((_, cpu) => on(cpu, "main", { ...arg, cpu })),
						);
						const after = await on(0, "teardown");
						vmstat = after.vmstat;
						const where = `SEED=${SEED}, run ${run}`;
						t.deepEqual(
							results.flatMap((r) => r.problems),
							[],
							where,
						);
						t.deepEqual(after.problems, [], where);
						t.deepEqual(after.count, before, where);
					}
					t.deepEqual(messages, []);
					const events = vmstat
						.split("\n")
						.filter((line) => /spf_/i.test(line) && !line.endsWith(" 0"));
					t.log(events.join(", "));
					const event = (item: string) =>
						Number(
							events
								.find((line) => line.startsWith(`${item} `))
								?.split(" ")[1] ?? 0,
						);
					if (spf)
						t.true(
							event("spf_attempt") > event("spf_abort") &&
								event("spf_abort") > 0,
						);
					else t.deepEqual(events, []);
				},
			);
		});

/** Situations that once went wrong, with the memory (MiB) and the turns they need. */
const SITUATIONS: {
	fn: "fork" | "grow_stack" | "mirror" | "page_tables" | "stale" | "unmap" | "user_mode";
	mem: number;
	steps: number;
	runs: number;
	cpus?: number;
	tree?: ObjtreeOptions;
}[] = [
	{ fn: "grow_stack", mem: 64, steps: 1500, runs: 3 },
	{ fn: "page_tables", mem: 4, steps: 100, runs: 1 },
	{ fn: "unmap", mem: 64, steps: 1500, runs: 2 },
	{ fn: "stale", mem: 64, steps: 1500, runs: 1 },
	...OTHERS.map((tree) => ({ fn: "stale" as const, mem: 64, steps: 1500, runs: 1, tree })),
	{ fn: "fork", mem: 64, steps: 200, runs: 2 },
	{ fn: "user_mode", mem: 64, steps: 30, runs: 1 },
	...[2, 4].map((cpus) => ({ fn: "mirror" as const, mem: 64, steps: 400, runs: 2, cpus })),
	...OTHERS.map((tree) => ({ fn: "mirror" as const, mem: 64, steps: 200, runs: 1, tree })),
];

for (const { fn, mem, steps, runs, cpus = 2, tree = kunit_config("debug") } of SITUATIONS)
	test.serial(
		`stress: ${tree.arch ? `${tree.arch}, ` : ""}${fn}${cpus > 2 ? `, ${cpus} CPUs` : ""}`,
		async (t) => {
			await boot(await objtree(tree), cpus, mem, async ({ messages, on }) => {
				const before = await on(0, "count");
				for (let run = 0; run < runs; run++) {
					const control = new SharedArrayBuffer(CONTROL_WORDS * 4);
					const arg: Arg = {
						control,
						seed: SEED + run,
						cpu: 0,
						cpus,
						steps,
						killer: -1,
						pids: [],
					};
					arg.pids = await on(0, "setup", arg);
					const problems = await Promise.all(
						arg.pids.map((_, cpu) => on(cpu, fn, { ...arg, cpu })),
					);
					t.deepEqual(problems.flat(), []);
					t.deepEqual((await on(0, "teardown")).count, before);
				}
				t.deepEqual(messages, []);
			});
		},
	);
