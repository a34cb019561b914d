// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a memory model is to the rest of the stepper: what a load may return,
 * where a store goes, what fences and locks order, and which pending step it
 * holds back. Only shared words come here. sc.ts is the plainest one; others
 * say where they differ from it. A new model is a file and a line in all.ts.
 *
 * The running context is `cur` of state.ts, on CPU `cpu`. A step that is under
 * way, between open() and close() of engine.ts, is event `n`.
 */
import type { Order, RmwOrder } from "../kinds.ts";
import { MAX_EV } from "../state.ts";

/** What is stored: a value, or what makes it of the old one. */
export type Stored = number | ((old: number) => number);

export interface Model {
	/** Atomics and locks order nothing by themselves: door.ts puts the fences around them. */
	readonly weak: boolean;
	/** Each CPU has a store buffer, a context of kind "buffer" that commits. */
	readonly buffers: boolean;
	/** Of the last load: the newest value, if it returned an older one; else -1. */
	stale: number;
	/** Of the last load, if it is plain: the event of a write of its page of which it may not know; else -1. */
	overlooks: number;
	/** Of the last load: it returned what was there before the memory was allocated. */
	unborn: boolean;
	/** Of the last store that was kept back: its number, MAX_EV or more, which no event has. */
	delayed: number;

	/** An exploration begins: all words hold what RAM does. */
	begin(): void;
	/** Event e is opened: what happens from here on is taken back with it. */
	open(e: number): void;
	/** All events from the d-th on are taken back, RAM and registers already. */
	pop_to(d: number): void;
	/** May context c make its pending step, of that kind, now? What other contexts hold is looked at elsewhere. */
	enabled(c: number, kind: number): boolean;
	/** Joins into the clock of event e what the model orders before it (engine.ts, join()). */
	order(c: number, e: number, kind: number): void;
	/**
	 * The events at its word that event e may have to do with, in `met`; how
	 * many. -1: all up to the last write, as the word's history has them.
	 */
	meets(e: number): number;
	/** Do event e and the next step of context q, which is at w, commute whatever their kinds are? */
	commutes(q: number, w: number, e: number): boolean;
	/** Why no such execution exists in the model, if it turns out so afterwards. */
	forbidden(): string | undefined;

	/* ---- accesses ---- */

	load(w: number, wide: boolean, order: Order): number;
	/** Of the old value `old`; `whole`: not part of a word that stays otherwise as it is. */
	store(w: number, old: number, v: number, whole: boolean, wide: boolean, order: Order): void;
	/** Keeps a store back, so that it is no step now. `value` as for shared_store(). */
	delay(kind: number, w: number, value: Stored, wide: boolean, order: Order, mask: number): boolean;
	/** What an atomic reads, and then what it makes of that; NaN: nothing is written. */
	atomic_read(w: number): number;
	atomic_write(kind: number, w: number, v: number, order: RmwOrder): void;
	/** Weak: event n has foretold whether a cmpxchg of w will succeed. */
	guessed(w: number): void;
	/** Weak: the cmpxchg, which succeeds or not as foretold. What it read; NaN if there is no such value. */
	cmpxchg(w: number, expected: number, v: number, succeeds: boolean, order: RmwOrder): number;
	/** All words of a page were written. */
	page_written(page: number): void;
	/** Memory was allocated: `size` bytes at p. Not in an event. */
	allocated(p: number, size: number): void;

	/* ---- order ---- */

	/** A lock is taken, let go of. `at`: the event that this belongs to, or that it comes after. */
	lock(w: number, at: number): void;
	unlock(w: number, at: number): void;
	/** A release of a place that nobody else looks at. */
	private_release(): void;
	/** May be a step. */
	barrier(which: "mb" | "rmb" | "wmb"): void;
	/** Weak: smp_mb__after_unlock_lock(). May be a step. */
	after_unlock_lock(): void;
	/** The busy-wait loop of the running context has seen a change of what it read. */
	caught_up(): void;
	/** The running context has waited for a change of word w, and seen it. */
	saw(w: number): void;
	/** The translations of a CPU, of which w stands for all: it looks at them; some are taken out. */
	tlb_look(w: number): void;
	tlb_drop(w: number): void;

	/* ---- RCU ---- */

	rcu_read_lock(): void;
	/** `waiting`: contexts whose grace period has waited for this section. */
	rcu_read_unlock(waiting: number): void;
	gp_start(): void;
	/** The full fence at the end of synchronize_rcu(), with what the readers knew. May be a step. */
	gp_end(): void;

	/* ---- store buffers: of c, a context of kind "buffer" ---- */

	buffered(c: number): boolean;
	/** The oldest store: its kind, its word. */
	buffered_kind(c: number): number;
	buffered_word(c: number): number;
	/** Of a commit: the context that made the store, and its position then. */
	stored(e: number): { by: number; at: number };
	/** Has that store, or one that the context made before it, not left the buffer yet? */
	holds(c: number, by: number, at: number): boolean;
	/** All of them, the oldest first: for a look. */
	stores_of(c: number): { w: number; value: number }[];
	/** The oldest store reaches memory: an event. */
	commit(c: number): void;
	/** The event at which the store of that number reaches memory. If it has not, it does now, and what is before it. */
	committed(store: number): number;
	/** What is in a word for context c; undefined: what it has stored itself, and nobody else sees yet. */
	view(c: number, w: number, wide: boolean): number | undefined;
}

/** Of meets(): the latest first. */
export const met = new Int32Array(MAX_EV);

/** Of the exploration that began last. */
export let model: Model;
export function set_model(m: Model): void {
	model = m;
}
