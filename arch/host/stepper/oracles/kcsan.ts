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
import { nr_cpus } from "../state.ts";
import type { Objection, Oracle } from "./oracle.ts";

/**
 * By CPU: up to which of its times all that it did is ordered before something. A CPU's time begins at
 * 1 and goes up by one with each thing that publishes (tick()). As many cells as there are CPUs; this is
 * the index of the first.
 */
type Clock = number;

/*
 * A row for each CPU, of four clocks, which only grow, but with undo: what is where in it, in clocks.
 */
/** What is ordered before its next access. now[its own number] is its time, which nobody else has reached. */
const NOW = 0;
/** What a marked write publishes: NOW as of the last smp_wmb() or full fence. */
const FENCE = 1;
/** What the next smp_rmb() or full fence adds to NOW: what was published to its marked reads. */
const SEEN = 2;
/** NOW at the end of its last RCU section. */
const SECTION = 3;
const CPU_CLOCKS = 4;

/*
 * A row for each shared word, three clocks and what follows them. As if nothing had been, at first.
 */
/** What who reads it is ordered after, if that is an acquire, or a marked read and then a fence. */
const PUBLISHED = 0;
/** By CPU: its time at its last plain read (0: none yet), */
const READS = 1;
/** and that one's event. */
const READ_EVENTS = 2;
const WORD_CLOCKS = 3;
/** Its last write, behind them: 1 + the CPU (0: none yet), that one's time then, and event and kind for a report. */
const WRITER = 0;
const WRITE_TIME = 1;
const WRITE_EVENT = 2;
const WRITE_KIND = 3;
const WORD_CELLS = 4;

/** How a write is made. A plain write counts as marked, but a report says which it is. */
export type WriteKind = "plain" | "once" | "release";
const WRITES = { plain: "a plain write", once: "a marked write", release: "a release" };
const ATOMIC = "an atomic";
/** By WRITE_KIND. */
const KINDS = [WRITES.plain, WRITES.once, WRITES.release, ATOMIC];
const KIND_OF = { plain: 0, once: 1, release: 2, atomic: 3 };

/**
 * The earlier access that another one races with: its event, or the number of a store that is kept back
 * (Model.delayed).
 */
export interface Race {
	event: number;
	what: string;
}

/** Twice as much room. */
function larger(cells: Int32Array): Int32Array {
	const out = new Int32Array(2 * cells.length);
	out.set(cells);
	return out;
}

export class Kcsan {
	/** Set by the caller before an access: its event, which is kept with it. */
	event = 0;
	/** All rows: first `started`, then the CPUs', then the words'. Written by set(), which journals. */
	private cells: Int32Array = new Int32Array(1 << 12);
	/**
	 * What had happened before any grace period so far started: RCU sections that begin later are after
	 * that.
	 */
	private readonly started: Clock = 0;
	/** Where the words' rows begin, and how many cells each has. */
	private readonly words: number;
	private readonly row: number;
	/** Each change as two entries, the cell and its old value. The latest is last. */
	private journal: Int32Array = new Int32Array(1 << 12);
	private journaled = 0;

	constructor(private readonly contexts: number) {
		this.words = contexts * (1 + CPU_CLOCKS * contexts);
		this.row = WORD_CLOCKS * contexts + WORD_CELLS;
		for (let t = 0; t < contexts; t++) this.cells[this.of(t, NOW) + t] = 1;
	}
	/** Where the journal stands now, in entries. */
	mark(): number {
		return this.journaled;
	}
	undo_to(mark: number): void {
		const { cells, journal } = this;
		assert(
			mark % 2 === 0 && mark <= this.journaled,
			"a mark of the race oracle is between two entries of its journal",
		);
		for (let i = this.journaled - 2; i >= mark; i -= 2) cells[journal[i]] = journal[i + 1];
		this.journaled = mark;
	}
	/** The one way in which a cell changes. */
	private set(i: number, v: number): void {
		const old = this.cells[i];
		if (old === v) return;
		if (this.journaled === this.journal.length) this.journal = larger(this.journal);
		this.journal[this.journaled++] = i;
		this.journal[this.journaled++] = old;
		this.cells[i] = v;
	}
	/** A clock of CPU t. */
	private of(t: number, which: number): Clock {
		return this.contexts * (1 + CPU_CLOCKS * t + which);
	}
	/** The row of the word with that number, from 1 on. */
	private word(number: number): number {
		const at = this.words + (number - 1) * this.row;
		while (at + this.row > this.cells.length) this.cells = larger(this.cells);
		return at;
	}
	/** What is in a word's row behind its clocks. */
	private last(x: number, which: number): number {
		return x + WORD_CLOCKS * this.contexts + which;
	}
	/** Makes a clock the later of both, CPU by CPU. */
	private join(into: Clock, from: Clock): void {
		for (let i = 0; i < this.contexts; i++)
			if (this.cells[from + i] > this.cells[into + i]) this.set(into + i, this.cells[from + i]);
	}
	/** Makes a clock what another is. */
	private copy(into: Clock, from: Clock): void {
		for (let i = 0; i < this.contexts; i++) this.set(into + i, this.cells[from + i]);
	}
	/** CPU t's time. */
	private time(t: number): number {
		return this.cells[this.of(t, NOW) + t];
	}
	/** Its NOW may be known to others from here on: later accesses of t are at a time of their own. */
	private tick(t: number): void {
		this.set(this.of(t, NOW) + t, this.time(t) + 1);
	}

