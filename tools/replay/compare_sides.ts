// SPDX-License-Identifier: GPL-2.0-only
/**
 * `spf replay --compare`: one recording on kernels with and without speculative page faults, on one CPU and on
 * more. The two kernels take turns, so that a busy moment of this machine hits both; what is shown are medians.
 */
import Table from "cli-table3";
import { objtree } from "../../scripts/lib/objtree.ts";
import { geometry } from "../../scripts/lib/guest.ts";
import { median, shown } from "../bench/numbers.ts";
import { UserError } from "../lib/errors.ts";
import { whole_number } from "../lib/options.ts";
import { mem_option, with_room } from "../lib/ram.ts";
import { fit_to } from "./fit.ts";
import type { ReplayOptions } from "./index.ts";
import { boot, default_cpus, find_kernel, type Kernel, type Replayer } from "./machine.ts";
import { make_plan } from "./plan.ts";
import { fresh } from "./plan_format.ts";
import type { Plan } from "./plan_format.ts";
import { is_clean, last_line, make_report, type Report } from "./report.ts";
import { default_kernel } from "./run.ts";
import { load_trace, type Trace } from "./trace.ts";

const ROUNDS = 5;

/** Of one kernel on so many CPUs: medians over the rounds. */
export interface Row {
	cpus: number;
	speculative: boolean;
	elapsed_ns: number;
	/** In calls and faults, of all CPUs together. */
	kernel_ns: number;
	fault_ns: number;
	/** Faults that were done without mmap_lock, that gave that up, and that read from a file. */
	speculated: number;
	gave_up: number;
	major: number;
	/** All faults that the kernel handled. */
	faults: number;
	read_wait_ns: number;
	reads: number;
	write_wait_ns: number;
	writes: number;
}

/** 1, 2, 4, … and the last one. */
export function cpu_counts(most: number): number[] {
	const counts: number[] = [];
	for (let n = 1; n < most; n *= 2) counts.push(n);
	return [...counts, most];
}

const middle = (reports: Report[], of: (report: Report) => number): number => median(reports.map(of)) ?? 0;

export function row_of(reports: Report[]): Row {
	const [{ cpus, speculative }] = reports;
	const event = (name: string) => middle(reports, ({ vmstat }) => vmstat[name] ?? 0);
	const gave_up = event("spf_abort");
	return {
		cpus,
		speculative,
		elapsed_ns: middle(reports, (r) => r.elapsed_ns),
		kernel_ns: middle(reports, (r) => r.kernel_ns),
		fault_ns: middle(reports, (r) => r.faults.latency.mean_ns),
		speculated: event("spf_attempt") - gave_up,
		gave_up,
		major: event("pgmajfault"),
		faults: event("pgfault"),
		read_wait_ns: middle(reports, (r) => r.mmap_lock_wait.read_ns),
		reads: middle(reports, (r) => r.mmap_lock_wait.reads),
		write_wait_ns: middle(reports, (r) => r.mmap_lock_wait.write_ns),
		writes: middle(reports, (r) => r.mmap_lock_wait.writes),
	};
}

export function table_of(rows: Row[]): string {
	const table = new Table({
		head: [
			...[
				"CPUs",
				"speculation",
				"wall ms",
				"kernel ms",
				"mean fault us",
				"faults",
				"without mmap_lock",
			],
			...["gave up", "major", "waits to read, ms (times)", "to write, ms (times)"],
		],
		colAligns: ["right", "left", ...Array.from({ length: 9 }, () => "right" as const)],
		style: { head: [], border: [], compact: true },
		wordWrap: true,
		colWidths: [6, 13, 10, 11, 12, 9, 11, 9, 7, 17, 17],
	});
	const ms = (ns: number) => shown(ns / 1e6, 2);
	for (const r of rows)
		table.push([
			...[r.cpus, r.speculative ? "on" : "off", ms(r.elapsed_ns), ms(r.kernel_ns)],
			...[shown(r.fault_ns / 1000, 1), r.faults, r.speculative ? r.speculated : "-"],
			...[r.speculative ? r.gave_up : "-", r.major],
			...[`${ms(r.read_wait_ns)} (${r.reads})`, `${ms(r.write_wait_ns)} (${r.writes})`],
		]);
	return table.toString();
}

