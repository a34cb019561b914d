// SPDX-License-Identifier: GPL-2.0-only
/**
 * TSO, x86: a FIFO of stores for each CPU, a context of its own that moves on
 * when the search says so. A CPU sees its own stores early. Atomics, locks and
 * smp_mb() wait until the buffer is empty, and a grace period until the stores
 * of the sections that ended have left it.
 */
import { close, granted, join, open, step, tracer } from "../engine.ts";
import { assert } from "../failure.ts";
import {
	A,
	ACQ,
	ANSWER,
	BULK,
	DOWNGRADE,
	ENQUEUE,
	GP_END,
	GP_START,
	KINDS,
	MB,
	type Order,
	PARK,
	R,
	RACQ,
	REL,
	RMW,
	RREL,
	RTRY,
	STORE,
	TRY,
	W,
} from "../kinds.ts";
import { position } from "../log.ts";
import { HEAP32, HEAPF64, poke, poke_f64, REG_WORDS, REGS } from "../ram.ts";
import { stop_between, touch } from "../sharing.ts";
import {
	clock,
	cpu,
	ctx_cpu,
	ctx_kind,
	ctx_last,
	cur,
	ev_before,
	ev_ctx,
	ev_kind,
	ev_pendk,
	ev_prev,
	ev_store,
	ev_w,
	is_own_buffer,
	MAX_CPUS,
	MAX_CTX,
	MAX_EV,
	n,
	n_ctx,
	nr_cpus,
	own_buffer,
	pend_kind,
	pre,
	REG_IRQ,
	REG_IRQ_OFF,
	REG_MODEL,
} from "../state.ts";
import { met } from "./model.ts";
import { Sc, set } from "./sc.ts";

const REG_BUF = REG_MODEL; /* of a CPU: first and end, how many have left, then entries */
const BUF_ENTRIES = 256;
/* w, kind, wide, event, value as double, mask, context, its position as double */
const BUF_ENTRY = 10;
const BUF_SIZE = 8 + BUF_ENTRIES * BUF_ENTRY;
/* Stores in a CPU's buffer that are older than the end of its last RCU section. */
const REG_LEFT = REG_BUF + MAX_CPUS * BUF_SIZE;
/* Of a context's grace period and each CPU: such stores still to come, 1 + the commit of the last one. */
const REG_WAIT = REG_LEFT + MAX_CPUS;

assert(REG_WAIT + 2 * MAX_CTX * MAX_CPUS <= REGS + REG_WORDS, "store buffers fit into the registers");

/** x86: these wait until the CPU's store buffer is empty. */
const drains = new Uint8Array(KINDS);
for (const k of [A, RMW, ACQ, REL, RACQ, RREL, TRY, RTRY, DOWNGRADE, ENQUEUE, GP_START, MB, BULK]) drains[k] = 1;

function buffer_of(c: number): number {
	return REG_BUF + ctx_cpu[c] * BUF_SIZE;
}
function buffered(c: number): boolean {
	const b = buffer_of(c);
	return HEAP32[b] !== HEAP32[b + 1];
}
/** What a buffered store makes of a word: part of one leaves the rest. */
function merged(old: number, entry: number): number {
	const v = HEAPF64[(entry + 4) >> 1];
	const mask = HEAP32[entry + 6];
	return mask === -1 ? v : (old & ~mask) | v;
}
/** What a CPU sees of a word that memory has that value of: its own stores, too. */
function seen_by(c: number, w: number, memory: number): number {
	const b = buffer_of(c);
	let v = memory;
	for (let i = HEAP32[b]; i < HEAP32[b + 1]; i++) {
		const entry = b + 8 + i * BUF_ENTRY;
		if (HEAP32[entry] === w) v = merged(v, entry);
	}
	return v;
}
/** The number of the i-th entry's store, of all that the CPU has made. */
function number_of(b: number, i: number): number {
	return HEAP32[b + 2] + i - HEAP32[b];
}
/** Where its oldest store is. */
function first_entry(c: number): number {
	const b = buffer_of(c);
	return b + 8 + HEAP32[b] * BUF_ENTRY;
}

