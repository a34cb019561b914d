// SPDX-License-Identifier: GPL-2.0-only
//
// The names that a pattern stands for, as glob() of the C library finds them: "*", "?" and
// "[…]" in any part of a name, in the order of their bytes; a leading dot is matched by a dot.

import { existsSync, readdirSync } from "node:fs";
import type { KconfHost } from "../lkc.ts";
import { path_of, to_bytes } from "../text.ts";

const is_magic = (part: string): boolean => /[*?[]/.test(part);

function matcher(part: string): RegExp {
	let source = "";
	for (let i = 0; i < part.length; i++) {
		const c = part[i] as string;
		const set = c === "[" ? /^\[([!^]?)(\]?[^\]]*)\]/.exec(part.slice(i)) : null;
		if (c === "*") source += "[^]*";
		else if (c === "?") source += "[^]";
		else if (set) {
			source += `[${set[1] ? "^" : ""}${(set[2] as string).replace(/[\\\]^]/g, "\\$&")}]`;
			i += set[0].length - 1;
		} else source += (c === "\\" ? (part[++i] ?? "\\") : c).replace(/[^A-Za-z0-9_]/g, "\\$&");
	}
	return new RegExp(`^${source}$`);
}

function names_in(host: KconfHost, dir: string): string[] {
	try {
		return readdirSync(path_of(host, dir === "" ? "." : dir)).map(to_bytes);
	} catch {
		return [];
	}
}

/** All names that match, relative to where the host is. */
export function glob(host: KconfHost, pattern: string): string[] {
	let found = [""];
	for (const part of pattern.split(/(?<=\/)(?=[^/])/)) {
		const slashes = /\/*$/.exec(part)?.[0] ?? "";
		const name = part.slice(0, part.length - slashes.length);
		if (!is_magic(name)) {
			found = found.map((dir) => dir + part);
			continue;
		}
		const match = matcher(name);
		found = found.flatMap((dir) =>
			names_in(host, dir)
				.filter(
					(entry) =>
						match.test(entry) && (!entry.startsWith(".") || name.startsWith(".")),
				)
				.map((entry) => dir + entry + slashes),
		);
	}
	return found.filter((name) => existsSync(path_of(host, name))).sort((a, b) => (a < b ? -1 : 1));
}
