// SPDX-License-Identifier: GPL-2.0-only
/**
 * The kernel's memory model as a machine that makes one access at a time: each
 * place has a history of messages, each CPU a few views of what it may no
 * longer be without. What is known goes two ways. Stores take along what comes
 * before them to whoever they come to (`view`). And each access is at a time, at
 * which some stores have come to some CPUs (`reach`): that is so for everything
 * that is later in time, by the order within a CPU and from a store to its reader.
 * tools/litmus compares its outcomes with those of herd7. What is remembered is
 * not all that follows: an execution that shows something new is held against
 * the model's axioms afterwards (axioms.ts).
 *
 * Not explored: a load that takes its value from a store that is later in the
 * program of another CPU, of which the same holds (load buffering).
 * Port: rcu_dereference() is an acquire here, where the kernel's is a load with
 * an address dependency: too strong by what else the reader does.
 *
 * A page that is written whole (clear_page(), copy_page()) is a store to each of
 * its words, as weak as any other: who was not told of it may still read what the
 * free page held. What tells most readers is an address dependency, so this one
 * is followed: a marked load that returns a pointer into such a page, like an
 * entry of a page table, comes before all that its CPU reads there. (Also
 * before what it reads there by another pointer: too strong by that.)
 *
 * All state is under a journal: undo_to() takes back what came after mark().
 */
import { forbidden, type Step } from "./axioms.ts";

export interface Message {
	readonly at: number;
	/** The step that wrote it; -1: it was there. */
	readonly event: number;
	/** Index in its place's history; changes when one is put in before it. */
	pos: number;
	readonly value: number;
	readonly by: number;
	/** What comes to whom this comes to, before it. */
	readonly view: View;
	/** What was so when it was written. */
	readonly reach: Reach;
	/** The message that the atomic read which wrote this one. */
	readonly of: Message | undefined;
	/** It came with all others of its page. */
	readonly whole: boolean;
	/** The strong fences before it, and before those that read it. */
	fences: Fences;
}
/** How many strong fences of each CPU. */
type Fences = readonly number[];
const NONE: Fences = [];
interface Fence {
	readonly cpu: number;
	/** How many of its CPU's it is, from 1 on. */
	readonly number: number;
	/** What it and those before it on its CPU bring to everybody. */
	readonly all: Reach;
	/** Those that come before it. */
	before: Fences;
}
/** The newest message known of each place. Never changed, only replaced. */
type View = readonly (Message | undefined)[];
const NOTHING: View = [];

/**
 * What has come to all CPUs, and after it what else has come to CPU 0, 1 …, so
 * that they may read nothing older. Each access has one: what is so at its time,
 * by all that comes before it in time. A full fence brings all that its CPU has
 * to everybody.
 */
type Reach = readonly View[];
const UNKNOWN: Reach = [];

interface Cpu {
	/** Of each place, what it has read or written last. */
	seen: View;
	/** What is so at the time of all later loads, */
	loads: Reach;
	/** of those after a read barrier, */
	rmb: Reach;
	/** of all later stores: these come after all that is before them, */
	stores: Reach;
	/** and of what comes after the next lock. */
	ul_reach: Reach;
	/** Its last access to each place of those that knew of more than later loads do. */
	accesses: readonly Access[];
	/** What is so for loads from a page, by the pointers into it that were read. */
	deps: readonly Dependency[];
	/** Own writes since the last full fence. */
	own: View;
	/** Goes with every later write. */
	rel: View;
	/** Own writes up to the last unlock, */
	ul_own: View;
	/** and all that was so for it then, for everybody. */
	ul_all: Reach;
	/** What the last unlocks before its locks were made after. */
	handed: Reach;
	/** Depth of RCU sections. */
	nest: number;
	/** The grace period that it waits for: the readers left, what was so when they ended. */
	gp_wait: number;
	gp_reach: Reach;
}
interface Access {
	readonly of: Message;
	/** At the time of this one and those before it at this place. */
	readonly reach: Reach;
	readonly before: Access | undefined;
}
const NO_ACCESSES: readonly Access[] = [];
interface Dependency {
	readonly page: number;
	readonly reach: Reach;
}
const NO_DEPS: readonly Dependency[] = [];
const PAGE_SHIFT = 12;
interface Lock {
	view: View;
	own: View;
	reach: Reach;
	/** All that the last one to let go had, for everybody. */
	all: Reach;
}

