// SPDX-License-Identifier: GPL-2.0-only
/**
 * Accesses to shared words: each is one step, an event of engine.ts. The memory
 * model says what it reads and where it goes, the oracles look on. Locks are
 * one step each, too, and disabled while they are held.
 */
import { choose_early, close, get_stuck, open, step, tracer } from "./engine.ts";
import { fail } from "./failure.ts";
import { BULK, DOWNGRADE, GUESS, type Order, R, REL, RMW, type RmwOrder, RREL } from "./kinds.ts";
import { model, type Stored } from "./models/model.ts";
import { stale_access } from "./oracles/kasan.ts";
import { heed, type Objection, watch } from "./oracles/oracle.ts";
import { HEAP32, HEAPF64, poke } from "./ram.ts";
import { cpu, cur, exploring, lock_word, MAX_EV, n } from "./state.ts";

/* ---- what the oracles see: an access that was written down, so that a report can name it ---- */

/** A store that it is about and that was kept back has to get an event; the execution ended before that. */
function heed_access(o: Objection | undefined): void {
	if (o === undefined) return;
	const event = n;
	const event_of = (at?: number) => (at !== undefined && at >= MAX_EV ? model.committed(at) : at);
	heed({ ...o, access: event_of(o.access), other: event_of(o.other), event });
}
function note_read(w: number, order: Order): void {
	for (const o of watch.read) heed_access(o.read(cpu, w, order));
}
function note_write(w: number, order: Order, store = -1): void {
	for (const o of watch.write) heed_access(o.write(cpu, w, order, store));
}
function note_rmw(w: number, order: RmwOrder): void {
	for (const o of watch.rmw) heed_access(o.rmw(cpu, w, model.weak ? order : "full"));
}
function note_lock(w: number): void {
	for (const o of watch.lock) o.lock(cpu, w);
}
function note_unlock(w: number): void {
	for (const o of watch.unlock) o.unlock(cpu, w);
}

/* ---- loads, stores, atomics ---- */

export function shared_load(kind: number, w: number, wide: boolean, order: Order): number {
	step(kind, w);
	open(cur);
	const v = model.load(w, wide, order);
	const e = close(cur, R, w, v);
	tracer?.event(e, v, v, model.stale);
	note_read(w, order);
	if (model.unborn) stale_access(w * 4, wide ? 8 : 4, e);
	if (model.overlooks >= 0) {
		const text = `data race: a plain read of ${(w * 4).toString(16)} beside a write of its page that nothing orders`;
		fail("race", text, { access: e, other: model.overlooks, event: n });
	}
	return v;
}

/** Of the whole word, or of what `mask` says. */
export function shared_store(kind: number, w: number, value: Stored, wide: boolean, order: Order, mask = -1): void {
	if (model.delay(kind, w, value, wide, order, mask)) {
		note_write(w, order, model.delayed);
		return;
	}
	step(kind, w);
	open(cur);
	const old = wide ? HEAPF64[w >> 1] : HEAP32[w];
	const whole = typeof value === "number" && mask === -1;
	const v = typeof value !== "number" ? value(old) : whole ? value : (old & ~mask) | value;
	model.store(w, old, v, whole, wide, order);
	const e = close(cur, kind, w, v);
	tracer?.event(e, old, v, -1);
	note_write(w, order);
}

/** fn returns NaN where nothing is to be written: a cmpxchg that fails, not with LKMM. */
export function shared_rmw(kind: number, w: number, fn: (old: number) => number, order: RmwOrder = "full"): number {
	step(kind, w);
	open(cur);
	const old = model.atomic_read(w);
	const v = fn(old);
	model.atomic_write(kind, w, v, order);
	const writes = !Number.isNaN(v);
	const e = close(cur, writes ? kind : R, w, writes ? v : old);
	tracer?.event(e, old, v, -1);
	if (writes) note_rmw(w, order);
	else note_read(w, "once");
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
	const succeeds = (HEAP32[w] === expected) === (choose_early() === 0);
	model.guessed(w);
	const e = close(cur, GUESS, -1, succeeds ? 1 : 0);
	tracer?.event(e, 0, succeeds ? 1 : 0, -1);
	return succeeds;
}

/** The cmpxchg of which that was guessed. */
export function shared_cmpxchg(w: number, expected: number, v: number, succeeds: boolean, order: RmwOrder): number {
	step(succeeds ? RMW : R, w);
	open(cur);
	const newest = HEAP32[w];
	const found = model.cmpxchg(w, expected, v, succeeds, order);
	const old = Number.isNaN(found) ? newest : found;
	const done = succeeds && found === expected;
	const e = close(cur, done ? RMW : R, w, done ? v : old);
	tracer?.event(e, old, done ? v : NaN, model.stale);
	if (done) note_rmw(w, order === "full" ? "relaxed" : order);
	else note_read(w, "once");
	if (Number.isNaN(found)) get_stuck();
	return old;
}

/* ---- pages, and memory that is taken away ---- */

/** A whole page is about to be written or taken away. */
export function step_page(page: number): void {
	step(BULK, -1 - page);
	open(cur);
	const e = close(cur, BULK, -1, page);
	tracer?.event(e, 0, 0, -1);
}
/** It was written: what a weak model remembers of its words is old. */
export function page_written(page: number): void {
	model.page_written(page);
}

/** Memory is taken away: ordered like a write of the word. */
export function step_free(kind: number, w: number): void {
	step(kind, w);
	open(cur);
	const e = close(cur, kind, w, 0);
	tracer?.event(e, HEAP32[w], 0, -1);
}

/* ---- locks ---- */

/** Takes a lock's release, on x86 a plain store, with the model's ways. */
export function shared_release(w: number): void {
	if (model.delay(REL, w, 0, false, "release", -1)) {
		note_unlock(w);
		return;
	}
	step(REL, w);
	open(cur);
	const old = HEAP32[w];
	poke(w, 0);
	model.unlock(w, n);
	note_unlock(w);
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
		lock_order(w, kind, acquire, n);
		if (acquire && kind !== DOWNGRADE) note_lock(w);
		else note_unlock(w);
	}
	const e = close(cur, kind, w, got ? v : old);
	tracer?.event(e, old, v, -1);
	return got;
}

function lock_order(w: number, kind: number, acquire: boolean, at: number): void {
	/* Readers add up: what the last one lets go of includes the others. */
	if (acquire || kind === RREL) model.lock(w, at);
	if (!acquire || kind === DOWNGRADE) model.unlock(w, at);
}
/** A lock that nobody else takes is no step, but it orders what its CPU does. Not in an event: after the last. */
export function private_lock_order(w: number, kind: number, acquire: boolean): void {
	if (exploring()) lock_order(w, kind, acquire, n - 1);
}
/** The same for a release. */
export function private_release(): void {
	if (exploring()) model.private_release();
}

/** Do atomics need fences of their own around them? */
export function weak_rmw(): boolean {
	return model.weak;
}
