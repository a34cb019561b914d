// SPDX-License-Identifier: GPL-2.0-only
//
// File names by pattern, as Python's glob has them: *, ? and [...], each inside of one name, and
// what begins with a dot only if the pattern says so.

import { existsSync, readdirSync } from "node:fs";

const MAGIC = /[*?[]/;

function to_regexp(pattern: string): RegExp {
	const body = pattern.replace(/\[(!?)([^\]]+)\]|[*?]|[.+^${}()|\\[\]]/g, (all, not: string, set: string) => {
		if (set !== undefined) return `[${not ? "^" : ""}${set.replace(/[\\^]/g, "\\$&")}]`;
		if (all === "*") return ".*";
		return all === "?" ? "." : `\\${all}`;
	});
	return new RegExp(`^${body.replace(/(\.\*)+/g, ".*")}$`, "s");
}

/** The names that a pattern matches, sorted. */
export function glob(pattern: string): string[] {
	if (!MAGIC.test(pattern)) return existsSync(pattern) ? [pattern] : [];
	const parts = pattern.split("/");
	let found = [parts[0] === "" ? "" : (parts[0] as string)];
	if (parts[0] !== "" && MAGIC.test(parts[0] as string)) found = names(".", parts[0] as string);
	for (const part of parts.slice(1)) {
		if (MAGIC.test(part))
			found = found.flatMap((dir) => names(dir || "/", part).map((name) => `${dir}/${name}`));
		else found = found.map((dir) => `${dir}/${part}`);
	}
	return found.filter((name) => existsSync(name)).sort();
}

function names(dir: string, pattern: string): string[] {
	let entries: string[];
	try {
		entries = readdirSync(dir);
	} catch {
		return [];
	}
	const re = to_regexp(pattern);
	return entries.filter((name) => (!name.startsWith(".") || pattern.startsWith(".")) && re.test(name));
}
