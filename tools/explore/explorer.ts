// SPDX-License-Identifier: GPL-2.0-only
/**
 * The explorer, seen from outside: bundles, one worker thread for each core,
 * scenarios handed out to them, and what comes back as the report's types.
 */
import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { here } from "../../scripts/cc/program.ts";
import { objtree } from "../../scripts/lib/objtree.ts";
import { UserError } from "../replay/errors.ts";
import { mutant_bundle, stepper_tree } from "./mutant.ts";
import { build_id, decode_schedule, encode_schedule } from "./replay_string.ts";
import type { Outcome, RawEvent, Replayed, Request, SessionFailure } from "./protocol.ts";
import { name_of_access } from "./source.ts";
import type { ExploreOptions, Failure, Model, Progress, Result, TraceEvent } from "./types.ts";

export interface Listed {
	name: string;
	file: string;
	about: string;
	patch: string;
	invariant: string;
	cpus: number;
	bound?: number;
	models: Model[];
	quick: boolean;
}

/** Executions that the search for a simpler failure may take, in seconds. */
const MINIMISE_SECONDS = 20;

/** The stepper kernel as it is, or with a mutant's patch applied. */
export function stepper_bundle(mutant?: string): Promise<string> {
	return mutant ? mutant_bundle(mutant) : objtree(stepper_tree());
}

/** A kernel that dies in a scenario's set-up is the scenario's mistake, or a
 *  mutant's that is too coarse; anything else is ours. */
function problem(text: string, where: string): Error {
	if (/kernel BUG|KASAN|check failed|set-up/.test(text)) return new UserError(`the kernel fails before the first step: ${text.split("\n", 1)[0]}`);
	return Object.assign(new Error(text), { stack: where });
}

/** One core. */
class Core {
	#worker: Worker;
	#calls = new Map<number, { resolve: (v: never) => void; reject: (e: Error) => void; progress?: (p: never) => void }>();
	#next = 0;

	constructor(bundle: string) {
		this.#worker = new Worker(new URL("./worker.mjs", import.meta.url), {
			workerData: { bundle: pathToFileURL(bundle).href },
			execArgv: [],
		});
		this.#worker.on("message", ({ id, result, error, where, progress }) => {
			const call = this.#calls.get(id);
			if (progress) return call?.progress?.(progress as never);
			this.#calls.delete(id);
			if (error !== undefined) call?.reject(problem(error, where));
			else call?.resolve(result as never);
		});
		this.#worker.on("error", (error) => {
			for (const call of this.#calls.values()) call.reject(error);
			this.#calls.clear();
		});
	}
	call<T>(command: string, request?: Request, progress?: (p: Outcome & { seconds: number; estimate?: number }) => void): Promise<T> {
		const id = this.#next++;
		return new Promise<T>((resolve, reject) => {
			this.#calls.set(id, { resolve: resolve as never, reject, progress: progress as never });
			this.#worker.postMessage({ id, command, request });
		});
	}
	close(): Promise<number> {
		return this.#worker.terminate();
	}
}

export { list as scenario_list };
export async function list(mutant?: string): Promise<Listed[]> {
	const core = new Core(await stepper_bundle(mutant));
	try {
		return await core.call<Listed[]>("list");
	} finally {
		await core.close();
	}
}

/** What is to be explored, scenario by model, in the order of the results. */
export async function* explore(o: ExploreOptions, on_progress?: (p: Progress) => void): AsyncGenerator<Result> {
	const bundle = await stepper_bundle(o.mutant);
	const jobs = Math.max(1, o.jobs ?? availableParallelism());
	const first = new Core(bundle);
	const cores = [first];
	try {
		const listed = await first.call<Listed[]>("list");
		const unknown = o.scenarios.find((name) => !listed.some((s) => s.name === name));
		if (unknown !== undefined) throw new UserError(`no scenario '${unknown}'; 'spf explore --list' names them all`);
		const wanted = o.scenarios.length > 0 ? o.scenarios.map((name) => listed.find((s) => s.name === name) as Listed) : listed;
		const work = wanted.flatMap((s) =>
			(o.model ? [o.model] : s.models).map((model) => ({ s, model })),
		);
		while (cores.length < Math.min(jobs, work.length)) cores.push(new Core(bundle));
		const results: Promise<Result>[] = [];
		const settle: ((r: Promise<Result>) => void)[] = [];
		for (let i = 0; i < work.length; i++) results.push(new Promise((resolve) => settle.push(resolve)));
		for (const r of results) r.catch(() => {});
		let next = 0;
		for (const core of cores) {
			(async () => {
				while (next < work.length) {
					const i = next++;
					const done = one(core, bundle, work[i].s, work[i].model, o, on_progress);
					settle[i](done);
					await done.catch(() => {});
				}
			})();
		}
		for (const r of results) yield await r;
	} finally {
		await Promise.all(cores.map((c) => c.close()));
	}
}

