// SPDX-License-Identifier: GPL-2.0-only
/** Results as text: one line for what holds, the whole story of what does not; and the same for programs. */
import Table from "cli-table3";
import { DEFAULT_ARCH } from "../../../scripts/lib/objtree.ts";
import { count } from "../../../scripts/lib/words.ts";
import { columns } from "./columns.ts";
import { describe, MARKS } from "./describe.ts";
import { conflict_of, place_names, who_text } from "./steps.ts";
import { access_lines, failure_lines, leak_lines, place_lines, subject_lines } from "./subjects.ts";
import type { Wait } from "../protocol.ts";
import type { Failure, Result, TraceEvent } from "./types.ts";

/** How far the search went: what was not looked at is said. */
function extent(r: Result): string {
	if (r.exhausted) return "exhausted";
	if (r.bound !== null) return `not exhausted: all with at most ${count(r.bound, "preemption")}`;
	return `not exhausted${r.strategy === "dpor" || r.strategy === "replay" ? "" : ` (${r.strategy})`}`;
}
const rate = (r: Result) =>
	r.seconds > 0 ? `, ${Math.round((r.made ?? r.executions + r.blocked) / r.seconds)}/s` : "";

/** Said of all but the usual one. */
const on_arch = (r: Result) => (r.arch === DEFAULT_ARCH ? "" : `, ${r.arch}`);

/** One line for a scenario under a model. */
export function summary(r: Result): string {
	return `explored ${count(r.executions, "execution")} (${r.blocked} blocked), ${extent(r)}, ${count(r.cpus, "CPU")}, ${r.model.toUpperCase()}${on_arch(r)}${r.config ? `, ${r.config}` : ""}, ${count(r.failures, "failure")}${rate(r)}`;
}

/** Of many: how much of them was seen. A search of a scenario under one model counts as one. */
export function total(
	results: readonly Pick<Result, "exhausted" | "bound" | "failures">[],
	left_out: number,
	not_run?: string,
): string {
	const exhausted = results.filter((r) => r.exhausted).length;
	const failed = results.filter((r) => r.failures > 0).length;
	const within = new Map<number, number>();
	for (const r of results)
		if (!r.exhausted && r.failures === 0) within.set(r.bound ?? -1, (within.get(r.bound ?? -1) ?? 0) + 1);
	const open = [...within]
		.sort(([a], [b]) => b - a)
		.map(([bound, n]) =>
			bound < 0 ? `${n} within no bound` : `${n} with at most ${count(bound, "preemption")}`,
		);
	const not_begun = left_out > 0 ? [`${left_out} left out, as they fail under a stronger model`] : [];
	const parts = [
		`${exhausted} exhausted`,
		...open,
		`${failed} failed`,
		...not_begun,
		...(not_run ? [not_run] : []),
	];
	return `${count(results.length, "search", "searches")}: ${parts.join(", ")}`;
}

const KINDS: Record<string, string> = {
	panic: "the kernel panics",
	warning: "the kernel warns",
	race: "data race",
	lockdep: "lock order",
	sleep: "sleeping while atomic",
	deadlock: "deadlock",
	check: "a check fails",
	limit: "no end in sight",
};

/** What failed, and where. */
export function headline(r: Result, f: Failure): string[] {
	const mutant = r.mutant ? `, mutant ${r.mutant}` : r.config ? `, ${r.config}` : "";
	const how = r.strategy === "replay" ? "replayed" : `execution ${r.executions}${rate(r)}, ${extent(r)}`;
	return [
		`${r.scenario}: ${f.memory ? "memory that may not be used is used" : (KINDS[f.kind] ?? f.kind)}`,
		`${r.model.toUpperCase()}${on_arch(r)}, ${count(r.cpus, "CPU")}${mutant}; ${how}`,
		...failure_lines(f).map((line) => `  ${line}`),
	];
}

