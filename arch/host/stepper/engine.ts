// SPDX-License-Identifier: GPL-2.0-only
/**
 * The stepper: contexts, their steps, and going back.
 *
 * A *context* is what can run beside another: the task of a CPU, a CPU's
 * interrupt handler, the RCU callback thread, and under TSO a CPU's store
 * buffer. A context runs until its next *step*; there the strategy says who
 * goes on. Another context is reached by throwing SWITCH, which unwinds the
 * running one; when its turn comes it is run again from its start, answered
 * from its log, up to the step it stood before.
 *
 * Steps that were made are *events*, in arrays. Each keeps what is needed to
 * take it back, so that the next execution begins where it departs from the
 * last one, not at the start. Events carry a vector clock of the order that
 * matters (who touched the same place before), for the strategies.
 */
import type { Kcsan, Race } from "./kcsan.ts";
import type { Lkmm, Message } from "./lkmm.ts";
import type { Lockdep, Place } from "./lockdep.ts";
import {
	bulked, enter_context, enter_cpu, exploring, type Log, log_length, log_result, logged, make_log, type Order, position,
	rerunning, set_stack_pointer, shared_words, stack_pointer, stop_before, suspended, touch,
} from "./door.ts";
import { looks, turn_depends, turn_ended_by, turn_is_news } from "./await.ts";
import { HEAP32, HEAPF64, poke, poke_f64, REG_WORDS, REGS, undo_mark, undo_to } from "./ram.ts";

/* ---- kinds of steps ---- */

export const R = 0;
export const W = 1;
export const A = 2; /* addition without result: commutes with its like */
export const RMW = 3;
export const ACQ = 4; /* a lock, exclusively; disabled while it is held */
export const REL = 5;
export const RACQ = 6; /* a lock, shared */
export const RREL = 7;
export const TRY = 8;
export const RTRY = 9;
export const DOWNGRADE = 10;
export const AWAIT = 11; /* disabled until something changes: see await.ts */
export const FREE = 12;
export const IRQ_OFF = 13;
export const IRQ_ON = 14;
export const IRQ_BEGIN = 15;
export const RCU_LOCK = 16;
export const RCU_UNLOCK = 17;
export const GP_START = 18;
export const GP_END = 19; /* disabled until the readers of GP_START are done */
export const ENQUEUE = 20;
export const TAKE = 21; /* disabled while there are no callbacks */
export const MB = 22;
export const PARK = 23; /* disabled while the word has the value */
export const BULK = 24; /* a whole page is written or taken away */
export const GUESS = 25; /* LKMM: whether a cmpxchg will succeed */
export const KINDS = 26;
export const KIND_NAMES = [
	"read", "write", "add", "rmw", "lock", "unlock", "down_read", "up_read", "trylock", "down_read_trylock",
	"downgrade", "await", "free", "irq_off", "irq_on", "begin", "rcu_read_lock", "rcu_read_unlock", "gp_start",
	"gp_end", "call_rcu", "rcu_take", "mb", "park", "page", "cmpxchg",
];

/** [later][earlier]: they do not commute, and could have come in the other order. */
const conflict = new Uint8Array(KINDS * KINDS);
/** [later][earlier]: the earlier one is ordered before the later one. */
const ordered = new Uint8Array(KINDS * KINDS);
{
	const plain = [R, PARK];
	const writes = [W, RMW, FREE, ACQ, TRY, DOWNGRADE, MB];
	const both = (a: number, b: number) => {
		conflict[a * KINDS + b] = conflict[b * KINDS + a] = 1;
	};
	for (const w of writes) {
		for (const k of [...writes, ...plain, A, RTRY, RACQ]) both(w, k);
	}
	for (const k of [...plain, RTRY]) both(A, k);
	for (const k of [RACQ, RREL, REL, A, RTRY]) for (const r of plain) both(k, r);
	for (const k of [W, RMW, FREE, TRY, MB]) {
		both(k, REL);
		both(k, RREL);
	}
	/* Tries see a release, and could have come before it. A lock could not. */
	both(RTRY, REL);
	both(GP_START, RCU_LOCK);
	both(GP_START, RCU_UNLOCK);
	both(ENQUEUE, TAKE);
	both(IRQ_OFF, IRQ_BEGIN);
	ordered.set(conflict);
	const enables = (release: number, acquire: number) => {
		conflict[acquire * KINDS + release] = conflict[release * KINDS + acquire] = 0;
		ordered[acquire * KINDS + release] = ordered[release * KINDS + acquire] = 1;
	};
	enables(REL, ACQ);
	enables(RREL, ACQ);
	enables(REL, RACQ);
	enables(REL, DOWNGRADE);
	enables(RREL, DOWNGRADE);
	enables(DOWNGRADE, RACQ);
	enables(REL, REL);
	enables(RREL, REL);
	enables(IRQ_ON, IRQ_BEGIN);
	enables(REL, RREL);
	/* A downgraded lock is still held: a writer waits for its reader. */
	conflict[ACQ * KINDS + DOWNGRADE] = 0;
}
/** x86: these wait until the CPU's store buffer is empty. */
const drains = new Uint8Array(KINDS);
for (const k of [A, RMW, ACQ, REL, RACQ, RREL, TRY, RTRY, DOWNGRADE, ENQUEUE, GP_START, MB, BULK]) drains[k] = 1;

export function conflicts(later: number, earlier: number): boolean {
	return conflict[later * KINDS + earlier] !== 0;
}
/** Either order: for sleep sets. */
export function dependent(a: number, b: number): boolean {
	return (ordered[a * KINDS + b] | conflict[a * KINDS + b] | conflict[b * KINDS + a]) !== 0;
}

/* ---- registers of the machine: words under the undo journal ---- */

const MAX_CPUS = 9;
export const MAX_CTX = 32;
const REG_RCU = REGS; /* the place where readers and grace periods meet */
const REG_QUEUE = REGS + 1; /* call_rcu()'s: how many, then the heads */
const REG_TAKEN = REGS + 600;
const QUEUE_MAX = 500;
const REG_MB = REGS + 1200; /* LKMM: the order of strong fences */
const REG_IRQ = REGS + 1210; /* of a CPU: the lock that interrupts off is */
const REG_IRQ_OFF = REG_IRQ + MAX_CPUS;
const REG_IRQ_ACTIVE = REG_IRQ_OFF + MAX_CPUS;
const REG_IPI = REG_IRQ_ACTIVE + MAX_CPUS; /* 2 + event that made it pending */
const REG_IN_VAIN = REGS + 1205; /* turns of busy-wait loops that had no news; the event of the first */
const REG_NEST = REG_IPI + MAX_CPUS; /* of a context: depth of RCU sections */
const REG_GP = REG_NEST + MAX_CTX; /* of a context: readers that its grace period waits for */
const REG_BUF = REGS + 2048; /* store buffers */
const BUF_ENTRIES = 256;
const BUF_ENTRY = 8; /* w, kind, wide, event, value as double, mask, number of the store */
const BUF_SIZE = 8 + BUF_ENTRIES * BUF_ENTRY;
/* TSO: stores in a CPU's buffer that are older than the end of its last RCU section. */
const REG_LEFT = REG_BUF + MAX_CPUS * BUF_SIZE;
/* Of a context's grace period and each CPU: such stores still to come, 1 + the commit of the last one. */
const REG_WAIT = REG_LEFT + MAX_CPUS;

