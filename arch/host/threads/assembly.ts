// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the door has in WebAssembly, over the same memory: whole pages, long
 * structs and the atomic read-modify-writes. An engine makes one instruction
 * with a lock prefix of the latter; its Atomics are a call that looks first
 * what array it was given, and take half as long again. Put together here, byte
 * by byte, since the door needs it before anything can be loaded.
 */
/// <reference path="../webassembly.d.ts" />

/** Results are values before the operation. */
export interface Assembly {
	clear_page(p: number): void;
	copy_page(to: number, from: number): void;
	/** Of 8 bytes at a time; `size`, and both addresses, are multiples of 8. */
	copy64(to: number, from: number, size: number): void;
	fetch_add(p: number, n: number): number;
	fetch_and(p: number, n: number): number;
	fetch_or(p: number, n: number): number;
	xchg(p: number, v: number): number;
	cmpxchg(p: number, old: number, v: number): number;
}

const I32 = 0x7f;
const END = 0x0b;
const get = (local: number) => [0x20, local];
/** local = local + n */
const step = (local: number, n: number) => [...get(local), ...i32_const(n), 0x6a, 0x21, local];
const loop = (...body: number[]) => [0x03, 0x40, ...body, END];
const again = [0x0d, 0];

/** i32.const of a positive number, seven bits at a time. */
function i32_const(n: number): number[] {
	const bytes = [0x41];
	/* The highest bit that is left is the sign. */
	for (; n >= 64; n >>= 7) bytes.push((n & 127) | 128);
	return [...bytes, n];
}

/** A loop over 64 bytes in four v128.store, since memory.fill takes half as long again. */
function clear_page_code(page_size: number): number[] {
	// biome-ignore format: rows of bytes, with what each is
	const store = (offset: number) => [
		/* get p, v128.const 0, v128.store */
		...get(0), 0xfd, 12, ...Array(16).fill(0), 0xfd, 11, 4, offset,
	];
	// biome-ignore format: rows of bytes, with what each is
	return [
		/* end = p + page_size */
		...get(0), ...i32_const(page_size), 0x6a, 0x21, 1,
		...loop(
			...store(0), ...store(16), ...store(32), ...store(48),
			/* p += 64; if p != end again: behind the last page there may be 2^32, which is 0 */
			...get(0), ...i32_const(64), 0x6a, 0x22, 0, ...get(1), 0x47, ...again,
		),
	];
}

/** memory.copy to from page_size */
const copy_page_code = (page_size: number) => [...get(0), ...get(1), ...i32_const(page_size), 0xfc, 10, 0, 0];

/** While there are 8 bytes: one i64.load and one i64.store. */
function copy64_code(): number[] {
	// biome-ignore format: rows of bytes, with what each is
	return loop(
		...get(0), ...get(1), 0x29, 3, 0, 0x37, 3, 0,
		...step(0, 8), ...step(1, 8),
		/* if ((size -= 8) > 0) again */
		...get(2), ...i32_const(8), 0x6b, 0x22, 2, ...i32_const(0), 0x4a, ...again,
	);
}

/** An instruction of the threads proposal on the aligned word at the first argument. */
const rmw = (args: number, opcode: number) => [...Array(args).keys()].flatMap(get).concat(0xfe, opcode, 2, 0);

/** By name: parameters, results, locals besides parameters, code. */
const functions = (page_size: number): Record<keyof Assembly, [number, number, number, number[]]> => ({
	clear_page: [1, 0, 1, clear_page_code(page_size)],
	copy_page: [2, 0, 0, copy_page_code(page_size)],
	copy64: [3, 0, 0, copy64_code()],
	fetch_add: [2, 1, 0, rmw(2, 0x1e)],
	fetch_and: [2, 1, 0, rmw(2, 0x2c)],
	fetch_or: [2, 1, 0, rmw(2, 0x33)],
	xchg: [2, 1, 0, rmw(2, 0x41)],
	cmpxchg: [3, 1, 0, rmw(3, 0x48)],
});

export function assemble(memory: WebAssembly.Memory, page_size: number): Assembly {
	const list = Object.entries(functions(page_size));
	const size = (n: number) => [(n & 127) | 128, n >> 7]; /* in two bytes */
	const sized = (body: number[]) => [...size(body.length), ...body];
	const section = (id: number, items: number[][]) => [id, ...sized([items.length, ...items.flat()])];
	const text = (s: string) => [s.length, ...Buffer.from(s)];
	const types = list.map(([, [args, results]]) => [
		0x60,
		args,
		...Array(args).fill(I32),
		results,
		...Array(results).fill(I32),
	]);
	const bodies = list.map(([, [, , locals, code]]) =>
		sized([...(locals ? [1, locals, I32] : [0]), ...code, END]),
	);
	// biome-ignore format: a row for each section
	const bytes = [
		0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
		...section(1, types),
		/* shared memory, 1 page to 65536 */
		...section(2, [[...text("h"), ...text("m"), 2, 3, 1, 0x80, 0x80, 4]]),
		...section(3, list.map((_, i) => [i])),
		...section(7, list.map(([name], i) => [...text(name), 0, i])),
		...section(10, bodies),
	];
	const module = new WebAssembly.Module(Uint8Array.from(bytes));
	return new WebAssembly.Instance(module, { h: { m: memory } }).exports as Assembly;
}
