// SPDX-License-Identifier: GPL-2.0-only
/** What a replay says at its end: differences, times, counters, the balance of
 *  memory; as text or as one JSON object. */
import Table from "cli-table3";
import { count } from "../../scripts/lib/words.ts";
import { printable } from "../lib/errors.ts";
import { errno_name, SIGBUS, SIGKILL, SIGSEGV } from "./abi.ts";
import { compare_maps, describe, type MapsResult, name_files } from "./compare.ts";
import { type LockWait, lock_lines } from "./lock_waits.ts";
import type { Outcome } from "./machine.ts";
import { parse_maps } from "./maps.ts";
import { EQUAL, NOT_RUN, type Plan } from "./plan_format.ts";
import { hint_of, rule_of } from "./rules.ts";
import { type Speculation, speculation_of, speculation_table } from "./speculation.ts";
import type { Op, Trace } from "./trace.ts";

export interface ResultDifference {
	op: number;
	/** `file:line` in the recording. */
	where: string;
	what: string;
	recorded: string;
	replayed: string;
	/** The known rule by which it differs. */
	rule?: string;
}

export interface Latency {
	mean_ns: number;
	p50_ns: number;
	p99_ns: number;
	max_ns: number;
}

export interface Report {
	directory: string;
	command: string;
	recorded_on: string;
	cpus: number;
	check: boolean;
	speculative: boolean;
	/** The kernel's. */
	arch: string;
	fitted?: Trace["fitted"];
	/** What the recording does not say, so that it was assumed or left out. */
	unknown: string[];
	maps: MapsResult;
	/** The program's maps at its end, with the names of files. */
	maps_text: string;
	/** Files of /proc at that moment, by path, with the names of files. */
	proc: Record<string, string>;
	/** Lines of strace.txt: what each stands for came out equal. */
	results: { equal: number; total: number; named: number; differences: ResultDifference[] };
	/** What to look at first, of the first difference that has no name. */
	hint: string;
	/** Lines of strace.txt that are not replayed, by name. */
	omitted: Record<string, number>;
	faults: {
		count: number;
		expected: number;
		differences: ResultDifference[];
		per_second: number;
		latency: Latency;
	};
	operations: number;
	elapsed_ns: number;
	/** In system calls and page faults, of all CPUs. */
	kernel_ns: number;
	mmap_lock_wait: { read_ns: number; write_ns: number; reads: number; writes: number };
	vmstat: Record<string, number>;
	speculation: Speculation;
	/** Who waited for whom, the longest first; if that was asked for. */
	locks?: LockWait[];
	/** What was not given back, or went wrong; nothing if memory is balanced. */
	leaks: string[];
	console: string[];
}

export function make_report(
	trace: Trace,
	plan: Plan,
	outcome: Outcome,
	options: { cpus: number; check: boolean; speculative: boolean; arch: string },
): Report {
	const text = name_files(outcome.maps, trace.files);
	const results: Report["results"] = { equal: 0, total: 0, named: 0, differences: [] };
	let hint: string | undefined;
	const faults: ResultDifference[] = [];
	let fault_count = 0;
	trace.ops.forEach((op, i) => {
		const equal = plan.state[i] === EQUAL;
		if (op.kind === "fault") fault_count++;
		results.total += op.lines;
		if (equal) results.equal += op.lines;
		if (equal) return;
		const found = difference(trace, plan, op, i);
		(op.kind === "fault" ? faults : results.differences).push(found);
		if (found.rule) results.named += op.lines;
		else hint ??= hint_of(outcome_of(plan, op, i), trace.unexplained.includes(op.line));
	});
	const events = counted(outcome.before.vmstat, outcome.loaded.vmstat);
	const latencies = plan.latency.filter((_, i) => trace.ops[i].kind === "fault").sort();
	return {
		directory: trace.directory,
		command: trace.command,
		recorded_on: trace.kernel,
		fitted: trace.fitted,
		...options,
		unknown: trace.unknown,
		maps: trace.final_known
			? {
					...compare_maps(
						trace.final,
						outcome.maps === "" ? [] : parse_maps(text, "maps"),
						options.arch,
						trace.blurs,
					),
					at_line: trace.final_line,
				}
			: { equal: 0, total: 0, differences: [], without_vsyscall: false, unknown: true },
		maps_text: text,
		proc: Object.fromEntries(
			Object.entries(outcome.proc).map(([path, file]) => [path, name_files(file, trace.files)]),
		),
		results,
		/* Whatever differs first. A task may be killed by one of its own, too. */
		hint: events.oom_kill > 0 ? "out of memory; try --mem" : (hint ?? ""),
		omitted: Object.fromEntries(trace.omitted),
		faults: {
			count: fault_count,
			expected: fault_count - faults.length,
			differences: faults,
			per_second: fault_count / (outcome.elapsed_ns / 1e9),
			latency: summarize(latencies),
		},
		operations: trace.ops.length,
		elapsed_ns: outcome.elapsed_ns,
		kernel_ns: plan.latency.reduce((sum, ns) => sum + ns, 0),
		mmap_lock_wait: subtract(outcome.loaded.mmap_lock_wait, outcome.before.mmap_lock_wait),
		vmstat: events,
		speculation: speculation_of(plan, events),
		leaks: find_leaks(outcome),
		console: outcome.console,
	};
}