	/** Who is ordered after something of each other CPU is so up to a time that is over there. */
	private is_past(t: number, known: Clock): boolean {
		for (let i = 0; i < this.contexts; i++)
			if (i !== t && this.cells[known + i] >= this.time(i)) return false;
		return true;
	}

	/** CPU t reads word w. The write that it races with. */
	read(t: number, w: number, kind: "plain" | "once" | "acquire" | "data_race"): Race | undefined {
		const x = this.word(w);
		const now = this.of(t, NOW);
		if (kind === "acquire") this.join(now, x + PUBLISHED * this.contexts);
		else if (kind === "once") this.join(this.of(t, SEEN), x + PUBLISHED * this.contexts);
		else if (kind === "plain") {
			const { cells } = this;
			const writer = cells[this.last(x, WRITER)] - 1;
			if (writer >= 0 && writer !== t && cells[now + writer] < cells[this.last(x, WRITE_TIME)])
				return {
					event: cells[this.last(x, WRITE_EVENT)],
					what: KINDS[cells[this.last(x, WRITE_KIND)]],
				};
			this.set(x + READS * this.contexts + t, cells[now + t]);
			this.set(x + READ_EVENTS * this.contexts + t, this.event);
		}
	}
	/**
	 * CPU t writes word w: what it publishes is no longer what the word's earlier writes did. The plain
	 * read that it races with.
	 */
	write(t: number, w: number, kind: WriteKind): Race | undefined {
		const x = this.word(w);
		const race = this.raced(t, x);
		this.copy(x + PUBLISHED * this.contexts, this.of(t, kind === "release" ? NOW : FENCE));
		this.wrote(t, x, KIND_OF[kind]);
		return race;
	}
	/**
	 * An atomic: what the word's earlier write published stays in what it publishes (release sequence).
	 * "full": it is a full fence itself; else it has others around it, if it is one.
	 */
	rmw(t: number, w: number, order: RmwOrder): Race | undefined {
		const x = this.word(w);
		const published = x + PUBLISHED * this.contexts;
		const now = this.of(t, NOW);
		/* Its write comes after its read, and so after what that was told, whatever else it orders. */
		const race = this.raced(t, x, published);
		if (order === "full") {
			this.join(now, this.of(t, SEEN));
			this.join(now, published);
			this.copy(this.of(t, FENCE), now);
		} else if (order === "acquire") this.join(now, published);
		else this.join(this.of(t, SEEN), published);
		this.join(published, order === "full" || order === "release" ? now : this.of(t, FENCE));
		this.wrote(t, x, KIND_OF.atomic);
		return race;
	}
	/** A plain read of another CPU that is not ordered before the next access of CPU t, which is `told` that. */
	private raced(t: number, x: number, told: Clock = this.of(t, NOW)): Race | undefined {
		const { cells } = this;
		const [reads, now] = [x + READS * this.contexts, this.of(t, NOW)];
		for (let r = 0; r < this.contexts; r++)
			if (r !== t && cells[reads + r] > cells[now + r] && cells[reads + r] > cells[told + r])
				return { event: cells[x + READ_EVENTS * this.contexts + r], what: "a plain read" };
	}
	/** The word's last write is the one that CPU t makes now. */
	private wrote(t: number, x: number, kind: number): void {
		this.set(this.last(x, WRITER), t + 1);
		this.set(this.last(x, WRITE_TIME), this.time(t));
		this.set(this.last(x, WRITE_EVENT), this.event);
		this.set(this.last(x, WRITE_KIND), kind);
		this.tick(t);
	}

	mb(t: number): void {
		this.rmb(t);
		this.wmb(t);
	}
	/** smp_rmb(): what earlier marked reads were told is ordered before all that follows. */
	rmb(t: number): void {
		this.join(this.of(t, NOW), this.of(t, SEEN));
	}
	/** smp_wmb(): later marked writes publish all that was before it. */
	wmb(t: number): void {
		this.copy(this.of(t, FENCE), this.of(t, NOW));
		this.tick(t);
	}
	lock(t: number, l: number): void {
		const published = this.word(l) + PUBLISHED * this.contexts;
		assert(this.is_past(t, published), "what a lock hands over is past on the CPUs that did it");
		this.join(this.of(t, NOW), published);
	}
	/** Readers of a semaphore add up: the next writer is after all of them. */
	unlock(t: number, l: number): void {
		this.join(this.word(l) + PUBLISHED * this.contexts, this.of(t, NOW));
		this.tick(t);
	}
	rcu_read_lock(t: number): void {
		this.join(this.of(t, NOW), this.started);
	}
	rcu_read_unlock(t: number): void {
		this.copy(this.of(t, SECTION), this.of(t, NOW));
		this.tick(t);
	}
	gp_start(t: number): void {
		this.join(this.started, this.of(t, NOW));
		this.tick(t);
	}
	/** All sections that have ended are before what follows; those that began before gp_start() have. */
	gp_end(t: number): void {
		for (let r = 0; r < this.contexts; r++) this.join(this.of(t, NOW), this.of(r, SECTION));
		assert(this.is_past(t, this.of(t, NOW)), "no CPU is ordered after what another has still to do");
	}
}

/** As an observer of the stepper, on a machine of so many words. */
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

	constructor(words: number) {
		this.k = new Kcsan(nr_cpus);
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
		this.k = new Kcsan(nr_cpus);
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
