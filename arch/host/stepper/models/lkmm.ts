// SPDX-License-Identifier: GPL-2.0-only
/**
 * The Linux-kernel memory model on the words of RAM. views.ts is the machine; this
 * gives it the accesses, fences and locks of what runs, and lets the search choose
 * where the model allows several outcomes.
 *
 * A word is known to the machine as a place from its first shared access on. What
 * RAM holds then is its first message. After that RAM holds what is last in
 * coherence order, so that all who do not ask the model see that.
 *
 * MP without barriers, all marked: P0 does x = 1 and y = 1, then P1 r0 = y and r1 = x.
 * In this order of steps lk.loads() says 2 for either load: way 0 is the newest
 * message, way 1 the 0 before it. For r0, 0 is not offered: P1 has made no step yet, so
 * it could have read y before P0 stored to it, and the search makes that order, too
 * (needed()). For r1 it is: r0 = 1 has put both of P0's stores before P1's last step,
 * so that no order of steps gives x = 0 any more. With smp_wmb() and smp_rmb()
 * lk.loads() says 1 for r1.
 *
 * Stronger than the model, beside what views.ts says, so that nothing is made up:
 * - A plain load reads the newest value. If it need not, that is a data race, and
 *   an oracle or `overlooks` reports it. A plain store, or one of part of a word,
 *   comes last in coherence order.
 * - A look at a lock's word is never stale.
 * - A busy-wait loop that ends has seen what ended it.
 */
import { looks } from "../await.ts";
import { all_ways, choose } from "../engine.ts";
import { assert } from "../failure.ts";
import { A, GUESS, type Order, type RmwOrder } from "../kinds.ts";
import { HEAP32, HEAPF64, PAGE_WORDS, poke, REG_WORDS, REGS, WORD_TO_PAGE } from "../ram.ts";
import { bulked, is_shared, wide as is_wide } from "../sharing.ts";
import {
	await_turn,
	clock,
	cpu,
	ctx_last,
	cur,
	ev_before,
	ev_choice,
	ev_choices,
	ev_kind,
	ev_w,
	ev_way,
	happens_before,
	lock_word,
	MAX_CTX,
	MAX_EV,
	n,
	nr_cpus,
	page_head,
} from "../state.ts";
import { Sc, set } from "./sc.ts";
import type { Message } from "./view.ts";
import { Views } from "./views.ts";

/** By word: 1 + its place in the machine; 0: it has none yet. Written by lk_loc(), taken back by pop_to(). */
const handle = new Int32Array(REGS + REG_WORDS);
/**
 * The words that have a place, in the order of places, and by the same index the event in which, or after
 * which, it was made.
 */
const made: number[] = [];
const made_at: number[] = [];
/**
 * By event: where the machine's journal stood before it. Written by open(), and valid for events that are made.
 */
const marks = new Int32Array(MAX_EV);
/** By event, of a guess: the oldest message that its CPU could have read then. Written by guessed(). */
const oldest: Message[] = [];
/** Memory that was allocated in this execution, the latest last; `before`: the first event that came after that. */
const births: { from: number; to: number; before: number }[] = [];
/** By event: how many of them there were before it. Written by open(), and valid for events that are made. */
const born = new Int32Array(MAX_EV);
/** What a free page holds, as long as one may not know that it was written whole. */
const GARBAGE = 0xaaaaaaaa | 0;
/** The machine of this exploration. */
let lk: Views;

/** The place of a word. If it is new, `initial` is its first message, and it is gone again with event `e`. */
function lk_loc(w: number, initial: number, e = n): number {
	if (handle[w] === 0) {
		assert(made.length === 0 || made_at[made.length - 1] <= e, "places are made in the order of events");
		handle[w] = lk.loc(initial, bulked[w >> WORD_TO_PAGE] !== 0 ? w >> WORD_TO_PAGE : -1) + 1;
		made.push(w);
		made_at.push(e);
	}
	return handle[w] - 1;
}
/** Does the newest message of a word's place hold what RAM does? */
function in_ram(w: number, x: number): boolean {
	return lk.newest(x) === HEAP32[w];
}
/**
 * Does it take this message m, which is not the newest, or does another order of steps give the same? If the
 * store that overwrites m in co could be moved behind the access, m is newest there, and the search makes that
 * order anyhow. It cannot if that store has happened before the last event of this context, or before m's own
 * store was made (that one was put before it in co, later in time). So only then m is offered.
 */
