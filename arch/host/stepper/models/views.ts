// SPDX-License-Identifier: GPL-2.0-only
/**
 * The Linux-kernel memory model (LKMM) as a machine that makes one access at a
 * time. The model: Alglave, Maranget, McKenney, Parri, Stern, "Frightening small
 * children and disconcerting grown-ups: concurrency in the Linux kernel", ASPLOS
 * 2018; its text is linux-kernel.cat. To run such a model by histories and views
 * is as in Kang, Hur, Lahav, Vafeiadis, Dreyer, "A promising semantics for
 * relaxed-memory concurrency", POPL 2017, but without promises.
 *
 * Each place has a history: all stores to it in coherence order (co), each a
 * Message. A load may return any message (rf) that its CPU need not be past. Two
 * of the model's relations say what it must be past:
 *
 * - cumul-fence: a store brings others along. Whoever it propagates to, its
 *   `view` has propagated to before.
 * - happens-before: an order in time. At its moment some stores have propagated
 *   to some CPUs. That is its `reach`, and whatever is later has it, too.
 *
 * MP+wmb+rmb, all places 0 at first. x@1 is the message at pos 1 of x. A reach is
 * written [for all; for CPU 0; for CPU 1], the machine's empty one is [].
 *
 *	P0  WRITE_ONCE(x, 1)     P0: seen {x@1}, own {x@1}
 *	    smp_wmb()            P0: rel {x@1}
 *	    WRITE_ONCE(y, 1)     y@1: view {x@1}, reach []
 *	P1  r0 = READ_ONCE(y)    loads() says 2 ways: y@1 and y@0. It takes y@1.
 *	                         P1: seen {y@1}; rmb and stores [{}; {}; {x@1, y@1}]
 *	    smp_rmb()            P1: loads [{}; {}; {x@1, y@1}]
 *	    r1 = READ_ONCE(x)    first() is 1, loads() says 1 way: x@1
 *
 * Without the smp_rmb(), P1's loads would be [] still, without the smp_wmb()
 * y@1's view {}. Either way x could be read in 2 ways, and r1 be 0.
 *
 * What is remembered here is less than what follows from the model, so a few
 * executions are made that it forbids. forbidden() holds one that shows something
 * new against the axioms (axioms.ts), so that these do not count. tools/litmus
 * compares final states with herd7's.
 *
 * Stronger than linux-kernel.cat, so that a bug may be missed, but none is made up:
 * - Each load comes before its CPU's later stores, in time, as if there were a
 *   dependency. So no load returns what a store made that is still to come: no
 *   load buffering.
 * - Port: rcu_dereference() is an acquire, where the kernel's is a load with an
 *   address dependency.
 * - A plain or data_race() load teaches its CPU what a marked one does, but for `deps`.
 * - What is said of `deps` below.
 * - A CPU loads one old value PATIENCE times at most.
 * Weaker: no other dependency between loads is known, here or in axioms.ts. A load
 * through a pointer that READ_ONCE() returned may be from before that. A
 * failure that needs this is none in Linux; code that relies on the order needs
 * rcu_dereference() here.
 *
 * A page that is written whole (clear_page(), copy_page()) is a store to each of
 * its words, as weak as any other: who was not told may still read what the free
 * page held. Most readers are told by an address dependency, so this one is
 * followed: see Cpu.deps.
 *
 * A CPU is a number from 0 on, a place the handle that loc() returns; `pos` counts
 * messages. All state is under a journal: undo_to() takes back what came after
 * mark(), in the opposite order.
 */
import { PAGE_SHIFT } from "asm/pgtable_types.ts";
import { assert } from "../failure.ts";
import { forbidden, type Step } from "./axioms.ts";
import {
	also,
	also_one,
	both,
	each_newer,
	everywhere,
	type Fences,
	join,
	type Message,
	most,
	NONE,
	NOTHING,
	plus,
	plus_all,
	pos,
	type Reach,
	UNKNOWN,
	type View,
} from "./view.ts";

/** A strong fence. Made by fence(), taken out again by undo. */
interface Fence {
	readonly cpu: number;
	/** The how manieth of its CPU's, from 1 on. */
	readonly number: number;
	/** Row 0: what it and those before it on its CPU bring to everybody, they themselves with it. */
	readonly all: Reach;
	/** Those that come before it in propagates-before, as far as is known. Only grows, by precede(). */
	before: Fences;
}
/**
 * A CPU, with the interrupts that it takes. Its views and reaches only grow along program order, but for
 * what mb() empties, which has come to everybody then, and gp_*, which are about one grace period.
 * All are written by set(), which journals.
 */
