// SPDX-License-Identifier: GPL-2.0-only
/** What `spf stat` and `spf trace` look on at: a recording that is replayed, or a program of the user's. */
import { existsSync, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { KernelPanic, Machine } from "../../arch/host/threads/machine.ts";
import { UserError } from "../lib/errors.ts";
import { whole_number } from "../lib/options.ts";
import { mem_option } from "../lib/ram.ts";
import { boot, default_cpus, find_kernel, type Kernel } from "../replay/machine.ts";
import { make_plan } from "../replay/plan.ts";
import { is_clean, last_line, make_report } from "../replay/report.ts";
import { load_trace } from "../replay/trace.ts";
import { errors, one, with_module } from "../run/program.ts";
import type { Counts } from "../stat/guest.ts";

export interface Once {
	elapsed_ns: number;
	counts?: Counts;
	/** What went wrong, in lines. */
	wrong: string[];
}

/** A machine that stands ready. */
export interface Subject {
	name: string;
	machine: Machine;
	/** Runs it, once more; `count`: PERF_COUNT_SW_* to be counted. */
	once(count?: number[]): Promise<Once>;
}

export interface SubjectOptions {
	vmlinux?: string;
	cpus?: string;
	mem?: string;
}

const PROGRAM_MEM = 256;

async function with_recording<T>(
	directory: string,
	kernel: Kernel,
	{ cpus, mem }: { cpus?: number; mem?: number },
	fn: (subject: Subject) => Promise<T>,
): Promise<T> {
	const trace = load_trace(directory);
	const used = cpus ?? default_cpus(kernel);
	const replayer = await boot({ kernel, cpus: used, mem: mem ?? kernel.mem, check: false });
	const once = async (count?: number[]): Promise<Once> => {
		const plan = make_plan(trace);
		const outcome = await replayer.run(plan, () => {}, count);
		const speculative = kernel.spf;
		const report = make_report(trace, plan, outcome, {
			cpus: used,
			check: false,
			speculative,
			arch: kernel.arch,
		});
		const wrong = is_clean(report) ? [] : [`${directory}: ${last_line(report)}`];
		return { elapsed_ns: outcome.elapsed_ns, counts: outcome.counts, wrong };
	};
	try {
		return await fn({ name: basename(resolve(directory)), machine: replayer.machine, once });
	} finally {
		await replayer.shutdown();
	}
}

function with_program<T>(
	file: string,
	kernel: Kernel,
	{ cpus, mem = PROGRAM_MEM }: { cpus?: number; mem?: number },
	fn: (subject: Subject) => Promise<T>,
): Promise<T> {
	if (cpus !== undefined)
		throw new UserError(`--cpus: ${file} is a program, which has a CPU for each of its threads`);
	return with_module(file, kernel, async (module, program) => {
		const machine = await Machine.boot({
			vmlinux: kernel.vmlinux,
			cpus: program.cpus.length,
			mem,
			console: (text) => void process.stderr.write(`${text}\n`),
		});
		const once = async (count?: number[]): Promise<Once> => {
			const begin = performance.now();
			const turn = await one(machine, module, { count });
			const elapsed_ns = (performance.now() - begin) * 1e6;
			const wrong = errors(turn).map((done) => `${file}: threw ${done.error}`);
			return { elapsed_ns, counts: turn.counts, wrong };
		};
		try {
			return await fn({ name: basename(file), machine, once });
		} finally {
			await machine.shutdown();
		}
	});
}

/** Boots a machine for what the path names, and hands it to `fn`, whose result is the exit status. */
export async function with_subject(
	path: string,
	kernel: Kernel,
	options: SubjectOptions,
	fn: (subject: Subject) => Promise<number>,
): Promise<number> {
	const why = "CONFIG_NR_CPUS of this kernel";
	const cpus = whole_number("--cpus", options.cpus, { most: kernel.nr_cpus, why });
	const mem = mem_option(options.mem, kernel.room, 32);
	const run = existsSync(path) && statSync(path).isDirectory() ? with_recording : with_program;
	try {
		return await run(path, kernel, { cpus, mem }, fn);
	} catch (error) {
		if (!(error instanceof KernelPanic)) throw error;
		process.stderr.write(`spf: the kernel died: ${error.message}\n`);
		return 1;
	}
}

/** The kernel of --vmlinux, or one that is built for it. */
export async function subject_kernel(vmlinux: string | undefined, build: () => Promise<string>): Promise<Kernel> {
	return find_kernel(vmlinux ? resolve(vmlinux) : await build());
}