function join(a: View, b: View): View {
	if (a === b || b.length === 0) return a;
	if (a.length === 0) return b;
	let out: (Message | undefined)[] | undefined;
	for (let x = 0; x < b.length; x++) {
		const m = b[x];
		const have = a[x];
		if (m === undefined || (have !== undefined && have.pos >= m.pos)) continue;
		out ??= a.slice();
		while (out.length < x) out.push(undefined);
		out[x] = m;
	}
	return out ?? a;
}
function plus(a: View, m: Message): View {
	const have = a[m.at];
	if (have !== undefined && have.pos >= m.pos) return a;
	const out = a.slice();
	while (out.length < m.at) out.push(undefined);
	out[m.at] = m;
	return out;
}
function both(a: Reach, b: Reach): Reach {
	if (a === b || b.length === 0) return a;
	if (a.length === 0) return b;
	let out: View[] | undefined;
	for (let t = 0; t < b.length; t++) {
		const have = a[t] ?? NOTHING;
		const v = join(have, b[t]);
		if (v === have) continue;
		out ??= a.slice();
		while (out.length < t) out.push(NOTHING);
		out[t] = v;
	}
	return out ?? a;
}
/** Is the message among what CPU t has? */
function has(r: Reach, t: number, m: Message): boolean {
	return pos(r[0], m.at) >= m.pos || pos(r[t + 1], m.at) >= m.pos;
}
/** With something for CPU t. */
function also(r: Reach, t: number, v: View): Reach {
	let out: View[] | undefined;
	for (const m of v) {
		if (m === undefined || has(out ?? r, t, m)) continue;
		out ??= r.slice();
		while (out.length <= t + 1) out.push(NOTHING);
		out[t + 1] = plus(out[t + 1], m);
	}
	return out ?? r;
}
function also_one(r: Reach, t: number, m: Message): Reach {
	if (has(r, t, m)) return r;
	const out = r.slice();
	while (out.length <= t + 1) out.push(NOTHING);
	out[t + 1] = plus(out[t + 1], m);
	return out;
}
/** With all that CPU t has, and v, for all. */
function everywhere(r: Reach, t: number, v: View): Reach {
	const all = join(join(r[0] ?? NOTHING, r[t + 1] ?? NOTHING), v);
	if (all === r[0] && (r[t + 1] ?? NOTHING) === NOTHING) return r;
	const out = r.slice();
	out[0] = all;
	if (out.length > t + 1) out[t + 1] = NOTHING;
	return out;
}
const pos = (v: View | undefined, x: number) => v?.[x]?.pos ?? 0;
function most(a: Fences, b: Fences): Fences {
	let out: number[] | undefined;
	for (let u = 0; u < b.length; u++) {
		if (b[u] <= (a[u] ?? 0)) continue;
		out ??= a.slice();
		while (out.length < u) out.push(0);
		out[u] = b[u];
	}
	return out ?? a;
}

export class Views {
	/** Of the message that is read, when it is not the newest one. */
	stale = false;
	/** Set by the caller before an access: its step, and is it a plain one. */
	event = -1;
	plain = false;
	private cpus: Cpu[] = [];
	private history: Message[][] = [];
	/** Of a place, its page. */
	private page_of: number[] = [];
	/** Pages that were written whole. */
	private pages: readonly number[] = [];
	private locks: Lock[] = [];
	/**
	 * The strong fences of each CPU. Of two CPUs' either one is before the other,
	 * which nobody decides beforehand: it follows, from what an access after one of
	 * them has, or has not, of what the other one brings. Each CPU's are a place,
	 * too, whose messages go with what they bring.
	 */
	private fences: Fence[][] = [];
	private readers = UNKNOWN;
	private started = UNKNOWN;
	private journal: (() => void)[] = [];
	/** What all CPUs did. */
	private steps: Step[] = [];

