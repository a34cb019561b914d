// SPDX-License-Identifier: GPL-2.0-only
/** Compiled programs, run: fields hold what C would hold, whichever way accesses are written. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { here } from "../lib/root.ts";
import { fields_left_over } from "./leftover.ts";
import { compile } from "./program.ts";

const STRUCTS = `
interface inner extends struct { a: int; b: ulong }
interface outer extends struct {
	flag: u8; on: bool; half: u16; word: int; uword: u32; long: ulong;
	in: embed<inner>; next: outer; list: array<embed<inner>, 3>; counts: array<int, 4>; bytes: array<u8, 4>;
	fn: rodata<(x: number) => number>; gated: ifdef<"CONFIG_GATED", int>;
}
const twice = RODATA((x: number) => 2 * x);
`;

/** Bodies of f(p: outer), in memory that is 0, and what they return. */
const PROGRAMS: [string, unknown][] = [
	["p.flag = 300; return p.flag", 44],
	[
		"p.flag = -1; p.half = -1; p.uword = -1; p.word = 0xffffffff; return [p.flag, p.half, p.uword, p.word]",
		[255, 65535, 4294967295, -1],
	],
	["p.word = 2 ** 31; return p.word", -(2 ** 31)],
	["p.word = 7; p.word /= 2; return p.word", 3],
	["p.word = -7; p.word /= 2; return p.word", -3],
	["p.word = 17; p.word %= 5; return p.word", 2],
	["p.word = 3; p.word **= 4; return p.word", 81],
	["p.word = 6; p.word *= 7; p.word -= 2; return p.word", 40],
	["p.word = 12; p.word &= 10; p.word |= 3; p.word ^= 1; return p.word", 10],
	["p.word = 1; p.word <<= 31; p.word >>= 3; return p.word", -(2 ** 28)],
	["p.uword = 1; p.uword <<= 31; p.uword >>>= 3; return p.uword", 2 ** 28],
	["p.long = 2 ** 40; p.long += 1; p.long *= 2; p.long--; return p.long", 2 ** 41 + 1],
	["p.flag = 255; const x = p.flag++; return [x, p.flag]", [255, 0]],
	["p.flag = 255; const x = ++p.flag; return [x, p.flag]", [0, 0]],
	["const x = --p.half; return [x, p.half]", [65535, 65535]],
	["const x = p.half--; return [x, p.half]", [0, 65535]],
	["const x = (p.flag = 300); return x", 44],
	["const x = (p.word = 2 ** 32 + 5); return x", 5],
	["const x = (p.uword = -1); return x", 4294967295],
	["const x = (p.flag += 300); return x", 44],
	["const x = (p.on = p.word === 0); return x", true],
	["p.counts[1] = p.counts[2] = 7; return [p.counts[1], p.counts[2]]", [7, 7]],
	["const g = (p.fn = twice); return [g(4), p.fn(5)]", [8, 10]],
	["const x = (p.next = p); return x === p && p.next.next === p", true],
	["let n = 0; for (p.word = 3; p.word--; ) n++; return [n, p.word]", [3, -1]],
	["let n = 0; while (p.counts[0]++ < 4) n++; return [n, p.counts[0]]", [4, 5]],
	["let i = 0; p.bytes[i++] = 9; p.bytes[i++] = 10; return [p.bytes[0], p.bytes[1], i]", [9, 10, 2]],
	["p.bytes[p.word ? 1 : 2] = 5; return p.bytes[2]", 5],
	[
		"p.list[2].b = 2 ** 33; (p.list)[1].a = 4; p.list![0]!.a = 3; return [p.list[2].b, " +
			"p.list[1].a, p.list[0].a]",
		[2 ** 33, 4, 3],
	],
	["(p as outer).word = 4; (p.word as int)++; return (p.word satisfies int)", 5],
	["(p.word satisfies int) = 8; return p.word", 8],
	["const x = p.next && p.next.word; return (x as number) === 0", true],
	["return [p.next === NULL, p.next ? 1 : 2, !p.next, p.fn === NULL]", [true, 2, true, true]],
	["p.fn = twice; p.fn = NULL; return p.fn === NULL", true],
	[
		"return [fetch_add(p.word, 5), fetch_or(p.word, 8), fetch_and(p.word, 12), xchg(p.word, 3), " +
			"cmpxchg(p.word, 3, 4), p.word]",
		[0, 5, 13, 12, 3, 4],
	],
	[
		"return [fetch_add(p.counts[3], 5), p.counts[3], cmpxchg(p.next, NULL, p) === NULL, p.next === p]",
		[0, 5, true, true],
	],
	[
		"WRITE_ONCE(p.on, true); WRITE_ONCE(p.flag, 7); WRITE_ONCE(p.long, 2 ** 50); return " +
			"[READ_ONCE(p.on), READ_ONCE(p.flag), READ_ONCE(p.long)]",
		[true, 7, 2 ** 50],
	],
	[
		"smp_store_release(p.next, p); rcu_assign_pointer(p.fn, twice); return " +
			"[smp_load_acquire(p.next) === p, rcu_dereference(p.fn)(8)]",
		[true, 16],
	],
	["const c = container_of<outer>(p.in, 'in'); return c === p", true],
	["p.in.a = 4; struct_copy(p.list[1], p.in); struct_zero(p.in); return [p.list[1].a, p.in.a]", [4, 0]],
	["const q = ptr_add(p.in, 2); return ptr_diff(q, p.in)", 2],
	["const g = (x: outer, y = x.word) => y; p.word = 6; return g(p)", 6],
	[
		"const each = (fn: (x: outer) => void) => fn(p); each((x) => { x.word = 3; }); each((x) => " +
			"void x.word++); return p.word",
		4,
	],
	["const text = `${" + "p.word}-`; return text", "0-"],
	["p.word = (2 ** 33 + 3) as ulong as int; return p.word", 3],
	["function g(): int { const s = STACK<inner>(); s.a = 5; return s.a + 1 } return [g(), g()]", [6, 6]],
];

