// SPDX-License-Identifier: GPL-2.0-only
/** The command line of `spf explore`. */
import { writeFileSync } from "node:fs";
import { MultiBar, type SingleBar } from "cli-progress";
import type { Command } from "commander";
import { UserError } from "../replay/errors.ts";
import { explore, list, replay, scenario_list } from "./explorer.ts";
import { page } from "./html.ts";
import { failure_report, summary } from "./report.ts";
import type { ExploreOptions, Failure, Model, Progress, Result } from "./types.ts";

interface Options {
	list?: boolean;
	model?: string;
	mutant?: string;
	bound?: string;
	strategy?: string;
	seed?: string;
	seconds?: string;
	max?: string;
	jobs?: string;
	replay?: string;
	json?: boolean;
	html?: string;
	quick?: boolean;
}

const MODELS = ["sc", "tso", "lkmm"];
const STRATEGIES = ["dpor", "bound", "pct", "random"];

export function add_explore(program: Command): void {
	program
		.command("explore")
		.description("run every interleaving of a scenario on the stepper machine")
		.argument("[scenario...]", "names (default: all)")
		.option("--list", "name the scenarios, and what each is about")
		.option("--model <model>", "sc, tso or lkmm (default: all that the scenario is for)")
		.option("--mutant <name>", "on a kernel with this patch of tools/explore/mutants")
		.option("--bound <n>", "only schedules with at most n preemptions")
		.option("--strategy <name>", "dpor, bound, pct or random (default: dpor, then bounds if that takes too long)")
		.option("--seed <n>", "of pct and random")
		.option("--seconds <n>", "for each search of a scenario under a model (default: 20)")
		.option("--max <n>", "executions of each scenario under a model")
		.option("--jobs <n>", "cores to use (default: all)")
		.option("--quick", "only the scenarios that `make test` runs")
		.option("--replay <string>", "repeat one execution of one scenario")
		.option("--html <file>", "write a page to step through the failure, or the replayed execution")
		.option("--json", "print one JSON object for each scenario and model")
		.addHelpText("after", "\nExit status: 0 if nothing failed, 1 if something did, 2 for mistakes in options.")
		.action(async (scenarios: string[], o: Options) => {
			process.exitCode = await run(scenarios, o);
		});
}

function number(option: string, text: string | undefined, least: number): number | undefined {
	if (text === undefined) return undefined;
	const v = Number(text);
	if (!Number.isInteger(v) || v < least || text.trim() === "")
		throw new UserError(`${option} ${text}: a whole number from ${least} on is needed`);
	return v;
}
function one_of(option: string, text: string | undefined, names: string[]): string | undefined {
	if (text !== undefined && !names.includes(text))
		throw new UserError(`${option} ${text}: it is one of ${names.join(", ")}`);
	return text;
}

async function run(scenarios: string[], o: Options): Promise<number> {
	const model = one_of("--model", o.model, MODELS) as Model | undefined;
	const options: ExploreOptions = {
		scenarios, model, mutant: o.mutant,
		bound: number("--bound", o.bound, 0),
		strategy: one_of("--strategy", o.strategy, STRATEGIES) as ExploreOptions["strategy"],
		seed: number("--seed", o.seed, 0),
		seconds: number("--seconds", o.seconds, 1),
		max: number("--max", o.max, 1),
		jobs: number("--jobs", o.jobs, 1),
	};
	const width = process.stdout.columns ?? 100;
	if (o.list) {
		for (const s of await list(o.mutant)) process.stdout.write(`${s.name}\n    ${s.about}\n    ${s.patch}; ${s.invariant}\n`);
		return 0;
	}
	if (o.replay !== undefined) {
		if (scenarios.length !== 1) throw new UserError("--replay: name the one scenario that it is of");
		const r = await replay(o.replay, { scenario: scenarios[0], model: model ?? "sc", mutant: o.mutant, states: o.html !== undefined });
		const result: Result = {
			scenario: scenarios[0], model: model ?? "sc", mutant: o.mutant, cpus: new Set(r.trace.map((e) => e.cpu)).size,
			executions: 1, blocked: 0, bound: null, exhausted: false, strategy: "replay", failures: r.failure ? 1 : 0, seconds: 0, failure: r.failure,
		};
		if (o.html && r.failure) write_page(o.html, result, r.failure);
		if (o.json) process.stdout.write(`${JSON.stringify(result)}\n`);
		else if (r.failure) process.stdout.write(`${failure_report(result, r.failure, width)}\n`);
		else process.stdout.write(`${scenarios[0]}: this schedule fails nothing: ${r.trace.length} steps\n`);
		return r.failure ? 1 : 0;
	}
	if (o.quick) options.scenarios = (await scenario_list(o.mutant)).filter((s) => s.quick).map((s) => s.name);
	const bars = process.stderr.isTTY && !o.json ? new Bars() : undefined;
	let failures = 0;
	try {
		for await (const r of explore(options, (p) => bars?.show(p))) {
			bars?.done(r);
			failures += r.failures;
			print(r, o.json === true, width);
			if (o.html && r.failure) {
				const again = await replay(r.failure.replay, { scenario: r.scenario, model: r.model, mutant: r.mutant, states: true });
				write_page(o.html, r, { ...r.failure, trace: again.trace });
			}
		}
	} finally {
		bars?.stop();
	}
	return failures > 0 ? 1 : 0;
}

function write_page(file: string, r: Result, f: Failure): void {
	try {
		writeFileSync(file, page(r, f));
	} catch (error) {
		throw new UserError(`--html ${file}: cannot be written (${(error as NodeJS.ErrnoException).code})`);
	}
}

function print(r: Result, json: boolean, width: number): void {
	if (json) {
		const { scenario, model, executions, blocked, bound, exhausted, failures, seconds } = r;
		process.stdout.write(`${JSON.stringify({ scenario, model, executions, blocked, bound, exhausted, failures, seconds, replay: r.failure?.replay })}\n`);
		return;
	}
	process.stdout.write(`${r.scenario}: ${summary(r)}\n`);
	if (r.failure) process.stdout.write(`\n${failure_report(r, r.failure, width)}\n\n`);
}

/** One bar for each scenario that is under way. */
class Bars {
	#bars = new MultiBar({ format: "{name} [{bar}] {value} of about {total}, {rate}/s", stream: process.stderr, clearOnComplete: true });
	#of = new Map<string, SingleBar>();
	show(p: Progress): void {
		const name = `${p.scenario} ${p.model}`;
		const total = Math.max(p.executions, Math.round(p.estimate ?? 2 * p.executions));
		const bar = this.#of.get(name) ?? this.#bars.create(total, 0);
		this.#of.set(name, bar);
		bar.setTotal(total);
		bar.update(p.executions, { name, rate: Math.round(p.executions / p.seconds) });
	}
	done(r: Result): void {
		const name = `${r.scenario} ${r.model}`;
		const bar = this.#of.get(name);
		if (bar) this.#bars.remove(bar);
		this.#of.delete(name);
	}
	stop(): void {
		this.#bars.stop();
	}
}
