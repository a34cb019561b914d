// SPDX-License-Identifier: GPL-2.0-only
/**
 * The one door to shared memory, on the stepper machine: all CPUs live in one
 * thread, and each access may be a step, before which another context runs.
 *
 * Three cases. While a context is *re-run* (pos < len), an access is answered
 * from the context's log and has no effect. A word that only one context
 * touches, or that nobody writes, is *private*: its access is made and logged.
 * Any other word is *shared*: its access is a step of engine.ts, and obeys the
 * memory model. Which words are shared is found out on the way, by looking at
 * who touches them; it only grows, and the explorer begins again when it has.
 *
 * Each access, load or store, takes one entry of the log. Outside of an
 * exploration (boot, set-up, checks) nothing is logged and nothing is a step.
 *
 * RAM from address 0 (ram.ts): the NULL page, the image's .data, for each CPU its
 * per-CPU area and two stacks (task, interrupt), what the boot allocator hands
 * out; behind RAM, where no kernel address reaches, the KASAN shadow (a byte
 * for 8) and the machine's registers. All of it is under one undo journal.
 */
import { CONFIG_NR_CPUS } from "generated/autoconf.ts";
import { DATA_END, PERCPU_SIZE } from "generated/asm-offsets.ts";
import { machine_panic } from "./cpu.ts";
import {
	HEAP32, HEAPF64, journaling, poke, poke_f64, RAM_SIZE, REG_WORDS, REGS, SHADOW, shadow,
} from "./ram.ts";
import {
	A, fail, FREE, order_mb, page_written, private_release, step_page, order_rmb, order_wmb, R, RMW, shared_load, shared_rmw,
	shared_store, step_free, W, weak_rmw, guess, order_after_unlock_lock, type RmwOrder, shared_cmpxchg, stop_here,
} from "./engine.ts";

const STACK_SIZE = 0x8000;
const CPU_SIZE = PERCPU_SIZE + 2 * STACK_SIZE;

export function ram_size(): number {
	return RAM_SIZE;
}
export function image_end(): number {
	return DATA_END + CONFIG_NR_CPUS * CPU_SIZE;
}
export function percpu_base_of(cpu: number): number {
	return DATA_END + cpu * CPU_SIZE;
}
/** Of the current CPU: a live binding. */
export let percpu_base = percpu_base_of(0);

/* ---- who runs ---- */

/** Entries of a context's log: what an execution may take. */
export const LOG_MAX = 1 << 20;

let ilog: Int32Array = new Int32Array(0);
let flog: Float64Array = new Float64Array(0);
let pos = 0;
let len = 0;
/** Mark of the running context in `own`; NOBODY: not exploring. */
const NOBODY = -1;
let me = NOBODY;
let sp = 0;
let stack_top = 0;

/*
 * Where a context stands, whichever words are shared: accesses so far, where
 * one that works on many words counts once, and how far it is in that.
 */
export const SUB = 8192;
let extra = 0; /* log entries that do not count */
let inside = -1; /* the count at which an access to many words began */
let sub = 0;
let stop = LOG_MAX; /* entries at which to look closer */
let stop_at = -1;

/** Accesses that the running context has made, times SUB, plus words in the last. */
export function position(): number {
	return inside >= 0 ? inside * SUB + sub : (len - extra) * SUB;
}
/** Asks who goes on before the access at a position, whatever it touches; -1: before none. */
export function stop_before(where: number): void {
	stop_at = where;
	stop = where < 0 || where % SUB !== 0 ? LOG_MAX : where / SUB + extra;
}
function add_extra(entries: number): void {
	extra += entries;
	stop_before(stop_at);
}

export interface Log {
	ints: Int32Array;
	floats: Float64Array;
}
export function make_log(): Log {
	return { ints: new Int32Array(LOG_MAX), floats: new Float64Array(LOG_MAX) };
}

