// SPDX-License-Identifier: GPL-2.0-only
/**
 * One exploration of one scenario, inside the bundle: sets up, lets a search
 * drive the stepper, checks each end that was not seen before, begins again
 * when more words turned out to be shared, and turns a failure into a schedule.
 */
import { boot } from "host/head.ts";
import {
	accesses,
	begin,
	type Ending,
	event_position,
	forbidden,
	is_enabled,
	pop_to,
	position_before,
	run_on,
	set_strategy,
	steps_in_earnest,
	waiting,
} from "host/engine.ts";
import { KernelPanic, machine_failure, oops, type StepperFailure } from "host/failure.ts";
import { IRQ_BEGIN, KIND_NAMES } from "host/kinds.ts";
import { on_cpu } from "host/quiet.ts";
import { adopt_sharing, forget_sharing, is_shared, shared_words, sharing } from "host/sharing.ts";
import { on_stack } from "host/stack.ts";
import {
	cpu,
	ctx_cpu,
	ctx_kind,
	ctx_state,
	ev_ctx,
	ev_kind,
	ev_val,
	ev_w,
	ev_way,
	n,
	n_ctx,
	nr_cpus,
	READY,
} from "host/state.ts";
import { changed_words, HEAP32, REGS, set_journaling, STORED, undo_mark, undo_to, WORDS } from "host/ram.ts";
import { models } from "host/models/all.ts";
import { type Model, model } from "host/models/model.ts";
import { all_oracles } from "host/oracles/all.ts";
import { type LockdepOptions, LockdepOracle, type LockOrder } from "host/oracles/lockdep.ts";
import type { Oracle } from "host/oracles/oracle.ts";
import { set_mutant } from "host/mutant.ts";
import { lock_names } from "host/model.ts";
import { cpu_leave_host, smp_handle_ipi } from "kernel/smp.ts";
import { rcu_barrier, rcu_check_callbacks, rcu_nocb_kthread, rcu_pending_callbacks } from "kernel/rcu.ts";
import { lacks, memory_models } from "asm/stepper.ts";
import { CONFIG_RCU_STEPPED } from "generated/autoconf.ts";
import { all_scenarios } from "generated/scenarios.ts";
import { page_count_of, subjects } from "./about.ts";
import { decoder } from "./decoder.ts";
import { baseline, final_check, teardown_check } from "./final.ts";
import type {
	Listed,
	Loan,
	ModelName,
	Outcome,
	Phase,
	Replayed,
	Request,
	SessionFailure,
	Sharing,
} from "../protocol.ts";
import { own_scenarios } from "./own.ts";
import { Recorder } from "./recorder.ts";
import { random_scenario } from "./random/random.ts";
import { locks_held } from "./snapshot.ts";
import { begin_case, in_case, type Scenario } from "./scenario.ts";
import { bound } from "./strategy/bound.ts";
import { dpor } from "./strategy/dpor.ts";
import { pct } from "./strategy/pct.ts";
import { random } from "./strategy/random.ts";
import { CHOICE, ORDER, order_of, replay } from "./strategy/replay.ts";
import { words } from "./strategy/words.ts";
import type { Search } from "./strategy/types.ts";

/** CPUs of the boot; the last is RCU's. */
const BOOT_CPUS = 6;

/** Each model that can be asked for is one of the machine. */
const model_of: Record<ModelName, Model> = models;
export { sharing };

export function scenarios(): Map<string, Scenario & { file: string }> {
	const all = new Map<string, Scenario & { file: string }>();
	for (const [file, group] of all_scenarios)
		for (const [name, s] of Object.entries(group)) {
			const other = all.get(name)?.file;
			if (other !== undefined) throw new Error(`scenario '${name}' is in ${other} and in ${file}`);
			all.set(name, { ...s, file });
		}
	return all;
}

/** All that are written down; or those of these names that are made from a number. */
export function list(random: readonly string[] = []): Listed[] {
	const made = random.flatMap((name) => {
		const s = random_scenario(name);
		return s ? [[name, s] as const] : [];
	});
	const listed: Iterable<readonly [string, Scenario & { file: string; operations?: number }]> =
		random.length > 0 ? made : scenarios();
	return [...listed].map(([name, s]) => ({
		name,
		file: s.file,
		about: s.about,
		patch: s.patch,
		invariant: s.invariant,
		cpus: s.cpus.length,
		models: memory_models.filter((m) => s.models?.includes(m) ?? true),
		configs: s.configs ?? [],
		only: s.only === true,
		lacks: s.needs?.map(lacks).find((why) => why !== undefined),
		quick: s.quick === true,
		operations: s.operations,
	}));
}

