// SPDX-License-Identifier: GPL-2.0-only
/**
 * The kernel's memory model as a machine that makes one access at a time: each
 * place has a history of messages, each CPU a few views of what it may no
 * longer be without. tools/litmus compares its outcomes with those of herd7.
 *
 * Not explored: a load that takes its value from a store that is later in the
 * program of another CPU, of which the same holds (load buffering).
 * Port: rcu_dereference() is an acquire here, where the kernel's is a load with
 * an address dependency: too strong by what else the reader does.
 *
 * All state is under a journal: undo_to() takes back what came after mark().
 */

export interface Message {
	readonly at: number;
	/** Index in its place's history; changes when one is put in before it. */
	pos: number;
	readonly value: number;
	/** What who reads this knows of, too. */
	readonly view: View;
	/** The message that the atomic read which wrote this one. */
	readonly of: Message | undefined;
	readonly tag: number;
}
/** The newest message known of each place. Never changed, only replaced. */
type View = readonly (Message | undefined)[];
const NOTHING: View = [];

interface Cpu {
	/** Nothing older may be read. */
	cur: View;
	/** And, after a read barrier, what came with all that was read. */
	acq: View;
	/** Own writes. */
	own: View;
	/** Goes with every later write. */
	rel: View;
	/** Own and published views at the last unlock. */
	ul_own: View;
	ul_view: View;
	/** Depth of RCU sections. */
	nest: number;
	/** The grace period that it waits for: the readers left, what they knew. */
	gp_wait: number;
	gp_view: View;
}
interface Lock {
	view: View;
	own: View;
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
const pos = (v: View, x: number) => v[x]?.pos ?? 0;

export class Lkmm {
	/** Of the message that is read, when it is not the newest one. */
	stale = false;
	/** Tag of the message that was read last. */
	read_from = -1;
	/** Set by the caller before a write: kept in the message. */
	tag = 0;
	private cpus: Cpu[] = [];
	private history: Message[][] = [];
	private locks: Lock[] = [];
	private strong: View = NOTHING;
	private readers: View = NOTHING;
	private started: View = NOTHING;
	private journal: (() => void)[] = [];

	constructor(contexts: number) {
		for (let t = 0; t < contexts; t++) {
			this.cpus.push({
				cur: NOTHING, acq: NOTHING, own: NOTHING, rel: NOTHING, ul_own: NOTHING, ul_view: NOTHING,
				nest: 0, gp_wait: 0, gp_view: NOTHING,
			});
		}
	}

	mark(): number {
		return this.journal.length;
	}
	undo_to(mark: number): void {
		while (this.journal.length > mark) this.journal.pop()?.();
	}
	private set<T, K extends keyof T>(o: T, key: K, v: T[K]): void {
		const old = o[key];
		if (old === v) return;
		o[key] = v;
		this.journal.push(() => {
			o[key] = old;
		});
	}
	/** cur, acq and so on, all joined with v. */
	private learn(c: Cpu, keys: ("cur" | "acq" | "own" | "rel")[], v: View): void {
		for (const key of keys) this.set(c, key, join(c[key], v));
	}

	/** A new place, or a lock: its handle. */
	loc(initial: number): number {
		const x = this.history.length;
		this.history.push([{ at: x, pos: 0, value: initial, view: NOTHING, of: undefined, tag: -1 }]);
		this.locks.push({ view: NOTHING, own: NOTHING });
		this.journal.push(() => {
			this.history.pop();
			this.locks.pop();
		});
		return x;
	}
	newest(x: number): number {
		const h = this.history[x];
		return h[h.length - 1].value;
	}
	final(x: number): number {
		return this.newest(x);
	}

	/* ---- loads ---- */

	/** How many messages may be read, of those that do not hold `not`; choice 0 is the newest. */
	loads(t: number, x: number, not?: number): number {
		const h = this.history[x];
		const from = pos(this.cpus[t].cur, x);
		if (not === undefined) return h.length - from;
		let n = 0;
		for (let i = from; i < h.length; i++) if (h[i].value !== not) n++;
		return n;
	}
	load(t: number, x: number, choice: number, acquire: boolean, not?: number): number {
		const h = this.history[x];
		let i = h.length - 1;
		if (not === undefined) i -= choice;
		else for (let left = choice; h[i].value === not || left-- > 0; ) i--;
		const m = h[i];
		this.stale = i < h.length - 1;
		this.read(this.cpus[t], m);
		if (acquire) this.learn(this.cpus[t], ["cur"], m.view);
		return m.value;
	}
	private read(c: Cpu, m: Message): void {
		this.read_from = m.tag;
		this.set(c, "cur", plus(c.cur, m));
		this.set(c, "acq", join(plus(c.acq, m), m.view));
	}

	/* ---- stores ---- */

	private bound(t: number, x: number): number {
		return Math.max(pos(this.cpus[t].cur, x), pos(this.cpus[t].acq, x));
	}
	/** After how many messages a store may come; choice 0 is the newest place. */
	stores(t: number, x: number): number {
		const h = this.history[x];
		let n = 0;
		for (let i = this.bound(t, x); i < h.length; i++) if (!this.joined(h, i)) n++;
		return n;
	}
	/** Is the message after h[i] an atomic's that read h[i]? */
	private joined(h: Message[], i: number): boolean {
		return i + 1 < h.length && h[i + 1].of === h[i];
	}
	store(t: number, x: number, choice: number, v: number, release: boolean): void {
		const c = this.cpus[t];
		const view = release ? join(join(c.rel, c.acq), c.own) : c.rel;
		const h = this.history[x];
		let i = h.length - 1;
		for (let left = choice; ; i--) {
			if (this.joined(h, i)) continue;
			if (left-- === 0) break;
		}
		this.write(c, this.insert(x, i, v, view, undefined));
	}
	/** A new message after h[i]. */
	private insert(x: number, i: number, value: number, view: View, of: Message | undefined): Message {
		const h = this.history[x];
		const m: Message = { at: x, pos: i + 1, value, view, of, tag: this.tag };
		h.splice(i + 1, 0, m);
		for (let k = i + 2; k < h.length; k++) h[k].pos = k;
		this.journal.push(() => {
			h.splice(m.pos, 1);
			for (let k = m.pos; k < h.length; k++) h[k].pos = k;
		});
		return m;
	}
	private write(c: Cpu, m: Message): void {
		this.set(c, "cur", plus(c.cur, m));
		this.set(c, "acq", plus(c.acq, m));
		this.set(c, "own", join(plus(c.own, m), m.view));
	}

