// SPDX-License-Identifier: GPL-2.0-only
/**
 * All schedules with at most so many preemptions (Musuvathi and Qadeer, PLDI
 * 2007), in the order in which the tree has them. What costs one:
 *
 * - to leave a CPU that could go on: with its task or its interrupt, or by
 *   letting a store out of its buffer;
 * - to leave a store in its buffer (TSO) when the CPU makes its next step. It
 *   then stays there for free until the CPU has to wait for it;
 * - a value that is not the newest (LKMM).
 *
 * A CPU that was left has something to come back for: a step that would not
 * have been the same before the others ran. If its next step is independent of
 * all that they did, then it could have been made before it was left, and the
 * schedule that leaves it there costs no more: this one is cut off.
 *
 * Complete within its bound: nothing that needs no more preemptions is missed.
 */
import { pop_to } from "host/engine.ts";
import {
	clock,
	ctx_cpu,
	ctx_kind,
	ev_before,
	ev_choice,
	ev_choices,
	ev_ctx,
	ev_seq,
	MAX_CTX,
	MAX_EV,
	n,
	n_ctx,
	own_buffer,
} from "host/state.ts";
import type { Loan } from "../../protocol.ts";
import { follow, is_lost } from "./commons.ts";
import type { Search } from "./types.ts";

/** At each step: contexts that are left to try there, */
const todo = new Int32Array(MAX_EV);
/** what the way there has cost, */
const cost = new Int32Array(MAX_EV + 1);
/** who would have gone on for free, -1: anybody, */
const default_of = new Int32Array(MAX_EV);
/** and the CPUs whose buffers keep what they have, a bit each. */
const held = new Int32Array(MAX_EV + 1);

const lowest = (mask: number) => 31 - Math.clz32(mask & -mask);

/** Who goes on if nobody is preempted; -1: the CPU waits, so anybody may. */
function goes_on(enabled: number, running: number): number {
	if (running < 0) return -1;
	const can = (c: number) => c >= 0 && (enabled & (1 << c)) !== 0;
	const buffer = own_buffer(running);
	const keeps = (held[n] & (1 << ctx_cpu[running])) !== 0;
	if (can(buffer) && !keeps) return buffer;
	if (can(running)) return running;
	/* The task that an interrupt has kept from running. */
	for (let c = 0; c < n_ctx; c++)
		if (ctx_cpu[c] === ctx_cpu[running] && ctx_kind[c] !== "buffer" && can(c)) return c;
	return can(buffer) ? buffer : -1;
}

/** Did event e cost a preemption? */
function paid(e: number): boolean {
	return default_of[e] >= 0 && ev_ctx[e] !== default_of[e];
}

/** The step at which the context of event e could have made e for free, and was left; -1: it was not left. */
function left_at(e: number): number {
	const c = ev_ctx[e];
	for (let p = ev_before[e] + 1; p < e; p++) if (default_of[p] === c) return p;
	return -1;
}
/** Does event e come after something that others did from event p on? */
function after_others(e: number, p: number): boolean {
	const c = ev_ctx[e];
	for (let x = p; x < e; x++) if (ev_ctx[x] !== c && clock[e * MAX_CTX + ev_ctx[x]] >= ev_seq[x]) return true;
	return false;
}

/** `loan`: the place that it begins at, and never leaves. */
export function bound(limit: number, loan?: Loan): Search {
	const floor = loan ? loan.contexts.length : 0;
	let on_the_way = loan !== undefined;
	const lost = is_lost();
	let forced = -1;
	let forced_choice = -1;
	/** The event after which the execution is cut off. */
	let cut = -1;
	cost[0] = held[0] = 0;

	return {
		name: `at most ${limit} preemptions`,
		exhaustive: true,
		pick(enabled, running) {
			if (enabled === 0 || (on_the_way && lost())) return -1;
			if (cut === n - 1 && cut >= 0) return -1;
			if (forced >= 0) {
				const c = forced;
				forced = -1;
				return c;
			}
			const on = goes_on(enabled, running);
			default_of[n] = on;
			if (loan && on_the_way) {
				if (n < floor) {
					forced_choice = loan.choices[n] > 0 ? loan.choices[n] : -1;
					return follow(loan, enabled);
				}
				on_the_way = false;
				const first = (loan.todo as number) & -(loan.todo as number);
				todo[n] = (loan.todo as number) & ~first;
				return lowest(first);
			}
			const first = on >= 0 ? on : lowest(enabled);
			todo[n] = on >= 0 && cost[n] >= limit ? 0 : enabled & ~(1 << first);
			return first;
		},
		recorded(e) {
			const c = ev_ctx[e];
			const cpu = 1 << ctx_cpu[c];
			const buffer = default_of[e] >= 0 && ctx_kind[default_of[e]] === "buffer";
			cost[e + 1] = cost[e] + (paid(e) ? 1 : 0) + (ev_choice[e] > 0 ? 1 : 0);
			held[e + 1] =
				ctx_kind[c] === "buffer"
					? held[e] & ~cpu
					: paid(e) && buffer && ctx_cpu[default_of[e]] === ctx_cpu[c]
						? held[e] | cpu
						: held[e];
			if (on_the_way) return;
			const p = left_at(e);
			cut = p >= 0 && !after_others(e, p) ? e : -1;
		},
		choose() {
			const v = forced_choice < 0 ? 0 : forced_choice;
			forced_choice = -1;
			return v;
		},
		next() {
			cut = -1;
			for (let d = n - 1; d >= floor; d--) {
				if (ev_choice[d] + 1 < ev_choices[d] && cost[d] + (paid(d) ? 1 : 0) < limit) {
					forced = ev_ctx[d];
					forced_choice = ev_choice[d] + 1;
					pop_to(d);
					return true;
				}
				if (todo[d] === 0) continue;
				const c = lowest(todo[d]);
				todo[d] &= ~(1 << c);
				forced = c;
				pop_to(d);
				return true;
			}
			return false;
		},
		lend() {
			if (forced < 0) return;
			for (let d = floor; d <= n; d++) {
				if (todo[d] === 0) continue;
				const given = todo[d];
				todo[d] = 0;
				return { contexts: ev_ctx.slice(0, d), choices: ev_choice.slice(0, d), todo: given };
			}
		},
		estimate: () => undefined,
	};
}
