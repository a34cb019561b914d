// SPDX-License-Identifier: GPL-2.0-only
/**
 * The engine of the stepper: makes steps, and takes them back.
 *
 * A context (state.ts) runs until its next *step*; there the strategy says who
 * goes on. Another context is reached by throwing SWITCH, which unwinds the
 * running one; when its turn comes it is run again from its start, answered
 * from its log, up to the step it stood before.
 *
 * Steps that were made are *events*. Each keeps what is needed to take it back,
 * so that the next execution begins where it departs from the last one, not at
 * the start. Events carry a vector clock of the order that matters (who touched
 * the same place before), for the strategies.
 */
import { turn_depends, turn_ended_by, turn_is_news } from "./await.ts";
import { assert, FAILED, fail, forget_failure, machine_failure, note_failure, oops, SWITCH } from "./failure.ts";
import {
	ACQ,
	ANSWER,
	AWAIT,
	BULK,
	GP_END,
	GP_START,
	IRQ_BEGIN,
	IRQ_OFF,
	is_ordered,
	is_total,
	KIND_NAMES,
	PARK,
	R,
	RACQ,
	RCU_UNLOCK,
	TAKE,
} from "./kinds.ts";
import {
	enter_context,
	enter_cpu,
	type Log,
	log_is_whole,
	log_length,
	make_log,
	position,
	stop_before,
} from "./log.ts";
import { met, type Model, model, set_model } from "./models/model.ts";
import { type Oracle, set_oracles, watch } from "./oracles/oracle.ts";
import { HEAP32, poke, REGS, undo_mark, undo_to, WORD_TO_PAGE } from "./ram.ts";
import { bulked, set_stop, shared_words, touch } from "./sharing.ts";
import {
	add_context,
	await_known,
	await_turn,
	buffer_contexts,
	bulk_head,
	clock,
	cpu,
	ctx_base,
	ctx_cpu,
	ctx_kind,
	ctx_last,
	ctx_len,
	ctx_pos,
	ctx_state,
	ctx_top,
	cur,
	DONE,
	ev_base,
	ev_before,
	ev_bulk,
	ev_choice,
	ev_choices,
	ev_ctx,
	ev_kind,
	ev_len,
	ev_page,
	ev_page_prev,
	ev_pendk,
	ev_pos,
	ev_prev,
	ev_seq,
	ev_undo,
	ev_val,
	ev_w,
	ev_way,
	head,
	IDLE,
	IN_VAIN,
	irq_contexts,
	MAX_CTX,
	n,
	n_ctx,
	n_tasks,
	no_contexts,
	nr_cpus,
	page_head,
	parked_value,
	pend_kind,
	pend_w,
	pre,
	READY,
	REG_GP,
	REG_IN_VAIN,
	REG_IPI,
	REG_IRQ,
	REG_IRQ_ACTIVE,
	REG_IRQ_OFF,
	REG_QUEUE,
	runs,
	set_events,
	step_limit,
	STUCK,
} from "./state.ts";

/* ---- who says what happens, and who looks on ---- */

export interface Strategy {
	/** Who makes the next step: a bit of `enabled`; -1 ends the execution here. */
	pick(enabled: number, running: number): number;
	/** Event e was made. */
	recorded(e: number): void;
	/** Which of n values a weak memory model may return. */
	choose(n: number): number;
	/** It wants to choose among all values, those that another order of steps gives, too. */
	all_ways?: boolean;
	/** Position of context c that is to be a step, whatever it touches; see door.ts. */
	stop?(c: number): number;
}
let strategy: Strategy;

/** Writes down what happens. */
export interface Tracer {
	/** Event e was made; where the code is can be asked from the stack now. */
	event(e: number, old: number, value: number, stale: number): void;
	/** A store is kept back in a buffer, as ev_store will name it; its event comes later. */
	stored?(store: number): void;
}
export let tracer: Tracer | undefined;
export function set_tracer(t: Tracer | undefined): void {
	tracer = t;
}

