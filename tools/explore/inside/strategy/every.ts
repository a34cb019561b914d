// SPDX-License-Identifier: GPL-2.0-only
/**
 * Every schedule there is, one by one, without a word about which of them are
 * alike: what the searches that leave some out are held against. For programs
 * of a few steps.
 */
import { pop_to } from "host/engine.ts";
import { ev_choice, ev_choices, ev_ctx, MAX_EV, n } from "host/state.ts";
import type { Search } from "./types.ts";

const todo = new Int32Array(MAX_EV);
const lowest = (mask: number) => 31 - Math.clz32(mask & -mask);

export function every(): Search {
	let forced = -1;
	let forced_choice = 0;

	return {
		name: "every schedule",
		exhaustive: true,
		all_ways: true,
		pick(enabled) {
			if (enabled === 0) return -1;
			const c = forced >= 0 ? forced : lowest(enabled);
			if (forced < 0) todo[n] = enabled & ~(1 << c);
			forced = -1;
			return c;
		},
		recorded() {},
		choose() {
			const v = forced_choice;
			forced_choice = 0;
			return v;
		},
		next() {
			for (let d = n - 1; d >= 0; d--) {
				if (ev_choice[d] + 1 < ev_choices[d]) {
					forced = ev_ctx[d];
					forced_choice = ev_choice[d] + 1;
				} else if (todo[d] !== 0) {
					forced = lowest(todo[d]);
					todo[d] &= todo[d] - 1;
				} else continue;
				pop_to(d);
				return true;
			}
			return false;
		},
		estimate: () => undefined,
	};
}
