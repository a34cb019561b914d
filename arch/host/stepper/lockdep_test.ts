// SPDX-License-Identifier: GPL-2.0-only
/** What lockdep reports, and what it must not. */
import test from "ava";
import { Lockdep, type LockMode } from "./lockdep.ts";

const A = 0x1000;
const B = 0x1010;
const C = 0x1020;
const D = 0x1030;

/**
 * Words as in the kernel: "lock A", "read A" (an rwsem's), "rread A" (one that nests),
 * "try A", "down A" (sleeps), "nested A" (subclass 1), "unlock A". Of context
 * 0 with interrupts on, but after "irq": in context 1, an interrupt's, or "off".
 * "again" begins a new program. The first report.
 */
function report(program: string, name: (p: number) => string = (p) => "ABCD"[(p - A) / 16]): string | undefined {
	const l = new Lockdep(3);
	for (const p of [A, B, C, D]) l.name(p, name(p));
	let t = 0;
	let off = false;
	for (const op of program.split(/[,;] */)) {
		const [what, which] = op.trim().split(" ");
		const p = A + 16 * "ABCD".indexOf(which);
		if (what === "again") {
			const left = l.at_end(t);
			if (left !== undefined) return left;
			l.reset(t);
			t = 0;
			off = false;
		} else if (what === "irq") {
			t = 1;
		} else if (what === "off" || what === "on") {
			off = what === "off";
		} else {
			const mode: LockMode = what === "read" ? "read" : what === "rread" ? "recursive-read" : "write";
			const text =
				what === "unlock" ? l.release(t, p)
				: l.acquire(t, p, mode, what === "try", what === "nested" ? 1 : 0, off || t === 1, t === 1, what === "down" || what === "read");
			if (text !== undefined) return text;
		}
	}
	return undefined;
}

for (const [title, program, expected] of [
	["one order", "lock A, lock B, unlock B, unlock A; again; lock A, lock B, unlock A, unlock B", undefined],
	["AB-BA", "lock A, lock B, unlock B, unlock A; again; lock B, lock A", /possible circular locking dependency detected: A is taken while B is held, but there is A -> B$/],
	["a circle of three", "lock A, lock B, unlock B, unlock A; again; lock B, lock C, unlock C, unlock B; again; lock C, lock A", /A is taken while C is held, but there is A -> B -> C$/],
	["unlocked in the other order", "lock A, lock B, unlock A, lock C, unlock B, unlock C; again; lock C, lock A, unlock A, unlock C", undefined],
	["a trylock inside makes no order", "lock A, try B, unlock B, unlock A; again; lock B, lock A, unlock A, unlock B", undefined],
	["a trylock outside does", "try A, lock B, unlock B, unlock A; again; lock B, lock A", /circular/],
	["the same lock twice", "lock A, lock A", /possible recursive locking detected: A is taken while it is held already/],
	["a trylock of what is held", "lock A, try A", undefined],
	["a subclass nests", "lock A, nested A, unlock A, unlock A", undefined],
	["subclasses in both orders", "lock A, nested A, unlock A, unlock A; again; nested A, lock A", /circular.*A is taken while A\/1 is held/],
	["a reader inside of a reader waits for a writer between", "read A, read A", /recursive/],
	["one that may nest does not", "rread A, rread A", undefined],
	["a writer inside of a reader", "rread A, lock A", /recursive/],
	["a reader inside of a writer", "lock A, rread A", /recursive/],
	["rwsem readers in both orders", "read A, read B, unlock B, unlock A; again; read B, read A", /circular/],
	["recursive readers in both orders", "rread A, rread B, unlock B, unlock A; again; rread B, rread A", undefined],
	["a recursive reader waits for a writer", "rread A, lock B, unlock B, unlock A; again; lock B, rread A", undefined],
	["a writer waits for a recursive reader", "lock A, rread B, unlock B, unlock A; again; lock B, rread A", /circular/],
	["writers between recursive readers", "rread A, lock B, unlock B, unlock A; again; lock B, lock A", /circular/],
	["a circle that a recursive reader cuts", "lock A, rread B, unlock B, unlock A; again; rread B, lock A, unlock A, unlock B", undefined],
	["and that another edge closes", "lock A, rread B, unlock B, unlock A; again; lock A, lock B, unlock B, unlock A; again; rread B, lock A", /circular/],
	["what nobody holds", "unlock A", /bad unlock balance detected: A is released/],
	["what was released before", "lock A, unlock A, unlock A", /bad unlock balance/],
	["left behind", "lock A, lock B, unlock A; again", /lock held when returning to user space: B$/],

	["sleeping with a spinlock", "lock A, down B", /BUG: sleeping function called from invalid context: B is taken while A is held/],
	["a spinlock inside of a sleeping lock", "down A, lock B, unlock B, down C, unlock C, unlock A", undefined],
	["sleeping with interrupts off", "off, read A", /sleeping.*with interrupts off/],
	["sleeping in an interrupt", "irq, down A", /sleeping.*in an interrupt/],

	["an interrupt's lock, with interrupts on", "lock A, unlock A; irq, lock A", /inconsistent lock state: A is taken in an interrupt/],
	["the other way about", "irq, lock A, unlock A; again; lock A", /inconsistent lock state/],
	["with interrupts off", "irq, lock A, unlock A; again; off, lock A, unlock A", undefined],
	["switched on while it is held", "irq, lock A, unlock A; again; off, lock A, on, lock B", /inconsistent lock state: A/],
	["a trylock in an interrupt waits for nobody", "irq, try A, unlock A; again; lock A, unlock A", undefined],
	["a nesting reader in an interrupt", "irq, rread A, unlock A; again; rread A, unlock A", undefined],
	["a nesting reader in an interrupt, a writer elsewhere", "irq, rread A, unlock A; again; lock A", /inconsistent/],
	["an unsafe lock inside of a safe one", "irq, lock A, unlock A; again; lock B, unlock B; again; off, lock A, lock B", /HARDIRQ-safe -> HARDIRQ-unsafe lock order detected: B is taken while A is held; there is A -> B, interrupts take A and can break into B/],
	["it turns out unsafe later", "irq, lock A, unlock A; again; off, lock A, lock B, unlock B, unlock A; again; lock B", /HARDIRQ-safe.*B is held with interrupts on/],
	["it turns out safe later", "off, lock A, lock B, unlock B, unlock A; again; lock B, unlock B; again; irq, lock A", /HARDIRQ-safe.*A is taken in an interrupt/],
	["at a distance", "irq, lock A, unlock A; again; off, lock A, lock B, unlock B, unlock A; again; lock D, unlock D; again; off, lock C, lock D, unlock D, unlock C; again; off, lock B, lock C", /there is A -> B -> C -> D/],
	["a safe lock inside of an unsafe one", "irq, lock A, unlock A; again; lock B, off, lock A, unlock A, on, unlock B", undefined],
] as [string, string, RegExp | undefined][]) {
	test(`${title}: ${expected ? "reported" : "nothing"}`, (t) => {
		const text = report(program);
		if (expected) t.regex(text ?? "nothing", expected);
		else t.is(text, undefined);
	});
}