/** Everything came out as recorded, or differs by a rule that has a name. */
export function is_clean({ maps, results, faults, leaks }: Pick<Report, Compared>): boolean {
	const unnamed = [...results.differences, ...faults.differences].filter(({ rule }) => !rule);
	return (maps.differences.length === 0 || maps.rule !== undefined) && unnamed.length === 0 && leaks.length === 0;
}
type Compared = "maps" | "results" | "faults" | "leaks";

function summarize(sorted: Float64Array): Latency {
	const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
	const sum = sorted.reduce((a, b) => a + b, 0);
	return { mean_ns: sorted.length ? sum / sorted.length : 0, p50_ns: at(0.5), p99_ns: at(0.99), max_ns: at(1) };
}

function subtract<T extends Record<string, number>>(a: T, b: T): T {
	return Object.fromEntries(Object.entries(a).map(([name, n]) => [name, n - b[name]])) as T;
}

function vmstat(text: string): Map<string, number> {
	return new Map(
		text
			.split("\n")
			.filter((line) => line !== "")
			.map((line) => {
				const [name, value] = line.split(" ");
				return [name, Number(value)];
			}),
	);
}

/** The event counters that moved; nr_* are states, not events. */
function counted(before: string, after: string): Record<string, number> {
	const old = vmstat(before);
	const moved: Record<string, number> = {};
	for (const [name, value] of vmstat(after)) {
		const by = value - (old.get(name) ?? 0);
		if (by !== 0 && !name.startsWith("nr_")) moved[name] = by;
	}
	return moved;
}

function find_leaks({ before, after }: Outcome): string[] {
	const leaks: string[] = [];
	const compare = (what: string, was: number, is: number) => {
		if (is !== was) leaks.push(`${what}: ${was} after boot, ${is} at the end`);
	};
	compare("free pages", before.nr_free_pages, after.nr_free_pages);
	const names = new Set([...Object.keys(before.slabs), ...Object.keys(after.slabs)]);
	for (const name of names) compare(`objects of ${name}`, before.slabs[name] ?? 0, after.slabs[name] ?? 0);
	compare("tasks", before.nr_tasks, after.nr_tasks);
	compare("warnings", before.warnings, after.warnings);
	return leaks;
}

const SIGNALS = new Map([
	[SIGBUS, "SIGBUS"],
	[SIGKILL, "SIGKILL"],
	[SIGSEGV, "SIGSEGV"],
]);

const hex = (n: number) => `0x${n.toString(16)}`;

function show_result(value: number, op: Op): string {
	if (Number.isNaN(value)) return "?";
	if (op.kind === "fault") {
		/* Of a task that cannot be run any more. */
		if (value < 0) return "nothing: its task is gone";
		return value === 0 ? "no signal" : (SIGNALS.get(value) ?? `signal ${value}`);
	}
	if (value < 0 && value > -4096) return `-1 ${errno_name(-value)}`;
	return value > 0xffff ? hex(value) : String(value);
}

function difference(trace: Trace, plan: Plan, op: Op, i: number): ResultDifference {
	const where = `${op.file}:${op.line}`;
	const task = trace.tasks[op.task].pid;
	const args =
		op.kind === "fault"
			? `${op.access} ${hex(op.args[0])}`
			: op.args.map((n) => (n > 0xffff ? hex(n) : n)).join(", ");
	const what = op.kind === "fault" ? `${task} ${args}` : `${task} ${op.name}(${args})`;
	const recorded =
		op.kind === "fault"
			? op.expected.signal
				? "a signal"
				: "no signal"
			: show_result(plan.expected[i], op);
	const replayed = plan.state[i] === NOT_RUN ? "not run" : show_result(plan.result[i], op);
	const rule = plan.state[i] === NOT_RUN ? undefined : rule_of(outcome_of(plan, op, i));
	return { op: i, where, what, recorded, replayed, rule };
}

function outcome_of(plan: Plan, op: Op, i: number) {
	return { op, recorded: plan.expected[i], replayed: plan.result[i] };
}

/* ---- text ---- */

/** Differences are shown up to this many; the JSON has all. */
const SHOWN = 20;

