// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the kernel's model allows of a litmus test and the stepper does not make
 * (models/views.ts): load buffering, where a load is made after a store that
 * comes later in its program; and what a dependency between loads leaves free,
 * since the load that one begins with is an acquire here.
 */
import type { LitmusOp, LitmusValue } from "../explore/protocol.ts";
import type { HerdTest } from "./herd.ts";

/** An access or a fence, where it stands. */
interface Access {
	o: LitmusOp;
	reads: boolean;
	writes: boolean;
	acquire: boolean;
	release: boolean;
	/** Orders all before it with all after it. */
	full: boolean;
	place: string | undefined;
	/** The loads that say whether it is made, where to, and what is stored. */
	control: Set<number>;
	address: Set<number>;
	data: Set<number>;
	/** Branches that it is in: the number of the "if", and its side. */
	path: string[];
}

const RMW = /xchg|^atomic_(?!read|set)/;
const READ = /^(READ_ONCE|rcu_dereference|smp_load_acquire|atomic_read)/;
const WRITE = /^(WRITE_ONCE|rcu_assign_pointer|smp_store_|atomic_set)/;

function describe(o: LitmusOp): Pick<Access, "reads" | "writes" | "acquire" | "release" | "full"> {
	const { op } = o;
	const rmw = RMW.test(op);
	const weak = /_(acquire|release|relaxed)$/.exec(op)?.[1];
	/* One without a result is no fence. */
	const strong = rmw && weak === undefined && o.reg !== undefined;
	return {
		reads: READ.test(op) || (rmw && o.reg !== undefined),
		writes: WRITE.test(op) || rmw,
		acquire: /_acquire$/.test(op) || op === "spin_lock",
		release: /_release$/.test(op) || op === "rcu_assign_pointer" || op === "spin_unlock",
		full: strong || /^(smp_mb|synchronize_rcu|smp_store_mb)/.test(op),
	};
}

/** Accesses and fences of a program in the order of its text, with what they depend on. */
function accesses(ops: LitmusOp[]): Access[] {
	const out: Access[] = [];
	/** By register: the loads that its value comes from. */
	const from = new Map<string, Set<number>>();
	const loads = (v: LitmusValue | undefined): Set<number> => {
		if (v === undefined || typeof v === "number" || "at" in v) return new Set();
		if ("reg" in v) return from.get(v.reg) ?? new Set();
		return new Set([...loads(v.a), ...loads(v.b)]);
	};
	let branches = 0;
	const walk = (list: LitmusOp[], control: Set<number>, path: string[]): void => {
		for (const o of list) {
			if (o.op === "if") {
				const inner = new Set([...control, ...loads(o.value)]);
				const nr = branches++;
				walk(o.yes ?? [], inner, [...path, `${nr}y`]);
				walk(o.no ?? [], inner, [...path, `${nr}n`]);
				continue;
			}
			if (o.op === "assume") continue;
			if (o.op === "set") {
				/* In a branch it may keep what it was. */
				const old = path.length > 0 ? (from.get(o.reg as string) ?? []) : [];
				from.set(o.reg as string, new Set([...loads(o.value), ...old]));
				continue;
			}
			const i = out.length;
			const address = loads(o.pointer);
			const data = new Set([...loads(o.value), ...loads(o.old)]);
			out.push({ o, ...describe(o), place: o.loc ?? o.lock, control, address, data, path });
			if (o.reg !== undefined) {
				const old = path.length > 0 ? (from.get(o.reg) ?? []) : [];
				from.set(o.reg, new Set([i, ...old]));
			}
		}
	};
	walk(ops, new Set(), []);
	return out;
}

const together = (a: Access, b: Access): boolean =>
	!a.path.some((p) => b.path.some((q) => p !== q && p.slice(0, -1) === q.slice(0, -1)));
const prefix = (a: string[], b: string[]): boolean => a.every((p, i) => b[i] === p);