	constructor(contexts: number) {
		for (let t = 0; t < contexts; t++) {
			this.cpus.push({
				seen: NOTHING,
				loads: UNKNOWN,
				rmb: UNKNOWN,
				stores: UNKNOWN,
				ul_reach: UNKNOWN,
				accesses: NO_ACCESSES,
				deps: NO_DEPS,
				own: NOTHING,
				rel: NOTHING,
				ul_own: NOTHING,
				ul_all: UNKNOWN,
				handed: UNKNOWN,
				nest: 0,
				gp_wait: 0,
				gp_reach: UNKNOWN,
			});
			this.fences.push([]);
			this.loc(0);
		}
	}

	mark(): number {
		return this.journal.length;
	}
	undo_to(mark: number): void {
		while (this.journal.length > mark) this.journal.pop()?.();
	}
	private did(step: Step): void {
		this.steps.push(step);
		this.journal.push(this.undone);
	}
	private readonly undone = () => {
		this.steps.pop();
	};
	/** The axiom of the model that the execution so far breaks. */
	forbidden(): string | undefined {
		return forbidden(this.steps);
	}
	private set<T, K extends keyof T>(o: T, key: K, v: T[K]): void {
		const old = o[key];
		if (old === v) return;
		o[key] = v;
		this.journal.push(() => {
			o[key] = old;
		});
	}
	/** From here on, that is so for these accesses of a CPU. */
	private learn(c: Cpu, keys: ("loads" | "rmb" | "stores")[], r: Reach): void {
		for (const key of keys) this.set(c, key, both(c[key], r));
	}
	/** A new place, or a lock: its handle. */
	loc(initial: number, page = -1): number {
		const x = this.history.length;
		const m: Message = {
			at: x,
			event: -1,
			pos: 0,
			value: initial,
			by: -1,
			view: NOTHING,
			reach: UNKNOWN,
			of: undefined,
			whole: false,
			fences: NONE,
		};
		this.history.push([m]);
		this.page_of.push(page);
		this.locks.push({ view: NOTHING, own: NOTHING, reach: UNKNOWN, all: UNKNOWN });
		this.journal.push(() => {
			this.history.pop();
			this.page_of.pop();
			this.locks.pop();
		});
		return x;
	}
	newest(x: number): number {
		const h = this.history[x];
		return h[h.length - 1].value;
	}

	/* ---- loads ---- */