/* ---- who may go on ---- */

/** The context that runs has been told to make its step. */
export let granted = false;
/** Contexts are on the way to their first steps. */
let arriving = false;
/** Who goes on when the running context has been left; -1: nobody, -2: ask. */
let next_ctx = -1;
const ctx_log: Log[] = [];
const ctx_fn: (() => void)[] = [];

/** The busy-wait loop of c goes on; or it may have looked at a word that was only found to be shared since. */
export function await_over(c: number): boolean {
	return shared_words() !== await_known[c] || turn_is_news(c);
}
export function is_enabled(c: number): boolean {
	if ((buffer_contexts & (1 << c)) !== 0) return model.buffered(c);
	if (ctx_state[c] >= DONE) return false;
	const at = ctx_cpu[c];
	if ((irq_contexts & (1 << c)) !== 0) {
		if (ctx_state[c] === IDLE)
			return (
				HEAP32[REG_IPI + at] !== 0 &&
				HEAP32[REG_IRQ_OFF + at] === 0 &&
				HEAP32[REG_IRQ_ACTIVE + at] === 0
			);
	} else if (HEAP32[REG_IRQ_ACTIVE + at] !== 0) return false;
	const w = pend_w[c];
	const k = pend_kind[c];
	if (!model.enabled(c, k)) return false;
	switch (k) {
		case ACQ:
			return HEAP32[w] === 0;
		case RACQ:
			return (HEAP32[w] & 1) === 0;
		case GP_END:
			return HEAP32[REG_GP + c] === 0;
		case TAKE:
			return HEAP32[REG_QUEUE] !== 0;
		case AWAIT:
			return await_over(c);
		case PARK:
			return HEAP32[w] !== parked_value[c];
		case ANSWER: {
			/* Its own question may still be in its store buffer. */
			const v = model.view(c, w, false);
			return v !== undefined && v !== parked_value[c];
		}
	}
	return true;
}

function enabled_contexts(): number {
	let mask = 0;
	for (let c = 0, all = n_ctx; c < all; c++) if (is_enabled(c)) mask |= 1 << c;
	return mask !== 0 ? mask : last_resort();
}
/** Nobody can go on: the busy-wait loop that was not looked after for longest may go round without news. */
function last_resort(): number {
	let oldest = -1;
	if (HEAP32[REG_IN_VAIN] >= IN_VAIN) return 0;
	for (let c = 0; c < n_ctx; c++) {
		if (ctx_state[c] === STUCK) return 0;
		if (ctx_state[c] !== READY || pend_kind[c] !== AWAIT) continue;
		if (ctx_kind[c] !== "irq" && HEAP32[REG_IRQ_ACTIVE + ctx_cpu[c]] !== 0) continue;
		if (oldest < 0 || ctx_last[c] < ctx_last[oldest]) oldest = c;
	}
	return oldest < 0 ? 0 : 1 << oldest;
}
/** Steps before nobody could go on any more. */
export function steps_in_earnest(): number {
	return HEAP32[REG_IN_VAIN] > 0 ? HEAP32[REG_IN_VAIN + 1] : n;
}

/** Asks the strategy; store buffers move on without a context being run. */
function pick(): number {
	for (;;) {
		const enabled = enabled_contexts();
		const c = strategy.pick(enabled, cur);
		assert(c < 0 || (enabled & (1 << c)) !== 0, "who is picked can go on");
		if (c < 0 || (buffer_contexts & (1 << c)) === 0) return c;
		model.commit(c);
	}
}

