// SPDX-License-Identifier: GPL-2.0-only
//
// Texts and files as the C program sees them: a string of the engine holds bytes, one to a
// character, so that what is not ASCII, or not even UTF-8, goes in and out unchanged. It has
// no counterpart in Linux. Programs that use the engine as a library get and give real text:
// index.ts converts.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, isAbsolute } from "node:path";
import type { KconfHost } from "./lkc.ts";
import { ConfExit } from "./lkc.ts";

const NOT_ASCII = /[^\0-\x7f]/;

/** Text as the bytes of its UTF-8. */
export function to_bytes(text: string): string {
	return NOT_ASCII.test(text) ? Buffer.from(text).toString("latin1") : text;
}

/** The text that bytes stand for; what is no UTF-8 becomes U+FFFD. */
export function to_text(bytes: string): string {
	return NOT_ASCII.test(bytes) ? Buffer.from(bytes, "latin1").toString() : bytes;
}

/** The end of the command, with a message in which there are bytes from a file. */
export function bytes_exit(code: number, message: string): ConfExit {
	return new ConfExit(code, to_text(message), message);
}

/** A name from the engine as a path for node:fs. */
export function path_of(host: KconfHost, name: string): string {
	const text = to_text(name);
	if (isAbsolute(text) || host.cwd === process.cwd()) return text;
	return `${host.cwd}/${text}`;
}

/** All bytes of a file. Throws what node:fs throws. */
export function read_bytes(path: string): string {
	const text = readFileSync(path, "utf8");
	return NOT_ASCII.test(text) ? readFileSync(path, "latin1") : text;
}

/**
 * Reads ./name, or else $srctree/name: zconf_fopen(). Null if neither can be opened; what
 * `directory` returns if it is one.
 */
export function read_file(host: KconfHost, name: string, directory: () => string = () => ""): string | null {
	const { srctree } = host.env;
	const places = name === "" ? [] : [path_of(host, name)];
	if (srctree !== undefined && !name.startsWith("/")) {
		places.push(path_of(host, `${to_bytes(srctree)}/${name}`));
	}
	for (const [i, path] of places.entries()) {
		// An exception costs more than to ask first.
		if (i < places.length - 1 && !existsSync(path)) continue;
		try {
			return read_bytes(path);
		} catch (e) {
			if ((e as NodeJS.ErrnoException).code === "EISDIR") return directory();
		}
	}
	return null;
}

/**
 * Makes the directories that a file is to lie in. Throws what node:fs throws. Its own
 * "recursive" goes on for ever below a directory like /proc.
 */
export function make_parent_dir(path: string): void {
	const dir = dirname(path);
	if (existsSync(dir)) return;
	make_parent_dir(dir);
	mkdirSync(dir, 0o755);
}
