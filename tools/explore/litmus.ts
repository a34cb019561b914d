// SPDX-License-Identifier: GPL-2.0-only
/**
 * Litmus programs as kernel code: each operation is the primitive of that name,
 * on words of RAM, so that what is compared with the kernel's model is what the
 * kernel itself runs on. Part of the stepper's bundle; see tools/litmus.
 */
import { CONFIG_NR_CPUS } from "generated/autoconf.ts";
import { adopt_sharing, is_shared, shared_words, xchg_relaxed_i32 } from "host/door.ts";
import { smp_mb, smp_rmb, smp_wmb } from "host/door.ts";
import { begin, forbidden, LKMM, machine_failure, run_on, SC, TSO } from "host/engine.ts";
import { boot } from "host/head.ts";
import { Lkmm } from "host/lkmm.ts";
import { set_journaling, undo_mark, undo_to } from "host/ram.ts";
import { rcu_read_lock, rcu_read_unlock, synchronize_rcu } from "linux/rcupdate.ts";
import { spin_lock, spin_unlock } from "linux/spinlock.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";
import type { LitmusOp } from "./protocol.ts";
import { dpor } from "./strategy/dpor.ts";

interface litmus extends struct {
	word: array<int, 32>; /* WORDS */
	reg: array<int, 128>; /* 16 of each CPU, by its order of appearance */
	lock: array<embed<spinlock_t>, 8>; /* LOCKS */
}
const litmus = DEFINE<litmus>();

const WORDS = 32;
const LOCKS = 8;
/** Most registers of a CPU. */
const REGS = 16;

export const LITMUS_OPS = [
	"READ_ONCE", "WRITE_ONCE", "smp_load_acquire", "smp_store_release", "rcu_dereference", "rcu_assign_pointer",
	"smp_mb", "smp_rmb", "smp_wmb", "smp_mb__before_atomic", "smp_mb__after_atomic", "smp_mb__after_spinlock",
	"xchg", "xchg_relaxed", "cmpxchg", "atomic_fetch_add", "atomic_add",
	"spin_lock", "spin_unlock", "rcu_read_lock", "rcu_read_unlock", "synchronize_rcu", "synchronize_rcu_expedited",
];

function index(names: string[], name: string): number {
	const i = names.indexOf(name);

	return i >= 0 ? i : names.push(name) - 1;
}

/** One operation: what its register gets. */
function execute(o: LitmusOp, x: number, l: number): number {
	const v = o.value ?? 0;

	switch (o.op) {
	case "READ_ONCE":
		return READ_ONCE(litmus.word[x]);
	case "rcu_dereference":
		return rcu_dereference(litmus.word[x]);
	case "smp_load_acquire":
		return smp_load_acquire(litmus.word[x]);
	case "WRITE_ONCE":
		WRITE_ONCE(litmus.word[x], v);
		break;
	case "smp_store_release":
		smp_store_release(litmus.word[x], v);
		break;
	case "rcu_assign_pointer":
		rcu_assign_pointer(litmus.word[x], v);
		break;
	case "xchg":
		return xchg(litmus.word[x], v);
	case "xchg_relaxed":
		return xchg_relaxed_i32(ADDR(litmus.word[x]), v);
	case "cmpxchg":
		return cmpxchg(litmus.word[x], o.old ?? 0, v);
	case "atomic_fetch_add":
		return fetch_add(litmus.word[x], v);
	case "atomic_add":
		fetch_add(litmus.word[x], v);
		break;
	case "smp_mb":
	case "smp_mb__before_atomic":
	case "smp_mb__after_atomic":
	case "smp_mb__after_spinlock":
		smp_mb();
		break;
	case "smp_rmb":
		smp_rmb();
		break;
	case "smp_wmb":
		smp_wmb();
		break;
	case "spin_lock":
		spin_lock(litmus.lock[l]);
		break;
	case "spin_unlock":
		spin_unlock(litmus.lock[l]);
		break;
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

	if (fresh >= 0 && is_shared(words[0]))
		return;
	set_journaling(false);
	boot(Math.min(6, CONFIG_NR_CPUS), () => {});
	set_journaling(true);
	fresh = undo_mark();
	for (let i = 0; i < LOCKS; i++)
		words.push(ADDR(litmus.lock[i]) >> 2);
	adopt_sharing({ shared: Int32Array.from(words), wide: new Int32Array(0), bulked: new Int32Array(0) });
}

/**
 * All final states of a program: registers by CPU, then places by name. Places
 * begin as 0. `places` are those of the file's own states, which may name some
 * that no operation does.
 */
export function litmus_states(
	cpus: LitmusOp[][],
	model: "sc" | "tso" | "lkmm",
	places: string[],
	max = Infinity,
): { states: string[]; executions: number } {
	const locs = [...places];
	const locks: string[] = [];
	const regs: string[][] = cpus.map(() => []);
	const programs = cpus.map((ops, cpu) => {
		const code = ops.map((o) => ({
			o,
			x: o.loc === undefined ? 0 : index(locs, o.loc),
			l: o.lock === undefined ? 0 : index(locks, o.lock),
			r: o.reg === undefined ? -1 : cpu * REGS + index(regs[cpu], o.reg),
		}));

		return {
			cpu,
			fn: () => {
				for (const { o, x, l, r } of code) {
					const v = execute(o, x, l);

					if (r >= 0)
						litmus.reg[r] = v;
				}
			},
		};
	});
	const states = new Set<string>();
	let executions = 0;

	prepare();
	for (;;) {
		const known = shared_words();
		const search = dpor();

		undo_to(fresh);
		states.clear();
		executions = 0;
		let started = begin({
			programs,
			model: { sc: SC, tso: TSO, lkmm: LKMM }[model],
			strategy: search,
			lkmm: (contexts) => new Lkmm(contexts),
		});
		do {
			const ending = started ?? run_on();

			started = undefined;
			if (ending === "failed" && shared_words() === known)
				throw new Error(machine_failure()?.text);
			if (ending === "complete") {
				const out: string[] = [];
				for (const [cpu, names] of regs.entries())
					for (const [i, name] of names.entries())
						out.push(`${cpu}:${name}=${litmus.reg[cpu * REGS + i]}`);
				out.sort();
				for (const name of [...locs].sort())
					out.push(`${name}=${litmus.word[locs.indexOf(name)]}`);
				const state = out.join(" ");

				/* Another execution may end like this and be none that the model forbids. */
				if (!states.has(state) && forbidden() === undefined)
					states.add(state);
			}
			executions++;
		} while (search.next() && executions < max && shared_words() === known);
		if (shared_words() === known)
			return { states: [...states].sort(), executions };
	}
}