interface Cpu {
	/** The newest message of each place that it has read or written itself: coherence. */
	seen: View;
	/** What has propagated by the time of all its later loads: acquires, locks, fences. */
	loads: Reach;
	/**
	 * The same for loads after its next smp_rmb(): all that its loads so far were told, too. Has `loads`.
	 */
	rmb: Reach;
	/** The same for all its later stores: these come after all loads before them. Has `rmb`. */
	stores: Reach;
	/**
	 * `stores` at its last unlock: so for all after its next lock, of whatever lock (po-unlock-lock-po).
	 */
	ul_reach: Reach;
	/**
	 * A row for each place where it made an access whose reach `loads` has not: the last such one, and
	 * by `before` those before it. Written by note(), read by heard(), emptied by mb().
	 */
	accesses: readonly Access[];
	/**
	 * What has propagated by the time of loads from a page, for each page written whole into which a marked
	 * load returned a pointer: the address dependency by which one comes to a page table. Stronger than the
	 * model, as it holds for what is read there by another pointer, too.
	 */
	deps: readonly Dependency[];
	/** Its stores since its last full fence, and their views. */
	own: View;
	/**
	 * View of each later store, release or not: `own` as of the last smp_wmb(), and what locks have handed
	 * over.
	 */
	rel: View;
	/** `own` as of its last unlock: for its next lock, of whatever lock. */
	ul_own: View;
	/** All that had come to it by its unlocks, in row 0: for smp_mb__after_unlock_lock(). */
	ul_all: Reach;
	/**
	 * The same of the unlocks before all its locks, by whomever: what smp_mb__after_unlock_lock()
	 * publishes.
	 */
	handed: Reach;
	/** Depth of RCU sections. */
	nest: number;
	/** The grace period that it waits for: the CPUs in a section that is older, as bits, */
	gp_wait: number;
	/** and what had come to those that have ended, in row 0. */
	gp_reach: Reach;
}
interface Access {
	/** The message that was read or written. */
	readonly of: Message;
	/** What had propagated by then: at this access, or one at this place before it. */
	readonly reach: Reach;
	/** The one before it at this place. */
	readonly before: Access | undefined;
}
function access(of: Message, reach: Reach, before: Access | undefined): Access {
	return { of, reach: before === undefined ? reach : both(before.reach, reach), before };
}
const NO_ACCESSES: readonly Access[] = [];
interface Dependency {
	/** Physical address >> PAGE_SHIFT. */
	readonly page: number;
	readonly reach: Reach;
}
const NO_DEPS: readonly Dependency[] = [];
/** A CPU loads an old value so often, and then no longer. */
const PATIENCE = 12;
/** What the last unlock left for the next lock. Written by unlock(), through set(). */
interface Lock {
	/** View of the unlock, which is a release. */
	view: View;
	/**
	 * The stores of who let go: they come before those of the next one, for everybody (po-unlock-lock-po).
	 */
	own: View;
	/** What had propagated to whom then. */
	reach: Reach;
	/** All that had come to who let go, in row 0: for smp_mb__after_unlock_lock(). */
	all: Reach;
}

export class Views {
	/** Was what load() or rmw() has read last not the newest message? */
	stale = false;
	/** Set by the caller before an access: its event, and is it plain: no part of the model's axioms. */
	event = -1;
	plain = false;
	/** A row for each CPU. */
	private cpus: Cpu[] = [];
	/**
	 * A row for each place: its messages in coherence order. Row x [0] is what was there. Written by
	 * write().
	 */
	private history: Message[][] = [];
	/** Of each place: its page, if that was known to be written whole when the place was made; else -1. */
	private page_of: number[] = [];
	/** Pages that were written whole, by begin_page(). */
	private pages: readonly number[] = [];
	/** A row for each place: it may be a lock's word. */
	private locks: Lock[] = [];
	/**
	 * A row for each CPU: its strong fences (smp_mb() and the like). Of two fences on two CPUs one comes
	 * before the other in the model's propagates-before, but nobody decides beforehand which: it follows
	 * when an access after the one does not have what the other brings. So two fences commute, and the
	 * search need not try their orders. The first places are for them: fence f of CPU t is message f.number
	 * of place t, and views and reaches carry it as they carry a store. It is before all that has it.
	 */
	private fences: Fence[][] = [];
	/**
	 * What had come to RCU readers when their sections ended, in row 0: grace periods that start later have
	 * it.
	 */
	private readers = UNKNOWN;
	/** What had propagated when grace periods started: sections that begin later have it. */
	private started = UNKNOWN;
	/** How each change is taken back, the latest last. */
	private journal: (() => void)[] = [];
	/** What all CPUs did, in the order in which it was made: for the axioms. */
	private steps: Step[] = [];