	/** Nothing older may be read. */
	private first(t: number, x: number): number {
		const c = this.cpus[t];
		let from = Math.max(pos(c.seen, x), pos(c.loads[0], x), pos(c.loads[t + 1], x));
		for (const d of c.deps)
			if (d.page === this.page_of[x])
				from = Math.max(from, pos(d.reach[0], x), pos(d.reach[t + 1], x));
		if (from === this.history[x].length - 1) return from;
		let fences = this.fences_of(c.loads, t);
		for (const d of c.deps)
			if (d.page === this.page_of[x]) fences = most(fences, this.fences_of(d.reach, t));
		return this.brought(fences, x, from);
	}
	/** May CPU t overlook that the page of x was written whole? Then its plain load races with that. */
	overlooks(t: number, x: number): boolean {
		const h = this.history[x];
		for (let i = this.first(t, x) + 1; i < h.length; i++) if (h[i].whole) return true;
		return false;
	}
	/** How many messages may be read, of those that do not hold `not`; choice 0 is the newest. */
	loads(t: number, x: number, not?: number): number {
		const h = this.history[x];
		const from = this.first(t, x);
		if (not === undefined) return h.length - from;
		let n = 0;
		for (let i = from; i < h.length; i++) if (h[i].value !== not) n++;
		return n;
	}
	/** The message that a choice means. */
	load_of(x: number, choice: number, not?: number): Message {
		const h = this.history[x];
		let i = h.length - 1;
		if (not === undefined) i -= choice;
		else for (let left = choice; h[i].value === not || left-- > 0; ) i--;
		return h[i];
	}
	/** What overwrites a message. */
	next(m: Message): Message | undefined {
		return this.history[m.at][m.pos + 1];
	}
	load(t: number, x: number, choice: number, acquire: boolean, not?: number): number {
		const m = this.load_of(x, choice, not);
		this.stale = this.next(m) !== undefined;
		this.read(t, m, acquire);
		return m.value;
	}
	/** `blind`: an atomic without result, which read barriers do not order. */
	private read(t: number, m: Message, acquire: boolean, blind = false): void {
		const c = this.cpus[t];
		if (!this.plain) this.did({ cpu: t, kind: "read", of: m, acquire, blind });
		this.set(c, "seen", plus(c.seen, m));
		/* A CPU may have its own stores early. */
		const now =
			m.by === t ? c.loads : this.heard(t, also_one(also(both(c.loads, m.reach), t, m.view), t, m));
		this.learn(c, ["stores"], now);
		if (!blind) this.learn(c, ["rmb"], now);
		if (acquire) this.learn(c, ["loads"], now);
		else if (!this.plain) this.depend(c, m.value >>> PAGE_SHIFT, now);
		this.note(c, m, now);
		if (this.plain) return;
		const fences = this.fences_of(now, t);
		this.set(m, "fences", most(m.fences, fences));
		this.misses(fences, m);
	}
	/** A pointer was read: if into a page that was written whole, that is so for loads from it. */
	private depend(c: Cpu, page: number, now: Reach): void {
		if (now === c.loads || !this.pages.includes(page)) return;
		const before = c.deps.find((d) => d.page === page);
		const reach = before === undefined ? now : both(before.reach, now);
		if (reach === before?.reach) return;
		this.set(c, "deps", [...c.deps.filter((d) => d !== before), { page, reach }]);
	}
	/** That is so for CPU t: own accesses without what has come to it come before that in time. */
	private heard(t: number, now: Reach): Reach {
		const c = this.cpus[t];
		for (let i = 0; i < c.accesses.length && now !== c.loads; i++) {
			const x = c.accesses[i].of.at;
			const last = Math.max(pos(now[0], x), pos(now[t + 1], x));
			let a: Access | undefined = c.accesses[i];
			while (a !== undefined && a.of.pos >= last) a = a.before;
			const was = now;
			if (a !== undefined) now = both(now, a.reach);
			if (now !== was) i = -1;
		}
		return now;
	}
	private note(c: Cpu, of: Message, reach: Reach): void {
		if (reach === c.loads) return;
		const i = c.accesses.findIndex((a) => a.of.at === of.at);
		const before = i < 0 ? undefined : c.accesses[i];
		const a = { of, reach: before === undefined ? reach : both(before.reach, reach), before };
		this.set(c, "accesses", i < 0 ? [...c.accesses, a] : c.accesses.with(i, a));
	}

	/* ---- stores ---- */

