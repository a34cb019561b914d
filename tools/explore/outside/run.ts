// SPDX-License-Identifier: GPL-2.0-only
/** `spf explore`: checks what is asked for, explores, and prints what came of it. */
import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { stepper_arches } from "../../../scripts/lib/arch.ts";
import { count } from "../../../scripts/lib/words.ts";
import { write_file } from "../../../scripts/lib/files.ts";
import { arch_asked, DEFAULT_ARCH } from "../../../scripts/lib/objtree.ts";
import { UserError } from "../../lib/errors.ts";
import { one_of, whole_number } from "../../lib/options.ts";
import { explore, list, replay } from "./explorer.ts";
import { fragments, refused } from "./fragments.ts";
import { failure_page } from "./html.ts";
import { NOT_ALL_SEEN, type Options } from "./index.ts";
import { is_file } from "./mutant.ts";
import { no_failure } from "./places.ts";
import { Bars } from "./progress.ts";
import { explore_random, FAILING, FAILING_PROGRAMS, FIRST_SEED, PROGRAMS, random_summary } from "./random.ts";
import { failure_report, result_json, summary, total } from "./report.ts";
import { type ExploreOptions, type Failure, MODELS, type Model, type Result } from "./types.ts";
import { check_written } from "./written.ts";

const STRATEGIES = ["dpor", "bound", "pct", "random"] as const;

/** What the command line asks for, after everything that is wrong with it. */
function checked(scenarios: string[], o: Options): ExploreOptions {
	const arch = o.arch ?? arch_asked();
	const options: ExploreOptions = {
		scenarios,
		arch: one_of(o.arch === undefined ? "ARCH" : "--arch", arch, stepper_arches()),
		model: one_of("--model", o.model, MODELS),
		mutant: o.mutant,
		config: o.config,
		bound: whole_number("--bound", o.bound, { least: 0 }),
		strategy: one_of("--strategy", o.strategy, STRATEGIES),
		seed: whole_number("--seed", o.seed, { least: 0 }),
		budget: whole_number("--budget", o.budget),
		seconds: whole_number("--seconds", o.seconds),
		max: whole_number("--max", o.max),
		jobs: whole_number("--jobs", o.jobs),
	};
	if (o.config !== undefined) {
		if (o.mutant !== undefined && !is_file(o.mutant))
			throw new UserError(
				`--config ${o.config}: mutant '${o.mutant}' has its own; leave one of them out`,
			);
		const known = fragments(arch);
		if (!known.includes(o.config))
			throw new UserError(
				`--config ${o.config}: configs/ has no such fragment; there are ${known.join(", ")}`,
			);
	}
	const chance = options.strategy === "pct" || options.strategy === "random";
	if (options.bound !== undefined && (options.strategy ?? "bound") !== "bound")
		throw new UserError(
			`--bound ${o.bound}: --strategy ${options.strategy} has no bound; leave one of them out`,
		);
	const random = scenarios.includes(RANDOM);
	if (options.seed !== undefined && !chance && !random && o.coverage === undefined)
		throw new UserError(`--seed ${o.seed}: only --strategy pct and random use one, and '${RANDOM}'`);
	if (o.count !== undefined && !random && o.coverage === undefined)
		throw new UserError(`--count ${o.count}: only of programs made at random; name '${RANDOM}'`);
	/* A patch may bring scenarios of its own. */
	if (o.mutant === undefined || !is_file(o.mutant)) check_written(scenarios);
	if (random) check_random(scenarios, o);
	if (o.quick && scenarios.length > 0)
		throw new UserError(`--quick: it chooses the scenarios; leave out '${scenarios[0]}'`);
	if (o.replay !== undefined && scenarios.length !== 1)
		throw new UserError("--replay: name the one scenario that it is of");
	if (o.html !== undefined) {
		const dir = dirname(o.html);
		if (!existsSync(dir)) throw new UserError(`--html ${o.html}: there is no directory '${dir}'`);
		if (statSync(o.html, { throwIfNoEntry: false })?.isDirectory())
			throw new UserError(`--html ${o.html}: it is a directory; name a file`);
	}
	if (options.strategy === "bound") options.bound ??= BOUND;
	/* Chance never ends by itself. */
	if (chance && options.max === undefined) options.seconds ??= CHANCE_SECONDS;
	return options;
}
/** Programs made at random have a search of their own. */
function check_random(scenarios: string[], o: Options): void {
	if (scenarios.length > 1)
		throw new UserError(
			`'${RANDOM}': it is explored alone; leave out '${scenarios.find((s) => s !== RANDOM)}'`,
		);
	const [not] = (["bound", "strategy", "seconds", "max", "replay", "html", "all"] as const).filter(
		(name) => o[name] !== undefined,
	);
	if (not) throw new UserError(`--${not}: not of all programs made at random; name one, as in random/17`);
}
/** What stands for them in place of a scenario. */
const RANDOM = "random";
const BOUND = 2;
const CHANCE_SECONDS = 20;