/** Lets a CPU go on without exploration; the stack begins where it stood. */
export function enter_cpu(cpu: number, irq: boolean): void {
	percpu_base = percpu_base_of(cpu);
	sp = percpu_base + PERCPU_SIZE + (irq ? STACK_SIZE : 0);
	stack_top = sp + STACK_SIZE;
	me = NOBODY;
	pos = len = 0;
	extra = 0;
	inside = -1;
	stop_before(-1);
}
/** Begins (again) with a context: answers come from its log, from `base` to `length`. */
export function enter_context(
	context: number, cpu: number, irq: boolean, log: Log, base: number, length: number,
): void {
	enter_cpu(cpu, irq);
	pos = extra = base;
	me = context + FIRST_OWNER;
	ilog = log.ints;
	flog = log.floats;
	len = length;
}
/** Runs fn as if nothing were explored, in the middle of a context. */
export function suspended<T>(fn: () => T): T {
	const was = { percpu_base, ilog, flog, pos, len, me, sp, stack_top, extra, inside, sub, stop, stop_at };
	me = NOBODY;
	pos = len = 0;
	const result = fn();
	({ percpu_base, ilog, flog, pos, len, me, sp, stack_top, extra, inside, sub, stop, stop_at } = was);
	return result;
}
export function stack_pointer(): number {
	return sp;
}
export function set_stack_pointer(p: number): void {
	sp = p;
}
export function log_length(): number {
	return len;
}
export function set_log_length(n: number): void {
	pos = len = n;
}
export function exploring(): boolean {
	return me !== NOBODY;
}
export function rerunning(): boolean {
	return pos < len;
}
/** The logged result of a primitive that was made before. */
export function logged(): number {
	return ilog[pos++];
}
/** Logs the result of a primitive. */
export function log_result(v: number): number {
	if (me !== NOBODY) {
		if (len >= LOG_MAX) overflow();
		ilog[len] = v;
		pos = ++len;
	}
	return v;
}
function log_float(v: number): number {
	if (me !== NOBODY) {
		if (len >= LOG_MAX) overflow();
		flog[len] = v;
		pos = ++len;
	}
	return v;
}
function overflow(): never {
	fail("limit", `${LOG_MAX} accesses without an end`);
}

/* ---- who touches what ---- */

/** Marks in `own`: nobody yet, several contexts and one writes, … */
const SHARED = 1;
const FIRST_OWNER = 2;
const READ_ONLY = 254; /* several contexts, nobody writes */
const HALF = 253; /* the second word of a pair: see the first */
const EXEMPT = 255; /* a CPU's own hardware and flags: never a step */
const own = new Uint8Array(REGS + REG_WORDS);
const written = new Uint8Array(REGS + REG_WORDS);
/** Pairs of words that are accessed as one double. */
const wide = new Uint8Array((REGS + REG_WORDS) >> 1);
/** Pages that are written whole by one context and used by another. */
export const bulked = new Uint8Array((REGS >> 10) + 1);
let grown = 0;

export function forget_sharing(): void {
	own.fill(0);
	for (let pair = wide.indexOf(1); pair >= 0; pair = wide.indexOf(1, pair + 1)) own[2 * pair + 1] = HALF;
	for (const [from, to] of exempted) own.fill(EXEMPT, from, to);
	written.fill(0);
	bulked.fill(0);
}
/** What was found to be shared, for another machine that explores the same. */
export function sharing(): { shared: Int32Array; wide: Int32Array; bulked: Int32Array } {
	const places = (of: Uint8Array, value: number) => {
		const found: number[] = [];
		for (let i = of.indexOf(value); i >= 0; i = of.indexOf(value, i + 1)) found.push(i);
		return Int32Array.from(found);
	};
	return { shared: places(own, SHARED), wide: places(wide, 1), bulked: places(bulked, 1) };
}
export function adopt_sharing(s: { shared: Int32Array; wide: Int32Array; bulked: Int32Array }): void {
	wide.fill(0);
	for (const pair of s.wide) wide[pair] = 1;
	forget_sharing();
	for (const w of s.shared) own[w] = SHARED;
	for (const page of s.bulked) bulked[page] = 1;
	grown++;
}
const exempted: [number, number][] = [];
export function exempt(p: number, size: number): void {
	const range: [number, number] = [p >> 2, (p + size) >> 2];
	if (!exempted.some(([from]) => from === range[0])) exempted.push(range);
	own.fill(EXEMPT, ...range);
}
/** Two words are accessed as one: from now on they have one place, the first. */
function widen(w: number): void {
	if (wide[w >> 1] !== 0) return;
	wide[w >> 1] = 1;
	if (own[w] === EXEMPT) return;
	const second = own[w + 1];
	own[w + 1] = HALF;
	if (second === 0 || second === own[w]) {
		written[w] |= written[w + 1];
		return;
	}
	own[w] = SHARED;
	grown++;
}
/** Words that were found to be shared so far. */
export function shared_words(): number {
	return grown;
}
/** Is an access of the running context to word w a step? Remembers the touch. */
export function touch(w: number, write: boolean): boolean {
	const o = own[w];
	if (stop_at >= 0 && o !== SHARED && o !== HALF && position() === stop_at) stop_here();
	if (o === SHARED) return true;
	if (o === EXEMPT) return false;
	if (o === HALF) return touch(w - 1, write);
	if (bulked[w >> 10] !== 0) {
		own[w] = SHARED;
		grown++;
		return true;
	}
	if (o === me) {
		if (write) written[w] = 1;
		return false;
	}
	if (o === 0) {
		own[w] = me;
		if (write) written[w] = 1;
		return false;
	}
	if (!write && written[w] === 0) {
		own[w] = READ_ONLY;
		return false;
	}
	own[w] = SHARED;
	grown++;
	return true;
}
/** Is the word the place of a double? */
export function is_wide(w: number): boolean {
	return wide[w >> 1] !== 0;
}
export function is_shared(w: number): boolean {
	return own[w] === SHARED;
}