export function session_options(r: Request): SessionOptions {
	set_mutant(r.mutant ?? 0);
	const search = () =>
		r.schedule
			? replay(r.schedule)
			: r.strategy === "bound"
				? bound(r.bound ?? 2, r.loan)
				: r.strategy === "pct"
					? pct(r.seed ?? 1, 3)
					: r.strategy === "random"
						? random(r.seed ?? 1)
						: dpor(r.commons, r.loan);
	return {
		scenario: r.scenario,
		model: r.model,
		search,
		order: order_of(r.schedule) ?? r.order,
		oracles: r.oracles,
		keep: r.keep,
		sharing: r.sharing,
		together: r.together,
		runs: r.runs,
		spent: r.spent,
	};
}

/**
 * One execution along a schedule, with all that happens in it. The first runs
 * find out which words are shared; the last one is written down.
 */
export function replay_schedule(r: Request): Replayed {
	const schedule = r.schedule as number[][];
	let last: ReturnType<typeof replay> | undefined;
	const options = session_options(r);
	const session = new Session({
		...options,
		seen: r.seen,
		traced: true,
		search: () => (last = replay(schedule)),
	});
	const once = (): Replayed => {
		const recorder = (session.recorder = new Recorder(r.trace === true, session.recorder?.accesses));
		recorder.start();
		session.again();
		session.slice(Infinity, 1);
		recorder.stop();
		const { failure } = session.outcome;
		/* How a check looked at what is wrong is not the story of it. */
		const told = failure?.at?.phase === "run" || failure?.text.startsWith("check failed:");
		/* What busy-wait loops have tried in vain since says nothing. */
		const story = failure?.kind === "deadlock" ? failure.event : undefined;
		const events = recorder.trace(failure !== undefined && !told).slice(0, story);
		return { failure, events, diverged: last?.diverged(), decoder: decoder() };
	};
	let replayed = once();
	for (let known = -1, turn = 0; !(known === shared_words() && session.recorder?.whole) && turn < 12; turn++) {
		known = shared_words();
		replayed = once();
	}
	return watched(replayed, once);
}
/**
 * Once more, with each access to the words that the failure is about: where
 * only one context uses them, they are no steps. That may change what a store
 * buffer holds, so that another failure comes, or none: then without.
 */
function watched(replayed: Replayed, once: () => Replayed): Replayed {
	const words = (replayed.failure?.about ?? []).map((s) => s.addr >> 2).filter((w) => !is_shared(w));
	if (words.length === 0) return replayed;
	const known = sharing();
	adopt_sharing({ ...known, shared: Int32Array.of(...known.shared, ...words) });
	const again = once();
	if (again.failure?.text === replayed.failure?.text) return again;
	adopt_sharing(known);
	return replayed;
}
/**
 * One execution along a schedule in words (strategy/words.ts), for unit tests:
 * "passes", or what fails. All that the scenario shares is known beforehand.
 */
export function run_words(scenario: string, model: ModelName, text: string): { ends: string; unmet?: string } {
	const scout = new Session(session_options({ scenario, model, max: 200 }));
	scout.slice(Infinity, 200);
	let last: ReturnType<typeof words> | undefined;
	const session = new Session({
		...session_options({ scenario, model }),
		keep: true,
		search: () => (last = words(text)),
	});
	session.slice(Infinity, 1);
	const f = session.outcome.failure;
	return { ends: f ? `${f.kind}: ${f.text}` : "passes", unmet: last?.unmet() };
}
/**
 * In which order the programs of a scenario take locks, in so many executions from those without a preemption on:
 * for the test that compares it with what is written down.
 */
export function lock_orders(scenario: string, runs: number): LockOrder[] {
	const session = new Session({
		...session_options({ scenario, model: "sc", strategy: "bound", bound: 1 }),
		keep: true,
		unchecked: true,
		runs,
	});
	session.slice(Infinity);
	return session.lock_orders();
}
export interface SessionOptions {
	scenario: string;
	model: ModelName;
	search: () => Search;
	/** Programs in the order in which they are listed to the search. */
	order?: number[];
	oracles?: boolean;
	/** What the session before has found to be shared stays so. */
	keep?: boolean;
	/** What is shared is this. */
	sharing?: Sharing;
	/** Other cores search as well: all of them begin again. */
	together?: boolean;
	/** The orders of locks that are known. */
	seen?: LockdepOptions["seen"];
	/** Remember where locks are taken. */
	traced?: boolean;
	/** Ends are not looked at. */
	unchecked?: boolean;
	/** Hears what begins: the boot, the set-up, the programs. */
	phase?: (begins: "boot" | "setup" | "run") => void;
	/** Ends, with what was not looked at left, after so many executions, those cut off included; */
	runs?: number;
	/** they are counted here, if other cores make some of them. The explorer's own memory, not the kernel's. */
	spent?: Int32Array;
}