/* ---- contexts ---- */

export const IDLE = 0; /* an interrupt handler that does not run */
export const READY = 1; /* stands before a step */
export const DONE = 2;
export const STUCK = 3; /* its cmpxchg did not go as it had to; see guess() */

/** CPUs of the boot. The last one runs RCU callbacks. */
export let nr_cpus = 1;
export function set_nr_cpus(n: number): void {
	nr_cpus = n;
}
let n_tasks = 0;
/** Tasks, then their CPUs' handlers, then the RCU thread, then store buffers. */
export let n_ctx = 0;
export const ctx_cpu = new Int32Array(MAX_CTX);
export const ctx_kind: ("task" | "irq" | "rcu" | "buffer")[] = [];
export const ctx_state = new Uint8Array(MAX_CTX);
export const pend_kind = new Int32Array(MAX_CTX);
export const pend_w = new Int32Array(MAX_CTX);
export const ctx_last = new Int32Array(MAX_CTX);
const ctx_len = new Int32Array(MAX_CTX);
const ctx_pos = new Float64Array(MAX_CTX);
/* A handler runs more than once: where in the log this time begins, and the next. */
const ctx_base = new Int32Array(MAX_CTX);
const ctx_top = new Int32Array(MAX_CTX);
const ctx_log: Log[] = [];
const ctx_fn: (() => void)[] = [];

let cur = -1;
let cpu = 0;
let granted = false;
let arriving = false;
let next_ctx = -1;

export function current_cpu(): number {
	return cpu;
}
export function current_context(): number {
	return cur;
}
/** Interrupts of the running CPU are off; the running context is one. */
export function irq_off(): boolean {
	return HEAP32[REG_IRQ_OFF + cpu] !== 0;
}
export function in_irq(): boolean {
	return cur >= 0 && ctx_kind[cur] === "irq";
}

/* ---- events ---- */

export const MAX_EV = 1 << 14;
export let n = 0;
export const ev_ctx = new Int32Array(MAX_EV);
export const ev_kind = new Int32Array(MAX_EV);
export const ev_w = new Int32Array(MAX_EV);
export const ev_prev = new Int32Array(MAX_EV); /* at the same word */
export const ev_before = new Int32Array(MAX_EV); /* of the same context */
export const ev_seq = new Int32Array(MAX_EV);
export const ev_choice = new Int32Array(MAX_EV);
export const ev_choices = new Int32Array(MAX_EV);
export const ev_val = new Float64Array(MAX_EV);
const ev_len = new Int32Array(MAX_EV);
const ev_pos = new Float64Array(MAX_EV);
const ev_base = new Int32Array(MAX_EV);
const ev_undo = new Int32Array(MAX_EV);
const ev_model = new Int32Array(MAX_EV);
const ev_race = new Int32Array(MAX_EV);
const ev_pendk = new Int32Array(MAX_EV);
export const clock = new Int32Array(MAX_EV * MAX_CTX);
const head = new Int32Array(REGS + REG_WORDS).fill(-1);
/* Accesses to a page of which all words are written at once meet that, too. */
export const ev_page = new Int32Array(MAX_EV); /* -1: no such page */
export const ev_page_prev = new Int32Array(MAX_EV);
const page_head = new Int32Array((REGS >> 10) + 1).fill(-1);
/** The clock of the context before the event that is being recorded. */
export const pre = new Int32Array(MAX_CTX);

/** Turns of busy-wait loops that are made without news where nobody can go on, before it counts as a deadlock. */
const IN_VAIN = 1024;
/** Steps of an execution, before it counts as endless. */
export const step_limit = MAX_EV - 64;

/** Does event e come before what has that clock? */
export function happens_before(e: number, at: Int32Array, offset: number): boolean {
	return at[offset + ev_ctx[e]] >= ev_seq[e];
}
/** Last event at a word, -1: none; go on with ev_prev. */
export function last_at(w: number): number {
	return head[w];
}

/* ---- strategy, model, oracles ---- */

export interface Strategy {
	/** Who makes the next step: a bit of `enabled`; -1 ends the execution here. */
	pick(enabled: number, running: number): number;
	/** Event e was made. */
	recorded(e: number): void;
	/** Which of n values a weak memory model may return. */
	choose(n: number): number;
	/** Position of context c that is to be a step, whatever it touches; see door.ts. */
	stop?(c: number): number;
}
let strategy: Strategy;
export const SC = 0;
export const TSO = 1;
export const LKMM = 2;
let model = SC;
let lk: Lkmm;
let kcsan: Kcsan | undefined;
let lockdep: Lockdep | undefined;
export interface Tracer {
	/** Event e was made; where the code is can be asked from the stack now. */
	event(e: number, old: number, value: number, stale: number): void;
	/** A store with that number goes into its CPU's buffer; its event comes later. */
	stored?(store: number): void;
}
let tracer: Tracer | undefined;
export function set_tracer(t: Tracer | undefined): void {
	tracer = t;
}

export interface StepperFailure {
	kind: string;
	text: string;
	stack: string;
	context: number;
	event: number;
	/** Of a race: the events of the access, and of the earlier one. */
	access?: number;
	other?: number;
	/** Where else it has to do with. */
	places?: Place[];
}
/** Thrown to leave a context that is not to go on now. */
const SWITCH = { toString: () => "a switch to another context" };
const FAILED = { toString: () => "the execution failed" };
let failure: StepperFailure | undefined;

/** A panic outside of an exploration. */
export class KernelPanic extends Error {}

export function fail(kind: string, text: string, more?: Partial<StepperFailure>): never {
	const limit = Error.stackTraceLimit;
	Error.stackTraceLimit = 50;
	const stack = new Error().stack ?? "";
	Error.stackTraceLimit = limit;
	if (!exploring()) throw new KernelPanic(`${text}\n${stack}`);
	failure ??= { kind, text, stack, context: cur, event: n, ...more };
	throw FAILED;
}
export function machine_failure(): StepperFailure | undefined {
	return failure;
}

/* ---- who may go on ---- */

function buffer_of(c: number): number {
	return REG_BUF + ctx_cpu[c] * BUF_SIZE;
}
function buffered(c: number): boolean {
	const b = buffer_of(c);
	return HEAP32[b] !== HEAP32[b + 1];
}