/** Seconds for a search through everything, and then for each bound, unless told. */
const SECONDS = 20;

/**
 * Everything, if that ends in time; else all schedules with no preemption, with
 * one, and so on, as far as time goes: the result says how far.
 */
async function one(
	core: Core, bundle: string, s: Listed, model: Model, o: ExploreOptions, on_progress?: (p: Progress) => void,
): Promise<Result> {
	const seconds = o.seconds ?? SECONDS;
	const run = async (strategy: NonNullable<ExploreOptions["strategy"]>, bound: number | undefined, limit: number) => {
		const request: Request = { scenario: s.name, model, strategy, bound, seed: o.seed, max: o.max, seconds: limit, order: o.order };
		const outcome = await core.call<Outcome & { seconds: number }>("explore", request, (p) =>
			on_progress?.({ scenario: s.name, model, executions: p.executions, blocked: p.blocked, seconds: p.seconds, estimate: p.estimate }),
		);
		const failure = outcome.failure && (await explain(core, bundle, s, model, outcome.failure, o));
		return {
			scenario: s.name, model, mutant: o.mutant, cpus: s.cpus, executions: outcome.executions, blocked: outcome.blocked,
			bound: bound ?? null, exhausted: outcome.exhausted, strategy: strategy as string,
			failures: failure ? 1 : 0, seconds: outcome.seconds, failure,
		} satisfies Result;
	};
	if (o.strategy !== undefined || o.bound !== undefined)
		return run(o.strategy ?? "bound", o.bound, o.seconds ?? Infinity);
	const all = await run("dpor", undefined, seconds);
	if (all.exhausted || all.failure || o.max !== undefined) return all;
	let best: Result = all;
	const deadline = Date.now() + 1000 * seconds;
	for (let bound = 0; Date.now() < deadline; bound++) {
		const r = await run("bound", bound, (deadline - Date.now()) / 1000);
		if (r.failure) return r;
		if (!r.exhausted) break;
		best = { ...r, executions: r.executions + all.executions, blocked: all.blocked, seconds: r.seconds + all.seconds };
	}
	return best;
}

/** The same failure with fewest preemptions, in words. */
async function explain(
	core: Core, bundle: string, s: Listed, model: Model, found: SessionFailure, o: ExploreOptions,
): Promise<Failure> {
	let best = await replayed(core, bundle, s, model, found);
	let minimised = best.preemptions === 0;
	const deadline = Date.now() + 1000 * MINIMISE_SECONDS;
	for (let bound = 0; bound < best.preemptions && Date.now() < deadline; bound++) {
		const request: Request = { scenario: s.name, model, strategy: "bound", bound, seconds: (deadline - Date.now()) / 1000, order: o.order };
		const outcome = await core.call<Outcome & { seconds: number }>("explore", request);
		if (outcome.failure) {
			best = await replayed(core, bundle, s, model, outcome.failure);
			minimised = true;
			break;
		}
		minimised = Date.now() < deadline;
	}
	return { ...best, minimised };
}

export interface ReplayOptions {
	scenario: string;
	model: Model;
	mutant?: string;
	/** Keep the machine's state at each step. */
	states?: boolean;
}

/** The execution of a replay string; its failure has kind "none" if it is a clean one. */
export async function replay(text: string, o: ReplayOptions): Promise<{ failure?: Failure; trace: TraceEvent[] }> {
	const { schedule } = decode_schedule(text);
	const bundle = await stepper_bundle(o.mutant);
	const core = new Core(bundle);
	try {
		const listed = await core.call<Listed[]>("list");
		const s = listed.find((x) => x.name === o.scenario);
		if (!s) throw new UserError(`no scenario '${o.scenario}'; 'spf explore --list' names them all`);
		const r = await core.call<Replayed>("replay", { scenario: s.name, model: o.model, schedule, trace: o.states });
		if (r.diverged && !r.failure)
			throw new UserError(`replay string: it is of another version of the kernel or scenario (${r.diverged}); explore again`);
		const sources = new Sources(bundle);
		const trace = sources.trace(r.events);
		return { trace, failure: r.failure && failure_of(sources, r.failure, trace, text) };
	} finally {
		await core.close();
	}
}

