// SPDX-License-Identifier: GPL-2.0-only
/**
 * One hunk. Its head says how many lines it has of the old file and of the new
 * one, and that is what decides where mails have lost something: a context line
 * its blank, a long line its end to the next line, a quoted hunk its middle.
 */
import { count } from "../../../scripts/lib/words.ts";
import { unblanked } from "./lines.ts";
import type { FileInfo, Hunk, Line, Row } from "./types.ts";

const HEAD = /^(@@+) ((?:-\d+(?:,\d+)? )+)\+(\d+)(?:,(\d+))? (@@+) ?(.*)$/;
/** What ends a hunk whatever it lacks: the next one, the next file, a signature. */
const END = /^(diff --(git|cc|combined) |@@|Index: |-- ?$|From [0-9a-f]{7,40} )/;
/** Somebody left lines out. */
const LEFT_OUT = /^\s*[[<(]?\s*(\.\.\.+|…|snip|cut|skip)/i;
/** Where mail programs wrap. */
const WRAP_AT = 66;

export interface Counts {
	parents: number;
	old: [number, number];
	new: [number, number];
	section: string;
}

export const has_lost = (h: Hunk): boolean => h.notes.some((n) => n.endsWith(LOST));
export function hunk_head(text: string): Counts | undefined {
	const m = HEAD.exec(text);
	if (!m || m[1] !== m[5]) return undefined;
	const [start, count = "1"] = m[2].trim().split(" ")[0].slice(1).split(",");
	return {
		parents: m[1].length - 1,
		old: [Number(start), Number(count)],
		new: [Number(m[3]), Number(m[4] ?? 1)],
		section: m[6],
	};
}

interface Marked {
	kind: Row["kind"];
	text: string;
	old: boolean;
	new: boolean;
}
/** A line by its marks; none: it has lost them, or is no line of a hunk. */
function marked(text: string, parents: number): Marked | undefined {
	if (text === "") return { kind: " ", text, old: true, new: true };
	if (text[0] === "\\") return { kind: "\\", text: text.slice(1), old: false, new: false };
	const marks = text.slice(0, parents);
	if (!/^[ +-]+$/.test(marks)) return undefined;
	const gone = marks.includes("-");
	return {
		kind: gone ? "-" : marks.includes("+") ? "+" : " ",
		text: text.slice(parents),
		old: gone ? marks[0] === "-" : marks[0] !== "+",
		new: !gone,
	};
}

/** What a line without marks is: a context line, the end of the line above, a context line if it looks like
 *  code, or none of the hunk any more. */
type Guess = "context" | "join" | "code" | "end";
const CODE = /^(\s|[{}#*/]|\w+:$)/;
interface Walk {
	rows: Row[];
	/** The rest of its head. */
	head: Line[];
	/** How many lines it has taken. */
	used: number;
	whole: boolean;
	/** It has more lines than the head says. */
	more: boolean;
	gaps: number;
	guessed: Record<Guess, number>;
	/** The shortest line of which the end was found on the next. */
	shortest: number;
}

/** Takes lines as long as they fit; `guess` says what one without marks is. */
function walk(lines: Line[], depth: number, text_of: (l: Line) => string, counts: Counts, guess: Guess): Walk {
	const w: Walk = {
		rows: [],
		head: [],
		used: 0,
		whole: false,
		more: false,
		gaps: 0,
		guessed: { context: 0, join: 0, code: 0, end: 0 },
		shortest: Number.POSITIVE_INFINITY,
	};
	let [old_left, new_left] = [counts.old[1], counts.new[1]];
	const push = (kind: Row["kind"], text: string, line: Line) => {
		w.rows.push({ kind, text, lines: [line] });
	};
	for (const line of lines) {
		if (line.depth < depth) {
			const last = w.rows.at(-1);
			if (last?.kind === "comment" && last.depth === line.depth) last.lines.push(line);
			else w.rows.push({ kind: "comment", text: "", depth: line.depth, lines: [line] });
			w.used++;
			continue;
		}
		const text = text_of(line);
		const m = marked(text, counts.parents);
		w.whole = old_left <= 0 && new_left <= 0 && w.gaps === 0;
		if (w.whole) {
			/* More of it than there should be: somebody has changed it by hand. */
			w.more ||= m !== undefined && /^[+-](?!-)/.test(text);
			if (m?.kind !== "\\" && !w.more) break;
		}
		if (depth > 0 && LEFT_OUT.test(text) && m?.kind !== "+" && m?.kind !== "-") {
			w.gaps++;
			w.rows.push({ kind: "comment", text: "", depth, lines: [line] });
			w.used++;
			continue;
		}
		if (m === undefined) {
			const last = w.rows.at(-1);
			if (guess === "end" || w.more || (guess === "code" && !CODE.test(text))) break;
			if (guess === "join" && last?.kind === "comment") break;
			w.guessed[guess]++;
			if (guess === "join") {
				w.shortest = Math.min(w.shortest, last ? last.text.length : Number.POSITIVE_INFINITY);
				if (last) last.text += ` ${text}`;
				(last?.lines ?? w.head).push(line);
				w.used++;
				continue;
			}
			if (old_left <= 0 || new_left <= 0) break;
			push(" ", text, line);
			old_left--;
			new_left--;
		} else {
			const fits = (!m.old || old_left > 0) && (!m.new || new_left > 0);
			if (!fits && w.gaps === 0 && !w.more) break;
			push(m.kind, m.text, line);
			if (m.old) old_left--;
			if (m.new) new_left--;
		}
		w.used++;
	}
	w.whole = old_left <= 0 && new_left <= 0 && w.gaps === 0 && !w.more;
	return w;
}

/** Up to what ends it for certain; comments in between included. */
function reach(lines: Line[], from: number, depth: number): Line[] {
	const found: Line[] = [];
	for (let i = from; i < lines.length; i++) {
		const { depth: d, text } = lines[i];
		if (d > depth) break;
		if (d === depth) {
			const next = lines[i + 1];
			const file = /^--- \S/.test(text) && next?.depth === depth && /^\+\+\+ \S/.test(next.text);
			if (END.test(text) || file) break;
		}
		found.push(lines[i]);
	}
	return found;
}

const LOST = "lost the leading blank";
const lost = (n: number) => `${count(n, "context line")} ${LOST}`;

/** The one that takes the hunk for what its head says. */
function best({ context, join, code, end }: Record<Guess, Walk>, lossy: boolean): { walk: Walk; note?: string } {
	if (end.whole) return { walk: end };
	const wrapped = join.whole && join.shortest >= WRAP_AT;
	if (context.whole && !wrapped) return { walk: context, note: lost(context.guessed.context) };
	if (join.whole) return { walk: join, note: `${count(join.guessed.join, "wrapped line")} put together` };
	if (lossy && context.guessed.context > 0) return { walk: context, note: lost(context.guessed.context) };
	/* None: what somebody quoted in part, or what is damaged in more than one way. */
	return code.guessed.code > 0 ? { walk: code, note: lost(code.guessed.code) } : { walk: end };
}

/** A comment behind the hunk that is only blank lines is none. */
function trim(rows: Row[]): number {
	let lines = 0;
	while (rows.at(-1)?.kind === "comment" && rows.at(-1)?.lines.every((l) => l.text.trim() === ""))
		lines += (rows.pop() as Row).lines.length;
	return lines;
}

/** The hunk whose head is line `at`, and the line behind it. `lossy`: others of the text have lost blanks. */
export function read_hunk(lines: Line[], at: number, file: FileInfo, lossy: boolean): { hunk: Hunk; next: number } {
	const head = lines[at];
	const counts = hunk_head(head.text) as Counts;
	/* A program that writes no blank behind its marks has written none here. */
	const bare = head.depth > 0 && unblanked(head) === head.text;
	const text_of = (l: Line) => (bare ? unblanked(l) : l.text);
	const near = reach(lines, at + 1, head.depth);
	const go = (guess: Guess) => walk(near, head.depth, text_of, counts, guess);
	const { walk: w, note } = best(
		{ end: go("end"), context: go("context"), join: go("join"), code: go("code") },
		lossy,
	);
	const notes = note ? [note] : [];
	const used = w.used - trim(w.rows);
	if (w.more) notes.push(`it has more lines than its head says (-${counts.old[1]} +${counts.new[1]})`);
	else if (w.gaps > 0) notes.push("who quotes it left lines out");
	else if (!w.whole) {
		const there = count(w.rows.filter((r) => r.kind !== "comment" && r.kind !== "\\").length, "line");
		const early = `it ends after ${there}, before its head says so (-${counts.old[1]} +${counts.new[1]})`;
		notes.push(head.depth > 0 ? `who quotes it cut it short after ${there}` : early);
	}
	return {
		hunk: {
			kind: "hunk",
			file,
			heads: [head, ...w.head],
			old: counts.old,
			new: counts.new,
			section: [counts.section, ...w.head.map((l) => l.text)].join(" "),
			depth: head.depth,
			rows: w.rows,
			notes,
		},
		next: at + 1 + used,
	};
}
