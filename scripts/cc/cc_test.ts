// SPDX-License-Identifier: GPL-2.0-only
/** The compiler for structs in RAM: layouts as a C compiler makes them, the
 *  code that field accesses become, and the mistakes that it refuses. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { compile } from "./program.ts";
import { here } from "../lib/root.ts";

const STRUCTS = `
interface inner extends struct { a: int; b: ulong }
interface outer extends struct {
	flag: u8;
	on: bool;
	half: u16;
	word: int;
	in: embed<inner>;
	next: outer;
	list: array<embed<inner>, 3>;
	counts: array<int, 4>;
	gated: ifdef<"CONFIG_GATED", int>;
	gated_not: ifdef<"!CONFIG_GATED", u8>;
	over: overlay<"word", inner>;
	fn: rodata<(x: number) => number>;
}
`;

/** Compiles the structs above with `body`; returns its JavaScript without imports. */
function cc(
	body: string,
	gated = false,
	direct = true,
	stepper = false,
	check = true,
): { js: string; errors: string[] } {
	const dir = mkdtempSync(join(tmpdir(), "spf-cc-"));
	const entry = join(dir, "x.ts");
	writeFileSync(entry, `${STRUCTS}\n${body}\n`);
	const { output, errors } = compile({
		srctree: here(),
		objtree: dir,
		entries: [entry],
		srcarch: "x86",
		machine: "threads",
		config: (symbol) => (symbol === "CONFIG_GATED" ? gated : undefined),
		direct,
		stepper,
		check,
		trusted: !check,
	});
	rmSync(dir, { recursive: true });
	const js = (output.get(entry)?.code ?? "")
		.replace(/^import .*\n/gm, "")
		.replaceAll(/\s+/g, " ")
		.trim();
	return { js, errors: errors.map((e) => e.replace(/^.*x\.ts:\d+: /, "")) };
}

test("layout: sizes, alignment, embedding, arrays, overlays, gated fields", (t) => {
	const { js } =
		cc(`export const o = [sizeof<inner>(), sizeof<outer>(), offsetof<outer>("half"), offsetof<outer>("in"),
		offsetof<outer>("next"), offsetof<outer>("list"),
		offsetof<outer>("counts"), offsetof<outer>("over")];`);
	/* inner: a 0, b 8. outer: flag 0, on 1, half 2, word 4, in 8, next 24, list 32 (3*16),
	 * counts 80, gated_not 96, fn 100; over lies on word, rounded up to its own alignment. */
	t.is(js, "export const o = [16, 104, 2, 8, 24, 32, 80, 4];");
});

test("a gated field takes room only where its symbol is set", (t) => {
	const source = `export const o = [sizeof<outer>(), offsetof<outer>("fn")];`;
	t.is(cc(source, false).js, "export const o = [104, 100];");
	t.is(cc(source, true).js, "export const o = [104, 100];");
	t.is(cc(`export const o = offsetof<outer>("gated");`, true).js, "export const o = 96;");
	t.is(cc(`export const o = offsetof<outer>("gated_not");`).js, "export const o = 96;");
	t.regex(cc(`export const o = offsetof<outer>("gated_not");`, true).js, /BUILD_BUG_no_such_field/);
});

test("fields are loads and stores at constant offsets", (t) => {
	const { js, errors } = cc(`export function f(p: outer, i: number) {
		p.word = p.half + p.flag;
		p.in.b = 1;
		p.on = !p.on;
		p.next.next = NULL;
		p.counts[i] += 2;
		p.list[1].a++;
		return p.in;
	}`);
	t.deepEqual(errors, []);
	t.is(
		js,
		"export function f(p, i) { HEAP32[p + 4 >> 2] = HEAPU16[p + 2 >> 1] + HEAPU8[p]; HEAPF64[(p + " +
			"8) + 8 >> 3] = 1; " +
			"HEAPU8[p + 1] = !(HEAPU8[p + 1] !== 0) ? 1 : 0; HEAP32[HEAP32[p + 24 >> 2] + 24 >> 2] = 0; " +
			"HEAP32[p + 80 + (i) * 4 >> 2] = HEAP32[p + 80 + (i) * 4 >> 2] + 2; " +
			"HEAP32[(p + 32 + (1) * 16) >> 2] = HEAP32[(p + 32 + (1) * 16) >> 2] + 1; return (p + 8); }",
	);
});

