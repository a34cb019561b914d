// SPDX-License-Identifier: GPL-2.0-only
/**
 * How much each search was the last time, below build/explore: how many
 * executions, in how many seconds. What is left of a search cannot be told from
 * the search itself: which orders have to be tried is found out on the way, and
 * what is tried last is mostly cut off at once. A search makes the same
 * executions each time, unless the kernel changes. Nothing but the progress bars
 * asks for this.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { write_file } from "../../../scripts/lib/files.ts";
import { build_dir } from "../../lib/root.ts";

export interface Size {
	made: number;
	seconds: number;
}

export class History {
	#known: Record<string, Size> = {};

	constructor(readonly file = join(build_dir(), "explore/history.json")) {
		try {
			this.#known = JSON.parse(readFileSync(file, "utf8"));
		} catch {
			/* There is none yet, or it is damaged: that is none, too. */
		}
	}
	get(search: string): Size | undefined {
		return this.#known[search];
	}
	add(search: string, size: Size): void {
		this.#known[search] = size;
		try {
			write_file(this.file, JSON.stringify(this.#known), { parents: true });
		} catch {
			/* Nobody needs it. */
		}
	}
}

interface Done {
	size?: Size;
	/** What it took now; undefined: it is under way, or waits. */
	seconds?: number;
}

/** Seconds that are left of many searches on some cores; undefined where one of them was never seen. */
export function seconds_left(searches: readonly Done[], cores: number): number | undefined {
	const [now, then] = searches.reduce(
		([a, b], s) => (s.size && s.seconds !== undefined ? [a + s.seconds, b + s.size.seconds] : [a, b]),
		[0, 0],
	);
	/* The machine may be slower than it was, or faster. */
	const pace = then > 0 ? now / then : 1;
	let left = 0;
	for (const s of searches) {
		if (s.seconds !== undefined) continue;
		if (!s.size) return undefined;
		left += s.size.seconds;
	}
	return (pace * left) / cores;
}
