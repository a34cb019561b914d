// SPDX-License-Identifier: GPL-2.0-only
/**
 * A patch or a mail that is plain text: saved from an archive's page, written
 * by `git show` or `diff`, or with no head at all.
 */
import { split_lines } from "./lines.ts";
import type { Mail } from "./mime.ts";

/** How far down a page says what it shows. */
const TOP = 24;

const field = (lines: string[], name: string): number =>
	lines.slice(0, TOP).findIndex((line) => new RegExp(`^${name}:\\s+\\S`).test(line));
const value = (line = ""): string => line.replace(/^\w+:\s+/, "").trim();

/** `git show` and `git log -p`. */
function of_commit(lines: string[]): Mail | undefined {
	if (!/^commit [0-9a-f]{7,40}/.test(lines[0] ?? "")) return undefined;
	const end = lines.indexOf("");
	const head = lines.slice(0, end < 0 ? lines.length : end);
	const author = head.find((line) => line.startsWith("Author:"));
	if (!author) return undefined;
	const body = end < 0 ? [] : lines.slice(end + 1);
	const diff = body.findIndex((line) => /^(diff |---$)/.test(line));
	const message = diff < 0 ? body : body.slice(0, diff);
	return {
		...person(value(author)),
		date: value(head.find((line) => /^(Author|Commit)?Date:/.test(line))),
		subject: (message.find((line) => line.trim() !== "") ?? "").trim(),
		references: [],
		texts: [{ lines }],
		problems: [],
	};
}

function person(text: string): { from: string; address: string } {
	const m = /^"?(.*?)"?\s*<(.*)>$/.exec(text);
	return m ? { from: m[1] || m[2], address: m[2] } : { from: text, address: text.includes("@") ? text : "" };
}

/** The subject: said as such; the first line of a page; in the midst of what a page has beside it. */
function subject_of(lines: string[]): string {
	const said = lines.slice(0, TOP).find((line) => /^Subject:?\s*\S/.test(line));
	if (said) return said.replace(/^Subject:?\s*/, "").trim();
	const near = lines.slice(0, TOP).map((line) => line.trim());
	const patch = near.find((line) => /^(Re: *)*\[[^\]]*(PATCH|RFC)[^\]]*\]/i.test(line));
	if (patch) return patch;
	/* Prose before a diff has no subject. */
	return field(lines, "From") >= 0 ? (near.find((line) => line !== "") ?? "") : "";
}

export function read_saved(text: string): Mail {
	const lines = split_lines(text.replace(/^\uFEFF/, ""));
	const commit = of_commit(lines);
	if (commit) return commit;
	const [from, date] = [field(lines, "From"), field(lines, "Date")];
	return {
		...person(from < 0 ? "" : value(lines[from])),
		date: date < 0 ? "" : value(lines[date]),
		subject: subject_of(lines),
		references: [],
		texts: [{ lines }],
		problems: [],
	};
}