/* ---- the stacks ---- */

/** Is the word on a kernel stack? */
export function on_stack(w: number): boolean {
	const p = w * 4 - DATA_END;
	return p >= 0 && p < CONFIG_NR_CPUS * CPU_SIZE && p % CPU_SIZE >= PERCPU_SIZE;
}
/* ---- KASAN ---- */

function bad_access(p: number, size: number): never {
	const bad =
		!(p >= 4096) ? "null-ptr-deref"
		: p + size > RAM_SIZE ? "out-of-bounds"
		: p % size !== 0 ? "misaligned-access"
		: "use-after-free";
	machine_panic(`BUG: KASAN: ${bad} of size ${size} at addr ${p?.toString(16)}`);
}
function check(p: number, size: number): void {
	if (!(p >= 4096) || p + size > RAM_SIZE || p % size !== 0 || shadow[p >> 3] !== 0) bad_access(p, size);
}
export function check_access(p: number): void {
	check(p, 4);
}
function set_shadow(p: number, size: number, v: number): void {
	const from = (SHADOW + (p >> 3)) & ~3;
	const to = SHADOW + ((p + size + 7) >> 3);
	const first = SHADOW + (p >> 3);
	for (let a = from; a < to; a += 4) {
		/* Whole words at a time, the two ends byte by byte. */
		let word = HEAP32[a >> 2];
		for (let i = 0; i < 4; i++)
			if (a + i >= first && a + i < to) word = (word & ~(0xff << (8 * i))) | (v << (8 * i));
		if (word !== HEAP32[a >> 2]) poke(a >> 2, word);
	}
}
/** A whole page is written or taken away: a step if others use it, too. */
function whole_page(p: number): void {
	const page = p >> 12;
	const first = p >> 2;
	if (me === NOBODY) return;
	if (bulked[page] === 0) {
		let ours = stop_at < 0 || position() !== stop_at;
		for (let w = first; ours && w < first + 1024; w++) ours = own[w] === me || own[w] === 0 || own[w] === EXEMPT;
		if (ours) {
			for (let w = first; w < first + 1024; w++) if (own[w] === 0) own[w] = me;
			written.fill(1, first, first + 1024);
			return;
		}
		bulked[page] = 1;
		grown++;
		for (let w = first; w < first + 1024; w++) if (own[w] !== 0 && own[w] !== EXEMPT) own[w] = SHARED;
	}
	step_page(page);
}

/** Forbids a range. A step for each word in it that another context uses, too:
 *  the memory is taken away from under it. */
