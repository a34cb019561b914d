// SPDX-License-Identifier: GPL-2.0-only
/**
 * The one door to shared memory, on the threads machine: RAM is one shared
 * WebAssembly.Memory that every CPU (worker thread) maps. The compiler
 * (scripts/cc) turns field accesses into accesses of the views below; nothing
 * else in the kernel may touch them.
 *
 * RAM from address 0: the NULL page, the image's .data, for each CPU its
 * per-CPU area and kernel stack, then what the boot allocator hands out.
 */
import { workerData } from "node:worker_threads";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { DATA_END, PERCPU_SIZE } from "generated/asm-offsets.ts";
import { assemble } from "host/assembly.ts";
import { machine_panic } from "host/cpu.ts";

export interface CpuData {
	memory: WebAssembly.Memory;
	/** Control words of the machine, see arch/host/threads/machine.ts. */
	control: SharedArrayBuffer;
	/** One byte for each 8 of RAM, with CONFIG_KASAN: 0 where access is allowed. */
	shadow: SharedArrayBuffer;
	cpu: number;
	nr_cpus: number;
	boot_origin: number;
}
const data: CpuData = workerData;
const RAM = data.memory.buffer;

export const HEAP32 = new Int32Array(RAM);
export const HEAPU32 = new Uint32Array(RAM);
export const HEAPU16 = new Uint16Array(RAM);
export const HEAPU8 = new Uint8Array(RAM);
export const HEAPF64 = new Float64Array(RAM);

const STACK_SIZE = 0x10000;
/** Bytes that a loop clears faster than fill() does. */
const SHORT = 256;
/** Bytes that are worth a call to copy them. */
const LONG = 32;
const CPU_SIZE = PERCPU_SIZE + STACK_SIZE;

/** Bytes of RAM. */
export function ram_size(): number {
	return RAM.byteLength;
}
/** First byte after the image, the per-CPU areas and the stacks. */
export function image_end(): number {
	return DATA_END + data.nr_cpus * CPU_SIZE;
}
export const percpu_base = DATA_END + data.cpu * CPU_SIZE;
export function percpu_base_of(cpu: number): number {
	return DATA_END + cpu * CPU_SIZE;
}

/* ---- the kernel stack, for structs that STACK<T>() puts there ---- */

const stack_bottom = percpu_base + PERCPU_SIZE;
const stack_top = stack_bottom + STACK_SIZE;
let sp = stack_bottom;

/** Room for a struct of the caller's, who writes all of it; it is gone when the caller returns. */
export function stack_push(size: number): number {
	const p = sp;
	sp += size;
	if (sp > stack_top) machine_panic("kernel stack overflow");
	return p;
}
/** The same, zeroed. */
export function stack_alloc(size: number): number {
	const p = stack_push(size);
	/* fill() has a price of its own, which only long structs are worth. */
	if (size > SHORT) HEAP32.fill(0, p >> 2, sp >> 2);
	else zero_words(p, size);
	return p;
}
export function stack_save(): number {
	return sp;
}
/** Pops to `to`; hands its second argument through, for return statements. */
export function stack_restore<T>(to: number, value?: T): T {
	sp = to;
	return value as T;
}

/* ---- barriers ---- */

/** x86 reorders a store with a later load and nothing else; the engine keeps
 *  the order of accesses to shared memory. Other hosts need real fences. */
const strong_order = process.arch === "x64" || process.arch === "ia32";

/** Full barrier. A locked operation on a word that only this CPU uses. */
export function smp_mb(): void {
	fetch_add_word(stack_top - 4, 0);
}
export function smp_rmb(): void {
	if (!strong_order) smp_mb();
}
export function smp_wmb(): void {
	if (!strong_order) smp_mb();
}
/** What smp_store_release() becomes: on x86 stores are not reordered with
 *  earlier accesses, elsewhere there is no weaker one than a full barrier. */
export function store_release(p: number, v: number): void {
	if (strong_order) HEAP32[p >> 2] = v;
	else Atomics.store(HEAP32, p >> 2, v);
}

/** What smp_load_acquire() becomes: loads are not reordered with later accesses
 *  on x86, and Atomics.load() is a call. */
export function load_acquire(p: number): number {
	return strong_order ? HEAP32[p >> 2] : Atomics.load(HEAP32, p >> 2);
}

/* ---- pages and words ---- */

const assembly = assemble(data.memory, PAGE_SIZE);

/* Constants each, and not looked up in what was exported: so the compiler knows
 * what it calls. */
export const clear_page: (p: number) => void = assembly.clear_page;
export const copy_page: (to: number, from: number) => void = assembly.copy_page;
const copy64: (to: number, from: number, size: number) => void = assembly.copy64;

/** As a device writes the page at p: word i becomes word(i). */
export function dma_page(p: number, word: (i: number) => number): void {
	for (let i = 0; i < PAGE_SIZE / 4; i++) HEAP32[(p >>> 2) + i] = word(i);
}
export function memcpy(to: number, from: number, n: number): void {
	HEAPU8.copyWithin(to, from, from + n);
}
export function memset(p: number, byte: number, n: number): void {
	HEAPU8.fill(byte, p, p + n);
}
/** Word by word or two at once, so that a racing reader sees every word whole. */
export function copy_words(to: number, from: number, size: number): void {
	if (size >= LONG && ((to | from | size) & 7) === 0) {
		copy64(to, from, size);
		return;
	}
	const delta = (to - from) >> 2;
	for (let i = from >> 2, end = i + (size >> 2); i < end; i++) HEAP32[i + delta] = HEAP32[i];
}
export function zero_words(p: number, size: number): void {
	for (let i = p >> 2, end = i + (size >> 2); i < end; i++) HEAP32[i] = 0;
}

