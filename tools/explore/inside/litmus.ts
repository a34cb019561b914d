// SPDX-License-Identifier: GPL-2.0-only
/**
 * Litmus programs as kernel code: each operation is the primitive of that name,
 * on words of RAM, so that what is compared with the kernel's model is what the
 * kernel itself runs on. Part of the stepper's bundle; see tools/litmus.
 */
import { CONFIG_NR_CPUS } from "generated/autoconf.ts";
import { begin, forbidden, run_on } from "host/engine.ts";
import { machine_failure } from "host/failure.ts";
import type { RmwOrder } from "host/kinds.ts";
import { adopt_sharing, is_shared, shared_words } from "host/sharing.ts";
import { cmpxchg_as, fetch_add_as, weak_atomics, xchg_as } from "host/door.ts";
import { smp_mb, smp_mb__after_unlock_lock, smp_rmb, smp_wmb } from "host/door.ts";
import { boot } from "host/head.ts";
import { models } from "host/models/all.ts";
import { set_journaling, undo_mark, undo_to } from "host/ram.ts";
import { rcu_read_lock, rcu_read_unlock, synchronize_rcu } from "linux/rcupdate.ts";
import { spin_is_locked, spin_lock, spin_unlock } from "linux/spinlock.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";
import type { LitmusAnswer, LitmusOp, LitmusRequest, LitmusValue } from "../protocol.ts";
import { dpor } from "./strategy/dpor.ts";
import type { Search } from "./strategy/types.ts";

interface litmus extends struct {
	word: array<int, 32> /* WORDS */;
	reg: array<int, 256> /* 32 of each CPU, by its order of appearance */;
	lock: array<embed<spinlock_t>, 8> /* LOCKS */;
	/** What was assumed did not come true: this execution does not count. */
	given_up: int;
}
const litmus = DEFINE<litmus>();

const WORDS = 32;
const LOCKS = 8;
/** Most registers of a CPU. */
const REGS = 32;

function ordered(...ops: string[]): string[] {
	return ops.flatMap((op) => [op, `${op}_acquire`, `${op}_release`, `${op}_relaxed`]);
}

export const LITMUS_OPS = [
	"READ_ONCE",
	"WRITE_ONCE",
	"smp_load_acquire",
	"smp_store_release",
	"rcu_dereference",
	"rcu_assign_pointer",
	"atomic_read",
	"atomic_read_acquire",
	"atomic_set",
	"atomic_set_release",
	"smp_store_mb",
	"smp_mb",
	"smp_rmb",
	"smp_wmb",
	"smp_mb__before_atomic",
	"smp_mb__after_atomic",
	"smp_mb__after_spinlock",
	"smp_mb__after_unlock_lock",
	...ordered("xchg", "cmpxchg", "atomic_xchg", "atomic_cmpxchg"),
	...["add", "sub", "inc", "dec"].flatMap((op) => [
		`atomic_${op}`,
		...ordered(`atomic_${op}_return`, `atomic_fetch_${op}`),
	]),
	"atomic_sub_and_test",
	"atomic_inc_and_test",
	"atomic_dec_and_test",
	"atomic_add_negative",
	"spin_lock",
	"spin_unlock",
	"spin_is_locked",
	"rcu_read_lock",
	"rcu_read_unlock",
	"synchronize_rcu",
	"synchronize_rcu_expedited",
];

function index(names: string[], name: string): number {
	const i = names.indexOf(name);

	return i >= 0 ? i : names.push(name) - 1;
}

/** An atomic by its name: what it does, how it is ordered, what it returns. */
const ATOMIC =
	/^(?:atomic_)?(fetch_)?(xchg|cmpxchg|add|sub|inc|dec)(?:_(return|and_test|negative))?(?:_(acquire|release|relaxed))?$/;

/** One operation of code, and the fences that are written right beside it. */
interface Code {
	o: LitmusOp;
	x: number;
	l: number;
	/** Of its program's registers; -1: none. */
	r: number;
	atomic: RegExpMatchArray | null;
	before: boolean;
	after: boolean;
	value: Value;
	old: Value;
	pointer: Value | undefined;
	yes: Code[];
	no: Code[];
}

/** A value of registers. */
type Value = (regs: number[]) => number;

const OPERATORS: Record<string, (a: number, b: number) => number> = {
	"+": (a, b) => a + b,
	"-": (a, b) => a - b,
	"*": (a, b) => Math.imul(a, b),
	"/": (a, b) => (b === 0 ? 0 : a / b),
	"%": (a, b) => (b === 0 ? 0 : a % b),
	"<<": (a, b) => a << b,
	">>": (a, b) => a >> b,
	"&": (a, b) => a & b,
	"|": (a, b) => a | b,
	"^": (a, b) => a ^ b,
	"<": (a, b) => (a < b ? 1 : 0),
	">": (a, b) => (a > b ? 1 : 0),
	"<=": (a, b) => (a <= b ? 1 : 0),
	">=": (a, b) => (a >= b ? 1 : 0),
	"==": (a, b) => (a === b ? 1 : 0),
	"!=": (a, b) => (a !== b ? 1 : 0),
	"&&": (a, b) => (a !== 0 && b !== 0 ? 1 : 0),
	"||": (a, b) => (a !== 0 || b !== 0 ? 1 : 0),
	neg: (a) => -a,
	"!": (a) => (a === 0 ? 1 : 0),
	"~": (a) => ~a,
};