function needed(m: Message): boolean {
	const over = lk.next(m);
	if (over === undefined || over.event < 0) return true;
	const last = ctx_last[cur];
	if (last >= 0 && happens_before(over.event, clock, last * MAX_CTX)) return true;
	return m.event >= 0 && happens_before(over.event, clock, m.event * MAX_CTX);
}

/** Is message m of word w older than the memory that the word is in? */
function older_than_memory(w: number, m: Message): boolean {
	for (let i = births.length - 1; i >= 0; i--)
		if (births[i].from <= 4 * w && 4 * w < births[i].to) return m.event < births[i].before;
	return false;
}

class Lkmm extends Sc {
	override readonly weak = true;

	override begin(): void {
		for (const w of made) handle[w] = 0;
		made.length = made_at.length = births.length = 0;
		lk = new Views(nr_cpus);
	}
	override open(e: number): void {
		marks[e] = lk.mark();
		born[e] = births.length;
		assert(
			e === 0 || marks[e] >= marks[e - 1],
			"an event takes back what the machine did after the one before",
		);
		lk.event = e;
		lk.plain = false;
	}
	/** The machine is taken back first, then the words lose the places that are gone from it. */
	override pop_to(d: number): void {
		lk.undo_to(marks[d]);
		births.length = born[d];
		while (made_at.length > 0 && made_at[made_at.length - 1] >= d) {
			made_at.pop();
			handle[made.pop() as number] = 0;
		}
		assert(lk.places() === made.length, "each place of the machine has its word, also after an undo");
	}
	override forbidden(): string | undefined {
		/* Where each choice was the newest it is sequentially consistent, and breaks nothing. */
		for (let e = 0; e < n; e++) if (ev_choice[e] > 0) return lk.forbidden();
	}

	override load(w: number, wide: boolean, order: Order): number {
		const v = super.load(w, wide, order);
		this.stale = this.overlooks = -1;
		this.unborn = false;
		if (lock_word[w] !== 0) return v;
		const x = lk_loc(w, v);
		if (order === "plain" && lk.overlooks(cpu, x)) this.overlooks = page_head[w >> WORD_TO_PAGE];
		const at = choose(order === "plain" ? 1 : lk.loads(cpu, x), (i) => needed(lk.load_of(x, i)));
		lk.plain = order === "plain" || order === "data_race";
		const old = lk.load(cpu, x, at, order === "acquire" || order === "dependency");
		if (at > 0) {
			this.stale = lk.newest(x);
			this.unborn = older_than_memory(w, lk.load_of(x, at));
		}
		return old;
	}
	override store(w: number, old: number, v: number, whole: boolean, wide: boolean, order: Order): void {
		if (lock_word[w] !== 0) {
			set(w, v, wide);
			return;
		}
		const x = lk_loc(w, old);
		const at = choose(order === "plain" || !whole ? 1 : lk.stores(cpu, x), (i) => needed(lk.source(x, i)));
		lk.plain = order === "plain";
		lk.store(cpu, x, at, v, order === "release");
		if (at === 0) set(w, v, wide);
	}
	/**
	 * Chooses where in co the atomic is, and so what it reads; atomic_write() follows in the same event.
	 */
	override atomic_read(w: number): number {
		const x = lk_loc(w, HEAP32[w]);
		assert(in_ram(w, x), "RAM holds what is newest in a word's history");
		return lk.rmw_peek(
			x,
			choose(lk.stores(cpu, x), (i) => needed(lk.source(x, i))),
		);
	}
	override atomic_write(kind: number, w: number, v: number, order: RmwOrder): void {
		const o = { blind: kind === A, acquire: order === "acquire", release: order === "release" };
		if (lk.rmw(cpu, handle[w] - 1, ev_way[n], v, o)) poke(w, v);
	}
	/** For the cmpxchg that follows: see there. */
	override guessed(w: number): void {
		oldest[n] = lk.oldest(cpu, lk_loc(w, HEAP32[w]));
	}
	/**
	 * A cmpxchg of which it was guessed, in an event before (access.ts), whether it succeeds. If from what
	 * the guess could have read then there is a message that makes it go the other way, the guess has a
	 * second way, which the search comes back for. One that succeeds is an atomic after a message that
	 * holds `expected`, one that fails a load of one that does not. None of these: NaN, and the execution
	 * does not count.
	 */
	override cmpxchg(w: number, expected: number, v: number, succeeds: boolean, order: RmwOrder): number {
		const x = lk_loc(w, HEAP32[w]);
		assert(in_ram(w, x), "RAM holds what is newest in a word's history");
		let g = ctx_last[cur];
		while (g >= 0 && ev_kind[g] !== GUESS) g = ev_before[g];
		/* None: only now was the word found to be shared, and all begins again. */
		const other_way = (m: Message) => all_ways() || needed(m);
		if (g >= 0 && ev_choice[g] === 0 && lk.may_read(oldest[g], expected, succeeds, other_way))
			ev_choices[g] = 2;
		this.stale = -1;
		const ways = succeeds ? lk.stores(cpu, x, expected) : lk.loads(cpu, x, expected);
		if (ways === 0) return NaN;
		const read = (i: number) => (succeeds ? lk.source(x, i, expected) : lk.load_of(x, i, expected));
		const at = choose(ways, (i) => needed(read(i)));
		if (succeeds) {
			const o = { only: expected, acquire: order === "acquire", release: order === "release" };
			if (lk.rmw(cpu, x, at, v, o)) poke(w, v);
			return expected;
		}
		const old = lk.load(cpu, x, at, false, expected);
		if (lk.stale) this.stale = HEAP32[w];
		return old;
	}
	/**
	 * A page was written whole: a store to each of its words that others touch, too. Not in an event: after
	 * the last.
	 */
	override page_written(page: number): void {
		if (bulked[page] === 0) return;
		lk.begin_page(page);
		const places: number[] = [];
		const values: number[] = [];
		lk.plain = false;
		for (let w = page * PAGE_WORDS, end = w + PAGE_WORDS; w < end; w++) {
			if (!is_shared(w)) continue;
			const v = is_wide[w >> 1] !== 0 ? HEAPF64[w >> 1] : HEAP32[w];
			places.push(lk_loc(w, GARBAGE, n - 1));
			values.push(v);
		}
		lk.store_whole(cpu, places, values);
	}

