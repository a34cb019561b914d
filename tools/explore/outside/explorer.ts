// SPDX-License-Identifier: GPL-2.0-only
/**
 * The explorer, seen from outside: which scenarios run in which bundles under
 * which models, and the cores that they are handed out to.
 */
import { availableParallelism } from "node:os";
import { DEFAULT_ARCH, objtree } from "../../../scripts/lib/objtree.ts";
import { UserError } from "../../lib/errors.ts";
import { Core, NeverEnds } from "./core.ts";
import { fragments, refused } from "./fragments.ts";
import { is_file, load_mutant, mutant_bundle, stepper_tree } from "./mutant.ts";
import { failure_of } from "./places.ts";
import type { Decoder, Listed } from "../protocol.ts";
import { History, seconds_left } from "./history.ts";
import { decode_schedule } from "./replay_string.ts";
import { BUDGET, BUDGET_OF_ALL, hung, type Job, progress_of, search } from "./search.ts";
import { sources_of } from "./source.ts";
import { Team } from "./team.ts";
import {
	type ExploreOptions,
	type Failure,
	MODELS,
	type Model,
	type Progress,
	type Result,
	type TotalProgress,
	type TraceEvent,
} from "./types.ts";

/** The stepper kernel as it is, with a fragment over its configuration, or with a mutant's patch. */
export async function stepper_bundle(mutant?: string, config?: string, arch = DEFAULT_ARCH): Promise<string> {
	if (mutant) return mutant_bundle(mutant, arch, config);
	try {
		return await objtree(stepper_tree(config, arch));
	} catch (error) {
		const lines = (error as Error).message.trim().split("\n");
		throw new UserError(
			`the stepper's kernel does not build: ${lines.find((line) => /^\S+\.ts[:(]/.test(line)) ?? lines.at(-1)}`,
		);
	}
}

/** All scenarios of a kernel; with those of `made` that are made from a number. */
export async function list_of(bundle: string, made: readonly string[] = []): Promise<Listed[]> {
	const core = new Core(bundle);
	try {
		const random = made.filter((name) => name.startsWith("random/"));
		return [...(random.length > 0 ? await core.call("list", random) : []), ...(await core.call("list"))];
	} finally {
		await core.close();
	}
}
export async function list(
	mutant?: string,
	config?: string,
	arch = DEFAULT_ARCH,
	made: readonly string[] = [],
): Promise<Listed[]> {
	return list_of(await stepper_bundle(mutant, config, arch), made);
}
function find(listed: Listed[], name: string, arch: string): Listed {
	const s = listed.find((x) => x.name === name);
	if (!s) throw new UserError(`no scenario '${name}'; 'spf explore --list' names them all`);
	if (s.lacks !== undefined) throw new UserError(`scenario '${name}' is not for ${arch}: ${s.lacks}`);
	return s;
}

/** A scenario is not for the model that was asked for, or nothing on the architecture is. */
function no_such_model(model: Model, all: Listed[], { name, models }: Listed, arch: string): string {
	const ever = MODELS.filter((m) => all.some((s) => s.models.includes(m)));
	return ever.includes(model)
		? `--model ${model}: scenario '${name}' is only for ${models.join(" and ")}; leave --model out`
		: `--model ${model}: ${arch} does not order accesses so; there are ${ever.join(" and ")}`;
}

/**
 * All models, the strongest first, and under each the kernel as it is and then
 * the fragments that a scenario asks for. A stored mutant has its own configuration.
 * What an architecture has not is no job, and `not_run` hears why.
 */
