// SPDX-License-Identifier: GPL-2.0-only
//
// Remembers what the commands of $(shell,…) printed, from one run to the next: on the kernel's
// tree they take four fifths of the time. It has no counterpart in Linux.
//
// One file for each directory, environment and set of programs, in $XDG_CACHE_HOME or
// ~/.cache, under spf-kconfig/; deleting it costs nothing but time. An answer holds as long
// as all of these are the same: the command, the directory, the whole environment (without
// the variables of IGNORED), the dates of the directories in $PATH, and the dates and sizes
// of all files that the command names. A command whose answer depends on anything else, such
// as the time, gets an old one: KCONFIG_NOCACHE=1 turns all this off.

import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Compat, KconfHost, ShellResult } from "./lkc.ts";
import { run_shell } from "./shell.ts";
import { run_ahead } from "./shell_ahead.ts";
import { make_parent_dir, path_of } from "./text.ts";

/** Raised when the file looks different. */
const VERSION = 1;

/** Files kept; the oldest goes first. */
const MAX_FILES = 64;

/** What changes from one call of make or of a shell to the next, and is read by nobody. */
const IGNORED: ReadonlySet<string> = new Set([
	"_",
	"COLUMNS",
	"KCONFIG_COMPAT",
	"KCONFIG_CONFIG",
	"KCONFIG_PROBABILITY",
	"KCONFIG_SEED",
	"LINES",
	"MAKEFLAGS",
	"MAKELEVEL",
	"MAKEOVERRIDES",
	"MAKE_TERMERR",
	"MAKE_TERMOUT",
	"MFLAGS",
	"OLDPWD",
	"SHLVL",
]);

interface Entry extends ShellResult {
	/** Dates and sizes of the files that the command names. */
	readonly files: string;
}

interface CacheFile {
	readonly key: string;
	readonly commands: Record<string, Entry>;
}

/** What the answers depend on besides their commands. */
function environment_key(host: KconfHost): string {
	const vars = Object.entries(host.env)
		.filter(([name]) => !IGNORED.has(name))
		.map(([name, value]) => `${name}=${value}`)
		.sort();
	const dirs = [...(host.env.PATH ?? "").split(":"), "/etc/alternatives"];
	return [VERSION, host.cwd, ...vars, ...dirs.map(date_of)].join("\n");
}

function date_of(path: string): string {
	const stat = statSync(path, { throwIfNoEntry: false });
	return stat ? `${stat.mtimeMs}:${stat.size}` : "-";
}

function cache_dir(host: KconfHost): string {
	return join(host.env.XDG_CACHE_HOME || join(host.env.HOME || homedir(), ".cache"), "spf-kconfig");
}

/** FNV-1a, for the name of the file; the key itself is in it. */
function hash(text: string): string {
	let h = 2166136261;
	for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
	return (h >>> 0).toString(16).padStart(8, "0");
}

function load(path: string, key: string): Map<string, Entry> {
	try {
		const file = JSON.parse(readFileSync(path, "utf8")) as CacheFile;
		if (file.key === key) return new Map(Object.entries(file.commands));
	} catch {
		// None there, or none of ours: begin anew.
	}
	return new Map();
}

function drop_oldest(dir: string): void {
	const files = readdirSync(dir).map((name) => join(dir, name));
	if (files.length <= MAX_FILES) return;
	const dated = files.map((path) => ({
		path,
		date: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0,
	}));
	dated.sort((a, b) => a.date - b.date);
	for (const { path } of dated.slice(0, files.length - MAX_FILES)) rmSync(path, { force: true });
}

function save(dir: string, path: string, file: CacheFile): void {
	try {
		make_parent_dir(path);
		const tmp = `${path}.${process.pid}.tmp`;
		writeFileSync(tmp, JSON.stringify(file));
		renameSync(tmp, path);
		drop_oldest(dir);
	} catch {
		// A cache that cannot be written is none.
	}
}

/** The files that a command names, as far as its words can tell, with dates and sizes. */
function dates(host: KconfHost, command: string, known: Map<string, string>): string {
	let text = "";
	for (const word of command.match(/[A-Za-z0-9_./][A-Za-z0-9_./+-]*/g) ?? []) {
		let date = known.get(word);
		if (date === undefined) {
			const path = path_of(host, word);
			date = statSync(path, { throwIfNoEntry: false })?.isFile() ? date_of(path) : "-";
			known.set(word, date);
		}
		if (date !== "-") text += `${word}=${date} `;
	}
	return text;
}

/** A host whose commands have been run ahead of time, or were remembered. */
export interface ShellHost {
	readonly host: KconfHost;
	/** Writes down what was learnt. To be called after the parse. */
	remember(): void;
}

/**
 * Gets ready for a parse of `file`: reads the cache or, if it has nothing, runs what can be
 * run ahead.
 */
export function shell_host(host: KconfHost, compat: Compat, file: string): ShellHost {
	if (host.env.KCONFIG_NOCACHE === "1") {
		const ahead = run_ahead(host, compat, file, false);
		const shell = (h: KconfHost, command: string) => ahead.take(command) ?? run_shell(h, command);
		return { host: { ...host, shell }, remember: () => ahead.close() };
	}
	const key = environment_key(host);
	const dir = cache_dir(host);
	const path = join(dir, `${hash(key)}.json`);
	const cache = load(path, key);
	const ahead = cache.size > 0 ? null : run_ahead(host, compat, file, true);
	const known = new Map<string, string>();
	let learnt = false;

	const shell = (h: KconfHost, command: string): ShellResult => {
		const files = dates(h, command, known);
		const old = cache.get(command);
		if (old && old.files === files) return old;
		const { stdout, stderr } = ahead?.take(command) ?? run_shell(h, command, true);
		const entry = { stdout, stderr, files };
		cache.set(command, entry);
		learnt = true;
		return entry;
	};
	const remember = (): void => {
		ahead?.close();
		if (learnt) save(dir, path, { key, commands: Object.fromEntries(cache) });
	};
	return { host: { ...host, shell }, remember };
}
