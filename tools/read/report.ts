// SPDX-License-Identifier: GPL-2.0-only
/** `spf read --coverage`: hunks and their homes as text. */
import { count } from "../../scripts/lib/words.ts";
import { printable } from "../lib/errors.ts";
import { type Coverage, coverage, hunk_name, is_aligned, type Located } from "./align/coverage.ts";
import type { Room } from "./mail/message.ts";

const line = (text: string): string => printable(text).replace(/[\n\t]/g, " ");

function home(l: Located): string {
	const names = l.place.regions.map((r) => `${r.file} ${r.name}`).join(", ");
	if (is_aligned(l.place)) return names;
	return `none: ${l.place.reason}${names ? `; beside ${names}` : ""}`;
}

export function coverage_text({ messages, passed }: Room, located: readonly Located[]): string {
	const out: string[] = [];
	for (const m of messages) {
		const mine = located.filter((l) => l.message === m);
		if (mine.length === 0 && m.problems.length === 0) continue;
		out.push(line(m.subject || m.id));
		for (const problem of m.problems) out.push(`  (${line(problem)})`);
		for (const l of mine) out.push(line(`  ${hunk_name(l.hunk)}`), line(`      ${home(l)}`));
	}
	for (const p of passed) out.push(line(`${p.origin}: not read: ${p.reason}`));
	return `${out.join("\n")}\n\n${summary(coverage(messages, located))}\n`;
}

function summary(c: Coverage): string {
	const share = c.ported_hunks === 0 ? "" : ` (${((100 * c.aligned_hunks) / c.ported_hunks).toFixed(1)} %)`;
	const beside = `${c.aligned_hunks} of them beside what they change${share}`;
	const read = [count(c.messages, "message"), count(c.patches, "patch", "patches"), count(c.hunks, "hunk")].join(
		", ",
	);
	return `${read}: ${c.ported_hunks} in files that are here, ${beside}`;
}