/** The busy-wait loop of c goes on; or it may have looked at a word that was only found to be shared since. */
function await_over(c: number): boolean {
	return shared_words() !== await_known[c] || turn_is_news(c);
}
const await_known = new Int32Array(MAX_CTX);
/** Of a wait in a busy-wait loop: the number of the turn. */
export const await_turn = new Int32Array(MAX_CTX);
/** What is in a word for context c; undefined: what it has stored itself, and nobody else sees yet. */
export function view_of(c: number, w: number, wide: boolean): number | undefined {
	let v = wide ? HEAPF64[w >> 1] : HEAP32[w];
	if (model !== TSO) return v;
	const b = buffer_of(c);
	let by = -1;
	for (let i = HEAP32[b]; i < HEAP32[b + 1]; i++) {
		const entry = b + 8 + i * BUF_ENTRY;
		if (HEAP32[entry] !== w) continue;
		v = merged(v, entry);
		by = HEAP32[entry + 7] % MAX_CTX;
	}
	return by === c ? undefined : v;
}

/** TSO: have the stores of the sections that the grace period of g waits for left the buffers? */
function sections_in_memory(g: number): boolean {
	for (let i = 0; i < nr_cpus; i++) if (HEAP32[wait_of(g, i)] !== 0) return false;
	return true;
}
function wait_of(g: number, at: number): number {
	return REG_WAIT + 2 * (g * MAX_CPUS + at);
}

function is_enabled(c: number): boolean {
	if (ctx_kind[c] === "buffer") return buffered(c);
	if (ctx_state[c] >= DONE) return false;
	const at = ctx_cpu[c];
	if (ctx_kind[c] === "irq") {
		if (ctx_state[c] === IDLE)
			return HEAP32[REG_IPI + at] !== 0 && HEAP32[REG_IRQ_OFF + at] === 0 && HEAP32[REG_IRQ_ACTIVE + at] === 0;
	} else if (HEAP32[REG_IRQ_ACTIVE + at] !== 0) return false;
	const w = pend_w[c];
	const k = pend_kind[c];
	if (model === TSO && drains[k] !== 0 && buffered(c)) return false;
	switch (k) {
		case ACQ:
			return HEAP32[w] === 0;
		case RACQ:
			return (HEAP32[w] & 1) === 0;
		case GP_END:
			return HEAP32[REG_GP + c] === 0 && (model !== TSO || sections_in_memory(c));
		case TAKE:
			return HEAP32[REG_QUEUE] !== 0;
		case AWAIT:
			return await_over(c);
		case PARK:
			return HEAP32[w] !== parked_value[c];
	}
	return true;
}
const parked_value = new Int32Array(MAX_CTX);

export function enabled_contexts(): number {
	let mask = 0;
	for (let c = 0; c < n_ctx; c++) if (is_enabled(c)) mask |= 1 << c;
	return mask !== 0 ? mask : last_resort();
}
/** Steps before nobody could go on any more. */
export function steps_in_earnest(): number {
	return HEAP32[REG_IN_VAIN] > 0 ? HEAP32[REG_IN_VAIN + 1] : n;
}
/** Nobody can go on: the busy-wait loop that was not looked after for longest may go round without news. */
function last_resort(): number {
	let oldest = -1;
	if (HEAP32[REG_IN_VAIN] >= IN_VAIN) return 0;
	for (let c = 0; c < n_ctx; c++) {
		if (ctx_state[c] === STUCK) return 0;
		const waits = ctx_state[c] === READY && pend_kind[c] === AWAIT && !(ctx_kind[c] !== "irq" && HEAP32[REG_IRQ_ACTIVE + ctx_cpu[c]] !== 0);
		if (waits && (oldest < 0 || ctx_last[c] < ctx_last[oldest])) oldest = c;
	}
	return oldest < 0 ? 0 : 1 << oldest;
}

/** Asks the strategy; store buffers move on without a context being run. */
function pick(): number {
	for (;;) {
		const c = strategy.pick(enabled_contexts(), cur);
		if (c < 0 || ctx_kind[c] !== "buffer") return c;
		commit(c);
	}
}

/** The running context is before a step. Returns when it may make it. */
function step(kind: number, w: number): void {
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
		if (next_ctx === cur) return;
	}
	throw SWITCH;
}

/**
 * The running context is where a schedule says that another one goes on, which is
 * no step: what it does next stays its own, and makes no event.
 */
export function stop_here(): void {
	pend_kind[cur] = R;
	pend_w[cur] = -1;
	ctx_state[cur] = READY;
	ctx_len[cur] = log_length();
	ctx_pos[cur] = position();
	if (!arriving) {
		next_ctx = pick();
		if (next_ctx === cur) return;
	}
	stopped[cur] = 1;
	throw SWITCH;
}
/** Contexts that stand before an access that is no step: the next one that is, is to be asked for. */
const stopped = new Uint8Array(MAX_CTX);

/** Opens event n: what happens from here on is undone with it. */
function open(c: number): void {
	if (n >= step_limit) fail("limit", `${step_limit} steps without an end`);
	ev_undo[n] = undo_mark();
	ev_len[n] = c === cur ? log_length() : 0;
	ev_pos[n] = c === cur ? position() : 0;
	ev_base[n] = ctx_base[c];
	ev_choice[n] = 0;
	ev_choices[n] = 1;
	if (model === LKMM) {
		ev_model[n] = lk.mark();
		lk.plain = false;
	}
	if (kcsan) {
		ev_race[n] = kcsan.mark();
		kcsan.event = n;
	}
}

function join(into: number, e: number): void {
	const from = e * MAX_CTX;
	for (let i = 0; i < n_ctx; i++) if (clock[from + i] > clock[into + i]) clock[into + i] = clock[from + i];
}

