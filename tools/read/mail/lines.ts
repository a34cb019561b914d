// SPDX-License-Identifier: GPL-2.0-only
/** Lines of a mail, and the marks of quoting in front of them. */
import type { Line } from "./types.ts";

const MARKS = /^ ?((?:> ?(?=>))*>)/;

/** A blank behind the last mark is the mark's: most programs write one. Where not, see unblanked(). */
export function line_of(raw: string): Line {
	const marks = MARKS.exec(raw);
	if (!marks) return { depth: 0, text: raw, raw };
	const rest = raw.slice(marks[0].length);
	return { depth: marks[1].replaceAll(" ", "").length, text: rest.startsWith(" ") ? rest.slice(1) : rest, raw };
}

/** The text of a line that was quoted by a program that writes no blank behind its marks. */
export function unblanked(line: Line): string {
	const marks = MARKS.exec(line.raw);
	return marks ? line.raw.slice(marks[0].length) : line.raw;
}

/** No line end of a mail is a sign in it; a form feed is. */
export function split_lines(text: string): string[] {
	const lines = text.split(/\r*\n|\r(?!\n)/);
	if (lines.at(-1) === "") lines.pop();
	return lines;
}