/** Have the stores of the sections that the grace period of g waits for left the buffers? */
function sections_in_memory(g: number): boolean {
	for (let i = 0; i < nr_cpus; i++) if (HEAP32[wait_of(g, i)] !== 0) return false;
	return true;
}
function wait_of(g: number, at: number): number {
	return REG_WAIT + 2 * (g * MAX_CPUS + at);
}

/** While a commit is recorded: the event after which its store was made, and is it part of a word? */
let commit_from = -1;
let commit_part = false;

/*
 * Of a read: 1 + the number of the CPU's own store that it was answered from, in
 * the order in which the CPU made them; 0: it looked at memory. Of a commit: the
 * event after which its store was made.
 */
const ev_own = new Int32Array(MAX_EV);
/** A commit of part of a word; of a commit: where its store was made. */
const ev_part = new Uint8Array(MAX_EV);
const ev_at = new Float64Array(MAX_EV);

/** A load: not an atomic that wrote nothing, which waits for the buffer as others do. */
function is_load(e: number): boolean {
	return ev_kind[e] === R && drains[ev_pendk[e]] === 0;
}
/** 1 + the number of the newest store in the buffer that fills word w; 0: none. */
function own_store(c: number, w: number): number {
	const b = buffer_of(c);
	for (let i = HEAP32[b + 1] - 1; i >= HEAP32[b]; i--) {
		const entry = b + 8 + i * BUF_ENTRY;
		if (HEAP32[entry] === w && HEAP32[entry + 6] === -1) return 1 + number_of(b, i);
	}
	return 0;
}
/** Has the store that a read was answered from not left its buffer? Then nobody else's store matters to it. */
function still_own(e: number): boolean {
	return ev_kind[e] === R && ctx_kind[ev_ctx[e]] !== "buffer" && ev_own[e] > HEAP32[buffer_of(ev_ctx[e]) + 2];
}

class Tso extends Sc {
	override readonly buffers = true;

	override enabled(c: number, kind: number): boolean {
		if (drains[kind] !== 0 && buffered(c)) return false;
		return kind !== GP_END || sections_in_memory(c);
	}
	override order(c: number, e: number, kind: number): void {
		const at = e * MAX_CTX;
		if (kind === GP_END) {
			for (let i = 0; i < nr_cpus; i++) {
				const last = HEAP32[wait_of(c, i) + 1];
				if (last > 0) join(at, last - 1);
			}
		}
		if (ctx_kind[c] === "buffer") {
			/* The store itself comes first, and what its CPU did before. */
			if (commit_from >= 0) {
				join(at, commit_from);
				const from = commit_from * MAX_CTX;
				for (let i = 0; i < n_ctx; i++) if (clock[from + i] > pre[i]) pre[i] = clock[from + i];
			}
		} else if (drains[ev_pendk[e]] !== 0 && !buffered(c)) {
			const b = own_buffer(c);
			if (b >= 0 && ctx_last[b] >= 0) join(at, ctx_last[b]);
		}
	}