export async function run(scenarios: string[], o: Options): Promise<number> {
	const options = checked(scenarios, o);
	const { arch = DEFAULT_ARCH } = options;
	if (o.config !== undefined && arch !== DEFAULT_ARCH) await can_be(o.config, arch);
	if (o.list) return print_list(o, arch);
	if (o.coverage !== undefined) return (await import("./coverage_report.ts")).coverage(o, options);
	if (scenarios.includes(RANDOM)) return status_of(await random(o, options));
	if (o.replay !== undefined) return repeat(scenarios[0], options.model ?? "sc", o.replay, o, arch);
	if (o.quick)
		options.scenarios = (await list(o.mutant, undefined, arch)).filter((s) => s.quick).map((s) => s.name);
	const bars = process.stderr.isTTY && !o.json && !o.quiet ? new Bars() : undefined;
	let failures = 0;
	let not_searched = 0;
	let not_run = 0;
	const all: Pick<Result, "scenario" | "exhausted" | "bound" | "failures">[] = [];
	const failed: { result: Result; failure: Failure }[] = [];
	try {
		const left_out = (scenario: string, model: Model, config: string | undefined, under: Model) => {
			not_searched++;
			if (!o.json && !o.quiet)
				process.stdout.write(
					`${scenario}: not searched under ${model.toUpperCase()}${config ? `, ${config}` : ""}: it fails under ${under.toUpperCase()}\n`,
				);
		};
		for await (const r of explore(options, {
			progress: (p) => bars?.show(p),
			total: (t) => bars?.total(t),
			left_out,
			not_run: (scenario, config, why) => {
				not_run++;
				if (!o.json && !o.quiet)
					process.stdout.write(
						`${scenario}: not run on ${arch}${config ? ` with ${config}` : ""}: ${why}\n`,
					);
			},
		})) {
			bars?.done(r);
			print(r, o);
			failures += r.failures;
			all.push({
				scenario: r.scenario,
				exhausted: r.exhausted,
				bound: r.bound,
				failures: r.failures,
			});
			/* Without a schedule there is nothing to step through. */
			if (r.failure?.replay) failed.push({ result: r, failure: r.failure });
		}
	} finally {
		bars?.stop();
	}
	if (!o.json && !o.quiet && new Set(all.map((r) => r.scenario)).size > 1)
		process.stdout.write(
			`${total(all, not_searched, not_run > 0 ? `${not_run} not run on ${arch}` : undefined)}\n`,
		);
	if (usual(scenarios, o)) {
		failures += await random(o, options);
		/* And with allocations that fail. */
		const own = o.mutant !== undefined && !is_file(o.mutant);
		if (!own && (options.model ?? "sc") === "sc")
			failures += await random(o, { ...options, model: "sc", config: FAILING }, FAILING_PROGRAMS);
	}
	if (o.html !== undefined && failed.length === 0)
		process.stderr.write(`spf: no schedule fails, so '${o.html}' was not written\n`);
	else if (o.html !== undefined) await write_page(o.html, failed);
	return failures > 0 ? 1 : all.some((r) => !r.exhausted) ? NOT_ALL_SEEN : 0;
}
/** Everything is asked for, in the way that it is always searched. */
const usual = (scenarios: string[], o: Options) =>
	scenarios.length === 0 &&
	[o.quick, o.config, o.bound, o.strategy, o.seconds, o.max, o.budget].every((x) => x === undefined);
