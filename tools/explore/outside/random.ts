// SPDX-License-Identifier: GPL-2.0-only
/**
 * Programs made at random (inside/random), many of them and few schedules of each: with few preemptions, then by
 * chance. What fails is made shorter, operation by operation, as long as it still fails in the same way.
 */
import { availableParallelism } from "node:os";
import { DEFAULT_ARCH } from "../../../scripts/lib/objtree.ts";
import { count } from "../../../scripts/lib/words.ts";
import type { Ended, Listed, Request } from "../protocol.ts";
import { Core, NeverEnds } from "./core.ts";
import { stepper_bundle } from "./explorer.ts";
import { hung, type Job, search } from "./search.ts";
import { Team } from "./team.ts";
import type { Model, Result } from "./types.ts";

export interface RandomOptions {
	model: Model;
	/** The first number, and how many programs from there on. */
	seed: number;
	count: number;
	/** Executions of each, those that are cut off included. */
	budget?: number;
	mutant?: string;
	config?: string;
	arch?: string;
	jobs?: number;
	/** The first failure is enough. */
	first?: boolean;
	/** As of an exploration. */
	patience?: number;
}
/** One that fails: what is left of it, in words, and the failure. */
export interface FailingProgram {
	seed: number;
	about: string;
	result: Result;
}
export interface RandomTotal extends Omit<RandomOptions, "budget" | "jobs" | "first" | "patience"> {
	programs: number;
	executions: number;
	failures: number;
	seconds: number;
}

/** Where all scenarios are explored: how many programs; an execution under lkmm takes five times as long. */
export const PROGRAMS: Record<Model, number> = { sc: 400, tso: 60, lkmm: 30 };
/** Where allocations fail, under sc: */
export const FAILING = "failslab.config";
export const FAILING_PROGRAMS = 40;
export const FIRST_SEED = 1;
/** Executions of each: */
const BUDGET = 60;
/** this part of them by chance. */
const BY_CHANCE = 1 / 4;
const BOUND = 1;
const CHANCE_SEED = 1;

/** The searches of a program, one after the other: without seeing all of it. */
function searches(scenario: string, model: Model, budget: number): Request[] {
	const chance = Math.ceil(budget * BY_CHANCE);
	return [
		{ scenario, model, strategy: "bound", bound: BOUND, runs: budget - chance },
		{ scenario, model, strategy: "pct", seed: CHANCE_SEED, runs: chance, keep: true },
	];
}

interface Tried {
	listed: Listed;
	executions: number;
	/** The search that found something. */
	request?: Request;
	kind?: string;
}
async function attempt(core: Core, scenario: string, model: Model, budget: number): Promise<Tried> {
	const [listed] = await core.call("list", [scenario]);
	let executions = 0;
	for (const request of searches(scenario, model, budget)) {
		const r: Ended = await core.call("explore", request);
		executions += r.total;
		if (r.failure) return { listed, executions, request, kind: r.failure.kind };
		/* There is one schedule, but for the thread of RCU. */
		if (listed.cpus === 1 && r.exhausted) break;
	}
	return { listed, executions };
}

/** Without the operations that it fails without. */
async function shrunk(core: Core, found: Tried, model: Model, budget: number): Promise<Tried> {
	let least = found;
	for (let left_out = (found.listed.operations ?? 0) - 1; left_out >= 0; left_out--) {
		const t = await attempt(core, `${least.listed.name}-${left_out}`, model, budget);
		if (t.kind === found.kind) least = t;
	}
	return least;
}

/** Failures as they come, and then the total. */
export async function explore_random(
	o: RandomOptions,
	on_failure: (f: FailingProgram) => void = () => {},
): Promise<RandomTotal> {
	const { arch = DEFAULT_ARCH } = o;
	const bundle = await stepper_bundle(o.mutant, o.config, arch);
	const budget = o.budget ?? BUDGET;
	const started = Date.now();
	const total: RandomTotal = {
		model: o.model,
		seed: o.seed,
		count: o.count,
		mutant: o.mutant,
		config: o.config,
		arch,
		programs: 0,
		executions: 0,
		failures: 0,
		seconds: 0,
	};
	let next = o.seed;
	const one_core = async () => {
		let core = new Core(bundle, o.patience);
		try {
			while (next < o.seed + o.count && !(o.first && total.failures > 0)) {
				const seed = next++;
				const name = `random/${seed}`;
				const [s] = await core.call("list", [name]);
				const job: Job = { s, model: o.model, bundle, config: o.config, arch };
				try {
					const t = await attempt(core, name, o.model, budget);
					total.programs++;
					total.executions += t.executions;
					if (!t.request) continue;
					total.failures++;
					const least = await shrunk(core, t, o.model, budget);
					const { strategy, bound, seed: of_chance } = least.request as Request;
					const result = await search(
						new Team(core),
						{ ...job, s: least.listed },
						{
							scenarios: [least.listed.name],
							mutant: o.mutant,
							config: o.config,
							arch,
							strategy,
							bound,
							seed: of_chance,
						},
						{ all: budget, bounds: budget, chance: budget },
					);
					on_failure({ seed, about: least.listed.about, result });
				} catch (error) {
					if (!(error instanceof NeverEnds)) throw error;
					core = new Core(bundle, o.patience);
					total.programs++;
					total.failures++;
					on_failure({ seed, about: s.about, result: hung(job, o.mutant, error) });
				}
			}
		} finally {
			await core.close();
		}
	};
	await Promise.all(Array.from({ length: Math.min(o.jobs ?? availableParallelism(), o.count) }, one_core));
	return { ...total, seconds: (Date.now() - started) / 1000 };
}

/** One line. Each program is one of very many, and few of its schedules were seen. */
export function random_summary(r: RandomTotal): string {
	const seeds = `seeds ${r.seed} to ${r.seed + r.count - 1}`;
	const rate = r.seconds > 0 ? `, ${Math.round(r.executions / r.seconds)}/s` : "";
	const where = [r.mutant && `mutant ${r.mutant}`, r.config, r.arch === DEFAULT_ARCH ? undefined : r.arch]
		.filter(Boolean)
		.map((x) => `, ${x}`);
	const made = `${count(r.executions, "execution")} of ${count(r.programs, "program")} (${seeds})`;
	const found = `${count(r.failures, "failure")}${rate}`;
	return `random: explored ${made}, none exhausted, ${r.model.toUpperCase()}${where.join("")}, ${found}`;
}