test("what is trusted, and so not checked, comes out the same", (t) => {
	const body = `export function f(p: outer, i: number) {
		const q = p.list[1];
		p.next.counts[i] += q.a;
		p.fn(i);
		q.b = Math.max(...[1, 2].map((n) => n * i)) + (p.on ? 1 : 0);
		return READ_ONCE(p.next).in;
	}`;
	const checked = cc(body);
	t.deepEqual(checked.errors, []);
	t.regex(checked.js, /HEAP32\[.*HEAPF64\[/);
	t.deepEqual(cc(body, false, true, false, false), checked);
});

test("marked accesses take the field, like the macro", (t) => {
	const { js } = cc(`export function f(p: outer) {
		WRITE_ONCE(p.word, READ_ONCE(p.word) + 1);
		smp_store_release(p.next, p);
		return cmpxchg(p.word, 0, 1) + fetch_add(p.counts[2], 3) + data_race(p.word) + ADDR(p.word);
	}`);
	t.is(
		js,
		"export function f(p) { HEAP32[p + 4 >> 2] = HEAP32[p + 4 >> 2] + 1; store_release(p + 24, p); " +
			"return cmpxchg_word(p + 4, 0, 1) + fetch_add_word(p + 80 + (2) * 4, 3) + " +
			"HEAP32[p + 4 >> 2] + (p + 4); }",
	);
});

test("with checks, every access is a call", (t) => {
	const { js } = cc("export function f(p: outer) { p.word = READ_ONCE(p.word); return p.in.b; }", false, false);
	t.is(js, "export function f(p) { store_i32(p + 4, read_once_i32(p + 4)); return load_f64((p + 8) + 8); }");
});

test("for the stepper, locks get names, and additions without a use are told apart", (t) => {
	const body = `declare function spin_lock_init(lock: inner, name?: string): void;
		export function f(p: outer, q: inner) {
			spin_lock_init(p.in);
			spin_lock_init(q);
			fetch_add(p.word, 1);
			return fetch_add(p.word, 1);
		}`;
	t.is(
		cc(body, false, false, true).js,
		'export function f(p, q) { spin_lock_init((p + 8), "outer.in"); spin_lock_init(q, "q"); ' +
			"add_i32(p + 4, 1); return fetch_add_i32(p + 4, 1); }",
	);
	t.is(
		cc(body, false, false, false).js,
		"export function f(p, q) { spin_lock_init((p + 8)); spin_lock_init(q); " +
			"fetch_add_i32(p + 4, 1); return fetch_add_i32(p + 4, 1); }",
	);
});

test("container_of, pointer arithmetic, structs on the stack", (t) => {
	const { js } = cc(`export function f(p: inner, q: outer, n: number) {
		const o = container_of<outer>(p, "in");
		const s = STACK<inner>();
		struct_copy(s, p);
		if (n) return ptr_add<outer>(q, n);
		return o;
	}`);
	t.is(
		js,
		"export function f(p, q, n) { const __sp = stack_save(); const o = (p + -8); const s = " +
			"stack_push(16); copy_words(s, p, 16); " +
			"if (n) return stack_restore(__sp, (q + (n) * 104)); return stack_restore(__sp, o); " +
			"stack_restore(__sp); }",
	);
});

test("a struct on the stack is zeroed, but for one that the next statement writes whole", (t) => {
	const of = (body: string, stepper = false) =>
		/stack_(alloc|push)/.exec(
			cc(`export function f(p: inner, q: inner): number { ${body} }`, false, true, stepper).js,
		)?.[0];
	const copied = "const s = STACK<inner>(); struct_copy(s, p); return s.a;";
	t.is(of(copied), "stack_push");
	t.is(of(copied, true), "stack_alloc");
	for (const body of [
		"const s = STACK<inner>(); return s.a;",
		"const s = STACK<inner>(); struct_copy(q, p); return s.a;",
		"const s = STACK<inner>(); struct_copy(q, s); return s.a;",
		"const s = STACK<inner>(); struct_copy(s, s); return s.a;",
		"const s = STACK<inner>(); if (p.a) struct_copy(s, p); return s.a;",
		"const s = STACK<inner>(); q.a = s.a; struct_copy(s, p); return s.a;",
	])
		t.is(of(body), "stack_alloc", body);
});

test("globals get addresses; constants are folded whatever the order of modules", (t) => {
	const { js } = cc(`const A = 1 << 4;
		export const MASK = A | 3;
		export const g = DEFINE<outer>();
		export const c = DEFINE_PER_CPU<inner>();
		export const f = RODATA(h);
		function h(x: number): number { return g.word + this_cpu(c).a + x; }`);
	t.is(
		js,
		"const A = 16; export const MASK = 19; export const g = 4096; export const c = 0; export " +
			"const f = /*#__PURE__*/ rodata(4, h); " +
			"function h(x) { return HEAP32[g + 4 >> 2] + HEAP32[(percpu_base + c) >> 2] + x; }",
	);
});

test("constants of a module that was imported whole", (t) => {
	const { js, errors } = cc(`import * as self from "./x.ts";
		export const FIVE = 5;
		export const SIX = self.FIVE + 1;
		export const COPY = self.FIVE;
		export function f(x: number): number { return self.SIX + self.g(x, self.FIVE); }
		export function g(x: number, y: number): number { return x + y; }`);
	t.deepEqual(errors, []);
	t.is(
		js,
		"export const FIVE = 5; export const SIX = 6; export const COPY = 5; " +
			"export function f(x) { return 6 + self.g(x, 5); } export function g(x, y) { return x + y; }",
	);
});

test("what another configuration has may stand in dead code only", (t) => {
	t.regex(cc("export function f(p: outer) { return p.gated; }").js, /BUILD_BUG_no_such_field/);
	t.notRegex(cc("export function f(p: outer) { return p.gated; }", true).js, /BUILD_BUG/);
});

for (const [source, error] of [
	["export function f(p: outer) { return p?.word; }", /a pointer has no '\?\.'/],
	["export function f(p: outer, g: () => outer) { g().word += 1; void p; }", /put the pointer into a const/],
	["export function f(x: number) { return READ_ONCE(x); }", /READ_ONCE wants a struct's field/],
	["export function f(x: any) { return x.word; }", /field 'word' of a value without a type/],
	["export function f() { const g = DEFINE<outer>(); return g; }", /DEFINE stands only as/],
	['export const o = offsetof<outer>("nosuch" as any);', /no such field/],
	["export function f(p: outer) { return p.nosuch; }", /Property 'nosuch' does not exist/],
] as const)
	test(`refused: ${source}`, (t) => {
		t.regex(cc(source).errors.join("\n"), error);
	});
