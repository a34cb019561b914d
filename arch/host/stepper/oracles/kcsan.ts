// SPDX-License-Identifier: GPL-2.0-only
/**
 * Data races, by vector clocks: what KCSAN is for, with its default
 * CONFIG_KCSAN_ASSUME_PLAIN_WRITES_ATOMIC=y. A plain read and a write of one word are
 * reported if nothing orders them, whichever comes first. A plain write counts as
 * marked, so two writes never race; data_race() is exempt.
 *
 * KCSAN itself waits for the other access to come by. This one does as FastTrack:
 * Flanagan, Freund, "FastTrack: efficient and precise dynamic race detection", PLDI
 * 2009. A word remembers its last write and each CPU's last plain read. A write before
 * the last one, not ordered with that, is forgotten. A read that races with it is
 * found in the order of steps in which it comes last.
 *
 * MP+wmb+rmb with a plain x. A clock is [of CPU 0, of CPU 1]. At first now is [1, 0] on
 * P0 and [0, 1] on P1, everything else [0, 0].
 *
 *	P0  x = 1              x: writer 0, write_time 1       P0: now [2, 0]
 *	    smp_wmb()          P0: fence [2, 0], now [3, 0]
 *	    WRITE_ONCE(y, 1)   y: published [2, 0]             P0: now [4, 0]
 *	P1  READ_ONCE(y)       P1: seen [2, 0]
 *	    smp_rmb()          P1: now [2, 1]
 *	    r = x              now[0] is 2, x's write_time 1: ordered
 *
 * Without the smp_rmb() now[0] is 0 at the read, and without the smp_wmb(), too:
 * the write is not known, and a race is reported.
 *
 * Order comes from locks, releases that an acquire reads, atomics, fences around
 * marked accesses, and grace periods. The LKMM's own definition of a race is in
 * tools/memory-model/Documentation/explanation.txt. It knows dependencies, where this
 * one knows only rcu_dereference(), as an acquire: it has fewer races there. And it
 * orders less in these, so that races are missed here:
 * - On a machine whose atomics are fences (sc, tso) each counts as one, so also
 *   atomic_inc() and xchg_relaxed(). Under lkmm they order what they say.
 * - smp_wmb() orders earlier reads, too, and smp_rmb() later writes.
 *
 * A clock is a CPU's: its interrupts run between two instructions of its task,
 * and so are ordered with it. An interrupt on another CPU than its sender's is
 * ordered by the atomics on the word of pending bits, as on a processor it is by
 * the fence before the interrupt is sent. A busy-wait loop orders no more than
 * the accesses that it is made of: after one on READ_ONCE() what comes next is
 * still unordered, and is reported, unless a read barrier follows.
 */
import { assert } from "../failure.ts";
import type { Order, RmwOrder } from "../kinds.ts";
import type { Objection, Oracle } from "./oracle.ts";

/**
 * By CPU: up to which of its times all that it did is ordered before something. A CPU's time begins at
 * 1 and goes up by one with each thing that publishes (tick()). Never changed, only replaced.
 */
type Clock = readonly number[];

/** A row for each CPU. They only grow, but with undo. All are written by set(), which journals. */
interface Ctx {
	/**
	 * What is ordered before its next access. now[its own number] is its time, which nobody else has
	 * reached.
	 */
	now: Clock;
	/** What a marked write publishes: `now` as of the last smp_wmb() or full fence. */
	fence: Clock;
	/** What the next smp_rmb() or full fence adds to `now`: what was published to its marked reads. */
	seen: Clock;
	/** `now` at the end of its last RCU section. */
	section: Clock;
}
/** How an access is made. A plain write counts as marked, but a report says which it is. */
export type WriteKind = "plain" | "once" | "release";
const WRITES = { plain: "a plain write", once: "a marked write", release: "a release" };
const ATOMIC = "an atomic";

/**
 * The earlier access that another one races with: its event, or the number of a store that is kept back
 * (Model.delayed).
 */
export interface Race {
	event: number;
	what: string;
}

/**
 * A row for each shared word. Made by word() as if nothing had been, which undo may leave there. Written by
 * set().
 */
interface Word {
	/** What who reads it is ordered after, if that is an acquire, or a marked read and then a fence. */
	published: Clock;
	/**
	 * Its last write: the CPU (-1: none yet), that one's time then, and the event and kind for a report.
	 */
	writer: number;
	write_time: number;
	write_event: number;
	write_what: string;
	/** By CPU: its time at its last plain read (0: none yet), and that one's event. */
	reads: Clock;
	read_events: Clock;
}

/** The later of both, by CPU; `a` itself where b adds nothing. */
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
/** With v for CPU i. */
function put(a: Clock, i: number, v: number): Clock {
	const out = a.slice();
	out[i] = v;
	return out;
}

export class Kcsan {
	/** Set by the caller before an access: its event, which is kept with it. */
	event = 0;
	private readonly zero: Clock;
	private ctx: Ctx[] = [];
	private words: Word[] = [];
	/**
	 * What had happened before any grace period so far started: RCU sections that begin later are after
	 * that.
	 */
	private started: Clock;
	/**
	 * Each change as three entries: the object, the name of its field, the old value. The latest is last.
	 */
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
	/** Where the journal stands now, in entries. */
	mark(): number {
		return this.journal.length;
	}
	undo_to(mark: number): void {
		const j = this.journal;
		assert(
			mark % 3 === 0 && mark <= j.length,
			"a mark of the race oracle is between two entries of its journal",
		);
		for (let i = j.length - 3; i >= mark; i -= 3)
			(j[i] as Record<string, unknown>)[j[i + 1] as string] = j[i + 2];
		j.length = mark;
	}
	/** The one way in which a field changes. */
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
	/** Its `now` may be known to others from here on: later accesses of t are at a time of their own. */
	private tick(t: number): void {
		const c = this.ctx[t];
		this.set(c, "now", put(c.now, t, c.now[t] + 1));
	}

