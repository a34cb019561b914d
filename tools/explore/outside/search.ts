// SPDX-License-Identifier: GPL-2.0-only
/**
 * How one scenario is searched: for a moment with no preemption and with one,
 * where most mistakes and the words that are shared show soon; then everything;
 * and if that does not end in time, with one preemption, two, and so on. What is
 * found is then looked for with fewer preemptions and CPUs.
 */
import { readFileSync } from "node:fs";
import { UserError } from "../../lib/errors.ts";
import type { Core } from "./core.ts";
import { failure_of, Sources } from "./places.ts";
import type { Listed, Replayed, Request, SessionFailure } from "../protocol.ts";
import { build_id, encode_schedule } from "./replay_string.ts";
import type { Ended, OnProgress, Team } from "./team.ts";
import type { ExploreOptions, Failure, Model, Progress, Result } from "./types.ts";

/** A scenario under a model, in a bundle. */
export interface Job {
	s: Listed;
	model: Model;
	bundle: string;
	config?: string;
}

/** How long simpler failures are looked for. */
const MINIMISE_SECONDS = 20;
/** Preemptions that are tried before everything is. */
const FEW = 1;

type Strategy = NonNullable<ExploreOptions["strategy"]>;

/** What the progress of a team is about. */
export function progress_of(job: Job, on_progress?: (p: Progress) => void): OnProgress {
	const { s, model } = job;
	return (p) => on_progress?.({ scenario: s.name, model, executions: p.executions, blocked: p.blocked, seconds: p.seconds, estimate: p.estimate });
}

export async function search(team: Team, job: Job, o: ExploreOptions, seconds: number): Promise<Result> {
	const { s, model, config } = job;
	/* What the first search finds to be shared, the next ones know. */
	let keep = false;
	const run = async (strategy: Strategy, limit: number, bound?: number): Promise<Ended> => {
		const request: Request = { scenario: s.name, model, strategy, bound, seed: o.seed, max: o.max, order: o.order, keep };
		keep = true;
		return team.search(request, limit);
	};
	/** Bounds below `searched` are known to have no failure. */
	const result = async (r: Ended, strategy: Strategy, bound: number | undefined, searched: number): Promise<Result> => {
		if (r.failure?.kind === "limit") {
			const f = failure_of(new Sources(job.bundle), r.failure, [], "");
			throw new UserError(`scenario '${s.name}' never ends: ${f.text}, in ${f.func}(), ${f.file}:${f.line}`);
		}
		const failure = r.failure && (await explain(team, job, r.failure, searched));
		return {
			scenario: s.name, model, mutant: o.mutant, config, cpus: s.cpus, executions: r.executions, blocked: r.blocked, bound: bound ?? null,
			exhausted: r.exhausted, strategy, made: r.total, failures: failure ? 1 : 0, seconds: r.seconds, failure,
		};
	};
	if (o.strategy !== undefined || o.bound !== undefined) {
		const strategy = o.strategy ?? "bound";
		return result(await run(strategy, o.seconds ?? Infinity, o.bound), strategy, o.bound, 0);
	}
	let searched = 0;
	let best: { r: Ended; bound: number } | undefined;
	const bounds = async (last: number, until: number): Promise<Result | undefined> => {
		while (searched <= last && Date.now() < until) {
			const r = await run("bound", (until - Date.now()) / 1000, searched);
			if (r.failure) return result(r, "bound", searched, searched);
			if (!r.exhausted) return;
			best = { r, bound: searched++ };
		}
	};
	const ms = 1000 * seconds;
	if (o.max === undefined) {
		const found = await bounds(FEW, Date.now() + ms / 20);
		if (found) return found;
	}
	const all = await run("dpor", seconds);
	if (all.exhausted || all.failure || o.max !== undefined) return result(all, "dpor", undefined, searched);
	const found = await bounds(Infinity, Date.now() + ms);
	if (found) return found;
	if (!best) return result(all, "dpor", undefined, searched);
	const { r, bound } = best;
	const both = { ...r, executions: r.executions + all.executions, blocked: all.blocked, total: r.total + all.total, seconds: r.seconds + all.seconds };
	return result(both, "bound", bound, searched);
}

/** The same failure with fewest preemptions, then with fewest CPUs, in words. */
async function explain(team: Team, job: Job, found: SessionFailure, searched: number): Promise<Failure> {
	const { s, model } = job;
	const sources = new Sources(job.bundle);
	const deadline = Date.now() + 1000 * MINIMISE_SECONDS;
	const look = (bound: number, order?: number[]) =>
		team.search({ scenario: s.name, model, strategy: "bound", bound, order, keep: true }, (deadline - Date.now()) / 1000);
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
	for (let out = s.cpus - 1; out >= 0 && cpus.length > 2 && Date.now() < deadline; out--) {
		const rest = cpus.filter((c) => c !== out);
		const r = await look(best.preemptions, rest);
		if (r.failure === undefined) continue;
		const less = await replayed(team.lead, job, sources, r.failure);
		if (less.kind !== best.kind || less.func !== best.func || plain(less.text) !== plain(best.text)) continue;
		best = less;
		cpus = rest;
	}
	return { ...best, minimised };
}
const plain = (text: string) => text.replace(/\b[0-9a-f]{3,}\b/g, "…");

/** A failure with the steps that lead to it. */
async function replayed(core: Core, job: Job, sources: Sources, found: SessionFailure): Promise<Failure> {
	const { schedule, seen } = found;
	if (schedule.length === 0) return failure_of(sources, found, [], "");
	const r = await core.call<Replayed>("replay", { scenario: job.s.name, model: job.model, schedule, seen });
	if (!r.failure) {
		/* Of what is shared too little was known to follow it: say what there is. */
		const bare = failure_of(sources, found, [], "");
		return { ...bare, text: `${bare.text} (seen once; the schedule could not be repeated: ${r.diverged ?? "it ends well"})` };
	}
	return failure_of(sources, r.failure, sources.trace(r.events), encode_schedule(schedule, build_id(readFileSync(job.bundle))));
}