async function jobs(o: ExploreOptions, not_run: Listener["not_run"]): Promise<Job[]> {
	const arch = o.arch ?? DEFAULT_ARCH;
	const build = (config?: string) => o.kernel?.bundle ?? stepper_bundle(o.mutant, config, arch);
	const listed = o.kernel?.listed ?? (await list_of(await build(o.config), o.scenarios));
	const wanted = o.scenarios.length > 0 ? o.scenarios.map((name) => find(listed, name, arch)) : listed;
	const here = wanted.filter((s) => s.lacks === undefined);
	for (const s of wanted) if (s.lacks !== undefined) not_run?.(s.name, undefined, s.lacks);
	const own = o.mutant !== undefined && (!is_file(o.mutant) || load_mutant(o.mutant, arch).config !== undefined);
	const only = o.config !== undefined || own;
	const given = o.config ?? (own ? load_mutant(o.mutant as string, arch).config : undefined);
	for (const s of wanted) {
		if (only && s.only && o.scenarios.length > 0 && !s.configs.includes(given as string))
			throw new UserError(`scenario '${s.name}' needs --config ${s.configs.join(" or ")}`);
	}
	/* Fragments of other architectures are nothing that is left out here. */
	const known = fragments(arch);
	const asked = [...new Set(here.flatMap((s) => s.configs))].filter((config) => known.includes(config));
	const configs = only ? [o.config] : [undefined, ...asked];
	const kernels: { config?: string; bundle: string }[] = [];
	for (const config of configs) {
		const why = only || config === undefined ? undefined : refused(config, arch);
		if (why === undefined) kernels.push({ config, bundle: await build(config) });
		else for (const s of here) if (s.configs.includes(config as string)) not_run?.(s.name, config, why);
	}
	const work: Job[] = [];
	for (const model of o.model ? [o.model] : MODELS) {
		for (const { config, bundle } of kernels) {
			for (const s of here) {
				const as_given = s.configs.includes((only ? given : config) as string);
				const runs = as_given || (!s.only && (only || config === undefined));
				if (runs && s.models.includes(model))
					work.push({ s, model, bundle, number: o.kernel?.number, config, arch });
			}
		}
	}
	if (work.length === 0) throw new UserError(no_such_model(o.model as Model, listed, here[0], arch));
	return work;
}

/** Who is to be told what, while an exploration goes on. */
export interface Listener {
	progress?: (p: Progress) => void;
	total?: (t: TotalProgress) => void;
	/** A scenario is not for this architecture, or not with that fragment. */
	not_run?: (scenario: string, config: string | undefined, why: string) => void;
	/** A scenario is not searched under a model, since it fails under one that is stronger. */
	left_out?: (scenario: string, model: Model, config: string | undefined, fails_under: Model) => void;
}

/**
 * Results as they come. A scenario is searched under one model after the other,
 * the strongest first, and no further once it has failed: what fails under one
 * fails under those that are weaker.
 */