/** As KCSAN puts it: who does what to which word, and the way there. */
function access_report(e: TraceEvent, name: string, f: Failure): string[] {
	return [`  #${e.step} ${who_text(e)}: ${describe(e, name, f.decoder)}`, ...place_lines(e, "      ")];
}
function conflict_report(f: Failure): string[] {
	const name = place_names(f.trace);
	const pair = conflict_of(f);
	if (pair.length < 2) return [];
	const head =
		f.kind === "race"
			? "the accesses that race"
			: f.kind === "check"
				? "an access, and the one that overtook it"
				: "the last two accesses that conflict";
	return [
		`${head} (${MARKS.conflict}), at 0x${pair[1].addr.toString(16)}:`,
		...pair.flatMap((e) => access_report(e, name(e), f)),
		"",
	];
}
function other_places(f: Failure): string[] {
	const lines = (f.places ?? []).flatMap((p) => [`${p.what}:`, ...place_lines(p, "      ")]);
	return lines.length > 0 ? ["here:", ...place_lines(f, "      "), ...lines, ""] : [];
}

function wait_table(f: Failure): string[] {
	if (!f.waits || f.waits.length === 0) return [];
	const table = new Table({
		head: ["CPU", "waits for", "holder"],
		style: { head: [], border: [], compact: true },
	});
	for (const w of f.waits) table.push([who_text(w), w.for, w.holder ?? ""]);
	return [table.toString(), "", ...f.waits.flatMap((w) => last_step(w, f))];
}
/** Frames that are shown of who waits: the way to a sleep is long, and what is slept for is far up. */
const WAIT_FRAMES = 12;
/** What somebody did last, who waits or sleeps now: a step that it stands before has not been made. */
function last_step(w: Wait, f: Failure): string[] {
	const e = f.trace.findLast((x) => x.phase === "run" && x.cpu === w.cpu && x.context === w.context);
	if (e === undefined) return [];
	return [`${who_text(w)} has made its last step, #${e.step}, in:`, ...place_lines(e, "      ", WAIT_FRAMES), ""];
}

/** The whole story of a failure; its last line repeats it, if that is possible. `all`: with steps that only their CPU sees. */
export function failure_report(r: Result, f: Failure, width: number, all = false): string {
	const lines = [...headline(r, f), ""];
	if (f.trace.length > 0) lines.push(columns(f, width, all), "");
	lines.push(
		...access_lines(f.memory),
		...subject_lines(f),
		...leak_lines(f.leaked),
		...conflict_report(f),
		...other_places(f),
		...wait_table(f),
	);
	const run = f.trace.filter((e) => e.phase === "run");
	if (run.length > 0) {
		const cpus = new Set(run.filter((e) => e.context === "task").map((e) => e.cpu)).size;
		const how = r.strategy === "replay" ? "" : f.minimised ? "minimised: " : "not minimised: ";
		lines.push(
			`${how}${count(f.preemptions, "preemption")}, ${count(cpus, "CPU")}, ${count(run.length, "step")}`,
		);
	}
	lines.push(replay_command(r, f));
	return lines.join("\n").trimEnd();
}
/** What fails before the first step does so each time. */
export function replay_command(r: Result, f: Failure): string {
	const replay = f.replay === "" ? "" : ` --replay '${f.replay}'`;
	const arch = r.arch === DEFAULT_ARCH ? "" : ` --arch ${r.arch}`;
	return `npx spf explore ${r.scenario}${arch} --model ${r.model}${r.mutant ? ` --mutant ${r.mutant}` : ""}${r.config ? ` --config ${r.config}` : ""}${replay}`;
}

const place_json = ({ func, file, line, calls }: Failure | TraceEvent) => ({ func, file, line, calls });
/** One line of --json: the result, and what failed. `trace`: with all of its steps. */
export function result_json(r: Result, trace: boolean) {
	const { failure: f, made: _, ...result } = r;
	return {
		...result,
		failure: f && {
			kind: f.kind,
			text: f.text,
			...place_json(f),
			at: f.at,
			accesses: conflict_of(f).map((e) => ({
				step: e.step,
				cpu: e.cpu,
				context: e.context,
				op: e.op,
				addr: e.addr,
				name: place_names(f.trace)(e),
				old: e.old,
				value: e.value,
				...place_json(e),
			})),
			waits: f.waits?.length ? f.waits : undefined,
			about: f.about?.length ? f.about : undefined,
			memory: f.memory,
			leaked: f.leaked,
			places: f.places,
			preemptions: f.preemptions,
			minimised: f.minimised,
			replay: f.replay || undefined,
			command: replay_command(r, f),
			trace: trace ? f.trace : undefined,
		},
	};
}
