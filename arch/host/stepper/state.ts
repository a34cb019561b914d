// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the stepper knows: its registers, contexts and events, in arrays. What
 * an event changed is taken back with it (engine.ts): registers by the undo
 * journal of ram.ts, the rest by what the event keeps.
 *
 * A context is what can run beside another: the task of a CPU, a CPU's
 * interrupt handler, the RCU callback thread, and under TSO a CPU's store
 * buffer. An event is a step that was made.
 */
import { IRQ_BEGIN, R, W } from "./kinds.ts";
import { HEAP32, REG_WORDS, REGS, WORD_TO_PAGE } from "./ram.ts";

/* ---- registers of the machine: words under the undo journal ---- */

export const MAX_CPUS = 9;
export const MAX_CTX = 32;
export const REG_RCU = REGS; /* the place where readers and grace periods meet */
export const REG_QUEUE = REGS + 1; /* call_rcu()'s: how many, then the heads */
export const REG_TAKEN = REGS + 600;
export const QUEUE_MAX = 500;
export const REG_CLOCK = REGS + 1203; /* has a long time passed? */
export const REG_FAULT = REGS + 1204; /* has something failed that may, once? */
export const REG_IRQ = REGS + 1210; /* of a CPU: the lock that interrupts off is */
export const REG_IRQ_OFF = REG_IRQ + MAX_CPUS;
export const REG_IRQ_ACTIVE = REG_IRQ_OFF + MAX_CPUS;
export const REG_IPI = REG_IRQ_ACTIVE + MAX_CPUS; /* 2 + event that made it pending */
export const REG_IN_VAIN = REGS + 1205; /* turns of busy-wait loops that had no news; the event of the first */
export const REG_NEST = REG_IPI + MAX_CPUS; /* of a context: depth of RCU sections */
export const REG_GP = REG_NEST + MAX_CTX; /* of a context: readers that its grace period waits for */
export const REG_TLB = REG_GP + MAX_CTX; /* of a CPU: the place where its translations are met */
export const REG_PWC = REG_TLB + MAX_CPUS; /* of a CPU: the same of its page walk cache */
/** From here on: the memory model's own. */
export const REG_MODEL = REGS + 2048;

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
export let n_tasks = 0;
/** Tasks of the exploration, and contexts that are not yet any. */
export function no_contexts(tasks: number): void {
	n_tasks = tasks;
	n_ctx = irq_contexts = buffer_contexts = 0;
	cpu_buffer.fill(-1);
}
/** Of a CPU: the context that its store buffer is, -1: it has none. */
const cpu_buffer = new Int32Array(MAX_CPUS).fill(-1);
/** The store buffer that context c's stores go through; -1: there is none. */
export function own_buffer(c: number): number {
	return cpu_buffer[ctx_cpu[c]];
}
/** Is one of the two contexts the store buffer of the other one's CPU? */
export function is_own_buffer(c: number, d: number): boolean {
	return ctx_cpu[c] === ctx_cpu[d] && (ctx_kind[c] === "buffer") !== (ctx_kind[d] === "buffer");
}
/** Tasks, then their CPUs' handlers, then the RCU thread and its CPU's handler, then store buffers. */
export let n_ctx = 0;
/** A new context of CPU `at`. */
export function add_context(kind: (typeof ctx_kind)[number], at: number): number {
	const c = n_ctx++;
	ctx_kind[c] = kind;
	ctx_cpu[c] = at;
	ctx_len[c] = ctx_base[c] = ctx_top[c] = 0;
	ctx_last[c] = -1;
	ctx_state[c] = kind === "irq" ? IDLE : READY;
	pend_kind[c] = kind === "irq" ? IRQ_BEGIN : kind === "buffer" ? W : R;
	pend_w[c] = kind === "irq" ? REG_IRQ + at : -1;
	if (kind === "buffer") cpu_buffer[at] = c;
	if (kind === "buffer") buffer_contexts |= 1 << c;
	if (kind === "irq") irq_contexts |= 1 << c;
	return c;
}
/** Those of a kind, a bit each: what is asked for at every step. */
export let irq_contexts = 0;
export let buffer_contexts = 0;
export const ctx_cpu = new Int32Array(MAX_CTX);
export const ctx_kind: ("task" | "irq" | "rcu" | "buffer")[] = [];
export const ctx_state = new Uint8Array(MAX_CTX);
/** The step that it stands before: its kind, and its word (-1: none; of a page, -1 - page). */
export const pend_kind = new Int32Array(MAX_CTX);
export const pend_w = new Int32Array(MAX_CTX);
/** Its last event, -1: none. */
export const ctx_last = new Int32Array(MAX_CTX);
/** Where it stands: entries of its log, and the position (log.ts). */
export const ctx_len = new Int32Array(MAX_CTX);
export const ctx_pos = new Float64Array(MAX_CTX);
/* A handler runs more than once: where in the log this time begins, and the next. */
export const ctx_base = new Int32Array(MAX_CTX);
export const ctx_top = new Int32Array(MAX_CTX);
/** Of a context that is parked: the value that it waits to be changed. */
export const parked_value = new Int32Array(MAX_CTX);
/** Of a busy-wait loop: how many words were shared when it began to wait. */
export const await_known = new Int32Array(MAX_CTX);
/** The number of its turn, -1: unknown. */
export const await_turn = new Int32Array(MAX_CTX);