test("locks of one class are one", (t) => {
	t.regex(report("lock A, lock B", () => "ptl") ?? "", /ptl is taken while another lock of its class is held/);
	t.is(report("lock A, nested B, unlock B, unlock A", () => "ptl"), undefined);
});

test("a context that is run again adds nothing, and an order is remembered", (t) => {
	const l = new Lockdep(2);
	const take = (c: number, ...ps: number[]) => ps.map((p) => l.acquire(c, p, "write", false, 0, false, false)).find((x) => x !== undefined);
	for (let i = 0; i < 3; i++) {
		l.reset(0);
		t.is(take(0, A, B), undefined);
		t.deepEqual(l.held(0).map((h) => h.p), [A, B]);
	}
	t.deepEqual(l.held(1), []);
	t.regex(take(1, B, A) ?? "", /lock@1000 is taken while lock@1010 is held/);
	l.reset(1);
	t.regex(take(1, B, A) ?? "", /circular/, "it is reported each time");
});

test("memory that is used again is of another class", (t) => {
	const l = new Lockdep(1);
	const both = (p: number, q: number) => {
		l.reset(0);
		return l.acquire(0, p, "write", false, 0, false, false) ?? l.acquire(0, q, "write", false, 0, false, false);
	};
	l.name(A, "one");
	l.name(B, "two");
	t.is(both(A, B), undefined);
	l.name(B, "three");
	t.is(both(B, A), undefined);
	l.name(B, "two");
	t.regex(both(B, A) ?? "", /circular/);
});

test("more classes than there is room for at first, more locks than may be held", (t) => {
	const l = new Lockdep(1);
	for (let i = 0; i < 300; i++) {
		l.reset(0);
		t.is(l.acquire(0, 64 * i, "write", false, 0, false, false) ?? l.acquire(0, 64 * (i + 1), "write", false, 0, false, false), undefined);
	}
	l.reset(0);
	l.acquire(0, 64 * 299, "write", false, 0, false, false);
	t.regex(l.acquire(0, 0, "write", false, 0, false, false) ?? "", /circular/);
	l.reset(0);
	let text: string | undefined;
	for (let i = 0; i < 49 && text === undefined; i++) text = l.acquire(0, 64 * i, "write", true, 0, false, false);
	t.regex(text ?? "", /MAX_LOCK_DEPTH too low/);
});
