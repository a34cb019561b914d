// SPDX-License-Identifier: GPL-2.0-only
/**
 * Programs whose number of interleavings is known from other checkers: what
 * the exploration itself is measured by. Mirrors no file of the kernel.
 */
import { smp_rmb, smp_wmb } from "host/door.ts";
import { spin_lock, spin_unlock } from "linux/spinlock.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";
import { check_that, type Scenario } from "../scenario.ts";

interface words extends struct {
	seq: int;
	a: int;
	b: int;
	pte: int;
	mapped: int;
	lock: embed<spinlock_t>;
}
const w = DEFINE<words>();

function seqlock_write(): void {
	WRITE_ONCE(w.seq, 1);
	smp_wmb();
	WRITE_ONCE(w.a, 1);
	WRITE_ONCE(w.b, 1);
	smp_wmb();
	WRITE_ONCE(w.seq, 2);
}

function seqlock_read(): void {
	const seq = READ_ONCE(w.seq);

	if ((seq & 1) !== 0) return;
	smp_rmb();
	const a = READ_ONCE(w.a);
	const b = READ_ONCE(w.b);

	smp_rmb();
	if (READ_ONCE(w.seq) === seq) check_that(a === b, "the reader saw one of two stores");
}

function munmap(): void {
	WRITE_ONCE(w.seq, 1);
	smp_wmb();
	WRITE_ONCE(w.mapped, 1);
	spin_lock(w.lock);
	WRITE_ONCE(w.pte, 0);
	spin_unlock(w.lock);
	smp_wmb();
	WRITE_ONCE(w.seq, 2);
	spin_lock(w.lock);
	check_that(READ_ONCE(w.pte) === 0, "a page is mapped after munmap");
	spin_unlock(w.lock);
}

function fault(): void {
	const seq = READ_ONCE(w.seq);

	if ((seq & 1) !== 0) return;
	smp_rmb();
	if (READ_ONCE(w.mapped) !== 0) return;
	spin_lock(w.lock);
	if (READ_ONCE(w.seq) === seq && READ_ONCE(w.pte) === 0) WRITE_ONCE(w.pte, 7);
	spin_unlock(w.lock);
}

export const scenarios: Record<string, Scenario> = {};

for (const n of [1, 2, 3, 4]) {
	scenarios[`golden/seqlock-${n}`] = {
		about: `one seqlock writer beside ${n} readers that do not retry`,
		patch: "none: a measure of the explorer, 11^N executions",
		invariant: "readers that saw the same even sequence twice saw both stores or neither",
		cpus: [seqlock_write, ...Array(n).fill(seqlock_read)],
		quick: n < 3,
	};
}
for (const n of [1, 2, 3, 4]) {
	scenarios[`golden/fault-munmap-${n}`] = {
		about: `munmap in five words of memory beside ${n} speculative faults`,
		patch: "none: a measure of the explorer, 8, 69 and 642 executions for 1, 2 and 3 faults",
		invariant: "no page is mapped after munmap",
		cpus: [munmap, ...Array(n).fill(fault)],
		quick: n < 3,
	};
}
