// SPDX-License-Identifier: GPL-2.0-only
//
// What a command of $(shell,…) has looked at, by strace: the files that it opened or asked for,
// those that are not there as well, and what it started. No counterpart in Linux.

import { closeSync, lstatSync, openSync, readFileSync, readlinkSync, readSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import {
	asks_for_time,
	compares_dates,
	is_changing,
	is_compiler,
	is_known,
	reads_volatile,
	SHELL,
	shows_environment,
} from "./shell_known.ts";
import { DATED, ITSELF, MADE_IN, READ, SEEN } from "./shell_stamp.ts";

const CALLS = "?%file,?read,?readv,?pread64,?preadv,?copy_file_range,?splice,?sendfile,?fchdir,?socket";
const STRACE = ["strace", "-f", "-qq", "-y", "-s", "1024", "-e", `trace=${CALLS}`, "-e", "signal=none"];

let works: readonly string[] | undefined;

/** The start of a strace command, up to the name of the log; empty if there is none that works. */
export function tracer(): readonly string[] {
	if (works) return works;
	works = [];
	const { spawnSync } = process.getBuiltinModule("node:child_process");
	const log = join(tmpdir(), `spf-kconfig-${process.pid}.probe`);
	for (const command of [
		[...STRACE, "--seccomp-bpf", "-o"],
		[...STRACE, "-o"],
	]) {
		const [program, ...args] = [...command, log, "/bin/sh", "-c", ":"];
		const { status } = spawnSync(program as string, args, { stdio: "ignore" });
		if (status !== 0) continue;
		works = command;
		break;
	}
	rmSync(log, { force: true });
	return works;
}

/** What was learnt of a command. */
export interface Trace {
	/** What it looked at, and how: a sum of the numbers of shell_stamp.ts. */
	readonly paths: Map<string, number>;
	/** Why its answer cannot be remembered; empty if it can. */
	reason: string;
	/** It has left something behind that it did not find. */
	wrote: boolean;
	/** It does not look at variables that change all the time. */
	blind: boolean;
}

interface Call {
	readonly name: string;
	readonly text: string;
	/** Its result; NaN if it never came back. */
	readonly result: number;
	readonly error: string;
}

/** The calls of a log in their order, those that were interrupted put together again. */
function* calls_of(log: string): Generator<Call & { pid: string }> {
	const begun = new Map<string, string>();
	for (const line of log.split("\n")) {
		const space = line.indexOf(" ");
		if (space < 0) continue;
		const pid = line.slice(0, space);
		let text = line.slice(space).trimStart();
		const more = /^<\.\.\. \w+ resumed>/.exec(text);
		if (more) {
			text = `${begun.get(pid) ?? ""}${text.slice(more[0].length)}`;
			begun.delete(pid);
		}
		const cut = text.indexOf(" <unfinished ...>");
		if (cut >= 0) {
			begun.set(pid, text.slice(0, cut));
			continue;
		}
		const call = parse_call(text);
		if (call) yield { ...call, pid };
	}
	for (const [pid, text] of begun) {
		const call = parse_call(text);
		if (call) yield { ...call, pid };
	}
}

function parse_call(text: string): Call | null {
	const name = /^\w+(?=\()/.exec(text)?.[0];
	if (name === undefined) return null;
	const end = /\)\s+= (-?\d+|\?)(?:<.*>(?:\(deleted\))?)?(?: (E[A-Z0-9]+)\b.*)?$/.exec(text);
	const result = end && end[1] !== "?" ? Number(end[1]) : Number.NaN;
	return { name, text: end ? text.slice(0, end.index) : text, result, error: end?.[2] ?? "" };
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", v: "\v", f: "\f" };

/** The bytes of a string as strace writes them. */
function unescape_bytes(text: string): string {
	return text.replace(/\\([0-7]{1,3}|.)/g, (_, c: string) =>
		/^[0-7]/.test(c) ? String.fromCharCode(Number.parseInt(c, 8)) : (ESCAPES[c] ?? c),
	);
}

/** The paths in a call, each with the directory that it begins from, if the call says that. */
function paths_in(text: string): { base: string | null; path: string; cut: boolean }[] {
	const out: { base: string | null; path: string; cut: boolean }[] = [];
	for (const m of text.matchAll(/(?:\b(?:AT_FDCWD|\d+)<((?:[^>\\]|\\.)*)>, )?"((?:[^"\\]|\\.)*)"(\.\.\.)?/g)) {
		out.push({
			base: m[1] === undefined ? null : unescape_bytes(m[1]),
			path: unescape_bytes(m[2] as string),
			cut: m[3] !== undefined,
		});
	}
	return out;
}