/** What the machine gives, in a memory of its own. */
function door() {
	const RAM = new SharedArrayBuffer(1 << 16);
	const HEAP32 = new Int32Array(RAM);
	const heaps = {
		i32: HEAP32,
		u32: new Uint32Array(RAM),
		u16: new Uint16Array(RAM),
		u8: new Uint8Array(RAM),
		f64: new Float64Array(RAM),
	};
	const d: Record<string, unknown> = {
		HEAP32,
		HEAPU32: heaps.u32,
		HEAPU16: heaps.u16,
		HEAPU8: heaps.u8,
		HEAPF64: heaps.f64,
	};
	for (const [kind, heap] of Object.entries(heaps)) {
		const at = (p: number) => p / heap.BYTES_PER_ELEMENT;
		const load = (p: number) => heap[at(p)];
		const store = (p: number, v: number) => {
			heap[at(p)] = v;
			return v;
		};
		for (const name of ["load", "read_once", "data_race", "load_acquire", "rcu_dereference"])
			d[`${name}_${kind}`] = load;
		for (const name of ["store", "write_once", "store_release", "rcu_assign_pointer"])
			d[`${name}_${kind}`] = store;
	}
	d.store_release = d.store_i32;
	d.xchg_i32 = (p: number, v: number) => Atomics.exchange(HEAP32, p >> 2, v);
	d.cmpxchg_i32 = (p: number, old: number, v: number) => Atomics.compareExchange(HEAP32, p >> 2, old, v);
	d.fetch_add_i32 = (p: number, n: number) => Atomics.add(HEAP32, p >> 2, n);
	d.fetch_or_i32 = (p: number, n: number) => Atomics.or(HEAP32, p >> 2, n);
	d.fetch_and_i32 = (p: number, n: number) => Atomics.and(HEAP32, p >> 2, n);
	for (const name of ["xchg", "cmpxchg", "fetch_add", "fetch_or", "fetch_and"])
		d[`${name}_word`] = d[`${name}_i32`];
	d.load_acquire = d.load_acquire_i32;
	const table: unknown[] = [0];
	d.rodata = (address: number, x: { at?: number }) => {
		table[address] = x;
		x.at = address;
		return x;
	};
	d.rodata_at = (address: number) => table[address];
	d.rodata_addr = (x: { at: number } | 0) => (x ? x.at : 0);
	d.copy_words = (to: number, from: number, size: number) =>
		HEAP32.copyWithin(to >> 2, from >> 2, (from + size) >> 2);
	d.zero_words = (p: number, size: number) => HEAP32.fill(0, p >> 2, (p + size) >> 2);
	let sp = 0x8000;
	d.stack_save = () => sp;
	d.stack_restore = (to: number, v: unknown) => {
		sp = to;
		return v;
	};
	d.stack_alloc = d.stack_push = (size: number) => {
		sp += size;
		return sp - size;
	};
	return d;
}

function outputs(texts: string[], direct: boolean) {
	const dir = mkdtempSync(join(tmpdir(), "spf-run-"));
	const files = texts.map((_, i) => join(dir, `p${i}.ts`));
	for (const [i, text] of texts.entries()) writeFileSync(files[i], `${STRUCTS}\n${text}\n`);
	const { output, errors } = compile({
		srctree: here(),
		objtree: dir,
		entries: files,
		srcarch: "x86",
		machine: "threads",
		config: () => undefined,
		direct,
		check: true,
	});
	rmSync(dir, { recursive: true });
	return { made: files.map((f) => output.get(f)), errors };
}

for (const direct of [true, false])
	test(`programs do what C would do, where accesses are ${direct ? "written in place" : "calls"}`, (t) => {
		const { made, errors } = outputs(
			PROGRAMS.map(([body]) => `export function f(p: outer): unknown { ${body}; }`),
			direct,
		);
		t.deepEqual(errors, []);
		PROGRAMS.forEach(([body, want], i) => {
			const js = (made[i]?.code ?? "").replace(/^import .*\n/gm, "").replace(/^export /gm, "");
			const d = door();
			const f = new Function(...Object.keys(d), `${js}\nreturn f;`)(...Object.values(d));
			t.deepEqual(f(4096), want, body);
		});
	});

test("a field that the configuration does not have is found by its line", (t) => {
	const { made } = outputs(["export function f(p: outer) {\n\tp.word = 1;\n\treturn p.gated;\n}"], true);
	const { code = "", map = "" } = made[0] ?? {};
	const [line, ...more] = fields_left_over(code, map, "/");
	t.deepEqual(more, []);
	t.regex(line, /p0\.ts:12: a field that this configuration does not have; use it in an if/);
	t.deepEqual(fields_left_over("f();", map, "/"), []);
});