	/**
	 * A CPU's read and the commit of the same CPU's store commute: before it the
	 * read is answered from the buffer, after it from memory, with one value. So a
	 * read is not ordered with its own store, nor with what comes before that; and
	 * who writes to the word later has to look behind the store for such reads.
	 * While the store is in its buffer nobody else's write is seen by them.
	 */
	override meets(e: number): number {
		const c = ev_ctx[e];
		const read = is_load(e);
		if (ctx_last[c] === e && n === e + 1) {
			ev_own[e] = ctx_kind[c] === "buffer" ? commit_from : read ? own_store(c, ev_w[e]) : 0;
			ev_part[e] = ctx_kind[c] === "buffer" && commit_part ? 1 : 0;
		}
		if (read && ev_own[e] > 0) return 0;
		let count = 0;
		/* Behind a commit: reads of its CPU, back to where the store was made. */
		let behind = -1;
		let until = -1;
		for (let x = ev_prev[e]; x >= 0; x = ev_prev[x]) {
			const d = ev_ctx[x];
			const full = ev_kind[x] === W || ev_kind[x] === RMW;
			if (behind >= 0) {
				if (x <= until) break;
				if (ctx_cpu[d] !== behind) continue;
				if (ctx_kind[d] === "buffer") until = Math.min(until, ev_own[x]);
				else if (ev_kind[x] === R && ctx_cpu[d] !== ctx_cpu[c] && !still_own(x))
					met[count++] = x;
				continue;
			}
			if (is_own_buffer(c, d) && ev_kind[e] !== PARK && ev_kind[e] !== ANSWER) {
				if (read && ctx_kind[d] === "buffer" && full && ev_part[x] === 0) break;
				continue;
			}
			if (still_own(x) && d !== c) continue;
			/* What it comes after has come before its own read from memory that was earlier. */
			if (read && d === c && ev_kind[x] === R && ev_own[x] === 0) break;
			met[count++] = x;
			if (!full) continue;
			if (ctx_kind[d] !== "buffer" || read || d === c) break;
			behind = ctx_cpu[d];
			until = ev_own[x];
		}
		return count;
	}
	override commutes(q: number, w: number, e: number): boolean {
		const k = pend_kind[q];
		if ((is_own_buffer(q, ev_ctx[e]) && k !== PARK && k !== ANSWER) || still_own(e)) return true;
		return k === R && ctx_kind[q] !== "buffer" && own_store(q, w) > 0;
	}

	override load(w: number, wide: boolean, order: Order): number {
		return seen_by(cur, w, super.load(w, wide, order));
	}
	/** No step: nobody sees it before it is committed. But where an interrupt can come, it does so before it or after. */
	override delay(
		kind: number,
		w: number,
		value: number | ((old: number) => number),
		wide: boolean,
		_order: Order,
		mask: number,
	): boolean {
		const b = buffer_of(cur);
		/* A full buffer has to drain, as a processor's. Who is granted a step may stand before that. */
		if (granted ? pend_kind[cur] === MB : HEAP32[b + 1] >= BUF_ENTRIES) this.barrier("mb");
		if (ctx_kind[cur] === "task" && HEAP32[REG_IRQ_OFF + cpu] === 0 && touch(REG_IRQ + cpu, true)) {
			step(STORE, REG_IRQ + cpu);
			open(cur);
			const e = close(cur, STORE, REG_IRQ + cpu, 0);
			tracer?.event(e, 0, 0, -1);
		}
		if (HEAP32[b] === HEAP32[b + 1] && HEAP32[b] !== 0) {
			poke(b, 0);
			poke(b + 1, 0);
		}
		const i = HEAP32[b + 1];
		assert(i < BUF_ENTRIES, "a store buffer that is full has drained");
		const entry = b + 8 + i * BUF_ENTRY;
		const v =
			typeof value === "number" ? value : value(seen_by(cur, w, wide ? HEAPF64[w >> 1] : HEAP32[w]));
		poke(entry, w);
		poke(entry + 1, kind);
		poke(entry + 2, wide ? 1 : 0);
		poke(entry + 3, ctx_last[cur]);
		poke_f64(entry + 4, v);
		poke(entry + 6, mask);
		poke(entry + 7, cur);
		poke_f64(entry + 8, position());
		poke(b + 1, i + 1);
		this.delayed = MAX_EV + number_of(b, i) * MAX_CTX + cur;
		tracer?.stored?.(this.delayed - MAX_EV);
		return true;
	}

	override barrier(which: "mb" | "rmb" | "wmb"): void {
		if (which !== "mb") return;
		if (!(granted || buffered(cur))) {
			/* With another buffer it would be one: a schedule may say that another context goes on here. */
			stop_between();
			return;
		}
		step(MB, -1);
		open(cur);
		close(cur, MB, -1, 0);
		tracer?.event(n - 1, 0, 0, -1);
	}
	override rcu_read_unlock(waiting: number): void {
		const left = HEAP32[buffer_of(cur) + 1] - HEAP32[buffer_of(cur)];
		poke(REG_LEFT + cpu, left);
		for (let g = 0; left > 0 && g < n_ctx; g++) if ((waiting & (1 << g)) !== 0) poke(wait_of(g, cpu), left);
	}
	override gp_start(): void {
		for (let i = 0; i < nr_cpus; i++) {
			poke(wait_of(cur, i), i === cpu ? 0 : HEAP32[REG_LEFT + i]);
			poke(wait_of(cur, i) + 1, 0);
		}
	}