/** Without "." and "//", but with ".." as it is: it may lead through a link. */
function absolute(base: string, path: string): string {
	const all = path.startsWith("/") ? path : `${base}/${path}`;
	const parts = all.split("/").filter((part, i) => i === 0 || (part !== "" && part !== "."));
	return parts.length > 1 ? parts.join("/") : "/";
}

const READS = new Set(["read", "readv", "pread64", "preadv", "copy_file_range", "splice", "sendfile"]);
const LOOK_CALLS = `open openat openat2 stat stat64 lstat lstat64 newfstatat fstatat64 statx access faccessat
	faccessat2 readlink readlinkat execve execveat chdir getxattr lgetxattr listxattr llistxattr`;
const LOOKS = new Set(LOOK_CALLS.split(/\s+/));
const NO_LINK = /^(?:lstat|lstat64|readlink|readlinkat|lgetxattr|llistxattr)$/;
const PATH_TWICE = /^(?:rename|link|symlink)/;
const NO_MATTER = /^(?:getcwd|utime|utimes|utimensat|futimesat|quotactl)$/;

/** Files of the kernel that libraries look into when a program starts. */
const OF_LIBRARIES =
	/^(?:\/proc\/filesystems|\/proc\/self\/maps|\/sys\/fs\/selinux|\/selinux|\/etc\/selinux\/config|\/dev\/tty)$/;
const OF_KERNEL = /^\/(?:proc|sys|dev)(?:\/|$)/;

interface Image {
	readonly shell: boolean;
	readonly compiler: boolean;
}

/** Texts up to this size are looked through. */
const MAX_TEXT = 1 << 20;

function head_of(path: string, length: number): string {
	const fd = openSync(Buffer.from(path, "latin1"), "r");
	try {
		const bytes = Buffer.alloc(length);
		return bytes.toString("latin1", 0, readSync(fd, bytes, 0, length, 0));
	} finally {
		closeSync(fd);
	}
}

const texts = new Map<string, string | null>();

