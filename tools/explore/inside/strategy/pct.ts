// SPDX-License-Identifier: GPL-2.0-only
/**
 * Probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010): contexts
 * have random priorities, all different, the highest that can goes on, and at
 * depth - 1 random steps the one that runs falls behind all others. A bug that
 * needs `depth` ordered events is found by an execution of k steps and c
 * contexts with probability at least 1 / (c * k^(depth-1)).
 */
import { pop_to } from "host/engine.ts";
import { MAX_CTX, n } from "host/state.ts";
import { random_numbers } from "./random.ts";
import type { Search } from "./types.ts";

/** The numbers from 0 to count - 1 in a random order (Fisher and Yates). */
export function shuffled(count: number, next: () => number): number[] {
	const out = Array.from({ length: count }, (_, i) => i);
	for (let i = count - 1; i > 0; i--) {
		const j = next() % (i + 1);
		[out[i], out[j]] = [out[j], out[i]];
	}
	return out;
}

export interface Pct extends Search {
	/** Of each context in the execution under way: higher goes first. */
	readonly priorities: readonly number[];
}

export function pct(seed: number, depth: number): Pct {
	const next = random_numbers(seed);
	const priority: number[] = [];
	/** Steps at which somebody falls, and to which priority: all below those that are drawn. */
	let changes = new Map<number, number>();
	let steps = 64;

	function begin(): void {
		shuffled(MAX_CTX, next).forEach((p, c) => {
			priority[c] = depth + p;
		});
		changes = new Map();
		for (let i = 0; i < depth - 1; i++) changes.set(next() % steps, i + 1);
	}
	begin();
	return {
		name: `PCT, depth ${depth}, seed ${seed}`,
		exhaustive: false,
		priorities: priority,
		pick(enabled, running) {
			if (enabled === 0) return -1;
			const fall = changes.get(n);
			if (fall !== undefined && running >= 0) {
				changes.delete(n);
				priority[running] = fall;
			}
			let best = -1;
			for (let c = 0; c < MAX_CTX; c++) {
				if ((enabled & (1 << c)) === 0) continue;
				if (best >= 0 && priority[c] === priority[best])
					throw new Error(`PCT: contexts ${best} and ${c} have one priority`);
				if (best < 0 || priority[c] > priority[best]) best = c;
			}
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
