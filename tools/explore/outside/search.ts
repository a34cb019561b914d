// SPDX-License-Identifier: GPL-2.0-only
/**
 * How one scenario is searched: with no preemption and with one, where most
 * mistakes and the words that are shared show soon; then everything, if that is
 * little; else for a while by chance, which finds what is far from there; then
 * everything; and if that is more than the budget, with two preemptions, three, and
 * so on. What is found is then looked for with fewer preemptions and CPUs.
 */
import { readFileSync } from "node:fs";
import type { Core, NeverEnds } from "./core.ts";
import { failure_of, type Sources } from "./places.ts";
import type { Listed, Request, SessionFailure } from "../protocol.ts";
import { build_id, encode_schedule } from "./replay_string.ts";
import { sources_of } from "./source.ts";
import type { Ended, OnProgress, Team } from "./team.ts";
import type { ExploreOptions, Failure, Model, Progress, Result } from "./types.ts";

/** A scenario under a model, in a bundle. */
export interface Job {
	s: Listed;
	model: Model;
	bundle: string;
	/** In a kernel that has several mutants: which one. */
	number?: number;
	config?: string;
	arch: string;
	/** Executions of the searches that are over, since when, and what it was in all the last time. */
	made?: number;
	started?: number;
	expected?: Progress["expected"];
}

/**
 * What a search may take, in executions, those that are cut off included: the
 * same on a machine that is busy with other things. `all`: until everything was
 * seen; `bounds`: within so many preemptions, for each number of them; `chance`:
 * schedules drawn by PCT.
 */
export interface Budget {
	all: number;
	bounds: number;
	chance: number;
}
/** Of one scenario, */
export const BUDGET: Budget = { all: 400_000, bounds: 400_000, chance: 2_000 };
/** and of each where all are searched; an execution under lkmm takes about twice as long as the others. */
export const BUDGET_OF_ALL: Record<Model, Budget> = {
	sc: { all: 30_000, bounds: 400_000, chance: 400 },
	tso: { all: 30_000, bounds: 400_000, chance: 400 },
	lkmm: { all: 15_000, bounds: 50_000, chance: 200 },
};
/** Preemptions that are tried before everything is, */
const FEW = 1;
/** executions that are little, */
const LITTLE = 3_000;
/** preemptions that are tried whatever they may take; of more it is guessed from what less of them took. */
const SURE = 2;
/** and the seed of chance. */
const SEED = 1;
/** What simpler failures are looked for with. */
const MINIMISE_RUNS = 200_000;

type Strategy = NonNullable<ExploreOptions["strategy"]>;

/** What the progress of a team is about. */
export function progress_of(job: Job, on_progress?: (p: Progress) => void): OnProgress {
	const { s, model } = job;
	return (p) =>
		on_progress?.({
			scenario: s.name,
			model,
			made: (job.made ?? 0) + p.total,
			seconds: (Date.now() - (job.started ?? Date.now())) / 1000,
			expected: job.expected,
		});
}

/**
 * `least`: executions that everything is, at least, as far as is known: a weaker model has those of a stronger
 * one, too. What is beyond the budget is not begun.
 */
export async function search(team: Team, job: Job, o: ExploreOptions, budget: Budget, least = 0): Promise<Result> {
	const { s, model, config, arch } = job;
	/* What the first search finds to be shared, the next ones know. */
	let keep = false;
	let made = 0;
	let seconds = 0;
	const started = Date.now();
	job.started = started;
	const run = async (strategy: Strategy, runs?: number, bound?: number): Promise<Ended> => {
		const left =
			o.seconds === undefined ? Infinity : Math.max(0, o.seconds - (Date.now() - started) / 1000);
		const request: Request = {
			scenario: s.name,
			mutant: job.number,
			model,
			strategy,
			bound,
			seed: o.seed ?? SEED,
			max: o.max,
			runs,
			order: o.order,
			keep,
		};
		keep = true;
		const r = await team.search(request, left);
		made += r.total;
		job.made = made;
		seconds += r.seconds;
		return r;
	};
	/** Bounds below `searched` are known to have no failure. */
	const result = async (
		r: Ended,
		strategy: Strategy,
		bound: number | undefined,
		searched: number,
	): Promise<Result> => {
		const failure = r.failure && (await explain(team, job, r.failure, searched));
		return {
			scenario: s.name,
			model,
			mutant: o.mutant,
			config,
			arch,
			cpus: s.cpus,
			executions: r.executions,
			blocked: r.blocked,
			/* One that fails ends there: only the bounds before it were seen to the end. */
			bound: failure ? (searched > 0 ? searched - 1 : null) : (bound ?? null),
			exhausted: r.exhausted && bound === undefined && !failure,
			strategy,
			made,
			failures: failure ? 1 : 0,
			seconds,
			failure,
		};
	};
	if (o.strategy !== undefined || o.bound !== undefined) {
		const strategy = o.strategy ?? "bound";
		const r = await run(strategy, undefined, o.bound);
		return result(r, strategy, r.exhausted ? o.bound : undefined, 0);
	}
	if (o.max !== undefined) return result(await run("dpor"), "dpor", undefined, 0);
	let searched = 0;
	let best: { r: Ended; bound: number } | undefined;
	/** How many each bound took. */
	const took: number[] = [];
	/** Within the bounds up to `last`, as long as they come to an end, and the next one may. */
	const bounds = async (last: number, runs: number): Promise<Result | undefined> => {
		while (searched <= last) {
			const [before, then] = took.slice(-2);
			if (searched > SURE && then * (then / before) > runs) return;
			const r = await run("bound", runs, searched);
			if (r.failure) return result(r, "bound", searched, searched);
			if (!r.exhausted) return;
			took.push(r.executions + r.blocked);
			best = { r, bound: searched++ };
		}
	};
	/* Of three CPUs, two preemptions are too many for most budgets. */
	const few = Math.ceil(budget.bounds / 8);
	let found = await bounds(FEW, few);
	if (found) return found;
	const seen = { executions: 0, blocked: 0 };
	const everything = async (runs: number): Promise<Result | undefined> => {
		const r = await run("dpor", runs);
		if (r.exhausted || r.failure) return result(r, "dpor", undefined, searched);
		Object.assign(seen, { executions: r.executions, blocked: r.blocked });
	};
	if (least <= LITTLE) found = await everything(Math.min(LITTLE, budget.all));
	if (found) return found;
	const chance = await run("pct", budget.chance);
	if (chance.failure) return result(chance, "pct", undefined, searched);
	if (least <= budget.all && budget.all > LITTLE) found = await everything(budget.all);
	found ??= await bounds(Infinity, s.cpus > 2 ? few : budget.bounds);
	if (found) return found;
	if (!best) return result(chance, "pct", undefined, searched);
	const executions = best.r.executions + chance.executions + seen.executions;
	return result({ ...best.r, executions, blocked: seen.blocked }, "bound", best.bound, searched);
}

