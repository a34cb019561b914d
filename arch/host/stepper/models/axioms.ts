// SPDX-License-Identifier: GPL-2.0-only
/**
 * The axioms of the Linux-kernel memory model, for one execution that was made:
 * may it be? They are those of linux-kernel.cat and of Alglave, Maranget, McKenney,
 * Parri, Stern, "Frightening small children and disconcerting grown-ups:
 * concurrency in the Linux kernel", ASPLOS 2018: coherence, atomicity,
 * happens-before, propagation, and rcu. Relations have the names that they have there.
 *
 * views.ts makes executions one access at a time. What an access teaches there goes
 * to later steps only, so a few executions pass that these axioms forbid:
 *
 *	P0: v = 1; smp_mb(); x = 1        P2: r0 = y; z = 1; r1 = x
 *	P1: x = 2; smp_wmb(); y = 1       P3: r2 = smp_load_acquire(z); r3 = v
 *
 * (All are marked; old-value-after-new in tools/litmus/examples.jsonl.) The machine
 * lets P2 read y = 1, store z, and then read the older x = 1, which comes behind
 * P0's smp_mb(). Only by that v = 1 gets into P2's `stores`. z was written before,
 * with reach [{}; {}; {}; {x@2, y@1}], so P3 reads z = 1 and may still read v = 0.
 * Here it shows that this cannot be:
 *
 *	prop  r1 -> r0    fr to x = 2, smp_wmb() to y = 1, rf: r1 was made before r0
 *	hb    r1 -> r0 -> z = 1 -> r2 -> r3    ppo, ppo (rw), rfe, acquire
 *	pb    r3 -> r3    fr to v = 1, smp_mb() to x = 1, rfe to r1, hb to r3
 *
 * which breaks "propagation", and the execution does not count.
 *
 * Otherwise than in linux-kernel.cat:
 * - Dependencies are not known. In their place each load comes before its CPU's
 *   later stores (`rw`), which is stronger: it is what views.ts does, so that
 *   nothing is thrown away here that was meant to be explored. An address
 *   dependency to a load is only known where it is an acquire. That is weaker.
 * - Plain accesses are left out, and order nothing.
 * - An execution of more than MOST steps is not looked at: it counts. Weaker, too.
 * So what does not count is forbidden by the model, or is load buffering; and what
 * counts may in rare cases be forbidden.
 */
import { assert } from "../failure.ts";

/** A write: its place, and where in that place's order of writes it is. */
export interface Written {
	readonly at: number;
	readonly pos: number;
}

/**
 * What a CPU did: a row of the list that views.ts keeps, in the order in which it was made, which is
 * program order (po) for each CPU. Taking a lock is an atomic's read and write of its word, letting go a
 * release of it. Plain accesses are none.
 */
export interface Step {
	readonly cpu: number;
	readonly kind: "read" | "write" | "mb" | "rmb" | "wmb" | "unlock_lock" | "rcu_lock" | "rcu_unlock" | "gp";
	/**
	 * The write that is read or made. Its `pos` is that of now, and goes up with stores that come before it
	 * in co.
	 */
	readonly of?: Written;
	/** Instead of that: the lock. Neither: a place that nobody else looks at. */
	readonly lock?: number;
	readonly acquire?: boolean;
	readonly release?: boolean;
	/** The read of an atomic without result (atomic_inc()): the model has no smp_rmb() for it. */
	readonly blind?: boolean;
	/** An atomic's write: its read is the step before. */
	readonly atomic?: boolean;
}

/** Most steps, fences not counted: a relation takes the square of that in bits, and plus() its cube in time. */
const MOST = 2000;

/**
 * A relation on steps 0 … n - 1. Row i, `width` words of 32 bits, has a bit for each j with i -> j.
 * add() is for who builds it; all else makes a new one. Nothing to undo: it is gone after the verdict.
 */
