// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where page faults went: by what they were of, how many were tried without mmap_lock, and what became of these. Of
 * what the kernel counted beyond that, inside of system calls and when an access was tried again, it is not known
 * what it was of.
 */
import Table from "cli-table3";
import { count as count_of } from "../../scripts/lib/words.ts";
import { REASONS } from "../lib/reasons.ts";
import {
	ABORTED,
	INTERRUPTED,
	MEMORY,
	type Memory,
	NO_ATTEMPT,
	NO_FAULT,
	type Plan,
	SUCCEEDED,
} from "./plan_format.ts";

export interface Attempted {
	/** Accesses that ended in a page fault. */
	faults: number;
	attempts: number;
	successes: number;
	/** A signal came first. */
	interrupted: number;
	/** Those that were given up, by the kernel's counter of the reason; "" without one. */
	aborts: Record<string, number>;
}
/** The rest that the kernel counted. */
const REST = "in calls, again";
export type Speculation = Record<Memory | typeof REST, Attempted>;

/** `counted`: by the kernel, in all of the replay. */
export function speculation_of(
	{ count, memory, speculation }: Pick<Plan, "count" | "memory" | "speculation">,
	counted: Record<string, number>,
): Speculation {
	const of = (): Attempted => ({ faults: 0, attempts: 0, successes: 0, interrupted: 0, aborts: {} });
	const all = Object.fromEntries([...MEMORY, REST].map((name) => [name, of()])) as Speculation;
	for (let op = 0; op < count; op++) {
		const what = speculation[op];
		if (what === NO_FAULT) continue;
		const row = all[MEMORY[memory[op]]];
		row.faults++;
		if (what === NO_ATTEMPT) continue;
		row.attempts++;
		if (what === SUCCEEDED) {
			row.successes++;
			continue;
		}
		if (what === INTERRUPTED) {
			row.interrupted++;
			continue;
		}
		const reason = what === ABORTED ? "" : REASONS[what - ABORTED - 1];
		row.aborts[reason] = (row.aborts[reason] ?? 0) + 1;
	}
	all[REST] = rest_of(
		MEMORY.map((name) => all[name]),
		counted,
	);
	return all;
}

function rest_of(rows: Attempted[], counted: Record<string, number>): Attempted {
	const rest = (name: string, of: (row: Attempted) => number) =>
		Math.max(
			0,
			rows.reduce((left, row) => left - of(row), counted[name] ?? 0),
		);
	const given_up = ({ aborts }: Attempted) => Object.values(aborts).reduce((sum, n) => sum + n, 0);
	const attempts = rest("spf_attempt", (row) => row.attempts);
	const aborts = REASONS.map((name) => [name, rest(name, (row) => row.aborts[name] ?? 0)] as const);
	return {
		faults: rest("pgfault", (row) => row.faults),
		attempts,
		successes: Math.max(0, attempts - rest("spf_abort", given_up)),
		interrupted: 0,
		aborts: Object.fromEntries(aborts.filter(([, n]) => n > 0)),
	};
}

const BARE = Object.fromEntries(
	[
		..."top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right".split(" "),
		..."left left-mid mid mid-mid right right-mid".split(" "),
	].map((name) => [name, ""]),
);

/** As text; nothing where no fault was tried. */
export function speculation_table(speculation: Speculation): string {
	const rows = [...MEMORY, REST]
		.map((name) => ({ name, ...speculation[name as keyof Speculation] }))
		.filter(({ faults, attempts }) => faults > 0 || attempts > 0);
	if (rows.every(({ attempts }) => attempts === 0)) return "";
	const table = new Table({
		head: ["", "faults", "tried", "done", "given up"],
		chars: { ...BARE, middle: "  " },
		style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
		colAligns: ["left", "right", "right", "right", "left"],
	});
	for (const { name, faults, attempts, successes, interrupted, aborts } of rows) {
		const reasons = Object.entries(aborts)
			.sort(([, a], [, b]) => b - a)
			.map(([reason, n]) => `${reason.replace("SPF_ABORT_", "") || "(not counted)"} ${n}`);
		if (interrupted > 0) reasons.push(`(for a signal) ${interrupted}`);
		table.push([name, String(faults), String(attempts), String(successes), reasons.join(", ")]);
	}
	/* Nobody makes a single thread wait for the lock, and faults of memory keys are not replayed. */
	const alone = MEMORY.reduce((sum, name) => sum + speculation[name].faults - speculation[name].attempts, 0);
	const why = alone > 0 ? `\n${count_of(alone, "fault")} not tried, of processes with one thread` : "";
	return table.toString().replaceAll(/ +$/gm, "") + why;
}