async function replayed(core: Core, bundle: string, s: Listed, model: Model, found: SessionFailure): Promise<Failure> {
	const { schedule } = found;
	const r = await core.call<Replayed>("replay", { scenario: s.name, model, schedule });
	const sources = new Sources(bundle);
	if (!r.failure) {
		/* Of what is shared too little was known to follow it: say what there is. */
		const bare = failure_of(sources, found, [], "");
		return { ...bare, text: `${bare.text} (seen once; the schedule could not be repeated: ${r.diverged ?? "it ends well"})` };
	}
	return failure_of(sources, r.failure, sources.trace(r.events), encode_schedule(schedule, build_id(readFileSync(bundle))));
}

function failure_of(sources: Sources, f: SessionFailure, trace: TraceEvent[], replay: string): Failure {
	const where = sources.frames(f.stack).find((x) => !/kernel\/panic\.ts|explore\/scenario\.ts|linux\/bug\.ts/.test(x.file));
	const last = trace.at(-1);
	return {
		kind: f.kind as Failure["kind"],
		text: f.text,
		func: where?.func ?? last?.func ?? "",
		file: where?.file ?? last?.file ?? "",
		line: where?.line ?? last?.line ?? 0,
		trace,
		replay,
		preemptions: trace.filter((e) => e.preempts).length,
		minimised: false,
		conflict: conflict_of(f, trace),
		waits: f.waits,
	};
}

/** The access that failed and the last one of another context that it races with. */
function conflict_of(f: SessionFailure, trace: TraceEvent[]): [number, number] | undefined {
	if (f.other !== undefined && f.other >= 0 && f.other < trace.length) return [f.other, trace.length - 1];
	for (let late = trace.length - 1; late >= 0; late--) {
		const b = trace[late];
		for (let early = late - 1; early >= 0; early--) {
			const a = trace[early];
			if (a.addr !== b.addr || a.addr === 0 || (a.cpu === b.cpu && a.context === b.context)) continue;
			if (/^(read|mb|rcu|await)/.test(a.op) && /^(read|mb|rcu|await)/.test(b.op)) continue;
			if (/lock|down|up_/.test(a.op) && /lock|down|up_/.test(b.op)) continue;
			return [early, late];
		}
	}
}

interface Frame {
	func: string;
	file: string;
	line: number;
	column: number;
}

/** From places in a bundle to places in the sources. */
class Sources {
	#map: SourceMap;
	#dir: string;
	/** Where the sources are: of a mutant, its own. */
	readonly root: string;
	constructor(private readonly bundle: string) {
		const [copy] = /^.*\/build\/mutants\/[^/]+\/src(?=\/)/.exec(bundle) ?? [];
		this.root = copy ?? here();
		this.#map = new SourceMap(JSON.parse(readFileSync(`${bundle}.map`, "utf8")));
		this.#dir = dirname(bundle);
	}
	/** Innermost first, without the machine's own. */
	frames(stack: string): Frame[] {
		const out: Frame[] = [];
		for (const line of stack.split("\n")) {
			const [, func, at, row, column] = /^\s+at (?:(\S+) \()?(.*?):(\d+):(\d+)\)?$/.exec(line) ?? [];
			if (at === undefined || !at.includes(this.bundle)) continue;
			const entry = this.#map.findEntry(Number(row) - 1, Number(column) - 1) as { originalSource?: string; originalLine?: number; originalColumn?: number };
			if (!entry.originalSource) continue;
			const file = relative(this.root, resolve(this.#dir, entry.originalSource));
			if (file.startsWith("arch/host/stepper/") || file === "tools/explore/session.ts") continue;
			out.push({ func: func ?? "", file, line: (entry.originalLine ?? 0) + 1, column: (entry.originalColumn ?? 0) + 1 });
		}
		return out;
	}
	trace(events: RawEvent[]): TraceEvent[] {
		return events.map((e, step): TraceEvent => {
			const frames = this.frames(e.stack);
			/* Who uses a primitive says more than the primitive. */
			const top = frames.find((x) => !PRIMITIVES.test(x.file)) ?? frames[0];
			return {
				step,
				cpu: e.cpu,
				context: e.context_kind,
				op: e.context_kind === "buffer" ? "commit" : e.kind,
				name: top ? name_of_access(join(this.root, top.file), top.line, top.column, e.addr) : e.addr.toString(16),
				addr: e.addr,
				old: e.old,
				value: e.failed ? e.old : e.value,
				newest: e.stale ?? undefined,
				failed: e.failed,
				func: top?.func ?? "",
				file: top?.file ?? "",
				line: top?.line ?? 0,
				calls: frames.map((x) => x.func).reverse(),
				preempts: e.could_go_on,
				state: e.state as TraceEvent["state"],
			};
		});
	}
}
const PRIMITIVES = /^include\/linux\/(spinlock|rwsem|atomic|rcupdate|irqflags|mmap_lock|page_ref|refcount)\.ts|^kernel\/(locking|rcu)/;