/** `reg` and `at` number registers and places. */
function value_of(v: LitmusValue | undefined, reg: (name: string) => number, at: (name: string) => number): Value {
	if (v === undefined) return () => 0;
	if (typeof v === "number") return () => v;
	if ("reg" in v) {
		const r = reg(v.reg);

		return (regs) => regs[r] ?? 0;
	}
	if ("at" in v) {
		const x = at(v.at);

		return () => ADDR(litmus.word[x]);
	}
	const f = OPERATORS[v.op];
	const a = value_of(v.a, reg, at);
	const b = value_of(v.b, reg, at);

	return (regs) => f(a(regs), b(regs)) | 0;
}

/** The word that a pointer is of; -1: none. */
function word_at(pointer: number): number {
	const x = (pointer - ADDR(litmus.word[0])) / 4;

	return x >= 0 && x < WORDS && Math.floor(x) === x ? x : -1;
}

/**
 * A fence beside an atomic, which on x86 is one itself. A cmpxchg that fails is no fence, but what stands
 * beside it is.
 */
function fence(wanted: boolean): void {
	if (wanted && weak_atomics()) smp_mb();
}

function execute_atomic({ atomic, before, after }: Code, x: number, value: number, expected: number): number {
	const [, fetch, what, result, as] = atomic as RegExpMatchArray;
	const order = (as ?? "full") as RmwOrder;
	const v = what === "inc" || what === "dec" ? 1 : value;
	const p = ADDR(litmus.word[x]);

	fence(before);
	if (what === "cmpxchg") {
		const old = cmpxchg_as(order, p, expected, v);

		fence(after);
		return old;
	}
	const n = what === "sub" || what === "dec" ? -v : v;
	let old = 0;
	if (what === "xchg") old = xchg_as(order, p, v);
	else if (fetch === undefined && result === undefined) fetch_add(litmus.word[x], n);
	else old = fetch_add_as(order, p, n);
	fence(after);
	if (result === "and_test") return old + n === 0 ? 1 : 0;
	if (result === "negative") return old + n < 0 ? 1 : 0;
	return result === "return" ? old + n : old;
}

/** One operation on a word: what its register gets. */
function execute(code: Code, x: number, regs: number[]): number {
	const { o, l } = code;
	const v = code.value(regs);

	if (code.atomic) return execute_atomic(code, x, v, code.old(regs));
	switch (o.op) {
		case "set":
			return v;
		case "READ_ONCE":
		case "atomic_read":
			return READ_ONCE(litmus.word[x]);
		case "rcu_dereference":
			return rcu_dereference(litmus.word[x]);
		case "smp_load_acquire":
		case "atomic_read_acquire":
			return smp_load_acquire(litmus.word[x]);
		case "WRITE_ONCE":
		case "atomic_set":
			WRITE_ONCE(litmus.word[x], v);
			break;
		case "smp_store_mb":
			WRITE_ONCE(litmus.word[x], v);
			smp_mb();
			break;
		case "smp_store_release":
		case "atomic_set_release":
			smp_store_release(litmus.word[x], v);
			break;
		case "rcu_assign_pointer":
			rcu_assign_pointer(litmus.word[x], v);
			break;
		case "smp_mb":
			smp_mb();
			break;
		case "smp_mb__after_unlock_lock":
			smp_mb__after_unlock_lock();
			break;
		case "smp_rmb":
			smp_rmb();
			break;
		case "smp_wmb":
			smp_wmb();
			break;
		case "spin_lock":
			spin_lock(litmus.lock[l]);
			fence(code.after);
			break;
		case "spin_unlock":
			spin_unlock(litmus.lock[l]);
			break;
		case "spin_is_locked":
			return spin_is_locked(litmus.lock[l]) ? 1 : 0;
		case "rcu_read_lock":
			rcu_read_lock();
			break;
		case "rcu_read_unlock":
			rcu_read_unlock();
			break;
		case "synchronize_rcu":
		case "synchronize_rcu_expedited":
			synchronize_rcu();
			break;
	}
	return 0;
}

/** RAM as it is before a program. */
let fresh = -1;

/** Once for all programs: they use the same words. */
function prepare(): void {
	const words = Array.from({ length: WORDS }, (_, i) => ADDR(litmus.word[i]) >> 2);

	if (fresh >= 0 && is_shared(words[0])) return;
	set_journaling(false);
	boot(Math.min(6, CONFIG_NR_CPUS), () => {});
	set_journaling(true);
	fresh = undo_mark();
	for (let i = 0; i < LOCKS; i++) words.push(ADDR(litmus.lock[i]) >> 2);
	adopt_sharing({ shared: Int32Array.from(words), wide: new Int32Array(0), bulked: new Int32Array(0) });
}

