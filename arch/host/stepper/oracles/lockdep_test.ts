// SPDX-License-Identifier: GPL-2.0-only
/** Lock order: what is reported, and what is not. */
import test from "ava";
import { LD_WAIT_CONFIG, LD_WAIT_SLEEP } from "../../../../include/linux/lockdep_types.ts";
import { Lockdep } from "./lockdep.ts";

function two_locks(): Lockdep {
	const l = new Lockdep(2);
	l.name(8, "a");
	l.name(16, "b");
	return l;
}
const take = (l: Lockdep, t: number, p: number, subclass = 0) => l.acquire(t, p, false, subclass, false, false)?.text;
const take_irqs_off = (l: Lockdep, t: number, p: number, in_irq = false) =>
	l.acquire(t, p, false, 0, true, in_irq)?.text;

test("two orders of two locks are a circle, whoever took them", (t) => {
	const l = two_locks();
	t.is(take(l, 0, 8), undefined);
	t.is(take(l, 0, 16), undefined);
	t.is(l.release(0, 16), undefined);
	t.is(l.release(0, 8), undefined);
	t.is(take(l, 1, 16), undefined);
	t.regex(take(l, 1, 8) ?? "", /possible circular locking dependency detected: a is taken while b is held/);
});

test("a lock inside of itself needs a subclass", (t) => {
	const l = two_locks();
	l.name(24, "a");
	take(l, 0, 8);
	t.regex(take(l, 0, 24) ?? "", /possible recursive locking/);
	t.is(take(l, 1, 8), undefined);
	t.is(take(l, 1, 24, 1), undefined);
});

test("several of a class are taken by who holds what keeps others from that", (t) => {
	const l = two_locks();
	l.name(24, "b");
	const nest = (p: number) => l.acquire(0, p, false, 0, false, false, undefined, false, true)?.text;
	take(l, 0, 8);
	t.is(nest(16), undefined);
	t.is(nest(24), undefined);
	/* Their order with others counts. */
	l.reset(1);
	take(l, 1, 16);
	t.regex(take(l, 1, 8) ?? "", /but there is a -> b/);
	l.reset(1);
	take(l, 1, 16);
	t.regex(take(l, 1, 24) ?? "", /possible recursive locking/);
});

test("a try orders nothing; what is held at the end is reported", (t) => {
	const l = two_locks();
	take(l, 0, 8);
	l.acquire(0, 16, true, 0, false, false);
	t.regex(l.at_end(0)?.text ?? "", /CPU0 still holds a, b/);
	l.reset(0);
	t.is(l.at_end(0), undefined);
	take(l, 1, 16);
	t.is(take(l, 1, 8), undefined);
	t.regex(l.release(1, 24)?.text ?? "", /bad unlock balance/);
});

test("a lock that interrupts take is not taken with interrupts on", (t) => {
	const l = two_locks();
	take_irqs_off(l, 0, 8, true);
	t.regex(take(l, 1, 8) ?? "", /inconsistent lock state: a/);
});

test("a lock that nobody initialised is reported, unless it is a variable of the kernel", (t) => {
	const l = new Lockdep(2, 100);
	t.is(take(l, 0, 96), undefined);
	t.regex(take(l, 0, 100) ?? "", /non-static key: the lock at 64 was never initialised/);
	l.name(100, "a");
	t.is(take(l, 0, 100), undefined);
});

test("the other order is remembered with its place, and a report is made again", (t) => {
	const l = two_locks();
	(function first_order() {
		take(l, 0, 8);
		take(l, 0, 16);
	})();
	take(l, 1, 16);
	for (let i = 0; i < 2; i++) {
		const report = l.acquire(1, 8, false, 0, false, false);
		t.regex(report?.text ?? "", /but there is a -> b$/);
		t.regex(report?.places.at(-1)?.what ?? "", /^b was taken while a was held$/);
		t.regex(report?.places.at(-1)?.stack ?? "", /first_order/);
		l.reset(1);
		l.hold(1, 16, 0);
	}
	/* Another machine that repeats the execution has not seen the first order. */
	const other = two_locks();
	other.learn(structuredClone(l.seen()));
	take(other, 1, 16);
	t.regex(take(other, 1, 8) ?? "", /circular/);
});