	constructor(contexts: number) {
		assert(contexts < 32, "CPUs are bits of a word, in gp_wait");
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

	/** Where the journal stands now, in changes. */
	mark(): number {
		return this.journal.length;
	}
	undo_to(mark: number): void {
		assert(mark <= this.journal.length, "a mark of the machine is no later than its journal's end");
		while (this.journal.length > mark) this.journal.pop()?.();
	}
	/** How many places there are that loc() has made for others. */
	places(): number {
		return this.history.length - this.fences.length;
	}
	private did(step: Step): void {
		this.steps.push(step);
		this.journal.push(this.undone);
	}
	private readonly undone = () => {
		this.steps.pop();
	};
	/** The axiom of the model that the execution so far breaks; undefined: none, it may be. */
	forbidden(): string | undefined {
		return forbidden(this.steps);
	}
	/** The one way in which a field changes: the old value goes into the journal. */
	private set<T, K extends keyof T>(o: T, key: K, v: T[K]): void {
		const old = o[key];
		if (old === v) return;
		o[key] = v;
		this.journal.push(() => {
			o[key] = old;
		});
	}
	/** From here on, r has propagated by the time of these accesses of a CPU. */
	private learn(c: Cpu, keys: ("loads" | "rmb" | "stores")[], r: Reach): void {
		for (const key of keys) this.set(c, key, both(c[key], r));
	}
	/** A new place, or a lock: its handle. Its history is what is there now, which everybody sees. */
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
			old: NONE,
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
	/** The value that is last in coherence order. */
	newest(x: number): number {
		const h = this.history[x];
		return h[h.length - 1].value;
	}

	/* ---- loads ---- */

	/** Index of the oldest message of x that CPU t may read: coherence, and what has propagated to it. */
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
	/**
	 * May CPU t read what the page of x held before it was written whole? Then its plain load races with
	 * that.
	 */
	overlooks(t: number, x: number): boolean {
		const h = this.history[x];
		for (let i = this.first(t, x) + 1; i < h.length; i++) if (h[i].whole) return true;
		return false;
	}
	/**
	 * How many messages CPU t may read, of those that do not hold `not` (a cmpxchg that fails). They are
	 * numbered by `choice`, from 0 for the newest one.
	 */
	loads(t: number, x: number, not?: number): number {
		const h = this.history[x];
		const from = this.first(t, x);
		if (not === undefined) return h.length - from;
		let n = 0;
		for (let i = from; i < h.length; i++) if (h[i].value !== not) n++;
		return n;
	}
	/** The message that a choice of loads() is. */
	load_of(x: number, choice: number, not?: number): Message {
		const h = this.history[x];
		let i = h.length - 1;
		if (not === undefined) i -= choice;
		else for (let left = choice; h[i].value === not || left-- > 0; ) i--;
		return h[i];
	}
	/** The next message in co: for who has read m, that is from fr. */
	next(m: Message): Message | undefined {
		return this.history[m.at][m.pos + 1];
	}
	/** CPU t reads what the choice is: its value. */
	load(t: number, x: number, choice: number, acquire: boolean, not?: number): number {
		const m = this.load_of(x, choice, not);
		this.stale = this.next(m) !== undefined;
		this.read(t, m, acquire);
		this.tire(t, m);
		return m.value;
	}
	/**
	 * CPU t reads m (rf). At that moment there has propagated what had when m was written, and to t m and
	 * its view. `blind`: an atomic without result (atomic_inc()), which smp_rmb() does not order.
	 */
	private read(t: number, m: Message, acquire: boolean, blind = false): void {
		const c = this.cpus[t];
		if (!this.plain) this.did({ cpu: t, kind: "read", of: m, acquire, blind });
		this.set(c, "seen", plus(c.seen, m));
		/* Its own stores a CPU reads before they go anywhere: nothing is learnt from rfi. */
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
	/** CPU t has loaded m once more. What is newer comes to it some day: a loop does not turn for ever. */
	private tire(t: number, m: Message): void {
		const newer = this.next(m);
		if (newer === undefined) return;
		const old = m.old.slice();
		old[t] = 1 + (old[t] ?? 0);
		this.set(m, "old", old);
		if (old[t] >= PATIENCE) this.set(this.cpus[t], "seen", plus(this.cpus[t].seen, newer));
	}
	/**
	 * A marked load of value `page << PAGE_SHIFT | …`. If it is a pointer into a page that was written
	 * whole, `now` is so for loads from there. MP+page-write: P0 clears page 5, in which w is, then
	 * smp_wmb(), then stores 0x5067 to a page table entry e. P1 reads that: its deps are {page 5: [{}; {};
	 * {e@1, w@1}]}, and w can be read in 1 way, w@1.
	 */
	private depend(c: Cpu, page: number, now: Reach): void {
		if (now === c.loads || !this.pages.includes(page)) return;
		const before = c.deps.find((d) => d.page === page);
		const reach = before === undefined ? now : both(before.reach, now);
		if (reach === before?.reach) return;
		this.set(c, "deps", [...c.deps.filter((d) => d !== before), { page, reach }]);
	}
	/**
	 * `now` is so at some moment; what else is? If a message of x has propagated to CPU t by then, each
	 * access of t's that comes before it in co or fr was made earlier (happens-before: prop & int). So what
	 * had propagated at that access has by now. That may tell of more such accesses, until nothing new
	 * comes.
	 */
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
	/** Remembers an access for heard(), unless all that it knows of is so for later loads anyway. */
	private note(c: Cpu, of: Message, reach: Reach): void {
		if (reach === c.loads) return;
		const i = c.accesses.findIndex((a) => a.of.at === of.at);
		const before = i < 0 ? undefined : c.accesses[i];
		const a = access(of, reach, before);
		this.set(c, "accesses", i < 0 ? [...c.accesses, a] : c.accesses.with(i, a));
	}

	/* ---- stores ---- */

	/**
	 * Index of the message of x after which CPU t's store has to come: coherence, and what has propagated
	 * to it.
	 */
	private bound(t: number, x: number): number {
		const c = this.cpus[t];
		const from = this.known(t, x);
		if (from === this.history[x].length - 1) return from;
		return this.brought(this.fences_of(c.stores, t), x, from);
	}
	/** The same, but for what follows from the order of fences. */
	private known(t: number, x: number): number {
		const c = this.cpus[t];
		return Math.max(pos(c.seen, x), pos(c.stores[0], x), pos(c.stores[t + 1], x));
	}
	/**
	 * After how many messages a store, or an atomic's write, may come in co; of those that hold `only` (a
	 * cmpxchg that succeeds). They are numbered by `choice`, from 0 for the newest one.
	 */
	stores(t: number, x: number, only?: number): number {
		const h = this.history[x];
		let n = 0;
		for (let i = this.bound(t, x); i < h.length; i++) if (this.open(h, i, only)) n++;
		return n;
	}
	/** May a store come right after h[i]? Not between an atomic's read and its write: atomicity. */
	private open(h: Message[], i: number, only?: number): boolean {
		if (i + 1 < h.length && h[i + 1].of === h[i]) return false;
		return only === undefined || h[i].value === only;
	}
	/** The message that a choice of stores() is. */
	source(x: number, choice: number, only?: number): Message {
		const h = this.history[x];
		for (let i = h.length - 1, left = choice; ; i--) if (this.open(h, i, only) && left-- === 0) return h[i];
	}
	/** CPU t stores v, in co right after what the choice is. */
	store(t: number, x: number, choice: number, v: number, release: boolean): void {
		const c = this.cpus[t];
		const view = release ? this.cumulative(t) : c.rel;
		this.write(t, x, this.source(x, choice).pos, v, view, undefined, release);
	}
	/**
	 * A page is about to be written whole: store_whole() follows, of its places that are shared.
	 */
	begin_page(page: number): void {
		if (this.pages.includes(page)) return;
		this.set(this as unknown as { pages: readonly number[] }, "pages", [...this.pages, page]);
	}
	/** The store of values[i] to places[i], of each: as write() would, but all at once. */
	store_whole(t: number, places: readonly number[], values: readonly number[]): void {
		const c = this.cpus[t];
		const fences = this.fences_of(c.stores, t);
		const stored: Message[] = [];
		const noted = c.stores === c.loads ? undefined : new Map(c.accesses.map((a) => [a.of.at, a]));
		for (const [i, x] of places.entries()) {
			const h = this.history[x];
			const m: Message = {
				at: x,
				event: this.event,
				pos: h.length,
				value: values[i],
				by: t,
				view: c.rel,
				reach: c.stores,
				of: undefined,
				whole: true,
				fences,
				old: NONE,
			};
			h.push(m);
			stored.push(m);
			noted?.set(x, access(m, c.stores, noted.get(x)));
			this.did({ cpu: t, kind: "write", of: m, release: false, atomic: false });
		}
		this.journal.push(() => {
			for (const x of places) this.history[x].pop();
		});
		this.set(c, "seen", plus_all(c.seen, stored));
		this.set(c, "own", plus_all(join(c.own, c.rel), stored));
		if (noted !== undefined) this.set(c, "accesses", [...noted.values()]);
	}
	/**
	 * A release of a place that nobody else looks at: a later smp_wmb() takes along what it would have
	 * (A-cumulativity).
	 */
	private_release(t: number): void {
		const c = this.cpus[t];
		this.did({ cpu: t, kind: "write", release: true });
		this.set(c, "own", this.cumulative(t));
	}
	/**
	 * View of a release: CPU t's stores, and all that has come to it from others (A-cumulativity), but for
	 * what is in row 0, since that needs no bringing.
	 */
	private cumulative(t: number): View {
		const c = this.cpus[t];
		return join(join(c.rel, c.stores[t + 1] ?? NOTHING), c.own);
	}
	/** CPU t's new message, in co right after message i of x. `of`: what it read, if it is an atomic's. */
	private write(
		t: number,
		x: number,
		i: number,
		value: number,
		view: View,
		of: Message | undefined,
		release: boolean,
	): void {
		const h = this.history[x];
		const c = this.cpus[t];
		assert(this.known(t, x) <= i && i < h.length, "a store comes after all that has come to its CPU");
		assert(this.open(h, i), "nothing comes between what an atomic read and what it wrote");
		const m: Message = {
			at: x,
			event: this.event,
			pos: i + 1,
			value,
			by: t,
			view,
			reach: c.stores,
			of,
			whole: false,
			fences: this.plain ? NONE : this.fences_of(c.stores, t),
			old: NONE,
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

	/** What an atomic of that choice will read. */
	rmw_peek(x: number, choice: number, only?: number): number {
		return this.source(x, choice, only).value;
	}
	/**
	 * An atomic of CPU t. It hands on the view of what it read, so that the release sequence of a release
	 * goes on (rf; rmw). Is what it has written the newest?
	 */
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
	/** The oldest message of x that CPU t may read now. */
	oldest(t: number, x: number): Message {
		return this.history[x][this.first(t, x)];
	}
	/**
	 * From a message on, is there one of those `needed` that holds v, or with `other` one that does not?
	 */
	may_read(from: Message, v: number, other: boolean, needed: (m: Message) => boolean): boolean {
		const h = this.history[from.at];
		for (let i = from.pos; i < h.length; i++) if ((h[i].value === v) !== other && needed(h[i])) return true;
		return false;
	}

	/* ---- fences ---- */

	/**
	 * smp_mb(): all that has come to CPU t, its own stores with it, has come to everybody, before anything
	 * that t does next. Nothing has to be brought along any more, so `own`, `rel` and `ul_own` begin again.
	 *
	 * SB+mbs: P0 stores x@1; its fence (P0's 1st) brings {x@1}; it reads y@0, whose `fences` are [1] then.
	 * P1 stores y@1, and its fence brings that, instead of y@0: so what y@0 was read after comes before,
	 * P1's fence has `before` [1, 0]. Then brought() says 1 for P1's load of x: it comes after P1's fence,
	 * so after P0's, and that brings x@1. Had P1 gone on first and read x@0, P0's fence would have
	 * `before` [0, 1].
	 */
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
	/**
	 * smp_mb__after_unlock_lock(): a full fence between what came before an unlock and what comes after the
	 * lock.
	 */
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
			old: NONE,
		};
		h.push(m);
		const all = brings.slice();
		all[0] = plus(all[0] ?? NOTHING, m);
		let before = most(last?.before ?? NONE, this.fences_of(all, t));
		/* What was read and written instead of what it brings comes before it. */
		let added = NONE;
		each_newer(all[0], last?.all[0], (x, from, to) => {
			if (x < this.cpus.length) return;
			for (let i = from; i < to; i++) {
				const { fences } = this.history[x][i];
				/* Those of a page that was written whole are the same. */
				if (fences !== added) before = most(before, (added = fences));
			}
		});
		const others = before.slice();
		others[t] = m.pos - 1;
		chain.push({ cpu: t, number: m.pos, all, before: this.up_to(others) });
		this.journal.push(() => {
			chain.pop();
			h.pop();
		});
		return all;
	}
	/** The fences of which CPU t has heard. */
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
	/** They, and all that come before them in propagates-before. */
	private up_to(fences: Fences): Fences {
		let out = fences;
		for (let u = 0; u < fences.length; u++)
			if (fences[u] > 0) out = most(out, this.fences[u][fences[u] - 1].before);
		return out;
	}
	/** Index of the oldest message of x, from `from` on, that may be read or overwritten after those fences. */
	private brought(fences: Fences, x: number, from: number): number {
		const all = this.up_to(fences);
		for (let u = 0; u < all.length; u++)
			if (all[u] > 0) from = Math.max(from, pos(this.fences[u][all[u] - 1].all[0], x));
		return from;
	}
	/** An access after those fences reads or writes m: they come before each fence that brings something newer. */
	private misses(fences: Fences, m: Message): void {
		if (fences === NONE || this.next(m) === undefined) return;
		const earlier = this.up_to(fences);
		for (const chain of this.fences) {
			const first = chain.find((f) => pos(f.all[0], m.at) > m.pos);
			/* If they come after it already, there is no such execution: forbidden() says so. */
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
	/** smp_rmb(): what earlier loads were told, later loads know. */
	rmb(t: number): void {
		const c = this.cpus[t];
		assert(
			both(c.rmb, c.loads) === c.rmb,
			"what is so at a CPU's loads is so at those after a read barrier",
		);
		assert(both(c.stores, c.rmb) === c.stores, "what is so at a CPU's loads is so at its later stores");
		this.did({ cpu: t, kind: "rmb" });
		this.learn(c, ["loads"], c.rmb);
	}
	/** smp_wmb(): later stores bring earlier ones along. */
	wmb(t: number): void {
		const c = this.cpus[t];
		this.did({ cpu: t, kind: "wmb" });
		this.set(c, "rel", join(c.rel, c.own));
	}
	/** CPU t's busy-wait loop has ended because x changed: that was seen. */
	catch_up(t: number, x: number): void {
		const h = this.history[x];
		const c = this.cpus[t];
		this.set(c, "seen", plus(c.seen, h[h.length - 1]));
	}

	/* ---- locks ---- */

	/**
	 * Taking a lock: an atomic acquire. It reads the last unlock (rf), or follows an unlock of the same
	 * CPU; either way stores before that unlock come before stores after this for everybody, as by a
	 * smp_wmb().
	 */
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
	/**
	 * Letting go: a release, for whoever takes the lock next. What it brings along goes with later
	 * smp_wmb()s, too.
	 */
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

	/* ---- RCU: a section that began before a grace period did ends before that does ---- */

	/** A section that begins after a grace period started has all that was so at that start. */
	rcu_read_lock(t: number): void {
		const c = this.cpus[t];
		this.did({ cpu: t, kind: "rcu_lock" });
		this.set(c, "nest", c.nest + 1);
		if (c.nest === 1) this.learn(c, ["loads", "rmb", "stores"], this.started);
	}
	/**
	 * A section ends. Grace periods that waited for it, or that start later, end with all that had come to
	 * its CPU.
	 */
	rcu_read_unlock(t: number): void {
		const c = this.cpus[t];
		assert(c.nest > 0, "a CPU leaves no more RCU sections than it has entered");
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
	/** synchronize_rcu() begins; the caller has made an mb() before. It waits for those who read now. */
	gp_start(t: number): void {
		const c = this.cpus[t];
		this.did({ cpu: t, kind: "gp" });
		this.set(this as unknown as { started: Reach }, "started", both(this.started, c.stores));
		let wait = 0;
		for (const [i, r] of this.cpus.entries()) if (i !== t && r.nest > 0) wait |= 1 << i;
		this.set(c, "gp_wait", wait);
		this.set(c, "gp_reach", this.readers);
	}
	/** synchronize_rcu() ends: with a full fence, which publishes what had come to the readers, too. */
	gp_end(t: number): void {
		const c = this.cpus[t];
		assert(c.gp_wait === 0, "a grace period ends after the sections that it waited for");
		this.learn(c, ["stores"], c.gp_reach);
		this.mb(t);
	}
}