/** Closes event n as what it turned out to be. */
function close(c: number, kind: number, w: number, val: number): number {
	const e = n++;
	const at = e * MAX_CTX;
	const before = ctx_last[c];
	ev_ctx[e] = c;
	ev_kind[e] = kind;
	ev_pendk[e] = pend_kind[c];
	ev_w[e] = w;
	ev_val[e] = val;
	ev_before[e] = before;
	if (before >= 0) {
		for (let i = 0; i < n_ctx; i++) pre[i] = clock[at + i] = clock[before * MAX_CTX + i];
		ev_seq[e] = ev_seq[before] + 1;
	} else {
		for (let i = 0; i < n_ctx; i++) pre[i] = clock[at + i] = 0;
		ev_seq[e] = 1;
	}
	ctx_last[c] = e;
	const row = kind * KINDS;
	if (w >= 0) {
		for (let x = head[w]; x >= 0; x = ev_prev[x]) {
			const k = ev_kind[x];
			if (ordered[row + k] !== 0) {
				join(at, x);
				if (k === W || k === RMW) break;
			}
		}
		ev_prev[e] = head[w];
		head[w] = e;
	} else ev_prev[e] = -1;
	const page = kind === BULK ? val : w >= 0 && w < REGS && bulked[w >> 10] !== 0 ? w >> 10 : -1;
	ev_page[e] = page;
	if (page >= 0) {
		for (let x = page_head[page]; x >= 0; x = ev_page_prev[x]) {
			if (kind === BULK || ev_kind[x] === BULK) join(at, x);
			if (ev_kind[x] === BULK) break;
		}
		ev_page_prev[e] = page_head[page];
		page_head[page] = e;
	}
	if (kind >= AWAIT) join_special(c, e, kind, w);
	if (model === TSO) {
		if (ctx_kind[c] === "buffer") {
			/* The store itself comes first, and what its CPU did before. */
			if (commit_from >= 0) {
				join(at, commit_from);
				const from = commit_from * MAX_CTX;
				for (let i = 0; i < n_ctx; i++) if (clock[from + i] > pre[i]) pre[i] = clock[from + i];
			}
		} else if (drains[kind] !== 0 && !buffered(c)) {
			const b = buffer_context(c);
			if (b >= 0 && ctx_last[b] >= 0) join(at, ctx_last[b]);
		}
	}
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
		if (model !== TSO) return;
		for (let i = 0; i < nr_cpus; i++) {
			const last = HEAP32[wait_of(c, i) + 1];
			if (last > 0) join(at, last - 1);
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
		const irq = n_tasks + c;
		if (c < n_tasks && ctx_last[irq] >= 0) join(at, ctx_last[irq]);
	}
}

/** Takes back all events from the d-th on. */
export function pop_to(d: number): void {
	if (d >= n) return;
	for (let e = n - 1; e >= d; e--) {
		const c = ev_ctx[e];
		const w = ev_w[e];
		if (w >= 0) head[w] = ev_prev[e];
		if (ev_page[e] >= 0) page_head[ev_page[e]] = ev_page_prev[e];
		ctx_last[c] = ev_before[e];
		pend_kind[c] = ev_pendk[e];
		pend_w[c] = ev_kind[e] === BULK ? -1 - ev_page[e] : w;
		ctx_len[c] = ev_len[e];
		ctx_pos[c] = ev_pos[e];
		ctx_base[c] = ctx_top[c] = ev_base[e];
		ctx_state[c] = ev_kind[e] === IRQ_BEGIN ? IDLE : READY;
		if (ev_kind[e] === PARK) parked_value[c] = ev_val[e];
		if (ev_kind[e] === AWAIT) await_turn[c] = ev_val[e];
	}
	undo_to(ev_undo[d]);
	if (model === LKMM) {
		lk.undo_to(ev_model[d]);
		while (made_at.length > 0 && made_at[made_at.length - 1] >= d) {
			made_at.pop();
			handle[made.pop() as number] = 0;
		}
	}
	kcsan?.undo_to(ev_race[d]);
	n = d;
}

/** Where context c stood before its first step from event `from` on; -1: at its end, which is event `end`. */
export function position_before(c: number, from: number, end = n): number {
	for (let e = from; e < n; e++) if (ev_ctx[e] === c) return ev_kind[e] === IRQ_BEGIN ? -1 : ev_pos[e];
	/* Whose failure it is runs to it, if nobody came before. */
	return ctx_state[c] === READY && (failure?.context !== c || from < end) ? ctx_pos[c] : -1;
}
/** Contexts are on the way to their first steps. */
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
	cur = c;
	cpu = ctx_cpu[c];
	lockdep?.reset(c);
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
		crash(error);
		return;
	}
	accesses += log_length();
	finished(c);
}

/** What is no panic of the kernel's is a bug that the kernel would oops on. */
function crash(error: unknown): void {
	failure ??= {
		kind: "panic",
		text: `oops: ${error instanceof Error ? error.message : error}`,
		stack: error instanceof Error ? (error.stack ?? "") : "",
		context: cur,
		event: n,
	};
}