test("three locks in a circle", (t) => {
	const l = two_locks();
	l.name(24, "c");
	for (const [outer, inner] of [
		[8, 16],
		[16, 24],
	]) {
		take(l, 0, outer);
		t.is(take(l, 0, inner), undefined);
		l.reset(0);
	}
	take(l, 0, 24);
	t.regex(take(l, 0, 8) ?? "", /a is taken while c is held, but there is a -> b -> c$/);
});

test("what an interrupt takes is not taken around what is taken with interrupts on, whichever is known first", (t) => {
	const interrupt = (l: Lockdep) => take_irqs_off(l, 0, 8, true);
	const irqs_on = (l: Lockdep) => take(l, 0, 16);
	const nested = (l: Lockdep) => {
		take_irqs_off(l, 0, 8);
		return take_irqs_off(l, 0, 16);
	};
	const parts = [interrupt, irqs_on, nested];
	const see = (l: Lockdep, part: number) => {
		l.reset(0);
		return parts[part](l);
	};
	for (const [i, j, k] of [
		[0, 1, 2],
		[0, 2, 1],
		[1, 0, 2],
		[1, 2, 0],
		[2, 0, 1],
		[2, 1, 0],
	]) {
		const l = two_locks();
		t.is(see(l, i), undefined);
		t.is(see(l, j), undefined);
		t.regex(see(l, k) ?? "", /HARDIRQ-safe -> HARDIRQ-unsafe .*: a -> b/, `${i} ${j} ${k}`);
	}
});

test("a lock that is held while interrupts are enabled is taken with interrupts on", (t) => {
	const l = two_locks();
	take_irqs_off(l, 0, 8, true);
	l.reset(0);
	take_irqs_off(l, 1, 8);
	t.regex(l.enabled_irqs(1)?.text ?? "", /inconsistent lock state: a/);
});

test("who sleeps holds no spinlock, and has interrupts on", (t) => {
	const l = two_locks();
	const down = (t: number, trylock: boolean, irqs_off = false) =>
		l.acquire(t, 16, trylock, 0, irqs_off, false, LD_WAIT_SLEEP)?.text;
	t.is(down(0, false), undefined);
	l.reset(0);
	t.regex(down(0, false, true) ?? "", /Invalid wait context: b, which may sleep, is taken with interrupts off/);
	l.reset(0);
	take(l, 0, 8);
	t.regex(down(0, false) ?? "", /b, which may sleep, is taken while a is held/);
	l.reset(0);
	take(l, 0, 8);
	t.is(down(0, true), undefined);
});

test("with PREEMPT_RT a spinlock may be taken inside of another one, and nothing that sleeps for longer", (t) => {
	const l = two_locks();
	l.name(24, "c");
	const rt = (p: number, irqs_off = false) => l.acquire(0, p, false, 0, irqs_off, false, LD_WAIT_CONFIG)?.text;
	t.is(rt(8), undefined);
	t.is(rt(16), undefined);
	t.regex(
		l.acquire(0, 24, false, 0, false, false, LD_WAIT_SLEEP)?.text ?? "",
		/Invalid wait context: c, which may sleep, is taken while a is held/,
	);
	l.reset(0);
	/* That is for might_sleep() to say. */
	t.is(rt(8, true), undefined);
	l.reset(0);
	t.regex(
		l.acquire(0, 8, false, 0, true, true, LD_WAIT_CONFIG)?.text ?? "",
		/Invalid wait context: a, which may sleep, is taken in an interrupt/,
	);
	l.reset(0);
	t.is(l.acquire(0, 8, true, 0, true, false, LD_WAIT_CONFIG), undefined);
	l.reset(0);
	take(l, 0, 24);
	t.regex(rt(8) ?? "", /Invalid wait context: a, which may sleep, is taken while c is held/);
});