function show_differences(list: ResultDifference[]): string[] {
	const lines = list.slice(0, SHOWN).map(({ where, what, recorded, replayed, rule }) => {
		const why = rule === undefined ? "" : ` (${rule})`;
		return `${where}: ${what}: recorded ${recorded}, replayed ${replayed}${why}`;
	});
	if (list.length > SHOWN) lines.push(`… and ${list.length - SHOWN} more (see --json)`);
	return lines;
}

const microseconds = (ns: number) => `${(ns / 1000).toFixed(1)} us`;
const milliseconds = (ns: number) => `${(ns / 1e6).toFixed(2)} ms`;

export function print_text(report: Report): string {
	const lines: string[] = [...report.console];
	if (!report.check) lines.push(...measurements(report), "");
	if (report.locks) lines.push(...lock_lines(report.locks), "");
	lines.push(...show_differences(report.results.differences), ...show_differences(report.faults.differences));
	const unnamed = [...report.results.differences, ...report.faults.differences].filter(({ rule }) => !rule);
	if (unnamed.length > 0) {
		const first = unnamed.reduce((a, b) => (a.op < b.op ? a : b));
		const hint = report.hint === "" ? "" : `: ${report.hint}`;
		lines.push(`first of those without a name: ${first.where}${hint}; others may follow from it`);
	}
	if (report.maps.rule) lines.push(`maps: only split at other places (${report.maps.rule})`);
	lines.push(...report.maps.differences.slice(0, SHOWN).map(describe));
	if (report.maps.differences.length > SHOWN)
		lines.push(`… and ${report.maps.differences.length - SHOWN} more of maps`);
	const omitted = Object.entries(report.omitted);
	if (omitted.length > 0) {
		const sum = omitted.reduce((all, [, n]) => all + n, 0);
		const each = omitted.map(([name, n]) => `${name} ${n}`);
		lines.push(`not replayed: ${count(sum, "line")} (${each.join(", ")})`);
	}
	if (report.unknown.length > 0) lines.push(`not known: ${report.unknown.join("; ")}`);
	if (report.fitted) {
		const { from, to } = report.fitted;
		lines.push(
			to === from
				? "gaps between addresses that are never used are shorter than recorded"
				: `each page of ${from} bytes is one of ${to}: all numbers are the kernel's`,
		);
	}
	lines.push(`faults: ${report.faults.expected}/${report.faults.count} as expected`);
	if (report.leaks.length === 0) lines.push("memory: balanced");
	else lines.push(...report.leaks.map((leak) => `memory: ${leak}`));
	lines.push(last_line(report));
	return `${lines.map(printable).join("\n")}\n`;
}

export function last_line({ maps, results }: Report): string {
	const named = results.named > 0 ? `, ${results.named} by a named rule` : "";
	const compared = `results: ${results.equal}/${results.total} equal${named}`;
	if (maps.unknown) return `maps: not compared (they were not recorded); ${compared}`;
	const moment = maps.at_line === undefined ? "" : ` at strace.txt:${maps.at_line}`;
	const without = maps.without_vsyscall ? " ([vsyscall] is not compared: the kernel has none)" : "";
	const split = maps.rule ? `, ${maps.total - maps.equal} by a named rule` : "";
	return `maps: ${maps.equal}/${maps.total} lines equal${split}${moment}${without}; ${compared}`;
}

function measurements(report: Report): string[] {
	const { faults, mmap_lock_wait: wait } = report;
	const table = new Table({
		chars: {
			top: "",
			"top-mid": "",
			"top-left": "",
			"top-right": "",
			bottom: "",
			"bottom-mid": "",
			"bottom-left": "",
			"bottom-right": "",
			left: "",
			"left-mid": "",
			mid: "",
			"mid-mid": "",
			right: "",
			"right-mid": "",
			middle: "  ",
		},
		style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
		colAligns: ["left", "right"],
	});
	table.push(
		["CPUs", String(report.cpus)],
		["speculative page faults", report.speculative ? "on" : "off"],
		["operations", String(report.operations)],
		["elapsed", milliseconds(report.elapsed_ns)],
		["in the kernel", milliseconds(report.kernel_ns)],
		["faults", String(faults.count)],
		["faults/s", faults.per_second.toFixed(0)],
		["fault latency, mean", microseconds(faults.latency.mean_ns)],
		["fault latency, p50", microseconds(faults.latency.p50_ns)],
		["fault latency, p99", microseconds(faults.latency.p99_ns)],
		["waited to read mmap_lock", `${milliseconds(wait.read_ns)} (${count(wait.reads, "time")})`],
		["waited to write mmap_lock", `${milliseconds(wait.write_ns)} (${count(wait.writes, "time")})`],
		...Object.entries(report.vmstat).map(([name, value]) => [name, String(value)]),
	);
	return [report.command, table.toString(), speculation_table(report.speculation)].filter((text) => text !== "");
}
