// SPDX-License-Identifier: GPL-2.0-only
/**
 * The kernel's memory model on the words of RAM: views.ts is the machine, and
 * this gives it the accesses, fences and locks of what runs. A word is known to
 * it from its first shared access on, with what RAM holds then; RAM always holds
 * what is newest. Which of several values a load returns the search chooses.
 */
import { looks } from "../await.ts";
import { all_ways, choose } from "../engine.ts";
import { A, GUESS, type Order, type RmwOrder } from "../kinds.ts";
import { HEAP32, HEAPF64, poke, REG_WORDS, REGS } from "../ram.ts";
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
import { type Message, Views } from "./views.ts";

const handle = new Int32Array(REGS + REG_WORDS);
const made: number[] = [];
const made_at: number[] = [];
/** Of an event: where the journal of the machine stood before it. */
const marks = new Int32Array(MAX_EV);
/** Of a guess: what its CPU could have read then, and what came after it. */
const oldest: Message[] = [];
/** What a free page holds, for who may not know yet that it was written whole. */
const GARBAGE = 0xaaaaaaaa | 0;
let lk: Views;

/** The machine's name for a word; its first message is what RAM holds now. Made in event `e`, or after that. */
function lk_loc(w: number, initial: number, e = n): number {
	if (handle[w] === 0) {
		handle[w] = lk.loc(initial, bulked[w >> 10] !== 0 ? w >> 10 : -1) + 1;
		made.push(w);
		made_at.push(e);
	}
	return handle[w] - 1;
}
/**
 * Where an access could as well have come before what overwrites its value was
 * written, that order of steps gives the same, and is explored anyhow. So a value
 * that is not the newest is needed only if what overwrites it comes before the
 * access, or before what is read, by other steps.
 */
function needed(m: Message): boolean {
	const over = lk.next(m);
	if (over === undefined || over.event < 0) return true;
	const last = ctx_last[cur];
	if (last >= 0 && happens_before(over.event, clock, last * MAX_CTX)) return true;
	return m.event >= 0 && happens_before(over.event, clock, m.event * MAX_CTX);
}

class Lkmm extends Sc {
	override readonly weak = true;

	override begin(): void {
		for (const w of made) handle[w] = 0;
		made.length = made_at.length = 0;
		lk = new Views(nr_cpus);
	}
	override open(e: number): void {
		marks[e] = lk.mark();
		lk.event = e;
		lk.plain = false;
	}
	override pop_to(d: number): void {
		lk.undo_to(marks[d]);
		while (made_at.length > 0 && made_at[made_at.length - 1] >= d) {
			made_at.pop();
			handle[made.pop() as number] = 0;
		}
	}
	override forbidden(): string | undefined {
		/* Where all is newest, it is one access at a time. */
		for (let e = 0; e < n; e++) if (ev_choice[e] > 0) return lk.forbidden();
	}

	override load(w: number, wide: boolean, order: Order): number {
		const v = super.load(w, wide, order);
		this.stale = this.overlooks = -1;
		if (lock_word[w] !== 0) return v;
		const x = lk_loc(w, v);
		if (order === "plain" && lk.overlooks(cpu, x)) this.overlooks = page_head[w >> 10];
		const at = choose(order === "plain" ? 1 : lk.loads(cpu, x), (i) => needed(lk.load_of(x, i)));
		lk.plain = order === "plain" || order === "data_race";
		const old = lk.load(cpu, x, at, order === "acquire" || order === "dependency");
		if (at > 0) this.stale = lk.newest(x);
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
	override atomic_read(w: number): number {
		const x = lk_loc(w, HEAP32[w]);
		return lk.rmw_peek(
			x,
			choose(lk.stores(cpu, x), (i) => needed(lk.source(x, i))),
		);
	}
	override atomic_write(kind: number, w: number, v: number, order: RmwOrder): void {
		const o = { blind: kind === A, acquire: order === "acquire", release: order === "release" };
		if (lk.rmw(cpu, handle[w] - 1, ev_way[n], v, o)) poke(w, v);
	}
	override guessed(w: number): void {
		oldest[n] = lk.oldest(cpu, lk_loc(w, HEAP32[w]));
	}
	override cmpxchg(w: number, expected: number, v: number, succeeds: boolean, order: RmwOrder): number {
		const x = lk_loc(w, HEAP32[w]);
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
	/** A store to each of its words that others touch, too. Not in an event: after the last. */
	override page_written(page: number): void {
		if (bulked[page] === 0) return;
		lk.begin_page(page);
		lk.plain = false;
		for (let w = page << 10, end = w + 1024; w < end; w++) {
			if (!is_shared(w)) continue;
			const v = is_wide[w >> 1] !== 0 ? HEAPF64[w >> 1] : HEAP32[w];
			lk.store_whole(cpu, lk_loc(w, GARBAGE, n - 1), v);
		}
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
	/** What another CPU let go of with the lock that this one has taken comes before all after this. */
	override after_unlock_lock(): void {
		lk.after_unlock_lock(cpu);
	}
	override caught_up(): void {
		looks(ctx_last[cur], await_turn[cur], (e) => {
			if (handle[ev_w[e]] !== 0) lk.catch_up(cpu, handle[ev_w[e]] - 1);
		});
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
