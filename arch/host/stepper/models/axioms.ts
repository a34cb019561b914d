// SPDX-License-Identifier: GPL-2.0-only
/**
 * The kernel's memory model as its definition has it (tools/memory-model of the
 * kernel: coherence, atomicity, happens-before, propagation, rcu), for one
 * execution: may it be? views.ts makes executions one access at a time, and
 * what it remembers lets a few pass that this forbids. Left out: dependencies,
 * which are not known here; in their place every load comes before the stores
 * after it, so that there is no load buffering. Plain accesses order nothing.
 */
/** A write: its place, and where in that place's order of writes it is. */
export interface Written {
	readonly at: number;
	readonly pos: number;
}

/** What a CPU did, in its order. A lock is an atomic read and write of its word. */
export interface Step {
	readonly cpu: number;
	readonly kind: "read" | "write" | "mb" | "rmb" | "wmb" | "unlock_lock" | "rcu_lock" | "rcu_unlock" | "gp";
	/** The write that is read or made, */
	readonly of?: Written;
	/** or a lock; else a place that nobody else looks at. */
	readonly lock?: number;
	readonly acquire?: boolean;
	readonly release?: boolean;
	/** An atomic's read, of which nobody has the result. */
	readonly blind?: boolean;
	/** An atomic's write: its read is the step before. */
	readonly atomic?: boolean;
}

/** More accesses are not looked at: each relation has the square of that in bits. */
const MOST = 2000;

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
	or(...others: Relation[]): Relation {
		const out = new Relation(this.n, this);
		for (const o of others) for (let k = 0; k < out.bits.length; k++) out.bits[k] |= o.bits[k];
		return out;
	}
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
	/** The rows of j are among those of i, now. */
	private take(i: number, of: Relation, j: number): void {
		for (let k = 0; k < this.width; k++) this.bits[i * this.width + k] |= of.bits[j * this.width + k];
	}
	/** This, then another. */
	into(next: Relation): Relation {
		const out = new Relation(this.n);
		this.each((i, j) => out.take(i, next, j));
		return out;
	}
	/** Or nothing. */
	maybe(): Relation {
		const out = new Relation(this.n, this);
		for (let i = 0; i < this.n; i++) out.add(i, i);
		return out;
	}
	/** Once or more often. */
	plus(): Relation {
		const out = new Relation(this.n, this);
		for (let k = 0; k < this.n; k++)
			for (let i = 0; i < this.n; i++) if (out.has(i, k)) out.take(i, out, k);
		return out;
	}
	star(): Relation {
		return this.plus().maybe();
	}
	reflexive(): boolean {
		for (let i = 0; i < this.n; i++) if (this.has(i, i)) return true;
		return false;
	}
	equals(o: Relation): boolean {
		return this.bits.every((b, k) => b === o.bits[k]);
	}
}

/** The axiom that an execution breaks. */
export function forbidden(all: readonly Step[]): string | undefined {
	/* Fences are what is between accesses: how many there were on the CPU so far. */
	const steps: Step[] = [];
	const fences: { mb: number; rmb: number; wmb: number; unlock_lock: number; gp: number }[] = [];
	const so_far: (typeof fences)[number][] = [];
	/* Where a write is in its place's order; of a read, that of the write it reads. */
	const order: number[] = [];
	const place: number[] = [];
	const partner: number[] = [];
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
	}
	const n = steps.length;
	if (n > MOST) return undefined;
	const [po, rf, co, fr, rmw, gp, strong, past, release, acquire, wmb, rmb, rw, critical] = Array.from(
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
			if (before.unlock_lock < at.unlock_lock) past.add(i, j);
			if (M(i) && M(j)) {
				if (before.mb < at.mb) strong.add(i, j);
				if (s.release) release.add(i, j);
				if (steps[i].acquire) acquire.add(i, j);
				if (W(i) && W(j) && before.wmb < at.wmb) wmb.add(i, j);
				if (R(i) && R(j) && before.rmb < at.rmb && !steps[i].blind && !s.blind) rmb.add(i, j);
				if (R(i) && W(j)) rw.add(i, j);
			}
			/* Of an rcu_read_unlock(), its rcu_read_lock(): from there back. */
			if (s.kind === "rcu_unlock" && depth >= 0) {
				if (steps[i].kind === "rcu_unlock") depth++;
				else if (steps[i].kind === "rcu_lock" && depth-- === 0) critical.add(j, i);
			}
		}
		if (place[j] === -1) continue;
		for (let i = 0; i < n; i++) {
			if (i === j || place[i] !== place[j]) continue;
			if (W(i) && W(j) && order[i] < order[j]) co.add(i, j);
			if (W(i) && R(j) && order[i] === order[j]) rf.add(i, j);
			if (R(i) && W(j) && order[i] < order[j]) fr.add(i, j);
		}
	}
	const com = rf.or(co, fr);
	if (
		po
			.only((i, j) => place[i] === place[j] && place[i] !== -1)
			.or(com)
			.plus()
			.reflexive()
	)
		return "coherence";
	const between = fr.only(external).into(co.only(external));
	let torn = false;
	rmw.each((i, j) => (torn ||= between.has(i, j)));
	if (torn) return "atomicity";

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
	const handed = po.into(unlock_lock).into(po);
	const full = strong.or(gp, po.into(unlock_lock).into(past));
	const rfe = rf.only(external);
	const overwrite = co.or(fr);
	const ppo = rw.or(
		overwrite.only(internal),
		full.only(internal),
		release,
		acquire,
		wmb,
		rmb,
		handed.only(internal),
	);
	const cumulative = full.or(release);
	const cumul_fence = cumulative.or(rfe.into(cumulative), wmb, handed).into(rf.into(rmw).star());
	const prop = overwrite.only(external).maybe().into(cumul_fence.star()).into(rfe.maybe());
	const hb = ppo.or(
		rfe,
		prop.only((i, j) => i !== j && internal(i, j)),
	);
	const hbs = hb.plus();
	if (hbs.reflexive()) return "happens-before";
	const later = hbs.maybe();
	const pb = prop.into(full).into(later);
	const pbs = pb.plus();
	if (pbs.reflexive()) return "propagation";
	if (!waits) return undefined;

	const end = later.into(pbs.maybe());
	const link = po.maybe().into(end).into(prop).into(po);
	const grace = new Relation(n);
	for (let i = 0; i < n; i++) if (steps[i].kind === "gp") grace.add(i, i);
	const g = grace.into(link);
	const c = critical.into(link);
	let rcu = grace.or(g.into(critical), c.into(grace));
	for (;;) {
		const inner = rcu.into(link);
		const more = rcu.or(g.into(inner).into(critical), c.into(inner).into(grace), inner.into(rcu));
		if (more.equals(rcu)) break;
		rcu = more;
	}
	if (prop.into(po.into(rcu).into(po.maybe())).into(end).reflexive()) return "rcu";
	return undefined;
}
