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

/** An object is used as it is, where a name of an encoding becomes a new one each time. */
const AS_TEXT = { encoding: "utf8", flag: "r" } as const;

/** All bytes of a file. Throws what node:fs throws. */
export function read_bytes(path: string): string {
	const text = readFileSync(path, AS_TEXT);
	return NOT_ASCII.test(text) ? readFileSync(path, "latin1") : text;
}

/**
 * Reads ./name, or else $srctree/name: zconf_fopen(). Null if neither can be opened; what
 * `directory` returns if it is one.
 */
export function read_file(host: KconfHost, name: string, directory: () => string = () => ""): string | null {
	const { srctree } = host.env;
	const below = srctree !== undefined && !name.startsWith("/") ? `${to_bytes(srctree)}/${name}` : null;
	if (name !== "") {
		const path = path_of(host, name);
		// An exception costs more than to ask first.
		const text = below === null || existsSync(path) ? try_read(path, directory) : null;
		if (text !== null) return text;
	}
	return below === null ? null : try_read(path_of(host, below), directory);
}

function try_read(path: string, directory: () => string): string | null {
	try {
		return read_bytes(path);
	} catch (e) {
		return (e as NodeJS.ErrnoException).code === "EISDIR" ? directory() : null;
	}
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