export function kasan_poison_range(p: number, size: number): void {
	if (p % 4096 === 0 && size % 4096 === 0) {
		for (const end = p + size; p < end; p += 4096) {
			if (pos < len) pos++;
			else {
				whole_page(p);
				set_shadow(p, 4096, 1);
				log_result(0);
			}
		}
		return;
	}
	if (me !== NOBODY) {
		let i = 0;
		inside = len - extra;
		/* While re-run, the position is that of the entries read so far. */
		if (pos < len) inside = pos - extra;
		while (pos < len) {
			const at = ilog[pos++];
			if (at < 0) {
				inside = -1;
				return;
			}
			i = at + 1;
			add_extra(1);
		}
		for (const words = size >> 2; i < words; i++) {
			const w = (p >> 2) + i;
			const o = own[w];
			sub = i + 1;
			if ((o === 0 || o === me || o === EXEMPT) && position() !== stop_at) continue;
			if (touch(w, true)) {
				step_free(FREE, w);
				log_result(i);
				add_extra(1);
			}
		}
		inside = -1;
	}
	set_shadow(p, size, 1);
	log_result(-1);
}
export function kasan_unpoison_range(p: number, size: number): void {
	if (pos < len) {
		pos++;
		return;
	}
	set_shadow(p, size, 0);
	log_result(0);
}

/* ---- the kernel stack ---- */

export function stack_alloc(size: number): number {
	const p = sp;
	sp += size;
	if (sp > stack_top) machine_panic("kernel stack overflow");
	zero_words(p, size);
	return p;
}
export function stack_save(): number {
	return sp;
}
export function stack_restore<T>(to: number, value?: T): T {
	sp = to;
	return value as T;
}

/* ---- barriers ---- */

export { order_mb as smp_mb, order_rmb as smp_rmb, order_wmb as smp_wmb };
export { order_after_unlock_lock as smp_mb__after_unlock_lock };
/** Are atomics and locks no fences by themselves? On x86 they are. */
export { weak_rmw as weak_atomics };

/* ---- loads ---- */

export function load_i32(p: number): number {
	if (pos < len) return ilog[pos++];
	const w = p >> 2;
	const o = own[w];
	if (o !== me && (o < READ_ONLY || me === NOBODY)) return slow_load(p, 4, "plain") | 0;
	if (shadow[p >> 3] !== 0 || len >= stop) {
		if (len >= LOG_MAX) overflow();
		return slow_load(p, 4, "plain") | 0;
	}
	const v = HEAP32[w];
	ilog[len] = v;
	pos = ++len;
	return v;
}
export function load_u32(p: number): number {
	return load_i32(p) >>> 0;
}
export function load_u16(p: number): number {
	if ((p & 1) !== 0) bad_access(p, 2);
	return (load_i32(p & ~3) >>> (8 * (p & 2))) & 0xffff;
}
export function load_u8(p: number): number {
	return (load_i32(p & ~3) >>> (8 * (p & 3))) & 0xff;
}
export function load_f64(p: number): number {
	if (pos < len) return flog[pos++];
	return slow_load(p, 8, "plain");
}

export type Order = "plain" | "once" | "data_race" | "acquire" | "dependency" | "release" | "full";

const halves = new Float64Array(1);
const half_words = new Int32Array(halves.buffer);

function slow_load(p: number, size: number, order: Order): number {
	check(p, size);
	const w = p >> 2;
	if (size === 8) widen(w);
	if (me !== NOBODY && size === 4 && wide[w >> 1] !== 0) {
		/* Half of a double. */
		if (!touch(w & ~1, false)) return log_result(HEAP32[w]);
		halves[0] = shared_load(R, w & ~1, true, order);
		return log_result(half_words[w & 1]);
	}
	if (me !== NOBODY && touch(w, false)) {
		const v = shared_load(R, w, size === 8, order);
		return size === 8 ? log_float(v) : log_result(v);
	}
	return size === 8 ? log_float(HEAPF64[w >> 1]) : log_result(HEAP32[w]);
}
function load_as(p: number, order: Order): number {
	if (pos < len) return ilog[pos++];
	return slow_load(p, 4, order) | 0;
}
function load_f64_as(p: number, order: Order): number {
	if (pos < len) return flog[pos++];
	return slow_load(p, 8, order);
}
export function data_race_i32(p: number): number {
	return load_as(p, "data_race");
}
export function data_race_u8(p: number): number {
	return (load_as(p & ~3, "data_race") >>> (8 * (p & 3))) & 0xff;
}
export function data_race_f64(p: number): number {
	return load_f64_as(p, "data_race");
}
export function read_once_i32(p: number): number {
	return load_as(p, "once");
}
export function read_once_u8(p: number): number {
	return (load_as(p & ~3, "once") >>> (8 * (p & 3))) & 0xff;
}
export function read_once_f64(p: number): number {
	return load_f64_as(p, "once");
}
export function load_acquire_i32(p: number): number {
	return load_as(p, "acquire");
}
export function rcu_dereference_i32(p: number): number {
	return load_as(p, "dependency");
}

