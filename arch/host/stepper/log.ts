// SPDX-License-Identifier: GPL-2.0-only
/**
 * The log of a context, from which it is answered while it is run again, and
 * where in it the context stands. Each access, load or store, takes one entry;
 * so does each primitive. Outside of an exploration nothing is logged.
 */
import { assert, fail } from "./failure.ts";
import { enter_stack, restore_stack, save_stack } from "./stack.ts";
import { FIRST_OWNER, me, NOBODY, set_me } from "./state.ts";

/** Entries of a context's log: what an execution may take. */
const LOG_MAX = 1 << 20;

/** Of the running context. An object, so that door.ts can move on in it by itself: that is what takes the time. */
export const log = {
	/** The entry that answers next, and how many there are: while pos < len, the context is re-run. */
	pos: 0,
	len: 0,
	/** An entry is in either of them. */
	ints: new Int32Array(0) as Int32Array,
	floats: new Float64Array(0) as Float64Array,
};

/*
 * Where a context stands, whichever words are shared: accesses so far, where
 * one that works on many words counts once, and how far it is in that.
 */
const SUB = 8192;
let extra = 0; /* log entries that do not count */
let inside = -1; /* the count at which an access to many words began */
let sub = 0;
export let stop = LOG_MAX; /* entries at which to look closer */
export let stop_at = -1;

/** Accesses that the running context has made, times SUB, plus words in the last. */
export function position(): number {
	return inside >= 0 ? inside * SUB + sub : (log.len - extra) * SUB;
}
/** Asks who goes on before the access at a position, whatever it touches; -1: before none. */
export function stop_before(where: number): void {
	stop_at = where;
	stop = where < 0 || where % SUB !== 0 ? LOG_MAX : where / SUB + extra;
}
export interface Log {
	ints: Int32Array;
	floats: Float64Array;
}
export function make_log(): Log {
	return { ints: new Int32Array(LOG_MAX), floats: new Float64Array(LOG_MAX) };
}

/** Lets a CPU go on without exploration; the stack begins where it stood. */
export function enter_cpu(cpu: number, irq: boolean): void {
	enter_stack(cpu, irq);
	set_me(NOBODY);
	log.pos = log.len = 0;
	extra = 0;
	inside = -1;
	stop_before(-1);
}
/** Begins (again) with a context: answers come from its log, from `base` to `length`. */
export function enter_context(context: number, cpu: number, irq: boolean, of: Log, base: number, length: number): void {
	assert(base <= length && length <= LOG_MAX, "a context's position is within its log");
	enter_cpu(cpu, irq);
	log.pos = extra = base;
	set_me(context + FIRST_OWNER);
	log.ints = of.ints;
	log.floats = of.floats;
	log.len = length;
}
/** Runs fn as if nothing were explored, in the middle of a context. */
export function suspended<T>(fn: () => T): T {
	const was = { extra, inside, sub, stop, stop_at };
	const [stood, who, stack] = [{ ...log }, me, save_stack()];
	set_me(NOBODY);
	log.pos = log.len = 0;
	const result = fn();
	Object.assign(log, stood);
	({ extra, inside, sub, stop, stop_at } = was);
	set_me(who);
	restore_stack(stack);
	return result;
}
export function log_length(): number {
	return log.len;
}
/** Is the running context answered from its log? */
export function rerunning(): boolean {
	return log.pos < log.len;
}
/** The logged result of a primitive that was made before. */
export function logged(): number {
	return log.ints[log.pos++];
}
export function logged_float(): number {
	return log.floats[log.pos++];
}
/** A store is made again: nothing happens. */
export function skip_logged(): void {
	log.pos++;
}
/** Logs the result of a primitive. */
export function log_result(v: number): number {
	if (me !== NOBODY) {
		if (log.len >= LOG_MAX) overflow();
		log.ints[log.len] = v;
		log.pos = ++log.len;
	}
	return v;
}
export function log_float(v: number): number {
	if (me !== NOBODY) {
		if (log.len >= LOG_MAX) overflow();
		log.floats[log.len] = v;
		log.pos = ++log.len;
	}
	return v;
}
/** Before an entry is made: the next one may be the last. */
export function check_room(): void {
	if (log.len >= LOG_MAX) overflow();
}
function overflow(): never {
	fail("limit", `${LOG_MAX} accesses without an end`);
}

/* ---- an access to many words ---- */

/** It begins; `logged` entries of it have been read or written. */
export function enter_many(entries: number): void {
	inside = log.pos - extra - entries;
}
/** The i-th of what it is made of comes next, from 1 on. */
export function at_part(i: number): void {
	sub = i;
}
/** Of its log entries these do not count. */
export function add_extra(entries: number): void {
	extra += entries;
	stop_before(stop_at);
}
export function leave_many(): void {
	inside = -1;
}
/** Is the access that is to be a step a part of the one that begins here? */
export function stops_inside(): boolean {
	return stop_at >= 0 && stop_at % SUB !== 0 && stop_at - (stop_at % SUB) === position();
}
/** Is the access that begins here to be a step, whatever it touches? */
export function stops_here(): boolean {
	return stop_at >= 0 && position() === stop_at;
}
/** Does all that was made so far have its place in the log? */
export function log_is_whole(): boolean {
	return log.pos === log.len && extra <= log.len;
}
