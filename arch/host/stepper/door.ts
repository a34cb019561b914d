// SPDX-License-Identifier: GPL-2.0-only
/**
 * The one door to shared memory, on the stepper machine: all CPUs live in one
 * thread, and each access may be a step, before which another context runs.
 *
 * Three cases. While a context is *re-run* (log.ts), an access is
 * answered from the context's log and has no effect. A word that only one context
 * touches, or that nobody writes, is *private*: its access is made and logged.
 * Any other word is *shared* (sharing.ts): its access is a step of access.ts, and obeys the
 * memory model.
 *
 * Each access, load or store, takes one entry of the log. Outside of an
 * exploration (boot, set-up, checks) nothing is logged and nothing is a step.
 *
 * RAM from address 0 (ram.ts): the NULL page, the image's .data, for each CPU its
 * per-CPU area and two stacks (task, interrupt), what the boot allocator hands
 * out; behind RAM, where no kernel address reaches, the KASAN shadow (a byte
 * for 8) and the machine's registers. All of it is under one undo journal.
 */
import { PAGE_SHIFT, PAGE_SIZE } from "asm/pgtable_types.ts";
import {
	guess,
	page_written,
	private_release,
	shared_cmpxchg,
	shared_load,
	shared_rmw,
	shared_store,
	step_free,
	step_page,
	weak_rmw,
} from "./access.ts";
import { A, FREE, type Order, R, RMW, type RmwOrder, W } from "./kinds.ts";
import {
	add_extra,
	at_part,
	check_room,
	enter_many,
	leave_many,
	log,
	log_float,
	log_result,
	logged,
	logged_float,
	skip_logged,
	stop,
	stop_at,
	stops_here,
	stops_inside,
} from "./log.ts";
import { model } from "./models/model.ts";
import { bad_access, check, FORBIDDEN, IN_RCU_ONLY, set_shadow, USABLE } from "./oracles/kasan.ts";
import { order_after_unlock_lock, order_mb, order_rmb, order_wmb } from "./primitives.ts";
import { HEAP32, HEAPF64, journaling, page_freed, poke, poke_f64, RAM_SIZE, shadow } from "./ram.ts";
import { is_ours, own, READ_ONLY, is_guess, touch, touch_page, touch_words, wide, widen, written } from "./sharing.ts";
import { push, stack_restore, stack_save } from "./stack.ts";
import { exploring, me, NOBODY } from "./state.ts";
import { witness, witnessed } from "./witness.ts";

export { image_end, percpu_base, percpu_base_of } from "./stack.ts";
export function ram_size(): number {
	return RAM_SIZE;
}

/* ---- memory that is taken away, and given back ---- */

/** A whole page is written or taken away: a step if others use it, too. */
function whole_page(p: number): void {
	if (me !== NOBODY && touch_page(p >> PAGE_SHIFT)) step_page(p >> PAGE_SHIFT);
}

/** Forbids a range, or all use of it outside of RCU sections. A step for each word
 *  in it that another context uses, too: the memory is taken away from under it. */
function take_away(p: number, size: number, v: number): void {
	if (witness !== undefined && log.pos >= log.len) witness.memory(p, size, true);
	if (p % PAGE_SIZE === 0 && size % PAGE_SIZE === 0) {
		for (const end = p + size; p < end; p += PAGE_SIZE) {
			if (log.pos < log.len) skip_logged();
			else {
				whole_page(p);
				set_shadow(p, PAGE_SIZE, v);
				page_freed(p);
				log_result(0);
			}
		}
		return;
	}
	if (me !== NOBODY) {
		let i = 0;
		/* While re-run, the position is that of the entries read so far. */
		enter_many(0);
		while (log.pos < log.len) {
			const at = logged();
			if (at < 0) {
				leave_many();
				return;
			}
			i = at + 1;
			add_extra(1);
		}
		for (const words = size >> 2; i < words; i++) {
			const w = (p >> 2) + i;
			if (stop_at < 0 && is_ours(w)) continue;
			at_part(i + 1);
			if (is_ours(w) && !stops_here()) continue;
			if (touch(w, true)) {
				step_free(FREE, w);
				log_result(i);
				add_extra(1);
			}
		}
		leave_many();
	}
	set_shadow(p, size, v);
	log_result(-1);
}
export function kasan_poison_range(p: number, size: number): void {
	take_away(p, size, FORBIDDEN);
}
export function kasan_poison_rcu_range(p: number, size: number): void {
	take_away(p, size, IN_RCU_ONLY);
}
export function kasan_unpoison_range(p: number, size: number): void {
	if (log.pos < log.len) {
		skip_logged();
		return;
	}
	witness?.memory(p, size, false);
	/* What may be looked at while it is free is what it was when it is allocated again. */
	if (exploring() && shadow[p >> 3] === FORBIDDEN) model.allocated(p, size);
	set_shadow(p, size, USABLE);
	log_result(0);
}

