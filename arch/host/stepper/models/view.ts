// SPDX-License-Identifier: GPL-2.0-only
/**
 * What has propagated to whom, for the machine of views.ts: stores, sets of them, and a
 * set for each CPU. Sets are never changed, only replaced, so that they can be shared, and
 * undone by putting the old one back. There are many, of thousands of places, and most differ
 * from others in few: so a set is made of chunks, and two sets have those in common in which
 * they are alike. To put a store in copies one chunk, and a union looks only at those that differ.
 */

/** A store. Views.write() makes it and puts it into its place's history; undo takes it out again. */
export interface Message {
	/** Its place. */
	readonly at: number;
	/** The event (state.ts) that wrote it; -1: it was there. */
	readonly event: number;
	/**
	 * Index in its place's history. It goes up when a store comes before it in co, and down when that is
	 * undone.
	 */
	pos: number;
	readonly value: number;
	/** The CPU; -1: it was there. */
	readonly by: number;
	/** Comes to whomever this comes to, before it: what a cumul-fence has put before this store. */
	readonly view: View;
	/** What had propagated to whom when it was written. */
	readonly reach: Reach;
	/** Of an atomic's write: the message that it read. Nothing may come between the two. */
	readonly of: Message | undefined;
	/** It is part of a write of its whole page. */
	readonly whole: boolean;
	/** Which strong fences were before it, or before a marked load that has read it. Grows with each. */
	fences: Fences;
	/** By CPU: how often it has loaded this when there was something newer. Written by tire(). */
	old: readonly number[];
}

/* ---- strong fences ---- */

/** For each CPU, how many of its strong fences, the first ones; a CPU that is missing: none. */
export type Fences = readonly number[];
export const NONE: Fences = [];

/** The union of two sets of fences. */
export function most(a: Fences, b: Fences): Fences {
	let out: number[] | undefined;
	for (let u = 0; u < b.length; u++) {
		if (b[u] <= (a[u] ?? 0)) continue;
		out ??= a.slice();
		while (out.length < u) out.push(0);
		out[u] = b[u];
	}
	return out ?? a;
}

/* ---- sets of stores ---- */

const CHUNK_SHIFT = 5;
const CHUNK = 1 << CHUNK_SHIFT;
/** Of CHUNK places in a row, by place. */
type Chunk = readonly (Message | undefined)[];
const EMPTY: Chunk = Array(CHUNK).fill(undefined);
/**
 * A set of stores, closed downwards in co: by place, the newest one, undefined: only what was there at
 * first. A chunk that is missing is EMPTY.
 */
export type View = readonly (Chunk | undefined)[];
export const NOTHING: View = [];

/** How far a view is at place x: index of its message, 0 where it has none. */
export function pos(v: View | undefined, x: number): number {
	return v?.[x >> CHUNK_SHIFT]?.[x & (CHUNK - 1)]?.pos ?? 0;
}
/** Puts a chunk into a list of them, which is changed. */
function put<T>(list: T[], i: number, value: T, missing: T): void {
	while (list.length < i) list.push(missing);
	list[i] = value;
}

/** The union of two chunks: one of the two, where that has all. */
function join_chunks(a: Chunk, b: Chunk): Chunk {
	let out: (Message | undefined)[] | undefined;
	let all_of_b = true;
	for (let i = 0; i < CHUNK; i++) {
		const have = a[i];
		const m = b[i];
		if (have === m) continue;
		if (m === undefined || (have !== undefined && have.pos >= m.pos)) {
			all_of_b = false;
			continue;
		}
		out ??= a.slice();
		out[i] = m;
	}
	return out === undefined ? a : all_of_b ? b : out;
}
/**
 * The union of two views, which is `a` itself where b adds nothing: callers compare by ===. So are those below.
 */
export function join(a: View, b: View): View {
	if (a === b || b.length === 0) return a;
	if (a.length === 0) return b;
	for (let i = 0; i < KNOWN; i++) if (joined[i].a === a && joined[i].b === b) return joined[i].out;
	const out = join_all(a, b);
	joined[(latest = (latest + 1) % KNOWN)] = { a, b, out };
	return out;
}
/**
 * The last unions: what several of a CPU's sets have in common learns the same again, and is to be the same
 * object then. Which of two stores to a place is newer never changes.
 */