	/** Who is ordered after something of each other CPU is so up to a time that is over there. */
	private is_past(t: number, known: Clock): boolean {
		return known.every((time, i) => i === t || time < this.ctx[i].now[i]);
	}

	/** CPU t reads word w. The write that it races with. */
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
	/**
	 * CPU t writes word w: what it publishes is no longer what the word's earlier writes did. The plain
	 * read that it races with.
	 */
	write(t: number, w: number, kind: WriteKind): Race | undefined {
		const x = this.word(w);
		const c = this.ctx[t];
		const race = this.raced(t, x);
		this.set(x, "published", kind === "release" ? c.now : c.fence);
		this.wrote(t, x, WRITES[kind]);
		return race;
	}
	/**
	 * An atomic: what the word's earlier write published stays in what it publishes (release sequence).
	 * "full": it is a full fence itself; else it has others around it, if it is one.
	 */
	rmw(t: number, w: number, order: RmwOrder): Race | undefined {
		const x = this.word(w);
		const c = this.ctx[t];
		const race = this.raced(t, x);
		if (order === "full") {
			this.set(c, "now", join(join(c.now, c.seen), x.published));
			this.set(c, "fence", c.now);
		} else if (order === "acquire") this.set(c, "now", join(c.now, x.published));
		else this.set(c, "seen", join(c.seen, x.published));
		this.set(x, "published", join(x.published, order === "full" || order === "release" ? c.now : c.fence));
		this.wrote(t, x, ATOMIC);
		return race;
	}
	/** A plain read of another CPU that is not ordered before the next access of CPU t. */
	private raced(t: number, x: Word): Race | undefined {
		const c = this.ctx[t];
		for (let r = 0; r < x.reads.length; r++)
			if (r !== t && x.reads[r] > c.now[r]) return { event: x.read_events[r], what: "a plain read" };
	}
	/** The word's last write is the one that CPU t makes now. */
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
	/** smp_rmb(): what earlier marked reads were told is ordered before all that follows. */
	rmb(t: number): void {
		const c = this.ctx[t];
		this.set(c, "now", join(c.now, c.seen));
	}
	/** smp_wmb(): later marked writes publish all that was before it. */
	wmb(t: number): void {
		const c = this.ctx[t];
		this.set(c, "fence", c.now);
		this.tick(t);
	}
	lock(t: number, l: number): void {
		const c = this.ctx[t];
		assert(
			this.is_past(t, this.word(l).published),
			"what a lock hands over is past on the CPUs that did it",
		);
		this.set(c, "now", join(c.now, this.word(l).published));
	}
	/** Readers of a semaphore add up: the next writer is after all of them. */
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
	/** All sections that have ended are before what follows; those that began before gp_start() have. */
	gp_end(t: number): void {
		const c = this.ctx[t];
		for (const r of this.ctx) this.set(c, "now", join(c.now, r.section));
		assert(this.is_past(t, c.now), "no CPU is ordered after what another has still to do");
	}
}

/** As an observer of the stepper, on a machine of so many CPUs and words. */
export class KcsanOracle implements Oracle {
	private k: Kcsan;
	/** By event: where the journal stood before it. Written by open(). */
	private marks: number[] = [];
	/**
	 * By word: its number in `k`, from 1 on in the order in which they came up; 0: it has none yet. Never
	 * taken back.
	 */
	private numbers: Int32Array;
	private count = 0;
	/** The numbers of the oracle before, and the words that have one: a new array of all words takes long. */
	private static numbers = new Int32Array(0);
	private static numbered: number[] = [];

	constructor(
		private readonly cpus: number,
		words: number,
	) {
		this.k = new Kcsan(cpus);
		if (KcsanOracle.numbers.length !== words) KcsanOracle.numbers = new Int32Array(words);
		else for (const w of KcsanOracle.numbered) KcsanOracle.numbers[w] = 0;
		KcsanOracle.numbered = [];
		this.numbers = KcsanOracle.numbers;
	}
	private word(w: number): number {
		if (this.numbers[w] === 0) {
			this.numbers[w] = ++this.count;
			KcsanOracle.numbered.push(w);
		}
		return this.numbers[w];
	}
	private race(found: Race | undefined, w: number, what: string): Objection | undefined {
		if (found === undefined) return;
		assert(found.event >= 0, "an access races with one that was made");
		const text = `data race: ${what} of ${(w * 4).toString(16)} beside ${found.what} that nothing orders`;
		return { kind: "race", text, access: this.k.event, other: found.event };
	}

	begin(): void {
		this.k = new Kcsan(this.cpus);
	}
	open(e: number): void {
		this.marks[e] = this.k.mark();
		assert(
			e === 0 || this.marks[e] >= this.marks[e - 1],
			"an event takes back what came after the one before",
		);
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
	rmw(cpu: number, w: number, order: RmwOrder): Objection | undefined {
		return this.race(this.k.rmw(cpu, this.word(w), order), w, ATOMIC);
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
