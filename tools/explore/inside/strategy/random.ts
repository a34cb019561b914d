// SPDX-License-Identifier: GPL-2.0-only
/** A random walk: each step is made by any context that can. Ends when told to. */
import { pop_to } from "host/engine.ts";
import { n } from "host/state.ts";
import type { Search } from "./types.ts";

/** Numbers in [0, 2^32), the same for a seed (mulberry32). */
export function random_numbers(seed: number): () => number {
	let s = seed >>> 0;
	return () => {
		s = (s + 0x6d2b79f5) >>> 0;
		let t = Math.imul(s ^ (s >>> 15), s | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return (t ^ (t >>> 14)) >>> 0;
	};
}

/** The k-th bit that is set, as its number. */
export function nth_bit(mask: number, k: number): number {
	let m = mask;
	for (let i = 0; i < k; i++) m &= m - 1;
	return 31 - Math.clz32(m & -m);
}
export function count_bits(mask: number): number {
	let count = 0;
	for (let m = mask; m !== 0; m &= m - 1) count++;
	return count;
}

export function random(seed: number): Search {
	const next = random_numbers(seed);
	return {
		name: `random walk, seed ${seed}`,
		exhaustive: false,
		pick: (enabled) => (enabled === 0 ? -1 : nth_bit(enabled, next() % count_bits(enabled))),
		recorded() {},
		choose: (count) => next() % count,
		next() {
			if (n > 0) pop_to(0);
			return true;
		},
		estimate: () => undefined,
	};
}