/** What is known of a search whose core has given no sign of life: nobody can ask it for the schedule. */
export function hung(job: Job, mutant: string | undefined, why: NeverEnds): Result {
	return {
		scenario: job.s.name,
		model: job.model,
		mutant,
		config: job.config,
		arch: job.arch,
		cpus: job.s.cpus,
		executions: 0,
		blocked: 0,
		bound: null,
		exhausted: false,
		strategy: "bound",
		failures: 1,
		seconds: 0,
		failure: {
			kind: "hang",
			text: why.message,
			func: "",
			file: "",
			line: 0,
			calls: [],
			trace: [],
			replay: "",
			preemptions: 0,
			minimised: false,
		},
	};
}

/** The same failure with fewest preemptions, then with fewest CPUs, in words. */
async function explain(team: Team, job: Job, found: SessionFailure, searched: number): Promise<Failure> {
	const { s, model } = job;
	const sources = sources_of(job.bundle);
	/* Its steps are too many to be shown, and one that ends sooner would be another one. */
	if (found.kind === "limit") {
		const bare = failure_of(sources, found, [], replay_string(job, found.schedule));
		return { ...bare, text: `never ends: ${bare.text}` };
	}
	const look = (bound: number, order?: number[]) =>
		team.search({
			scenario: s.name,
			mutant: job.number,
			model,
			strategy: "bound",
			bound,
			order,
			keep: true,
			runs: MINIMISE_RUNS,
		});
	let best = await replayed(team.lead, job, sources, found);
	let minimised = true;
	for (let bound = searched; bound < best.preemptions && minimised; bound++) {
		const r = await look(bound);
		if (r.failure) {
			best = await replayed(team.lead, job, sources, r.failure);
			break;
		}
		minimised = r.exhausted;
	}
	/* Others may look on without being needed: leave them out, one by one. */
	let cpus = found.order ?? Array.from({ length: s.cpus }, (_, i) => i);
	for (let out = s.cpus - 1; out >= 0 && cpus.length > 2; out--) {
		const rest = cpus.filter((c) => c !== out);
		const r = await look(best.preemptions, rest);
		if (r.failure === undefined) continue;
		const less = await replayed(team.lead, job, sources, r.failure);
		if (less.kind !== best.kind || less.func !== best.func || plain(less.text) !== plain(best.text))
			continue;
		best = less;
		cpus = rest;
	}
	return { ...best, minimised };
}
const replay_string = (job: Job, schedule: SessionFailure["schedule"]) =>
	schedule.length === 0 ? "" : encode_schedule(schedule, build_id(readFileSync(job.bundle)));
const plain = (text: string) => text.replace(/\b[0-9a-f]{3,}\b/g, "…");

/** A failure with the steps that lead to it. */
async function replayed(core: Core, job: Job, sources: Sources, found: SessionFailure): Promise<Failure> {
	const { schedule, seen } = found;
	const request = { scenario: job.s.name, mutant: job.number, model: job.model, schedule, seen };
	const r = await core.call("replay", request);
	if (!r.failure) {
		/* Of what is shared too little was known to follow it: say what there is. */
		const bare = failure_of(sources, found, [], "");
		return {
			...bare,
			text: `${bare.text} (seen once; the schedule could not be repeated: ${r.diverged ?? "it ends well"})`,
		};
	}
	return failure_of(sources, r.failure, sources.trace(r.events), replay_string(job, schedule), r.decoder);
}