/* ---- stores ---- */

export function store_i32(p: number, v: number): number {
	if (pos < len) {
		pos++;
		return v;
	}
	const w = p >> 2;
	if (own[w] !== me || !journaling) return slow_store(p, v, "plain");
	if (shadow[p >> 3] !== 0 || len >= stop) {
		if (len >= LOG_MAX) overflow();
		return slow_store(p, v, "plain");
	}
	written[w] = 1;
	poke(w, v);
	pos = ++len;
	return v;
}
function slow_store(p: number, v: number, order: Order): number {
	check(p, 4);
	const w = p >> 2;
	if (me !== NOBODY && wide[w >> 1] !== 0 && touch(w & ~1, true)) {
		const merge = (old: number) => {
			halves[0] = old;
			half_words[w & 1] = v;
			return halves[0];
		};
		shared_store(W, w & ~1, merge, true, order);
	} else if (me !== NOBODY && touch(w, true)) shared_store(W, w, v | 0, false, order);
	else {
		poke(w, v);
		if (order === "release") private_release();
	}
	log_result(0);
	return v;
}
export function store_u32(p: number, v: number): number {
	store_i32(p, v | 0);
	return v;
}
/** Part of a word. Of a shared one, the rest of the word is written as it is. */
function store_part(p: number, v: number, mask: number, order: Order): number {
	if (pos < len) {
		pos++;
		return v;
	}
	check(p & ~3, 4);
	const w = p >> 2;
	const shift = 8 * (p & 3);
	const bits = (v & mask) << shift;
	if (me !== NOBODY && touch(w, true)) shared_store(W, w, bits, false, order, mask << shift);
	else poke(w, (HEAP32[w] & ~(mask << shift)) | bits);
	log_result(0);
	return v;
}
export function store_u16(p: number, v: number): number {
	if ((p & 1) !== 0) bad_access(p, 2);
	return store_part(p, v, 0xffff, "plain");
}
export function store_u8(p: number, v: number): number {
	return store_part(p, v, 0xff, "plain");
}
export function write_once_u8(p: number, v: number): number {
	return store_part(p, v, 0xff, "once");
}
export function store_f64(p: number, v: number): number {
	return store_f64_as(p, v, "plain");
}
export function write_once_f64(p: number, v: number): number {
	return store_f64_as(p, v, "once");
}
function store_f64_as(p: number, v: number, order: Order): number {
	if (pos < len) {
		pos++;
		return v;
	}
	check(p, 8);
	const w = p >> 2;
	widen(w);
	if (me !== NOBODY && touch(w, true)) shared_store(W, w, v, true, order);
	else poke_f64(w, v);
	log_result(0);
	return v;
}
export function write_once_i32(p: number, v: number): number {
	if (pos < len) {
		pos++;
		return v;
	}
	return slow_store(p, v, "once");
}
export function store_release_i32(p: number, v: number): void {
	if (pos < len) pos++;
	else slow_store(p, v, "release");
}
export { store_release_i32 as rcu_assign_pointer_i32, store_release_i32 as store_release };

/* ---- read-modify-write, fully ordered ---- */

