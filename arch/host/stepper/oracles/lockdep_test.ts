// SPDX-License-Identifier: GPL-2.0-only
/** Lock order: what is reported, and what is not. */
import test from "ava";
import { Lockdep } from "./lockdep.ts";

function two_locks(): Lockdep {
	const l = new Lockdep(2);
	l.name(8, "a");
	l.name(16, "b");
	return l;
}
const take = (l: Lockdep, t: number, p: number, subclass = 0) => l.acquire(t, p, "write", false, subclass, false, false);

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

test("a try orders nothing; what is held at the end is reported", (t) => {
	const l = two_locks();
	take(l, 0, 8);
	l.acquire(0, 16, "write", true, 0, false, false);
	t.regex(l.at_end(0) ?? "", /a, b/);
	l.reset(0);
	t.is(l.at_end(0), undefined);
	take(l, 1, 16);
	t.is(take(l, 1, 8), undefined);
	t.regex(l.release(1, 24) ?? "", /bad unlock balance/);
});

test("a lock that interrupts take is not taken with interrupts on", (t) => {
	const l = two_locks();
	l.acquire(0, 8, "write", false, 0, true, true);
	t.regex(take(l, 1, 8) ?? "", /inconsistent lock state: a/);
});

test("a lock that nobody initialised is reported, unless it is a variable of the kernel", (t) => {
	const l = new Lockdep(2, 100);
	t.is(take(l, 0, 96), undefined);
	t.regex(take(l, 0, 100) ?? "", /non-static key: the lock at 64 was never initialised/);
	l.name(100, "a");
	t.is(take(l, 0, 100), undefined);
});