export class Session {
	readonly scenario: Scenario;
	readonly outcome: Outcome = { executions: 0, blocked: 0, total: 0, exhausted: false };
	private search: Search;
	private seen = new Set<number>();
	private console: string[] = [];
	private known = -1;
	private started = false;
	private over = false;
	private runs = 0;
	private oracles: Oracle[];
	/** Of a replay. */
	recorder?: Recorder;

	constructor(readonly options: SessionOptions) {
		const { scenario: name } = options;
		const scenario = scenarios().get(name) ?? own_scenarios.get(name) ?? random_scenario(name);
		if (!scenario) throw new RangeError(`no scenario '${name}'`);
		this.scenario = scenario;
		this.oracles = options.oracles === false ? [] : all_oracles(options);
		if (options.sharing) adopt_sharing(options.sharing);
		else if (!options.keep) forget_sharing();
		this.search = options.search();
	}

	/** RAM as it is before the first step of any CPU. */
	private set_up(): Ending | undefined {
		set_journaling(false);
		this.options.phase?.("boot");
		boot(BOOT_CPUS, (text) => this.console.push(text));
		this.recorder?.booted();
		const cpus = this.scenario.cpus.length;
		for (let cpu = 0; cpu < cpus; cpu++) on_cpu(cpu, cpu_leave_host);
		if (CONFIG_RCU_STEPPED) on_cpu(nr_cpus - 1, cpu_leave_host);
		begin_case("");
		on_cpu(0, baseline);
		this.options.phase?.("setup");
		if (this.scenario.setup) on_cpu(0, this.scenario.setup);
		this.quiesce();
		for (const [p, name] of lock_names) for (const o of this.oracles) o.name?.(p, name);
		set_journaling(true);
		this.options.phase?.("run");
		if (this.recorder) this.recorder.phase = "run";
		const order = this.options.order ?? this.scenario.cpus.map((_, i) => i);
		return begin({
			programs: order.map((cpu) => ({ cpu, fn: this.scenario.cpus[cpu] })),
			handler: smp_handle_ipi,
			rcu: CONFIG_RCU_STEPPED ? rcu_nocb_kthread : undefined,
			model: model_of[this.options.model],
			strategy: this.search,
			oracles: this.oracles,
		});
	}

	/** Invokes RCU's callbacks. */
	private quiesce(): void {
		if (CONFIG_RCU_STEPPED) on_cpu(nr_cpus - 1, rcu_barrier);
		/* One may queue another, which needs a grace period of its own. */ else
			for (let cpu = 0; cpu < nr_cpus && rcu_pending_callbacks() > 0; cpu++)
				for (let turn = 0; turn < 3; turn++) on_cpu(cpu, rcu_check_callbacks);
	}

	/** Begins again, with what is known of shared words. */
	again(): void {
		this.over = this.started = false;
		this.runs = 0;
		this.seen.clear();
		this.outcome.failure = undefined;
		this.search = this.options.search();
		this.outcome.executions = this.outcome.blocked = 0;
	}

	/** Explores for about so many ms; true when there is nothing left to do. */
	slice(ms: number, max = Infinity): boolean {
		const end = performance.now() + ms;
		const o = this.outcome;
		const { spent, runs = Infinity } = this.options;
		if (spent && Atomics.load(spent, 0) >= runs) {
			this.over = true;
			return true;
		}
		if (this.search.nothing) {
			this.over = o.exhausted = true;
			return true;
		}
		while (!this.over) {
			const ending = this.started ? run_on() : this.start();
			this.finish(ending);
			if (this.over || o.executions >= max) return true;
			if (performance.now() > end) return false;
		}
		return true;
	}

	private start(): Ending | SessionFailure {
		this.started = true;
		this.known = shared_words();
		try {
			return this.set_up() ?? run_on();
		} catch (error) {
			return this.explained(panic_of(error, "setup", `before the first step${in_case()}: `));
		}
	}