	private bound(t: number, x: number): number {
		const c = this.cpus[t];
		const from = Math.max(pos(c.seen, x), pos(c.stores[0], x), pos(c.stores[t + 1], x));
		if (from === this.history[x].length - 1) return from;
		return this.brought(this.fences_of(c.stores, t), x, from);
	}
	/** After how many messages a store may come, of those that hold `only`; choice 0 is the newest. */
	stores(t: number, x: number, only?: number): number {
		const h = this.history[x];
		let n = 0;
		for (let i = this.bound(t, x); i < h.length; i++) if (this.open(h, i, only)) n++;
		return n;
	}
	/** May something come right after h[i]? Not where an atomic that has read it does. */
	private open(h: Message[], i: number, only?: number): boolean {
		if (i + 1 < h.length && h[i + 1].of === h[i]) return false;
		return only === undefined || h[i].value === only;
	}
	/** The message that a choice means. */
	source(x: number, choice: number, only?: number): Message {
		const h = this.history[x];
		for (let i = h.length - 1, left = choice; ; i--) if (this.open(h, i, only) && left-- === 0) return h[i];
	}
	store(t: number, x: number, choice: number, v: number, release: boolean): void {
		const c = this.cpus[t];
		const view = release ? this.cumulative(t) : c.rel;
		this.write(t, x, this.source(x, choice).pos, v, view, undefined, release);
	}
	/** CPU t begins to write a page whole, then it does so to the places in it that matter. */
	begin_page(page: number): void {
		if (this.pages.includes(page)) return;
		this.set(this as unknown as { pages: readonly number[] }, "pages", [...this.pages, page]);
	}
	store_whole(t: number, x: number, v: number): void {
		this.write(t, x, this.history[x].length - 1, v, this.cpus[t].rel, undefined, false, true);
	}
	/** A release of a place that nobody else looks at: what comes after it may still take it along. */
	private_release(t: number): void {
		const c = this.cpus[t];
		this.did({ cpu: t, kind: "write", release: true });
		this.set(c, "own", this.cumulative(t));
	}
	/** All that a CPU has, and its own writes, but for what all have. */
	private cumulative(t: number): View {
		const c = this.cpus[t];
		return join(join(c.rel, c.stores[t + 1] ?? NOTHING), c.own);
	}
	/** A new message after h[i]. */
	private write(
		t: number,
		x: number,
		i: number,
		value: number,
		view: View,
		of: Message | undefined,
		release: boolean,
		whole = false,
	): void {
		const h = this.history[x];
		const c = this.cpus[t];
		const m: Message = {
			at: x,
			event: this.event,
			pos: i + 1,
			value,
			by: t,
			view,
			reach: c.stores,
			of,
			whole,
			fences: this.plain ? NONE : this.fences_of(c.stores, t),
		};
		h.splice(i + 1, 0, m);
		for (let k = i + 2; k < h.length; k++) h[k].pos = k;
		this.journal.push(() => {
			h.splice(m.pos, 1);
			for (let k = m.pos; k < h.length; k++) h[k].pos = k;
		});
		if (!this.plain) this.did({ cpu: t, kind: "write", of: m, release, atomic: of !== undefined });
		this.set(c, "seen", plus(c.seen, m));
		this.set(c, "own", join(plus(c.own, m), view));
		this.note(c, m, m.reach);
		this.misses(m.fences, m);
	}

	/* ---- atomics read what they come after (stores()); the caller puts full fences around ---- */

	rmw_peek(x: number, choice: number, only?: number): number {
		return this.source(x, choice, only).value;
	}
	/** Is what it has written the newest? */
	rmw(
		t: number,
		x: number,
		choice: number,
		v: number,
		o: { acquire?: boolean; release?: boolean; blind?: boolean; only?: number } = {},
	): boolean {
		const m = this.source(x, choice, o.only);
		this.stale = m.pos < this.history[x].length - 1;
		this.read(t, m, o.acquire === true, o.blind);
		const view = o.release ? this.cumulative(t) : join(this.cpus[t].rel, m.view);
		this.write(t, x, m.pos, v, view, m, o.release === true);
		return !this.stale;
	}
	/** What CPU t may read now, and what comes later: the first of it. */
	oldest(t: number, x: number): Message {
		return this.history[x][this.first(t, x)];
	}
	/** From a message on, is there one that holds v, or with `other` one that does not? */
	may_read(from: Message, v: number, other: boolean, needed: (m: Message) => boolean): boolean {
		const h = this.history[from.at];
		for (let i = from.pos; i < h.length; i++) if ((h[i].value === v) !== other && needed(h[i])) return true;
		return false;
	}