	/* ---- atomics: the caller puts full fences around ---- */

	/** How many messages may be read and replaced, of those that hold `only`; choice 0 is the newest. */
	rmws(t: number, x: number, only?: number): number {
		if (only === undefined) return this.stores(t, x);
		const h = this.history[x];
		let n = 0;
		for (let i = this.bound(t, x); i < h.length; i++) if (h[i].value === only && !this.joined(h, i)) n++;
		return n;
	}
	private source(x: number, choice: number, only?: number): Message {
		const h = this.history[x];
		let i = h.length - 1;
		for (let left = choice; ; i--) {
			if (this.joined(h, i) || (only !== undefined && h[i].value !== only)) continue;
			if (left-- === 0) return h[i];
		}
	}
	rmw_peek(x: number, choice: number, only?: number): number {
		return this.source(x, choice, only).value;
	}
	/** Is what it has written the newest? */
	rmw(t: number, x: number, choice: number, v: number, acquire = false, release = false, only?: number): boolean {
		const c = this.cpus[t];
		const m = this.source(x, choice, only);
		this.stale = m.pos < this.history[x].length - 1;
		this.read(c, m);
		if (acquire) this.learn(c, ["cur"], m.view);
		const view = release ? join(join(c.rel, c.acq), c.own) : join(c.rel, m.view);
		this.write(c, this.insert(x, m.pos, v, view, m));
		return !this.stale;
	}
	/** What CPU t may read now, and what comes later: the first of it. */
	oldest(t: number, x: number): Message {
		return this.history[x][pos(this.cpus[t].cur, x)];
	}
	/** From a message on, is there one that holds v, or with `other` one that does not? */
	may_read(from: Message, v: number, other: boolean): boolean {
		const h = this.history[from.at];
		for (let i = from.pos; i < h.length; i++) if ((h[i].value === v) !== other) return true;
		return false;
	}

	/* ---- fences ---- */

	mb(t: number): void {
		const c = this.cpus[t];
		const w = join(join(c.acq, c.own), this.strong);
		this.set(this as unknown as { strong: View }, "strong", w);
		this.set(c, "cur", w);
		this.set(c, "acq", w);
		this.learn(c, ["rel", "own"], w);
	}
	rmb(t: number): void {
		const c = this.cpus[t];
		this.learn(c, ["cur"], c.acq);
	}
	wmb(t: number): void {
		const c = this.cpus[t];
		this.learn(c, ["rel"], c.own);
	}
	/** After a wait for a change of x: it was seen. */
	catch_up(t: number, x: number): void {
		const h = this.history[x];
		this.learn(this.cpus[t], ["cur"], plus(NOTHING, h[h.length - 1]));
	}

	/* ---- locks ---- */

	lock(t: number, l: number): void {
		const c = this.cpus[t];
		const lock = this.locks[l];
		this.learn(c, ["cur", "acq"], join(lock.view, c.ul_view));
		this.learn(c, ["rel"], join(lock.own, c.ul_own));
	}
	unlock(t: number, l: number): void {
		const c = this.cpus[t];
		const view = join(c.acq, c.own);
		this.set(this.locks[l], "view", view);
		this.set(this.locks[l], "own", c.own);
		this.set(c, "ul_own", c.own);
		this.set(c, "ul_view", view);
	}

	/* ---- RCU ---- */

	rcu_read_lock(t: number): void {
		const c = this.cpus[t];
		this.set(c, "nest", c.nest + 1);
		if (c.nest === 1) this.learn(c, ["cur", "acq", "rel"], this.started);
	}
	rcu_read_unlock(t: number): void {
		const c = this.cpus[t];
		this.set(c, "nest", c.nest - 1);
		if (c.nest > 0) return;
		const w = join(c.acq, c.own);
		this.set(this as unknown as { readers: View }, "readers", join(this.readers, w));
		for (const g of this.cpus) {
			if ((g.gp_wait & (1 << t)) === 0) continue;
			this.set(g, "gp_wait", g.gp_wait & ~(1 << t));
			this.set(g, "gp_view", join(g.gp_view, w));
		}
	}
	/** The caller has made an mb() before. */
	gp_start(t: number): void {
		const c = this.cpus[t];
		this.set(this as unknown as { started: View }, "started", join(this.started, c.acq));
		let wait = 0;
		for (const [i, r] of this.cpus.entries()) if (i !== t && r.nest > 0) wait |= 1 << i;
		this.set(c, "gp_wait", wait);
		this.set(c, "gp_view", this.readers);
	}
	gp_done(t: number): boolean {
		return this.cpus[t].gp_wait === 0;
	}
	/** With the mb() that ends synchronize_rcu(). */
	gp_end(t: number): void {
		this.set(this as unknown as { strong: View }, "strong", join(this.strong, this.cpus[t].gp_view));
		this.mb(t);
	}
}
