// SPDX-License-Identifier: GPL-2.0-only
/** `spf explore --coverage`: options, and the table, or the lines of one file. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { count } from "../../../scripts/lib/words.ts";
import { DEFAULT_ARCH } from "../../../scripts/lib/objtree.ts";
import { UserError } from "../../lib/errors.ts";
import { whole_number } from "../../lib/options.ts";
import { here } from "../../lib/root.ts";
import { type CoverageOptions, type CoverageTotal, cover, type FileCoverage, REACHED } from "./coverage.ts";
import type { Options } from "./index.ts";
import type { ExploreOptions } from "./types.ts";

/** Executions of each scenario, and programs made at random, where nothing else is asked for. */
const BUDGET = 24;
const PROGRAMS = 200;

const NO_USE = ["mutant", "config", "bound", "strategy", "seconds", "max", "replay", "html", "quick"] as const;

/** Prints it; the exit status. */
export async function coverage(o: Options, options: ExploreOptions): Promise<number> {
	const [not] = NO_USE.filter((name) => o[name] !== undefined);
	if (not) throw new UserError(`--${not}: not together with --coverage`);
	const { arch = DEFAULT_ARCH, model = "sc", seed = 1, budget = BUDGET, scenarios } = options;
	const of = typeof o.coverage === "string" ? o.coverage : undefined;
	const asked: CoverageOptions = {
		scenarios,
		programs: whole_number("--count", o.count) ?? (scenarios.length > 0 ? 0 : PROGRAMS),
		seed,
		model,
		budget,
		arch,
		jobs: options.jobs,
	};
	/* Said before minutes of work, so that a disk that is full is found out now. */
	if (!o.json) process.stdout.write(`${what_is_done(asked)}\n`);
	const total = await cover(asked);
	const files = of === undefined ? total.files : total.files.filter((f) => f.file === of);
	if (of !== undefined && files.length === 0)
		throw new UserError(`--coverage ${of}: the stepper's kernel for ${arch} has no such file of Linux's`);
	if (o.json) for (const f of files) process.stdout.write(`${JSON.stringify(f)}\n`);
	else {
		const lines = of === undefined ? table(files) : lines_of(files[0]);
		process.stdout.write(`${[...lines, summary(total)].join("\n")}\n`);
	}
	for (const f of total.failed) process.stderr.write(`spf: ${f}\n`);
	return total.failed.length > 0 ? 1 : 0;
}

const number_of = (f: FileCoverage, what: string, reached?: string) =>
	f.pieces.filter((p) => p.what === what && (reached === undefined || p.reached === reached)).length;
const row_of = (f: FileCoverage) =>
	["statement", "branch"].flatMap((what) => [
		number_of(f, what),
		...REACHED.map((reached) => number_of(f, what, reached)),
	]);

function table(files: FileCoverage[]): string[] {
	const rows = files.map((f): [string, number[]] => [f.file, row_of(f)]);
	const sum = rows.reduce(
		(all, [, row]) => all.map((n, i) => n + row[i]),
		rows[0][1].map(() => 0),
	);
	const width = Math.max(...rows.map(([file]) => file.length));
	const line = (name: string, cells: (string | number)[]) =>
		`${name.padEnd(width)} ${cells.map((c) => String(c).padStart(9)).join("")}`;
	const head = ["explored", "set-up", "boot", "never"];
	return [
		line("", ["statements", ...head, "branches", ...head]),
		...rows.map(([file, row]) => line(file, row)),
		line("all", sum),
	];
}

/** Those that no program executes, with how else they were. */
function lines_of(f: FileCoverage): string[] {
	const text = readFileSync(join(here(), f.file), "utf8").split("\n");
	const out: string[] = [];
	let func = "";
	const lines = new Map(f.pieces.filter((p) => p.reached !== "explored").map((p) => [p.line, p]));
	for (const p of [...lines.values()].sort((a, b) => a.line - b.line)) {
		if (p.func !== func) out.push(`${(func = p.func)}()`);
		out.push(`${String(p.line).padStart(6)} ${p.reached.padEnd(6)} ${text[p.line - 1]}`);
	}
	return out;
}

const what_is_done = (o: CoverageOptions): string =>
	`coverage: ${o.model.toUpperCase()}, ${o.arch}, at most ${count(o.budget, "execution")} of each program`;

/** What was found, and what was not looked at. */
function summary(total: CoverageTotal): string {
	const pieces = total.files.flatMap((f) => f.pieces).filter((p) => p.what === "statement");
	const explored = pieces.filter((p) => p.reached === "explored").length;
	const by = `${count(total.scenarios, "scenario")} and ${count(total.programs, "random program")}`;
	const not = "more schedules and other models were not looked at, nor what asks for what a statement does";
	return `coverage: ${explored} of ${count(pieces.length, "statement")} explored by ${by}; ${not}`;
}