/** Programs made at random; how many fail. */
async function random(o: Options, options: ExploreOptions, usually?: number): Promise<number> {
	const { model, mutant, config, arch, seed, budget, jobs } = options;
	const programs = whole_number("--count", o.count);
	let failures = 0;
	const [any] = await list(mutant, config, arch, ["random/1"]);
	for (const m of model ? [model] : any.models) {
		const total = await explore_random(
			{
				model: m,
				mutant,
				config,
				arch,
				seed: seed ?? FIRST_SEED,
				count: programs ?? usually ?? PROGRAMS[m],
				budget,
				jobs,
			},
			({ about, result }) => {
				if (!o.json) process.stdout.write(`${result.scenario}:\n${about}\n`);
				print(result, o);
			},
		);
		failures += total.failures;
		if (o.json) process.stdout.write(`${JSON.stringify({ scenario: RANDOM, ...total })}\n`);
		else if (!o.quiet) process.stdout.write(`${random_summary(total)}\n`);
		/* What fails under one fails under those that are weaker. */
		if (failures > 0) break;
	}
	return failures;
}
const status_of = (failures: number) => (failures > 0 ? 1 : NOT_ALL_SEEN);
/** Throws where the architecture's kernel cannot be configured so. */
async function can_be(config: string, arch: string): Promise<void> {
	await list(undefined, undefined, arch);
	const why = refused(config, arch);
	if (why !== undefined) throw new UserError(`--config ${config}: not on ${arch}: ${why}`);
}

async function print_list(o: Options, arch: string): Promise<number> {
	for (const s of await list(o.mutant, o.config, arch)) {
		const lacks = s.lacks === undefined ? "" : `    not run on ${arch}: ${s.lacks}\n`;
		const text = `${s.name}\n    ${s.about}\n    ${s.patch}; ${s.invariant}\n${lacks}`;
		process.stdout.write(o.json ? `${JSON.stringify(s)}\n` : text);
	}
	return 0;
}

/** One execution, again. */
async function repeat(scenario: string, model: Model, text: string, o: Options, arch: string): Promise<number> {
	const { failure, trace, listed, decoder } = await replay(text, {
		scenario,
		model,
		mutant: o.mutant,
		config: o.config,
		arch,
		states: o.html !== undefined,
	});
	const result: Result = {
		scenario,
		model,
		mutant: o.mutant,
		config: o.config,
		arch,
		cpus: new Set(trace.filter((e) => e.context === "task").map((e) => e.cpu)).size,
		executions: 1,
		blocked: 0,
		bound: null,
		exhausted: false,
		strategy: "replay",
		failures: failure ? 1 : 0,
		seconds: 0,
		failure,
	};
	if (o.json) process.stdout.write(`${JSON.stringify(result_json(result, true))}\n`);
	else if (failure) process.stdout.write(`${failure_report(result, failure, width(), o.all)}\n`);
	else process.stdout.write(`${scenario}: nothing fails in this schedule of ${count(trace.length, "step")}\n`);
	const shown = failure ?? no_failure(trace, text, decoder);
	if (o.html !== undefined) save(o.html, failure_page([{ result, failure: shown, listed }]));
	return failure ? 1 : 0;
}

const width = () => Math.max(80, process.stdout.columns ?? 100);

function print(r: Result, o: Options): void {
	if (o.json) {
		process.stdout.write(`${JSON.stringify(result_json(r, o.all === true))}\n`);
		return;
	}
	if (!r.failure && o.quiet) return;
	process.stdout.write(`${r.scenario}: ${summary(r)}\n`);
	if (r.failure) process.stdout.write(`\n${failure_report(r, r.failure, width(), o.all)}\n\n`);
}

/** The failures once more, with the state of the machine after each step. */
async function write_page(file: string, failed: { result: Result; failure: Failure }[]): Promise<void> {
	const pages = [];
	for (const { result, failure } of failed) {
		const { scenario, model, mutant, config, arch } = result;
		const again = await replay(failure.replay, { scenario, model, mutant, config, arch, states: true });
		pages.push({ result, failure: { ...failure, trace: again.trace }, listed: again.listed });
	}
	save(file, failure_page(pages));
}
function save(file: string, text: string): void {
	try {
		write_file(file, text);
	} catch (error) {
		if (!(error instanceof UserError)) throw error;
		throw new UserError(`--html ${error.message}`);
	}
}
