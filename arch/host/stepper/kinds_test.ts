// SPDX-License-Identifier: GPL-2.0-only
/** The tables of which steps commute. */
import test from "ava";
import {
	A,
	ACQ,
	conflicts,
	dependent,
	DOWNGRADE,
	ENABLES,
	FREE,
	IRQ_OFF,
	is_ordered,
	is_total,
	KIND_NAMES,
	KINDS,
	R,
	RACQ,
	REL,
	RMW,
	RREL,
	TRY,
	W,
} from "./kinds.ts";
import * as all from "./kinds.ts";

const kinds = Array.from({ length: KINDS }, (_, k) => k);
const name = (k: number) => KIND_NAMES[k];
const pairs = (fn: (a: number, b: number) => boolean) =>
	kinds.flatMap((a) => kinds.filter((b) => fn(a, b)).map((b) => `${name(a)} after ${name(b)}`));

test("every kind has a number and a name of its own", (t) => {
	const numbers = Object.entries(all).flatMap(([n, v]) => (typeof v === "number" && n !== "KINDS" ? [v] : []));
	t.deepEqual(
		numbers.sort((a, b) => a - b),
		kinds,
	);
	t.is(KIND_NAMES.length, KINDS);
	t.is(new Set(KIND_NAMES).size, KINDS);
	t.true(KIND_NAMES.every((n) => n.length > 0));
});

test("conflict is symmetric, but for a lock that is downgraded: a writer cannot come before it", (t) => {
	t.deepEqual(
		pairs((a, b) => conflicts(a, b) && !conflicts(b, a)),
		["downgrade after lock"],
	);
});

test("order is symmetric: who takes part in it does not depend on who came first", (t) => {
	t.deepEqual(
		pairs((a, b) => is_ordered(a, b) && !is_ordered(b, a)),
		[],
	);
	t.deepEqual(
		pairs((a, b) => dependent(a, b) !== dependent(b, a)),
		[],
	);
});

test("what is in conflict is ordered, whoever comes first", (t) => {
	t.deepEqual(
		pairs((a, b) => conflicts(a, b) && !is_ordered(a, b)),
		[],
	);
});

test("a release is never in conflict with what it makes possible, but ordered before it", (t) => {
	for (const [release, acquire] of ENABLES) {
		t.false(conflicts(acquire, release), `${name(acquire)} after ${name(release)}`);
		t.false(conflicts(release, acquire), `${name(release)} after ${name(acquire)}`);
		t.true(is_ordered(acquire, release));
		t.true(dependent(acquire, release));
	}
});

test("what commutes: two reads, two additions, two readers of a lock, steps of different devices", (t) => {
	const commute = [
		[R, R],
		[A, A],
		[RACQ, RACQ],
		[RREL, RREL],
		[RACQ, RREL],
		[IRQ_OFF, ACQ],
	];
	for (const [a, b] of commute) t.false(dependent(a, b), `${name(a)}, ${name(b)}`);
	const not = [
		[R, W],
		[W, W],
		[A, R],
		[RMW, R],
		[FREE, R],
		[FREE, W],
		[ACQ, ACQ],
		[TRY, REL],
		[ACQ, RACQ],
		[DOWNGRADE, ACQ],
	];
	for (const [a, b] of not) t.true(conflicts(a, b), `${name(a)} after ${name(b)}`);
	t.false(conflicts(ACQ, REL));
});

test("who looks back stops at a step that is ordered with all others at its word", (t) => {
	t.deepEqual(kinds.filter(is_total), [W, RMW, ACQ, TRY, DOWNGRADE, FREE]);
	for (const k of [R, A, RACQ, REL, RREL, IRQ_OFF]) t.false(is_total(k), name(k));
});
