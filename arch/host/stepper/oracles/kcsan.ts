// SPDX-License-Identifier: GPL-2.0-only
/**
 * Data races, by vector clocks: what KCSAN is for, with its default
 * CONFIG_KCSAN_ASSUME_PLAIN_WRITES_ATOMIC=y. A plain read is reported if some
 * write of the word is not ordered with it; a plain write of a word counts as
 * marked; data_race() is never reported.
 *
 * Order comes from locks, releases that an acquire reads, fully ordered
 * atomics, fences around marked accesses, and grace periods. A dependency is
 * no order here, but for rcu_dereference(), which is an acquire.
 *
 * A clock is a CPU's: its interrupts run between two instructions of its task,
 * and so are ordered with it. An interrupt on another CPU than its sender's is
 * ordered by the atomics on the word of pending bits, as on a processor it is by
 * the fence before the interrupt is sent. A busy-wait loop orders no more than
 * the accesses that it is made of: after one on READ_ONCE() what comes next is
 * still unordered, and is reported, unless a read barrier follows.
 */
import type { Order } from "../kinds.ts";
import type { Objection, Oracle } from "./oracle.ts";

type Clock = readonly number[];

interface Ctx {
	/** What has happened before the next access. */
	now: Clock;
	/** What a marked write publishes: as of the last write barrier. */
	fence: Clock;
	/** What a read barrier will learn: published by what was read. */
	seen: Clock;
	/** At the end of its last RCU section. */
	section: Clock;
}
/** How an access is made. A plain write counts as marked, but a report says which it is. */
export type WriteKind = "plain" | "once" | "release";
const WRITES = { plain: "a plain write", once: "a marked write", release: "a release" };
const ATOMIC = "an atomic";

/** The access that another one races with. */
export interface Race {
	event: number;
	what: string;
}

interface Word {
	published: Clock;
	writer: number;
	write_time: number;
	write_event: number;
	write_what: string;
	/** Times and events of the last plain reads, by context. */
	reads: Clock;
	read_events: Clock;
}

function join(a: Clock, b: Clock): Clock {
	if (a === b) return a;
	let out: number[] | undefined;
	for (let i = 0; i < b.length; i++) {
		if (b[i] <= a[i]) continue;
		out ??= a.slice();
		out[i] = b[i];
	}
	return out ?? a;
}
function put(a: Clock, i: number, v: number): Clock {
	const out = a.slice();
	out[i] = v;
	return out;
}

export class Kcsan {
	/** Of the access that is being made: kept with it. */
	event = 0;
	private readonly zero: Clock;
	private ctx: Ctx[] = [];
	private words: Word[] = [];
	private started: Clock;
	private journal: unknown[] = [];

	constructor(contexts: number) {
		this.zero = Array(contexts).fill(0);
		this.started = this.zero;
		for (let t = 0; t < contexts; t++)
			this.ctx.push({
				now: put(this.zero, t, 1),
				fence: this.zero,
				seen: this.zero,
				section: this.zero,
			});
	}
	mark(): number {
		return this.journal.length;
	}
	undo_to(mark: number): void {
		const j = this.journal;
		for (let i = j.length - 3; i >= mark; i -= 3)
			(j[i] as Record<string, unknown>)[j[i + 1] as string] = j[i + 2];
		j.length = mark;
	}
	private set<T, K extends keyof T>(o: T, key: K, v: T[K]): void {
		if (o[key] === v) return;
		this.journal.push(o, key, o[key]);
		o[key] = v;
	}
	private word(w: number): Word {
		return (this.words[w] ??= {
			published: this.zero,
			writer: -1,
			write_time: 0,
			write_event: -1,
			write_what: "",
			reads: this.zero,
			read_events: this.zero,
		});
	}
	/** Later accesses of t are told from those that others may know of. */
	private tick(t: number): void {
		const c = this.ctx[t];
		this.set(c, "now", put(c.now, t, c.now[t] + 1));
	}