class Relation {
	private readonly width: number;
	private readonly bits: Uint32Array;
	constructor(
		readonly n: number,
		from?: Relation,
	) {
		this.width = (n + 31) >> 5;
		this.bits = from ? from.bits.slice() : new Uint32Array(n * this.width);
	}
	add(i: number, j: number): void {
		this.bits[i * this.width + (j >> 5)] |= 1 << (j & 31);
	}
	has(i: number, j: number): boolean {
		return (this.bits[i * this.width + (j >> 5)] & (1 << (j & 31))) !== 0;
	}
	/** Union: r | s. */
	or(...others: Relation[]): Relation {
		const out = new Relation(this.n, this);
		for (const o of others) assert(o.n === this.n, "relations that are united are on the same steps");
		for (const o of others) for (let k = 0; k < out.bits.length; k++) out.bits[k] |= o.bits[k];
		return out;
	}
	/** Those pairs for which `keep` holds: r & s. */
	only(keep: (i: number, j: number) => boolean): Relation {
		const out = new Relation(this.n);
		this.each((i, j) => {
			if (keep(i, j)) out.add(i, j);
		});
		return out;
	}
	each(fn: (i: number, j: number) => void): void {
		for (let i = 0; i < this.n; i++)
			for (let k = 0; k < this.width; k++)
				for (let left = this.bits[i * this.width + k]; left !== 0; left &= left - 1)
					fn(i, 32 * k + 31 - Math.clz32(left & -left));
	}
	/** Row i gets what row j of `of` has. */
	private take(i: number, of: Relation, j: number): void {
		for (let k = 0; k < this.width; k++) this.bits[i * this.width + k] |= of.bits[j * this.width + k];
	}
	/** This, then another: r ; s. */
	into(next: Relation): Relation {
		const out = new Relation(this.n);
		this.each((i, j) => out.take(i, next, j));
		return out;
	}
	/** Or nothing: r?. */
	maybe(): Relation {
		const out = new Relation(this.n, this);
		for (let i = 0; i < this.n; i++) out.add(i, i);
		return out;
	}
	/** Once or more often: r+, as in Warshall, "A theorem on Boolean matrices", JACM 1962. */
	plus(): Relation {
		const out = new Relation(this.n, this);
		for (let k = 0; k < this.n; k++)
			for (let i = 0; i < this.n; i++) if (out.has(i, k)) out.take(i, out, k);
		return out;
	}
	/** Any number of times: r*. */
	star(): Relation {
		return this.plus().maybe();
	}
	/** Has it i -> i for some i? After plus(): does it go round somewhere? */
	reflexive(): boolean {
		for (let i = 0; i < this.n; i++) if (this.has(i, i)) return true;
		return false;
	}
	equals(o: Relation): boolean {
		return this.bits.every((b, k) => b === o.bits[k]);
	}
}