/** LKMM: a full fence on each side. */
function rmw(p: number, fn: (old: number) => number): number {
	const fences = me !== NOBODY && weak_rmw();
	if (fences) order_mb();
	const old = relaxed_rmw(p, RMW, fn);
	if (fences) order_mb();
	return old;
}
function relaxed_rmw(p: number, kind: number, fn: (old: number) => number, order: RmwOrder = "relaxed"): number {
	if (pos < len) return ilog[pos++];
	check(p, 4);
	const w = p >> 2;
	if (me !== NOBODY && touch(w, true)) return log_result(shared_rmw(kind, w, fn, order));
	const old = HEAP32[w];
	const v = fn(old);
	if (!Number.isNaN(v)) poke(w, v);
	if (order === "release") private_release();
	return log_result(old);
}
export function xchg_i32(p: number, v: number): number {
	return rmw(p, () => v);
}
/** With less order than fences: xchg_acquire(), xchg_relaxed(), …, */
export function xchg_as(order: RmwOrder, p: number, v: number): number {
	return order === "full" ? xchg_i32(p, v) : relaxed_rmw(p, RMW, () => v, order);
}
/** and atomic_fetch_add_acquire() and the like. */
export function fetch_add_as(order: RmwOrder, p: number, n: number): number {
	return order === "full" ? fetch_add_i32(p, n) : relaxed_rmw(p, RMW, (old) => (old + n) | 0, order);
}
export function cmpxchg_i32(p: number, old: number, v: number): number {
	return cmpxchg_as("full", p, old, v);
}
/** One that fails is a read, and orders nothing. */
export function cmpxchg_as(order: RmwOrder, p: number, old: number, v: number): number {
	const from = old | 0;
	const to = v | 0;
	if (me === NOBODY || !weak_rmw()) return relaxed_rmw(p, RMW, (x) => (x === from ? to : NaN));
	const succeeds = will_succeed(p, from);
	const fences = succeeds && order === "full";
	if (fences) order_mb();
	const seen = weak_cmpxchg(p, from, to, succeeds, order);
	if (fences) order_mb();
	return seen;
}
/** LKMM: is it the kind of cmpxchg that has fences? Nobody but its CPU can change a private word. */
function will_succeed(p: number, from: number): boolean {
	if (pos < len) return ilog[pos++] !== 0;
	check(p, 4);
	const yes = touch(p >> 2, true) ? guess(p >> 2, from) : HEAP32[p >> 2] === from;
	return log_result(yes ? 1 : 0) !== 0;
}
function weak_cmpxchg(p: number, from: number, to: number, succeeds: boolean, order: RmwOrder): number {
	if (pos < len) return ilog[pos++];
	const w = p >> 2;
	if (touch(w, true)) return log_result(shared_cmpxchg(w, from, to, succeeds, order));
	const old = HEAP32[w];
	if (succeeds) poke(w, to);
	if (succeeds && order === "release") private_release();
	return log_result(old);
}
export function fetch_add_i32(p: number, n: number): number {
	return rmw(p, (old) => (old + n) | 0);
}
export function fetch_or_i32(p: number, n: number): number {
	return rmw(p, (old) => old | n);
}
export function fetch_and_i32(p: number, n: number): number {
	return rmw(p, (old) => old & n);
}
/** An addition of which nobody uses the result: two of them commute. */
export function add_i32(p: number, n: number): void {
	relaxed_rmw(p, A, (old) => (old + n) | 0);
}

/* ---- pages and words ---- */

/**
 * Many words at once: in one go if none of them is shared, else one by one.
 * The first log entry tells which.
 */