	/** The write that it races with. */
	read(t: number, w: number, kind: "plain" | "once" | "acquire" | "data_race"): Race | undefined {
		const c = this.ctx[t];
		const x = this.word(w);
		if (kind === "acquire") this.set(c, "now", join(c.now, x.published));
		else if (kind === "once") this.set(c, "seen", join(c.seen, x.published));
		else if (kind === "plain") {
			if (x.writer >= 0 && x.writer !== t && c.now[x.writer] < x.write_time)
				return { event: x.write_event, what: x.write_what };
			this.set(x, "reads", put(x.reads, t, c.now[t]));
			this.set(x, "read_events", put(x.read_events, t, this.event));
		}
	}
	/** The plain read that it races with. */
	write(t: number, w: number, kind: WriteKind): Race | undefined {
		const x = this.word(w);
		const c = this.ctx[t];
		const race = this.raced(t, x);
		this.set(x, "published", kind === "release" ? c.now : c.fence);
		this.wrote(t, x, WRITES[kind]);
		return race;
	}
	rmw(t: number, w: number): Race | undefined {
		const x = this.word(w);
		const c = this.ctx[t];
		const race = this.raced(t, x);
		this.set(c, "now", join(join(c.now, c.seen), x.published));
		this.set(c, "fence", c.now);
		this.set(x, "published", c.now);
		this.wrote(t, x, ATOMIC);
		return race;
	}
	private raced(t: number, x: Word): Race | undefined {
		const c = this.ctx[t];
		for (let r = 0; r < x.reads.length; r++)
			if (r !== t && x.reads[r] > c.now[r]) return { event: x.read_events[r], what: "a plain read" };
	}
	private wrote(t: number, x: Word, what: string): void {
		this.set(x, "writer", t);
		this.set(x, "write_time", this.ctx[t].now[t]);
		this.set(x, "write_event", this.event);
		this.set(x, "write_what", what);
		this.tick(t);
	}

	mb(t: number): void {
		this.rmb(t);
		this.wmb(t);
	}
	rmb(t: number): void {
		const c = this.ctx[t];
		this.set(c, "now", join(c.now, c.seen));
	}
	wmb(t: number): void {
		const c = this.ctx[t];
		this.set(c, "fence", c.now);
		this.tick(t);
	}
	lock(t: number, l: number): void {
		const c = this.ctx[t];
		this.set(c, "now", join(c.now, this.word(l).published));
	}
	unlock(t: number, l: number): void {
		const x = this.word(l);
		this.set(x, "published", join(x.published, this.ctx[t].now));
		this.tick(t);
	}
	rcu_read_lock(t: number): void {
		const c = this.ctx[t];
		this.set(c, "now", join(c.now, this.started));
	}
	rcu_read_unlock(t: number): void {
		this.set(this.ctx[t], "section", this.ctx[t].now);
		this.tick(t);
	}
	gp_start(t: number): void {
		this.set(this as unknown as { started: Clock }, "started", join(this.started, this.ctx[t].now));
		this.tick(t);
	}
	gp_end(t: number): void {
		const c = this.ctx[t];
		for (const r of this.ctx) this.set(c, "now", join(c.now, r.section));
	}
}

/** As an observer of the stepper, on a machine of so many words. */
export class KcsanOracle implements Oracle {
	private k: Kcsan;
	/** Of an event: where the journal stood before it. */
	private marks: number[] = [];
	/** Shared words, by the number that they have here, from 1 on. */
	private numbers: Int32Array;
	private count = 0;

	constructor(
		private readonly contexts: number,
		words: number,
	) {
		this.k = new Kcsan(contexts);
		this.numbers = new Int32Array(words);
	}
	private word(w: number): number {
		if (this.numbers[w] === 0) this.numbers[w] = ++this.count;
		return this.numbers[w];
	}
	private race(found: Race | undefined, w: number, what: string): Objection | undefined {
		if (found === undefined) return;
		const text = `data race: ${what} of ${(w * 4).toString(16)} beside ${found.what} that nothing orders`;
		return { kind: "race", text, access: this.k.event, other: found.event };
	}

	begin(): void {
		this.k = new Kcsan(this.contexts);
	}
	open(e: number): void {
		this.marks[e] = this.k.mark();
		this.k.event = e;
	}
	pop_to(d: number): void {
		this.k.undo_to(this.marks[d]);
	}
	read(cpu: number, w: number, order: Order): Objection | undefined {
		const kind = order === "dependency" ? "acquire" : (order as "plain");
		return this.race(this.k.read(cpu, this.word(w), kind), w, "a plain read");
	}
	write(cpu: number, w: number, order: Order, store: number): Objection | undefined {
		const kind = order === "release" || order === "plain" ? order : "once";
		if (store >= 0) this.k.event = store;
		return this.race(this.k.write(cpu, this.word(w), kind), w, WRITES[kind]);
	}
	rmw(cpu: number, w: number): Objection | undefined {
		return this.race(this.k.rmw(cpu, this.word(w)), w, ATOMIC);
	}
	lock(cpu: number, w: number): void {
		this.k.lock(cpu, this.word(w));
	}
	unlock(cpu: number, w: number): void {
		this.k.unlock(cpu, this.word(w));
	}
	barrier(cpu: number, which: "mb" | "rmb" | "wmb"): void {
		this.k[which](cpu);
	}
	rcu_read_lock(cpu: number): void {
		this.k.rcu_read_lock(cpu);
	}
	rcu_read_unlock(cpu: number): void {
		this.k.rcu_read_unlock(cpu);
	}
	gp_start(cpu: number): void {
		this.k.gp_start(cpu);
	}
	gp_end(cpu: number): void {
		this.k.gp_end(cpu);
	}
}