	/* ---- fences ---- */

	mb(t: number): void {
		const c = this.cpus[t];
		this.did({ cpu: t, kind: "mb" });
		/* Later stores know of all that later loads know of. */
		const all = this.fence(t, everywhere(c.stores, t, c.own));
		this.set(c, "loads", all);
		this.set(c, "rmb", all);
		this.set(c, "stores", all);
		this.set(c, "accesses", NO_ACCESSES);
		this.set(c, "own", NOTHING);
		this.set(c, "rel", NOTHING);
		this.set(c, "ul_own", NOTHING);
	}
	/** A full fence between what came before an unlock and what comes after this, the lock between them. */
	after_unlock_lock(t: number): void {
		const c = this.cpus[t];
		this.did({ cpu: t, kind: "unlock_lock" });
		const all = this.fence(t, both(c.handed, this.fences[t].at(-1)?.all ?? UNKNOWN));
		this.learn(c, ["loads", "rmb", "stores"], all);
	}
	/** A strong fence of CPU t, which brings that and itself to all that comes after it. */
	private fence(t: number, brings: Reach): Reach {
		const chain = this.fences[t];
		const last = chain.at(-1);
		const h = this.history[t];
		const m: Message = {
			at: t,
			event: this.event,
			pos: h.length,
			value: 0,
			by: t,
			view: NOTHING,
			reach: UNKNOWN,
			of: undefined,
			whole: false,
			fences: NONE,
		};
		h.push(m);
		const all = brings.slice();
		all[0] = plus(all[0] ?? NOTHING, m);
		let before = most(last?.before ?? NONE, this.fences_of(all, t));
		/* What was read and written instead of what it brings comes before it. */
		for (let x = this.cpus.length, had = last?.all[0] ?? NOTHING; x < all[0].length; x++) {
			if (all[0][x] === had[x]) continue;
			for (let i = pos(had, x), to = pos(all[0], x); i < to; i++)
				before = most(before, this.history[x][i].fences);
		}
		const others = before.slice();
		others[t] = m.pos - 1;
		chain.push({ cpu: t, number: m.pos, all, before: this.up_to(others) });
		this.journal.push(() => {
			chain.pop();
			h.pop();
		});
		return all;
	}
	/** The fences that are known of. */
	private fences_of(r: Reach, t: number): Fences {
		let out: number[] | undefined;
		for (let u = 0; u < this.fences.length; u++) {
			const last = Math.max(pos(r[0], u), pos(r[t + 1], u));
			if (last === 0) continue;
			out ??= this.fences.map(() => 0);
			out[u] = last;
		}
		return out ?? NONE;
	}
	/** They, and all that come before them. */
	private up_to(fences: Fences): Fences {
		let out = fences;
		for (let u = 0; u < fences.length; u++)
			if (fences[u] > 0) out = most(out, this.fences[u][fences[u] - 1].before);
		return out;
	}
	/** Place x after those fences: nothing older may be read or overwritten. */
	private brought(fences: Fences, x: number, from: number): number {
		const all = this.up_to(fences);
		for (let u = 0; u < all.length; u++)
			if (all[u] > 0) from = Math.max(from, pos(this.fences[u][all[u] - 1].all[0], x));
		return from;
	}
	/** An access after those fences has m: it is before any that brings something newer. */
	private misses(fences: Fences, m: Message): void {
		if (fences === NONE || this.next(m) === undefined) return;
		const earlier = this.up_to(fences);
		for (const chain of this.fences) {
			const first = chain.find((f) => pos(f.all[0], m.at) > m.pos);
			/* A circle: such an execution is none, and axioms.ts says so. */
			if (first === undefined || (earlier[first.cpu] ?? 0) >= first.number) continue;
			this.precede(earlier, first);
		}
	}
	/** Those fences come before f, and so before all that come after it. */
	private precede(earlier: Fences, f: Fence): void {
		for (const chain of this.fences)
			for (const g of chain)
				if (g === f || (g.before[f.cpu] ?? 0) >= f.number)
					this.set(g, "before", most(g.before, earlier));
	}
	rmb(t: number): void {
		const c = this.cpus[t];
		this.did({ cpu: t, kind: "rmb" });
		this.learn(c, ["loads"], c.rmb);
	}
	wmb(t: number): void {
		const c = this.cpus[t];
		this.did({ cpu: t, kind: "wmb" });
		this.set(c, "rel", join(c.rel, c.own));
	}
	/** After a wait for a change of x: it was seen. */
	catch_up(t: number, x: number): void {
		const h = this.history[x];
		const c = this.cpus[t];
		this.set(c, "seen", plus(c.seen, h[h.length - 1]));
	}