/* ---- atomic read-modify-writes of a word, each a full barrier ---- */

export const xchg_word: (p: number, v: number) => number = assembly.xchg;
export const cmpxchg_word: (p: number, old: number, v: number) => number = assembly.cmpxchg;
export const fetch_add_word: (p: number, n: number) => number = assembly.fetch_add;
export const fetch_or_word: (p: number, n: number) => number = assembly.fetch_or;
export const fetch_and_word: (p: number, n: number) => number = assembly.fetch_and;

/* User data, for the MMU and the copies between kernel and user only. */
export function load8(p: number): number {
	return HEAPU8[p];
}
export function store8(p: number, v: number): void {
	HEAPU8[p] = v;
}
export function load32(p: number): number {
	return HEAP32[p >>> 2];
}
export function store32(p: number, v: number): void {
	HEAP32[p >>> 2] = v;
}

/* ---- pointers to immutable objects and functions of the image ---- */

const table: unknown[] = [];
const tag = Symbol("address");

/** Gives `object` the address that the compiler chose for it. */
export function rodata<T extends object>(address: number, object: T): T {
	table[address >> 2] = object;
	(object as { [tag]?: number })[tag] = address;
	return object;
}
/** The object at an address: NULL stays 0. */
export function rodata_at(address: number): unknown {
	return address === 0 ? 0 : table[address >> 2];
}
export function rodata_addr(object: unknown): number {
	return object ? (object as { [tag]: number })[tag] : 0;
}

/* ---- CONFIG_KASAN: every access is a call that looks at the shadow ---- */

const shadow = new Uint8Array(data.shadow);

export function kasan_poison_range(p: number, size: number): void {
	/* The end of RAM may be 2^32, which has no 32 bits. */
	shadow.fill(1, (p + 7) >>> 3, (p + size) / 8);
}
/** Nobody counts RCU sections here, so all may look. */
export function kasan_poison_rcu_range(_p: number, _size: number): void {}
export function kasan_unpoison_range(p: number, size: number): void {
	shadow.fill(0, p >>> 3, (p + size + 7) / 8);
}
function check(p: number, size: number): number {
	const bad = !(p >= PAGE_SIZE)
		? "null-ptr-deref"
		: p + size > RAM.byteLength
			? "out-of-bounds"
			: p % size !== 0
				? "misaligned-access"
				: shadow[p >>> 3] !== 0
					? "use-after-free"
					: undefined;
	if (bad) machine_panic(`BUG: KASAN: ${bad} of size ${size} at addr ${p?.toString(16)}`);
	return p;
}
export function load_i32(p: number): number {
	return HEAP32[check(p, 4) >>> 2];
}
export function load_u32(p: number): number {
	return HEAPU32[check(p, 4) >>> 2];
}
export function load_u16(p: number): number {
	return HEAPU16[check(p, 2) >>> 1];
}
export function load_u8(p: number): number {
	return HEAPU8[check(p, 1)];
}
export function load_f64(p: number): number {
	return HEAPF64[check(p, 8) >>> 3];
}
export function store_i32(p: number, v: number): number {
	HEAP32[check(p, 4) >>> 2] = v;
	return v;
}
export function store_u32(p: number, v: number): number {
	HEAPU32[check(p, 4) >>> 2] = v;
	return v;
}
export function store_u16(p: number, v: number): number {
	HEAPU16[check(p, 2) >>> 1] = v;
	return v;
}
export function store_u8(p: number, v: number): number {
	HEAPU8[check(p, 1)] = v;
	return v;
}
export function store_f64(p: number, v: number): number {
	HEAPF64[check(p, 8) >>> 3] = v;
	return v;
}
export { load_f64 as data_race_f64, load_f64 as read_once_f64, load_i32 as data_race_i32 };
export { load_u8 as data_race_u8, load_u8 as read_once_u8, store_u8 as write_once_u8 };
export { store_f64 as write_once_f64, store_i32 as write_once_i32 };
export function read_once_i32(p: number): number {
	return Atomics.load(HEAP32, check(p, 4) >>> 2);
}
export { read_once_i32 as load_acquire_i32, read_once_i32 as rcu_dereference_i32 };
export function store_release_i32(p: number, v: number): void {
	Atomics.store(HEAP32, check(p, 4) >>> 2, v);
}
export { store_release_i32 as rcu_assign_pointer_i32 };
export function xchg_i32(p: number, v: number): number {
	return Atomics.exchange(HEAP32, check(p, 4) >>> 2, v);
}
export function cmpxchg_i32(p: number, old: number, v: number): number {
	return Atomics.compareExchange(HEAP32, check(p, 4) >>> 2, old, v);
}
export function fetch_add_i32(p: number, n: number): number {
	return Atomics.add(HEAP32, check(p, 4) >>> 2, n);
}
export function fetch_or_i32(p: number, n: number): number {
	return Atomics.or(HEAP32, check(p, 4) >>> 2, n);
}
export function fetch_and_i32(p: number, n: number): number {
	return Atomics.and(HEAP32, check(p, 4) >>> 2, n);
}