	private finish(ending: Ending | SessionFailure): void {
		const o = this.outcome;
		if (typeof ending === "object") {
			o.failure = ending;
			this.over = true;
			return;
		}
		o.total++;
		if (ending === "blocked") o.blocked++;
		else o.executions++;
		let failure: SessionFailure | undefined;
		if (ending === "failed") failure = this.failed(machine_failure() as StepperFailure);
		else if (ending === "deadlock")
			failure = this.failed({
				kind: "deadlock",
				text: "all CPUs wait",
				stack: "",
				context: -1,
				event: steps_in_earnest(),
			});
		else if (ending === "complete") failure = this.check_end();
		if (shared_words() !== this.known && this.search.name !== "replay") {
			/* What was no step is one: begin again, with that known. A failure
			 * will be there again, and only then can it be repeated. */
			if (this.options.together) {
				o.grew = sharing();
				this.over = true;
				return;
			}
			this.seen.clear();
			o.executions = o.blocked = this.runs = 0;
			this.search = this.options.search();
			this.started = false;
			return;
		}
		const { spent, runs = Infinity } = this.options;
		this.runs = spent ? Atomics.add(spent, 0, 1) + 1 : this.runs + 1;
		/* What the memory model forbids was no failure. */
		if (failure && forbidden() === undefined) {
			o.failure = failure;
			this.over = true;
			return;
		}
		if (!this.search.next()) {
			o.exhausted = this.search.exhaustive;
			this.over = true;
		} else if (this.runs >= runs) this.over = true;
	}

	/** Another part of the same search, or `afresh` the whole of it, from the beginning of an execution on. */
	resume(search: Search, afresh = false): void {
		if (afresh) this.seen.clear();
		pop_to(0);
		set_strategy(search);
		this.search = search;
		this.over = false;
		Object.assign(this.outcome, { executions: 0, blocked: 0, total: 0, exhausted: false });
	}
	/** A part of what is left, for another core. */
	lend(): Loan | undefined {
		return this.started && !this.over ? this.search.lend?.() : undefined;
	}
	/** All accesses so far, those of programs that are run again included. */
	get accesses(): number {
		return accesses;
	}
	lock_orders(): LockOrder[] {
		return this.oracles.flatMap((o) => (o instanceof LockdepOracle ? o.orders_seen() : []));
	}
	get estimate(): number | undefined {
		return this.search.estimate(this.outcome.executions);
	}

	/** The oracle at the end; what it says depends on the final state only. */
	private check_end(): SessionFailure | undefined {
		if (this.options.unchecked) return;
		const hash = final_state();
		if (this.seen.has(hash)) return;
		this.seen.add(hash);
		const mark = undo_mark();
		if (this.recorder) this.recorder.phase = "check";
		try {
			this.quiesce();
			on_cpu(0, final_check);
			if (this.scenario.check) on_cpu(0, this.scenario.check);
			on_cpu(0, teardown_check);
		} catch (error) {
			/* Unless it is none, and another execution may end like this. */
			this.seen.delete(hash);
			return this.failed(panic_of(error, "check", "after all programs have ended: "));
		}
		undo_to(mark);
	}

	private failed(f: StepperFailure): SessionFailure {
		const waits = [];
		for (let c = 0; c < n_ctx && f.kind === "deadlock"; c++) {
			if (ctx_state[c] !== READY || ctx_kind[c] === "buffer" || is_enabled(c)) continue;
			const { kind, w } = waiting(c);
			/* Nobody waits for the thread that waits for callbacks. */
			if (kind === "rcu_take") continue;
			const holding = [...ctx_cpu.keys()].filter(
				(t) => t < n_ctx && locks_held(t).some((h) => h.p === w * 4),
			);
			const holders = new Set(holding.map((t) => `CPU${ctx_cpu[t]}`));
			waits.push({
				cpu: ctx_cpu[c],
				context: ctx_kind[c],
				for: w < 0 ? kind : `${kind} ${lock_names.get(w * 4) ?? (w * 4).toString(16)}`,
				holder: w >= 0 && holders.size > 0 ? [...holders].join(", ") : undefined,
			});
		}
		const { order } = this.options;
		const c = f.context;
		const at = c < 0 ? undefined : { cpu: ctx_cpu[c], context: ctx_kind[c], phase: "run" as const };
		const switches = [...(order ? [[ORDER, ...order]] : []), ...schedule(f)];
		return this.explained({ at, ...f, schedule: switches, order, waits, console: this.console.slice(-20) });
	}