	/* ---- locks: taking one is an acquire and a write ---- */

	lock(t: number, l: number): void {
		const c = this.cpus[t];
		this.did({ cpu: t, kind: "read", lock: l, acquire: true });
		this.did({ cpu: t, kind: "write", lock: l, atomic: true });
		const lock = this.locks[l];
		this.learn(
			c,
			["loads", "rmb", "stores"],
			this.heard(t, also(both(both(c.loads, lock.reach), c.ul_reach), t, lock.view)),
		);
		this.set(c, "handed", both(both(c.handed, lock.all), c.ul_all));
		this.set(c, "rel", join(join(c.rel, lock.own), c.ul_own));
		this.set(c, "own", join(c.own, c.rel));
	}
	unlock(t: number, l: number): void {
		const c = this.cpus[t];
		this.did({ cpu: t, kind: "write", lock: l, release: true });
		const lock = this.locks[l];
		const view = this.cumulative(t);
		const all = everywhere(c.stores, t, c.own);
		this.set(lock, "all", all);
		this.set(c, "ul_all", both(c.ul_all, all));
		this.set(lock, "view", view);
		this.set(lock, "own", c.own);
		this.set(lock, "reach", c.stores);
		this.set(c, "ul_own", c.own);
		this.set(c, "ul_reach", c.stores);
		this.set(c, "own", view);
	}

	/* ---- RCU ---- */

	rcu_read_lock(t: number): void {
		const c = this.cpus[t];
		this.did({ cpu: t, kind: "rcu_lock" });
		this.set(c, "nest", c.nest + 1);
		if (c.nest === 1) this.learn(c, ["loads", "rmb", "stores"], this.started);
	}
	rcu_read_unlock(t: number): void {
		const c = this.cpus[t];
		this.did({ cpu: t, kind: "rcu_unlock" });
		this.set(c, "nest", c.nest - 1);
		if (c.nest > 0) return;
		const all = everywhere(c.stores, t, this.cumulative(t));
		this.set(this as unknown as { readers: Reach }, "readers", both(this.readers, all));
		for (const g of this.cpus) {
			if ((g.gp_wait & (1 << t)) === 0) continue;
			this.set(g, "gp_wait", g.gp_wait & ~(1 << t));
			this.set(g, "gp_reach", both(g.gp_reach, all));
		}
	}
	/** The caller has made an mb() before. */
	gp_start(t: number): void {
		const c = this.cpus[t];
		this.did({ cpu: t, kind: "gp" });
		this.set(this as unknown as { started: Reach }, "started", both(this.started, c.stores));
		let wait = 0;
		for (const [i, r] of this.cpus.entries()) if (i !== t && r.nest > 0) wait |= 1 << i;
		this.set(c, "gp_wait", wait);
		this.set(c, "gp_reach", this.readers);
	}
	/** With the mb() that ends synchronize_rcu(). */
	gp_end(t: number): void {
		const c = this.cpus[t];
		this.learn(c, ["stores"], c.gp_reach);
		this.mb(t);
	}
}
