// SPDX-License-Identifier: GPL-2.0-only
/** HTML from templates: what is put in is text, unless it is HTML already. */

export class Html {
	constructor(readonly text: string) {}
}
type Value = Html | string | number | undefined | false | null | readonly Value[];

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
/** What steers a terminal, or turns the direction of writing. */
const STEERS = /[^\P{Cc}\t\n]|[\u202a-\u202e\u2066-\u2069]/gu;

/** Text as HTML. */
export function escaped(text: string): string {
	return text.replace(/[&<>"']/g, (c) => ESCAPES[c]).replace(STEERS, (c) => `\\x${c.charCodeAt(0).toString(16)}`);
}

function text_of(value: Value): string {
	if (value instanceof Html) return value.text;
	if (value === undefined || value === false || value === null) return "";
	if (Array.isArray(value)) return value.map(text_of).join("");
	return escaped(String(value));
}

export function html(parts: TemplateStringsArray, ...values: Value[]): Html {
	return new Html(parts.reduce((text, part, i) => text + text_of(values[i - 1]) + part));
}
