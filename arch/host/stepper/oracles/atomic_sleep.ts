// SPDX-License-Identifier: GPL-2.0-only
/**
 * Sleeping while atomic. The kernel finds out by itself, with
 * CONFIG_DEBUG_ATOMIC_SLEEP: might_sleep() asks the preemption count, which
 * spinlocks, RCU sections and interrupts raise, and whether interrupts are off.
 * Where the kernel would complain and go on, the execution fails here, and what
 * is held is added, as debug_show_held_locks() does.
 */
import { current_context, current_cpu, fail, lockdep } from "../engine.ts";

/** `text` says of which kind the context is. */
export function machine_sleeps(text: string): never {
	const t = current_context();
	const held = t < 0 || !lockdep ? [] : lockdep.held(t);
	const what = held.length === 0 ? "no locks held" : `${held.length} lock${held.length === 1 ? "" : "s"} held`;
	const lines = held.map((h, i) => `\n #${i}: ${h.name}`);
	const places = t < 0 ? [] : lockdep?.held_places(t);
	fail("sleep", `${text}\n${what} by CPU${current_cpu()}${lines.join("")}`, { places });
}