/** The two kernels. */
async function kernels(mem?: string): Promise<[on: Kernel, off: Kernel]> {
	const on = find_kernel(await default_kernel(mem));
	const why = "has no speculation; set CONFIG_SPECULATIVE_PAGE_FAULT";
	if (!on.spf) throw new UserError(`--compare: ${on.vmlinux} ${why}`);
	const off = { name: "nospf", fragments: ["nospf.config"], arch: on.arch };
	return [on, find_kernel(await objtree(with_room(off, mem)))];
}

const REFUSED = ["check", "vmlinux", "trace", "maps", "proc"] as const;

export async function compare(directory: string, options: ReplayOptions): Promise<number> {
	const wrong = REFUSED.find((name) => options[name] !== undefined);
	if (wrong) throw new UserError(`--compare --${wrong}: leave out one of the two`);
	const sides = await kernels(options.mem);
	const limit = { most: Math.min(...sides.map((k) => k.nr_cpus)), why: "CONFIG_NR_CPUS of these kernels" };
	const most = whole_number("--cpus", options.cpus, limit) ?? default_cpus(sides[0]);
	const rounds = whole_number("--repeat", options.repeat) ?? ROUNDS;
	const [mem] = sides.map(({ room }) => mem_option(options.mem, room));
	const trace = fit_to(load_trace(directory), await geometry(sides[0].vmlinux));
	const plan = make_plan(trace);
	const rows: Row[] = [];
	const unlike: Report[] = [];
	for (const cpus of cpu_counts(most)) {
		const reports = await in_turn(sides, { cpus, mem, rounds, trace, plan, warm: options.warm });
		rows.push(...reports.map(row_of));
		unlike.push(...reports.flat().filter((report) => !is_clean(report)));
	}
	const count = rows.length * rounds;
	if (options.json) {
		const json = JSON.stringify({ directory, rounds, rows }, null, "\t");
		process.stdout.write(`${json}\n`);
	} else {
		process.stdout.write(`${table_of(rows)}\n`);
		process.stdout.write(`${count - unlike.length}/${count} replays came out as recorded\n`);
	}
	const [first] = unlike;
	if (first) {
		const side = `on ${first.cpus} CPUs, speculation ${first.speculative ? "on" : "off"}`;
		process.stderr.write(`spf: ${directory}: ${side}: ${last_line(first)}\n`);
	}
	return unlike.length === 0 ? 0 : 1;
}

interface Turns {
	cpus: number;
	mem?: number;
	rounds: number;
	trace: Trace;
	plan: Plan;
	warm?: boolean;
}

/** The reports of each kernel. The first turn of each is for the engine, which compiles what is run often. */
async function in_turn(sides: Kernel[], { cpus, mem, rounds, trace, plan, warm }: Turns): Promise<Report[][]> {
	const replayers: Replayer[] = [];
	const reports: Report[][] = sides.map(() => []);
	try {
		for (const kernel of sides)
			replayers.push(await boot({ kernel, cpus, mem: mem ?? kernel.mem, check: false, warm }));
		for (let round = -1; round < rounds; round++)
			for (const [n, { spf, arch }] of sides.entries()) {
				const run = fresh(plan);
				const outcome = await replayers[n].run(run);
				const report = make_report(trace, run, outcome, {
					cpus,
					check: false,
					speculative: spf,
					arch,
				});
				if (round >= 0) reports[n].push(report);
			}
	} finally {
		for (const replayer of replayers) await replayer.shutdown();
	}
	return reports;
}
