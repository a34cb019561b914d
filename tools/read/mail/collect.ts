// SPDX-License-Identifier: GPL-2.0-only
/** The files that a command line names, and those in the folders that it names; nothing outside of them. */
import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, join, relative, sep } from "node:path";
import { printable, UserError } from "../../lib/errors.ts";
import { split_mbox } from "./mbox.ts";
import { is_mail } from "./mime.ts";

export interface Found {
	/** As it is named to the reader: below the folder that was given. */
	origin: string;
	bytes: Buffer;
	mail: boolean;
}
export interface Collected {
	found: Found[];
	/** What was not read, and why. */
	passed: { origin: string; reason: string }[];
}

const MOST_BYTES = 50 * 1024 * 1024;
const MOST_MESSAGES = 5000;
/** What is shown as text though it has neither a mail's head nor a diff. */
const TEXTS = /(^|\/)[^.]+$|\.(txt|eml|patch|diff|mbox|mbx|mail|msg|cover)$/i;
const DIFF = /^(?:[> ]*)(?:diff --git |@@+ -\d|\+\+\+ \S)/m;

export function collect(names: readonly string[]): Collected {
	const all: Collected = { found: [], passed: [] };
	let size = 0;
	const add = (origin: string, bytes: Buffer, asked: boolean) => {
		size += bytes.length;
		if (size > MOST_BYTES) throw new UserError(`${origin}: more than 50 MB; read fewer files at once`);
		add_file(all, origin, bytes, asked);
		if (all.found.length > MOST_MESSAGES)
			throw new UserError(`${origin}: more than ${MOST_MESSAGES} messages; read fewer files at once`);
	};
	for (const name of names) {
		if (name === "-") add("standard input", readFileSync(0), true);
		else if (type_of(name) === "folder") {
			const top = realpathSync(name);
			for (const path of files_of(top, top, all.passed)) {
				if (lstatSync(path).size > MOST_BYTES)
					throw new UserError(`${path}: more than 50 MB; split it`);
				add(relative(top, path), read(path), false);
			}
		} else add(basename(name), read(name), true);
	}
	return all;
}

function type_of(name: string): "folder" | "file" {
	const found = statSync(name, { throwIfNoEntry: false });
	if (!found) throw new UserError(`${name}: no such file; name an mbox, a patch, a mail, or a folder of them`);
	if (found.isDirectory()) return "folder";
	if (!found.isFile() && !found.isFIFO())
		throw new UserError(`${name}: not a file; name an mbox, a patch or a mail`);
	return "file";
}

function read(path: string): Buffer {
	try {
		return readFileSync(path);
	} catch (error) {
		throw new UserError(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
	}
}

/** Files below a folder, in order. A link that leads out of it is not followed. */
function* files_of(top: string, dir: string, passed: Collected["passed"]): Generator<string> {
	for (const entry of readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
		if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
		const path = join(dir, entry.name);
		const origin = relative(top, path);
		if (entry.isSymbolicLink()) {
			let to = "";
			try {
				to = realpathSync(path);
			} catch {}
			if (!to.startsWith(top + sep))
				passed.push({ origin, reason: "a link that leads out of the folder" });
			else if (!statSync(to).isFile()) passed.push({ origin, reason: "a link to a folder" });
			else yield path;
		} else if (entry.isDirectory()) yield* files_of(top, path, passed);
		else if (entry.isFile()) yield path;
		else passed.push({ origin, reason: "not a file" });
	}
}

function add_file(all: Collected, origin: string, bytes: Buffer, asked: boolean): void {
	origin = printable(origin).replace(/[\n\t]/g, " ");
	if (bytes.subarray(0, 8000).includes(0)) {
		if (asked) throw new UserError(`${origin}: not a text; name an mbox, a patch or a mail`);
		all.passed.push({ origin, reason: "not a text" });
		return;
	}
	/* Some editors put a mark in front. */
	const text_at = bytes.subarray(0, 3).toString("latin1") === "\xef\xbb\xbf" ? 3 : 0;
	const parts = split_mbox(bytes.subarray(text_at));
	const mails = parts.map((part) => is_mail(part.subarray(0, 65536).toString("latin1")));
	if (!asked && !TEXTS.test(origin) && !mails.some(Boolean) && !DIFF.test(bytes.toString("latin1"))) {
		all.passed.push({ origin, reason: "neither a mail nor a patch" });
		return;
	}
	parts.forEach((part, i) => {
		all.found.push({
			origin: parts.length > 1 ? `${origin}:${i + 1}` : origin,
			bytes: part,
			mail: mails[i],
		});
	});
}