/** The content of a file, if it is a text. Those outside of the sources are looked at once. */
function text_of(path: string): string | null {
	const known = texts.get(path);
	if (known !== undefined) return known;
	let text: string | null = null;
	try {
		const head = head_of(path, 4096);
		if (!head.includes("\0")) {
			text = head.length < 4096 ? head : readFileSync(Buffer.from(path, "latin1"), "latin1");
			if (text.length > MAX_TEXT) text = null;
		}
	} catch {
		// A directory, or gone: nothing of it can be run.
	}
	if (/^\/(?:usr|etc|lib\w*)\//.test(path)) texts.set(path, text);
	return text;
}

/** Reads a log. */
class Reader {
	readonly trace: Trace = { paths: new Map(), reason: "", wrote: false, blind: true };
	private readonly own = new Set<string>();
	private readonly images = new Map<string, Image>();
	private readonly pids = new Set<string>();
	/** Looked for, and not there. */
	private readonly missing = new Set<string>();
	private dated = false;
	private numbered = false;
	private moved = false;
	private mktemp = false;
	private readonly cwd: string;
	/** Where standard input is read from. */
	private readonly input: string;
	private image: Image = { shell: true, compiler: false };

	constructor(cwd: string, input: string) {
		this.cwd = cwd;
		this.input = input;
	}

	private refuse(reason: string): void {
		if (this.trace.reason === "") this.trace.reason = reason;
	}

	private see(path: string, how: number): void {
		const { paths } = this.trace;
		paths.set(path, (paths.get(path) ?? 0) | how);
	}

	/** What is run: a command, or a script. */
	script(text: string): void {
		if (is_changing(text)) this.refuse("it may depend on the process or the time");
		if (reads_volatile(text)) this.trace.blind = false;
		if (compares_dates(text)) this.dated = true;
		if (text.includes("$$")) this.numbered = true;
	}

	private started(path: string, text: string): void {
		let real = path;
		let head = "";
		try {
			real = realpathSync(path);
			head = head_of(real, 256);
		} catch {
			this.refuse(`${path} is gone`);
			return;
		}
		const line = /^#!\s*(\S+)/.exec(head);
		if (line) {
			// The kernel starts the interpreter, which the log does not show.
			this.see(line[1] as string, SEEN | READ);
			this.started(line[1] as string, text);
			return;
		}
		const name = basename(real);
		if (!is_known(name)) {
			this.refuse(`${name} may depend on anything`);
			return;
		}
		if (shows_environment(name)) this.trace.blind = false;
		if (name === "mktemp") this.mktemp = true;
		this.image = { shell: SHELL.test(name), compiler: is_compiler(name) };
		// What is given to "sh -c", or to awk. The first is the command itself.
		if (this.image.compiler || this.images.size === 0) return;
		const args = paths_in(text).slice(1);
		if (this.image.shell && args.some(({ cut }) => cut)) this.refuse("a long text is run");
		if (args.some(({ path }) => is_changing(path))) this.refuse("it may depend on the process or the time");
	}

	private opened(path: string): void {
		const text = text_of(path);
		if (text === null) return;
		if (asks_for_time(text)) {
			this.refuse(`${path} asks for the time`);
			return;
		}
		if (this.image.compiler || path.startsWith("/etc/")) return;
		this.script(text);
	}

	private made(path: string): void {
		this.own.add(path);
		this.see(dirname(path), SEEN | MADE_IN);
	}

	/** A call that changes files. */
	private changed({ name, text, error }: Call, paths: readonly string[]): void {
		if (error === "ENOENT" || error === "EEXIST") {
			for (const path of paths) this.see(path, SEEN | ITSELF);
			return;
		}
		if (error !== "") {
			this.refuse(`${name}: ${error}`);
			return;
		}
		const created =
			/^mk(?:dir|nod)/.test(name) ||
			/O_CREAT/.test(text) ||
			PATH_TWICE.test(name) ||
			name === "creat";
		for (const [i, path] of paths.entries()) {
			if (this.is_own(path) || path === "/dev/null") continue;
			const is_new = created && (i === 1 || !PATH_TWICE.test(name));
			// Opened to be written: was it there before? What is left in the end says so.
			if (is_new && (/O_EXCL/.test(text) || !/open|creat/.test(name))) this.made(path);
			else if (PATH_TWICE.test(name) && i === 0 && !name.startsWith("rename")) this.see(path, SEEN);
			else if (is_new && this.trace.paths.get(path) === undefined) this.made(path);
			else if (is_new && this.missing.has(path)) this.made(path);
			else {
				this.trace.wrote = true;
				this.refuse(`${path} is changed`);
			}
		}
	}

	private is_own(path: string): boolean {
		for (let p = path; p.length > 1; p = dirname(p)) if (this.own.has(p)) return true;
		return false;
	}

	call(call: Call & { pid: string }): void {
		const { name, text, result, error, pid } = call;
		this.image = this.images.get(pid) ?? { shell: true, compiler: false };
		this.pids.add(pid);
		if (name === "socket") {
			this.refuse("it asks others, over a socket");
			return;
		}
		if (READS.has(name)) {
			const [, fd, from] = /^\w+\((\d+)(?:<((?:[^>\\]|\\.)*)>)?/.exec(text) ?? [];
			const own_null = from === "/dev/null" && this.trace.paths.has("/dev/null");
			const unknown = fd === "0" && (from === undefined || this.input === "");
			if ((from === this.input && !own_null) || unknown) this.refuse("it reads standard input");
			return;
		}
		if (name === "chdir" || name === "fchdir") this.moved = true;
		if (NO_MATTER.test(name) || name === "fchdir") return;
		// Of those that are started, only the first string is a path.
		const found = paths_in(text).slice(0, PATH_TWICE.test(name) ? 2 : 1);
		const paths: string[] = [];
		for (const { base, path } of found) {
			if (path === "") continue;
			if (base === null && !path.startsWith("/") && this.moved) {
				this.refuse("it names files from another directory");
			}
			paths.push(absolute(base ?? this.cwd, path));
		}
		if (paths.length === 0) return;
		if (paths.every((path) => OF_LIBRARIES.test(path))) return;
		if (paths.some((path) => OF_KERNEL.test(path) && path !== "/dev/null")) {
			// How much memory there is, how a compiler finds itself: nothing of it is printed.
			if (!this.image.compiler) this.refuse(`${paths[0]} is the kernel's`);
			return;
		}
		if (name.startsWith("statfs")) {
			this.refuse("it asks for a file system");
			return;
		}
		const writes = /^(?:open|openat|openat2)$/.test(name) && /O_WRONLY|O_RDWR|O_CREAT|O_TRUNC/.test(text);
		if (!LOOKS.has(name) || writes) {
			if (writes && error === "" && paths[0] === "/dev/null") {
				this.see("/dev/null", SEEN);
				return;
			}
			this.changed(call, paths);
			return;
		}
		const path = paths[0] as string;
		if (this.is_own(path)) return;
		const no_link = NO_LINK.test(name) || /AT_SYMLINK_NOFOLLOW|O_NOFOLLOW/.test(text);
		if (error === "ENOENT") this.missing.add(path);
		const opens = /^open/.test(name) && !(result < 0);
		this.see(path, SEEN | (no_link ? ITSELF : 0) | (opens || /^exec/.test(name) ? READ : 0));
		if (/^exec/.test(name) && result === 0) {
			this.started(path, text);
			this.images.set(pid, this.image);
		} else if (opens) this.opened(path);
	}

	finish(said: string): Trace {
		const { trace } = this;
		for (const path of this.own) {
			if (lstatSync(Buffer.from(path, "latin1"), { throwIfNoEntry: false })) {
				trace.wrote = true;
				this.refuse(`${path} is left behind`);
			}
			if (said.includes(basename(path))) this.refuse("it prints the name of a temporary file");
		}
		if (this.numbered && [...this.pids].some((pid) => said.includes(pid))) {
			this.refuse("it prints the number of a process");
		}
		for (const [path, how] of trace.paths) {
			if (this.is_own(path)) trace.paths.delete(path);
			else if (this.dated) trace.paths.set(path, how | DATED);
			if (this.mktemp && said.includes(basename(path)))
				this.refuse("it prints the name of a temporary file");
		}
		return trace;
	}
}

function standard_input(): string {
	try {
		return readlinkSync("/proc/self/fd/0");
	} catch {
		return "";
	}
}

/** What a command did, by its log, and what it said. */
export function read_trace(log_file: string, command: string, cwd: string, stdout: string, stderr: string): Trace {
	const reader = new Reader(cwd, standard_input());
	let log = "";
	try {
		log = readFileSync(log_file, "latin1");
		rmSync(log_file);
	} catch {
		// Without a log nothing is known.
	}
	reader.script(command);
	if (log === "") reader.trace.reason = "there is no trace";
	for (const call of calls_of(log)) reader.call(call);
	// Messages of a compiler are as wide as the terminal.
	if (stderr !== "") reader.trace.blind = false;
	return reader.finish(stdout + stderr);
}