/** Runs operations in order. False: one used a pointer to nothing, or gave up, and the program ends there. */
function run(code: Code[], regs: number[], first: number, wild: (o: LitmusOp) => void): boolean {
	for (const c of code) {
		if (c.o.op === "if") {
			if (!run(c.value(regs) !== 0 ? c.yes : c.no, regs, first, wild)) return false;
			continue;
		}
		if (c.o.op === "assume") {
			if (c.value(regs) !== 0) continue;
			litmus.given_up = 1;
			return false;
		}
		const x = c.pointer === undefined ? c.x : word_at(c.pointer(regs));

		if (x < 0) {
			wild(c.o);
			return false;
		}
		const v = execute(c, x, regs);

		if (c.r < 0) continue;
		regs[c.r] = v;
		if (c.r < REGS) litmus.reg[first + c.r] = v;
	}
	return true;
}

/**
 * All final states of a program: registers by CPU, then places by name, with
 * the name of a place for its address. Registers whose name begins with a dot
 * are nobody's. Places begin as 0, or as `init` says. `places` are those of the
 * file's own states, which may name some that no operation does.
 */
export function litmus_states(
	cpus: LitmusOp[][],
	model: "sc" | "tso" | "lkmm",
	places: string[],
	max = Infinity,
	/** Another search than the one that is meant: what it is held against. */
	make_search: () => Search = dpor,
	init: LitmusRequest["init"] = [],
): LitmusAnswer {
	const locs = [...places];
	const locks: string[] = [];
	const regs: string[][] = cpus.map(() => []);
	let has_addresses = false;
	let wild: LitmusOp | undefined;
	const at = (name: string): number => {
		has_addresses = true;
		return index(locs, name);
	};
	const programs = cpus.map((ops, cpu) => {
		/* Those without a name come behind the others, and are not kept. */
		const temps: string[] = [];
		const reg = (name: string): number =>
			name.startsWith(".") ? REGS + index(temps, name) : index(regs[cpu], name);
		const encode = (ops: LitmusOp[]): Code[] =>
			ops.map((o, i) => ({
				o,
				atomic: ATOMIC.exec(o.op),
				before: ops[i - 1]?.op === "smp_mb__before_atomic",
				after:
					ops[i + 1]?.op ===
					(o.op === "spin_lock" ? "smp_mb__after_spinlock" : "smp_mb__after_atomic"),
				x: o.loc === undefined ? 0 : index(locs, o.loc),
				l: o.lock === undefined ? 0 : index(locks, o.lock),
				r: o.reg === undefined ? -1 : reg(o.reg),
				value: value_of(o.value, reg, at),
				old: value_of(o.old, reg, at),
				pointer: o.pointer === undefined ? undefined : value_of(o.pointer, reg, at),
				yes: encode(o.yes ?? []),
				no: encode(o.no ?? []),
			}));
		const code = encode(ops);

		return {
			cpu,
			fn: () => {
				run(code, [], cpu * REGS, (o) => {
					wild = o;
				});
			},
		};
	});
	const first = init.map(([name, v]) => ({ x: index(locs, name), value: value_of(v, () => 0, at) }));
	const shown = (v: number): string => (has_addresses ? (locs[word_at(v)] ?? String(v)) : String(v));
	const states = new Set<string>();
	let executions = 0;

	prepare();
	for (;;) {
		const known = shared_words();
		const search = make_search();
		let more = true;

		undo_to(fresh);
		for (const { x, value } of first) litmus.word[x] = value([]);
		states.clear();
		executions = 0;
		let started = begin({
			programs,
			model: models[model],
			strategy: search,
			oracles: [],
		});
		do {
			const ending = started ?? run_on();

			started = undefined;
			if (ending === "failed" && shared_words() === known) {
				const failure = machine_failure();

				/* Who waits for ever comes to no final state. */
				if (failure?.kind !== "deadlock") {
					const problem = failure?.text.split("\n")[0] ?? "it fails";

					return { states: [], executions, whole: false, problem };
				}
			}
			if (wild !== undefined && shared_words() === known) {
				const where = wild.line === undefined ? "" : `${wild.line}: `;

				return {
					states: [],
					executions,
					whole: false,
					problem: `${where}${wild.op}() through what is no pointer to a place`,
				};
			}
			if (ending === "complete" && litmus.given_up === 0) {
				const out: string[] = [];
				for (const [cpu, names] of regs.entries())
					for (const [i, name] of names.entries())
						out.push(`${cpu}:${name}=${shown(litmus.reg[cpu * REGS + i])}`);
				out.sort();
				for (const name of [...locs].sort())
					out.push(`${name}=${shown(litmus.word[locs.indexOf(name)])}`);
				const state = out.join(" ");

				/* Another execution may end like this and be none that the model forbids. */
				if (!states.has(state) && forbidden() === undefined) states.add(state);
			}
			executions++;
			more = search.next();
		} while (more && executions < max && shared_words() === known);
		if (shared_words() === known) return { states: [...states].sort(), executions, whole: !more };
	}
}