/** By access: those that certainly come after it. */
function order(all: Access[]): boolean[][] {
	const n = all.length;
	const before = all.map((a, i) =>
		all.map((b, j) => {
			if (j <= i || !together(a, b)) return false;
			if (a.full || b.full || a.acquire || b.release) return true;
			if (a.o.op === "smp_rmb" || b.o.op === "smp_rmb") return false;
			if (b.writes && (b.control.has(i) || b.address.has(i) || b.data.has(i))) return true;
			if (b.reads && b.address.has(i)) return true;
			if (a.place !== undefined && a.place === b.place && b.writes) return true;
			const between = all
				.slice(i + 1, j)
				.filter((f) => prefix(f.path, a.path) || prefix(f.path, b.path));
			const has = (op: string) => between.some((f) => f.o.op === op);
			return (a.reads && b.reads && has("smp_rmb")) || (a.writes && b.writes && has("smp_wmb"));
		}),
	);
	for (let k = 0; k < n; k++)
		for (let i = 0; i < n; i++) if (before[i][k]) for (let j = 0; j < n; j++) before[i][j] ||= before[k][j];
	return before;
}

/**
 * Loads that a later load follows by a dependency become acquires, as rcu_dereference() is one: those that
 * give its address, and those whose value is stored where it reads. Says which.
 */
function follow(all: Access[]): Set<number> {
	const out = new Set<number>();
	for (const [j, a] of all.entries()) {
		if (a.reads) for (const i of a.address) out.add(i);
		const read_back = (b: Access, k: number) => k > j && b.reads && b.place === a.place && together(a, b);
		if (a.writes && all.some(read_back)) for (const i of [...a.address, ...a.data]) if (i !== j) out.add(i);
	}
	for (const i of out) {
		const { o } = all[i];
		if (o.op === "READ_ONCE") o.op = "smp_load_acquire";
		else if (o.op === "atomic_read") o.op = "atomic_read_acquire";
		else if (/_relaxed$/.test(o.op)) o.op = o.op.replace(/_relaxed$/, "_acquire");
	}
	return out;
}

/** Makes a test ready for the stepper, and says in lines what will not be looked at. */
export function unseen(test: HerdTest): string[] {
	const cpus = test.cpus.map(accesses);
	const lines: string[] = [];
	const used = (by: (a: Access) => boolean, cpu: number, place: string | undefined): boolean => {
		const here = (a: Access) => by(a) && (!a.place || !place || a.place === place);
		return cpus.some((all, c) => c !== cpu && all.some(here));
	};
	for (const [cpu, all] of cpus.entries()) {
		const before = order(all);
		for (const [i, a] of all.entries())
			for (const [j, b] of all.entries()) {
				if (j <= i || !a.reads || !b.writes || before[i][j] || !together(a, b)) continue;
				if (
					!used((o) => o.writes, cpu, a.place) ||
					!used((o) => o.reads || o.writes, cpu, b.place)
				)
					continue;
				lines.push(
					`P${cpu}: the store of line ${b.o.line} before the load of line ` +
						`${a.o.line} (load buffering)`,
				);
			}
		const followed = follow(all);
		for (const [i, a] of all.entries()) {
			if (!followed.has(i) && a.o.op !== "rcu_dereference") continue;
			const free = all.findIndex(
				(b, j) =>
					j > i &&
					b.reads &&
					b.place !== a.place &&
					!b.address.has(i) &&
					!before[i][j] &&
					together(a, b),
			);
			if (free >= 0)
				lines.push(
					`P${cpu}: the load of line ${all[free].o.line} before that of line ` +
						`${a.o.line} (a dependency is an acquire)`,
				);
		}
		for (const a of all)
			if (a.o.op === "spin_is_locked")
				lines.push(`P${cpu}: an old look at the lock in line ${a.o.line} (none is ever old)`);
	}
	return lines;
}
