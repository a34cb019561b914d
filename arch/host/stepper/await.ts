// SPDX-License-Identifier: GPL-2.0-only
/**
 * Busy-wait loops. A turn of one that finds nothing changed would only be made
 * again, so cpu_relax() is a step that is disabled until something has changed
 * that the turn looked at: a word that it read, a lock that it tried, a cmpxchg
 * that failed. "Changed" means by another context: what a turn itself leaves in
 * a word, such as a lock that it takes and lets go of, is no news to it.
 *
 * A turn is what the context did since its last cpu_relax(). Where a loop began
 * is not known, so in the first turn that is all since then, or since the program
 * began: the loop may go round once more in vain. Loops that count their turns
 * for cpu_relax() say which one is the first; of that only what comes after the
 * last change that the context made itself is taken for the turn, as in all
 * loops of the kernel.
 *
 * Nobody can go on, but some are in such loops: then each may go round without
 * any news, for a while. It may give up after so many turns, or change something
 * by itself. If that leads nowhere, it is a deadlock.
 */
import {
	A,
	ANSWER,
	AWAIT,
	BULK,
	DOWNGRADE,
	ENQUEUE,
	FREE,
	GP_END,
	GP_START,
	IRQ_BEGIN,
	PARK,
	R,
	RMW,
	RTRY,
	TAKE,
	TRY,
	W,
} from "./kinds.ts";
import { model } from "./models/model.ts";
import { wide } from "./sharing.ts";
import {
	await_turn,
	ctx_kind,
	ctx_last,
	ev_before,
	ev_ctx,
	ev_kind,
	ev_prev,
	ev_store,
	ev_val,
	ev_w,
	head,
	MAX_CTX,
} from "./state.ts";

/** A step that tells its context something about a word. Who waits for a lock until it has it learns nothing. */
function is_look(e: number): boolean {
	const k = ev_kind[e];
	return k === R || k === RMW || k === TRY || k === RTRY;
}
/** The first step of the turn is after this one. */
function ends_turn(e: number): boolean {
	return e < 0 || ev_kind[e] === AWAIT || ev_kind[e] === IRQ_BEGIN;
}
/** Before the first turn, and in none of the kernel's loops. */
const CHANGES = new Set([A, ANSWER, BULK, DOWNGRADE, ENQUEUE, FREE, GP_END, GP_START, PARK, RMW, TAKE, W]);

/**
 * Calls with each step by which a context looked at a word in the turn that ends
 * at step `last`, the latest first. `turn`: its number in the loop, -1: unknown.
 */
export function looks(last: number, turn: number, fn: (e: number) => boolean | void): boolean {
	let some = false;
	for (let e = last; !ends_turn(e); e = ev_before[e]) {
		if (turn === 0 && some && CHANGES.has(ev_kind[e])) break;
		if (!is_look(e)) continue;
		if (fn(e)) return true;
		some = true;
	}
	return false;
}

/** Was step e made by context c, or is it the commit of a store that c made? */
function is_own(c: number, e: number): boolean {
	return ev_ctx[e] === c || (ctx_kind[ev_ctx[e]] === "buffer" && ev_store[e] % MAX_CTX === c);
}
/** What context c has last read from a word or written to it, if it looked there at step e. */
function known(c: number, e: number): number {
	let x = head[ev_w[e]];
	while (x > e && !is_own(c, x)) x = ev_prev[x];
	return ev_val[x];
}

/** Has something changed that the turn of context c has looked at? */
export function turn_is_news(c: number): boolean {
	return looks(ctx_last[c], await_turn[c], (e) => {
		const now = model.view(c, ev_w[e], wide[ev_w[e] >> 1] !== 0);
		return now !== undefined && now !== known(c, e);
	});
}
/** Has it looked at what step e may change? */
export function turn_depends(c: number, e: number): boolean {
	const k = ev_kind[e];
	if (k === R || k === PARK || k === ANSWER || ev_w[e] < 0 || is_own(c, e)) return false;
	return looks(ctx_last[c], await_turn[c], (x) => ev_w[x] === ev_w[e]);
}
/** The first step of another context that changed what the turn before the wait e had looked at; -1: none. */
export function turn_ended_by(e: number): number {
	const c = ev_ctx[e];
	let first = -1;
	looks(ev_before[e], ev_val[e], (look) => {
		for (let x = head[ev_w[look]]; x > look && !is_own(c, x); x = ev_prev[x])
			if (ev_kind[x] !== R && (first < 0 || x < first)) first = x;
	});
	return first;
}
