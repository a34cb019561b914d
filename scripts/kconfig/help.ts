// SPDX-License-Identifier: GPL-2.0-only
//
// Help texts, which are most of a Kconfig file: only their places are kept, until someone
// wants to read one. The second half of the HELP state of Linux's scripts/kconfig/lexer.l.

/** A help text where it stands in its file. */
export interface HelpSource {
	readonly text: string;
	readonly start: number;
	readonly end: number;
	/** Nothing but white space. */
	readonly blank: boolean;
}

const TAB = 9;

const is_blank = (c: string | undefined): boolean => c === " " || c === "\t";

/** The position of the newline at or behind `pos`, or of the end of the text. */
export function end_of_line(text: string, pos: number): number {
	const end = text.indexOf("\n", pos);
	return end < 0 ? text.length : end;
}

/** The column behind the blanks from `pos` to `end`, with tabs to multiples of 8. */
export function indentation(text: string, pos: number, end: number): number {
	let column = 0;
	for (let i = pos; i < end; i++) {
		column = text.charCodeAt(i) === TAB ? (column & ~7) + 8 : column + 1;
	}
	return column;
}

/** The help text as it is shown: without its indentation, and without blanks at line ends. */
export function help_text(help: HelpSource): string {
	const { text, end } = help;
	let out = "";
	let first = 0;
	for (let pos = help.start; pos < end; ) {
		let body = pos;
		while (body < end && is_blank(text[body])) body++;
		const eol = Math.min(end_of_line(text, body), end);
		let last = eol;
		while (last > body && is_blank(text[last - 1])) last--;
		if (body < last) {
			const column = indentation(text, pos, body);
			// A line at the margin has no indentation to take off, and sets none.
			out += first === 0 ? "" : " ".repeat(Math.max(0, column - first));
			if (first === 0) first = column;
			out += text.slice(body, last);
		}
		if (eol < end) out += "\n";
		pos = eol + 1;
	}
	return out;
}
