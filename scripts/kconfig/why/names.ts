// SPDX-License-Identifier: GPL-2.0-only
//
// Names that look like a misspelt one; and lists of names. No counterpart in Linux.

import type { Kconf } from "../lkc.ts";
import { S_UNKNOWN } from "../lkc.ts";
import { to_bytes } from "../text.ts";

/** What stands for more that is not told, as bytes like all messages. */
export const ELLIPSIS = to_bytes("…");

/** How many letters have to be added, dropped, changed or swapped; `max` and more are equal. */
export function distance(a: string, b: string, max: number): number {
	if (Math.abs(a.length - b.length) >= max) return max;
	let before: number[] = [];
	let row = Array.from({ length: b.length + 1 }, (_, i) => i);
	for (let i = 1; i <= a.length; i++) {
		const next = [i];
		for (let j = 1; j <= b.length; j++) {
			const same = a[i - 1] === b[j - 1];
			let cost = Math.min(row[j - 1] + (same ? 0 : 1), row[j] + 1, next[j - 1] + 1);
			const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
			if (swapped) cost = Math.min(cost, before[j - 2] + 1);
			next.push(cost);
		}
		before = row;
		row = next;
	}
	return Math.min(max, row[b.length]);
}

/** Those of the names that are nearest to one: at most three. */
export function nearest(name: string, names: Iterable<string>): string[] {
	const upper = name.toUpperCase();
	const max = Math.max(2, Math.ceil(upper.length / 3)) + 1;
	const found: { name: string; far: number }[] = [];
	for (const other of names) {
		const their = other.toUpperCase();
		let far = distance(upper, their, max);
		// A part of a name that is left out is a likely mistake, too.
		if (far === max && upper.length >= 4 && their.includes(upper)) far = max - 0.5;
		if (far < max) found.push({ name: other, far });
	}
	found.sort((a, b) => a.far - b.far || a.name.length - b.name.length || (a.name < b.name ? -1 : 1));
	return found.slice(0, 3).map((entry) => entry.name);
}

/** The defined symbols that are nearest in name. */
export function nearest_names(kconf: Kconf, name: string): string[] {
	const defined = [...kconf.symbols.values()].filter((sym) => sym.type !== S_UNKNOWN);
	return nearest(
		name,
		defined.flatMap((sym) => sym.name ?? []),
	);
}
