// SPDX-License-Identifier: GPL-2.0-only
/** Mistakes in what the user gave: a message says what, where, what to do. */
import { readFileSync } from "node:fs";
import { reason, UserError } from "../../scripts/lib/errors.ts";

export { UserError };

/** Text of a file in a message: what would steer a terminal is shown as its number. */
export function printable(text: string): string {
	return text.replace(/[^\P{Cc}\n\t]/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** A mistake in a file: `file:line: what`. */
export function at(file: string, line: number, what: string): UserError {
	return new UserError(`${file}:${line}: ${printable(what).replace(/[\n\t]/g, " ")}`);
}

/** The text of a file that has to be there; `why` says what to do without it. */
export function read_text(path: string, why: string): string {
	try {
		return readFileSync(path, "utf8");
	} catch (error) {
		const code = (error as NodeJS.ErrnoException).code;
		const what =
			code === "ENOENT" || code === "ENOTDIR" ? "no such file" : `cannot be read: ${reason(error)}`;
		throw new UserError(`${path}: ${what}; ${why}`);
	}
}

/** Lines of a text, without the empty one behind the last newline. */
export function lines_of(text: string): string[] {
	const lines = text.split("\n");
	if (lines[lines.length - 1] === "") lines.pop();
	return lines.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
}

const MICROSECONDS = 1e6;

/** "1795212507.313906" as whole microseconds: exact in a double until 2255. */
export function parse_time(text: string): number | undefined {
	const match = /^(\d{1,10})\.(\d{6})$/.exec(text);
	if (!match) return undefined;
	return Number(match[1]) * MICROSECONDS + Number(match[2]);
}