	override allocated(p: number, size: number): void {
		births.push({ from: p, to: p + size, before: n });
	}

	override lock(w: number, at: number): void {
		lk.lock(cpu, lk_loc(w, 0, at));
	}
	override unlock(w: number, at: number): void {
		lk.unlock(cpu, lk_loc(w, 0, at));
	}
	override private_release(): void {
		lk.private_release(cpu);
	}
	override barrier(which: "mb" | "rmb" | "wmb"): void {
		if (which === "mb") lk.mb(cpu);
		else if (which === "rmb") lk.rmb(cpu);
		else lk.wmb(cpu);
	}
	/**
	 * smp_mb__after_unlock_lock(): what came before the last unlock comes before all after this, for
	 * everybody.
	 */
	override after_unlock_lock(): void {
		lk.after_unlock_lock(cpu);
	}
	/** A busy-wait loop has ended: its CPU has seen what is newest of all that its last turn looked at. */
	override caught_up(): void {
		looks(ctx_last[cur], await_turn[cur], (e) => {
			this.saw(ev_w[e]);
		});
	}

	override saw(w: number): void {
		if (handle[w] !== 0) lk.catch_up(cpu, handle[w] - 1);
	}

	/**
	 * The translations themselves are not in the machine: what is there is found. So the look is a load of what
	 * is newest in their place, and that some are taken out is a store, which it comes before or after.
	 */
	override tlb_look(w: number): void {
		lk.plain = false;
		lk.load(cpu, lk_loc(w, HEAP32[w]), 0, false);
	}
	override tlb_drop(w: number): void {
		const x = lk_loc(w, HEAP32[w]);
		const v = HEAP32[w] + 1;
		lk.plain = false;
		lk.store(cpu, x, 0, v, false);
		set(w, v, false);
	}

	override rcu_read_lock(): void {
		lk.rcu_read_lock(cpu);
	}
	override rcu_read_unlock(_waiting: number): void {
		lk.rcu_read_unlock(cpu);
	}
	override gp_start(): void {
		lk.gp_start(cpu);
	}
	override gp_end(): void {
		lk.gp_end(cpu);
	}
}
export const lkmm = new Lkmm();