/** The running context is before a step. Returns when it may make it. */
export function step(kind: number, w: number): void {
	if (granted) {
		granted = false;
		return;
	}
	pend_kind[cur] = kind;
	pend_w[cur] = w;
	ctx_state[cur] = READY;
	ctx_len[cur] = log_length();
	ctx_pos[cur] = position();
	if (!arriving) {
		next_ctx = pick();
		if (next_ctx === cur) {
			next_stop();
			return;
		}
	}
	throw SWITCH;
}
/** It goes on: to where a schedule says. */
function next_stop(): void {
	if (strategy.stop) stop_before(strategy.stop(cur));
}
/**
 * The running context is where a schedule says that another one goes on, which is
 * no step: what it does next stays its own, and makes no event.
 */
function stop_here(): void {
	pend_kind[cur] = R;
	pend_w[cur] = -1;
	ctx_state[cur] = READY;
	ctx_len[cur] = log_length();
	ctx_pos[cur] = position();
	if (!arriving) {
		next_ctx = pick();
		if (next_ctx === cur) {
			next_stop();
			return;
		}
	}
	stopped[cur] = 1;
	throw SWITCH;
}
/** Contexts that stand before an access that is no step: the next one that is, is to be asked for. */
const stopped = new Uint8Array(MAX_CTX);

/** The running context stops for good; the execution will not count. */
export function get_stuck(): never {
	ctx_state[cur] = STUCK;
	next_ctx = pick();
	throw SWITCH;
}
/** Which of so many values, where the memory model has more than one; of those but the first only what is `needed`. */
export function choose(count: number, needed: (way: number) => boolean): number {
	if (count <= 1) return 0;
	ways.length = 1;
	for (let i = 1; i < count; i++) if (all_ways() || needed(i)) ways.push(i);
	ev_choices[n] = ways.length;
	ev_choice[n] = strategy.choose(ways.length);
	return (ev_way[n] = ways[ev_choice[n]]);
}
const ways = [0];
/** The same of two, of which it is not known yet whether there is a second: see ev_choices. */
export function choose_early(): number {
	return (ev_choice[n] = ev_way[n] = strategy.choose(1));
}
export function all_ways(): boolean {
	return strategy.all_ways === true;
}

/** Opens event n: what happens from here on is undone with it. */
export function open(c: number): void {
	assert(c !== cur || log_is_whole(), "a step is made where the context's log ends");
	if (n >= step_limit) fail("limit", `${step_limit} steps without an end`);
	ev_undo[n] = undo_mark();
	assert(n === 0 || ev_undo[n] >= ev_undo[n - 1], "an event takes back what came after the one before");
	ev_len[n] = c === cur ? log_length() : 0;
	ev_pos[n] = c === cur ? position() : 0;
	ev_base[n] = ctx_base[c];
	ev_choice[n] = 0;
	ev_choices[n] = 1;
	ev_way[n] = 0;
	model.open(n);
	for (const o of watch.open) o.open(n);
}

/** Into the clock that begins there: what has happened before event e, and e. */
export function join(into: number, e: number): void {
	const from = e * MAX_CTX;
	for (let i = 0, all = n_ctx; i < all; i++) {
		const time = clock[from + i];
		if (time > clock[into + i]) clock[into + i] = time;
	}
}

