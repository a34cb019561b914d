// SPDX-License-Identifier: GPL-2.0-only
//
// Makes a case that fails smaller: takes out lines, files and variables for as long as it
// still fails. What is left is short enough to be read.

import type { Case } from "./oracle_gen.ts";

/** Takes pieces out of a list while the rest still fails; tries at most `left.tries` times. */
function shrink_list<T>(list: readonly T[], left: { tries: number }, fails: (list: T[]) => boolean): T[] {
	let cur = [...list];
	for (let size = Math.max(1, cur.length >> 1); size >= 1; size >>= 1) {
		for (let at = 0; at < cur.length && left.tries > 0; ) {
			const less = [...cur.slice(0, at), ...cur.slice(at + size)];
			left.tries--;
			if (fails(less)) cur = less;
			else at += size;
		}
	}
	return cur;
}

/** The smallest case found within `tries` runs for which `fails` still holds. */
export function shrink_case(first: Case, fails: (c: Case) => boolean, tries = 1500): Case {
	let c = first;
	const left = { tries };
	const attempt = (next: Case): boolean => {
		if (!fails(next)) return false;
		c = next;
		return true;
	};
	for (let round = 0; round < 2; round++) {
		for (const name of Object.keys(c.files)) {
			const { [name]: text = "", ...files } = c.files;
			if (attempt({ ...c, files })) continue;
			const lines = text.split(/(?<=\n)/);
			shrink_list(lines, left, (less) =>
				attempt({ ...c, files: { ...c.files, [name]: less.join("") } }),
			);
		}
		for (const name of Object.keys(c.env)) {
			// Without it there is no telling what comes.
			if (name === "KCONFIG_SEED") continue;
			const { [name]: _, ...env } = c.env;
			attempt({ ...c, env });
		}
		const input = c.input.replace(/\n+$/, "\n").split(/(?<=\n)/);
		const tail = "\n".repeat(Math.max(0, (/\n+$/.exec(c.input)?.[0].length ?? 0) - 1));
		shrink_list(input, left, (less) => attempt({ ...c, input: less.join("") + tail }));
	}
	return c;
}