const KNOWN = 8;
const joined = Array.from({ length: KNOWN }, () => ({ a: NOTHING, b: NOTHING, out: NOTHING }));
let latest = 0;
function join_all(a: View, b: View): View {
	let out: (Chunk | undefined)[] | undefined;
	for (let i = 0; i < b.length; i++) {
		const have = a[i];
		const add = b[i];
		if (add === undefined || have === add) continue;
		const chunk = have === undefined ? add : join_chunks(have, add);
		if (chunk === have) continue;
		put((out ??= a.slice()), i, chunk, undefined);
	}
	return out ?? a;
}
/** With one message more. */
export function plus(a: View, m: Message): View {
	const i = m.at >> CHUNK_SHIFT;
	const chunk = a[i] ?? EMPTY;
	const have = chunk[m.at & (CHUNK - 1)];
	if (have !== undefined && have.pos >= m.pos) return a;
	const more = chunk.slice();
	more[m.at & (CHUNK - 1)] = m;
	const out = a.slice();
	put(out, i, more, undefined);
	return out;
}
/** With many more, each the newest of its place. */
export function plus_all(a: View, messages: readonly Message[]): View {
	const out = a.slice();
	let at = -1;
	let chunk: (Message | undefined)[] = [];
	for (const m of messages) {
		const i = m.at >> CHUNK_SHIFT;
		if (i !== at) put(out, (at = i), (chunk = (out[i] ?? EMPTY).slice()), undefined);
		chunk[m.at & (CHUNK - 1)] = m;
	}
	return out;
}
/** Calls with each place where a is further than b, and with how far b and a are there. */
export function each_newer(a: View, b: View | undefined, fn: (x: number, from: number, to: number) => void): void {
	for (let i = 0; i < a.length; i++) {
		const chunk = a[i];
		const had = b?.[i];
		if (chunk === undefined || chunk === had) continue;
		for (let k = 0; k < CHUNK; k++) {
			const from = had?.[k]?.pos ?? 0;
			const to = chunk[k]?.pos ?? 0;
			if (from < to) fn((i << CHUNK_SHIFT) + k, from, to);
		}
	}
}

/* ---- of each CPU ---- */

/**
 * Which stores have propagated to whom, at a moment. Row 0: to every CPU. Row t + 1: to CPU t besides
 * those. A row that is missing is empty. What CPU t reads then is no older than row 0 and row t + 1 are.
 */
export type Reach = readonly View[];
export const UNKNOWN: Reach = [];

/** The union of two reaches, row by row. */
export function both(a: Reach, b: Reach): Reach {
	if (a === b || b.length === 0) return a;
	if (a.length === 0) return b;
	let out: View[] | undefined;
	for (let t = 0; t < b.length; t++) {
		const have = a[t] ?? NOTHING;
		const v = join(have, b[t]);
		if (v !== have) put((out ??= a.slice()), t, v, NOTHING);
	}
	return out ?? a;
}
/** With row t + 1 replaced. */
function with_row(r: Reach, t: number, v: View): Reach {
	const out = r.slice();
	put(out, t + 1, v, NOTHING);
	return out;
}
/** A chunk with what it and `all` do not have of another one. */
function beside(mine: Chunk | undefined, more: Chunk, all: Chunk | undefined): Chunk | undefined {
	if (all === undefined) return mine === undefined ? more : join_chunks(mine, more);
	let out: (Message | undefined)[] | undefined;
	for (let k = 0; k < CHUNK; k++) {
		const m = more[k];
		if (m === undefined || (all[k]?.pos ?? 0) >= m.pos || (mine?.[k]?.pos ?? 0) >= m.pos) continue;
		out ??= (mine ?? EMPTY).slice();
		out[k] = m;
	}
	return out ?? mine;
}
/** With v propagated to CPU t. */
export function also(r: Reach, t: number, v: View): Reach {
	const [all, mine] = [r[0], r[t + 1]];
	let out: (Chunk | undefined)[] | undefined;
	for (let i = 0; i < v.length; i++) {
		const chunk = v[i];
		if (chunk === undefined || chunk === all?.[i] || chunk === mine?.[i]) continue;
		const more = beside(mine?.[i], chunk, all?.[i]);
		if (more !== mine?.[i]) put((out ??= (mine ?? NOTHING).slice()), i, more, undefined);
	}
	return out === undefined ? r : with_row(r, t, out);
}
/** With m propagated to CPU t. */
export function also_one(r: Reach, t: number, m: Message): Reach {
	/* It, or one that is newer in co, is known already? */
	if (pos(r[0], m.at) >= m.pos || pos(r[t + 1], m.at) >= m.pos) return r;
	return with_row(r, t, plus(r[t + 1] ?? NOTHING, m));
}
/** All that has come to CPU t, and v, comes to everybody: a full fence. */
export function everywhere(r: Reach, t: number, v: View): Reach {
	const all = join(join(r[0] ?? NOTHING, r[t + 1] ?? NOTHING), v);
	if (all === r[0] && (r[t + 1] ?? NOTHING) === NOTHING) return r;
	const out = r.slice();
	out[0] = all;
	if (out.length > t + 1) out[t + 1] = NOTHING;
	return out;
}