function bulk(p: number, bytes: number, source: number): boolean {
	if (me === NOBODY) return true;
	if (pos < len) return ilog[pos++] === 0;
	if (stop_at >= 0 && stop_at % SUB !== 0 && stop_at - (stop_at % SUB) === position()) return log_result(1) === 0;
	for (let i = 0, n = bytes >> 2; i < n; i++) {
		const w = (p >> 2) + i;
		/* Let touch() decide where it is not ours already. */
		if (own[w] !== me && touch(w, true)) return log_result(1) === 0;
		written[w] = 1;
		if (source !== 0 && own[(source >> 2) + i] !== me && touch((source >> 2) + i, false))
			return log_result(1) === 0;
	}
	return true;
}
/** Do the words at p hold one double? Logged, as it may be found out later. */
function is_pair(p: number, left: number): boolean {
	return (rerunning() ? logged() : log_result(wide[p >> 3] && p % 8 === 0 && left >= 8 ? 1 : 0)) !== 0;
}
function fill(p: number, bytes: number, v: number): void {
	const again = pos < len;
	if (bulk(p, bytes, 0)) {
		if (again) return;
		for (let w = p >> 2, end = (p + bytes) >> 2; w < end; w++) if (HEAP32[w] !== v) poke(w, v);
		log_result(0);
		return;
	}
	inside = (again ? pos : len) - extra - 1;
	for (let i = 0; i < bytes; i += 4) {
		sub = i + 1;
		if (is_pair(p + i, bytes - i) && v === 0) {
			store_f64(p + i, 0);
			i += 4;
		} else store_i32(p + i, v);
		add_extra(2);
	}
	inside = -1;
}
function copy(to: number, from: number, bytes: number): void {
	const again = pos < len;
	if (bulk(to, bytes, from)) {
		if (again) return;
		for (let i = 0; i < bytes; i += 4) poke((to + i) >> 2, HEAP32[(from + i) >> 2]);
		log_result(0);
		return;
	}
	inside = (again ? pos : len) - extra - 1;
	for (let i = 0; i < bytes; i += 4) {
		sub = i + 1;
		if (is_pair(from + i, bytes - i)) {
			const v = load_f64_as(from + i, "data_race");
			sub = i + 2;
			store_f64_as(to + i, v, "once");
			i += 4;
		} else {
			const v = data_race_i32(from + i);
			sub = i + 2;
			write_once_i32(to + i, v);
		}
		add_extra(3);
	}
	inside = -1;
}
function fill_page(p: number, v: number): void {
	if (pos < len) {
		pos++;
		return;
	}
	whole_page(p);
	for (let w = p >> 2, end = w + 1024; w < end; w++) if (HEAP32[w] !== v) poke(w, v);
	if (me !== NOBODY) page_written(p >> 12);
	log_result(0);
}
export function clear_page(p: number): void {
	fill_page(p, 0);
}
/** Two steps: the target is ours, then the source is read. */
export function copy_page(to: number, from: number): void {
	if (pos < len) pos++;
	else {
		whole_page(to);
		log_result(0);
	}
	if (pos < len) {
		pos++;
		return;
	}
	whole_page(from);
	for (let i = 0; i < 4096; i += 4) poke((to + i) >> 2, HEAP32[(from + i) >> 2]);
	if (me !== NOBODY) page_written(to >> 12);
	log_result(0);
}
export function copy_words(to: number, from: number, size: number): void {
	copy(to, from, size);
}
export function zero_words(p: number, size: number): void {
	fill(p, size, 0);
}
export function memcpy(to: number, from: number, n: number): void {
	if (to % 4 === 0 && from % 4 === 0 && n % 4 === 0) copy(to, from, n);
	else for (let i = 0; i < n; i++) store8(to + i, load8(from + i));
}
export function memset(p: number, byte: number, n: number): void {
	if (p % 4096 === 0 && n === 4096) fill_page(p, Math.imul(byte & 0xff, 0x01010101));
	else if (p % 4 === 0 && n % 4 === 0) fill(p, n, Math.imul(byte & 0xff, 0x01010101));
	else for (let i = 0; i < n; i++) store8(p + i, byte);
}

/* User data: a race there is the program's own affair. */
export function load8(p: number): number {
	return (load_as(p & ~3, "data_race") >>> (8 * (p & 3))) & 0xff;
}
export function store8(p: number, v: number): void {
	store_part(p, v, 0xff, "once");
}
export function load32(p: number): number {
	return load_as(p, "data_race");
}
export function store32(p: number, v: number): void {
	write_once_i32(p, v);
}

/* ---- pointers to immutable objects and functions of the image ---- */

const table: unknown[] = [];
const tag = Symbol("address");

export function rodata<T extends object>(address: number, object: T): T {
	table[address >> 2] = object;
	(object as { [tag]?: number })[tag] = address;
	return object;
}
export function rodata_at(address: number): unknown {
	return address === 0 ? 0 : table[address >> 2];
}
export function rodata_addr(object: unknown): number {
	return object ? (object as { [tag]: number })[tag] : 0;
}