/* ---- the kernel stack ---- */

export { stack_restore, stack_save };
export function stack_alloc(size: number): number {
	const p = push(size);
	zero_words(p, size);
	return p;
}

/* ---- barriers ---- */

export { order_mb as smp_mb, order_rmb as smp_rmb, order_wmb as smp_wmb };
export { order_after_unlock_lock as smp_mb__after_unlock_lock };
/** Are atomics and locks no fences by themselves? On x86 they are. */
export { weak_rmw as weak_atomics };

/* ---- loads ---- */

export function load_i32(p: number): number {
	if (log.pos < log.len) return log.ints[log.pos++];
	const w = p >> 2;
	const o = own[w];
	if (o !== me && (o < READ_ONLY || me === NOBODY)) return slow_load(p, 4, "plain") | 0;
	if (shadow[p >> 3] !== 0 || log.len >= stop) {
		check_room();
		return slow_load(p, 4, "plain") | 0;
	}
	const v = HEAP32[w];
	log.ints[log.len] = v;
	log.pos = ++log.len;
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
	if (log.pos < log.len) return logged_float();
	return slow_load(p, 8, "plain");
}

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
	if (me !== NOBODY && !(order === "data_race" && is_guess(w)) && touch(w, false)) {
		const v = shared_load(R, w, size === 8, order);
		return size === 8 ? log_float(v) : log_result(v);
	}
	const v = size === 8 ? HEAPF64[w >> 1] : HEAP32[w];
	witnessed("read", p, v, v);
	return size === 8 ? log_float(v) : log_result(v);
}
function load_as(p: number, order: Order): number {
	if (log.pos < log.len) return logged();
	return slow_load(p, 4, order) | 0;
}
function load_f64_as(p: number, order: Order): number {
	if (log.pos < log.len) return logged_float();
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
	if (log.pos < log.len) {
		log.pos++;
		return v;
	}
	const w = p >> 2;
	if (own[w] !== me || !journaling) return slow_store(p, v, "plain");
	if (shadow[p >> 3] !== 0 || log.len >= stop) {
		check_room();
		return slow_store(p, v, "plain");
	}
	written[w] = 1;
	poke(w, v);
	log.pos = ++log.len;
	return v;
}
/** What of word w `mask` says, if it is half of a double that is shared. */
function store_half(w: number, v: number, mask: number, order: Order): boolean {
	if (me === NOBODY || wide[w >> 1] === 0 || !touch(w & ~1, true)) return false;
	const merge = (old: number) => {
		halves[0] = old;
		half_words[w & 1] = (half_words[w & 1] & ~mask) | v;
		return halves[0];
	};
	shared_store(W, w & ~1, merge, true, order);
	return true;
}
function slow_store(p: number, v: number, order: Order): number {
	check(p, 4);
	const w = p >> 2;
	if (store_half(w, v, -1, order)) {
		/* That is all. */
	} else if (me !== NOBODY && touch(w, true)) shared_store(W, w, v | 0, false, order);
	else {
		witnessed("write", p, HEAP32[w], v);
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
	if (log.pos < log.len) {
		skip_logged();
		return v;
	}
	check(p & ~3, 4);
	const w = p >> 2;
	const shift = 8 * (p & 3);
	const bits = (v & mask) << shift;
	if (store_half(w, bits, mask << shift, order)) {
		/* That is all. */
	} else if (me !== NOBODY && touch(w, true)) shared_store(W, w, bits, false, order, mask << shift);
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
	if (log.pos < log.len) {
		skip_logged();
		return v;
	}
	check(p, 8);
	const w = p >> 2;
	widen(w);
	if (me !== NOBODY && touch(w, true)) shared_store(W, w, v, true, order);
	else {
		witnessed("write", p, HEAPF64[w >> 1], v);
		poke_f64(w, v);
	}
	log_result(0);
	return v;
}
export function write_once_i32(p: number, v: number): number {
	if (log.pos < log.len) {
		skip_logged();
		return v;
	}
	return slow_store(p, v, "once");
}
export function store_release_i32(p: number, v: number): void {
	if (log.pos < log.len) skip_logged();
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
	if (log.pos < log.len) return logged();
	check(p, 4);
	const w = p >> 2;
	if (me !== NOBODY && touch(w, true)) return log_result(shared_rmw(kind, w, fn, order));
	const old = HEAP32[w];
	const v = fn(old);
	witnessed("rmw", p, old, v);
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
	if (log.pos < log.len) return logged() !== 0;
	check(p, 4);
	const yes = touch(p >> 2, true) ? guess(p >> 2, from) : HEAP32[p >> 2] === from;
	return log_result(yes ? 1 : 0) !== 0;
}
function weak_cmpxchg(p: number, from: number, to: number, succeeds: boolean, order: RmwOrder): number {
	if (log.pos < log.len) return logged();
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
	if (log.pos < log.len) return logged() === 0;
	if (stops_inside()) return log_result(1) === 0;
	return touch_words(p >> 2, source >> 2, bytes >> 2) ? log_result(1) === 0 : true;
}
/** Do the words at p hold one double? Logged, as it may be found out later. */
function is_pair(p: number, left: number): boolean {
	return (log.pos < log.len ? logged() : log_result(wide[p >> 3] && p % 8 === 0 && left >= 8 ? 1 : 0)) !== 0;
}
function fill(p: number, bytes: number, v: number): void {
	const again = log.pos < log.len;
	if (bulk(p, bytes, 0)) {
		if (again) return;
		for (let w = p >> 2, end = (p + bytes) >> 2; w < end; w++) if (HEAP32[w] !== v) poke(w, v);
		log_result(0);
		return;
	}
	enter_many(1);
	for (let i = 0; i < bytes; i += 4) {
		at_part(i + 1);
		if (is_pair(p + i, bytes - i) && v === 0) {
			store_f64(p + i, 0);
			i += 4;
		} else store_i32(p + i, v);
		add_extra(2);
	}
	leave_many();
}
function copy(to: number, from: number, bytes: number): void {
	const again = log.pos < log.len;
	if (bulk(to, bytes, from)) {
		if (again) return;
		for (let i = 0; i < bytes; i += 4) poke((to + i) >> 2, HEAP32[(from + i) >> 2]);
		log_result(0);
		return;
	}
	enter_many(1);
	for (let i = 0; i < bytes; i += 4) {
		at_part(i + 1);
		if (is_pair(from + i, bytes - i)) {
			const v = load_f64_as(from + i, "data_race");
			at_part(i + 2);
			store_f64_as(to + i, v, "once");
			i += 4;
		} else {
			const v = data_race_i32(from + i);
			at_part(i + 2);
			write_once_i32(to + i, v);
		}
		add_extra(3);
	}
	leave_many();
}
/** A device has written a page before the driver is told of it: nobody sees half of it. One step. */
export function dma_page(p: number, word: (i: number) => number): void {
	if (log.pos < log.len) {
		skip_logged();
		return;
	}
	whole_page(p);
	for (let i = 0; i < PAGE_SIZE / 4; i++) {
		const v = word(i) | 0;
		if (HEAP32[(p >> 2) + i] !== v) poke((p >> 2) + i, v);
	}
	if (me !== NOBODY) page_written(p >> PAGE_SHIFT);
	log_result(0);
}
export function clear_page(p: number): void {
	dma_page(p, () => 0);
}
/** Two steps: the target is ours, then the source is read. */
export function copy_page(to: number, from: number): void {
	if (log.pos < log.len) skip_logged();
	else {
		whole_page(to);
		log_result(0);
	}
	if (log.pos < log.len) {
		skip_logged();
		return;
	}
	whole_page(from);
	for (let i = 0; i < PAGE_SIZE; i += 4) poke((to + i) >> 2, HEAP32[(from + i) >> 2]);
	if (me !== NOBODY) page_written(to >> PAGE_SHIFT);
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
	if (p % PAGE_SIZE === 0 && n === PAGE_SIZE) dma_page(p, () => Math.imul(byte & 0xff, 0x01010101));
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