export let cur = -1;
export let cpu = 0;
/** The context that runs, -1: none; and the CPU that it runs on. */
export function runs(context: number, on: number): void {
	cur = context;
	cpu = on;
}
/** Mark of the running context as an owner of words (sharing.ts); NOBODY: nothing is explored now. */
export const NOBODY = -1;
export const FIRST_OWNER = 2;
export let me = NOBODY;
export function set_me(mark: number): void {
	me = mark;
}
/** Is what runs a context that is explored? Boot, set-up and checks are not. */
export function exploring(): boolean {
	return me !== NOBODY;
}
export function current_cpu(): number {
	return cpu;
}
export function current_context(): number {
	return cur;
}
/** Interrupts of the running CPU are off (at the end of its log, where it is re-run); the running context is one. */
export function irq_off(): boolean {
	return HEAP32[REG_IRQ_OFF + cpu] !== 0;
}
export function in_irq(): boolean {
	return cur >= 0 && ctx_kind[cur] === "irq";
}
/** The running context is the thread that invokes RCU's callbacks. */
export function in_rcu_thread(): boolean {
	return cur >= 0 && ctx_kind[cur] === "rcu";
}

/* ---- events ---- */

export const MAX_EV = 1 << 14;
/** Events of the execution so far. */
export let n = 0;
export function set_events(count: number): void {
	n = count;
}
export const ev_ctx = new Int32Array(MAX_EV);
export const ev_kind = new Int32Array(MAX_EV);
export const ev_w = new Int32Array(MAX_EV);
export const ev_prev = new Int32Array(MAX_EV); /* at the same word */
export const ev_before = new Int32Array(MAX_EV); /* of the same context */
export const ev_seq = new Int32Array(MAX_EV); /* of its context, from 1 on */
/** Which value the memory model has returned, of how many. */
export const ev_choice = new Int32Array(MAX_EV);
export const ev_choices = new Int32Array(MAX_EV);
/** Which value that is, of all that the model allows; see choose(). */
export const ev_way = new Int32Array(MAX_EV);
export const ev_val = new Float64Array(MAX_EV);
/** Of a commit: the number of the store, and who made it: number * MAX_CTX + context. */
export const ev_store = new Int32Array(MAX_EV);
/* What ctx_len, ctx_pos, ctx_base, the undo journal and pend_kind were before it. */
export const ev_len = new Int32Array(MAX_EV);
export const ev_pos = new Float64Array(MAX_EV);
export const ev_base = new Int32Array(MAX_EV);
export const ev_undo = new Int32Array(MAX_EV);
export const ev_pendk = new Int32Array(MAX_EV);
/** Of an event and each context: how many events of that one have happened before. */
export const clock = new Int32Array(MAX_EV * MAX_CTX);
/** Of a word: the last event there, -1: none; go on with ev_prev. */
export const head = new Int32Array(REGS + REG_WORDS).fill(-1);
/** Words that are locks: whoever looks at one sees its newest value, whatever the model. */
export const lock_word = new Uint8Array(REGS + REG_WORDS);
/* Accesses to a page of which all words are written at once meet that, too. */
export const ev_page = new Int32Array(MAX_EV); /* -1: no such page */
export const ev_page_prev = new Int32Array(MAX_EV);
/** The same of a page. */
export const page_head = new Int32Array((REGS >> WORD_TO_PAGE) + 1).fill(-1);
/** The last event that wrote all of a page or took it away, -1: none; and what that was before an event of the page. */
export const bulk_head = new Int32Array((REGS >> WORD_TO_PAGE) + 1).fill(-1);
export const ev_bulk = new Int32Array(MAX_EV);
/** The clock of the context before the event that is being recorded. */
export const pre = new Int32Array(MAX_CTX);

/** Turns of busy-wait loops that are made without news where nobody can go on, before that counts as a deadlock. */
export const IN_VAIN = 1024;
/** Steps of an execution, before it counts as endless. */
export const step_limit = MAX_EV - 64;

/** Does event e come before what has that clock? */
export function happens_before(e: number, at: Int32Array, offset: number): boolean {
	return at[offset + ev_ctx[e]] >= ev_seq[e];
}