/** Closes event n as what it turned out to be. */
export function close(c: number, kind: number, w: number, val: number): number {
	const e = n;
	set_events(e + 1);
	const at = e * MAX_CTX;
	const before = ctx_last[c];
	ev_ctx[e] = c;
	ev_kind[e] = kind;
	ev_pendk[e] = pend_kind[c];
	ev_w[e] = w;
	ev_val[e] = val;
	ev_before[e] = before;
	const all = n_ctx;
	if (before >= 0) {
		for (let i = 0, from = before * MAX_CTX; i < all; i++) pre[i] = clock[at + i] = clock[from + i];
		ev_seq[e] = ev_seq[before] + 1;
	} else {
		for (let i = 0; i < all; i++) pre[i] = clock[at + i] = 0;
		ev_seq[e] = 1;
	}
	ctx_last[c] = e;
	if (w >= 0) {
		ev_prev[e] = head[w];
		const count = model.meets(e);
		if (count < 0) {
			for (let x = head[w]; x >= 0; x = ev_prev[x]) {
				const k = ev_kind[x];
				if (is_ordered(kind, k)) {
					join(at, x);
					if (is_total(k)) break;
				}
				/* What its like comes after has happened before that, and so before this. */
				if (k === kind && pre[ev_ctx[x]] >= ev_seq[x]) break;
			}
		}
		for (let i = 0; i < count; i++) if (is_ordered(kind, ev_kind[met[i]])) join(at, met[i]);
		head[w] = e;
	} else ev_prev[e] = -1;
	const page =
		kind === BULK ? val : w >= 0 && w < REGS && bulked[w >> WORD_TO_PAGE] !== 0 ? w >> WORD_TO_PAGE : -1;
	ev_page[e] = page;
	if (page >= 0) {
		const bulk = bulk_head[page];
		if (bulk >= 0) join(at, bulk);
		if (kind === BULK) for (let x = page_head[page]; x > bulk; x = ev_page_prev[x]) join(at, x);
		ev_bulk[e] = bulk;
		if (kind === BULK) bulk_head[page] = e;
		ev_page_prev[e] = page_head[page];
		page_head[page] = e;
	}
	if (kind >= AWAIT) join_special(c, e, kind, w);
	model.order(c, e, kind);
	assert(clock[at + c] < ev_seq[e], "a context's own clock goes up by its events");
	clock[at + c] = ev_seq[e];
	strategy.recorded(e);
	return e;
}

/** Orders that are not between two accesses of one place. */
function join_special(c: number, e: number, kind: number, w: number): void {
	const at = e * MAX_CTX;
	if (kind === AWAIT) {
		const ended = turn_ended_by(e);
		if (ended >= 0) join(at, ended);
	} else if (kind === GP_END) {
		/* After the end of each section that had begun. */
		let start = ev_before[e];
		while (start >= 0 && ev_kind[start] !== GP_START) start = ev_before[start];
		if (start < 0) return;
		let left = ev_val[start] | 0;
		for (let x = start + 1; x < e && left !== 0; x++) {
			if (ev_kind[x] === RCU_UNLOCK && (left & (1 << ev_ctx[x])) !== 0) {
				left &= ~(1 << ev_ctx[x]);
				join(at, x);
			}
		}
	} else if (kind === TAKE) {
		let first = -1;
		for (let x = head[w]; x >= 0; x = ev_prev[x]) {
			if (x === e) continue;
			if (ev_kind[x] === TAKE) break;
			first = x;
		}
		if (first >= 0) join(at, first);
	} else if (kind === IRQ_BEGIN) {
		const sender = HEAP32[REG_IPI + ctx_cpu[c]] - 2;
		if (sender >= 0 && sender < e) join(at, sender);
	} else if (kind === IRQ_OFF) {
		const irq = c < n_tasks ? n_tasks + c : ctx_kind[c] === "rcu" ? c + 1 : -1;
		if (irq >= 0 && ctx_last[irq] >= 0) join(at, ctx_last[irq]);
	}
}

/** Takes back all events from the d-th on. */
export function pop_to(d: number): void {
	if (d >= n) return;
	assert(d >= 0, "events are counted from 0");
	for (let e = n - 1; e >= d; e--) {
		const c = ev_ctx[e];
		const w = ev_w[e];
		if (w >= 0) head[w] = ev_prev[e];
		if (ev_page[e] >= 0) {
			page_head[ev_page[e]] = ev_page_prev[e];
			bulk_head[ev_page[e]] = ev_bulk[e];
		}
		assert(ctx_last[c] === e, "a context's last event is taken back first");
		ctx_last[c] = ev_before[e];
		pend_kind[c] = ev_pendk[e];
		pend_w[c] = ev_kind[e] === BULK ? -1 - ev_page[e] : w;
		ctx_len[c] = ev_len[e];
		ctx_pos[c] = ev_pos[e];
		ctx_base[c] = ctx_top[c] = ev_base[e];
		ctx_state[c] = ev_kind[e] === IRQ_BEGIN ? IDLE : READY;
		if (ev_kind[e] === PARK || ev_kind[e] === ANSWER) parked_value[c] = ev_val[e];
		if (ev_kind[e] === AWAIT) await_turn[c] = ev_val[e];
	}
	undo_to(ev_undo[d]);
	model.pop_to(d);
	for (const o of watch.pop_to) o.pop_to(d);
	set_events(d);
}