	override buffered(c: number): boolean {
		return buffered(c);
	}
	override buffered_kind(c: number): number {
		return HEAP32[first_entry(c) + 1];
	}
	override buffered_word(c: number): number {
		return HEAP32[first_entry(c)];
	}
	override stores_of(c: number): { w: number; value: number }[] {
		const b = buffer_of(c);
		const stores = [];
		for (let i = HEAP32[b]; i < HEAP32[b + 1]; i++) {
			const entry = b + 8 + i * BUF_ENTRY;
			stores.push({ w: HEAP32[entry], value: HEAPF64[(entry + 4) >> 1] });
		}
		return stores;
	}
	override stored(e: number): { by: number; at: number } {
		return { by: ev_store[e] % MAX_CTX, at: ev_at[e] };
	}
	override holds(c: number, by: number, at: number): boolean {
		const b = buffer_of(c);
		for (let i = HEAP32[b]; i < HEAP32[b + 1]; i++) {
			const entry = b + 8 + i * BUF_ENTRY;
			if (HEAP32[entry + 7] === by && HEAPF64[(entry + 8) >> 1] <= at) return true;
		}
		return false;
	}
	/** The oldest store of a buffer reaches memory. */
	override commit(c: number): void {
		const b = REG_BUF + ctx_cpu[c] * BUF_SIZE;
		assert(buffered(c), "a store buffer that commits is not empty");
		const entry = first_entry(c);
		const w = HEAP32[entry];
		open(c);
		const old = HEAP32[entry + 2] ? HEAPF64[w >> 1] : HEAP32[w];
		const v = merged(old, entry);
		pend_kind[c] = HEAP32[entry + 1];
		set(w, v, HEAP32[entry + 2] !== 0);
		ev_store[n] = number_of(b, HEAP32[b]) * MAX_CTX + HEAP32[entry + 7];
		poke(b, HEAP32[b] + 1);
		poke(b + 2, HEAP32[b + 2] + 1);
		const left = REG_LEFT + ctx_cpu[c];
		if (HEAP32[left] > 0) poke(left, HEAP32[left] - 1);
		for (let g = 0; g < n_ctx; g++) {
			const wait = wait_of(g, ctx_cpu[c]);
			if (HEAP32[wait] === 0) continue;
			poke(wait, HEAP32[wait] - 1);
			poke(wait + 1, n + 1);
		}
		commit_from = HEAP32[entry + 3];
		commit_part = HEAP32[entry + 6] !== -1;
		ev_at[n] = HEAPF64[(entry + 8) >> 1];
		const e = close(c, pend_kind[c], w, v);
		commit_from = -1;
		tracer?.event(e, old, v, -1);
	}
	override committed(store: number): number {
		const c = own_buffer(store % MAX_CTX);
		const is_it = (e: number) => MAX_EV + ev_store[e] === store;
		let e = ctx_last[c];
		while (e >= 0 && !is_it(e)) e = ev_before[e];
		while (e < 0 && buffered(c)) {
			this.commit(c);
			if (is_it(n - 1)) e = n - 1;
		}
		return e;
	}
	override view(c: number, w: number, wide: boolean): number | undefined {
		let by = -1;
		const b = buffer_of(c);
		for (let i = HEAP32[b]; i < HEAP32[b + 1]; i++) {
			const entry = b + 8 + i * BUF_ENTRY;
			if (HEAP32[entry] === w) by = HEAP32[entry + 7];
		}
		return by === c ? undefined : seen_by(c, w, wide ? HEAPF64[w >> 1] : HEAP32[w]);
	}
}
export const tso = new Tso();
