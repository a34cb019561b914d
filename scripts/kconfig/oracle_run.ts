// SPDX-License-Identifier: GPL-2.0-only
//
// Runs one case (oracle_gen.ts) with this engine, inside this process, and with the
// reference, as a command, each in a directory of its own; for the tests that compare the
// two. Texts are bytes, one to a character.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { conf_main } from "./conf.ts";
import type { Compat } from "./lkc.ts";
import { ConfExit } from "./lkc.ts";
import type { Case } from "./oracle_gen.ts";
import { run_shell } from "./shell.ts";
import { to_bytes } from "./text.ts";

/** What a run did: what it printed, how it ended, and what is in its directory then. */
export interface Result {
	code: number | string;
	out: string;
	err: string;
	files: Record<string, string>;
}

/** A directory for a case. */
export function make_dir(files: Readonly<Record<string, string>>): string {
	const dir = mkdtempSync(join(tmpdir(), "kconfig-"));
	put_files(dir, files);
	return dir;
}

/** Writes files into a directory, each by its path below it. */
export function put_files(dir: string, files: Readonly<Record<string, string>>): void {
	for (const [name, text] of Object.entries(files)) {
		const path = join(dir, name);
		if (name.includes("/")) mkdirSync(dirname(path), { recursive: true });
		writeFileSync(path, text, "latin1");
	}
}

function read_files(dir: string, prefix = "", into: Record<string, string> = {}) {
	for (const entry of readdirSync(dir, { withFileTypes: true })) {
		const path = join(dir, entry.name);
		if (entry.isDirectory()) read_files(path, `${prefix}${entry.name}/`, into);
		else into[prefix + entry.name] = readFileSync(path, "latin1");
	}
	return into;
}

/** The lines of a text, as a reader for the engine's questions. */
function line_reader(text: string): () => string | null {
	let pos = 0;
	return () => {
		if (pos >= text.length) return null;
		const eol = text.indexOf("\n", pos);
		const end = eol < 0 ? text.length : eol + 1;
		const line = text.slice(pos, end);
		pos = end;
		return line;
	};
}

/** What the engine's output is cut off at, if it never ends. */
const MAX_OUTPUT = 1 << 20;

class TooMuch extends Error {}

/** Runs a case with this engine in a directory that has its files. */
function run_here(dir: string, c: Case, compat: Compat): Omit<Result, "files"> {
	const res = { code: 0 as number | string, out: "", err: "" };
	const host = {
		env: { PATH: process.env.PATH, ...c.env, KCONFIG_COMPAT: compat },
		cwd: dir,
		out(text: string) {
			res.out += text;
			if (res.out.length > MAX_OUTPUT) throw new TooMuch();
		},
		err(text: string) {
			res.err += text;
			if (res.err.length > MAX_OUTPUT) throw new TooMuch();
		},
		read: line_reader(c.input),
		shell: (h: Parameters<typeof run_shell>[0], command: string) => run_shell(h, command, true),
	};
	try {
		conf_main(c.args, host);
	} catch (e) {
		if (e instanceof TooMuch) res.code = "endless";
		else if (e instanceof ConfExit) {
			res.code = e.code;
			if (e.message !== "") res.err += `${e.bytes ?? to_bytes(e.message)}\n`;
		} else throw e;
	}
	return res;
}

/** Runs a case with this engine. */
export function run_ours(c: Case, compat: Compat): Result {
	const dir = make_dir(c.files);
	try {
		return { ...run_here(dir, c, compat), files: read_files(dir) };
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
}

/** Runs a case with the reference. Null if it crashed or never ended. */
export function run_reference(c: Case, command: string): Result | null {
	const dir = make_dir(c.files);
	try {
		const run = spawnSync(command, c.args, {
			cwd: dir,
			env: { PATH: process.env.PATH, LC_ALL: "C", ...c.env },
			encoding: "latin1",
			input: Buffer.from(c.input, "latin1"),
			maxBuffer: MAX_OUTPUT,
			timeout: 5000,
			killSignal: "SIGKILL",
		});
		if (run.signal !== null || run.status === null) return null;
		const { status: code, stdout: out, stderr: err } = run;
		return { code, out, err, files: read_files(dir) };
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
}

function first_difference(a: string, b: string): string {
	const [x, y] = [a.split("\n"), b.split("\n")];
	let i = 0;
	while (x[i] === y[i]) i++;
	const show = (lines: string[]): string => JSON.stringify(lines.slice(Math.max(0, i - 1), i + 4).join("\n"));
	return `line ${i + 1}\n  reference: ${show(x)}\n  ours:      ${show(y)}`;
}

/** Says where two results differ, or null. */
export function difference(ref: Result, our: Result): string | null {
	if (ref.err !== our.err) return `stderr differs at ${first_difference(ref.err, our.err)}`;
	if (ref.out !== our.out) return `stdout differs at ${first_difference(ref.out, our.out)}`;
	if (ref.code !== our.code) return `exit status ${ref.code}, ours ${our.code}`;
	for (const name of new Set([...Object.keys(ref.files), ...Object.keys(our.files)])) {
		const [a, b] = [ref.files[name], our.files[name]];
		if (a === b) continue;
		if (a === undefined || b === undefined)
			return `${name}: only ${b === undefined ? "the reference has" : "we have"} it`;
		return `${name} differs at ${first_difference(a, b)}`;
	}
	return null;
}

/** The same, but null if the reference does not agree with itself: it has read freed memory. */
export function sure_difference(ref: Result, our: Result, again: () => Result | null): string | null {
	const found = difference(ref, our);
	const second = found === null ? null : again();
	return second && difference(ref, second) === null ? found : null;
}

/** A case as text, to be read by whoever has to find out why it fails. */
export function show_case(c: Case): string {
	const files = Object.entries(c.files).map(([name, text]) => `--- ${name}\n${text}`);
	return `${JSON.stringify(c.env)} ${c.args.join(" ")}\n${files.join("\n")}\n--- input\n${JSON.stringify(c.input.replace(/\n{20,}$/, "\n…"))}`;
}