/** Where context c stood before its first step from event `from` on; -1: at its end, which is event `end`. */
export function position_before(c: number, from: number, end = n): number {
	for (let e = from; e < n; e++) if (ev_ctx[e] === c) return ev_kind[e] === IRQ_BEGIN ? -1 : ev_pos[e];
	/* Whose failure it is runs to it, if nobody came before. */
	return ctx_state[c] === READY && (machine_failure()?.context !== c || from < end) ? ctx_pos[c] : -1;
}
export function is_arriving(): boolean {
	return arriving;
}
/** Where context c stands now. */
export function standing(c: number): number {
	return ctx_pos[c];
}
export function event_position(e: number): number {
	return ev_pos[e];
}

/* ---- running ---- */

/** Accesses of all contexts, those that were answered from the log included. */
export let accesses = 0;

/** Runs context c from its start: through its log, then its steps. */
function resume(c: number): void {
	runs(c, ctx_cpu[c]);
	for (const o of watch.resume) o.resume(c);
	if (ctx_kind[c] === "irq" && ctx_state[c] === IDLE) {
		ctx_base[c] = ctx_top[c];
		enter_context(c, cpu, true, ctx_log[c], ctx_base[c], ctx_base[c]);
		touch(REG_IRQ + cpu, true);
		open(c);
		pend_kind[c] = IRQ_BEGIN;
		pend_w[c] = REG_IRQ + cpu;
		close(c, IRQ_BEGIN, REG_IRQ + cpu, 0);
		poke(REG_IRQ_ACTIVE + cpu, 1);
		ctx_state[c] = READY;
		tracer?.event(n - 1, 0, 0, -1);
		granted = false;
	} else {
		enter_context(c, cpu, ctx_kind[c] === "irq", ctx_log[c], ctx_base[c], ctx_len[c]);
		granted = !arriving && stopped[c] === 0;
		stopped[c] = 0;
	}
	stop_before(strategy.stop?.(c) ?? -1);
	try {
		ctx_fn[c]();
	} catch (error) {
		accesses += log_length();
		if (error === SWITCH || error === FAILED) return;
		note_failure({ ...oops(error), context: cur });
		return;
	}
	accesses += log_length();
	finished(c);
}

function finished(c: number): void {
	for (const o of watch.end) {
		const objection = o.end(c);
		if (objection === undefined) continue;
		note_failure({ ...objection, stack: "", context: c });
		return;
	}
	if (ctx_kind[c] === "irq") {
		poke(REG_IRQ_ACTIVE + cpu, 0);
		ctx_state[c] = IDLE;
		pend_kind[c] = IRQ_BEGIN;
		pend_w[c] = REG_IRQ + cpu;
		ctx_top[c] = log_length();
	} else ctx_state[c] = DONE;
	next_ctx = -2;
}

/** What the execution so far breaks, if the memory model has no such execution. */
export function forbidden(): string | undefined {
	return model.forbidden();
}

export type Ending = "complete" | "blocked" | "deadlock" | "failed";