/** The axiom that an execution breaks; undefined: it may be. */
export function forbidden(all: readonly Step[]): string | undefined {
	/*
	 * By step i: steps[i], an access or an end of an RCU section or a grace period. fences[i]: how many
	 * fences of each kind its CPU had made, so that one is between i and j if j's count is higher.
	 * place[i]: from 0 on a place, from -2 down a lock, -1 none. order[i]: a write's index in co, of a read
	 * that of the write it reads. partner[i]: of an atomic's write its read, else -1.
	 */
	const steps: Step[] = [];
	const fences: { mb: number; rmb: number; wmb: number; unlock_lock: number; gp: number }[] = [];
	const order: number[] = [];
	const place: number[] = [];
	const partner: number[] = [];
	/* By CPU: its counts so far. By lock: 1 + its last write so far, which is a lock's place in co. */
	const so_far: (typeof fences)[number][] = [];
	const locks: number[] = [];
	for (const s of all) {
		const f = (so_far[s.cpu] ??= { mb: 0, rmb: 0, wmb: 0, unlock_lock: 0, gp: 0 });
		if (
			s.kind === "mb" ||
			s.kind === "rmb" ||
			s.kind === "wmb" ||
			s.kind === "unlock_lock" ||
			s.kind === "gp"
		)
			f[s.kind]++;
		if (s.kind === "mb" || s.kind === "rmb" || s.kind === "wmb" || s.kind === "unlock_lock") continue;
		const i = steps.push(s) - 1;
		fences.push({ ...f });
		const l = s.lock ?? -1;
		place.push(s.of !== undefined ? s.of.at : l >= 0 ? -2 - l : -1);
		if (l >= 0 && s.kind === "write") locks[l] = i + 1;
		order.push(s.of !== undefined ? s.of.pos : l >= 0 ? (locks[l] ?? 0) : -1);
		partner.push(s.atomic ? i - 1 : -1);
		assert(
			!s.atomic ||
				(steps[i - 1]?.kind === "read" &&
					steps[i - 1].cpu === s.cpu &&
					place[i - 1] === place[i]),
			"an atomic's write comes right after its read",
		);
	}
	const n = steps.length;
	if (n > MOST) return undefined;
	/*
	 * po and what is between two steps of a CPU: rmw, gp (a grace period), mb, after_unlock_lock, po_rel,
	 * acq_po, wmb, rmb, rw (a load and a store), rcu_rscsi (from the end of an RCU section to its begin).
	 * Between steps at one place: rf, co, fr.
	 */
	const [po, rf, co, fr, rmw, gp, mb, after_unlock_lock, po_rel, acq_po, wmb, rmb, rw, rcu_rscsi] = Array.from(
		{ length: 14 },
		() => new Relation(n),
	);
	const R = (i: number) => steps[i].kind === "read";
	const W = (i: number) => steps[i].kind === "write";
	const M = (i: number) => R(i) || W(i);
	const internal = (i: number, j: number) => steps[i].cpu === steps[j].cpu;
	const external = (i: number, j: number) => !internal(i, j);
	let waits = false;
	for (let j = 0; j < n; j++) {
		const s = steps[j];
		const at = fences[j];
		if (s.kind === "gp") waits = true;
		if (partner[j] >= 0) rmw.add(partner[j], j);
		let depth = 0;
		for (let i = j - 1; i >= 0; i--) {
			if (external(i, j)) continue;
			const before = fences[i];
			po.add(i, j);
			if (before.gp < at.gp) gp.add(i, j);
			if (before.unlock_lock < at.unlock_lock) after_unlock_lock.add(i, j);
			if (M(i) && M(j)) {
				if (before.mb < at.mb) mb.add(i, j);
				if (s.release) po_rel.add(i, j);
				if (steps[i].acquire) acq_po.add(i, j);
				if (W(i) && W(j) && before.wmb < at.wmb) wmb.add(i, j);
				if (R(i) && R(j) && before.rmb < at.rmb && !steps[i].blind && !s.blind) rmb.add(i, j);
				if (R(i) && W(j)) rw.add(i, j);
			}
			/* Of an rcu_read_unlock(), its rcu_read_lock(): from there back. */
			if (s.kind === "rcu_unlock" && depth >= 0) {
				if (steps[i].kind === "rcu_unlock") depth++;
				else if (steps[i].kind === "rcu_lock" && depth-- === 0) rcu_rscsi.add(j, i);
			}
		}
		assert(s.kind !== "rcu_unlock" || depth < 0, "who leaves an RCU section has entered it");
		if (place[j] === -1) continue;
		for (let i = 0; i < n; i++) {
			if (i === j || place[i] !== place[j]) continue;
			assert(!W(i) || !W(j) || order[i] !== order[j], "coherence order is total at each place");
			if (W(i) && W(j) && order[i] < order[j]) co.add(i, j);
			if (W(i) && R(j) && order[i] === order[j]) rf.add(i, j);
			if (R(i) && W(j) && order[i] < order[j]) fr.add(i, j);
		}
	}
	/* acyclic po-loc | com */
	const com = rf.or(co, fr);
	if (
		po
			.only((i, j) => place[i] === place[j] && place[i] !== -1)
			.or(com)
			.plus()
			.reflexive()
	)
		return "coherence";
	/* empty rmw & (fre ; coe) */
	const between = fr.only(external).into(co.only(external));
	let torn = false;
	rmw.each((i, j) => (torn ||= between.has(i, j)));
	if (torn) return "atomicity";

	/* An unlock, and a lock that comes after it on its CPU or reads it, whichever CPU that is. */
	const unlock_lock = po
		.or(rf)
		.only(
			(i, j) =>
				W(i) &&
				R(j) &&
				steps[i].lock !== undefined &&
				!steps[i].atomic &&
				steps[j].lock !== undefined,
		);
	const po_unlock_lock_po = po.into(unlock_lock).into(po);
	const strong_fence = mb.or(gp, po.into(unlock_lock).into(after_unlock_lock));
	/* Happens-before: what is made in this order, whoever looks. */
	const rfe = rf.only(external);
	const overwrite = co.or(fr);
	const ppo = rw.or(
		overwrite.only(internal),
		strong_fence.only(internal),
		po_rel,
		acq_po,
		wmb,
		rmb,
		po_unlock_lock_po.only(internal),
	);
	/* prop: i, or the store that overwrites what i has read or written, has come to j's CPU when j is made. */
	const cumulative = strong_fence.or(po_rel);
	const cumul_fence = cumulative.or(rfe.into(cumulative), wmb, po_unlock_lock_po).into(rf.into(rmw).star());
	const prop = overwrite.only(external).maybe().into(cumul_fence.star()).into(rfe.maybe());
	/* acyclic hb */
	const hb = ppo.or(
		rfe,
		prop.only((i, j) => i !== j && internal(i, j)),
	);
	const hb_plus = hb.plus();
	if (hb_plus.reflexive()) return "happens-before";
	const hb_star = hb_plus.maybe();
	/* acyclic pb: what is before a strong fence has come to everybody when what is behind it is made. */
	const pb = prop.into(strong_fence).into(hb_star);
	const pb_plus = pb.plus();
	if (pb_plus.reflexive()) return "propagation";
	if (!waits) return undefined;

	/*
	 * irreflexive rb: a chain with at least as many grace periods as RCU sections is like a strong fence.
	 * Such chains are rcu_order, which grows until nothing new comes.
	 */
	const hb_pb = hb_star.into(pb_plus.maybe());
	const rcu_link = po.maybe().into(hb_pb).into(prop).into(po);
	const rcu_gp = new Relation(n);
	for (let i = 0; i < n; i++) if (steps[i].kind === "gp") rcu_gp.add(i, i);
	const g = rcu_gp.into(rcu_link);
	const c = rcu_rscsi.into(rcu_link);
	let rcu_order = rcu_gp.or(g.into(rcu_rscsi), c.into(rcu_gp));
	for (;;) {
		const inner = rcu_order.into(rcu_link);
		const more = rcu_order.or(
			g.into(inner).into(rcu_rscsi),
			c.into(inner).into(rcu_gp),
			inner.into(rcu_order),
		);
		if (more.equals(rcu_order)) break;
		rcu_order = more;
	}
	if (prop.into(po.into(rcu_order).into(po.maybe())).into(hb_pb).reflexive()) return "rcu";
	return undefined;
}
