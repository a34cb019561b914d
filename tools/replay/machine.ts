// SPDX-License-Identifier: GPL-2.0-only
/** Runs a plan on a machine: boots it, sets the program up, lets the CPUs work,
 *  and collects what they noted. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Machine } from "../../arch/host/threads/machine.ts";
import type { meminfo } from "../../kernel/entry/user.ts";
import { config_of, srcarch_of } from "../../scripts/lib/arch.ts";
import { guest } from "../../scripts/lib/guest.ts";
import { errno_name } from "./abi.ts";
import { UserError } from "../lib/errors.ts";
import { type Room, room_of } from "../lib/ram.ts";
import { here } from "../lib/root.ts";
import type { Counts } from "../stat/guest.ts";
import type { GuestArg, SetupResult, Snapshot } from "./guest.ts";
import { DONE, fresh, type Plan, STOP, TAIL } from "./plan_format.ts";

export type MemInfo = meminfo;

export interface Kernel {
	vmlinux: string;
	/** What of the configuration a replay is interested in. */
	nr_cpus: number;
	mem: number;
	room: Room;
	spf: boolean;
	perf: boolean;
	tracing: boolean;
	/** Directory below arch/. */
	arch: string;
}

/** The kernel to use: built in `objtree`, or a bundle named by path. */
export function find_kernel(vmlinux: string): Kernel {
	const config = config_of(vmlinux);
	const value = (name: string) => config(`CONFIG_${name}`);
	return {
		vmlinux,
		nr_cpus: value("SMP") ? Number(value("NR_CPUS") ?? 1) : 1,
		mem: Number(value("PHYS_MEM_MB") ?? 256),
		room: room_of(value),
		spf: value("SPECULATIVE_PAGE_FAULT") === "y",
		perf: value("PERF_EVENTS") === "y",
		tracing: value("TRACING") === "y",
		arch: srcarch_of((symbol) => config(symbol) === "y"),
	};
}

/** A number from the command line: a whole one from 1 to `most`. */
export function default_cpus(kernel: Kernel): number {
	return Math.min(kernel.nr_cpus, availableParallelism());
}

export interface Outcome {
	/** Text of the program's maps at its end. */
	maps: string;
	/** Files of /proc at that moment, by path. */
	proc: Record<string, string>;
	/** From the first operation to the last, in nanoseconds. */
	elapsed_ns: number;
	/** After boot; when the last operation was done; when all was given back. */
	before: MemInfo;
	loaded: MemInfo;
	after: MemInfo;
	/** What the kernel printed. */
	console: string[];
	/** What was asked to be counted. */
	counts?: Counts;
}

export interface RunOptions {
	kernel: Kernel;
	cpus: number;
	mem: number;
	check: boolean;
	/** Files of /proc to read at the end. */
	proc?: string[];
	/** Each plan is run once before, which brings into the page cache what it reads of files. */
	warm?: boolean;
}

const PROGRESS_MS = 100;

/** A booted machine that plans can be replayed on, one after the other. */
export interface Replayer {
	machine: Machine;
	/** `count`: PERF_COUNT_SW_* to be counted. */
	run(plan: Plan, progress?: (done: number) => void, count?: number[]): Promise<Outcome>;
	shutdown(): Promise<void>;
}

export async function boot(options: RunOptions): Promise<Replayer> {
	const { vmlinux } = options.kernel;
	let console: string[] = [];
	/* The CPUs start while it is looked whether what runs on them is made of the sources of now. */
	const booting = Machine.boot({
		vmlinux,
		cpus: options.cpus,
		mem: options.mem,
		console: (text) => void console.push(...text.split("\n").filter((line) => line !== "")),
	});
	booting.catch(() => {});
	const module = await guest(join(here(), "tools/replay/guest.ts"), vmlinux).catch(async (error) => {
		await booting.then((m) => m.shutdown()).catch(() => {});
		throw error;
	});
	const machine = await booting;
	const pass = async (
		plan: Plan,
		progress: (done: number) => void,
		settle: GuestArg["settle"],
		count?: number[],
	): Promise<Outcome> => {
		console = [];
		const arg: GuestArg = { plan, check: options.check, count, proc: options.proc ?? [], settle };
		const timer = setInterval(() => progress(Atomics.load(plan.control, DONE)), PROGRESS_MS);
		try {
			const setup = (await machine.run({ cpu: 0, module, fn: "setup", arg })) as SetupResult;
			if (setup.error) {
				const name = errno_name(setup.error);
				const then =
					name === "ENOMEM"
						? "give the machine more memory with --mem"
						: "the recording asks for what cannot be; record again";
				throw new UserError(`${setup.what} failed with ${name}; ${then}`);
			}
			const start = process.hrtime.bigint();
			const runs = Array.from({ length: options.cpus }, (_, cpu) =>
				machine.run({ cpu, module, fn: "main", arg: { ...arg, cpu } }),
			);
			const results = (await Promise.all(runs)) as Snapshot[];
			const elapsed_ns = Number(process.hrtime.bigint() - start);
			progress(plan.count);
			const loaded = (await machine.run({ cpu: 0, module, fn: "counters", arg })) as MemInfo;
			const counts =
				setup.counting &&
				(await machine.run({ cpu: 0, module, fn: "count", arg: setup.counting }));
			const after = (await machine.run({ cpu: 0, module, fn: "teardown", arg })) as MemInfo;
			const { maps, proc } = results.find((result) => result.maps !== "") ?? { maps: "", proc: {} };
			const taken = { before: setup.before, loaded, after };
			return { maps, proc, elapsed_ns, ...taken, console, counts: counts as Counts | undefined };
		} finally {
			clearInterval(timer);
			/* CPUs that still look for work of a machine that died. */
			Atomics.store(plan.control, STOP, 1);
			Atomics.notify(plan.control, TAIL);
		}
	};
	const run = async (
		plan: Plan,
		progress: (done: number) => void = () => {},
		count?: number[],
	): Promise<Outcome> => {
		if (!options.warm) return pass(plan, progress, { before: true, after: true }, count);
		const first = await pass(fresh(plan), () => {}, { before: true, after: false });
		const outcome = await pass(plan, progress, { before: false, after: true }, count);
		/* Memory has to be as before both; what is counted is of this one. */
		const { mmap_lock_wait, vmstat } = outcome.before;
		return {
			...outcome,
			before: { ...first.before, mmap_lock_wait, vmstat },
			console: [...first.console, ...outcome.console],
		};
	};
	return { machine, run, shutdown: () => machine.shutdown() };
}
