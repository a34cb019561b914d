// SPDX-License-Identifier: GPL-2.0-only
/**
 * Probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010): contexts
 * have random priorities, the highest that can goes on, and at depth - 1 random
 * steps the one that runs falls behind all others. A bug that needs `depth`
 * ordered events is found by an execution of k steps and c contexts with
 * probability at least 1 / (c * k^(depth-1)).
 */
import { pop_to } from "host/engine.ts";
import { n } from "host/state.ts";
import { random_numbers } from "./random.ts";
import type { Search } from "./types.ts";

export function pct(seed: number, depth: number): Search {
	const next = random_numbers(seed);
	const priority: number[] = [];
	let changes: number[] = [];
	let steps = 64;

	function begin(): void {
		for (let c = 0; c < 32; c++) priority[c] = depth + (next() % 0x10000);
		changes = Array.from({ length: depth - 1 }, () => next() % steps);
	}
	begin();
	return {
		name: `PCT, depth ${depth}, seed ${seed}`,
		exhaustive: false,
		pick(enabled, running) {
			if (enabled === 0) return -1;
			const fall = changes.indexOf(n);
			if (fall >= 0 && running >= 0) priority[running] = fall;
			let best = -1;
			for (let c = 0; c < 32; c++)
				if ((enabled & (1 << c)) !== 0 && (best < 0 || priority[c] > priority[best])) best = c;
			return best;
		},
		recorded() {},
		choose: (count) => next() % count,
		next() {
			steps = Math.max(steps, n);
			if (n > 0) pop_to(0);
			begin();
			return true;
		},
		estimate: () => undefined,
	};
}
