// SPDX-License-Identifier: GPL-2.0-only
/** Lines of a hunk that a reply quotes without the hunk's head: the patch that it answers has them, too. */
import type { Threads } from "./threads.ts";
import { type Block, type Hunk, hunks_of, type Line, type Message, type Row } from "./types.ts";

/** What programs do to white space does not make it another line. */
const plain = (text: string): string => text.replace(/\s+/g, " ").trim();

/** Fewer lines say nothing: of code, some of them changed. */
const LEAST = 2;

interface Place {
	hunk: Hunk;
	row: number;
}

/** Of the patches that a message answers: where each line of a hunk is. */
function rows_of(ancestors: Message[]): Map<string, Place[]> {
	const found = new Map<string, Place[]>();
	for (const m of ancestors)
		for (const hunk of hunks_of(m).filter((h) => h.depth === 0))
			hunk.rows.forEach((r, row) => {
				if (r.kind === "comment" || plain(r.text).length < 2) return;
				const key = r.kind + plain(r.text);
				found.set(key, [...(found.get(key) ?? []), { hunk, row }]);
			});
	return found;
}

const row_of = (line: Line): Row | undefined => {
	const kind = line.text[0];
	if (line.text === "") return { kind: " ", text: "", lines: [line] };
	return kind === "+" || kind === "-" || kind === " "
		? { kind, text: line.text.slice(1), lines: [line] }
		: undefined;
};

/** The longest run from line `at` on that stands like this in one hunk, with what is said in between. */
function run(
	lines: Line[],
	at: number,
	rows: Map<string, Place[]>,
): { hunk: Hunk; rows: Row[]; used: number } | undefined {
	const { depth } = lines[at];
	const first = row_of(lines[at]);
	if (depth === 0 || !first || first.text.trim() === "") return undefined;
	for (const { hunk, row } of rows.get(first.kind + plain(first.text)) ?? []) {
		const taken: Row[] = [];
		let used = 0;
		let in_hunk = row;
		for (let i = at; i < lines.length; i++) {
			const line = lines[i];
			if (line.depth > depth) break;
			if (line.depth < depth) {
				const last = taken.at(-1);
				if (last?.kind === "comment" && last.depth === line.depth) last.lines.push(line);
				else taken.push({ kind: "comment", text: "", depth: line.depth, lines: [line] });
				continue;
			}
			const r = row_of(line);
			const there = hunk.rows.findIndex(
				(h, n) => n >= in_hunk && h.kind === r?.kind && plain(h.text) === plain(r.text),
			);
			if (!r || there < 0) break;
			in_hunk = there + 1;
			taken.push(r);
			used = taken.reduce((n, t) => n + t.lines.length, 0);
		}
		/* What is said behind the last line is said of it, up to the next thing that is quoted. */
		while (taken.at(-1)?.kind === "comment" && taken.at(-1)?.lines.every((l) => l.text.trim() === ""))
			taken.pop();
		used = taken.reduce((n, t) => n + t.lines.length, 0);
		const code = taken.filter((t) => t.kind !== "comment" && t.text.trim() !== "");
		if (code.length >= LEAST && code.some((t) => t.kind !== " ")) return { hunk, rows: taken, used };
	}
	return undefined;
}

function blocks_with_quotes(b: Block, rows: Map<string, Place[]>): Block[] {
	if (b.kind !== "text") return [b];
	const blocks: Block[] = [];
	for (let i = 0; i < b.lines.length; ) {
		const found = run(b.lines, i, rows);
		if (found) {
			const { hunk } = found;
			blocks.push({
				...hunk,
				heads: [],
				depth: b.lines[i].depth,
				rows: found.rows,
				notes: ["quoted without its head, which is that of the patch it answers"],
			});
			i += found.used;
			continue;
		}
		const last = blocks.at(-1);
		if (last?.kind === "text") last.lines.push(b.lines[i]);
		else blocks.push({ kind: "text", lines: [b.lines[i]] });
		i++;
	}
	return blocks;
}

/** Finds them in all replies. */
export function find_quotes(messages: readonly Message[], { parent }: Threads): void {
	for (const m of messages) {
		const ancestors: Message[] = [];
		for (let p = parent.get(m); p; p = parent.get(p)) ancestors.push(p);
		if (ancestors.length === 0) continue;
		/* Somebody has quoted the hunk, and not the head of the file. */
		for (const h of hunks_of(m).filter((x) => x.depth > 0 && x.file.path === "")) {
			const same = ancestors.flatMap(hunks_of).find((x) => x.heads[0]?.text === h.heads[0].text);
			if (same) h.file = same.file;
		}
		const rows = rows_of(ancestors);
		if (rows.size === 0) continue;
		for (const part of m.parts) part.blocks = part.blocks.flatMap((b) => blocks_with_quotes(b, rows));
	}
}