export async function* explore(o: ExploreOptions, listener: Listener = {}): AsyncGenerator<Result> {
	const work = await jobs(o, listener.not_run);
	const budget = (model: Model) => ({
		...(o.scenarios.length > 0 ? BUDGET : BUDGET_OF_ALL[model]),
		...(o.budget ? { all: o.budget, bounds: o.budget } : {}),
	});
	const key_of = (job: Job) => `${job.s.name} ${job.config}`;
	const history = new History();
	/** What is asked for by options is another search each time. */
	const usual = [o.bound, o.strategy, o.seed, o.max, o.seconds, o.order].every((x) => x === undefined);
	const name_of = (job: Job) =>
		usual ? [key_of(job), job.model, o.mutant, budget(job.model).all, job.arch].join(" ") : undefined;
	const searches = new Map(
		work.map((job) => [
			job,
			{ size: history.get(name_of(job) ?? ""), seconds: undefined as number | undefined },
		]),
	);
	const over = (job: Job, seconds: number) => {
		(searches.get(job) as { seconds?: number }).seconds = seconds;
		const all = [...searches.values()];
		const done = all.filter((s) => s.seconds !== undefined).length;
		listener.total?.({ done, all: all.length, seconds_left: seconds_left(all, cores_used) });
	};
	const failed = new Map<string, Model>();
	/** Executions that there are at least: those of the strongest model. */
	const least = new Map<string, number>();
	const under_way = new Set<string>();
	const ready: Result[] = [];
	let wake = () => {};
	let problem: unknown;
	const cores_used = Math.max(1, o.jobs ?? availableParallelism());
	let running = cores_used;
	const cores: Core[] = [];
	const core_for = (n: number, bundle: string): Core => {
		cores[n]?.close();
		return (cores[n] = new Core(bundle, o.patience));
	};
	const teams = new Map<Team, { bundle: string; done: Promise<unknown> }>();
	/** The next one of which no stronger model is still being searched. */
	const take = (): Job | undefined => {
		for (let i = 0; i < work.length; i++) {
			const job = work[i];
			const under = failed.get(key_of(job));
			if (under === undefined && under_way.has(key_of(job))) continue;
			work.splice(i--, 1);
			if (under === undefined) return job;
			over(job, 0);
			listener.left_out?.(job.s.name, job.model, job.config, under);
		}
	};
	const one_core = async (n: number) => {
		let bundle = "";
		while (problem === undefined) {
			const job = take();
			if (!job) {
				if (teams.size === 0) return;
				/* Of several scenarios each is one core's, so that what is seen of it does not depend on the others. */
				const [[team, { bundle: theirs, done }]] = [...teams].sort(
					([a], [b]) => a.size - b.size,
				);
				if (o.scenarios.length === 1) team.join(core_for(n, (bundle = theirs)));
				await done.catch(() => {});
				continue;
			}
			if (job.bundle !== bundle) core_for(n, (bundle = job.bundle));
			under_way.add(key_of(job));
			job.expected = searches.get(job)?.size;
			const team = new Team(cores[n], progress_of(job, listener.progress));
			const done = search(team, job, o, budget(job.model), least.get(key_of(job))).finally(() => {
				teams.delete(team);
				under_way.delete(key_of(job));
			});
			teams.set(team, { bundle, done });
			const r = await done.catch((error) => {
				if (!(error instanceof NeverEnds)) throw error;
				/* Its core is lost with it. */
				bundle = "";
				return hung(job, o.mutant, error);
			});
			over(job, r.seconds);
			const name = name_of(job);
			if (name !== undefined && r.failures === 0)
				history.add(name, { made: r.made ?? r.executions, seconds: r.seconds });
			if (r.failures > 0) failed.set(key_of(job), job.model);
			else if (!least.has(key_of(job))) least.set(key_of(job), r.exhausted ? r.executions : Infinity);
			ready.push(r);
			wake();
		}
	};
	for (let n = 0, all = running; n < all; n++)
		one_core(n)
			.catch((error) => {
				problem ??= error;
			})
			.finally(() => {
				running--;
				wake();
			});
	try {
		while (running > 0 || ready.length > 0) {
			const r = ready.shift();
			if (r) yield r;
			else
				await new Promise<void>((resolve) => {
					wake = resolve;
				});
			if (problem !== undefined) throw problem;
		}
	} finally {
		work.length = 0;
		await Promise.all(cores.map((c) => c?.close()));
	}
}

export interface ReplayOptions {
	scenario: string;
	model: Model;
	mutant?: string;
	config?: string;
	arch?: string;
	/** Keep the machine's state at each step. */
	states?: boolean;
}

interface Repeated {
	failure?: Failure;
	trace: TraceEvent[];
	listed: Listed;
	decoder: Decoder;
}
/** The execution of a replay string, and its failure, if it is not a clean one. */
export async function replay(text: string, o: ReplayOptions): Promise<Repeated> {
	const { schedule } = decode_schedule(text);
	const { arch = DEFAULT_ARCH } = o;
	const bundle = await stepper_bundle(o.mutant, o.config, arch);
	const core = new Core(bundle);
	try {
		const all = [...(await core.call("list")), ...(await core.call("list", [o.scenario]))];
		const s = find(all, o.scenario, arch);
		const r = await core.call("replay", { scenario: s.name, model: o.model, schedule, trace: o.states });
		if (r.diverged && !r.failure)
			throw new UserError(
				`replay string: it is of another version of the kernel or scenario (${r.diverged}); explore again`,
			);
		const sources = sources_of(bundle);
		const trace = sources.trace(r.events);
		const failure = r.failure && failure_of(sources, r.failure, trace, text, r.decoder);
		return { trace, listed: s, decoder: r.decoder, failure };
	} finally {
		await core.close();
	}
}