/** Goes on from where we are to the end of an execution. */
export function run_on(): Ending {
	forget_failure();
	next_ctx = -2;
	runs(-1, cpu);
	for (;;) {
		if (next_ctx === -2) {
			try {
				next_ctx = pick();
			} catch (error) {
				if (error !== FAILED) throw error;
			}
		}
		if (machine_failure()) break;
		if (next_ctx < 0) break;
		const c = next_ctx;
		next_ctx = -1;
		resume(c);
		if (machine_failure()) break;
	}
	enter_cpu(0, false);
	runs(-1, cpu);
	if (machine_failure()) return "failed";
	if (enabled_contexts() !== 0) return "blocked";
	for (let c = 0; c < n_ctx; c++) if (ctx_state[c] === STUCK) return "blocked";
	for (let c = 0; c < n_ctx; c++)
		if (ctx_state[c] === READY && ctx_kind[c] !== "buffer" && pend_kind[c] !== TAKE) return "deadlock";
	return "complete";
}

export interface Setup {
	programs: { cpu: number; fn: () => void }[];
	/** The interrupt of a CPU, and the RCU callback thread. */
	handler?: () => void;
	rcu?: () => void;
	model: Model;
	strategy: Strategy;
	oracles: readonly Oracle[];
}
/** Another strategy goes on, from wherever the execution was taken back to. */
export function set_strategy(s: Strategy): void {
	strategy = s;
}
/** What a restart takes: contexts run to their first steps. */
export function begin(s: Setup): Ending | undefined {
	for (let e = n - 1; e >= 0; e--) {
		if (ev_w[e] >= 0) head[ev_w[e]] = -1;
		if (ev_page[e] >= 0) page_head[ev_page[e]] = bulk_head[ev_page[e]] = -1;
	}
	set_events(0);
	no_contexts(s.programs.length);
	strategy = s.strategy;
	set_model(s.model);
	set_oracles(s.oracles);
	forget_failure();
	stopped.fill(0);
	set_stop(stop_here);
	model.begin();
	for (const o of watch.begin) o.begin();
	const add = (kind: (typeof ctx_kind)[number], at: number, fn: () => void) => {
		const c = add_context(kind, at);
		ctx_fn[c] = fn;
		ctx_log[c] ??= make_log();
	};
	for (const p of s.programs) add("task", p.cpu, p.fn);
	if (s.handler) for (const p of s.programs) add("irq", p.cpu, s.handler);
	if (s.rcu) add("rcu", nr_cpus - 1, s.rcu);
	if (s.rcu && s.handler) add("irq", nr_cpus - 1, s.handler);
	const runners = n_ctx;
	assert(n_ctx + (model.buffers ? s.programs.length + 1 : 0) <= MAX_CTX, "contexts are bits of a word");
	if (model.buffers) for (const p of s.programs) add("buffer", p.cpu, () => {});
	if (model.buffers && s.rcu) add("buffer", nr_cpus - 1, () => {});
	arriving = true;
	for (let c = 0; c < runners; c++) {
		if (ctx_kind[c] === "irq") continue;
		resume(c);
		if (machine_failure()) break;
	}
	arriving = false;
	runs(-1, cpu);
	enter_cpu(0, false);
	return machine_failure() ? "failed" : undefined;
}

/** Is the next step of context q dependent on event e? */
export function pending(q: number, e: number, depends: (a: number, b: number) => boolean): boolean {
	let k = pend_kind[q];
	let w = pend_w[q];
	if (ctx_kind[q] === "buffer") {
		k = model.buffered_kind(q);
		w = model.buffered_word(q);
	}
	if (model.commutes(q, w, e)) return false;
	if (k === AWAIT) return turn_depends(q, e);
	const page = k === BULK ? -1 - w : w >= 0 ? w >> WORD_TO_PAGE : -1;
	if (page >= 0 && page === ev_page[e] && (k === BULK || ev_kind[e] === BULK)) return true;
	return w >= 0 && w === ev_w[e] && depends(k, ev_kind[e]);
}

/** What a context that waits is waiting for. */
export function waiting(c: number): { kind: string; w: number } {
	return { kind: KIND_NAMES[pend_kind[c]], w: pend_w[c] };
}
