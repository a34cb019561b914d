// SPDX-License-Identifier: GPL-2.0-only
//
// Remembers what the commands of $(shell,…) printed, from one run to the next: on the kernel's
// tree they take four fifths of the time. It has no counterpart in Linux.
//
// It changes no answer. When a command is run for the first time strace writes down what it looks
// at; its answer holds as long as all of that is the same: the command, the directory, the
// environment, who asks, and each file that was opened, asked for, or looked for and not there,
// by its inode, size and times (shell_stamp.ts). What may depend on anything else is not
// remembered: another program than the compilers and tools of shell_known.ts, what reads /proc or
// standard input, talks over a socket or leaves a file behind, a file that was changed a moment
// before. Without strace nothing is, and every command is run in its turn.
//
// One file for each directory and environment, in $XDG_CACHE_HOME or ~/.cache, under
// spf-kconfig/; deleting it costs nothing but time. KCONFIG_NOCACHE=1 turns all this off, and
// runs every command once, in the order of the files.

import { accessSync, constants, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import type { Compat, KconfHost, ShellResult } from "./lkc.ts";
import { run_shell } from "./shell.ts";
import { run_ahead, type ShellAhead } from "./shell_ahead.ts";
import { is_loose, VOLATILE, wants_its_turn } from "./shell_known.ts";
import { stamp } from "./shell_stamp.ts";
import { read_trace, type Trace, tracer } from "./shell_trace.ts";
import { make_parent_dir } from "./text.ts";

/** Raised when the file looks different, or what it holds has another meaning. */
const VERSION = 2;

/** Files kept; the oldest goes first. */
const MAX_FILES = 64;

/** With so many answers out of date, all processors are worth their start. */
const MANY = 8;

/** What was changed so shortly before, in ms, may change once more and have the same time. */
const TICK = 20;

interface Entry extends ShellResult {
	/** What it depends on, by its place in `files`. */
	readonly files: readonly number[];
	/** The variables of VOLATILE, if it may depend on them. */
	readonly env: string | null;
}

interface CacheFile {
	readonly key: string;
	/** Path, how it was looked at, and what it was. */
	readonly files: [string, number, string][];
	readonly commands: Record<string, Entry>;
	/** Commands whose answers cannot be remembered, and why. */
	readonly never: Record<string, string>;
}

/** What all answers depend on besides their commands and files. */
function environment_key(host: KconfHost): string {
	const vars = Object.entries(host.env)
		.filter(([name]) => !VOLATILE.has(name))
		.map(([name, value]) => `${name}=${value}`)
		.sort();
	const who = [process.getuid?.(), process.getgid?.(), ...(process.getgroups?.() ?? []), process.umask()];
	return [VERSION, host.cwd, who.join(":"), ...vars].join("\n");
}

function volatile_env(host: KconfHost): string {
	return [...VOLATILE].map((name) => `${name}=${host.env[name] ?? ""}`).join("\n");
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

function load(path: string, key: string): CacheFile {
	try {
		const file = JSON.parse(readFileSync(path, "utf8")) as CacheFile;
		if (file.key === key) return file;
	} catch {
		// None there, or none of ours: begin anew.
	}
	return { key, files: [], commands: {}, never: {} };
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

/** The answers of a cache file, each as long as it holds. */
class Memory {
	readonly commands: Map<string, Entry>;
	readonly never: Map<string, string>;
	learnt = false;
	private readonly key: string;
	private readonly files: [string, number, string][];
	private readonly index = new Map<string, number>();
	/** Files that have been looked at since something was run: are they what they were? */
	private readonly same = new Map<number, boolean>();

	constructor(file: CacheFile) {
		this.key = file.key;
		this.files = file.files;
		this.commands = new Map(Object.entries(file.commands));
		this.never = new Map(Object.entries(file.never));
		for (const [i, [path, how]] of this.files.entries()) this.index.set(`${how}:${path}`, i);
	}

	/** Something has been run that may have changed files. */
	look_again(): void {
		this.same.clear();
	}

	holds(entry: Entry, env: string): boolean {
		if (entry.env !== null && entry.env !== env) return false;
		return entry.files.every((i) => {
			let same = this.same.get(i);
			if (same === undefined) {
				const [path, how, text] = this.files[i] as [string, number, string];
				same = stamp(path, how).text === text;
				this.same.set(i, same);
			}
			return same;
		});
	}

	/** Drops what does not hold; says how much that was. */
	drop_old(env: string): number {
		let dropped = 0;
		for (const [command, entry] of this.commands) {
			if (this.holds(entry, env)) continue;
			this.commands.delete(command);
			dropped++;
		}
		if (dropped > 0) this.learnt = true;
		return dropped;
	}

	/** Remembers an answer, if it will hold; `started` is when its command may have begun. */
	add(command: string, result: ShellResult, trace: Trace, env: string, started: number): void {
		if (trace.reason !== "") {
			this.never.set(command, trace.reason);
			this.learnt = true;
			return;
		}
		const files: number[] = [];
		for (const [path, how] of trace.paths) {
			const { text, changed } = stamp(path, how);
			if (changed >= started - TICK) return;
			const name = `${how}:${path}`;
			let i = this.index.get(name);
			if (i === undefined) {
				i = this.files.length;
				this.index.set(name, i);
				this.files.push([path, how, text]);
			} else if (this.files[i]?.[2] !== text) {
				this.files[i] = [path, how, text];
				this.same.delete(i);
			}
			files.push(i);
		}
		const { stdout, stderr } = result;
		this.commands.set(command, { stdout, stderr, files, env: trace.blind ? null : env });
		this.learnt = true;
	}

	file(): CacheFile {
		return {
			key: this.key,
			files: this.files,
			commands: Object.fromEntries(this.commands),
			never: Object.fromEntries(this.never),
		};
	}
}

function may_write(dir: string): boolean {
	try {
		accessSync(dir, constants.W_OK);
		return true;
	} catch {
		return false;
	}
}

/** A host whose commands have been run ahead of time, or were remembered. */
export interface ShellHost {
	readonly host: KconfHost;
	/** Writes down what was learnt. To be called after the parse. */
	remember(): void;
}

/**
 * Gets ready for a parse of `file`: reads the cache or, if it has nothing, will run what can be
 * run ahead.
 */
export function shell_host(host: KconfHost, compat: Compat, file: string): ShellHost {
	const plainly: ShellHost = { host, remember: () => {} };
	if (host.env.KCONFIG_NOCACHE === "1") return plainly;
	const key = environment_key(host);
	const env = volatile_env(host);
	const dir = cache_dir(host);
	const path = join(dir, `${hash(key)}.json`);
	const memory = new Memory(load(path, key));
	const old = memory.drop_old(env);
	const { never } = memory;
	const begun = Date.now();
	const anew = memory.commands.size + never.size === 0 || old > MANY;
	const skip = (command: string) =>
		memory.commands.has(command) || never.has(command) || wants_its_turn(command) || is_loose(command);
	// Not before there is a command: many trees have none, and are not to be read twice.
	let ahead: ShellAhead | null | undefined;
	let logs = 0;
	// Where it goes some day, should this process be killed.
	const log_dir = (): string => ahead?.logs ?? (may_write(dir) ? dir : tmpdir());

	/** Runs a command of which nothing will be remembered. */
	const plain = (h: KconfHost, command: string): ShellResult => {
		const result = run_shell(h, command, !is_loose(command));
		memory.look_again();
		if (wants_its_turn(command)) ahead?.forget();
		return result;
	};
	const shell = (h: KconfHost, command: string): ShellResult => {
		if (anew && tracer().length === 0) return run_shell(h, command);
		if (ahead === undefined) ahead = anew ? run_ahead(host, compat, file, tracer(), skip) : null;
		const known = memory.commands.get(command);
		if (known && memory.holds(known, env)) return known;
		if (never.has(command) || is_loose(command) || tracer().length === 0) return plain(h, command);
		const early = ahead?.take(command);
		const started = early ? begun : Date.now();
		const log = early?.log ?? join(log_dir(), `spf-kconfig-${process.pid}-${logs++}.trace`);
		const result = early ?? run_shell(h, command, true, [...tracer(), log]);
		const trace = read_trace(log, command, h.cwd, result.stdout, result.stderr);
		if ("cut" in result && result.cut) trace.reason = "it prints too much";
		if (!early) memory.look_again();
		if (trace.wrote) ahead?.forget();
		memory.add(command, result, trace, env, started);
		return result;
	};
	const remember = (): void => {
		ahead?.close();
		if (memory.learnt) save(dir, path, memory.file());
	};
	return { host: { ...host, shell }, remember };
}