	/** Locks that those hold who have to do with it. A race is told from what is locked beside it. */
	private held(f: StepperFailure): number[] {
		const held = (c: number) => locks_held(c).map((h) => h.p);
		if (f.kind === "deadlock") return Array.from({ length: n_ctx }, (_, c) => c).flatMap(held);
		return f.context < 0 ? [] : held(f.context);
	}
	/** What only the machine can say of it, as it is now. */
	private explained(f: Omit<SessionFailure, "memory" | "seen"> & StepperFailure): SessionFailure {
		const r = this.recorder;
		const seen = f.seen as SessionFailure["seen"];
		/* Nobody has written down which memory that is. */
		if (!r) return { ...f, seen, memory: undefined };
		const left = /\bslab objects? (is|are) left\b/.test(f.text)
			? "slab"
			: /\bpages? (is|are) lost\b/.test(f.text)
				? "pages"
				: undefined;
		const leaked = left && r.leaked(left);
		/* Of a page that is left over the references are asked for. */
		const pages = (leaked ?? []).filter((x) => x.cache === undefined).slice(0, 2);
		const about = on_cpu(0, () => [
			...subjects(f.text, this.held(f)),
			...pages.map((x) => page_count_of(x.start)),
		]);
		return { ...f, seen, about, memory: f.memory && r.bad_access(f.memory), leaked };
	}
}

/** What ended a phase in which nobody explores. What a check says needs no `where`. */
function panic_of(error: unknown, phase: Phase, where: string): SessionFailure & StepperFailure {
	const at = { cpu, context: "task", phase } as const;
	const none = { context: -1, at, event: n, schedule: [], console: [] };
	if (!(error instanceof KernelPanic)) {
		const f = oops(error);
		return { ...none, ...f, text: where + f.text };
	}
	/* Its message has a line of text, then the stack. */
	const [text] = error.message.split("\n", 1);
	const check = text.startsWith("check failed:");
	return {
		...none,
		kind: check ? "check" : error.kind,
		text: check ? text : where + text,
		stack: error.message.slice(text.length + 1),
		memory: error.memory,
		at: { ...at, cpu: error.cpu },
	};
}

/** Switches of the execution that just ended; what came after the failure was only to show it. */
function schedule(f: StepperFailure): number[][] {
	const out: number[][] = [];
	/* What is in the buffers before the first step: how far everybody comes without one. */
	for (let c = 0; model.buffers && c < n_ctx; c++) {
		const first = ctx_kind[c] === "task" ? position_before(c, 0, f.event) : 0;
		if (first > 0) out.push([c, first]);
	}
	for (let e = 0; e < f.event; ) {
		const c = ev_ctx[e];
		let end = e + 1;
		while (end < f.event && ev_ctx[end] === c && !(ctx_kind[c] === "irq" && ev_kind[end] === IRQ_BEGIN))
			end++;
		/* The last store that left the buffer; or where it stood when another one went on: before its next step. */
		const last = model.stored(end - 1);
		out.push(ctx_kind[c] === "buffer" ? [c, last.by, last.at] : [c, position_before(c, end, f.event)]);
		e = end;
	}
	for (let e = 0; e < f.event; e++)
		if (ev_way[e] > 0) out.push([CHOICE, ev_ctx[e], event_position(e), ev_way[e]]);
	if (f.context >= 0 && (out.length === 0 || out[out.length - 1][0] !== f.context)) out.push([f.context, -1]);
	return out;
}

const stamp = new Int32Array(WORDS);
let stamps = 0;
/** Of all that differs from before the first step, whichever way it came. */
function final_state(): number {
	const now = ++stamps;
	let h1 = 0;
	let h2 = 0;
	changed_words((w, old) => {
		if ((w >= REGS && w < STORED) || stamp[w] === now) return;
		stamp[w] = now;
		const v = HEAP32[w];
		/* Stacks hold what is left of calls that are over. */
		if (v === old || on_stack(w)) return;
		let h = Math.imul(w ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(v, 0xc2b2ae35);
		h ^= h >>> 15;
		h = Math.imul(h, 0x27d4eb2f);
		h1 = (h1 + h) | 0;
		h2 = (h2 + Math.imul(h ^ (h >>> 13), 0x165667b1)) | 0;
	});
	return (h1 >>> 0) * 2097152 + (h2 >>> 11);
}

/** The events of the execution that ended last, one line each: for debugging. */
export function last_events(from = 0): string[] {
	const out: string[] = [];
	for (let e = from; e < n; e++)
		out.push(
			`${e} ${ctx_kind[ev_ctx[e]]}${ctx_cpu[ev_ctx[e]]} ${KIND_NAMES[ev_kind[e]]} ${(ev_w[e] * 4).toString(16)} ${ev_val[e]} @${event_position(e) / 8192}`,
		);
	return out;
}
