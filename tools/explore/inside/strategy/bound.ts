// SPDX-License-Identifier: GPL-2.0-only
/**
 * All schedules with at most so many preemptions (Musuvathi and Qadeer, PLDI
 * 2007). A switch away from a context that could have gone on is one; so are a
 * store buffer that moves on while its CPU could, and a value that is not the
 * newest. Knows of no independence: complete within its bound, and slow.
 */
import { pop_to } from "host/engine.ts";
import { ev_choice, ev_choices, ev_ctx, MAX_EV, n } from "host/state.ts";
import type { Loan } from "../../protocol.ts";
import { follow } from "./commons.ts";
import type { Search } from "./types.ts";

const todo = new Int32Array(MAX_EV);
const cost = new Int32Array(MAX_EV + 1);
const went_on = new Int32Array(MAX_EV);

/** `loan`: the place that it begins at, and never leaves. */
export function bound(limit: number, loan?: Loan): Search {
	const floor = loan ? loan.contexts.length : 0;
	let on_the_way = loan !== undefined;
	let forced = -1;
	let forced_choice = -1;
	cost[0] = 0;

	return {
		name: `at most ${limit} preemptions`,
		exhaustive: true,
		pick(enabled, running) {
			if (enabled === 0) return -1;
			if (forced >= 0) {
				const c = forced;
				forced = -1;
				return c;
			}
			const on = running >= 0 && (enabled & (1 << running)) !== 0;
			if (loan && on_the_way) {
				went_on[n] = on ? running : -1;
				if (n < floor) {
					forced_choice = loan.choices[n] > 0 ? loan.choices[n] : -1;
					return follow(loan, enabled);
				}
				on_the_way = false;
				const first = (loan.todo as number) & -(loan.todo as number);
				todo[n] = (loan.todo as number) & ~first;
				return 31 - Math.clz32(first);
			}
			const bit = on ? 1 << running : enabled & -enabled;
			went_on[n] = on ? running : -1;
			todo[n] = on && cost[n] >= limit ? 0 : enabled & ~bit;
			return 31 - Math.clz32(bit);
		},
		recorded(e) {
			const preempted = went_on[e] >= 0 && ev_ctx[e] !== went_on[e] ? 1 : 0;
			cost[e + 1] = cost[e] + preempted + (ev_choice[e] > 0 ? 1 : 0);
		},
		choose() {
			const v = forced_choice < 0 ? 0 : forced_choice;
			forced_choice = -1;
			return v;
		},
		next() {
			for (let d = n - 1; d >= floor; d--) {
				const preempted = went_on[d] >= 0 && ev_ctx[d] !== went_on[d] ? 1 : 0;
				if (ev_choice[d] + 1 < ev_choices[d] && cost[d] + preempted < limit) {
					forced = ev_ctx[d];
					forced_choice = ev_choice[d] + 1;
					pop_to(d);
					return true;
				}
				if (todo[d] === 0) continue;
				const bit = todo[d] & -todo[d];
				todo[d] &= ~bit;
				forced = 31 - Math.clz32(bit);
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