function finished(c: number): void {
	const left = lockdep?.at_end(c, ctx_cpu[c]);
	if (left !== undefined) {
		failure ??= { kind: "lockdep", text: left.text, stack: "", context: c, event: n, places: left.places };
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

/** LKMM: what the execution so far breaks, if the model has no such execution. */
export function forbidden(): string | undefined {
	/* Where all is newest, it is one access at a time. */
	for (let e = 0; model === LKMM && e < n; e++) if (ev_choice[e] > 0) return lk.forbidden();
}

export type Ending = "complete" | "blocked" | "deadlock" | "failed";

/** Goes on from where we are to the end of an execution. */
export function run_on(): Ending {
	failure = undefined;
	next_ctx = -2;
	cur = -1;
	for (;;) {
		if (next_ctx === -2) {
			try {
				next_ctx = pick();
			} catch (error) {
				if (error !== FAILED) throw error;
			}
		}
		if (failure) break;
		if (next_ctx < 0) break;
		const c = next_ctx;
		next_ctx = -1;
		resume(c);
		if (failure) break;
	}
	enter_cpu(0, false);
	cur = -1;
	if (failure) return "failed";
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
	model: number;
	strategy: Strategy;
	lkmm?: (contexts: number) => Lkmm;
	kcsan?: Kcsan;
	lockdep?: Lockdep;
}
/** Another strategy goes on, from wherever the execution was taken back to. */
export function set_strategy(s: Strategy): void {
	strategy = s;
}
/** What a restart takes: contexts run to their first steps. */
export function begin(s: Setup): Ending | undefined {
	for (; n > 0; n--) {
		if (ev_w[n - 1] >= 0) head[ev_w[n - 1]] = -1;
		if (ev_page[n - 1] >= 0) page_head[ev_page[n - 1]] = -1;
	}
	n_tasks = s.programs.length;
	n_ctx = 0;
	strategy = s.strategy;
	model = s.model;
	kcsan = s.kcsan;
	lockdep = s.lockdep;
	failure = undefined;
	for (const w of made) handle[w] = 0;
	made.length = made_at.length = 0;
	if (model === LKMM && s.lkmm) lk = s.lkmm(nr_cpus);
	const add = (kind: (typeof ctx_kind)[number], at: number, fn: () => void) => {
		const c = n_ctx++;
		ctx_kind[c] = kind;
		ctx_cpu[c] = at;
		ctx_fn[c] = fn;
		ctx_log[c] ??= make_log();
		ctx_len[c] = ctx_base[c] = ctx_top[c] = 0;
		ctx_last[c] = -1;
		stopped[c] = 0;
		ctx_state[c] = kind === "irq" ? IDLE : READY;
		pend_kind[c] = kind === "irq" ? IRQ_BEGIN : kind === "buffer" ? W : R;
		pend_w[c] = kind === "irq" ? REG_IRQ + at : -1;
		return c;
	};
	for (const p of s.programs) add("task", p.cpu, p.fn);
	if (s.handler) for (const p of s.programs) add("irq", p.cpu, s.handler);
	if (s.rcu) add("rcu", nr_cpus - 1, s.rcu);
	const runners = n_ctx;
	if (model === TSO) for (const p of s.programs) add("buffer", p.cpu, () => {});
	if (model === TSO && s.rcu) add("buffer", nr_cpus - 1, () => {});
	arriving = true;
	for (let c = 0; c < runners; c++) {
		if (ctx_kind[c] === "irq") continue;
		resume(c);
		if (failure) break;
	}
	arriving = false;
	cur = -1;
	enter_cpu(0, false);
	return failure ? "failed" : undefined;
}

/* ---- running without exploration ---- */

/** Runs fn on a CPU, at once and undisturbed: boot, set-up, checks. */
export function on_cpu<T>(at: number, fn: () => T): T {
	return borrow_cpu(at, false, fn);
}
let borrowed = 0;
function borrow_cpu<T>(at: number, irq: boolean, fn: () => T): T {
	const old = cpu;
	const sp = stack_pointer();
	cpu = at;
	enter_cpu(at, irq);
	/* On top of what the CPU does already; another one has not begun. */
	if (at === old && !irq && borrowed > 0) set_stack_pointer(sp);
	borrowed++;
	try {
		return fn();
	} finally {
		borrowed--;
		cpu = old;
		enter_cpu(old, false);
		set_stack_pointer(sp);
	}
}
let irq_handler: (() => void) | undefined;
export function set_irq_handler(fn: () => void): void {
	irq_handler = fn;
}

/* ---- shared accesses ---- */

const handle = new Int32Array(REGS + REG_WORDS);
const made: number[] = [];
const made_at: number[] = [];
/** LKMM's name for a word; its first message is what RAM holds now. Made in event `e`, or after that. */
function lk_loc(w: number, initial: number, e = n): number {
	if (handle[w] === 0) {
		handle[w] = lk.loc(initial) + 1;
		made.push(w);
		made_at.push(e);
	}
	return handle[w] - 1;
}
function choose(count: number): number {
	if (count <= 1) return 0;
	ev_choices[n] = count;
	return (ev_choice[n] = strategy.choose(count));
}

const kwords = new Int32Array(REGS + REG_WORDS);
let kcount = 0;
function kword(w: number): number {
	if (kwords[w] === 0) kwords[w] = ++kcount;
	return kwords[w];
}
/** The access that was recorded last, or `store`, which is in a buffer, races. */
function race(found: Race | undefined, w: number, what: string, store = -1): void {
	if (found === undefined) return;
	const event = n;
	const access = store < 0 ? n - 1 : committed(store);
	const other = found.event < MAX_EV ? found.event : committed(found.event);
	fail("race", `data race: ${what} of ${(w * 4).toString(16)} beside ${found.what} that nothing orders`, { access, other, event });
}
const WRITES = { plain: "a plain write", once: "a marked write", release: "a release" };

export function shared_load(kind: number, w: number, wide: boolean, order: Order): number {
	step(kind, w);
	open(cur);
	let v = wide ? HEAPF64[w >> 1] : HEAP32[w];
	let stale = -1;
	if (model === TSO) {
		const b = buffer_of(cur);
		for (let i = HEAP32[b]; i < HEAP32[b + 1]; i++) {
			const entry = b + 8 + i * BUF_ENTRY;
			if (HEAP32[entry] === w) v = merged(v, entry);
		}
	} else if (model === LKMM && lock_word[w] === 0) {
		const x = lk_loc(w, v);
		const at = choose(order === "plain" ? 1 : lk.loads(cpu, x));
		lk.plain = order === "plain" || order === "data_race";
		v = lk.load(cpu, x, at, order === "acquire" || order === "dependency");
		if (at > 0) stale = lk.newest(x);
	}
	const e = close(cur, R, w, v);
	tracer?.event(e, v, v, stale);
	if (kcsan) race(kcsan.read(cpu, kword(w), order === "dependency" ? "acquire" : (order as "plain")), w, "a plain read");
	return v;
}

export function shared_store(
	kind: number, w: number, value: number | ((old: number) => number), wide: boolean, order: Order, mask = -1,
): void {
	if (model === TSO) {
		buffer_store(kind, w, value, wide, order, mask);
		return;
	}
	step(kind, w);
	open(cur);
	const old = wide ? HEAPF64[w >> 1] : HEAP32[w];
	const whole = typeof value === "number" && mask === -1;
	const v = typeof value !== "number" ? value(old) : whole ? value : (old & ~mask) | value;
	if (model === LKMM && lock_word[w] === 0) {
		const x = lk_loc(w, old);
		const at = choose(order === "plain" || !whole ? 1 : lk.stores(cpu, x));
		lk.plain = order === "plain";
		lk.store(cpu, x, at, v, order === "release");
		if (at === 0) set(w, v, wide);
	} else set(w, v, wide);
	const e = close(cur, kind, w, v);
	tracer?.event(e, old, v, -1);
	if (kcsan) {
		const how = write_kind(order);
		race(kcsan.write(cpu, kword(w), how), w, WRITES[how]);
	}
}
function write_kind(order: Order): "plain" | "once" | "release" {
	return order === "release" || order === "plain" ? order : "once";
}
function set(w: number, v: number, wide: boolean): void {
	if (wide) poke_f64(w, v);
	else poke(w, v);
}

/** How an atomic is ordered. Full: the caller puts fences around it. */
export type RmwOrder = "full" | "acquire" | "release" | "relaxed";

/** fn returns NaN where nothing is to be written: a cmpxchg that fails, not with LKMM. */
export function shared_rmw(kind: number, w: number, fn: (old: number) => number, order: RmwOrder = "full"): number {
	step(kind, w);
	open(cur);
	let old = HEAP32[w];
	let v = fn(old);
	if (model === LKMM) {
		const x = lk_loc(w, old);
		const at = choose(lk.stores(cpu, x));
		old = lk.rmw_peek(x, at);
		v = fn(old);
		if (lk.rmw(cpu, x, at, v, { blind: kind === A, acquire: order === "acquire", release: order === "release" })) poke(w, v);
	} else if (!Number.isNaN(v)) poke(w, v);
	const writes = !Number.isNaN(v);
	const e = close(cur, writes ? kind : R, w, writes ? v : old);
	tracer?.event(e, old, v, -1);
	if (kcsan) race(writes ? kcsan.rmw(cpu, kword(w)) : kcsan.read(cpu, kword(w), "once"), w, "an atomic");
	return old;
}

/**
 * LKMM: a cmpxchg that succeeds has fences around it, one that fails is a plain
 * load, and the first fence comes before that is known. So it is decided
 * beforehand which of the two it is: as the newest value says, and the other way
 * round, too, where that turns out to be possible. A cmpxchg that finds no value
 * as it needs gets stuck: its CPU stops, and the execution does not count.
 */
export function guess(w: number, expected: number): boolean {
	step(GUESS, -1);
	open(cur);
	ev_choice[n] = strategy.choose(1);
	const succeeds = (HEAP32[w] === expected) === (ev_choice[n] === 0);
	oldest[n] = lk.oldest(cpu, lk_loc(w, HEAP32[w]));
	const e = close(cur, GUESS, -1, succeeds ? 1 : 0);
	tracer?.event(e, 0, succeeds ? 1 : 0, -1);
	return succeeds;
}
/** Of a guess: what its CPU could have read then, and what came after it. */
const oldest: Message[] = [];

/** The cmpxchg of which that was guessed. */
export function shared_cmpxchg(w: number, expected: number, v: number, succeeds: boolean, order: RmwOrder): number {
	step(succeeds ? RMW : R, w);
	open(cur);
	let old = HEAP32[w];
	const x = lk_loc(w, old);
	let g = ctx_last[cur];
	while (g >= 0 && ev_kind[g] !== GUESS) g = ev_before[g];
	/* None: only now was the word found to be shared, and all begins again. */
	if (g >= 0 && ev_choice[g] === 0 && lk.may_read(oldest[g], expected, succeeds)) ev_choices[g] = 2;
	const ways = succeeds ? lk.stores(cpu, x, expected) : lk.loads(cpu, x, expected);
	let newest = -1;
	if (ways > 0) {
		const at = choose(ways);
		if (succeeds) {
			old = expected;
			if (lk.rmw(cpu, x, at, v, { only: expected, acquire: order === "acquire", release: order === "release" })) poke(w, v);
		} else {
			newest = old;
			old = lk.load(cpu, x, at, false, expected);
		}
	}
	const done = succeeds && ways > 0;
	const e = close(cur, done ? RMW : R, w, done ? v : old);
	tracer?.event(e, old, done ? v : NaN, lk.stale && newest !== -1 ? newest : -1);
	if (kcsan) race(done ? kcsan.rmw(cpu, kword(w)) : kcsan.read(cpu, kword(w), "once"), w, "an atomic");
	if (ways > 0) return old;
	ctx_state[cur] = STUCK;
	next_ctx = pick();
	throw SWITCH;
}

/** A whole page is about to be written or taken away. */
export function step_page(page: number): void {
	step(BULK, -1 - page);
	open(cur);
	const e = close(cur, BULK, -1, page);
	tracer?.event(e, 0, 0, -1);
}
/** It was written: what a weak model remembers of its words is old. */
export function page_written(page: number): void {
	if (model !== LKMM) return;
	lk.plain = true;
	for (let w = page << 10, end = w + 1024; w < end; w++)
		if (handle[w] !== 0) lk.store(cpu, handle[w] - 1, 0, HEAP32[w], false);
}

/** Memory is taken away: ordered like a write of the word. */
export function step_free(kind: number, w: number): void {
	step(kind, w);
	open(cur);
	const e = close(cur, kind, w, 0);
	tracer?.event(e, HEAP32[w], 0, -1);
}

/* ---- TSO ---- */

function buffer_context(c: number): number {
	for (let b = n_ctx - 1; b >= 0 && ctx_kind[b] === "buffer"; b--) if (ctx_cpu[b] === ctx_cpu[c]) return b;
	return -1;
}
/** What a buffered store makes of a word: part of one leaves the rest. */
function merged(old: number, entry: number): number {
	const v = HEAPF64[(entry + 4) >> 1];
	const mask = HEAP32[entry + 6];
	return mask === -1 ? v : (old & ~mask) | v;
}
/** No step: nobody sees it before it is committed. */
function buffer_store(
	kind: number, w: number, value: number | ((old: number) => number), wide: boolean, order: Order, mask = -1,
): void {
	const b = buffer_of(cur);
	if (HEAP32[b] === HEAP32[b + 1] && HEAP32[b] !== 0) {
		poke(b, 0);
		poke(b + 1, 0);
	}
	const i = HEAP32[b + 1];
	if (i >= BUF_ENTRIES) fail("limit", `${BUF_ENTRIES} stores in a store buffer`);
	const entry = b + 8 + i * BUF_ENTRY;
	let old = wide ? HEAPF64[w >> 1] : HEAP32[w];
	for (let k = HEAP32[b]; k < i; k++)
		if (HEAP32[b + 8 + k * BUF_ENTRY] === w) old = merged(old, b + 8 + k * BUF_ENTRY);
	const v = typeof value === "number" ? value : value(old);
	poke(entry, w);
	poke(entry + 1, kind);
	poke(entry + 2, wide ? 1 : 0);
	poke(entry + 3, ctx_last[cur]);
	poke_f64(entry + 4, v);
	poke(entry + 6, mask);
	poke(b + 1, i + 1);
	/* It has no event yet, but a number: of this buffer, and who made it. */
	const store = (HEAP32[b + 2] + 1) * MAX_CTX + cur;
	poke(b + 2, HEAP32[b + 2] + 1);
	poke(entry + 7, store);
	tracer?.stored?.(store);
	if (kind === REL) kcsan?.unlock(cpu, kword(w));
	else if (kcsan) {
		kcsan.event = MAX_EV + store;
		const how = write_kind(order);
		race(kcsan.write(cpu, kword(w), how), w, WRITES[how], kcsan.event);
	}
}
/**
 * The event at which a store reached memory. One that is still in its buffer
 * races already: its commit, and what is before it there, end the execution.
 */
function committed(store: number): number {
	const number = store - MAX_EV;
	const c = buffer_context(number % MAX_CTX);
	let e: number;
	for (e = ctx_last[c]; e >= 0 && ev_store[e] !== number; ) e = ev_before[e];
	while (e < 0 && buffered(c)) {
		commit(c);
		if (ev_store[n - 1] === number) e = n - 1;
	}
	return e;
}
/** Of a commit: the number of the store. */
export const ev_store = new Int32Array(MAX_EV);
/** Words that are locks: whoever looks at one sees its newest value. */
const lock_word = new Uint8Array(REGS + REG_WORDS);

/** Takes a lock's release, on x86 a plain store, with the model's ways. */
export function shared_release(w: number): void {
	if (model === TSO) {
		buffer_store(REL, w, 0, false, "release");
		return;
	}
	step(REL, w);
	open(cur);
	const old = HEAP32[w];
	poke(w, 0);
	if (model === LKMM) lk.unlock(cpu, lk_loc(w, 0));
	kcsan?.unlock(cpu, kword(w));
	const e = close(cur, REL, w, 0);
	tracer?.event(e, old, 0, -1);
}

/**
 * One step of a lock. `fn` gives the new value of its word, NaN where a try
 * fails. acquire: the caller holds it afterwards; else it lets go (a downgrade
 * does both).
 */
export function shared_lock(kind: number, w: number, fn: (old: number) => number, acquire: boolean): boolean {
	lock_word[w] = 1;
	step(kind, w);
	open(cur);
	const old = HEAP32[w];
	const v = fn(old);
	const got = !Number.isNaN(v);
	if (got) {
		poke(w, v);
		if (model === LKMM) lock_order(lk_loc(w, 0), kind, acquire);
		if (acquire && kind !== DOWNGRADE) kcsan?.lock(cpu, kword(w));
		else kcsan?.unlock(cpu, kword(w));
	}
	const e = close(cur, kind, w, got ? v : old);
	tracer?.event(e, old, v, -1);
	return got;
}

function lock_order(x: number, kind: number, acquire: boolean): void {
	/* Readers add up: what the last one lets go of includes the others. */
	if (acquire || kind === RREL) lk.lock(cpu, x);
	if (!acquire || kind === DOWNGRADE) lk.unlock(cpu, x);
}
/** A lock that nobody else takes is no step, but it orders what its CPU does. Not in an event: after the last. */
export function private_lock_order(w: number, kind: number, acquire: boolean): void {
	if (model === LKMM && exploring()) lock_order(lk_loc(w, 0, n - 1), kind, acquire);
}

/** The same for a release. */
export function private_release(): void {
	if (model === LKMM && exploring()) lk.private_release(cpu);
}

/** The oldest store of a buffer reaches memory. */
function commit(c: number): void {
	const b = REG_BUF + ctx_cpu[c] * BUF_SIZE;
	const entry = b + 8 + HEAP32[b] * BUF_ENTRY;
	const w = HEAP32[entry];
	open(c);
	const old = HEAP32[entry + 2] ? HEAPF64[w >> 1] : HEAP32[w];
	const v = merged(old, entry);
	pend_kind[c] = HEAP32[entry + 1];
	set(w, v, HEAP32[entry + 2] !== 0);
	poke(b, HEAP32[b] + 1);
	const left = REG_LEFT + ctx_cpu[c];
	if (HEAP32[left] > 0) poke(left, HEAP32[left] - 1);
	for (let g = 0; g < n_ctx; g++) {
		const wait = wait_of(g, ctx_cpu[c]);
		if (HEAP32[wait] === 0) continue;
		poke(wait, HEAP32[wait] - 1);
		poke(wait + 1, n + 1);
	}
	commit_from = HEAP32[entry + 3];
	ev_store[n] = HEAP32[entry + 7];
	const e = close(c, pend_kind[c], w, v);
	commit_from = -1;
	tracer?.event(e, old, v, -1);
}
/** While a commit is recorded: the event after which its store was made. */
let commit_from = -1;

/* ---- barriers ---- */

function barrier(which: "mb" | "rmb" | "wmb"): void {
	if (!exploring()) return;
	if (rerunning()) {
		logged();
		return;
	}
	if (which === "mb" && model === TSO && (granted || buffered(cur))) {
		step(MB, -1);
		open(cur);
		close(cur, MB, -1, 0);
		tracer?.event(n - 1, 0, 0, -1);
	}
	if (which === "mb" && model === LKMM) fence(() => lk.mb(cpu));
	else if (model === LKMM) {
		if (which === "rmb") lk.rmb(cpu);
		else lk.wmb(cpu);
	}
	if (which === "mb") kcsan?.mb(cpu);
	else if (which === "rmb") kcsan?.rmb(cpu);
	else kcsan?.wmb(cpu);
	log_result(0);
}
/** LKMM: strong fences have one order. */
function fence(perform: () => void): void {
	if (touch(REG_MB, true)) {
		step(MB, REG_MB);
		open(cur);
		perform();
		close(cur, MB, REG_MB, 0);
		tracer?.event(n - 1, 0, 0, -1);
	} else perform();
}
/** What another CPU let go of with the lock that this one has taken comes before all after this. */
export function order_after_unlock_lock(): void {
	if (!exploring() || model !== LKMM) return;
	if (rerunning()) logged();
	else {
		fence(() => lk.after_unlock_lock(cpu));
		log_result(0);
	}
}
/** Do atomics need fences of their own around them? */
export function weak_rmw(): boolean {
	return model === LKMM;
}
export function order_mb(): void {
	barrier("mb");
}
export function order_rmb(): void {
	barrier("rmb");
}
export function order_wmb(): void {
	barrier("wmb");
}

/* ---- machine steps that are no memory access; see model.ts ---- */

/** A step at a place of the machine's own. `private_` where nobody else meets us there. */
function machine_step(kind: number, w: number, write: boolean, perform: () => void, val = 0): void {
	if (touch(w, write)) {
		step(kind, w);
		open(cur);
		perform();
		const e = close(cur, kind, w, val === 0 ? ev_extra : val);
		tracer?.event(e, 0, ev_extra, -1);
	} else perform();
	ev_extra = 0;
}
let ev_extra = 0;

export function irq_step(off: boolean): void {
	const w = REG_IRQ + cpu;
	machine_step(off ? IRQ_OFF : IRQ_ON, w, true, () => poke(REG_IRQ_OFF + cpu, off ? 1 : 0));
}
/** Without exploration, what an interrupt would do is done at once. */
export function ipi_step(target: number): void {
	if (exploring()) {
		if (HEAP32[REG_IPI + target] === 0) poke(REG_IPI + target, n + 1);
		return;
	}
	if (irq_handler) borrow_cpu(target, true, irq_handler);
}
export function ipi_done(): void {
	poke(REG_IPI + cpu, 0);
}

export function rcu_depth(): number {
	return cur < 0 ? 0 : HEAP32[REG_NEST + cur];
}
export function rcu_lock_step(): void {
	if (HEAP32[REG_NEST + cur] !== 0) {
		poke(REG_NEST + cur, HEAP32[REG_NEST + cur] + 1);
		return;
	}
	machine_step(RCU_LOCK, REG_RCU, false, () => {
		poke(REG_NEST + cur, 1);
		if (model === LKMM) lk.rcu_read_lock(cpu);
		kcsan?.rcu_read_lock(cpu);
	});
}
export function rcu_unlock_step(): void {
	const depth = HEAP32[REG_NEST + cur];
	if (depth === 0) fail("panic", "rcu_read_unlock() without rcu_read_lock()");
	if (depth > 1) {
		poke(REG_NEST + cur, depth - 1);
		return;
	}
	machine_step(RCU_UNLOCK, REG_RCU, false, () => {
		poke(REG_NEST + cur, 0);
		const left = model === TSO ? HEAP32[buffer_of(cur) + 1] - HEAP32[buffer_of(cur)] : 0;
		if (model === TSO) poke(REG_LEFT + cpu, left);
		for (let g = 0; g < n_ctx; g++) {
			const waits = HEAP32[REG_GP + g];
			if ((waits & (1 << cur)) === 0) continue;
			poke(REG_GP + g, waits & ~(1 << cur));
			if (left > 0) poke(wait_of(g, cpu), left);
		}
		if (model === LKMM) lk.rcu_read_unlock(cpu);
		kcsan?.rcu_read_unlock(cpu);
	});
}
export function gp_start_step(): void {
	machine_step(GP_START, REG_RCU, true, () => {
		let readers = 0;
		for (let c = 0; c < n_ctx; c++) if (c !== cur && HEAP32[REG_NEST + c] !== 0) readers |= 1 << c;
		poke(REG_GP + cur, readers);
		for (let i = 0; model === TSO && i < nr_cpus; i++) {
			poke(wait_of(cur, i), i === cpu ? 0 : HEAP32[REG_LEFT + i]);
			poke(wait_of(cur, i) + 1, 0);
		}
		ev_extra = readers;
		if (model === LKMM) lk.gp_start(cpu);
		kcsan?.gp_start(cpu);
	});
}
/** Always a step: it may have to wait. */
export function gp_end_step(): void {
	touch(REG_RCU, true);
	step(GP_END, REG_RCU);
	open(cur);
	kcsan?.gp_end(cpu);
	const e = close(cur, GP_END, REG_RCU, 0);
	tracer?.event(e, 0, 0, -1);
}
/** The full fence at the end of synchronize_rcu(), with what the readers knew. */
export function gp_fence_step(): void {
	if (model === LKMM) fence(() => lk.gp_end(cpu));
}

export function enqueue_step(callback: number): void {
	const put = () => {
		const count = HEAP32[REG_QUEUE];
		if (count >= QUEUE_MAX) fail("limit", `${QUEUE_MAX} RCU callbacks are queued`);
		poke(REG_QUEUE + 1 + count, callback);
		poke(REG_QUEUE, count + 1);
	};
	if (!exploring()) {
		put();
		return;
	}
	touch(REG_QUEUE, true);
	step(ENQUEUE, REG_QUEUE);
	open(cur);
	put();
	if (model === LKMM) {
		const x = lk_loc(REG_QUEUE, 0);
		lk.lock(cpu, x);
		lk.unlock(cpu, x);
	}
	kcsan?.lock(cpu, kword(REG_QUEUE));
	kcsan?.unlock(cpu, kword(REG_QUEUE));
	const e = close(cur, ENQUEUE, REG_QUEUE, callback);
	tracer?.event(e, 0, callback, -1);
}
/** Takes all, by address: in which order two CPUs queued must not matter. */
export function take_step(): number {
	const take = () => {
		const count = HEAP32[REG_QUEUE];
		const heads = HEAP32.slice(REG_QUEUE + 1, REG_QUEUE + 1 + count).sort();
		for (let i = 0; i < count; i++) poke(REG_TAKEN + i, heads[i]);
		poke(REG_QUEUE, 0);
		return count;
	};
	if (!exploring()) return take();
	touch(REG_QUEUE, true);
	step(TAKE, REG_QUEUE);
	open(cur);
	const count = take();
	if (model === LKMM) {
		const x = lk_loc(REG_QUEUE, 0);
		lk.lock(cpu, x);
		lk.unlock(cpu, x);
	}
	kcsan?.lock(cpu, kword(REG_QUEUE));
	kcsan?.unlock(cpu, kword(REG_QUEUE));
	const e = close(cur, TAKE, REG_QUEUE, count);
	tracer?.event(e, 0, count, -1);
	return count;
}
export function taken(i: number): number {
	return HEAP32[REG_TAKEN + i];
}
export function queued(): number {
	return HEAP32[REG_QUEUE];
}

/** One turn of a busy-wait loop; -1: it does not say the how manieth. */
export function await_step(turn: number): void {
	if (!granted) {
		await_known[cur] = shared_words();
		await_turn[cur] = turn;
	}
	step(AWAIT, -1);
	open(cur);
	if (!await_over(cur)) {
		if (HEAP32[REG_IN_VAIN] === 0) poke(REG_IN_VAIN + 1, n);
		poke(REG_IN_VAIN, HEAP32[REG_IN_VAIN] + 1);
	}
	if (model === LKMM) {
		looks(ctx_last[cur], turn, (e) => {
			if (handle[ev_w[e]] !== 0) lk.catch_up(cpu, handle[ev_w[e]] - 1);
		});
	}
	const e = close(cur, AWAIT, -1, turn);
	tracer?.event(e, 0, 0, -1);
}
export function park_step(p: number, value: number): void {
	if (!exploring()) fail("panic", "a CPU sleeps outside of an exploration");
	if (rerunning()) {
		logged();
		return;
	}
	const w = p >> 2;
	if (touch(w, false)) {
		parked_value[cur] = value;
		step(PARK, w);
		open(cur);
		const e = close(cur, PARK, w, value);
		tracer?.event(e, value, HEAP32[w], -1);
	} else await_step(-1);
	log_result(0);
}

/** Is the next step of context q dependent on event e? */
export function pending(q: number, e: number, depends: (a: number, b: number) => boolean): boolean {
	let k = pend_kind[q];
	let w = pend_w[q];
	if (ctx_kind[q] === "buffer") {
		const b = REG_BUF + ctx_cpu[q] * BUF_SIZE;
		const entry = b + 8 + HEAP32[b] * BUF_ENTRY;
		w = HEAP32[entry];
		k = HEAP32[entry + 1];
	}
	if (k === AWAIT) return turn_depends(q, e);
	const page = k === BULK ? -1 - w : w >= 0 ? w >> 10 : -1;
	if (page >= 0 && page === ev_page[e] && (k === BULK || ev_kind[e] === BULK)) return true;
	return w >= 0 && w === ev_w[e] && depends(k, ev_kind[e]);
}

/** Runs fn for the sake of a look, from within a step: no steps, no log. */
export function aside<T>(fn: () => T): T {
	const was = [cpu, cur];
	const result = suspended(() => {
		cur = -1;
		return fn();
	});
	[cpu, cur] = was;
	return result;
}
export { is_enabled as is_enabled_now };

/** What a context that waits is waiting for. */
export function waiting(c: number): { kind: string; w: number } {
	return { kind: KIND_NAMES[pend_kind[c]], w: pend_w[c] };
}
export { lockdep };
