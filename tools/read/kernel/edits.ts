// SPDX-License-Identifier: GPL-2.0-only
/** What differs between two texts, line by line: by fast-diff, to which each line is one character. */
import diff from "fast-diff";
import type { Edit } from "./kernel.ts";

/** No character: half of one. */
const SURROGATES = 0xd800;
const AFTER = 0xe000;

/** Characters for lines: the same for the same. Throws where there are more lines than characters. */
class Letters {
	readonly #known = new Map<string, string>();
	of(lines: readonly string[]): string {
		return lines.map((line) => this.#known.get(line) ?? this.#add(line)).join("");
	}
	#add(line: string): string {
		const n = this.#known.size + 1;
		const code = n < SURROGATES ? n : n - SURROGATES + AFTER;
		if (code > 0xffff) throw new RangeError("too many different lines to compare");
		const letter = String.fromCharCode(code);
		this.#known.set(line, letter);
		return letter;
	}
}

/** Line by line: both have it (0), the first has (-1), the second has (1). */
export function line_diff(a: readonly string[], b: readonly string[]): [kind: -1 | 0 | 1, lines: readonly string[]][] {
	const letters = new Letters();
	let [i, k] = [0, 0];
	return diff(letters.of(a), letters.of(b)).map(([kind, { length }]) => {
		const lines = kind > 0 ? b.slice(k, k + length) : a.slice(i, i + length);
		if (kind <= 0) i += length;
		if (kind >= 0) k += length;
		return [kind, lines];
	});
}

export function edits_between(a: readonly string[], b: readonly string[]): Edit[] {
	const edits: Edit[] = [];
	let at = 0;
	let open = false;
	for (const [kind, lines] of line_diff(a, b)) {
		if (kind === 0) {
			at += lines.length;
			open = false;
			continue;
		}
		const last = edits.at(-1);
		const gone = kind < 0 ? lines.length : 0;
		const come = kind > 0 ? lines : [];
		if (open && last) edits[edits.length - 1] = [last[0], last[1] + gone, [...last[2], ...come]];
		else edits.push([at, gone, come]);
		at += gone;
		open = true;
	}
	return edits;
}
