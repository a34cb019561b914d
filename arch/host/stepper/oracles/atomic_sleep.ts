// SPDX-License-Identifier: GPL-2.0-only
/**
 * Sleeping while atomic. The kernel finds out by itself, with
 * CONFIG_DEBUG_ATOMIC_SLEEP: might_sleep() asks the preemption count, which
 * spinlocks, RCU sections and interrupts raise, and whether interrupts are off.
 * Where the kernel would complain and go on, the execution fails here, and what
 * is held is added, as debug_show_held_locks() does.
 */
import { ctx_cpu } from "../state.ts";
import { type Objection, type Oracle, watch } from "./oracle.ts";

export class AtomicSleepOracle implements Oracle {
	sleeps(c: number, text: string): Objection {
		const held = watch.held.flatMap((o) => o.held(c));
		const count =
			held.length === 0 ? "no locks held" : `${held.length} lock${held.length === 1 ? "" : "s"} held`;
		const list = held.map((h, i) => `\n #${i}: ${h.name}`).join("");
		const places = held.map((h) => ({ what: `${h.name} was taken`, stack: h.stack }));
		return { kind: "sleep", text: `${text}\n${count} by CPU${ctx_cpu[c]}${list}`, places };
	}
}
