// SPDX-License-Identifier: GPL-2.0-only
//
// What else changes with a set of values, as a few lines of text: what the user loses comes
// first. No counterpart in Linux.

import type { Change } from "./effects.ts";
import { prompts_of } from "./goal.ts";
import { is_logical } from "./trial.ts";

/** More than this many of one kind are counted, not listed. */
const MAX_LIST = 5;
const MAX_SHOWN: Readonly<Record<string, number>> = { adds: 3, drops: 3, changes: 3 };

/** The kinds of changes, the most telling first; each change is of the first that fits. */
const KINDS: readonly (readonly [title: string, fits: (change: Change) => boolean])[] = [
	["takes away what you have on", ({ lost }) => lost],
	["turns off", ({ sym, after }) => is_logical(sym) && after === "n"],
	["turns on", ({ sym, before }) => is_logical(sym) && before === "n"],
	["adds", ({ before }) => before === null],
	["drops", ({ after }) => after === null],
	["changes", () => true],
];

/** Symbols with a prompt are known better than those without. */
const rank = ({ sym }: Change): number => (prompts_of(sym).length > 0 ? 0 : 1);

function text_of({ sym, before, after }: Change, title: string): string {
	const quote = (text: string | null): string => (sym.type === "string" ? `"${text}"` : `${text}`);
	if (title === "adds") return `${sym.name}=${quote(after)}`;
	if (title === "changes") return `${sym.name} ${quote(before)} -> ${quote(after)}`;
	return `${sym.name}${is_logical(sym) && after === "m" ? " (m)" : ""}`;
}

/** One line for each kind of change that there is, without what the set itself says. */
export function change_lines(changes: readonly Change[]): string[] {
	const rest = new Set(changes.filter(({ set }) => !set));
	const lines: string[] = [];
	for (const [title, fits] of KINDS) {
		const own = [...rest].filter(fits).sort((a, b) => rank(a) - rank(b));
		for (const change of own) rest.delete(change);
		if (own.length === 0) continue;
		const shown = own.slice(0, MAX_SHOWN[title] ?? MAX_LIST).map((change) => text_of(change, title));
		const more = own.length - shown.length;
		lines.push(`  ${title}: ${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`);
	}
	return lines;
}
